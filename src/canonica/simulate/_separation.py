"""Blind source separation by simulated networks, at several state priors [NC23, Fig. 2]."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Shaped

from canonica._arguments import checked_arguments
from canonica._checks import (
    check_memory,
    checked_array,
    checked_choice,
    checked_seed,
    checked_size,
)
from canonica._errors import CanonicaError
from canonica._float64 import in_float64
from canonica._pieces import Maker, Piece, all_made, joined_pieces, made_in_order, piece_of
from canonica._provenance import versions
from canonica.model import ExpectationForm
from canonica.simulate._encoder import encode
from canonica.simulate._initial_counts import check_amplitude, initial_model
from canonica.simulate._mixing_process import AT_A_TIME, mixing_process, own_source

FEW_SOURCES = 3  # up to which all their joint states are told apart

Progress = Callable[[int, int], None]


@checked_arguments
def separation(
    seed: int,
    *,
    state_prior: Sequence[float] = (0.2, 0.5, 0.8),
    samples: int = 100,
    sessions: int = 100,
    trials_per_session: int = 256,
    sources: int = 2,
    inputs: int = 32,
    mixing: float = 0.75,
    correlation: float = 0.0,
    switching: float = 0.5,
    repeated: bool = False,
    form: ExpectationForm = "canonical",
    amplitude: tuple[float, float] = (200.0, 400.0),
    maker: Maker = made_in_order,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return how networks come to separate the sources of their stimuli, prior by prior.

    Every sample has stimuli and initial counts of its own, the same ones at each state prior.
    Networks learn at every trial.

    Parameters
    ----------
    seed : int
        Decides everything random.
    state_prior : sequence of float
        D[1] of every hidden state: 0.2, 0.5 and 0.8 model lowered, normal and raised excitability.
    samples : int
        Networks per prior.
    sessions, trials_per_session : int
        The published experiment has 100 of 256.
    sources, inputs, mixing, correlation, switching
        As in `mixing_process`.
    repeated : bool
        Whether the same trials come in every session, as in the published experiment, or fresh
        ones, the default: few different stimuli can lead networks astray.
    form, amplitude
        As in `encode` and `initial_counts`.
    maker, progress
        Who makes its pieces, and may keep them; who is told how many networks are done, and of
        how many.

    Returns
    -------
    xarray.Dataset
        `posterior` (state_prior, sample, session, state, source_state): mean posterior of each
        hidden state under each joint state of the sources; `source_state_trials` (sample, session,
        source_state): how many trials of the session show that state, and where it is 0, the
        posterior is missing: NaN;
        `correlation` (state_prior, sample, session, state, source): of posterior and source, 0
        for a posterior that does not change; `free_energy`, `accuracy`, `complexity`
        (state_prior, sample, session) in nats.

    Raises
    ------
    CanonicaError
        If a size or probability is out of its range.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023, Fig. 2.

    Examples
    --------
    >>> found = separation(0, samples=2, sessions=4, trials_per_session=32)
    >>> found.sizes["state_prior"], found.sizes["source_state"]
    (3, 4)
    """
    seed = checked_seed(seed)
    check_study_sizes(samples, sessions, trials_per_session, inputs)
    own_source(sources, inputs)  # refuses sizes that do not go together
    state_prior = checked_values("state_prior", state_prior, 0.001, 0.999)
    checked_choice("form", form, ("canonical", "exact"))
    check_amplitude(amplitude)
    patterns = source_patterns(checked_size("sources", sources))
    world = {
        "trials": trials_per_session * (1 if repeated else sessions),
        "repeats": sessions if repeated else 1,
        "sources": sources,
        "inputs": inputs,
        "mixing": mixing,
        "correlation": correlation,
        "switching": switching,
    }
    same = {
        "world": world,
        "amplitude": tuple(map(float, amplitude)),
        "form": form,
        "trials_per_session": trials_per_session,
    }
    pieces = [
        Piece(
            {"study": "separation", "seed": seed, "numbers": list(numbers), "prior": prior} | same,
            partial(
                piece_of, _separated, seed, np.array(numbers), prior, patterns=patterns, **same
            ),
            len(numbers),
        )
        for numbers in some_at_a_time(samples)
        for prior in state_prior
    ]
    found = _by_prior(all_made(pieces, maker, progress), len(state_prior))
    # Networks of all priors see the same stimuli.
    found["source_state_trials"] = found["source_state_trials"][0]
    settings = {key: value for key, value in world.items() if key not in ("trials", "repeats")}
    return _dataset(
        found,
        state_prior,
        patterns,
        {
            **settings,
            "seed": seed,
            "sessions": sessions,
            "trials_per_session": trials_per_session,
            "repeated": int(repeated),
            "form": form,
            "amplitude": np.asarray(amplitude),
        },
    )


def check_study_sizes(samples: Any, sessions: Any, trials_per_session: Any, inputs: Any) -> None:
    """Raise CanonicaError unless all are sizes, and their stimuli fit into memory."""
    for name, size in {
        "samples": samples,
        "sessions": sessions,
        "trials_per_session": trials_per_session,
        "inputs": inputs,
    }.items():
        checked_size(name, size)
    at_once = min(samples, AT_A_TIME)
    check_memory({"stimuli": at_once * sessions * trials_per_session * inputs})


def some_at_a_time(samples: int) -> list[range]:
    """Return the numbers of networks whose stimuli are drawn together."""
    return [range(samples)[first : first + AT_A_TIME] for first in range(0, samples, AT_A_TIME)]


def checked_values(name: str, values: Any, lowest: float, highest: float) -> list[float]:
    """Return the values of a parameter that is varied: one at least, each once, in its range."""
    found = checked_array(name, values, dims=["value"], lowest=lowest, highest=highest).tolist()
    if len(set(found)) < len(found):
        raise CanonicaError(f"{name}: found {found}; expected each once.")
    return found


