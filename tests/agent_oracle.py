"""Slow, explicit transcription of the maze and of the agent in it, as an oracle for tests.

Written from sections 1, 2 and 5 of the theory [CB22]: plain NumPy, one step after the other, every
outer product added on its own, and the risk rule in exact arithmetic. Not meant to be fast.

Convention, as in `oracle`: on every axis that runs over the values of a binary variable, the array
index is the value. So c[1, 0, j, k] counts s_j(t-1) = 1 with d_k(t) = 0. Shapes:

    a (2, 2, No, Ns), b (2, 2, Ns, Ns) or None, c (2, 2, Ns, Nd), D (2, Ns), E (2, Nd)

What the theory leaves open, and how it is read here:

- A policy of which several moves are made is one decision: it is drawn, learned and charged to the
  free energy at its first move only.
- 0 ln 0 = 0 in the entropy of beliefs; the least argument of a logarithm, `epsilon`, is that of the
  logarithms of parameters and priors.
- Gamma modulates, with V, the part of the thresholds m that adapts to V: what makes L equal to F.
- The middle row of a maze, where it has pillars and no cells, is the next row.

Source: [CB22] Isomura, Shimazaki & Friston, Communications Biology 5:55, 2022.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Walls = NDArray[np.bool_]
    Cell = tuple[int, int]

UP, DOWN, LEFT, RIGHT = range(4)
DIRECTIONS = ((-1, 0), (1, 0), (0, -1), (0, 1))


# Section 5: the maze ------------------------------------------------------------------------------


def middle_row(height: int) -> int:
    """Row of start and goal."""
    row = (height - 1) // 2
    return row if row % 2 == 1 else row + 1


def frame(height: int, width: int) -> Walls:
    """Walls around, and a pillar at every (even, even) interior cell; no goal yet."""
    walls = np.zeros((height, width), dtype=bool)
    for y in range(height):
        for x in range(width):
            around = y in {0, height - 1} or x in {0, width - 1}
            walls[y, x] = around or (y % 2 == 0 and x % 2 == 0)
    return walls


def pillars(height: int, width: int) -> list[Cell]:
    """All pillars, row by row."""
    return [(y, x) for y in range(2, height - 1, 2) for x in range(2, width - 1, 2)]


def grown_walls(height: int, width: int, choose: Callable[[list[Cell]], Cell]) -> Walls:
    """A maze of which `choose` picks, for one pillar after the other, where its wall grows."""
    walls = frame(height, width)
    for y, x in pillars(height, width):
        free = [(y + dy, x + dx) for dy, dx in DIRECTIONS if not walls[y + dy, x + dx]]
        walls[choose(free)] = True
    walls[middle_row(height), width - 1] = False
    return walls


def all_mazes(height: int, width: int) -> dict[bytes, Fraction]:
    """Probability of every maze of this size; `walls.tobytes()` tells them apart."""
    growing = {frame(height, width).tobytes(): Fraction(1)}
    for y, x in pillars(height, width):
        further: dict[bytes, Fraction] = {}
        for content, probability in growing.items():
            walls = np.frombuffer(content, dtype=bool).reshape(height, width)
            free = [(y + dy, x + dx) for dy, dx in DIRECTIONS if not walls[y + dy, x + dx]]
            for cell in free:
                with_one_more = walls.copy()
                with_one_more[cell] = True
                key = with_one_more.tobytes()
                further[key] = further.get(key, Fraction(0)) + probability / len(free)
        growing = further
    finished = {}
    for content, probability in growing.items():
        walls = np.frombuffer(content, dtype=bool).reshape(height, width).copy()
        walls[middle_row(height), width - 1] = False
        finished[walls.tobytes()] = probability
    return finished


def start(walls: Walls) -> Cell:
    """The middle row, column 1."""
    return middle_row(walls.shape[0]), 1


def goal(walls: Walls) -> Cell:
    """The gap in the right border."""
    return middle_row(walls.shape[0]), walls.shape[1] - 1


def moved(walls: Walls, cell: Cell, move: int) -> Cell:
    """Two cells on if the neighbouring cell is free, else the same; column capped at nx - 1."""
    y, x = cell
    dy, dx = DIRECTIONS[move]
    if walls[y + dy, x + dx]:
        return cell
    return y + 2 * dy, min(x + 2 * dx, walls.shape[1] - 1)


def window(walls: Walls, cell: Cell, size: int) -> Floats:
    """What is seen from a cell, 1 = wall and 1 = outside, row by row."""
    height, width = walls.shape
    seen = np.ones((size, size))
    for row in range(size):
        for column in range(size):
            y, x = cell[0] - size // 2 + row, cell[1] - size // 2 + column
            if 0 <= y < height and 0 <= x < width:
                seen[row, column] = float(walls[y, x])
    return seen.ravel()


def distances(walls: Walls) -> dict[Cell, int]:
    """Moves from the start to every cell that can be reached, breadth first."""
    found = {start(walls): 0}
    waiting = deque(found)
    while waiting:
        cell = waiting.popleft()
        if cell == goal(walls):
            continue
        for move in range(4):
            there = moved(walls, cell, move)
            if there not in found:
                found[there] = found[cell] + 1
                waiting.append(there)
    return found


def risk_of_step(before: Cell, after: Cell) -> Fraction:
    """0 when the column grew, 1 when it fell, 1/2 otherwise."""
    if after[1] > before[1]:
        return Fraction(0)
    return Fraction(1) if after[1] < before[1] else Fraction(1, 2)


# Section 5: risk of a chunk, counts at the start --------------------------------------------------


def progress_gamma(risk: list[Fraction]) -> float:
    """Gamma of a chunk: 0.55 where progress = 200 (1 - 2 mean risk) <= 0, 0.45 up to 10, else 0."""
    progress = 200 * (1 - 2 * sum(risk, Fraction(0)) / len(risk))
    if progress <= 0:
        return 0.55
    return 0.45 if progress <= 10 else 0.0


class Network(NamedTuple):
    """Counts and priors of both layers, by the theory's letters."""

    a: Floats
    b: Floats | None
    c: Floats
    D: Floats
    E: Floats


