"""What tables say of one recording: where it comes from, and how much of what it holds."""

from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from canonica.reverse_engineering import LAST_SESSIONS

ORIGINS = ("condition", "origin", "input_file", "input_sha256", "baseline")

Row: TypeAlias = dict[str, Any]


def recording_row(result: xr.Dataset) -> Row:
    """Return where a result comes from, and how much of what went into it."""
    return (
        {"name": str(result.attrs["name"])}
        | {key: result.attrs[key] for key in ORIGINS}
        | {key: result.attrs.get(key, "") for key in ("reading", "warnings")}
        | {"baseline_origin": result.attrs["baseline_origin"]}
        | _sizes(result)
    )


def _sizes(result: xr.Dataset) -> dict[str, int | str]:
    members = result["electrode_ensemble"].to_numpy()
    per_ensemble = np.bincount(members, minlength=result.sizes["ensemble"] + 1)[1:]
    forecast = result.sizes["session"] - int(result.attrs["initial_sessions"])
    return {
        "sessions": result.sizes["session"],
        "sessions_scored": min(LAST_SESSIONS, forecast),
        "trials": result.sizes["trial"],
        "electrodes": result.sizes["electrode"],
        "electrodes_per_ensemble": " ".join(map(str, per_ensemble)),
    }
