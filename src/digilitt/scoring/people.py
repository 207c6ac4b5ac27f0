"""People: the columns that say who answered, when, and to which groups they belong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from digilitt.define.mapping import Mapping
from digilitt.errors import Problem, counted
from digilitt.result import Caveat
from digilitt.scoring.cells import (
    CELL_ERRORS,
    calendar_text,
    cell_text,
    is_blank,
    normalised,
    parse_number,
)
from digilitt.scoring.columns import Layout
from digilitt.scoring.persons import holds_personal_numbers, quoted
from digilitt.scoring.table import Cells

# Keys that TOML takes without quotation marks.
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, eq=False)
class PeopleRead:
    """The columns about people, and what is wrong with them.

    Attributes
    ----------
    frame : pandas.DataFrame
        Person, wave, groups, cluster, weight, rater, as far as named.
    problems : list of Problem
    """

    frame: pd.DataFrame
    problems: list[Problem]


def read_people(cells: Cells, found: Layout, mapping: Mapping, caveats: list[Caveat]) -> PeopleRead:
    """Read the columns about people; dates that were numbers are told in `caveats`."""
    made: dict[str, object] = {}
    problems: list[Problem] = []
    for name, header in found.people.items():
        column = list(cells.frame[header])
        if name == "weight":
            made[name], wrong = _weights(cells, header, column)
        else:
            made[name], wrong = _texts(cells, name, header, column, mapping, caveats)
        problems += wrong
    for name, value in cells.fixed.items():
        if name in made:
            message = f"{name!r} is given for the whole file, so no column may hold it as well."
            problems.append(
                Problem(code="column-twice", column=found.people[name], message=message)
            )
        made[name] = [value] * len(cells.frame)
    return PeopleRead(pd.DataFrame(made, index=range(len(cells.frame))), problems)


def _weights(
    cells: Cells, header: str, column: Sequence[object]
) -> tuple[list[float], list[Problem]]:
    numbers = [parse_number(cell, decimal_comma=cells.decimal_comma) for cell in column]
    problems = [
        Problem(
            code="weight",
            row=str(cells.rows[row]),
            column=header,
            message=f"found {_shown(column[row])}; expected a sampling weight above 0.",
        )
        for row, number in enumerate(numbers)
        if number is None or number <= 0
    ]
    return [np.nan if number is None else number for number in numbers], problems


def _shown(cell: object) -> str:
    return "no weight" if is_blank(cell) else quoted(cell)


def _texts(
    cells: Cells,
    name: str,
    header: str,
    column: Sequence[object],
    mapping: Mapping,
    caveats: list[Caveat],
) -> tuple[list[str | None], list[Problem]]:
    dated, n_serials = calendar_text(column, date_1904=cells.date_1904)
    if n_serials:
        message = (
            f"{counted(n_serials, 'day number')} read as dates, as other cells of the column are."
        )
        caveats.append(Caveat(code="date-serials", where=header, message=message))
    values = {normalised(text): known for text, known in mapping.values.get(name, {}).items()}
    texts = [None if is_blank(cell) else cell_text(cell) for cell in dated]
    told = [None if text is None else values.get(normalised(text), text) for text in texts]
    present = [text for text in told if text is not None]
    if holds_personal_numbers(present):
        message = (
            "holds Swedish personal identity numbers. Replace them by pseudonyms before reading, "
            "for instance with digilitt.pseudonymise(numbers, key=…)."
        )
        return told, [Problem(code="personal-number", column=header, message=message)]
    problems = [*padding_problems(header, present, name), *_cell_errors(cells, header, told)]
    if name == "person":
        problems += [
            Problem(
                code="no-person",
                row=str(cells.rows[row]),
                column=header,
                message="no person id; every row needs one (leave person out when occasions "
                "are anonymous).",
            )
            for row, text in enumerate(told)
            if text is None
        ]
    return told, problems


def _cell_errors(cells: Cells, header: str, texts: Sequence[str | None]) -> Iterator[Problem]:
    for row, text in enumerate(texts):
        if text in CELL_ERRORS:
            message = f"found the error {text}; correct the formula, or clear the cell."
            yield Problem(
                code="cell-error", row=str(cells.rows[row]), column=header, message=message
            )


def padding_problems(header: str, texts: Iterable[str], name: str = "") -> Iterator[Problem]:
    """Texts that are probably one: but for case, or for zeros that a spreadsheet took away.

    `name` is the role or group that the column holds, where it is not called so.
    """
    key = name or header
    table = f"[values.{key}]" if BARE_KEY.fullmatch(key) else f'[values."{key}"]'
    written: dict[str, set[str]] = {}
    for text in set(texts):
        whole = text.removesuffix(".0").removesuffix(",0")
        alike = whole.lstrip("0") if whole.isdecimal() else normalised(text)
        written.setdefault(alike, set()).add(text)
    for several in written.values():
        if len(several) > 1:
            both = " and ".join(map(repr, sorted(several)))
            message = (
                f"holds both {both}; are they the same? Write them alike, or say under {table} in "
                "a mapping what each is called."
            )
            yield Problem(code="mixed-code", column=header, message=message)
