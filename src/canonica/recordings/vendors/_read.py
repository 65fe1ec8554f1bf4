"""Files of recording systems: spikes and stimuli as Neo or SpikeInterface read them."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import xarray as xr

from canonica._errors import CanonicaError, RecordingError
from canonica._files import shown
from canonica.data._spike_trains import SpikeTrains
from canonica.recordings._reading import Reading
from canonica.recordings.spikes._file_trains import file_trains, with_inputs
from canonica.recordings.spikes._grouped_spikes import GroupedSpikes, grouped_trains
from canonica.recordings.stimuli._stimulation import Stimulation
from canonica.recordings.tables._spikes import stimuli_of_table
from canonica.recordings.vendors._contents import VendorContents
from canonica.recordings.vendors._event_stimuli import stimuli_of_events
from canonica.recordings.vendors._formats import Format, format_of


def recognises(path: Path) -> bool:
    """Return whether this is a file of one of the recording systems that are known."""
    return format_of(path) is not None


def is_without_spikes(path: Path) -> bool:
    """Return whether this is a file of a format in which nobody here finds spikes."""
    form = format_of(path)
    return form is not None and not form.spikes


def read(path: Path, reading: Reading) -> Iterator[xr.Dataset | RecordingError]:
    """Yield the recording of the file.

    Raises
    ------
    RecordingError
        If the file cannot be used, or the library that reads it is not there.
    """
    trains, trials = _trains_and_stimuli(path, reading)
    yield with_inputs(trains.recording(window=reading.window), trials)


def read_trains(path: Path, reading: Reading) -> SpikeTrains:
    """Return the spike trains of the file, with the stimuli that it or another file tells of.

    Raises
    ------
    RecordingError
        If the file cannot be used, or the library that reads it is not there.
    """
    return _trains_and_stimuli(path, reading)[0]


def _trains_and_stimuli(path: Path, reading: Reading) -> tuple[SpikeTrains, Stimulation]:
    form = format_of(path)
    if form is None:  # `recognises` was not asked
        raise TypeError(path)
    found = _contents(path, form)
    spikes = _spikes(found, path, form)
    trials, of = _stimuli(found, path, reading)
    trains = file_trains(
        path,
        spikes,
        trials,
        reading,
        told=f"{form.name}, read by {found.reader}: a response for each of "
        f"{len(found.trains)} spike trains; {of}{trials.description}",
        stimulus_file=reading.stimulus_file,
    )
    return trains, trials


def _stimuli(found: VendorContents, path: Path, reading: Reading) -> tuple[Stimulation, str]:
    """Return the stimuli, and in words which file they are of, if it is another."""
    partner = reading.stimulus_file
    if partner is None:
        return stimuli_of_events(found.events, reading, shown(path)), ""
    form = format_of(partner) if partner.is_file() else None
    if form is None:
        trials = stimuli_of_table(partner, reading)
    else:
        trials = stimuli_of_events(_contents(partner, form).events, reading, shown(partner))
    return trials, f"of {shown(Path(partner.name))}, "


def _spikes(found: VendorContents, path: Path, form: Format) -> GroupedSpikes:
    if any(len(train) for train in found.trains.values()):
        return grouped_trains(found.trains, None, shown(path))
    raise RecordingError(
        shown(path),
        "spikes",
        found=f"{form.name}, with {found.voltages or 'spike trains without a spike'}, "
        "but without spikes",
        expected="spikes that were detected",
        advice=form.advice,
    )


def _contents(path: Path, form: Format) -> VendorContents:
    """Return what a library finds in a file; whatever it thinks of it, as one error."""
    if form.contents is None:
        raise RecordingError(
            shown(path),
            None,
            found=f"{form.name}, which neither Neo nor SpikeInterface reads by itself",
            expected="a file that one of them reads",
            advice=form.advice,
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return form.contents(path)
    except (CanonicaError, MemoryError):
        raise
    except Exception as error:  # of many kinds, depending on the library and the damage
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise RecordingError(
            shown(path),
            None,
            found=f"{form.name}, which could not be read ({reason})",
            expected="a complete file",
            advice="It is damaged, cut short or of a version that the library does not know: copy "
            "or export it again.",
        ) from error
