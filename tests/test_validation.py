"""A look before the work, in Python; each trouble's own row is in test_hostile_input.py."""

import json
import sys

import numpy as np
import pytest

import canonica
from canonica import CanonicaError
from canonica.cli import main
from canonica.recordings import inspect, recording
from recording_files import SESSIONS, TRIALS, pair, world


def recorded(culture=None, **changes):
    culture = culture or world()
    parts = {
        "responses": culture.responses.astype(float),
        "stimuli": culture.stimuli.filter(like="input").to_numpy(float),
        "sources": culture.stimuli.filter(like="source").to_numpy(float),
        "session": culture.stimuli["session"].to_numpy(),
    } | changes
    return recording(**parts)


def warned(one):
    return [finding.what for finding in inspect(one) if finding.severity != "note"]


def test_a_sound_recording_has_its_facts_and_no_warning():
    found = canonica.validate(recorded())
    assert found.usable
    assert found.verdict == "usable"
    assert not found.warnings
    assert found.facts["sessions"] == SESSIONS
    assert found.facts["longest session"] == TRIALS
    assert found.facts["electrodes per ensemble"] == [3, 3]
    assert found.facts["mean response"] == pytest.approx(world().responses.mean())


def test_what_the_protocol_refuses_is_not_usable(generator):
    one = recorded(responses=generator.poisson(0.2, (SESSIONS * TRIALS, 6)).astype(float))
    found = canonica.validate(one)
    assert found.verdict == "not usable"
    assert "no electrode in ensemble" in str(found.findings[0])
    with pytest.raises(canonica.RecordingError):
        canonica.reverse_engineer(one)


def test_counts_cut_at_a_byte_are_noticed():
    responses = world().responses.astype(float) * 60
    assert not warned(recorded(responses=responses))
    assert "255 spikes" in warned(recorded(responses=np.minimum(responses, 255)))[0]


@pytest.mark.parametrize(("quiet", "noticed"), [(2, False), (12, True)])
def test_silence_is_noticed_where_chance_does_not_make_it(quiet, noticed):
    responses = world().responses.astype(float)
    responses[50 : 50 + quiet] = 0
    assert bool(warned(recorded(responses=responses))) == noticed


def test_silence_that_is_common_is_no_interruption(generator):
    """Where half of the trials are without a spike, eight of them in a row say nothing."""
    responses = generator.poisson(0.12, (SESSIONS * TRIALS, 6)).astype(float)
    responses[50:58] = 0
    assert not any("no electrode fires" in what for what in warned(recorded(responses=responses)))


def test_repeated_stimuli_are_noted():
    stimuli = np.tile(world().stimuli.filter(like="input").to_numpy(float)[:TRIALS], (SESSIONS, 1))
    notes = [finding.what for finding in inspect(recorded(stimuli=stimuli))]
    assert notes == [f"every session has the same {TRIALS} stimuli in the same order"]


def test_published_recordings_are_usable(published):
    for name in ("bic", "dzp_first4", "mix0"):
        one = canonica.read(published / f"response_data_{name}.mat")[0]
        found = canonica.validate(one)
        assert found.usable
        equal = ["always equal" in what for what in warned(one)]
        assert equal == ([True] if name == "mix0" else [])


def test_json_says_what_the_screen_says(tmp_path, capsys, monkeypatch):
    report = tmp_path / "found.json"
    path = pair(tmp_path, world())
    monkeypatch.setattr(sys, "argv", ["canonica", "validate", str(path), "--json", str(report)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    assert "3, 3" in capsys.readouterr().out
    found = json.loads(report.read_text())
    assert found["recordings"][0]["electrodes per ensemble"] == [3, 3]
    assert found["recordings"][0]["verdict"] == "usable"
    assert len(found["recordings"][0]["input_sha256"]) == 64


@pytest.mark.parametrize(
    "options",
    [
        {"window": (0.03, 0.01)},
        {"window": (0.0, np.inf)},
        {"trials_per_session": 0},
        {"session_gap": 0.0},
        {"session_gap": 3.0, "trials_per_session": 4},
    ],
)
def test_settings_out_of_range_are_refused(tmp_path, options):
    path = pair(tmp_path, world())
    with pytest.raises(CanonicaError, match="expected"):
        canonica.read(path, **options)
