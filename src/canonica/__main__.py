"""`canonica`, and `python -m canonica`: the command line."""

import os
import signal


def program() -> None:
    """Run the command line, which signals end from the first moment on, before it is loaded."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)
    from canonica._compilation_cache import keep_compiled  # noqa: PLC0415  (signals come first)

    keep_compiled()
    from canonica.cli import program as loaded  # noqa: PLC0415  (takes a while)

    loaded()


def _end(number: int, _: object) -> None:
    os.write(2, b"error: interrupted; nothing was written.\n")
    os._exit(128 + number)


if __name__ == "__main__":
    program()
