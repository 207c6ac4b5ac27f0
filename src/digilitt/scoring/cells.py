"""Cells: numbers, dates and texts as people write them, and the codes they stand for."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable
from decimal import Decimal

import numpy as np
import pandas as pd

from digilitt.define.fields import alike, composed

# What Excel shows instead of a value, in English and in the Swedish of its text exports.
CELL_ERRORS = frozenset(
    "#N/A #REF! #DIV/0! #VALUE! #NAME? #NUM! #NULL! #SPILL! #CALC! #FIELD! #GETTING_DATA "
    "#SAKNAS! #REFERENS! #DIVISION/0! #VÄRDEFEL! #VÄRDE! #NAMN? #OGILTIGT! #SKÄRNING!".split()
)
POINT_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
NUMBER = re.compile(
    r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:[\u00a0\u202f][0-9]{3})+|(?=[.,][0-9]))"
    r"(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?"
)
# Characters without width that copying brings along: byte order marks, soft hyphens, directions.
INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]")
FIRST_SERIAL, LAST_SERIAL = 20_000, 80_000


def normalised(text: object) -> str:
    """Text as it is compared: without case, outer and repeated white space."""
    return alike(cell_text(text))


def cell_text(cell: object) -> str:
    """What a cell holds, as text: one space between words, whole numbers without a point.

    Characters without width are left out, as white space around the text is.

    Examples
    --------
    >>> cell_text(1278.0), cell_text(" Båstads  kommun ")
    ('1278', 'Båstads kommun')
    """
    if isinstance(cell, str) and cell.isascii() and cell.isalnum():
        return str(cell)  # Most cells are, and there are many of them.
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        cell = int(cell)
    try:
        text = str(cell)
    except ValueError:  # Python writes no whole numbers beyond 4300 digits.
        text = hex(cell) if isinstance(cell, int) else object.__repr__(cell)
    return " ".join(INVISIBLE.sub("", composed(text)).split())


def is_blank(cell: object) -> bool:
    """Whether a cell holds nothing: None, NaN, NaT, NA, or nothing that is seen."""
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    if isinstance(cell, str):
        return not (cell if cell.isascii() else INVISIBLE.sub("", cell)).strip()
    return isinstance(cell, (float, np.floating)) and math.isnan(cell)


def parse_number(cell: object, *, decimal_comma: bool) -> float | None:
    """The number that a cell holds, or None when it holds none.

    Parameters
    ----------
    cell : object
        A cell of a `RawTable`.
    decimal_comma : bool
        Whether ``3,5`` is a number. Then ``1.250`` is none, for it may be meant as 1250.

    Returns
    -------
    float or None
        Finite. Texts may have a sign (also U+2212), a decimal point, an exponent, and
        no-break spaces (U+00A0, U+202F) between thousands; nothing else: no ``nan``, no
        ``1_000``, no digits of other scripts. A truth value is no number.

    Examples
    --------
    >>> parse_number(" 3 ", decimal_comma=False), parse_number("−3,5", decimal_comma=True)
    (3.0, -3.5)
    >>> parse_number("3,5", decimal_comma=False) is None
    True
    """
    if isinstance(cell, (bool, np.bool_)):
        return None
    try:
        if isinstance(cell, (int, float, np.integer, np.floating, Decimal)):
            number = float(cell)
        elif isinstance(cell, str):
            number = _number_of_text(cell.strip().replace("−", "-"), decimal_comma)
        else:
            return None
    except (OverflowError, ValueError):  # an int beyond float64, a signalling Decimal
        return None
    return number if math.isfinite(number) else None


def _number_of_text(text: str, decimal_comma: bool) -> float:
    if not NUMBER.fullmatch(text) or ("," in text and not decimal_comma):
        return math.nan
    if decimal_comma and POINT_THOUSANDS.fullmatch(text):
        return math.nan
    return float(text.replace("\u00a0", "").replace("\u202f", "").replace(",", "."))


def calendar_text(cells: Iterable[object], *, date_1904: bool = False) -> tuple[list[object], int]:
    """Dates of one column as ISO text, also those that lost their format and became numbers.

    Parameters
    ----------
    cells : iterable
        Cells of one column of a `RawTable`. Without a single datetime they come back as they
        are.
    date_1904 : bool, default False
        Whether days are counted from 1904, as in workbooks from old Macs.

    Returns
    -------
    texts : list
        ``"2026-01-02"``, or ``"2026-01-02T13:45:00"`` for the whole column when any of its
        dates has a time of day. Cells that are no dates stay as they are.
    n_serials : int
        How many numbers from 20000 to 80000 (years 1954 to 2119) were read as days.

    Notes
    -----
    Excel stores a date as a number of days, in which 60 is a 29 February 1900 that never was;
    counting from 30 December 1899 is therefore right from 1 March 1900 on.

    Examples
    --------
    >>> import datetime
    >>> calendar_text([datetime.datetime(2026, 1, 1), 46024, None, "okänt"])
    (['2026-01-01', '2026-01-02', None, 'okänt'], 1)
    """
    column = list(cells)
    if not any(isinstance(cell, dt.date) for cell in column):
        return column, 0
    start = dt.datetime(1904, 1, 1) if date_1904 else dt.datetime(1899, 12, 30)
    dated = [_moment(cell, start) for cell in column]
    with_time = any(moment is not None and moment.time() != dt.time() for moment in dated)
    texts = [
        cell if moment is None else (moment if with_time else moment.date()).isoformat()
        for cell, moment in zip(column, dated, strict=True)
    ]
    serials = [
        moment is not None and not isinstance(cell, dt.date)
        for cell, moment in zip(column, dated, strict=True)
    ]
    return texts, sum(serials)


def _moment(cell: object, start: dt.datetime) -> dt.datetime | None:
    if is_blank(cell):
        return None
    if isinstance(cell, dt.datetime):
        return cell
    if isinstance(cell, dt.date):
        return dt.datetime.combine(cell, dt.time())
    if isinstance(cell, (int, float)) and FIRST_SERIAL <= cell <= LAST_SERIAL:
        return start + dt.timedelta(milliseconds=round(cell * 86_400_000))
    return None
