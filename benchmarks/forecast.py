"""Time forecasts with full posteriors, and how that grows with the size of a recording.

Without a folder of the published recordings, simulated ones of the same size stand in for them.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import xarray as xr

import canonica
from canonica.reverse_engineering import PublishedProtocol
from canonica.reverse_engineering.forecasting import (
    FORECAST_MODELS,
    Canonical,
    Normalised,
    forecast_normalised,
    normalised,
)
from canonica.simulate import culture
from canonica.studies import Truth, simulated_known

FILES = ("response_data_bic.mat", "response_data_dzp_first4.mat", "response_data_mix0.mat")


def timed(function: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def recordings(folder: Path | None) -> list[xr.Dataset]:
    """Return the published recordings, or as many simulated ones."""
    if folder is None:
        return [culture(seed, repeated=True, name=f"culture-{seed}") for seed in range(14)]
    return [one for file in FILES for one in canonica.read(folder / file)]


def sound(every: list[xr.Dataset]) -> list[Normalised]:
    """Return those that can be analysed, normalised by their initial sessions."""
    found = normalised(every, PublishedProtocol())
    return [one for one in found if isinstance(one, Normalised)]


def cold(folder: Path | None) -> float:
    """Return the seconds of one culture in a process of its own, imports and compiling included."""
    file = "None" if folder is None else repr(str(folder / FILES[0]))
    script = (
        "import canonica; from canonica.simulate import culture; file = " + file + "\n"
        "one = culture(0, repeated=True) if file is None else canonica.read(file)[0]\n"
        "canonica.forecast(one)"
    )
    return timed(lambda: subprocess.run([sys.executable, "-c", script], check=True))  # noqa: S603


def forecasts(folder: Path | None) -> None:
    """Time all models on all recordings."""
    ready, protocol = sound(recordings(folder)), PublishedProtocol()
    print(f"{len(ready)} recordings of {ready[0].ensembles.sessions.shape} trials")
    for name, model in FORECAST_MODELS.items():
        first = timed(lambda model=model: forecast_normalised(ready[0], protocol, model))
        every = timed(
            lambda model=model: [forecast_normalised(one, protocol, model) for one in ready]
        )
        print(f"  {name:12} first call {first:6.2f} s, then all {every:7.2f} s", flush=True)
    known = [one.known(10) for one in ready]
    of_posteriors = timed(lambda: [Canonical().posterior(one) for one in known])
    print(f"  of canonical, the posteriors: {of_posteriors:.2f} s")


def many(cultures: int) -> None:
    """Time the evidence of simulated networks in one batched call."""
    sizes: dict[str, Any] = {"sessions": 10, "initial": 10, "trials": 64, "inputs": 16}
    keys = jax.random.split(jax.random.key(0), 20)
    drawn = [simulated_known(key, Truth(3e3, 3.0), **sizes)[0] for key in keys]
    every, together = (drawn * cultures)[:cultures], 1 if jax.default_backend() == "cpu" else 256
    first = timed(lambda: Canonical().evidences(every, together=together))
    again = timed(lambda: Canonical().evidences(every, together=together))
    print(f"{cultures} networks, 10 x 64 trials, 16 inputs: {again:.1f} s, first {first:.1f} s")


def growth() -> None:
    """Time one posterior against inputs and trials."""
    for inputs, trials in ((16, 128), (32, 128), (64, 128), (128, 128), (32, 256), (32, 512)):
        (one,) = sound([culture(1, inputs=inputs, sessions=12, trials_per_session=trials)])
        known = one.known(10)
        first = timed(lambda known=known: Canonical().posterior(known))
        again = min(timed(lambda known=known: Canonical().posterior(known)) for _ in range(3))
        print(f"  {inputs:4} inputs, {trials:4} trials: {again:6.2f} s, first {first:6.1f} s")
    for electrodes in (64, 256, 1024):
        one = culture(1, electrodes=electrodes, sessions=12, trials_per_session=128)
        seconds = min(timed(lambda one=one: sound([one])) for _ in range(3))
        print(f"  {electrodes:4} electrodes: {seconds:6.3f} s to ensembles and normalisation")


def main() -> None:
    """Print how long forecasts take, of one culture and of many, and their peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path, help="folder of the published recordings")
    parser.add_argument("--cultures", type=int, default=1000, help="simulated, in one call")
    given = parser.parse_args()
    print(f"JAX {jax.__version__} on {jax.devices()[0].device_kind}, {os.cpu_count()} cores")
    print(f"one culture, cold: {cold(given.data):.1f} s")
    forecasts(given.data)
    growth()
    many(given.cultures)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory {np.round(peak, 2)} GB")


if __name__ == "__main__":
    main()
