"""Signals end a command always, soon, with their exit code, and leave nothing half done."""

import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of other systems")
SOON = 4.0  # seconds, on a machine with much else to do; 1.9 by the clock of the process
STUBBORN = """
import hashlib, sys, time
from pathlib import Path
from canonica._files import complete_file, in_place
from canonica.cli._interruption import if_interrupted, interruptible

def swallows():
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            time.sleep(60)
        except BaseException:
            pass

def printing():
    in_place(Path("result"))
    time.sleep(60)

def computes():
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)

def finishes():
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass

def mistakes():
    try:
        time.sleep(60)
    except BaseException as error:
        raise KeyError("what a library makes of it") from error

class Dies:
    def __del__(self):
        time.sleep(60)

def dies():
    Dies()
    time.sleep(60)

def main():
    if_interrupted(lambda: "interrupted; half is kept.")
    with complete_file(Path("result")) as partial:
        partial.write_text("half")
        Path("ready").touch()
        globals()[sys.argv[1]]()
    sys.exit(0)

interruptible(main)
"""


# Undoes what shells do to commands in the background, of which this test may be one.
HEEDS_INTERRUPTS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
"""
CANONICA = "import runpy; runpy.run_module('canonica', run_name='__main__', alter_sys=True)"


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


def started(code, *arguments, folder):
    return subprocess.Popen(
        [sys.executable, "-c", HEEDS_INTERRUPTS + code, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def when(ready, process):
    """Wait until something is so, or the process has ended."""
    while not ready() and process.poll() is None:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()


def ended(process, *numbers):
    """Send signals; return the exit code, what was said, and whether it was soon."""
    begin = time.monotonic()
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.1)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors, time.monotonic() - begin < SOON


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("swallows", signal.SIGINT),
        ("computes", signal.SIGTERM),
        ("finishes", signal.SIGINT),
        ("computes", getattr(signal, "SIGHUP", None)),
        ("dies", signal.SIGINT),
        ("mistakes", signal.SIGINT),
        ("mistakes", signal.SIGTERM),
    ],
)
def test_no_matter_what_the_main_thread_does(how, number, tmp_path):
    process = started(STUBBORN, how, folder=tmp_path)
    when((tmp_path / "ready").exists, process)
    code, errors, soon = ended(process, number)
    assert code == 128 + number
    assert soon
    done = how == "finishes"
    words = "when all was done; it is complete" if done else "half is kept"
    assert errors == f"error: interrupted{' ' if done else '; '}{words}.\n"
    assert entries(tmp_path) == (["ready", "result"] if done else ["ready"])


def test_results_that_are_in_place_are_named(tmp_path):
    process = started(STUBBORN, "printing", folder=tmp_path)
    when((tmp_path / "ready").exists, process)
    code, errors, _ = ended(process, signal.SIGTERM)
    assert code == 128 + signal.SIGTERM
    assert errors == "error: interrupted; results are complete: result.\n"


def test_a_second_signal_does_not_wait(tmp_path):
    process = started(STUBBORN, "computes", folder=tmp_path)
    when((tmp_path / "ready").exists, process)
    begin = time.monotonic()
    assert ended(process, signal.SIGINT, signal.SIGTERM)[0] in (130, 143)
    assert time.monotonic() - begin < 1.1  # the first alone would have waited longer


WHILE_LOADING = """
import os, sys
def signalled(event, arguments):
    if event == "import" and arguments[0] == "typer":
        os.kill(os.getpid(), int(sys.argv.pop()))
sys.addaudithook(signalled)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_while_it_is_still_loading(number, tmp_path):
    process = started(WHILE_LOADING + CANONICA, "demo", str(int(number)), folder=tmp_path)
    _, errors = process.communicate(timeout=60)
    assert errors == "error: interrupted; nothing was written.\n"
    assert process.returncode == 128 + number


# A compiled module of JAX's calls Python to make its enumerations, and cannot have that raise.
WHILE_LOADING_COMPILED = """
import enum, os, sys, time
from importlib.machinery import ExtensionFileLoader
from canonica.cli._interruption import interruptible

make = enum.EnumMeta.__call__

def signalled(*arguments, **options):
    frame, loads = sys._getframe(), False
    while frame is not None:
        loads = loads or frame.f_code is ExtensionFileLoader.exec_module.__code__
        frame = frame.f_back
    if loads:
        enum.EnumMeta.__call__ = make
        open("reached", "w").close()
        os.kill(os.getpid(), int(sys.argv[1]))
    return make(*arguments, **options)

def main():
    import numpy, ml_dtypes
    enum.EnumMeta.__call__ = signalled
    import jaxlib.xla_client
    time.sleep(60)

interruptible(main)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_a_compiled_module_is_loading(number, tmp_path):
    process = started(WHILE_LOADING_COMPILED, str(int(number)), folder=tmp_path)
    _, errors = process.communicate(timeout=60)
    assert errors == "error: interrupted; nothing was written.\n"
    assert entries(tmp_path) == ["reached"]
    assert process.returncode == 128 + number


WHILE_LOADING_PYTHON = """
import os, sys, time
from canonica.cli._interruption import interruptible

def main():
    sys.path.insert(0, os.getcwd())
    import swallows
    time.sleep(60)

interruptible(main)
"""
SWALLOWS = """
import os, sys
try:
    open("reached", "w").close()
    os.kill(os.getpid(), int(sys.argv[1]))
except BaseException as error:
    raise KeyError("an error of its own") from error
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_a_module_that_takes_it_for_its_own_error_is_loading(number, tmp_path):
    (tmp_path / "swallows.py").write_text(SWALLOWS)
    process = started(WHILE_LOADING_PYTHON, str(int(number)), folder=tmp_path)
    _, errors = process.communicate(timeout=60)
    assert errors == "error: interrupted; nothing was written.\n"
    assert (tmp_path / "reached").exists()
    assert process.returncode == 128 + number


MAZE = ["maze", "--mazes", "2", "--trials", "100000", "--max-steps", "60",
        "--height", "7", "--width", "9", "--window", "5", "--out", "r"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_maze_is_interrupted_and_kept(number, tmp_path):
    process = started(CANONICA, *MAZE, folder=tmp_path)
    store = tmp_path / "r" / ".canonica-unfinished"
    when((store / "settings.json").exists, process)
    time.sleep(2)
    code, errors, soon = ended(process, number)
    assert code == 128 + number, errors
    assert soon
    assert "Traceback" not in errors
    assert "interrupted" in errors
    kept = (tmp_path / "r").exists()
    assert kept == ("go on with --resume" in errors)
    if kept:
        assert entries(tmp_path / "r") == [".canonica-unfinished"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "moment", [2.0, 4.0, *(pytest.param(t, marks=pytest.mark.thorough) for t in (6.0, 9.0, 14.0))]
)
def test_a_forecast_is_interrupted_at_any_moment(number, moment, tmp_path, cultures):
    from canonica.recordings import write_matlab

    write_matlab(tmp_path / "c.mat", cultures)
    options = ["--trials-per-session", "64", "--out", "r"]
    process = started(CANONICA, "forecast", "c.mat", *options, folder=tmp_path)
    time.sleep(moment)
    if process.poll() is not None:
        pytest.skip("it had ended by itself")
    code, errors, soon = ended(process, number)
    assert code == 128 + number, errors
    assert soon
    assert "Traceback" not in errors
    assert entries(tmp_path) == ["c.mat"]
