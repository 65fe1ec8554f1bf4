"""The network whose plasticity is estimated: its rule, its fit and its future, against oracles."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plastic_problem import (
    INPUTS,
    SESSIONS,
    SIZE,
    SIZES,
    SLOTS,
    STATES,
    STIMULI,
    VARIANCES,
    dense_curvature,
    small_fit,
    small_learned,
    small_trials,
)
from scipy.special import expit, logit

from canonica._errors import CanonicaError
from canonica.model import SynapticSums, prior_sums
from canonica.reverse_engineering.forecasting.distribution._noise import noise_scale
from canonica.reverse_engineering.forecasting.models._canonical import Canonical
from canonica.reverse_engineering.forecasting.plasticity._evidence import Evidence
from canonica.reverse_engineering.forecasting.plasticity._forgetful_plasticity import (
    Plasticity,
    drive,
    learned_before,
    sums_with,
)
from canonica.reverse_engineering.forecasting.plasticity._laplace import (
    Fit,
    Learned,
    fitted,
    fitted_with_variances,
    log_odds,
    step,
)
from canonica.reverse_engineering.forecasting.plasticity._plastic_future import (
    AllSessions,
    Sampled,
    _Run,
    _SessionAhead,
)
from canonica.reverse_engineering.forecasting.plasticity._plasticity_posterior import session_sums
from canonica.reverse_engineering.forecasting.plasticity._random_effects import (
    Parts,
    parts,
    prior,
)
from canonica.reverse_engineering.forecasting.plasticity._session_map import SessionMap
from canonica.reverse_engineering.forecasting.plasticity._uniform_stimuli import (
    share_followed,
    uniform,
)
from quick_compilation import compiled


def slow_drive(weight, x, stimuli, rate, retention, *, adaptive):
    """Return what inputs do after sessions of activity `x`, by the sums of the theory in loops."""
    inputs = len(weight)
    present, always = np.zeros(inputs), np.zeros(inputs)
    for i in range(inputs):
        odds, silence = [], []
        for level, initial in ((1, expit(weight[i] / 2)), (0, expit(-weight[i] / 2))):
            hebbian, home = initial, 1.0
            for ago, (x_n, o_n) in enumerate(zip(x[::-1], stimuli[::-1], strict=True)):
                post = x_n if level else 1 - x_n
                hebbian += (
                    rate * retention**ago * sum(p * o for p, o in zip(post, o_n[:, i], strict=True))
                )
                home += rate * retention**ago * sum(post)
            odds.append(logit(hebbian / home))
            silence.append(np.log(1 - hebbian / home))
        present[i] = odds[0] - odds[1]
        always[i] = silence[0] - silence[1] + weight[i] / 2 if adaptive else 0
    return present, always


@pytest.fixture
def trials(x64):  # noqa: ARG001
    return small_trials()


@pytest.fixture
def fit(x64):  # noqa: ARG001
    return small_fit()


@pytest.fixture
def learned(trials):
    return small_learned(trials)


@given(
    weight=st.lists(st.floats(-4, 4), min_size=INPUTS, max_size=INPUTS),
    rate=st.floats(0, 2),
    retention=st.floats(0, 1),
    adaptive=st.booleans(),
    seed=st.integers(0, 99),
)
def test_learning_is_that_of_the_sums(weight, rate, retention, adaptive, seed):
    rng = np.random.default_rng(seed)
    x, stimuli = rng.uniform(size=(3, 7)), rng.integers(0, 2, (3, 7, INPUTS)).astype(float)
    with jax.enable_x64(True):
        added = session_sums(jnp.asarray(x), jnp.asarray(stimuli), jnp.ones((3, 7), bool))
        before, after = learned_before(added, retention)
        found = drive(jnp.asarray([weight]), after, rate, adaptive=adaptive)
    slow = slow_drive(np.array(weight), x, stimuli, rate, retention, adaptive=adaptive)
    np.testing.assert_allclose([found.present[0], found.always[0]], slow, rtol=1e-9, atol=1e-11)
    assert not before.hebbian[0].any()


@pytest.mark.usefixtures("x64")
def test_it_contains_the_published_network(generator):
    """Weights of 0, no forgetting, adaptive thresholds: the network of section 2 of the theory."""
    x, stimuli = generator.uniform(size=(3, 9)), generator.integers(0, 2, (3, 9, INPUTS)) * 1.0
    added = session_sums(jnp.asarray(x), jnp.asarray(stimuli), jnp.ones((3, 9), bool))
    learned = learned_before(added, 1.0)[1]
    found = drive(jnp.zeros((1, INPUTS)), learned, 1 / 50.0, adaptive=True)
    law = (prior_sums(50.0, 1, INPUTS) + learned).log_odds(jnp.zeros((2, 1)))
    np.testing.assert_allclose(found.present, law.slope, rtol=1e-10)
    np.testing.assert_allclose(found.always.sum(axis=1), law.offset, rtol=1e-10)


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.usefixtures("x64")
def test_without_plasticity_nothing_changes(learned, adaptive):
    weight = jnp.asarray([[1.5, -2.0, 0.3]])
    still = drive(weight, learned.sums, 0.0, adaptive=adaptive)
    np.testing.assert_allclose(still.present, np.broadcast_to(weight, still.present.shape))
    np.testing.assert_allclose(still.always, 0, atol=1e-14)


def test_the_vector_of_parameters_is_taken_apart_as_its_map_says(generator):
    vector = jnp.asarray(generator.normal(size=SIZE))
    taken = parts(vector, SIZES)
    mapped = SessionMap(SIZES).features(vector)
    for n in range(SESSIONS):
        weight = taken.weight + (n - 1.5) / 4 * taken.trend
        np.testing.assert_allclose(mapped[n, :INPUTS], weight, rtol=1e-5, atol=1e-6)
        levels = np.array(taken.deviation[:, n])
        levels[0] += taken.offset[0]
        np.testing.assert_allclose(mapped[n, INPUTS:-2], levels, rtol=1e-5)
        np.testing.assert_allclose(mapped[n, -2:], taken.share, rtol=1e-6)


@pytest.mark.usefixtures("x64")
def test_products_with_the_map_are_those_with_its_matrix(generator):
    mapping, features = SessionMap(SIZES), INPUTS + 2 + STATES + 2
    dense = np.asarray(jax.vmap(mapping.features, out_axes=-1)(jnp.eye(mapping.size)))
    assert dense.shape == (SESSIONS, features, SIZE)
    values = generator.normal(size=(SESSIONS, 5, features))
    expected = np.einsum("nkf,nfp->kp", values, dense)
    np.testing.assert_allclose(mapping.gathered(jnp.asarray(values)), expected, rtol=1e-12)
    inner = values.swapaxes(1, 2) @ values
    expected = np.einsum("nfp,nfg,ngq->pq", dense, inner, dense)
    found = mapping.gathered_both(jnp.asarray(inner))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def slow_covariance(variances, level, n, m):
    """Return that of the deviations of a level in two sessions."""
    alike, state = (np.asarray(part) for part in (variances.offset, variances.gain)), level - 2
    of_level = [*alike, *np.asarray(variances.state)][state + 2]
    lasting = [float(n == m), np.exp(-abs(n - m) / 3.0)]
    return sum(v * kept for v, kept in zip(of_level, lasting, strict=True))


@pytest.mark.usefixtures("x64")
def test_before_anything_is_seen_parameters_have_the_variances_that_are_said():
    found = prior(VARIANCES, SIZES)
    covariance = np.linalg.inv(found.precision)
    expected = np.zeros((SIZE, SIZE))
    single = 2 * INPUTS + 3
    values = np.repeat([0.5, 0.2, 100.0, 0.04], [INPUTS, INPUTS, 1, 2])
    expected[range(single), range(single)] = values
    for level, n, m in np.ndindex(2 + STATES, SESSIONS, SESSIONS):
        row, column = (single + level * SESSIONS + session for session in (n, m))
        expected[row, column] = slow_covariance(VARIANCES, level, n, m)
    np.testing.assert_allclose(covariance, expected, atol=1e-10)
    np.testing.assert_allclose(found.log_determinant, -np.linalg.slogdet(expected)[1], rtol=1e-10)
    alike = VARIANCES._replace(state=np.array([0.1, 0.01]))
    each = VARIANCES._replace(state=np.array([[0.1, 0.01]] * STATES))
    np.testing.assert_array_equal(alike.of_levels(STATES), each.of_levels(STATES))


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.usefixtures("x64")
def test_a_step_is_newton_s(trials, fit, learned, adaptive):
    """Its gradient is that of the log posterior density; its curvature J' information J, dense."""
    look = compiled(partial(step, adaptive=adaptive))
    taken = look(trials, fit, learned, VARIANCES)

    def log_posterior(vector):
        one = Fit(vector[:SIZE], vector[SIZE:], fit.log_scale)
        return step(trials, one, learned, VARIANCES, adaptive=adaptive).log_posterior

    vector = jnp.concatenate([fit.parameters, fit.effect])
    gradient = compiled(jax.grad(log_posterior))(vector)
    curvature, precision = dense_curvature(trials, fit, learned, adaptive=adaptive)
    move = np.linalg.solve(curvature, gradient)
    np.testing.assert_allclose(np.append(taken.move, taken.effect_move), move, rtol=1e-7)
    ratio = np.linalg.slogdet(precision)[1] - np.linalg.slogdet(curvature)[1]
    np.testing.assert_allclose(taken.log_evidence, taken.log_posterior + ratio / 2, rtol=1e-10)


