"""One recording in several formats is known as one, and another recording is not."""

import pytest

import canonica
from canonica.pipelines import convert, validate
from canonica.recordings import Reading, recording
from canonica.recordings.inspection._identity import RecordingIdentity, RecordingsSeen
from recording_files import pair, world


def known(generator, **attributes):
    responses = generator.poisson(2, (12, 4))
    responses[:, 1] = 0
    return recording(
        responses, generator.integers(0, 2, (12, 3)), session=4, origin="here", **attributes
    )


@pytest.mark.parametrize("suffix", ["nwb", "parquet", "csv", "mat"])
def test_a_recording_keeps_its_identity_in_every_format(tmp_path, suffix):
    path = pair(tmp_path, world())
    (converted,) = convert(path, tmp_path / "new" / f"culture.{suffix}")
    given = {"trials_per_session": 24} if suffix in ("mat", "csv") else {}
    (before,), (after,) = canonica.read(path), canonica.read(converted.path, **given)
    seen = RecordingsSeen([RecordingIdentity.of(before)])
    told = seen.repeated(RecordingIdentity.of(after))
    assert told.startswith(f"the same responses as in {path}")
    assert told.endswith(", which it was converted from") == (suffix == "nwb")
    back = RecordingsSeen([RecordingIdentity.of(after)])
    told = back.repeated(RecordingIdentity.of(before))
    assert told.endswith(", which was converted from it") == (suffix == "nwb")


def test_order_of_electrodes_and_inputs_and_silent_ones_do_not_matter(generator):
    one = known(generator)
    other = one.isel(electrode=[3, 0, 2], input=[2, 0, 1])
    assert RecordingIdentity.of(one) == RecordingIdentity.of(other)


def test_anything_else_does(generator):
    one = known(generator)
    identity = RecordingIdentity.of(one).digest
    changed = one.copy(deep=True)
    changed["responses"][5, 2] += 1
    stimulated = one.copy(deep=True)
    stimulated["stimuli"][5, 2] = 1 - stimulated["stimuli"][5, 2]
    others = [
        changed,
        stimulated,
        one.isel(trial=slice(8)),
        one.isel(trial=slice(None, None, -1)),
        one.isel(electrode=[0, 1, 2]),
        one.isel(electrode=[0, 0, 1, 2, 3]),
    ]
    digests = [RecordingIdentity.of(other).digest for other in others]
    assert len({identity, *digests}) == len(others) + 1
    seen = RecordingsSeen([RecordingIdentity.of(one)])
    assert not any(seen.repeated(RecordingIdentity.of(other)) for other in others)
    assert len(seen.recordings) == len(others) + 1


def test_recordings_without_a_spike_are_no_copies_of_each_other(generator):
    silent = [known(generator) * 0 for _ in range(2)]
    seen = RecordingsSeen()
    assert not any(seen.repeated(RecordingIdentity.of(one)) for one in silent)


def test_a_version_with_other_responses_is_named(generator):
    one, other = known(generator), known(generator, converted_from="here")
    other.attrs["origin"] = "there"
    seen = RecordingsSeen([RecordingIdentity.of(one)])
    told = seen.changed(RecordingIdentity.of(other))
    assert told == "other responses or stimuli than in here, which it was converted from"
    assert RecordingsSeen([RecordingIdentity.of(other)]).changed(RecordingIdentity.of(one)) == (
        "other responses or stimuli than in there, which was converted from it"
    )
    unrelated = known(generator)
    unrelated.attrs["origin"] = "elsewhere"
    assert not seen.changed(RecordingIdentity.of(unrelated))
    assert not seen.changed(RecordingIdentity.of(one))


def test_validate_says_so(tmp_path):
    culture = world()
    culture.stimuli = culture.stimuli.filter(regex="onset|session|input")  # no sources: it is quick
    path = pair(tmp_path, culture)
    (converted,) = convert(path, tmp_path / "same.nwb")
    narrow = tmp_path / "narrow.nwb"
    convert(path, narrow, reading=Reading(stimuli=("input_1", "input_2")))
    first, same, part = validate([converted.path, path, narrow])
    assert not any("culture_spikes.csv" in str(one) for one in first.validation.findings)
    (told,) = [str(one) for one in same.validation.findings if "the same responses" in one.what]
    assert "same.nwb, which was converted from it: it is the same recording" in told
    assert same.validation.findings[0].what == "no sources"  # the worst first
    (told,) = [str(one) for one in part.validation.findings if "other responses" in one.what]
    assert "culture_spikes.csv, which it was converted from: if they are one" in told
