"""What the published protocol estimates from; without JAX, which only estimating needs."""

from typing import Any, NamedTuple, TypeAlias

from jaxtyping import Float

AnyArray: TypeAlias = Any  # JAX's within the computation, NumPy's before and after it


class Observed(NamedTuple):
    """Normalised responses of one recording and what evoked them, folded into sessions.

    Attributes
    ----------
    response : (session, ensemble, slot)
        In [0, 1].
    stimuli : (session, slot, input)
        0/1.
    valid : (session, slot)
        1 where a slot holds a trial, 0 where it fills up a short session.
    """

    response: Float[AnyArray, "session ensemble slot"]
    stimuli: Float[AnyArray, "session slot input"]
    valid: Float[AnyArray, "session slot"]

    def between(self, start: int, stop: int | None) -> "Observed":
        """Return the sessions from `start` up to `stop`."""
        return Observed(*(part[start:stop] for part in self))
