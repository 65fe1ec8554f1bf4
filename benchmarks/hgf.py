"""Held-out choices by the hierarchical Gaussian filter of pyhgf, beside Rescorla-Wagner.

    pip install pyhgf pandas scipy    # in an environment of its own: it holds JAX back
    python benchmarks/hgf.py FOLDER

reads prl_exampleData.txt and bandit2arm_exampleData.txt in FOLDER, and scores each model as
`canonica.reverse_engineering.phenotype.cross_validate` does: ten folds of subjects, a normal
distribution of parameters estimated from the others (empirical Bayes), the log probability of all
choices of a held-out subject integrated over it. Integrals are weighted sums over one Sobol
sequence of points, the same for all subjects. Each arm has a filter of its own, which sees the
outcome where the arm was chosen; choices follow softmax(beta (difference of beliefs) + kappa last).
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from pyhgf.model import HGF  # pyright: ignore[reportMissingImports]
from scipy import stats

FOLDS, POINTS, ROUNDS, CHUNK = 10, 4096, 30, 256
TASKS = {"reversal": "prl_exampleData.txt", "bandit": "bandit2arm_exampleData.txt"}
# Mean and deviation before anything is seen; points are drawn from normals twice as wide.
PRIORS = {
    "HGF, two levels": [(-2.0, 2.0), (0.7, 1.0), (0.0, 1.0)],
    "HGF, three levels": [(-2.0, 2.0), (0.7, 1.0), (0.0, 1.0), (-4.0, 2.0)],
    "Rescorla-Wagner": [(-1.0, 1.5), (0.7, 1.0), (0.0, 1.0)],
}


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return choices, 0 or 1, and outcomes, -1 or 1; (subject, trial)."""
    table = pd.read_csv(path, sep="\t").sort_values(["subjID", "trial"], kind="stable")
    each = [one for _, one in table.groupby("subjID")]
    return np.stack([one["choice"] for one in each]), np.stack([one["outcome"] for one in each])


def hgf(levels: int) -> Callable:
    """Return the beliefs of one arm before each trial, given volatilities."""
    network = HGF(n_levels=levels, model_type="binary").create_belief_propagation_fn()

    def beliefs(volatility: jnp.ndarray, seen: jnp.ndarray, value: jnp.ndarray) -> jnp.ndarray:
        attributes = dict(network.attributes)
        for node, one in enumerate(volatility, 1):
            attributes[node] = {**attributes[node], "tonic_volatility": one}
        inputs = ((value[:, None],), (seen,), jnp.ones(len(value)), None)
        start = jax.tree.map(lambda leaf: jnp.asarray(leaf, float), attributes)
        _, found = jax.lax.scan(
            lambda carry, here: jax.tree.map(
                lambda leaf: jnp.asarray(leaf, float), network.scan_fn(carry, here)
            ),
            start,
            inputs,
        )
        return found[0]["expected_mean"]

    return beliefs


def of_choices(
    difference: jnp.ndarray, beta: jnp.ndarray, kappa: jnp.ndarray, choice: jnp.ndarray
) -> jnp.ndarray:
    """Return the log probability of all choices; `difference` favours the second arm."""
    last = jnp.concatenate([jnp.zeros(1), 2.0 * choice[:-1] - 1])
    log_odds = beta * difference + kappa * last
    return jax.nn.log_sigmoid(jnp.where(choice == 1, log_odds, -log_odds)).sum()


def of_hgf(
    levels: int, point: jnp.ndarray, choice: jnp.ndarray, outcome: jnp.ndarray
) -> jnp.ndarray:
    """Return the log likelihood of one subject."""
    volatility = [point[0]] if levels == 2 else [point[0], point[3]]  # noqa: PLR2004
    reward = (outcome > 0).astype(float)
    arms = [
        hgf(levels)(jnp.stack(volatility), (choice == arm).astype(int), reward) for arm in (0, 1)
    ]
    # From 0 to 1: twice the difference is on the scale of outcomes from -1 to 1.
    return of_choices(2 * (arms[1] - arms[0]), jnp.exp(point[1]), point[2], choice)


