"""Panels of a scene: the maze from above, and what an agent in it sees, believes and plans."""

import numpy as np
import xarray as xr
from matplotlib import colormaps, patheffects
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, ListedColormap, LogNorm
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from canonica.report._maze_figure import MOVE_COLOURS
from canonica.report._style import BLACK, BLUE, GREEN

WALL = "0.25"
AGENT = BLUE
STEPS = {"up": (-2, 0), "down": (2, 0), "left": (0, -2), "right": (0, 2)}  # rows, columns
OUTLINE = (patheffects.withStroke(linewidth=3.6, foreground="white"),)
Place = tuple[int, int]


class Above:
    """The whole maze: walls, how often each place was visited, the way, the agent, its window.

    Parameters
    ----------
    axis : Axes
        Where to draw.
    scene : xarray.Dataset
        As `canonica.agents.scene` returns it.
    """

    def __init__(self, axis: Axes, scene: xr.Dataset) -> None:
        walls = scene["walls"].to_numpy()
        self.rows, self.columns = scene["path_row"].to_numpy(), scene["path_column"].to_numpy()
        self.visits = np.zeros(walls.shape)
        self._counted = 0
        most = max(2, visit_count(self.rows, self.columns, walls.shape).max())
        axis.imshow(
            np.where(walls, 1.0, np.nan), cmap=ListedColormap([WALL]), interpolation="nearest"
        )
        self.heat = axis.imshow(
            np.ma.masked_all(walls.shape),
            cmap=warm(),
            norm=LogNorm(1, most),
            zorder=1,
            interpolation="nearest",
        )
        self.way = axis.plot([], [], color=BLACK, linewidth=1.8, zorder=3, path_effects=OUTLINE)[0]
        radius = scene.attrs["window"] / 2
        self.window = Rectangle(
            (0, 0),
            2 * radius,
            2 * radius,
            fill=False,
            edgecolor=AGENT,
            linewidth=2,
            zorder=4,
            path_effects=OUTLINE,
        )
        axis.add_patch(self.window)
        self.agent = axis.plot(
            [], [], "o", color=AGENT, markersize=8, markeredgecolor="white", zorder=5
        )[0]
        self.radius = radius
        self.ends = self._mark_ends(axis, scene, walls.shape[1])
        self.frame = bare(axis)

    @property
    def moving(self) -> list[Artist]:
        """Artists that change from step to step, the lowest layer first."""
        return [self.heat, *self.ends, self.way, self.window, self.agent, *self.frame]

    def show(self, step: int) -> None:
        """Show the agent after so many moves, and visits until then."""
        if step + 1 < self._counted:
            raise ValueError("scenes are shown forward in time")
        before = max(self._counted - 1, 0)
        where = slice(before, step + 1)
        self.visits += visit_count(self.rows[where], self.columns[where], self.visits.shape)
        if self._counted:  # it had been counted where the new part begins
            self.visits[self.rows[before], self.columns[before]] -= 1
        self._counted = step + 1
        self.heat.set_data(np.ma.masked_less(self.visits, 0.5))
        row, column = self.rows[step], self.columns[step]
        self.agent.set_data([column], [row])
        self.window.set_xy((column - self.radius, row - self.radius))

    def show_way(self, first: int, last: int) -> None:
        """Draw the way of the agent from one step to another."""
        self.way.set_data(self.columns[first : last + 1], self.rows[first : last + 1])

    def show_direct_way(self) -> None:
        """Draw the way to where the trial ended, without its detours."""
        kept = without_loops(self.rows, self.columns)
        self.way.set_data(self.columns[kept], self.rows[kept])

    def _mark_ends(self, axis: Axes, scene: xr.Dataset, width: int) -> list[Artist]:
        goal = (scene.attrs["goal_column"], scene.attrs["goal_row"])
        start = (self.columns[0], self.rows[0])
        ends: list[Artist] = []
        for (column, row), name, marker, aside in (
            (start, "start", "s", -1),
            (goal, "goal", "*", 1),
        ):
            ends += axis.plot(
                column, row, marker, color=GREEN, markeredgecolor="white", zorder=4.5,
                markersize=14 if marker == "*" else 8, clip_on=False,
            )  # fmt: skip
            edge = -0.5 if aside < 0 else width - 0.5
            axis.annotate(
                name, (edge, row), (9 * aside, 0), textcoords="offset points", va="center",
                ha="left" if aside > 0 else "right", color=GREEN, fontweight="bold",
            )  # fmt: skip
        return ends


