"""The agent that learns a world of symbols: counts, plans, memory, and what comes of it."""

import ast
import dataclasses
import math
from collections import Counter
from itertools import pairwise

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

import canonica
from canonica import CanonicaError
from canonica.agents import PlanningAgent, QLearningAgent, RandomAgent, agent_for, play
from canonica.agents.planning._followed import END, Consequence, Consequences, Followed
from canonica.agents.planning._memories import MEMORIES, History, lineage
from canonica.agents.planning._memory_evidence import MemoryEvidence, memory_chosen
from canonica.agents.planning._rewards import GRADES, Rewards
from canonica.agents.planning._spaces import (
    action_count,
    action_of,
    action_texts,
    check_observations,
    symbol_of,
)
from canonica.agents.planning._worth import Worth

DISCRETE = st.integers(1, 4).map(lambda n: spaces.Discrete(n, start=n - 2))
MULTI = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(spaces.MultiDiscrete)
BITS = st.integers(1, 3).map(spaces.MultiBinary)
PLAIN = DISCRETE | MULTI | BITS
NESTED = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, min_size=1, max_size=2).map(
        spaces.Tuple
    ) | st.lists(inner, min_size=1, max_size=2).map(
        lambda parts: spaces.Dict({f"part {n}": part for n, part in enumerate(parts)})
    ),
    max_leaves=3,
)  # fmt: skip


@given(NESTED)
@settings(max_examples=40)
def test_every_action_of_a_space_is_there_once(space):
    actions = [action_of(space, number) for number in range(action_count(space))]
    assert all(space.contains(action) for action in actions)
    symbols = {symbol_of(space, action) for action in actions}
    assert len(symbols) == len(actions)  # all different, and told apart as observations too
    space.seed(0)
    assert all(symbol_of(space, space.sample()) in symbols for _ in range(20))


@pytest.mark.parametrize(
    "space",
    [
        spaces.Box(0.0, 1.0, (2,)),
        spaces.Box(-(2**40), 2**40, (2,), np.int64),
        spaces.Text(3),
        spaces.Tuple([spaces.Discrete(2), spaces.Box(0.0, 1.0)]),
    ],
)
def test_what_is_no_symbol_is_refused_by_name(space):
    with pytest.raises(CanonicaError, match="observation_space.*found.*expected"):
        check_observations(space)


PLACES = spaces.Dict({
    "place": spaces.Discrete(3, start=1),
    "bits": spaces.MultiBinary(2),
    "view": spaces.Box(0, 5, (2, 1), np.uint8),
})  # fmt: skip
SOUND = {"place": 2, "bits": [0, 1], "view": np.array([[5], [0]])}


@pytest.mark.parametrize(
    "part",
    [
        {"place": 0},
        {"place": 4},
        {"place": 2.0},
        {"place": "2"},
        {"bits": [0, 2]},
        {"bits": [0.0, 1.0]},
        {"bits": [0, 1, 0]},
        {"view": np.array([[6], [0]])},
        {"view": np.array([[261], [0]])},  # 5 in a byte
        {"view": np.array([5, 0])},
        {"view": np.array([[5], [np.nan]])},
        {"view": None},
    ],
)
def test_what_is_not_in_the_observation_space_is_refused(part):
    agent = PlanningAgent(PLACES, spaces.Discrete(2), discount=0.9)
    for _ in range(2):  # where it was met before, too
        agent.begin()
        agent.act(SOUND)
        agent.receive(0.0)
        with pytest.raises(CanonicaError, match=r"(?s)observation: found .*; expected one of Dict"):
            agent.act({**SOUND, **part})
    assert len(agent.knowledge.symbols) == 1


def test_too_many_actions_are_refused_with_their_number():
    with pytest.raises(CanonicaError, match=r"8,192 different actions; expected 4,096 at most"):
        action_count(spaces.MultiBinary(13))
    with pytest.raises(CanonicaError, match="action_space: found Box"):
        action_count(spaces.Box(0.0, 1.0))


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 1), st.integers(-1, 2), st.sampled_from([0.0, 2.0])
    ),
    min_size=1,
    max_size=40,
)


