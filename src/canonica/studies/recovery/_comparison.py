"""Truth and estimate side by side, draw by draw."""

import numpy as np

from canonica.reverse_engineering.published_protocol._result import LEVELS
from canonica.studies.recovery._estimates import Estimated
from canonica.studies.recovery._networks import SimulatedNetworks

NOMINAL, DEVIATIONS = 0.95, 1.959963984540054  # of the intervals, and what they reach to


def compared_with_truth(
    simulated: SimulatedNetworks, estimated: Estimated, *, trials: int
) -> dict[str, np.ndarray]:
    """Return truth and estimate of some draws side by side, by name."""
    strength = estimated.strength
    truth = np.broadcast_to(simulated.strength[:, None, None, None], strength.shape)
    error = strength - truth
    synapses = (-3, -2, -1)
    centred = truth - truth.mean(axis=synapses, keepdims=True)
    inside = np.abs(error[:, :, :, :, None]) <= DEVIATIONS * estimated.strength_error
    return {
        "mean_posterior": simulated.posterior[:, :trials].mean(axis=1),
        "threshold_factor": estimated.threshold_factor[..., LEVELS, :],
        "threshold_factor_standard_error": estimated.threshold_error[..., LEVELS, :],
        "true_strength": simulated.strength[:, LEVELS],
        "strength": strength[..., LEVELS, :, :],
        "strength_bias": error.mean(axis=synapses),
        "strength_spread": error.std(axis=synapses, ddof=1),
        "strength_slope": (centred * strength).sum(axis=synapses) / (centred**2).sum(axis=synapses),
        "strength_coverage": inside.mean(axis=synapses),
    }
