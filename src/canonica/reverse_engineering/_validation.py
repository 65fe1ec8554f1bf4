"""Whether a recording will do for the published protocol, before the work."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from canonica._errors import RecordingError
from canonica.recordings import Finding, inspect
from canonica.reverse_engineering._ensembles import ensemble_response
from canonica.reverse_engineering._failures import refuse_path
from canonica.reverse_engineering._normalisation import normalised_response
from canonica.reverse_engineering._published_protocol import PublishedProtocol

DEFAULT = PublishedProtocol()


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
        """Whether the published protocol will take it."""
        return all(finding.severity != "unusable" for finding in self.findings)

    @property
    def warnings(self) -> list[Finding]:
        """Findings that are more than a note."""
        return [finding for finding in self.findings if finding.severity != "note"]

    @property
    def verdict(self) -> str:
        """Whether it is usable, in words."""
        if not self.usable:
            return "not usable"
        count = len(self.warnings)
        if not count:
            return "usable"
        return f"usable, with {count} warning{'s' if count > 1 else ''}"


def validate(recording: xr.Dataset, protocol: PublishedProtocol = DEFAULT) -> Validation:
    """Return what a recording is like, and whether it will do for an analysis.

    Parameters
    ----------
    recording : xarray.Dataset
        As `canonica.read` returns it.
    protocol : PublishedProtocol, optional
        The protocol that it is meant for.

    Returns
    -------
    Validation
        With `facts` (sizes, statistics of responses in spikes, electrodes per ensemble under the
        protocol's rule), `findings`, `usable` and a `verdict`.

    Examples
    --------
    >>> from canonica.simulate import culture
    >>> found = validate(culture(seed=2, sessions=12, trials_per_session=64))
    >>> found.usable, found.facts["electrodes"]
    (True, 64)
    """
    refuse_path(recording)
    findings = inspect(recording)
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
    return Validation(str(recording.attrs.get("name", "recording")), facts, tuple(findings))


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
        "mean response": float(responses.mean()),
        "variance of responses": float(responses.var()),
        "largest response": float(responses.max()),
        "lowest electrode mean": float(per_electrode.min()),
        "highest electrode mean": float(per_electrode.max()),
    }
