"""The formats that networks are exported to; a new one is a file and a line."""

from collections.abc import Mapping

from canonica.networks.exports._brian2 import write_brian2
from canonica.networks.exports._export_format import ExportFormat
from canonica.networks.exports._onnx import write_onnx
from canonica.networks.exports._stablehlo import write_stablehlo

FORMATS: Mapping[str, ExportFormat] = {
    one.name: one
    for one in (
        ExportFormat(
            "stablehlo",
            write_stablehlo,
            "stablehlo_step.py",
            writes_with=("flatbuffers",),
            runs_with=("jax", "flatbuffers"),
        ),
        ExportFormat(
            "onnx",
            write_onnx,
            "onnx_step.py",
            writes_with=("jax2onnx",),
            runs_with=("onnxruntime",),
        ),
        ExportFormat(
            "brian2",
            write_brian2,
            "brian2_network.py",
            writes_with=(),
            runs_with=("brian2",),
            learns=True,
        ),
    )
}