@pytest.mark.usefixtures("x64")
def test_at_the_fit_the_gradient_vanishes(trials, fit, learned):
    climb = compiled(partial(fitted, steps=60, adaptive=False))
    best, log_evidence, decrement = climb(trials, fit, learned, VARIANCES)
    assert decrement < 1e-9
    look = compiled(partial(step, adaptive=False))(trials, best, learned, VARIANCES)
    assert float(log_evidence) == pytest.approx(float(look.log_evidence), rel=1e-9)

    def log_posterior(fit):
        return step(trials, fit, learned, VARIANCES, adaptive=False).log_posterior

    gradient = compiled(jax.grad(log_posterior))(best)
    for part in gradient:
        np.testing.assert_allclose(part, 0, atol=1e-5)
    assert look.log_posterior > log_posterior(fit)


def test_noise_is_the_likeliest(generator):
    """The slope of the log likelihood, with its prior, changes sign at the scales found."""
    mean = generator.uniform(0.2, 0.8, (2, 3, 200))
    state = generator.integers(0, STATES, (2, 200))
    z = np.array([0.05, 0.3])[state][:, None] * logit(generator.uniform(size=mean.shape))
    response = np.clip(mean + z, 0, 1)
    found = noise_scale(response, mean, np.ones((2, 200), bool), state, states=STATES)
    assert found.shape == (3, STATES)
    np.testing.assert_allclose(found, [[0.05, 0.3]] * 3, rtol=0.25)


