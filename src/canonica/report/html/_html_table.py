"""Tables that can be sorted, and saved as CSV."""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from canonica.report.html._element import Child, element
from canonica.report.html._words import number

WIDE = 12  # columns from which on a table is printed across
LONG, SENTENCE = 24, 100  # letters that a column should have room for


def html_table(
    identity: str,
    caption: str,
    columns: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
    *,
    about: Child = None,
) -> Element:
    """Return a table with a caption, sortable by each column, that can be saved as CSV.

    Parameters
    ----------
    identity : str
        Its id in the page, and the name of the CSV file.
    caption : str
        What it shows.
    columns : mapping of str to str
        Headings, with units, by the keys of the rows. The first names its row.
    rows : sequence of mapping
        Numbers, text, or None for what is not known.
    about : str or element, optional
        What to bear in mind, above it.
    """
    head = element("tr", [_heading(text) for text in columns.values()])
    body = [
        element("tr", [_cell(row.get(key), first=not k) for k, key in enumerate(columns)])
        for row in rows
    ]
    table = element(
        "table",
        element("caption", caption),
        element("thead", head),
        element("tbody", body),
        id=identity,
    )
    scrolled = element(
        "div", table, attributes={"tabindex": "0", "role": "region", "aria-label": caption},
        class_="scroll",
    )  # fmt: skip
    save = element(
        "button",
        "Save as CSV",
        attributes={
            "type": "button",
            "data-csv": identity,
            "aria-label": f"Save as CSV: {caption}",
        },
        class_="save",
    )
    wide = " wide" if len(columns) > WIDE else ""
    return element(
        "div", element("p", about) if about else None, scrolled, save, class_=f"table{wide}"
    )


def _heading(text: str) -> Element:
    return element("th", element("button", text, type="button"), scope="col")


def _cell(value: Any, *, first: bool) -> Element:
    tag, scope = ("th", "row") if first else ("td", None)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return element(tag, number(None), attributes={"scope": scope, "data-value": ""})
    if isinstance(value, int | float):
        exact = {"scope": scope, "data-value": repr(value)}
        return element(tag, number(value), attributes=exact, class_="number")
    text = str(value)
    room = "sentence" if len(text) > SENTENCE else "words" if len(text) > LONG else None
    return element(tag, text, attributes={"scope": scope, "class": room})
