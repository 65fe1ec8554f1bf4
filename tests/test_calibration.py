"""Simulated recordings are the model's, and the posterior of their plasticity is right."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from canonica import CanonicaError
from canonica.report import calibration_figure
from canonica.reverse_engineering.forecasting import QUANTILES, Canonical
from canonica.reverse_engineering.forecasting._labelled import (
    response_quantiles,
    session_mean_variables,
)
from canonica.reverse_engineering.forecasting._predicted import Combined
from canonica.reverse_engineering.forecasting.plasticity._evidence import INTERVAL, Evidence
from canonica.reverse_engineering.forecasting.plasticity._random_effects import (
    USUAL,
    EffectSizes,
    Variances,
)
from canonica.reverse_engineering.forecasting.plasticity._uniform_stimuli import SHARE_VARIANCE
from canonica.studies import (
    Truth,
    calibration_summary,
    culture_false_alarms,
    detection_summary,
    plasticity_calibration,
    plasticity_detection,
    simulated_known,
)
from canonica.studies.plasticity._calibration import QUANTILE
from canonica.studies.plasticity._detection_summary import _interval
from canonica.studies.plasticity._posteriors import Found
from canonica.studies.plasticity._simulated_responses import (
    OFFSET_DEVIATION,
    _parameters,
    simulated,
)

# One shape for all: compiled once.
SIZES: dict[str, Any] = {"sessions": 8, "initial": 6, "trials": 32, "inputs": 8}
STUDY: dict[str, Any] = {"initial_sessions": 8, "trials_per_session": 32, "inputs": 8}
# Rates so fast that they show in so few trials.
COARSE = Canonical(strongest_plasticity=4.0, rates=9, memories=(float("inf"),))


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x)))


def key(number):
    return jax.random.key(number)


def slow_log_odds(drawn, truth, *, adaptive):
    """Return the log odds of every response as the theory writes them, number by number."""
    sessions, ensembles, slots = drawn.response.shape
    first, trend, levels, effect, share = drawn.parameters
    known = drawn.known.initial
    stimuli, inputs = drawn.known.stimuli, drawn.known.stimuli.shape[-1]
    kept = np.exp(-1 / truth.memory)
    hebb, home = np.zeros((2, 2, ensembles, inputs))
    found = np.zeros(drawn.response.shape)
    for n in range(sessions):
        time = (min(n, known - 1) - (known - 1) / 2) / known
        weight = first + time * trend  # that learning starts from
        for i in range(ensembles):
            for t in range(slots):
                v = (
                    levels[n, i, 0]
                    + levels[n, i, 1] * stimuli[n, t].mean()
                    + levels[n, i, 2 + drawn.known.state[n, t]]
                    + effect[i, drawn.stimulus[n, t]]
                )
                on = int(stimuli[n, t].sum())
                followed = {inputs: share[i, 0], 0: share[i, 1]}.get(on, 1.0)
                for j in range(inputs):
                    w, silence = [], []
                    for level, sign in ((0, -1), (1, 1)):
                        h = (
                            sigmoid(sign * weight[i, j] / 2)
                            + hebb[level, i, j] / truth.prior_strength
                        )
                        a = 1 + home[level, i, j] / truth.prior_strength
                        w.append(np.log(h / (a - h)))
                        silence.append(np.log((a - h) / a))
                    v += weight[i, j] * stimuli[n, t, j]
                    v += followed * (w[1] - w[0] - weight[i, j]) * stimuli[n, t, j]
                    # What has been learned alone: the offset says what was there before.
                    v += followed * adaptive * (silence[1] - silence[0] + weight[i, j] / 2)
                found[n, i, t] = v
        hebb, home = hebb * kept, home * kept
        for level in (0, 1):
            x = drawn.response[n] if level else 1 - drawn.response[n]
            hebb[level] += x @ stimuli[n]
            home[level] += x.sum(axis=1)[:, None]
    return found


@pytest.mark.parametrize(
    ("repeated", "adaptive", "memory"), [(True, False, 3.0), (False, True, np.inf)]
)
def test_the_network_learns_from_what_it_did(repeated, adaptive, memory):
    truth = Truth(prior_strength=100.0, memory=memory)
    drawn = simulated(key(1), truth, **SIZES, repeated=repeated, adaptive=adaptive)
    slow = slow_log_odds(drawn, truth, adaptive=adaptive)
    np.testing.assert_allclose(drawn.log_odds, slow, rtol=1e-10, atol=1e-10)
    frozen = slow_log_odds(drawn, truth._replace(prior_strength=np.inf), adaptive=adaptive)
    assert np.abs(slow[0] - frozen[0]).max() < 1e-12
    assert np.abs(slow[-1] - frozen[-1]).max() > 0.1  # it does learn


def test_without_noise_responses_are_what_is_expected():
    drawn = simulated(key(2), Truth(scale=1e-5, silent_scale=1e-5), **SIZES)
    np.testing.assert_allclose(drawn.response, sigmoid(drawn.log_odds), atol=3e-4)


def test_noise_leaves_the_mean_alone_and_is_that_of_the_state():
    truth = Truth(prior_strength=500.0)
    drawn = [simulated(jax.random.fold_in(key(3), n), truth, **SIZES) for n in range(40)]
    response, log_odds = (
        np.stack([getattr(one, name) for one in drawn]) for name in ("response", "log_odds")
    )
    away: np.ndarray = response - sigmoid(log_odds)
    silent = np.stack([one.known.state[:, None] == 0 for one in drawn]) & np.ones(away.shape, bool)
    for chosen in (silent, ~silent):
        error = away[chosen].std() / np.sqrt(chosen.sum())
        assert abs(away[chosen].mean()) < 4 * error
    within: np.ndarray = np.abs(sigmoid(log_odds) - 0.5) < 0.15  # hardly ever cut off if silent
    assert away[silent & within].std() == pytest.approx(0.02 * np.pi / np.sqrt(3), rel=0.1)
    assert 0.12 < away[~silent].std() < 0.12 * np.pi / np.sqrt(3)  # cut off


@pytest.mark.usefixtures("x64")
def test_parameters_have_the_variances_they_should():
    variances = Variances(
        0.5, 1.5, 0.04, np.array([0.04, 0.0]), np.array([0.16, 0.1]), np.array([[0, 0], [0.3, 0.2]])
    )
    repeated = jnp.arange(400) < 300
    drawn = _parameters(key(4), variances, repeated, 60, EffectSizes(30, 200, 2))
    weight, trend, level, effect, share = (np.asarray(part) for part in drawn)

    def deviation(values, variance):
        return abs(np.mean(values**2) / variance - 1) / np.sqrt(2 / values.size)

    assert deviation(weight, 0.5) < 4
    assert deviation(trend, 0.04) < 4
    assert deviation(effect[:, :300], 1.5) < 4
    assert not effect[:, 300:].any()
    assert deviation(share, SHARE_VARIANCE) < 4
    assert deviation(level[0, :, 0], OFFSET_DEVIATION**2 + 0.04) < 4
    assert deviation(level[1:, :, 0] - level[:-1, :, 0], 2 * 0.04) < 6  # neighbours correlate
    assert np.abs(level[..., 2]).max() < 1e-6
    for number, once, lasting in ((1, 0.16, 0.1), (3, 0.3, 0.2)):
        # Sessions far apart are independent; what they have in common with the next is not.
        far = level[::20, :, number]
        assert deviation(far, once + lasting) < 4
        assert (
            deviation(level[1::20, :, number] - far, 2 * (once + lasting * (1 - np.exp(-1 / 3))))
            < 4
        )


def test_stimuli_evoke_the_same_each_time_and_nothing_if_they_come_once():
    for repeated in (True, False):
        drawn = simulated(key(5), Truth(), **SIZES, repeated=repeated)
        effect = drawn.parameters.effect[0][drawn.stimulus]
        stimuli = drawn.known.stimuli
        assert (stimuli[1] == stimuli[0]).all() == repeated
        seen = {}
        for stimulus, evoked in zip(stimuli.reshape(-1, 8), effect.ravel(), strict=True):
            assert seen.setdefault(stimulus.tobytes(), evoked) == evoked
        rows, times = np.unique(stimuli[:6].reshape(-1, 8), axis=0, return_counts=True)
        for stimulus, number in zip(rows, times, strict=True):
            assert (seen[stimulus.tobytes()] != 0) == (number > 1)


def test_a_key_decides_everything():
    first, again, other = (simulated_known(key(n), Truth(50.0), **SIZES) for n in (6, 6, 7))
    for one, same in zip(jax.tree.leaves(first), jax.tree.leaves(again), strict=True):
        assert np.array_equal(one, same)
    assert (first[0].response != other[0].response).any()
    assert (first[1] != other[1]).any()
    assert not first[0].stimuli[first[0].state == 0, 0].any()


@pytest.mark.parametrize(
    ("truth", "sizes", "word"),
    [
        (Truth(prior_strength=0.0), {}, "prior_strength"),
        (Truth(memory=float("nan")), {}, "memory"),
        (Truth(scale=np.inf), {}, "scale"),
        (Truth(silent_scale=-0.1), {}, "silent_scale"),
        (Truth(variances=USUAL._replace(gain=np.array([0.1, -1.0]))), {}, "variances"),
        (Truth(), {"initial": 9}, "sessions, initial"),
        (Truth(), {"mixing": 1.5}, "mixing"),
    ],
)
def test_what_cannot_be_drawn_is_refused(truth, sizes, word):
    with pytest.raises(CanonicaError, match=f"^{word}: found"):
        simulated_known(key(0), truth, **(SIZES | sizes))


@pytest.mark.parametrize(
    ("study", "sizes", "word"),
    [
        (plasticity_calibration, {"draws": 0}, "draws"),
        (plasticity_detection, {"strengths": 0}, "strengths"),
        (plasticity_detection, {"memories": []}, "memories"),
        (plasticity_detection, {"memories": [10.0, 0.0]}, "memories"),
        (culture_false_alarms, {"sessions": 10}, "sessions"),
    ],
)
def test_studies_of_nothing_are_refused(study, sizes, word):
    with pytest.raises(CanonicaError, match=f"^{word}: found"):
        study(0, **sizes)
    with pytest.raises(CanonicaError, match="^seed: found -1"):
        study(-1)


@given(st.integers(0, 2**32 - 1))
def test_ranks_and_quantiles_are_each_others_inverse(seed):
    generator = np.random.default_rng(seed)
    strengths = np.geomspace(generator.uniform(1e3, 1e5), generator.uniform(1, 500), 7)
    log_likelihood = generator.normal(0, 2, (3, 7))
    evidence = Evidence.of(log_likelihood, strengths, (1.0, 3.0, float("inf")))
    ascending = np.log(strengths[::-1])
    half = (ascending[1] - ascending[0]) / 2
    edges = np.append(ascending[0] - half, ascending + half)
    mass = np.append(0, np.cumsum(evidence.posterior.sum(axis=0)[::-1]))
    found = Found(0.0, 0.5, edges, mass, 0.0)
    np.testing.assert_allclose(found.quantiles(INTERVAL), evidence.strength_quantiles, rtol=1e-9)
    ranks = [found.rank(strength) for strength in found.quantiles(QUANTILE)]
    np.testing.assert_allclose(ranks, QUANTILE, atol=1e-9)


@given(st.integers(1, 300), st.floats(0, 1))
def test_intervals_of_shares_are_exact(number, share):
    k = round(share * number)
    low, high = _interval(xr.DataArray(k), number).to_numpy()
    assert low <= k / number <= high
    assert (low == 0) if k == 0 else stats.binom.sf(k - 1, number, low) == pytest.approx(0.025)
    assert (high == 1) if k == number else stats.binom.cdf(k, number, high) == pytest.approx(0.025)


def made_up(generator, *, distortion=1.0, draws=400):
    """Return a study whose posterior is right, or has its log odds multiplied by `distortion`."""
    odds = generator.normal(0, 3, 20 * draws)
    true = generator.uniform(size=odds.size) < sigmoid(odds)
    said = sigmoid(distortion * odds)
    said = np.stack([said[true][:draws], said[~true][:draws]])
    strength = np.exp(generator.normal(7, 1, draws))
    deviate = generator.normal(size=draws) * distortion  # of truth and posterior, unit posterior
    offset = stats.norm.ppf(QUANTILE)
    return xr.Dataset(
        {
            "true_prior_strength": ("draw", strength),
            "prior_strength": (
                ("draw", "quantile"),
                strength[:, None] * np.exp(offset - deviate[:, None]),
            ),
            "rank": ("draw", stats.norm.cdf(deviate)),
            "probability_plastic": (("kind", "draw"), said),
            "log_evidence": (("kind", "draw"), np.log(said / (1 - said))),
        },
        {"kind": ["plastic", "frozen"], "quantile": list(QUANTILE)},
        {"initial_sessions": 10, "trials_per_session": 64, "clear": 3.0},
    )


def test_a_right_posterior_is_called_calibrated(generator):
    right = calibration_summary(made_up(generator))
    assert (np.abs(right.coverage - right.level) < 3 * right.coverage_error).all()
    assert (np.abs(right.observed - right.predicted) < 4 * right.observed_error + 1e-3).all()
    for name in ("rank_chi_square_p", "rank_kolmogorov_smirnov_p", "brier_p"):
        assert right[name] > 0.005
    assert abs(right.bias) < 4 / np.sqrt(400)
    assert right.spread == pytest.approx(1, rel=0.15)


def test_a_posterior_that_is_too_sure_is_found_out(generator):
    wrong = calibration_summary(made_up(generator, distortion=2.0))
    assert (wrong.coverage < wrong.level - 3 * wrong.coverage_error).all()
    for name in ("rank_chi_square_p", "rank_kolmogorov_smirnov_p", "brier_p"):
        assert wrong[name] < 1e-4
    assert wrong.brier > wrong.brier_expected


def test_power_is_the_share_with_clear_evidence():
    found = xr.Dataset(
        {
            "log_evidence": (("memory", "strength", "draw"), [[[1.0, 3.0, 4.0, 5.0], [0.0] * 4]]),
            "frozen_log_evidence": ("frozen_draw", [0.0, 1.0, 3.5, -1.0, -2.0]),
        },
        {"memory": [np.inf], "strength": [100.0, 1000.0]},
        {"clear": 3.0, "initial_sessions": 10, "trials_per_session": 64},
    )
    summary = detection_summary(found)
    assert summary.power.to_numpy().tolist() == [[0.75, 0.0]]
    assert summary.false_alarms == 0.2
    cultures = xr.Dataset({"log_evidence": ("culture", [4.0, 0.0])}, attrs={"clear": 3.0})
    assert detection_summary(cultures).clear_share == 0.5


def test_the_figure_says_what_it_shows(generator):
    detection = xr.Dataset(
        {
            "log_evidence": (("memory", "strength", "draw"), generator.normal(2, 2, (2, 3, 9))),
            "frozen_log_evidence": ("frozen_draw", np.repeat([0.0, 9.0], [19, 1])),
        },
        {"memory": [np.inf, 3.0], "strength": [1e2, 1e3, 1e4]},
        {"clear": 3.0},
    )
    figure = calibration_figure(made_up(generator), detection)
    figure.draw_without_rendering()
    labels = figure.axes[3].get_legend_handles_labels()[1]
    assert "memory of 3 sessions" in labels
    assert "not plastic: 5.0%" in labels
    for axis in figure.axes:
        assert axis.get_xlabel()
        assert axis.get_ylabel()
    for wrong in ((detection, detection), (made_up(generator), xr.Dataset())):
        with pytest.raises(CanonicaError):
            calibration_figure(*wrong)


@pytest.fixture(scope="module")
def study():
    return plasticity_calibration(0, draws=24, **STUDY, model=COARSE)


@pytest.mark.slow
def test_the_posterior_of_simulated_networks_is_right(study):
    summary = calibration_summary(study)
    assert summary.rank_kolmogorov_smirnov_p > 0.001
    assert summary.rank_chi_square_p > 0.001
    assert (np.abs(summary.coverage - summary.level) < 4 * summary.coverage_error).all()
    plastic, frozen = study.log_evidence.sel(kind=["plastic", "frozen"])
    assert plastic.mean() > 0 > frozen.mean()  # Gibbs' inequality
    assert np.corrcoef(np.log(study.true_prior_strength), study["rank"])[0, 1] < 0.9


@pytest.mark.slow
def test_a_study_says_what_its_networks_were_drawn_from(study):
    for field, variance in USUAL._asdict().items():
        said = study.attrs[f"true_{field}_deviation"]
        np.testing.assert_allclose(np.square(said), variance, rtol=1e-12)
    assert study.attrs["true_threshold_deviation"] == OFFSET_DEVIATION


@pytest.mark.slow
def test_the_prior_strength_of_fast_learners_is_recovered(study):
    clear = study.log_evidence.sel(kind="plastic") >= study.attrs["clear"]
    assert clear.any()
    ratio = study.prior_strength.sel(quantile=0.5) / study.true_prior_strength
    assert np.abs(np.log(ratio[clear])).mean() < 1


@pytest.mark.slow
def test_no_plasticity_is_hardly_ever_taken_for_some(study):
    alarms = int((study.log_evidence.sel(kind="frozen") >= study.attrs["clear"]).sum())
    # Bayes: at most 1 in 20 has odds of 20 to 1 against it.
    assert stats.binom.sf(alarms - 1, 24, np.exp(-study.attrs["clear"])) > 0.001


@pytest.mark.slow
def test_a_draw_does_not_depend_on_how_many_there_are(study):
    told = []
    fewer = plasticity_calibration(
        0, draws=1, **STUDY, model=COARSE, progress=lambda *done: told.append(done)
    )
    assert told == [(0, 2), (1, 2), (2, 2)]
    np.testing.assert_array_equal(fewer.log_evidence, study.log_evidence[:, :1])
    np.testing.assert_array_equal(fewer["rank"], study["rank"][:1])


def test_who_learns_fast_is_detected():
    found = plasticity_detection(
        0, draws=3, frozen=1, strengths=2, memories=(np.inf,), **STUDY, model=COARSE
    )
    assert found.strength.to_numpy() == pytest.approx([256 / 4, 256 / 0.01])
    power = detection_summary(found).power.sel(memory=np.inf)
    assert power[0] > 0.6
    assert power[0] > power[1]


@pytest.mark.slow
def test_cultures_simulated_spike_by_spike_can_be_judged():
    coarse = replace(COARSE, rates=5)
    found = culture_false_alarms(0, cultures=2, trials_per_session=64, model=coarse)
    assert found.sizes["culture"] + found.attrs["left_out"] == 2
    assert np.isfinite(found.log_evidence).all()


@pytest.mark.thorough
def test_later_responses_and_session_means_fall_anywhere_in_what_is_foretold():
    """Probability integral transforms, over recordings drawn from the model, are even."""
    singles, means = [], []
    for number in range(80):
        truth = Truth((np.inf, 400.0, 100.0)[number % 3])
        drawn = simulated(key(100 + number), truth, **SIZES, adaptive=True)
        known = drawn.known
        found = COARSE.predicted(known, key(number))
        mixture = Combined.of(found, "canonical")
        foretold = session_mean_variables(known, mixture, key(number))
        quantile = np.asarray(
            response_quantiles(np.ones(1), mixture.mean, mixture.scale, QUANTILES)
        )
        last = drawn.response[-1]
        inside = (last > 0) & (last < 1) & (known.state[-1] > 0)
        singles.append((last < quantile[:, -1])[:, inside].mean(axis=-1))
        quantile = foretold["predicted_session_response_quantile"][1]
        means.append(last.mean(axis=-1) < quantile[:, -1])
    for shares, allowed in ((np.array(singles), 0.05), (np.array(means).mean(axis=-1), 0.13)):
        np.testing.assert_allclose(shares.mean(axis=0), QUANTILES, atol=allowed)
