"""Networks at many points of a space of lesions, measured piece by piece."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from canonica._checks import checked_seed, checked_size
from canonica._errors import CanonicaError
from canonica._pieces import Maker, Piece, all_made, joined_pieces, made_in_order
from canonica.lesions import Lesion, lesion_named
from canonica.studies.lesions.tasks import Task
from canonica.studies.lesions.tasks._task import Made

NETWORKS_AT_ONCE = 512
Told = Callable[[int, int], None]


def measured_points(
    task: Task,
    kinds: Sequence[Lesion],
    strengths: Float[np.ndarray, "point lesion"],
    *,
    seed: int,
    networks: int,
    maker: Maker = made_in_order,
    progress: Told | None = None,
) -> xr.Dataset:
    """Return every measure of so many networks at each point: (point, network).

    A network's number and `seed` decide everything random of it, the same at all points.
    """
    seed, networks = checked_seed(seed), checked_size("networks", networks)
    seeds = np.random.SeedSequence(seed).generate_state(networks, np.uint32).astype(np.int64)
    at_once = max(1, NETWORKS_AT_ONCE // networks)
    starts = range(0, len(strengths), at_once)
    some = [strengths[first : first + at_once] for first in starts]
    size = min(at_once, len(strengths))
    made = Made(tuple(kinds))
    pieces = [
        Piece(
            {
                "task": task_settings(task),
                "lesions": [repr(kind) for kind in kinds],
                "strengths": own.tolist(),
                "seeds": seeds.tolist(),
            },
            partial(_measured, task, made, own, seeds, size),
            len(own),
        )
        for own in some
    ]
    parts = all_made(pieces, maker, progress)
    joined = joined_pieces(parts)
    names = [measure.name for measure in task.measures]  # the order in which the task has them
    return xr.Dataset({name: (("point", "network"), joined[name]) for name in names})


def _measured(
    task: Task,
    made: Made,
    strengths: Float[np.ndarray, "point lesion"],
    seeds: Int[np.ndarray, " network"],
    size: int,
) -> xr.Dataset:
    """Return the measures of a piece: all are of one size, to be compiled once.

    The last one repeats its last point.
    """
    filling = [(0, size - len(strengths)), (0, 0)]
    found = task.measured(made, np.pad(strengths, filling, mode="edge"), seeds)
    return xr.Dataset(
        {
            # Beyond twelve digits the place of a network in its batch shows.
            name: (("point", "network"), np.round(value[: len(strengths)], 12))
            for name, value in found.items()
        }
    )


def chosen_kinds(
    lesions: Sequence[str | type[Lesion] | Lesion],
    task: Task,
    *,
    names: Sequence[str] | None = None,
) -> tuple[Lesion, ...]:
    """Return kinds of lesions as they are meant in a task, each once.

    `names` are those of the arguments that they came as, for errors; one argument by default.
    """
    kinds = []
    for number, lesion in enumerate(lesions):
        if isinstance(lesion, Lesion):
            kinds.append(lesion)
            continue
        argument = "lesions" if names is None else names[number]
        kinds.append(task.kind(_named(argument, lesion) if isinstance(lesion, str) else lesion))
    found = [kind.name for kind in kinds]
    if not found or len(set(found)) < len(found):
        argument = "lesions" if names is None else " and ".join(names)
        raise CanonicaError(f"{argument}: found {found}; expected at least one, each once.")
    return tuple(kinds)


def _named(argument: str, lesion: str) -> type[Lesion]:
    try:
        return lesion_named(lesion)
    except CanonicaError as error:  # names its own argument
        raise CanonicaError(str(error).replace("lesion:", f"{argument}:", 1)) from error


def task_settings(task: Task) -> dict[str, Any]:
    """Return the name of a task and all its sizes."""
    return {"name": task.name, **asdict(task)}


def attributes(task: Task, seed: int) -> dict[str, Any]:
    """Return what made a result, as attributes of a file."""
    settings = task_settings(task)
    name = settings.pop("name")
    plain = {
        key: int(value) if isinstance(value, bool) else value for key, value in settings.items()
    }
    pictured = " ".join(task.pictured)
    return {
        "task": name,
        "pictured": pictured,
        "seed": seed,
        **{f"task_{key}": value for key, value in plain.items()},
    }


def described_measures(found: xr.Dataset, task: Task) -> xr.Dataset:
    """Return the measures with their units and what they mean."""
    for measure in task.measures:
        if measure.name in found:
            found[measure.name].attrs = {
                "long_name": measure.label,
                "units": measure.units,
                "kind": measure.kind,
                "better": measure.better,
            }
    return found
