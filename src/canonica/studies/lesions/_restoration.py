"""A lesion that is undone: whether function comes back at once, or has to be learned."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed, checked_size
from canonica._provenance import versions
from canonica.lesions import Lesion
from canonica.studies.lesions._points import Told, attributes, chosen_kinds
from canonica.studies.lesions.tasks import BanditTask
from canonica.studies.lesions.tasks._task import Made

STRENGTHS = {"policy precision": 0.05, "plasticity": 0.0}


@checked_arguments
def restoration(
    seed: int,
    lesions: Sequence[str | Lesion] = tuple(STRENGTHS),
    *,
    task: BanditTask | None = None,
    restored_after: int = 20,
    networks: int = 20,
    progress: Told | None = None,
) -> xr.Dataset:
    """Return reward trial by trial, of agents whose lesion is undone in between.

    The double dissociation of performance and learning [FitzGerald, Dolan & Friston 2015]: where
    policies lost their precision, performance comes back with it at once, since learning went on;
    where plasticity was blocked, it comes back only as fast as it is learned.

    Parameters
    ----------
    seed : int
        Decides everything random.
    lesions : sequence of str or Lesion
        With their strength, or by name: policy precision of 0.05, plasticity of 0, others at
        their strongest usual dose.
    task : BanditTask, optional
        The bandit, of twice as many trials as `restored_after` by default.
    restored_after : int
        Trials with the lesion.
    networks : int
        Agents of each kind.
    progress : function, optional
        Told how many kinds are done, and of how many.

    Returns
    -------
    xarray.Dataset
        `reward` (lesion, trial, network), the share of rewarded pulls; lesion "intact" first.
        `restored_after` and strengths are attributes.

    Raises
    ------
    CanonicaError
        If a lesion or a number is none.

    Examples
    --------
    >>> small = BanditTask(trials=4, pulls=10, measured_trials=2)
    >>> found = restoration(0, task=small, restored_after=2, networks=2)
    >>> found.reward.shape, found.lesion.to_numpy().tolist()
    ((3, 4, 2), ['intact', 'policy precision', 'plasticity'])
    """
    restored_after = checked_size("restored_after", restored_after)
    chosen = task or BanditTask(trials=2 * restored_after, measured_trials=1)
    checked_size("restored_after", restored_after, most=chosen.trials - 1)
    networks = checked_size("networks", networks)
    kinds = chosen_kinds(lesions, chosen)
    strengths = [
        float(kind.strength if isinstance(given, Lesion) else _strongest(kind))
        for kind, given in zip(kinds, lesions, strict=True)
    ]
    seeds = np.random.SeedSequence(checked_seed(seed)).generate_state(networks, np.uint32)
    neutral = np.array([float(kind.neutral) for kind in kinds])
    rows = np.concatenate([neutral[None], np.where(np.eye(len(kinds)) > 0, strengths, neutral)])
    intact = Made(())
    life = chosen.lived(Made(kinds), rows, seeds.astype(np.int64), after=(intact, restored_after))
    if progress:
        progress(len(rows), len(rows))
    reward = np.swapaxes((1 + life.reward) / 2, 1, 2)
    return xr.Dataset(
        {
            "reward": (
                ("lesion", "trial", "network"),
                reward,
                {"long_name": "share of rewarded pulls", "units": "1"},
            )
        },
        {
            "lesion": ["intact", *(kind.name for kind in kinds)],
            "strength": ("lesion", [0.0, *strengths]),
            "trial": np.arange(1, chosen.trials + 1),
            "network": np.arange(1, networks + 1),
        },
        {**attributes(chosen, seed), "restored_after": restored_after, **versions()},
    )


def _strongest(kind: Lesion) -> float:
    furthest = max(kind.doses, key=lambda dose: abs(dose - kind.neutral))
    return STRENGTHS.get(kind.name, furthest)
