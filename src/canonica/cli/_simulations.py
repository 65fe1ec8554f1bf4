"""From simulations to a folder of results: data, figures, a table and a summary."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from rich.progress import Progress

from canonica._errors import CanonicaError, RecordingError, listed
from canonica._files import sha256, shown
from canonica._version import __version__
from canonica.cli._app import complain, output
from canonica.cli._paths import UniqueNames, each_recording, recording_files
from canonica.cli._progress import progress
from canonica.cli._results_folder import SUMMARY, results_folder
from canonica.recordings import Reading
from canonica.report import (
    animation_suffix,
    landscape_figure,
    perturbation_figure,
    recovery_figure,
    separation_figure,
    simulation_table,
    write_animation,
    write_figure,
)
from canonica.reverse_engineering import (
    EnsembleResponse,
    PublishedProtocol,
    attempt,
    ensemble_response,
    results,
)
from canonica.simulate import (
    alpha_from_activity,
    perturbation,
    separation,
    simulated_landscape,
)
from canonica.simulate import landscape as landscape_of
from canonica.studies import recovery, recovery_summary

LAST_SESSIONS = 10
SEPARATED = 0.5  # by which the correlation with the own source exceeds any other, from which on


def separate_and_report(out: Path, *, overwrite: bool, **settings: Any) -> int:
    """Simulate networks that separate sources, print what was found, return the exit code."""
    with results_folder(out, overwrite=overwrite) as folder, progress() as shown_progress:
        found = separation(progress=_advance(shown_progress, "Networks that learn"), **settings)
        rows = [_separation_row(found, prior) for prior in found["state_prior"].to_numpy()]
        _write(found, folder / "separation.nc")
        write_figure(separation_figure(found), folder / "separation.png")
        files = ["separation.nc", "separation.png"]
        _write_summary(
            folder,
            "separation",
            settings,
            files,
            {"separated_where_correlation_exceeds_others_by": SEPARATED, "priors": rows},
        )
    output.print(
        simulation_table(
            f"Separation over the last {min(LAST_SESSIONS, found.sizes['session'])} sessions: "
            "medians over networks",
            rows,
            {"networks": "d", "F, first session": ",.0f", "F, last session": ",.0f"},
        )
    )
    _say_where(out, files)
    return 0


def _separation_row(found: xr.Dataset, prior: float) -> dict[str, float]:
    """Return one row of the table: how well the networks of one prior separate.

    One has separated its sources where every posterior follows its own source more than any
    other, by a clear margin.
    """
    part = found.sel(state_prior=prior)
    last = part["correlation"].isel(session=slice(-LAST_SESSIONS, None)).mean("session")
    values = last.transpose("sample", "state", "source").to_numpy()
    states, sources = values.shape[1:]
    own = np.diagonal(values, axis1=1, axis2=2)
    others = values[:, ~np.eye(states, sources, dtype=bool)]
    rivals = np.where(np.eye(states, sources, dtype=bool), 0, values).max(axis=2)
    row = {
        "D[1]": float(prior),
        "networks": len(values),
        "separated": float((own - rivals > SEPARATED).all(axis=1).mean()),
        "r, own source": float(np.median(own)),
    }
    if others.size:
        row["r, other sources"] = float(np.median(others))
    free_energy = part["free_energy"].median("sample").to_numpy()
    return row | {
        "F, first session": float(free_energy[0]),
        "F, last session": float(free_energy[-1]),
    }


def landscape_and_report(
    paths: Sequence[Path],
    out: Path,
    *,
    overwrite: bool,
    animation: str,
    trials_per_session: int | None,
    simulation: Mapping[str, Any],
) -> int:
    """Draw landscapes of recordings, or of simulated networks; return the exit code."""
    if animation == "mp4" and animation_suffix() != ".mp4":
        raise CanonicaError(
            "--animation mp4: found no ffmpeg to write it; install ffmpeg, or choose gif."
        )
    files: list[str] = []
    failures: list[RecordingError] = []
    reading = Reading(trials_per_session=trials_per_session)
    with results_folder(out, overwrite=overwrite) as folder, progress() as shown_progress:
        if paths:
            landscapes, failures = _of_recordings(paths, reading, shown_progress)
        else:
            task = shown_progress.add_task("Networks that learn", total=1)
            landscapes = {"simulated": simulated_landscape(**simulation)}
            shown_progress.advance(task)
        if not landscapes:
            raise CanonicaError("nothing could be analysed, and nothing was written.")
        task = shown_progress.add_task("Drawing", total=len(landscapes))
        names = UniqueNames()
        rows = []
        for condition, found in landscapes.items():
            name = names.unique(condition)
            files += _write_landscape(found, condition, folder, name, animation)
            rows += _landscape_rows(condition, found)
            shown_progress.advance(task)
        settings = (
            {"reading": reading.given, **PublishedProtocol().settings}
            if paths
            else dict(simulation)
        )
        inputs = [{"file": shown(path), "sha256": sha256(path)} for path in _files(paths)]
        _write_summary(
            folder,
            "landscape",
            settings,
            files,
            {
                "paths": rows,
                "input_files": inputs,
                "failures": [{"source": error.source, "message": str(error)} for error in failures],
            },
        )
    title = "Mean strength of synapses from the first block of inputs, and from the others"
    output.print(simulation_table(title, rows, {"networks": "d", "ensemble": "d"}))
    _say_where(out, files)
    return 1 if failures else 0


def _files(paths: Sequence[Path]) -> list[Path]:
    return [path for path in recording_files(paths) if path.is_file()] if paths else []


def _of_recordings(
    paths: Sequence[Path], reading: Reading, shown_progress: Progress
) -> tuple[dict[str, xr.Dataset], list[RecordingError]]:
    """Return the landscape of every condition, and what could not be analysed."""
    protocol = PublishedProtocol()
    ensembles: dict[int, EnsembleResponse] = {}
    failures: list[RecordingError] = []
    for path in shown_progress.track(recording_files(paths), description="Recordings"):
        for one in each_recording(path, reading):
            reduced = (
                one
                if isinstance(one, RecordingError)
                else attempt(ensemble_response, one, protocol)
            )
            if isinstance(reduced, RecordingError):
                failures.append(reduced)
            else:
                ensembles[len(ensembles)] = reduced
    found: dict[str, list[tuple[EnsembleResponse, xr.Dataset]]] = {}
    for key, result in results(ensembles, protocol, None):  # baselines by condition, as in analyze
        if isinstance(result, RecordingError):
            failures.append(result)
        else:
            kept = result[["excitatory_weight", "firing_threshold_factor", "response"]]
            found.setdefault(ensembles[key].condition, []).append((ensembles[key], kept))
    for failure in failures:
        complain(str(failure))
    return {name: _landscape_of(name, members) for name, members in found.items()}, failures


def _landscape_of(
    condition: str, members: Sequence[tuple[EnsembleResponse, xr.Dataset]]
) -> xr.Dataset:
    """Return the landscape of cultures: all their stimuli, their mean state prior and activity."""
    analysed = [result for _, result in members]
    shapes = {(one.sizes["ensemble"], one.sizes["input"]) for one in analysed}
    if len(shapes) > 1:
        raise CanonicaError(
            f"condition {condition}: found recordings of different numbers of ensembles and inputs "
            f"({listed(sorted(shapes))}); expected one. Draw them in separate calls."
        )
    sessions = min(one.sizes["session"] for one in analysed)
    factors = [one["firing_threshold_factor"].sel(level=1).to_numpy() for one in analysed]
    found = landscape_of(
        np.concatenate([ensembles.stimuli for ensembles, _ in members]),
        np.stack([one["excitatory_weight"].to_numpy()[:sessions] for one in analysed]),
        state_prior=float(np.exp(factors).mean()),
        mean_activity=float(np.mean([one["response"].mean() for one in analysed])),
    )
    attrs = [one.attrs for one in analysed]
    per_recording = {
        name: ("network", [str(one.get(key, "")) for one in attrs])
        for name, key in (
            ("recording", "name"),
            ("input_file", "input_file"),
            ("input_sha256", "input_sha256"),
        )
    }
    provenance = {"condition": condition, **PublishedProtocol().settings}
    provenance |= {key: attrs[0][key] for key in ("baseline", "baseline_origin")}
    return found.assign_coords(per_recording).assign_attrs(provenance)


def _write_landscape(
    found: xr.Dataset, condition: str, folder: Path, name: str, animation: str
) -> list[str]:
    count = found.sizes["network"]
    kind = "culture" if "recording" in found.coords else "network"
    title = f"{condition}: {count} {kind}{'s' if count > 1 else ''}"
    _write(found, folder / f"{name}.nc")
    write_figure(landscape_figure(found, title), folder / f"{name}.png")
    files = [f"{name}.nc", f"{name}.png"]
    if animation != "none":
        write_animation(found, title, folder / f"{name}.{animation}")
        files.append(f"{name}.{animation}")
    return files


def _landscape_rows(condition: str, found: xr.Dataset) -> list[dict[str, str | float]]:
    path = found["path"].isel(session=-1).mean("network")
    return [
        {
            "condition": condition,
            "networks": found.sizes["network"],
            "ensemble": int(ensemble),
            "first block": float(path.sel(ensemble=ensemble, block="first")),
            "others": float(path.sel(ensemble=ensemble, block="second")),
        }
        for ensemble in found["ensemble"].to_numpy()
    ]


def perturb_and_report(out: Path, *, overwrite: bool, seed: int, samples: int, **world: Any) -> int:
    """Sweep perturbations, estimate alpha, print what was found, return the exit code."""
    with results_folder(out, overwrite=overwrite) as folder, progress() as shown_progress:
        scores = perturbation(
            seed,
            samples=samples,
            progress=_advance(shown_progress, "Perturbed networks"),
            **world,
        )
        task = shown_progress.add_task("Alpha from activity", total=1)
        estimates = alpha_from_activity(seed, **world)
        shown_progress.advance(task)
        _write(scores, folder / "perturbation.nc")
        _write(estimates, folder / "alpha.nc")
        write_figure(perturbation_figure(scores, estimates), folder / "perturbation.png")
        files = ["perturbation.nc", "alpha.nc", "perturbation.png"]
        rows = [_score_row(kind, scores, value) for kind, value in _shown_perturbations(scores)]
        errors = [_estimate_row(estimates, name) for name in estimates["estimate"].to_numpy()]
        _write_summary(
            folder,
            "perturbation",
            {"seed": seed, "samples": samples, **world},
            files,
            {"scores": rows, "estimates": errors},
        )
    title = "Correlation of posterior and source over the last sessions: means over networks"
    output.print(simulation_table(title, rows, {}))
    title = "Alpha from mean activity alone: medians over the grid"
    output.print(
        simulation_table(
            title, errors, {"error of alpha": ".3f", "trajectory error, last session": ".2g"}
        )
    )
    _say_where(out, files)
    return 0


def _shown_perturbations(scores: xr.Dataset) -> list[tuple[str, float]]:
    """Return the ends and the middle of both sweeps."""
    return [
        (kind, float(scores[kind][index]))
        for kind in ("alpha", "beta")
        for index in sorted({0, scores.sizes[kind] // 2, scores.sizes[kind] - 1})
    ]


def _score_row(kind: str, scores: xr.Dataset, value: float) -> dict[str, str | float]:
    values = scores[f"{kind}_correlation"].sel({kind: value})
    means = values.mean("sample").transpose("state", "source").to_numpy()
    own = np.eye(*means.shape, dtype=bool)
    row: dict[str, str | float] = {
        "perturbation": f"{kind} = {value:g}",
        "r, own source": float(means[own].mean()),
    }
    return row | ({"r, other sources": float(means[~own].mean())} if (~own).any() else {})


def _estimate_row(estimates: xr.Dataset, name: str) -> dict[str, str | float]:
    one = estimates.sel(estimate=name)
    true = xr.concat([one["first_alpha"], one["second_alpha"]], dim="ensemble", coords="minimal")
    error = abs(one["estimated_alpha"] - true.assign_coords(ensemble=[1, 2]))
    last = one["prediction_error"].isel(session=-1)
    return {
        "estimate": str(name),
        "error of alpha": float(error.median()),
        "trajectory error, last session": float(last.median()),
    }


def recover_and_report(out: Path, *, overwrite: bool, seed: int, **settings: Any) -> int:
    """Recover simulated networks, print how well, return the exit code."""
    with results_folder(out, overwrite=overwrite) as folder, progress() as shown_progress:
        found = recovery(seed, progress=_advance(shown_progress, "Networks"), **settings)
        summary = recovery_summary(found)
        rows = [
            _recovery_row(summary, noise, activity, assumed)
            for noise in summary["noise"].to_numpy()
            for activity in summary["activity"].to_numpy()
            for assumed in summary["assumed"].to_numpy()
        ]
        _write(found, folder / "recovery.nc")
        write_figure(recovery_figure(found), folder / "recovery.png")
        files = ["recovery.nc", "recovery.png"]
        _write_summary(folder, "recovery", {"seed": seed, **settings}, files, {"strengths": rows})
    title = f"Synaptic strengths of {found.sizes['draw']:,} networks: estimate against truth"
    output.print(simulation_table(title, rows, {"spread": ".4f", "slope": ".3f"}))
    _say_where(out, files)
    return 0


def _recovery_row(
    summary: xr.Dataset, noise: float, activity: str, assumed: str
) -> dict[str, str | float]:
    one = summary.sel(noise=noise, activity=activity, assumed=assumed)
    coverage = one["strength_coverage"].sel(interval="residuals")
    return {
        "noise": float(noise),
        "activity": str(activity),
        "assumed": str(assumed),
        "slope": float(one["strength_slope"]),
        "spread": float(one["strength_spread"]),
        "in 95 % interval": float(coverage),
    }


def _advance(shown_progress: Progress, description: str) -> Callable[[int, int], None]:
    task = shown_progress.add_task(description, total=None)
    return lambda done, total: shown_progress.update(task, completed=done, total=total)


def _write(found: xr.Dataset, path: Path) -> None:
    # By way of memory: where the disk is full, the HDF5 library itself would crash.
    path.write_bytes(found.to_netcdf(engine="h5netcdf"))


def _write_summary(
    folder: Path,
    command: str,
    settings: Mapping[str, Any],
    files: Sequence[str],
    found: Mapping[str, Any],
) -> None:
    summary = {
        "canonica_version": __version__,
        "command": f"simulate {command}",
        "settings": dict(settings),
        **found,
        "files": sorted(files),
    }
    text = json.dumps(summary, indent=2, allow_nan=False)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")


def _say_where(out: Path, files: Sequence[str]) -> None:
    listed = ", ".join([*files, SUMMARY])
    output.print(f"Results: {out}", highlight=False, markup=False, soft_wrap=True)
    output.print(f"  {listed}", highlight=False, markup=False, soft_wrap=True)
