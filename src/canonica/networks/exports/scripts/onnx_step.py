"""A canonical network as ONNX, run by ONNX Runtime; needs onnxruntime and NumPy.

Run it, and it goes through the steps that steps.npz holds and prints how far it deviates from the
agent. To use it, copy what `main` does: what is named `_beginning` is what an agent begins with.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

HERE = Path(__file__).resolve().parent
STATE = ("belief", "policy", "made")


def main():
    """Go through the steps that are known, and print how far the agent's are from them."""
    with np.load(HERE / "steps.npz", allow_pickle=False) as file:
        known = {name: file[name] for name in file.files}
    session = onnxruntime.InferenceSession(
        str(HERE / "step.onnx"), providers=["CPUExecutionProvider"]
    )
    state = {name: known[f"{name}_beginning"] for name in STATE}
    steps, farthest, others = len(known["observation"]), 0.0, 0
    for t in range(steps):
        seen = {"observation": known["observation"][t], "uniform": np.asarray(known["uniform"][t])}
        action, *after = [np.asarray(one) for one in session.run(None, seen | state)]
        state = dict(zip(STATE, after, strict=True))
        farthest = max(farthest, float(np.abs(state["belief"] - known["belief"][t]).max()))
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
