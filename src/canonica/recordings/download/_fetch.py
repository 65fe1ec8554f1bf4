"""Fetch recordings that their authors have made public."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from logging import Logger
from os import PathLike
from pathlib import Path
from typing import Any

from canonica._arguments import checked_arguments
from canonica._checks import checked_address
from canonica._errors import CanonicaError, RecordingError, listed
from canonica._files import sha256, shown
from canonica._user_cache import user_cache
from canonica.recordings.download._dandi import dandi_files, is_dandi
from canonica.recordings.download._datasets import DATASETS, PublicDataset, PublicFile
from canonica.recordings.download._download import ABSENT, download

FOLDER_VARIABLE = "CANONICA_DATA"  # of the environment: where to keep what was fetched
PART = ".part"

Progress = Callable[[str, int, int | None], object]


@checked_arguments
def fetch(
    name: str = "isomura2023",
    *,
    conditions: str | Sequence[str] | None = None,
    subjects: str | Sequence[str] | None = None,
    sessions: str | Sequence[str] | None = None,
    folder: str | PathLike[str] | None = None,
    progress: Progress | None = None,
    base_url: str | None = None,
) -> list[Path]:
    """Return the files of a published set of recordings, downloading those not here yet.

    Parameters
    ----------
    name : str, optional
        The set: ``"isomura2023"``, rat cortical cultures that learn to separate two sources [1]_;
        or one of the DANDI archive, such as ``"dandi:001611"``.
    conditions : str or sequence of str, optional
        Which of its conditions; all whose content is known beforehand by default. Of isomura2023
        these are bic, dzp, mix0 and mix50. Its ctrl and apv have to be asked for: whether they are
        public as single files is not known.
    subjects, sessions : str or sequence of str, optional
        Of a set of DANDI: which subjects and sessions, as its files call them after ``sub-`` and
        ``ses-``; ``*`` stands for any letters. All by default.
    folder : path-like, optional
        Where to keep the files: by default the folder that the environment variable
        ``CANONICA_DATA`` names, or else the user's cache.
    progress : callable, optional
        Called with a condition, the bytes that have come, and their number in all or None.
    base_url : str, optional
        Where the set is to be had instead of from its authors.

    Returns
    -------
    list of pathlib.Path
        One file per condition, in order, for `canonica.read`.

    Raises
    ------
    CanonicaError
        If there is no such set or condition; and, after all files have been tried, if one could
        not be had: there is none, the connection was cut, its content is not what it should be, or
        it could not be written. A download that was cut goes on in the next call.

    References
    ----------
    .. [1] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023.

    Examples
    --------
    >>> files = fetch("isomura2023", conditions=["bic", "dzp"])  # doctest: +SKIP
    >>> fetch("isomura2023", conditions="thc")
    Traceback (most recent call last):
    ...
    canonica._errors.CanonicaError: conditions: found thc; expected some of bic, dzp, mix0, mix50, \
