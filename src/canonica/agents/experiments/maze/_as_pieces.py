"""Runs as pieces, each a maze: made by whoever is asked, perhaps on another machine."""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from queue import SimpleQueue
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from canonica._float64 import double_precision
from canonica._pieces import Maker, Piece, as_piece
from canonica.agents.experiments.maze._agent_in_maze import AgentInMaze, one_trial
from canonica.agents.experiments.maze._experiment_store import Arrays
from canonica.agents.experiments.maze._resumable_run import ResumableRun
from canonica.agents.worlds._maze_task import MazeTask

WITHIN = " of "  # between the name of an array and that of what it was saved as


@contextmanager
def as_pieces(runs: Sequence[ResumableRun], maker: Maker) -> Iterator[Iterator[int]]:
    """Give how many trials have ended, again and again, as whole runs come; each is saved then."""

    def each() -> Iterator[int]:
        for number, made in maker([_piece(run) for run in runs]):
            yield runs[number].take(_parted(made))

    yield each()


class RunInMemory:
    """What a run keeps where there is no folder to keep it in.

    Parameters
    ----------
    saved : mapping
        What was kept before, by name.
    """

    def __init__(self, saved: Mapping[str, Arrays]) -> None:
        self.saved = dict(saved)

    def load(self, name: str) -> Arrays | None:
        """Return what was saved under a name; None if nothing was."""
        return self.saved.get(name)

    def save(self, name: str, arrays: Arrays) -> None:
        """Keep arrays under a name, in the place of those that were there."""
        self.saved[name] = arrays


def _piece(run: ResumableRun) -> Piece:
    # As NumPy has them: what JAX takes out of a message is of its own precision.
    pair = AgentInMaze(*jax.tree.map(_plain, tuple(run.pair)))
    begun = {name: jax.tree.map(_plain, arrays) for name, arrays in run.saved().items()}
    return Piece(
        {
            "study": "maze",
            **asdict(run.task),
            "maze": pair.number,
            "trials": run.trials,
            "trials done": run.done,
            "begins with": _digest((pair, begun)),
        },
        partial(_finished, pair, run.task, run.trials, begun, keep_last=run.keep_last),
        run.trials - run.done,
    )


def _finished(
    pair: AgentInMaze,
    task: MazeTask,
    trials: int,
    begun: Mapping[str, Arrays],
    *,
    keep_last: bool,
) -> xr.Dataset:
    """Return all that a run keeps at its end."""
    store = RunInMemory(begun)
    with double_precision():
        pair = AgentInMaze(*jax.tree.map(_of_jax, tuple(pair)))
        run = ResumableRun(pair, task, trials, store, keep_last=keep_last)
        step = partial(one_trial, max_steps=task.max_steps)
        run.go_on(step, threading.Event(), SimpleQueue())
    return as_piece(
        {
            f"{part}{WITHIN}{name}": value
            for name, arrays in store.saved.items()
            for part, value in arrays.items()
        }
    )


def _parted(made: xr.Dataset) -> dict[str, Arrays]:
    saved: dict[str, Arrays] = {}
    for key, value in made.items():
        part, name = str(key).split(WITHIN)
        saved.setdefault(name, {})[part] = value.to_numpy()
    return saved


def _plain(leaf: Any) -> Any:
    return np.asarray(leaf) if isinstance(leaf, jax.Array) else leaf


def _of_jax(leaf: Any) -> Any:
    return jnp.asarray(leaf) if isinstance(leaf, np.ndarray) else leaf


def _digest(tree: Any) -> str:
    digest = hashlib.sha256(str(jax.tree.structure(tree)).encode())
    for leaf in map(np.asarray, jax.tree.leaves(tree)):
        digest.update(f"{leaf.dtype} {leaf.shape}".encode() + leaf.tobytes())
    return digest.hexdigest()