@given(STEPS)
def test_counts_are_those_of_what_followed(steps):
    followed = Followed(2)
    for state in range(3):
        followed.state((state,), 0)
    seen, novel, chances = [], 1.0, 1.0
    for state, action, following, reward in steps:
        pair = 2 * state + action
        before = [kind for at, kind in seen if at == pair]
        if before:
            novel += (following, reward) not in before and reward > 0
            chances += 1 / (len(before) + novel / chances)
        seen.append((pair, (following, reward)))
        followed.add(pair, Consequence(following, reward), following, reward)
    assert followed.novelty == pytest.approx(novel / chances, rel=1e-12)
    counts = Counter(seen)
    found = followed.outcomes
    assert {
        (pair, (at, grade)): count
        for pair, at, grade, count in zip(
            found.pair, found.seen, found.grade, found.count, strict=True
        )
    } == counts
    for (pair, kind), count in counts.items():
        often = followed.frequency(pair, Consequence(*kind))
        assert often == count / sum(at == pair for at, _ in seen)
    np.testing.assert_array_equal(found.reward, found.grade)
    np.testing.assert_array_equal(found.following, found.seen)


def test_the_mean_reward_of_a_kind_is_kept():
    followed = Followed(1)
    followed.state((0,), 0)
    for reward in (100.0, 103.0, 109.0):
        followed.add(0, Consequence(0, math.inf), 0, reward)
    assert followed.reward == pytest.approx([104.0])


def test_surprise_counts_first_outcomes_that_less_memory_had_not_met():
    less, more = Followed(1), Followed(1)
    for _ in range(3):
        less.state((len(less.states),), 0)
        more.state((len(more.states),), 0)
    less.add(0, Consequence(1, 0.0), 1, 0.0)
    more.compare(0, Consequence(1, 0.0), less, 0)
    assert more.surprise == 1 / 3
    more.compare(1, Consequence(2, 0.0), less, 0)
    assert more.surprise == 2 / 4
    more.compare(2, Consequence(2, 0.0), less, 2)  # less memory had not been there: tells nothing
    more.add(0, Consequence(1, 0.0), 1, 0.0)
    more.compare(0, Consequence(2, 0.0), less, 0)  # not the first
    assert more.surprise == 2 / 4


@given(st.lists(st.sampled_from([0.0, 1.0, -2.0, 5.0, -100.0]), max_size=30))
def test_rewards_are_scaled_by_the_mean_of_their_sizes(rewards):
    kept = Rewards()
    largest = [kept.add(reward) for reward in rewards]
    sizes = [abs(reward) for reward in rewards if reward]
    assert kept.scale == pytest.approx(np.mean(sizes) if sizes else 1.0)
    best = max([reward for reward in rewards if reward > 0], default=0.0)
    assert kept.best == pytest.approx(max(1.0, best / kept.scale))
    assert largest == [
        reward > max([0.0, *rewards[:number]]) for number, reward in enumerate(rewards)
    ]


def test_rewards_beyond_so_many_are_told_apart_by_their_sign():
    kept = Rewards()
    assert [kept.grade(float(n)) for n in range(GRADES)] == list(range(GRADES))
    assert kept.grade(3.0) == 3.0
    assert kept.grade(-0.5) == -math.inf
    assert kept.grade(1000.0) == math.inf


def random_counts(seed, *, states=4, actions=3, times=50_000, met=1.0):
    """Return counts of a random world, so many of each pair that nothing new is hoped for."""
    draw = np.random.default_rng(seed)
    followed = Followed(actions)
    for state in range(states):
        followed.state((state,), 0)
    for pair in range(states * actions):
        if draw.random() > met:
            continue
        for following in {END, *draw.integers(0, states, 2).tolist()}:
            count, reward = float(draw.integers(1, times)), float(draw.normal())
            followed.restore([], [], _one(pair, following, count, reward))
    return followed


def _one(pair, following, count, reward):
    whole, real = (lambda x: np.array([x], int)), (lambda x: np.array([x], float))
    return Consequences(
        whole(pair), whole(following), real(reward), whole(following), real(count), real(reward)
    )


def planned(followed, less=None, *, seed=0, rewards=None, discount=0.9, sweeps=500):
    worth = Worth()
    worth.plan(
        followed,
        less,
        rewards=rewards or Rewards(sum=1.0, times=1, largest=1.0),
        discount=discount,
        sweeps=sweeps,
        generator=np.random.default_rng(seed),
    )
    return worth


def bellman(followed, value, *, discount, scale=1.0):
    """Return what every pair is worth by plain loops, had nothing new to be hoped for."""
    worth = np.zeros(len(followed.times))
    found = followed.outcomes
    for pair, following, count, reward in zip(
        found.pair, found.following, found.count, found.reward, strict=True
    ):
        then = 0.0 if following == END else discount * value[following]
        worth[pair] += count / followed.times[pair] * (reward / scale + then)
    return worth.reshape(-1, followed.actions)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_known_well_is_worth_what_bellman_says(seed):
    followed = random_counts(seed)
    followed.new, followed.chances = 1e-9, 1.0
    rewards = Rewards(sum=6.0, times=2, largest=3.0)
    worth = planned(followed, rewards=rewards, discount=0.8)
    by_hand = bellman(followed, worth.of_states, discount=0.8, scale=3.0)
    np.testing.assert_allclose(worth.of_pairs, by_hand, atol=3e-3)
    np.testing.assert_allclose(worth.of_states, worth.of_pairs.max(axis=1))


