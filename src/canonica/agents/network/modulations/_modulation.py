"""What leads from the risks of single steps to Gamma, which modulates plasticity."""

from typing import Protocol, runtime_checkable

from jaxtyping import Array, Bool, Float


@runtime_checkable
class Modulation(Protocol):
    """What a rollout is worth: a hashable value that maps the risks of its steps to Gamma."""

    def __call__(
        self, risk: Float[Array, " time"], mask: Bool[Array, " time"]
    ) -> Float[Array, " time"]:
        """Return Gamma of each step; `mask` marks the steps that were really made."""
        ...
