"""Checks of what users give: what is sound passes in one type, all else is refused in words."""

import math
from decimal import Decimal
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from canonica import CanonicaError
from canonica._checks import (
    LARGEST_SEED,
    LARGEST_SIZE,
    check_dims,
    checked_array,
    checked_choice,
    checked_number,
    checked_positive,
    checked_probability,
    checked_seed,
    checked_size,
    described,
)

NO_NUMBERS = ["3", b"3", None, True, np.True_, 1j, [1], np.array([1]), object(), Decimal(1), {}]
NOT_FINITE = [math.nan, math.inf, -math.inf, np.float32("nan"), 10**400]


def refused(check, *arguments, **settings):
    with pytest.raises(CanonicaError, match=r"^thing.*: found .*; expected .*\.$") as raised:
        check("thing", *arguments, **settings)
    return str(raised.value)


def seed(name, value):
    return checked_seed(value, name)


@pytest.mark.parametrize("value", [*NO_NUMBERS, *NOT_FINITE[:-1], 2.0, np.float64(2), -1])
def test_no_size_and_no_seed(value):
    refused(checked_size, value)
    refused(seed, value)


@pytest.mark.parametrize("kind", [int, np.int8, np.uint64, np.int32])
def test_whole_numbers_of_any_kind_are_sizes_and_seeds(kind):
    for check in (checked_size, seed):
        assert type(check("thing", kind(5))) is int
        assert check("thing", kind(5)) == 5


def test_limits_of_sizes_and_seeds():
    assert checked_size("thing", 1) == 1
    assert checked_size("thing", LARGEST_SIZE) == LARGEST_SIZE
    assert seed("thing", 0) == 0
    assert seed("thing", LARGEST_SEED) == 2**63 - 1
    assert "at least 1" in refused(checked_size, 0)
    assert f"at most {LARGEST_SIZE}" in refused(checked_size, LARGEST_SIZE + 1)
    refused(seed, LARGEST_SEED + 1)
    refused(seed, np.uint64(2**63))
    assert checked_size("thing", 3, least=3, most=5) == 3
    assert "from 3 to 5" in refused(checked_size, 6, least=3, most=5)
    assert "from 3 to 5" in refused(checked_size, 2, least=3, most=5)


@pytest.mark.parametrize("value", [*NO_NUMBERS, *NOT_FINITE])
def test_no_number(value):
    for check in (checked_number, checked_positive, checked_probability):
        refused(check, value)


@pytest.mark.parametrize("value", [1, 0.5, np.float32(0.5), np.array(0.5), Fraction(1, 2)])
def test_numbers_of_any_kind(value):
    for check in (checked_number, checked_positive, checked_probability):
        assert type(check("thing", value)) is float
        assert check("thing", value) == float(value)


def test_limits_of_numbers():
    assert checked_number("thing", 2, lowest=2, highest=3) == 2
    assert checked_number("thing", 3, lowest=2, highest=3) == 3
    assert "from 2 to 3" in refused(checked_number, np.nextafter(2, 0), lowest=2, highest=3)
    assert "from 2 to 3" in refused(checked_number, np.nextafter(3, 4), lowest=2, highest=3)
    assert "at least 2" in refused(checked_number, 1, lowest=2)
    assert "at most 2" in refused(checked_number, 3, highest=2)


def test_positive_numbers_are_large_enough_to_compute_with():
    assert checked_positive("thing", 1e-300) == 1e-300
    for value in (0, -1e-9, 5e-324, 9e-301):
        refused(checked_positive, value)
    assert checked_positive("thing", 5, highest=5) == 5
    assert "at most 5" in refused(checked_positive, 5.1, highest=5)


def test_probabilities():
    for value in (0, 1, 0.25):
        assert checked_probability("thing", value) == value
    for value in (-1e-9, 1 + 1e-9):
        refused(checked_probability, value)
    for value in (0, 1, 5e-324):
        assert "above 0 and below 1" in refused(checked_probability, value, certain=False)
    assert checked_probability("thing", 0.25, certain=False) == 0.25


def test_choices():
    assert checked_choice("thing", "a", ("a", "b")) == "a"
    assert checked_choice("thing", None, ("a", None)) is None
    for value in ("c", "A", None, 1, ["a"], np.array(["a", "b"])):
        assert "one of 'a', 'b'" in refused(checked_choice, value, ("a", "b"))
    refused(checked_choice, True, (1, 2))


@pytest.mark.parametrize(
    "values", ["text", None, [["1"]], [[1], [1, 2]], {}, [None], np.array(["1"]), np.array([1j])]
)
def test_no_array(values):
    refused(checked_array, values)


def test_arrays():
    for values in ([[1, 0]], np.array([[True, False]]), jnp.array([[1, 0]], jnp.int8)):
        found = checked_array("thing", values, dims=["row", "column"])
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, [[1, 0]])
    assert "(row)" in refused(checked_array, [[1]], dims=["row"])
    assert "at least one" in refused(checked_array, [])
    assert checked_array("thing", [], empty=True).shape == (0,)
    assert "nan at [1, 0] (2 such values)" in refused(checked_array, [[1.0], [np.nan], [np.inf]])
    assert "from 0 to 1" in refused(checked_array, [0.5, 2.0], lowest=0, highest=1)
    assert checked_array("thing", [0, 1], lowest=0, highest=1).tolist() == [0, 1]
    assert "2 (1 such" in refused(checked_array, 2, highest=1)


def test_dims():
    found = xr.Dataset({"a": (("x", "y"), np.ones((2, 3))), "empty": ("z", [])})
    check_dims("thing", found, {"a": ("y", "x")})
    refused(check_dims, found, {"a": ("x",)})
    refused(check_dims, found, {"a": ("x", "z")})
    refused(check_dims, found, {"empty": ("z",)})
    for value in (None, found["a"], {"a": 1}):
        with pytest.raises(CanonicaError, match="expected an xarray.Dataset"):
            check_dims("thing", value, {"a": ("x", "y")})
    with pytest.raises(CanonicaError, match=r"found variables a, empty; expected also b\."):
        check_dims("thing", found, {"a": ("x", "y"), "b": ()})


@given(st.one_of(st.text(), st.floats(), st.integers(), st.lists(st.integers()), st.binary()))
def test_what_was_found_is_short_and_on_one_line(value):
    words = described(value)
    assert 0 < len(words) < 80
    assert len(words.splitlines()) == 1


def test_what_was_found_tells_kinds_apart():
    assert described("3") == "the text '3'"
    assert described(3) == "3"
    assert described(np.float32(2.5)) == "2.5"
    assert described(None) == "None"
    assert described(np.zeros((2, 3))) == "an array of type float64 and shape (2, 3)"
    assert described(object()) == "a value of type object"
