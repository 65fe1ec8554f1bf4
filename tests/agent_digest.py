"""Labelled results of the agents as one hash, to compare them to the bit between settings."""

import hashlib

import jax
import numpy as np

from canonica.agents import (
    SwitchingBandit,
    bandit_agent,
    learning_curves,
    maze_experiment,
    transplant,
    transplant_summary,
)

SMALL = {"height": 5, "width": 7, "window": 3, "max_steps": 20}


def digest():
    """Return a hash of every variable of every result."""
    found = maze_experiment(mazes=2, trials=2, **SMALL)
    moved = transplant(found)
    with jax.enable_x64(True):  # an agent is of the precision that it was made in
        world = SwitchingBandit()
        agent = bandit_agent(world, max_steps=10)
    curves = learning_curves(agent, world, trials=2, agents=2)
    whole = hashlib.sha256()
    for result in (found, moved, transplant_summary(moved), curves):
        for name in sorted(map(str, result.data_vars)):
            values = np.asarray(result[name])
            whole.update(f"{name} {values.dtype} {values.shape}".encode() + values.tobytes())
    return whole.hexdigest()


if __name__ == "__main__":
    print(digest())  # noqa: T201
