"""What a command has left in its folder: results, whole or not, and what is hidden."""

import hashlib
import re
from pathlib import Path

import xarray as xr

# What two runs may differ in: the time of writing, and the identity that NWB gives to every object.
DECLARED = re.compile(
    rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(\+\d\d:?\d\d|Z)?"
    rb"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    rb"|Created on: \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}"
)
LOG = ".log"  # tells of all calls that it took, each with its time
SUMMARY = "summary.json"  # the last that is put in place: where it is, everything else is

Results = dict[str, str]  # of each file that is shown, by its name, the hash


def results(folder: Path) -> Results:
    """Return the files that are shown, each with the hash of all but what is declared.

    Where a command analyses a recording that it has written itself, its results name the hash of
    that file, which changes with the time of writing; so that hash is left out too.
    """
    shown = [one for one in _files(folder, hidden=False) if one.suffix != LOG]
    own = [hashlib.sha256(one.read_bytes()).hexdigest() for one in shown if one.suffix == ".nwb"]
    return {str(path.relative_to(folder)): _hash(path, own) for path in shown}


def hidden(folder: Path) -> list[str]:
    """Return the files, and empty folders, that are hidden or inside of what is hidden."""
    return [str(path.relative_to(folder)) for path in _files(folder, hidden=True)]


def state(folder: Path) -> str:
    """Return a hash of all that is in a folder, shown or not."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def half(found: Results, *complete: Results) -> str | None:
    """Return what is wrong with results that may be those of one run, or what it replaces.

    A command that is killed while it puts them in place may leave some of them, each whole; but not
    their summary without the others.
    """
    broken = [
        name for name, one in found.items() if one not in [whole.get(name) for whole in complete]
    ]
    if broken:
        return f"not whole: {', '.join(broken)}"
    for name in found:
        summarised = [whole for whole in complete if whole.get(name) == found[name]]
        if Path(name).name == SUMMARY and found not in summarised:
            return f"{name} is there, without all that it lists"
    return None


def _files(folder: Path, *, hidden: bool) -> list[Path]:
    """Return files, and empty folders where they are hidden, in order."""
    found = []
    for path in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if is_hidden == hidden and (path.is_file() or (hidden and not any(path.iterdir()))):
            found.append(path)
    return found


def _hash(path: Path, own: list[str]) -> str:
    content = DECLARED.sub(b"declared", path.read_bytes())
    for recording in own:
        if path.suffix == ".nc" and recording.encode() in content:  # it has checksums of its own
            dataset = xr.load_dataset(path, engine="h5netcdf").assign_attrs(input_sha256="its own")
            content = bytes(dataset.to_netcdf(engine="h5netcdf"))
        content = content.replace(recording.encode(), b"its own")
    return hashlib.sha256(content).hexdigest()
