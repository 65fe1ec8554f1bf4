"""The recording: what every reader produces and every analysis takes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from canonica._errors import RecordingError, how_many, listed
from canonica.data._masked import unmasked
from canonica.data._recording_checks import ROLES, check_attributes


def recording(
    responses: Any,
    stimuli: Any,
    sources: Any = None,
    *,
    session: int | Sequence[int] | np.ndarray,
    name: str = "recording",
    condition: str = "unknown",
    origin: str = "memory",
    **attributes: str | float,
) -> xr.Dataset:
    """Return responses, stimuli and sources of a culture as one checked dataset.

    Parameters
    ----------
    responses : (trial, electrode)
        Spikes of each electrode after each stimulus, >= 0.
    stimuli : (trial, input)
        0/1.
    sources : (trial, source), optional
        0/1: the hidden states that the stimuli were mixed from, where known.
    session : int or (trial,)
        Trials per session, or the session number of every trial, never falling.
    name, condition, origin : str
        What this recording is called, the group it belongs to, and where it came from.
    **attributes
        Further attributes to keep with it.

    Returns
    -------
    xarray.Dataset
        Variables `responses`, `stimuli` and, where given, `sources` in float64 on dims trial,
        electrode, input and source, each numbered from 1, with coordinate `session` on trial.

    Raises
    ------
    RecordingError
        If an array is not two-dimensional, not numeric or empty, holds NaN, infinite or negative
        values, stimuli or sources other than 0 and 1, if the arrays differ in their number of
        trials, if the trials do not divide into sessions, or if a name is no text or an attribute
        NaN.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> culture = recording(
    ...     rng.poisson(2, (8, 4)),
    ...     rng.integers(0, 2, (8, 3)),
    ...     rng.integers(0, 2, (8, 2)),
    ...     session=4,
    ... )
    >>> dict(culture.sizes)
    {'trial': 8, 'electrode': 4, 'input': 3, 'source': 2}
    """
    attrs = {"name": name, "condition": condition, "origin": origin, **attributes}
    check_attributes(str(origin), attrs)
    arrays = {"responses": _counts(responses, origin), **_world(stimuli, sources, origin)}
    return _labelled(arrays, session, attrs)


def counted(
    responses: np.ndarray,
    stimuli: Any,
    sources: Any,
    *,
    session: int | Sequence[int] | np.ndarray,
    name: str = "recording",
    condition: str = "unknown",
    origin: str = "memory",
    **attributes: Any,
) -> xr.Dataset:
    """Return a recording as `recording` does, of responses in float64 that were just counted.

    They are neither copied nor checked: for many electrodes that would take longer than to count.
    """
    attrs = {"name": name, "condition": condition, "origin": origin, **attributes}
    check_attributes(str(origin), attrs)
    arrays = {"responses": responses, **_world(stimuli, sources, origin)}
    return _labelled(arrays, session, attrs)


def _world(stimuli: Any, sources: Any, origin: str) -> dict[str, np.ndarray]:
    """Return stimuli and, where known, sources, checked."""
    given = {"stimuli": stimuli} | ({} if sources is None else {"sources": sources})
    arrays = {role: _matrix(values, role, origin) for role, values in given.items()}
    for role, values in arrays.items():
        _refuse(
            ~((values == 0) | (values == 1)),
            values,
            role,
            origin,
            expected="0 and 1 only",
            advice="Code absent as 0 and present as 1.",
        )
    return arrays


def _counts(responses: Any, origin: str) -> np.ndarray:
    """Return the responses as a matrix of finite numbers, 0 or more."""
    values = _matrix(responses, "responses", origin)
    _refuse(
        ~(np.isfinite(values) & (values >= 0)),
        values,
        "responses",
        origin,
        expected="spike counts, finite and >= 0",
        advice="Scores and changes from a baseline are no counts: give the counts themselves."
        if (values[np.isfinite(values) & (values < 0)] % 1 != 0).any()
        else "Mark missing electrodes by leaving their column out, not by NaN or -1.",
    )
    return values


def _labelled(
    arrays: dict[str, np.ndarray],
    session: int | Sequence[int] | np.ndarray,
    attrs: dict[str, Any],
) -> xr.Dataset:
    origin = str(attrs["origin"])
    trials = _common_trials(arrays, origin)
    data = {role: (ROLES[role], values) for role, values in arrays.items()}
    dataset = xr.Dataset(data, attrs=attrs)
    coordinates: dict[str, Any] = {
        str(dim): np.arange(1, size + 1) for dim, size in dataset.sizes.items()
    }
    coordinates["session"] = ("trial", _session_numbers(session, trials, origin))
    dataset = dataset.assign_coords(coordinates)
    dataset["responses"].attrs.update(units="spikes", long_name="evoked response")
    dataset["stimuli"].attrs.update(units="1", long_name="stimulus on this input")
    if "sources" in arrays:
        dataset["sources"].attrs.update(units="1", long_name="hidden source")
    if np.ndim(session) == 0:
        dataset.attrs["trials_per_session"] = int(np.asarray(session))
    return dataset


def _matrix(values: Any, role: str, origin: str) -> np.ndarray:
    values = unmasked(values, origin, role)
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.asarray(values, dtype=object)
    axes = " x ".join(ROLES[role])
    if array.dtype.kind not in "buif" or array.ndim != 2 or array.size == 0:  # noqa: PLR2004
        raise RecordingError(
            origin,
            role,
            found=f"an array of type {array.dtype} and shape {array.shape}",
            expected=f"numbers in a {axes} matrix with at least one of each",
            advice="Check how this array was saved.",
        )
    return array.astype(np.float64)


def _common_trials(arrays: dict[str, np.ndarray], origin: str) -> int:
    lengths = {role: len(array) for role, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise RecordingError(
            origin,
            " / ".join(lengths),
            found="trials: " + ", ".join(f"{role} {n}" for role, n in lengths.items()),
            expected="the same number of trials (rows) in each",
            advice="Cut or pad nothing: find out which array lost trials, and export again.",
        )
    return lengths["responses"]


def _refuse(
    bad: np.ndarray, values: np.ndarray, role: str, origin: str, *, expected: str, advice: str
) -> None:
    if not bad.any():
        return
    trial, column = np.argwhere(bad)[0]
    raise RecordingError(
        origin,
        role,
        found=(
            f"{values[trial, column]:g} in trial {trial + 1}, {ROLES[role][1]} {column + 1}"
            f" ({how_many(np.count_nonzero(bad), 'such value')})"
        ),
        expected=expected,
        advice=advice,
    )


def _session_numbers(
    session: int | Sequence[int] | np.ndarray, trials: int, origin: str
) -> np.ndarray:
    try:
        numbers = np.asarray(session)
    except ValueError:  # lists of different lengths
        numbers = np.asarray(session, dtype=object)
    if numbers.dtype.kind == "f" and np.isfinite(numbers).all() and (numbers % 1 == 0).all():
        numbers = numbers.astype(np.int64)  # whole, as MATLAB's numbers are
    if numbers.ndim == 0 and numbers.dtype.kind in "ui":
        return _equal_sessions(int(numbers), trials, origin)
    sound = numbers.shape == (trials,) and numbers.dtype.kind in "ui"
    if not sound or numbers.max() > np.iinfo(np.int64).max or (numbers[1:] < numbers[:-1]).any():
        raise RecordingError(
            origin,
            "session",
            found=f"{numbers.dtype} numbers of shape {numbers.shape}: {listed(numbers.ravel())}",
            expected=f"trials per session, or {trials} whole numbers that never fall",
            advice="Number the sessions in order, one number per trial.",
        )
    return numbers.astype(np.int64)


def _equal_sessions(trials_per_session: int, trials: int, origin: str) -> np.ndarray:
    if trials_per_session < 1 or trials % trials_per_session:
        raise RecordingError(
            origin,
            "responses",
            found=how_many(trials, "trial"),
            expected=f"a multiple of {how_many(trials_per_session, 'trial')} per session",
            advice="Give the right number of trials per session, or a session number per trial.",
        )
    return np.repeat(np.arange(1, trials // trials_per_session + 1), trials_per_session)
