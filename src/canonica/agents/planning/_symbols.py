"""Observations by number, in the order in which they are met."""

import ast
from collections.abc import Sequence

from canonica.agents.planning._spaces import Symbol


class Symbols:
    """Numbers of symbols: each new one gets the next.

    Parameters
    ----------
    texts : sequence of str
        Of symbols that were met before, in order.
    """

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self._numbers: dict[Symbol, int] = {
            ast.literal_eval(text): number for number, text in enumerate(texts)
        }

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, symbol: Symbol) -> bool:
        return symbol in self._numbers

    def number(self, symbol: Symbol) -> int:
        """Return the number of a symbol, which is new or was met before."""
        return self._numbers.setdefault(symbol, len(self._numbers))

    @property
    def texts(self) -> list[str]:
        """All symbols, in order, as Python writes them."""
        return [repr(symbol) for symbol in self._numbers]
