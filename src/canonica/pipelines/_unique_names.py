"""Names of files that no two results share."""

import re


class UniqueNames:
    """Names fit for files, none given twice: not even on a disk that ignores their case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, name: str) -> str:
        """Return `name`, with nothing in it that a disk could take amiss, numbered if taken."""
        stem = re.sub(r"[^\w.+-]+", "_", name).lstrip(".") or "unnamed"
        found, number = stem, 1
        while found.lower() in self._taken:
            number += 1
            found = f"{stem}~{number}"
        self._taken.add(found.lower())
        return found
