"""The table of a study in an Excel workbook, and what a cell may hide there."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from canonica._errors import CanonicaError, listed
from canonica._files import shown
from canonica._harmless import visible
from canonica.pipelines.conditions._study_warning import StudyWarning

if TYPE_CHECKING:
    from openpyxl.cell import Cell, MergedCell


def read_workbook(path: Path) -> pd.DataFrame:
    """Return the first sheet as text.

    Raises
    ------
    CanonicaError
        Where a cell does not say what it stands for: one of several that are merged, a formula
        that was never calculated, an error.
    ImportError
        If openpyxl is not installed.

    Warns
    -----
    StudyWarning
        If there are more sheets.
    """
    from openpyxl import load_workbook  # noqa: PLC0415  (an extra)

    written, calculated = (load_workbook(path, data_only=only) for only in (False, True))
    sheet, *others = written.worksheets
    name = f"study: found in {shown(path)}, sheet {visible(sheet.title)!r},"
    if sheet.merged_cells.ranges:
        merged = listed([str(one) for one in sheet.merged_cells.ranges])
        raise CanonicaError(
            f"{name} merged cells ({merged}); expected a value in each row. Unmerge them, and "
            "repeat the value where it holds."
        )
    for row in sheet.iter_rows():
        for cell in row:
            _check_cell(name, cell, calculated.worksheets[0][cell.coordinate])
    if others:
        warnings.warn(
            f"{shown(path)} has {len(others) + 1} sheets: the first one, {visible(sheet.title)!r}, "
            "is taken for the table. Not read: "
            f"{listed([repr(visible(one.title)) for one in others])}.",
            StudyWarning,
            stacklevel=4,
        )
    return pd.read_excel(path, dtype=str, keep_default_na=False)


def _check_cell(name: str, written: "Cell | MergedCell", calculated: "Cell | MergedCell") -> None:
    if written.data_type == "f" and calculated.value is None:
        raise CanonicaError(
            f"{name} a formula without its value in {written.coordinate} "
            f"({visible(str(written.value))}); expected a value. Open the table in Excel or "
            "LibreOffice and save it, write the value itself, or save the table as CSV."
        )
    if calculated.data_type == "e":
        raise CanonicaError(
            f"{name} the error {calculated.value} in {written.coordinate}; expected a value. Mend "
            "it, or leave the cell empty."
        )
