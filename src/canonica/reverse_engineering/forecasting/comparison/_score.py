"""How good a forecast was, once the recording is known."""

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError, RecordingError
from canonica.reverse_engineering.forecasting._known import Normalised, normalised, protocol_of
from canonica.reverse_engineering.forecasting.comparison._scores import LEVELS, session_scores

DESCRIPTIONS = {
    "squared_error": ("mean squared error of the expected response", "1"),
    "log_score": ("mean log density of the observed responses, higher is better", "nat"),
    "crps": ("mean continuous ranked probability score, lower is better", "1"),
    "coverage": ("share of responses within the central interval", "1"),
    "width": ("mean width of the central interval", "1"),
}
KEPT = ("name", "condition", "model", "normalisation", "initial_sessions", "seed", "baseline")


@checked_arguments
def score(forecast: xr.Dataset | RecordingError, recording: xr.Dataset) -> xr.Dataset:
    """Return how good a forecast was, session by session.

    Parameters
    ----------
    forecast : xarray.Dataset
        As `canonica.forecast` returns it.
    recording : xarray.Dataset
        The recording that it was made from, with all sessions. Its name does not matter, nor does
        the file that it was read from: a forecast and a recording belong together if all that the
        forecaster knew is the same in both: sessions, stimuli, sources, and the responses of the
        initial sessions. The attribute `recording_fingerprint` is a SHA-256 of these.

    Returns
    -------
    xarray.Dataset
        `squared_error`, `log_score` in nats (higher is better), `crps` (session), and `coverage`
        and `width` (level, session) of the central intervals of 50 and 90 %. A response of 0 or 1,
        of which an interval may hold a part of the mass, counts by that part, so that a true
        forecast covers 90 % in 90 % of trials. The coordinate `horizon` counts sessions after the
        initial ones, which are fitted, not forecast: leave them out with
        ``score.sel(session=score.horizon > 0)``.

    Raises
    ------
    RecordingError
        If the recording cannot be used; or, where `forecast` kept an error in place of a forecast,
        that error.
    CanonicaError
        If the forecast is not of this recording.

    Examples
    --------
    >>> from canonica.reverse_engineering import forecast
    >>> from canonica.simulate import culture
    >>> recording = culture(seed=0, sessions=8, trials_per_session=64)
    >>> scored = score(forecast(recording, initial_sessions=5, model="ridge"), recording)
    >>> scored.coverage.dims
    ('level', 'session')
    """
    if isinstance(forecast, RecordingError):
        raise forecast
    attrs = forecast.attrs
    if "normalisation" not in attrs or "predicted_response" not in forecast:
        raise CanonicaError(
            "forecast: found a dataset without normalisation or predicted_response; expected what "
            "canonica.forecast returns."
        )
    (ready,) = normalised(
        [recording], protocol_of(attrs), attrs["normalisation"], float(attrs["baseline"])
    )
    if isinstance(ready, RecordingError):
        raise ready
    return score_normalised(forecast, ready)


@checked_arguments
def score_normalised(forecast: xr.Dataset, recording: Normalised) -> xr.Dataset:
    """Return the scores of a forecast of a recording normalised as the forecast's was.

    Raises
    ------
    CanonicaError
        If the forecast is not of this recording.
    """
    _check_pair(forecast, recording)
    sessions = recording.ensembles.sessions
    weight, *parts = _components(forecast)
    mean, scale = (np.stack([sessions.fold_rows(one) for one in part]) for part in parts)
    found = session_scores(recording.folded, mean, scale, sessions.valid, weight=weight)
    return xr.Dataset(
        {
            name: (
                ("session",) if values.ndim == 1 else ("level", "session"),
                values,
                dict(zip(("long_name", "units"), DESCRIPTIONS[name], strict=True)),
            )
            for name, values in found._asdict().items()
        },
        {
            "session": forecast["session"],
            "horizon": forecast["horizon"],
            "level": list(LEVELS),
        },
        {key: forecast.attrs[key] for key in KEPT if key in forecast.attrs},
    )


def _components(forecast: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weight, mean and scale of what the forecast mixes: a single one has weight 1."""
    if "component_weight" in forecast:
        names = ("component_weight", "component_response", "component_scale")
        weight, mean, scale = (forecast[name].to_numpy() for name in names)
        return weight, mean, scale
    mean, scale = (forecast[name].to_numpy() for name in ("predicted_response", "predicted_scale"))
    return np.ones(1), mean[None], scale[None]


def _check_pair(forecast: xr.Dataset, recording: Normalised) -> None:
    """Raise CanonicaError unless the forecast was made from this recording, and is whole."""
    ensembles = recording.ensembles
    same = (
        forecast.attrs.get("recording_fingerprint") == ensembles.fingerprint
        and np.array_equal(forecast["trial_session"], ensembles.sessions.numbers)
        # Under the published normalisation they depend on the later responses too.
        and np.array_equal(forecast["electrode_ensemble"], ensembles.electrode_ensemble)
    )
    if not same:
        raise CanonicaError(
            f"forecast of {forecast.attrs.get('name')}: found other sessions, stimuli, sources, "
            f"ensembles or initial responses than in {ensembles.label}; expected the recording "
            "that it was made from, and all of its forecast. Pair forecasts and recordings by "
            "their order."
        )
