"""What can be said of an experiment that is in no recording: who, when, with which cells."""

from collections.abc import Mapping
from types import MappingProxyType

# By name, what it is: `canonica convert` has an option for each, NWB files a place.
METADATA: Mapping[str, str] = MappingProxyType(
    {
        "session_start_time": "when it began: date, time and offset from UTC, such as "
        "2023-05-17T10:30:00+09:00",
        "session_description": "what was done, in a sentence",
        "experimenter": "who did it: 'Last, First'; several joined by ;",
        "institution": "where",
        "lab": "in which laboratory",
        "device": "name of the recording system",
        "manufacturer": "its manufacturer",
        "platform": "kind of recording: MEA, patch_clamp, calcium_imaging, multimodal or other",
        "sampling_rate": "of the spike times, in Hz: how exactly they are known",
        "species": "in Latin, such as 'Rattus norvegicus'",
        "sex": "of the donor: M, F, O (other) or U (unknown)",
        "donor_age": "when the cells were taken, as ISO 8601 has it, such as P18D",
        "culture_id": "what the culture is called in the laboratory",
        "culture_type": "kind: dissociated_culture, organoid, slice, spheroid, assembloid, "
        "explant or other",
        "culture_subtype": "region, such as cortical, hippocampal or thalamic",
        "cell_type": "source of the cells, such as primary_cells, primary_tissue or iPSC",
        "batch": "the batch that the culture is of",
        "days_in_vitro": "age of the culture in days",
        "medium": "what the culture was bathed in",
        "temperature": "of the culture, in degrees Celsius",
        "drug": "compound; several joined by +; 'none' if there was none",
        "concentration": "of the drug, such as '10 uM'; several joined by +",
        "stimulus_interval": "seconds from stimulus to stimulus, where onsets are not known",
    }
)
# Where nothing is said of these, the file says that they are unknown.
MARKED_UNKNOWN = (
    "session_start_time",
    "device",
    "platform",
    "species",
    "culture_type",
    "days_in_vitro",
)
