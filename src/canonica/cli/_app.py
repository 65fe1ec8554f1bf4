"""The command line: what every command shares."""

import os
import signal
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import wraps
from inspect import getfullargspec, signature
from typing import Annotated, Any, ParamSpec

import typer
from rich.console import Console
from rich.text import Text
from typer.models import ArgumentInfo

from canonica._errors import CanonicaError, RecordingError, listed
from canonica._harmless import visible
from canonica._version import __version__
from canonica.cli._interruption import if_interrupted, interruptible, last_words

P = ParamSpec("P")

app = typer.Typer(
    name="canonica",
    help="Reverse-engineer the generative model that a neural network implicitly holds.",
    epilog="Start with: canonica demo. Then: canonica analyze --help.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


class HarmlessConsole(Console):
    """A console that shows text from files, and lets none of it command the terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return text to be printed, its control characters visible."""
        return super().render_str(visible(text), **options)


def _write_nowhere(self: Console) -> None:
    """Let the rest go nowhere, when nobody reads on: results and exit code are as they are."""
    self.quiet = True
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, self.file.fileno())  # or what is left would be tried again at the end
    os.close(nowhere)


# Of every console: typer prints help on one of its own.
Console.on_broken_pipe = _write_nowhere

output = HarmlessConsole(soft_wrap=False)
messages = HarmlessConsole(stderr=True)


class Settings:
    """Options that hold for every command: whether errors show their traceback."""

    debug = False


def _print_version(wanted: bool) -> None:
    if wanted:
        output.print(f"canonica {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def shared(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="If there is an error, show where in the code (its traceback). May stand anywhere "
            "in the command.",
        ),
    ] = False,
) -> None:
    """Reverse-engineer the generative model that a neural network implicitly holds."""
    del version
    Settings.debug = Settings.debug or debug


def reports_errors(command: Callable[P, int]) -> Callable[P, None]:
    """Return `command` ended by the exit code it returns, or by 2 and one message on an error."""
    options, any_else = _options(command), getfullargspec(command).varkw

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        if_interrupted()
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _warn
                code = command(*args, **kwargs)
        except KeyboardInterrupt:
            complain(last_words())
            code = 128 + signal.SIGINT
        except SystemExit:  # of a signal
            complain(last_words())
            raise
        except (CanonicaError, OSError) as error:
            if Settings.debug:
                raise
            complain_of(getattr(error, "failures", ()))
            own = options if any_else is None else options | kwargs.keys()
            complain(_of_options(getattr(error, "message", str(error)), own))
            code = 2
        raise typer.Exit(code)

    return run


def _options(command: Callable[..., int]) -> set[str]:
    """Return the settings of a command that are options, and not told by their place."""
    about = {
        name: getattr(parameter.annotation, "__metadata__", ())
        for name, parameter in signature(command).parameters.items()
    }
    return {
        name
        for name, known in about.items()
        if not any(isinstance(one, ArgumentInfo) for one in known)
    }


def _of_options(message: str, settings: Collection[str]) -> str:
    """Return a message that begins with the name of a setting with that of its option instead."""
    name, colon, rest = message.partition(": ")
    return f"--{name.replace('_', '-')}{colon}{rest}" if colon and name in settings else message


def _warn(message: Warning | str, category: type[Warning], *_: object) -> None:
    """Print a warning of ours; those of libraries are for programmers."""
    if category.__module__.startswith("canonica"):
        messages.print("[bold yellow]warning:[/bold yellow]", end=" ")
        messages.print(str(message), markup=False, highlight=False, soft_wrap=True)


def complain(message: str) -> None:
    """Print an error message."""
    messages.print("[bold red]error:[/bold red]", end=" ")
    messages.print(message, markup=False, highlight=False, soft_wrap=True)


def complain_of(failures: Iterable[Exception]) -> None:
    """Print failures as errors; what is the same for several recordings, once for all of them."""
    same: dict[object, list[Exception]] = {}
    for failure in failures:
        alike: object = failure  # like no other
        if isinstance(failure, RecordingError):
            alike = failure.variable, failure.found, failure.expected, failure.advice
        same.setdefault(alike, []).append(failure)
    for first, *others in same.values():
        message = str(first)
        if others and isinstance(first, RecordingError):
            sources = [one.source for one in (first, *others) if isinstance(one, RecordingError)]
            of_all = f"{len(sources)} recordings ({listed(sources)})"
            message = of_all + message.removeprefix(first.source)
        complain(message)


def main() -> None:
    """Run the command line, and end by `SystemExit`."""
    arguments = sys.argv[1:]
    if "--debug" in arguments:
        Settings.debug = True
        arguments = [argument for argument in arguments if argument != "--debug"]
    _refuse_empty(arguments)
    app(args=arguments)


def _refuse_empty(arguments: Sequence[str]) -> None:
    """End with an error if an argument is empty: as a path it would mean the current folder."""
    for before, argument in zip(["canonica", *arguments], arguments, strict=False):
        option = argument.removesuffix("=")
        if not argument or (argument.startswith("--") and argument != option):
            where = option if argument else f"the argument after {before}"
            complain(
                f"{where}: found an empty text; expected a path, a name or a number. A variable "
                "of the shell that is not set can be the cause."
            )
            sys.exit(2)


def program() -> None:
    """Run the command line as a process of its own, which signals end."""
    interruptible(main)
