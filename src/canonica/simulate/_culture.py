"""An in-silico culture on an electrode array, whose truth is known."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from canonica._arguments import checked_arguments
from canonica._checks import (
    check_memory,
    checked_number,
    checked_probability,
    checked_seed,
    checked_size,
)
from canonica._errors import CanonicaError, how_many
from canonica._float64 import in_float64
from canonica.data._response_windows import EVOKED, check_window
from canonica.data._spike_trains import SpikeTrains
from canonica.model import Alteration, PlasticityGains, lesioned
from canonica.model._lesioned import check_alterations
from canonica.simulate._electrodes import Electrodes, direct_drive, drawn_electrodes
from canonica.simulate._encoder import Encoding, encode
from canonica.simulate._initial_counts import initial_model
from canonica.simulate._mixing_process import mixing_process
from canonica.simulate._spiking import (
    ARTEFACT,
    LATE,
    RESPONSE,
    SAMPLES_PER_SECOND,
    Span,
    drawn_counts,
    evoked_spikes,
    spontaneous_spikes,
)

DIRECT = 0.8  # of a response: what the stimuli evoke whatever the network believes
DRIFT = 0.2  # of an electrode's gain from the first session to the last, relative
INTERVAL = 1.0  # seconds from one stimulus to the next
PAUSE = 244.0  # seconds between sessions
OWN_FLUCTUATION = 0.2  # of an electrode's response from trial to trial, relative
SHARED_FLUCTUATION = 0.05  # of all electrodes' responses together
LATE_SHARE = 0.2  # spikes that follow the response, relative to it


@checked_arguments
def culture(
    seed: int,
    *,
    window: tuple[float, float] = EVOKED,
    sources: int = 2,
    inputs: int = 32,
    electrodes: int = 64,
    sessions: int = 100,
    trials_per_session: int = 256,
    mixing: float = 0.75,
    state_prior: float = 0.5,
    learning_rate: float = 1.0,
    direct: float = DIRECT,
    drift: float = DRIFT,
    dead: int = 0,
    repeated: bool = False,
    lesions: Sequence[Alteration] = (),
    name: str = "simulated",
    condition: str = "simulated",
) -> xr.Dataset:
    """Return the recording of a simulated culture that learns to separate sources.

    Parameters
    ----------
    seed : int
        Decides everything random.
    window : (float, float)
        In which spikes count as a response, in seconds after the stimulus.
    sources, inputs, electrodes, sessions, trials_per_session : int
    mixing, state_prior, learning_rate, direct, drift : float
    dead : int
    repeated : bool
    lesions : sequence of Alteration
    name, condition : str
        As in `spike_trains`.

    Returns
    -------
    xarray.Dataset
        A recording, as `canonica.read` returns it, with the truth beside it: see `spike_trains`.

    Raises
    ------
    CanonicaError
        If a size, probability or window is out of its range.

    Examples
    --------
    >>> recording = culture(seed=0, sessions=2, trials_per_session=8)
    >>> recording.responses.shape, recording.true_posterior.shape
    ((16, 64), (16, 2))
    """
    check_window(*window)
    return spike_trains(
        seed,
        sources=sources,
        inputs=inputs,
        electrodes=electrodes,
        sessions=sessions,
        trials_per_session=trials_per_session,
        mixing=mixing,
        state_prior=state_prior,
        learning_rate=learning_rate,
        direct=direct,
        drift=drift,
        dead=dead,
        repeated=repeated,
        lesions=lesions,
        name=name,
        condition=condition,
    ).recording(window=window)


@checked_arguments
def spike_trains(
    seed: int,
    *,
    sources: int = 2,
    inputs: int = 32,
    electrodes: int = 64,
    sessions: int = 100,
    trials_per_session: int = 256,
    mixing: float = 0.75,
    state_prior: float = 0.5,
    learning_rate: float = 1.0,
    direct: float = DIRECT,
    drift: float = DRIFT,
    dead: int = 0,
    repeated: bool = False,
    lesions: Sequence[Alteration] = (),
    name: str = "simulated",
    condition: str = "simulated",
) -> SpikeTrains:
    """Return the spike trains of a simulated culture that learns to separate sources.

    A canonical network sees the stimuli, one a second, and learns at every trial ([NC23]'s
    encoder). Electrodes respond 10 to 30 ms after a stimulus, partly to the inputs near them and
    partly to what the network believes, each with its own gain and preference. There are also
    spontaneous and late spikes, and artefacts of the stimulus before 10 ms; no two spikes of one
    electrode are closer than 0.75 ms.

    Parameters
    ----------
    seed : int
        Decides everything random.
    sources, inputs, electrodes, sessions, trials_per_session : int
        Sizes, each at least 1; as many inputs as sources at least, and twice as many electrodes.
    mixing : float
        Probability that an input copies the source of its block.
    state_prior : float
        D[1]: 0.2, 0.5 and 0.8 model lowered, normal and raised excitability.
    learning_rate : float
        What a trial adds to the counts; 0 models blocked plasticity.
    direct : float
        Share of a full response that the stimuli evoke by themselves, from 0 to 1. At 0 electrodes
        express beliefs and nothing else.
    drift : float
        How far the logarithm of each electrode's gain wanders from the first session to the last:
        the standard deviation.
    dead : int
        Number of electrodes that record nothing at all.
    repeated : bool
        Whether the same trials come in every session, as in the published experiment.
    lesions : sequence of Alteration
        What is wrong with the network from the start: values of `canonica.lesions`.
    name, condition : str
        As the recording is to be called.

    Returns
    -------
    SpikeTrains
        With the truth in `truth`: `true_posterior`, what the network believes; its synaptic
        strengths `true_excitatory_weight` and `true_inhibitory_weight` at the start of each
        session, and `true_firing_threshold_factor`; of the electrodes `true_electrode_source`
        (0: prefers none), `true_gain`, `true_excitability`, `true_drift`, `true_baseline`,
        `true_preference` and `true_receptive_field`.

    Raises
    ------
    CanonicaError
        If a size or probability is out of its range.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023, Methods.

    Examples
    --------
    >>> trains = spike_trains(seed=0, sessions=2, trials_per_session=8)
    >>> len(trains), trains.truth.true_posterior.shape
    (64, (16, 2))
    """
    seed = checked_seed(seed)
    _check_sizes(
        sources=sources,
        inputs=inputs,
        electrodes=electrodes,
        sessions=sessions,
        trials_per_session=trials_per_session,
    )
    checked_size("dead", dead, least=0, most=electrodes)
    mixing = checked_probability("mixing", mixing)
    state_prior = checked_probability("state_prior", state_prior, certain=False)
    learning_rate = checked_number("learning_rate", learning_rate, lowest=0, highest=1e3)
    check_alterations("lesions", lesions)
    direct = checked_number("direct", direct, lowest=0, highest=1)
    drift = checked_number("drift", drift, lowest=0, highest=2)
    hidden, stimuli, encoding = _learned(
        seed,
        sessions=sessions,
        trials_per_session=trials_per_session,
        repeated=repeated,
        sources=sources,
        inputs=inputs,
        mixing=mixing,
        state_prior=state_prior,
        learning_rate=learning_rate,
        lesions=lesions,
    )
    threshold_factor = np.log(encoding.model.state_prior)
    generator = np.random.default_rng(seed)
    array = drawn_electrodes(
        generator,
        electrodes=electrodes,
        sources=sources,
        inputs=inputs,
        sessions=sessions,
        drift=drift,
        dead=dead,
    )
    session = np.repeat(np.arange(1, sessions + 1), trials_per_session)
    evoked = (
        direct * direct_drive(array, stimuli, float(np.exp(threshold_factor[1]).mean()))
        + (1 - direct) * encoding.posterior @ array.preference.T
    )
    evoked *= (array.gain * array.drift)[session - 1]
    onsets = _onsets(session)
    times, bounds = _spikes(generator, array, evoked, stimuli.mean(axis=1), onsets)
    return SpikeTrains(
        times=times / SAMPLES_PER_SECOND,
        bounds=bounds,
        onsets=onsets / SAMPLES_PER_SECOND,
        stimuli=stimuli.astype(np.uint8),
        sources=hidden.astype(np.uint8),
        session=session,
        attrs={
            "name": name,
            "condition": condition,
            "origin": f"canonica.simulate.culture, seed {seed}",
            "trials_per_session": trials_per_session,
            "simulated_mixing": mixing,
            "simulated_state_prior": state_prior,
            "simulated_learning_rate": learning_rate,
            "simulated_direct": direct,
            **({"simulated_lesions": ", ".join(map(str, lesions))} if lesions else {}),
        },
        truth=_truth(encoding, array, threshold_factor[::-1]),
    )


@in_float64
def _learned(
    seed: int,
    *,
    sessions: int,
    trials_per_session: int,
    repeated: bool,
    sources: int,
    inputs: int,
    mixing: float,
    state_prior: float,
    learning_rate: float,
    lesions: Sequence[Alteration],
) -> tuple[Any, Any, Encoding]:  # NumPy arrays, by `in_float64`
    """Return sources, stimuli, and what a network that learns makes of them."""
    world, mind = jax.random.split(jax.random.key(seed))
    hidden, stimuli = mixing_process(
        world,
        trials=trials_per_session if repeated else sessions * trials_per_session,
        repeats=sessions if repeated else 1,
        sources=sources,
        inputs=inputs,
        mixing=mixing,
    )
    model = initial_model(mind, state_prior=state_prior, sources=sources, inputs=inputs)
    encoding = encode(
        lesioned(model, *lesions),
        stimuli,
        learning_rate=learning_rate,
        plasticity=lesioned(PlasticityGains(), *lesions) if lesions else None,
        trials_per_session=trials_per_session,
        keep="weights",
    )
    return hidden, stimuli, encoding


def _onsets(session: Int[np.ndarray, " trial"]) -> Int[np.ndarray, " trial"]:
    """Return the sample at which each trial's stimulus begins."""
    seconds = INTERVAL * np.arange(1, len(session) + 1) + PAUSE * (session - 1)
    return np.rint(seconds * SAMPLES_PER_SECOND).astype(np.int64)


