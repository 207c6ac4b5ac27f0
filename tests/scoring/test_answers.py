"""Cells of item columns become codes, blanks, or something told: never nothing."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from itertools import count
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.define.mapping import Mapping
from digilitt.scoring.answers import (
    Reading,
    is_allowed,
    label_problems,
    labels_of,
    read_column,
    split_ticks,
)
from digilitt.scoring.compiling import compile_plan
from tests.strategies import AGREE5, QUIZ, small

YES_NO = {"kind": "binary", "options": [{"code": 0, "sv": "Nej", "en": "No"}]}
YES_NO["options"] = [*YES_NO["options"], {"code": 1, "sv": "Ja", "en": "Yes"}]
FIRST_CHOICE = {
    "kind": "single_choice",
    "options": [
        {"code": 0, "sv": "noll", "en": "zero"},
        {"code": 1, "sv": "ett", "en": "one"},
        {"code": 2, "sv": "två", "en": "two"},
    ],
}
FORMATS = {
    "agree": AGREE5,
    "yesno": YES_NO,
    "choice": FIRST_CHOICE,
    "oneortwo": {
        "kind": "binary",
        "options": [
            {"code": 1, "score": 1.0, "sv": "Ja", "en": "Yes"},
            {"code": 2, "score": 0.0, "sv": "Nej", "en": "No"},
        ],
    },
    "years": {"kind": "numeric", "minimum": 0, "maximum": 60, "integer": True},
    "share": {"kind": "numeric", "minimum": 0, "maximum": 1},
    "quiz": QUIZ,
}
MADE = small(
    {
        "agree": "agree",
        "yesno": "yesno",
        "choice": {"format": "choice", "key": 1},
        "oneortwo": "oneortwo",
        "years": "years",
        "share": "share",
        "quiz": {"format": "quiz", "key": [1, 3]},
    },
    {"id": "s", "items": ["agree"], "metric": "mean"},
    formats=FORMATS,
)
PLAN = compile_plan(MADE)


def read(
    name: str, *cells: object, mapping: Mapping | None = None, decimal_comma: bool = False
) -> Reading:
    known = mapping or Mapping()
    item = MADE.item(name)
    return read_column(
        cells,
        PLAN.item(name),
        MADE.format_of(item),
        labels_of(item, MADE, known),
        frozenset(text.casefold() for text in known.blanks),
        decimal_comma=decimal_comma,
    )


def ticks(*cells: object, mapping: Mapping | None = None) -> tuple[list[Any], dict[int, str]]:
    """Rows of ticks as tuples (None where blank), and what is wrong in which row."""
    known = mapping or Mapping()
    labels = labels_of(MADE.item("quiz"), MADE, known)
    made = split_ticks(cells, PLAN.item("quiz"), labels, frozenset(known.blanks))
    assert list(made) == ["quiz:1", "quiz:2", "quiz:3"]
    rows = zip(*(reading.codes for reading in made.values()), strict=True)
    wrong = {row: text for reading in made.values() for row, text in reading.wrong.items()}
    return [None if math.isnan(row[0]) else row for row in rows], wrong


@pytest.mark.parametrize(
    ("name", "cell", "code"),
    [
        ("agree", 4, 4.0),
        ("agree", 4.0, 4.0),
        ("agree", "4", 4.0),
        ("agree", " 4.0 ", 4.0),
        ("agree", np.int64(4), 4.0),
        ("agree", Decimal(4), 4.0),
        ("agree", "Instämmer", 4.0),
        ("agree", "  instämmer   HELT ", 5.0),
        ("agree", "Strongly agree", 5.0),
        ("agree", "5 - Strongly agree", 5.0),
        ("agree", "5. Instämmer helt", 5.0),
        ("agree", "5 (Strongly agree)", 5.0),
        ("agree", "5=Strongly agree", 5.0),
        ("agree", "5 Strongly agree", 5.0),
        ("agree", "Prefer not to say", 99.0),
        ("agree", 77, 77.0),
        ("yesno", True, 1.0),
        ("yesno", False, 0.0),
        ("yesno", np.False_, 0.0),
        ("yesno", "ja", 1.0),
        ("yesno", -0.0, 0.0),
        ("choice", "two", 2.0),
        ("years", "12", 12.0),
        ("years", 60, 60.0),
        ("share", "0.5", 0.5),
        ("quiz", 1, 1.0),
        ("quiz", True, 1.0),
        ("quiz", "0", 0.0),
        ("quiz", 98, 98.0),
        ("quiz", "Vet inte", 98.0),
    ],
    ids=count(),
)
def test_answers(name: str, cell: object, code: float) -> None:
    reading = read(name, cell)
    assert (reading.codes.tolist(), reading.wrong) == ([code], {})


@pytest.mark.parametrize("cell", [None, math.nan, "", " \u00a0", pd.NA, pd.NaT])
def test_blank_cells(cell: object) -> None:
    for name in ("agree", "years", "quiz"):
        reading = read(name, cell)
        assert math.isnan(reading.codes[0])
        assert reading.wrong == {}


@pytest.mark.parametrize(
    ("name", "cell", "told"),
    [
        ("agree", 6, "found 6; expected 1 to 5 or a missing code (77, 99)."),
        ("agree", 4.5, "found 4.5; expected"),
        ("agree", "4,5", "found '4,5'; expected"),
        ("agree", math.inf, "found inf; expected"),
        ("agree", "4 - Strongly agree", "found '4 - Strongly agree'; expected"),  # that is 5
        ("agree", "Instämer", "Is it 'instämmer' (4)? Then say so by a mapping."),
        ("agree", True, "found True; expected"),  # a tick box is not the number one
        ("agree", dt.date(2026, 5, 4), "found the date 2026-05-04; expected"),
        ("agree", pd.Timestamp("2026-05-04"), "found the date 2026-05-04; expected"),
        ("agree", [4], "found [4]; expected"),
        ("agree", {"a": 4}, "found {'a': 4}; expected"),
        ("agree", b"4", "found b'4'; expected"),
        ("agree", "198112289874", "found '…'; expected"),
        ("agree", 10**5000, "found a number of thousands of digits; expected"),
        ("agree", "9" * 5000 + " x", "found '…"),
        ("agree", Decimal("sNaN"), "found Decimal('sNaN'); expected"),
        ("yesno", "TRUE", "found 'TRUE'; expected 0, 1."),
        ("choice", True, "found True; expected 0, 1, 2."),
        ("oneortwo", True, "found True; expected 1, 2."),
        ("years", 12.5, "found 12.5; expected 0 to 60."),
        ("years", -1, "found -1; expected 0 to 60."),
        ("share", "1.01", "found '1.01'; expected a number from 0 to 1."),
        ("quiz", 2, "found 2; expected 0 or 1 or a missing code (98)."),
        ("quiz", "A", "found 'A'; expected 0 or 1"),
    ],
    ids=count(),
)
def test_what_is_no_answer_is_told(name: str, cell: object, told: str) -> None:
    reading = read(name, cell)
    assert math.isnan(reading.codes[0])
    assert told in reading.wrong[0]


def test_decimal_commas() -> None:
    assert read("share", "0,5", decimal_comma=True).codes.tolist() == [0.5]
    assert "0,5" in read("share", "0,5").wrong[0]


def test_mappings_give_labels_and_blanks() -> None:
    mapping = Mapping(
        labels={"agree": {"Håller med": 4, "strongly agree": 1}}, blanks=("-", "Ej svar", "0")
    )
    reading = read(
        "agree", "håller  MED", "Strongly Agree", "-", "ej svar", 0, 0.0, mapping=mapping
    )
    # The mapping's own label comes before the instrument's; 0 is blank, however it is stored.
    np.testing.assert_array_equal(reading.codes, [4, 1, *[math.nan] * 4])
    assert reading.wrong == {}


def test_equal_cells_of_different_types_are_read_apart() -> None:
    reading = read("agree", 1, True, 1.0, "1", np.True_)
    np.testing.assert_array_equal(reading.codes, [1, math.nan, 1, 1, math.nan])
    assert set(reading.wrong) == {1, 4}


def test_a_word_with_two_meanings_is_no_label() -> None:
    """In this format "fast" is Swedish for firm and English for quick."""
    options = [{"code": 1, "sv": "fast", "en": "firm"}, {"code": 2, "sv": "rask", "en": "fast"}]
    formats = {"f": {"kind": "ordered", "options": options}}
    scale = {"id": "s", "items": ["q"], "metric": "mean"}
    made = small({"q": "f"}, scale, formats=formats)
    assert labels_of(made.item("q"), made, Mapping()) == {"firm": 1, "rask": 2}
    told = Mapping(labels={"f": {"fast": 2}})
    assert labels_of(made.item("q"), made, told)["fast"] == 2


def test_labels_of_a_mapping_must_fit_the_instrument() -> None:
    mapping = Mapping(labels={"agree": {"x": 6, "y": 99}, "agre": {"x": 1}, "years": {"ett": 1}})
    told = [(problem.code, problem.message) for problem in label_problems(MADE, mapping)]
    assert [code for code, _ in told] == ["unknown-code", "unknown-format"]
    assert "'x' is mapped to 6; 'agree' has 1, 2, 3, 4, 5, 77, 99." in told[0][1]
    assert "'agre'" in told[1][1]


def test_joined_ticks() -> None:
    rows, wrong = ticks("A;C", "1; 3 ;", "B", 2, 2.0, "c på svenska;a", "Vet inte", 98, None, " ")
    assert wrong == {}
    assert rows == [
        *((1, 0, 1), (1, 0, 1), (0, 1, 0), (0, 1, 0), (0, 1, 0), (1, 0, 1)),
        *((98, 98, 98), (98, 98, 98), None, None),
    ]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("A;D", "found 'D'; expected options (1, 2, 3) joined by ';'."),
        ("A,C", "found 'A,C'"),
        ("1;4", "found 4; expected"),
        (13, "found 13; expected"),
        ("A;98", "a missing code together with options"),
        (";", "found ';'; expected"),  # nothing between the semicolons is not "none of them"
        (True, "found True; expected"),
        (["A", "C"], "found ['A', 'C']; expected"),
        (math.inf, "found inf; expected"),
        ("A;198112289874", "found 1.98112e+11; expected"),
        (10**400, "found …; expected"),
    ],
)
def test_joined_ticks_that_are_not_understood(cell: object, told: str) -> None:
    rows, wrong = ticks(cell)
    assert rows == [None]
    assert told in wrong[0]


def test_joined_ticks_with_mapping() -> None:
    mapping = Mapping(labels={"quiz": {"Det första": 1}}, blanks=("-",))
    assert ticks("det första;C", "-", mapping=mapping) == ([(1, 0, 1), None], {})


CELLS = st.one_of(
    st.text(),
    st.integers(-10, 110),
    st.integers(),
    st.floats(),
    st.none(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.binary(),
    st.decimals(),
    st.fractions(),
    st.complex_numbers(),
    st.lists(st.integers()),
    st.sampled_from(["A", "B;C", "Agree", "5 - Strongly agree", "vill inte svara", "1", " 3,0 "]),
    st.sampled_from([pd.NA, pd.NaT, np.int64(3), np.float32(2), np.datetime64("NaT", "s"), object]),
)


@given(st.lists(CELLS), st.sampled_from(sorted(FORMATS)), st.booleans())
def test_every_cell_is_a_code_a_blank_or_told(
    cells: list[object], name: str, decimal_comma: bool
) -> None:
    reading = read(name, *cells, decimal_comma=decimal_comma)
    assert len(reading.codes) == len(cells)
    for position, cell in enumerate(cells):
        code = reading.codes[position]
        if position in reading.wrong:
            assert math.isnan(code)
            assert len(reading.wrong[position]) < 300
        elif math.isnan(code):
            assert (
                cell is None or cell is pd.NA or cell is pd.NaT or str(cell).strip() in ("", "nan")
            )
        else:
            assert is_allowed(code, PLAN.item(name))


@given(st.lists(CELLS))
def test_every_joined_cell_is_ticks_a_blank_or_told(cells: list[object]) -> None:
    rows, wrong = ticks(*cells)
    for position, (cell, row) in enumerate(zip(cells, rows, strict=True)):
        if position in wrong:
            assert row is None
        elif row is None:
            assert (
                cell is None or cell is pd.NA or cell is pd.NaT or str(cell).strip() in ("", "nan")
            )
        else:
            assert set(row) <= {0.0, 1.0} or row == (98.0, 98.0, 98.0)
