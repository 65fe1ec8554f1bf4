"""Synaptic plasticity: Hebbian sums with a homeostatic normaliser."""

import equinox as eqx
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float

from canonica._checks import checked_number, checked_size
from canonica.model._arguments import checked_arrays
from canonica.model._canonical_network import LogOdds
from canonica.model._values import both_values


class SynapticSums(eqx.Module):
    """What a synapse has accumulated: coincidences, and the activity that normalises them.

    Level 1 counts with the postsynaptic activity x, level 0 with its complement 1 - x. The
    strengths that follow are ``W = logit(hebbian / homeostatic)``; the sums themselves are the
    concentration counts of the equivalent generative model.

    Parameters
    ----------
    hebbian : (..., 2, neuron, input)
        Indexed by level: prior plus ``sum x o'`` (level 0: 1 - x in place of x).
    homeostatic : (..., 2, neuron, input)
        Indexed by level: prior plus ``sum x 1'``.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023, Methods.
    """

    hebbian: Float[Array, "*batch 2 neuron input"]
    homeostatic: Float[Array, "*batch 2 neuron input"]

    @property
    def weight(self) -> Float[Array, "*batch 2 neuron input"]:
        """Synaptic strengths at which the cost function is stationary."""
        return jnp.log(self.hebbian) - jnp.log(self.without_input)

    @property
    def without_input(self) -> Float[Array, "*batch 2 neuron input"]:
        """Activity while the input was off; never below 0, whatever rounding makes of it."""
        return jnp.maximum(self.homeostatic - self.hebbian, 0)

    @property
    def strength(self) -> Float[Array, "*batch 2 neuron input"]:
        """``sigmoid(W)``, without computing W: the expected likelihood mapping, transposed."""
        return self.hebbian / self.homeostatic

    @property
    def counts(self) -> Float[Array, "*batch 2 2 input neuron"]:
        """The same sums as counts of the likelihood mapping: input value, neuron value."""
        counts = jnp.stack([self.without_input, self.hebbian], axis=-4)
        return counts.swapaxes(-2, -1)

    @checked_arrays
    def log_odds(self, threshold_factor: Float[Array, "2 neuron"]) -> LogOdds:
        """Return the response law of a network with these strengths and threshold factors.

        The same as by way of the weights, for two logarithms a synapse instead of eight: log odds
        are logarithms of ratios of sums. For one layer, without leading axes.
        """
        silent = self.without_input
        odds = self.hebbian / silent
        silence = silent / self.homeostatic
        adaptation = jnp.log(silence[1] / silence[0]).sum(axis=1)
        offset = threshold_factor[1] - threshold_factor[0] + adaptation
        return LogOdds(slope=jnp.log(odds[1] / odds[0]), offset=offset)

    def __add__(self, other: "SynapticSums") -> "SynapticSums":
        return SynapticSums(
            self.hebbian + other.hebbian,
            self.homeostatic + other.homeostatic,
        )

    def __mul__(self, factor: Float[Array, "..."] | float) -> "SynapticSums":
        return SynapticSums(self.hebbian * factor, self.homeostatic * factor)


@checked_arrays
def prior_sums(prior_strength: Float[Array, ""] | float, neurons: int, inputs: int) -> SynapticSums:
    """Return the sums of a network that has seen nothing: all strengths zero.

    Parameters
    ----------
    prior_strength : float
        Lambda, the insensitivity to plasticity: how much activity it takes to move the weights.
    neurons, inputs : int
        Size of the layer.

    Raises
    ------
    CanonicaError
        If a size is none, or `prior_strength` is known and not a number from 0 on.

    Examples
    --------
    >>> prior_sums(3000.0, neurons=2, inputs=3).weight.shape
    (2, 2, 3)
    """
    shape = (2, checked_size("neurons", neurons), checked_size("inputs", inputs))
    if not isinstance(prior_strength, Tracer):
        checked_number("prior_strength", prior_strength, lowest=0)
    return SynapticSums(
        jnp.broadcast_to(jnp.asarray(prior_strength / 2), shape),
        jnp.broadcast_to(jnp.asarray(prior_strength), shape),
    )


@checked_arrays
def synaptic_sums(
    activity: Float[Array, "time neuron"],
    inputs: Float[Array, "time input"],
    weight: Float[Array, " time"] | None = None,
) -> SynapticSums:
    """Return what a stretch of activity adds to the sums.

    Parameters
    ----------
    activity : (time, neuron)
        Postsynaptic activity, in [0, 1].
    inputs : (time, input)
        Presynaptic activity: stimuli, or the activity of a layer one step earlier.
    weight : (time,), optional
        Scales each step's part: ``1 - 2 risk`` for modulated plasticity, 0 to leave a step out.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> sums = synaptic_sums(jnp.array([[1.0], [0.5]]), jnp.array([[1.0], [0.0]]))
    >>> [float(value) for value in sums.hebbian[:, 0, 0]]  # level 0, level 1
    [0.0, 1.0]
    """
    levels = both_values(activity.T)  # time last: the product below then reads rows
    if weight is not None:
        levels = levels * weight[None, None, :]
    hebbian = levels @ inputs
    return SynapticSums(hebbian, jnp.broadcast_to(levels.sum(axis=2)[..., None], hebbian.shape))


@checked_arrays
def synaptic_sums_beside_prior(
    activity: Float[Array, "time neuron"],
    inputs: Float[Array, "time input"],
    weight: Float[Array, " time"] | None = None,
) -> SynapticSums:
    """Return the same as `synaptic_sums` by half the work, to add to sums that hold a prior.

    Both levels add up to what the inputs alone would, so that level 0 is a difference, exact to
    the rounding of that total. Beside a prior this is as good; on its own, where activity is
    nearly always 1, little would be left of level 0.
    """
    every_step = jnp.ones_like(inputs[:, 0]) if weight is None else weight
    excited = activity.T * every_step[None, :]
    hebbian, homeostatic = excited @ inputs, excited.sum(axis=1)[:, None]
    total_hebbian, total_homeostatic = (every_step @ inputs)[None, :], every_step.sum()
    levels = jnp.stack([total_homeostatic - homeostatic, homeostatic])
    return SynapticSums(
        jnp.stack([total_hebbian - hebbian, hebbian]),
        jnp.broadcast_to(levels, (2, *hebbian.shape)),
    )
