"""Agents that learn to leave mazes, to a folder of results; interrupted, it can go on."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from canonica._arguments import checked_arguments
from canonica._files import AnyPath
from canonica.agents.experiments import (
    AgentName,
    learning_summary,
    legible_block,
    maze_experiment,
    published_comparison,
    recorded_trials,
)
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines.executors._opened import ClusterLike
from canonica.pipelines.results._results_files import write_netcdf, write_rows, write_summary
from canonica.pipelines.results._resumable_runs import kept_trials, resumable_runs
from canonica.pipelines.simulations._animations import Animation, check_animation
from canonica.pipelines.simulations._learning_rows import learning_rows
from canonica.report import (
    FigureFormat,
    maze_figure,
    scene_figure,
    write_figure,
    write_scene_animation,
)


@dataclass(frozen=True)
class MazeRun:
    """What agents in mazes did, and what was written.

    Parameters
    ----------
    result : xarray.Dataset
        Of `canonica.agents.maze_experiment`.
    summary : xarray.Dataset
        Of `canonica.agents.learning_summary`, by blocks of trials.
    comparison : list of dict
        Of `canonica.agents.published_comparison`: empty for settings that were not published.
    files : list of str
        Names of the files in the folder, but for summary.json.
    """

    result: xr.Dataset
    summary: xr.Dataset
    comparison: list[dict[str, Any]]
    files: list[str]


@checked_arguments
def maze(
    out: AnyPath,
    *,
    agent: AgentName = "published",
    prior_right: float = 0.25,
    mazes: int = 20,
    trials: int = 100,
    max_steps: int = 20_000,
    height: int = 19,
    width: int = 99,
    window: int = 11,
    seed: int = 0,
    animation: Animation = "gif",
    resume: bool = False,
    figure_format: FigureFormat = "png",
    overwrite: bool = False,
    cluster: ClusterLike = None,
    progress: Told | None = None,
) -> MazeRun:
    """Watch agents learn to leave mazes, compare with what was published, write it to a folder.

    Does what `canonica maze` does, and writes the same files: maze.nc, trials.csv, maze.png,
    trial.png, an animation and summary.json. Where the keyboard or a signal interrupts it, what
    has been computed stays in the folder, out of sight; `unfinished_maze` says how much, and a
    call with `resume` goes on with it and finds the same.

    Parameters
    ----------
    out : path-like
        Folder for the results; made if it is not there.
    agent, prior_right, mazes, trials, max_steps, height, width, window, seed
        As in `canonica.agents.maze_experiment`.
    animation : "gif", "mp4" or "none", optional
        Of the last trial in the first maze.
    resume : bool, optional
        Whether to go on with an unfinished run, if the folder has one.
    figure_format : "png", "pdf" or "svg", optional
        Of the figures.
    overwrite : bool, optional
        Whether earlier results in the folder, or an unfinished run, may be replaced.
    cluster : str, path-like or distributed.Client, optional
        Whose workers run the mazes, as in `study`; by default this process, on all cores. A run
        that was interrupted on either goes on with the other.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.

    Returns
    -------
    MazeRun
        What was found.

    Raises
    ------
    CanonicaError
        If a setting is out of range, the folder holds anything but earlier results that may be
        replaced, or an unfinished run by other settings or versions, or nobody answers for the
        cluster.

    References
    ----------
    [CB22] Isomura, Shimazaki & Friston, Communications Biology 5:55, 2022, Figs. 4 and 5.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> small = {"max_steps": 60, "height": 7, "width": 9, "window": 5}
    >>> found = maze(mkdtemp(), mazes=2, trials=3, **small, animation="none")
    >>> found.files
    ['maze.nc', 'trials.csv', 'maze.png', 'trial.png']
    """
    check_animation(animation)
    settings = {
        "agent": agent,
        "prior_right": prior_right,
        "mazes": mazes,
        "trials": trials,
        "max_steps": max_steps,
        "height": height,
        "width": width,
        "window": window,
        "seed": seed,
    }
    with resumable_runs(Path(out), resume=resume, overwrite=overwrite, cluster=cluster) as runs:
        result = maze_experiment(
            **settings, store=runs.store, maker=runs.maker, progress=Stage(progress, "Trials")
        )
        found = MazeRun(
            result,
            learning_summary(result, block=legible_block(result.sizes["trial"])),
            published_comparison(result),
            _write(
                result,
                runs.store,
                runs.folder,
                animation,
                figure_format=figure_format,
                stage=Stage(progress, "Drawing", 3),
            ),
        )
        contents = {"blocks": learning_rows(found.summary), "published": found.comparison}
        write_summary(runs.folder, "maze", {"settings": settings, **contents}, found.files)
    return found


@checked_arguments
def unfinished_maze(out: AnyPath) -> tuple[int, int] | None:
    """Return how many trials of an unfinished run are kept in a folder, and how many it will have.

    Parameters
    ----------
    out : path-like
        As it was given to `maze`.

    Returns
    -------
    (int, int) or None
        None where there is nothing to go on with.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.

    Examples
    --------
    >>> unfinished_maze("nowhere") is None
    True
    """
    for done, total in kept_trials(Path(out)):
        return (done, total) if done else None
    return None


def _write(
    result: xr.Dataset,
    store: Path,
    folder: Path,
    animation: Animation,
    *,
    figure_format: FigureFormat,
    stage: Stage,
) -> list[str]:
    """Return the names of the files that were written."""
    write_netcdf(result, folder / "maze.nc")
    write_rows(folder / "trials.csv", _trial_rows(result))
    curves, trials = f"maze.{figure_format}", f"trial.{figure_format}"
    write_figure(maze_figure(result), folder / curves, figure_format)
    files = ["maze.nc", "trials.csv", curves, trials]
    stage.advance()
    first, last = recorded_trials(store)
    write_figure(scene_figure(first, last), folder / trials, figure_format)
    stage.advance()
    if animation != "none":
        write_scene_animation(last, folder / f"trial.{animation}")
        files.append(f"trial.{animation}")
    stage.advance()
    return files


def _trial_rows(result: xr.Dataset) -> Iterable[dict[str, Any]]:
    numbers = {
        name: result[name].transpose("maze", "trial").to_numpy()
        for name in (
            "steps",
            "reached",
            "risk",
            "free_energy",
            "accuracy",
            "complexity",
            "decision_free_energy",
        )
    }
    moves = result["first_move_frequency"].transpose("maze", "trial", "move").to_numpy()
    names = [f"first_move_{move}" for move in result["move"].to_numpy()]
    for k, maze in enumerate(result["maze"].to_numpy()):
        for t, trial in enumerate(result["trial"].to_numpy()):
            yield {
                "maze": maze,
                "trial": trial,
                **{name: values[k, t] for name, values in numbers.items()},
                **dict(zip(names, moves[k, t], strict=True)),
                "shortest_path": result["shortest_path"].to_numpy()[k],
            }
