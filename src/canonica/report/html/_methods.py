"""What was done: a paragraph for a paper's methods, settings, versions, hashes of the files."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from canonica._errors import how_many
from canonica.report.html._contents import ReportContents
from canonica.report.html._element import element
from canonica.report.html._html_table import html_table
from canonica.report.html._words import enumerated


class Reference(NamedTuple):
    """A work that a method is from."""

    text: str
    doi: str | None


REFERENCES = {
    "NC20": Reference(
        "Isomura T, Friston K. Reverse-engineering neural networks to characterize their cost "
        "functions. Neural Computation 32(11):2085\N{EN DASH}2121, 2020.",
        "10.1162/neco_a_01315",
    ),
    "CB22": Reference(
        "Isomura T, Shimazaki H, Friston KJ. Canonical neural networks perform active "
        "inference. Communications Biology 5:55, 2022.",
        "10.1038/s42003-021-02994-2",
    ),
    "NC23": Reference(
        "Isomura T, Kotani K, Jimbo Y, Friston KJ. Experimental validation of the free-energy "
        "principle with in vitro neural networks. Nature Communications 14:4547, 2023.",
        "10.1038/s41467-023-40141-z",
    ),
    "H79": Reference(
        "Holm S. A simple sequentially rejective multiple test procedure. Scandinavian Journal "
        "of Statistics 6(2):65\N{EN DASH}70, 1979.",
        None,
    ),
    "GR07": Reference(
        "Gneiting T, Raftery AE. Strictly proper scoring rules, prediction, and estimation. "
        "Journal of the American Statistical Association 102(477):359\N{EN DASH}378, 2007.",
        "10.1198/016214506000001437",
    ),
}
CITED = {
    "analyze": ("NC20", "CB22", "NC23"),
    "forecast": ("NC20", "CB22", "NC23", "GR07"),
    "study": ("NC20", "CB22", "NC23", "H79", "GR07"),
}


def methods_section(contents: ReportContents) -> Element:
    """Return the section on what was done."""
    said = [_recordings(contents), _ensembles(contents)]
    if contents.command != "forecast":
        said.append(_published(contents))
    if contents.command != "analyze":
        said.append(_foretold(contents))
    if contents.command == "study":
        said.append(_compared(contents))
    cited = [_reference(key) for key in CITED[contents.command]]
    return element(
        "section",
        element("h2", "What was done"),
        element("p", " ".join(said), class_="methods"),
        element("h3", "References"),
        element("ul", cited),
        element("h3", "Settings and versions"),
        html_table(
            "settings",
            "Settings of the run, and the versions that made it",
            {"name": "setting", "value": "value"},
            [{"name": name, "value": value} for name, value in _settings(contents.summary)],
        ),
        element("h3", "Files that went in"),
        html_table(
            "files",
            "Every recording, its file, and the SHA-256 of the file",
            {"name": "recording", "origin": "origin", "input_sha256": "SHA-256 of the file"},
            [one.row for one in contents.recordings],
        ),
        id="section-methods",
    )


def _recordings(contents: ReportContents) -> str:
    count = how_many(len(contents.recordings), "recording")
    groups = [f"{name} ({len(contents.of(name))})" for name in contents.conditions]
    summary = contents.summary
    return (
        f"{count} of the {'conditions' if len(groups) > 1 else 'condition'} {enumerated(groups)} "
        f"went through canonica {summary['canonica_version']} (JAX {summary['jax_version']}), "
        f"command {contents.command}. {_window(summary)}"
    )


def _window(summary: Mapping[str, Any]) -> str:
    window = (summary["settings"].get("reading") or {}).get("window")
    if not window:
        return ""
    start, stop = (f"{1000 * float(end):g}" for end in window)
    return (
        f"Where files hold spikes, a response is their number from {start} to {stop} ms after a "
        "stimulus."
    )


def _ensembles(contents: ReportContents) -> str:
    protocol = contents.protocol
    origins = list(dict.fromkeys(str(one.row["baseline_origin"]) for one in contents.recordings))
    return (
        "An electrode was taken for active if its mean response was above "
        f"{protocol['minimum_mean_response']:g} spikes and that of no session below "
        f"{protocol['minimum_session_response']:g}; active electrodes that preferred a source by "
        f"more than {protocol['minimum_preference']:g} spikes made the ensemble of that source "
        "[NC23]. Their mean responses were normalised to lie between 0 and 1, with a baseline of "
        f"ordinary excitability that was {enumerated(origins)}."
    )


def _published(contents: ReportContents) -> str:
    protocol = contents.protocol
    initial = protocol["initial_sessions"]
    return (
        "By the published protocol [NC23], firing threshold factors came from the mean responses "
        f"of the first {how_many(initial, 'session')}, and synaptic weights "
        "from Hebbian and homeostatic sums "
        f"with the prior strength {protocol['prior_strength']:g}; variational free energy is that "
        "of the canonical network these define [NC20, CB22]. The published forecast of sessions "
        f"after the first {initial} stands beside two plain predictions: weights frozen, and ridge "
        "regression on the stimuli. It normalises responses with all sessions in view, and so is "
        "not blind to the future."
    )


def _foretold(contents: ReportContents) -> str:
    settings = contents.summary["settings"]
    others = [str(name) for name in settings.get("against", ())]
    beside = f", beside the {how_many(len(others), 'model')} {enumerated(others)}" if others else ""
    causal = contents.summary.get("causal", True)
    blind = (
        "ensembles, means and scales came from the initial sessions alone, so that the forecast is "
        "blind to what followed"
        if causal
        else "ensembles, means and scales came from ALL sessions, so that the forecast is NOT "
        "blind to the future"
    )
    return (
        f"The model {settings['model']} foretold the distribution of every response after the "
        f"first {contents.protocol['initial_sessions']} sessions from these, and from the stimuli "
        f"alone of later ones{beside}; {blind}. Forecasts were scored by squared error, CRPS, log "
        "score and the coverage of their intervals [GR07]."
    )


def _compared(contents: ReportContents) -> str:
    inferences = " ".join(str(one) for one in contents.summary.get("inferences", ()))
    if not contents.comparisons:
        return "There was nothing to compare."
    return (
        f"Conditions were compared with {contents.conditions[0]} by permutation tests, exact where "
        "so many arrangements can be listed, with intervals from the same tests; p values were "
        f"adjusted over all {how_many(len(contents.comparisons), 'comparison')} [H79]. {inferences}"
    )


def _reference(key: str) -> Element:
    text, doi = REFERENCES[key]
    link = element("a", f"doi:{doi}", href=f"https://doi.org/{doi}") if doi else None
    return element("li", f"[{key}] {text} ", link)


def _settings(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    versions = [("canonica", summary["canonica_version"]), ("JAX", summary["jax_version"])]
    return [*versions, ("command", summary["command"]), *_flat(summary["settings"])]


def _flat(settings: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{before}{name}.")
        else:
            said = ", ".join(map(str, value)) if isinstance(value, list) else value
            found.append((f"{before}{name}", "not given" if said in (None, "") else str(said)))
    return found
