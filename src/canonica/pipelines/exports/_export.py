"""An agent taken along: to a folder with all that its runtime needs."""

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import jax
import numpy as np

from canonica._arguments import checked_arguments
from canonica._checks import checked_seed
from canonica._errors import CanonicaError
from canonica._files import AnyPath, sha256, shown
from canonica._float64 import double_precision, of_float64, standard_promotion
from canonica.agents import Agent, Knowledge
from canonica.networks import CompiledNetwork
from canonica.networks.exports import FORMATS, ExportedAgent, ExportFormat
from canonica.pipelines._load import load
from canonica.pipelines._progress import Stage, Told
from canonica.pipelines.exports._agent_step import exported_agent
from canonica.pipelines.exports._known_steps import known_steps
from canonica.pipelines.exports._network_step import (
    ActingNetwork,
    exported_network,
    known_network_steps,
)
from canonica.pipelines.results._results_files import write_summary
from canonica.pipelines.results._results_folder import check_results_folder, results_folder

SCRIPT, KNOWN, MEANING = "run.py", "steps.npz", "meaning.json"
STEPS = 100
Steps: TypeAlias = dict[str, np.ndarray]
PATIENCE = 600.0  # seconds that a runtime may take for them


@dataclass(frozen=True)
class Export:
    """An agent that was taken along.

    Parameters
    ----------
    to : str
        The format.
    files : list of str
        Names of the files in the folder, but for summary.json.
    steps : int
        That it was tried on.
    largest_deviation : float or None
        Of a belief in its own runtime from the agent's, over those steps; None where it
        was not tried.
    other_actions : int or None
        In how many steps another action was drawn, from the same random numbers.
    largest_deviation_learned : float or None
        Of a probability that was learned meanwhile, where the format takes plasticity along.
    unchecked : str or None
        Why it was not tried, if it was not.
    """

    to: str
    files: list[str]
    steps: int
    largest_deviation: float | None
    other_actions: int | None
    largest_deviation_learned: float | None
    unchecked: str | None


@checked_arguments
def export(
    agent: AnyPath,
    out: AnyPath,
    *,
    to: Literal["stablehlo", "onnx", "brian2"],
    python: AnyPath = sys.executable,
    seed: int = 0,
    overwrite: bool = False,
    progress: Told | None = None,
) -> Export:
    """Take an agent along to a runtime that knows nothing of canonica, and try it there.

    Does what `canonica export` does, and writes the same files: the network (step.stablehlo,
    step.onnx or, for Brian 2, network.npz), run.py, which runs it with nothing but NumPy and the
    runtime, steps.npz with 100 steps of the agent itself, and summary.json. Then run.py is run, in
    a process that does not load canonica, and what it finds is returned. Of a network that acts by
    a plan, or by what `play` learned, meaning.json says what each input and action stands for.

    Parameters
    ----------
    agent : path-like
        A file of `Agent.save`, of `CompiledNetwork.save`, or agent.npz of `play`: that acts by
        what it has learned, and explores no more.
    out : path-like
        Folder for the results; made if it is not there.
    to : "stablehlo", "onnx" or "brian2"
        The runtime. The first two take along how it acts, with synapses as they are; Brian 2 gets
        the differential equations of its rates and its plasticity.
    python : path-like, optional
        The Python to try it with, where the runtime has an environment of its own; by default the
        one that runs this.
    seed : int
        Decides the observations and the draws of the steps that it is tried on.
    overwrite : bool, optional
        Whether earlier results in the folder may be replaced.
    progress : callable, optional
        Called with a `Progress` as the work goes on, as `print` could be.

    Returns
    -------
    Export
        The files, and how far the agent in its runtime deviates.

    Raises
    ------
    CanonicaError
        If the file holds no agent, a package is missing, the format has no room for this agent, or
        the folder holds anything but earlier results that may be replaced.

    References
    ----------
    Section 2 of the theory, for the differential equations.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from canonica.agents import SwitchingBandit, bandit_agent
    >>> folder = mkdtemp()
    >>> bandit_agent(SwitchingBandit()).save(f"{folder}/bandit.npz")
    >>> found = export(f"{folder}/bandit.npz", f"{folder}/bandit", to="stablehlo")
    >>> found.largest_deviation < 1e-6, found.other_actions
    (True, 0)
    """
    source, out, kind, seed = Path(agent), Path(out), FORMATS[to], checked_seed(seed)
    check_results_folder(out, overwrite=overwrite)
    kind.check()
    loaded = load(source)
    with results_folder(out, overwrite=overwrite) as folder:
        stage = Stage(progress, f"Exporting to {to}", 2)
        files = _written(loaded, kind, folder, seed)
        stage.advance()
        found = _tried(kind, folder, python)
        stage.advance()
        settings = {"agent": source.name, "agent_sha256": sha256(source), "to": to, "seed": seed}
        write_summary(folder, "export", {**settings, "check": found}, files)
    return Export(
        to,
        sorted(files),
        0 if "unchecked" in found else STEPS,
        found.get("largest_deviation"),
        found.get("other_actions"),
        found.get("largest_deviation_learned"),
        found.get("unchecked"),
    )


