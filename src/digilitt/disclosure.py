"""Disclosure control: withhold the results of small groups and whatever would reveal them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from math import prod
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import DisclosureError, Problem
from digilitt.numerics.suppression import margins, minimum, suppress
from digilitt.result import ALL, Caveat

MASK = "suppressed"

Names = str | Sequence[str]
Rows: TypeAlias = "Sequence[bool] | NDArray[np.bool_] | pd.Series[bool]"
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """The smallest group whose results may be shown.

    Parameters
    ----------
    min_n : int
        Smallest number of persons whose results may be shown, 1 or more; there is no default.
        1 shows everything.

    Raises
    ------
    DisclosureError
        When `min_n` is not a whole number of 1 or more.

    Examples
    --------
    >>> table = pd.DataFrame({"sex": ["man", "woman", ALL], "n": [3, 20, 23], "mean": [2, 3, 2.9]})
    >>> shown, caveat = Disclosure(min_n=5).apply(table, by="sex", counts="n")
    >>> print(shown.to_string(index=False))
      sex    n  mean  suppressed
      man  NaN   NaN        True
    woman  NaN   NaN        True
    (all) 23.0   2.9       False
    >>> caveat.code
    'small-groups-suppressed'
    """

    min_n: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "min_n", minimum(self.min_n))

    def mask(
        self,
        table: pd.DataFrame,
        by: Names,
        counts: Names,
        *,
        each: Names = (),
        also: Rows | None = None,
        last: Rows | None = None,
    ) -> pd.Series[bool]:
        """Find the rows to withhold.

        Parameters
        ----------
        table : pandas.DataFrame
            One row per combination of the `by` columns (and of `each`). A row with the value
            `ALL` in a `by` column is the sum over that column. Combinations without a row hold
            nobody. Sums without a row are taken to be published elsewhere, and are given up only
            where hardly anything else would do. A missing value is a group of its own.
        by : str or sequence of str
            Columns that tell the groups apart.
        counts : str or sequence of str
            Columns with numbers of persons, 0 or more. A row is small when any of them is 1 to
            ``min_n - 1``; no withheld count may follow from the published ones.
        each : str or sequence of str, optional
            Columns that repeat the same groups, such as the scale. Their tables get one mask in
            common: a total withheld for one scale and shown for another is not withheld.
        also : sequence of bool, optional
            Rows that are withheld for another reason, such as another table of the same
            persons; one value per row. They stay withheld, and are protected as well.
        last : sequence of bool, optional
            Rows to give up only where hardly anything else will do; one value per row.

        Returns
        -------
        pandas.Series of bool
            True for the rows to withhold, with the index of `table`.

        Raises
        ------
        DisclosureError
            When a column is missing, a combination has several rows, a count is not a whole
            number of 0 or more, or a sum is not the sum of its rows; with every row concerned.
            When `also` or `last` has not one true or false per row.

        Notes
        -----
        The rules are those of `digilitt.numerics.suppression.suppress`, for one count column
        after the other until nothing more is withheld. The reader who is defended against does
        not use that one count cannot exceed another, such as persons scored and persons who
        answered. Two calls know nothing of each other: tables of the same persons go into one, or
        are called for in turn, each with what the others withhold in `also`, until nothing
        changes.

        Examples
        --------
        >>> table = pd.DataFrame({"place": ["A", "B", "C"], "n": [30, 2, 9]})
        >>> Disclosure(min_n=5).mask(table, by="place", counts="n").tolist()
        [False, True, True]
        """
        by, counts, each = _names(by), _names(counts), _names(each)
        _raise(_column_problems(table, [*by, *counts, *each]))
        shape, places = _places(table, by)
        layers = _layers(table, each)
        _raise([*_repeated(table, places, layers), *_uncountable(table, counts)])
        tables: dict[bytes, Ints] = {}
        problems: list[Problem] = []
        for layer in range(layers.max(initial=-1) + 1):
            rows = layers == layer
            for count in counts:
                full = _with_margins(table.loc[rows, count], places[rows], shape)
                problems += _not_sums(table.loc[rows, count], full.ravel()[places[rows]])
                tables[full.tobytes()] = full[(slice(None, -1),) * full.ndim]
        _raise(problems)
        given = np.zeros(prod(shape), dtype=bool)
        given[places[_row_flags(table, also, "also")]] = True
        reluctant = np.ones(prod(shape), dtype=bool)
        reluctant[places] = False
        reluctant[places[_row_flags(table, last, "last")]] = True
        hidden = self._joint(list(tables.values()), given.reshape(shape), reluctant.reshape(shape))
        return pd.Series(hidden.ravel()[places], index=table.index, name=MASK, dtype=bool)

    def _joint(self, tables: Sequence[Ints], hidden: Bools, reluctant: Bools) -> Bools:
        """One pattern, over cells and margins, that protects every one of the tables."""
        settled = 0
        for counts in cycle(tables):
            if settled == len(tables):
                break
            found = suppress(counts, self.min_n, also=hidden, last=reluctant)
            settled = settled + 1 if np.array_equal(found.suppressed, hidden) else 1
            hidden = found.suppressed
        return hidden

    def apply(
        self,
        table: pd.DataFrame,
        by: Names,
        counts: Names,
        *,
        hide: Names | None = None,
        each: Names = (),
    ) -> tuple[pd.DataFrame, Caveat]:
        """Copy the table without what small groups must not show, and say so in a caveat.

        Parameters
        ----------
        table, by, counts, each
            As for `mask`.
        hide : str or sequence of str, optional
            Columns to empty in the withheld rows: all statistics of the group. The count columns
            are emptied in any case. Default: every column but `by` and `each`.

        Returns
        -------
        pandas.DataFrame
            The copy: NaN in the withheld rows, and a column ``suppressed`` (bool).
        Caveat
            How many rows are withheld, and by which rule.

        Raises
        ------
        DisclosureError
            As for `mask`; when a column of `hide` is missing or one of `by` or `each`, or when
            the table has a column ``suppressed`` already.
        """
        labels, shown = [*_names(by), *_names(each)], list(table.columns)
        wanted = [name for name in shown if name not in labels] if hide is None else _names(hide)
        hidden = list(dict.fromkeys([*_names(counts), *wanted]))
        _raise([*_column_problems(table, [*labels, *hidden]), *_mask_problems(table)])
        withheld = self.mask(table, by, counts, each=each)
        frame = table.copy()
        for name in hidden:
            frame[name] = frame[name].mask(withheld.to_numpy())
        frame[MASK] = withheld
        return frame, self.caveat(withheld)

    def caveat(self, mask: pd.Series[bool]) -> Caveat:
        """Tell a reader about the withheld rows.

        Parameters
        ----------
        mask : pandas.Series of bool
            True for the rows withheld, as `mask` returns it.

        Returns
        -------
        Caveat
            With the code ``small-groups-suppressed``. How many of the rows are small themselves
            is not told: it would help to find them.

        Examples
        --------
        >>> Disclosure(min_n=1).caveat(pd.Series([False, False])).message
        'Minimum group size 1: every group is shown; 0 of 2 rows are withheld.'
        """
        rows = f"{int(mask.sum())} of {len(mask)} rows are withheld"
        if self.min_n == 1:
            message = f"Minimum group size 1: every group is shown; {rows}."
        else:
            small = "1" if self.min_n == 2 else f"1 to {self.min_n - 1}"
            message = (
                f"Minimum group size {self.min_n}: {rows}, because a number of persons in the "
                f"row is {small}, or because such a row could be worked out from it. "
                "Rows with nobody are shown."
            )
        return Caveat(code="small-groups-suppressed", message=message)


def _names(names: Names) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _raise(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise DisclosureError(found)


def _column_problems(table: pd.DataFrame, names: Sequence[str]) -> Iterator[Problem]:
    present = list(table.columns)
    for name in dict.fromkeys(names):
        if present.count(name) != 1:
            found = "has no such column" if name not in present else "has it several times"
            columns = ", ".join(map(str, dict.fromkeys(present)))
            message = f"The table {found}; its columns are: {columns}."
            yield Problem(code="unknown-column", column=str(name), message=message)
        elif list(names).count(name) > 1:
            message = (
                "The column is named twice; a column tells groups apart or is hidden, not both."
            )
            yield Problem(code="repeated-column", column=str(name), message=message)


def _mask_problems(table: pd.DataFrame) -> Iterator[Problem]:
    if MASK in table.columns:
        message = "The table has a column of this name already; rename it, or mask the original."
        yield Problem(code="name-clash", column=MASK, message=message)


def _places(table: pd.DataFrame, by: Sequence[str]) -> tuple[tuple[int, ...], NDArray[np.intp]]:
    """Shape of the table with margins, and the flat place in it of every row."""
    shape: list[int] = []
    places = np.zeros(len(table), dtype=np.intp)
    for name in by:
        values = table[name].astype(object)
        total = values.map(lambda value: isinstance(value, str) and value == ALL).to_numpy(bool)
        codes, levels = pd.factorize(values[~total])
        codes[codes < 0] = len(levels)
        length = max(codes.max(initial=-1) + 1, len(levels)) + 1
        code = np.full(len(table), length - 1, dtype=np.intp)
        code[~total] = codes
        places = places * length + code
        shape.append(length)
    return tuple(shape), places


def _layers(table: pd.DataFrame, each: Sequence[str]) -> NDArray[np.intp]:
    if not each:
        return np.zeros(len(table), dtype=np.intp)
    groups = table.groupby(list(each), dropna=False, observed=True, sort=False)
    return np.asarray(groups.ngroup(), dtype=np.intp)


def _repeated(
    table: pd.DataFrame, places: NDArray[np.intp], layers: NDArray[np.intp]
) -> Iterator[Problem]:
    repeated = pd.DataFrame({"layer": layers, "place": places}).duplicated().to_numpy()
    for label in table.index[repeated]:
        message = (
            "The row repeats a combination that has a row already; expected one row per "
            "combination. Columns that repeat the same groups, such as the scale, go in each=."
        )
        yield Problem(code="repeated-row", row=str(label), message=message)


def _uncountable(table: pd.DataFrame, counts: Sequence[str]) -> Iterator[Problem]:
    if not counts:
        message = "No count column is named; expected those with numbers of persons in counts=."
        yield Problem(code="no-counts", message=message)
    for name in counts:
        column = table[name]
        if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            message = f"Found a column of type {column.dtype}; expected numbers of persons."
            yield Problem(code="bad-counts", column=name, message=message)
            continue
        values = column.to_numpy(dtype=float, na_value=np.nan)
        whole = np.isfinite(values) & (values >= 0) & (values == np.floor(values))
        for label, value in zip(table.index[~whole], values[~whole], strict=True):
            message = f"Found {value:g}; expected a number of persons: a whole number, 0 or more."
            yield Problem(code="bad-counts", row=str(label), column=name, message=message)


def _row_flags(table: pd.DataFrame, flags: Rows | None, name: str) -> Bools:
    values = np.zeros(len(table), dtype=bool) if flags is None else np.asarray(flags)
    if values.shape != (len(table),) or values.dtype != bool:
        message = (
            f"{name} has shape {values.shape} and type {values.dtype}; expected true or false for "
            f"each of the {len(table)} rows."
        )
        raise DisclosureError([Problem(code="bad-shape", message=message)])
    return values


def _with_margins(column: pd.Series[int], places: NDArray[np.intp], shape: tuple[int, ...]) -> Ints:
    listed = np.zeros(shape, dtype=np.int64)
    listed.ravel()[places] = column.to_numpy(dtype=np.int64)
    return margins(listed[(slice(None, -1),) * len(shape)])


def _not_sums(column: pd.Series[int], sums: Ints) -> Iterator[Problem]:
    wrong = column.to_numpy(dtype=np.int64) != sums
    for label, found, expected in zip(column.index[wrong], column[wrong], sums[wrong], strict=True):
        message = (
            f"The row for all holds {found:g}, but the rows it sums over hold {expected}. Give "
            "every group a row, those with a missing value too; where persons can stand in "
            "several groups, leave out the rows for all."
        )
        yield Problem(code="not-a-sum", row=str(label), column=str(column.name), message=message)
