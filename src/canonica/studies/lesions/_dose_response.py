"""What each lesion does to perception, learning and action, dose by dose."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_array
from canonica._errors import CanonicaError
from canonica._pieces import Maker, made_in_order
from canonica._provenance import versions
from canonica.lesions import LESIONS, Lesion
from canonica.studies.lesions._points import (
    Told,
    attributes,
    chosen_kinds,
    described_measures,
    measured_points,
)
from canonica.studies.lesions.tasks import Task, task_named

Chosen = str | type[Lesion] | Lesion


@checked_arguments
def dose_response(
    seed: int,
    lesions: Sequence[Chosen] = tuple(LESIONS),
    *,
    task: str | Task = "separation",
    doses: Mapping[str, Sequence[float]] | None = None,
    networks: int = 20,
    maker: Maker = made_in_order,
    progress: Told | None = None,
) -> xr.Dataset:
    """Return what networks with one lesion at a time do, beside the intact ones.

    Networks of the same number live in the same world and begin alike, whatever their lesion:
    differences from the intact network are paired.

    Parameters
    ----------
    seed : int
        Decides everything random.
    lesions : sequence of str, Lesion or its type
        By name or as they are; a value of a lesion keeps all it has but its strength. All by
        default.
    task : str or Task
        "separation", "t-maze", "bandit" or "maze"; or one with sizes of its own, of
        `canonica.studies.lesions.tasks`.
    doses : mapping, optional
        Strengths of lesions by name; of others their usual ones.
    networks : int
        At each dose.
    maker, progress
        Who makes its pieces, and may keep them; who is told how many points are done, and of
        how many.

    Returns
    -------
    xarray.Dataset
        Each measure (point, network); `lesion` and `strength` (point) say what is wrong with the
        networks of a point. Point 0 are the intact ones: lesion "intact", strength 0.

    Raises
    ------
    CanonicaError
        If a lesion, a task or a number is none.

    Examples
    --------
    >>> from canonica.studies.lesions.tasks import SeparationTask
    >>> small = SeparationTask(sessions=2, trials_per_session=16, measured_sessions=1)
    >>> found = dose_response(0, ["state prior"], task=small, networks=2)
    >>> found.lesion.to_numpy().tolist()[:2], found.separation.shape
    (['intact', 'state prior'], (7, 2))
    """
    chosen = task_named(task)
    kinds = chosen_kinds(lesions, chosen)
    names = [kind.name for kind in kinds]
    unknown = sorted(set(doses or {}) - set(names))
    if unknown:
        raise CanonicaError(f"doses: found {unknown}; expected names among {names}.")
    rows = [("intact", 0.0)] + [
        (kind.name, dose) for kind in kinds for dose in _doses(kind, doses or {})
    ]
    neutral = np.array([float(kind.neutral) for kind in kinds])
    strengths = np.tile(neutral, (len(rows), 1))
    for row, (name, dose) in enumerate(rows):
        if name != "intact":
            strengths[row, names.index(name)] = dose
    by_name = dict(zip(names, neutral.tolist(), strict=True))
    found = measured_points(
        chosen, kinds, strengths, seed=seed, networks=networks, maker=maker, progress=progress
    )
    found = described_measures(found, chosen).assign_coords(
        lesion=("point", [name for name, _ in rows]),
        strength=("point", [dose for _, dose in rows], {"long_name": "strength of the lesion"}),
        neutral=(
            "point",
            [by_name.get(name, 0.0) for name, _ in rows],
            {"long_name": "strength at which the lesion changes nothing"},
        ),
        network=np.arange(1, networks + 1),
    )
    found.attrs = {**attributes(chosen, seed), **versions()}
    return found


def _doses(kind: Lesion, doses: Mapping[str, Sequence[float]]) -> list[float]:
    """Return the strengths of a lesion, but for the neutral one: that is the intact network."""
    values = checked_array(
        f"doses of {kind.name}",
        doses.get(kind.name, kind.doses),
        dims=["dose"],
        lowest=kind.lowest,
        highest=kind.highest,
    )
    return [float(value) for value in values if value != kind.neutral]
