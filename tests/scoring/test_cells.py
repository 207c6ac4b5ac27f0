"""Texts, numbers and dates as people and spreadsheet programs write them."""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from decimal import Decimal
from itertools import count

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.scoring.cells import calendar_text, cell_text, is_blank, normalised, parse_number

NEW_YEAR = dt.datetime.fromisoformat("2026-01-01")


@pytest.mark.parametrize(
    ("cell", "point", "comma"),
    [
        ("3", 3.0, 3.0),
        ("3.0", 3.0, 3.0),
        ("3,5", None, 3.5),
        (" 3 ", 3.0, 3.0),
        ("−3", -3.0, -3.0),
        ("+3.5", 3.5, 3.5),
        (".5", 0.5, 0.5),
        (",5", None, 0.5),
        ("1\u00a0234", 1234.0, 1234.0),
        ("1\u202f234\u202f567,5", None, 1234567.5),
        ("1E-05", 1e-05, 1e-05),
        ("1,5e3", None, 1500.0),
        ("0114", 114.0, 114.0),
        ("1.250", 1.25, None),
        ("0.125", 0.125, 0.125),
        (4, 4.0, 4.0),
        (3.5, 3.5, 3.5),
        (np.int64(2), 2.0, 2.0),
        (np.float32(0.5), 0.5, 0.5),
        (Decimal("3.50"), 3.5, 3.5),
    ],
)
def test_numbers(cell: object, point: float | None, comma: float | None) -> None:
    assert parse_number(cell, decimal_comma=False) == point
    assert parse_number(cell, decimal_comma=True) == comma


@pytest.mark.parametrize(
    "cell",
    [
        *("3.5.1", "1e5x", "nan", "inf", "-inf", "1_000", "٣", "３", "1 234", "1\u00a023", "3."),
        *("5 %", "0x1F", "--3", "- 3", "1e999", "e5", ".", ",", "-", "", "x3", "½", "1.234,5"),
        *("1,2,3", "1\u00a0234567", "TRUE"),
    ],
)
def test_texts_that_are_no_numbers(cell: str) -> None:
    assert parse_number(cell, decimal_comma=False) is None
    assert parse_number(cell, decimal_comma=True) is None


@pytest.mark.parametrize(
    "cell",
    [
        *(None, True, np.True_, math.nan, math.inf, 10**400, dt.date(2026, 1, 1), [3], b"3"),
        *(pd.NA, pd.NaT, 3 + 0j, Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")),
    ],
)
def test_other_cells_that_are_no_numbers(cell: object) -> None:
    assert parse_number(cell, decimal_comma=True) is None


@given(st.floats(allow_nan=False, allow_infinity=False), st.booleans())
def test_every_number_written_out_is_read_exactly(number: float, decimal_comma: bool) -> None:
    text = repr(number)
    thousands_like = text.lstrip("-").partition(".")
    ambiguous = decimal_comma and len(thousands_like[2]) == 3 and text.lstrip("-")[0] != "0"
    if not ambiguous:
        assert parse_number(text, decimal_comma=decimal_comma) == number
    assert parse_number(text.replace(".", ","), decimal_comma=True) == number


@given(st.text())
def test_no_text_is_a_number_unless_python_thinks_so_too(text: str) -> None:
    number = parse_number(text, decimal_comma=False)
    if number is not None:
        plain = text.replace("−", "-").replace("\u00a0", "").replace("\u202f", "")
        assert number == float(plain.strip())


def test_mixed_dates_and_serials() -> None:
    cells = [NEW_YEAR, 46024, 46024.0, None, "igår", 3, True]
    texts, n_serials = calendar_text(cells)
    assert texts == ["2026-01-01", "2026-01-02", "2026-01-02", None, "igår", 3, True]
    assert n_serials == 2


def test_one_time_of_day_shows_in_the_whole_column() -> None:
    texts, n_serials = calendar_text(
        [dt.date(2026, 1, 1), dt.datetime.fromisoformat("2026-01-01T09:05"), 46024.5]
    )
    assert texts == ["2026-01-01T00:00:00", "2026-01-01T09:05:00", "2026-01-02T12:00:00"]
    assert n_serials == 1


def test_blanks_among_dates_stay_blank() -> None:
    cells = [pd.NaT, pd.Timestamp("2026-01-01"), None, math.nan, "", pd.NA]
    texts, n_serials = calendar_text(cells)
    assert texts[1] == "2026-01-01"
    assert all(is_blank(text) for k, text in enumerate(texts) if k != 1)
    assert n_serials == 0


def test_columns_without_dates_stay_as_they_are() -> None:
    assert calendar_text([46024, 46025, None]) == ([46024, 46025, None], 0)


def test_serials_of_old_macs() -> None:
    texts, _ = calendar_text([NEW_YEAR, 44562], date_1904=True)
    assert texts == ["2026-01-01", "2026-01-02"]


@given(st.dates(dt.date(1954, 10, 3), dt.date(2119, 1, 10)))
def test_serials_agree_with_openpyxl(day: dt.date) -> None:
    from openpyxl.utils.datetime import to_excel

    texts, n_serials = calendar_text([NEW_YEAR, to_excel(day)])
    assert (texts[1], n_serials) == (day.isoformat(), 1)


@pytest.mark.parametrize(
    "cell", [None, "", " \t\n\u00a0", "\ufeff\u200b ", math.nan, np.float32("nan"), pd.NA, pd.NaT]
)
def test_blanks(cell: object) -> None:
    assert is_blank(cell)


@pytest.mark.parametrize(
    "cell", ["-", "nan", "None", 0, 0.0, False, math.inf, [], b"", Decimal("NaN")]
)
def test_what_is_no_blank(cell: object) -> None:
    assert not is_blank(cell)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (1278, "1278"),
        (1278.0, "1278"),
        (np.float64(-3.0), "-3"),
        (0.5, "0.5"),
        (1e22, "10000000000000000000000"),
        (math.inf, "inf"),
        (True, "True"),
        ("  Båstads\u00a0 kommun\n", "Båstads kommun"),
        (unicodedata.normalize("NFD", "Båstad"), "Båstad"),
        ("\ufeffBå\u00adstad\u200b\u200e", "Båstad"),
        ("\u06a9\u0646\u200c\u0645", "\u06a9\u0646\u200c\u0645"),  # part of the writing
        (dt.date(2026, 1, 2), "2026-01-02"),
        (16**4000, "0x1" + "0" * 4000),
    ],
    ids=count(),
)
def test_text_of_a_cell(cell: object, text: str) -> None:
    assert cell_text(cell) == text


@given(st.text())
def test_texts_are_compared_without_case_or_white_space(text: str) -> None:
    wanted = normalised(text)
    assert normalised(f"  {text}\t") == wanted
    assert normalised(unicodedata.normalize("NFD", text)) == wanted


@given(
    st.one_of(st.integers(), st.floats(), st.none(), st.binary(), st.lists(st.none()), st.text())
)
def test_every_cell_has_a_text(cell: object) -> None:
    assert isinstance(cell_text(cell), str)
