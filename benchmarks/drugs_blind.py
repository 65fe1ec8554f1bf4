"""How well the state prior of treated cultures tells their drugs apart, their labels hidden.

    python benchmarks/drugs_blind.py FOLDER [--out FILE.csv]

reads response_data_*.mat of the public recordings (bic, dzp, mix0) in FOLDER, estimates state
prior, sensory precision and plasticity of each culture from its first ten sessions, once with the
baseline of its own condition and once with that of all cultures together, and leaves one culture
out after the other: its label is that of the nearest mean of the others' state priors.
"""

import argparse
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

import canonica
from canonica.reverse_engineering import PublishedProtocol, ensemble_response
from canonica.reverse_engineering.phenotype import culture_phenotype


def right_labels(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return how many cultures get their label from the nearest mean of the others.

    Parameters
    ----------
    values : (culture,)
        What is known of each.
    labels : (arrangement, culture)
        Numbers of kinds, from 0 on.
    """
    of_kind = labels[:, None, :] == np.arange(labels.max() + 1)[:, None]  # one arrangement a row
    sums, numbers = of_kind @ values, of_kind.sum(axis=2)
    right = np.zeros(len(labels), int)
    for n, value in enumerate(values):
        own = of_kind[:, :, n]
        means = (sums - own * value) / (numbers - own)
        right += np.abs(means - value).argmin(axis=1) == labels[:, n]
    return right


def arrangements(labels: np.ndarray) -> np.ndarray:
    """Return every way to give these labels to the cultures, each once."""
    found = [np.full(len(labels), -1)]
    for kind, count in enumerate(np.bincount(labels)):
        placed = []
        for one in found:
            for chosen in combinations(np.flatnonzero(one < 0), count):
                more = one.copy()
                more[list(chosen)] = kind
                placed.append(more)
        found = placed
    return np.array(found)


def told_apart(values: np.ndarray, labels: np.ndarray) -> tuple[int, int, float, float]:
    """Return how many are labelled rightly, of how many, the exact p, and the smallest there is."""
    _, labels = np.unique(labels, return_inverse=True)
    right = int(right_labels(values, labels[None])[0])
    every = right_labels(values, arrangements(labels))
    return right, len(labels), float(np.mean(every >= right)), float(np.mean(every == every.max()))


def main() -> None:
    """Estimate, tell apart, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--baseline", choices=["own", "common"], action="append")
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
    for baseline in given.baseline or ("own", "common"):
        value = None if baseline == "own" else float(np.mean(means))
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
