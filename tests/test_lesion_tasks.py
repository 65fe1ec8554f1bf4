"""Tasks for networks with lesions: what is measured, beside slow transcriptions of it."""

from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy

import canonica
from canonica.agents import SwitchingBandit, bandit_agent, trial
from canonica.lesions import (
    LESIONS,
    PlasticityRate,
    PolicyPrecision,
    PolicyPrior,
    SensoryPrecision,
    StatePrior,
    lesioned,
)
from canonica.model import PlasticityGains
from canonica.simulate import encode, initial_model, mixing_process
from canonica.studies.lesions.tasks import (
    TASKS,
    BanditTask,
    GoalTask,
    SeparationTask,
    TMazeTask,
    task_named,
)
from canonica.studies.lesions.tasks._bandit_task import SOON
from canonica.studies.lesions.tasks._bandit_task import _told as told_of_pulls
from canonica.studies.lesions.tasks._lives import entropy
from canonica.studies.lesions.tasks._separation_task import _perceived
from canonica.studies.lesions.tasks._t_maze_task import _again
from canonica.studies.lesions.tasks._task import Made

SMALL = SeparationTask(sessions=3, trials_per_session=16, inputs=6, measured_sessions=2)
PULLS = BanditTask(trials=4, pulls=24, swap_after=6, measured_trials=2)
SEEDS = np.array([3, 8])
NUMBERS = st.integers(0, 2**31 - 1)


@pytest.fixture(autouse=True, scope="module")
def x64_module():
    with jax.enable_x64(True):
        yield


def close(one, other, tolerance=1e-10):
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@given(NUMBERS)
def test_perception_is_measured_as_written_out(number):
    random = np.random.default_rng(number)
    sources = 2
    posterior = random.choice([0.1, 0.5, 0.7, 0.95], size=(1, 1, 40, sources))
    hidden = random.integers(0, 2, size=(1, 40, sources))
    found = {name: float(value[0, 0]) for name, value in _perceived(posterior, hidden).items()}
    p, on = posterior[0, 0], hidden[0]

    def over_sources(term):
        return np.mean([term(p[:, k], on[:, k], on[:, 1 - k]) for k in range(sources)])

    def taken(p):
        return np.where(p > 0.5, 1, np.where(p < 0.5, 0, 0.5))

    def selectivity(p, own, other):
        alone, others = (own == 1) & (other == 0), (own == 0) & (other == 1)
        return mean(p[alone]) - mean(p[others])

    def mean(values):
        return values.mean() if len(values) else 0.0

    close(found["own_response"], over_sources(lambda p, own, _: mean(p[own == 1])))
    close(found["false_alarms"], over_sources(lambda p, own, _: mean(taken(p)[own == 0])))
    close(found["misses"], over_sources(lambda p, own, _: mean(1 - taken(p)[own == 1])))
    close(found["selectivity"], over_sources(selectivity))
    close(
        found["separation"],
        over_sources(lambda p, own, other: np.corrcoef(p, own)[0, 1] - np.corrcoef(p, other)[0, 1]),
        1e-6,
    )


@pytest.mark.slow
@pytest.mark.parametrize("acute", [False, True])
def test_networks_are_lesioned_and_measured_as_one_by_one(acute):
    task = SeparationTask(
        sessions=3, trials_per_session=16, inputs=6, measured_sessions=2, acute=acute
    )
    made = Made((StatePrior(0.5), SensoryPrecision(1.0), PlasticityRate(1.0)))
    rows = np.array([[0.5, 1.0, 1.0], [0.2, 2.0, 0.5]])
    found = task.measured(made, rows, SEEDS)
    each = 16
    for point, row in enumerate(rows):
        for number, seed in enumerate(SEEDS):
            keys = jax.random.split(jax.random.key(seed))
            total = 3 * each * (1 + acute)
            hidden, stimuli = mixing_process(
                keys[0], trials=total, mixing=0.75, sources=2, inputs=6, dtype=jnp.int8
            )
            model = initial_model(keys[1], sources=2, inputs=6)
            if acute:
                model = encode(model, stimuli[: 3 * each]).model
                hidden, stimuli = hidden[3 * each :], stimuli[3 * each :]
            lesions = made(row)
            one = encode(
                lesioned(model, *lesions),
                stimuli,
                plasticity=lesioned(PlasticityGains(), *lesions),
                trials_per_session=each,
            )
            energy = {
                name: np.asarray(getattr(one.free_energy, name)) / each
                for name in ("total", "accuracy", "complexity")
            }
            last = energy["total"][-2:].mean()
            close(found["free_energy"][point, number], last)
            close(found["accuracy"][point, number], energy["accuracy"][-2:].mean())
            close(found["complexity"][point, number], energy["complexity"][-2:].mean())
            close(found["free_energy_fall"][point, number], energy["total"][0] - last)
            seen = _perceived(one.posterior[None, None, -2 * each :], hidden[None, -2 * each :])
            for name, value in seen.items():
                close(found[name][point, number], value[0, 0])
    for name, value in found.items():
        assert (value[0] != value[1]).any(), name


