"""The maze experiment, its uncertainty, and transplants: against what is known of them."""

from functools import partial
from itertools import islice

import jax
import numpy as np
import pytest
import xarray as xr

from canonica import CanonicaError
from canonica._pieces import made_in_order
from canonica._statistics import bootstrap_interval
from canonica.agents import (
    Maze,
    agent_with_prior,
    first_move_prior,
    maze_agent,
    maze_walls,
    sequences,
    trial,
)
from canonica.agents.experiments.decisions._decision_log import decision_log
from canonica.agents.experiments.decisions._estimated_prior import estimated_priors
from canonica.agents.experiments.decisions._observed_decisions import observed_decisions
from canonica.agents.experiments.maze._agent_in_maze import COUNTS, one_trial
from canonica.agents.experiments.maze._experiment_store import ExperimentStore, stored_settings
from canonica.agents.experiments.maze._learning_summary import blocks, learning_summary
from canonica.agents.experiments.maze._maze_experiment import maze_experiment, trials_done
from canonica.agents.experiments.maze._published_outcomes import (
    PUBLISHED,
    PUBLISHED_SETTINGS,
    published_comparison,
)
from canonica.agents.experiments.maze._recorded_trials import recorded_trials
from canonica.agents.experiments.maze._resumable_run import LAST, run_name
from canonica.agents.experiments.transplant._transplant import transplant
from canonica.agents.experiments.transplant._transplant_study import transplant_study
from canonica.agents.experiments.transplant._transplant_summary import transplant_summary
from canonica.agents.network._counts import Counts
from canonica.agents.network._response_law import response_law

small_maze = jax.jit(partial(Maze, window=5))
SMALL = {"max_steps": 60, "height": 7, "width": 9, "window": 5}


@pytest.fixture(scope="module")
def result():
    """Return a small experiment, and do not change it."""
    return maze_experiment(mazes=6, trials=12, seed=3, **SMALL)


# --- the experiment -------------------------------------------------------------------------------


WAYS = {
    "from the counts alone": (
        lambda agent: Counts.of(agent.model),
        partial(one_trial, max_steps=60),
    ),
    "from the state as a whole": (
        lambda agent: agent.init(),
        jax.jit(partial(trial, max_steps=60)),
    ),
}


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    "way",
    [
        "from the counts alone",
        pytest.param("from the state as a whole", marks=pytest.mark.slow),
    ],
)
def test_trials_are_those_that_their_keys_make(result, way):
    maze_key = jax.random.fold_in(jax.random.key(3), 2)
    walls = maze_walls(jax.random.fold_in(maze_key, 0), height=7, width=9)
    maze = small_maze(walls)
    one = result.sel(maze=2)
    np.testing.assert_array_equal(one["walls"], walls)
    agent = maze_agent(maze)
    start, run = WAYS[way]
    state = start(agent)
    for number in range(1, 13):
        found, state = run(agent, state, maze, jax.random.fold_in(maze_key, number))
        row = one.sel(trial=number)
        assert int(row["steps"]) == int(found.steps)
        assert bool(row["reached"]) == bool(found.done)
        np.testing.assert_array_equal(row["decision_count"], found.decisions)
        F = found.free_energy
        for name, value in {
            "accuracy": F.accuracy,
            "complexity": F.complexity,
            "decision_free_energy": F.decision,
            "free_energy": F.complexity - F.accuracy + F.decision,
            "risk": found.risk,
        }.items():
            assert float(row[name]) == pytest.approx(float(value), rel=1e-12)


def test_results_hang_together(result):
    assert (result["decision_count"].sum("policy") == result["steps"]).all()
    assert (result["steps"].where(~result["reached"], 60) == 60).all()
    assert (result["shortest_path"] >= 4).all()  # columns to cross
    assert (result["steps"] >= result["shortest_path"]).where(result["reached"], True).all()
    np.testing.assert_allclose(result["first_move_frequency"].sum("move"), 1)
    np.testing.assert_allclose(result["estimated_decision_prior"].sum("policy"), 1)
    up = (result["policy_moves"].isel(place_in_policy=0) == 0).to_numpy()
    seen = result["decision_count"].isel(policy=up).sum("policy") / result["steps"]
    np.testing.assert_allclose(result["first_move_frequency"].sel(move="up"), seen)
    np.testing.assert_allclose(
        result["free_energy"],
        result["complexity"] - result["accuracy"] + result["decision_free_energy"],
    )
    assert result.attrs["prior_right"] == 0.25
    assert {result[name].attrs["units"] for name in ("free_energy", "accuracy")} == {"nat"}