class Window:
    """What is seen, or believed, of the cells around the agent."""

    def __init__(self, axis: Axes, values: xr.DataArray, title: str, colours: Colormap) -> None:
        self.values = values.to_numpy()
        self.image = axis.imshow(
            self.values[0], vmin=0, vmax=1, cmap=colours, interpolation="nearest"
        )
        middle = self.values.shape[1] // 2
        self.agent = axis.plot(
            middle, middle, "o", color=AGENT, markersize=7, markeredgecolor="white"
        )[0]
        axis.set_title(title, fontsize=10)
        self.frame = bare(axis)

    @property
    def moving(self) -> list[Artist]:
        """Artists that change from step to step, the lowest layer first."""
        return [self.image, self.agent, *self.frame]

    def show(self, frame: int) -> None:
        """Show the frame of this number in place of the one before."""
        self.image.set_data(self.values[frame])


class Rose:
    """How probable each first move is: arrows, as long as that."""

    def __init__(self, axis: Axes, scene: xr.Dataset, title: str, *, most: float) -> None:
        self.chances = scene["move_probability"].to_numpy()
        moves = [str(move) for move in scene["move"].to_numpy()]
        self.directions = [np.array(STEPS[move][::-1]) / 2 for move in moves]
        even = 1 / len(moves)
        axis.add_patch(
            Circle((0, 0), even, fill=False, linestyle="--", edgecolor="0.5", linewidth=1)
        )
        aside = even * np.sqrt(0.5)
        axis.annotate(
            f"even\n{100 * even:.0f} %", (aside, -aside), (4, 4),
            textcoords="offset points", color="0.4", fontsize=8, ha="left", va="bottom",
        )  # fmt: skip
        self.arrows, self.texts = [], []
        for colour in MOVE_COLOURS:
            arrow = FancyArrowPatch(
                (0, 0), (0, 0), arrowstyle="simple,head_width=9,head_length=9,tail_width=4",
                color=colour, lw=0, shrinkA=0, shrinkB=0,
            )  # fmt: skip
            axis.add_patch(arrow)
            self.arrows.append(arrow)
            self.texts.append(axis.text(0, 0, "", ha="center", va="center", fontsize=8))
        reach = 1.55 * max(most, even)
        axis.set(xlim=(-reach, reach), ylim=(reach, -reach), aspect=1)
        axis.set_title(title, fontsize=10)
        bare(axis)
        axis.set_frame_on(False)
        self.aside = 0.26 * reach

    @property
    def moving(self) -> list[Artist]:
        """Artists that change from step to step, the lowest layer first."""
        return [*self.arrows, *self.texts]

    def show(self, frame: int) -> None:
        """Show the frame of this number in place of the one before."""
        for direction, chance, arrow, text in zip(
            self.directions, self.chances[frame], self.arrows, self.texts, strict=True
        ):
            tip = chance * direction
            arrow.set_positions((0, 0), tip)
            text.set_position(tip + self.aside * direction * (1, 0.55))
            text.set_text(f"{100 * chance:.1f} %")


