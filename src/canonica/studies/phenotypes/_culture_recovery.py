"""Whether state prior, sensory precision and plasticity of cultures are recovered."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_probability, checked_seed, checked_size
from canonica._float64 import double_precision
from canonica._provenance import versions
from canonica.reverse_engineering.forecasting.plasticity._numbered_trials import Initial
from canonica.reverse_engineering.phenotype.cultures._culture_phenotype import (
    CultureFinding,
    labelled_findings,
)
from canonica.reverse_engineering.phenotype.cultures._joint_posterior import (
    PARAMETERS,
    joint_posteriors,
)
from canonica.studies.phenotypes._simulated_cultures import (
    ENSEMBLES,
    CultureTruths,
    as_initial,
    responses,
    shown,
)

LEVEL = 0.9
TOGETHER = 10  # cultures between two reports of progress


@checked_arguments
def culture_recovery(
    seed: int = 0,
    *,
    cultures: int = 100,
    sessions: int = 10,
    trials_per_session: int = 64,
    inputs: int = 8,
    mixing: float = 0.75,
    uniform_trials: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> xr.Dataset:
    """Return how well state prior, precision and plasticity of known cultures are recovered.

    Each culture is a network as `culture_phenotype` assumes it, its three parameters drawn from the
    priors, which responds, noise included, to fresh stimuli mixed from two sources and learns from
    what it responded.

    Parameters
    ----------
    seed : int
        Decides everything random.
    cultures, sessions, trials_per_session, inputs : int
        Sizes.
    mixing : float
        Probability that an input copies the source of its block.
    uniform_trials : bool
        As in `culture_phenotype`.
    progress : callable, optional
        Called with cultures done, and of all.

    Returns
    -------
    xarray.Dataset
        As `culture_phenotype`, and ``true`` on the scale without bounds by recording and parameter;
        by parameter ``r``, ``bias`` (mean error on that scale), ``coverage`` of 90 % intervals and
        the share that is ``identified_share``; ``apart_share`` by two parameters.

    Raises
    ------
    CanonicaError
        If a number is out of range.

    References
    ----------
    Wilson & Collins, eLife 8:e49547, 2019.

    Examples
    --------
    >>> found = culture_recovery(cultures=100)  # doctest: +SKIP
    """
    checked_seed(seed)
    for name, value, least in (
        ("cultures", cultures, 3),
        ("sessions", sessions, 2),
        ("trials_per_session", trials_per_session, 4),
        ("inputs", inputs, ENSEMBLES),
    ):
        checked_size(name, value, least=least)
    checked_probability("mixing", mixing)
    generator = np.random.default_rng(seed)
    true = generator.normal(
        [one.mean for one in PARAMETERS], [one.sd for one in PARAMETERS], (cultures, 3)
    )
    world = shown(
        generator, cultures, sessions=sessions, trials=trials_per_session, inputs=inputs,
        mixing=mixing,
    )  # fmt: skip
    trials = sessions * trials_per_session
    truths = CultureTruths(true[:, 0], np.exp(true[:, 1]), np.exp(true[:, 2]) / trials)
    with double_precision():
        key = jax.random.key(seed)
    initial = as_initial(world, responses(key, truths, world))
    found: list[CultureFinding] = []
    for start in range(0, cultures, TOGETHER):
        part = Initial(*(np.asarray(one)[start : start + TOGETHER] for one in initial))
        joint = joint_posteriors(part, states=2**ENSEMBLES, uniform_trials=uniform_trials)
        found += [
            CultureFinding(jax.tree.map(lambda part, n=n: part[n], joint), ENSEMBLES, trials)
            for n in range(len(joint.weight))
        ]
        if progress is not None:
            progress(len(found), cultures)
    names = [f"culture {n + 1}" for n in range(cultures)]
    labelled = labelled_findings(found, names, ["simulated"] * cultures, LEVEL)
    return _with_truth(labelled, true).assign_attrs(
        seed=seed, cultures=cultures, sessions=sessions, trials_per_session=trials_per_session,
        inputs=inputs, mixing=mixing, uniform_trials=int(uniform_trials), **versions(),
    )  # fmt: skip


def _with_truth(found: xr.Dataset, true: np.ndarray) -> xr.Dataset:
    estimate = found["unbounded"].to_numpy()
    with double_precision():
        values = np.stack(
            [np.asarray(one.value(jnp.asarray(true[:, n]))) for n, one in enumerate(PARAMETERS)],
            axis=1,
        )
    inside = (found["low"].to_numpy() <= values) & (values <= found["high"].to_numpy())
    r = [float(np.corrcoef(true[:, n], estimate[:, n])[0, 1]) for n in range(true.shape[1])]
    return found.assign(
        true=(("recording", "parameter"), true),
        r=("parameter", r),
        bias=("parameter", (estimate - true).mean(axis=0)),
        coverage=("parameter", inside.mean(axis=0)),
        identified_share=("parameter", found["identified"].to_numpy().mean(axis=0)),
        apart_share=(("parameter", "other"), found["apart"].to_numpy().mean(axis=0)),
    )
