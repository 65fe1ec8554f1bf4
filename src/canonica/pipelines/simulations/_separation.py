"""Networks that separate the sources of their stimuli, to a folder of results."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from canonica import simulate
from canonica._arguments import checked_arguments
from canonica._files import AnyPath
from canonica.model import ExpectationForm
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines.executors._opened import ClusterLike
from canonica.pipelines.results._kept_pieces import resumable_folder
from canonica.pipelines.results._results_files import write_netcdf, write_summary
from canonica.report import FigureFormat, separation_figure, write_figure

LAST_SESSIONS = 10
SEPARATED = 0.5  # by which the correlation with the own source exceeds any other, from which on


@dataclass(frozen=True)
class SeparationRun:
    """How networks came to separate sources, and what was written.

    Parameters
    ----------
    result : xarray.Dataset
        Of `canonica.simulate.separation`.
    rows : list of dict
        For each state prior how well its networks separate in the last sessions.
    files : list of str
        Names of the files in the folder, but for summary.json.
    """

    result: xr.Dataset
    rows: list[dict[str, float]]
    files: list[str]

    @property
    def last_sessions(self) -> int:
        """How many sessions the rows are about."""
        return min(LAST_SESSIONS, self.result.sizes["session"])


@checked_arguments
def separation(
    out: AnyPath,
    *,
    state_prior: Sequence[float] = (0.2, 0.5, 0.8),
    samples: int = 100,
    sessions: int = 100,
    trials_per_session: int = 256,
    sources: int = 2,
    inputs: int = 32,
    mixing: float = 0.75,
    correlation: float = 0.0,
    switching: float = 0.5,
    repeated: bool = False,
    form: ExpectationForm = "canonical",
    seed: int = 0,
    figure_format: FigureFormat = "png",
    resume: bool = False,
    overwrite: bool = False,
    cluster: ClusterLike = None,
    progress: Told | None = None,
) -> SeparationRun:
    """Watch networks separate the sources of their stimuli, and write it to a folder.

    Does what `canonica simulate separation` does, and writes the same files: separation.nc,
    separation.png and summary.json.

    Parameters
    ----------
    out : path-like
        Folder for the results; made if it is not there.
    state_prior, samples, sessions, trials_per_session, sources, inputs, mixing, correlation
        As in `canonica.simulate.separation`.
    switching, repeated, form, seed
        As in `canonica.simulate.separation`.
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
    SeparationRun
        What was found.

    Raises
    ------
    CanonicaError
        If a setting is out of range, the folder holds anything but earlier results that may be
        replaced, or an interrupted run, or nobody answers for the cluster.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023, Fig. 2.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> small = {"samples": 2, "sessions": 4, "trials_per_session": 32}
    >>> separation(mkdtemp(), state_prior=[0.5], **small).files
    ['separation.nc', 'separation.png']
    """
    settings = {
        "seed": seed,
        "state_prior": list(state_prior),
        "samples": samples,
        "sessions": sessions,
        "trials_per_session": trials_per_session,
        "sources": sources,
        "inputs": inputs,
        "mixing": mixing,
        "correlation": correlation,
        "switching": switching,
        "repeated": repeated,
        "form": form,
    }
    with resumable_folder(Path(out), resume=resume, overwrite=overwrite, cluster=cluster) as (
        folder,
        maker,
    ):
        stage = Stage(progress, "Networks that learn")
        result = simulate.separation(**settings, maker=maker, progress=stage)
        rows = [_row(result, prior) for prior in result["state_prior"].to_numpy()]
        found = SeparationRun(result, rows, ["separation.nc", f"separation.{figure_format}"])
        write_netcdf(result, folder / "separation.nc")
        picture = folder / f"separation.{figure_format}"
        write_figure(separation_figure(result), picture, figure_format)
        contents = {
            "settings": settings,
            "separated_where_correlation_exceeds_others_by": SEPARATED,
            "priors": rows,
        }
        write_summary(folder, "simulate separation", contents, found.files)
    return found


def _row(found: xr.Dataset, prior: float) -> dict[str, float]:
    """Return one row of the table: how well the networks of one prior separate.

    One has separated its sources where every posterior follows its own source more than any
    other, by a clear margin.
    """
    part = found.sel(state_prior=prior)
    last = part["correlation"].isel(session=slice(-LAST_SESSIONS, None)).mean("session")
    values = last.transpose("sample", "state", "source").to_numpy()
    states, sources = values.shape[1:]
    own = np.diagonal(values, axis1=1, axis2=2)
    others = values[:, ~np.eye(states, sources, dtype=bool)]
    rivals = np.where(np.eye(states, sources, dtype=bool), 0, values).max(axis=2)
    row = {
        "D[1]": float(prior),
        "networks": len(values),
        "separated": float((own - rivals > SEPARATED).all(axis=1).mean()),
        "r, own source": float(np.median(own)),
    }
    if others.size:
        row["r, other sources"] = float(np.median(others))
    free_energy = part["free_energy"].median("sample").to_numpy()
    return row | {
        "F, first session": float(free_energy[0]),
        "F, last session": float(free_energy[-1]),
    }
