"""What SpikeInterface reads: sortings that it saved, and MCS voltages in HDF5."""

from pathlib import Path

from canonica._errors import how_many
from canonica._files import shown
from canonica.recordings.spikes._spike_objects import trains_of
from canonica.recordings.vendors._contents import VendorContents
from canonica.recordings.vendors._libraries import library


def sorting(path: Path) -> VendorContents:
    """Return the spike trains of a sorting that SpikeInterface saved as NPZ."""
    found = library("spikeinterface.core", path).NpzSortingExtractor(path)
    trains = trains_of(found, None, shown(path))
    if not isinstance(trains, dict):  # a sorting always names its units
        raise TypeError(type(trains))
    return VendorContents("SpikeInterface's NpzSortingExtractor", trains=trains)


def mcs_hdf5(path: Path) -> VendorContents:
    """Return what there is of voltages in an HDF5 file of Multi Channel Systems."""
    extractors = library("spikeinterface.extractors", path)
    voltages = extractors.read_mcsh5(path)
    described = (
        f"voltages of {how_many(voltages.get_num_channels(), 'channel')} at "
        f"{voltages.get_sampling_frequency():g} Hz for {voltages.get_total_duration():g} s"
    )
    return VendorContents("SpikeInterface's read_mcsh5", voltages=described)
