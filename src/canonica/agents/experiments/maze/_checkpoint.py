"""Arrays on disk that know whose they are, and whether they are still what was written.

A line of JSON, then a NumPy archive. The line says what the arrays belong to, and gives the
SHA-256 of the archive, which is opened only if it is sound: what is damaged is never parsed.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
LONGEST_LINE = 65_536  # bytes


class DamagedError(ValueError):
    """A checkpoint that is not, or no longer, what was written."""


class ForeignError(ValueError):
    """A checkpoint of something else."""


def packed(arrays: Arrays, owner: Mapping[str, Any]) -> bytes:
    """Return arrays as bytes, with what they belong to.

    Parameters
    ----------
    arrays : dict of array
        By their names.
    owner : mapping
        What they belong to, as JSON can say it.
    """
    archive = io.BytesIO()
    np.savez(archive, **arrays)  # type: ignore[arg-type]
    content = archive.getvalue()
    line = {"owner": dict(owner), "sha256": _digest(owner, content)}
    return json.dumps(line).encode() + b"\n" + content


def unpacked(data: bytes, owner: Mapping[str, Any]) -> Arrays:
    """Return the arrays again.

    Raises
    ------
    DamagedError
        If a byte is not as it was written.
    ForeignError
        If they belong to something else, which is named.

    Examples
    --------
    >>> data = packed({"steps": np.arange(3)}, {"maze": 1})
    >>> unpacked(data, {"maze": 1})["steps"]
    array([0, 1, 2])
    >>> unpacked(data, {"maze": 2})
    Traceback (most recent call last):
    canonica.agents.experiments.maze._checkpoint.ForeignError: maze 1
    """
    line, _, content = data.partition(b"\n")
    try:
        said = json.loads(line[:LONGEST_LINE])
        found, digest = dict(said["owner"]), said["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedError("it does not begin as one does") from error
    if digest != _digest(found, content):
        raise DamagedError("it was damaged or changed after it was written")
    if found != owner:
        names = [name for name in {**owner, **found} if owner.get(name) != found.get(name)]
        raise ForeignError(", ".join(f"{name} {found.get(name)}" for name in names))
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return dict(archive)


def _digest(owner: Mapping[str, Any], content: bytes) -> str:
    words = json.dumps(dict(owner), sort_keys=True).encode()
    return hashlib.sha256(words + b"\n" + content).hexdigest()
