"""A canonical network as StableHLO, run by JAX; needs jax, flatbuffers and NumPy.

Run it, and it goes through the steps that steps.npz holds and prints how far it deviates from the
agent. To use it, copy what `main` does: `beginning` is the state that an agent begins with.
"""

import json
import sys
from pathlib import Path

import jax
import numpy as np

HERE = Path(__file__).resolve().parent
STATE = ("belief", "policy", "made")


def loaded(known):
    """Return the step, a function of observation, belief, policy, made and a uniform number."""
    jax.config.update("jax_enable_x64", known["uniform"].dtype == np.float64)
    with (HERE / "step.stablehlo").open("rb") as file:
        return jax.jit(jax.export.deserialize(bytearray(file.read())).call)


def main():
    """Go through the steps that are known, and print how far the agent's are from them."""
    with np.load(HERE / "steps.npz", allow_pickle=False) as file:
        known = {name: file[name] for name in file.files}
    step, state = loaded(known), [known[f"{name}_beginning"] for name in STATE]
    steps, farthest, others = len(known["observation"]), 0.0, 0
    for t in range(steps):
        action, *state = step(known["observation"][t], *state, known["uniform"][t])
        farthest = max(farthest, float(np.abs(state[0] - known["belief"][t]).max()))
        others += int(action) != known["action"][t]
    print(
        json.dumps(
            {
                "steps": steps,
                "largest_deviation": farthest,
                "other_actions": int(others),
                "without_canonica": sys.modules.get("canonica") is None,
            }
        )
    )


if __name__ == "__main__":
    main()
