"""The experiment of [CB22]: an agent in each of many mazes, trial after trial."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Int

from canonica._errors import CanonicaError
from canonica._files import shown
from canonica._provenance import versions
from canonica.agents.designs._maze_agent import PRIOR_RIGHT, maze_agent
from canonica.agents.experiments._experiment_store import Arrays, ExperimentStore, stored_settings
from canonica.agents.experiments._trial import Trial, trial
from canonica.agents.network._agent import Agent, AgentState
from canonica.agents.network._agent_state import Counts
from canonica.agents.network._policies import first_move_prior
from canonica.agents.worlds._maze import (
    HEIGHT,
    MOVES,
    WIDTH,
    WINDOW,
    Maze,
    maze_walls,
    shortest_path,
)

MAZES, TRIALS, MAX_STEPS = 20, 100, 20_000
SAVE_EVERY = 10.0  # seconds
LOOK_EVERY = 0.2  # seconds, at whether the run is to stop
LAST = "before-last-trial"
COUNTS = "counts-"

AgentName = Literal["published", "efficient"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class World:
    """Mazes by number, and trials in them: the same whatever else is asked for.

    Parameters
    ----------
    seed : int
        Decides everything random.
    height, width, window
        As in `maze_walls` and `Maze`.
    max_steps : int
        When a trial's time is up.
    """

    seed: int = 0
    height: int = HEIGHT
    width: int = WIDTH
    window: int = WINDOW
    max_steps: int = MAX_STEPS

    def __post_init__(self) -> None:
        _check_count("max_steps", self.max_steps)
        _check_count("seed", self.seed, smallest=0)

    def key(self, maze: int, trial: int = 0) -> Array:
        """Return the key of a trial, counted from 1; 0 is the maze itself."""
        return jax.random.fold_in(jax.random.fold_in(jax.random.key(self.seed), maze), trial)

    def mazes(self, numbers: Sequence[int]) -> list[Maze]:
        """Return the mazes of these numbers."""
        size = {"height": self.height, "width": self.width, "window": self.window}
        return [_maze(self.key(number), **size) for number in numbers]


@partial(jax.jit, static_argnames=("height", "width", "window"))
def _maze(key: Array, *, height: int, width: int, window: int) -> Maze:
    return Maze(maze_walls(key, height=height, width=width), window)


class Chain(NamedTuple):
    """One agent in one maze: trials that follow each other."""

    number: int
    agent: Agent
    maze: Maze


def maze_experiment(
    *,
    agent: AgentName = "published",
    prior_right: float = PRIOR_RIGHT,
    mazes: int = MAZES,
    trials: int = TRIALS,
    max_steps: int = MAX_STEPS,
    height: int = HEIGHT,
    width: int = WIDTH,
    window: int = WINDOW,
    seed: int = 0,
    first_maze: int = 1,
    store: Path | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return how agents learn to leave their mazes, a fresh one in each.

    Mazes share the cores of a machine. Every maze and every trial is the same however many
    others are asked for, and whether or not the run was interrupted.

    Parameters
    ----------
    agent : "published" or "efficient"
        `maze_agent` of [CB22], or `efficient_agent`.
    prior_right : float
        Prior probability e of a move to the right; 0.15, 0.25 or 0.35 in [CB22].
    mazes, trials : int
        How many; 20 of 100 in [CB22].
    max_steps : int
        When a trial's time is up.
    height, width, window : int
        Of the mazes, and of what is seen; all odd.
    seed : int
        Decides everything random.
    first_maze : int
        Number of the first maze: later ones are others.
    store : Path, optional
        Folder to keep what there is so far, every few seconds and on an interruption. Where it
        holds an unfinished run, that run goes on.
    progress : function of (int, int), optional
        Called with the number of trials done and their total.

    Returns
    -------
    xarray.Dataset
        `steps`, `reached`, `risk` (mean over steps), `free_energy`, `accuracy`, `complexity`,
        `decision_free_energy` (maze, trial), sums over the trial in nats; a failed trial has
        `max_steps` steps. `decision_count` (maze, trial, policy); `first_move_frequency` (maze,
        trial, move); `decision_prior` (policy,), E[1] as given, and `estimated_decision_prior`
        (maze, policy), from the decisions of the first trial alone. `policy_moves` (policy,
        place_in_policy), `walls` (maze, row, column), `shortest_path` (maze,).

    Raises
    ------
    CanonicaError
        If a setting is out of range, or `store` holds a run by other settings or versions.

    References
    ----------
    [CB22] Figs. 4 and 5; section 5 of the theory.

    Examples
    --------
    >>> found = maze_experiment(mazes=2, trials=3, max_steps=60, height=7, width=9, window=5)
    >>> dict(found["steps"].sizes)
    {'maze': 2, 'trial': 3}
    """
    for name, value in {"mazes": mazes, "trials": trials, "first_maze": first_maze}.items():
        _check_count(name, value)
    world = World(seed, height, width, window, max_steps)
    settings = {"agent": agent, "prior_right": float(prior_right), **asdict(world)}
    with jax.enable_x64(True):
        chains = _chains(agent, prior_right, world, range(first_maze, first_maze + mazes))
        kept = None
        if store is not None:
            asked = {"mazes": mazes, "trials": trials, "first_maze": first_maze}
            kept = ExperimentStore(store, {**settings, **asked})
        found = run_chains(chains, world, trials, store=kept, progress=progress)
        return _dataset(chains, found, settings)


