"""What an NWB file says of an experiment: given by the user, or marked as unknown."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from canonica._errors import CanonicaError, how_many, listed
from canonica.recordings.nwb._experiment import METADATA
from canonica.recordings.nwb._library import pynwb
from canonica.recordings.nwb._pharmacology import NO_DRUG, UNKNOWN

UNKNOWN_START = datetime(1900, 1, 1, tzinfo=UTC)  # the custom where NWB insists on a date
ANY_AGE = "P0D/"  # zero days or more
FORMS = {"sex": "[MFOU]", "donor_age": r"P[\d.YMWDTHS]+(/(P[\d.YMWDTHS]+)?)?"}
POSITIVE = ("sampling_rate", "stimulus_interval", "days_in_vitro")


def checked(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata as texts, each name and value checked.

    Raises
    ------
    CanonicaError
        If any is not known, or says nothing, or is no number where one is needed.
    """
    found = {name: str(value).strip() for name, value in metadata.items() if value is not None}
    strange = [name for name in found if name not in METADATA]
    if strange:
        known = listed(METADATA, len(METADATA))
        raise CanonicaError(f"metadata: found {listed(strange)}; expected some of {known}.")
    empty = [name for name, value in found.items() if not value]
    if empty:
        raise CanonicaError(
            f"metadata {empty[0]}: found nothing; expected {METADATA[empty[0]]}. Leave it out if "
            "it is not known."
        )
    for name in (*POSITIVE, "temperature"):
        _check_number(found, name)
    for name, form in FORMS.items():
        if name in found and not re.fullmatch(form, found[name]):
            raise CanonicaError(
                f"metadata {name}: found {found[name]!r}; expected {METADATA[name]}."
            )
    return found


def new_file(name: str, metadata: Mapping[str, str]) -> Any:
    """Return a pynwb.NWBFile with everything but the data.

    Parameters
    ----------
    name : str
        Of the recording.
    metadata : mapping
        As `checked` returns it.

    Raises
    ------
    CanonicaError
        If the session's start is no date.
    """
    start = _start(metadata)
    description = metadata.get("session_description", f"Recording {name}.")
    if start == UNKNOWN_START:
        description += " Its date is not known: 1900 stands for it."
    people = [one.strip() for one in metadata.get("experimenter", "").split(";") if one.strip()]
    nwbfile: Any = pynwb().NWBFile(
        session_description=description,
        identifier=str(uuid4()),
        session_start_time=start,
        session_id=_plain(name),
        experimenter=people or None,
        institution=metadata.get("institution"),
        lab=metadata.get("lab"),
    )
    nwbfile.subject = _subject(name, metadata)
    nwbfile.add_lab_meta_data(_context(name, metadata, _device(nwbfile, metadata)))
    return nwbfile


def _device(nwbfile: Any, metadata: Mapping[str, str]) -> Any:
    model = None
    if "manufacturer" in metadata:
        model = nwbfile.create_device_model(
            name="recording_system", manufacturer=metadata["manufacturer"]
        )
    return nwbfile.create_device(
        name=_plain(metadata.get("device", UNKNOWN)),
        description="What the spikes were recorded with.",
        model=model,
    )


def _subject(name: str, metadata: Mapping[str, str]) -> Any:
    from ndx_cell_culture import CellCulture, CellCultureSubject, CellLine  # noqa: PLC0415

    species = metadata.get("species", UNKNOWN)
    identifier = metadata.get("culture_id", name)
    lines = []
    if "cell_type" in metadata:
        lines.append(
            CellLine(
                name="cells",
                cell_line_id=UNKNOWN,
                cell_line_type=UNKNOWN,
                sample_label=identifier,
                species=species,
                cell_source_type=metadata["cell_type"],
            )
        )
    culture = CellCulture(
        name="recorded_culture",
        culture_id=identifier,
        culture_type=metadata.get("culture_type", UNKNOWN),
        sample_label=identifier,
        species=species,
        culture_subtype=metadata.get("culture_subtype"),
        batch_label=metadata.get("batch"),
        source_lines=lines or None,
        **_culture_age(metadata, "age"),
    )
    return CellCultureSubject(
        subject_id=_plain(identifier),
        description="A culture of neurons.",
        species=species,
        sex=metadata.get("sex", "U"),
        age=metadata.get("donor_age", ANY_AGE),
        culture=culture,
        cell_lines=lines or None,
    )


def _context(name: str, metadata: Mapping[str, str], device: Any) -> Any:
    from ndx_cell_culture import ExperimentContext  # noqa: PLC0415

    drugs = _drugs(metadata)
    age = {"age_at_recording": UNKNOWN} | _culture_age(metadata, "age_at_recording")
    temperature = metadata.get("temperature")
    return ExperimentContext(
        name="experiment_context",
        experiment_id=name,
        recording_platform=metadata.get("platform", UNKNOWN),
        media_or_bath=metadata.get("medium"),
        temperature_c=None if temperature is None else float(temperature),
        pharmacology_present=bool(drugs) if "drug" in metadata else None,
        pharmacologies=drugs or None,
        device=device,
        **age,
    )


def _drugs(metadata: Mapping[str, str]) -> list[Any]:
    from ndx_cell_culture import Pharmacology  # noqa: PLC0415

    agents = [agent.strip() for agent in metadata.get("drug", "").split("+")]
    if all(agent.lower() in NO_DRUG for agent in agents):
        agents = []
    amounts = metadata["concentration"].split("+") if "concentration" in metadata else []
    if amounts and len(amounts) != len(agents):
        raise CanonicaError(
            f"metadata concentration: found {len(amounts)} of "
            f"{how_many(len(agents), 'drug')}; expected one "
            "of each, joined by +."
        )
    drugs = []
    for number, agent in enumerate(agents):
        amount, _, unit = (amounts[number] if amounts else "").strip().partition(" ")
        drugs.append(
            Pharmacology(
                name=f"drug_{number + 1}",
                pharmacology_id=f"drug_{number + 1}",
                agent=agent,
                concentration=amount or None,
                concentration_unit=unit.strip() or None,
            )
        )
    return drugs


def _culture_age(metadata: Mapping[str, str], field: str) -> dict[str, str]:
    if "days_in_vitro" not in metadata:
        return {}
    return {field: f"P{metadata['days_in_vitro']}D", "age_reference": "days_in_vitro"}


def _start(metadata: Mapping[str, str]) -> datetime:
    given = metadata.get("session_start_time")
    if given is None:
        return UNKNOWN_START
    try:
        start = datetime.fromisoformat(given)
    except ValueError:
        start = None
    if start is None or start.tzinfo is None:
        raise CanonicaError(
            f"metadata session_start_time: found {given!r}; expected date, time and the offset "
            "from UTC, such as 2023-05-17T10:30:00+09:00."
        )
    return start


def _check_number(metadata: Mapping[str, str], name: str) -> None:
    if name not in metadata:
        return
    try:
        number = float(metadata[name])
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (name in POSITIVE and number <= 0):
        raise CanonicaError(
            f"metadata {name}: found {metadata[name]!r}; expected a number: {METADATA[name]}."
        )


def _plain(name: str) -> str:
    """Return a name without the letters that NWB's names must not have."""
    return name.replace("/", "_").replace(":", "_")
