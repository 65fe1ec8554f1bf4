"""The Bayesian observer whose transitions depend on what it did, with states that may compete."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica._errors import CanonicaError
from canonica.model._arguments import checked_arrays
from canonica.model._checks import check_positive, check_shapes
from canonica.model._competition import check_factors, posterior
from canonica.model._counts import coincidence, expected_log_parameter, log_evidence
from canonica.model._gains import gain_of, weighed
from canonica.model._generative_model import Beliefs, GenerativeModel
from canonica.model._values import both_values, in_precision_of, present, previous_in_time


class ControlledModel(eqx.Module):
    """A generative model in which every action has transitions of its own.

    The basis of the transitions is psi = s (x) d, a synapse for every pair of a state and an
    action; only those of the action taken are driven. All else is that of a `GenerativeModel`.

    Parameters
    ----------
    layers : GenerativeModel
        Likelihood, state prior and, where there are, decisions; without transitions.
    transition_counts : (action, 2, 2, state, state)
        Counts b of each action, indexed by action, value of the previous state, value of the
        state, previous state, state.
    factors : tuple of int, optional
        How many states belong to each factor of which exactly one is on, first to last. They
        compete: beliefs of a factor add up to 1. By default every state is 0 or 1 by itself.

    Raises
    ------
    CanonicaError
        If `layers` has transitions, shapes do not fit, counts are not positive numbers, or
        factors do not add up to the states.

    References
    ----------
    [CP25] Isomura, Communications Physics 8, 2025; section 6 of the theory.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from canonica.model import GenerativeModel
    >>> layers = GenerativeModel(jnp.ones((2, 2, 3, 2)), jnp.full((2, 2), 0.5))
    >>> model = ControlledModel(layers, jnp.ones((4, 2, 2, 2, 2)), factors=(2,))
    >>> model.state_posterior(jnp.ones(3), jnp.ones(2) / 2, jnp.eye(4)[0]).tolist()
    [0.5, 0.5]
    """

    layers: GenerativeModel
    transition_counts: Float[Array, "action 2 2 state state"]
    factors: tuple[int, ...] | None = eqx.field(static=True, default=None)

    def __check_init__(self) -> None:
        if self.layers.transition_counts is not None:
            raise CanonicaError(
                "layers: found transition_counts in it; expected none, as each action has its own."
            )
        a, b = self.layers.likelihood_counts, self.transition_counts
        check_shapes(
            {
                "layers.likelihood_counts": (a, (2, 2, "observation", "state")),
                "transition_counts": (b, ("action", 2, 2, "state", "state")),
            }
        )
        check_positive(transition_counts=b)
        check_factors(self.factors, a.shape[-1])

    @property
    def log_transition(self) -> Float[Array, "action 2 2 state state"]:
        """Expected ln B of every action."""
        form = self.layers.form
        return jax.vmap(lambda counts: expected_log_parameter(counts, form))(self.transition_counts)

    @checked_arrays
    def transition_log_evidence(
        self,
        previous_state: Float[Array, "*batch state"],
        action: Float[Array, "*batch action"],
    ) -> Float[Array, "2 *batch state"]:
        """Return what the states one step earlier say of both values of each, given the action.

        Parameters
        ----------
        previous_state : (..., state)
            Beliefs one step earlier.
        action : (..., action)
            d(t-1): one-hot, or probabilities.
        """
        of_each = jax.vmap(lambda one: log_evidence(one, previous_state))(self.log_transition)
        evidence = jnp.einsum("...k,kn...j->n...j", action, of_each)
        return weighed(evidence, gain_of(self.layers.gains, "transition"))

    @checked_arrays
    def state_log_evidence(
        self,
        observation: Float[Array, "*batch observation"],
        previous_state: Float[Array, "*batch state"],
        action: Float[Array, "*batch action"],
    ) -> Float[Array, "2 *batch state"]:
        """Return v[n], the log of prior times likelihood, for both values of each state."""
        v = self.layers.state_log_evidence(observation)
        return v + self.transition_log_evidence(previous_state, action)

    @checked_arrays
    def state_posterior(
        self,
        observation: Float[Array, "*batch observation"],
        previous_state: Float[Array, "*batch state"],
        action: Float[Array, "*batch action"],
    ) -> Float[Array, "*batch state"]:
        """Return beliefs: ``sigmoid(v[1] - v[0])``, or its softmax over each factor."""
        v = self.state_log_evidence(observation, previous_state, action)
        return posterior(v[1] - v[0], self.factors)

    @checked_arrays
    def infer(
        self,
        observations: Float[Array, "time observation"],
        actions: Float[Array, "time action"],
        initial_state: Float[Array, " state"] | None = None,
    ) -> Beliefs:
        """Return the posterior beliefs over a stretch of time, with the counts as they are.

        Parameters
        ----------
        observations : (time, observation)
            0/1.
        actions : (time, action)
            What was done just before each of them, d(t-1).
        initial_state : (state,), optional
            Belief before the first step; by default the prior expectation ``D[1]``.
        """
        observations = in_precision_of(self.transition_counts, observations)
        actions = in_precision_of(self.transition_counts, actions)
        initial = self.layers.state_prior[1] if initial_state is None else initial_state

        def step(
            previous: Float[Array, " state"], seen: tuple[Array, Array]
        ) -> tuple[Float[Array, " state"], Float[Array, " state"]]:
            state = self.state_posterior(seen[0], previous, seen[1])
            return state, state

        initial = initial.astype(observations.dtype)
        states = jax.lax.scan(step, initial, (observations, actions))[1]
        previous = previous_in_time(states, initial)
        if self.layers.policy_counts is None:
            return Beliefs(states, previous)
        return Beliefs(states, previous, self.layers.decision_posterior(previous))

    @checked_arrays
    def update(
        self,
        observations: Float[Array, "time observation"],
        actions: Float[Array, "time action"],
        beliefs: Beliefs,
        risk: Float[Array, " time"] | None = None,
    ) -> "ControlledModel":
        """Return the model that has learned from a stretch of time.

        As `GenerativeModel.update`; ``b_k += d_k(t-1) s(t-1)[m] s(t)[n]`` for every action k.
        """
        previous = present(beliefs.previous_states, "beliefs.previous_states")
        each = jax.vmap(lambda taken: coincidence(previous, beliefs.states, taken))(actions.T)
        return ControlledModel(
            self.layers.update(observations, beliefs, risk),
            self.transition_counts + each,
            self.factors,
        )

    def transition_expected(
        self, beliefs: Beliefs, actions: Float[Array, "time action"]
    ) -> Float[Array, " time"]:
        """Return ``s . lnB d s(t-1)`` of each step: what transitions add to minus F."""
        previous = present(beliefs.previous_states, "beliefs.previous_states")
        evidence = self.transition_log_evidence(previous, actions)
        return (both_values(beliefs.states) * evidence).sum(axis=(0, 2))
