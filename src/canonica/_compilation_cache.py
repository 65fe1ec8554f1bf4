"""What JAX compiles for the command line is kept for the next run, in the user's cache.

JAX does the keeping: it finds what it compiled by the program, its own version, XLA's and its
flags. Here it is told where, and only by variables of the environment, before it is imported: a
program that imports canonica keeps its own settings of JAX, and so does a user who has any.

JAX never replaces what it has kept, damaged or not, and keeps nothing more once it was killed in
the midst of it. So whatever is damaged is removed before it is used.
"""

import json
import os
import stat
import zlib
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from platform import machine

from canonica._user_cache import user_cache

OFF = "CANONICA_COMPILATION_CACHE"  # of the environment: "0" for no such cache
OWN = ("JAX_COMPILATION_CACHE_DIR", "JAX_ENABLE_COMPILATION_CACHE")  # the user's: they hold
LARGEST = 64 << 20  # bytes; what was used least recently goes first
SETTINGS = {  # everything is worth keeping: hundreds of small programs take seconds together
    "JAX_COMPILATION_CACHE_MAX_SIZE": str(LARGEST),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
}
ENTRY, USED = "-cache", "-atime"  # files that JAX keeps of a program: itself, and when it was used
LOCK, SUMS = ".lockfile", "sums.json"  # JAX's own lock, and our sums of its files
PATIENCE = 1.0  # seconds to wait for another process
ZLIB = b"\x78"  # first byte of what zlib compressed, which has a sum of its own


def keep_compiled() -> None:
    """Have JAX keep what it compiles in this process and those it starts; silent if it cannot."""
    if os.environ.get(OFF) == "0" or any(name in os.environ for name in OWN):
        return
    with suppress(OSError, RuntimeError):  # no home, no place, no rights, no lock: then without
        folder = user_cache() / "compiled" / _processor()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_own(folder):
            return
        remove_damaged(folder)
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)


def remove_damaged(folder: Path) -> None:
    """Remove compiled programs that are not whole, or no longer what they were.

    Raises
    ------
    OSError
        If another process holds the folder, or nothing can be written there.
    """
    from filelock import FileLock  # noqa: PLC0415  (only where something is kept)

    with FileLock(folder / LOCK, timeout=PATIENCE):
        known = _read_sums(folder / SUMS)
        sums = {}
        for path in folder.glob(f"*{ENTRY}"):
            name = path.name.removesuffix(ENTRY)
            used = path.with_name(name + USED)
            content = path.read_bytes()
            found = zlib.crc32(content)
            sound = known[name] == found if name in known else _is_sound(content)
            if sound and used.exists():
                sums[name] = found
            else:
                _remove((path, used))
        if sums != known:
            part = folder / f"{SUMS}.part"
            part.write_text(json.dumps(sums), encoding="utf-8")
            part.replace(folder / SUMS)


def _processor() -> str:
    """Return a name of this kind of processor: what is compiled for one can crash another.

    Machines of a cluster share the user's cache, and may be of several kinds.
    """
    about = [machine()]
    with suppress(OSError):  # Linux only
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        kinds = ("model name", "flags", "Features", "CPU part")
        about += [next((line for line in lines if line.startswith(kind)), "") for kind in kinds]
    return f"{about[0]}-{sha256(repr(about).encode()).hexdigest()[:12]}"


def _is_own(folder: Path) -> bool:
    """Return whether nobody else may write there: who can, can run code in our name."""
    if not hasattr(os, "getuid"):
        return True
    about = folder.stat()
    return about.st_uid == os.getuid() and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _read_sums(path: Path) -> dict[str, int]:
    try:
        sums = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return sums if isinstance(sums, dict) else {}


def _is_sound(content: bytes) -> bool:
    """Return whether a program that nobody has looked at can be whole."""
    if not content.startswith(ZLIB):
        return bool(content)
    try:
        zlib.decompress(content)
    except zlib.error:
        return False
    return True


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
