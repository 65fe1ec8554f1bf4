"""The published protocol, this package against `reverse-engineering-py`, in one process.

    python benchmarks/published_protocol.py FOLDER

FOLDER holds the recordings (MATLAB files of the published layout). Measured:

1. the whole protocol, steps 1 to 7, on every recording, from arrays in memory to all results;
   medians of runs of both packages in turn;
2. 1,000 combinations of prior strength and gain for one recording: forecast and its errors; the
   median of several runs against one run of each of two loops over the peer's functions: the plain
   one, all of them for every combination, and a thrifty one, which estimates the weights only once
   for each prior strength;
3. the command line on one file, cold: a new process, imports and compilation included.

Both compute the same numbers: every one that is timed is checked to 1e-9.
"""

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import reverse_engineering.analysis as peer  # pyright: ignore[reportMissingImports]
import xarray as xr
from history import remember
from rich import box
from rich.console import Console
from rich.table import Table

import canonica
from canonica.reverse_engineering import PublishedProtocol

BASELINE = 2.6403707268003216
PROTOCOL = PublishedProtocol()
STRENGTHS = np.geomspace(1e2, 1e5, 40)
GAINS = np.linspace(0.5, 5.0, 25)
REPEATS = 7


class PeerInput:
    """One recording as the peer's functions take it: contiguous arrays, time last."""

    def __init__(self, recording: xr.Dataset) -> None:
        self.responses, self.stimuli, self.sources = (
            np.ascontiguousarray(recording[name].to_numpy().T)
            for name in ("responses", "stimuli", "sources")
        )
        self.sessions = int(recording["session"][-1])
        self.trials = recording.sizes["trial"] // self.sessions
        self.ideal = ideal_mapping(self.sources, self.stimuli)


def ideal_mapping(sources: np.ndarray, stimuli: np.ndarray) -> list[np.ndarray]:
    """Return how often each input (rows) is on, given each source (columns) on and off."""
    return [
        np.stack([stimuli[:, row == value].mean(axis=1) for row in sources], axis=1)
        for value in (1, 0)
    ]


def peer_activity(one: PeerInput) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = peer.normalize_responses(one.responses, one.sources, BASELINE, one.sessions, one.trials)
    phi = peer.estimate_firing_threshold_factor(x[:, : PROTOCOL.initial_sessions * one.trials])
    return x, *phi


def peer_weights(
    one: PeerInput, activity: tuple[np.ndarray, ...], strength: float
) -> tuple[np.ndarray, ...]:
    x, phi1, phi0 = activity
    return peer.estimate_from_responses(x, one.stimuli, phi1, phi0, one.sessions, strength)


def peer_forecast(
    one: PeerInput,
    activity: tuple[np.ndarray, ...],
    weights: tuple[np.ndarray, ...],
    strength: float,
    gain: float,
) -> dict[str, np.ndarray]:
    x, phi1, phi0 = activity
    W1, W0, L = weights
    initial = PROTOCOL.initial_sessions
    predicted, V1, V0 = peer.predict_from_initial_responses(
        x[:, : initial * one.trials],
        one.stimuli,
        W1[:, :, :initial],
        W0[:, :, :initial],
        phi1,
        phi0,
        one.trials,
        strength,
        gain,
    )
    observed, forecast = (
        np.concatenate([1 / (1 + np.exp(-weight)) for weight in pair])
        for pair in ((W1, W0), (V1, V0))
    )
    error, _, weight_error = peer.compute_prediction_errors(
        x, predicted, observed, forecast, *one.ideal
    )
    return {
        "predicted_response": predicted,
        "free_energy": L,
        "response_error": error,
        "weight_error": weight_error,
    }


def peer_protocol(recordings: list[PeerInput]) -> list[dict[str, np.ndarray]]:
    strength, gain = PROTOCOL.prior_strength, PROTOCOL.initial_gain
    results = []
    for one in recordings:
        activity = peer_activity(one)
        weights = peer_weights(one, activity, strength)
        results.append(peer_forecast(one, activity, weights, strength, gain))
    return results


