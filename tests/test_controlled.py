"""Transitions that depend on the action, and states that compete: section 6 of the theory."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import canonica.model as cm
from canonica import CanonicaError

# Observations, states, actions, decisions, time; the factors of the states.
SIZES = [((3, 4, 2, 3, 3), (1, 3)), ((2, 3, 3, 2, 3), None)]
cases = st.sampled_from(SIZES)
seeds = st.integers(0, 2**31 - 1)

pytestmark = pytest.mark.usefixtures("x64_module")
free_energy = eqx.filter_jit(cm.controlled_free_energy)
cost = eqx.filter_jit(cm.controlled_cost)
network_of = eqx.filter_jit(cm.controlled_network)
model_of = eqx.filter_jit(cm.controlled_model)
infer = eqx.filter_jit(lambda model, *arguments: model.infer(*arguments))
run = eqx.filter_jit(lambda network, *arguments: network.run(*arguments))


@pytest.fixture(scope="module")
def x64_module():
    with jax.enable_x64(True):
        yield


class Case:
    """A random model with observations, actions, risk and beliefs that no inference made."""

    def __init__(self, seed, case):
        (observations, states, actions, decisions, time), factors = case
        draw = np.random.default_rng(seed)
        counts = lambda *shape: jnp.asarray(np.exp(draw.uniform(-2, 4, shape)))  # noqa: E731
        prior = lambda size: jnp.asarray(draw.uniform(0.1, 0.9, (2, size)))  # noqa: E731
        gains = cm.Gains(*(jnp.asarray(draw.uniform(0.3, 1.2, 2)) for _ in range(3)))
        layers = cm.GenerativeModel(
            counts(2, 2, observations, states),
            prior(states),
            policy_counts=counts(2, 2, states, decisions),
            decision_prior=prior(decisions),
            gains=gains,
        )
        b = counts(actions, 2, 2, states, states)
        self.model = cm.ControlledModel(layers, b, factors)
        self.seen = jnp.asarray(draw.integers(0, 2, (time, observations)), float)
        self.done = jnp.eye(actions)[draw.integers(0, actions, time)]
        self.risk = jnp.asarray(draw.uniform(0, 1, time))
        s = draw.uniform(0.01, 0.99, (time + 1, states))
        if factors:
            parts = np.split(s, np.cumsum(factors)[:-1], axis=1)
            s = np.concatenate([one / one.sum(axis=1, keepdims=True) for one in parts], axis=1)
        s, d = jnp.asarray(s), jnp.asarray(draw.uniform(0.01, 0.99, (time, decisions)))
        self.beliefs = cm.Beliefs(s[1:], s[:-1], d)
        self.factors = self.model.factors


def close(one, other, tolerance=1e-11):
    scale = max(np.abs(np.asarray(other)).max(), 1.0)
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * scale)


def log_parameter(counts):
    return np.log(np.asarray(counts)) - np.log(np.asarray(counts).sum(axis=0))


def slow_evidence(case, t, previous):
    """Return v[n][j] by loops: prior, observations, and transitions of the action taken."""
    model = case.model
    gains = jax.tree.map(np.asarray, model.layers.gains)
    a, D = log_parameter(model.layers.likelihood_counts), np.log(model.layers.state_prior)
    v, counts = np.array(D), np.asarray(model.transition_counts)
    for n in (0, 1):
        for j in range(v.shape[1]):
            for i, o in enumerate(np.asarray(case.seen[t])):
                v[n, j] += gains.likelihood[n] * (o * a[1, n, i, j] + (1 - o) * a[0, n, i, j])
            for k, d in enumerate(np.asarray(case.done[t])):
                b = log_parameter(counts[k])
                for i, s in enumerate(np.asarray(previous)):
                    said = s * b[1, n, i, j] + (1 - s) * b[0, n, i, j]
                    v[n, j] += gains.transition[n] * d * said
    return v


def slow_free_energy(case):
    """Return F of every step by loops."""
    model, beliefs = case.model, case.beliefs
    c, E = log_parameter(model.layers.policy_counts), np.log(model.layers.decision_prior)
    g, risk = np.asarray(model.layers.gains.decision), np.asarray(case.risk)
    F = np.zeros(len(case.seen))
    for t in range(len(F)):
        v = slow_evidence(case, t, beliefs.previous_states[t])
        for j, s in enumerate(np.asarray(beliefs.states[t])):
            F[t] += s * (np.log(s) - v[1, j]) - (1 - s) * v[0, j]
            if case.factors is None:
                F[t] += (1 - s) * np.log(1 - s)
        for k, d in enumerate(np.asarray(beliefs.decisions[t])):
            for n, q in ((1, d), (0, 1 - d)):
                u = sum(
                    s * c[1, n, j, k] + (1 - s) * c[0, n, j, k]
                    for j, s in enumerate(np.asarray(beliefs.previous_states[t]))
                )
                said = g[n] * E[n, k] + (1 - 2 * risk[t]) * g[n] * u
                F[t] += q * (np.log(q) - said)
    return F


@settings(max_examples=6)
@given(seeds, cases)
def test_free_energy_is_that_of_the_loops_and_the_networks_cost(seed, case):
    case = Case(seed, case)
    F = free_energy(case.model, case.seen, case.done, case.beliefs, risk=case.risk)
    close(F.total, slow_free_energy(case))
    network = network_of(case.model)
    L = cost(network, case.seen, case.done, cm.Activity(*case.beliefs), risk=case.risk)
    close(L, F.total)


@settings(max_examples=6)
@given(seeds, cases)
def test_model_and_network_infer_what_the_loops_do(seed, case):
    case = Case(seed, case)
    beliefs = infer(case.model, case.seen, case.done)
    network = network_of(case.model)
    activity = run(network, case.seen, case.done)
    close(activity.middle, beliefs.states)
    close(activity.output, beliefs.decisions)
    previous = np.asarray(case.model.layers.state_prior[1])
    law = network.log_odds
    for t, found in enumerate(np.asarray(beliefs.states)):
        v = slow_evidence(case, t, previous)
        odds = np.exp(v[1] - v[0])
        if case.factors is None:
            expected = odds / (1 + odds)
        else:
            parts = np.split(odds, np.cumsum(case.factors)[:-1])
            expected = np.concatenate([part / part.sum() for part in parts])
        close(found, expected, 1e-9)
        k = int(np.argmax(case.done[t]))
        said = law.input_slope @ case.seen[t] + law.recurrent_slope[k] @ previous + law.offset[k]
        close(said, v[1] - v[0], 1e-9)
        previous = found


@settings(max_examples=4)
@given(seeds, cases)
def test_network_to_model_and_back_is_the_identity(seed, case):
    network = network_of(Case(seed, case).model)
    again = network_of(model_of(network, cm.Precision(7.0, 0.5, 100.0)))
    assert jax.tree.structure(again) == jax.tree.structure(network)
    for one, other in zip(jax.tree.leaves(again), jax.tree.leaves(network), strict=True):
        close(one, other)


@settings(max_examples=4)
@given(seeds, cases)
def test_counts_come_back_given_their_totals(seed, case):
    model = Case(seed, case).model
    totals = [
        counts.sum(axis=-4).swapaxes(-1, -2)
        for counts in (
            model.layers.likelihood_counts,
            model.transition_counts,
            model.layers.policy_counts,
        )
    ]
    again = model_of(network_of(model), cm.Precision(*totals))
    for one, other in zip(jax.tree.leaves(again), jax.tree.leaves(model), strict=True):
        close(one, other)


@eqx.filter_jit
def slope_of_drive(z, network, seen, done, rest):
    def total(z):  # activity within its factors, whatever the drive
        factors = network.factors
        parts = [z] if factors is None else jnp.split(z, np.cumsum(factors)[:-1], 1)
        law = jax.nn.sigmoid if factors is None else jax.nn.softmax
        activity = rest._replace(middle=jnp.concatenate(list(map(law, parts)), 1))
        return cm.controlled_cost(network, seen, done, activity).sum()

    return jax.grad(total)(z)


@eqx.filter_jit
def slope_of_weight(K, network, seen, done, activity):
    def total(K):
        there = cm.ControlledNetwork(network.layers, K, network.factors)
        return cm.controlled_cost(there, seen, done, activity).sum()

    return jax.grad(total)(K)


@settings(max_examples=4)
@given(seeds, cases)
def test_cost_is_stationary_at_rest_and_in_learned_weights(seed, case):
    case = Case(seed, case)
    model = eqx.tree_at(lambda m: m.layers.gains, case.model, None)
    network = network_of(model)
    rest = run(network, case.seen, case.done)
    x = rest.middle
    z = jnp.log(x) if case.factors else jnp.log(x / (1 - x))
    close(slope_of_drive(z, network, case.seen, case.done, rest), 0 * x, 1e-9)

    activity = cm.Activity(*case.beliefs)
    sums = [
        cm.synaptic_sums(activity.middle, activity.previous_middle, taken) for taken in case.done.T
    ]
    K = jnp.stack([jnp.nan_to_num(one.weight) for one in sums])  # 0 where never done: no slope
    close(slope_of_weight(K, network, case.seen, case.done, activity), 0 * K, 1e-10)


@settings(max_examples=6)
@given(seeds, cases)
def test_learned_counts_are_outer_products_of_the_steps_of_each_action(seed, case):
    case = Case(seed, case)
    learned = case.model.update(case.seen, case.done, case.beliefs, case.risk)
    expected = np.array(case.model.transition_counts)
    for t, d in enumerate(np.asarray(case.done)):
        s, before = np.asarray(case.beliefs.states[t]), np.asarray(case.beliefs.previous_states[t])
        for k, m, n in np.ndindex(len(d), 2, 2):
            first, second = (before if m else 1 - before), (s if n else 1 - s)
            expected[k, m, n] += d[k] * np.outer(first, second)
    close(learned.transition_counts, expected)
    layers = case.model.layers.update(case.seen, case.beliefs, case.risk)
    close(learned.layers.policy_counts, layers.policy_counts)


@pytest.mark.usefixtures("unchecked")
def test_what_does_not_fit_is_refused():
    layers = cm.GenerativeModel(jnp.ones((2, 2, 3, 2)), jnp.full((2, 2), 0.5))
    b = jnp.ones((4, 2, 2, 2, 2))
    for factors in ((3,), (1, 2), (2, 0), ()):
        with pytest.raises(CanonicaError, match="factors: found"):
            cm.ControlledModel(layers, b, factors)
    with pytest.raises(CanonicaError, match="transition_counts"):
        cm.ControlledModel(layers, b[..., :1])
    with pytest.raises(CanonicaError, match="each action has its own"):
        cm.ControlledModel(
            cm.GenerativeModel(layers.likelihood_counts, layers.state_prior, b[0]), b
        )
    with pytest.raises(CanonicaError, match="each action has its own"):
        cm.ControlledNetwork(
            cm.CanonicalNetwork(jnp.zeros((2, 2, 3)), jnp.zeros((2, 2)), jnp.zeros((2, 2, 2))),
            jnp.zeros((4, 2, 2, 2)),
        )
