"""An agent that learns what its actions lead to, what is worth remembering, and plans by it."""

import math
from typing import Any, SupportsFloat

import gymnasium
import numpy as np

from canonica._checks import checked_kind, checked_number, checked_seed, described, refusal
from canonica._errors import CanonicaError
from canonica._files import AnyPath
from canonica._saved_file import save_value
from canonica.agents.planning._followed import END, Consequence, Followed
from canonica.agents.planning._knowledge import PARTS, Knowledge, MemoryCounts
from canonica.agents.planning._memories import MEMORIES, History, lineage
from canonica.agents.planning._memory_evidence import (
    MemoryEvidence,
    evidence_of,
    memory_chosen,
)
from canonica.agents.planning._rewards import Rewards
from canonica.agents.planning._spaces import (
    action_count,
    action_of,
    action_texts,
    check_observations,
    check_within,
    symbol_of,
)
from canonica.agents.planning._symbols import Symbols
from canonica.agents.planning._worth import Worth
from canonica.agents.planning._written_plan import network_of_plan
from canonica.model import ControlledNetwork, present

SWEEPS, SWEEPS_AT_END = 20, 200


class Player:
    """Where an agent is in one episode, and what it remembers of it."""

    def __init__(self) -> None:
        self.history: History | None = None
        self.seen = END
        self.states: list[int] = []  # by memory
        self.action: int | None = None  # that nothing has followed yet
        self.reward: float | None = None


