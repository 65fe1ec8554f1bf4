"""Runs that share the cores of a machine, each whole and saved whatever happens."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from canonica._cores import cores
from canonica.agents.experiments.maze._agent_in_maze import one_trial
from canonica.agents.experiments.maze._resumable_run import ResumableRun

LOOK_EVERY = 0.2  # seconds, at whether the run is to stop


@contextmanager
def on_all_cores(runs: Sequence[ResumableRun]) -> Iterator[Iterator[int]]:
    """Give how many trials have ended, again and again, as they end on all cores.

    Whatever happens, runs end whole and saved.
    """
    first = runs[0]
    compiled = one_trial.lower(  # once, before all threads ask for it
        first.pair.agent,
        first.counts,
        first.pair.maze,
        first.task.key(1, 1),
        max_steps=first.task.max_steps,
    ).compile()
    with _trials_as_they_end(runs, compiled) as finished_trials:
        yield (1 for _ in finished_trials)


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
