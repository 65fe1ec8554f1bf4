"""Is the posterior of plasticity right? Studies on recordings whose truth is known.

If truths are drawn from the prior, then the posterior's cumulative probability at the truth is
uniform, its intervals hold the truth as often as they say, and of the networks said to be plastic
with probability p a share p are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import jax
import numpy as np
import xarray as xr
from jaxtyping import Float
from scipy import stats

from canonica._errors import CanonicaError, RecordingError
from canonica._provenance import versions
from canonica.reverse_engineering._published_protocol import PublishedProtocol
from canonica.reverse_engineering.forecasting._known import Known, normalised
from canonica.reverse_engineering.forecasting.models._canonical import NEAR, Canonical
from canonica.reverse_engineering.forecasting.plasticity._evidence import (
    CLEAR,
    PRIOR_PLASTIC,
    Evidence,
)
from canonica.simulate import culture
from canonica.studies._simulated_responses import (
    OFFSET_DEVIATION,
    Truth,
    simulated_known,
)

KINDS = ("plastic", "frozen")
QUANTILE = (0.05, 0.25, 0.5, 0.75, 0.95)
LEVEL = (0.5, 0.9)
RANK_BINS = 10
GROUPS = 8  # of recordings, by how probable plasticity is
DETECTED_MEMORIES = (float("inf"), 30.0)

Progress = Callable[[int, int], None]


class _Sizes(NamedTuple):
    """Of each simulated recording; only its initial sessions are drawn."""

    initial_sessions: int
    trials_per_session: int
    inputs: int


class _Found(NamedTuple):
    """What the posterior says of one recording."""

    log_evidence: float
    probability_plastic: float
    edges: Float[np.ndarray, " edge"]
    cumulative: Float[np.ndarray, " edge"]
    unfinished: float

    def quantiles(self, probability: Sequence[float]) -> Float[np.ndarray, " quantile"]:
        """Return quantiles of the prior strength, given plasticity."""
        return np.exp(np.interp(probability, self.cumulative, self.edges))

    def rank(self, prior_strength: float) -> float:
        """Return the posterior probability, given plasticity, of a smaller prior strength."""
        return float(np.interp(np.log(prior_strength), self.edges, self.cumulative))


def plasticity_calibration(
    seed: int,
    *,
    draws: int = 250,
    initial_sessions: int = 10,
    trials_per_session: int = 64,
    inputs: int = 16,
    truth: Truth | None = None,
    model: Canonical | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Draw networks from the prior, plastic ones and frozen ones, and find their posteriors.

    Parameters
    ----------
    seed : int
        Decides everything random; 0 or more. A draw does not depend on how many others there are.
    draws : int
        Plastic networks, and as many frozen ones.
    initial_sessions, trials_per_session, inputs : int
        Sizes of each recording; the same trials come in every session.
    truth : Truth, optional
        Variances and noise of all networks, by default those of recorded cultures. Prior strength
        and memory are drawn from the model's prior: log-uniform, and each of its list as often.
    model : Canonical, optional
        By default as it is.
    progress : callable, optional
        Told the number of recordings done, and of all.

    Returns
    -------
    xarray.Dataset
        `true_prior_strength`, `true_memory` (draw) of the plastic networks; their `rank`, the
        posterior probability of a smaller prior strength, and `prior_strength` (draw, quantile),
        both given plasticity; `log_evidence` for plasticity in nats, `probability_plastic` and
        `fit_unfinished` in nats (kind, draw). Attributes: settings and versions.

    Raises
    ------
    CanonicaError
        If a size is out of its range.

    See Also
    --------
    calibration_summary : Coverage, tests of the ranks, and calibration of the probabilities.

    References
    ----------
    Talts, Betancourt, Simpson, Vehtari & Gelman, Validating Bayesian inference algorithms with
    simulation-based calibration, arXiv:1804.06788, 2018.

    Examples
    --------
    >>> model = Canonical(rates=5, memories=(1.0, float("inf")))
    >>> sizes = {"initial_sessions": 3, "trials_per_session": 8, "inputs": 4}
    >>> found = plasticity_calibration(0, draws=2, model=model, **sizes)
    >>> found.probability_plastic.shape
    (2, 2)
    """
    model = model or Canonical()
    truth = truth or Truth()
    sizes = _Sizes(initial_sessions, trials_per_session, inputs)
    _check(seed, draws=draws, **sizes._asdict())
    drawn = [_truth(np.random.default_rng([seed, n]), truth, sizes, model) for n in range(draws)]
    # By turns, so that a recording's number does not depend on how many others there are.
    every = [each for one in drawn for each in (one, one._replace(prior_strength=np.inf))]
    by_turns = _posteriors(seed, every, sizes, model, progress)
    found = [*by_turns[::2], *by_turns[1::2]]
    plastic = list(zip(drawn, found, strict=False))
    strength = {"units": "trials"}
    variables = {
        "true_prior_strength": (("draw",), [one.prior_strength for one in drawn], strength),
        "true_memory": (("draw",), [one.memory for one in drawn], {"units": "sessions"}),
        "rank": (("draw",), [one.rank(true.prior_strength) for true, one in plastic]),
        "prior_strength": (
            ("draw", "quantile"),
            [one.quantiles(QUANTILE) for _, one in plastic],
            strength,
        ),
    }
    by_kind = _evidences(found, ("kind", "draw"), (len(KINDS), draws))
    coordinates = {
        "kind": list(KINDS),
        "draw": np.arange(1, draws + 1),
        "quantile": list(QUANTILE),
    }
    return xr.Dataset(variables | by_kind, coordinates, _attrs(seed, truth, sizes, model))


