"""The published protocol: its numbers, and every step against the slow transcription."""

from dataclasses import replace

import numpy as np
import pytest

import canonica
import oracle
from canonica.reverse_engineering import PublishedProtocol, reverse_engineer

BASELINE = 2.6403707268003216  # of the group that bic and dzp belong to [NC23]


def assert_published(result, numbers):
    """Every array of the published software, at 1e-9 relative."""
    found = {
        "response": result.response,
        "predicted_response": result.predicted_response,
        "weight": result.excitatory_weight - result.inhibitory_weight,
        "predicted_weight": result.predicted_excitatory_weight - result.predicted_inhibitory_weight,
        "phi1": result.firing_threshold_factor.sel(level=1),
        "phi0": result.firing_threshold_factor.sel(level=0),
        "free_energy": result.free_energy,
    }
    assert set(found) == set(numbers)
    for name, values in found.items():
        order = ("ensemble", "input", "session") if "weight" in name else values.dims
        ours = values.transpose(*order).to_numpy().reshape(numbers[name].shape)
        # Differences of numbers near 1 cannot be relatively exact where they vanish.
        np.testing.assert_allclose(ours, numbers[name], rtol=1e-9, atol=1e-13, err_msg=name)


def test_published_numbers_of_bic(published, expected):
    first = canonica.read(published / "response_data_bic.mat")[0]
    result = reverse_engineer(first, baseline=BASELINE)
    assert_published(result, dict(np.load(expected / "published_bic_0.npz")))


def test_published_numbers_of_mix0_with_its_own_baseline(published, expected):
    results = reverse_engineer(canonica.read(published / "response_data_mix0.mat"))
    assert_published(results[0], dict(np.load(expected / "published_mix0_0.npz")))
    assert results[0].attrs["baseline_origin"] == "computed from 4 recordings of condition mix0"


def test_all_published_recordings_are_analysed_finitely(published):
    recordings = [
        recording
        for name in ("bic", "dzp_first4", "mix0")
        for recording in canonica.read(published / f"response_data_{name}.mat")
    ]
    results = reverse_engineer(recordings, baseline={"bic": BASELINE, "dzp": BASELINE})
    assert [one.attrs["name"] for one in results] == [one.attrs["name"] for one in recordings]
    for result in results:
        for name, values in result.data_vars.items():
            assert np.isfinite(values).all(), name
    # What is known of these recordings: the medians over cultures, sessions 91 to 100.
    last = [
        [
            float(result[name][-10:].mean())
            for name in ("response_error", "frozen_response_error", "ridge_response_error")
        ]
        for result in results[:6]
    ]
    np.testing.assert_allclose(np.median(last, axis=0), [0.248, 0.097, 0.067], atol=5e-4)


def arrays(recording):
    return (recording[name].to_numpy() for name in ("responses", "stimuli", "sources"))


@pytest.mark.parametrize(
    "settings",
    [{}, {"prior_strength": 200.0, "initial_sessions": 4, "initial_gain": 0.7, "epsilon": 1e-3}],
)
def test_every_quantity_agrees_with_the_transcription(cultures, settings):
    recording = cultures[1]
    result = reverse_engineer(
        recording, baseline=3.0, protocol=replace(PublishedProtocol(), **settings)
    )
    renamed = {"initial_gain": "gain"}
    truth = oracle.published(
        *arrays(recording),
        trials_per_session=64,
        baseline=3.0,
        **{renamed.get(name, name): value for name, value in settings.items()},
    )
    np.testing.assert_array_equal(result.electrode_ensemble, truth["electrode_ensemble"])
    levels = {"excitatory": 1, "inhibitory": 0}
    pairs = {
        "response": truth["response"],
        "predicted_response": truth["predicted_response"],
        "firing_threshold_factor": truth["phi"][[1, 0]],
        **{f"{name}_weight": truth["W"][:, level] for name, level in levels.items()},
        **{
            f"predicted_{name}_weight": truth["predicted_W"][:, level]
            for name, level in levels.items()
        },
        **{
            name: truth[name]
            for name in (
                "free_energy",
                "accuracy",
                "complexity",
                "response_error",
                "weight_error",
                "ridge_response_error",
            )
        },
    }
    for name, values in pairs.items():
        np.testing.assert_allclose(result[name], values, rtol=1e-9, atol=1e-12, err_msg=name)
    forecast = slice(settings.get("initial_sessions", 10), None)
    np.testing.assert_allclose(
        result.frozen_response_error[forecast], truth["frozen_response_error"][forecast], rtol=1e-9
    )


def test_baseline_is_the_mean_over_cultures_of_a_condition(cultures):
    truth = np.mean(
        [
            oracle.ensemble_mean_initial(
                recording["responses"].to_numpy(),
                recording["sources"].to_numpy(),
                trials_per_session=64,
            )
            for recording in cultures
        ]
    )
    for result in reverse_engineer(cultures):
        np.testing.assert_allclose(result.attrs["baseline"], truth, rtol=1e-12)
    alone = reverse_engineer(cultures[0])
    assert alone.attrs["baseline"] != result.attrs["baseline"]
    assert alone.attrs["baseline_origin"] == "computed from 1 recording of condition simulated"


def test_distance_to_ideal(generator):
    """From the strengths to the frequencies of the inputs, given each value of each source."""
    sources = generator.integers(0, 2, (240, 2)).astype(float)
    stimuli = generator.integers(0, 2, (240, 3)).astype(float)
    response = generator.uniform(size=(2, 240))
    result = canonica.reverse_engineer_responses(
        response, stimuli, trials_per_session=12, sources=sources
    )
    for level, name in ((1, "excitatory"), (0, "inhibitory")):
        strength = 1 / (1 + np.exp(-result[f"{name}_weight"].to_numpy()))
        for j in range(2):
            ideal = stimuli[sources[:, j] == level].mean(axis=0)
            expected = ((strength[:, j] - ideal) ** 2).mean(axis=1) / (ideal**2).mean()
            found = result["distance_to_ideal"].sel(level=level, ensemble=j + 1)
            np.testing.assert_allclose(found, expected, rtol=1e-10)