@given(NUMBERS)
def test_perseveration_after_a_swap_is_counted_as_written_out(number):
    random = np.random.default_rng(number)
    steps, length, arms, best = random.integers(1, 25), 24, 2, 1
    shift = np.cumsum(random.uniform(size=length) < 0.15) % arms
    move = random.integers(0, arms, length)
    record = SimpleNamespace(
        place=SimpleNamespace(shift=jnp.asarray(shift)), move=jnp.asarray(move)
    )
    kept, chances = told_of_pulls(best, arms, record, jnp.asarray(steps))
    good = [(best - each) % arms for each in shift]
    expected = [0, 0]
    last = None
    for pull in range(steps):
        if pull and good[pull] != good[pull - 1]:
            last = pull
        if last is not None and pull - last < SOON:
            expected[1] += 1
            expected[0] += move[pull] == good[last - 1]
    assert [float(kept), float(chances)] == expected


@given(NUMBERS)
def test_the_last_arm_again_is_counted_as_written_out(number):
    random = np.random.default_rng(number)
    arm, rewarded, reached = random.integers(0, 2, size=(3, 30)).astype(float)
    chances = again = 0
    for k in range(1, 30):
        if rewarded[k] == rewarded[k - 1] or not (reached[k] and reached[k - 1]):
            continue
        if arm[k - 1] == rewarded[k - 1]:
            chances += 1
            again += arm[k] == arm[k - 1]
    assert _again(arm, rewarded, reached) == pytest.approx(again / max(chances, 1))


def test_entropy_is_scipys_and_nothing_where_nothing_was_done():
    counts = np.array([[3.0, 1.0, 0.0], [2.0, 2.0, 2.0], [0.0, 5.0, 0.0]])
    close(entropy(counts), [scipy_entropy(one, base=2) for one in counts])
    assert entropy(np.zeros(3)) == 0


@pytest.mark.slow
def test_an_agents_life_is_that_of_its_trials_one_by_one():
    made = Made((PolicyPrecision(1.0), PlasticityRate(1.0)))
    rows = np.array([[1.0, 1.0], [0.2, 0.5]])
    life = PULLS.lived(made, rows, SEEDS)
    measured = PULLS.measured(made, rows, SEEDS)
    world = SwitchingBandit(switch_after=6)
    run = jax.jit(partial(trial, max_steps=24, record=True))
    for point, row in enumerate(rows):
        for number, seed in enumerate(SEEDS):
            agent = lesioned(bandit_agent(world, max_steps=24), *made(row))
            state, reward, pulls, energy = agent.init(), [], [], []
            for key in jax.random.split(jax.random.key(seed), 4):
                found, state = run(agent, state, world, key)
                reward.append(1 - 2 * float(found.risk))
                energy.append(float(found.free_energy.total) / 24)
                pulls.append(np.bincount(np.asarray(found.record.move), minlength=2))
            close(life.reward[point, number], reward)
            close(life.free_energy[point, number], energy)
            np.testing.assert_array_equal(life.decided[point, number], pulls)
            share = (1 + np.array(reward)) / 2
            close(measured["reward"][point, number], share[2:].mean())
            close(measured["learned"][point, number], share[2:].mean() - share[:2].mean())
            bits = [scipy_entropy(one, base=2) for one in pulls[2:]]
            close(measured["choice_entropy"][point, number], np.mean(bits))
            close(measured["free_energy"][point, number], np.mean(energy[2:]))


