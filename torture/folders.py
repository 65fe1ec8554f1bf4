"""A folder with a damaged recording in it: it is named, and the others go on."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from canonica.recordings import write
from torture._command import run
from torture._outcome import Effort, Outcome
from torture._sound_files import culture

FEW = ("unsigned.nwb", "zeroed.mat", "\x1b[31mred.nwb")  # for a short try
# By command: the exit code where one recording of two cannot be read.
COMMANDS = {"validate": 2, "analyze": 1}


def folders(effort: Effort) -> Iterator[Outcome]:
    """Yield what came of each damaged file beside a sound one."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        damaged = _damaged(folder, effort.seed)
        commands = ["validate"] if effort.short else list(COMMANDS)
        for name in FEW if effort.short else damaged:
            (folder / name).write_bytes(damaged[name])
            for command in commands:
                yield _tried(command, folder, name)
            (folder / name).unlink()


def _damaged(folder: Path, seed: int) -> dict[str, bytes]:
    """Write a sound recording, and return the contents of damaged ones by their names."""
    trains = culture(seed)
    write(folder / "sound.nwb", trains)
    write(folder / "whole.mat", trains.recording())
    nwb, mat = (folder / "sound.nwb").read_bytes(), (folder / "whole.mat").read_bytes()
    (folder / "whole.mat").unlink()
    return {
        "empty.nwb": b"",
        "unsigned.nwb": bytes(8) + nwb[8:],
        "cut.nwb": nwb[: len(nwb) // 2],
        "garbage.mat": b"\x8f" * 5000,
        "zeroed.mat": mat[:-2000] + bytes(2000),
        "empty.parquet": b"",
        "garbage.parquet": b"PAR1" + b"\x8f" * 500,
        "empty.csv": b"",
        "\x1b[31mred.nwb": b"nothing",
        "=1+1.nwb": b"nothing",
    }


def _tried(command: str, folder: Path, name: str) -> Outcome:
    with TemporaryDirectory() as out:
        more = ["--out", out] if command == "analyze" else []
        end = run([command, folder, *more])
        used = "sound" in end.text or any(Path(out).glob("*.nc"))
    case = f"{command} of a folder with {name!r}"
    printed = end.text.replace("\n", "")
    if end.trouble:
        return Outcome(case, end.trouble, end.last_words)
    if name.removeprefix("\x1b[31m") not in printed or not used:
        return Outcome(case, "silent omission", end.last_words)
    if "\x1b[31mred" in printed:
        return Outcome(case, "raw error", "what is in a name commands the terminal")
    if end.code != COMMANDS[command]:
        return Outcome(case, "wrong exit code", end.last_words)
    return Outcome(case, "named")
