"""Checks of a recording against what its file says of validity: as `inspect` runs them."""

from collections.abc import Callable, Iterator

import xarray as xr

from canonica._errors import how_many
from canonica.recordings._known_responses import (
    COUNTED_INVALID,
    COUNTED_UNKNOWN,
    ELECTRODES_LEFT_OUT,
    INVALID_TRIALS,
    MISSING_SESSIONS,
    TRIALS_LEFT_OUT,
    UNKNOWN_RESPONSES,
)
from canonica.recordings._unit_labels import LABELS, LABELS_CHOSEN, doubtful
from canonica.recordings.inspection._finding import Finding
from canonica.recordings.stimuli._inferred_sources import INFERRED
from canonica.recordings.stimuli._other_onsets import OTHER_ONSETS

WHY = "their units were not observed then, or their electrodes are not in every file"


def _unknown_responses(recording: xr.Dataset) -> Iterator[Finding]:
    attrs = recording.attrs
    unknown = attrs.get(UNKNOWN_RESPONSES, 0)
    if not unknown:
        return
    if attrs.get(COUNTED_UNKNOWN):
        yield Finding(
            "warning",
            f"{how_many(unknown, 'response is', 'responses are')} not known ({WHY})",
            "they count the spikes that are there, most often 0",
            "Leave their electrodes out (--unobserved electrodes), or their trials.",
        )
        return
    parts = [
        f"electrodes {attrs[ELECTRODES_LEFT_OUT]}" if ELECTRODES_LEFT_OUT in attrs else "",
        how_many(attrs[TRIALS_LEFT_OUT], "trial") if TRIALS_LEFT_OUT in attrs else "",
    ]
    yield Finding(
        "warning",
        f"{how_many(unknown, 'response is', 'responses are')} not known ({WHY})",
        f"they were not made 0: left out were {' and '.join(part for part in parts if part)}",
        "Choose what to leave out for them: --unobserved electrodes, trials or zero.",
    )


def _invalid_times(recording: xr.Dataset) -> Iterator[Finding]:
    invalid = recording.attrs.get(INVALID_TRIALS, 0)
    if not invalid:
        return
    kept = bool(recording.attrs.get(COUNTED_INVALID))
    yield Finding(
        "warning",
        f"{how_many(invalid, 'trial')} in times that the file calls invalid",
        "they count all the same" if kept else "they were left out",
        "Leave them out: --invalid-times leave-out."
        if kept
        else "Nothing to do; with --invalid-times keep they count.",
    )


def _labelled_units(recording: xr.Dataset) -> Iterator[Finding]:
    attrs = recording.attrs
    if LABELS not in attrs:
        return
    if LABELS_CHOSEN in attrs:
        yield Finding(
            "note",
            f"units are labelled {attrs[LABELS]}",
            f"of these count: {attrs[LABELS_CHOSEN]}",
            "Nothing to do.",
        )
    elif doubtful(str(attrs[LABELS])):
        yield Finding(
            "warning",
            f"units are labelled {attrs[LABELS]}",
            "all of them count, whatever they are called",
            "Choose: --quality good (it may be repeated), or --quality all if they all should.",
        )


def _other_onsets(recording: xr.Dataset) -> Iterator[Finding]:
    others = recording.attrs.get(OTHER_ONSETS)
    if others:
        yield Finding(
            "warning",
            f"columns with times of stimuli within the trials: {others}",
            "onsets are taken from start_time; if stimuli came later, spikes were counted at the "
            "wrong time",
            "If they are the onsets: --onset COLUMN; if not: --onset start_time.",
        )


def _experiment(recording: xr.Dataset) -> Iterator[Finding]:
    missing = recording.attrs.get(MISSING_SESSIONS)
    if missing:
        yield Finding(
            "warning",
            f"sessions that could not be read: {missing}",
            "the others were put together, and keep their numbers",
            "Mend or fetch these files again; what is wrong with each is said above.",
        )


def _inferred_sources(recording: xr.Dataset) -> Iterator[Finding]:
    told = recording.attrs.get(INFERRED)
    if told:
        yield Finding(
            "warning",
            str(told),
            "what drove the stimuli was not recorded; in some trials it will have been another "
            "state, and which source is the first cannot be told",
            "Record the sources with the stimuli, where that is possible.",
        )


VALIDITY_CHECKS: tuple[Callable[[xr.Dataset], Iterator[Finding]], ...] = (
    _unknown_responses,
    _invalid_times,
    _labelled_units,
    _other_onsets,
    _experiment,
    _inferred_sources,
)
