"""The model floor against a slow, independent transcription of the equations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import canonica.model as cm
import oracle
from random_models import (
    SIZES,
    arrays,
    canonical_network,
    cost,
    free_energy,
    infer,
    random_beliefs,
    random_model,
    random_observations,
    random_risk,
    update,
)

pytestmark = pytest.mark.usefixtures("x64")
CASES = [(seed, sizes, layers) for seed, sizes in enumerate(SIZES) for layers in ("one", "two")]
FORMS = ("exact", "canonical")


def close(one, other):
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("seed", "sizes", "layers"), CASES)
def test_inference(seed, sizes, layers, form):
    model = random_model(seed, sizes, layers=layers, form=form)
    observations = np.asarray(random_observations(seed, sizes))
    initial = np.random.default_rng(seed).uniform(size=sizes[1])
    beliefs = infer(model, jnp.asarray(observations), jnp.asarray(initial))
    named = arrays(model)
    a, D = named.pop("a"), named.pop("D")
    states, decisions = oracle.infer(a, D, observations, initial_state=initial, form=form, **named)
    close(beliefs.states, states)
    if layers == "two":
        close(beliefs.decisions, decisions)
        u = np.asarray(model.decision_log_evidence(jnp.asarray(initial)))
        close(
            model.decision_probability(jnp.asarray(initial)),
            oracle.decision_probabilities(u[1] - u[0]),
        )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("seed", "sizes", "layers"), CASES)
def test_free_energy(seed, sizes, layers, form):
    model = random_model(seed, sizes, layers=layers, form=form)
    observations, beliefs = random_observations(seed, sizes), random_beliefs(seed, sizes)
    risk = random_risk(seed, sizes)
    F = free_energy(model, observations, beliefs, risk=risk, epsilon=1e-6)
    named = arrays(model)
    truth = oracle.free_energy(
        named.pop("a"),
        named.pop("D"),
        observations,
        beliefs.states,
        initial_state=beliefs.previous_states[0],
        decisions=beliefs.decisions,
        risk=risk,
        form=form,
        epsilon=1e-6,
        **named,
    )
    # The oracle takes each previous state from the state before it.
    assert (beliefs.previous_states[1:] == beliefs.states[:-1]).all()
    close(F.total.sum(), truth["total"])
    close(F.accuracy.sum(), truth["accuracy"])
    close(F.complexity.sum(), truth["complexity"])
    close(F.decision.sum(), truth["decision"])


@pytest.mark.parametrize(("seed", "sizes", "layers"), CASES)
def test_learning(seed, sizes, layers):
    model = random_model(seed, sizes, layers=layers)
    observations, beliefs = random_observations(seed, sizes), random_beliefs(seed, sizes)
    risk = random_risk(seed, sizes)
    learned = update(model, observations, beliefs, risk)
    named = arrays(model)
    counts = oracle.update_counts(
        named["a"],
        observations,
        beliefs.states,
        b=named.get("b"),
        c=named.get("c"),
        initial_state=beliefs.previous_states[0],
        decisions=beliefs.decisions,
        risk=risk,
    )
    found = (learned.likelihood_counts, learned.transition_counts, learned.policy_counts)
    for one, other in zip(found, counts, strict=True):
        if other is None:
            assert one is None
        else:
            close(one, other)


@pytest.mark.parametrize(("seed", "sizes", "layers"), CASES)
def test_network(seed, sizes, layers):
    model = random_model(seed, sizes, layers=layers)
    network = canonical_network(model)
    named = arrays(model)
    truth = oracle.network_from_counts(named.pop("a"), named.pop("D"), **named)
    close(network.weight, truth["W"])
    close(network.threshold_factor, truth["phi"])
    close(network.firing_threshold, truth["h"])
    if layers == "two":
        close(network.recurrent_weight, truth["K"])
        close(network.output_weight, truth["V"])
        close(network.output_firing_threshold, truth["m"])

    observations, risk = random_observations(seed, sizes), random_risk(seed, sizes)
    beliefs = random_beliefs(seed, sizes)
    extra = {name: truth[name] for name in ("K", "V", "psi") if name in truth}
    L = oracle.cost(
        truth["W"],
        truth["phi"],
        observations,
        beliefs.states,
        initial_activity=beliefs.previous_states[0],
        output_activity=beliefs.decisions,
        risk=risk,
        epsilon=1e-6,
        **extra,
    )
    activity = cm.Activity(*beliefs)
    found = cost(network, observations, activity, risk=risk, epsilon=1e-6)
    close(found.sum(), L)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_single_precision_agrees_to_its_precision(dtype):
    sizes = SIZES[2]
    model = random_model(3, sizes, dtype=dtype)
    observations = random_observations(3, sizes, dtype)
    beliefs = infer(model, observations)
    named = arrays(random_model(3, sizes))
    a, D = named.pop("a"), named.pop("D")
    initial = np.asarray(random_model(3, sizes).state_prior[1])
    states, decisions = oracle.infer(
        a, D, observations, initial_state=initial, form="canonical", **named
    )
    tolerance = 1e-12 if dtype is np.float64 else 1e-4
    for one, other in ((beliefs.states, states), (beliefs.decisions, decisions)):
        assert one.dtype == dtype
        np.testing.assert_allclose(one, other, atol=tolerance)
    F = free_energy(model, observations, beliefs)
    network = canonical_network(model)
    assert all(part.dtype == dtype for part in F)
    assert all(leaf.dtype == dtype for leaf in jax.tree.leaves(network))
    assert update(model, observations, beliefs).policy_counts.dtype == dtype
    assert cost(network, observations, cm.Activity(*beliefs)).dtype == dtype
