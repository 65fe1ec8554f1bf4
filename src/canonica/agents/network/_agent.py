"""A two-layer canonical network that acts, and learns from what became of it."""

from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int, Shaped

from canonica._checks import checked_array, checked_number, checked_size, described, refusal
from canonica._errors import CanonicaError, how_many
from canonica._files import AnyPath
from canonica._float64 import double_precision, of_float64, standard_promotion
from canonica._keys import checked_key
from canonica._saved_file import save_value
from canonica.agents.network._accumulated import nothing_accumulated
from canonica.agents.network._agent_checks import (
    check_model,
    check_observation,
    check_policies,
    check_settings,
)
from canonica.agents.network._agent_state import AgentState
from canonica.agents.network._counts import Counts
from canonica.agents.network._draw import drawn_policy, uniform_of
from canonica.agents.network._learning import Lesson, flushed, with_rollout
from canonica.agents.network._response import Acting, Response
from canonica.agents.network._response_law import ResponseLaw, response_law
from canonica.agents.network._rollout import Rollout, empty_rollout
from canonica.agents.network._tally import no_tally
from canonica.agents.network.modulations import MODULATIONS
from canonica.agents.network.modulations._modulation import Modulation
from canonica.agents.network.modulations._progress import ProgressModulation
from canonica.model import Gains, GenerativeModel, PlasticityGains, present

CHUNK = 200
EPSILON = 1e-6
PARTS = (GenerativeModel, Gains, PlasticityGains, *MODULATIONS)  # of what an agent is made


class Decision(NamedTuple):
    """The policy that an agent follows, and its present move.

    Attributes
    ----------
    policy : ()
        The sequence of moves that was drawn, or is under way.
    move : ()
        The move that is made now.
    """

    policy: Int[Array, "*batch"]
    move: Int[Array, "*batch"]


