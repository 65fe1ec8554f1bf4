"""Encoders: models that infer hidden states from stimuli, and learn as they go."""

import math
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Shaped

from canonica._arguments import checked_arguments
from canonica._checks import checked_choice, checked_size, described
from canonica._errors import CanonicaError, how_many
from canonica._float64 import standard_promotion
from canonica.model import (
    LARGEST_COUNT,
    ExpectationForm,
    FreeEnergy,
    Gains,
    GenerativeModel,
    PlasticityGains,
)
from canonica.simulate._encoder_scan import Encoded, Learning, Networks, Plan
from canonica.simulate._parallel import encoded_in_parallel

# Numbers side by side in a compiled loop: long enough for it, few enough for the fastest cache.
# With too few, one network after the other is faster.
LANES, FEWEST_LANES = 64, 48
WORD = 4  # networks are taken side by side by fours
# Trials taken at a time: as few as memory wants, as many as it takes for this not to matter.
LONGEST_STRETCH, SHORTEST_STRETCH = 512, 64


class Encoding(NamedTuple):
    """What an encoder made of its stimuli. Leading axes are those of the batch.

    Attributes
    ----------
    posterior : (..., trial, state)
        Posterior expectation of each hidden state.
    free_energy : FreeEnergy
        Accuracy, complexity and their difference: (..., session), summed over the trials of each,
        or (..., trial).
    model : GenerativeModel
        As it is after the last trial.
    weight : (..., snapshot, 2, neuron, input) or None
        Synaptic strengths W of the equivalent network before trials 0, `every`, 2 `every`, ...
    """

    posterior: Float[Array, "*batch trial state"]
    free_energy: FreeEnergy
    model: GenerativeModel
    weight: Float[Array, "*batch snapshot 2 neuron input"] | None


@checked_arguments
@standard_promotion()
def encode(
    model: GenerativeModel,
    stimuli: Shaped[Array | np.ndarray, "*batch trial input"],
    *,
    form: ExpectationForm | None = None,
    learn: Learning | bool = "step",
    learning_rate: Shaped[Array | np.ndarray, "..."] | float = 1.0,
    trials_per_session: int | None = None,
    free_energy: Literal["session", "step"] = "session",
    bias: Float[Array | np.ndarray, "*bias_batch input state 2"] | None = None,
    plasticity: PlasticityGains | None = None,
    keep: Literal["weights"] | None = None,
    every: int | None = None,
) -> Encoding:
    """Return the posterior, free energy and final model of an encoder that sees `stimuli`.

    One compiled scan over trials, for one network or thousands, on whatever device JAX uses, in
    the floating precision of the counts. Composes with `jax.jit`, `jax.vmap` and `jax.grad`
    (gradients with respect to counts, prior and learning rate; between the sessions, or parts of
    them, only counts are kept for it, and all else is computed anew).

    Parameters
    ----------
    model : GenerativeModel
        Of one layer: counts, state prior, and gains where it has them. Leading axes of each are
        batch axes.
    stimuli : (..., trial, input)
        0/1, of any type; one byte each is enough. Leading axes are batch axes, and broadcast
        against those of the model.
    form : "canonical" or "exact", optional
        How expected log parameters are taken; by default as the model says.
    learn : "step", "session", "off" or bool
        When counts learn: after every trial (True), at the end of every session, or never (False).
    learning_rate : float or (...)
        What a trial adds to the counts, all told; may have batch axes.
    trials_per_session : int, optional
        By default all trials are one session.
    free_energy : "session" or "step"
        Whether to sum it over the trials of each session.
    bias : (..., input, state, 2), optional
        Perturbation beta of every synapse, last index = state value, canonical form only; see
        `biased_log_evidence`.
    plasticity : PlasticityGains, optional
        How strongly experience changes the counts: its `rate` and `retention`, which may have
        batch axes; nothing in an encoder is modulated. What was learned in a session is forgotten
        from the next trial on where counts learn at its end.
    keep : "weights", optional
        Also keep synaptic strengths. Nothing of that size is kept unless asked.
    every : int, optional
        Trials from one snapshot to the next: a divisor of all trials that is a multiple or a
        divisor of `trials_per_session`; by default a session.

    Returns
    -------
    Encoding

    Raises
    ------
    CanonicaError
        If an option is none of those listed, shapes do not fit, the trials do not divide into
        sessions, stimuli are not 0/1, or counts or priors are out of range. Values are checked
        where they are known, that is not inside `jax.jit`.

    References
    ----------
    [NC20]; [NC23] Methods; [CB22] for the two forms.

    Examples
    --------
    >>> import jax
    >>> from canonica.simulate import initial_counts, mixing_process
    >>> keys = jax.random.split(jax.random.key(0))
    >>> sources, stimuli = mixing_process(keys[0], trials=64)
    >>> model = GenerativeModel(initial_counts(keys[1]), jnp.full((2, 2), 0.5))
    >>> encoding = encode(model, stimuli, trials_per_session=16)
    >>> encoding.posterior.shape, encoding.free_energy.total.shape
    ((64, 2), (4,))
    """
    if isinstance(learn, bool):
        learn = "step" if learn else "off"
    form = form or model.form
    for name, value, allowed in (
        ("form", form, ("canonical", "exact")),
        ("learn", learn, ("step", "session", "off")),
        ("free_energy", free_energy, ("session", "step")),
        ("keep", keep, ("weights", None)),
    ):
        checked_choice(name, value, allowed)
    if every is not None and keep is None:
        raise CanonicaError(f"every: found {every} without keep; expected keep='weights' with it.")
    if bias is not None and form == "exact":
        raise CanonicaError("bias: found one with the exact form; it perturbs the canonical form.")
    given, batch = _checked(model, stimuli, learning_rate, bias, plasticity)
    networks, sound = _flattened(given, batch)
    _check_values(networks, stimuli, sound)
    _check_growth(networks)
    trials, states = networks.stimuli.shape[1], networks.state_prior.shape[2]
    session = trials if trials_per_session is None else trials_per_session
    if trials % checked_size("trials_per_session", session):
        raise CanonicaError(
            f"trials_per_session: found {session} for "
            f"{how_many(trials, 'trial')}; expected a divisor of them."
        )
    every = None if keep is None else _every(trials, session, every, whole=learn == "session")
    plan = Plan(
        form=form,
        learn=learn,
        trials_per_session=session,
        turn=session if learn == "session" else _turn_length(session, every),
        per_step=free_energy == "step",
        every=every,
        block=_block(len(networks.counts), 2 * states),
    )
    found = _unflattened(encoded_in_parallel(networks, plan), batch)
    return Encoding(
        found.posterior,
        FreeEnergy(found.accuracy, found.complexity, jnp.zeros_like(found.accuracy)),
        _learned_model(found.counts, model, batch, form),
        found.weight,
    )


