"""The canonical network's cost function L, whose minimisation yields activity and plasticity."""

from jaxtyping import Array, Float

from canonica.model._arguments import checked_arrays
from canonica.model._canonical_network import Activity, CanonicalNetwork
from canonica.model._values import (
    along_batch,
    both_values,
    modulation,
    negative_entropy,
    present,
)


@checked_arrays
def cost(
    network: CanonicalNetwork,
    inputs: Float[Array, "time input"],
    activity: Activity,
    *,
    risk: Float[Array, " time"] | None = None,
    epsilon: Float[Array, ""] | float = 0.0,
) -> Float[Array, " time"]:
    """Return the cost L per time step of any activity of `network`, in nats.

    Equal to the free energy of the equivalent generative model (canonical form), step by step.
    Where plasticity of the output layer is modulated, so are its synapses *and* the part of its
    thresholds that adapts to them; only then do cost and free energy agree at any risk.

    Parameters
    ----------
    network : CanonicalNetwork
        Weights and threshold factors, held fixed over the stretch.
    inputs : (time, input)
        Stimuli.
    activity : Activity
        With the previous middle activity where the network has recurrent synapses or an output
        layer, and the output activity where it has one.
    risk : (time,), optional
        Gamma of each step; 0 by default.
    epsilon : float, optional
        Added to every activity inside its own logarithm.

    Raises
    ------
    CanonicaError
        If `activity` lacks something that `network` needs.

    References
    ----------
    [CB22] Eq. 6; [NC23] Methods.

    Examples
    --------
    Activity at rest is where the cost is lowest:

    >>> import jax, jax.numpy as jnp
    >>> network = CanonicalNetwork(jnp.ones((2, 3, 5)), jnp.log(jnp.full((2, 3), 0.5)))
    >>> inputs = jnp.ones((4, 5))
    >>> slope = jax.grad(lambda x: cost(network, inputs, Activity(x)).sum())
    >>> bool(jnp.allclose(slope(network.activity(inputs)), 0, atol=1e-5))
    True
    """
    x = activity.middle
    drive = network.drive(inputs, activity.previous_middle)
    middle = negative_entropy(x, epsilon).sum(axis=1) - (both_values(x) * drive).sum(axis=(0, 2))
    if network.output_weight is None:
        return middle
    return middle + _output_cost(network, activity, risk, epsilon)


def _output_cost(
    network: CanonicalNetwork,
    activity: Activity,
    risk: Float[Array, " time"] | None,
    epsilon: Float[Array, ""] | float,
) -> Float[Array, " time"]:
    y = present(activity.output, "activity.output")
    previous = present(activity.previous_middle, "activity.previous_middle")
    factor = along_batch(network.output_log_prior, previous)
    modulated = network.output_drive(previous) - factor
    drive = factor + modulation(risk, previous)[None, :, None] * modulated
    return negative_entropy(y, epsilon).sum(axis=1) - (both_values(y) * drive).sum(axis=(0, 2))
