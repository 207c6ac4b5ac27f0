"""Intake: one table of cells checked against an instrument, with every problem found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.define.mapping import Mapping
from digilitt.errors import Problem
from digilitt.result import Caveat
from digilitt.scoring.answers import Reading, label_problems, labels_of, read_column, split_ticks
from digilitt.scoring.cells import (
    CELL_ERRORS,
    calendar_text,
    cell_text,
    is_blank,
    normalised,
    parse_number,
)
from digilitt.scoring.columns import Layout, Roles, layout
from digilitt.scoring.kernel import not_asked
from digilitt.scoring.persons import holds_personal_numbers, quoted
from digilitt.scoring.plan import ItemPlan, Plan

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
    problems = [*label_problems(plan.instrument, mapping), *found.problems]
    caveats = list(_dropped(found, cells))
    summary = _summary_rows(cells, found)
    problems += [_summary_problem(cells, row) for row in np.flatnonzero(summary).tolist()]
    kept = replace(
        cells,
        frame=cells.frame.loc[~summary].reset_index(drop=True),
        rows=[name for name, out in zip(cells.rows, summary, strict=True) if not out],
    )
    codes: list[pd.DataFrame] = []
    people: list[pd.DataFrame] = []
    for wave in found.items or {"": {}}:
        read = _items(kept, found.items.get(wave, {}), plan, mapping)
        problems += read.problems
        codes.append(read.codes)
        here = _people(kept, found, mapping, caveats if not people else [])
        problems += here.problems if not people else []
        people.append(here.frame.assign(wave=wave) if wave else here.frame)
    if any(found.items) and "wave" in cells.fixed:
        message = "waves stand side by side in the mapping, so the file has no wave of its own."
        problems.append(Problem(code="waves-mixed", message=message))
    n_waves = len(codes)
    places = pd.DataFrame(
        {"file": cells.file, "sheet": cells.sheet, "row": list(kept.rows) * n_waves},
        columns=["file", "sheet", "row"],
    )
    return Draft(
        codes=pd.concat(codes, ignore_index=True),
        people=pd.concat(people, ignore_index=True),
        places=places,
        problems=tuple(replace(found, file=cells.file, sheet=cells.sheet) for found in problems),
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


def _dropped(found: Layout, cells: Cells) -> Iterator[Caveat]:
    if found.dropped:
        more = " …" if len(found.dropped) > 20 else ""
        names = ", ".join(map(quoted, found.dropped[:20])) + more
        message = f"{len(found.dropped)} columns that nobody named were left out: {names}."
        yield Caveat(code="columns-dropped", where=cells.file, message=message)


def _summary_rows(cells: Cells, found: Layout) -> NDArray[np.bool_]:
    """Rows at the end of the table that sum it up, such as "Medel" or "Antal".

    A row with a person id is a person's, whatever words stand in it.
    """
    person = found.people.get("person")
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
        id_cell = None if person is None else cells.frame[person].iat[row]
        if not is_blank(id_cell) and normalised(id_cell).rstrip(":") not in SUMMARY_WORDS:
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
    for item in plan.items:
        if item.credit and item.item in columns:
            headers = dict.fromkeys(item.columns, columns[item.item])
        else:
            headers = {name: columns[name] for name in item.columns if name in columns}
        readings = _readings(cells, item, headers, plan, mapping)
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
            broken = {row for reading in readings.values() for row in reading.wrong}
            problems += _unticked(cells, item.columns, headers, codes, broken, mapping)
    problems += _contradicted_gates(cells, columns, plan, codes)
    return _ItemsRead(pd.DataFrame(codes, columns=list(plan.instrument.columns)), problems)


def _readings(
    cells: Cells, item: ItemPlan, headers: dict[str, str], plan: Plan, mapping: Mapping
) -> dict[str, Reading]:
    """The columns of one item, read; `headers` is one for all where ticks are joined."""
    definition = plan.instrument.item(item.item)
    response_format = plan.instrument.format_of(definition)
    labels = labels_of(definition, plan.instrument, mapping)
    blanks = frozenset(normalised(text) for text in mapping.blanks)
    if len(set(headers.values())) < len(headers):
        joined = list(cells.frame[headers[item.columns[0]]])
        return split_ticks(joined, item, labels, blanks)
    return {
        name: read_column(
            list(cells.frame[header]),
            item,
            response_format,
            labels,
            blanks,
            decimal_comma=cells.decimal_comma,
        )
        for name, header in headers.items()
    }


def _unticked(
    cells: Cells,
    names: Sequence[str],
    headers: dict[str, str],
    codes: dict[str, NDArray[np.float64]],
    broken: set[int],
    mapping: Mapping,
) -> Iterator[Problem]:
    """Blanks beside ticks: left unticked where the mapping says so, else a problem.

    Rows with an answer that was not understood (`broken`) stay as they are.
    """
    ticks = np.column_stack([codes[name] for name in names])
    ticks[list(broken)] = np.nan
    blank, ticked = np.isnan(ticks), (ticks == 1.0).any(axis=1)
    if mapping.unticked_blank:
        for position, name in enumerate(names):
            codes[name][ticked & blank[:, position]] = 0.0
        blank[ticked] = False
    for row in np.flatnonzero(
        blank.any(axis=1) & ((ticks == 0.0) | (ticks == 1.0)).any(axis=1)
    ).tolist():
        message = (
            "has 0 or 1 beside blanks; fill in 0 for what was left unticked, or say "
            "unticked_blank = true in the mapping (for rows with a tick)."
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
        for row in np.flatnonzero(given & not_asked(plan, item, codes)).tolist():
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
            message=f"found {quoted(column[row])}; expected a sampling weight above 0.",
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
    texts = [None if is_blank(cell) else cell_text(cell) for cell in dated]
    told = [None if text is None else values.get(normalised(text), text) for text in texts]
    present = [text for text in told if text is not None]
    if holds_personal_numbers(present):
        message = (
            "holds Swedish personal identity numbers. Replace them by pseudonyms before reading, "
            "for instance with digilitt.pseudonymise(numbers, key=…)."
        )
        return told, [Problem(code="personal-number", column=header, message=message)]
    problems = [*padding_problems(header, present), *_cell_errors(cells, header, told)]
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


def padding_problems(header: str, texts: Iterable[str]) -> Iterator[Problem]:
    """Codes that a spreadsheet stripped of their leading zeros in some rows only."""
    written: dict[str, set[str]] = {}
    for text in texts:
        if text.isdecimal():
            written.setdefault(text.lstrip("0"), set()).add(text)
    for several in written.values():
        if len(several) > 1:
            both = " and ".join(map(repr, sorted(several)))
            message = f"holds both {both}; are they the same? Write them alike."
            yield Problem(code="mixed-code", column=header, message=message)