def calibration_summary(found: xr.Dataset) -> xr.Dataset:
    """Return how well the posterior of plasticity is calibrated.

    Parameters
    ----------
    found : xarray.Dataset
        As `plasticity_calibration` returns it.

    Returns
    -------
    xarray.Dataset
        Of the prior strength of plastic networks: `bias` and `spread`, mean and standard deviation
        of ln(posterior median / truth); `coverage` (level) of central intervals, and
        `coverage_error`, its standard error if calibrated; `rank_count` (bin), and the p values
        `rank_chi_square_p` and `rank_kolmogorov_smirnov_p` of the ranks being uniform. Of the
        probability of plasticity, half of the networks being plastic: `predicted` and `observed`
        (group), shares in groups of as many recordings each, `observed_error`, the standard error
        of `observed` if calibrated; `brier`, the mean squared error, `brier_expected`, what it
        would be if calibrated, and `brier_p`, two-sided, of the difference.

    References
    ----------
    Spiegelhalter, Statistics in Medicine 5:421, 1986, for `brier_p`.

    Examples
    --------
    >>> model = Canonical(rates=5, memories=(1.0, float("inf")))
    >>> sizes = {"initial_sessions": 3, "trials_per_session": 8, "inputs": 4}
    >>> found = plasticity_calibration(0, draws=4, model=model, **sizes)
    >>> calibration_summary(found).coverage.dims
    ('level',)
    """
    _check_study(found, "plasticity_calibration", "rank")
    values = _of_strength(found) | _of_probability(found)
    return xr.Dataset(values, {"level": list(LEVEL)}, found.attrs)


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
    initial_sessions, trials_per_session, inputs, truth, model, progress
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
        If a size is out of its range.

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
    sizes = _Sizes(initial_sessions, trials_per_session, inputs)
    counts = {"draws": draws, "frozen": frozen, "strengths": strengths}
    _check(seed, **counts, **sizes._asdict())
    grid = np.geomspace(*_strength_range(sizes, model), strengths)
    still = [truth._replace(prior_strength=np.inf)] * frozen
    learning = [
        truth._replace(prior_strength=float(strength), memory=float(memory))
        for memory in memories
        for strength in grid
        for _ in range(draws)
    ]
    found = _posteriors(seed, [*still, *learning], sizes, model, progress)
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
        _attrs(seed, truth, sizes, model),
    )


def culture_false_alarms(
    seed: int,
    *,
    cultures: int = 60,
    learning_rate: float = 0.0,
    sessions: int = 12,
    trials_per_session: int = 128,
    model: Canonical | None = None,
    progress: Progress | None = None,
    **knobs: Any,
) -> xr.Dataset:
    """Simulate whole cultures that do not learn, spike by spike, and look for plasticity.

    Nothing of how these recordings come about is in the model: electrodes with counts of spikes,
    gains that drift, fluctuations that electrodes share. They are normalised causally.

    Parameters
    ----------
    seed : int
        The first culture's; the others follow.
    cultures : int
        How many.
    learning_rate : float
        As in `canonica.simulate.culture`; above 0 these are no false alarms.
    sessions, trials_per_session : int
        Sizes; the same trials come in every session, and ten sessions are initial.
    model, progress
        As in `plasticity_calibration`.
    **knobs
        As in `canonica.simulate.culture`.

    Returns
    -------
    xarray.Dataset
        `log_evidence` in nats, `probability_plastic`, `fit_unfinished` in nats (culture), of the
        cultures that can be normalised. Attributes: settings, versions, and `left_out`, how many
        cannot.

    Raises
    ------
    CanonicaError
        If a size is out of its range.
    """
    model = model or Canonical()
    protocol = PublishedProtocol()
    _check(seed, cultures=cultures, trials_per_session=trials_per_session, sessions=sessions)
    if sessions <= protocol.initial_sessions:
        raise CanonicaError(
            f"sessions: found {sessions}; expected more than the {protocol.initial_sessions} "
            "initial ones."
        )
    found, number = [], []
    for one in range(seed, seed + cultures):
        recording = culture(
            one,
            learning_rate=learning_rate,
            repeated=True,
            sessions=sessions,
            trials_per_session=trials_per_session,
            **knobs,
        )
        (reduced,) = normalised([recording], protocol)
        if not isinstance(reduced, RecordingError):
            found.append(_found(reduced.known(protocol.initial_sessions), model))
            number.append(one)
        if progress is not None:
            progress(one + 1 - seed, cultures)
    attrs = {
        "seed": seed,
        "simulated_learning_rate": learning_rate,
        **{f"simulated_{name}": value for name, value in knobs.items()},
        "sessions": sessions,
        "trials_per_session": trials_per_session,
        "left_out": cultures - len(number),
    }
    return xr.Dataset(
        _evidences(found, ("culture",), (len(number),)),
        {"culture": number},
        attrs | _settings(model),
    )


