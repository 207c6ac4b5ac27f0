"""Answers that look like a typing error, a missing code or an identity rather than an answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import counted

Floats = NDArray[np.float64]

# Share of the persons whose answers lie together, for the rest to be far from them.
TOGETHER = 2.0 / 3.0
# A gap up to this is no gap: somebody may have chosen neither of two options.
NEAR = 2.0
# Persons from which on an item with a different whole number for each looks like an identity.
MANY = 20
# More different answers than this are not looked through.
MOST = 100
# Odd answers named of one item.
NAMED = 3


def odd_codes(values: Floats, counts: Floats) -> tuple[Floats, float, float]:
    """Answers far from all others, and the range of the others.

    Parameters
    ----------
    values, counts : ndarray of float64, shape (n,)
        Answers to one item, NaN where there is none, and the persons of each.

    Returns
    -------
    odd : ndarray of float64
        Whole numbers outside the narrowest range that has two thirds of the persons, two
        different answers or more, and on both sides a gap that is larger than itself, and than 2.
        Empty if there is no such range.
    low, high : float

    Examples
    --------
    >>> odd_codes(np.array([1.0, 2, 3, 4, 5, 5, 55]), np.ones(7))
    (array([55.]), 1.0, 5.0)
    """
    there = ~np.isnan(values) & (counts > 0)
    distinct, place = np.unique(values[there], return_inverse=True)
    k = len(distinct)
    nothing = np.zeros(0), np.nan, np.nan
    if not 2 < k <= MOST or (distinct != np.floor(distinct)).any():
        return nothing
    persons = np.bincount(place.ravel(), weights=counts[there])
    gaps = np.concatenate([[np.inf], np.diff(distinct), [np.inf]])
    # From narrow to wide.
    for width in range(1, k - 1):
        for first in range(k - width):
            last = first + width
            far = max(distinct[last] - distinct[first], NEAR)
            enough = persons[first : last + 1].sum() >= TOGETHER * persons.sum()
            if enough and gaps[first] > far and gaps[last + 1] > far:
                outside = np.r_[distinct[:first], distinct[last + 1 :]]
                return outside, float(distinct[first]), float(distinct[last])
    return nothing


def odd_text(values: Floats, counts: Floats) -> str:
    """``1 answer 55, far from the others (1 to 5)``; empty if none is far."""
    odd, low, high = odd_codes(values, counts)
    told = []
    for value in odd[:NAMED]:
        n = round(float(counts[values == value].sum()))
        told.append(f"{counted(n, 'answer')} {value:g}")
    if not told:
        return ""
    more = f" and {len(odd) - NAMED} more" if len(odd) > NAMED else ""
    return f"{', '.join(told)}{more}, far from the others ({low:g} to {high:g})"


def identities(items: Sequence[str], values: Floats) -> list[str]:
    """Items with a different whole number in every row."""
    n = len(values)
    return [
        item
        for item, column in zip(items, values.T, strict=True)
        if n >= MANY and len(np.unique(column)) == n and (column == np.floor(column)).all()
    ]
