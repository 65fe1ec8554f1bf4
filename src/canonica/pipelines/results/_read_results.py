"""A results folder, read again: its summary, its tables, and as little of each file as is shown."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from canonica._errors import CanonicaError, listed
from canonica._files import shown
from canonica.pipelines.results._netcdf_variables import netcdf_variables
from canonica.pipelines.results._results_folder import SUMMARY
from canonica.report.html import ReportContents, ReportRecording
from canonica.reverse_engineering import ERRORS

COMMANDS = ("study", "analyze", "forecast")
ANALYSIS = ("state_response", "free_energy", "accuracy", "complexity", *ERRORS)
WEIGHTS = tuple(
    f"{prefix}{level}_weight"
    for prefix in ("", "predicted_")
    for level in ("excitatory", "inhibitory")
)
FORECAST = ("predicted_state_response_quantile", "prior_strength_posterior")
SCORES = ("squared_error", "crps", "log_score", "coverage", "width", "state_response")


def read_results(folder: Path) -> ReportContents:
    """Return what a folder of results holds.

    Raises
    ------
    CanonicaError
        If it holds no results of a study, an analysis or forecasts, or they are damaged.
    """
    summary = _summary(folder)
    try:
        rows = _rows(folder, summary)
        recordings = [_recording(folder, row, str(summary["command"])) for row in rows]
        comparisons = _comparisons(folder, summary)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CanonicaError(
            f"folder: found results in {shown(folder)} that cannot be read ({error}); expected "
            "them as they were written. Run the command that made them again."
        ) from error
    if not recordings:
        raise CanonicaError(
            f"folder: found results without recordings in {shown(folder)}; expected one at least."
        )
    return ReportContents(summary, recordings, comparisons)


def _summary(folder: Path) -> Mapping[str, Any]:
    expected = f"a folder that canonica {listed(COMMANDS)} wrote"
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        command = summary["command"]
        known = [summary["canonica_version"], summary["jax_version"], summary["settings"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CanonicaError(
            f"folder: found no results of canonica in {shown(folder)} ({SUMMARY}); expected "
            f"{expected}. Check the path."
        ) from error
    if command not in COMMANDS or not all(known):
        raise CanonicaError(
            f"folder: found results of canonica {command} in {shown(folder)}; expected {expected}."
        )
    return summary


def _rows(folder: Path, summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    if summary["command"] != "study":
        return [dict(row) for row in summary["recordings"]]
    table = pd.read_parquet(folder / "cultures.parquet").astype(object)
    table = table.where(table.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _recording(folder: Path, row: Mapping[str, Any], command: str) -> ReportRecording:
    if command == "study":
        files = {
            "analysis": f"{row['name']}.nc",
            "forecast": f"{row['name']}.forecast.nc",
            "scores": f"{row['name']}.scores.nc",
        }
    elif command == "analyze":
        files = {"analysis": row["result_file"]}
    else:
        files = {"forecast": row["result_file"], "scores": row["score_file"]}
    readers = {"analysis": _analysis, "forecast": _forecast, "scores": _scores}
    return ReportRecording(
        row, **{part: readers[part](_inside(folder, file)) for part, file in files.items()}
    )


def _inside(folder: Path, file: str) -> Path:
    if Path(file).name != file:
        raise ValueError(f"a file outside of the folder, {file}")
    return folder / file


def _analysis(path: Path) -> xr.Dataset:
    found = netcdf_variables(path, (*ANALYSIS, *WEIGHTS))
    # A copy: what is sliced off would hold on to the weights of all sessions.
    weights = found[list(WEIGHTS)].isel(session=-1).drop_vars("session").copy(deep=True)
    return found[list(ANALYSIS)].assign(weights.data_vars)


def _forecast(path: Path) -> xr.Dataset:
    return netcdf_variables(path, FORECAST)


def _scores(path: Path) -> xr.Dataset:
    return netcdf_variables(path, SCORES)


def _comparisons(folder: Path, summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "comparisons.json" not in summary["files"]:
        return []
    return json.loads((folder / "comparisons.json").read_text(encoding="utf-8"))
