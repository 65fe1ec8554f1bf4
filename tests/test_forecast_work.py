"""How long a forecast takes is said before it begins, and what no machine holds is refused."""

import warnings

import jax
import numpy as np
import pytest

from canonica import CanonicaError
from canonica.reverse_engineering.forecasting import Canonical, Known
from canonica.reverse_engineering.forecasting.plasticity._random_effects import EffectSizes
from canonica.reverse_engineering.forecasting.plasticity._work import (
    LongWorkWarning,
    PosteriorSizes,
)

PUBLISHED = PosteriorSizes(2, 10, 256, 32, 4, 256, 64)


def test_the_work_grows_as_its_linear_algebra():
    """With the square of inputs and trials' number at first, with the cube of inputs at last."""
    assert PUBLISHED.parameters == EffectSizes(32, 10, 4).all
    assert PUBLISHED._replace(ensembles=4).seconds == pytest.approx(2 * PUBLISHED.seconds)
    long = PUBLISHED._replace(trials=10**6, stimuli=0)
    assert long._replace(inputs=68).seconds / long.seconds == pytest.approx(4, rel=1e-3)
    wide = PUBLISHED._replace(inputs=10**5)
    assert wide._replace(inputs=2 * 10**5).seconds / wide.seconds == pytest.approx(8, rel=0.02)


def test_minutes_are_said_and_less_is_not():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PUBLISHED.say()
        PUBLISHED._replace(inputs=512).say()
    with pytest.warns(LongWorkWarning, match=r"about 6 minutes on one core.*1,024 inputs"):
        PUBLISHED._replace(inputs=1024).say()


def test_what_no_machine_holds_is_refused():
    with pytest.raises(CanonicaError, match=r"sizes of a forecast: found .* numbers"):
        PUBLISHED._replace(inputs=50_000).say()


def test_a_forecast_says_so_before_any_work(generator):
    """Warnings are errors here: the work that it tells of would be hours."""
    shape = sessions, ensembles, slots = 3, 2, 40
    known = Known(
        generator.uniform(size=shape),
        generator.integers(0, 2, (sessions, slots, 700)).astype(float),
        np.ones((sessions, slots), bool),
        np.zeros((sessions, slots), int),
        1,
    )
    model = Canonical(rates=20_000)
    with pytest.raises(LongWorkWarning, match=rf"60,001 plasticities, for {ensembles} ensembles"):
        model.predicted(known, jax.random.key(0))