@pytest.mark.parametrize("seed", range(4))
def test_what_was_never_met_is_worth_the_best_that_is_known(seed):
    followed = random_counts(seed, met=0.5)
    followed.new, followed.chances = 1e-9, 1.0
    worth = planned(followed, rewards=Rewards(sum=1.0, times=1, largest=4.0), discount=0.9)
    never = (np.array(followed.times) == 0).reshape(worth.of_pairs.shape)
    assert never.any()
    np.testing.assert_allclose(worth.of_pairs[never], max(4.0, worth.of_states.max()), atol=2e-3)


def ended(times):
    """Return counts of a pair after which an episode has ended so many times."""
    followed = Followed(1)
    followed.state((0,), 0)
    for _ in range(times):
        followed.add(0, Consequence(END, 0.0), END, 0.0)
    followed.new, followed.chances = 3.0, 2.0
    return followed


def _hoped(seed):
    """Return what is hoped after five outcomes, three of which came after a first plan."""
    worth = planned(ended(2), seed=seed, sweeps=1)
    settings = {"rewards": Rewards(), "discount": 0.9, "sweeps": 1}
    worth.plan(ended(5), None, generator=np.random.default_rng([seed, 1]), **settings)
    return worth.of_pairs[0, 0]


def test_the_share_of_what_is_new_is_drawn_from_its_posterior_once():
    # The pair ends with nothing: what it is worth is what is hoped.
    draws = [_hoped(seed) for seed in range(3000)]
    expected = 1.5 / (5 + 1.5)
    spread = math.sqrt(expected * (1 - expected) / (5 + 1.5 + 1))
    assert np.mean(draws) == pytest.approx(expected, abs=4 * spread / math.sqrt(3000))
    assert np.std(draws) == pytest.approx(spread, rel=0.06)

    followed = ended(5)
    worth = planned(followed)
    first = worth.of_pairs[0, 0]
    settings = {"rewards": Rewards(), "discount": 0.9, "sweeps": 1}
    worth.plan(followed, None, generator=np.random.default_rng(5), **settings)
    assert worth.of_pairs[0, 0] == first
    worth.draw_anew()
    worth.plan(followed, None, generator=np.random.default_rng(5), **settings)
    assert worth.of_pairs[0, 0] != first


def test_a_pair_has_one_count_of_what_it_is_worth_with_less_remembered():
    less, more = Followed(2), Followed(2)
    less.state((0,), 0)
    more.state((0, 7), 0)
    more.state((0, 8), 0)
    for _ in range(3):
        more.add(0, Consequence(END, 1.0), END, 1.0)
    by_less = Worth()
    by_less.of_pairs = np.array([[0.2, -0.4]])
    more.differed = 0.0
    worth = planned(more, by_less)
    np.testing.assert_allclose(worth.of_pairs, [[(3 * 1 + 0.2) / 4, -0.4], [0.2, -0.4]])
    more.differed, more.compared = 1.0, 1.0  # never alike: all that is new is hoped for
    np.testing.assert_allclose(planned(more, by_less).of_pairs, [[0.8, 1.0], [1.0, 1.0]])


WALKS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-1, 2), st.sampled_from([0.0, 1.0, 3.0])), max_size=60
)


