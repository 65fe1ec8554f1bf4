"""Compare forecasts of simulated networks with those of an oracle that knows all but later drift.

The oracle knows weights, rate and gains after the initial sessions, and what the stimuli are: its
error is the least that any forecast can reach, on average. A second one knows as much, but takes
the weights to stay, so that the difference is what can be won by foretelling what is learned.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import xarray as xr
from jaxtyping import Float
from kept_rows import kept_rows
from scipy.special import expit, log_expit

from canonica.reverse_engineering import PublishedProtocol
from canonica.reverse_engineering.forecasting import (
    CLEAR,
    Canonical,
    Frozen,
    Normalised,
    normalised,
)
from canonica.reverse_engineering.forecasting.distribution._censored_logistic import expected
from canonica.simulate import culture
from canonica.simulate._electrodes import Electrodes, direct_drive
from canonica.simulate._spiking import RESPONSE, SAMPLES_PER_SECOND

INITIAL, LAST = 10, 10  # sessions that are known, and that errors are of
SIZES = {"sessions": 40, "trials_per_session": 128, "inputs": 32, "repeated": True, "direct": 0.3}
KINDS = {
    "learning_rate 0.05": {"learning_rate": 0.05},
    "learning_rate 0.3": {"learning_rate": 0.3},
    "nothing learned, drift 0.2": {"learning_rate": 0.0},
    "nothing learned, drift 0.4": {"learning_rate": 0.0, "drift": 0.4},
}
LOGISTIC_DEVIATION = np.pi / np.sqrt(3)  # of scale 1
Responses = Float[np.ndarray, "ensemble trial"]


class Compared(NamedTuple):
    """Mean squared errors of the last sessions of one culture, and the evidence for plasticity."""

    canonical: float
    frozen: float
    oracle: float
    frozen_oracle: float
    log_evidence: float


def beliefs(truth: xr.Dataset, stimuli: np.ndarray, prior: float) -> Float[np.ndarray, "trial _"]:
    """Return those of a network whose weights are those after the initial sessions."""
    one, nought = (
        truth[f"true_{word}_weight"].to_numpy()[INITIAL] for word in ("excitatory", "inhibitory")
    )
    threshold = np.log(prior / (1 - prior)) + (log_expit(-one) - log_expit(-nought)).sum(axis=1)
    return expit(stimuli @ (one - nought).T + threshold)


def mean_spikes(recording: xr.Dataset, ready: Normalised, *, learning: bool) -> Responses:
    """Return the spikes expected of each ensemble, gains staying what they last were."""
    truth = {str(name): part.to_numpy() for name, part in recording.items()}
    session = np.unique(recording["session"], return_inverse=True)[1]
    stimuli, prior = truth["stimuli"].astype(float), recording.attrs["simulated_state_prior"]
    believed = truth["true_posterior"]
    if not learning:
        later = (session >= INITIAL)[:, None]
        believed = np.where(later, beliefs(recording, stimuli, prior), believed)
    drift = truth["true_drift"].copy()
    drift[INITIAL:] = drift[INITIAL - 1]
    names = ("electrode_source", "gain", "baseline", "baseline", "preference", "receptive_field")
    electrodes = Electrodes(
        *(truth[f"true_{name}"] for name in (*names, "excitability")), drift=drift
    )
    direct = recording.attrs["simulated_direct"]
    evoked = direct * direct_drive(electrodes, stimuli, prior)
    evoked += (1 - direct) * believed @ electrodes.preference.T
    spontaneous = electrodes.baseline * (RESPONSE.stop - RESPONSE.start) / SAMPLES_PER_SECOND
    every = evoked * (electrodes.gain * drift)[session] + spontaneous
    members = ready.ensembles.electrode_ensemble
    return np.stack([every[:, members == number].mean(axis=1) for number in (1, 2)])


def oracle(recording: xr.Dataset, ready: Normalised, *, learning: bool) -> Responses:
    """Return the expected normalised response: the normalisation is linear, then cut off."""
    spikes, seen = mean_spikes(recording, ready, learning=learning), ready.ensembles.response
    initial = np.arange(seen.shape[1]) < INITIAL * SIZES["trials_per_session"]
    found = np.zeros_like(seen)
    for e, x in enumerate(ready.response):
        inside = (x > 0) & (x < 1)
        for state in range(len(ready.ensembles.states.patterns)):
            here = ready.ensembles.states.index == state
            slope, offset = np.polyfit(seen[e][inside & here], x[inside & here], 1)
            noise = slope * (seen[e] - spikes[e])[here & initial].std()
            location = slope * spikes[e][here] + offset
            scale = max(noise / LOGISTIC_DEVIATION, 0.01)
            found[e][here] = np.asarray(expected(location, scale))
    return found


def compared(seed: int, knobs: dict[str, float]) -> Compared | None:
    """Return the errors of one culture; None where it cannot be normalised."""
    recording = culture(seed, **SIZES, **knobs)  # type: ignore[arg-type]
    (ready,) = normalised([recording], PublishedProtocol())
    if not isinstance(ready, Normalised):
        return None
    known, fold = ready.known(INITIAL), ready.ensembles.sessions.fold_rows

    def error(mean: np.ndarray) -> float:
        return float(((ready.folded - mean)[-LAST:] ** 2).mean())

    learning = Canonical().predicted(known, jax.random.key(0))
    frozen = Frozen().predicted(known, jax.random.key(0))
    return Compared(
        canonical=error(learning.mean),
        frozen=error(frozen.mean),
        oracle=error(fold(oracle(recording, ready, learning=True))),
        frozen_oracle=error(fold(oracle(recording, ready, learning=False))),
        log_evidence=float(learning.attrs["log_evidence"]),
    )


def rows(words: str, seed: str) -> list[dict[str, float]]:
    """Return the row of one culture, or none."""
    found = compared(int(seed), KINDS[words])
    return [] if found is None else [found._asdict()]


def summary(words: str, found: Float[np.ndarray, "culture field"]) -> str:
    """Return medians, how often learning was foretold, and how much of what could be won was."""
    medians = dict(zip(Compared._fields, np.median(found, axis=0).tolist(), strict=True))
    ratio = found[:, 0] / found[:, 1]
    gap = medians["frozen"] - medians["oracle"]
    listed = ", ".join(f"{name} {value:.4f}" for name, value in medians.items())
    return (
        f"{words}, {len(found)} cultures, medians: {listed}\n"
        f"  error relative to frozen {np.median(ratio):.3f}, less in {(ratio < 1).mean():.0%}; "
        f"of the gap to the oracle {(medians['frozen'] - medians['canonical']) / gap:.2f} closed; "
        f"clear evidence in {(found[:, 4] >= CLEAR).mean():.0%}, at most {found[:, 4].max():.1f}"
    )


def main() -> None:
    """Print a summary of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cultures", type=int, default=12, help="of each kind")
    parser.add_argument("--seed", type=int, default=1000, help="of the first")
    parser.add_argument("--kinds", nargs="*", choices=[*KINDS], default=[*KINDS])
    parser.add_argument("--table", type=Path, help="where rows are kept, to go on from")
    given = parser.parse_args()
    for words in given.kinds:
        keys = [(words, str(given.seed + n)) for n in range(given.cultures)]
        every = kept_rows(given.table, keys, ("kind", "seed"), rows)
        found = [
            [float(row[name]) for name in Compared._fields]
            for row in every
            if (row["kind"], row["seed"]) in keys
        ]
        print(summary(words, np.array(found)), flush=True)


if __name__ == "__main__":
    main()
