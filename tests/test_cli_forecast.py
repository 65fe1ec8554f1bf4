"""`canonica forecast`, as a person meets it: exit codes, files, numbers, messages."""

import csv
import json
from dataclasses import dataclass, replace
from typing import ClassVar

import matplotlib.image
import numpy as np
import pytest
import xarray as xr

import canonica
from canonica import RecordingError
from canonica.cli._app import complain_of
from canonica.recordings import recording, write_matlab
from canonica.reverse_engineering.forecasting import (
    FORECAST_MODELS,
    Stacked,
    forecast,
    score_normalised,
)
from canonica.reverse_engineering.forecasting._known import normalised
from canonica.reverse_engineering.forecasting.comparison._comparison import paired_comparison
from canonica.reverse_engineering.forecasting.models._regression import Ridge
from canonica.reverse_engineering.forecasting.plasticity._hierarchy import pooled_plasticity
from canonica.reverse_engineering.forecasting.plasticity._pooling import Likelihood, on_one_grid

SESSION = ["--trials-per-session", "64"]
CHEAP = ["--model", "ridge", "--against", "persistence", "--against", "drift"]
MODELS = ["ridge", "persistence", "drift"]
SCORES = ["squared_error", "crps", "log_score", "coverage", "width"]
STRENGTHS = (100.0, 1000.0, 10000.0)


@pytest.fixture(scope="module")
def three():
    """Return three simulated recordings of 14 sessions, and do not change them."""
    return [simulated(number) for number in range(3)]


def simulated(seed):
    """Return a recording of electrodes that each follow one source, more so session by session.

    Not of a network that learns: that takes seconds to simulate.
    """
    generator = np.random.default_rng(seed)
    sources = generator.integers(2, size=(14 * 64, 2))
    copied = generator.random((14 * 64, 16)) < 0.75
    stimuli = np.where(copied, sources[:, np.arange(16) % 2], sources[:, (np.arange(16) + 1) % 2])
    session = np.repeat(np.arange(14), 64)
    gain = generator.uniform(1, 3, 32) * (1 + 0.04 * session[:, None])
    spikes = generator.poisson(1.5 + gain * sources[:, np.arange(32) % 2])
    return recording(spikes, stimuli, sources, session=64, name=f"c{seed}", condition="simulated")


@pytest.fixture(scope="module")
def file(tmp_path_factory, three):
    path = tmp_path_factory.mktemp("recordings") / "cultures.mat"
    write_matlab(path, three)
    return path


@pytest.fixture(scope="module")
def short(tmp_path_factory, three):
    """Return a file with one recording only."""
    path = tmp_path_factory.mktemp("recordings") / "culture.mat"
    write_matlab(path, three[:1])
    return path


@pytest.fixture(autouse=True)
def undrawn(request, monkeypatch):
    """Leave figures empty, but where a test is about them: drawing takes most of the time."""
    from canonica.pipelines import _forecast

    if "drawn" not in request.fixturenames:
        for name in ("forecast_figure", "rates_figure"):
            monkeypatch.setattr(_forecast, name, lambda *_: None)
        monkeypatch.setattr(_forecast, "write_figure", lambda _, path, __: path.touch())


@pytest.fixture
def drawn():
    """Switch `undrawn` off: the test that asks for this needs real figures."""


@pytest.fixture
def models(monkeypatch):
    """Return a mapping that takes the place of the models there are."""
    from canonica.pipelines import _forecast_plan

    some = {name: FORECAST_MODELS[name] for name in MODELS}
    monkeypatch.setattr(_forecast_plan, "FORECAST_MODELS", some)
    return some


