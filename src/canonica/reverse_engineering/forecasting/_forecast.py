"""Recordings in, forecasts out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias, overload

import jax
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed
from canonica._errors import RecordingError
from canonica.reverse_engineering._failures import (
    Errors,
    attempt,
    in_place,
)
from canonica.reverse_engineering._protocol import protocol_named
from canonica.reverse_engineering.forecasting._known import Known, Normalised, normalised
from canonica.reverse_engineering.forecasting._labelled import labelled
from canonica.reverse_engineering.forecasting._predicted import (
    Combined,
    ForecastModel,
    Predicted,
)
from canonica.reverse_engineering.forecasting.models._models import model_named
from canonica.reverse_engineering.forecasting.models._stacked import (
    Stacked,
    Weighted,
    single_prediction,
)
from canonica.reverse_engineering.published_protocol._outcomes import saturated
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol

Predictions: TypeAlias = list[tuple[ForecastModel, Predicted]]

THRESHOLDS = ("minimum_mean_response", "minimum_session_response", "minimum_preference")


@overload
def forecast(
    recordings: xr.Dataset,
    *,
    initial_sessions: int | None = ...,
    model: str | ForecastModel = ...,
    normalisation: str = ...,
    baseline: float | Mapping[str, float] | None = ...,
    protocol: str | PublishedProtocol = ...,
    seed: int = ...,
    errors: Literal["raise"] = ...,
) -> xr.Dataset: ...
@overload
def forecast(
    recordings: Iterable[xr.Dataset],
    *,
    initial_sessions: int | None = ...,
    model: str | ForecastModel = ...,
    normalisation: str = ...,
    baseline: float | Mapping[str, float] | None = ...,
    protocol: str | PublishedProtocol = ...,
    seed: int = ...,
    errors: Literal["raise"] = ...,
) -> list[xr.Dataset]: ...
@overload
def forecast(
    recordings: Iterable[xr.Dataset],
    *,
    initial_sessions: int | None = ...,
    model: str | ForecastModel = ...,
    normalisation: str = ...,
    baseline: float | Mapping[str, float] | None = ...,
    protocol: str | PublishedProtocol = ...,
    seed: int = ...,
    errors: Literal["keep"],
) -> list[xr.Dataset | RecordingError]: ...
@checked_arguments
def forecast(
    recordings: xr.Dataset | Iterable[xr.Dataset],
    *,
    initial_sessions: int | None = None,
    model: str | ForecastModel = "canonical",
    normalisation: str = "causal",
    baseline: float | Mapping[str, float] | None = None,
    protocol: str | PublishedProtocol = "published",
    seed: int = 0,
    errors: Errors = "raise",
) -> xr.Dataset | Sequence[xr.Dataset | RecordingError]:
    """Foretell how networks will respond in later sessions, from their initial ones.

    Of the later sessions stimuli and sources are known, responses are not: under the causal
    normalisation, changing any of them leaves the forecast the same, bit for bit.

    Parameters
    ----------
    recordings : xarray.Dataset or iterable of them
        As `canonica.read` returns them.
    initial_sessions : int, optional
        Sessions whose responses are known; by default as many as the protocol says, 10 of the
        published one.
    model : str or ForecastModel
        ``"canonical"``, a network that learns at a rate and up to a limit that are estimated;
        another of `FORECAST_MODELS`; or a model value.
    normalisation : str
        ``"causal"``: ensembles, means and scales come from the initial sessions. ``"published"``:
        from all of them, as in [NC23]: not blind to the future.
    baseline : float, mapping or None
        Mean response, in spikes, that stands for ordinary excitability, as in `reverse_engineer`.
    protocol : str or PublishedProtocol
        Its thresholds tell which electrodes make an ensemble; of the model called ``"published"``
        it gives prior strength and gain too.
    seed : int
        Decides everything random: the draws from a posterior.
    errors : str
        ``"raise"``: a recording that cannot be used ends the call. ``"keep"``: of several, each
        that cannot be used leaves its RecordingError in its place, so that forecasts and recordings
        always stand in the same order.

    Returns
    -------
    xarray.Dataset or list of xarray.Dataset
        One for each recording, in their order, named in ``attrs["name"]`` as the recording is.
        `predicted_response` and `predicted_scale` (ensemble, trial), which make up the predictive
        distribution of every response, a censored logistic; its quantiles; mean responses of each
        session, and by source state, with quantiles that hold all that is uncertain; and what the
        model estimated. The coordinate `horizon` counts sessions after the initial ones, for which
        it is 0 or less. Attributes: model and settings, normalisation, versions, input file and its
        SHA-256, baseline and its origin, and a fingerprint of all that was known of the recording,
        by which `score` tells whether a forecast and a recording belong together.

    Raises
    ------
    RecordingError
        If a recording cannot be used; of several, the first, with a word on the others.
    CanonicaError
        If a setting is out of its range.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023; section 4 of the
    theory.

    Examples
    --------
    >>> from canonica.simulate import culture
    >>> recording = culture(seed=0, sessions=8, trials_per_session=64)
    >>> foretold = forecast(recording, initial_sessions=5, model="ridge")
    >>> foretold.predicted_response_quantile.dims
    ('quantile', 'ensemble', 'trial')
    """
    seed = checked_seed(seed)
    settings = protocol_named(protocol)
    if initial_sessions is not None:
        settings = replace(settings, initial_sessions=initial_sessions)
    chosen = model_named(model, settings)

    def forecasts(every: Sequence[xr.Dataset]) -> list[xr.Dataset | RecordingError]:
        ready = normalised(every, settings, normalisation, baseline)
        of_condition = shared_models(ready, settings, chosen, seed=seed)
        return [
            each
            if isinstance(each, RecordingError)
            else attempt(
                forecast_normalised,
                each,
                settings,
                of_condition[each.ensembles.condition],
                seed=seed,
            )
            for each in ready
        ]

    if isinstance(recordings, xr.Dataset):
        (only,) = forecasts([recordings])
        if isinstance(only, RecordingError):
            raise only
        return only
    return in_place(forecasts(list(recordings)), errors, done="forecast")


@checked_arguments
def shared_models(
    ready: Sequence[Normalised | RecordingError],
    protocol: PublishedProtocol,
    model: ForecastModel,
    *,
    seed: int = 0,
) -> dict[str, ForecastModel]:
    """Return the model of each condition: one that is stacked has weights of its own in each.

    Parameters
    ----------
    ready : sequence of Normalised or RecordingError
        The recordings, of any conditions.
    protocol : PublishedProtocol
        Says how many sessions are initial.
    model : ForecastModel
        Any model.
    seed : int
        Decides everything random.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    groups: dict[str, list[Known]] = {}
    for one in ready:
        if isinstance(one, Normalised):
            known = attempt(_known, one, protocol)
            group = groups.setdefault(one.ensembles.condition, [])
            group += [] if isinstance(known, RecordingError) else [known]
    if not isinstance(model, Stacked):
        return dict.fromkeys(groups, model)
    of_model, _ = _keys(seed)
    return {
        condition: model.over(group, of_model) if group else model
        for condition, group in groups.items()
    }


