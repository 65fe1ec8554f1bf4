"""Whether a recording will do for the published protocol, before the work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._checks import described, refusal
from canonica._errors import RecordingError, listed
from canonica.recordings import Finding, inspect
from canonica.recordings.inspection._source_information import source_information
from canonica.reverse_engineering.published_protocol._ensembles import ensemble_response
from canonica.reverse_engineering.published_protocol._normalisation import normalised_response
from canonica.reverse_engineering.published_protocol._published_protocol import PublishedProtocol

DEFAULT = PublishedProtocol()
FEW = 5  # electrodes of an ensemble that are too few for a mean to rest on


@dataclass(frozen=True)
class Validation:
    """What a recording is like, and whether it can be analysed.

    Parameters
    ----------
    name : str
        Name of the recording.
    facts : dict
        Sizes and statistics by their names.
    findings : tuple of Finding
        What should be known about it, the worst first.
    """

    name: str
    facts: dict[str, Any]
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> bool:
        """Whether the published protocol will take the recording."""
        return all(finding.severity != "unusable" for finding in self.findings)

    @property
    def warnings(self) -> list[Finding]:
        """Findings more severe than a note."""
        return [finding for finding in self.findings if finding.severity != "note"]

    @property
    def verdict(self) -> str:
        """Whether the recording is usable, in words, with the number of warnings."""
        if not self.usable:
            return "not usable"
        count = len(self.warnings)
        if not count:
            return "usable"
        return f"usable, with {count} warning{'s' if count > 1 else ''}"


@overload
def validate(recording: xr.Dataset, protocol: PublishedProtocol = DEFAULT) -> Validation: ...


@overload
def validate(
    recording: Sequence[xr.Dataset], protocol: PublishedProtocol = DEFAULT
) -> list[Validation]: ...


@checked_arguments
def validate(
    recording: Any, protocol: PublishedProtocol = DEFAULT
) -> Validation | list[Validation]:
    """Return what a recording is like, and whether it will do for an analysis.

    Parameters
    ----------
    recording : xarray.Dataset, or sequence of them
        One recording, or several, as `canonica.read` returns them.
    protocol : PublishedProtocol, optional
        The protocol that it is meant for.

    Returns
    -------
    Validation, or a list of them
        With `facts` (sizes, statistics of responses in spikes, electrodes per ensemble under the
        protocol's rule), `findings`, `usable` and a `verdict`. Of several recordings, one of each.

    Raises
    ------
    CanonicaError
        If something else is given.

    Examples
    --------
    >>> from canonica.simulate import culture
    >>> found = validate(culture(seed=2, sessions=12, trials_per_session=64))
    >>> found.usable, found.facts["electrodes"]
    (True, 64)
    """
    if isinstance(recording, xr.Dataset):
        return _validation(recording, protocol)
    if isinstance(recording, Sequence) and all(isinstance(one, xr.Dataset) for one in recording):
        return [_validation(one, protocol) for one in recording]
    raise refusal(
        "recording",
        described(recording),
        "a recording, or a list of them",
        "Read a file first: validate(read(path)).",
    )


def _validation(recording: xr.Dataset, protocol: PublishedProtocol) -> Validation:
    findings = inspect(recording)
    recording = recording.transpose("trial", ...)
    facts = _facts(recording)
    if all(finding.severity != "unusable" for finding in findings):
        try:
            ensembles = ensemble_response(recording, protocol)
            normalised_response(ensembles, float(ensembles.session_means.mean()))
        except RecordingError as error:
            findings.insert(0, _refused(error))
        else:
            members = ensembles.electrode_ensemble
            facts["electrodes per ensemble"] = np.bincount(
                members, minlength=len(ensembles.response) + 1
            )[1:].tolist()
            few = _few_electrodes(facts["electrodes per ensemble"])
            if few is not None:
                findings.insert(0, few)
    return Validation(str(recording.attrs.get("name", "recording")), facts, tuple(findings))


def _few_electrodes(sizes: Sequence[int]) -> Finding | None:
    """Return what there is to say of ensembles that are small."""
    small = [number for number, size in enumerate(sizes, 1) if size < FEW]
    if not small:
        return None
    return Finding(
        "warning",
        f"fewer than {FEW} electrodes in ensemble {listed(small)} "
        f"({listed(sizes[number - 1] for number in small)})",
        "the mean response of an ensemble is noisy with so few, and one electrode decides much",
        "Record with more electrodes, or take results with care; the numbers of all are in the "
        "results.",
    )


def _refused(error: RecordingError) -> Finding:
    return Finding(
        "unusable",
        f"found {error.found}",
        f"the published protocol expects {error.expected}",
        error.advice,
    )


def _facts(recording: xr.Dataset) -> dict[str, Any]:
    responses = recording["responses"].to_numpy()
    numbers, lengths = np.unique(recording["session"].to_numpy(), return_counts=True)
    per_electrode = responses.mean(axis=0)
    told = source_information(recording) if "sources" in recording else None
    return {
        "condition": str(recording.attrs.get("condition", "unknown")),
        "electrodes": int(recording.sizes["electrode"]),
        "silent electrodes": int((per_electrode == 0).sum()),
        "trials": int(recording.sizes["trial"]),
        "sessions": len(numbers),
        "shortest session": int(lengths.min()),
        "longest session": int(lengths.max()),
        "inputs": int(recording.sizes["input"]),
        "sources": int(recording.sizes.get("source", 0)),
        "bits of each input in the sources": 0.0 if told is None else told.bits,
        "mean response": float(responses.mean()),
        "variance of responses": _variance(responses),
        "largest response": float(responses.max()),
        "lowest electrode mean": float(per_electrode.min()),
        "highest electrode mean": float(per_electrode.max()),
    }


def _variance(responses: np.ndarray) -> float:
    """Return the variance of all responses; electrode by electrode, for the sake of memory."""
    mean = responses.mean()
    return float(np.mean([np.square(electrode - mean).mean() for electrode in responses.T]))