def test_a_maze_and_a_trial_are_the_same_whatever_else_is_asked_for(result):
    fewer = maze_experiment(mazes=2, trials=4, first_maze=3, seed=3, **SMALL)
    xr.testing.assert_identical(result.sel(maze=[3, 4], trial=[1, 2, 3, 4]), fewer)
    other = maze_experiment(mazes=2, trials=4, first_maze=3, seed=4, **SMALL)
    assert not other["walls"].equals(fewer["walls"])


def interrupted(store, after, **settings):
    def stop(done, _):
        if done == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        maze_experiment(store=store, progress=stop, **settings)


def trials_in(store):
    return trials_done(store)[0]


def test_an_interrupted_run_goes_on_to_the_same_results(tmp_path):
    store = tmp_path / "store"
    settings = {"mazes": 2, "trials": 80, **SMALL}
    interrupted(store, 3, **settings)
    first = trials_in(store)
    assert 3 <= first < 160
    interrupted(store, first + 20, **settings)
    assert first + 20 <= trials_in(store) < 160
    told = []
    found = maze_experiment(store=store, progress=lambda *now: told.append(now), **settings)
    assert told[0][0] >= first + 20
    assert told[-1] == (160, 160)
    xr.testing.assert_identical(found, maze_experiment(**settings))
    # Once it is done, going on means to read it.
    xr.testing.assert_identical(found, maze_experiment(store=store, **settings))


def test_mazes_as_pieces_are_the_same_and_go_on_where_an_interruption_left_them(result, tmp_path):
    settings = {"mazes": 6, "trials": 12, "seed": 3, **SMALL}
    whole, store = tmp_path / "whole", tmp_path / "store"
    found = maze_experiment(store=whole, maker=made_in_order, **settings)
    xr.testing.assert_identical(found, result)
    interrupted(store, 20, **settings)  # in the midst of mazes
    begun, sent = trials_in(store), []

    def two(pieces):
        sent.extend(piece.units for piece in pieces)
        yield from islice(made_in_order(pieces), 2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        maze_experiment(store=store, maker=two, **settings)
    assert sum(sent) == 72 - begun  # nothing is done twice
    assert trials_in(store) == begun + sum(sent[:2])  # whole mazes are kept
    told = []
    again = maze_experiment(store=store, progress=lambda *now: told.append(now), **settings)
    assert told[0] == (begun + sum(sent[:2]), 72)
    xr.testing.assert_identical(again, result)
    one, other = (ExperimentStore(at, stored_settings(at)).load(LAST) for at in (whole, store))
    assert set(one) == set(other) != set()
    for part, values in one.items():
        np.testing.assert_array_equal(values, other[part])


@pytest.mark.slow
def test_recorded_trials_are_those_of_the_run(tmp_path):
    store = tmp_path / "store"
    found = maze_experiment(mazes=2, trials=80, store=store, **SMALL)
    scenes = recorded_trials(store)
    for scene, number in zip(scenes, (1, 80), strict=True):
        row = found.sel(maze=1, trial=number)
        assert scene.sizes["step"] == int(row["steps"]) + 1
        assert (scene.attrs["trial"], scene.attrs["reached"]) == (number, int(row["reached"]))
        # Steps that led forward less those that led back are where the path ends.
        columns = scene["path_column"].to_numpy()
        risk = np.where(np.diff(columns) > 0, 0, np.where(np.diff(columns) < 0, 1, 0.5))
        assert risk.mean() == pytest.approx(float(row["risk"]))


def test_an_unfinished_run_goes_on_by_its_own_settings_alone(tmp_path):
    settings = {"mazes": 1, "trials": 2, **SMALL}
    store = tmp_path / "store"
    maze_experiment(store=store, **settings)
    with pytest.raises(CanonicaError, match="prior_right 0.25; expected 0.3"):
        maze_experiment(store=store, prior_right=0.3, **settings)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(CanonicaError, match="expected one, or nothing"):
        maze_experiment(store=tmp_path / "other", **settings)


def test_what_is_kept_before_the_last_trial_is_what_was_learned_by_then(tmp_path):
    def kept(trials, name):
        store = tmp_path / str(trials)
        maze_experiment(store=store, mazes=1, trials=trials, **SMALL)
        saved = ExperimentStore(store, stored_settings(store)).load(name)
        return {part: values for part, values in saved.items() if part.startswith(COUNTS)}

    before, after = kept(13, LAST), kept(12, run_name(1))
    assert set(before) == set(after) != set()
    for part, values in before.items():
        np.testing.assert_array_equal(values, after[part])
    assert any(np.ptp(values) > 0 for values in before.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"mazes": 0},
        {"trials": 0},
        {"max_steps": 0},
        {"seed": -1},
        {"height": 8},
        {"window": 4},
        {"prior_right": 0.6},
    ],
)
def test_bad_settings_are_named(wrong):
    settings = {"mazes": 1, "trials": 1, **SMALL, **wrong}
    with pytest.raises(CanonicaError, match=next(iter(wrong))):
        maze_experiment(**settings)


