"""Groups of subjects: the distribution of parameters in each, and differences, by sampling."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float, Int

from canonica._arguments import checked_arguments
from canonica._checks import checked_probability, checked_seed, checked_size
from canonica._errors import CanonicaError
from canonica._files import AnyPath
from canonica._float64 import double_precision
from canonica._provenance import versions
from canonica.reverse_engineering.phenotype._choice_model import (
    ChoiceModel,
    ModelName,
    choice_model,
)
from canonica.reverse_engineering.phenotype._choices import Choices
from canonica.reverse_engineering.phenotype._laplace import NormalPrior, posteriors
from canonica.reverse_engineering.phenotype._phenotype import LEVEL, choices_of
from canonica.reverse_engineering.phenotype._trials import ChoiceTrials, trials_of

DRAWS, CHAINS = 500, 2
HIGHEST_R_HAT, LEAST_ESS = 1.01, 400.0
ACCEPTED = 0.9  # of proposals, which the step size is adapted to
DEEPEST = 7  # doublings of a trajectory


class _Drawn(NamedTuple):
    """What was drawn, (chain, draw, ...), and how many transitions diverged."""

    mean: Float[np.ndarray, "chain draw group parameter"]
    spread: Float[np.ndarray, "chain draw parameter"]
    subject: Float[np.ndarray, "chain draw subject parameter"]
    divergences: int


@checked_arguments
def hierarchical_phenotype(
    choices: AnyPath | pd.DataFrame | Choices,
    *,
    model: ModelName = "canonical",
    free: Sequence[str] | None = None,
    draws: int = DRAWS,
    warmup: int | None = None,
    chains: int = CHAINS,
    level: float = LEVEL,
    seed: int = 0,
) -> xr.Dataset:
    """Return the distribution of parameters in each group, and how groups differ.

    Subjects' parameters, on the scale without bounds, are normal about the mean of their group,
    with a spread that all groups share. Means have the priors of `phenotype`, spreads half-normal
    ones of the same size. Sampled by NUTS (NumPyro), all subjects at once; convergence is judged by
    ArviZ. Both come with ``pip install canonica[phenotype]``. It takes minutes.

    Parameters
    ----------
    choices, model, free, level
        As in `phenotype`; groups are those of the column ``group``.
    draws, chains : int
        Draws kept of each chain, and chains.
    warmup : int, optional
        Draws before them; as many by default.
    seed : int
        Decides everything random.

    Returns
    -------
    xarray.Dataset
        By group and parameter: ``estimate`` (of a subject at the mean of its group), ``low`` and
        ``high``, ``mean`` on the scale without bounds, ``r_hat`` and ``ess``; and the group's
        ``difference`` from the first group, with ``difference_low`` and ``difference_high``, on
        the scale without bounds. ``spread`` by parameter. ``subject_estimate``, ``subject_low``
        and ``subject_high`` by subject. Attributes ``divergences``, ``highest_r_hat``,
        ``smallest_ess``, and ``converged``: no divergence, R-hat at most 1.01, 400 effective draws.

    Raises
    ------
    CanonicaError
        As in `phenotype`; or if NumPyro or ArviZ is missing.

    References
    ----------
    Ahn, Haines & Zhang, Computational Psychiatry 1:24, 2017; Vehtari et al., Bayesian Analysis
    16:667, 2021.

    Examples
    --------
    >>> found = hierarchical_phenotype("choices.csv", draws=500)  # doctest: +SKIP
    """
    for name, value in (("draws", draws), ("chains", chains)):
        checked_size(name, value)
    warmup = draws if warmup is None else checked_size("warmup", warmup)
    level, seed = checked_probability("level", level, certain=False), checked_seed(seed)
    data = choices_of(choices)
    groups = list(dict.fromkeys(data.groups))
    with double_precision():
        trials = trials_of(data)
        chosen = choice_model(model, trials, len(data.options), free)
        group = jnp.asarray([groups.index(one) for one in data.groups])
        settings: dict[str, Any] = {
            "num_warmup": warmup,
            "num_samples": draws,
            "num_chains": chains,
        }
        found = _drawn(chosen, trials, group, settings, seed)
        result = _summarised(found, chosen, data, groups, level)
    return result.assign_attrs(
        model=model, draws=draws, warmup=warmup, chains=chains, seed=seed, level=level,
        source=data.source, outcomes=data.rule, **versions(),
    )  # fmt: skip


def _libraries() -> tuple[Any, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of ArviZ, about its next version
            import arviz  # noqa: PLC0415
            import numpyro  # noqa: PLC0415
    except ImportError as error:
        raise CanonicaError(
            f"hierarchical: found no {error.name}; expected NumPyro and ArviZ. Install "
            "canonica[phenotype]."
        ) from error
    return numpyro, arviz


def _drawn(
    model: ChoiceModel,
    trials: ChoiceTrials,
    group: Int[Array, " subject"],
    settings: dict[str, Any],
    seed: int,
) -> _Drawn:
    numpyro, _ = _libraries()
    from numpyro import distributions as dist  # noqa: PLC0415
    from numpyro.infer import MCMC, NUTS, init_to_value  # noqa: PLC0415

    subjects, size = len(group), len(model.parameters)
    prior = NormalPrior.of(model, int(group.max()) + 1)

    likelihood = _log_likelihood(model, trials)

    def subjects_of_groups() -> None:
        mean = numpyro.sample("mean", dist.Normal(prior.mean, prior.sd).to_event(2))
        spread = numpyro.sample("spread", dist.HalfNormal(prior.sd[0]).to_event(1))
        shape = jnp.zeros((subjects, size))
        standard = numpyro.sample("standard", dist.Normal(shape, 1.0).to_event(2))
        own = numpyro.deterministic("subject", mean[group] + spread * standard)
        numpyro.factor("choices", likelihood(own))

    sampler = MCMC(
        NUTS(
            subjects_of_groups,
            target_accept_prob=ACCEPTED,
            max_tree_depth=DEEPEST,
            dense_mass=cast("bool", [("mean", "spread")]),  # lists are as good, unsaid
            init_strategy=init_to_value(values=_beginning(model, trials, group, prior)),
        ),
        chain_method="sequential",
        progress_bar=False,
        **settings,
    )
    sampler.run(jax.random.key(seed))
    kept = sampler.get_samples(group_by_chain=True)
    diverged = int(sampler.get_extra_fields()["diverging"].sum())
    mean, spread, own = (np.asarray(kept[name]) for name in ("mean", "spread", "subject"))
    return _Drawn(mean, spread, own, diverged)


def _beginning(
    model: ChoiceModel, trials: ChoiceTrials, group: Int[Array, " subject"], prior: NormalPrior
) -> dict[str, Array]:
    """Return where chains begin: at subjects' own estimates, half of the prior's spread apart."""
    own = posteriors(model, trials, NormalPrior.of(model, len(group))).mean
    members = jax.nn.one_hot(group, len(prior.mean), dtype=own.dtype)
    mean = (members.T @ own) / members.sum(axis=0)[:, None]
    spread = prior.sd[0] / 2
    return {"mean": mean, "spread": spread, "standard": (own - mean[group]) / spread}


def _log_likelihood(
    model: ChoiceModel, trials: ChoiceTrials
) -> Callable[[Float[Array, "subject parameter"]], Float[Array, ""]]:
    """Return the log likelihood of all subjects, its slope taken forwards.

    Each subject has few parameters and many trials: nothing of the trials need be kept.
    """

    def both(unbounded: Float[Array, "subject parameter"]) -> tuple[Array, Array]:
        def twice(x: Array, one: ChoiceTrials) -> tuple[Array, Array]:
            value = model.log_likelihood(x, one)
            return value, value

        slope, value = jax.vmap(jax.jacfwd(twice, has_aux=True))(unbounded, trials)
        return value.sum(), slope

    @jax.custom_vjp
    def likelihood(unbounded: Float[Array, "subject parameter"]) -> Float[Array, ""]:
        return both(unbounded)[0]

    def backwards(slope: Array, change: Array) -> tuple[Array]:
        return (change * slope,)

    likelihood.defvjp(both, backwards)
    return likelihood


def has_converged(divergences: int, r_hat: float, ess: float) -> bool:
    """Return whether chains may be trusted: NaN, of chains that stand still, says no."""
    return divergences == 0 and r_hat <= HIGHEST_R_HAT and ess >= LEAST_ESS


def _summarised(
    found: _Drawn, model: ChoiceModel, data: Choices, groups: list[str], level: float
) -> xr.Dataset:
    _, arviz = _libraries()
    ends = [(1 - level) / 2, (1 + level) / 2]

    def bounded(drawn: np.ndarray) -> np.ndarray:
        each = zip(model.parameters, np.moveaxis(drawn, -1, 0), strict=True)
        return np.stack([np.asarray(one.value(jnp.asarray(part))) for one, part in each], axis=-1)

    def of_draws(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        low, middle, high = np.quantile(drawn, [ends[0], 0.5, ends[1]], axis=(0, 1))
        return low, middle, high

    def diagnosed(drawn: np.ndarray, judge: Any) -> np.ndarray:
        flat = drawn.reshape(*drawn.shape[:2], -1)
        with np.errstate(invalid="ignore", divide="ignore"):  # of chains that stand still
            each = [float(judge(flat[..., n])) for n in range(flat.shape[-1])]
        return np.array(each).reshape(drawn.shape[2:])

    low, middle, high = of_draws(bounded(found.mean))
    apart_low, apart, apart_high = of_draws(found.mean - found.mean[:, :, :1])
    own_low, own, own_high = of_draws(bounded(found.subject))
    spread_low, spread, spread_high = of_draws(found.spread)
    r_hat, ess = diagnosed(found.mean, arviz.rhat), diagnosed(found.mean, arviz.ess)
    spread_r_hat, spread_ess = (diagnosed(found.spread, one) for one in (arviz.rhat, arviz.ess))
    highest = float(np.max([r_hat.max(), spread_r_hat.max()]))
    smallest = float(np.min([ess.min(), spread_ess.min()]))
    of_group, of_subject = ("group", "parameter"), ("subject", "parameter")
    return xr.Dataset(
        {
            "estimate": (of_group, middle),
            "low": (of_group, low),
            "high": (of_group, high),
            "mean": (of_group, found.mean.mean(axis=(0, 1))),
            "difference": (of_group, apart),
            "difference_low": (of_group, apart_low),
            "difference_high": (of_group, apart_high),
            "r_hat": (of_group, r_hat),
            "ess": (of_group, ess),
            "spread": ("parameter", spread),
            "spread_low": ("parameter", spread_low),
            "spread_high": ("parameter", spread_high),
            "subject_estimate": (of_subject, own),
            "subject_low": (of_subject, own_low),
            "subject_high": (of_subject, own_high),
        },
        coords={
            "group": groups,
            "subject": list(data.subjects),
            "subject_group": ("subject", list(data.groups)),
            "parameter": [one.name for one in model.parameters],
            "symbol": ("parameter", [one.symbol for one in model.parameters]),
        },
        attrs={
            "divergences": found.divergences,
            "highest_r_hat": highest,
            "smallest_ess": smallest,
            "converged": int(has_converged(found.divergences, highest, smallest)),
        },
    )
