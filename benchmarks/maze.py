"""The agent in the maze of [CB22], against its published software and against pymdp.

    python benchmarks/maze.py [--quick] [--out FOLDER]

1. Agreement with the `POMDP` class of `reverse-engineering-py`, the peer, in float64. Our compiled
   trial runs, its observations and decisions go to the peer, twice with the learning between. The
   posteriors, the probabilities of decisions and all counts learned must agree to 1e-9. The peer's
   free energy leaves the last step of a trial out, takes the posterior of decisions in place of
   those taken, and moves on to the next chunk's Gamma one step early; ours, taken the same way,
   must agree to 1e-6, about what single precision leaves.
2. Time of a step in mazes of the published size (121 observations and states, 256 policies), in
   turn: the peer's class driven by tables of the same maze, with its learning at the end of each
   trial; one agent of ours, which sums the free energy of every step as well; and 30 agents in
   mazes of their own, shared among the cores, time over the steps of all. Medians.
3. The floor: one product of a vector with a matrix of the two layers' sizes, 121 x (121 + 256), by
   NumPy on one core or in a compiled loop, the shorter.
4. The whole experiment, `canonica maze` with 20 mazes and 100 trials, from start to end.
5. pymdp's T-maze, its agent and one of ours; see `pymdp_t_maze.py`.

Processor time is that of all cores. Where it is well below the time of a step, other programs had
a share, and only what is said by processor time means anything.

`--quick`: shorter trials and fewer, and no whole experiment; for a look, not for figures to report.
`--out` writes `maze.json` and `maze.png` to FOLDER.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import pymdp_t_maze
from history import remember
from jax import lax
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from reverse_engineering.pomdp import POMDP  # pyright: ignore[reportMissingImports]
from rich import box
from rich.console import Console
from rich.table import Table

from canonica.agents import Agent, Maze, maze_agent, maze_walls, trial
from canonica.model import Beliefs, GenerativeModel, free_energy

P = ParamSpec("P")
R = TypeVar("R")

CHUNK = 200
BACKWARD, SLOW, FAST, SLOW_PROGRESS = 0.55, 0.45, 0.0, 10  # Gamma by progress [CB22]
GUARD = 1e-6  # which the published simulations add to 1 - d
TOLERANCE, TOLERANCE_FREE_ENERGY = 1e-9, 1e-6
AIM, AIM_EACH, AIM_EXPERIMENT = 40, 60, 180.0
STATES, POLICIES = 121, 256
PRECISIONS = {"float64": True, "float32": False}
PACKAGES = ("canonica", "jax", "numpy", "reverse-engineering-py", "inferactively-pymdp")
WINDOW_OF_REWARD = 50  # trials that a point of the learning curve averages
# Okabe & Ito's palette, distinct to colour-blind readers too.
BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "0.6"


@dataclass(frozen=True)
class Size:
    """Numbers of steps, turns, agents and products that are measured."""

    max_steps: int
    checked_steps: int
    turns: int
    agents: int
    products: int


FULL = Size(max_steps=20_000, checked_steps=4950, turns=5, agents=30, products=50_000)
QUICK = Size(max_steps=2000, checked_steps=950, turns=3, agents=30, products=10_000)


class Turn(NamedTuple):
    """Seconds of a step, and processor time of it."""

    seconds: float
    processor_seconds: float


class PeerTurn(NamedTuple):
    """The same of the peer, learning included; without it; the learning of a whole trial."""

    seconds: float
    processor_seconds: float
    inference: float
    learning_of_trial: float
    steps_of_trial: float


class Steps(NamedTuple):
    """Of the peer; by precision of one agent of ours and of many; seconds to compile a trial."""

    peer: PeerTurn
    one: dict[str, Turn]
    many: dict[str, Turn]
    compilation: dict[str, float]


def in_own_process(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what `function` returns in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(function, *args, **kwargs).result()


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def timed(function: Callable[[], R]) -> tuple[float, float, R]:
    """Return seconds, processor seconds and what was found."""
    start, processor = time.perf_counter(), time.process_time()
    found = jax.block_until_ready(function())
    return time.perf_counter() - start, time.process_time() - processor, found


compiled_trial = jax.jit(trial, static_argnames=("max_steps", "record"))


def compiled(agent: Agent, maze: Maze, max_steps: int, *, record: bool = False) -> Callable:
    """Return `trial` compiled for agents and mazes like these."""
    example = agent.init(), maze, jax.random.key(0)
    return compiled_trial.lower(agent, *example, max_steps=max_steps, record=record).compile()


def a_maze(number: int) -> Maze:
    return Maze(maze_walls(jax.random.fold_in(jax.random.key(1), number)))


# The peer.


def as_peer_has_them(counts: jax.Array | None) -> np.ndarray:
    """Return counts (2, 2, outcome, cause) as a matrix of blocks, value 1 first."""
    if counts is None:
        raise ValueError("the agent of the maze has counts of all three kinds")
    c = np.asarray(counts)
    return np.block([[c[1, 1], c[1, 0]], [c[0, 1], c[0, 0]]])


def as_peer_has_prior(prior: jax.Array | None) -> np.ndarray:
    return np.asarray(prior)[::-1].ravel()


def peer_of(model: GenerativeModel, max_steps: int) -> Any:
    """Return the peer's network that holds `model`."""
    return POMDP(
        as_peer_has_them(model.likelihood_counts),
        as_peer_has_prior(model.state_prior),
        as_peer_has_them(model.transition_counts),
        as_peer_has_them(model.policy_counts),
        as_peer_has_prior(model.decision_prior),
        sim_type=2,
        buf_size=max_steps + 1,  # the belief before the first step comes first
    )