def detection_summary(found: xr.Dataset) -> xr.Dataset:
    """Return how often the evidence for plasticity is clear.

    Parameters
    ----------
    found : xarray.Dataset
        As `plasticity_detection` or `culture_false_alarms` returns it.

    Returns
    -------
    xarray.Dataset
        `power` (memory, strength) and `false_alarms` of the former, `clear_share` of the latter:
        shares of recordings; each with `..._interval` (end), the exact 95 % confidence interval.

    References
    ----------
    Clopper & Pearson, Biometrika 26:404, 1934.

    Examples
    --------
    >>> none = xr.Dataset({"frozen_log_evidence": ("frozen_draw", [-1.0, 0.0])}, attrs={"clear": 3})
    >>> detection_summary(none).false_alarms.item()
    0.0
    """
    over = {
        "log_evidence": ("power", "draw")
        if "strength" in found.dims
        else ("clear_share", "culture"),
        "frozen_log_evidence": ("false_alarms", "frozen_draw"),
    }
    summary: dict[str, xr.DataArray] = {}
    for name, (said, dim) in over.items():
        if name in found:
            clear = found[name] >= found.attrs["clear"]
            summary[said] = clear.mean(dim)
            summary[f"{said}_interval"] = _interval(clear.sum(dim), clear.sizes[dim])
    if not summary:
        _check_study(found, "plasticity_detection", "log_evidence")
    return xr.Dataset(summary, {"end": ["low", "high"]}, found.attrs)


def _posteriors(
    seed: int,
    truths: Sequence[Truth],
    sizes: _Sizes,
    model: Canonical,
    progress: Progress | None,
) -> list[_Found]:
    """Return the posterior of one recording of each truth."""
    found = []
    for number, truth in enumerate(truths):
        known, _ = simulated_known(
            jax.random.fold_in(jax.random.key(seed), number),
            truth,
            sessions=sizes.initial_sessions,
            initial=sizes.initial_sessions,
            trials=sizes.trials_per_session,
            inputs=sizes.inputs,
            adaptive=model.adaptive_thresholds,
        )
        found.append(_found(known, model))
        if progress is not None:
            progress(number + 1, len(truths))
    return found


def _found(known: Known, model: Canonical) -> _Found:
    found, strengths = model.posterior(known)
    evidence = Evidence.of(found.log_evidence.sum(axis=-1), strengths, model.memories)
    cumulative = np.append(0, np.cumsum(evidence.posterior.sum(axis=0)[::-1]))
    near = evidence.log_likelihood > evidence.log_likelihood.max() - NEAR
    return _Found(
        evidence.log_bayes_factor,
        evidence.probability_plastic,
        _edges(np.log(strengths[::-1])),
        cumulative,
        float(found.newton_decrement.sum(axis=-1)[near].max()),
    )


def _edges(centre: Float[np.ndarray, " cell"]) -> Float[np.ndarray, " edge"]:
    """Return the edges of cells of one width."""
    half = (centre[1] - centre[0]) / 2
    return np.append(centre[0] - half, centre + half)


def _strength_range(sizes: _Sizes, model: Canonical) -> tuple[float, float]:
    """Return the smallest and the largest prior strength of the model's grid."""
    trials = sizes.initial_sessions * sizes.trials_per_session
    return trials / model.strongest_plasticity, trials / model.weakest_plasticity


