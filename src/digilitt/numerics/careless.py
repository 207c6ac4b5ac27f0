"""Indices of how answers were given: runs, repeated rows, Mahalanobis distance, item and rest.

Arrays of persons × items in, one figure per person or per item out. What the figures mean,
and which answers go in, is decided above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import chdtrc, ndtri

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]

# An eigenvalue this small beside the largest is zero but for rounding.
SINGULAR = 1e-12
# A spread this small beside the numbers themselves is rounding.
NO_SPREAD = 1e-10


@dataclass(frozen=True, slots=True)
class Runs:
    """The longest run of each row.

    Attributes
    ----------
    length : ndarray of int64, shape (n,)
        0 where a row has no value.
    start : ndarray of int64, shape (n,)
        Column at which the run begins, the first one where several are as long; -1 where
        there is none.
    """

    length: Integers
    start: Integers


def longest_runs(
    values: Floats, kinds: NDArray[np.integer], passed_over: Booleans | None = None
) -> Runs:
    """Longest run of equal values in each row, from left to right.

    Parameters
    ----------
    values : ndarray of float64, shape (n, k)
        NaN ends a run.
    kinds : ndarray of int, shape (k,)
        Columns of different kinds never make one run.
    passed_over : ndarray of bool, shape (n, k), optional
        Cells that are as good as not there: they neither lengthen nor end a run.

    Returns
    -------
    Runs
    """
    n = len(values)
    length, start, begun = np.zeros(n, np.int64), np.full(n, -1), np.full(n, -1)
    run, last, last_kind = np.zeros(n, np.int64), np.full(n, np.nan), np.full(n, -1)
    for column in range(values.shape[1]):
        value = values[:, column]
        kind = int(kinds[column])
        there = np.ones(n, np.bool_) if passed_over is None else ~passed_over[:, column]
        goes_on = (value == last) & (last_kind == kind)
        given = ~np.isnan(value)
        run = np.where(there, np.where(goes_on, run + 1, given), run)
        begun = np.where(there & ~goes_on, column, begun)
        last = np.where(there, value, last)
        last_kind = np.where(there, kind, last_kind)
        longer = run > length
        length = np.where(longer, run, length)
        start = np.where(longer, begun, start)
    return Runs(length, start)


def same_rows(values: Floats) -> Integers:
    """Number the distinct rows of an array from 0, in the order in which they first appear.

    Rows are the same when every cell is equal; NaN equals NaN.

    Parameters
    ----------
    values : ndarray of float64, shape (n, k)

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    # Bytes are compared, and there are many NaN and two zeros.
    plain = np.ascontiguousarray(np.where(np.isnan(values), np.nan, values + 0.0))
    if plain.shape[1] == 0:
        return np.zeros(len(plain), np.int64)
    rows = plain.view(np.dtype((np.void, plain.dtype.itemsize * plain.shape[1]))).ravel()
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(row, len(numbers)) for row in rows.tolist()], np.int64)


@dataclass(frozen=True, slots=True)
class Distances:
    """Squared Mahalanobis distances from the mean of all complete rows.

    Attributes
    ----------
    squared : ndarray of float64, shape (n,)
        NaN for rows that are not complete, and for all where `singular`.
    p_value : ndarray of float64, shape (n,)
        Upper tail of chi-square with k degrees of freedom.
    n_complete : int
    constant : ndarray of bool, shape (k,)
        Columns without variance.
    singular : bool
        Whether the covariance matrix has no inverse.
    """

    squared: Floats
    p_value: Floats
    n_complete: int
    constant: Booleans
    singular: bool


def mahalanobis(values: Floats) -> Distances:
    """Squared Mahalanobis distance of each complete row, with its chi-square p value.

    Parameters
    ----------
    values : ndarray of float64, shape (n, k)
        NaN where missing; rows with one are left out.

    Returns
    -------
    Distances

    Notes
    -----
    ``(x - m)' S^-1 (x - m)`` with the mean m and the covariance matrix S (divisor n - 1) of the
    complete rows. The matrix is judged by the eigenvalues of its correlations; where it has no
    inverse nothing takes its place.
    """
    complete = ~np.isnan(values).any(axis=1)
    rows = values[complete]
    n, k = rows.shape
    squared, p_value = np.full((2, len(values)), np.nan)
    constant = ~_spread(rows) if n else np.ones(k, np.bool_)
    if n < 2 or k == 0 or constant.any():
        return Distances(squared, p_value, n, constant, singular=True)
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0, ddof=1)
    correlations = standard.T @ standard / (n - 1)
    eigenvalues = np.linalg.eigvalsh(correlations)
    if n <= k or eigenvalues[0] <= SINGULAR * eigenvalues[-1]:
        return Distances(squared, p_value, n, constant, singular=True)
    # The distance is the same in standard units, where the arithmetic is steadier.
    whitened = solve_triangular(np.linalg.cholesky(correlations), standard.T, lower=True)
    squared[complete] = np.square(whitened).sum(axis=0)
    p_value[complete] = chdtrc(k, squared[complete])
    return Distances(squared, p_value, n, constant, singular=False)


def item_rest(values: Floats) -> Floats:
    """Correlation of each column with the sum of the other columns.

    Parameters
    ----------
    values : ndarray of float64, shape (n, k)
        Keyed scores without a missing value.

    Returns
    -------
    ndarray of float64, shape (k,)
        Pearson's r; NaN for fewer than three rows, a single column, and where the column or
        the sum of the others has no variance.
    """
    n, k = values.shape
    found = np.full(k, np.nan)
    if n < 3 or k < 2:
        return found
    rest = values.sum(axis=1, keepdims=True) - values
    known = _spread(values) & _spread(rest, np.abs(values).sum(axis=1).max())
    item, others = (part[:, known] - part[:, known].mean(axis=0) for part in (values, rest))
    norms = np.sqrt(np.square(item).sum(axis=0) * np.square(others).sum(axis=0))
    found[known] = np.clip((item * others).sum(axis=0) / norms, -1.0, 1.0)
    return found


def correlation_interval(correlations: Floats, n: int, conf_level: float) -> tuple[Floats, Floats]:
    """Confidence limits of Pearson correlations by Fisher's z.

    Parameters
    ----------
    correlations : ndarray of float64
    n : int
        Rows behind each of them.
    conf_level : float

    Returns
    -------
    low, high : ndarray of float64
        NaN where there is no correlation, and for fewer than four rows.

    Notes
    -----
    ``tanh(artanh(r) -+ z / sqrt(n - 3))`` with the normal quantile z (Fisher, 1921). It holds
    for normal variables, and roughly for others.
    """
    if n < 4:
        return np.full_like(correlations, np.nan), np.full_like(correlations, np.nan)
    # A correlation of exactly 1 has limits of 1.
    with np.errstate(divide="ignore"):
        centre = np.arctanh(correlations)
    margin = ndtri((1.0 + conf_level) / 2.0) / np.sqrt(n - 3)
    return np.tanh(centre - margin), np.tanh(centre + margin)


def _spread(values: Floats, size: float = 0.0) -> Booleans:
    """Which columns vary, beyond rounding; `size` is that of the numbers they were made of."""
    low, high = values.min(axis=0), values.max(axis=0)
    largest = np.maximum(np.maximum(np.abs(low), np.abs(high)), size)
    return np.asarray(high - low > NO_SPREAD * largest)