def _written(
    value: Agent | Knowledge | CompiledNetwork, kind: ExportFormat, folder: Path, seed: int
) -> list[str]:
    """Write the network, what runs it, and the steps that it is held against."""
    if isinstance(value, Agent):
        taken, known = _agent(value, kind, seed)
    else:
        taken, known = _network(value, seed)
    with jax.enable_x64(taken.observation.dtype == np.float64), standard_promotion():
        files = kind.write(taken, folder)
    np.savez(folder / KNOWN, allow_pickle=False, **known)
    (folder / SCRIPT).write_text(kind.script_text, encoding="utf-8")
    if taken.meaning is not None:
        files.append(MEANING)
        text = json.dumps(taken.meaning, indent=1, ensure_ascii=False)
        (folder / MEANING).write_text(text + "\n", encoding="utf-8")
    return [*files, SCRIPT, KNOWN]


def _agent(agent: Agent, kind: ExportFormat, seed: int) -> tuple[ExportedAgent, Steps]:
    double = agent.model.likelihood_counts.dtype == np.float64
    with jax.enable_x64(double or kind.learns), standard_promotion():
        if kind.learns:  # what learns there computes in double precision
            agent = replace(of_float64(agent), acting_precision=None)
        known = known_steps(agent, steps=STEPS, seed=seed, learns=kind.learns)
        return exported_agent(agent), known


def _network(value: Knowledge | CompiledNetwork, seed: int) -> tuple[ExportedAgent, Steps]:
    with double_precision():
        acting = ActingNetwork.of(value)
        taken = exported_network(acting)
        return taken, known_network_steps(acting, taken.beginning, steps=STEPS, seed=seed)


def _tried(kind: ExportFormat, folder: Path, python: AnyPath) -> dict[str, Any]:
    """Return what the script finds, run by itself; or why it could not be."""
    ran = _run(python, folder, SCRIPT)
    try:
        return json.loads(ran.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        for module in kind.runs_with:
            loading = _run(python, folder, "-c", f"import {module}")
            if loading.returncode != 0:
                return {"unchecked": f"{module} does not load there ({_last_line(loading)})"}
        raise CanonicaError(
            f"{kind.name}: found that the network does not run there ({_last_line(ran)}); expected "
            f"{STEPS} steps. Is its runtime whole? Reinstall it."
        ) from error


def _run(python: AnyPath, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python by itself: it finds nothing beside what is installed for it."""
    try:
        return subprocess.run(  # noqa: S603  (our own script, with the Python that was named)
            [str(python), "-I", "-W", "ignore", *words],
            cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise CanonicaError(
            f"python: found that {shown(Path(python))} was not done after {PATIENCE:g} s; expected "
            f"{STEPS} steps in less. Give another Python."
        ) from error
    except OSError as error:
        raise CanonicaError(
            f"python: found no way to run {shown(Path(python))} ({error.strerror}); expected a "
            "Python, bin/python of an environment say. Check the path."
        ) from error


def _last_line(ran: subprocess.CompletedProcess[str]) -> str:
    return (ran.stderr.strip().splitlines() or ["it printed nothing"])[-1]
