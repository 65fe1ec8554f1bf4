"""Parameters from choices: the likelihood is the agent's, estimates are right, errors are told."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import phenotype_oracle as oracle
import pytest
import xarray as xr

from canonica import CanonicaError
from canonica.agents import SwitchingBandit, bandit_agent
from canonica.lesions import (
    Forgetting,
    GainModulation,
    LossModulation,
    PlasticityRate,
    PolicyPrecision,
    PolicyPrior,
    SensoryPrecision,
    StatePrior,
    TransitionPrecision,
    lesioned,
)
from canonica.reverse_engineering.phenotype import (
    compare_lesions,
    cross_validate,
    phenotype,
    read_choices,
)
from canonica.reverse_engineering.phenotype._canonical_subject import (
    STRENGTHS,
    canonical_agent,
    log_probabilities,
    with_strengths,
)
from canonica.reverse_engineering.phenotype._choice_model import choice_model
from canonica.reverse_engineering.phenotype._compare import preferred_models
from canonica.reverse_engineering.phenotype._group_prior import group_prior
from canonica.reverse_engineering.phenotype._laplace import NormalPrior, posteriors
from canonica.reverse_engineering.phenotype._rivals import rescorla_wagner, win_stay_lose_shift
from canonica.reverse_engineering.phenotype._sampled_posterior import sampled_posteriors
from canonica.reverse_engineering.phenotype._trials import trials_of
from canonica.studies.phenotypes import simulated_choices


def table(seed, *, options=2, trials=30, subjects=1, blocks=1, graded=False):
    """Return random choices and outcomes."""
    rng = np.random.default_rng(seed)
    rows = {
        "subject": np.repeat([f"s{n}" for n in range(subjects)], trials * blocks),
        "block": np.tile(np.repeat(range(blocks), trials), subjects),
        "trial": np.tile(range(trials), subjects * blocks),
        "choice": rng.integers(options, size=subjects * trials * blocks),
        "outcome": rng.choice([-1, 1, 0.5] if graded else [-1, 1], subjects * trials * blocks),
    }
    return pd.DataFrame(rows)


def one_subject(frame):
    data = read_choices(frame)
    trials = jax.tree.map(lambda part: part[0], trials_of(data))
    return trials, (data.choice[0], data.outcome[0], data.fresh[0], len(data.options))


STRONG = {
    "policy precision": 1.7, "plasticity": 2.5, "gain modulation": 0.6, "loss modulation": 1.4,
    "forgetting": 0.07, "policy prior": 0.3, "habit": 0.2, "state prior": 0.8,
    "sensory precision": 0.4, "transition precision": 1.3,
}  # fmt: skip
ORACLE = dict(
    zip(STRONG, ("gamma", "eta", "keeping", "unlearning", "leak", "favour", "habit", "D", "zeta",
                 "omega"), strict=True)
)  # fmt: skip


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("options", "changed"),
    [(2, {}), (3, {}), (2, {"plasticity": 25.0, "forgetting": 0.0})],  # the last to the least count
)
def test_likelihood_is_that_of_the_theory_number_by_number(options, changed):
    assert set(STRONG) == set(STRENGTHS)
    strong = STRONG | changed
    with jax.enable_x64(True):
        trials, plain = one_subject(table(0, options=options, blocks=2, graded=True))
        agent = with_strengths(canonical_agent(options, 2 * options), strong)
        found = log_probabilities(agent, trials)
    strengths = {ORACLE[name]: value for name, value in strong.items()}
    expected = oracle.canonical_log_probabilities(*plain, **strengths)
    assert trials.fresh.sum() == 2
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def as_agent_acts(agent, trials):
    """Return the log probability of each choice when the agent itself makes it, step by step."""

    def of_policies(state, observation):
        """Return the log odds of all policies, by asking the agent for each."""
        law = state.law
        log_odds = law.state_drive(observation) + state.belief @ law.transition.slope
        return jax.nn.sigmoid(log_odds) @ law.policy.slope + law.policy_offset

    def row(state, trial):
        log_odds = of_policies(state, trial.observation)
        odds = jnp.exp(log_odds) / (1 + agent.epsilon + agent.epsilon * jnp.exp(log_odds))
        # The number between 0 and 1 by which the agent draws just this option.
        through = jnp.cumsum(odds) / odds.sum()
        chosen = odds[trial.choice] / odds.sum()
        before = through[trial.choice] - chosen

        def draw(key):
            return jax.random.uniform(key, (), odds.dtype)

        # A key whose number lies there: looked for among many.
        keys = jax.random.split(jax.random.key(7), 4096)
        numbers = jax.vmap(draw)(keys)
        inside = (numbers > before) & (numbers < before + chosen)
        decision, state = agent.step(state, trial.observation, keys[jnp.argmax(inside)])
        state = agent.learn(state, trial.risk[None])
        return state, (jnp.log(chosen), decision.policy == trial.choice)

    _, (log_chosen, as_told) = jax.lax.scan(row, agent.init(), trials)
    assert np.asarray(as_told).all()
    return np.asarray(log_chosen)


@pytest.mark.usefixtures("unchecked")
def test_likelihood_is_that_of_an_agent_that_acts():
    with jax.enable_x64(True):
        trials, _ = one_subject(table(1, trials=60))
        lesions = [
            PolicyPrecision(1.3), PlasticityRate(2.0), GainModulation(0.8), LossModulation(1.5),
            Forgetting(0.05), PolicyPrior(0.3), SensoryPrecision(0.7), TransitionPrecision(1.2),
            StatePrior(0.7),
        ]  # fmt: skip
        agent = lesioned(canonical_agent(2, 4), *lesions)
        acted = as_agent_acts(agent, trials)
        each = log_probabilities(agent, trials)
        # The same by the names of what is free.
        values = {
            "policy precision": 1.3, "plasticity": 2.0, "gain modulation": 0.8,
            "loss modulation": 1.5, "forgetting": 0.05, "policy prior": 0.3, "state prior": 0.7,
            "sensory precision": 0.7, "transition precision": 1.2,
        }  # fmt: skip
        named = log_probabilities(with_strengths(canonical_agent(2, 4), values), trials)
    chosen = np.take_along_axis(np.asarray(each), np.asarray(trials.choice)[:, None], 1)[:, 0]
    np.testing.assert_allclose(chosen, acted, rtol=0, atol=1e-10)
    np.testing.assert_allclose(chosen.sum(), acted.sum(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(named, each, rtol=0, atol=1e-12)


@pytest.mark.usefixtures("unchecked")
def test_intact_subject_is_the_agent_of_the_bandit():
    """But for how sure it is of its senses, of which the bandit's learns a little."""
    with jax.enable_x64(True):
        mine, its = canonical_agent(2, 4), bandit_agent(SwitchingBandit(), max_steps=1)
        for name in ("likelihood_counts", "transition_counts", "policy_counts"):
            a, b = (np.asarray(getattr(one.model, name)) for one in (mine, its))
            np.testing.assert_allclose(a / a.sum(axis=0), b / b.sum(axis=0), rtol=1e-12)
        np.testing.assert_array_equal(mine.model.state_prior, its.model.state_prior)
        np.testing.assert_array_equal(mine.model.decision_prior, its.model.decision_prior)
        assert (mine.modulation, mine.decides_from) == (its.modulation, its.decides_from)


