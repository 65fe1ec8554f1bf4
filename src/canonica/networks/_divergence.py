"""How far a network's beliefs are from exact filtering, and what each approximation costs."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import xarray as xr
from jaxtyping import Float
from scipy.special import xlogy

from canonica.networks._filters import Approximations

CAUSES = {
    "transition": "the expectation of ln B, for the logarithm of what is expected",
    "sigmoid": "units that are on by themselves, for competition within a factor",
    "apart": "beliefs and likelihoods of each factor by itself, for those of joint states",
    "floor": "no probability below the floor",
}


def divergence(
    exact: Float[np.ndarray, "time episode state"],
    log_belief: Float[np.ndarray, "time episode state"],
) -> Float[np.ndarray, "time episode"]:
    """Return the Kullback-Leibler divergence of beliefs from the exact ones, in bits."""
    return (xlogy(exact, exact) - exact * log_belief).sum(axis=-1) / np.log(2)


def divergences(
    exact: Float[np.ndarray, "time episode state"],
    made: Approximations,
    log_beliefs: Callable[[Approximations], Float[np.ndarray, "time episode state"]],
) -> xr.Dataset:
    """Return the divergence of a network, and of it without each and with one approximation.

    Parameters
    ----------
    exact : (time, episode, state)
        What the exact filter believes.
    made : Approximations
        Those of the network.
    log_beliefs : callable
        From approximations to what a network that makes them believes of these episodes.

    Returns
    -------
    xarray.Dataset
        ``divergence``, ``without`` and ``alone``, mean and worst over steps of episodes, in bits.
    """

    def found(on: Approximations) -> list[float]:
        bits = divergence(exact, log_beliefs(on))
        return [float(bits.mean()), float(bits.max())]

    causes = [name for name in CAUSES if getattr(made, name)]
    none = Approximations(transition=False, sigmoid=False, apart=False, floor=0.0)
    bits = {"units": "bits"}
    return xr.Dataset(
        {
            "divergence": ("statistic", found(made), bits),
            "without": (
                ("cause", "statistic"),
                [found(replace(made, **{name: getattr(none, name)})) for name in causes],
                bits,
            ),
            "alone": (
                ("cause", "statistic"),
                [found(replace(none, **{name: getattr(made, name)})) for name in causes],
                bits,
            ),
            "meaning": ("cause", [CAUSES[name] for name in causes]),
        },
        coords={"cause": causes, "statistic": ["mean", "worst"]},
    )
