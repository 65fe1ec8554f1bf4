"""The recovery study: what is drawn, what is exact, which way estimates err, and how surely."""

import numpy as np
import pytest
import xarray as xr

from canonica import PublishedProtocol, reverse_engineer_responses
from canonica._errors import CanonicaError
from canonica.recordings import recording
from canonica.report import recovery_figure
from canonica.reverse_engineering import ensemble_response
from canonica.reverse_engineering.published_protocol._normalisation import normalised_response
from canonica.studies import recovery, recovery_summary
from canonica.studies.recovery import _activity, _estimates, _networks, _prior

# Sixteen draws are taken at once, or more, and all of one shape: it is compiled once.
SMALL = {"draws": 16, "trials_per_session": 128, "noise": [0.0, 0.2]}


@pytest.fixture(scope="module")
def found():
    return recovery(0, **SMALL | {"draws": 64})


@pytest.fixture(scope="module")
def networks():
    """Return what the first sixteen networks of `found` did."""
    limits = {
        "state_prior": (0.3, 0.7),
        "prior_strength": (1e3, 1e4),
        "mixing": (0.6, 1.0),
        "lean": (0.005, 0.02),
    }
    generators = [np.random.default_rng([0, number]) for number in range(16)]
    drawn = _prior.drawn_networks(generators, 2, limits)
    sizes = _networks.Sizes(20, 128, 32, 2)
    return _networks.simulated_networks(np.arange(16), seed=0, drawn=drawn, sizes=sizes)


def mean_and_error(values):
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))


def sigmoid(weight):
    return 1 / (1 + np.exp(-weight))


# What is drawn


@pytest.mark.slow
def test_a_seed_decides_everything_and_more_draws_change_none_before(found):
    again = recovery(0, **SMALL | {"draws": 20})
    for name in found:
        np.testing.assert_allclose(
            again[name], found[name].isel(draw=slice(20)), rtol=1e-12, atol=1e-14, err_msg=name
        )
    other = recovery(1, **SMALL)
    assert not np.allclose(other["state_prior"], found["state_prior"][:16])
    xr.testing.assert_identical(other, recovery(1, **SMALL))


@pytest.mark.slow
def test_networks_are_drawn_from_the_prior(found):
    for name, (low, high) in {
        "state_prior": (0.3, 0.7),
        "prior_strength": (1e3, 1e4),
        "mixing": (0.6, 1.0),
        "lean": (0.005, 0.02),
    }.items():
        values = found[name].to_numpy()
        assert low <= values.min() < low + (high - low) / 4, name
        assert high - (high - low) / 4 < values.max() <= high, name
    truth = found["true_threshold_factor"]
    np.testing.assert_allclose(np.exp(truth).sum("level"), 1)
    np.testing.assert_allclose(np.exp(truth.sel(level=1)), found["state_prior"])


def test_what_comes_out_is_labelled_and_says_where_it_came_from(found, tmp_path):
    assert found["strength"].dims == (
        *("draw", "noise", "activity", "assumed"),
        *("level", "ensemble", "input"),
    )
    assert found["strength"].shape == (64, 2, 2, 3, 2, 2, 32)
    assert found["threshold_factor"].shape == (64, 2, 2, 2, 2)
    assert found["strength_coverage"].shape == (64, 2, 2, 3, 2)
    for name, values in found.data_vars.items():
        assert values.dtype == np.float64, name
        assert {"long_name", "units"} <= set(values.attrs), name
        assert np.isfinite(values).all(), name
    assert found.attrs["seed"] == 0
    assert found.attrs["trials_per_session"] == 128
    assert found.attrs["simulated_lean"] == [0.005, 0.02]
    assert PublishedProtocol().settings.items() <= found.attrs.items()
    assert "canonica_version" in found.attrs
    found.to_netcdf(tmp_path / "recovery.nc", engine="h5netcdf")


@pytest.mark.slow
def test_any_number_of_sources_and_draws():
    found = recovery(2, draws=1, sources=3, inputs=7, sessions=11, trials_per_session=64)
    assert found["strength"].shape == (1, 3, 2, 3, 2, 3, 7)
    assert np.isfinite(recovery_summary(found)["strength_slope"]).all()


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 1.0])
def test_noise_is_the_posterior_on_average_and_as_large_as_it_says(generator, share):
    posterior = np.repeat([[1e-15], [0.1], [0.5], [0.95], [1.0]], 20_000, axis=1)
    activity = _activity.noisy(generator, posterior, share)
    assert activity.min() >= 0
    assert activity.max() <= 1
    variance = share * (posterior * (1 - posterior))[:, 0]
    np.testing.assert_allclose(activity.mean(axis=1), posterior[:, 0], atol=0.015)
    np.testing.assert_allclose(activity.var(axis=1), variance, atol=0.005)


def test_progress_is_told():
    told = []
    recovery(0, **SMALL | {"draws": 17}, progress=lambda done, draws: told.append((done, draws)))
    assert told == [(0, 17), (16, 17), (17, 17)]


