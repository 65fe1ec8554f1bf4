"""Decisions in a result of the maze experiment."""

import numpy as np
import xarray as xr

from canonica._errors import CanonicaError, listed
from canonica.agents.worlds._maze import MOVES


def observed_decisions(result: xr.Dataset) -> xr.Dataset:
    """Return the decisions in a result of `maze_experiment`, as `decision_log` gives them."""
    missing = {"decision_count", "policy_moves", "steps", "reached"} - set(result)
    if missing:
        raise CanonicaError(
            f"result: found no {listed(sorted(missing))}; expected a result of maze_experiment."
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
