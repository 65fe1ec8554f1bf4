"""From a table of recordings to conditions compared: analysed, forecast, told apart, resumable."""

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError, RecordingError, how_many, listed
from canonica._files import shown
from canonica._harmless import cell
from canonica.pipelines._nothing_usable import NothingUsableError
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines._report import REPORT, write_page
from canonica.pipelines.conditions._study_cultures import CultureWork
from canonica.pipelines.conditions._study_log import StudyLog
from canonica.pipelines.conditions._study_recordings import StudyCulture, study_recordings
from canonica.pipelines.conditions._study_settings import (
    StudySettings,
    read_study_file,
    write_study_file,
)
from canonica.pipelines.conditions._study_store import ENDINGS, KEPT, PARTS, StudyStore
from canonica.pipelines.conditions._study_table import StudyRow, study_rows
from canonica.pipelines.executors._executor import Executor
from canonica.pipelines.executors._opened import ClusterLike, opened_executor
from canonica.pipelines.results._hidden_folders import folder_aside
from canonica.pipelines.results._results_files import failure_rows, write_rows, write_summary
from canonica.pipelines.results._results_folder import SUMMARY, results_folder
from canonica.report import FigureFormat, estimation_figure, write_figure
from canonica.reverse_engineering import BaselineFrom, own_baselines
from canonica.reverse_engineering.conditions import (
    GROUPINGS,
    QUANTITIES,
    Comparison,
    StudyDesign,
    compare_conditions,
)
from canonica.reverse_engineering.forecasting import FORECAST_MODELS

TABLE, COMPARISONS, FIGURE = "cultures", "comparisons", "conditions"
SETTINGS, LOG = "study.toml", "study.log"
LABELS = ("recording", *GROUPINGS, "drug", "note")


