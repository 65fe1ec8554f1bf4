"""Data quality and warnings: what failed, what was left out, what the data cannot tell."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from canonica._errors import how_many
from canonica.report.html._contents import ReportContents
from canonica.report.html._element import Child, element
from canonica.report.html._html_table import html_table
from canonica.reverse_engineering import own_baselines
from canonica.reverse_engineering.conditions import SIGNIFICANT

SIZES = {
    "name": "recording",
    "condition": "condition",
    "sessions": "sessions",
    "trials": "trials",
    "electrodes": "electrodes",
    "electrodes_per_ensemble": "electrodes per ensemble",
    "baseline": "baseline (spikes)",
    "baseline_origin": "baseline is",
    "reading": "read as",
    "warnings": "warnings",
}


def baseline_banner(contents: ReportContents) -> Element | None:
    """Return the loud word on baselines, where conditions have their own; None where not."""
    said = contents.summary.get("baseline_warning") or own_baselines(
        [dict(one.row) for one in contents.recordings]
    )
    return element("p", str(said), class_="loud", role="note") if said else None


def quality_section(contents: ReportContents) -> Element:
    """Return the section on data quality and warnings."""
    failures: Sequence[Mapping[str, Any]] = contents.summary.get("failures", ())
    excluded: Sequence[Mapping[str, Any]] = contents.summary.get("excluded", ())
    return element(
        "section",
        element("h2", "Data quality and warnings"),
        element("ul", [element("li", words) for words in _said(contents)]),
        _limits(contents),
        _failures(failures),
        _excluded(excluded),
        element("h3", "What each recording holds"),
        html_table(
            "quality",
            "Sizes, ensembles, baseline and warnings of every recording",
            SIZES,
            [one.row for one in contents.recordings],
            about="Ensembles are listed in the order of their sources. An ensemble of very few "
            "electrodes says little.",
        ),
        id="section-quality",
    )


def _said(contents: ReportContents) -> list[str]:
    warned = [one for one in contents.recordings if one.row.get("warnings")]
    failures = contents.summary.get("failures", ())
    count = len(contents.recordings)
    said = [
        f"{how_many(count, 'recording')} could be used, {len(failures)} could not.",
        f"{how_many(len(warned), 'recording')} with warnings, named in the table below."
        if warned
        else "No recording has a warning.",
    ]
    caveat = contents.summary.get("caveat")
    return [*said, *([str(caveat)] if caveat else []), *_diagnostics(contents)]


def _diagnostics(contents: ReportContents) -> list[str]:
    """Return where a posterior of plasticity is not to be trusted."""
    found = [
        (one.name, str(one.forecast.attrs.get("diagnostic_warning", "")))
        for one in contents.recordings
        if one.forecast is not None
    ]
    return [f"{name}: {words}" for name, words in found if words]


def _limits(contents: ReportContents) -> Child:
    """Return what the data cannot tell, whatever came out."""
    found = _limits_of_study(contents) if contents.command == "study" else _limits_else(contents)
    if not found:
        return None
    return [
        element("h3", "What these data cannot tell"),
        element("ul", [element("li", words) for words in found]),
    ]


def _limits_of_study(contents: ReportContents) -> list[str]:
    compared = contents.comparisons
    if not compared:
        return ["The recordings are of one condition: there is nothing to compare."]
    hopeless = [one for one in compared if one["smallest_p_value"] > SIGNIFICANT]
    if not hopeless:
        return []
    smallest = min(one["smallest_p_value"] for one in compared)
    words = (
        f"In {len(hopeless)} of {how_many(len(compared), 'comparison')} no difference, however "
        "large, could have been told from chance: with so few independent units the p value after "
        f"Holm cannot fall to {SIGNIFICANT:g} (the smallest that it can be is {smallest:.2g}). "
        "Absence of a difference there is no evidence of its absence."
    )
    return [words]


def _limits_else(contents: ReportContents) -> list[str]:
    found = []
    if len(contents.conditions) > 1:
        found.append(
            "Whether conditions differ by more than chance: this command describes each by itself. "
            "canonica study compares them."
        )
    found += [
        f"{one['condition']}: which prediction is best. The differences are within chance "
        f"(smallest possible p value {one['smallest_p_value']:.2g}, found {one['p_value']:.2g})."
        for one in contents.summary.get("conditions", ())
        if "best" in one
        and one["best"] is None
        and one.get("p_value") is not None
        and one.get("smallest_p_value") is not None
    ]
    return found


def _failures(failures: Sequence[Mapping[str, Any]]) -> Child:
    if not failures:
        return None
    return [
        element("h3", "What could not be used"),
        html_table(
            "failures",
            "Recordings or files that failed, and why",
            {"source": "recording or file", "message": "what is wrong"},
            failures,
        ),
    ]


def _excluded(excluded: Sequence[Mapping[str, Any]]) -> Child:
    if not excluded:
        return None
    return [
        element("h3", "What was left out"),
        html_table(
            "excluded",
            "Rows of the study's table that were left out, as the table says",
            {"file": "file", "recording": "recording", "condition": "condition", "note": "note"},
            excluded,
        ),
    ]
