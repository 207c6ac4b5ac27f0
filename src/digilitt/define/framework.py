"""Competence frameworks: areas, competences and levels, as data."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from digilitt.define.problems import from_validation
from digilitt.define.text import (
    FROZEN,
    SlugId,
    Text,
    Version,
    gather_languages,
    missing_translations,
)
from digilitt.errors import DefinitionError, Problem


class Area(BaseModel):
    """A part of a framework; a `context` area describes conditions, not competence."""

    model_config = FROZEN

    id: str
    label: Text
    description: Text | None = None
    context: bool = False


class Competence(BaseModel):
    """A competence within an area."""

    model_config = FROZEN

    id: str
    area: str
    label: Text
    description: Text | None = None


class Level(BaseModel):
    """A proficiency level, with its equivalents in other level schemes."""

    model_config = FROZEN

    id: str
    label: Text
    equivalents: dict[str, tuple[str, ...]] = {}


class Framework(BaseModel):
    """A competence framework.

    Attributes
    ----------
    own_translations : tuple of str
        Languages whose labels are digilitt's own and not the framework's.
    areas, competences, levels : tuple
        Each with ids that are unique among their kind.
    """

    model_config = FROZEN

    id: SlugId
    version: Version
    title: Text
    languages: tuple[str, ...] = Field(min_length=1)
    licence: str
    source: str
    attribution: str = ""
    notes: tuple[str, ...] = ()
    own_translations: tuple[str, ...] = ()
    areas: tuple[Annotated[Area, BeforeValidator(gather_languages)], ...] = Field(min_length=1)
    competences: tuple[Annotated[Competence, BeforeValidator(gather_languages)], ...] = ()
    levels: tuple[Annotated[Level, BeforeValidator(gather_languages)], ...] = ()

    def __init__(self, **data: Any) -> None:
        name = f"framework {data.get('id', '')!r}"
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise DefinitionError(from_validation(error, data, name)) from None
        if problems := [*missing_translations(self, self.languages), *self._contradictions()]:
            raise DefinitionError(problems)

    def _contradictions(self) -> list[Problem]:
        problems = [
            Problem(
                code=f"repeated-{what}",
                column=name,
                message=f"{what} id {name!r} stands {count} times; each id may stand once.",
            )
            for what, parts in (
                ("area", self.areas),
                ("competence", self.competences),
                ("level", self.levels),
            )
            for name, count in Counter(part.id for part in parts).items()
            if count > 1
        ]
        areas = {area.id for area in self.areas}
        return problems + [
            Problem(
                code="unknown-area",
                column=competence.id,
                message=f"competence {competence.id!r} is in the unknown area {competence.area!r}.",
            )
            for competence in self.competences
            if competence.area not in areas
        ]

    @property
    def links(self) -> frozenset[str]:
        """What an item's `competences` may name: ``framework:area`` and ``framework:competence``."""
        parts = (*self.areas, *self.competences)
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