def peer_sweep(one: PeerInput, *, thrifty: bool) -> dict[str, np.ndarray]:
    activity = peer_activity(one)
    found = []
    for strength in STRENGTHS:
        weights = peer_weights(one, activity, strength)
        for gain in GAINS:
            if not thrifty:
                weights = peer_weights(one, activity, strength)
            found.append(peer_forecast(one, activity, weights, strength, gain))
    shape = (len(STRENGTHS), len(GAINS), -1)
    return {
        name: np.stack([one[name] for one in found]).reshape(shape)
        for name in ("response_error", "weight_error")
    }


def timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def check(ours: list[xr.Dataset], theirs: list[dict[str, np.ndarray]]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        for name, values in other.items():
            np.testing.assert_allclose(one[name], values, rtol=1e-9, atol=1e-12, err_msg=name)


def peak_memory() -> float:
    """Return the largest resident size so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def cold_command(file: Path) -> float:
    folder = Path(tempfile.mkdtemp())
    command = [sys.executable, "-m", "canonica", "analyze", str(file), "--out", str(folder / "r")]
    try:
        return timed(lambda: subprocess.run(command, check=True, capture_output=True))  # noqa: S603
    finally:
        shutil.rmtree(folder)


def main(folder: Path) -> None:
    files = sorted(folder.glob("*.mat"))
    if not files:
        sys.exit(f"{folder}: found no .mat file; expected the recordings. See the docstring.")
    recordings = [recording for file in files for recording in canonica.read(file)]
    inputs = [PeerInput(recording) for recording in recordings]
    loaded = peak_memory()

    def protocol() -> list[xr.Dataset]:
        return canonica.reverse_engineer(recordings, baseline=BASELINE)

    def sweep() -> xr.Dataset:
        return canonica.sweep(
            recordings[0], prior_strength=STRENGTHS, gain=GAINS, baseline=BASELINE
        )

    first = timed(protocol), timed(sweep)
    memory = peak_memory()
    check(protocol(), peer_protocol(inputs))
    runs = [(timed(protocol), timed(lambda: peer_protocol(inputs))) for _ in range(REPEATS)]
    ours, theirs = (statistics.median(column) for column in zip(*runs, strict=True))
    sweeps = [timed(sweep) for _ in range(REPEATS)]
    swept = statistics.median(sweeps)
    check([sweep()], [peer_sweep(inputs[0], thrifty=True)])
    plain, thrifty = (
        timed(lambda kind=kind: peer_sweep(inputs[0], thrifty=kind)) for kind in (False, True)
    )
    cold = statistics.median(cold_command(files[0]) for _ in range(3))

    table = Table(box=box.MARKDOWN)
    for heading in ("", "canonica", "peer", "ratio", "first call"):
        table.add_column(heading)
    settings = len(STRENGTHS) * len(GAINS)
    table.add_row(
        f"protocol, {len(recordings)} recordings",
        f"{ours:.3f} s",
        f"{theirs:.3f} s",
        f"{theirs / ours:.1f}x",
        f"{first[0]:.1f} s",
    )
    for loop, seconds in (("plain", plain), ("thrifty", thrifty)):
        table.add_row(
            f"{settings:,} settings, peer's {loop} loop",
            f"{swept:.3f} s",
            f"{seconds:.1f} s",
            f"{seconds / swept:.0f}x",
            f"{first[1]:.1f} s",
        )
    console = Console(width=100)
    console.print(table)
    console.print(
        f"`canonica analyze` of {files[0].name}, cold: {cold:.1f} s. "
        f"Peak memory: {memory:.2f} GB, of which {loaded:.2f} GB with the recordings loaded "
        "for both packages.",
        highlight=False,
    )
    ratios = {
        "peer over ours, protocol": theirs / ours,
        f"peer's plain loop over ours, {settings} settings": plain / swept,
        f"peer's thrifty loop over ours, {settings} settings": thrifty / swept,
    }
    remember("published_protocol", ratios)


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
