"""Score forecasts of the published recordings by all models, from 5 to 40 initial sessions.

Rows are kept in a table, so that a run that was ended goes on; medians over the recordings of each
condition are printed. `--windows` forecasts nothing, but says how well the mean responses of
earlier sessions, ten by ten, foretell the last ten: whether a culture comes nearer to its end.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr
from kept_rows import kept_rows

import canonica
from canonica.reverse_engineering import PublishedProtocol
from canonica.reverse_engineering.forecasting import (
    FORECAST_MODELS,
    Normalised,
    Predictions,
    forecast_normalised,
    normalised,
    score_normalised,
    shared_models,
)

FILES = {
    "bic": "response_data_bic.mat",
    "dzp": "response_data_dzp_first4.mat",
    "mix0": "response_data_mix0.mat",
}
NORMALISATIONS = ("causal", "published")
LAST = 10  # sessions that scores are of
MEASURES = ("squared_error", "crps", "log_score", "coverage")
NAMES = ("normalisation", "initial_sessions", "condition")
MORE_SESSIONS = ("5", "20", "40")


class Rows:
    """Computes the rows of one condition."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, normalisation: str, initial: str, condition: str
    ) -> Iterator[dict[str, str | float]]:
        """Yield the scores of each model on each recording of the condition."""
        protocol = replace(PublishedProtocol(), initial_sessions=int(initial))
        every = normalised(read(self.folder / FILES[condition]), protocol, normalisation)
        ready = [one for one in every if isinstance(one, Normalised)]
        made: list[Predictions] = [[] for _ in ready]
        for name, model in FORECAST_MODELS.items():
            if name == "stacked" and initial in MORE_SESSIONS:
                continue
            (chosen,) = shared_models(ready, protocol, model).values()
            for number, one in enumerate(ready):
                found = forecast_normalised(one, protocol, chosen, made=made[number])
                scored = score_normalised(found, one).isel(session=slice(-LAST, None))
                coverage = scored["coverage"].sel(level=0.9)
                yield {
                    "recording": str(found.attrs["name"]),
                    "model": name,
                    **{measure: float(scored[measure].mean()) for measure in MEASURES[:3]},
                    "coverage": float(coverage.mean()),
                    "log_evidence": float(found.attrs.get("log_evidence", "nan")),
                    "warning": str(found.attrs.get("diagnostic_warning", "")),
                }


@cache
def read(path: Path) -> list[xr.Dataset]:
    """Return the recordings of a file."""
    return canonica.read(path)


def median(rows: list[dict[str, str]], measure: str, *words: str) -> float:
    """Return that of the rows of a normalisation, number of sessions, condition and model."""
    here = [
        float(row[measure])
        for row in rows
        if tuple(row[name] for name in (*NAMES, "model")) == words
    ]
    return float(np.median(here)) if here else float("nan")


def print_models(rows: list[dict[str, str]]) -> None:
    """Print medians of all measures, with ten initial sessions."""
    for normalisation in NORMALISATIONS:
        for name in FORECAST_MODELS:
            cells = (
                " ".join(
                    f"{median(rows, measure, normalisation, '10', condition, name):8.3f}"
                    for measure in MEASURES
                )
                for condition in FILES
            )
            print(f"{normalisation:10} {name:12}", " | ".join(cells), flush=True)


def print_sessions(rows: list[dict[str, str]]) -> None:
    """Print medians of the squared error against the number of initial sessions."""
    numbers = sorted({row["initial_sessions"] for row in rows}, key=int)
    for condition in FILES:
        for name in FORECAST_MODELS:
            cells = " ".join(
                f"{median(rows, 'squared_error', 'causal', number, condition, name):7.4f}"
                for number in numbers
            )
            print(f"{condition:5} {name:12} {cells}", flush=True)


def window_errors(one: Normalised) -> list[float]:
    """Return the squared errors of the last sessions, foretold by windows of as many before them.

    A response is foretold by the mean response to the same stimulus; stimuli that a window lacks do
    not count.
    """
    session = np.asarray(one.ensembles.sessions.numbers)
    of_stimulus = np.unique(one.ensembles.stimuli, axis=0, return_inverse=True)[1].ravel()
    last = session > session.max() - LAST
    target, stimulus = np.asarray(one.response)[:, last], of_stimulus[last]
    errors = []
    for end in range(LAST, int(session.max()), LAST):
        here = (session > end - LAST) & (session <= end)
        shows = (of_stimulus[here][:, None] == np.arange(of_stimulus.max() + 1)).astype(float)
        number = shows.sum(axis=0)
        mean = np.asarray(one.response)[:, here] @ shows / np.where(number > 0, number, np.nan)
        errors.append(float(np.nanmean((target - mean[:, stimulus]) ** 2)))
    return errors


def print_windows(folder: Path) -> None:
    """Print the errors of every window of each recording."""
    protocol = replace(PublishedProtocol(), initial_sessions=int(MORE_SESSIONS[-1]))
    for condition, file in FILES.items():
        for one in normalised(read(folder / file), protocol, "causal"):
            if isinstance(one, Normalised):
                errors = " ".join(f"{error:.3f}" for error in window_errors(one))
                print(f"{condition:5} {errors}", flush=True)


def main() -> None:
    """Compute what is missing, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the published recordings")
    parser.add_argument("--table", type=Path, help="where rows are kept, to go on from")
    parser.add_argument("--initial", nargs="*", default=["10", *MORE_SESSIONS])
    parser.add_argument("--windows", action="store_true", help="how near windows are to the end")
    given = parser.parse_args()
    if given.windows:
        print_windows(given.data)
        return
    keys = [
        (normalisation, number, condition)
        for number in given.initial
        for normalisation in (NORMALISATIONS if number == "10" else ("causal",))
        for condition in FILES
    ]
    rows = kept_rows(given.table, keys, NAMES, Rows(given.data))
    print_models(rows)
    print_sessions(rows)


if __name__ == "__main__":
    main()
