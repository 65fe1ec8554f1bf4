"""Linear algebra by one thread, where several would wait for each other."""

import pytest
from threadpoolctl import ThreadpoolController

from canonica import _one_thread
from canonica._one_thread import by_one_thread
from canonica.reverse_engineering.forecasting.plasticity._plastic_future import future
from canonica.reverse_engineering.forecasting.plasticity._plasticity_posterior import (
    frozen_posterior,
    log_evidences,
    posterior,
)
from canonica.reverse_engineering.phenotype.cultures._joint_posterior import joint_posteriors


def threads():
    """Return how many threads each library of linear algebra uses by now."""
    libraries = ThreadpoolController().info()
    return {one["num_threads"] for one in libraries if one["user_api"] == "blas"}


def fails():
    raise ZeroDivisionError


def test_one_thread_during_a_call_and_as_many_as_before_afterwards():
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        assert threads() == {2}
        assert by_one_thread(threads)() == {1}
        assert threads() == {2}
        assert by_one_thread(by_one_thread(threads))() == {1}
        assert threads() == {2}
        with pytest.raises(ZeroDivisionError):
            by_one_thread(fails)()
        assert threads() == {2}


@pytest.mark.parametrize(
    "function", [frozen_posterior, posterior, log_evidences, future, joint_posteriors]
)
def test_what_takes_many_small_factors_does_so_by_one_thread(monkeypatch, function):
    asked = []

    class Libraries:
        def limit(self, **limits):
            asked.append(limits)
            return ThreadpoolController().limit(limits=None)

    monkeypatch.setattr(_one_thread, "_libraries", Libraries)
    with pytest.raises(TypeError):
        function()
    assert asked == [{"limits": 1, "user_api": "blas"}]
