"""A network that acts by a plan, with the methods of an agent of pymdp."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, Int
from scipy.special import expit, logit, softmax

from canonica._checks import checked_kind, refusal
from canonica._float64 import double_precision
from canonica._keys import checked_key
from canonica.networks._compiled_network import CompiledNetwork
from canonica.networks._filters import SMALLEST


class AsPymdp:
    """A network that acts by a plan, called as an agent of pymdp (1.0) is.

    For loops that are written for pymdp: `infer_states`, `infer_policies`, `sample_action` and
    `update_empirical_prior`, with its shapes, a batch of one. pymdp need not be installed. Beliefs
    are those of the network, over joint states: for pymdp a single factor. Arrays are NumPy's, in
    float64; nothing of it is meant for `jax.jit`.

    Parameters
    ----------
    network : CompiledNetwork
        Who acts.

    Attributes
    ----------
    D : list of one (1, state)
        Beliefs before the first observation: the first `empirical_prior`.
    batch_size : int
        1.
    policies : (policy, 1, factor)
        Control of each factor in what each policy begins with.

    Raises
    ------
    CanonicaError
        If it is no such network.

    Examples
    --------
    >>> import numpy as np
    >>> from canonica.networks import Pomdp, compiled, from_pomdp, solve
    >>> problem = Pomdp(
    ...     A=[np.eye(2)], B=[np.tile(np.eye(2)[:, :, None], 2)], reward=np.eye(2), discount=0.5
    ... )
    >>> agent = AsPymdp(compiled(from_pomdp(problem), solve(problem, beliefs=4)))
    >>> qs = agent.infer_states([1], agent.D)  # state 1 is seen, in which action 1 is rewarded
    >>> q_pi, _ = agent.infer_policies(qs)
    >>> action = agent.sample_action(q_pi)
    >>> action.tolist()
    [[1]]
    >>> prior = agent.update_empirical_prior(action, qs)
    """

    def __init__(self, network: CompiledNetwork) -> None:
        self.network = checked_kind("network", network, CompiledNetwork, "a CompiledNetwork")
        self._actions = np.asarray(network.conversion.problem.actions)
        self.batch_size = 1
        self.policies = self._actions[network.actions][:, None]
        flat = np.exp(np.asarray(network.network.layers.threshold_factor[1]))
        self.D = self._predicted(flat, network.conversion.beginning)

    def infer_states(
        self, observations: Sequence[Any], empirical_prior: Sequence[Any]
    ) -> list[Float[np.ndarray, "1 1 state"]]:
        """Return beliefs about the states: the network's middle activity.

        Parameters
        ----------
        observations : list of int or (1,)
            Number of the outcome of each modality; -1 where there is none.
        empirical_prior : list of one (1, state)
            What is expected before: `D`, or of `update_empirical_prior`.

        Raises
        ------
        CanonicaError
            If there are more or fewer outcomes than modalities, or one is not among them.
        """
        sizes, slope = self.network.conversion.problem.outcomes, self.network.law.input_slope
        seen = [int(np.ravel(one)[0]) for one in observations]
        fits = len(seen) == len(sizes) and all(
            -1 <= one < size for one, size in zip(seen, sizes, strict=True)
        )
        if not fits:
            raise refusal("observations", f"{seen}", f"one of {list(sizes)} outcomes each")
        prior = np.asarray(empirical_prior[0], np.float64)[0]
        competing = self.network.network.factors is not None
        log_odds = np.log(np.maximum(prior, SMALLEST)) if competing else logit(prior)
        for first, outcome in zip(np.cumsum([0, *sizes[:-1]]), seen, strict=True):
            if outcome >= 0:
                log_odds = log_odds + slope[:, first + outcome]
        belief = softmax(log_odds) if competing else expit(log_odds)
        return [belief[None, None]]

    def infer_policies(
        self, qs: Sequence[Any]
    ) -> tuple[Float[np.ndarray, "1 policy"], Float[np.ndarray, "1 policy"]]:
        """Return the probability of each policy, and its log odds in place of what pymdp plans by.

        Parameters
        ----------
        qs : list of one (1, time, state)
            Beliefs, the last of which counts.
        """
        belief = np.asarray(qs[0], np.float64)[0, -1]
        slope, offset = self.network.policy_law
        return self.network.probability(belief)[None], (slope @ belief + offset)[None]

    def sample_action(self, q_pi: Any, rng_key: Array | None = None) -> Int[np.ndarray, "1 factor"]:
        """Return the controls that a policy begins with: one drawn, or without a key the likeliest.

        Parameters
        ----------
        q_pi : (1, policy)
            Of `infer_policies`.
        rng_key : jax.Array, optional
            Decides what is drawn; one key, or a batch of one.
        """
        probability = np.asarray(q_pi, np.float64)[0]
        policy = int(probability.argmax())
        if rng_key is not None:
            with double_precision():
                one = rng_key[0] if np.ndim(rng_key) and len(rng_key) == 1 else rng_key
                uniform = float(jax.random.uniform(checked_key(one, "rng_key")))
            through = np.cumsum(probability)
            policy = int((through > uniform * through[-1]).argmax())
        return self.policies[policy]

    def update_empirical_prior(
        self, action: Any, qs: Sequence[Any]
    ) -> list[Float[np.ndarray, "1 state"]]:
        """Return what is expected after an action: the next `empirical_prior`.

        Parameters
        ----------
        action : (1, factor)
            Of `sample_action`.
        qs : list of one (1, time, state)
            Beliefs that it was taken in.

        Raises
        ------
        CanonicaError
            If the problem has no such action.
        """
        controls = np.ravel(np.asarray(action)).astype(int)
        number = np.flatnonzero((self._actions == controls).all(axis=1))
        if len(number) == 0:
            raise refusal("action", f"controls {controls.tolist()}", "those of an action")
        return self._predicted(np.asarray(qs[0], np.float64)[0, -1], int(number[0]))

    def _predicted(
        self, belief: Float[np.ndarray, " state"], action: int
    ) -> list[Float[np.ndarray, "1 state"]]:
        return [self.network.believe(belief, action)[None]]
