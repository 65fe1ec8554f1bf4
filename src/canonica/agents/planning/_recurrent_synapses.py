"""Which pairs of a state and an action lead where: synapses, in order, kept as outcomes are met."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

END = -1  # in place of what follows, where an episode ends
HALF = 32  # bits of a key: the pair above, the state below


@dataclass(frozen=True)
class RecurrentSynapses:
    """Synapses from pairs to the states that follow, in the order of pairs and states.

    Attributes
    ----------
    kinds : int
        Of outcomes, that go on or end.
    keys : (kind that goes on,)
        Pair and state as one number, in order.
    kind, synapse : (kind that goes on,)
        Which kind it is, and which synapse. Kinds that differ in reward alone have one together.
    source, action, state : (synapse,)
        From which pair, to where.
    """

    kinds: int
    keys: Int[np.ndarray, " on"]
    kind: Int[np.ndarray, " on"]
    synapse: Int[np.ndarray, " on"]
    source: Int[np.ndarray, " synapse"]
    action: Int[np.ndarray, " synapse"]
    state: Int[np.ndarray, " synapse"]

    @classmethod
    def none(cls) -> "RecurrentSynapses":
        """Return those of nothing."""
        return cls(0, *[np.zeros(0, int)] * 6)

    def grown(
        self,
        pair: Int[np.ndarray, " kind"],
        following: Int[np.ndarray, " kind"],
        actions: int,
    ) -> "RecurrentSynapses":
        """Return those of more kinds, of which these were the first.

        Parameters
        ----------
        pair, following : (kind,)
            Of every kind: the pair, and the state that followed or `END`.
        actions : int
            How many there are.
        """
        new = self.kinds + np.flatnonzero(following[self.kinds :] != END)
        keys = np.concatenate([self.keys, (pair[new] << HALF) + following[new]])
        order = keys.argsort(kind="stable")  # quick: most are in order
        keys = keys[order]
        another = np.ones(len(keys), bool)
        np.not_equal(keys[1:], keys[:-1], out=another[1:])
        different = keys[another]
        source, action = np.divmod(different >> HALF, actions)
        return RecurrentSynapses(
            len(pair),
            keys,
            np.concatenate([self.kind, new])[order],
            another.cumsum() - 1,
            source,
            action,
            different & (2**HALF - 1),
        )

    def together(self, frequency: Float[np.ndarray, " kind"]) -> Float[np.ndarray, " synapse"]:
        """Return how often each synapse's state follows, from how often each kind does."""
        often = frequency[self.kind]
        if len(self.state) == len(often):
            return often
        return np.bincount(self.synapse, often, minlength=len(self.state))
