"""Pictures of mazes show what results and scenes hold, of any size."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.animation import FFMpegWriter
from PIL import Image

from canonica import CanonicaError
from canonica.report import write_figure
from canonica.report._maze_figure import maze_figure
from canonica.report._maze_scene_figure import _DrawnScene, scene_figure, write_scene_animation
from canonica.report._maze_scene_panels import planned_way, visit_count, without_loops

MOVES = ["up", "down", "left", "right"]
MAZE = np.array([[cell == "#" for cell in row] for row in [
    "#########",
    "#   #   #",
    "### # # #",
    "#   # #  ",
    "# ### ###",
    "#       #",
    "#########",
]])  # fmt: skip
# From the start to the goal, with a look into the corner above, and a bump into a wall.
WAY = [(3, 1), (3, 3), (1, 3), (1, 1), (1, 3), (3, 3), (3, 1), (3, 1), (5, 1), (5, 3), (5, 5),
       (3, 5), (1, 5), (1, 7), (3, 7), (3, 8)]  # fmt: skip


def result(generator, mazes=3, trials=25, max_steps=60):
    """Return a result of the maze experiment, as it could have been."""
    each = ("maze", "trial")
    steps = generator.integers(10, max_steps + 1, (mazes, trials))
    frequency = generator.dirichlet([30, 30, 30, 40], (mazes, trials))
    first_move = np.repeat(np.arange(4), 4)
    given, estimated = np.array([0.25, 0.25, 0.15, 0.35]), generator.dirichlet([9] * 4, mazes)
    return xr.Dataset(
        {
            "steps": (each, steps),
            "reached": (each, steps < max_steps),
            "free_energy": (each, steps * generator.normal(500, 10, steps.shape)),
            "first_move_frequency": ((*each, "move"), frequency),
            "decision_prior": ("policy", given[first_move] / 4),
            "estimated_decision_prior": (("maze", "policy"), estimated[:, first_move] / 4),
            "policy_moves": (("policy", "place_in_policy"), np.argwhere(np.ones((4, 4)))),
            "walls": (("maze", "row", "column"), np.broadcast_to(MAZE, (mazes, 7, 9))),
            "shortest_path": ("maze", np.full(mazes, 9)),
        },
        coords={"maze": np.arange(mazes) + 1, "trial": np.arange(trials) + 1, "move": MOVES},
        attrs={"agent": "published", "prior_right": 0.35, "max_steps": max_steps, "window": 5},
    )


def scene_of(way, walls=MAZE, trial=1):
    """Return a scene with a frame at every move."""
    rows, columns = np.array(way).T
    moments = np.arange(len(way) - 1)
    padded = np.pad(walls, 2, constant_values=True)
    seen = np.array([padded[r : r + 5, c : c + 5] for r, c in way[:-1]], float)
    per_frame = ("frame", "seen_row", "seen_column")
    chances = np.linspace([0.25] * 4, [0.05, 0.15, 0.1, 0.7], len(moments))
    return xr.Dataset(
        {
            "walls": (("row", "column"), walls),
            "path_row": ("step", rows),
            "path_column": ("step", columns),
            "frame_step": ("frame", moments),
            "observation": (per_frame, seen),
            "belief": (per_frame, 0.9 * seen + 0.05),
            "move_probability": (("frame", "move"), chances),
            "plan": (("frame", "place_in_policy"), np.tile([3, 0, 1, 2], (len(moments), 1))),
            "plan_made": ("frame", moments % 2),
        },
        coords={"move": MOVES},
        attrs={
            "trial": trial, "steps": len(moments), "reached": 1, "window": 5,
            "goal_row": 3, "goal_column": 8,
        },
    )  # fmt: skip


def titled(figure):
    return {axes.get_title(): axes for axes in figure.axes if axes.get_title()}


def line(axes, label):
    (found,) = (one for one in axes.get_lines() if one.get_label() == label)
    return found


def test_curves_are_means_and_medians_over_mazes(generator):
    one = result(generator)
    axes = titled(maze_figure(one))
    drawn = line(axes["Steps to the goal"], "median over mazes").get_ydata()
    np.testing.assert_allclose(drawn, np.median(one["steps"], axis=0))
    tens = [slice(0, 10), slice(10, 20), slice(20, 25)]
    for name, title, scale in (
        ("reached", "Goal reached, by tens of trials", 100),
        ("steps", "Mean steps, by tens of trials", 1),
    ):
        mean = line(axes[title], "mean over mazes")
        np.testing.assert_allclose(mean.get_xdata(), [5.5, 15.5, 23])
        values = one[name].to_numpy()
        np.testing.assert_allclose(
            mean.get_ydata(), [scale * values[:, part].mean() for part in tens]
        )
    energy = (one["free_energy"] / one["steps"]).mean("maze")
    np.testing.assert_allclose(line(axes["Free energy"], "mean").get_ydata(), energy)
    right = 100 * one["first_move_frequency"].sel(move="right").mean("maze")
    moves = axes["First moves of the policies drawn"]
    np.testing.assert_allclose(line(moves, "right").get_ydata(), right)


def test_estimated_prior_stands_beside_the_one_given(generator):
    one = result(generator)
    axes = titled(maze_figure(one))["Decision prior E, by first move"]
    dots = {part.get_label(): part for part in axes.collections}
    estimated = one["estimated_decision_prior"].to_numpy().reshape(3, 4, 4).sum(axis=2)
    drawn = dots["estimated from the first trial"].get_offsets()[:, 1]
    np.testing.assert_allclose(drawn, 100 * estimated.mean(axis=0))
    given = [segment[0, 1] for segment in dots["given"].get_segments()]
    np.testing.assert_allclose(given, [25, 25, 15, 35])


@pytest.mark.parametrize(("mazes", "trials"), [(3, 25), (1, 1)])
def test_any_number_of_mazes_and_trials_is_drawn(generator, tmp_path, mazes, trials):
    figure = maze_figure(result(generator, mazes, trials))
    for axes in titled(figure).values():
        assert axes.get_xlabel()
        assert axes.get_ylabel()
    write_figure(figure, tmp_path / "maze.png")
    assert (tmp_path / "maze.png").stat().st_size > 0
    assert ("in each" in figure.get_suptitle()) == (mazes > 1)


@pytest.mark.parametrize(("trials", "panels"), [(10, 4), (11, 6)])
def test_panels_of_a_single_point_are_left_out(generator, trials, panels):
    assert len(maze_figure(result(generator, 2, trials)).axes) == panels


def test_a_way_without_loops_comes_to_no_place_twice(generator):
    rows, columns = np.array(WAY).T
    kept = without_loops(rows, columns)
    assert [WAY[k] for k in kept] == [WAY[0], *WAY[8:]]
    walk = np.cumsum(generator.integers(-1, 2, (500, 2)), axis=0)
    kept = without_loops(*walk.T)
    found = walk[kept]
    assert len(np.unique(found, axis=0)) == len(found)
    np.testing.assert_array_equal(found[[0, -1]], walk[[0, -1]])
    assert np.abs(np.diff(found, axis=0)).max() <= 1


def test_visits_are_counted_where_the_agent_was_and_passed():
    count = visit_count(*np.array(WAY).T, MAZE.shape)
    assert count[3, 1] == 3  # at the start, back again, and a bump into a wall
    assert count[1, 2] == count[2, 3] == 2  # there and back
    assert count[3, 8] == 1
    assert not count[MAZE].any()
    parts = np.array_split(np.arange(len(WAY)), 4)
    halves = [visit_count(*np.array(WAY)[part].T, MAZE.shape) for part in parts]
    assert (sum(halves) <= count).all()


def test_a_plan_stops_at_walls():
    steps = dict(zip(MOVES, [(-2, 0), (2, 0), (0, -2), (0, 2)], strict=True))
    way, stops = planned_way(MAZE, (3, 1), [steps[move] for move in ("right", "right", "up")])
    assert way == [(3, 1), (3, 3), (3, 3.8), (3, 3), (1, 3)]
    assert stops == [2]


def test_a_scene_shows_the_trial(tmp_path):
    figure = scene_figure(scene_of(WAY), scene_of([WAY[0], *WAY[8:]], trial=30))
    write_figure(figure, tmp_path / "trial.png")
    titles = [axes.get_title("left") for axes in figure.axes]
    first, last = (title for title in titles if title.startswith("Trial"))
    assert first.startswith("Trial 1: goal reached in 15 moves")
    assert last.startswith("Trial 30: goal reached in 8 moves")
    above = figure.axes[titles.index(first)]
    visits = above.images[1].get_array()
    np.testing.assert_array_equal(visits.filled(0), visit_count(*np.array(WAY).T, MAZE.shape))


def test_animation_goes_from_start_to_goal(tmp_path):
    scene = scene_of(WAY)
    stage = _DrawnScene(scene)
    at = []
    for number in range(len(stage.steps)):
        stage.show(number)
        at.append(tuple(float(part[0]) for part in stage.above.agent.get_data()))
    assert at == [(column, row) for row, column in WAY]
    np.testing.assert_array_equal(stage.above.visits, visit_count(*np.array(WAY).T, MAZE.shape))
    with pytest.raises(ValueError, match="forward"):
        stage.show(0)
    write_scene_animation(scene, tmp_path / "trial.gif")
    with Image.open(tmp_path / "trial.gif") as image:
        assert image.n_frames == len(WAY)
        before = np.asarray(image.convert("RGB"), int)
        image.seek(len(WAY) - 1)
        after = np.asarray(image.convert("RGB"), int)
        assert image.info["duration"] == 2000
    changed = (np.abs(after - before).max(axis=2) > 50).mean()
    assert 0.01 < changed < 0.5


def test_what_cannot_be_written_is_said(tmp_path, monkeypatch):
    with pytest.raises(CanonicaError, match=r"expected \.gif or \.mp4"):
        write_scene_animation(scene_of(WAY), tmp_path / "trial.avi")
    monkeypatch.setattr(FFMpegWriter, "isAvailable", classmethod(lambda _: False))
    with pytest.raises(CanonicaError, match="no ffmpeg"):
        write_scene_animation(scene_of(WAY), tmp_path / "trial.mp4")


@pytest.mark.skipif(not FFMpegWriter.isAvailable(), reason="ffmpeg is not installed")
def test_video_is_written(tmp_path):
    write_scene_animation(scene_of(WAY), tmp_path / "trial.mp4")
    assert (tmp_path / "trial.mp4").stat().st_size > 1000