def trials_done(store: Path) -> tuple[int, int]:
    """Return how many trials of a run are kept in its store, and how many there will be."""
    settings = stored_settings(store)
    kept = ExperimentStore(store, settings)
    first, mazes = settings["first_maze"], settings["mazes"]
    saved = [kept.load(_name_of(number)) for number in range(first, first + mazes)]
    done = sum(len(one["steps"]) for one in saved if one is not None)
    return done, mazes * settings["trials"]


def recorded_trials(store: Path, *, frames: int = 200) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the first and the last trial in the first maze of a finished run, step by step.

    They are run again, from the counts that the agent had then.

    Parameters
    ----------
    store : Path
        As it was given to `maze_experiment`.
    frames : int
        Steps to be seen, spread evenly.

    Returns
    -------
    xarray.Dataset, xarray.Dataset
        As `scene` describes them.

    Raises
    ------
    CanonicaError
        If the run was by other versions, or has not come to its last trial.
    """
    from canonica.agents.experiments._scene import scene  # noqa: PLC0415

    settings = stored_settings(store)
    saved = ExperimentStore(store, settings).load(LAST)
    if saved is None:
        raise CanonicaError(
            f"store {shown(store)}: found no last trial; expected a finished run. Finish it first."
        )
    world = World(**{name: settings[name] for name in asdict(World())})
    number, last = settings["first_maze"], settings["trials"]
    with jax.enable_x64(True):
        (chain,) = _chains(settings["agent"], settings["prior_right"], world, [number])
        agent, maze = chain.agent, chain.maze
        scenes = []
        for trial_number, counts in ((1, Counts.of(agent.model)), (last, _counts(saved, agent))):
            key = world.key(number, trial_number)
            found, _ = _one_trial(agent, counts, maze, key, max_steps=world.max_steps)
            state = _state(agent, counts)
            seen = scene(agent, state, maze, found.record, int(found.steps), frames=frames)
            facts = {"trial": trial_number, "reached": int(found.done), "steps": int(found.steps)}
            scenes.append(seen.assign_attrs(facts))
    return scenes[0], scenes[1]


def _chains(name: str, prior_right: float, world: World, numbers: Sequence[int]) -> list[Chain]:
    mazes = world.mazes(numbers)
    agent = _named_agent(name, mazes[0], prior_right)  # all mazes are of one size
    return [Chain(number, agent, maze) for number, maze in zip(numbers, mazes, strict=True)]


def _named_agent(name: str, maze: Maze, prior_right: float) -> Agent:
    if name == "published":
        return maze_agent(maze, prior_right)
    if name == "efficient":
        from canonica.agents.designs._efficient_agent import efficient_agent  # noqa: PLC0415

        return efficient_agent(maze, prior_right)
    raise CanonicaError(f"agent: found {name!r}; expected 'published' or 'efficient'.")


def _check_count(name: str, value: int, smallest: int = 1) -> None:
    if value < smallest:
        raise CanonicaError(f"{name}: found {value}; expected at least {smallest}.")


# --- running ------------------------------------------------------------------------------------


@jax.jit
def _state(agent: Agent, counts: Counts) -> AgentState:
    return agent.begin(agent.init()._replace(counts=counts))


@partial(jax.jit, static_argnames=("max_steps",))
def _one_trial(
    agent: Agent, counts: Counts, maze: Maze, key: Array, *, max_steps: int
) -> tuple[Trial, Counts]:
    """Return a trial, and the counts after it.

    Counts alone go from trial to trial: what the agent acts by is computed from them inside, by
    the same instructions after an interruption as without. The record costs next to nothing, and
    a trial that is run again for a picture is bit by bit the one that was.
    """
    state = _state(agent, counts)
    found, after = trial(agent, state, maze, key, max_steps=max_steps, record=True)
    return found, after.counts


def run_chains(
    chains: Sequence[Chain],
    world: World,
    trials: int,
    *,
    store: ExperimentStore | None = None,
    progress: Progress | None = None,
) -> list[Arrays]:
    """Return what each chain found, trial by trial, on all cores; call it in float64.

    Parameters
    ----------
    chains : sequence of Chain
        Agents of one structure, mazes of one size.
    world, trials
        Keys and time; how many trials each.
    store, progress
        As in `maze_experiment`.

    Returns
    -------
    list of dict
        For each chain arrays with an entry for each trial: `steps`, `reached`, `risk`, `accuracy`,
        `complexity`, `decision_free_energy`, `free_energy` and `decision_count`.
    """
    runs = [_Run(chain, world, trials, store, keep_last=k == 0) for k, chain in enumerate(chains)]
    total, done = trials * len(runs), sum(run.done for run in runs)
    if progress is not None:
        progress(done, total)
    unfinished = [run for run in runs if run.done < trials]
    if unfinished:
        first = unfinished[0]
        compiled = _one_trial.lower(  # once, before all threads ask for it
            first.chain.agent,
            first.counts,
            first.chain.maze,
            world.key(1, 1),
            max_steps=world.max_steps,
        ).compile()
        with _on_all_cores(unfinished, compiled) as finished_trials:
            for _ in finished_trials:
                done += 1
                if progress is not None:
                    progress(done, total)
    return [run.results() for run in runs]


def _name_of(maze: int) -> str:
    return f"maze-{maze}"


class _Run:
    """A chain under way."""

    def __init__(
        self,
        chain: Chain,
        world: World,
        trials: int,
        store: ExperimentStore | None,
        *,
        keep_last: bool,
    ) -> None:
        self.chain, self.world, self.trials, self.store = chain, world, trials, store
        self.keep_last = keep_last
        self.rows: list[dict[str, Any]] = []
        self.counts = Counts.of(chain.agent.model)
        saved = None if store is None else store.load(_name_of(chain.number))
        if saved is not None:
            rows = {name: values for name, values in saved.items() if not name.startswith(COUNTS)}
            trials_done = len(rows["steps"])
            self.rows = [{name: rows[name][k] for name in rows} for k in range(trials_done)]
            self.counts = _counts(saved, chain.agent)
        self._saved, self._saved_at = self.done, time.monotonic()

    @property
    def done(self) -> int:
        """Number of trials that are done."""
        return len(self.rows)

    def results(self) -> Arrays:
        """Return arrays with an entry for each trial done."""
        return {name: np.stack([row[name] for row in self.rows]) for name in self.rows[0]}

    def go_on(
        self, compiled: Callable, stop: threading.Event, finished_trials: SimpleQueue[int]
    ) -> None:
        """Run trial after trial, until all are done or it is to stop; keep what there is then."""
        try:
            with jax.enable_x64(True):  # a setting of each thread
                while self.done < self.trials and not stop.is_set():
                    self._one_more(compiled)
                    finished_trials.put(self.chain.number)
                    if time.monotonic() > self._saved_at + SAVE_EVERY:
                        self.save()
        finally:
            self.save()

    def _one_more(self, compiled: Callable) -> None:
        chain, number = self.chain, self.done + 1
        if number == self.trials and self.keep_last and self.store is not None:
            self.store.save(LAST, _arrays(self.counts))
        key = self.world.key(chain.number, number)
        found, self.counts = jax.block_until_ready(
            compiled(chain.agent, self.counts, chain.maze, key)
        )
        self.rows.append(_row(found))

    def save(self) -> None:
        """Keep what there is, where there is anything new and a store for it."""
        if self.store is not None and self._saved < self.done:
            self.store.save(_name_of(self.chain.number), {**self.results(), **_arrays(self.counts)})
            self._saved = self.done
        self._saved_at = time.monotonic()


@contextmanager
def _on_all_cores(runs: Sequence[_Run], compiled: Callable) -> Iterator[Iterator[int]]:
    """Give the numbers of mazes as their trials end; whatever happens, runs end whole and saved.

    Each run keeps to one thread: JAX leaves other threads alone while it computes.
    """
    stop, finished_trials = threading.Event(), SimpleQueue()
    expected = sum(run.trials - run.done for run in runs)
    pool = ThreadPoolExecutor(min(_cores(), len(runs)))
    futures = [pool.submit(run.go_on, compiled, stop, finished_trials) for run in runs]

    def each() -> Iterator[int]:
        seen = 0
        while seen < expected:
            for future in futures:
                if future.done():
                    future.result()  # raises what went wrong in it
            number = _next(finished_trials)
            if number is not None:
                seen += 1
                yield number

    try:
        yield each()
        for future in futures:
            future.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _next(finished_trials: SimpleQueue[int]) -> int | None:
    try:
        return finished_trials.get(timeout=LOOK_EVERY)
    except Empty:
        return None


def _cores() -> int:
    """Return the number of cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _arrays(counts: Counts) -> Arrays:
    """Return counts as arrays with names."""
    return {f"{COUNTS}{k}": np.asarray(part) for k, part in enumerate(jax.tree.leaves(counts))}


