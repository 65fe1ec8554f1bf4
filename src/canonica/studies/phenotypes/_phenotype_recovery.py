"""Whether lesions are recovered from choices, and told from each other."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Float

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed, checked_size
from canonica._float64 import double_precision
from canonica._provenance import versions
from canonica.lesions import LESIONS
from canonica.reverse_engineering.phenotype._canonical_subject import STRENGTHS
from canonica.reverse_engineering.phenotype._choice_model import FREE, ChoiceModel, choice_model
from canonica.reverse_engineering.phenotype._choices import read_choices
from canonica.reverse_engineering.phenotype._compare import preferred_models
from canonica.reverse_engineering.phenotype._laplace import NormalPrior
from canonica.reverse_engineering.phenotype._phenotype import LEVEL, NEARLY_THE_PRIOR
from canonica.reverse_engineering.phenotype._sampled_posterior import (
    SampledPosterior,
    sampled_posteriors,
)
from canonica.reverse_engineering.phenotype._trials import ChoiceTrials, trials_of
from canonica.studies.phenotypes._simulated_choices import TRIALS, simulated_choices

REFERENCE = {"policy precision": 1.5, "plasticity": 2.0}
COMPARED = tuple(name for name in STRENGTHS if name in LESIONS)
INTACT = "intact"
SUBJECTS = 100


@checked_arguments
def phenotype_recovery(
    seed: int = 0,
    *,
    subjects: int = SUBJECTS,
    trials: int = TRIALS,
    reference: Mapping[str, float] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> xr.Dataset:
    """Return how well lesions are recovered from choices of agents, and told from each other.

    For each lesion, agents whose strengths are drawn from the prior of `phenotype`, all
    else as in the reference, choose in a bandit that swaps; so do intact ones, as the reference.
    The strength is estimated with all else known, the best of all models (each lesion, intact) is
    chosen by its evidence, a lesion only where it makes choices three times as probable. And
    agents in which four parameters vary at once (those that `phenotype` has free by default) are
    estimated in all four.

    Parameters
    ----------
    seed : int
        Decides everything random.
    subjects, trials : int
        Agents of each kind, and choices of each.
    reference : mapping, optional
        Strengths by name, of all agents; by default a policy precision of 1.5 and a plasticity of
        2, with which rewards are followed.
    progress : callable, optional
        Called with pieces done, and of all.

    Returns
    -------
    xarray.Dataset
        By lesion and subject: ``true`` and ``estimate`` on the scale without bounds; by lesion
        ``r``, ``bias`` (mean error, on that scale), ``coverage`` of 90 % intervals, ``identified``
        (share). The same of ``joint_`` by parameter. ``confusion`` (true kind, found kind) is the
        share of agents of a kind for which a model was the best, ``inversion`` the probability of
        a kind when that model is the best, all kinds alike at first.

    Raises
    ------
    CanonicaError
        If a number is out of range, or there is no such parameter.

    References
    ----------
    Wilson & Collins, eLife 8:e49547, 2019.

    Examples
    --------
    >>> found = phenotype_recovery(subjects=100)  # doctest: +SKIP
    """
    checked_seed(seed)
    for name, value, least in (("subjects", subjects, 3), ("trials", trials, 2)):
        checked_size(name, value, least=least)
    known = dict(REFERENCE if reference is None else reference)
    kinds = (INTACT, *COMPARED)
    steps = len(kinds) + 1
    generator = np.random.default_rng(seed)
    true, found, logs = {}, {}, {}
    for done, kind in enumerate(kinds, 1):
        free = () if kind == INTACT else (kind,)
        strengths, true[kind] = _drawn(free, subjects, generator, known)
        seen = _lived(generator, strengths, subjects, trials)
        with double_precision():
            each = {one: _fitted(_known_but(one, seen, known), seen) for one in kinds}
        found[kind] = each[kind]
        logs[kind] = np.stack([np.asarray(one.log_evidence) for one in each.values()], axis=1)
        if progress is not None:
            progress(done, steps)
    strengths, joint_true = _drawn(FREE, subjects, generator, known)
    seen = _lived(generator, strengths, subjects, trials)
    with double_precision():
        joint = _fitted(choice_model("canonical", seen, 2, FREE), seen)
    if progress is not None:
        progress(steps, steps)
    beside = [kind != INTACT for kind in kinds]
    best = np.stack(
        [
            np.bincount(preferred_models(logs[kind], beside), minlength=len(kinds)) / subjects
            for kind in kinds
        ]
    )
    return _labelled(
        np.concatenate([true[one] for one in COMPARED], axis=1),
        [found[one] for one in COMPARED],
        (joint_true, joint),
        best,
    ).assign_attrs(
        seed=seed, subjects=subjects, trials=trials, level=LEVEL,
        reference=[f"{name} {value:g}" for name, value in known.items()], **versions(),
    )  # fmt: skip


def _drawn(
    names: tuple[str, ...], subjects: int, generator: np.random.Generator, known: dict[str, float]
) -> tuple[dict[str, object], Float[np.ndarray, "subject parameter"]]:
    """Return strengths drawn from the priors, beside the known ones, and the unbounded ones."""
    each = [STRENGTHS[name] for name in names]
    unbounded = generator.normal(
        [one.mean for one in each], [one.sd for one in each], (subjects, len(each))
    )
    with double_precision():
        values = {
            one.name: np.asarray(one.value(jnp.asarray(unbounded[:, n])))
            for n, one in enumerate(each)
        }
    return {**known, **values}, unbounded


def _lived(
    generator: np.random.Generator, strengths: dict[str, object], subjects: int, trials: int
) -> ChoiceTrials:
    """Return what agents of these strengths saw and did."""
    seed = int(generator.integers(2**31))
    table = simulated_choices(seed, subjects=subjects, trials=trials, strengths=strengths)
    with double_precision():
        return jax.tree.map(np.asarray, trials_of(read_choices(table)))


def _known_but(kind: str, seen: ChoiceTrials, known: Mapping[str, float]) -> ChoiceModel:
    """Return the model in which all is known but the strength of one lesion, or nothing."""
    names = [] if kind == INTACT else [kind]
    fixed = tuple((name, value) for name, value in known.items() if name not in names)
    return replace(choice_model("canonical", seen, 2, names), fixed=fixed)


def _fitted(model: ChoiceModel, seen: ChoiceTrials) -> SampledPosterior:
    seen = jax.tree.map(jnp.asarray, seen)
    found = sampled_posteriors(model, seen, NormalPrior.of(model, len(seen.choice)))
    return jax.tree.map(np.asarray, found)


class _Estimates(NamedTuple):
    """Of one parameter, by subject: the posterior's median, standard deviation and interval."""

    median: Float[np.ndarray, " subject"]
    sd: Float[np.ndarray, " subject"]
    low: Float[np.ndarray, " subject"]
    high: Float[np.ndarray, " subject"]


