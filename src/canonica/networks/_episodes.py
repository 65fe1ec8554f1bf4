"""Episodes of a problem, actions drawn from their prior: what conversions are tried on."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from canonica.networks._joint_pomdp import JointPomdp
from canonica.networks._solution import Solution

FOLLOWED = 0.8  # of the actions, where there is a plan
NOTHING = -1  # where there is no outcome


class Episodes(NamedTuple):
    """Many episodes of the same length.

    Attributes
    ----------
    outcomes : (time, modality, episode)
        Number of the outcome; -1 where there was none.
    actions : (time, episode)
        Taken after each of them.
    """

    outcomes: Int[np.ndarray, "time modality episode"]
    actions: Int[np.ndarray, "time episode"]

    @property
    def steps(self) -> int:
        """How many steps there are in each."""
        return len(self.actions)

    @property
    def episodes(self) -> int:
        """How many there are."""
        return self.actions.shape[1]


def drawn_episodes(
    problem: JointPomdp,
    generator: np.random.Generator,
    *,
    episodes: int,
    steps: int,
    observes_at_start: bool,
    plan: Solution | None = None,
) -> Episodes:
    """Return episodes drawn from the problem, with actions drawn from their prior.

    Where there is a plan, four of five actions follow it, from exact beliefs.
    """
    belief = np.broadcast_to(problem.start, (episodes, len(problem.start)))
    state = generator.choice(len(problem.start), size=episodes, p=problem.start)
    outcomes, actions = [], []
    through = [np.cumsum(one, axis=0) for one in problem.likelihoods]
    for t in range(steps):
        seen = [_first_above(one[:, state].T, generator) for one in through]
        hidden = t == 0 and not observes_at_start
        outcomes.append([np.full(episodes, NOTHING)] * len(seen) if hidden else seen)
        action = generator.choice(len(problem.prior), size=episodes, p=problem.prior)
        if plan is not None:
            last = actions[-1] if actions else None
            belief = believed(problem, belief, last, np.array(outcomes[-1]))
            action = np.where(generator.random(episodes) < FOLLOWED, plan.action(belief), action)
        actions.append(action)
        state = _first_above(problem.transition[action, state].cumsum(axis=1), generator)
    return Episodes(np.array(outcomes), np.array(actions))


def moved(
    transition: Float[np.ndarray, "action state state"],
    belief: Float[np.ndarray, "episode state"],
    actions: Int[np.ndarray, " episode"],
) -> Float[np.ndarray, "episode state"]:
    """Return ``s B`` of every episode, by its action."""
    found = np.empty_like(belief)
    for action in np.unique(actions):
        chosen = actions == action
        found[chosen] = belief[chosen] @ transition[action]
    return found


def believed(
    problem: JointPomdp,
    belief: Float[np.ndarray, "episode state"],
    actions: Int[np.ndarray, " episode"] | None,
    outcomes: Int[np.ndarray, "modality episode"],
) -> Float[np.ndarray, "episode state"]:
    """Return what the exact filter believes after an action, if there was one, and its outcome."""
    if actions is not None:
        belief = moved(problem.transition, belief, actions)
    for likelihood, outcome in zip(problem.likelihoods, outcomes, strict=True):
        belief = belief * np.where(outcome[:, None] < 0, 1, likelihood[outcome])
    return belief / belief.sum(axis=1, keepdims=True)


def _first_above(through: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return an index drawn by the cumulative probabilities in each row; one with probability."""
    target = generator.random(len(through)) * through[:, -1]
    return (through > target[:, None]).argmax(axis=1)
