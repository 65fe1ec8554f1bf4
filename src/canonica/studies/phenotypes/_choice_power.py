"""How many subjects a difference between two groups takes, when it is read from choices."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Bool, Float, Int
from scipy import stats

from canonica._arguments import checked_arguments
from canonica._checks import checked_number, checked_probability, checked_seed, checked_size
from canonica._errors import CanonicaError, listed
from canonica._provenance import versions
from canonica.reverse_engineering.phenotype import phenotype
from canonica.reverse_engineering.phenotype._canonical_subject import STRENGTHS
from canonica.studies.phenotypes._simulated_choices import TRIALS, simulated_choices

SMITH_2020 = MappingProxyType(
    {"policy precision": -0.43, "loss modulation": -0.36, "gain modulation": 0.31}
)
"""Differences of patients from controls, in standard deviations (their abstract's Cohen's d)."""

TYPICAL = MappingProxyType(
    {"policy precision": 1.5, "loss modulation": 2.0, "gain modulation": 2.0}
)
SPREAD = 0.5
SIZES = ((147, 54), (25, 25), (50, 50), (100, 100), (200, 200), (400, 400), (800, 800))
TOGETHER = 50  # subjects between two reports of progress
GROUPS = ("controls", "patients")


@checked_arguments
def choice_power(
    seed: int = 0,
    *,
    differences: Mapping[str, float] = SMITH_2020,
    typical: Mapping[str, float] = TYPICAL,
    spread: float = SPREAD,
    trials: int = TRIALS,
    sizes: Sequence[tuple[int, int]] = SIZES,
    pool: int = 400,
    studies: int = 4000,
    level: float = 0.05,
    wanted: float = 0.8,
    progress: Callable[[int, int], object] | None = None,
) -> xr.Dataset:
    """Return how often studies of two groups find differences in what choices tell of subjects.

    Two pools of subjects choose in a bandit that swaps: controls, whose parameters scatter about
    typical values, and patients, who are the same but for differences. All parameters that differ
    are estimated together, by `phenotype`. Each study then draws its groups from the pools and
    compares their estimates by Welch's t test. As patients are controls that were shifted, and have
    the same luck, the pools' difference is hardly noisier than that of many more subjects.

    Parameters
    ----------
    seed : int
        Decides everything random.
    differences : mapping
        Of patients from controls, by the name of a parameter that is positive, in standard
        deviations of subjects; by default those that Smith et al. report for substance use.
    typical : mapping
        The value about which each of these scatters; 1 where none is given.
    spread : float
        Standard deviation of its logarithm over subjects.
    trials : int
        Choices of each subject.
    sizes : sequence of (int, int)
        Patients and controls of a study.
    pool : int
        Subjects of each pool.
    studies : int
        How many are drawn of each size.
    level : float
        Of a test, below whose p a difference counts as found.
    wanted : float
        Power for which ``needed`` is given.
    progress : callable, optional
        Called with subjects estimated, and of all.

    Returns
    -------
    xarray.Dataset
        By parameter: ``difference`` (true, in standard deviations), ``found_difference`` (of the
        estimates, in theirs), ``reliability`` (the correlation of truth and estimate, over
        controls), and ``needed``, subjects of each of two equal groups for the wanted power, by
        the difference of the estimates. By size and parameter ``power``, the share of studies that
        find it in the right direction, and ``false_alarms``, the share of studies of controls
        alone that find any.

    Raises
    ------
    CanonicaError
        If a number is out of range, or a parameter is not there or not positive.

    References
    ----------
    Smith et al., Drug and Alcohol Dependence 215:108208, 2020.

    Examples
    --------
    >>> found = choice_power(pool=400)  # doctest: +SKIP
    """
    seed, trials = checked_seed(seed), checked_size("trials", trials, least=2)
    pool, studies = checked_size("pool", pool, least=3), checked_size("studies", studies)
    level = checked_probability("level", level, certain=False)
    wanted = checked_probability("wanted", wanted, certain=False)
    spread = checked_number("spread", spread, lowest=0.01, highest=10)
    names = list(_positive("differences", differences, lowest=-100))
    if not names:
        raise CanonicaError("differences: found none; expected one parameter that differs.")
    centre = dict.fromkeys(names, 1.0) | _positive("typical", typical, lowest=1e-6)
    groups = [tuple(checked_size("sizes", size, least=2) for size in both) for both in sizes]
    draw = np.random.default_rng(seed)
    base = spread * draw.normal(size=(pool, len(names)))
    base += np.log([centre[name] for name in names])
    shift = spread * np.array([differences[name] for name in names])
    choosing = int(draw.integers(2**31))
    estimates = []
    for number, group in enumerate(GROUPS):
        lives = simulated_choices(
            choosing, subjects=pool, trials=trials, group=group,
            strengths=dict(zip(names, np.exp(base + number * shift).T, strict=True)),
        )  # fmt: skip
        told = None if progress is None else _after(progress, number * pool, len(GROUPS) * pool)
        estimates.append(_estimated(lives, names, told))
    controls, patients = estimates
    power, alarms = _shares_found(
        controls, patients, np.sign(shift), groups=groups, studies=studies, level=level, draw=draw
    )
    deviation = np.sqrt((controls.var(axis=0, ddof=1) + patients.var(axis=0, ddof=1)) / 2)
    seen = (patients - controls).mean(axis=0) / deviation
    return xr.Dataset(
        {
            "power": (("size", "parameter"), power),
            "false_alarms": (("size", "parameter"), alarms),
            "difference": ("parameter", [float(differences[name]) for name in names]),
            "found_difference": ("parameter", seen),
            "reliability": (
                "parameter",
                [float(np.corrcoef(base[:, n], controls[:, n])[0, 1]) for n in range(len(names))],
            ),
            "needed": ("parameter", _needed(seen, level, wanted)),
        },
        coords={
            "parameter": names,
            "patients": ("size", [ill for ill, _ in groups]),
            "controls": ("size", [well for _, well in groups]),
        },
        attrs={
            "seed": seed, "trials": trials, "spread": spread, "pool": pool, "studies": studies,
            "level": level, "wanted": wanted, **versions(),
        },
    )  # fmt: skip


def _positive(argument: str, given: Mapping[str, float], *, lowest: float) -> dict[str, float]:
    """Return numbers by the names of parameters of a canonical subject, all of them above 0."""
    positive = [name for name, one in STRENGTHS.items() if one.range == "positive"]
    for name in given:
        if name not in positive:
            raise CanonicaError(
                f"{argument}: found {name!r}; expected some of {listed(positive, len(positive))}."
            )
    return {
        name: checked_number(f"{argument}, {name}", value, lowest=lowest, highest=1e6)
        for name, value in given.items()
    }


def _after(
    progress: Callable[[int, int], object], before: int, total: int
) -> Callable[[int], object]:
    return lambda done: progress(before + done, total)


def _estimated(
    lives: pd.DataFrame, names: Sequence[str], told: Callable[[int], object] | None
) -> Float[np.ndarray, "subject parameter"]:
    """Return estimates on the scale without bounds, a few subjects at a time."""
    subjects = list(dict.fromkeys(lives["subject"]))
    found = []
    for start in range(0, len(subjects), TOGETHER):
        part = lives.loc[lives["subject"].isin(subjects[start : start + TOGETHER])]
        found.append(phenotype(part, free=names)["unbounded"].to_numpy())
        if told is not None:
            told(min(start + TOGETHER, len(subjects)))
    return np.concatenate(found)


def _shares_found(
    controls: Float[np.ndarray, "control parameter"],
    patients: Float[np.ndarray, "patient parameter"],
    direction: Float[np.ndarray, " parameter"],
    *,
    groups: Sequence[tuple[int, ...]],
    studies: int,
    level: float,
    draw: np.random.Generator,
) -> tuple[Float[np.ndarray, "size parameter"], Float[np.ndarray, "size parameter"]]:
    """Return in which share of studies patients differ rightly, and controls from each other."""
    power, alarms = np.empty((2, len(groups), len(direction)))
    for n, (ill, well) in enumerate(groups):
        here, there = (draw.integers(len(patients), size=(studies, size)) for size in (ill, well))
        found, sign = _found(patients[here], controls[there], level)
        power[n] = (found & (sign == direction)).mean(axis=0)
        alarms[n] = _found(controls[here], controls[there], level)[0].mean(axis=0)
    return power, alarms


def _found(
    one: Float[np.ndarray, "study subject parameter"],
    other: Float[np.ndarray, "study other parameter"],
    level: float,
) -> tuple[Bool[np.ndarray, "study parameter"], Float[np.ndarray, "study parameter"]]:
    """Return whether groups differ by Welch's t test, and in which direction."""
    test: Any = stats.ttest_ind(one, other, axis=1, equal_var=False)
    return test.pvalue < level, np.sign(one.mean(axis=1) - other.mean(axis=1))


def _needed(
    difference: Float[np.ndarray, " parameter"], level: float, wanted: float
) -> Int[np.ndarray, " parameter"]:
    """Return subjects of each group for a power, by the normal approximation of the t test."""
    reach = stats.norm.ppf(1 - level / 2) + stats.norm.ppf(wanted)
    with np.errstate(divide="ignore"):
        needed = 2 * (reach / difference) ** 2
    return np.minimum(np.ceil(needed) + 1, np.iinfo(np.int64).max // 2).astype(np.int64)
