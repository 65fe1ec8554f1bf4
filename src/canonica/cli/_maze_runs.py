"""What `canonica maze` does with its options: runs, tables, and a folder of results."""

import csv
import json
import math
import shutil
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from rich.progress import Progress

from canonica._errors import CanonicaError
from canonica._files import sha256, shown
from canonica._provenance import versions
from canonica._statistics import FEWEST_UNITS
from canonica.agents.experiments import (
    PRIORS_RIGHT,
    STATISTICS,
    decision_log,
    is_store,
    learning_summary,
    legible_block,
    maze_experiment,
    published_comparison,
    recorded_trials,
    transplant,
    transplant_study,
    transplant_summary,
    trials_done,
)
from canonica.cli._app import complain, output
from canonica.cli._progress import progress
from canonica.cli._results_folder import HIDDEN, SUMMARY, results_folder
from canonica.report import animation_suffix, simulation_table, write_figure

UNFINISHED = f"{HIDDEN}unfinished"  # in the folder of the results, until they are there


# --- canonica maze --------------------------------------------------------------------------------


def run_and_report(
    out: Path, *, overwrite: bool, resume: bool, animation: str, **settings: Any
) -> int:
    """Run the experiment, print and draw what was found, return the exit code."""
    if animation == "mp4" and animation_suffix() != ".mp4":
        raise CanonicaError(
            "--animation mp4: found no ffmpeg to write it; install ffmpeg, or choose gif."
        )
    with results_folder(out, overwrite=overwrite) as folder:
        store = out / UNFINISHED
        _prepare(store, resume=resume, overwrite=overwrite)
        try:
            with progress() as shown_progress:
                told = _advance(shown_progress, "Trials")
                result = maze_experiment(store=store, progress=told, **settings)
        except (KeyboardInterrupt, SystemExit) as stop:
            return _say_interrupted(stop, store)
        summary = learning_summary(result, block=legible_block(result.sizes["trial"]))
        comparison = published_comparison(result)
        files = _write_experiment(result, store, folder, animation)
        _write_summary(
            folder,
            "maze",
            settings,
            files,
            {"blocks": _json_rows(summary), "published": comparison},
        )
    shutil.rmtree(store, ignore_errors=True)
    output.print(simulation_table(_title(result), _table_rows(summary), {}))
    _say_few(result.sizes["maze"], "mazes")
    for row in comparison:
        _say(_against_published(row))
    _say_where(out, files)
    return 0


def _prepare(store: Path, *, resume: bool, overwrite: bool) -> None:
    if not is_store(store) or resume:
        return
    if not overwrite:
        raise CanonicaError(
            f"--out {shown(store.parent)}: found an unfinished run in it; expected none. Add "
            "--resume to go on with it, or --overwrite to start anew."
        )
    shutil.rmtree(store)


def _say_interrupted(stop: BaseException, store: Path) -> int:
    """Say how to go on; return the exit code of an interruption, or end as was asked."""
    done, total = trials_done(store) if is_store(store) else (0, 0)
    if done:
        complain(
            f"interrupted after {done:,} of {total:,} trials; go on with --resume, and all else "
            "as before."
        )
    else:
        shutil.rmtree(store, ignore_errors=True)
        complain("interrupted; nothing was written.")
    if isinstance(stop, SystemExit):
        raise stop
    return 128 + signal.SIGINT


def _write_experiment(result: xr.Dataset, store: Path, folder: Path, animation: str) -> list[str]:
    from canonica.report._maze_figure import maze_figure  # noqa: PLC0415
    from canonica.report._maze_scene_figure import (  # noqa: PLC0415
        scene_figure,
        write_scene_animation,
    )

    with progress() as shown_progress:
        task = shown_progress.add_task("Drawing", total=3)
        _write(result, folder / "maze.nc")
        _write_rows(folder / "trials.csv", _trial_rows(result))
        write_figure(maze_figure(result), folder / "maze.png")
        files = ["maze.nc", "trials.csv", "maze.png", "trial.png"]
        shown_progress.advance(task)
        first, last = recorded_trials(store)
        write_figure(scene_figure(first, last), folder / "trial.png")
        shown_progress.advance(task)
        if animation != "none":
            write_scene_animation(last, folder / f"trial.{animation}")
            files.append(f"trial.{animation}")
    return files