@given(WALKS, st.integers(0, 60))
def test_synapses_are_the_same_however_often_they_were_looked_at(steps, looked):
    at_once, between = Followed(2), Followed(2)
    for followed in (at_once, between):
        for state in range(3):
            followed.state((state,), 0)
        for number, (pair, following, reward) in enumerate(steps):
            followed.add(pair, Consequence(following, reward), following, reward)
            if followed is between and number >= looked:
                assert followed.synapses.kinds == len(followed.pairs)
    found = at_once.synapses
    for name, value in vars(between.synapses).items():
        np.testing.assert_array_equal(value, vars(found)[name])
    on = Counter((pair // 2, pair % 2, state) for pair, state, _ in steps if state != END)
    where = zip(found.source.tolist(), found.action.tolist(), found.state.tolist(), strict=True)
    assert dict(zip(where, found.together(at_once.count).tolist(), strict=True)) == on
    assert list(found.keys) == sorted(found.keys)


def slowly_planned(followed, less, hopes, *, discount, sweeps, best, scale):
    """Return what pairs are worth by plain loops, every sum in the order in which it is added."""
    states, value = len(followed.states), [0.0] * len(followed.states)
    found, times = followed.outcomes, followed.times
    at_once, goes_on = [0.0] * len(times), [{} for _ in times]
    for pair, following, count, reward in zip(
        *(one.tolist() for one in (found.pair, found.following, found.count, found.reward)),
        strict=True,
    ):
        at_once[pair] += count / times[pair] * reward / scale
        if following != END:
            often = goes_on[pair].get(following, 0.0) + count / times[pair]
            goes_on[pair][following] = often
    worth = np.zeros((states, followed.actions))
    for _ in range(sweeps):
        hoped = max([best, *value])
        for pair, known in enumerate(at_once):
            own, prior, to_come = 1.0, 0.0, 0.0
            state, action = divmod(pair, followed.actions)
            if less is not None:
                own = times[pair] / (times[pair] + 1)
                prior = float(less[followed.less[state], action]) / (times[pair] + 1)
            for after in sorted(goes_on[pair], reverse=less is not None):
                to_come += own * goes_on[pair][after] * value[after]
            all_in_all = (prior + own * known) + discount * to_come
            worth[state, action] = hopes[pair] * hoped + (1 - hopes[pair]) * all_in_all
        before, value = value, worth.max(axis=1).tolist()
        if max(abs(a - b) for a, b in zip(value, before, strict=True)) < 1e-3:
            break
    return worth


@pytest.mark.parametrize("remembers_more", [False, True])
@given(WALKS, st.integers(1, 30))
@settings(max_examples=30)
def test_plans_are_those_of_plain_loops_to_the_bit(remembers_more, steps, sweeps):
    followed = Followed(2)
    for state in range(3):
        followed.state((state,), (state + 1) % 2)
    for pair, following, reward in steps:
        followed.add(pair, Consequence(following, reward), following, reward)
    less = Worth()
    less.of_pairs = np.array([[0.3, -1.0], [1.7, 0.1]])
    kept = Rewards(sum=7.0, times=3, largest=3.0)
    worth, again = Worth(), np.random.default_rng(4)
    plan = {
        "rewards": kept,
        "discount": 0.9,
        "sweeps": sweeps,
        "generator": np.random.default_rng(4),
    }
    worth.plan(followed, less if remembers_more else None, **plan)
    times = np.array(followed.times, float)
    if remembers_more:
        hopes = ((times == 0) & (again.random(6) < followed.surprise)).astype(float)
    else:
        new, met = again.gamma(followed.novelty, size=6), np.zeros(6)
        met[times > 0] = again.gamma(times[times > 0])
        hopes = np.where(times > 0, new / (new + met), 1.0)
    slow = slowly_planned(
        followed, less.of_pairs if remembers_more else None, hopes.tolist(),
        discount=0.9, sweeps=sweeps, best=kept.best, scale=kept.scale,
    )  # fmt: skip
    np.testing.assert_array_equal(worth.of_pairs, slow)
    assert 1 <= worth.sweeps <= sweeps


@pytest.mark.parametrize("remembers_more", [False, True])
def test_sums_of_a_plan_are_added_in_their_order(remembers_more):
    draw, followed, less = np.random.default_rng(2), Followed(2), Worth()
    for state in range(8):
        followed.state((state,), 0)
    for _ in range(2000):
        pair, following = int(draw.integers(16)), int(draw.integers(8))
        followed.add(pair, Consequence(following, 0.0), following, float(draw.integers(3)))
    less.of_pairs = np.array([[0.3, -1.0]])
    kept, worth = Rewards(sum=7.0, times=3, largest=3.0), Worth()
    plan = {"rewards": kept, "discount": 0.9, "sweeps": 9}
    worth.plan(followed, less if remembers_more else None, generator=None, **plan)
    slow = slowly_planned(
        followed, less.of_pairs if remembers_more else None, [0.0] * 16,
        discount=0.9, sweeps=9, best=kept.best, scale=kept.scale,
    )  # fmt: skip
    np.testing.assert_array_equal(worth.of_pairs, slow)


class Told(gymnasium.Env):
    """Ends with reward for the action that matches what was seen, so many steps ago.

    What is seen is the time, and a bit; at the last time the bit is always 0.
    """

    def __init__(self, ago, length=4):
        self.ago, self.length = ago, length
        self.observation_space = spaces.MultiDiscrete([length + 1, 2])
        self.action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed, options=options)
        self.bits = [int(self.np_random.integers(2))]
        return self.seen(), {}

    def seen(self):
        return np.array([min(len(self.bits) - 1, self.length), self.bits[-1]])

    def step(self, action):
        over = len(self.bits) > self.length
        reward = float(over and action == self.bits[-1 - self.ago])
        last = len(self.bits) == self.length
        self.bits.append(0 if last else int(self.np_random.integers(2)))
        return self.seen(), reward, over, False, {}


@pytest.mark.parametrize(
    ("ago", "memory"),
    [
        (1, "the last step"),
        (2, "the last two other observations"),  # what was done then matters for nothing
        (4, "the first observation"),
    ],
)
def test_it_remembers_what_is_worth_remembering(ago, memory):
    world = Told(ago)
    agent = agent_for(world, seed=3)
    found = play(agent, world, episodes=300, seed=1)
    assert agent.remembers == memory
    assert found["reward"][-50:].mean() > 0.9  # by chance: 0.5


def test_where_nothing_is_worth_remembering_nothing_is():
    lake = gymnasium.make("FrozenLake-v1")
    agent = agent_for(lake)
    found = play(agent, lake, episodes=150)
    assert agent.remembers == "nothing"
    assert max(agent.evidence.outcomes) <= 3
    assert found["reward"][-75:].mean() > 0.25  # at random: 0.014


@pytest.mark.parametrize(
    ("evidence", "memory"),
    [
        ([0, 2.9, 0, 0, 0, 0, 0], "nothing"),
        ([0, 3.1, 0, 0, 0, 0, 0], "the last step"),
        ([0, 2, 2, 0, 0, 0, 0], "the last two steps"),  # both together are clear
        ([0, 5, 2.9, 0, 0, 0, 0], "the last step"),
        ([0, 5, 4, 8, 0.5, 0, 0], "the last two steps"),
        ([0, 5, -9, 6, 0, 0, 0], "the first observation"),
        ([0, -5, 9, -1, 5, 0, 0], "the last two steps"),
        ([0, 5, 4, 4, 2, 4, 9], "the first observation and the last two steps"),
        ([0, 5, 4, 4, 2, 4, 11], "the last two other observations"),
    ],
)
def test_more_is_remembered_where_the_evidence_is_clear(evidence, memory):
    nothing = [0.0] * len(MEMORIES)
    assert MEMORIES[memory_chosen(MemoryEvidence(evidence, nothing))].name == memory


@pytest.mark.parametrize(
    ("rewards", "memory"),
    [
        ([0, 2.9, 0, 0, 0, 0, 0], "the last two steps"),  # not clear: as outcomes say
        ([0, 0, 0, 3.1, 0, 0, 0], "the first observation and the last two steps"),
        ([0, 0, 0, 9, 0, -3.1, 0], "the first observation and the last step"),
        ([0, 0, 0, 2, 0, 0, 5.1], "the last two other observations"),
        ([0, 5, -4, 0, 0, 0, 0], "the last step"),
        ([0, -5, -5, -5, -5, 0, -5], "nothing"),
    ],
)
def test_what_tells_rewards_comes_first(rewards, memory):
    outcomes = [0, 50, 40, 20, 10, 15, 30]
    assert MEMORIES[memory_chosen(MemoryEvidence(outcomes, rewards))].name == memory


def test_an_episode_that_is_cut_has_no_end():
    cliff = gymnasium.make("CliffWalking-v1")
    agent = agent_for(cliff)
    play(agent, cliff, episodes=5, max_steps=6)
    assert agent.episodes == 5
    assert END not in agent._followed[0].following
    # What followed the last action was not seen.
    assert agent._followed[0].count.sum() == 5 * 5


def slow_evidence(history, outcomes):
    """Return the evidence of remembering the last step, by plain loops over what happened."""
    gain, less, more = 0.0, {}, {}
    for number, (key_less, key_more, outcome) in enumerate(history):
        met_less, met_more = less.setdefault(key_less, []), more.setdefault(key_more, [])
        times, here = len(met_more), met_more.count(outcome)
        kinds = len(set(outcomes[: number + 1]))
        prior = (met_less.count(outcome) + 1 / kinds) / (len(met_less) + 1)
        often = met_less.count(outcome) / len(met_less) if met_less else 0.0
        gain += math.log((here + prior) / (times * often + prior))
        met_less.append(outcome)
        met_more.append(outcome)
    return gain


def test_evidence_is_that_of_predictions_one_by_one():
    world = Told(1)
    agent = agent_for(world, seed=0)
    history, outcomes = [], []
    for episode in range(30):
        seen, _ = world.reset(seed=episode)
        agent.begin()
        last, over = None, False
        while not over:
            action = agent.act(seen)
            then, reward, over, _, _ = world.step(action)
            agent.receive(reward, over)
            seen, then = tuple(seen), tuple(then)
            outcomes.append((None if over else then, reward))
            history.append(((seen, action), (seen, last, action), outcomes[-1]))
            seen, last = np.array(then), (seen, action)
    found = agent.evidence
    assert found.outcomes[1] == pytest.approx(slow_evidence(history, outcomes), abs=1e-9)
    rewards = [reward for _, reward in outcomes]
    graded = [(less, more, reward) for less, more, (_, reward) in history]
    assert found.rewards[1] == pytest.approx(slow_evidence(graded, rewards), abs=1e-9)
    assert found.rewards[1] != found.outcomes[1]
    differed, compared, less, more = 1, 2, {}, set()
    for (pair, finer, _), outcome in zip(graded, outcomes, strict=True):
        if finer not in more and pair in less:
            compared += 1
            differed += outcome not in less[pair]
        less.setdefault(pair, set()).add(outcome)
        more.add(finer)
    assert agent._followed[1].surprise == differed / compared


@pytest.mark.parametrize(
    ("name", "options", "episodes", "reward"),
    [
        ("FrozenLake-v1", {"is_slippery": False}, 100, 1.0),
        ("CliffWalking-v1", {"max_episode_steps": 500}, 100, -13.0),
        ("canonica/TMaze-v0", {"corridor": 3}, 150, 1.0),
    ],
)
def test_it_finds_the_best_there_is(name, options, episodes, reward):
    world = gymnasium.make(name, **options)
    found = play(agent_for(world, seed=1), world, episodes=episodes, seed=1)
    assert np.median(found["reward"][-10:]) == reward


@pytest.mark.parametrize(
    ("space", "texts"),
    [
        (spaces.Discrete(2, start=5), ["5", "6"]),
        (spaces.MultiBinary(2), ["[0, 0]", "[0, 1]", "[1, 0]", "[1, 1]"]),
        (
            spaces.Dict(go=spaces.Discrete(2), take=spaces.MultiDiscrete([1, 2])),
            ["{'go': 0, 'take': [0, 0]}", "{'go': 0, 'take': [0, 1]}",
             "{'go': 1, 'take': [0, 0]}", "{'go': 1, 'take': [0, 1]}"],
        ),
        (spaces.Tuple((spaces.Discrete(1), spaces.Discrete(2))), ["(0, 0)", "(0, 1)"]),
    ],
)  # fmt: skip
def test_actions_are_said_as_the_space_has_them(space, texts):
    assert action_texts(space) == texts
    for number, text in enumerate(texts):
        np.testing.assert_equal(action_of(space, number), ast.literal_eval(text))


def test_plans_go_from_what_remembers_least_to_what_remembers_all():
    for number in range(len(MEMORIES)):
        places = lineage(number)
        assert [MEMORIES[place].parent for place in places] == [None, *places[:-1]]
        assert places[-1] == number


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.thorough) for n in (1, 2))]
)
def test_a_corridor_of_ten_cells_is_learned(seed):
    world = gymnasium.make("canonica/TMaze-v0", corridor=10)
    found = play(agent_for(world, seed=seed), world, episodes=250, seed=seed)
    assert found["reward"][-50:].mean() >= 0.95


