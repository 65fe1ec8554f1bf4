"""What is shown of progress: bars on a terminal, lines in a file."""

import time
from pathlib import Path
from threading import Barrier, Thread

import pytest
from rich.console import Console
from rich.progress import Progress as Shown

from canonica import pipelines
from canonica.cli import _progress
from canonica.pipelines import Progress
from canonica.pipelines._progress import Stage
from canonica.pipelines._reading_ensembles import read_ensembles
from canonica.pipelines.conditions._study_recordings import study_recordings
from canonica.pipelines.conditions._study_table import study_rows
from canonica.recordings import FileProgress, Reading, write
from canonica.recordings.isolation import _file_progress
from canonica.recordings.isolation._file_progress import tell_progress
from canonica.recordings.isolation._isolated import OFF
from canonica.recordings.tables import _responses
from canonica.reverse_engineering import PublishedProtocol
from canonica.simulate import culture

FILES = [f"{letter}.nwb" for letter in "ab"]


def within(file, done):
    return Progress("Reading spikes of", done, 100, Path(file).name, within=Path(file))


@pytest.fixture
def bars():
    """Return bars that are not drawn, and what is in them."""
    shown = Shown(console=Console(quiet=True))
    return _progress._Bars(shown), lambda: [(one.description, one.completed) for one in shown.tasks]


def test_a_file_has_a_bar_while_it_is_read(bars):
    tell, there = bars
    tell(Progress("Reading recordings", 0, 3))
    tell(within("a.nwb", 10))
    tell(within("b.nwb", 20))
    tell(within("a.nwb", 30))
    reading = [("Reading spikes of a.nwb", 30), ("Reading spikes of b.nwb", 20)]
    assert there() == [("Reading recordings", 0), *reading]
    tell(within("a.nwb", 100))
    assert there() == [("Reading recordings", 0), reading[1]]
    tell(Progress("Reading recordings", 1, 3))  # b.nwb may have failed
    assert there() == [("Reading recordings", 1)]
    tell(within("b.nwb", 40))
    assert there() == [("Reading recordings", 1), ("Reading spikes of b.nwb", 40)]
    tell(within("more/b.nwb", 50))  # another file
    assert there()[1:] == [("Reading spikes of b.nwb", done) for done in (40, 50)]
    tell(Progress("Reading bytes of", 60, 100, "b.nwb", within=Path("b.nwb")))
    assert there()[1] == ("Reading bytes of b.nwb", 60)  # one bar for a file
    tell(Progress("Drawing", 0, 2))
    assert there() == [("Reading recordings", 1), ("Drawing", 0)]


def test_lines_come_now_and_then(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(_progress.time, "monotonic", lambda: now[0])
    tell = _progress._Lines()
    said = []
    for moment, told in [
        (0.0, Progress("Reading recordings", 0, 3)),
        (1.0, within("a.nwb", 10)),
        (1.1, within("b.nwb", 10)),  # not one for each, and each time
        (2.0, Progress("Reading recordings", 1, 3)),
        (6.0, Progress("Reading recordings", 2, 3)),
        (6.2, within("b.nwb", 50)),
        (6.3, Progress("Drawing", 0, 2)),
        (6.4, within("b.nwb", 60)),
    ]:
        now[0] = moment
        tell(told)
        said += [moment] if capsys.readouterr().err else []
    assert said == [0.0, 1.0, 6.0, 6.2, 6.3]


def test_files_tell_one_at_a_time():
    told, both = [], Barrier(2)
    busy = [False]

    def one_at_a_time(progress):
        assert not busy[0]
        busy[0] = True
        time.sleep(1e-5)  # as good a moment as any for another thread
        told.append(progress)
        busy[0] = False

    stage = Stage(one_at_a_time, "Reading recordings", 2)

    def read(name):
        both.wait()
        for done in range(200):
            stage.within_file(FileProgress(Path("folder") / name, "spikes", done, 200))

    readers = [Thread(target=read, args=[name]) for name in FILES]
    for one in readers:
        one.start()
    for one in readers:
        one.join()
    assert len(told) == 401
    assert str(told[-1]).startswith("Reading spikes of ")
    assert str(told[-1]).endswith(".nwb: 199 of 200")
    assert {one.item for one in told[1:]} == set(FILES)
    Stage(None, "Reading recordings", 2).within_file(FileProgress(Path("a"), "spikes", 1, 2))


def ensembles(path, progress):
    read_ensembles(
        [path],
        protocol=PublishedProtocol(),
        reading=Reading(),
        jobs=1,
        baseline=None,
        progress=progress,
    )


def studied(path, progress):
    rows = study_rows([{"file": str(path), "condition": "x"}])
    protocol, reading, jobs = PublishedProtocol(), Reading(), 1
    folder = path.with_name("kept")
    folder.mkdir()
    study_recordings(
        rows, protocol=protocol, reading=reading, jobs=jobs, progress=progress, folder=folder
    )


@pytest.mark.parametrize(
    "run",
    [
        lambda path, progress: pipelines.validate(path, progress=progress),
        lambda path, progress: pipelines.convert(path, path.with_suffix(".csv"), progress=progress),
        ensembles,
        studied,
    ],
    ids=["validate", "convert", "analyze", "study"],
)
def test_every_pipeline_tells_how_much_of_a_file_has_been_read(run, tmp_path, monkeypatch):
    monkeypatch.setenv(OFF, "1")
    for name in ("QUIET", "PAUSE"):
        monkeypatch.setattr(_file_progress, name, -1.0)  # nothing is too quick to be told
    path = tmp_path / "one.parquet"
    write(path, culture(0, sessions=12, trials_per_session=16))
    told = []
    monkeypatch.setattr("canonica.recordings.tables._responses.read", telling(_responses.read))
    run(path, told.append)
    assert Progress("Reading rows of", 1, 2, "one.parquet", within=path) in told
    assert [one.done for one in told if one.what == "Reading recordings"] == [0, 1]


def telling(read):
    def told(path, reading):
        tell_progress("rows", 1, 2)
        yield from read(path, reading)

    return told
