"""Sessions put together: clocks, numbers that add up, and sessions that do not go together."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from canonica import RecordingError
from canonica.recordings import Experiment, Reading, recording
from canonica.recordings._known_responses import INVALID_TRIALS
from canonica.recordings.experiments._assembling import assembled
from canonica.recordings.experiments._session_file import SessionFile
from canonica.recordings.stimuli._inferred_sources import inferred_sources, with_inferred_sources

START = datetime(2024, 11, 20, 12, tzinfo=UTC)
TRIALS = 4


def part(generator, *, sources=None, inputs=("1", "2", "3"), **attributes):
    """Return the recording of one file, whose stimuli come a second apart."""
    said = {"reading": "as it is", "input_sha256": "0", "first_spike": 0.5, "last_spike": 9.5}
    said |= {"spikes": 10, **attributes}
    found = recording(
        generator.poisson(2, (TRIALS, 2)),
        generator.integers(0, 2, (TRIALS, len(inputs) or 3)),
        sources,
        session=TRIALS,
        **said,
    )
    found = found.assign_coords(onset=("trial", 1.0 + np.arange(TRIALS)))
    return found.assign_coords(input_name=("input", np.array(inputs))) if inputs else found


def together(*parts, minutes=10, clock=0.0):
    """Return what parts make that begin some minutes apart, on clocks that began before."""
    files = []
    for number in range(len(parts)):
        start = START + timedelta(minutes=minutes * number)
        before = timedelta(seconds=clock * number)
        files.append(SessionFile(Path(f"{number}.nwb"), "dish", start, start - before, False))
    each = dict(zip((file.path for file in files), parts, strict=True))
    (found,) = assembled(Experiment(tuple(files)), Reading(), lambda path, _: iter([each[path]]))
    return found


def test_all_times_are_on_the_clock_of_the_first_file(generator):
    first, second = part(generator, first_spike=3.0), part(generator, first_spike=0.25)
    found = together(first, second, clock=100.0)
    later = 600.0 - 100.0
    onsets = 1.0 + np.arange(TRIALS)
    np.testing.assert_allclose(found.onset, [*onsets, *(later + onsets)])
    assert found.attrs["first_spike"] == 3.0
    assert found.attrs["last_spike"] == later + 9.5


def test_numbers_add_up_and_each_session_has_its_own(generator):
    parts = [part(generator, **{INVALID_TRIALS: number}) for number in (2, 3)]
    found = together(*parts)
    assert found.attrs[INVALID_TRIALS] == 5
    assert found.attrs["spikes"] == 20
    assert "trials_per_session" not in found.attrs
    assert found.session.values.tolist() == [1] * TRIALS + [2] * TRIALS
    assert INVALID_TRIALS not in together(part(generator), part(generator)).attrs


@pytest.mark.parametrize("largest", [300.0, 70_000.0, 0.5])
def test_responses_stay_what_they_are(generator, largest):
    one = part(generator)
    one["responses"][1, 1] = largest
    found = together(one, part(generator))
    assert found["responses"].values[1, 1] == largest


def test_sessions_of_two_conditions_do_not_go_together(generator):
    found = together(part(generator, condition="a"), part(generator, condition="b"))
    assert isinstance(found, RecordingError)
    assert "conditions a, b" in str(found)


def test_sessions_that_overlap_do_not_go_together(generator):
    assert not isinstance(together(part(generator), part(generator), minutes=0.05), RecordingError)
    found = together(part(generator), part(generator), minutes=0.04)
    assert isinstance(found, RecordingError)
    assert "before" not in str(found)
    assert "sessions one after the other" in str(found)


@pytest.mark.parametrize("wide", [0, 3])
def test_sources_are_the_same_in_each_or_in_none(generator, wide):
    two = generator.integers(0, 2, (TRIALS, 2))
    other = generator.integers(0, 2, (TRIALS, wide)) if wide else None
    found = together(part(generator, sources=two), part(generator, sources=other))
    assert isinstance(found, RecordingError)
    assert "the same sources in each" in str(found)
    kept = together(part(generator, sources=two), part(generator, sources=1 - two))
    np.testing.assert_array_equal(kept["sources"], [*two, *(1 - two)])


def test_inputs_without_names_are_the_same_in_each(generator):
    found = together(part(generator, inputs=()), part(generator, inputs=("1", "2")))
    assert isinstance(found, RecordingError)
    assert "sessions of 2, 3 inputs" in str(found)


def test_sources_that_are_known_are_not_inferred(generator):
    known = part(generator, sources=generator.integers(0, 2, (TRIALS, 2)))
    assert with_inferred_sources(known) is known


def test_inputs_that_change_must_be_four(generator):
    source = generator.integers(0, 2, (500, 2))
    four = source[:, [1, 1, 0, 0]].astype(float)
    steady = np.ones((500, 1))
    found = inferred_sources(np.hstack([steady, four]), "here")
    assert found.group.tolist() == [0, 1, 1, 2, 2]
    np.testing.assert_array_equal(found.sources, source[:, ::-1])  # source 1 drives the first
    with pytest.raises(RecordingError, match="3 inputs that change"):
        inferred_sources(np.hstack([steady, four[:, :3]]), "here")
