"""How long a phase diagram takes: 25 by 25 strengths, 20 networks each, of the separation task.

Run from the root of the project: ``python benchmarks/lesion_diagram.py [SIDE [NETWORKS]]``. The
ratio is to the same networks, intact, encoded in one call of the same sizes: what a lesion
costs. Of the full size it goes to history.csv.
"""

import sys
import time
from functools import partial

import jax
import numpy as np
from history import remember

from canonica.simulate import encode, initial_model, mixing_process
from canonica.studies.lesions import phase_diagram
from canonica.studies.lesions.tasks import SeparationTask

FULL = 25, 20


def main(side: int = FULL[0], networks: int = FULL[1]) -> None:
    """Print the time of a diagram, of its parts, and the ratio."""
    task = SeparationTask()
    points = side * side + 1
    began = time.perf_counter()
    phase_diagram(
        0,
        "state prior",
        "sensory precision",
        task=task,
        first_strengths=np.linspace(0.05, 0.95, side).tolist(),
        second_strengths=np.linspace(0.25, 4, side).tolist(),
        networks=networks,
        progress=lambda done, of: print(f"\r{done} of {of} points", end="", file=sys.stderr),
    )
    whole = time.perf_counter() - began
    trials = points * networks * task.sessions * task.trials_per_session
    print(f"\n{points} points of {networks} networks: {whole:.1f} s, compiling included")
    print(f"{1e9 * whole / trials:.0f} ns a trial of a network of {task.inputs} inputs")
    alone = _intact(task, networks)
    each = whole / points
    print(f"intact networks alone, compiled: {alone:.2f} s a point; ratio {each / alone:.2f}")
    if (side, networks) == FULL:
        remember("lesion_diagram", {"a point over intact networks alone": each / alone})


def _intact(task: SeparationTask, networks: int) -> float:
    """Return the seconds in which as many intact networks are encoded, compiled already."""
    with jax.enable_x64(True):
        keys = jax.random.split(jax.random.key(0), networks)
        sizes = {"sources": task.sources, "inputs": task.inputs}
        trials = task.sessions * task.trials_per_session
        models = jax.vmap(partial(initial_model, **sizes))(keys)
        _, stimuli = jax.vmap(partial(mixing_process, trials=trials, mixing=task.mixing, **sizes))(
            keys
        )
        times = []
        for _ in range(3):
            began = time.perf_counter()
            found = encode(models, stimuli, trials_per_session=task.trials_per_session)
            jax.block_until_ready(found.posterior)
            times.append(time.perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
