"""Forecasts of responses that are normalised already are those of the recording they came from."""

import numpy as np
import pytest

import canonica
from canonica import CanonicaError, PublishedProtocol, RecordingError
from canonica.reverse_engineering.forecasting import normalised
from canonica.simulate import culture

INITIAL, TRIALS = 4, 48


@pytest.fixture(scope="module")
def both():
    """Return a recording, and its responses as the causal rule normalises them."""
    one = culture(seed=3, sessions=7, trials_per_session=TRIALS, inputs=8, repeated=True)
    (ready,) = normalised([one], PublishedProtocol(initial_sessions=INITIAL))
    return one, ready.response


@pytest.mark.parametrize("model", ["persistence", "repetition"])
def test_they_are_those_of_the_recording(both, model):
    one, x = both
    whole = canonica.forecast(one, initial_sessions=INITIAL, model=model)
    found = canonica.forecast_responses(
        x,
        one["stimuli"],
        sources=one["sources"],
        trials_per_session=TRIALS,
        initial_sessions=INITIAL,
        model=model,
    )
    for name in ("predicted_response", "predicted_scale", "predicted_state_response_quantile"):
        np.testing.assert_array_equal(found[name], whole[name])
    scored, direct = canonica.score_responses(found, x), canonica.score(whole, one)
    for name in direct:
        np.testing.assert_array_equal(scored[name], direct[name])
    assert found.attrs["normalisation"] == "given"
    assert "baseline" not in found.attrs


def test_without_sources_and_without_later_responses(both):
    one, x = both
    ask = {"trials_per_session": TRIALS, "initial_sessions": INITIAL, "model": "persistence"}
    found = canonica.forecast_responses(x, one["stimuli"], **ask)
    later = np.arange(x.shape[1]) >= INITIAL * TRIALS
    other = canonica.forecast_responses(np.where(later, 0.5, x), one["stimuli"], **ask)
    assert other.identical(found)
    last = x[:, (INITIAL - 1) * TRIALS : INITIAL * TRIALS].mean(axis=1)
    np.testing.assert_allclose(found.predicted_response, last[:, None].repeat(x.shape[1], axis=1))
    assert canonica.score_responses(found, x).crps.notnull().all()


def test_what_does_not_belong_together_is_refused(both):
    one, x = both
    ask = {"trials_per_session": TRIALS, "initial_sessions": INITIAL, "model": "ridge"}
    found = canonica.forecast_responses(x, one["stimuli"], **ask)
    with pytest.raises(CanonicaError, match="expected the recording that it was made from"):
        canonica.score_responses(found, 1 - x)
    with pytest.raises(CanonicaError, match=r"response: found shape \(2, 48\)"):
        canonica.score_responses(found, x[:, :48])
    whole = canonica.forecast(one, initial_sessions=INITIAL, model="ridge")
    with pytest.raises(CanonicaError, match="found one of a recording"):
        canonica.score_responses(whole, x)
    with pytest.raises(RecordingError, match="response"):
        canonica.forecast_responses(x * 2, one["stimuli"], **ask)
