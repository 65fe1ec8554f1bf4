"""The labelled things that cross walls: recordings, and the spike trains they are counted from."""

from canonica.data._recording import recording
from canonica.data._response_windows import EVOKED
from canonica.data._spike_trains import SpikeTrains

__all__ = ["EVOKED", "SpikeTrains", "recording"]
