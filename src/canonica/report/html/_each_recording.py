"""Each recording, and each condition: what it was, and its figures, switched all at once."""

from collections.abc import Callable, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import xarray as xr

from canonica._errors import how_many
from canonica.report.html._contents import ReportContents, ReportRecording
from canonica.report.html._element import element
from canonica.report.html._forecasts import plasticity_row
from canonica.report.html._over_recordings import by_model, over_recordings
from canonica.report.html._styles import (
    BLACK,
    BLUE,
    GREY,
    VERMILION,
    SeriesStyle,
    legible_states,
    series_styles,
)
from canonica.report.html._traces import Trace, band, line, points
from canonica.report.html._views import ReportFigure, View
from canonica.report.html._words import MINUS, number
from canonica.reverse_engineering import ERRORS

ENSEMBLES = 4  # shown at most
INTERVALS = ((0.05, 0.95, 0.13), (0.25, 0.75, 0.22))  # quantiles, and how opaque
STATES = "state of the sources 1, 2, \N{HORIZONTAL ELLIPSIS}"
ENERGIES = (
    ("free_energy", 1, "free energy F", BLACK, "solid"),
    ("accuracy", -1, f"{MINUS} accuracy", BLUE, "dash"),
    ("complexity", 1, "complexity", VERMILION, "dot"),
)
FACTS = {
    "condition": "Condition",
    "origin": "Origin",
    "input_sha256": "SHA-256 of the file",
    "reading": "Read as",
    "warnings": "Warnings",
    "sessions": "Sessions",
    "trials": "Trials",
    "electrodes": "Electrodes",
    "electrodes_per_ensemble": "Electrodes per ensemble",
    "baseline": "Baseline (spikes)",
    "baseline_origin": "Baseline is",
    "note": "Note",
}
Recordings = Sequence[ReportRecording]


def recordings_section(contents: ReportContents) -> tuple[Element, list[ReportFigure]]:
    """Return the section on each recording, and its figures, which its switches choose views of."""
    subjects = _subjects(contents)
    figures = [
        made
        for make in (_responses_figure, _energy_figure, _errors_figure, _weights_figure,
                     _plasticity_figure)
        if (made := make(subjects))
    ]  # fmt: skip
    section = element(
        "section",
        element("h2", "Each recording"),
        element(
            "p",
            "Choose a recording, or all of a condition: the figures below follow. Means of "
            "sessions are drawn, not trials; the NetCDF files hold every trial.",
        ),
        _switches(contents, subjects),
        [_facts(key, recordings) for key, recordings in subjects.items()],
        [one.placed() for one in figures],
        id="section-recordings",
    )
    return section, figures


def _subjects(contents: ReportContents) -> dict[str, Recordings]:
    """Return what can be chosen, by key: each recording, and each condition of several."""
    subjects: dict[str, Recordings] = {}
    order = {id(one): k for k, one in enumerate(contents.recordings)}
    for place, condition in enumerate(contents.conditions):
        members = contents.of(condition)
        if len(members) > 1:
            subjects[f"c{place}"] = members
        subjects |= {f"r{order[id(one)]}": [one] for one in members}
    return subjects


def _label(recordings: Recordings) -> str:
    if len(recordings) == 1:
        return recordings[0].name
    return f"all of {recordings[0].condition} ({how_many(len(recordings), 'recording')})"


def _switches(contents: ReportContents, subjects: dict[str, Recordings]) -> Element:
    groups = [
        element(
            "optgroup",
            [element("option", _label(found), value=key) for key, found in subjects.items()
             if found[0].condition == condition],
            label=condition,
        )
        for condition in contents.conditions
    ]  # fmt: skip
    conditions = [element("option", "all", value="")] + [
        element("option", name, value=name) for name in contents.conditions
    ]
    return element(
        "div",
        element("label", "Condition", attributes={"for": "choose-condition"}),
        " ",
        element("select", conditions, id="choose-condition"),
        " ",
        element("label", "Recording", attributes={"for": "choose-recording"}),
        " ",
        element("select", groups, id="choose-recording"),
        " ",
        element("button", "Previous", type="button", id="previous-recording"),
        " ",
        element("button", "Next", type="button", id="next-recording"),
        class_="switches",
    )


def _facts(key: str, recordings: Recordings) -> Element:
    """Return what is known of a recording, or which recordings a condition has."""
    if len(recordings) > 1:
        names = ", ".join(one.name for one in recordings)
        facts = [("Recordings", names), ("Condition", recordings[0].condition)]
    else:
        row = recordings[0].row
        facts = [(said, row[name]) for name, said in FACTS.items() if row.get(name)]
        plastic = plasticity_row(recordings[0])
        if plastic and plastic.get("conclusion"):
            facts.append(("Plasticity", plastic["conclusion"]))
    return element(
        "div",
        element("h3", _label(recordings)),
        element(
            "dl", [[element("dt", said), element("dd", _said(value))] for said, value in facts]
        ),
        attributes={"data-subject": key},
        class_="facts",
    )


