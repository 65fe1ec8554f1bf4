"""Slow, explicit transcription of the learning encoder, as an independent oracle for tests.

`encode` is a plain Python loop over time whose steps are plain NumPy over observations i and hidden
states j; `encode_by_loops` is the same with every sum written out; `landscape` is the free energy
of one hidden state as a function of what its synapses encode. None of it is meant to be fast.

Convention, as in `oracle`: on every axis that runs over the values of a binary variable, the array
index is the value. So a[1, 1, i, j] counts o_i = 1 with s_j = 1, and D[1] is the prior of state 1.

Sources: [NC20] Isomura & Friston, Neural Computation 32(11), 2020. [CB22] Isomura, Shimazaki &
Friston, Communications Biology 5:55, 2022. [NC23] Isomura, Kotani, Jimbo & Friston, Nature
Communications 14:4547, 2023.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, expit, log_expit, xlog1py, xlogy

import oracle

Array = NDArray[np.float64]

SMALLEST = 1e-6
"""What a probability is kept away from 0 and 1 by."""


class Encoded(NamedTuple):
    """What an encoder believed and learned."""

    posterior: Array
    """s_j(t), the belief that state j is 1, (T, Ns)."""
    accuracy: Array
    """sum s . lnA . o of every step, (T,)."""
    complexity: Array
    """sum s . (ln s - ln D) of every step, (T,); free energy is complexity minus accuracy."""
    counts: Array
    """Concentration counts after the last step, (2, 2, No, Ns)."""
    log_odds: Array
    """v_j[1] - v_j[0] of every step, (T, Ns)."""


def _check(form: str, learn: str, trials_per_session: int | None, bias: ArrayLike | None) -> None:
    if form not in {"exact", "canonical"}:
        raise ValueError(f"form must be 'exact' or 'canonical', not {form!r}")
    if learn not in {"step", "session", "off"}:
        raise ValueError(f"learn must be 'step', 'session' or 'off', not {learn!r}")
    if learn == "session" and (trials_per_session is None or trials_per_session < 1):
        raise ValueError("learning by sessions needs trials_per_session, at least 1")
    if bias is not None and form == "exact":
        raise ValueError("a bias of the synapses needs the canonical form")


def _learns_now(learn: str, t: int, steps: int, trials_per_session: int | None) -> bool:
    """Whether the counts change after step t: every step, or at the end of a session."""
    if learn == "session" and trials_per_session is not None:
        return (t + 1) % trials_per_session == 0 or t == steps - 1
    return learn == "step"


# Vectorised over observations and hidden states --------------------------------------------------


def _encoded(a: Array, lnD: Array, form: str, beta: Array | None) -> tuple[Array, Array]:
    """Log likelihood lnA (2, 2, No, Ns) and log prior (2, Ns) that the counts stand for.

    With a bias [NC20] the synapses encode A' = A[1] + beta, kept inside (0, 1), and the prior is
    phi = ln D + sum_i atanh(2 A' - 1) beta, where atanh(2 A' - 1) = (ln A' - ln(1 - A')) / 2.
    """
    total = a[1] + a[0]
    if beta is None:
        if form == "exact":
            return digamma(a) - digamma(total), lnD
        return np.log(a) - np.log(total), lnD
    biased = np.minimum(np.maximum(a[1] / total + beta, SMALLEST), 1.0 - SMALLEST)
    lnA = np.empty_like(a)
    np.log(biased, out=lnA[1])
    np.log(1.0 - biased, out=lnA[0])
    return lnA, lnD + (0.5 * (lnA[1] - lnA[0]) * beta).sum(axis=1)


def encode(
    a: ArrayLike,
    D: ArrayLike,
    observations: ArrayLike,
    *,
    form: str,
    learn: str = "step",
    trials_per_session: int | None = None,
    learning_rate: float = 1.0,
    bias: ArrayLike | None = None,
) -> Encoded:
    """Infer and learn, step by step (section 1 of the theory, [CB22], [NC23]; bias: [NC20]).

    Parameters
    ----------
    a, D
        Initial counts (2, 2, No, Ns) and state prior (2, Ns).
    observations
        0 or 1, (T, No).
    form
        "exact" (digamma) or "canonical" (ln).
    learn
        Counts change after every "step", at the end of every "session", or never ("off").
    trials_per_session
        Length of a session; the last one may be shorter.
    learning_rate
        What a step adds to the counts is multiplied by it.
    bias
        beta[i, j, n], (No, Ns, 2), of the synapses; canonical form only.
    """
    _check(form, learn, trials_per_session, bias)
    counts = np.array(a, dtype=np.float64)
    lnD = np.log(np.array(D, dtype=np.float64))
    o = np.array(observations, dtype=np.float64)
    beta = None if bias is None else np.array(bias, dtype=np.float64).transpose(2, 0, 1).copy()
    T, No = o.shape
    Ns = lnD.shape[1]

    s = np.zeros((T, 2, Ns))
    signed = np.zeros((T, 2, Ns))  # v[n] - v[1 - n]
    likelihood = np.zeros((T, 2, Ns))
    prior = np.zeros((T, 2, Ns))
    o_t = np.zeros((2, 1, No, 1))  # value of o_i, -, i, -
    gathered = np.zeros_like(counts)
    lnA, lnD_t = _encoded(counts, lnD, form, beta)
    for t in range(T):
        o_t[1, 0, :, 0] = o[t]
        o_t[0, 0, :, 0] = 1.0 - o[t]
        prior[t] = lnD_t
        likelihood[t] = (o_t * lnA).sum(axis=(0, 2))
        v = prior[t] + likelihood[t]
        signed[t] = v - v[::-1]
        s[t] = expit(signed[t])
        if learn == "off":
            continue
        gathered += o_t * s[t, :, None, :]
        if _learns_now(learn, t, T, trials_per_session):
            counts += learning_rate * gathered
            gathered[:] = 0.0
            lnA, lnD_t = _encoded(counts, lnD, form, beta)
    return Encoded(
        posterior=s[:, 1],
        accuracy=(s * likelihood).sum(axis=(1, 2)),
        complexity=(s * (log_expit(signed) - prior)).sum(axis=(1, 2)),  # ln s finite: 0 ln 0 = 0
        counts=counts,
        log_odds=signed[:, 1],
    )


# Every sum written out ---------------------------------------------------------------------------


def _encoded_by_loops(a: Array, D: Array, form: str, beta: Array | None) -> tuple[Array, Array]:
    """Return what `_encoded` does, input by input and state by state."""
    No, Ns = a.shape[2:]
    prior = np.zeros((2, Ns))
    for n in (1, 0):
        for j in range(Ns):
            prior[n, j] = math.log(D[n, j])
    if beta is None:
        return oracle.expected_log_parameter(a, form), prior

    lnA = np.zeros_like(a)
    for n in (1, 0):
        for j in range(Ns):
            for i in range(No):
                biased = a[1, n, i, j] / (a[1, n, i, j] + a[0, n, i, j]) + beta[i, j, n]
                biased = min(max(biased, SMALLEST), 1.0 - SMALLEST)
                lnA[1, n, i, j] = math.log(biased)
                lnA[0, n, i, j] = math.log(1.0 - biased)
                # atanh(2 A' - 1), without the rounding of 2 A' - 1 where A' is small
                prior[n, j] += 0.5 * (lnA[1, n, i, j] - lnA[0, n, i, j]) * beta[i, j, n]
    return lnA, prior


def _sigmoid_and_log(z: float) -> tuple[float, float]:
    """Logistic function and its logarithm, without overflow on either side."""
    e = math.exp(-abs(z))
    if z >= 0.0:
        return 1.0 / (1.0 + e), -math.log1p(e)
    return e / (1.0 + e), z - math.log1p(e)


def encode_by_loops(
    a: ArrayLike,
    D: ArrayLike,
    observations: ArrayLike,
    *,
    form: str,
    learn: str = "step",
    trials_per_session: int | None = None,
    learning_rate: float = 1.0,
    bias: ArrayLike | None = None,
) -> Encoded:
    """Infer and learn as `encode` does, with loops over i, j, n and m; for tiny sizes."""
    _check(form, learn, trials_per_session, bias)
    counts = np.array(a, dtype=np.float64)
    D_given = np.array(D, dtype=np.float64)
    o = np.array(observations, dtype=np.float64)
    beta = None if bias is None else np.array(bias, dtype=np.float64)
    T, No = o.shape
    Ns = D_given.shape[1]

    posterior = np.zeros((T, Ns))
    accuracy = np.zeros(T)
    complexity = np.zeros(T)
    log_odds = np.zeros((T, Ns))
    gathered = np.zeros_like(counts)
    for t in range(T):
        lnA, prior = _encoded_by_loops(counts, D_given, form, beta)
        s = np.zeros((2, Ns))
        for j in range(Ns):
            likelihood = [0.0, 0.0]
            for n in (1, 0):
                for i in range(No):
                    likelihood[n] += o[t, i] * lnA[1, n, i, j] + (1 - o[t, i]) * lnA[0, n, i, j]
            z = (prior[1, j] + likelihood[1]) - (prior[0, j] + likelihood[0])
            s[1, j], ln_s1 = _sigmoid_and_log(z)
            s[0, j], ln_s0 = _sigmoid_and_log(-z)
            ln_s = (ln_s0, ln_s1)
            log_odds[t, j] = z
            posterior[t, j] = s[1, j]
            for n in (1, 0):
                accuracy[t] += s[n, j] * likelihood[n]
                if s[n, j] > 0.0:  # 0 ln 0 = 0
                    complexity[t] += s[n, j] * (ln_s[n] - prior[n, j])
        o_t = (1 - o[t], o[t])
        for m in (1, 0):
            for n in (1, 0):
                for i in range(No):
                    for j in range(Ns):
                        gathered[m, n, i, j] += o_t[m][i] * s[n, j]
        if _learns_now(learn, t, T, trials_per_session):
            for m in (1, 0):
                for n in (1, 0):
                    for i in range(No):
                        for j in range(Ns):
                            counts[m, n, i, j] += learning_rate * gathered[m, n, i, j]
                            gathered[m, n, i, j] = 0.0
    return Encoded(posterior, accuracy, complexity, counts, log_odds)


# What learning descends --------------------------------------------------------------------------


def landscape(
    first: float, second: float, observations: ArrayLike, block: ArrayLike, D: ArrayLike
) -> float:
    """Free energy per trial of one hidden state, with the posterior optimal.

    P(o_i = 1 given state 1) is `first` in block 0 and `second` in block 1. P(o_i = 1 given state 0)
    is what keeps the mean of the block's observations, clipped to [1e-6, 1 - 1e-6]. So
    F = -(mean over t) ln sum_n D[n] prod_i p(o_i given n).

    Parameters
    ----------
    first, second
        What the synapses from the two blocks of inputs encode.
    observations, block
        0 or 1, (T, No), and the block of every input, 0 or 1, (No,).
    D
        State prior, (2,).
    """
    o = np.array(observations, dtype=np.float64)
    blocks = np.array(block)
    prior = np.array(D, dtype=np.float64)

    p = np.zeros((2, o.shape[1]))  # state value n, i
    for b, encoded in enumerate((first, second)):
        inside = blocks == b
        if not np.any(inside):
            continue
        mean = np.mean(o[:, inside])
        p[1, inside] = encoded
        p[0, inside] = np.clip((mean - prior[1] * encoded) / prior[0], SMALLEST, 1.0 - SMALLEST)

    joint = np.zeros((2, o.shape[0]))  # ln D[n] + sum_i ln p(o_i given n), for every trial
    for n in (1, 0):
        joint[n] = np.log(prior[n]) + np.sum(xlogy(o, p[n]) + xlog1py(1.0 - o, -p[n]), axis=1)
    return float(-np.mean(np.logaddexp(joint[1], joint[0])))
