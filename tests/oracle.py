"""Slow, explicit transcription of the equations, as an independent oracle for tests.

Every function is written as plain loops over observations i, hidden states j, decisions k, values
m (of an outcome) and n (of a cause) and time t, so that a line reads like the equation it stands
for. Nothing here is meant to be fast.

Convention: on every axis that runs over the values of a binary variable, the array index is the
value: index 1 holds value 1 and index 0 holds value 0. So a[1, 1, i, j] counts o_i = 1 with
s_j = 1. Shapes:

    a (2, 2, No, Ns)   value of o_i(t),   value of s_j(t), i, j
    b (2, 2, Ns, Ns)   value of s_j'(t-1), value of s_j(t), j', j
    c (2, 2, Ns, Nd)   value of s_j(t-1), value of d_k(t), j, k
    D (2, Ns), E (2, Nd)

Sources: [NC20] Isomura & Friston, Neural Computation 32(11), 2020. [CB22] Isomura, Shimazaki &
Friston, Communications Biology 5:55, 2022. [NC23] Isomura, Kotani, Jimbo & Friston, Nature
Communications 14:4547, 2023.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma

Array = NDArray[np.float64]


def _sigmoid(z: float) -> float:
    """Logistic function, without overflow on either side."""
    if z >= 0.0:
        return float(1.0 / (1.0 + np.exp(-z)))
    return float(np.exp(z) / (1.0 + np.exp(z)))


def _log_one_minus_sigmoid(w: float) -> float:
    """ln(1 - sigmoid(w)) = -ln(1 + e^w)."""
    return float(-np.logaddexp(0.0, w))


def _as_float(array: ArrayLike) -> Array:
    return np.array(array, dtype=np.float64)


def _optional(array: ArrayLike | None) -> Array | None:
    return None if array is None else _as_float(array)


def _risk_of(risk: ArrayLike | None, steps: int) -> Array:
    """Gamma_t for every step; no risk given means Gamma = 0 (keep what was done)."""
    return np.zeros(steps) if risk is None else _as_float(risk)


def _previous(states: Array, initial: Array | None, t: int) -> Array:
    """s(t-1); before the first step it is the initial state."""
    if t > 0:
        return states[t - 1]
    if initial is None:
        raise ValueError("transitions and decisions need the state before the first step")
    return initial


# Section 1: the world, inference, learning, free energy ------------------------------------------


def expected_parameter(counts: ArrayLike) -> Array:
    """Expected parameter a[m] / (a[1] + a[0]) of every Beta column (section 1, [NC20])."""
    a = _as_float(counts)
    expected = np.zeros_like(a)
    for m in (1, 0):
        for n in (1, 0):
            for i in range(a.shape[2]):
                for j in range(a.shape[3]):
                    expected[m, n, i, j] = a[m, n, i, j] / (a[1, n, i, j] + a[0, n, i, j])
    return expected


def expected_log_parameter(counts: ArrayLike, form: str) -> Array:
    """Expected log parameter, "exact" (digamma) or "canonical" (ln) (section 1, [NC20], [CB22])."""
    if form not in ("exact", "canonical"):
        raise ValueError(f"form must be 'exact' or 'canonical', not {form!r}")
    a = _as_float(counts)
    expected = np.zeros_like(a)
    for m in (1, 0):
        for n in (1, 0):
            for i in range(a.shape[2]):
                for j in range(a.shape[3]):
                    total = a[1, n, i, j] + a[0, n, i, j]
                    if form == "exact":
                        expected[m, n, i, j] = digamma(a[m, n, i, j]) - digamma(total)
                    else:
                        expected[m, n, i, j] = np.log(a[m, n, i, j]) - np.log(total)
    return expected


def infer(
    a: ArrayLike,
    D: ArrayLike,
    observations: ArrayLike,
    *,
    b: ArrayLike | None = None,
    c: ArrayLike | None = None,
    E: ArrayLike | None = None,
    initial_state: ArrayLike | None = None,
    form: str,
) -> tuple[Array, Array | None]:
    """Posterior beliefs s_j(t) and d_k(t), step by step (section 1, [CB22])."""
    lnA = expected_log_parameter(a, form)
    lnB = None if b is None else expected_log_parameter(b, form)
    lnC = None if c is None else expected_log_parameter(c, form)
    lnD = np.log(_as_float(D))
    o = _as_float(observations)
    s0 = _optional(initial_state)
    T, No = o.shape
    Ns = lnD.shape[1]

    s = np.zeros((T, Ns))
    for t in range(T):
        for j in range(Ns):
            v = np.zeros(2)
            for n in (1, 0):
                v[n] = lnD[n, j]
                for i in range(No):
                    v[n] += o[t, i] * lnA[1, n, i, j] + (1 - o[t, i]) * lnA[0, n, i, j]
                if lnB is not None:
                    last = _previous(s, s0, t)
                    for jp in range(Ns):
                        v[n] += last[jp] * lnB[1, n, jp, j] + (1 - last[jp]) * lnB[0, n, jp, j]
            s[t, j] = _sigmoid(v[1] - v[0])

    if lnC is None:
        return s, None
    if E is None:
        raise ValueError("decisions need their prior E")
    lnE = np.log(_as_float(E))
    Nd = lnE.shape[1]
    d = np.zeros((T, Nd))
    for t in range(T):
        last = _previous(s, s0, t)
        for k in range(Nd):
            u = np.zeros(2)
            for n in (1, 0):
                u[n] = lnE[n, k]
                for j in range(Ns):
                    u[n] += last[j] * lnC[1, n, j, k] + (1 - last[j]) * lnC[0, n, j, k]
            d[t, k] = _sigmoid(u[1] - u[0])
    return s, d


def decision_probabilities(decisions_log_odds: ArrayLike) -> Array:
    """Probability of drawing each decision, proportional to its odds (section 1, [CB22])."""
    log_odds = _as_float(decisions_log_odds)
    largest = np.max(log_odds)
    odds = np.zeros_like(log_odds)
    for k in range(log_odds.shape[0]):
        odds[k] = np.exp(log_odds[k] - largest)
    total = 0.0
    for k in range(log_odds.shape[0]):
        total += odds[k]
    for k in range(log_odds.shape[0]):
        odds[k] = odds[k] / total
    return odds


def update_counts(
    a: ArrayLike,
    observations: ArrayLike,
    states: ArrayLike,
    *,
    b: ArrayLike | None = None,
    c: ArrayLike | None = None,
    initial_state: ArrayLike | None = None,
    decisions: ArrayLike | None = None,
    risk: ArrayLike | None = None,
) -> tuple[Array, Array | None, Array | None]:
    """Counts after learning from all steps; c is floored at 1 once, at the end (section 1, [CB22]).

    The beliefs are taken as given: the counts do not change while the sums are formed.
    """
    a_new = _as_float(a)
    b_new = _optional(b)
    c_new = _optional(c)
    o = _as_float(observations)
    s = _as_float(states)
    s0 = _optional(initial_state)
    T, No = o.shape
    Ns = s.shape[1]
    gamma = _risk_of(risk, T)

    for t in range(T):
        o_t = (1 - o[t], o[t])
        s_t = (1 - s[t], s[t])
        for m in (1, 0):
            for n in (1, 0):
                for i in range(No):
                    for j in range(Ns):
                        a_new[m, n, i, j] += o_t[m][i] * s_t[n][j]

    if b_new is not None:
        for t in range(T):
            last = _previous(s, s0, t)
            s_last = (1 - last, last)
            s_t = (1 - s[t], s[t])
            for m in (1, 0):
                for n in (1, 0):
                    for jp in range(Ns):
                        for j in range(Ns):
                            b_new[m, n, jp, j] += s_last[m][jp] * s_t[n][j]

    if c_new is not None:
        if decisions is None:
            raise ValueError("learning c needs the decisions")
        d = _as_float(decisions)
        Nd = d.shape[1]
        for t in range(T):
            last = _previous(s, s0, t)
            s_last = (1 - last, last)
            d_t = (1 - d[t], d[t])
            for m in (1, 0):
                for n in (1, 0):
                    for j in range(Ns):
                        for k in range(Nd):
                            step = (1 - 2 * gamma[t]) * s_last[m][j] * d_t[n][k]
                            c_new[m, n, j, k] += step
        for m in (1, 0):
            for n in (1, 0):
                for j in range(Ns):
                    for k in range(Nd):
                        c_new[m, n, j, k] = max(c_new[m, n, j, k], 1.0)
    return a_new, b_new, c_new


def free_energy(
    a: ArrayLike,
    D: ArrayLike,
    observations: ArrayLike,
    states: ArrayLike,
    *,
    b: ArrayLike | None = None,
    c: ArrayLike | None = None,
    E: ArrayLike | None = None,
    initial_state: ArrayLike | None = None,
    decisions: ArrayLike | None = None,
    risk: ArrayLike | None = None,
    form: str,
    epsilon: float = 0.0,
) -> dict[str, float]:
    """Variational free energy without the parameter complexity (section 1, [CB22]).

    The beliefs may be any numbers in (0, 1). total = complexity - accuracy + decision, where the
    transition term stands beside the state prior, in the complexity. epsilon is added inside the
    logarithms of the beliefs.
    """
    lnA = expected_log_parameter(a, form)
    lnB = None if b is None else expected_log_parameter(b, form)
    lnD = np.log(_as_float(D))
    o = _as_float(observations)
    s = _as_float(states)
    s0 = _optional(initial_state)
    T, No = o.shape
    Ns = s.shape[1]
    gamma = _risk_of(risk, T)

    accuracy = 0.0
    complexity = 0.0
    for t in range(T):
        s_t = (1 - s[t], s[t])
        for j in range(Ns):
            for n in (1, 0):
                likelihood = 0.0
                for i in range(No):
                    likelihood += o[t, i] * lnA[1, n, i, j] + (1 - o[t, i]) * lnA[0, n, i, j]
                prior = lnD[n, j]
                if lnB is not None:
                    last = _previous(s, s0, t)
                    for jp in range(Ns):
                        prior += last[jp] * lnB[1, n, jp, j] + (1 - last[jp]) * lnB[0, n, jp, j]
                accuracy += s_t[n][j] * likelihood
                complexity += s_t[n][j] * (np.log(s_t[n][j] + epsilon) - prior)

    decision = 0.0
    if c is not None:
        if E is None or decisions is None:
            raise ValueError("the decision part needs E and the decisions")
        lnC = expected_log_parameter(c, form)
        lnE = np.log(_as_float(E))
        d = _as_float(decisions)
        Nd = d.shape[1]
        for t in range(T):
            last = _previous(s, s0, t)
            d_t = (1 - d[t], d[t])
            for k in range(Nd):
                for n in (1, 0):
                    policy = 0.0
                    for j in range(Ns):
                        policy += last[j] * lnC[1, n, j, k] + (1 - last[j]) * lnC[0, n, j, k]
                    decision += d_t[n][k] * (
                        np.log(d_t[n][k] + epsilon) - (1 - 2 * gamma[t]) * policy - lnE[n, k]
                    )
    return {
        "total": float(complexity - accuracy + decision),
        "accuracy": float(accuracy),
        "complexity": float(complexity),
        "decision": float(decision),
    }


# Section 2: the same thing as a canonical neural network -----------------------------------------


def _weights(counts: ArrayLike) -> Array:
    """Weights [level n, postsynaptic, presynaptic], whose sigmoid is the expected parameter."""
    expected = expected_parameter(counts)
    _, _, pre, post = expected.shape
    weights = np.zeros((2, post, pre))
    for n in (1, 0):
        for j in range(post):
            for i in range(pre):
                # logit of expected[1], written with expected[0] = 1 - expected[1]
                weights[n, j, i] = np.log(expected[1, n, i, j]) - np.log(expected[0, n, i, j])
    return weights


def _expected_of_weights(weights: Array) -> Array:
    """Expected parameters [outcome m, cause n, presynaptic, postsynaptic] of weights."""
    _, post, pre = weights.shape
    expected = np.zeros((2, 2, pre, post))
    for n in (1, 0):
        for j in range(post):
            for i in range(pre):
                expected[1, n, i, j] = _sigmoid(weights[n, j, i])
                expected[0, n, i, j] = _sigmoid(-weights[n, j, i])
    return expected


def thresholds(W: ArrayLike, phi: ArrayLike, *, K: ArrayLike | None = None) -> Array:
    """h_n = phi_n + sum_i ln(1 - sigmoid(W_n)) + sum_j' ln(1 - sigmoid(K_n)) (section 2, [CB22]).

    With V and psi in place of W and phi, the thresholds m of the output layer at zero risk.
    """
    W = _as_float(W)
    K = _optional(K)
    h = _as_float(phi)
    for n in (1, 0):
        for j in range(W.shape[1]):
            for i in range(W.shape[2]):
                h[n, j] += _log_one_minus_sigmoid(W[n, j, i])
            if K is not None:
                for jp in range(K.shape[2]):
                    h[n, j] += _log_one_minus_sigmoid(K[n, j, jp])
    return h


def network_from_counts(
    a: ArrayLike,
    D: ArrayLike,
    *,
    b: ArrayLike | None = None,
    c: ArrayLike | None = None,
    E: ArrayLike | None = None,
) -> dict[str, Array]:
    """Canonical network of a generative model (section 2, [CB22]).

    W (2, Ns, No), K (2, Ns, Ns) as [level, neuron j, previous neuron j'], V (2, Nd, Ns),
    phi (2, Ns), psi (2, Nd), h (2, Ns), m (2, Nd); index of the first axis = level. K, V, psi and
    m are there only where b, c and E were given.
    """
    network = {"W": _weights(a), "phi": np.log(_as_float(D))}
    if b is not None:
        network["K"] = _weights(b)
    network["h"] = thresholds(network["W"], network["phi"], K=network.get("K"))
    if c is not None:
        if E is None:
            raise ValueError("decisions need their prior E")
        network["V"] = _weights(c)
        network["psi"] = np.log(_as_float(E))
        network["m"] = thresholds(network["V"], network["psi"])
    return network


def model_from_network(
    W: ArrayLike,
    phi: ArrayLike,
    *,
    K: ArrayLike | None = None,
    V: ArrayLike | None = None,
    psi: ArrayLike | None = None,
) -> dict[str, Array]:
    """Expected parameters A, B, C and priors D, E of a network (section 2, [CB22]).

    The inverse of `network_from_counts`, whose counts may be these parameters times any strength.
    """
    model = {"A": _expected_of_weights(_as_float(W)), "D": np.exp(_as_float(phi))}
    if K is not None:
        model["B"] = _expected_of_weights(_as_float(K))
    if V is not None:
        if psi is None:
            raise ValueError("an output layer needs psi")
        model["C"] = _expected_of_weights(_as_float(V))
        model["E"] = np.exp(_as_float(psi))
    return model


def activity(
    W: ArrayLike,
    phi: ArrayLike,
    inputs: ArrayLike,
    *,
    K: ArrayLike | None = None,
    V: ArrayLike | None = None,
    psi: ArrayLike | None = None,
    initial_activity: ArrayLike | None = None,
) -> tuple[Array, Array | None]:
    """Relaxed activities x (T, Nx) and y (T, Ny): the fixed points dx/dt = dy/dt = 0 (section 2).

    [CB22]. x(t) = sigmoid((W1 - W0) o + (K1 - K0) x(t-1) + h1 - h0) and
    y(t) = sigmoid((V1 - V0) x(t-1) + m1 - m0).
    """
    h = thresholds(W, phi, K=K)
    W = _as_float(W)
    K = _optional(K)
    o = _as_float(inputs)
    x0 = _optional(initial_activity)
    T, No = o.shape
    Nx = W.shape[1]

    x = np.zeros((T, Nx))
    for t in range(T):
        for j in range(Nx):
            drive = h[1, j] - h[0, j]
            for i in range(No):
                drive += (W[1, j, i] - W[0, j, i]) * o[t, i]
            if K is not None:
                last = _previous(x, x0, t)
                for jp in range(Nx):
                    drive += (K[1, j, jp] - K[0, j, jp]) * last[jp]
            x[t, j] = _sigmoid(drive)

    if V is None:
        return x, None
    if psi is None:
        raise ValueError("an output layer needs psi")
    m = thresholds(V, psi)
    V = _as_float(V)
    Ny = V.shape[1]
    y = np.zeros((T, Ny))
    for t in range(T):
        last = _previous(x, x0, t)
        for k in range(Ny):
            drive = m[1, k] - m[0, k]
            for j in range(Nx):
                drive += (V[1, k, j] - V[0, k, j]) * last[j]
            y[t, k] = _sigmoid(drive)
    return x, y


def cost(
    W: ArrayLike,
    phi: ArrayLike,
    inputs: ArrayLike,
    activity: ArrayLike,
    *,
    K: ArrayLike | None = None,
    V: ArrayLike | None = None,
    psi: ArrayLike | None = None,
    initial_activity: ArrayLike | None = None,
    output_activity: ArrayLike | None = None,
    risk: ArrayLike | None = None,
    epsilon: float = 0.0,
) -> float:
    """Cost function L of the network (section 2, [NC20], [CB22]).

    The factor 1 - 2 Gamma multiplies V x(t-1) and the part of the threshold m that comes from V,
    not psi: then L is the free energy of the model.
    """
    h = thresholds(W, phi, K=K)
    W = _as_float(W)
    K = _optional(K)
    o = _as_float(inputs)
    x = _as_float(activity)
    x0 = _optional(initial_activity)
    T, No = o.shape
    Nx = x.shape[1]
    gamma = _risk_of(risk, T)

    total = 0.0
    for t in range(T):
        x_t = (1 - x[t], x[t])
        for j in range(Nx):
            for n in (1, 0):
                drive = h[n, j]
                for i in range(No):
                    drive += W[n, j, i] * o[t, i]
                if K is not None:
                    last = _previous(x, x0, t)
                    for jp in range(Nx):
                        drive += K[n, j, jp] * last[jp]
                total += x_t[n][j] * (np.log(x_t[n][j] + epsilon) - drive)

    if V is not None:
        if psi is None or output_activity is None:
            raise ValueError("the output layer's cost needs psi and the output activity")
        V = _as_float(V)
        psi = _as_float(psi)
        y = _as_float(output_activity)
        for t in range(T):
            last = _previous(x, x0, t)
            y_t = (1 - y[t], y[t])
            for k in range(y.shape[1]):
                for n in (1, 0):
                    drive = 0.0
                    for j in range(Nx):
                        drive += V[n, k, j] * last[j] + _log_one_minus_sigmoid(V[n, k, j])
                    total += y_t[n][k] * (
                        np.log(y_t[n][k] + epsilon) - (1 - 2 * gamma[t]) * drive - psi[n, k]
                    )
    return float(total)


# Section 4: reading the generative model out of recordings ---------------------------------------


def electrode_ensembles(
    responses: ArrayLike, sources: ArrayLike, *, trials_per_session: int
) -> NDArray[np.int64]:
    """Ensemble of every electrode: 1 or 2, or 0 for neither (section 4, steps 1-2, [NC23])."""
    r = _as_float(responses)
    s = np.asarray(sources).astype(np.int64)
    T, electrodes = r.shape
    S = T // trials_per_session

    mean = np.zeros((S, electrodes))
    only_1 = np.zeros((S, electrodes))
    only_2 = np.zeros((S, electrodes))
    for n in range(S):
        trials = slice(n * trials_per_session, (n + 1) * trials_per_session)
        r_n, s_n = r[trials], s[trials]
        mean[n] = np.mean(r_n, axis=0)
        only_1[n] = np.mean(r_n[(s_n[:, 0] == 1) & (s_n[:, 1] == 0)], axis=0)
        only_2[n] = np.mean(r_n[(s_n[:, 0] == 0) & (s_n[:, 1] == 1)], axis=0)

    ensemble = np.zeros(electrodes, dtype=np.int64)
    for e in range(electrodes):
        active = np.mean(mean[:, e]) > 1.0 and np.min(mean[:, e]) > 0.1
        preference = np.mean(only_1[:, e] - only_2[:, e])
        if active and preference > 0.5:
            ensemble[e] = 1
        if active and preference < -0.5:
            ensemble[e] = 2
    return ensemble


def _ensemble_responses(responses: ArrayLike, ensemble: NDArray[np.int64]) -> Array:
    """Mean response (2, T) of the electrodes of each ensemble (section 4, step 2)."""
    r = _as_float(responses)
    raw = np.zeros((2, r.shape[0]))
    for j in range(2):
        raw[j] = np.mean(r[:, ensemble == j + 1], axis=1)
    return raw


def ensemble_mean_initial(
    responses: ArrayLike,
    sources: ArrayLike,
    *,
    trials_per_session: int,
    initial_sessions: int = 10,
) -> float:
    """One culture's share of its group's baseline (section 4, step 3, [NC23]).

    The mean of both ensembles' mean response in the initial sessions; a group's baseline is the
    mean of this number over its cultures.
    """
    ensemble = electrode_ensembles(responses, sources, trials_per_session=trials_per_session)
    raw = _ensemble_responses(responses, ensemble)
    initial = initial_sessions * trials_per_session
    return float((np.mean(raw[0, :initial]) + np.mean(raw[1, :initial])) / 2)


def normalised_response(
    raw: ArrayLike, sources: ArrayLike, *, trials_per_session: int, baseline: float
) -> Array:
    """Responses x (2, T) in [0, 1] of the two ensembles (section 4, step 3, [NC23])."""
    raw = _as_float(raw)
    s = np.asarray(sources).astype(np.int64)
    T = raw.shape[1]
    x = np.zeros((2, T))
    for j in range(2):
        first = raw[j, :trials_per_session]
        s_first = s[:trials_per_session]
        first_mean = np.mean(first)
        conditional = np.zeros((2, 2))
        for s1 in (1, 0):
            for s2 in (1, 0):
                chosen = (s_first[:, 0] == s1) & (s_first[:, 1] == s2)
                conditional[s1, s2] = np.mean(first[chosen])
        for n in range(T // trials_per_session):
            start = n * trials_per_session
            session_mean = np.mean(raw[j, start : start + trials_per_session])
            for t in range(start, start + trials_per_session):
                x[j, t] = raw[j, t] - conditional[s[t, 0], s[t, 1]] - (session_mean - first_mean)
        x[j] = x[j] - np.mean(x[j])
        x[j] = x[j] / np.std(x[j], ddof=1)
        x[j] = 0.5 + x[j] / 2 + (first_mean - baseline) / baseline / 4
        for t in range(T):
            x[j, t] = min(max(x[j, t], 0.0), 1.0)
    return x


def _session_weights(hebb: Array, home: Array) -> Array:
    """W = logit(Hebb / Home) for both levels (section 2, [NC23])."""
    W = np.zeros_like(hebb)
    for n in (1, 0):
        for j in range(hebb.shape[1]):
            for i in range(hebb.shape[2]):
                ratio = hebb[n, j, i] / home[n, j, i]
                W[n, j, i] = np.log(ratio) - np.log(1 - ratio)
    return W


def _add_session(hebb: Array, home: Array, x: Array, o: Array, weight: float) -> None:
    """Hebb_n += weight sum_t x_n o', Home_n += weight sum_t x_n 1' (section 2, [NC23])."""
    for j in range(x.shape[0]):
        x_j = (1 - x[j], x[j])
        for n in (1, 0):
            for i in range(o.shape[1]):
                hebb[n, j, i] += weight * np.sum(x_j[n] * o[:, i])
                home[n, j, i] += weight * np.sum(x_j[n])


def _respond(W: Array, phi: Array, o: Array) -> Array:
    """Predicted x = sigmoid((W1 - W0) o + h1 - h0) of one session (section 4, step 6)."""
    h = thresholds(W, phi)
    x = np.zeros((W.shape[1], o.shape[0]))
    for j in range(W.shape[1]):
        drive = o @ (W[1, j] - W[0, j]) + h[1, j] - h[0, j]
        for t in range(o.shape[0]):
            x[j, t] = _sigmoid(drive[t])
    return x


def _session_cost(W: Array, phi: Array, o: Array, x: Array, epsilon: float) -> tuple[float, float]:
    """Accuracy and complexity of one session, summed over its trials (sections 1, 2 and 4)."""
    accuracy = 0.0
    complexity = 0.0
    for j in range(x.shape[0]):
        x_j = (1 - x[j], x[j])
        for n in (1, 0):
            likelihood = o @ W[n, j]
            for i in range(o.shape[1]):
                likelihood = likelihood + _log_one_minus_sigmoid(W[n, j, i])
            accuracy += np.sum(x_j[n] * likelihood)
            complexity += np.sum(x_j[n] * (np.log(x_j[n] + epsilon) - phi[n, j]))
    return float(accuracy), float(complexity)


def _ridge(o: Array, x: Array, penalty: float) -> tuple[Array, Array]:
    """Coefficients (2, No) and intercepts (2,) of ridge regression, the intercept unpenalised."""
    design = np.concatenate([np.ones((o.shape[0], 1)), o], axis=1)
    gram = design.T @ design
    for i in range(1, design.shape[1]):
        gram[i, i] += penalty
    slope = np.zeros((x.shape[0], o.shape[1]))
    intercept = np.zeros(x.shape[0])
    for j in range(x.shape[0]):
        solution = np.linalg.solve(gram, design.T @ x[j])
        intercept[j] = solution[0]
        slope[j] = solution[1:]
    return slope, intercept


def ideal_likelihood(mixing: float, No: int = 32) -> Array:
    """P(o_i = 1 given s_j = n) of the task, as [level n, source j, electrode i] (section 3).

    [NC23]. `mixing` is p: an electrode copies its own source with probability p.
    """
    ideal = np.zeros((2, 2, No))
    for j in range(2):
        for i in range(No):
            own = (i < No // 2) == (j == 0)
            ideal[1, j, i] = 0.5 + mixing / 2 if own else 0.5 + (1 - mixing) / 2
            ideal[0, j, i] = 1 - ideal[1, j, i]
    return ideal


def distance_to_ideal(W: ArrayLike, ideal: ArrayLike) -> Array:
    """Distance (sessions, level, ensemble) of weights to an ideal (level, ensemble, No).

    Section 4, step 7, [NC23]: mean_i (sigmoid(W) - ideal)^2 / mean_i ideal^2.
    """
    W = _as_float(W)
    ideal = _as_float(ideal)
    S, _, ensembles, No = W.shape
    distance = np.zeros((S, 2, ensembles))
    for session in range(S):
        for n in (1, 0):
            for j in range(ensembles):
                numerator = 0.0
                denominator = 0.0
                for i in range(No):
                    numerator += (_sigmoid(W[session, n, j, i]) - ideal[n, j, i]) ** 2 / No
                    denominator += ideal[n, j, i] ** 2 / No
                distance[session, n, j] = numerator / denominator
    return distance


def published(
    responses: ArrayLike,
    stimuli: ArrayLike,
    sources: ArrayLike,
    *,
    trials_per_session: int,
    baseline: float,
    prior_strength: float = 3000.0,
    initial_sessions: int = 10,
    gain: float = 2.0,
    epsilon: float = 1e-6,
) -> dict[str, Any]:
    """Published protocol on one recording (section 4, [NC23]).

    Keys (S sessions; level and ensemble axes as elsewhere, index 0 of an ensemble axis is the
    source-1 ensemble): electrode_ensemble (electrodes,) of 0, 1, 2; response and
    predicted_response (2, T); phi (2 levels, 2 ensembles); W and predicted_W (S, 2 levels,
    2 ensembles, No); free_energy, accuracy, complexity, response_error, weight_error,
    frozen_response_error (NaN in the initial sessions) and ridge_response_error, each (S,).
    free_energy = complexity - accuracy, summed over the trials of a session and over ensembles.
    """
    o = _as_float(stimuli)
    T, No = o.shape
    S = T // trials_per_session
    sessions = [slice(n * trials_per_session, (n + 1) * trials_per_session) for n in range(S)]
    initial = initial_sessions * trials_per_session

    # Steps 1-3: ensembles and their responses
    ensemble = electrode_ensembles(responses, sources, trials_per_session=trials_per_session)
    raw = _ensemble_responses(responses, ensemble)
    x = normalised_response(raw, sources, trials_per_session=trials_per_session, baseline=baseline)

    # Step 4: threshold factors
    phi = np.zeros((2, 2))
    for j in range(2):
        mean = np.mean(x[j, :initial])
        phi[1, j] = np.log(mean)
        phi[0, j] = np.log(1 - mean)

    # Step 5: weights, from the sessions before, and the cost of every session
    W = np.zeros((S, 2, 2, No))
    accuracy = np.zeros(S)
    complexity = np.zeros(S)
    hebb = np.full((2, 2, No), prior_strength / 2)
    home = np.full((2, 2, No), prior_strength)
    for n in range(S):
        W[n] = _session_weights(hebb, home)
        accuracy[n], complexity[n] = _session_cost(
            W[n], phi, o[sessions[n]], x[:, sessions[n]], epsilon
        )
        _add_session(hebb, home, x[:, sessions[n]], o[sessions[n]], 1.0)

    # Step 6: forecast of the later sessions from the initial ones
    predicted_W = np.zeros((S, 2, 2, No))
    predicted_x = np.zeros((2, T))
    hebb = np.full((2, 2, No), gain * prior_strength / 2)
    home = np.full((2, 2, No), gain * prior_strength)
    for n in range(S):
        if n < initial_sessions:
            predicted_W[n] = W[n]
            predicted_x[:, sessions[n]] = _respond(W[n], phi, o[sessions[n]])
            _add_session(hebb, home, x[:, sessions[n]], o[sessions[n]], gain)
        else:
            predicted_W[n] = _session_weights(hebb, home)
            predicted_x[:, sessions[n]] = _respond(predicted_W[n], phi, o[sessions[n]])
            _add_session(hebb, home, predicted_x[:, sessions[n]], o[sessions[n]], 1.0)

    # Step 7: errors per session, and beside them two forecasts that learn nothing later
    slope, intercept = _ridge(o[:initial], x[:, :initial], 1.0)
    response_error = np.zeros(S)
    weight_error = np.zeros(S)
    frozen_response_error = np.full(S, np.nan)
    ridge_response_error = np.zeros(S)
    for n in range(S):
        x_n, o_n = x[:, sessions[n]], o[sessions[n]]
        response_error[n] = np.mean((x_n - predicted_x[:, sessions[n]]) ** 2)
        numerator = 0.0
        denominator = 0.0
        for level in (1, 0):
            for j in range(2):
                for i in range(No):
                    strength = _sigmoid(W[n, level, j, i])
                    predicted = _sigmoid(predicted_W[n, level, j, i])
                    numerator += (strength - predicted) ** 2
                    denominator += strength**2
        weight_error[n] = numerator / denominator
        if n >= initial_sessions:
            frozen = _respond(W[initial_sessions - 1], phi, o_n)
            frozen_response_error[n] = np.mean((x_n - frozen) ** 2)
        ridge = np.zeros_like(x_n)
        for j in range(2):
            ridge[j] = o_n @ slope[j] + intercept[j]
        ridge_response_error[n] = np.mean((x_n - ridge) ** 2)

    return {
        "electrode_ensemble": ensemble,
        "response": x,
        "phi": phi,
        "W": W,
        "predicted_W": predicted_W,
        "predicted_response": predicted_x,
        "free_energy": complexity - accuracy,
        "accuracy": accuracy,
        "complexity": complexity,
        "response_error": response_error,
        "weight_error": weight_error,
        "frozen_response_error": frozen_response_error,
        "ridge_response_error": ridge_response_error,
    }
