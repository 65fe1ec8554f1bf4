"""Rows of 0 and 1 as numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from canonica.data._row_numbers import row_numbers


@given(
    arrays(np.int8, array_shapes(min_dims=2, max_dims=2, max_side=70), elements=st.integers(0, 1))
)
def test_equal_rows_have_one_number_from_all_on_to_all_off(rows):
    falling = sorted({tuple(row) for row in rows.tolist()}, reverse=True)
    wanted = [falling.index(tuple(row)) for row in rows.tolist()]
    for given_rows in (rows, np.asfortranarray(rows.astype(float)), rows.astype(bool)):
        assert row_numbers(given_rows).tolist() == wanted


def test_more_columns_than_a_number_has_digits(generator):
    rows = generator.integers(0, 2, (300, 200))
    rows[100:200] = rows[:100]
    found = row_numbers(rows)
    assert found.max() == 199
    assert np.array_equal(found[100:200], found[:100])


@pytest.mark.parametrize("columns", [0, 1])
def test_rows_without_columns_are_all_the_same(columns):
    assert row_numbers(np.ones((3, columns))).tolist() == [0, 0, 0]