class PeersMaze:
    """A maze as NumPy tables, in the form in which the peer takes observations."""

    def __init__(self, maze: Maze) -> None:
        seen = np.asarray(maze.seen, int)
        self.seen = np.concatenate([seen, 1 - seen], axis=1)
        self.next_place = np.asarray(maze.next_place).tolist()
        columns = np.asarray(maze.columns)
        advance = np.sign(columns[np.asarray(maze.next_place)] - columns[:, None])
        self.risk = ((1 - advance) / 2).tolist()
        self.start, self.goal = maze.start, maze.goal


def gammas(risk: np.ndarray) -> np.ndarray:
    """Return Gamma of each chunk, the last of which may be shorter."""
    chunks = [risk[first : first + CHUNK] for first in range(0, len(risk), CHUNK)]
    # Summed before divided: exact where the progress is just at a limit.
    progress = np.array([CHUNK * (1 - 2 * chunk).sum() / len(chunk) for chunk in chunks])
    return np.select([progress <= 0, progress <= SLOW_PROGRESS], [BACKWARD, SLOW], FAST)


class PeerInMaze:
    """The peer's network and a maze for it, trial after trial."""

    def __init__(self, agent: Agent, maze: Maze, max_steps: int) -> None:
        self.peer, self.maze = peer_of(agent.model, max_steps), PeersMaze(maze)
        self.moves = np.asarray(agent.policies)[:, 0].tolist()
        self.max_steps = max_steps
        np.random.seed(0)  # noqa: NPY002  (the peer draws by it)

    def turn(self) -> PeerTurn:
        """Return the seconds that one trial takes the peer, inference and learning apart."""
        inference, processor, risks = timed(self._lived)
        gamma = gammas(np.array(risks))
        learning, more, _ = timed(partial(self.peer.learn, gamma, CHUNK))
        self.peer.reset_buffer()
        steps = len(risks)
        whole, processor = inference + learning, processor + more
        return PeerTurn(whole / steps, processor / steps, inference / steps, learning, steps)

    def _lived(self) -> list[float]:
        """Drive the peer through a trial, up to its learning, and return the risks."""
        peer, maze, moves = self.peer, self.maze, self.moves
        place, risks = maze.start, []
        for _ in range(self.max_steps):
            decision = peer.infer(maze.seen[place])[2]
            move = moves[decision.argmax()]
            risks.append(maze.risk[place][move])
            place = maze.next_place[place][move]
            if place == maze.goal:
                break
        return risks


# 1. Agreement.


