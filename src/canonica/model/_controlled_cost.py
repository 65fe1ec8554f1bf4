"""Both descriptions of a network that acts on its states: their mapping, free energy and cost."""

import jax
from jaxtyping import Array, Float

from canonica.model._arguments import checked_arrays
from canonica.model._canonical_network import Activity
from canonica.model._competition import entropy_share
from canonica.model._controlled_model import ControlledModel
from canonica.model._controlled_network import ControlledNetwork
from canonica.model._correspondence import (
    Precision,
    canonical_network,
    counts_of_weight,
    generative_model,
    weight_of_counts,
)
from canonica.model._cost import cost
from canonica.model._free_energy import FreeEnergy, free_energy
from canonica.model._generative_model import Beliefs
from canonica.model._values import both_values, negative_entropy, present


@checked_arrays
def controlled_network(model: ControlledModel) -> ControlledNetwork:
    """Return the network that is the observer `model`, its canonical form.

    As `canonical_network`, with ``sigmoid(K_k[n]) = E[B_k][1, n]`` transposed for every action k.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from canonica.model import GenerativeModel
    >>> layers = GenerativeModel(jnp.ones((2, 2, 3, 2)), jnp.full((2, 2), 0.5))
    >>> controlled_network(ControlledModel(layers, jnp.ones((4, 2, 2, 2, 2)))).factors is None
    True
    """
    return ControlledNetwork(
        layers=canonical_network(model.layers),
        recurrent_weight=jax.vmap(weight_of_counts)(model.transition_counts),
        factors=model.factors,
    )


@checked_arrays
def controlled_model(
    network: ControlledNetwork,
    precision: Precision = Precision(),  # noqa: B008  (immutable)
) -> ControlledModel:
    """Return the generative model that `network` implicitly holds.

    Parameters
    ----------
    network : ControlledNetwork
        Any network.
    precision : Precision, optional
        Total counts per column, as in `generative_model`; those of the recurrent synapses broadcast
        to (action, 2, neuron, neuron).

    Returns
    -------
    ControlledModel
        In canonical form; `controlled_network` of it is `network` again.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from canonica.model import CanonicalNetwork
    >>> layers = CanonicalNetwork(jnp.zeros((2, 3, 5)), jnp.log(jnp.full((2, 3), 0.5)))
    >>> network = ControlledNetwork(layers, jnp.zeros((4, 2, 3, 3)))
    >>> controlled_model(network).transition_counts.shape
    (4, 2, 2, 3, 3)
    """
    K = network.recurrent_weight
    total = jax.numpy.broadcast_to(precision.recurrent, K.shape).astype(K.dtype)
    return ControlledModel(
        layers=generative_model(network.layers, precision),
        transition_counts=jax.vmap(counts_of_weight)(K, total),
        factors=network.factors,
    )


@checked_arrays
def controlled_free_energy(
    model: ControlledModel,
    observations: Float[Array, "time observation"],
    actions: Float[Array, "time action"],
    beliefs: Beliefs,
    *,
    risk: Float[Array, " time"] | None = None,
    epsilon: Float[Array, ""] | float = 0.0,
) -> FreeEnergy:
    """Return the free energy that `beliefs`, right or wrong, have under `model`.

    ``F`` of section 1 with psi = s (x) d in place of s(t-1): transitions are those of the action
    taken. Where states compete, a factor has the entropy of one variable of many values.

    Parameters
    ----------
    model : ControlledModel
        Counts and priors, held fixed over the stretch.
    observations : (time, observation)
        0/1.
    actions : (time, action)
        What was done just before each of them, d(t-1).
    beliefs : Beliefs
        With previous states; with decisions where the model has those.
    risk : (time,), optional
        Gamma of each step; 0 by default.
    epsilon : float, optional
        Added to every belief inside its own logarithm.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from canonica.model import GenerativeModel
    >>> layers = GenerativeModel(jnp.ones((2, 2, 3, 2)), jnp.full((2, 2), 0.5))
    >>> model = ControlledModel(layers, jnp.ones((4, 2, 2, 2, 2)))
    >>> seen, done = jnp.ones((5, 3)), jnp.eye(4)[jnp.array([0, 1, 2, 3, 0])]
    >>> F = controlled_free_energy(model, seen, done, model.infer(seen, done))
    >>> round(float(F.total[0]), 4)  # 2 states, each with 3 observations and 2 previous states
    6.9315
    """
    plain = free_energy(model.layers, observations, beliefs, risk=risk, epsilon=epsilon)
    entropy = _entropy_of_competition(beliefs.states, model.factors, epsilon)
    transition = model.transition_expected(beliefs, actions)
    return plain._replace(complexity=plain.complexity + entropy - transition)


@checked_arrays
def controlled_cost(
    network: ControlledNetwork,
    inputs: Float[Array, "time input"],
    actions: Float[Array, "time action"],
    activity: Activity,
    *,
    risk: Float[Array, " time"] | None = None,
    epsilon: Float[Array, ""] | float = 0.0,
) -> Float[Array, " time"]:
    """Return the cost L per time step of any activity of `network`, in nats.

    Equal to `controlled_free_energy` of the equivalent model (canonical form), step by step.

    Parameters
    ----------
    network : ControlledNetwork
        Weights and threshold factors, held fixed over the stretch.
    inputs : (time, input)
        Stimuli.
    actions : (time, action)
        What was done just before each of them.
    activity : Activity
        With the previous middle activity, and the output activity where there is an output layer.
    risk : (time,), optional
        Gamma of each step; 0 by default.
    epsilon : float, optional
        Added to every activity inside its own logarithm.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from canonica.model import CanonicalNetwork
    >>> layers = CanonicalNetwork(jnp.zeros((2, 3, 5)), jnp.log(jnp.full((2, 3), 0.5)))
    >>> network = ControlledNetwork(layers, jnp.zeros((4, 2, 3, 3)))
    >>> seen, done = jnp.ones((2, 5)), jnp.eye(4)[:2]
    >>> round(float(controlled_cost(network, seen, done, network.run(seen, done))[0]), 4)
    16.6355
    """
    x = activity.middle
    previous = present(activity.previous_middle, "activity.previous_middle")
    plain = cost(network.layers, inputs, activity, risk=risk, epsilon=epsilon)
    drive = network.drive(inputs, previous, actions) - network.layers.drive(inputs)
    entropy = _entropy_of_competition(x, network.factors, epsilon)
    return plain + entropy - (both_values(x) * drive).sum(axis=(0, 2))


def _entropy_of_competition(
    belief: Float[Array, "time state"],
    factors: tuple[int, ...] | None,
    epsilon: Float[Array, ""] | float,
) -> Float[Array, " time"]:
    """Return by how much competition changes the negative entropy of each step."""
    share = entropy_share(belief, factors, epsilon) - negative_entropy(belief, epsilon)
    return share.sum(axis=1)
