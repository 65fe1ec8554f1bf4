"""Break canonica in every way we know, and print what came of it."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from canonica import __version__
from torture._outcome import Effort, Outcome, tally
from torture.bombs import bombs
from torture.crowds import crowds
from torture.folders import folders
from torture.fuzz import fuzz
from torture.kills import kills
from torture.limits import limits
from torture.renames import renames
from torture.repeats import repeats
from torture.values import values

PARTS: dict[str, Callable[[Effort], Iterator[Outcome]]] = {
    "folders": folders,
    "bombs": bombs,
    "limits": limits,
    "crowds": crowds,
    "values": values,
    "fuzz": fuzz,
    "repeats": repeats,
    "renames": renames,
    "kills": kills,
}
LONG = Effort(seed=0, minutes=8.0, rounds=2, short=False)
SHORT = Effort(seed=0, minutes=0.3, rounds=1, short=True)


def main() -> int:
    """Run the parts that were asked for; return 1 if anything bad came out."""
    given = _arguments()
    usual = SHORT if given.short else LONG
    effort = Effort(
        seed=given.seed,
        minutes=given.minutes or usual.minutes,
        rounds=given.rounds or usual.rounds,
        short=usual.short,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # then, too, say what was found so far
    found: dict[str, list[Outcome]] = {}
    try:
        with TemporaryDirectory() as compiled:
            # Every command starts anew, and need not compile anew what another had compiled.
            os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", compiled)
            os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
            for name in given.only or PARTS:
                found[name] = []
                _run(name, effort, found[name])
    finally:
        every = [outcome for outcomes in found.values() for outcome in outcomes]
        bad = sum(outcome.bad for outcome in every)
        _say(f"{len(every)} attempts, {bad} bad")
        if given.json:
            _write(given.json, effort, found)
    return int(bad > 0)


def _run(name: str, effort: Effort, found: list[Outcome]) -> None:
    """Run a part; add what came of each attempt to `found`, and tell of all that are bad."""
    begin = time.monotonic()
    try:
        for outcome in PARTS[name](effort):
            found.append(outcome)
            if outcome.bad:
                _say(f"  BAD {outcome.verdict}: {outcome.case}: {outcome.detail}")
    finally:
        seconds = time.monotonic() - begin
        _say(f"{name}: {len(found)} attempts in {seconds:.0f} s: {tally(found)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--short", action="store_true", help="two minutes in place of thirty")
    parser.add_argument("--minutes", type=float, help="of fuzzing")
    parser.add_argument("--rounds", type=int, help="how often every command meets every signal")
    parser.add_argument("--seed", type=int, default=0, help="decides everything random")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="NAME", help="parts to run")
    parser.add_argument("--json", type=Path, help="write every outcome here")
    return parser.parse_args()


def _write(path: Path, effort: Effort, found: dict[str, list[Outcome]]) -> None:
    rows = {name: [asdict(outcome) for outcome in outcomes] for name, outcomes in found.items()}
    content = {"version": __version__, **asdict(effort), "outcomes": rows}
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
