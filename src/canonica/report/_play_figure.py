"""How agents learned an environment, and a film of an episode."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from PIL import Image

from canonica._arguments import checked_arguments
from canonica._checks import checked_array, refusal
from canonica._files import AnyPath
from canonica._of_results import of_results
from canonica.report._style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    legend_below,
    new_figure,
    whole_numbers,
)

COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
POINTS = 60  # of a curve, at most
MILLISECONDS = 200  # of a picture
STAYS = 1500  # the last one
LARGEST = 480  # pixels of a side
RGB = (3,)  # numbers of a pixel


@of_results(result=("reward", "agent", "episode"))
def play_figure(result: xr.Dataset) -> Figure:
    """Return reward and steps of every agent, episode by episode.

    Points are episodes where there are few, and else means of as many as the axis says.

    Parameters
    ----------
    result : xarray.Dataset
        Of `canonica.pipelines.play`.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels.
    """
    episodes = result.sizes["episode"]
    block = -(-episodes // POINTS)
    figure = new_figure(9.6, 4.2)
    axes = figure.subplots(1, 2)
    for axis, name, label in zip(
        axes, ("reward", "steps"), ("reward of an episode", "steps of an episode"), strict=True
    ):
        for colour, agent in zip(COLOURS, result["agent"].values, strict=False):
            values = result[name].sel(agent=agent).astype(float)
            means = values.coarsen(episode=block, boundary="trim").mean()
            axis.plot(means["episode"], means, color=colour, label=agent, linewidth=1.6)
        axis.set_xlabel("episode" if block == 1 else f"episode (means of {block})")
        axis.set_ylabel(label)
        whole_numbers(axis)
        legend_below(axis, columns=result.sizes["agent"])
    figure.suptitle(str(result.attrs["environment"]))
    return figure


@checked_arguments
def write_frames(frames: Sequence[np.ndarray], path: AnyPath) -> None:
    """Write pictures of an episode as a GIF, five a second; the last one stays.

    Parameters
    ----------
    frames : sequence of (height, width, 3)
        Bytes of red, green and blue.
    path : path-like
        File to write.

    Raises
    ------
    CanonicaError
        If there are none, or they are no pictures.
    """
    if not len(frames):
        raise refusal("frames", "none", "one picture at least")
    for number, frame in enumerate(frames):
        shape = np.shape(frame)
        if shape[2:] != RGB or not all(shape):
            raise refusal(f"frames[{number}]", f"shape {shape}", "(height, width, 3)")
        checked_array(f"frames[{number}]", frame, dims=["y", "x", "colour"], lowest=0, highest=255)
    images = [Image.fromarray(np.asarray(frame).astype(np.uint8)) for frame in frames]
    for image in images:
        image.thumbnail((LARGEST, LARGEST))
    duration = [MILLISECONDS] * (len(images) - 1) + [STAYS]
    images[0].save(
        path, save_all=True, append_images=images[1:], duration=duration, loop=0, format="GIF"
    )
