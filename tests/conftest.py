"""Shared by all tests: shapes and types checked at run time, recordings to try things on."""

import gc
import os
import sys
from pathlib import Path

# Most tests run a compiled function once or twice, so compiling it costs more than running it:
# XLA compiles in a hurry here, and in the commands that tests start. It reads this variable when
# JAX is first used. `XLA_FLAGS= make test` tests what is compiled as users compile it.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
    " --xla_cpu_parallel_codegen_split_count=1 --xla_llvm_disable_expensive_passes=true",
)
# Commands that tests start leave the user's own cache alone.
os.environ.setdefault("CANONICA_COMPILATION_CACHE", "0")

import jax
import jaxtyping
import numpy as np
import pytest
from hypothesis import settings
from jaxtyping import config, install_import_hook

# Not `agents.planning`: its inner loop is Python, of calls that take less than their check.
CHECKED = (
    "agents.designs",
    "agents.experiments",
    "agents.network",
    "agents.worlds",
    "model",
    "recordings",
    "simulate",
    "reverse_engineering",
)
# What was compiled stays until the end, and there is much of it to look through for garbage.
gc.set_threshold(200_000, 50, 1000)

install_import_hook([f"canonica.{floor}" for floor in CHECKED], "beartype.beartype")

settings.register_profile("canonica", deadline=None, max_examples=20, derandomize=True)
settings.load_profile("canonica")

# The harness sends signals that are not there on Windows.
collect_ignore = ["test_torture.py"] if sys.platform == "win32" else []

SHARED = Path(__file__).parents[2] / "shared"

# Examples in docstrings that compile much: slow tests.
LONG_EXAMPLES = {
    "canonica.agents.experiments._learning_curves.learning_curves",
    "canonica.agents.experiments._scene.scene",
    "canonica.agents.experiments.gymnasium._gymnasium_agent.GymnasiumAgent",
    "canonica.agents.network._agent.Agent",
    "canonica.networks._regret.regret",
    "canonica.pipelines._analyze.analyze",
    "canonica.pipelines._forecast.forecast",
    "canonica.pipelines._maze.maze",
    "canonica.pipelines._report.report",
    "canonica.pipelines.conditions._open_study.open_study",
    "canonica.pipelines.conditions._study.study",
    "canonica.pipelines.exports._export.export",
    "canonica.pipelines.simulations._landscape.landscape",
    "canonica.pipelines.simulations._lesion.lesion",
    "canonica.pipelines.simulations._separation.separation",
    "canonica.report._calibration_figure.calibration_figure",
    "canonica.reverse_engineering.phenotype._compare.compare_lesions",
    "canonica.reverse_engineering.phenotype._phenotype.phenotype",
    "canonica.reverse_engineering.phenotype.cultures._culture_phenotype.culture_phenotype",
    "canonica.simulate._landscape.simulated_landscape",
    "canonica.simulate._perturbation_study.alpha_from_activity",
    "canonica.simulate._separation.separation",
    "canonica.studies.lesions._dose_response.dose_response",
    "canonica.studies.lesions._phase_diagram.boundary",
    "canonica.studies.lesions._phase_diagram.phase_diagram",
    "canonica.studies.lesions._restoration.restoration",
    "canonica.studies.plasticity._calibration.plasticity_calibration",
    "canonica.studies.plasticity._calibration_summary.calibration_summary",
    "canonica.studies.plasticity._detection.plasticity_detection",
}
# And those that take longest.
LONGEST_EXAMPLES = {
    "canonica.agents.designs._efficient_agent.efficient_agent",
    "canonica.pipelines.simulations._lesion.lesion_diagram",
    "canonica.pipelines.simulations._lesion.lesion_restored",
    "canonica.report._phenotype_figure.phenotype_figure",
    "canonica.report._phenotype_table.phenotype_table",
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if item.name in LONG_EXAMPLES:
            item.add_marker(pytest.mark.slow)
        elif item.name in LONGEST_EXAMPLES:
            item.add_marker(pytest.mark.thorough)


@pytest.fixture
def x64():
    """Double precision for tests that use the model floor directly."""
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="session")
def published():
    """Return the folder of the published recordings; skip, saying so, where it is absent."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"the published recordings are not at {folder}")
    return folder


@pytest.fixture(scope="session")
def expected():
    """Return the folder of the published numbers; skip, saying so, where it is absent."""
    folder = SHARED / "expected"
    if not folder.is_dir():
        pytest.skip(f"the published numbers are not at {folder}")
    return folder


@pytest.fixture(scope="session")
def cultures():
    """Return three simulated recordings of one shape, and do not change them.

    Of networks that separate their sources: with so few trials not every seed gives one.
    """
    from canonica.simulate import culture

    sizes = {"sessions": 15, "trials_per_session": 64}
    return [culture(2 + number, **sizes, name=f"c{number}") for number in range(3)]


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory, cultures):
    """Return a folder with a table of two conditions, a broken file, and a row to leave out."""
    from canonica.recordings import write_matlab

    folder = tmp_path_factory.mktemp("study")
    write_matlab(folder / "ctrl.mat", cultures[:2])
    write_matlab(folder / "drug.mat", [cultures[2]])
    (folder / "broken.mat").write_bytes(b"MATLAB 5.0 MAT-file, or so it says")
    rows = [
        "file,recording,condition,animal,exclude,note",
        'ctrl.mat,1,"<b>x</b>&""",rat 1,,',
        'ctrl.mat,2,"<b>x</b>&""",rat 2,,',
        "drug.mat,,=drug,rat 3,,first",
        "broken.mat,,=drug,rat 4,,",
        "lost.mat,,=drug,rat 5,yes,</script><script>alert(1)</script>",
    ]
    (folder / "study.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="session")
def studied(study_folder):
    """Return the study of that table; its results are in the folder out, and not to be changed."""
    import canonica
    from canonica.recordings import Reading

    reading = Reading(trials_per_session=64)
    table, out = study_folder / "study.csv", study_folder / "out"
    return canonica.study(table, out, model="ridge", reading=reading)


@pytest.fixture
def untyped():
    """Let arguments of wrong types and shapes through, as outside of tests."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


@pytest.fixture
def generator():
    """Return a source of random numbers that is the same in every run."""
    return np.random.default_rng(0)


@pytest.fixture
def call(monkeypatch, capsys):
    """Return a function that runs the command line and returns its code and what it printed."""
    from canonica.cli import main

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["canonica", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return stopped.value.code, printed.out, printed.err

    return run


@pytest.fixture
def unchecked():
    """No types checked at run time, as with users."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)
