"""Runs of agents in mazes, to their end: on the cores of this machine, or by whoever is asked."""

from collections.abc import Callable, Sequence

from canonica._pieces import Maker
from canonica.agents.experiments.maze._agent_in_maze import AgentInMaze
from canonica.agents.experiments.maze._all_cores import on_all_cores
from canonica.agents.experiments.maze._as_pieces import as_pieces
from canonica.agents.experiments.maze._experiment_store import Arrays, ExperimentStore
from canonica.agents.experiments.maze._resumable_run import ResumableRun
from canonica.agents.worlds._maze_task import MazeTask

Progress = Callable[[int, int], None]


def finished_runs(
    agents: Sequence[AgentInMaze],
    task: MazeTask,
    trials: int,
    *,
    store: ExperimentStore | None = None,
    maker: Maker | None = None,
    progress: Progress | None = None,
) -> list[Arrays]:
    """Return what each pair found, trial by trial; call it in float64.

    Parameters
    ----------
    agents : sequence of AgentInMaze
        Agents of one structure, mazes of one size.
    task, trials
        Keys and time; how many trials each.
    store, maker, progress
        As in `maze_experiment`.

    Returns
    -------
    list of dict
        For each pair arrays with an entry for each trial: `steps`, `reached`, `risk`, `accuracy`,
        `complexity`, `decision_free_energy`, `free_energy` and `decision_count`.
    """
    runs = [
        ResumableRun(pair, task, trials, store, keep_last=k == 0) for k, pair in enumerate(agents)
    ]
    total, done = trials * len(runs), sum(run.done for run in runs)
    if progress is not None:
        progress(done, total)
    unfinished = [run for run in runs if run.done < trials]
    if unfinished:
        at_work = on_all_cores(unfinished) if maker is None else as_pieces(unfinished, maker)
        with at_work as ended:
            for more in ended:
                done += more
                if progress is not None:
                    progress(done, total)
    return [run.results() for run in runs]
