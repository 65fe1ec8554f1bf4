"""`canonica play` and its pipeline: the same in Python and on the disk, resumed, and refused."""

import hashlib
import json

import gymnasium
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from PIL import Image
from typer.testing import CliRunner

import canonica
from canonica import CanonicaError, pipelines
from canonica.agents import agent_for, play
from canonica.cli import app
from canonica.pipelines.playing import _play, _unfinished_run
from canonica.report import play_figure

LAKE = ["FrozenLake-v1", "--set", "is_slippery=false"]
T_MAZE = "canonica/TMaze-v0"


def command(*arguments):
    return CliRunner().invoke(app, ["play", *map(str, arguments)])


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    out = tmp_path_factory.mktemp("play") / "out"
    result = command(T_MAZE, "--set", "corridor=2", "--episodes", 40, "--seed", 3, "--out", out)
    assert result.exit_code == 0, result.output
    return out, result.output


def test_the_command_writes_what_python_finds(ran):
    out, told = ran
    world = gymnasium.make(T_MAZE, corridor=2)
    agent = agent_for(world, seed=3)
    found = play(agent, world, episodes=40, seed=3)
    kept = xr.load_dataset(out / "play.nc", engine="h5netcdf")
    assert kept["agent"].to_numpy().tolist() == ["canonica", "random", "q-learning"]
    for name in ("reward", "steps", "terminated"):
        np.testing.assert_array_equal(kept[name].sel(agent="canonica"), found[name])
    rows = pd.read_csv(out / "episodes.csv")
    own = rows[rows["agent"] == "canonica"]
    assert own["reward"].tolist() == found["reward"].to_numpy().tolist()
    assert own["episode"].tolist() == list(range(1, 41))
    knowledge = canonica.load(out / "agent.npz")
    assert knowledge.steps == agent.steps == int(found["steps"].sum())
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["settings"]["options"] == {"corridor": 2}
    assert summary["found"]["remembers"] == agent.remembers
    assert summary["found"]["reward"]["canonica"] == {
        "first tenth": float(found["reward"][:4].mean()),
        "last tenth": float(found["reward"][-4:].mean()),
    }
    assert f"remembers {agent.remembers}" in " ".join(told.split())
    assert sorted(summary["files"]) == sorted(
        path.name for path in out.iterdir() if path.name != "summary.json"
    )


def test_the_film_is_of_one_more_episode(ran):
    out, _ = ran
    world = gymnasium.make(T_MAZE, corridor=2)
    agent = agent_for(world, knowledge=canonica.load(out / "agent.npz"))
    steps = int(play(agent, world, episodes=1, seed=3, first=41)["steps"][0])
    with Image.open(out / "last.gif") as film:
        assert film.n_frames == steps + 1
        assert film.width > 50


