"""From the table of a study to its recordings, each reduced to its ensembles."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import xarray as xr

from canonica._checks import checked_size
from canonica._cores import cores
from canonica._errors import RecordingError, listed
from canonica._files import shown
from canonica._harmless import visible
from canonica.data._recording_checks import recording_label
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines._recording_files import each_recording
from canonica.pipelines.conditions._study_ensembles import (
    StudyEnsembles,
    keep_ensembles,
    kept_ensembles,
)
from canonica.pipelines.conditions._study_table import StudyRow
from canonica.pipelines.results._unique_names import UniqueNames
from canonica.recordings import Reading, inspect
from canonica.recordings.isolation._isolated import end_reading
from canonica.reverse_engineering import (
    EnsembleResponse,
    InitialResponse,
    PublishedProtocol,
    attempt,
    ensemble_response,
)


@dataclass(frozen=True, eq=False)
class StudyCulture:
    """A recording of a study, with what the table says of it; its ensembles are in a file.

    Parameters
    ----------
    row : StudyRow
        Of the table.
    name : str
        Its own within the study.
    attrs : dict
        The recording's attributes.
    fingerprint : str
        Of all that a forecaster may know of the recording.
    published, causal : InitialResponse
        Of its ensembles by all sessions, for the analysis, and by the initial ones, for the
        forecast.
    kept : Path
        The file with its ensembles.
    """

    row: StudyRow
    name: str
    attrs: dict[str, str | int | float]
    fingerprint: str
    published: InitialResponse
    causal: InitialResponse
    kept: Path

    @property
    def condition(self) -> str:
        """The group that it belongs to."""
        return self.published.condition

    @property
    def label(self) -> str:
        """Name and origin, for messages."""
        return recording_label(self.attrs | {"name": self.name})

    @property
    def ensembles(self) -> StudyEnsembles:
        """Its ensembles, read from their file."""
        return kept_ensembles(self.kept, self.attrs | {"name": self.name}, self.fingerprint)


def study_recordings(
    rows: Sequence[StudyRow],
    *,
    protocol: PublishedProtocol,
    reading: Reading,
    jobs: int | None,
    progress: Told | None,
    folder: Path,
) -> tuple[list[StudyCulture], list[RecordingError]]:
    """Return every usable recording of the rows, and what is wrong with the others.

    Files are read by `jobs` threads, or one for every core. Of what is in them the ensembles alone
    are kept, in `folder`, so that no more recordings are held than are read at a time.
    """
    by_file: dict[Path, list[StudyRow]] = {}
    for row in rows:
        by_file.setdefault(row.file, []).append(row)
    stage = Stage(progress, "Reading recordings", len(by_file))

    def of_file(number: int, file: Path) -> list[StudyCulture | RecordingError]:
        recordings = each_recording(file, reading, stage)
        return _of_file(recordings, by_file[file], protocol, folder / str(number))

    cultures: list[StudyCulture] = []
    failures: list[RecordingError] = []
    names, known = UniqueNames(), dict[str, StudyRow]()
    with ThreadPoolExecutor(cores() if jobs is None else checked_size("jobs", jobs)) as pool:
        for found in pool.map(of_file, range(len(by_file)), by_file):
            stage.advance()
            for one in found:
                if isinstance(one, RecordingError):
                    failures.append(one)
                    continue
                first = known.setdefault(one.fingerprint, one.row)
                if first is one.row:
                    cultures.append(replace(one, name=names.unique(one.name)))
                else:
                    failures.append(_copy(one.row, first))
    end_reading()
    return cultures, failures


def _of_file(
    recordings: Iterator[xr.Dataset | RecordingError],
    rows: Sequence[StudyRow],
    protocol: PublishedProtocol,
    place: Path,
) -> list[StudyCulture | RecordingError]:
    found: list[StudyCulture | RecordingError] = []
    met: set[int] = set()
    there: list[str] = []
    for number, recording in enumerate(recordings, 1):
        name = str(getattr(recording, "attrs", {}).get("name", ""))
        there.append(name or str(number))
        wanted = [row for row in rows if _means(row, number, name)]
        wanted.sort(key=lambda row: "recording" not in row.labels)  # what is said of it comes first
        if isinstance(recording, RecordingError):
            met |= {row.number for row in (wanted or rows)}
            found.append(recording)
            continue
        met |= {row.number for row in wanted}
        if not wanted:
            continue
        kept = place.with_name(f"{place.name}-{number}.npz")
        found.append(_culture(recording, wanted[0], protocol, kept))
        found += [_copy(row, wanted[0]) for row in wanted[1:] if "recording" in row.labels]
    missing = [row for row in rows if row.number not in met]
    return found + [_not_there(row, there) for row in missing]


def _means(row: StudyRow, number: int, name: str) -> bool:
    """Return whether a row is about this recording of its file."""
    return row.labels.get("recording") in (None, str(number), name)


def _culture(
    recording: xr.Dataset, row: StudyRow, protocol: PublishedProtocol, kept: Path
) -> StudyCulture | RecordingError:
    condition = row.condition or str(recording.attrs["condition"])
    findings = [one.what for one in inspect(recording) if one.severity == "warning"]
    attrs = {"condition": visible(condition), "warnings": "; ".join(findings)}
    reduced = [
        attempt(ensemble_response, recording, protocol, causal=causal) for causal in (False, True)
    ]
    for one in reduced:
        if isinstance(one, RecordingError):
            return one
    published, causal = (
        replace(one, attrs=one.attrs | attrs)
        for one in reduced
        if isinstance(one, EnsembleResponse)
    )
    keep_ensembles(kept, StudyEnsembles(published, causal))
    return StudyCulture(
        row,
        str(published.attrs["name"]),
        published.attrs,
        published.fingerprint,
        published.initial_response(protocol),
        causal.initial_response(protocol),
        kept,
    )


def _copy(row: StudyRow, first: StudyRow) -> RecordingError:
    return RecordingError(
        shown(row.file),
        None,
        found=f"in row {row.number} of the table the same recording as in row {first.number}",
        expected="each recording once",
        advice="Leave one of them out.",
    )


def _not_there(row: StudyRow, there: Sequence[str]) -> RecordingError:
    return RecordingError(
        shown(row.file),
        None,
        found=f"no recording {row.labels.get('recording', '')!r} (row {row.number} of the table)",
        expected=f"one of {listed(there)}, by name or by number from 1",
        advice="Correct the column recording.",
    )
