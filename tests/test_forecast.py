"""Forecasts as users make them: blind to the future, scored, and what goes wrong said plainly."""

from dataclasses import dataclass, replace
from typing import ClassVar

import jax
import numpy as np
import pytest
import xarray as xr

import canonica
from canonica import CanonicaError, PublishedProtocol, RecordingError
from canonica.reverse_engineering import FORECAST_MODELS, pooled
from canonica.reverse_engineering.forecasting import Canonical, Frozen, normalised
from canonica.reverse_engineering.forecasting._labelled import response_variance
from canonica.reverse_engineering.forecasting.distribution._censored_logistic import location_of
from canonica.reverse_engineering.forecasting.distribution._noise import NEAREST_END, with_noise
from canonica.simulate import culture

INITIAL = 4
SMALL = Canonical(rates=3, memories=(2.0, float("inf")), draws=20)


@pytest.fixture(scope="module")
def recording():
    return culture(seed=3, sessions=7, trials_per_session=48, inputs=8, repeated=True)


@pytest.fixture(scope="module")
def foretold(recording):
    return canonica.forecast(recording, initial_sessions=INITIAL, model=SMALL)


def changed(recording, generator, first_trial):
    """Return the recording with all responses from a trial on replaced."""
    other = recording.copy(deep=True)
    later = other["responses"].to_numpy()[first_trial:]
    other["responses"][first_trial:] = generator.permutation(later.ravel()).reshape(later.shape) * 3
    return other


def test_no_later_response_changes_the_forecast(recording, foretold, generator):
    other = changed(recording, generator, INITIAL * 48)
    assert canonica.forecast(other, initial_sessions=INITIAL, model=SMALL).identical(foretold)
    for model in FORECAST_MODELS.keys() - {"canonical", "frozen", "stacked"}:
        one, two = (
            canonica.forecast(each, initial_sessions=INITIAL, model=model)
            for each in (recording, other)
        )
        assert one.identical(two), model


def test_an_earlier_response_or_the_published_normalisation_does(recording, generator):
    earlier = changed(recording, generator, INITIAL * 48 - 24)
    later = changed(recording, generator, INITIAL * 48)
    ask = {"initial_sessions": INITIAL, "model": "ridge"}
    kept = canonica.forecast(recording, **ask)
    assert not canonica.forecast(earlier, **ask).predicted_response.equals(kept.predicted_response)
    published = [
        canonica.forecast(each, normalisation="published", **ask).predicted_response
        for each in (recording, later)
    ]
    assert not published[0].equals(published[1])


def test_the_causal_rule_by_hand(recording):
    """Each step of the normalisation in loops over trials."""
    protocol = replace(PublishedProtocol(), initial_sessions=INITIAL)
    (ready,) = normalised([recording], protocol, baseline=2.0)
    members = ready.ensembles.electrode_ensemble
    responses = recording["responses"].to_numpy()
    states = ["".join(str(int(s)) for s in row) for row in recording["sources"].to_numpy()]
    for number in (1, 2):
        r = responses[:, members == number].mean(axis=1)
        first = {
            state: np.mean([x for x, s in zip(r[:48], states, strict=False) if s == state])
            for state in set(states)
        }
        x = np.array([value - first[state] for value, state in zip(r, states, strict=True)])
        seen = x[: INITIAL * 48]
        x = 0.5 + (x - seen.mean()) / seen.std(ddof=1) / 2 + (r[:48].mean() - 2.0) / 2.0 / 4
        np.testing.assert_allclose(ready.response[number - 1], np.clip(x, 0, 1), atol=1e-12)


def test_a_forecast_says_what_made_it(foretold, recording):
    attrs = foretold.attrs
    assert attrs["model"] == "canonical"
    assert attrs["model_memories"] == [2.0, np.inf]
    assert (attrs["normalisation"], attrs["initial_sessions"], attrs["seed"]) == ("causal", 4, 0)
    assert attrs["origin"] == recording.attrs["origin"]
    assert {"baseline", "canonica_version", "conclusion", "log_evidence"} <= attrs.keys()
    assert foretold.horizon.values.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert foretold.plasticity_posterior.sum().item() == pytest.approx(1)
    assert (np.diff(foretold.prior_strength) > 0).all()
    for variable in foretold.values():
        assert {"long_name", "units"} <= variable.attrs.keys()


