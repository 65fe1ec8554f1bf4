"""Steps 1 and 2: which electrodes express which source, and the mean response of each ensemble."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float, Int

from canonica._arguments import checked_arguments
from canonica._errors import RecordingError, how_many, listed
from canonica.data._recording_checks import check_recording, recording_label
from canonica.reverse_engineering._fingerprint import fingerprint
from canonica.reverse_engineering._sessions import Sessions
from canonica.reverse_engineering._source_states import SourceStates, means
from canonica.reverse_engineering.published_protocol._electrode_preference import (
    active_electrodes,
    compared_patterns,
    preferred_source,
    session_preference,
)
from canonica.reverse_engineering.published_protocol._observed import Observed
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol

UNNAMED: dict[str, str | int | float] = {"name": "recording", "condition": "unknown"}


@dataclass(frozen=True)
class InitialResponse:
    """All of a recording that baselines are made of.

    Parameters
    ----------
    condition : str
        The group that the recording belongs to.
    mean : float
        Mean response of its ensembles in the initial sessions, in spikes.
    """

    condition: str
    mean: float


@dataclass(frozen=True, eq=False)
class EnsembleResponse:
    """A recording reduced to its ensembles: all that the further steps need, and small.

    Parameters
    ----------
    response : (ensemble, trial)
        Mean spikes of each ensemble's electrodes.
    stimuli : (trial, input)
        0/1, as single bytes.
    sources : (trial, source)
        0/1, as single bytes.
    states : SourceStates
        Joint source state of every trial.
    sessions : Sessions
        Session of every trial.
    electrode_ensemble : (electrode,)
        0 for none, else the ensemble's number.
    preference : (electrode, source)
        Spikes by which each electrode prefers each source.
    fingerprint : str
        Of all that a forecaster may know of the recording.
    attrs : dict
        The recording's attributes, name and condition among them.
    """

    response: Float[np.ndarray, "ensemble trial"]
    stimuli: np.ndarray
    sources: np.ndarray
    states: SourceStates
    sessions: Sessions
    electrode_ensemble: Int[np.ndarray, " electrode"]
    preference: Float[np.ndarray, "electrode source"]
    fingerprint: str
    attrs: dict[str, str | int | float]

    @property
    def shape(self) -> tuple[int, ...]:
        """Sessions, trials in the longest, inputs, ensembles: what a batch has in common."""
        return *self.sessions.shape, self.stimuli.shape[1], len(self.response)

    @cached_property
    def session_means(self) -> Float[np.ndarray, "session ensemble"]:
        """Mean response of each ensemble in each session, in spikes."""
        return self.sessions.means(self.response.T)

    def initial_response(self, protocol: PublishedProtocol) -> InitialResponse:
        """Return what baselines are made of."""
        means = self.session_means[: protocol.initial_sessions]
        return InitialResponse(self.condition, float(means.mean()))

    def folded(self, response: Float[np.ndarray, "ensemble trial"]) -> Observed:
        """Return a normalised response, with what evoked it, folded into sessions."""
        fold, fold_rows = self.sessions.fold, self.sessions.fold_rows
        return Observed(fold_rows(response), fold(self.stimuli), self.sessions.valid)

    @property
    def label(self) -> str:
        """Name and origin, for messages."""
        return recording_label(self.attrs)

    @property
    def condition(self) -> str:
        """The group that the recording belongs to."""
        return str(self.attrs["condition"])


@checked_arguments
def ensemble_response(
    recording: xr.Dataset, protocol: PublishedProtocol, *, causal: bool = False
) -> EnsembleResponse:
    """Return the response of the ensemble of each source.

    With `causal`, electrodes are assigned to ensembles by the initial sessions alone.

    An electrode is *active* if its mean over sessions and its lowest session mean exceed the
    protocol's thresholds. It belongs to the ensemble of the source that it prefers by more than
    `minimum_preference`. Its preference for a source is the mean over sessions of its response to
    that source alone, less the mean of its responses to each of the other sources alone. For two
    sources that is exactly the published rule, r(1, 0) - r(0, 1) and its negative; for a single
    source the comparison is with its absence.

    Raises
    ------
    RecordingError
        If the recording has too few sessions, if no session shows a source alone, or if an
        ensemble is left without electrodes.
    """
    check_recording(recording)
    sessions = Sessions(recording["session"].to_numpy())
    responses, stimuli, sources = (
        recording.variables[name].transpose("trial", ...).to_numpy().astype(np.float64, copy=False)
        for name in ("responses", "stimuli", "sources")
    )
    name = recording_label(recording.attrs)
    _check_responses(name, responses)
    stimuli, sources = _binary(name, "stimuli", stimuli), _binary(name, "sources", sources)
    states = SourceStates.of(sources)
    _check_sessions(name, sessions, protocol)

    sums, counts = states.session_sums(responses, sessions)
    seen = slice(protocol.initial_sessions if causal else None)
    active = active_electrodes((sums.sum(axis=1) / sessions.lengths[:, None])[seen], protocol)
    preference = _preference(name, states, means(sums[seen], counts[seen]))
    ensemble = preferred_source(active, preference, protocol)
    _check_ensembles(name, ensemble, active, preference, protocol)

    membership = ensemble[:, None] == np.arange(1, sources.shape[1] + 1)
    return EnsembleResponse(
        response=(membership / membership.sum(axis=0)).T @ responses.T,
        stimuli=stimuli,
        sources=sources,
        states=states,
        sessions=sessions,
        electrode_ensemble=ensemble,
        preference=preference,
        fingerprint=fingerprint(
            stimuli, sources, sums[: protocol.initial_sessions].astype(np.float64)
        ),
        attrs=UNNAMED | {str(key): value for key, value in recording.attrs.items()},
    )


def _preference(
    name: str, states: SourceStates, state_means: Float[np.ndarray, "session state electrode"]
) -> Float[np.ndarray, "electrode source"]:
    missing = [pattern for pattern in compared_patterns(states) if states.number(pattern) is None]
    if missing:
        raise RecordingError(
            name,
            "sources",
            found=f"source states {listed(states.labels)}",
            expected=f"also {''.join(map(str, missing[0]))}",
            advice="Ensembles are told apart by their responses to single sources.",
        )
    by_session = session_preference(states, state_means)
    sound = np.isfinite(by_session).all(axis=(1, 2))  # sessions that show every state compared
    if not sound.any():
        raise RecordingError(
            name,
            "sources",
            found="no session in which every source is on alone",
            expected="at least one such session",
            advice="Ensembles are told apart by their responses to single sources.",
        )
    return by_session[sound].mean(axis=0)


def _binary(name: str, role: str, values: Float[np.ndarray, "trial column"]) -> np.ndarray:
    """Return 0/1 values as bytes; refuse others, which a recording made by hand may hold."""
    with np.errstate(invalid="ignore"):  # NaN: caught by its sum
        small = values.astype(np.uint8)
    if small.max() > 1 or np.count_nonzero(small) != values.sum():
        raise RecordingError(
            name,
            role,
            found=f"values from {values.min():g} to {values.max():g}",
            expected="0 and 1 only",
            advice="Make recordings with canonica.recordings.recording, which checks them.",
        )
    if role == "stimuli" and not small.any():
        raise RecordingError(
            name,
            role,
            found="0 throughout",
            expected="stimuli, some of which are 1",
            advice="Check that the right variable was taken for the stimuli.",
        )
    return small


def _check_responses(name: str, responses: Float[np.ndarray, "trial electrode"]) -> None:
    lowest, highest = responses.min(), responses.max()  # NaN where there is any
    if not (lowest >= 0 and np.isfinite(highest)):
        raise RecordingError(
            name,
            "responses",
            found="NaN or infinite values" if not np.isfinite(lowest + highest) else f"{lowest:g}",
            expected="spike counts, finite and >= 0",
            advice="Make recordings with canonica.recordings.recording, which checks them.",
        )


def _check_sessions(name: str, sessions: Sessions, protocol: PublishedProtocol) -> None:
    if sessions.shape[0] <= protocol.initial_sessions:
        raise RecordingError(
            name,
            "session",
            found=how_many(sessions.shape[0], "session"),
            expected=f"more than the {protocol.initial_sessions} initial ones",
            advice="Set fewer initial sessions (--initial-sessions), or shorter sessions.",
        )


def _check_ensembles(
    name: str,
    ensemble: Int[np.ndarray, " electrode"],
    active: Bool[np.ndarray, " electrode"],
    preference: Float[np.ndarray, "electrode source"],
    protocol: PublishedProtocol,
) -> None:
    sizes = (ensemble[:, None] == np.arange(1, preference.shape[1] + 1)).sum(axis=0)
    if sizes.all():
        return
    ranges = (
        f"source {j + 1}: " + (f"{column.min():.2f} to {column.max():.2f}" if len(column) else "-")
        for j, column in enumerate(preference[active].T)
    )
    raise RecordingError(
        name,
        "responses",
        found=(
            f"no electrode in ensemble {listed(np.flatnonzero(sizes == 0) + 1)}; "
            f"{active.sum()} of {how_many(len(active), 'electrode')} "
            f"{'is' if active.sum() == 1 else 'are'} active, their preferences in spikes "
            f"{'; '.join(ranges)}"
        ),
        expected=(
            f"in each ensemble an active electrode (mean > {protocol.minimum_mean_response:g}, "
            f"lowest session mean > {protocol.minimum_session_response:g} spikes) with a "
            f"preference > {protocol.minimum_preference:g}"
        ),
        advice="This culture may not distinguish the sources; or lower the thresholds, and say so.",
    )