@pytest.mark.slow
def test_taxi_is_learned():
    world = gymnasium.make("Taxi-v4" if "Taxi-v4" in gymnasium.registry else "Taxi-v3")
    found = play(agent_for(world), world, episodes=300)
    # The best possible is about 8, a random walk gets -770. One episode's has an SD of 3.
    assert found["reward"][-200:].mean() > 4


@pytest.mark.parametrize("name", ["FrozenLake-v1", "canonica/SwitchingBandit-v0"])
def test_what_was_learned_is_kept_to_the_bit(tmp_path, name):
    world = gymnasium.make(name)
    whole, first = agent_for(world, seed=2), agent_for(world, seed=2)
    at_once = play(whole, world, episodes=12, seed=5)
    play(first, world, episodes=7, seed=5)
    first.save(tmp_path / "agent.npz")
    second = agent_for(world, seed=9, knowledge=canonica.load(tmp_path / "agent.npz"))
    for kept, worth in zip(first._worth, second._worth, strict=True):
        np.testing.assert_array_equal(kept.of_states, worth.of_states)
    assert (first._grades, first._outcomes) == (second._grades, second._outcomes)
    rest = play(second, world, episodes=5, seed=5, first=8)
    assert rest["reward"].equals(at_once["reward"][7:])
    assert rest["steps"].equals(at_once["steps"][7:])
    whole.save(tmp_path / "whole.npz")
    second.save(tmp_path / "second.npz")
    assert (tmp_path / "whole.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    other = gymnasium.make("CliffWalking-v1")
    with pytest.raises(CanonicaError, match=r"knowledge: found that of a world whose observation"):
        agent_for(other, knowledge=second.knowledge)


def test_an_agent_that_has_met_nothing_is_kept_too(tmp_path):
    lake = gymnasium.make("FrozenLake-v1")
    agent_for(lake, seed=4).save(tmp_path / "agent.npz")
    agent = agent_for(lake, knowledge=canonica.load(tmp_path / "agent.npz"))
    assert (agent.seed, agent.states, agent.episodes) == (4, 0, 0)
    found = play(agent, lake, episodes=3)
    assert found.equals(play(agent_for(lake, seed=4), lake, episodes=3))


def test_knowledge_of_other_memories_is_refused():
    lake = gymnasium.make("FrozenLake-v1")
    kept = agent_for(lake).knowledge
    with pytest.raises(CanonicaError, match="counts: found those of 4 memories; expected 7"):
        dataclasses.replace(kept, counts=kept.counts[:4])


def test_the_network_believes_and_does_what_the_agent_does():
    world = gymnasium.make("canonica/TMaze-v0", corridor=2)
    agent = agent_for(world, seed=1)
    play(agent, world, episodes=80, seed=1)
    assert agent.remembers == "the first observation"
    with jax.enable_x64(True):
        _check_network(agent, world)


def _check_network(agent, world):
    network = agent.network()
    states, inputs = agent.states, len(agent.knowledge.symbols)
    assert network.layers.weight.shape == (2, states, inputs)
    assert network.recurrent_weight.shape == (4, 2, states, states)
    numbers = {text: number for number, text in enumerate(agent.knowledge.symbols)}
    for episode in range(4):
        seen, _ = world.reset(seed=episode)
        agent.begin()
        belief, action, over = None, None, False
        while not over:
            input_ = jnp.eye(inputs)[numbers[repr(symbol_of(world.observation_space, seen))]]
            done = agent.act(seen)
            state = agent._player.states[agent.memory]
            if belief is None:
                belief = jnp.eye(states)[state]  # where an episode begins, nothing came before
            else:
                belief = network.activity(input_, belief, jnp.eye(4)[action])
            assert int(belief.argmax()) == state
            assert belief.max() > 0.99
            network = agent.network()
            V, m = network.layers.effective_output_weight, network.layers.output_firing_threshold
            odds = (V[1] - V[0]) @ belief + m[1] - m[0]
            worth = agent._worth[agent.memory].of_pairs[state]
            assert worth[int(odds.argmax())] >= worth.max() - 1e-6
            seen, reward, terminated, truncated, _ = world.step(done)
            agent.receive(reward, terminated, truncated)
            action, over = done, terminated or truncated


@pytest.mark.parametrize("mode", list(gymnasium.vector.AutoresetMode)[:2])
def test_copies_share_what_they_learn_and_count_no_reset(mode):
    lakes = gymnasium.make_vec(
        "FrozenLake-v1", 3, "sync", vector_kwargs={"autoreset_mode": mode}, is_slippery=False
    )
    agent = agent_for(lakes, seed=1)
    seen, _ = lakes.reset(seed=0)
    agent.begin()
    steps, ended = 0, np.zeros(3, bool)
    for _ in range(300):
        actions = agent.act(seen)
        seen, rewards, terminated, truncated, _ = lakes.step(actions)
        agent.receive(rewards, terminated, truncated)
        waits = ended if mode == gymnasium.vector.AutoresetMode.NEXT_STEP else np.zeros(3, bool)
        steps += int((~waits).sum())
        ended = (terminated | truncated) & ~waits
    assert agent.agent.steps == steps
    # A lake without chance: of every pair one thing has followed.
    found = agent.agent._followed[0].outcomes
    assert len(set(found.pair.tolist())) == len(found.pair)


def test_bad_calls_are_told_what_to_do():
    lake = gymnasium.make("FrozenLake-v1")
    agent = agent_for(lake)
    with pytest.raises(CanonicaError, match="network: found 0 states"):
        agent.network()
    agent.begin()
    with pytest.raises(CanonicaError, match=r"receive: found no action before it"):
        agent.receive(1.0)
    with pytest.raises(
        CanonicaError, match="observation: found the text 'here'; expected one of Disc"
    ):
        agent.act("here")
    agent.act(0)
    with pytest.raises(CanonicaError, match="act: found no reward since the last action"):
        agent.act(1)
    with pytest.raises(CanonicaError, match="reward: found nan; expected a finite number"):
        agent.receive(math.nan)
    with pytest.raises(CanonicaError, match="discount: found 2"):
        PlanningAgent(lake.observation_space, lake.action_space, discount=2)


@pytest.mark.parametrize("limit", [None, 3, 60, 5000])
def test_it_looks_as_far_ahead_as_an_episode_lasts(limit):
    world = gymnasium.make("CliffWalking-v1", max_episode_steps=limit)
    ahead = 1 / (1 - agent_for(world).discount)
    assert ahead == pytest.approx({None: 100, 3: 10, 60: 60, 5000: 1000}[limit])


def test_histories_are_remembered_as_they_were():
    history = History(5).after(5, 1, 6).after(6, 0, 7).after(7, 2, 7)
    kept = [memory.of(history) for memory in MEMORIES]
    assert kept == [(), (7, 2), (7, 2, 6, 0), (5,), (5, 7, 2), (5, 7, 2, 6, 0), (6, 5)]
    assert [memory.of(History(5)) for memory in MEMORIES] == [
        (), (-1, -1), (-1, -1, -1, -1), (5,), (5, -1, -1), (5, -1, -1, -1, -1), (-1, -1)
    ]  # fmt: skip


def test_what_was_another_observation_is_kept_as_long_as_one_stays():
    """A sample, a pause and a test, of several steps each."""
    seen = [1, 1, 1, 0, 0, 0, 0, 2, 2]
    history, kept = History(seen[0]), []
    for now, following in pairwise(seen):
        history = history.after(now, 0, following)
        kept.append(history.others)
    assert kept == [(-1, -1)] * 2 + [(1, -1)] * 4 + [(0, 1)] * 2


class Delayed(gymnasium.Env):
    """What was seen in the middle of an episode says which of two actions is rewarded later."""

    observation_space = spaces.Discrete(5)  # beginning, left, right, pause, end
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed, options=options)
        right = int(self.np_random.integers(2))
        pause = int(self.np_random.integers(3, 6))
        self.coming = [1 + right, 1 + right, *[3] * pause, 4]
        self.right = right
        return 0, {}

    def step(self, action):
        if not self.coming:
            return 4, 1.0 if action == self.right else -1.0, True, False, {}
        return self.coming.pop(0), 0.0, False, False, {}


