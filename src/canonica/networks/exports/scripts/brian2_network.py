"""A canonical network as a rate model in Brian 2, with its plasticity; needs brian2 and NumPy.

Every step lasts a second. Neurons hold u = logit(x), which relaxes to what drives it: x comes to
rest where dx/dt ~ -logit(x) + (W1 - W0) o + (K1 - K0) x(t-1) + h1 - h0 is zero. The output layer
does the same. Half a second on, Hebbian plasticity counts what was active together. What was
decided is kept until the risk is known, which then strengthens or weakens policy synapses.

Run it, and it goes through the steps that steps.npz holds and prints how far it deviates from the
agent. To use it, make a `RateModel` and call `steps` and `learn`.
"""

import json
import sys
from pathlib import Path

import brian2 as b2
import numpy as np

HERE = Path(__file__).resolve().parent

LAYER = """
du/dt = (drive + recurrent + threshold - u) / tau : 1
x = 1 / (1 + exp(-u)) : 1
drive : 1
recurrent : 1
threshold : 1 (constant)
before : 1
"""
# n11 counts how often both sides were 1, n10 only the one before the synapse, n01 only the one
# behind it, n00 neither. W1 = logit(n11 / (n11 + n01)) and W0 = logit(n10 / (n10 + n00)); a step
# acts by `slope` = W1 - W0 and by what it adds to the firing threshold, `silent`.
SYNAPSE = """
n11 : 1
n10 : 1
n01 : 1
n00 : 1
slope : 1
silent : 1
{target}_post = slope * {source}_pre + silent : 1 (summed)
"""
PLASTICITY = """
n11 += rate * {source}_pre * x_post
n10 += rate * {source}_pre * (1 - x_post)
n01 += rate * (1 - {source}_pre) * x_post
n00 += rate * (1 - {source}_pre) * (1 - x_post)
"""


