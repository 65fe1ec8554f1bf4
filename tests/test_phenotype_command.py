"""`canonica phenotype` and its pipeline: the same in Python, on the disk, and as a figure."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import canonica
from canonica import CanonicaError, pipelines
from canonica.cli import app
from canonica.pipelines._phenotype import not_told_from
from canonica.report import phenotype_figure, phenotype_table
from canonica.reverse_engineering.phenotype import hierarchical_phenotype
from canonica.reverse_engineering.phenotype._hierarchical import has_converged
from canonica.studies import phenotype_recovery, simulated_choices

MODEL = "win-stay-lose-shift"
BRIEF = ["--model", MODEL, "--compare", "habit"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Return a file of two groups, of which one stays more than the other, one trial missing."""
    rng = np.random.default_rng(0)
    rows = []
    for n in range(14):
        group, stay = ("calm", 0.9) if n < 7 else ("restless", 0.3)
        choice = 0
        for trial in range(40):
            choice = choice if rng.random() < stay else 1 - choice
            rows.append({
                "subject": f"s{n}", "group": group, "trial": trial, "choice": "LR"[choice],
                "outcome": int(rng.integers(2)),
            })  # fmt: skip
    rows[5]["choice"] = ""
    path = tmp_path_factory.mktemp("choices") / "choices.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def ran(table):
    out = table.parent / "out"
    result = CliRunner().invoke(app, ["phenotype", str(table), "--out", str(out), *BRIEF])
    assert result.exit_code == 0, result.output
    return out, result.output


@pytest.mark.slow
def test_the_command_writes_what_python_returns(table, ran):
    out, _ = ran
    found = canonica.phenotype(table, model=MODEL)
    kept = xr.load_dataset(out / "phenotype.nc", engine="h5netcdf")
    np.testing.assert_array_equal(kept["estimate"], found["estimate"])
    rows = pd.read_csv(out / "subjects.csv")
    assert rows["subject"].tolist() == found["subject"].to_numpy().tolist()
    assert rows["group"].tolist() == ["calm"] * 7 + ["restless"] * 7
    assert rows["missing"].tolist() == [1] + [0] * 13
    for name in found["parameter"].to_numpy():
        one = found.sel(parameter=name)
        np.testing.assert_allclose(rows[name], one["estimate"])
        np.testing.assert_allclose(rows[f"{name} low"], one["low"])
        np.testing.assert_allclose(rows[f"{name} high"], one["high"])
        said = (rows[f"{name} identified"] == "yes").tolist()
        assert said == one["identified"].to_numpy().tolist()
    per_choice = found["log_likelihood"] / found["choices"]
    np.testing.assert_allclose(rows["log likelihood per choice"], per_choice)


@pytest.mark.slow
def test_the_summary_says_where_it_is_from_and_what_was_found(ran):
    out, printed = ran
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["command"] == "phenotype"
    assert summary["canonica_version"] == canonica.__version__
    assert summary["files"] == sorted(
        path.name for path in out.iterdir() if path.name != "summary.json"
    )
    assert (summary["subjects"], summary["choices"], summary["missing_choices"]) == (14, 559, 1)
    assert len(summary["settings"]["sha256"]) == 64
    assert "no diagnosis" in summary["found"][-1]
    assert "No diagnosis" in printed
    assert "1 trials without a choice were left out" in printed
    (gain, loss) = summary["group_differences"]
    assert (gain["group"], gain["reference"]) == ("restless", "calm")
    for one in (gain, loss):
        assert one["low"] < one["difference"] < one["high"] < 0
    comparison = pd.read_csv(out / "comparison.csv")
    assert comparison["best of subjects"].sum() == 14
    best = comparison["model"][comparison["log evidence"].argmax()]
    assert summary["best_model_by_evidence"] == best
    assert (comparison["difference per subject"] <= 0).all()


