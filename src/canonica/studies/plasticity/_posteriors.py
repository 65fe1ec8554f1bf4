"""Posteriors of plasticity, recording after recording of known truth."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import numpy as np
import xarray as xr
from jaxtyping import Float

from canonica._pieces import Maker, Piece, all_made, as_piece
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
    *,
    maker: Maker,
    progress: Progress | None,
) -> list[Found]:
    """Return the posterior of one recording of each truth, each a piece."""
    pieces = [
        Piece(
            {
                "study": "posterior of plasticity",
                "seed": seed,
                "number": number,
                "truth": repr(truth),
                "model": repr(model),
                **sizes._asdict(),
            },
            partial(_posterior, seed, number, truth, sizes, model),
        )
        for number, truth in enumerate(truths)
    ]
    return [found_in(part) for part in all_made(pieces, maker, progress)]


def _posterior(
    seed: int, number: int, truth: Truth, sizes: RecordingSizes, model: Canonical
) -> xr.Dataset:
    known, _ = simulated_known(
        jax.random.fold_in(jax.random.key(seed), number),
        truth,
        sessions=sizes.initial_sessions,
        initial=sizes.initial_sessions,
        trials=sizes.trials_per_session,
        inputs=sizes.inputs,
        adaptive=model.adaptive_thresholds,
    )
    return piece_of_found(known, model)


def piece_of_found(known: Known, model: Canonical) -> xr.Dataset:
    """Return evidence and prior strength of one recording, as a piece."""
    found = found_of(known, model)._asdict()
    return as_piece({name: np.asarray(one) for name, one in found.items()})


def found_in(part: xr.Dataset) -> Found:
    """Return evidence and prior strength of one recording from its piece."""
    return Found(
        log_evidence=float(part["log_evidence"]),
        probability_plastic=float(part["probability_plastic"]),
        edges=part["edges"].to_numpy(),
        cumulative=part["cumulative"].to_numpy(),
        unfinished=float(part["unfinished"]),
    )


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
