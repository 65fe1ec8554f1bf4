"""Colours, symbols and dashes of conditions, states and models: told apart without colour too."""

from collections.abc import Sequence
from dataclasses import dataclass

from canonica.report._style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION

COLOURS = (BLACK, VERMILION, BLUE, GREEN, PURPLE, ORANGE, SKY)
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "x")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "5px,2px,2px,2px")
GREY = "#767676"


@dataclass(frozen=True)
class SeriesStyle:
    """How one of several series is drawn."""

    colour: str
    symbol: str
    dash: str


def series_styles(names: Sequence[str]) -> dict[str, SeriesStyle]:
    """Return a style for each name; up to 49 of them no two the same."""
    kinds = len(COLOURS)
    return {
        name: SeriesStyle(
            COLOURS[k % kinds], SYMBOLS[k % kinds], DASHES[(k + k // kinds) % len(DASHES)]
        )
        for k, name in enumerate(names)
    }


def legible_states(states: Sequence[str]) -> list[str]:
    """Return the states of sources to draw: all of a few; of many, each alone, all and none."""
    if len(states) <= len(COLOURS):
        return list(states)
    return [state for state in states if state.count("1") in (0, 1, len(state))]
