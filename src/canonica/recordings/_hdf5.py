"""HDF5, which both NWB and MATLAB 7.3 are written in: how such a file begins."""

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