@dataclass(frozen=True)
class Rated:
    """A ridge regression that says something on plasticity, too: cheap, and always the same."""

    name: ClassVar[str] = "rated"

    strengths: tuple[float, ...] = STRENGTHS

    def predicted(self, known, key):
        plain = Ridge().predicted(known, key)
        odd = known.stimuli.sum() % 2 == 0
        likelihood = np.array([[9.0, 6.0, 0.0], [7.0, 5.0, 0.0]]) - 12 * odd
        found = {
            "prior_strength": (("prior_strength",), np.array(self.strengths), "strength"),
            "memory": (("memory",), np.array([10.0, np.inf]), "sessions"),
            "log_likelihood": (("memory", "prior_strength"), likelihood, "likelihood"),
        }
        evidence = float(np.log(np.exp(likelihood).mean()))
        attrs = {
            "probability_plastic": 1 / (1 + np.exp(-evidence)),
            "log_evidence": evidence,
            "prior_strength_low": 50.0,
            "prior_strength_median": 100.0,
            "prior_strength_high": 400.0,
            "conclusion": "It learns, or not.",
            "diagnostic_warning": "" if odd else "the grid is coarse",
        }
        return replace(plain, found=found, attrs=attrs)


def entries(folder):
    return sorted(path.name for path in folder.iterdir())


def summary_of(folder):
    return json.loads((folder / "summary.json").read_text(), parse_constant=pytest.fail)


def opened(path):
    with xr.open_dataset(path, engine="h5netcdf") as found:
        return found.load()


def broken(one):
    """Return the recording with responses that tell no sources apart."""
    return one.assign(responses=one["responses"] * 0 + 3)