def maze_network(prior_right: float, seen: int = 121) -> Network:
    """The published counts and priors, for policies of four moves out of four."""
    a = np.full((2, 2, seen, seen), 1e7)
    for i in range(seen):
        a[1, 1, i, i] += 9.9e8
        a[0, 0, i, i] += 9.9e8
    first = (0.25, 0.25, 0.5 - prior_right, prior_right)
    E = np.zeros((2, 256))
    for k in range(256):
        E[1, k] = first[k // 64] / 64
        E[0, k] = 1 - E[1, k]
    b = np.full((2, 2, seen, seen), 1e7)
    c = np.full((2, 2, seen, 256), 3000.0)
    return Network(a, b, c, np.full((2, seen), 0.5), E)


# Sections 1 and 2: one law for a rollout of time --------------------------------------------------


class Law:
    """Expected log parameters of a network's counts: all that inference depends on."""

    def __init__(self, network: Network, epsilon: float) -> None:
        def ln(probability: Floats) -> Floats:
            return np.log(np.maximum(probability, epsilon))

        def ln_expected(counts: Floats) -> Floats:
            return ln(counts / (counts[1] + counts[0]))

        self.lnA = ln_expected(network.a)
        self.lnB = None if network.b is None else ln_expected(network.b)
        self.lnC = ln_expected(network.c)
        self.lnD, self.lnE = ln(network.D), ln(network.E)
        # The same as synapses and thresholds.
        self.W, self.adaptation_W = _synapses(network.a)
        self.K, self.adaptation_K = (None, 0.0) if network.b is None else _synapses(network.b)
        self.V, self.adaptation_V = _synapses(network.c)

    def states(self, o: Floats, previous: Floats) -> tuple[Floats, Floats, Floats]:
        """Belief s_j = 1 (Ns,); log likelihood and log prior, both (2, Ns), that make v."""
        likelihood, prior = np.zeros_like(self.lnD), self.lnD.copy()
        for n in (1, 0):
            likelihood[n] = o @ self.lnA[1, n] + (1 - o) @ self.lnA[0, n]
            if self.lnB is not None:
                prior[n] += previous @ self.lnB[1, n] + (1 - previous) @ self.lnB[0, n]
        v = likelihood + prior
        return _sigmoid(v[1] - v[0]), likelihood, prior

    def decisions(self, states: Floats) -> tuple[Floats, Floats]:
        """Belief d_k = 1 (Nd,); what the states say of either value, (2, Nd)."""
        evidence = np.zeros_like(self.lnE)
        for n in (1, 0):
            evidence[n] = states @ self.lnC[1, n] + (1 - states) @ self.lnC[0, n]
        u = self.lnE + evidence
        return _sigmoid(u[1] - u[0]), evidence


def _sigmoid(z: Floats) -> Floats:
    return np.where(
        z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z)))
    )


