"""Whether two recordings are the same, as far as a forecaster may know them."""

import hashlib

import numpy as np
from jaxtyping import Float, UInt8


def fingerprint(
    stimuli: UInt8[np.ndarray, "trial input"],
    sources: UInt8[np.ndarray, "trial source"],
    initial_sums: Float[np.ndarray, "initial state electrode"],
) -> str:
    """Return a SHA-256 of all that a forecaster may know of a recording, beside its sessions.

    Stimuli and sources enter as they are, responses as their sums over the trials of each
    source state in each initial session: of spike counts these are exact, and single precision
    takes away what rounding does to others, so that the same recording has the same fingerprint on
    every machine, in every format and at every precision.

    Parameters
    ----------
    stimuli : (trial, input)
        0/1.
    sources : (trial, source)
        0/1.
    initial_sums : (initial, state, electrode)
        Of the responses in the initial sessions.
    """
    digest = hashlib.sha256()
    parts = (
        np.packbits(stimuli, axis=1),
        np.packbits(sources, axis=1),
        initial_sums.astype("<f4") + np.float32(0),  # no negative zero
    )
    for part in (stimuli, sources, *parts):
        digest.update(np.array(part.shape, "<i8").tobytes())
    for part in parts:
        digest.update(part.tobytes())
    return digest.hexdigest()
