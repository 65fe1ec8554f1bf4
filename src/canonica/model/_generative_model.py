"""The Bayesian observer: a factorised, binary partially observable Markov decision process."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica._errors import CanonicaError
from canonica.model._arguments import checked_arrays
from canonica.model._checks import (
    check_finite,
    check_positive,
    check_shapes,
    finite_at_run_time,
    positive_at_run_time,
)
from canonica.model._counts import (
    ExpectationForm,
    coincidence,
    expected_log_parameter,
    log_evidence,
)
from canonica.model._gains import Gains, check_gains, gain_of, weighed
from canonica.model._values import (
    along_batch,
    in_precision_of,
    modulation,
    present,
    previous_in_time,
)

MINIMUM_POLICY_COUNT = 1.0


class Beliefs(NamedTuple):
    """Posterior expectations over a stretch of time.

    Attributes
    ----------
    states : (time, state)
        Posterior expectation that each hidden state is 1.
    previous_states : (time, state) or None
        The same, one step earlier; None where the model does not look back.
    decisions : (time, decision) or None
        Posterior expectation of each decision; None where the model decides nothing.
    """

    states: Float[Array, "time state"]
    previous_states: Float[Array, "time state"] | None = None
    decisions: Float[Array, "time decision"] | None = None


class GenerativeModel(eqx.Module):
    """A generative model of binary observations, its parameters held as concentration counts.

    The first layer (likelihood and state prior) is always there. Transitions and decisions are
    each there when their counts are given. Any number of observations, states and decisions, any
    floating dtype; an immutable pytree to `jax.vmap`, `jax.grad` and `jax.jit`.

    Parameters
    ----------
    likelihood_counts : (2, 2, observation, state)
        Counts a of A, indexed by observation value, state value, observation, state.
    state_prior : (2, state)
        D, indexed by state value.
    transition_counts : (2, 2, state, state), optional
        Counts b of B, indexed by value of the previous state, value of the state, previous state,
        state: the mapping is read backwards in time.
    policy_counts : (2, 2, state, decision), optional
        Counts c of C, indexed by value of the previous state, value of the decision, previous
        state, decision.
    decision_prior : (2, decision), optional
        E, indexed by value of the decision; given exactly when `policy_counts` is.
    gains : Gains, optional
        How strongly each term of the log odds counts; without them each as the theory has it.
    form : "canonical" or "exact"
        How expected log parameters are taken; see `expected_log_parameter`.

    Raises
    ------
    CanonicaError
        If only one of `policy_counts` and `decision_prior` is given, shapes do not fit, or counts
        or state priors are not positive numbers, or decision priors not finite (inside `jax.jit`
        and the like, where values are not known, only shapes are looked at: see `checked`).

    References
    ----------
    [CB22] Isomura, Shimazaki & Friston, Communications Biology 5:55, 2022.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> counts = jnp.array([[8.0, 2.0], [2.0, 8.0]]).reshape(2, 2, 1, 1)
    >>> model = GenerativeModel(likelihood_counts=counts, state_prior=jnp.full((2, 1), 0.5))
    >>> round(float(model.state_posterior(jnp.ones(1))[0]), 3)  # the observation says: state 1
    0.8
    """

    likelihood_counts: Float[Array, "2 2 observation state"]
    state_prior: Float[Array, "2 state"]
    transition_counts: Float[Array, "2 2 state state"] | None = None
    policy_counts: Float[Array, "2 2 state decision"] | None = None
    decision_prior: Float[Array, "2 decision"] | None = None
    gains: Gains | None = None
    form: ExpectationForm = eqx.field(static=True, default="canonical")

    def __check_init__(self) -> None:
        if (self.policy_counts is None) != (self.decision_prior is None):
            raise CanonicaError(
                "policy_counts, decision_prior: found one of them; expected both or none."
            )
        check_shapes(
            {
                "likelihood_counts": (self.likelihood_counts, (2, 2, "observation", "state")),
                "state_prior": (self.state_prior, (2, "state")),
                "transition_counts": (self.transition_counts, (2, 2, "state", "state")),
                "policy_counts": (self.policy_counts, (2, 2, "state", "decision")),
                "decision_prior": (self.decision_prior, (2, "decision")),
            }
        )
        check_gains(self.gains)
        check_positive(**self._counts_and_priors)
        check_finite(decision_prior=self.decision_prior)  # 0 where a decision is never taken

    @property
    def _counts_and_priors(self) -> dict[str, Array | None]:
        return {
            "likelihood_counts": self.likelihood_counts,
            "state_prior": self.state_prior,
            "transition_counts": self.transition_counts,
            "policy_counts": self.policy_counts,
        }

    def checked(self) -> "GenerativeModel":
        """Return the same model, its counts and priors looked at whenever it is used.

        In compiled code, too, where the constructor cannot look: by `equinox.error_if`, whose
        error is raised, for this model or any one of a batch, once the code has run.

        Examples
        --------
        >>> import jax, jax.numpy as jnp
        >>> @jax.jit
        ... def posterior(counts):
        ...     model = GenerativeModel(counts, jnp.full((2, 1), 0.5))
        ...     return model.checked().state_posterior(jnp.ones(1))
        >>> posterior(jnp.zeros((2, 2, 1, 1)))
        Traceback (most recent call last):
        jax.errors.JaxRuntimeError: ...likelihood_counts: expected numbers...
        """
        model = positive_at_run_time(self, **self._counts_and_priors)
        return finite_at_run_time(model, decision_prior=self.decision_prior)

    @property
    def log_likelihood(self) -> Float[Array, "2 2 observation state"]:
        """Expected log likelihood ln A of each observation, given each state."""
        return expected_log_parameter(self.likelihood_counts, self.form)

    @property
    def log_transition(self) -> Float[Array, "2 2 state state"]:
        """Expected ln B; raises CanonicaError in a model without transitions."""
        return expected_log_parameter(
            present(self.transition_counts, "transition_counts"), self.form
        )

    @property
    def log_policy(self) -> Float[Array, "2 2 state decision"]:
        """Expected ln C; raises CanonicaError in a model without decisions."""
        return expected_log_parameter(present(self.policy_counts, "policy_counts"), self.form)

    @property
    def decision_log_prior(self) -> Float[Array, "2 decision"]:
        """Return ln E, by its gain; raises CanonicaError in a model without decisions."""
        log_prior = jnp.log(present(self.decision_prior, "decision_prior"))
        return weighed(log_prior, gain_of(self.gains, "decision"))

    @checked_arrays
    def observation_log_evidence(
        self, observation: Float[Array, "*batch observation"]
    ) -> Float[Array, "2 *batch state"]:
        """Return what an observation says of both values of each state, by its gain."""
        evidence = log_evidence(self.log_likelihood, observation)
        return weighed(evidence, gain_of(self.gains, "likelihood"))

    @checked_arrays
    def transition_log_evidence(
        self, previous_state: Float[Array, "*batch state"]
    ) -> Float[Array, "2 *batch state"]:
        """Return what the states one step earlier say of both values of each, by its gain.

        Raises CanonicaError in a model without transitions.
        """
        evidence = log_evidence(self.log_transition, previous_state)
        return weighed(evidence, gain_of(self.gains, "transition"))

    @checked_arrays
    def policy_log_evidence(
        self, previous_state: Float[Array, "*batch state"]
    ) -> Float[Array, "2 *batch decision"]:
        """Return what the states one step earlier say of both values of each decision, by its gain.

        Raises CanonicaError in a model without decisions.
        """
        evidence = log_evidence(self.log_policy, previous_state)
        return weighed(evidence, gain_of(self.gains, "decision"))

    @checked_arrays
    def state_log_prior(
        self,
        like: Float[Array, "*batch variable"],
        previous_state: Float[Array, "*batch state"] | None = None,
    ) -> Float[Array, "2 *#batch state"]:
        """Return ln D, plus what the previous state says where the model has transitions.

        Parameters
        ----------
        like : (..., variable)
            Anything with the batch axes wanted: those of observations or states.
        previous_state : (..., state), optional
            Belief about the states one step earlier; needed where the model has transitions.

        Returns
        -------
        (2, ..., state)
            Batch axes of length one in a model without transitions.
        """
        log_prior = along_batch(jnp.log(self.state_prior), like)
        if self.transition_counts is None:
            return log_prior
        previous_state = present(previous_state, "previous_state")
        return log_prior + self.transition_log_evidence(previous_state)

    @checked_arrays
    def state_log_evidence(
        self,
        observation: Float[Array, "*batch observation"],
        previous_state: Float[Array, "*batch state"] | None = None,
    ) -> Float[Array, "2 *batch state"]:
        """Return v, the log of prior times likelihood for both values of each state.

        Parameters
        ----------
        observation : (..., observation)
            0/1, or expectations in between.
        previous_state : (..., state), optional
            Belief about the states one step earlier; needed where the model has transitions.

        Returns
        -------
        (2, ..., state)
            v[n], not normalised over n.
        """
        log_prior = self.state_log_prior(observation, previous_state)
        return log_prior + self.observation_log_evidence(observation)

    @checked_arrays
    def state_posterior(
        self,
        observation: Float[Array, "*batch observation"],
        previous_state: Float[Array, "*batch state"] | None = None,
    ) -> Float[Array, "*batch state"]:
        """Return the posterior expectation that each state is 1, ``sigmoid(v[1] - v[0])``."""
        v = self.state_log_evidence(observation, previous_state)
        return jax.nn.sigmoid(v[1] - v[0])

    @checked_arrays
    def decision_log_evidence(
        self, previous_state: Float[Array, "*batch state"]
    ) -> Float[Array, "2 *batch decision"]:
        """Return u, the log of prior times policy mapping for both values of each decision.

        Raises CanonicaError in a model without decisions.
        """
        evidence = self.policy_log_evidence(previous_state)
        return along_batch(self.decision_log_prior, previous_state) + evidence

    @checked_arrays
    def decision_posterior(
        self, previous_state: Float[Array, "*batch state"]
    ) -> Float[Array, "*batch decision"]:
        """Return the posterior expectation of each decision, ``sigmoid(u[1] - u[0])``."""
        u = self.decision_log_evidence(previous_state)
        return jax.nn.sigmoid(u[1] - u[0])

    @checked_arrays
    def decision_probability(
        self, previous_state: Float[Array, "*batch state"]
    ) -> Float[Array, "*batch decision"]:
        """Return the probability of taking each decision, when exactly one is taken.

        Proportional to the odds ``d / (1 - d)``: the softmax of ``u[1] - u[0]`` over decisions.
        """
        u = self.decision_log_evidence(previous_state)
        return jax.nn.softmax(u[1] - u[0], axis=-1)

    @checked_arrays
    def infer(
        self,
        observations: Float[Array, "time observation"],
        initial_state: Float[Array, " state"] | None = None,
    ) -> Beliefs:
        """Return the posterior beliefs over a stretch of time, with the counts as they are.

        Parameters
        ----------
        observations : (time, observation)
            0/1.
        initial_state : (state,), optional
            Belief before the first step; by default the prior expectation ``D[1]``. Used only
            where the model has transitions or decisions.

        Raises
        ------
        CanonicaError
            If observations are of another shape or, where they are known, not finite. Whether they
            are 0 or 1 is left to the caller: expectations in between have their meaning.
        """
        check_shapes({"observations": (observations, ("time", self.likelihood_counts.shape[2]))})
        check_finite(observations=observations, initial_state=initial_state)
        observations = in_precision_of(self.likelihood_counts, observations)
        if self.transition_counts is None and self.policy_counts is None:
            return Beliefs(self.state_posterior(observations))
        if initial_state is None:
            initial_state = self.state_prior[1]
        initial_state = initial_state.astype(observations.dtype)
        states = self._infer_states(observations, initial_state)
        previous_states = previous_in_time(states, initial_state)
        if self.policy_counts is None:
            return Beliefs(states, previous_states)
        return Beliefs(states, previous_states, self.decision_posterior(previous_states))

    def _infer_states(
        self,
        observations: Float[Array, "time observation"],
        initial_state: Float[Array, " state"],
    ) -> Float[Array, "time state"]:
        if self.transition_counts is None:
            return self.state_posterior(observations)
        log_transition = self.log_transition
        log_prior = along_batch(jnp.log(self.state_prior), observations)
        prior_and_likelihood = log_prior + self.observation_log_evidence(observations)
        gain = gain_of(self.gains, "transition")

        def step(
            previous: Float[Array, " state"], evidence: Float[Array, "2 state"]
        ) -> tuple[Float[Array, " state"], Float[Array, " state"]]:
            v = evidence + weighed(log_evidence(log_transition, previous), gain)
            state = jax.nn.sigmoid(v[1] - v[0])
            return state, state

        return jax.lax.scan(step, initial_state, prior_and_likelihood.swapaxes(0, 1))[1]

    @checked_arrays
    def update(
        self,
        observations: Float[Array, "time observation"],
        beliefs: Beliefs,
        risk: Float[Array, " time"] | None = None,
    ) -> "GenerativeModel":
        """Return the model that has learned from a stretch of time.

        Adds to the counts the outer products of both values of outcome and cause. Those of the
        policy mapping are weighed by ``1 - 2 risk`` and never fall below 1: a risk of 0 keeps what
        was done, 1 unlearns it, 0.5 leaves it alone.

        Parameters
        ----------
        observations : (time, observation)
            0/1.
        beliefs : Beliefs
            As `infer` returns them, or with the decisions that were really taken in place of
            their posterior.
        risk : (time,), optional
            Gamma, in [0, 1]; 0 by default.
        """
        model = self
        increment = coincidence(observations, beliefs.states)
        model = eqx.tree_at(
            lambda m: m.likelihood_counts, model, self.likelihood_counts + increment
        )
        if self.transition_counts is not None:
            previous = present(beliefs.previous_states, "beliefs.previous_states")
            increment = coincidence(previous, beliefs.states)
            model = eqx.tree_at(
                lambda m: m.transition_counts, model, self.transition_counts + increment
            )
        if self.policy_counts is not None:
            model = eqx.tree_at(
                lambda m: m.policy_counts, model, self._updated_policy_counts(beliefs, risk)
            )
        return model

    def _updated_policy_counts(
        self, beliefs: Beliefs, risk: Float[Array, " time"] | None
    ) -> Float[Array, "2 2 state decision"]:
        counts = present(self.policy_counts, "policy_counts")
        previous = present(beliefs.previous_states, "beliefs.previous_states")
        decisions = present(beliefs.decisions, "beliefs.decisions")
        increment = coincidence(previous, decisions, modulation(risk, previous))
        return jnp.maximum(counts + increment, MINIMUM_POLICY_COUNT)
