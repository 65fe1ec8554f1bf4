"""A T-maze whose cue says which arm is rewarded, for as long as it is remembered."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from canonica._checks import checked_probability, checked_size
from canonica._float64 import standard_promotion
from canonica.agents.worlds._environment import Environment, Outcome
from canonica.agents.worlds._maze import MOVES

ARMS = 2
LONGEST_CORRIDOR = 10_000  # cells; tables grow with their square
UP, DOWN, LEFT, RIGHT = range(len(MOVES))


class TMazeState(NamedTuple):
    """Where an animal is in a T-maze, and what holds in this trial.

    Attributes
    ----------
    place : ()
        Corridor cells from the start on, the junction, left arm, right arm.
    rewarded : ()
        The arm with the reward: 0 left, 1 right.
    cue : ()
        The arm that the cue points to.
    """

    place: Int[Array, "*batch"]
    rewarded: Int[Array, "*batch"]
    cue: Int[Array, "*batch"]


class TMaze(Environment):
    """A corridor, a junction and two arms, one of them rewarded; a cue tells which.

    The rewarded arm is drawn anew in each trial. The cue is seen in one cell of the corridor, and
    nowhere else: to use it, one has to remember it up to the junction. Moves are up, down, left
    and right; those into a wall lead nowhere. The trial ends in either arm.

    Observations: one for each place, 1 where one is (corridor cells from the start on, junction,
    left arm, right arm), then cue to the left, cue to the right.

    Parameters
    ----------
    corridor : int
        Cells before the junction, 1 at least; the first is the start.
    reliability : float
        Probability that the cue points to the rewarded arm.
    cue_place : int
        Cell of the corridor in which the cue is seen; 0 is the start, `corridor` the junction.

    Raises
    ------
    CanonicaError
        If a number is out of range.

    Examples
    --------
    >>> import jax
    >>> world = TMaze(corridor=3)
    >>> state, observation = world.reset(jax.random.key(0))
    >>> world.moves, world.observations, observation.astype(int).tolist()
    (4, 8, [1, 0, 0, 0, 0, 0, 1, 0])
    """

    corridor: int = eqx.field(static=True)
    cue_place: int = eqx.field(static=True)
    reliability: Float[Array, ""]
    next_place: Int[Array, "place move"]

    def __init__(self, corridor: int = 3, reliability: float = 1.0, cue_place: int = 0) -> None:
        self.corridor = checked_size("corridor", corridor, most=LONGEST_CORRIDOR)
        self.cue_place = checked_size(
            "cue_place", cue_place, least=0, most=self.corridor, advice="0 is the start."
        )
        reliability = checked_probability("reliability", reliability)
        self.reliability = jnp.asarray(reliability, jnp.result_type(float))
        self.next_place = jnp.asarray(self._next_place())

    @property
    def moves(self) -> int:
        """Number of moves: up, down, left and right."""
        return len(MOVES)

    @property
    def places(self) -> int:
        """Number of places: corridor cells, junction, two arms."""
        return self.corridor + 1 + ARMS

    @property
    def junction(self) -> int:
        """Number of the place between the arms."""
        return self.corridor

    @property
    def observations(self) -> int:
        """Number of observations: one for each place, two for the cue."""
        return self.places + ARMS

    @property
    def shortest_path(self) -> int:
        """Number of moves from the start to either arm."""
        return self.corridor + 1

    @property
    @standard_promotion()
    def views(self) -> Bool[Array, "view observation"]:
        """What is seen in each place with no cue; then, with either cue, where it is seen."""
        place = jnp.arange(self.places + ARMS)
        cue = place - self.places
        place = jnp.where(cue < 0, place, self.cue_place)
        return jax.vmap(self._seen)(place, cue)

    def _seen(self, place: Int[Array, ""], cue: Int[Array, ""]) -> Bool[Array, " observation"]:
        return jnp.concatenate([place == jnp.arange(self.places), cue == jnp.arange(ARMS)])

    def _next_place(self) -> np.ndarray:
        here = np.arange(self.places)
        led = np.repeat(here[:, None], self.moves, axis=1)
        corridor, junction = here[: self.corridor], self.junction
        led[corridor, UP] = corridor + 1
        led[corridor + 1, DOWN] = corridor
        led[junction, [LEFT, RIGHT]] = junction + 1, junction + 2
        led[0, DOWN] = 0
        return led.astype(np.int32)

    @standard_promotion()
    def reset(self, key: Array) -> tuple[TMazeState, Bool[Array, " observation"]]:
        """Return the start of a trial, with reward and cue drawn, and what is seen there."""
        arm_key, cue_key = jax.random.split(key)
        rewarded = jax.random.bernoulli(arm_key).astype(jnp.int32)
        truthful = jax.random.bernoulli(cue_key, self.reliability)
        cue = jnp.where(truthful, rewarded, 1 - rewarded)
        state = TMazeState(jnp.zeros((), jnp.int32), rewarded, cue)
        return state, self.views[self.view(state)]

    @standard_promotion()
    def step(self, state: TMazeState, move: Int[Array, ""], key: Array) -> Outcome:
        """Return where `move` leads: risk 0 into the rewarded arm, 1 into the other, 0.5 else."""
        del key
        place = self.next_place[state.place, move]
        arm = place - self.junction - 1
        right = jnp.where(arm == state.rewarded, 0.0, 1.0)
        entered = (arm >= 0) & (place != state.place)
        after = state._replace(place=place)
        risk = jnp.where(entered, right, 0.5)
        return Outcome(after, self.views[self.view(after)], risk, arm >= 0)

    def view(self, state: TMazeState) -> Int[Array, ""]:
        """Return the place, or where the cue is seen, one of the two views with it."""
        shown = state.place == self.cue_place
        return jnp.where(shown, self.places + state.cue, state.place)
