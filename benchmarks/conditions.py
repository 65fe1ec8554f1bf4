"""How often tests and intervals of conditions compared are right, where the truth is known.

``python benchmarks/conditions.py [repeats]`` prints the tables of docs/statistics.md.
"""

import sys
from collections.abc import Callable

import numpy as np
from scipy import stats

from canonica._statistics import (
    group_test,
    independent_units,
    interaction_test,
    permutation_test,
)

CHANCE = 0.05
MANY = 10  # units from which a quarter of the repeats will do
SIZES = (3, 4, 5, 6, 10, 20, 30)
NOISE: dict[str, Callable[..., np.ndarray]] = {
    "normal": lambda rng, size: rng.normal(size=size),
    "skewed": lambda rng, size: rng.exponential(size=size),
    "heavy-tailed": lambda rng, size: rng.standard_t(2, size=size),
}
Rates = tuple[float, float, float]  # called a difference, interval holds the truth, its level


def rates(values: list[np.ndarray], predictor: np.ndarray, strata: np.ndarray | None) -> Rates:
    found = [permutation_test(one, predictor, strata) for one in values]
    held = [one.interval is None or one.interval[0] <= 0 <= one.interval[1] for one in found]
    wrong = np.mean([one.p_value <= CHANCE for one in found])
    return float(wrong), float(np.mean(held)), found[0].level


def conditions(rng: np.random.Generator, noise: str, n: int, repeats: int) -> Rates:
    values = [NOISE[noise](rng, 2 * n) for _ in range(repeats)]
    return rates(values, np.repeat([0.0, 1.0], n), None)


def pairs(rng: np.random.Generator, noise: str, n: int, repeats: int) -> Rates:
    own = [np.tile(3 * rng.normal(size=n), 2) for _ in range(repeats)]
    values = [one + NOISE[noise](rng, 2 * n) for one in own]
    return rates(values, np.repeat([0.0, 1.0], n), np.tile(np.arange(n), 2))


def unequal(rng: np.random.Generator, n: int, other: int, spread: float, repeats: int) -> Rates:
    values = [
        np.concatenate([rng.normal(size=n), spread * rng.normal(size=other)])
        for _ in range(repeats)
    ]
    return rates(values, np.repeat([0.0, 1.0], [n, other]), None)


def animals(rng: np.random.Generator, noise: str, n: int, repeats: int) -> tuple[float, float]:
    """Animals, n of either condition, five cultures each: by cultures (t test), and by animals."""
    labels = np.repeat(["a", "b"], 5 * n).tolist()
    of_animal = np.repeat(np.arange(2 * n), 5)
    units = independent_units(labels, {"animal": of_animal.tolist()})
    by_culture = by_animal = 0
    for _ in range(repeats):
        values = NOISE[noise](rng, 2 * n)[of_animal] + rng.normal(size=10 * n)
        found = np.asarray(stats.ttest_ind(values[: 5 * n], values[5 * n :]), float)
        by_culture += found[1] <= CHANCE
        own = permutation_test(units.means(values), [float(one == "b") for one in units.groups])
        by_animal += own.p_value <= CHANCE
    return by_culture / repeats, by_animal / repeats


def several(rng: np.random.Generator, noise: str, n: int, repeats: int) -> tuple[float, float]:
    """Three conditions at once; and the interaction of two factors with large main effects."""
    groups, one, other = np.repeat([0, 1, 2], n), np.repeat([0, 1], 2 * n), np.tile([0, 1], 2 * n)
    wrong = [0, 0]
    for _ in range(repeats):
        wrong[0] += group_test(NOISE[noise](rng, 3 * n), groups).p_value <= CHANCE
        values = NOISE[noise](rng, 4 * n) + 3 * one + 5 * other
        wrong[1] += interaction_test(values, one, other).p_value <= CHANCE
    return wrong[0] / repeats, wrong[1] / repeats


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    rng = np.random.default_rng(0)
    for title, simulated in (("two conditions", conditions), ("pairs", pairs)):
        print(f"\n{title}: wrongly different %, interval holds % (nominal level)")
        for n in SIZES:
            few = repeats if n < MANY else repeats // 4
            row = [simulated(rng, noise, n, few) for noise in NOISE]
            cells = [f"{100 * a:.1f}, {100 * b:.1f} ({100 * c:.0f})" for a, b, c in row]
            print(f"| {n} | " + " | ".join(cells) + " |", flush=True)
    print("\nunequal spread: n, n of the other, its spread; wrongly different %, holds %")
    for n, other in ((6, 6), (10, 10), (5, 15), (15, 5)):
        wrong, held, level = unequal(rng, n, other, 3.0, repeats // 2)
        print(
            f"| {n} | {other} | {100 * wrong:.1f} | {100 * held:.1f} ({100 * level:.0f}) |",
            flush=True,
        )
    print("\nanimals with five cultures each: t test of cultures %, permutation of animals %")
    for n in (3, 4, 6, 10):
        row = [animals(rng, noise, n, repeats // 2) for noise in NOISE]
        print(
            f"| {n} | " + " | ".join(f"{100 * a:.1f}, {100 * b:.1f}" for a, b in row) + " |",
            flush=True,
        )
    print("\nthree conditions %, interaction %")
    for n in (3, 4, 6, 10):
        row = [several(rng, noise, n, 200) for noise in NOISE]
        print(
            f"| {n} | " + " | ".join(f"{100 * a:.1f}, {100 * b:.1f}" for a, b in row) + " |",
            flush=True,
        )


if __name__ == "__main__":
    main()
