"""From files of recordings to ensembles: for every pipeline that goes through many."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import xarray as xr

from canonica._cores import cores
from canonica._errors import RecordingError
from canonica._files import sha256
from canonica._harmless import visible
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines._recording_files import prefixes
from canonica.pipelines._unique_names import UniqueNames
from canonica.recordings import Experiment, Reading, inspect, read_each
from canonica.reverse_engineering import (
    EnsembleResponse,
    GivenBaseline,
    PublishedProtocol,
    attempt,
    check_conditions,
    ensemble_response,
)

UNKNOWN = "?"  # condition of what could not even be read


def read_ensembles(
    files: Sequence[Path | Experiment],
    *,
    protocol: PublishedProtocol,
    reading: Reading,
    jobs: int | None,
    baseline: GivenBaseline,
    progress: Told | None,
    causal: bool = False,
) -> tuple[list[EnsembleResponse], list[RecordingError]]:
    """Return every usable recording reduced to its ensembles, its name its own; and failures.

    No more is held of a recording. With `causal`, its initial sessions alone make the ensembles.
    Files are read by `jobs` threads, or one for every core.
    """
    prefix = prefixes(files)
    originals = _originals(files)
    stage = Stage(progress, "Reading recordings", len(files))

    def of_file(file: Path | Experiment) -> list[tuple[str, EnsembleResponse | RecordingError]]:
        _refuse_copy(file, originals.get(file, file))
        found = []
        for recording in read_each(file, reading):
            if isinstance(recording, RecordingError):
                found.append((UNKNOWN, recording))
            else:
                reduced = attempt(ensemble_response, recording, protocol, causal=causal)
                if isinstance(reduced, EnsembleResponse):
                    reduced = replace(reduced, attrs=reduced.attrs | _warnings(recording))
                found.append((str(recording.attrs["condition"]), reduced))
        return found

    ensembles: list[EnsembleResponse] = []
    failures: list[RecordingError] = []
    names, conditions = UniqueNames(), set()
    with ThreadPoolExecutor(jobs or cores()) as pool:
        of_files = pool.map(lambda file: attempt(of_file, file), files)
        for file, found in zip(files, of_files, strict=True):
            stage.advance()
            for condition, one in [(UNKNOWN, found)] if isinstance(found, Exception) else found:
                conditions.add(condition)
                if isinstance(one, RecordingError):
                    failures.append(one)
                    continue
                name = names.unique(prefix[file] + str(one.attrs["name"]))
                shown = {"name": name, "condition": visible(str(one.attrs["condition"]))}
                ensembles.append(replace(one, attrs=one.attrs | shown))
    if UNKNOWN not in conditions:
        check_conditions(baseline, conditions)
    return ensembles, failures


def _warnings(recording: xr.Dataset) -> dict[str, str]:
    """Return what `canonica validate` would warn of, in short, to be kept with the result."""
    found = [one.what for one in inspect(recording) if one.severity == "warning"]
    return {"warnings": "; ".join(found)} if found else {}


def _originals(found: Sequence[Path | Experiment]) -> dict[Path | Experiment, Path]:
    """Return the first file with the content of each: one that comes twice would count twice."""
    files = [one for one in found if isinstance(one, Path)]
    first: dict[str, Path] = {}
    originals: dict[Path | Experiment, Path] = {}
    sizes = {file: file.stat().st_size for file in files if file.is_file()}
    shared = Counter(sizes.values())
    for file in (file for file, size in sizes.items() if shared[size] > 1):
        with suppress(OSError):  # the reader will complain of it, and of it alone
            originals[file] = first.setdefault(sha256(file), file)
    return originals


def _refuse_copy(file: Path | Experiment, original: Path | Experiment) -> None:
    if original != file:
        raise RecordingError(
            str(file),
            None,
            found=f"the same content as in {original}",
            expected="each recording once",
            advice="Leave one of them out.",
        )