@pytest.mark.slow
def test_forecast_writes_what_the_library_finds(call, file, tmp_path):
    out = tmp_path / "r"
    code, printed, _ = call("forecast", file, "--out", out, *SESSION, *CHEAP)
    assert code == 0
    names = ["cultures-1", "cultures-2", "cultures-3"]
    files = [f"{name}{end}" for name in names for end in (".nc", ".scores.nc")]
    expected = sorted([*files, "simulated.png", "recordings.csv", "summary.json"])
    assert entries(out) == expected
    assert entries(tmp_path) == ["r"]
    summary = summary_of(out)
    assert sorted([*summary["files"], "summary.json"]) == expected

    recordings = canonica.read(file, trials_per_session=64)
    every = {name: forecast(recordings, model=name) for name in MODELS}
    ready = normalised(recordings, canonica.PublishedProtocol())
    errors = {name: [] for name in MODELS}
    for number, row in enumerate(summary["recordings"]):
        written = opened(out / row["result_file"])
        xr.testing.assert_identical(written, every["ridge"][number])
        scores = opened(out / row["score_file"])
        assert list(scores["model"].to_numpy()) == MODELS
        assert scores.attrs["input_sha256"] == row["input_sha256"] == written.attrs["input_sha256"]
        for name in MODELS:
            direct = score_normalised(every[name][number], ready[number])
            for variable in direct:
                one = scores[variable].sel(model=name).to_numpy()
                np.testing.assert_array_equal(one, direct[variable].to_numpy())
            # 14 sessions less 10 initial ones: the last 4 are what was forecast.
            last = direct.isel(session=slice(-4, None)).sel(level=0.9).mean("session")
            assert row["scores"][name] == pytest.approx({key: float(last[key]) for key in SCORES})
            errors[name].append(row["scores"][name]["squared_error"])
        assert row["sessions_scored"] == 4
        assert row["plasticity"] is None

    (condition,) = summary["conditions"]
    medians = {name: np.median(errors[name]) for name in MODELS}
    for name in MODELS:
        assert condition["medians"][name]["squared_error"] == pytest.approx(medians[name])
        assert f"{medians[name]:.4f}" in printed
    comparisons = paired_comparison(errors, "ridge")
    assert condition["best_other"] == min(MODELS[1:], key=medians.__getitem__)
    assert {one["model"]: one["wins"] for one in condition["comparisons"]} == {
        name: one.wins for name, one in comparisons.items()
    }
    words = " ".join(printed.split())
    assert comparisons[condition["best_other"]].sentence in words
    assert "Evidence for plasticity" not in words
    assert "blind to the later ones" in words
    assert "3 forecasts" in words

    with (out / "recordings.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert [row["name"] for row in rows] == names
    assert [float(row["drift_squared_error"]) for row in rows] == errors["drift"]


@pytest.mark.slow
def test_stacked_models_share_weights_that_are_shown(call, file, tmp_path, models):
    """The same as from Python, the parts being forecast once; recommended in words."""
    out, parts = tmp_path / "r", tuple(models.values())
    stacked = Stacked(parts)
    models["stacked"] = stacked
    code, printed, _ = call("forecast", file, "--out", out, *SESSION, "--model", "stacked")
    assert code == 0
    direct = forecast(canonica.read(file, trials_per_session=64), model=stacked)
    summary = summary_of(out)
    (condition,) = summary["conditions"]
    weights = dict(zip(MODELS, direct[0].component_weight.values.tolist(), strict=True))
    assert condition["stacked_weights"] == pytest.approx(weights)
    for row, one in zip(summary["recordings"], direct, strict=True):
        xr.testing.assert_identical(opened(out / row["result_file"]), one)
    heaviest = max(weights, key=weights.__getitem__)
    assert f"take stacked: {heaviest} {weights[heaviest]:.0%}" in " ".join(printed.split())
    assert "of 3 recordings" in " ".join(printed.split())


@pytest.mark.slow
def test_options_reach_the_forecast(call, short, tmp_path):
    out = tmp_path / "r"
    thresholds = ["--minimum-mean", "1.2", "--minimum-session", "0.3"]
    options = ["--initial-sessions", "6", "--normalisation", "published", "--baseline", "2.5"]
    options += [*thresholds, "--minimum-preference", "0.6", "--seed", "3", "--jobs", "2"]
    options += ["--report"]
    code, printed, _ = call("forecast", short, "--out", out, *SESSION, *CHEAP, *options)
    assert code == 0
    assert "NOT blind to the future" in " ".join(printed.split())
    protocol = canonica.PublishedProtocol(
        minimum_mean_response=1.2, minimum_session_response=0.3, minimum_preference=0.6
    )
    direct = forecast(
        canonica.read(short, trials_per_session=64),
        model="ridge",
        initial_sessions=6,
        normalisation="published",
        baseline=2.5,
        protocol=protocol,
        seed=3,
    )
    for one in direct:
        xr.testing.assert_identical(opened(out / f"{one.attrs['name']}.nc"), one)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "the forecast is NOT blind to the future" in page
    summary = summary_of(out)
    assert "report.html" in summary["files"]
    assert summary["causal"] is False
    expected = {
        "model": "ridge",
        "against": ["persistence", "drift"],
        "model_penalty": 1.0,
        "initial_sessions": 6,
        "normalisation": "published",
        "baseline": 2.5,
        "seed": 3,
        "minimum_preference": 0.6,
    }
    assert expected.items() <= summary["settings"].items()


def test_all_other_models_are_compared_with_unless_told(models, call, short, tmp_path):
    assert call("forecast", short, "-o", tmp_path / "r", *SESSION, "--model", "drift")[0] == 0
    settings = summary_of(tmp_path / "r")["settings"]
    assert settings["against"] == [name for name in models if name != "drift"]


def test_a_bad_recording_does_not_stop_the_others(call, three, tmp_path):
    write_matlab(tmp_path / "a.mat", [three[0], broken(three[1])])
    (tmp_path / "b.mat").write_bytes(b"not a recording")
    out = tmp_path / "r"
    paths = tmp_path / "a.mat", tmp_path / "b.mat"
    code, printed, errors = call("forecast", *paths, "--out", out, *SESSION, *CHEAP)
    assert code == 1
    assert "n = 1 recording" in printed
    assert "2 recordings or files failed" in printed
    assert "a-2" in errors
    assert "Traceback" not in errors
    summary = summary_of(out)
    assert [one["name"] for one in summary["recordings"]] == ["a-1"]
    assert [one["source"].split(" ")[0] for one in summary["failures"]] == [
        "a-2",
        str(tmp_path / "b.mat"),
    ]
    (comparison, _) = summary["conditions"][0]["comparisons"]
    assert comparison["interval"] is None  # of one recording there is none


def test_a_model_that_fails_on_a_recording_costs_that_one_only(models, call, file, tmp_path):
    first = []

    @dataclass(frozen=True)
    class Faulty:
        name: ClassVar[str] = "faulty"

        def predicted(self, known, key):
            found = Ridge().predicted(known, key)
            if not first:
                first.append(known)
                found.mean[-1, 0, 0] = np.nan
            return found

    models["faulty"] = Faulty()
    arguments = ("--model", "ridge", "--against", "faulty")
    code, _, errors = call("forecast", file, "--out", tmp_path / "r", *SESSION, *arguments)
    assert code == 1
    assert "in the forecast of the model faulty" in " ".join(errors.split())
    assert [one["name"] for one in summary_of(tmp_path / "r")["recordings"]] == [
        "cultures-2",
        "cultures-3",
    ]


def test_nothing_to_forecast_is_an_error_that_leaves_nothing(call, three, tmp_path):
    write_matlab(tmp_path / "a.mat", [broken(three[1])])
    for path in ("a.mat", "missing.mat"):
        code, _, errors = call("forecast", tmp_path / path, "--out", tmp_path / "r", *CHEAP)
        assert code == 2
        assert "nothing could be forecast" in errors
        assert entries(tmp_path) == ["a.mat"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "oracle"], f"expected one of {', '.join(FORECAST_MODELS)}"),
        (["--against", "oracle"], "--against: found 'oracle'"),
        (["--against", "ridge"], "found the model itself"),
        (["--normalisation", "blind"], "--normalisation"),
        (["--initial-sessions", "14"], "14 sessions"),
        (["--seed", "-1"], "--seed"),
        (["--baseline", "bic=2"], "condition bic"),
        (["--baseline", "-1"], "above 0"),
        (["--minimum-mean", "nan"], "minimum_mean"),
    ],
)
def test_a_bad_call_says_what_is_wrong(call, short, tmp_path, arguments, words):
    default = [] if "--model" in arguments else ["--model", "ridge"]
    code, _, errors = call(
        "forecast", short, "--out", tmp_path / "r", *SESSION, *default, *arguments
    )
    assert code == 2
    assert words in " ".join(errors.split())
    assert "Traceback" not in errors
    assert entries(tmp_path) == []


