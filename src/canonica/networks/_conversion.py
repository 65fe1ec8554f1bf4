"""What becomes of a problem: a network, and what its conversion costs."""

from dataclasses import dataclass

import jax
import numpy as np
import xarray as xr
from jaxtyping import Float

from canonica._float64 import double_precision
from canonica.model import (
    ControlledModel,
    ControlledNetwork,
    Precision,
    controlled_model,
)
from canonica.networks._joint_pomdp import JointPomdp
from canonica.networks._pomdp import Pomdp

COUNTS = 1e7  # behind likelihood and transitions: so many that they hardly change


@dataclass(frozen=True, eq=False)
class Conversion:
    """A problem as a network.

    Attributes
    ----------
    problem : Pomdp
        That it was made from.
    joint : JointPomdp
        The same over joint states.
    network : ControlledNetwork
        Its middle layer infers the states. One action more than the problem's begins an episode.
    factors : "joint" or "apart"
        Whether its units are joint states, or states of each factor.
    divergence : xarray.Dataset
        How far its beliefs are from exact filtering, in bits: ``divergence`` of the network,
        ``without`` each approximation while all others stay, ``alone`` with no other; mean and
        worst over steps of simulated episodes, none of which synapses were fitted to.
    """

    problem: Pomdp
    joint: JointPomdp
    network: ControlledNetwork
    factors: str
    divergence: xr.Dataset

    @property
    def model(self) -> ControlledModel:
        """The generative model that the network holds, behind it very many counts."""
        with double_precision():
            return controlled_model(self.network, Precision(COUNTS, COUNTS, COUNTS))

    @property
    def risk(self) -> Float[np.ndarray, "action state"]:
        """Rewards and preferences as risk, of each action in each joint state.

        ``1/2 - r / (2 max |r|)``: 0.5 where there is neither good nor bad, so that nothing is
        learned there; 0 for the best, or 1 for the worst, whichever is larger.
        """
        largest = np.abs(self.joint.reward).max()
        return 0.5 - self.joint.reward / (2 * largest if largest > 0 else 1.0)

    @property
    def beginning(self) -> int:
        """Number of the action that begins an episode."""
        return self.network.recurrent_weight.shape[0] - 1

    @property
    def units(self) -> str:
        """Kind of units: "softmax", those of a factor compete, or "sigmoid"."""
        return "sigmoid" if self.network.factors is None else "softmax"

    def __repr__(self) -> str:
        mean, worst = self.divergence["divergence"].to_numpy()
        neurons, inputs = self.network.layers.weight.shape[1:]
        return (
            f"Conversion of {self.problem.name}: {inputs} inputs, {neurons} {self.units} units, "
            f"{self.beginning} actions; {mean:.3g} bits from exact filtering, {worst:.3g} at worst"
        )


def beliefs_of(
    conversion: Conversion, outcomes: np.ndarray, actions: np.ndarray
) -> Float[np.ndarray, "time neuron"]:
    """Return what the network itself infers over one episode.

    Parameters
    ----------
    conversion : Conversion
        With the network.
    outcomes : (time, modality)
        Number of each outcome; -1 where there was none.
    actions : (time,)
        Taken after each of them; the last is of no account.
    """
    sizes = conversion.problem.outcomes
    inputs = np.zeros((len(outcomes), sum(sizes)))
    for modality, first in enumerate(np.cumsum([0, *sizes[:-1]])):
        rows = np.flatnonzero(outcomes[:, modality] >= 0)
        inputs[rows, first + outcomes[rows, modality]] = 1
    done = np.eye(conversion.beginning + 1)[[conversion.beginning, *actions[:-1]]]
    with double_precision():
        run = jax.jit(lambda network, seen, taken: network.run(seen, taken).middle)
        return np.asarray(run(conversion.network, inputs, done))