def _estimates(found: SampledPosterior) -> list[_Estimates]:
    """Return those of each parameter."""
    with double_precision():
        shares = (0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2)
        median, low, high = (np.asarray(found.quantile(share)) for share in shares)
        sd = np.asarray(found.sd)
    return [_Estimates(*parts) for parts in zip(median.T, sd.T, low.T, high.T, strict=True)]


def _measures(
    true: Float[np.ndarray, " subject"], found: _Estimates, prior_sd: float
) -> tuple[float, float, float, float]:
    """Return correlation, bias, coverage and the share that is identified."""
    inside = (found.low <= true) & (true <= found.high)
    r = np.corrcoef(true, found.median)[0, 1] if found.median.std() > 0 else np.nan
    bias, identified = (found.median - true).mean(), (found.sd < NEARLY_THE_PRIOR * prior_sd).mean()
    return float(r), float(bias), float(inside.mean()), float(identified)


def _labelled(
    true: Float[np.ndarray, "subject lesion"],
    found: list[SampledPosterior],
    joint: tuple[Float[np.ndarray, "subject parameter"], SampledPosterior],
    confusion: Float[np.ndarray, "kind kind"],
) -> xr.Dataset:
    single = [_estimates(one)[0] for one in found]
    alone = [
        _measures(true[:, n], single[n], STRENGTHS[name].sd) for n, name in enumerate(COMPARED)
    ]
    joint_true, posterior = joint
    each = _estimates(posterior)
    together = [
        _measures(joint_true[:, n], each[n], STRENGTHS[name].sd) for n, name in enumerate(FREE)
    ]
    names = ("r", "bias", "coverage", "identified")
    kinds = [INTACT, *COMPARED]
    chosen = confusion.sum(axis=0, keepdims=True)
    return xr.Dataset(
        {
            "true": (("subject", "lesion"), true),
            "estimate": (("subject", "lesion"), np.stack([one.median for one in single], 1)),
            "estimate_sd": (("subject", "lesion"), np.stack([one.sd for one in single], 1)),
            **{
                name: ("lesion", list(each))
                for name, each in zip(names, zip(*alone, strict=True), strict=True)
            },
            "joint_true": (("subject", "parameter"), joint_true),
            "joint_estimate": (("subject", "parameter"), np.stack([one.median for one in each], 1)),
            "joint_estimate_sd": (("subject", "parameter"), np.stack([one.sd for one in each], 1)),
            **{
                f"joint_{name}": ("parameter", list(each))
                for name, each in zip(names, zip(*together, strict=True), strict=True)
            },
            "confusion": (("kind", "found"), confusion),
            "inversion": (("kind", "found"), confusion / np.where(chosen > 0, chosen, np.nan)),
        },
        coords={
            "lesion": list(COMPARED),
            "parameter": list(FREE),
            "kind": kinds,
            "found": kinds,
        },
    )
