"""State prior, sensory precision and plasticity of cultures, jointly, from recordings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import checked_probability
from canonica._float64 import double_precision
from canonica._provenance import versions
from canonica.reverse_engineering._failures import in_place
from canonica.reverse_engineering._protocol import protocol_named
from canonica.reverse_engineering.forecasting._known import Known, Normalised, normalised
from canonica.reverse_engineering.forecasting.plasticity._numbered_trials import (
    Initial,
    NumberedTrials,
)
from canonica.reverse_engineering.phenotype.cultures._joint_posterior import (
    PARAMETERS,
    Joint,
    joint_posteriors,
)
from canonica.reverse_engineering.published_protocol._baselines import GivenBaseline
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol

LEVEL = 0.9
NEARLY_THE_PRIOR = 0.8  # posterior over prior standard deviation, from which nothing was learned
NOT_APART = 0.8  # correlation of two parameters in the posterior, from which one can be the other
NAMES = tuple(one.name for one in PARAMETERS)


@dataclass(frozen=True, eq=False)
class CultureFinding:
    """What the initial sessions of one recording say.

    Parameters
    ----------
    joint : Joint
        The posterior.
    ensembles, trials : int
        How many there are; trials of all initial sessions.
    """

    joint: Joint
    ensembles: int
    trials: int

    @property
    def prior_sd(self) -> np.ndarray:
        """Standard deviation before anything was seen; a culture's prior is its ensembles' mean."""
        return np.array([one.sd for one in PARAMETERS]) / [np.sqrt(self.ensembles), 1, 1]


@checked_arguments
def culture_phenotype(
    recordings: xr.Dataset | Iterable[xr.Dataset],
    *,
    initial_sessions: int | None = None,
    normalisation: str = "causal",
    baseline: GivenBaseline = None,
    protocol: str | PublishedProtocol = "published",
    uniform_trials: bool = False,
    level: float = LEVEL,
) -> xr.Dataset:
    """Return state prior, sensory precision and plasticity of cultures, jointly, with intervals.

    From the initial sessions, by the likelihood that forecasts have: the response of an ensemble is
    a censored logistic, the log odds of whose mean are those of a canonical network that starts
    without weights and learns from its own responses, session by session::

        ln D1/D0 + zeta ((W1 - W0) o + h1 - h0) + what inputs, sessions and stimuli evoke beside it

    The posterior is integrated over a grid of precision and plasticity, all else by Laplace's
    approximation. On scales without bounds priors are independent normals:

    ================== ============================================= ===== ===
    parameter          scale                                         mean  sd
    ================== ============================================= ===== ===
    state prior        log odds of D, of each ensemble               0     1
    sensory precision  ln zeta                                       0     0.7
    plasticity         ln of the initial trials over prior strength  -1.61 1.7
    ================== ============================================= ===== ===

    The state prior of a culture is the mean of its ensembles', on that scale. A parameter is called
    identified where its posterior standard deviation is below 0.8 of the prior's. Two are not told
    apart where their posterior correlation exceeds 0.8 in size: precision and plasticity as long as
    little is learned, of which the evidence is their product.

    Parameters
    ----------
    recordings : xarray.Dataset or iterable of them
        As `canonica.read` returns them.
    initial_sessions : int, optional
        Sessions that are looked at; by default as many as the protocol says, 10.
    normalisation, baseline, protocol
        As in `canonica.forecast`. The state prior is relative to the baseline: where conditions are
        to be compared, give one for all.
    uniform_trials : bool
        Whether trials in which all inputs are on, or none, bear on the likelihood: cultures answer
        them near an end, whatever they believe. They are learned from either way.
    level : float
        Probability that an interval is meant to cover.

    Returns
    -------
    xarray.Dataset
        With ``estimate``, ``low``, ``high``, ``identified`` and ``sd_ratio`` by recording and
        parameter, ``unbounded`` and ``unbounded_sd`` on the scale without bounds, ``correlation``
        and ``apart`` by recording and two parameters, ``prior_strength`` (trials),
        ``log_evidence`` (nats), ``unfinished`` (nats), ``conclusion`` and the condition, ``group``,
        by recording.

    Raises
    ------
    RecordingError
        If a recording cannot be used; of several, the first, with a word on the others.
    CanonicaError
        If a setting is out of its range.

    References
    ----------
    Sections 2 to 4 of the theory; [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications
    14:4547, 2023, for the state prior as excitability.

    Examples
    --------
    >>> from canonica.simulate import culture
    >>> recording = culture(seed=0, sessions=4, trials_per_session=64, inputs=8)
    >>> found = culture_phenotype(recording, initial_sessions=3)
    >>> found["parameter"].values.tolist()
    ['state prior', 'sensory precision', 'plasticity']
    """
    level = checked_probability("level", level, certain=False)
    settings = protocol_named(protocol)
    if initial_sessions is not None:
        settings = replace(settings, initial_sessions=initial_sessions)
    every = [recordings] if isinstance(recordings, xr.Dataset) else list(recordings)
    ready = normalised(every, settings, normalisation, baseline)
    in_place([one for one in ready if not isinstance(one, Normalised)], "raise", done="estimated")
    sound = [one for one in ready if isinstance(one, Normalised)]
    return phenotype_of_normalised(
        sound, settings.initial_sessions, uniform_trials=uniform_trials, level=level
    )


def phenotype_of_normalised(
    recordings: Sequence[Normalised], initial: int, *, uniform_trials: bool, level: float
) -> xr.Dataset:
    """Return the same of recordings that are normalised already."""
    found = [
        culture_finding(one.known(initial), uniform_trials=uniform_trials) for one in recordings
    ]
    names = [str(one.ensembles.attrs["name"]) for one in recordings]
    groups = [one.ensembles.condition for one in recordings]
    labelled = labelled_findings(found, names, groups, level)
    return labelled.assign_coords(
        baseline=("recording", [one.baseline.value for one in recordings])
    ).assign_attrs(
        initial_sessions=initial,
        normalisation=recordings[0].normalisation if recordings else "",
        uniform_trials=int(uniform_trials),
    )


def culture_finding(known: Known, *, uniform_trials: bool) -> CultureFinding:
    """Return what the initial sessions of one recording say."""
    initial = NumberedTrials.of(known).initial
    one = Initial(*(np.asarray(part)[None] for part in initial))
    found = joint_posteriors(one, states=known.states, uniform_trials=uniform_trials)
    trials = int(known.valid[: known.initial].sum())
    return CultureFinding(
        jax.tree.map(lambda part: part[0], found), known.response.shape[1], trials
    )


def labelled_findings(
    found: Sequence[CultureFinding], names: Sequence[str], groups: Sequence[str], level: float
) -> xr.Dataset:
    """Return findings as a labelled data set."""
    tails = [(1 - level) / 2, (1 + level) / 2]
    mean = np.array([one.joint.centre for one in found]).reshape(-1, len(NAMES))
    covariance = np.array([one.joint.covariance for one in found]).reshape(-1, *[len(NAMES)] * 2)
    ends = np.array([one.joint.quantiles(tails) for one in found]).reshape(-1, 2, len(NAMES))
    sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    ratio = sd / np.array([one.prior_sd for one in found]).reshape(-1, len(NAMES))
    correlation = covariance / sd[:, :, None] / sd[:, None, :]
    identified = ratio < NEARLY_THE_PRIOR
    apart = (np.abs(correlation) < NOT_APART) & identified[:, :, None] & identified[:, None, :]
    trials = np.array([one.trials for one in found], float)
    estimate, low, high = (_bounded(one) for one in (mean, ends[:, 0], ends[:, 1]))
    sentences = [
        _conclusion(*row) for row in zip(estimate, low, high, identified, correlation, strict=True)
    ]
    both, pairs = ("recording", "parameter"), ("recording", "parameter", "other")
    return xr.Dataset(
        {
            "estimate": (both, estimate),
            "low": (both, low),
            "high": (both, high),
            "identified": (both, identified),
            "sd_ratio": (both, ratio),
            "unbounded": (both, mean),
            "unbounded_sd": (both, sd),
            "correlation": (pairs, correlation),
            "apart": (pairs, apart),
            "prior_strength": ("recording", trials / estimate[:, 2], {"units": "trial"}),
            "log_evidence": (
                "recording", [float(one.joint.log_evidence) for one in found], {"units": "nat"},
            ),
            "unfinished": (
                "recording", [float(one.joint.unfinished) for one in found], {"units": "nat"},
            ),
            "conclusion": ("recording", np.array(sentences, str)),
        },
        coords={
            "recording": list(names),
            "group": ("recording", list(groups)),
            "parameter": list(NAMES),
            "other": list(NAMES),
            "symbol": ("parameter", [one.symbol for one in PARAMETERS]),
        },
        attrs={"model": "canonical network", "level": level, **versions()},
    )  # fmt: skip


def _bounded(unbounded: np.ndarray) -> np.ndarray:
    with double_precision():
        parts = [
            np.asarray(one.value(jnp.asarray(unbounded[:, n]))) for n, one in enumerate(PARAMETERS)
        ]
    return np.stack(parts, axis=1)


def _conclusion(
    estimate: np.ndarray, low: np.ndarray, high: np.ndarray, identified: np.ndarray,
    correlation: np.ndarray,
) -> str:  # fmt: skip
    """Return in words what is known, what is not, and what cannot be told apart."""
    said = []
    for n, name in enumerate(NAMES):
        if identified[n]:
            said.append(f"{name.capitalize()} {estimate[n]:.2g} ({low[n]:.2g} to {high[n]:.2g}).")
        else:
            said.append(f"{name.capitalize()} is not identified: the sessions say little of it.")
    said += [
        f"{NAMES[a].capitalize()} and {NAMES[b]} are not told apart: their correlation is "
        f"{correlation[a, b]:.2f}."
        for a, b in combinations(range(len(NAMES)), 2)
        if abs(correlation[a, b]) >= NOT_APART
    ]
    return " ".join(said)