def run_slowly(run, sessions, weight):
    """Return mean activity and log odds of one draw and ensemble, trial by trial."""
    rate, retention = float(run.plasticity.rate[0]), float(run.plasticity.retention[0])
    effect = np.append(run.sampled.effect[0, 0], 0.0)
    lived, shown, activity = [], [], []
    for n in range(len(sessions.recorded)):
        o = np.asarray(sessions.world.stimuli[n])
        present, always = slow_drive(
            weight[n], lived, shown, rate, retention, adaptive=run.adaptive
        )
        followed = np.ones(len(o))
        followed[o.all(axis=1)] = float(run.sampled.parts.share[0, 0, 0])
        followed[~o.any(axis=1)] = float(run.sampled.parts.share[0, 0, 1])
        v = o @ weight[n] + followed * (o @ (present - weight[n]) + always.sum())
        offset, gain, *of_states = np.asarray(sessions.level[n, 0, 0])
        v += offset + gain * o.mean(axis=1) + np.array(of_states)[sessions.world.state[n]]
        v += effect[np.asarray(sessions.world.stimulus[n])]
        activity.append(expit(v))
        recorded = sessions.recorded[n]
        lived.append(np.asarray(sessions.response[n, 0]) if recorded else activity[-1])
        shown.append(o)
    return np.array(activity)


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.usefixtures("x64")
def test_the_future_is_the_network_s_own(generator, adaptive):
    """It learns from what was recorded, then from its own responses, as a slow loop does."""
    sessions, known = 5, 2
    stimulus = generator.integers(0, STIMULI + 1, (sessions, SLOTS))
    stimuli = generator.integers(0, 2, (sessions, SLOTS, INPUTS)) * 1.0
    ones = np.ones((sessions, SLOTS))
    state = stimulus % STATES
    world = AllSessions(stimuli, ones > 0, state, stimulus, (ones / SLOTS)[..., None])
    weight = generator.normal(size=(1, 1, INPUTS))
    trend = generator.normal(size=(1, 1, INPUTS))
    effect = jnp.asarray(generator.normal(size=(1, 1, STIMULI)))
    share = jnp.array([[[0.3, -0.4]]])
    of_weights = Parts(jnp.asarray(weight), jnp.asarray(trend), None, share, None)
    time = jnp.array([-0.25, 0.25, 0.25, 0.25, 0.25])
    plasticity = Plasticity(jnp.array([0.08]), jnp.array([0.6]))
    sampled, no = Sampled(of_weights, effect), jnp.zeros(1)
    run = _Run(plasticity, sampled, jnp.array([[0.1] * STATES]), novelty=no, adaptive=adaptive)
    every = _SessionAhead(
        world,
        jnp.arange(sessions) < known,
        time,
        jnp.asarray(generator.uniform(size=(sessions, 1, SLOTS))),
        jnp.asarray(generator.normal(size=(sessions, 1, 1, 2 + STATES))),
        jax.random.split(jax.random.key(0), sessions),
    )
    nothing = SynapticSums(jnp.zeros((1, 2, 1, INPUTS)), jnp.zeros((1, 2, 1, INPUTS)))
    through = partial(run.through, quantiles=jnp.array([0.5]))
    last, kept = jax.lax.scan(through, nothing, jax.tree.map(jnp.asarray, every))
    moved = (weight + trend * np.array([-0.25, 0.25, 0.25, 0.25, 0.25])[:, None, None])[:, 0]
    slow = run_slowly(run, every, moved)
    np.testing.assert_allclose(kept[0][:, 0], slow, rtol=1e-9)
    np.testing.assert_allclose(kept[1], 0.1, rtol=1e-12)  # a single draw is certain but for noise
    np.testing.assert_allclose(kept[2][:, 0, 0, 0], slow.mean(axis=1), rtol=1e-9)
    end = sums_with(jnp.asarray(weight), last, 0.08).weight
    assert np.isfinite(end).all()


