"""Person ids: Swedish personal identity numbers are refused, and pseudonyms offered."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Iterable

import numpy as np

from digilitt.errors import ResponseError
from digilitt.scoring.cells import cell_text, is_blank

PERSONAL_NUMBER = re.compile(r"(\d{2})?(\d{2})(\d{2})(\d{2})(\s?[-+.]?\s?)(\d{4})", re.ASCII)
# What a message hides: more digits than a code has, in the form of a personal number or not.
MANY_DIGITS = re.compile(r"\d{6,}\s?[-+.\u2010-\u2015\u2212]?\s?\d{4,}")
# Every dash that a word processor may have made of a hyphen.
DASHES = re.compile(r"[\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
# What a message shows of a cell, at most.
SHOWN_LENGTH = 60
LONG_NUMBER = 1e6
# Ten bare digits can be any running number; one in 300 passes date and check digit by chance.
BARE_SHARE = 0.05
MIN_KEY_LENGTH = 16
PSEUDONYM_LENGTH = 16


def _is_date(month: int, day: int) -> bool:
    # Coordination numbers add 60 to the day.
    try:
        dt.date(2000, month, day - 60 if day > 60 else day)
    except ValueError:
        return False
    return True


def _check_digit_holds(ten_digits: str) -> bool:
    doubled = [int(digit) * (2 - position % 2) for position, digit in enumerate(ten_digits)]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def looks_personal(text: str) -> bool:
    """Whether a text is a valid Swedish personal identity or coordination number.

    Examples
    --------
    >>> looks_personal("811228-9874"), looks_personal("811228-9875")
    (True, False)
    """
    found = PERSONAL_NUMBER.fullmatch(DASHES.sub("-", text.strip()))
    if found is None:
        return False
    century, year, month, day, _, last = found.groups()
    if century not in (None, "18", "19", "20"):
        return False
    return _is_date(int(month), int(day)) and _check_digit_holds(f"{year}{month}{day}{last}")


def holds_personal_numbers(values: Iterable[str]) -> bool:
    """Whether a column holds personal identity numbers.

    One that is written with its hyphen or its century is enough; ten bare digits count only
    when more than 5 % of the values pass, since running numbers pass by chance.
    """
    texts = [with_lost_zero(text.strip()) for text in values]
    personal = [text for text in texts if looks_personal(text)]
    if any(len(text) != 10 for text in personal):
        return True
    return len(personal) > BARE_SHARE * len(texts)


def with_lost_zero(text: str) -> str:
    """A text of nine digits with the zero before it that a spreadsheet took from a number.

    Only where that makes a personal identity number, of someone born from 2001 to 2009.
    """
    padded = f"0{text}"
    return padded if len(text) == 9 and text.isdecimal() and looks_personal(padded) else text


def quoted(cell: object) -> str:
    """A cell as a message quotes it: short, and without anything like a personal number.

    Examples
    --------
    >>> quoted("3,5"), quoted(7.0), quoted("Anna 811228-9874")
    ("'3,5'", '7', "'Anna …'")
    """
    if isinstance(cell, (float, np.floating)):
        # A long number may be somebody's; a short one is shown so that 2.9999999999 is not 3.
        return f"{cell:.12g}" if abs(float(cell)) < LONG_NUMBER else f"{cell:g}"
    try:
        text = repr(cell.item() if isinstance(cell, np.generic) else cell)
    except ValueError:
        return "a number of thousands of digits"
    hidden = MANY_DIGITS.sub("…", text)
    return hidden if len(hidden) <= SHOWN_LENGTH else f"{hidden[: SHOWN_LENGTH - 1]}…"


def pseudonymise(persons: Iterable[object], *, key: str) -> list[str]:
    """Pseudonyms for person ids: the same person gets the same one wherever `key` is the same.

    Parameters
    ----------
    persons : iterable
        Person ids, such as personal identity numbers. Hyphens and white space do not
        matter, nor whether the century is written.
    key : str
        At least 16 characters. Keep it apart from the data, and destroy it when the waves
        have been linked: who has it can find out who is who.

    Returns
    -------
    list of str
        Sixteen hexadecimal digits each: the beginning of an HMAC-SHA256.

    Raises
    ------
    ResponseError
        If the key is too short, or a person id is blank.

    Examples
    --------
    >>> import digilitt as dl
    >>> first = dl.pseudonymise(["19811228-9874"], key="a long secret phrase")
    >>> first == dl.pseudonymise(["8112289874"], key="a long secret phrase")
    True
    """
    if isinstance(persons, str):
        raise ResponseError("found one text; expected a list or column of person ids.")
    if len(key) < MIN_KEY_LENGTH:
        raise ResponseError(
            f"The key has {len(key)} characters; expected at least {MIN_KEY_LENGTH}. "
            "A short key can be found by trying."
        )
    made = []
    for position, person in enumerate(persons, start=1):
        text = "" if is_blank(person) else re.sub(r"[\s.-]", "", DASHES.sub("-", cell_text(person)))
        if not text:
            raise ResponseError(f"Person id number {position} is blank; every person needs one.")
        text = with_lost_zero(text)
        if len(text) == 12 and looks_personal(text):
            text = text[2:]
        digest = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
        made.append(digest[:PSEUDONYM_LENGTH])
    return made
