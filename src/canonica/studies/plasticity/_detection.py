"""How clearly known plasticity shows in the initial sessions."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import described, refusal
from canonica._pieces import Maker, made_in_order
from canonica.reverse_engineering.forecasting.models._canonical import Canonical
from canonica.studies.plasticity._labelled import attrs, check
from canonica.studies.plasticity._posteriors import (
    Progress,
    RecordingSizes,
    posteriors,
    strength_range,
)
from canonica.studies.plasticity._simulated_responses import Truth

DETECTED_MEMORIES = (float("inf"), 30.0)


@checked_arguments
def plasticity_detection(
    seed: int,
    *,
    draws: int = 40,
    frozen: int = 200,
    strengths: int = 8,
    memories: Sequence[float] = DETECTED_MEMORIES,
    initial_sessions: int = 10,
    trials_per_session: int = 64,
    inputs: int = 16,
    truth: Truth | None = None,
    model: Canonical | None = None,
    maker: Maker = made_in_order,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Draw networks of known plasticity, and find how clearly it shows.

    Parameters
    ----------
    seed : int
        Decides everything random; 0 or more.
    draws : int
        Networks of each prior strength and memory.
    frozen : int
        Networks that do not learn.
    strengths : int
        Prior strengths, evenly in the logarithm over the model's range.
    memories : sequence of float
        In sessions.
    initial_sessions, trials_per_session, inputs, truth, model, maker, progress
        As in `plasticity_calibration`.

    Returns
    -------
    xarray.Dataset
        `log_evidence` (memory, strength, draw) and `frozen_log_evidence` (frozen_draw) for
        plasticity, in nats. Attributes: settings and versions; `clear`, the evidence from which a
        conclusion is drawn.

    Raises
    ------
    CanonicaError
        If a size or a memory is out of its range.

    See Also
    --------
    detection_summary : Shares with clear evidence.

    Examples
    --------
    >>> model = Canonical(rates=5, memories=(1.0, float("inf")))
    >>> sizes = {"initial_sessions": 3, "trials_per_session": 8, "inputs": 4}
    >>> found = plasticity_detection(0, draws=1, frozen=2, strengths=2, model=model, **sizes)
    >>> found.log_evidence.dims
    ('memory', 'strength', 'draw')
    """
    model = model or Canonical()
    truth = truth or Truth()
    sizes = RecordingSizes(initial_sessions, trials_per_session, inputs)
    counts = {"draws": draws, "frozen": frozen, "strengths": strengths}
    check(seed, **counts, **sizes._asdict())
    if not len(memories) or not all(memory > 0 for memory in memories):
        expected = "one memory at least, each above 0 sessions; endless is inf"
        raise refusal("memories", described(memories), expected)
    grid = np.geomspace(*strength_range(sizes, model), strengths)
    still = [truth._replace(prior_strength=np.inf)] * frozen
    learning = [
        truth._replace(prior_strength=float(strength), memory=float(memory))
        for memory in memories
        for strength in grid
        for _ in range(draws)
    ]
    found = posteriors(seed, [*still, *learning], sizes, model, maker=maker, progress=progress)
    evidence = np.array([one.log_evidence for one in found])
    nats = {"units": "nat"}
    shape = (len(memories), strengths, draws)
    return xr.Dataset(
        {
            "frozen_log_evidence": (("frozen_draw",), evidence[:frozen], nats),
            "log_evidence": (
                ("memory", "strength", "draw"),
                evidence[frozen:].reshape(shape),
                nats,
            ),
        },
        {
            "memory": ("memory", np.asarray(memories, float), {"units": "sessions"}),
            "strength": ("strength", grid, {"units": "trials"}),
        },
        attrs(seed, truth, sizes, model),
    )
