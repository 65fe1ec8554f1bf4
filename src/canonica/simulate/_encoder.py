"""Encoders: models that infer hidden states from stimuli, and learn as they go."""

import math
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int8, Shaped

from canonica._errors import CanonicaError
from canonica.model import LARGEST_COUNT, ExpectationForm, FreeEnergy, GenerativeModel
from canonica.simulate._encoder_scan import Learning, Networks, Plan, encoded

LANES = 96  # numbers side by side in a compiled loop: long enough for it, few enough for the cache
FEWEST_LANES = 48  # with fewer of them, one network after the other is faster


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
    keep: Literal["weights"] | None = None,
    every: int | None = None,
) -> Encoding:
    """Return the posterior, free energy and final model of an encoder that sees `stimuli`.

    One compiled scan over trials, for one network or thousands, on whatever device JAX uses, in
    the floating precision of the counts. Composes with `jax.jit`, `jax.vmap` and `jax.grad`
    (gradients with respect to counts, prior and learning rate, in memory that grows with the
    number of sessions and with the trials of one, not with all trials).

    Parameters
    ----------
    model : GenerativeModel
        Of one layer: counts and state prior. Leading axes of either are batch axes.
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
    keep : "weights", optional
        Also keep synaptic strengths. Nothing of that size is kept unless asked.
    every : int, optional
        Trials from one snapshot to the next, a multiple or a divisor of `trials_per_session`;
        by default a session.

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
    learn = {True: "step", False: "off"}.get(learn, learn)  # pyright: ignore[reportArgumentType]
    form = form or model.form
    for name, value, allowed in (
        ("form", form, ("canonical", "exact")),
        ("learn", learn, ("step", "session", "off", True, False)),
        ("free_energy", free_energy, ("session", "step")),
        ("keep", keep, ("weights", None)),
    ):
        if value not in allowed:
            raise CanonicaError(f"{name}: found {value!r}; expected one of {allowed}.")
    if bias is not None and form == "exact":
        raise CanonicaError("bias: found one with the exact form; it perturbs the canonical form.")
    networks, batch = _networks(model, stimuli, learning_rate, bias)
    _check_values(networks)
    trials, per_network = networks.stimuli.shape[1], 2 * networks.state_prior.shape[2]
    session = trials if trials_per_session is None else trials_per_session
    stretch, keep_every = _stretch(trials, session, keep, every, whole=learn == "session")
    plan = Plan(
        form=form,
        learn=learn,
        trials_per_session=session,
        stretch=stretch,
        per_step=free_energy == "step",
        keep_every=keep_every,
        block=_block(len(networks.counts), per_network),
    )
    found = encoded(networks, plan)
    found = jax.tree.map(lambda part: part.reshape(*batch, *part.shape[1:]), found)
    return Encoding(
        found.posterior,
        FreeEnergy(found.accuracy, found.complexity, jnp.zeros_like(found.accuracy)),
        eqx.tree_at(lambda m: m.likelihood_counts, model, found.counts),
        found.weight,
    )


def _networks(
    model: GenerativeModel, stimuli: Any, learning_rate: Any, bias: Any
) -> tuple[Networks, tuple[int, ...]]:
    """Return everything along one leading axis, and the batch axes that it stands for."""
    if model.transition_counts is not None or model.policy_counts is not None:
        raise CanonicaError(
            "model: found transitions or decisions; an encoder has neither. Build it from "
            "likelihood_counts and state_prior alone."
        )
    counts, prior = jnp.asarray(model.likelihood_counts), jnp.asarray(model.state_prior)
    dtype = jnp.result_type(counts, prior, jnp.float32)
    inputs, states = counts.shape[-2:]
    stimuli = _as_bytes(stimuli)
    parts = {
        "likelihood_counts": (counts, (2, 2, inputs, states)),
        "state_prior": (prior, (2, states)),
        "learning_rate": (jnp.asarray(learning_rate), ()),
        "stimuli": (stimuli, (stimuli.shape[-2] if stimuli.ndim > 1 else -1, inputs)),
    }
    if bias is not None:
        parts["bias"] = (jnp.asarray(bias), (inputs, states, 2))
    axes = {}
    for name, (array, shape) in parts.items():
        axes[name] = array.shape[: array.ndim - len(shape)]
        if array.shape[len(axes[name]) :] != shape or 0 in array.shape:
            raise CanonicaError(
                f"{name}: found shape {array.shape}; expected one that ends in {shape}, as the "
                "counts of the model have it, and nothing empty."
            )
    try:
        batch = np.broadcast_shapes(*axes.values())
    except ValueError as error:
        raise CanonicaError(
            f"batch axes: found {axes}; expected leading axes that broadcast together."
        ) from error
    shared = math.prod(axes["stimuli"]) == 1
    flat = {
        name: jnp.broadcast_to(array, (*batch, *shape)).reshape(-1, *shape).astype(dtype)
        for name, (array, shape) in parts.items()
        if name != "stimuli"
    }
    shape = parts["stimuli"][1]
    if not shared:
        stimuli = jnp.broadcast_to(stimuli, (*batch, *shape))
    networks = Networks(
        flat["likelihood_counts"],
        flat["state_prior"],
        flat["learning_rate"],
        flat.get("bias"),
        stimuli.reshape(-1, *shape),
    )
    return networks, batch


def _as_bytes(stimuli: Any) -> Int8[Array, "..."]:
    """Return 0/1 as single bytes, whatever type they came in."""
    if not isinstance(stimuli, jax.core.Tracer):
        stimuli = np.asarray(stimuli)
        if stimuli.dtype != bool:
            bad = (stimuli != 0) & (stimuli != 1)
            if bad.any():
                raise CanonicaError(
                    f"stimuli: found {stimuli[bad][0]} ({bad.sum()} such values); expected 0 and 1."
                )
    return jnp.asarray(stimuli != 0, jnp.int8)


def _check_values(networks: Networks) -> None:
    counts, prior, rate = networks.counts, networks.state_prior, networks.learning_rate
    if any(isinstance(part, jax.core.Tracer) for part in (counts, prior, rate)):
        return
    largest = LARGEST_COUNT[np.dtype(counts.dtype)]
    for name, values, lowest, highest in (
        ("likelihood_counts", counts, 1e-9, largest),
        ("state_prior", prior, 1e-30, np.inf),
        ("learning_rate", rate, 0, largest),
    ):
        sound = (values >= lowest) & (values <= highest)
        if not sound.all():
            raise CanonicaError(
                f"{name}: found {values[~sound][0]:g}; expected numbers from {lowest:g} to "
                f"{highest:g} ({values.dtype})."
            )


def _stretch(
    trials: int, session: int, keep: str | None, every: int | None, *, whole: bool
) -> tuple[int, int | None]:
    """Return the trials of one turn of the scan, and from one snapshot to the next its turns."""
    if session < 1 or trials % session:
        raise CanonicaError(
            f"trials_per_session: found {session} for {trials} trials; expected a divisor of them."
        )
    if keep is None:
        return session, None
    every = session if every is None else every
    if every > 0 and every % session == 0:
        return session, every // session
    if every > 0 and session % every == 0 and not whole:
        return every, 1
    raise CanonicaError(
        f"every: found {every}; expected a multiple of the {session} trials of a session"
        + (", since learning is at its end." if whole else ", or a divisor.")
    )


def _block(networks: int, lanes: int) -> int:
    """Return how many networks to compute side by side, so that blocks are equally large."""
    if jax.default_backend() != "cpu":
        return networks
    blocks = math.ceil(networks / max(1, LANES // lanes))
    block = math.ceil(networks / blocks)
    return block if block * lanes >= FEWEST_LANES else 1
