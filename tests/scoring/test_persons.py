"""Personal identity numbers: found, hidden, and turned into pseudonyms.

The valid numbers are the public test numbers that the tax agency gives for such use, or their
like: a date and a check digit that nobody has.
"""

from __future__ import annotations

import datetime as dt
import re
from itertools import count

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.errors import ResponseError
from digilitt.scoring.persons import holds_personal_numbers, looks_personal, pseudonymise, quoted

KEY = "a long secret phrase"
VALID = "811228-9874"


def check_digit(nine: str) -> int:
    """Luhn's: every other digit doubled, from the first; digits of the products added up."""
    products = "".join(str(int(d) * (1 if k % 2 else 2)) for k, d in enumerate(nine))
    return -sum(map(int, products)) % 10


@pytest.mark.parametrize(
    "text",
    [
        *(VALID, "8112289874", "198112289874", "19811228-9874", "811228+9874", " 811228-9874 "),
        *(
            "811228 9874",
            "811228–9874",
            "811228−9874",
            "811228.9874",
            "811288-9871",
            "20000229-0005",
        ),
    ],
)
def test_personal_numbers(text: str) -> None:
    assert looks_personal(text)


@pytest.mark.parametrize(
    "text",
    [
        "811228-9875",  # another check digit
        "811328-9872",  # no thirteenth month
        "218112289874",  # no such century
        *("81122-89874", "8112289", "81122898741", "", "٨١١٢٢٨٩٨٧٤", "id 811228-9874"),
    ],
)
def test_what_is_none(text: str) -> None:
    assert not looks_personal(text)


@given(
    st.dates(dt.date(1890, 1, 1), dt.date(2026, 12, 31)),
    st.integers(0, 999),
    st.booleans(),
    st.sampled_from(["", "-", "+"]),
)
def test_every_number_of_the_form_is_found(
    born: dt.date, serial: int, coordination: bool, between: str
) -> None:
    day = born.day + 60 * coordination
    nine = f"{born:%y%m}{day:02}{serial:03}"
    for digit in range(10):
        text = f"{nine[:6]}{between}{nine[6:]}{digit}"
        valid = digit == check_digit(nine)
        assert looks_personal(text) == valid
        assert looks_personal(f"{born:%Y}{text[2:]}") == valid


def test_one_with_a_hyphen_is_enough() -> None:
    assert holds_personal_numbers(["p1", "p2", VALID, *map(str, range(1000))])


def test_bare_digits_need_to_be_many() -> None:
    # Running numbers of ten digits: about one in 300 passes by chance.
    running = [str(number) for number in range(1_000_000_000, 9_000_000_000, 3_000_017)]
    assert any(looks_personal(text) for text in running)
    assert not holds_personal_numbers(running)
    assert holds_personal_numbers(["8112289874", "p2", "p3"])
    assert not holds_personal_numbers(["8112289874", *(f"p{k}" for k in range(19))])
    assert holds_personal_numbers(["8112289874", *(f"p{k}" for k in range(18))])
    assert not holds_personal_numbers([])


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (7, "7"),
        (7.0, "7"),
        (np.int64(7), "7"),
        (0.1 + 0.2, "0.3"),
        ("3,5", "'3,5'"),
        (VALID, "'…'"),
        (8112289874, "…"),
        (198112289874.0, "1.98112e+11"),
        ("Anna Ek 19811228 9874.", "'Anna Ek ….'"),
        ([VALID], "['…']"),
        (10**5000, "a number of thousands of digits"),
        ("x" * 100, "'" + "x" * 58 + "…"),
    ],
    ids=count(),
)
def test_quoted_cells_hide_what_tells_who_it_is(cell: object, shown: str) -> None:
    assert quoted(cell) == shown


def test_pseudonyms_are_the_same_for_the_same_person() -> None:
    alike = [VALID, "19811228-9874", "8112289874", 8112289874, 8112289874.0, " 811228 9874 "]
    assert len(set(pseudonymise(alike, key=KEY))) == 1
    other = pseudonymise([VALID], key="another long phrase")
    assert set(other).isdisjoint(pseudonymise(alike, key=KEY))


def test_a_zero_that_a_spreadsheet_took_away() -> None:
    """010101-0007 stored as a number is 101010007."""
    assert looks_personal("0101010007")
    assert len(set(pseudonymise(["20010101-0007", "0101010007", 101010007.0], key=KEY))) == 1
    assert holds_personal_numbers(["101010007", "8112289874"])
    assert not holds_personal_numbers(map(str, range(100_000_000, 100_100_000, 97)))


@given(st.lists(st.integers(0, 10**6).map(str), unique=True))
def test_pseudonyms_tell_persons_apart_and_show_nothing(persons: list[str]) -> None:
    made = pseudonymise(persons, key=KEY)
    assert len(set(made)) == len(persons)
    assert all(re.fullmatch("[0-9a-f]{16}", text) for text in made)


@pytest.mark.parametrize("blank", [None, "", " - ", float("nan"), pd.NA, pd.NaT])
def test_blank_persons_have_no_pseudonym(blank: object) -> None:
    with pytest.raises(ResponseError, match="number 2 is blank"):
        pseudonymise(["p1", blank], key=KEY)


def test_short_keys_are_refused() -> None:
    with pytest.raises(ResponseError, match="15 characters; expected at least 16"):
        pseudonymise(["p1"], key="x" * 15)


def test_every_dash_is_a_hyphen() -> None:
    written = [f"811228{dash}9874" for dash in "-\u2010\u2011\u2012\u2013\u2014\u2212"]
    assert all(looks_personal(text) for text in written)
    assert len(set(pseudonymise(written, key="a" * 16))) == 1


def test_one_text_is_no_list_of_persons() -> None:
    with pytest.raises(ResponseError, match="expected a list"):
        pseudonymise("19811228-9874", key="a" * 16)
