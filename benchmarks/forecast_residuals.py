"""Ask what the frozen network leaves unexplained in the initial sessions of recorded cultures.

Residuals are slopes of the log likelihood, in units of their standard deviation if the model is
right: the mean square of their sums is then 1, less what was fitted, and no two sessions correlate.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from forecast_recordings import FILES, NORMALISATIONS, read
from jaxtyping import Float

from canonica._float64 import in_float64
from canonica.model import SynapticSums
from canonica.reverse_engineering import PublishedProtocol
from canonica.reverse_engineering.forecasting import Canonical, Known, Normalised, normalised
from canonica.reverse_engineering.forecasting.distribution._censored_logistic import (
    gradients,
    information,
    location_of,
    location_slopes,
)
from canonica.reverse_engineering.forecasting.plasticity._laplace import (
    Fit,
    Learned,
    Trials,
    log_odds,
)

FARTHEST = 6.0  # standard deviations that a single residual may count
LAGS = (1, 2)


class Unexplained(NamedTuple):
    """Of one ensemble, by source state.

    Attributes
    ----------
    mean_square : (state,)
        Of a session's sum of residuals.
    correlated : (lag, state)
        Mean product of such sums, one and two sessions apart.
    """

    mean_square: Float[np.ndarray, " state"]
    correlated: Float[np.ndarray, "lag state"]


@in_float64
def residuals(trials: Trials, fit: Fit) -> Float[np.ndarray, "session slot"]:
    """Return the residual of each trial if nothing is learned; 0 where there is no trial."""
    sessions, _, inputs = trials.stimuli.shape
    nothing = jnp.zeros((sessions, 2, 1, inputs))
    odds = log_odds(trials, fit, Learned(SynapticSums(nothing, nothing), 0.0), adaptive=True)
    scale = jnp.exp(fit.log_scale)[trials.state]
    location = location_of(odds, scale)
    moved = location_slopes(odds, location, scale).log_odds
    slope = gradients(trials.response, location, scale).location * moved
    found = slope / jnp.sqrt(information(location, scale) * moved**2)
    return np.asarray(jnp.where(trials.valid, found.clip(-FARTHEST, FARTHEST), 0))


def unexplained(known: Known) -> Iterator[Unexplained]:
    """Yield what is left of each ensemble."""
    found = Canonical(rates=2, memories=(float("inf"),)).posterior(known)
    initial, frozen = found.trials.initial, found.posterior.frozen.fit
    shows = (initial.state[..., None] == np.arange(known.states)) & initial.valid[..., None]
    number = np.maximum(shows.sum(axis=1), 1)
    for e, response in enumerate(np.swapaxes(initial.response, 0, 1)):
        left = residuals(Trials(response, *initial[1:]), Fit(*(part[e] for part in frozen)))
        summed = np.einsum("nt,nts->ns", left, shows) / np.sqrt(number)
        products = [(summed[lag:] * summed[:-lag]).mean(axis=0) for lag in LAGS]
        yield Unexplained((summed**2).mean(axis=0), np.array(products))


def main() -> None:
    """Print the figures of each ensemble, and their medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the published recordings")
    parser.add_argument("--initial", type=int, default=10, help="sessions")
    parser.add_argument("--normalisations", nargs="*", default=[*NORMALISATIONS])
    parser.add_argument("--conditions", nargs="*", choices=[*FILES], default=[*FILES])
    given = parser.parse_args()
    protocol = replace(PublishedProtocol(), initial_sessions=given.initial)
    for normalisation in given.normalisations:
        every = []
        for condition in given.conditions:
            ready = normalised(read(given.data / FILES[condition]), protocol, normalisation)
            for one in ready:
                if isinstance(one, Normalised):
                    found = list(unexplained(one.known(given.initial)))
                    print(normalisation, condition, *(each.mean_square.round(1) for each in found))
                    every += found
        square = np.median([one.mean_square for one in every], axis=0)
        print(normalisation, "median mean square by source state", square.round(2), flush=True)
        product = np.median([one.correlated for one in every], axis=0)
        print(normalisation, "median products one and two sessions apart", product.round(2))


if __name__ == "__main__":
    main()
