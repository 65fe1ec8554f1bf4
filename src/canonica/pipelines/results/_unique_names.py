"""Names of files that no two results share."""

import hashlib
import re

LONGEST = 100  # bytes of a name: with what is added to it, less than the 255 that disks allow
DIGEST = 12  # letters, of all of a name, at the end of a shortened one


class UniqueNames:
    """Names fit for files, none given twice: not even on a disk that ignores their case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, name: str) -> str:
        """Return `name`, with nothing in it that a disk could take amiss, numbered if taken."""
        stem = _short(re.sub(r"[^\w.+-]+", "_", name).lstrip(".") or "unnamed")
        found, number = stem, 1
        while found.lower() in self._taken:
            number += 1
            found = f"{stem}~{number}"
        self._taken.add(found.lower())
        return found


def _short(name: str) -> str:
    """Return a name that disks allow, no two long ones the same."""
    encoded = name.encode()
    if len(encoded) <= LONGEST:
        return name
    digest = hashlib.sha256(encoded).hexdigest()[:DIGEST]
    return f"{encoded[: LONGEST - DIGEST - 1].decode(errors='ignore')}~{digest}"
