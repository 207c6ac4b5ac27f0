"""Crosswalks: which part of one framework took the place of which part of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError

from digilitt.define.catalogue import FRAMEWORKS, framework
from digilitt.define.fields import FROZEN, PartId, Table, Words, alike
from digilitt.define.framework import Area, Competence, Framework, Level
from digilitt.define.problems import from_validation, listed, suggestion
from digilitt.define.text import Text
from digilitt.define.toml import read_toml
from digilitt.errors import DefinitionError, Problem

CROSSWALKS = FRAMEWORKS.parent / "crosswalks"

What = Literal["area", "competence", "level"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One line of a crosswalk.

    Attributes
    ----------
    what : {"area", "competence", "level"}
    source, target : str
        Its ids in the two frameworks.
    source_label, target_label : str
        What it is called there, in a language that is the frameworks' own; for a level that is in a
        band, the name of the band.
    renamed : bool
        Whether the names differ, case and spaces apart.
    """

    what: What
    source: str
    target: str
    source_label: str
    target_label: str
    renamed: bool


class Crosswalk(BaseModel):
    """Which part of one framework answers to which part of another.

    Attributes
    ----------
    source, target : Framework
    reference : str
        Where it says that they go together.
    parts : dict of str to str
        Every area and competence of `source`, with its one counterpart in `target`.
    levels : dict of str to tuple of str
        Every level of `source`, with those of `target` that it answers to.

    Notes
    -----
    That two parts go together does not make them equal. Names, descriptions and examples may
    differ, and so may what an item must ask to be about one of them. `pairs` says which names
    changed.
    """

    model_config = FROZEN

    source: Framework
    target: Framework
    reference: Words
    parts: Table[PartId] = Field(min_length=1)
    levels: Table[tuple[PartId, ...]] = Field(default={}, validate_default=True)

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise DefinitionError(from_validation(error, data, "crosswalk", Crosswalk)) from None
        if problems := [*_part_problems(self), *_level_problems(self)]:
            raise DefinitionError(replace(problem, file="crosswalk") for problem in problems)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with other values for the fields in `update`; all checks hold for it.

        Raises
        ------
        DefinitionError
            If the new values are not sound.
        """
        return type(self)(**{**dict(self), **update}) if update else super().model_copy(deep=deep)

    def translate(self, link: str) -> str:
        """The counterpart of a link to an area or a competence.

        Raises
        ------
        DefinitionError
            If `source` has no such area or competence.

        Examples
        --------
        >>> import digilitt as dl
        >>> dl.crosswalk("digcomp-2.2", "digcomp-3.0").translate("digcomp-2.2:1.1")
        'digcomp-3.0:1.1'
        """
        name, _, part = str(link).partition(":")
        if name != self.source.id or part not in self.parts:
            known = [f"{self.source.id}:{part}" for part in self.parts]
            # Most often it is the framework that was left out.
            near = f"{self.source.id}:{link}" if link in self.parts else str(link)
            message = (
                f"{str(link)[:60]!r} is no area or competence of {self.source.id}; expected "
                f"one such as {known[0]!r}.{suggestion(near, known)}"
            )
            raise DefinitionError([Problem(code="unknown-competence", message=message)])
        return f"{self.target.id}:{self.parts[part]}"

    def translate_level(self, level: str | int) -> tuple[str, ...]:
        """The level or levels that a level answers to, from the lowest up.

        Parameters
        ----------
        level : str or int
            Id of a level; ids are texts, and 6 is taken as ``"6"``.

        Raises
        ------
        DefinitionError
            If `source` has no such level.

        Examples
        --------
        >>> import digilitt as dl
        >>> dl.crosswalk("digcomp-2.2", "digcomp-3.0").translate_level("6")
        ('3',)
        >>> dl.crosswalk("digcomp-3.0", "digcomp-2.2").translate_level("3")
        ('5', '6')
        """
        name = str(level)
        if name not in self.levels:
            message = f"{self.source.id} has no level {name[:60]!r}; known: {listed(self.levels)}."
            raise DefinitionError([Problem(code="unknown-level", message=message)])
        return tuple(other.id for other in self.target.levels if other.id in self.levels[name])

    def reverse(self) -> Crosswalk:
        """The same the other way round."""
        levels = {
            level.id: tuple(name for name, answers in self.levels.items() if level.id in answers)
            for level in self.target.levels
        }
        return Crosswalk(
            source=self.target,
            target=self.source,
            reference=self.reference,
            parts={target: source for source, target in self.parts.items()},
            levels=levels,
        )

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every pair with its names: areas, competences, then levels, in the order of `source`."""
        goes_to: dict[What, Mapping[str, tuple[str, ...]]] = {
            "area": {source: (target,) for source, target in self.parts.items()},
            "competence": {source: (target,) for source, target in self.parts.items()},
            "level": self.levels,
        }
        return tuple(
            self._pair(what, name, target)
            for what, targets in goes_to.items()
            for name in _names(self.source, what)
            for target in targets[name]
        )

    def _pair(self, what: What, source: str, target: str) -> Pair:
        names = _names(self.source, what)[source], _names(self.target, what)[target]
        own = [
            language
            for language in self.source.languages
            if language in self.target.languages
            and language not in (*self.source.own_translations, *self.target.own_translations)
        ]
        before, after = (text.to(own[0] if own else "en") for text in names)
        return Pair(what, source, target, before, after, alike(before) != alike(after))

    def __repr__(self) -> str:
        renamed = sum(pair.renamed for pair in self.pairs if pair.what != "level")
        return (
            f"Crosswalk({self.source.id} → {self.target.id}: {len(self.parts)} areas and "
            f"competences, {renamed} of them renamed; {len(self.levels)} levels)"
        )

    __str__ = __repr__


