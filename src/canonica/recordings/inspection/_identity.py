"""What tells that a recording is one that was read before, in whatever format."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
import xarray as xr


@dataclass(frozen=True)
class RecordingIdentity:
    """What a recording has in common with its copies in other formats.

    Parameters
    ----------
    origin : str
        Where it was read.
    converted_from : str
        Where it was read before it was converted; empty if it does not say so.
    digest : str
        Of its responses and stimuli; empty where it has no response at all.
    """

    origin: str
    converted_from: str
    digest: str

    @classmethod
    def of(cls, recording: xr.Dataset) -> "RecordingIdentity":
        """Return what identifies a recording.

        Formats order electrodes and inputs in ways of their own, and some do not know those that
        were silent or never on: neither makes a difference.

        Examples
        --------
        >>> from canonica.simulate import culture
        >>> known = culture(seed=0, sessions=2, trials_per_session=8)
        >>> turned = known.isel(electrode=slice(None, None, -1))
        >>> RecordingIdentity.of(known) == RecordingIdentity.of(turned)
        True
        """
        responses = _digests(recording["responses"].to_numpy())
        stimuli = _digests(recording["stimuli"].to_numpy())
        both = b"".join([*responses, b"stimuli", *stimuli])
        return cls(
            str(recording.attrs.get("origin", "")),
            str(recording.attrs.get("converted_from", "")),
            sha256(both).hexdigest() if responses else "",
        )


@dataclass
class RecordingsSeen:
    """The recordings that were read so far.

    Parameters
    ----------
    recordings : list of RecordingIdentity
        What identifies each of them.
    """

    recordings: list[RecordingIdentity] = field(default_factory=list)

    def repeated(self, one: RecordingIdentity) -> str:
        """Return in words which recording this one repeats, if any; and note it."""
        told = ""
        for before in self.recordings:
            if one.digest and one.digest == before.digest:
                told = f"the same responses as in {before.origin}{_relation(one, before)}"
                break
        self.recordings.append(one)
        return told

    def changed(self, one: RecordingIdentity) -> str:
        """Return in words of which other recording this is another version."""
        for before in self.recordings:
            relation = _relation(one, before)
            if relation and one.digest != before.digest:
                return f"other responses or stimuli than in {before.origin}{relation}"
        return ""


def _relation(one: RecordingIdentity, before: RecordingIdentity) -> str:
    if one.converted_from and one.converted_from == before.origin:
        return ", which it was converted from"
    if before.converted_from and before.converted_from == one.origin:
        return ", which was converted from it"
    return ""


def _digests(values: np.ndarray) -> list[bytes]:
    """Return a digest of each column with anything in it, whatever the order of columns."""
    return sorted(_each_digest(values))


def _each_digest(values: np.ndarray) -> Iterator[bytes]:
    for column in values.T:  # one at a time: a copy of all of them would be as large as they are
        if column.any():
            yield sha256(np.ascontiguousarray(column, np.float64).tobytes()).digest()
