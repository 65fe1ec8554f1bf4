"""How often the evidence for plasticity is clear: power and false alarms."""

import numpy as np
import xarray as xr
from scipy import stats

from canonica._arguments import checked_arguments
from canonica.studies.plasticity._labelled import check_study


@checked_arguments
def detection_summary(found: xr.Dataset) -> xr.Dataset:
    """Return how often the evidence for plasticity is clear.

    Parameters
    ----------
    found : xarray.Dataset
        As `plasticity_detection` or `culture_false_alarms` returns it.

    Returns
    -------
    xarray.Dataset
        `power` (memory, strength) and `false_alarms` of the former, `clear_share` of the latter:
        shares of recordings; each with `..._interval` (end), the exact 95 % confidence interval.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.

    References
    ----------
    Clopper & Pearson, Biometrika 26:404, 1934.

    Examples
    --------
    >>> none = xr.Dataset({"frozen_log_evidence": ("frozen_draw", [-1.0, 0.0])}, attrs={"clear": 3})
    >>> detection_summary(none).false_alarms.item()
    0.0
    """
    over = {
        "log_evidence": ("power", "draw")
        if "strength" in found.dims
        else ("clear_share", "culture"),
        "frozen_log_evidence": ("false_alarms", "frozen_draw"),
    }
    summary: dict[str, xr.DataArray] = {}
    for name, (said, dim) in over.items():
        if name in found:
            clear = found[name] >= found.attrs["clear"]
            summary[said] = clear.mean(dim)
            summary[f"{said}_interval"] = _interval(clear.sum(dim), clear.sizes[dim])
    if not summary:
        check_study(found, "plasticity_detection", "log_evidence")
    return xr.Dataset(summary, {"end": ["low", "high"]}, found.attrs)


def _interval(clear: xr.DataArray, number: int) -> xr.DataArray:
    """Return the exact 95 % confidence interval of shares."""
    k = clear.to_numpy()
    low = np.where(k > 0, stats.beta.ppf(0.025, np.maximum(k, 1), number - k + 1), 0.0)
    rest = np.maximum(number - k, 1)
    high = np.where(k < number, stats.beta.ppf(0.975, k + 1, rest), 1.0)
    return xr.DataArray(np.stack([low, high], axis=-1), clear.coords, (*clear.dims, "end"))