# --- uncertainty ----------------------------------------------------------------------------------


def test_learning_summary_by_tens(result):
    assert blocks(12) == [(1, 10), (11, 12)]
    summary = learning_summary(result)
    last = result.isel(trial=slice(10, None))
    row = summary.isel(block=1)
    assert float(row["success_rate"]) == pytest.approx(float(last["reached"].mean()))
    assert float(row["mean_steps"]) == pytest.approx(float(last["steps"].mean()))
    assert float(row["median_steps"]) == np.median(last["steps"])
    assert tuple(row["mean_steps_interval"].to_numpy()) == bootstrap_interval(last["steps"].values)
    assert np.isnan(learning_summary(result.isel(maze=[0]))["mean_steps_interval"]).all()


def published_like(success, steps):
    """Return a result by the published settings in which some outcome is exactly so."""
    maze = np.arange(20)[:, None] - 9.5
    reached = (np.arange(100)[None] % 10 < np.array([*[4, 5] * 10])[:, None]) & (maze < 99)
    reached[:, :10] = np.arange(10) < np.round(10 * success)
    values = np.broadcast_to(steps + 50 * maze, (20, 100))
    data = {"steps": (("maze", "trial"), values), "reached": (("maze", "trial"), reached)}
    return xr.Dataset(data, attrs=dict(PUBLISHED_SETTINGS))


def test_published_values_are_compared_only_with_what_is_comparable(result):
    assert published_comparison(result) == []
    like = published_like(0.5, PUBLISHED[0].mean_steps + 100)
    assert published_comparison(like.isel(maze=slice(19))) == []
    rows = {(row["trials"], row["statistic"]): row for row in published_comparison(like)}
    assert set(rows) == {(t, s) for t in ("1-10", "91-100") for s in ("success_rate", "mean_steps")}
    first = rows["1-10", "mean_steps"]
    assert first["published"] == 16_728
    assert first["inside"]  # 100 steps off, by a standard error of 65
    assert not rows["1-10", "success_rate"]["inside"]  # 50 % in every maze, against 46 %
    assert not rows["91-100", "mean_steps"]["inside"]
    # Below the lower end as well as above the upper one.
    less = published_comparison(published_like(0.4, PUBLISHED[0].mean_steps - 1_000))
    assert not any(row["inside"] for row in less if row["trials"] == "1-10")


# --- decision priors ------------------------------------------------------------------------------