@pytest.mark.usefixtures("unchecked")
def test_rivals_are_as_they_are_written():
    with jax.enable_x64(True):
        trials, plain = one_subject(table(2, options=3, blocks=2, graded=True))
        found = rescorla_wagner(jnp.array([0.3, 2.0, 0.4]), trials, 3)
        shifting = win_stay_lose_shift(jnp.array([0.8, 0.3]), trials, 3)
    expected = oracle.rescorla_wagner(*plain, 0.3, 2.0, 0.4)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(shifting, oracle.win_stay_lose_shift(*plain, 0.8, 0.3), atol=1e-12)


# Estimates.


@pytest.fixture(scope="module")
def known():
    """Return choices of subjects whose plasticity and forgetting differ."""
    strengths = {"plasticity": np.repeat([0.5, 4.0], 12), "forgetting": 0.05}
    return simulated_choices(0, subjects=24, trials=120, strengths=strengths)


FREE = ["policy precision", "plasticity", "forgetting"]


@pytest.fixture(scope="module")
def found(known):
    return phenotype(known, free=FREE)


@pytest.mark.slow
def test_estimates_are_at_the_top_of_the_posterior_with_its_curvature(known):
    data = read_choices(known).of([0, 20])
    with jax.enable_x64(True):
        trials = trials_of(data)
        model = choice_model("canonical", trials, 2, FREE)
        prior = NormalPrior.of(model, 2)
        found = posteriors(model, trials, prior)

        def log_posterior(x, n):
            one = jax.tree.map(lambda part: part[n], trials)
            normal = -0.5 * (((x - prior.mean[n]) / prior.sd[n]) ** 2).sum()
            return model.log_likelihood(x, one) + normal

        log_posterior = jax.jit(log_posterior, static_argnums=1)
        for n in (0, 1):
            top = np.asarray(found.mean[n])
            here = float(log_posterior(top, n))
            width = 1e-3
            steps = width * np.eye(3)
            around = np.array(
                [[float(log_posterior(top + sign * step, n)) for sign in (1, -1)] for step in steps]
            )
            assert (around < here).all()
            np.testing.assert_allclose((around[:, 0] - around[:, 1]) / 2 / width, 0, atol=1e-4)
            curved = np.empty((3, 3))
            for i in range(3):
                for j in range(3):
                    four = [
                        a * b * float(log_posterior(top + a * steps[i] + b * steps[j], n))
                        for a in (1, -1) for b in (1, -1)
                    ]  # fmt: skip
                    curved[i, j] = -sum(four) / 4 / width**2
            covariance = np.linalg.inv(curved)
            np.testing.assert_allclose(found.covariance[n], covariance, rtol=1e-3, atol=1e-4)
            normal = -0.5 * (((top - prior.mean[n]) / prior.sd[n]) ** 2).sum()
            np.testing.assert_allclose(found.log_likelihood[n], here - normal, atol=1e-8)
            # Laplace: the posterior's height times its volume, the prior's normaliser with it.
            evidence = here - np.log(np.asarray(prior.sd[n])).sum()
            evidence += 0.5 * np.linalg.slogdet(covariance)[1]
            np.testing.assert_allclose(found.log_evidence[n], evidence, atol=1e-3)


