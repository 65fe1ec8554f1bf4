"""Memory that is free goes back to the system."""

import platform
import sys

import numpy as np
import pytest

from canonica import _memory


def resident():
    """Return the memory of this process that is in RAM, in bytes."""
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * 4096


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_what_was_freed_below_what_is_kept_is_handed_back():
    small = [np.ones(12_000) for _ in range(2_000)]
    kept = small[-1]
    del small
    before = resident()
    _memory.hand_back()
    assert before - resident() > 100e6
    assert kept.sum() == 12_000


def test_where_the_c_library_cannot_be_asked_nothing_happens(monkeypatch):
    monkeypatch.setattr(_memory.ctypes, "CDLL", lambda _: object())
    _memory.hand_back()
    monkeypatch.setattr(_memory.ctypes, "CDLL", None)
    monkeypatch.setattr(sys, "platform", "darwin")
    _memory.hand_back()
