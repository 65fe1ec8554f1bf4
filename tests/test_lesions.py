"""Lesions: what each does to either description, nothing at its neutral strength, and no name."""

import dataclasses
import pickle

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import digamma, expit

import canonica
import canonica.model as cm
from canonica.agents import SwitchingBandit, bandit_agent, trial
from canonica.lesions import (
    LESIONS,
    DelayedModulation,
    ExcitationBalance,
    Forgetting,
    GainModulation,
    LossModulation,
    NoisyModulation,
    PlasticityRate,
    PolicyPrecision,
    PolicyPrior,
    SensoryPrecision,
    StatePrior,
    TransitionPrecision,
    lesion_named,
    lesioned,
)
from canonica.simulate import culture, encode, initial_model, mixing_process
from random_models import SIZES, canonical_network, random_model, random_observations

seeds = st.integers(0, 2**31 - 1)
sizes = st.sampled_from(SIZES)
STRENGTHS = {
    "state prior": 0.15,
    "sensory precision": 2.5,
    "transition precision": 0.3,
    "policy precision": 0.4,
    "policy prior": 0.7,
    "plasticity": 0.25,
    "gain modulation": 1.7,
    "loss modulation": 0.3,
    "delayed modulation": 3,
    "noisy modulation": 0.5,
    "forgetting": 0.05,
    "excitation balance": 1.4,
}


@pytest.fixture(autouse=True, scope="module")
def x64_module():
    with jax.enable_x64(True):
        yield


def close(one, other, tolerance=1e-12):
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


def log_evidence(counts, outcome, form):
    """Return ``sum_i o_i lnA[1, n] + (1 - o_i) lnA[0, n]`` for both n, written out."""
    counts, outcome = np.asarray(counts), np.asarray(outcome)
    total = counts.sum(axis=0)
    if form == "exact":
        log_parameter = digamma(counts) - digamma(total)
    else:
        log_parameter = np.log(counts) - np.log(total)
    return np.stack(
        [outcome @ log_parameter[1, n] + (1 - outcome) @ log_parameter[0, n] for n in (0, 1)]
    )


@pytest.mark.slow
@given(seeds, sizes, st.sampled_from(["exact", "canonical"]))
def test_each_term_of_the_log_odds_has_its_own_gain(seed, sizes, form):
    model = random_model(seed, sizes, layers="gains", form=form)
    likelihood, transition, decision = (np.asarray(gain) for gain in vars(model.gains).values())
    assert not np.allclose(likelihood, transition)
    o = random_observations(seed, sizes)[0]
    s = np.random.default_rng(seed).uniform(0.1, 0.9, sizes[1])
    said = log_evidence(model.likelihood_counts, o, form)
    before = log_evidence(model.transition_counts, s, form)
    v = np.log(model.state_prior) + likelihood[:, None] * said + transition[:, None] * before
    close(model.state_log_evidence(o, jnp.asarray(s)), v)
    policy = log_evidence(model.policy_counts, s, form)
    u = decision[:, None] * (np.log(model.decision_prior) + policy)
    close(model.decision_log_evidence(jnp.asarray(s)), u)
    odds = np.exp(u[1] - u[0] - (u[1] - u[0]).max())
    close(model.decision_probability(jnp.asarray(s)), odds / odds.sum(), 1e-11)


def test_accuracy_of_counts_has_the_gain_of_the_likelihood():
    model = random_model(3, SIZES[1], layers="gains")
    o = random_observations(3, SIZES[1])
    states = jnp.asarray(np.random.default_rng(0).uniform(0, 1, (len(o), 3)))
    whole = cm.accuracy_of_counts(model, cm.coincidence(o, states))
    close(whole, cm.accuracy(model, o, states).sum())


@pytest.mark.parametrize("name", list(LESIONS))
@pytest.mark.parametrize("seed", range(3))
def test_a_lesion_is_the_same_on_both_descriptions(name, seed):
    lesion = LESIONS[name](STRENGTHS[name])
    model = random_model(seed, SIZES[seed], layers="gains" if seed else "two")
    one = canonical_network(lesioned(model, lesion))
    other = lesioned(canonical_network(model), lesion)
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for left, right in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        close(left, right, 1e-9)


