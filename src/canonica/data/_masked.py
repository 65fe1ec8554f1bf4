"""Masked arrays: what is marked as missing must not become a number."""

from typing import Any

import numpy as np

from canonica._errors import RecordingError, how_many


def unmasked(values: Any, source: str, variable: str) -> Any:
    """Return a masked array in which nothing is masked as a plain one, others as they are.

    Raises
    ------
    RecordingError
        If something is masked.
    """
    if not np.ma.isMaskedArray(values):
        return values
    masked = int(np.count_nonzero(np.ma.getmaskarray(values)))
    if masked:
        raise RecordingError(
            source,
            variable,
            found=f"a masked array with {masked} of {how_many(values.size, 'value')} masked",
            expected="values that are all known",
            advice="Leave out what is masked, such as by .compressed(), wherever else it counts.",
        )
    return values.data
