"""What a file claims to hold, against what it can hold: damaged and made-up files claim more."""

from pathlib import Path

from canonica._errors import RecordingError, how_many
from canonica._files import shown

SMALL = 1 << 26  # bytes that any machine has
COMPRESSION = 1100  # times: a little more than deflate can do at best


def check_claim(path: Path, variable: str | None, size: int) -> None:
    """Refuse to read so many bytes from a file that cannot hold them.

    Raises
    ------
    RecordingError
        If they are many, and more than compression could make of the file.
    """
    held = path.stat().st_size
    if 0 <= size <= max(SMALL, COMPRESSION * held):
        return
    raise RecordingError(
        shown(path),
        variable,
        found=f"a claim of {how_many(size, 'byte')} in a file of {held:,}",
        expected="no more than a file of this size can hold",
        advice="It is damaged: copy it again, or export it again.",
    )