def _synapses(counts: Floats) -> tuple[Floats, Floats]:
    """W_n = logit(expected P(outcome 1 given n)) as (2, cause, outcome); sum ln(1 - sigmoid W)."""
    expected = counts[1] / (counts[1] + counts[0])
    W = (np.log(expected) - np.log(1 - expected)).transpose(0, 2, 1)
    return W, -np.logaddexp(0, W).sum(axis=2)


def drawn(d: Floats, uniform: float, epsilon: float) -> int:
    """The k at which the cumulative sum of the odds exceeds `uniform` times their sum."""
    odds = d / (1 - d + epsilon)
    through = np.cumsum(odds)
    return int(np.searchsorted(through, uniform * through[-1], side="right"))


# Section 5: a trial -------------------------------------------------------------------------------


class Step(NamedTuple):
    """What the agent saw, believed and did at one step."""

    cell: Cell
    observation: Floats
    belief: Floats
    previous: Floats
    policy: int
    move: int
    drawn: bool
    risk: Fraction


class ExpectedTrial(NamedTuple):
    """The steps of a trial, with its free energy and what was learned."""

    steps: list[Step]
    done: bool
    gamma: list[float]
    accuracy: float
    complexity: float
    decision: float
    cost: float
    network: Network

    @property
    def first_layer(self) -> float:
        """The states' share of F."""
        return self.complexity - self.accuracy

    @property
    def cells(self) -> list[Cell]:
        """Cell of the agent before each move."""
        return [step.cell for step in self.steps]

    @property
    def decisions(self) -> NDArray[np.int64]:
        """How often each policy was drawn."""
        chosen = [step.policy for step in self.steps if step.drawn]
        return np.bincount(chosen, minlength=self.network.E.shape[1])


def trial(
    network: Network,
    policies: NDArray[np.integer],
    walls: Walls,
    uniform: Floats,
    *,
    size: int,
    max_steps: int,
    chunk: int = 200,
    epsilon: float = 1e-6,
    gamma_of: Callable[[list[Fraction]], float | list[Fraction]] = progress_gamma,
    online: bool = False,
    from_current: bool = False,
    moves_made: int = 1,
) -> ExpectedTrial:
    """A trial in the maze, and what was learned from it.

    Parameters
    ----------
    network, policies
        Counts and priors at its start; the moves of each policy.
    walls, size
        The maze, and the size of the window.
    uniform
        A random number in [0, 1) for every step, by which its policy is drawn.
    epsilon
        Added to 1 - d_k; the least argument of a logarithm.
    gamma_of
        Gamma of a chunk, one for all or one for each of its steps, from their risks.
    online
        Whether the network acts by what it learned from the next chunk on.
    from_current
        Whether decisions come from the states just inferred.
    moves_made
        Moves made of a policy, before the next is drawn.
    """
    law = Law(network, epsilon)
    belief, cell = network.D[1], start(walls)
    policy, steps, gammas = 0, [], []
    parts = np.zeros(4)
    while len(steps) < max_steps and cell != goal(walls):
        rollout: list[Step] = []
        while len(rollout) < chunk and len(steps) < max_steps and cell != goal(walls):
            previous, o = belief, window(walls, cell, size)
            belief, _, _ = law.states(o, previous)
            decides = len(steps) % moves_made == 0
            if decides:
                d, _ = law.decisions(belief if from_current else previous)
                policy = drawn(d, uniform[len(steps)], epsilon)
            move = int(policies[policy][len(steps) % moves_made])
            after = moved(walls, cell, move)
            risk = risk_of_step(cell, after)
            step = Step(cell, o, belief, previous, policy, move, decides, risk)
            rollout.append(step)
            steps.append(step)
            cell = after
        gamma = gamma_of([step.risk for step in rollout])
        each = [float(g) for g in gamma] if isinstance(gamma, list) else [gamma] * len(rollout)
        gammas += each
        parts += free_energy(law, rollout, each, from_current=from_current)
        network = learned(network, rollout, each, from_current=from_current)
        if online:
            law = Law(network, epsilon)
    return ExpectedTrial(steps, cell == goal(walls), gammas, *map(float, parts), network)


