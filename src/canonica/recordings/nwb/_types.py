"""Types of what is in an HDF5 file: only those are read that a damaged file cannot crash with."""

from typing import Any

from canonica._errors import RecordingError


def check_types(file: Any, source: str) -> None:
    """Refuse a file with values of types that NWB does not use.

    A flipped bit turns texts into lists of any length, of a type that the HDF5 library believes,
    and ends the whole process over. NWB has no such lists.

    Parameters
    ----------
    file : h5py.File
    source : str
        Its name, for messages.

    Raises
    ------
    RecordingError
        If anything in it is a list of any length, other than a text.
    """
    import h5py  # noqa: PLC0415

    def check(name: str, kind: Any) -> None:
        if _has_lists(kind):
            raise RecordingError(
                source,
                name,
                found="lists of any length",
                expected="numbers, texts and references, as NWB has them",
                advice="The file is damaged: copy or export it again.",
            )

    def visit(name: str, found: Any) -> None:
        for number in range(h5py.h5a.get_num_attrs(found.id)):
            attribute = h5py.h5a.open(found.id, index=number)
            check(name, attribute.get_type())
        if isinstance(found, h5py.Dataset):
            check(name, found.id.get_type())

    visit("/", file)
    file.visititems(visit)


def _has_lists(kind: Any) -> bool:
    from h5py import h5t  # noqa: PLC0415

    if isinstance(kind, h5t.TypeCompoundID):
        return any(_has_lists(kind.get_member_type(n)) for n in range(kind.get_nmembers()))
    if isinstance(kind, h5t.TypeArrayID):
        return _has_lists(kind.get_super())
    return isinstance(kind, h5t.TypeVlenID)
