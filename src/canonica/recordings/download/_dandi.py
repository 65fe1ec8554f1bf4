"""Data sets of the DANDI archive, through its public interface.

Plain HTTP, on top of the downloads that every other set has: the package `dandi` would bring some
sixty others, and asks a server of its own whether it is up to date whenever it is used. What is
needed here are three addresses: a data set's versions, a version's licence and files, a file.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from canonica._errors import CanonicaError, RecordingError, how_many, listed
from canonica.recordings.download._datasets import PublicDataset, PublicFile
from canonica.recordings.download._download import json_at

INTERFACE = "https://api.dandiarchive.org/api"
NAME = re.compile(r"dandi:(\d{6})(?:[@/](draft|\d+\.\d+\.\d+))?", re.IGNORECASE)
PLACE = re.compile(r"(?:.*/)?sub-(?P<subject>[^_/]+)(?:_ses-(?P<session>[^_/]+))?.*\.nwb")
SHA256 = "dandi:sha2-256"
PER_PAGE = 1000
MOST_PAGES = 1000


def is_dandi(name: str) -> bool:
    """Return whether a name is one of DANDI: ``dandi:001611``."""
    return name.lower().startswith("dandi:")


def dandi_files(
    name: str,
    *,
    subjects: Sequence[str] | None = None,
    sessions: Sequence[str] | None = None,
    base_url: str | None = None,
) -> tuple[PublicDataset, tuple[PublicFile, ...]]:
    """Return a data set of DANDI, and those of its NWB files that are wanted.

    Parameters
    ----------
    name : str
        Such as ``"dandi:001611"``: its newest published version, or its draft if none is; or
        ``"dandi:001611@0.250101.1200"``.
    subjects, sessions : sequence of str, optional
        Which subjects and sessions, as their files call them after ``sub-`` and ``ses-``; ``*``
        stands for any letters. All by default.
    base_url : str, optional
        Where the interface is, if not at DANDI.

    Raises
    ------
    CanonicaError
        If it is no name of a data set, or no file is wanted.
    RecordingError
        If the archive does not answer, or not as it should.
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise CanonicaError(
            f"name: found {name!r}; expected six digits, and a version where it matters, such "
            "as dandi:001611 or dandi:001611@draft."
        )
    number, version = match.groups()
    interface = (base_url or INTERFACE).rstrip("/")
    place = f"{interface}/dandisets/{number}"
    version = version or _newest(json_at(f"{place}/"), place)
    about = json_at(f"{place}/versions/{version}/")
    files = list(_files(f"{place}/versions/{version}/assets/", interface, subjects))
    wanted = [file for file in files if _is_wanted(file, subjects, sessions)]
    if not wanted:
        raise CanonicaError(_none_wanted(name, files, subjects, sessions))
    dataset = PublicDataset(
        name=f"dandi-{number}-{version}",
        address=interface,
        home=f"https://dandiarchive.org/dandiset/{number}/{version}",
        licence=", ".join(_texts(about.get("license"))) or "not said",
        citation=str(about.get("citation") or about.get("name") or f"DANDI:{number}"),
        files=tuple(wanted),
    )
    return dataset, tuple(wanted)


def _newest(about: Mapping[str, Any], place: str) -> str:
    for kind in ("most_recent_published_version", "draft_version"):
        found = about.get(kind)
        if isinstance(found, Mapping) and found.get("version"):
            return str(found["version"])
    raise _unexpected(place, "a data set without a version")


def _files(place: str, interface: str, subjects: Sequence[str] | None) -> Iterator[PublicFile]:
    """Yield every NWB file of a version, or of those subjects whose name is given in full."""
    plain = subjects is not None and not any("*" in one for one in subjects)
    for start in [f"sub-{one}/" for one in subjects or ()] if plain else [""]:
        page: str | None = f"{place}?path={start}&page_size={PER_PAGE}&order=path&metadata=true"
        for _ in range(MOST_PAGES):
            if not page:
                break
            found = json_at(page)
            if not isinstance(found.get("results"), list):
                raise _unexpected(place, "an answer without files")
            for asset in found["results"]:
                file = _file(asset, interface, place)
                if file is not None:
                    yield file
            page = found.get("next")


def _file(asset: Any, interface: str, place: str) -> PublicFile | None:
    """Return a file of the list; None for one that is no NWB."""
    path, identifier = str(asset.get("path", "")), str(asset.get("asset_id", ""))
    if PLACE.fullmatch(path) is None:
        return None
    if not re.fullmatch(r"[0-9a-fA-F-]+", identifier) or not _stays_inside(path):
        raise _unexpected(place, f"a file {path[:80]!r} of identifier {identifier[:80]!r}")
    metadata = asset.get("metadata")
    if not isinstance(metadata, Mapping) or "digest" not in metadata:
        metadata = json_at(f"{interface}/assets/{identifier}/")
    digest = metadata.get("digest")
    sha256 = digest.get(SHA256) if isinstance(digest, Mapping) else None
    size = asset.get("size")
    return PublicFile(
        condition=path,
        path=f"assets/{identifier}/download/",
        sha256=None if sha256 is None else str(sha256),
        saved_as=path,
        size=size if isinstance(size, int) else None,
    )


def _stays_inside(path: str) -> bool:
    """Return whether a path from elsewhere leads to no place outside of a folder."""
    parts = PurePosixPath(path).parts
    return bool(parts) and ".." not in parts and not path.startswith("/") and "\\" not in path


def _is_wanted(
    file: PublicFile, subjects: Sequence[str] | None, sessions: Sequence[str] | None
) -> bool:
    subject, session = _place(file)
    return all(
        wanted is None or any(fnmatchcase(found, one) for one in wanted)
        for wanted, found in ((subjects, subject), (sessions, session))
    )


def _place(file: PublicFile) -> tuple[str, str]:
    """Return the subject and the session of a file."""
    found = PLACE.fullmatch(file.condition)
    return ("", "") if found is None else (found["subject"], found["session"] or "")


def _none_wanted(
    name: str,
    files: Sequence[PublicFile],
    subjects: Sequence[str] | None,
    sessions: Sequence[str] | None,
) -> str:
    if not files:
        there = "no NWB file"
    else:
        known = [listed(sorted({_place(file)[part] for file in files})) for part in (0, 1)]
        there = (
            f"{how_many(len(files), 'NWB file')}, of subjects {known[0]} and sessions {known[1]}"
        )
    asked = [
        f"{what} {listed(wanted)}"
        for what, wanted in (("subjects", subjects), ("sessions", sessions))
        if wanted is not None
    ]
    of = f" of {' and '.join(asked)}" if asked else ""
    return f"{name}: found {there}; expected some{of}. Check the names: --subjects, --sessions."


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [str(one).removeprefix("spdx:") for one in values]


def _unexpected(place: str, found: str) -> RecordingError:
    return RecordingError(
        place,
        None,
        found=found,
        expected="an answer as DANDI gives them",
        advice="Call again later; if it comes out the same, its interface has changed.",
    )
