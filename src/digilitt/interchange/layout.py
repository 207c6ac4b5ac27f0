"""Whether rows and columns make one table: its header, its widths, its cells."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import Counter
from collections.abc import Iterator

import numpy as np

from digilitt.errors import InterchangeError, Problem, counted
from digilitt.interchange.records import Cell, Records, column_letter, failure, spans
from digilitt.result import Caveat
from digilitt.scoring.cells import CELL_ERRORS


def layout_problems(header: list[str], found: Records, grid: np.ndarray) -> Iterator[Problem]:
    """Everything that keeps rows and columns from being one table, without file and sheet.

    Parameters
    ----------
    header : list of str
        Header texts; empty where blank.
    found : Records
        What was read.
    grid : numpy.ndarray
        Shape (rows, columns of the header), the cells below the header.
    """
    yield from _header_problems(header, found, grid)
    yield from _width_problems(header, found)
    yield from _header_errors(header)


def header_text(cell: Cell) -> str:
    """A header: composed letters, one space for any white space, no zero-width characters."""
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        cell = cell.isoformat() if cell.time() != dt.time() else cell.date().isoformat()
    text = unicodedata.normalize("NFC", str(cell))
    return " ".join(text.replace("\ufeff", "").replace("\u200b", "").split())


def blank_header(found: Records, file: str, header_row: int) -> InterchangeError:
    """The error for a header row without any text."""
    message = f"Row {header_row} should be the header, but it is blank."
    if found.numbers:
        message += f" The first row below it that holds something is row {found.numbers[0]}:"
        message += " say where the header is with header_row=."
    row = str(header_row)
    return failure("blank-header", message, file=file, sheet=found.sheet, row=row)


def _header_problems(header: list[str], found: Records, grid: np.ndarray) -> Iterator[Problem]:
    nameless = {
        j: next(n for n, cell in zip(found.numbers, grid[:, j], strict=True) if cell is not None)
        for j, name in enumerate(header)
        if not name and any(cell is not None for cell in grid[:, j])
    }
    if not found.delimiter:
        for number, row in zip(found.numbers, found.rows, strict=True):
            for j, cell in enumerate(row[len(header) :], len(header)):
                if cell is not None:
                    nameless.setdefault(j, number)
    if nameless and len(nameless) > sum(map(bool, header)):
        # Hardly any header stands here: a title above the table, most likely.
        full = [sum(cell is not None for cell in row) for row in found.rows]
        likely = found.numbers[full.index(max(full))]
        message = (
            f"{len(nameless)} columns hold something and have no header. Is "
            f"the header in row {likely}? Say so with header_row={likely} (--header-row {likely})."
        )
        yield Problem(code="blank-header", message=message)
        return
    for j, number in sorted(nameless.items()):
        letter = column_letter(j)
        message = (
            f"Column {letter} has no header but holds something, first in row {number}. Give it "
            "a header or clear it (a merged header cell names only its first column)."
        )
        yield Problem(code="blank-header", message=message, row=str(number), column=letter)
    for name, count in Counter(filter(None, header)).items():
        if count > 1:
            letters = [column_letter(j) for j, other in enumerate(header) if other == name]
            message = f"Columns {' and '.join(letters)} have the same header. Rename all but one."
            yield Problem(code="duplicate-header", message=message, column=name)


def _width_problems(header: list[str], found: Records) -> Iterator[Problem]:
    """Records of a text file that are wider or narrower than its header."""
    if not found.delimiter:
        return
    needed = max(j for j, name in enumerate(header) if name) + 1
    for number, row in zip(found.numbers, found.rows, strict=True):
        extra = [cell for cell in row[len(header) :] if cell is not None]
        if extra or len(row) < needed:
            message = (
                f"Found {len(row)} cells; the header has {needed}. A delimiter "
                f"({found.delimiter!r}) or line break within an answer must stand in quotation "
                "marks; are header_row= and delimiter= right?"
            )
            yield Problem(code="ragged-row", message=message, row=str(number))


def _header_errors(header: list[str]) -> Iterator[Problem]:
    for j, name in enumerate(header):
        if name in CELL_ERRORS:
            message = f"The header of column {column_letter(j)} is the error {name}."
            yield Problem(code="cell-error", message=message, column=column_letter(j))


def left_out(header: list[str], found: Records, file: str) -> Iterator[Caveat]:
    """Blank rows, and columns without header and cells, that are not in the table."""
    where = found.sheet or file
    if found.blank:
        message = f"{counted(len(found.blank), 'blank row')} left out: {spans(found.blank)}."
        yield Caveat(code="blank-rows", where=where, message=message)
    blank = [column_letter(j) for j, name in enumerate(header) if not name]
    if blank:
        shown = ", ".join(blank[:20]) + (" and more" if len(blank) > 20 else "")
        message = f"{counted(len(blank), 'blank column')} left out: {shown}."
        yield Caveat(code="blank-columns", where=where, message=message)
