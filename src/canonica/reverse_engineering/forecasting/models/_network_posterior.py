"""What the initial sessions tell of a network: its fits at every plasticity, carried ahead."""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from canonica.reverse_engineering.forecasting._known import Known
from canonica.reverse_engineering.forecasting._predicted import StateMeans, Variables
from canonica.reverse_engineering.forecasting.distribution._quantiles import QUANTILES
from canonica.reverse_engineering.forecasting.plasticity._evidence import Evidence
from canonica.reverse_engineering.forecasting.plasticity._laplace import Fit
from canonica.reverse_engineering.forecasting.plasticity._numbered_trials import NumberedTrials
from canonica.reverse_engineering.forecasting.plasticity._plastic_future import (
    AllSessions,
    DrawnPlasticity,
    Future,
    future,
)
from canonica.reverse_engineering.forecasting.plasticity._plasticity_posterior import Posterior
from canonica.reverse_engineering.forecasting.plasticity._random_effects import TIME_SCALES

DEVIATION_DIMS = {
    "offset": ("time_scale",),
    "gain": ("time_scale",),
    "state": ("source_state", "time_scale"),
}
NEAR = 10.0  # nats below the top: plasticities farther down hardly matter


class NetworkPosterior(NamedTuple):
    """All that is known of one recording and found from its initial sessions.

    Attributes
    ----------
    known : Known
        Responses of the initial sessions, stimuli and sources of all.
    trials : NumberedTrials
        The same, as the computation takes it.
    strengths : (rate,)
        Grid of prior strengths, decreasing, in trials.
    memories : tuple of float
        Grid of memories, in sessions.
    posterior : Posterior
        Fits on that grid.
    """

    known: Known
    trials: NumberedTrials
    strengths: Float[np.ndarray, " rate"]
    memories: tuple[float, ...]
    posterior: Posterior

    @property
    def evidence(self) -> Evidence:
        """How probable each plasticity is, all ensembles together."""
        each = self.posterior.log_evidence.sum(axis=-1)
        return Evidence.of(each, self.strengths, self.memories)

    def unsettled(self, evidence: Evidence) -> float:
        """Return the largest Newton decrement, in nats, of the plasticities that matter."""
        near = evidence.log_likelihood > evidence.log_likelihood.max() - NEAR
        return float(self.posterior.newton_decrement.sum(axis=-1)[near].max())

    def fit(
        self,
        plastic: Bool[np.ndarray, " draw"],
        memory: Int[np.ndarray, " draw"],
        rate: Int[np.ndarray, " draw"],
    ) -> Fit:
        """Return the fit at the plasticity of each draw: its places on the grid, or frozen."""

        def of_part(grid: np.ndarray, frozen: np.ndarray) -> np.ndarray:
            apart = plastic.reshape(-1, *[1] * frozen.ndim)
            return np.where(apart, grid[memory, rate], frozen)

        both = zip(self.posterior.fit, self.posterior.frozen.fit, strict=True)
        return Fit(*(of_part(*parts) for parts in both))

    def future(
        self, drawn: DrawnPlasticity, key: jax.Array, *, samples: int, adaptive: bool
    ) -> Future:
        """Return what each draw, with so many samples of all else, makes of all sessions."""
        known = self.known
        sessions = AllSessions(
            known.stimuli,
            known.valid,
            known.state,
            self.trials.stimulus,
            StateMeans.of(known).share,
        )
        return future(
            self.trials.initial,
            sessions,
            drawn,
            self.posterior.frozen.variances,
            key,
            quantiles=np.asarray(QUANTILES),
            samples=samples,
            adaptive=adaptive,
        )

    def variables(self, ahead: Future) -> Variables:
        """Return weights, thresholds, noise and drifts, as a forecast is labelled with them."""
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
            np.exp(self.posterior.frozen.fit.log_scale),
            "scale of the noise, where nothing is learned",
        )
        variables["time_scale"] = (
            ("time_scale",),
            np.asarray(TIME_SCALES),
            "sessions until 1/e is left of a deviation; 0: none is left in the next one",
        )
        for field, values in self.posterior.frozen.variances._asdict().items():
            words = f"standard deviation of log odds: {field.replace('_', ' ')}"
            dims = ("ensemble", *DEVIATION_DIMS.get(field, ()))
            variables[f"{field}_deviation"] = (dims, np.sqrt(values), words)
        return variables
