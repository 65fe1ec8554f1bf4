"""The whole page: one file, which nothing is loaded into from anywhere."""

import json
from importlib.resources import files
from typing import Any
from xml.etree.ElementTree import Element

from canonica._arguments import checked_arguments
from canonica._errors import how_many
from canonica.report.html._bundle import plotly_library, script_hash
from canonica.report.html._compared import compared_section
from canonica.report.html._contents import ReportContents
from canonica.report.html._each_recording import recordings_section
from canonica.report.html._element import element, markup
from canonica.report.html._forecasts import forecasts_section
from canonica.report.html._methods import methods_section
from canonica.report.html._quality import baseline_banner, quality_section
from canonica.report.html._words import enumerated

SECTIONS = {
    "methods": "What was done",
    "quality": "Data quality and warnings",
    "conditions": "Conditions compared",
    "forecasts": "Forecasts",
    "recordings": "Each recording",
}


@checked_arguments
def document(contents: ReportContents) -> str:
    """Return the page of a results folder.

    The same contents give the same page, to the byte.

    Parameters
    ----------
    contents : ReportContents
        What the folder holds.

    Returns
    -------
    str
        HTML. Its Content-Security-Policy allows no connection and no script but its own.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    parts = [part(contents) for part in (compared_section, forecasts_section, recordings_section)]
    figures = [figure for _, found in parts for figure in found]
    script = _resource("report.js")
    library, library_hash = plotly_library()
    policy = (
        f"default-src 'none'; script-src {script_hash(script)} {library_hash}; style-src "
        "'unsafe-inline'; img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    title = _title(contents)
    page = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", attributes={"http-equiv": "Content-Security-Policy"}, content=policy),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="generator", content=_generator(contents)),
            element("title", title),
            element("style", _resource("report.css")),
        ),
        element(
            "body",
            element("a", "Skip to the report", href="#report", class_="skip"),
            _header(contents, title),
            element(
                "main",
                methods_section(contents),
                quality_section(contents),
                [section for section, _ in parts],
                id="report",
            ),
            _data("figures", {figure.identity: figure.payload for figure in figures}),
            _raw(element("script", type="text/plain", id="plotly"), library),
            _raw(element("script"), script),
        ),
        lang="en",
    )
    return f"<!DOCTYPE html>\n{markup(page)}\n"


def _title(contents: ReportContents) -> str:
    return f"canonica {contents.command}: {enumerated(contents.conditions)}"


def _generator(contents: ReportContents) -> str:
    return f"canonica {contents.summary['canonica_version']}"


def _header(contents: ReportContents, title: str) -> Element:
    links = [
        element("li", element("a", words, href=f"#section-{name}"))
        for name, words in SECTIONS.items()
    ]
    count = how_many(len(contents.recordings), "recording")
    condition = how_many(len(contents.conditions), "condition")
    return element(
        "header",
        element("h1", title),
        element("p", f"{count} of {condition}; {_generator(contents)}.", class_="lede"),
        baseline_banner(contents),
        element(
            "noscript",
            element("p", "Figures, sorting and saving need JavaScript. Text and tables do not."),
        ),
        element("nav", element("ul", links), attributes={"aria-label": "Sections"}),
    )


def _resource(name: str) -> str:
    return (files("canonica.report.html") / name).read_text(encoding="utf-8")


def _data(identity: str, value: Any) -> Element:
    """Return data for the script, in which nothing can end the element that holds it."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return _raw(element("script", type="application/json", id=identity), text)


def _raw(empty: Element, text: str) -> Element:
    """Return an element filled with what is no markup, as it stands."""
    empty.text = text
    return empty
