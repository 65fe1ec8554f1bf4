"""Random models of both layers, for properties that hold for all of them."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np

import canonica.model as cm

# Observations, states, decisions, time: few combinations, so that little is compiled.
SIZES = [(1, 1, 1, 3), (5, 3, 2, 7), (4, 6, 8, 5)]


def random_model(seed, sizes, *, layers="two", form="canonical", dtype=np.float64):
    """Return a model with random counts and priors; layers "gains": two, with random gains."""
    observations, states, decisions, _ = sizes
    generator = np.random.default_rng(seed)

    def counts(outcomes, causes):
        return jnp.asarray(np.exp(generator.uniform(-2, 5, (2, 2, outcomes, causes))), dtype)

    def prior(variables):
        on = generator.uniform(0.05, 0.95, variables)
        return jnp.asarray(np.stack([1 - on, on]), dtype)

    def gain():
        return jnp.asarray(generator.uniform(0.2, 1.1, 2), dtype)

    first = counts(observations, states), prior(states)
    if layers == "one":
        return cm.GenerativeModel(*first, form=form)
    second = counts(states, states), counts(states, decisions), prior(decisions)
    gains = cm.Gains(gain(), gain(), gain()) if layers == "gains" else None
    return cm.GenerativeModel(*first, *second, gains=gains, form=form)


def random_observations(seed, sizes, dtype=np.float64):
    """Return binary observations."""
    generator = np.random.default_rng(seed + 1)
    return jnp.asarray(generator.integers(0, 2, (sizes[3], sizes[0])), dtype)


def random_beliefs(seed, sizes, dtype=np.float64):
    """Return beliefs that no inference has produced, inside (0, 1)."""
    _, states, decisions, time = sizes
    generator = np.random.default_rng(seed + 2)
    s = generator.uniform(0.01, 0.99, (time + 1, states))
    d = generator.uniform(0.01, 0.99, (time, decisions))
    return cm.Beliefs(*(jnp.asarray(part, dtype) for part in (s[1:], s[:-1], d)))


def random_risk(seed, sizes, dtype=np.float64):
    """Return a risk for every step."""
    return jnp.asarray(np.random.default_rng(seed + 3).uniform(0, 1, sizes[3]), dtype)


def arrays(model):
    """Return a model's arrays by the oracle's names."""
    named = {
        "a": model.likelihood_counts,
        "D": model.state_prior,
        "b": model.transition_counts,
        "c": model.policy_counts,
        "E": model.decision_prior,
    }
    return {name: np.asarray(array) for name, array in named.items() if array is not None}


# Compiled once per combination of sizes, for all tests of a run.
infer = eqx.filter_jit(lambda model, *arguments: model.infer(*arguments))
update = eqx.filter_jit(lambda model, *arguments: model.update(*arguments))
run = eqx.filter_jit(lambda network, *arguments: network.run(*arguments))
rate_of_change = eqx.filter_jit(lambda network, *arguments: network.rate_of_change(*arguments))
free_energy = eqx.filter_jit(cm.free_energy)
cost = eqx.filter_jit(cm.cost)
canonical_network = eqx.filter_jit(cm.canonical_network)
generative_model = eqx.filter_jit(cm.generative_model)
synaptic_sums = eqx.filter_jit(cm.synaptic_sums)
