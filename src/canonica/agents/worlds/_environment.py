"""What an environment is to an agent: two functions on JAX arrays."""

from abc import abstractmethod
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Shaped


class Outcome(NamedTuple):
    """The state, observation and risk that a move leads to.

    Attributes
    ----------
    state : pytree
        Of the environment, after the move.
    observation : (observation,)
        0/1, as seen from there.
    risk : ()
        In [0, 1]: 0 for the better, 1 for the worse, 0.5 for neither.
    done : ()
        Whether this ends the trial.
    """

    state: Any
    observation: Shaped[Array, " observation"]
    risk: Float[Array, ""]
    done: Bool[Array, ""]


class Environment(eqx.Module):
    """A world of binary observations and a few moves, as pure functions of its state.

    An immutable pytree: several worlds of one kind, stacked, are one to `jax.vmap`. To make one,
    give `moves`, `observations`, `reset` and `step`. Where there are only so many different
    observations, give `views` and `view` too: an agent then looks up what each means to it.
    """

    @property
    @abstractmethod
    def moves(self) -> int:
        """Number of moves to choose from in each state."""

    @property
    @abstractmethod
    def observations(self) -> int:
        """Number of binary observations."""

    @abstractmethod
    def reset(self, key: Array) -> tuple[Any, Shaped[Array, " observation"]]:
        """Return the state at the start of a trial, and what is seen there."""

    @abstractmethod
    def step(self, state: Any, move: Int[Array, ""], key: Array) -> Outcome:
        """Return what becomes of `move` in `state`; `key` decides what is random in it."""

    @property
    def views(self) -> Shaped[Array, "view observation"] | None:
        """All observations there are, where they are few enough to list."""
        return None

    def view(self, state: Any) -> Int[Array, ""]:
        """Return which of `views` is seen in `state`."""
        del state
        return jnp.zeros((), jnp.int32)
