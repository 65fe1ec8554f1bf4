"""Tasks that networks with lesions live through: one kind a file."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from canonica._arguments import checked_arguments
from canonica._checks import described, refusal
from canonica.studies.lesions.tasks._bandit_task import BanditTask
from canonica.studies.lesions.tasks._maze_task import GoalTask
from canonica.studies.lesions.tasks._separation_task import SeparationTask
from canonica.studies.lesions.tasks._t_maze_task import TMazeTask
from canonica.studies.lesions.tasks._task import Measure, Task

TASKS: Mapping[str, type[Any]] = MappingProxyType(
    {kind.name: kind for kind in (SeparationTask, TMazeTask, BanditTask, GoalTask)}
)
"""Every kind of task, by its name."""


@checked_arguments
def task_named(task: str | Task) -> Task:
    """Return the task of that name, with its own sizes; or the task, where it is one.

    Raises
    ------
    CanonicaError
        If there is none.

    Examples
    --------
    >>> task_named("bandit").pulls
    100
    """
    if isinstance(task, Task):
        return task
    if not isinstance(task, str) or task not in TASKS:
        raise refusal("task", described(task), f"a Task, or one of {', '.join(TASKS)}")
    return TASKS[task]()


__all__ = [
    "TASKS",
    "BanditTask",
    "GoalTask",
    "Measure",
    "SeparationTask",
    "TMazeTask",
    "Task",
    "task_named",
]
