"""Whether state prior, sensory precision and plasticity of cultures are recovered."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_probability, checked_seed, checked_size
from canonica._float64 import double_precision
from canonica._pieces import Maker, Piece, all_made, as_piece, joined_pieces, made_in_order
from canonica._provenance import versions
from canonica.reverse_engineering.forecasting.plasticity._numbered_trials import Initial
from canonica.reverse_engineering.phenotype.cultures._culture_phenotype import (
    CultureFinding,
    labelled_findings,
)
from canonica.reverse_engineering.phenotype.cultures._joint_posterior import (
    PARAMETERS,
    Joint,
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
TOGETHER = 10  # cultures in a piece


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
    maker: Maker = made_in_order,
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
    maker, progress
        Who makes its pieces, some cultures each, and may keep them; who is told how many cultures
        are done, and of how many.

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
    same = {
        "seed": seed, "cultures": cultures, "sessions": sessions,
        "trials_per_session": trials_per_session, "inputs": inputs, "mixing": mixing,
        "uniform_trials": int(uniform_trials),
    }  # fmt: skip
    some = [range(cultures)[start : start + TOGETHER] for start in range(0, cultures, TOGETHER)]
    pieces = [
        Piece(
            {"study": "culture recovery", "numbers": list(numbers)} | same,
            partial(
                _posteriors,
                Initial(*(np.asarray(one)[numbers.start : numbers.stop] for one in initial)),
                uniform_trials=uniform_trials,
            ),
            len(numbers),
        )
        for numbers in some
    ]
    joint = Joint(**joined_pieces(all_made(pieces, maker, progress)))
    found = [
        CultureFinding(jax.tree.map(lambda part, n=n: part[n], joint), ENSEMBLES, trials)
        for n in range(cultures)
    ]
    names = [f"culture {n + 1}" for n in range(cultures)]
    labelled = labelled_findings(found, names, ["simulated"] * cultures, LEVEL)
    return _with_truth(labelled, true).assign_attrs(**same, **versions())


def _posteriors(initial: Initial, *, uniform_trials: bool) -> xr.Dataset:
    joint = joint_posteriors(initial, states=2**ENSEMBLES, uniform_trials=uniform_trials)
    return as_piece({name: np.asarray(one) for name, one in joint._asdict().items()})


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
