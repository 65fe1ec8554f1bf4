"""Learning as a path down the landscape of the cost, to a folder of results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica import simulate
from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError, RecordingError, listed
from canonica._files import AnyPath, sha256, shown
from canonica.pipelines._nothing_usable import NothingUsableError
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines._recording_files import each_recording, every_file
from canonica.pipelines.results._results_files import failure_rows, write_netcdf, write_summary
from canonica.pipelines.results._results_folder import results_folder
from canonica.pipelines.results._unique_names import UniqueNames
from canonica.pipelines.simulations._animations import Animation, check_animation
from canonica.recordings import Experiment, Reading, recording_files
from canonica.report import FigureFormat, landscape_figure, write_animation, write_figure
from canonica.reverse_engineering import (
    EnsembleResponse,
    PublishedProtocol,
    attempt,
    ensemble_response,
    results,
)

SIMULATED, TRIALS_PER_SESSION = "simulated", 256
Row = dict[str, str | float]


@dataclass
class LandscapeRun:
    """Landscapes, the paths on them, and what was written.

    Parameters
    ----------
    results : dict of str to xarray.Dataset
        Of `canonica.simulate.landscape`, by condition.
    failures : list of RecordingError
        What could not be read or analysed.
    rows : list of dict
        Where the path of each ensemble ends, by condition.
    files : list of str
        Names of the files in the folder, but for summary.json.
    """

    results: dict[str, xr.Dataset]
    failures: list[RecordingError]
    rows: list[Row] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


@checked_arguments
def landscape(
    out: AnyPath,
    paths: AnyPath | Sequence[AnyPath] = (),
    *,
    samples: int = 20,
    sessions: int = 100,
    trials_per_session: int | None = None,
    sources: int = 2,
    inputs: int = 32,
    mixing: float = 0.75,
    state_prior: float = 0.5,
    seed: int = 0,
    reading: Reading | None = None,
    animation: Animation = "gif",
    figure_format: FigureFormat = "png",
    overwrite: bool = False,
    progress: Told | None = None,
) -> LandscapeRun:
    """See learning as a path down the landscape of the cost, and write it to a folder.

    Does what `canonica simulate landscape` does, and writes the same files: one NetCDF file, one
    figure and one animation for simulated networks, or for each condition of recordings; and
    summary.json.

    Parameters
    ----------
    out : path-like
        Folder for the results; made if it is not there.
    paths : path-like or sequence of path-like, optional
        Recordings whose reverse-engineered weights make the paths, as in `analyze`; without any,
        networks are simulated.
    samples, sessions, trials_per_session, sources, inputs, mixing, state_prior, seed
        Of the simulation: as in `canonica.simulate.simulated_landscape`.
    reading : Reading, optional
        How to read recordings, where they do not say so; by default `trials_per_session`, where
        it is given, and no more.
    animation : "gif", "mp4" or "none", optional
        Of the paths as they grow.
    figure_format : "png", "pdf" or "svg", optional
        Of the figures.
    overwrite : bool, optional
        Whether earlier results in the folder may be replaced.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.

    Returns
    -------
    LandscapeRun
        What was found; where `failures` has any, some recordings are not in it.

    Raises
    ------
    NothingUsableError
        If there are recordings, and none could be analysed. Nothing is written then.
    CanonicaError
        If a setting is out of range, or the folder holds anything but earlier results that may be
        replaced.

    References
    ----------
    [NC20] Isomura & Friston, Neural Computation 32(11), 2020, Fig. 2; [NC23] Fig. 3.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> small = {"samples": 2, "sessions": 4, "trials_per_session": 32}
    >>> landscape(mkdtemp(), **small, animation="none").files
    ['simulated.nc', 'simulated.png']
    """
    check_animation(animation)
    reading = reading or Reading(trials_per_session=trials_per_session)
    files = recording_files(paths, reading) if paths else []
    with results_folder(Path(out), overwrite=overwrite) as folder:
        settings: dict[str, Any]
        if files:
            found = LandscapeRun(*_of_recordings(files, reading, progress))
            settings = {"reading": reading.given, **PublishedProtocol().settings}
        else:
            settings = {
                "seed": seed,
                "samples": samples,
                "sessions": sessions,
                "trials_per_session": trials_per_session or TRIALS_PER_SESSION,
                "sources": sources,
                "inputs": inputs,
                "mixing": mixing,
                "state_prior": state_prior,
            }
            stage = Stage(progress, "Networks that learn", 1)
            found = LandscapeRun({SIMULATED: simulate.simulated_landscape(**settings)}, [])
            stage.advance()
        if not found.results:
            raise NothingUsableError(
                "nothing could be analysed, and nothing was written.", found.failures
            )
        _write(found, folder, animation, figure_format, progress)
        contents = {
            "settings": settings,
            "paths": found.rows,
            "input_files": [
                {"file": shown(file), "sha256": sha256(file)}
                for file in every_file(files)
                if file.is_file()
            ],
            "failures": failure_rows(found.failures),
        }
        write_summary(folder, "simulate landscape", contents, found.files)
    return found


def _write(
    found: LandscapeRun,
    folder: Path,
    animation: Animation,
    figure_format: FigureFormat,
    progress: Told | None,
) -> None:
    stage = Stage(progress, "Drawing", len(found.results))
    names = UniqueNames()
    for condition, result in found.results.items():
        name = names.unique(condition)
        found.files += _write_one(result, condition, folder / name, animation, figure_format)
        found.rows += _rows(condition, result)
        stage.advance()


def _of_recordings(
    files: Sequence[Path | Experiment], reading: Reading, progress: Told | None
) -> tuple[dict[str, xr.Dataset], list[RecordingError]]:
    """Return the landscape of every condition, and what could not be analysed."""
    protocol = PublishedProtocol()
    ensembles: dict[int, EnsembleResponse] = {}
    failures: list[RecordingError] = []
    stage = Stage(progress, "Reading recordings", len(files))
    for path in files:
        for one in each_recording(path, reading, stage):
            reduced = (
                one
                if isinstance(one, RecordingError)
                else attempt(ensemble_response, one, protocol)
            )
            if isinstance(reduced, RecordingError):
                failures.append(reduced)
            else:
                ensembles[len(ensembles)] = reduced
        stage.advance()
    found: dict[str, list[tuple[EnsembleResponse, xr.Dataset]]] = {}
    for key, result in results(ensembles, protocol, None):  # baselines by condition, as in analyze
        if isinstance(result, RecordingError):
            failures.append(result)
        else:
            kept = result[["excitatory_weight", "firing_threshold_factor", "response"]]
            found.setdefault(ensembles[key].condition, []).append((ensembles[key], kept))
    return {name: _landscape_of(name, members) for name, members in found.items()}, failures


def _landscape_of(
    condition: str, members: Sequence[tuple[EnsembleResponse, xr.Dataset]]
) -> xr.Dataset:
    """Return the landscape of cultures: all their stimuli, their mean state prior and activity."""
    analysed = [result for _, result in members]
    shapes = {(one.sizes["ensemble"], one.sizes["input"]) for one in analysed}
    if len(shapes) > 1:
        raise CanonicaError(
            f"condition {condition}: found recordings of different numbers of ensembles and inputs "
            f"({listed(sorted(shapes))}); expected one. Draw them in separate calls."
        )
    sessions = min(one.sizes["session"] for one in analysed)
    factors = [one["firing_threshold_factor"].sel(level=1).to_numpy() for one in analysed]
    found = simulate.landscape(
        np.concatenate([ensembles.stimuli for ensembles, _ in members]),
        np.stack([one["excitatory_weight"].to_numpy()[:sessions] for one in analysed]),
        state_prior=float(np.exp(factors).mean()),
        mean_activity=float(np.mean([one["response"].mean() for one in analysed])),
    )
    attrs = [one.attrs for one in analysed]
    per_recording = {
        name: ("network", [str(one.get(key, "")) for one in attrs])
        for name, key in (
            ("recording", "name"),
            ("input_file", "input_file"),
            ("input_sha256", "input_sha256"),
        )
    }
    provenance = {"condition": condition, **PublishedProtocol().settings}
    provenance |= {key: attrs[0][key] for key in ("baseline", "baseline_origin")}
    return found.assign_coords(per_recording).assign_attrs(provenance)


def _write_one(
    found: xr.Dataset, condition: str, path: Path, animation: str, figure_format: FigureFormat
) -> list[str]:
    count = found.sizes["network"]
    kind = "culture" if "recording" in found.coords else "network"
    title = f"{condition}: {count} {kind}{'s' if count > 1 else ''}"
    suffixes = ["nc", figure_format, *([] if animation == "none" else [animation])]
    data, picture, *moving = (path.with_name(f"{path.name}.{suffix}") for suffix in suffixes)
    write_netcdf(found, data)
    write_figure(landscape_figure(found, title), picture, figure_format)
    for file in moving:
        write_animation(found, title, file)
    return [file.name for file in (data, picture, *moving)]


def _rows(condition: str, found: xr.Dataset) -> list[Row]:
    path = found["path"].isel(session=-1).mean("network")
    return [
        {
            "condition": condition,
            "networks": found.sizes["network"],
            "ensemble": int(ensemble),
            "first block": float(path.sel(ensemble=ensemble, block="first")),
            "others": float(path.sel(ensemble=ensemble, block="second")),
        }
        for ensemble in found["ensemble"].to_numpy()
    ]