ctrl, apv.
    """
    dataset, files = asked_for(
        name, conditions=conditions, subjects=subjects, sessions=sessions, base_url=base_url
    )
    found = [
        path
        for _, path in fetch_each(
            dataset,
            files,
            folder=folder,
            progress=progress,
            base_url=base_url,
        )
    ]
    failures = [path for path in found if isinstance(path, RecordingError)]
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise CanonicaError("\n".join(map(str, failures)))
    return [path for path in found if isinstance(path, Path)]


def asked_for(
    name: str,
    *,
    conditions: str | Sequence[str] | None = None,
    subjects: str | Sequence[str] | None = None,
    sessions: str | Sequence[str] | None = None,
    base_url: str | None = None,
) -> tuple[PublicDataset, tuple[PublicFile, ...]]:
    """Return the set that is meant, and which of its files.

    Parameters and errors as in `fetch`.
    """
    if base_url is not None:
        checked_address("base_url", base_url)
    by_session = {"subjects": subjects, "sessions": sessions}
    wrong = {"conditions": conditions} if is_dandi(name) else by_session
    given = [what for what, wanted in wrong.items() if wanted is not None]
    if given:
        raise CanonicaError(
            f"{listed(given)}: found with {name}; expected "
            f"{'subjects and sessions' if is_dandi(name) else 'conditions'} of this data set."
        )
    if is_dandi(name):
        return dandi_files(
            name,
            subjects=[subjects] if isinstance(subjects, str) else subjects,
            sessions=[sessions] if isinstance(sessions, str) else sessions,
            base_url=base_url,
        )
    dataset = public_dataset(name)
    return dataset, public_files(dataset, conditions)


def public_dataset(name: str) -> PublicDataset:
    """Return the published set of this name.

    Raises
    ------
    CanonicaError
        If there is none.
    """
    for dataset in DATASETS:
        if dataset.name == name:
            return dataset
    names = listed(dataset.name for dataset in DATASETS)
    raise CanonicaError(
        f"name: found {name!r}; expected one of {names}, or one of DANDI, such as dandi:001611."
    )


def public_files(
    dataset: PublicDataset, conditions: str | Sequence[str] | None
) -> tuple[PublicFile, ...]:
    """Return the files of these conditions, or, of none, those known beforehand.

    Raises
    ------
    CanonicaError
        If the set has no such condition.
    """
    if conditions is None:
        return dataset.known
    wanted = [conditions] if isinstance(conditions, str) else list(dict.fromkeys(conditions))
    files = {file.condition: file for file in dataset.files}
    unknown = [condition for condition in wanted if condition not in files]
    if unknown or not wanted:
        raise CanonicaError(
            f"conditions: found {listed(unknown)}; expected some of {listed(files)}."
        )
    return tuple(files[condition] for condition in wanted)


def fetch_each(
    dataset: PublicDataset,
    files: Sequence[PublicFile],
    *,
    folder: str | PathLike[str] | None = None,
    progress: Progress | None = None,
    base_url: str | None = None,
) -> Iterator[tuple[PublicFile, Path | RecordingError]]:
    """Yield every file with its path here, or with the error that says why it is not here."""
    place = Path(folder) if folder is not None else _own_folder(dataset)
    for file in files:
        url = f"{(base_url or dataset.address).rstrip('/')}/{file.path}"
        report = None if progress is None else partial(progress, file.condition)
        try:
            yield file, _fetched(dataset, file, url, place, report)
        except RecordingError as error:
            yield file, error


def _own_folder(dataset: PublicDataset) -> Path:
    chosen = os.environ.get(FOLDER_VARIABLE)
    return (Path(chosen).expanduser() if chosen else user_cache()) / dataset.name


def _fetched(dataset: PublicDataset, file: PublicFile, url: str, folder: Path, report: Any) -> Path:
    """Return the path of the file, downloaded unless it is there."""
    import pooch  # noqa: PLC0415
    from requests import HTTPError, RequestException  # noqa: PLC0415

    path, part = folder / file.name, folder / f"{file.name}{PART}"
    _refuse_other(path, file)
    keeper = pooch.create(
        path=folder, base_url="", registry={file.name: file.sha256}, urls={file.name: url}
    )

    def whole_part(url: str, here: str, _: object) -> None:
        part.parent.mkdir(parents=True, exist_ok=True)
        download(url, part, report)
        _refuse_wrong(part, file, url)
        part.replace(here)

    downloader: Any = whole_part  # pooch calls it so, whatever its own annotation says
    try:
        if file.sha256 is None and not path.exists():
            part.unlink(missing_ok=True)  # nothing would tell whether the rest belongs to it
        with _quiet(pooch.get_logger()):  # what is going on is for the caller to say
            keeper.fetch(file.name, downloader=downloader)
    except HTTPError as error:
        raise _refusal(dataset, file, url, error) from error
    except RequestException as error:
        raise _cut(url, part, error) from error
    except OSError as error:
        raise _unwritable(folder, part, error) from error
    return path


@contextmanager
def _quiet(logger: Logger) -> Iterator[None]:
    level = logger.level
    logger.setLevel("WARNING")
    try:
        yield
    finally:
        logger.setLevel(level)


def _refuse_other(path: Path, file: PublicFile) -> None:
    """Refuse to replace a file of that name that is not the published one."""
    try:
        if file.sha256 is None or not path.exists() or sha256(path) == file.sha256:
            return
    except OSError as error:
        raise RecordingError(
            shown(path),
            None,
            found=f"nothing readable ({error.strerror or error})",
            expected="the published file, or none",
            advice="Move it away, or choose another folder.",
        ) from error
    raise RecordingError(
        shown(path),
        None,
        found=f"a file with SHA-256 {sha256(path)}",
        expected=f"the published one, with {file.sha256}",
        advice="Move or delete it and call again, or choose another folder.",
    )


def _refuse_wrong(part: Path, file: PublicFile, url: str) -> None:
    if file.sha256 is None:
        return
    found = sha256(part)
    if found != file.sha256:
        part.unlink()
        raise RecordingError(
            url,
            None,
            found=f"a file with SHA-256 {found}",
            expected=file.sha256,
            advice=(
                "What came was deleted. Call again; if it comes out the same, something on the way "
                "changes the file, or it was published anew."
            ),
        )


def _refusal(dataset: PublicDataset, file: PublicFile, url: str, error: Any) -> RecordingError:
    status = error.response.status_code
    doubt = (
        ""
        if file.sha256
        else f"Whether {file.condition} is public as a single file is not known beforehand. "
    )
    return RecordingError(
        url,
        None,
        found=(
            f"no such file (HTTP {status})"
            if status in ABSENT
            else f"a refusal (HTTP {status} {error.response.reason})"
        ),
        expected=f"the recordings of condition {file.condition}",
        advice=(
            f"{doubt}See what is there: {dataset.home}" if status in ABSENT else "Call again later."
        ),
    )


def _cut(url: str, part: Path, error: Exception) -> RecordingError:
    here = part.stat().st_size if part.exists() else 0
    return RecordingError(
        url,
        None,
        found=f"a connection that failed ({_reason(error)})",
        expected="the whole file",
        advice=(
            f"Check the network and call again: it goes on after the {here:,} bytes in "
            f"{shown(part)}."
            if here
            else "Check the network and call again."
        ),
    )


def _reason(error: Exception) -> object:
    """Return what an error of a connection comes from, without what is wrapped around it."""
    inner = error.args[0] if error.args else error
    while isinstance(inner, Exception) and inner.args:
        deeper = getattr(inner, "reason", inner.args[0])
        if deeper is inner or not isinstance(deeper, Exception | str):
            break
        inner = deeper
    return inner


def _unwritable(folder: Path, part: Path, error: OSError) -> RecordingError:
    stays = f" What has come stays in {shown(part)}." if part.exists() else ""
    return RecordingError(
        shown(folder),
        None,
        found=f"a folder that cannot be written to ({error.strerror or error})",
        expected="room for the file, and leave to write it",
        advice=f"Make room, or choose another folder, and call again.{stays}",
    )
