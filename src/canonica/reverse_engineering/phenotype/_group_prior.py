"""What other subjects say of a subject's parameters: a normal prior, by empirical Bayes."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from canonica.reverse_engineering.phenotype._choice_model import ChoiceModel
from canonica.reverse_engineering.phenotype._laplace import NormalPrior, posteriors
from canonica.reverse_engineering.phenotype._trials import ChoiceTrials

ROUNDS = 6


def group_prior(
    model: ChoiceModel,
    trials: ChoiceTrials,
    included: Bool[Array, " subject"],
    *,
    rounds: int = ROUNDS,
) -> tuple[NormalPrior, Float[Array, "subject parameter"]]:
    """Return the normal that subjects' parameters come from, and their own last estimates.

    Mean and variance are those of the subjects' posteriors (by Laplace's approximation), found
    again and again with the normal that they make as the prior (Huys et al., PLoS Computational
    Biology 7:e1002028, 2011). The weak prior counts as one subject more, so that a spread never
    vanishes.

    Parameters
    ----------
    included : (subject,)
        Whose parameters count; the others are estimated too, and change nothing.
    rounds : int
        How often.
    """
    subjects = len(included)
    weak = NormalPrior.of(model, subjects)
    prior, start = weak, None
    weight = included[:, None].astype(weak.mean.dtype)
    total = weight.sum() + 1
    for _ in range(rounds):
        found = posteriors(model, trials, prior, start)
        start = found.mean
        variance = jnp.diagonal(found.covariance, axis1=1, axis2=2)
        mean = ((weight * found.mean).sum(axis=0) + weak.mean[0]) / total
        square = (weight * ((found.mean - mean) ** 2 + variance)).sum(axis=0)
        own = weak.sd[0] ** 2 + (weak.mean[0] - mean) ** 2
        sd = jnp.sqrt((square + own) / total)
        prior = NormalPrior(*(jnp.broadcast_to(part, weak.mean.shape) for part in (mean, sd)))
    return prior, weak.mean if start is None else start
