"""Statistics of cultures side by side, and the spikes that they come from."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canonica._of_results import of_results
from canonica.data._spike_trains import SpikeTrains
from canonica.report._style import BLACK, BLUE, STATE_COLOURS, VERMILION, band, grid, new_figure
from canonica.reverse_engineering import electrode_statistics

COLOURS = (BLUE, VERMILION, BLACK, *STATE_COLOURS[3:])
RASTER_TRIALS = 5
AROUND = (-0.020, 0.100)  # seconds around a stimulus
BIN = 0.001
EVOKED = (0.010, 0.030)
LARGEST_FANO = 10.0
WIDTH = 0.5  # of the dots of one group


@of_results(groups=("responses", "sources", "session"))
def culture_figure(
    groups: Mapping[str, Sequence[xr.Dataset]], *, trains: SpikeTrains | None = None
) -> Figure:
    """Return statistics of recordings, group beside group.

    Parameters
    ----------
    groups : mapping of str to sequence of xarray.Dataset
        Recordings with sources, under what their group is called.
    trains : SpikeTrains, optional
        Of one of them: adds its spikes in a few trials, and around all stimuli.

    Returns
    -------
    matplotlib.figure.Figure
        Mean response and Fano factor of electrodes, shares of active and preferring ones under
        the published rule, and preference session by session.

    Raises
    ------
    CanonicaError
        If `groups` is not what canonica returns, or another argument is not of the kind that the
        signature says.
    """
    found = {
        label: [electrode_statistics(one) for one in recordings]
        for label, recordings in groups.items()
    }
    rows = 1 if trains is None else 2
    figure = new_figure(15.0, 3.4 * rows + 0.4)
    axes = grid(figure, rows, 4)
    figure.suptitle(
        "; ".join(
            f"{label}: {len(parts)} culture{'s' if len(parts) > 1 else ''}"
            for label, parts in found.items()
        )
    )
    for number, (label, parts) in enumerate(found.items()):
        colour = COLOURS[number % len(COLOURS)]
        _distribution(axes[0, 0], [_values(part, "mean_response") for part in parts], colour, label)
        _distribution(axes[0, 1], [_fano(part) for part in parts], colour, label)
        _shares(axes[0, 2], parts, colour, number, len(found))
        _growth(axes[0, 3], parts, colour, label)
    _name_axes(axes[0])
    if len(found) > 1:
        axes[0, 0].legend(frameon=False, fontsize=9, loc="lower right")
    if trains is not None:
        for axis in axes[1]:
            axis.remove()
        places = axes[1, 0].get_gridspec()
        _raster(figure.add_subplot(places[1, :3]), trains)
        _around_stimuli(figure.add_subplot(places[1, 3]), trains)
    return figure


def _values(part: xr.Dataset, name: str) -> np.ndarray:
    return part[name].to_numpy()


def _fano(part: xr.Dataset) -> np.ndarray:
    return _values(part, "fano_factor")[_values(part, "active")]


def _distribution(axis: Axes, parts: Sequence[np.ndarray], colour: str, label: str) -> None:
    """Draw what share of the electrodes lies below each value: faint each culture, bold all."""
    if len(parts) > 1:
        for values in parts:
            _steps(axis, values, color=colour, alpha=0.25, linewidth=0.7)
    _steps(axis, np.concatenate(parts), color=colour, linewidth=2, label=label)


def _steps(axis: Axes, values: np.ndarray, **style: Any) -> None:
    if len(values):
        share = np.arange(1, len(values) + 1) / len(values)
        axis.step(np.sort(values), share, where="post", **style)


def _shares(axis: Axes, parts: Sequence[xr.Dataset], colour: str, number: int, groups: int) -> None:
    """Draw a dot for each culture, and a line at the mean of its group."""
    shares = np.array(
        [
            [_values(part, "active").mean(), (_values(part, "preferred_source") > 0).mean()]
            for part in parts
        ]
    )
    centre = (number + 0.5) / groups - 0.5
    spread = np.linspace(-0.5, 0.5, len(parts) + 2)[1:-1] * WIDTH / groups
    for column, values in enumerate(shares.T):
        axis.plot(
            column + 0.8 * centre + spread, values, "o", color=colour, markersize=4, alpha=0.7
        )
        ends = column + 0.8 * centre + np.array([-0.5, 0.5]) * WIDTH / groups
        axis.plot(ends, [values.mean()] * 2, color=colour, linewidth=2)


def _growth(axis: Axes, parts: Sequence[xr.Dataset], colour: str, label: str) -> None:
    if len({part.sizes["session"] for part in parts}) > 1:
        shortest = min(part.sizes["session"] for part in parts)
        parts = [part.isel(session=slice(shortest)) for part in parts]
    curves = [
        part["preference"]
        .mean("source")
        .assign_coords(session=np.arange(part.sizes["session"]) + 1)
        for part in parts
    ]
    known = [curve for curve in curves if curve.notnull().any()]
    if known:
        band(axis, xr.concat(known, dim="culture"), "culture", colour=colour, label=label)


def _name_axes(axes: Sequence[Axes]) -> None:
    axes[0].set(title="Mean response", xlabel="spikes", ylabel="share of electrodes")
    axes[1].set(title="Fano factor", xlabel="variance / mean, active electrodes")
    axes[1].set_xlim(0, LARGEST_FANO)
    for axis in axes[:2]:
        axis.set_ylim(0, 1.02)
    axes[2].set(title="Electrodes of each culture", ylabel="share", ylim=(0, 1.02))
    axes[2].set_xlim(-0.5, 1.5)
    axes[2].set_xticks([0, 1], ["active", "prefer a source"])
    axes[3].set(title="Preference for the own source", xlabel="session", ylabel="spikes")
    axes[3].set_ylim(bottom=0)


def _raster(axis: Axes, trains: SpikeTrains) -> None:
    onsets = trains.onsets[:RASTER_TRIALS]
    start, stop = onsets[0] - 0.1, onsets[-1] + 0.5
    shown = [times[(times >= start) & (times < stop)] for times in trains]
    axis.eventplot(shown, colors=BLACK, linelengths=0.9, linewidths=0.6)
    for onset in onsets:
        axis.axvline(onset, color=VERMILION, linewidth=0.8, zorder=0)
    axis.set(xlim=(start, stop), ylim=(-1, len(trains)))
    axis.set(title="Spikes; lines are stimuli", xlabel="seconds", ylabel="electrode")


def _around_stimuli(axis: Axes, trains: SpikeTrains) -> None:
    rate = _rates(trains)
    lefts = 1000 * (AROUND[0] + BIN * np.arange(len(rate)))
    axis.axvspan(1000 * EVOKED[0], 1000 * EVOKED[1], color="0.9", zorder=0)
    axis.stairs(rate, np.append(lefts, 1000 * AROUND[1]), color=BLUE, fill=True)
    axis.axvline(0, color=VERMILION, linewidth=0.8)
    axis.set(title="Around a stimulus; grey: the response", xlabel="milliseconds")
    axis.set(ylabel="spikes per second and electrode", xlim=(lefts[0], 1000 * AROUND[1]))


def _rates(trains: SpikeTrains) -> np.ndarray:
    """Return spikes per second in each bin around a stimulus, the mean of all electrodes."""
    edges = AROUND[0] + BIN * np.arange(round((AROUND[1] - AROUND[0]) / BIN) + 1)
    total = np.zeros(len(edges) - 1)
    for times in trains:
        after = (
            times
            - trains.onsets[np.clip(np.searchsorted(trains.onsets, times - AROUND[0]) - 1, 0, None)]
        )
        # Spikes are on a grid as fine as the clock's: half a microsecond keeps them in their bin.
        total += np.histogram(after + 5e-7, bins=edges)[0]
    return total / (BIN * len(trains) * len(trains.onsets))
