"""Times as other software holds them, with a unit or an index: in seconds, as a plain array.

None of these packages is imported: whoever has an object of theirs has imported it already.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from canonica._errors import RecordingError
from canonica.data._masked import unmasked

SECOND = np.timedelta64(1, "s")
UNITS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "quantities": lambda values: values.rescale("s").magnitude,
        "pint": lambda values: values.to("s").magnitude,
        "astropy": lambda values: values.to_value("s"),
    }
)


def seconds(values: Any, source: str, variable: str) -> Any:
    """Return times in seconds: without unit, mask or index, where they have one.

    Parameters
    ----------
    values : array-like or object
        Numbers, which are seconds, and time differences of NumPy; quantities of `quantities` (and
        so of Neo), `pint` and `astropy`; time series and intervals of `pynapple`, of which the
        times are meant.
    source, variable : str
        What to call them in messages.

    Raises
    ------
    RecordingError
        If their unit is none of time, if something is masked, or if there is an index of times
        beside the values, so that either may be meant.
    """
    if comes_from(values, "neo"):
        values = getattr(values, "times", values)
    if comes_from(values, "pynapple"):
        return _of_pynapple(values, source, variable)
    for package, converted in UNITS.items():
        if comes_from(values, package):
            return _converted(values, converted, source, variable)
    _refuse_index(values, source, variable)
    _refuse_units_one_by_one(values, source, variable)
    values = unmasked(values, source, variable)
    if getattr(getattr(values, "dtype", None), "kind", None) == "m":
        return np.asarray(values) / SECOND
    return values


def comes_from(value: Any, package: str) -> bool:
    """Return whether the type of an object, or one that it derives from, is of a package."""
    return any(kind.__module__.split(".")[0] == package for kind in type(value).__mro__)


def _of_pynapple(values: Any, source: str, variable: str) -> Any:
    """Return the times of a time series, or where intervals start."""
    for times in ("t", "start"):
        if isinstance(getattr(values, times, None), np.ndarray):
            return getattr(values, times)
    raise RecordingError(
        source,
        variable,
        found=f"an object of pynapple without times: {type(values).__name__}",
        expected="a Ts, a Tsd or, for the times of stimuli, an IntervalSet",
        advice="Give its times, such as its attribute t, as an array.",
    )


def _converted(
    values: Any, converted: Callable[[Any], Any], source: str, variable: str
) -> np.ndarray:
    try:
        return np.asarray(converted(values))
    except Exception as error:  # each package has one of its own for a unit that does not fit
        unit = getattr(values, "dimensionality", None) or getattr(values, "unit", "another unit")
        raise RecordingError(
            source,
            variable,
            found=f"values in {unit}",
            expected="times",
            advice="Give them in a unit of time.",
        ) from error


def _refuse_units_one_by_one(values: Any, source: str, variable: str) -> None:
    """Refuse a list of values with a unit each: NumPy would take the numbers and drop the units."""
    listed = isinstance(values, Sequence) and not isinstance(values, str) and len(values)
    if listed and any(comes_from(values[0], package) for package in UNITS):
        raise RecordingError(
            source,
            variable,
            found="a list of values with a unit each",
            expected="one array, with a unit or in seconds",
            advice="Make an array of them, or convert them to seconds.",
        )


def _refuse_index(values: Any, source: str, variable: str) -> None:
    """Refuse a series of pandas or xarray with an index of times: either may be meant."""
    if comes_from(values, "pandas") and hasattr(values, "iloc"):
        what, beside = "an index", [values.index]
    elif comes_from(values, "xarray") and hasattr(values, "coords"):
        others = [name for name in values.coords if name != getattr(values, "name", None)]
        what, beside = "a coordinate", [values.coords[name] for name in others]
    else:
        return
    if any(one.ndim == 1 and getattr(one.dtype, "kind", "O") in "fmM" for one in beside):
        raise RecordingError(
            source,
            variable,
            found=f"a {type(values).__name__} with {what} of times beside its values",
            expected="times alone, as either may be meant",
            advice=f"Give the one that is meant as an array: {what[what.index(' ') + 1 :]} or "
            "values, by .to_numpy().",
        )
