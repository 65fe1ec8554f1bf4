"""The encoder that learns at every step, against the `POMDP` class of `reverse-engineering-py`.

    python benchmarks/encoder.py [--quick] [--whole-peer] [--out FOLDER]

All in float64. The base case is [NC23]'s simulated encoder: 25,600 trials of 2 sources mixed onto
32 inputs, initial counts of 200 to 400. Measured:

1. `canonica.simulate.encode` and the peer's class, which infers, learns and empties its buffer at
   every step: one network, and 100 repetitions with initial counts and stimuli of their own, in
   both forms. Medians of runs in turn after the first call, whose time, compilation included, is
   given apart. The peer has no batch: its time for 100 repetitions is 100 times its median for one
   of them, a different one in each turn; `--whole-peer` runs all of them. Every peer run that is
   timed must agree with ours to 1e-9 in all posteriors and final counts. Ours sums the free energy
   as well; the peer is not asked for it. Peak memory is by how much the largest resident size
   grew in the first call, compilation included; each case has a process of its own.
2. The distance to the floor: the time over what the arithmetic that cannot be avoided would take
   at the highest rate of one core, and over what reading and writing all counts would take at the
   highest bandwidth of one core on that many numbers. In brackets the distance per core: processor
   time in place of time. The highest rate is that of multiplications fused with additions, two
   operations each; most of those counted here cannot be fused, for which many processors need
   twice the time.
3. Growth: the time, shortest of several, against the number of trials, inputs, states and
   networks, one at a time, and the slope of its logarithm against that of the size, by least
   squares, over all sizes and over the larger half. `encoder_growth.png` goes to FOLDER.
4. On a GPU, 10,000 repetitions besides. Peak memory then is the GPU's, and there is no floor.

`--quick`: a fifth of the trials, and fewer sizes; for a look, not for figures to report.
"""

import argparse
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from history import remember
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from reverse_engineering.pomdp import POMDP  # pyright: ignore[reportMissingImports]
from rich import box
from rich.console import Console
from rich.table import Table

from canonica.model import ExpectationForm, GenerativeModel
from canonica.simulate import Encoding, encode, initial_counts, mixing_process

P = ParamSpec("P")
R = TypeVar("R")

FORMS: tuple[ExpectationForm, ...] = ("canonical", "exact")
PEER_FORMS = {"exact": 1, "canonical": 2}
TRIALS, INPUTS, STATES = 25_600, 32, 2
REPETITIONS, REPETITIONS_ON_GPU = 100, 10_000
REPEATS, REPEATS_OF_GROWTH, REPEATS_OF_PEAK = 7, 5, 15
TOLERANCE = 1e-9
BYTES = 8  # of a number
COUNTS = 4  # of a synapse: two values of the input, two of the state
# Okabe & Ito's palette, distinct to colour-blind readers too; and a shape of its own for each form.
STYLES = {"canonical": ("#0072B2", "o"), "exact": ("#D55E00", "s")}


class Operations(NamedTuple):
    """What is computed for each synapse at each step."""

    multiplications: int
    additions: int


# Canonical, for both state values: the count that was seen goes into a product of numerators, the
# total of both counts into one of denominators. That total is one addition; the count seen grows
# by another.
CANONICAL = Operations(multiplications=2 * 2, additions=2 * (1 + 1))
# Exact, on top of that, for both state values: numerator and denominator of exp(digamma(x)), from
# many counts on, for x the count seen and the total. They are y (y^2 + a) and y^2 + b with
# y = x - 1/2: two multiplications and three additions for either x. Crosswise, two multiplications
# make one numerator and one denominator of these four.
EXACT_BESIDES = Operations(multiplications=2 * (2 * 2 + 2), additions=2 * 2 * 3)
OPERATIONS = {"canonical": sum(CANONICAL), "exact": sum(CANONICAL) + sum(EXACT_BESIDES)}
# Read and written, by synapse and step. Two of the counts grow, but which ones differs from input
# to input: side by side, all are written.
BYTES_MOVED = 2 * COUNTS * BYTES


