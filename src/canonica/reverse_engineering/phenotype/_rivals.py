"""Plain rivals: Rescorla-Wagner, and win-stay-lose-shift."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from canonica.reverse_engineering.phenotype._parameters import Parameter
from canonica.reverse_engineering.phenotype._trials import ChoiceTrials

RESCORLA_WAGNER = (
    Parameter("learning rate", "alpha", "probability", -1.0, 1.5, 0.0),
    Parameter("inverse temperature", "beta", "positive", 0.7, 1.0, 1.0),
    Parameter("stickiness", "kappa", "any", 0.0, 1.0, 0.0),
)
WIN_STAY_LOSE_SHIFT = (
    Parameter("stay after gain", "p+", "probability", 0.5, 1.5, 0.5),
    Parameter("stay after loss", "p-", "probability", -0.5, 1.5, 0.5),
)


def rescorla_wagner(
    values: Float[Array, " parameter"], trials: ChoiceTrials, options: int
) -> Float[Array, "trial option"]:
    """Return log probabilities of options by their learned values and what was chosen last.

    ``Q[choice] += alpha (outcome - Q[choice])`` from 0 on; ``softmax(beta Q + kappa last)``. Values
    stay from block to block, the last choice does not.
    """
    rate, inverse_temperature, stickiness = values

    def step(
        carry: tuple[Float[Array, " option"], Float[Array, " option"]], trial: ChoiceTrials
    ) -> tuple[tuple[Array, Array], Float[Array, " option"]]:
        Q, last = carry
        last = jnp.where(trial.fresh, 0.0, last)
        chosen = jax.nn.one_hot(trial.choice, options, dtype=Q.dtype)
        log_probability = jax.nn.log_softmax(inverse_temperature * Q + stickiness * last)
        return (Q + rate * chosen * (trial.outcome - Q), chosen), log_probability

    zeros = jnp.zeros(options, values.dtype)
    return jax.lax.scan(step, (zeros, zeros), trials)[1]


def win_stay_lose_shift(
    values: Float[Array, " parameter"], trials: ChoiceTrials, options: int
) -> Float[Array, "trial option"]:
    """Return log probabilities of staying and of each other option, by the last outcome.

    Outcomes between loss and gain mix the log odds of both; at first all options are alike.
    """
    after_gain, after_loss = (jnp.log(p) - jnp.log1p(-p) for p in values)
    good = (1 + trials.outcome[:-1]) / 2
    log_odds = good * after_gain + (1 - good) * after_loss
    stay = jax.nn.log_sigmoid(log_odds)[:, None]
    shift = jax.nn.log_sigmoid(-log_odds)[:, None] - jnp.log(options - 1.0)
    last = jax.nn.one_hot(trials.choice[:-1], options, dtype=bool)
    later = jnp.where(last, stay, shift)
    alike = jnp.full((1, options), -jnp.log(float(options)), later.dtype)
    both = jnp.concatenate([alike, later])
    return jnp.where(trials.fresh[:, None], alike, both)
