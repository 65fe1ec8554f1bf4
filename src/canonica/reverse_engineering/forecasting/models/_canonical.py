"""A canonical network whose plasticity is estimated, and the same network frozen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np
from jaxtyping import Float

from canonica._arguments import check_fields
from canonica._checks import checked_number, checked_size
from canonica._errors import CanonicaError, how_many
from canonica.reverse_engineering.forecasting._known import Known
from canonica.reverse_engineering.forecasting._predicted import Predicted
from canonica.reverse_engineering.forecasting._verdict import few_sessions
from canonica.reverse_engineering.forecasting.models._network_posterior import NetworkPosterior
from canonica.reverse_engineering.forecasting.plasticity._evidence import Evidence
from canonica.reverse_engineering.forecasting.plasticity._forgetful_plasticity import Plasticity
from canonica.reverse_engineering.forecasting.plasticity._numbered_trials import (
    Initial,
    NumberedTrials,
)
from canonica.reverse_engineering.forecasting.plasticity._plastic_future import DrawnPlasticity
from canonica.reverse_engineering.forecasting.plasticity._plasticity_posterior import (
    Posterior,
    frozen_posterior,
    log_evidences,
    posterior,
)
from canonica.reverse_engineering.forecasting.plasticity._work import PosteriorSizes

CONVERGED = 0.5  # nats that the Newton decrement of the last step may be
SAMPLES = 4  # of all other parameters at each plasticity that is drawn


@dataclass(frozen=True)
class Canonical:
    """A canonical network, its initial weights, thresholds and plasticity estimated.

    Responses are those of a network that starts the recording with any weights and thresholds,
    changes them by Hebbian plasticity at a rate of 1 / prior strength, thresholds adapting with the
    weights, and forgets what it learned over tens of sessions, if at all. What a stimulus evokes
    beside the weights, where it comes repeatedly, and how offset, gain and the response to each
    source state deviate from session to session are estimated with it, as is the share of what is
    learned that responses to no input, or to all of them, follow. Rate and memory are integrated
    over a grid, everything else by Laplace's approximation at each of its points; half of the prior
    probability is on a network that does not learn at all.

    Parameters
    ----------
    weakest_plasticity, strongest_plasticity : float
        Smallest and largest rate, in inverse numbers of initial trials: prior strengths are from
        trials / strongest to trials / weakest. Faster rates than the default allows for describe
        the initial sessions of simulated learners better, and foretell later ones worse.
    rates : int
        Grid points between them, evenly in the logarithm.
    memories : tuple of float
        After how many sessions a share of 1 / e is left of what was learned in one; infinite: all
        of it for ever.
    adaptive_thresholds : bool
        Whether firing thresholds adapt with the weights, as in section 2 of the theory, or stay
        what they were.
    draws : int
        From the posterior: a quarter as many plasticities, each with four samples of all else.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023; section 2 of the
    theory. Tierney & Kadane, Journal of the American Statistical Association 81:82, 1986.
    """

    name: ClassVar[str] = "canonical"

    weakest_plasticity: float = 0.01
    strongest_plasticity: float = 1.5
    rates: int = 18
    memories: tuple[float, ...] = (30.0, 100.0, float("inf"))
    adaptive_thresholds: bool = True
    draws: int = 200

    def __post_init__(self) -> None:
        check_fields(self)
        if not 0 < self.weakest_plasticity < self.strongest_plasticity:
            raise CanonicaError(
                f"weakest_plasticity, strongest_plasticity: found {self.weakest_plasticity} and "
                f"{self.strongest_plasticity}; expected numbers above 0, the first one smaller."
            )
        checked_number("strongest_plasticity", self.strongest_plasticity)
        checked_size("rates", self.rates, least=2)
        checked_size("draws", self.draws, least=2)
        if not self.memories or min(self.memories) <= 0:
            raise CanonicaError(
                f"memories: found {self.memories}; expected at least one, in sessions, above 0."
            )

    def predicted(self, known: Known, key: jax.Array) -> Predicted:
        """Return the forecast, averaged over all that the initial sessions leave possible."""
        found = self.posterior(known)
        evidence = found.evidence
        of_draws, of_future = jax.random.split(key)
        plastic, memory, rate = evidence.drawn(of_draws, math.ceil(self.draws / SAMPLES))
        plasticity = Plasticity(
            np.where(plastic, 1 / found.strengths[rate], 0.0),
            np.exp(-1 / np.asarray(self.memories))[memory],
        )
        drawn = DrawnPlasticity(plasticity, found.fit(plastic, memory, rate))
        ahead = found.future(drawn, of_future, samples=SAMPLES, adaptive=self.adaptive_thresholds)
        return Predicted(
            ahead.mean,
            ahead.scale,
            ahead.state_draws,
            found.variables(ahead) | evidence.variables,
            evidence.attrs | _diagnosis(found, evidence),
        )

    def posterior(self, known: Known) -> NetworkPosterior:
        """Return all that the initial sessions tell, at every plasticity of the grid."""
        strengths, trials = self.strengths(known), NumberedTrials.of(known)
        _say_work(known, trials, plasticities=1 + len(self.memories) * self.rates)
        frozen = frozen_posterior(trials.initial, states=known.states)
        retention = np.exp(-1 / np.asarray(self.memories))
        found = posterior(
            trials.initial, frozen, 1 / strengths, retention, adaptive=self.adaptive_thresholds
        )
        return NetworkPosterior(known, trials, strengths, self.memories, found)

    def evidences(self, every: Sequence[Known], *, together: int = 1) -> list[Evidence]:
        """Return the evidence of many recordings of one size, from one compiled call.

        Parameters
        ----------
        every : sequence of Known
            What is known of each; all of the same numbers of sessions, trials and inputs.
        together : int
            How many to compute at a time: one is best on few cores, many where there are thousands.

        Raises
        ------
        CanonicaError
            If they differ in size, or there is none.
        """
        initials = [NumberedTrials.of(known).initial for known in every]
        sizes = {tuple(part.shape for part in one) for one in initials}
        states = {known.states for known in every}
        trials = {int(known.valid[: known.initial].sum()) for known in every}
        if not (len(sizes) == len(states) == len(trials) == 1):
            raise CanonicaError(
                "evidences: found recordings of "
                f"{how_many(len(sizes), 'size')}, {how_many(len(trials), 'number')} of "
                f"trials and {len(states)} of source states; expected one of each. Group them."
            )
        strengths = self.strengths(every[0])
        found = log_evidences(
            Initial(*(np.stack(parts) for parts in zip(*initials, strict=True))),
            1 / strengths,
            np.exp(-1 / np.asarray(self.memories)),
            states=states.pop(),
            adaptive=self.adaptive_thresholds,
            together=together,
        )
        return [Evidence.of(one, strengths, self.memories) for one in found]

    def strengths(self, known: Known) -> Float[np.ndarray, " rate"]:
        """Return the grid of prior strengths, decreasing, for a recording of so many trials."""
        trials = known.valid[: known.initial].sum()
        return np.geomspace(
            trials / self.weakest_plasticity, trials / self.strongest_plasticity, self.rates
        )


@dataclass(frozen=True)
class Frozen:
    """The network of `Canonical` if it does not learn.

    Parameters
    ----------
    draws : int
        From the posterior.
    """

    name: ClassVar[str] = "frozen"

    draws: int = Canonical.draws

    def __post_init__(self) -> None:
        checked_size("draws", self.draws, least=2)

    def predicted(self, known: Known, key: jax.Array) -> Predicted:
        """Return the forecast if nothing is learned, and what else changes goes on."""
        trials = NumberedTrials.of(known)
        _say_work(known, trials, plasticities=1)
        alone = Posterior.of_none(frozen_posterior(trials.initial, states=known.states))
        found = NetworkPosterior(known, trials, np.array([np.inf]), (np.inf,), alone)
        draws = math.ceil(self.draws / SAMPLES)
        still, nowhere = np.zeros(draws, bool), np.zeros(draws, int)
        plasticity = Plasticity(np.zeros(draws), np.ones(draws))
        drawn = DrawnPlasticity(plasticity, found.fit(still, nowhere, nowhere))
        # Nothing is learned, whatever thresholds would do: so both models share compiled code.
        ahead = found.future(drawn, key, samples=SAMPLES, adaptive=Canonical.adaptive_thresholds)
        return Predicted(ahead.mean, ahead.scale, ahead.state_draws, found.variables(ahead))


def _say_work(known: Known, trials: NumberedTrials, *, plasticities: int) -> None:
    _, ensembles, slots = known.shape
    PosteriorSizes(
        ensembles=ensembles,
        sessions=known.initial,
        trials=slots,
        inputs=known.stimuli.shape[-1],
        states=known.states,
        stimuli=len(trials.initial.repeated),
        plasticities=plasticities,
    ).say()


def _diagnosis(found: NetworkPosterior, evidence: Evidence) -> dict[str, str | float]:
    initial, unsettled = found.known.initial, found.unsettled(evidence)
    troubles = []
    if not unsettled < CONVERGED:
        troubles.append(
            f"fits were not finished: a Newton decrement was still {unsettled:.2g} nats"
        )
    few = few_sessions(initial)
    troubles += [few] if few else []
    troubles += evidence.troubles
    caution = f" But {few}." if few else ""
    return {
        "conclusion": f"{evidence.conclusion}{caution}",
        "fit_unfinished_nats": unsettled,
        "diagnostic_warning": "; ".join(troubles),
    }
