"""Competence frameworks: areas, competences and levels, as data."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, Field, StrictBool, ValidationError

from digilitt.define.fields import FROZEN, Language, PartId, SlugId, Table, Version
from digilitt.define.problems import from_validation, listed, named, suggestion
from digilitt.define.text import (
    Text,
    allow_inline_languages,
    gather_languages,
    language_problems,
)
from digilitt.errors import DefinitionError, Problem

LABELLED = FROZEN | {"json_schema_extra": allow_inline_languages}


class Area(BaseModel):
    """A part of a framework; a `context` area describes conditions, not competence."""

    model_config = LABELLED

    id: PartId
    label: Text
    description: Text | None = None
    context: StrictBool = False


class Competence(BaseModel):
    """A competence within an area."""

    model_config = LABELLED

    id: PartId
    area: PartId
    label: Text
    description: Text | None = None


class Level(BaseModel):
    """A proficiency level, with its equivalents in other level schemes."""

    model_config = LABELLED

    id: PartId
    label: Text
    equivalents: Table[tuple[str, ...]] = {}


class Framework(BaseModel):
    """A competence framework.

    Attributes
    ----------
    own_translations : tuple of str
        Languages whose labels are digilitt's own and not the framework's.
    areas, competences, levels : tuple
        Areas and competences with ids that are unique among both, as items refer to either;
        levels with ids that are unique among them.
    """

    model_config = FROZEN

    id: SlugId
    version: Version
    title: Text
    languages: tuple[Language, ...] = Field(min_length=1)
    licence: str = Field(min_length=1)
    source: str
    attribution: str = ""
    notes: tuple[str, ...] = ()
    own_translations: tuple[Language, ...] = ()
    areas: tuple[Annotated[Area, BeforeValidator(gather_languages)], ...] = Field(min_length=1)
    competences: tuple[Annotated[Competence, BeforeValidator(gather_languages)], ...] = ()
    levels: tuple[Annotated[Level, BeforeValidator(gather_languages)], ...] = ()

    def __init__(self, /, **data: Any) -> None:
        name = named("framework", data)
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise DefinitionError(from_validation(error, data, name, Framework)) from None
        if problems := [*language_problems(self, self.languages), *_contradictions(self)]:
            raise DefinitionError(replace(problem, file=name) for problem in problems)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with other values for the fields in `update`; all checks hold for it.

        Raises
        ------
        DefinitionError
            If the new values are not sound.
        """
        return type(self)(**{**dict(self), **update}) if update else super().model_copy(deep=deep)

    @property
    def links(self) -> frozenset[str]:
        """What an item may refer to: each ``framework:area`` and ``framework:competence``."""
        parts: tuple[Area | Competence, ...] = (*self.areas, *self.competences)
        return frozenset(f"{self.id}:{part.id}" for part in parts)

    def canonical_json(self) -> str:
        """The definition as JSON with sorted keys and without defaults."""
        content = self.model_dump(mode="json", exclude_defaults=True)
        return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()

    def __repr__(self) -> str:
        counts = f"{len(self.areas)} areas, {len(self.competences)} competences"
        return f"Framework({self.id}@{self.version}: {counts}, {len(self.levels)} levels)"

    __str__ = __repr__


def _contradictions(framework: Framework) -> list[Problem]:
    areas = [area.id for area in framework.areas]
    competences = [competence.id for competence in framework.competences]
    levels = [level.id for level in framework.levels]
    problems = [
        Problem(
            code=f"repeated-{what}",
            column=name,
            message=f"{what} id {name!r} stands {count} times; each id may stand once.",
        )
        for what, names in (("area", areas), ("competence", competences), ("level", levels))
        for name, count in Counter(names).items()
        if count > 1
    ]
    problems += [
        Problem(
            code="repeated-competence",
            column=name,
            message=f"{name!r} is an area and a competence, and items could not tell which they "
            "refer to; give the competence another id.",
        )
        for name in sorted({*areas} & {*competences})
    ]
    return [*problems, *_unknown_names(framework, areas)]


def _unknown_names(framework: Framework, areas: Sequence[str]) -> Iterator[Problem]:
    for competence in framework.competences:
        if competence.area not in areas:
            message = (
                f"competence {competence.id!r} is in the unknown area {competence.area!r}; "
                f"the areas are {listed(areas)}.{suggestion(competence.area, areas)}"
            )
            yield Problem(code="unknown-area", column=competence.id, message=message)
    for language in framework.own_translations:
        if language not in framework.languages:
            several = ", ".join(framework.languages)
            message = f"names {language!r}, which is none of the languages ({several})."
            yield Problem(code="unknown-language", column="own_translations", message=message)
