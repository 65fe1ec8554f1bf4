"""Tables on disk, CSV or Parquet: which columns there are, and how those wanted are read."""

import csv
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from canonica._errors import RecordingError, listed
from canonica._files import shown
from canonica.recordings._claims import check_claim
from canonica.recordings.isolation._file_progress import tell_progress
from canonica.recordings.tables._names import odd_numbers
from canonica.recordings.tables._table_values import (
    TableValues,
    is_number,
    is_utf8,
    no_utf8,
    reported,
)

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
    read_pieces : function of names and of what they hold, optional
        Reads some columns of as many rows at a time as are reasonable, each as a `pyarrow.Table`,
        and tells how many rows were read; none where the format does not allow that.
    """

    path: Path
    names: tuple[str, ...]
    notes: Mapping[str, str]
    read: Callable[[Sequence[str], Collection[str]], Any]
    read_pieces: Callable[[Sequence[str], str], Iterator[Any]] | None = None

    def values(self, names: Sequence[str], labels: Collection[str | None] = ()) -> TableValues:
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
        with reported(shown(self.path)):
            table = self.read(wanted, written) if wanted else None
            return TableValues(shown(self.path), table)

    def pieces(self, names: Sequence[str], what: str) -> Iterator[TableValues]:
        """Yield what the named columns hold, many rows at a time; nothing where that is no option.

        Parameters
        ----------
        names : sequence of str
            The columns.
        what : str
            What their rows are, for those who wait.

        Raises
        ------
        RecordingError
            If they cannot be read.
        """
        with reported(shown(self.path)):
            for piece in self.read_pieces(names, what) if self.read_pieces else ():
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


def table_file(path: Path) -> TableFile:
    """Return the table in a CSV or Parquet file.

    Raises
    ------
    RecordingError
        If it is damaged, is no UTF-8 text, has no header, or has two columns of one name.
    """
    with reported(shown(path)):
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

    def read_pieces(names: Sequence[str], what: str) -> Iterator[Any]:
        with path.open("rb") as stream:
            file = _opened(stream)
            total, done = file.metadata.num_rows, 0
            check_claim(path, None, total * len(names) * NUMBER)
            held, rows = [], 0
            for batch in _batches(path, file, names):
                held.append(batch)
                rows += len(batch)
                if rows >= PIECE:
                    yield pa.Table.from_batches(held)
                    done += rows
                    tell_progress(what, done, total)
                    held, rows = [], 0
            if held:
                yield pa.Table.from_batches(held)
            tell_progress(what, total, total)

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
    if all(is_number(name) for name in names):
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
    if start.startswith(UTF_16) or not is_utf8(line):
        raise no_utf8(shown(path), "UTF-16" if start.startswith(UTF_16) else f"{line[:80]!r}")
    if len(line) >= LONGEST_HEADER or not line.strip():
        raise RecordingError(
            shown(path),
            None,
            found="a first line that is empty" if not line.strip() else "no end of the first line",
            expected="the names of the columns in the first line",
            advice="Check how it was exported.",
        )
    return line.decode()
