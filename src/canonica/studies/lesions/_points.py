"""Networks at many points of a space of lesions, measured piece by piece."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np
import xarray as xr
from jaxtyping import Float

from canonica._checks import checked_seed, checked_size
from canonica._errors import CanonicaError
from canonica.lesions import Lesion, lesion_named
from canonica.studies.lesions.tasks import Task
from canonica.studies.lesions.tasks._task import Made

NETWORKS_AT_ONCE = 512
Told = Callable[[int, int], None]


class Keeper(Protocol):
    """Who keeps pieces of results, to go on with after an interruption."""

    def __call__(self, decided_by: Mapping[str, Any], make: Callable[[], xr.Dataset]) -> xr.Dataset:
        """Return the piece that these settings decide: as it was kept, or made and kept now."""
        ...


def made_now(decided_by: Mapping[str, Any], make: Callable[[], xr.Dataset]) -> xr.Dataset:
    """Keep nothing: make every piece."""
    del decided_by
    return make()


def measured_points(
    task: Task,
    kinds: Sequence[Lesion],
    strengths: Float[np.ndarray, "point lesion"],
    *,
    seed: int,
    networks: int,
    keep: Keeper | None = None,
    progress: Told | None = None,
) -> xr.Dataset:
    """Return every measure of so many networks at each point: (point, network).

    A network's number and `seed` decide everything random of it, the same at all points.
    """
    seed, networks = checked_seed(seed), checked_size("networks", networks)
    seeds = np.random.SeedSequence(seed).generate_state(networks, np.uint32).astype(np.int64)
    at_once = max(1, NETWORKS_AT_ONCE // networks)
    made, parts = Made(tuple(kinds)), []
    if progress:
        progress(0, len(strengths))
    for first in range(0, len(strengths), at_once):
        some = strengths[first : first + at_once]

        def make(some: Float[np.ndarray, "point lesion"] = some) -> xr.Dataset:
            # All pieces are of one size, to be compiled once: the last repeats its last point.
            filling = [(0, min(at_once, len(strengths)) - len(some)), (0, 0)]
            found = task.measured(made, np.pad(some, filling, mode="edge"), seeds)
            return xr.Dataset(
                {
                    # Beyond twelve digits the place of a network in its batch shows.
                    name: (("point", "network"), np.round(value[: len(some)], 12))
                    for name, value in found.items()
                }
            )

        decided_by = {
            "task": task_settings(task),
            "lesions": [repr(kind) for kind in kinds],
            "strengths": some.tolist(),
            "seeds": seeds.tolist(),
        }
        parts.append((keep or made_now)(decided_by, make))
        if progress:
            progress(first + len(some), len(strengths))
    joined = {  # in the order in which the task names them
        measure.name: np.concatenate([part[measure.name].to_numpy() for part in parts])
        for measure in task.measures
    }
    return xr.Dataset({name: (("point", "network"), value) for name, value in joined.items()})


def chosen_kinds(lesions: Sequence[str | type[Lesion] | Lesion], task: Task) -> tuple[Lesion, ...]:
    """Return kinds of lesions as they are meant in a task, each once."""
    kinds = []
    for lesion in lesions:
        if isinstance(lesion, Lesion):
            kinds.append(lesion)
        else:
            kind = lesion if isinstance(lesion, type) else lesion_named(lesion)
            kinds.append(task.kind(kind))
    names = [kind.name for kind in kinds]
    if not names or len(set(names)) < len(names):
        raise CanonicaError(f"lesions: found {names}; expected at least one, each once.")
    return tuple(kinds)


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
