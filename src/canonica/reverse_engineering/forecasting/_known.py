"""What a forecaster may know: responses of the initial sessions, stimuli and sources of all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float, Int

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError, RecordingError
from canonica.reverse_engineering._failures import attempt
from canonica.reverse_engineering.published_protocol._baselines import (
    Baseline,
    GivenBaseline,
    baselines,
    check_conditions,
)
from canonica.reverse_engineering.published_protocol._ensembles import (
    EnsembleResponse,
    ensemble_response,
)
from canonica.reverse_engineering.published_protocol._normalisation import (
    causal_response,
    normalised_response,
)
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol

NORMALISATIONS = ("causal", "published")


class Known(NamedTuple):
    """What a forecaster may know of one recording, folded into sessions.

    Attributes
    ----------
    response : (initial, ensemble, slot)
        Normalised, in [0, 1], of the initial sessions alone.
    stimuli : (session, slot, input)
        0/1, of all sessions.
    valid : (session, slot)
        Whether a slot holds a trial.
    state : (session, slot)
        Which joint state of the sources each trial shows.
    states : int
        How many such states there are.
    """

    response: Float[np.ndarray, "initial ensemble slot"]
    stimuli: Float[np.ndarray, "session slot input"]
    valid: Bool[np.ndarray, "session slot"]
    state: Int[np.ndarray, "session slot"]
    states: int

    @property
    def initial(self) -> int:
        """Number of initial sessions."""
        return len(self.response)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of sessions, ensembles and slots."""
        return len(self.valid), self.response.shape[1], self.valid.shape[1]


@dataclass(frozen=True, eq=False)
class Normalised:
    """A recording, reduced to its ensembles and normalised.

    Parameters
    ----------
    ensembles : EnsembleResponse
        The recording's ensembles, their responses in spikes.
    response : (ensemble, trial)
        Activity of each ensemble, in [0, 1].
    baseline : Baseline
        Mean response that the activity is relative to.
    normalisation : str
        ``"causal"`` or ``"published"``.
    """

    ensembles: EnsembleResponse
    response: Float[np.ndarray, "ensemble trial"]
    baseline: Baseline
    normalisation: str

    @classmethod
    def of(
        cls,
        ensembles: EnsembleResponse,
        protocol: PublishedProtocol,
        normalisation: str,
        baseline: Baseline,
    ) -> "Normalised":
        """Return a recording normalised by a baseline that is known.

        Raises
        ------
        RecordingError
            If it cannot be: a state of the sources does not occur in the first session, or a
            response never varies.
        """
        if normalisation == "causal":
            response = causal_response(ensembles, baseline.value, protocol.initial_sessions)
        else:
            response = normalised_response(ensembles, baseline.value)
        return cls(ensembles, response, baseline, normalisation)

    @property
    def folded(self) -> Float[np.ndarray, "session ensemble slot"]:
        """The normalised response, folded by session."""
        return self.ensembles.sessions.fold_rows(self.response)

    def known(self, initial: int) -> Known:
        """Return what may be known after the initial sessions."""
        sessions, states = self.ensembles.sessions, self.ensembles.states
        return Known(
            self.folded[:initial],
            sessions.fold(self.ensembles.stimuli).astype(np.float64),
            sessions.valid,
            sessions.fold(states.index),
            len(states.patterns),
        )


@checked_arguments
def normalised(
    recordings: Sequence[xr.Dataset],
    protocol: PublishedProtocol,
    normalisation: str = "causal",
    baseline: GivenBaseline = None,
) -> list[Normalised | RecordingError]:
    """Return each recording normalised, or the reason why it cannot be, in their order.

    Parameters
    ----------
    recordings : sequence of xarray.Dataset
        As `canonica.read` returns them.
    protocol : PublishedProtocol
        Its thresholds tell which electrodes make an ensemble, and which sessions are initial.
    normalisation : str
        ``"causal"``: ensembles, means and scales from the initial sessions alone. ``"published"``:
        from all sessions, as in [NC23].
    baseline : float, mapping or None
        As in `reverse_engineer`.

    Raises
    ------
    CanonicaError
        If the normalisation is unknown or a baseline is no number above 0.
    """
    if normalisation not in NORMALISATIONS:
        known = " or ".join(NORMALISATIONS)
        raise CanonicaError(f"normalisation: found {normalisation!r}; expected {known}.")
    reduced = [
        attempt(ensemble_response, one, protocol, causal=normalisation == "causal")
        for one in recordings
    ]
    check_conditions(baseline, (str(one.attrs.get("condition", "unknown")) for one in recordings))
    return normalised_ensembles(reduced, protocol, normalisation, baseline)


@checked_arguments
def normalised_ensembles(
    reduced: Sequence[EnsembleResponse | RecordingError],
    protocol: PublishedProtocol,
    normalisation: str,
    baseline: GivenBaseline,
) -> list[Normalised | RecordingError]:
    """Return each recording normalised, as `normalised` does, from its ensembles' responses.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    sound = [one for one in reduced if isinstance(one, EnsembleResponse)]
    of_condition = baselines(sound, protocol, baseline)

    def one_normalised(ensembles: EnsembleResponse) -> Normalised:
        base = of_condition[ensembles.condition]
        return Normalised.of(ensembles, protocol, normalisation, base)

    return [
        one if isinstance(one, RecordingError) else attempt(one_normalised, one) for one in reduced
    ]


@checked_arguments
def protocol_of(attrs: Mapping[Any, Any]) -> PublishedProtocol:
    """Return the thresholds and initial sessions that a forecast was made with.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    names = ("minimum_mean_response", "minimum_session_response", "minimum_preference")
    given = {name: float(attrs[name]) for name in names}
    return replace(PublishedProtocol(), initial_sessions=int(attrs["initial_sessions"]), **given)
