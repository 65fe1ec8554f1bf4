"""Many recordings, a bounded number at a time, computed while the last are being written up."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from canonica.reverse_engineering.published_protocol._analysis import (
    Constants,
    ProtocolSteps,
    analyses,
)
from canonica.reverse_engineering.published_protocol._observed import Observed
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol

LARGEST_BATCH = 8  # recordings per compiled call: bounds memory, whatever their number

Item = TypeVar("Item")
Done = TypeVar("Done")


def batches(items: Sequence[Item]) -> Iterator[tuple[Sequence[Item], int]]:
    """Yield `items` in batches, each with the size that all of them are to be filled up to."""
    if not items:
        return
    size = math.ceil(len(items) / math.ceil(len(items) / LARGEST_BATCH))
    for start in range(0, len(items), size):
        yield items[start : start + size], size


def analysed(
    observed: Sequence[Observed],
    sources: Sequence[np.ndarray] | None,
    protocol: PublishedProtocol,
    *,
    size: int | None = None,
) -> list[ProtocolSteps]:
    """Return the analysis of each of several recordings of one shape, from one compiled call.

    With `size`, the batch is filled up to it, so that batches of any number are compiled once.
    """
    filling = 0 if size is None else size - len(observed)
    filled = [*observed, *[observed[-1]] * filling]
    found = analyses(
        Observed(*(np.stack(parts) for parts in zip(*filled, strict=True))),
        None if sources is None else np.stack([*sources, *[sources[-1]] * filling]),
        Constants(protocol.prior_strength, protocol.initial_gain, protocol.epsilon),
        initial_sessions=protocol.initial_sessions,
    )
    return [
        ProtocolSteps(*(None if part is None else part[index] for part in found))
        for index in range(len(observed))
    ]


def one_ahead(function: Callable[[Item], Done], items: Iterable[Item]) -> Iterator[Done]:
    """Yield ``function(item)`` for each item, the next one being computed meanwhile."""
    pending: Future[Done] | None = None
    with ThreadPoolExecutor(1) as worker:
        for item in items:
            following = worker.submit(function, item)
            if pending is not None:
                yield pending.result()
            pending = following
        if pending is not None:
            yield pending.result()
