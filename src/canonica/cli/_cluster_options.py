"""Options of commands whose work can be done by the workers of a cluster."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

OPTIONS = {
    "cluster": Annotated[
        str | None,
        typer.Option(
            metavar="local[:WORKERS]|tcp://HOST:PORT",
            help="Work in so many processes of this machine, or on the workers of a Dask "
            'scheduler; needs pip install "canonica\\[cluster]".',
            show_default="this process",
        ),
    ],
    "cluster_file": Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="... or on the cluster whose scheduler wrote this file, as dask-jobqueue's do.",
        ),
    ],
}


Returned = TypeVar("Returned", int, None)


def takes_cluster(command: Callable[..., Returned]) -> Callable[..., Returned]:
    """Return `command` with the options of clusters in place of its parameter `cluster`."""
    own = {name: p for name, p in signature(command).parameters.items() if name != "cluster"}

    @wraps(command)
    def run(
        *args: Any, cluster: str | None = None, cluster_file: Path | None = None, **kwargs: Any
    ) -> Returned:
        if cluster is not None and cluster_file is not None:
            raise typer.BadParameter("found --cluster and --cluster-file; expected one of them.")
        return command(*args, cluster=cluster or cluster_file, **kwargs)

    options = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=hint)
        for name, hint in OPTIONS.items()
    ]
    parameters = [p.replace(kind=Parameter.KEYWORD_ONLY) for p in own.values()]
    run.__signature__ = signature(command).replace(parameters=parameters + options)  # type: ignore[attr-defined]
    hints = {name: hint for name, hint in command.__annotations__.items() if name != "cluster"}
    run.__annotations__ = hints | OPTIONS
    return run