@dataclass
class Study:
    """What a study found, and wrote.

    Parameters
    ----------
    settings : StudySettings
        Of the study.
    design : StudyDesign
        What was compared with what.
    table : pandas.DataFrame
        A row for each culture: what the table of the study says of it, where it comes from, and its
        quantities.
    comparisons : list of Comparison
        Quantity by quantity.
    failures : list of RecordingError
        What could not be read, analysed or forecast.
    excluded : list of dict
        Rows of the table that were left out, with their notes.
    files : list of str
        Names of the files in the folder, but for summary.json.
    gone_on : int
        How many cultures had been done before.
    """

    settings: StudySettings
    design: StudyDesign
    table: pd.DataFrame
    comparisons: list[Comparison] = field(default_factory=list)
    failures: list[RecordingError] = field(default_factory=list)
    excluded: list[dict[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    gone_on: int = 0

    @property
    def baseline_warning(self) -> str | None:
        """What to bear in mind where conditions have baselines of their own; None where not."""
        rows = self.table.to_dict("records")
        return own_baselines([{str(name): value for name, value in row.items()} for row in rows])

    @property
    def inferences(self) -> list[str]:
        """What was taken for independent, in words."""
        return list(dict.fromkeys(one.inference for one in self.comparisons))

    @property
    def sentences(self) -> list[str]:
        """What differs by more than chance explains, or that nothing does."""
        lost = self.settings.reference
        if lost is None or lost == self.design.reference:
            return self._differences
        said = (
            f"No culture of the reference {lost!r} could be analysed: conditions are compared with "
            f"{self.design.reference!r} instead."
        )
        return [said, *self._differences]

    @property
    def _differences(self) -> list[str]:
        differing = [one for one in self.comparisons if one.differs]
        if differing:
            return [one.sentence for one in differing]
        if not self.comparisons:
            return ["There is nothing to compare: the cultures are of one condition."]
        smallest = min(one.smallest_p_value for one in self.comparisons)
        few = f"the smallest p value that so few cultures allow, after Holm, is {smallest:.2g}"
        number = how_many(len(self.comparisons), "comparison")
        return [f"Nothing differs by more than chance explains, in {number} ({few})."]


@checked_arguments
def study(
    table: Any,
    out: str | os.PathLike[str],
    *,
    settings: StudySettings | None = None,
    resume: bool = False,
    figure_format: FigureFormat = "png",
    overwrite: bool = False,
    jobs: int | None = None,
    cluster: ClusterLike = None,
    report: bool = False,
    progress: Told | None = None,
    **changed: Any,
) -> Study:
    """Analyse and forecast the recordings of a table, and compare their conditions.

    Does what `canonica study` does, and writes the same files: for every recording a result of
    `reverse_engineer`, NAME.nc, a forecast, NAME.forecast.nc, and its scores, NAME.scores.nc; for
    all, cultures.csv and cultures.parquet, a row a culture; comparisons.csv and comparisons.json;
    conditions.png, an estimation plot; study.toml, which repeats the study; study.log; and
    summary.json. A recording that fails is listed, and does not stop the others.

    Parameters
    ----------
    table : path-like, pandas.DataFrame or sequence of mappings
        A row for each recording, or for each file. Columns: `file`, and any of `recording`,
        `condition`, `culture`, `animal`, `plate`, `batch`, `day`, `drug`, `dose`, `pair`,
        `exclude`, `note`. CSV, TSV, Excel or Parquet; or the study.toml of an earlier study, whose
        settings are then taken.
    out : path-like
        Folder for the results; made if it is not there.
    settings : StudySettings, optional
        Settings of the study.
    resume : bool, optional
        Whether to go on with what an interrupted, or earlier, study in the folder has done: the
        result of a culture is kept by what decides it, its input, all settings and versions.
    figure_format : "png", "pdf" or "svg", optional
        Of the figures.
    overwrite : bool, optional
        Whether earlier results in the folder may be replaced.
    jobs : int, optional
        Files to read at the same time; one for every core by default.
    cluster : str, path-like or distributed.Client, optional
        Whose workers analyse and forecast: ``"local:4"``, so many processes on this machine; the
        address of a Dask scheduler, ``"tcp://scheduler:8786"``; a scheduler file; or a client.
        This process by default. The results are the same to the bit.
    report : bool, optional
        Whether to write report.html too, as `canonica.pipelines.report` does.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.
    **changed
        Single settings by their names, as in `StudySettings` or in its protocol:
        ``reference="ctrl"``, ``initial_sessions=20``.

    Returns
    -------
    Study
        What was found; where `failures` has any, some recordings are not in it.

    Raises
    ------
    NothingUsableError
        If no recording could be analysed. Nothing is written then.
    CanonicaError
        If the table or a setting makes no sense, or the folder holds anything but earlier results
        that may be replaced.

    See Also
    --------
    open_study : All of it again, lazily.
    canonica.summary : The table of quantities, from results in memory.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from canonica.recordings import Reading, write
    >>> from canonica.simulate import culture
    >>> folder = Path(mkdtemp())
    >>> for seed in (2, 3):
    ...     write(folder / f"{seed}.mat", culture(seed, sessions=12, trials_per_session=64))
    >>> rows = [{"file": f"{folder}/{n}.mat", "condition": c} for n, c in ((2, "a"), (3, "b"))]
    >>> found = study(
    ...     rows, folder / "out", model="ridge", reading=Reading(trials_per_session=64)
    ... )
    >>> found.table.condition.tolist(), found.comparisons[0].what
    (['a', 'b'], 'b')
    """
    rows, chosen = _asked_for(table, settings, changed)
    store = StudyStore(Path(out) / KEPT)
    earlier = (Path(out) / SUMMARY).is_file()
    _check_unfinished(store, resume=resume, overwrite=overwrite)
    with results_folder(Path(out), overwrite=overwrite or (resume and earlier)) as folder:
        if not resume:
            shutil.rmtree(store.folder, ignore_errors=True)
        elif earlier:
            _take_up(Path(out), store)
        log = StudyLog(store.folder / LOG, progress)
        try:
            with opened_executor(cluster) as executor, folder_aside(Path(out)) as aside:
                found = _done(rows, chosen, store, log, jobs=jobs, aside=aside, executor=executor)
            found.files += [REPORT] if report else []
            _write(found, rows, store, folder, log, figure_format=figure_format)
            if report:
                write_page(folder, progress)
        except BaseException:
            if not any(store.folder.glob("*.nc")):  # nothing worth going on with
                shutil.rmtree(store.folder, ignore_errors=True)
            raise
    shutil.rmtree(store.folder, ignore_errors=True)
    return found


def _asked_for(
    table: Any, settings: StudySettings | None, changed: Mapping[str, Any]
) -> tuple[list[StudyRow], StudySettings]:
    """Return the rows and settings of a table, or of the file of an earlier study."""
    if isinstance(table, str | os.PathLike) and Path(table).suffix == ".toml":
        earlier, rows = read_study_file(Path(table))
        chosen = settings or earlier
    else:
        rows, chosen = study_rows(table), settings or StudySettings()
    known = {one.name for one in fields(chosen)}
    of_protocol = {one.name for one in fields(chosen.protocol)}
    unknown = sorted(set(changed) - known - of_protocol)
    if unknown:
        raise CanonicaError(
            f"settings: found {listed(unknown)}; expected names among "
            f"{listed(sorted(known | of_protocol), 30)}."
        )
    protocol = replace(
        changed.get("protocol", chosen.protocol),
        **{name: value for name, value in changed.items() if name in of_protocol},
    )
    own = {name: value for name, value in changed.items() if name in known}
    chosen = replace(chosen, **own | {"protocol": protocol})
    if chosen.model not in FORECAST_MODELS:
        raise CanonicaError(
            f"model: found {chosen.model!r}; expected one of {listed(FORECAST_MODELS, 20)}."
        )
    unknown = sorted(set(chosen.quantities) - set(QUANTITIES))
    if unknown:
        raise CanonicaError(
            f"quantities: found {listed(unknown)}; expected names among {listed(QUANTITIES, 30)}."
        )
    return rows, chosen


def _check_unfinished(store: StudyStore, *, resume: bool, overwrite: bool) -> None:
    there = store.folder.is_dir()
    out = store.folder.parent
    if there and not (resume or overwrite):
        raise CanonicaError(
            f"out: found an unfinished study in {shown(out)}; expected none. Add --resume "
            "(resume=True) to go on with it, or --overwrite (overwrite=True) to start anew."
        )
    if resume and not (there or (out / SUMMARY).is_file()):
        raise CanonicaError(
            f"resume: found no study in {shown(out)} to go on with; expected one. Leave out "
            "--resume, or check the folder."
        )


def _take_up(out: Path, store: StudyStore) -> None:
    """Put what an earlier study in the folder has done where its results can be found by key."""
    store.folder.mkdir(parents=True, exist_ok=True)
    for path in out.glob("*.nc"):
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            key, part = (dataset.attrs.get(name) for name in ("study_key", "study_part"))
        if key is not None and part in PARTS:
            shutil.copyfile(path, store.path(str(key), str(part)))


def _done(
    rows: Sequence[StudyRow],
    settings: StudySettings,
    store: StudyStore,
    log: StudyLog,
    *,
    jobs: int | None,
    aside: Path,
    executor: Executor,
) -> Study:
    """Return the study, every culture's result being in the store."""
    kept = [row for row in rows if not row.excluded]
    cultures, failures = study_recordings(
        kept,
        protocol=settings.protocol,
        reading=settings.reading,
        jobs=jobs,
        progress=log,
        folder=aside,
    )
    if not cultures:
        raise NothingUsableError("nothing could be analysed, and nothing was written.", failures)
    labels = [_labels(one) for one in cultures]
    design = StudyDesign.of(
        pd.DataFrame(labels), reference=settings.reference, groupings=settings.groupings
    )
    found = Study(settings, design, pd.DataFrame(), failures=failures)
    found.excluded = [row.said for row in rows if row.excluded]
    baseline = settings.baseline_with(design.reference)
    if isinstance(baseline, BaselineFrom) and baseline.condition not in design.conditions:
        raise CanonicaError(
            f"baseline_from: found {baseline.condition!r}; expected one of the conditions "
            f"{listed(design.conditions)}, or own."
        )
    work = CultureWork(settings, baseline, store, log, executor)
    quantities = work.quantities(cultures)
    found.failures += work.failures
    found.gone_on = work.gone_on
    found.table = pd.DataFrame(
        [label | quantities[one.name] for label, one in zip(labels, cultures, strict=True)
         if one.name in quantities]
    )  # fmt: skip
    if found.table.empty:
        raise NothingUsableError(
            "nothing could be analysed, and nothing was written.", found.failures
        )
    found.design = StudyDesign.of(
        found.table,
        reference=settings.reference if settings.reference in set(found.table.condition) else None,
        groupings=settings.groupings,
    )
    stage = Stage(log, "Comparing conditions", 1)
    found.comparisons = compare_conditions(
        found.table, found.design, quantities=settings.quantities or None, seed=settings.seed
    )
    stage.advance()
    for failure in found.failures:
        log.line(f"failed: {failure}")
    return found


def _labels(one: StudyCulture) -> dict[str, Any]:
    said = one.row.labels
    return (
        {"name": one.name, "condition": one.condition}
        | {name: said.get(name) for name in LABELS}
        | {"dose": one.row.dose, "table_row": one.row.number}
    )


def _write(
    found: Study,
    rows: Iterable[StudyRow],
    store: StudyStore,
    folder: Path,
    log: StudyLog,
    *,
    figure_format: FigureFormat,
) -> None:
    for name, key in zip(found.table["name"], found.table["study_key"], strict=True):
        for part, ending in ENDINGS.items():
            shutil.copyfile(store.path(key, part), folder / f"{name}.{ending}")
            found.files.append(f"{name}.{ending}")
    _write_tables(found, folder)
    picture = f"{FIGURE}.{figure_format}"
    figure = estimation_figure(found.table, found.comparisons, found.design)
    write_figure(figure, folder / picture, figure_format)
    write_study_file(folder / SETTINGS, found.settings, list(rows))
    log.line(
        f"done: {how_many(len(found.table), 'culture')}, {how_many(len(found.failures), 'failure')}"
    )
    shutil.copyfile(log.path, folder / LOG)
    found.files += [picture, SETTINGS, LOG]
    contents = {
        "settings": found.settings.said
        | {"protocol": found.settings.protocol.settings, "reading": found.settings.reading.given},
        "design": asdict(found.design),
        "baseline_warning": found.baseline_warning,
        "inferences": found.inferences,
        "conclusions": found.sentences,
        "cultures": len(found.table),
        "excluded": found.excluded,
        "failures": failure_rows(found.failures),
    }
    write_summary(folder, "study", contents, found.files)


def _write_tables(found: Study, folder: Path) -> None:
    # As text that a spreadsheet takes for text; Parquet as it is.
    found.table.map(cell).to_csv(folder / f"{TABLE}.csv", index=False)
    found.table.to_parquet(folder / f"{TABLE}.parquet", index=False)
    found.files += [f"{TABLE}.csv", f"{TABLE}.parquet"]
    if not found.comparisons:
        return
    compared = [asdict(one) | {"conclusion": one.sentence} for one in found.comparisons]
    write_rows(folder / f"{COMPARISONS}.csv", compared)
    text = json.dumps(compared, indent=2, allow_nan=False)
    (folder / f"{COMPARISONS}.json").write_text(text + "\n", encoding="utf-8")
    found.files += [f"{COMPARISONS}.csv", f"{COMPARISONS}.json"]
