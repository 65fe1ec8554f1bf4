"""Files are read in a process of its own: whatever it meets there, this one goes on."""

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import canonica
from canonica import RecordingError
from canonica.cli import main
from canonica.pipelines._reading_ensembles import read_ensembles
from canonica.recordings import Reading, is_recording, recording_files, write
from canonica.recordings._read import read_ahead
from canonica.recordings.isolation import _file_progress, _isolated
from canonica.recordings.isolation._file_progress import progress_told_to, tell_progress
from canonica.recordings.isolation._isolated import (
    _POOL,
    OFF,
    Limits,
    Request,
    ask_ahead,
    begin_reading,
    forget_ahead,
    isolated,
)
from canonica.reverse_engineering import PublishedProtocol
from recording_files import matlab, pair, world


def process(_path):
    """Yield which process reads, and whether it has loaded JAX."""
    yield os.getpid()
    yield "jax" in sys.modules


def crashes(path):
    yield path.name
    os.kill(os.getpid(), signal.SIGSEGV)


def hangs(path):
    while path.name:
        pass
    yield None


def allocates(path):
    yield len(np.ones(1 << 27))  # 1 GiB
    yield path.name


def refuses(path):
    yield np.arange(6.0).reshape(2, 3).T
    raise RecordingError(path.name, "x", found="a", expected="b", advice="C.")


def test_another_process_reads_and_is_kept_for_the_next_file(tmp_path):
    first, has_jax = list(isolated(process, tmp_path))
    assert first != os.getpid()
    assert not has_jax
    abandoned = isolated(process, tmp_path)
    assert next(abandoned) == first
    abandoned.close()
    assert next(isolated(process, tmp_path)) == first


def test_one_that_was_started_beforehand_reads(tmp_path, monkeypatch):
    _POOL.close()
    monkeypatch.setenv(OFF, "1")
    begin_reading()
    assert not _POOL._idle
    monkeypatch.delenv(OFF)
    begin_reading()
    begin_reading()
    (waiting,) = _POOL._idle
    assert next(isolated(process, tmp_path)) == waiting._process.pid
    begin_reading()
    assert _POOL._idle == [waiting]


def counts(path, by):
    """Yield how often a file was read, counted beside it, and by which process."""
    times = path.with_name("times")
    times.write_text(times.read_text() + "x" * by)
    yield len(times.read_text()), os.getpid()
    yield "end"


@pytest.fixture
def times(tmp_path):
    """Return the file that says how often the one beside it was read."""
    (tmp_path / "file").write_text("")
    (tmp_path / "times").write_text("")
    return tmp_path / "times"


def wait_for(times):
    """Wait until a file was read, or begun."""
    deadline = time.monotonic() + 60
    while not times.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def asked_ahead(*arguments):
    """Return a process that has begun to read what it was asked for ahead of time."""
    _POOL.close()
    begin_reading()
    (waiting,) = _POOL._idle
    ask_ahead(*arguments)
    return waiting._process


def test_a_file_that_was_asked_for_ahead_is_read_once(tmp_path, times):
    ours = asked_ahead(counts, tmp_path / "file", 1)
    ask_ahead(counts, tmp_path / "file", 1)
    ask_ahead(counts, tmp_path / "file", 3)  # it has something to do
    assert next(isolated(process, tmp_path)) != ours.pid  # another file
    assert list(isolated(counts, tmp_path / "file", 1)) == [(1, ours.pid), "end"]
    assert times.read_text() == "x"
    assert [one._ahead for one in _POOL._idle] == [None, None]
    assert next(isolated(counts, tmp_path / "file", 1))[0] == 2


def test_nothing_is_read_ahead_where_no_process_waits(tmp_path, times):
    _POOL.close()
    ask_ahead(counts, tmp_path / "file", 1)
    assert not _POOL._idle
    assert next(isolated(counts, tmp_path / "file", 1))[0] == 1
    assert times.read_text() == "x"


