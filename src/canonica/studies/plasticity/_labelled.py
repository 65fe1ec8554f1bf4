"""What all studies of plasticity say: evidence, settings and versions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import xarray as xr

from canonica._checks import checked_seed, checked_size, refusal
from canonica._provenance import versions
from canonica.reverse_engineering.forecasting.models._canonical import Canonical
from canonica.reverse_engineering.forecasting.plasticity._evidence import CLEAR, PRIOR_PLASTIC
from canonica.studies.plasticity._posteriors import Found, RecordingSizes
from canonica.studies.plasticity._simulated_responses import OFFSET_DEVIATION, Truth


def evidences(
    found: Sequence[Found], dims: tuple[str, ...], shape: tuple[int, ...]
) -> dict[str, Any]:
    """Return evidence and probability of plasticity of all recordings, as labelled variables."""
    nats = {"units": "nat"}
    parts = {
        "log_evidence": ([one.log_evidence for one in found], nats),
        "probability_plastic": ([one.probability_plastic for one in found], {"units": "1"}),
        "fit_unfinished": ([one.unfinished for one in found], nats),
    }
    return {
        name: (dims, np.reshape(values, shape), units) for name, (values, units) in parts.items()
    }


def attrs(seed: int, truth: Truth, sizes: RecordingSizes, model: Canonical) -> dict[str, Any]:
    deviations = {
        f"true_{name}_deviation": np.sqrt(variance).tolist()
        for name, variance in truth.variances._asdict().items()
    }
    noise = {"true_scale": truth.scale, "true_silent_scale": truth.silent_scale}
    threshold = {"true_threshold_deviation": OFFSET_DEVIATION}
    return {"seed": seed} | sizes._asdict() | deviations | threshold | noise | settings(model)


def settings(model: Canonical) -> dict[str, Any]:
    settings: Mapping[str, Any] = asdict(model)
    plain = {
        name: int(value) if isinstance(value, bool) else value
        for name, value in settings.items()
        if name != "draws"
    }
    return {"clear": CLEAR, "prior_plastic": PRIOR_PLASTIC} | plain | versions()


def check(seed: int, **sizes: int) -> None:
    checked_seed(seed)
    for name, size in sizes.items():
        checked_size(name, size)


def check_study(found: xr.Dataset, maker: str, variable: str) -> None:
    if not isinstance(found, xr.Dataset) or variable not in found:
        raise refusal("found", f"no variable {variable}", f"the dataset that {maker} returns")
