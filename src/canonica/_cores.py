"""How many cores there are to share work among."""

import os


def cores() -> int:
    """Return the number of cores that this process may use, which can be fewer than there are."""
    count = getattr(os, "process_cpu_count", None)  # Python 3.13 and later: limits of its own, too
    if count is not None:
        return count() or 1
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1
