"""Files are whole or not there, with the permissions of any other file."""

import hashlib
import os
import stat
import subprocess
import sys
import threading

import pytest

from canonica._files import complete_file, sha256
from canonica._leftovers import LeftoverWarning, Owner

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions as POSIX has them")


def permissions(path):
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_a_file_has_the_permissions_of_any_other(tmp_path):
    with complete_file(tmp_path / "ours.txt") as partial:
        partial.write_text("ours")
    (tmp_path / "theirs.txt").write_text("theirs")
    assert permissions(tmp_path / "ours.txt") == permissions(tmp_path / "theirs.txt")


@posix
def test_the_mask_of_the_process_is_never_touched(tmp_path, monkeypatch):
    """Another thread's files would be open to all for that moment."""

    def touched(mask):
        raise AssertionError(f"the mask was set to {mask:o}")

    monkeypatch.setattr(os, "umask", touched)
    with complete_file(tmp_path / "a.txt") as partial:
        partial.write_text("a")


def test_threads_that_write_one_file_do_not_meet(tmp_path):
    target, barrier = tmp_path / "same.txt", threading.Barrier(8)

    def write(number):
        barrier.wait()
        with complete_file(target) as partial:
            partial.write_text(str(number) * 1000)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text = target.read_text()
    assert len(text) == 1000
    assert len(set(text)) == 1
    assert list(tmp_path.iterdir()) == [target]


def test_what_fails_leaves_nothing_and_what_was_there_stays(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("before")

    def fail():
        with complete_file(target) as partial:
            partial.write_text("half")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_name_as_long_as_the_system_takes(tmp_path):
    target = tmp_path / ("ä" * 125 + ".txt")  # of 254 bytes
    with complete_file(target) as partial:
        partial.write_text("a")
    assert target.read_text() == "a"


@posix
def test_what_a_killed_call_had_begun_of_a_file_is_named_and_removed(tmp_path):
    """The number of a process that has ended, and this one's in an earlier life."""
    path = tmp_path / "out.csv"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    this = Owner.this()
    left = [this._replace(process=ended.pid).mark, this._replace(life="00000000").mark]
    others = [this.mark, this._replace(host="elsewhere").mark]
    for number, mark in enumerate(left + others):
        (tmp_path / f".out-{mark}-{number:08x}.csv").touch()
    (tmp_path / f".outer-{left[0]}-00000000.csv").touch()
    with pytest.warns(LeftoverWarning, match=rf"(?=.*{left[0]})(?=.*{left[1]})"):  # noqa: SIM117
        with complete_file(path) as partial:
            partial.write_text("whole")
    kept = {f".out-{mark}-{number:08x}.csv" for number, mark in enumerate(others, 2)}
    kept |= {f".outer-{left[0]}-00000000.csv", "out.csv"}
    assert {entry.name for entry in tmp_path.iterdir()} == kept


@pytest.mark.parametrize("size", [0, 10, 1 << 20, (5 << 19) + 3])
def test_the_hash_of_a_file_and_how_much_of_it_was_read(tmp_path, size):
    content = bytes(number % 251 for number in range(size))
    (tmp_path / "a").write_bytes(content)
    told = []
    assert sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()
    assert sha256(tmp_path / "a", lambda *one: told.append(one)) == sha256(tmp_path / "a")
    assert told == [(min(done, size), size) for done in range(1 << 20, size + (1 << 20), 1 << 20)]
