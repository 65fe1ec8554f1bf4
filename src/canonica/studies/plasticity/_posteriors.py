"""Posteriors of plasticity, recording after recording of known truth."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from canonica.reverse_engineering.forecasting._known import Known
from canonica.reverse_engineering.forecasting.models._canonical import Canonical
from canonica.studies.plasticity._simulated_responses import Truth, simulated_known

Progress = Callable[[int, int], None]


class RecordingSizes(NamedTuple):
    """Of each simulated recording; only its initial sessions are drawn."""

    initial_sessions: int
    trials_per_session: int
    inputs: int


class Found(NamedTuple):
    """Evidence for plasticity in one recording, and the posterior of its prior strength."""

    log_evidence: float
    probability_plastic: float
    edges: Float[np.ndarray, " edge"]
    cumulative: Float[np.ndarray, " edge"]
    unfinished: float

    def quantiles(self, probability: Sequence[float]) -> Float[np.ndarray, " quantile"]:
        """Return quantiles of the prior strength, given plasticity."""
        return np.exp(np.interp(probability, self.cumulative, self.edges))

    def rank(self, prior_strength: float) -> float:
        """Return the posterior probability, given plasticity, of a smaller prior strength."""
        return float(np.interp(np.log(prior_strength), self.edges, self.cumulative))


def posteriors(
    seed: int,
    truths: Sequence[Truth],
    sizes: RecordingSizes,
    model: Canonical,
    progress: Progress | None,
) -> list[Found]:
    """Return the posterior of one recording of each truth."""
    found = []
    for number, truth in enumerate(truths):
        known, _ = simulated_known(
            jax.random.fold_in(jax.random.key(seed), number),
            truth,
            sessions=sizes.initial_sessions,
            initial=sizes.initial_sessions,
            trials=sizes.trials_per_session,
            inputs=sizes.inputs,
            adaptive=model.adaptive_thresholds,
        )
        found.append(found_of(known, model))
        if progress is not None:
            progress(number + 1, len(truths))
    return found


def found_of(known: Known, model: Canonical) -> Found:
    """Return evidence and prior strength of one recording, by its posterior."""
    found = model.posterior(known)
    evidence = found.evidence
    cumulative = np.append(0, np.cumsum(evidence.posterior.sum(axis=0)[::-1]))
    return Found(
        evidence.log_bayes_factor,
        evidence.probability_plastic,
        edges(np.log(found.strengths[::-1])),
        cumulative,
        found.unsettled(evidence),
    )


def edges(centre: Float[np.ndarray, " cell"]) -> Float[np.ndarray, " edge"]:
    """Return the edges of cells with these centres, all of one width."""
    half = (centre[1] - centre[0]) / 2
    return np.append(centre[0] - half, centre + half)


def strength_range(sizes: RecordingSizes, model: Canonical) -> tuple[float, float]:
    """Return the smallest and the largest prior strength of the model's grid."""
    trials = sizes.initial_sessions * sizes.trials_per_session
    return trials / model.strongest_plasticity, trials / model.weakest_plasticity
