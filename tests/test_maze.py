"""The maze against its rules, as an independent transcription has them."""

from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chisquare

import agent_oracle as oracle
from canonica import CanonicaError
from canonica.agents import Maze, maze_walls, shortest_path
from quick_compilation import compiled

# Height, width, window: the published one, the least, and odd ones between; a few only, each is
# compiled. The middle row of heights 17 and 5 has pillars, that of 19 and 7 cells.
SIZES = [(19, 99, 11), (5, 5, 3), (17, 7, 5), (5, 13, 9)]


def maker(height, width, window):
    """Return what makes the maze of a key, and the number of moves to its goal."""

    def made(key):
        maze = Maze(maze_walls(key, height=height, width=width), window=window)
        return maze, shortest_path(maze)

    return made


@pytest.fixture(scope="module", params=SIZES, ids=lambda sizes: "x".join(map(str, sizes)))
def mazes(request):
    """Three mazes of one size, stacked, and the number of moves to their goals."""
    height, width, _ = request.param
    keys = jax.random.split(jax.random.key(height * width), 3)
    made = compiled(maker(*request.param))
    return jax.tree.map(lambda *leaves: np.stack(leaves), *map(made, keys))


def each_of(mazes):
    """Return the mazes one by one, with their walls as the oracle takes them."""
    for number in range(len(mazes.walls)):
        maze = jax.tree.map(lambda leaf: np.asarray(leaf)[number], mazes)  # noqa: B023
        yield maze, maze.walls


def cells_of(maze):
    """Return row and column of every place; for NumPy leaves."""
    return list(zip(np.asarray(maze.rows).tolist(), maze.columns.tolist(), strict=True))


def test_walls_are_border_pillars_and_one_wall_from_each_pillar(mazes):
    for _, walls in each_of(mazes[0]):
        height, width = walls.shape
        bare = oracle.frame(height, width)
        bare[oracle.goal(walls)] = False
        assert not (bare & ~walls).any()
        grown = np.argwhere(walls & ~bare)
        # Between a pillar and the next, or the border: exactly one coordinate is odd.
        assert (grown.sum(axis=1) % 2 == 1).all()
        assert len(grown) == len(oracle.pillars(height, width))
        for y, x in oracle.pillars(height, width):
            assert any(walls[y + dy, x + dx] for dy, dx in oracle.DIRECTIONS)
        assert not walls[1::2, 1::2].any()


def test_only_gap_in_the_border_is_the_goal(mazes):
    for maze, walls in each_of(mazes[0]):
        border = np.ones_like(walls)
        border[1:-1, 1:-1] = False
        assert np.argwhere(border & ~walls).tolist() == [list(oracle.goal(walls))]
        cells = cells_of(maze)
        assert cells[maze.goal] == oracle.goal(walls)
        assert cells[maze.start] == oracle.start(walls)


def test_goal_can_be_reached_in_the_fewest_moves_of_a_search_breadth_first(mazes):
    stacked, lengths = mazes
    for (_, walls), length in zip(each_of(stacked), lengths, strict=True):
        assert oracle.distances(walls)[oracle.goal(walls)] == int(length)


def test_places_are_the_free_cells_and_the_goal(mazes):
    for maze, walls in each_of(mazes[0]):
        height, width = walls.shape
        cells = [(y, x) for y in range(1, height, 2) for x in range(1, width, 2)]
        assert cells_of(maze) == [*cells, oracle.goal(walls)]
        assert maze.places == len(cells) + 1


def test_every_move_leads_where_the_rules_say(mazes):
    for maze, walls in each_of(mazes[0]):
        cells = cells_of(maze)
        led = np.asarray(maze.next_place)
        for place, cell in enumerate(cells[:-1]):  # a trial ends in the last one, the goal
            for move in range(maze.moves):
                assert cells[led[place, move]] == oracle.moved(walls, cell, move)
        assert ((led >= 0) & (led < maze.places)).all()


