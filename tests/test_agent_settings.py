"""Results do not depend on what JAX is set to outside, and everything can leave its process."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from agent_digest import digest

import canonica.agents as ca

HERE = Path(__file__).parent


def run(code, **settings):
    environment = {**os.environ, **settings}
    return subprocess.run(
        [sys.executable, *code], capture_output=True, text=True, check=False, env=environment
    )


@pytest.mark.slow
def test_labelled_results_are_the_same_to_the_bit_whatever_jax_is_set_to():
    expected = digest()
    with jax.enable_x64(True):
        assert digest() == expected
    settings = {
        "JAX_ENABLE_X64": "1",
        "JAX_NUMPY_DTYPE_PROMOTION": "strict",
        "JAX_NUMPY_RANK_PROMOTION": "raise",
    }
    other = run([str(HERE / "agent_digest.py")], **settings)
    assert other.stdout.strip() == expected, other.stderr


@pytest.mark.slow
def test_a_device_that_is_not_there_is_named():
    code = "from canonica.agents import maze_experiment; maze_experiment(mazes=1, trials=1)"
    found = run(["-c", code], JAX_PLATFORMS="cuda")
    assert "CanonicaError: JAX_PLATFORMS: found cuda" in found.stderr.splitlines()[-1]


@pytest.mark.parametrize("make", [
    lambda: ca.maze_agent(ca.Maze(ca.maze_walls(jax.random.key(0), height=5, width=7), 3)),
    lambda: ca.Maze(ca.maze_walls(jax.random.key(0), height=5, width=7), 3),
    ca.TMaze,
    ca.SwitchingBandit,
    ca.MazeTask,
    lambda: ca.LATCH,
    ca.FollowingModulation,
    ca.MeanModulation,
    ca.NoModulation,
    lambda: ca.OutcomeModulation(prompt=3),
    ca.ProgressModulation,
    ca.StepModulation,
    lambda: ca.sensing_agent(2, 2).init(),
])  # fmt: skip
def test_all_can_be_pickled(make):
    one = make()
    other = pickle.loads(pickle.dumps(one))  # noqa: S301
    assert type(other) is type(one)
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for before, after in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        if isinstance(before, jax.Array):
            assert before.dtype == after.dtype
            np.testing.assert_array_equal(before, after)
        else:
            assert before == after
