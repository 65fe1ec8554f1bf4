"""Trials of one agent that follow each other, kept on disk to go on after an interruption."""

import threading
import time
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any, Protocol, runtime_checkable

import jax
import numpy as np

from canonica._float64 import double_precision
from canonica.agents.experiments._trial import Trial
from canonica.agents.experiments.maze._agent_in_maze import (
    COUNTS,
    AgentInMaze,
    arrays_of_counts,
    counts_of_arrays,
)
from canonica.agents.experiments.maze._experiment_store import Arrays
from canonica.agents.network._counts import Counts
from canonica.agents.worlds._maze_task import MazeTask

SAVE_EVERY = 10.0  # seconds
LAST = "before-last-trial"


def run_name(maze: int) -> str:
    """Return the name by which a store keeps the run in a maze."""
    return f"maze-{maze}"


@runtime_checkable
class RunStore(Protocol):
    """Where a run keeps what there is: an `ExperimentStore`, or memory."""

    def load(self, name: str) -> Arrays | None:
        """Return what was saved under a name; None if nothing was."""
        ...

    def save(self, name: str, arrays: Arrays) -> None:
        """Keep arrays under a name, in the place of those that were there."""
        ...


class ResumableRun:
    """The trials of one agent in one maze, as far as they are done.

    Parameters
    ----------
    pair : AgentInMaze
        Who, and where.
    task : MazeTask
        Keys of the trials, and when their time is up.
    trials : int
        How many there are to be.
    store : RunStore or None
        Where to go on from, and to keep what there is.
    keep_last : bool
        Whether to keep the counts before the last trial, to see that trial again.
    """

    def __init__(
        self,
        pair: AgentInMaze,
        task: MazeTask,
        trials: int,
        store: RunStore | None,
        *,
        keep_last: bool,
    ) -> None:
        self.pair, self.task, self.trials, self.store = pair, task, trials, store
        self.keep_last = keep_last
        self.rows: list[dict[str, Any]] = []
        self.counts = Counts.of(pair.agent.model)
        saved = None if store is None else store.load(run_name(pair.number))
        if saved is not None:
            self._begin_with(saved)
        self._saved, self._saved_at = self.done, time.monotonic()

    def _begin_with(self, saved: Arrays) -> None:
        rows = {name: values for name, values in saved.items() if not name.startswith(COUNTS)}
        trials_done = len(rows["steps"])
        self.rows = [{name: rows[name][k] for name in rows} for k in range(trials_done)]
        self.counts = counts_of_arrays(saved, self.pair.agent)

    @property
    def done(self) -> int:
        """Number of trials run so far, those of earlier calls included."""
        return len(self.rows)

    def results(self) -> Arrays:
        """Return arrays with an entry for each trial done."""
        return {name: np.stack([row[name] for row in self.rows]) for name in self.rows[0]}

    def saved(self) -> dict[str, Arrays]:
        """Return what there is so far, by the name that a store has it by; nothing of no trial."""
        if not self.done:
            return {}
        return {
            run_name(self.pair.number): {**self.results(), **arrays_of_counts(self.counts)},
        }

    def take(self, saved: Mapping[str, Arrays]) -> int:
        """Take over, and keep, what the same run saved elsewhere; return how many trials more."""
        before = self.done
        if self.store is not None:
            for name in sorted(saved, key=lambda name: name != LAST):  # the run itself at last
                self.store.save(name, saved[name])
        self._begin_with(saved[run_name(self.pair.number)])
        self._saved = self.done
        return self.done - before

    def go_on(
        self, compiled: Callable, stop: threading.Event, finished_trials: SimpleQueue[int]
    ) -> None:
        """Run trial after trial, until all are done or it is to stop; keep what there is then."""
        try:
            with double_precision():  # a setting of each thread
                while self.done < self.trials and not stop.is_set():
                    self._one_more(compiled)
                    finished_trials.put(self.pair.number)
                    if time.monotonic() > self._saved_at + SAVE_EVERY:
                        self.save()
        finally:
            self.save()

    def _one_more(self, compiled: Callable) -> None:
        pair, number = self.pair, self.done + 1
        if number == self.trials and self.keep_last and self.store is not None:
            self.store.save(LAST, arrays_of_counts(self.counts))
        key = self.task.key(pair.number, number)
        found, self.counts = jax.block_until_ready(
            compiled(pair.agent, self.counts, pair.maze, key)
        )
        self.rows.append(_row(found))

    def save(self) -> None:
        """Keep what there is, where there is anything new and a store for it."""
        if self.store is not None and self._saved < self.done:
            for name, arrays in self.saved().items():
                self.store.save(name, arrays)
            self._saved = self.done
        self._saved_at = time.monotonic()


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
