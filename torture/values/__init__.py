"""Bad values for every public function, drawn by hypothesis from its signature.

Each must be refused by one error of ours, or lead to a result without a NaN that nobody spoke of.
Left out are `canonica.model`, whose functions run inside compiled code and say what they leave
unchecked; `canonica.agents`, whose tests do the same; and `canonica.report`, which draws results.
"""

from torture.values._values import values

__all__ = ["values"]
