"""The baseline of every condition, given or computed, with a word on where it came from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from canonica._arguments import checked_arguments
from canonica._checks import checked_positive
from canonica._errors import CanonicaError, listed
from canonica.reverse_engineering.published_protocol._ensembles import (
    EnsembleResponse,
    InitialResponse,
)
from canonica.reverse_engineering.published_protocol._normalisation import baseline_of
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol

SPIKES = "It is a mean number of spikes."


@dataclass(frozen=True)
class BaselineFrom:
    """One baseline for all recordings: that of one condition, computed from its recordings.

    Parameters
    ----------
    condition : str
        The condition that the others are compared with: the control, if there is one.
    """

    condition: str


GivenBaseline: TypeAlias = float | Mapping[str, float] | BaselineFrom | None


class Baseline(NamedTuple):
    """Mean response that stands for ordinary excitability, in spikes, and its origin."""

    value: float
    origin: str


@checked_arguments
def baselines(
    ensembles: Sequence[EnsembleResponse | InitialResponse],
    protocol: PublishedProtocol,
    given: GivenBaseline,
) -> dict[str, Baseline]:
    """Return the baseline of each condition among `ensembles`.

    Parameters
    ----------
    ensembles : sequence of EnsembleResponse or InitialResponse
        The recordings, of any conditions; or as much of each as counts.
    protocol : PublishedProtocol
        Says how many sessions are initial.
    given : float, mapping, BaselineFrom or None
        One for all, one per condition, that of one condition for all, or none: computed from the
        recordings of the condition.

    Raises
    ------
    CanonicaError
        If one is not a number above 0, or no recording is of the condition that it is from.
    """
    if isinstance(given, BaselineFrom):
        group = [culture for culture in ensembles if culture.condition == given.condition]
        if ensembles:
            check_conditions(given, (culture.condition for culture in ensembles))
        return {culture.condition: _baseline(group, protocol, None) for culture in ensembles}
    conditions = {culture.condition: None for culture in ensembles}
    return {
        condition: _baseline(
            [culture for culture in ensembles if culture.condition == condition],
            protocol,
            given.get(condition) if isinstance(given, Mapping) else given,
        )
        for condition in conditions
    }


def _baseline(
    group: Sequence[EnsembleResponse | InitialResponse],
    protocol: PublishedProtocol,
    given: float | None,
) -> Baseline:
    if given is not None:
        return Baseline(checked_positive("baseline", given, advice=SPIKES), "given")
    count = f"{len(group)} recording{'s' if len(group) > 1 else ''}"
    value = baseline_of(group, protocol)
    return Baseline(value, f"computed from {count} of condition {group[0].condition}")


@checked_arguments
def own_baselines(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Return a warning where conditions stand side by side that each have a baseline of their own.

    Parameters
    ----------
    rows : sequence of mapping
        `condition`, `baseline` and `baseline_origin` of each recording, as results say them.

    Returns
    -------
    str or None
        None where there is one condition, or one baseline.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.

    Examples
    --------
    >>> rows = [
    ...     {"condition": name, "baseline": value, "baseline_origin": "computed"}
    ...     for name, value in (("ctrl", 2.5), ("drug", 3.1))
    ... ]
    >>> print(own_baselines(rows)[:39])
    CONDITIONS WITH BASELINES OF THEIR OWN:
    """
    computed = {
        str(row["condition"]): float(row["baseline"])
        for row in rows
        if str(row["baseline_origin"]) != "given"
    }
    if len(set(computed.values())) < 2:  # noqa: PLR2004
        return None
    values = listed(f"{name} {value:.3g}" for name, value in sorted(computed.items()))
    return (
        f"CONDITIONS WITH BASELINES OF THEIR OWN: {values} spikes. Each condition is normalised by "
        "its own mean response, which hides the very difference in excitability between them: "
        "their firing thresholds cannot be compared. For one baseline, add "
        "--baseline-from CONDITION (the control), or --baseline NUMBER."
    )


@checked_arguments
def check_conditions(given: GivenBaseline, conditions: Iterable[str]) -> None:
    """Raise CanonicaError where a baseline is given for a condition that no recording is of.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    known = sorted(set(conditions))
    named = {given.condition} if isinstance(given, BaselineFrom) else set()
    named |= given.keys() if isinstance(given, Mapping) else set()
    unknown = sorted(named - set(known))
    if unknown:
        raise CanonicaError(
            f"baseline: found one for condition {listed(unknown)}; expected conditions among "
            f"{listed(known)}, which the recordings are of."
        )
