"""Forecasts of responses that the user normalised himself."""

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed
from canonica._errors import CanonicaError
from canonica.reverse_engineering._fingerprint import fingerprint
from canonica.reverse_engineering._responses import checked_responses
from canonica.reverse_engineering._sessions import Sessions
from canonica.reverse_engineering._source_states import SourceStates
from canonica.reverse_engineering.forecasting._forecast import forecast_normalised
from canonica.reverse_engineering.forecasting._known import Normalised
from canonica.reverse_engineering.forecasting._predicted import ForecastModel
from canonica.reverse_engineering.forecasting.comparison._score import score_normalised
from canonica.reverse_engineering.forecasting.models._models import model_named
from canonica.reverse_engineering.published_protocol._baselines import Baseline
from canonica.reverse_engineering.published_protocol._ensembles import EnsembleResponse
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol

GIVEN = "given"  # the normalisation of such responses
OF_PROTOCOL = ("baseline", "baseline_origin")  # what a forecast of recordings says beside


@checked_arguments
def forecast_responses(
    response: np.ndarray | xr.DataArray,
    stimuli: np.ndarray | xr.DataArray,
    *,
    trials_per_session: int,
    sources: np.ndarray | xr.DataArray | None = None,
    initial_sessions: int = 10,
    model: str | ForecastModel = "canonical",
    seed: int = 0,
) -> xr.Dataset:
    """Foretell responses that are normalised already, for any network of known ensembles.

    Parameters
    ----------
    response : (ensemble, trial)
        Activity in [0, 1]; of the later sessions it is not looked at.
    stimuli : (trial, input)
        0/1, of all sessions.
    trials_per_session : int
        Length of a session.
    sources : (trial, ensemble), optional
        The source that each ensemble stands for, 0/1; without them all trials count as alike.
    initial_sessions, model, seed
        As in `forecast`.

    Returns
    -------
    xarray.Dataset
        As `forecast`; `canonica.reverse_engineering.score_responses` scores it.

    Raises
    ------
    RecordingError
        If a value is out of its range or not finite, or shapes do not fit.
    CanonicaError
        If a setting is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, o = rng.uniform(size=(2, 12 * 20)), rng.integers(0, 2, (12 * 20, 3))
    >>> found = forecast_responses(x, o, trials_per_session=20, model="ridge")
    >>> score_responses(found, x).squared_error.dims
    ('session',)
    """
    protocol = PublishedProtocol(initial_sessions=initial_sessions)
    seed = checked_seed(seed)
    x, o, s, sessions = checked_responses(
        response, stimuli, sources, trials_per_session=trials_per_session, protocol=protocol
    )
    shown = np.zeros((len(o), 0), np.uint8) if s is None else s.T.astype(np.uint8)
    recording = _normalised(x, o.astype(np.uint8), shown, sessions, initial_sessions)
    chosen = model_named(model, protocol)
    found = forecast_normalised(recording, protocol, chosen, seed=seed)
    found.attrs = {key: value for key, value in found.attrs.items() if key not in OF_PROTOCOL}
    return found


@checked_arguments
def score_responses(forecast: xr.Dataset, response: np.ndarray | xr.DataArray) -> xr.Dataset:
    """Return how good a forecast of normalised responses was, session by session.

    Parameters
    ----------
    forecast : xarray.Dataset
        As `forecast_responses` returns it.
    response : (ensemble, trial)
        All of them, those of the initial sessions as they were given for the forecast.

    Returns
    -------
    xarray.Dataset
        As `score`.

    Raises
    ------
    CanonicaError
        If the forecast is not of these responses.
    """
    if forecast.attrs.get("normalisation") != GIVEN:
        raise CanonicaError(
            "forecast: found one of a recording; expected what forecast_responses returns. Take "
            "canonica.score."
        )
    x = np.asarray(response, np.float64)
    sessions = Sessions(forecast["trial_session"].to_numpy())
    if x.shape != forecast["predicted_response"].shape or not ((x >= 0) & (x <= 1)).all():
        raise CanonicaError(
            f"response: found shape {x.shape}; expected numbers from 0 to 1 of shape "
            f"{forecast['predicted_response'].shape}, (ensemble, trial)."
        )
    nothing = np.zeros((x.shape[1], 0), np.uint8)
    initial = int(forecast.attrs["initial_sessions"])
    return score_normalised(forecast, _normalised(x, nothing, nothing, sessions, initial))


def _normalised(
    x: np.ndarray, stimuli: np.ndarray, sources: np.ndarray, sessions: Sessions, initial: int
) -> Normalised:
    nothing = np.zeros((x.shape[1], 0), np.uint8)
    ensembles = EnsembleResponse(
        response=x,
        stimuli=stimuli,
        sources=sources,
        states=SourceStates.of(sources),
        sessions=sessions,
        electrode_ensemble=np.arange(1, len(x) + 1),
        preference=np.eye(len(x)),
        # Of responses alone: to score a forecast, stimuli need not be given anew.
        fingerprint=fingerprint(nothing, nothing, sessions.fold_rows(x)[:initial]),
        attrs={"name": "responses", "condition": "unknown", "origin": "normalised responses"},
    )
    return Normalised(ensembles, x, Baseline(1.0, GIVEN), GIVEN)
