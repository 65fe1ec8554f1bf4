"""Choices of subjects to a folder of results: parameters, models compared, groups."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from canonica._arguments import checked_arguments
from canonica._errors import listed
from canonica._files import AnyPath, sha256
from canonica._statistics import bootstrap_difference
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines.results._results_files import write_netcdf, write_rows, write_summary
from canonica.pipelines.results._results_folder import results_folder
from canonica.report import FigureFormat, phenotype_figure, write_figure
from canonica.reverse_engineering.phenotype import (
    Choices,
    ModelName,
    compare_lesions,
    cross_validate,
    hierarchical_phenotype,
    predict_other_task,
    read_choices,
)
from canonica.reverse_engineering.phenotype import phenotype as estimated

NO_DIAGNOSIS = (
    "These are parameters of a model of choices, with the uncertainty of so many trials; no "
    "diagnosis, prognosis or choice of treatment can be read from them."
)


@dataclass(frozen=True)
class PhenotypeRun:
    """What choices say of subjects, and what was written.

    Parameters
    ----------
    choices : Choices
        As they were read.
    subjects : xarray.Dataset
        Of `canonica.phenotype`.
    comparison : xarray.Dataset
        Of `canonica.reverse_engineering.phenotype.compare_lesions`.
    validation : xarray.Dataset or None
        Of `canonica.reverse_engineering.phenotype.cross_validate`, where it was asked for.
    prediction : xarray.Dataset or None
        Of `canonica.reverse_engineering.phenotype.predict_other_task`, where it was asked for.
    groups : xarray.Dataset or None
        Of `canonica.reverse_engineering.phenotype.hierarchical_phenotype`, where it was asked for.
    sentences : list of str
        What was found, in words.
    files : list of str
        Names of the files in the folder, but for summary.json.
    """

    choices: Choices
    subjects: xr.Dataset
    comparison: xr.Dataset
    validation: xr.Dataset | None
    prediction: xr.Dataset | None
    groups: xr.Dataset | None
    sentences: list[str]
    files: list[str]


@checked_arguments
def phenotype(
    choices: AnyPath,
    out: AnyPath,
    *,
    model: ModelName = "canonical",
    free: Sequence[str] | None = None,
    compare: Sequence[str] | None = None,
    cross_validation: bool = False,
    predict: AnyPath | None = None,
    hierarchical: bool = False,
    draws: int = 500,
    seed: int = 0,
    figure_format: FigureFormat = "png",
    overwrite: bool = False,
    progress: Told | None = None,
) -> PhenotypeRun:
    """Estimate the lesions of subjects from their choices, compare models, and write a folder.

    Does what `canonica phenotype` does, and writes the same files: subjects.csv, comparison.csv,
    phenotype.nc, phenotype.png and summary.json; with `cross_validation` also validation.csv, with
    `predict` also prediction.csv, with `hierarchical` also groups.csv.

    Parameters
    ----------
    choices : path-like
        CSV, TSV or Parquet, as in `canonica.reverse_engineering.phenotype.read_choices`.
    out : path-like
        Folder for the results; made if it is not there.
    model, free
        As in `canonica.phenotype`.
    compare : sequence of str, optional
        Lesions that are compared, each alone beside policy precision and plasticity; by default
        all.
    cross_validation : bool
        Whether models are compared by subjects who are held out, too.
    predict : path-like, optional
        Choices of subjects of the same names in another task, which are foretold, too.
    hierarchical : bool
        Whether groups are estimated by sampling, which takes minutes.
    draws : int
        Kept of each of two chains, in that case.
    seed : int
        Decides everything random.
    figure_format : "png", "pdf" or "svg", optional
        Of the figure.
    overwrite : bool, optional
        Whether earlier results in the folder may be replaced.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.

    Returns
    -------
    PhenotypeRun
        What was found.

    Raises
    ------
    CanonicaError
        If the table is not one of choices, a setting is none, or the folder holds anything but
        earlier results that may be replaced.

    Examples
    --------
    >>> found = phenotype("choices.csv", "phenotypes")  # doctest: +SKIP
    """
    path = Path(choices)
    with results_folder(Path(out), overwrite=overwrite) as folder:
        data = read_choices(path)
        other = None if predict is None else read_choices(predict)
        stage = Stage(progress, "Estimating", 1)
        subjects = estimated(data, model=model, free=free, seed=seed)
        stage.advance()
        stage = Stage(progress, "Comparing models")
        comparison = compare_lesions(data, lesions=compare, seed=seed, progress=stage)
        validation = prediction = groups = None
        settings: dict[str, Any] = {} if model != "canonical" or free is None else {"free": free}
        if cross_validation:
            stage = Stage(progress, "Holding subjects out")
            validation = cross_validate(data, seed=seed, progress=stage, **settings)
        if other is not None:
            stage = Stage(progress, "Foretelling the other task")
            prediction = predict_other_task(data, other, seed=seed, progress=stage, **settings)
        if hierarchical:
            stage = Stage(progress, "Sampling groups", 1)
            groups = hierarchical_phenotype(data, model=model, free=free, draws=draws, seed=seed)
            stage.advance()
        picture = f"phenotype.{figure_format}"
        files = ["subjects.csv", "comparison.csv", "phenotype.nc", picture]
        write_rows(folder / "subjects.csv", _subject_rows(subjects))
        write_rows(folder / "comparison.csv", _comparison_rows(comparison))
        write_netcdf(subjects, folder / "phenotype.nc")
        write_figure(phenotype_figure(subjects), folder / picture, figure_format)
        if validation is not None:
            write_rows(folder / "validation.csv", _validation_rows(validation))
            files.append("validation.csv")
        if prediction is not None:
            write_rows(folder / "prediction.csv", _prediction_rows(prediction))
            files.append("prediction.csv")
        if groups is not None:
            write_rows(folder / "groups.csv", _group_rows(groups))
            files.append("groups.csv")
        sentences = [
            *_sentences(data, subjects, comparison, validation),
            *([] if prediction is None else [_foretold(prediction)]),
            *([] if groups is None or groups.attrs["converged"] else [_not_converged(groups)]),
        ]
        contents = {
            "settings": {
                "choices": path,
                "sha256": sha256(path),
                **(
                    {}
                    if predict is None
                    else {"other": Path(predict), "other_sha256": sha256(Path(predict))}
                ),
                "model": model,
                "free": subjects["parameter"].to_numpy(),
                "compared": comparison["model"].to_numpy(),
                "cross_validation": cross_validation,
                "hierarchical": hierarchical,
                "draws": draws,
                "seed": seed,
            },
            "subjects": len(data.subjects),
            "choices": sum(data.trials),
            "missing_choices": sum(data.missing),
            "options": data.options,
            "outcomes": data.rule,
            "groups": list(dict.fromkeys(data.groups)),
            "group_differences": list(group_differences(subjects)),
            "best_model_by_evidence": comparison.attrs["best"],
            "found": [*sentences, NO_DIAGNOSIS],
        }
        if groups is not None:
            names = ("divergences", "highest_r_hat", "smallest_ess", "converged")
            contents["sampling"] = {name: groups.attrs[name] for name in names}
        write_summary(folder, "phenotype", contents, files)
    return PhenotypeRun(
        data, subjects, comparison, validation, prediction, groups, sentences, files
    )


def group_differences(subjects: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Yield the difference of each group's mean estimate from the first group's, with intervals.

    On the scale without bounds, of subjects' own estimates, which their priors have pulled
    together: smaller than the truth.
    """
    names = list(dict.fromkeys(subjects["group"].to_numpy().tolist()))
    for parameter in subjects["parameter"].to_numpy():
        one = subjects["unbounded"].sel(parameter=parameter)
        each = {name: one.to_numpy()[(subjects["group"] == name).to_numpy()] for name in names}
        for name in names[1:]:
            interval = bootstrap_difference(each[name], each[names[0]])
            known = bool(np.isfinite(interval.low))
            yield {
                "parameter": parameter,
                "group": name,
                "reference": names[0],
                "difference": float(each[name].mean() - each[names[0]].mean()),
                "low": interval.low if known else None,
                "high": interval.high if known else None,
                "level": 0.95,
            }


