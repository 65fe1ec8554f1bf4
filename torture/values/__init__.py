"""Bad values for every public function, drawn by hypothesis from its signature.

Each must be refused by one error of ours that names the argument, or lead to a result without a NaN
that nobody spoke of. The functions are found in the package; `_public.py` says which rooms are left
to tests, and why.
"""

from torture.values._public import public
from torture.values._values import values, what_is_wrong_with

__all__ = ["public", "values", "what_is_wrong_with"]
