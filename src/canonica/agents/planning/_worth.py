"""What each action is worth in each state, by what has followed and what may yet be found."""

import numpy as np
from jaxtyping import Float

from canonica.agents.planning._followed import Followed
from canonica.agents.planning._rewards import Rewards

TOLERANCE = 1e-3  # steps of risk 0
NOTHING = np.zeros(0)
TINY = np.finfo(float).tiny


class Worth:
    """What actions are worth, by one memory; planned anew when counts have changed.

    Worth is in steps of risk 0: ``1 - 2 Gamma``, summed over what is to come, discounted.

    Attributes
    ----------
    of_states : (state,)
        By the best action.
    of_pairs : (state, action)
        By each.
    sweeps : int
        Of the last plan.
    """

    def __init__(self) -> None:
        self.of_states: Float[np.ndarray, " state"] = np.zeros(0)
        self.of_pairs: Float[np.ndarray, "state action"] = np.zeros((0, 1))
        self.sweeps = 0
        self.draw_anew()

    def draw_anew(self) -> None:
        """Let what may yet be found be drawn anew, with the next plan."""
        self._uniform = self._new = self._met = self._times = NOTHING
        self._count = 1.0

    def plan(
        self,
        followed: Followed,
        less: "Worth | None",
        *,
        rewards: Rewards,
        discount: float,
        sweeps: int,
        generator: np.random.Generator | None,
    ) -> None:
        """Work out what is worth what, from what was found last.

        Of a memory that has no parent, some share of what follows a pair is taken to be what was
        never met and is as good as the best that is known. The share is drawn from its posterior,
        Beta(a, n) after n outcomes with a the `novelty`, and stays as drawn until `draw_anew`: for
        an episode the agent follows one idea of where there may be something. Of a memory with a
        parent, a pair has one prior count of what it is worth with less remembered; one that was
        never met is drawn to be unlike that as often as such pairs were (`surprise`).

        Parameters
        ----------
        followed : Followed
            Counts.
        less : Worth, optional
            By the memory that remembers less, planned.
        rewards : Rewards
            Their scale, and the best.
        discount : float
            Of what comes a step later.
        sweeps : int
            Of value iteration, at most.
        generator : numpy.random.Generator or None
            Draws. Without one nothing is hoped for: what was never done is worth no more than
            the least that is known.
        """
        states, actions = len(followed.states), followed.actions
        times = np.array(followed.times, float)
        if generator is None:
            hopes = np.zeros(len(times))
        elif less is None:
            hopes = self._novelty(times, followed.novelty, generator)
        else:
            hopes = self._difference(times, followed.surprise, generator)
        synapses, met = followed.synapses, followed.pairs
        frequency = followed.count / times[met]
        at_once = np.bincount(met, frequency * followed.reward / rewards.scale, len(times))
        often, where = synapses.together(frequency), synapses.action * states + synapses.source
        after = synapses.state
        # From here on, numbers of pairs are in rows, one for each action.
        hopes, times, at_once = (
            one.reshape(states, actions).T.copy() for one in (hopes, times, at_once)
        )
        if less is not None:
            own = times / (times + 1)
            prior = less.of_pairs.T[:, np.array(followed.less, int)] / (times + 1)
            at_once = prior + own * at_once
            # Last first: so sums are added, and rounded.
            where, after, often = where[::-1].copy(), after[::-1].copy(), often[::-1].copy()
            often *= own.ravel()[where]
        never = times == 0 if generator is None and less is None else None
        value = np.zeros(states)
        value[: len(self.of_states)] = self.of_states
        pairs, hoped = np.zeros((actions, states)), np.empty((actions, states))
        difference = np.empty(states)
        others, best = 1 - hopes, rewards.best
        for self.sweeps in range(1, sweeps + 1):
            np.multiply(hopes, max(best, np.maximum.reduce(value, initial=0.0)), out=hoped)
            to_come = np.bincount(where, often * value[after], actions * states)
            np.multiply(to_come.reshape(pairs.shape), discount, out=pairs)
            np.add(at_once, pairs, out=pairs)
            if never is not None:
                pairs[never] = pairs[~never].min(initial=0.0)
            np.multiply(others, pairs, out=pairs)
            np.add(hoped, pairs, out=pairs)
            before, value = value, np.maximum.reduce(pairs, axis=0)
            np.subtract(value, before, out=difference)
            np.abs(difference, out=difference)
            if np.maximum.reduce(difference, initial=0.0) < TOLERANCE:
                break
        self.of_states, self.of_pairs = value, pairs.T

    def _novelty(
        self, times: Float[np.ndarray, " pair"], count: float, generator: np.random.Generator
    ) -> Float[np.ndarray, " pair"]:
        """Return the share of what was never met in what follows each pair, as drawn.

        Beta(a, n) is the share of Gamma(a) in its sum with Gamma(n), which grows by Gamma(1) with
        each outcome that comes.
        """
        if not len(self._new):
            self._count = count  # for as long as draws are kept
        more = len(times) - len(self._new)
        if more:
            nothing = np.zeros(more)
            self._new = np.concatenate([self._new, generator.standard_gamma(self._count, more)])
            self._met = np.concatenate([self._met, nothing])
            self._times = np.concatenate([self._times, nothing])
        since = times - self._times
        changed = since.nonzero()[0]
        if len(changed):
            self._met[changed] += generator.standard_gamma(since[changed])
        self._times = times
        share = self._new / np.maximum(self._new + self._met, TINY)
        share[times == 0] = 1.0
        return share

    def _difference(
        self, times: Float[np.ndarray, " pair"], surprise: float, generator: np.random.Generator
    ) -> Float[np.ndarray, " pair"]:
        """Return which pairs that were never met are drawn to be unlike a memory of less."""
        more = len(times) - len(self._uniform)
        if more:
            self._uniform = np.concatenate([self._uniform, generator.random(more)])
        return ((times == 0) & (self._uniform < surprise)).astype(float)
