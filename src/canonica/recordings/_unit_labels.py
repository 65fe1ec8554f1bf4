"""Labels of quality that units have, as a recording keeps them."""

LABELS = "unit_labels"  # attributes of a recording: how many units have which label,
LABELS_CHOSEN = "unit_labels_chosen"  # and which were to count
SOUND = {"good", "sua", "su", "single", "single unit", "single-unit", "neuron"}


def doubtful(labels: str) -> bool:
    """Return whether an attribute `unit_labels` tells of units that are no sound neurons."""
    parts = labels.rpartition(" (")[0].split(", ")
    return any(part.partition(" ")[2] not in SOUND for part in parts)
