"""The cost as a landscape over the strengths of two blocks of synapses, and learning as a path."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Bool, Float, Shaped
from scipy.special import expit

from canonica._arguments import checked_arguments
from canonica._checks import checked_array, checked_seed, checked_size
from canonica._errors import CanonicaError
from canonica._float64 import in_float64
from canonica._provenance import versions
from canonica.simulate._encoder import encode
from canonica.simulate._initial_counts import initial_model
from canonica.simulate._mixing_process import AT_A_TIME, check_range, mixing_process, own_source
from canonica.simulate._separation import check_study_sizes

MARGIN = 1e-6  # that probabilities keep from 0 and 1


@checked_arguments
def landscape(
    stimuli: Shaped[np.ndarray, "..."],
    weight: Shaped[np.ndarray, "..."],
    *,
    state_prior: float = 0.5,
    mean_activity: float | None = None,
    resolution: int = 81,
) -> xr.Dataset:
    """Return the cost of an ensemble over the strengths of two blocks of its synapses.

    A network's cost is a sum over its ensembles, each of which depends on its own synapses only.
    On the plane, all excitatory synapses of a block have one strength, sigmoid(W1), the expected
    probability of the input given that the hidden state is 1. The inhibitory synapses follow from
    how often the inputs of the block are on at all and from the mean activity, as plasticity at
    rest has it (where that would lead out of (0, 1), they are held at the border). Activity is at
    rest, and the cost is then the free energy of the stimuli per trial. The blocks are the inputs
    of the first ensemble's source, by the published scheme, and all others.

    Parameters
    ----------
    stimuli : (trial, input)
        0/1.
    weight : (network, session, ensemble, input)
        Excitatory weights W1, which make the paths on the plane.
    state_prior : float
        D[1] of the ensemble.
    mean_activity : float, optional
        Of an ensemble over the trials; by default the state prior, which is right where posteriors
        are as often 1 as the prior says.
    resolution : int
        Points along each axis.

    Returns
    -------
    xarray.Dataset
        `cost` (first_strength, second_strength) in nats per trial, and `path` (network, session,
        ensemble, block): the mean strength of both blocks.

    Raises
    ------
    CanonicaError
        If shapes do not fit, stimuli are not 0/1, weights are not finite, or a probability is not
        inside (0, 1).

    References
    ----------
    [NC20] Fig. 2; [NC23] Fig. 3.

    Examples
    --------
    >>> stimuli = np.random.default_rng(0).integers(0, 2, (50, 6))
    >>> found = landscape(stimuli, np.zeros((1, 4, 2, 6)), resolution=5)
    >>> found.cost.shape, found.path.shape
    ((5, 5), (1, 4, 2, 2))
    """
    check_range("state_prior", state_prior, 0.001, 0.999)
    checked_size("resolution", resolution, least=2, most=2000)
    stimuli = checked_array("stimuli", stimuli, lowest=0, highest=1)
    weight = checked_array("weight", weight)
    if stimuli.ndim != 2 or weight.ndim != 4 or weight.shape[-1] != stimuli.shape[-1]:  # noqa: PLR2004
        raise CanonicaError(
            f"weight: found shape {weight.shape} for stimuli of shape {stimuli.shape}; expected "
            "(network, session, ensemble, input) and (trial, input), with as many inputs."
        )
    if not np.isin(stimuli, (0, 1)).all():
        raise CanonicaError("stimuli: found numbers in between; expected 0 and 1 alone.")
    mean_activity = state_prior if mean_activity is None else mean_activity
    check_range("mean_activity", mean_activity, 0.001, 0.999)
    ensembles, inputs = weight.shape[2:]
    first = own_source(max(ensembles, 2), inputs) == 0
    strengths = np.linspace(0.02, 0.98, resolution)
    cost = _cost(np.asarray(stimuli, float), first, strengths, state_prior, mean_activity)
    blocks = [expit(weight[..., of_block]).mean(axis=-1) for of_block in (first, ~first)]
    sessions, networks = (np.arange(1, weight.shape[axis] + 1) for axis in (1, 0))
    dims = ("first_strength", "second_strength")
    return xr.Dataset(
        {
            "cost": (dims, cost, {"long_name": "cost of an ensemble", "units": "nat per trial"}),
            "path": (
                ("network", "session", "ensemble", "block"),
                np.stack(blocks, axis=-1),
                {"long_name": "mean strength of excitatory synapses", "units": "1"},
            ),
        },
        {
            **dict.fromkeys(dims, strengths),
            "network": networks,
            "session": sessions,
            "ensemble": np.arange(1, ensembles + 1),
            "block": ["first", "second"],
        },
        {
            "state_prior": state_prior,
            "mean_activity": mean_activity,
            "trials": len(stimuli),
            "first_block_inputs": int(first.sum()),
            "inputs": inputs,
            **versions(),
        },
    )


def _cost(
    stimuli: Float[np.ndarray, "trial input"],
    first: Bool[np.ndarray, " input"],
    strengths: Float[np.ndarray, " point"],
    state_prior: float,
    mean_activity: float,
) -> Float[np.ndarray, "point point"]:
    """Return the mean free energy per trial at every pair of strengths.

    A trial matters only by how many inputs of either block are on: few different numbers.
    """
    on = np.stack([stimuli[:, first].sum(axis=1), stimuli[:, ~first].sum(axis=1)], axis=1)
    counts, times = np.unique(on, axis=0, return_counts=True)
    sizes = np.array([first.sum(), (~first).sum()])
    share = counts / sizes
    means = (share * times[:, None]).sum(axis=0) / times.sum()
    blocks = []
    for block in (0, 1):
        given_off = (means[block] - mean_activity * strengths) / (1 - mean_activity)
        # (state value, point): the probability that an input of the block is on.
        probability = np.stack([np.clip(given_off, MARGIN, 1 - MARGIN), strengths])
        k = counts[:, block]
        blocks.append(
            np.log(probability)[..., None] * k
            + np.log1p(-probability)[..., None] * (sizes[block] - k)
        )
    prior = np.log([1 - state_prior, state_prior])[:, None, None]
    rows = [
        -(np.logaddexp.reduce(prior + one[:, None] + blocks[1], axis=0) * times).sum(axis=1)
        / times.sum()
        for one in blocks[0].swapaxes(0, 1)
    ]
    return np.stack(rows)


@checked_arguments
def simulated_landscape(
    seed: int,
    *,
    samples: int = 20,
    sessions: int = 100,
    trials_per_session: int = 256,
    sources: int = 2,
    inputs: int = 32,
    mixing: float = 0.75,
    state_prior: float = 0.5,
    resolution: int = 81,
) -> xr.Dataset:
    """Return the landscape of the section-3 encoder, and the paths of networks that learn.

    Parameters
    ----------
    seed : int
        Decides everything random.
    samples, sessions, trials_per_session, sources, inputs, mixing
        As in `separation`.
    state_prior : float
        D[1] of every hidden state.
    resolution : int
        As in `landscape`.

    Returns
    -------
    xarray.Dataset
        As `landscape` gives it; the stimuli are those of the first sample.

    Raises
    ------
    CanonicaError
        If a seed, size or probability is none, or out of its range.

    Examples
    --------
    >>> found = simulated_landscape(0, samples=2, sessions=4, trials_per_session=32)
    >>> found.path.shape
    (2, 4, 2, 2)
    """
    seed = checked_seed(seed)
    check_study_sizes(samples, sessions, trials_per_session, inputs)
    check_range("state_prior", state_prior, 0.001, 0.999)
    checked_size("resolution", resolution, least=2, most=2000)
    keys = jax.random.split(jax.random.key(seed), (samples, 2))
    parts = [
        _learned(
            keys[start : start + AT_A_TIME],
            state_prior=state_prior,
            trials=sessions * trials_per_session,
            trials_per_session=trials_per_session,
            sources=sources,
            inputs=inputs,
            mixing=mixing,
        )
        for start in range(0, samples, AT_A_TIME)
    ]
    weight = np.concatenate([weight for _, weight, _ in parts])
    found = landscape(
        parts[0][0],
        weight[:, :, 1],
        state_prior=state_prior,
        mean_activity=float(np.concatenate([activity for *_, activity in parts]).mean()),
        resolution=resolution,
    )
    settings = {"seed": seed, "mixing": mixing, "trials_per_session": trials_per_session}
    return found.assign_attrs(settings)


@in_float64
def _learned(
    keys: Array,
    *,
    state_prior: float,
    trials: int,
    trials_per_session: int,
    sources: int,
    inputs: int,
    mixing: float,
) -> tuple[Any, Any, Any]:
    """Return the stimuli of the first network, and weights and last mean activity of each."""
    sizes = {"sources": sources, "inputs": inputs}
    world = partial(mixing_process, trials=trials, mixing=mixing, dtype=jnp.int8, **sizes)
    _, stimuli = jax.vmap(world)(keys[:, 0])
    models = jax.vmap(partial(initial_model, state_prior=state_prior, **sizes))(keys[:, 1])
    found = encode(models, stimuli, trials_per_session=trials_per_session, keep="weights")
    return stimuli[0], found.weight, found.posterior[:, -trials_per_session:].mean(axis=(1, 2))