class PlanningAgent:
    """A canonical network that knows actions in its transitions, learns them, and plans by them.

    Its middle layer has one unit for each observation that it has met, together with what it
    remembers beside it; units compete, and senses are certain. Recurrent synapses are driven by
    pairs of a unit and an action (the basis s (x) d), and count what followed what. Rewards become
    risk, by a running scale. What actions are worth is worked out from the counts, anew where they
    have changed, and is what the policy synapses hold (`network`). Made by `agent_for`.

    What it remembers is chosen by evidence: nothing, the last step or two, the first observation of
    an episode, both, or the last two observations that were others. Each memory predicts every
    outcome before it is counted, by its own counts and one prior count of what less memory
    predicts. Beside it stands the prediction of as many counts of what was met with less memory;
    more is remembered where it is 20 times as probable: what tells rewards first, then what tells
    all else.

    What has never followed an action it hopes to be as good as the best it knows, with the
    probability that something new comes with a reward, which it learns.

    Parameters
    ----------
    observation_space, action_space : gymnasium.Space
        Of the world.
    discount : float
        Of what comes a step later.
    seed : int
        Decides what is drawn.
    knowledge : Knowledge, optional
        Of an agent that goes on; its seed is then left as it is.

    Attributes
    ----------
    steps, episodes : int
        That it has seen the end of.
    memory : int
        What it remembers; `remembers` says it in words.
    evidence : MemoryEvidence
        For each memory, over as many counts of what its parent has met, in nats.

    Raises
    ------
    CanonicaError
        If a space is not of symbols, a number is out of range, or `knowledge` is of other spaces.

    References
    ----------
    [CP25]; sections 1, 2 and 6 of the theory. Plans by a posterior that is drawn once an episode:
    Strens, ICML 2000.

    Examples
    --------
    >>> import gymnasium
    >>> lake = gymnasium.make("FrozenLake-v1", is_slippery=False)
    >>> agent = PlanningAgent(lake.observation_space, lake.action_space, discount=0.99)
    >>> observation, info = lake.reset(seed=0)
    >>> agent.begin()
    >>> observation, reward, *ended, info = lake.step(agent.act(observation))
    >>> agent.receive(reward, *ended)
    """

    def __init__(
        self,
        observation_space: gymnasium.Space,
        action_space: gymnasium.Space,
        *,
        discount: float,
        seed: int = 0,
        knowledge: Knowledge | None = None,
    ) -> None:
        checked_kind("observation_space", observation_space, gymnasium.Space, "a space")
        checked_kind("action_space", action_space, gymnasium.Space, "a space")
        if knowledge is not None:
            checked_kind("knowledge", knowledge, Knowledge, "what an agent learned")
        check_observations(observation_space)
        self.observation_space, self.action_space = observation_space, action_space
        self.actions = action_count(action_space)
        self.discount = checked_number("discount", discount, lowest=0, highest=1)
        self.seed = checked_seed(seed)
        self.steps = self.episodes = self._begun = 0
        self.rewards = Rewards()
        self.evidence = MemoryEvidence.none()
        self.memory = 0
        self._symbols = Symbols()
        self._followed = [Followed(self.actions) for _ in MEMORIES]
        self._worth = [Worth() for _ in MEMORIES]
        self._outcomes: set[Consequence] = set()
        self._grades: set[float] = set()
        self._generator = np.random.default_rng([self.seed, 0])
        self._stale = True
        self._player = Player()
        if knowledge is not None:
            self._restore(knowledge)

    @property
    def remembers(self) -> str:
        """What it remembers, by the evidence so far."""
        return MEMORIES[self.memory].name

    @property
    def states(self) -> int:
        """How many units its middle layer has by now."""
        return len(self._followed[self.memory].states)

    def begin(self) -> None:
        """Start an episode: nothing of an earlier one is remembered."""
        self._player = self.new_player()

    def act(self, observation: Any) -> Any:
        """Return the action that answers an observation.

        Parameters
        ----------
        observation : object
            As the environment gives it.

        Raises
        ------
        CanonicaError
            If it is not in the observation space, or nothing was received since the last action.
        """
        return self.act_of(self._player, observation)

    def receive(
        self,
        reward: SupportsFloat,
        terminated: bool | np.bool = False,
        truncated: bool | np.bool = False,
    ) -> None:
        """Take note of what became of the last action.

        Parameters
        ----------
        reward : float
            Of that step.
        terminated, truncated : bool
            Whether the episode is over: by what happened, or for other reasons.

        Raises
        ------
        CanonicaError
            If the reward is no finite number, or nothing was done.
        """
        self.receive_of(self._player, reward, terminated, truncated)

    def new_player(self) -> Player:
        """Return one that starts an episode; several may share what they learn."""
        self._begun += 1
        self._generator = np.random.default_rng([self.seed, self._begun])
        for worth in self._worth:
            worth.draw_anew()
        self._stale = True
        return Player()

    def act_of(self, player: Player, observation: Any) -> Any:
        """Return the action of one of several players."""
        seen = self._number(observation)
        if player.action is not None and player.reward is None:
            raise CanonicaError("act: found no reward since the last action; expected receive.")
        if player.history is None:
            player.history = History(seen)
            player.states = self._located(player.history, seen)
        else:
            self._learn(player, seen)
        player.seen = seen
        player.action, player.reward = self._decided(player.states[self.memory]), None
        return action_of(self.action_space, player.action)

    def receive_of(
        self,
        player: Player,
        reward: SupportsFloat,
        terminated: bool | np.bool,
        truncated: bool | np.bool,
    ) -> None:
        """Take note of what became of the last action of one of several players."""
        if player.action is None or player.reward is not None:
            raise CanonicaError("receive: found no action before it; expected act(observation).")
        plain = isinstance(reward, (float, SupportsFloat))  # in this order: the latter takes long
        if not plain or not math.isfinite(float(reward)):
            raise refusal("reward", described(reward), "a finite number")
        self.steps += 1
        player.reward = float(reward)
        self._stale = self.rewards.add(player.reward) or self._stale
        if terminated:
            self._learn(player, END)
        if terminated or truncated:
            self.episodes += 1
            self._choose_memory()
            player.history = player.action = None

    def network(self) -> ControlledNetwork:
        """Return the canonical network that it is by now.

        Inputs are the observations that were met, in order; units the states of its memory;
        recurrent synapses those of each action. Output neurons are the actions, and decisions all
        but certain: look at their log odds, as activities round to 1. Draws of what may yet be
        found are those of the present episode.

        Raises
        ------
        CanonicaError
            If it has met nothing yet, or too many states to lay out all synapses.
        """
        if self._stale:
            self._plan(SWEEPS)
        followed = self._followed[self.memory]
        return network_of_plan(followed, self._worth[self.memory].of_pairs, len(self._symbols))

    @property
    def knowledge(self) -> Knowledge:
        """All that it has learned; an agent that is made with it goes on from there."""
        return Knowledge(
            observation_space=str(self.observation_space),
            action_space=str(self.action_space),
            discount=self.discount,
            seed=self.seed,
            steps=self.steps,
            episodes=self.episodes,
            begun=self._begun,
            rewards=self.rewards.copy(),
            evidence=list(self.evidence.outcomes),
            reward_evidence=list(self.evidence.rewards),
            memory=self.memory,
            symbols=self._symbols.texts,
            actions=action_texts(self.action_space),
            counts=[
                MemoryCounts.of(followed, worth.of_states)
                for followed, worth in zip(self._followed, self._worth, strict=True)
            ],
        )

    def save(self, path: AnyPath) -> None:
        """Write its `knowledge` to a file, whole or not at all; `canonica.load` reads it.

        Parameters
        ----------
        path : path-like
            The file.

        Raises
        ------
        CanonicaError
            If no file can be written there.
        """
        save_value(path, self.knowledge, PARTS)

    def _restore(self, knowledge: Knowledge) -> None:
        knowledge.check_spaces(self.observation_space, self.action_space)
        self.seed, self._begun = knowledge.seed, knowledge.begun
        self.steps, self.episodes = knowledge.steps, knowledge.episodes
        self.rewards = knowledge.rewards.copy()
        self.evidence = MemoryEvidence(list(knowledge.evidence), list(knowledge.reward_evidence))
        self.memory = knowledge.memory
        self._symbols = Symbols(knowledge.symbols)
        for counts, followed, worth in zip(
            knowledge.counts, self._followed, self._worth, strict=True
        ):
            counts.into(followed)
            worth.of_states = np.array(counts.worth, float)
        seen = knowledge.counts[0].outcomes
        self._outcomes = {
            Consequence(*one) for one in zip(seen.seen.tolist(), seen.grade.tolist(), strict=True)
        }
        self._grades = set(seen.grade.tolist())

    def _number(self, observation: Any) -> int:
        space = self.observation_space
        try:
            symbol = symbol_of(space, observation)
            if symbol not in self._symbols:  # or it was looked at before
                check_within(space, observation)
        except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
            raise refusal(
                "observation",
                described(observation),
                f"one of {space}, the environment's observation space",
            ) from error
        return self._symbols.number(symbol)

    def _located(self, history: History, seen: int) -> list[int]:
        """Return the state by each memory."""
        states: list[int] = []
        for memory, followed in zip(MEMORIES, self._followed, strict=True):
            less = 0 if memory.parent is None else states[memory.parent]
            states.append(followed.state((seen, *memory.of(history)), less))
        return states

    def _learn(self, player: Player, seen: int) -> None:
        """Predict, then count, what followed the last action: an observation, or the end."""
        action, reward = present(player.action, "action"), present(player.reward, "reward")
        history = present(player.history, "history").after(player.seen, action, seen)
        after = [END] * len(MEMORIES) if seen == END else self._located(history, seen)
        outcome = Consequence(seen, self.rewards.grade(reward))
        self._outcomes.add(outcome)
        pairs = [state * self.actions + action for state in player.states]
        self._grades.add(outcome.grade)
        more = evidence_of(
            outcome, pairs, self._followed, kinds=len(self._outcomes), grades=len(self._grades)
        )
        self.evidence = self.evidence.with_more(more)
        for followed, pair, following in zip(self._followed, pairs, after, strict=True):
            followed.add(pair, outcome, following, reward)
        times = self._followed[self.memory].times[pairs[self.memory]]
        # Plans change most where little was known: after 1, 2, 4, 8... times.
        self._stale = self._stale or times & (times - 1) == 0
        player.history, player.states, player.action = history, after, None

    def _choose_memory(self) -> None:
        """Remember what the evidence is clear for, and plan by it."""
        self.memory = memory_chosen(self.evidence)
        self._plan(SWEEPS_AT_END)

    def _decided(self, state: int) -> int:
        if self._stale or state >= len(self._worth[self.memory].of_pairs):
            self._plan(SWEEPS)
        return int(self._worth[self.memory].of_pairs[state].argmax())

    def _plan(self, sweeps: int) -> None:
        """Work out what actions are worth, from the memory that remembers least upwards."""
        less = None
        for number in lineage(self.memory):
            self._worth[number].plan(
                self._followed[number],
                less,
                rewards=self.rewards,
                discount=self.discount,
                sweeps=sweeps,
                generator=self._generator,
            )
            less = self._worth[number]
        self._stale = False