@pytest.mark.parametrize("seed", [0, 1])
def test_what_was_seen_in_the_middle_of_an_episode_is_remembered(seed):
    world = Delayed()
    agent = agent_for(world, seed=seed)
    found = play(agent, world, episodes=150, seed=seed)
    assert agent.remembers == "the last two other observations"
    assert found["reward"][-50:].mean() > 0.95


def test_q_learning_updates_its_table_as_watkins_says():
    world = Told(1)
    agent = QLearningAgent(world, discount=0.5, learning_rate=0.25, memory="the last step")
    table, numbers = {}, {}
    for episode in range(20):
        seen, _ = world.reset(seed=episode)
        agent.begin()
        state, over = (numbers.setdefault(tuple(seen), len(numbers)), -1, -1), False
        while not over:
            action = agent.act(seen)
            seen, reward, over, _, _ = world.step(action)
            agent.receive(reward, over)
            worth, ahead = table.setdefault(state, np.zeros(2)), np.zeros(1)
            if not over:
                number = numbers.setdefault(tuple(seen), len(numbers))
                state = (number, state[0], action)
                ahead = table.setdefault(state, np.zeros(2))
            worth[action] += 0.25 * (reward + 0.5 * ahead.max() - worth[action])
    assert agent._table.keys() == table.keys()
    for state, worth in table.items():
        np.testing.assert_allclose(agent._table[state], worth, rtol=1e-12)


def test_agents_at_random_do_everything_alike():
    lake = gymnasium.make("FrozenLake-v1")
    agent = RandomAgent(lake, seed=1)
    counts = np.bincount([agent.act(0) for _ in range(2000)], minlength=4)
    assert np.abs(counts / 2000 - 0.25).max() < 0.05


def test_episodes_are_cut_where_no_time_limit_does():
    cliff = gymnasium.make("CliffWalking-v1")
    found = play(RandomAgent(cliff), cliff, episodes=3, max_steps=7, seed=2)
    assert found["steps"].values.tolist() == [7, 7, 7]
    assert not found["terminated"].any()
    assert found.attrs["environment"] == "CliffWalking-v1"
    again = play(RandomAgent(cliff), cliff, episodes=3, max_steps=7, seed=2)
    assert again["reward"].equals(found["reward"])
