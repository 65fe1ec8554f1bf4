"""What simulation says of our methods: recovery of known networks, calibration, power."""

from canonica.studies.phenotypes import (
    choice_power,
    culture_recovery,
    phenotype_recovery,
    simulated_choices,
)
from canonica.studies.plasticity import (
    Truth,
    calibration_summary,
    culture_false_alarms,
    detection_summary,
    plasticity_calibration,
    plasticity_detection,
    simulated_known,
)
from canonica.studies.recovery import recovery, recovery_summary

__all__ = [
    "Truth",
    "calibration_summary",
    "choice_power",
    "culture_false_alarms",
    "culture_recovery",
    "detection_summary",
    "phenotype_recovery",
    "plasticity_calibration",
    "plasticity_detection",
    "recovery",
    "recovery_summary",
    "simulated_choices",
    "simulated_known",
]
