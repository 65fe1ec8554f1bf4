"""Simulated experiments: separation, landscape, perturbation, and their figures."""

import inspect

import jax
import jax.numpy as jnp
import matplotlib.image
import numpy as np
import pytest
import xarray as xr
from scipy.special import expit

import encoder_oracle
from canonica import CanonicaError
from canonica.model import GenerativeModel
from canonica.report import (
    landscape_figure,
    perturbation_figure,
    separation_figure,
    write_animation,
    write_figure,
)
from canonica.simulate import (
    alpha_from_activity,
    culture,
    encode,
    initial_counts,
    landscape,
    likelihood_mapping,
    mixing_matrix,
    mixing_process,
    perturbation,
    separation,
    simulated_landscape,
)

WORLD = {"sessions": 30, "trials_per_session": 128}


@pytest.fixture(scope="module")
def separated():
    return separation(0, samples=6, **WORLD)


@pytest.fixture(scope="module")
def perturbed():
    return perturbation(0, alpha=[0.1, 0.5], beta=[0.0, 0.2], samples=6, **WORLD)


@pytest.fixture(scope="module")
def estimated():
    return alpha_from_activity(0, alpha=[0.1, 0.3, 0.5, 0.7, 0.9], **WORLD)


@pytest.fixture(scope="module")
def paths():
    return simulated_landscape(0, samples=6, resolution=61, **WORLD)


def last(correlation):
    return correlation.isel(session=slice(-10, None)).mean("session").mean("sample").to_numpy()


@pytest.mark.slow
def test_only_an_even_prior_separates_sources(separated):
    low, even, high = last(separated["correlation"])
    assert np.diag(even).min() > 0.75
    assert even[0, 1] < 0.35
    assert even[1, 0] < 0.35
    for one in (low, high):  # both states then say the same
        assert abs(one[0, 0] - one[0, 1]) < 0.3


@pytest.mark.slow
def test_free_energy_falls_and_is_its_parts(separated):
    F = separated["free_energy"]
    assert (F.isel(session=-1) < F.isel(session=0)).all()
    np.testing.assert_allclose(separated["complexity"] - separated["accuracy"], F, rtol=1e-12)


def test_posterior_by_source_state_is_its_conditional_mean(separated):
    """Weighed by how often each state comes, conditional means make the mean correlation's sign."""
    even = separated["posterior"].sel(state_prior=0.5).isel(session=-1).mean("sample")
    first = even.sel(state=1)
    assert first.sel(source_state="10") > first.sel(source_state="01") + 0.3
    assert first.sel(source_state="11") > 0.95
    assert first.sel(source_state="00") < 0.05


@pytest.mark.slow
def test_samples_do_not_depend_on_how_many_there_are(separated):
    fewer = separation(0, samples=2, **WORLD)
    for name in fewer:
        np.testing.assert_allclose(
            fewer[name], separated[name].isel(sample=slice(2)), rtol=1e-9, atol=1e-12
        )
    assert separated.attrs["canonica_version"]
    assert separated.attrs["seed"] == 0


@pytest.mark.slow
def test_any_number_of_sources_can_be_told_apart():
    """Four sources want stiffer counts than two: with weaker ones states settle on one source."""
    found = separation(
        0,
        state_prior=[0.5],
        samples=4,
        sources=4,
        inputs=32,
        mixing=0.9,
        amplitude=(1000.0, 1200.0),
        sessions=60,
        trials_per_session=256,
    )
    assert found.sizes["source_state"] == 6
    r = found["correlation"].isel(state_prior=0, session=-1).transpose("sample", "state", "source")
    assert (r.argmax("source") == np.arange(4)).all()  # in every network, not in their mean


def test_cost_of_a_landscape_is_the_free_energy_of_the_transcription():
    generator = np.random.default_rng(0)
    stimuli = generator.integers(0, 2, (40, 5))
    for prior in (0.3, 0.5):
        found = landscape(stimuli, np.zeros((1, 2, 2, 5)), state_prior=prior, resolution=7)
        block = np.array([0, 0, 0, 1, 1])
        D = np.array([1 - prior, prior])
        for i, j in ((0, 0), (2, 5), (6, 1)):
            first, second = (
                found["cost"][dim][k] for dim, k in (("first_strength", i), ("second_strength", j))
            )
            truth = encoder_oracle.landscape(float(first), float(second), stimuli, block, D)
            np.testing.assert_allclose(found["cost"][i, j], truth, rtol=1e-12)


