"""Draws of networks, simulated, estimated and compared, some at a time."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
import xarray as xr
from jaxtyping import Float

from canonica._pieces import as_piece
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol
from canonica.studies.recovery._activity import ensemble_activity
from canonica.studies.recovery._comparison import compared_with_truth
from canonica.studies.recovery._estimates import Estimated, estimates
from canonica.studies.recovery._networks import SimulatedNetworks, Sizes, simulated_networks
from canonica.studies.recovery._prior import DrawnNetworks, Range, drawn_networks


class RecoveryDraws(NamedTuple):
    """What is drawn, and how it is estimated: all but the numbers of the draws."""

    seed: int
    sizes: Sizes
    limits: Mapping[str, Range]
    shares: Float[np.ndarray, " noise"]
    protocol: PublishedProtocol

    @property
    def decided_by(self) -> dict[str, Any]:
        """All that decides a draw, but for its number."""
        limits = {name: [float(end) for end in ends] for name, ends in self.limits.items()}
        settings = {"study": "recovery", "seed": self.seed, "noise": self.shares.tolist()}
        return settings | self.sizes._asdict() | limits | {"protocol": repr(self.protocol)}

    def drawn(self, numbers: Sequence[int]) -> DrawnNetworks:
        """Return the networks with these numbers."""
        return drawn_networks(self._generators(numbers), self.sizes.sources, self.limits)

    def compared(self, chunk: Sequence[int], size: int) -> xr.Dataset:
        """Return truth and estimate of the draws with these numbers, filled up to a size."""
        generators = self._generators(chunk)
        drawn = drawn_networks(generators, self.sizes.sources, self.limits)
        networks = simulated_networks(
            _filled(np.array(chunk), size),
            seed=self.seed,
            drawn=DrawnNetworks(*(_filled(part, size) for part in drawn)),
            sizes=self.sizes,
        )
        activity = ensemble_activity(networks, generators, self.shares, self.sizes)
        estimated = estimates(
            _filled(activity, size),
            networks.stimuli,
            networks.initial,
            self.protocol.prior_strength,
            sizes=self.sizes,
            initial_sessions=self.protocol.initial_sessions,
        )
        both: tuple[SimulatedNetworks, Estimated] = jax.tree.map(
            lambda part: part[: len(chunk)], (networks, estimated)
        )
        trials = self.protocol.initial_sessions * self.sizes.trials_per_session
        return as_piece(compared_with_truth(*both, trials=trials))

    def _generators(self, numbers: Sequence[int]) -> list[np.random.Generator]:
        return [np.random.default_rng([self.seed, number]) for number in numbers]


def _filled(values: np.ndarray, size: int) -> np.ndarray:
    """Return values along the first axis, the last one repeated up to a size."""
    filling = [(0, size - len(values))] + [(0, 0)] * (values.ndim - 1)
    return np.pad(values, filling, mode="edge")
