"""The facts of the theory, as properties of random models of random sizes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax.scipy.special import logit

import canonica.model as cm
from random_models import (
    SIZES,
    canonical_network,
    cost,
    free_energy,
    generative_model,
    infer,
    random_beliefs,
    random_model,
    random_observations,
    random_risk,
    rate_of_change,
    run,
    synaptic_sums,
    update,
)

seeds = st.integers(0, 2**31 - 1)
sizes = st.sampled_from(SIZES)
layers = st.sampled_from(["one", "two", "gains"])
forms = st.sampled_from(["exact", "canonical"])

pytestmark = pytest.mark.usefixtures("x64_module")


@pytest.fixture(scope="module")
def x64_module():
    with jax.enable_x64(True):
        yield


def close(one, other, tolerance=1e-12):
    """Assert equality to `tolerance`, relative to the largest value there is."""
    one, other = np.asarray(one), np.asarray(other)
    scale = max(np.abs(other).max(), 1.0)
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * scale)


def rounding(activity):
    """Return what one rounding of `activity` makes of its log odds, a few times over."""
    activity = np.asarray(activity)
    return 100 * np.finfo(activity.dtype).eps / (activity * (1 - activity))


@given(seeds, sizes, layers)
def test_free_energy_is_the_networks_cost(seed, sizes, layers):
    model = random_model(seed, sizes, layers=layers)
    observations, risk = random_observations(seed, sizes), random_risk(seed, sizes)
    beliefs = random_beliefs(seed, sizes)
    F = free_energy(model, observations, beliefs, risk=risk, epsilon=1e-6)
    L = cost(canonical_network(model), observations, cm.Activity(*beliefs), risk=risk, epsilon=1e-6)
    close(L, F.total)


@given(seeds, sizes, layers, forms)
def test_free_energy_is_complexity_less_accuracy_plus_decision(seed, sizes, layers, forms):
    model = random_model(seed, sizes, layers=layers, form=forms)
    observations, beliefs = random_observations(seed, sizes), random_beliefs(seed, sizes)
    F = free_energy(model, observations, beliefs)
    s, v = beliefs.states, model.state_log_evidence(observations, beliefs.previous_states)
    direct = (s * (jnp.log(s) - v[1]) + (1 - s) * (jnp.log(1 - s) - v[0])).sum(axis=1)
    close(F.total - F.decision, direct)
    if layers == "one":
        assert not F.decision.any()


@given(seeds, sizes, layers)
def test_network_and_model_infer_the_same(seed, sizes, layers):
    model = random_model(seed, sizes, layers=layers)
    observations = random_observations(seed, sizes)
    beliefs = infer(model, observations)
    activity = run(canonical_network(model), observations)
    close(activity.middle, beliefs.states)
    if layers != "one":
        close(activity.output, beliefs.decisions)


@given(seeds, sizes, layers)
def test_network_to_model_and_back_is_the_identity(seed, sizes, layers):
    network = canonical_network(random_model(seed, sizes, layers=layers))
    precision = cm.Precision(likelihood=7.0, recurrent=0.5, output=100.0)
    again = canonical_network(generative_model(network, precision))
    assert jax.tree.structure(again) == jax.tree.structure(network)
    for one, other in zip(jax.tree.leaves(again), jax.tree.leaves(network), strict=True):
        close(one, other)


@given(seeds, sizes)
def test_model_to_network_and_back_keeps_the_counts_given_their_totals(seed, sizes):
    model = random_model(seed, sizes)
    totals = [
        counts.sum(axis=0).swapaxes(1, 2)
        for counts in (model.likelihood_counts, model.transition_counts, model.policy_counts)
    ]
    again = generative_model(canonical_network(model), cm.Precision(*totals))
    for one, other in zip(jax.tree.leaves(again), jax.tree.leaves(model), strict=True):
        close(one, other)


@given(seeds, sizes, layers)
def test_cost_is_stationary_in_activity_at_rest(seed, sizes, layers):
    network = canonical_network(random_model(seed, sizes, layers=layers))
    observations = random_observations(seed, sizes)
    rest = run(network, observations)

    def total(middle, output):
        activity = cm.Activity(middle, rest.previous_middle, output)
        return cost(network, observations, activity).sum()

    slopes = jax.jit(jax.grad(total, argnums=(0, 1)))(rest.middle, rest.output)
    for slope, activity in zip(slopes, (rest.middle, rest.output), strict=True):
        if activity is not None:
            assert (np.abs(slope) <= rounding(activity)).all()
    rate = rate_of_change(network, rest.middle, observations, rest.previous_middle)
    assert (np.abs(rate) <= rounding(rest.middle)).all()


@given(seeds, sizes)
def test_activity_descends_the_cost(seed, sizes):
    network = canonical_network(random_model(seed, sizes))
    observations, beliefs = random_observations(seed, sizes), random_beliefs(seed, sizes)
    activity = cm.Activity(*beliefs)
    slope = jax.grad(lambda x: cost(network, observations, activity._replace(middle=x)).sum())(
        activity.middle
    )
    rate = rate_of_change(network, activity.middle, observations, activity.previous_middle)
    close(slope, -rate, tolerance=1e-10)


@given(seeds, sizes)
def test_cost_is_stationary_in_weights_that_follow_hebbian_plasticity(seed, sizes):
    network = canonical_network(random_model(seed, sizes))
    observations, beliefs = random_observations(seed, sizes), random_beliefs(seed, sizes)
    risk = 0.4 * random_risk(seed, sizes)  # modulation above 0, so that the sums are counts
    activity = cm.Activity(*beliefs)
    x, previous, y = activity
    learned = {
        "weight": synaptic_sums(x, observations),
        "recurrent_weight": synaptic_sums(x, previous),
        "output_weight": synaptic_sums(y, previous, 1 - 2 * risk),
    }

    def total(weights):
        there = cm.CanonicalNetwork(
            threshold_factor=network.threshold_factor,
            output_threshold_factor=network.output_threshold_factor,
            **weights,
        )
        return cost(there, observations, activity, risk=risk).sum()

    # An input that was always on or always off has an infinite weight, its slope is a limit.
    weights = {
        name: jnp.clip(jnp.nan_to_num(sums.weight), -40, 40) for name, sums in learned.items()
    }
    for slope in jax.tree.leaves(jax.jit(jax.grad(total))(weights)):
        close(slope, jnp.zeros_like(slope), tolerance=1e-10)


@given(seeds, sizes)
def test_learned_counts_are_the_synaptic_sums(seed, sizes):
    model = random_model(seed, sizes, layers="one")
    observations, beliefs = random_observations(seed, sizes), random_beliefs(seed, sizes)
    learned = update(model, observations, cm.Beliefs(beliefs.states))
    sums = synaptic_sums(beliefs.states, observations)
    close(learned.likelihood_counts, model.likelihood_counts + sums.counts)
    prior = cm.prior_sums(3.0, sizes[1], sizes[0])
    held = cm.GenerativeModel((prior + sums).counts, model.state_prior)
    close(canonical_network(held).weight, (prior + sums).weight)
    close((prior + sums).strength, jax.nn.sigmoid((prior + sums).weight))
    close((prior + sums).weight, logit((prior + sums).strength))


@given(seeds, sizes)
def test_response_law_of_sums_is_that_of_their_network(seed, sizes):
    model = random_model(seed, sizes, layers="one")
    beliefs, observations = random_beliefs(seed, sizes), random_observations(seed, sizes)
    sums = synaptic_sums(beliefs.states, observations) + cm.prior_sums(1.0, sizes[1], sizes[0])
    network = cm.CanonicalNetwork(sums.weight, jnp.log(model.state_prior))
    law = sums.log_odds(network.threshold_factor)
    close(law.slope, network.log_odds.slope)
    close(law.offset, network.log_odds.offset)
    close(law.activity(observations), network.activity(observations))


@given(seeds, sizes)
def test_accuracy_of_a_stretch_follows_from_its_counts(seed, sizes):
    model = random_model(seed, sizes)
    observations, beliefs = random_observations(seed, sizes), random_beliefs(seed, sizes)
    stretch = cm.accuracy_of_counts(model, cm.coincidence(observations, beliefs.states))
    close(stretch, cm.accuracy(model, observations, beliefs.states).sum())


@given(seeds, sizes)
def test_posterior_minimises_free_energy(seed, sizes):
    model = random_model(seed, sizes, layers="one")
    observations = random_observations(seed, sizes)
    best = infer(model, observations)
    other = cm.Beliefs(random_beliefs(seed, sizes).states)
    least = free_energy(model, observations, best).total
    assert (free_energy(model, observations, other).total >= least - 1e-12).all()
    v = model.state_log_evidence(observations)
    close(least, -jax.scipy.special.logsumexp(v, axis=0).sum(axis=1))


@given(seeds, sizes)
def test_policy_counts_follow_the_risk(seed, sizes):
    model = random_model(seed, sizes)
    observations, beliefs = random_observations(seed, sizes), random_beliefs(seed, sizes)
    half = update(model, observations, beliefs, jnp.full(sizes[3], 0.5))
    close(half.policy_counts, jnp.maximum(model.policy_counts, 1))
    unlearned = update(model, observations, beliefs, jnp.ones(sizes[3])).policy_counts
    assert (unlearned >= 1).all()
    assert (unlearned <= jnp.maximum(model.policy_counts, 1)).all()


@given(seeds, sizes)
def test_permuting_states_permutes_everything(seed, sizes):
    model = random_model(seed, sizes)
    observations = random_observations(seed, sizes)
    order = np.random.default_rng(seed).permutation(sizes[1])
    permuted = cm.GenerativeModel(
        model.likelihood_counts[..., order],
        model.state_prior[:, order],
        model.transition_counts[:, :, order][..., order],
        model.policy_counts[:, :, order],
        model.decision_prior,
    )
    one, other = infer(model, observations), infer(permuted, observations)
    close(other.states, one.states[:, order])
    close(other.decisions, one.decisions)


def test_forms_agree_for_many_counts_and_differ_for_few():
    few = random_model(0, SIZES[1], layers="one").likelihood_counts
    for counts, limit in ((1e6 * few, 1e-5), (few, None)):
        exact, canonical = (
            cm.expected_log_parameter(counts, form) for form in ("exact", "canonical")
        )
        distance = float(jnp.abs(exact - canonical).max())
        assert distance < limit if limit else distance > 1e-2