def _trial_rows(result: xr.Dataset) -> Iterable[dict[str, Any]]:
    numbers = {
        name: result[name].transpose("maze", "trial").to_numpy()
        for name in (
            "steps",
            "reached",
            "risk",
            "free_energy",
            "accuracy",
            "complexity",
            "decision_free_energy",
        )
    }
    moves = result["first_move_frequency"].transpose("maze", "trial", "move").to_numpy()
    names = [f"first_move_{move}" for move in result["move"].to_numpy()]
    for k, maze in enumerate(result["maze"].to_numpy()):
        for t, trial in enumerate(result["trial"].to_numpy()):
            yield {
                "maze": maze,
                "trial": trial,
                **{name: values[k, t] for name, values in numbers.items()},
                **dict(zip(names, moves[k, t], strict=True)),
                "shortest_path": result["shortest_path"].to_numpy()[k],
            }


def _title(result: xr.Dataset) -> str:
    mazes, steps = result.sizes["maze"], result.attrs["max_steps"]
    return (
        f"{_counted(mazes, 'maze')}, e = {result.attrs['prior_right']:g}, "
        f"{result.attrs['agent']} agent; a failed trial counts {steps:,} steps\n"
        "In brackets: 95 % intervals over mazes"
    )


def _table_rows(summary: xr.Dataset, prefix: str = "") -> list[dict[str, str]]:
    rows = []
    for k, trials in enumerate(_trial_names(summary)):
        row = {"trials": trials}
        for name, shown_as, percent in (
            ("success_rate", "goal reached", True),
            ("mean_steps", "mean steps", False),
            ("median_steps", "median steps", False),
        ):
            value = float(summary[f"{prefix}{name}"][k])
            bounds = summary[f"{prefix}{name}_interval"][k].to_numpy().tolist()
            row[shown_as] = _with_interval(value, bounds, percent=percent)
        rows.append(row)
    return rows


def _trial_names(summary: xr.Dataset) -> list[str]:
    return [
        str(first) if first == last else f"{first}-{last}"
        for first, last in zip(
            summary["first_trial"].to_numpy(), summary["last_trial"].to_numpy(), strict=True
        )
    ]


def _with_interval(value: float, bounds: Iterable[float], *, percent: bool) -> str:
    """Return a number and its interval, or as much of them as there is."""
    if math.isnan(value):
        return "-"
    scale = 100 if percent else 1
    whole = f"{round(value * scale):,}{' %' if percent else ''}"
    if any(map(math.isnan, bounds)):
        return whole
    low, high = (f"{round(bound * scale):,}" for bound in bounds)
    return f"{whole} [{low}; {high}]"


def _against_published(row: Mapping[str, Any]) -> str:
    percent = row["statistic"] == "success_rate"
    scale, unit = (100, " %") if percent else (1, "")
    what = "goal reached in" if percent else "mean steps"
    found, published, low, high = (
        f"{row[name] * scale:,.0f}" for name in ("found", "published", "low", "high")
    )
    inside = "inside" if row["inside"] else "NOT inside"
    return (
        f"Trials {row['trials']}, {what}: {found}{unit}; published [CB22] {published}{unit}, "
        f"{inside} {low} to {high}{unit}"
    )


def _say_few(units: int, name: str) -> None:
    if units < FEWEST_UNITS:
        _say(
            f"No intervals: {_counted(units, name.removesuffix('s'))} cannot tell; "
            f"{FEWEST_UNITS} {name} at least."
        )


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


