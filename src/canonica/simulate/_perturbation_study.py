"""How perturbed networks fail, and how a perturbation shows in the activity alone [NC20]."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Int

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed
from canonica._float64 import in_float64
from canonica._pieces import Maker, Piece, all_made, joined_pieces, made_in_order, piece_of
from canonica._provenance import versions
from canonica.model import GenerativeModel
from canonica.simulate._encoder import encode
from canonica.simulate._initial_counts import initial_counts, initial_model
from canonica.simulate._mixing_process import mixing_process, own_source
from canonica.simulate._separation import (
    Progress,
    check_study_sizes,
    checked_values,
    correlations,
    some_at_a_time,
)

LAST_SESSIONS = 10  # over which separation is scored
CALIBRATING = 50  # alphas at which the calibrated estimate knows the mean activity
ESTIMATES = ("mean activity", "calibrated", "none")


@checked_arguments
def perturbation(
    seed: int,
    *,
    alpha: Sequence[float] = tuple(np.linspace(0.05, 0.95, 19).round(3)),
    beta: Sequence[float] = tuple(np.linspace(0, 0.2, 11).round(3)),
    samples: int = 20,
    sessions: int = 50,
    trials_per_session: int = 256,
    sources: int = 2,
    inputs: int = 32,
    mixing: float = 0.75,
    maker: Maker = made_in_order,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return how well networks separate sources, by two kinds of perturbation.

    alpha is the probability p of threshold factors (ln p, ln(1 - p)): the state prior. beta biases
    every synapse by a normal number of standard deviation beta, and thresholds with them. Samples
    have the same stimuli and initial counts at every perturbation.

    Parameters
    ----------
    seed : int
        Decides everything random.
    alpha : sequence of float
        Probabilities, 1/2 being unperturbed.
    beta : sequence of float
        Standard deviations.
    samples, sessions, trials_per_session, sources, inputs, mixing
        As in `separation`.
    maker, progress
        Who makes its pieces, and may keep them; who is told how many networks are done, and of
        how many.

    Returns
    -------
    xarray.Dataset
        `alpha_correlation` (alpha, sample, state, source) and `beta_correlation` (beta, sample,
        state, source): of posterior and source, over the last sessions.

    Raises
    ------
    CanonicaError
        If a size or probability is out of its range.

    References
    ----------
    [NC20] Fig. 3.

    Examples
    --------
    >>> found = perturbation(
    ...     0, alpha=[0.5], beta=[0.0, 0.1], samples=2, sessions=4, trials_per_session=32
    ... )
    >>> found.beta_correlation.shape
    (2, 2, 2, 2)
    """
    seed = checked_seed(seed)
    alpha = checked_values("alpha", alpha, 0.001, 0.999)
    beta = checked_values("beta", beta, 0.0, 10.0)
    check_study_sizes(samples, sessions, trials_per_session, inputs)
    world = {
        "sources": sources,
        "inputs": inputs,
        "mixing": mixing,
        "trials_per_session": trials_per_session,
        "sessions": sessions,
    }
    perturbed = [{"state_prior": value} for value in alpha] + [{"deviation": one} for one in beta]
    pieces = [
        Piece(
            {"study": "perturbation", "seed": seed, "numbers": list(numbers)} | given | world,
            partial(piece_of, _scored, seed, np.array(numbers), **given, **world),
            len(numbers),
        )
        for given in perturbed
        for numbers in some_at_a_time(samples)
    ]
    scores = joined_pieces(all_made(pieces, maker, progress))["correlation"]
    scores = scores.reshape(len(perturbed), samples, *scores.shape[1:])
    text = {"long_name": "correlation of posterior and source, last sessions", "units": "1"}
    variables = {
        f"{kind}_correlation": ((kind, "sample", "state", "source"), part, text)
        for kind, part in (("alpha", scores[: len(alpha)]), ("beta", scores[len(alpha) :]))
    }
    coordinates = {"alpha": np.asarray(alpha, float), "beta": np.asarray(beta, float)}
    return xr.Dataset(variables, coordinates, {"seed": seed, **world, **versions()})


