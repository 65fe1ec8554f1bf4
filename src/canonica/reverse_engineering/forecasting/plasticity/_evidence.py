"""Does the culture learn as the theory says? The evidence, and a plain sentence."""

from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from canonica.reverse_engineering.forecasting._predicted import Variables
from canonica.reverse_engineering.forecasting._verdict import CLEAR, PRIOR_PLASTIC, verdict

INTERVAL = (0.05, 0.5, 0.95)
EDGE = 0.5  # of the posterior on the last grid point: the truth may lie beyond


@dataclass(frozen=True, eq=False)
class Evidence:
    """The posterior of a network's plasticity.

    Parameters
    ----------
    log_likelihood : (memory, rate)
        Log likelihood of the initial sessions at each plasticity, less that of a frozen network.
    strengths : (rate,)
        Prior strengths, decreasing, evenly spaced in the logarithm, each as probable beforehand.
    memories : (memory,)
        In sessions; each as probable beforehand.
    """

    log_likelihood: Float[np.ndarray, "memory rate"]
    strengths: Float[np.ndarray, " rate"]
    memories: Float[np.ndarray, " memory"]

    @classmethod
    def of(
        cls,
        log_likelihood: Float[np.ndarray, "memory rate"],
        strengths: Float[np.ndarray, " rate"],
        memories: tuple[float, ...],
    ) -> "Evidence":
        """Return the evidence; where a fit failed, its plasticity is ruled out."""
        sound = np.where(np.isfinite(log_likelihood), log_likelihood, -np.inf)
        return cls(sound, strengths, np.asarray(memories, float))

    @cached_property
    def log_bayes_factor(self) -> float:
        """Log evidence of plasticity against none, in nats."""
        return float(
            np.logaddexp.reduce(self.log_likelihood, axis=None) - np.log(self.log_likelihood.size)
        )

    @cached_property
    def probability_plastic(self) -> float:
        """Posterior probability that the network learns at all."""
        log_odds = self.log_bayes_factor + np.log(PRIOR_PLASTIC / (1 - PRIOR_PLASTIC))
        return float(1 / (1 + np.exp(-log_odds)))

    @cached_property
    def posterior(self) -> Float[np.ndarray, "memory rate"]:
        """Posterior probability of each memory and rate, given that the network is plastic."""
        return np.exp(self.log_likelihood - np.logaddexp.reduce(self.log_likelihood, axis=None))

    @cached_property
    def strength_quantiles(self) -> tuple[float, ...]:
        """Quantiles of `INTERVAL` of the prior strength, if there is plasticity."""
        ascending = np.log(self.strengths[::-1])
        step = ascending[1] - ascending[0]
        mass = np.cumsum(self.posterior.sum(axis=0)[::-1])
        edges = np.append(ascending[0] - step / 2, ascending + step / 2)
        return tuple(np.exp(np.interp(INTERVAL, np.append(0, mass), edges)).tolist())

    @cached_property
    def smallest_strength(self) -> float:
        """Prior strength that the true one exceeds with a probability of 95 %, learning or not."""
        ascending = np.log(self.strengths[::-1])
        step = ascending[1] - ascending[0]
        mass = self.probability_plastic * np.cumsum(self.posterior.sum(axis=0)[::-1])
        edges = np.append(ascending[0] - step / 2, ascending + step / 2)
        return float(np.exp(np.interp(INTERVAL[0], np.append(0, mass), edges)))

    def drawn(
        self, key: jax.Array, draws: int
    ) -> tuple[Bool[np.ndarray, " draw"], Int[np.ndarray, " draw"], Int[np.ndarray, " draw"]]:
        """Return whether each draw is plastic, and its memory and rate on the grid.

        Systematic: each plasticity comes as often as its probability says, to the next whole
        number.
        """
        share = np.append(1 - self.probability_plastic, self.probability_plastic * self.posterior)
        # Of one type whatever JAX's global setting is, so that the forecast is the same too.
        start = float(jax.random.uniform(key, dtype=jnp.float32))
        place = np.searchsorted(np.cumsum(share), (np.arange(draws) + start) / draws * share.sum())
        place = np.minimum(place, len(share) - 1)
        memory, rate = np.divmod(np.maximum(place - 1, 0), len(self.strengths))
        return place > 0, memory, rate

    @property
    def troubles(self) -> list[str]:
        """Warnings: a posterior that lies at the edge of the plasticity tried."""
        if self.log_bayes_factor >= CLEAR and self._at_fastest:
            return ["it may learn faster than any rate that is allowed for (strongest_plasticity)"]
        return []

    @property
    def _at_fastest(self) -> bool:
        """Whether most of the posterior is at the fastest rate: the true one may lie beyond."""
        return bool(self.posterior.sum(axis=0)[-1] > EDGE)

    @property
    def conclusion(self) -> str:
        """What the evidence says of the network's plasticity, in words."""
        said = verdict(self.log_bayes_factor, self.probability_plastic)
        if said == "plastic":
            low, median, high = self.strength_quantiles
            strength = (
                f"{self.strengths[-1]:.3g} or less, as small as is allowed for"
                if self._at_fastest
                else f"{median:.3g} ({low:.3g} to {high:.3g})"
            )
            return (
                "It changes as the theory says: evidence for plasticity "
                f"{self.log_bayes_factor:.1f} nats, prior strength {strength}."
            )
        if said == "no sign":
            return (
                "No sign that it changes as the theory says: evidence for plasticity "
                f"{self.log_bayes_factor:.1f} nats; if it learns, then with a prior strength above "
                f"{self.smallest_strength:.3g} (95 %)."
            )
        return (
            "The initial sessions do not tell whether it changes as the theory says: evidence for "
            f"plasticity {self.log_bayes_factor:.1f} nats."
        )

    @property
    def attrs(self) -> dict[str, str | float]:
        """Evidence, prior strength and conclusion, as attributes of a forecast."""
        low, median, high = self.strength_quantiles
        return {
            "log_evidence": self.log_bayes_factor,
            "probability_plastic": self.probability_plastic,
            "prior_strength_low": low,
            "prior_strength_median": median,
            "prior_strength_high": high,
            "conclusion": self.conclusion,
        }

    @property
    def variables(self) -> Variables:
        """What a forecast holds on the grid; prior strengths increasing."""
        upwards = slice(None, None, -1)
        return {
            "prior_strength": (
                ("prior_strength",),
                self.strengths[upwards],
                "prior strength, inverse of the plasticity rate, in trials",
            ),
            "memory": (
                ("memory",),
                self.memories,
                "sessions until 1/e is left of what was learned; inf: never forgets",
            ),
            "log_likelihood": (
                ("memory", "prior_strength"),
                self.log_likelihood[:, upwards],
                "log likelihood of the initial sessions, less that without plasticity",
            ),
            "plasticity_posterior": (
                ("memory", "prior_strength"),
                self.posterior[:, upwards],
                "posterior probability, given plasticity",
            ),
            "prior_strength_posterior": (
                ("prior_strength",),
                self.posterior.sum(axis=0)[upwards],
                "posterior probability, given plasticity, over all memories",
            ),
        }