@pytest.mark.usefixtures("x64")
def test_first_decisions_are_draws_from_the_prior(generator):
    maze = small_maze(maze_walls(jax.random.key(0), height=7, width=9))
    prior = generator.dirichlet(np.full(256, 5.0))
    agent = agent_with_prior(maze, sequences(4, 4), np.stack([1 - prior, prior]))
    law = jax.jit(response_law, static_argnums=1)(agent.model, agent.epsilon)
    belief = jax.numpy.asarray(generator.random((7, 25)))
    log_odds = np.asarray(law.policy.log_odds(belief) + law.policy_log_prior[1])
    log_odds = log_odds - np.asarray(law.policy_log_prior[0])
    np.testing.assert_allclose(log_odds, np.broadcast_to(log_odds[0], log_odds.shape))
    for e in (0.0, 0.15, 0.25, 0.35, 0.5):  # the docstring's claim
        E = first_move_prior(sequences(4, 4), np.array([0.25, 0.25, 0.5 - e, e]))[1]
        drawn = E / (1 - E) / (E / (1 - E)).sum()
        assert np.abs((drawn - E).reshape(4, 64).sum(axis=1)).max() < 0.001


def decisions_of(truth, count, generator, agents=1):
    policies = generator.multinomial(count, truth, size=(agents, 1))
    return xr.Dataset(
        {
            "policy_count": (("agent", "trial", "policy"), policies),
            "move_count": (("agent", "trial", "move"), policies.reshape(agents, 1, 4, 64).sum(3)),
            "steps": (("agent", "trial"), policies.sum(axis=2)),
            "reached": (("agent", "trial"), np.ones((agents, 1), bool)),
        },
        {"agent": [f"a{k}" for k in range(agents)]},
    )


def test_priors_are_recovered_from_decisions(generator):
    first = np.array([0.25, 0.25, 0.35, 0.15])
    truth = first_move_prior(sequences(4, 4), first)[1]
    decisions = decisions_of(truth, 20_000, generator, agents=30)
    by_move = estimated_priors(decisions)
    by_policy = estimated_priors(decisions, by="policy")
    right = by_move[:, 192:].sum(axis=1)
    error = np.sqrt(0.15 * 0.85 / 20_000)
    assert right.mean() == pytest.approx(0.15, abs=4 * error / np.sqrt(30))
    assert right.std(ddof=1) == pytest.approx(error, rel=0.4)
    np.testing.assert_allclose(by_policy[:, 192:].sum(axis=1), right, atol=1e-4)

    def divergence(estimate):
        return (truth * np.log(truth / estimate)).sum(axis=1).mean()

    # To first order as many halves of a decision as there are free parameters.
    assert divergence(by_move) == pytest.approx(3 / 2 / 20_000, rel=0.6)
    assert divergence(by_policy) == pytest.approx(255 / 2 / 20_000, rel=0.2)


def test_what_was_never_seen_is_not_impossible(generator):
    decisions = decisions_of(np.eye(256)[200], 3, generator)
    for by in ("first_move", "policy"):
        prior = estimated_priors(decisions, by=by)
        assert (prior > 0).all()
        assert prior.sum() == pytest.approx(1)
        assert prior[0, 192:].sum() > 0.8
    with pytest.raises(CanonicaError, match="expected 'first_move'"):
        estimated_priors(decisions.drop_vars("policy_count"), by="policy")
    with pytest.raises(CanonicaError, match="estimation_trials: found 2; expected .*, from 1 to 1"):
        estimated_priors(decisions, estimation_trials=2)


# --- decision logs --------------------------------------------------------------------------------

LOG = "agent,trial,step,move\nann,1,1,up\nann,1,2,right\nann,2,1,3\nbob,1,1,LEFT\nbob,2,1,down\n"


def test_a_log_is_read(tmp_path):
    file = tmp_path / "log.csv"
    file.write_text("\ufeff" + LOG + "ann,3,1,up\n\n", encoding="utf-8")
    log = decision_log(file, max_steps=2)
    assert log["agent"].values.tolist() == ["ann", "bob"]
    assert log["move_count"].values.tolist() == [
        [[1, 0, 0, 1], [0, 0, 0, 1]],
        [[0, 0, 1, 0], [0, 1, 0, 0]],
    ]  # trials that both have
    assert log["steps"].values.tolist() == [[2, 1], [1, 1]]
    assert log["reached"].values.tolist() == [[False, True], [True, True]]
    file.write_text("Trial;Policy;note\n1;255;a\n1;64;b\n")
    log = decision_log(file)
    assert log["move_count"].values.tolist() == [[[0, 1, 0, 1]]]
    assert np.flatnonzero(log["policy_count"].values[0, 0]).tolist() == [64, 255]


