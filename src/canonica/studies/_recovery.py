"""What the published estimator makes of networks whose generative model is known."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Integral
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Int, Int8

from canonica._errors import CanonicaError
from canonica._float64 import in_float64
from canonica._provenance import versions
from canonica.model import GenerativeModel, SynapticSums, prior_sums
from canonica.reverse_engineering._batch import one_ahead
from canonica.reverse_engineering._ensembles import EnsembleResponse
from canonica.reverse_engineering._estimation import (
    AnyArray,
    Observed,
    session_sums,
    sums_before_sessions,
    threshold_factor,
)
from canonica.reverse_engineering._normalisation import normalised_response
from canonica.reverse_engineering._protocol import protocol_named
from canonica.reverse_engineering._published_forecast import response_of
from canonica.reverse_engineering._published_protocol import LARGEST, PublishedProtocol
from canonica.reverse_engineering._result import LEVELS
from canonica.reverse_engineering._sessions import Sessions
from canonica.reverse_engineering._source_states import SourceStates
from canonica.simulate import encode, initial_counts, mixing_matrix, mixing_process

DRAWS_AT_ONCE = 16  # bounds memory, whatever their number
ACTIVITY = ("posterior", "normalised")  # taken as it is; or through step 3 first
# What the estimator takes the network's initial counts for: symmetric, of the protocol's prior
# strength or the true one; or what they are.
ASSUMED = ("protocol", "true prior strength", "true initial counts")
INTERVAL = ("counts", "residuals")  # what the interval of a strength is made from
NOMINAL, DEVIATIONS = 0.95, 1.959963984540054  # of the intervals, and what they reach to
# Spikes of an ensemble: without belief in its source, and what full belief adds.
SILENT_SPIKES, GAIN_SPIKES = 1.25, 4.0
ORDINARY_SPIKES = SILENT_SPIKES + GAIN_SPIKES / 2  # step 3's baseline: a mean posterior of 1/2
CERTAIN = 1e-12  # how near to 0 and 1 a mean may come for the Beta distribution to have it

Range = tuple[float, float]

LONG_NAMES = {
    "state_prior": "state prior D[1] of the network",
    "prior_strength": "prior strength of the network, its insensitivity to plasticity",
    "mixing": "probability that an input copies the source of its block",
    "lean": "lean of the network's initial expectations towards the own source",
    "mean_posterior": "mean posterior over the initial sessions, without noise",
    "true_threshold_factor": "firing threshold factor of the network",
    "threshold_factor": "firing threshold factor, estimated",
    "threshold_factor_standard_error": "standard error of the estimated threshold factor",
    "true_strength": "synaptic strength sigmoid(W) of the network, last session",
    "strength": "synaptic strength sigmoid(W), estimated, last session",
    "strength_bias": "mean error of a draw's strengths",
    "strength_spread": "standard deviation of the error of a draw's strengths",
    "strength_slope": "regression slope of a draw's estimated strengths on the true ones",
    "strength_coverage": "share of a draw's strengths inside their nominal 95 % intervals",
}


class _Drawn(NamedTuple):
    """Networks and worlds drawn from the prior; a leading axis draw throughout."""

    state_prior: Float[np.ndarray, "draw source"]
    prior_strength: Float[np.ndarray, " draw"]
    mixing: Float[np.ndarray, " draw"]
    lean: Float[np.ndarray, " draw"]


class _Simulated(NamedTuple):
    """What the networks of a chunk of draws did, and what they then believed."""

    sources: Int8[AnyArray, "draw trial source"]
    stimuli: Int8[AnyArray, "draw trial input"]
    posterior: Float[AnyArray, "draw trial source"]
    strength: Float[AnyArray, "draw 2 source input"]
    initial: SynapticSums


class _Estimated(NamedTuple):
    """What the estimator makes of one series of responses, by level, with standard errors."""

    threshold_factor: Float[AnyArray, "*batch 2 ensemble"]
    threshold_error: Float[AnyArray, "*batch 2 ensemble"]
    strength: Float[AnyArray, "*batch assumed 2 ensemble input"]
    strength_error: Float[AnyArray, "*batch assumed interval 2 ensemble input"]


class _Sizes(NamedTuple):
    sessions: int
    trials_per_session: int
    inputs: int
    sources: int


def recovery(
    seed: int,
    *,
    draws: int = 1000,
    sessions: int = 20,
    trials_per_session: int = 256,
    inputs: int = 32,
    sources: int = 2,
    noise: Sequence[float] = (0.0, 0.2, 0.5),
    state_prior: Range = (0.3, 0.7),
    prior_strength: Range = (1000.0, 10_000.0),
    mixing: Range = (0.6, 1.0),
    lean: Range = (0.005, 0.02),
    protocol: str | PublishedProtocol = "published",
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Draw networks from a prior, simulate them, reverse-engineer them, and keep both sides.

    Each network is a canonical encoder whose weights rest within a session, as the published step
    5 has it. Its ensembles' activity is the posterior, with noise; steps 4 and 5 read threshold
    factors and synaptic strengths from it, once as it is and once after the normalisation of step
    3; and with the protocol's prior strength, with the network's own, and with all that the network
    started from. A draw does not depend on how many others there are.

    Parameters
    ----------
    seed : int
        Decides everything random; 0 or more.
    draws : int
        Networks.
    sessions, trials_per_session, inputs, sources : int
        Sizes of each simulated experiment; every trial has fresh stimuli.
    noise : sequence of float
        From 0 to 1: variance of the activity around the posterior s, as a share of the largest
        there is, ``s (1 - s)``. 0 is the posterior itself, 1 a coin with that probability, in
        between a Beta distribution with that mean.
    state_prior : (float, float)
        Limits of D[1], uniform, drawn for each source.
    prior_strength : (float, float)
        Limits of the initial counts of every column, log-uniform.
    mixing : (float, float)
        Limits of the probability that an input copies the source of its block, uniform.
    lean : (float, float)
        Limits of how far initial expectations lean towards the own source, uniform; see
        `canonica.simulate.initial_counts`. The estimator takes it for 0.
    protocol : str or PublishedProtocol, optional
        As in `reverse_engineer`.
    progress : callable, optional
        Told the number of draws done, and of all draws.

    Returns
    -------
    xarray.Dataset
        The networks: `state_prior` (draw, ensemble), `prior_strength`, `mixing`, `lean` (draw),
        `true_threshold_factor` (draw, level, ensemble), `true_strength` (draw, level, ensemble,
        input), the sigmoid of the weights of the last session; `mean_posterior` (draw, ensemble).
        The estimates, which have further dimensions `noise`, `activity` (as it is or normalised)
        and `assumed` (what the initial counts are taken for): `threshold_factor`,
        `threshold_factor_standard_error` (draw, noise, activity, level, ensemble) and `strength`
        (draw, noise, activity, assumed, level, ensemble, input); and of the strengths of each draw
        `strength_bias`, `strength_spread`, `strength_slope` (draw, noise, activity, assumed) and
        `strength_coverage`, which also depends on the `interval`: the Beta posterior that the
        counts imply, or what noise of the size of the residuals does to the sums. No units: all
        are probabilities, their logarithms or counts. Attributes: settings and versions.

    Raises
    ------
    CanonicaError
        If a size or a limit is out of its range, or a network's ensemble saturates.

    See Also
    --------
    recovery_summary : Bias, spread, slope and coverage over all draws.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023, Methods.

    Examples
    --------
    >>> found = recovery(0, draws=4, sessions=12, trials_per_session=32, noise=[0.0])
    >>> found.strength.dims[:4]
    ('draw', 'noise', 'activity', 'assumed')
    """
    chosen = protocol_named(protocol)
    sizes = _Sizes(sessions, trials_per_session, inputs, sources)
    limits = {
        "state_prior": state_prior,
        "prior_strength": prior_strength,
        "mixing": mixing,
        "lean": lean,
    }
    _check(seed, draws, sizes, limits, chosen)
    shares = _checked_noise(noise)
    generators = [np.random.default_rng([seed, number]) for number in range(draws)]
    drawn = _drawn(generators, sources, limits)
    # All chunks are of one size, to be compiled once; the last one repeats its last draw.
    starts = range(0, draws, DRAWS_AT_ONCE)
    size = min(draws, DRAWS_AT_ONCE)
    chunks = [np.minimum(np.arange(start, start + size), draws - 1) for start in starts]
    simulated = one_ahead(partial(_simulated, seed=seed, drawn=drawn, sizes=sizes), chunks)
    compared = []
    for chunk, networks in zip(chunks, simulated, strict=True):
        new = len(np.unique(chunk))
        activity = _activity(networks, [generators[n] for n in chunk[:new]], shares, sizes)
        filling = [(0, size - new)] + [(0, 0)] * (activity.ndim - 1)
        estimated = _estimates(
            np.pad(activity, filling, mode="edge"),
            networks.stimuli,
            networks.initial,
            chosen.prior_strength,
            sizes=sizes,
            initial_sessions=chosen.initial_sessions,
        )
        both: tuple[_Simulated, _Estimated] = jax.tree.map(
            lambda part, new=new: part[:new], (networks, estimated)
        )
        compared.append(_compared(*both, trials=chosen.initial_sessions * trials_per_session))
        if progress is not None:
            progress(int(chunk[-1]) + 1, draws)
    found = {name: np.concatenate([part[name] for part in compared]) for name in compared[0]}
    _check_thresholds(found["threshold_factor"])
    attrs = {"seed": seed} | sizes._asdict() | _simulation_settings(limits)
    return _labelled(drawn, found, shares, attrs | chosen.settings | versions())


