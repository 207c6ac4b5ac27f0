"""Tables of cells with the place of each, and the rows in them that only sum up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.scoring.cells import is_blank, normalised

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


def summary_rows(
    frame: pd.DataFrame, item_headers: Collection[str], person: str
) -> NDArray[np.bool_]:
    """Rows at the end of a table that sum it up, such as "Medel" or "Antal".

    Parameters
    ----------
    frame : pandas.DataFrame
        Cells, columns are headers.
    item_headers : collection of str
        Headers of answers, in which such words mean nothing.
    person : str
        Header of the person ids, or empty. A row with a person id is a person's, whatever
        words stand in it.
    """
    texts = [name for name in frame.columns if name not in item_headers]
    columns = list(dict.fromkeys([*texts, *frame.columns[:1]]))
    rows = np.zeros(len(frame), dtype=np.bool_)
    for row in range(len(frame) - 1, -1, -1):
        words = {
            normalised(cell).rstrip(":")
            for cell in (frame[name].iat[row] for name in columns)
            if isinstance(cell, str)
        }
        if not words & SUMMARY_WORDS:
            break
        id_cell = None if not person else frame[person].iat[row]
        if not is_blank(id_cell) and normalised(id_cell).rstrip(":") not in SUMMARY_WORDS:
            break
        rows[row] = True
    return rows
