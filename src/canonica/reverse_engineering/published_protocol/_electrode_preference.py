"""The rule of step 2: which electrodes are active, and which source each of them prefers."""

import numpy as np
from jaxtyping import Bool, Float, Int

from canonica.reverse_engineering._source_states import SourceStates
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol


def active_electrodes(
    session_means: Float[np.ndarray, "session electrode"], protocol: PublishedProtocol
) -> Bool[np.ndarray, " electrode"]:
    """Return which electrodes respond enough, over all sessions and in the lowest of them."""
    return (session_means.mean(axis=0) > protocol.minimum_mean_response) & (
        session_means.min(axis=0) > protocol.minimum_session_response
    )


def compared_patterns(states: SourceStates) -> list[Int[np.ndarray, " source"]]:
    """Return the source states that a preference compares: each source alone.

    A single source is compared with its absence.
    """
    count = states.patterns.shape[1]
    alone = list(np.eye(count, dtype=np.int64))
    return alone if count > 1 else [*alone, np.zeros(1, np.int64)]


def session_preference(
    states: SourceStates, state_means: Float[np.ndarray, "session state electrode"]
) -> Float[np.ndarray, "session electrode source"]:
    """Return by how many spikes each electrode prefers each source, session by session.

    The response to the source alone, less the mean of those to each of the other sources alone.
    NaN in sessions that do not show every state compared.
    """
    responses = np.stack(
        [_mean_under(states, state_means, pattern) for pattern in compared_patterns(states)],
        axis=-1,
    )
    sources = states.patterns.shape[1]
    others = (responses.sum(axis=-1, keepdims=True) - responses) / (responses.shape[-1] - 1)
    return (responses - others)[..., :sources]


def _mean_under(
    states: SourceStates,
    state_means: Float[np.ndarray, "session state electrode"],
    pattern: Int[np.ndarray, " source"],
) -> Float[np.ndarray, "session electrode"]:
    number = states.number(pattern)
    return np.full_like(state_means[:, 0], np.nan) if number is None else state_means[:, number]


def preferred_source(
    active: Bool[np.ndarray, " electrode"],
    preference: Float[np.ndarray, "electrode source"],
    protocol: PublishedProtocol,
) -> Int[np.ndarray, " electrode"]:
    """Return the number of the source that each active electrode prefers enough, 0 for none.

    Parameters
    ----------
    active : (electrode,)
        As `active_electrodes` returns it.
    preference : (electrode, source)
        In spikes; NaN where it is not known, which is no preference.
    protocol : PublishedProtocol
        Its `minimum_preference` is what has to be exceeded.
    """
    belongs = active & (preference.max(axis=1) > protocol.minimum_preference)  # NaN exceeds nothing
    return np.where(belongs, preference.argmax(axis=1) + 1, 0)
