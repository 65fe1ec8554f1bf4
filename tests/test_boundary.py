"""What no public function takes is refused where it comes in, by name, before any work.

Bad values are drawn from the signatures; agents have a test of their own.
"""

import inspect
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from bad_values import bad_values
from hypothesis import given, settings
from hypothesis import strategies as st

import canonica
import canonica.model as cm
import canonica.recordings as records
import canonica.reverse_engineering as reverse
import canonica.simulate as cs
from canonica import CanonicaError, pipelines, studies
from canonica.reverse_engineering import forecasting
from torture.values import what_is_wrong_with

pytestmark = pytest.mark.usefixtures("unchecked")

SMALL = {"samples": 1, "sessions": 2, "trials_per_session": 8, "inputs": 4}
# Told apart by being there, called back, or of any kind.
FREE = {
    "progress", "overwrite", "metadata", "base_url", "dtype", "condition", "conditions",
    "made", "attributes", "value", "gain", "loaded", "log_evidence", "baseline",
    "segment_index", "paths", "name",
}  # fmt: skip
MISSING = "none.mat"  # the file that functions are given
ACCEPTING = (cm, cs)  # whose arrays may have any batch axes, and so many a shape
# Take nothing, or return what they are given, errors too.
LEFT = {
    "biased_log_evidence",
    "normalised",
    "results",
    "check_conditions",
    "check_results_folder",
    "condition_summary",
    "fetch",
    "present",
    "shares",
    "attempt",
    "in_place",
    "settings_of",
    "protocol_of",
}


