"""How well the state prior of treated cultures tells their drugs apart, their labels hidden.

    python benchmarks/drugs_blind.py FOLDER [--out FILE.csv]

reads response_data_*.mat of the public recordings (bic, dzp, mix0) in FOLDER, estimates state
prior, sensory precision and plasticity of each culture from its first ten sessions, once with the
baseline of its own condition and once with that of all cultures together, and leaves one culture
out after the other: its label is that of the nearest mean of the others' state priors.
"""

import argparse
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

import canonica
from canonica.reverse_engineering import PublishedProtocol, ensemble_response
from canonica.reverse_engineering.phenotype import culture_phenotype


def left_out(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the labels that each culture gets from the nearest mean of the others."""
    found = []
    for n in range(len(values)):
        others = np.arange(len(values)) != n
        kinds = sorted(set(labels[others]))
        means = [values[others & (labels == kind)].mean() for kind in kinds]
        found.append(kinds[int(np.argmin(np.abs(np.array(means) - values[n])))])
    return np.array(found)


def arrangements(labels: np.ndarray) -> Iterator[np.ndarray]:
    """Yield every way to give these labels to the cultures, each once."""
    kinds, counts = np.unique(labels, return_counts=True)

    def placed(free: list, rest: list) -> Iterator[dict]:
        if not rest:
            yield {}
            return
        (kind, count), *rest = rest
        for chosen in combinations(free, count):
            left = [place for place in free if place not in chosen]
            for more in placed(left, rest):
                yield {**dict.fromkeys(chosen, kind), **more}

    for one in placed(list(range(len(labels))), list(zip(kinds, counts, strict=True))):
        yield np.array([one[n] for n in range(len(labels))])


def told_apart(values: np.ndarray, labels: np.ndarray) -> tuple[int, int, float, float]:
    """Return how many are labelled rightly, of how many, the exact p, and the smallest there is."""
    right = int((left_out(values, labels) == labels).sum())
    every = [int((left_out(values, one) == one).sum()) for one in arrangements(labels)]
    return right, len(labels), float(np.mean(np.array(every) >= right)), 1 / len(every)


def main() -> None:
    """Estimate, tell apart, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    recordings = [
        one
        for name in ("bic", "dzp", "mix0")
        for path in sorted(given.folder.glob(f"response_data_{name}*.mat"))
        for one in canonica.read(path)
    ]
    protocol = PublishedProtocol()
    means = [
        ensemble_response(one, protocol, causal=True).session_means[:10].mean()
        for one in recordings
    ]
    tables = []
    for baseline, value in (("own", None), ("common", float(np.mean(means)))):
        found = culture_phenotype(recordings, baseline=value)
        table = found[["estimate", "low", "high"]].to_dataframe().reset_index()
        table["baseline"], table["sentence"] = baseline, np.repeat(found["conclusion"].values, 3)
        tables.append(table)
        prior = found["unbounded"].sel(parameter="state prior").to_numpy()
        labels = found["group"].to_numpy().astype(str)
        for kinds in (("bic", "dzp", "mix0"), ("bic", "dzp"), ("bic", "mix0"), ("dzp", "mix0")):
            some = np.isin(labels, kinds)
            right, n, p, least = told_apart(prior[some], labels[some])
            print(f"{baseline}: {' '.join(kinds)}: {right} of {n}, p {p:.4f} (least {least:.4f})")
    every = pd.concat(tables)
    print(every.pivot_table(index=["group", "recording"], columns=["parameter", "baseline"],
                            values="estimate").round(3))  # fmt: skip
    if given.out:
        every.to_csv(given.out, index=False)


if __name__ == "__main__":
    main()