@given(st.integers(0, 1000))
def test_draws_come_as_often_as_they_are_probable(seed):
    rng = np.random.default_rng(seed)
    grid = rng.normal(0, 2, (3, 5))
    evidence = Evidence.of(grid, np.geomspace(1e5, 1e3, 5), (1.0, 10.0, np.inf))
    plastic, memory, rate = evidence.drawn(jax.random.key(seed), 500)
    odds = np.exp(grid).mean()
    np.testing.assert_allclose(evidence.probability_plastic, odds / (1 + odds), rtol=1e-9)
    assert abs(plastic.sum() - 500 * evidence.probability_plastic) <= 1
    times = np.zeros((3, 5))
    np.add.at(times, (memory[plastic], rate[plastic]), 1)
    share = np.exp(grid) / np.exp(grid).sum() * odds / (1 + odds)
    np.testing.assert_allclose(times, 500 * share, atol=1.001)


@given(st.integers(0, 1000))
def test_draws_are_the_same_in_any_precision(seed):
    grid = np.random.default_rng(seed).normal(0, 2, (3, 5))
    evidence = Evidence.of(grid, np.geomspace(1e5, 1e3, 5), (30.0, 100.0, np.inf))
    with jax.enable_x64(False):
        single = evidence.drawn(jax.random.key(seed), 50)
    with jax.enable_x64(True):
        double = evidence.drawn(jax.random.key(seed), 50)
    for one, other in zip(single, double, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_network_learns_by_section_2_of_the_theory_unless_told_otherwise():
    assert Canonical().adaptive_thresholds
    assert min(Canonical().memories) >= 30  # sessions: what lasts shorter is fluctuation


def test_a_failed_fit_is_ruled_out():
    grid = np.zeros((2, 3))
    grid[1, 2] = np.nan
    evidence = Evidence.of(grid, np.geomspace(1e5, 1e3, 3), (1.0, np.inf))
    assert evidence.posterior[1, 2] == 0
    assert np.isfinite([*evidence.strength_quantiles, evidence.log_bayes_factor]).all()


@pytest.mark.parametrize(
    ("height", "words"),
    [(9.0, "It changes as the theory says"), (-9.0, "No sign"), (0.0, "do not tell")],
)
def test_the_conclusion_says_what_the_evidence_does(height, words):
    evidence = Evidence.of(np.full((2, 3), height), np.geomspace(1e5, 1e3, 3), (1.0, np.inf))
    assert words in evidence.conclusion
    low, median, high = evidence.strength_quantiles
    assert low < median < high


@given(st.integers(0, 1000), st.floats(-4, 4))
def test_quantiles_of_the_prior_strength_are_those_of_its_distribution(seed, height):
    """Even in the logarithm about each grid point; some of it on no learning at all."""
    grid = np.random.default_rng(seed).normal(height, 2, (3, 5))
    strengths = np.geomspace(1e5, 1e3, 5)
    evidence = Evidence.of(grid, strengths, (30.0, 100.0, np.inf))
    mass = np.exp(grid).sum(axis=0) / np.exp(grid).sum()
    half = np.log(10) / 4  # of the grid's step

    def below(strength):
        share = (np.log(strength) - np.log(strengths) + half) / (2 * half)
        return mass @ np.clip(share, 0, 1)

    for probability, found in zip((0.05, 0.5, 0.95), evidence.strength_quantiles, strict=True):
        assert below(found) == pytest.approx(probability, abs=1e-9)
    odds = np.exp(grid).mean()  # prior ones are even
    plastic = odds / (1 + odds)
    at_least = min(0.05, plastic)  # where it is hardly plastic, any strength may be
    assert plastic * below(evidence.smallest_strength) == pytest.approx(at_least, abs=1e-9)


def test_plasticity_at_the_edge_is_warned_of():
    strengths = np.geomspace(1e5, 1e3, 3)
    at_edge = Evidence.of(np.array([[0.0, 0.0, 30.0]]), strengths, (1.0,))
    assert "may learn faster than any rate" in at_edge.troubles[0]
    assert "prior strength 1e+03 or less, as small as is allowed for" in at_edge.conclusion
    before = Evidence.of(np.array([[0.0, 30.0, 29.0]]), strengths, (1.0,))
    assert before.troubles == []
    assert "prior strength 6.55e+03 (" in before.conclusion
    unclear = Evidence.of(np.array([[-40.0, -40.0, 0.0]]), strengths, (1.0,))
    assert unclear.troubles == []


@pytest.mark.parametrize(
    "settings",
    [
        {"weakest_plasticity": 0.0},
        {"weakest_plasticity": 9.0},
        {"rates": 1},
        {"draws": 1},
        {"memories": ()},
        {"memories": (0.0,)},
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(CanonicaError, match=next(iter(settings))):
        Canonical(**settings)


def test_uniform_stimuli_follow_what_is_learned_by_their_share_and_others_wholly():
    stimuli = jnp.array([[0.0, 0, 0], [1, 1, 1], [1, 0, 1], [0, 0, 1]])
    share = jnp.array([[0.3, -0.2], [0.5, 0.1]])
    found = share_followed(uniform(stimuli), share)
    np.testing.assert_allclose(found, [[-0.2, 0.3, 1, 1], [0.1, 0.5, 1, 1]], rtol=1e-6)


@pytest.mark.usefixtures("x64")
def test_a_share_says_how_far_log_odds_follow_what_is_learned(trials, fit, learned):
    """Between those before learning and those of an ordinary trial, and it says which."""
    on = trials.stimuli.min(axis=-1) == 1
    off = trials.stimuli.max(axis=-1) == 0
    assert on.any()
    assert off.any()

    def at(first, second, rate):
        moved = fit.parameters.at[2 * INPUTS + 1 : 2 * INPUTS + 3].set(jnp.array([first, second]))
        one = Learned(learned.sums, rate)
        return log_odds(trials, fit._replace(parameters=moved), one, adaptive=True)

    still, none, whole = at(0.4, 0.7, 0.0), at(0.0, 0.0, 0.05), at(1.0, 1.0, 0.05)
    np.testing.assert_allclose(none[on | off], still[on | off], atol=1e-12)
    some, other = at(0.4, 0.0, 0.05), ~(on | off)
    np.testing.assert_allclose(some[on], (still + 0.4 * (whole - still))[on], rtol=1e-10)
    np.testing.assert_allclose(some[off], still[off], atol=1e-12)
    np.testing.assert_allclose(some[other], whole[other], rtol=1e-12)
    assert np.abs((whole - still)[on | off]).max() > 0.1


def decomposed(jaxpr):
    """Yield the shape of every matrix, or stack of matrices, that is decomposed or solved with."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in ("cholesky", "triangular_solve", "lu", "eigh", "svd", "qr"):
            yield equation.invars[0].aval.shape
        for value in equation.params.values():
            for one in value if isinstance(value, tuple) else (value,):
                inner = getattr(one, "jaxpr", one)
                if hasattr(inner, "eqns"):
                    yield from decomposed(inner)


def test_stacks_of_matrices_are_not_decomposed_within_loops(trials, learned):
    """XLA shares a stack among its threads and waits: two at once can wait for ever.

    From some 40 sessions on that was seen, where the variances of deviations were estimated.
    """
    climb = partial(fitted_with_variances, states=STATES, steps=2, adaptive=True)
    shapes = list(decomposed(jax.make_jaxpr(climb)(trials, learned).jaxpr))
    assert len(shapes) > 1
    assert all(len(shape) == 2 for shape in shapes)
