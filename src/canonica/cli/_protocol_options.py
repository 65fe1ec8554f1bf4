"""The options of every command that goes through many recordings by the protocol's thresholds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from canonica._cores import cores
from canonica._errors import CanonicaError

if TYPE_CHECKING:
    from canonica.reverse_engineering import GivenBaseline

DEFAULT_JOBS = cores()

PathsArgument: TypeAlias = Annotated[
    list[Path],
    typer.Argument(metavar="PATH...", help="Files of recordings, folders of them, or patterns."),
]
OutOption: TypeAlias = Annotated[
    Path, typer.Option("--out", "-o", help="Folder for the results; made if it is not there.")
]
BaselineOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="X | CONDITION=X",
        help="Mean response, in spikes, that stands for ordinary excitability: one for all, or "
        "one per condition (repeat the option). Give it where a drug changes excitability.",
        show_default="computed from the recordings of each condition",
    ),
]
BaselineFromOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="CONDITION",
        help="Take the baseline of this condition, the control, for all: what a drug does to "
        "excitability shows only then.",
    ),
]
MinimumMeanOption: TypeAlias = Annotated[
    float, typer.Option(help="Mean spikes above which an electrode is active.")
]
MinimumSessionOption: TypeAlias = Annotated[
    float, typer.Option(help="... and the lowest session mean that it must exceed.")
]
MinimumPreferenceOption: TypeAlias = Annotated[
    float, typer.Option(help="Spikes by which it must prefer its source.")
]
JobsOption: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Files to read at the same time.", show_default="all cores")
]


def baseline_given(given: list[str], condition: str | None = None) -> "GivenBaseline":
    """Return the baseline as the analysis takes it: one, one per condition, a condition's, or none.

    Raises
    ------
    CanonicaError
        If it is neither, or there are two.
    """
    if condition is not None:
        from canonica.reverse_engineering import BaselineFrom  # noqa: PLC0415

        if given:
            raise CanonicaError(
                "--baseline-from: found --baseline too; expected one of them. Leave one out."
            )
        return BaselineFrom(condition)
    if not given:
        return None
    split = [text.rpartition("=") for text in given]
    if any(equals and not condition for condition, equals, _ in split):
        raise CanonicaError(f"--baseline: found {' '.join(given)!r}; expected CONDITION=NUMBER.")
    try:
        values = {condition: float(number) for condition, _, number in split}
    except ValueError as error:
        raise CanonicaError(
            f"--baseline: found {' '.join(given)!r}; expected a number, or CONDITION=NUMBER."
        ) from error
    if len(values) < len(given) or ("" in values and len(values) > 1):
        raise CanonicaError(
            f"--baseline: found {' '.join(given)!r}; expected one number for all, or one for each "
            "condition."
        )
    return values.get("", values)