def _said(value: Any) -> str:
    return value if isinstance(value, str) else number(value)


def _figure(
    identity: str,
    title: str,
    caption: str,
    x_title: str,
    views: dict[str, View | None],
    **options: Any,
) -> ReportFigure | None:
    """Return a figure of the views that there are; None without any."""
    kept = {key: view for key, view in views.items() if view is not None}
    return ReportFigure(identity, title, caption, kept, x_title, **options) if kept else None


def _views(
    subjects: dict[str, Recordings], view: Callable[[Recordings], View | None]
) -> dict[str, View | None]:
    return {key: view(recordings) for key, recordings in subjects.items()}


def _shade(dataset: xr.Dataset) -> tuple[float, float]:
    first, last = dataset["session"].to_numpy()[[0, int(dataset.attrs["initial_sessions"]) - 1]]
    return float(first) - 0.5, float(last) + 0.5


def _responses_figure(subjects: dict[str, Recordings]) -> ReportFigure | None:
    foretold = any(one.forecast is not None for found in subjects.values() for one in found)
    caption = (
        f"Points: observed means of a session, by the {STATES}; lines: medians of the forecast; "
        "bands: its 50 and 90 % intervals. "
        if foretold
        else f"Observed means of a session, by the {STATES}, normalised by the published protocol. "
    )
    return _figure(
        "responses-figure",
        "Responses" + (" and their forecast" if foretold else ""),
        f"{caption}Of a condition: means over its recordings, bands standard deviations. Grey "
        "ground: initial sessions.",
        "session",
        _views(subjects, _responses),
        options={"range": [0, 1], "legend": "state of sources"},
    )


def _responses(recordings: Recordings) -> View | None:
    observed = [found for one in recordings if (found := _observed(one)) is not None]
    forecast = recordings[0].forecast if len(recordings) == 1 else None
    first = forecast if forecast is not None else (observed[0] if observed else None)
    if first is None:
        return None
    styles = series_styles(legible_states([str(s) for s in first["source_state"].to_numpy()]))
    ensembles = min(first.sizes["ensemble"], ENSEMBLES)
    traces: list[Trace] = []
    for panel in range(ensembles):
        for state, style in styles.items():
            where = f"ensemble of source {panel + 1}, state {state}"
            options = {"panel": panel, "group": state, "legend": panel == 0}
            chosen = {"ensemble": first["ensemble"].to_numpy()[panel], "source_state": state}
            if forecast is not None:
                traces += _foretold(forecast.sel(chosen), state, style, where, options)
                traces += [
                    points(
                        one["session"].to_numpy(), one["state_response"].sel(chosen),
                        f"{state}, observed", style.colour, symbol=style.symbol, size=6,
                        column=f"{where}, observed", **options | {"legend": False},
                    )
                    for one in observed
                ]  # fmt: skip
            else:
                traces += over_recordings(
                    [one["state_response"].sel(chosen) for one in observed],
                    state, style, where, **options,
                )  # fmt: skip
    titles = [f"Ensemble of source {k + 1}" for k in range(ensembles)]
    if first.sizes["ensemble"] > ENSEMBLES:
        titles[-1] += f" (of {first.sizes['ensemble']} in all)"
    return View(_label(recordings), traces, titles, ["normalised response"], shade=_shade(first))


def _observed(one: ReportRecording) -> xr.Dataset | None:
    """Return observed responses in the forecast's normalisation, or else the published one."""
    for dataset in (one.scores, None if one.forecast is not None else one.analysis):
        if dataset is not None and "state_response" in dataset:
            return dataset
    return None


def _foretold(
    forecast: xr.Dataset, state: str, style: SeriesStyle, where: str, options: dict[str, Any]
) -> list[Trace]:
    session = forecast["session"].to_numpy()
    quantiles = forecast["predicted_state_response_quantile"]
    traces: list[Trace] = []
    for low, high, opacity in INTERVALS:
        lower, upper = (quantiles.sel(quantile=end).to_numpy() for end in (low, high))
        columns = [f"{where}, forecast {100 * end:g} %" for end in (low, high)]
        traces += band(session, lower, upper, style.colour, opacity, columns=columns, **options)
    column = f"{where}, forecast median"
    median = quantiles.sel(quantile=0.5)
    return [
        *traces,
        line(session, median, state, style.colour, dash=style.dash, column=column, **options),
    ]


