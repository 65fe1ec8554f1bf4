"""How large a recording may be."""

from canonica._errors import RecordingError, how_many

LARGEST_RESPONSES = 2**28  # trials x electrodes: 2 GiB


def check_size(trials: int, electrodes: int, source: str) -> None:
    """Refuse a recording that would not fit into memory."""
    if trials * electrodes > LARGEST_RESPONSES:
        raise RecordingError(
            source,
            None,
            found=f"{how_many(trials, 'trial')} of {how_many(electrodes, 'electrode')}",
            expected=f"{LARGEST_RESPONSES} responses at most",
            advice="If most electrodes have no units, read it by unit (--by unit).",
        )
