"""Columns: which header holds which item, and which holds person, wave and groups.

A header names an item by its id, by its text in any language, or through a mapping; case
and white space do not matter. Nothing is guessed: near misses are told, not taken.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from digilitt.define.formats import MultiSelectFormat
from digilitt.define.instrument import Instrument
from digilitt.define.mapping import Mapping as AnswerMapping
from digilitt.errors import Problem
from digilitt.scoring.cells import normalised
from digilitt.scoring.persons import quoted

# Forms tools write a grid's rows as "Question [Row]".
GRID_ROW = re.compile(r".*\[(.+)\]", re.DOTALL)

ROLES = ("person", "wave", "cluster", "weight", "rater")


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Headers of the columns about people; empty where there is none.

    Attributes
    ----------
    person, wave, cluster, weight, rater : str
    groups : dict of str to str
        Group name to header.
    """

    person: str = ""
    wave: str = ""
    cluster: str = ""
    weight: str = ""
    rater: str = ""
    groups: dict[str, str]

    def headers(self) -> dict[str, str]:
        """Name of each role and group to its header, where there is one."""
        roles = {role: getattr(self, role) for role in ROLES}
        return {name: header for name, header in {**roles, **self.groups}.items() if header}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the columns of one table hold.

    Attributes
    ----------
    items : dict of str to dict of str to str
        By wave ("" where waves do not stand side by side): target (an item's column, or a
        multi-select item whose ticks are joined in one cell) to header.
    people : dict of str to str
        "person", "wave", "cluster", "weight", "rater" and group names to header.
    dropped : tuple of str
        Headers that nobody named.
    problems : tuple of Problem
    """

    items: dict[str, dict[str, str]]
    people: dict[str, str]
    dropped: tuple[str, ...]
    problems: tuple[Problem, ...]


def layout(
    headers: Sequence[str],
    instrument: Instrument,
    mapping: AnswerMapping,
    roles: Roles,
    fixed: Collection[str] = (),
) -> Layout:
    """Find out what each column holds.

    Parameters
    ----------
    headers : sequence of str
    instrument : Instrument
    mapping : Mapping
        Its `columns` come before ids and texts.
    roles : Roles
    fixed : collection of str
        Wave or groups that hold for the whole table, so that no column does.
    """
    problems: list[Problem] = []
    people: dict[str, str] = {}
    for name, wanted in roles.headers().items():
        header = _find(wanted, headers)
        if header is None:
            problems.append(_no_header(name, wanted, headers))
        else:
            people[name] = header
    problems += _value_problems(mapping, {*people, *roles.headers(), *fixed})
    items: dict[str, dict[str, str]] = {}
    taken = set(people.values())
    for header, target in _targets(headers, instrument, mapping, problems):
        if header in taken:
            continue
        column, _, wave = target.partition("@")
        found = items.setdefault(wave, {})
        if column in found:
            message = f"and {found[column]!r} both hold {column!r}; keep one, or map them apart."
            problems.append(Problem(code="column-twice", column=header, message=message))
            continue
        found[column] = header
        taken.add(header)
    for wave, found in (items or {"": {}}).items():
        problems.extend(_lacking(wave, found, headers, taken, instrument))
    problems += _wave_problems(items, people)
    return Layout(
        items=items,
        people=people,
        dropped=tuple(header for header in headers if header not in taken),
        problems=tuple(problems),
    )


def _wave_problems(
    items: Mapping[str, Mapping[str, str]], people: Mapping[str, str]
) -> Iterator[Problem]:
    if len(items) > 1 and "" in items:
        several = ", ".join(sorted(wave for wave in items if wave))
        message = f"some items stand once and some by wave ({several}); give each its wave."
        yield Problem(code="waves-mixed", message=message)
    if any(items) and people.get("wave"):
        message = "waves stand side by side in the mapping, so there is no wave column as well."
        yield Problem(code="waves-mixed", column=people["wave"], message=message)


def _value_problems(mapping: AnswerMapping, known: Collection[str]) -> Iterator[Problem]:
    for name in mapping.values:
        if name not in known:
            several = ", ".join(sorted(known)) or "none"
            message = f"[values.{name}] in the mapping is for no group; the groups are {several}."
            yield Problem(code="unknown-group", column=name, message=message)


def known_names(instrument: Instrument) -> dict[str, set[str]]:
    """Every name by which a column can be known, normalised, to its targets."""
    names: dict[str, set[str]] = {}
    for item in instrument.items:
        names.setdefault(normalised(item.id), set()).add(item.id)
        for text in item.text.variants():
            names.setdefault(normalised(text), set()).add(item.id)
        response_format = instrument.format_of(item)
        if isinstance(response_format, MultiSelectFormat):
            for option in response_format.options:
                column = f"{item.id}:{option.code}"
                names.setdefault(normalised(column), set()).add(column)
    return names


def name_in(header: str, names: Mapping[str, set[str]]) -> set[str]:
    """Targets that a header names, as it stands or by the part in brackets."""
    found = names.get(normalised(header), set())
    row = GRID_ROW.fullmatch(header)
    return found or (names.get(normalised(row.group(1)), set()) if row else set())


def _targets(
    headers: Sequence[str],
    instrument: Instrument,
    mapping: AnswerMapping,
    problems: list[Problem],
) -> Iterator[tuple[str, str]]:
    mapped = {}
    valid = {item.id for item in instrument.items} | set(instrument.columns)
    for wanted, target in mapping.columns.items():
        header = _find(wanted, headers)
        if header is None:
            problems.append(_no_header(target, wanted, headers))
        elif target.partition("@")[0] not in valid:
            message = f"is mapped to {target!r}, which the instrument has not."
            problems.append(Problem(code="unknown-item", column=wanted, message=message))
        else:
            mapped[header] = target
    names = known_names(instrument)
    for header in headers:
        if header in mapped:
            yield header, mapped[header]
            continue
        found = name_in(header, names)
        if len(found) > 1:
            several = ", ".join(sorted(found))
            message = f"fits several items ({several}); say which by a mapping."
            problems.append(Problem(code="ambiguous-column", column=header, message=message))
        for target in found if len(found) == 1 else ():
            if not any(target == given.partition("@")[0] for given in mapped.values()):
                yield header, target


def _lacking(
    wave: str,
    found: Mapping[str, str],
    headers: Sequence[str],
    taken: set[str],
    instrument: Instrument,
) -> Iterator[Problem]:
    free = [header for header in headers if header not in taken]
    for item in instrument.items:
        if item.id in found:
            # A multi-select item has one column with all its ticks, or one for each option.
            for column in instrument.columns_of(item):
                if column != item.id and column in found:
                    message = f"{found[item.id]!r} holds all of {item.id!r} already; keep one."
                    yield Problem(code="column-twice", column=found[column], message=message)
            continue
        for column in instrument.columns_of(item):
            if column in found:
                continue
            wanted = [column, *item.text.variants()]
            close = [m for name in wanted for m in get_close_matches(name, free, n=1, cutoff=0.75)]
            hint = f" Is it {close[0]!r}? Then say so by a mapping." if close else ""
            at = f" for wave {wave!r}" if wave else ""
            message = f"no column holds it{at} ({item.text.to('en')[:60]!r}).{hint}"
            yield Problem(code="missing-column", column=column, message=message)


def _find(wanted: str, headers: Sequence[str]) -> str | None:
    if wanted in headers:
        return wanted
    found = [header for header in headers if normalised(header) == normalised(wanted)]
    return found[0] if len(found) == 1 else None


def _no_header(name: str, wanted: str, headers: Sequence[str]) -> Problem:
    close = get_close_matches(wanted, headers, n=1)
    hint = f" Is it {close[0]!r}?" if close else ""
    shown = ", ".join(quoted(header) for header in list(headers)[:12])
    more = " …" if len(headers) > 12 else ""
    message = f"no column {wanted!r} for {name!r}.{hint} The columns are {shown}{more}."
    return Problem(code="missing-column", column=wanted, message=message)