def test_views_are_windows_of_the_maze_with_walls_all_around(mazes):
    for maze, walls in each_of(mazes[0]):
        assert maze.observations == maze.window**2 == maze.seen.shape[1]
        far = np.pad(walls, maze.window, constant_values=True)
        for place, (y, x) in enumerate(cells_of(maze)):
            assert (maze.seen[place] == oracle.window(walls, (y, x), maze.window)).all()
            half = maze.window // 2
            first_row, first_column = y + maze.window - half, x + maze.window - half
            rows = slice(first_row, first_row + maze.window)
            columns = slice(first_column, first_column + maze.window)
            assert (maze.seen[place] == far[rows, columns].ravel()).all()


small_maze = compiled(maker(5, 7, 3))


@pytest.fixture(scope="module")
def maze():
    """A small maze."""
    return small_maze(jax.random.key(0))[0]


@pytest.mark.slow
def test_several_mazes_made_at_once_are_those_made_one_by_one():
    keys = jax.random.split(jax.random.key(0), 4)
    together = jax.tree.map(np.asarray, compiled(jax.vmap(maker(5, 7, 3)))(keys))
    for number, key in enumerate(keys):
        one = jax.tree.map(lambda leaf: leaf[number], together)  # noqa: B023
        jax.tree.map(np.testing.assert_array_equal, one, small_maze(key))


def test_a_step_gives_risk_view_and_end(maze):
    step = compiled(jax.vmap(jax.vmap(maze.step, in_axes=(None, 0, None)), in_axes=(0, None, None)))
    places, moves = jnp.arange(maze.places - 1), jnp.arange(maze.moves)
    outcome = jax.tree.map(np.asarray, step(places, moves, jax.random.key(0)))
    walls, cells = np.asarray(maze.walls), cells_of(jax.tree.map(np.asarray, maze))
    endings = 0
    for place in range(maze.places - 1):
        for move in range(maze.moves):
            there = oracle.moved(walls, cells[place], move)
            assert cells[outcome.state[place, move]] == there
            assert outcome.risk[place, move] == oracle.risk_of_step(cells[place], there)
            assert (outcome.observation[place, move] == oracle.window(walls, there, 3)).all()
            assert outcome.done[place, move] == (there == oracle.goal(walls))
            endings += outcome.done[place, move]
    assert endings == 1


def test_a_trial_begins_at_the_start_whatever_the_key(maze):
    for seed in range(3):
        place, observation = maze.reset(jax.random.key(seed))
        assert int(place) == maze.start
        assert (observation == maze.seen[maze.start]).all()
        assert maze.view(place) == place


def test_mazes_are_as_frequent_as_the_rule_makes_them():
    # All that can grow from four pillars, those near each other with fewer directions left.
    probability = oracle.all_mazes(7, 7)
    assert sum(probability.values()) == 1
    keys = jax.random.split(jax.random.key(0), 20_000)
    draw = compiled(jax.vmap(lambda key: maze_walls(key, height=7, width=7)))
    found = Counter(walls.tobytes() for walls in np.asarray(draw(keys)))
    assert set(found) <= set(probability)
    expected = [float(share) * len(keys) for share in probability.values()]
    assert min(expected) > 20
    assert chisquare([found[maze] for maze in probability], expected).pvalue > 1e-3


@pytest.mark.parametrize(("height", "width"), [(18, 99), (19, 98), (3, 9), (9, 3), (4, 4)])
def test_walls_of_a_size_that_is_none_are_refused(height, width):
    with pytest.raises(CanonicaError, match=r"(height|width): found \d+; expected .*, from 5"):
        maze_walls(jax.random.key(0), height=height, width=width)


@pytest.mark.parametrize(
    ("shape", "window", "message"),
    [
        ((6, 7), 5, "walls: found 6"),
        ((7, 8), 5, "walls: found 8"),
        ((3, 7), 5, "walls: found 3"),
        ((7, 7), 4, "window: found 4; expected an odd number, from 3"),
        ((7, 7), 1, "window: found 1"),
    ],
)
def test_a_maze_of_a_size_that_is_none_is_refused(shape, window, message):
    with pytest.raises(CanonicaError, match=message):
        Maze(jnp.ones(shape, bool), window=window)


def test_no_path_is_no_path():
    walls = maze_walls(jax.random.key(0), height=5, width=5)
    assert int(shortest_path(Maze(walls.at[1:4, 2].set(True), window=3))) == -1
