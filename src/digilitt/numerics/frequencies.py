"""How often each answer was given, and which part of the order of persons each one is in.

Arrays of persons × items in, NaN for a missing answer. A row may stand for several persons.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from digilitt.numerics.moments import BLOCK, ItemMoments

Floats = NDArray[np.float64]

# Sums that differ by less than this part of the largest are alike but for rounding.
SAME = 1e-10


def frequencies(
    values: Floats, weight: Floats, moments: ItemMoments, most: int
) -> list[tuple[Floats, Floats] | None]:
    """Answers of each item in ascending order, and how many persons gave each.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows, n_items)
    weight : ndarray of float64, shape (n_rows,)
        Persons that each row stands for.
    moments : ItemMoments
        Of the same values: smallest and largest answer.
    most : int
        An item with more different answers than that gets None.

    Examples
    --------
    >>> from digilitt.numerics.moments import item_moments
    >>> answers = np.array([[1.0], [3.0], [3.0], [np.nan]])
    >>> frequencies(answers, np.ones(4), item_moments(answers), most=10)
    [(array([1., 3.]), array([1., 2.]))]
    """
    low = moments.low
    with np.errstate(invalid="ignore"):
        narrow = (moments.high - low < most) & (low == np.floor(low)) & (np.abs(low) < 2**52)
    chosen = values if narrow.all() else values[:, narrow]
    counted = _of_whole_numbers(chosen, weight, low[narrow], most)
    found: list[tuple[Floats, Floats] | None] = []
    where = iter(counted)
    for item in range(values.shape[1]):
        whole = next(where) if narrow[item] else None
        found.append(_sorted(values[:, item], weight, most) if whole is None else whole)
    return found


def _of_whole_numbers(
    values: Floats, weight: Floats, low: Floats, most: int
) -> list[tuple[Floats, Floats] | None]:
    """Counts of whole numbers from `low` up, in one pass; None where others are among them."""
    k = values.shape[1]
    # The last place of each item takes what is missing.
    counts, whole = np.zeros(k * (most + 1)), np.ones(k, dtype=np.bool_)
    offset = np.arange(k) * (most + 1)
    for start in range(0, len(values), BLOCK):
        place = values[start : start + BLOCK] - low
        np.copyto(place, most, where=np.isnan(place))
        # A row that stands for nobody may hold anything.
        place[weight[start : start + BLOCK] == 0] = most
        near = place.astype(np.int64)
        whole &= (near == place).all(axis=0)
        rows = np.repeat(weight[start : start + BLOCK], k)
        counts += np.bincount((near + offset).ravel(), rows, minlength=k * (most + 1))
    table = counts.reshape(k, most + 1)[:, :most]
    return [
        (low[item] + np.flatnonzero(row), row[row > 0]) if whole[item] else None
        for item, row in enumerate(table)
    ]


def _sorted(column: Floats, weight: Floats, most: int) -> tuple[Floats, Floats] | None:
    given = ~np.isnan(column) & (weight > 0)
    if len(np.unique(column[given][: 50 * most])) > most:
        return None
    levels, place = np.unique(column[given], return_inverse=True)
    if len(levels) > most:
        return None
    return levels, np.bincount(place, weight[given], minlength=len(levels)).astype(np.float64)


def parts_of_order(
    score: Floats, weight: Floats, parts: Sequence[tuple[float, float]]
) -> NDArray[np.float64]:
    """How much of each row is in each part of the persons in order of their score.

    Persons with the same score share a place: where the border of a part runs through them,
    each is in it by the same share. That is what breaking ties at random gives on average,
    and does not depend on the order of rows.

    Parameters
    ----------
    score : ndarray of float64, shape (n_rows,)
        Without NaN.
    weight : ndarray of float64, shape (n_rows,)
    parts : sequence of (float, float)
        Beginning and end as shares of all persons, from the lowest score: (0, 0.27).

    Returns
    -------
    ndarray of float64, shape (n_rows, n_parts)
        From 0 to 1.

    Examples
    --------
    >>> parts_of_order(np.array([1.0, 2.0, 2.0, 3.0]), np.ones(4), [(0, 0.5), (0.5, 1)]).tolist()
    [[1.0, 0.0], [0.5, 0.5], [0.5, 0.5], [0.0, 1.0]]
    """
    size = max(float(np.abs(score).max(initial=0.0)), np.finfo(float).tiny)
    _, place = np.unique(np.round(score / size / SAME), return_inverse=True)
    persons = np.bincount(place, weight)
    end = np.cumsum(persons) / max(persons.sum(), 1.0)
    begin = np.concatenate(([0.0], end[:-1]))
    span = end - begin
    shares = [np.minimum(end, high) - np.maximum(begin, low) for low, high in parts]
    of_levels = np.clip(np.column_stack(shares), 0.0, None) / np.where(span > 0, span, 1.0)[:, None]
    return np.asarray(np.clip(of_levels, 0.0, 1.0)[place], dtype=np.float64)
