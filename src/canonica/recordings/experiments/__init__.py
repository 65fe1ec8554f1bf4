"""One experiment in many files, a file for each session, as one recording."""

from canonica.recordings.experiments._grouping import Experiment, grouped
from canonica.recordings.experiments._layout import write_sessions

__all__ = ["Experiment", "grouped", "write_sessions"]
