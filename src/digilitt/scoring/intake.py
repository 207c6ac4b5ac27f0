"""Intake: one table of cells checked against an instrument, with every problem found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.define.mapping import Mapping
from digilitt.errors import Problem, counted
from digilitt.result import Caveat
from digilitt.scoring.answers import Reading, label_problems, labels_of, read_column, split_ticks
from digilitt.scoring.cells import normalised
from digilitt.scoring.columns import Layout, Roles, layout
from digilitt.scoring.kernel import not_asked
from digilitt.scoring.people import read_people
from digilitt.scoring.persons import quoted
from digilitt.scoring.plan import ItemPlan, Plan
from digilitt.scoring.table import Cells, summary_rows

# Problems of single cells or rows, which `on_problem="missing"` turns into counted caveats.
CELL_PROBLEMS = ("invalid-answer", "partly-blank", "answered-though-not-asked", "summary-row")


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
    found = layout(list(cells.frame.columns), plan.instrument, mapping, roles, cells.fixed)
    problems = [*label_problems(plan.instrument, mapping), *found.problems]
    caveats = list(_dropped(found, cells))
    taken = {header for columns in found.items.values() for header in columns.values()}
    summary = summary_rows(cells.frame, taken, found.people.get("person", ""))
    message = "looks like a summary row (mean, count or sum) or a note, not a person; delete it."
    problems += [
        Problem(code="summary-row", row=str(cells.rows[row]), message=message)
        for row in np.flatnonzero(summary).tolist()
    ]
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
        here = read_people(kept, found, mapping, caveats if not people else [])
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


def _dropped(found: Layout, cells: Cells) -> Iterator[Caveat]:
    if found.dropped:
        more = " …" if len(found.dropped) > 20 else ""
        names = ", ".join(map(quoted, found.dropped[:20])) + more
        message = f"{counted(len(found.dropped), 'column')} that nobody named left out: {names}."
        yield Caveat(code="columns-dropped", where=cells.file, message=message)


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
            problems += _unticked(cells, item, headers, codes, broken, mapping)
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
    item: ItemPlan,
    headers: dict[str, str],
    codes: dict[str, NDArray[np.float64]],
    broken: set[int],
    mapping: Mapping,
) -> Iterator[Problem]:
    """Blanks beside ticks: left unticked where the mapping says so, else a problem.

    Rows with an answer that was not understood (`broken`) stay as they are.
    """
    names = item.columns
    ticks = np.column_stack([codes[name] for name in names])
    ticks[list(broken)] = np.nan
    blank, ticked = np.isnan(ticks), (ticks == 1.0).any(axis=1)
    if mapping.unticked_blank:
        for position, name in enumerate(names):
            codes[name][ticked & blank[:, position]] = 0.0
        blank[ticked] = False
    coded = np.isin(ticks, item.missing_codes).any(axis=1)
    for row in np.flatnonzero(coded & ticked).tolist():
        message = "has a missing code together with ticks; keep one or the other."
        header = headers.get(names[0], names[0])
        yield Problem(
            code="invalid-answer", row=str(cells.rows[row]), column=header, message=message
        )
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
                ~np.isnan(codes[name]) & ~np.isin(codes[name], item.missing_codes)
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