@pytest.fixture(scope="module")
def good(cultures, tmp_path_factory):
    """Return arguments that each function takes, by floor and name."""
    culture, folder = cultures[0], tmp_path_factory.mktemp("boundary")
    model = cm.GenerativeModel(jnp.ones((2, 2, 3, 2)), jnp.full((2, 2), 0.5))
    network, seen = cm.canonical_network(model), jnp.ones((4, 3))
    beliefs, counts, out = model.infer(seen), jnp.ones((2, 2, 3, 2)), folder / "out"
    generator = np.random.default_rng(0)
    stimuli, sources = culture["stimuli"].to_numpy(), culture["sources"].to_numpy()
    normalised = {
        "response": generator.uniform(size=(2, len(stimuli))),
        "stimuli": stimuli,
        "sources": sources,
        "trials_per_session": 64,
    }
    protocol = reverse.PublishedProtocol()
    spikes = {"times": [np.array([0.1, 0.2])], "onsets": [0.0, 1.0, 2.0, 3.0]}
    key, path, seed = jax.random.key(0), folder / MISSING, {"seed": 0}
    shared = {"seen": jnp.ones((3, 2)), "total": jnp.full((3, 2), 2.0)}
    return {
        reverse: {
            "check_conditions": {"given": None, "conditions": ["a"]},
            "condition_summary": {"condition": "a", "recordings": []},
            "electrode_statistics": {"recording": culture},
            "ensemble_response": {"recording": culture, "protocol": protocol},
            "forecast": {"recordings": culture, "model": "ridge"},
            "forecast_responses": normalised,
            "paired_comparison": {"errors": {"a": [1.0], "b": [2.0]}, "reference": "a"},
            "pooled": {"forecasts": []},
            "results": {"ensembles": {}, "protocol": protocol, "baseline": None},
            "reverse_engineer": {"recordings": culture},
            "reverse_engineer_responses": normalised,
            "sweep": {"recording": culture, "prior_strength": [3e3], "gain": [2.0]},
            "validate": {"recording": culture},
        },
        forecasting: {
            "normalised": {"recordings": [culture], "protocol": protocol},
            "pooled_plasticity": {
                "log_likelihood": np.zeros((2, 3)), "prior_strength": np.array([1.0, 9.0, 81.0])
            },
            "verdict": {"log_evidence": 1.0, "probability_plastic": 0.5},
        },
        cm: {
            "accuracy": {"model": model, "observations": seen, "states": beliefs.states},
            "accuracy_of_counts": {"model": model, "counts": counts},
            "adaptation": {"weight": network.weight},
            "both_values": {"belief": beliefs.states},
            "canonical_factors": shared,
            "canonical_network": {"model": model},
            "coincidence": {"outcome": seen, "cause": beliefs.states, "weight": seen[:, 0]},
            "complexity": {"model": model, "beliefs": beliefs},
            "cost": {"network": network, "inputs": seen, "activity": network.run(seen)},
            "exact_factors": shared,
            "exact_factors_of_many": shared,
            "expected_log_parameter": {"counts": counts},
            "expected_parameter": {"counts": counts},
            "free_energy": {"model": model, "observations": seen, "beliefs": beliefs},
            "generative_model": {"network": network},
            "log_evidence": {"log_parameter": -counts, "outcome": seen},
            "negative_entropy": {"belief": beliefs.states},
            "negative_entropy_of_log_odds": {"log_odds": seen},
            "previous_in_time": {"values": seen, "initial": seen[0]},
            "prior_sums": {"prior_strength": 3e3, "neurons": 2, "inputs": 3},
            "quotient_of_products": {"numerators": seen, "denominators": seen, "group": 2},
            "synaptic_sums": {"activity": beliefs.states, "inputs": seen},
            "synaptic_sums_beside_prior": {"activity": beliefs.states, "inputs": seen},
            "total": {"terms": seen},
        },
        cs: {
            "alpha_from_activity": {**seed, "sessions": 2, "trials_per_session": 8, "inputs": 4},
            "biased_log_evidence": {
                "model": model, "bias": jnp.zeros((3, 2, 2)), "observations": seen
            },
            "culture": seed,
            "encode": {"model": model, "stimuli": seen},
            "initial_counts": {"key": key},
            "initial_model": {"key": key},
            "landscape": {"stimuli": np.ones((3, 2)), "weight": np.ones((2, 2, 2, 2))},
            "likelihood_mapping": {"matrix": np.full((4, 2), 0.5)},
            "mixing_matrix": {"sources": 2, "inputs": 4, "mixing": 0.75},
            "mixing_process": {"key": key, "trials": 4},
            "perturbation": {**seed, **SMALL},
            "separation": {**seed, **SMALL},
            "simulated_landscape": {**seed, **SMALL},
            "spike_trains": seed,
        },
        studies: {
            "culture_false_alarms": seed,
            "plasticity_calibration": seed,
            "plasticity_detection": seed,
            "choice_power": {"pool": 3, "trials": 3, "studies": 2},
            "culture_recovery": {"cultures": 3, "sessions": 2},
            "phenotype_recovery": {"subjects": 3, "trials": 4},
            "recovery": seed,
            "simulated_choices": {"subjects": 2, "trials": 3},
            "simulated_known": {
                "key": key, "truth": studies.Truth(), "sessions": 3, "initial": 2,
                "trials": 4, "inputs": 3,
            },
        },
        records: {
            "Reading": {},
            "from_spikes": {**spikes, "stimuli": np.eye(4), "trials_per_session": 2},
            "inspect": {"recording": culture},
            "is_recording": {"path": path},
            "read": {"path": path},
            "read_contents": {"path": path},
            "read_each": {"path": path},
            "spike_trains_from": {**spikes, "stimuli": np.eye(4), "trials_per_session": 2},
            "spikes_beside": {"path": path},
            "write": {"path": out.with_suffix(".mat"), "content": culture},
            "write_matlab": {"path": out.with_suffix(".mat"), "recordings": [culture]},
            "writer": {"path": path},
        },
        pipelines: {
            "analyze": {"paths": path, "out": out},
            "convert": {"source": path, "out": out.with_suffix(".nwb")},
            "culture": {"out": out.with_suffix(".nwb")},
            "culture_phenotype": {"paths": path, "out": out},
            "demo": {"out": out},
            "forecast": {"paths": path, "out": out},
            "landscape": {"out": out},
            "maze": {"out": out},
            "perturbation": {"out": out, **SMALL},
            "recording_files": {"paths": path},
            "phenotype": {"choices": path, "out": out},
            "recovery": {"out": out},
            "report": {"folder": path},
            "separation": {"out": out, **SMALL},
            "transplant": {"out": out},
            "unfinished_maze": {"out": out},
            "unfinished_pieces": {"out": out},
            "unfinished_transplant": {"out": out},
            "validate": {"paths": path},
            "validate_each": {"paths": path},
            "write_validations": {"path": out, "found": []},
        },
    }  # fmt: skip