class Case(NamedTuple):
    """A form of the encoder, its numbers of networks and trials, and how often it is run."""

    form: ExpectationForm
    networks: int
    trials: int
    turns: int
    whole_peer: bool

    @property
    def label(self) -> str:
        """Name of the case in the table."""
        what = "one network" if self.networks == 1 else f"{self.networks:,} repetitions"
        return f"{what}, {self.form}"

    @property
    def steps(self) -> int:
        """Number of steps of all networks together."""
        return self.networks * self.trials


class Measured(NamedTuple):
    """What a case took: seconds, and bytes."""

    seconds: float
    processor_seconds: float
    peer_seconds: float
    first_call: float
    memory: float


class Peaks(NamedTuple):
    """The most that one core does: operations and bytes a second."""

    operations: float
    bytes: float


class Growth(NamedTuple):
    """Seconds by form for each size of one kind, the others being those of the base case."""

    name: str
    sizes: Sequence[int]
    seconds: dict[ExpectationForm, list[float]]


def in_own_process(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what `function` returns in a fresh process, in float64."""
    context = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=use_float64) as process:
        return process.submit(function, *args, **kwargs).result()


def use_float64() -> None:
    jax.config.update("jax_enable_x64", True)


def timed(function: Callable[[], R]) -> tuple[float, R]:
    start = time.perf_counter()
    found = jax.block_until_ready(function())
    return time.perf_counter() - start, found


# 1. The same work as the peer.


class Inputs(NamedTuple):
    """Files of what a case starts from, made elsewhere, so that making it leaves no memory."""

    counts: Path
    stimuli: Path

    @classmethod
    def of(cls, networks: int, folder: Path) -> "Inputs":
        """Return the files that hold the inputs of this number of networks."""
        return cls(folder / f"counts_{networks}.npy", folder / f"stimuli_{networks}.npy")

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Return counts (network, 2, 2, input, state) and stimuli (network, trial, input)."""
        return np.load(self.counts), np.load(self.stimuli)


def make_inputs(networks: int, trials: int, files: Inputs) -> None:
    """Write initial counts and stimuli, different for each network."""
    keys = jax.random.split(jax.random.key(0), (networks, 2))
    counts = partial(initial_counts, sources=STATES, inputs=INPUTS)
    mixture = partial(mixing_process, trials=trials, sources=STATES, inputs=INPUTS, dtype=jnp.int8)
    np.save(files.counts, jax.vmap(counts)(keys[:, 0]))
    # One network after the other, for the memory.
    np.save(files.stimuli, lax.map(lambda key: mixture(key).stimuli, keys[:, 1]))


def as_peer_has_them(counts: np.ndarray) -> np.ndarray:
    """Return counts (2, 2, input, state) as a matrix of blocks, value 1 first."""
    return np.block([[counts[1, 1], counts[1, 0]], [counts[0, 1], counts[0, 0]]])


def peer_run(
    counts: np.ndarray, stimuli: np.ndarray, form: ExpectationForm
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the seconds of the peer's steps, the posteriors and the final counts."""
    states = counts.shape[-1]
    peer = POMDP(as_peer_has_them(counts), np.full(2 * states, 0.5), sim_type=PEER_FORMS[form])
    observations = np.concatenate([stimuli, 1 - stimuli], axis=1).astype(float)
    posteriors = np.empty((len(stimuli), 2 * states))
    start = time.perf_counter()
    for trial, observation in enumerate(observations):
        posteriors[trial] = peer.infer(observation)
        peer.learn()
        peer.reset_buffer()
    return time.perf_counter() - start, posteriors[:, :states], peer.qa


def measured(case: Case, files: Inputs) -> Measured:
    counts, seen = files.read()
    # A single network has no axis for several.
    initial, given = (counts, seen) if case.networks > 1 else (counts[0], seen[0])
    model = GenerativeModel(jnp.asarray(initial), jnp.full((2, STATES), 0.5))

    def ours(stimuli: np.ndarray | jax.Array) -> Encoding:
        return encode(model, stimuli, form=case.form)

    before = peak_memory()
    first_call, encoding = timed(partial(ours, given))
    memory = peak_memory() - before
    posteriors = np.asarray(encoding.posterior).reshape(len(counts), -1, STATES)
    learned = np.asarray(encoding.model.likelihood_counts).reshape(counts.shape)
    del encoding

    stimuli = jnp.asarray(given)
    timed(partial(ours, stimuli))
    runs = []
    for turn in range(case.networks if case.whole_peer else case.turns):
        processor = time.process_time()
        seconds = timed(partial(ours, stimuli))[0]
        processor = time.process_time() - processor
        network = turn % case.networks
        peer_seconds, *theirs = peer_run(counts[network], seen[network], case.form)
        check((posteriors[network], as_peer_has_them(learned[network])), theirs)
        runs.append((seconds, processor, peer_seconds))
    seconds, processor, peer_seconds = (
        statistics.median(column) for column in zip(*runs, strict=True)
    )
    if case.whole_peer:
        peer_seconds = statistics.mean(run[-1] for run in runs)
    return Measured(seconds, processor, case.networks * peer_seconds, first_call, memory)


def check(ours: Iterable[np.ndarray], theirs: Iterable[np.ndarray]) -> None:
    for name, mine, other in zip(("posterior", "counts"), ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


def peak_memory() -> float:
    """Return the largest size so far, in bytes: resident, or on the GPU."""
    if jax.default_backend() != "cpu":
        return (jax.devices()[0].memory_stats() or {})["peak_bytes_in_use"]
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# 2. The floor.


def peaks() -> Peaks:
    """Return the highest rates of one core that any of several loops reaches."""
    if hasattr(os, "sched_setaffinity"):  # before JAX starts its threads
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    fused = product((32, 64, 256), (1, 2), (6, 7, 8, 9, 10))
    # In cache, as the counts are of one network up to those of a block of 16.
    scaled = (COUNTS * STATES * INPUTS * networks for networks in (1, 4, 16))
    return Peaks(max(multiply_add_rate(*sizes) for sizes in fused), max(map(bandwidth, scaled)))


def multiply_add_rate(size: int, arrays: int, unrolled: int) -> float:
    """Return operations a second of x = x a + b on small arrays, again and again."""
    turns = 2**26 // (size * arrays * unrolled)

    def turn(_: Any, each: list[jax.Array], a: float, b: float) -> list[jax.Array]:
        for _ in range(unrolled):
            each = [x * a + b for x in each]
        return each

    # Tends to 1, from other numbers: nothing ends as a subnormal number.
    start = [jnp.full(size, 2.0 + number) for number in range(arrays)]
    return 2 * size * arrays * unrolled * turns / shortest(turn, turns, start, 0.75, 0.25)


def bandwidth(size: int) -> float:
    """Return bytes a second, read and written, of x = a x on an array."""
    turns = 2**26 // size

    def turn(_: Any, x: jax.Array, a: float, b: float) -> jax.Array:  # noqa: ARG001
        return x * a

    return 2 * BYTES * size * turns / shortest(turn, turns, jnp.ones(size), 1 - 1e-9, 0.0)


def shortest(turn: Callable[..., Any], turns: int, start: Any, a: float, b: float) -> float:
    """Return the fewest seconds of a loop, compiled into one piece of machine code."""

    @jax.jit
    def loop(x: Any, a: float, b: float) -> Any:
        return lax.fori_loop(0, turns, lambda number, x: turn(number, x, a, b), x)

    @jax.jit
    def as_one_function(x: Any, a: float, b: float) -> Any:
        return set_xla_metadata(loop(x, a, b), xla_cpu_small_call="true", inlineable="false")

    jax.block_until_ready(as_one_function(start, a, b))
    return min(timed(lambda: as_one_function(start, a, b))[0] for _ in range(REPEATS_OF_PEAK))


# 3. Growth.


def sizes_of_growth(*, quick: bool) -> dict[str, list[int]]:
    trials = TRIALS // 5 if quick else TRIALS
    steps = (0, 2, 4) if quick else range(6)
    return {
        "trials": [trials // 8 * 2**step for step in steps],
        "inputs": [INPUTS // 2 * 2**step for step in steps],
        "states": [STATES * 2**step for step in steps],
        "networks": [4**step for step in (range(4) if quick else range(5))],
    }


def growth(name: str, sizes: Sequence[int], base: dict[str, int]) -> Growth:
    """Return the shortest time after the first call for each size, whatever the values."""
    seconds: dict[ExpectationForm, list[float]] = {form: [] for form in FORMS}
    for size in sizes:
        model, stimuli = plain_inputs(**{**base, name: size})
        for form in FORMS:
            runs = [
                timed(partial(encode, model, stimuli, form=form))[0]
                for _ in range(1 + REPEATS_OF_GROWTH)
            ]
            seconds[form].append(min(runs[1:]))
    return Growth(name, sizes, seconds)


def plain_inputs(
    *, trials: int, inputs: int, states: int, networks: int
) -> tuple[GenerativeModel, jax.Array]:
    """Return counts without a lean and stimuli without sources, of any sizes."""
    random = np.random.default_rng(0)
    amplitude = random.uniform(200, 400, (networks, 1, 1, inputs, states))
    counts = jnp.asarray(np.broadcast_to(amplitude / 2, (networks, 2, 2, inputs, states)))
    stimuli = random.integers(0, 2, (networks, trials, inputs), dtype=np.int8)
    return GenerativeModel(counts, jnp.full((2, states), 0.5)), jnp.asarray(stimuli)


def slope(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def slopes(one: Growth, form: ExpectationForm) -> str:
    """Return the slope over all sizes, and over the larger half of them."""
    sizes, seconds, half = one.sizes, one.seconds[form], len(one.sizes) // 2
    larger = slope(sizes[half:], seconds[half:])
    return f"slope {slope(sizes, seconds):.2f}, from {sizes[half]:,} on {larger:.2f}"


def growth_figure(found: Sequence[Growth], base: dict[str, int]) -> Figure:
    figure = Figure(figsize=(10, 7.5), layout="constrained")
    FigureCanvasAgg(figure)
    sizes = ", ".join(
        f"{number:,} {name if number > 1 else name.removesuffix('s')}"
        for name, number in base.items()
    )
    figure.suptitle(f"Time of the encoder, learning at every step. Base case: {sizes}")
    for axis, one in zip(figure.subplots(2, 2).ravel(), found, strict=True):
        draw_growth(axis, one)
    return figure


def draw_growth(axis: Axes, one: Growth) -> None:
    sizes = np.array(one.sizes)
    for form, seconds in one.seconds.items():
        colour, marker = STYLES[form]
        label = f"{form}: {slopes(one, form)}"
        axis.plot(sizes, seconds, color=colour, marker=marker, label=label)
        guide = seconds[-1] * sizes / sizes[-1]
        label = "slope 1" if form == FORMS[-1] else None
        axis.plot(sizes, guide, color="0.6", linestyle="--", linewidth=1, label=label, zorder=0)
    axis.set(xscale="log", yscale="log", xlabel=f"number of {one.name}", ylabel="time (s)")
    axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axis.set_xticks([], minor=True)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, loc="upper left")


# What is said of it all.


def results_table(results: dict[Case, Measured], peak: Peaks | None) -> Table:
    table = Table(box=box.MARKDOWN)
    for heading in (
        "",
        "canonica",
        "per step and network",
        "peer",
        "ratio",
        "first call",
        "cores",
        "arithmetic floor",
        "memory floor",
        "peak memory",
    ):
        table.add_column(heading)
    for case, found in results.items():
        table.add_row(
            case.label,
            f"{found.seconds:.4f} s",
            f"{found.seconds / case.steps * 1e6:.3f} us",
            f"{found.peer_seconds:.2f} s",
            f"{found.peer_seconds / found.seconds:.0f}x",
            f"{found.first_call:.1f} s",
            *floors(case, found, peak),
            f"{found.memory / 1e6:.0f} MB",
        )
    return table


def encoder_ratios(results: dict[Case, Measured], peak: Peaks) -> dict[str, float]:
    """Return the peer's time over ours, and ours over the arithmetic floor, of every case."""
    ratios = {}
    for case, found in results.items():
        operations = OPERATIONS[case.form] * INPUTS * STATES * case.steps
        ratios[f"peer over ours, {case.label}"] = found.peer_seconds / found.seconds
        ratios[f"ours over the floor, {case.label}"] = found.seconds * peak.operations / operations
    return ratios


def floors(case: Case, found: Measured, peak: Peaks | None) -> tuple[str, str, str]:
    """Return the cores at work, and the distances to both floors, per core in brackets."""
    if peak is None:
        return "-", "-", "-"
    synapses = INPUTS * STATES * case.steps
    least = (
        OPERATIONS[case.form] * synapses / peak.operations,
        BYTES_MOVED * synapses / peak.bytes,
    )
    arithmetic, memory = (
        f"{found.seconds / floor:.1f}x ({found.processor_seconds / floor:.1f}x)" for floor in least
    )
    return f"{found.processor_seconds / found.seconds:.1f}", arithmetic, memory


def notes(
    cases: Sequence[Case], peak: Peaks | None, grown: Sequence[Growth], backend: str
) -> Iterable[str]:
    whole = any(case.whole_peer for case in cases)
    yield (
        f"{cases[0].trials:,} trials, {INPUTS} inputs, {STATES} states, float64, JAX on {backend}. "
        f"All posteriors and final counts of the peer's runs agree to {TOLERANCE:g}."
    )
    yield (
        f"The peer's time for {REPETITIONS} repetitions is that of running every one of them."
        if whole
        else "The peer's time for repetitions is its median for one, times their number."
    )
    if peak is None:
        yield "No floor: the rates of a GPU are not measured."
    else:
        yield (
            f"Highest rates of one core: {peak.operations / 1e9:.1f} GFlop/s (multiply-add), "
            f"{peak.bytes / 1e9:.0f} GB/s (read and written, in cache). Floors, by synapse and "
            f"step: {OPERATIONS['canonical']} operations (canonical), {OPERATIONS['exact']} "
            f"(exact), {BYTES_MOVED} bytes; the distance to them as measured, and (per core)."
        )
    if backend == "cpu":
        yield f"No GPU: skipped {REPETITIONS_ON_GPU:,} repetitions."
    for one in grown:
        both = "; ".join(f"{form} {slopes(one, form)}" for form in one.seconds)
        yield f"Growth with {one.name}, {one.sizes[0]:,} to {one.sizes[-1]:,}: {both}."


def main(out: Path, *, quick: bool, whole_peer: bool) -> None:
    # This process stays small: one that it starts begins with the largest size of this one.
    backend = in_own_process(jax.default_backend)
    trials = TRIALS // 5 if quick else TRIALS
    batches = [REPETITIONS] if backend == "cpu" else [REPETITIONS, REPETITIONS_ON_GPU]
    turns = 3 if quick else REPEATS
    cases = [
        Case(form, networks, trials, turns, whole_peer=whole_peer and networks == REPETITIONS)
        for networks in (1, *batches)
        for form in FORMS
    ]
    with TemporaryDirectory() as folder:
        files = {networks: Inputs.of(networks, Path(folder)) for networks in (1, *batches)}
        for networks, own in files.items():
            in_own_process(make_inputs, networks, trials, own)
        results = {case: in_own_process(measured, case, files[case.networks]) for case in cases}
    peak = in_own_process(peaks) if backend == "cpu" else None
    base = {"trials": trials, "inputs": INPUTS, "states": STATES, "networks": 1}
    grown = [
        in_own_process(growth, name, sizes, base)
        for name, sizes in sizes_of_growth(quick=quick).items()
    ]
    out.mkdir(parents=True, exist_ok=True)
    figure = out / "encoder_growth.png"
    growth_figure(grown, base).savefig(figure, dpi=120)

    if not quick and peak is not None:
        remember("encoder", encoder_ratios(results, peak))
    console = Console(width=200)
    console.print(results_table(results, peak))
    for line in (*notes(cases, peak, grown, backend), f"Figure: {figure}"):
        console.print(line, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--whole-peer", action="store_true", help="the peer runs all repetitions")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the figure")
    arguments = parser.parse_args()
    main(arguments.out, quick=arguments.quick, whole_peer=arguments.whole_peer)
