"""From what a user says of a cluster to who does the work."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union, cast

from canonica._checks import checked_size
from canonica._cores import cores
from canonica._errors import CanonicaError
from canonica.pipelines.executors._executor import Executor, in_order

if TYPE_CHECKING:
    from distributed import Client

ClusterLike: TypeAlias = Union[str, PathLike[str], "Client", None]
LOCAL = re.compile(r"local(:\d+)?")
ADDRESS = re.compile(r"(tcp|tls|ucx|ws|wss|inproc)://\S+")
EXPECTED = "local, local:4 (so many workers), tcp://scheduler:8786, or the path of a scheduler file"
ANSWER = 30.0  # seconds for a scheduler to answer at first


@contextmanager
def opened_executor(cluster: ClusterLike) -> Iterator[Executor]:
    """Give an executor, and close at the end what was opened for it.

    Parameters
    ----------
    cluster : str, path-like or distributed.Client
        ``"local"`` or ``"local:4"``, for so many processes on this machine; the address of a
        scheduler; the path of a scheduler file, as Dask's schedulers, dask-jobqueue and
        dask-gateway write it; or a client, which stays open. None for this process.

    Raises
    ------
    CanonicaError
        If it is nothing of that, Dask is not installed, or nobody answers.
    """
    if cluster is None:
        yield in_order
        return
    library = _library()
    from canonica.pipelines.executors._dask_executor import DaskExecutor  # noqa: PLC0415

    if isinstance(cluster, library.Client):
        yield DaskExecutor(cast("Client", cluster))
    elif isinstance(cluster, str) and ADDRESS.fullmatch(cluster):
        with _connected(library, address=cluster) as executor:
            yield executor
    elif isinstance(cluster, str) and LOCAL.fullmatch(cluster):
        with _local(library, cluster) as client:
            yield DaskExecutor(client)
    elif isinstance(cluster, str | PathLike) and Path(cluster).is_file():
        with _connected(library, scheduler_file=str(cluster)) as executor:
            yield executor
    else:
        raise CanonicaError(f"cluster: found {cluster!r}; expected {EXPECTED}.")


def _library() -> Any:
    try:
        import distributed  # noqa: PLC0415
    except ImportError as error:
        raise CanonicaError(
            "cluster: found no dask.distributed; expected it to be installed. Install it: "
            'pip install "canonica[cluster]".'
        ) from error
    return distributed


@contextmanager
def _local(library: Any, cluster: str) -> Iterator[Any]:
    number = cluster.partition(":")[2]
    # Each a process of its own, started anew: a fork of a process that runs JAX can hang.
    with (
        library.LocalCluster(
            n_workers=checked_size("cluster", int(number)) if number else cores(),
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs="CRITICAL",
        ) as local,
        library.Client(local, set_as_default=False) as client,
    ):
        yield client


@contextmanager
def _connected(library: Any, **where: str) -> Iterator[Executor]:
    from canonica.pipelines.executors._dask_executor import DaskExecutor  # noqa: PLC0415

    again = partial(library.Client, **where, timeout=ANSWER, set_as_default=False)
    try:
        client = again()
    except (OSError, TimeoutError, ValueError) as error:
        raise CanonicaError(
            f"cluster: found nobody who answers at {next(iter(where.values()))}; expected a "
            "running scheduler. Is the address right, and the scheduler running?"
        ) from error
    executor = DaskExecutor(client, again)
    try:
        yield executor
    finally:
        executor.client.close()