FLOORS = (reverse, forecasting, cm, cs, studies, records, pipelines)


def parameters_of(function):
    """Return the parameters for which there is something that they do not take."""
    found = inspect.signature(function, eval_str=True).parameters.values()
    return {
        about.name: values
        for about in found
        if about.kind not in (about.VAR_KEYWORD, about.VAR_POSITIONAL)
        and about.name not in FREE
        and (values := bad_values(about.annotation)) is not None
    }


@cache
def bad_arguments(function):
    """Return a strategy of a parameter and what it does not take."""
    return st.one_of(
        *(st.tuples(st.just(name), values) for name, values in parameters_of(function).items())
    )


def used(made):
    """Return what a function made, a generator run to its end."""
    return list(made) if inspect.isgenerator(made) else made


def cases():
    """Return floor and name of every public function that is a function of something."""
    return [
        pytest.param(floor, name, id=f"{floor.__name__}.{name}")
        for floor in FLOORS
        for name in floor.__all__
        if inspect.isfunction(function := getattr(floor, name))
        and name not in LEFT
        and (floor is not forecasting or not hasattr(reverse, name))
        and (floor is not records or not hasattr(canonica.data, name))
        and parameters_of(function)
    ]


def refused(good, floor, name, examples):
    """Have bad values of a function refused, or found good after all."""
    function = getattr(floor, name)
    if name not in good[floor]:
        pytest.skip("its arguments are results")

    @settings(max_examples=examples)
    @given(bad_arguments(function))
    def one(bad):
        parameter, value = bad
        try:
            made = used(function(**{**good[floor][name], parameter: value}))
        except CanonicaError as error:
            if MISSING not in str(error):  # of what was good after all
                assert what_is_wrong_with(str(error), {parameter: value}) is None, error  # noqa: PT017
        else:
            assert floor in ACCEPTING
            for part in jax.tree.leaves(made):
                assert np.isfinite(part).all()

    one()


@pytest.mark.parametrize(("floor", "name"), cases())
def test_bad_values_are_refused(good, floor, name):
    refused(good, floor, name, examples=8)


NAN_BESIDE = ("accuracy", "coincidence", "cost", "free_energy", "log_evidence", "synaptic_sums")


@pytest.mark.parametrize("name", NAN_BESIDE)
def test_nan_in_one_place_is_found_by_name(good, name):
    function, sound = getattr(cm, name), good[cm][name]
    for parameter, value in sound.items():
        if hasattr(value, "at"):
            with pytest.raises(CanonicaError, match=rf"^{parameter}: found nan"):
                function(**{**sound, parameter: value.at[..., -1].set(jnp.nan)})
            if "model" in sound or "network" in sound:
                with pytest.raises(CanonicaError, match="found shape"):
                    function(**{**sound, parameter: value[..., :-1]})
    jax.jit(partial(function, **{k: v for k, v in sound.items() if not hasattr(v, "at")})).lower(
        **{k: v for k, v in sound.items() if hasattr(v, "at")}  # not known inside: not looked at
    )


