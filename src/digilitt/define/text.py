"""Texts in several languages, and the pydantic settings that every definition shares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, RootModel, StringConstraints

from digilitt.errors import Problem

FROZEN = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

LANGUAGE = re.compile(r"^[a-z]{2}$")
# Keys of our own that look like a language code (Indonesian, Tongan).
NOT_LANGUAGES = ("id", "to")

SlugId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
ItemId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+(\.\d+)?$")]


def _checked(texts: dict[str, str]) -> dict[str, str]:
    if not texts:
        raise ValueError("a text needs at least one language, such as { sv = …, en = … }")
    for language, text in texts.items():
        if not LANGUAGE.match(language):
            raise ValueError(f"{language!r} is no two-letter language code such as sv or en")
        if not text.strip():
            raise ValueError(f"the text for {language!r} is empty")
    return texts


class Text(RootModel[Annotated[dict[str, str], AfterValidator(_checked)]]):
    """One text in one or more languages, keyed by two-letter code.

    Examples
    --------
    >>> title = Text({"sv": "Attityd", "en": "Attitude"})
    >>> title.to("sv")
    'Attityd'
    >>> title.to("de")
    'Attitude'
    """

    model_config = ConfigDict(frozen=True)

    @property
    def languages(self) -> tuple[str, ...]:
        """Language codes, in the order of the file."""
        return tuple(self.root)

    def to(self, language: str) -> str:
        """The text in `language`; else in English, else in the first language there is."""
        return self.root.get(language) or self.root.get("en") or next(iter(self.root.values()))

    def variants(self) -> Iterator[str]:
        """The text in every language."""
        yield from self.root.values()

    def __str__(self) -> str:
        return self.to("en")


def gather_languages(data: Any) -> Any:
    """Move inline language keys, as in ``{ code = 1, sv = "…", en = "…" }``, under ``label``."""
    if not isinstance(data, dict) or "label" in data:
        return data
    label = {
        key: value
        for key, value in data.items()
        if LANGUAGE.match(str(key)) and key not in NOT_LANGUAGES
    }
    rest = {key: value for key, value in data.items() if key not in label}
    return {**rest, "label": label} if label else rest


def _texts(value: Any, place: str) -> Iterator[tuple[str, Text]]:
    if isinstance(value, Text):
        yield place, value
    elif isinstance(value, BaseModel):
        name = getattr(value, "id", getattr(value, "code", None))
        here = place if name is None or not place else f"{place}[{name}]"
        for field in type(value).model_fields:
            yield from _texts(getattr(value, field), f"{here}.{field}" if here else field)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{place}.{key}")
    elif isinstance(value, tuple):
        for inner in value:
            yield from _texts(inner, place)


def missing_translations(model: BaseModel, languages: Sequence[str]) -> list[Problem]:
    """A problem for each text of a definition that lacks one of its languages."""
    return [
        Problem(
            code="missing-translation",
            column=place,
            message=f"has no text in {language!r} ({str(text)[:40]!r}); "
            f"every text needs {', '.join(languages)}.",
        )
        for place, text in _texts(model, "")
        for language in languages
        if language not in text.root
    ]
