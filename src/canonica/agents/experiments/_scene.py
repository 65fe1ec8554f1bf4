"""What an agent saw, believed and planned in a trial that was recorded, for pictures of it."""

import numpy as np
import xarray as xr
from jaxtyping import Int

from canonica._checks import checked_kind, checked_size
from canonica._errors import CanonicaError
from canonica._provenance import versions
from canonica.agents.experiments._meeting import check_meeting
from canonica.agents.experiments._record import Record
from canonica.agents.experiments._replay import RecordedTrial, replayed
from canonica.agents.network._agent import Agent
from canonica.agents.network._agent_state import AgentState
from canonica.agents.worlds._maze import MOVES, Maze

FRAMES = 200
FRAMES_ADVICE = "The first and the last decision are always shown."


def scene(
    agent: Agent,
    state: AgentState,
    maze: Maze,
    record: Record | None,
    steps: int,
    *,
    frames: int = FRAMES,
    trial: int = 1,
) -> xr.Dataset:
    """Return what the agent saw, believed and planned at moments of a recorded trial.

    The trial is gone through once more, decisions as recorded, so that beliefs are those the
    agent had; only some moments are kept of it, evenly spread.

    Parameters
    ----------
    agent : Agent
        Who acted.
    state : AgentState
        At the start of that trial, as it was given to `trial`.
    maze : Maze
        Where.
    record : Record
        From `trial` with ``record=True``.
    steps : int
        Moves that were made.
    frames : int
        Moments to keep at most, 2 at least; the first and the last decision are always among them.
    trial : int
        Which trial it was, to be said in titles.

    Returns
    -------
    xarray.Dataset
        ``walls`` (row, column) of the maze; ``path_row`` and ``path_column`` (step), the position
        after so many moves; and for each frame the moves made by then, ``frame_step``, what is
        seen, ``observation``, and the posterior expectation of the hidden states of the window,
        ``belief``, both (frame, seen_row, seen_column); ``move_probability`` (frame, move), with
        which the policy under way was drawn by its first move; ``plan`` (frame, place_in_policy),
        the moves of that policy, and ``plan_made`` (frame), how many of them had been made before.
        Attributes: trial, steps, whether the goal was reached, its row and column, window, and
        versions.

    Raises
    ------
    CanonicaError
        If nothing was recorded, or what was recorded did not happen in this maze.

    References
    ----------
    [CB22] Fig. 4; section 5 of the theory.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> from canonica.agents import Maze, Record, maze_agent, maze_walls
    >>> maze = Maze(maze_walls(jax.random.key(0), height=7, width=9), window=5)
    >>> agent = maze_agent(maze)

    A record comes from ``trial(agent, state, maze, key, max_steps=20000, record=True)``; this is
    one by hand, of a single move to the right:

    >>> record = Record(*map(jnp.array, ([maze.start], [255], [3], [0.0])))
    >>> found = scene(agent, agent.init(), maze, record, steps=1)
    >>> found["move_probability"].values.round(2).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    if record is None:
        raise CanonicaError("record: found none. Run the trial with `record=True`.")
    frames = checked_size("frames", frames, least=2, advice=FRAMES_ADVICE)
    trial = checked_size("trial", trial)
    steps = checked_size("steps", steps)
    checked_kind("maze", maze, Maze, "a Maze")
    check_meeting(agent, maze)
    checked_kind("state", state, AgentState, "an AgentState: agent.init()")
    checked_kind("record", record, Record, "a Record: trial(..., record=True)")
    place, move = _lived_places(maze, record, steps)
    moments = _spread(int(steps), frames)
    padded = np.append(moments, np.full(frames - len(moments), moments[-1]))
    recorded = RecordedTrial(record.place, record.policy, record.risk)
    belief, probability = replayed(agent, state, maze, recorded, padded)
    kept = slice(len(moments))
    last = int(np.asarray(maze.next_place)[place[-1], move[-1]])
    places = np.append(place, last)
    seen = np.asarray(maze.views, float)[place[moments]]
    window = maze.window
    shape = (len(moments), window, window)
    moving = MOVES if maze.moves == len(MOVES) else [str(k + 1) for k in range(maze.moves)]
    per_frame = ("frame", "seen_row", "seen_column")
    plan = np.asarray(agent.policies)[np.asarray(record.policy)[moments]]
    found = xr.Dataset(
        {
            "walls": (("row", "column"), np.asarray(maze.walls)),
            "path_row": ("step", np.asarray(maze.rows, np.int64)[places]),
            "path_column": ("step", np.asarray(maze.columns, np.int64)[places]),
            "frame_step": ("frame", moments),
            "observation": (per_frame, seen.reshape(shape)),
            "belief": (per_frame, belief[kept, : window**2].astype(float).reshape(shape)),
            "move_probability": (("frame", "move"), probability[kept].astype(float)),
            "plan": (("frame", "place_in_policy"), plan),
            "plan_made": ("frame", moments % agent.moves_made),
        },
        coords={
            "step": np.arange(len(places)),
            "frame": np.arange(1, len(moments) + 1),
            "move": list(moving),
        },
        attrs={
            "trial": trial,
            "steps": int(steps),
            "reached": int(last == maze.goal),
            "goal_row": int(maze.goal_row),
            "goal_column": int(maze.columns[maze.goal]),
            "window": window,
            **versions(),
        },
    )
    return _described(found)


def _described(found: xr.Dataset) -> xr.Dataset:
    for name, (units, words) in {
        "walls": ("1", "where there is a wall"),
        "path_row": ("cell", "row after so many moves"),
        "path_column": ("cell", "column after so many moves"),
        "frame_step": ("move", "moves made before the frame"),
        "observation": ("1", "what is seen: 1 is wall"),
        "belief": ("1", "posterior expectation of the hidden states of the window"),
        "move_probability": ("1", "probability of the first move of the policy drawn"),
        "plan": ("1", "moves of the policy under way"),
        "plan_made": ("move", "moves of it that had been made before"),
    }.items():
        found[name].attrs.update(units=units, long_name=words)
    return found


def _spread(steps: int, frames: int) -> Int[np.ndarray, " frame"]:
    """Return which steps become frames: the first, the last, and others evenly between."""
    return np.unique(np.linspace(0, steps - 1, frames).round().astype(np.int32))


def _lived_places(
    maze: Maze, record: Record, steps: int
) -> tuple[Int[np.ndarray, " step"], Int[np.ndarray, " step"]]:
    """Return where the agent was and what it did, once that is known to fit the maze."""
    if not 1 <= steps <= len(record.move):
        raise CanonicaError(
            f"steps: found {steps}; expected 1 to {len(record.move)}, the steps recorded."
        )
    place, move = np.asarray(record.place)[:steps], np.asarray(record.move)[:steps]
    following = np.asarray(maze.next_place)
    fits = place.max() < len(following) and place[0] == maze.start
    if not fits or (following[place[:-1], move[:-1]] != place[1:]).any():
        raise CanonicaError(
            "record: found moves that this maze does not allow; expected a trial in this maze."
        )
    return place, move
