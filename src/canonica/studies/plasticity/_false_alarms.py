"""Plasticity looked for in cultures, simulated spike by spike, that do not learn."""

from typing import Any

import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError, RecordingError
from canonica.reverse_engineering.forecasting._known import normalised
from canonica.reverse_engineering.forecasting.models._canonical import Canonical
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol
from canonica.simulate import culture
from canonica.studies.plasticity._labelled import check, evidences, settings
from canonica.studies.plasticity._posteriors import Progress, found_of


@checked_arguments
def culture_false_alarms(
    seed: int,
    *,
    cultures: int = 60,
    learning_rate: float = 0.0,
    sessions: int = 12,
    trials_per_session: int = 128,
    model: Canonical | None = None,
    progress: Progress | None = None,
    **knobs: Any,
) -> xr.Dataset:
    """Simulate whole cultures that do not learn, spike by spike, and look for plasticity.

    Nothing of how these recordings come about is in the model: electrodes with counts of spikes,
    gains that drift, fluctuations that electrodes share. They are normalised causally.

    Parameters
    ----------
    seed : int
        The first culture's; the others follow.
    cultures : int
        How many.
    learning_rate : float
        As in `canonica.simulate.culture`; above 0 these are no false alarms.
    sessions, trials_per_session : int
        RecordingSizes; the same trials come in every session, and ten sessions are initial.
    model, progress
        As in `plasticity_calibration`.
    **knobs
        As in `canonica.simulate.culture`.

    Returns
    -------
    xarray.Dataset
        `log_evidence` in nats, `probability_plastic`, `fit_unfinished` in nats (culture), of the
        cultures that can be normalised. Attributes: settings, versions, and `left_out`, how many
        cannot.

    Raises
    ------
    CanonicaError
        If a size is out of its range.
    """
    model = model or Canonical()
    protocol = PublishedProtocol()
    check(seed, cultures=cultures, trials_per_session=trials_per_session, sessions=sessions)
    if sessions <= protocol.initial_sessions:
        raise CanonicaError(
            f"sessions: found {sessions}; expected more than the {protocol.initial_sessions} "
            "initial ones."
        )
    found, number = [], []
    for one in range(seed, seed + cultures):
        recording = culture(
            one,
            learning_rate=learning_rate,
            repeated=True,
            sessions=sessions,
            trials_per_session=trials_per_session,
            **knobs,
        )
        (reduced,) = normalised([recording], protocol)
        if not isinstance(reduced, RecordingError):
            found.append(found_of(reduced.known(protocol.initial_sessions), model))
            number.append(one)
        if progress is not None:
            progress(one + 1 - seed, cultures)
    attrs = {
        "seed": seed,
        "simulated_learning_rate": learning_rate,
        **{f"simulated_{name}": value for name, value in knobs.items()},
        "sessions": sessions,
        "trials_per_session": trials_per_session,
        "left_out": cultures - len(number),
    }
    return xr.Dataset(
        evidences(found, ("culture",), (len(number),)),
        {"culture": number},
        attrs | settings(model),
    )
