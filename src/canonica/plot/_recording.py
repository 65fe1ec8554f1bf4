"""What was read out of recordings, in one figure."""

from collections.abc import Mapping, Sequence

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canonica._arguments import checked_arguments
from canonica._errors import CanonicaError
from canonica.plot._axes import checked_axes, figure_of
from canonica.report import condition_figure, figure_part
from canonica.report._figure import draw_recording_panels, recording_panels


@checked_arguments
def recording(
    result: xr.Dataset | Sequence[xr.Dataset], *, axes: Mapping[str, Axes] | None = None
) -> Figure:
    """Draw what was read out of a recording, or out of several, as means and deviations.

    Parameters
    ----------
    result : xarray.Dataset or sequence of xarray.Dataset
        As `canonica.reverse_engineer` returns it.
    axes : mapping of str to matplotlib.axes.Axes, optional
        To draw single panels on axes of your own, under the panels' names: ``"ensemble 1"`` and so
        on, mean responses to each state of the sources; ``"free energy"``, with accuracy and
        complexity; ``"responses"``, observed against predicted; ``"response error"``;
        ``"weights"``; ``"weight error"``. Without it, all are drawn in a new figure, with letters.

    Returns
    -------
    matplotlib.figure.Figure
        The new one, or that of the axes.

    Raises
    ------
    CanonicaError
        If that is no result, or there is no panel of a name.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023, Fig. 3.

    Examples
    --------
    >>> from canonica import reverse_engineer
    >>> from canonica.simulate import culture
    >>> result = reverse_engineer(culture(2, sessions=12, trials_per_session=64))
    >>> [axis.get_title() for axis in recording(result).axes][:2]
    ['Ensemble of source 1', 'Ensemble of source 2']
    """
    results = [result] if isinstance(result, xr.Dataset) else list(result)
    if not results or any("state_response" not in one for one in results):
        raise CanonicaError(
            "result: found none, or a dataset without state_response; expected what "
            "canonica.reverse_engineer returns."
        )
    parts = [figure_part(one) for one in results]
    if axes is None:
        names = dict.fromkeys(str(one.attrs["condition"]) for one in results)
        title = str(results[0].attrs["name"]) if len(results) == 1 else ", ".join(names)
        return condition_figure(title, parts)
    checked_axes(axes, recording_panels(parts))
    draw_recording_panels(axes, parts)
    return figure_of(next(iter(axes.values())))
