"""What a file of one session says of itself, read without reading its data."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from canonica._errors import RecordingError
from canonica.recordings._columns import WORDS
from canonica.recordings._hdf5 import HDF5_MAGIC
from canonica.recordings.isolation._isolated import isolated

SUBJECT = re.compile(r"sub-([A-Za-z0-9.+-]+)")  # in names of files, as DANDI has them
BEFORE_ANY = datetime(1950, 1, 1, tzinfo=UTC)  # earlier dates stand for one that is not known


@dataclass(frozen=True)
class SessionFile:
    """A file with its subject and the time at which its session began.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    subject : str
        The subject, as the file or its name says.
    start : datetime
        When the session began.
    reference : datetime
        The moment from which its times are counted.
    holds_sessions : bool
        Whether it has a column of sessions: then it is a recording of its own.
    """

    path: Path
    subject: str
    start: datetime
    reference: datetime
    holds_sessions: bool

    @classmethod
    def of(cls, path: Path) -> "SessionFile | None":
        """Return what this file says of itself; None if it is no NWB or does not say enough."""
        try:
            with path.open("rb") as file:
                if file.read(len(HDF5_MAGIC)) != HDF5_MAGIC:
                    return None
            return next(isolated(_seen_in, path))
        except (OSError, RecordingError):  # its reader will say what is wrong with it
            return None


def _seen_in(path: Path) -> Iterator[SessionFile | None]:
    """Yield what `SessionFile.of` returns of an HDF5 file, in this process."""
    import h5py  # noqa: PLC0415

    try:
        with h5py.File(path, "r") as file:
            start = _moment(file, "session_start_time")
            subject = _text(file, "general/subject/subject_id") or _in_name(path)
            found = None
            if "nwb_version" in file.attrs and subject and start is not None and start > BEFORE_ANY:
                reference = _moment(file, "timestamps_reference_time") or start
                found = SessionFile(path, subject, start, reference, _holds_sessions(file))
    except Exception:  # noqa: BLE001  (its reader will say what is wrong with it)
        found = None
    yield found


def _text(file: Any, place: str) -> str:
    if place not in file:
        return ""
    value = file[place][()]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _moment(file: Any, place: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_text(file, place))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_name(path: Path) -> str:
    found = SUBJECT.match(path.name)
    return found.group(1) if found else ""


def _holds_sessions(file: Any) -> bool:
    """Return whether any table of intervals has a column with sessions."""
    tables = file.get("intervals", {}).values()
    names = {str(name).lower() for table in tables for name in table.attrs.get("colnames", ())}
    return bool(names & set(WORDS["session"]))
