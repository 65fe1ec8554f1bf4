"""Phase diagrams: two lesions at once, and where function breaks down."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_array, checked_choice, checked_number, checked_seed
from canonica._errors import CanonicaError
from canonica._of_results import of_results
from canonica._pieces import Maker, made_in_order
from canonica._provenance import versions
from canonica.lesions import Lesion
from canonica.studies.lesions._dose_response import Chosen
from canonica.studies.lesions._points import (
    Told,
    attributes,
    chosen_kinds,
    described_measures,
    measured_points,
)
from canonica.studies.lesions.tasks import Task, task_named

DRAWS = 2000


@checked_arguments
def phase_diagram(
    seed: int,
    first: Chosen,
    second: Chosen,
    *,
    task: str | Task = "separation",
    first_strengths: Sequence[float] | None = None,
    second_strengths: Sequence[float] | None = None,
    networks: int = 20,
    maker: Maker = made_in_order,
    progress: Told | None = None,
) -> xr.Dataset:
    """Return what networks do under two lesions at once, on a grid of their strengths.

    Parameters
    ----------
    seed : int
        Decides everything random, the same at all points.
    first, second : str, Lesion or its type
        Two different lesions.
    task : str or Task
        As in `dose_response`.
    first_strengths, second_strengths : sequence of float, optional
        By default the lesions' usual ones.
    networks : int
        At each point.
    maker, progress
        As in `dose_response`.

    Returns
    -------
    xarray.Dataset
        Each measure (first, second, network), and its value in the intact networks,
        ``intact_...`` (network); coordinates `first` and `second` are strengths, their names in
        attributes.

    Raises
    ------
    CanonicaError
        If both lesions are the same, or a task or number is none.

    Examples
    --------
    >>> from canonica.studies.lesions.tasks import SeparationTask
    >>> small = SeparationTask(sessions=2, trials_per_session=16, measured_sessions=1)
    >>> found = phase_diagram(0, "state prior", "plasticity", task=small, networks=2)
    >>> dict(found.separation.sizes)
    {'first': 7, 'second': 6, 'network': 2}
    """
    chosen = task_named(task)
    kinds = chosen_kinds([first, second], chosen, names=("first", "second"))
    grids = [
        _strengths(name, kind, given)
        for name, kind, given in zip(
            ("first_strengths", "second_strengths"),
            kinds,
            (first_strengths, second_strengths),
            strict=True,
        )
    ]
    pairs = np.array([[one, other] for one in grids[0] for other in grids[1]])
    intact = [[float(kind.neutral) for kind in kinds]]
    points = measured_points(
        chosen,
        kinds,
        np.concatenate([intact, pairs]),
        seed=seed,
        networks=networks,
        maker=maker,
        progress=progress,
    )
    shape = (len(grids[0]), len(grids[1]), networks)
    found = xr.Dataset(
        {
            str(name): (("first", "second", "network"), part.to_numpy()[1:].reshape(shape))
            for name, part in points.items()
        },
        {
            "first": ("first", grids[0], _described(kinds[0])),
            "second": ("second", grids[1], _described(kinds[1])),
            "network": np.arange(1, networks + 1),
        },
        {
            **attributes(chosen, seed),
            "first_lesion": kinds[0].name,
            "second_lesion": kinds[1].name,
            **versions(),
        },
    )
    found = described_measures(found, chosen)
    for name, part in points.items():
        found[f"intact_{name}"] = ("network", part.to_numpy()[0])
    return found


@of_results(found=("first", "second", "network"))
def boundary(
    found: xr.Dataset,
    measure: str,
    *,
    level: float | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Return where a measure falls below a level in a phase diagram, and how sure that is.

    Parameters
    ----------
    found : xarray.Dataset
        Of `phase_diagram`.
    measure : str
        One of its measures.
    level : float, optional
        By default halfway between the intact network's mean and the mean furthest from it.
    seed : int
        Decides the resampling of networks.

    Returns
    -------
    xarray.Dataset
        `mean` (first, second) over networks, and `probability` (first, second) that the mean of
        networks drawn anew is beyond the level, seen from the intact network: 0 where function is
        as good as intact, 1 where it is lost. Networks are drawn jointly for all points. The
        level is an attribute.

    Raises
    ------
    CanonicaError
        If there is no such measure.

    Examples
    --------
    >>> from canonica.studies.lesions.tasks import SeparationTask
    >>> small = SeparationTask(sessions=2, trials_per_session=16, measured_sessions=1)
    >>> found = phase_diagram(0, "state prior", "plasticity", task=small, networks=2)
    >>> bool(boundary(found, "selectivity").probability.max() <= 1)
    True
    """
    measures = [str(name) for name in found.data_vars if f"intact_{name}" in found]
    checked_choice("measure", measure, measures)
    values = found[measure].transpose("network", "first", "second").to_numpy()
    intact = float(found[f"intact_{measure}"].mean())
    mean = values.mean(axis=0)
    furthest = mean.ravel()[np.argmax(np.abs(mean - intact))]
    border = float((intact + furthest) / 2 if level is None else checked_number("level", level))
    generator = np.random.default_rng(checked_seed(seed))
    share = generator.multinomial(len(values), np.full(len(values), 1 / len(values)), size=DRAWS)
    drawn = np.einsum("dn,nfs->dfs", share / len(values), values)
    sign = 1.0 if intact >= border else -1.0
    probability = (sign * drawn < sign * border).mean(axis=0)
    both = ("first", "second")
    label = found[measure].attrs["long_name"]
    return xr.Dataset(
        {
            "mean": (both, mean, {"long_name": label, "units": found[measure].attrs["units"]}),
            "probability": (
                both,
                probability,
                {"long_name": "probability that the mean is beyond the level", "units": "1"},
            ),
        },
        {"first": found["first"], "second": found["second"]},
        {**found.attrs, "measure": measure, "level": border, "intact": intact},
    )


def _strengths(name: str, kind: Lesion, given: Sequence[float] | None) -> list[float]:
    values = checked_array(
        name,
        kind.doses if given is None else given,
        dims=["strength"],
        lowest=kind.lowest,
        highest=kind.highest,
    ).tolist()
    if sorted(set(values)) != values:
        raise CanonicaError(f"{name}: found {values}; expected them in ascending order, each once.")
    return values


def _described(kind: Lesion) -> dict[str, str | float]:
    return {"long_name": kind.name, "units": "1", "neutral": float(kind.neutral)}
