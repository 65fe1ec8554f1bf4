"""What a transplant found, labelled."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from canonica._provenance import versions
from canonica.agents.designs._maze_agent import POLICY_LENGTH
from canonica.agents.network._policies import sequences
from canonica.agents.worlds._maze import MOVES


def transplant_result(
    decisions: xr.Dataset,
    priors: Float[np.ndarray, "agent policy"],
    found: Sequence[Mapping[str, np.ndarray]],
    *,
    numbers: Int[np.ndarray, " maze"],
    donors: Int[np.ndarray, " maze"],
    name: str,
    settings: Mapping[str, Any],
) -> xr.Dataset:
    """Return predicted and observed trials, and the priors behind them, labelled."""
    steps, reached = (np.stack([one[part] for one in found]) for part in ("steps", "reached"))
    trials = steps.shape[1]

    def seen(part: str) -> Float[np.ndarray, "agent trial"]:
        values = decisions[part].transpose("agent", "trial").to_numpy()[:, :trials].astype(float)
        return np.pad(values, ((0, 0), (0, trials - values.shape[1])), constant_values=np.nan)

    first = sequences(len(MOVES), POLICY_LENGTH)[:, 0]
    by_first = np.stack([priors[:, first == move].sum(axis=1) for move in range(len(MOVES))], 1)
    given = slice(settings["estimation_trials"])
    variables = {
        "predicted_steps": (("maze", "trial"), steps, "predicted moves made"),
        "predicted_reached": (("maze", "trial"), reached, "whether the goal was reached"),
        "observed_steps": (("agent", "trial"), seen("steps"), "observed moves made"),
        "observed_reached": (("agent", "trial"), seen("reached"), "whether the goal was reached"),
        "donor": (("maze",), donors + 1, "number of the agent whose prior a fresh one has"),
        "estimated_decision_prior": (("agent", "policy"), priors, "decision prior E[1]"),
        "estimated_first_move": (("agent", "move"), by_first, "decision prior by first move"),
        "decisions_observed": (
            ("agent",),
            decisions["steps"].isel(trial=given).sum("trial").to_numpy().astype(np.int64),
            "decisions that the prior was estimated from",
        ),
        "true_prior_right": (
            (),
            float(decisions.attrs.get("prior_right", np.nan)),
            "prior probability of a move to the right, as given to the observed agents",
        ),
    }
    return xr.Dataset(
        {
            part: (("group", *dims), np.asarray(values)[None], {"long_name": text, "units": "1"})
            for part, (dims, values, text) in variables.items()
        },
        {
            "group": [name],
            "maze": numbers,
            "agent": decisions["agent"].to_numpy().astype(str),
            "trial": np.arange(1, trials + 1),
            "move": list(MOVES),
        },
        {**settings, **versions()},
    )
