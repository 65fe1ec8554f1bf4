"""Markup as a tree: what names and messages hold stays text, whatever it looks like."""

from typing import TYPE_CHECKING, TypeAlias
from xml.etree.ElementTree import Element, tostring

from canonica._harmless import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

Child: TypeAlias = "Element | str | Iterable[Child] | None"


def element(
    tag: str, *children: Child, attributes: dict[str, str | bool | None] | None = None, **more: str
) -> Element:
    """Return an element of HTML.

    Parameters
    ----------
    tag : str
        Its name.
    *children
        Elements, text, lists of these, or None, which is nothing.
    attributes : dict, optional
        By their names; False and None stand for an attribute that is not there.
    **more
        Attributes whose names Python allows; ``class_`` stands for class.

    Examples
    --------
    >>> markup(element("p", "a < b, ", element("b", '<i>"x"</i>'), id="first"))
    '<p id="first">a &lt; b, <b>&lt;i&gt;"x"&lt;/i&gt;</b></p>'
    """
    made = Element(tag)
    for name, value in {**(attributes or {}), **more}.items():
        if value is not None and value is not False:
            made.set(name.rstrip("_"), "" if value is True else visible(value))
    for child in children:
        _append(made, child)
    return made


def _append(parent: Element, child: Child) -> None:
    if child is None:
        return
    if isinstance(child, Element):
        parent.append(child)
    elif not isinstance(child, str):
        for one in child:
            _append(parent, one)
    elif len(parent):
        parent[-1].tail = (parent[-1].tail or "") + visible(child)
    else:
        parent.text = (parent.text or "") + visible(child)


def markup(root: Element) -> str:
    """Return an element as text, in which nothing but its own tags is markup."""
    return tostring(root, encoding="unicode", method="html")