@pytest.mark.parametrize("shown", ["each once", "none"])
def test_where_no_stimulus_evokes_anything_of_its_own_all_is_finite(recording, shown, generator):
    """Stimuli that do not come again, and recordings without any input."""
    protocol = replace(PublishedProtocol(), initial_sessions=INITIAL)
    (ready,) = normalised([recording], protocol)
    known = ready.known(INITIAL)
    stimuli = np.zeros_like(known.stimuli)
    if shown == "each once":
        number = generator.permutation(2**8)[: INITIAL * 48].reshape(INITIAL, 48)
        stimuli[:INITIAL] = (number[..., None] >> np.arange(8)) % 2
    known = known._replace(stimuli=stimuli)
    found = SMALL.posterior(known)
    assert not found.trials.initial.repeated.any()
    assert not found.posterior.frozen.fit.effect.any()
    predicted = SMALL.predicted(known, jax.random.key(0))
    for field, variance in found.posterior.frozen.variances._asdict().items():
        dims, deviation, _ = predicted.found[f"{field}_deviation"]
        assert dims[0] == "ensemble"
        assert "time_scale" in dims or field in ("weight", "stimulus", "trend")
        np.testing.assert_allclose(np.square(deviation), variance, rtol=1e-12)
    for values in (
        predicted.mean,
        predicted.scale,
        predicted.state_draws,
        found.evidence.posterior,
    ):
        assert np.isfinite(values).all()
    for name, (_, values, _) in predicted.found.items():
        assert np.isfinite(values).all() or name == "memory", name


@pytest.mark.slow
def test_few_initial_sessions_are_warned_of(recording, foretold):
    said = "with 4 initial sessions drift and learning can hardly be told apart"
    assert said in foretold.attrs["diagnostic_warning"]
    assert foretold.attrs["conclusion"].endswith(f" nats. But {said}.")
    more = canonica.forecast(recording, initial_sessions=6, model=SMALL)
    assert "initial sessions" not in more.attrs["diagnostic_warning"]
    assert "told apart" not in more.attrs["conclusion"]


def test_quantiles_rise_and_hold_the_expectation(foretold):
    for name in ("predicted_response", "predicted_session_response", "predicted_state_response"):
        quantiles = foretold[f"{name}_quantile"].to_numpy()
        shown = np.isfinite(quantiles[0])
        assert (np.diff(quantiles, axis=0)[:, shown] >= 0).all()
        mean = foretold[name].to_numpy()
        assert ((quantiles[0] < mean) & (mean < quantiles[-1]))[shown].mean() > 0.95
    assert ((foretold.predicted_response > 0) & (foretold.predicted_response < 1)).all()


def test_a_seed_decides_everything(recording, foretold):
    again = canonica.forecast(recording, initial_sessions=INITIAL, model=SMALL)
    other = canonica.forecast(recording, initial_sessions=INITIAL, model=SMALL, seed=1)
    assert again.identical(foretold)
    assert not other.predicted_response.equals(foretold.predicted_response)
    # The evidence has no chance in it.
    np.testing.assert_array_equal(other.log_likelihood, foretold.log_likelihood)


