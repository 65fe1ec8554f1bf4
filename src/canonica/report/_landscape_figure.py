"""The cost as a landscape, learning as a path on it, in the manner of [NC20] Fig. 2."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from canonica._of_results import of_results
from canonica.report._style import (
    BLUE,
    DOTS_PER_INCH,
    GREEN,
    ORANGE,
    VERMILION,
    legend_below,
    new_figure,
)

PATH_COLOURS = (VERMILION, BLUE, ORANGE, GREEN)
FRAMES_PER_SECOND = 10
MOST_FRAMES = 50
WALLS = 0.97  # share of the plane whose cost is told apart


@of_results(dataset=("path", "cost", "first_block_inputs", "inputs"))
def landscape_figure(dataset: xr.Dataset, title: str) -> Figure:
    """Return the landscape of `canonica.simulate.landscape`, with whole paths on it.

    Raises
    ------
    CanonicaError
        If `dataset` is not what canonica returns, or another argument is not of the kind that the
        signature says.
    """
    figure, axis = _landscape(dataset, title)
    path = dataset["path"].to_numpy()
    for ensemble in range(path.shape[2]):
        colour = PATH_COLOURS[ensemble % len(PATH_COLOURS)]
        lines = [one[:, ensemble] for one in path]
        axis.add_collection(LineCollection(lines, colors=colour, linewidths=1, alpha=0.6))
        _ends(axis, path[:, 0, ensemble], path[:, -1, ensemble], colour, ensemble + 1)
    legend_below(axis)
    return figure


@of_results(dataset=("path", "cost", "session", "first_block_inputs", "inputs"))
def write_animation(dataset: xr.Dataset, title: str, path: Path) -> None:
    """Write the landscape with paths that grow session by session, as GIF or MP4.

    MP4 needs the program ffmpeg; `animation_suffix` says what can be written.

    Raises
    ------
    CanonicaError
        If `dataset` is not what canonica returns, or another argument is not of the kind that the
        signature says.
    """
    figure, axis = _landscape(dataset, title)
    paths = dataset["path"].to_numpy()
    sessions = dataset["session"].to_numpy()
    frames = np.unique(np.linspace(0, len(sessions) - 1, MOST_FRAMES).round().astype(int))
    lines, points = [], []
    for ensemble in range(paths.shape[2]):
        colour = PATH_COLOURS[ensemble % len(PATH_COLOURS)]
        line = LineCollection([], colors=colour, linewidths=1, alpha=0.6)
        axis.add_collection(line)
        lines.append(line)
        label = f"ensemble {ensemble + 1}"
        points.append(axis.scatter([], [], s=30, color=colour, edgecolor="white", label=label))
    legend_below(axis)

    def draw(frame: int) -> list:
        for ensemble, (line, point) in enumerate(zip(lines, points, strict=True)):
            line.set_segments([one[: frame + 1, ensemble] for one in paths])
            point.set_offsets(paths[:, frame, ensemble])
        heading = axis.set_title(f"{title}, session {sessions[frame]}")
        return [*lines, *points, heading]

    figure.canvas.draw()
    figure.set_layout_engine("none")  # settled, not to be found anew for every frame
    writer = PillowWriter if path.suffix == ".gif" else FFMpegWriter
    animation = FuncAnimation(figure, draw, frames=frames, blit=False)
    animation.save(path, writer=writer(fps=FRAMES_PER_SECOND), dpi=DOTS_PER_INCH * 0.6)


def animation_suffix() -> str:
    """Return ``.mp4`` where ffmpeg is there to write it, else ``.gif``."""
    return ".mp4" if FFMpegWriter.isAvailable() else ".gif"


def _landscape(dataset: xr.Dataset, title: str) -> tuple[Figure, Axes]:
    figure = new_figure(7, 6.1)
    axis = figure.subplots()
    cost = dataset["cost"]
    # The valleys are what matters: colours end below the highest walls.
    values = np.minimum(cost.to_numpy(), np.quantile(cost, WALLS))
    strengths = [dataset[dim].to_numpy() for dim in cost.dims]
    (left, right), (bottom, top) = (one[[0, -1]] for one in strengths)
    drawn = axis.imshow(
        values.T,
        extent=(left, right, bottom, top),
        origin="lower",
        cmap="cividis",
        interpolation="bilinear",
    )
    axis.contour(*strengths, values.T, levels=20, colors="white", linewidths=0.4, alpha=0.5)
    bar = figure.colorbar(drawn, ax=axis, label="cost of an ensemble (nat per trial)")
    bar.ax.locator_params(nbins=6)
    first, inputs = dataset.attrs["first_block_inputs"], dataset.attrs["inputs"]
    axis.set(
        title=title,
        xlabel=f"mean strength of synapses from inputs 1\N{EN DASH}{first}",
        ylabel=f"mean strength of synapses from inputs {first + 1}\N{EN DASH}{inputs}",
        aspect=1,
    )
    return figure, axis


def _ends(axis: Axes, start: np.ndarray, end: np.ndarray, colour: str, ensemble: int) -> None:
    axis.scatter(*start.T, s=18, color="white", edgecolor=colour, zorder=3, linewidth=0.8)
    axis.scatter(
        *end.T,
        s=30,
        color=colour,
        edgecolor="white",
        zorder=3,
        linewidth=0.6,
        label=f"ensemble {ensemble}: first (open) to last session",
    )
