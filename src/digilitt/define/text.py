"""Texts in several languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel

from digilitt.define.fields import LANGUAGE, FrozenDict, Language, Words, composed
from digilitt.errors import Problem

# Keys of our own that look like a language code (Indonesian, Tongan).
NOT_LANGUAGES = ("id", "to")


def _composed(texts: dict[str, str]) -> FrozenDict[str, str]:
    return FrozenDict({language: composed(text) for language, text in texts.items()})


class Text(
    RootModel[Annotated[dict[Language, Words], Field(min_length=1), AfterValidator(_composed)]]
):
    """One text in one or more languages, keyed by two-letter code.

    Examples
    --------
    >>> title = Text({"sv": "Attityd", "en": "Attitude"})
    >>> title.to("sv")
    'Attityd'
    >>> title.to("de")
    'Attitude'
    """

    model_config = ConfigDict(
        frozen=True,
        revalidate_instances="always",
        json_schema_extra={"additionalProperties": False},
    )

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


def _is_language(key: Any) -> bool:
    return bool(re.fullmatch(LANGUAGE, str(key))) and key not in NOT_LANGUAGES


def gather_languages(data: Any) -> Any:
    """Move inline language keys, as in ``{ code = 1, sv = "…", en = "…" }``, under ``label``."""
    if not isinstance(data, dict):
        return data
    label = {key: value for key, value in data.items() if _is_language(key)}
    if not label:
        return data
    if "label" in data:
        inline = ", ".join(label)
        raise ValueError(f"has label = … and also {inline} beside it; write the text in one place")
    return {**{key: value for key, value in data.items() if key not in label}, "label": label}


def allow_inline_languages(schema: dict[str, Any]) -> None:
    """Let the JSON Schema of a labelled part take languages inline, as `gather_languages` does."""
    names = "|".join(NOT_LANGUAGES)
    inline = rf"^(?!({names})$)[a-z]{{2}}$"
    none_inline = {"propertyNames": {"not": {"pattern": inline}}}
    schema["patternProperties"] = {inline: {"type": "string", "minLength": 1}}
    schema["required"] = [name for name in schema["required"] if name != "label"]
    schema["oneOf"] = [
        {"required": ["label"], **none_inline},
        {"not": {"anyOf": [{"required": ["label"]}, none_inline]}},
    ]


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


def language_problems(model: BaseModel, languages: Sequence[str]) -> list[Problem]:
    """A problem for each language named twice and each text that lacks one of the languages."""
    twice = sorted({language for language in languages if languages.count(language) > 1})
    return [
        *(
            Problem(
                code="repeated-language",
                column="languages",
                message=f"names {language!r} twice; name each language once.",
            )
            for language in twice
        ),
        *(
            Problem(
                code="missing-translation",
                column=place,
                message=f"has no text in {language!r} ({str(text)[:40]!r}); "
                f"every text needs {', '.join(languages)}.",
            )
            for place, text in _texts(model, "")
            for language in dict.fromkeys(languages)
            if language not in text.root
        ),
    ]
