"""Calls on the workers of a Dask cluster, which may die, and whose scheduler may."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from distributed import Client, Future, KilledWorker
from distributed.client import FutureCancelledError

from canonica._errors import CanonicaError, RecordingError
from canonica.pipelines.executors._executor import Call, LostCallError

AHEAD = 2  # calls a worker has before it: the next is there when one is done
FIRST_WORKER = 600.0  # seconds that a cluster may take to have its first worker
SCHEDULER_BACK = 300.0  # seconds that a scheduler may take to come back
LOST = {"cancelled", "lost"}  # states of a future whose scheduler has gone, and its result
GONE = (FutureCancelledError, OSError, TimeoutError)  # raised where nobody answers


class DaskExecutor:
    """Does calls on the workers of a cluster, a few at a time for each.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    again : callable, optional
        Returns a new client of the same cluster, for when its scheduler was restarted. Without
        it, that is an error.
    """

    def __init__(self, client: Client, again: Callable[[], Client] | None = None) -> None:
        self.client: Any = client  # whose methods are typed as if it were asynchronous
        self._again = again

    def __call__(self, calls: Iterable[Call]) -> Iterator[tuple[str, Any]]:
        """Yield the key of each call with what it returned, as `Executor` says."""
        waiting, running = iter(calls), dict[Future, Call]()
        lost: list[Call] = []
        self._wait_for_worker()
        try:
            while self._filled(running, lost, waiting):
                for future in self._done(running):
                    call = running.pop(future)
                    if future.status in LOST or not future.done():
                        lost.append(call)
                    else:
                        yield call.key, _outcome(future, call)
                if lost:
                    lost += self._recovered(running)
        finally:
            with suppress(*GONE):
                self.client.cancel(list(running))

    def _wait_for_worker(self) -> None:
        try:
            self.client.wait_for_workers(1, timeout=FIRST_WORKER)
        except TimeoutError as error:
            raise CanonicaError(
                f"cluster: found no worker in {FIRST_WORKER:.0f} s; expected one at least. Start "
                "workers, or see why they do not reach the scheduler."
            ) from error

    def _filled(
        self, running: dict[Future, Call], lost: list[Call], waiting: Iterator[Call]
    ) -> bool:
        """Hand out calls until every worker has some; return whether any are out."""
        room = max(1, AHEAD * len(self.client.nthreads()) - len(running))
        while room > 0 and (call := lost.pop() if lost else next(waiting, None)) is not None:
            running[self.client.submit(call.make, pure=False, retries=0)] = call
            room -= 1
        return bool(running)

    def _done(self, running: dict[Future, Call]) -> list[Future]:
        """Return calls that have come to an end, waiting for the first of them.

        Where the scheduler has gone, one that has not.
        """
        # Dask's own functions that wait ask for a default client, which ours is not, and wait for
        # ever where the scheduler has gone.
        while True:
            ended = [future for future in running if future.done()]
            if ended:
                return ended
            if self.client.status != "running":
                return list(running)[:1]
            time.sleep(0.02)

    def _recovered(self, running: dict[Future, Call]) -> list[Call]:
        """Return all calls that are out, to be done anew, by a client of the scheduler as it is."""
        if self.client.status == "running":
            return []
        if self._again is None:
            raise CanonicaError(
                "cluster: found its scheduler gone; expected it to go on. What was done is kept: "
                "start it anew, and add --resume."
            )
        others = list(running.values())
        running.clear()
        deadline = time.monotonic() + SCHEDULER_BACK
        while True:
            try:
                self.client = self._again()
                self._wait_for_worker()
            except GONE as error:
                if time.monotonic() > deadline:
                    raise CanonicaError(
                        f"cluster: found no scheduler for {SCHEDULER_BACK:.0f} s; expected it to "
                        "come back. What was done is kept: start it anew, and add --resume."
                    ) from error
                time.sleep(1)
            else:
                return others


def _outcome(future: Future, call: Call) -> Any:
    """Return what a call returned, or the error that stands in its place."""
    error: Any = future.exception() if future.status == "error" else None
    if error is None:
        return future.result()
    if isinstance(error, RecordingError):
        return error
    if isinstance(error, KilledWorker | MemoryError):
        return LostCallError(f"piece {call.key}")
    raise error
