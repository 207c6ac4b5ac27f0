"""Raw tables from files: which row and column holds what, nothing yet about instruments.

A table is refused rather than repaired: whatever cannot be read in one way only is a problem
with its place. Decimal commas and dates are left to `digilitt.scoring.cells`, since
only the reader of a column knows whether it holds numbers, codes or text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from digilitt.errors import InterchangeError, Problem
from digilitt.interchange import delimited, files, parquet, workbooks
from digilitt.interchange.layout import blank_header, header_text, layout_problems, left_out
from digilitt.interchange.records import Records, failure
from digilitt.result import Caveat

COMMA_NUMBER = re.compile(r"[+\-−]?[0-9]*(?:[\u00a0\u202f][0-9]{3})*,[0-9]+")
COMMA_THOUSANDS = re.compile(r"[+\-−]?[1-9][0-9]{0,2},[0-9]{3}")
COMMA_LIST = re.compile(r"[0-9]+(?:\s*,\s*[0-9]+)+")
POINT_NUMBER = re.compile(r"[+\-−]?[0-9]*\.[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawTable:
    """A table as it stands in a file.

    Attributes
    ----------
    cells : pandas.DataFrame
        One row per row that is not blank, dtype object. Columns are the header texts with
        runs of white space and line breaks made one space. A cell is None where blank, text
        without surrounding white space, and in workbooks and Parquet files also int, float,
        bool, date or datetime.
    rows : numpy.ndarray
        Shape (rows,), int64: the number that a spreadsheet program shows for each row; in a
        text file the number of the line on which the record begins, and in a Parquet file
        the number of the row, from 1.
    file : str
        Name of the file without its folder.
    sheet : str
        Name of the sheet; empty where there are none.
    decimal_comma : bool
        Whether the texts in the file write numbers as ``3,5``.
    date_1904 : bool
        Whether the workbook counts its days from 1904.
    caveats : tuple of Caveat
        What was assumed or left out.
    """

    cells: pd.DataFrame
    rows: np.ndarray
    file: str
    sheet: str = ""
    decimal_comma: bool = False
    date_1904: bool = False
    caveats: tuple[Caveat, ...] = ()


def read_table(
    path: str | os.PathLike[str],
    *,
    sheet: str | int | None = None,
    header_row: int = 1,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> RawTable:
    r"""Read a table: text (.csv, .tsv, .tab, .txt), a workbook (.xlsx, .xlsm), or Parquet.

    Parameters
    ----------
    path : str or path
        The file.
    sheet : str or int, optional
        Sheet of a workbook, by name or by its 1-based number among the visible sheets. Needed
        when several visible sheets hold something.
    header_row : int, default 1
        1-based row (line, in a text file) of the header; what stands above it is ignored.
    encoding : str, optional
        Encoding of a text file. Without it: byte order mark, then UTF-8, then cp1252 with a
        caveat.
    delimiter : str, optional
        Delimiter of a text file. Without it: a first line ``sep=;``, then the one of
        ``; , | tab`` that fits header and records best.

    Returns
    -------
    RawTable
        Cells, row numbers and caveats.

    Raises
    ------
    InterchangeError
        With every problem found, each with its place.
    MissingExtraError
        For Parquet without pyarrow, which the extra ``scale`` brings.

    Notes
    -----
    Texts stay texts: a code ``0114`` is not made a number. Values of formulas are those stored
    at the last calculation. Blank rows, and columns blank from the header down, are left out;
    caveats say which.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     answers = Path(folder, "svar.csv")
    ...     _ = answers.write_text("id;a1;nöjd\nk1;4;3,5\n\nk2;;2\n", encoding="cp1252")
    ...     table = read_table(answers)
    >>> table.cells.to_dict("list")
    {'id': ['k1', 'k2'], 'a1': ['4', None], 'nöjd': ['3,5', '2']}
    >>> table.rows.tolist(), table.decimal_comma
    ([2, 4], True)
    >>> [caveat.code for caveat in table.caveats]
    ['encoding-assumed', 'blank-rows']
    """
    target = Path(path)
    file = target.name
    if header_row < 1:
        message = f"header_row= is {header_row}; expected 1 or more."
        raise failure("header-row", message, file=file)
    data = files.read_bytes(target)
    kind = files.kind_of(data, target)
    if kind == "workbook":
        _refuse_options(file, "workbook", encoding=encoding, delimiter=delimiter)
        found = workbooks.sheet_records(data, file, sheet=sheet, header_row=header_row)
    elif kind == "parquet":
        row = None if header_row == 1 else header_row
        options = {"sheet": sheet, "header_row": row, "encoding": encoding, "delimiter": delimiter}
        _refuse_options(file, "Parquet file", **options)
        found = parquet.parquet_records(data, file)
    else:
        _refuse_options(file, "text file", sheet=sheet)
        found = delimited.text_records(
            data, file, header_row=header_row, encoding=encoding, delimiter=delimiter
        )
    return _checked(found, file, header_row)


def _refuse_options(file: str, kind: str, **options: object) -> None:
    problems = [
        Problem(
            code="option-not-applicable",
            message=f"{name}= is {value!r}, but the file is a {kind}, which has none.",
            file=file,
        )
        for name, value in options.items()
        if value is not None
    ]
    if problems:
        raise InterchangeError(problems)


def _checked(found: Records, file: str, header_row: int) -> RawTable:
    """The table, once header, widths and cells hold no problem."""
    header = [header_text(cell) for cell in found.header]
    if not any(header):
        raise blank_header(found, file, header_row)
    if not found.rows:
        message = "There are no answers below the header."
        raise failure("no-rows", message, file=file, sheet=found.sheet)
    grid = np.empty((len(found.rows), len(header)), dtype=object)
    for position, row in enumerate(found.rows):
        grid[position, : len(row)] = row[: len(header)]
    texts = [{c for c in set(grid[:, j]) if isinstance(c, str)} for j in range(len(header))]
    problems = list(layout_problems(header, found, grid))
    if problems:
        raise InterchangeError([replace(p, file=file, sheet=found.sheet) for p in problems])
    kept = [j for j, name in enumerate(header) if name]
    cells = pd.DataFrame(
        grid[:, kept], columns=pd.Index([header[j] for j in kept], dtype=object), dtype=object
    )
    return RawTable(
        cells=cells,
        rows=np.asarray(found.numbers, dtype=np.int64),
        file=file,
        sheet=found.sheet,
        decimal_comma=_has_decimal_comma(texts, found.delimiter),
        date_1904=found.date_1904,
        caveats=(*found.caveats, *left_out(header, found, file)),
    )


def _has_decimal_comma(texts: Sequence[set[str]], delimiter: str) -> bool:
    """Whether commas in numbers are decimal ones.

    A column speaks for it when it has numbers with one comma and no lists of codes such as
    ``1,3,4``. Where semicolons delimit that is enough, unless each might be a thousand
    (``1,250``) and other numbers have a decimal point. Elsewhere (comma, tab, workbook) it
    takes a number that is no thousand, and no decimal point anywhere. When in doubt, no: then
    `parse_number` refuses ``3,5`` and the reader of the column says where it stands.
    """
    points = any("." in c and POINT_NUMBER.fullmatch(c) for column in texts for c in column)
    sure = possible = False
    for column in texts:
        commas = [c for c in column if "," in c]
        numbers = [c for c in commas if COMMA_NUMBER.fullmatch(c)]
        lists = any(COMMA_LIST.fullmatch(c) and not COMMA_NUMBER.fullmatch(c) for c in commas)
        if numbers and not lists:
            possible = True
            sure = sure or not all(COMMA_THOUSANDS.fullmatch(c) for c in numbers)
    if delimiter == ";":
        return sure or (possible and not points)
    return sure and not points
