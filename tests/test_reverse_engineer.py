"""What users of `reverse_engineer` rely on: labels, provenance, batches, failures, precision."""

import subprocess
import sys
from dataclasses import replace

import jax
import numpy as np
import pytest
import xarray as xr

import canonica
from canonica import CanonicaError, RecordingError
from canonica.recordings import recording
from canonica.reverse_engineering import PublishedProtocol, reverse_engineer
from canonica.reverse_engineering.published_protocol._ensembles import ensemble_response
from canonica.simulate import culture

DIMS = {
    "response": ("ensemble", "trial"),
    "predicted_response": ("ensemble", "trial"),
    "excitatory_weight": ("session", "ensemble", "input"),
    "inhibitory_weight": ("session", "ensemble", "input"),
    "predicted_excitatory_weight": ("session", "ensemble", "input"),
    "predicted_inhibitory_weight": ("session", "ensemble", "input"),
    "firing_threshold_factor": ("level", "ensemble"),
    "free_energy": ("session",),
    "accuracy": ("session",),
    "complexity": ("session",),
    "response_error": ("session",),
    "weight_error": ("session",),
    "frozen_response_error": ("session",),
    "ridge_response_error": ("session",),
    "electrode_ensemble": ("electrode",),
    "distance_to_ideal": ("session", "level", "ensemble"),
    "state_response": ("session", "ensemble", "source_state"),
}


@pytest.fixture(scope="module")
def results(cultures):
    return reverse_engineer(cultures)


def without_electrodes(one):
    """Return the recording with responses that prefer no source."""
    rng = np.random.default_rng(5)
    return one.assign(
        responses=(one["responses"].dims, rng.poisson(3.0, one["responses"].shape) * 1.0)
    )


def test_variables_dims_and_labels(results):
    for result in results:
        for name, dims in DIMS.items():
            assert result[name].dims == dims, name
            assert result[name].dtype.kind in "fi"
            assert result[name].attrs["long_name"]
        assert result["response"].dtype == np.float64
        np.testing.assert_array_equal(result["level"], [1, 0])
        np.testing.assert_array_equal(result["session"], np.arange(1, 16))
        np.testing.assert_array_equal(result["trial_session"], np.repeat(np.arange(1, 16), 64))
        assert set(np.unique(result["electrode_ensemble"])) == {0, 1, 2}
        np.testing.assert_allclose(
            result["free_energy"], result["complexity"] - result["accuracy"], rtol=1e-12
        )


def test_a_result_says_where_it_came_from(results, cultures):
    attrs = results[0].attrs
    assert attrs["canonica_version"] == canonica.__version__
    assert attrs["protocol"] == "published"
    assert attrs["prior_strength"] == 3000
    assert attrs["initial_sessions"] == 10
    assert attrs["minimum_preference"] == 0.5
    assert attrs["origin"] == cultures[0].attrs["origin"]
    assert attrs["simulated_mixing"] == 0.75


def test_results_survive_a_file(results, tmp_path):
    path = tmp_path / "result.nc"
    results[0].to_netcdf(path, engine="h5netcdf")
    with xr.open_dataset(path, engine="h5netcdf") as again:
        xr.testing.assert_identical(again.load(), results[0])


def test_batched_is_looped(results, cultures):
    baseline = results[0].attrs["baseline"]
    for one, other in zip(results, cultures, strict=True):
        alone = reverse_engineer(other, baseline=baseline)
        xr.testing.assert_allclose(alone, one, rtol=1e-12)


@pytest.mark.slow
def test_more_recordings_than_a_batch_and_several_shapes(monkeypatch, cultures):
    from canonica.reverse_engineering.published_protocol import _batch

    monkeypatch.setattr(_batch, "LARGEST_BATCH", 2)
    short = culture(7, sessions=12, trials_per_session=64, inputs=8, mixing=1.0, name="short")
    found = reverse_engineer([cultures[0], short, *cultures[1:]], baseline=3.0)
    assert [one.attrs["name"] for one in found] == ["c0", "short", "c1", "c2"]
    assert found[1].sizes["input"] == 8
    xr.testing.assert_allclose(found[3], reverse_engineer(cultures[2], baseline=3.0), rtol=1e-12)


def test_an_empty_ensemble_is_an_error_that_shows_what_was_found(cultures):
    with pytest.raises(RecordingError) as caught:
        reverse_engineer(without_electrodes(cultures[0]))
    message = str(caught.value)
    for words in ("no electrode in ensemble 1, 2", "64 of 64 electrodes are active", "to", "> 0.5"):
        assert words in message