@pytest.mark.slow
def test_what_a_model_finds_out_on_plasticity_is_reported(models, call, three, tmp_path):
    models["rated"] = Rated()
    write_matlab(tmp_path / "a.mat", three[:2])
    write_matlab(tmp_path / "rates.mat", [three[2].assign_attrs(condition="rates")])
    out, arguments = tmp_path / "r", ("--model", "rated", "--against", "ridge", *SESSION)
    code, printed, _ = call("forecast", tmp_path, "--out", out, *arguments)
    assert code == 0
    assert {"rates.png", "rates~2.png", "simulated.png"} <= {*entries(out)}
    printed = " ".join(printed.split())
    summary = summary_of(out)
    for condition in summary["conditions"]:
        rows = [one for one in summary["recordings"] if one["condition"] == condition["condition"]]
        likelihoods = []
        for row in rows:
            found = row["plasticity"]
            plastic = found["log_evidence"] > 0
            assert found["verdict"] == ("plastic" if plastic else "no sign")
            assert found["plasticity_rate_median"] == pytest.approx(0.01)
            assert found["plasticity_rate_low"] == pytest.approx(1 / 400)
            assert found["plasticity_rate_high"] == pytest.approx(1 / 50)
            likelihood = opened(out / row["result_file"])["log_likelihood"]
            likelihoods.append(np.log(np.exp(likelihood).mean("memory")).to_numpy())
        pooled = pooled_plasticity(
            np.array(likelihoods), np.array(STRENGTHS), condition=condition["condition"]
        )
        assert condition["pooled_plasticity"]["share_plastic"] == pytest.approx(
            pooled.share_plastic
        )
        assert pooled.sentence in printed
        assert sum(condition["verdicts"].values()) == len(rows)
    warned = [one for one in summary["recordings"] if one["plasticity"]["diagnostic_warning"]]
    for row in warned:
        assert f"{row['name']}: the grid is coarse" in printed
    assert "Evidence for plasticity" in printed