def _counts(saved: Arrays, agent: Agent) -> Counts:
    """Return the counts of an agent again."""
    fresh = Counts.of(agent.model)
    parts = [jnp.asarray(saved[f"{COUNTS}{k}"]) for k in range(len(jax.tree.leaves(fresh)))]
    return jax.tree.unflatten(jax.tree.structure(fresh), parts)


def _row(found: Trial) -> dict[str, Any]:
    energy = found.free_energy
    return {
        "steps": np.int64(found.steps),
        "reached": np.bool_(found.done),
        "risk": np.float64(found.risk),
        "free_energy": np.float64(energy.complexity - energy.accuracy + energy.decision),
        "accuracy": np.float64(energy.accuracy),
        "complexity": np.float64(energy.complexity),
        "decision_free_energy": np.float64(energy.decision),
        "decision_count": np.asarray(found.decisions, np.int32),
    }


# --- results ------------------------------------------------------------------------------------


def first_move_count(
    decision_count: Int[np.ndarray, "*batch policy"], policies: Int[np.ndarray, "policy length"]
) -> Int[np.ndarray, "*batch move"]:
    """Return how often a policy that begins with each move was drawn."""
    begins = np.asarray(policies)[:, :1] == np.arange(len(MOVES))
    return np.asarray(decision_count, np.int64) @ begins.astype(np.int64)


