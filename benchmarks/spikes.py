"""Spikes into responses, this package against `pynapple` and `elephant`; and a large NWB file.

    python benchmarks/spikes.py [--quick] [--out FILE]

Measured:

1. 10 million spikes of 1,024 electrodes and 25,600 stimuli into the responses: spikes of every
   electrode from 10 to 30 ms after every stimulus. Once with spikes spread evenly over the
   recording, once with 9 of 10 within 40 ms of a stimulus. Times are those of a recorder of 20 kHz;
   stimuli come 1 s apart, in sessions of 256 that are 100 s apart, half a sample off, so that no
   spike is at the edge of a window, where the packages do not agree on what belongs to it. Medians
   of runs in turn after one that is not counted, from arrays in memory to all responses in memory.
   All responses must be equal.

   - canonica: `SpikeTrains.recording()`, checks and labels included, and the counting alone.
   - pynapple: a `TsGroup` of the spikes, and its `count` in an `IntervalSet` of the windows; and
     `count` alone, with the group made before.
   - elephant, bins: neo `SpikeTrain`s, a `BinnedSpikeTrain` with bins of 20 ms over the whole
     recording, and the bins of the windows taken from it. This needs stimuli that are a whole
     number of windows apart, as here.
   - memory for responses, nothing counted: zeros of their size, which every way has to make.
   - elephant, slices: neo's `SpikeTrain.time_slice` at every stimulus, which needs nothing. Of some
     electrodes only, once, and the time multiplied to that of all.

   The floor is reading all spike times and writing all responses (float64) at the bandwidth of
   copying memory, measured in the same run.
2. An NWB file of 1,024 units and 2 GB of spike times (float64, not compressed), read by
   `canonica.read` in a process of its own: its time, the largest resident size of it or of the
   process that reads files for it, and the ratio to the time of reading the bytes of the file
   alone. The file was written just before: all of it is in the system's cache, as far as that has
   room.

`--quick`: a hundredth of the spikes; for a look, not for figures to report. `--out` writes all
numbers as JSON.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import neo  # pyright: ignore[reportMissingImports]
import numpy as np
import pynapple as nap  # pyright: ignore[reportMissingImports]
import quantities as pq  # pyright: ignore[reportMissingImports]
from elephant.conversion import BinnedSpikeTrain  # pyright: ignore[reportMissingImports]
from history import remember
from rich import box
from rich.console import Console
from rich.table import Table

from canonica.data._response_windows import EVOKED, ResponseWindows
from canonica.data._spike_trains import SpikeTrains

RATE = 20_000  # samples a second
TRIALS_PER_SESSION = 256
PERIOD, PAUSE = 1.0, 100.0  # seconds between stimuli, and between sessions
NEAR = 0.040  # seconds after a stimulus in which evoked spikes come
EVOKED_SHARES = {"evenly spread": 0.0, "mostly evoked": 0.9}
REPEATS = 7
BYTES = 8  # of a number
BLOCK = 2**24  # bytes
OURS, OURS_ALONE = "canonica", "canonica, counting alone"
PYNAPPLE, PYNAPPLE_ALONE = "pynapple", "pynapple, count alone"
MEMORY = "memory for responses, nothing counted"
BINS, SLICES = "elephant, bins", "elephant, slices"


@dataclass(frozen=True)
class Size:
    """Numbers of spikes, electrodes and trials that are measured."""

    spikes: int
    electrodes: int
    trials: int
    sliced: int  # electrodes that are sliced
    nwb_spikes: int


FULL = Size(10_000_000, 1024, 25_600, 1, 250_000_000)
QUICK = Size(100_000, 64, 2560, 1, 2_500_000)


class Case(NamedTuple):
    """The spikes of every electrode, one after the other, and the onsets of stimuli."""

    times: np.ndarray
    bounds: np.ndarray
    onsets: np.ndarray

    @property
    def trains(self) -> list[np.ndarray]:
        """The spike times of each electrode."""
        return np.split(self.times, self.bounds[1:-1])

    @property
    def end(self) -> float:
        """When the recording ends."""
        return float(self.onsets[-1] + PERIOD)


def onsets_of(trials: int) -> np.ndarray:
    """Return onsets on a grid of windows, half a sample off the recorder's clock."""
    steps = np.full(trials, PERIOD)
    steps[::TRIALS_PER_SESSION] = PAUSE
    return np.cumsum(steps) + 0.5 / RATE