def test_a_forecast_can_be_saved_and_scored_later(tmp_path, recording, foretold):
    foretold.to_netcdf(tmp_path / "forecast.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "forecast.nc", engine="h5netcdf") as saved:
        later = canonica.score(saved.load(), recording)
    at_once = canonica.score(foretold, recording)
    for name in at_once:
        np.testing.assert_array_equal(later[name], at_once[name])


def test_a_score_is_the_mean_over_trials(recording, foretold):
    protocol = replace(PublishedProtocol(), initial_sessions=INITIAL)
    (ready,) = normalised([recording], protocol)
    scored = canonica.score(foretold, recording)
    error = (ready.response - foretold.predicted_response.to_numpy()) ** 2
    sessions = foretold["trial_session"].to_numpy()
    for session in (1, 5, 7):
        by_hand = error[:, sessions == session].mean()
        assert scored.squared_error.sel(session=session).item() == pytest.approx(by_hand)
    assert scored.attrs["model"] == "canonical"


def test_a_score_of_another_recording_is_refused(foretold, recording):
    other = culture(seed=9, sessions=6, trials_per_session=48, inputs=8, repeated=True)
    # The smallest differences in what was known: one spike, one stimulus, one source, one border.
    spike, stimulus, source, border = (recording.copy(deep=True) for _ in range(4))
    spike["responses"][INITIAL * 48 - 1, 5] += 1
    stimulus["stimuli"][-1, 0] = 1 - stimulus["stimuli"][-1, 0]
    source["sources"][-1, 1] = 1 - source["sources"][-1, 1]
    border["session"][48 * 5] = 5
    for one in (other, spike, stimulus, source, border):
        with pytest.raises(CanonicaError, match="expected the recording that it was made from"):
            canonica.score(foretold, one)
    with pytest.raises(CanonicaError, match="and all of its forecast"):
        canonica.score(foretold.isel(session=slice(6), trial=slice(6 * 48)), recording)
    with pytest.raises(CanonicaError, match="expected what canonica.forecast returns"):
        canonica.score(other, other)


def test_names_and_later_responses_do_not_make_another_recording(foretold, recording, generator):
    """A forecast may be made before the later sessions are: their responses are put in later."""
    scored = canonica.score(foretold, renamed(recording, "other").astype(np.float32))
    assert scored.identical(canonica.score(foretold, recording))
    later = changed(recording, generator, INITIAL * 48)
    assert (canonica.score(foretold, later).horizon > 0).any()


def test_frozen_weights_may_drift_but_do_not_learn(recording, foretold):
    """Nothing Hebbian is in them: they stay half of the slope each way."""
    still = canonica.forecast(recording, initial_sessions=INITIAL, model=Frozen(draws=20))
    for one, alike in ((still, True), (foretold, False)):
        both = one.predicted_excitatory_weight, -one.predicted_inhibitory_weight
        assert np.allclose(*both, atol=1e-9) == alike


def test_repetition_and_persistence_by_hand(recording):
    protocol = replace(PublishedProtocol(), initial_sessions=INITIAL)
    (ready,) = normalised([recording], protocol)
    stimuli, x = recording["stimuli"].to_numpy(), ready.response
    seen = np.arange(x.shape[1]) < INITIAL * 48
    ask = {"initial_sessions": INITIAL}
    repeated = canonica.forecast(recording, model="repetition", **ask).predicted_response
    persisting = canonica.forecast(recording, model="persistence", **ask).predicted_response
    states = ready.ensembles.states.index
    last = seen & (np.arange(x.shape[1]) >= (INITIAL - 1) * 48)
    for trial in (200, 260, 330):
        same = seen & (stimuli == stimuli[trial]).all(axis=1)
        assert same.any()
        mean = x[:, same].mean(axis=1).clip(NEAREST_END, 1 - NEAREST_END)
        np.testing.assert_allclose(repeated[:, trial], mean)
        mean = x[:, last & (states == states[trial])].mean(axis=1)
        np.testing.assert_allclose(persisting[:, trial], mean.clip(NEAREST_END, 1 - NEAREST_END))


@dataclass(frozen=True)
class Half:
    """A model of one's own: everything is 1/2."""

    name: ClassVar[str] = "half"

    def predicted(self, known, key):
        del key
        return with_noise(known, np.full(known.shape, 0.5))


def test_a_model_of_one_s_own(recording):
    mine = canonica.forecast(recording, initial_sessions=INITIAL, model=Half())
    assert (mine.predicted_response == 0.5).all()
    assert canonica.score(mine, recording).crps.notnull().all()


def test_the_variance_of_a_response(generator):
    mean, scale = generator.uniform(0.05, 0.95, (2, 1, 4)), np.full((2, 1, 4), 0.2)
    location = np.asarray(location_of(np.log(mean / (1 - mean)), scale))
    uniform = generator.uniform(size=(200_000, *mean.shape))
    drawn = np.clip(location + scale * np.log(uniform / (1 - uniform)), 0, 1)
    np.testing.assert_allclose(response_variance(mean, scale), drawn.var(axis=0), rtol=0.02)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, rtol=0.01)


def renamed(one, name):
    return one.assign_attrs(name=name)


def silent(one, name="silent"):
    other = renamed(one.copy(deep=True), name)
    other["responses"][:] = 0
    return other