def _drawn(
    generators: Sequence[np.random.Generator], sources: int, limits: Mapping[str, Range]
) -> _Drawn:
    """Return what the prior gives, draw by draw."""

    def of(generator: np.random.Generator) -> dict[str, Any]:
        return {
            "state_prior": generator.uniform(*limits["state_prior"], sources),
            "prior_strength": np.exp(generator.uniform(*np.log(limits["prior_strength"]))),
            "mixing": generator.uniform(*limits["mixing"]),
            "lean": generator.uniform(*limits["lean"]),
        }

    networks = [of(generator) for generator in generators]
    return _Drawn(*(np.array([network[name] for network in networks]) for name in _Drawn._fields))


def _simulated(
    chunk: Int[np.ndarray, " draw"], *, seed: int, drawn: _Drawn, sizes: _Sizes
) -> _Simulated:
    """Return what the networks with these numbers do."""
    return _encoded(
        seed,
        chunk,
        np.stack([mixing_matrix(sizes.sources, sizes.inputs, p) for p in drawn.mixing[chunk]]),
        drawn.state_prior[chunk],
        drawn.prior_strength[chunk],
        drawn.lean[chunk],
        sizes=sizes,
    )


@in_float64
def _encoded(  # noqa: PLR0917  (arrays, in the order of the computation)
    seed: int,
    numbers: Int[np.ndarray, " draw"],
    matrices: Float[np.ndarray, "draw input source"],
    state_prior: Float[np.ndarray, "draw source"],
    prior_strength: Float[np.ndarray, " draw"],
    lean: Float[np.ndarray, " draw"],
    *,
    sizes: _Sizes,
) -> _Simulated:
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(seed), numbers)
    counts = [
        initial_counts(
            key,
            sources=sizes.sources,
            inputs=sizes.inputs,
            lean=float(excess),
            amplitude=(float(strength), float(strength)),
        )
        for key, excess, strength in zip(keys, lean, prior_strength, strict=True)
    ]
    return _encoded_together(keys, jnp.stack(counts), jnp.asarray(state_prior), matrices, sizes)


