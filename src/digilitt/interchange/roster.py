"""Rosters: who was invited and who enrolled, from a file."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pandas as pd

from digilitt.define.mapping import Mapping
from digilitt.errors import Problem, ResponseError
from digilitt.interchange.tables import read_table
from digilitt.scoring.cells import cell_text, is_blank, normalised
from digilitt.scoring.persons import holds_personal_numbers

YES = frozenset(("1", "1.0", "true", "sant", "ja", "yes", "j", "y", "x"))
NO = frozenset(("0", "0.0", "false", "falskt", "nej", "no", "n", ""))


def read_roster(
    path: str | os.PathLike[str],
    *,
    enrolled: str = "enrolled",
    mapping: Mapping | None = None,
    sheet: str | int | None = None,
) -> pd.DataFrame:
    r"""Read a roster: one row per invited person, with the groups to compare by.

    Parameters
    ----------
    path : path
        CSV or Excel.
    enrolled : str
        Header of the column that says who enrolled: 1 or 0, ja or nej, yes or no.
    mapping : Mapping, optional
        The mapping of the answers: where the roster has its headers for persons and groups
        they get the same names, and groups the same values.
    sheet : str or int, optional
        Sheet of a workbook.

    Returns
    -------
    pandas.DataFrame
        Text in all columns; ``enrolled`` is true or false.

    Raises
    ------
    InterchangeError
        If the file cannot be read as a table.
    ResponseError
        If there is no such column, a cell of it is neither yes nor no, or a column holds
        Swedish personal identity numbers.

    Examples
    --------
    >>> import digilitt as dl
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "roster.csv")
    ...     _ = file.write_text("person,municipality,enrolled\nk1,Hörby,ja\n", encoding="utf-8")
    ...     dl.read_roster(file)["enrolled"].tolist()
    [True]
    """
    table = read_table(path, sheet=sheet)
    found = [name for name in table.cells.columns if normalised(name) == normalised(enrolled)]
    if len(found) != 1:
        known = ", ".join(table.cells.columns)
        message = f"the roster needs one column {enrolled!r}; its columns are {known}."
        problem = Problem(code="missing-column", file=table.file, column=enrolled, message=message)
        raise ResponseError([problem])
    words = ["" if is_blank(cell) else normalised(cell) for cell in table.cells[found[0]]]
    problems = [
        Problem(
            code="not-true-false",
            file=table.file,
            sheet=table.sheet,
            row=str(row),
            column=found[0],
            message=f"found {word[:40]!r}; expected 1 or 0, ja or nej, yes or no.",
        )
        for row, word in zip(table.rows, words, strict=True)
        if word not in YES | NO
    ]
    told = mapping or Mapping()
    names = {told.person: "person", **{header: name for name, header in told.groups.items()}}
    texts = table.cells.map(lambda cell: None if is_blank(cell) else cell_text(cell))
    texts = texts.rename(columns={**names, found[0]: "enrolled"})
    for name, values in told.values.items():
        if name in texts:
            called = {normalised(text): value for text, value in values.items()}
            texts[name] = [called.get(normalised(text), text) for text in texts[name]]
    problems += _personal_numbers(texts, table.file)
    if problems:
        raise ResponseError(problems)
    return texts.assign(enrolled=[word in YES for word in words])


def _personal_numbers(texts: pd.DataFrame, file: str) -> Iterator[Problem]:
    for name in texts:
        if holds_personal_numbers(texts[name].dropna()):
            message = (
                "holds Swedish personal identity numbers. Replace them by the pseudonyms that "
                "the answers have."
            )
            yield Problem(code="personal-number", file=file, column=str(name), message=message)