def _truth(generator: np.random.Generator, truth: Truth, sizes: _Sizes, model: Canonical) -> Truth:
    """Return a truth with a plasticity drawn from the model's prior, given that there is any."""
    edges = _edges(np.log(np.geomspace(*_strength_range(sizes, model), model.rates)))
    return truth._replace(
        prior_strength=float(np.exp(generator.uniform(edges[0], edges[-1]))),
        memory=float(generator.choice(model.memories)),
    )


def _of_strength(found: xr.Dataset) -> dict[str, Any]:
    median = found["prior_strength"].sel(quantile=0.5).to_numpy()
    error = np.log(median / found["true_prior_strength"].to_numpy())
    rank = found["rank"].to_numpy()
    count, _ = np.histogram(rank, RANK_BINS, (0, 1))
    level = np.asarray(LEVEL)
    inside = np.abs(rank[:, None] - 0.5) <= level / 2
    return {
        "bias": error.mean(),
        "spread": error.std(),
        "coverage": ("level", inside.mean(axis=0)),
        "coverage_error": ("level", np.sqrt(level * (1 - level) / len(rank))),
        "rank_count": ("bin", count),
        "rank_chi_square_p": stats.chisquare(count).pvalue,
        "rank_kolmogorov_smirnov_p": stats.kstest(rank, "uniform").pvalue,
    }


def _of_probability(found: xr.Dataset) -> dict[str, Any]:
    said = found["probability_plastic"].to_numpy().ravel()
    true = np.repeat(np.asarray(KINDS) == KINDS[0], found.sizes["draw"])
    order = np.argsort(said)
    groups = np.array_split(order, min(GROUPS, len(order)))
    variance = said * (1 - said)
    # Of the Brier score less what it is expected to be, and its variance.
    surprise = ((true - said) * (1 - 2 * said)).sum()
    deviation = np.sqrt(((1 - 2 * said) ** 2 * variance).sum())
    return {
        "predicted": ("group", [said[group].mean() for group in groups]),
        "observed": ("group", [true[group].mean() for group in groups]),
        "observed_error": (
            "group",
            [np.sqrt(variance[group].sum()) / len(group) for group in groups],
        ),
        "brier": ((true - said) ** 2).mean(),
        "brier_expected": variance.mean(),
        "brier_p": 2 * stats.norm.sf(abs(surprise) / deviation),
    }


def _evidences(
    found: Sequence[_Found], dims: tuple[str, ...], shape: tuple[int, ...]
) -> dict[str, Any]:
    """Return what all recordings have, as variables."""
    nats = {"units": "nat"}
    parts = {
        "log_evidence": ([one.log_evidence for one in found], nats),
        "probability_plastic": ([one.probability_plastic for one in found], {"units": "1"}),
        "fit_unfinished": ([one.unfinished for one in found], nats),
    }
    return {
        name: (dims, np.reshape(values, shape), units) for name, (values, units) in parts.items()
    }


def _interval(clear: xr.DataArray, number: int) -> xr.DataArray:
    """Return the exact 95 % confidence interval of shares."""
    k = clear.to_numpy()
    low = np.where(k > 0, stats.beta.ppf(0.025, np.maximum(k, 1), number - k + 1), 0.0)
    rest = np.maximum(number - k, 1)
    high = np.where(k < number, stats.beta.ppf(0.975, k + 1, rest), 1.0)
    return xr.DataArray(np.stack([low, high], axis=-1), clear.coords, (*clear.dims, "end"))


def _attrs(seed: int, truth: Truth, sizes: _Sizes, model: Canonical) -> dict[str, Any]:
    deviations = {
        f"true_{name}_deviation": float(np.sqrt(variance))
        for name, variance in truth.variances._asdict().items()
    }
    noise = {"true_scale": truth.scale, "true_silent_scale": truth.silent_scale}
    offset = {"true_offset_deviation": OFFSET_DEVIATION}
    return {"seed": seed} | sizes._asdict() | deviations | offset | noise | _settings(model)


def _settings(model: Canonical) -> dict[str, Any]:
    settings: Mapping[str, Any] = asdict(model)
    plain = {
        name: int(value) if isinstance(value, bool) else value
        for name, value in settings.items()
        if name != "draws"
    }
    return {"clear": CLEAR, "prior_plastic": PRIOR_PLASTIC} | plain | versions()


def _check(seed: int, **sizes: int) -> None:
    if seed < 0:
        raise CanonicaError(f"seed: found {seed}; expected 0 or more.")
    for name, size in sizes.items():
        if size < 1:
            raise CanonicaError(f"{name}: found {size}; expected at least 1.")


def _check_study(found: xr.Dataset, maker: str, variable: str) -> None:
    if not isinstance(found, xr.Dataset) or variable not in found:
        raise CanonicaError(f"found: expected the dataset that {maker} returns.")
