"""What a task is to a lesion: networks live through it, and numbers come out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int

from canonica.lesions import Lesion


@dataclass(frozen=True)
class Made:
    """Lesions of certain kinds, whose strengths are yet to be given.

    A value, so that what is compiled for it serves whenever it comes again.

    Parameters
    ----------
    kinds : tuple of Lesion
        Each with whatever strength.
    """

    kinds: tuple[Lesion, ...]

    def __call__(self, strengths: Any) -> list[Lesion]:
        """Return these lesions, with a strength each."""
        return [replace(kind, strength=strengths[number]) for number, kind in enumerate(self.kinds)]


@dataclass(frozen=True)
class Measure:
    """A number that a task gives of each network.

    Parameters
    ----------
    name : str
        As a variable is called.
    label : str
        In words.
    units : str
        ``"1"`` for shares.
    kind : str
        perception, learning or action.
    better : int
        1 where more is better, -1 where less is, 0 where neither.
    """

    name: str
    label: str
    units: str
    kind: str
    better: int


@dataclass(frozen=True)
class Task(ABC):
    """A task that networks live through, with lesions or without; its fields are its sizes."""

    name: ClassVar[str]
    measures: ClassVar[tuple[Measure, ...]]
    pictured: ClassVar[tuple[str, ...]]  # which of them a figure shows

    def kind(self, lesion: type[Lesion]) -> Lesion:
        """Return a kind of lesion as it is meant in this task, at its neutral strength."""
        return lesion(lesion.neutral)

    @abstractmethod
    def measured(
        self,
        made: Made,
        strengths: Float[np.ndarray, "point lesion"],
        seeds: Int[np.ndarray, " seed"],
    ) -> dict[str, Float[np.ndarray, "point seed"]]:
        """Return every measure of a network for each point and seed.

        `made` makes the lesions of one point from its row of strengths. Networks of one seed live
        in the same world, whatever their lesions.
        """
