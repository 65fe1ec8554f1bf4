"""Models of choices: which parameters they have, and what they make of trials."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica._checks import checked_choice
from canonica._errors import CanonicaError, listed
from canonica.lesions._list import spaced_name
from canonica.reverse_engineering.phenotype._canonical_subject import (
    STRENGTHS,
    canonical_agent,
    log_probabilities,
    with_strengths,
)
from canonica.reverse_engineering.phenotype._parameters import Parameter
from canonica.reverse_engineering.phenotype._rivals import (
    RESCORLA_WAGNER,
    WIN_STAY_LOSE_SHIFT,
    rescorla_wagner,
    win_stay_lose_shift,
)
from canonica.reverse_engineering.phenotype._trials import ChoiceTrials

ModelName = Literal["canonical", "rescorla-wagner", "win-stay-lose-shift"]
MODELS = get_args(ModelName)
Law = Callable[[Float[Array, " parameter"], ChoiceTrials, int], Float[Array, "trial option"]]
RIVALS: dict[ModelName, tuple[tuple[Parameter, ...], Law]] = {
    "rescorla-wagner": (RESCORLA_WAGNER, rescorla_wagner),
    "win-stay-lose-shift": (WIN_STAY_LOSE_SHIFT, win_stay_lose_shift),
}
BASE = ("policy precision", "plasticity")
FREE = (*BASE, "forgetting", "loss modulation")


@dataclass(frozen=True)
class ChoiceModel:
    """A model of choices, its parameters on their unbounded scales.

    Parameters
    ----------
    name : "canonical", "rescorla-wagner" or "win-stay-lose-shift"
        Of the kind.
    parameters : tuple of Parameter
        What is free in it.
    options, observations : int
        Of the task.
    fixed : tuple of (str, float)
        Strengths that a canonical subject is known to have; of what is free, they say nothing.
    """

    name: ModelName
    parameters: tuple[Parameter, ...]
    options: int
    observations: int
    fixed: tuple[tuple[str, float], ...] = ()

    def log_probabilities(
        self, unbounded: Float[Array, " parameter"], trials: ChoiceTrials
    ) -> Float[Array, "trial option"]:
        """Return the log probability of each option before each choice of one subject."""
        values = [one.value(unbounded[n]) for n, one in enumerate(self.parameters)]
        if self.name == "canonical":
            names = (one.name for one in self.parameters)
            known = {name: jnp.asarray(value, unbounded.dtype) for name, value in self.fixed}
            strengths = known | dict(zip(names, values, strict=True))
            agent = canonical_agent(self.options, self.observations)
            return log_probabilities(with_strengths(agent, strengths), trials)
        return RIVALS[self.name][1](jnp.stack(values), trials, self.options)

    def log_likelihood(
        self, unbounded: Float[Array, " parameter"], trials: ChoiceTrials
    ) -> Float[Array, ""]:
        """Return the log probability of all choices of one subject."""
        each = self.log_probabilities(unbounded, trials)
        chosen = jnp.take_along_axis(each, trials.choice[:, None], axis=1)[:, 0]
        return jnp.where(trials.mask, chosen, 0).sum()


def choice_model(
    name: ModelName, trials: ChoiceTrials, options: int, free: Sequence[str] | None = None
) -> ChoiceModel:
    """Return the model of that name; of a canonical subject, with these parameters free.

    Raises
    ------
    CanonicaError
        If there is no such model or parameter, or one comes twice.
    """
    checked_choice("model", name, MODELS)
    observations = trials.observation.shape[-1]
    if name != "canonical":
        if free is not None:
            raise CanonicaError(
                f"free: found {listed(free)} with the model {name}; expected none, as only the "
                "canonical subject has lesions. Leave it out."
            )
        return ChoiceModel(name, RIVALS[name][0], options, observations)
    names = strength_names("free", FREE if free is None else free)
    return ChoiceModel("canonical", tuple(STRENGTHS[one] for one in names), options, observations)


def strength_names(argument: str, given: Sequence[str]) -> list[str]:
    """Return names of parameters of a canonical subject, as `STRENGTHS` spells them, each once."""
    names = [spaced_name(one) for one in given]
    for one in names:
        if one not in STRENGTHS:
            raise CanonicaError(
                f"{argument}: found {one!r}; expected some of {listed(STRENGTHS, len(STRENGTHS))}."
            )
    if len(set(names)) < len(names):
        raise CanonicaError(f"{argument}: found {listed(names)}; expected each once.")
    return names