@partial(jax.jit, static_argnames="sizes")
def _encoded_together(
    keys: Array,
    counts: Float[Array, "draw 2 2 input source"],
    state_prior: Float[Array, "draw source"],
    matrices: Float[Array, "draw input source"],
    sizes: _Sizes,
) -> _Simulated:
    def world(key: Array, matrix: Array) -> tuple[Array, Array]:
        return mixing_process(
            key,
            trials=sizes.sessions * sizes.trials_per_session,
            sources=sizes.sources,
            inputs=sizes.inputs,
            mixing=matrix,
            dtype=jnp.int8,
        )

    sources, stimuli = jax.vmap(world)(keys, matrices)
    encoding = encode(
        jax.vmap(GenerativeModel)(counts, jnp.stack([1 - state_prior, state_prior], axis=1)),
        stimuli,
        learn="session",
        trials_per_session=sizes.trials_per_session,
        keep="weights",
    )
    assert encoding.weight is not None  # noqa: S101  (asked for)
    strength = jax.nn.sigmoid(encoding.weight[:, -1])
    initial = SynapticSums(counts[:, 1].swapaxes(2, 3), counts.sum(axis=1).swapaxes(2, 3))
    return _Simulated(sources, stimuli, encoding.posterior, strength, initial)


def _activity(
    simulated: _Simulated,
    generators: Sequence[np.random.Generator],
    shares: Float[np.ndarray, " noise"],
    sizes: _Sizes,
) -> Float[np.ndarray, "draw noise activity source trial"]:
    """Return the activity of each draw's ensembles, at every noise, and normalised by step 3."""
    sessions = Sessions(np.repeat(np.arange(1, sizes.sessions + 1), sizes.trials_per_session))

    def of_draw(number: int, generator: np.random.Generator) -> np.ndarray:
        posterior = simulated.posterior[number].T
        noisy = np.stack([_noisy(generator, posterior, share) for share in shares])
        sources, stimuli = simulated.sources[number], simulated.stimuli[number]
        normalised = [_normalised(one, stimuli, sources, sessions) for one in noisy]
        return np.stack([noisy, np.stack(normalised)], axis=1)

    return np.stack([of_draw(*one) for one in enumerate(generators)])


