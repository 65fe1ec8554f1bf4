"""Output that nobody reads, or that has nowhere to go, changes neither results nor exit code."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="streams of other systems")


def ended(folder, *arguments, closed):
    """Return the exit code of a command with a stream that is closed, and what it complained."""
    reading, writing = os.pipe()
    os.close(reading)
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    if closed == "pipe":
        streams["stdout"] = writing
    shut = {"stdout": ">&-", "both": ">&- 2>&-"}.get(closed, "")
    found = subprocess.run(
        ["sh", "-c", f'exec "$@" {shut}', "sh", sys.executable, "-m", "canonica", *arguments],  # noqa: S607
        cwd=folder,
        check=False,
        **streams,
    )
    os.close(writing)
    return found.returncode, found.stderr.decode()


@pytest.mark.parametrize(
    ("words", "closed"),
    [
        ("--version", "pipe"),
        ("--version", "stdout"),
        ("--version", "both"),
        ("--help", "pipe"),
        ("simulate culture --help", "pipe"),
    ],
)
def test_what_is_printed_may_go_nowhere(tmp_path, words, closed):
    code, complaint = ended(tmp_path, *words.split(), closed=closed)
    assert code == 0
    assert complaint == ""


@pytest.mark.parametrize(
    "closed",
    [
        pytest.param("pipe", marks=pytest.mark.thorough),
        pytest.param("stdout", marks=pytest.mark.thorough),
        pytest.param("both", marks=pytest.mark.slow),
    ],
)
def test_results_are_complete_and_the_exit_code_is_theirs(tmp_path, closed, cultures):
    from canonica.recordings import write_matlab

    write_matlab(tmp_path / "c.mat", cultures)
    read = ["c.mat", "--trials-per-session", "64"]
    assert ended(tmp_path, "validate", *read, closed=closed)[0] == 0
    assert ended(tmp_path, "validate", "nowhere.mat", closed=closed)[0] == 2
    code, complaint = ended(tmp_path, "analyze", *read, "--out", "found", closed=closed)
    assert code == 0
    assert "error" not in complaint
    assert ended(tmp_path, "analyze", *read, "--out", "whole", closed="nothing")[0] == 0
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert sorted(path.name for path in (tmp_path / "found").iterdir()) == names
    for name in names:
        if name != "summary.json":  # which says when
            found, whole = ((tmp_path / out / name).read_bytes() for out in ("found", "whole"))
            assert found == whole, name
