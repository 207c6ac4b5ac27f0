"""Answers from files, read against an instrument."""

from __future__ import annotations

import os
from collections.abc import Mapping as Keyed
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from digilitt.define.instrument import Instrument
from digilitt.define.mapping import Mapping, read_mapping
from digilitt.errors import InterchangeError, Problem, ResponseError
from digilitt.interchange.tables import RawTable, read_table
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.intake import take_in
from digilitt.scoring.responses import OnProblem, Responses, assemble, chosen_roles
from digilitt.scoring.table import Cells

File = str | os.PathLike[str]


def read_responses(
    source: File | Keyed[str, File],
    instrument: Instrument,
    *,
    person: str | None = None,
    wave: str | None = None,
    groups: Sequence[str] = (),
    cluster: str | None = None,
    weight: str | None = None,
    rater: str | None = None,
    mapping: Mapping | File | None = None,
    files_by: str = "wave",
    sheet: str | int | None = None,
    header_row: int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    on_problem: OnProblem = "error",
) -> Responses:
    """Read answers from CSV or Excel files and check them against an instrument.

    Parameters
    ----------
    source : path, or mapping of str to path
        One file; or several, keyed by wave (or by what `files_by` says).
    instrument : Instrument
    person, wave, cluster, weight, rater : str, optional
        Headers of those columns; `mapping` may say them instead. Without `person`
        occasions are anonymous.
    groups : sequence of str
        Headers of columns to compare by, or names of groups in the mapping.
    mapping : Mapping or path, optional
        What headers and cells mean in this organisation; see `guess_mapping`.
    files_by : str
        What the keys of several files are: "wave", or the name of a group such as
        "municipality".
    sheet, header_row : str or int, int, optional
        Where the table stands in a workbook; the header is row 1 unless said otherwise.
    encoding, delimiter : str, optional
        For text files that are not understood by themselves.
    on_problem : {"error", "missing"}
        As for `responses`.

    Returns
    -------
    Responses

    Raises
    ------
    InterchangeError
        If a file cannot be read as a table; all its problems at once.
    ResponseError
        If answers do not fit; all problems of all files, each with file, sheet, row and
        column.

    Examples
    --------
    >>> import digilitt as dl
    >>> core = dl.instrument("digilitt-core")
    >>> answers = dl.read_responses(dl.sample("digilitt-core"), core, person="person",
    ...     wave="wave", groups=["municipality"])
    >>> answers.groups
    ('municipality',)
    """
    known = _mapping_for(instrument, mapping)
    several = dict(source) if isinstance(source, Keyed) else {"": source}
    if not several:
        raise ResponseError("There is no file to read; give one path, or a mapping to paths.")
    roles = chosen_roles(known, person, wave, groups, cluster, weight, rater)
    plan = compile_plan(instrument)
    tables = _read_tables(
        several,
        sheet=known.sheet if sheet is None else sheet,
        header_row=known.header_row if header_row is None else header_row,
        encoding=encoding,
        delimiter=delimiter,
    )
    drafts = []
    for key, table in tables.items():
        draft = take_in(_cells(table, {files_by: key} if key else {}), plan, known, roles)
        drafts.append(replace(draft, caveats=(*table.caveats, *draft.caveats)))
    names = [table.file for table in tables.values()]
    return assemble(drafts, plan, roles, on_problem, source=names)


def _mapping_for(instrument: Instrument, mapping: Mapping | File | None) -> Mapping:
    if mapping is None:
        return Mapping()
    known = mapping if isinstance(mapping, Mapping) else read_mapping(Path(mapping))
    if known.instrument and known.instrument != instrument.id:
        raise ResponseError(
            f"The mapping was made for {known.instrument!r}, not for {instrument.id!r}; "
            "choose that instrument, or mend `instrument` in the mapping."
        )
    return known


def _read_tables(several: Keyed[str, File], **options: Any) -> dict[str, RawTable]:
    """Every file read as a table, or one error with the problems of all that cannot be."""
    tables, problems = {}, list[Problem]()
    for key, path in several.items():
        try:
            tables[key] = read_table(path, **options)
        except InterchangeError as error:
            problems += error.problems
    if problems:
        raise InterchangeError(problems)
    return tables


def _cells(table: RawTable, fixed: dict[str, str]) -> Cells:
    return Cells(
        frame=table.cells,
        rows=[str(row) for row in table.rows],
        file=table.file,
        sheet=table.sheet,
        decimal_comma=table.decimal_comma,
        date_1904=table.date_1904,
        fixed=fixed,
    )
