"""What a file of one session says of itself: whose it is, when it began, what its clock counts."""

from datetime import UTC, datetime, timedelta, timezone

import h5py
import numpy as np
import pytest

from canonica.recordings.experiments._session_file import SessionFile

START = "2024-11-20T12:04:29+09:00"
BEGAN = datetime(2024, 11, 20, 12, 4, 29, tzinfo=timezone(timedelta(hours=9)))


@pytest.fixture
def written(tmp_path):
    """Return a function that writes such a file."""

    def write(name="culture.nwb", subject="24846", columns=("start_time",), **moments):
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            file.attrs["nwb_version"] = "2.7.0"
            for place, moment in ({"session_start_time": START} | moments).items():
                file[place] = moment
            if subject:
                file["general/subject/subject_id"] = subject
            table = file.create_group("intervals/trials")
            table.attrs["colnames"] = np.array(columns, dtype=h5py.string_dtype())
        return path

    return write


def test_subject_and_start(written):
    path = written()
    assert SessionFile.of(path) == SessionFile(path, "24846", BEGAN, BEGAN, False)


def test_times_count_from_the_reference_where_there_is_one(written):
    found = SessionFile.of(written(timestamps_reference_time="2024-11-20T00:00:00+00:00"))
    assert found.start == BEGAN
    assert found.reference == datetime(2024, 11, 20, tzinfo=UTC)


def test_a_subject_may_stand_in_the_name_only(written):
    assert SessionFile.of(written("sub-A.7_ses-1.nwb", subject="")).subject == "A.7"
    assert SessionFile.of(written("culture.nwb", subject="")) is None


def test_a_start_without_zone_is_taken_for_utc(written):
    found = SessionFile.of(written(session_start_time="2024-11-20T12:00:00"))
    assert found.start == datetime(2024, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("start", ["1900-01-01T00:00:00+00:00", "yesterday", ""])
def test_a_start_that_is_not_known(written, start):
    assert SessionFile.of(written(session_start_time=start)) is None


@pytest.mark.parametrize(("column", "holds"), [("Session", True), ("session_of_dish", False)])
def test_a_column_of_sessions(written, column, holds):
    assert SessionFile.of(written(columns=("start_time", column))).holds_sessions == holds


def test_what_is_no_nwb(tmp_path, written):
    path = written()
    with h5py.File(path, "a") as file:
        del file.attrs["nwb_version"]
    assert SessionFile.of(path) is None
    text = tmp_path / "text.nwb"
    text.write_text("nothing")
    assert SessionFile.of(text) is None
    assert SessionFile.of(tmp_path / "none.nwb") is None
