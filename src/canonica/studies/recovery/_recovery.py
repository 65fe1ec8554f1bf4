"""What the published estimator makes of networks whose generative model is known."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import check_memory, checked_array, checked_seed, checked_size
from canonica._errors import CanonicaError
from canonica._pieces import Maker, Piece, all_made, joined_pieces, made_in_order
from canonica._provenance import versions
from canonica.reverse_engineering._protocol import protocol_named
from canonica.reverse_engineering.published_protocol._published_protocol import (
    LARGEST,
    PublishedProtocol,
)
from canonica.studies.recovery._activity import (
    GAIN_SPIKES,
    ORDINARY_SPIKES,
    SILENT_SPIKES,
    checked_noise,
)
from canonica.studies.recovery._comparison import NOMINAL
from canonica.studies.recovery._draws import RecoveryDraws
from canonica.studies.recovery._estimates import check_thresholds
from canonica.studies.recovery._labelled import labelled
from canonica.studies.recovery._networks import Sizes
from canonica.studies.recovery._prior import Range

DRAWS_AT_ONCE = 16  # bounds memory, whatever their number


@checked_arguments
def recovery(
    seed: int,
    *,
    draws: int = 1000,
    sessions: int = 20,
    trials_per_session: int = 256,
    inputs: int = 32,
    sources: int = 2,
    noise: Sequence[float] = (0.0, 0.2, 0.5),
    state_prior: Range = (0.3, 0.7),
    prior_strength: Range = (1000.0, 10_000.0),
    mixing: Range = (0.6, 1.0),
    lean: Range = (0.005, 0.02),
    protocol: str | PublishedProtocol = "published",
    maker: Maker = made_in_order,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Draw networks from a prior, simulate them, reverse-engineer them, and keep both sides.

    Each network is a canonical encoder whose weights rest within a session, as the published step
    5 has it. Its ensembles' activity is the posterior, with noise; steps 4 and 5 read threshold
    factors and synaptic strengths from it, once as it is and once after the normalisation of step
    3; and with the protocol's prior strength, with the network's own, and with all that the network
    started from. A draw does not depend on how many others there are.

    Parameters
    ----------
    seed : int
        Decides everything random; 0 or more.
    draws : int
        Networks.
    sessions, trials_per_session, inputs, sources : int
        Sizes of each simulated experiment; every trial has fresh stimuli.
    noise : sequence of float
        From 0 to 1: variance of the activity around the posterior s, as a share of the largest
        there is, ``s (1 - s)``. 0 is the posterior itself, 1 a coin with that probability, in
        between a Beta distribution with that mean.
    state_prior : (float, float)
        Limits of D[1], uniform, drawn for each source.
    prior_strength : (float, float)
        Limits of the initial counts of every column, log-uniform.
    mixing : (float, float)
        Limits of the probability that an input copies the source of its block, uniform.
    lean : (float, float)
        Limits of how far initial expectations lean towards the own source, uniform; see
        `canonica.simulate.initial_counts`. The estimator takes it for 0.
    protocol : str or PublishedProtocol, optional
        As in `reverse_engineer`.
    maker, progress
        Who makes its pieces, and may keep them; who is told how many draws are done, and of how
        many.

    Returns
    -------
    xarray.Dataset
        The networks: `state_prior` (draw, ensemble), `prior_strength`, `mixing`, `lean` (draw),
        `true_threshold_factor` (draw, level, ensemble), `true_strength` (draw, level, ensemble,
        input), the sigmoid of the weights of the last session; `mean_posterior` (draw, ensemble).
        The estimates, which have further dimensions `noise`, `activity` (as it is or normalised)
        and `assumed` (what the initial counts are taken for): `threshold_factor`,
        `threshold_factor_standard_error` (draw, noise, activity, level, ensemble) and `strength`
        (draw, noise, activity, assumed, level, ensemble, input); and of the strengths of each draw
        `strength_bias`, `strength_spread`, `strength_slope` (draw, noise, activity, assumed) and
        `strength_coverage`, which also depends on the `interval`: the Beta posterior that the
        counts imply, or what noise of the size of the residuals does to the sums. No units: all
        are probabilities, their logarithms or counts. Attributes: settings and versions.

    Raises
    ------
    CanonicaError
        If a size or a limit is out of its range, or a network's ensemble saturates.

    See Also
    --------
    recovery_summary : Bias, spread, slope and coverage over all draws.

    References
    ----------
    [NC23] Isomura, Kotani, Jimbo & Friston, Nature Communications 14:4547, 2023, Methods.

    Examples
    --------
    >>> found = recovery(0, draws=4, sessions=12, trials_per_session=32, noise=[0.0])
    >>> found.strength.dims[:4]
    ('draw', 'noise', 'activity', 'assumed')
    """
    chosen = protocol_named(protocol)
    sizes = Sizes(sessions, trials_per_session, inputs, sources)
    limits = {
        "state_prior": state_prior,
        "prior_strength": prior_strength,
        "mixing": mixing,
        "lean": lean,
    }
    _check(seed, draws, sizes, limits, chosen)
    shares = checked_noise(noise)
    study = RecoveryDraws(seed, sizes, limits, shares, chosen)
    # All chunks are of one size, to be compiled once; the last one repeats its last draw.
    size = min(draws, DRAWS_AT_ONCE)
    chunks = [range(draws)[start : start + size] for start in range(0, draws, size)]
    pieces = [
        Piece(
            study.decided_by | {"draws": list(chunk), "size": size},
            partial(study.compared, chunk, size),
            len(chunk),
        )
        for chunk in chunks
    ]
    found = joined_pieces(all_made(pieces, maker, progress))
    check_thresholds(found["threshold_factor"])
    attrs = {"seed": seed} | sizes._asdict() | simulation_settings(limits)
    drawn = study.drawn(range(draws))
    return labelled(drawn, found, shares, attrs | chosen.settings | versions())


def simulation_settings(limits: Mapping[str, Range]) -> dict[str, Any]:
    settings = {f"simulated_{name}": [float(end) for end in ends] for name, ends in limits.items()}
    return settings | {
        "simulated_silent_spikes": SILENT_SPIKES,
        "simulated_gain_spikes": GAIN_SPIKES,
        "baseline": ORDINARY_SPIKES,
        "nominal_coverage": NOMINAL,
    }


def _check(
    seed: int,
    draws: int,
    sizes: Sizes,
    limits: Mapping[str, Range],
    protocol: PublishedProtocol,
) -> None:
    checked_seed(seed)
    lowest = {
        "draws": (draws, 1),
        "sources": (sizes.sources, 1),
        "inputs": (sizes.inputs, sizes.sources),
        "trials_per_session": (sizes.trials_per_session, 1),
        "sessions": (sizes.sessions, protocol.initial_sessions + 1),
    }
    for name, (value, least) in lowest.items():
        checked_size(name, value, least=least)
    at_once = min(draws, DRAWS_AT_ONCE) * sizes.sessions * sizes.trials_per_session
    check_memory({"stimuli": at_once * sizes.inputs})
    allowed = {
        "state_prior": (1e-6, 1 - 1e-6),
        "prior_strength": (1e-6, LARGEST),
        "mixing": (0.0, 1.0),
        "lean": (0.0, 0.2499),
    }
    for name, ends in limits.items():
        least, most = allowed[name]
        found = checked_array(name, ends, dims=["end"], lowest=least, highest=most)
        if len(found) != 2 or found[0] > found[1]:  # noqa: PLR2004
            raise CanonicaError(f"{name}: found {ends}; expected two limits, the lower one first.")
