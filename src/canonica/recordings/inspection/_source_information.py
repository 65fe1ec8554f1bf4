"""How much the sources tell of the stimuli, in bits: of a shuffled column, nothing."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from canonica.data._row_numbers import row_numbers

CHANCE = 0.01  # that sources of no meaning seem to tell something of any input


class SourceInformation(NamedTuple):
    """Mutual information of the sources' joint state and each input.

    Attributes
    ----------
    bits : float
        Mean over inputs that vary, of at most 1 bit each; what chance adds is taken off.
    is_any : bool
        Whether it is more than chance makes of sources that have nothing to do with the stimuli.
    trials : int
        How many trials say so: those of the first session, if all sessions are the same.
    """

    bits: float
    is_any: bool
    trials: int


def source_information(recording: xr.Dataset) -> SourceInformation | None:
    """Return what the sources of a recording tell of its stimuli; None where either is constant.

    A table of joint states and values of an input has a likelihood-ratio statistic G, which is
    2 N ln 2 times the mutual information in bits and, without any dependence, distributed as
    chi-squared. Where every session repeats the first, its trials alone are counted.

    Examples
    --------
    >>> from canonica.simulate import culture
    >>> known = culture(seed=0, sessions=4, trials_per_session=64)
    >>> found = source_information(known)
    >>> found.is_any, bool(found.bits > 0.1)
    (True, True)
    """
    from scipy.special import chdtrc  # noqa: PLC0415  (of chi2 in scipy.stats, slow to load)

    sources, stimuli = _without_repeats(recording)
    state = _states(sources)
    varying = stimuli[:, (stimuli != stimuli[0]).any(axis=0)]
    states = int(state.max()) + 1
    if states == 1 or not varying.shape[1]:
        return None
    indicator = np.eye(states)[state]
    on = indicator.T @ varying
    tables = np.stack([on, indicator.sum(axis=0)[:, None] - on])  # (value, state, input)
    statistic = 2 * len(stimuli) * _nats(tables / len(stimuli))
    bits = (statistic - (states - 1)) / (2 * len(stimuli) * np.log(2))
    chance = chdtrc(states - 1, statistic).min() * varying.shape[1]
    return SourceInformation(float(max(bits.mean(), 0.0)), bool(chance < CHANCE), len(stimuli))


def _states(sources: np.ndarray) -> np.ndarray:
    """Return the joint state of each trial, as numbers; recordings made by hand may have others."""
    if ((sources == 0) | (sources == 1)).all():
        return row_numbers(sources)
    return np.unique(sources, axis=0, return_inverse=True)[1].ravel()


def _nats(joint: np.ndarray) -> np.ndarray:
    """Return the mutual information (input,) in joint probabilities (value, state, input)."""
    independent = joint.sum(axis=0, keepdims=True) * joint.sum(axis=1, keepdims=True)
    ratio = np.divide(joint, independent, out=np.ones_like(joint), where=joint > 0)
    return (joint * np.log(ratio)).sum(axis=(0, 1))


def _without_repeats(recording: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return sources and stimuli: of the first session only, if all are the same."""
    sources, stimuli = (recording[role].to_numpy() for role in ("sources", "stimuli"))
    lengths = np.unique(recording["session"].to_numpy(), return_counts=True)[1]
    if (lengths == lengths[0]).all():
        both = np.concatenate([sources, stimuli], axis=1).reshape(len(lengths), lengths[0], -1)
        if (both == both[0]).all():
            return sources[: lengths[0]], stimuli[: lengths[0]]
    return sources, stimuli
