"""Networks whose thresholds and synapses are perturbed, to a folder of results."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from canonica import simulate
from canonica._arguments import checked_arguments
from canonica._files import AnyPath
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines.executors._opened import ClusterLike
from canonica.pipelines.results._kept_pieces import resumable_folder
from canonica.pipelines.results._results_files import write_netcdf, write_summary
from canonica.report import FigureFormat, perturbation_figure, write_figure

Row = dict[str, str | float]


@dataclass(frozen=True)
class PerturbationRun:
    """How inference fails under perturbations, and what was written.

    Parameters
    ----------
    scores : xarray.Dataset
        Of `canonica.simulate.perturbation`.
    estimates : xarray.Dataset
        Of `canonica.simulate.alpha_from_activity`.
    score_rows : list of dict
        Correlations of posterior and source at the ends and the middle of both sweeps.
    estimate_rows : list of dict
        Median errors of each estimate of alpha, and of the trajectory it predicts.
    files : list of str
        Names of the files in the folder, but for summary.json.
    """

    scores: xr.Dataset
    estimates: xr.Dataset
    score_rows: list[Row]
    estimate_rows: list[Row]
    files: list[str]


@checked_arguments
def perturbation(
    out: AnyPath,
    *,
    samples: int = 20,
    sessions: int = 50,
    trials_per_session: int = 256,
    inputs: int = 32,
    mixing: float = 0.75,
    seed: int = 0,
    figure_format: FigureFormat = "png",
    resume: bool = False,
    overwrite: bool = False,
    cluster: ClusterLike = None,
    progress: Told | None = None,
) -> PerturbationRun:
    """Perturb threshold factors and synapses, see inference fail, and write it to a folder.

    Does what `canonica simulate perturbation` does, and writes the same files: perturbation.nc,
    alpha.nc, perturbation.png and summary.json.

    Parameters
    ----------
    out : path-like
        Folder for the results; made if it is not there.
    samples, sessions, trials_per_session, inputs, mixing, seed
        As in `canonica.simulate.perturbation` and `alpha_from_activity`.
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
    PerturbationRun
        What was found.

    Raises
    ------
    CanonicaError
        If a setting is out of range, the folder holds anything but earlier results that may be
        replaced, or an interrupted run, or nobody answers for the cluster.

    References
    ----------
    [NC20] Isomura & Friston, Neural Computation 32(11), 2020, Figs. 3 and 4.

    Examples
    --------
    >>> small = {"samples": 1, "sessions": 4, "trials_per_session": 32}
    >>> found = perturbation("perturbed", **small)  # doctest: +SKIP
    """
    world = {
        "sessions": sessions,
        "trials_per_session": trials_per_session,
        "inputs": inputs,
        "mixing": mixing,
    }
    with resumable_folder(Path(out), resume=resume, overwrite=overwrite, cluster=cluster) as (
        folder,
        maker,
    ):
        stage = Stage(progress, "Perturbed networks")
        scores = simulate.perturbation(seed, samples=samples, maker=maker, progress=stage, **world)
        stage = Stage(progress, "Alpha from activity", 1)
        estimates = simulate.alpha_from_activity(seed, maker=maker, **world)
        stage.advance()
        found = PerturbationRun(
            scores,
            estimates,
            [_score_row(kind, scores, value) for kind, value in _shown_perturbations(scores)],
            [_estimate_row(estimates, name) for name in estimates["estimate"].to_numpy()],
            ["perturbation.nc", "alpha.nc", f"perturbation.{figure_format}"],
        )
        write_netcdf(scores, folder / "perturbation.nc")
        write_netcdf(estimates, folder / "alpha.nc")
        picture = folder / f"perturbation.{figure_format}"
        write_figure(perturbation_figure(scores, estimates), picture, figure_format)
        contents = {
            "settings": {"seed": seed, "samples": samples, **world},
            "scores": found.score_rows,
            "estimates": found.estimate_rows,
        }
        write_summary(folder, "simulate perturbation", contents, found.files)
    return found


def _shown_perturbations(scores: xr.Dataset) -> list[tuple[str, float]]:
    """Return the ends and the middle of both sweeps."""
    return [
        (kind, float(scores[kind][index]))
        for kind in ("alpha", "beta")
        for index in sorted({0, scores.sizes[kind] // 2, scores.sizes[kind] - 1})
    ]


def _score_row(kind: str, scores: xr.Dataset, value: float) -> Row:
    values = scores[f"{kind}_correlation"].sel({kind: value})
    means = values.mean("sample").transpose("state", "source").to_numpy()
    own = np.eye(*means.shape, dtype=bool)
    row: Row = {
        "perturbation": f"{kind} = {value:g}",
        "r, own source": float(means[own].mean()),
    }
    return row | ({"r, other sources": float(means[~own].mean())} if (~own).any() else {})


def _estimate_row(estimates: xr.Dataset, name: str) -> Row:
    one = estimates.sel(estimate=name)
    true = xr.concat([one["first_alpha"], one["second_alpha"]], dim="ensemble", coords="minimal")
    error = abs(one["estimated_alpha"] - true.assign_coords(ensemble=[1, 2]))
    last = one["prediction_error"].isel(session=-1)
    return {
        "estimate": str(name),
        "error of alpha": float(error.median()),
        "trajectory error, last session": float(last.median()),
    }
