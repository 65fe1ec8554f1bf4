"""How much work the posterior of a network's plasticity is, said before it begins.

Nearly all of it is linear algebra of the curvature: products of the features of all trials, growing
with the square of the number of inputs, and a Cholesky factor, growing with its cube.
"""

import warnings
from typing import NamedTuple

from canonica._checks import check_memory
from canonica._errors import how_many
from canonica.reverse_engineering.forecasting.plasticity._random_effects import EffectSizes
from canonica.reverse_engineering.forecasting.plasticity._uniform_stimuli import KINDS

FIRST_STEPS = 30  # of EM, for a network that does not learn
USUAL_STEPS = 4  # of Newton's method from one plasticity to the next
OPERATIONS_PER_SECOND = 2e10  # of one core of a usual machine, in double precision
LONG = 120.0  # seconds, from which on it is said


class LongWorkWarning(UserWarning):
    """Work that takes minutes or more, said before it begins."""


class PosteriorSizes(NamedTuple):
    """Sizes that the work depends on.

    Attributes
    ----------
    ensembles, sessions, trials, inputs, states, stimuli : int
        Of the initial sessions: trials are those of a session, states those of the sources, stimuli
        those that come repeatedly.
    plasticities : int
        On the grid, and none.
    """

    ensembles: int
    sessions: int
    trials: int
    inputs: int
    states: int
    stimuli: int
    plasticities: int

    @property
    def parameters(self) -> int:
        """Number of parameters of one ensemble."""
        return EffectSizes(self.inputs, self.sessions, self.states).all

    @property
    def seconds(self) -> float:
        """What the work takes on one core, about.

        Examples
        --------
        >>> sizes = PosteriorSizes(2, 10, 256, 512, 4, 256, 64)
        >>> 60 < sizes.seconds < 90
        True
        """
        parameters, features = self.parameters, self.inputs + 2 + KINDS
        with_stimuli = 2 * parameters**2 * self.stimuli
        step = 2 * self.sessions * self.trials * features**2 + parameters**3 / 3 + with_stimuli
        first = step + parameters**3 + with_stimuli  # a step of EM inverts the factor, too
        steps = FIRST_STEPS * first + self.plasticities * USUAL_STEPS * step
        return self.ensembles * steps / OPERATIONS_PER_SECOND

    def say(self) -> None:
        """Warn of work that takes minutes.

        Raises
        ------
        CanonicaError
            If a curvature is larger than a machine holds.
        """
        check_memory({"a forecast": self.parameters**2})
        if self.seconds > LONG:
            warnings.warn(
                f"this takes about {self.seconds / 60:.0f} minutes on one core: the evidence of "
                f"{how_many(self.plasticities, 'plasticity', 'plasticities')}, "
                f"for {how_many(self.ensembles, 'ensemble')} of "
                f"{self.parameters:,} parameters "
                f"({how_many(self.inputs, 'input')}). The models ridge and "
                "persistence take seconds.",
                LongWorkWarning,
                stacklevel=2,
            )