@pytest.mark.parametrize("name", list(LESIONS))
def test_a_lesion_changes_a_network_or_its_plasticity(name):
    lesion = LESIONS[name](STRENGTHS[name])
    agent = bandit_agent(SwitchingBandit())
    altered = lesioned(agent, lesion)
    same = eqx.tree_equal(altered.model, agent.model), altered.plasticity is None
    assert same in ((False, True), (True, False))  # one of both, and nothing beside it
    assert lesioned(agent, LESIONS[name](lesion.neutral)) is not None
    assert eqx.tree_equal(lesioned(agent, LESIONS[name](lesion.neutral)), agent)


def test_strengths_do_what_they_say():
    model = random_model(1, SIZES[1], layers="two")
    D, E = np.asarray(model.state_prior), np.asarray(model.decision_prior)
    tilted = np.asarray(lesioned(model, StatePrior(0.2)).state_prior)
    close(tilted[1] / tilted[0], D[1] / D[0] * 0.25)
    close(tilted.sum(axis=0), D.sum(axis=0))
    peaked = np.asarray(lesioned(model, PolicyPrior(0.7, policy=1)).decision_prior)
    close(peaked, 0.3 * E + 0.7 * np.array([[1, 0], [0, 1]]))
    for lesion, term in (
        (SensoryPrecision, "likelihood"),
        (TransitionPrecision, "transition"),
        (PolicyPrecision, "decision"),
    ):
        gains = lesioned(model, lesion(0.3), lesion(2.0)).gains
        assert {name: value.tolist() for name, value in vars(gains).items()} == {
            name: [0.6, 0.6] if name == term else [1.0, 1.0] for name in vars(gains)
        }
    close(lesioned(model, ExcitationBalance(4.0)).gains.likelihood, [0.5, 2.0])
    learning = lesioned(
        cm.PlasticityGains(),
        PlasticityRate(0.5),
        GainModulation(3.0),
        LossModulation(0.2),
        DelayedModulation(2),
        DelayedModulation(1),
        NoisyModulation(3.0),
        NoisyModulation(4.0),
        Forgetting(0.1),
        Forgetting(0.5),
    )
    expected = {
        "rate": 0.5,
        "keeping": 3.0,
        "unlearning": 0.2,
        "retention": 0.45,
        "delay": 3,
        "noise": 5.0,
    }
    for name, value in expected.items():
        close(getattr(learning, name), value)


def test_modulation_is_late_noisy_and_asymmetric():
    m = jnp.array([1.0, -1.0, 0.5, -0.5, 0.0])
    close(
        cm.PlasticityGains(keeping=2.0, unlearning=0.5).modulated(m), [2.0, -0.5, 1.0, -0.25, 0.0]
    )
    close(cm.PlasticityGains(delay=2).modulated(m), [0.0, 0.0, 1.0, -1.0, 0.5])
    close(cm.PlasticityGains(delay=9).modulated(m), np.zeros(5))
    noisy = cm.PlasticityGains(noise=0.5)
    many = jnp.zeros(20_000)
    drawn = np.asarray(noisy.modulated(many, jax.random.key(0)))
    assert abs(drawn.mean()) < 0.02
    assert abs(drawn.std() - 0.5) < 0.01
    with pytest.raises(canonica.CanonicaError, match=r"key: found None"):
        noisy.modulated(m)


def test_noise_comes_after_the_delay_and_before_the_asymmetry():
    m, key = jnp.linspace(-1, 1, 50), jax.random.key(3)
    bare = np.asarray(cm.PlasticityGains(noise=1.0).modulated(jnp.zeros(50), key))
    both = cm.PlasticityGains(keeping=2.0, unlearning=0.25, delay=4, noise=1.0)
    late = np.concatenate([np.zeros(4), np.asarray(m)[:-4]]) + bare
    close(both.modulated(m, key), np.where(late > 0, 2 * late, late / 4))
    assert not np.allclose(bare[:4], 0)


