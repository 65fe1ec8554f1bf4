"""Pipelines called from Python: the files of the commands, byte for byte, and what they tell."""

import pickle
from contextlib import suppress

import pytest

import canonica
from canonica import CanonicaError, pipelines
from canonica.pipelines import ForecastPlan, NothingUsableError, Progress
from canonica.recordings import Reading, write_matlab

READING = Reading(trials_per_session=64)
SESSION = ["--trials-per-session", "64"]
MAZES = {"mazes": 2, "trials": 6, "max_steps": 60, "height": 7, "width": 9, "window": 5}
PROTOCOL, PLAIN = canonica.PublishedProtocol(), {"baseline": None, "seed": 0}
SMALL = {"sessions": 12, "trials_per_session": 32}


def options(settings):
    """Return settings as a command takes them."""
    return [
        word
        for name, value in settings.items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, cultures):
    """Return a folder of two good recordings, a bad one, and a file that is none."""
    place = tmp_path_factory.mktemp("recordings")
    write_matlab(place / "a.mat", cultures[:2])
    write_matlab(place / "b.mat", [cultures[2].assign(responses=cultures[2]["responses"] * 0 + 3)])
    return place


CALLS = {
    "analyze": (
        lambda folder, out: pipelines.analyze(folder, out, baseline=2.5, reading=READING, jobs=1),
        lambda folder: ["analyze", folder, "--baseline", "2.5", *SESSION],
    ),
    "transplant": (
        lambda _, out: pipelines.transplant(out, prior_right=[0.25], **MAZES),
        lambda _: ["maze", "transplant", "--prior-right", "0.25", *options(MAZES)],
    ),
    "separation": (
        lambda _, out: pipelines.separation(out, state_prior=[0.5], samples=2, **SMALL),
        lambda _: ["simulate", "separation", "--prior", "0.5", "--samples", "2", *options(SMALL)],
    ),
    "landscape": (
        lambda folder, out: pipelines.landscape(out, folder, reading=READING, animation="none"),
        lambda folder: ["simulate", "landscape", folder, *SESSION, "--animation", "none"],
    ),
    "perturbation": (
        lambda _, out: pipelines.perturbation(out, samples=1, **SMALL),
        lambda _: ["simulate", "perturbation", "--samples", "1", *options(SMALL)],
    ),
    "recovery": (
        lambda _, out: pipelines.recovery(out, draws=4, **SMALL),
        lambda _: ["simulate", "recovery", "--draws", "4", *options(SMALL)],
    ),
}  # fmt: skip
LONG = "perturbation"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.thorough] if name == LONG else []) for name in CALLS],
)
def test_python_and_the_command_write_the_same_files(name, call, folder, tmp_path):
    called, command = CALLS[name]
    found = called(folder, tmp_path / "python")
    code, *_ = call(*command(folder), "--out", tmp_path / "command")
    failures = getattr(found, "failures", [])
    assert code == (1 if failures else 0)
    assert bool(failures) == (name in ("analyze", "landscape"))
    written = contents(tmp_path / "python")
    assert sorted(written) == sorted([*found.files, "summary.json"])
    assert written == contents(tmp_path / "command")


@pytest.mark.slow
def test_forecasts_of_python_and_of_the_command_and_what_is_told(call, folder, tmp_path):
    told, out = [], tmp_path / "python"
    models = {"model": "ridge", "against": ["persistence"]}
    pipelines.forecast(folder, out, **models, seed=3, reading=READING, progress=told.append)
    names = ["--model", "ridge", "--against", "persistence", "--seed", "3"]
    assert call("forecast", folder, *names, *SESSION, "--out", tmp_path / "command")[0] == 1
    assert contents(out) == contents(tmp_path / "command")
    check_progress(told)


@pytest.mark.slow
def test_a_forecast_can_be_compared_with_nothing(folder, tmp_path):
    found = pipelines.forecast(
        folder, tmp_path / "out", model="ridge", against=[], reading=READING, report=True
    )
    assert [list(one.scores) for one in found.recordings] == [["ridge"]] * len(found.recordings)
    assert not any(one.comparisons for one in found.conditions)


