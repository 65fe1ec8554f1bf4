"""From files of recordings to a folder of results, one bad recording among many or not."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr
from rich.progress import Progress

from canonica._errors import CanonicaError, RecordingError
from canonica._version import __version__
from canonica.cli._app import complain, output
from canonica.cli._paths import UniqueNames, recording_files
from canonica.cli._progress import progress
from canonica.cli._reading_recordings import (
    Row,
    counted,
    failure_rows,
    print_failed,
    print_reading,
    read_ensembles,
    recording_row,
    write_netcdf,
)
from canonica.cli._results_folder import SUMMARY, results_folder
from canonica.recordings import Reading
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
    PublishedProtocol,
    condition_summary,
    recording_summary,
    results,
)

CAVEAT = (
    "The published protocol normalises responses with all sessions in view, so that its forecast "
    "is not blind to the future. All predictions are scored on these same responses."
)


@dataclass
class Findings:
    """What has been found so far."""

    rows: list[Row] = field(default_factory=list)
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
    print_reading(findings.rows)
    for summary in findings.summaries:
        output.print(summary_table(summary))
        output.print(f"{summary.sentence}\n", highlight=False, markup=False)
    output.print(CAVEAT, highlight=False, style="dim")
    output.print(f"\nResults: {out}", highlight=False, markup=False, soft_wrap=True)
    _print_tally(findings)
    return 1 if findings.failures else 0


def _print_tally(findings: Findings) -> None:
    kinds = Counter(Path(file).suffix for file in findings.files)
    counts = counted(kinds[".nc"], "recording"), counted(kinds[".png"], "figure")
    output.print(
        f"  {counts[0]} (NetCDF), {counts[1]} (PNG), summary.json, recordings.csv", highlight=False
    )
    print_failed(findings.failures)


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
    ensembles, findings.failures = read_ensembles(
        files,
        protocol=protocol,
        reading=reading,
        jobs=jobs,
        baseline=baseline,
        shown=shown,
    )
    parts: dict[str, list[xr.Dataset]] = {}
    task = shown.add_task("Analysing recordings", total=len(ensembles))
    for _, result in results(dict(enumerate(ensembles)), protocol, baseline):
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


def _write(result: xr.Dataset, folder: Path, findings: Findings) -> None:
    name = str(result.attrs["name"])
    file = f"{name}.nc"
    write_netcdf(result, folder / file)
    findings.files.append(file)
    findings.rows.append(recording_row(result) | recording_summary(result) | {"result_file": file})


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
        "failures": failure_rows(findings.failures),
        "files": sorted(findings.files),
    }
    text = json.dumps(summary, indent=2, allow_nan=False)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")
