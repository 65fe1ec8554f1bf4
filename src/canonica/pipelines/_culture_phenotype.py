"""Files of recordings to a folder of results: state prior, sensory precision and plasticity."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import RecordingError
from canonica._files import AnyPath
from canonica.pipelines._nothing_usable import NothingUsableError
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines._reading_ensembles import read_ensembles
from canonica.pipelines.results._results_files import (
    failure_rows,
    write_netcdf,
    write_rows,
    write_summary,
)
from canonica.pipelines.results._results_folder import results_folder
from canonica.recordings import Reading, recording_files
from canonica.report import FigureFormat, phenotype_figure, write_figure
from canonica.reverse_engineering import GivenBaseline, PublishedProtocol, attempt, own_baselines
from canonica.reverse_engineering.forecasting import Normalised, normalised_ensembles
from canonica.reverse_engineering.phenotype.cultures._culture_phenotype import (
    LEVEL,
    phenotype_of_normalised,
)

NO_DIAGNOSIS = (
    "These are parameters of a model network; what a drug does in a culture, they do not say."
)


@dataclass(frozen=True)
class CulturePhenotypeRun:
    """What recordings say of cultures, and what was written.

    Parameters
    ----------
    cultures : xarray.Dataset
        Of `canonica.culture_phenotype`.
    failures : list of RecordingError
        What could not be read or estimated.
    baseline_warning : str or None
        What to bear in mind where conditions have baselines of their own.
    files : list of str
        Names of the files in the folder, but for summary.json.
    """

    cultures: xr.Dataset
    failures: list[RecordingError]
    baseline_warning: str | None
    files: list[str]


@checked_arguments
def culture_phenotype(
    paths: AnyPath | Sequence[AnyPath],
    out: AnyPath,
    *,
    protocol: PublishedProtocol | None = None,
    baseline: GivenBaseline = None,
    uniform_trials: bool = False,
    reading: Reading | None = None,
    jobs: int | None = None,
    figure_format: FigureFormat = "png",
    overwrite: bool = False,
    progress: Told | None = None,
) -> CulturePhenotypeRun:
    """Estimate state prior, sensory precision and plasticity of recordings, and write a folder.

    Does what `canonica culture-phenotype` does, and writes the same files: cultures.csv,
    phenotype.nc, phenotype.png and summary.json. A recording that fails does not stop the others.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        Files of recordings, folders of them, or patterns such as ``data/*.nwb``.
    out : path-like
        Folder for the results; made if it is not there.
    protocol : PublishedProtocol, optional
        Thresholds of ensembles, and how many sessions are looked at.
    baseline, reading, jobs, figure_format, overwrite, progress
        As in `analyze`.
    uniform_trials : bool
        As in `canonica.culture_phenotype`.

    Returns
    -------
    CulturePhenotypeRun
        What was found; where `failures` has any, some recordings are not in it.

    Raises
    ------
    NothingUsableError
        If no recording could be used. Nothing is written then.
    CanonicaError
        If a setting makes no sense, or the folder holds anything but earlier results that may be
        replaced.

    See Also
    --------
    canonica.culture_phenotype : The same for recordings in memory.

    Examples
    --------
    >>> found = culture_phenotype("data", "cultures", baseline=2.5)  # doctest: +SKIP
    """
    settings, reading = protocol or PublishedProtocol(), reading or Reading()
    files = recording_files(paths, reading)
    with results_folder(Path(out), overwrite=overwrite) as folder:
        ensembles, failures = read_ensembles(
            files,
            protocol=settings,
            reading=reading,
            jobs=jobs,
            baseline=baseline,
            progress=progress,
            causal=True,
        )
        each, ready = _estimated(
            normalised_ensembles(ensembles, settings, "causal", baseline),
            settings,
            failures,
            uniform_trials=uniform_trials,
            stage=Stage(progress, "Estimating", len(ensembles)),
        )
        if not each:
            raise NothingUsableError(
                "nothing could be estimated, and nothing was written.", failures
            ) from next(iter(failures), None)
        warning = own_baselines([_baseline_row(one) for one in ready])
        cultures = _together(each)
        written = _write(cultures, folder, figure_format)
        contents = {
            "settings": {
                "protocol": asdict(settings),
                "baseline": str(baseline) if baseline is not None else None,
                "uniform_trials": uniform_trials,
                "normalisation": "causal",
            },
            "recordings": [
                {key: one.attrs.get(key, "") for key in ("name", "input_file", "input_sha256")}
                for one in ensembles
            ],
            "baseline_warning": warning,
            "failures": failure_rows(failures),
            "found": [*_sentences(cultures), NO_DIAGNOSIS],
        }
        write_summary(folder, "culture-phenotype", contents, written)
    return CulturePhenotypeRun(cultures, failures, warning, written)


def _estimated(
    ready: Sequence[Normalised | RecordingError],
    settings: PublishedProtocol,
    failures: list[RecordingError],
    *,
    uniform_trials: bool,
    stage: Stage,
) -> tuple[list[xr.Dataset], list[Normalised]]:
    """Return what each recording says, and all that are normalised; add what fails to failures."""
    each: list[xr.Dataset] = []
    for one in ready:
        found = one if isinstance(one, RecordingError) else attempt(
            phenotype_of_normalised,
            [one],
            settings.initial_sessions,
            uniform_trials=uniform_trials,
            level=LEVEL,
        )  # fmt: skip
        if isinstance(found, RecordingError):
            failures.append(found)
        else:
            each.append(found)
        stage.advance()
    return each, [one for one in ready if isinstance(one, Normalised)]


def _baseline_row(one: Normalised) -> dict[str, Any]:
    return {
        "condition": one.ensembles.condition,
        "baseline": one.baseline.value,
        "baseline_origin": one.baseline.origin,
    }


def _write(cultures: xr.Dataset, folder: Path, figure_format: FigureFormat) -> list[str]:
    """Write table, data and picture; return the names of the files."""
    picture = f"phenotype.{figure_format}"
    write_rows(folder / "cultures.csv", _rows(cultures))
    write_netcdf(cultures, folder / "phenotype.nc")
    figure = phenotype_figure(cultures.rename(recording="subject"))
    write_figure(figure, folder / picture, figure_format)
    return ["cultures.csv", "phenotype.nc", picture]


def _together(each: Sequence[xr.Dataset]) -> xr.Dataset:
    return xr.concat(list(each), dim="recording", combine_attrs="override", join="exact")


def _rows(found: xr.Dataset) -> Iterator[dict[str, Any]]:
    for n, name in enumerate(found["recording"].to_numpy()):
        one = found.isel(recording=n)
        row = {
            "recording": name,
            "condition": one["group"].item(),
            "baseline": one["baseline"].item(),
        }
        for parameter in found["parameter"].to_numpy():
            of = one.sel(parameter=parameter)
            row |= {
                str(parameter): of["estimate"].item(),
                f"{parameter} low": of["low"].item(),
                f"{parameter} high": of["high"].item(),
                f"{parameter} identified": "yes" if of["identified"].item() else "not identified",
            }
        yield row | {
            "correlation of precision and plasticity": one["correlation"]
            .sel(parameter="sensory precision", other="plasticity")
            .item(),
            "conclusion": one["conclusion"].item(),
        }


def _sentences(found: xr.Dataset) -> list[str]:
    return [
        f"{name}: {sentence}"
        for name, sentence in zip(
            found["recording"].to_numpy(), found["conclusion"].to_numpy(), strict=True
        )
    ]
