"""What was foretold of a recording, and what came, in one figure."""

from collections.abc import Mapping, Sequence

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from canonica._arguments import checked_arguments
from canonica._errors import RecordingError
from canonica.plot._axes import checked_axes, figure_of
from canonica.report import forecast_figure, forecast_part
from canonica.report._forecast_figure import draw_forecast_panels, forecast_panels
from canonica.reverse_engineering import score
from canonica.reverse_engineering.forecasting import normalised, protocol_of


@checked_arguments
def forecast(
    forecast: xr.Dataset,
    recording: xr.Dataset,
    *,
    against: Sequence[xr.Dataset] = (),
    axes: Mapping[str, Axes] | None = None,
) -> Figure:
    """Draw a forecast beside what was recorded, its error, and how often its intervals held.

    Parameters
    ----------
    forecast : xarray.Dataset
        As `canonica.forecast` returns it.
    recording : xarray.Dataset
        That it was made from, with all sessions.
    against : sequence of xarray.Dataset, optional
        Forecasts of the same recording by other models, to compare errors and coverage with.
    axes : mapping of str to matplotlib.axes.Axes, optional
        To draw single panels on axes of your own, under the panels' names: ``"ensemble 1"`` and so
        on, mean responses to each state of the sources; ``"error"``; ``"coverage of 50 %"``;
        ``"coverage of 90 %"``. Without it, all are drawn in a new figure, with letters.

    Returns
    -------
    matplotlib.figure.Figure
        The new one, or that of the axes.

    Raises
    ------
    CanonicaError
        If a forecast is not of this recording, or there is no panel of a name.

    Examples
    --------
    >>> import canonica
    >>> from canonica.simulate import culture
    >>> practice = culture(seed=0, sessions=8, trials_per_session=64)
    >>> foretold = canonica.forecast(practice, initial_sessions=5, model="ridge")
    >>> [axis.get_title() for axis in forecast(foretold, practice).axes][1:3]
    ['Ensemble of source 2', 'Error']
    """
    scores = [score(one, recording) for one in (forecast, *against)]
    joined = xr.concat(scores, dim="model", combine_attrs="override", join="exact")
    joined = joined.assign_coords(model=[str(one.attrs["model"]) for one in scores])
    attrs = forecast.attrs
    (ready,) = normalised(
        [recording], protocol_of(attrs), attrs["normalisation"], float(attrs["baseline"])
    )
    if isinstance(ready, RecordingError):
        raise ready
    ensembles = ready.ensembles
    observed = ensembles.states.session_means(ready.response.T, ensembles.sessions)
    part = forecast_part(forecast, observed.swapaxes(1, 2), joined)
    if axes is None:
        return forecast_figure(str(attrs["condition"]), [part])
    checked_axes(axes, forecast_panels(part))
    draw_forecast_panels(axes, part)
    return figure_of(next(iter(axes.values())))