@pytest.mark.slow
def test_evidence_is_the_integral_over_the_prior():
    """Of one parameter, where the integral can be taken number by number."""
    with jax.enable_x64(True):
        trials = trials_of(read_choices(table(3, trials=80)))
        model = choice_model("canonical", trials, 2, ["habit"])
        found = posteriors(model, trials, NormalPrior.of(model, 1))
        x = np.linspace(-8, 8, 1601)
        one = jax.tree.map(lambda part: part[0], trials)
        each = jax.vmap(lambda value: model.log_likelihood(value[None], one))(jnp.asarray(x))
    density = np.exp(np.asarray(each) - 0.5 * x**2) / np.sqrt(2 * np.pi)
    assert abs(float(found.log_evidence[0]) - np.log(density.sum() * (x[1] - x[0]))) < 0.1


@pytest.mark.thorough
def test_what_is_free_is_recovered(found):
    plasticity = found["unbounded"].sel(parameter="plasticity").to_numpy()
    low, high = plasticity[:12], plasticity[12:]
    assert high.mean() - low.mean() > 0.5  # their truths are ln 8 = 2.1 apart, pulled together
    inside = (found["low"] <= truth_of(found)) & (truth_of(found) <= found["high"])
    assert 0.75 <= float(inside.mean()) <= 1
    np.testing.assert_array_equal(found["choices"], 120)
    assert found.attrs["model"] == "canonical"


def truth_of(found):
    values = np.ones((24, 3))
    values[:, 1], values[:, 2] = np.repeat([0.5, 4.0], 12), 0.05
    return found["estimate"].copy(data=values)


