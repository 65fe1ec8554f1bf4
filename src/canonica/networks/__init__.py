"""Networks made from problems: from what is known of a world to a network that acts in it."""

from canonica.networks._as_pymdp import AsPymdp
from canonica.networks._compiled_network import CompiledNetwork, compiled
from canonica.networks._conversion import Conversion
from canonica.networks._expected_free_energy import expected_free_energy
from canonica.networks._from_pomdp import from_pomdp
from canonica.networks._pomdp import Pomdp
from canonica.networks._read_pomdp import read_pomdp
from canonica.networks._regret import regret
from canonica.networks._solution import Solution
from canonica.networks._solve import solve

__all__ = [
    "AsPymdp",
    "CompiledNetwork",
    "Conversion",
    "Pomdp",
    "Solution",
    "compiled",
    "expected_free_energy",
    "from_pomdp",
    "read_pomdp",
    "regret",
    "solve",
]
