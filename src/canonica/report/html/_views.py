"""Figures with several views, of which a reader chooses one, and the place of each in the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from canonica.report.html._element import element
from canonica.report.html._traces import Trace, plain


@dataclass(frozen=True, eq=False)
class View:
    """What a figure shows once it is chosen.

    Parameters
    ----------
    label : str
        How a reader chooses it.
    traces : sequence of dict
        What is drawn.
    panels : sequence of str
        Title of each panel.
    y_titles : sequence of str
        Of the panels, with units; one for all if there is one.
    shade : (float, float), optional
        From where to where on the horizontal axis the ground is grey.
    ticks : mapping of int to sequence of str, optional
        Names at 0, 1, ... on the horizontal axis of a panel, in place of numbers.
    """

    label: str
    traces: Sequence[Trace]
    panels: Sequence[str]
    y_titles: Sequence[str]
    shade: tuple[float, float] | None = None
    ticks: Mapping[int, Sequence[str]] = field(default_factory=dict)

    @property
    def payload(self) -> dict[str, Any]:
        """What the page's script takes."""
        titles = list(self.y_titles) * (len(self.panels) if len(self.y_titles) == 1 else 1)
        return {
            "label": plain(self.label),
            "traces": list(self.traces),
            "panels": [
                {"title": plain(title), "y": plain(y)}
                | ({"ticks": [plain(t) for t in self.ticks[k]]} if k in self.ticks else {})
                for k, (title, y) in enumerate(zip(self.panels, titles, strict=True))
            ],
            "shade": self.shade,
        }


@dataclass(frozen=True, eq=False)
class ReportFigure:
    """A figure of the page.

    Parameters
    ----------
    identity : str
        Its id.
    title : str
        Its name, which is its heading too.
    caption : str
        What is drawn, and how many recordings it is of.
    views : mapping of str to View
        By key; the first is shown at first.
    x_title : str
        Of the horizontal axis, with its unit; empty for none.
    choice : str, optional
        What is chosen by the figure's own switch; by default the section's switch chooses.
    numbers : dict, optional
        How the figure's numbers make a table: ``{"kind": "wide", "head": ...}``, a row for each x;
        or ``{"kind": "long", "columns": [[heading, "text" or "x" or "y"], ...]}``.
    options : dict, optional
        Of all panels: `range`, of the vertical axis; `diagonal`; `zero`; `square`; `log`.
    """

    identity: str
    title: str
    caption: str
    views: Mapping[str, View]
    x_title: str
    choice: str | None = None
    numbers: Mapping[str, Any] = field(default_factory=lambda: {"kind": "wide", "head": "session"})
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def payload(self) -> dict[str, Any]:
        """What the page's script takes."""
        return {
            "title": plain(self.title),
            "x": plain(self.x_title),
            "views": {key: view.payload for key, view in self.views.items()},
            "numbers": self.numbers,
            "options": self.options,
        }

    def placed(self, level: int = 3) -> Element:
        """Return its place in the page, with a heading of this level."""
        plot = element(
            "div",
            attributes={
                "role": "group",
                "aria-label": f"{self.title}. {self.caption} Its numbers follow in a table.",
                "data-figure": self.identity,
            },
            class_="plot",
        )
        numbers = element(
            "details",
            element("summary", "The numbers of this figure"),
            element("div"),
            attributes={"data-numbers": self.identity},
        )
        return element(
            "figure",
            element(f"h{level}", self.title),
            self._switch() if self.choice else None,
            plot,
            element("figcaption", self.caption),
            numbers,
            id=self.identity,
        )

    def _switch(self) -> Element:
        chooser = f"{self.identity}-choice"
        options = [element("option", view.label, value=key) for key, view in self.views.items()]
        select = element("select", options, attributes={"id": chooser, "data-for": self.identity})
        label = element("label", self.choice, attributes={"for": chooser})
        return element("p", label, " ", select, class_="switch")