def agreement(size: Size) -> dict[str, float]:
    """Return the largest differences from the peer, relative; raise an error beyond tolerance."""
    with jax.enable_x64(True):
        maze = a_maze(0)
        agent = maze_agent(maze)
        steps = size.checked_steps
        run = compiled(agent, maze, steps, record=True)
        peer, state = peer_of(agent.model, steps), agent.init()
        found: dict[str, float] = {}
        for number in range(2):
            key = jax.random.key(number)
            model = agent.model_of(state)
            lived, state = run(agent, state, maze, key)
            differences = against_peer(peer, model, maze, lived, agent.model_of(state))
            found = {name: max(found.get(name, 0), value) for name, value in differences.items()}
    for name, difference in found.items():
        allowed = TOLERANCE_FREE_ENERGY if name == "free energy" else TOLERANCE
        if not difference <= allowed:
            sys.exit(f"No agreement with the peer: {name} differ by {difference:.1e}, relative.")
    return found


def against_peer(
    peer: Any, model: GenerativeModel, maze: Maze, lived: Any, learned: GenerativeModel
) -> dict[str, float]:
    """Return how far our trial is from the peer's inference and learning of the same steps."""
    steps = int(lived.steps)
    places, policies = (
        np.asarray(part)[:steps] for part in (lived.record.place, lived.record.policy)
    )
    seen, gamma = PeersMaze(maze).seen, gammas(np.asarray(lived.record.risk)[:steps])
    np.random.seed(0)  # noqa: NPY002  (the peer draws by it; what it draws is replaced)
    posterior = np.empty((steps, STATES))
    probability = np.empty((steps, POLICIES))
    for step in range(steps):
        states, probability[step], _ = peer.infer(seen[places[step]])
        posterior[step] = states[:STATES]
        peer.d_buf[:, peer.buf_idx - 1] = np.eye(POLICIES)[policies[step]]
    observations = jnp.asarray(maze.seen, float)[places]
    beliefs = model.infer(observations)
    decisions = np.asarray(beliefs.decisions)
    odds = decisions / (1 - decisions + GUARD)
    peers_free_energy = peer.compute_vfe(gamma, CHUNK)
    peer.learn(gamma, CHUNK)
    peer.reset_buffer()
    return {
        "posteriors": relative(np.asarray(beliefs.states), posterior),
        "decision probabilities": relative(odds / odds.sum(axis=1, keepdims=True), probability),
        "counts a": relative(as_peer_has_them(learned.likelihood_counts), peer.qa),
        "counts b": relative(as_peer_has_them(learned.transition_counts), peer.qbi),
        "counts c": relative(as_peer_has_them(learned.policy_counts), peer.qci),
        "free energy": relative(
            free_energy_as_peer_takes_it(model, observations, beliefs, gamma), peers_free_energy
        ),
    }


def relative(ours: np.ndarray | float, theirs: np.ndarray | float) -> float:
    return float(np.max(np.abs(np.asarray(ours) / theirs - 1)))


