"""Plasticity looked for in cultures, simulated spike by spike, that do not learn."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError, RecordingError
from canonica._pieces import Maker, Piece, all_made, made_in_order
from canonica.reverse_engineering.forecasting._known import normalised
from canonica.reverse_engineering.forecasting.models._canonical import Canonical
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol
from canonica.simulate import culture
from canonica.studies.plasticity._labelled import check, evidences, settings
from canonica.studies.plasticity._posteriors import Progress, found_in, piece_of_found


@checked_arguments
def culture_false_alarms(
    seed: int,
    *,
    cultures: int = 60,
    learning_rate: float = 0.0,
    sessions: int = 12,
    trials_per_session: int = 128,
    model: Canonical | None = None,
    maker: Maker = made_in_order,
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
    model, maker, progress
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
    shown = {
        "learning_rate": learning_rate,
        "sessions": sessions,
        "trials_per_session": trials_per_session,
        **knobs,
    }
    numbers = range(seed, seed + cultures)
    pieces = [
        Piece(
            {"study": "false alarms", "seed": one, "model": repr(model), "culture": repr(shown)},
            partial(_looked_for, one, model, protocol, shown),
        )
        for one in numbers
    ]
    parts = dict(zip(numbers, all_made(pieces, maker, progress), strict=True))
    found = {one: found_in(part) for one, part in parts.items() if len(part)}
    attrs = {
        "seed": seed,
        "simulated_learning_rate": learning_rate,
        **{f"simulated_{name}": value for name, value in knobs.items()},
        "sessions": sessions,
        "trials_per_session": trials_per_session,
        "left_out": cultures - len(found),
    }
    return xr.Dataset(
        evidences(list(found.values()), ("culture",), (len(found),)),
        {"culture": list(found)},
        attrs | settings(model),
    )


def _looked_for(
    seed: int, model: Canonical, protocol: PublishedProtocol, shown: Mapping[str, Any]
) -> xr.Dataset:
    """Return what is found in one culture; nothing where it cannot be normalised."""
    recording = culture(seed, repeated=True, **shown)
    (reduced,) = normalised([recording], protocol)
    if isinstance(reduced, RecordingError):
        return xr.Dataset()
    return piece_of_found(reduced.known(protocol.initial_sessions), model)
