"""A canonical network whose plasticity is estimated, and the same network frozen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np
from jaxtyping import Float

from canonica._errors import CanonicaError
from canonica.reverse_engineering.forecasting._known import Known
from canonica.reverse_engineering.forecasting._predicted import Predicted, StateMeans, Variables
from canonica.reverse_engineering.forecasting.distribution._quantiles import QUANTILES
from canonica.reverse_engineering.forecasting.plasticity._evidence import Evidence
from canonica.reverse_engineering.forecasting.plasticity._forgetful_plasticity import Plasticity
from canonica.reverse_engineering.forecasting.plasticity._laplace import Fit
from canonica.reverse_engineering.forecasting.plasticity._plastic_future import (
    Drawn,
    Future,
    World,
    future,
)
from canonica.reverse_engineering.forecasting.plasticity._plasticity_posterior import (
    Initial,
    Posterior,
    known_initial,
    log_evidences,
    posterior,
)

FEW_SESSIONS = 5  # initial ones: up to so many, drift and learning can hardly be told apart
CONVERGED = 0.5  # nats that the Newton decrement of the last step may be
SAMPLES = 4  # of all other parameters at each plasticity that is drawn
NEAR = 10.0  # nats below the top: plasticities farther down hardly matter


@dataclass(frozen=True)
class Canonical:
    """A canonical network, its initial weights, thresholds and plasticity estimated.

    Responses are those of a network that starts the recording with any weights and thresholds,
    changes them by Hebbian plasticity at a rate of 1 / prior strength, thresholds adapting with the
    weights, and forgets what it learned over tens of sessions, if at all. What a stimulus evokes
    beside the weights, where it comes repeatedly, and drifts of excitability and gain are estimated
    with it. Rate and memory are integrated over a grid, everything else by Laplace's approximation
    at each of its points; half of the prior probability is on a network that does not learn at all.

    Parameters
    ----------
    weakest_plasticity, strongest_plasticity : float
        Smallest and largest rate, in inverse numbers of initial trials: prior strengths are from
        trials / strongest to trials / weakest.
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
    strongest_plasticity: float = 4.0
    rates: int = 21
    memories: tuple[float, ...] = (30.0, 100.0, float("inf"))
    adaptive_thresholds: bool = True
    draws: int = 200

    def __post_init__(self) -> None:
        if not 0 < self.weakest_plasticity < self.strongest_plasticity:
            raise CanonicaError(
                f"weakest_plasticity, strongest_plasticity: found {self.weakest_plasticity} and "
                f"{self.strongest_plasticity}; expected numbers above 0, the first one smaller."
            )
        if self.rates < 2 or self.draws < 2 or not self.memories:  # noqa: PLR2004
            raise CanonicaError(
                f"rates, draws, memories: found {self.rates}, {self.draws} and {self.memories}; "
                "expected at least two rates and draws, and one memory."
            )
        if min(self.memories) <= 0:
            raise CanonicaError(f"memories: found {self.memories}; expected sessions, above 0.")

    def predicted(self, known: Known, key: jax.Array) -> Predicted:
        """Return the forecast, averaged over all that the initial sessions leave possible."""
        numbered = known_initial(known)
        found, strengths = _posterior(self, known, numbered[0])
        evidence = Evidence.of(found.log_evidence.sum(axis=-1), strengths, self.memories)
        of_draws, of_future = jax.random.split(key)
        plastic, memory, rate = evidence.drawn(of_draws, math.ceil(self.draws / SAMPLES))
        fit = _chosen(found, plastic, memory, rate)
        plasticity = Plasticity(
            np.where(plastic, 1 / strengths[rate], 0.0),
            np.exp(-1 / np.asarray(self.memories))[memory],
        )
        ahead = _future(
            known,
            numbered,
            found,
            fit,
            plasticity,
            key=of_future,
            adaptive=self.adaptive_thresholds,
        )
        near = evidence.log_likelihood > evidence.log_likelihood.max() - NEAR
        unsettled = float(found.newton_decrement.sum(axis=-1)[near].max())
        return Predicted(
            ahead.mean,
            ahead.scale,
            ahead.state_draws,
            _variables(found, ahead) | evidence.variables,
            evidence.attrs | _diagnosis(known, unsettled, evidence),
        )

    def posterior(self, known: Known) -> tuple[Posterior, Float[np.ndarray, " rate"]]:
        """Return the posterior, and the grid of prior strengths, decreasing, that it is on."""
        return _posterior(self, known, known_initial(known)[0])

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
        initials = [known_initial(known)[0] for known in every]
        sizes = {tuple(part.shape for part in one) for one in initials}
        states = {known.states for known in every}
        trials = {int(known.valid[: known.initial].sum()) for known in every}
        if not (len(sizes) == len(states) == len(trials) == 1):
            raise CanonicaError(
                f"evidences: found recordings of {len(sizes)} sizes, {len(trials)} numbers of "
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

    def predicted(self, known: Known, key: jax.Array) -> Predicted:
        """Return the forecast that nothing but excitability and gain changes."""
        numbered = known_initial(known)
        found, _ = _posterior(Canonical(rates=2, memories=(1.0,)), known, numbered[0])
        draws = math.ceil(self.draws / SAMPLES)
        still, nowhere = np.zeros(draws, bool), np.zeros(draws, int)
        plasticity = Plasticity(np.zeros(draws), np.ones(draws))
        fit = _chosen(found, still, nowhere, nowhere)
        ahead = _future(known, numbered, found, fit, plasticity, key=key, adaptive=False)
        return Predicted(ahead.mean, ahead.scale, ahead.state_draws, _variables(found, ahead))


def _posterior(
    model: Canonical, known: Known, initial: Initial
) -> tuple[Posterior, Float[np.ndarray, " rate"]]:
    strengths = model.strengths(known)
    found = posterior(
        initial,
        1 / strengths,
        np.exp(-1 / np.asarray(model.memories)),
        states=known.states,
        adaptive=model.adaptive_thresholds,
    )
    return found, strengths


def _chosen(found: Posterior, plastic: np.ndarray, memory: np.ndarray, rate: np.ndarray) -> Fit:
    """Return the fit at the plasticity of each draw."""

    def of_part(grid: np.ndarray, frozen: np.ndarray) -> np.ndarray:
        apart = plastic.reshape(-1, *[1] * frozen.ndim)
        return np.where(apart, grid[memory, rate], frozen)

    return Fit(*(of_part(*both) for both in zip(found.fit, found.frozen, strict=True)))


def _future(
    known: Known,
    numbered: tuple[Initial, np.ndarray],
    found: Posterior,
    fit: Fit,
    plasticity: Plasticity,
    *,
    key: jax.Array,
    adaptive: bool,
) -> Future:
    initial, stimulus = numbered
    world = World(known.stimuli, known.valid, known.state, stimulus, StateMeans.of(known).share)
    return future(
        initial,
        world,
        Drawn(plasticity, fit),
        found.variances,
        key,
        quantiles=np.asarray(QUANTILES),
        samples=SAMPLES,
        adaptive=adaptive,
    )


def _variables(found: Posterior, ahead: Future) -> Variables:
    dims = ("session", "ensemble", "input")
    variables: Variables = {}
    for level, word in ((1, "excitatory"), (0, "inhibitory")):
        words = f"{word} synaptic weight W{level} at the start of the session"
        name = f"predicted_{word}_weight"
        variables[name] = (dims, ahead.weight[:, level], f"expected {words}")
        quantiles = ahead.weight_quantile[:, :, level]
        variables[f"{name}_quantile"] = (
            ("quantile", *dims),
            quantiles,
            f"quantiles of the {words}",
        )
    variables["firing_threshold_quantile"] = (
        ("quantile", "ensemble"),
        np.quantile(ahead.offset, QUANTILES, axis=0),
        "quantiles of the log odds of the activity without any input, at first",
    )
    variables["noise_scale"] = (
        ("ensemble", "source_state"),
        np.exp(found.frozen.log_scale),
        "scale of the noise, where nothing is learned",
    )
    for field, values in found.variances._asdict().items():
        words = f"standard deviation of log odds: {field.replace('_', ' ')}"
        variables[f"{field}_deviation"] = (("ensemble",), np.sqrt(values), words)
    return variables


def _diagnosis(known: Known, unsettled: float, evidence: Evidence) -> dict[str, str | float]:
    troubles = []
    if not unsettled < CONVERGED:
        troubles.append(
            f"fits were not finished: a Newton decrement was still {unsettled:.2g} nats"
        )
    if known.initial <= FEW_SESSIONS:
        troubles.append(
            f"with {known.initial} initial sessions drift and learning can hardly be told apart"
        )
    troubles += evidence.troubles
    return {"fit_unfinished_nats": unsettled, "diagnostic_warning": "; ".join(troubles)}
