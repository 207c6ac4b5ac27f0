"""Content: what of a framework the items of an instrument say they are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from digilitt.define.catalogue import SUPPLEMENT, stands_in_supplement
from digilitt.define.catalogue import framework as shipped
from digilitt.define.crosswalk import crosswalk, directions
from digilitt.define.framework import Framework
from digilitt.define.instrument import Instrument
from digilitt.define.problems import suggestion
from digilitt.define.statement import Outcome, Statement
from digilitt.errors import DefinitionError, Problem, counted
from digilitt.result import Caveat, Provenance, Result

COUNTS = {"n_items": "int64", "share": "float64", "n_crosswalk": "int64", "item_ids": "str"}
PARTS = dict.fromkeys(("part", "id", "area", "label"), "str") | COUNTS
STATEMENTS = dict.fromkeys(("part", "id", "competence", "level", "kind", "ai"), "str") | COUNTS
LINKS = dict.fromkeys(("item", "id", "through"), "str")


@dataclass(frozen=True, slots=True)
class _Link:
    """An item, what it is about, and the link to another framework that led there, if one did."""

    item: str
    id: str
    through: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Coverage(Result):
    """How many items say that they are about each part of a framework.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per area, followed by its competences: part ("area" or "competence"), id,
        area, label (in English), n_items, share (of the items of the instrument, from 0 to
        1), n_crosswalk (how many of n_items come by a crosswalk alone) and item_ids. An area
        counts the items that are about it or about any of its competences, each once; an
        item about the area alone counts for none of its competences.
    statements : pandas.DataFrame
        If any item refers to a statement or an outcome: one row for each that the framework
        has, with its competence, level, kind and ai label. Else empty.
    links : pandas.DataFrame
        item, id (what it is about) and through (the link by which a crosswalk led there).
    unlinked : tuple of str
        Items that refer to nothing in this framework, and to nothing that leads to it.
    framework : Framework

    Notes
    -----
    This counts what the author of the instrument says of its items. It is no evidence that
    the items measure it, nor that they measure it well or at the level they should: that takes
    judgement by people who know the field, and answers.
    """

    statements: pd.DataFrame
    links: pd.DataFrame
    unlinked: tuple[str, ...]
    framework: Framework

    @property
    def gaps(self) -> pd.DataFrame:
        """The rows of `table` that no item is about."""
        return self.table[self.table["n_items"] == 0].reset_index(drop=True)


def coverage(
    instrument: Instrument, *, framework: Framework | str | Path | None = None
) -> Coverage:
    """Count the items of an instrument by the areas and competences that they refer to.

    Parameters
    ----------
    instrument : Instrument
    framework : Framework, str or Path, optional
        The framework to count by, or its id or file; without it the one that the items refer
        to. Items that refer to another framework count where a crosswalk leads from there.

    Returns
    -------
    Coverage
        With the caveats ``links-are-claims``, and where they apply ``items-without-link``,
        ``through-crosswalk`` and ``framework-unverified``.

    Raises
    ------
    DefinitionError
        If no framework is named and the items refer to several or to none, or an item refers
        to what its framework has not (all problems at once).

    Examples
    --------
    >>> import digilitt as dl
    >>> covered = dl.coverage(dl.instrument("digital-safety-quiz"))
    >>> about = covered.table[covered.table["n_items"] > 0]
    >>> print(about[["part", "id", "n_items"]].to_string(index=False))
          part  id  n_items
          area   2        1
    competence 2.5        1
          area   4       12
    competence 4.1        9
    competence 4.2        3
    >>> len(covered.gaps)
    21
    """
    whole = _framework(instrument, framework)
    links = _links(instrument, whole)
    order = [item.id for item in instrument.items]
    found = {link.item for link in links}
    unlinked = tuple(item for item in order if item not in found)
    return Coverage(
        kind="coverage",
        table=_parts(whole, links, order),
        statements=_statements(whole, links, order),
        links=_table([(link.item, link.id, link.through) for link in links], LINKS),
        unlinked=unlinked,
        framework=whole,
        caveats=tuple(_caveats(whole, links, order, unlinked)),
        provenance=Provenance(
            instrument=instrument.name,
            digest=instrument.digest,
            method="coverage",
            options=(
                ("framework", f"{whole.id}@{whole.version}"),
                ("framework_digest", whole.digest),
            ),
        ),
    )


def _framework(instrument: Instrument, named: Framework | str | Path | None) -> Framework:
    if not isinstance(instrument, Instrument):
        message = f"found a {type(instrument).__name__}; expected an Instrument."
        raise DefinitionError([Problem(code="wrong-type", message=message)])
    if isinstance(named, Framework):
        return named
    if named is not None:
        return shipped(named)
    items: dict[str, list[str]] = {}
    for item in instrument.items:
        for name in dict.fromkeys(link.partition(":")[0] for link in item.competences):
            items.setdefault(name, []).append(item.id)
    if len(items) == 1:
        return shipped(next(iter(items)))
    if items:
        several = ", ".join(f"{name} ({counted(len(ids), 'item')})" for name, ids in items.items())
        message = f"its items refer to several frameworks: {several}. Name one by framework=."
    else:
        message = (
            "its items refer to no framework; add competences = [...] to them, as in "
            '["digcomp-3.0:1.1"].'
        )
    code = "several-frameworks" if items else "no-framework"
    raise DefinitionError([Problem(code=code, file=instrument.name, message=message)])


def _links(instrument: Instrument, whole: Framework) -> list[_Link]:
    """What each item is about in this framework, each part once, directly if it says so."""
    named = {link.partition(":")[0] for item in instrument.items for link in item.competences}
    walks = {name: crosswalk(name, whole.id) for name in named if (name, whole.id) in directions()}
    known = whole.links
    links: dict[tuple[str, str], _Link] = {}
    problems = []
    for item in instrument.items:
        own = [link for link in item.competences if link.startswith(f"{whole.id}:")]
        others = [link for link in item.competences if link.partition(":")[0] in walks]
        for link in (*own, *others):
            through = "" if link in own else link
            try:
                to = walks[link.partition(":")[0]].translate(link) if through else link
            except DefinitionError as error:
                problems += [(item.id, problem.message) for problem in error.problems]
                continue
            name = to.partition(":")[2]
            if to in known:
                links.setdefault((item.id, name), _Link(item.id, name, through))
            else:
                message = f"refers to {to!r}, which {whole.id} has not.{suggestion(to, known)}"
                if stands_in_supplement(to, whole):
                    message = f"refers to {to!r}. {SUPPLEMENT} framework=…."
                problems.append((item.id, message))
    if problems:
        raise DefinitionError(
            Problem(code="unknown-competence", file=instrument.name, column=item, message=message)
            for item, message in problems
        )
    return list(links.values())


def _parts(whole: Framework, links: Sequence[_Link], order: Sequence[str]) -> pd.DataFrame:
    homes = _homes(whole)
    rows: list[tuple[object, ...]] = []
    for area in whole.areas:
        about = [link for link in links if homes[link.id][0] == area.id]
        rows.append(("area", area.id, area.id, str(area.label), *_counts(about, order)))
        for part in whole.competences:
            if part.area == area.id:
                about = [link for link in links if homes[link.id][1] == part.id]
                told = ("competence", part.id, area.id, str(part.label))
                rows.append((*told, *_counts(about, order)))
    return _table(rows, PARTS)


def _statements(whole: Framework, links: Sequence[_Link], order: Sequence[str]) -> pd.DataFrame:
    every: tuple[Statement | Outcome, ...] = (*whole.statements, *whole.outcomes)
    rows: list[tuple[object, ...]] = []
    for part in every:
        what, kind = ("outcome", part.kind) if isinstance(part, Outcome) else ("statement", "")
        about = [link for link in links if link.id == part.id]
        told = (what, part.id, part.competence, part.level or "", kind, part.ai or "")
        rows.append((*told, *_counts(about, order)))
    referred = any(row[-1] for row in rows)
    return _table(rows if referred else [], STATEMENTS)


def _table(rows: Sequence[tuple[object, ...]], columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def _homes(whole: Framework) -> dict[str, tuple[str, str]]:
    """Area and competence of each part that items may refer to; an area has no competence."""
    areas = {competence.id: competence.area for competence in whole.competences}
    every: tuple[Statement | Outcome, ...] = (*whole.statements, *whole.outcomes)
    stated = {part.id: part.competence for part in every}
    return {
        **{area.id: (area.id, "") for area in whole.areas},
        **{name: (area, name) for name, area in areas.items()},
        **{name: (areas[competence], competence) for name, competence in stated.items()},
    }


def _counts(about: Sequence[_Link], order: Sequence[str]) -> tuple[int, float, int, str]:
    """n_items, share, n_crosswalk and item_ids."""
    items = {link.item for link in about}
    direct = {link.item for link in about if not link.through}
    return (
        len(items),
        len(items) / len(order),
        len(items - direct),
        ", ".join(item for item in order if item in items),
    )


def _caveats(
    whole: Framework, links: Sequence[_Link], order: Sequence[str], unlinked: Sequence[str]
) -> Iterator[Caveat]:
    message = (
        "the links are what the author of the instrument says; counting them is no evidence that "
        "the items measure it."
    )
    yield Caveat(code="links-are-claims", message=message)
    if unlinked:
        message = (
            f"{len(unlinked)} of {counted(len(order), 'item')} refer to nothing in {whole.id}: "
            f"{', '.join(unlinked)}."
        )
        yield Caveat(code="items-without-link", where=whole.id, message=message)
    for source in dict.fromkeys(link.through.partition(":")[0] for link in links if link.through):
        led = {link.item for link in links if link.through.startswith(f"{source}:")}
        items = [item for item in order if item in led]
        message = (
            f"{counted(len(items), 'item')} counted through links to {source}, by the crosswalk "
            f"from there to {whole.id}: {', '.join(items)}."
        )
        yield Caveat(code="through-crosswalk", where=source, message=message)
    for sentence in whole.unverified:
        yield Caveat(code="framework-unverified", where=whole.id, message=sentence)