def test_valleys_lie_where_the_sources_are(paths):
    """The likelihood mapping of either source is where the cost is lowest."""
    cost = paths["cost"]
    lowest = cost.where(cost["first_strength"] > 0.5).argmin(("first_strength", "second_strength"))
    found = sorted(float(cost[dim][lowest[dim]]) for dim in cost.dims)
    truth = sorted(likelihood_mapping(mixing_matrix(2, 32, 0.75))[1][[0, -1], 0])
    np.testing.assert_allclose(found, truth, atol=0.05)


def test_paths_run_downhill(paths):
    def height(session):
        where = paths["path"].isel(session=session)
        return paths["cost"].interp(
            first_strength=where.sel(block="first"), second_strength=where.sel(block="second")
        )

    assert (height(-1) < height(0) - 0.5).all()


def test_path_is_the_mean_strength_of_a_block():
    weight = np.random.default_rng(0).normal(size=(2, 3, 2, 6))
    found = landscape(np.eye(6), weight, resolution=3)
    np.testing.assert_allclose(found["path"][..., 0], expit(weight[..., :3]).mean(-1))
    np.testing.assert_allclose(found["path"][..., 1], expit(weight[..., 3:]).mean(-1))


@pytest.mark.slow
def test_inference_fails_as_perturbations_grow(perturbed):
    for kind, good, bad in (("alpha", 0.5, 0.1), ("beta", 0.0, 0.2)):
        correlation = perturbed[f"{kind}_correlation"].mean("sample")
        r_good, r_bad = (correlation.sel({kind: value}).to_numpy() for value in (good, bad))
        assert np.diag(r_good).mean() - np.diag(r_bad).mean() > 0.15
    # No bias is no perturbation, and an even alpha none either.
    np.testing.assert_allclose(
        perturbed["beta_correlation"].sel(beta=0.0),
        perturbed["alpha_correlation"].sel(alpha=0.5),
        atol=1e-9,
    )


@pytest.mark.slow
def test_alpha_shows_in_mean_activity(estimated):
    found = estimated["estimated_alpha"].sel(ensemble=1).isel(second_alpha=0)
    true = estimated["first_alpha"].to_numpy()
    mean, calibrated = (found.sel(estimate=name) for name in ("mean activity", "calibrated"))
    assert (np.diff(mean) > 0).all()  # it tells alphas apart, if pulled towards 1/2
    assert (abs(mean - 0.5) <= abs(true - 0.5) + 0.05).all()
    assert np.abs(calibrated - true).max() < 0.15
    error = estimated["prediction_error"].isel(session=-1).mean(("first_alpha", "second_alpha"))
    assert error.sel(estimate="calibrated") < error.sel(estimate="none") / 2


@pytest.mark.slow
def test_the_grid_is_that_of_whole_networks(estimated):
    """Ensembles of one layer do not act on each other: what the factorised grid rests on."""
    keys = jax.random.split(jax.random.key(0))
    stimuli = mixing_process(keys[0], trials=300, inputs=8).stimuli
    counts = initial_counts(keys[1], inputs=8)

    def posterior(first, second):
        on = jnp.array([first, second])
        return encode(GenerativeModel(counts, jnp.stack([1 - on, on])), stimuli).posterior

    np.testing.assert_array_equal(posterior(0.3, 0.6)[:, 0], posterior(0.3, 0.9)[:, 0])
    one = estimated["estimated_alpha"].sel(estimate="mean activity")
    assert (one.sel(ensemble=1) == one.sel(ensemble=1).isel(second_alpha=3, drop=True)).all()
    assert (one.sel(ensemble=2) == one.sel(ensemble=2).isel(first_alpha=3, drop=True)).all()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: separation(0, state_prior=[1.0], samples=1), "state_prior"),
        (lambda: separation(0, samples=0), "samples"),
        (lambda: separation(0, samples=1, mixing=1.5), "mixing"),
        (lambda: separation(0, samples=1, inputs=1), "inputs"),
        (lambda: perturbation(0, beta=[-1.0]), "beta"),
        (lambda: perturbation(0, alpha=[0.0]), "alpha"),
        (lambda: perturbation(0, samples=0), "samples"),
        (lambda: alpha_from_activity(0, alpha=[float("nan")]), "alpha"),
        (lambda: landscape(np.zeros((4, 3)), np.zeros((1, 1, 2, 4))), "weight"),
        (lambda: landscape(np.zeros((4, 3)), np.zeros((1, 1, 2, 3)), state_prior=0.0), "prior"),
    ],
)
def test_what_is_out_of_range_is_named(call, named):
    with pytest.raises(CanonicaError, match=named):
        call()


