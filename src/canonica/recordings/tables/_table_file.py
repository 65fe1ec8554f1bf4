"""Tables on disk, CSV or Parquet: which columns there are, and the values of those wanted."""

import csv
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from canonica._errors import RecordingError, how_many, listed
from canonica._files import shown
from canonica.recordings._claims import check_claim
from canonica.recordings._columns import Ragged
from canonica.recordings.tables._names import numbers_or_names, odd_numbers

PARQUET = b"PAR1"
SAMPLE = 1 << 16  # bytes that show whether a file is text
LONGEST_HEADER = 1 << 22  # bytes: more than the names of 65,536 electrodes
SUFFIXES = (".csv", ".tsv", ".parquet")
BATCH = 1 << 16  # rows
BUFFER = 1 << 20  # bytes of a column that are read at a time
PIECE = 1 << 20  # rows, of tables that are not read at once
NUMBER = 8  # bytes
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")  # what no text has
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
UTF_8_MARK = b"\xef\xbb\xbf"
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class TableFile:
    """A table on disk, of which nothing but the names of its columns has been read.

    Parameters
    ----------
    path : path
        Where it is.
    names : tuple of str
        Its columns, each once.
    notes : mapping
        What else a Parquet file says of itself.
    read : function of names and of names of labels
        Reads some columns as a `pyarrow.Table`, labels as the texts that they are.
    read_pieces : function of names, optional
        Reads some columns of as many rows at a time as are reasonable, each as a `pyarrow.Table`;
        none where the format does not allow that.
    """

    path: Path
    names: tuple[str, ...]
    notes: Mapping[str, str]
    read: Callable[[Sequence[str], Collection[str]], Any]
    read_pieces: Callable[[Sequence[str]], Iterator[Any]] | None = None

    def values(self, names: Sequence[str], labels: Collection[str | None] = ()) -> "TableValues":
        """Return what the named columns hold.

        Parameters
        ----------
        names : sequence of str
            The columns.
        labels : collection of str
            Those of them that hold numbers or names of channels or sessions, as they are written.

        Raises
        ------
        RecordingError
            If they cannot be read.
        """
        wanted = list(dict.fromkeys(names))
        written = frozenset(label for label in labels if label is not None)
        with _reported(shown(self.path)):
            table = self.read(wanted, written) if wanted else None
            return TableValues(shown(self.path), table)

    def pieces(self, names: Sequence[str]) -> Iterator["TableValues"]:
        """Yield what the named columns hold, many rows at a time; nothing where that is no option.

        Raises
        ------
        RecordingError
            If they cannot be read.
        """
        with _reported(shown(self.path)):
            for piece in self.read_pieces(names) if self.read_pieces else ():
                yield TableValues(shown(self.path), piece)

    def check_numbers(self, name: str, role: str) -> None:
        """Refuse a column of numbers in which some are written like names or codes.

        Raises
        ------
        RecordingError
            If there is such as 1E1 or 0x3f.
        """
        labels, _ = self.values([name], [name]).texts(name)
        odd = odd_numbers(labels) if labels is not None else []
        if odd:
            raise RecordingError(
                shown(self.path),
                role,
                found=f"{listed(odd)} in column {name}",
                expected="0 and 1, or the numbers of the inputs that are on",
                advice="Names such as 1E1 have to be numbered. Words of event codes have inputs "
                "for bits: write a column of 0 and 1 for each.",
            )


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
        with _reported(self.source):
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
                ((row, cell) for row, cell in enumerate(values) if not _is_number(cell)),
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

        with _reported(self.source):
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

        with _reported(self.source):
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
            row = next((n for n, value in enumerate(values) if not _is_utf8(value.as_py())), 0)
            raise _no_utf8(self.source, f"{values[row].as_py()!r} in row {row + 1} of {name}")
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


def table_file(path: Path) -> TableFile:
    """Return the table in a CSV or Parquet file.

    Raises
    ------
    RecordingError
        If it is damaged, is no UTF-8 text, has no header, or has two columns of one name.
    """
    with _reported(shown(path)):
        is_parquet = _start(path, len(PARQUET)) == PARQUET
        table = _parquet(path) if is_parquet else _csv(path)
    twice = sorted({name for name in table.names if table.names.count(name) > 1})
    if twice:
        raise RecordingError(
            shown(path),
            None,
            found=f"more than one column called {listed(twice)}",
            expected="a name of its own for each column",
            advice="Rename or leave out columns.",
        )
    return table


def column_names(path: Path) -> tuple[str, ...] | None:
    """Return the columns of a table, none of a damaged one; None if the file is no table at all.

    A text is a table if it is called one, by its suffix, or if it has a delimiter in its first
    line, whatever it is called.
    """
    start = _start(path, SAMPLE)
    if not start:
        return None
    if start[: len(PARQUET)] != PARQUET and not _is_text(start):
        return None
    try:
        return table_file(path).names
    except RecordingError:
        return () if path.suffix.lower() in SUFFIXES or start.startswith(PARQUET) else None


