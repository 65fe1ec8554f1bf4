"""Is the posterior of plasticity right? Studies on recordings whose truth is known.

If truths are drawn from the prior, then the posterior's cumulative probability at the truth is
uniform, its intervals hold the truth as often as they say, and of the networks said to be plastic
with probability p a share p are.
"""

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._pieces import Maker, made_in_order
from canonica.reverse_engineering.forecasting.models._canonical import Canonical
from canonica.studies.plasticity._labelled import attrs, check, evidences
from canonica.studies.plasticity._posteriors import (
    Progress,
    RecordingSizes,
    edges,
    posteriors,
    strength_range,
)
from canonica.studies.plasticity._simulated_responses import Truth

KINDS = ("plastic", "frozen")
QUANTILE = (0.05, 0.25, 0.5, 0.75, 0.95)


@checked_arguments
def plasticity_calibration(
    seed: int,
    *,
    draws: int = 250,
    initial_sessions: int = 10,
    trials_per_session: int = 64,
    inputs: int = 16,
    truth: Truth | None = None,
    model: Canonical | None = None,
    maker: Maker = made_in_order,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Draw networks from the prior, plastic ones and frozen ones, and find their posteriors.

    Parameters
    ----------
    seed : int
        Decides everything random; 0 or more. A draw does not depend on how many others there are.
    draws : int
        Plastic networks, and as many frozen ones.
    initial_sessions, trials_per_session, inputs : int
        RecordingSizes of each recording; the same trials come in every session.
    truth : Truth, optional
        Variances and noise of all networks, by default those of recorded cultures. Prior strength
        and memory are drawn from the model's prior: log-uniform, and each of its list as often.
    model : Canonical, optional
        By default as it is.
    maker, progress
        Who makes its pieces, each a recording, and may keep them; who is told how many recordings
        are done, and of how many.

    Returns
    -------
    xarray.Dataset
        `true_prior_strength`, `true_memory` (draw) of the plastic networks; their `rank`, the
        posterior probability of a smaller prior strength, and `prior_strength` (draw, quantile),
        both given plasticity; `log_evidence` for plasticity in nats, `probability_plastic` and
        `fit_unfinished` in nats (kind, draw). Attributes: settings and versions.

    Raises
    ------
    CanonicaError
        If a size is out of its range.

    See Also
    --------
    calibration_summary : Coverage, tests of the ranks, and calibration of the probabilities.

    References
    ----------
    Talts, Betancourt, Simpson, Vehtari & Gelman, Validating Bayesian inference algorithms with
    simulation-based calibration, arXiv:1804.06788, 2018.

    Examples
    --------
    >>> model = Canonical(rates=5, memories=(1.0, float("inf")))
    >>> sizes = {"initial_sessions": 3, "trials_per_session": 8, "inputs": 4}
    >>> found = plasticity_calibration(0, draws=2, model=model, **sizes)
    >>> found.probability_plastic.shape
    (2, 2)
    """
    model = model or Canonical()
    truth = truth or Truth()
    sizes = RecordingSizes(initial_sessions, trials_per_session, inputs)
    check(seed, draws=draws, **sizes._asdict())
    drawn = [_truth(np.random.default_rng([seed, n]), truth, sizes, model) for n in range(draws)]
    # By turns, so that a recording's number does not depend on how many others there are.
    every = [each for one in drawn for each in (one, one._replace(prior_strength=np.inf))]
    by_turns = posteriors(seed, every, sizes, model, maker=maker, progress=progress)
    found = [*by_turns[::2], *by_turns[1::2]]
    plastic = list(zip(drawn, found, strict=False))
    strength = {"units": "trials"}
    variables = {
        "true_prior_strength": (("draw",), [one.prior_strength for one in drawn], strength),
        "true_memory": (("draw",), [one.memory for one in drawn], {"units": "sessions"}),
        "rank": (("draw",), [one.rank(true.prior_strength) for true, one in plastic]),
        "prior_strength": (
            ("draw", "quantile"),
            [one.quantiles(QUANTILE) for _, one in plastic],
            strength,
        ),
    }
    by_kind = evidences(found, ("kind", "draw"), (len(KINDS), draws))
    coordinates = {
        "kind": list(KINDS),
        "draw": np.arange(1, draws + 1),
        "quantile": list(QUANTILE),
    }
    return xr.Dataset(variables | by_kind, coordinates, attrs(seed, truth, sizes, model))


def _truth(
    generator: np.random.Generator, truth: Truth, sizes: RecordingSizes, model: Canonical
) -> Truth:
    """Return a truth with a plasticity drawn from the model's prior, given that there is any."""
    ends = edges(np.log(np.geomspace(*strength_range(sizes, model), model.rates)))
    return truth._replace(
        prior_strength=float(np.exp(generator.uniform(ends[0], ends[-1]))),
        memory=float(generator.choice(model.memories)),
    )