def test_it_goes_on_with_what_was_learned(ran, tmp_path):
    out, _ = ran
    more = tmp_path / "more"
    file = out / "agent.npz"
    result = command(
        T_MAZE, "--set", "corridor=2", "-n", 5, "--agent", file, "--vs", "none", "--no-film",
        "--out", more,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    kept = xr.load_dataset(more / "play.nc", engine="h5netcdf")
    assert kept["agent"].to_numpy().tolist() == ["canonica"]
    assert kept["episode"].to_numpy().tolist() == [41, 42, 43, 44, 45]
    assert canonica.load(more / "agent.npz").episodes == 45
    summary = json.loads((more / "summary.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert summary["settings"]["agent_sha256"] == digest
    assert not (more / "last.gif").exists()


def test_interrupted_it_goes_on_to_the_same(tmp_path, monkeypatch):
    """Cut between episodes, with more of them kept than what was learned knows of."""
    settings = {"options": {"is_slippery": True}, "episodes": 40, "film": False, "against": []}
    whole = pipelines.play("FrozenLake-v1", tmp_path / "whole", **settings)
    monkeypatch.setattr(_unfinished_run, "KEPT_EVERY", 0.0)
    played, out = [], tmp_path / "cut"

    def cut(agent, world, **given):
        if len(played) == 2:
            raise KeyboardInterrupt
        played.append(play(agent, world, **given))
        return played[-1]

    with monkeypatch.context() as patch:
        patch.setattr(_play, "played", cut)
        with pytest.raises(KeyboardInterrupt):
            pipelines.play("FrozenLake-v1", out, **settings)
    assert pipelines.unfinished_play(out) == 20
    episodes = out / ".canonica-unfinished" / "episodes.nc"
    kept = xr.load_dataset(episodes, engine="h5netcdf")
    xr.concat([kept, kept[{"episode": [0, 1]}]], "episode").to_netcdf(episodes, engine="h5netcdf")
    with pytest.raises(CanonicaError, match="out: found an unfinished run"):
        pipelines.play("FrozenLake-v1", out, **settings)
    with pytest.raises(CanonicaError, match="resume: found an unfinished run .* another seed"):
        pipelines.play("FrozenLake-v1", out, **settings, seed=1, resume=True)
    whole_file, half = episodes.read_bytes(), episodes.read_bytes()[:500]
    episodes.write_bytes(half)
    with pytest.raises(CanonicaError, match=r"resume: found .*episodes\.nc.* damaged"):
        pipelines.play("FrozenLake-v1", out, **settings, resume=True)
    episodes.write_bytes(whole_file)
    again = pipelines.play("FrozenLake-v1", out, **settings, resume=True)
    assert again.result.equals(whole.result)
    for name in ("play.nc", "agent.npz", "episodes.csv", "play.png"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert pipelines.unfinished_play(out) is None
    assert not (out / ".canonica-unfinished").exists()


def test_interrupted_at_once_it_leaves_nothing(tmp_path, monkeypatch):
    def cut(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(_play, "played", cut)
    with pytest.raises(KeyboardInterrupt):
        pipelines.play("FrozenLake-v1", tmp_path / "out")
    assert pipelines.unfinished_play(tmp_path / "out") is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["Nowhere-v7"], "environment: found 'Nowhere-v7', which Gymnasium does not make"),
        (["no_such_module:World-v0"], "ModuleNotFoundError"),
        (["FrozenLake-v1", "--set", "slippery=false"], "unexpected keyword argument"),
        (["FrozenLake-v1", "--set", "slippery"], "expected name=value"),
        (["FrozenLake-v1", "--vs", "ppo"], "against: found"),
        (["CartPole-v1"], "observation_space: found a Box of 4 numbers of float32"),
        (["Pendulum-v1"], "observation_space"),
        (["FrozenLake-v1", "--agent", "nowhere.npz"], "nowhere.npz"),
        (["FrozenLake-v1", "--resume", "--out", "nowhere"], "resume: found no folder"),
    ],
)
def test_what_cannot_be_played_is_refused_before_anything_is_written(
    tmp_path, monkeypatch, arguments, told
):
    monkeypatch.chdir(tmp_path)
    result = command(*arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_an_agent_of_another_kind_is_refused(tmp_path):
    from canonica.agents import SwitchingBandit, bandit_agent

    path = tmp_path / "bandit.npz"
    bandit_agent(SwitchingBandit()).save(path)
    with pytest.raises(CanonicaError, match="agent: found a file of Agent; expected what canonica"):
        pipelines.play("FrozenLake-v1", tmp_path / "out", agent=path)


def test_a_world_that_draws_nothing_has_no_film(tmp_path):
    found = pipelines.play("FrozenLake-v1", tmp_path, episodes=2, against=[])
    if "last.gif" not in found.files:  # where pygame is not installed
        assert found.no_film
        assert not (tmp_path / "last.gif").exists()


def test_the_figure_has_a_curve_for_each_agent_and_means_of_many():
    episodes = 150
    result = xr.Dataset(
        {name: (("agent", "episode"), np.arange(2.0 * episodes).reshape(2, -1))
         for name in ("reward", "steps")},
        {"agent": ["canonica", "random"], "episode": np.arange(1, episodes + 1)},
        {"environment": "World-v0"},
    )  # fmt: skip
    left, right = play_figure(result).axes
    assert [line.get_label() for line in left.lines] == ["canonica", "random"]
    np.testing.assert_allclose(left.lines[0].get_ydata()[:2], [1.0, 4.0])  # means of three
    np.testing.assert_allclose(left.lines[0].get_xdata()[:2], [2.0, 5.0])
    assert left.get_xlabel() == "episode (means of 3)"
    assert (left.get_ylabel(), right.get_ylabel()) == (
        "reward of an episode",
        "steps of an episode",
    )
