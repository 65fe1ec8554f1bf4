"""The result of the study, labelled."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from canonica.reverse_engineering.published_protocol._result import LEVELS
from canonica.studies.recovery._activity import ACTIVITY
from canonica.studies.recovery._estimates import ASSUMED, INTERVAL
from canonica.studies.recovery._prior import DrawnNetworks

LONG_NAMES = {
    "state_prior": "state prior D[1] of the network",
    "prior_strength": "prior strength of the network, its insensitivity to plasticity",
    "mixing": "probability that an input copies the source of its block",
    "lean": "lean of the network's initial expectations towards the own source",
    "mean_posterior": "mean posterior over the initial sessions, without noise",
    "true_threshold_factor": "firing threshold factor of the network",
    "threshold_factor": "firing threshold factor, estimated",
    "threshold_factor_standard_error": "standard error of the estimated threshold factor",
    "true_strength": "synaptic strength sigmoid(W) of the network, last session",
    "strength": "synaptic strength sigmoid(W), estimated, last session",
    "strength_bias": "mean error of a draw's strengths",
    "strength_spread": "standard deviation of the error of a draw's strengths",
    "strength_slope": "regression slope of a draw's estimated strengths on the true ones",
    "strength_coverage": "share of a draw's strengths inside their nominal 95 % intervals",
}


def labelled(
    drawn: DrawnNetworks,
    found: Mapping[str, np.ndarray],
    shares: Float[np.ndarray, " noise"],
    attrs: Mapping[str, Any],
) -> xr.Dataset:
    prior = np.stack([drawn.state_prior, 1 - drawn.state_prior], axis=1)
    estimates, per_draw = ("draw", "noise", "activity"), ("draw",)
    of_thresholds, of_strengths = ("level", "ensemble"), ("level", "ensemble", "input")
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "state_prior": (("draw", "ensemble"), drawn.state_prior),
        "prior_strength": (per_draw, drawn.prior_strength),
        "mixing": (per_draw, drawn.mixing),
        "lean": (per_draw, drawn.lean),
        "mean_posterior": (("draw", "ensemble"), found["mean_posterior"]),
        "true_threshold_factor": ((*per_draw, *of_thresholds), np.log(prior)),
        "true_strength": ((*per_draw, *of_strengths), found["true_strength"]),
        "strength": ((*estimates, "assumed", *of_strengths), found["strength"]),
        "strength_coverage": ((*estimates, "assumed", "interval"), found["strength_coverage"]),
    }
    for name in ("threshold_factor", "threshold_factor_standard_error"):
        variables[name] = ((*estimates, *of_thresholds), found[name])
    for name in ("strength_bias", "strength_spread", "strength_slope"):
        variables[name] = ((*estimates, "assumed"), found[name])
    sizes = found["true_strength"].shape
    return xr.Dataset(
        {
            name: (*variables[name], {"long_name": long_name, "units": "1"})
            for name, long_name in LONG_NAMES.items()
        },
        {
            "draw": np.arange(1, sizes[0] + 1),
            "noise": ("noise", shares, {"long_name": "variance, as a share of s (1 - s)"}),
            "activity": list(ACTIVITY),
            "assumed": list(ASSUMED),
            "interval": list(INTERVAL),
            "level": LEVELS,
            "ensemble": np.arange(1, sizes[2] + 1),
            "input": np.arange(1, sizes[3] + 1),
        },
        dict(attrs),
    )
