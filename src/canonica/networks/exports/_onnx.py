"""ONNX: a step as a graph, by jax2onnx."""

import logging
import warnings
from pathlib import Path

import jax
import numpy as np

from canonica.networks.exports._exported_agent import STATE, ExportedAgent

FILE = "step.onnx"


def write_onnx(agent: ExportedAgent, folder: Path) -> list[str]:
    """Write the step as a graph whose inputs and outputs bear names; return its file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries, about themselves
        from jax2onnx import to_onnx  # noqa: PLC0415  (an extra, and slow to load)

        logging.getLogger("onnx_ir").setLevel(logging.ERROR)
        arguments = agent.arguments
        graph = to_onnx(
            agent.step,
            [jax.ShapeDtypeStruct(one.shape, one.dtype) for one in arguments.values()],
            model_name="canonica",
            enable_double_precision=agent.observation.dtype == np.float64,
            input_names=list(arguments),
            output_names=["action", *(f"next_{name}" for name in STATE)],
        )
    (folder / FILE).write_bytes(graph.SerializeToString(deterministic=True))
    return [FILE]
