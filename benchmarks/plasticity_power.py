"""How often plasticity shows in simulated cultures, against rate, trials, mixing, drive and drift.

Rows are kept in a table, so that a run that was ended goes on.
"""

import argparse
from pathlib import Path

import numpy as np
from kept_rows import kept_rows

from canonica.reverse_engineering.forecasting import CLEAR
from canonica.studies import culture_false_alarms

NAMES = ("learning_rate", "trials", "mixing", "direct", "drift")
USUAL = {"learning_rate": "0.05", "trials": "128", "mixing": "0.75", "direct": "0.3"} | {
    "drift": "0.2"
}
NOTHING = {"learning_rate": "0"}
VARIED = (
    *({"learning_rate": rate} for rate in ("0", "0.005", "0.01", "0.02", "0.05", "0.3")),
    *({"trials": number} for number in ("32", "64")),
    *({"mixing": share} for share in ("0.5", "1")),
    {"direct": "0.8"},
    {"drift": "0.4"},
    NOTHING | {"mixing": "1"},
    NOTHING | {"direct": "0.8"},
)


class Rows:
    """Computes the evidence of some cultures."""

    def __init__(self, seed: int, cultures: int) -> None:
        self.seed, self.cultures = seed, cultures

    def __call__(
        self, rate: str, trials: str, mixing: str, direct: str, drift: str
    ) -> list[dict[str, float]]:
        """Return a row for each culture."""
        found = culture_false_alarms(
            self.seed,
            cultures=self.cultures,
            learning_rate=float(rate),
            trials_per_session=int(trials),
            mixing=float(mixing),
            direct=float(direct),
            drift=float(drift),
        )
        return [{"log_evidence": float(one)} for one in found["log_evidence"]]


def main() -> None:
    """Print how often evidence was clear."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cultures", type=int, default=10, help="of each kind")
    parser.add_argument("--seed", type=int, default=5000, help="of the first")
    parser.add_argument("--table", type=Path, help="where rows are kept, to go on from")
    given = parser.parse_args()
    keys = [tuple((USUAL | one)[name] for name in NAMES) for one in VARIED]
    rows = kept_rows(given.table, keys, NAMES, Rows(given.seed, given.cultures))
    for key in keys:
        here = [row for row in rows if tuple(row[name] for name in NAMES) == key]
        evidence = np.array([float(row["log_evidence"]) for row in here])
        words = ", ".join(f"{name} {value}" for name, value in zip(NAMES, key, strict=True))
        print(
            f"{words}: clear in {(evidence >= CLEAR).sum()} of {len(evidence)}, "
            f"median {np.median(evidence):.1f}, {evidence.min():.1f} to {evidence.max():.1f} nats"
        )


if __name__ == "__main__":
    main()