@in_float64
def _scored(
    seed: int,
    numbers: Int[np.ndarray, " sample"],
    *,
    state_prior: float = 0.5,
    deviation: float | None = None,
    sessions: int,
    trials_per_session: int,
    sources: int,
    inputs: int,
    mixing: float,
) -> dict[str, Any]:
    keys = jax.vmap(partial(jax.random.fold_in, jax.random.key(seed)))(jnp.asarray(numbers))
    keys = jax.vmap(partial(jax.random.split, num=3))(keys)
    sizes = {"sources": sources, "inputs": inputs}
    trials = sessions * trials_per_session
    world = partial(mixing_process, trials=trials, mixing=mixing, dtype=jnp.int8, **sizes)
    hidden, stimuli = jax.vmap(world)(keys[:, 0])
    models = jax.vmap(partial(initial_model, state_prior=state_prior, **sizes))(keys[:, 1])
    bias = None
    if deviation is not None:
        shape = (inputs, sources, 2)
        bias = deviation * jax.vmap(lambda key: jax.random.normal(key, shape))(keys[:, 2])
    found = encode(models, stimuli, bias=bias, trials_per_session=trials_per_session)
    last = -LAST_SESSIONS * trials_per_session
    return {"correlation": correlations(found.posterior[:, last:], hidden[:, last:])}


@checked_arguments
def alpha_from_activity(
    seed: int,
    *,
    alpha: Sequence[float] = tuple(np.linspace(0.05, 0.95, 13).round(3)),
    sessions: int = 50,
    trials_per_session: int = 256,
    inputs: int = 32,
    mixing: float = 0.75,
    maker: Maker = made_in_order,
) -> xr.Dataset:
    """Return alpha estimated from mean activity alone, and what it predicts elsewhere.

    A network of two ensembles for every pair of alphas learns to encode stimuli. The mean of its
    activity over all trials is all that the estimate takes: ``(ln <x>, ln(1 - <x>))`` in place of
    the threshold factors (ln p, ln(1 - p)). Since informative stimuli pull <x> towards how often
    the sources are on, there is a second, calibrated estimate: the alpha with which another
    network, of other stimuli and initial counts in the same kind of environment, has that mean
    activity.

    Then the network is put into an environment that it has not met, of random mixing and with
    random synapses, and its synaptic trajectory there is predicted from the stimuli, the initial
    synapses and the estimate. The prediction from no estimate, alpha = 1/2, stands beside.

    Ensembles of one layer do not act on each other, so that the grid of pairs follows exactly
    from one network per alpha.

    Parameters
    ----------
    seed : int
        Decides everything random.
    alpha : sequence of float
        Probabilities for either ensemble; all pairs are taken.
    sessions, trials_per_session, inputs, mixing
        As in `separation`.
    maker : optional
        Who makes its one piece, and may keep it.

    Returns
    -------
    xarray.Dataset
        `estimated_alpha` (estimate, first_alpha, second_alpha, ensemble); `strength`
        (first_alpha, second_alpha, session, ensemble, block) and `predicted_strength` (with
        estimate): mean sigmoid(W1) from either half of the inputs in the new environment;
        `prediction_error` (estimate, first_alpha, second_alpha, session): squared error of all
        strengths sigmoid(W) relative to their squares. `estimate` is "mean activity",
        "calibrated" or "none".

    Raises
    ------
    CanonicaError
        If a size or probability is out of its range.

    References
    ----------
    [NC20] Fig. 4.

    Examples
    --------
    >>> found = alpha_from_activity(0, alpha=[0.4, 0.6], sessions=4, trials_per_session=32)
    >>> found.estimated_alpha.shape
    (3, 2, 2, 2)
    """
    seed = checked_seed(seed)
    values = np.asarray(checked_values("alpha", alpha, 0.001, 0.999))
    check_study_sizes(len(values), sessions, trials_per_session, inputs)
    settings = {
        "seed": seed,
        "trials_per_session": trials_per_session,
        "inputs": inputs,
        "mixing": mixing,
    }
    whole = {**settings, "sessions": sessions}
    (found,) = all_made(
        [
            Piece(
                {"study": "alpha from activity", "alpha": values.tolist()} | whole,
                partial(piece_of, _estimated_and_predicted, alpha=values, **whole),
            )
        ],
        maker,
    )
    estimated, true, predicted = (
        found[name].to_numpy() for name in ("estimated", "strength", "predicted")
    )
    squares = (true**2).sum(axis=(2, 4))  # (alpha, session, ensemble)
    errors = ((true - predicted) ** 2).sum(axis=(3, 5))
    grid = ("first_alpha", "second_alpha")
    blocks = (*grid, "session", "ensemble", "block")
    one = {"units": "1"}
    variables = {
        "estimated_alpha": (
            ("estimate", *grid, "ensemble"),
            np.stack(_pairs(estimated), axis=-1),
            {"long_name": "estimate of alpha", **one},
        ),
        "strength": (
            blocks,
            np.stack(_pairs(_block_means(true), axis=0), axis=-2),
            {"long_name": "mean excitatory strength", **one},
        ),
        "predicted_strength": (
            ("estimate", *blocks),
            np.stack(_pairs(_block_means(predicted)), axis=-2),
            {"long_name": "predicted mean excitatory strength", **one},
        ),
        "prediction_error": (
            ("estimate", *grid, "session"),
            sum(_pairs(errors)) / sum(_pairs(squares, axis=0)),
            {"long_name": "squared error of strengths, relative", **one},
        ),
    }
    coordinates = {
        **dict.fromkeys(grid, values),
        "estimate": list(ESTIMATES),
        "ensemble": [1, 2],
        "session": np.arange(1, sessions + 1),
        "block": ["first", "second"],
    }
    return xr.Dataset(variables, coordinates, {**settings, **versions()})


