"""Instruments: items, response formats and scales, as data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, Field, ValidationError

from digilitt.define.checks import contradictions
from digilitt.define.fields import FROZEN, Formats, Language, SlugId, Version, Words
from digilitt.define.formats import MultiSelectFormat, ResponseFormat
from digilitt.define.indicator import Indicator
from digilitt.define.item import Item
from digilitt.define.problems import from_validation, named
from digilitt.define.scale import Scale
from digilitt.define.text import Text, language_problems
from digilitt.errors import DefinitionError, counted

Status = Literal["pilot", "structure", "validated"]
Part = TypeVar("Part", Item, Scale)


class Instrument(BaseModel):
    """An assessment instrument, complete and free of contradictions.

    Reading one (`digilitt.instrument`) or making one from keyword arguments checks
    everything and raises one error with all problems.

    Attributes
    ----------
    id, version : str
        Name and version; results carry both and the digest.
    status : {"pilot", "structure", "validated"}
        *pilot*: nothing is known yet of its quality. *structure*: someone else's
        instrument, with our own short labels instead of its wording. *validated*: there
        is published evidence, named in `source`.
    languages : tuple of str
        Languages that every text must have.
    formats : dict of str to ResponseFormat
    items : tuple of Item
    scales : tuple of Scale
    indicators : tuple of Indicator
        Shares of people in certain bands, with the codes that they are published by.
    unverified : tuple of str
        What was not checked against its source (a cut score, an option's code), one sentence
        each; scores carry them as caveats.
    rater : {"self", "other"}
        Whether people answer about themselves or are rated by someone else.

    Notes
    -----
    It does not change once made. `model_copy` with `update` makes another one, checked in
    full. Pydantic's own ways in keep pydantic's manners: `model_validate` checks as much, but
    raises a `pydantic.ValidationError` around our error; `model_construct` checks nothing.
    """

    model_config = FROZEN

    id: SlugId
    version: Version
    status: Status
    languages: tuple[Language, ...] = Field(min_length=1)
    title: Text
    description: Text | None = None
    licence: str = Field(min_length=1)
    source: str = ""
    attribution: str = ""
    notes: tuple[str, ...] = ()
    unverified: tuple[Words, ...] = ()
    rater: Literal["self", "other"] = "self"
    formats: Formats[ResponseFormat] = Field(json_schema_extra={"additionalProperties": False})
    items: tuple[Item, ...] = Field(min_length=1)
    scales: tuple[Scale, ...] = Field(min_length=1)
    indicators: tuple[Indicator, ...] = ()

    def __init__(self, /, **data: Any) -> None:
        name = named("instrument", data)
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise DefinitionError(from_validation(error, data, name, Instrument)) from None
        problems = [
            *language_problems(self, self.languages),
            *contradictions(self.formats, self.items, self.scales, self.indicators),
        ]
        if problems:
            raise DefinitionError(replace(problem, file=name) for problem in problems)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with other values for the fields in `update`; all checks hold for it.

        Raises
        ------
        DefinitionError
            If the new values are not sound.
        """
        return type(self)(**{**dict(self), **update}) if update else super().model_copy(deep=deep)

    def canonical_json(self) -> str:
        """The definition as JSON with sorted keys and without defaults."""
        content = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON: equal for equal definitions, however written."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()

    @property
    def name(self) -> str:
        """``id@version``."""
        return f"{self.id}@{self.version}"

    def item(self, item_id: str) -> Item:
        """The item with this id.

        Raises
        ------
        DefinitionError
            If there is none.
        """
        return self._part(item_id, "item", self.items)

    def scale(self, scale_id: str) -> Scale:
        """The scale with this id.

        Raises
        ------
        DefinitionError
            If there is none.
        """
        return self._part(scale_id, "scale", self.scales)

    def _part(self, part_id: str, what: str, parts: Sequence[Part]) -> Part:
        found = next((part for part in parts if part.id == part_id), None)
        if found is None:
            known = ", ".join(part.id for part in parts)
            raise DefinitionError(f"{self.name} has no {what} {part_id!r}; known: {known}.")
        return found

    def format_of(self, item: Item) -> ResponseFormat:
        """The response format of an item."""
        return self.formats[item.format]

    def columns_of(self, item: Item) -> tuple[str, ...]:
        """Columns that hold an item's answers: one, or one per option for multi-select."""
        response_format = self.format_of(item)
        if isinstance(response_format, MultiSelectFormat):
            return tuple(f"{item.id}:{option.code}" for option in response_format.options)
        return (item.id,)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that hold the answers to all items, in item order."""
        return tuple(column for item in self.items for column in self.columns_of(item))

    def __repr__(self) -> str:
        counts = f"{counted(len(self.items), 'item')}, {counted(len(self.scales), 'scale')}"
        return f"Instrument({self.name}, {self.status}: {counts})"

    __str__ = __repr__
