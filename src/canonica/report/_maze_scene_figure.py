"""A trial as one sees it: the maze and the way through it; what is seen, believed and planned."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.animation import FFMpegWriter
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from PIL import Image

from canonica._errors import CanonicaError, how_many
from canonica._of_results import of_results
from canonica.report._maze_scene_panels import Above, PlannedWay, Rose, Window, cells, shades
from canonica.report._style import DOTS_PER_INCH, new_figure

WIDTH, SIDE_HEIGHT = 13.0, 3.5  # inches
FRAMES_PER_SECOND = 12
ANIMATION_WIDTH, ANIMATION_DOTS = 9.6, 80
COLOURS = 128  # of an animation
STAY = 2.0  # seconds, on the last frame


SCENE = (
    "frame", "step", "frame_step", "place_in_policy", "observation", "belief", "walls", "path_row",
    "path_column", "move", "move_probability", "plan", "plan_made", "window", "goal_row",
    "goal_column",
)  # fmt: skip


@of_results(first=SCENE, last=SCENE)
def scene_figure(first: xr.Dataset, last: xr.Dataset) -> Figure:
    """Return the figure of two trials, one under the other.

    Of each the maze from above, shades for how often every place was visited and a line for the
    way without its detours; and what the agent sees, believes and plans half-way through.

    Parameters
    ----------
    first, last : xarray.Dataset
        As `canonica.agents.scene` returns them.

    Raises
    ------
    CanonicaError
        If `first` or `last` is not what canonica returns.
    """
    ratios = [_height_of_maze(one, WIDTH) + SIDE_HEIGHT for one in (first, last)]
    figure = _new_figure(WIDTH, sum(ratios))
    blocks = figure.subfigures(2, 1, height_ratios=ratios, hspace=0.03, squeeze=False).ravel()
    most = max(float(one["move_probability"].max()) for one in (first, last))
    for block, scene in zip(blocks, (first, last), strict=True):
        _draw_trial(block, scene, most)
    return figure


def _draw_trial(block: SubFigure, scene: xr.Dataset, most: float) -> None:
    heights = [_height_of_maze(scene, WIDTH), SIDE_HEIGHT]
    top, bottom = block.subfigures(2, 1, height_ratios=heights, squeeze=False).ravel()
    axis = top.subplots()
    above = Above(axis, scene)
    middle = scene.sizes["frame"] // 2
    step = int(scene["frame_step"][middle])
    above.show(scene.sizes["step"] - 1)  # all visits
    above.show_direct_way()
    row, column = above.rows[step], above.columns[step]
    above.agent.set_data([column], [row])
    above.window.set_xy((column - above.radius, row - above.radius))
    bar = top.colorbar(above.heat, ax=axis, label="visits", shrink=0.85, pad=0.06, aspect=12)
    bar.ax.yaxis.set_major_formatter("{x:,.0f}")
    bar.ax.minorticks_off()
    axis.set_title(f"{_outcome(scene)}. Line: the way without its detours", loc="left")
    bottom.suptitle(
        f"The agent (blue dot) after {how_many(step, 'move')}", x=0.01, ha="left", fontsize=10.5
    )
    size, length = scene.attrs["window"], scene.sizes["place_in_policy"]
    titles = (
        f"sees {size} \N{MULTIPLICATION SIGN} {size} cells, dark is wall",
        "believes",
        "may do: chances of its next move",
        f"plans {how_many(length, 'move')}; \N{MULTIPLICATION SIGN} is at a wall",
    )
    axes = bottom.subplots(1, 4, width_ratios=[1, 1.15, 1, 1])
    panels = _side_panels(axes, scene, titles, most)
    for panel in panels:
        panel.show(middle)
    bottom.colorbar(axes[1].images[0], ax=axes[1], label="posterior: wall", ticks=[0, 0.5, 1])


def _side_panels(
    axes: Sequence[Axes], scene: xr.Dataset, titles: Sequence[str], most: float
) -> list[Window | Rose | PlannedWay]:
    """Return panels of what is seen, believed, probable and planned; `most` is what fills one."""
    return [
        Window(axes[0], scene["observation"], titles[0], cells()),
        Window(axes[1], scene["belief"], titles[1], shades()),
        Rose(axes[2], scene, titles[2], most=most),
        PlannedWay(axes[3], scene, titles[3]),
    ]


def _outcome(scene: xr.Dataset) -> str:
    """Return what became of a trial, in words."""
    facts = scene.attrs
    how = "goal reached" if facts["reached"] else "goal not reached"
    return f"Trial {facts['trial']}: {how} in {how_many(facts['steps'], 'move')}"


def _new_figure(width: float, height: float) -> Figure:
    figure = new_figure(width, height)
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.05)
    return figure


def _height_of_maze(scene: xr.Dataset, width: float) -> float:
    rows, columns = scene["walls"].shape
    return float(np.clip(0.85 * width * rows / columns, 1.5, 4)) + 0.5


@of_results(scene=SCENE)
def write_scene_animation(scene: xr.Dataset, path: Path) -> None:
    """Write a trial as an animation, GIF or MP4 by the suffix.

    The agent goes through the maze, behind it the way since the last frame and shades for all
    visits so far; below, what it sees, believes and plans. MP4 needs the program ffmpeg;
    `animation_suffix` says what can be written.

    Parameters
    ----------
    scene : xarray.Dataset
        As `canonica.agents.scene` returns it.
    path : pathlib.Path
        Ending in ``.gif`` or ``.mp4``.

    Raises
    ------
    CanonicaError
        If it ends otherwise, or MP4 cannot be written here.
    """
    if path.suffix == ".gif":
        _write_gif(_DrawnScene(scene), path)
    elif path.suffix != ".mp4":
        raise CanonicaError(f"{path.name}: found {path.suffix!r}; expected .gif or .mp4.")
    elif not FFMpegWriter.isAvailable():
        raise CanonicaError(f"{path.name}: found no ffmpeg to write it; install it, or take .gif.")
    else:
        _write_video(_DrawnScene(scene), path)


class _DrawnScene:
    """The figure of an animation: drawn once, then changed from frame to frame."""

    def __init__(self, scene: xr.Dataset) -> None:
        self.scene = scene
        self.steps = [*scene["frame_step"].to_numpy().tolist(), scene.sizes["step"] - 1]
        above_height = _height_of_maze(scene, ANIMATION_WIDTH)
        heights = [above_height, 2.5]
        self.figure = _new_figure(ANIMATION_WIDTH, sum(heights))
        parts = self.figure.subfigures(2, 1, height_ratios=heights, squeeze=False)
        top, bottom = parts.ravel()
        axis = top.subplots()
        self.above = Above(axis, scene)
        axis.set_title(_outcome(scene), loc="left", fontsize=11)
        self.now = axis.set_title("", loc="right", fontsize=11)
        most = float(scene["move_probability"].max())
        titles = ("sees", "believes", "may do next", "plans (\N{MULTIPLICATION SIGN} at a wall)")
        self.panels = _side_panels(bottom.subplots(1, 4), scene, titles, most)
        self.show(0)
        self.figure.canvas.draw()
        self.figure.set_layout_engine("none")  # settled, not to be found anew for every frame

    def show(self, number: int) -> None:
        """Show one frame; the last one is the end of the trial, after its last move."""
        step = self.steps[number]
        self.above.show(step)
        self.above.show_way(self.steps[max(number - 1, 0)], step)
        self.now.set_text(f"move {step:,} of {self.steps[-1]:,}")
        if number < len(self.steps) - 1:
            for panel in self.panels:
                panel.show(number)

    @property
    def moving(self) -> list[Artist]:
        """Artists that change from step to step, the lowest layer first."""
        return [*self.above.moving, self.now, *(a for panel in self.panels for a in panel.moving)]


def _write_gif(stage: _DrawnScene, path: Path) -> None:
    """Draw what stands still once, and over it what moves, frame by frame."""
    figure = stage.figure
    figure.set_dpi(ANIMATION_DOTS)
    canvas = FigureCanvasAgg(figure)
    for artist in stage.moving:
        artist.set_animated(True)
    canvas.draw()
    still = canvas.copy_from_bbox(figure.bbox)
    images: list[Image.Image] = []
    for number in range(len(stage.steps)):
        if number:
            stage.show(number)
        canvas.restore_region(still)
        for artist in stage.moving:
            figure.draw_artist(artist)
        images.append(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"))
    palette = images[-1].quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE)
    indexed = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    each = round(1000 / FRAMES_PER_SECOND)
    duration = [each] * (len(indexed) - 1) + [round(1000 * STAY)]
    indexed[0].save(
        path, save_all=True, append_images=indexed[1:], duration=duration, loop=0, format="GIF"
    )


def _write_video(stage: _DrawnScene, path: Path) -> None:
    writer = FFMpegWriter(fps=FRAMES_PER_SECOND)
    with writer.saving(stage.figure, str(path), dpi=DOTS_PER_INCH):
        for number in range(len(stage.steps)):
            if number:
                stage.show(number)
            writer.grab_frame()
        for _ in range(round(STAY * FRAMES_PER_SECOND)):
            writer.grab_frame()