def _energy_figure(subjects: dict[str, Recordings]) -> ReportFigure | None:
    return _figure(
        "energy-figure",
        "Free energy",
        f"Change since the first session, of the variational free energy F = complexity {MINUS} "
        "accuracy without parameter complexity. Of a condition: means over its recordings, bands "
        "standard deviations. Grey ground: initial sessions.",
        "session",
        _views(subjects, _energy),
    )


def _energy(recordings: Recordings) -> View | None:
    analysed = [one.analysis for one in recordings if one.analysis is not None]
    if not analysed:
        return None
    traces: list[Trace] = []
    for name, sign, label, colour, dash in ENERGIES:
        changes = [sign * (one[name] - one[name].isel(session=0, drop=True)) for one in analysed]
        style = SeriesStyle(colour, "circle", dash)
        traces += over_recordings(changes, label, style, label)
    return View(_label(recordings), traces, [""], ["change (nat)"], shade=_shade(analysed[0]))


def _errors_figure(subjects: dict[str, Recordings]) -> ReportFigure | None:
    return _figure(
        "errors-figure",
        "Errors of the forecasts",
        "Mean squared error of the normalised responses, session by session. Published: the "
        "normalisation has all sessions in view. Of a condition: means over its recordings, bands "
        "standard deviations. Grey ground: initial sessions.",
        "session",
        _views(subjects, _errors),
        options={"zero": [0, 1]},
    )


def _errors(recordings: Recordings) -> View | None:
    analysed = [one.analysis for one in recordings if one.analysis is not None]
    scored = [by_model(one.scores) for one in recordings if one.scores is not None]
    traces: list[Trace] = []
    titles: list[str] = []
    models = [str(model) for model in scored[0]["model"].to_numpy()] if scored else []
    styles = series_styles([*models, *ERRORS])
    if scored:
        for model in models:
            found = [one["squared_error"].sel(model=model, drop=True) for one in scored]
            traces += over_recordings(found, model, styles[model], model, panel=0)
        titles.append("Forecast by model")
    if analysed:
        for name, label in ERRORS.items():
            found = [one[name] for one in analysed]
            traces += over_recordings(found, label, styles[name], f"published protocol: {label}",
                                      panel=len(titles))  # fmt: skip
        titles.append("Published protocol")
    if not titles:
        return None
    shade = _shade((analysed or scored)[0])
    return View(_label(recordings), traces, titles, ["mean squared error"], shade=shade)


def _weights_figure(subjects: dict[str, Recordings]) -> ReportFigure | None:
    return _figure(
        "weights-figure",
        "Synaptic weights, last session",
        "Each point is a synapse, from one input to one ensemble: its weight as the published "
        "forecast has it, and as all sessions give it. On the dashed line they agree.",
        "forecast weight",
        _views(subjects, _weights),
        numbers={"kind": "long", "columns": [["forecast weight", "x"], ["weight", "y"]]},
    )


def _weights(recordings: Recordings) -> View | None:
    analysed = [one.analysis for one in recordings if one.analysis is not None]
    if not analysed:
        return None
    traces: list[Trace] = []
    ends = [np.inf, -np.inf]
    for level, colour, symbol in (("excitatory", VERMILION, "circle"),
                                  ("inhibitory", BLUE, "square")):  # fmt: skip
        foretold, given = (
            np.concatenate([one[f"{prefix}{level}_weight"].to_numpy().ravel() for one in analysed])
            for prefix in ("predicted_", "")
        )
        ends = [
            min(ends[0], foretold.min(), given.min()),
            max(ends[1], foretold.max(), given.max()),
        ]
        traces.append(points(foretold, given, level, colour, symbol=symbol, size=5, column=level))
    traces.append(line(ends, ends, "equal", GREY, dash="dash", width=1, legend=False))
    return View(_label(recordings), traces, [""], ["weight"])


def _plasticity_figure(subjects: dict[str, Recordings]) -> ReportFigure | None:
    return _figure(
        "plasticity-figure",
        "How plastic the network is",
        "Posterior probability of the prior strength, the insensitivity to plasticity, given that "
        "the network learns at all; from the initial sessions. Each line is a recording.",
        "prior strength",
        _views(subjects, _plasticity),
        numbers={"kind": "wide", "head": "prior strength"},
        options={"log": True, "zero": [0]},
    )


def _plasticity(recordings: Recordings) -> View | None:
    found = [
        (one.name, one.forecast["prior_strength_posterior"])
        for one in recordings
        if one.forecast is not None and "prior_strength_posterior" in one.forecast
    ]
    if not found:
        return None
    styles = series_styles([name for name, _ in found])
    traces = [
        line(posterior["prior_strength"], posterior, name, styles[name].colour,
             dash=styles[name].dash, column=name)
        for name, posterior in found
    ]  # fmt: skip
    return View(_label(recordings), traces, [""], ["posterior probability"])
