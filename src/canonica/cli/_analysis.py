"""From files of recordings to a folder of results, one bad recording among many or not."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr
from rich.progress import Progress

from canonica._errors import CanonicaError, RecordingError
from canonica._version import __version__
from canonica.cli._app import complain, output
from canonica.cli._paths import prefixes, recording_files
from canonica.cli._progress import progress
from canonica.cli._results_folder import SUMMARY, results_folder
from canonica.recordings import read_each
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
    condition_summary,
    ensemble_response,
    recording_summary,
    results,
)

CAVEAT = (
    "The published protocol normalises responses with all sessions in view, so that its forecast "
    "is not blind to the future. All predictions are scored on these same responses."
)


@dataclass
class Analysis:
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
    trials_per_session: int,
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
        analysis = analyze_files(
            files,
            folder,
            protocol=protocol,
            baseline=baseline,
            trials_per_session=trials_per_session,
            jobs=jobs,
            shown=shown,
        )
        for failure in analysis.failures:
            complain(str(failure))
        if not analysis.rows:
            raise CanonicaError(f"nothing could be analysed; {out} is as it was.")
    for summary in analysis.summaries:
        output.print(summary_table(summary))
        output.print(f"{summary.sentence}\n", highlight=False)
    output.print(CAVEAT, highlight=False, style="dim")
    output.print(f"\nResults: {out}", highlight=False, soft_wrap=True)
    _print_tally(analysis)
    return 1 if analysis.failures else 0


def _print_tally(analysis: Analysis) -> None:
    kinds = Counter(Path(file).suffix for file in analysis.files)
    counts = _counted(kinds[".nc"], "recording"), _counted(kinds[".png"], "figure")
    output.print(
        f"  {counts[0]} (NetCDF), {counts[1]} (PNG), summary.json, recordings.csv", highlight=False
    )
    if analysis.failures:
        failed = _counted(len(analysis.failures), "recording or file", "recordings or files")
        output.print(f"  {failed} failed: listed above and in summary.json", highlight=False)


def _counted(count: int, singular: str, plural: str | None = None) -> str:
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def analyze_files(
    files: Sequence[Path],
    folder: Path,
    *,
    protocol: PublishedProtocol,
    baseline: float | Mapping[str, float] | None,
    trials_per_session: int,
    jobs: int,
    shown: Progress,
) -> Analysis:
    """Return what was found in `files`, its results written to `folder`."""
    analysis = Analysis()
    ensembles = _read(
        files,
        analysis=analysis,
        protocol=protocol,
        trials_per_session=trials_per_session,
        jobs=jobs,
        shown=shown,
    )
    parts: dict[str, list[xr.Dataset]] = {}
    task = shown.add_task("Analysing recordings", total=len(ensembles))
    for _, result in results(ensembles, protocol, baseline):
        shown.advance(task)
        if isinstance(result, RecordingError):
            analysis.failures.append(result)
            continue
        _write(result, folder, analysis)
        parts.setdefault(str(result.attrs["condition"]), []).append(figure_part(result))
    if not analysis.rows:
        return analysis
    analysis.rows.sort(key=lambda row: row["name"])
    _summarise(parts, folder, shown, analysis)
    _write_summary(folder, protocol, analysis)
    return analysis


def _read(
    files: Sequence[Path],
    *,
    analysis: Analysis,
    protocol: PublishedProtocol,
    trials_per_session: int,
    jobs: int,
    shown: Progress,
) -> dict[int, EnsembleResponse]:
    """Return every usable recording reduced to its ensembles: no more is held of it."""
    prefix = prefixes(files)
    task = shown.add_task("Reading recordings", total=len(files))

    def of_file(file: Path) -> list[EnsembleResponse | RecordingError]:
        found = []
        for recording in read_each(file, trials_per_session=trials_per_session):
            if isinstance(recording, RecordingError):
                found.append(recording)
                continue
            recording.attrs["name"] = prefix[file] + str(recording.attrs["name"])
            found.append(attempt(ensemble_response, recording, protocol))
        return found

    ensembles: dict[int, EnsembleResponse] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for found in pool.map(lambda file: attempt(of_file, file), files):
            shown.advance(task)
            for one in [found] if isinstance(found, RecordingError) else found:
                if isinstance(one, RecordingError):
                    analysis.failures.append(one)
                else:
                    ensembles[len(ensembles)] = one
    return ensembles


def _write(result: xr.Dataset, folder: Path, analysis: Analysis) -> None:
    name = str(result.attrs["name"])
    file = f"{_file_name(name)}.nc"
    result.to_netcdf(folder / file, engine="h5netcdf")
    analysis.files.append(file)
    provenance = ("condition", "origin", "input_file", "input_sha256", "baseline")
    analysis.rows.append(
        {"name": name}
        | {key: result.attrs[key] for key in provenance}
        | {"baseline_origin": result.attrs["baseline_origin"]}
        | recording_summary(result)
        | {"result_file": file}
    )


def _summarise(
    parts: Mapping[str, Sequence[xr.Dataset]], folder: Path, shown: Progress, analysis: Analysis
) -> None:
    task = shown.add_task("Drawing figures", total=len(parts))
    for condition, of_condition in sorted(parts.items()):
        rows = [row for row in analysis.rows if row["condition"] == condition]
        analysis.summaries.append(condition_summary(condition, rows))
        file = f"{_file_name(condition)}.png"
        write_figure(condition_figure(condition, of_condition), folder / file)
        analysis.files.append(file)
        shown.advance(task)


def _write_summary(folder: Path, protocol: PublishedProtocol, analysis: Analysis) -> None:
    csv_file = "recordings.csv"
    write_recordings_csv(folder / csv_file, analysis.rows)
    analysis.files.append(csv_file)
    summary = {
        "canonica_version": __version__,
        "settings": protocol.settings,
        "last_sessions": LAST_SESSIONS,
        "caveat": CAVEAT,
        "conditions": [asdict(one) | {"conclusion": one.sentence} for one in analysis.summaries],
        "recordings": analysis.rows,
        "failures": [
            {"source": error.source, "message": str(error)} for error in analysis.failures
        ],
        "files": sorted(analysis.files),
    }
    text = json.dumps(summary, indent=2, allow_nan=False)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")


def _file_name(name: str) -> str:
    """Return `name` with nothing in it that a file system could take amiss."""
    return re.sub(r"[^\w.+-]+", "_", name).lstrip(".") or "unnamed"