@checked_arguments
def forecast_normalised(
    recording: Normalised,
    protocol: PublishedProtocol,
    model: ForecastModel,
    *,
    seed: int = 0,
    made: Predictions | None = None,
) -> xr.Dataset:
    """Return the forecast of a recording that is normalised already.

    Parameters
    ----------
    recording : Normalised
        What is forecast.
    protocol : PublishedProtocol
        Says how many sessions are initial, and by what thresholds the ensembles were made.
    model : ForecastModel
        That forecasts.
    seed : int
        Decides everything random.
    made : list, optional
        What single models have foretold of this recording from this seed; what is not in it is
        added. A mixture of models then costs next to nothing after its parts.

    Raises
    ------
    RecordingError
        If an ensemble's activity is 0 or 1 throughout the initial sessions.
    """
    known = _known(recording, protocol)
    of_model, of_noise = _keys(seed)
    predicted = _predicted(model, known, of_model, [] if made is None else made)
    foretold = labelled(recording, known, model, predicted, of_noise)
    thresholds = {name: getattr(protocol, name) for name in THRESHOLDS}
    return foretold.assign_attrs(
        thresholds | {"initial_sessions": protocol.initial_sessions, "seed": seed}
    )


def _keys(seed: int) -> tuple[jax.Array, jax.Array]:
    """Return the keys of the models, all the same, and of what is drawn of session means."""
    of_model, of_noise = jax.random.split(jax.random.key(seed))
    return of_model, of_noise


def _predicted(
    model: ForecastModel, known: Known, key: jax.Array, made: Predictions
) -> Predicted | Combined:
    if isinstance(model, Stacked):
        model = model.over([known], key)
    if not isinstance(model, Weighted):
        return _single(model, known, key, made)
    return model.combined([_single(one, known, key, made) for one in model.models])


def _single(model: ForecastModel, known: Known, key: jax.Array, made: Predictions) -> Predicted:
    """Return what a single model foretells, from what was made before if it is there."""
    for done, predicted in made:
        if done is model:
            return predicted
    made.append((model, single_prediction(model, known, key)))
    return made[-1][1]


def _known(recording: Normalised, protocol: PublishedProtocol) -> Known:
    """Return what may be known; refuse activity that no threshold is found for."""
    known = recording.known(protocol.initial_sessions)
    mean = known.response.swapaxes(1, 2)[known.valid[: known.initial]].mean(axis=0)
    if not ((mean > 0) & (mean < 1)).all():
        nowhere = mean.copy()
        nowhere[(mean <= 0) | (mean >= 1)] = float("nan")
        raise saturated(recording.ensembles.label, nowhere[None])
    return known
