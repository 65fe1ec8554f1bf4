"""Run what was exported, without canonica; Brian 2.9 also with NumPy 2.4, whose arrays lack ptp.

``python -I run_export.py FOLDER FORMAT``: its run.py, in that folder, and without canonica.
"""

import os
import runpy
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader

WHERE, LOST, FOUND = "brian2.units.fundamentalunits", b"(np.ndarray.ptp)", b"(np.ptp)"


class Mended(SourceFileLoader):
    def get_code(self, fullname):
        del fullname
        return self.source_to_code(self.get_data(self.path).replace(LOST, FOUND), self.path)


class Finder(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        del target
        spec = PathFinder.find_spec(name, path) if name == WHERE else None
        if spec is not None:
            spec.loader = Mended(name, spec.origin)
        return spec


if __name__ == "__main__":
    sys.modules["canonica"] = None
    if sys.argv[2] == "brian2":
        sys.meta_path.insert(0, Finder())
    os.chdir(sys.argv[1])
    runpy.run_path("run.py", run_name="__main__")
