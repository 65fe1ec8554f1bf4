"""The version, as the tags of the repository gave it when canonica was installed.

An editable install goes on telling the version that it was installed at: install it anew after a
release.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("canonica")
except PackageNotFoundError:  # run from a folder of sources that nobody installed
    __version__ = "0.0.0"