@pytest.mark.slow
def test_earlier_results_are_replaced_only_when_asked(table, ran):
    out, _ = ran
    again = ["phenotype", str(table), "--out", str(out), *BRIEF]
    refused = CliRunner().invoke(app, again)
    assert refused.exit_code == 2
    assert "--overwrite" in refused.stderr


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--free", "dopamine"], "dopamine"),
        (["--model", MODEL, "--free", "habit"], "only the canonical"),
    ],
)
def test_wrong_options_end_with_a_message(table, tmp_path, options, part):
    result = CliRunner().invoke(
        app, ["phenotype", str(table), "--out", str(tmp_path / "out"), *options]
    )
    assert result.exit_code == 2
    assert part in result.stderr
    assert "found" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_table_that_is_none_ends_with_a_message(tmp_path):
    path = tmp_path / "choices.csv"
    path.write_text("subject,trial,choice,outcome\na,1,L,win\na,2,R,1\n")
    result = CliRunner().invoke(app, ["phenotype", str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "column outcome, row 1" in result.stderr


@pytest.mark.thorough
def test_groups_and_held_out_subjects_are_written_when_asked(table):
    told = []
    found = pipelines.phenotype(
        table, table.parent / "more", model=MODEL, cross_validation=True, hierarchical=True,
        draws=150, compare=[], progress=told.append,
    )  # fmt: skip
    assert {"validation.csv", "groups.csv"} < set(found.files)
    groups = pd.read_csv(table.parent / "more" / "groups.csv")
    assert groups["group"].tolist() == ["calm", "calm", "restless", "restless"]
    # Stays more after gain and loss alike; the truth is 0.9 and 0.3.
    for name in ("stay after gain", "stay after loss"):
        calm, restless = groups[groups["parameter"] == name]["estimate"]
        assert calm > 0.75
        assert restless < 0.45
    apart = groups[groups["group"] == "restless"]
    assert (apart["difference high"] < 0).all()
    assert (groups["r hat"] < 1.1).all()
    assert found.groups.attrs["divergences"] == 0
    one = found.groups
    assert float(one["subject_estimate"].sel(parameter="stay after gain")[:7].min()) > float(
        one["subject_estimate"].sel(parameter="stay after gain")[7:].max()
    )
    validation = pd.read_csv(table.parent / "more" / "validation.csv")
    assert validation["model"].tolist()[-1] == "chance"
    summary = json.loads((table.parent / "more" / "summary.json").read_text(encoding="utf-8"))
    assert summary["sampling"]["divergences"] == 0
    assert {"Estimating", "Comparing models", "Sampling groups"} < {
        str(one).split(":")[0] for one in told
    }


@pytest.mark.thorough
def test_sampling_that_has_not_converged_is_told(table):
    few = hierarchical_phenotype(table, model=MODEL, draws=4, warmup=2)
    assert few.attrs["converged"] == 0
    assert few.attrs["smallest_ess"] < 400
    assert has_converged(0, 1.01, 400.0)
    for wrong in ((1, 1.0, 900.0), (0, 1.02, 900.0), (0, 1.0, 399.0), (0, np.nan, 900.0)):
        assert not has_converged(*wrong)


@pytest.mark.slow
def test_figure_and_table_show_every_parameter_and_group(table):
    found = canonica.phenotype(table, model=MODEL)
    figure = phenotype_figure(found)
    left, right = figure.axes
    assert "stay after gain (probability)" in left.get_xlabel()
    assert "stay after loss" in right.get_xlabel()
    marks = np.concatenate([line.get_xdata() for line in left.lines])
    expected = found["estimate"].sel(parameter="stay after gain").to_numpy()
    np.testing.assert_allclose(np.sort(marks), np.sort(expected))
    names = [label.get_text() for label in left.get_yticklabels()]
    assert sorted(names) == sorted(found["subject"].to_numpy().tolist())
    legend = [text.get_text() for text in left.get_legend().get_texts()]
    assert legend == ["calm (median)", "restless (median)"]
    shown = phenotype_table(found)
    assert [str(column.header) for column in shown.columns] == [
        "parameter", "calm", "restless", "identified in"
    ]  # fmt: skip
    with pytest.raises(CanonicaError, match="found"):
        phenotype_figure(xr.Dataset())


@pytest.mark.thorough
def test_what_shows_in_choices_is_recovered_and_what_does_not_is_said():
    found = phenotype_recovery(0, subjects=30, trials=100)
    r = found["r"].to_series()
    assert (r[["policy precision", "plasticity", "forgetting", "policy prior"]] > 0.8).all()
    assert float(found["identified"].sel(lesion="sensory precision")) < 0.6
    np.testing.assert_allclose(found["confusion"].sum("found"), 1)
    assert float(found["confusion"].sel(kind="intact", found="intact")) > 0.6
    columns = found["inversion"].sum("kind").to_numpy()
    assert (np.isclose(columns, 1) | (columns == 0)).all()


@pytest.mark.slow
def test_agents_with_lesions_choose_as_their_lesions_say():
    shared = {"subjects": 40, "trials": 60}
    random = simulated_choices(0, **shared, strengths={"policy precision": 0.0})
    biased = simulated_choices(0, **shared, strengths={"policy prior": 0.9})
    staying = simulated_choices(0, **shared, strengths={"habit": 0.9})
    learning = simulated_choices(0, **shared, strengths={"plasticity": 3.0, "forgetting": 0.05})
    assert abs((random["choice"] == 1).mean() - 0.5) < 0.05
    assert (biased["choice"] == 1).mean() > 0.9
    stays = staying.groupby("subject")["choice"].apply(lambda one: (one.diff() == 0).mean())
    assert stays.mean() > 0.8
    assert (learning["outcome"] == 1).mean() > (random["outcome"] == 1).mean() + 0.05
    one = simulated_choices(0, **shared)
    pd.testing.assert_frame_equal(one, simulated_choices(0, **shared))
    assert not one.equals(simulated_choices(1, **shared))


@pytest.mark.parametrize(
    ("high", "words"),
    [
        ([0.0, -0.2, -0.1], ""),
        ([0.0, 0.1, -0.1], "is ahead of b"),
        ([0.0, np.nan, 0.0], "is ahead of b, c"),  # too few subjects for an interval; an edge
    ],
)
def test_no_model_is_named_the_best_without_a_word_of_those_within_chance(high, words):
    found = xr.Dataset({"high": ("model", high)}, {"model": ["a", "b", "c"]}, {"best": "a"})
    said = not_told_from(found)
    assert said.endswith(words)
    assert bool(said) == bool(words)
