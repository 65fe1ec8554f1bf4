"""Plotly's library, packed for a page that loads nothing."""

import base64
import gzip
import hashlib
from functools import cache


@cache
def plotly_library() -> tuple[str, str]:
    """Return Plotly's library, compressed and as base64, and what the page's policy allows it by.

    The Python package brings one bundle only, of 4.8 MB; compressed it is 2 MB of text. Browsers
    unpack it (DecompressionStream) and run it as a script whose hash the page's policy names.
    """
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - takes most of a second

    library = get_plotlyjs()
    packed = gzip.compress(library.encode(), 9, mtime=0)
    return base64.b64encode(packed).decode(), script_hash(library)


def script_hash(script: str) -> str:
    """Return the source by which a Content-Security-Policy allows one inline script.

    Examples
    --------
    >>> script_hash("")
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
