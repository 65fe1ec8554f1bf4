"""From files of recordings to generative models, forecasts, tables and figures, in a folder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import RecordingError
from canonica._files import AnyPath
from canonica.pipelines._nothing_usable import NothingUsableError
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines._reading_ensembles import read_ensembles
from canonica.pipelines._recording_rows import Row, recording_row
from canonica.pipelines._report import REPORT, write_page
from canonica.pipelines.results._results_files import failure_rows, write_netcdf, write_summary
from canonica.pipelines.results._results_folder import results_folder
from canonica.pipelines.results._unique_names import UniqueNames
from canonica.recordings import Reading, recording_files
from canonica.report import (
    FigureFormat,
    condition_figure,
    figure_part,
    write_figure,
    write_recordings_csv,
)
from canonica.reverse_engineering import (
    LAST_SESSIONS,
    ConditionSummary,
    GivenBaseline,
    PublishedProtocol,
    condition_summary,
    own_baselines,
    recording_summary,
    results,
)

TABLE = "recordings.csv"
CAVEAT = (
    "The published protocol normalises responses with all sessions in view, so that its forecast "
    "is not blind to the future. All predictions are scored on these same responses."
)


@dataclass
class Analysis:
    """What an analysis of recordings found, and wrote.

    Parameters
    ----------
    rows : list of dict
        For every recording where it comes from, its sizes and its summary, sorted by name.
    failures : list of RecordingError
        What could not be read or analysed.
    summaries : list of ConditionSummary
        What the recordings of each condition have in common.
    files : list of str
        Names of the files in the folder, but for summary.json.
    caveat : str
        What to bear in mind.
    """

    rows: list[Row] = field(default_factory=list)
    failures: list[RecordingError] = field(default_factory=list)
    summaries: list[ConditionSummary] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    caveat: str = CAVEAT

    @property
    def baseline_warning(self) -> str | None:
        """What to bear in mind where conditions have baselines of their own; None where not."""
        return own_baselines(self.rows)


@checked_arguments
def analyze(
    paths: AnyPath | Sequence[AnyPath],
    out: AnyPath,
    *,
    protocol: PublishedProtocol | None = None,
    baseline: GivenBaseline = None,
    reading: Reading | None = None,
    jobs: int | None = None,
    figure_format: FigureFormat = "png",
    overwrite: bool = False,
    report: bool = False,
    progress: Told | None = None,
) -> Analysis:
    """Read the generative model out of recordings, forecast, and write all of it to a folder.

    Does what `canonica analyze` does, and writes the same files: for every recording a result of
    `reverse_engineer` as NetCDF, NAME.nc; for every condition a figure; summary.json and
    recordings.csv. A recording that fails does not stop the others. The folder is complete or
    as it was.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        Files of recordings, folders of them, or patterns such as ``data/*.nwb``.
    out : path-like
        Folder for the results; made if it is not there.
    protocol : PublishedProtocol, optional
        Settings of the analysis; the published ones by default.
    baseline : float, mapping of str to float, or BaselineFrom, optional
        As in `reverse_engineer`: mean response, in spikes, that stands for ordinary excitability,
        one for all, one for each condition, or that of one condition. Computed from each condition
        by default: their thresholds cannot be compared then.
    reading : Reading, optional
        How to read the files, where they do not say so.
    jobs : int, optional
        Files to read at the same time; one for every core by default.
    figure_format : "png", "pdf" or "svg", optional
        Of the figures.
    overwrite : bool, optional
        Whether earlier results in the folder may be replaced.
    report : bool, optional
        Whether to write report.html too, as `report` does.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.

    Returns
    -------
    Analysis
        What was found; where `failures` has any, some recordings are not in it.

    Raises
    ------
    NothingUsableError
        If no recording could be analysed. Nothing is written then.
    CanonicaError
        If a setting makes no sense, or the folder holds anything but earlier results that may be
        replaced.

    See Also
    --------
    canonica.reverse_engineer : The same for recordings in memory.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023, Methods.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from canonica.recordings import write
    >>> from canonica.simulate import culture
    >>> folder = Path(mkdtemp())
    >>> write(folder / "c.mat", culture(2, sessions=12, trials_per_session=64))
    >>> reading = Reading(trials_per_session=64)
    >>> found = analyze(folder / "c.mat", folder / "results", reading=reading)
    >>> found.files
    ['c.nc', 'simulated.png', 'recordings.csv']
    """
    protocol, reading = protocol or PublishedProtocol(), reading or Reading()
    files = recording_files(paths, reading)
    with results_folder(Path(out), overwrite=overwrite) as folder:
        ensembles, failures = read_ensembles(
            files,
            protocol=protocol,
            reading=reading,
            jobs=jobs,
            baseline=baseline,
            progress=progress,
        )
        found = Analysis(failures=failures)
        stage = Stage(progress, "Analysing recordings", len(ensembles))
        analysed = results(dict(enumerate(ensembles)), protocol, baseline)
        parts = _write_each((result for _, result in analysed), folder, stage, found)
        if not found.rows:
            raise NothingUsableError(
                "nothing could be analysed, and nothing was written.", failures
            ) from next(iter(failures), None)
        found.rows.sort(key=lambda row: row["name"])
        _summarise(parts, folder, progress, found, figure_format)
        found.files += [REPORT] if report else []
        _write_tables(folder, protocol, reading, found)
        if report:
            write_page(folder, progress)
    return found


def _write_each(
    analysed: Iterable[xr.Dataset | RecordingError], folder: Path, stage: Stage, found: Analysis
) -> dict[str, list[xr.Dataset]]:
    """Return what the figure of each condition needs, the results being written and noted."""
    parts: dict[str, list[xr.Dataset]] = {}
    for result in analysed:
        stage.advance()
        if isinstance(result, RecordingError):
            found.failures.append(result)
            continue
        _write(result, folder, found)
        parts.setdefault(str(result.attrs["condition"]), []).append(figure_part(result))
    return parts


def _write(result: xr.Dataset, folder: Path, found: Analysis) -> None:
    file = f"{result.attrs['name']}.nc"
    write_netcdf(result, folder / file)
    found.files.append(file)
    found.rows.append(recording_row(result) | recording_summary(result) | {"result_file": file})


def _summarise(
    parts: Mapping[str, Sequence[xr.Dataset]],
    folder: Path,
    progress: Told | None,
    found: Analysis,
    figure_format: FigureFormat,
) -> None:
    stage = Stage(progress, "Drawing figures", len(parts))
    names = UniqueNames()
    for condition, of_condition in sorted(parts.items()):
        rows = [row for row in found.rows if row["condition"] == condition]
        found.summaries.append(condition_summary(condition, rows))
        file = f"{names.unique(condition)}.{figure_format}"
        write_figure(condition_figure(condition, of_condition), folder / file, figure_format)
        found.files.append(file)
        stage.advance()


def _write_tables(
    folder: Path, protocol: PublishedProtocol, reading: Reading, found: Analysis
) -> None:
    write_recordings_csv(folder / TABLE, found.rows)
    found.files.append(TABLE)
    contents = {
        "settings": protocol.settings | {"reading": reading.given},
        "sessions_scored_at_most": LAST_SESSIONS,
        "caveat": found.caveat,
        "baseline_warning": found.baseline_warning,
        "conditions": [asdict(one) | {"conclusion": one.sentence} for one in found.summaries],
        "recordings": found.rows,
        "failures": failure_rows(found.failures),
    }
    write_summary(folder, "analyze", contents, found.files)
