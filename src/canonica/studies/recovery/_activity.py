"""The activity of ensembles: posteriors with noise, as they are and after step 3."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int8

from canonica._checks import checked_array
from canonica._errors import CanonicaError
from canonica.reverse_engineering._sessions import Sessions
from canonica.reverse_engineering._source_states import SourceStates
from canonica.reverse_engineering.published_protocol._ensembles import EnsembleResponse
from canonica.reverse_engineering.published_protocol._normalisation import normalised_response
from canonica.studies.recovery._networks import SimulatedNetworks, Sizes

ACTIVITY = ("posterior", "normalised")  # taken as it is; or through step 3 first
# Spikes of an ensemble: without belief in its source, and what full belief adds.
SILENT_SPIKES, GAIN_SPIKES = 1.25, 4.0
ORDINARY_SPIKES = SILENT_SPIKES + GAIN_SPIKES / 2  # step 3's baseline: a mean posterior of 1/2
CERTAIN = 1e-12  # how near to 0 and 1 a mean may come for the Beta distribution to have it


def ensemble_activity(
    simulated: SimulatedNetworks,
    generators: Sequence[np.random.Generator],
    shares: Float[np.ndarray, " noise"],
    sizes: Sizes,
) -> Float[np.ndarray, "draw noise activity source trial"]:
    """Return the activity of each draw's ensembles, at every noise, and normalised by step 3."""
    sessions = Sessions(np.repeat(np.arange(1, sizes.sessions + 1), sizes.trials_per_session))

    def of_draw(number: int, generator: np.random.Generator) -> np.ndarray:
        posterior = simulated.posterior[number].T
        activity = np.stack([noisy(generator, posterior, share) for share in shares])
        sources, stimuli = simulated.sources[number], simulated.stimuli[number]
        normalised = [_normalised(one, stimuli, sources, sessions) for one in activity]
        return np.stack([activity, np.stack(normalised)], axis=1)

    return np.stack([of_draw(*one) for one in enumerate(generators)])


def noisy(
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


def checked_noise(noise: Sequence[float]) -> Float[np.ndarray, " noise"]:
    shares = np.atleast_1d(checked_array("noise", noise, lowest=0, highest=1))
    if shares.ndim != 1 or len(np.unique(shares)) < shares.size:
        raise CanonicaError(f"noise: found {noise}; expected different numbers from 0 to 1.")
    return shares
