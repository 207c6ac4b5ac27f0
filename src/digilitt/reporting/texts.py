"""The words of a report in one language, and how that language writes numbers."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

from digilitt.define.toml import read_toml
from digilitt.reporting.content import Figure

LANGUAGES = ("sv", "en")
LOCALE = Path(__file__).parent / "locale"

NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"
# Marks in the cells of tables; the first is Kolada's for what is kept secret.
WITHHELD_MARK, EMPTY_MARK = "..", "–"
# Swedish sorts these after z, in this order; elsewhere they sort as the letters they look like.
AFTER_Z = str.maketrans({"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}"})
DIGITS = re.compile(r"(\d+)")

SortKey = tuple[tuple[int, float, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A catalogue of texts, called with a key and the values to put in.

    Attributes
    ----------
    language : {"sv", "en"}
    entries : mapping of str to str
        Texts by ``section.key``, with ``{name}`` where values go.
    """

    language: str
    entries: Mapping[str, str]

    def __call__(self, key: str, **values: str) -> str:
        """The text of `key` with its values put in."""
        return self.entries[key].format(**values)

    def get(self, key: str, default: str) -> str:
        """The text of `key` where there is one, or `default`."""
        return self.entries.get(key, default)

    def joined(self, words: Sequence[str]) -> str:
        """Words as a list in a sentence."""
        if len(words) < 2:
            return "".join(words)
        return f"{', '.join(words[:-1])} {self('number.and')} {words[-1]}"

    def number(self, value: float, decimals: int) -> str:
        """A number with so many decimals, halves away from zero as spreadsheets round.

        Examples
        --------
        >>> texts("sv").number(-1234.567, 1).replace(NO_BREAK_SPACE, "_")
        '−1_234,6'
        >>> texts("en").number(-1234.567, 1)
        '−1,234.6'
        >>> texts("en").number(0.285, 2), texts("en").number(2.5, 0)
        ('0.29', '3')
        """
        # Fifteen digits, so that 0.285 is a half although its binary fraction is a little less.
        exact = Decimal(f"{abs(value):.15g}")
        rounded = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
        written = f"{rounded:,.{decimals}f}"
        if self.language == "sv":
            written = written.replace(",", NO_BREAK_SPACE).replace(".", ",")
        is_negative = value < 0 and any(digit in written for digit in "123456789")
        return f"{MINUS}{written}" if is_negative else written

    def plain(self, value: float) -> str:
        """A bound or a cut score, with the decimals that it needs, at most four digits.

        Examples
        --------
        >>> texts("sv").plain(2.33), texts("sv").plain(5.0), texts("en").plain(13.5)
        ('2,33', '5', '13.5')
        """
        shortest = f"{value:.4g}"
        if "e" in shortest:
            return self.number(value, 0)
        return self.number(value, len(shortest.partition(".")[2]))

    def percent(self, share: float) -> str:
        """A share from 0 to 1 as whole per cent.

        Examples
        --------
        >>> texts("en").percent(0.234), texts("sv").percent(0.234).replace(NO_BREAK_SPACE, "_")
        ('23%', '23_%')
        """
        gap = NO_BREAK_SPACE if self.language == "sv" else ""
        return f"{self.number(100.0 * share, 0)}{gap}%"

    def date(self, day: dt.date) -> str:
        """A date in words.

        Examples
        --------
        >>> texts("sv").date(dt.date(2026, 3, 1)), texts("en").date(dt.date(2026, 3, 1))
        ('1 mars 2026', '1 March 2026')
        """
        return f"{day.day} {self(f'month.{day.month}')} {day.year}"

    def counted(self, figure: Figure, min_n: int) -> str:
        """A count inside a sentence, also where it is not told."""
        if figure.value is not None:
            return self.number(figure.value, 0)
        if figure.state == "small":
            return self("number.fewer", min_n=str(min_n))
        return self("number.withheld")


@cache
def texts(language: str) -> Texts:
    """The texts of a language.

    Parameters
    ----------
    language : {"sv", "en"}
    """
    sections: Mapping[str, Mapping[str, Any]] = read_toml(LOCALE / f"{language}.toml")
    return Texts(
        language,
        {
            f"{section}.{key}": str(text)
            for section, entries in sections.items()
            for key, text in entries.items()
        },
    )


def natural_key(text: str, language: str) -> SortKey:
    """A key that sorts numbers by size and letters as the language does.

    Examples
    --------
    >>> sorted(["Örby", "Åhus", "grupp 10", "Grupp 9"], key=lambda t: natural_key(t, "sv"))
    ['Grupp 9', 'grupp 10', 'Åhus', 'Örby']
    """
    folded = unicodedata.normalize("NFC", text).casefold()
    if language == "sv":
        folded = folded.translate(AFTER_Z)
    bare = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return tuple(
        (0, float(part), "") if part.isdecimal() else (1, 0.0, part)
        for part in DIGITS.split(bare)
        if part
    )