def test_what_no_file_can_hold_is_refused_before_the_work(tmp_path):
    for argument in ("name", "condition"):
        with pytest.raises(CanonicaError, match=f"^{argument}: found"):
            pipelines.culture(tmp_path / "c.nwb", **{argument: "a\ud800"})


def test_python_and_the_command_validate_the_same(call, folder, tmp_path):
    found = pipelines.validate(folder, reading=READING, json_file=tmp_path / "python.json")
    call("validate", folder, "--json", tmp_path / "command.json", *SESSION)
    assert len(found) == 3
    assert [one.validation.usable for one in found] == [True, True, False]
    assert (tmp_path / "python.json").read_bytes() == (tmp_path / "command.json").read_bytes()


def test_python_and_the_command_convert_the_same(call, folder, tmp_path):
    found = pipelines.convert(folder / "a.mat", tmp_path / "python.csv", reading=READING)
    assert call("convert", folder / "a.mat", tmp_path / "command.csv", *SESSION)[0] == 0
    assert [one.path.name for one in found] == ["python-1.csv", "python-2.csv"]
    for number in (1, 2):
        same = [(tmp_path / f"{who}-{number}.csv").read_bytes() for who in ("python", "command")]
        assert same[0] == same[1]


def test_python_and_the_command_simulate_the_same_culture(call, tmp_path):
    sizes = {"sessions": 2, "trials_per_session": 16, "electrodes": 8, "dead": 1, "seed": 5}
    found = pipelines.culture(tmp_path / "python.csv", **sizes)
    code, *_ = call("simulate", "culture", *options(sizes), "--out", tmp_path / "command.csv")
    assert code == 0
    assert not found.keeps_spikes
    assert (tmp_path / "python.csv").read_bytes() == (tmp_path / "command.csv").read_bytes()


def check_progress(told):
    last = {one.what: one for one in told}
    assert list(last) == ["Reading recordings", "Forecasting", "Drawing figures"]
    assert [(one.done, one.total) for one in last.values()] == [(2, 2), (2, 2), (1, 1)]
    assert {one.item for one in told} == {"", "a-1", "a-2"}
    done = [one.done for one in told if one.what == "Forecasting"]
    assert done == sorted(done)


@pytest.mark.slow
def test_an_interrupted_transplant_goes_on_to_the_same_files(tmp_path):
    out, settings = tmp_path / "found", {**MAZES, "prior_right": [0.25, 0.35], "seed": 1}

    def stop(told):
        if told.what == "Trials" and told.done == 20:  # of 48, the second half of the first group
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        pipelines.transplant(out, **settings, progress=stop)
    kept = pipelines.unfinished_transplant(out)
    assert 20 <= kept < 48
    with pytest.raises(CanonicaError, match="--resume"):
        pipelines.transplant(out, **settings)
    with pytest.raises(CanonicaError, match="unfinished run with seed 1; expected 2"):
        pipelines.transplant(out, **settings | {"seed": 2}, resume=True)
    told = []
    pipelines.transplant(out, **settings, resume=True, progress=told.append)
    assert [one.done for one in told[:3]] == [0, 12, kept]  # nothing was done twice
    pipelines.transplant(tmp_path / "whole", **settings)
    assert contents(out) == contents(tmp_path / "whole")
    assert pipelines.unfinished_transplant(out) is None


