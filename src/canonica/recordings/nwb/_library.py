"""pynwb, loaded so that it needs no place of its own on the disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

CACHE = "XDG_CACHE_HOME"
_kept: list["TemporaryDirectory[str]"] = []  # until the process ends


def pynwb() -> Any:
    """Return the package pynwb, with the types of ndx-cell-culture known to it.

    While it is imported, pynwb makes a folder in the user's cache and keeps its types there. Where
    none can be made, as on many clusters and in containers, a temporary one takes its place.
    """
    try:
        import pynwb  # noqa: PLC0415
    except OSError:
        with _temporary_cache():
            import pynwb  # noqa: PLC0415
    import ndx_cell_culture  # noqa: F401, PLC0415  (makes its types known)

    return pynwb


@contextmanager
def _temporary_cache() -> Iterator[None]:
    _kept.append(TemporaryDirectory(prefix="canonica-cache-", ignore_cleanup_errors=True))
    before = os.environ.get(CACHE)
    os.environ[CACHE] = _kept[-1].name
    try:
        yield
    finally:
        if before is None:
            del os.environ[CACHE]
        else:
            os.environ[CACHE] = before
