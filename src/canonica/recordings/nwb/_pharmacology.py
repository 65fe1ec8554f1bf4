"""The condition of a culture, from what an NWB file says of drugs (ndx-cell-culture)."""

from typing import Any

from canonica.recordings.nwb._columns import objects_of

UNKNOWN = "unknown"
CONTROL = "control"
NO_DRUG = {"", "none", "no drug", "control", "untreated", "n/a"}


def pharmacology(nwbfile: Any) -> tuple[str, dict[str, str]]:
    """Return the condition, and as attributes which drugs there were and how much of each.

    The condition is the compounds, joined by ``+``; `control` if the file says that there were
    none; `unknown` if it says nothing.

    Parameters
    ----------
    nwbfile : pynwb.NWBFile
    """
    records = objects_of(nwbfile, "Pharmacology")
    drugs = sorted(
        (str(one.agent).strip(), _concentration(one))
        for one in records
        if str(one.agent).strip().lower() not in NO_DRUG
    )
    if not drugs:
        contexts = objects_of(nwbfile, "ExperimentContext")
        said = [one.pharmacology_present for one in contexts]
        none = bool(records) or (bool(said) and all(one is not None and not one for one in said))
        return (CONTROL if none else UNKNOWN), {}
    attrs = {"drug": "+".join(dict.fromkeys(agent for agent, _ in drugs))}
    if any(concentration for _, concentration in drugs):
        attrs["drug_concentration"] = "+".join(amount or UNKNOWN for _, amount in drugs)
    return attrs["drug"], attrs


def _concentration(record: Any) -> str:
    parts = (getattr(record, part, None) for part in ("concentration", "concentration_unit"))
    return " ".join(str(part) for part in parts if part is not None)