def decision_prior_from_moves(
    count: Int[np.ndarray, " move"], policies: Int[np.ndarray, "policy length"]
) -> Float[np.ndarray, " policy"]:
    """Return the decision prior E[1] of each policy, as far as first moves tell.

    In the first trial all policies have the same counts, and each decision is a draw from the
    prior alone: their mean frequency estimates it [CB22]. Counted by first moves, as if one more
    decision had been seen, a share of each, so that none is impossible; then shared evenly by the
    policies that begin with each. Decisions are really drawn in proportion to E / (1 - E), by
    which frequencies of first moves differ from E by less than 0.001.

    Parameters
    ----------
    count : (move,)
        How often each first move was made.
    policies : (policy, length)
        Moves of each policy.

    Returns
    -------
    (policy,)
        Sums to 1.

    Examples
    --------
    >>> from canonica.agents import sequences
    >>> decision_prior_from_moves(np.array([1, 1, 2, 0]), sequences(4, 1)).tolist()
    [0.25, 0.25, 0.45, 0.05]
    """
    return first_move_prior(policies, smoothed_frequency(np.asarray(count)))[1]


def smoothed_frequency(
    count: Int[np.ndarray, "*batch kind"],
) -> Float[np.ndarray, "*batch kind"]:
    """Return how frequent each kind is, as if one more had been seen, a share of every kind."""
    kinds = count.shape[-1]
    return (count + 1 / kinds) / (count.sum(axis=-1, keepdims=True) + 1)