def _noisy(
    generator: np.random.Generator, posterior: Float[np.ndarray, "source trial"], share: float
) -> Float[np.ndarray, "source trial"]:
    """Return activity that is the posterior on average; see `recovery` for the share."""
    if share == 0:
        return posterior
    if share == 1:
        return (generator.random(posterior.shape) < posterior).astype(np.float64)
    mean, concentration = np.clip(posterior, CERTAIN, 1 - CERTAIN), 1 / share - 1
    return generator.beta(mean * concentration, (1 - mean) * concentration)


def _normalised(
    activity: Float[np.ndarray, "source trial"],
    stimuli: Int8[np.ndarray, "trial input"],
    sources: Int8[np.ndarray, "trial source"],
    sessions: Sessions,
) -> Float[np.ndarray, "source trial"]:
    """Return what step 3 makes of ensembles whose mean spikes rise with this activity."""
    ensembles = EnsembleResponse(
        response=SILENT_SPIKES + GAIN_SPIKES * activity,
        stimuli=stimuli,
        sources=sources,
        states=SourceStates.of(sources),
        sessions=sessions,
        electrode_ensemble=np.arange(1, len(activity) + 1),
        preference=np.eye(len(activity)),
        fingerprint="",
        attrs={"name": "a simulated network"},
    )
    return normalised_response(ensembles, ORDINARY_SPIKES)


@in_float64
@partial(jax.jit, static_argnames=("sizes", "initial_sessions"))
def _estimates(
    activity: Float[AnyArray, "draw noise activity source trial"],
    stimuli: Int8[AnyArray, "draw trial input"],
    initial: SynapticSums,
    prior_strength: Float[AnyArray, ""] | float,
    *,
    sizes: _Sizes,
    initial_sessions: int,
) -> _Estimated:
    """Return what steps 4 and 5 make of every activity, draw after draw."""
    valid = jnp.ones((sizes.sessions, sizes.trials_per_session))

    def of_draw(one: tuple[Array, Array, SynapticSums]) -> _Estimated:
        activity, stimuli, initial = one
        priors = _priors(prior_strength, initial)
        folded_stimuli = stimuli.astype(jnp.float64).reshape(*valid.shape, -1)

        def of_activity(activity: Array) -> _Estimated:
            response = activity.reshape(-1, *valid.shape).swapaxes(0, 1)
            observed = Observed(response, folded_stimuli, valid)
            return _estimate(observed, priors, initial_sessions)

        return jax.vmap(jax.vmap(of_activity))(activity)

    return jax.lax.map(of_draw, (activity, stimuli, initial))


def _priors(prior_strength: Float[Array, ""] | float, initial: SynapticSums) -> SynapticSums:
    """Return what the estimator may take the initial sums for; leading axis `ASSUMED`."""
    shape = initial.hebbian.shape[1:]
    true_strength = initial.homeostatic[0, 0, 0]  # the same in every column
    priors = [prior_sums(prior_strength, *shape), prior_sums(true_strength, *shape), initial]
    return jax.tree.map(lambda *parts: jnp.stack(parts), *priors)


def _estimate(observed: Observed, priors: SynapticSums, initial_sessions: int) -> _Estimated:
    factor = threshold_factor(observed, initial_sessions)
    added = session_sums(observed)

    without_prior = sums_before_sessions(added, 0.0)

    def under(prior: SynapticSums) -> tuple[Array, Array]:
        before: SynapticSums = jax.tree.map(jnp.add, without_prior, prior)
        last: SynapticSums = jax.tree.map(lambda part: part[-1], before)
        errors = [_error_of_counts(last), _error_of_residuals(before, factor, observed)]
        return last.strength, jnp.stack(errors)

    strength, error = jax.vmap(under)(priors)
    initial = observed.response[:initial_sessions]
    trials = initial.shape[0] * initial.shape[2]
    # The delta method: trials are independent of each other, given the weights.
    of_mean = initial.std(axis=(0, 2), ddof=1) / math.sqrt(trials)
    return _Estimated(factor, of_mean * jnp.exp(-factor), strength, error)


