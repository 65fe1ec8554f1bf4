"""One task foretold from another: by a subject's own choices, and by those of others."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats
from scipy.special import expit, logsumexp
from typer.testing import CliRunner

from canonica import CanonicaError
from canonica.cli import app
from canonica.pipelines._phenotype import _foretold as in_words
from canonica.reverse_engineering.phenotype import predict_other_task, read_choices
from canonica.reverse_engineering.phenotype._choice_model import choice_model
from canonica.reverse_engineering.phenotype._group_prior import group_prior
from canonica.reverse_engineering.phenotype._laplace import NormalPrior
from canonica.reverse_engineering.phenotype._other_task import _foretold, _in_both
from canonica.reverse_engineering.phenotype._sampled_posterior import (
    DrawnPoints,
    sampled_posteriors,
)
from canonica.reverse_engineering.phenotype._trials import trials_of
from canonica.studies.phenotypes import simulated_choices

STAY = (0.95, 0.9, 0.2, 0.6)  # of four subjects


def stayers(seed, trials, names="abcd", stay=STAY):
    """Return choices of subjects who stay with a probability of their own, whatever it gave."""
    rng = np.random.default_rng(seed)
    rows = []
    for name, p in zip(names, stay, strict=True):
        choice = 0
        for trial in range(trials):
            choice = choice if rng.random() < p else 1 - choice
            rows.append({"subject": name, "trial": trial, "choice": choice, "outcome": trial % 2})
    return pd.DataFrame(rows)


def stays(table, name):
    """Return how often a subject stayed and shifted after a gain, and after a loss."""
    own = table[table["subject"] == name]
    choice, gain = own["choice"].to_numpy(), own["outcome"].to_numpy()[:-1] == 1
    stayed = choice[1:] == choice[:-1]
    return [(stayed & part).sum() - 1j * (~stayed & part).sum() for part in (gain, ~gain)]


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
def test_foretold_is_the_integral_over_what_is_known():
    """Of win-stay-lose-shift, whose two parameters are each an integral of their own."""
    first, second = stayers(0, 40), stayers(1, 25)
    with jax.enable_x64(True):
        trials, later = (trials_of(read_choices(table)) for table in (first, second))
        model = choice_model("win-stay-lose-shift", trials, 2)
        rows = np.array([0, 2, 3])
        after = jax.tree.map(lambda part: part[rows], later)
        found = _foretold(model, trials, rows, (model, after), 0)
        weak = NormalPrior.of(model, 4)
        each = sampled_posteriors(model, trials, weak)
        priors = [group_prior(each, weak, jnp.arange(4) != n) for n in rows]
    x = np.linspace(-12, 12, 4801)
    for place, (n, prior) in enumerate(zip(rows, priors, strict=True)):
        known, foretold = stays(first, "abcd"[n]), stays(second, "abcd"[n])
        by_own = by_others = -np.log(2)  # of the first choice
        for m in (0, 1):
            density = stats.norm.logpdf(x, prior.mean[0, m], prior.sd[0, m])
            density -= logsumexp(density)
            told, new = (
                counts[m].real * np.log(expit(x)) - counts[m].imag * np.log(expit(-x))
                for counts in (known, foretold)
            )
            by_others += logsumexp(density + new)
            by_own += logsumexp(density + told + new) - logsumexp(density + told)
        np.testing.assert_allclose(found[place], [by_own, by_others], atol=0.12)
    assert found[1, 0] > found[1, 1] + 0.5  # who shifts, among those who stay


def test_subjects_have_to_be_in_both():
    first = stayers(0, 4)
    for names in ("efgh", "aefg"):
        with pytest.raises(CanonicaError, match=r"found [01] of the subjects.*expected two"):
            predict_other_task(first, stayers(1, 4, names))


def test_subjects_are_found_by_their_names():
    first = read_choices(stayers(0, 4, "dabc"))
    second = read_choices(stayers(1, 4, "xcad"))
    rows, again = _in_both(first, second)
    assert [first.subjects[n] for n in rows] == [second.subjects[n] for n in again]
    assert {first.subjects[n] for n in rows} == {"a", "c", "d"}


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
def test_a_group_is_the_mean_and_spread_of_its_posteriors():
    """One round, written out; the weak prior counts as one subject more."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        weak = NormalPrior(jnp.full((5, 2), 0.5), jnp.full((5, 2), 2.0))
        points = jnp.asarray(rng.normal(0.5, 2, (5, 400, 2)))
        likelihood = jnp.asarray(rng.normal(size=(5, 400)))
        found = DrawnPoints(points, likelihood, weak.log_density(points)).under(weak)
        included = np.array([True, True, False, True, True])
        once = group_prior(found, weak, jnp.asarray(included), rounds=1)
        twice = group_prior(found, weak, jnp.asarray(included), rounds=2)
    share = np.exp(likelihood) / np.exp(likelihood).sum(axis=1, keepdims=True)
    mean = np.einsum("sn,snp->sp", share, points)[included]
    square = np.einsum("sn,snp->sp", share, points**2)[included]
    centre = (mean.sum(axis=0) + 0.5) / 5
    spread = (square - 2 * mean * centre + centre**2).sum(axis=0) + 4 + (0.5 - centre) ** 2
    np.testing.assert_allclose(once.mean, np.broadcast_to(centre, (5, 2)), rtol=1e-9)
    np.testing.assert_allclose(once.sd, np.broadcast_to(np.sqrt(spread / 5), (5, 2)), rtol=1e-9)
    assert (np.abs(twice.mean - once.mean) > 1e-3).any()


