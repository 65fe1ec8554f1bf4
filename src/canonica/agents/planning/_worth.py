"""What each action is worth in each state, by what has followed and what may yet be found."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float

from canonica.agents.planning._followed import END, Followed
from canonica.agents.planning._rewards import Rewards

TOLERANCE = 1e-3  # steps of risk 0
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
    """

    def __init__(self) -> None:
        self.of_states: Float[np.ndarray, " state"] = np.zeros(0)
        self.of_pairs: Float[np.ndarray, "state action"] = np.zeros((0, 1))
        self.draw_anew()

    def draw_anew(self) -> None:
        """Let what may yet be found be drawn anew, with the next plan."""
        self._uniform, self._new = np.zeros(0), np.zeros(0)
        self._met, self._times = np.zeros(0), np.zeros(0)
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
        never met, and as good as the best that is known. The share is drawn from its posterior,
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
        times = np.array(followed.times, float)
        immediate, matrix = _expected(followed, times, rewards.scale)
        prior, hopes = np.zeros(len(times)), np.zeros(len(times))
        if generator is not None and less is None:
            hopes = self._novelty(times, followed.novelty, generator)
        elif generator is not None:
            hopes = self._difference(times, followed.surprise, generator)
        if less is not None:
            prior = less.of_pairs[np.array(followed.less, int)].ravel() / (times + 1)
            own = times / (times + 1)
            immediate, matrix = own * immediate, sp.diags_array(own) @ matrix
        value = np.zeros(len(followed.states))
        value[: len(self.of_states)] = self.of_states
        pairs = np.zeros(len(times))
        for _ in range(sweeps):
            hoped = max(rewards.best, float(value.max(initial=0)))
            known = prior + immediate + discount * (matrix @ value)
            if generator is None and less is None:
                known[times == 0] = known[times > 0].min(initial=0.0)
            pairs = hopes * hoped + (1 - hopes) * known
            before, value = value, pairs.reshape(-1, followed.actions).max(axis=1)
            if np.abs(value - before).max(initial=0) < TOLERANCE:
                break
        self.of_states, self.of_pairs = value, pairs.reshape(-1, followed.actions)

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
        self._new = np.concatenate([self._new, generator.gamma(self._count, size=more)])
        self._met = np.concatenate([self._met, np.zeros(more)])
        self._times = np.concatenate([self._times, np.zeros(more)])
        changed = np.flatnonzero(times != self._times)
        self._met[changed] += generator.gamma(times[changed] - self._times[changed])
        self._times = times
        return np.where(times > 0, self._new / np.maximum(self._new + self._met, TINY), 1.0)

    def _difference(
        self, times: Float[np.ndarray, " pair"], surprise: float, generator: np.random.Generator
    ) -> Float[np.ndarray, " pair"]:
        """Return which pairs that were never met are drawn to be unlike a memory of less."""
        more = generator.random(len(times) - len(self._uniform))
        self._uniform = np.concatenate([self._uniform, more])
        return ((times == 0) & (self._uniform < surprise)).astype(float)


def _expected(
    followed: Followed, times: Float[np.ndarray, " pair"], scale: float
) -> tuple[Float[np.ndarray, " pair"], sp.csr_array]:
    """Return what a pair gives at once, and how often each state has followed it."""
    pair, following = followed.pairs, followed.following
    frequency = followed.count / times[pair]
    gained = frequency * followed.reward / scale
    immediate = np.bincount(pair, gained, minlength=len(times)).astype(float)  # of none: whole
    goes_on = following != END
    where = (pair[goes_on], following[goes_on])
    return immediate, sp.csr_array(
        (frequency[goes_on], where), shape=(len(times), len(followed.states))
    )
