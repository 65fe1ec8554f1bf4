"""The canonical neural network: rate coding, two synaptic populations, adaptive thresholds."""

from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import logit
from jaxtyping import Array, Float

from canonica._errors import CanonicaError
from canonica.model._arguments import checked_arrays
from canonica.model._checks import check_finite, check_shapes, finite_at_run_time
from canonica.model._gains import Gains, check_gains, gain_of, weighed
from canonica.model._values import along_batch, in_precision_of, present, previous_in_time


class Activity(NamedTuple):
    """Activity over a stretch of time, in [0, 1].

    Attributes
    ----------
    middle : (time, neuron)
        Middle layer, x.
    previous_middle : (time, neuron) or None
        The same, one step earlier; None where the network does not look back.
    output : (time, output) or None
        Output layer, y; None where the network has none.
    """

    middle: Float[Array, "time neuron"]
    previous_middle: Float[Array, "time neuron"] | None = None
    output: Float[Array, "time output"] | None = None


class LogOdds(NamedTuple):
    """The log odds of a layer's activity, linear in its input: all that its response depends on.

    Attributes
    ----------
    slope : (neuron, input)
        W1 - W0.
    offset : (neuron,)
        h1 - h0.
    """

    slope: Float[Array, "neuron input"]
    offset: Float[Array, " neuron"]

    def __call__(self, inputs: Float[Array, "*batch input"]) -> Float[Array, "*batch neuron"]:
        """Return the log odds of each neuron's activity, ``(W1 - W0) o + h1 - h0``."""
        return jnp.moveaxis(self._by_neuron(inputs), 0, -1)

    @checked_arrays
    def activity(self, inputs: Float[Array, "*batch input"]) -> Float[Array, "*batch neuron"]:
        """Return the activity of each neuron: the logistic function of its log odds."""
        return jnp.moveaxis(jax.nn.sigmoid(self._by_neuron(inputs)), 0, -1)

    def _by_neuron(self, inputs: Float[Array, "*batch input"]) -> Float[Array, "neuron ..."]:
        # Neurons first: what is done next then runs along time, however few the neurons are.
        offset = self.offset.reshape(-1, *(1,) * (inputs.ndim - 1))
        return jnp.einsum("ji,...i->j...", self.slope, inputs) + offset


