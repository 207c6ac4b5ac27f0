"""Excel workbooks (.xlsx, .xlsm) through openpyxl: the sheet, its cells, formulas without value."""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

from digilitt.errors import DigilittError, InterchangeError, Problem
from digilitt.interchange.records import Cell, Records, failure

# How Excel writes characters that XML cannot hold or would change; openpyxl leaves them.
ESCAPED = re.compile(r"_x(000[9ADad]|005[Ff])_")
# The end of a formula that is not followed by a value with content.
BARE_FORMULA = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f(?:\s[^>]*)?/>)\s*(?!<(?:\w+:)?v(?:\s[^>]*)?>[^<])"
)
STRICT_NAMESPACE = b"purl.oclc.org/ooxml"


def sheet_records(data: bytes, file: str, *, sheet: str | int | None, header_row: int) -> Records:
    """Records of one sheet of a workbook, from its header on.

    Parameters
    ----------
    data : bytes
        Content of the file.
    file : str
        Name for messages.
    sheet : str or int, optional
        Name of the sheet, or its 1-based place among the visible ones. May be left out when
        only one visible sheet holds anything.
    header_row : int
        1-based row of the header.

    Returns
    -------
    Records
        Cells are None where blank, stripped text, numbers, booleans and dates; times of day
        and durations become text (``"08:30:00"``).

    Raises
    ------
    InterchangeError
        The content is no readable workbook, the sheet is not there or not clear, there is no
        row `header_row`, or a formula stands without a stored value.
    """
    with warnings.catch_warnings():
        # of validations, styles and extensions that it does not keep; none is about values
        warnings.filterwarnings("ignore", module=r"openpyxl(\.|$)")
        try:
            return _sheet_records(data, file, sheet, header_row)
        except DigilittError:
            raise
        except Exception as error:  # openpyxl lets any kind of exception out of a damaged file
            raise _damaged(file, error) from error


def _damaged(file: str, error: Exception) -> InterchangeError:
    message = (
        f"The workbook is damaged and could not be read ({type(error).__name__}). Open it in "
        "Excel or LibreOffice, save it anew as .xlsx, and try again."
    )
    return failure("not-a-workbook", message, file=file)


def _sheet_records(data: bytes, file: str, sheet: str | int | None, header_row: int) -> Records:
    _refuse_strict(data, file)
    book = _load(data, values=True)
    try:
        chosen = _choose(book, file, sheet)
        found = {number: row for number, row in _rows(chosen, header_row) if row}
        if not found:
            raise _nothing_there(chosen, file, header_row)
        problems = _formulas_without_value(data, chosen, file, header_row)
    finally:
        book.close()
    if problems:
        raise InterchangeError(problems)
    header = found.pop(header_row, [])
    return Records(
        header=header,
        rows=list(found.values()),
        numbers=list(found),
        blank=[n for n in range(header_row + 1, max(found, default=0)) if n not in found],
        sheet=chosen.title,
        date_1904=book.epoch.year == 1904,
    )


def _load(data: bytes, *, values: bool) -> Any:
    from openpyxl import load_workbook

    return load_workbook(io.BytesIO(data), read_only=True, data_only=values, keep_links=False)


