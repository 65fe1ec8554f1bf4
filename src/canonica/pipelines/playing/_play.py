"""An agent that learns a Gymnasium environment, to a folder of results; interrupted, it goes on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import gymnasium
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_choice, checked_seed, checked_size
from canonica._files import AnyPath, sha256
from canonica.agents import Acts, Knowledge, PlanningAgent, QLearningAgent, RandomAgent, agent_for
from canonica.agents.experiments import play as played
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines.playing._environments import environment_named, options_by_name
from canonica.pipelines.playing._film import film_of
from canonica.pipelines.playing._unfinished_run import UnfinishedRun, knowledge_in
from canonica.pipelines.results._results_files import write_netcdf, write_rows, write_summary
from canonica.pipelines.results._results_folder import results_folder
from canonica.pipelines.results._unfinished import UNFINISHED
from canonica.report import FigureFormat, play_figure, write_figure, write_frames

Rival: TypeAlias = Literal["random", "q-learning"]

AT_ONCE = 10  # episodes between two looks at the clock


@dataclass(frozen=True)
class PlayRun:
    """How agents did in an environment, and what was written.

    Parameters
    ----------
    result : xarray.Dataset
        (agent, episode): `reward`, `steps`, `terminated`; canonica's agent first.
    knowledge : Knowledge
        What it learned.
    remembers : str
        What it found worth remembering.
    no_film : str or None
        Why there is no film of an episode.
    files : list of str
        Names of the files in the folder, but for summary.json.
    """

    result: xr.Dataset
    knowledge: Knowledge
    remembers: str
    no_film: str | None
    files: list[str]


@checked_arguments
def play(
    environment: str,
    out: AnyPath,
    *,
    options: Mapping[str, Any] | Sequence[str] = (),
    episodes: int = 200,
    agent: AnyPath | None = None,
    against: Sequence[Rival] = ("random", "q-learning"),
    seed: int = 0,
    max_steps: int = 10_000,
    film: bool = True,
    resume: bool = False,
    figure_format: FigureFormat = "png",
    overwrite: bool = False,
    progress: Told | None = None,
) -> PlayRun:
    """Let canonica's default agent learn a Gymnasium environment, and write it to a folder.

    Does what `canonica play` does, and writes the same files: play.nc, episodes.csv, play.png,
    agent.npz (what it learned, to go on with), a film of one more episode where the environment
    draws pictures, and summary.json. Where it is interrupted, what has been learned stays in the
    folder, out of sight, and a call with `resume` goes on with it and finds the same.

    Parameters
    ----------
    environment : str
        As `gymnasium.make` takes it: ``FrozenLake-v1``, or ``module:Name-v0``.
    out : path-like
        Folder for the results; made if it is not there.
    options : mapping, or sequence of str
        Given to `gymnasium.make`: ``{"is_slippery": False}``, or ``["is_slippery=false"]``.
    episodes : int
        How many.
    agent : path-like, optional
        A file of what an agent learned before; otherwise it knows nothing.
    against : sequence of "random" or "q-learning"
        Who plays beside it, as many episodes.
    seed : int
        Decides everything random.
    max_steps : int
        After which an episode is cut, where no time limit does.
    film : bool
        Whether to draw one more episode.
    resume : bool
        Whether to go on with an unfinished run, if the folder has one.
    figure_format : "png", "pdf" or "svg", optional
        Of the figure.
    overwrite : bool, optional
        Whether earlier results in the folder, or an unfinished run, may be replaced.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.

    Returns
    -------
    PlayRun
        What was found.

    Raises
    ------
    CanonicaError
        If the environment cannot be made, its spaces are not of symbols, a setting is out of
        range, or the folder holds anything but earlier results that may be replaced.

    See Also
    --------
    canonica.agents.agent_for : The agent, for loops of your own.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> found = play(
    ...     "FrozenLake-v1", mkdtemp(), options={"is_slippery": False}, episodes=60, film=False
    ... )
    >>> float(found.result.reward.sel(agent="canonica")[-10:].mean())
    1.0
    """
    known = None if agent is None else knowledge_in(agent)
    settings = {
        "environment": environment,
        "options": options_by_name(options),
        "episodes": checked_size("episodes", episodes),
        "agent": None if agent is None else str(agent),
        "agent_sha256": None if agent is None else sha256(Path(agent)),
        "against": [checked_choice("against", one, ("random", "q-learning")) for one in against],
        "seed": checked_seed(seed),
        "max_steps": checked_size("max_steps", max_steps),
    }
    world = environment_named(environment, settings["options"])
    _ = agent_for(world, knowledge=known)  # refused before anything is written, if it is
    run = UnfinishedRun(Path(out) / UNFINISHED, settings)
    run.check(resume=resume, overwrite=overwrite)
    with results_folder(Path(out), overwrite=overwrite) as folder:
        run.prepare(resume=resume)
        learner, own = _learned(world, known, run, settings, Stage(progress, "Episodes", episodes))
        beside = {
            name: played(
                _rival(name, world, settings["seed"]),
                world,
                episodes=episodes,
                seed=settings["seed"],
                max_steps=max_steps,
                progress=Stage(progress, f"Episodes of {name}", episodes),
            )
            for name in settings["against"]
        }
        result = _together({"canonica": own, **beside})
        files, no_film = _write(
            result, learner, settings, folder, figure_format, film=film, limit=max_steps
        )
        contents = {
            "settings": settings,
            "found": {
                "states": learner.states,
                "actions": learner.actions,
                "steps": learner.steps,
                "remembers": learner.remembers,
                "reward": _summary_rows(result),
                "no_film": no_film,
            },
        }
        write_summary(folder, "play", contents, files)
        found = PlayRun(result, learner.knowledge, learner.remembers, no_film, files)
    run.remove()
    return found


@checked_arguments
def unfinished_play(out: AnyPath) -> int | None:
    """Return how many episodes of an unfinished run are kept in a folder.

    Parameters
    ----------
    out : path-like
        As it was given to `play`.

    Returns
    -------
    int or None
        None where there is nothing to go on with.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says, or what is kept was damaged.

    Examples
    --------
    >>> unfinished_play("nowhere") is None
    True
    """
    file = Path(out) / UNFINISHED / "agent.npz"
    return knowledge_in(file).episodes if file.is_file() else None


def _learned(
    world: gymnasium.Env,
    known: Knowledge | None,
    run: UnfinishedRun,
    settings: dict[str, Any],
    stage: Stage,
) -> tuple[PlanningAgent, xr.Dataset]:
    """Return the agent after all episodes, and how they went."""
    before = 0 if known is None else known.episodes
    parts: list[xr.Dataset] = []
    kept = run.kept()
    if kept is not None:
        known, episodes = kept
        parts.append(episodes.isel(episode=slice(known.episodes - before)))
    learner = agent_for(world, seed=settings["seed"], knowledge=known)
    done, total = sum(part.sizes["episode"] for part in parts), settings["episodes"]
    try:
        while done < total:
            more = min(AT_ONCE, total - done)
            parts.append(
                played(
                    learner,
                    world,
                    episodes=more,
                    seed=settings["seed"],
                    first=before + done + 1,
                    max_steps=settings["max_steps"],
                )
            )
            done += more
            stage(done, total)
            run.keep(learner, xr.concat(parts, "episode", combine_attrs="override"))
    except (KeyboardInterrupt, SystemExit):
        if run.kept() is None:  # nothing worth going on with
            run.remove()
        raise
    return learner, xr.concat(parts, "episode", combine_attrs="override")


def _rival(name: str, world: gymnasium.Env, seed: int) -> Acts:
    return RandomAgent(world, seed) if name == "random" else QLearningAgent(world, seed=seed)


def _together(each: Mapping[str, xr.Dataset]) -> xr.Dataset:
    first = next(iter(each.values())).episode
    aligned = [one.assign_coords(episode=first) for one in each.values()]
    return xr.concat(aligned, xr.Variable("agent", list(each)), combine_attrs="override")


def _write(
    result: xr.Dataset,
    learner: PlanningAgent,
    settings: dict[str, Any],
    folder: Path,
    figure_format: FigureFormat,
    *,
    film: bool,
    limit: int,
) -> tuple[list[str], str | None]:
    """Return the names of the files that were written, and why there is no film."""
    picture = f"play.{figure_format}"
    write_netcdf(result, folder / "play.nc")
    write_rows(folder / "episodes.csv", _episode_rows(result))
    write_figure(play_figure(result), folder / picture, figure_format)
    learner.save(folder / "agent.npz")
    files = ["play.nc", "episodes.csv", picture, "agent.npz"]
    if not film:
        return files, "none was asked for"
    frames, why = film_of(learner, settings, limit)
    if frames:
        write_frames(frames, folder / "last.gif")
        files.append("last.gif")
    return files, why


def _episode_rows(result: xr.Dataset) -> list[dict[str, Any]]:
    return [
        {
            "agent": agent,
            "episode": episode,
            **{name: result[name].values[k, t] for name in ("reward", "steps", "terminated")},
        }
        for k, agent in enumerate(result["agent"].values)
        for t, episode in enumerate(result["episode"].values)
    ]


def _summary_rows(result: xr.Dataset) -> dict[str, dict[str, float]]:
    tenth = max(result.sizes["episode"] // 10, 1)
    return {
        str(agent): {
            "first tenth": float(result["reward"].sel(agent=agent)[:tenth].mean()),
            "last tenth": float(result["reward"].sel(agent=agent)[-tenth:].mean()),
        }
        for agent in result["agent"].values
    }
