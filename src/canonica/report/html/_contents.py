"""What a report is made from: all that a results folder holds, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from canonica.reverse_engineering.conditions import IDENTITIES


@dataclass(frozen=True, eq=False)
class ReportRecording:
    """What the folder holds of one recording.

    Parameters
    ----------
    row : mapping
        Where it comes from and how much of it there is; in a study, its quantities too.
    analysis, forecast, scores : xarray.Dataset or None
        As far as the command wrote them.
    """

    row: Mapping[str, Any]
    analysis: xr.Dataset | None = None
    forecast: xr.Dataset | None = None
    scores: xr.Dataset | None = None

    @property
    def name(self) -> str:
        """Name of the recording, its own within the folder."""
        return str(self.row["name"])

    @property
    def condition(self) -> str:
        """The group that it belongs to."""
        return str(self.row["condition"])


@dataclass(frozen=True, eq=False)
class ReportContents:
    """What the folder of results holds.

    Parameters
    ----------
    summary : mapping
        summary.json.
    recordings : sequence of ReportRecording
        In the order of the table.
    comparisons : sequence of mapping
        comparisons.json of a study; empty where there is none.
    """

    summary: Mapping[str, Any]
    recordings: Sequence[ReportRecording]
    comparisons: Sequence[Mapping[str, Any]] = field(default_factory=list)

    @property
    def command(self) -> str:
        """The command that wrote the folder: study, analyze or forecast."""
        return str(self.summary["command"])

    @property
    def conditions(self) -> list[str]:
        """Conditions in the order of the study's design, or of the alphabet."""
        found = {one.condition for one in self.recordings}
        design = self.summary.get("design") or {}
        first = [str(name) for name in design.get("conditions", ()) if name in found]
        return [*first, *sorted(found - set(first))]

    @property
    def protocol(self) -> Mapping[str, Any]:
        """Settings of the protocol, wherever the command lists them."""
        settings = self.summary["settings"]
        own = settings.get("protocol")
        return own if isinstance(own, Mapping) else settings

    @property
    def identities(self) -> list[list[ReportRecording]]:
        """Recordings of one and the same culture or pair, wherever there are several."""
        design = self.summary.get("design") or {}
        found: dict[tuple[str, str], list[ReportRecording]] = {}
        for name in IDENTITIES:
            for one in self.recordings if name in design.get("groupings", ()) else ():
                if one.row.get(name) is not None:
                    found.setdefault((name, str(one.row[name])), []).append(one)
        return [members for members in found.values() if len(members) > 1]

    def of(self, condition: str) -> list[ReportRecording]:
        """Return the recordings of a condition."""
        return [one for one in self.recordings if one.condition == condition]
