"""One recording under many prior strengths and gains."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError
from canonica._float64 import in_float64
from canonica._provenance import versions
from canonica.model import SynapticSums, prior_sums
from canonica.reverse_engineering._protocol import protocol_named
from canonica.reverse_engineering.published_protocol._baselines import baselines
from canonica.reverse_engineering.published_protocol._ensembles import ensemble_response
from canonica.reverse_engineering.published_protocol._estimation import (
    session_sums,
    sums_before_sessions,
    threshold_factor,
)
from canonica.reverse_engineering.published_protocol._normalisation import normalised_response
from canonica.reverse_engineering.published_protocol._observed import AnyArray, Observed
from canonica.reverse_engineering.published_protocol._outcomes import saturated
from canonica.reverse_engineering.published_protocol._published_forecast import (
    forecast,
    recorded_sums,
    response_of,
)
from canonica.reverse_engineering.published_protocol._published_protocol import (
    LARGEST,
    PublishedProtocol,
)
from canonica.reverse_engineering.published_protocol._score import response_error, weight_error

SETTINGS_AT_ONCE = 500  # computed side by side: large products, and memory bounded


@checked_arguments
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
    observed = ensembles.folded(normalised_response(ensembles, base.value))
    response, weight, factor = _errors(observed, strengths, gains, initial=chosen.initial_sessions)
    if not np.isfinite(factor).all():
        raise saturated(ensembles.label, factor)
    dims = ("prior_strength", "gain", "session")
    attrs = ensembles.attrs | chosen.settings | versions()
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
    observed: Observed, strengths: AnyArray, gains: AnyArray, *, initial: int
) -> tuple[
    Float[Array, "strength gain session"],
    Float[Array, "strength gain session"],
    Float[Array, "2 ensemble"],
]:
    strengths, gains = jnp.asarray(strengths), jnp.asarray(gains)
    observed = Observed(*(jnp.asarray(part, jnp.float64) for part in observed))
    first, later = observed.between(0, initial), observed.between(initial, None)
    factor = threshold_factor(observed, initial)
    added = session_sums(observed)
    prior = prior_sums(1.0, *added.hebbian.shape[-2:])
    without_prior: SynapticSums = jax.tree.map(
        lambda part: part[initial:], sums_before_sessions(added, 0.0)
    )

    def of_strength(strength: Array) -> tuple[Array, SynapticSums]:
        before = sums_before_sessions(added, strength)
        early: SynapticSums = jax.tree.map(lambda part: part[:initial], before)
        predicted = jax.vmap(response_of, in_axes=(0, None, 0))(early, factor, first.stimuli)
        return response_error(first, predicted), recorded_sums(before, added, initial)

    early_error, recorded = jax.lax.map(of_strength, strengths)

    def of_setting(setting: tuple[Array, Array]) -> tuple[Array, Array]:
        number, gain = setting

        def errors(
            session: Observed, sums: SynapticSums, predicted: Array, without_prior: SynapticSums
        ) -> tuple[Array, Array]:
            truth = without_prior + prior * strengths[number]
            return response_error(session, predicted), weight_error(truth.strength, sums.strength)

        start: SynapticSums = jax.tree.map(lambda part: part[number], recorded) * gain
        response, weight = forecast(start, factor, later, errors, without_prior)
        # The forecast's weights of the initial sessions are the observed ones.
        return jnp.concatenate([early_error[number], response]), jnp.pad(weight, (initial, 0))

    numbers, all_gains = jnp.meshgrid(jnp.arange(len(strengths)), gains, indexing="ij")
    settings = numbers.ravel(), all_gains.ravel()
    response, weight = jax.lax.map(of_setting, settings, batch_size=SETTINGS_AT_ONCE)
    shape = (*numbers.shape, -1)
    return response.reshape(shape), weight.reshape(shape), factor


def _positive(name: str, values: Sequence[float] | np.ndarray) -> Float[np.ndarray, " value"]:
    array = np.atleast_1d(np.asarray(values, np.float64))
    if array.ndim != 1 or not array.size or not ((array > 0) & (array <= LARGEST)).all():
        expected = f"numbers above 0, none above {LARGEST:g}, at least one"
        raise CanonicaError(f"{name}: found {values}; expected {expected}.")
    return array
