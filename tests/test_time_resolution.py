"""Times too coarse for the window are noticed from their values; fine ones are not."""

import jax.numpy as jnp
import numpy as np
import pytest

import canonica
from canonica.data._time_resolution import onset_resolution, spike_resolution
from recording_files import nwb, pair, world

LATE = 30_000.0  # seconds: a day's recording, where 32 bits hold 2 ms


def six_digits(times):
    return np.array([float(f"{time:.6g}") for time in times])


def binned(times):
    return np.floor(times / 0.005) * 0.005


def single(times):
    return times.astype(np.float32).astype(float)


def found(culture, change_spikes=None, change_onsets=None, **options):
    spikes = culture.spikes["time"].to_numpy()
    onsets = culture.stimuli["onset"].to_numpy()
    one = canonica.from_spikes(
        change_spikes(spikes) if change_spikes else spikes,
        culture.spikes["channel"].to_numpy(),
        onsets=change_onsets(onsets) if change_onsets else onsets,
        stimuli=culture.stimuli.filter(like="input").to_numpy(),
        sources=culture.stimuli.filter(like="source").to_numpy(),
        session=culture.stimuli["session"].to_numpy(),
        **options,
    )
    return canonica.validate(one)


@pytest.fixture
def late():
    culture = world()
    culture.spikes["time"] += LATE
    culture.stimuli["onset"] += LATE + 0.1234567
    culture.spikes["time"] += 0.1234567
    return culture


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (six_digits, "100 ms only (spike times, as if written with 6 digits)"),
        (single, "1.95 ms only (spike times, as numbers of 32 bits (float32) hold them)"),
        (binned, "5 ms only (spike times, as multiples of 5 ms)"),
        (lambda times: jnp.asarray(times, jnp.float32), "1.95 ms only (spike times, as numbers"),
    ],
)
def test_coarse_spike_times_are_not_usable_and_the_cause_is_named(late, change, words):
    of = {} if words.startswith(("5 ms", "100 ms")) else {"window": (0.01, 0.029)}
    validation = found(late, change, **of)
    assert not validation.usable
    assert words in validation.findings[0].what
    assert "window of" in validation.findings[0].meaning


@pytest.mark.parametrize("change", [single, six_digits, lambda times: jnp.asarray(times, "f4")])
def test_coarse_onsets_are_not_usable(late, change):
    onsets = late.stimuli["onset"].to_numpy()
    late.stimuli["onset"] = np.concatenate([12.345678 + np.arange(24), onsets[24:]])
    validation = found(late, None, change, window=(0.01, 0.029))
    assert not validation.usable
    assert "(onsets, as " in validation.findings[0].what


@pytest.mark.parametrize(
    "change",
    [
        lambda times: np.round(times * 30_000) / 30_000,
        lambda times: np.round(times, 3),
        lambda times: np.round(times * 24414.0625) / 24414.0625,
        lambda times: times,
    ],
)
def test_fine_times_are_usable_however_late(late, change):
    assert found(late, change, change).usable


def test_coarse_times_do_where_the_window_is_wide(late):
    assert "times are known" not in str(found(late, binned, window=(0.0, 0.05)).findings)
    assert "times are known" in str(found(late, binned, window=(0.0, 0.049)).findings)
    early = world()
    assert found(early, single, single).usable
    assert found(early, six_digits).usable  # 720 s: a millisecond


def test_onsets_on_whole_seconds_are_no_sign_of_anything():
    assert onset_resolution(np.arange(5.0, 3000.0)) is None
    assert onset_resolution(np.arange(0.5, 3000.0)) is None
    assert onset_resolution(LATE + np.arange(100.0)) is None
    assert onset_resolution(np.zeros(0)) is None
    assert spike_resolution(np.zeros(0)) is None
    few = 5000 + np.arange(10) * 0.01
    assert spike_resolution(few) is None


def test_files_with_coarse_times_are_noticed_too(tmp_path, late):
    late.spikes["time"] = six_digits(late.spikes["time"])
    for path in (pair(tmp_path, late), nwb(tmp_path, late)):
        (one,) = canonica.read(path)
        assert one.attrs["time_resolution"] == pytest.approx(0.1)
        assert not canonica.validate(one).usable
