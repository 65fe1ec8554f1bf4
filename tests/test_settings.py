"""No public function's result depends on what JAX is set to, but where it says so."""

import os
import pickle
import re
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import jax
import pytest
from examples import EXAMPLES, FLOOR_1, FOLLOWING, PROGRAMS
from public_functions import public_functions
from run_examples import returned

STRICT = {"JAX_ENABLE_X64": "1", "JAX_NUMPY_DTYPE_PROMOTION": "strict"}
HERE = Path(__file__).parent
ADDRESS = re.compile(rb"\bat 0x[0-9a-f]{6,}|<[\w.]+ object\b")


def test_every_public_function_has_an_example():
    assert set(public_functions()) == set(EXAMPLES) | PROGRAMS


def floating(found):
    """Return the types of the floating numbers in what examples returned."""
    parts = [part for each in found.values() for part in each.values() if isinstance(part, tuple)]
    return {dtype for dtype, *_ in parts if dtype.startswith("float")}


@pytest.mark.slow
@pytest.mark.parametrize("double", [pytest.param(False, marks=pytest.mark.thorough), True])
def test_the_model_follows_the_precision_and_heeds_strict_promotion(double, tmp_path):
    names = [f"model.{name}" for name in FLOOR_1]
    usual = returned(names, jax.enable_x64(double), tmp_path)
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        strict = returned(names, jax.enable_x64(double), tmp_path)
    assert failed(usual) == []
    assert differing(usual, strict) == []
    assert floating(usual) == {"float64" if double else "float32"}


def failed(found):
    return [each["error"] for each in found.values() if "error" in each]


def differing(one, other, without=()):
    """Return which parts of what examples returned are not the same, bit for bit."""
    return [
        f"{name}{part}"
        for name in one
        if name not in without
        for part in sorted(set(one[name]) | set(other[name]))
        if one[name].get(part) != other[name].get(part)
    ]


def ran(path, settings, *ways):
    """Return all examples as a process of these settings runs them: by precision, and by name."""
    environment = {**os.environ, **settings, "PYTHONPATH": str(HERE.parent)}
    ended = subprocess.run(
        [sys.executable, HERE / "run_examples.py", path, *ways],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return pickle.loads(path.read_bytes())  # noqa: S301


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Return one file for all processes: many results name the files that they are of."""
    return tmp_path_factory.mktemp("settings") / "found.pickle"


@pytest.fixture(scope="module")
def each(path):
    """What examples return as JAX is, and with another precision and strict promotion."""
    return ran(path, {"PYTHONHASHSEED": "1"}, "as-it-is", "turned-round")


@pytest.mark.thorough
def test_every_public_function_gives_the_same_bits_whatever_jax_is_set_to(each):
    assert failed(each[False]) == []
    assert failed(each[True]) == []
    assert differing(each[False], each[True], without=FOLLOWING) == []
    assert floating({name: each[False][name] for name in FOLLOWING}) == {"float32"}
    assert floating({name: each[True][name] for name in FOLLOWING}) == {"float64"}


@pytest.mark.thorough
def test_every_setting_of_jax_by_itself_changes_no_bit(path):
    """By the environment or by ``jax.enable_x64``, with promotion as it is or strict."""
    ways = ("as-it-is", "turned-round", "--long")
    usual = ran(path, {"PYTHONHASHSEED": "1"}, *ways)
    strict = ran(path, {"PYTHONHASHSEED": "2", **STRICT}, *ways)
    for double in (False, True):
        assert failed(usual[double]) == []
        assert differing(usual[double], strict[double]) == []
    assert differing(usual[False], usual[True], without=FOLLOWING) == []


@pytest.mark.thorough
def test_no_result_holds_the_address_of_an_object(each):
    parts = [
        (f"{name}{part}", repr(value).encode() if not isinstance(value, bytes) else value)
        for name, returned in each[False].items()
        for part, value in returned.items()
    ]
    assert [name for name, value in parts if ADDRESS.search(value)] == []


@pytest.mark.slow
def test_what_computes_in_the_precision_of_the_moment_heeds_ranks(tmp_path):
    """All else computes under settings of its own."""
    names = ["encode", "biased_log_evidence", "initial_counts", "initial_model", "mixing_process"]
    simulations = [f"simulate.{name}" for name in names]
    with jax.numpy_rank_promotion("raise"):
        assert failed(returned(simulations, nullcontext(), tmp_path)) == []
