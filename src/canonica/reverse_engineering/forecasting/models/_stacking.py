"""Weights with which a mixture of forecasts has the highest log score."""

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

TOLERANCE = 1e-10  # of the mean log score
LEAST = 1e-4  # weight: models with less are left out


def stacking_weights(
    log_density: Float[np.ndarray, "model response"],
) -> Float[np.ndarray, " model"]:
    """Return the weights of models whose mixture gives responses the highest mean log density.

    The problem is concave: at the best weights, the mean over responses of a model's density,
    relative to that of the mixture, is 1 for every model that has a weight, and at most 1 for every
    other.

    Parameters
    ----------
    log_density : (model, response)
        Log density that each model's forecast gave to each response; without any response, all
        weights are equal.

    References
    ----------
    Yao, Vehtari, Simpson & Gelman, Bayesian Analysis 13 (2018) 917, equation 5.

    Examples
    --------
    >>> import numpy as np
    >>> right = np.log([[0.9, 0.9, 0.9, 0.1], [0.1, 0.1, 0.1, 0.9]])
    >>> stacking_weights(right).round(3).tolist()
    [0.812, 0.188]
    """
    models, responses = log_density.shape
    equal = np.full(models, 1 / models)
    if models == 1 or not responses:
        return equal
    relative = np.exp(log_density - log_density.max(axis=0))

    def loss(weight: Float[np.ndarray, " model"]) -> tuple[float, Float[np.ndarray, " model"]]:
        mixed = weight @ relative
        return -float(np.log(mixed).mean()), -(relative / mixed).mean(axis=1)

    found = minimize(
        loss,
        equal,
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * models,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": TOLERANCE, "maxiter": 1000},
    )
    weight = np.where(found.x < LEAST, 0, found.x)
    return weight / weight.sum()