# What is estimated, against the published estimator itself


def test_estimates_are_those_of_the_published_protocol(found, networks):
    for number in range(3):
        result = reverse_engineer_responses(
            networks.posterior[number].T,
            networks.stimuli[number],
            trials_per_session=128,
        )
        own = found.isel(draw=number, noise=0).sel(activity="posterior", assumed="protocol")
        _assert_agree(own, result)


def test_step_three_is_that_of_the_published_protocol(found, networks):
    protocol = PublishedProtocol(minimum_mean_response=0.0, minimum_preference=0.0)
    for number in range(3):
        spikes = _activity.SILENT_SPIKES + _activity.GAIN_SPIKES * networks.posterior[number]
        data = recording(spikes, networks.stimuli[number], networks.sources[number], session=128)
        ensembles = ensemble_response(data, protocol)
        result = reverse_engineer_responses(
            normalised_response(ensembles, found.attrs["baseline"]),
            networks.stimuli[number],
            trials_per_session=128,
        )
        own = found.isel(draw=number, noise=0).sel(activity="normalised", assumed="protocol")
        _assert_agree(own, result)


def _assert_agree(own, result):
    np.testing.assert_allclose(own["threshold_factor"], result["firing_threshold_factor"])
    for level, name in ((1, "excitatory_weight"), (0, "inhibitory_weight")):
        np.testing.assert_allclose(own["strength"].sel(level=level), sigmoid(result[name][-1]))


# What is exact


def test_without_noise_the_initial_counts_are_all_that_is_missing(found):
    exact = found.isel(noise=0).sel(activity="posterior")
    truth = exact["true_strength"]
    known = exact["strength"].sel(assumed="true initial counts")
    assert float(abs(known - truth).max()) < 1e-12
    # Knowing the prior strength but not the lean: at most its share of the strength is missing.
    symmetric = exact["strength"].sel(assumed="true prior strength")
    assert (abs(symmetric - truth).max(["level", "ensemble", "input"]) <= 2 * exact["lean"]).all()
    assert float(abs(symmetric - truth).mean()) < 0.02


def test_what_the_lean_leaves_is_as_large_as_theory_says(found, networks):
    """The error is prior strength times lean over the homeostatic sum, lean signed."""
    number = 1
    exact = found.isel(draw=number, noise=0).sel(activity="posterior")
    x = networks.posterior[number][:-128]
    home = np.stack([x.sum(axis=0), (1 - x).sum(axis=0)]) + float(exact["prior_strength"])
    own = (np.arange(32) >= 16) == np.arange(2)[:, None]
    lean = float(exact["lean"]) * np.where(own, 2, 1) * np.array([1, -1])[:, None, None]
    expected = -lean * float(exact["prior_strength"]) / home[:, :, None]
    error = exact["strength"].sel(assumed="true prior strength") - exact["true_strength"]
    np.testing.assert_allclose(error, expected, atol=1e-12)


# Which way it errs


def test_an_assumption_that_is_too_stiff_flattens_and_one_too_soft_exaggerates(found):
    slope = found["strength_slope"].sel(activity="posterior", assumed="protocol").isel(noise=1)
    strength = found["prior_strength"].to_numpy()
    stiff, stiff_error = mean_and_error(slope[strength < 2500])
    soft, soft_error = mean_and_error(slope[strength > 5000])
    assert stiff + 4 * stiff_error < 1
    assert soft - 4 * soft_error > 1


def test_an_estimator_that_knows_no_lean_flattens(found):
    slope = found["strength_slope"].sel(activity="posterior", assumed="true prior strength")
    for noise in found["noise"]:
        mean, error = mean_and_error(slope.sel(noise=noise))
        assert mean + 4 * error < 1


def test_noise_around_the_posterior_widens_but_does_not_flatten(found):
    known = found.sel(activity="posterior", assumed="true initial counts", noise=0.2)
    mean, error = mean_and_error(known["strength_slope"])
    assert abs(mean - 1) < 4 * error < 0.01
    quiet = found.sel(activity="posterior", assumed="true initial counts", noise=0.0)
    assert (known["strength_spread"] > quiet["strength_spread"]).all()


def test_normalisation_flattens(found):
    slope = found["strength_slope"].sel(activity="normalised", assumed="true initial counts")
    for noise in found["noise"]:
        mean, error = mean_and_error(slope.sel(noise=noise))
        assert mean + 4 * error < 0.8


def test_mean_activity_is_nearer_to_a_half_than_the_prior(found):
    activity = np.exp(found["threshold_factor"].sel(level=1))
    prior = found["state_prior"]
    lower, higher = prior.to_numpy() < 0.4, prior.to_numpy() > 0.6
    for name in found["activity"]:
        excess = (activity.sel(noise=0.2, activity=name) - prior).to_numpy()
        low, low_error = mean_and_error(excess[lower])
        high, high_error = mean_and_error(excess[higher])
        assert low - 4 * low_error > 0 > high + 4 * high_error
    quiet = activity.sel(noise=0.0, activity="posterior")
    np.testing.assert_allclose(quiet, found["mean_posterior"])


