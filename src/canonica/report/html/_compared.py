"""Conditions compared: sentences, tests, and every culture drawn."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from canonica.report._table import ROWS
from canonica.report.html._contents import ReportContents, ReportRecording
from canonica.report.html._element import Child, element
from canonica.report.html._html_table import html_table
from canonica.report.html._quality import baseline_banner
from canonica.report.html._styles import BLACK, GREY, series_styles
from canonica.report.html._traces import Trace, line, points
from canonica.report.html._views import ReportFigure, View
from canonica.report.html._words import number
from canonica.reverse_engineering.conditions import QUANTITIES, SIGNIFICANT

TESTS = {
    "quantity": "quantity",
    "compared": "compared",
    "units": "independent units",
    "effect": "effect",
    "low": "interval, from",
    "high": "interval, to",
    "level": "its level (%)",
    "standardised": "standardised effect",
    "p_value": "p",
    "adjusted_p_value": "p after Holm",
    "smallest_p_value": "smallest such p",
    "differs": "differs",
    "conclusion": "in words",
}
PLASTIC = {
    "probability_plastic": ("probability that the network learns at all", "1"),
    "log_evidence": ("log evidence that the network learns at all", "nat"),
}
SKIPPED = {"hoverinfo": "skip", "hovertemplate": None}
SPREAD = 0.28  # of recordings about the place of their condition


def compared_section(contents: ReportContents) -> tuple[Element, list[ReportFigure]]:
    """Return the section on conditions, and its figures."""
    figures = [_cultures_figure(contents)] if _quantities(contents) else []
    several = len(contents.conditions) > 1
    words: list[Child] = [element("p", text) for text in _sentences(contents)]
    section = element(
        "section",
        element("h2", "Conditions compared"),
        baseline_banner(contents) if several else None,
        words,
        [one.placed() for one in figures],
        _tests(contents),
        _values(contents),
        id="section-conditions",
    )
    return section, figures


def _sentences(contents: ReportContents) -> list[str]:
    if contents.command == "study":
        return [*map(str, contents.summary["conclusions"]), *contents.summary["inferences"]]
    if len(contents.conditions) == 1:
        return ["The recordings are of one condition: there is nothing to compare."]
    words = (
        "Conditions stand side by side here, each described by itself; no test was made, and none "
        "should be read into the figure. canonica study compares conditions."
    )
    return [words]


def _quantities(contents: ReportContents) -> dict[str, tuple[str, str]]:
    """Return label and unit of what is known of the recordings in single numbers."""
    known = {name: (one.label, one.unit) for name, one in QUANTITIES.items()}
    for name, label, _ in ROWS:
        unit = "nat" if label.endswith("(nat)") else "1"
        known.setdefault(name, (label.removesuffix(" (nat)"), unit))
    known |= PLASTIC
    rows = [_row(one) for one in contents.recordings]
    return {
        name: said
        for name, said in known.items()
        if any(isinstance(row.get(name), int | float) and np.isfinite(row[name]) for row in rows)
    }


def _row(one: ReportRecording) -> dict[str, Any]:
    return {**one.row, **(one.row.get("plasticity") or {})}


def _cultures_figure(contents: ReportContents) -> ReportFigure:
    found = {one["quantity"] for one in contents.comparisons}
    views = {
        name: _cultures(contents, name, label, unit)
        for name, (label, unit) in sorted(
            _quantities(contents).items(), key=lambda pair: pair[0] not in found
        )
    }
    study = bool(contents.comparisons)
    effects = (
        " Effects stand beside them, with intervals; filled where chance hardly explains them."
        if study
        else ""
    )
    joined = " Grey lines join recordings of one culture, or pair." if contents.identities else ""
    counts = ", ".join(f"{name} {len(contents.of(name))}" for name in contents.conditions)
    return ReportFigure(
        "cultures-figure",
        "Every recording, by condition",
        f"Each point is a recording ({counts}), the bar the mean of its condition."
        f"{joined}{effects}",
        views,
        "",
        choice="Quantity",
        numbers={
            "kind": "long",
            "columns": [["recording or comparison", "text"], ["value", "y"]],
        },
        options={"weights": [3, 2]},
    )


def _cultures(contents: ReportContents, name: str, label: str, unit: str) -> View:
    traces: list[Trace] = []
    places: dict[str, float] = {}
    styles = series_styles(contents.conditions)
    for place, (condition, style) in enumerate(styles.items()):
        members = contents.of(condition)
        values = np.array([_value(one, name) for one in members])
        order = np.argsort(values)
        spread = np.linspace(-SPREAD, SPREAD, len(order)) if len(order) > 1 else np.zeros(1)
        places |= {members[k].name: place + at for k, at in zip(order, spread, strict=True)}
        traces.append(
            points(
                place + spread,
                values[order],
                condition,
                style.colour,
                symbol=style.symbol,
                size=8,
                text=[members[k].name for k in order],
                column=condition,
                legend=False,
            )
        )
        if np.isfinite(values).any():
            mean = np.full(2, np.nanmean(values))
            traces.append(
                line(place + np.array([-0.4, 0.4]), mean, f"mean of {condition}", style.colour,
                     width=2.5, legend=False)
            )  # fmt: skip
    traces = [*_joined(contents, name, places), *traces]
    effects = [
        one for one in contents.comparisons if one["quantity"] == name and one["low"] is not None
    ]
    ticks = {0: [f"{condition}\nn = {len(contents.of(condition))}" for condition in styles]}
    y = f"{label} ({unit})" if unit != "1" else label
    overall = "\n".join(map(_overall, _without_direction(contents, name)))
    if not effects:
        return View(_named(label, unit), traces, [overall], [_wrapped(y)], ticks=ticks)
    for place, one in enumerate(effects):
        traces += _effect(place, one)
    ticks[1] = [_compared_words(one) for one in effects]
    titles = [f"effect ({unit})" if unit != "1" else "effect"]
    levels = sorted({f"{100 * one['level']:.3g}" for one in effects})
    return View(
        _named(label, unit),
        traces,
        [overall, f"Effect, {' and '.join(levels)} % interval"],
        [_wrapped(y), *titles],
        ticks=ticks,
    )


def _without_direction(contents: ReportContents, name: str) -> list[Mapping[str, Any]]:
    """Return comparisons that have no one effect to draw: of several conditions, interactions."""
    kinds = ("any difference", "interaction")
    return [one for one in contents.comparisons if one["quantity"] == name and one["kind"] in kinds]


def _overall(one: Mapping[str, Any]) -> str:
    what = one["what"]
    subject = f"interaction of {what}" if one["kind"] == "interaction" else f"{what} conditions"
    return f"{subject}: p {one['adjusted_p_value']:.2g}"


def _joined(contents: ReportContents, name: str, places: Mapping[str, float]) -> list[Trace]:
    """Return lines between recordings of one culture, or of one pair, under their points."""
    traces = []
    for members in contents.identities:
        known = [one for one in members if np.isfinite(_value(one, name))]
        known.sort(key=lambda one: places[one.name])
        if len(known) > 1:
            x, y = [places[one.name] for one in known], [_value(one, name) for one in known]
            traces.append(line(x, y, "the same", GREY, width=0.8, legend=False) | SKIPPED)
    return traces


def _named(label: str, unit: str) -> str:
    return f"{label} ({unit})" if unit != "1" else label


def _wrapped(label: str) -> str:
    return label.replace(": ", ":\n").replace(", ", ",\n")


def _value(one: ReportRecording, name: str) -> float:
    value = _row(one).get(name)
    return float(value) if isinstance(value, int | float) else np.nan


def _effect(place: int, one: Mapping[str, Any]) -> list[Trace]:
    differs = _differs(one)
    colour = BLACK if differs else GREY
    words = _compared_words(one)
    mark = points(
        [place], [one["effect"]], words, colour,
        symbol="circle" if differs else "circle-open", size=10, panel=1, text=[words],
        column="effect", legend=False,
    )  # fmt: skip
    if not differs:
        mark["marker"]["line"] = {"color": colour, "width": 2}
    ends = line([place, place], [one["low"], one["high"]], words, colour,
                width=3 if differs else 2, panel=1, column="interval", legend=False,
                text=[f"{words}, from", f"{words}, to"])  # fmt: skip
    return [ends, mark]


def _differs(one: Mapping[str, Any]) -> bool:
    return float(one["adjusted_p_value"]) <= SIGNIFICANT


def _compared_words(one: Mapping[str, Any]) -> str:
    if one["kind"] == "trend":
        return f"per dose step of {one['what']}"
    if not one.get("reference"):
        return str(one["what"] or one["kind"])
    return f"{one['what']} \N{MINUS SIGN} {one['reference']}"


def _tests(contents: ReportContents) -> Child:
    if not contents.comparisons:
        return None
    rows = [_test_row(one) for one in contents.comparisons]
    about = (
        "Permutation tests. A difference is named only where the p value, adjusted for all these "
        f"comparisons, is {SIGNIFICANT:g} or less; else it is within chance, whatever its size. "
        "Beside it stands the smallest such p value that so few independent units allow."
    )
    return element(
        "div",
        element("h3", "Tests"),
        html_table("tests", "All comparisons of conditions", TESTS, rows, about=about),
        class_="wide",
    )


def _test_row(one: Mapping[str, Any]) -> dict[str, Any]:
    others = f" + {one['reference_units']}" if one.get("reference") else ""
    level = one.get("level")
    return {
        **one,
        "quantity": QUANTITIES[one["quantity"]].label
        if one["quantity"] in QUANTITIES
        else one["quantity"],
        "compared": _compared_words(one),
        "units": f"{one['units']}{others}",
        "level": None if level is None else 100 * level,
        "differs": _differs(one),
    }


def _values(contents: ReportContents) -> Child:
    quantities = _quantities(contents)
    if not quantities:
        return None
    columns = {"name": "recording", "condition": "condition"} | {
        name: _named(label, unit) for name, (label, unit) in quantities.items()
    }
    rows = [_row(one) for one in contents.recordings]
    table = html_table("values", "What each recording says in single numbers", columns, rows)
    return [
        element("div", element("h3", "Every recording in numbers"), table, class_="wide"),
        _summaries(contents),
    ]


def _summaries(contents: ReportContents) -> Child:
    rows = [
        {"condition": one["condition"], "recordings": one["recordings"], "quantity": label}
        | {key: one["values"][name][key] for key in ("median", "lowest", "highest")}
        for one in contents.summary.get("conditions", ())
        if "values" in one
        for name, label, _ in ROWS
        if name in one["values"]
    ]
    if not rows:
        return None
    columns: Sequence[str] = list(rows[0])
    return html_table(
        "summaries",
        "Median and range over the recordings of each condition; errors are those of the last "
        f"sessions ({number(contents.summary['sessions_scored_at_most'])} at most)",
        {name: name for name in columns},
        rows,
    )
