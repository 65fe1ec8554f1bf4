"""State prior, precision and plasticity from recordings, and what cannot be told apart."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats
from typer.testing import CliRunner

import canonica
from canonica import CanonicaError
from canonica.cli import app
from canonica.recordings import write
from canonica.reverse_engineering.forecasting.plasticity._laplace import Trials
from canonica.reverse_engineering.phenotype.cultures._culture_phenotype import (
    CultureFinding,
    labelled_findings,
)
from canonica.reverse_engineering.phenotype.cultures._joint_posterior import (
    PARAMETERS,
    Joint,
    mixture_quantiles,
)
from canonica.reverse_engineering.phenotype.cultures._responding import (
    DIRECT_SD,
    GAIN_SD,
    PRIOR_SD,
    SESSION_SD,
    CountedTrials,
    evidence,
    features,
    precisions,
    responding,
    starting,
)
from canonica.simulate import culture
from canonica.studies import culture_recovery

SESSIONS, SLOTS, INPUTS = 3, 12, 4


def some_trials(seed, repeated=0):
    rng = np.random.default_rng(seed)
    stimulus = np.full((SESSIONS, SLOTS), max(repeated, 1))
    if repeated:
        stimulus[:, :repeated] = np.arange(repeated)
    return Trials(
        jnp.asarray(np.clip(rng.normal(0.5, 0.3, (SESSIONS, SLOTS)), 0, 1)),
        jnp.asarray(rng.integers(2, size=(SESSIONS, SLOTS, INPUTS)).astype(float)),
        jnp.asarray(rng.random((SESSIONS, SLOTS)) < 0.9),
        jnp.asarray(rng.integers(2, size=(SESSIONS, SLOTS))),
        jnp.asarray(stimulus),
        jnp.asarray(np.arange(max(repeated, 1)) < repeated),
    )


@pytest.mark.usefixtures("unchecked")
def test_evidence_is_that_of_the_theory_synapse_by_synapse():
    """Section 4, step 5: sums of the sessions before, over a prior strength; section 2 for h."""
    strength = 7.0
    with jax.enable_x64(True):
        trials = some_trials(0)
        found = np.asarray(evidence(trials, jnp.asarray(1 / strength)))
    x, o, valid = (np.asarray(part) for part in trials[:3])
    for n in range(SESSIONS):
        odds = np.zeros((SLOTS, 2))
        for i in range(INPUTS):
            for level in (0, 1):
                hebb, home = strength / 2, strength
                for m in range(n):
                    for t in range(SLOTS):
                        if valid[m, t]:
                            activity = x[m, t] if level else 1 - x[m, t]
                            hebb, home = hebb + activity * o[m, t, i], home + activity
                p = hebb / home
                odds[:, level] += o[n, :, i] * np.log(p) + (1 - o[n, :, i]) * np.log(1 - p)
        np.testing.assert_allclose(found[n], odds[:, 1] - odds[:, 0], atol=1e-10)


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
def test_a_fit_is_at_the_top_and_says_how_sure_it_is():
    """Against the slope and curvature of the log posterior, taken by JAX itself."""
    with jax.enable_x64(True):
        trials = some_trials(1, repeated=3)
        seen = CountedTrials(trials, trials.valid)
        offset = jnp.linspace(-1, 1, SESSIONS * SLOTS).reshape(SESSIONS, SLOTS)
        start, fitted = starting(seen, 2), jax.jit(responding)
        fit, found = fitted(seen, offset, start)
        for _ in range(3):  # it stops where little is to be gained: go on
            fit, found = fitted(seen, offset, fit)
        J, prior = features(trials), precisions(SESSIONS, INPUTS)

        def log_odds(parameters, effect):
            return offset + J @ parameters + jnp.append(effect, 0.0)[trials.stimulus]

        # The mean response that is expected moves with each parameter as is said.
        jac = jax.jacfwd(log_odds)(fit.parameters, fit.effect)
        np.testing.assert_allclose(jac, J)
        again, _ = fitted(seen, offset, fit)
        np.testing.assert_allclose(again.parameters, fit.parameters, atol=5e-3)
        np.testing.assert_allclose(again.log_scale, fit.log_scale, atol=2e-2)
    assert 0 < float(found.variance) < PRIOR_SD**2
    sds = 1 / np.sqrt(np.asarray(prior))
    expected = [PRIOR_SD, *[SESSION_SD] * SESSIONS, *[GAIN_SD] * SESSIONS, *[DIRECT_SD] * INPUTS]
    np.testing.assert_allclose(sds, expected)
    # Nothing seen: the prior alone, and no evidence.
    with jax.enable_x64(True):
        nothing = CountedTrials(trials, jnp.zeros_like(trials.valid))
        _, none = fitted(nothing, offset, starting(nothing, 2))
    np.testing.assert_allclose(float(none.variance), PRIOR_SD**2, rtol=1e-9)
    np.testing.assert_allclose(float(none.mean), 0, atol=1e-9)
    np.testing.assert_allclose(float(none.log_evidence), 0, atol=0.05)


def test_quantiles_of_a_mixture_are_those_of_its_parts():
    mean, sd = np.array([[1.0, -2.0], [1.0, 4.0]]), np.array([[0.5, 1.0], [0.5, 1.0]])
    weight = np.array([0.25, 0.75])
    low, middle, high = mixture_quantiles(weight, mean, sd, [0.05, 0.25, 0.9])
    np.testing.assert_allclose(
        [low[0], middle[0], high[0]], stats.norm.ppf([0.05, 0.25, 0.9], 1, 0.5), atol=1e-9
    )
    for value, wanted in ((low[1], 0.05), (middle[1], 0.25), (high[1], 0.9)):
        below = weight @ stats.norm.cdf(value, mean[:, 1], 1)
        np.testing.assert_allclose(below, wanted, atol=1e-9)


def a_finding(mean, covariance, ensembles=1):
    """Return a finding whose posterior has about this mean and covariance."""
    factor = np.linalg.cholesky(covariance)
    z = np.array(np.meshgrid(*[np.linspace(-3, 3, 13)] * 3)).reshape(3, -1).T
    weight = np.exp(-0.5 * (z**2).sum(axis=1))
    points = mean + z @ factor.T
    joint = Joint(weight / weight.sum(), points, np.full(points.shape, 1e-3), 0.0, 0.0)
    return CultureFinding(joint, ensembles, 100)


def test_what_is_not_known_or_not_told_apart_is_said():
    sd = np.array([0.2, 0.3, 0.4])
    correlated = np.diag(sd**2)
    correlated[1, 2] = correlated[2, 1] = -0.9 * sd[1] * sd[2]
    wide = np.diag(np.array([0.2, 0.69, 0.4]) ** 2)
    every = [np.diag(sd**2), correlated, wide]
    found = labelled_findings(
        [a_finding([0.0, 0.0, np.log(0.5)], one) for one in every], list("abc"), ["x"] * 3, 0.9
    )
    np.testing.assert_allclose(found["estimate"], [[0.5, 1.0, 0.5]] * 3, rtol=1e-6)
    np.testing.assert_allclose(found["prior_strength"], 200, rtol=1e-6)
    np.testing.assert_allclose(found["unbounded_sd"][0], sd, rtol=0.02)
    np.testing.assert_allclose(found["low"][0, 1], np.exp(-1.645 * 0.3), rtol=0.06)
    assert found["identified"].to_numpy().tolist() == [[True] * 3, [True] * 3, [True, False, True]]
    pair = found["apart"].sel(parameter="sensory precision", other="plasticity")
    assert pair.to_numpy().tolist() == [True, False, False]
    said = found["conclusion"].to_numpy()
    assert "not" not in said[0]
    assert (
        "Sensory precision and plasticity are not told apart: their correlation is -0.9" in said[1]
    )
    assert "Sensory precision is not identified" in said[2]
    # Of two ensembles the mean's prior is narrower.
    two = labelled_findings([a_finding([0.0] * 3, np.diag(sd**2), 2)], ["a"], ["x"], 0.9)
    np.testing.assert_allclose(two["sd_ratio"][0, 0], 0.2 * np.sqrt(2), rtol=0.02)


@pytest.fixture(scope="module")
def recovered():
    return culture_recovery(3, cultures=10, sessions=3, trials_per_session=32, inputs=4)


@pytest.mark.slow
def test_the_state_prior_is_recovered_and_little_else_of_so_few_trials(recovered):
    r = recovered["r"].to_series()
    assert r["state prior"] > 0.95
    assert float(recovered["coverage"].mean()) > 0.75
    assert recovered["identified"].sel(parameter="state prior").all()
    assert recovered["identified"].sel(parameter="sensory precision").mean() < 0.5
    truth = recovered["true"].sel(parameter="state prior").to_numpy()
    estimate = recovered["unbounded"].sel(parameter="state prior").to_numpy()
    np.testing.assert_allclose(recovered["bias"][0], (estimate - truth).mean())
    assert (recovered["unfinished"] < 0.1).all()


def test_prior_and_precision_part_only_where_evidence_differs():
    """Fisher's information of (ln D1/D0, zeta): of one level of evidence its determinant is 0."""

    def information(levels, numbers, b, zeta):
        total = np.zeros((2, 2))
        for e, n in zip(levels, numbers, strict=True):
            p = 1 / (1 + np.exp(-(b + zeta * e)))
            total += n * p * (1 - p) * np.outer([1, e], [1, e])
        return total

    one = information([1.5], [100], 0.3, 1.2)
    assert abs(np.linalg.det(one)) < 1e-9
    for apart in (0.5, 1.0):
        two = information([1.5, 1.5 - apart], [50, 50], 0.3, 1.2)
        w = [two_w(1.5, 0.3, 1.2), two_w(1.5 - apart, 0.3, 1.2)]
        np.testing.assert_allclose(np.linalg.det(two), 2500 * w[0] * w[1] * apart**2)


