"""Lines, points and bands as Plotly draws them, their numbers as compact typed arrays."""

import base64
from html import escape
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from canonica._harmless import visible

Trace: TypeAlias = dict[str, Any]


def packed(values: ArrayLike) -> dict[str, str]:
    """Return numbers as base64 of a typed array: float32, or int32 where all are whole.

    Examples
    --------
    >>> packed([1, 2])
    {'dtype': 'i4', 'bdata': 'AQAAAAIAAAA='}
    """
    array = np.asarray(values)
    code = "i4" if np.issubdtype(array.dtype, np.integer) else "f4"
    return {"dtype": code, "bdata": base64.b64encode(array.astype(f"<{code}").tobytes()).decode()}


def plain(text: str) -> str:
    """Return text that Plotly shows as it is, lines being lines: it takes tags for markup.

    Examples
    --------
    >>> plain("<b>x</b>&")
    '&lt;b&gt;x&lt;/b&gt;&amp;'
    """
    return escape(visible(text), quote=False).replace("\n", "<br>")


def line(x: ArrayLike, y: ArrayLike, name: str, colour: str, **options: Any) -> Trace:
    """Return a line; `options` as in `points`, and `dash` and `width`."""
    drawn = {"color": colour, "width": options.pop("width", 1.8), "dash": options.pop("dash", "")}
    return _trace(x, y, name, options) | {"mode": "lines", "line": drawn}


def points(x: ArrayLike, y: ArrayLike, name: str, colour: str, **options: Any) -> Trace:
    """Return points.

    Parameters
    ----------
    x, y : array-like
        Where they are.
    name : str
        In legend and hover.
    colour : str
        Of all of them.
    **options
        `symbol` and `size`; `panel`, from 0; `column`, the heading of its numbers in the figure's
        table, and none without; `group`, of what is switched together in the legend; `legend`,
        whether it is in there; `text`, a name for each point.
    """
    marker = {
        "color": colour,
        "size": options.pop("size", 6),
        "symbol": options.pop("symbol", "circle"),
        "line": {"color": "white", "width": 0.5},
    }
    return _trace(x, y, name, options) | {"mode": "markers", "marker": marker}


def band(
    x: ArrayLike, low: ArrayLike, high: ArrayLike, colour: str, opacity: float, **options: Any
) -> list[Trace]:
    """Return a band between two lines, not drawn; `columns` head the numbers of its ends."""
    columns = options.pop("columns", (None, None))
    below, above = (
        _trace(x, y, "", options | {"legend": False, "column": column})
        | {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "hovertemplate": None}
        for y, column in zip((low, high), columns, strict=True)
    )
    return [below, above | {"fill": "tonexty", "fillcolor": _clear(colour, opacity)}]


def _clear(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def _trace(x: ArrayLike, y: ArrayLike, name: str, options: dict[str, Any]) -> Trace:
    panel = options.get("panel", 0)
    suffix = "" if panel == 0 else str(panel + 1)
    made: Trace = {
        "type": "scatter",
        "x": packed(x),
        "y": packed(y),
        "name": plain(name),
        "xaxis": f"x{suffix}",
        "yaxis": f"y{suffix}",
        "showlegend": bool(options.get("legend", True)),
    }
    if options.get("group"):
        made["legendgroup"] = plain(options["group"])
    if options.get("column"):
        made["meta"] = {"column": options["column"]}
    made["hovertemplate"] = "%{x}: %{y:.4g}"
    if options.get("text") is not None:
        made["text"] = [plain(text) for text in options["text"]]
        made["hovertemplate"] = "%{text}: %{y:.4g}"
    return made
