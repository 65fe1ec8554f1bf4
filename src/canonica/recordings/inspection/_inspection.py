"""A look at a recording before the work: what in it could mislead, and what to do about it.

Each check is one function, listed in CHECKS: a recording in, what it found out.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import how_many, listed
from canonica.data._recording_checks import check_recording
from canonica.data._row_numbers import row_numbers
from canonica.data._spike_trains import COARSE, COARSE_TIMES, DOUBLED, OVERLAPPING, SHUFFLED
from canonica.recordings.inspection._finding import SEVERITIES, Finding
from canonica.recordings.inspection._lost_ending import lost_ending
from canonica.recordings.inspection._source_information import source_information
from canonica.recordings.inspection._validity_checks import VALIDITY_CHECKS
from canonica.recordings.stimuli._other_onsets import OTHER_ONSETS

CHANCE = 1e-6  # below this, silence is no chance
DRIFT = 2.0  # times that the mean response of the last sessions may exceed that of the first
TENTH = 10  # parts of a recording whose first and last are compared
MOSTLY = 0.9  # share of electrodes that may be silent
LARGEST = (127, 255, 32_767, 65_535)  # that numbers of 8 and 16 bits hold; more is cut at it
DIFFERENT = 3  # values above 0, and ...
RESPONSES = 20  # ... so many responses in all, that have a common factor by no chance
SEVERAL = 3  # inputs of which it is odd that no two come together
SHOWN = 4  # groups of equal columns
FEW_SPIKES = 1 << 16  # below this, whole numbers are looked up rather than sorted
SLOW = 60.0  # seconds between stimuli that look more like milliseconds


@checked_arguments
def inspect(recording: xr.Dataset) -> list[Finding]:
    """Return what should be known about a recording before it is analysed.

    Parameters
    ----------
    recording : xarray.Dataset
        As `canonica.read` returns it.

    Returns
    -------
    list of Finding
        The worst first.

    Raises
    ------
    CanonicaError
        If an argument is not of the kind that the signature says.

    Examples
    --------
    >>> import numpy as np
    >>> from canonica.recordings import recording
    >>> source = np.arange(64)[:, None] % 2
    >>> dull = recording(source, np.hstack([source**0, source]), source, session=1)
    >>> [finding.what for finding in inspect(dull) if finding.severity == "warning"]
    ['input 1 never changes']
    """
    check_recording(recording, sources=False)
    recording = recording.transpose("trial", ...)
    found = [finding for check in CHECKS for finding in check(recording)]
    return sorted(found, key=lambda finding: -SEVERITIES.index(finding.severity))


def _silence(recording: xr.Dataset) -> Iterator[Finding]:
    responses = recording["responses"].to_numpy()
    if not responses.any():
        slow = "onset" in recording.coords and _median_interval(recording) > SLOW
        yield Finding(
            "unusable",
            "no spike in any response window",
            "there is nothing to analyse",
            "Stimuli are more than a minute apart: give times in seconds, not milliseconds."
            if slow
            else f"Onsets may be in {others}: --onset COLUMN."
            if (others := recording.attrs.get(OTHER_ONSETS))
            else "Check the window (--window), and that spikes and stimuli have the same clock.",
        )
        return
    silent = np.asarray(~responses.any(axis=0))
    if silent.mean() > MOSTLY:
        yield Finding(
            "warning",
            f"{silent.sum()} of {how_many(silent.size, 'electrode')} "
            f"{'is' if silent.sum() == 1 else 'are'} silent",
            "few electrodes are left for the ensembles",
            "Check which electrodes were recorded, and the window (--window).",
        )


def _median_interval(recording: xr.Dataset) -> float:
    onsets = recording["onset"].to_numpy()
    return float(np.median(np.diff(onsets))) if len(onsets) > 1 else 0.0


def _dead_stretch(recording: xr.Dataset) -> Iterator[Finding]:
    """Find the longest run of trials without any spike, where chance makes none such."""
    quiet = np.asarray(~recording["responses"].to_numpy().any(axis=1))
    if quiet.all() or not quiet.any():
        return
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - begins))
    begin, end = int(begins[longest]), int(ends[longest])
    elsewhere = quiet.size - (end - begin)
    share = (quiet.sum() - (end - begin) + 1) / (elsewhere + 2)  # of quiet trials elsewhere
    if quiet.size * share ** (end - begin) < CHANCE:
        session = recording["session"].to_numpy()
        first, last = session[begin], session[end - 1]
        sessions = f"session {first}" if first == last else f"sessions {first} to {last}"
        yield Finding(
            "warning",
            f"no electrode fires in trials {begin + 1} to {end} ({sessions})",
            "the recording was interrupted, or the whole culture paused; all of this counts as 0",
            "Leave sessions out of which this takes more than a small part.",
        )


def _drift(recording: xr.Dataset) -> Iterator[Finding]:
    mean = recording["responses"].to_numpy().mean(axis=1)
    session = recording["session"].to_numpy()
    sessions = np.unique(session)
    if len(sessions) < 2:  # noqa: PLR2004
        return
    part = max(1, len(sessions) // TENTH)
    first = mean[session <= sessions[part - 1]].mean()
    last = mean[session >= sessions[-part]].mean()
    low, high = sorted((first, last))
    if high > DRIFT * low:
        yield Finding(
            "warning",
            f"the mean response goes from {first:.2g} to {last:.2g} spikes, first to last sessions",
            "the published protocol takes shifts of the mean out, session by session, so that it "
            "neither shows nor uses this",
            "Check the electrodes and the culture's health over time.",
        )


def _saturation(recording: xr.Dataset) -> Iterator[Finding]:
    responses = recording["responses"].to_numpy()
    largest = responses.max()
    if largest in LARGEST:
        bits = int(np.ceil(np.log2(largest)))
        yield Finding(
            "warning",
            f"{how_many(np.count_nonzero(responses == largest), 'response')} of "
            f"just {largest:g} spikes, none "
            "above",
            f"counts may have been cut at the largest number that {bits} bits hold",
            "Export the counts with a larger type.",
        )


def _no_counts(recording: xr.Dataset) -> Iterator[Finding]:
    """Find responses that are rates, means or anything else than numbers of spikes."""
    responses = recording["responses"].to_numpy()
    if np.count_nonzero(responses) < RESPONSES:
        return
    values = _different_values(responses)
    factor = _common_factor(values[values > 0])
    meaning = (
        "the published protocol takes them for spikes: an electrode is active above 1, and has a "
        "preference above 0.5"
    )
    if factor is not None:
        yield Finding(
            "warning",
            f"all responses are multiples of {factor:g}, as rates and means are",
            meaning,
            f"Give counts: these, divided by {factor:g}.",
        )
    elif (values % 1 != 0).any():
        share = np.count_nonzero(responses % 1 != 0) / responses.size
        yield Finding(
            "warning",
            f"{share:.0%} of responses are no whole numbers",
            meaning,
            "Give counts of spikes, neither smoothed nor normalised.",
        )


def _different_values(responses: np.ndarray) -> np.ndarray:
    """Return all values that occur, rising; column by column, for the sake of memory."""
    return np.unique(np.concatenate([_values_of(column) for column in responses.T]))


def _values_of(column: np.ndarray) -> np.ndarray:
    """Return the values that occur in a column, rising; linear for numbers of spikes."""
    if column.min() >= 0 and column.max() < FEW_SPIKES:  # neither of NaN
        whole = column.astype(np.int64)
        if (whole == column).all():
            return np.flatnonzero(np.bincount(whole))
    return np.unique(column)


def _common_factor(values: np.ndarray) -> float | None:
    """Return the number other than 1 that all values, rising, are whole multiples of, if any."""
    if len(values) < DIFFERENT:
        return None
    if (values % 1 == 0).all():
        factor = float(np.gcd.reduce(values.astype(np.int64)))
        return factor if factor > 1 else None
    for parts in range(1, DIFFERENT + 1):
        multiples = values / (values[0] / parts)
        if np.allclose(multiples, np.round(multiples), rtol=1e-6, atol=1e-6):
            return float(values[0] / parts)
    return None


def _copied_electrodes(recording: xr.Dataset) -> Iterator[Finding]:
    groups = _equal_columns(recording["responses"].to_numpy())
    if groups:
        yield Finding(
            "warning",
            f"electrodes {_shown(groups)} record exactly the same",
            "what one neuron does counts twice",
            "Leave copies out.",
        )


def _inputs(recording: xr.Dataset) -> Iterator[Finding]:
    stimuli = recording["stimuli"].to_numpy()
    constant = np.flatnonzero((stimuli == stimuli[0]).all(axis=0)) + 1
    if len(constant):
        yield Finding(
            "unusable" if len(constant) == stimuli.shape[1] else "warning",
            f"input {listed(constant)} never changes",
            "nothing can be learned about its synapses: their weights only follow activity",
            "Leave this input out, or check the stimuli.",
        )
    alone = stimuli.shape[1] >= SEVERAL and (stimuli.sum(axis=1) == 1).all()
    if alone:
        yield Finding(
            "warning",
            f"every trial has just one of {how_many(stimuli.shape[1], 'input')} on",
            "there is nothing to separate, as no two inputs ever come together",
            "If numbers of inputs are codes of several, write a column of 0 and 1 for each input.",
        )
    groups = _equal_columns(stimuli)
    if groups:
        yield Finding(
            "warning",
            f"inputs {_shown(groups)} are always equal",
            "their weights cannot be told apart, and each counts as if it were news",
            "With unmixed sources that is as it should be; else check the stimuli.",
        )


def _sources(recording: xr.Dataset) -> Iterator[Finding]:
    if "sources" not in recording:
        yield Finding(
            "unusable",
            "no sources",
            "ensembles are told apart by the sources they respond to",
            "Name the columns with the sources (--sources); or infer them from the stimuli "
            "(--infer-sources); or bring the mean responses of "
            "ensembles of your own to canonica.reverse_engineer_responses.",
        )
        return
    sources = recording["sources"].to_numpy()
    constant = np.flatnonzero((sources == sources[0]).all(axis=0)) + 1
    if len(constant):
        yield Finding(
            "unusable",
            f"source {listed(constant)} never changes",
            "no electrode can be said to prefer it",
            "Leave it out, or check the sources.",
        )
    told = source_information(recording)
    if told is not None and not told.is_any:
        yield Finding(
            "warning",
            "sources tell no more of the stimuli than chance makes of "
            f"{how_many(told.trials, 'trial')} "
            f"({told.bits:.2g} bits of each input)",
            "stimuli are mixed from sources; these have nothing to do with them, or trials are too "
            "few to show it",
            "Check that sources and stimuli are in the same order, and of the same experiment.",
        )


def _sessions(recording: xr.Dataset) -> Iterator[Finding]:
    lengths = np.unique(recording["session"].to_numpy(), return_counts=True)[1]
    alone = np.count_nonzero(lengths == 1)
    if alone and len(lengths) > 1:
        yield Finding(
            "unusable" if alone == len(lengths) else "warning",
            f"{alone} of {how_many(len(lengths), 'session')} "
            f"{'has' if alone == 1 else 'have'} one trial only",
            "nothing can be averaged in them; sessions seem to be parted between any two stimuli",
            "Give a longer gap between sessions (--session-gap), or the trials of each "
            "(--trials-per-session).",
        )
    if lengths.min() < lengths.max():
        yield Finding(
            "warning",
            f"sessions of unequal length, {lengths.min()} to {lengths.max()} trials",
            "free energy is a sum over a session's trials, so that long sessions have more of it",
            "Compare free energy per trial, or check how sessions were divided.",
        )


def _spike_times(recording: xr.Dataset) -> Iterator[Finding]:
    attrs = recording.attrs
    if attrs.get(SHUFFLED, 0):
        yield Finding(
            "warning",
            f"{how_many(attrs[SHUFFLED], 'spike time')} out of order, below the one before",
            "they were sorted, so that responses are right; in a file it is unusual",
            "If it is not meant, check how spike times were exported.",
        )
    if attrs.get(DOUBLED, 0):
        yield Finding(
            "warning",
            f"{how_many(attrs[DOUBLED], 'spike')} at the same time as another of the same train",
            "each counts, so that responses may be too large",
            "A few come from rounding; if many, check for spikes detected twice, or merged units.",
        )
    if attrs.get(OVERLAPPING, 0):
        yield Finding(
            "warning",
            f"{attrs[OVERLAPPING]} response windows begin before the one before has ended",
            "their spikes count for both stimuli",
            "Shorten the window (--window), or check the onsets.",
        )


def _coarse_times(recording: xr.Dataset) -> Iterator[Finding]:
    """Find times that are not known as finely as the window needs."""
    if COARSE not in recording.attrs:
        return
    seconds, times = float(recording.attrs[COARSE]), str(recording.attrs.get(COARSE_TIMES, "times"))
    start, stop = (float(recording.attrs[f"response_{end}"]) for end in ("start", "stop"))
    yield Finding(
        "unusable",
        f"late in the recording, times are known to {1000 * seconds:.3g} ms only ({times})",
        f"that is too coarse for a window of {1000 * (stop - start):g} ms: which spikes are in it, "
        "and so all responses, cannot be known",
        "Export the times again, as numbers of 64 bits or as text with 9 digits or more (in JAX, "
        "as NumPy arrays); or take a window ten times as wide as this (--window).",
    )


def _outside(recording: xr.Dataset) -> Iterator[Finding]:
    if "onset" not in recording.coords or "last_spike" not in recording.attrs:
        return
    onsets = recording["onset"].to_numpy()
    first, last = recording.attrs["first_spike"], recording.attrs["last_spike"]
    interval = max(_median_interval(recording), 1.0)
    outside = np.count_nonzero((onsets > last + interval) | (onsets < first - interval))
    if outside:
        yield Finding(
            "warning",
            f"{outside} stimuli before the first or after the last spike "
            f"({first:g} and {last:g} s)",
            "their responses are empty because nothing was recorded, not because nothing was there",
            "Leave these trials out, or check that spikes and stimuli have the same clock.",
        )


def _repeats(recording: xr.Dataset) -> Iterator[Finding]:
    lengths = np.unique(recording["session"].to_numpy(), return_counts=True)[1]
    stimuli = recording["stimuli"].to_numpy()
    if len(lengths) > 1 and lengths.min() == lengths.max():
        folded = stimuli.reshape(len(lengths), -1)
        if (folded == folded[0]).all():
            yield Finding(
                "note",
                f"every session has the same {lengths[0]} stimuli in the same order",
                "what is learned in one is tested on the same stimuli in the next",
                "Nothing to do: the published experiment did so.",
            )
            return
    different = int(row_numbers(stimuli).max()) + 1
    yield Finding(
        "note",
        f"{how_many(different, 'stimulus', 'different stimuli')} in "
        f"{how_many(len(stimuli), 'trial')}",
        "sessions do not repeat one list",
        "Nothing to do.",
    )


def _equal_columns(values: np.ndarray) -> list[list[int]]:
    """Return groups of columns, numbered from 1, that vary and are the same in every row."""
    sums = np.array([column.sum() for column in values.T])  # equal ones are added up alike
    _, which, shared = np.unique(sums, return_inverse=True, return_counts=True)
    columns: dict[bytes, list[int]] = {}
    for index in np.flatnonzero(shared[which] > 1):
        column = values[:, index]
        if (column != column[0]).any():  # by digests: copies of all would take as much as they
            columns.setdefault(sha256(column.tobytes()).digest(), []).append(int(index) + 1)
    return [group for group in columns.values() if len(group) > 1]


def _shown(groups: list[list[int]]) -> str:
    shown = [listed(group, 4) for group in groups]
    return "; ".join(shown[:SHOWN]) + ("; ..." if len(shown) > SHOWN else "")


CHECKS: tuple[Callable[[xr.Dataset], Iterator[Finding]], ...] = (
    _coarse_times,  # first, as a cause of the others
    _silence,
    _sources,
    _inputs,
    _sessions,
    *VALIDITY_CHECKS,
    _spike_times,
    _outside,
    _dead_stretch,
    lost_ending,
    _drift,
    _saturation,
    _no_counts,
    _copied_electrodes,
    _repeats,
)