def _refuse_strict(data: bytes, file: str) -> None:
    """Refuse 'Strict Open XML', in which openpyxl finds no cells at all."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = [n for n in archive.namelist() if re.fullmatch(r"/?xl/workbook\w*\.xml", n)]
        if any(STRICT_NAMESPACE in archive.read(part) for part in parts):
            message = (
                "The workbook is saved as 'Strict Open XML Spreadsheet'. Save it as an ordinary "
                "'Excel Workbook (.xlsx)'."
            )
            raise failure("not-a-workbook", message, file=file)


def _nothing_there(sheet: Any, file: str, header_row: int) -> InterchangeError:
    if any(row for _, row in _rows(sheet, 1)):
        message = f"header_row= is {header_row}, but nothing stands from that row on."
        return failure("header-row", message, file=file, sheet=sheet.title)
    return failure("no-rows", "The sheet is empty.", file=file, sheet=sheet.title)


def _choose(book: Any, file: str, sheet: str | int | None) -> Any:
    """The sheet asked for, or the only visible one that holds anything."""
    tabs = [book[name] for name in book.sheetnames]
    if not tabs:
        message = "The workbook is damaged: it has no sheets. Export it again."
        raise failure("not-a-workbook", message, file=file)
    visible = [tab for tab in tabs if tab.sheet_state == "visible"]
    if sheet is None:
        return _only_filled(book, visible, file)
    if isinstance(sheet, int):
        named = visible[sheet - 1 : sheet] if sheet > 0 else []
    else:
        named = [tab for tab in tabs if tab.title.strip().casefold() == sheet.strip().casefold()]
    if not named:
        message = f"There is no sheet {sheet!r}. The file has {_listing(tabs)}."
        raise failure("sheet-not-found", message, file=file)
    if named[0] not in book.worksheets:
        message = f"The sheet {named[0].title!r} is a chart. The file has {_listing(tabs)}."
        raise failure("sheet-not-found", message, file=file)
    return named[0]


def _only_filled(book: Any, visible: list[Any], file: str) -> Any:
    grids = [tab for tab in visible if tab in book.worksheets]
    filled = [tab for tab in grids if any(row for _, row in _rows(tab, 1))]
    if len(filled) > 1:
        message = (
            f"Several sheets hold something: {_listing(filled)}. Say which one with sheet= "
            "(--sheet): its name, or its number among the visible sheets."
        )
        raise failure("several-sheets", message, file=file)
    if not filled:
        tabs = [book[name] for name in book.sheetnames]
        message = f"No visible sheet holds anything. The file has {_listing(tabs)}."
        raise failure("no-rows", message, file=file)
    return filled[0]


def _listing(tabs: list[Any]) -> str:
    hidden = {True: "", False: " (hidden)"}
    return ", ".join(f"{tab.title!r}{hidden[tab.sheet_state == 'visible']}" for tab in tabs)


def _rows(sheet: Any, first: int) -> Iterator[tuple[int, list[Cell]]]:
    """Rows from `first` on, with their numbers; blank cells at their end cut off."""
    # many programs store a wrong size, and openpyxl would stop there
    sheet.reset_dimensions()
    for number, values in enumerate(sheet.iter_rows(min_row=first, values_only=True), first):
        row = [_cell(value) for value in values]
        while row and row[-1] is None:
            row.pop()
        yield number, row


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        return ESCAPED.sub(_unescape, value).strip() or None
    if isinstance(value, dt.timedelta):
        hours, rest = divmod(round(value.total_seconds()), 3600)
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"
    if isinstance(value, dt.date):
        return value
    return str(value)


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found.group(1), 16))


def _formulas_without_value(data: bytes, sheet: Any, file: str, header_row: int) -> list[Problem]:
    """Cells whose formula was never calculated: they would silently count as blank."""
    if not _holds_bare_formulas(data):
        return []
    book = _load(data, values=False)
    try:
        other = book[sheet.title]
        other.reset_dimensions()
        rows = zip(
            sheet.iter_rows(min_row=header_row), other.iter_rows(min_row=header_row), strict=True
        )
        return [
            Problem(
                code="formula-without-value",
                message=(
                    f"The formula in cell {formula.coordinate} has no stored value. Open the file "
                    "in Excel or LibreOffice and save it, or replace the formula by its value."
                ),
                file=file,
                sheet=sheet.title,
                row=str(formula.row),
                column=formula.column_letter,
            )
            for value_row, formula_row in rows
            for value, formula in zip(value_row, formula_row, strict=True)
            # a formula may well give an empty text; then the type of the value is stored
            if formula.data_type == "f" and value.value is None and value.data_type != "str"
        ]
    finally:
        book.close()


def _holds_bare_formulas(data: bytes) -> bool:
    """Whether reading the formulas as well can find anything: it takes as long again."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [n for n in archive.namelist() if re.fullmatch(r"/?xl/worksheets/[^/]*\.xml", n)]
        return any(BARE_FORMULA.search(archive.read(name)) for name in sheets)
