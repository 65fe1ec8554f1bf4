"""Networks taken along: what runs in other runtimes, without canonica; one file a format."""

from canonica.networks.exports._export_format import ExportFormat
from canonica.networks.exports._exported_agent import ExportedAgent
from canonica.networks.exports._formats import FORMATS

__all__ = ["FORMATS", "ExportFormat", "ExportedAgent"]