def _subject_rows(found: xr.Dataset) -> Iterator[dict[str, Any]]:
    for n, subject in enumerate(found["subject"].to_numpy()):
        one = found.isel(subject=n)
        row = {
            "subject": subject,
            "group": one["group"].item(),
            "choices": one["choices"].item(),
            "missing": one["missing"].item(),
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
            "log likelihood per choice": one["log_likelihood"].item() / one["choices"].item(),
            "log evidence": one["log_evidence"].item(),
        }


def _comparison_rows(found: xr.Dataset) -> Iterator[dict[str, Any]]:
    best = found["best"].to_numpy()
    for model in found["model"].to_numpy():
        one = found.sel(model=model)
        yield {
            "model": model,
            "log evidence": one["total"].item(),
            "difference per subject": one["difference"].item(),
            "low": one["low"].item(),
            "high": one["high"].item(),
            "best of subjects": int((best == model).sum()),
        }


def _validation_rows(found: xr.Dataset) -> Iterator[dict[str, Any]]:
    for model in found["model"].to_numpy():
        one = found.sel(model=model)
        yield {
            "model": model,
            "log likelihood per choice": one["mean"].item(),
            "difference": one["difference"].item(),
            "low": one["low"].item(),
            "high": one["high"].item(),
        }


def _prediction_rows(found: xr.Dataset) -> Iterator[dict[str, Any]]:
    for model in found["model"].to_numpy():
        one = found.sel(model=model)
        known = {
            f"log likelihood per choice, {name} known": one["mean"].sel(known=name).item()
            for name in one["known"].to_numpy()
        }
        names = ("gain", "gain_low", "gain_high", "difference", "low", "high")
        yield {
            "model": model,
            **known,
            **{name.replace("_", " "): one[name].item() for name in names},
        }