def _dataset(
    chains: Sequence[Chain], found: Sequence[Arrays], settings: Mapping[str, Any]
) -> xr.Dataset:
    stacked = {name: np.stack([one[name] for one in found]) for name in found[0]}
    agent = chains[0].agent
    policies = np.asarray(agent.policies)
    moves = first_move_count(stacked["decision_count"], policies)
    each, by_policy = ("maze", "trial"), ("maze", "trial", "policy")
    variables = {
        "steps": (each, "moves made", "1"),
        "reached": (each, "whether the goal was reached", "1"),
        "risk": (each, "mean risk", "1"),
        "free_energy": (each, "variational free energy", "nat"),
        "accuracy": (each, "accuracy", "nat"),
        "complexity": (each, "complexity", "nat"),
        "decision_free_energy": (each, "free energy of decisions", "nat"),
        "decision_count": (by_policy, "how often a policy was drawn", "1"),
        "first_move_frequency": ((*each, "move"), "share of decisions by first move", "1"),
        "decision_prior": (("policy",), "decision prior E[1] as given", "1"),
        "estimated_decision_prior": (
            ("maze", "policy"),
            "decision prior E[1] from the first moves of the first trial",
            "1",
        ),
        "policy_moves": (("policy", "place_in_policy"), "moves of a policy", "1"),
        "walls": (("maze", "row", "column"), "where there is a wall", "1"),
        "shortest_path": (("maze",), "moves on a shortest path to the goal", "1"),
    }
    prior = agent.model.decision_prior
    values = {
        **stacked,
        "first_move_frequency": moves / np.maximum(moves.sum(axis=-1, keepdims=True), 1),
        "decision_prior": np.asarray(prior)[1] if prior is not None else None,
        "estimated_decision_prior": np.stack(
            [decision_prior_from_moves(one[0], policies) for one in moves]
        ),
        "policy_moves": policies,
        "walls": np.stack([np.asarray(chain.maze.walls) for chain in chains]),
        "shortest_path": np.array([int(_shortest_path(chain.maze)) for chain in chains]),
    }
    return xr.Dataset(
        {
            name: (dims, values[name], {"long_name": long_name, "units": units})
            for name, (dims, long_name, units) in variables.items()
        },
        {
            "maze": [chain.number for chain in chains],
            "trial": np.arange(1, stacked["steps"].shape[1] + 1),
            "move": list(MOVES),
        },
        {**settings, "chunk": agent.chunk, "learning": agent.learning, **versions()},
    )


_shortest_path = jax.jit(shortest_path)
