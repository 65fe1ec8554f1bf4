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
@pytest.mark.parametrize("double", [False, True])
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


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory):
    """Return all examples as run by processes of other settings: by name, and by precision."""
    folder, found = tmp_path_factory.mktemp("settings"), {}
    # One after the other, in one folder: many results name the files that they are of.
    for name, settings in {"usual": {}, "strict": STRICT}.items():
        hashes = {"PYTHONHASHSEED": str(len(found) + 1)}
        environment = {**os.environ, **settings, **hashes, "PYTHONPATH": str(HERE.parent)}
        path = folder / "found.pickle"
        ended = subprocess.run(
            [sys.executable, HERE / "run_examples.py", path],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        found[name] = pickle.loads(path.read_bytes())  # noqa: S301
    return found


@pytest.mark.slow
@pytest.mark.parametrize("double", [False, True])
def test_every_public_function_gives_the_same_bits_whatever_jax_is_set_to(everywhere, double):
    """By the environment or by ``jax.enable_x64``, with promotion as it is or strict."""
    usual, strict = everywhere["usual"], everywhere["strict"]
    assert failed(usual[double]) == []
    assert differing(usual[double], strict[double]) == []
    assert differing(usual[double], usual[not double], without=FOLLOWING) == []
    following = {name: usual[double][name] for name in FOLLOWING}
    assert floating(following) == {"float64" if double else "float32"}


@pytest.mark.slow
def test_no_result_holds_the_address_of_an_object(everywhere):
    parts = [
        (f"{name}{part}", repr(value).encode() if not isinstance(value, bytes) else value)
        for name, each in everywhere["usual"][False].items()
        for part, value in each.items()
    ]
    assert [name for name, value in parts if ADDRESS.search(value)] == []


@pytest.mark.slow
def test_what_computes_in_the_precision_of_the_moment_heeds_ranks(tmp_path):
    """All else computes under settings of its own."""
    names = ["encode", "biased_log_evidence", "initial_counts", "initial_model", "mixing_process"]
    simulations = [f"simulate.{name}" for name in names]
    with jax.numpy_rank_promotion("raise"):
        assert failed(returned(simulations, nullcontext(), tmp_path)) == []