def _json_rows(summary: xr.Dataset, prefix: str = "") -> list[dict[str, Any]]:
    rows = []
    for k, trials in enumerate(_trial_names(summary)):
        row: dict[str, Any] = {"trials": trials}
        for name in STATISTICS:
            row[name] = _number(summary[f"{prefix}{name}"][k])
            row[f"{name}_interval"] = _bounds(summary[f"{prefix}{name}_interval"][k])
        rows.append(row)
    return rows


def _number(value: Any) -> float | None:
    """Return a number fit for JSON: none for NaN."""
    number = float(value)
    return None if math.isnan(number) else number


def _bounds(values: xr.DataArray) -> list[float] | None:
    low, high = (_number(value) for value in values.to_numpy())
    return None if low is None or high is None else [low, high]


# --- canonica maze transplant ---------------------------------------------------------------------


def transplant_and_report(
    out: Path,
    *,
    overwrite: bool,
    source: Path | None,
    prior_right: Sequence[float] | None,
    **settings: Any,
) -> int:
    """Transplant decision priors, print and draw what was found, return the exit code."""
    from canonica.report._transplant_figure import transplant_figure  # noqa: PLC0415

    given = {name: value for name, value in settings.items() if value is not None}
    if source is not None and prior_right:
        raise CanonicaError(
            f"--prior-right: found it together with {shown(source)}; expected one of them. "
            "Leave the file out to simulate agents first."
        )
    with results_folder(out, overwrite=overwrite) as folder:
        inputs: list[dict[str, str]] = []
        with progress() as shown_progress:
            told = _advance(shown_progress, "Trials")
            if source is None:
                e = list(prior_right or PRIORS_RIGHT)
                found = transplant_study(e, progress=told, **given)
                given["prior_right"] = e
            else:
                observed = _observed(source, given.get("max_steps"))
                inputs = [{"file": shown(source), "sha256": sha256(source)}]
                found = transplant(observed, progress=told, **given)
        summary = transplant_summary(found, block=legible_block(found.sizes["trial"]))
        _write(found, folder / "transplant.nc")
        _write_rows(folder / "transplant.csv", _transplant_rows(found))
        write_figure(transplant_figure(found, summary), folder / "transplant.png")
        files = ["transplant.nc", "transplant.csv", "transplant.png"]
        groups = [
            _group_json(found.isel(group=k), summary.isel(group=k))
            for k in range(found.sizes["group"])
        ]
        _write_summary(
            folder, "maze transplant", given, files, {"groups": groups, "input_files": inputs}
        )
    for k in range(found.sizes["group"]):
        _print_group(found.isel(group=k), summary.isel(group=k))
    _say_where(out, files)
    return 0


def _observed(source: Path, max_steps: int | None) -> xr.Dataset:
    """Return a result, or a log, whichever the file is."""
    if not source.is_file():
        raise CanonicaError(
            f"{shown(source)}: found no such file; expected a result of canonica maze (.nc) or a "
            "decision log (.csv)."
        )
    if source.suffix.lower() != ".nc":
        return decision_log(source, **({} if max_steps is None else {"max_steps": max_steps}))
    try:
        with xr.open_dataset(source, engine="h5netcdf") as file:
            return file.load()
    except (OSError, ValueError, KeyError) as error:
        raise CanonicaError(
            f"{shown(source)}: found no NetCDF file ({error}); expected a result of canonica maze."
        ) from error


