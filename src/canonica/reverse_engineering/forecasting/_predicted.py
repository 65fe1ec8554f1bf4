"""What a forecasting model is, and what it returns."""

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias, runtime_checkable

import jax
import numpy as np
from jaxtyping import Float

from canonica._arguments import checked_arguments
from canonica.reverse_engineering.forecasting._known import Known

Variables: TypeAlias = dict[str, tuple[tuple[str, ...], Any, str]]  # dims, values, description


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a model foretells of one recording.

    A response is a logistic variable of location m and scale s, cut off at 0 and 1; m is such that
    its expectation is `mean`.

    Parameters
    ----------
    mean : (session, ensemble, slot)
        Expected response, above 0 and below 1; of the initial sessions too, where it is a fit.
    scale : (session, ensemble, slot)
        Of the logistic variable: noise, and what is uncertain of its location.
    state_draws : (draw, session, ensemble, state)
        Expected mean response under each joint source state in each session, drawn from the
        posterior; a single draw where nothing but the noise is uncertain.
    found : dict
        What else the model found, by name: dims, values, description.
    attrs : dict
        Single numbers and words that it found.
    """

    mean: Float[np.ndarray, "session ensemble slot"]
    scale: Float[np.ndarray, "session ensemble slot"]
    state_draws: Float[np.ndarray, "draw session ensemble state"]
    found: Variables = field(default_factory=dict)
    attrs: dict[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Combined:
    """What several models foretell of one recording: one of them is right.

    Parameters
    ----------
    weight : (component,)
        Probability of each model; their sum is 1.
    parts : tuple of Predicted
        What each of them foretells.
    names : tuple of str
        What each of them is called.
    """

    weight: Float[np.ndarray, " component"]
    parts: tuple[Predicted, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, predicted: "Predicted | Combined", name: str) -> "Combined":
        """Return the prediction itself, or what a single model foretells, as one of one."""
        return (
            predicted if isinstance(predicted, Combined) else cls(np.ones(1), (predicted,), (name,))
        )

    @property
    def mean(self) -> Float[np.ndarray, "component session ensemble slot"]:
        """Expected response according to each model."""
        return np.stack([part.mean for part in self.parts])

    @property
    def scale(self) -> Float[np.ndarray, "component session ensemble slot"]:
        """Scale of the logistic variable according to each model."""
        return np.stack([part.scale for part in self.parts])


@runtime_checkable
class ForecastModel(Protocol):
    """A way to forecast: a value, its settings as the fields of a frozen dataclass.

    A model of your own needs a name and `predicted`; give it to `forecast`, or put it in
    `FORECAST_MODELS`.
    """

    name: ClassVar[str]

    def predicted(self, known: Known, key: jax.Array) -> Predicted | Combined:
        """Return the prediction; all that is random in it comes from `key`."""
        ...


@checked_arguments
def settings_of(model: ForecastModel) -> dict[str, Any]:
    """Return the model's settings, as attributes of a forecast, of types that files can hold.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.
    """
    given = {f"model_{f.name}": getattr(model, f.name) for f in fields(model)}  # type: ignore[arg-type]
    return {name: _plain(value) for name, value in given.items()}


def _plain(value: Any) -> Any:
    """Return a setting as files can hold it; of a model, its name."""
    if isinstance(value, ForecastModel):
        return value.name
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, bool) else np.asarray(value).tolist()


class StateMeans(NamedTuple):
    """Means over the trials of each joint source state, as products with one array.

    Attributes
    ----------
    share : (session, slot, state)
        1 / trials of the state in the session, where the trial shows it; else 0.
    """

    share: Float[np.ndarray, "session slot state"]

    @classmethod
    def of(cls, known: Known) -> "StateMeans":
        """Return the share that each trial has in the mean of its state."""
        shown = (known.state[..., None] == np.arange(known.states)) & known.valid[..., None]
        number = shown.sum(axis=1, keepdims=True)
        return cls(shown / np.maximum(number, 1))

    def __call__(
        self, values: Float[np.ndarray, "session ensemble slot"]
    ) -> Float[np.ndarray, "session ensemble state"]:
        """Return the mean of `values` under each state; 0 where none is shown."""
        return values @ self.share
