"""Checkpoints: whole, of this run and this maze, or refused in one clear error."""

import numpy as np
import pytest

from canonica import CanonicaError
from canonica.agents.experiments.maze import _experiment_store
from canonica.agents.experiments.maze._experiment_store import ExperimentStore, stored_settings


def test_settings_that_a_killed_call_had_begun_are_no_obstacle(tmp_path):
    (tmp_path / ".settings-left.json").touch()
    ExperimentStore(tmp_path, {"seed": 1})
    assert stored_settings(tmp_path) == {"seed": 1}


def test_a_run_by_another_version_is_not_gone_on_with(tmp_path, monkeypatch):
    before = {"canonica_version": "0", "jax_version": "0"}
    monkeypatch.setattr(_experiment_store, "versions", lambda: before)
    ExperimentStore(tmp_path, {"seed": 1})
    monkeypatch.undo()
    with pytest.raises(CanonicaError, match="found an unfinished run with canonica_version 0"):
        ExperimentStore(tmp_path, {"seed": 1})


@pytest.mark.parametrize("content", ["[", "[1]", "{}", "changed", '{"settings": [], "sha256": 1}'])
def test_settings_that_are_none_are_told(tmp_path, content):
    ExperimentStore(tmp_path, {"trials": 2})
    path = tmp_path / "settings.json"
    path.write_text(
        path.read_text().replace('"trials": 2', '"trials": 3') if content == "changed" else content
    )
    for use in (stored_settings, lambda folder: ExperimentStore(folder, {"trials": 2})):
        with pytest.raises(CanonicaError, match="found no settings"):
            use(tmp_path)


def test_what_was_saved_is_what_is_loaded(tmp_path):
    store = ExperimentStore(tmp_path, {"seed": 3, "pair": (1, 2)})
    assert store.load("maze-1") is None
    saved = {"steps": np.arange(5), "reached": np.array([True, False])}
    store.save("maze-1", saved)
    again = ExperimentStore(tmp_path, {"seed": 3, "pair": (1, 2)}).load("maze-1")
    assert again is not None
    for name, values in saved.items():
        np.testing.assert_array_equal(again[name], values, strict=True)


def test_a_checkpoint_of_another_maze_or_run_is_refused(tmp_path):
    one, other = (ExperimentStore(tmp_path / str(seed), {"seed": seed}) for seed in (1, 2))
    for store in (one, other):
        store.save("maze-1", {"steps": np.arange(3)})
    data = (tmp_path / "1" / "maze-1.checkpoint").read_bytes()
    (tmp_path / "1" / "maze-2.checkpoint").write_bytes(data)
    with pytest.raises(CanonicaError, match=r"maze-2.*found a saved run of name maze-1; expected"):
        one.load("maze-2")
    (tmp_path / "2" / "maze-1.checkpoint").write_bytes(data)
    with pytest.raises(CanonicaError, match=r"found a saved run of seed 1; expected"):
        other.load("maze-1")


def damaged(data, generator):
    """Return bytes that are not those given, in one of the ways that files suffer."""
    place = int(generator.integers(len(data)))
    length = int(generator.integers(1, 1 + min(200, len(data) - place)))
    flipped = bytes([data[place] ^ (1 << int(generator.integers(8)))])
    ways = (
        data[:place],
        data + generator.bytes(length),
        data[:place] + flipped + data[place + 1 :],
        data[:place] + generator.bytes(length) + data[place + length :],
        data[:place] + data[place + length :],
        data[:place] + bytes(length) + data[place + length :],
        data[place:],
        generator.bytes(length),
    )
    return ways[int(generator.integers(len(ways)))]


@pytest.mark.parametrize("number", [60, pytest.param(3000, marks=pytest.mark.slow)])
def test_a_damaged_checkpoint_gives_one_clear_error(tmp_path, generator, number):
    store = ExperimentStore(tmp_path, {"seed": 1})
    store.save("maze-1", {"steps": np.arange(300), "counts-0": generator.uniform(size=(2, 30))})
    path, settings = tmp_path / "maze-1.checkpoint", tmp_path / "settings.json"
    whole, words = path.read_bytes(), settings.read_bytes()
    for _ in range(number):
        broken = damaged(whole, generator)
        if broken == whole:
            continue
        path.write_bytes(broken)
        with pytest.raises(CanonicaError, match="found no saved run"):
            store.load("maze-1")
        settings.write_bytes(damaged(words, generator))
        try:
            assert stored_settings(tmp_path) == {"seed": 1}  # where only blanks were hit
        except CanonicaError as error:
            assert "found no settings" in str(error)  # noqa: PT017