def _is_text(start: bytes) -> bool:
    return start.startswith(UTF_16) or not BINARY.search(start)


def _start(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


@contextmanager
def _reported(source: str) -> Iterator[None]:
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


def _parquet(path: Path) -> TableFile:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    with path.open("rb") as stream:
        schema = pq.read_schema(stream)
    notes = {
        key.decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for key, value in (schema.metadata or {}).items()
    }

    def read(names: Sequence[str], labels: Collection[str]) -> Any:
        del labels  # as they are typed
        with path.open("rb") as stream:
            file = _opened(stream)
            check_claim(path, None, file.metadata.num_rows * len(names) * NUMBER)
            wanted = pa.schema([schema.field(name) for name in names])
            return pa.Table.from_batches(_batches(path, file, names), wanted)

    def read_pieces(names: Sequence[str]) -> Iterator[Any]:
        with path.open("rb") as stream:
            file = _opened(stream)
            check_claim(path, None, file.metadata.num_rows * len(names) * NUMBER)
            held, rows = [], 0
            for batch in _batches(path, file, names):
                held.append(batch)
                rows += len(batch)
                if rows >= PIECE:
                    yield pa.Table.from_batches(held)
                    held, rows = [], 0
            if held:
                yield pa.Table.from_batches(held)

    return TableFile(path, tuple(schema.names), notes, read, read_pieces)


def _opened(stream: Any) -> Any:
    import pyarrow.parquet as pq  # noqa: PLC0415

    # Neither a column of a group of rows is read at once, nor are all that will be wanted.
    few = {"buffer_size": BUFFER, "pre_buffer": False}
    return pq.ParquetFile(stream, page_checksum_verification=True, **few)


def _batches(path: Path, file: Any, names: Sequence[str]) -> Iterator[Any]:
    """Yield the rows bit by bit, as long as there are not more than the file can hold.

    What the file says of each column is not asked for: if that is damaged, pyarrow may end the
    whole process.
    """
    size = 0
    for group in range(file.num_row_groups):  # all at once would hold on to what was read of each
        for batch in file.iter_batches(BATCH, row_groups=[group], columns=list(names)):
            size += batch.nbytes
            check_claim(path, None, size)
            yield batch.select(names)


def _csv(path: Path) -> TableFile:
    header = _header(path)
    delimiter = max(",;\t", key=header.count)
    names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
    if all(_is_number(name) for name in names):
        raise RecordingError(
            shown(path),
            None,
            found=f"numbers in its first line: {listed(names)}",
            expected="the names of the columns",
            advice="Write a first line with names, such as time,channel.",
        )
    names = [name or f"column {number}" for number, name in enumerate(names, 1)]

    def read(wanted: Sequence[str], labels: Collection[str]) -> Any:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.csv as pc  # noqa: PLC0415

        def read_as(types: Mapping[str, Any]) -> Any:
            with path.open("rb") as stream:
                return pc.read_csv(
                    stream,
                    read_options=pc.ReadOptions(column_names=names, skip_rows=1),
                    parse_options=pc.ParseOptions(delimiter=delimiter),
                    convert_options=pc.ConvertOptions(
                        include_columns=list(wanted), column_types=types
                    ),
                )

        try:
            return read_as(dict.fromkeys(labels, pa.dictionary(pa.int32(), pa.string())))
        except pa.ArrowInvalid:  # labels that are no text: then it will be said where
            return read_as(NOTHING)

    return TableFile(path, tuple(names), NOTHING, read)


def _header(path: Path) -> str:
    start = _start(path, LONGEST_HEADER)
    line = re.split(rb"[\r\n]", start.removeprefix(UTF_8_MARK), maxsplit=1)[0]
    if start.startswith(UTF_16) or not _is_utf8(line):
        raise _no_utf8(shown(path), "UTF-16" if start.startswith(UTF_16) else f"{line[:80]!r}")
    if len(line) >= LONGEST_HEADER or not line.strip():
        raise RecordingError(
            shown(path),
            None,
            found="a first line that is empty" if not line.strip() else "no end of the first line",
            expected="the names of the columns in the first line",
            advice="Check how it was exported.",
        )
    return line.decode()


def _no_utf8(source: str, found: str) -> RecordingError:
    return RecordingError(
        source,
        None,
        found=f"text that is not UTF-8: {found}",
        expected="text in UTF-8",
        advice="Save it again with this encoding ('CSV UTF-8' in spreadsheets).",
    )


def _is_utf8(value: bytes | None) -> bool:
    try:
        (value or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_number(text: Any) -> bool:
    try:
        float(text)
    except (TypeError, ValueError):
        return text is None
    return True