@pytest.fixture(scope="module")
def two_tasks():
    """Return choices of the same ten subjects in two bandits, the second in another order."""
    rng = np.random.default_rng(0)
    strengths = {
        "plasticity": 3.0,
        "habit": np.tanh(rng.normal(0, 1.2, 10) / 2),
        "policy prior": np.tanh(rng.normal(0, 1.5, 10) / 2),
    }
    first = simulated_choices(1, subjects=10, trials=80, strengths=strengths)
    second = simulated_choices(
        2, subjects=10, trials=60, strengths=strengths, reward_probability=(0.9, 0.4),
        switch_after=None,
    )  # fmt: skip
    return first, second.iloc[::-1]


@pytest.mark.thorough
def test_own_choices_tell_more_than_those_of_others(two_tasks):
    told = []
    free = ["plasticity", "habit", "policy prior"]
    found = predict_other_task(*two_tasks, free=free, progress=lambda *done: told.append(done))
    assert told == [(1, 3), (2, 3), (3, 3)]
    canonical = found.sel(model="canonical")
    assert canonical["gain_low"] > 0
    assert found.attrs["best"] == "canonical"
    np.testing.assert_allclose(
        found["gain"],
        found["mean"].sel(known="own choices") - found["mean"].sel(known="others' choices"),
    )
    np.testing.assert_allclose(found["mean"], found["log_likelihood"].mean("subject"))
    np.testing.assert_allclose(found["mean"].sel(model="chance"), -np.log(2))
    assert (found["log_likelihood"] < 0).all()
    assert found["difference"].sel(model="canonical") == 0
    # The second table's order of subjects changes nothing.
    same = predict_other_task(two_tasks[0], two_tasks[1].iloc[::-1], free=free)
    np.testing.assert_allclose(same["log_likelihood"], found["log_likelihood"], atol=1e-12)
    # Whoever is foretold by another's choices is foretold worse.
    renamed = two_tasks[1].copy()
    names = {f"simulated-{n + 1}": f"simulated-{(n + 1) % 10 + 1}" for n in range(10)}
    renamed["subject"] = renamed["subject"].map(names)
    mixed = predict_other_task(two_tasks[0], renamed, free=free)
    assert mixed["gain"].sel(model="canonical") < 0


@pytest.mark.thorough
def test_the_command_foretells_another_task(tmp_path, two_tasks):
    for table, name in zip(two_tasks, ("first.csv", "second.csv"), strict=True):
        table.to_csv(tmp_path / name, index=False)
    out = tmp_path / "out"
    ran = CliRunner().invoke(
        app,
        ["phenotype", str(tmp_path / "first.csv"), "--out", str(out), "--free", "habit",
         "--compare", "habit", "--predict", str(tmp_path / "second.csv")],
    )  # fmt: skip
    assert ran.exit_code == 0, ran.output
    rows = pd.read_csv(out / "prediction.csv").set_index("model")
    found = predict_other_task(tmp_path / "first.csv", tmp_path / "second.csv", free=["habit"])
    for model in rows.index:
        one = found.sel(model=model)
        np.testing.assert_allclose(rows.loc[model, "gain"], one["gain"], atol=1e-9)
        for name in one["known"].to_numpy():
            kept = rows.loc[model, f"log likelihood per choice, {name} known"]
            np.testing.assert_allclose(kept, one["mean"].sel(known=name), atol=1e-9)
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert "prediction.csv" in summary["files"]
    assert len(summary["settings"]["other_sha256"]) == 64
    assert any("in another task" in sentence for sentence in summary["found"])


def test_what_was_foretold_is_said_as_surely_as_it_is():
    def found(low, high, best="canonical"):
        models = ["canonical", "chance"]
        zero = ("model", [0.0, 0.0])
        return xr.Dataset(
            {
                "mean": (("model", "known"), [[-0.5, -0.6], [-0.7, -0.7]]),
                "gain": ("model", [0.1, 0.0]), "gain_low": ("model", [low, 0.0]),
                "gain_high": ("model", [high, 0.0]), "difference": zero, "low": zero,
                "high": ("model", [0.0, -0.1]), "log_likelihood": ("subject", [0.0, 0.0]),
            },
            coords={"model": models, "known": ["own choices", "others' choices"],
                    "subject": ["a", "b"]},
            attrs={"best": best},
        )  # fmt: skip

    assert "their own choices in the first task say more" in in_words(found(0.05, 0.2))
    assert "the other subjects' choices say more" in in_words(found(-0.2, -0.05))
    assert "not told from chance" in in_words(found(-0.05, 0.2))
    assert "-0.5000 nats per choice" in in_words(found(0.05, 0.2))
    assert "no model" in in_words(found(0, 0, "chance"))
