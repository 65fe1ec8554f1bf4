"""What JAX compiled for the command line is kept, checked, and never in the way."""

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from canonica import _compilation_cache
from canonica._compilation_cache import LARGEST, OFF, OWN, SETTINGS, keep_compiled, remove_damaged

FOLDER = "JAX_COMPILATION_CACHE_DIR"
COMPILE = """
import os, sys
from canonica._compilation_cache import keep_compiled
keep_compiled()
import jax, jax.numpy as jnp
events = []
jax.monitoring.register_event_listener(lambda event, **_: events.append(event.split("/")[-1]))
found = jax.jit(lambda x: jnp.sin(x) @ jnp.cos(x))(jnp.arange(64.0))
print(found.tobytes().hex(), "cache_hits" in events)
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return the user's cache, with nothing set in the environment that would change it."""
    for name in (OFF, *OWN, *SETTINGS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(_compilation_cache, "user_cache", lambda: tmp_path / "canonica")
    return tmp_path / "canonica"


def entry(folder, name, content=b"\x28\xb5\x2f\xfd compiled"):
    folder.mkdir(exist_ok=True)
    (folder / f"{name}-cache").write_bytes(content)
    (folder / f"{name}-atime").write_bytes(bytes(8))


def kept(folder):
    return sorted(path.name.removesuffix("-cache") for path in folder.glob("*-cache"))


def test_settings_are_in_the_environment_and_bounded(cache):
    keep_compiled()
    folder = os.environ[FOLDER]
    assert folder.startswith(str(cache / "compiled"))
    assert int(os.environ["JAX_COMPILATION_CACHE_MAX_SIZE"]) == LARGEST
    if os.name == "posix":
        assert not stat.S_IMODE(Path(folder).stat().st_mode) & 0o077


@pytest.mark.parametrize("setting", [(OFF, "0"), (OWN[0], "/elsewhere"), (OWN[1], "false")])
def test_the_users_own_setting_wins(cache, setting):
    os.environ |= dict([setting])
    before = dict(os.environ)
    keep_compiled()
    assert os.environ == before
    assert not cache.exists()


@pytest.mark.usefixtures("cache")
def test_another_kind_of_processor_has_a_folder_of_its_own(monkeypatch):
    keep_compiled()
    folder = os.environ.pop(FOLDER)
    monkeypatch.setattr(_compilation_cache, "machine", lambda: "another")
    keep_compiled()
    assert Path(os.environ[FOLDER]).name.startswith("another-")
    assert Path(os.environ[FOLDER]).parent == Path(folder).parent


@pytest.mark.usefixtures("cache")
def test_other_settings_of_the_user_stay():
    os.environ["JAX_COMPILATION_CACHE_MAX_SIZE"] = "1000"
    keep_compiled()
    assert os.environ["JAX_COMPILATION_CACHE_MAX_SIZE"] == "1000"


def test_without_a_place_all_goes_on(cache, monkeypatch):
    cache.write_text("a file where the folder should be")
    keep_compiled()

    def homeless():
        raise RuntimeError("no home")

    monkeypatch.setattr(_compilation_cache, "user_cache", homeless)
    keep_compiled()
    assert FOLDER not in os.environ


@pytest.mark.usefixtures("cache")
@pytest.mark.skipif(os.name != "posix", reason="rights are others elsewhere")
def test_a_folder_where_others_may_write_is_not_used():
    keep_compiled()
    folder = os.environ.pop(FOLDER)
    Path(folder).chmod(0o720)
    keep_compiled()
    assert FOLDER not in os.environ


@pytest.mark.usefixtures("cache")
def test_a_folder_that_another_holds_is_not_waited_for(monkeypatch):
    keep_compiled()
    folder = os.environ.pop(FOLDER)
    monkeypatch.setattr(_compilation_cache, "PATIENCE", 0.01)
    with FileLock(Path(folder) / ".lockfile"):
        keep_compiled()
    assert FOLDER not in os.environ


def test_damaged_entries_are_removed(tmp_path):
    for name in ("sound", "changed", "unused", "emptied"):
        entry(tmp_path, name)
    (tmp_path / "unused-atime").unlink()
    remove_damaged(tmp_path)
    assert kept(tmp_path) == ["changed", "emptied", "sound"]
    entry(tmp_path, "changed", b"\x28\xb5\x2f\xfd compilec")
    entry(tmp_path, "emptied", b"")
    remove_damaged(tmp_path)
    assert kept(tmp_path) == ["sound"]
    assert list(json.loads((tmp_path / "sums.json").read_text())) == ["sound"]


@pytest.mark.parametrize("content", [b"", b"\x78\x9c cut"])
def test_entries_nobody_looked_at_must_be_whole(tmp_path, content):
    entry(tmp_path, "new", content)
    remove_damaged(tmp_path)
    assert not list(tmp_path.glob("new-*"))


@pytest.mark.parametrize("sums", ["{", "[]", ""])
def test_lost_sums_are_made_anew(tmp_path, sums):
    entry(tmp_path, "sound")
    (tmp_path / "sums.json").write_text(sums)
    remove_damaged(tmp_path)
    assert kept(tmp_path) == ["sound"]
    assert list(json.loads((tmp_path / "sums.json").read_text())) == ["sound"]


def run(home, **settings):
    environment = {name: value for name, value in os.environ.items() if name not in (OFF, *OWN)}
    environment |= {"XDG_CACHE_HOME": str(home), "LOCALAPPDATA": str(home), "HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", COMPILE],
        capture_output=True,
        text=True,
        env=environment | settings,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.slow
def test_what_is_kept_gives_the_same_to_the_bit_and_damage_only_a_compilation(tmp_path):
    expected, found = run(tmp_path, **{OFF: "0"})
    assert found == "False"
    assert not list(tmp_path.rglob("*-cache"))
    with ThreadPoolExecutor() as both:  # processes that share the folder from the beginning
        found = list(both.map(run, [tmp_path] * 2))
    assert [result for result, _ in found] == [expected] * 2
    assert run(tmp_path) == [expected, "True"]
    for path in tmp_path.rglob("*-cache"):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    assert run(tmp_path) == [expected, "False"]
    assert run(tmp_path) == [expected, "True"]