def _learned_model(
    counts: Float[Array, "*batch 2 2 input state"],
    model: GenerativeModel,
    batch: tuple[int, ...],
    form: ExpectationForm,
) -> GenerativeModel:
    """Return the model with its new counts, every part of it with all batch axes."""
    prior = jnp.asarray(model.state_prior, counts.dtype)
    prior = jnp.broadcast_to(prior, (*batch, *prior.shape[-2:]))

    gains = model.gains
    if gains is not None:
        gains = jax.tree.map(lambda gain: jnp.broadcast_to(gain, (*batch, 2)), gains)

    def build(counts: Array, prior: Array, gains: Gains | None) -> GenerativeModel:
        return GenerativeModel(counts, prior, gains=gains, form=form)

    for _ in batch:
        build = jax.vmap(build)
    return build(counts, prior, gains)


def _checked(
    model: GenerativeModel,
    stimuli: Any,
    learning_rate: Any,
    bias: Any,
    plasticity: PlasticityGains | None,
) -> tuple[Networks, tuple[int, ...]]:
    """Return everything as it was given, and the batch axes, once all shapes fit together."""
    if not isinstance(model, GenerativeModel):
        raise CanonicaError(f"model: found {described(model)}; expected a GenerativeModel.")
    for name, values in (("stimuli", stimuli), ("learning_rate", learning_rate), ("bias", bias)):
        if values is not None and not isinstance(values, Tracer) and not _is_numeric(values):
            raise CanonicaError(f"{name}: found {described(values)}; expected numbers.")
    if model.transition_counts is not None or model.policy_counts is not None:
        raise CanonicaError(
            "model: found transitions or decisions; an encoder has neither. Build it from "
            "likelihood_counts and state_prior alone."
        )
    if bias is not None and model.gains is not None:
        raise CanonicaError("bias: found one beside gains; expected one of them, or neither.")
    rate = jnp.asarray(learning_rate)
    given = Networks(
        jnp.asarray(model.likelihood_counts),
        jnp.asarray(model.state_prior),
        rate if plasticity is None else rate * plasticity.rate,
        None if bias is None else jnp.asarray(bias),
        None if model.gains is None else model.gains.likelihood,
        None if plasticity is None else plasticity.retention,
        jnp.asarray(stimuli),
    )
    axes = {}
    for name, array, shape in zip(Networks._fields, given, _shapes(given), strict=True):
        if array is None:
            continue
        axes[name] = array.shape[: array.ndim - len(shape)]
        if array.shape[len(axes[name]) :] != shape or 0 in array.shape:
            raise CanonicaError(
                f"{name}: found shape {array.shape}; expected one that ends in {shape}, as the "
                "counts of the model have it, and nothing empty."
            )
    try:
        return given, np.broadcast_shapes(*axes.values())
    except ValueError as error:
        raise CanonicaError(
            f"batch axes: found {axes}; expected leading axes that broadcast together."
        ) from error


def _is_numeric(values: Any) -> bool:
    try:
        return jnp.asarray(values).dtype.kind in "buif"
    except (TypeError, ValueError):
        return False


