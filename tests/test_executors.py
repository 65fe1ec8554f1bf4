"""Work on the workers of a cluster: the same to the bit, whatever dies on the way."""

import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial

import pandas as pd
import pytest
import xarray as xr
from distributed import Client, LocalCluster

import canonica
from canonica import CanonicaError, RecordingError, pipelines, studies
from canonica.pipelines.executors._executor import Call, LostCallError, in_order
from canonica.pipelines.executors._makers import opened_maker
from canonica.pipelines.executors._opened import opened_executor
from canonica.recordings import Reading
from canonica.reverse_engineering.forecasting.models._canonical import Canonical
from canonica.studies.lesions.tasks import SeparationTask

SMALL = SeparationTask(sessions=2, trials_per_session=8, inputs=4, measured_sessions=1)


@pytest.fixture(scope="module")
def client():
    """Return the client of two worker processes."""
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs="CRITICAL"
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def squared(number):
    if number < 0:
        raise RecordingError("a.nwb", None, found="it", expected="more", advice="Look.")
    return number**2


def killed_once(marker, number):
    """Die by SIGKILL when first called with this marker."""
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def killed_always():
    os.kill(os.getpid(), signal.SIGKILL)


def undecided():
    raise CanonicaError("x: found 1; expected 2.")


def calls(numbers):
    return [Call(str(number), partial(squared, number)) for number in numbers]


def outcomes(executor, work):
    return {key: str(found) for key, found in executor(work)}


@pytest.mark.slow
def test_each_call_comes_back_by_its_key_with_what_it_returned_or_why_it_could_not(client):
    numbers = [*range(20), -1]
    expected = outcomes(in_order, calls(numbers))
    assert expected["3"] == "9"
    assert expected["-1"].startswith("a.nwb: found it")
    with opened_executor(client) as executor:
        assert outcomes(executor, calls(numbers)) == expected
        assert outcomes(executor, []) == {}
        with pytest.raises(CanonicaError, match="x: found 1"):
            outcomes(executor, [Call("x", undecided)])
    assert client.status == "running"  # it is not ours to close


@pytest.mark.slow
def test_calls_are_drawn_as_they_are_needed(client):
    drawn = []

    def many():
        for one in calls(range(50)):
            drawn.append(one.key)
            yield one

    with opened_executor(client) as executor:
        found = executor(many())
        next(found)
        assert len(drawn) < 10
        found.close()


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_nothing_and_one_that_always_dies_is_listed(client, tmp_path):
    work = [Call(f"once {n}", partial(killed_once, tmp_path / str(n), n)) for n in range(2)]
    with opened_executor(client) as executor:
        found = dict(executor([*work, *calls(range(4))]))
        assert [found[f"once {n}"] for n in range(2)] == [0, 1]
        assert [found[str(n)] for n in range(4)] == [0, 1, 4, 9]
        ((key, lost),) = executor([Call("always", killed_always)])
    assert key == "always"
    assert isinstance(lost, LostCallError)
    assert "every worker died" in str(lost)


def started(kind, *words):
    """Start a scheduler, or a worker, as a process of its own."""
    command = [sys.executable, "-m", "distributed.cli.dask_" + kind, *words, "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}  # what is called is defined here
    return subprocess.Popen(command, **quiet, env=here)


def slowly(number):
    time.sleep(0.3)
    return number


@pytest.mark.thorough
def test_a_scheduler_that_is_killed_and_started_anew_costs_nothing():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    scheduler = ("scheduler", "--port", str(port))
    worker = ("worker", address, "--nthreads", "1")
    running = [started(*scheduler), started(*worker)]
    try:
        found = {}
        with opened_executor(address) as executor:
            for key, value in executor(Call(str(n), partial(slowly, n)) for n in range(12)):
                found[key] = value
                if len(found) == 3:
                    running[0].kill()
                    running[0].wait()
                    running += [started(*scheduler), started(*worker)]
        assert found == {str(n): n for n in range(12)}
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.mark.thorough
def test_a_lesioned_network_is_the_same_to_the_bit_on_any_number_of_workers(client, tmp_path):
    settings = {"task": SMALL, "networks": 300, "seed": 3}  # several pieces
    here = pipelines.lesion(tmp_path / "here", ["state prior"], **settings)
    there = pipelines.lesion(tmp_path / "there", ["state prior"], **settings, cluster=client)
    xr.testing.assert_identical(here.result, there.result)
    assert len(here.result.point) > 2
    for name in here.files:
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


MAZES = {"mazes": 3, "trials": 4, "max_steps": 60, "height": 7, "width": 9, "window": 5}
FEW = {"sessions": 12, "trials_per_session": 16, "inputs": 4}


SLOW, THOROUGH = pytest.mark.slow, pytest.mark.thorough


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("pipeline", "settings"),
    [
        pytest.param(
            pipelines.recovery, {"draws": 20, **FEW, "trials_per_session": 64}, marks=SLOW
        ),
        pytest.param(
            pipelines.separation,
            {"state_prior": [0.3, 0.5], "samples": 21, **FEW},
            marks=THOROUGH,
        ),
        pytest.param(pipelines.perturbation, {"samples": 1, **FEW}, marks=THOROUGH),
        pytest.param(pipelines.maze, {"animation": "none", **MAZES}, marks=SLOW),
        pytest.param(
            pipelines.maze, {"animation": "none", "agent": "efficient", **MAZES}, marks=SLOW
        ),
        pytest.param(pipelines.transplant, {"prior_right": [0.25, 0.35], **MAZES}, marks=SLOW),
    ],
)
def test_simulations_and_mazes_are_the_same_to_the_bit_on_a_cluster(
    pipeline, settings, client, tmp_path
):
    found = pipeline(tmp_path / "here", **settings)
    pipeline(tmp_path / "there", **settings, cluster=client)
    for name in [*found.files, "summary.json"]:
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