@pytest.mark.thorough
def test_what_choices_say_nothing_of_is_said_to_be_not_identified():
    rows = table(0, trials=3, subjects=2)
    short = phenotype(rows, free=["policy precision", "plasticity", "loss modulation"])
    assert not short["identified"].any()
    ratio = short["sd_ratio"].to_numpy()
    assert ((ratio > 0.8) & (ratio < 1.2)).all()
    long = phenotype(table(4, trials=400), model="win-stay-lose-shift")
    assert long["identified"].all()
    assert (long["sd_ratio"] < 0.3).all()


@pytest.mark.slow
def test_intervals_widen_with_the_level(known):
    narrow, wide = (
        phenotype(known[:240], model="rescorla-wagner", level=level) for level in (0.5, 0.99)
    )
    np.testing.assert_array_equal(narrow["estimate"], wide["estimate"])
    for name, sign in (("low", 1), ("high", -1)):
        assert (sign * (narrow[name] - wide[name]) > 0).all()
    z = (wide["high"] - wide["low"]).sel(parameter="stickiness")
    expected = 2 * 2.5758 * wide["unbounded_sd"].sel(parameter="stickiness")
    np.testing.assert_allclose(z, expected, rtol=0.1)  # near enough to a normal
    ratio = narrow["unbounded_sd"] / [1.5, 1.0, 1.0]
    np.testing.assert_allclose(narrow["sd_ratio"], ratio)
    np.testing.assert_array_equal(narrow["identified"], ratio < 0.8)


@pytest.mark.usefixtures("unchecked")
def test_gradients_are_finite_everywhere():
    with jax.enable_x64(True):
        trials = trials_of(read_choices(table(5, trials=40)))
        one = jax.tree.map(lambda part: part[0], trials)
        model = choice_model("canonical", trials, 2, list(STRENGTHS))
        slope = jax.jit(jax.grad(lambda x: model.log_likelihood(x, one)))
        for at in (-6.0, 0.0, 6.0):
            assert np.isfinite(slope(jnp.full(len(STRENGTHS), at))).all()


@pytest.mark.thorough
def test_subjects_do_not_change_each_other(known, found):
    alone = phenotype(known[known["subject"] == "simulated-20"], free=FREE)
    beside = found.sel(subject=["simulated-20"])
    np.testing.assert_allclose(alone["unbounded"], beside["unbounded"], atol=1e-4)
    # One with fewer trials, and so rows without a trial.
    fewer = pd.concat([known[known["subject"] == "simulated-20"][:50], known[:120]])
    padded = phenotype(fewer, free=FREE).isel(subject=[0])
    cut = phenotype(known[known["subject"] == "simulated-20"][:50], free=FREE)
    np.testing.assert_allclose(padded["unbounded"], cut["unbounded"], atol=1e-4)
    np.testing.assert_allclose(padded["log_evidence"], cut["log_evidence"], atol=1e-4)


# Models compared.


@pytest.mark.thorough
def test_a_lesion_is_told_from_the_base_and_the_evidence_is_that_of_the_phenotype(known):
    compared = compare_lesions(known[:960], base=FREE[:2], lesions=["forgetting", "habit"])
    assert compared["model"].to_numpy().tolist() == [
        "base", "forgetting", "habit", "rescorla-wagner", "win-stay-lose-shift"
    ]  # fmt: skip
    own = phenotype(known[:960], free=FREE)["log_evidence"]
    np.testing.assert_allclose(compared["log_evidence"].sel(model="forgetting"), own, atol=1e-4)
    np.testing.assert_allclose(compared["probability"].sum("model"), 1)
    np.testing.assert_allclose(compared["total"], compared["log_evidence"].sum("subject"))
    best = str(compared["model"][int(np.argmax(compared["total"].to_numpy()))].item())
    assert compared.attrs["best"] == best
    assert compared["difference"].sel(model=best) == 0
    assert (compared["difference"] <= 0).all()


@pytest.mark.slow
def test_an_empty_base_is_the_intact_agent_and_small_gains_name_no_lesion():
    rows = table(6, trials=20)
    compared = compare_lesions(rows, base=[], lesions=["transition precision"], rivals=False)
    with jax.enable_x64(True):
        trials, _ = one_subject(rows)
        each = np.asarray(log_probabilities(canonical_agent(2, 4), trials))
    chosen = each[np.arange(20), np.asarray(trials.choice)].sum()
    np.testing.assert_allclose(compared["log_evidence"].sel(model="base"), chosen, atol=1e-10)
    evidence = np.array([[-10.0, -9.0], [-10.0, -8.8]])
    assert preferred_models(evidence, [False, True]).tolist() == [0, 1]