def test_one_that_fails_ends_the_call_or_keeps_its_place(cultures):
    broken = without_electrodes(cultures[1]).assign_attrs(name="broken")
    several = [cultures[0], broken, cultures[2]]
    with pytest.raises(RecordingError, match=r"^broken.*1 of 3 recordings could not be analysed;"):
        reverse_engineer(several)
    one, error, two = reverse_engineer(several, errors="keep")
    assert isinstance(error, RecordingError)
    assert error.source.startswith("broken")
    # The baseline is that of the cultures which could be analysed.
    for found, alone in zip((one, two), reverse_engineer([cultures[0], cultures[2]]), strict=True):
        xr.testing.assert_identical(found, alone)


def test_a_nameless_recording_has_a_name_in_its_result(cultures):
    bare = cultures[0].drop_attrs()
    assert reverse_engineer(bare).attrs["name"] == "recording"


def test_no_recording_left_is_an_error(cultures):
    with pytest.raises(RecordingError, match="no electrode in ensemble"):
        reverse_engineer([without_electrodes(cultures[0])])
    assert reverse_engineer([]) == []


@pytest.mark.parametrize("x64", [False, True])
def test_float64_inside_whatever_the_setting_which_stays(cultures, results, x64):
    before = jax.config.jax_enable_x64
    try:
        jax.config.update("jax_enable_x64", x64)
        found = reverse_engineer(cultures)
        assert jax.config.jax_enable_x64 is x64
    finally:
        jax.config.update("jax_enable_x64", before)
    xr.testing.assert_identical(found[0], results[0])
    assert found[0]["free_energy"].dtype == np.float64


def test_settings_and_baseline_are_checked(cultures):
    for wrong in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(CanonicaError, match="baseline"):
            reverse_engineer(cultures[0], baseline=wrong)
    with pytest.raises(CanonicaError, match="for condition bic"):
        reverse_engineer(cultures[0], baseline={"bic": 2.6})
    with pytest.raises(CanonicaError, match="published"):
        reverse_engineer(cultures[0], protocol="unpublished")
    for setting in (
        {"prior_strength": 0.0},
        {"prior_strength": np.inf},
        {"initial_gain": 1e308},
        {"initial_sessions": 0},
        {"epsilon": -1.0},
        {"minimum_preference": np.nan},
    ):
        with pytest.raises(CanonicaError, match=next(iter(setting))):
            PublishedProtocol(**setting)
    with pytest.raises(RecordingError, match="15 sessions.*more than the 15"):
        reverse_engineer(cultures[0], protocol=PublishedProtocol(initial_sessions=15))
    with pytest.raises(RecordingError, match="sources"):
        reverse_engineer(cultures[0].drop_vars("sources"))