def _spikes(
    generator: np.random.Generator,
    array: Electrodes,
    evoked: np.ndarray,
    stimulus: np.ndarray,
    onsets: Int[np.ndarray, " trial"],
) -> tuple[Int[np.ndarray, " spike"], Int[np.ndarray, " electrode_bound"]]:
    """Return the samples of all spikes, electrode by electrode, and where each one's begin."""
    stop = int(onsets[-1] + INTERVAL * SAMPLES_PER_SECOND)
    together = _fluctuation(generator, SHARED_FLUCTUATION, len(onsets))
    trains = []
    for response, baseline, artefact in zip(evoked.T, array.baseline, array.artefact, strict=True):
        expected = {
            ARTEFACT: artefact * stimulus,
            RESPONSE: together * response + _spontaneous(baseline, RESPONSE),
            LATE: LATE_SHARE * together * response + _spontaneous(baseline, LATE),
        }
        parts = [spontaneous_spikes(generator, baseline, onsets, stop)]
        for span, mean in expected.items():
            own = _fluctuation(generator, OWN_FLUCTUATION, len(onsets))
            counts = drawn_counts(generator, own * mean, span)
            parts.append(evoked_spikes(generator, onsets, counts, span))
        trains.append(np.sort(np.concatenate(parts), kind="stable"))
    bounds = np.cumsum([0, *map(len, trains)])
    return np.concatenate(trains), bounds


