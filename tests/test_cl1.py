"""Recordings of a CL1, written by the simulator of cl-sdk and compared with its view of them."""

import sys

import h5py
import numpy as np
import pytest

import canonica
from canonica import RecordingError
from canonica.recordings import Reading, is_recording

RATE, SECONDS, PERIOD = 25_000, 2, 0.1  # frames a second; stimuli come every PERIOD seconds
WIRED = ((8, 9), (20,), (9, 20, 33))  # channels that are stimulated together


@pytest.fixture(scope="module")
def cl(tmp_path_factory):
    """Return the package cl, which wants to know while it is imported what it is to replay."""
    nothing = tmp_path_factory.mktemp("cl") / "nothing.h5"
    nothing.touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CL_MOCK_REPLAY_PATH", str(nothing))
        patch.setenv("CL_MOCK_ACCELERATED_TIME", "1")
        import cl

        yield cl


class Clock:
    """What a recording of cl asks of the device, for one that is written without a device."""

    def __init__(self, start):
        self.now = self._read_timestamp = start
        self._recordings = []

    def timestamp(self):
        return self.now

    def get_frames_per_second(self):
        return RATE


def written(cl, folder, *, start=1000, spikes=(), stims=(), **settings):
    """Write (frame, channel) of spikes and stimuli by the recorder of cl; return the file."""
    from cl.recording import Recording

    clock = Clock(start)
    waveform = np.zeros(75, np.float32)
    made = Recording(
        _neurons=clock,
        _channel_count=64,
        _sampling_frequency=RATE,
        _frames_per_second=RATE,
        _uV_per_sample_unit=0.195,
        _recording_spikes=[
            cl.Spike(start + frame, channel, 0.0, waveform) for frame, channel in spikes
        ],
        _recording_stims=[cl.Stim(start + frame, channel) for frame, channel in stims],
        _recording_samples=[np.zeros((SECONDS * RATE, 64), np.int16)],
        _data_streams={},
        file_location=str(folder),
        **settings,
    )
    clock.now = clock._read_timestamp = start + SECONDS * RATE
    made.stop()
    return made.file["path"]


@pytest.fixture(scope="module")
def simulated(cl, tmp_path_factory):
    """Return a recording of the simulator, in which stimuli were delivered."""
    folder = tmp_path_factory.mktemp("simulated")
    rng = np.random.default_rng(0)
    frames = np.sort(rng.integers(0, SECONDS * RATE, 2000)).tolist()
    spikes = list(zip(frames, rng.integers(1, 63, 2000).tolist(), strict=True))
    cl._CL_MOCK_REPLAY_PATH = written(cl, folder, spikes=spikes)
    with cl.open() as neurons:
        made = neurons.record(file_location=str(folder), include_raw_samples=False)
        ticks = neurons.loop(ticks_per_second=1 / PERIOD, stop_after_seconds=SECONDS - 1)
        for trial, _ in enumerate(ticks):
            neurons.stim(cl.ChannelSet(*WIRED[trial % 3]), 1.0)
        made.stop()
    return made


def counted(spikes, frame):
    """Return the spikes of each channel 10 to 30 ms after a frame, counted one by one."""
    counts = [0] * 64
    for at, channel in spikes:
        counts[channel] += frame + RATE // 100 <= at < frame + 3 * RATE // 100
    return counts


def test_spikes_and_stimuli_are_those_that_the_view_shows(simulated):
    (found,) = canonica.read(simulated.file["path"], session_gap=np.inf)
    view = simulated.open()
    assert found.attrs["spikes"] == len(view.spikes) > 500
    onsets = sorted({int(row["timestamp"]) for row in view.stims})
    np.testing.assert_array_equal(found.onset, np.array(onsets) / RATE)
    on = [{int(row["channel"]) for row in view.stims if row["timestamp"] == at} for at in onsets]
    assert on == [set(WIRED[trial % 3]) for trial in range(len(onsets))]
    assert found.input_name.values.tolist() == ["8", "9", "20", "33"]
    wanted = [[int(name) in one for name in found.input_name.values] for one in on]
    assert (found.stimuli.values == wanted).all()
    assert found.electrode_name.values.tolist() == [str(channel) for channel in range(64)]
    spikes = [(int(row["timestamp"]), int(row["channel"])) for row in view.spikes]
    assert found.responses.values.tolist() == [counted(spikes, at) for at in onsets]
    assert found.responses.sum() > 0
    assert "a recording of a CL1" in found.reading
    view.close()


def on_the_clock_of_the_device(path, start):
    """Have both tables count from where the device did, as other versions may write them."""
    with h5py.File(path, "r+") as file:
        for table in ("spikes", "stims"):
            rows = file[table][:]
            rows["timestamp"] += start
            file[table][:] = rows


@pytest.mark.parametrize("start", [1000, 10**12])
def test_its_edges_are_whole_frames_on_either_clock(cl, tmp_path, start):
    stims = [(5000, 7), (30_000, 7)]
    edges = [RATE * after // 1000 + by for after in (10, 30) for by in (-1, 0)]
    spikes = [(frame + edge, 3) for frame, _ in stims for edge in edges]
    spikes.append((SECONDS * RATE - 1, 3))  # the last frame: only there it shows which clock it is
    path = written(cl, tmp_path, start=start, spikes=spikes, stims=stims)
    (found,) = canonica.read(path, session_gap=np.inf)
    assert found.responses.values[:, 3].tolist() == [2, 2]  # at 10 ms, and before 30 ms
    assert found.onset.values.tolist() == [0.2, 1.2]
    on_the_clock_of_the_device(path, start)
    (same,) = canonica.read(path, session_gap=np.inf)
    assert (same.responses == found.responses).all()
    assert same.onset.equals(found.onset)


def test_what_was_not_recorded_is_named(cl, tmp_path):
    once = {"spikes": [(100, 1)], "stims": [(50, 2)]}
    for name in ("spikes", "stims"):
        path = written(cl, tmp_path, **once, file_suffix=name, **{f"include_{name}": False})
        with pytest.raises(RecordingError, match=f"CL1 without {name}.*include_{name}=True"):
            canonica.read(path)
    stimuli = tmp_path / "protocol.csv"
    stimuli.write_text("onset,input_1,input_2\n0.0,1,0\n1.0,0,1\n")
    reading = {"stimulus_file": stimuli, "session_gap": np.inf}
    (found,) = canonica.read(path, **reading)
    assert found.stimuli.values.tolist() == [[1, 0], [0, 1]]
    assert "of protocol.csv" in found.reading


def test_a_damaged_one_is_one_error(cl, tmp_path):
    path = written(cl, tmp_path, spikes=[(100, 1)], stims=[(50, 2)])
    assert is_recording(tmp_path / path)
    with h5py.File(path, "r+") as file:
        del file.attrs["start_timestamp"]
    with pytest.raises(RecordingError, match="a CL1 that is cut short or damaged.*KeyError"):
        canonica.read(path)


def test_it_is_read_without_cl(cl, tmp_path, monkeypatch):
    from canonica.recordings.cl1._read import read

    path = written(cl, tmp_path, spikes=[(100, 1), (900, 1)], stims=[(50, 1), (700, 0)])
    for name in [name for name in sys.modules if name.split(".")[0] in ("cl", "tables")]:
        monkeypatch.setitem(sys.modules, name, None)
    (found,) = read(tmp_path / path, Reading(session_gap=np.inf))
    assert found.stimuli.values.tolist() == [[0, 1], [1, 0]]  # channels, if they are 0 and 1