def two_w(e, b, zeta):
    p = 1 / (1 + np.exp(-(b + zeta * e)))
    return p * (1 - p)


# The command.


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("cultures") / "culture.mat"
    write(path, culture(2, sessions=4, trials_per_session=64, inputs=4))
    return path


OPTIONS = ["--trials-per-session", "64", "--initial-sessions", "3"]


@pytest.mark.slow
def test_the_command_writes_what_python_returns(file):
    out = file.parent / "out"
    result = CliRunner().invoke(
        app, ["culture-phenotype", str(file), "--out", str(out), *OPTIONS, "--baseline", "2.5"]
    )
    assert result.exit_code == 0, result.output
    recordings = canonica.read(file, trials_per_session=64)
    found = canonica.culture_phenotype(recordings, initial_sessions=3, baseline=2.5)
    kept = xr.load_dataset(out / "phenotype.nc", engine="h5netcdf")
    np.testing.assert_array_equal(kept["estimate"], found["estimate"])
    rows = pd.read_csv(out / "cultures.csv")
    for name in found["parameter"].to_numpy():
        np.testing.assert_allclose(rows[name], found["estimate"].sel(parameter=name))
        np.testing.assert_allclose(rows[f"{name} high"], found["high"].sel(parameter=name))
    assert rows["conclusion"].tolist() == found["conclusion"].to_numpy().tolist()
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["command"] == "culture-phenotype"
    assert rows["conclusion"][0] in result.output.replace("\n", " ")
    assert len(summary["recordings"][0]["input_sha256"]) == 64