def _error_of_counts(sums: SynapticSums) -> Float[Array, "2 ensemble input"]:
    """Return the standard deviation of the Beta posterior whose counts these sums are."""
    return jnp.sqrt(sums.strength * (1 - sums.strength) / (sums.homeostatic + 1))


def _error_of_residuals(
    before: SynapticSums, factor: Float[Array, "2 ensemble"], observed: Observed
) -> Float[Array, "2 ensemble input"]:
    """Return by how much noise as large as the residuals moves the last session's strengths.

    Residuals are about the response that the estimated network itself would give. A change dx of
    the activity in one trial changes a strength p by ``dx (o - p) / Home``.
    """
    last: SynapticSums = jax.tree.map(lambda part: part[-1], before)
    fitted = jax.vmap(response_of, (0, None, 0))(before, factor, observed.stimuli)
    squared = ((observed.response - fitted) ** 2)[:-1]
    on = jnp.einsum("net,nti->ei", squared, observed.stimuli[:-1])
    off = squared.sum(axis=(0, 2))[:, None] - on
    p = last.strength
    return jnp.sqrt((1 - p) ** 2 * on + p**2 * off) / last.homeostatic


def _compared(
    simulated: _Simulated, estimated: _Estimated, *, trials: int
) -> dict[str, np.ndarray]:
    """Return truth and estimate of some draws side by side, by name."""
    strength = estimated.strength
    truth = np.broadcast_to(simulated.strength[:, None, None, None], strength.shape)
    error = strength - truth
    synapses = (-3, -2, -1)
    centred = truth - truth.mean(axis=synapses, keepdims=True)
    inside = np.abs(error[:, :, :, :, None]) <= DEVIATIONS * estimated.strength_error
    return {
        "mean_posterior": simulated.posterior[:, :trials].mean(axis=1),
        "threshold_factor": estimated.threshold_factor[..., LEVELS, :],
        "threshold_factor_standard_error": estimated.threshold_error[..., LEVELS, :],
        "true_strength": simulated.strength[:, LEVELS],
        "strength": strength[..., LEVELS, :, :],
        "strength_bias": error.mean(axis=synapses),
        "strength_spread": error.std(axis=synapses, ddof=1),
        "strength_slope": (centred * strength).sum(axis=synapses) / (centred**2).sum(axis=synapses),
        "strength_coverage": inside.mean(axis=synapses),
    }


def _labelled(
    drawn: _Drawn,
    found: Mapping[str, np.ndarray],
    shares: Float[np.ndarray, " noise"],
    attrs: Mapping[str, Any],
) -> xr.Dataset:
    prior = np.stack([drawn.state_prior, 1 - drawn.state_prior], axis=1)
    estimates, per_draw = ("draw", "noise", "activity"), ("draw",)
    of_thresholds, of_strengths = ("level", "ensemble"), ("level", "ensemble", "input")
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "state_prior": (("draw", "ensemble"), drawn.state_prior),
        "prior_strength": (per_draw, drawn.prior_strength),
        "mixing": (per_draw, drawn.mixing),
        "lean": (per_draw, drawn.lean),
        "mean_posterior": (("draw", "ensemble"), found["mean_posterior"]),
        "true_threshold_factor": ((*per_draw, *of_thresholds), np.log(prior)),
        "true_strength": ((*per_draw, *of_strengths), found["true_strength"]),
        "strength": ((*estimates, "assumed", *of_strengths), found["strength"]),
        "strength_coverage": ((*estimates, "assumed", "interval"), found["strength_coverage"]),
    }
    for name in ("threshold_factor", "threshold_factor_standard_error"):
        variables[name] = ((*estimates, *of_thresholds), found[name])
    for name in ("strength_bias", "strength_spread", "strength_slope"):
        variables[name] = ((*estimates, "assumed"), found[name])
    sizes = found["true_strength"].shape
    return xr.Dataset(
        {
            name: (*variables[name], {"long_name": long_name, "units": "1"})
            for name, long_name in LONG_NAMES.items()
        },
        {
            "draw": np.arange(1, sizes[0] + 1),
            "noise": ("noise", shares, {"long_name": "variance, as a share of s (1 - s)"}),
            "activity": list(ACTIVITY),
            "assumed": list(ASSUMED),
            "interval": list(INTERVAL),
            "level": LEVELS,
            "ensemble": np.arange(1, sizes[2] + 1),
            "input": np.arange(1, sizes[3] + 1),
        },
        dict(attrs),
    )


