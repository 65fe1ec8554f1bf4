"""Films of results, where there is something to write them with."""

from typing import Literal, TypeAlias

from canonica._errors import CanonicaError
from canonica.report import animation_suffix

Animation: TypeAlias = Literal["gif", "mp4", "none"]


def check_animation(animation: Animation) -> None:
    """Refuse a kind of film that there is no way to write, before the work.

    Raises
    ------
    CanonicaError
        If it is none of the kinds, or takes a program that is not there.
    """
    if animation not in ("gif", "mp4", "none"):
        raise CanonicaError(f"animation: found {animation!r}; expected gif, mp4 or none.")
    if animation == "mp4" and animation_suffix() != ".mp4":
        raise CanonicaError(
            "animation: found no ffmpeg to write mp4; install ffmpeg, or choose gif."
        )