def test_parts_of_beliefs_and_activities_are_looked_at(good):
    sound = good[cm]["free_energy"]
    states = sound["beliefs"].states
    for wrong, words in (
        (states.at[0, 0].set(jnp.nan), r"beliefs.states: found nan"),
        (states[:, :1], r"beliefs.states: found shape \(4, 1\)"),
        (states + 1, r"found 1.*; expected numbers from 0 to 1"),
        ("text", r"beliefs.states: found the text"),
    ):
        with pytest.raises(CanonicaError, match=words):
            cm.free_energy(**{**sound, "beliefs": cm.Beliefs(wrong)})
    with pytest.raises(CanonicaError, match="observations: found nan"):
        sound["model"].update(jnp.full((4, 3), jnp.nan), sound["beliefs"])


# --- recordings made by hand ----------------------------------------------------------------------

DAMAGE = {
    "empty": lambda _: xr.Dataset(),
    "no stimuli": lambda one: one.drop_vars("stimuli"),
    "no responses": lambda one: one.drop_vars("responses"),
    "no sessions": lambda one: one.drop_vars("session"),
    "other dims": lambda one: one.rename(electrode="channel"),
    "no trials": lambda one: one.isel(trial=slice(0)),
    "no inputs": lambda one: one.isel(input=slice(0)),
    "no sources": lambda one: one.isel(source=slice(0)),
    "one electrode without a dim": lambda one: one.isel(electrode=0),
    "descending sessions": lambda one: one.isel(trial=slice(None, None, -1)),
    "sessions that are no whole numbers": lambda one: one.assign_coords(
        session=one["session"] + 0.5
    ),
    "texts": lambda one: one.assign(responses=one["responses"].astype(str)),
    "complex": lambda one: one.assign(responses=one["responses"] * 1j),
    "a name that is none": lambda one: one.assign_attrs(name=3),
    "an attribute that is NaN": lambda one: one.assign_attrs(age=np.nan),
}
VALUES = {
    "negative responses": lambda one: one.assign(responses=one["responses"] - 1),
    "infinite responses": lambda one: one.assign(responses=one["responses"] * np.inf),
    "a response that is NaN": lambda one: one.assign(
        responses=one["responses"].where(one["responses"] > 0)
    ),
    "no stimulus": lambda one: one.assign(stimuli=one["stimuli"] * 0),
    "no source": lambda one: one.assign(sources=one["sources"] * 0),
    "twos": lambda one: one.assign(stimuli=one["stimuli"] * 2),
}
ANALYSES = (
    canonica.reverse_engineer,
    partial(canonica.forecast, model="ridge"),
    partial(canonica.sweep, prior_strength=[3e3], gain=[2.0]),
    partial(reverse.ensemble_response, protocol=canonica.PublishedProtocol()),
)
LOOKS = (
    canonica.validate,
    reverse.electrode_statistics,
    records.inspect,
    lambda one: records.write("never.mat", one),
    lambda one: records.write_matlab("never.mat", [one]),
)


@pytest.mark.parametrize("name", DAMAGE)
@pytest.mark.parametrize("function", [*ANALYSES, *LOOKS])
def test_what_is_no_recording_is_refused(cultures, function, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CanonicaError, match="found .*; expected"):
        function(DAMAGE[name](cultures[0]))


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("function", ANALYSES)
def test_values_that_no_recording_has_are_refused(cultures, function, name):
    with pytest.raises(CanonicaError, match=r"variable (responses|stimuli|sources): found"):
        function(VALUES[name](cultures[0]))


def test_dims_may_stand_in_any_order(cultures):
    one = cultures[0]
    turned = one.transpose("source", "input", "electrode", "trial", ...)
    xr.testing.assert_identical(
        reverse.electrode_statistics(turned), reverse.electrode_statistics(one)
    )
    assert canonica.validate(turned) == canonica.validate(one)
    found, expected = (canonica.reverse_engineer(each) for each in (turned, one))
    xr.testing.assert_identical(found, expected)
