"""Responses that the user normalised himself."""

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import RecordingError, how_many
from canonica.reverse_engineering._protocol import protocol_named
from canonica.reverse_engineering._sessions import Sessions
from canonica.reverse_engineering.published_protocol._batch import analysed
from canonica.reverse_engineering.published_protocol._observed import Observed
from canonica.reverse_engineering.published_protocol._outcomes import saturated
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol
from canonica.reverse_engineering.published_protocol._result import analysis_variables, result


@checked_arguments
def reverse_engineer_responses(
    response: np.ndarray | xr.DataArray,
    stimuli: np.ndarray | xr.DataArray,
    *,
    trials_per_session: int,
    protocol: str | PublishedProtocol = "published",
    sources: np.ndarray | xr.DataArray | None = None,
) -> xr.Dataset:
    """Read the generative model out of responses that are normalised already.

    Steps 4 to 7 of the protocol, for any network whose ensembles' activity is known.

    Parameters
    ----------
    response : (ensemble, trial)
        Activity in [0, 1].
    stimuli : (trial, input)
        0/1.
    trials_per_session : int
        Length of a session.
    protocol : str or PublishedProtocol, optional
        As in `reverse_engineer`.
    sources : (trial, ensemble), optional
        The source that each ensemble stands for, 0/1; adds `distance_to_ideal`.

    Returns
    -------
    xarray.Dataset
        As `reverse_engineer`, without what needs electrodes.

    Raises
    ------
    RecordingError
        If a value is out of its range or not finite, or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> stimuli = rng.integers(0, 2, (24 * 8, 3))
    >>> result = reverse_engineer_responses(
    ...     rng.uniform(size=(2, 24 * 8)), stimuli, trials_per_session=8
    ... )
    >>> result.excitatory_weight.shape
    (24, 2, 3)
    """
    chosen = protocol_named(protocol)
    x, o, s, sessions = checked_responses(
        response, stimuli, sources, trials_per_session=trials_per_session, protocol=chosen
    )
    observed = Observed(sessions.fold_rows(x), sessions.fold(o), sessions.valid)
    (one,) = analysed([observed], None if s is None else [sessions.fold_rows(s)], chosen)
    if not np.isfinite(one.threshold_factor).all():
        raise saturated("reverse_engineer_responses", one.threshold_factor)
    attrs = {"origin": "normalised responses", "trials_per_session": trials_per_session}
    return result(analysis_variables(x, sessions, one), sessions, chosen, attrs)


def checked_responses(
    response: np.ndarray | xr.DataArray,
    stimuli: np.ndarray | xr.DataArray,
    sources: np.ndarray | xr.DataArray | None,
    *,
    trials_per_session: int,
    protocol: PublishedProtocol,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, Sessions]:
    """Return responses (ensemble, trial), stimuli, sources (source, trial), and sessions.

    Raises
    ------
    RecordingError
        If a value is out of its range or not finite, or shapes do not fit.
    """
    x = _matrix(response, "response", ("ensemble", "trial"))
    o = _matrix(stimuli, "stimuli", ("trial", "input"))
    s = None if sources is None else _matrix(sources, "sources", ("trial", "source")).T
    _check_lengths(x, o, s)
    _refuse_unless((x >= 0) & (x <= 1), "response", "numbers between 0 and 1")
    for values, name in ((o, "stimuli"), (s, "sources")):
        if values is not None:
            _refuse_unless((values == 0) | (values == 1), name, "0 and 1 only")
    if s is not None:
        _refuse_unless(np.ptp(s, axis=1) > 0, "sources", "sources that change at all")
    return x, o, s, _sessions(len(o), trials_per_session, protocol)


def _matrix(values: np.ndarray | xr.DataArray, name: str, dims: tuple[str, str]) -> np.ndarray:
    if isinstance(values, xr.DataArray) and set(values.dims) == set(dims):
        values = values.transpose(*dims)
    array = np.asarray(values)
    if array.dtype.kind not in "buif" or array.ndim != 2 or array.size == 0:  # noqa: PLR2004
        raise RecordingError(
            "reverse_engineer_responses",
            name,
            found=f"an array of type {array.dtype} and shape {array.shape}",
            expected=f"numbers in a matrix ({', '.join(dims)})",
            advice="Check the argument.",
        )
    return array.astype(np.float64)


def _check_lengths(x: np.ndarray, o: np.ndarray, s: np.ndarray | None) -> None:
    if x.shape[1] != len(o):
        raise RecordingError(
            "reverse_engineer_responses",
            "response / stimuli",
            found=f"{how_many(x.shape[1], 'trial')} of response, {len(o)} of stimuli",
            expected="the same number",
            advice="response is (ensemble, trial), stimuli are (trial, input).",
        )
    if s is not None and s.shape != x.shape:
        raise RecordingError(
            "reverse_engineer_responses",
            "sources",
            found=f"shape {s.T.shape}",
            expected=f"{x.T.shape}: (trial, ensemble), the source that each ensemble stands for",
            advice="Reorder or select the columns of sources.",
        )


def _refuse_unless(sound: np.ndarray, name: str, expected: str) -> None:
    if not sound.all():
        raise RecordingError(
            "reverse_engineer_responses",
            name,
            found=f"{np.count_nonzero(~sound)} of {sound.size} that are not",
            expected=expected,
            advice="See the docstring; recordings of spikes are for reverse_engineer.",
        )


def _sessions(trials: int, trials_per_session: int, protocol: PublishedProtocol) -> Sessions:
    count, rest = divmod(trials, trials_per_session) if trials_per_session > 0 else (0, trials)
    if rest or count <= protocol.initial_sessions:
        raise RecordingError(
            "reverse_engineer_responses",
            "response",
            found=f"{how_many(trials, 'trial')} in sessions of {trials_per_session}",
            expected=f"a whole number of sessions, more than {protocol.initial_sessions}",
            advice="Check trials_per_session, and the protocol's initial_sessions.",
        )
    return Sessions(np.repeat(np.arange(1, count + 1), trials_per_session))
