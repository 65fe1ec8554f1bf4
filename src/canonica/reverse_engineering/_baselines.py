"""The baseline of every condition, given or computed, with a word on where it came from."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from canonica._errors import CanonicaError, listed
from canonica.reverse_engineering._ensembles import EnsembleResponse
from canonica.reverse_engineering._normalisation import baseline_of
from canonica.reverse_engineering._published_protocol import PublishedProtocol


class Baseline(NamedTuple):
    """Mean response that stands for ordinary excitability, in spikes, and its origin."""

    value: float
    origin: str


def baselines(
    ensembles: Sequence[EnsembleResponse],
    protocol: PublishedProtocol,
    given: float | Mapping[str, float] | None,
) -> dict[str, Baseline]:
    """Return the baseline of each condition among `ensembles`.

    Parameters
    ----------
    ensembles : sequence of EnsembleResponse
        The recordings, of any conditions.
    protocol : PublishedProtocol
        Says how many sessions are initial.
    given : float, mapping or None
        One for all, one per condition, or none: computed from the recordings of the condition.

    Raises
    ------
    CanonicaError
        If one is not a number above 0.
    """
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
    group: Sequence[EnsembleResponse], protocol: PublishedProtocol, given: float | None
) -> Baseline:
    if given is not None:
        if not (math.isfinite(given) and given > 0):
            raise CanonicaError(f"baseline: found {given}; expected mean spikes, a number above 0.")
        return Baseline(float(given), "given")
    count = f"{len(group)} recording{'s' if len(group) > 1 else ''}"
    value = baseline_of(group, protocol)
    return Baseline(value, f"computed from {count} of condition {group[0].condition}")


def check_conditions(given: float | Mapping[str, float] | None, conditions: Iterable[str]) -> None:
    """Raise CanonicaError where a baseline is given for a condition that no recording is of."""
    known = sorted(set(conditions))
    unknown = sorted(given.keys() - known) if isinstance(given, Mapping) else []
    if unknown:
        raise CanonicaError(
            f"baseline: found one for condition {listed(unknown)}; expected conditions among "
            f"{listed(known)}, which the recordings are of."
        )
