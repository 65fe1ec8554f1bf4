"""Which files a call means: paths, folders, patterns and several of them, each file once."""

import shutil
from functools import partial
from pathlib import Path

import pytest

import canonica
from canonica import CanonicaError, RecordingError, pipelines
from canonica.cli import main
from canonica.recordings import recording_files
from recording_files import pair, world


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with two recordings of its own, another in a folder, and hidden ones."""
    top = tmp_path_factory.mktemp("recordings")
    for place in ("a", "b", "deeper/c", ".hidden/d"):
        path = top / place
        path.parent.mkdir(parents=True, exist_ok=True)
        culture = world()
        culture.stimuli = culture.stimuli.filter(regex="onset|session|input")  # no sources
        written = pair(path.parent, culture)
        written.rename(path.with_name(f"{path.name}_spikes.csv"))
        stimuli = path.parent / "culture_stimuli.csv"
        stimuli.rename(path.with_name(f"{path.name}_stimuli.csv"))
    (top / "._a_spikes.csv").write_bytes(b"what macOS keeps beside a file")
    return top


MEANT = {
    "a folder": (lambda top: top, "ab"),
    "a folder in words": (str, "ab"),
    "a file": (lambda top: top / "b_spikes.csv", "b"),
    "a pattern": (lambda top: top / "*_spikes.csv", "ab"),
    "a pattern that fits stimuli, too": (lambda top: f"{top}/*", "abc"),
    "a letter of several": (lambda top: f"{top}/[bx]_spikes.csv", "b"),
    "one letter": (lambda top: f"{top}/?_spikes.csv", "ab"),
    "any folders": (lambda top: f"{top}/**/*_spikes.csv", "abc"),
    "a list": (lambda top: [top / "b_spikes.csv", str(top / "a_spikes.csv")], "ba"),
    "several, a file twice": (lambda top: (top / "a_spikes.csv", top), "ab"),
    "a generator": (lambda top: sorted(top.glob("b_*.csv")), "b"),
    "the user's home": (lambda _: "~", "ab"),
    "a pattern at home": (lambda _: Path("~/deeper/*_spikes.csv"), "c"),
    "a file by two ways": (lambda top: (top / "a_spikes.csv", top / "deeper/../a_spikes.csv"), "a"),
    "stimuli without their spikes": (
        lambda top: [top / "a_stimuli.csv", top / "b_spikes.csv"],
        "ab",
    ),
    "a folder of folders": (lambda top: [top / "deeper", "~/b_spikes.csv"], "cb"),
}


@pytest.mark.parametrize("meant", MEANT)
def test_what_is_meant(folder, monkeypatch, meant):
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))  # of Windows
    path, names = MEANT[meant]
    assert [file.name[0] for file in recording_files(path(folder))] == list(names)


def test_a_folder_without_recordings_stands_for_those_in_its_folders(folder, tmp_path):
    for place in ("deeper", ".hidden"):
        shutil.copytree(folder / place, tmp_path / place)
    assert [file.name for file in recording_files(tmp_path)] == ["c_spikes.csv"]


def test_all_are_read(folder):
    found = canonica.read([folder, folder / "deeper"])
    assert [one.attrs["name"] for one in found] == ["a", "b", "c"]
    verdicts = canonica.validate(canonica.read(folder / "*.csv"))
    assert [one.name for one in verdicts] == ["a", "b"]
    assert {one.findings[0].what for one in verdicts} == {"no sources"}


def test_the_commands_take_patterns_that_no_shell_has_expanded(folder, monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["canonica", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr()

    code, shown = call("validate", folder / "?_spikes.csv")
    assert code == 2
    assert all(f"{name}_spikes.csv" in shown.out for name in "ab")
    assert call("convert", folder / "*.csv", folder / "new" / "out.parquet")[0] == 0
    assert len(list((folder / "new").iterdir())) == 2


def test_a_file_is_meant_before_a_pattern(tmp_path):
    written = pair(tmp_path, world())
    (tmp_path / "culture_stimuli.csv").rename(tmp_path / "[ab]_stimuli.csv")
    odd = written.rename(tmp_path / "[ab]_spikes.csv")
    assert recording_files(odd) == [odd]


@pytest.mark.usefixtures("untyped")
@pytest.mark.parametrize("given", [None, 3, b"a.nwb", "", "a\0b", [], ["a.nwb", None]])
def test_what_is_no_path_is_refused(given):
    with pytest.raises(CanonicaError, match=r"^paths?: found .*; expected a (file|text)"):
        canonica.read(given)


def test_where_nothing_is(tmp_path):
    with pytest.raises(RecordingError, match="nothing that this pattern fits"):
        canonica.read(tmp_path / "*.nwb")
    with pytest.raises(RecordingError, match="no recording in this folder"):
        canonica.read(tmp_path)
    with pytest.raises(RecordingError, match="nothing readable"):
        canonica.read("~nobody-is-called-so/a.nwb")
    with pytest.raises(CanonicaError, match="path: .* with a name of 5000 bytes"):
        canonica.read("a" * 5000)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("wrong", [3, "", None, [], [3], ["a\0b"]])
def test_what_is_no_path_is_refused_by_the_name_of_the_parameter(wrong):
    for function, name in (
        (canonica.read, "path"),
        (recording_files, "paths"),
        (pipelines.validate, "paths"),
        (partial(pipelines.analyze, out="never"), "paths"),
        (partial(pipelines.forecast, out="never"), "paths"),
    ):
        with pytest.raises(CanonicaError, match=f"^{name}: found"):
            function(wrong)