def spike_times(
    random: np.random.Generator, number: int, onsets: np.ndarray, evoked: float
) -> np.ndarray:
    """Return the spikes of one electrode, some of them `evoked`, in rising order."""
    times = random.uniform(0, onsets[-1] + PERIOD, number)
    near = int(evoked * number)
    times[:near] = random.choice(onsets, near) + random.uniform(0, NEAR, near)
    times.sort()
    return np.floor(times * RATE) / RATE


def case(size: Size, evoked: float) -> Case:
    random = np.random.default_rng(0)
    onsets = onsets_of(size.trials)
    share = random.dirichlet(np.full(size.electrodes, 5.0))
    numbers = random.multinomial(size.spikes, share)
    trains = [spike_times(random, number, onsets, evoked) for number in numbers]
    return Case(np.concatenate(trains), np.append(0, np.cumsum(numbers)), onsets)


# 1. The ways from spikes to responses.


def ours(one: Case) -> Callable[[], np.ndarray]:
    trials = len(one.onsets)
    stimuli = np.random.default_rng(0).integers(0, 2, (trials, 32), dtype=np.uint8)
    session = np.arange(trials) // TRIALS_PER_SESSION + 1

    def responses() -> np.ndarray:
        trains = SpikeTrains(one.times, one.bounds, one.onsets, stimuli, None, session)
        return trains.recording()["responses"].to_numpy()

    return responses


def ours_alone(one: Case) -> Callable[[], np.ndarray]:
    def responses() -> np.ndarray:
        windows = ResponseWindows(one.onsets, *EVOKED)
        counts = np.zeros((len(one.bounds) - 1, len(one.onsets)))
        for row, times in zip(counts, one.trains, strict=True):
            windows.count_into(row, times)
        return counts.T

    return responses


def memory_alone(one: Case) -> Callable[[], np.ndarray]:
    """Return what asks for memory for all responses and sets them to 0: part of every way."""
    return lambda: np.zeros((len(one.bounds) - 1, len(one.onsets))).__iadd__(0.0)


def pynapple_group(one: Case) -> Any:
    whole = nap.IntervalSet(0, one.end)
    trains = {number: nap.Ts(times, time_support=whole) for number, times in enumerate(one.trains)}
    return nap.TsGroup(trains, time_support=whole, bypass_check=True)


def pynapple_counts(group: Any, onsets: np.ndarray) -> np.ndarray:
    windows = nap.IntervalSet(onsets + EVOKED[0], onsets + EVOKED[1])
    return group.count(ep=windows).to_numpy()


def pynapple(one: Case) -> Callable[[], np.ndarray]:
    return lambda: pynapple_counts(pynapple_group(one), one.onsets)


def pynapple_alone(one: Case) -> Callable[[], np.ndarray]:
    group = pynapple_group(one)
    return lambda: pynapple_counts(group, one.onsets)


def neo_train(times: np.ndarray, end: float) -> neo.SpikeTrain:
    return neo.SpikeTrain(times, units=pq.s, t_stop=end)


def elephant_bins(one: Case) -> Callable[[], np.ndarray]:
    width = round(EVOKED[1] - EVOKED[0], 9)
    first = one.onsets[0] + EVOKED[0]
    columns = np.rint((one.onsets - one.onsets[0]) / width).astype(int)
    bins = int(columns[-1]) + 1

    def responses() -> np.ndarray:
        trains = [neo_train(times, one.end) for times in one.trains]
        binned = BinnedSpikeTrain(
            trains,
            bin_size=width * pq.s,
            t_start=first * pq.s,
            t_stop=(first + bins * width) * pq.s,
            n_bins=bins,
            sparse_format="csc",
        )
        return binned.sparse_matrix[:, columns].toarray().T

    return responses


def elephant_slices(one: Case, electrodes: int) -> Callable[[], np.ndarray]:
    windows = [(begin * pq.s, end * pq.s) for begin, end in zip(*limits(one.onsets), strict=True)]

    def responses() -> np.ndarray:
        trains = [neo_train(times, one.end) for times in one.trains[:electrodes]]
        return np.array(
            [[len(train.time_slice(*window)) for train in trains] for window in windows]
        )

    return responses


