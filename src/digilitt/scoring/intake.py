"""Intake: one table of cells checked against an instrument, with every problem found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.define.formats import MultiSelectFormat, option_codes
from digilitt.define.instrument import Instrument
from digilitt.define.mapping import Mapping
from digilitt.errors import Problem
from digilitt.result import Caveat
from digilitt.scoring.answers import Reading, labels_of, read_column, split_ticks
from digilitt.scoring.cells import CELL_ERRORS, calendar_text, is_blank, normalised, parse_number
from digilitt.scoring.columns import Layout, Roles, layout
from digilitt.scoring.kernel import not_asked
from digilitt.scoring.persons import holds_personal_numbers
from digilitt.scoring.plan import Plan

# Problems of single cells or rows, which `on_problem="missing"` turns into counted caveats.
CELL_PROBLEMS = ("invalid-answer", "partly-blank", "answered-though-not-asked", "summary-row")

SUMMARY_WORDS = frozenset(
    "medel medelvärde snitt genomsnitt antal summa total totalt median min max "
    "mean average count sum n st.av. std".split()
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """A table of cells with the place of each.

    Attributes
    ----------
    frame : pandas.DataFrame
        Columns are headers; cells are None or NaN where blank, text, numbers, dates.
    rows : sequence of str
        What each row is called: a spreadsheet's row number, or an index label.
    file, sheet : str
    decimal_comma : bool
        Whether text writes numbers as ``3,5``.
    date_1904 : bool
        Whether day numbers count from 1904.
    fixed : dict of str to str
        Wave or groups that hold for the whole table.
    """

    frame: pd.DataFrame
    rows: Sequence[str]
    file: str = ""
    sheet: str = ""
    decimal_comma: bool = False
    date_1904: bool = False
    fixed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """One table read: codes and people row by row, and what was found on the way.

    Attributes
    ----------
    codes : pandas.DataFrame
        Raw codes, missing codes included; NaN where blank or not understood.
    people : pandas.DataFrame
        Person, wave, groups, cluster, weight, rater, as far as named.
    places : pandas.DataFrame
        File, sheet and row of each row.
    problems : tuple of Problem
    caveats : tuple of Caveat
    """

    codes: pd.DataFrame
    people: pd.DataFrame
    places: pd.DataFrame
    problems: tuple[Problem, ...]
    caveats: tuple[Caveat, ...]


def take_in(cells: Cells, plan: Plan, mapping: Mapping, roles: Roles) -> Draft:
    """Check one table against an instrument.

    Parameters
    ----------
    cells : Cells
    plan : Plan
    mapping : Mapping
    roles : Roles
    """
    found = layout(list(cells.frame.columns), plan.instrument, mapping, roles)
    problems = [*_mapping_problems(plan.instrument, mapping), *found.problems]
    caveats = list(_dropped(found, cells))
    summary = _summary_rows(cells, found)
    problems += [_summary_problem(cells, row) for row in np.flatnonzero(summary)]
    kept = replace(
        cells,
        frame=cells.frame.loc[~summary].reset_index(drop=True),
        rows=[name for name, out in zip(cells.rows, summary, strict=True) if not out],
    )
    codes, people = [], []
    for wave in found.items or {"": {}}:
        read = _items(kept, found.items.get(wave, {}), plan, mapping)
        problems += read.problems
        codes.append(read.codes)
        here = _people(kept, found, mapping, caveats if not people else [])
        problems += here.problems if not people else []
        people.append(here.frame.assign(wave=wave) if wave else here.frame)
    n_waves = len(codes)
    places = pd.DataFrame(
        {"file": cells.file, "sheet": cells.sheet, "row": list(kept.rows) * n_waves},
        columns=["file", "sheet", "row"],
    )
    placed = (_in_file(problem, cells) for problem in problems)
    return Draft(
        codes=pd.concat(codes, ignore_index=True),
        people=pd.concat(people, ignore_index=True),
        places=places,
        problems=tuple(placed),
        caveats=tuple(caveats),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _ItemsRead:
    codes: pd.DataFrame
    problems: list[Problem]


@dataclass(frozen=True, slots=True, eq=False)
class _PeopleRead:
    frame: pd.DataFrame
    problems: list[Problem]


def _in_file(problem: Problem, cells: Cells) -> Problem:
    return replace(problem, file=cells.file, sheet=cells.sheet)


def _mapping_problems(instrument: Instrument, mapping: Mapping) -> Iterator[Problem]:
    for name, labels in mapping.labels.items():
        response_format = instrument.formats.get(name)
        if response_format is None:
            known = ", ".join(instrument.formats)
            message = f"labels for the unknown format {name!r}; the formats are {known}."
            yield Problem(code="unknown-format", message=message)
            continue
        codes = {*option_codes(response_format.options), *(m.code for m in response_format.missing)}
        for label, code in labels.items():
            if code not in codes and response_format.options:
                several = ", ".join(map(str, sorted(codes)))
                message = f"the label {label!r} is mapped to {code}; {name!r} has {several}."
                yield Problem(code="unknown-code", message=message)


def _dropped(found: Layout, cells: Cells) -> Iterator[Caveat]:
    if found.dropped:
        names = ", ".join(found.dropped[:20]) + (" …" if len(found.dropped) > 20 else "")
        message = f"{len(found.dropped)} columns that nobody named were left out: {names}."
        yield Caveat(code="columns-dropped", where=cells.file, message=message)


def _summary_rows(cells: Cells, found: Layout) -> NDArray[np.bool_]:
    """Rows at the end of the table that sum it up, such as "Medel" or "Antal"."""
    taken = {header for columns in found.items.values() for header in columns.values()}
    texts = [name for name in cells.frame.columns if name not in taken]
    columns = list(dict.fromkeys([*texts, *cells.frame.columns[:1]]))
    rows = np.zeros(len(cells.frame), dtype=np.bool_)
    for row in range(len(cells.frame) - 1, -1, -1):
        words = {
            normalised(cell).rstrip(":")
            for cell in (cells.frame[name].iat[row] for name in columns)
            if isinstance(cell, str)
        }
        if not words & SUMMARY_WORDS:
            break
        rows[row] = True
    return rows


def _summary_problem(cells: Cells, row: int) -> Problem:
    message = "looks like a summary row (mean, count or sum) below the answers; delete it."
    return Problem(code="summary-row", row=str(cells.rows[row]), message=message)


def _items(cells: Cells, columns: dict[str, str], plan: Plan, mapping: Mapping) -> _ItemsRead:
    n = len(cells.frame)
    codes = {name: np.full(n, np.nan) for name in plan.instrument.columns}
    problems: list[Problem] = []
    blanks = frozenset(normalised(text) for text in mapping.blanks)
    for item in plan.items:
        definition = plan.instrument.item(item.item)
        labels = labels_of(definition, plan.instrument, mapping)
        response_format = plan.instrument.format_of(definition)
        readings: dict[str, Reading] = {}
        if item.credit and item.item in columns:
            joined = list(cells.frame[columns[item.item]])
            readings = split_ticks(joined, item, labels, blanks)
            headers = dict.fromkeys(item.columns, columns[item.item])
        else:
            headers = {name: columns[name] for name in item.columns if name in columns}
            for name, header in headers.items():
                readings[name] = read_column(
                    list(cells.frame[header]),
                    item,
                    response_format,
                    labels,
                    blanks,
                    decimal_comma=cells.decimal_comma,
                )
        for name, reading in readings.items():
            codes[name] = reading.codes
            problems += [
                Problem(
                    code="invalid-answer",
                    row=str(cells.rows[row]),
                    column=headers[name],
                    message=message if headers[name] == name else f"item {name!r}: {message}",
                )
                for row, message in reading.wrong.items()
            ]
        if item.credit:
            problems += _unticked(cells, item.columns, headers, codes, mapping)
    problems += _contradicted_gates(cells, columns, plan, codes)
    return _ItemsRead(pd.DataFrame(codes, columns=list(plan.instrument.columns)), problems)


def _unticked(
    cells: Cells,
    names: Sequence[str],
    headers: dict[str, str],
    codes: dict[str, NDArray[np.float64]],
    mapping: Mapping,
) -> Iterator[Problem]:
    """Blanks beside ticks: left unticked where the mapping says so, else a problem."""
    ticks = np.column_stack([codes[name] for name in names])
    partly = np.isnan(ticks).any(axis=1) & (ticks == 1.0).any(axis=1)
    if mapping.unticked_blank:
        filled = np.where(partly[:, None] & np.isnan(ticks), 0.0, ticks)
        for position, name in enumerate(names):
            codes[name] = filled[:, position]
        return
    for row in np.flatnonzero(partly):
        message = (
            "has ticks beside blanks; fill in 0 for what was left unticked, or say "
            "unticked_blank = true in the mapping."
        )
        header = headers.get(names[0], names[0])
        yield Problem(code="partly-blank", row=str(cells.rows[row]), column=header, message=message)


def _contradicted_gates(
    cells: Cells, columns: dict[str, str], plan: Plan, codes: dict[str, NDArray[np.float64]]
) -> Iterator[Problem]:
    for item in plan.items:
        if item.gate is None:
            continue
        given = np.logical_or.reduce(
            [
                ~np.isnan(codes[name]) & ~np.isin(codes[name], item.not_applicable)
                for name in item.columns
            ]
        )
        for row in np.flatnonzero(given & not_asked(plan, item, codes)):
            code = codes[plan.item(item.gate.item).columns[0]][row]
            message = (
                f"item {item.item!r} is answered though {item.gate.item!r} is {code:g}, after "
                "which it is not asked; mend one of them."
            )
            header = columns.get(item.columns[0], columns.get(item.item, item.item))
            yield Problem(
                code="answered-though-not-asked",
                row=str(cells.rows[row]),
                column=header,
                message=message,
            )


def _people(cells: Cells, found: Layout, mapping: Mapping, caveats: list[Caveat]) -> _PeopleRead:
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
    return _PeopleRead(pd.DataFrame(made, index=range(len(cells.frame))), problems)


def _weights(
    cells: Cells, header: str, column: Sequence[object]
) -> tuple[list[float], list[Problem]]:
    numbers = [parse_number(cell, decimal_comma=cells.decimal_comma) for cell in column]
    problems = [
        Problem(
            code="weight",
            row=str(cells.rows[row]),
            column=header,
            message=f"found {str(column[row])[:40]!r}; expected a sampling weight above 0.",
        )
        for row, number in enumerate(numbers)
        if number is None or number <= 0
    ]
    return [np.nan if number is None else number for number in numbers], problems


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
        message = f"{n_serials} day numbers were read as dates, as other cells of the column are."
        caveats.append(Caveat(code="date-serials", where=header, message=message))
    values = {normalised(text): known for text, known in mapping.values.get(name, {}).items()}
    texts = [_text(cell) for cell in dated]
    told = [None if text is None else values.get(normalised(text), text) for text in texts]
    present = [text for text in told if text is not None]
    if holds_personal_numbers(present):
        message = (
            "holds Swedish personal identity numbers. Replace them by pseudonyms before reading, "
            "for instance with digilitt.pseudonymise(numbers, key=…)."
        )
        return told, [Problem(code="personal-number", column=header, message=message)]
    problems = [*_padding_problems(header, present), *_cell_errors(cells, header, told)]
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


def _text(cell: object) -> str | None:
    if is_blank(cell):
        return None
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return " ".join(str(cell).split())


def _cell_errors(cells: Cells, header: str, texts: Sequence[str | None]) -> Iterator[Problem]:
    for row, text in enumerate(texts):
        if text in CELL_ERRORS:
            message = f"found the error {text}; correct the formula, or clear the cell."
            yield Problem(
                code="cell-error", row=str(cells.rows[row]), column=header, message=message
            )


def _padding_problems(header: str, texts: Sequence[str]) -> Iterator[Problem]:
    """Codes that a spreadsheet stripped of their leading zeros in some rows only."""
    digits = {text for text in texts if text.isdecimal()}
    for text in sorted(digits):
        bare = text.lstrip("0")
        if bare != text and bare in digits:
            message = f"holds both {text!r} and {bare!r}; are they the same? Write them alike."
            yield Problem(code="mixed-code", column=header, message=message)
