"""Signatures of lesions: how far each measure is from that of the intact network."""

import numpy as np
import xarray as xr

from canonica._of_results import of_results
from canonica._statistics import LEVEL, bootstrap_interval

DRAWS = 2000


@of_results(found=("point", "network", "lesion", "strength"))
def signatures(found: xr.Dataset, *, level: float = LEVEL, seed: int = 0) -> xr.Dataset:
    """Return the difference of every measure from the intact network, with its interval.

    Parameters
    ----------
    found : xarray.Dataset
        Of `dose_response`.
    level : float
        Of the intervals, which resample networks.
    seed : int
        Decides the resampling.

    Returns
    -------
    xarray.Dataset
        `difference`, `low`, `high` (point, measure): mean over networks of what the lesion makes
        of each, less what it is intact, and its interval (missing, NaN, with fewer than six
        networks); `intact` and `intact_spread` (measure): mean of the intact networks and their
        standard deviation; `effect` (point, measure): the difference in such standard deviations,
        0 where there is no difference and infinite where intact networks are all alike.

    Examples
    --------
    >>> from canonica.studies.lesions import dose_response
    >>> from canonica.studies.lesions.tasks import SeparationTask
    >>> small = SeparationTask(sessions=2, trials_per_session=16, measured_sessions=1)
    >>> one = signatures(dose_response(0, ["plasticity"], task=small, networks=2))
    >>> one.difference.dims, float(abs(one.difference[0]).max())
    (('point', 'measure'), 0.0)
    """
    names = [str(name) for name in found.data_vars]
    values = np.stack([found[name].transpose("point", "network") for name in names], axis=1)
    change = values - values[:1]
    difference = change.mean(axis=-1)
    spread = values[0].std(axis=-1, ddof=1) if values.shape[-1] > 1 else np.zeros(len(names))
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.where(difference == 0, 0.0, difference / spread)
    limits = np.array(
        [
            [bootstrap_interval(one, level=level, draws=DRAWS, seed=seed) for one in point]
            for point in change
        ]
    )
    both = ("point", "measure")
    return xr.Dataset(
        {
            "difference": (both, difference, {"long_name": "difference from the intact network"}),
            "low": (both, limits[..., 0], {"long_name": "lower end of its interval"}),
            "high": (both, limits[..., 1], {"long_name": "upper end of its interval"}),
            "effect": (both, effect, {"long_name": "difference in intact standard deviations"}),
            "intact": ("measure", values[0].mean(axis=-1)),
            "intact_spread": ("measure", spread),
        },
        coords={
            "measure": names,
            "label": ("measure", [str(found[name].attrs["long_name"]) for name in names]),
            "kind": ("measure", [str(found[name].attrs["kind"]) for name in names]),
            "lesion": found["lesion"],
            "strength": found["strength"],
        },
        attrs={**found.attrs, "level": level, "networks": found.sizes["network"]},
    )
