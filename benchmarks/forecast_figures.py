"""Draw the figures of docs/forecast.md: forecasts of cultures that learn, and rates of all.

Three simulated cultures learn, three do not; figures are those that `canonica forecast` writes.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from canonica.recordings import write
from canonica.simulate import culture

SIZES: dict[str, Any] = {"sessions": 40, "trials_per_session": 128, "inputs": 32, "repeated": True}
RATES = {"learning": 0.05, "blocked": 0.0}
AGAINST = ("frozen", "repetition", "ridge")
FIGURES = {"learning.png": "forecast.png", "rates.png": "forecast-rates.png"}


def write_recordings(folder: Path, seeds: list[int]) -> None:
    """Write a recording of each condition and seed."""
    for condition, rate in RATES.items():
        for seed in seeds:
            made = culture(seed, **SIZES, direct=0.3, learning_rate=rate)
            named = made.assign_attrs(name=f"{condition}-{seed}", condition=condition)
            write(folder / f"{condition}-{seed}.nwb", named)


def main() -> None:
    """Write the figures into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder of the figures")
    parser.add_argument("--seeds", nargs="*", type=int, default=[1, 2, 3])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        recordings, forecasts = (Path(temporary) / name for name in ("recordings", "forecasts"))
        recordings.mkdir()
        write_recordings(recordings, given.seeds)
        against = [word for name in AGAINST for word in ("--against", name)]
        command = [sys.executable, "-m", "canonica", "forecast", recordings, "--out", forecasts]
        subprocess.run([*map(str, command), *against], check=True)  # noqa: S603
        for made, shown in FIGURES.items():
            shutil.copyfile(forecasts / made, given.out / shown)


if __name__ == "__main__":
    main()
