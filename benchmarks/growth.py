"""How protocol and forecast grow with trials, electrodes and inputs: 1 to 64 times as many.

Run from the root of the project: ``python benchmarks/growth.py [--most 64] [--only WAY ...]``.
Every size has a process of its own, on one core, in which the call is made once, to compile, and
then again: processor time is of the quickest of these, memory is the most that the process took
beside what it had with its libraries and the recording. The exponent is the slope of the logarithms
over the upper half of the sizes: 1 where twice as much takes twice as long.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from history import remember

import canonica
from canonica.recordings import recording

SIZES = {"trials": 256, "electrodes": 64, "inputs": 16}  # trials of a session
SESSIONS = 12
REPEATS = 3  # at least, and as many as take ...
LONG_ENOUGH, LONG = 0.5, 10.0  # seconds; of what takes long, once is enough
FULL = 64
WAYS: dict[str, Callable[[xr.Dataset], object]] = {
    "protocol": canonica.reverse_engineer,
    "ridge": lambda one: canonica.forecast(one, model="ridge"),
    "canonical": lambda one: canonica.forecast(one, model="canonical"),
}
LARGEST = {("canonical", "inputs"): 16}  # times as many; more take many minutes


def simulated(trials: int, electrodes: int, inputs: int) -> xr.Dataset:
    """Return a recording whose electrodes prefer one of two sources each."""
    random = np.random.default_rng(0)
    sources = random.integers(0, 2, (SESSIONS * trials, 2))
    follows = random.random((len(sources), inputs)) < 0.75  # noqa: PLR2004
    own = np.arange(inputs) % 2
    stimuli = np.where(follows, sources[:, own], sources[:, 1 - own])
    preferred = sources[:, np.arange(electrodes) % 2]
    return recording(
        random.poisson(1.0 + 2.0 * preferred).astype(float),
        stimuli,
        sources,
        session=np.repeat(np.arange(1, SESSIONS + 1), trials),
    )


def one(way: str, sizes: dict[str, int]) -> dict[str, float]:
    """Return processor time and memory of one call, in seconds and bytes."""
    given = simulated(**sizes)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    WAYS[way](given)
    seconds: list[float] = []
    while sum(seconds) < LONG and (len(seconds) < REPEATS or sum(seconds) < LONG_ENOUGH):
        begun = time.process_time()
        WAYS[way](given)
        seconds.append(time.process_time() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": min(seconds), "bytes": (peak - before) * 1024.0}


def elsewhere(way: str, sizes: dict[str, int]) -> dict[str, float]:
    """Return the same, of a process of its own."""
    command = [sys.executable, __file__, "--one", json.dumps([way, sizes])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return json.loads(done.stdout.splitlines()[-1])


def exponent(factors: Sequence[int], values: Sequence[float]) -> float:
    """Return the slope of the logarithms over the upper half."""
    half = len(factors) // 2
    slope: Any = np.polyfit(np.log(factors[half:]), np.log(values[half:]), 1)
    return float(slope[0])


def main(most: int, only: Sequence[str]) -> None:
    """Print a row for each way and what grows."""
    if hasattr(os, "sched_setaffinity"):  # threads that wait for each other take time of processors
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    factors = [2**power for power in range(most.bit_length()) if 2**power <= most]
    ratios: dict[str, float] = {}
    heads = [f"{factor}x" for factor in factors]
    print("| | " + " | ".join([*heads, "exponent", "memory at the largest"]) + " |")
    print("|---" * (len(factors) + 3) + "|")
    for way in only:
        for what, size in SIZES.items():
            tried = [factor for factor in factors if factor <= LARGEST.get((way, what), most)]
            found = [elsewhere(way, SIZES | {what: factor * size}) for factor in tried]
            seconds = [each["seconds"] for each in found]
            slope = exponent(tried, seconds)
            cells = [f"{each:.3f}" for each in seconds] + ["-"] * (len(factors) - len(tried))
            cells += [f"{slope:.2f}", f"{found[-1]['bytes'] / 1e6:.0f} MB"]
            print(f"| {way}, {what} | " + " | ".join(cells) + " |", flush=True)
            ratios[f"{way}, exponent in {what}"] = slope
            ratios[f"{way}, {tried[-1]}x over 1x {what}"] = seconds[-1] / seconds[0]
    if most >= FULL:
        remember("growth", ratios)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--most", type=int, default=FULL, help="times as many, a power of two")
    parser.add_argument("--only", nargs="+", choices=WAYS, default=list(WAYS), metavar="WAY")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        way, sizes = json.loads(arguments.one)
        print(json.dumps(one(way, sizes)))
    else:
        main(arguments.most, arguments.only)
