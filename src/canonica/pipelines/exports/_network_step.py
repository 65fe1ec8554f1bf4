"""A network whose transitions know actions as a step of plain arrays, and steps to hold it against.

The step is JAX's and goes through the network itself. The steps that it is held against are
NumPy's, by the log odds of the theory.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int
from scipy.special import expit, softmax

from canonica.agents import Knowledge
from canonica.agents.planning._settled import settled_network
from canonica.model import ControlledNetwork
from canonica.networks import CompiledNetwork
from canonica.networks.exports import ExportedAgent


@dataclass(frozen=True)
class ActingNetwork:
    """A network that acts, and what its inputs and actions mean.

    Parameters
    ----------
    network : ControlledNetwork
        Whose output neurons are policies.
    beginning : int
        Number of the action that begins an episode.
    actions : (policy,)
        Number of the action that each policy begins with.
    modalities : list of list of str
        What the inputs stand for: outcomes of each modality, of which one is on.
    meanings : list of str
        What each action stands for.
    """

    network: ControlledNetwork
    beginning: int
    actions: Int[np.ndarray, " policy"]
    modalities: list[list[str]]
    meanings: list[str]

    @classmethod
    def of(cls, value: Knowledge | CompiledNetwork) -> "ActingNetwork":
        """Return what acts by a plan, or by what was learned."""
        if isinstance(value, Knowledge):
            actions = value.actions
            numbers = np.arange(len(actions))
            return cls(settled_network(value), len(actions), numbers, [value.symbols], actions)
        problem = value.conversion.problem
        modalities = [
            [f"outcome {k} of modality {number}" for k in range(size)]
            for number, size in enumerate(problem.outcomes)
        ]
        meanings = [repr(np.asarray(one).tolist()) for one in problem.actions]
        beginning = value.conversion.beginning
        return cls(value.network, beginning, value.actions, modalities, meanings)


def exported_network(acting: ActingNetwork) -> ExportedAgent:
    """Return what of a network is taken along; in double precision, which has to be set."""
    network, layers = acting.network, acting.network.layers
    V, m = layers.effective_output_weight, layers.output_firing_threshold
    slope, offset = V[1] - V[0], m[1] - m[0]
    known, actions = len(network.recurrent_weight), jnp.asarray(acting.actions, jnp.int32)

    def step(
        observation: Array, belief: Array, policy: Array, made: Array, uniform: Array
    ) -> tuple[Array, Array, Array, Array]:
        before = (jnp.arange(known) == policy).astype(belief.dtype)
        belief = network.activity(observation, belief, before)
        through = jnp.cumsum(jax.nn.softmax(slope @ belief + offset))
        action = actions[jnp.argmax(through > uniform * through[-1])]
        return action, belief, action + 0, made + 0  # ONNX has a value for each name

    return ExportedAgent(
        step=step,
        beginning={
            "belief": np.exp(np.asarray(layers.threshold_factor[1])),
            "policy": np.asarray(acting.beginning, np.int32),
            "made": np.asarray(0, np.int32),
        },
        observation=np.zeros(layers.weight.shape[2]),
        model=None,
        settings={},
        meaning={
            "inputs": [one for modality in acting.modalities for one in modality],
            "actions": acting.meanings,
        },
    )


def known_network_steps(
    acting: ActingNetwork, beginning: dict[str, np.ndarray], *, steps: int, seed: int
) -> dict[str, np.ndarray]:
    """Return what a network makes of observations that are drawn, step by step; as `known_steps`.

    Written out in NumPy, apart from the network's own functions.
    """
    draw = np.random.default_rng(seed)
    law = jax.tree.map(np.asarray, acting.network.log_odds)
    layers, factors = acting.network.layers, acting.network.factors
    V = np.asarray(layers.effective_output_weight)
    m = np.asarray(layers.output_firing_threshold)
    belief, before = beginning["belief"], int(beginning["policy"])
    seen, uniform = _drawn(draw, [len(one) for one in acting.modalities], steps), draw.random(steps)
    beliefs, done = [], []
    for t in range(steps):
        log_odds = law.recurrent_slope[before] @ belief + law.offset[before]
        log_odds = log_odds + law.input_slope @ seen[t]
        if factors is None:
            belief = expit(log_odds)
        else:
            parts = np.split(log_odds, np.cumsum(factors)[:-1])
            belief = np.concatenate([softmax(part) for part in parts])
        through = np.cumsum(softmax((V[1] - V[0]) @ belief + m[1] - m[0]))
        before = int(acting.actions[np.argmax(through > uniform[t] * through[-1])])
        beliefs.append(belief)
        done.append(before)
    return {
        **{f"{name}_beginning": one for name, one in beginning.items()},
        "observation": seen,
        "uniform": uniform,
        "belief": np.array(beliefs),
        "action": np.array(done),
    }


def _drawn(draw: np.random.Generator, sizes: Sequence[int], steps: int) -> np.ndarray:
    """Return inputs of each step: an outcome of every modality is on."""
    first = np.cumsum([0, *sizes[:-1]])
    on = first + np.stack([draw.integers(0, size, steps) for size in sizes], axis=1)
    seen = np.zeros((steps, sum(sizes)))
    np.put_along_axis(seen, on, 1.0, axis=1)
    return seen