def test_a_file_asked_for_ahead_is_read_as_it_is_now_asked_for(tmp_path, times):
    ours = asked_ahead(counts, tmp_path / "file", 1)
    wait_for(times)
    read, reader = next(isolated(counts, tmp_path / "file", 2))
    assert read == 3
    assert reader != ours.pid


def test_one_that_ended_ahead_of_time_is_replaced(tmp_path, times):
    ours = asked_ahead(counts, tmp_path / "file", 1)
    wait_for(times)
    ours.kill()
    ours.wait(timeout=60)
    assert next(isolated(counts, tmp_path / "file", 1))[0] == 2


def test_what_others_set_for_themselves_does_not_matter_to_reading(tmp_path, monkeypatch):
    first = next(isolated(process, tmp_path))
    monkeypatch.setenv("TPU_SKIP_MDS_QUERY", "2")
    monkeypatch.setenv("JAX_ENABLE_X64", "1")
    assert next(isolated(process, tmp_path)) == first
    monkeypatch.setenv("HDF5_USE_FILE_LOCKING", "FALSE")
    assert next(isolated(process, tmp_path)) != first


@pytest.mark.parametrize(
    "command",
    [
        ["validate"],
        ["validate", "--infer-sources", "--window", "5", "40"],
        pytest.param(["analyze", "--initial-sessions", "1", "--out"], marks=pytest.mark.slow),
    ],
)
def test_the_file_of_a_command_is_asked_for_once_before_it_loads(tmp_path, monkeypatch, command):
    path = pair(tmp_path, world())
    out = [str(tmp_path / "out")] if command[-1] == "--out" else []
    sent, ahead = [], []
    send, ask_one = _isolated._Worker.send, _POOL.ask_one
    monkeypatch.setattr(_POOL, "ask_one", lambda one: (ahead.append(one.path), ask_one(one)))
    monkeypatch.setattr(
        _isolated._Worker, "send", lambda one, value: (sent.append(value), send(one, value))
    )
    _POOL.close()
    monkeypatch.setattr(sys, "argv", ["canonica", command[0], str(path), *command[1:], *out])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, 1)
    assert ahead == [path]
    assert [value[1] for value in sent if isinstance(value, tuple)] == [path]


def test_only_one_file_is_read_ahead(tmp_path):
    path = pair(tmp_path, world())
    _POOL.close()
    begin_reading()
    (waiting,) = _POOL._idle
    for paths in ([], [tmp_path], [path, path], [tmp_path / "none.mat"], ["\0"], ["x" * 5000]):
        read_ahead(paths, Reading())
        assert not waiting.reads_ahead
    read_ahead([str(path)], Reading())
    assert waiting.reads_ahead
    forget_ahead()
    assert not _POOL._idle
    assert waiting._process.poll() is not None


def test_a_file_that_changed_since_is_read_anew(tmp_path, times):
    ours = asked_ahead(counts, tmp_path / "file", 1)
    wait_for(times)
    os.utime(tmp_path / "file", ns=(1, 1))  # of the same size
    read, reader = next(isolated(counts, tmp_path / "file", 1))
    assert read == 2
    assert reader != ours.pid


def test_a_command_that_stops_before_it_reads_leaves_nothing_read(tmp_path, monkeypatch):
    path = pair(tmp_path, world())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    words = ["canonica", "analyze", str(path), "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", words)
    _POOL.close()
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert not any(one.reads_ahead for one in _POOL._idle)


def test_one_that_ended_before_its_first_file_is_replaced(tmp_path):
    _POOL.close()
    begin_reading()
    (waiting,) = _POOL._idle
    waiting._process.kill()
    assert next(isolated(process, tmp_path)) != waiting._process.pid


def test_one_that_crashes_is_an_error_and_the_next_file_is_read(tmp_path):
    found = isolated(crashes, tmp_path / "x.mat")
    assert next(found) == "x.mat"
    with pytest.raises(RecordingError, match=r"x.mat: found a file .*(signal|exit code) 11"):
        next(found)
    assert next(isolated(process, tmp_path)) != os.getpid()


