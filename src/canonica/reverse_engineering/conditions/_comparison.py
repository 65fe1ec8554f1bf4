"""One comparison of one quantity, and what it says in words."""

from dataclasses import dataclass
from typing import Literal

from canonica.reverse_engineering.conditions._quantities import QUANTITIES

SIGNIFICANT = 0.05  # probability of calling anything in a family a difference where there is none
Kind = Literal["difference", "any difference", "trend", "interaction"]


@dataclass(frozen=True)
class Comparison:
    """How one quantity differs between conditions, changes with the dose, or depends on factors.

    Parameters
    ----------
    quantity : str
        A name of `QUANTITIES`.
    kind : str
        ``"difference"`` of a condition from a reference; ``"any difference"`` among several
        conditions; ``"trend"`` over the doses of a drug, per step from one dose to the next;
        ``"interaction"`` of two factors.
    what, reference : str
        The condition, the drug or the factors; and what it is compared with.
    units, reference_units : int
        Independent units of either; where there is no reference all units, and 0.
    mean, reference_mean : float or None
        Means of their units.
    effect : float or None
        Difference of means, or slope per step of the dose, within strata where there are any.
    low, high, level : float or None
        Interval of the effect, and its level: 0.95, or the highest that so few units allow.
    standardised : float or None
        Effect over the standard deviation within condition and stratum (Hedges' g); for several
        conditions, and interactions, the share of variance explained (partial eta squared).
    p_value : float
        Of the permutation test.
    adjusted_p_value : float
        The same after Holm, over all quantities and comparisons of its kind.
    smallest_p_value : float
        The smallest adjusted value that so many units, and comparisons, can give.
    exact : bool
        Whether every permutation was tried, or many at random.
    inference : str
        What was taken for independent, in words.
    """

    quantity: str
    kind: Kind
    what: str
    reference: str
    units: int
    reference_units: int
    mean: float | None
    reference_mean: float | None
    effect: float | None
    low: float | None
    high: float | None
    level: float | None
    standardised: float | None
    p_value: float
    adjusted_p_value: float
    smallest_p_value: float
    exact: bool
    inference: str

    @property
    def differs(self) -> bool:
        """Whether chance hardly explains it."""
        return self.adjusted_p_value <= SIGNIFICANT

    @property
    def sentence(self) -> str:
        """What is found, in words; a direction is named only where chance hardly explains it."""
        label, unit = QUANTITIES[self.quantity]
        return f"{label} ({unit}): {self._subject} {self._finding}."

    @property
    def _subject(self) -> str:
        return {
            "difference": f"{self.what} against {self.reference}",
            "any difference": f"{self.what}",
            "trend": f"over the doses of {self.what}" if self.what else "over the doses",
            "interaction": f"interaction of {self.what}",
        }[self.kind]

    @property
    def _finding(self) -> str:
        p_value = f"p = {self.adjusted_p_value:.2g} after Holm"
        size = "" if self.effect is None else f"{self.effect:+.3g}{self._interval}, "
        if self.differs:
            return f"{self._direction}: {size}{p_value}"
        if self.smallest_p_value > SIGNIFICANT:
            number = self.units + self.reference_units
            return (
                f"cannot be told from chance with {number} units and this many comparisons (the "
                f"smallest possible p value is {self.smallest_p_value:.2g}): {size}{p_value}"
            )
        return f"no difference that chance does not explain: {size}{p_value}"

    @property
    def _direction(self) -> str:
        if self.effect is None:
            return "more than chance explains"
        words = ("falls", "rises") if self.kind == "trend" else ("lower", "higher")
        return f"{words[self.effect > 0]}, hardly by chance"

    @property
    def _interval(self) -> str:
        if self.low is None or self.high is None or self.level is None:
            return ""
        return f" ({100 * self.level:.3g} % interval {self.low:.3g} to {self.high:.3g})"