# How surely


def test_coverage_is_a_share(found):
    summary = recovery_summary(found)
    for name in ("threshold_factor_coverage", "strength_coverage"):
        assert ((summary[name] >= 0) & (summary[name] <= 1)).all()


def test_residuals_cover_what_noise_does_when_nothing_else_is_wrong(found):
    own = found["strength_coverage"].sel(activity="posterior", assumed="true initial counts")
    mean, error = mean_and_error(own.sel(noise=0.2, interval="residuals"))
    assert abs(mean - 0.95) < 4 * error < 0.06
    assert (own.sel(noise=0.0) == 1).all()


def test_the_standard_error_of_a_threshold_factor_is_that_of_a_logarithm(found, networks):
    initial = networks.posterior[0][: 10 * 128, 1]
    error = initial.std(ddof=1) / np.sqrt(len(initial)) / initial.mean()
    own = found["threshold_factor_standard_error"].sel(activity="posterior", level=1, ensemble=2)
    assert float(own.isel(draw=0, noise=0)) == pytest.approx(error)


def test_the_summary_is_that_of_all_draws_together(found):
    summary = recovery_summary(found)
    one = {"noise": 1, "activity": 0, "assumed": 0}
    truth = found["true_strength"].to_numpy().ravel()
    estimate = found["strength"].isel(one).to_numpy().ravel()
    slope, _ = np.polyfit(truth, estimate, 1)
    assert float(summary["strength_slope"].isel(one)) == pytest.approx(slope)
    assert float(summary["strength_bias"].isel(one)) == pytest.approx((estimate - truth).mean())
    spread = (estimate - truth).std(ddof=1)
    assert float(summary["strength_spread"].isel(one)) == pytest.approx(spread)
    # Draw by draw, too.
    slope, _ = np.polyfit(truth[: 2 * 2 * 32], estimate[: 2 * 2 * 32], 1)
    assert float(found["strength_slope"].isel(one)[0]) == pytest.approx(slope)


# What is refused


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"draws": 0}, "draws: found 0"),
        ({"sessions": 10}, "sessions: found 10; expected a whole number, at least 11"),
        ({"trials_per_session": 0}, "trials_per_session"),
        ({"inputs": 1}, "inputs: found 1; expected a whole number, at least 2"),
        ({"sources": 0}, "sources"),
        ({"noise": []}, "noise"),
        ({"noise": [0.1, 1.1]}, "noise"),
        ({"noise": [0.1, 0.1]}, "noise: found .* different"),
        ({"noise": [float("nan")]}, "noise"),
        ({"state_prior": (0.0, 0.5)}, "state_prior"),
        ({"state_prior": (0.7, 0.3)}, "state_prior: .* the lower one first"),
        ({"prior_strength": (0.0, 10.0)}, "prior_strength"),
        ({"mixing": (0.5, 1.5)}, "mixing"),
        ({"lean": (0.0, 0.25)}, "lean"),
        ({"protocol": "unknown"}, "protocol"),
    ],
)
def test_what_is_out_of_range_is_refused(wrong, message):
    with pytest.raises(CanonicaError, match=message):
        recovery(0, **SMALL | wrong)


def test_negative_seeds_are_refused():
    with pytest.raises(CanonicaError, match="seed: found -1"):
        recovery(-1, **SMALL)


def test_ensembles_that_are_always_off_are_refused():
    with pytest.raises(CanonicaError, match="always off, in 1 of 2 draws"):
        _estimates.check_thresholds(np.array([[-0.7, -0.7], [-np.inf, 0.0]]))


# The figure


def test_the_figure_shows_truth_against_estimate(found):
    axes = {axis.get_title(): axis for axis in recovery_figure(found).axes if axis.get_title()}
    assert list(axes) == [
        "Firing threshold factors",
        "Synaptic strengths: posterior",
        "Synaptic strengths: normalised",
        "Bias of strengths, draw by draw",
        "Spread of strengths, draw by draw",
        "Coverage of 95 % intervals",
    ]
    for axis in axes.values():
        assert axis.get_xlabel()
    drawn = axes["Bias of strengths, draw by draw"].collections[0].get_offsets()
    slopes = found["strength_slope"].sel(noise=0.2, activity="posterior", assumed="protocol")
    np.testing.assert_allclose(drawn, np.stack([found["prior_strength"], slopes], axis=1))
    bars = axes["Coverage of 95 % intervals"].containers[1]
    expected = recovery_summary(found).sel(noise=0.2, activity="posterior")
    assert bars[0].get_width() == float(expected["threshold_factor_coverage"])


def test_the_figure_of_something_else_is_refused(found):
    with pytest.raises(CanonicaError, match="dataset without noise"):
        recovery_figure(found[["state_prior"]])