def test_one_that_hangs_is_an_error_in_time(tmp_path):
    begin = time.monotonic()
    with pytest.raises(RecordingError, match="could not be read in 0.5 s"):
        list(isolated(hangs, tmp_path, limits=Limits(seconds=0.5)))
    assert time.monotonic() - begin < 30


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_one_that_takes_too_much_is_an_error(tmp_path):
    with pytest.raises(RecordingError, match="asks for more memory"):
        list(isolated(allocates, tmp_path, limits=Limits(memory=1 << 28)))
    assert next(isolated(allocates, tmp_path)) == 1 << 27


def test_errors_and_arrays_come_back_as_they_were(tmp_path):
    found = isolated(refuses, tmp_path / "x")
    array = next(found)
    np.testing.assert_array_equal(array, np.arange(6.0).reshape(2, 3).T)
    array[0, 0] = 7  # ours to change
    with pytest.raises(RecordingError) as caught:
        next(found)
    assert (caught.value.source, caught.value.variable, caught.value.advice) == ("x", "x", "C.")


def test_the_same_comes_of_it_as_in_this_process(tmp_path, monkeypatch):
    path = pair(tmp_path, world())
    (one,) = canonica.read(path)
    monkeypatch.chdir(tmp_path)
    (relative,) = canonica.read(path.name)
    monkeypatch.setenv(OFF, "1")
    (here,) = canonica.read(path)
    assert one.identical(here)
    assert relative.equals(here)


def test_threads_read_at_once(tmp_path):
    path = pair(tmp_path, world())
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(canonica.read, [path] * 6))
    assert all(one.identical(found[0][0]) for (one,) in found)


def test_a_process_that_is_gone_is_not_asked_again():
    request = Request(process, Path(), (), None, 1.0, 1)
    worker = _POOL.take(request)
    assert worker is not None
    worker.kill()
    _POOL.give_back(worker)
    again = _POOL.take(request)
    assert again is not None
    assert again is not worker
    _POOL.give_back(again)


@pytest.mark.parametrize("name", ["empty.nwb", "garbage.mat", "garbage.parquet"])
def test_damaged_files_of_a_folder_are_not_left_out(tmp_path, name):
    good = matlab(tmp_path, world())
    bad = tmp_path / name
    bad.write_bytes(b"" if name.startswith("empty") else bytes(range(256)))
    (tmp_path / "notes.txt").write_text("nothing of ours")
    assert recording_files(tmp_path) == sorted([good, bad])
    assert is_recording(bad)
    assert not is_recording(tmp_path / "notes.txt")
    with pytest.raises(RecordingError, match=name):
        canonica.read(bad)


def test_processes_end_when_all_is_read(tmp_path, cultures):
    write(tmp_path / "c.mat", cultures[0])
    settings = {"reading": Reading(trials_per_session=64), "jobs": 1}
    others = {"protocol": PublishedProtocol(), "baseline": None, "progress": None}
    begin_reading()
    found, failures = read_ensembles([tmp_path / "c.mat"], **settings, **others)
    assert (len(found), failures) == (1, [])
    assert not _POOL._idle


def tells(path, pause):
    for done in range(1, 31):
        time.sleep(pause)
        tell_progress("spikes", done, 30)
    yield path.name
    tell_progress("channels", 1, 1)