def _shapes(given: Networks) -> tuple[tuple[int, ...], ...]:
    """Return the shape of each part for a single network."""
    inputs, states = given.counts.shape[-2:]
    trials = given.stimuli.shape[-2] if given.stimuli.ndim > 1 else 0
    return (
        (2, 2, inputs, states),
        (2, states),
        (),
        (inputs, states, 2),
        (2,),
        (),
        (trials, inputs),
    )


@partial(jax.jit, static_argnames="batch")
def _flattened(given: Networks, batch: tuple[int, ...]) -> tuple[Networks, Array]:
    """Return all batch axes as one, and whether the stimuli are 0/1."""
    dtype = jnp.result_type(given.counts, given.state_prior, jnp.float32)
    *parts, stimuli = _shapes(given)

    def flat(part: Array | None, shape: tuple[int, ...]) -> Any:
        return None if part is None else along_batch(part, shape).astype(dtype)

    def along_batch(part: Array, shape: tuple[int, ...]) -> Array:
        return jnp.broadcast_to(part, (*batch, *shape)).reshape(-1, *shape)

    sound = ((given.stimuli == 0) | (given.stimuli == 1)).all()
    seen = (given.stimuli != 0).astype(jnp.int8)
    shared = math.prod(seen.shape[:-2]) == 1
    seen = seen.reshape(1, *stimuli) if shared else along_batch(seen, stimuli)
    networks = Networks(*[*map(flat, given[:-1], parts), seen])
    return networks, sound


@partial(jax.jit, static_argnames="batch")
def _unflattened(found: Encoded, batch: tuple[int, ...]) -> Encoded:
    return jax.tree.map(lambda part: part.reshape(*batch, *part.shape[1:]), found)


def _check_values(networks: Networks, stimuli: Any, sound: Array) -> None:
    if not isinstance(sound, Tracer) and not sound:
        values = np.asarray(stimuli)
        bad = values[(values != 0) & (values != 1)]
        raise CanonicaError(
            f"stimuli: found {bad[0]} ({how_many(len(bad), 'such value')}); expected 0 and 1."
        )
    largest = LARGEST_COUNT[np.dtype(networks.counts.dtype)]
    for name, values, lowest, highest in (
        ("counts", networks.counts, 1e-9, largest),
        ("state_prior", networks.state_prior, 1e-30, 1.0),
        ("learning_rate", networks.learning_rate, 0, largest),
        ("bias", networks.bias, -1e30, 1e30),
        ("gains", networks.gain, -1e30, 1e30),
    ):
        if values is None or isinstance(values, Tracer):
            continue
        numbers = np.asarray(values)
        bad = numbers[~((numbers >= lowest) & (numbers <= highest))]  # NaN is in no range
        if bad.size:
            raise CanonicaError(
                f"{name}: found {bad[0]:g}; expected numbers from {lowest:g} to {highest:g} "
                f"({numbers.dtype})."
            )


def _check_growth(networks: Networks) -> None:
    """Raise CanonicaError where learning would take counts out of range."""
    counts, rate = networks.counts, networks.learning_rate
    if isinstance(counts, Tracer) or isinstance(rate, Tracer):
        return
    trials, largest = networks.stimuli.shape[1], LARGEST_COUNT[np.dtype(counts.dtype)]
    reached = float(np.max(counts)) + float(np.max(rate)) * trials
    if reached > 2 * largest:  # which products have room for
        raise CanonicaError(
            f"learning_rate: found {float(np.max(rate)):g} over "
            f"{how_many(trials, 'trial')}, which takes "
            f"counts up to {reached:g}; expected at most {2 * largest:g} ({counts.dtype})."
        )


def _every(trials: int, session: int, every: int | None, *, whole: bool) -> int:
    """Return the trials from one snapshot to the next."""
    every = session if every is None else checked_size("every", every)
    fits = trials % every == 0
    if fits and (every % session == 0 or (session % every == 0 and not whole)):
        return every
    raise CanonicaError(
        f"every: found {every}; expected a divisor of the {trials} trials that is a multiple of "
        f"the {session} trials of a session"
        + (", since learning is at its end." if whole else " or divides them.")
    )


def _turn_length(session: int, every: int | None) -> int:
    """Return the largest number of trials up to the limit that divides a session."""
    whole = session if every is None else math.gcd(session, every)
    divisors = [n for n in range(1, min(whole, LONGEST_STRETCH) + 1) if whole % n == 0]
    return divisors[-1] if divisors[-1] >= SHORTEST_STRETCH else whole


def _block(networks: int, lanes: int) -> int:
    """Return how many networks to compute side by side, so that blocks are equally large."""
    if jax.default_backend() != "cpu":
        return networks
    widest = WORD * max(1, LANES // (WORD * lanes))
    block = math.ceil(networks / math.ceil(networks / widest))
    block = WORD * math.ceil(block / WORD)
    return block if lanes < LANES and block * lanes >= FEWEST_LANES else 1
