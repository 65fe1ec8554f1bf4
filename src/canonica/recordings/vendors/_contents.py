"""What a library found in a file of a recording system."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Events:
    """Times at which something happened, as one channel of events tells them.

    Parameters
    ----------
    name : str
        What the channel is called.
    times : (event,)
        Seconds.
    labels : tuple of str
        What happened each time; empty texts where the channel says no more than that it did.
    """

    name: str
    times: np.ndarray
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class VendorContents:
    """Spike trains and events of a file.

    Parameters
    ----------
    reader : str
        Which library read it, and which of its classes.
    trains : dict of str to (spike,)
        Seconds; by the name of the train.
    events : tuple of Events
        All channels that have an event.
    voltages : str
        In words, what there is of voltages.
    """

    reader: str
    trains: dict[str, np.ndarray] = field(default_factory=dict)
    events: tuple[Events, ...] = ()
    voltages: str = ""
