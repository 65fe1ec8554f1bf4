"""What the electrodes of a recording are like, one by one and session by session."""

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica.data._recording_checks import check_recording
from canonica.reverse_engineering._sessions import Sessions
from canonica.reverse_engineering._source_states import SourceStates
from canonica.reverse_engineering.published_protocol._electrode_preference import (
    active_electrodes,
    preferred_source,
    session_preference,
)
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol

DEFAULT = PublishedProtocol()


@checked_arguments
def electrode_statistics(
    recording: xr.Dataset, protocol: PublishedProtocol = DEFAULT
) -> xr.Dataset:
    """Return mean, variability and preference of every electrode.

    Nothing is refused: a recording that the protocol cannot analyse has its statistics too.

    Parameters
    ----------
    recording : xarray.Dataset
        As `canonica.read` returns it, with sources.
    protocol : PublishedProtocol, optional
        Its thresholds say which electrodes are active, and which prefer a source.

    Returns
    -------
    xarray.Dataset
        `mean_response` in spikes, `fano_factor` (variance over mean; NaN where silent), `active`
        and `preferred_source` (0 for none) by electrode; `preference` by session and source: the
        mean of the electrodes that prefer it, in spikes, NaN where there are none. Where a response
        is NaN, so is the mean.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.

    Examples
    --------
    >>> from canonica.simulate import culture
    >>> found = electrode_statistics(culture(seed=2, sessions=12, trials_per_session=64))
    >>> found.mean_response.shape, found.preference.shape
    ((64,), (12, 2))
    """
    check_recording(recording)
    sessions = Sessions(recording["session"].to_numpy())
    responses, sources = (
        recording[name].transpose("trial", ...).to_numpy().astype(np.float64)
        for name in ("responses", "sources")
    )
    by_session = sessions.means(responses)
    mean = responses.mean(axis=0)
    active = active_electrodes(by_session, protocol)
    states = SourceStates.of(sources)
    preference = session_preference(states, states.session_means(responses, sessions))
    preferred = preferred_source(active, _mean(preference, axis=0), protocol)
    members = preferred[:, None] == np.arange(1, sources.shape[1] + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        fano = responses.var(axis=0) / mean
    return xr.Dataset(
        {
            "mean_response": ("electrode", mean, {"units": "spikes"}),
            "fano_factor": ("electrode", fano, {"units": "1"}),
            "active": ("electrode", active),
            "preferred_source": ("electrode", preferred),
            "preference": (
                ("session", "source"),
                _mean(np.where(members, preference, np.nan), axis=1),
                {"units": "spikes"},
            ),
        },
        coords={"session": sessions.labels},
        attrs={key: recording.attrs.get(key, "unknown") for key in ("name", "condition")},
    )


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Return means of what is known, NaN where nothing is."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known, values, 0).sum(axis=axis) / known.sum(axis=axis)
