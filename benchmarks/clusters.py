"""A study of simulated cultures by this process, and by 1, 2 and more workers of a local cluster.

Run from the root of the project: ``python benchmarks/clusters.py [CULTURES [SESSIONS [MODEL]]]``.
Prints seconds a culture and the ratio to this process, each the second time: the first compiles
what is needed; checks that all give the same numbers; and what handing over a piece that does
nothing takes. Ratios go to history.csv.
"""

import sys
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


def main(cultures: int, sessions: int, model: str) -> None:
    """Print the table."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        rows = _written(folder, cultures, sessions)
        print(f"{cultures} cultures of {sessions} sessions of {TRIALS} trials, model {model}")
        _studied(rows, folder / "first", model, None)
        alone, expected = _studied(rows, folder / "alone", model, None)
        ratios: dict[str, float] = {}
        print(f"this process: {alone:.1f} s, {1000 * alone / cultures:.0f} ms a culture")
        for workers in WORKERS:
            with _client(workers) as client:
                _studied(rows, folder / f"first-{workers}", model, client)
                took, found = _studied(rows, folder / f"on-{workers}", model, client)
                handing = _handing_over(client)
            pd.testing.assert_frame_equal(found, expected)
            print(
                f"{workers} workers: {took:.1f} s, {1000 * took / cultures:.0f} ms a culture, "
                f"ratio {alone / took:.2f}; an empty piece {1000 * handing:.1f} ms"
            )
            ratios[f"this process over {workers} workers, {cultures} cultures, {model}"] = (
                alone / took
            )
        remember("clusters", ratios)


def _written(folder: Path, cultures: int, sessions: int) -> list[dict[str, Any]]:
    rows = []
    for seed in range(cultures):
        path = folder / f"{seed}.mat"
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
    cultures, sessions, model = [*sys.argv[1:], *("24", "20", "ridge")[len(sys.argv) - 1 :]]
    main(int(cultures), int(sessions), model)
