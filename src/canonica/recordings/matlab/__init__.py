"""MATLAB files of the published layout, read and written."""