def _print_group(found: xr.Dataset, summary: xr.Dataset) -> None:
    agents, mazes = found.sizes["agent"], found.sizes["maze"]
    estimation = int(found.attrs["estimation_trials"])
    name = str(found["group"].item())
    kinds = {"predicted": "predicted", "observed": "observed", "difference": "apart by"}
    shown_columns = ("goal reached", "mean steps")
    tables = [_table_rows(summary, f"{kind}_") for kind in kinds]
    rows = [
        {"trials": row["trials"] if k == 0 else "", "": word} | {x: row[x] for x in shown_columns}
        for block in zip(*tables, strict=True)
        for k, (row, word) in enumerate(zip(block, kinds.values(), strict=True))
    ]
    title = (
        f"{name}: {_counted(agents, 'agent')} observed, {_counted(mazes, 'fresh agent')} in other "
        "mazes\nIn brackets: 95 % intervals over agents"
    )
    output.print(simulation_table(title, rows, {}))
    low, high = summary["estimated_prior_right_interval"].to_numpy()
    true = float(found["true_prior_right"])
    decisions = int(found["decisions_observed"].sum())
    _say(
        f"Estimated prior of a move to the right: {float(summary['estimated_prior_right']):.4f} "
        f"[{low:.4f}; {high:.4f}]"
        + ("" if math.isnan(true) else f"; it was {true:g}")
        + f". From {decisions:,} decisions, trial{'s 1-' if estimation > 1 else ' '}{estimation}."
    )
    if found["observed_steps"].isnull().any():
        _say("Where fewer trials were observed than predicted, there is nothing to compare with.")
    if agents == 1:
        _say("The intervals of predictions leave out the error of that estimate: one agent alone.")
    _say_few(min(agents, mazes), "agents")


def _group_json(found: xr.Dataset, summary: xr.Dataset) -> dict[str, Any]:
    moves = found["estimated_first_move"].mean("agent")
    return {
        "group": str(found["group"].item()),
        "true_prior_right": _number(found["true_prior_right"]),
        "estimated_prior_right": _number(summary["estimated_prior_right"]),
        "estimated_prior_right_interval": _bounds(summary["estimated_prior_right_interval"]),
        "estimated_first_move": {
            str(move): float(moves.sel(move=move)) for move in moves["move"].to_numpy()
        },
        "decisions_observed": int(found["decisions_observed"].sum()),
        **{
            kind: _json_rows(summary, f"{kind}_")
            for kind in ("predicted", "observed", "difference")
        },
    }


def _transplant_rows(found: xr.Dataset) -> Iterable[dict[str, Any]]:
    for k, group in enumerate(found["group"].to_numpy()):
        one = found.isel(group=k)
        for kind, dim in (("predicted", "maze"), ("observed", "agent")):
            steps, reached = (
                one[f"{kind}_{part}"].transpose(dim, "trial").to_numpy()
                for part in ("steps", "reached")
            )
            for unit, name in enumerate(one[dim].to_numpy()):
                for t, trial in enumerate(one["trial"].to_numpy()):
                    if np.isnan(steps[unit, t]):
                        continue
                    yield {
                        "group": group,
                        "kind": kind,
                        "agent": f"maze {name}" if dim == "maze" else name,
                        "trial": trial,
                        "steps": int(steps[unit, t]),
                        "reached": bool(reached[unit, t]),
                    }


# --- both -----------------------------------------------------------------------------------------


def _advance(shown_progress: Progress, description: str) -> Callable[[int, int], None]:
    task = shown_progress.add_task(description, total=None)
    return lambda done, total: shown_progress.update(task, completed=done, total=total)


def _write(found: xr.Dataset, path: Path) -> None:
    # By way of memory: where the disk is full, the HDF5 library itself would crash.
    path.write_bytes(found.to_netcdf(engine="h5netcdf"))


def _write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    kept = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(kept[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(kept)


def _write_summary(
    folder: Path,
    command: str,
    settings: Mapping[str, Any],
    files: Sequence[str],
    found: Mapping[str, Any],
) -> None:
    summary = {
        **versions(),
        "command": command,
        "settings": dict(settings),
        **found,
        "files": sorted(files),
    }
    text = json.dumps(summary, indent=2, allow_nan=False)
    (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")


def _say(line: str) -> None:
    output.print(line, highlight=False, markup=False, soft_wrap=True)


def _say_where(out: Path, files: Sequence[str]) -> None:
    _say(f"Results: {shown(out)}")
    _say(f"  {', '.join([*files, SUMMARY])}")
