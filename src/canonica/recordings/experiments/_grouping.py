"""Which files are the sessions of one experiment: those of a subject that follow one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from canonica._arguments import checked_arguments
from canonica._errors import RecordingError, how_many, listed
from canonica._files import shown
from canonica.recordings._reading import Reading
from canonica.recordings.experiments._session_file import SessionFile


@dataclass(frozen=True)
class Experiment:
    """The files of one experiment, in order of the start of their sessions.

    Parameters
    ----------
    sessions : tuple of SessionFile
        At least two, all of one subject.
    """

    sessions: tuple[SessionFile, ...]

    @property
    def name(self) -> str:
        """What its recording is called: the subject, and when the first session began."""
        first = self.sessions[0]
        return f"sub-{first.subject}_{first.start:%Y%m%dT%H%M%S}"

    @property
    def path(self) -> Path:
        """The first of its files, which stands for all of them."""
        return self.sessions[0].path

    def __str__(self) -> str:
        """Return the first and the last file, and how many there are."""
        first, last = self.sessions[0].path, self.sessions[-1].path
        return f"{shown(first)} to {last.name} ({how_many(len(self.sessions), 'file')})"


@checked_arguments
def grouped(files: Sequence[Path], reading: Reading) -> list[Path | Experiment]:
    """Return files and, in the place of those that make an experiment, the experiment.

    NWB files of one subject are one experiment as long as the next begins within
    `reading.experiment_gap` seconds after the one before. A file with a column of sessions is a
    recording of its own, unless `reading.one_recording_per` is ``"experiment"``; so are all files
    where it is ``"file"``.

    Parameters
    ----------
    files : sequence of pathlib.Path
        In any order.
    reading : Reading
        What the user said.

    Raises
    ------
    RecordingError
        If two files of an experiment begin at the same time.
    """
    if reading.one_recording_per == "file" or len(files) < 2:  # noqa: PLR2004
        return list(files)
    known = {file: SessionFile.of(file) for file in files}
    together = reading.one_recording_per == "experiment"
    sessions = [one for one in known.values() if one and (together or not one.holds_sessions)]
    experiment_of: dict[Path, Experiment] = {}
    for run in _runs(sessions, reading.experiment_gap):
        if len(run) > 1:
            experiment_of |= dict.fromkeys((one.path for one in run), Experiment(tuple(run)))
    places: dict[int, Path | Experiment] = {}
    for file in files:
        unit = experiment_of.get(file, file)
        places.setdefault(id(unit), unit)
    return list(places.values())


def _runs(sessions: Sequence[SessionFile], gap: float) -> list[list[SessionFile]]:
    runs: list[list[SessionFile]] = []
    for one in sorted(sessions, key=lambda one: (one.subject, one.start, one.path)):
        before = runs[-1][-1] if runs else None
        if before is None or before.subject != one.subject or _pause(before, one) > gap:
            runs.append([one])
            continue
        if before.start == one.start:
            raise RecordingError(
                shown(one.path),
                "session_start_time",
                found=f"the start of {shown(before.path)}, too, of the same subject {one.subject}",
                expected="sessions that follow one another",
                advice="Leave one of them out; or read each file by itself: "
                "--one-recording-per file.",
            )
        runs[-1].append(one)
    return runs


def _pause(before: SessionFile, one: SessionFile) -> float:
    """Return the seconds from the start of one file to that of the next."""
    return (one.start - before.start).total_seconds()


def described(experiment: Experiment, gap: float) -> str:
    """Return in words which files make the experiment, and by which rule."""
    first, last = experiment.sessions[0], experiment.sessions[-1]
    return (
        f"{how_many(len(experiment.sessions), 'file')} of subject "
        f"{first.subject}, {first.start:%Y-%m-%d %H:%M}"
        f" to {last.start:%Y-%m-%d %H:%M}, as one experiment, a session each (none begins more than"
        f" {gap:g} s after the one before)"
    )


def named(files: Sequence[SessionFile]) -> str:
    """Return the names of sessions' files, for a message."""
    return listed(one.path.name for one in files)
