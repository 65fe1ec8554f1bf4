"""Small files that claim to hold much: refused soon, and before they are held in memory."""

import multiprocessing
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from scipy.io import savemat

from torture._command import run
from torture._outcome import Effort, Outcome

SECONDS = 20.0  # that a small file may take, whatever it claims
MEMORY = 1 << 30  # bytes that canonica may have while it reads one, all that it loads included
TRIALS = 3_000_000


def bombs(effort: Effort) -> Iterator[Outcome]:
    """Yield what came of each bomb, with the memory that it took."""
    del effort  # there are no more of them
    with TemporaryDirectory() as folder:
        matlab, parquet = Path(folder) / "bomb.mat", Path(folder) / "bomb.parquet"
        _elsewhere(_write_matlab, matlab)
        yield _tried("MATLAB 5", matlab)
        _elsewhere(_write_parquet, parquet)
        yield _tried("Parquet", parquet)


def _elsewhere(write: Callable[[Path], None], path: Path) -> None:
    """Write a file in another process: what this one had at most would count for its children."""
    process = multiprocessing.get_context("spawn").Process(target=write, args=(path,))
    process.start()
    process.join()


def _tried(name: str, path: Path) -> Outcome:
    end = run(["validate", path], limit=SECONDS)
    case = f"bomb of {name}, {path.stat().st_size / 1000:.0f} kB"
    seen = f"{end.peak / 1e6:.0f} MB in {end.seconds:.1f} s"
    if end.trouble:
        return Outcome(case, end.trouble, end.last_words)
    if end.peak > MEMORY:
        return Outcome(case, "memory", seen)
    if end.code not in (1, 2) or "error:" not in end.text:
        return Outcome(case, "wrong exit code", end.last_words)
    return Outcome(case, "refused", seen)


def _write_matlab(path: Path) -> None:
    """Write recordings of nothing but zeros, as compressed as they can be."""
    nothing = np.zeros((100_000, 1_000), np.uint8)
    cells = np.empty((1, 1), object)
    cells[0, 0] = {"r": nothing, "o": nothing[:, :32], "s": nothing[:, :2]}
    savemat(path, {"data_bomb": cells}, do_compression=True)
    content = path.read_bytes()
    header, element = content[: 128 + 4], zlib.decompress(content[128 + 8 :])
    again = zlib.compress(element, 9)
    path.write_bytes(header + len(again).to_bytes(4, "little") + again)


def _write_parquet(path: Path) -> None:
    """Write a table of one value repeated, which takes no room in the file."""
    columns = {f"electrode_{i}": np.zeros(TRIALS) for i in range(40)}
    columns |= {f"input_{i}": np.zeros(TRIALS) for i in range(4)}
    pd.DataFrame({"trial": np.zeros(TRIALS, int), **columns}).to_parquet(path)
