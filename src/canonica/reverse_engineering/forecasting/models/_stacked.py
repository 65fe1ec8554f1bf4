"""All models at once, each with the weight that it earned within the initial sessions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import jax
import numpy as np
from jaxtyping import Float

from canonica._arguments import check_fields
from canonica._errors import CanonicaError, how_many
from canonica.reverse_engineering.forecasting._known import Known
from canonica.reverse_engineering.forecasting._predicted import Combined, ForecastModel, Predicted
from canonica.reverse_engineering.forecasting.distribution._mixture import response_log_density
from canonica.reverse_engineering.forecasting.models._stacking import stacking_weights

FEWEST_SESSIONS = 2  # that a model learns from, where there are so many


@dataclass(frozen=True)
class Weighted:
    """Models whose predictive distributions are mixed, with weights that are given.

    Parameters
    ----------
    models : tuple of ForecastModel
        At least one. What the first one finds out beside its forecast goes with the mixture's.
    weights : tuple of float
        Probability of each model; their sum is 1.
    recordings : int
        How many the weights were found from; 0 where they were not found but given.
    """

    name: ClassVar[str] = "stacked"

    models: tuple[ForecastModel, ...]
    weights: tuple[float, ...]
    recordings: int = 0

    @property
    def by_name(self) -> dict[str, float]:
        """Weight of each stacked model by the model's name."""
        return {one.name: weight for one, weight in zip(self.models, self.weights, strict=True)}

    @property
    def sentence(self) -> str:
        """What is recommended, in words: the models that have a weight, the heaviest first."""
        ordered = sorted(self.by_name.items(), key=lambda one: -one[1])
        shares = ", ".join(f"{name} {weight:.0%}" for name, weight in ordered if weight > 0)
        count = f"{self.recordings} recording{'s' if self.recordings > 1 else ''}"
        return (
            f"For prediction take stacked: {shares}; weights by forecasts within the initial "
            f"sessions of {count}."
        )

    def predicted(self, known: Known, key: jax.Array) -> Combined:
        """Return the mixture of what the models predict, each from the same key."""
        return self.combined([single_prediction(model, known, key) for model in self.models])

    def combined(self, parts: Sequence[Predicted]) -> Combined:
        """Return the mixture of what the models have predicted."""
        names = tuple(model.name for model in self.models)
        return Combined(np.asarray(self.weights), tuple(parts), names)


@dataclass(frozen=True)
class Stacked:
    """Models whose predictive distributions are mixed, with weights found by forecasts.

    Every model forecasts later initial sessions from earlier ones, and the weights are those with
    which the mixture of the forecasts has the highest log score: stacking of predictive
    distributions, the future being left out. Recordings that are forecast together share their
    weights. With a single initial session there is nothing to go by, and weights are equal.

    Parameters
    ----------
    models : tuple of ForecastModel
        At least one; the first one tells of plasticity.
    share : float
        Of the initial sessions, that the models see when they forecast the rest of them. One cut,
        and an early one: forecasts reach many times further than the initial sessions do, so that
        the longest ones that can be tried tell most; and it doubles the work, no more.

    References
    ----------
    Yao, Vehtari, Simpson & Gelman, Bayesian Analysis 13 (2018) 917; Bürkner, Gabry & Vehtari,
    Journal of Statistical Computation and Simulation 90 (2020) 2499.
    """

    name: ClassVar[str] = "stacked"

    models: tuple[ForecastModel, ...]
    share: float = 1 / 3

    def __post_init__(self) -> None:
        check_fields(self)
        if not (self.models and 0 < self.share < 1):
            raise CanonicaError(
                f"models, share: found {how_many(len(self.models), 'model')} "
                f"and {self.share}; expected at "
                "least one model, and a number above 0 and below 1."
            )

    def over(self, every: Sequence[Known], key: jax.Array) -> Weighted:
        """Return the models with the weights found from recordings together.

        Parameters
        ----------
        every : sequence of Known
            What is known of each recording, of any sizes; at least one.
        key : jax.Array
            Decides what is random in the models.
        """
        scores = [self.held_out(known, key) for known in every]
        weights = stacking_weights(np.concatenate(scores, axis=1))
        return Weighted(self.models, tuple(weights.tolist()), len(every))

    def predicted(self, known: Known, key: jax.Array) -> Combined:
        """Return the forecast of one recording by itself."""
        return self.over([known], key).predicted(known, key)

    def held_out(self, known: Known, key: jax.Array) -> Float[np.ndarray, "model response"]:
        """Return each model's log density of the later initial responses, forecast from earlier.

        Raises
        ------
        CanonicaError
            If a model's forecast is not finite.
        """
        initial = known.initial
        seen = max(1, min(initial - 1, max(FEWEST_SESSIONS, round(self.share * initial))))
        earlier = Known(
            known.response[:seen],
            known.stimuli[:initial],
            known.valid[:initial],
            known.state[:initial],
            known.states,
        )
        there = known.valid[seen:initial]
        x = known.response[seen:].swapaxes(1, 2)[there]
        if not x.size:
            return np.empty((len(self.models), 0))
        return np.stack([_scored(model, earlier, x, key) for model in self.models])


def single_prediction(model: ForecastModel, known: Known, key: jax.Array) -> Predicted:
    """Return what a model foretells by itself.

    Raises
    ------
    CanonicaError
        If it is a mixture: models are mixed once.
    """
    predicted = model.predicted(known, key)
    if isinstance(predicted, Combined):
        raise CanonicaError(
            f"model {model.name}: found a mixture of models; expected a single one."
        )
    return predicted


def _scored(
    model: ForecastModel, earlier: Known, x: Float[np.ndarray, "trial ensemble"], key: jax.Array
) -> Float[np.ndarray, " response"]:
    """Return the log density of each response that was not seen."""
    predicted = single_prediction(model, earlier, key)
    later = slice(earlier.initial, None)
    mean, scale = (
        part[later].swapaxes(1, 2)[earlier.valid[later]]
        for part in (predicted.mean, predicted.scale)
    )
    found = np.asarray(response_log_density(x, mean, scale)).ravel()
    if not np.isfinite(found).all():
        raise CanonicaError(
            f"model {model.name}: found a log score of {found[~np.isfinite(found)][0]} within the "
            f"initial sessions; expected finite ones. Leave the model out."
        )
    return found