class PlannedWay:
    """The policy that was drawn, as a way through the cells around the agent."""

    def __init__(self, axis: Axes, scene: xr.Dataset, title: str) -> None:
        self.plan, self.made = scene["plan"].to_numpy(), scene["plan_made"].to_numpy()
        self.steps = [STEPS[str(move)] for move in scene["move"].to_numpy()]
        self.radius = max(2 * self.plan.shape[1], scene.attrs["window"] // 2)
        self.walls = np.pad(scene["walls"].to_numpy(), self.radius + 2, constant_values=True)
        step = scene["frame_step"].to_numpy()
        self.rows = scene["path_row"].to_numpy()[step] + self.radius + 2
        self.columns = scene["path_column"].to_numpy()[step] + self.radius + 2
        side = 2 * self.radius + 1
        self.image = axis.imshow(
            np.zeros((side, side)), vmin=0, vmax=1, cmap=cells(), interpolation="nearest"
        )
        half = scene.attrs["window"] / 2
        corner = self.radius - half
        self.window = Rectangle(
            (corner, corner),
            2 * half,
            2 * half,
            fill=False,
            edgecolor=AGENT,
            linewidth=2,
            path_effects=OUTLINE,
        )
        axis.add_patch(self.window)
        self.rest = axis.plot([], [], color=AGENT, linewidth=2, linestyle=(0, (2, 1.2)))[0]
        self.next = axis.plot([], [], color=AGENT, linewidth=3.4, solid_capstyle="round")[0]
        self.stopped = axis.plot([], [], "x", color=AGENT, markersize=7, markeredgewidth=2)[0]
        self.agent = axis.plot(
            self.radius, self.radius, "o", color=AGENT, markersize=7, markeredgecolor="white"
        )[0]
        axis.set_title(title, fontsize=10)
        self.frame = bare(axis)

    @property
    def moving(self) -> list[Artist]:
        """Artists that change from step to step, the lowest layer first."""
        return [
            self.image,
            self.window,
            self.rest,
            self.next,
            self.stopped,
            self.agent,
            *self.frame,
        ]

    def show(self, frame: int) -> None:
        """Show the frame of this number in place of the one before."""
        row, column, radius = self.rows[frame], self.columns[frame], self.radius
        around = slice(row - radius, row + radius + 1), slice(column - radius, column + radius + 1)
        walls = self.walls[around]
        self.image.set_data(walls)
        moves = [self.steps[move] for move in self.plan[frame][self.made[frame] :]]
        way, stops = planned_way(walls, (radius, radius), moves)
        rows, columns = np.array(way).T
        self.next.set_data(columns[:2], rows[:2])
        self.rest.set_data(columns[1:], rows[1:])
        stopped = np.array([way[k] for k in stops]).reshape(-1, 2)
        self.stopped.set_data(stopped[:, 1], stopped[:, 0])


def planned_way(
    walls: np.ndarray, start: Place, moves: list[Place]
) -> tuple[list[tuple[float, float]], list[int]]:
    """Return where moves lead: places one after the other, and which of them are at a wall.

    A move into a wall leads up to it and back.
    """
    (row, column), way, stops = start, [(float(start[0]), float(start[1]))], []
    for down, right in moves:
        between = (row + down // 2, column + right // 2)
        if walls[between]:
            way.append((row + down * 0.4, column + right * 0.4))
            stops.append(len(way) - 1)
        else:
            row, column = row + down, column + right
        way.append((float(row), float(column)))
    return way, stops


def visit_count(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return how often each cell was visited, or walked through between two others."""
    count = np.zeros(shape)
    np.add.at(count, (rows, columns), 1)
    passed_rows, passed_columns = (rows[1:] + rows[:-1]) // 2, (columns[1:] + columns[:-1]) // 2
    between = (passed_rows % 2 == 0) | (passed_columns % 2 == 0)
    np.add.at(count, (passed_rows[between], passed_columns[between]), 1)
    return count


def without_loops(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return indices of a way from the first to the last place that comes to none twice."""
    kept: list[int] = []
    at: dict[Place, int] = {}  # place, to where it is in `kept`
    for step, place in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        if place in at:
            for dropped in kept[at[place] + 1 :]:
                del at[int(rows[dropped]), int(columns[dropped])]
            del kept[at[place] + 1 :]
        else:
            at[place] = len(kept)
            kept.append(step)
    return np.array(kept)


def cells() -> Colormap:
    """Return the colours of free cells and walls."""
    return ListedColormap(["white", WALL])


def shades() -> Colormap:
    """Return the colours from free to wall, for what lies in between."""
    return LinearSegmentedColormap.from_list("shades", ["white", WALL])


def warm() -> Colormap:
    """Return colours for counts, light enough to tell them from walls."""
    return ListedColormap(colormaps["YlOrBr"](np.linspace(0.08, 0.72, 256)))


def bare(axis: Axes) -> list[Artist]:
    """Leave out the ticks: cells have no coordinates that matter; return the frame."""
    axis.set(xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set_color("0.6")
    return list(axis.spines.values())
