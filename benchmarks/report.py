"""Size of the report of 30 cultures of 25,600 trials, and the time that it takes to build.

Two cultures are simulated, of 100 sessions of 256 trials each, and studied; their results are then
written thirty times under names of their own, which is what size and time depend on.

    python benchmarks/report.py [--cultures 30]
"""

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path

import pandas as pd

import canonica
from canonica import pipelines
from canonica.recordings import write
from canonica.simulate import culture

SIZE, SECONDS = 10e6, 20.0  # the most that either may be
ENDINGS = (".nc", ".forecast.nc", ".scores.nc")


def repeated(results: Path, cultures: int) -> None:
    """Write the results of two cultures so many times, each under a name of its own."""
    table = pd.read_parquet(results / "cultures.parquet")
    rows, files = [], []
    for number in range(cultures):
        row = table.iloc[number % len(table)].to_dict()
        name = f"culture-{number + 1}"
        for ending in ENDINGS:
            shutil.copyfile(results / f"{row['name']}{ending}", results / f"{name}{ending}")
            files.append(f"{name}{ending}")
        rows.append(row | {"name": name})
    pd.DataFrame(rows).to_parquet(results / "cultures.parquet", index=False)
    summary = json.loads((results / "summary.json").read_text(encoding="utf-8"))
    summary["files"] += files
    (results / "summary.json").write_text(json.dumps(summary), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cultures", type=int, default=30)
    cultures = parser.parse_args().cultures
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        rows = []
        for seed, condition in ((2, "ctrl"), (3, "drug")):
            write(place / f"{condition}.mat", culture(seed, name=condition))
            rows.append({"file": place / f"{condition}.mat", "condition": condition})
        canonica.study(rows, place / "results")
        repeated(place / "results", cultures)
        start, used = time.perf_counter(), time.process_time()
        page = pipelines.report(place / "results")
        seconds, processor = time.perf_counter() - start, time.process_time() - used
        size = page.stat().st_size
        print(f"{cultures} cultures of 25,600 trials, each analysed, forecast and scored")
        print(f"page: {size / 1e6:.2f} MB (at most {SIZE / 1e6:g})")
        print(f"built in {seconds:.1f} s (at most {SECONDS:g}), {processor:.1f} s of a processor")
        if size > SIZE or seconds > SECONDS:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
