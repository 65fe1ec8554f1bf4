"""The ensembles of a study's recordings, put aside until it is their turn to be analysed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from canonica.reverse_engineering import EnsembleResponse
from canonica.reverse_engineering._sessions import Sessions
from canonica.reverse_engineering._source_states import SourceStates

OF_EACH = ("response", "electrode_ensemble", "preference")  # the rest is the recording's


@dataclass(frozen=True, eq=False)
class StudyEnsembles:
    """The ensembles of one recording.

    Parameters
    ----------
    published : EnsembleResponse
        By all sessions, for the analysis.
    causal : EnsembleResponse
        By the initial ones, for the forecast.
    """

    published: EnsembleResponse
    causal: EnsembleResponse


def keep_ensembles(path: Path, ensembles: StudyEnsembles) -> None:
    """Write the ensembles of a recording, but for its attributes and its fingerprint."""
    one = ensembles.published
    arrays = {
        f"{part}_{name}": getattr(getattr(ensembles, part), name)
        for part in ("published", "causal")
        for name in OF_EACH
    }
    np.savez(
        path,
        allow_pickle=False,
        stimuli=one.stimuli,
        sources=one.sources,
        state_index=one.states.index,
        state_patterns=one.states.patterns,
        session=one.sessions.numbers,
        **arrays,
    )


def kept_ensembles(
    path: Path, attrs: dict[str, str | int | float], fingerprint: str
) -> StudyEnsembles:
    """Return the ensembles of a recording as they were written, to the bit."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    common = {
        "stimuli": arrays["stimuli"],
        "sources": arrays["sources"],
        "states": SourceStates(arrays["state_index"], arrays["state_patterns"]),
        "sessions": Sessions(arrays["session"]),
        "fingerprint": fingerprint,
        "attrs": attrs,
    }
    published, causal = (
        EnsembleResponse(**common, **{name: arrays[f"{part}_{name}"] for name in OF_EACH})
        for part in ("published", "causal")
    )
    return StudyEnsembles(published, causal)
