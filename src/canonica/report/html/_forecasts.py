"""Forecasts: how good they were, by model and by how far ahead, and how plastic networks are."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import xarray as xr

from canonica._errors import how_many
from canonica.report._forecast_table import COLUMNS, LEVEL, recording_scores
from canonica.report.html._contents import ReportContents, ReportRecording
from canonica.report.html._element import Child, element
from canonica.report.html._html_table import html_table
from canonica.report.html._over_recordings import by_model, over_recordings
from canonica.report.html._styles import GREY, series_styles
from canonica.report.html._traces import Trace, line
from canonica.report.html._views import ReportFigure, View
from canonica.reverse_engineering import ERRORS

PLASTICITY = {
    "name": "recording",
    "condition": "condition",
    "probability_plastic": "probability that it learns",
    "log_evidence": "log evidence (nat)",
    "prior_strength_low": "prior strength, 5 %",
    "prior_strength_median": "median",
    "prior_strength_high": "95 %",
    "verdict": "verdict",
    "conclusion": "in words",
    "diagnostic_warning": "warning",
}


def forecasts_section(contents: ReportContents) -> tuple[Element, list[ReportFigure]]:
    """Return the section on forecasts, and its figures."""
    scored = [one for one in contents.recordings if one.scores is not None]
    figures = [*([_blind(contents)] if scored else []), *_published(contents)]
    section = element(
        "section",
        element("h2", "Forecasts"),
        _sentences(contents),
        [one.placed() for one in figures],
        _models(contents) if scored else None,
        _plasticity(contents),
        id="section-forecasts",
    )
    return section, figures


def _sentences(contents: ReportContents) -> Child:
    said = {
        str(one["condition"]): one["conclusions"] if "conclusions" in one else [one["conclusion"]]
        for one in contents.summary.get("conditions", ())
        if "conclusions" in one or "conclusion" in one
    }
    return [
        [element("h3", condition), element("ul", [element("li", str(words)) for words in found])]
        for condition, found in said.items()
    ]


def _blind(contents: ReportContents) -> ReportFigure:
    """Return errors and coverage of all models over the sessions, by condition."""
    causal = contents.summary.get("causal", True)
    blind = "" if causal else " These forecasts are NOT blind to the future."
    return ReportFigure(
        "scores-figure",
        "How good forecasts were",
        "Medians over the recordings of the condition, session by session after the initial ones; "
        f"grey line: the share that intervals promise.{blind}",
        {str(k): _scores(name, contents.of(name)) for k, name in enumerate(contents.conditions)},
        "sessions after the initial ones",
        choice="Condition",
        numbers={"kind": "wide", "head": "session after the initial ones"},
        options={"zero": [0], "ranges": {"1": [0, 1.02], "2": [0, 1.02]}},
    )


def _scores(condition: str, recordings: Sequence[ReportRecording]) -> View:
    scores = [by_model(one.scores) for one in recordings if one.scores is not None]
    later = [one.isel(session=one["horizon"].to_numpy() > 0) for one in scores]
    aligned = [one.swap_dims(session="horizon").drop_vars("session") for one in later]
    models = [str(name) for name in scores[0]["model"].to_numpy()]
    panels = {
        "Squared error": lambda one: one["squared_error"],
        "Coverage of 50 % intervals": lambda one: one["coverage"].sel(level=0.5),
        f"Coverage of {100 * LEVEL:g} % intervals": lambda one: one["coverage"].sel(level=LEVEL),
    }
    promised = {1: 0.5, 2: LEVEL}
    traces: list[Trace] = []
    for panel, (title, of) in enumerate(panels.items()):
        medians = xr.concat([of(one) for one in aligned], dim="recording", join="outer").median(
            "recording", skipna=True
        )
        horizon = medians["horizon"].to_numpy()
        if panel in promised:
            ends = horizon[[0, -1]]
            traces.append(line(ends, np.full(2, promised[panel]), "promised", GREY, width=4,
                               panel=panel, legend=False))  # fmt: skip
        for number, (model, style) in enumerate(series_styles(models).items()):
            traces.append(
                line(horizon, medians.sel(model=model), model, style.colour, dash=style.dash,
                     width=2.6 if number == 0 else 1.6, panel=panel, group=model,
                     legend=panel == 0, column=f"{title.lower()}, {model}")
            )  # fmt: skip
    count = how_many(len(scores), "recording")
    titles = ["mean squared error", "share of responses covered", "share of responses covered"]
    return View(f"{condition} ({count})", traces, list(panels), titles)


def _published(contents: ReportContents) -> list[ReportFigure]:
    """Return errors of the published forecast and of plain predictions, by condition."""
    analysed = [one for one in contents.recordings if one.analysis is not None]
    if not analysed:
        return []
    views = {str(k): _errors(name, contents.of(name)) for k, name in enumerate(contents.conditions)}
    return [
        ReportFigure(
            "published-figure",
            "The published forecast beside plain predictions",
            "Means over the recordings of the condition; bands are standard deviations over "
            "recordings; grey ground: initial sessions. The normalisation has all sessions in "
            "view: none of these is blind to the future.",
            views,
            "session",
            choice="Condition",
            options={"zero": [0]},
        )
    ]


def _errors(condition: str, recordings: Sequence[ReportRecording]) -> View:
    analysed = [one.analysis for one in recordings if one.analysis is not None]
    traces: list[Trace] = []
    for name, style in series_styles(list(ERRORS)).items():
        traces += over_recordings(
            [one[name] for one in analysed], ERRORS[name], style, f"response error, {ERRORS[name]}"
        )
    initial = int(analysed[0].attrs["initial_sessions"])
    return View(
        f"{condition} ({how_many(len(analysed), 'recording')})",
        traces,
        ["Response error"],
        ["mean squared error"],
        shade=(0.5, initial + 0.5),
    )


def _models(contents: ReportContents) -> Element:
    rows = [row for name in contents.conditions for row in _model_rows(name, contents.of(name))]
    columns = {"model": "model", "condition": "condition", "recordings": "recordings"} | {
        key: column.heading for key, column in COLUMNS.items()
    }
    about = (
        "Medians over recordings, of the last sessions. Squared error and CRPS: low is good. Log "
        f"score: high is good. In {100 * LEVEL:g} % interval: near {LEVEL:g} is good."
    )
    if len({row["model"] for row in rows}) > 1:
        about += (
            " The lowest number alone makes no winner: the sentences above say where a difference "
            "is more than chance explains."
        )
    caption = "Scores of each model"
    return html_table("models", caption, columns, rows, about=about)


def _model_rows(condition: str, recordings: Sequence[ReportRecording]) -> list[dict[str, Any]]:
    scores = [
        recording_scores(by_model(one.scores)) for one in recordings if one.scores is not None
    ]
    if not scores:
        return []
    about = {"condition": condition, "recordings": len(scores)}
    return [
        {"model": model}
        | about
        | {name: float(np.median([one[model][name] for one in scores])) for name in COLUMNS}
        for model in scores[0]
    ]


def _plasticity(contents: ReportContents) -> Child:
    rows = [found for one in contents.recordings if (found := plasticity_row(one))]
    if not rows:
        return None
    columns = {key: said for key, said in PLASTICITY.items() if any(key in row for row in rows)}
    return [
        element("h3", "How plastic each network is"),
        html_table(
            "plasticity",
            "Posterior of plasticity, from the initial sessions",
            columns,
            rows,
            about="Prior strength is the insensitivity to plasticity, given that the network "
            "learns at all: median and 90 % interval.",
        ),
    ]


def plasticity_row(one: ReportRecording) -> Mapping[str, Any] | None:
    """Return what the forecast says on plasticity; None where the model says nothing."""
    if one.forecast is None or "probability_plastic" not in one.forecast.attrs:
        return None
    said = {"name": one.name, "condition": one.condition, **(one.row.get("plasticity") or {})}
    attrs = one.forecast.attrs
    numbers = ("probability_plastic", "log_evidence", *(k for k in PLASTICITY if "strength" in k))
    words = ("conclusion", "diagnostic_warning")
    found = {key: float(attrs[key]) for key in numbers if key in attrs}
    return said | found | {key: str(attrs[key]) for key in words if key in attrs}