class Agent(eqx.Module):
    """A canonical network that decides, with delayed modulation of its plasticity.

    At every step it infers hidden states from an observation and the previous states, and draws a
    policy, a sequence of moves, from what the states say of it. When the risk of a rollout
    arrives, Hebbian plasticity keeps (Gamma = 0) or unlearns (Gamma = 1) what was done. All
    methods are pure functions, to compose with `jax.jit` and `jax.vmap`; `trial` runs a whole
    trial in one compiled loop.

    Parameters
    ----------
    model : GenerativeModel
        What it believes at first; with policy counts and a decision prior.
    policies : (policy, length)
        Moves of each policy, one for each decision of the model.
    modulation : Modulation
        From the risks of a rollout to Gamma.
    chunk : int
        Steps of a rollout, after which Gamma is known: at most so many are made between two
        learnings.
    learning : "trial" or "chunk"
        Whether the network acts by what it learned from the next trial on, as published, or
        from the next chunk on.
    decides_from : "previous" or "current"
        Whether a decision is drawn from the states one step earlier, as published, or from those
        just inferred.
    moves_made : int
        How many moves of a policy are made before the next is drawn; 1 as published.
    epsilon : float
        Added to ``1 - d`` in the odds of decisions, and the least that a probability counts as
        inside a logarithm; the published simulations use 1e-6.
    acting_precision : "single" or "double", optional
        Floating precision of activities and decisions; by default that of the counts. In single
        precision a step costs half as much, while counts are still learned in their own.
    plasticity : PlasticityGains, optional
        How strongly experience changes the counts; as the theory has it by default. Retention is
        that of policy counts from step to step.

    Raises
    ------
    CanonicaError
        If the policies do not fit the model, a count or prior is none (NaN, below 1e-6), or a
        number is out of range. Made inside `jax.jit`, where values are not known, an agent is
        checked for shapes and settings alone.

    References
    ----------
    [CB22]; sections 1, 2 and 5 of the theory.

    Examples
    --------
    >>> import jax
    >>> from canonica.agents import Maze, maze_agent, maze_walls
    >>> maze = Maze(maze_walls(jax.random.key(0), height=7, width=9), window=5)
    >>> agent = maze_agent(maze)
    >>> state = agent.init()
    >>> place, observation = maze.reset(jax.random.key(1))
    >>> decision, state = agent.step(state, observation, jax.random.key(2))
    >>> int(decision.policy) // 64 == int(decision.move)  # the first of its four moves
    True
    >>> outcome = maze.step(place, decision.move, jax.random.key(3))
    >>> state = agent.learn(state, outcome.risk[None])
    """

    model: GenerativeModel
    policies: Int[Array, "policy length"]
    modulation: Modulation = eqx.field(static=True, default=ProgressModulation())
    chunk: int = eqx.field(static=True, default=CHUNK, converter=partial(checked_size, "chunk"))
    learning: Literal["trial", "chunk"] = eqx.field(static=True, default="trial")
    decides_from: Literal["previous", "current"] = eqx.field(static=True, default="previous")
    moves_made: int = eqx.field(
        static=True, default=1, converter=partial(checked_size, "moves_made")
    )
    epsilon: float = eqx.field(
        static=True, default=EPSILON, converter=partial(checked_number, "epsilon", lowest=0)
    )
    acting_precision: Literal["single", "double"] | None = eqx.field(static=True, default=None)
    plasticity: PlasticityGains | None = None

    def __check_init__(self) -> None:
        if self.epsilon >= 1:
            raise refusal("epsilon", described(self.epsilon), "a number in [0, 1)")
        model = check_model(self.model, self.epsilon)
        check_policies(self.policies, present(model.policy_counts, "policy_counts").shape[-1])
        check_settings(
            modulation=self.modulation,
            learning=self.learning,
            decides_from=self.decides_from,
            moves_made=self.moves_made,
            acting_precision=self.acting_precision,
            plasticity=self.plasticity,
            length=self.policies.shape[1],
        )

    @standard_promotion()
    def init(self) -> AgentState:
        """Return the state of an agent that has seen nothing, at the start of a trial."""
        return self._at_start(Counts.of(self.model))

    @standard_promotion()
    def begin(self, state: AgentState) -> AgentState:
        """Return the state at the start of a new trial: acting by all that was learned.

        Beliefs are those of the prior again; a rollout that no risk came for is forgotten.
        """
        return self._at_start(self.flush(state).counts)

    @standard_promotion()
    def model_of(self, state: AgentState) -> GenerativeModel:
        """Return the generative model that an agent holds by now."""
        return self.flush(state).counts.model(self.model)

    def after(self, state: AgentState) -> "Agent":
        """Return the agent that this one has become: its model is what was learned by `state`.

        In double precision where the state is. Its `init` acts as this one does from `begin` on;
        what it forgets, where its plasticity does, it forgets towards the counts of now.
        """
        double = state.counts.likelihood.dtype == np.float64
        with double_precision() if double else nullcontext():
            agent = of_float64(self) if double else self
            return replace(agent, model=agent.model_of(state))

    def save(self, path: AnyPath) -> None:
        """Write this agent to a file, for `canonica.load`; an earlier one is replaced, whole.

        To save what it has become, ``agent.after(state).save(path)``.

        Raises
        ------
        CanonicaError
            If its modulation is a class of yours, or the file cannot be written.
        """
        save_value(path, self, PARTS)

    @standard_promotion()
    def step(
        self, state: AgentState, observation: Shaped[Array, " observation"], key: Array
    ) -> tuple[Decision, AgentState]:
        """Return what the agent does after `observation`, and its state then.

        At most `chunk` steps may follow each other without `learn`: later ones would take the
        place of the last.

        Parameters
        ----------
        state : AgentState
            Before the observation.
        observation : (observation,)
            0/1.
        key : jax.Array
            Decides what is drawn.

        Raises
        ------
        CanonicaError
            If the observation has another size, or holds values below 0 or above 1, NaN among
            them. Inside `jax.jit` values are not known, and not checked: NaN goes into beliefs.
        """
        check_observation(observation, self.model.likelihood_counts.shape[-2])
        observation = jnp.asarray(observation, state.belief.dtype)
        key, state = checked_key(key), _of_jax(state)
        drive = state.law.state_drive(observation)
        uniform = uniform_of(key, state.belief.dtype)
        before = Acting(state.belief, state.policy, state.made)
        response = self.respond(state.law, drive, before, uniform)
        rollout = state.rollout.with_step(observation, before, response)
        decision = Decision(response.policy, self.policies[response.policy, state.made])
        made = (state.made + 1) % self.moves_made
        return decision, state._replace(
            belief=response.belief, policy=response.policy, made=made, rollout=rollout
        )

    def respond(
        self,
        law: ResponseLaw,
        drive: Float[Array, " state"],
        before: Acting,
        uniform: Float[Array, ""],
    ) -> Response:
        """Return beliefs and decision, once it is known what the observation says (`drive`).

        A `uniform` number between 0 and 1 decides what is drawn.
        """
        previous, policy, made = before
        recurrent = None if law.transition is None else law.transition.slope
        if self.decides_from == "previous" and recurrent is not None:
            # One pass over all synapses of the previous state.
            both = previous @ jnp.concatenate([recurrent, law.policy.slope], axis=1)
            log_odds = drive + both[: len(drive)]
            policy_log_odds = both[len(drive) :] + law.policy_offset
        else:
            log_odds = drive if recurrent is None else drive + previous @ recurrent
            current = self.decides_from == "current"
            seen = jax.nn.sigmoid(log_odds) if current else previous
            policy_log_odds = seen @ law.policy.slope + law.policy_offset
        drawn = drawn_policy(policy_log_odds, uniform, self.epsilon)
        policy = drawn if self.moves_made == 1 else jnp.where(made == 0, drawn, policy)
        return Response(log_odds, policy, policy_log_odds[policy])

    @standard_promotion()
    def learn(
        self, state: AgentState, risk: Float[Array, " time"], key: Array | None = None
    ) -> AgentState:
        """Return the state of an agent that has learned from the steps since it last did.

        Parameters
        ----------
        state : AgentState
            After those steps.
        risk : (time,)
            Of each of them; 0 for the better, 1 for the worse, 0.5 for neither.
        key : jax.Array, optional
            Decides the noise of plasticity; needed where it has any.

        Raises
        ------
        CanonicaError
            If there are more or fewer risks than steps, or one is not in [0, 1]: where this is
            known, that is not inside `jax.jit`.
        """
        steps = state.rollout.steps
        if np.ndim(risk) != 1:
            raise refusal("risk", f"shape {np.shape(risk)}", "shape (time,)")
        if not isinstance(steps, Tracer) and len(risk) != int(steps):
            raise CanonicaError(
                f"risk: found {len(risk)} for {int(steps)} steps since the last learning; "
                f"expected one for each, {self.chunk} at most."
            )
        if len(risk) > self.chunk:
            raise refusal(
                "risk", how_many(len(risk), "risk"), f"{self.chunk} at most, a chunk of them"
            )
        if not isinstance(risk, Tracer):
            checked_array("risk", risk, dims=["time"], lowest=0, highest=1, empty=True)
        whole = jnp.full(self.chunk, 0.5, state.belief.dtype).at[: len(risk)].set(risk)
        return self.consolidate(state, state.rollout, whole, key)

    @standard_promotion()
    def consolidate(
        self,
        state: AgentState,
        rollout: Rollout,
        risk: Float[Array, " time"],
        key: Array | None = None,
    ) -> AgentState:
        """Return what `learn` does, of a rollout that is given as a whole."""
        modulation = 1 - 2 * self.modulation(risk, rollout.mask)
        if self.plasticity is not None:
            modulation = self.plasticity.modulated(modulation, key)
        state = with_rollout(
            state,
            rollout,
            Lesson(risk, modulation, self.plasticity, Counts.of(self.model).policy),
            from_current=self.decides_from == "current",
            moves_made=self.moves_made,
        )._replace(rollout=self._empty_rollout())
        if self.learning == "trial":
            return state
        state = flushed(state, self.plasticity)
        return state._replace(law=self._law(state.counts))

    @standard_promotion()
    def flush(self, state: AgentState) -> AgentState:
        """Return the same state with nothing accumulated: counts and tally are complete."""
        return flushed(_of_jax(state), self.plasticity)

    def _at_start(self, counts: Counts) -> AgentState:
        prior = self.model.state_prior[1]
        dtype = self._dtype
        zero = jnp.zeros((), jnp.int32)
        return AgentState(
            counts=counts,
            law=self._law(counts),
            belief=prior.astype(dtype),
            policy=zero,
            made=zero,
            rollout=self._empty_rollout(),
            accumulated=nothing_accumulated(self.model, dtype),
            tally=no_tally(len(self.policies), dtype),
        )

    def _law(self, counts: Counts) -> ResponseLaw:
        law = response_law(counts.model(self.model), self.epsilon)
        return jax.tree.map(lambda part: part.astype(self._dtype), law)

    def _empty_rollout(self) -> Rollout:
        observations, states = self.model.likelihood_counts.shape[2:]
        return empty_rollout(self.chunk, observations, states, self._dtype)

    @property
    def _dtype(self) -> np.dtype:
        """Floating type of activities and decisions."""
        if self.acting_precision is None:
            return self.model.likelihood_counts.dtype
        return np.dtype(np.float32 if self.acting_precision == "single" else np.float64)


def _of_jax(state: AgentState) -> AgentState:
    """Return a state that may have been kept as NumPy arrays."""
    return jax.tree.map(jnp.asarray, state)