@pytest.mark.thorough
def test_the_distribution_of_a_group_is_found():
    rng = np.random.default_rng(0)
    stay = 1 / (1 + np.exp(-rng.normal(1.5, 0.5, 30)))
    rows = []
    for n, p in enumerate(stay):
        choice = [0]
        for _ in range(299):
            choice.append(choice[-1] if rng.random() < p else 1 - choice[-1])
        rows += [{"subject": n, "trial": t, "choice": c, "outcome": 1 - 2 * (t % 2)}
                 for t, c in enumerate(choice)]  # fmt: skip
    with jax.enable_x64(True):
        trials = trials_of(read_choices(pd.DataFrame(rows)))
        model = choice_model("win-stay-lose-shift", trials, 2)
        included = np.arange(30) != 3
        weak = NormalPrior.of(model, 30)
        each = sampled_posteriors(model, trials, weak)
        prior = group_prior(each, weak, jnp.asarray(included))
        # Whoever is left out changes nothing.
        left_out = jnp.arange(30)[:, None] == 3
        shifting = jnp.where(left_out, jnp.arange(300) % 2, trials.choice).astype(jnp.int32)
        other = sampled_posteriors(model, trials._replace(choice=shifting), weak)
        same = group_prior(other, weak, jnp.asarray(included))
        # One round, written out: the posteriors' mean and variance, and the weak prior's as one.
        once = group_prior(each, weak, jnp.asarray(included), rounds=1)
        mine, variance = np.asarray(each.mean), np.asarray(each.sd)[included] ** 2
    own_mean, own_sd = np.asarray(weak.mean[0]), np.asarray(weak.sd[0])
    centre = (mine[included].sum(axis=0) + own_mean) / 30
    square = ((mine[included] - centre) ** 2 + variance).sum(axis=0)
    spread = np.sqrt((square + own_sd**2 + (own_mean - centre) ** 2) / 30)
    np.testing.assert_allclose(once.mean[0], centre, rtol=1e-9)
    np.testing.assert_allclose(once.sd[0], spread, rtol=1e-9)
    np.testing.assert_allclose(prior.mean[0], 1.5, atol=0.25)
    np.testing.assert_allclose(prior.sd[0], 0.5, atol=0.2)
    np.testing.assert_array_equal(prior.mean, same.mean)
    np.testing.assert_array_equal(prior.sd, same.sd)


@pytest.mark.thorough
def test_held_out_subjects_are_scored_by_what_others_do():
    """Subjects who always stay, and one who always shifts: who is unlike the others scores low."""
    rows = [
        {"subject": s, "trial": t, "choice": t % 2 if s == 5 else 0, "outcome": 1 - 2 * (t % 3 > 0)}
        for s in range(8) for t in range(40)
    ]  # fmt: skip
    told = []
    validated = cross_validate(
        pd.DataFrame(rows), free=["habit"], folds=4, progress=lambda *done: told.append(done)
    )
    scores = validated["log_likelihood"].sel(model="win-stay-lose-shift").to_numpy()
    assert scores[5] < scores[[0, 1, 2, 3, 4, 6, 7]].min() - 0.3
    assert scores[0] > -0.2
    assert (validated["log_likelihood"] < 0).all()
    np.testing.assert_allclose(validated["log_likelihood"].sel(model="chance"), -np.log(2))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert validated.attrs["best"] == str(
        validated["model"][int(np.argmax(validated["mean"].to_numpy()))].item()
    )
    np.testing.assert_allclose(validated["mean"], validated["log_likelihood"].mean("subject"))


# Tables.


