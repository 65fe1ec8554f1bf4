"""From files of recordings to a folder of results, one bad recording among many or not."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from rich.progress import Progress

from canonica._errors import CanonicaError, RecordingError
from canonica._files import sha256
from canonica._version import __version__
from canonica.cli._app import complain, output
from canonica.cli._paths import UniqueNames, prefixes, recording_files
from canonica.cli._progress import progress
from canonica.cli._results_folder import SUMMARY, results_folder
from canonica.recordings import Reading, inspect, read_each
from canonica.report import (
    condition_figure,
    figure_part,
    summary_table,
    write_figure,
    write_recordings_csv,
)
from canonica.reverse_engineering import (
    LAST_SESSIONS,
    ConditionSummary,
    EnsembleResponse,
    PublishedProtocol,
    attempt,
    check_conditions,
    condition_summary,
    ensemble_response,
    recording_summary,
    results,
)

UNKNOWN = "?"  # condition of what could not even be read
CAVEAT = (
    "The published protocol normalises responses with all sessions in view, so that its forecast "
    "is not blind to the future. All predictions are scored on these same responses."
)


@dataclass
class Findings:
    """What has been found so far."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    failures: list[RecordingError] = field(default_factory=list)
    summaries: list[ConditionSummary] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def analyze_and_report(
    paths: Sequence[Path],
    out: Path,
    *,
    protocol: PublishedProtocol,
    baseline: float | Mapping[str, float] | None,
    reading: Reading,
    jobs: int,
    overwrite: bool,
) -> int:
    """Analyse the recordings in `paths`, print what was found, and return the exit code.

    Raises
    ------
    CanonicaError
        If the call makes no sense, or nothing could be analysed.
    """
    files = recording_files(paths)
    with results_folder(out, overwrite=overwrite) as folder, progress() as shown:
        findings = analyze_files(
            files,
            folder,
            protocol=protocol,
            baseline=baseline,
            reading=reading,
            jobs=jobs,
            shown=shown,
        )
        for failure in findings.failures:
            complain(str(failure))
        if not findings.rows:
            reason = findings.failures[0] if findings.failures else None
            raise CanonicaError("nothing could be analysed, and nothing was written.") from reason
    _print_reading(findings)
    for summary in findings.summaries:
        output.print(summary_table(summary))
        output.print(f"{summary.sentence}\n", highlight=False, markup=False)
    output.print(CAVEAT, highlight=False, style="dim")
    output.print(f"\nResults: {out}", highlight=False, markup=False, soft_wrap=True)
    _print_tally(findings)
    return 1 if findings.failures else 0


def _print_reading(findings: Findings) -> None:
    """Say what was taken for what, and where something looked like trouble."""
    output.print(_sessions_read(findings), highlight=False)
    ways = Counter(row["reading"] for row in findings.rows if row["reading"])
    for way, count in ways.items():
        of = "" if len(ways) == 1 else f" ({_counted(count, 'recording')})"
        output.print(f"Read as: {way}{of}", highlight=False, markup=False, style="dim")
    warned = sum(bool(row["warnings"]) for row in findings.rows)
    if warned:
        output.print(
            f"{_counted(warned, 'recording')} with warnings, listed in recordings.csv; "
            "canonica validate says what they mean",
            highlight=False,
            style="yellow",
        )


def _sessions_read(findings: Findings) -> str:
    """Return how trials were divided into sessions, which a wrong option would get wrong."""
    shapes = Counter((row["sessions"], row["trials"] / row["sessions"]) for row in findings.rows)
    return "Read " + ", ".join(
        f"{_counted(count, 'recording')} of {_counted(sessions, 'session')} of {trials:g} trials"
        for (sessions, trials), count in shapes.items()
    )


def _print_tally(findings: Findings) -> None:
    kinds = Counter(Path(file).suffix for file in findings.files)
    counts = _counted(kinds[".nc"], "recording"), _counted(kinds[".png"], "figure")
    output.print(
        f"  {counts[0]} (NetCDF), {counts[1]} (PNG), summary.json, recordings.csv", highlight=False
    )
    if findings.failures:
        failed = _counted(len(findings.failures), "recording or file", "recordings or files")
        output.print(f"  {failed} failed: listed above and in summary.json", highlight=False)