def test_wrong_recordings_and_settings_end_with_a_message(file):
    call = ["culture-phenotype", str(file), "--out", str(file.parent / "none")]
    result = CliRunner().invoke(app, [*call, "--initial-sessions", "1"])
    assert result.exit_code == 2
    result = CliRunner().invoke(app, [*call, *OPTIONS, "--minimum-mean", "1000"])
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr
    assert not (file.parent / "none").exists()
    with pytest.raises(CanonicaError, match="level"):
        canonica.culture_phenotype([], level=1.0)


def test_priors_are_those_that_the_docstring_says():
    text = canonica.culture_phenotype.__doc__
    for one in PARAMETERS:
        row = next(line for line in text.splitlines() if line.strip().startswith(one.name + " "))
        mean, sd = map(float, row.split()[-2:])
        assert (mean, sd) == (round(one.mean, 2), one.sd)


@pytest.mark.slow
def test_kept_uniform_trials_tell_more():
    few = {"cultures": 6, "sessions": 4, "trials_per_session": 48, "inputs": 4}
    mixed, all_of_them = (culture_recovery(0, **few, uniform_trials=one) for one in (False, True))
    ratio = (all_of_them["sd_ratio"] / mixed["sd_ratio"]).mean("recording")
    # Of the precision so few trials say next to nothing, with these trials or without: its ratio
    # is 1 give or take chance.
    assert (ratio.sel(parameter=["state prior", "plasticity"]) < 1).all()
    assert 0.9 < ratio.sel(parameter="sensory precision") < 1.1
