"""Which model explains choices: evidence, and subjects that were held out."""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float, Int

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed, checked_size
from canonica._errors import CanonicaError
from canonica._files import AnyPath
from canonica._float64 import double_precision
from canonica._provenance import versions
from canonica._statistics import bootstrap_interval
from canonica.reverse_engineering.phenotype._canonical_subject import STRENGTHS
from canonica.reverse_engineering.phenotype._choice_model import (
    BASE,
    FREE,
    RIVALS,
    ChoiceModel,
    choice_model,
    strength_names,
)
from canonica.reverse_engineering.phenotype._choices import Choices
from canonica.reverse_engineering.phenotype._group_prior import group_priors
from canonica.reverse_engineering.phenotype._laplace import NormalPrior, spread_points
from canonica.reverse_engineering.phenotype._phenotype import choices_of
from canonica.reverse_engineering.phenotype._sampled_posterior import sampled_posteriors
from canonica.reverse_engineering.phenotype._trials import ChoiceTrials, trials_of

FOLDS = 10
POINTS = 1024  # of the group's distribution, at which a held-out subject is scored
WORTH_NAMING = 3  # times more probable that a lesion has to make choices


@checked_arguments
def compare_lesions(
    choices: AnyPath | pd.DataFrame | Choices,
    *,
    base: Sequence[str] = BASE,
    lesions: Sequence[str] | None = None,
    rivals: bool = True,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> xr.Dataset:
    """Return how well single lesions explain each subject, beside the base and plain rivals.

    Each lesion in turn is free beside the base's parameters; all others are neutral. The evidence
    is integrated over the weak priors of `phenotype`, at the points that it samples.

    Parameters
    ----------
    choices : path-like, pandas.DataFrame or Choices
        As `read_choices` takes or returns it.
    base : sequence of str
        What is free in all of them; none for an agent that is known but for its lesion.
    lesions : sequence of str, optional
        What is free beside it, each alone; by default every other parameter there is.
    rivals : bool
        Whether Rescorla-Wagner and win-stay-lose-shift are compared too.
    seed : int
        Decides at which points posteriors are looked at.
    progress : callable, optional
        Called with the number of models done, and of all.

    Returns
    -------
    xarray.Dataset
        With ``log_evidence`` (nats) and ``probability`` (of the models compared, alike at first)
        by subject and model, ``total`` by model, ``difference`` of the mean over subjects from the
        best model's with a 95 % interval ``low`` and ``high``, and ``best`` by subject: a lesion
        only where it makes the choices three times as probable as the others do, as one of which
        choices say nothing is as probable as the base.

    Raises
    ------
    CanonicaError
        As in `phenotype`; or if a lesion is in the base.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"subject": ["a"] * 6, "trial": range(6), "choice": list("LLLRLL"),
    ...         "outcome": [1, 1, 0, 0, 1, 1]}
    >>> found = compare_lesions(pd.DataFrame(rows), base=[], lesions=["habit"], rivals=False)
    >>> found["model"].values.tolist()
    ['base', 'habit']
    """
    seed, data = checked_seed(seed), choices_of(choices)
    with double_precision():
        trials = trials_of(data)
        models = lesion_models(trials, len(data.options), base, lesions)
        if rivals:
            models |= {name: choice_model(name, trials, len(data.options)) for name in RIVALS}
        evidences = log_evidences(models, trials, seed, progress)
    return compared(evidences, list(models), data).assign_attrs(seed=seed)


def lesion_models(
    trials: ChoiceTrials, options: int, base: Sequence[str], lesions: Sequence[str] | None
) -> dict[str, ChoiceModel]:
    """Return the base, and the base with each lesion, by name."""
    base = strength_names("base", base)
    others = [name for name in STRENGTHS if name not in base]
    names = others if lesions is None else strength_names("lesions", lesions)
    for name in names:
        if name in base:
            raise CanonicaError(
                f"lesions: found {name!r}, which is in the base; expected others. Leave it out."
            )
    canonical = partial(choice_model, "canonical", trials, options)
    return {"base": canonical(base), **{name: canonical([*base, name]) for name in names}}


def log_evidences(
    models: dict[str, ChoiceModel],
    trials: ChoiceTrials,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Float[np.ndarray, "subject model"]:
    """Return the log evidence of each subject's choices under each model."""
    found = []
    for model in models.values():
        prior = NormalPrior.of(model, trials.choice.shape[0])
        found.append(np.asarray(sampled_posteriors(model, trials, prior, seed).log_evidence))
        if progress is not None:
            progress(len(found), len(models))
    return np.stack(found, axis=1)


def preferred_models(
    log_evidence: Float[np.ndarray, "subject model"], beside: Sequence[bool]
) -> Int[np.ndarray, " subject"]:
    """Return the best model of each subject; lesions only if three times as probable as others."""
    return (log_evidence - np.log(WORTH_NAMING) * np.array(beside)).argmax(axis=1)


def compared(
    log_evidence: Float[np.ndarray, "subject model"], names: Sequence[str], data: Choices
) -> xr.Dataset:
    """Return a comparison of models by their evidence."""
    best = int(log_evidence.sum(axis=0).argmax())
    behind = log_evidence - log_evidence[:, [best]]
    beside = [name in STRENGTHS for name in names]
    preferred = preferred_models(log_evidence, beside)
    weight = np.exp(log_evidence - log_evidence.max(axis=1, keepdims=True))
    intervals = np.array([bootstrap_interval(column) for column in behind.T])
    return xr.Dataset(
        {
            "log_evidence": (("subject", "model"), log_evidence, {"units": "nat"}),
            "probability": (("subject", "model"), weight / weight.sum(axis=1, keepdims=True)),
            "best": ("subject", [names[n] for n in preferred]),
            "total": ("model", log_evidence.sum(axis=0), {"units": "nat"}),
            "difference": ("model", behind.mean(axis=0), {"units": "nat per subject"}),
            "low": ("model", intervals[:, 0]),
            "high": ("model", intervals[:, 1]),
        },
        coords={
            "subject": list(data.subjects),
            "group": ("subject", list(data.groups)),
            "model": list(names),
        },
        attrs={"best": names[best], "source": data.source, **versions()},
    )


@checked_arguments
def cross_validate(
    choices: AnyPath | pd.DataFrame | Choices,
    *,
    free: Sequence[str] = FREE,
    folds: int = FOLDS,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> xr.Dataset:
    """Return how well choices of subjects who were held out are predicted, model by model.

    From all subjects but those of a fold, the distribution of parameters is estimated (a normal on
    the scale without bounds, by empirical Bayes); each subject of the fold is scored by the log
    probability of all its choices, integrated over that distribution at 1024 points of a Sobol
    sequence. That is the sum of predictions made one choice ahead, by a model that gets to know the
    subject on the way.

    Parameters
    ----------
    choices : path-like, pandas.DataFrame or Choices
        As `read_choices` takes or returns it.
    free : sequence of str
        Of the canonical subject.
    folds : int
        How many, at most as many as there are subjects.
    seed : int
        Decides which subject is in which fold, and at which points posteriors are looked at.
    progress : callable, optional
        Called with the number of models done, and of all.

    Returns
    -------
    xarray.Dataset
        With ``log_likelihood`` (nats per choice) by subject and model, ``mean`` over subjects, and
        the paired ``difference`` from the best model with a 95 % interval ``low`` and ``high`` (BCa
        bootstrap over subjects). Chance is a model.

    Raises
    ------
    CanonicaError
        As in `phenotype`; or if there are fewer than two subjects.

    Examples
    --------
    >>> found = cross_validate("choices.csv")  # doctest: +SKIP
    """
    data = choices_of(choices)
    checked_size("folds", folds, least=2)
    subjects, options = len(data.subjects), len(data.options)
    if subjects < 2:  # noqa: PLR2004
        raise CanonicaError(
            f"{data.source}: found {subjects} subject; expected two at least, to hold one out."
        )
    folds = min(folds, subjects)
    fold = np.random.default_rng(checked_seed(seed)).permutation(np.arange(subjects) % folds)
    with double_precision():
        trials = trials_of(data)
        models = {
            "canonical": choice_model("canonical", trials, options, free),
            **{name: choice_model(name, trials, options) for name in RIVALS},
        }
        scores = np.full((subjects, len(models) + 1), -np.log(options))
        for n, model in enumerate(models.values()):
            scores[:, n] = _held_out(model, trials, fold, seed) / np.array(data.trials)
            if progress is not None:
                progress(n + 1, len(models))
    return _validated(scores, [*models, "chance"], data).assign_attrs(folds=folds, seed=seed)


def _held_out(
    model: ChoiceModel, trials: ChoiceTrials, fold: Int[np.ndarray, " subject"], seed: int
) -> Float[np.ndarray, " subject"]:
    """Return the log probability of each subject's choices by what others do."""
    weak = NormalPrior.of(model, len(fold))
    found = sampled_posteriors(model, trials, weak, seed)
    others = group_priors(found, weak, jnp.asarray(fold != np.arange(fold.max() + 1)[:, None]))
    of_subject = NormalPrior(*(part[fold] for part in others))
    return np.asarray(marginal_log_likelihood(model, trials, of_subject, seed))


def marginal_log_likelihood(
    model: ChoiceModel, trials: ChoiceTrials, prior: NormalPrior, seed: int
) -> Float[Array, " subject"]:
    """Return the log of the mean likelihood over each subject's prior, at points of a sequence."""
    even = jnp.asarray(spread_points(POINTS, len(model.parameters), seed))
    return _marginal(model, trials, prior, even)


@partial(jax.jit, static_argnums=0)
def _marginal(
    model: ChoiceModel,
    trials: ChoiceTrials,
    prior: NormalPrior,
    even: Float[Array, "point parameter"],
) -> Float[Array, " subject"]:
    def of_subject(one: tuple[ChoiceTrials, NormalPrior]) -> Float[Array, ""]:
        own, prior = one
        each = jax.vmap(lambda x: model.log_likelihood(prior.mean + prior.sd * x, own))(even)
        return jax.nn.logsumexp(each) - np.log(len(even))

    return jax.lax.map(of_subject, (trials, prior))


def _validated(
    scores: Float[np.ndarray, "subject model"],
    names: Sequence[str],
    data: Choices,
) -> xr.Dataset:
    best = int(scores.mean(axis=0).argmax())
    behind = scores - scores[:, [best]]
    intervals = np.array([bootstrap_interval(column) for column in behind.T])
    return xr.Dataset(
        {
            "log_likelihood": (("subject", "model"), scores, {"units": "nat per choice"}),
            "mean": ("model", scores.mean(axis=0), {"units": "nat per choice"}),
            "difference": ("model", behind.mean(axis=0), {"units": "nat per choice"}),
            "low": ("model", intervals[:, 0]),
            "high": ("model", intervals[:, 1]),
        },
        coords={
            "subject": list(data.subjects),
            "group": ("subject", list(data.groups)),
            "model": list(names),
        },
        attrs={"best": names[best], "source": data.source, **versions()},
    )
