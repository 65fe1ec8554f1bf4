"""A phenotype: the parameters of each subject, with intervals, from choices."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float

from canonica._arguments import checked_arguments
from canonica._checks import checked_probability, checked_seed
from canonica._files import AnyPath
from canonica._float64 import double_precision
from canonica._provenance import versions
from canonica.reverse_engineering.phenotype._choice_model import (
    ChoiceModel,
    ModelName,
    choice_model,
)
from canonica.reverse_engineering.phenotype._choices import Choices, read_choices
from canonica.reverse_engineering.phenotype._laplace import NormalPrior
from canonica.reverse_engineering.phenotype._sampled_posterior import (
    SampledPosterior,
    sampled_posteriors,
)
from canonica.reverse_engineering.phenotype._trials import ChoiceTrials, trials_of

LEVEL = 0.9
NEARLY_THE_PRIOR = 0.8  # posterior over prior standard deviation, from which nothing was learned


@checked_arguments
def phenotype(
    choices: AnyPath | pd.DataFrame | Choices,
    *,
    model: ModelName = "canonical",
    free: Sequence[str] | None = None,
    level: float = LEVEL,
    seed: int = 0,
) -> xr.Dataset:
    """Return the parameters of each subject that explain its choices, with intervals.

    The canonical subject is the bandit's agent, which learns its policies after every choice: with
    policy precision gamma, plasticity eta, and what else is left free of its lesions. It is told
    what was chosen and what that gave. The likelihood of the choices is exact, and its posterior is
    sampled: the estimate is the median, the interval has as much of the posterior on either side.
    Priors are independent normals on a scale without bounds, weakly informative:

    ==================== ========================= ====== ====
    parameter            scale                     mean   sd
    ==================== ========================= ====== ====
    policy precision     ln gamma                  0      1
    plasticity           ln eta                    0      1
    gain modulation      ln kappa+                 0      1
    loss modulation      ln kappa-                 0      1
    forgetting           log odds of the leak      -3     1.5
    policy prior         log odds of option 1 in E 0      1
    habit                2 artanh h                0      1
    state prior          log odds of D             0      1
    sensory precision    ln zeta                   0      0.7
    transition precision ln omega                  0      0.7
    learning rate        log odds of alpha         -1     1.5
    inverse temperature  ln beta                   0.7    1
    stickiness           kappa                     0      1
    stay after gain      log odds                  0.5    1.5
    stay after loss      log odds                  -0.5   1.5
    ==================== ========================= ====== ====

    A parameter is called identified where its posterior standard deviation, on that scale, is
    below 0.8 of the prior's. No diagnosis can be read from any of this.

    Parameters
    ----------
    choices : path-like, pandas.DataFrame or Choices
        As `read_choices` takes or returns it.
    model : "canonical", "rescorla-wagner" or "win-stay-lose-shift"
        Whose parameters are estimated.
    free : sequence of str, optional
        Of the canonical subject; by default policy precision, plasticity, forgetting and loss
        modulation. All others stay neutral.
    level : float
        Probability that an interval is meant to cover.
    seed : int
        Decides at which points the posterior is looked at.

    Returns
    -------
    xarray.Dataset
        With ``estimate``, ``low``, ``high``, ``identified`` and ``sd_ratio`` (posterior over prior
        standard deviation) by subject and parameter, ``unbounded`` and ``unbounded_sd`` on the
        scale without bounds; ``log_likelihood`` (at the estimate), ``log_evidence`` (nats),
        ``effective`` (as how many points of one weight those of the posterior count),
        ``choices`` and ``missing`` by subject, and its ``group``.

    Raises
    ------
    CanonicaError
        If the table is not one of choices, or there is no such model or parameter.

    References
    ----------
    Sections 1 and 2 of the theory; Smith et al., Drug and Alcohol Dependence 215:108208, 2020.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"subject": ["a"] * 6, "trial": range(6), "choice": list("LLLRLL"),
    ...         "outcome": [1, 1, 0, 0, 1, 1]}
    >>> found = phenotype(pd.DataFrame(rows), model="win-stay-lose-shift")
    >>> found.sizes["parameter"], bool((found["low"] < found["estimate"]).all())
    (2, True)
    """
    level, seed = checked_probability("level", level, certain=False), checked_seed(seed)
    data = choices_of(choices)
    with double_precision():
        trials = trials_of(data)
        chosen = choice_model(model, trials, len(data.options), free)
        prior = NormalPrior.of(chosen, len(data.subjects))
        found = sampled_posteriors(chosen, trials, prior, seed)
        labelled = _labelled(data, chosen, prior, found, level)
        here = jnp.asarray(labelled["unbounded"].to_numpy())
        log_likelihood = np.asarray(_log_likelihood(chosen, here, trials))
    return labelled.assign(
        log_likelihood=("subject", log_likelihood, {"units": "nat"})
    ).assign_attrs(seed=seed)


def choices_of(given: AnyPath | pd.DataFrame | Choices) -> Choices:
    """Return choices, read if they were not yet."""
    return given if isinstance(given, Choices) else read_choices(given)


@partial(jax.jit, static_argnums=0)
def _log_likelihood(
    model: ChoiceModel, unbounded: Float[Array, "subject parameter"], trials: ChoiceTrials
) -> Float[Array, " subject"]:
    return jax.vmap(model.log_likelihood)(unbounded, trials)


def _labelled(
    data: Choices, model: ChoiceModel, prior: NormalPrior, found: SampledPosterior, level: float
) -> xr.Dataset:
    sd = np.asarray(found.sd)
    ratio = sd / np.asarray(prior.sd)
    low, median, high = (
        np.asarray(found.quantile(share)) for share in ((1 - level) / 2, 0.5, (1 + level) / 2)
    )
    both = ("subject", "parameter")

    def bounded(unbounded: np.ndarray) -> np.ndarray:
        parts = [
            np.asarray(one.value(jnp.asarray(unbounded[:, n])))
            for n, one in enumerate(model.parameters)
        ]
        return np.stack(parts, axis=1)

    return xr.Dataset(
        {
            "estimate": (both, bounded(median)),
            "low": (both, bounded(low)),
            "high": (both, bounded(high)),
            "identified": (both, ratio < NEARLY_THE_PRIOR),
            "sd_ratio": (both, ratio),
            "unbounded": (both, median),
            "unbounded_sd": (both, sd),
            "log_evidence": ("subject", np.asarray(found.log_evidence), {"units": "nat"}),
            "effective": ("subject", np.asarray(found.effective)),
            "choices": ("subject", np.array(data.trials)),
            "missing": ("subject", np.array(data.missing)),
        },
        coords={
            "subject": list(data.subjects),
            "group": ("subject", list(data.groups)),
            "parameter": [one.name for one in model.parameters],
            "symbol": ("parameter", [one.symbol for one in model.parameters]),
        },
        attrs={
            "model": model.name,
            "level": level,
            "options": list(data.options),
            "outcomes": data.rule,
            "source": data.source,
            **versions(),
        },
    )
