"""The harness that breaks canonica sees what is broken: its judgements, on faults made for them."""

import inspect
import random
import signal
from collections.abc import Mapping
from typing import Any

import pytest
import typer
import xarray as xr

from canonica.cli import app
from torture._command import Ended
from torture._jobs import JOBS
from torture._outcome import BAD, Outcome, tally
from torture._results import half, hidden, results, state
from torture.fuzz._bytes import OF_BYTES
from torture.kills import how_it_ended
from torture.values import public, what_is_wrong_with

WHOLE = {"out/a.nc": "1", "out/b.nc": "2", "out/summary.json": "3"}
OLD = {"out/a.nc": "0", "out/summary.json": "9"}


@pytest.mark.parametrize("found", [{}, WHOLE, OLD, {"out/a.nc": "1"}, {"out/b.nc": "2"}])
def test_files_that_are_whole_are_so_however_many(found):
    assert half(found, OLD, WHOLE) is None


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"out/a.nc": "half"}, "not whole: out/a.nc"),
        ({**WHOLE, "out/c.nc": "1"}, "not whole: out/c.nc"),
        ({"out/a.nc": "1", "out/summary.json": "3"}, "without all that it lists"),
        ({**WHOLE, "out/a.nc": "0"}, "without all that it lists"),
    ],
)
def test_half_results_are_noticed(found, words):
    assert words in half(found, OLD, WHOLE)


def ended(code, text="", seconds=0.1):
    return Ended(code, text, seconds, 0)


@pytest.mark.parametrize(
    ("end", "which", "wrong"),
    [
        (ended(130), signal.SIGINT, None),
        (ended(143), signal.SIGTERM, None),
        (ended(0), signal.SIGTERM, None),  # it came too late
        (ended(-9), signal.SIGKILL, None),
        (ended(143), signal.SIGINT, "wrong exit code"),
        (ended(-15), signal.SIGTERM, "wrong exit code"),
        (ended(2), signal.SIGINT, "wrong exit code"),
        (ended(-11), signal.SIGINT, "segfault"),
        (ended(134, "terminate called"), signal.SIGINT, "segfault"),
        (ended(130, "Traceback (most recent call last):"), signal.SIGINT, "traceback"),
        (ended(130, seconds=4.0), signal.SIGINT, "late"),
        (ended(None), signal.SIGINT, "hang"),
    ],
)
def test_ends_are_judged(end, which, wrong):
    assert how_it_ended(end, which) == wrong


def test_what_is_declared_may_differ_and_nothing_else(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    texts = ("of 2024-01-01T00:00:00.5+00:00", "of 2025-12-31T23:59:59+00:00")
    for folder, text in zip((first, second), texts, strict=True):
        (folder / ".hidden").mkdir(parents=True)
        (folder / "out.json").write_text(text)
    assert results(first) == results(second)
    assert hidden(first) == [".hidden"]
    assert state(first) != state(second)
    (second / "out.json").write_text("by 2025-12-31T23:59:59+00:00")
    assert results(first) != results(second)


@pytest.mark.parametrize("damage", OF_BYTES, ids=lambda damage: damage.__name__.strip("_"))
def test_damage_is_done_and_is_the_same_for_a_seed(damage, tmp_path):
    content = bytes(range(256)) * 40
    damaged = []
    for number in range(2):
        path = tmp_path / str(number)
        path.write_bytes(content)
        damage(path, random.Random(3))  # noqa: S311
        damaged.append(path.read_bytes())
    assert damaged[0] == damaged[1] != content


def test_outcomes_are_counted_and_bad_ones_known():
    outcomes = [Outcome("a", "refused"), Outcome("b", "hang"), Outcome("c", "refused")]
    assert tally(outcomes) == "1 hang, 2 refused"
    assert [one.bad for one in outcomes] == [False, True, False]
    assert "silent NaN" in BAD


def commands(group, *before):
    """Return the words of every command that does something."""
    if isinstance(group, Mapping):
        return [words for name, one in group.items() for words in commands(one, *before, name)]
    own = (
        [" ".join(before)] if not hasattr(group, "commands") or group.invoke_without_command else []
    )
    return own + commands(getattr(group, "commands", {}), *before)


def test_every_command_is_killed():
    program: Any = typer.main.get_command(app)
    every = commands(program.commands)
    assert len(every) > 10
    missing = {
        name for name in every if not any(f"{job.words} ".startswith(f"{name} ") for job in JOBS)
    }
    assert missing == {"fetch", "lesion list"}  # needs the network; writes nothing


CHECKS = ("@checked_arguments", "@of_results", "@checked_arrays")
# Look at what they are given themselves, part by part, where they use it.
BY_HAND = {
    "canonica.data.recording",
    "canonica.lesions.lesioned",
    "canonica.pipelines.check_results_folder",  # loads nothing before it has looked
    "canonica.read",
    "canonica.recordings.spike_trains_from",
    "canonica.report.worlds_figure",
    "canonica.reverse_engineering.attempt",
}


def test_every_public_function_holds_its_arguments_against_its_signature():
    unchecked = {
        name
        for name, function in public().items()
        if inspect.isfunction(function)
        and inspect.signature(function).parameters
        and not any(check in inspect.getsource(inspect.unwrap(function)) for check in CHECKS)
    }
    assert unchecked == BY_HAND


@pytest.mark.parametrize(
    ("message", "bad", "wrong"),
    [
        ("draws: found 0; expected a whole number.", {"draws": 0}, None),
        ("repeats: found 0; expected a whole number.", {"draws": 0}, "argument not named"),
        ("draws_made: found 0; expected a number.", {"draws": 0}, "argument not named"),
        ("none.csv: found nothing; expected a file.", {"paths": ["none.csv"]}, None),
        ("x, variable r: found -1; expected counts.", {"one": xr.Dataset()}, None),
        ("x, variable r: found -1; expected counts.", {"one": 3}, "argument not named"),
        ("nothing could be done with draws.", {"draws": 0}, "raw error"),
    ],
)
def test_refusals_are_judged(message, bad, wrong):
    assert what_is_wrong_with(message, bad) == wrong
