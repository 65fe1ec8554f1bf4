"""Plasticity: recordings of known truth, and whether its posterior is right."""

from canonica.studies.plasticity._calibration import plasticity_calibration
from canonica.studies.plasticity._calibration_summary import calibration_summary
from canonica.studies.plasticity._detection import plasticity_detection
from canonica.studies.plasticity._detection_summary import detection_summary
from canonica.studies.plasticity._false_alarms import culture_false_alarms
from canonica.studies.plasticity._simulated_responses import Truth, simulated_known

__all__ = [
    "Truth",
    "calibration_summary",
    "culture_false_alarms",
    "detection_summary",
    "plasticity_calibration",
    "plasticity_detection",
    "simulated_known",
]