def test_a_log_of_a_result_says_the_same(result, tmp_path):
    observed = observed_decisions(result)
    lines = ["agent,trial,policy"]
    for agent in range(result.sizes["maze"]):
        for number in range(result.sizes["trial"]):
            counts = result["decision_count"].values[agent, number]
            lines += [
                f"maze {agent + 1},{number + 1},{policy}"
                for policy in np.repeat(np.arange(256), counts)
            ]
    (tmp_path / "log.csv").write_text("\n".join(lines))
    log = decision_log(tmp_path / "log.csv", max_steps=60)
    for name in ("move_count", "policy_count", "steps"):
        np.testing.assert_array_equal(log[name], observed[name])
    np.testing.assert_array_equal(estimated_priors(log), estimated_priors(observed))
    np.testing.assert_array_equal(estimated_priors(log), result["estimated_decision_prior"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "found no table"),
        ("agent,trial,move\n", "found no rows"),
        ("agent,move\na,up\n", "line 1: found columns agent, move; expected a column trial"),
        ("trial,place\n1,2\n", "expected a column move or policy"),
        ("trial,move,Move\n1,up,up\n", "line 1: found column move twice"),
        ("trial,move\n1,up\n1,north\n", "line 3, column move: found 'north'; expected up, down"),
        ("trial,move\n1,up\n\n1,4\n", "line 4, column move: found '4'"),
        ("trial,move\n1,up\n1,\n", "line 3, column move: found nothing"),
        ("trial,move\n0,up\n", "line 2, column trial: found '0'; expected a whole number, 1"),
        ("trial,move\n1.5,up\n", "line 2, column trial: found '1.5'"),
        ("trial,policy\n1,256\n", "line 2, column policy: found '256'; expected .* 0 to 255"),
        ("trial,policy,move\n1,255,up\n", "line 2, column move: found 'up'; expected the first"),
        ("trial,move\n2,up\n", "line 2, column trial: found '2'; expected trial 1 of agent 1"),
        ("agent,trial,move\na,1,up\na,3,up\n", "line 3, column trial: found '3'; expected trial 2"),
        ("agent,trial,move\n,1,up\n", "line 2, column agent: found nothing"),
        ("trial,step,move\n1,1,up\n1,3,up\n", "line 3, column step: found '3'; expected 2"),
        ("trial,step,move\n1,1,up\n1,1,up\n", "line 3, column step: found '1'; expected 2"),
        ("trial,step,move\n1,2,up\n", "line 2, column step: found '2'; expected the trial to"),
        ("trial,move\n1,up\n1,up,3\n", "found no table"),
        ("trial,move\n1,up,3\n1,up,3\n", "line 2: found more fields"),
        ("trial,move\n" + 4 * "1,up\n", "found a trial of 4 steps; expected 3"),
    ],
)
def test_a_bad_log_is_told_where(tmp_path, text, words):
    file = tmp_path / "log.csv"
    file.write_text(text)
    with pytest.raises(CanonicaError, match=words) as error:
        decision_log(file, max_steps=3)
    assert "log.csv" in str(error.value)
    with pytest.raises(CanonicaError, match="found no such file"):
        decision_log(tmp_path / "none.csv")


# --- transplants ----------------------------------------------------------------------------------


def test_fresh_agents_have_the_prior_that_was_estimated(tmp_path):
    # Decisions that are as frequent as e = 0.25 has them: fresh agents are those of the experiment.
    file = tmp_path / "log.csv"
    file.write_text("trial,move\n" + "1,up\n1,down\n1,left\n1,right\n" * 5)
    log = decision_log(file, max_steps=60)
    found = transplant(log, mazes=3, trials=12, seed=3, height=7, width=9, window=5)
    same = maze_experiment(mazes=3, trials=12, seed=3, **SMALL)
    np.testing.assert_array_equal(found["predicted_steps"][0], same["steps"])
    np.testing.assert_array_equal(found["predicted_reached"][0], same["reached"])
    assert found["observed_steps"][0, 0, 0] == 20
    assert np.isnan(found["observed_steps"][0, 0, 1:]).all()
    summary = transplant_summary(found)
    assert np.isnan(summary["observed_mean_steps"]).all()
    low, high = summary["estimated_prior_right_interval"][0].to_numpy()
    assert low == pytest.approx(0.25 - 1.96 * np.sqrt(0.25 * 0.75 / 20), abs=1e-4)
    assert high == pytest.approx(0.25 + 1.96 * np.sqrt(0.25 * 0.75 / 20), abs=1e-4)


