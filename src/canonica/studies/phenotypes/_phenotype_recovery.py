"""Whether lesions are recovered from choices, and told from each other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Float

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed, checked_size
from canonica._float64 import double_precision
from canonica._pieces import Maker, Piece, all_made, as_piece, made_in_order
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
INTACT, JOINT = "intact", "several at once"
SUBJECTS = 100


@checked_arguments
def phenotype_recovery(
    seed: int = 0,
    *,
    subjects: int = SUBJECTS,
    trials: int = TRIALS,
    reference: Mapping[str, float] | None = None,
    maker: Maker = made_in_order,
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
    maker, progress
        Who makes its pieces, each the agents of a kind, and may keep them; who is told how many
        pieces are done, and of how many.

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
    generator = np.random.default_rng(seed)
    free = {kind: () if kind == INTACT else (kind,) for kind in kinds} | {JOINT: FREE}
    true, pieces = {}, []
    for kind, names in free.items():
        strengths, true[kind] = _drawn(names, subjects, generator, known)
        lived = partial(_lived, int(generator.integers(2**31)), strengths, subjects, trials)
        settings = {"seed": seed, "subjects": subjects, "trials": trials, "reference": known}
        fitted = (
            partial(_fitted_jointly, lived)
            if kind == JOINT
            else partial(_fitted_to_each, lived, kinds, known, kind)
        )
        pieces.append(Piece({"study": "phenotype recovery", "kind": kind} | settings, fitted))
    found = dict(zip(free, all_made(pieces, maker, progress), strict=True))
    beside = [kind != INTACT for kind in kinds]
    best = np.stack(
        [
            np.bincount(
                preferred_models(found[kind]["log_evidence"].to_numpy(), beside),
                minlength=len(kinds),
            )
            / subjects
            for kind in kinds
        ]
    )
    return _labelled(
        np.concatenate([true[one] for one in COMPARED], axis=1),
        [_Estimates.of(found[one])[0] for one in COMPARED],
        (true[JOINT], _Estimates.of(found[JOINT])),
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


def _lived(seed: int, strengths: dict[str, object], subjects: int, trials: int) -> ChoiceTrials:
    """Return what agents of these strengths saw and did."""
    table = simulated_choices(seed, subjects=subjects, trials=trials, strengths=strengths)
    with double_precision():
        return jax.tree.map(np.asarray, trials_of(read_choices(table)))


def _fitted_to_each(
    lived: Callable[[], ChoiceTrials], kinds: Sequence[str], known: Mapping[str, float], own: str
) -> xr.Dataset:
    """Return the evidence of each kind of model, and the estimates of agents by their own."""
    seen = lived()
    with double_precision():
        each = {kind: _fitted(_known_but(kind, seen, known), seen) for kind in kinds}
        evidence = np.stack([np.asarray(one.log_evidence) for one in each.values()], axis=1)
        return as_piece({"log_evidence": evidence} | _summarised(each[own]))


def _fitted_jointly(lived: Callable[[], ChoiceTrials]) -> xr.Dataset:
    """Return the estimates of agents by the model of several parameters."""
    seen = lived()
    with double_precision():
        return as_piece(_summarised(_fitted(choice_model("canonical", seen, 2, FREE), seen)))


def _summarised(found: SampledPosterior) -> dict[str, np.ndarray]:
    """Return median, standard deviation and interval, by subject and parameter."""
    shares = {"median": 0.5, "low": (1 - LEVEL) / 2, "high": (1 + LEVEL) / 2}
    quantiles = {name: np.asarray(found.quantile(share)) for name, share in shares.items()}
    return quantiles | {"sd": np.asarray(found.sd)}


class _Estimates(NamedTuple):
    """Of one parameter, by subject: the posterior's median, standard deviation and interval."""

    median: Float[np.ndarray, " subject"]
    sd: Float[np.ndarray, " subject"]
    low: Float[np.ndarray, " subject"]
    high: Float[np.ndarray, " subject"]

    @classmethod
    def of(cls, piece: xr.Dataset) -> "list[_Estimates]":
        """Return those of each parameter."""
        parts = [piece[name].to_numpy().T for name in cls._fields]
        return [cls(*each) for each in zip(*parts, strict=True)]


def _known_but(kind: str, seen: ChoiceTrials, known: Mapping[str, float]) -> ChoiceModel:
    """Return the model in which all is known but the strength of one lesion, or nothing."""
    names = [] if kind == INTACT else [kind]
    fixed = tuple((name, value) for name, value in known.items() if name not in names)
    return replace(choice_model("canonical", seen, 2, names), fixed=fixed)


def _fitted(model: ChoiceModel, seen: ChoiceTrials) -> SampledPosterior:
    seen = jax.tree.map(jnp.asarray, seen)
    found = sampled_posteriors(model, seen, NormalPrior.of(model, len(seen.choice)))
    return jax.tree.map(np.asarray, found)


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
    single: list[_Estimates],
    joint: tuple[Float[np.ndarray, "subject parameter"], list[_Estimates]],
    confusion: Float[np.ndarray, "kind kind"],
) -> xr.Dataset:
    alone = [
        _measures(true[:, n], single[n], STRENGTHS[name].sd) for n, name in enumerate(COMPARED)
    ]
    joint_true, each = joint
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
