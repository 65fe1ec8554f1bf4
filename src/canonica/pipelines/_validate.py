"""A look at recordings before the work: are they usable, and what could mislead."""

import json
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import xarray as xr

from canonica import reverse_engineering
from canonica._arguments import checked_arguments
from canonica._errors import LostEndingWarning, RecordingError
from canonica._files import AnyPath, complete_file
from canonica._version import __version__
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines._recording_files import each_recording
from canonica.recordings import Finding, Reading, recording_files
from canonica.recordings.inspection._finding import SEVERITIES
from canonica.recordings.inspection._identity import RecordingIdentity, RecordingsSeen
from canonica.reverse_engineering import PublishedProtocol, Validation

KEPT = ("origin", "input_file", "input_sha256", "reading")


@dataclass(frozen=True)
class Validated:
    """What a recording is like, and where it comes from.

    Parameters
    ----------
    validation : Validation
        Of `canonica.validate`.
    origin : dict of str to str
        Its file, how it was read, and so on, as far as known.
    """

    validation: Validation
    origin: dict[str, str]

    @property
    def described(self) -> dict[str, Any]:
        """Name, verdict, origin, facts and findings, as JSON takes them."""
        return {
            "name": self.validation.name,
            "verdict": self.validation.verdict,
            **self.origin,
            **self.validation.facts,
            "findings": [asdict(finding) for finding in self.validation.findings],
        }


@checked_arguments
def validate_each(
    paths: AnyPath | Sequence[AnyPath],
    *,
    initial_sessions: int = 10,
    reading: Reading | None = None,
    progress: Told | None = None,
) -> Iterator[Validated | RecordingError]:
    """Yield what each recording is like, or what is wrong with it, as soon as it is known.

    Parameters
    ----------
    paths, initial_sessions, reading, progress
        As in `validate`.

    Yields
    ------
    Validated or RecordingError
        One for each recording, or for a file that could not be read.

    Raises
    ------
    CanonicaError
        If a folder holds no recording.
    """
    protocol = replace(PublishedProtocol(), initial_sessions=initial_sessions)
    files = recording_files(paths, reading)
    stage = Stage(progress, "Reading recordings", len(files))
    known = RecordingsSeen()
    for file in files:
        for recording in _untold(each_recording(file, reading or Reading(), stage)):
            if isinstance(recording, RecordingError):
                yield recording
            else:
                yield _of(recording, protocol, _copies(RecordingIdentity.of(recording), known))
        stage.advance()


@checked_arguments
def validate(
    paths: AnyPath | Sequence[AnyPath],
    *,
    initial_sessions: int = 10,
    reading: Reading | None = None,
    json_file: AnyPath | None = None,
    progress: Told | None = None,
) -> list[Validated | RecordingError]:
    """Look at recordings in files before the work: are they usable, and what could mislead.

    Does what `canonica validate` does, and writes the same file where asked to.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        Files of recordings, folders of them, or patterns such as ``data/*.nwb``.
    initial_sessions : int, optional
        Sessions that the forecast will start from.
    reading : Reading, optional
        How to read the files, where they do not say so.
    json_file : path-like, optional
        Write what was found to this file, too.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.

    Returns
    -------
    list of Validated or RecordingError
        One for each recording, or for a file that could not be read.

    Raises
    ------
    CanonicaError
        If a folder holds no recording.

    See Also
    --------
    canonica.validate : The same for a recording in memory.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from canonica.recordings import write
    >>> from canonica.simulate import culture
    >>> path = Path(mkdtemp()) / "c.mat"
    >>> write(path, culture(2, sessions=12, trials_per_session=64))
    >>> (found,) = validate(path, reading=Reading(trials_per_session=64))
    >>> found.validation.usable
    True
    """
    found = list(
        validate_each(paths, initial_sessions=initial_sessions, reading=reading, progress=progress)
    )
    if json_file is not None:
        write_validations(json_file, found)
    return found


@checked_arguments
def write_validations(path: AnyPath, found: Iterable[Validated | RecordingError]) -> None:
    """Write what was found of recordings as JSON.

    Parameters
    ----------
    path : path-like
        The file, which is whole or not there.
    found : iterable of Validated or RecordingError
        Of `validate`.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    every = list(found)
    summary = {
        "canonica_version": __version__,
        "recordings": [one.described for one in every if isinstance(one, Validated)],
        "failures": [str(one) for one in every if isinstance(one, RecordingError)],
    }
    with complete_file(Path(path)) as partial:
        partial.write_text(json.dumps(summary, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _untold(
    recordings: Iterator[xr.Dataset | RecordingError],
) -> Iterator[xr.Dataset | RecordingError]:
    """Yield recordings without the warnings that are among what is found in them."""
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LostEndingWarning)
            one = next(recordings, None)
        if one is None:
            return
        yield one


def _of(recording: xr.Dataset, protocol: PublishedProtocol, copies: Iterable[Finding]) -> Validated:
    origin = {key: str(recording.attrs[key]) for key in KEPT if key in recording.attrs}
    found = reverse_engineering.validate(recording, protocol)
    findings = sorted([*copies, *found.findings], key=lambda one: -SEVERITIES.index(one.severity))
    return Validated(replace(found, findings=tuple(findings)), origin)


def _copies(one: RecordingIdentity, known: RecordingsSeen) -> Iterator[Finding]:
    """Yield what there is to say of a recording that was read before."""
    changed, repeated = known.changed(one), known.repeated(one)
    if repeated:
        yield Finding(
            "warning",
            repeated,
            "it is the same recording, which analyze and forecast count once",
            "Leave one of them out.",
        )
    elif changed:
        yield Finding(
            "warning",
            changed,
            "if they are one recording, it counts twice",
            "Leave one of them out.",
        )
