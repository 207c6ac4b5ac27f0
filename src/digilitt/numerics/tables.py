"""Tables of counts: each item alone, and every two items against one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MISSING = -1
# Rows at a time, such that two items of a block stay in the processor's cache.
BLOCK_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class Codes:
    """Answers as category numbers.

    Attributes
    ----------
    codes : ndarray of int64, shape (n, p)
        0 for the lowest category of the item, -1 where there is no answer.
    categories : tuple of ndarray, length p
        What each category number stands for, ascending.
    """

    codes: Integers
    categories: tuple[Floats, ...]


def category_codes(values: Floats) -> Codes:
    """Number the distinct values of each column, from the lowest.

    Parameters
    ----------
    values : ndarray of float64, shape (n, p)
        NaN where there is no answer.

    Examples
    --------
    >>> found = category_codes(np.array([[5.0, 1.0], [1.0, np.nan], [2.0, 1.0]]))
    >>> found.codes.tolist()
    [[2, 0], [0, -1], [1, 0]]
    >>> found.categories[0].tolist()
    [1.0, 2.0, 5.0]
    """
    codes = np.full(values.shape, MISSING, dtype=np.int64)
    categories = []
    for column in range(values.shape[1]):
        answered = ~np.isnan(values[:, column])
        found = values[answered, column]
        distinct = np.unique(found)
        codes[answered, column] = np.searchsorted(distinct, found)
        categories.append(distinct)
    return Codes(codes, tuple(categories))


def pair_index(n_items: int) -> tuple[Integers, Integers]:
    """First and second item of every pair: (0, 1), (0, 2), …, (1, 2), …"""
    first, second = np.triu_indices(n_items, 1)
    return first.astype(np.int64), second.astype(np.int64)


def pair_tables(
    codes: Integers, n_categories: int, counts: Floats | None = None
) -> tuple[Floats, Floats]:
    """Contingency tables of all pairs of items, and the counts of each item.

    Parameters
    ----------
    codes : ndarray of int64, shape (n, p)
        Category numbers from 0, negative where there is no answer.
    n_categories : int
        Categories of the item that has most, k; others have empty rows or columns.
    counts : ndarray of float64, shape (n,), optional
        Persons that each row stands for; 1 when left out.

    Returns
    -------
    tables : ndarray of float64, shape (p (p - 1) / 2, k, k)
        In the order of `pair_index`: persons who answered both, the first item in the rows.
    margins : ndarray of float64, shape (p, k)
        All persons who answered the item.

    Notes
    -----
    Two category numbers make one, and those are counted; a missing answer is one category more.
    A product of matrices would do the same, but waits for every processor that is busy.

    Examples
    --------
    >>> tables, margins = pair_tables(np.array([[0, 1], [1, 1], [1, -1]]), 2)
    >>> tables[0].tolist(), margins.tolist()
    ([[0.0, 1.0], [0.0, 1.0]], [[1.0, 2.0], [0.0, 2.0]])
    """
    n, p = codes.shape
    side = n_categories + 1
    columns = np.ascontiguousarray(np.where(codes < 0, n_categories, codes).T)
    shifted = columns * side
    first, second = pair_index(p)
    pairs = [*zip(first.tolist(), second.tolist(), strict=True)]
    tables, margins = np.zeros((len(pairs), side * side)), np.zeros((p, side))
    for start in range(0, n, BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        weights = None if counts is None else counts[rows]
        for item in range(p):
            margins[item] += np.bincount(columns[item, rows], weights, side)
        for place, (a, b) in enumerate(pairs):
            both = shifted[a, rows] + columns[b, rows]
            tables[place] += np.bincount(both, weights, side * side)
    inner = slice(0, n_categories)
    whole = tables.reshape(len(pairs), side, side)
    return np.ascontiguousarray(whole[:, inner, inner]), np.ascontiguousarray(margins[:, inner])
