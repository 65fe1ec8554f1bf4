"""Choices of several subjects side by side, in arrays of one length."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from canonica.reverse_engineering.phenotype._choices import Choices


class ChoiceTrials(NamedTuple):
    """What subjects saw, did and got; rows after the last are masked.

    Attributes
    ----------
    observation : (subject, trial, observation)
        Before the choice: each option, chosen last and rewarded, chosen last and not; then cues.
    choice : (subject, trial)
        Number of the option.
    outcome : (subject, trial)
        From -1 to 1.
    fresh : (subject, trial)
        Whether beliefs begin anew.
    mask : (subject, trial)
        Whether there was such a trial.
    """

    observation: Float[Array, "*subject trial observation"]
    choice: Int[Array, "*subject trial"]
    outcome: Float[Array, "*subject trial"]
    fresh: Bool[Array, "*subject trial"]
    mask: Bool[Array, "*subject trial"]

    @property
    def risk(self) -> Float[Array, "*subject trial"]:
        """Gamma: 0 for the best outcome, 1 for the worst, 1/2 for neither."""
        return (1 - self.outcome) / 2


def trials_of(choices: Choices) -> ChoiceTrials:
    """Return choices in arrays as long as the longest subject's."""
    subjects, longest = len(choices.subjects), max(choices.trials)
    options, cues = len(choices.options), len(choices.cues)
    width = 2 * options + (cues if cues > 1 else 0)
    seen = np.zeros((subjects, longest, width))
    choice = np.zeros((subjects, longest), np.int32)
    outcome = np.zeros((subjects, longest))
    fresh, mask = np.zeros((2, subjects, longest), bool)
    for n, length in enumerate(choices.trials):
        choice[n, :length], outcome[n, :length] = choices.choice[n], choices.outcome[n]
        fresh[n, :length], mask[n, :length] = choices.fresh[n], True
        seen[n, :length] = observations(
            choices.choice[n], choices.outcome[n], choices.fresh[n], width
        )
        if cues > 1:
            seen[n, np.arange(length), 2 * options + choices.cue[n]] = 1
    return ChoiceTrials(*map(jnp.asarray, (seen, choice, outcome, fresh, mask)))


def observations(
    choice: Int[np.ndarray, " trial"],
    outcome: Float[np.ndarray, " trial"],
    fresh: Bool[np.ndarray, " trial"],
    width: int,
) -> Float[np.ndarray, "trial observation"]:
    """Return what was seen of the last choice before each: nothing where a block begins."""
    seen = np.zeros((len(choice), width))
    later = np.flatnonzero(~fresh)
    last = later - 1
    good = (1 + outcome[last]) / 2
    seen[later, 2 * choice[last]] = good
    seen[later, 2 * choice[last] + 1] = 1 - good
    return seen
