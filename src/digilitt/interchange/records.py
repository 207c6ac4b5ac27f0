"""What a reader of files hands on: the header, the rows that hold something, and their numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from digilitt.errors import InterchangeError, Problem
from digilitt.result import Caveat

Cell: TypeAlias = str | int | float | bool | dt.datetime | dt.date | None

SHOWN_SPANS = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Records:
    """Cells of a file from its header on, blank rows left out.

    Attributes
    ----------
    header : sequence of Cell
        The header row as it stands.
    rows : sequence of sequences of Cell
        Rows below the header with at least one cell that is not blank; ragged.
    numbers : sequence of int
        The 1-based number of each of these rows.
    blank : sequence of int
        Numbers of the blank rows between the header and the last row that holds something.
    sheet : str
        Name of the sheet; empty for a text file.
    delimiter : str
        Delimiter of a text file; empty for a workbook.
    date_1904 : bool
        Whether the workbook counts its days from 1904.
    caveats : tuple of Caveat
        What was assumed while reading.
    """

    header: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    numbers: Sequence[int]
    blank: Sequence[int]
    sheet: str = ""
    delimiter: str = ""
    date_1904: bool = False
    caveats: tuple[Caveat, ...] = ()


def failure(
    code: str, message: str, *, file: str, sheet: str = "", row: str = ""
) -> InterchangeError:
    """An error with a single problem."""
    return InterchangeError([Problem(code=code, message=message, file=file, sheet=sheet, row=row)])


def column_letter(position: int) -> str:
    """The letter that a spreadsheet program shows above a column.

    Parameters
    ----------
    position : int
        0-based position of the column.

    Examples
    --------
    >>> column_letter(0), column_letter(25), column_letter(26), column_letter(16383)
    ('A', 'Z', 'AA', 'XFD')
    """
    letters = ""
    rest = position + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def spans(numbers: Iterable[int]) -> str:
    """Ascending row numbers in short form, at most twenty stretches of them.

    Examples
    --------
    >>> spans([4, 7, 8, 9])
    '4, 7–9'
    """
    stretches: list[list[int]] = []
    for number in numbers:
        if stretches and number == stretches[-1][1] + 1:
            stretches[-1][1] = number
        else:
            stretches.append([number, number])
    shown = [f"{a}" if a == b else f"{a}–{b}" for a, b in stretches[:SHOWN_SPANS]]
    return ", ".join(shown) + (" and more" if len(stretches) > SHOWN_SPANS else "")
