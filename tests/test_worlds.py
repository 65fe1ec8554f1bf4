"""Worlds of another kind than the maze: what they are, and that the same agent learns them."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from canonica import CanonicaError
from canonica.agents import Agent, ProgressModulation, trial
from canonica.agents.designs._bandit_agent import bandit_agent
from canonica.agents.designs._memory import LATCH, TRACE, Memory
from canonica.agents.designs._sensing_agent import sensing_agent
from canonica.agents.designs._t_maze_agent import t_maze_agent
from canonica.agents.experiments._learning_curves import learning_curves
from canonica.agents.network._response_law import response_law
from canonica.agents.network.modulations._outcome import OutcomeModulation
from canonica.agents.worlds._switching_bandit import SwitchingBandit
from canonica.agents.worlds._t_maze import TMaze, TMazeState

NOTHING_LEARNED = ProgressModulation(backward=0.5, slow=0.5, fast=0.5)


@jax.jit
def reset(world, key):
    return world.reset(jax.random.key(key))


@jax.jit
def step(world, state, move, key, number=0):
    return world.step(state, move, jax.random.fold_in(jax.random.key(key), number))


@jax.jit
def seen_in(world, state):
    return world.views[world.view(state)]


@jax.jit
def many_steps(world, state, move, numbers):
    return jax.vmap(lambda number: step(world, state, move, 1, number))(numbers)


def walked(world, moves, key=0):
    """Return the outcomes of moves one after another, the start first."""
    state, observation = reset(world, key)
    lived = [(state, np.asarray(observation), None, False)]
    for number, move in enumerate(moves):
        found = step(world, state, jnp.asarray(move), key, number)
        state = found.state
        lived.append((state, np.asarray(found.observation), float(found.risk), bool(found.done)))
    return lived


def test_a_t_maze_is_a_corridor_with_two_arms():
    world = TMaze(corridor=2)
    UP, DOWN, LEFT, RIGHT = range(4)
    table = {
        0: {UP: 1, DOWN: 0, LEFT: 0, RIGHT: 0},
        1: {UP: 2, DOWN: 0, LEFT: 1, RIGHT: 1},
        2: {UP: 2, DOWN: 1, LEFT: 3, RIGHT: 4},
        3: dict.fromkeys(range(4), 3),
        4: dict.fromkeys(range(4), 4),
    }
    for place, row in table.items():
        for move, led in row.items():
            for rewarded in (0, 1):
                state = TMazeState(*map(jnp.int32, (place, rewarded, rewarded)))
                found = step(world, state, jnp.asarray(move), 0)
                entered = led > 2 and place == 2
                risk = 0.5 if not entered else float(led - 3 != rewarded)
                assert int(found.state.place) == led
                assert (float(found.risk), bool(found.done)) == (risk, led > 2)


@pytest.mark.parametrize("cue_place", [0, 2, 3])
def test_the_cue_is_seen_in_its_cell_and_nowhere_else(cue_place):
    world = TMaze(corridor=3, cue_place=cue_place)
    for key in range(6):
        for state, observation, _, _ in walked(world, [0, 0, 0, 2], key):
            place, cue = int(state.place), int(state.cue)
            assert observation[: world.places].tolist() == [p == place for p in range(6)]
            shown = [place == cue_place and cue == side for side in (0, 1)]
            assert observation[world.places :].tolist() == shown
            assert (np.asarray(seen_in(world, state)) == observation).all()


def test_the_cue_is_as_reliable_as_it_says():
    world = TMaze(corridor=3, reliability=0.8)
    states = [reset(world, key)[0] for key in range(1000)]
    cue, rewarded = (
        np.array([int(getattr(s, name)) for s in states]) for name in ("cue", "rewarded")
    )
    assert abs(np.mean(cue == rewarded) - 0.8) < 4 * np.sqrt(0.16 / 1000)
    assert abs(np.mean(rewarded) - 0.5) < 4 * np.sqrt(0.25 / 1000)


def test_arms_reward_as_often_as_they_should_and_say_so():
    world = SwitchingBandit((0.7, 0.2, 0.4), switch_probability=0.1)
    views = np.asarray(world.views)
    state, first = reset(world, 0)
    assert not first.any()
    expected = np.roll([0.7, 0.2, 0.4], -int(state.shift))
    for arm in range(3):
        found = many_steps(world, state, jnp.asarray(arm), jnp.arange(3000))
        rewarded = np.asarray(found.risk) == 0
        assert abs(rewarded.mean() - expected[arm]) < 4 * np.sqrt(0.25 / 3000)
        seen = np.zeros((3000, 6), bool)
        seen[np.arange(3000), 2 * arm + np.where(rewarded, 0, 1)] = True
        assert (np.asarray(found.observation) == seen).all()
        assert (views[1 + 2 * arm + np.where(rewarded, 0, 1)] == seen).all()
        assert not found.done.any()
        swapped = np.asarray(found.state.shift) != int(state.shift)
        assert abs(swapped.mean() - 0.1) < 4 * np.sqrt(0.09 / 3000)
        assert len(np.unique(found.state.shift)) == 3


def test_arms_swap_after_so_many_pulls():
    world = SwitchingBandit((1.0, 0.5, 0.0), switch_after=4)
    shifts = [int(state.shift) for state, *_ in walked(world, [0] * 20)]
    changed = [now != before for before, now in pairwise(shifts)]
    assert changed == [number % 4 == 3 for number in range(20)]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: TMaze(corridor=0), "corridor"),
        (lambda: TMaze(reliability=1.5), "reliability"),
        (lambda: TMaze(corridor=2, cue_place=3), "cue_place"),
        (lambda: SwitchingBandit((0.5,)), "reward_probability"),
        (lambda: SwitchingBandit((0.5, 1.5)), "reward_probability"),
        (lambda: SwitchingBandit(switch_probability=-0.1), "switch_probability"),
        (lambda: SwitchingBandit(switch_after=0), "switch_after"),
        (lambda: Memory(1.0, 0.5, 0.1, 0.1), "kept"),
        (lambda: sensing_agent(0, 2, modulation=NOTHING_LEARNED, chunk=1), "observations"),
        (
            lambda: learning_curves(t_maze_agent(TMaze()), TMaze(), trials=0),
            "trials",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, word):
    with pytest.raises(CanonicaError, match=f"^{word}: found"):
        make()


@pytest.mark.parametrize("memory", [LATCH, TRACE])
def test_a_latch_holds_what_a_trace_forgets(memory):
    agent = sensing_agent(2, 2, modulation=NOTHING_LEARNED, chunk=50, memory=memory)
    seen = np.zeros((50, 2))
    seen[5, 0] = 1
    law = response_law(agent.model, agent.epsilon)
    belief, remembered = agent.model.state_prior[1], []
    for observation in jnp.asarray(seen):
        log_odds = law.state_drive(observation) + belief @ law.transition.slope
        belief = jax.nn.sigmoid(log_odds)
        remembered.append(np.asarray(belief[2:]))
    first, other = np.array(remembered).T
    np.testing.assert_allclose(first[:6], other[:6], rtol=1e-5)  # nothing known before it was seen
    assert other[5:].max() < 0.1
    assert first[6] > 2 * other[6]
    if memory is LATCH:
        assert first[6:].min() > 0.9
    else:
        assert (np.diff(first[6:11]) < 0).all()
        assert first[-1] == pytest.approx(other[-1], abs=0.01)


def test_an_outcome_counts_by_how_soon_it_comes():
    modulation = OutcomeModulation(prompt=2, steepness=3.0, failure=0.5, idleness=0.1)

    def gamma(last, steps):
        risk = jnp.full(10, 0.5).at[steps - 1].set(last)
        found = modulation(risk, jnp.arange(10) < steps)
        assert (found == found[0]).all()
        return float(found[0])

    assert gamma(0.0, 1) == gamma(0.0, 2) == 0
    assert gamma(0.0, 4) == pytest.approx(0.5 - 0.5 / 8)
    assert gamma(1.0, 2) == pytest.approx(0.75)
    assert gamma(1.0, 4) == pytest.approx(0.5 + 0.25 / 8)
    assert gamma(0.5, 7) == pytest.approx(0.55)


def test_nobody_tells_the_agents_what_to_do():
    for agent in (t_maze_agent(TMaze()), bandit_agent(SwitchingBandit())):
        assert type(agent) is Agent
        c, E = agent.model.policy_counts, agent.model.decision_prior
        assert (c == c.ravel()[0]).all()
        assert np.ptp(E, axis=1).max() == 0


@pytest.fixture(scope="module")
def t_maze_curves():
    """Return learning curves of one agent, where the cue tells and where it means nothing."""
    curves = {}
    for reliability in (1.0, 0.5):  # compiled once
        world = TMaze(corridor=1, reliability=reliability)
        agent = t_maze_agent(world, max_steps=20)
        curves[reliability] = learning_curves(agent, world, trials=300, agents=6, seed=4)
    return curves


@pytest.mark.slow
def test_a_t_maze_is_learned_by_its_cue(t_maze_curves):
    """Right arms near all with a cue; half of them where it means nothing, by the same agent."""
    right = {each: found.balance.values > 0.5 for each, found in t_maze_curves.items()}
    assert 0.25 < right[1.0][:, :10].mean() < 0.75
    assert right[1.0][:, -50:].mean() > 0.85
    assert 0.35 < right[0.5][:, -50:].mean() < 0.65


@pytest.mark.slow
@pytest.mark.usefixtures("x64")
def test_learning_curves_are_trials_one_after_another(t_maze_curves):
    world = TMaze(corridor=1)
    agent = t_maze_agent(world, max_steps=20)
    keys = jax.random.split(jax.random.key(4), (6, 300))
    one = jax.jit(trial, static_argnames="max_steps")
    for number in (0, 5):
        state = jax.jit(lambda: agent.init())()  # noqa: PLW0108  (hashable, unlike it)
        for each in range(4):
            lived, state = one(agent, state, world, keys[number, each], max_steps=20)
            now = t_maze_curves[1.0].isel(agent=number, trial=each)
            assert (now.steps, now.done) == (lived.steps, lived.done)
            assert float(now.risk) == pytest.approx(float(lived.risk))
            # Only an arm has a risk other than 0.5.
            assert abs(float(now.balance)) == pytest.approx(float(lived.done))


@pytest.mark.slow
def test_a_bandit_is_learned():
    """Whoever pulls at random is rewarded half of the time, whatever the arms do.

    Staying after reward and shifting otherwise is the best without memory: 0.672 of pulls.
    """
    world = SwitchingBandit()
    found = learning_curves(bandit_agent(world), world, trials=60, agents=16)
    rate = 1 - found.risk.mean("agent")
    # The first trial is before all learning: 1600 pulls; one standard deviation is about 0.02.
    assert abs(float(rate[0]) - 0.5) < 0.06
    assert float(rate[-20:].mean()) > 0.69


def test_a_figure_shows_means_and_levels():
    from canonica.report._worlds_figure import CurvesPanel, worlds_figure

    share = xr.DataArray([[0.0, 1, 1, 1], [0, 0, 1, 1]], dims=("agent", "trial"))
    share = share.assign_coords(trial=np.arange(1, 5))
    panel = CurvesPanel("Lamp", "share", {"all": share}, block=2, levels={"chance": 0.5})
    (axis,) = worlds_figure(panel).axes
    curve, level = axis.get_lines()
    assert curve.get_xydata().tolist() == [[1.5, 0.25], [3.5, 1.0]]
    assert set(level.get_ydata()) == {0.5}
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["all", "chance"]