def test_how_much_has_been_read_is_told_where_it_takes_long(tmp_path, monkeypatch):
    told = []
    assert list(isolated(tells, tmp_path, 0.06, progress=told.append)) == [tmp_path.name]
    assert {(one.path, one.what, one.total) for one in told} == {(tmp_path, "spikes", 30)}
    done = [one.done for one in told]
    assert done == sorted(set(done))
    assert done[0] > 10  # nothing within the first second
    assert done[-1] == 30  # the last one is always told
    assert len(done) < 8  # now and then
    assert list(isolated(tells, tmp_path, 0.0, progress=told.append)) == [tmp_path.name]
    assert len(told) == len(done)
    assert list(isolated(tells, tmp_path, 0.06)) == [tmp_path.name]  # and nobody has to listen

    monkeypatch.setenv(OFF, "1")
    assert list(isolated(tells, tmp_path, 0.0, progress=told.append)) == [tmp_path.name]
    assert len(told) == len(done)
    for name in ("QUIET", "PAUSE"):
        monkeypatch.setattr(_file_progress, name, -1.0)
    assert list(isolated(tells, tmp_path, 0.0, progress=told.append)) == [tmp_path.name]
    here = told[len(done) :]
    assert [one.done for one in here if one.what == "spikes"] == [*range(1, 31)]
    assert here[-1] == (tmp_path, "channels", 1, 1)


def test_the_end_is_told_once_and_of_what_was_told(monkeypatch):
    now, heard = [0.0], []
    monkeypatch.setattr(_file_progress.time, "monotonic", lambda: now[0])
    tell = _file_progress.Paced(lambda *one: heard.append(one))
    for moment, *one in [
        (0.9, "bytes", 5, 9),
        (0.9, "bytes", 9, 9),
        (1.1, "spikes", 1, 9),
        (1.2, "spikes", 2, 9),
        (1.2, "channels", 9, 9),
        (1.2, "spikes", 9, 9),
        (1.2, "spikes", 9, 9),
        (1.45, "rows", 3, 9),
    ]:
        now[0] = moment
        tell(*one)
    assert heard == [("spikes", 1, 9), ("spikes", 9, 9), ("rows", 3, 9)]


def floods(path):
    """Tell more than a pipe holds, all of it at once, in the second second."""
    pause = _file_progress.PAUSE
    _file_progress.PAUSE = -1.0
    time.sleep(1.1)
    for done in range(5000):
        tell_progress("spikes", done, 5000)
    _file_progress.PAUSE = pause
    yield path.name


def tells_and_hangs(path):
    time.sleep(1.1)
    tell_progress("spikes", 1, 2)
    yield from hangs(path)


@pytest.mark.slow
def test_who_listens_may_take_longer_than_the_file(tmp_path):
    told = []

    def listen(progress):
        told.append(progress)
        if len(told) == 1:
            time.sleep(9.0)

    limits = Limits(seconds=3.0)
    assert list(isolated(floods, tmp_path, limits=limits, progress=listen)) == [tmp_path.name]
    assert len(told) == 5000


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="it cannot end itself there")
def test_one_that_hangs_after_a_word_of_progress_ends_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(_isolated, "GRACE", 60.0)
    began, told = time.monotonic(), []
    with pytest.raises(RecordingError, match="could not be read in 3 s"):
        list(isolated(tells_and_hangs, tmp_path, limits=Limits(seconds=3.0), progress=told.append))
    assert len(told) == 1
    assert time.monotonic() - began < 40


def test_an_error_of_who_listens_is_theirs(tmp_path):
    def fail(_):
        raise EOFError("of another process")

    began = time.monotonic()
    with pytest.raises(EOFError, match="of another process"):
        list(isolated(tells, tmp_path, 0.06, progress=fail))
    assert time.monotonic() - began < 60  # not when the file would be late


def test_who_listens_may_end_the_reading(tmp_path):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(isolated(tells, tmp_path, 0.06, progress=stop))
    assert list(isolated(tells, tmp_path, 0.0)) == [tmp_path.name]


def test_nobody_hears_what_is_read_later():
    outer, inner = [], []
    with progress_told_to(lambda *one: outer.append(one)):
        with progress_told_to(lambda *one: inner.append(one)):
            tell_progress("spikes", 1, 3)
        tell_progress("spikes", 2, 3)
    tell_progress("spikes", 3, 3)
    assert (inner, outer) == ([("spikes", 1, 3)], [("spikes", 2, 3)])