def test_what_is_no_recording_is_said_plainly():
    """In a process of its own, where annotations are not checked."""
    script = """
import canonica
calls = (("culture.mat", "raise"), ([1], "raise"), ([], "drop"))
for function in (canonica.reverse_engineer, canonica.forecast):
    for recordings, errors in calls:
        try:
            function(recordings, errors=errors)
        except canonica.CanonicaError as error:
            print(error)
try:
    canonica.validate("culture.mat")
except canonica.CanonicaError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("found the text 'culture.mat'; expected a") == 3
    assert done.stdout.count("recordings: found [1]; expected an xarray.Dataset") == 2
    assert done.stdout.count("errors: found the text 'drop'; expected one of 'raise', 'keep'") == 2


def test_recordings_made_by_hand_are_checked_too(cultures, results):
    one = cultures[0]
    turned = one.transpose("input", "source", "electrode", "trial", ...)
    for same in (turned, one.astype(np.float32)):
        found = reverse_engineer(same, baseline=results[0].attrs["baseline"])
        np.testing.assert_allclose(found["response"], results[0]["response"], atol=1e-6)
    half = one.assign(stimuli=one["stimuli"] * 0.5)
    for broken, words in (
        (half, "stimuli.*0 to 0.5"),
        (one.assign(sources=one["sources"] * np.nan), "sources"),
        (one.assign(responses=one["responses"].where(one["trial"] != 7)), "responses.*NaN"),
    ):
        with pytest.raises(RecordingError, match=words):
            reverse_engineer(broken)


def test_thresholds_of_the_protocol_decide_the_ensembles(cultures):
    def members(**settings):
        found = ensemble_response(cultures[0], PublishedProtocol(**settings))
        return (found.electrode_ensemble > 0).sum()

    usual = members()
    assert members(minimum_preference=1.0) < usual
    assert members(minimum_mean_response=4.0) < usual
    assert members(minimum_session_response=2.0) < usual
    loose = {"minimum_mean_response": 0.0, "minimum_session_response": 0.0}
    assert members(minimum_preference=0.001, **loose) > usual  # electrodes all but silent too


def test_saturated_responses_are_an_error_not_an_infinity(cultures):
    with pytest.raises(RecordingError, match="0 or 1 throughout.*--baseline"):
        reverse_engineer(cultures[0], baseline=1e-9)


def test_constant_responses_are_an_error():
    sources = np.tile([[1, 1], [1, 0], [0, 1], [0, 0]], (24, 1))
    responses = np.where(sources == 1, 4.1, 2.3) * 1.7  # exactly the source state, no more
    one = recording(responses, sources, sources, session=8)
    with pytest.raises(RecordingError, match="no variation"):
        reverse_engineer(one)


def test_a_source_state_that_comes_late_is_an_error():
    rng = np.random.default_rng(0)
    sources = np.tile([[1, 0], [0, 1]], (48, 1))
    sources[-1] = [1, 1]
    responses = rng.poisson(2 + 3 * sources)
    one = recording(responses, sources, sources, session=8)
    with pytest.raises(RecordingError, match="states 11 only after the first session"):
        reverse_engineer(one)


def test_sessions_of_unequal_length_count_only_their_trials(cultures):
    """A session filled up with slots equals one computed trial by trial."""
    whole = cultures[0]
    keep = np.ones(whole.sizes["trial"], bool)
    keep[64 * 3 + 40 : 64 * 4] = False  # session 4 loses its end
    keep[64 * 12 : 64 * 12 + 7] = False  # session 13 its start
    cut = whole.isel(trial=keep)
    result = reverse_engineer(cut, baseline=3.0)
    x = result["response"].to_numpy()
    o, session = cut["stimuli"].to_numpy(), cut["session"].to_numpy()
    initial = session <= 10
    np.testing.assert_allclose(
        result["firing_threshold_factor"][0], np.log(x[:, initial].mean(axis=1)), rtol=1e-12
    )
    before = session < 14
    hebbian, total = 1500 + x[:, before] @ o[before], 3000 + x[:, before].sum(axis=1)
    weight = np.log(hebbian / (total[:, None] - hebbian))
    np.testing.assert_allclose(result["excitatory_weight"].sel(session=14), weight, rtol=1e-10)
    error = ((x - result["predicted_response"].to_numpy()) ** 2)[:, session == 13].mean()
    np.testing.assert_allclose(result["response_error"].sel(session=13), error, rtol=1e-12)
    assert result.sizes["trial"] == keep.sum()


class TestEnsembles:
    """Step 2, and how it extends to any number of sources."""

    def electrodes(self, rates, sources, *, sessions=12):
        """Return the ensembles of electrodes with these rates per source state."""
        rng = np.random.default_rng(1)
        states = rng.integers(0, 2, (sessions * 64, sources))
        responses = np.stack([np.array([rate(s) for s in states]) for rate in rates], axis=1)
        one = recording(
            responses + 0.5 * rng.random(responses.shape), states[:, :1], states, session=64
        )
        return ensemble_response(one, PublishedProtocol())

    def test_two_sources_are_told_apart_by_the_published_rule(self):
        found = self.electrodes(
            [
                lambda s: 3 + 2 * s[0],
                lambda s: 3 + 2 * s[1],
                lambda s: 3 + s[0] + s[1],
                lambda s: 0.2 + 0.6 * s[0],
                lambda s: 3 + 0.4 * s[0],
            ],
            sources=2,
        )
        np.testing.assert_array_equal(found.electrode_ensemble, [1, 2, 0, 0, 0])
        np.testing.assert_allclose(found.preference[:, 0], -found.preference[:, 1])

    def test_four_sources(self):
        own = [lambda s, j=j: 3 + 2 * s[j] for j in range(4)]
        found = self.electrodes([*own, lambda s: 3 + s.sum()], sources=4, sessions=20)
        np.testing.assert_array_equal(found.electrode_ensemble, [1, 2, 3, 4, 0])
        # Against the mean of the others alone: 2 for its own source, -2/3 for each other one.
        np.testing.assert_allclose(found.preference[0], [2, -2 / 3, -2 / 3, -2 / 3], atol=0.2)

    def test_one_source_is_compared_with_its_absence(self):
        found = self.electrodes([lambda s: 3 + 2 * s[0], lambda s: 5 - 2 * s[0]], sources=1)
        np.testing.assert_array_equal(found.electrode_ensemble, [1, 0])

    def test_a_silent_session_makes_an_electrode_inactive(self, cultures):
        one = cultures[0].copy(deep=True)
        chosen = int(np.flatnonzero(reverse_engineer(one)["electrode_ensemble"] == 1)[0])
        one["responses"][64 * 5 : 64 * 6, chosen] = 0
        assert reverse_engineer(one)["electrode_ensemble"][chosen] == 0

    def test_sources_never_alone_are_an_error(self):
        sources = np.tile([[1, 1], [0, 0]], (96, 1))
        responses = np.random.default_rng(0).poisson(2, (192, 3))
        with pytest.raises(RecordingError, match="source states 11, 00.*also 10"):
            reverse_engineer(recording(responses, sources, sources, session=16))


@pytest.mark.slow
def test_three_sources_from_end_to_end():
    one = culture(
        2, sources=3, inputs=30, electrodes=40, sessions=14, trials_per_session=96, mixing=1.0
    )
    result = reverse_engineer(one)
    assert result.sizes["ensemble"] == 3
    assert list(result["source_state"].values) == [format(7 - k, "03b") for k in range(8)]
    assert np.isfinite(result["response_error"]).all()


def test_settings_take_effect(cultures):
    protocol = PublishedProtocol()
    base = reverse_engineer(cultures[0], baseline=3.0)
    stiff = reverse_engineer(
        cultures[0], baseline=3.0, protocol=replace(protocol, prior_strength=1e9)
    )
    assert abs(stiff["excitatory_weight"]).max() < 1e-3 < abs(base["excitatory_weight"]).max()
    gain = reverse_engineer(cultures[0], baseline=3.0, protocol=replace(protocol, initial_gain=9.0))
    np.testing.assert_allclose(
        gain["predicted_excitatory_weight"][:11],
        base["predicted_excitatory_weight"][:11],
        atol=1e-12,
    )
    assert (
        abs(gain["predicted_excitatory_weight"] - base["predicted_excitatory_weight"])[11:].max()
        > 1e-3
    )


class TestResponses:
    """Responses that the user normalised himself."""

    def test_equal_to_the_whole_protocol_on_the_same_responses(self, results, cultures):
        found = canonica.reverse_engineer_responses(
            results[0]["response"],
            cultures[0]["stimuli"],
            trials_per_session=64,
            sources=cultures[0]["sources"],
        )
        shared = [name for name in found.data_vars if name in results[0]]
        assert set(shared) == set(found.data_vars)
        for name in shared:
            np.testing.assert_allclose(found[name], results[0][name], rtol=1e-12)
        assert "electrode_ensemble" not in found
        transposed = canonica.reverse_engineer_responses(
            results[0]["response"].T, cultures[0]["stimuli"].T, trials_per_session=64
        )
        np.testing.assert_allclose(transposed["free_energy"], found["free_energy"], rtol=1e-12)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"response": np.full((2, 48), 1.2)}, "response.*between 0 and 1"),
            ({"response": np.full((2, 48), np.nan)}, "response.*between 0 and 1"),
            ({"response": np.ones((2, 47))}, "47 trials of response, 48 of stimuli"),
            ({"response": np.ones(48)}, r"matrix \(ensemble, trial\)"),
            ({"stimuli": np.full((48, 3), 0.3)}, "stimuli.*0 and 1 only"),
            ({"trials_per_session": 7}, "48 trials in sessions of 7"),
            ({"trials_per_session": 0}, "sessions of 0"),
            ({"trials_per_session": 24}, "more than 10"),
            ({"sources": np.ones((48, 3))}, r"sources.*\(48, 3\)"),
            ({"response": np.zeros((2, 48))}, "0 or 1 throughout"),
        ],
    )
    def test_what_is_wrong_is_said(self, change, words):
        good = {
            "response": np.full((2, 48), 0.5),
            "stimuli": np.ones((48, 3)),
            "trials_per_session": 4,
        }
        with pytest.raises(RecordingError, match=words):
            canonica.reverse_engineer_responses(**good | change)


class TestSweep:
    """`sweep`: one recording under many protocols at once."""

    def test_each_setting_as_if_alone(self, cultures):
        strengths, gains = [100.0, 3000.0, 1e5], [0.5, 2.0]
        errors = canonica.sweep(cultures[0], prior_strength=strengths, gain=gains, baseline=3.0)
        assert errors["response_error"].dims == ("prior_strength", "gain", "session")
        for strength in strengths:
            for gain in gains:
                protocol = PublishedProtocol(prior_strength=strength, initial_gain=gain)
                alone = reverse_engineer(cultures[0], protocol=protocol, baseline=3.0)
                setting = {"prior_strength": strength, "gain": gain}
                for name in ("response_error", "weight_error"):
                    np.testing.assert_allclose(
                        errors[name].sel(setting), alone[name], rtol=1e-10, atol=1e-14
                    )

    def test_values_are_checked(self, cultures):
        with pytest.raises(CanonicaError, match="gain"):
            canonica.sweep(cultures[0], prior_strength=[1.0], gain=[0.0])
        with pytest.raises(CanonicaError, match="prior_strength"):
            canonica.sweep(cultures[0], prior_strength=[], gain=[1.0])
        with pytest.raises(RecordingError, match="0 or 1 throughout"):
            canonica.sweep(cultures[0], prior_strength=[1.0], gain=[1.0], baseline=1e-9)
