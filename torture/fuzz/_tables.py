"""CSV and Parquet tables whose columns, types and cells are other than they should be."""

import random
from pathlib import Path

import pandas as pd

CELLS = (None, "", "nan", "inf", "-inf", "1e400", -1, 2**70, "text", "=1+1", True)
TYPES = ("float32", "int8", "bool", "str", "complex", "datetime64[ns]", "category")


def _column_dropped(path: Path, draw: random.Random) -> None:
    frame = _table(path)
    _write(frame.drop(columns=draw.choice(list(frame))), path)


def _column_doubled(path: Path, draw: random.Random) -> None:
    frame = _table(path)
    _write(pd.concat([frame, frame[[draw.choice(list(frame))]]], axis=1), path)


def _column_renamed(path: Path, draw: random.Random) -> None:
    frame = _table(path)
    name = draw.choice(["", "time", "session", "electrode_1", "\x1b[31m", "=1+1", "input_1"])
    _write(frame.rename(columns={draw.choice(list(frame)): name}), path)


def _column_retyped(path: Path, draw: random.Random) -> None:
    frame = _table(path)
    name = draw.choice(list(frame))
    frame[name] = frame[name].astype(pd.api.types.pandas_dtype(draw.choice(TYPES)))
    _write(frame, path)


def _cells_replaced(path: Path, draw: random.Random) -> None:
    frame = _table(path).astype(object)
    rows = [draw.randrange(len(frame)) for _ in range(draw.choice([1, 3, len(frame)]))]
    frame.loc[rows, draw.choice(list(frame))] = draw.choice(CELLS)
    _write(frame.convert_dtypes() if path.suffix == ".parquet" else frame, path)


def _rows_shuffled(path: Path, draw: random.Random) -> None:
    frame = _table(path)
    _write(frame.iloc[[draw.randrange(len(frame)) for _ in range(len(frame))]], path)


def _table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)


def _write(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)


OF_TABLES = [
    _column_dropped,
    _column_doubled,
    _column_renamed,
    _column_retyped,
    _cells_replaced,
    _rows_shuffled,
]
