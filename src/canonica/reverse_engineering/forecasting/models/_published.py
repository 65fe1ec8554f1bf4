"""The published forecast [NC23]: its constants fixed by hand."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array

from canonica._float64 import in_float64
from canonica.model import SynapticSums
from canonica.reverse_engineering.forecasting._known import Known
from canonica.reverse_engineering.forecasting._predicted import Predicted
from canonica.reverse_engineering.forecasting.distribution._noise import with_noise
from canonica.reverse_engineering.published_protocol._estimation import (
    session_sums,
    sums_before_sessions,
    threshold_factor,
)
from canonica.reverse_engineering.published_protocol._observed import Observed
from canonica.reverse_engineering.published_protocol._published_forecast import (
    forecast,
    recorded_sums,
    response_of,
)
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol


@dataclass(frozen=True)
class PublishedForecast:
    """Steps 4 to 6 of the published protocol, and noise as large as in the initial sessions.

    Parameters
    ----------
    prior_strength : float
        Lambda, the insensitivity to plasticity.
    initial_gain : float
        Weight of prior and initial sessions.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023, Methods; section 4
    of the theory.
    """

    name: ClassVar[str] = "published"

    prior_strength: float = PublishedProtocol.prior_strength
    initial_gain: float = PublishedProtocol.initial_gain

    @classmethod
    def of(cls, protocol: PublishedProtocol) -> "PublishedForecast":
        """Return the forecast with the constants of a protocol."""
        return cls(protocol.prior_strength, protocol.initial_gain)

    def predicted(self, known: Known, key: jax.Array) -> Predicted:
        """Return the forecast of [NC23]: the network learns on as the protocol says."""
        del key
        mean, weight = _forecast(
            known.response, known.stimuli, known.valid, self.prior_strength, self.initial_gain
        )
        dims = ("session", "ensemble", "input")
        words = "forecast {} synaptic weight {} at the start of the session"
        found = {
            "predicted_excitatory_weight": (dims, weight[:, 1], words.format("excitatory", "W1")),
            "predicted_inhibitory_weight": (dims, weight[:, 0], words.format("inhibitory", "W0")),
        }
        return replace(with_noise(known, mean), found=found)


@in_float64
@jax.jit
def _forecast(response: Any, stimuli: Any, valid: Any, prior_strength: Any, gain: Any) -> Any:
    initial = len(response)
    valid = valid.astype(response.dtype)
    seen = Observed(response, stimuli[:initial], valid[:initial])
    unseen = Observed(
        jnp.zeros((len(valid) - initial, *response.shape[1:])), stimuli[initial:], valid[initial:]
    )
    factor = threshold_factor(seen, initial)
    added = session_sums(seen)
    before = sums_before_sessions(added, prior_strength)
    start = recorded_sums(before, added, initial) * gain

    def keep(_: Observed, sums: SynapticSums, predicted: Array, __: None) -> tuple[Array, Array]:
        return sums.weight, predicted

    weight, later = forecast(start, factor, unseen, keep)
    fitted = jax.vmap(response_of, in_axes=(0, None, 0))(before, factor, seen.stimuli)
    return jnp.concatenate([fitted, later]), jnp.concatenate([before.weight, weight])
