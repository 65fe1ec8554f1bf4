"""Recordings that end in zeros for too long: of files that were copied in part.

A copy that is interrupted can leave a file of the right size that ends in zeros. A compressed
MATLAB file has a checksum, which tells. One that is not compressed has none: where the zeros lie
within an array, nothing in the file tells them from data. But columns stand one after the other in
it, so that the last column ends in 0 for longer than chance, or any stretch before, would have it.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from canonica._errors import how_many
from canonica.recordings.inspection._finding import Finding

CHANCE = 1e-9  # below this, a column that ends in zeros does so by no chance
LONGER = 3  # times than any stretch of zeros before, as of a source that is off for a while
COLUMNS = {"responses": "electrode", "stimuli": "input", "sources": "source"}


def lost_ending(recording: xr.Dataset) -> Iterator[Finding]:
    """Yield a finding where the last columns of an array end in zeros, all from one trial on."""
    for name, column in COLUMNS.items():
        if name not in recording:
            continue
        on = recording[name].to_numpy() != 0
        live = np.flatnonzero(on.any(axis=0))
        if live.size and (zeros := _zeros_at_the_end(on[:, live[-1]])):
            yield Finding(
                "warning",
                f"{column} {live[-1] + 1} is 0 in the last {how_many(zeros, 'trial')}",
                "they may be lost: a file that was copied in part can end in zeros",
                "Compare the file's size and hash with the original's. MATLAB files that are saved "
                "compressed, as by default, have a checksum, and tell by themselves.",
            )


def _zeros_at_the_end(on: np.ndarray) -> int:
    """Return how many there are, if they are too many; 0 otherwise."""
    times = np.flatnonzero(on)
    zeros = int(on.size - 1 - times[-1])
    longest = int(np.diff(times, prepend=-1).max()) - 1
    off = 1 - times.size / (times[-1] + 2)  # share, with one more that is off
    return zeros if zeros > LONGER * longest and off**zeros < CHANCE else 0