def limits(onsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return onsets + EVOKED[0], onsets + EVOKED[1]


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = function()
    return time.perf_counter() - start, found


def measured(one: Case, size: Size, repeats: int) -> dict[str, float]:
    """Return the median seconds of every way, having checked that all find the same."""
    ways = {
        OURS: ours(one),
        OURS_ALONE: ours_alone(one),
        PYNAPPLE: pynapple(one),
        PYNAPPLE_ALONE: pynapple_alone(one),
        BINS: elephant_bins(one),
        MEMORY: memory_alone(one),
    }
    expected = ways[OURS]()
    for name, way in ways.items():
        if name == MEMORY:
            continue
        np.testing.assert_array_equal(way(), expected)
    sliced, some = timed(elephant_slices(one, size.sliced))
    np.testing.assert_array_equal(some, expected[:, : size.sliced])
    del expected
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            seconds[name].append(timed(way)[0])
    medians = {name: statistics.median(runs) for name, runs in seconds.items()}
    return medians | {SLICES: sliced * size.electrodes / size.sliced}


def bandwidth() -> float:
    """Return bytes a second, read and written, of copying memory, the most of several runs."""
    source = np.ones(2**25)
    target = np.zeros_like(source)
    shortest = min(timed(lambda: np.copyto(target, source))[0] for _ in range(REPEATS))
    return 2 * source.nbytes / shortest


# 2. A large NWB file.


def write_nwb(path: Path, size: Size) -> int:
    """Write a recording of so many spikes, unit by unit, and return how many are responses."""
    from hdmf.backends.hdf5 import H5DataIO  # noqa: PLC0415
    from hdmf.common import VectorData, VectorIndex  # noqa: PLC0415
    from pynwb import NWBHDF5IO, NWBFile  # noqa: PLC0415
    from pynwb.misc import Units  # noqa: PLC0415

    random = np.random.default_rng(0)
    onsets = onsets_of(size.trials)
    each = size.nwb_spikes // size.electrodes
    data = H5DataIO(shape=(each * size.electrodes,), dtype=np.dtype(np.float64))
    spikes = VectorData(name="spike_times", description="in seconds", data=data)
    ends = np.arange(1, size.electrodes + 1) * each
    begun = datetime(2020, 1, 1, tzinfo=UTC)
    nwb = NWBFile(session_description="large", identifier="large", session_start_time=begun)
    nwb.units = Units(
        name="units",
        description="spike times",
        id=list(range(size.electrodes)),
        columns=[spikes, VectorIndex(name="spike_times_index", data=ends, target=spikes)],
        colnames=["spike_times"],
    )
    columns = {"stimulus": "0 or 1 for each input", "session": "number of the session"}
    for column, description in columns.items():
        nwb.add_trial_column(name=column, description=description)
    stimuli = random.integers(0, 2, (size.trials, 32))
    for trial, onset in enumerate(onsets):
        nwb.add_trial(
            start_time=onset,
            stop_time=onset + PERIOD / 2,
            stimulus=stimuli[trial],
            session=trial // TRIALS_PER_SESSION + 1,
        )
    windows = ResponseWindows(onsets)
    found = 0
    with NWBHDF5IO(path=str(path), mode="w") as file:
        file.write(container=nwb)
        for end in ends:
            times = spike_times(random, each, onsets, 0.5)
            spikes.data.dataset[end - each : end] = times
            found += int(windows.counts(times).sum())
    return found


READ_NWB = """
import json, resource, sys, time
from pathlib import Path
begin = time.perf_counter()
import canonica
(recording,) = canonica.read(sys.argv[1])
seconds = time.perf_counter() - begin
try:  # getrusage would give the size of the process that started this one, were it larger
    tasks = Path("/proc/self/task").glob("*/children")
    processes = ["self", *(child for task in tasks for child in task.read_text().split())]
    status = [Path(f"/proc/{one}/status").read_text().splitlines() for one in processes]
    peak = max(int(line.split()[1]) * 1024 for one in status for line in one if "VmHWM" in line)
except (OSError, ValueError):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({
    "seconds": seconds,
    "peak_bytes": peak,
    "responses": float(recording["responses"].sum()),
}))
"""


def read_nwb(path: Path) -> dict[str, Any]:
    """Return time and largest resident size of reading, in a process of its own."""
    command = [sys.executable, "-c", READ_NWB, str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603
    return json.loads(done.stdout.splitlines()[-1])


def read_bytes(path: Path) -> None:
    block = bytearray(BLOCK)
    with path.open("rb", buffering=0) as file:
        while file.readinto(block):
            pass


def measured_nwb(size: Size, repeats: int) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "large.nwb"
        responses = write_nwb(path, size)
        read_bytes(path)
        runs = [(read_nwb(path), timed(lambda: read_bytes(path))[0]) for _ in range(repeats)]
        if any(run["responses"] != responses for run, _ in runs):
            sys.exit(f"NWB: {responses} spikes were in windows; read {runs[0][0]['responses']}.")
        seconds = statistics.median(run["seconds"] for run, _ in runs)
        plain = statistics.median(plain for _, plain in runs)
        return {
            "file_bytes": path.stat().st_size,
            "seconds": seconds,
            "plain_reading_seconds": plain,
            "ratio_to_plain_reading": seconds / plain,
            "peak_bytes": max(run["peak_bytes"] for run, _ in runs),
        }


# What is said of it all.


def spikes_table(results: dict[str, dict[str, float]], floor: float) -> Table:
    table = Table(box=box.MARKDOWN)
    table.add_column("")
    for name in results:
        for heading in (name, "over canonica", "over floor"):
            table.add_column(heading, justify="right")
    for way in (OURS, PYNAPPLE, BINS, SLICES, OURS_ALONE, PYNAPPLE_ALONE, MEMORY):
        cells = []
        for seconds in results.values():
            base = seconds[OURS_ALONE if way in {OURS_ALONE, PYNAPPLE_ALONE, MEMORY} else OURS]
            cells += [
                f"{seconds[way]:.3f} s",
                f"{seconds[way] / base:.1f}x",
                f"{seconds[way] / floor:.1f}x",
            ]
        table.add_row(way, *cells)
    return table


def main(out: Path | None, *, quick: bool) -> None:
    size = QUICK if quick else FULL
    repeats = 3 if quick else REPEATS
    rate = bandwidth()
    floor = BYTES * (size.spikes + size.electrodes * size.trials) / rate
    results = {
        name: measured(case(size, evoked), size, repeats) for name, evoked in EVOKED_SHARES.items()
    }
    console = Console(width=160)
    console.print(spikes_table(results, floor))
    lines = [
        (
            f"{size.spikes:,} spikes, {size.electrodes:,} electrodes, {size.trials:,} stimuli, "
            f"medians of {repeats} runs in turn; all responses equal. Slices: one run of "
            f"{size.sliced} electrode, times {size.electrodes / size.sliced:g}."
        ),
        f"Floor: {floor * 1e3:.0f} ms, at {rate / 1e9:.1f} GB/s of copying memory.",
    ]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
    nwb = measured_nwb(size, 3)
    console.print(
        f"NWB file of {nwb['file_bytes'] / 1e9:.2f} GB: read in {nwb['seconds']:.1f} s, "
        f"{nwb['ratio_to_plain_reading']:.1f}x plain reading of its bytes "
        f"({nwb['plain_reading_seconds']:.2f} s); peak memory {nwb['peak_bytes'] / 1e9:.2f} GB.",
        highlight=False,
        soft_wrap=True,
    )
    if not quick:
        ratios = {
            f"{way} over {OURS_ALONE if way == PYNAPPLE_ALONE else OURS}, {name}": seconds[way]
            / seconds[OURS_ALONE if way == PYNAPPLE_ALONE else OURS]
            for name, seconds in results.items()
            for way in (PYNAPPLE, PYNAPPLE_ALONE, BINS, SLICES)
        }
        ratios |= {
            f"{OURS_ALONE} over {MEMORY}, {name}": seconds[OURS_ALONE] / seconds[MEMORY]
            for name, seconds in results.items()
        }
        remember("spikes", ratios)
    if out is not None:
        found = {
            "quick": quick,
            "python": platform.python_version(),
            "processor": platform.processor() or platform.machine(),
            "spikes": size.spikes,
            "electrodes": size.electrodes,
            "trials": size.trials,
            "sliced_electrodes": size.sliced,
            "bytes_per_second": rate,
            "floor_seconds": floor,
            "seconds": results,
            "nwb": nwb,
        }
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--out", type=Path, help="JSON file for the numbers")
    arguments = parser.parse_args()
    main(arguments.out, quick=arguments.quick)
