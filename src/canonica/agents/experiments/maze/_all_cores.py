"""Runs that share the cores of a machine, each whole and saved whatever happens."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from canonica._cores import cores
from canonica.agents.experiments.maze._agent_in_maze import AgentInMaze, one_trial
from canonica.agents.experiments.maze._experiment_store import Arrays, ExperimentStore
from canonica.agents.experiments.maze._resumable_run import ResumableRun
from canonica.agents.worlds._maze_task import MazeTask

LOOK_EVERY = 0.2  # seconds, at whether the run is to stop
Progress = Callable[[int, int], None]


def run_on_all_cores(
    agents: Sequence[AgentInMaze],
    task: MazeTask,
    trials: int,
    *,
    store: ExperimentStore | None = None,
    progress: Progress | None = None,
) -> list[Arrays]:
    """Return what each pair found, trial by trial, on all cores; call it in float64.

    Parameters
    ----------
    agents : sequence of AgentInMaze
        Agents of one structure, mazes of one size.
    task, trials
        Keys and time; how many trials each.
    store, progress
        As in `maze_experiment`.

    Returns
    -------
    list of dict
        For each pair arrays with an entry for each trial: `steps`, `reached`, `risk`, `accuracy`,
        `complexity`, `decision_free_energy`, `free_energy` and `decision_count`.
    """
    runs = [
        ResumableRun(pair, task, trials, store, keep_last=k == 0) for k, pair in enumerate(agents)
    ]
    total, done = trials * len(runs), sum(run.done for run in runs)
    if progress is not None:
        progress(done, total)
    unfinished = [run for run in runs if run.done < trials]
    if unfinished:
        first = unfinished[0]
        compiled = one_trial.lower(  # once, before all threads ask for it
            first.pair.agent,
            first.counts,
            first.pair.maze,
            task.key(1, 1),
            max_steps=task.max_steps,
        ).compile()
        with _trials_as_they_end(unfinished, compiled) as finished_trials:
            for _ in finished_trials:
                done += 1
                if progress is not None:
                    progress(done, total)
    return [run.results() for run in runs]


@contextmanager
def _trials_as_they_end(
    runs: Sequence[ResumableRun], compiled: Callable
) -> Iterator[Iterator[int]]:
    """Give the numbers of mazes as their trials end; whatever happens, runs end whole and saved.

    Each run keeps to one thread: JAX leaves other threads alone while it computes.
    """
    stop, finished_trials = threading.Event(), SimpleQueue()
    expected = sum(run.trials - run.done for run in runs)
    pool = ThreadPoolExecutor(min(cores(), len(runs)))
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
