"""What leads from the risks of single steps to Gamma, which modulates plasticity."""

from typing import Protocol, runtime_checkable

from jaxtyping import Array, Bool, Float


@runtime_checkable
class Modulation(Protocol):
    """What a stretch of steps is worth: a hashable value that maps their risks to Gamma."""

    def __call__(
        self, risk: Float[Array, " time"], lived: Bool[Array, " time"]
    ) -> Float[Array, " time"]:
        """Return Gamma of each step; `lived` marks the steps that were really made."""
        ...
