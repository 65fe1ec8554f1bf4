"""What columns are taken for: by their names, and by what is in them."""

import numpy as np
import pytest

from canonica import RecordingError, from_spikes
from canonica.recordings import Reading
from canonica.recordings._columns import Ragged, binary_matrix, columns_of
from canonica.recordings.stimuli._sessions import session_numbers

LISTED = ([[3, 17], [3, 4], [4, 17]], [[1, 0, 1], [1, 1, 0], [0, 1, 1]], ("3", "4", "17"))
GIVEN = {
    "vectors": (np.array([[1, 0], [0, 0], [1, 1]]), "guess", [[1, 0], [0, 0], [1, 1]], ()),
    "texts of 0 and 1": (np.array(["10", "00", "11"]), "guess", [[1, 0], [0, 0], [1, 1]], ()),
    "texts of numbers": (np.array(["3 17", "[3, 4]", "4;17"]), "guess", *LISTED[1:]),
    "lists of one length": (np.array(LISTED[0]), "guess", *LISTED[1:]),
    "lists of any length": (
        Ragged(np.array([3, 17, 4, 3, 4, 17]), np.array([0, 2, 3, 6])),
        "guess",
        [[1, 0, 1], [0, 1, 0], [1, 1, 1]],
        ("3", "4", "17"),
    ),
    "one input each": (np.array([7, 5, 7]), "guess", [[0, 1], [1, 0], [0, 1]], ("5", "7")),
    "one binary input": (np.array([1, 0, 1]), "guess", [[1], [0], [1]], ()),
    "inputs 0 and 1, said so": (np.array([1, 0]), "electrodes", [[0, 1], [1, 0]], ("0", "1")),
    "numbers of 0 and 1, said so": (
        np.array([101, 110]),
        "electrodes",
        [[1, 0], [0, 1]],
        ("101", "110"),
    ),
}


@pytest.mark.parametrize("case", GIVEN)
def test_a_column_makes_the_matrix_that_it_means(case):
    column, coding, values, listed = GIVEN[case]
    found = binary_matrix([column], "stimuli", coding, "file")
    np.testing.assert_array_equal(found.values, values)
    assert found.listed == listed


def test_a_vector_with_a_two_is_no_list():
    """It stays what it is, to be refused for its value."""
    vectors = np.array([[0, 1, 0], [2, 0, 0]])
    np.testing.assert_array_equal(
        binary_matrix([vectors], "stimuli", "guess", "file").values, vectors
    )


@pytest.mark.parametrize(
    ("role", "column"),
    [("stimuli", [1101, 11, 0]), ("sources", [11, 10, 1, 0]), ("sources", [1.0, 2.0, 3.0])],
)
def test_codes_for_whole_vectors_are_refused(role, column):
    with pytest.raises(RecordingError, match="codes in one column"):
        binary_matrix([np.array(column)], role, "guess", "file")


def test_listed_inputs_are_said_by_their_numbers():
    found = from_spikes(
        [[0.02, 1.02]], onsets=[0, 1], stimuli=[[3, 17], [4, 18]], trials_per_session=2
    )
    assert "inputs 1 to 4 are those listed as 3, 4, 17, 18" in found.attrs["reading"]


def test_columns_are_numbered_by_numbers_or_letters():
    names = ["onset", "in_10", "in_9", "Source B", "Source A", "Stim 2", "Stim 10"]
    found = columns_of(names, Reading(), "file")
    assert found.sources == ("Source A", "Source B")
    assert found.stimuli == ("Stim 2", "Stim 10")
    assert columns_of(names, Reading(stimuli=("in_*",)), "file").stimuli == ("in_9", "in_10")


@pytest.mark.parametrize(("pause_after", "sound"), [(256, True), (128, False), (None, True)])
def test_sessions_are_assumed_only_where_no_pause_says_otherwise(pause_after, sound):
    steps = np.ones(512)
    if pause_after:
        steps[::pause_after] = 90.0
    onsets = np.cumsum(steps)
    if sound:
        numbers, how = session_numbers(Reading(), 512, onsets=onsets, source="file")
        assert numbers.tolist() == [1] * 256 + [2] * 256
        assert "assumed" in how
    else:
        with pytest.raises(RecordingError, match="--session-gap 45"):
            session_numbers(Reading(), 512, onsets=onsets, source="file")


def test_a_misspelt_option_is_no_attribute():
    with pytest.raises(TypeError, match="source"):
        from_spikes([[0.02]], onsets=[0], stimuli=[[1]], source=[[1]], trials_per_session=1)


def test_units_of_time_are_respected():
    pq = pytest.importorskip("quantities")
    options = {"onsets": [0, 1, 100], "stimuli": [[1], [0], [1]]}
    found = from_spikes(
        [[0.02, 1.02, 1.05]],
        **options,
        session_gap=1 * pq.min,
        window=(10 * pq.ms, 30 * pq.ms),
    )
    assert found["session"].values.tolist() == [1, 1, 2]
    assert found["responses"].values.ravel().tolist() == [1, 1, 0]


@pytest.mark.parametrize("kind", ["datetime64[s]", "timedelta64[s]", "complex128"])
@pytest.mark.parametrize("role", ["stimuli", "sources"])
def test_one_column_of_no_numbers_is_refused(role, kind):
    with pytest.raises(RecordingError, match=rf"{role}: found a column of {kind[:4]}"):
        binary_matrix([np.arange(3).astype(kind)], role, "guess", "here")
