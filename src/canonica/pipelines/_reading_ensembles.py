"""From files of recordings to ensembles: for every pipeline that goes through many."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import xarray as xr

from canonica._checks import checked_size
from canonica._cores import cores
from canonica._errors import RecordingError
from canonica._files import sha256
from canonica._harmless import visible
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines._recording_files import prefixes
from canonica.pipelines.results._unique_names import UniqueNames
from canonica.recordings import Experiment, Reading, inspect, read_each
from canonica.recordings.inspection._identity import RecordingIdentity, RecordingsSeen
from canonica.recordings.isolation._isolated import end_reading
from canonica.reverse_engineering import (
    EnsembleResponse,
    GivenBaseline,
    PublishedProtocol,
    attempt,
    check_conditions,
    ensemble_response,
)

UNKNOWN = "?"  # condition of what could not even be read


def read_ensembles(
    files: Sequence[Path | Experiment],
    *,
    protocol: PublishedProtocol,
    reading: Reading,
    jobs: int | None,
    baseline: GivenBaseline,
    progress: Told | None,
    causal: bool = False,
) -> tuple[list[EnsembleResponse], list[RecordingError]]:
    """Return every usable recording reduced to its ensembles, its name its own; and failures.

    No more is held of a recording. With `causal`, its initial sessions alone make the ensembles.
    Files are read by `jobs` threads, or one for every core.
    """
    prefix = prefixes(files)
    originals = _originals(files)
    stage = Stage(progress, "Reading recordings", len(files))

    def of_file(file: Path | Experiment) -> list[_Reduced]:
        _refuse_copy(file, originals.get(file, file))
        found = []
        for recording in read_each(file, reading, progress=stage.within_file):
            if isinstance(recording, RecordingError):
                found.append(_Reduced(recording))
            else:
                reduced = attempt(ensemble_response, recording, protocol, causal=causal)
                if isinstance(reduced, EnsembleResponse):
                    reduced = replace(reduced, attrs=reduced.attrs | _warnings(recording))
                condition = str(recording.attrs["condition"])
                found.append(_Reduced(reduced, condition, RecordingIdentity.of(recording)))
        return found

    ensembles: list[EnsembleResponse] = []
    failures: list[RecordingError] = []
    names, conditions, known = UniqueNames(), set(), RecordingsSeen()
    with ThreadPoolExecutor(cores() if jobs is None else checked_size("jobs", jobs)) as pool:
        of_files = pool.map(lambda file: attempt(of_file, file), files)
        for file, found in zip(files, of_files, strict=True):
            stage.advance()
            for reduced in [_Reduced(found)] if isinstance(found, Exception) else found:
                conditions.add(reduced.condition)
                one = reduced.counted_once(known)
                if isinstance(one, RecordingError):
                    failures.append(one)
                    continue
                name = names.unique(prefix[file] + str(one.attrs["name"]))
                shown = {"name": name, "condition": visible(str(one.attrs["condition"]))}
                ensembles.append(replace(one, attrs=one.attrs | shown))
    end_reading()
    if UNKNOWN not in conditions:
        check_conditions(baseline, conditions)
    return ensembles, failures


@dataclass(frozen=True)
class _Reduced:
    """A recording reduced to its ensembles, or what is wrong with it."""

    outcome: EnsembleResponse | RecordingError
    condition: str = UNKNOWN
    identity: RecordingIdentity | None = None

    def counted_once(self, known: RecordingsSeen) -> EnsembleResponse | RecordingError:
        """Return the outcome, or an error if the recording was counted before."""
        if isinstance(self.outcome, RecordingError) or self.identity is None:
            return self.outcome
        changed, repeated = known.changed(self.identity), known.repeated(self.identity)
        if repeated:
            return _copy(self.identity.origin, repeated)
        if not changed:
            return self.outcome
        attrs = self.outcome.attrs
        warnings = "; ".join(filter(None, [str(attrs.get("warnings", "")), changed]))
        return replace(self.outcome, attrs=attrs | {"warnings": warnings})


def _warnings(recording: xr.Dataset) -> dict[str, str]:
    """Return what `canonica validate` would warn of, in short, to be kept with the result."""
    found = [one.what for one in inspect(recording) if one.severity == "warning"]
    return {"warnings": "; ".join(found)} if found else {}


def _originals(found: Sequence[Path | Experiment]) -> dict[Path | Experiment, Path]:
    """Return the first file with the content of each: one that comes twice would count twice."""
    files = [one for one in found if isinstance(one, Path)]
    first: dict[str, Path] = {}
    originals: dict[Path | Experiment, Path] = {}
    sizes = {file: file.stat().st_size for file in files if file.is_file()}
    shared = Counter(sizes.values())
    for file in (file for file, size in sizes.items() if shared[size] > 1):
        with suppress(OSError):  # the reader will complain of it, and of it alone
            originals[file] = first.setdefault(sha256(file), file)
    return originals


def _refuse_copy(file: Path | Experiment, original: Path | Experiment) -> None:
    if original != file:
        raise _copy(str(file), f"the same content as in {original}")


def _copy(source: str, found: str) -> RecordingError:
    return RecordingError(
        source,
        None,
        found=found,
        expected="each recording once",
        advice="Leave one of them out.",
    )
