"""A generative process of pymdp as a Gymnasium environment; pymdp itself is not needed."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium import spaces
from jaxtyping import Array, Int8

from canonica._checks import checked_array, checked_seed, checked_size, described, refusal
from canonica._errors import CanonicaError

KEYS = 2**32
Shown = Int8[np.ndarray, " observation"]


class PymdpWorld(gymnasium.Env):
    """A generative process of pymdp (1.0) as a Gymnasium environment.

    Observations are MultiBinary: every outcome of every modality is a number, 1 if it was seen.
    Actions are Discrete: all combinations of controls, the last factor's changing fastest. The
    reward is the preference for what is seen then. Nothing ends an episode but a time limit of
    Gymnasium's (`gymnasium.wrappers.TimeLimit`).

    Parameters
    ----------
    process : pymdp.envs.Env
        Anything with its ``reset(key)``, which returns outcomes and states, and
        ``step(key, state, action)``, which returns the next.
    preferences : list of (outcome,)
        C: for the outcomes of each modality, in the order of the process.
    controls : list of int, optional
        How many controls each factor has; by default as the ``B`` of the process has them.

    Raises
    ------
    CanonicaError
        If it is no process, or preferences are no numbers.

    Examples
    --------
    >>> class Echo:  # shows what was done last
    ...     def reset(self, key):
    ...         return [jnp.zeros(1)], [jnp.zeros(())]
    ...     def step(self, key, state, action):
    ...         return [action[:1]], [action[0]]
    >>> environment = PymdpWorld(Echo(), [[0.0, 1.0]], controls=[2])
    >>> observation, info = environment.reset(seed=0)
    >>> observation, reward, terminated, truncated, info = environment.step(1)
    >>> observation.tolist(), reward
    ([0, 1], 1.0)
    """

    def __init__(
        self,
        process: Any,
        preferences: Sequence[Any],
        *,
        controls: Sequence[int] | None = None,
    ) -> None:
        if not all(callable(getattr(process, name, None)) for name in ("reset", "step")):
            raise refusal("process", described(process), "one with reset and step, as pymdp's Env")
        self.process = process
        self.preferences = [
            checked_array(f"preferences[{number}]", one, dims=["outcome"])
            for number, one in enumerate(preferences)
        ]
        if controls is None:
            B = getattr(process, "B", None)
            if B is None:
                raise refusal("controls", "None", "one number a factor, as the process has no B")
            controls = [np.shape(one)[-1] for one in B]
        self.controls = [checked_size("controls", one) for one in controls]
        self.observation_space = spaces.MultiBinary(sum(map(len, self.preferences)))
        self.action_space = spaces.Discrete(int(np.prod(self.controls)))
        self._state: Any = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Shown, dict[str, Any]]:
        """Return what is seen first.

        Parameters
        ----------
        seed : int, optional
            Decides all that is random from here on, later episodes included.
        options : dict, optional
            There are none.
        """
        super().reset(seed=None if seed is None else checked_seed(seed), options=options)
        start, self._key = jax.random.split(jax.random.key(int(self.np_random.integers(KEYS))))
        self._steps = 0
        outcomes, self._state = self.process.reset(start)
        seen = self._numbers(outcomes)
        return self._shown(seen), {"outcomes": seen}

    def step(self, action: Any) -> tuple[Shown, float, bool, bool, dict[str, Any]]:
        """Return what is seen, how it is preferred, False twice, and the outcomes.

        Parameters
        ----------
        action : int
            Which combination of controls.
        """
        if self._state is None:
            raise CanonicaError("step: found no episode under way; expected reset() before it.")
        if not self.action_space.contains(action):
            raise refusal("action", described(action), f"one of {self.action_space}")
        chosen = jnp.asarray(np.unravel_index(int(action), self.controls), jnp.int32)
        key = jax.random.fold_in(self._key, self._steps)
        outcomes, self._state = self.process.step(key, self._state, chosen)
        self._steps += 1
        seen = self._numbers(outcomes)
        reward = sum(float(one[at]) for one, at in zip(self.preferences, seen, strict=True))
        return self._shown(seen), reward, False, False, {"outcomes": seen}

    def _numbers(self, outcomes: Sequence[Array]) -> list[int]:
        """Return the number of each outcome, whether it is given as that or as one of many."""
        flat = [np.ravel(np.asarray(one)) for one in outcomes]
        seen = [int(one.argmax() if len(one) > 1 else one[0]) for one in flat]
        sizes = [len(one) for one in self.preferences]
        if len(seen) != len(sizes) or any(
            at >= size for at, size in zip(seen, sizes, strict=False)
        ):
            raise refusal(
                "preferences", f"{sizes}", f"as many as there are outcomes; {seen} were seen"
            )
        return seen

    def _shown(self, seen: Sequence[int]) -> Shown:
        return np.concatenate(
            [np.arange(len(one)) == at for one, at in zip(self.preferences, seen, strict=True)]
        ).astype(np.int8)
