"""What columns of a table hold: numbers, names or vectors, checked."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from canonica._errors import RecordingError, how_many
from canonica.recordings._columns import Ragged
from canonica.recordings.tables._names import numbers_or_names


@dataclass(frozen=True, eq=False)
class TableValues:
    """Columns of a table, read and ready to be checked.

    Parameters
    ----------
    source : str
        The file, for messages.
    table : pyarrow.Table or None
        The columns.
    """

    source: str
    table: Any

    def column(self, name: str) -> np.ndarray | Ragged:
        """Return a column: numbers or texts, or the vectors in it; missing numbers as NaN.

        Raises
        ------
        RecordingError
            If it holds something else, or texts or vectors are missing.
        """
        with reported(self.source):
            return self._column(name)

    def _column(self, name: str) -> np.ndarray | Ragged:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        values = self._combined(name)
        if isinstance(values, pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray):
            self._check_complete(values, name)
            bounds = np.cumsum([0, *pc.call_function("list_value_length", [values]).to_numpy()])
            return Ragged(self._plain(values.flatten(), name), bounds)
        return self._plain(values, name)

    def numbers(self, name: str, variable: str | None = None) -> np.ndarray:
        """Return the values of a column that must hold numbers.

        Raises
        ------
        RecordingError
            If it holds something else; `variable` is what to call it then.
        """
        values = self.column(name)
        if isinstance(values, np.ndarray) and values.dtype.kind in "buif":
            return values
        what, advice = "vectors", "Name the column that is meant."
        if isinstance(values, np.ndarray):
            row, cell = next(
                ((row, cell) for row, cell in enumerate(values) if not is_number(cell)),
                (0, values[0] if len(values) else ""),
            )
            what = f"{str(cell)[:40]!r} in row {row + 1}"
            advice = (
                "Export with decimal points, not commas."
                if re.fullmatch(r"\s*[+-]?\d+,\d+\s*", str(cell))
                else "Leave out rows and columns that hold something else."
            )
        raise RecordingError(
            self.source,
            variable or name,
            found=f"{what} of column {name}" if variable else what,
            expected="numbers",
            advice=advice,
        )

    def labels(self, name: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Return a column of numbers or names; of names, each once, and where it is in each row.

        Raises
        ------
        RecordingError
            If it holds something else.
        """
        found, index = self.texts(name)
        if found is None or index is None:
            return self.numbers(name), None
        values, missing = numbers_or_names(found)
        if missing.any() and missing[index].any():
            raise self._incomplete(name, missing[index])
        return (values, index) if values.dtype == object else (values[index], None)

    def each_label(self, name: str) -> np.ndarray:
        """Return the number or name in each row; errors as in `labels`."""
        labels, index = self.labels(name)
        return labels if index is None else labels[index]

    def texts(self, name: str) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return the different texts of a column and where each is; nothing of one of numbers."""
        import pyarrow as pa  # noqa: PLC0415

        with reported(self.source):
            values = self._whole(name)
            if not pa.types.is_dictionary(values.type):
                if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
                    return None, None
                values = values.dictionary_encode()
            self._check_complete(values, name)
            labels = values.dictionary.to_numpy(zero_copy_only=False)
            if labels.dtype != object:
                return None, None
            return labels, values.indices.to_numpy(zero_copy_only=False)

    def _whole(self, name: str) -> Any:
        import pyarrow as pa  # noqa: PLC0415

        values = self.table.column(name)
        if pa.types.is_dictionary(values.type):
            values = values.unify_dictionaries()
        values = values.combine_chunks()
        if isinstance(values, pa.ChunkedArray):  # too long for one array, as pyarrow sees it
            values = pa.concat_arrays(values.chunks)
        return values

    def _combined(self, name: str) -> Any:
        import pyarrow as pa  # noqa: PLC0415

        with reported(self.source):
            values = self._whole(name)
            return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values

    def _plain(self, values: Any, name: str) -> np.ndarray:
        import pyarrow as pa  # noqa: PLC0415

        kind = values.type
        if pa.types.is_null(kind) or pa.types.is_decimal(kind):
            values = values.cast(pa.float64())
        elif pa.types.is_boolean(kind) and values.null_count:
            values = values.cast(pa.uint8())
        elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            row = next((n for n, value in enumerate(values) if not is_utf8(value.as_py())), 0)
            raise no_utf8(self.source, f"{values[row].as_py()!r} in row {row + 1} of {name}")
        elif pa.types.is_nested(kind) or not (
            pa.types.is_primitive(kind)
            or pa.types.is_string(kind)
            or pa.types.is_large_string(kind)
        ):
            raise RecordingError(
                self.source,
                name,
                found=f"a column of type {kind}",
                expected="numbers, names, or vectors of numbers",
                advice="Write one column for each.",
            )
        elif not pa.types.is_primitive(kind):
            self._check_complete(values, name)
        return values.to_numpy(zero_copy_only=False)

    def _check_complete(self, values: Any, name: str) -> None:
        if values.null_count:
            raise self._incomplete(name, values.is_null().to_numpy(zero_copy_only=False))

    def _incomplete(self, name: str, missing: np.ndarray) -> RecordingError:
        return RecordingError(
            self.source,
            name,
            found=f"nothing in row {int(np.argmax(missing)) + 1} "
            f"({how_many(missing.sum(), 'such row')})",
            expected="a value in each",
            advice="Leave out rows that are not complete.",
        )


@contextmanager
def reported(source: str) -> Iterator[None]:
    """Turn whatever a library raises for a damaged table into our error."""
    try:
        yield
    except RecordingError:
        raise
    except MemoryError as error:
        raise RecordingError(
            source,
            None,
            found="a table that asks for more memory than there is",
            expected="recordings that fit",
            advice="It is damaged, or has to be split.",
        ) from error
    except Exception as error:  # of many kinds, depending on what is wrong where
        text = re.sub(r"\s+", " ", str(error))[:300]
        raise RecordingError(
            source,
            None,
            found=f"a table that is cut short or damaged ({type(error).__name__}: {text})",
            expected="a complete CSV or Parquet file, with as many values in every row",
            advice="Copy or export it again; in CSV, write decimal points, not commas.",
        ) from error


def no_utf8(source: str, found: str) -> RecordingError:
    """Return the error of a table in another encoding."""
    return RecordingError(
        source,
        None,
        found=f"text that is not UTF-8: {found}",
        expected="text in UTF-8",
        advice="Save it again with this encoding ('CSV UTF-8' in spreadsheets).",
    )


def is_utf8(value: bytes | None) -> bool:
    """Return whether bytes are text as all our tables are."""
    try:
        (value or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def is_number(text: Any) -> bool:
    """Return whether a cell is a number, or nothing."""
    try:
        float(text)
    except (TypeError, ValueError):
        return text is None
    return True
