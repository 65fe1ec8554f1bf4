"""The model floor under JAX's transformations, and its errors."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import canonica.model as cm
from canonica import CanonicaError
from random_models import SIZES, random_beliefs, random_model, random_observations

pytestmark = pytest.mark.usefixtures("x64")
MODELS = 3
SHAPE = SIZES[1]


def stacked(items):
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *items)


@pytest.mark.parametrize("form", ["exact", "canonical"])
def test_batched_is_looped(form):
    models = [random_model(seed, SHAPE, form=form) for seed in range(MODELS)]
    observations = [random_observations(seed, SHAPE) for seed in range(MODELS)]

    def everything(model, observations):
        beliefs = model.infer(observations)
        learned = model.update(observations, beliefs)
        network = cm.canonical_network(learned)
        activity = network.run(observations)
        return (
            cm.free_energy(learned, observations, beliefs),
            cm.cost(network, observations, activity),
            activity,
        )

    batched = eqx.filter_jit(eqx.filter_vmap(everything))(stacked(models), stacked(observations))
    looped = stacked(
        [eqx.filter_jit(everything)(*pair) for pair in zip(models, observations, strict=True)]
    )
    for one, other in zip(jax.tree.leaves(batched), jax.tree.leaves(looped), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_leading_axes_are_batch_axes():
    model, observations = random_model(0, SHAPE), random_observations(0, SHAPE)
    previous = random_beliefs(0, SHAPE).states
    network = cm.canonical_network(model)
    one = model.state_posterior(observations, previous)
    grid = jnp.stack([observations, observations]), jnp.stack([previous, previous])
    np.testing.assert_allclose(model.state_posterior(*grid)[1], one, rtol=1e-13)
    np.testing.assert_allclose(network.activity(*grid)[1], one, rtol=1e-12)
    single = [model.state_posterior(*pair) for pair in zip(observations, previous, strict=True)]
    np.testing.assert_allclose(jnp.stack(single), one, rtol=1e-12)


def test_free_energy_can_be_differentiated_with_respect_to_counts_and_priors():
    model, observations = random_model(1, SHAPE), random_observations(1, SHAPE)
    beliefs = random_beliefs(1, SHAPE)

    @eqx.filter_jit
    def total(model):
        return cm.free_energy(model, observations, beliefs).total.sum()

    slope = eqx.filter_jit(eqx.filter_grad(total))(model)
    for name in ("likelihood_counts", "state_prior", "policy_counts"):
        where = (0,) * getattr(model, name).ndim
        numerical = (total(moved(model, name, 1e-6)) - total(moved(model, name, -1e-6))) / 2e-6
        np.testing.assert_allclose(getattr(slope, name)[where], numerical, rtol=1e-5, atol=1e-7)


def moved(model, name, distance):
    """Return the model with the first element of one array moved."""
    array = getattr(model, name)
    array = array.at[(0,) * array.ndim].add(distance)
    return eqx.tree_at(lambda m: getattr(m, name), model, array)


def test_learning_and_inference_can_be_differentiated_through():
    model, observations = random_model(2, SHAPE), random_observations(2, SHAPE)

    def surprise(model):
        learned = model.update(observations, model.infer(observations))
        return cm.free_energy(learned, observations, learned.infer(observations)).total.sum()

    assert all(
        jnp.isfinite(leaf).all()
        for leaf in jax.tree.leaves(eqx.filter_jit(eqx.filter_grad(surprise))(model))
    )


def test_models_are_immutable():
    model = random_model(0, SHAPE)
    with pytest.raises(AttributeError):
        model.state_prior = model.state_prior
    model.update(random_observations(0, SHAPE), random_beliefs(0, SHAPE))
    np.testing.assert_array_equal(model.likelihood_counts, random_model(0, SHAPE).likelihood_counts)


def test_beliefs_of_certainty_have_finite_free_energy():
    model = random_model(0, SHAPE, layers="one")
    certain = cm.Beliefs(jnp.ones((SHAPE[3], SHAPE[1])))
    assert jnp.isfinite(cm.free_energy(model, random_observations(0, SHAPE), certain).total).all()


def test_extreme_evidence_stays_finite():
    counts = jnp.array([[1e9, 1e-3], [1e-3, 1e9]])[..., None, None] * jnp.ones((2, 2, 500, 2))
    model = cm.GenerativeModel(counts, jnp.full((2, 2), 0.5))
    for value in (0.0, 1.0):
        observations = jnp.full((1, 500), value)
        beliefs = model.infer(observations)
        np.testing.assert_array_equal(beliefs.states, value)
        assert jnp.isfinite(cm.free_energy(model, observations, beliefs).total).all()


def test_a_layer_that_is_not_there_is_named():
    one = random_model(0, SHAPE, layers="one")
    with pytest.raises(CanonicaError, match="transition_counts"):
        _ = one.log_transition
    with pytest.raises(CanonicaError, match="policy_counts"):
        one.decision_posterior(jnp.ones(SHAPE[1]))
    with pytest.raises(CanonicaError, match="previous_state"):
        random_model(0, SHAPE).state_posterior(random_observations(0, SHAPE))
    network = cm.canonical_network(one)
    with pytest.raises(CanonicaError, match="output_weight"):
        network.output_activity(jnp.ones(SHAPE[1]))
    with pytest.raises(CanonicaError, match="both or none"):
        cm.GenerativeModel(one.likelihood_counts, one.state_prior, decision_prior=one.state_prior)
    V = jnp.zeros((2, 4, SHAPE[1]))
    with pytest.raises(CanonicaError, match="both or none"):
        cm.CanonicalNetwork(network.weight, network.threshold_factor, output_weight=V)
    with pytest.raises((CanonicaError, TypeError), match="exact"):  # TypeError: checked annotation
        cm.expected_log_parameter(one.likelihood_counts, "large")  # type: ignore[arg-type]


COUNTS, PRIOR = np.ones((2, 2, 5, 3)), np.full((2, 3), 0.5)


@pytest.mark.parametrize("value", [0.0, 5e-324, 1e-31, -1.0, np.nan, np.inf, 1e31])
@pytest.mark.parametrize("part", ["likelihood_counts", "state_prior", "transition_counts",
                                  "policy_counts", "decision_prior"])  # fmt: skip
def test_counts_and_priors_that_nothing_follows_from_are_refused(part, value):
    parts = {
        "likelihood_counts": COUNTS.copy(),
        "state_prior": PRIOR.copy(),
        "transition_counts": np.ones((2, 2, 3, 3)),
        "policy_counts": np.ones((2, 2, 3, 4)),
        "decision_prior": np.full((2, 4), 0.5),
    }
    sound = {name: jnp.asarray(array) for name, array in parts.items()}
    cm.GenerativeModel(**sound)
    parts[part].flat[1] = value
    spoilt = sound | {part: jnp.asarray(parts[part])}
    if part == "decision_prior" and np.isfinite(value):
        cm.GenerativeModel(**spoilt)  # a decision that is never taken has a prior of 0
        return
    with pytest.raises(CanonicaError, match=f"^{part}: found .*; expected (positive|finite) "):
        cm.GenerativeModel(**spoilt)

    # Compiled, values are not known: looked at on request, while it runs.
    def beliefs(given):
        model = cm.GenerativeModel(**given).checked()
        return model.infer(jnp.ones((2, 5))).states

    assert jnp.isfinite(jax.jit(beliefs)(sound)).all()
    if part == "likelihood_counts":
        with pytest.raises(Exception, match=f"{part}: expected numbers"):
            jax.block_until_ready(jax.jit(beliefs)(spoilt))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_and_thresholds_that_are_not_finite_are_refused(value):
    weight, factor = np.zeros((2, 3, 5)), np.log(np.full((2, 3), 0.5))
    network = cm.CanonicalNetwork(jnp.asarray(weight), jnp.asarray(factor))
    np.testing.assert_array_equal(network.checked().weight, network.weight)
    for part in (weight, factor):
        part.flat[1], kept = value, part.flat[1]
        with pytest.raises(CanonicaError, match="found .*(inf|nan); expected finite numbers"):
            cm.CanonicalNetwork(jnp.asarray(weight), jnp.asarray(factor))
        part.flat[1] = kept


def test_observations_that_are_not_finite_or_do_not_fit_are_refused():
    model = cm.GenerativeModel(jnp.asarray(COUNTS), jnp.asarray(PRIOR))
    network = cm.canonical_network(model)
    for run, name in ((model.infer, "observations"), (network.run, "inputs")):
        with pytest.raises(CanonicaError, match=f"^{name}: found nan; expected finite"):
            run(jnp.full((2, 5), jnp.nan))
        with pytest.raises(CanonicaError, match=r"shape \(2, 4\); expected .*time, \w+ = 5"):
            run(jnp.ones((2, 4)))
        with pytest.raises(CanonicaError, match=r"shape \(0, 5\); expected .*nothing empty"):
            run(jnp.ones((0, 5)))


@pytest.mark.usefixtures("untyped")
@pytest.mark.parametrize(
    ("counts", "prior", "message"),
    [
        ((2, 2, 5, 3), (2, 4), r"state_prior: found shape \(2, 4\); .* \(2, state = 3\)"),
        ((2, 3, 5, 3), (2, 3), r"likelihood_counts: found shape \(2, 3, 5, 3\)"),
        ((5, 3), (2, 3), r"likelihood_counts: found shape \(5, 3\)"),
        ((2, 2, 0, 3), (2, 3), "nothing empty"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(counts, prior, message):
    with pytest.raises(CanonicaError, match=message):
        cm.GenerativeModel(jnp.ones(counts), jnp.ones(prior))


def test_shapes_are_checked():
    with pytest.raises(TypeError, match="state_prior"):
        cm.GenerativeModel(jnp.ones((2, 2, 5, 3)), jnp.ones((2, 4)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_of_inputs_that_never_change_have_infinite_weights(dtype):
    activity = jnp.asarray(np.random.default_rng(0).uniform(size=(500, 3)), dtype)
    inputs = jnp.stack([jnp.ones(500, dtype), jnp.zeros(500, dtype)], axis=1)
    sums = cm.synaptic_sums(activity, inputs)
    assert (sums.counts >= 0).all()
    assert (sums.weight[..., 0] > 10).all()  # infinite but for the rounding of the sums
    assert (sums.weight[..., 1] == -jnp.inf).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_keep_what_little_level_0_has(dtype):
    activity = jnp.asarray(1 - 1e-4 * np.random.default_rng(0).uniform(size=(20_000, 2)), dtype)
    inputs = jnp.asarray(np.random.default_rng(1).integers(0, 2, (20_000, 2)), dtype)
    truth = (1 - np.asarray(activity, np.float64)).T @ np.asarray(inputs, np.float64)
    found = cm.synaptic_sums(activity, inputs)
    np.testing.assert_allclose(found.hebbian[0], truth, rtol=1e-3 if dtype is np.float32 else 1e-10)
    beside = cm.synaptic_sums_beside_prior(activity, inputs)
    prior = cm.prior_sums(3000.0, 2, 2)
    one, other = (sums + prior for sums in (found, beside))
    # To the rounding of the total: 10,000 spikes' worth of activity.
    tolerance = 1e-3 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(one.hebbian, other.hebbian, rtol=tolerance)
    np.testing.assert_allclose(one.homeostatic, other.homeostatic, rtol=tolerance)


def test_gradients_are_finite_where_beliefs_are_certain():
    observations = jnp.ones((1, 50))
    sure = jnp.array([[1e9, 1e-3], [1e-3, 1e9]])[..., None, None] * jnp.ones((2, 2, 50, 2))

    def surprise(counts):
        model = cm.GenerativeModel(counts, jnp.full((2, 2), 0.5))
        return cm.free_energy(model, observations, model.infer(observations)).total.sum()

    assert jnp.isfinite(jax.grad(surprise)(sure)).all()
    slope = jax.grad(lambda x: cm.negative_entropy(x).sum())(jnp.array([0.0, 0.3, 1.0]))
    assert slope[0] < -500
    assert slope[2] > 30  # as steep as 1 - x can be told from 0
    np.testing.assert_allclose(slope[1], np.log(0.3 / 0.7), rtol=1e-12)


@pytest.mark.parametrize("layers", ["one", "two"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_observations_in_another_precision_are_raised_to_the_models(layers, dtype):
    model = random_model(4, SHAPE, layers=layers)
    observations = random_observations(4, SHAPE)
    found = model.infer(observations.astype(dtype))
    np.testing.assert_allclose(found.states, model.infer(observations).states, rtol=1e-12)
    network = cm.canonical_network(model)
    activity = network.run(observations.astype(dtype))
    np.testing.assert_allclose(activity.middle, found.states, rtol=1e-10)
