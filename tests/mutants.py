"""How many small faults, planted one at a time, do the tests notice?

A seed draws some of all places where cosmic-ray can change an operator, a number or a condition. At
each, one fault is planted in a copy of the project, and the test files that run the statement, as
`make coverage` recorded, are run. A fault that no test notices survives: somebody should write that
test, or see that the fault changes nothing. Usage: `make mutants`, or with more choice

    .venv/bin/python tests/mutants.py --sample 60 --seed 1 --minutes 30 src/canonica/model
"""

import argparse
import ast
import difflib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (
    "src/canonica/model",
    "src/canonica/recordings",
    "src/canonica/reverse_engineering/forecasting",
)
# Those that leave code which can be run. Of the others most fail at once, whatever the tests are
# (matrix products become shifts), or change nothing (the decorator that compiles is gone).
OPERATORS = (
    "AddNot",
    "NumberReplacer",
    "ReplaceAndWithOr",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_BitAnd_BitOr",
    "ReplaceBinaryOperator_BitOr_BitAnd",
    "ReplaceBinaryOperator_Div_Mul",
    "ReplaceBinaryOperator_FloorDiv_Mul",
    "ReplaceBinaryOperator_Mod_Mul",
    "ReplaceBinaryOperator_Mul_Div",
    "ReplaceBinaryOperator_Pow_Mul",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBreakWithContinue",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_GtE_Lt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_Gt_LtE",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_LtE_Gt",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_Lt_GtE",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceContinueWithBreak",
    "ReplaceFalseWithTrue",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceUnaryOperator_Delete_Invert",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_USub",
    "ZeroIterationForLoop",
)
PATIENCE = 300  # seconds for the tests of one fault; a loop that does not end is noticed, too
NOTICED, SURVIVED, UNREACHED = "noticed", "SURVIVED", "run by no test"


@dataclass(frozen=True)
class Place:
    """Where faults can be planted: file, line, and which occurrences of which operators."""

    path: str
    line: int
    faults: tuple[tuple[str, int], ...]


def places(path):
    """Return the places of a file. Type annotations are none: no test could notice them."""
    from cosmic_ray.ast import ast_nodes, get_ast_from_path
    from cosmic_ray.plugins import get_operator

    tree, here = get_ast_from_path(ROOT / path), defaultdict(list)
    annotations = annotated_spans(ast.parse(code_of(path)))
    for name in OPERATORS:
        operator, occurrence = get_operator(f"core/{name}")(), 0
        for node in ast_nodes(tree):
            for start, _ in operator.mutation_positions(node):
                if not any(first <= start < last for first, last in annotations):
                    here[start].append((name, occurrence))
                occurrence += 1
    return [Place(path, start[0], tuple(faults)) for start, faults in sorted(here.items())]


def code_of(path):
    """Return the sound code of a file."""
    return (ROOT / path).read_text(encoding="utf-8")


def annotated_spans(tree):
    """Return from where to where the annotations of a module go."""
    notes = [
        note
        for node in ast.walk(tree)
        for note in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if isinstance(note, ast.expr)
    ]
    return [
        ((note.lineno, note.col_offset), (note.end_lineno, note.end_col_offset)) for note in notes
    ]


