"""Any world of this package as a Gymnasium environment."""

from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium import spaces
from jaxtyping import Array, Int, Int8, UInt8

from canonica._checks import checked_choice, checked_kind, checked_seed, described
from canonica._errors import CanonicaError
from canonica._float64 import double_precision, of_float64
from canonica.agents.worlds._environment import Environment, Outcome
from canonica.agents.worlds._world_pictures import picture

RENDER_MODES = ("rgb_array",)
KEYS = 2**32
Observation = Int8[np.ndarray, " observation"]


class GymnasiumWorld(gymnasium.Env):
    """Any `Environment` as a Gymnasium environment.

    Observations are MultiBinary, actions Discrete: the moves. The reward of a step is
    ``1 - 2 risk``: 1 for the better, -1 for the worse, 0 for neither. Episodes terminate where
    the world ends a trial; Gymnasium's own `TimeLimit` truncates them. What happens is computed in
    float64, whatever JAX is set to.

    Parameters
    ----------
    world : Environment
        Which one.
    render_mode : "rgb_array" or None
        Whether `render` gives pictures.

    Raises
    ------
    CanonicaError
        If `render_mode` is another one, or the environment was not reset before a step.

    Examples
    --------
    >>> from canonica.agents import SwitchingBandit
    >>> environment = GymnasiumWorld(SwitchingBandit())
    >>> observation, info = environment.reset(seed=0)
    >>> observation, reward, terminated, truncated, info = environment.step(1)
    >>> observation.tolist(), reward
    ([0, 0, 0, 1], -1.0)
    """

    metadata = {"render_modes": list(RENDER_MODES), "render_fps": 8}  # noqa: RUF012  (Gymnasium's)

    def __init__(self, world: Environment, render_mode: str | None = None) -> None:
        self.world = checked_kind("world", world, Environment, "an Environment")
        self.render_mode = checked_choice("render_mode", render_mode, (None, *RENDER_MODES))
        self.observation_space = spaces.MultiBinary(world.observations)
        self.action_space = spaces.Discrete(world.moves)
        with double_precision():
            self._double = of_float64(self.world)
        self._state: Any = None
        self._observation: Any = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Return the first observation of a new trial.

        Parameters
        ----------
        seed : int, optional
            Decides all that is random from here on, later trials included.
        options : dict, optional
            There are none.
        """
        super().reset(seed=None if seed is None else checked_seed(seed), options=options)
        start, self._key = jax.random.split(jax.random.key(int(self.np_random.integers(KEYS))))
        self._steps = 0
        with double_precision():
            self._state, observation = _reset(self._double, start)
        return self._seen(observation), {}

    def step(
        self, action: Int[np.ndarray, ""] | np.integer | int
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Return observation, reward, whether this ends the trial, False, and what the risk was.

        Parameters
        ----------
        action : int
            The move.
        """
        if self._state is None:
            raise CanonicaError("step: found no trial under way; expected reset() before it.")
        if not self.action_space.contains(action):
            raise CanonicaError(
                f"action: found {described(action)}; expected one of {self.action_space}."
            )
        with double_precision():
            outcome = _step(self._double, self._state, int(action), self._key, self._steps)
        state, observation, risk, done = outcome
        self._state = state
        self._steps += 1
        risk = float(risk)
        return self._seen(observation), 1 - 2 * risk, bool(done), False, {"risk": risk}

    def render(self) -> UInt8[np.ndarray, "height width 3"] | None:  # type: ignore[override]
        """Return a picture of the world as it is now, or None without `render_mode`."""
        if self.render_mode is None:
            return None
        if self._state is None:
            raise CanonicaError("render: found no trial under way; expected reset() before it.")
        return picture(self.world, self._state, self._observation)

    def _seen(self, observation: Array) -> Observation:
        self._observation = np.asarray(observation, np.int8)
        return self._observation.copy()


@jax.jit
def _reset(world: Environment, key: Array) -> tuple[Any, Array]:
    return world.reset(key)


@jax.jit
def _step(world: Environment, state: Any, move: Any, key: Array, steps: Any) -> Outcome:
    return world.step(state, jnp.asarray(move, jnp.int32), jax.random.fold_in(key, steps))