def rows(**changed):
    given = {"subject": ["a", "a", "a", "b"], "trial": [1, 2, 3, 1],
             "choice": ["left", "right", "left", "left"], "outcome": [1, 0, 0, 1]}  # fmt: skip
    return pd.DataFrame({**given, **changed})


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".parquet"])
def test_tables_of_any_kind_hold_the_same(tmp_path, suffix):
    path = tmp_path / f"choices{suffix}"
    if suffix == ".parquet":
        rows().to_parquet(path)
    else:
        rows().to_csv(path, sep="," if suffix == ".csv" else "\t", index=False)
    data, same = read_choices(path), read_choices(rows())
    assert data.options == same.options == ("left", "right")
    assert data.subjects == ("a", "b")
    assert data.groups == ("all", "all")
    for one, other in zip(data.choice + data.outcome, same.choice + same.outcome, strict=True):
        np.testing.assert_array_equal(one, other)


def test_rows_are_ordered_by_trial_within_blocks():
    data = read_choices(rows(
        subject=["a"] * 4, trial=[2, 1, 2, 1], block=["x", "x", "y", "y"], outcome=[-1, 1, 0.5, 0],
        choice=[10, 9, 10, 9],
    ))  # fmt: skip
    assert data.options == ("9", "10")
    assert data.choice[0].tolist() == [0, 1, 0, 1]
    assert data.outcome[0].tolist() == [1, -1, 0, 0.5]
    assert data.fresh[0].tolist() == [True, False, True, False]


@pytest.mark.slow
def test_missing_choices_are_left_out_and_counted():
    data = read_choices(rows(choice=["left", None, "right", "left"], outcome=[1, None, 0, 1]))
    assert data.missing == (1, 0)
    assert data.trials == (2, 1)
    trials = trials_of(data)
    # What is seen before the third row is the first.
    np.testing.assert_array_equal(trials.observation[0], [[0, 0, 0, 0], [1, 0, 0, 0]])
    assert phenotype(
        rows(choice=["left", "", "right", "left"]), model="win-stay-lose-shift"
    )["missing"].to_numpy().tolist() == [1, 0]  # fmt: skip


def test_a_block_that_begins_with_a_missing_choice_begins_with_the_next():
    data = read_choices(rows(
        subject=["a"] * 4, trial=[1, 2, 1, 2], block=[1, 1, 2, 2],
        choice=["left", "right", "", "left"],
    ))  # fmt: skip
    assert data.fresh[0].tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("outcome", "expected", "rule"),
    [
        ([1, 0, 0, 1], [1, -1, -1], "0 counts as -1"),
        ([1, 0, -1, 1], [1, 0, -1], "as they are"),
        ([50, -100, 0, 10], [0.5, -1, 0], "divided by the largest size, 100"),
    ],
)
def test_outcomes_are_brought_to_one_range(outcome, expected, rule):
    data = read_choices(rows(outcome=outcome))
    assert data.outcome[0].tolist() == expected
    assert rule in data.rule


@pytest.mark.slow
def test_cues_are_seen_before_the_choice():
    data = read_choices(rows(observation=["tone", "light", "tone", "tone"]))
    assert data.cues == ("light", "tone")
    seen = trials_of(data).observation[0]
    np.testing.assert_array_equal(seen[:, 4:], [[0, 1], [1, 0], [0, 1]])
    np.testing.assert_array_equal(seen[:, :4], [[0] * 4, [1, 0, 0, 0], [0, 0, 0, 1]])
    found = phenotype(rows(observation=["tone", "light", "tone", "tone"]), free=["plasticity"])
    assert np.isfinite(found["log_evidence"]).all()