def test_what_is_kept_of_several_steps_is_a_power():
    first, counts = jnp.array([1.0, 2.0, 3.0]), jnp.array([5.0, 2.0, 0.5])
    kept = cm.PlasticityGains(retention=0.5).kept(counts, first, 3)
    close(kept, np.asarray(first) + (np.asarray(counts) - np.asarray(first)) / 8)
    untouched = cm.PlasticityGains().kept(counts, first, 3)
    np.testing.assert_array_equal(untouched, counts)


def test_gains_are_real_numbers_even_where_whole_ones_are_given():
    for whole in (jnp.array([1, 2]), np.array(2)):
        gain = cm.Gains(likelihood=whole).likelihood
        assert jnp.issubdtype(gain.dtype, jnp.floating)
        close(gain, np.broadcast_to(np.asarray(whole, float), 2))


@pytest.fixture(scope="module")
def world():
    keys = jax.random.split(jax.random.key(5))
    stimuli = mixing_process(keys[0], trials=48, inputs=8).stimuli
    return initial_model(keys[1], inputs=8, amplitude=(10.0, 20.0)), np.asarray(stimuli)


def encoded_by_hand(model, stimuli, gain, retention, rate, *, form, session=1):
    """Return posteriors and final counts, trial by trial; learning at the end of each session."""
    first = counts = np.asarray(model.likelihood_counts)
    posterior, waiting = [], np.zeros_like(counts)
    for number, o in enumerate(np.asarray(stimuli, float), start=1):
        v = np.log(model.state_prior) + gain[:, None] * log_evidence(counts, o, form)
        s = expit(v[1] - v[0])
        posterior.append(s)
        waiting += np.einsum("mi,nj->mnij", np.stack([1 - o, o]), np.stack([1 - s, s]))
        if number % session == 0:
            counts = first + retention**session * (counts - first) + rate * waiting
            waiting = np.zeros_like(counts)
    return np.array(posterior), counts


@pytest.mark.parametrize(("learn", "session"), [("step", 1), ("session", 16)])
@pytest.mark.parametrize("form", ["canonical", "exact"])
def test_an_altered_encoder_is_its_transcription(world, form, learn, session):
    model, stimuli = world
    gain, retention, rate = np.array([0.95, 1.0]), 0.97, 1.5
    altered = eqx.tree_at(
        lambda m: m.gains, model, cm.Gains(likelihood=gain), is_leaf=lambda x: x is None
    )
    found = encode(
        altered,
        stimuli,
        form=form,
        learn=learn,
        trials_per_session=16,
        plasticity=cm.PlasticityGains(rate=rate, retention=retention),
    )
    posterior, counts = encoded_by_hand(
        model, stimuli, gain, retention, rate, form=form, session=session
    )
    assert posterior.std() > 0.05
    close(found.posterior, posterior, 1e-9)
    close(found.model.likelihood_counts, counts, 1e-9)
    close(found.model.gains.likelihood, gain)


def test_free_energy_of_an_altered_encoder_is_that_of_its_model(world):
    model, stimuli = world
    altered = lesioned(model, SensoryPrecision(0.6), StatePrior(0.3))
    found = encode(altered, stimuli, learn="off", free_energy="step")
    beliefs = altered.infer(jnp.asarray(stimuli, float))
    expected = cm.free_energy(altered, jnp.asarray(stimuli, float), beliefs)
    for part in ("accuracy", "complexity"):
        close(getattr(found.free_energy, part), getattr(expected, part), 1e-9)


