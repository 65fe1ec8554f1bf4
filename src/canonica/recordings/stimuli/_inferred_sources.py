"""Sources that were not recorded, inferred from the stimuli alone: two groups that switch together.

Each of two independent sources drives a group of inputs of its own, and with mixing some of the
other's, too [PC15]. Inputs of one group agree more often than inputs of two, whatever the network
does: no response is looked at.

References
----------
[PC15] Isomura, Kotani & Jimbo, PLoS Comput. Biol. 11(12), 2015: the experiment.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from canonica._errors import RecordingError, how_many, listed

INFERRED = "sources_inferred"  # attribute of a recording: how its sources were found
GROUPS = 2
CERTAIN = 6.0  # standard errors by which inputs of one group must agree more than those of two
NAMED = 64
STATES = np.array([[1, 1], [1, 0], [0, 1], [0, 0]], np.float64)


@dataclass(frozen=True, eq=False)
class InferredSources:
    """The two sources that stimuli were probably mixed from.

    Parameters
    ----------
    sources : (trial, source)
        0/1: the most probable state of both in each trial, as likely beforehand as any other.
    group : (input,)
        The source that mostly drives each input, 1 or 2; 0 for an input that never changes.
    mixing : float
        The probability that an input copies its own source, estimated.
    """

    sources: Float[np.ndarray, "trial source"]
    group: Int[np.ndarray, " input"]
    mixing: float


def inferred_sources(stimuli: Float[np.ndarray, "trial input"], source: str) -> InferredSources:
    """Return the sources that stimuli were mixed from, and which inputs each of them drives.

    Source 1 is that of the first input: which is which cannot be told.

    Parameters
    ----------
    stimuli : (trial, input)
        0/1.
    source : str
        Where they are from, for messages.

    Raises
    ------
    RecordingError
        If they do not fall into two groups.
    """
    from scipy.cluster.hierarchy import fcluster, linkage  # noqa: PLC0415
    from scipy.spatial.distance import squareform  # noqa: PLC0415

    changing = np.flatnonzero((stimuli != stimuli[0]).any(axis=0))
    if len(changing) < 2 * GROUPS:
        raise _no_groups(
            source, how_many(len(changing), "input that changes", "inputs that change")
        )
    agreement = np.corrcoef(stimuli[:, changing].T)
    distance = squareform(1 - agreement, checks=False)
    of_changing = fcluster(linkage(distance, "average"), GROUPS, criterion="maxclust")
    own = of_changing == of_changing[0]
    within, between = _mean_agreements(agreement, own)
    pairs = len(changing) ** 2 / 2
    error = 1 / np.sqrt(len(stimuli) * min(pairs, len(changing)))
    if own.all() or min(own.sum(), (~own).sum()) < GROUPS or within - between < CERTAIN * error:
        raise _no_groups(
            source, f"correlations of {within:.2g} within groups and {between:.2g} between"
        )
    group = np.zeros(stimuli.shape[1], int)
    group[changing] = np.where(own, 1, 2)
    mixing = (1 + np.sqrt(min(within - between, 1.0))) / 2
    return InferredSources(_most_probable(stimuli, group, mixing), group, float(mixing))


def with_inferred_sources(recording: xr.Dataset) -> xr.Dataset:
    """Return a recording with sources inferred from its stimuli, and marked so.

    A recording that has sources comes back as it is.

    Raises
    ------
    RecordingError
        If its stimuli do not fall into two groups.
    """
    if "sources" in recording:
        return recording
    stimuli = recording["stimuli"].to_numpy()
    found = inferred_sources(stimuli, str(recording.attrs["origin"]))
    sizes = " and ".join(str(int((found.group == number).sum())) for number in (1, 2))
    first = listed(np.flatnonzero(found.group == 1) + 1, NAMED)
    told = (
        f"sources inferred from the stimuli alone: groups of {sizes} inputs, the first of inputs "
        f"{first}; mixing {found.mixing:.2f}"
    )
    sources = xr.DataArray(
        found.sources,
        dims=("trial", "source"),
        attrs={"units": "1", "long_name": "hidden source, inferred from the stimuli"},
    )
    numbered = recording.assign(sources=sources).assign_coords(source=[1, 2])
    reading = f"{recording.attrs.get('reading', '')}; {told}".removeprefix("; ")
    return numbered.assign_attrs({INFERRED: told, "reading": reading})


def _mean_agreements(agreement: np.ndarray, own: np.ndarray) -> tuple[float, float]:
    """Return the mean correlation of two inputs of one group, and of two groups."""
    same = own[:, None] == own
    np.fill_diagonal(same, val=False)
    other = own[:, None] != own
    within = float(agreement[same].mean()) if same.any() else 0.0
    between = float(agreement[other].mean()) if other.any() else 0.0
    return within, between


def _most_probable(stimuli: np.ndarray, group: np.ndarray, mixing: float) -> np.ndarray:
    """Return the state of both sources that makes each trial's stimuli most probable."""
    edge = 1 / (2 * len(stimuli))  # no certainty beyond what so many trials can tell
    own = np.where(group == 1, 0, 1)
    state = STATES[:, own], STATES[:, 1 - own]
    on = np.clip(mixing * state[0] + (1 - mixing) * state[1], edge, 1 - edge)
    counted = group > 0
    odds = np.log(on / (1 - on))[:, counted]
    likelihood = stimuli[:, counted] @ odds.T + np.log(1 - on)[:, counted].sum(axis=1)
    return STATES[likelihood.argmax(axis=1)]


def _no_groups(source: str, found: str) -> RecordingError:
    return RecordingError(
        source,
        "stimuli",
        found=found,
        expected="two groups of inputs, each of which switches together",
        advice="Record the sources with the stimuli, or leave --infer-sources out.",
    )
