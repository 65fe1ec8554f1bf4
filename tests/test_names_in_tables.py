"""Texts in a column of channels or sessions: numbers where all are, else names as written."""

import numpy as np
import pytest

from canonica.recordings.tables._names import numbers_or_names, odd_numbers


def read(*texts):
    values, missing = numbers_or_names(np.array(texts, object))
    return values.tolist(), missing.tolist()


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (("2", " 10", "-3", "+4", "0"), [2, 10, -3, 4, 0]),
        (("1.0", "1.000000e+01", "2.5E-1", "7"), [1.0, 10.0, 0.25, 7.0]),
        (("9223372036854775808", "-9223372036854775808"), [2.0**63, -(2.0**63)]),
        (("9223372036854775807",), [2**63 - 1]),
    ],
)
def test_numbers(texts, numbers):
    values, missing = read(*texts)
    assert values == numbers
    assert not any(missing)


@pytest.mark.parametrize(
    "texts",
    [("1E1", "10E0"), ("1.0E1", "10.0"), ("01", "1"), ("0x3f", "63"), ("A1", "NA"), ("nan", "B")],
)
def test_names_stay_what_is_written(texts):
    assert read(*texts) == (list(texts), [False, False])


@pytest.mark.parametrize("nothing", ["", "  ", "NA", "nan", "NULL", "-"])
def test_nothing_among_numbers_is_missing(nothing):
    for first, last in (("1", "3"), ("1.0", "3.0")):
        values, missing = read(first, nothing, last)
        np.testing.assert_array_equal(values, [1.0, np.nan, 3.0])
        assert missing == [False, True, False]


def test_nothing_among_names_is_what_is_blank():
    assert read("A1", " ", "NA")[1] == [False, True, False]


def test_names_that_could_be_read_as_numbers_are_found():
    texts = np.array(["1E1", " 0x3F ", "10", "1.0e+01", "A1"], object)
    assert odd_numbers(texts) == ["1E1", "0x3F"]
