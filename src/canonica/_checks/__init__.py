"""What a user gives, checked where it comes in: sizes, seeds, probabilities, numbers, arrays, dims.

Each check returns the value in the type that the computation takes, or raises a `CanonicaError`
that names the parameter and says what was found, what was expected and, where there is something
to say, what to do. Numbers that are only known when compiled code runs (JAX tracers) are no
business of theirs: public functions check what they are given, and then compute.
"""

from canonica._checks._arrays import check_dims, checked_array
from canonica._checks._choices import checked_choice, checked_kind
from canonica._checks._numbers import (
    LARGEST_SEED,
    LARGEST_SIZE,
    check_memory,
    checked_number,
    checked_positive,
    checked_probability,
    checked_seed,
    checked_size,
)
from canonica._checks._places import checked_address, checked_path
from canonica._checks._refusal import described, refusal

__all__ = [
    "LARGEST_SEED",
    "LARGEST_SIZE",
    "check_dims",
    "check_memory",
    "checked_address",
    "checked_array",
    "checked_choice",
    "checked_kind",
    "checked_number",
    "checked_path",
    "checked_positive",
    "checked_probability",
    "checked_seed",
    "checked_size",
    "described",
    "refusal",
]
