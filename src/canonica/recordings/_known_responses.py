"""Responses that are known, and what becomes of the others: no response is 0 for want of looking.

A recording holds no NaN. Trials in which nothing was known go first; then, as the user chooses,
electrodes with a response that is not known, or trials with one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Bool

from canonica._errors import RecordingError, how_many, listed
from canonica.data._spike_trains import SpikeTrains
from canonica.recordings._reading import Unobserved

UNKNOWN_RESPONSES = "unknown_responses"  # attributes of a recording: how many there were,
COUNTED_UNKNOWN = "unknown_responses_counted"  # whether they count as they are,
TRIALS_LEFT_OUT = "unobserved_trials_left_out"  # how many trials they took along,
ELECTRODES_LEFT_OUT = "unobserved_electrodes_left_out"  # and which electrodes
INVALID_TRIALS = "invalid_trials"  # how many trials are in times that the file calls invalid,
COUNTED_INVALID = "invalid_trials_counted"  # and whether they count all the same
MISSING_SESSIONS = "missing_sessions"  # files of an experiment that could not be read
NAMED = 20  # electrodes that are named one by one


@dataclass(frozen=True, eq=False)
class KnownResponses:
    """The trials and electrodes that stay, and what to say of the others.

    Parameters
    ----------
    trials : (trial,)
        Which trials stay.
    electrodes : (electrode,)
        Which electrodes stay.
    attrs : dict
        What a recording keeps of the others.
    description : tuple of str
        The same in words, for the attribute `reading`.
    """

    trials: Bool[np.ndarray, " trial"]
    electrodes: Bool[np.ndarray, " electrode"]
    attrs: dict[str, Any] = field(default_factory=dict)
    description: tuple[str, ...] = ()

    @property
    def all(self) -> bool:
        """Whether all trials and electrodes stay."""
        return bool(self.trials.all() and self.electrodes.all())


def known_responses(
    unknown: Bool[np.ndarray, "trial electrode"],
    *,
    invalid: Bool[np.ndarray, " trial"],
    keep_invalid: bool,
    unobserved: Unobserved,
    electrodes: Sequence[str],
    source: str,
) -> KnownResponses:
    """Return what stays of a recording, some of whose responses are not known.

    Parameters
    ----------
    unknown : (trial, electrode)
        Which responses are not known.
    invalid : (trial,)
        Which trials are in times that are called invalid.
    keep_invalid : bool
        Whether they stay all the same.
    unobserved : "electrodes", "trials" or "zero"
        Which to leave out for a response that is not known: its electrode, its trial, or nothing,
        so that it counts the spikes that are there. Trials in which no response at all is known
        are left out in the first two cases.
    electrodes : sequence of str
        What the electrodes are called; none for 1, 2 ...
    source : str
        The file, for messages.

    Raises
    ------
    RecordingError
        If nothing stays.
    """
    trials = np.ones(len(invalid), bool) if keep_invalid else ~invalid
    attrs: dict[str, Any] = {}
    said: list[str] = []
    if invalid.any():
        attrs |= {INVALID_TRIALS: int(invalid.sum())}
        attrs |= {COUNTED_INVALID: 1} if keep_invalid else {}
        said.append(
            f"{how_many(invalid.sum(), 'trial')} in invalid times {_fate(kept=keep_invalid)}"
        )
    if not trials.any():
        raise _nothing_left(source, "every trial in times that the file calls invalid", "keep")
    staying = np.ones(unknown.shape[1], bool)
    missing = int(unknown[trials].sum())
    if missing:
        attrs[UNKNOWN_RESPONSES] = missing
        said.append(f"{how_many(missing, 'response')} not known")
        if unobserved == "zero":
            attrs[COUNTED_UNKNOWN] = 1
            said[-1] += " counts as it is" if missing == 1 else " count as they are"
        else:
            taken = unknown.any(axis=1) if unobserved == "trials" else unknown.all(axis=1)
            left = trials & ~taken
            staying = np.asarray(~unknown[left].any(axis=0))
            if not left.any() or not staying.any():
                raise _nothing_left(
                    source, f"{how_many(missing, 'response')} not known", unobserved
                )
            attrs |= _left_out(int((trials & ~left).sum()), staying, electrodes)
            said[-1] += f": {_told(attrs)} left out"
            trials = left
    return KnownResponses(trials, staying, attrs, tuple(said))


def part_of(
    trains: SpikeTrains,
    trials: Bool[np.ndarray, " trial"],
    electrodes: Bool[np.ndarray, " electrode"],
) -> SpikeTrains:
    """Return spike trains of these trials and electrodes only."""
    kept = [train for train, stays in zip(trains, electrodes, strict=True) if stays]
    truth = trains.truth
    if truth is not None:
        masks = {"trial": trials, "electrode": electrodes}
        truth = truth.isel({dim: mask for dim, mask in masks.items() if dim in truth.dims})
    names = trains.electrodes or tuple(str(number + 1) for number in range(len(trains)))
    return replace(
        trains,
        times=np.concatenate(kept),
        bounds=np.cumsum([0, *map(len, kept)], dtype=np.int64),
        onsets=trains.onsets[trials],
        stimuli=trains.stimuli[trials],
        sources=None if trains.sources is None else trains.sources[trials],
        session=trains.session[trials],
        electrodes=tuple(name for name, stays in zip(names, electrodes, strict=True) if stays),
        truth=truth,
    )


def _fate(*, kept: bool) -> str:
    return "count all the same" if kept else "left out"


def _left_out(trials: int, staying: np.ndarray, electrodes: Sequence[str]) -> dict[str, Any]:
    attrs: dict[str, Any] = {TRIALS_LEFT_OUT: trials} if trials else {}
    gone = np.flatnonzero(~staying)
    if len(gone):
        names = [electrodes[number] if electrodes else str(number + 1) for number in map(int, gone)]
        attrs[ELECTRODES_LEFT_OUT] = f"{len(gone)} of {len(staying)} ({listed(names, NAMED)})"
    return attrs


def _told(attrs: dict[str, Any]) -> str:
    parts = []
    if TRIALS_LEFT_OUT in attrs:
        parts.append(how_many(attrs[TRIALS_LEFT_OUT], "trial"))
    if ELECTRODES_LEFT_OUT in attrs:
        parts.append(f"electrodes {attrs[ELECTRODES_LEFT_OUT]}")
    return " and ".join(parts)


def _nothing_left(source: str, found: str, choice: str) -> RecordingError:
    advice = {
        "keep": "If they are to count all the same: --invalid-times keep.",
        "electrodes": "No electrode has all of its responses. Leave out trials instead "
        "(--unobserved trials), or count what is there (--unobserved zero).",
        "trials": "No trial has all of its responses. Leave out electrodes instead "
        "(--unobserved electrodes), or count what is there (--unobserved zero).",
    }
    return RecordingError(
        source,
        "responses",
        found=found,
        expected="responses that are known, in some trials of some electrodes",
        advice=advice[choice],
    )
