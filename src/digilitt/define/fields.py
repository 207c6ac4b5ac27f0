"""The kinds of values that definitions are made of, and the settings that all models share."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
)

# Parts are checked again when they become part of something: `model_copy` does not check them.
FROZEN = ConfigDict(
    frozen=True, extra="forbid", str_strip_whitespace=True, revalidate_instances="always"
)

# Far above any real code or score, far below where binary numbers lose whole ones.
LARGEST = 10**12

# Ids stand in messages and name columns.
LONGEST_ID = 80

SLUG = r"^[a-z0-9][a-z0-9.-]*$"
ITEM_ID = r"^[A-Za-z][A-Za-z0-9_]*$"
FORMAT_ID = r"^[A-Za-z][A-Za-z0-9_.-]*$"
PART_ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
VERSION = r"^[0-9]+\.[0-9]+(\.[0-9]+)?$"
LANGUAGE = r"^[a-z]{2}$"
TARGET = r"^[A-Za-z][A-Za-z0-9_]*(:-?[0-9]+)?(@.+)?$"
SHORT_ITEM = r"^\s*-?\s*[A-Za-z][A-Za-z0-9_]*\s*$"

# What each pattern asks for, in words.
PATTERN_WORDS = {
    SLUG: "small letters a-z, digits, dots and hyphens, as in digilitt-core",
    ITEM_ID: "a letter a-z first, then letters, digits and underscores, as in a1",
    FORMAT_ID: "a letter a-z first, then letters, digits, dots, hyphens and underscores",
    PART_ID: "letters a-z, digits, dots, hyphens and underscores, as in 1.1",
    VERSION: "two or three numbers with dots between, in quotes, as in 1.0.0",
    LANGUAGE: "a two-letter language code such as sv or en",
    TARGET: "an item id, item:option or item@wave, as in a1, k2:3 or a1@2019",
}


def composed(text: str) -> str:
    """Text with each accented letter as one character, however the file wrote it."""
    return unicodedata.normalize("NFC", text)


def alike(text: str) -> str:
    """Text as labels are compared: without case, outer and repeated white space."""
    return " ".join(composed(text).split()).casefold()


def _plain_zero(number: float) -> float:
    return number + 0.0  # -0.0 becomes 0.0, so that equal definitions have equal digests.


SlugId = Annotated[str, StringConstraints(pattern=SLUG, max_length=LONGEST_ID)]
ItemId = Annotated[str, StringConstraints(pattern=ITEM_ID, max_length=LONGEST_ID)]
FormatId = Annotated[str, StringConstraints(pattern=FORMAT_ID, max_length=LONGEST_ID)]
PartId = Annotated[str, StringConstraints(pattern=PART_ID, max_length=LONGEST_ID)]
Version = Annotated[str, StringConstraints(pattern=VERSION)]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE)]
Target = Annotated[str, StringConstraints(pattern=TARGET)]
Name = Annotated[str, StringConstraints(max_length=LONGEST_ID)]
Link = Annotated[str, StringConstraints(max_length=2 * LONGEST_ID + 1)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Code = Annotated[StrictInt, Field(ge=-LARGEST, le=LARGEST)]
Number = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False, ge=-LARGEST, le=LARGEST),
    AfterValidator(_plain_zero),
]

K = TypeVar("K")
V = TypeVar("V")


class FrozenDict(dict[K, V]):
    """A dict that refuses to change, so that it can be hashed and a definition stays what it is."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("a definition does not change; make a new one with model_copy(update=…)")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    # A dict says it has no hash; this one never changes, so it may.
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[FrozenDict[K, V]], tuple[dict[K, V]]]:
        return type(self), (dict(self),)


def _distinct_names(data: Any) -> Any:
    if isinstance(data, dict):
        names = Counter(name.strip() for name in data if isinstance(name, str))
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"the name {twice[0]!r} stands twice but for white space; rename one")
    return data


Table = Annotated[dict[str, V], BeforeValidator(_distinct_names), AfterValidator(FrozenDict)]
Formats = Annotated[dict[FormatId, V], BeforeValidator(_distinct_names), AfterValidator(FrozenDict)]