def free_energy_as_peer_takes_it(
    model: GenerativeModel, observations: jax.Array, beliefs: Beliefs, gamma: np.ndarray
) -> float:
    """Return the sum of all steps but the last, each with the Gamma that the next one has."""
    risk = jnp.asarray(gamma[np.arange(1, len(observations)) // CHUNK])
    all_but_last = jax.tree.map(lambda rows: rows[:-1], beliefs)
    return float(free_energy(model, observations[:-1], all_but_last, risk=risk).total.sum())


# 2. The time of a step.


class OurAgents:
    """Agents in mazes of their own, in one precision."""

    def __init__(self, size: Size, precision: str) -> None:
        self.x64 = PRECISIONS[precision]
        with jax.enable_x64(self.x64):
            self.mazes = [a_maze(number) for number in range(size.agents)]
            self.agent = maze_agent(self.mazes[0])
            self.states = [self.agent.init()] * size.agents
            self.compilation, _, self.run = timed(
                lambda: compiled(self.agent, self.mazes[0], size.max_steps)
            )

    def lived(self, number: int, turn: int) -> int:
        """Let one of them live through a trial, and return its steps."""
        with jax.enable_x64(self.x64):  # a setting of each thread
            key = jax.random.fold_in(jax.random.key(turn), number)
            given = self.agent, self.states[number], self.mazes[number], key
            lived, self.states[number] = jax.block_until_ready(self.run(*given))
            return int(lived.steps)

    def turn(self, turn: int) -> Turn:
        """Return what a step takes one of them, alone."""
        seconds, processor, steps = timed(partial(self.lived, 0, turn))
        return Turn(seconds / steps, processor / steps)

    def turn_of_all(self, turn: int, pool: ThreadPoolExecutor) -> Turn:
        """Return the time over the steps of all, which share the cores."""
        every = range(len(self.mazes))
        seconds, processor, steps = timed(
            lambda: sum(pool.map(partial(self.lived, turn=turn), every))
        )
        return Turn(seconds / steps, processor / steps)


def steps_measured(size: Size) -> Steps:
    """Return what a step takes, by turns of all ways."""
    ours = {precision: OurAgents(size, precision) for precision in PRECISIONS}
    with jax.enable_x64(True):
        peer = PeerInMaze(ours["float64"].agent, ours["float64"].mazes[0], size.max_steps)
    peers, one, many = [], {name: [] for name in ours}, {name: [] for name in ours}
    with ThreadPoolExecutor(cores()) as pool:
        for turn in range(1 + size.turns):
            peers.append(peer.turn())
            for name, agents in ours.items():
                one[name].append(agents.turn(turn))
                many[name].append(agents.turn_of_all(turn, pool))
    return Steps(
        PeerTurn(*medians(peers)),
        {name: Turn(*medians(turns)) for name, turns in one.items()},
        {name: Turn(*medians(turns)) for name, turns in many.items()},
        {name: agents.compilation for name, agents in ours.items()},
    )


def medians(turns: Sequence[tuple[float, ...]]) -> list[float]:
    """Return the median of each column, the first turn left out: it warms up."""
    return [statistics.median(column) for column in zip(*turns[1:], strict=True)]


# 3. The floor.


def floors(size: Size) -> dict[str, dict[str, float]]:
    """Return the seconds of a product by precision and way."""
    if hasattr(os, "sched_setaffinity"):  # before JAX starts its threads
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return {precision: floor(size, precision) for precision in PRECISIONS}


def floor(size: Size, precision: str) -> dict[str, float]:
    """Return the seconds of one product of a vector and the synapses of both layers."""
    random = np.random.default_rng(0)
    matrix = random.random((STATES, STATES + POLICIES)).astype(precision)
    vector = random.random(STATES).astype(precision)
    upright = np.ascontiguousarray(matrix.T)
    out = np.empty(len(upright), precision)
    ways = {
        "NumPy": lambda: many_products(partial(np.dot, vector, matrix, out), size.products),
        "NumPy, transposed": lambda: many_products(
            partial(np.dot, upright, vector, out), size.products
        ),
    }
    with jax.enable_x64(PRECISIONS[precision]):
        for name, synapses in (("scan", matrix), ("scan, transposed", upright)):
            given = jnp.asarray(vector), jnp.asarray(synapses)
            ways[name] = partial(products_in_scan, *given, products=size.products)
            jax.block_until_ready(ways[name]())
        return {
            name: min(timed(way)[0] for _ in range(2 * size.turns)) / size.products
            for name, way in ways.items()
        }


def many_products(product: Callable[[], Any], products: int) -> None:
    for _ in range(products):
        product()


@partial(jax.jit, static_argnames="products")
def products_in_scan(vector: jax.Array, synapses: jax.Array, products: int) -> jax.Array:
    """Return a vector after many products, each of them of what the last one left."""

    def step(state: jax.Array, _: None) -> tuple[jax.Array, None]:
        both = state @ synapses if len(synapses) == STATES else synapses @ state
        return both[:STATES] * 0.01, None  # stays in range

    return lax.scan(step, vector, length=products)[0]


# 4. The whole experiment.


def whole_experiment() -> float:
    """Return the seconds of `canonica maze` as published, from start to end."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "canonica", "maze", "--mazes", "20", "--trials", "100"]
        start = time.perf_counter()
        done = subprocess.run(  # noqa: S603
            [*command, "--out", f"{folder}/maze"], check=False, capture_output=True, text=True
        )
        seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"canonica maze failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return seconds


# What is said of it all.


@dataclass(frozen=True)
class Results:
    """Agreement with the peer, times of a step, and times of whole experiments."""

    agreement: dict[str, float]
    steps: Steps
    floors: dict[str, dict[str, float]]
    t_maze: dict[str, pymdp_t_maze.Found]
    experiment: float | None

    def over_floor(self, seconds: float, precision: str) -> float:
        """Return the distance to the floor of a precision."""
        return seconds / min(self.floors[precision].values())


def measured(size: Size, *, quick: bool) -> Results:
    found = in_own_process(agreement, size)
    steps = in_own_process(steps_measured, size)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of the process of the floors
    products = in_own_process(floors, size)
    del os.environ["OPENBLAS_NUM_THREADS"]
    t_maze = in_own_process(pymdp_t_maze.measured, quick=quick)
    return Results(found, steps, products, t_maze, None if quick else whole_experiment())


def maze_table(results: Results, agents: int) -> Table:
    table = Table(box=box.MARKDOWN)
    headings = (
        "maze",
        "us a step",
        "processor us",
        "steps a second",
        "of the peer's",
        "by processor time",
        "over floor",
    )
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "maze" else "right")
    peer = results.steps.peer

    def row(name: str, seconds: float, processor: float | None, precision: str) -> None:
        table.add_row(
            name,
            f"{seconds * 1e6:.2f}",
            "" if processor is None else f"{processor * 1e6:.2f}",
            f"{1 / seconds:,.0f}",
            f"{peer.seconds / seconds:.1f}x",
            "" if processor is None else f"{peer.processor_seconds / processor:.1f}x",
            f"{results.over_floor(seconds, precision):.1f}x",
        )

    row("peer, inference alone, float64", peer.inference, None, "float64")
    row("peer, with learning, float64", peer.seconds, peer.processor_seconds, "float64")
    kinds = {
        "canonica, one agent": results.steps.one,
        f"canonica, {agents} agents": results.steps.many,
    }
    for name, turns in kinds.items():
        for precision, turn in turns.items():
            row(f"{name}, {precision}", *turn, precision)
    for precision, ways in results.floors.items():
        way = min(ways, key=ways.__getitem__)
        row(f"floor, {precision} ({way})", ways[way], None, precision)
    return table


def t_maze_table(found: dict[str, pymdp_t_maze.Found]) -> Table:
    table = Table(box=box.MARKDOWN)
    headings = (
        "T-maze",
        "us a trial",
        "steps a second",
        f"the same, {pymdp_t_maze.AGENTS} agents",
        "first call",
        "reward, trials 1-50",
        "101-150",
        "last 50",
    )
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "T-maze" else "right")
    for name, one in found.items():
        parts = one.reward[:50], one.reward[100:150], one.reward[-50:]
        table.add_row(
            name,
            f"{one.seconds * 1e6:.1f}",
            f"{one.steps / one.seconds:,.0f}",
            f"{one.steps / one.seconds_each:,.0f}",
            f"{one.first_call:.1f} s",
            *(f"{part.mean():+.2f}" for part in parts),
        )
    return table


def notes(results: Results, size: Size) -> Iterator[str]:
    peer, one, many, compilation = results.steps

    def faster(turns: dict[str, Turn]) -> str:
        return ", ".join(f"{peer.seconds / turns[name].seconds:.1f}x in {name}" for name in turns)

    yield "Agreement with the peer, largest relative difference: " + "; ".join(
        f"{name} {value:.1e}" for name, value in results.agreement.items()
    )
    yield (
        f"Peer: learning takes {peer.learning_of_trial:.3f} s at the end of a trial of "
        f"{peer.steps_of_trial:,.0f} steps. Trials of {size.max_steps:,} steps at most, medians "
        f"of {size.turns}."
    )
    yield (
        f"Aims: one agent {AIM}x the peer: {faster(one)}; each of {size.agents} {AIM_EACH}x: "
        f"{faster(many)}."
    )
    yield "Compiling a trial: " + ", ".join(
        f"{seconds:.1f} s in {name}" for name, seconds in compilation.items()
    )
    yield (
        "Whole experiment: skipped."
        if results.experiment is None
        else f"Whole experiment, 20 mazes x 100 trials: {results.experiment:.0f} s "
        f"(aim: under {AIM_EXPERIMENT:.0f} s)."
    )
    ours, theirs = results.t_maze["canonica"], results.t_maze["pymdp"]
    yield (
        f"T-maze: {len(ours.reward):,} trials, float32, both in one compiled loop over trials; "
        f"steps are those computed, {theirs.steps} a trial (pymdp) and {ours.steps} (canonica). "
        f"A trial takes pymdp {theirs.seconds / ours.seconds:.1f}x as long, "
        f"{theirs.seconds_each / ours.seconds_each:.1f}x with {pymdp_t_maze.AGENTS} agents at "
        f"once. Reward is +1, -1 or 0 a trial, mean over {pymdp_t_maze.AGENTS} agents."
    )
    yield pymdp_t_maze.TOLD


def maze_ratios(results: Results, size: Size) -> dict[str, float]:
    """Return what is compared with the history, by what it is."""
    peer, one, many, _ = results.steps
    kinds = {"one agent": one, f"{size.agents} agents": many}
    ratios = {
        f"peer over {kind}, {precision}": peer.seconds / turn.seconds
        for kind, turns in kinds.items()
        for precision, turn in turns.items()
    }
    ours, theirs = results.t_maze["canonica"], results.t_maze["pymdp"]
    return ratios | {
        "pymdp over one agent, T-maze": theirs.seconds / ours.seconds,
        f"pymdp over {pymdp_t_maze.AGENTS} agents, T-maze": theirs.seconds_each / ours.seconds_each,
    }


def machine() -> dict[str, str]:
    return {
        "processor": processor(),
        "cores": str(cores()),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def processor() -> str:
    """Return the processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def figure_of(results: Results, agents: int) -> Figure:
    figure = Figure(figsize=(11, 4), layout="constrained")
    FigureCanvasAgg(figure)
    speed, reward = figure.subplots(1, 2)
    bars = {
        "peer": results.steps.peer.seconds,
        "one agent": results.steps.one["float64"].seconds,
        f"each of {agents}": results.steps.many["float64"].seconds,
        "matrix-vector\nproduct": min(results.floors["float64"].values()),
    }
    heights = [seconds * 1e6 for seconds in bars.values()]
    speed.bar_label(speed.bar(list(bars), heights, color=[VERMILION, BLUE, BLUE, GREY]), fmt="%.1f")
    speed.set(yscale="log", ylabel="time of a step (us)", title="Maze, float64")
    speed.margins(y=0.15)
    for (name, found), colour in zip(results.t_maze.items(), (VERMILION, BLUE), strict=True):
        trials = len(found.reward) // WINDOW_OF_REWARD * WINDOW_OF_REWARD
        mean = found.reward[:trials].reshape(-1, WINDOW_OF_REWARD).mean(axis=1)
        reward.plot((np.arange(len(mean)) + 1) * WINDOW_OF_REWARD, mean, color=colour, label=name)
    reward.axhline(0, color=GREY, linewidth=0.8)
    reward.set(xlabel="trial", ylabel="mean reward", ylim=(-0.1, 1.1), title="pymdp's T-maze")
    reward.legend(frameon=False, loc="center right")
    for axis in (speed, reward):
        axis.spines[["top", "right"]].set_visible(False)
    return figure


def as_numbers(value: Any) -> Any:
    """Return nested results as what JSON has."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return as_numbers(value._asdict())  # pyright: ignore[reportAttributeAccessIssue]
    if isinstance(value, dict):
        return {name: as_numbers(part) for name, part in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def write(out: Path, results: Results, size: Size) -> None:
    out.mkdir(parents=True, exist_ok=True)
    parts = {name: getattr(results, name) for name in results.__dataclass_fields__}
    found = {"machine": machine(), "size": asdict(size), **as_numbers(parts)}
    (out / "maze.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    figure_of(results, size.agents).savefig(out / "maze.png", dpi=120)


def main(out: Path | None, *, quick: bool) -> None:
    size = QUICK if quick else FULL
    results = measured(size, quick=quick)
    console = Console(width=160)
    console.print(maze_table(results, size.agents))
    console.print(t_maze_table(results.t_maze))
    facts = ", ".join(f"{name} {value}" for name, value in machine().items())
    for line in (f"Machine: {facts}", *notes(results, size)):
        console.print(line, highlight=False, soft_wrap=True)
    if not quick:
        remember("maze", maze_ratios(results, size))
    if out is not None:
        write(out, results, size)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--out", type=Path, help="folder for maze.json and maze.png")
    arguments = parser.parse_args()
    main(arguments.out, quick=arguments.quick)
