"""JAX functions that are compiled in a hurry: for tests, where most run a few times only."""

from functools import partial

import jax

HASTE = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}


def _known(options):
    """Return those of the compiler's options that this version of it knows."""
    known = {}
    for name, value in options.items():
        try:
            jax.jit(lambda x: x + 1, compiler_options={name: value}).lower(0.0).compile()
        except Exception:  # noqa: BLE001, S112  (whatever it is: then without)
            continue
        known[name] = value
    return known


compiled = partial(jax.jit, compiler_options=_known(HASTE))