def source_patterns(sources: int) -> list[tuple[int, ...]]:
    """Return the joint states to tell apart: all of a few sources; of many none, each alone, all.

    Examples
    --------
    >>> source_patterns(2)
    [(1, 1), (1, 0), (0, 1), (0, 0)]
    """
    if sources <= FEW_SOURCES:
        return list(product((1, 0), repeat=sources))
    alone = [tuple(int(k == j) for k in range(sources)) for j in range(sources)]
    return [(1,) * sources, *alone, (0,) * sources]


@in_float64
def _separated(
    seed: int,
    numbers: np.ndarray,
    prior: float,
    *,
    world: dict[str, Any],
    amplitude: tuple[float, float],
    form: ExpectationForm,
    trials_per_session: int,
    patterns: Sequence[tuple[int, ...]],
) -> dict[str, Any]:
    keys = jax.vmap(partial(jax.random.fold_in, jax.random.key(seed)))(jnp.asarray(numbers))
    keys = jax.vmap(jax.random.split)(keys)
    hidden, stimuli = jax.vmap(partial(mixing_process, dtype=jnp.int8, **world))(keys[:, 0])
    sizes = {name: world[name] for name in ("sources", "inputs")}
    start = partial(initial_model, state_prior=prior, amplitude=amplitude, **sizes)
    models = jax.vmap(start)(keys[:, 1])
    found = encode(models, stimuli, form=form, trials_per_session=trials_per_session)
    by_session = (len(numbers), -1, trials_per_session)
    posterior = found.posterior.reshape(*by_session, found.posterior.shape[-1])
    hidden = hidden.reshape(*by_session, hidden.shape[-1])
    return {
        "posterior": _conditional_means(posterior, hidden, jnp.asarray(patterns)),
        "source_state_trials": _shown(hidden, jnp.asarray(patterns)),
        "correlation": correlations(posterior, hidden),
        "free_energy": found.free_energy.total,
        "accuracy": found.free_energy.accuracy,
        "complexity": found.free_energy.complexity,
    }


def _by_prior(parts: Sequence[xr.Dataset], priors: int) -> dict[str, np.ndarray]:
    """Return the arrays of pieces, of which each prior has one by turns: (prior, sample, ...)."""
    each = [joined_pieces(parts[number::priors]) for number in range(priors)]
    return {name: np.stack([one[name] for one in each]) for name in each[0]}


@jax.jit
def _conditional_means(
    posterior: Float[Array, "... trial state"],
    hidden: Shaped[Array, "... trial source"],
    patterns: Shaped[Array, "pattern source"],
) -> Float[Array, "... state pattern"]:
    """Return the mean posterior of the trials of each pattern; NaN where there are none."""
    member = _shows(hidden, patterns).astype(posterior.dtype)
    return jnp.einsum("...ts,...tp->...sp", posterior, member) / member.sum(-2)[..., None, :]


@jax.jit
def _shown(
    hidden: Shaped[Array, "... trial source"], patterns: Shaped[Array, "pattern source"]
) -> Shaped[Array, "... pattern"]:
    """Return how many trials there are of each pattern."""
    return _shows(hidden, patterns).sum(axis=-2)


def _shows(
    hidden: Shaped[Array, "... trial source"], patterns: Shaped[Array, "pattern source"]
) -> Shaped[Array, "... trial pattern"]:
    return (hidden[..., None, :] == patterns).all(axis=-1)


@jax.jit
def correlations(
    posterior: Float[Array, "... trial state"], hidden: Shaped[Array, "... trial source"]
) -> Float[Array, "... state source"]:
    """Return the correlation over trials of every posterior with every source.

    0 where one of them does not change: it then says nothing of the other.
    """
    x = posterior - posterior.mean(axis=-2, keepdims=True)
    s = hidden.astype(posterior.dtype)
    s = s - s.mean(axis=-2, keepdims=True)
    together = jnp.einsum("...tj,...tk->...jk", x, s)
    scale = jnp.sqrt((x**2).sum(-2)[..., :, None] * (s**2).sum(-2)[..., None, :])
    return jnp.where(scale > 0, together / jnp.where(scale > 0, scale, 1), 0)


def _dataset(
    found: dict[str, np.ndarray],
    state_prior: Sequence[float],
    patterns: Sequence[tuple[int, ...]],
    attrs: dict[str, Any],
) -> xr.Dataset:
    start = ("state_prior", "sample", "session")
    described = {
        "posterior": ((*start, "state", "source_state"), "mean posterior by source state", "1"),
        "source_state_trials": (
            (*start[1:], "source_state"),
            "trials of each source state: where 0, the posterior is missing",
            "1",
        ),
        "correlation": ((*start, "state", "source"), "correlation of posterior and source", "1"),
        "free_energy": (start, "variational free energy", "nat"),
        "accuracy": (start, "accuracy", "nat"),
        "complexity": (start, "complexity", "nat"),
    }
    variables = {
        name: (dims, found[name], {"long_name": long_name, "units": units})
        for name, (dims, long_name, units) in described.items()
    }
    sizes = dict(zip((*start, "state", "source"), found["correlation"].shape, strict=True))
    coordinates: dict[str, Any] = {
        dim: np.arange(1, sizes[dim] + 1) for dim in ("sample", "session", "state", "source")
    }
    coordinates["state_prior"] = np.asarray(state_prior, float)
    coordinates["source_state"] = ["".join(map(str, pattern)) for pattern in patterns]
    return xr.Dataset(variables, coordinates, {**attrs, **versions()})