def _counted(count: int, singular: str, plural: str | None = None) -> str:
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def analyze_files(
    files: Sequence[Path],
    folder: Path,
    *,
    protocol: PublishedProtocol,
    baseline: float | Mapping[str, float] | None,
    reading: Reading,
    jobs: int,
    shown: Progress,
) -> Findings:
    """Return what was found in `files`, its results written to `folder`."""
    findings = Findings()
    ensembles = _read(
        files,
        findings=findings,
        protocol=protocol,
        reading=reading,
        jobs=jobs,
        baseline=baseline,
        shown=shown,
    )
    parts: dict[str, list[xr.Dataset]] = {}
    task = shown.add_task("Analysing recordings", total=len(ensembles))
    for _, result in results(ensembles, protocol, baseline):
        shown.advance(task)
        if isinstance(result, RecordingError):
            findings.failures.append(result)
            continue
        _write(result, folder, findings)
        parts.setdefault(str(result.attrs["condition"]), []).append(figure_part(result))
    if not findings.rows:
        return findings
    findings.rows.sort(key=lambda row: row["name"])
    _summarise(parts, folder, shown, findings)
    settings = protocol.settings | {"reading": reading.given}
    _write_summary(folder, settings, findings)
    return findings


def _read(
    files: Sequence[Path],
    *,
    findings: Findings,
    protocol: PublishedProtocol,
    reading: Reading,
    jobs: int,
    baseline: float | Mapping[str, float] | None,
    shown: Progress,
) -> dict[int, EnsembleResponse]:
    """Return every usable recording reduced to its ensembles: no more is held of it."""
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
                reduced = attempt(ensemble_response, recording, protocol)
                if isinstance(reduced, EnsembleResponse):
                    reduced = replace(reduced, attrs=reduced.attrs | _warnings(recording))
                found.append((str(recording.attrs["condition"]), reduced))
        return found

    ensembles: dict[int, EnsembleResponse] = {}
    names, conditions = UniqueNames(), set()
    with ThreadPoolExecutor(jobs) as pool:
        of_files = pool.map(lambda file: attempt(of_file, file), files)
        for file, found in zip(files, of_files, strict=True):
            shown.advance(task)
            for condition, one in [(UNKNOWN, found)] if isinstance(found, Exception) else found:
                conditions.add(condition)
                if isinstance(one, RecordingError):
                    findings.failures.append(one)
                    continue
                name = names.unique(prefix[file] + str(one.attrs["name"]))
                ensembles[len(ensembles)] = replace(one, attrs=one.attrs | {"name": name})
    if UNKNOWN not in conditions:
        check_conditions(baseline, conditions)
    return ensembles


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


def _write(result: xr.Dataset, folder: Path, findings: Findings) -> None:
    name = str(result.attrs["name"])
    file = f"{name}.nc"
    # By way of memory: where the disk is full, the HDF5 library itself would crash.
    (folder / file).write_bytes(result.to_netcdf(engine="h5netcdf"))
    findings.files.append(file)
    provenance = ("condition", "origin", "input_file", "input_sha256", "baseline")
    findings.rows.append(
        {"name": name}
        | {key: result.attrs[key] for key in provenance}
        | {key: result.attrs.get(key, "") for key in ("reading", "warnings")}
        | {"baseline_origin": result.attrs["baseline_origin"]}
        | _sizes(result)
        | recording_summary(result)
        | {"result_file": file}
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


def _summarise(
    parts: Mapping[str, Sequence[xr.Dataset]], folder: Path, shown: Progress, findings: Findings
) -> None:
    task = shown.add_task("Drawing figures", total=len(parts))
    names = UniqueNames()
    for condition, of_condition in sorted(parts.items()):
        rows = [row for row in findings.rows if row["condition"] == condition]
        findings.summaries.append(condition_summary(condition, rows))
        file = f"{names.unique(condition)}.png"
        write_figure(condition_figure(condition, of_condition), folder / file)
        findings.files.append(file)
        shown.advance(task)


def _write_summary(folder: Path, settings: Mapping[str, Any], findings: Findings) -> None:
    csv_file = "recordings.csv"
    write_recordings_csv(folder / csv_file, findings.rows)
    findings.files.append(csv_file)
    summary = {
        "canonica_version": __version__,
        "settings": settings,
        "sessions_scored_at_most": LAST_SESSIONS,
        "caveat": CAVEAT,
        "conditions": [asdict(one) | {"conclusion": one.sentence} for one in findings.summaries],
        "recordings": findings.rows,
        "failures": [
            {"source": error.source, "message": str(error)} for error in findings.failures
        ],
        "files": sorted(findings.files),
    }
    text = json.dumps(summary, indent=2, allow_nan=False)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")