@pytest.mark.thorough
def test_mazes_that_were_interrupted_on_a_cluster_go_on_without_and_the_other_way(client, tmp_path):
    settings = {"animation": "none", **MAZES}
    whole = pipelines.maze(tmp_path / "whole", **settings)
    for name, first, then in (("on", client, None), ("off", None, client)):
        out = tmp_path / name

        def stop(told):
            if told.what == "Trials" and told.done >= 4:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            pipelines.maze(out, **settings, cluster=first, progress=stop)
        done, _ = pipelines.unfinished_maze(out)
        told = []
        again = pipelines.maze(out, **settings, resume=True, cluster=then, progress=told.append)
        assert told[1].done == done >= 4
        xr.testing.assert_identical(again.result, whole.result)


@pytest.mark.thorough
def test_a_simulation_that_was_interrupted_on_a_cluster_goes_on_without(client, tmp_path):
    out = tmp_path / "found"
    settings = {"draws": 40, **FEW, "trials_per_session": 64}

    def stop(told):
        if told.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipelines.recovery(out, **settings, cluster=client, progress=stop)
    assert pipelines.unfinished_pieces(out) == 1
    again = pipelines.recovery(out, **settings, resume=True)
    xr.testing.assert_identical(again.result, pipelines.recovery(tmp_path / "w", **settings).result)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("study", "settings"),
    [
        (
            studies.plasticity_calibration,
            {
                "draws": 2,
                "initial_sessions": 3,
                "trials_per_session": 8,
                "inputs": 4,
                "model": Canonical(rates=5, memories=(1.0, float("inf"))),
            },
        ),
        (studies.culture_recovery, {"cultures": 12, "sessions": 3, "trials_per_session": 16}),
    ],
)
def test_studies_of_known_truth_are_the_same_to_the_bit_on_a_cluster(study, settings, client):
    with opened_maker(client) as maker:
        xr.testing.assert_identical(study(1, maker=maker, **settings), study(1, **settings))


@pytest.mark.slow
def test_a_study_is_the_same_to_the_bit_on_a_cluster(client, study_folder, studied, tmp_path):
    reading = Reading(trials_per_session=64)
    table = study_folder / "study.csv"
    found = canonica.study(table, tmp_path, model="ridge", reading=reading, cluster=client)
    pd.testing.assert_frame_equal(found.table, studied.table)
    assert found.comparisons == studied.comparisons
    assert [str(one) for one in found.failures] == [str(one) for one in studied.failures]
    for name in found.files:
        if name.endswith(".nc"):
            there = (study_folder / "out" / name).read_bytes()
            assert (tmp_path / name).read_bytes() == there


@pytest.mark.slow
def test_a_study_whose_command_is_killed_goes_on(study_folder, studied, tmp_path):
    words = ["study", study_folder / "study.csv", "--out", tmp_path, "--model", "ridge"]
    words += ["--trials-per-session", "64", "--resume"]
    command = [sys.executable, "-m", "canonica", *map(str, words)]
    first = [word for word in command if word != "--resume"]
    running = subprocess.Popen([*first, "--cluster", "local:2"], stderr=subprocess.DEVNULL)
    while not list(tmp_path.rglob("*.scores.nc")) and running.poll() is None:
        time.sleep(0.05)
    running.kill()
    running.wait()
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 1, again.stderr  # one recording is broken
    assert "had been done before" in again.stdout
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "cultures.parquet"), studied.table)


@pytest.mark.parametrize(
    ("cluster", "complaint"),
    [
        ("locals", "found 'locals'; expected local, local:4"),
        ("local:0", "cluster: found 0"),
        ("local:x", "expected local"),
        ("tcp://127.0.0.1:1", "found nobody who answers at tcp://127.0.0.1:1"),
        (7, "found 7; expected local"),
    ],
)
def test_what_is_no_cluster_is_refused(cluster, complaint, monkeypatch):
    monkeypatch.setattr("canonica.pipelines.executors._opened.ANSWER", 0.5)
    with pytest.raises(CanonicaError, match=complaint), opened_executor(cluster):
        pass


@pytest.mark.parametrize(
    "command",
    [
        "study table.csv --out found",
        "lesion run",
        "lesion diagram plasticity forgetting",
        "maze",
        "maze transplant",
        "simulate separation",
        "simulate perturbation",
        "simulate recovery",
    ],
)
def test_commands_refuse_what_is_no_cluster_and_two_of_them(command, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text("file,condition\nnone.mat,a\n")
    if not command.startswith("study"):  # which reads its recordings before it does the work
        code, _, complaint = call(*command.split(), "--cluster", "locals")
        assert code == 2
        assert "cluster: found 'locals'; expected local, local:4" in " ".join(complaint.split())
    code, _, complaint = call(*command.split(), "--cluster", "local", "--cluster-file", "s.json")
    assert code == 2
    assert "found --cluster and --cluster-file" in " ".join(complaint.split())
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_no_cluster_is_this_process():
    with opened_executor(None) as executor:
        assert executor is in_order
