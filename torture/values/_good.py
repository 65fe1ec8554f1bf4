"""What public functions do take, so small that it takes no time: one of it is then made bad."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

import canonica
from canonica import agents, recordings, reverse_engineering, simulate
from canonica.studies import Truth

# Sizes and settings that any function may take, by name.
SMALL: dict[str, Any] = {
    "seed": 0,
    "sessions": 11,
    "trials_per_session": 24,
    "samples": 1,
    "draws": 1,
    "inputs": 4,
    "electrodes": 8,
    "mazes": 1,
    "trials": 1,
    "max_steps": 4,
    "height": 5,
    "width": 7,
    "cultures": 1,
    "resolution": 5,
    "jobs": 1,
    "animation": "none",
    "sources": 2,
    "mixing": 0.75,
    "state_prior": 0.5,
}
# What takes long even if it is small, or needs the network, is called with bad values alone.
COSTLY = {
    "plasticity_calibration", "plasticity_detection", "culture_false_alarms", "fetch", "study",
    "bootstrap_interval", "phenotype_recovery",
}  # fmt: skip
# What says in its docstring where its results are NaN.
SAID = {
    "canonica.reverse_engineering.electrode_statistics": {
        "fano_factor",
        "mean_response",
        "preference",
    },
}
# What takes whatever it is given, by design.
LEFT_OUT = {
    "canonica.studies.lesions.tasks.Task": "is what tasks have in common, and none by itself",
    "canonica.report.worlds_figure": "takes panels alone, one after the other",
    "canonica.reverse_engineering.attempt": "calls any function, and returns errors of recordings",
    "canonica.reverse_engineering.results": "yields what it is given where that is an error",
}


def arguments(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what each function needs, by its last name; in a folder with files to read.

    Parameters
    ----------
    folder : Path
        Where a recording is written.
    """
    one = simulate.culture(0, sessions=11, trials_per_session=24, inputs=4, electrodes=24)
    path = folder / "culture.parquet"
    recordings.write(path, one)
    agents.bandit_agent(agents.SwitchingBandit()).save(folder / "agent.npz")
    arrays = {name: one[name].to_numpy() for name in ("responses", "stimuli", "sources")}
    rng = np.random.default_rng(0)
    response = rng.random((2, 264))
    from_responses = {
        "response": response, "stimuli": arrays["stimuli"], "trials_per_session": 24
    }  # fmt: skip
    known = reverse_engineering.forecast(one, model="persistence", initial_sessions=10)
    known_result = reverse_engineering.reverse_engineer(one)
    foretold = reverse_engineering.forecast_responses(**from_responses, model="persistence")
    spikes = {
        "times": np.sort(rng.random(500)) * 60, "channels": rng.integers(0, 4, 500),
        "onsets": np.arange(60.0), "stimuli": rng.integers(0, 2, (60, 4)),
        "trials_per_session": 30,
    }  # fmt: skip
    key = jax.random.key(0)
    model = simulate.initial_model(key, inputs=4)
    written: dict[str, Any] = {"out": folder / "out", "overwrite": True}
    return {
        "alpha_from_activity": {"alpha": [0.3, 0.5]},
        "analyze": {"paths": path, **written},
        "BanditTask": {"trials": 40},
        "GoalTask": {"trials": 20},
        "TMazeTask": {"trials": 100},
        "biased_log_evidence": {
            "model": model, "bias": np.zeros((4, 2, 2)), "observations": np.zeros((3, 4))
        },
        "Canonical": {"draws": 2},
        "Frozen": {"draws": 2},
        "condition_summary": {
            "condition": "a",
            "recordings": [reverse_engineering.recording_summary(known_result)] * 2,
        },
        "check_results_folder": {"out": folder / "out", "overwrite": True},
        "convert": {"source": path, **written, "out": folder / "out.mat"},
        "culture": {},
        "culture_recovery": {"cultures": 3},
        "pipelines.culture": {**written, "out": folder / "out.nwb"},
        "demo": {"out": folder / "demo"},
        "electrode_statistics": {"recording": one},
        "encode": {"model": model, "stimuli": np.zeros((3, 4))},
        "ensemble_response": {"recording": one, "protocol": canonica.PublishedProtocol()},
        "forecast": {"recordings": one, "model": "persistence"},
        "forecast_responses": {**from_responses, "model": "persistence"},
        "fetch": {"conditions": "bic", "base_url": "http://localhost:9/nothing"},
        "from_pomdp": {"A": [np.eye(2)], "B": [np.tile(np.eye(2)[:, :, None], 2)]},
        "from_spikes": spikes,
        "initial_counts": {"key": key},
        "initial_model": {"key": key},
        "inspect": {"recording": one},
        "is_recording": {"path": path},
        "landscape": {"stimuli": arrays["stimuli"], "weight": np.zeros((1, 1, 2, 4))},
        "likelihood_mapping": {"matrix": np.full((4, 2), 0.5)},
        "maze": {**written, "window": 3, "agent": "published"},
        "mixing_process": {"key": key},
        "paired_comparison": {"errors": {"a": [1.0, 2.0], "b": [2.0, 1.5]}, "reference": "a"},
        "perturbation": {"alpha": [0.5], "beta": [0.0]},
        "pipelines.forecast": {
            "paths": path, "against": ["persistence"], "model": "ridge", **written
        },
        "pipelines.landscape": written,
        "pipelines.perturbation": written,
        "pipelines.recovery": written,
        "pipelines.separation": {**written, "state_prior": [0.5]},
        "export": {"agent": folder / "agent.npz", "to": "stablehlo", **written},
        "load": {"path": folder / "agent.npz"},
        "play": {
            "environment": "canonica/TMaze-v0", "episodes": 2, "film": False, **written
        },
        "unfinished_play": {"out": folder / "out"},
        "plot.forecast": {"forecast": known, "recording": one},
        "plot.recording": {"result": known_result},
        "pipelines.validate": {"paths": path},
        "read": {"path": path},
        "read_contents": {"path": path},
        "read_each": {"path": path},
        "recording": {**arrays, "session": one["session"].to_numpy()},
        "recording_files": {"paths": folder},
        "recording_summary": {"result": known_result},
        "recovery": {"noise": [0.0], "state_prior": (0.3, 0.7), "mixing": (0.6, 0.9)},
        "reverse_engineer": {"recordings": one},
        "reverse_engineer_responses": from_responses,
        "score": {"forecast": known, "recording": one},
        "score_responses": {"forecast": foretold, "response": response},
        "separation": {"state_prior": [0.5]},
        "simulated_known": {
            "key": key, "truth": Truth(), "sessions": 4, "initial": 2, "trials": 8
        },
        "spike_trains_from": spikes,
        "spikes_beside": {"path": path},
        "study": {"table": [{"file": str(path), "condition": "a"}], **written},
        "summary": {"results": [known_result]},
        "sweep": {"recording": one, "prior_strength": [100.0], "gain": [1.0]},
        "transplant": {**written, "window": 3, "prior_right": [0.25]},
        "unfinished_maze": {"out": folder / "out"},
        "validate": {"recording": one},
        "validate_each": {"paths": path},
        "write": {"path": folder / "written.nwb", "content": one},
        "write_matlab": {"path": folder / "written.mat", "recordings": [one]},
        "writer": {"path": path},
    }  # fmt: skip


def good_arguments(
    name: str, function: Callable[..., Any], known: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return what a function takes: what it needs, and small sizes for what it may be given."""
    room, _, last = name.removeprefix("canonica.").rpartition(".")
    own = known.get(f"{room}.{last}", known.get(last, {}))
    parameters = inspect.signature(function).parameters
    small = {
        key: value
        for key, value in SMALL.items()
        if key in parameters
        and isinstance(parameters[key].default, (type(value), type(inspect.Parameter.empty)))
    }
    return {**small, **own}
