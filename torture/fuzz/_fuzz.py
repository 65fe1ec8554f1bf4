"""Damage a file, read it, and say what came of it; again and again."""

import random
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np

import canonica
from canonica.recordings.isolation import _isolated
from torture._outcome import Effort, Outcome
from torture._sound_files import every_format
from torture.fuzz._bytes import OF_BYTES
from torture.fuzz._hdf5 import OF_HDF5
from torture.fuzz._tables import OF_TABLES

SLOWEST = 150.0  # seconds that any damaged file may take: reading is ended after 120
SOON = 10.0  # in a short try: one hang would take longer than all the rest
Damage = Callable[[Path, random.Random], None]
NUMBERS = ("responses", "stimuli", "sources")


def fuzz(effort: Effort) -> Iterator[Outcome]:
    """Damage files of every format for so many minutes; yield what came of each."""
    draw = random.Random(effort.seed)  # noqa: S311
    until = time.monotonic() + 60 * effort.minutes
    patience = SOON if effort.short else _isolated.SECONDS
    with TemporaryDirectory() as place, patch.object(_isolated, "SECONDS", patience):
        formats = every_format(Path(place), effort.seed)
        number = 0
        while time.monotonic() < until:
            kind = draw.choice(list(formats))
            victim = draw.choice([path for path in formats[kind] if path.is_file()])
            damage = draw.choice(_damages(kind, victim))
            copy = Path(place) / str(number)
            shutil.copytree(Path(place) / kind, copy)
            name = damage.__name__.strip("_").replace("_", " ")
            case = f"{kind}: {name}, {victim.name}, seed {effort.seed}, number {number}"
            try:
                damage(copy / victim.relative_to(Path(place) / kind), draw)
            except Exception as error:  # noqa: BLE001  (some damage cannot be done to some files)
                yield Outcome(case, "not damaged", repr(error))
            else:
                yield _read(copy / formats[kind][0].name, case)
            shutil.rmtree(copy)
            number += 1


def _damages(kind: str, victim: Path) -> list[Damage]:
    """Return all that can be done to a file; half of it to what is inside, where that is known."""
    if victim.suffix in (".csv", ".parquet"):
        return [*OF_BYTES, *OF_TABLES]
    return [*OF_BYTES, *OF_HDF5] if victim.suffix == ".nwb" or kind == "matlab 7.3" else OF_BYTES


def _read(path: Path, case: str) -> Outcome:
    begin = time.monotonic()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            recordings = canonica.read(path)
    except canonica.CanonicaError as error:
        outcome = _refused(case, str(error))
    except Exception as error:  # noqa: BLE001
        return Outcome(case, "raw error", repr(error)[:2000])
    else:
        if not recordings:
            return Outcome(case, "silent omission", "no recording, and no error")
        numbers = [one[name].to_numpy() for one in recordings for name in NUMBERS if name in one]
        silent = not all(np.isfinite(values).all() for values in numbers)
        outcome = Outcome(case, "silent NaN" if silent else "read")
    if time.monotonic() - begin > SLOWEST:
        return Outcome(case, "hang", f"{time.monotonic() - begin:.0f} s")
    return outcome


def _refused(case: str, message: str) -> Outcome:
    """Judge an error of ours: it says what was found and what was expected."""
    if "Traceback" in message or not ("found" in message and "expected" in message):
        return Outcome(case, "raw error", message[:2000])
    return Outcome(case, "refused")
