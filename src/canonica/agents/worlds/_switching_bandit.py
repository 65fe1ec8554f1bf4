"""A bandit whose arms swap their reward probabilities without notice."""

from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from canonica._checks import checked_array, checked_probability, checked_size
from canonica._float64 import standard_promotion
from canonica.agents.worlds._environment import Environment, Outcome

HIGH, LOW = 0.8, 0.2
SWITCH_PROBABILITY = 0.02


class BanditState(NamedTuple):
    """What holds for a bandit's arms now, and what its last pull gave.

    Attributes
    ----------
    shift : ()
        Arm k has the reward probability of ``(k + shift) mod arms`` in the list.
    pulls : ()
        How many, since the last switch.
    arm, rewarded : ()
        The last pull and its result; arm -1 before the first.
    """

    shift: Int[Array, "*batch"]
    pulls: Int[Array, "*batch"]
    arm: Int[Array, "*batch"]
    rewarded: Bool[Array, "*batch"]


class SwitchingBandit(Environment):
    """Arms to pull, rewarded with probabilities that they swap without notice.

    Observations say what the last pull was and gave, one for each pair: arm 1 rewarded, arm 1
    not, arm 2 rewarded, ...; all are 0 before the first pull. A trial has no end of its own.

    Parameters
    ----------
    reward_probability : sequence of float, one for each arm
        In the order before the first switch; the list is turned by a random number of arms at the
        start of a trial, and by another one, never none, at each switch.
    switch_probability : float
        Of a switch after a pull; used where `switch_after` is None.
    switch_after : int, optional
        Pulls from one switch to the next, instead.

    Raises
    ------
    CanonicaError
        If there are fewer than two arms, or a number is out of range.

    Examples
    --------
    >>> import jax
    >>> world = SwitchingBandit((0.9, 0.1), switch_after=20)
    >>> state, observation = world.reset(jax.random.key(0))
    >>> outcome = world.step(state, jax.numpy.asarray(1), jax.random.key(1))
    >>> world.moves, outcome.observation.astype(int).tolist(), float(outcome.risk)
    (2, [0, 0, 1, 0], 0.0)
    """

    reward_probability: Float[Array, " arm"]
    switch_probability: Float[Array, ""]
    switch_after: int | None = eqx.field(static=True)

    def __init__(
        self,
        reward_probability: Sequence[float] = (HIGH, LOW),
        switch_probability: float = SWITCH_PROBABILITY,
        switch_after: int | None = None,
    ) -> None:
        rewards = checked_array(
            "reward_probability", reward_probability, dims=["arm"], lowest=0, highest=1
        )
        checked_size("reward_probability", len(rewards), least=2, advice="Give one for each arm.")
        switches = checked_probability("switch_probability", switch_probability)
        dtype = jnp.result_type(float)
        self.reward_probability = jnp.asarray(rewards, dtype)
        self.switch_probability = jnp.asarray(switches, dtype)
        self.switch_after = (
            None if switch_after is None else checked_size("switch_after", switch_after)
        )

    @property
    def moves(self) -> int:
        """Number of arms: a move is a pull of one."""
        return self.reward_probability.shape[-1]

    @property
    def observations(self) -> int:
        """Two for each arm: pulled and rewarded, pulled and not."""
        return 2 * self.moves

    @property
    @standard_promotion()
    def views(self) -> Bool[Array, "view observation"]:
        """What is seen before the first pull, and after each kind of pull."""
        return jnp.eye(self.observations + 1, dtype=bool)[:, 1:]

    def probabilities(self, state: BanditState) -> Float[Array, " arm"]:
        """Return the reward probability of each arm as it is now."""
        return jnp.roll(self.reward_probability, -state.shift)

    @standard_promotion()
    def reset(self, key: Array) -> tuple[BanditState, Bool[Array, " observation"]]:
        """Return a bandit that was not pulled yet, turned at random, and what is seen of it."""
        zero = jnp.zeros((), jnp.int32)
        shift = jax.random.randint(key, (), 0, self.moves, jnp.int32)
        state = BanditState(shift, zero, zero - 1, jnp.zeros((), bool))
        return state, self.views[self.view(state)]

    @standard_promotion()
    def step(self, state: BanditState, move: Int[Array, ""], key: Array) -> Outcome:
        """Return what pulling arm `move` gives: risk 0 with reward, 1 without."""
        reward_key, switch_key, shift_key = jax.random.split(key, 3)
        rewarded = jax.random.bernoulli(reward_key, self.probabilities(state)[move])
        pulls = state.pulls + 1
        if self.switch_after is None:
            switches = jax.random.bernoulli(switch_key, self.switch_probability)
        else:
            switches = pulls == self.switch_after
        turned = state.shift + jax.random.randint(shift_key, (), 1, self.moves, jnp.int32)
        after = BanditState(
            jnp.where(switches, turned % self.moves, state.shift),
            jnp.where(switches, 0, pulls),
            move.astype(jnp.int32),
            rewarded,
        )
        risk = jnp.where(rewarded, 0.0, 1.0)
        return Outcome(after, self.views[self.view(after)], risk, jnp.zeros((), bool))

    def view(self, state: BanditState) -> Int[Array, ""]:
        """Return 0 before the first pull, then which pair of arm and result it was."""
        pair = 2 * state.arm + jnp.where(state.rewarded, 1, 2)
        return jnp.where(state.arm < 0, 0, pair)
