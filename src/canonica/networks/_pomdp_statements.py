"""The text of a `.pomdp` file, as statements: what each line begins, and the values that follow."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from canonica._errors import CanonicaError

PREAMBLE = ("discount", "values", "states", "actions", "observations")
KEYWORDS = (*PREAMBLE, "start", "T", "O", "R")
RESERVED = {*KEYWORDS, "include", "exclude", "uniform", "identity", "reset", "reward", "cost", "*"}


class Word(NamedTuple):
    """A word of a file, and the line that it stands in."""

    text: str
    line: int


class Statement(NamedTuple):
    """A keyword, what stands between colons after it, and the values that follow.

    Attributes
    ----------
    keyword : Word
        Such as ``T``; ``start include`` and ``start exclude`` are keywords of their own.
    places : tuple of Word
        ``T: listen : left`` has two.
    values : tuple of Word
        Numbers, names, or one word such as ``uniform``.
    """

    keyword: Word
    places: tuple[Word, ...]
    values: tuple[Word, ...]


def fault(line: int, found: str, expected: str) -> CanonicaError:
    """Return the error of a line; `read_pomdp` adds which file it is of."""
    return CanonicaError(f"line {line}: found {found}; expected {expected}.")


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements of a file in their order."""
    words = list(_words(text))
    starts = [at for at in range(len(words)) if _begins(words, at)]
    if words and (not starts or starts[0] > 0):
        raise fault(words[0].line, repr(words[0].text), f"one of {', '.join(KEYWORDS)} and a colon")
    for first, last in pairwise([*starts, len(words)]):
        yield _statement(words[first:last])


def _words(text: str) -> Iterator[Word]:
    for number, line in enumerate(text.splitlines(), start=1):
        for word in line.partition("#")[0].replace(":", " : ").split():
            yield Word(word, number)


def _begins(words: list[Word], at: int) -> bool:
    """Return whether a statement begins with a word: a keyword, and a colon after it."""
    following = [word.text for word in words[at + 1 : at + 3]]
    if words[at].text == "start" and following[:1] in (["include"], ["exclude"]):
        return following[1:] == [":"]
    if words[at].text not in KEYWORDS or following[:1] != [":"]:
        return False
    return at == 0 or words[at - 1].text != ":"


def _statement(words: list[Word]) -> Statement:
    keyword, rest = words[0], words[1:]
    if rest[0].text != ":":
        keyword, rest = Word(f"start {rest[0].text}", keyword.line), rest[1:]
    rest = rest[1:]
    places: list[Word] = []
    if keyword.text in ("T", "O", "R"):
        while rest and rest[0].text != ":":
            places.append(rest[0])
            rest = rest[1:]
            if not rest or rest[0].text != ":":
                break
            rest = rest[1:]
    for word in rest:
        if word.text == ":":
            raise fault(
                word.line, "a colon", f"the values of {keyword.text}, and no colon among them"
            )
    if not (places or rest):
        raise fault(keyword.line, f"{keyword.text} and nothing after it", "something")
    return Statement(keyword, tuple(places), tuple(rest))
