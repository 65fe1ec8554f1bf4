"""Choices in one task, predicted from the same subjects' choices in another."""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float, Int

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed
from canonica._errors import CanonicaError, listed
from canonica._files import AnyPath
from canonica._float64 import double_precision
from canonica._provenance import versions
from canonica._statistics import bootstrap_interval
from canonica.reverse_engineering.phenotype._choice_model import (
    FREE,
    RIVALS,
    ChoiceModel,
    choice_model,
)
from canonica.reverse_engineering.phenotype._choices import Choices
from canonica.reverse_engineering.phenotype._compare import marginal_log_likelihood
from canonica.reverse_engineering.phenotype._group_prior import group_priors
from canonica.reverse_engineering.phenotype._laplace import NormalPrior
from canonica.reverse_engineering.phenotype._phenotype import choices_of
from canonica.reverse_engineering.phenotype._sampled_posterior import sampled_posteriors
from canonica.reverse_engineering.phenotype._trials import ChoiceTrials, trials_of

KNOWN = ("own choices", "others' choices")


@checked_arguments
def predict_other_task(
    choices: AnyPath | pd.DataFrame | Choices,
    other: AnyPath | pd.DataFrame | Choices,
    *,
    free: Sequence[str] = FREE,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> xr.Dataset:
    """Return how well choices in one task foretell the same subjects' choices in another.

    What a phenotype is worth shows where it was not read from. From one task, each subject's
    posterior is found, with the distribution of all other subjects as its prior (a normal, by
    empirical Bayes); the other task is scored by the log probability of all its choices, integrated
    over that posterior. Beside it stands the same by the others' distribution alone: the gain of
    one over the other is what a subject's own choices told.

    Parameters
    ----------
    choices, other : path-like, pandas.DataFrame or Choices
        What parameters are read from, and what is foretold, each as `read_choices` takes or returns
        it. Subjects in both, by their names, are scored; the others of the first serve as others.
    free : sequence of str
        Of the canonical subject.
    seed : int
        Decides at which points posteriors are looked at.
    progress : callable, optional
        Called with the number of models done, and of all.

    Returns
    -------
    xarray.Dataset
        With ``log_likelihood`` (nats per choice) by subject, model, and what was ``known`` ("own
        choices" or "others' choices"), and ``mean`` over subjects; ``gain`` of the own over the
        others' by model with a 95 % interval ``gain_low`` and ``gain_high``; and by model the
        paired ``difference`` from the best one, own choices known, with ``low`` and ``high`` (BCa
        bootstrap over subjects). Chance is a model.

    Raises
    ------
    CanonicaError
        As in `phenotype`; or if fewer than two subjects are in both.

    Examples
    --------
    >>> found = predict_other_task("bandit.csv", "reversal.csv")  # doctest: +SKIP
    """
    seed, first, second = checked_seed(seed), choices_of(choices), choices_of(other)
    rows, again = _in_both(first, second)
    with double_precision():
        trials, later = trials_of(first), jax.tree.map(lambda x: x[again], trials_of(second))
        models = [("canonical", free), *((name, None) for name in RIVALS)]
        counts = np.array(second.trials)[again]
        scores = np.full((len(rows), len(models) + 1, len(KNOWN)), -np.log(len(second.options)))
        for n, (name, free_ones) in enumerate(models):
            known = choice_model(name, trials, len(first.options), free_ones)
            foretold = choice_model(name, later, len(second.options), free_ones)
            scores[:, n] = _foretold(known, trials, rows, (foretold, later), seed) / counts[:, None]
            if progress is not None:
                progress(n + 1, len(models))
    return _scored(
        scores, [*(name for name, _ in models), "chance"], np.array(first.subjects)[rows]
    ).assign_attrs(
        free=list(free), seed=seed, source=first.source, other=second.source, **versions()
    )


def _in_both(
    first: Choices, second: Choices
) -> tuple[Int[np.ndarray, " subject"], Int[np.ndarray, " subject"]]:
    """Return where subjects who are in both stand in each."""
    place = {name: n for n, name in enumerate(second.subjects)}
    rows = np.array([n for n, name in enumerate(first.subjects) if name in place], int)
    if len(rows) < 2:  # noqa: PLR2004
        raise CanonicaError(
            f"{second.source}: found {len(rows)} of the subjects of {first.source} "
            f"({listed(second.subjects)}); expected two at least who are in both. Name a subject "
            "alike in both tables."
        )
    return rows, np.array([place[first.subjects[n]] for n in rows])


def _foretold(
    known: ChoiceModel,
    trials: ChoiceTrials,
    rows: Int[np.ndarray, " subject"],
    other: tuple[ChoiceModel, ChoiceTrials],
    seed: int,
) -> Float[np.ndarray, "subject known"]:
    """Return the log probability of all choices in the other task, by what is known."""
    foretold, later = other
    weak = NormalPrior.of(known, trials.choice.shape[0])
    found = sampled_posteriors(known, trials, weak, seed)
    # Each subject's prior is what all but itself are like.
    prior = group_priors(found, weak, jnp.asarray(rows[:, None] != np.arange(len(weak.mean))))
    own = jax.tree.map(lambda part: part[rows], found.drawn).under(prior)
    by_own = _integrated(foretold, later, own.points, own.log_weight)
    by_others = marginal_log_likelihood(foretold, later, prior, seed)
    return np.stack([np.asarray(by_own), np.asarray(by_others)], axis=1)


@partial(jax.jit, static_argnums=0)
def _integrated(
    model: ChoiceModel,
    trials: ChoiceTrials,
    points: Float[Array, "subject point parameter"],
    log_weight: Float[Array, "subject point"],
) -> Float[Array, " subject"]:
    """Return the log of the mean likelihood over weighted points."""

    def of_subject(one: tuple[ChoiceTrials, Array, Array]) -> Float[Array, ""]:
        own, points, log_weight = one
        each = jax.vmap(lambda x: model.log_likelihood(x, own))(points)
        return jax.nn.logsumexp(each + log_weight)

    return jax.lax.map(of_subject, (trials, points, log_weight))


def _scored(
    scores: Float[np.ndarray, "subject model known"],
    names: Sequence[str],
    subjects: np.ndarray,
) -> xr.Dataset:
    own, others = scores[..., 0], scores[..., 1]
    best = int(own.mean(axis=0).argmax())
    behind, gain = own - own[:, [best]], own - others
    interval = np.array([bootstrap_interval(column) for column in behind.T])
    gain_interval = np.array([bootstrap_interval(column) for column in gain.T])
    per_choice = {"units": "nat per choice"}
    return xr.Dataset(
        {
            "log_likelihood": (("subject", "model", "known"), scores, per_choice),
            "mean": (("model", "known"), scores.mean(axis=0), per_choice),
            "gain": ("model", gain.mean(axis=0), per_choice),
            "gain_low": ("model", gain_interval[:, 0]),
            "gain_high": ("model", gain_interval[:, 1]),
            "difference": ("model", behind.mean(axis=0), per_choice),
            "low": ("model", interval[:, 0]),
            "high": ("model", interval[:, 1]),
        },
        coords={"subject": subjects, "model": list(names), "known": list(KNOWN)},
        attrs={"best": names[best]},
    )
