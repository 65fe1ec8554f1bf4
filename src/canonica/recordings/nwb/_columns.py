"""Tables of an NWB file: their columns, read whole where they are small, and never trusted."""

from typing import Any

import numpy as np

from canonica._errors import RecordingError, how_many, listed
from canonica.recordings._columns import Ragged

LARGEST_COLUMN = 2**28  # bytes; the stimuli of a year at one a second take a tenth of it
MOST_ROWS = 2**24  # of a table
LARGEST_PACKING = 5000  # no compression makes a spike train this much smaller
READABLE = "buifOSU"  # kinds of numbers and texts


def objects_of(nwbfile: Any, *types: str) -> list[Any]:
    """Return everything in a file that is of one of these types of NWB or its extensions."""
    objects = nwbfile.objects.values()
    return [one for one in objects if type_of(one) in types]


def type_of(found: Any) -> str | None:
    """Return the type of NWB, or of the tables below it, that something in a file is of."""
    return getattr(found, "neurodata_type", None) or getattr(found, "data_type", None)


def read_column(table: Any, name: str, source: str) -> np.ndarray | Ragged:
    """Return the values of one column of a table, texts as `str`.

    Parameters
    ----------
    table : pynwb's DynamicTable
    name : str
        One of its columns.
    source : str
        The table, for messages.

    Raises
    ------
    RecordingError
        If there are more or fewer values than rows, if they are neither numbers nor texts, or if
        they are more than is sane.
    """
    column, rows = table[name], row_count(table, source)
    if not hasattr(column, "target"):
        values = _whole(column, name, source)
        if values.ndim == 0 or len(values) != rows:
            raise _unequal(
                source, name, f"{values.size if values.ndim == 0 else len(values)}", rows
            )
        return values
    flat = column.target
    if hasattr(flat, "target"):
        raise RecordingError(
            source,
            name,
            found="lists of lists",
            expected="one number, text, vector or list in each row",
            advice="Choose another column.",
        )
    values = _whole(flat, name, source)
    return Ragged(values, bounds_of(column, rows, len(values), source))


def row_count(table: Any, source: str) -> int:
    """Return how many rows a table has; refuse more than is sane."""
    rows = len(table.id)
    if rows > MOST_ROWS:
        raise RecordingError(
            source,
            None,
            found=how_many(rows, "row"),
            expected=f"{MOST_ROWS} at most",
            advice="Check that this table is meant, and that the file is not damaged.",
        )
    return rows


def row_ids(table: Any, source: str) -> np.ndarray:
    """Return the identifiers of a table's rows."""
    row_count(table, source)
    return _whole(table.id, "id", source)


def bounds_of(index: Any, rows: int, values: int, source: str) -> np.ndarray:
    """Return where each row's values begin, and where the last one's end: (row + 1,).

    Parameters
    ----------
    index : pynwb's VectorIndex
    rows, values : int
        How many there should be.
    source : str
        The table, for messages.

    Raises
    ------
    RecordingError
        If the index does not say so: if it falls, or ends elsewhere than the values.
    """
    ends = _whole(index, index.name, source)
    if ends.ndim != 1 or len(ends) != rows:
        raise _unequal(source, index.name, f"an array of shape {ends.shape}", rows)
    sound = ends.dtype.kind in "ui" and (not rows or (ends[-1] == values and ends[0] >= 0))
    if not sound or (ends[1:] < ends[:-1]).any() or (values and not rows):
        raise RecordingError(
            source,
            index.name,
            found=f"{ends.dtype} numbers {listed(ends[-4:])} at its end, for "
            f"{how_many(values, 'value')}",
            expected="whole numbers that never fall, the last of them the number of values",
            advice="The file is damaged, or was written by hand: write it again with pynwb or "
            "MatNWB.",
        )
    return np.concatenate([[0], ends.astype(np.int64)])


def check_stored(data: Any, name: str, source: str) -> None:
    """Refuse a data set that claims far more values than its bytes in the file can hold.

    A few bytes can claim any number of values: without this, reading them would never end.
    """
    claimed = data.size * data.dtype.itemsize
    stored = data.id.get_storage_size() if hasattr(data, "id") else claimed
    if claimed > LARGEST_COLUMN // 4 and claimed > LARGEST_PACKING * stored:
        raise RecordingError(
            source,
            name,
            found=f"{how_many(data.size, 'value')} claimed, in {stored} bytes",
            expected="values that are in the file",
            advice="It is damaged, or its values are in another file: copy them into this one.",
        )


def _whole(column: Any, name: str, source: str) -> np.ndarray:
    data = column.data
    shape, dtype = getattr(data, "shape", None), getattr(data, "dtype", None)
    if shape is None or not isinstance(dtype, np.dtype):
        data = np.asarray(data)
        shape, dtype = data.shape, data.dtype
    if dtype.kind not in READABLE:
        raise RecordingError(
            source,
            name,
            found=f"values of type {str(dtype)[:60]}",
            expected="numbers or texts",
            advice="Choose another column.",
        )
    size = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if size > LARGEST_COLUMN:
        raise RecordingError(
            source,
            name,
            found=f"{' x '.join(map(str, shape))} values of type {dtype}",
            expected=f"{LARGEST_COLUMN // 2**20} MiB at most",
            advice="Check that this column is meant, and that the file is not damaged.",
        )
    values = np.asarray(data[()])
    if values.dtype.kind in "OS":
        values = _texts(values, name, source)
    elements = getattr(column, "elements", None)  # of hdmf's EnumData
    return values if elements is None else _whole(elements, name, source)[values]


def _texts(values: np.ndarray, name: str, source: str) -> np.ndarray:
    found = [
        value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for value in values.ravel()
    ]
    if not all(isinstance(value, str) for value in found):
        raise RecordingError(
            source,
            name,
            found="references to other parts of the file",
            expected="numbers or texts",
            advice="Choose another column.",
        )
    texts = np.empty(len(found), object)
    texts[:] = found
    return texts.reshape(values.shape)


def _unequal(source: str, name: str, found: str, rows: int) -> RecordingError:
    return RecordingError(
        source,
        name,
        found=found if found.startswith("an") else f"{found} values",
        expected=f"one for each of the {rows} rows of the table",
        advice="The file is damaged, or was written by hand: write it again with pynwb or MatNWB.",
    )
