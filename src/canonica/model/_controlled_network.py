"""The canonical network whose recurrent synapses are driven by pairs of a neuron and an action."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica._errors import CanonicaError
from canonica.model._arguments import checked_arrays
from canonica.model._canonical_network import Activity, CanonicalNetwork, adaptation
from canonica.model._checks import check_finite, check_shapes
from canonica.model._competition import check_factors, posterior
from canonica.model._gains import gain_of, weighed
from canonica.model._values import in_precision_of, previous_in_time

# Probability of one of many inputs or states, one of which is on: what the others would add by
# being off is next to nothing then, and the same for both levels of a neuron.
RARE = 1e-9


class ControlledLogOdds(NamedTuple):
    """The log odds of the middle activity, all that its response depends on, action by action.

    Attributes
    ----------
    input_slope : (neuron, input)
        W1 - W0.
    recurrent_slope : (action, neuron, neuron)
        K1 - K0 of each action: of a neuron, by the neuron one step earlier.
    offset : (action, neuron)
        h1 - h0 while the synapses of that action are driven.
    """

    input_slope: Float[Array, "neuron input"]
    recurrent_slope: Float[Array, "action neuron neuron"]
    offset: Float[Array, "action neuron"]


class ControlledNetwork(eqx.Module):
    """A canonical network with recurrent synapses of every action.

    ``dx/dt ~ -logit(x) + (W1 - W0) o + sum_k d_k (K1_k - K0_k) x(t-1) + h1 - h0``, where the
    thresholds h adapt to the synapses that are driven. Neurons of one factor compete, where there
    are factors: their log odds are then those of the softmax, up to what inhibition subtracts from
    all of them.

    Parameters
    ----------
    layers : CanonicalNetwork
        All but the recurrent synapses.
    recurrent_weight : (action, 2, neuron, neuron)
        K, indexed by action, level, neuron, neuron one step earlier.
    factors : tuple of int, optional
        As in `ControlledModel`.

    Raises
    ------
    CanonicaError
        If `layers` has recurrent synapses, shapes do not fit, numbers are not finite, or factors
        do not add up to the neurons.

    References
    ----------
    [CP25]; section 6 of the theory.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from canonica.model import CanonicalNetwork
    >>> layers = CanonicalNetwork(jnp.zeros((2, 3, 5)), jnp.log(jnp.full((2, 3), 0.5)))
    >>> network = ControlledNetwork(layers, jnp.zeros((4, 2, 3, 3)))
    >>> network.activity(jnp.ones(5), jnp.ones(3), jnp.eye(4)[0]).tolist()
    [0.5, 0.5, 0.5]
    """

    layers: CanonicalNetwork
    recurrent_weight: Float[Array, "action 2 neuron neuron"]
    factors: tuple[int, ...] | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if self.layers.recurrent_weight is not None:
            raise CanonicaError(
                "layers: found recurrent_weight in it; expected none, as each action has its own."
            )
        W, K = self.layers.weight, self.recurrent_weight
        check_shapes(
            {
                "layers.weight": (W, (2, "neuron", "input")),
                "recurrent_weight": (K, ("action", 2, "neuron", "neuron")),
            }
        )
        check_finite(recurrent_weight=K)
        check_factors(self.factors, W.shape[1])

    @checked_arrays
    def drive(
        self,
        inputs: Float[Array, "*batch input"],
        previous: Float[Array, "*batch neuron"],
        action: Float[Array, "*batch action"],
    ) -> Float[Array, "2 *batch neuron"]:
        """Return ``W o + K_d x(t-1) + h`` for both levels of every middle neuron.

        Parameters
        ----------
        inputs : (..., input)
            Stimuli o.
        previous : (..., neuron)
            Middle activity one step earlier.
        action : (..., action)
            d(t-1): one-hot, or probabilities.
        """
        driven = jnp.einsum("...k,knji,...i->n...j", action, self.recurrent_weight, previous)
        adapted = jnp.einsum("...k,knj->n...j", action, self._adaptation)
        gain = gain_of(self.layers.gains, "transition")
        return self.layers.drive(inputs) + weighed(driven + adapted, gain)

    @checked_arrays
    def activity(
        self,
        inputs: Float[Array, "*batch input"],
        previous: Float[Array, "*batch neuron"],
        action: Float[Array, "*batch action"],
    ) -> Float[Array, "*batch neuron"]:
        """Return the middle activity x at which the network comes to rest."""
        drive = self.drive(inputs, previous, action)
        return posterior(drive[1] - drive[0], self.factors)

    @property
    def log_odds(self) -> ControlledLogOdds:
        """How the log odds of the middle activity depend on input, past activity and action."""
        gain = gain_of(self.layers.gains, "transition")
        K = weighed(self.recurrent_weight.swapaxes(0, 1), gain)
        adapted = weighed(self._adaptation.swapaxes(0, 1), gain)
        law = self.layers.log_odds
        return ControlledLogOdds(law.slope, K[1] - K[0], law.offset + adapted[1] - adapted[0])

    @property
    def _adaptation(self) -> Float[Array, "action 2 neuron"]:
        return jax.vmap(adaptation)(self.recurrent_weight)

    @checked_arrays
    def run(
        self,
        inputs: Float[Array, "time input"],
        actions: Float[Array, "time action"],
        initial: Float[Array, " neuron"] | None = None,
    ) -> Activity:
        """Return the resting activity at every step of a stretch of time, weights fixed.

        Parameters
        ----------
        inputs : (time, input)
            Stimuli.
        actions : (time, action)
            What was done just before each of them.
        initial : (neuron,), optional
            Middle activity before the first step; by default ``exp(phi[1])``, the prior.
        """
        inputs = in_precision_of(self.recurrent_weight, inputs)
        actions = in_precision_of(self.recurrent_weight, actions)
        initial = jnp.exp(self.layers.threshold_factor[1]) if initial is None else initial

        def step(
            previous: Float[Array, " neuron"], seen: tuple[Array, Array]
        ) -> tuple[Float[Array, " neuron"], Float[Array, " neuron"]]:
            x = self.activity(seen[0], previous, seen[1])
            return x, x

        initial = initial.astype(inputs.dtype)
        middle = jax.lax.scan(step, initial, (inputs, actions))[1]
        previous = previous_in_time(middle, initial)
        if self.layers.output_weight is None:
            return Activity(middle, previous)
        return Activity(middle, previous, self.layers.output_activity(previous))
