"""The user's cache: what can be made or fetched again, and so may be removed at any time."""

from pathlib import Path


def user_cache() -> Path:
    """Return the folder of canonica in the user's cache, which need not be there.

    Raises
    ------
    RuntimeError
        If the user has no home.
    """
    from platformdirs import user_cache_path  # noqa: PLC0415  (only where something is kept)

    return user_cache_path("canonica").expanduser()
