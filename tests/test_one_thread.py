"""Linear algebra by one thread, where several would wait for each other."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

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


@pytest.fixture
def two():
    """Have two threads, on whatever machine, set by nobody who lives."""
    limiter = []
    begin = Thread(
        target=lambda: limiter.append(ThreadpoolController().limit(limits=2, user_api="blas"))
    )
    begin.start()
    begin.join()
    assert threads() == {2}
    yield
    end = Thread(target=limiter[0].restore_original_limits)
    end.start()
    end.join()


@pytest.mark.usefixtures("two")
def test_one_thread_during_a_call_and_as_many_as_before_afterwards():
    assert by_one_thread(threads)() == {1}
    assert threads() == {2}
    assert by_one_thread(by_one_thread(threads))() == {1}
    assert threads() == {2}
    with pytest.raises(ZeroDivisionError):
        by_one_thread(fails)()
    assert threads() == {2}


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("longer", ["the first", "the second"])
def test_calls_that_overlap_have_it_to_the_end_of_the_last(longer):
    both, one_is_over = Barrier(2), Event()

    def call(name):
        both.wait(60)
        if name == longer:
            one_is_over.wait(60)
        return threads()

    limited = by_one_thread(call)

    def shorter(name):
        found = limited(name)
        one_is_over.set()
        return found

    with ThreadPoolExecutor(2) as pool:
        names = ["the first", "the second"]
        calls = [pool.submit(limited if name == longer else shorter, name) for name in names]
        assert [one.result(60) for one in calls] == [{1}, {1}]
        assert threads() == {2}


@pytest.mark.parametrize(
    "function", [frozen_posterior, posterior, log_evidences, future, joint_posteriors]
)
def test_what_takes_many_small_factors_does_so_by_one_thread(monkeypatch, function):
    wanted = []

    class Limit:
        def begin(self):
            wanted.append("begin")

        def end(self):
            wanted.append("end")

    monkeypatch.setattr(_one_thread, "_LIMIT", Limit())
    with pytest.raises(TypeError):
        function()
    assert wanted == ["begin", "end"]
