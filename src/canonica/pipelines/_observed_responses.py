"""What was observed beside a forecast: mean responses of a session by the state of the sources."""

import xarray as xr

from canonica.reverse_engineering.forecasting import Normalised


def with_observed(scores: xr.Dataset, forecast: xr.Dataset, recording: Normalised) -> xr.Dataset:
    """Return scores with `state_response`, in the forecast's normalisation, missing if not shown.

    Neither the forecast nor its scores hold responses; figures show both beside these.
    """
    ensembles = recording.ensembles
    means = ensembles.states.session_means(recording.response.T, ensembles.sessions)
    dims = ("session", "ensemble", "source_state")
    observed = xr.DataArray(
        means.swapaxes(1, 2),
        dims=dims,
        coords={name: forecast[name] for name in dims},
        attrs={
            "long_name": "observed mean normalised response by joint source state",
            "units": "1",
        },
    )
    return scores.assign(state_response=observed)
