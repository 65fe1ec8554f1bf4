"""Decisions in a result of the maze experiment."""

import numpy as np
import xarray as xr

from canonica._checks import check_dims
from canonica.agents.worlds._maze import MOVES


def observed_decisions(result: xr.Dataset) -> xr.Dataset:
    """Return the decisions in a result of `maze_experiment`, as `decision_log` gives them.

    Parameters
    ----------
    result : xarray.Dataset
        Of `maze_experiment`.

    Returns
    -------
    xarray.Dataset
        `move_count` (agent, trial, move), `policy_count` (agent, trial, policy), `steps` and
        `reached` (agent, trial).

    Raises
    ------
    CanonicaError
        If it is no such result.
    """
    check_dims(
        "result",
        result,
        {
            "decision_count": ("maze", "trial", "policy"),
            "policy_moves": ("policy", "place_in_policy"),
            "steps": ("maze", "trial"),
            "reached": ("maze", "trial"),
        },
    )
    first = result["policy_moves"].to_numpy()[:, 0]
    begins = (first[:, None] == np.arange(len(MOVES))).astype(np.int64)
    policies = result["decision_count"].transpose("maze", "trial", "policy").to_numpy()
    each = ("agent", "trial")
    return xr.Dataset(
        {
            "move_count": ((*each, "move"), policies @ begins),
            "policy_count": ((*each, "policy"), policies),
            "steps": (each, result["steps"].transpose("maze", "trial").to_numpy()),
            "reached": (each, result["reached"].transpose("maze", "trial").to_numpy()),
        },
        {
            "agent": [f"maze {number}" for number in result["maze"].to_numpy()],
            "trial": result["trial"].to_numpy(),
            "move": list(MOVES),
        },
        result.attrs,
    )
