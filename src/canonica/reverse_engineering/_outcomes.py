"""The protocol's steps in order, over any number of recordings, a failing one among them or not."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import numpy as np
import xarray as xr

from canonica._errors import RecordingError
from canonica.reverse_engineering._analysis import Analysis, Constants, analyses
from canonica.reverse_engineering._baselines import Baseline, baselines
from canonica.reverse_engineering._ensembles import EnsembleResponse, ensemble_response
from canonica.reverse_engineering._estimation import Observed
from canonica.reverse_engineering._normalisation import normalised_response
from canonica.reverse_engineering._protocol import PublishedProtocol
from canonica.reverse_engineering._result import analysis_result, recording_result

LARGEST_BATCH = 16  # recordings per compiled call: bounds memory, whatever their number

P = ParamSpec("P")
Found = TypeVar("Found")


def outcomes(
    recordings: Sequence[xr.Dataset],
    protocol: PublishedProtocol,
    baseline: float | Mapping[str, float] | None,
) -> list[xr.Dataset | RecordingError]:
    """Return the result of each recording, or the reason why it has none, in their order."""
    with ThreadPoolExecutor() as pool:
        reduced = list(pool.map(lambda one: attempt(ensemble_response, one, protocol), recordings))
    ensembles = {
        index: one for index, one in enumerate(reduced) if isinstance(one, EnsembleResponse)
    }
    found = dict(results(ensembles, protocol, baseline))
    return [
        one if isinstance(one, RecordingError) else found[index]
        for index, one in enumerate(reduced)
    ]


def attempt(
    function: Callable[P, Found], *args: P.args, **kwargs: P.kwargs
) -> Found | RecordingError:
    """Return what `function` returns, or the RecordingError that it raises."""
    try:
        return function(*args, **kwargs)
    except RecordingError as error:
        return error


@dataclass(frozen=True, eq=False)
class _Normalised:
    """A recording that is ready for the batch."""

    key: int
    ensembles: EnsembleResponse
    response: np.ndarray
    baseline: Baseline

    @property
    def shape(self) -> tuple[int, ...]:
        """What recordings must share to be computed in one call."""
        sizes = self.ensembles.stimuli.shape[1], len(self.response)
        return *self.ensembles.sessions.shape, *sizes

    @property
    def observed(self) -> Observed:
        fold = self.ensembles.sessions.fold
        stimuli, valid = self.ensembles.stimuli, self.ensembles.sessions.valid
        return Observed(self.ensembles.sessions.fold_rows(self.response), fold(stimuli), valid)

    @property
    def sources(self) -> np.ndarray:
        return self.ensembles.sessions.fold_rows(self.ensembles.sources.T)


def results(
    ensembles: Mapping[int, EnsembleResponse],
    protocol: PublishedProtocol,
    baseline: float | Mapping[str, float] | None,
) -> Iterator[tuple[int, xr.Dataset | RecordingError]]:
    """Yield each key of `ensembles` with its result, as batches of equal shape are done."""
    of_condition = baselines(list(ensembles.values()), protocol, baseline)
    by_shape: dict[tuple[int, ...], list[_Normalised]] = {}
    for key, culture in ensembles.items():
        base = of_condition[culture.condition]
        response = attempt(normalised_response, culture, base.value)
        if isinstance(response, RecordingError):
            yield key, response
            continue
        ready = _Normalised(key, culture, response, base)
        by_shape.setdefault(ready.shape, []).append(ready)
    for group in by_shape.values():
        for batch, analysis in _batch_analyses(group, protocol):
            for index, ready in enumerate(batch):
                yield ready.key, _result(ready, only(analysis, index), protocol)


def _batch_analyses(
    group: Sequence[_Normalised], protocol: PublishedProtocol
) -> Iterator[tuple[Sequence[_Normalised], Analysis]]:
    """Yield batches of one size with their analysis; the last is filled up, to compile once."""
    batches = math.ceil(len(group) / LARGEST_BATCH)
    size = math.ceil(len(group) / batches)
    for start in range(0, len(group), size):
        batch = group[start : start + size]
        filled = [*batch, *[batch[-1]] * (size - len(batch))]
        observed, sources = zip(*((one.observed, one.sources) for one in filled), strict=True)
        yield batch, analysed(observed, sources, protocol)


def analysed(
    observed: Sequence[Observed], sources: Sequence[np.ndarray] | None, protocol: PublishedProtocol
) -> Analysis:
    """Return the analyses of recordings of one shape."""
    return analyses(
        Observed(*(np.stack(parts) for parts in zip(*observed, strict=True))),
        None if sources is None else np.stack(sources),
        Constants(protocol.prior_strength, protocol.initial_gain, protocol.epsilon),
        initial_sessions=protocol.initial_sessions,
    )


def only(analysis: Analysis, index: int) -> Analysis:
    """Return one recording's part of a batch."""
    return Analysis(*(None if part is None else part[index] for part in analysis))


def _result(
    ready: _Normalised, analysis: Analysis, protocol: PublishedProtocol
) -> xr.Dataset | RecordingError:
    ensembles = ready.ensembles
    if not np.isfinite(analysis.threshold_factor).all():
        return saturated(ensembles.label, analysis)
    attrs = ensembles.attrs | {
        "baseline": ready.baseline.value,
        "baseline_origin": ready.baseline.origin,
    }
    result = analysis_result(ready.response, ensembles.sessions, analysis, protocol, attrs)
    return recording_result(ensembles, result)


def saturated(name: str, analysis: Analysis) -> RecordingError:
    """Return the error for an ensemble whose mean activity is 0 or 1: it has no threshold."""
    factor = analysis.threshold_factor
    silent, full = ~np.isfinite(factor[1]), ~np.isfinite(factor[0])
    return RecordingError(
        name,
        "responses",
        found=(
            f"normalised activity at 0 or 1 throughout the initial sessions in ensemble "
            f"{', '.join(str(j + 1) for j in np.flatnonzero(silent | full))}"
        ),
        expected="activity in between",
        advice="The baseline may be far from these recordings' own responses: check --baseline.",
    )
