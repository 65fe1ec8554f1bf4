"""From the risks of single steps to Gamma, which modulates plasticity: one kind a file."""

from canonica.agents.network.modulations._following import FollowingModulation
from canonica.agents.network.modulations._mean import MeanModulation
from canonica.agents.network.modulations._modulation import Modulation
from canonica.agents.network.modulations._none import NoModulation
from canonica.agents.network.modulations._outcome import OutcomeModulation
from canonica.agents.network.modulations._progress import ProgressModulation
from canonica.agents.network.modulations._step import StepModulation

# Those that a saved agent may have; a new one is a new line.
MODULATIONS = (
    FollowingModulation,
    MeanModulation,
    NoModulation,
    OutcomeModulation,
    ProgressModulation,
    StepModulation,
)

__all__ = [
    "MODULATIONS",
    "FollowingModulation",
    "MeanModulation",
    "Modulation",
    "NoModulation",
    "OutcomeModulation",
    "ProgressModulation",
    "StepModulation",
]