@pytest.mark.slow
def test_figures_show_what_was_found(separated, perturbed, estimated, paths, tmp_path):
    figures = {
        "separation": separation_figure(separated),
        "landscape": landscape_figure(paths, "six networks"),
        "perturbation": perturbation_figure(perturbed, estimated),
    }
    for name, figure in figures.items():
        write_figure(figure, tmp_path / f"{name}.png")
        assert matplotlib.image.imread(tmp_path / f"{name}.png").std() > 0.05
        for axis in figure.axes:
            assert axis.get_xlabel() or axis.get_ylabel() or axis.get_lines(), name
    row = figures["separation"].axes[4:8]  # the even prior's
    drawn = {line.get_label(): line.get_ydata() for line in row[0].get_lines()}
    mean = separated["posterior"].sel(state_prior=0.5, state=1, source_state="10").mean("sample")
    np.testing.assert_allclose(drawn["10"], mean)
    above, beneath = figures["perturbation"].axes[2:4]
    shapes = {
        (line.get_marker(), line.get_markerfacecolor()): line.get_label()
        for line in above.get_lines()[:4]
    }
    assert len(shapes) == 4
    assert {text.get_text() for text in above.get_legend().get_texts()} == set(shapes.values())
    paths_drawn = [line for line in beneath.get_lines() if line.get_label().endswith(" 1")]
    widths = [line.get_linewidth() for line in paths_drawn]
    assert widths == sorted(set(widths), reverse=True)  # the first is not hidden by what follows
    assert len(widths) == 4
    write_animation(paths.isel(session=slice(3)), "three sessions", tmp_path / "paths.gif")
    assert (tmp_path / "paths.gif").read_bytes().startswith(b"GIF8")


@pytest.mark.slow
def test_a_posterior_is_missing_where_its_state_is_not_shown_and_there_alone(separated):
    never = separation(
        0, samples=2, sessions=2, trials_per_session=8, inputs=4, state_prior=[0.5], switching=0.0
    )
    for found in (separated, never):
        shown = found["source_state_trials"]
        assert (shown.sum("source_state") == found.attrs["trials_per_session"]).all()
        xr.testing.assert_equal(
            found["posterior"].isnull(),
            (shown == 0).broadcast_like(found["posterior"]).transpose(*found["posterior"].dims),
        )
    assert sorted(set(never["source_state_trials"].values.ravel())) == [0, 8]


TINY = (5e-324, 1e-300, 1e-16)
PLACES = [
    (function, name)
    for function in (alpha_from_activity, culture, perturbation, separation, simulated_landscape)
    for name, about in inspect.signature(function).parameters.items()
    if isinstance(about.default, float)
]


@pytest.mark.slow
@pytest.mark.parametrize(("function", "name"), PLACES)
@pytest.mark.parametrize("value", TINY)
def test_tiny_numbers_are_refused_or_do_no_harm(function, name, value):
    small = {"samples": 2, "sessions": 2, "trials_per_session": 8, "inputs": 4, "alpha": [0.5]}
    given = {key: small[key] for key in inspect.signature(function).parameters if key in small}
    try:
        found = function(0, **{**given, name: value})
    except CanonicaError as error:
        assert str(error).startswith(f"{name}: found")  # noqa: PT017
        return
    missing = found.get("source_state_trials", 1) == 0
    for variable in found.variables.values():
        if variable.dtype.kind == "f" and variable is not found.variables.get("posterior"):
            assert np.isfinite(variable).all()
    if "posterior" in found:
        assert found["posterior"].notnull().where(~missing, True).all()
