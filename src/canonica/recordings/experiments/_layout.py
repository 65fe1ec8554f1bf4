"""An experiment written as DANDI:001611 has them: for each session a file, with what was measured.

Each file holds the spikes that were detected in its session, the electrodes that recorded them,
and when and where stimuli were given. Sources are not in it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError
from canonica._files import shown
from canonica.data._spike_trains import SpikeTrains
from canonica.recordings.nwb._metadata import checked
from canonica.recordings.nwb._write import session_file, write_image

BEGINNING = datetime(2024, 11, 20, 12, 4, 29, tzinfo=UTC)  # where nothing is said of it
LEAD = 1.0  # seconds from the start of a file to its first stimulus
NOTHING: Mapping[str, str] = MappingProxyType({})


@checked_arguments
def write_sessions(
    folder: str | PathLike[str],
    trains: SpikeTrains,
    *,
    metadata: Mapping[str, str] = NOTHING,
    overwrite: bool = False,
) -> list[Path]:
    """Write spike trains as NWB files, one for each session, in a folder of their subject.

    Parameters
    ----------
    folder : path-like
        Where the folder of the subject goes.
    trains : SpikeTrains
        What to write. Spikes between two sessions go with the earlier one.
    metadata : mapping
        As in `canonica.recordings.write`; `culture_id` is the subject, `session_start_time` the
        start of the first session.
    overwrite : bool
        Whether files that are there may be replaced.

    Returns
    -------
    list of pathlib.Path
        The files, such as ``sub-1/sub-1_ses-20241120T120429_ecephys.nwb``.

    Raises
    ------
    CanonicaError
        If a file is there already, or the metadata are not sound.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from canonica.simulate import spike_trains
    >>> with TemporaryDirectory() as folder:
    ...     files = write_sessions(folder, spike_trains(0, sessions=2, trials_per_session=8))
    >>> files[1].name
    'sub-simulated_ses-20241120T120841_ecephys.nwb'
    """
    told = checked(metadata)
    subject = _plain(told.get("culture_id", str(trains.attrs.get("name", "culture"))))
    given = told.get("session_start_time")
    first = BEGINNING if given is None else datetime.fromisoformat(given)
    parts = _sessions(trains)
    starts = [first + timedelta(seconds=begin) for begin, _ in parts]
    place = Path(folder) / f"sub-{subject}"
    files = [place / f"sub-{subject}_ses-{start:%Y%m%dT%H%M%S}_ecephys.nwb" for start in starts]
    there = [file for file in files if file.exists()]
    if there and not overwrite:
        raise CanonicaError(
            f"{shown(there[0])}: found a file of that name; expected none yet. Choose another "
            "folder, or --overwrite."
        )
    for number, (file, start, (_, part)) in enumerate(zip(files, starts, parts, strict=True), 1):
        about = told | {
            "culture_id": subject,
            "session_start_time": start.isoformat(),
            "session_description": f"Detected spikes in session {number}",
        }
        write_image(file, session_file(part, about))
    return files


def _sessions(trains: SpikeTrains) -> list[tuple[float, SpikeTrains]]:
    """Return for each session when its file begins, in whole seconds, and what is in it."""
    begins = np.flatnonzero(np.diff(trains.session, prepend=trains.session[:1] - 1))
    starts = np.floor(np.maximum(trains.onsets[begins] - LEAD, 0.0))
    starts[0] = np.floor(min(starts[0], trains.times.min(initial=np.inf)))
    ends = np.append(starts[1:], np.inf)
    rows = np.append(begins, len(trains.onsets))
    return [
        (float(starts[n]), _between(trains, starts[n], ends[n], slice(rows[n], rows[n + 1])))
        for n in range(len(begins))
    ]


def _between(trains: SpikeTrains, start: float, end: float, rows: slice) -> SpikeTrains:
    """Return the spikes of some time, and the stimuli in these rows, on a clock of their own."""
    kept: list[Any] = [
        train[slice(*np.searchsorted(train, (start, end)))] - start for train in trains
    ]
    return replace(
        trains,
        times=np.concatenate(kept),
        bounds=np.cumsum([0, *map(len, kept)], dtype=np.int64),
        onsets=trains.onsets[rows] - start,
        stimuli=trains.stimuli[rows],
        sources=None,
        session=trains.session[rows],
        truth=None,
    )


def _plain(name: str) -> str:
    """Return a name as DANDI has them in those of files."""
    return "".join(letter for letter in name if letter.isalnum() or letter in "+-") or "culture"
