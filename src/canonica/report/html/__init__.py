"""A results folder as one page for the browser that needs no network."""

from canonica.report.html._contents import ReportContents, ReportRecording
from canonica.report.html._document import document

__all__ = ["ReportContents", "ReportRecording", "document"]
