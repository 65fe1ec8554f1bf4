"""Bias, spread, slope and coverage of the estimates over all draws."""

import xarray as xr

from canonica._of_results import of_results
from canonica.studies.recovery._comparison import DEVIATIONS


@of_results(
    found=(
        "true_threshold_factor",
        "threshold_factor",
        "true_strength",
        "strength",
        "strength_coverage",
    )
)
def recovery_summary(found: xr.Dataset) -> xr.Dataset:
    """Return bias, spread, slope and coverage over all draws.

    Parameters
    ----------
    found : xarray.Dataset
        As `recovery` returns it.

    Returns
    -------
    xarray.Dataset
        For `threshold_factor` (noise, activity) and `strength` (noise, activity, assumed):
        `..._bias`, the mean error; `..._spread`, the standard deviation of the error;
        `..._slope`, that of the regression of all estimates on all true values, 1 where there is
        no bias, below 1 where estimates are flattened; `..._coverage`, the share of true values
        within the nominal 95 % intervals, of strengths by `interval`.

    Raises
    ------
    CanonicaError
        If `found` is not what canonica returns.

    Examples
    --------
    >>> from canonica.studies import recovery
    >>> found = recovery(0, draws=4, sessions=12, trials_per_session=32, noise=[0.0])
    >>> recovery_summary(found).strength_bias.dims
    ('noise', 'activity', 'assumed')
    """
    summary: dict[str, xr.DataArray] = {}
    for name, over in (
        ("threshold_factor", ["draw", "level", "ensemble"]),
        ("strength", ["draw", "level", "ensemble", "input"]),
    ):
        truth, estimate = found[f"true_{name}"], found[name]
        error: xr.DataArray = estimate - truth
        centred = truth - truth.mean()
        summary[f"{name}_bias"] = error.mean(over)
        summary[f"{name}_spread"] = error.std(over, ddof=1)
        summary[f"{name}_slope"] = (centred * estimate).sum(over) / (centred**2).sum()
    error = abs(found["threshold_factor"] - found["true_threshold_factor"])
    inside: xr.DataArray = error <= DEVIATIONS * found["threshold_factor_standard_error"]
    summary["threshold_factor_coverage"] = inside.mean(["draw", "level", "ensemble"])
    summary["strength_coverage"] = found["strength_coverage"].mean("draw")
    return xr.Dataset(summary, attrs=found.attrs)