@pytest.mark.slow
@pytest.mark.usefixtures("drawn")
def test_figures_are_pictures(models, call, short, tmp_path):
    models["rated"] = Rated()
    arguments = ("--model", "rated", "--against", "ridge", *SESSION)
    assert call("forecast", short, "--out", tmp_path / "r", *arguments)[0] == 0
    for figure in ("simulated.png", "rates.png"):
        assert matplotlib.image.imread(tmp_path / "r" / figure).std() > 0.05


def test_grids_of_different_recordings_are_brought_together():
    coarse = Likelihood(np.array([10.0, 1000.0]), np.array([2.0, 0.0]))
    other = Likelihood(np.array([100.0, 1000.0, 10000.0]), np.array([4.0, 2.0, 0.0]))
    grid, values = on_one_grid([coarse, other])
    np.testing.assert_allclose(grid, [10, 316.2278, 10000], rtol=1e-6)
    # Linear in the logarithm; beyond its ends each stays what it is there.
    np.testing.assert_allclose(values, [[2, 0.5, 0], [4, 3, 0]], atol=1e-9)


@pytest.mark.slow
def test_no_two_recordings_share_a_file(call, three, tmp_path):
    write_matlab(tmp_path / "a.mat", three[:1])
    write_matlab(tmp_path / "a.scores.mat", three[1:2])
    out = tmp_path / "r"
    code, *_ = call("forecast", tmp_path, "--out", out, *SESSION, *CHEAP)
    assert code == 0
    rows = summary_of(out)["recordings"]
    files = [row[kind] for row in rows for kind in ("result_file", "score_file")]
    assert len(set(files)) == 4
    for row in rows:
        for file in (row["result_file"], row["score_file"]):
            assert opened(out / file).attrs["input_file"] == row["input_file"]


def test_an_interrupted_run_leaves_nothing(call, short, tmp_path, monkeypatch):
    from canonica.pipelines import _forecast

    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(_forecast, "write_figure", interrupted)
    code, _, errors = call("forecast", short, "--out", tmp_path / "r", *SESSION, *CHEAP)
    assert code == 130
    assert "nothing was written" in errors
    assert entries(tmp_path) == []


def test_help_teaches(call):
    code, printed, _ = call("forecast", "--help")
    assert code == 0
    for words in ("Examples", "How to read the table", "--against", "Exit codes", "--session-gap"):
        assert words in printed


@pytest.mark.slow
def test_the_default_model_finds_how_plastic_networks_are(call, file, tmp_path):
    out = tmp_path / "r"
    code, printed, _ = call("forecast", file, "--out", out, *SESSION, "--against", "frozen")
    assert code == 0
    assert "rates.png" in entries(out)
    assert "Evidence for plasticity" in printed
    summary = summary_of(out)
    assert summary["settings"]["model"] == "canonical"
    for row in summary["recordings"]:
        found = opened(out / row["result_file"])
        assert row["plasticity"]["probability_plastic"] == found.attrs["probability_plastic"]
        assert 0 <= row["plasticity"]["probability_plastic"] <= 1
        # Memories and strengths are equally probable beforehand, so that both sums must agree.
        likelihood = found["log_likelihood"].to_numpy()
        evidence = np.log(np.exp(likelihood - likelihood.max()).mean()) + likelihood.max()
        assert row["plasticity"]["log_evidence"] == pytest.approx(evidence, abs=1e-6)


def test_errors_that_are_the_same_for_several_recordings_are_said_once(capsys):
    def failed(name, found="3 sessions"):
        return RecordingError(name, None, found=found, expected="11", advice="Record more.")

    complain_of([failed("a"), failed("b", "2 sessions"), ValueError("else"), failed("c")])
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "error: 2 recordings (a, c): found 3 sessions; expected 11. Record more.",
        "error: b: found 2 sessions; expected 11. Record more.",
        "error: else",
    ]
