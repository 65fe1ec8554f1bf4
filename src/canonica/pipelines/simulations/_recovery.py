"""Networks whose truth is known, reverse-engineered, to a folder of results."""

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from canonica import studies
from canonica._arguments import checked_arguments
from canonica._files import AnyPath
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines.executors._opened import ClusterLike
from canonica.pipelines.results._kept_pieces import resumable_folder
from canonica.pipelines.results._results_files import write_netcdf, write_summary
from canonica.report import FigureFormat, recovery_figure, write_figure
from canonica.studies import recovery_summary

Row = dict[str, str | float]


@dataclass(frozen=True)
class RecoveryRun:
    """What the published estimator makes of networks, and what was written.

    Parameters
    ----------
    result : xarray.Dataset
        Of `canonica.studies.recovery`.
    summary : xarray.Dataset
        Of `canonica.studies.recovery_summary`.
    rows : list of dict
        Slope, spread and coverage of estimated strengths, by noise, activity and what is assumed.
    files : list of str
        Names of the files in the folder, but for summary.json.
    """

    result: xr.Dataset
    summary: xr.Dataset
    rows: list[Row]
    files: list[str]


@checked_arguments
def recovery(
    out: AnyPath,
    *,
    draws: int = 1000,
    sessions: int = 20,
    trials_per_session: int = 256,
    sources: int = 2,
    inputs: int = 32,
    seed: int = 0,
    figure_format: FigureFormat = "png",
    resume: bool = False,
    overwrite: bool = False,
    cluster: ClusterLike = None,
    progress: Told | None = None,
) -> RecoveryRun:
    """Check the published estimator on networks whose truth is known, and write it to a folder.

    Does what `canonica simulate recovery` does, and writes the same files: recovery.nc,
    recovery.png and summary.json.

    Parameters
    ----------
    out : path-like
        Folder for the results; made if it is not there.
    draws, sessions, trials_per_session, sources, inputs, seed
        As in `canonica.studies.recovery`.
    figure_format : "png", "pdf" or "svg", optional
        Of the figures.
    resume : bool, optional
        Whether to go on with an interrupted run.
    overwrite : bool, optional
        Whether earlier results in the folder, or an interrupted run, may be replaced.
    cluster : str, path-like or distributed.Client, optional
        Whose workers simulate the networks, as in `study`; this process by default.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.

    Returns
    -------
    RecoveryRun
        What was found.

    Raises
    ------
    CanonicaError
        If a setting is out of range, the folder holds anything but earlier results that may be
        replaced, or an interrupted run, or nobody answers for the cluster.

    Examples
    --------
    >>> found = recovery("recovered", draws=16)  # doctest: +SKIP
    """
    with resumable_folder(Path(out), resume=resume, overwrite=overwrite, cluster=cluster) as (
        folder,
        maker,
    ):
        result = studies.recovery(
            seed,
            draws=draws,
            sessions=sessions,
            trials_per_session=trials_per_session,
            sources=sources,
            inputs=inputs,
            maker=maker,
            progress=Stage(progress, "Networks"),
        )
        summary = recovery_summary(result)
        rows = [
            _row(summary, noise, activity, assumed)
            for noise in summary["noise"].to_numpy()
            for activity in summary["activity"].to_numpy()
            for assumed in summary["assumed"].to_numpy()
        ]
        found = RecoveryRun(result, summary, rows, ["recovery.nc", f"recovery.{figure_format}"])
        write_netcdf(result, folder / "recovery.nc")
        picture = folder / f"recovery.{figure_format}"
        write_figure(recovery_figure(result), picture, figure_format)
        settings = {
            "seed": seed,
            "draws": draws,
            "sessions": sessions,
            "trials_per_session": trials_per_session,
            "sources": sources,
            "inputs": inputs,
        }
        contents = {"settings": settings, "strengths": rows}
        write_summary(folder, "simulate recovery", contents, found.files)
    return found


def _row(summary: xr.Dataset, noise: float, activity: str, assumed: str) -> Row:
    one = summary.sel(noise=noise, activity=activity, assumed=assumed)
    coverage = one["strength_coverage"].sel(interval="residuals")
    return {
        "noise": float(noise),
        "activity": str(activity),
        "assumed": str(assumed),
        "slope": float(one["strength_slope"]),
        "spread": float(one["strength_spread"]),
        "in 95 % interval": float(coverage),
    }
