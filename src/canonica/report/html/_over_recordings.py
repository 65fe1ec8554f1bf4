"""Means over recordings, with the spread of these, drawn along the sessions."""

from collections.abc import Sequence
from typing import Any

import xarray as xr

from canonica.report.html._styles import SeriesStyle
from canonica.report.html._traces import Trace, band, line

OPACITY = 0.15


def over_recordings(
    values: Sequence[xr.DataArray], name: str, style: SeriesStyle, column: str, **options: Any
) -> list[Trace]:
    """Return the mean over recordings as a line, and one standard deviation about it as a band.

    Parameters
    ----------
    values : sequence of DataArray
        One of each recording, along `session`; one alone has no band.
    name : str
        In the legend.
    style : SeriesStyle
        Colour and dash.
    column : str
        Heads its numbers.
    **options
        As of `points`.
    """
    joined = xr.concat(list(values), dim="recording", join="outer")
    mean, session = joined.mean("recording"), joined["session"].to_numpy()
    options = {"group": name, **options}
    traces: list[Trace] = []
    if len(values) > 1:
        spread = joined.std("recording", ddof=1)
        ends = f"{column}, mean \N{MINUS SIGN} SD", f"{column}, mean + SD"
        traces += band(session, mean - spread, mean + spread, style.colour, OPACITY,
                       columns=ends, **options)  # fmt: skip
    column = f"{column}, mean" if len(values) > 1 else column
    return [
        *traces,
        line(session, mean, name, style.colour, dash=style.dash, column=column, **options),
    ]


def by_model(scores: xr.Dataset) -> xr.Dataset:
    """Return scores with a dimension for the model, those of one model too."""
    if "model" in scores.dims:
        return scores
    return scores.expand_dims(model=[str(scores.attrs["model"])])
