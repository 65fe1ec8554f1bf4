"""An agent at the controls of a Gymnasium environment of binary or discrete observations."""

from typing import Any

import gymnasium
import jax
import numpy as np
from gymnasium import spaces
from jaxtyping import Array, Float, Int8

from canonica._checks import checked_kind, checked_seed, described, refusal
from canonica._errors import CanonicaError, how_many
from canonica._float64 import double_precision, of_float64
from canonica.agents.experiments.gymnasium._binary_observations import binary_observations
from canonica.agents.experiments.gymnasium._risk_of_reward import Risk, risk_of_reward
from canonica.agents.network._agent import Agent, Decision
from canonica.agents.network._agent_state import AgentState

NEITHER = 0.5
ONE_ENVIRONMENT = "one Gymnasium environment (gymnasium.make), not several at once"


class GymnasiumAgent:
    """An agent at the controls of a Gymnasium environment, and what it has become by now.

    For loops of your own; `run_in_gymnasium` is one. After each `reset`: `begin`, then `act` and
    `receive` by turns. It learns whenever a chunk is full, and when an episode ends. All of it is
    computed in float64, whatever JAX is set to.

    Parameters
    ----------
    agent : Agent
        Who acts; with as many observations as `binary_observations` tells of the space, and no
        moves but those of the action space.
    environment : gymnasium.Env
        Its spaces are looked at, nothing else.
    risk : function of (float, bool), optional
        From a step's reward, and whether it terminated the episode, to its risk in [0, 1].
    seed : int
        Decides what is drawn.
    state : AgentState, optional
        What the agent learned before; nothing by default.

    Raises
    ------
    CanonicaError
        If the spaces are others, or do not fit the agent.

    Examples
    --------
    >>> import gymnasium
    >>> from canonica.agents import SwitchingBandit, bandit_agent
    >>> environment = gymnasium.make("canonica/SwitchingBandit-v0")
    >>> player = GymnasiumAgent(bandit_agent(SwitchingBandit()), environment, seed=1)
    >>> observation, info = environment.reset(seed=2)
    >>> player.begin()
    >>> observation, reward, *ended, info = environment.step(player.act(observation))
    >>> player.receive(reward, *ended)
    """

    def __init__(
        self,
        agent: Agent,
        environment: gymnasium.Env,
        *,
        risk: Risk = risk_of_reward,
        seed: int = 0,
        state: AgentState | None = None,
    ) -> None:
        checked_kind("agent", agent, Agent, "an Agent")
        checked_kind("environment", environment, gymnasium.Env, ONE_ENVIRONMENT)
        _check_spaces(agent, environment)
        if state is not None:
            checked_kind("state", state, AgentState, "an AgentState, as an agent left it")
        self._key, self._steps = jax.random.key(checked_seed(seed)), 0
        self.agent, self.risk = agent, risk
        with double_precision():
            self._double = of_float64(agent)
            self._state = of_float64(self._double.init() if state is None else state)
        self._space = environment.observation_space
        self._first_action = int(getattr(environment.action_space, "start", 0))
        self._risks: list[float] = []

    @property
    def state(self) -> AgentState:
        """What the agent has become by now, as NumPy arrays, floating numbers in float64."""
        return jax.tree.map(np.asarray, self._state)

    def begin(self) -> None:
        """Start an episode: beliefs as the prior has them, acting by all that was learned."""
        self._learn()
        with double_precision():
            self._state = _begun(self._double, self._state)

    def act(self, observation: Any) -> int:
        """Return the action that answers an observation.

        Parameters
        ----------
        observation : array or int
            As the environment gives it.

        Raises
        ------
        CanonicaError
            If it is not in the observation space.
        """
        if len(self._risks) == self.agent.chunk:
            self._learn()
        seen = self._binary(observation)
        with double_precision():
            decision, self._state = _acted(self._double, self._state, seen, self._key, self._steps)
        self._steps += 1
        return self._first_action + int(decision.move)

    def receive(
        self,
        reward: float,
        terminated: bool = False,
        truncated: bool = False,
    ) -> None:
        """Take note of what became of the last action.

        Parameters
        ----------
        reward : float
            Of that step.
        terminated, truncated : bool
            Whether the episode is over.

        Raises
        ------
        CanonicaError
            If the function given as `risk` returns no number from 0 to 1.
        """
        risk = float(self.risk(float(reward), bool(terminated)))
        if not 0 <= risk <= 1:
            raise CanonicaError(
                f"risk: found {risk} for a reward of {reward}; expected 0 to 1. Give another "
                "function as `risk`."
            )
        self._risks.append(risk)
        if terminated or truncated:
            self._learn()

    def _learn(self) -> None:
        if not self._risks:
            return
        risks = np.full(self.agent.chunk, NEITHER)
        risks[: len(self._risks)] = self._risks
        with double_precision():
            self._state = _learned(self._double, self._state, risks)
        self._risks = []

    def _binary(self, observation: Any) -> Int8[np.ndarray, " observation"]:
        space = self._space
        if isinstance(space, spaces.MultiBinary):
            observation = np.asarray(observation)
        if not space.contains(observation):
            raise refusal(
                "observation",
                described(observation),
                f"one of {space}, the environment's observation space",
            )
        if isinstance(space, spaces.Discrete):
            seen = np.zeros(int(space.n), np.int8)
            seen[int(observation) - int(space.start)] = 1
            return seen
        return observation.astype(np.int8).ravel()


@jax.jit
def _begun(agent: Agent, state: AgentState) -> AgentState:
    return agent.begin(state)


@jax.jit
def _acted(
    agent: Agent, state: AgentState, observation: Array, key: Array, steps: Array | int
) -> tuple[Decision, AgentState]:
    return agent.step(state, observation, jax.random.fold_in(key, steps))


@jax.jit
def _learned(agent: Agent, state: AgentState, risk: Float[Array, " time"]) -> AgentState:
    return agent.learn(state, risk.astype(state.belief.dtype))


def _check_spaces(agent: Agent, environment: gymnasium.Env) -> None:
    actions, given = environment.action_space, binary_observations(environment.observation_space)
    if not isinstance(actions, spaces.Discrete):
        raise CanonicaError(
            f"action_space: found {actions}; expected Discrete. Wrap the environment so that it "
            "takes one of so many actions (gymnasium.wrappers.TransformAction)."
        )
    wanted = agent.model.likelihood_counts.shape[2]
    if wanted != given:
        raise CanonicaError(
            f"agent: found {how_many(wanted, 'observation')}; expected {given}, those of "
            f"{environment.observation_space}."
        )
    moves = int(agent.policies.max()) + 1
    if moves > actions.n:
        raise CanonicaError(
            f"agent: found policies of {how_many(moves, 'move')}; expected "
            f"{actions.n} at most, those of "
            f"{actions}."
        )