def _values(x: Floats) -> Floats:
    """Both values of binary variables, the index being the value."""
    return np.stack([1 - x, x])


def _taken(network_or_law: Network | Law, step: Step) -> Floats:
    """The decision that was taken, one-hot."""
    E = network_or_law.E if isinstance(network_or_law, Network) else network_or_law.lnE
    d = np.zeros(E.shape[1])
    d[step.policy] = 1
    return d


def learned(
    network: Network, rollout: list[Step], gamma: list[float], *, from_current: bool
) -> Network:
    """Counts with the outer products of a chunk; c is floored at 1 afterwards."""
    # Summed by themselves first: beside counts of 1e9 each product would be rounded.
    more_a, more_c = np.zeros_like(network.a), np.zeros_like(network.c)
    more_b = None if network.b is None else np.zeros_like(network.b)
    for step, g in zip(rollout, gamma, strict=True):
        o, s, previous = _values(step.observation), _values(step.belief), _values(step.previous)
        d, cause = _values(_taken(network, step)), s if from_current else previous
        for m in (1, 0):
            for n in (1, 0):
                more_a[m, n] += np.outer(o[m], s[n])
                if more_b is not None:
                    more_b[m, n] += np.outer(previous[m], s[n])
                if step.drawn:
                    more_c[m, n] += (1 - 2 * g) * np.outer(cause[m], d[n])
    b = None if network.b is None or more_b is None else network.b + more_b
    return network._replace(a=network.a + more_a, b=b, c=np.maximum(network.c + more_c, 1))


def free_energy(
    law: Law, rollout: list[Step], gamma: list[float], *, from_current: bool
) -> tuple[float, float, float, float]:
    """Accuracy, complexity and the decisions' share of F, and the network's cost L."""
    accuracy = complexity = decision = cost = 0.0
    for step, g in zip(rollout, gamma, strict=True):
        s = _values(step.belief)
        _, likelihood, prior = law.states(step.observation, step.previous)
        entropy = _x_log_x(s).sum()
        accuracy += (s * likelihood).sum()
        complexity += entropy - (s * prior).sum()
        cost += entropy - (s * _middle_drive(law, step)).sum()
        if step.drawn:
            d = _values(_taken(law, step))
            states = step.belief if from_current else step.previous
            _, evidence = law.decisions(states)
            decision -= (d * ((1 - 2 * g) * evidence + law.lnE)).sum()  # d ln d = 0
            drive = np.stack([law.V[n] @ states + law.adaptation_V[n] for n in (0, 1)])
            cost -= (d * ((1 - 2 * g) * drive + law.lnE)).sum()
    return accuracy, complexity, decision, cost


def _middle_drive(law: Law, step: Step) -> Floats:
    """W o + K x(t-1) + h of both levels, (2, Ns)."""
    drive = law.lnD + law.adaptation_W + law.adaptation_K
    for n in (1, 0):
        drive[n] += law.W[n] @ step.observation
        if law.K is not None:
            drive[n] += law.K[n] @ step.previous
    return drive


def _x_log_x(x: Floats) -> Floats:
    return np.where(x > 0, x * np.log(np.where(x > 0, x, 1)), 0.0)
