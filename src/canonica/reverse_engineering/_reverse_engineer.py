"""Recordings in, results out."""

from collections.abc import Iterable, Sequence
from typing import Literal, overload

import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import RecordingError
from canonica.reverse_engineering._failures import Errors, in_place
from canonica.reverse_engineering._protocol import protocol_named
from canonica.reverse_engineering.published_protocol._baselines import GivenBaseline
from canonica.reverse_engineering.published_protocol._outcomes import outcomes
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol


@overload
def reverse_engineer(
    recordings: xr.Dataset,
    *,
    protocol: str | PublishedProtocol = ...,
    baseline: GivenBaseline = ...,
    errors: Literal["raise"] = ...,
) -> xr.Dataset: ...
@overload
def reverse_engineer(
    recordings: Iterable[xr.Dataset],
    *,
    protocol: str | PublishedProtocol = ...,
    baseline: GivenBaseline = ...,
    errors: Literal["raise"] = ...,
) -> list[xr.Dataset]: ...
@overload
def reverse_engineer(
    recordings: Iterable[xr.Dataset],
    *,
    protocol: str | PublishedProtocol = ...,
    baseline: GivenBaseline = ...,
    errors: Literal["keep"],
) -> list[xr.Dataset | RecordingError]: ...
@checked_arguments
def reverse_engineer(
    recordings: xr.Dataset | Iterable[xr.Dataset],
    *,
    protocol: str | PublishedProtocol = "published",
    baseline: GivenBaseline = None,
    errors: Errors = "raise",
) -> xr.Dataset | Sequence[xr.Dataset | RecordingError]:
    """Read the generative model out of recordings, and forecast how each network reorganises.

    The published protocol [NC23]: ensembles of electrodes by the source they prefer; normalised
    responses; firing threshold factors from the initial sessions; synaptic weights and free energy
    of every session; and a forecast of responses and weights from the initial sessions. Its
    normalisation looks at all sessions: the forecast is not blind to the future. The errors of two
    simpler predictions stand beside it: weights frozen, and a ridge regression.

    Parameters
    ----------
    recordings : xarray.Dataset or iterable of them
        As `canonica.read` returns them. Sizes, sessions and stimuli may differ between them.
    protocol : str or PublishedProtocol, optional
        ``"published"``, or a protocol value with other settings.
    baseline : float, mapping, BaselineFrom or None, optional
        Mean response, in spikes, that stands for ordinary excitability: one for all, one per
        condition, ``BaselineFrom("ctrl")`` for that of one condition, or by default the mean over
        the recordings given, condition by condition, of their ensembles' responses in the initial
        sessions.
    errors : str
        ``"raise"``: a recording that cannot be analysed ends the call. ``"keep"``: of several, each
        that cannot be analysed leaves its RecordingError in its place, so that results and
        recordings always stand in the same order; the baseline is that of the others.

    Returns
    -------
    xarray.Dataset or list of xarray.Dataset
        One for each recording, in their order, named in ``attrs["name"]`` as the recording is.
        `response`, `predicted_response` (ensemble, trial) in [0, 1]; `excitatory_weight`,
        `inhibitory_weight` and both `predicted_...` (session, ensemble, input), as they are at the
        start of each session; `firing_threshold_factor` (level, ensemble), level 1 first;
        `free_energy`, `accuracy`, `complexity` in nats, `response_error`, `weight_error`,
        `frozen_response_error`, `ridge_response_error` (session); `distance_to_ideal` (session,
        level, ensemble), how far the strengths are from the inputs' frequencies given the sources,
        missing where no input is ever on with a source value;
        `electrode_ensemble` (electrode), 0 for none; `preference` (electrode, ensemble) and
        `mean_ensemble_response` (session, ensemble) in spikes; `state_response` (session,
        ensemble, source_state), missing where a state does not occur in a session. Attributes:
        settings, versions, input file and its SHA-256, baseline and its origin.

    Raises
    ------
    RecordingError
        If a recording cannot be analysed; of several, the first, with a word on the others.
    CanonicaError
        If the protocol is unknown, the baseline is no number above 0, or `errors` is something
        else.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023.

    Examples
    --------
    >>> from canonica.simulate import culture
    >>> result = reverse_engineer(culture(seed=0, sessions=12, trials_per_session=64))
    >>> result.firing_threshold_factor.dims
    ('level', 'ensemble')
    """
    chosen = protocol_named(protocol)
    if isinstance(recordings, xr.Dataset):
        (only,) = outcomes([recordings], chosen, baseline)
        if isinstance(only, RecordingError):
            raise only
        return only
    return in_place(outcomes(list(recordings), chosen, baseline), errors, done="analysed")