def of_rescorla_wagner(
    point: jnp.ndarray, choice: jnp.ndarray, outcome: jnp.ndarray
) -> jnp.ndarray:
    """Return the log likelihood of one subject."""
    alpha = jax.nn.sigmoid(point[0])

    def step(Q: jnp.ndarray, here: tuple) -> tuple:
        one, what = here
        return Q.at[one].add(alpha * (what - Q[one])), Q[1] - Q[0]  # noqa: PD008

    _, difference = jax.lax.scan(step, jnp.zeros(2), (choice, outcome.astype(float)))
    return of_choices(difference, jnp.exp(point[1]), point[2], choice)


MODELS = {
    "HGF, two levels": partial(of_hgf, 2),
    "HGF, three levels": partial(of_hgf, 3),
    "Rescorla-Wagner": of_rescorla_wagner,
}


def held_out(model: str, choice: np.ndarray, outcome: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Return the log likelihood per choice of each subject, when it is held out."""
    mean, sd = np.array(PRIORS[model]).T
    uniform = stats.qmc.Sobol(len(mean), rng=0).random(POINTS)
    points = mean + 2 * sd * stats.norm.ppf(np.clip(uniform, 1e-9, 1 - 1e-9))
    one = jax.jit(jax.vmap(MODELS[model], in_axes=(0, None, None)))
    likelihood = np.stack(
        [
            np.concatenate([one(points[n : n + CHUNK], *both) for n in range(0, POINTS, CHUNK)])
            for both in zip(choice, outcome, strict=True)
        ]
    )
    likelihood = np.where(np.isfinite(likelihood), likelihood, -np.inf)
    drawn = stats.norm.logpdf(points, mean, 2 * sd).sum(axis=1)
    scores = np.empty(len(choice))
    for number in range(FOLDS):
        inside = fold != number
        centre, spread = mean, sd
        for _ in range(ROUNDS):
            weight = likelihood + stats.norm.logpdf(points, centre, spread).sum(axis=1) - drawn
            weight = np.exp(weight - weight.max(axis=1, keepdims=True))
            weight /= weight.sum(axis=1, keepdims=True)
            first, second = weight[inside] @ points, weight[inside] @ points**2
            total = inside.sum() + 1  # the weak prior counts as one subject more
            centre = (first.sum(axis=0) + mean) / total
            square = (second - 2 * first * centre + centre**2).sum(axis=0)
            spread = np.sqrt((square + sd**2 + (mean - centre) ** 2) / total)
        ratio = stats.norm.logpdf(points, centre, spread).sum(axis=1) - drawn
        out = np.logaddexp.reduce(likelihood[~inside] + ratio, axis=1)
        scores[~inside] = (out - np.logaddexp.reduce(ratio)) / choice.shape[1]
    return scores


def main() -> None:
    """Score every model on both tasks, and print."""
    jax.config.update("jax_enable_x64", True)
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for task, file in TASKS.items():
        choice, outcome = read(folder / file)
        choice = choice - choice.min()
        fold = np.random.default_rng(0).permutation(np.arange(len(choice)) % FOLDS)
        scores = {model: held_out(model, choice, outcome, fold) for model in MODELS}
        best = scores["Rescorla-Wagner"]
        for model, each in scores.items():
            found = f"{task}: {model}: {each.mean():.4f}"
            if model != "Rescorla-Wagner":
                away = each - best
                interval = stats.bootstrap(
                    (away,), np.mean, confidence_level=0.95, rng=0
                ).confidence_interval
                found += f", from Rescorla-Wagner {away.mean():.4f}"
                found += f" ({interval.low:.4f} to {interval.high:.4f})"
            print(found, flush=True)


if __name__ == "__main__":
    main()
