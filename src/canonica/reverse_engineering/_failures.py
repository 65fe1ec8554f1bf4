"""What becomes of recordings that cannot be used, one or some among many."""

from collections.abc import Callable, Sequence
from typing import Literal, ParamSpec, TypeAlias, TypeVar

import xarray as xr

from canonica._errors import RecordingError, how_many, listed

Errors: TypeAlias = Literal["raise", "keep"]

P = ParamSpec("P")
Found = TypeVar("Found")


def attempt(
    function: Callable[P, Found], *args: P.args, **kwargs: P.kwargs
) -> Found | RecordingError:
    """Return what `function` returns, or the RecordingError that it raises."""
    try:
        return function(*args, **kwargs)
    except RecordingError as error:
        return error


def in_place(
    found: Sequence[xr.Dataset | RecordingError], errors: Errors, *, done: str
) -> list[xr.Dataset | RecordingError]:
    """Return the outcome of every recording, in the place of the recording.

    Parameters
    ----------
    found : sequence of xarray.Dataset or RecordingError
        The outcomes.
    errors : str
        ``"raise"``: there shall be no error among them. ``"keep"``: there may be.
    done : str
        What was done to them, for the message: analysed, forecast.

    Raises
    ------
    RecordingError
        With ``"raise"``: the first among the outcomes, with a word on the others.
    """
    failures = [each for each in found if isinstance(each, RecordingError)]
    if errors == "raise" and failures:
        raise _with_others(failures, len(found), done) if len(found) > 1 else failures[0]
    return list(found)


def _with_others(failures: Sequence[RecordingError], number: int, done: str) -> RecordingError:
    """Return the first failure of several recordings, saying how many others there are."""
    first, *others = failures
    also = f" (the others: {listed(one.source for one in others)})" if others else ""
    return RecordingError(
        first.source,
        first.variable,
        found=first.found,
        expected=first.expected,
        advice=(
            f"{first.advice} {len(failures)} of {how_many(number, 'recording')} "
            f"could not be {done}{also}; "
            f"errors='keep' returns each such error in its recording's place, beside the results "
            "of the rest."
        ),
    )
