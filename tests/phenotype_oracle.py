"""A canonical subject, Rescorla-Wagner and win-stay-lose-shift written out, slowly, in NumPy."""

import numpy as np

KEPT, WRITTEN, MISTAKEN, MEMORY_PRIOR = 0.85, 0.5, 0.1, 0.3
MISPERCEIVED, EPSILON = 1e-3 / (1 + 1e-3), 1e-6


def log(p):
    return np.log(np.maximum(p, EPSILON))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def canonical_log_probabilities(
    choice, outcome, fresh, options, *, gamma=1.0, eta=1.0, keeping=1.0, unlearning=1.0, leak=0.0,
    favour=0.0, habit=0.0, D=0.5, zeta=1.0, omega=1.0, count=20.0,
):  # fmt: skip
    """Return the log probability of each option before each choice, number by number."""
    senses = 2 * options
    states = 2 * senses
    c = np.full((2, 2, states, options), count)  # previous state, decision
    for state in range(senses):
        arm = state // 2
        for m in (0, 1):
            for n in (0, 1):
                c[m, n, state, arm] *= 1 + habit if m == n else 1 - habit
    first = c.copy()
    E = np.full(options, 1 / options)
    E[0] *= (1 + favour) / (1 - favour)
    E /= E.sum()
    belief, found = None, []
    prior_odds = np.array([1.0] * senses + [MEMORY_PRIOR / (1 - MEMORY_PRIOR)] * senses)
    priors = prior_odds * D / (1 - D) / (1 + prior_odds * D / (1 - D))
    for t in range(len(choice)):
        if fresh[t]:
            belief = priors
            seen = np.zeros(senses)
        else:
            seen = np.zeros(senses)
            seen[2 * choice[t - 1]] = (1 + outcome[t - 1]) / 2
            seen[2 * choice[t - 1] + 1] = (1 - outcome[t - 1]) / 2
        new = np.zeros(states)
        for j in range(states):
            v = [log(1 - priors[j]), log(priors[j])]
            for n in (0, 1):
                for i in range(senses):
                    p = 0.5
                    if i == j:
                        p = 1 - MISPERCEIVED if n else MISPERCEIVED
                    v[n] += zeta * (seen[i] * log(p) + (1 - seen[i]) * log(1 - p))
                for i in range(states):
                    p = 0.5
                    if j >= senses and i == j - senses:
                        p = WRITTEN if n else MISTAKEN
                    if j >= senses and i == j:
                        p = KEPT if n else 1 - KEPT
                    v[n] += omega * (belief[i] * log(p) + (1 - belief[i]) * log(1 - p))
            new[j] = sigmoid(v[1] - v[0])
        belief = new
        u = np.zeros(options)
        for k in range(options):
            each = [log(1 - E[k]), log(E[k])]
            for n in (0, 1):
                for j in range(states):
                    total = c[0, n, j, k] + c[1, n, j, k]
                    each[n] += belief[j] * log(c[1, n, j, k] / total)
                    each[n] += (1 - belief[j]) * log(c[0, n, j, k] / total)
            u[k] = gamma * (each[1] - each[0])
        odds = np.exp(u) / (1 + EPSILON + EPSILON * np.exp(u))
        found.append(np.log(odds / odds.sum()))
        modulation = outcome[t]  # 1 - 2 Gamma
        modulation *= keeping if modulation > 0 else unlearning
        for k in range(options):
            taken = [k != choice[t], k == choice[t]]
            for m in (0, 1):
                for n in (0, 1):
                    state = belief if m else 1 - belief
                    kept = first[m, n, :, k] + (1 - leak) * (c[m, n, :, k] - first[m, n, :, k])
                    c[m, n, :, k] = np.maximum(1, kept + eta * modulation * state * taken[n])
    return np.array(found)


def rescorla_wagner(choice, outcome, fresh, options, *values):
    rate, inverse_temperature, stickiness = values
    Q, found = np.zeros(options), []
    for t in range(len(choice)):
        drive = inverse_temperature * Q.copy()
        if not fresh[t]:
            drive[choice[t - 1]] += stickiness
        found.append(drive - np.log(np.exp(drive).sum()))
        Q[choice[t]] += rate * (outcome[t] - Q[choice[t]])
    return np.array(found)


def win_stay_lose_shift(choice, outcome, fresh, options, *values):
    (gain, loss), found = values, []
    for t in range(len(choice)):
        p = np.full(options, 1 / options)
        if not fresh[t]:
            good = (1 + outcome[t - 1]) / 2
            log_odds = good * np.log(gain / (1 - gain)) + (1 - good) * np.log(loss / (1 - loss))
            p = np.full(options, sigmoid(-log_odds) / (options - 1))
            p[choice[t - 1]] = sigmoid(log_odds)
        found.append(np.log(p))
    return np.array(found)
