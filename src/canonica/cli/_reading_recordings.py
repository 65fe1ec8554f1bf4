"""From files of recordings to ensembles, and what was read in words: for every command of many."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from rich.progress import Progress

from canonica._errors import RecordingError
from canonica._files import sha256
from canonica.cli._app import output
from canonica.cli._paths import UniqueNames, prefixes
from canonica.recordings import Reading, inspect, read_each
from canonica.reverse_engineering import (
    LAST_SESSIONS,
    EnsembleResponse,
    PublishedProtocol,
    attempt,
    check_conditions,
    ensemble_response,
)

UNKNOWN = "?"  # condition of what could not even be read
ORIGINS = ("condition", "origin", "input_file", "input_sha256", "baseline")

Row = dict[str, Any]  # what a table says of one recording


def read_ensembles(
    files: Sequence[Path],
    *,
    protocol: PublishedProtocol,
    reading: Reading,
    jobs: int,
    baseline: float | Mapping[str, float] | None,
    shown: Progress,
    causal: bool = False,
) -> tuple[list[EnsembleResponse], list[RecordingError]]:
    """Return every usable recording reduced to its ensembles, its name its own; and failures.

    No more is held of a recording. With `causal`, its initial sessions alone make the ensembles.
    """
    prefix = prefixes(files)
    originals = _originals(files)
    task = shown.add_task("Reading recordings", total=len(files))

    def of_file(file: Path) -> list[tuple[str, EnsembleResponse | RecordingError]]:
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
    with ThreadPoolExecutor(jobs) as pool:
        of_files = pool.map(lambda file: attempt(of_file, file), files)
        for file, found in zip(files, of_files, strict=True):
            shown.advance(task)
            for condition, one in [(UNKNOWN, found)] if isinstance(found, Exception) else found:
                conditions.add(condition)
                if isinstance(one, RecordingError):
                    failures.append(one)
                    continue
                name = names.unique(prefix[file] + str(one.attrs["name"]))
                ensembles.append(replace(one, attrs=one.attrs | {"name": name}))
    if UNKNOWN not in conditions:
        check_conditions(baseline, conditions)
    return ensembles, failures


def _warnings(recording: xr.Dataset) -> dict[str, str]:
    """Return what `canonica validate` would warn of, in short, to be kept with the result."""
    found = [one.what for one in inspect(recording) if one.severity == "warning"]
    return {"warnings": "; ".join(found)} if found else {}


def _originals(files: Sequence[Path]) -> dict[Path, Path]:
    """Return the first file with the content of each: one that comes twice would count twice."""
    first: dict[str, Path] = {}
    originals: dict[Path, Path] = {}
    sizes = {file: file.stat().st_size for file in files if file.is_file()}
    shared = Counter(sizes.values())
    for file in (file for file, size in sizes.items() if shared[size] > 1):
        with suppress(OSError):  # the reader will complain of it, and of it alone
            originals[file] = first.setdefault(sha256(file), file)
    return originals


def _refuse_copy(file: Path, original: Path) -> None:
    if original != file:
        raise RecordingError(
            str(file),
            None,
            found=f"the same content as in {original}",
            expected="each recording once",
            advice="Leave one of them out.",
        )


def recording_row(result: xr.Dataset) -> Row:
    """Return where a result comes from, and how much of what went into it."""
    return (
        {"name": str(result.attrs["name"])}
        | {key: result.attrs[key] for key in ORIGINS}
        | {key: result.attrs.get(key, "") for key in ("reading", "warnings")}
        | {"baseline_origin": result.attrs["baseline_origin"]}
        | _sizes(result)
    )


def _sizes(result: xr.Dataset) -> dict[str, int | str]:
    members = result["electrode_ensemble"].to_numpy()
    per_ensemble = np.bincount(members, minlength=result.sizes["ensemble"] + 1)[1:]
    forecast = result.sizes["session"] - int(result.attrs["initial_sessions"])
    return {
        "sessions": result.sizes["session"],
        "sessions_scored": min(LAST_SESSIONS, forecast),
        "trials": result.sizes["trial"],
        "electrodes": result.sizes["electrode"],
        "electrodes_per_ensemble": " ".join(map(str, per_ensemble)),
    }


def write_netcdf(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset as NetCDF."""
    # By way of memory: where the disk is full, the HDF5 library itself would crash.
    path.write_bytes(dataset.to_netcdf(engine="h5netcdf"))


def failure_rows(failures: Sequence[RecordingError]) -> list[dict[str, str]]:
    """Return failures as summary.json lists them."""
    return [{"source": error.source, "message": str(error)} for error in failures]


def print_reading(rows: Sequence[Row]) -> None:
    """Say what was taken for what, and where something looked like trouble."""
    output.print(_sessions_read(rows), highlight=False)
    ways = Counter(row["reading"] for row in rows if row["reading"])
    for way, count in ways.items():
        of = "" if len(ways) == 1 else f" ({counted(count, 'recording')})"
        output.print(f"Read as: {way}{of}", highlight=False, markup=False, style="dim")
    warned = sum(bool(row["warnings"]) for row in rows)
    if warned:
        output.print(
            f"{counted(warned, 'recording')} with warnings, listed in recordings.csv; "
            "canonica validate says what they mean",
            highlight=False,
            style="yellow",
        )


def _sessions_read(rows: Sequence[Row]) -> str:
    """Return how trials were divided into sessions, which a wrong option would get wrong."""
    shapes = Counter((row["sessions"], row["trials"] / row["sessions"]) for row in rows)
    return "Read " + ", ".join(
        f"{counted(count, 'recording')} of {counted(sessions, 'session')} of {trials:g} trials"
        for (sessions, trials), count in shapes.items()
    )


def print_failed(failures: Sequence[RecordingError]) -> None:
    """Say how many failed, if any did."""
    if failures:
        failed = counted(len(failures), "recording or file", "recordings or files")
        output.print(f"  {failed} failed: listed above and in summary.json", highlight=False)


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{count} {singular if count == 1 else plural or singular + 's'}"
