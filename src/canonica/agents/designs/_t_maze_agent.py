"""An agent for the T-maze."""

from canonica._checks import checked_kind
from canonica.agents.designs._memory import LATCH
from canonica.agents.designs._sensing_agent import sensing_agent
from canonica.agents.network._agent import Agent
from canonica.agents.network.modulations._outcome import OutcomeModulation
from canonica.agents.worlds._t_maze import TMaze

T_MAZE_STEPS = 60


def t_maze_agent(world: TMaze, max_steps: int = T_MAZE_STEPS) -> Agent:
    """Return an agent that learns to use the cue of a T-maze.

    It sees where it is and the cue, and remembers of everything whether it was seen in this trial
    (`LATCH`). It is told how many steps the shortest path has, as the measure of what is soon
    (`OutcomeModulation`). It is not told what any move does, what the cue is or means, which of
    its memories matters, or what is rewarded.

    Parameters
    ----------
    world : TMaze
        Whose observations it has.
    max_steps : int
        Of a trial, all of them one rollout: give the same to `trial`.

    Raises
    ------
    CanonicaError
        If it is no T-maze, or `max_steps` no number of steps.

    Examples
    --------
    >>> agent = t_maze_agent(TMaze(corridor=3))
    >>> agent.chunk, agent.modulation.prompt
    (60, 4)
    """
    checked_kind("world", world, TMaze, "a TMaze")
    return sensing_agent(
        world.observations,
        world.moves,
        modulation=OutcomeModulation(prompt=world.shortest_path),
        chunk=max_steps,
        memory=LATCH,
    )
