"""What lesions do: dose responses, signatures, phase diagrams, and what comes back."""

from canonica.studies.lesions._dose_response import dose_response
from canonica.studies.lesions._phase_diagram import boundary, phase_diagram
from canonica.studies.lesions._restoration import restoration
from canonica.studies.lesions._signatures import signatures

__all__ = ["boundary", "dose_response", "phase_diagram", "restoration", "signatures"]