@pytest.mark.slow
def test_every_lesion_can_be_given_its_strength_under_compilation():
    kinds = tuple(kind(kind.neutral) for kind in LESIONS.values())
    neutral = np.array([float(kind.neutral) for kind in kinds])
    worst = [max(kind.doses, key=lambda dose: abs(dose - kind.neutral)) for kind in kinds]
    rows = np.concatenate([neutral[None], np.where(np.eye(len(kinds)) > 0, worst, neutral)])
    life = PULLS.lived(Made(kinds), rows, SEEDS)
    assert np.isfinite(life.free_energy).all()
    for number, kind in enumerate(kinds, 1):
        same = (life.decided[number] == life.decided[0]).all()
        same &= (life.free_energy[number] == life.free_energy[0]).all()
        assert not same, kind.name


@pytest.mark.thorough
def test_lesions_that_are_undone_leave_what_was_learned():
    made = Made((PlasticityRate(1.0), PolicyPrecision(1.0)))
    rows = np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 0.05]])
    whole = PULLS.lived(made, rows, SEEDS)
    undone = PULLS.lived(made, rows, SEEDS, after=(Made(()), 2))
    np.testing.assert_array_equal(undone.reward[..., :2], whole.reward[..., :2])
    np.testing.assert_array_equal(undone.reward[0], whole.reward[0])
    assert (undone.decided[2, :, 2:] != whole.decided[2, :, 2:]).any()
    # Without plasticity nothing was learned: the third trial is that of a naive agent.
    world = SwitchingBandit(switch_after=6)
    agent = bandit_agent(world, max_steps=24)
    for number, seed in enumerate(SEEDS):
        key = jax.random.split(jax.random.key(seed), 4)[2]
        found, _ = trial(agent, agent.init(), world, key, max_steps=24, record=True)
        np.testing.assert_array_equal(
            undone.decided[1, number, 2], np.bincount(found.record.move, minlength=2)
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    "task",
    [
        TMazeTask(trials=6, max_steps=8, measured_trials=3),
        GoalTask(trials=3, max_steps=30, height=5, width=11, measured_trials=2),
    ],
    ids=lambda task: task.name,
)
def test_mazes_are_walked_and_measured(task):
    kind = task.kind(PolicyPrior if task.name == "t-maze" else PolicyPrecision)
    worst = 0.99 if task.name == "t-maze" else 0.0
    found = task.measured(Made((kind,)), np.array([[kind.neutral], [worst]]), SEEDS)
    assert set(found) == {measure.name for measure in task.measures}
    for name, value in found.items():
        assert value.shape == (2, 2), name
        assert np.isfinite(value).all(), name
    assert (found["steps"] <= task.max_steps).all()
    assert (found["steps"][1] >= found["steps"][0]).all()
    if task.name == "t-maze":  # certain of moves down, it makes no other, and gets nowhere
        assert (found["choice_entropy"][1] < found["choice_entropy"][0]).all()
        assert (found["reward"][1] == 0).all()
        assert (found["steps"][1] == task.max_steps).all()


@pytest.mark.parametrize("name", list(TASKS))
def test_every_task_names_and_pictures_measures_of_its_own(name):
    task = task_named(name)
    names = [measure.name for measure in task.measures]
    assert task == TASKS[name]()
    assert len(set(names)) == len(names)
    assert set(task.pictured) <= set(names)
    assert {measure.kind for measure in task.measures} <= {"perception", "learning", "action"}


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: task_named("water maze"), "separation, t-maze, bandit, maze"),
        (lambda: SeparationTask(sessions=2), "measured_sessions: found 10"),
        (lambda: SeparationTask(inputs=0), "inputs: found 0"),
        (lambda: BanditTask(trials=2), "trials: found 2"),
        (lambda: BanditTask(pulls=0), "pulls: found 0"),
        (lambda: TMazeTask(corridor=0), "corridor: found 0"),
        (lambda: GoalTask(max_steps=0), "max_steps: found 0"),
    ],
)
def test_tasks_refuse_sizes_that_are_none(make, word):
    with pytest.raises(canonica.CanonicaError, match=word):
        make()