@pytest.mark.parametrize(
    ("changed", "parts"),
    [
        ({"trial": [1, 2, 2, 1]}, ["column trial", "row 3", "as in row 2", "once"]),
        ({"trial": [1, "x", 3, 1]}, ["column trial", "row 2", "'x'", "a number"]),
        ({"outcome": [1, 0, None, 1]}, ["column outcome", "row 3", "''", "wherever"]),
        ({"outcome": [1, "won", 0, 1]}, ["column outcome", "row 2", "'won'"]),
        ({"choice": ["left"] * 4}, ["column choice", "1 different", "from 2 to 16"]),
        ({"choice": ["left", "right", "left", ""]}, ["column choice", "subject 'b'"]),
        ({"subject": ["a", "", "a", "b"]}, ["column subject", "row 2", "nothing"]),
        ({"group": ["g", "h", "g", "g"]}, ["column group", "row 2", "'h'", "'g'"]),
        ({"chosen": [1, 2, 3, 4]}, ["choice, chosen", "expected one"]),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, changed, parts):
    path = tmp_path / "wrong.csv"
    rows(**changed).to_csv(path, index=False)
    with pytest.raises(CanonicaError) as error:
        read_choices(path)
    for part in ["wrong.csv", "found", "expected", *parts]:
        assert part in str(error.value)


def test_files_that_hold_no_table_are_refused(tmp_path):
    for name, content, part in (
        ("none.csv", None, "no way to read"),
        ("empty.csv", "", "no table"),
        ("heading.csv", "subject,trial,choice,outcome\n", "no rows"),
        ("other.csv", "subject,trial,choice\na,1,L\n", "'outcome'"),
        ("choices.xyz", "a", ".xyz"),
    ):
        path = tmp_path / name
        if content is not None:
            path.write_text(content)
        with pytest.raises(CanonicaError, match=part):
            read_choices(path)


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: phenotype(rows(), model="hgf"), "model: found the text 'hgf'"),
        (lambda: phenotype(rows(), free=["dopamine"]), "free: found 'dopamine'"),
        (lambda: phenotype(rows(), free=["habit", "habit"]), "each once"),
        (lambda: phenotype(rows(), model="rescorla-wagner", free=["habit"]), "only the canonical"),
        (lambda: phenotype(rows(), level=1.0), "level"),
        (lambda: compare_lesions(rows(), base=["habit"], lesions=["habit"]), "in the base"),
        (lambda: cross_validate(rows()[:3]), "found 1 subject"),
        (lambda: cross_validate(rows(), folds=1), "folds"),
        (lambda: simulated_choices(strengths={"dopamine": 1.0}), "'dopamine'"),
        (lambda: simulated_choices(subjects=2, strengths={"habit": [0.1] * 3}), "one number"),
    ],
)
def test_wrong_calls_are_refused(call, part):
    with pytest.raises(CanonicaError, match=part):
        call()


BEHAVIOUR = Path(__file__).parents[2] / "shared" / "behaviour"
# Nats per choice of held-out subjects, as docs/phenotype.md has them.
HELD_OUT = {
    "prl": {"canonical": -0.591, "rescorla-wagner": -0.578, "win-stay-lose-shift": -0.606},
    "bandit2arm": {"canonical": -0.654, "rescorla-wagner": -0.643, "win-stay-lose-shift": -0.676},
}


@pytest.mark.thorough
@pytest.mark.parametrize("task", HELD_OUT)
def test_choices_of_public_tasks_are_predicted_as_the_page_says(task):
    path = BEHAVIOUR / f"{task}_exampleData.txt"
    if not path.exists():
        pytest.skip(f"no {path.name} in ../shared/behaviour")
    found = cross_validate(path)
    for model, score in HELD_OUT[task].items():
        assert float(found["mean"].sel(model=model)) == pytest.approx(score, abs=0.002)
        page = Path(__file__).parents[1] / "docs" / "phenotype.md"
        assert f"{score:.3f}" in page.read_text(encoding="utf-8")
    assert found.attrs["best"] == "rescorla-wagner"
    assert float(found["high"].sel(model="canonical")) < 0


@pytest.mark.thorough
def test_lesions_are_the_same_however_their_names_are_spelled():
    rows = {"subject": ["a"] * 8, "trial": range(8), "choice": list("LLLRLLRL"),
            "outcome": [1, 1, 0, 0, 1, 1, 0, 1]}  # fmt: skip
    one, other = (
        compare_lesions(pd.DataFrame(rows), base=["plasticity"], lesions=[name], rivals=False)
        for name in ("policy prior", "Policy-Prior")
    )
    xr.testing.assert_identical(one, other)
    for wrong in ({"lesions": ["habit", "Habit"]}, {"lesions": ["Plasticity"]}, {"base": ["x"]}):
        with pytest.raises(CanonicaError, match="found"):
            compare_lesions(pd.DataFrame(rows), **{"base": ["plasticity"], **wrong})
