"""The protocol's steps in order, over any number of recordings, a failing one among them or not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import RecordingError, listed
from canonica.reverse_engineering._failures import attempt
from canonica.reverse_engineering.published_protocol._analysis import ProtocolSteps
from canonica.reverse_engineering.published_protocol._baselines import (
    Baseline,
    GivenBaseline,
    baselines,
    check_conditions,
)
from canonica.reverse_engineering.published_protocol._batch import analysed, batches, one_ahead
from canonica.reverse_engineering.published_protocol._ensembles import (
    EnsembleResponse,
    ensemble_response,
)
from canonica.reverse_engineering.published_protocol._normalisation import normalised_response
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol
from canonica.reverse_engineering.published_protocol._result import (
    analysis_variables,
    recording_variables,
    result,
)


def outcomes(
    recordings: Sequence[xr.Dataset],
    protocol: PublishedProtocol,
    baseline: GivenBaseline,
) -> list[xr.Dataset | RecordingError]:
    """Return the result of each recording, or the reason why it has none, in their order."""
    reduced = [attempt(ensemble_response, one, protocol) for one in recordings]
    check_conditions(baseline, (str(one.attrs.get("condition", "unknown")) for one in recordings))
    ensembles = {
        index: one for index, one in enumerate(reduced) if isinstance(one, EnsembleResponse)
    }
    found = dict(results(ensembles, protocol, baseline))
    return [
        one if isinstance(one, RecordingError) else found[index]
        for index, one in enumerate(reduced)
    ]


@dataclass(frozen=True, eq=False)
class _Ready:
    """A recording whose activity is known (step 3), so that it is ready to be analysed."""

    key: int
    ensembles: EnsembleResponse
    response: np.ndarray
    baseline: Baseline


_ComputedBatch: TypeAlias = tuple[list[_Ready], list[ProtocolSteps], dict[int, RecordingError]]


@checked_arguments
def results(
    ensembles: Mapping[int, EnsembleResponse],
    protocol: PublishedProtocol,
    baseline: GivenBaseline,
) -> Iterator[tuple[int, xr.Dataset | RecordingError]]:
    """Yield each key of `ensembles` with its result, as batches of equal shape are done.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    of_condition = baselines(list(ensembles.values()), protocol, baseline)

    def normalised(key: int) -> _Ready:
        culture = ensembles[key]
        base = of_condition[culture.condition]
        return _Ready(key, culture, normalised_response(culture, base.value), base)

    def computed(batch: tuple[Sequence[int], int]) -> _ComputedBatch:
        keys, size = batch
        outcomes = {key: attempt(normalised, key) for key in keys}
        ready = [one for one in outcomes.values() if isinstance(one, _Ready)]
        failed = {key: one for key, one in outcomes.items() if isinstance(one, RecordingError)}
        return ready, _analyses(ready, size, protocol), failed

    by_shape: dict[tuple[int, ...], list[int]] = {}
    for key, culture in ensembles.items():
        by_shape.setdefault(culture.shape, []).append(key)
    every_batch = chain.from_iterable(batches(keys) for keys in by_shape.values())
    for ready, analyses, failed in one_ahead(computed, every_batch):
        yield from failed.items()
        for one, analysis in zip(ready, analyses, strict=True):
            yield one.key, _result(one, analysis, protocol)


def _analyses(
    ready: Sequence[_Ready], size: int, protocol: PublishedProtocol
) -> list[ProtocolSteps]:
    if not ready:
        return []
    observed = [one.ensembles.folded(one.response) for one in ready]
    sources = [one.ensembles.sessions.fold_rows(one.ensembles.sources.T) for one in ready]
    return analysed(observed, sources, protocol, size=size)


def _result(
    ready: _Ready, analysis: ProtocolSteps, protocol: PublishedProtocol
) -> xr.Dataset | RecordingError:
    ensembles = ready.ensembles
    if not np.isfinite(analysis.threshold_factor).all():
        return saturated(ensembles.label, analysis.threshold_factor)
    base = {"baseline": ready.baseline.value, "baseline_origin": ready.baseline.origin}
    variables = analysis_variables(ready.response, ensembles.sessions, analysis)
    variables |= recording_variables(ensembles, ready.response)
    attrs = ensembles.attrs | base
    return result(variables, ensembles.sessions, protocol, attrs, ensembles.states.labels)


def saturated(name: str, factor: np.ndarray) -> RecordingError:
    """Return the error for an ensemble whose mean activity is 0 or 1: it has no threshold."""
    ensembles = np.flatnonzero(~np.isfinite(factor).all(axis=0)) + 1
    return RecordingError(
        name,
        "responses",
        found=(
            f"normalised activity at 0 or 1 throughout the initial sessions in ensemble "
            f"{listed(ensembles)}"
        ),
        expected="activity in between",
        advice="The baseline may be far from these recordings' own responses: check --baseline.",
    )