class RateModel:
    """Input, middle and output layer, their synapses, and the rules by which these change."""

    def __init__(self, path=HERE / "network.npz"):
        with np.load(path, allow_pickle=False) as file:
            self.made_of = {name: file[name] for name in file.files}
        n = self.made_of
        b2.prefs.codegen.target = "numpy"
        b2.defaultclock.dt = 500 * b2.ms
        self.epsilon, self.moves_made = float(n["epsilon"]), int(n["moves_made"])
        self.from_current = bool(n["decides_from_current"])
        names = {"tau": 10 * b2.ms, "rate": float(n["rate"])}
        inputs, states, policies = n["input_counts"].shape[2], len(n["prior"]), len(n["policies"])
        self.inputs = b2.NeuronGroup(inputs, "o : 1", name="inputs")
        self.middle = b2.NeuronGroup(states, LAYER, method="exact", namespace=names, name="middle")
        self.output = b2.NeuronGroup(
            policies, LAYER, method="exact", namespace=names, name="output"
        )
        self.middle.u = np.log(n["prior"]) - np.log1p(-n["prior"])
        self.middle.threshold, self.output.threshold = n["threshold"], n["output_threshold"]
        self.middle.run_regularly("before = x", dt=1 * b2.second, when="start")
        seen = "x" if self.from_current else "before"
        self.synapses = {"input": self._connected("input", self.inputs, self.middle, "o", "drive")}
        if "recurrent_counts" in n:
            self.synapses["recurrent"] = self._connected(
                "recurrent", self.middle, self.middle, "before", "recurrent"
            )
        self.synapses["output"] = self._connected("output", self.middle, self.output, seen, "drive")
        for name, source in (("input", "o"), ("recurrent", "before")):
            if name in self.synapses:
                one = self.synapses[name]
                one.namespace.update(names)
                rule = PLASTICITY.format(source=source)
                one.run_regularly(rule, dt=1 * b2.second, when="end")
        show = b2.NetworkOperation(self._show, dt=1 * b2.second, when="before_start")
        decide = b2.NetworkOperation(self._decide, dt=500 * b2.ms, when="after_end")
        self.network = b2.Network(
            self.inputs, self.middle, self.output, *self.synapses.values(), show, decide
        )
        self.waiting, self.found, self.settled = [], [], False
        self.at_first = n["output_counts"].copy()
        self.policy, self.made, self.rollout = 0, 0, []
        for name in self.synapses:
            self.act_by_what_was_learned(name)

    def _connected(self, name, before, behind, source, target):
        equations = SYNAPSE.format(source=source, target=target)
        synapses = b2.Synapses(before, behind, equations, name=f"{name}_synapses")
        synapses.connect()  # all to all, ordered by the neuron before
        counts = self.made_of[f"{name}_counts"]
        for value in (0, 1):
            for behind_value in (0, 1):
                flat = counts[value, behind_value].ravel()
                setattr(synapses, f"n{value}{behind_value}", flat)
        return synapses

    def act_by_what_was_learned(self, name):
        """Let synapses and firing thresholds be those of the counts."""
        synapses, gain = self.synapses[name], self.made_of[f"{name}_gain"]
        log = {}
        for behind, weight in ((1, gain[1]), (0, gain[0])):
            together, alone = (np.asarray(getattr(synapses, f"n{one}{behind}")) for one in (1, 0))
            share = np.stack([alone, together]) / (alone + together)
            log[behind] = weight * np.log(np.maximum(share, self.epsilon))
        synapses.slope = log[1][1] - log[1][0] - (log[0][1] - log[0][0])
        synapses.silent = log[1][0] - log[0][0]

    def steps(self, observations, uniforms):
        """Show observations, a second each; return the moves, and beliefs x after each of them.

        Numbers between 0 and 1, `uniforms`, decide what is drawn.
        """
        self.waiting, self.found = list(zip(observations, uniforms, strict=True)), []
        self.network.run(len(self.waiting) * b2.second)
        moves, beliefs = zip(*self.found, strict=True)
        return np.array(moves), np.array(beliefs)

    def _show(self):
        self.inputs.o = self.waiting[0][0]

    def _decide(self):
        """Draw a policy at the end of every second, when the output layer has come to rest."""
        self.settled = not self.settled
        if self.settled:
            return
        _, uniform = self.waiting.pop(0)
        if self.made == 0:
            odds = np.exp(np.clip(self.output.u, -300, 300))
            odds /= 1 + self.epsilon + self.epsilon * odds
            through = np.cumsum(odds)
            self.policy = int(np.argmax(through > uniform * through[-1]))
        move = int(self.made_of["policies"][self.policy, self.made])
        seen = self.middle.x if self.from_current else self.middle.before
        self.rollout.append((np.array(seen), self.policy))
        self.made = (self.made + 1) % self.moves_made
        self.found.append((move, np.array(self.middle.x)))

    def learn(self, modulation, kept=1.0):
        """Learn from the steps since the last learning, by a modulation (1 - 2 Gamma) for each.

        Of what policy synapses had learned before, `kept` is left.
        """
        synapses, shape = self.synapses["output"], self.at_first.shape[2:]
        seen = np.array([states for states, _ in self.rollout])
        decided = np.eye(shape[1])[[policy for _, policy in self.rollout]]
        for value, states in ((1, seen), (0, 1 - seen)):
            for taken, decisions in ((1, decided), (0, 1 - decided)):
                name, first = f"n{value}{taken}", self.at_first[value, taken]
                now = np.asarray(getattr(synapses, name)).reshape(shape)
                now = first + kept * (now - first) + (states.T * modulation) @ decisions
                setattr(synapses, name, np.maximum(now, 1).ravel())  # a count is never below 1
        self.rollout = []
        if self.made_of["acts_by_chunk"]:
            for name in self.synapses:
                self.act_by_what_was_learned(name)

    def mapping(self, name):
        """Return sigmoid(W1) and sigmoid(W0) of synapses, [value, before, behind]."""
        synapses = self.synapses[name]
        n = {one: np.asarray(getattr(synapses, one)) for one in ("n11", "n10", "n01", "n00")}
        shares = [n["n10"] / (n["n10"] + n["n00"]), n["n11"] / (n["n11"] + n["n01"])]
        return np.stack(shares).reshape(2, *self.made_of[f"{name}_counts"].shape[2:])


def main():
    """Go through the steps that are known, and print how far the agent's are from them."""
    with np.load(HERE / "steps.npz", allow_pickle=False) as file:
        known = {name: file[name] for name in file.files}
    model, farthest, others = RateModel(), 0.0, 0
    steps, chunk = len(known["observation"]), int(known["chunk"])
    for number, first in enumerate(range(0, steps, chunk)):
        now = slice(first, first + chunk)
        moves, beliefs = model.steps(known["observation"][now], known["uniform"][now])
        farthest = max(farthest, float(np.abs(beliefs - known["belief"][now]).max()))
        others += int((moves != known["action"][now]).sum())
        model.learn(known["modulation"][now], known["kept"][number])
    learned = max(
        float(np.abs(model.mapping(name) - known[f"{name}_mapping"]).max())
        for name in model.synapses
    )
    print(
        json.dumps(
            {
                "steps": steps,
                "largest_deviation": farthest,
                "other_actions": others,
                "largest_deviation_learned": learned,
                "without_canonica": sys.modules.get("canonica") is None,
            }
        )
    )


if __name__ == "__main__":
    main()
