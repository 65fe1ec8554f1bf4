"""Stacking: weights that are the best there are, found from forecasts; and what they mix."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np
import pytest
import xarray as xr
from scipy.special import expit

import canonica
from canonica import CanonicaError, PublishedProtocol
from canonica.reverse_engineering.forecasting import (
    FORECAST_MODELS,
    Known,
    Stacked,
    Weighted,
    forecast_normalised,
    normalised,
    with_noise,
)
from canonica.reverse_engineering.forecasting.models._stacking import stacking_weights
from canonica.simulate import culture

INITIAL = 6
ASK = {"initial_sessions": INITIAL, "baseline": 3.0}
PROTOCOL = PublishedProtocol(initial_sessions=INITIAL)
PLAIN = tuple(FORECAST_MODELS[name] for name in ("ridge", "persistence", "repetition"))
STACKED = Stacked(PLAIN)


@pytest.fixture(scope="module")
def recordings():
    """Return two cultures of one condition, and one of another."""
    sizes = {"sessions": 9, "trials_per_session": 48, "inputs": 8, "repeated": True}
    each = [culture(seed, **sizes, name=f"c{seed}") for seed in (3, 4, 6)]
    return [*each[:2], each[2].assign_attrs(condition="drug")]


@pytest.fixture(scope="module")
def ready(recordings):
    return normalised(recordings, PROTOCOL, baseline=3.0)


def test_weights_are_the_best_there_are(generator):
    """At a maximum no model could have more weight; and a fine grid knows no better."""
    density = generator.gamma(2.0, 1.0, (3, 400)) * np.array([[1.0], [0.9], [0.3]])
    weight = stacking_weights(np.log(density))
    gain = (density / (weight @ density)).mean(axis=1)
    assert weight.sum() == pytest.approx(1)
    assert (gain < 1 + 1e-3).all()
    np.testing.assert_allclose(gain[weight > 0], 1, atol=1e-3)
    steps = np.linspace(0, 1, 101)
    grid = [(a, b, 1 - a - b) for a in steps for b in steps if a + b <= 1]
    best = max(np.log(np.asarray(one) @ density).mean() for one in grid)
    assert np.log(weight @ density).mean() >= best - 1e-6


def test_weights_find_how_responses_were_mixed(generator):
    share, number = np.array([0.7, 0.3, 0.0]), 20_000
    centre = np.array([-1.0, 2.0, 5.0])
    x = generator.normal(centre[generator.choice(3, size=number, p=share)])
    weight = stacking_weights(-0.5 * (x - centre[:, None]) ** 2 - 700.0)
    np.testing.assert_allclose(weight, share, atol=0.02)


def test_nothing_to_go_by_makes_weights_equal():
    assert stacking_weights(np.empty((4, 0))).tolist() == [0.25] * 4
    assert stacking_weights(np.zeros((1, 9))).tolist() == [1.0]


def test_models_are_scored_on_what_they_did_not_see(ready):
    """Ridge regression of the first two sessions, on sessions 3 to 6, in plain NumPy."""
    known = ready[0].known(INITIAL)
    stimuli = known.stimuli.copy()
    for session, shown in enumerate(stimuli):  # no two sessions alike
        stimuli[session] = np.roll(shown, session, axis=-1)
    known = known._replace(stimuli=stimuli)
    scores = STACKED.held_out(known, jax.random.key(0))
    seen = Known(known.response[:2], *(part[:INITIAL] for part in known[1:4]), known.states)
    predicted = PLAIN[0].predicted(seen, jax.random.key(0))
    x = known.response[2:]
    by_hand = log_density(x, predicted.mean[2:], predicted.scale[2:])
    assert scores.shape == (3, x.size)
    np.testing.assert_allclose(scores[0], by_hand.swapaxes(1, 2).ravel(), rtol=1e-9)
    later = known._replace(response=np.concatenate([known.response[:2], x[::-1]]))
    other = STACKED.held_out(later, jax.random.key(0))
    assert not np.allclose(other, scores)
    np.testing.assert_allclose(other.sum(), log_density_sum(x[::-1], seen), rtol=1e-9)


def log_density(x, mean, scale):
    """Return the log density of a censored logistic variable, its location found by halving."""
    low, high = np.full(mean.shape, -50.0), np.full(mean.shape, 50.0)
    for _ in range(80):
        middle = (low + high) / 2
        expected = scale * (np.logaddexp(0, middle / scale) - np.logaddexp(0, (middle - 1) / scale))
        low, high = np.where(expected < mean, middle, low), np.where(expected < mean, high, middle)
    z = (x - low) / scale
    between = expit(z) * expit(-z) / scale
    return np.log(np.where(x <= 0, expit(-low / scale), np.where(x >= 1, expit(-z), between)))


def log_density_sum(x, seen):
    return sum(
        log_density(x, one.mean[2:], one.scale[2:]).sum()
        for one in (model.predicted(seen, jax.random.key(0)) for model in PLAIN)
    )


def test_no_later_response_changes_weights_or_forecast(recordings):
    other = recordings[0].copy(deep=True)
    other["responses"][INITIAL * 48 :] = other["responses"][INITIAL * 48 :].to_numpy()[::-1]
    one, two = (canonica.forecast(each, model=STACKED, **ASK) for each in (recordings[0], other))
    assert one.identical(two)


def test_a_single_initial_session_leaves_weights_equal(ready):
    known = ready[0].known(1)
    assert STACKED.over([known], jax.random.key(0)).weights == pytest.approx([1 / 3] * 3)


def test_recordings_of_a_condition_share_weights(recordings, ready):
    found = canonica.forecast(recordings, model=STACKED, **ASK)
    weights = [one["component_weight"].to_numpy() for one in found]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.allclose(weights[0], weights[2])
    key = jax.random.split(jax.random.key(0))[0]
    scores = [STACKED.held_out(one.known(INITIAL), key) for one in ready]
    np.testing.assert_allclose(weights[0], stacking_weights(np.concatenate(scores[:2], axis=1)))
    np.testing.assert_allclose(weights[2], stacking_weights(scores[2]))
    assert [one.attrs["model_recordings"] for one in found] == [2, 2, 1]
    assert found[0].attrs["model"] == "stacked"
    assert found[0].attrs["model_models"] == ["ridge", "persistence", "repetition"]
    assert found[0].component.values.tolist() == ["ridge", "persistence", "repetition"]
    alone = canonica.forecast(recordings[2], model=STACKED, **ASK)
    assert alone.identical(found[2])


def test_a_mixture_is_made_of_its_models(recordings, ready):
    """Expectation, scores and quantiles against single forecasts; saved and scored later too."""
    one, weights = recordings[0], (0.5, 0.2, 0.3)
    model = Weighted(PLAIN, weights)
    mixed = canonica.forecast(one, model=model, **ASK)
    single = [canonica.forecast(one, model=part, **ASK) for part in PLAIN]
    mean = sum(w * part.predicted_response for w, part in zip(weights, single, strict=True))
    np.testing.assert_allclose(mixed.predicted_response, mean, rtol=1e-12)
    x = ready[0].response
    density = sum(
        w * np.exp(log_density(x, part.predicted_response.values, part.predicted_scale.values))
        for w, part in zip(weights, single, strict=True)
    )
    scored = canonica.score(mixed, one)
    last = mixed["trial_session"].to_numpy() == 9
    assert scored.log_score[-1].item() == pytest.approx(np.log(density)[:, last].mean())
    assert scored.squared_error[-1].item() == pytest.approx(
        ((x - mean.to_numpy()) ** 2)[:, last].mean()
    )
    each = [canonica.score(part, one) for part in single]
    average = sum(w * part.crps for w, part in zip(weights, each, strict=True))
    assert (scored.crps < average).all()  # which is convex
    made = []
    for part in PLAIN:
        forecast_normalised(ready[0], PROTOCOL, part, made=made)
    reused = forecast_normalised(ready[0], PROTOCOL, model, made=made)
    assert len(made) == len(PLAIN)
    np.testing.assert_array_equal(reused.predicted_response, mixed.predicted_response)


def test_a_mixture_can_be_saved_and_scored_later(tmp_path, recordings):
    mixed = canonica.forecast(recordings[0], model=STACKED, **ASK)
    mixed.to_netcdf(tmp_path / "mixed.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "mixed.nc", engine="h5netcdf") as saved:
        later = canonica.score(saved.load(), recordings[0])
    assert later.equals(canonica.score(mixed, recordings[0]))


@dataclass(frozen=True)
class Constant:
    """A model that foretells one value, with hardly any noise."""

    name: ClassVar[str] = "constant"

    value: float

    def predicted(self, known, key):
        del key
        still = known._replace(response=np.full_like(known.response, self.value))
        return with_noise(still, np.full(known.shape, self.value))


def test_models_that_disagree_make_session_means_uncertain(recordings):
    """A model that is right is so in all trials: noise averages out, disagreement does not."""
    model = Weighted((Constant(0.2), Constant(0.8)), (0.3, 0.7))
    found = canonica.forecast(recordings[0], model=model, **ASK)
    quantiles = found.predicted_session_response_quantile
    np.testing.assert_allclose(quantiles.sel(quantile=[0.05, 0.25]), 0.2, atol=0.01)
    np.testing.assert_allclose(quantiles.sel(quantile=[0.5, 0.95]), 0.8, atol=0.01)
    np.testing.assert_allclose(found.predicted_session_response, 0.3 * 0.2 + 0.7 * 0.8)


def test_mixtures_are_not_mixed_again_and_settings_are_checked(ready):
    twice = Stacked((Weighted(PLAIN, (0.2, 0.3, 0.5)),))
    with pytest.raises(CanonicaError, match="model stacked: found a mixture"):
        twice.over([ready[0].known(INITIAL)], jax.random.key(0))
    with pytest.raises(CanonicaError, match="found 0 models"):
        Stacked(())
    with pytest.raises(CanonicaError, match="and 1.0; expected"):
        Stacked(PLAIN, share=1.0)


def test_what_is_recommended_is_said():
    found = Weighted(PLAIN, (0.25, 0.0, 0.75), 4)
    assert found.by_name == {"ridge": 0.25, "persistence": 0.0, "repetition": 0.75}
    assert found.sentence == (
        "For prediction take stacked: repetition 75%, ridge 25%; weights by forecasts within the "
        "initial sessions of 4 recordings."
    )