def test_one_that_fails_among_several_ends_the_call_naming_it(recording):
    ask = {"initial_sessions": INITIAL, "model": "ridge"}
    several = [recording, silent(recording), recording, silent(recording, "mute")]
    with pytest.raises(RecordingError, match=r"^silent.*2 of 4 recordings.*others: mute"):
        canonica.forecast(several, **ask)
    with pytest.raises(RecordingError, match=r"^silent") as caught:
        canonica.forecast([silent(recording)], **ask)
    assert "errors=" not in str(caught.value)


def test_errors_that_are_kept_keep_every_place(recording):
    ask = {"initial_sessions": INITIAL, "model": "ridge", "errors": "keep"}
    several = [silent(recording), renamed(recording, "one"), renamed(recording, "two")]
    bad, one, two = canonica.forecast(several, **ask)
    assert isinstance(bad, RecordingError)
    assert bad.source.startswith("silent")
    assert [one.attrs["name"], two.attrs["name"]] == ["one", "two"]
    with pytest.raises(RecordingError, match="silent"):
        canonica.score(bad, several[0])


def test_the_protocol_says_how_many_sessions_are_initial(recording):
    """Unless the call does; and of the published forecast it gives the constants."""
    protocol = PublishedProtocol(initial_sessions=INITIAL, prior_strength=50.0, initial_gain=1.5)
    found = canonica.forecast(recording, model="published", protocol=protocol)
    assert found.attrs["initial_sessions"] == INITIAL
    assert (found.attrs["model_prior_strength"], found.attrs["model_initial_gain"]) == (50.0, 1.5)
    other = canonica.forecast(recording, model="ridge", protocol=protocol, initial_sessions=5)
    assert other.attrs["initial_sessions"] == 5
    assert (other.horizon > 0).sum() == 2


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        ({"model": "oracle"}, "model: found 'oracle'; expected one of canonical"),
        ({"normalisation": "none"}, "normalisation: found 'none'; expected causal or published"),
        ({"initial_sessions": 7}, "found 7 sessions; expected more than the 7 initial ones"),
        ({"initial_sessions": 0}, "initial_sessions: found 0"),
        ({"baseline": -1.0}, "baseline: found -1;"),
    ],
)
def test_bad_calls_are_refused(recording, ask, message):
    with pytest.raises(CanonicaError, match=message):
        canonica.forecast(recording, **{"initial_sessions": INITIAL, "model": "ridge"} | ask)


@pytest.mark.slow
def test_more_sources_and_sessions_of_other_lengths():
    """Nothing is special about two sources, equal sessions, or stimuli that repeat."""
    three = culture(
        seed=1, sources=3, inputs=12, sessions=6, trials_per_session=90, electrodes=48, direct=0.3
    )
    uneven = three.isel(trial=np.r_[0:170, 180 : three.sizes["trial"]])
    found = canonica.forecast(uneven, initial_sessions=INITIAL, model="persistence")
    assert found.sizes["ensemble"] == 3
    assert canonica.score(found, uneven).squared_error.notnull().all()


@pytest.mark.slow
def test_the_evidence_of_many_is_that_of_each(recording, foretold):
    protocol = replace(PublishedProtocol(), initial_sessions=INITIAL)
    (ready,) = normalised([recording], protocol)
    known = ready.known(INITIAL)
    shuffled = known._replace(response=known.response[:, ::-1])
    first, second = SMALL.evidences([known, shuffled])
    upwards = first.log_likelihood[:, ::-1]
    np.testing.assert_allclose(upwards, foretold.log_likelihood, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(second.log_bayes_factor, first.log_bayes_factor, rtol=1e-6)
    with pytest.raises(CanonicaError, match="found recordings of 2 sizes"):
        SMALL.evidences([known, known._replace(response=known.response[:2])])


def test_forecasts_are_pooled_on_one_grid_or_several(recording, foretold):
    together = pooled([foretold, foretold], condition="slices")
    assert together.recordings == 2
    other = foretold.assign_coords(prior_strength=foretold.prior_strength * 2)
    assert 0 < pooled([foretold, other]).share_plastic < 1
    ridge = canonica.forecast(recording, initial_sessions=INITIAL, model="ridge")
    with pytest.raises(CanonicaError, match="found 2, of which 1 estimate plasticity"):
        pooled([foretold, ridge])


def test_every_model_is_named_for_what_it_is():
    for name, model in FORECAST_MODELS.items():
        assert model.name == name
    assert next(iter(FORECAST_MODELS)) == "canonical"