def crosswalk(source: str, target: str) -> Crosswalk:
    """The crosswalk between two frameworks that ship with digilitt, in either direction.

    Parameters
    ----------
    source, target : str
        Ids of frameworks, such as ``"digcomp-2.2"`` and ``"digcomp-3.0"``.

    Raises
    ------
    DefinitionError
        If there is none between the two.

    Examples
    --------
    >>> import digilitt as dl
    >>> between = dl.crosswalk("digcomp-2.2", "digcomp-3.0")
    >>> next(pair for pair in between.pairs if pair.source == "2.5")
    Pair(what='competence', source='2.5', target='2.5', source_label='Netiquette', \
target_label='Digital behaviour', renamed=True)
    """
    known = directions()
    if (source, target) not in known:
        message = (
            f"there is no crosswalk from {str(source)[:60]!r} to {str(target)[:60]!r}; there is "
            f"{listed(f'{one} → {other}' for one, other in known)}."
        )
        raise DefinitionError([Problem(code="unknown-crosswalk", message=message)])
    path = known[source, target]
    forward = path.stem.startswith(f"{source}_")
    ends = (source, target) if forward else (target, source)
    content = read_toml(path)
    frameworks = {"source": framework(ends[0]), "target": framework(ends[1])}
    try:
        made = Crosswalk(**content, **frameworks)
    except DefinitionError as error:
        raise DefinitionError(replace(p, file=str(path)) for p in error.problems) from None
    return made if forward else made.reverse()


def directions() -> dict[tuple[str, str], Path]:
    """From which framework to which there is a crosswalk, and its file."""
    files = {path: path.stem.split("_") for path in sorted(CROSSWALKS.glob("*.toml"))}
    forward = {(one, other): path for path, (one, other) in files.items()}
    return {**forward, **{(other, one): path for (one, other), path in forward.items()}}


def _names(whole: Framework, what: What) -> dict[str, Text]:
    """Names of parts by id; of a level that is in a band, the band's."""
    bands = {band.id: band.label for band in whole.level_bands}
    parts: dict[What, tuple[Area, ...] | tuple[Competence, ...] | tuple[Level, ...]] = {
        "area": whole.areas,
        "competence": whole.competences,
        "level": whole.levels,
    }
    return {
        part.id: bands.get(getattr(part, "band", None) or "", part.label) for part in parts[what]
    }


def _part_problems(made: Crosswalk) -> Iterator[Problem]:
    kinds = [
        {name: what for what in ("area", "competence") for name in _names(whole, what)}
        for whole in (made.source, made.target)
    ]
    ends = (made.source, [*made.parts]), (made.target, [*made.parts.values()])
    for (whole, names), kind in zip(ends, kinds, strict=True):
        yield from _ends(whole, "area or competence", "competence", names, kind)
    for source, target in made.parts.items():
        before, after = kinds[0].get(source), kinds[1].get(target)
        if before and after and before != after:
            message = f"pairs the {before} {source!r} with the {after} {target!r}; pair like kinds."
            yield Problem(code="crosswalk-pair", column=source, message=message)
    for target, count in Counter(made.parts.values()).items():
        if count > 1:
            message = f"{target!r} is the counterpart of {count} parts; it may be that of one."
            yield Problem(code="crosswalk-pair", column=target, message=message)


def _level_problems(made: Crosswalk) -> Iterator[Problem]:
    reached = [level for levels in made.levels.values() for level in levels]
    for whole, names in ((made.source, [*made.levels]), (made.target, reached)):
        yield from _ends(whole, "level", "level", names, _names(whole, "level"))
    for name, levels in made.levels.items():
        if not levels or len({*levels}) < len(levels):
            message = f"level {name!r} answers to {listed(levels)}; name each level once."
            yield Problem(code="crosswalk-pair", column=name, message=message)


def _ends(
    whole: Framework, what: str, code: str, found: list[str], known: Mapping[str, object]
) -> Iterator[Problem]:
    """Names that a framework has not, and names of its that stand in no pair."""
    for name in dict.fromkeys(found):
        if name not in known:
            message = f"{whole.id} has no {what} {name!r}.{suggestion(name, known)}"
            yield Problem(code=f"unknown-{code}", column=name, message=message)
    for name in known:
        if name not in found:
            message = f"the {what} {name!r} of {whole.id} is in no pair; add it."
            yield Problem(code="crosswalk-pair", column=name, message=message)