def _spontaneous(rate: float, span: Span) -> float:
    return rate * (span.stop - span.start) / SAMPLES_PER_SECOND


def _fluctuation(generator: np.random.Generator, spread: float, trials: int) -> np.ndarray:
    """Return a log-normal factor of mean 1 for each trial."""
    return np.exp(spread * generator.standard_normal(trials) - spread**2 / 2)


def _truth(
    encoding: Encoding, array: Electrodes, factors: Float[np.ndarray, "level source"]
) -> xr.Dataset:
    weight = encoding.weight
    assert weight is not None  # noqa: S101  asked for
    by_source, by_synapse = ("electrode", "source"), ("session_number", "source", "input")
    described = {
        "true_posterior": (("trial", "source"), encoding.posterior, "1", "posterior"),
        "true_excitatory_weight": (by_synapse, weight[:, 1], "1", "synaptic strength W1"),
        "true_inhibitory_weight": (by_synapse, weight[:, 0], "1", "synaptic strength W0"),
        "true_firing_threshold_factor": (("level", "source"), factors, "1", "threshold factor"),
        "true_electrode_source": (("electrode",), array.source, "1", "source it prefers, 0: none"),
        "true_gain": (("electrode",), array.gain, "spikes", "full response"),
        "true_excitability": (("electrode",), array.excitability, "1", "how soon it saturates"),
        "true_drift": (("session_number", "electrode"), array.drift, "1", "factor of the gain"),
        "true_baseline": (("electrode",), array.baseline, "1/s", "spontaneous firing rate"),
        "true_preference": (by_source, array.preference, "1", "share of each belief"),
        "true_receptive_field": (("electrode", "input"), array.field, "1", "share of each input"),
    }
    return xr.Dataset(
        {
            key: (dims, values, {"units": units, "long_name": f"{words} (simulated truth)"})
            for key, (dims, values, units, words) in described.items()
        },
        coords={"session_number": np.arange(1, len(weight) + 1), "level": [1, 0]},
    )


def _check_sizes(**sizes: Any) -> None:
    for name, size in sizes.items():
        checked_size(name, size)
    if sizes["inputs"] < sizes["sources"] or sizes["electrodes"] < 2 * sizes["sources"]:
        raise CanonicaError(
            f"inputs, electrodes: found {sizes['inputs']} and {sizes['electrodes']}; expected at "
            "least one input and two electrodes for each of "
            f"{how_many(sizes['sources'], 'source')}."
        )
    trials = sizes["sessions"] * sizes["trials_per_session"]
    check_memory({"stimuli": trials * sizes["inputs"], "responses": trials * sizes["electrodes"]})
