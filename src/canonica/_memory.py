"""Memory that is free, handed back to the system."""

import ctypes
import sys


def hand_back() -> None:
    """Hand back the memory that the C library keeps once it is freed, where it can be asked to.

    What compiles a model takes some hundred megabytes for a while. The C library of Linux keeps
    much of them for later, in pieces too small for other use.
    """
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    if trim is not None:
        trim(0)
