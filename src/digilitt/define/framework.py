"""Competence frameworks: areas, competences and levels, as data."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, Field, StrictBool, ValidationError

from digilitt.define.fields import (
    FROZEN,
    Language,
    PartId,
    SlugId,
    Table,
    Version,
    Words,
)
from digilitt.define.problems import from_validation, listed, named, suggestion
from digilitt.define.statement import Outcome, Statement
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


class LevelBand(BaseModel):
    """Neighbouring levels that go by one name, such as *Foundation* for levels 1 and 2."""

    model_config = LABELLED

    id: PartId
    label: Text


class Level(BaseModel):
    """A proficiency level, with the band it is in and its equivalents in other level schemes."""

    model_config = LABELLED

    id: PartId
    label: Text
    description: Text | None = None
    band: PartId | None = None
    equivalents: Table[tuple[str, ...]] = Field(default={}, validate_default=True)


class Framework(BaseModel):
    """A competence framework.

    Attributes
    ----------
    unverified : tuple of str
        What was not checked against its source, one sentence each.
    own_translations : tuple of str
        Languages whose labels are digilitt's own and not the framework's.
    areas, competences : tuple of Area, tuple of Competence
    levels, level_bands : tuple of Level, tuple of LevelBand
        Levels from the lowest up. Where there are bands, each level is in one.
    statements, outcomes : tuple of Statement, tuple of Outcome
        What the framework says of each competence. No framework ships with them;
        `read_digcomp` reads those of DigComp 3.0.

    Notes
    -----
    Items refer to areas, competences, statements and outcomes alike, so an id is unique among
    all four. Levels and bands have ids of their own.
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
    unverified: tuple[Words, ...] = ()
    own_translations: tuple[Language, ...] = ()
    areas: tuple[Annotated[Area, BeforeValidator(gather_languages)], ...] = Field(min_length=1)
    competences: tuple[Annotated[Competence, BeforeValidator(gather_languages)], ...] = ()
    levels: tuple[Annotated[Level, BeforeValidator(gather_languages)], ...] = ()
    level_bands: tuple[Annotated[LevelBand, BeforeValidator(gather_languages)], ...] = ()
    statements: tuple[Statement, ...] = ()
    outcomes: tuple[Outcome, ...] = ()

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
        """What an item may refer to, such as ``digcomp-3.0:1.1`` for that competence."""
        return frozenset(f"{self.id}:{name}" for ids in _linked(self).values() for name in ids)

    def canonical_json(self) -> str:
        """The definition as JSON with sorted keys and without defaults."""
        content = self.model_dump(mode="json", exclude_defaults=True)
        return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()

    def __repr__(self) -> str:
        kinds = ("areas", "competences", "levels", "statements", "outcomes")
        counts = [(len(getattr(self, kind)), kind) for kind in kinds]
        shown = [f"{n} {kind}" for n, kind in counts if n or kind in kinds[:3]]
        return f"Framework({self.id}@{self.version}: {', '.join(shown)})"

    __str__ = __repr__


def _linked(framework: Framework) -> dict[str, list[str]]:
    """Ids of each kind of part that items may refer to."""
    return {
        "area": [area.id for area in framework.areas],
        "competence": [competence.id for competence in framework.competences],
        "statement": [statement.id for statement in framework.statements],
        "outcome": [outcome.id for outcome in framework.outcomes],
    }


def _contradictions(framework: Framework) -> list[Problem]:
    return [
        *_repeated_ids(framework),
        *_unknown_names(framework),
        *_unknown_languages(framework),
        *_band_problems(framework),
    ]


def _repeated_ids(framework: Framework) -> Iterator[Problem]:
    linked = _linked(framework)
    levels = [level.id for level in framework.levels]
    bands = [band.id for band in framework.level_bands]
    for what, names in {**linked, "level": levels, "band": bands}.items():
        for name, count in Counter(names).items():
            if count > 1:
                message = f"{what} id {name!r} stands {count} times; each id may stand once."
                yield Problem(code=f"repeated-{what}", column=name, message=message)
    known: dict[str, str] = {}
    for what, names in linked.items():
        for name in sorted({*names}):
            if known.setdefault(name, what) != what:
                message = (
                    f"{name!r} is the id of a part of two kinds ({known[name]} and {what}), and "
                    f"items could not tell which they refer to; give the {what} another id."
                )
                yield Problem(code=f"repeated-{what}", column=name, message=message)


def _unknown_names(framework: Framework) -> Iterator[Problem]:
    areas = [area.id for area in framework.areas]
    competences = [competence.id for competence in framework.competences]
    levels = [level.id for level in framework.levels]
    bands = [band.id for band in framework.level_bands]
    for competence in framework.competences:
        yield from _unknown("competence", competence.id, "area", competence.area, areas)
    for level in framework.levels:
        yield from _unknown("level", level.id, "band", level.band, bands)
    for what, parts in (("statement", framework.statements), ("outcome", framework.outcomes)):
        for part in parts:
            yield from _unknown(what, part.id, "competence", part.competence, competences)
            yield from _unknown(what, part.id, "level", part.level, levels)


def _unknown(
    what: str, name: str, kind: str, found: str | None, known: Sequence[str]
) -> Iterator[Problem]:
    if found is not None and found not in known:
        message = (
            f"{what} {name!r} names the unknown {kind} {found!r}; the {kind}s are "
            f"{listed(dict.fromkeys(known))}.{suggestion(found, known)}"
        )
        yield Problem(code=f"unknown-{kind}", column=name, message=message)


def _unknown_languages(framework: Framework) -> Iterator[Problem]:
    for language in framework.own_translations:
        if language not in framework.languages:
            several = ", ".join(framework.languages)
            message = f"names {language!r}, which is none of the languages ({several})."
            yield Problem(code="unknown-language", column="own_translations", message=message)


def _band_problems(framework: Framework) -> Iterator[Problem]:
    """Bands without levels, levels without band, and bands that other levels interrupt."""
    bands = [band.id for band in framework.level_bands]
    named = [level.band for level in framework.levels]
    if not bands or not {*named} <= {*bands, None}:
        return  # There are none, or their names are to be mended first.
    stretches = Counter(band for band, _ in groupby(named))
    for level in framework.levels:
        if level.band is None:
            message = f"level {level.id!r} is in no band, though there are bands; give it one."
            yield Problem(code="level-bands", column=level.id, message=message)
    for name in dict.fromkeys(bands):
        if stretches[name] != 1:
            message = (
                f"the levels of band {name!r} do not follow one another; sort the levels."
                if stretches[name]
                else f"no level is in band {name!r}; remove the band, or name it in a level."
            )
            yield Problem(code="level-bands", column=name, message=message)
