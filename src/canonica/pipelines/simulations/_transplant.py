"""Decision priors read from behaviour and given to fresh agents, to a folder of results."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError
from canonica._files import AnyPath, sha256, shown
from canonica.agents import experiments
from canonica.agents.experiments import (
    PRIORS_RIGHT,
    By,
    decision_log,
    is_store,
    legible_block,
    transplant_summary,
)
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines.executors._opened import ClusterLike
from canonica.pipelines.results._results_files import write_netcdf, write_rows, write_summary
from canonica.pipelines.results._resumable_runs import kept_trials, resumable_runs
from canonica.pipelines.simulations._learning_rows import (
    bounds_or_none,
    learning_rows,
    number_or_none,
)
from canonica.report import FigureFormat, transplant_figure, write_figure

FRESH = "fresh"  # the folder of their unfinished run, where the others were observed


@dataclass(frozen=True)
class TransplantRun:
    """What fresh agents did with the decision priors of others, and what was written.

    Parameters
    ----------
    result : xarray.Dataset
        Of `canonica.agents.transplant`.
    summary : xarray.Dataset
        Of `canonica.agents.transplant_summary`, by blocks of trials.
    files : list of str
        Names of the files in the folder, but for summary.json.
    """

    result: xr.Dataset
    summary: xr.Dataset
    files: list[str]


@checked_arguments
def transplant(
    out: AnyPath,
    source: AnyPath | None = None,
    *,
    prior_right: Sequence[float] | None = None,
    estimation_trials: int = 1,
    by: By = "first_move",
    mazes: int | None = None,
    trials: int | None = None,
    max_steps: int | None = None,
    height: int | None = None,
    width: int | None = None,
    window: int | None = None,
    seed: int | None = None,
    resume: bool = False,
    figure_format: FigureFormat = "png",
    overwrite: bool = False,
    cluster: ClusterLike = None,
    progress: Told | None = None,
) -> TransplantRun:
    """Foretell how agents learn from their decisions alone, and write it to a folder.

    Does what `canonica maze transplant` does, and writes the same files: transplant.nc,
    transplant.csv, transplant.png and summary.json.

    Parameters
    ----------
    out : path-like
        Folder for the results; made if it is not there.
    source : path-like, optional
        Whose decisions: a result of `maze` (.nc), or a log (.csv) as `canonica.agents.decision_log`
        describes it. Without it, agents for several priors are simulated first.
    prior_right : sequence of float, optional
        Prior e of the agents that are simulated first; 0.15, 0.25 and 0.35 by default.
    estimation_trials, by, mazes, trials, max_steps, height, width, window, seed
        As in `canonica.agents.transplant`, or `transplant_study` without a source.
    resume : bool, optional
        Whether to go on with an unfinished run, if the folder has one.
    figure_format : "png", "pdf" or "svg", optional
        Of the figures.
    overwrite : bool, optional
        Whether earlier results in the folder, or an unfinished run, may be replaced.
    cluster : str, path-like or distributed.Client, optional
        Whose workers run the mazes, as in `maze`.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.

    Returns
    -------
    TransplantRun
        What was found.

    Raises
    ------
    CanonicaError
        If the source is nothing of the kind, a setting is out of range, the folder holds
        anything but earlier results that may be replaced, or an unfinished run by other settings
        or versions, or nobody answers for the cluster.

    References
    ----------
    [CB22] Isomura, Shimazaki & Friston, Communications Biology 5:55, 2022, Fig. 5.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> small = {"max_steps": 60, "height": 7, "width": 9, "window": 5}
    >>> found = transplant(mkdtemp(), prior_right=[0.25], mazes=2, trials=3, **small)
    >>> found.result["group"].values.tolist()
    ['e = 0.25']
    """
    settings = {
        "estimation_trials": estimation_trials,
        "by": by,
        "mazes": mazes,
        "trials": trials,
        "max_steps": max_steps,
        "height": height,
        "width": width,
        "window": window,
        "seed": seed,
    }
    given: dict[str, Any] = {name: one for name, one in settings.items() if one is not None}
    path = None if source is None else Path(source)
    if path is not None and prior_right:
        raise CanonicaError(
            f"prior_right: found it together with {shown(path)}; expected one of them. "
            "Leave the file out to simulate agents first."
        )
    with resumable_runs(Path(out), resume=resume, overwrite=overwrite, cluster=cluster) as runs:
        if is_store(runs.store):
            raise CanonicaError(
                f"resume: found an unfinished run of canonica maze in {shown(Path(out))}; expected "
                "one of a transplant. Choose another folder."
            )
        work = {"maker": runs.maker, "progress": Stage(progress, "Trials")}
        if path is None:
            e = list(prior_right or PRIORS_RIGHT)
            result, inputs = experiments.transplant_study(e, store=runs.store, **work, **given), []
            given["prior_right"] = e
        else:
            inputs = [{"file": shown(path), "sha256": sha256(path)}] if path.is_file() else []
            result = experiments.transplant(
                _observed(path, max_steps), store=runs.store / FRESH, **work, **given
            )
        summary = transplant_summary(result, block=legible_block(result.sizes["trial"]))
        found = TransplantRun(result, summary, _write(result, summary, runs.folder, figure_format))
        contents = {"settings": given, "groups": _groups(found), "input_files": inputs}
        write_summary(runs.folder, "maze transplant", contents, found.files)
    return found


@checked_arguments
def unfinished_transplant(out: AnyPath) -> int | None:
    """Return how many trials of an unfinished transplant are kept in a folder.

    Parameters
    ----------
    out : path-like
        As it was given to `transplant`.

    Returns
    -------
    int or None
        None where there is nothing to go on with.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.

    Examples
    --------
    >>> unfinished_transplant("nowhere") is None
    True
    """
    return sum(done for done, _ in kept_trials(Path(out))) or None


def _observed(source: Path, max_steps: int | None) -> xr.Dataset:
    """Return a result, or a log, whichever the file is."""
    if not source.is_file():
        raise CanonicaError(
            f"{shown(source)}: found no such file; expected a result of canonica maze (.nc) or a "
            "decision log (.csv)."
        )
    if source.suffix.lower() != ".nc":
        return decision_log(source, **({} if max_steps is None else {"max_steps": max_steps}))
    try:
        with xr.open_dataset(source, engine="h5netcdf") as file:
            return file.load()
    except (OSError, ValueError, KeyError) as error:
        raise CanonicaError(
            f"{shown(source)}: found no NetCDF file ({error}); expected a result of canonica maze."
        ) from error


def _write(
    result: xr.Dataset, summary: xr.Dataset, folder: Path, figure_format: FigureFormat
) -> list[str]:
    """Return the names of the files that were written."""
    write_netcdf(result, folder / "transplant.nc")
    write_rows(folder / "transplant.csv", _rows(result))
    picture = f"transplant.{figure_format}"
    write_figure(transplant_figure(result, summary), folder / picture, figure_format)
    return ["transplant.nc", "transplant.csv", picture]


def _groups(found: TransplantRun) -> list[dict[str, Any]]:
    return [
        _group(found.result.isel(group=k), found.summary.isel(group=k))
        for k in range(found.result.sizes["group"])
    ]


def _group(found: xr.Dataset, summary: xr.Dataset) -> dict[str, Any]:
    moves = found["estimated_first_move"].mean("agent")
    return {
        "group": str(found["group"].item()),
        "true_prior_right": number_or_none(found["true_prior_right"]),
        "estimated_prior_right": number_or_none(summary["estimated_prior_right"]),
        "estimated_prior_right_interval": bounds_or_none(summary["estimated_prior_right_interval"]),
        "estimated_first_move": {
            str(move): float(moves.sel(move=move)) for move in moves["move"].to_numpy()
        },
        "decisions_observed": int(found["decisions_observed"].sum()),
        **{
            kind: learning_rows(summary, f"{kind}_")
            for kind in ("predicted", "observed", "difference")
        },
    }


def _rows(found: xr.Dataset) -> Iterable[dict[str, Any]]:
    for k, group in enumerate(found["group"].to_numpy()):
        one = found.isel(group=k)
        for kind, dim in (("predicted", "maze"), ("observed", "agent")):
            steps, reached = (
                one[f"{kind}_{part}"].transpose(dim, "trial").to_numpy()
                for part in ("steps", "reached")
            )
            for unit, name in enumerate(one[dim].to_numpy()):
                for t, trial in enumerate(one["trial"].to_numpy()):
                    if np.isnan(steps[unit, t]):
                        continue
                    yield {
                        "group": group,
                        "kind": kind,
                        "agent": f"maze {name}" if dim == "maze" else name,
                        "trial": trial,
                        "steps": int(steps[unit, t]),
                        "reached": bool(reached[unit, t]),
                    }
