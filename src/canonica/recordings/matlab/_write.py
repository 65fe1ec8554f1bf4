"""Write recordings as a MATLAB file of the published layout."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError, how_many, listed
from canonica._files import complete_file, shown
from canonica.data._recording_checks import check_recording
from canonica.data._spike_trains import SpikeTrains
from canonica.recordings.matlab._layout import FIELDS, PREFIX

BYTE = 255


def write(path: Path, content: SpikeTrains | xr.Dataset, metadata: Mapping[str, str]) -> None:
    """Write one culture; `metadata` has no place in this format."""
    del metadata
    write_matlab(path, [content.recording() if isinstance(content, SpikeTrains) else content])


@checked_arguments
def write_matlab(path: str | PathLike[str], recordings: Sequence[xr.Dataset]) -> None:
    """Write recordings of one condition in the published layout, whole or not at all.

    Parameters
    ----------
    path : path-like
        The MATLAB file; folders on the way to it are made.
    recordings : sequence of xarray.Dataset
        Of one condition, with their sources.

    Raises
    ------
    CanonicaError
        If there are none, or of several conditions, which one variable cannot hold, or their
        sources are not known, which this layout needs.
    """
    from scipy.io import savemat  # noqa: PLC0415

    for one in recordings:
        check_recording(one, sources=False)
    conditions = sorted({str(one.attrs.get("condition", "unknown")) for one in recordings})
    if len(conditions) != 1:
        raise CanonicaError(
            f"{shown(Path(path))}: found recordings of {how_many(len(conditions), 'condition')} "
            f"({listed(conditions)}); expected one. Write a file for each."
        )
    (condition,) = conditions
    for one in recordings:
        if "sources" not in one:
            raise CanonicaError(
                f"{shown(Path(path))}: found no sources in {one.attrs.get('name', 'a recording')}; "
                "expected them, as this layout has s beside o and r. Write another format."
            )
    ordered = [one.transpose("trial", ...) for one in recordings]
    cells = np.empty((len(recordings), 1), object)
    for index, culture in enumerate(ordered):
        cells[index, 0] = {
            field: _smallest(culture[role].to_numpy()) for field, role in FIELDS.items()
        }
    with complete_file(Path(path)) as partial:
        savemat(partial, {f"{PREFIX}{condition}": cells}, do_compression=True)


def _smallest(values: np.ndarray) -> np.ndarray:
    """Return counts as bytes where they fit, as the published files have them."""
    fit = values.min() >= 0 and values.max() <= BYTE and (values % 1 == 0).all()
    return values.astype(np.uint8) if fit else values
