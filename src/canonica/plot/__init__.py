"""One call for one figure, in a notebook or a script.

Each function takes what the others of canonica return, and gives a Matplotlib figure; or it draws
panels, by their names, on axes of yours::

    import canonica

    result = canonica.reverse_engineer(canonica.read("culture.nwb")[0])
    canonica.plot.recording(result)
    canonica.plot.recording(result, axes={"free energy": axes})
"""

from canonica.plot._conditions import conditions
from canonica.plot._forecast import forecast
from canonica.plot._recording import recording

__all__ = ["conditions", "forecast", "recording"]
