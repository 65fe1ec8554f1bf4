"""A plan written into a network: policies in its output synapses and its decision prior."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int
from scipy.special import expit, softmax

from canonica._arguments import checked_arguments
from canonica._checks import checked_array, checked_number, refusal
from canonica._files import AnyPath
from canonica._float64 import double_precision
from canonica._saved_file import save_value
from canonica.model import (
    MINIMUM_POLICY_COUNT,
    CanonicalNetwork,
    ControlledLogOdds,
    ControlledNetwork,
    Gains,
    Precision,
    coincidence,
    decisive_log_odds,
    present,
    with_policies,
)
from canonica.model import canonical_network as network_of
from canonica.model import generative_model as model_of
from canonica.networks._conversion import Conversion
from canonica.networks._filters import SMALLEST
from canonica.networks._joint_pomdp import JointPomdp
from canonica.networks._pomdp import Pomdp
from canonica.networks._solution import Solution

COUNTS = 2_000.0  # behind policy synapses: their least count is about 100 then
# Of what a network that acts by a plan is made.
PARTS = (Conversion, Pomdp, JointPomdp, ControlledNetwork, CanonicalNetwork, Gains)


@dataclass(frozen=True, eq=False)
class CompiledNetwork:
    """A canonical network that acts by a plan, and goes on learning.

    Attributes
    ----------
    conversion : Conversion
        Its middle layer, which infers the states.
    network : ControlledNetwork
        The whole network: output neurons are the policies of the plan.
    actions : (policy,)
        What each policy begins with.
    counts : float
        Behind each policy synapse.
    """

    conversion: Conversion
    network: ControlledNetwork
    actions: Int[np.ndarray, " policy"]
    counts: float

    @cached_property
    def law(self) -> ControlledLogOdds:
        """Log odds of the middle layer, as NumPy arrays."""
        with double_precision():
            return jax.tree.map(np.asarray, self.network.log_odds)

    @cached_property
    def policy_law(self) -> tuple[Float[np.ndarray, "policy state"], Float[np.ndarray, " policy"]]:
        """Log odds of the policies: by state, and before anything is known of it."""
        with double_precision():
            V = self.network.layers.effective_output_weight
            m = self.network.layers.output_firing_threshold
            return np.asarray(V[1] - V[0]), np.asarray(m[1] - m[0])

    def begin(self, outcomes: Sequence[int] | None = None) -> Float[np.ndarray, " state"]:
        """Return beliefs at the start of an episode, after outcomes where there are some."""
        flat = np.exp(np.asarray(self.network.layers.threshold_factor[1]))
        return self.believe(flat, self.conversion.beginning, outcomes)

    def believe(
        self,
        belief: Float[np.ndarray, " state"],
        action: int,
        outcomes: Sequence[int] | None = None,
    ) -> Float[np.ndarray, " state"]:
        """Return beliefs after an action and the outcome of every modality."""
        log_odds = self.law.recurrent_slope[action] @ belief + self.law.offset[action]
        if outcomes is not None:
            sizes = self.conversion.problem.outcomes
            if len(outcomes) != len(sizes):
                raise refusal("outcomes", f"{len(outcomes)} of them", f"one of {len(sizes)} each")
            first = np.cumsum([0, *sizes[:-1]])
            log_odds = log_odds + self.law.input_slope[:, first + np.asarray(outcomes)].sum(axis=1)
        if self.network.factors is None:
            return expit(log_odds)
        parts = np.split(log_odds, np.cumsum(self.network.factors)[:-1])
        return np.concatenate([softmax(part) for part in parts])

    def probability(self, belief: Float[np.ndarray, " state"]) -> Float[np.ndarray, " policy"]:
        """Return the probability of each policy, in proportion to its odds."""
        slope, offset = self.policy_law
        return softmax(slope @ belief + offset)

    def decide(
        self, belief: Float[np.ndarray, " state"], generator: np.random.Generator
    ) -> tuple[int, int]:
        """Return a policy that is drawn, and its action."""
        probability = self.probability(belief)
        policy = int(generator.choice(len(probability), p=probability))
        return policy, int(self.actions[policy])

    def learned(
        self,
        beliefs: Float[np.ndarray, "time state"],
        policies: Int[np.ndarray, " time"],
        risk: Float[np.ndarray, " time"],
    ) -> "CompiledNetwork":
        """Return the network after Hebbian plasticity of its policy synapses, modulated by risk.

        ``c += (1 - 2 Gamma) s d``, never below 1, as section 1 of the theory has it.

        Parameters
        ----------
        beliefs : (time, state)
            That decisions were made in.
        policies : (time,)
            That were followed.
        risk : (time,)
            Gamma: 0 keeps what was done, 1 unlearns it, 0.5 leaves it alone.
        """
        risk = checked_array("risk", risk, dims=["time"], lowest=0, highest=1)
        with double_precision():
            model = model_of(self.network.layers, Precision(output=self.counts))
            done = jnp.eye(len(self.actions))[jnp.asarray(policies)]
            more = coincidence(jnp.asarray(beliefs), done, 1 - 2 * jnp.asarray(risk))
            now = present(model.policy_counts, "policy_counts")
            counts = jnp.maximum(now + more, MINIMUM_POLICY_COUNT)
            model = eqx.tree_at(lambda one: one.policy_counts, model, counts)
            layers = network_of(model)
            network = ControlledNetwork(layers, self.network.recurrent_weight, self.network.factors)
        return replace(self, network=network)

    def save(self, path: AnyPath) -> None:
        """Write this network to a file, for `canonica.load`; an earlier one is replaced, whole.

        Raises
        ------
        CanonicaError
            If the file cannot be written.
        """
        save_value(path, self, PARTS)


@checked_arguments
def compiled(
    conversion: Conversion,
    plan: Solution,
    *,
    precision: float | None = None,
    counts: float = COUNTS,
) -> CompiledNetwork:
    """Return the network that acts by a plan at once.

    A plan says, policy by policy, what it is worth in each state; what is worth most in a belief
    is done. That is linear in beliefs, and so it is what output neurons of a canonical network
    compute: the mean worth of a policy over states is written into its decision prior, what each
    state adds to that into its synapses, and a gain makes decisions as sharp as is asked for.

    Parameters
    ----------
    conversion : Conversion
        Of the problem, with a unit for every joint state.
    plan : Solution
        By `solve` or `expected_free_energy`.
    precision : float, optional
        Log odds per unit of worth; by default 500 over the range of values, so that decisions
        are all but certain.
    counts : float
        Behind each policy synapse: the larger, the slower is what the network goes on learning.

    Returns
    -------
    CompiledNetwork
        With an output neuron for every policy.

    Raises
    ------
    CanonicaError
        If units are not joint states, the plan is of another problem, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from canonica.networks import Pomdp, from_pomdp, solve
    >>> problem = Pomdp(
    ...     A=[np.eye(2)], B=[np.tile(np.eye(2)[:, :, None], 2)], reward=np.eye(2), discount=0.5
    ... )
    >>> network = compiled(from_pomdp(problem), solve(problem, beliefs=4))
    >>> belief = network.begin([1])  # state 1 is seen, in which action 1 is rewarded
    >>> network.decide(belief, np.random.default_rng(0))[1]
    1
    """
    states = conversion.network.layers.weight.shape[1]
    if conversion.factors == "apart" and len(conversion.problem.states) > 1:
        raise refusal("conversion", "factors apart", "units for joint states", "factors='joint'.")
    if plan.values.shape[1] != states:
        raise refusal("plan", f"{plan.values.shape[1]} states", f"{states}, those converted")
    counts = checked_number("counts", counts, lowest=1, highest=1e12)
    if precision is not None:
        precision = checked_number("precision", precision, lowest=0)
    prior = np.log(np.maximum(conversion.joint.prior, SMALLEST))[plan.actions]
    with double_precision():
        base = conversion.network
        log_odds = decisive_log_odds(jnp.asarray(plan.values), precision)
        layers = with_policies(base.layers, log_odds, jnp.asarray(prior))
        network = ControlledNetwork(layers, base.recurrent_weight, base.factors)
    return CompiledNetwork(conversion, network, plan.actions, counts)
