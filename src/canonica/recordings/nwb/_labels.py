"""Labels of quality that a sorter or a person gave to units: which of these are to count."""

from collections import Counter
from typing import Any

import numpy as np
from jaxtyping import Bool

from canonica._errors import RecordingError, listed
from canonica.recordings._unit_labels import LABELS, LABELS_CHOSEN, SOUND
from canonica.recordings.nwb._columns import read_column

EVERYTHING = "all"
# Columns that hold such labels, what a person decided before what a program proposed.
COLUMNS = (
    *("quality", "unit_quality", "group", "cluster_group", "curated_label", "label"),
    *("kslabel", "ks_label", "unit_type", "decoder_label"),
)
DOUBTFUL = {
    *("mua", "mu", "multi", "multi unit", "multi-unit", "multiunit", "unsorted", "unclassified"),
    *("noise", "noisy", "artifact", "artefact", "bad", "poor", "reject", "rejected", "non-soma"),
    *("ok", "fair", "excellent"),
}
NOTHING = {"unknown", "nan", "none", ""}


def labelled_units(
    units: Any, number: int, chosen: tuple[str, ...], source: str
) -> tuple[Bool[np.ndarray, " unit"], dict[str, Any], str]:
    """Return which units count, what a recording keeps of their labels, and the same in words.

    Parameters
    ----------
    units : pynwb's table of units
    number : int
        How many units there are.
    chosen : tuple of str
        The labels of those to count, each `LABEL` or `COLUMN=LABEL`; ``all`` for all. If none are
        given, all count.
    source : str
        The table, for messages.

    Raises
    ------
    RecordingError
        If there is no such column or label.
    """
    column, labels = _labels(units, number, chosen, source)
    counting = np.ones(number, bool)
    if labels is None:
        return counting, {}, ""
    counts = ", ".join(f"{count} {label or '(none)'}" for label, count in _sorted(labels))
    wanted = [label.rpartition("=")[2].strip().lower() for label in chosen]
    attrs: dict[str, Any] = {LABELS: f"{counts} ({column})"}
    if not wanted or EVERYTHING in wanted:
        attrs |= {LABELS_CHOSEN: EVERYTHING} if wanted else {}
        return counting, attrs, f"units labelled {counts} ({column}), of which all count"
    unknown = sorted(set(wanted) - set(labels))
    if unknown:
        raise RecordingError(
            source,
            column,
            found=f"no unit labelled {listed(unknown)}, but {counts}",
            expected="labels that units have",
            advice="Check --quality; all units count with --quality all.",
        )
    counting = np.isin(labels, wanted)
    attrs[LABELS_CHOSEN] = ", ".join(wanted)
    return counting, attrs, f"units labelled {counts} ({column}), of which {listed(wanted)} count"


def _labels(
    units: Any, number: int, chosen: tuple[str, ...], source: str
) -> tuple[str, np.ndarray | None]:
    """Return the column with the labels, and these in small letters; None if there is none."""
    named = {label.partition("=")[0].strip() for label in chosen if "=" in label}
    if len(named) > 1 or not named <= set(units.colnames):
        raise RecordingError(
            source,
            None,
            found=f"labels of columns {listed(sorted(named))}, among {listed(units.colnames)}",
            expected="one column of the units with their labels",
            advice="Check --quality COLUMN=LABEL.",
        )
    by_word = {str(name).lower(): str(name) for name in units.colnames}
    names = list(named) or [by_word[word] for word in COLUMNS if word in by_word]
    for name in names:
        values = read_column(units, name, source)
        if isinstance(values, np.ndarray) and values.shape == (number,):
            labels = np.array([str(value).strip().lower() for value in values], object)
            said = set(labels) - NOTHING
            if named or (said and said <= SOUND | DOUBTFUL):
                return name, labels.astype(str)
    if set(chosen) - {EVERYTHING}:
        raise RecordingError(
            source,
            None,
            found=f"no labels of quality in columns {listed(units.colnames)}",
            expected="a column such as quality, with good, mua or noise",
            advice="Name it, --quality COLUMN=LABEL; or leave --quality out.",
        )
    return "", None


def _sorted(labels: np.ndarray) -> list[tuple[str, int]]:
    return sorted(Counter(map(str, labels)).items(), key=lambda item: (item[0] not in SOUND, item))
