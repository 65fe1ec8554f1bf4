"""A folder of results is whole, whenever the process that fills it is killed."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from canonica import CanonicaError
from canonica.pipelines import LeftoverWarning, check_results_folder
from canonica.pipelines.results._results_files import write_netcdf
from canonica.pipelines.results._results_folder import SUMMARY, results_folder

NAMES = {"old": ("a.nc", "b.nc"), "new": ("a.nc", "c.nc", "d.nc"), "last": ("c.nc", "e.nc")}
KILLED = """
import os, signal, sys
from pathlib import Path
from canonica.pipelines.results import _replacement
sys.path.insert(0, sys.argv[3])
from test_results_folder import fill

moves, last = [], int(sys.argv[2])

def counted(real):
    def moved(self, target):
        if len(moves) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        moves.append(target)
        return real(self, target)
    return moved

Path.rename, Path.replace = counted(Path.rename), counted(Path.replace)
if last < 0:  # while it is being filled
    from canonica.pipelines.results._results_folder import results_folder
    with results_folder(Path(sys.argv[1]), overwrite=True) as folder:
        (folder / "a.nc").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)
fill(Path(sys.argv[1]), "new")
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")


def fill(out, content, *, overwrite=True):
    """Write results of some content, as a pipeline does."""
    with results_folder(out, overwrite=overwrite) as folder:
        for name in NAMES[content]:
            (folder / name).write_text(content)
        summary = {"files": NAMES[content], "canonica_version": "1", "content": content}
        (folder / SUMMARY).write_text(json.dumps(summary))


def held(out):
    """Return what is in a folder, hidden or not."""
    return {path.name: path.read_text() if path.is_file() else "" for path in out.iterdir()}


def expected(content):
    names = dict.fromkeys(NAMES[content], content)
    return {**names, "notes.txt": "mine"}


def without_summary(found):
    return {name: text for name, text in found.items() if name != SUMMARY}


def killed(out, after):
    """Run a call that is killed after so many moves; return whether it was."""
    fill(out, "old")
    (out / "notes.txt").write_text("mine")
    command = [sys.executable, "-c", KILLED, str(out), str(after), str(__file__).rpartition("/")[0]]
    return subprocess.run(command, capture_output=True, check=False).returncode == -9


@pytest.mark.slow
@pytest.mark.parametrize("after", range(9))
def test_killed_between_any_two_moves_the_next_call_finishes_and_says_so(after, tmp_path):
    """Moves: the journal into place, three files aside, four files in; then there are no more."""
    out = tmp_path / "r"
    assert killed(out, after) == (after < 8)
    if "new" in held(out).get(SUMMARY, ""):  # it comes last: where it is, everything else is
        assert expected("new").items() <= held(out).items()
    if after == 0:  # before the journal: what is there is what was there
        assert expected("old").items() <= held(out).items()
        with pytest.warns(LeftoverWarning, match="removed it"):
            fill(out, "new")
    elif after < 8:
        refused = pytest.raises(CanonicaError, match="--overwrite")
        with refused, pytest.warns(LeftoverWarning, match="4 files; they are in place now"):
            fill(out, "last", overwrite=False)
    assert without_summary(held(out)) == expected("new")
    assert json.loads((out / SUMMARY).read_text())["content"] == "new"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fill(out, "last")
    assert without_summary(held(out)) == expected("last")


def test_killed_while_it_was_filled_leaves_what_there_was(tmp_path):
    assert killed(tmp_path, -1)
    hidden = [name for name in held(tmp_path) if name.startswith(".canonica-new")]
    assert len(hidden) == 1
    with pytest.warns(LeftoverWarning, match=hidden[0].replace(".", r"\.")):
        fill(tmp_path, "new")
    assert without_summary(held(tmp_path)) == expected("new")


def test_what_a_call_that_is_running_has_is_left_alone(tmp_path):
    with results_folder(tmp_path, overwrite=True) as folder:
        (folder / "a.nc").write_text("first")
        fill(tmp_path, "new")
        assert (folder / "a.nc").exists()
        (folder / "a.nc").unlink()
        (folder / "z.nc").write_text("first")
    assert without_summary(held(tmp_path)) == {"z.nc": "first"}


def test_the_hidden_folder_of_another_machine_is_named_and_stays(tmp_path):
    other = tmp_path / ".canonica-new-elsewhere.99999999.00000000-00000000"
    other.mkdir()
    with pytest.warns(LeftoverWarning, match="another machine"):
        fill(tmp_path, "new")
    assert other.exists()


def test_a_disk_that_fails_for_good_loses_nothing(tmp_path, monkeypatch):
    """Neither the moves nor their undoing end: the journal stays for when the disk is back."""
    fill(tmp_path, "old")
    real, moved = Path.rename, []

    def failing(self, target):
        if len(moved) == 4:
            raise OSError(5, "Input/output error")
        moved.append(target)
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", failing)
        with pytest.raises(OSError, match="Input/output"):
            fill(tmp_path, "new")
    journal = tmp_path / ".canonica-journal.json"
    with pytest.raises(CanonicaError, match="another call"):  # for all it knows
        fill(tmp_path, "last")
    os.utime(journal, (0, 0))
    refused = pytest.raises(CanonicaError, match="--overwrite")
    with refused, pytest.warns(LeftoverWarning, match="in place now"):
        fill(tmp_path, "last", overwrite=False)
    found = without_summary(held(tmp_path))
    assert found == dict.fromkeys(NAMES["new"], "new")


def test_a_journal_that_leads_elsewhere_is_refused(tmp_path):
    fill(tmp_path, "old")
    (tmp_path.parent / "precious").write_text("mine")
    journal = tmp_path / ".canonica-journal.json"
    for text in (
        "{",
        "[]",
        json.dumps({"filled": "x", "aside": "y", "earlier": ["../precious"], "new": []}),
    ):
        journal.write_text(text)
        with pytest.raises(CanonicaError, match="cannot be read"):
            fill(tmp_path, "new")
        assert (tmp_path.parent / "precious").read_text() == "mine"
        assert (tmp_path / "a.nc").read_text() == "old"


def test_a_netcdf_file_does_not_depend_on_the_order_of_coordinates(tmp_path):
    coordinates = {"b": [1, 2], "a": [1, 2, 3], "name": ("a", ["x", "y", "z"]), "one": 1}
    paths = [tmp_path / "forward.nc", tmp_path / "backward.nc"]
    for path, names in zip(paths, (list(coordinates), list(coordinates)[::-1]), strict=True):
        data = xr.Dataset({"x": (("b", "a"), np.ones((2, 3)))}, attrs={"of": "two orders"})
        for name in names:
            data = data.assign_coords({name: coordinates[name]})
        write_netcdf(data, path)
        assert xr.load_dataset(path, engine="h5netcdf").equals(data)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("out", [3, "", "x" * 300, "\0", None, ["a"]])
def test_what_is_no_folder_is_refused_by_name(out):
    with pytest.raises(CanonicaError, match="^out: found"):
        check_results_folder(out, overwrite=False)


def test_a_folder_is_looked_at_before_anything_is_loaded(tmp_path):
    look = (
        "import sys; from pathlib import Path; from canonica.pipelines import check_results_folder;"
        "check_results_folder(Path(sys.argv[1]), overwrite=False);"
        "print(sorted({'jax', 'numpy', 'xarray'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
