"""Published recordings, fetched one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from canonica._arguments import checked_arguments
from canonica._errors import RecordingError
from canonica._files import AnyPath
from canonica.pipelines._nothing_usable import NothingUsableError
from canonica.pipelines._progress import Progress, Told
from canonica.recordings.download._datasets import PublicDataset, PublicFile
from canonica.recordings.download._fetch import asked_for, fetch_each


@dataclass
class Fetched:
    """What of a published set is here now.

    Parameters
    ----------
    dataset : PublicDataset
        The set: its licence, citation and published baselines.
    found : list of (PublicFile, Path)
        Files that are here, and where.
    failures : list of RecordingError
        What could not be had.
    """

    dataset: PublicDataset
    found: list[tuple[PublicFile, Path]] = field(default_factory=list)
    failures: list[RecordingError] = field(default_factory=list)


@checked_arguments
def fetch(
    name: str = "isomura2023",
    *,
    conditions: str | Sequence[str] | None = None,
    subjects: str | Sequence[str] | None = None,
    sessions: str | Sequence[str] | None = None,
    folder: AnyPath | None = None,
    base_url: str | None = None,
    progress: Told | None = None,
) -> Fetched:
    """Fetch recordings that their authors have made public, as many of them as can be had.

    Does what `canonica fetch` does. A file that is here already is not downloaded again, a
    download that was cut goes on where it was, and every file is checked.

    Parameters
    ----------
    name, conditions, subjects, sessions, folder, base_url
        As in `canonica.recordings.fetch`.
    progress : callable, optional
        Called with a `Progress` as bytes come, whose work is the condition; or the whole set,
        where its size is known.

    Returns
    -------
    Fetched
        What is here, and what could not be had.

    Raises
    ------
    NothingUsableError
        If not one could be had.
    CanonicaError
        If there is no such set or condition.

    Examples
    --------
    >>> fetch("isomura2023", conditions=["bic"]).found  # doctest: +SKIP
    """
    dataset, files = asked_for(
        name, conditions=conditions, subjects=subjects, sessions=sessions, base_url=base_url
    )
    fetched = Fetched(dataset)
    sizes = {file.condition: file.size for file in files}
    whole = None if None in sizes.values() else sum(size or 0 for size in sizes.values())
    before = dict(zip(sizes, accumulate(size or 0 for size in (0, *sizes.values())), strict=False))

    def told(condition: str, here: int, total: int | None) -> None:
        if progress is not None and whole is not None:
            progress(Progress(dataset.name, before[condition] + here, whole))
        elif progress is not None:
            progress(Progress(condition, here, total))

    each = fetch_each(fetched.dataset, files, folder=folder, base_url=base_url, progress=told)
    for file, path in each:
        if isinstance(path, RecordingError):
            fetched.failures.append(path)
        else:
            fetched.found.append((file, path))
    if not fetched.found:
        raise NothingUsableError("nothing could be fetched.", fetched.failures)
    return fetched
