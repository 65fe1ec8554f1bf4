"""What is kept of an unfinished run, so that it can go on."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import xarray as xr

from canonica._checks import refusal
from canonica._errors import CanonicaError
from canonica._files import AnyPath, complete_file, shown
from canonica._provenance import versions
from canonica.agents import Knowledge, PlanningAgent
from canonica.pipelines._load import load
from canonica.pipelines.results._results_files import write_netcdf
from canonica.pipelines.results._unfinished import check_there_to_resume, unfinished_run_there

KEPT_EVERY = 5.0  # seconds


class UnfinishedRun:
    """What is kept of a run until it is complete: what was learned, and how episodes went."""

    def __init__(self, store: Path, settings: dict[str, Any]) -> None:
        self._store = store
        self._settings = json.loads(json.dumps({**settings, **versions()}, default=repr))
        self._kept_at = time.monotonic()

    def check(self, *, resume: bool, overwrite: bool) -> None:
        """Refuse to go on with what is not there, is of other settings, or not to be replaced."""
        out = self._store.parent
        check_there_to_resume(out, resume=resume)
        if not (self._store / "settings.json").is_file():
            return
        if not resume and not overwrite:
            raise unfinished_run_there(out)
        kept = self._settings_kept()
        other = [key for key in self._settings if kept.get(key) != self._settings[key]]
        if resume and other:
            raise CanonicaError(
                f"resume: found an unfinished run in {shown(out)} with another {other[0]} "
                f"({kept.get(other[0])!r}); expected {self._settings[other[0]]!r}. Give the same "
                "settings, or --overwrite (overwrite=True) to start anew."
            )

    def prepare(self, *, resume: bool) -> None:
        """Make the folder, empty where it does not go on."""
        if not resume:
            self.remove()
        self._store.mkdir(parents=True, exist_ok=True)
        with complete_file(self._store / "settings.json") as partial:
            partial.write_text(json.dumps(self._settings), encoding="utf-8")

    def kept(self) -> tuple[Knowledge, xr.Dataset] | None:
        """Return what was learned, and the episodes that this came of."""
        file = self._store / "agent.npz"
        if not file.is_file():
            return None
        knowledge = knowledge_in(file)
        episodes = self._store / "episodes.nc"
        try:
            with xr.open_dataset(episodes, engine="h5netcdf") as opened:
                return knowledge, opened.load()
        except (OSError, ValueError) as error:
            raise self._damaged(episodes, error) from error

    def keep(self, learner: PlanningAgent, episodes: xr.Dataset) -> None:
        """Keep what has been learned, every few seconds."""
        if time.monotonic() - self._kept_at < KEPT_EVERY:
            return
        # Episodes first: of them, those that what was learned does not know of are left out.
        with complete_file(self._store / "episodes.nc") as partial:
            write_netcdf(episodes, partial)
        learner.save(self._store / "agent.npz")
        self._kept_at = time.monotonic()

    def _settings_kept(self) -> dict[str, Any]:
        file = self._store / "settings.json"
        try:
            return dict(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise self._damaged(file, error) from error

    def _damaged(self, file: Path, error: Exception) -> CanonicaError:
        return CanonicaError(
            f"resume: found {shown(file)} damaged ({error}); expected what an unfinished run kept. "
            "Give --overwrite (overwrite=True) to start anew."
        )

    def remove(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self._store, ignore_errors=True)


def knowledge_in(path: AnyPath) -> Knowledge:
    """Return what an agent learned, of a file; refuse one of something else."""
    found = load(path)
    if not isinstance(found, Knowledge):
        raise refusal("agent", f"a file of {type(found).__name__}", "what canonica play saved")
    return found
