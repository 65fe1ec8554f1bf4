"""Write a recording as a MATLAB file of the published layout."""

from collections.abc import Mapping
from pathlib import Path

import xarray as xr

from canonica.data._spike_trains import SpikeTrains
from canonica.recordings.matlab._matlab_5 import write as write_matlab


def write(path: Path, content: SpikeTrains | xr.Dataset, metadata: Mapping[str, str]) -> None:
    """Write one culture; `metadata` has no place in this format."""
    del metadata
    write_matlab(path, [content.recording() if isinstance(content, SpikeTrains) else content])
