"""HDF5, which NWB, MATLAB 7.3 and many others are written in: how such a file begins."""

from pathlib import Path
from typing import NamedTuple

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


class Root(NamedTuple):
    """What an HDF5 file has at its root.

    Attributes
    ----------
    attributes, members : frozenset of str
        Names of its attributes, and of its groups and datasets.
    """

    attributes: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()


def hdf5_root(path: Path) -> Root:
    """Return what an HDF5 file has at its root; nothing where it is none, or too damaged to say."""
    import h5py  # noqa: PLC0415

    with path.open("rb") as file:
        if file.read(len(HDF5_MAGIC)) != HDF5_MAGIC:
            return Root()
    try:
        with h5py.File(path, "r") as root:
            return Root(frozenset(root.attrs), frozenset(root))
    except Exception:  # noqa: BLE001  (of many kinds, depending on what is damaged)
        return Root()
