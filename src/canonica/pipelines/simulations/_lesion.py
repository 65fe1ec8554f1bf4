"""What lesions do, to a folder of results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import refusal
from canonica._files import AnyPath
from canonica.lesions import LESIONS, lesion_named
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines.executors._opened import ClusterLike
from canonica.pipelines.results._kept_pieces import resumable_folder
from canonica.pipelines.results._results_files import write_netcdf, write_rows, write_summary
from canonica.pipelines.results._results_folder import results_folder
from canonica.report import (
    FigureFormat,
    dose_response_figure,
    phase_diagram_figure,
    restoration_figure,
    signatures_figure,
    write_figure,
)
from canonica.studies import lesions as study
from canonica.studies.lesions import tasks
from canonica.studies.lesions.tasks import Task

Row = dict[str, Any]
OPTIONS = ("acute", "sessions", "trials")  # sizes of tasks that a person may ask for


@dataclass(frozen=True)
class LesionRun:
    """What lesions did, and what was written.

    Parameters
    ----------
    result : xarray.Dataset
        Of `canonica.studies.lesions`: `dose_response`, `phase_diagram` or `restoration`.
    rows : list of dict
        For the terminal.
    files : list of str
        Names of the files in the folder, but for summary.json.
    """

    result: xr.Dataset
    rows: list[Row]
    files: list[str]

    @property
    def idle(self) -> list[str]:
        """Names of lesions that changed no network at any dose."""
        changed = {row["lesion"] for row in self.rows if row.get("difference")}
        names = dict.fromkeys(row["lesion"] for row in self.rows if "lesion" in row)
        return [name for name in names if name not in changed]


@checked_arguments
def lesion_kinds() -> list[Row]:
    """Return what each lesion acts on, with its neutral strength and usual doses, as text.

    Examples
    --------
    >>> lesion_kinds()[0]["lesion"]
    'state prior'
    """
    return [
        {
            "lesion": kind.name,
            "symbol": kind.symbol,
            "acts on": kind.acts_on,
            "neutral": f"{kind.neutral:g}",
            "doses": " ".join(f"{dose:g}" for dose in kind.doses),
        }
        for kind in LESIONS.values()
    ]


@checked_arguments
def lesion_task(
    task: str, *, acute: bool = False, sessions: int | None = None, trials: int | None = None
) -> Task:
    """Return a task of `canonica.studies.lesions.tasks`, of sizes that a person asks for.

    Parameters
    ----------
    task : str
        "separation", "t-maze", "bandit" or "maze".
    acute, sessions
        Of the separation task: whether the lesion comes after intact learning; how many sessions,
        of which the last quarter is measured.
    trials : int, optional
        Of the other tasks; the last quarter is measured.

    Raises
    ------
    CanonicaError
        If there is no such task, or a size is not one of it.

    Examples
    --------
    >>> lesion_task("bandit", trials=8).measured_trials
    2
    """
    kind = type(tasks.task_named(task))
    sizes: dict[str, int | bool] = {"acute": True} if acute else {}
    if sessions is not None:
        sizes |= {"sessions": sessions, "measured_sessions": max(1, sessions // 4)}
    if trials is not None:
        sizes |= {"trials": trials, "measured_trials": max(1, trials // 4)}
    known = {field.name for field in fields(kind)}
    strange = next((size for size in sizes if size in OPTIONS and size not in known), None)
    if strange:
        raise refusal(strange, f"it with the task {task}", "a size that this task has")
    return kind(**sizes)


@checked_arguments
def lesion(
    out: AnyPath,
    names: Sequence[str] | None = None,
    *,
    task: str | Task = "separation",
    doses: Mapping[str, Sequence[float]] | None = None,
    networks: int = 20,
    seed: int = 0,
    figure_format: FigureFormat = "png",
    resume: bool = False,
    overwrite: bool = False,
    cluster: ClusterLike = None,
    progress: Told | None = None,
) -> LesionRun:
    """Measure what lesions do to perception, learning and action, and write it to a folder.

    Does what `canonica lesion run` does, and writes the same files: lesion.nc, signatures.csv,
    dose-response.png, signatures.png and summary.json.

    Parameters
    ----------
    out : path-like
        Folder for the results; made if it is not there.
    names : sequence of str
        Lesions, by name; all by default.
    task, doses, networks
        As in `canonica.studies.lesions.dose_response`.
    seed : int
        Decides everything random.
    figure_format : "png", "pdf" or "svg", optional
        Of the figures.
    resume : bool, optional
        Whether to go on with an interrupted run.
    overwrite : bool, optional
        Whether earlier results in the folder may be replaced.
    cluster : str, path-like or distributed.Client, optional
        Whose workers measure the networks, as in `study`; this process by default.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.

    Returns
    -------
    LesionRun
        What was found; its rows are the signatures of each lesion's doses.

    Raises
    ------
    CanonicaError
        If a lesion, task or number is none, or the folder holds anything but earlier results that
        may be replaced.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from canonica.studies.lesions.tasks import SeparationTask
    >>> small = SeparationTask(sessions=2, trials_per_session=16, measured_sessions=1)
    >>> lesion(mkdtemp(), ["state prior"], task=small, networks=2).files
    ['lesion.nc', 'signatures.csv', 'dose-response.png', 'signatures.png']
    """
    with resumable_folder(Path(out), resume=resume, overwrite=overwrite, cluster=cluster) as (
        folder,
        maker,
    ):
        result = study.dose_response(
            seed,
            tuple(LESIONS) if names is None else names,
            task=task,
            doses={lesion_named(name).name: each for name, each in (doses or {}).items()},
            networks=networks,
            maker=maker,
            progress=Stage(progress, "Networks with lesions: points"),
        )
        found = study.signatures(result)
        rows = _signature_rows(found)
        pictures = [f"dose-response.{figure_format}", f"signatures.{figure_format}"]
        run = LesionRun(result, rows, ["lesion.nc", "signatures.csv", *pictures])
        write_netcdf(result, folder / "lesion.nc")
        write_rows(folder / "signatures.csv", rows)
        for name, figure in zip(
            pictures, (dose_response_figure(result), signatures_figure(found)), strict=True
        ):
            write_figure(figure, folder / name, figure_format)
        write_summary(folder, "lesion run", _contents(result), run.files)
    return run


@checked_arguments
def lesion_diagram(
    out: AnyPath,
    first: str,
    second: str,
    *,
    task: str | Task = "separation",
    first_strengths: Sequence[float] | None = None,
    second_strengths: Sequence[float] | None = None,
    networks: int = 20,
    seed: int = 0,
    figure_format: FigureFormat = "png",
    resume: bool = False,
    overwrite: bool = False,
    cluster: ClusterLike = None,
    progress: Told | None = None,
) -> LesionRun:
    """Measure what two lesions do together, on a grid, and write it to a folder.

    Does what `canonica lesion diagram` does, and writes the same files: diagram.nc, diagram.csv,
    diagram.png and summary.json.

    Parameters
    ----------
    out : path-like
        Folder for the results; made if it is not there.
    first, second : str
        Lesions, by name.
    task, first_strengths, second_strengths, networks
        As in `canonica.studies.lesions.phase_diagram`.
    seed, figure_format, resume, overwrite, cluster, progress
        As in `lesion`.

    Returns
    -------
    LesionRun
        What was found; a row for each measure that the figure shows says at which level its
        boundary lies, and how much of the diagram is surely beyond it.

    Raises
    ------
    CanonicaError
        As in `lesion`.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from canonica.studies.lesions.tasks import SeparationTask
    >>> small = SeparationTask(sessions=2, trials_per_session=16, measured_sessions=1)
    >>> lesion_diagram(mkdtemp(), "state prior", "plasticity", task=small, networks=2).files
    ['diagram.nc', 'diagram.csv', 'diagram.png']
    """
    with resumable_folder(Path(out), resume=resume, overwrite=overwrite, cluster=cluster) as (
        folder,
        maker,
    ):
        result = study.phase_diagram(
            seed,
            first,
            second,
            task=task,
            first_strengths=first_strengths,
            second_strengths=second_strengths,
            networks=networks,
            maker=maker,
            progress=Stage(progress, "Networks with two lesions: points"),
        )
        borders = [study.boundary(result, name) for name in result.attrs["pictured"].split()]
        rows = [_boundary_row(border) for border in borders]
        run = LesionRun(result, rows, ["diagram.nc", "diagram.csv", f"diagram.{figure_format}"])
        write_netcdf(result, folder / "diagram.nc")
        write_rows(folder / "diagram.csv", _cells(result, borders))
        write_figure(phase_diagram_figure(borders), folder / run.files[-1], figure_format)
        write_summary(folder, "lesion diagram", {**_contents(result), "rows": rows}, run.files)
    return run


@checked_arguments
def lesion_restored(
    out: AnyPath,
    names: Sequence[str] = ("policy precision", "plasticity"),
    *,
    restored_after: int = 20,
    networks: int = 20,
    seed: int = 0,
    figure_format: FigureFormat = "png",
    overwrite: bool = False,
    progress: Told | None = None,
) -> LesionRun:
    """Undo lesions in the middle of learning a bandit, and write what comes back to a folder.

    Does what `canonica lesion restore` does, and writes the same files: restored.nc,
    restored.png and summary.json.

    Parameters
    ----------
    out : path-like
        Folder for the results; made if it is not there.
    names, restored_after, networks
        As in `canonica.studies.lesions.restoration`.
    seed, figure_format, overwrite, progress
        As in `lesion`.

    Returns
    -------
    LesionRun
        What was found; rows give the share of rewarded pulls before and after.

    Raises
    ------
    CanonicaError
        As in `lesion`.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> lesion_restored(mkdtemp(), restored_after=2, networks=2).files
    ['restored.nc', 'restored.png']
    """
    with results_folder(Path(out), overwrite=overwrite) as folder:
        result = study.restoration(
            seed,
            names,
            restored_after=restored_after,
            networks=networks,
            progress=Stage(progress, "Kinds of agents"),
        )
        rows = _restored_rows(result)
        run = LesionRun(result, rows, ["restored.nc", f"restored.{figure_format}"])
        write_netcdf(result, folder / "restored.nc")
        write_figure(restoration_figure(result), folder / run.files[-1], figure_format)
        write_summary(folder, "lesion restore", {**_contents(result), "rows": rows}, run.files)
    return run


def _contents(result: xr.Dataset) -> Row:
    settings = {
        name: value
        for name, value in result.attrs.items()
        if not name.endswith("version") and name != "pictured"
    }
    return {"settings": {**settings, "networks": result.sizes["network"]}}


def _signature_rows(found: xr.Dataset) -> list[Row]:
    """Return a row for each dose and measure, but for the intact networks themselves."""
    return [
        {
            "lesion": str(point["lesion"].item()),
            "strength": float(point["strength"]),
            "measure": str(one["measure"].item()),
            "intact": float(one["intact"]),
            "difference": float(one["difference"]),
            **_limits(one),
            "effect": float(one["effect"]),
        }
        for point in (found.isel(point=number) for number in range(1, found.sizes["point"]))
        for one in (point.isel(measure=number) for number in range(found.sizes["measure"]))
    ]


def _limits(one: xr.Dataset) -> Row:
    """Return both ends of an interval, empty where there were too few networks for one."""
    ends = {"low": float(one["low"]), "high": float(one["high"])}
    return {name: None if np.isnan(value) else value for name, value in ends.items()}


def _boundary_row(border: xr.Dataset) -> Row:
    probability = border["probability"].to_numpy()
    return {
        "measure": border.attrs["measure"],
        "intact": border.attrs["intact"],
        "boundary at": border.attrs["level"],
        "surely within": float((probability < 0.05).mean()),  # noqa: PLR2004  (nominal 5 %)
        "surely beyond": float((probability > 0.95).mean()),  # noqa: PLR2004
    }


def _cells(result: xr.Dataset, borders: Sequence[xr.Dataset]) -> list[Row]:
    first, second = result.attrs["first_lesion"], result.attrs["second_lesion"]
    return [
        {
            first: float(one),
            second: float(other),
            "measure": border.attrs["measure"],
            "mean": float(border["mean"][i, k]),
            "boundary": border.attrs["level"],
            "probability beyond": float(border["probability"][i, k]),
        }
        for border in borders
        for i, one in enumerate(result["first"].to_numpy())
        for k, other in enumerate(result["second"].to_numpy())
    ]


def _restored_rows(result: xr.Dataset) -> list[Row]:
    turn = int(result.attrs["restored_after"])
    mean = result["reward"].mean("network")
    return [
        {
            "agents": str(name),
            "strength": float(mean["strength"].sel(lesion=name)),
            f"trial {turn}, with the lesion": float(mean.sel(lesion=name, trial=turn)),
            f"trial {turn + 1}, without": float(mean.sel(lesion=name, trial=turn + 1)),
            "last trial": float(mean.sel(lesion=name).isel(trial=-1)),
        }
        for name in mean["lesion"].to_numpy()
    ]
