"""Blind source separation by networks with lesions: perception and learning."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from canonica._checks import checked_size
from canonica._errors import CanonicaError
from canonica._float64 import in_float64
from canonica.lesions import lesioned
from canonica.model import PlasticityGains
from canonica.simulate import encode, initial_model, mixing_process
from canonica.simulate._separation import correlations
from canonica.studies.lesions.tasks._task import Made, Measure, Task

AT_A_TIME = 192  # networks held at once


@dataclass(frozen=True)
class SeparationTask(Task):
    """Networks that learn to separate the sources of their stimuli [NC23].

    Measured over the last sessions: how they perceive, and what they have learned.

    Parameters
    ----------
    sessions, trials_per_session, sources, inputs, mixing
        As in `canonica.simulate.separation`.
    measured_sessions : int
        Over how many of the last sessions is measured.
    acute : bool
        Whether the lesion comes only after as many sessions of intact learning, rather than from
        the start.

    Raises
    ------
    CanonicaError
        If a number is out of its range.
    """

    sessions: int = 40
    trials_per_session: int = 256
    sources: int = 2
    inputs: int = 32
    mixing: float = 0.75
    measured_sessions: int = 10
    acute: bool = False

    name: ClassVar[str] = "separation"
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("own_response", "mean posterior, own source on", "1", "perception", 1),
        Measure("false_alarms", "false alarms: source off, taken for on", "1", "perception", -1),
        Measure("misses", "misses: source on, taken for off", "1", "perception", -1),
        Measure("separation", "separation: correlation with own less other", "1", "perception", 1),
        Measure("selectivity", "selectivity: own alone less other alone", "1", "learning", 1),
        Measure("free_energy", "free energy of a trial, last sessions", "nat", "learning", -1),
        Measure("accuracy", "accuracy of a trial, last sessions", "nat", "learning", 1),
        Measure("complexity", "complexity of a trial, last sessions", "nat", "learning", 0),
        Measure("free_energy_fall", "fall of free energy of a trial", "nat", "learning", 1),
    )
    pictured: ClassVar[tuple[str, ...]] = (
        "own_response",
        "false_alarms",
        "misses",
        "separation",
        "selectivity",
    )

    def __post_init__(self) -> None:
        for name in ("sessions", "trials_per_session", "sources", "inputs", "measured_sessions"):
            checked_size(name, getattr(self, name))
        if self.measured_sessions > self.sessions:
            raise CanonicaError(
                f"measured_sessions: found {self.measured_sessions}; expected at most the "
                f"{self.sessions} sessions that there are."
            )

    def measured(
        self,
        made: Made,
        strengths: Float[np.ndarray, "point lesion"],
        seeds: Int[np.ndarray, " seed"],
    ) -> dict[str, Float[np.ndarray, "point seed"]]:
        """Return every measure of a network for each point and seed."""
        points = max(1, AT_A_TIME // len(seeds))
        parts = [
            _measured(self, made, strengths[first : first + points], seeds)
            for first in range(0, len(strengths), points)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@in_float64
def _measured(
    task: SeparationTask, made: Made, rows: Float[np.ndarray, "point lesion"], seeds: np.ndarray
) -> dict[str, Array]:
    strengths = jnp.asarray(rows, float)  # here, where it is of double precision
    sizes = {"sources": task.sources, "inputs": task.inputs}
    sessions = task.sessions * (2 if task.acute else 1)
    keys = jax.vmap(lambda seed: jax.random.split(jax.random.key(seed)))(jnp.asarray(seeds))
    hidden, stimuli = jax.vmap(
        partial(
            mixing_process,
            trials=sessions * task.trials_per_session,
            mixing=task.mixing,
            dtype=jnp.int8,
            **sizes,
        )
    )(keys[:, 0])
    models = jax.vmap(partial(initial_model, **sizes))(keys[:, 1])
    if task.acute:
        half = task.sessions * task.trials_per_session
        models = encode(models, stimuli[:, :half]).model
        hidden, stimuli = hidden[:, half:], stimuli[:, half:]
    shape = (len(strengths), len(seeds))

    def altered(row: Array) -> tuple:
        lesions = made(row)
        each = jax.vmap(lambda model: lesioned(model, *lesions))(models)
        plasticity = lesioned(PlasticityGains(), *lesions)
        return each, jax.tree.map(lambda part: jnp.broadcast_to(part, (len(seeds),)), plasticity)

    networks, plasticity = jax.vmap(altered)(strengths)
    found = encode(
        networks, stimuli, plasticity=plasticity, trials_per_session=task.trials_per_session
    )
    last = task.measured_sessions * task.trials_per_session
    perceived = _perceived(found.posterior[..., -last:, :], hidden[:, -last:])
    energy = {
        name: getattr(found.free_energy, name)[..., -task.measured_sessions :].sum(axis=-1) / last
        for name in ("total", "accuracy", "complexity")
    }
    first = found.free_energy.total[..., 0] / task.trials_per_session
    energy["free_energy"] = energy.pop("total")
    energy["free_energy_fall"] = first - energy["free_energy"]
    return {name: jnp.broadcast_to(value, shape) for name, value in (perceived | energy).items()}


@jax.jit
def _perceived(
    posterior: Float[Array, "point seed trial state"], hidden: Int[Array, "seed trial source"]
) -> dict[str, Float[Array, "point seed"]]:
    """Return how states follow their own sources: the first its first, and so on."""
    on = (hidden != 0).astype(posterior.dtype)
    alone = on * (on.sum(axis=-1, keepdims=True) == 1)
    others = (1 - on) * (on.sum(axis=-1, keepdims=True) == 1)

    def mean(values: Array, where: Array) -> Array:
        total = (values * where).sum(axis=-2) / jnp.maximum(where.sum(axis=-2), 1)
        return total.mean(axis=-1)

    believed = (1 + jnp.sign(posterior - 0.5)) / 2  # likelier on than off; a tie counts as half
    by_source = jax.vmap(lambda one: correlations(one, jnp.broadcast_to(on, one.shape)))(posterior)
    own = jnp.diagonal(by_source, axis1=-2, axis2=-1)
    sources = own.shape[-1]
    other = (by_source.sum(axis=-1) - own) / max(1, sources - 1)
    return {
        "own_response": mean(posterior, on),
        "false_alarms": mean(believed, 1 - on),
        "misses": mean(1 - believed, on),
        "separation": (own - other).mean(axis=-1),
        "selectivity": mean(posterior, alone) - mean(posterior, others),
    }
