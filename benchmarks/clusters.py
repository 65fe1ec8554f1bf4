"""A study of simulated cultures by this process, and by 1, 2 and more workers of a local cluster.

Run from the root of the project: ``python benchmarks/clusters.py --help``. Prints seconds a culture
and the ratio to this process, after a few cultures for which all that is needed is compiled; checks
that all give the same numbers; and what handing over a piece that does nothing takes. Ratios go to
history.csv.
"""

import argparse
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from history import remember

import canonica
from canonica.pipelines.executors._executor import Call
from canonica.pipelines.executors._opened import opened_executor
from canonica.recordings import Reading, write
from canonica.simulate import culture

TRIALS = 256
WORKERS = (1, 2, 4)
EMPTY = 200  # pieces that do nothing
FIRST = 4  # cultures for which all is compiled


def main(cultures: int, sessions: int, model: str, place: Path) -> None:
    """Print the table."""
    with TemporaryDirectory() as results:
        folder = Path(results)
        rows = _written(place, cultures, sessions)
        print(f"{cultures} cultures of {sessions} sessions of {TRIALS} trials, model {model}")
        _studied(rows[:FIRST], folder / "first", model, None)
        alone, expected = _studied(rows, folder / "alone", model, None)
        ratios: dict[str, float] = {}
        _say("this process", alone, cultures)
        for workers in WORKERS:
            with _client(workers) as client:
                _studied(rows[:FIRST], folder / f"first-{workers}", model, client)
                took, found = _studied(rows, folder / f"on-{workers}", model, client)
                handing = _handing_over(client)
            pd.testing.assert_frame_equal(found, expected)
            shutil.rmtree(folder / f"on-{workers}")
            _say(f"{workers} workers", took, cultures)
            print(f"  ratio {alone / took:.2f}; an empty piece {1000 * handing:.1f} ms", flush=True)
            name = f"this process over {workers} workers, {cultures} cultures, {model}"
            ratios[name] = alone / took
        remember("clusters", ratios)


def _say(who: str, took: float, cultures: int) -> None:
    print(f"{who}: {took:.1f} s, {1000 * took / cultures:.0f} ms a culture", flush=True)


def _written(place: Path, cultures: int, sessions: int) -> list[dict[str, Any]]:
    """Return a row for each culture, written where there is no file of it yet."""
    rows = []
    for seed in range(cultures):
        path = place / f"{seed}.mat"
        if not path.is_file():
            write(path, culture(seed, sessions=sessions, trials_per_session=TRIALS))
        rows.append({"file": str(path), "condition": "ab"[seed % 2]})
    return rows


def _studied(
    rows: list[dict[str, Any]], out: Path, model: str, cluster: Any
) -> tuple[float, pd.DataFrame]:
    began = time.perf_counter()
    reading = Reading(trials_per_session=TRIALS)
    found = canonica.study(rows, out, model=model, reading=reading, cluster=cluster)
    return time.perf_counter() - began, found.table


@contextmanager
def _client(workers: int) -> Iterator[Any]:
    from distributed import Client, LocalCluster  # noqa: PLC0415  (an extra)

    options: dict[str, Any] = {"threads_per_worker": 1, "dashboard_address": None}
    with (
        LocalCluster(n_workers=workers, **options) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def _handing_over(client: Any) -> float:
    calls = [Call(str(number), _nothing) for number in range(EMPTY)]
    times = []
    for who in (None, client):
        with opened_executor(who) as executor:
            began = time.perf_counter()
            for _ in executor(calls):
                pass
            times.append(time.perf_counter() - began)
    return (times[1] - times[0]) / EMPTY


def _nothing() -> None:
    pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cultures", type=int, default=24)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--model", default="ridge")
    parser.add_argument("--folder", type=Path, help="where recordings are kept, to start from")
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        recordings = given.folder or Path(temporary)
        main(given.cultures, given.sessions, given.model, recordings)