def test_a_transplant_of_a_result_goes_to_mazes_that_were_not_met(result):
    found = transplant(result)
    assert found["maze"].values.tolist() == [7, 8, 9, 10, 11, 12]
    np.testing.assert_array_equal(found["observed_steps"][0], result["steps"])
    np.testing.assert_array_equal(
        found["estimated_decision_prior"][0], result["estimated_decision_prior"]
    )
    assert found["true_prior_right"].item() == 0.25
    assert not np.array_equal(found["predicted_steps"], found["observed_steps"])
    summary = transplant_summary(found).isel(group=0, block=0)
    first = slice(0, 10)
    apart = found["predicted_steps"][0, :, first].mean() - result["steps"][:, first].mean()
    assert float(summary["difference_mean_steps"]) == pytest.approx(float(apart))
    widths = {
        kind: float(summary[f"{kind}_mean_steps_interval"].diff("bound").item())
        for kind in ("predicted", "observed", "difference")
    }
    # Independent errors add by their squares.
    together = np.hypot(widths["predicted"], widths["observed"])
    assert widths["difference"] == pytest.approx(together, rel=0.25)


def test_each_observed_agent_gives_its_prior_to_a_fresh_one_in_turn(result):
    """What is foretold with one donor's prior is what a source of that donor alone foretells."""
    some = {"mazes": 3, "trials": 1, "seed": 8}
    found = transplant(result.isel(maze=slice(2)), **some)
    assert found["donor"][0].values.tolist() == [1, 2, 1]
    steps = found["predicted_steps"].to_numpy()[0]
    for donor in (0, 1):
        alone = transplant(result.isel(maze=[donor]), **some)["predicted_steps"].to_numpy()[0]
        np.testing.assert_array_equal(steps[donor::2], alone[donor::2])
    assert not np.array_equal(
        *(transplant(result.isel(maze=[k]), **some)["predicted_steps"] for k in (0, 1))
    )


def test_only_what_decides_by_its_prior_can_be_a_source(result):
    with pytest.raises(CanonicaError, match="efficient agent"):
        transplant(result.assign_attrs(agent="efficient"))
    with pytest.raises(CanonicaError, match="decision_count"):
        transplant(result.drop_vars("decision_count"))
    with pytest.raises(CanonicaError, match="prior_right"):
        transplant(result.drop_attrs())
    with pytest.raises(CanonicaError, match="trials: found 0"):
        transplant(result, trials=0)


def test_a_study_of_several_priors():
    told = []
    found = transplant_study(
        [0.1, 0.4], mazes=5, trials=12, progress=lambda *now: told.append(now), seed=3, **SMALL
    )
    assert found["group"].values.tolist() == ["e = 0.1", "e = 0.4"]
    assert told[-1] == (240, 240)
    assert [now for now, _ in told] == sorted(now for now, _ in told)
    summary = transplant_summary(found)
    low, high = summary["estimated_prior_right_interval"].to_numpy().T
    assert high[0] < low[1]
    for k, e in enumerate((0.1, 0.4)):
        error = np.sqrt(e * (1 - e) / int(found["decisions_observed"][k].sum()))
        estimate = float(summary["estimated_prior_right"][k])
        assert low[k] < estimate < high[k]
        assert abs(estimate - e) < 4 * error + 0.005  # the share of one decision more than seen
    steps = summary["predicted_mean_steps"].isel(block=0).to_numpy()
    assert steps[0] > steps[1]  # who goes right is there sooner
    with pytest.raises(CanonicaError, match="expected different numbers"):
        transplant_study([0.2, 0.2])
    with pytest.raises(CanonicaError, match="estimation_trials: found 31"):
        transplant_study([0.2], estimation_trials=31)
