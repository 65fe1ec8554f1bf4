"""One recording under many prior strengths and gains."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from canonica._errors import CanonicaError
from canonica._float64 import in_float64
from canonica.model import SynapticSums
from canonica.reverse_engineering._baselines import baselines
from canonica.reverse_engineering._ensembles import ensemble_response
from canonica.reverse_engineering._estimation import (
    Observed,
    session_sums,
    sums_before_sessions,
    threshold_factor,
)
from canonica.reverse_engineering._forecast import forecast, forecast_start, response_of
from canonica.reverse_engineering._normalisation import normalised_response
from canonica.reverse_engineering._protocol import PublishedProtocol, protocol_named
from canonica.reverse_engineering._score import response_error, weight_error

SETTINGS_AT_ONCE = 250  # so that one session's activity of all of them stays in the cache


def sweep(
    recording: xr.Dataset,
    *,
    prior_strength: Sequence[float] | np.ndarray,
    gain: Sequence[float] | np.ndarray,
    protocol: str | PublishedProtocol = "published",
    baseline: float | None = None,
) -> xr.Dataset:
    """Return the errors of the forecast under every prior strength and every gain.

    Parameters
    ----------
    recording : xarray.Dataset
        As `canonica.read` returns it.
    prior_strength, gain : sequence of float
        The values to combine; they replace the protocol's own.
    protocol : str or PublishedProtocol, optional
        All other settings.
    baseline : float, optional
        As in `reverse_engineer`; by default computed from this recording alone.

    Returns
    -------
    xarray.Dataset
        `response_error` and `weight_error` (prior_strength, gain, session). Nothing else is kept:
        memory does not grow with the trials.

    Raises
    ------
    RecordingError
        If the recording cannot be analysed.
    CanonicaError
        If a value is not above 0.

    Examples
    --------
    >>> from canonica.simulate import culture
    >>> recording = culture(seed=0, sessions=12, trials_per_session=64)
    >>> errors = sweep(recording, prior_strength=[1e3, 1e4], gain=[1.0, 2.0])
    >>> dict(errors.sizes)
    {'prior_strength': 2, 'gain': 2, 'session': 12}
    """
    chosen = protocol_named(protocol)
    strengths, gains = _positive("prior_strength", prior_strength), _positive("gain", gain)
    ensembles = ensemble_response(recording, chosen)
    base = baselines([ensembles], chosen, baseline)[ensembles.condition]
    fold = ensembles.sessions.fold
    observed = Observed(
        ensembles.sessions.fold_rows(normalised_response(ensembles, base.value)),
        fold(ensembles.stimuli),
        ensembles.sessions.valid,
    )
    response, weight = _errors(observed, strengths, gains, initial=chosen.initial_sessions)
    dims = ("prior_strength", "gain", "session")
    attrs = ensembles.attrs | chosen.settings
    for replaced in ("prior_strength", "initial_gain"):
        del attrs[replaced]
    return xr.Dataset(
        {"response_error": (dims, response), "weight_error": (dims, weight)},
        coords={"prior_strength": strengths, "gain": gains, "session": ensembles.sessions.labels},
        attrs=attrs | {"baseline": base.value, "baseline_origin": base.origin},
    )


@in_float64
@partial(jax.jit, static_argnames="initial")
def _errors(
    observed: Observed, strengths: Array, gains: Array, *, initial: int
) -> tuple[Float[Array, "strength gain session"], Float[Array, "strength gain session"]]:
    observed = Observed(*(jnp.asarray(part, jnp.float64) for part in observed))
    factor = threshold_factor(observed, initial)
    added = session_sums(observed)
    first, later = observed.between(0, initial), observed.between(initial, None)

    def of_setting(setting: tuple[Array, Array]) -> tuple[Array, Array]:
        strength, gain = setting
        before = sums_before_sessions(added, strength)
        early = jax.tree.map(lambda part: part[:initial], before)
        start = forecast_start(added, before, initial, gain)
        later_error, sums = forecast(start, factor, later, keep=_kept)
        predicted = jax.vmap(response_of, in_axes=(0, None, 0))(early, factor, first.stimuli)
        error = jnp.concatenate([response_error(first, predicted), later_error])
        strengths = jnp.concatenate([early.strength, sums.strength])
        return error, weight_error(before.strength, strengths)

    grid = jnp.meshgrid(jnp.asarray(strengths), jnp.asarray(gains), indexing="ij")
    settings = grid[0].ravel(), grid[1].ravel()
    errors = jax.lax.map(of_setting, settings, batch_size=SETTINGS_AT_ONCE)
    return tuple(error.reshape(*grid[0].shape, -1) for error in errors)


def _kept(
    session: Observed, sums: SynapticSums, predicted: Float[Array, "ensemble slot"]
) -> tuple[Array, SynapticSums]:
    return response_error(session, predicted), sums


def _positive(name: str, values: Sequence[float] | np.ndarray) -> Float[np.ndarray, " value"]:
    array = np.atleast_1d(np.asarray(values, np.float64))
    if array.ndim != 1 or not array.size or not (np.isfinite(array) & (array > 0)).all():
        raise CanonicaError(f"{name}: found {values}; expected numbers above 0, at least one.")
    return array
