"""Tables of cells with the place of each, and the rows in them that only sum up."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.scoring.cells import is_blank, normalised

SUMMARY_WORDS = frozenset(
    "medel medelvärde snitt genomsnitt antal summa delsumma slutsumma totalsumma total totalt "
    "median min max mean average count sum n st.av. stdav standardavvikelse std sd".split()
) | {"grand total", "antal svar", "standard deviation"}
NUMBER_OF_ROWS = re.compile(r"n\s*=\s*[0-9]+")


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


def summary_rows(
    frame: pd.DataFrame, item_headers: Collection[str], person: str
) -> NDArray[np.bool_]:
    """Rows at the end of a table that sum it up or remark on it: "Medel", "Källa: enkät 2019".

    Parameters
    ----------
    frame : pandas.DataFrame
        Cells, columns are headers.
    item_headers : collection of str
        Headers of answers, in which such words mean nothing.
    person : str
        Header of the person ids, or empty. A row with a person id is a person's, whatever
        words stand in it; but words alone in their row are a note, where ids are no words.
    """
    texts = [name for name in frame.columns if name not in item_headers]
    columns = list(dict.fromkeys([*texts, *frame.columns[:1]]))
    notes = _notes(frame, person)
    rows = np.zeros(len(frame), dtype=np.bool_)
    for row in range(len(frame) - 1, -1, -1):
        if row not in notes:
            if not any(_sums_up(frame[name].iat[row]) for name in columns):
                break
            id_cell = None if not person else frame[person].iat[row]
            if not is_blank(id_cell) and not _sums_up(id_cell):
                break
        rows[row] = True
    return rows


def _sums_up(cell: object) -> bool:
    word = normalised(cell).rstrip(":") if isinstance(cell, str) else ""
    return word in SUMMARY_WORDS or NUMBER_OF_ROWS.fullmatch(word) is not None


def _notes(frame: pd.DataFrame, person: str) -> set[int]:
    """Rows at the end with several words where the person id belongs, and nothing else."""
    if not person or len(frame.columns) < 2:
        return set()
    notes: set[int] = set()
    for row in range(len(frame) - 1, -1, -1):
        cell = frame[person].iat[row]
        if not isinstance(cell, str) or " " not in cell.strip():
            break
        if sum(not is_blank(other) for other in frame.iloc[row]) > 1:
            break
        notes.add(row)
    if not notes:
        return notes
    ids = frame[person].iloc[: len(frame) - len(notes)]
    worded = any(isinstance(cell, str) and " " in cell.strip() for cell in ids)
    return set() if worded else notes
