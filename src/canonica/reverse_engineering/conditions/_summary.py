"""Many results as one tidy table."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError
from canonica.reverse_engineering.conditions._quantities import culture_quantities

ORIGINS = ("condition", "input_file", "baseline", "baseline_origin")


@checked_arguments
def summary(
    results: Sequence[xr.Dataset],
    forecasts: Sequence[xr.Dataset] | None = None,
    scores: Sequence[xr.Dataset] | None = None,
) -> pd.DataFrame:
    """Return results as one tidy table: a row a recording, a column for each quantity.

    Parameters
    ----------
    results : sequence of xarray.Dataset
        As `canonica.reverse_engineer` returns them.
    forecasts, scores : sequence of xarray.Dataset, optional
        As `canonica.forecast` and `canonica.score` return them, of the same recordings in the same
        order.

    Returns
    -------
    pandas.DataFrame
        `name`, `condition`, `input_file`, `baseline` in spikes and its origin, and the quantities
        that conditions are compared by; NaN for what is not known.

    Raises
    ------
    CanonicaError
        If forecasts or scores are not of the same recordings.

    Examples
    --------
    >>> from canonica.reverse_engineering import reverse_engineer
    >>> from canonica.simulate import culture
    >>> result = reverse_engineer(culture(seed=0, sessions=12, trials_per_session=64))
    >>> table = summary([result])
    >>> table.shape[0], bool(0 < table.implicit_prior[0] < 1)
    (1, True)
    """
    others = {"forecasts": forecasts, "scores": scores}
    for name, given in others.items():
        if given is not None and _names(given) != _names(results):
            raise CanonicaError(
                f"{name}: found those of other recordings than the results; expected those of the "
                "same, in the same order."
            )
    nothing: list[Any] = [None] * len(results)
    rows = zip(results, forecasts or nothing, scores or nothing, strict=True)
    return pd.DataFrame(
        [
            {"name": str(one.attrs.get("name", "recording"))}
            | {key: one.attrs.get(key) for key in ORIGINS}
            | culture_quantities(one, *rest)
            for one, *rest in rows
        ]
    )


def _names(datasets: Sequence[xr.Dataset]) -> list[str]:
    return [str(one.attrs.get("name", "recording")) for one in datasets]