class CanonicalNetwork(eqx.Module):
    """A two-layer rate-coding network whose activity and plasticity minimise one cost function.

    The middle layer's input synapses are always there; recurrent synapses and an output layer
    each where their weights are given. An immutable pytree of any sizes and floating dtype.

    Parameters
    ----------
    weight : (2, neuron, input)
        W; ``weight[1]`` are the excitatory, ``weight[0]`` the inhibitory strengths.
    threshold_factor : (2, neuron)
        Firing threshold factors phi of both levels.
    recurrent_weight : (2, neuron, neuron), optional
        K, indexed by level, neuron, neuron one step earlier.
    output_weight : (2, output, neuron), optional
        V, indexed by level, output neuron, middle neuron one step earlier.
    output_threshold_factor : (2, output), optional
        psi; given exactly when `output_weight` is.
    gains : Gains, optional
        How strongly each kind of synapse counts, together with what thresholds adapt by.

    Raises
    ------
    CanonicaError
        If only one of `output_weight` and `output_threshold_factor` is given, shapes do not fit, or
        numbers are not finite (inside `jax.jit` and the like, where values are not known, only
        shapes are looked at: see `checked`).

    References
    ----------
    [CB22] Isomura, Shimazaki & Friston, Communications Biology 5:55, 2022.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> network = CanonicalNetwork(
    ...     weight=jnp.zeros((2, 3, 5)), threshold_factor=jnp.log(jnp.full((2, 3), 0.5))
    ... )
    >>> [float(x) for x in network.activity(jnp.ones(5))]
    [0.5, 0.5, 0.5]
    """

    weight: Float[Array, "2 neuron input"]
    threshold_factor: Float[Array, "2 neuron"]
    recurrent_weight: Float[Array, "2 neuron neuron"] | None = None
    output_weight: Float[Array, "2 output neuron"] | None = None
    output_threshold_factor: Float[Array, "2 output"] | None = None
    gains: Gains | None = None

    def __check_init__(self) -> None:
        if (self.output_weight is None) != (self.output_threshold_factor is None):
            raise CanonicaError(
                "output_weight, output_threshold_factor: found one of them; expected both or none."
            )
        check_shapes(
            {
                "weight": (self.weight, (2, "neuron", "input")),
                "threshold_factor": (self.threshold_factor, (2, "neuron")),
                "recurrent_weight": (self.recurrent_weight, (2, "neuron", "neuron")),
                "output_weight": (self.output_weight, (2, "output", "neuron")),
                "output_threshold_factor": (self.output_threshold_factor, (2, "output")),
            }
        )
        check_gains(self.gains)
        check_finite(**self._weights_and_thresholds)

    @property
    def _weights_and_thresholds(self) -> dict[str, Array | None]:
        return {
            "weight": self.weight,
            "threshold_factor": self.threshold_factor,
            "recurrent_weight": self.recurrent_weight,
            "output_weight": self.output_weight,
            "output_threshold_factor": self.output_threshold_factor,
        }

    def checked(self) -> "CanonicalNetwork":
        """Return the same network, its weights and thresholds looked at whenever it is used.

        In compiled code, too, where the constructor cannot look: see `GenerativeModel.checked`.
        """
        return finite_at_run_time(self, **self._weights_and_thresholds)

    @property
    def firing_threshold(self) -> Float[Array, "2 neuron"]:
        """Firing thresholds h: the factors phi, adapted to the strengths of all synapses."""
        adapted = weighed(adaptation(self.weight), gain_of(self.gains, "likelihood"))
        threshold = self.threshold_factor + adapted
        if self.recurrent_weight is not None:
            adapted = adaptation(self.recurrent_weight)
            threshold = threshold + weighed(adapted, gain_of(self.gains, "transition"))
        return threshold

    @property
    def output_firing_threshold(self) -> Float[Array, "2 output"]:
        """Output thresholds m; raises CanonicaError in a network without output layer."""
        adapted = adaptation(present(self.output_weight, "output_weight"))
        return self.output_log_prior + weighed(adapted, gain_of(self.gains, "decision"))

    @property
    def output_log_prior(self) -> Float[Array, "2 output"]:
        """Output threshold factors psi, by their gain; CanonicaError without output layer."""
        factor = present(self.output_threshold_factor, "output_threshold_factor")
        return weighed(factor, gain_of(self.gains, "decision"))

    @property
    def effective_weight(self) -> Float[Array, "2 neuron input"]:
        """Strengths W, by their gain: what a stimulus drives a neuron with."""
        return weighed(self.weight, gain_of(self.gains, "likelihood"))

    @property
    def effective_recurrent_weight(self) -> Float[Array, "2 neuron neuron"]:
        """Strengths K, by their gain; raises CanonicaError without recurrent synapses."""
        recurrent = present(self.recurrent_weight, "recurrent_weight")
        return weighed(recurrent, gain_of(self.gains, "transition"))

    @property
    def effective_output_weight(self) -> Float[Array, "2 output neuron"]:
        """Strengths V, by their gain; raises CanonicaError without output layer."""
        output = present(self.output_weight, "output_weight")
        return weighed(output, gain_of(self.gains, "decision"))

    @checked_arrays
    def drive(
        self,
        inputs: Float[Array, "*batch input"],
        previous: Float[Array, "*batch neuron"] | None = None,
    ) -> Float[Array, "2 *batch neuron"]:
        """Return ``W o + K x(t-1) + h`` for both levels of every middle neuron.

        Parameters
        ----------
        inputs : (..., input)
            Stimuli o.
        previous : (..., neuron), optional
            Middle activity one step earlier; needed where there are recurrent synapses.
        """
        total = jnp.einsum("...i,nji->n...j", inputs, self.effective_weight)
        if self.recurrent_weight is not None:
            previous = present(previous, "previous")
            recurrent = self.effective_recurrent_weight
            total = total + jnp.einsum("...i,nji->n...j", previous, recurrent)
        return total + along_batch(self.firing_threshold, inputs)

    @property
    def log_odds(self) -> LogOdds:
        """How the log odds of the middle activity depend on the input."""
        h, W = self.firing_threshold, self.effective_weight
        return LogOdds(W[1] - W[0], h[1] - h[0])

    @checked_arrays
    def activity(
        self,
        inputs: Float[Array, "*batch input"],
        previous: Float[Array, "*batch neuron"] | None = None,
    ) -> Float[Array, "*batch neuron"]:
        """Return the middle activity x at which the network comes to rest."""
        if self.recurrent_weight is None:
            return self.log_odds.activity(inputs)
        return jax.nn.sigmoid(self.log_odds(inputs) + self._recurrent_log_odds(previous))

    def _recurrent_log_odds(
        self, previous: Float[Array, "*batch neuron"] | None
    ) -> Float[Array, "*batch neuron"]:
        K = self.effective_recurrent_weight
        return present(previous, "previous") @ (K[1] - K[0]).T

    @checked_arrays
    def output_drive(self, previous: Float[Array, "*batch neuron"]) -> Float[Array, "2 *batch out"]:
        """Return ``V x(t-1) + m`` for both levels of every output neuron."""
        total = jnp.einsum("...i,nji->n...j", previous, self.effective_output_weight)
        return total + along_batch(self.output_firing_threshold, previous)

    @checked_arrays
    def output_activity(
        self, previous: Float[Array, "*batch neuron"]
    ) -> Float[Array, "*batch out"]:
        """Return the output activity y at which the network comes to rest."""
        drive = self.output_drive(previous)
        return jax.nn.sigmoid(drive[1] - drive[0])

    @checked_arrays
    def rate_of_change(
        self,
        activity: Float[Array, "*batch neuron"],
        inputs: Float[Array, "*batch input"],
        previous: Float[Array, "*batch neuron"] | None = None,
    ) -> Float[Array, "*batch neuron"]:
        """Return dx/dt up to its time constant: minus the gradient of the cost with respect to x.

        Zero exactly at `activity`'s resting value.
        """
        drive = self.log_odds(inputs)
        if self.recurrent_weight is not None:
            drive = drive + self._recurrent_log_odds(previous)
        return drive - logit(activity)

    @checked_arrays
    def run(
        self,
        inputs: Float[Array, "time input"],
        initial: Float[Array, " neuron"] | None = None,
    ) -> Activity:
        """Return the resting activity at every step of a stretch of time, weights fixed.

        Parameters
        ----------
        inputs : (time, input)
            Stimuli.
        initial : (neuron,), optional
            Middle activity before the first step; by default ``exp(phi[1])``, the prior. Used
            only where the network has recurrent synapses or an output layer.

        Raises
        ------
        CanonicaError
            If inputs are of another shape or, where they are known, not finite.
        """
        check_shapes({"inputs": (inputs, ("time", self.weight.shape[2]))})
        check_finite(inputs=inputs, initial=initial)
        inputs = in_precision_of(self.weight, inputs)
        if self.recurrent_weight is None and self.output_weight is None:
            return Activity(self.activity(inputs))
        if initial is None:
            initial = jnp.exp(self.threshold_factor[1])
        initial = initial.astype(inputs.dtype)
        middle = self._run_middle(inputs, initial)
        previous = previous_in_time(middle, initial)
        if self.output_weight is None:
            return Activity(middle, previous)
        return Activity(middle, previous, self.output_activity(previous))

    def _run_middle(
        self, inputs: Float[Array, "time input"], initial: Float[Array, " neuron"]
    ) -> Float[Array, "time neuron"]:
        if self.recurrent_weight is None:
            return self.activity(inputs)

        def step(
            previous: Float[Array, " neuron"], stimulus: Float[Array, " input"]
        ) -> tuple[Float[Array, " neuron"], Float[Array, " neuron"]]:
            x = self.activity(stimulus, previous)
            return x, x

        return jax.lax.scan(step, initial, inputs)[1]


@partial(checked_arrays, infinite=True)
def adaptation(weight: Float[Array, "2 neuron input"]) -> Float[Array, "2 neuron"]:
    """Return ``sum_i ln(1 - sigmoid(W))``, by which thresholds adapt to synaptic strengths."""
    return jax.nn.log_sigmoid(-weight).sum(axis=2)
