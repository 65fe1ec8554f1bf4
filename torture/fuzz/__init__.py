"""Files damaged in bytes, structure and types: one clear error, or a sound result.

Every damaged file is read in this process through `canonica.read`, so that a crash or a hang of a
library is met here as a user would meet it.
"""

from torture.fuzz._fuzz import fuzz

__all__ = ["fuzz"]