@in_float64
def _estimated_and_predicted(
    seed: int,
    *,
    alpha: Float[np.ndarray, " alpha"],
    sessions: int,
    trials_per_session: int,
    inputs: int,
    mixing: float,
) -> dict[str, Any]:
    """Return estimates (estimate, alpha, ensemble), and strengths in the new environment.

    These of the networks (alpha, session, 2, ensemble, input), and predicted (with estimate).
    """
    known, reference, elsewhere, weights = jax.random.split(jax.random.key(seed), 4)
    world_of = partial(
        mixing_process, trials=sessions * trials_per_session, inputs=inputs, dtype=jnp.int8
    )
    encoded = partial(encode, trials_per_session=trials_per_session)

    # The networks in question, and those of other stimuli and counts that calibrate: one batch.
    true, tried = jnp.asarray(alpha), jnp.linspace(0.01, 0.99, CALIBRATING)
    keys = jax.vmap(jax.random.split)(jnp.stack([known, reference]))
    member = jnp.repeat(jnp.arange(2), jnp.array([len(true), len(tried)]))
    stimuli = jax.vmap(partial(world_of, mixing=mixing))(keys[:, 0]).stimuli[member]
    counts = jax.vmap(partial(initial_counts, inputs=inputs))(keys[:, 1])[member]
    both = jnp.concatenate([true, tried])
    activity = encoded(_networks(counts, both[:, None].repeat(2, axis=1)), stimuli).posterior
    mean = activity.mean(axis=1)
    mean, expected = mean[: len(true)], jax.lax.cummax(mean[len(true) :])
    calibrated = jax.vmap(lambda x, known: jnp.interp(x, known, tried), 1, 1)(mean, expected)
    estimated = jnp.stack([mean, calibrated, jnp.full_like(mean, 0.5)])

    world, draw = jax.random.split(elsewhere)
    copies = jax.random.uniform(draw, (inputs, 1))
    matrix = jnp.concatenate([copies, 1 - copies], axis=1)
    pairs = jnp.concatenate([true[:, None].repeat(2, axis=1), estimated.reshape(-1, 2)])
    counts = jnp.broadcast_to(_random_counts(weights, inputs), (len(pairs), 2, 2, inputs, 2))
    found = encoded(
        _networks(counts, pairs), world_of(world, mixing=matrix).stimuli, keep="weights"
    )
    strength = jax.nn.sigmoid(found.weight)  # pyright: ignore[reportArgumentType]
    predicted = strength[len(true) :].reshape(*estimated.shape[:2], *strength.shape[1:])
    return {"estimated": estimated, "strength": strength[: len(true)], "predicted": predicted}


def _networks(
    counts: Float[Array, "network 2 2 input state"], alpha: Float[Array, "network state"]
) -> GenerativeModel:
    """Return one network for each threshold factor."""
    return jax.vmap(lambda one, own: GenerativeModel(one, jnp.stack([1 - own, own])))(counts, alpha)


def _random_counts(key: Array, inputs: int) -> Float[Array, "2 2 input state"]:
    """Return counts like the initial ones, whose expectations lean anywhere."""
    amplitude, lean = jax.random.split(key)
    counts = initial_counts(amplitude, inputs=inputs)
    on = jax.random.uniform(lean, counts.shape[1:], minval=0.4, maxval=0.6)
    return jnp.stack([1 - on, on]) * counts.sum(axis=0)


def _block_means(
    strength: Float[np.ndarray, "*start session 2 ensemble input"],
) -> Float[np.ndarray, "*start session block ensemble"]:
    """Return the mean excitatory strength from either block of the inputs, ensembles last."""
    first = own_source(2, strength.shape[-1]) == 0
    excitatory = strength[..., 1, :, :]
    blocks = excitatory[..., first].mean(axis=-1), excitatory[..., ~first].mean(axis=-1)
    return np.stack(blocks, axis=-2)


def _pairs(
    values: Float[np.ndarray, "..."], axis: int = 1
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    """Return the values of both ensembles, the last axis, on the grid of all pairs of alphas."""
    first, second = np.expand_dims(values[..., 0], axis + 1), np.expand_dims(values[..., 1], axis)
    first, second = np.broadcast_arrays(first, second)
    return first, second
