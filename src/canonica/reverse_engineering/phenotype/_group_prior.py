"""What other subjects say of a subject's parameters: a normal prior, by empirical Bayes."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

from canonica.reverse_engineering.phenotype._laplace import NormalPrior
from canonica.reverse_engineering.phenotype._sampled_posterior import SampledPosterior

ROUNDS = 20


@partial(jax.jit, static_argnames="rounds")
def group_prior(
    found: SampledPosterior,
    weak: NormalPrior,
    included: Bool[Array, " subject"],
    *,
    rounds: int = ROUNDS,
) -> NormalPrior:
    """Return the normal that subjects' parameters come from.

    Mean and variance are those of the subjects' posteriors, found again and again with the normal
    that they make as the prior (Huys et al., PLoS Computational Biology 7:e1002028, 2011); the
    points of the posteriors stay, and are weighted anew. The weak prior counts as one subject more,
    so that a spread never vanishes.

    Parameters
    ----------
    found : SampledPosterior
        Of all subjects, under the weak prior.
    weak : NormalPrior
        The same for all.
    included : (subject,)
        Whose parameters count.
    rounds : int
        How often.
    """
    weight = included[:, None].astype(weak.mean.dtype)
    total = weight.sum() + 1

    def nearer(_: int | Array, prior: NormalPrior) -> NormalPrior:
        own = found.drawn.under(prior)
        mean = ((weight * own.mean).sum(axis=0) + weak.mean[0]) / total
        square = (weight * ((own.mean - mean) ** 2 + own.sd**2)).sum(axis=0)
        square = square + weak.sd[0] ** 2 + (weak.mean[0] - mean) ** 2
        sd = jnp.sqrt(square / total)
        return NormalPrior(*(jnp.broadcast_to(part, weak.mean.shape) for part in (mean, sd)))

    return jax.lax.fori_loop(0, rounds, nearer, weak)


def group_priors(
    found: SampledPosterior, weak: NormalPrior, included: Bool[Array, "group subject"]
) -> NormalPrior:
    """Return the normal of each of several groups, by group and parameter."""

    def of_group(members: Bool[Array, " subject"]) -> tuple[Array, Array]:
        prior = group_prior(found, weak, members)
        return prior.mean[0], prior.sd[0]

    return NormalPrior(*jax.lax.map(of_group, included))
