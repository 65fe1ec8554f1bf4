"""A look before the work, in Python; each trouble's own row is in test_hostile_input.py."""

import json
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import canonica
from canonica import CanonicaError
from canonica.cli import main
from canonica.recordings import inspect, recording, write_matlab
from canonica.recordings.inspection._inspection import _values_of
from canonica.recordings.inspection._source_information import source_information
from recording_files import ELECTRODES, SESSIONS, TRIALS, matlab, pair, world


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
    assert found.facts["electrodes per ensemble"] == [6, 6]
    assert found.facts["mean response"] == pytest.approx(world().responses.mean())


def test_what_the_protocol_refuses_is_not_usable(generator):
    one = recorded(responses=generator.poisson(0.2, (SESSIONS * TRIALS, ELECTRODES)).astype(float))
    found = canonica.validate(one)
    assert found.verdict == "not usable"
    assert "no electrode in ensemble" in str(found.findings[0])
    with pytest.raises(canonica.RecordingError):
        canonica.reverse_engineer(one)


@pytest.mark.parametrize(
    ("largest", "bits"), [(127, "7 bits"), (255, "8 bits"), (32_767, "15 bits"), (65_535, "16")]
)
def test_counts_cut_at_what_their_type_holds_are_noticed(largest, bits):
    responses = world().responses * (largest // 6) + 1.0
    assert responses.max() > largest
    assert not warned(recorded(responses=responses))
    found = canonica.validate(recorded(responses=np.minimum(responses, largest)))
    assert f"responses of just {largest} spikes" in found.findings[0].what
    assert bits in found.findings[0].meaning


def test_counts_cut_in_matlab_are_noticed(tmp_path):
    culture = world()
    culture.responses = np.minimum(culture.responses * 40 + 1, 127).astype(np.int8)
    (one,) = canonica.read(matlab(tmp_path, culture), trials_per_session=TRIALS)
    assert "responses of just 127 spikes" in warned(one)[0]


@pytest.mark.parametrize("factor", [50.0, 0.5, 1 / 0.3, 2, 12.5])
def test_rates_and_means_are_noticed(factor):
    (what,) = warned(recorded(responses=world().responses * factor))
    assert what == f"all responses are multiples of {factor:g}, as rates and means are"


def test_responses_that_are_no_multiples_are_noticed(generator):
    counts = world().responses
    smoothed = counts + generator.random(counts.shape) * (counts > 0)
    (what,) = warned(recorded(responses=smoothed))
    assert what.endswith("% of responses are no whole numbers")
    assert not warned(recorded(responses=np.minimum(counts, 2) * 7.0 + (counts > 2)))
    with pytest.raises(canonica.RecordingError, match="Scores and changes .* give the counts"):
        recorded(responses=(counts - counts.mean()) / counts.std())
    with pytest.raises(canonica.RecordingError, match="Mark missing electrodes"):
        recorded(responses=counts - 1.0)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("factor", [1.0, 0.1])
def test_copies_are_told_from_columns_with_the_same_sum(generator, order, factor):
    counts = generator.poisson(3.0, (SESSIONS * TRIALS, ELECTRODES)) * factor
    counts[:, 4] = counts[::-1, 1]
    counts[:, [3, 7]] = counts[:, [1, 1]]
    counts[:, 8] = counts[:, 5]
    found = warned(recorded(responses=np.array(counts, order=order)))
    assert "electrodes 2, 4, 8; 6, 9 record exactly the same" in found


def test_constant_columns_are_no_copies():
    responses = world().responses.astype(float)
    responses[:, [0, 3]] = 2.0
    assert not [what for what in warned(recorded(responses=responses)) if "the same" in what]


@given(
    arrays(
        np.float64,
        st.integers(1, 30),
        elements=st.one_of(
            st.integers(-3, 9).map(float),
            st.sampled_from([0.5, 65_535.0, 65_536.0, 1e300, np.inf, np.nan]),
        ),
    )
)
def test_values_that_occur_are_found_as_by_sorting(column):
    np.testing.assert_array_equal(_values_of(column), np.unique(column))


def test_stimuli_that_differ_are_counted(generator):
    stimuli = generator.integers(0, 2, (SESSIONS * TRIALS, 5)).astype(float)
    different = len({tuple(row) for row in stimuli.tolist()})
    notes = [one.what for one in inspect(recorded(stimuli=stimuli)) if one.severity == "note"]
    assert f"{different} different stimuli in {SESSIONS * TRIALS} trials" in notes


@pytest.mark.parametrize(("electrodes", "few"), [(10, None), (9, "2 (4)"), (6, "1, 2 (3, 3)")])
def test_small_ensembles_are_noticed(electrodes, few):
    one = recorded(responses=world().responses[:, :electrodes].astype(float))
    found = canonica.validate(one)
    assert found.usable
    wanted = [] if few is None else [f"fewer than 5 electrodes in ensemble {few}"]
    assert [finding.what for finding in found.warnings] == wanted


def information(sources, inputs):
    """Return the mutual information of each input with the joint sources in bits, by a loop."""
    found = []
    for column in inputs.T:
        pairs = list(zip(map(tuple, sources), column, strict=True))
        n, bits = len(pairs), 0.0
        for state, value in set(pairs):
            joint = pairs.count((state, value)) / n
            alone = sum(s == state for s, _ in pairs) / n * sum(v == value for _, v in pairs) / n
            bits += joint * np.log2(joint / alone)
        found.append(bits)
    return np.array(found)


def test_what_sources_tell_is_said_in_bits(generator):
    culture = world()
    sources = culture.stimuli.filter(like="source").to_numpy()
    inputs = culture.stimuli.filter(like="input").to_numpy()
    found = canonica.validate(recorded())
    chance = 3 / (2 * len(sources) * np.log(2))  # three degrees of freedom
    bits = found.facts["bits of each input in the sources"]
    assert bits == pytest.approx(information(sources, inputs).mean() - chance, rel=1e-9)
    assert 0.1 < bits < 1
    shuffled = recorded(sources=generator.permutation(sources).astype(float))
    assert "sources tell no more of the stimuli than chance" in warned(shuffled)[0]


def test_sources_coded_otherwise_tell_as_much():
    one = recorded()
    other = one.assign(sources=one["sources"] + 1)
    wanted, found = source_information(one), source_information(other)
    assert found == wanted._replace(bits=pytest.approx(wanted.bits, rel=1e-12))
    assert found.is_any


def test_few_trials_are_not_said_to_tell_much_and_nothing(generator):
    sources = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    stimuli = np.stack([sources.any(axis=1), sources.all(axis=1), [0, 1, 1, 0]], axis=1)
    found = canonica.recordings.recording(
        generator.poisson(3, (4, 4)), stimuli.astype(float), sources, session=2
    )
    (what,) = [one.what for one in canonica.validate(found).findings if "chance" in one.what]
    assert what.startswith("sources tell no more of the stimuli than chance makes of 4 trials (0.")


def test_repeated_sessions_do_not_make_chance_into_information(generator):
    """A hundred sessions of one list are no hundred lists."""
    quiet = 0
    for _ in range(20):
        sources = np.tile(generator.integers(0, 2, (TRIALS, 2)), (SESSIONS, 1))
        stimuli = np.tile(generator.integers(0, 2, (TRIALS, 3)), (SESSIONS, 1))
        one = recorded(sources=sources, stimuli=stimuli)
        quiet += any(f"than chance makes of {TRIALS} trials" in what for what in warned(one))
    assert quiet >= 18


def test_sessions_of_one_trial_are_noticed(tmp_path):
    path = pair(tmp_path, world())
    (one,) = canonica.read(path, session_gap=0.5)
    found = canonica.validate(one)
    assert not found.usable
    assert f"{SESSIONS * TRIALS} of {SESSIONS * TRIALS} sessions have one trial only" in str(
        found.findings[0]
    )
    session = world().stimuli["session"].to_numpy().copy()
    session[-1] += 1
    assert any(
        f"1 of {SESSIONS + 1} sessions has" in what for what in warned(recorded(session=session))
    )


def test_inputs_that_never_come_together_are_noticed(generator):
    stimuli = np.eye(5)[generator.integers(0, 5, SESSIONS * TRIALS)]
    assert "every trial has just one of 5 inputs on" in warned(recorded(stimuli=stimuli))


def test_all_recordings_of_a_file_are_validated_at_once(tmp_path):
    path = pair(tmp_path, world())
    (found,) = canonica.validate(canonica.read(path))
    assert found.verdict == "usable"
    assert canonica.validate([]) == []
    for wrong in ([1], None, recorded()["responses"]):
        with pytest.raises(CanonicaError, match="expected a recording, or a list"):
            canonica.validate(wrong)


@pytest.mark.parametrize(("quiet", "noticed"), [(2, False), (12, True)])
def test_silence_is_noticed_where_chance_does_not_make_it(quiet, noticed):
    responses = world().responses.astype(float)
    responses[50 : 50 + quiet] = 0
    assert bool(warned(recorded(responses=responses))) == noticed


def test_silence_that_is_common_is_no_interruption(generator):
    """Where half of the trials are without a spike, eight of them in a row say nothing."""
    responses = generator.poisson(0.12, (SESSIONS * TRIALS, ELECTRODES)).astype(float)
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
    assert "6, 6" in capsys.readouterr().out
    found = json.loads(report.read_text())
    assert found["recordings"][0]["electrodes per ensemble"] == [6, 6]
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


def test_a_look_takes_no_copy_of_the_responses(generator):
    culture = recording(
        generator.poisson(2.0, (4000, 200)).astype(float),
        np.tile(np.eye(2), (2000, 1)),
        np.tile(np.eye(2), (2000, 1)),
        session=np.repeat(np.arange(1, 5), 1000),
    )
    canonica.validate(culture)  # loads what it needs
    tracemalloc.start()
    try:
        canonica.validate(culture)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < culture.responses.nbytes / 4


@pytest.mark.slow
def test_the_command_loads_neither_jax_nor_what_draws(tmp_path, cultures):
    path = tmp_path / "c.mat"
    write_matlab(path, cultures[:1])
    script = (
        "import sys\n"
        "from canonica.cli import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as stopped:\n"
        "    print(stopped.code, sorted({'jax', 'matplotlib', 'scipy.stats'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", script, "validate", str(path), "--trials-per-session", "64"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].split(" ", 1)[1] == "[]"