def test_a_transplant_does_not_go_on_with_a_run_in_mazes(tmp_path):
    def stop(told):
        if told.what == "Trials" and told.done == 3:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        pipelines.maze(tmp_path, **MAZES, progress=stop)
    with pytest.raises(CanonicaError, match="unfinished run of canonica maze"):
        pipelines.transplant(tmp_path, resume=True)
    assert pipelines.unfinished_maze(tmp_path) is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pipeline", "settings", "after"),
    [
        (pipelines.recovery, {"draws": 20, **SMALL}, 16),
        (pipelines.separation, {"state_prior": [0.3, 0.5], "samples": 2, **SMALL}, 2),
        (pipelines.perturbation, {"samples": 1, **SMALL}, 3),
    ],
)
def test_an_interrupted_simulation_goes_on_to_the_same_files(pipeline, settings, after, tmp_path):
    out = tmp_path / "found"

    def stop(told):
        if told.done == after:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        pipeline(out, **settings, progress=stop)
    pieces = {path: path.stat().st_mtime_ns for path in out.rglob("*.nc")}
    assert pipelines.unfinished_pieces(out) == len(pieces) > 0
    with pytest.raises(CanonicaError, match="--resume"):
        pipeline(out, **settings)
    seen = []

    def look(told):
        if not seen and told.done > after:
            seen.extend(path.stat().st_mtime_ns for path in pieces)

    pipeline(out, **settings, resume=True, progress=look)
    assert seen == list(pieces.values())  # nothing was done twice
    pipeline(tmp_path / "whole", **settings)
    assert contents(out) == contents(tmp_path / "whole")
    assert pipelines.unfinished_pieces(out) == 0


def test_progress_can_be_printed(capsys):
    for one in (Progress("Trials", 1200, None), Progress("Forecasting", 0, 2, "c1")):
        print(one)  # noqa: T201
    assert capsys.readouterr().out == "Trials: 1,200\nForecasting c1: 0 of 2\n"


def test_nothing_usable_says_what_is_wrong_with_each_and_leaves_nothing(folder, tmp_path):
    with pytest.raises(NothingUsableError, match="nothing could be analysed") as raised:
        pipelines.analyze([folder / "b.mat"], tmp_path / "r", reading=READING)
    (failure,) = raised.value.failures
    assert "b.mat" in failure.source
    again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301
    assert str(again) == str(raised.value)
    assert [str(one) for one in again.failures] == [str(failure)]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def mazes(tmp_path_factory):
    """Return the folder of agents in mazes, with seed 1."""
    out = tmp_path_factory.mktemp("mazes")
    pipelines.maze(out, **MAZES, seed=1, animation="none")
    return out


@pytest.mark.slow
def test_the_command_writes_what_python_does_of_mazes(call, mazes, tmp_path):
    arguments = [*options(MAZES), "--seed", "1", "--animation", "none"]
    assert call("maze", *arguments, "--out", tmp_path / "command")[0] == 0
    assert contents(tmp_path / "command") == contents(mazes)


@pytest.mark.slow
def test_an_interrupted_maze_goes_on_to_the_same_files(mazes, tmp_path):
    settings = {**MAZES, "seed": 1, "animation": "none"}

    def stop(told):
        if told.what == "Trials" and told.done == 3:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        pipelines.maze(tmp_path / "found", **settings, progress=stop)
    done, total = pipelines.unfinished_maze(tmp_path / "found")
    assert 3 <= done < total == 12
    told = []
    pipelines.maze(tmp_path / "found", **settings, resume=True, progress=told.append)
    assert told[1].done == done  # nothing was done twice
    assert pipelines.unfinished_maze(tmp_path / "found") is None
    assert contents(tmp_path / "found") == contents(mazes)


def test_models_can_be_values_or_names():
    ridge = canonica.reverse_engineering.FORECAST_MODELS["ridge"]
    for model in (ridge, "ridge"):
        plan = ForecastPlan.of(model, ["drift"], protocol=PROTOCOL, normalisation="causal", **PLAIN)
        assert plan.model is ridge
        assert [one.name for one in plan.others] == ["drift"]
        assert plan.settings["against"] == ["drift"]
    with pytest.raises(canonica.CanonicaError, match="the model itself"):
        ForecastPlan.of(ridge, ["ridge"], protocol=PROTOCOL, normalisation="causal", **PLAIN)


@pytest.mark.thorough
def test_the_demo_of_python_and_of_the_command_find_the_same(tmp_path, call):
    found = pipelines.demo(tmp_path / "python", cultures=1)
    assert call("demo", "--out", tmp_path / "command", "--cultures", 1)[0] == 0
    assert found.rows[0]["sessions"] == 100
    names = {who: sorted(contents(tmp_path / who / "results")) for who in ("python", "command")}
    assert names["python"] == names["command"] == sorted([*found.files, "summary.json"])
