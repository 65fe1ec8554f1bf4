"""Pictures of one more episode of what was learned."""

from typing import Any

import gymnasium
import numpy as np

from canonica._errors import CanonicaError
from canonica.agents import PlanningAgent, agent_for
from canonica.agents.experiments import play as played
from canonica.pipelines.playing._environments import environment_named

MOST_FRAMES = 400


def film_of(
    learner: PlanningAgent, settings: dict[str, Any], limit: int
) -> tuple[list[np.ndarray], str | None]:
    """Return pictures of one more episode of what was learned, or say why there are none."""
    try:
        world = environment_named(
            settings["environment"], settings["options"], render_mode="rgb_array"
        )
    except CanonicaError:
        return [], "the environment draws no pictures"
    filmed = gymnasium.wrappers.RenderCollection(world)
    player = agent_for(filmed, knowledge=learner.knowledge)
    try:
        played(
            player,
            filmed,
            episodes=1,
            seed=settings["seed"],
            first=learner.episodes + 1,
            max_steps=min(limit, MOST_FRAMES),
        )
        frames = [np.asarray(frame) for frame in filmed.render() or []]
    except (gymnasium.error.Error, ImportError, OSError, RuntimeError, ValueError) as error:
        return [], f"the environment drew none: {str(error).splitlines()[0]}"
    finally:
        world.close()
    return frames, None if frames else "the environment drew none"
