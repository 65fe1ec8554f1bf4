"""Step 3: from spikes to activity in [0, 1], and the baseline of a group of cultures."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from canonica._errors import RecordingError, listed
from canonica.reverse_engineering.published_protocol._ensembles import (
    EnsembleResponse,
    InitialResponse,
)
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol

SPREAD = 0.5  # of the normalised activity, per standard deviation of the response
ROUNDING = 1e-9  # of the response: a deviation below this is none
BASELINE_SHARE = 0.25  # of the relative deviation from the baseline


def normalised_response(
    ensembles: EnsembleResponse, baseline: float
) -> Float[np.ndarray, "ensemble trial"]:
    """Return the activity x of each ensemble.

    What the first session showed for each source state, and every session's shift of the mean, are
    removed; the rest is scaled to its standard deviation over *all* trials, so that this step looks
    at the whole recording. Initial excitability, relative to `baseline`, is added back.

    Raises
    ------
    RecordingError
        If a source state does not occur in the first session, or a response never varies.
    """
    sessions, states, response = ensembles.sessions, ensembles.states, ensembles.response
    session_means = ensembles.session_means.T
    removed = _first_session_means(ensembles)[:, states.index]
    removed += np.repeat(session_means - session_means[:, :1], sessions.lengths, axis=1)
    x = response - removed
    x -= x.mean(axis=1, keepdims=True)
    return _activity(ensembles, x, x, baseline)


def causal_response(
    ensembles: EnsembleResponse, baseline: float, initial_sessions: int
) -> Float[np.ndarray, "ensemble trial"]:
    """Return the activity x of each ensemble, by a rule that knows the initial sessions alone.

    As `normalised_response`, but mean and standard deviation are those of the initial sessions, and
    no later shift of the mean is removed: what a response becomes depends on no later response.

    Raises
    ------
    RecordingError
        If a source state does not occur in the first session, or a response does not vary in the
        initial ones.
    """
    x = ensembles.response - _first_session_means(ensembles)[:, ensembles.states.index]
    seen = slice(int(ensembles.sessions.lengths[:initial_sessions].sum()))
    x -= x[:, seen].mean(axis=1, keepdims=True)
    return _activity(ensembles, x, x[:, seen], baseline)


def _activity(
    ensembles: EnsembleResponse,
    x: Float[np.ndarray, "ensemble trial"],
    seen: Float[np.ndarray, "ensemble seen"],
    baseline: float,
) -> Float[np.ndarray, "ensemble trial"]:
    """Return deviations `x` in units of the spread of `seen`, beside the initial excitability."""
    deviation = seen.std(axis=1, ddof=1, keepdims=True)
    _check_deviation(ensembles, deviation.ravel())
    excitability = (ensembles.session_means.T[:, :1] - baseline) / baseline
    return np.clip(0.5 + SPREAD * x / deviation + BASELINE_SHARE * excitability, 0, 1)


def _first_session_means(ensembles: EnsembleResponse) -> Float[np.ndarray, "ensemble state"]:
    length = ensembles.sessions.lengths[0]
    states = ensembles.states
    indicator = states.index[:length, None] == np.arange(len(states.patterns))
    occurrences = indicator.sum(axis=0)
    missing = [states.labels[k] for k in np.flatnonzero(occurrences == 0)]
    if missing:
        raise RecordingError(
            ensembles.label,
            "sources",
            found=f"source states {listed(missing)} only after the first session",
            expected="every source state in the first session",
            advice="Responses are normalised to the first session's, state by state.",
        )
    return ensembles.response[:, :length] @ indicator / occurrences


def baseline_of(
    group: Sequence[EnsembleResponse | InitialResponse], protocol: PublishedProtocol
) -> float:
    """Return the mean response in the initial sessions, over cultures and ensembles."""
    initial = [
        one if isinstance(one, InitialResponse) else one.initial_response(protocol) for one in group
    ]
    return float(np.mean([one.mean for one in initial]))


def _check_deviation(ensembles: EnsembleResponse, deviation: np.ndarray) -> None:
    varies = deviation > ROUNDING * np.abs(ensembles.response).max(axis=1)
    if not varies.all():
        raise RecordingError(
            ensembles.label,
            "responses",
            found=f"no variation in ensemble {listed(np.flatnonzero(~varies) + 1)}",
            expected="responses that vary within a source state",
            advice="Check that spikes were counted for every trial.",
        )