def planted(place, fault):
    """Return the code of a file with a fault in it."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    name, occurrence = fault
    return mutate_code(code_of(place.path), get_operator(f"core/{name}")(), occurrence)


class Record:
    """Which test files run which lines, as `make coverage` left it."""

    def __init__(self):
        from coverage import CoverageData

        self.data = CoverageData(str(ROOT / ".coverage"))
        self.data.read()
        self.names = {str((ROOT / name).resolve()): name for name in self.data.measured_files()}
        if not self.names:
            sys.exit("Nothing is known of which tests run what: `make coverage` comes first.")
        self.reach = Counter(
            test
            for name in self.data.measured_files()
            for tests in self.data.contexts_by_lineno(name).values()
            for test in tests
        )

    def covering(self, place):
        """Return the test files that run the statement at a place, the most specific first.

        What runs when a module is imported, a constant say, all run that import it. Then it is
        those that run anything else of the module.
        """
        name = self.names.get(str(ROOT / place.path))
        lines = self.data.contexts_by_lineno(name) if name else {}
        lines = {line: set(tests) - {""} for line, tests in lines.items()}
        importing = set().union(*lines.values())
        found = set().union(*(lines.get(line, set()) for line in statement_lines(place)))
        if found == importing:
            found = set().union(*(tests for tests in lines.values() if tests != importing))
        return sorted(found, key=lambda test: (self.reach[test], test))


def statement_lines(place):
    """Return the lines of the innermost statement at a place, of compound ones their head."""
    spans = []
    for node in ast.walk(ast.parse(code_of(place.path))):
        if isinstance(node, ast.stmt | ast.ExceptHandler):
            above = [decorator.lineno for decorator in getattr(node, "decorator_list", [])]
            first = min([node.lineno, *above])
            last = node.body[0].lineno - 1 if hasattr(node, "body") else node.end_lineno
            spans.append(range(first, max(node.lineno, last) + 1))
    return min((span for span in spans if place.line in span), key=len)


class Copy:
    """A copy of the project, beside its data, in which faults can be planted."""

    def __init__(self, folder):
        self.root = Path(folder) / "project"
        left_out = (".git", ".venv*", "dist", "__pycache__", ".*_cache", ".coverage*")
        shutil.copytree(ROOT, self.root, ignore=shutil.ignore_patterns(*left_out))
        (self.root / ".venv").symlink_to(ROOT / ".venv")
        if (ROOT.parent / "shared").is_dir():
            (Path(folder) / "shared").symlink_to(ROOT.parent / "shared")
        self.sound = set()

    def outcome(self, place, code, tests):
        """Return what the tests make of a fault."""
        if not tests:
            return UNREACHED
        (self.root / place.path).write_text(code, encoding="utf-8")
        try:
            failed, said = self.run(tests)
        finally:
            (self.root / place.path).write_text(code_of(place.path), encoding="utf-8")
        if not failed:
            return SURVIVED
        self.expect_sound(re.findall(r"^(?:FAILED|ERROR) ([^\s:]+)", said, re.MULTILINE))
        return NOTICED

    def expect_sound(self, tests):
        """Stop if a test that failed fails without any fault, too: then it notices nothing."""
        for test in set(tests) & {path for path in tests if path.startswith("tests/")}:
            if test not in self.sound and self.run([test])[0]:
                sys.exit(f"{test} fails in a copy of the project, without any fault.")
            self.sound.add(test)

    def run(self, tests):
        """Run test files until one fails. Return whether one did, and what pytest printed."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        inside = {"PYTHONPATH": os.pathsep.join([str(self.root / "src"), *sys.path[1:]])}
        try:
            run = subprocess.run(
                command,
                cwd=self.root,
                env={**os.environ, **inside, "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return True, ""
        return run.returncode != 0, run.stdout


def main():
    """Plant the faults, run the tests, and say what survived."""
    asked = wanted()
    paths = sorted(path for folder in asked.folders for path in (ROOT / folder).rglob("*.py"))
    everywhere = [place for path in paths for place in places(str(path.relative_to(ROOT)))]
    drawing = random.Random(asked.seed)
    drawn = drawing.sample(everywhere, min(asked.sample or len(everywhere), len(everywhere)))
    faults = [(place, drawing.choice(place.faults)) for place in drawn]
    record, counts, start = Record(), Counter(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(folder)
        for place, fault in faults:
            if time.monotonic() - start > 60 * asked.minutes:
                break
            code = planted(place, fault)
            found = copy.outcome(place, code, record.covering(place))
            counts[found] += 1
            tell(found, place, fault, code)
    conclude(counts, len(everywhere))


def wanted():
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="*", default=FOLDERS)
    parser.add_argument("--sample", type=int, default=40, help="how many faults; 0: one everywhere")
    parser.add_argument("--seed", type=int, default=0, help="decides where and which")
    parser.add_argument("--minutes", type=float, default=30, help="no new fault after that")
    return parser.parse_args()


def tell(found, place, fault, code):
    """Print what became of a fault and, unless it was noticed, the fault."""
    print(f"{found:15} {place.path}:{place.line} {fault[0]}", flush=True)
    if found != NOTICED:
        sound = code_of(place.path).splitlines()
        for line in list(difflib.unified_diff(sound, code.splitlines(), lineterm="", n=0))[3:]:
            print("   ", line, flush=True)


def conclude(counts, everywhere):
    """Print the score, and how far chance may have moved it."""
    from scipy.stats import binomtest

    faults = counts.total()
    if not faults:
        sys.exit("There was no time for a single fault.")
    inside = binomtest(counts[NOTICED], faults).proportion_ci(method="wilson")
    print(
        f"{counts[NOTICED]} of {faults} faults noticed, drawn from {everywhere} places:"
        f" {counts[NOTICED] / faults:.0%} (95% interval {inside.low:.0%} to {inside.high:.0%})"
    )


if __name__ == "__main__":
    main()
