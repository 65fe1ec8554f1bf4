"""All that decides the result of a study, and the file that repeats it."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from canonica._arguments import check_fields
from canonica._checks import checked_seed
from canonica._errors import CanonicaError, listed
from canonica._files import shown
from canonica._version import __version__
from canonica.pipelines.conditions._study_table import StudyRow, study_rows
from canonica.recordings import Reading
from canonica.reverse_engineering import BaselineFrom, GivenBaseline, PublishedProtocol
from canonica.reverse_engineering.conditions import GROUPINGS

OWN = "own"  # in place of a condition: each condition has its own baseline


@dataclass(frozen=True)
class StudySettings:
    """Settings of a study, beside its table.

    Parameters
    ----------
    reference : str, optional
        The condition that the others are compared with; the first of the table by default.
    baseline : float, optional
        Mean response, in spikes, that stands for ordinary excitability.
    baseline_from : str, optional
        Or the condition whose mean response does; by default the reference's. ``"own"``: each
        condition has its own, which hides differences in excitability.
    quantities : tuple of str
        What is compared; all by default. The fewer, the less it takes to tell a difference.
    groupings : tuple of str
        Columns that say what cultures have in common.
    model : str
        That forecasts, blind to later sessions.
    protocol : PublishedProtocol
        Settings of the analysis.
    reading : Reading
        How to read the files.
    seed : int
        Decides everything random.
    """

    reference: str | None = None
    baseline: float | None = None
    baseline_from: str | None = None
    quantities: tuple[str, ...] = ()
    groupings: tuple[str, ...] = GROUPINGS
    model: str = "canonical"
    protocol: PublishedProtocol = field(default_factory=PublishedProtocol)
    reading: Reading = field(default_factory=Reading)
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
        checked_seed(self.seed)
        if self.baseline is not None and self.baseline_from is not None:
            raise CanonicaError(
                "baseline_from: found a baseline too; expected one of them. Leave one out."
            )
        unknown = sorted(set(self.groupings) - set(GROUPINGS))
        if unknown:
            raise CanonicaError(
                f"groupings: found {listed(unknown)}; expected columns among {listed(GROUPINGS)}."
            )

    def baseline_with(self, reference: str) -> GivenBaseline:
        """Return the baseline as an analysis takes it, given the reference of the study."""
        if self.baseline is not None:
            return self.baseline
        if self.baseline_from == OWN:
            return None
        return BaselineFrom(self.baseline_from or reference)

    @property
    def said(self) -> dict[str, Any]:
        """All settings, plain, but for those that are not given."""
        plain = {
            one.name: getattr(self, one.name)
            for one in fields(self)
            if one.name not in ("protocol", "reading")
        }
        return {name: value for name, value in plain.items() if value is not None}


def write_study_file(path: Path, settings: StudySettings, rows: Sequence[StudyRow]) -> None:
    """Write the file that repeats a study: TOML, with settings and every row of the table."""
    parts = [
        f"# canonica {__version__}: canonica study {path.name} --out FOLDER repeats this study.",
        _section("[study]", settings.said),
        _section("[protocol]", asdict(settings.protocol)),
        _section("[reading]", settings.reading.given),
        *(_section("[[recording]]", row.said) for row in rows),
    ]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def read_study_file(path: Path) -> tuple[StudySettings, list[StudyRow]]:
    """Return the settings and the rows of a study's file.

    Raises
    ------
    CanonicaError
        If it is no such file.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        said = {name: _plain(value) for name, value in found["study"].items()}
        settings = StudySettings(
            **said,
            protocol=replace(PublishedProtocol(), **found.get("protocol", {})),
            reading=_reading(found.get("reading", {})),
        )
        rows = [dict(row) for row in found["recording"]]
    except CanonicaError as error:
        raise CanonicaError(f"study: in {shown(path)}: {error}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CanonicaError(
            f"study: found no settings of a study in {shown(path)} ({error}); expected the "
            "study.toml that a study writes beside its results."
        ) from error
    return settings, study_rows(rows, path.parent)


def _reading(said: Mapping[str, Any]) -> Reading:
    given = {name: _plain(value) for name, value in said.items()}
    if "stimulus_file" in given:
        given["stimulus_file"] = Path(given["stimulus_file"])
    return Reading(**given)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _section(heading: str, values: Mapping[str, Any]) -> str:
    """Return a table of TOML: text, numbers and lists are written as JSON writes them."""
    lines = [f"{name} = {_toml(value)}" for name, value in values.items()]
    return "\n".join([heading, *lines])


def _toml(value: Any) -> str:
    return json.dumps(value, allow_nan=False).replace("\x7f", "\\u007f")
