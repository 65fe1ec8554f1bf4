"""A recording that somebody made or changed by hand, looked at where it comes in."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from canonica._checks import described, refusal
from canonica._errors import RecordingError, listed

ROLES = {
    "responses": ("trial", "electrode"),
    "stimuli": ("trial", "input"),
    "sources": ("trial", "source"),
}
ADVICE = "Make recordings with canonica.read or canonica.recordings.recording, which check them."


def check_recording(recording: Any, *, sources: bool = True) -> None:
    """Refuse what is no recording, or lacks a part; single values are left to the analysis.

    Variables may have their dimensions in any order.

    Parameters
    ----------
    recording : xarray.Dataset
        As `canonica.data.recording` returns it.
    sources : bool
        Whether it needs sources.

    Raises
    ------
    CanonicaError
        If it is no dataset.
    RecordingError
        If a variable is missing, has other dimensions, is empty or holds no numbers, if sessions
        are no whole numbers that never fall, or if a name is no text or an attribute NaN.
    """
    if not isinstance(recording, xr.Dataset):
        raise refusal("recording", described(recording), "one xarray.Dataset", ADVICE)
    label = recording_label(recording.attrs)
    roles = [role for role in ROLES if role != "sources" or sources or "sources" in recording]
    missing = [name for name in (*roles, "session") if name not in recording.variables]
    if missing:
        raise RecordingError(
            label,
            None,
            found=f"variables {listed(sorted(map(str, recording.variables)))}",
            expected=f"also {listed(missing)}",
            advice=ADVICE,
        )
    for role in roles:
        _check_variable(label, role, recording.variables[role])
    _check_sessions(label, recording.variables["session"])
    check_attributes(label, recording.attrs)


def recording_label(attrs: Mapping[Any, Any]) -> str:
    """Return name and origin of a recording, from its attributes, for messages."""
    name, origin = (str(attrs.get(key, "")) for key in ("name", "origin"))
    return f"{name or 'recording'} ({origin})" if origin else name or "recording"


def check_attributes(label: str, attrs: Mapping[Any, Any]) -> None:
    """Refuse names that are no text, and numbers that are none.

    Raises
    ------
    RecordingError
        That names the attribute.
    """
    for key, value in attrs.items():
        if key in ("name", "condition", "origin") and not isinstance(value, str):
            raise RecordingError(
                label,
                str(key),
                found=described(value),
                expected="a text",
                advice="Give it as text, or leave it out.",
            )
        values = np.asarray(value)
        if values.dtype.kind == "O":
            raise RecordingError(
                label,
                str(key),
                found=f"{described(value)} as an attribute",
                expected="a text, a number, or several",
                advice="Leave out what is not known, and give the rest as text.",
            )
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise RecordingError(
                label,
                str(key),
                found=f"{value} as an attribute",
                expected="a finite number",
                advice="Leave out what is not known.",
            )


def _check_variable(label: str, role: str, variable: xr.Variable) -> None:
    sizes = {str(dim): size for dim, size in variable.sizes.items()}
    if set(sizes) != set(ROLES[role]) or 0 in sizes.values() or variable.dtype.kind not in "buif":
        raise RecordingError(
            label,
            role,
            found=f"{variable.dtype} on dimensions {sizes}",
            expected=f"numbers on dimensions {', '.join(ROLES[role])}, none of them empty",
            advice=ADVICE,
        )


def _check_sessions(label: str, session: xr.Variable) -> None:
    numbers = session.to_numpy()
    if (
        session.dims != ("trial",)
        or numbers.dtype.kind not in "ui"
        or (numbers[1:] < numbers[:-1]).any()
    ):
        raise RecordingError(
            label,
            "session",
            found=f"{session.dtype} on dimensions {list(session.dims)}: {listed(numbers.ravel())}",
            expected="a whole number for every trial, which never falls",
            advice="Number the sessions in order, and sort the trials by them.",
        )