def _group_rows(found: xr.Dataset) -> Iterator[dict[str, Any]]:
    names = (
        "estimate", "low", "high", "difference", "difference_low", "difference_high", "r_hat", "ess"
    )  # fmt: skip
    for group in found["group"].to_numpy():
        for parameter in found["parameter"].to_numpy():
            one = found.sel(group=group, parameter=parameter)
            values = {name.replace("_", " "): one[name].item() for name in names}
            yield {"group": group, "parameter": parameter, **values}


def _sentences(
    data: Choices,
    subjects: xr.Dataset,
    comparison: xr.Dataset,
    validation: xr.Dataset | None,
) -> list[str]:
    """Return in words what was found."""
    found = [
        f"{sum(data.trials):,} choices of {len(data.subjects)} subjects, outcomes {data.rule}."
    ]
    if sum(data.missing):
        found.append(f"{sum(data.missing):,} trials without a choice were left out.")
    for parameter in subjects["parameter"].to_numpy():
        known = int(subjects["identified"].sel(parameter=parameter).sum())
        if known < len(data.subjects):
            found.append(
                f"{str(parameter).capitalize()} is not identified in "
                f"{len(data.subjects) - known} of {len(data.subjects)} subjects: their choices say "
                "little of it."
            )
    found.append(
        f"The best model by its evidence, all subjects together: {_named(comparison)}"
        f"{not_told_from(comparison)}."
    )
    if validation is not None:
        best = validation.attrs["best"]
        score = validation["mean"].sel(model=best).item()
        found.append(
            f"Of subjects who were held out, {best} predicts choices best: {score:.4f} nats per "
            f"choice{not_told_from(validation)}."
        )
    return found


def _foretold(found: xr.Dataset) -> str:
    """Return in words whether what a subject did in one task tells what it does in the other."""
    best = found.attrs["best"]
    if best == "chance":
        return (
            f"Of {found.sizes['subject']} subjects in another task, no model foretells choices "
            "better than chance."
        )
    one = found.sel(model=best)
    low, high = one["gain_low"].item(), one["gain_high"].item()
    told = (
        "their own choices in the first task say more of it than the other subjects' do"
        if low > 0
        else "the other subjects' choices say more of it than their own"
        if high < 0
        else "it is not told from chance whether their own choices say more of it than the other "
        "subjects' do"
    )
    return (
        f"Of {found.sizes['subject']} subjects in another task, {best} foretells choices best: "
        f"{one['mean'].sel(known='own choices').item():.4f} nats per choice"
        f"{not_told_from(found)}; {told} ({one['gain'].item():+.4f}, {low:.4f} to {high:.4f})."
    )


def _not_converged(groups: xr.Dataset) -> str:
    return (
        f"Sampling has not converged ({groups.attrs['divergences']} divergences, R-hat up to "
        f"{groups.attrs['highest_r_hat']:.3f}, {groups.attrs['smallest_ess']:.0f} effective "
        "draws at least): take more draws, or fewer free parameters."
    )


def not_told_from(found: xr.Dataset) -> str:
    """Return words that name the models which the best is not told from, if there are any.

    Those whose interval of the difference reaches 0, or which have none for want of subjects.
    """
    names, best = found["model"].to_numpy().tolist(), found.attrs["best"]
    surely_worse = (found["high"] < 0).to_numpy()
    near = [
        name for name, sure in zip(names, surely_worse, strict=True) if not sure and name != best
    ]
    return (
        f"; chance is not excluded as the reason that it is ahead of {listed(near)}" if near else ""
    )


def _named(comparison: xr.Dataset) -> str:
    best = comparison.attrs["best"]
    if best == "base":
        return "policy precision and plasticity alone"
    rival = best in ("rescorla-wagner", "win-stay-lose-shift")
    return best if rival else f"{best}, beside policy precision and plasticity"
