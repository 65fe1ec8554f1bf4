"""Paths and addresses that a user gives."""

import os
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from canonica._checks._refusal import described, refusal

LONGEST_NAME = 255  # bytes of one name in a path, on any disk that is common


def checked_path(name: str, value: Any) -> Path:
    """Return the path of a file or folder, whether or not there is one.

    Raises
    ------
    CanonicaError
        If it is neither text nor a `Path`, or nothing can be called so.

    Examples
    --------
    >>> checked_path("store", "results").name
    'results'
    """
    if not isinstance(value, str | PathLike) or not os.fspath(value):
        raise refusal(name, described(value), "the path of a file or folder")
    path = Path(os.fsdecode(value))
    if "\0" in str(path):
        raise refusal(name, described(str(path)), "a path without a null character")
    longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    if longest > LONGEST_NAME:
        found = f"{described(str(path))}, with a name of {longest} bytes in it"
        raise refusal(name, found, f"names of at most {LONGEST_NAME} bytes, as disks allow")
    return path


def checked_address(name: str, value: Any) -> str:
    """Return the address of a place on the web.

    Raises
    ------
    CanonicaError
        If it is no text, or not one that begins with http:// or https:// and names a host.

    Examples
    --------
    >>> checked_address("base_url", "https://example.org/data/")
    'https://example.org/data/'
    """
    try:
        found = urlsplit(value) if isinstance(value, str) else urlsplit("")
        sound = found.scheme in {"http", "https"} and bool(found.hostname) and value.isprintable()
    except ValueError:  # brackets that do not close
        sound = False
    if sound:
        return value
    raise refusal(name, described(value), "an address that begins with http:// or https://")