def recovery_summary(found: xr.Dataset) -> xr.Dataset:
    """Return bias, spread, slope and coverage over all draws.

    Parameters
    ----------
    found : xarray.Dataset
        As `recovery` returns it.

    Returns
    -------
    xarray.Dataset
        For `threshold_factor` (noise, activity) and `strength` (noise, activity, assumed):
        `..._bias`, the mean error; `..._spread`, the standard deviation of the error;
        `..._slope`, that of the regression of all estimates on all true values, 1 where there is
        no bias, below 1 where estimates are flattened; `..._coverage`, the share of true values
        within the nominal 95 % intervals, of strengths by `interval`.

    Examples
    --------
    >>> found = recovery(0, draws=4, sessions=12, trials_per_session=32, noise=[0.0])
    >>> recovery_summary(found).strength_bias.dims
    ('noise', 'activity', 'assumed')
    """
    summary: dict[str, xr.DataArray] = {}
    for name, over in (
        ("threshold_factor", ["draw", "level", "ensemble"]),
        ("strength", ["draw", "level", "ensemble", "input"]),
    ):
        truth, estimate = found[f"true_{name}"], found[name]
        error: xr.DataArray = estimate - truth
        centred = truth - truth.mean()
        summary[f"{name}_bias"] = error.mean(over)
        summary[f"{name}_spread"] = error.std(over, ddof=1)
        summary[f"{name}_slope"] = (centred * estimate).sum(over) / (centred**2).sum()
    error = abs(found["threshold_factor"] - found["true_threshold_factor"])
    inside: xr.DataArray = error <= DEVIATIONS * found["threshold_factor_standard_error"]
    summary["threshold_factor_coverage"] = inside.mean(["draw", "level", "ensemble"])
    summary["strength_coverage"] = found["strength_coverage"].mean("draw")
    return xr.Dataset(summary, attrs=found.attrs)


def _simulation_settings(limits: Mapping[str, Range]) -> dict[str, Any]:
    settings = {f"simulated_{name}": [float(end) for end in ends] for name, ends in limits.items()}
    return settings | {
        "simulated_silent_spikes": SILENT_SPIKES,
        "simulated_gain_spikes": GAIN_SPIKES,
        "baseline": ORDINARY_SPIKES,
        "nominal_coverage": NOMINAL,
    }


def _check(
    seed: int,
    draws: int,
    sizes: _Sizes,
    limits: Mapping[str, Range],
    protocol: PublishedProtocol,
) -> None:
    lowest = {
        "seed": (seed, 0),
        "draws": (draws, 1),
        "sources": (sizes.sources, 1),
        "inputs": (sizes.inputs, sizes.sources),
        "trials_per_session": (sizes.trials_per_session, 1),
        "sessions": (sizes.sessions, protocol.initial_sessions + 1),
    }
    for name, (value, least) in lowest.items():
        if not isinstance(value, Integral) or value < least:
            raise CanonicaError(f"{name}: found {value}; expected a whole number >= {least}.")
    allowed = {
        "state_prior": (1e-6, 1 - 1e-6),
        "prior_strength": (1e-6, LARGEST),
        "mixing": (0.0, 1.0),
        "lean": (0.0, 0.2499),
    }
    for name, ends in limits.items():
        least, most = allowed[name]
        if len(ends) != 2 or not least <= ends[0] <= ends[1] <= most:  # noqa: PLR2004
            raise CanonicaError(
                f"{name}: found {ends}; expected two limits from {least:g} to {most:g}, the lower "
                "one first."
            )


def _checked_noise(noise: Sequence[float]) -> Float[np.ndarray, " noise"]:
    shares = np.atleast_1d(np.asarray(noise, np.float64))
    sound = shares.ndim == 1 and shares.size and ((shares >= 0) & (shares <= 1)).all()
    if not sound or len(np.unique(shares)) < shares.size:
        raise CanonicaError(f"noise: found {noise}; expected different numbers from 0 to 1.")
    return shares


def _check_thresholds(factor: Float[np.ndarray, "*batch"]) -> None:
    wrong = np.flatnonzero(~np.isfinite(factor).reshape(len(factor), -1).all(axis=1))
    if len(wrong):
        raise CanonicaError(
            f"state_prior: found ensembles that are always on, or always off, in {len(wrong)} of "
            f"{len(factor)} draws; expected activity in between. Narrow the limits, or take more "
            "trials."
        )