def test_networks_of_a_batch_have_their_own_strengths(world):
    model, stimuli = world
    strengths, leaks = jnp.array([0.5, 1.0, 2.0]), jnp.array([0.0, 0.1, 0.02])

    def altered(strength):
        return lesioned(model, SensoryPrecision(strength))

    def plasticity(leak):
        return lesioned(cm.PlasticityGains(), Forgetting(leak))

    together = encode(jax.vmap(altered)(strengths), stimuli, plasticity=jax.vmap(plasticity)(leaks))
    for k, (strength, leak) in enumerate(zip(strengths.tolist(), leaks.tolist(), strict=True)):
        alone = encode(altered(strength), stimuli, plasticity=plasticity(leak))
        close(together.posterior[k], alone.posterior, 1e-10)


@pytest.mark.parametrize("form", ["canonical", "exact"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_neutral_strengths_among_others_change_no_bit_of_an_encoder(world, form, dtype):
    model, stimuli = world
    model = jax.tree.map(lambda part: part.astype(dtype), model)
    intact = encode(model, stimuli, form=form, trials_per_session=16)

    def altered(*strengths):
        kinds = (StatePrior, SensoryPrecision, ExcitationBalance, TransitionPrecision)
        return lesioned(model, *(kind(x) for kind, x in zip(kinds, strengths, strict=True)))

    def plasticity(leak, rate):
        return lesioned(cm.PlasticityGains(), Forgetting(leak), PlasticityRate(rate))

    both = jnp.array([[0.5, 1.0, 1.0, 1.0], [0.2, 2.0, 1.1, 0.5]])
    found = encode(
        jax.vmap(lambda row: altered(*row))(both),
        stimuli,
        form=form,
        trials_per_session=16,
        plasticity=jax.vmap(lambda row: plasticity(*row))(jnp.array([[0.0, 1.0], [0.1, 2.0]])),
    )
    assert (found.posterior[0] == intact.posterior).all()
    assert (found.model.likelihood_counts[0] == intact.model.likelihood_counts).all()
    assert (found.free_energy.accuracy[0] == intact.free_energy.accuracy).all()
    assert not np.allclose(found.posterior[1], intact.posterior, atol=1e-3)


PULLS = 30


@pytest.fixture(scope="module")
def life():
    """Return the agent, its state after some pulls of a bandit, what was seen, done and risked."""
    bandit = SwitchingBandit(switch_after=10)
    agent = bandit_agent(bandit, max_steps=PULLS)
    return bandit, agent


def with_plasticity(agent, plasticity):
    return eqx.tree_at(lambda a: a.plasticity, agent, plasticity, is_leaf=lambda x: x is None)


def lived(agent, bandit, key=None):
    """Return observations, policies, risks and the policy counts learned from them."""
    state, rows = agent.init(), []
    place, seen = bandit.reset(jax.random.key(1))
    step, world_step = eqx.filter_jit(agent.step), eqx.filter_jit(bandit.step)
    for pull in range(PULLS):
        keys = jax.random.split(jax.random.fold_in(jax.random.key(2), pull))
        observation = seen
        decision, state = step(state, observation, keys[0])
        outcome = world_step(place, decision.move, keys[1])
        place, seen = outcome.state, outcome.observation
        rows.append((observation, int(decision.policy), float(outcome.risk)))
    observations, policies, risks = (np.array(part, float) for part in zip(*rows, strict=True))
    beliefs = np.asarray(state.rollout.response.belief)
    learned = agent.learn(state, jnp.asarray(risks), key)
    return observations, policies.astype(int), risks, beliefs, agent.model_of(learned)


def learned_by_hand(model, policies, risks, beliefs, *, rate, up, down, leak, delay):
    """Return policy counts, pull by pull: the leak comes first, then what the pull teaches."""
    first = counts = np.asarray(model.policy_counts)
    for pull, policy in enumerate(policies):
        m = 1 - 2 * risks[pull - delay] if pull >= delay else 0.0
        m *= up if m > 0 else down
        s = np.stack([1 - beliefs[pull], beliefs[pull]])
        d = np.eye(counts.shape[-1])[policy]
        counts = first + (1 - leak) * (counts - first)
        counts = counts + rate * m * np.einsum("mj,nk->mnjk", s, np.stack([1 - d, d]))
    return np.maximum(counts, 1)


@pytest.mark.slow
def test_an_altered_agent_learns_as_its_transcription(life):
    bandit, agent = life
    numbers = {"rate": 1.5, "up": 2.0, "down": 0.25, "leak": 0.1, "delay": 2}
    altered = lesioned(
        agent,
        PlasticityRate(1.5),
        GainModulation(2.0),
        LossModulation(0.25),
        Forgetting(0.1),
        DelayedModulation(2),
    )
    _, policies, risks, beliefs, model = lived(altered, bandit)
    assert 0 < risks.mean() < 1
    expected = learned_by_hand(agent.model, policies, risks, beliefs, **numbers)
    assert np.abs(expected - np.asarray(agent.model.policy_counts)).max() > 3
    close(model.policy_counts, expected, 1e-10)


@pytest.mark.slow
def test_forgetting_goes_on_from_one_rollout_to_the_next(life):
    bandit, agent = life
    altered = lesioned(agent, Forgetting(0.1))
    _, _, _, _, model = lived(altered, bandit)
    later = eqx.tree_at(lambda a: a.model.policy_counts, altered, model.policy_counts)
    state = later.init()
    state = state._replace(rollout=state.rollout._replace(steps=jnp.asarray(PULLS, jnp.int32)))
    neither = altered.consolidate(state, state.rollout, jnp.full(PULLS, 0.5))
    kept = altered.model_of(neither).policy_counts
    first = np.asarray(agent.model.policy_counts)
    close(kept, first + 0.9**PULLS * (np.asarray(model.policy_counts) - first), 1e-10)


@pytest.mark.slow
def test_plasticity_of_an_agent_scales_what_it_learns_of_the_world(life):
    bandit, agent = life
    tame = eqx.tree_at(
        lambda a: (a.model.likelihood_counts, a.model.transition_counts),
        agent,
        (agent.model.likelihood_counts * 1e-7, agent.model.transition_counts * 1e-7),
    )
    _, _, _, _, plain = lived(tame, bandit)
    _, _, _, _, double = lived(lesioned(tame, PlasticityRate(2.0)), bandit)
    for name in ("likelihood_counts", "transition_counts"):
        once = np.asarray(getattr(plain, name) - getattr(tame.model, name))
        twice = np.asarray(getattr(double, name) - getattr(tame.model, name))
        assert once.max() > 1
        close(twice, 2 * once, 1e-9)


@pytest.mark.slow
def test_neutral_plasticity_and_gains_change_no_bit_of_a_trial(life):
    bandit, agent = life
    run = eqx.filter_jit(lambda a, key: trial(a, a.init(), bandit, key, max_steps=PULLS))
    key = jax.random.key(9)
    found, state = run(agent, key)
    model = eqx.tree_at(lambda m: m.gains, agent.model, cm.Gains(), is_leaf=lambda x: x is None)
    neutral = eqx.tree_at(lambda a: a.model, agent, model)
    neutral = with_plasticity(neutral, cm.PlasticityGains())
    other, after = run(neutral, key)
    assert eqx.tree_equal(found, other)
    assert eqx.tree_equal(state.counts, after.counts)
    noisy, _ = run(lesioned(agent, NoisyModulation(2.0)), key)
    again, _ = run(lesioned(agent, NoisyModulation(2.0)), key)
    assert eqx.tree_equal(noisy, again)


def test_noise_of_a_trial_is_drawn_anew_in_each_chunk_and_trial():
    bandit = SwitchingBandit()
    agent = bandit_agent(bandit, max_steps=5)
    run = eqx.filter_jit(lambda a, s, key: trial(a, s, bandit, key, max_steps=10))
    noisy = lesioned(agent, NoisyModulation(5.0))
    _, one = run(noisy, noisy.init(), jax.random.key(1))
    _, two = run(noisy, noisy.init(), jax.random.key(2))
    assert not np.allclose(one.counts.policy.both, two.counts.policy.both)
    _, plain = run(agent, agent.init(), jax.random.key(1))
    assert not np.allclose(one.counts.policy.both, plain.counts.policy.both)


def test_policy_precision_leaves_learning_alone_and_returns_at_once(life):
    bandit, agent = life
    dull = lesioned(agent, PolicyPrecision(0.2))
    _, policies, risks, beliefs, model = lived(dull, bandit)
    numbers = {"rate": 1, "up": 1, "down": 1, "leak": 0, "delay": 0}
    expected = learned_by_hand(agent.model, policies, risks, beliefs, **numbers)
    close(model.policy_counts, expected, 1e-10)
    s = jnp.asarray(beliefs[-1])
    restored = eqx.tree_at(lambda m: m.gains, model, None)
    dull_odds, odds = (np.log(m.decision_probability(s)) for m in (model, restored))
    close(np.diff(dull_odds), 0.2 * np.diff(odds), 1e-9)


def test_a_culture_takes_lesions_as_they_are():
    sizes = {"sessions": 2, "trials_per_session": 16, "inputs": 8, "electrodes": 8}
    plain = culture(0, **sizes)
    xr_equal = culture(0, **sizes, lesions=[SensoryPrecision(1.0), PlasticityRate(1.0)])
    np.testing.assert_array_equal(plain.responses, xr_equal.responses)
    prior = culture(0, **sizes, lesions=[StatePrior(0.2)])
    same = culture(0, **sizes, state_prior=0.2)
    np.testing.assert_allclose(prior.true_posterior, same.true_posterior, rtol=1e-10)
    np.testing.assert_array_equal(prior.responses, same.responses)
    np.testing.assert_allclose(
        prior.true_firing_threshold_factor, same.true_firing_threshold_factor, rtol=1e-10
    )
    assert prior.attrs["simulated_lesions"] == "StatePrior(strength=0.2)"
    blocked = culture(0, **sizes, lesions=[PlasticityRate(0.0)])
    weights = blocked.true_excitatory_weight
    np.testing.assert_array_equal(weights[0], weights[1])
    with pytest.raises(canonica.CanonicaError, match="lesions: found"):
        culture(0, **sizes, lesions=["state prior"])


@pytest.mark.parametrize("name", list(LESIONS))
def test_lesions_are_values(name):
    kind = LESIONS[name]
    lesion = kind(STRENGTHS[name])
    assert pickle.loads(pickle.dumps(lesion)) == lesion  # noqa: S301  (our own)
    assert hash(lesion) == hash(kind(STRENGTHS[name]))
    assert lesion_named(name.replace(" ", "_")) is kind
    assert kind.neutral in kind.doses or name == "transition precision"
    assert kind.lowest <= min(kind.doses) <= max(kind.doses) <= kind.highest
    with pytest.raises(dataclasses.FrozenInstanceError):
        lesion.strength = 0
    for bad in (kind.highest * 2 + 1, -1, float("nan"), "much", None):
        with pytest.raises(canonica.CanonicaError, match="strength"):
            kind(bad)
    with pytest.raises(canonica.CanonicaError, match="lesion: found"):
        lesion_named("nothing")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: cm.Gains(likelihood=jnp.ones(3)), "likelihood: found shape"),
        (lambda: cm.Gains(decision=float("nan")), "decision: found nan"),
        (lambda: cm.PlasticityGains(rate=-1.0), "rate: found -1"),
        (lambda: cm.PlasticityGains(retention=1.5), "retention: found 1.5"),
        (lambda: cm.PlasticityGains(delay=-2), "delay: found -2"),
        (lambda: lesioned(3, StatePrior(0.2)), "target: found"),
        (lambda: lesioned(random_model(0, SIZES[0]), StatePrior), "alterations: found"),
        (lambda: PolicyPrior(0.5, policy=-1), "policy: found -1"),
        (lambda: lesioned(random_model(0, SIZES[1]), PolicyPrior(0.5, policy=2)), "policy"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(canonica.CanonicaError, match=message):
        make()
