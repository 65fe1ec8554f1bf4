"""What a study did, and when."""

import time
from pathlib import Path

from canonica._harmless import visible
from canonica.pipelines._progress import Progress, Told


class StudyLog:
    """What happens, with the time, in a file; and who else is told of progress."""

    def __init__(self, path: Path, told: Told | None) -> None:
        self.path, self._told, self._what = path, told, ""
        path.parent.mkdir(parents=True, exist_ok=True)

    def __call__(self, progress: Progress) -> None:
        """Tell of progress; write when another kind of work begins, and which piece does."""
        if progress.what != self._what or progress.item:
            self._what = progress.what
            self.line(str(progress))
        if self._told is not None:
            self._told(progress)

    def line(self, text: str) -> None:
        """Write a line."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {visible(text)}\n")
