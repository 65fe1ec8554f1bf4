"""How finely times are known, as their values tell: cut to a few digits, they are so no more."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

LATEST = 1024  # times that are looked at: precision that is lost is lost late in a recording
ENOUGH = 16  # intervals that must all be multiples of one, so that it is no chance
NEAR = 50  # multiples up to this are looked at: beyond, the errors of a step add up
WHOLE = 0.02  # distance from a whole number, in steps, that is none
PARTS = (1, 2, 3, 4, 5, 6)  # of the shortest interval, which may be a few steps itself
DIGITS = (5, 6, 7)  # that programs write where nobody asks for more
DECADE = 10  # times earlier, numbers of as many digits are finer by one
FEW = 3  # onsets that may be finer by chance
SAME = 1e-9  # seconds: closer times are one


@dataclass(frozen=True)
class Resolution:
    """How finely times are known.

    Parameters
    ----------
    seconds : float
        Times closer than this cannot be told apart.
    cause : str
        Why, in words that follow "known to ... only,".
    """

    seconds: float
    cause: str


def spike_resolution(times: Float[np.ndarray, " spike"]) -> Resolution | None:
    """Return how finely spike times are known late in a recording; none where they do not say.

    Parameters
    ----------
    times : (spike,)
        Seconds, in any order, of any electrodes; the latest are looked at.

    Examples
    --------
    >>> import numpy as np
    >>> times = 2000 + 100 * np.random.default_rng(0).random(500)
    >>> found = spike_resolution(np.array([float(f"{time:.6g}") for time in times]))
    >>> print(f"{found.seconds:.2g} s, {found.cause}")
    0.01 s, as if written with 6 digits
    """
    latest = np.sort(times)[-LATEST:]
    step = _grid(latest)
    if _is_single(latest):
        spacing = float(np.spacing(np.float32(latest[-1])))
        return Resolution(max(spacing, step or 0.0), "as numbers of 32 bits (float32) hold them")
    if step is None:
        return None
    return Resolution(step, _cause(latest, step))


def onset_resolution(onsets: Float[np.ndarray, " trial"]) -> Resolution | None:
    """Return how finely onsets are known late in a recording; none where they do not say.

    Stimuli may well come at whole seconds. So onsets are coarse only if they are cut to 32 bits, or
    most early ones are finer than late ones can be.
    """
    if not len(onsets) or not onsets[-1] > 0:
        return None
    if _is_single(onsets):
        spacing = float(np.spacing(np.float32(onsets[-1])))
        return Resolution(spacing, "as numbers of 32 bits (float32) hold them")
    digits = _digits(onsets)
    if digits is None:
        return None
    step = 10.0 ** (np.floor(np.log10(onsets[-1])) - digits + 1)
    early = onsets[onsets < onsets[-1] / DECADE] / step
    finer = np.abs(early - np.round(early)) > WHOLE
    if np.count_nonzero(finer) < max(FEW, len(early) / 2):
        return None
    return Resolution(step, f"as if written with {digits} digits")


def _grid(times: np.ndarray) -> float | None:
    """Return the step that all times in rising order are multiples of, if there is one."""
    steps = np.diff(times)
    steps = steps[steps > SAME]
    if len(steps) < ENOUGH:
        return None
    for parts in PARTS:
        step = steps.min() / parts
        multiples = steps[steps < NEAR * step] / step
        if len(multiples) >= ENOUGH and (np.abs(multiples - np.round(multiples)) < WHOLE).all():
            return float(step)
    return None


def _is_single(times: np.ndarray) -> bool:
    """Return whether times were cut to 32 bits: exact in these, but no whole milliseconds."""
    if not len(times) or (times != times.astype(np.float32)).any():
        return False
    milliseconds = times * 1000
    return bool((np.abs(milliseconds - np.round(milliseconds)) > WHOLE).any())


def _cause(times: np.ndarray, step: float) -> str:
    digits = _digits(times)
    if digits is not None and np.isclose(
        10.0 ** (np.floor(np.log10(times[-1])) - digits + 1), step
    ):
        return f"as if written with {digits} digits"
    return f"as multiples of {1000 * step:.3g} ms"


def _digits(times: np.ndarray) -> int | None:
    """Return how many significant digits hold all of these times, if that is few."""
    for digits in DIGITS:
        if all(float(f"{time:.{digits}g}") == time for time in times.tolist()):
            return digits
    return None
