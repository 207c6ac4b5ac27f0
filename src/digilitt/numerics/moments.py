"""Moments of items: their own, covariances and correlations, and what follows from these.

Arrays of persons × items in, NaN for a missing answer. A row may stand for several persons
(`counts`). Whatever cannot be computed is NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Deletion = Literal["listwise", "pairwise"]
MomentType = Literal[1, 2, 3]

# Rows at a time, such that a block of them stays in the processor's cache.
BLOCK = 2048
# Products of this many operations run on one thread in the usual libraries. Many of them are
# faster than a few large ones that wait for a second processor that is busy.
ONE_THREAD = 250_000
# A variance this small beside the mean square of the same numbers is rounding.
NO_VARIANCE = 1e-13


@dataclass(frozen=True, slots=True)
class ItemMoments:
    """Figures of each item, from every answer to it; arrays of shape (n_items,).

    Attributes
    ----------
    n, n_missing : ndarray of float64
        Persons with and without an answer.
    mean, sd, skew, kurtosis : ndarray of float64
        `sd` divides by n - 1. NaN where there are too few answers, or no variance.
    low, high : ndarray of float64
        Smallest and largest answer.
    """

    n: Floats
    n_missing: Floats
    mean: Floats
    sd: Floats
    skew: Floats
    kurtosis: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Covariances:
    """Covariances of items.

    Attributes
    ----------
    covariance : ndarray of float64, shape (n_items, n_items)
        Divided by n - 1. Pairwise: each from the persons who answered both items, about
        their means; the matrix need not be positive definite.
    correlation : ndarray of float64, shape (n_items, n_items)
        Pairwise: with the variances of the same persons, as R's ``cor(use = "pairwise")``.
        NaN where an item has no variance.
    n : ndarray of float64, shape (n_items, n_items)
        Persons behind each covariance.
    """

    covariance: Floats
    correlation: Floats
    n: Floats


def item_moments(values: Floats, counts: Floats | None = None, kind: MomentType = 3) -> ItemMoments:
    """Mean, standard deviation, skew and kurtosis of each item.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows, n_items)
        NaN where missing.
    counts : ndarray of float64, shape (n_rows,), optional
        Persons that each row stands for.
    kind : {1, 2, 3}
        Which skew and kurtosis. With m2, m3, m4 the central moments divided by n: 1 is
        g1 = m3 / m2^1.5 and g2 = m4 / m2^2 - 3; 2 is G1 and G2, without bias for normal
        data (SAS, SPSS, Excel); 3 divides by the standard deviation with n - 1 in place of
        m2: b1 and b2 (psych's default).

    Notes
    -----
    Joanes and Gill (1998), The Statistician 47(1), 183-189, doi:10.1111/1467-9884.00122.

    Examples
    --------
    >>> found = item_moments(np.array([[1.0], [2.0], [np.nan], [6.0]]), kind=1)
    >>> found.n, found.mean, found.skew.round(4)
    (array([3.]), array([3.]), array([0.5952]))
    """
    weight = np.ones(len(values)) if counts is None else counts
    n, mean, low, high = _centres(values, weight)
    sums = np.zeros((3, values.shape[1]))
    for start in range(0, len(values), BLOCK):
        deviation = values[start : start + BLOCK] - mean
        np.copyto(deviation, 0.0, where=np.isnan(deviation))
        rows, power = weight[start : start + BLOCK], deviation * deviation
        sums[0] += rows @ power
        sums[1] += rows @ (power * deviation)
        sums[2] += rows @ (power * power)
    total = float(weight.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.where(n >= 2, np.sqrt(sums[0] / (n - 1.0)), np.nan)
        skew, kurtosis = _shape(n, sums, kind)
    return ItemMoments(n, total - n, mean, sd, skew, kurtosis, low, high)


def _shape(n: Floats, sums: Floats, kind: MomentType) -> tuple[Floats, Floats]:
    """Skew and kurtosis from sums of squares, cubes and fourth powers."""
    m2, m3, m4 = np.where((n > 0) & (sums[0] > 0), sums / n, np.nan)
    skew, kurtosis = m3 / m2**1.5, m4 / m2**2 - 3.0
    if kind == 1:
        return skew, kurtosis
    if kind == 2:
        unbiased = np.where(n >= 3, skew * np.sqrt(n * (n - 1.0)) / (n - 2.0), np.nan)
        spread = (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * kurtosis + 6.0)
        return unbiased, np.where(n >= 4, spread, np.nan)
    share = (n - 1.0) / n
    return skew * share**1.5, (kurtosis + 3.0) * share**2 - 3.0


def _centres(values: Floats, weight: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Persons, mean, smallest and largest answer of each item.

    The mean of answers that are all alike is that answer, to the last digit.
    """
    n, total = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    low, high = np.full(values.shape[1], np.inf), np.full(values.shape[1], -np.inf)
    for start in range(0, len(values), BLOCK):
        rows, block = weight[start : start + BLOCK], values[start : start + BLOCK]
        block, rows = (block, rows) if rows.all() else (block[rows > 0], rows[rows > 0])
        if not len(block):
            continue
        missing = np.isnan(block)
        n += rows @ ~missing
        if missing.any():
            total += rows @ np.where(missing, 0.0, block)
        else:
            total += rows @ block
        low, high = np.fmin(low, np.fmin.reduce(block)), np.fmax(high, np.fmax.reduce(block))
    with np.errstate(invalid="ignore"):
        mean = np.where(low == high, low, total / np.where(n > 0, n, np.nan))
    nobody = n == 0
    return n, mean, np.where(nobody, np.nan, low), np.where(nobody, np.nan, high)


def covariances(
    values: Floats, counts: Floats | None = None, deletion: Deletion = "listwise"
) -> Covariances:
    """Covariances and correlations of items, by persons who answered all items or both.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows, n_items)
        NaN where missing.
    counts : ndarray of float64, shape (n_rows,), optional
        Persons that each row stands for.
    deletion : {"listwise", "pairwise"}
        Persons with an answer to every item; or, for each pair, to both.

    Examples
    --------
    >>> found = covariances(np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 6.0], [4.0, np.nan]]))
    >>> found.covariance.tolist(), int(found.n[0, 1])
    ([[1.0, 2.0], [2.0, 7.0]], 3)
    """
    weight = np.ones(len(values)) if counts is None else counts
    missing = bool(np.isnan(values.sum()))
    if deletion == "listwise" and missing:
        complete = ~np.isnan(values).any(axis=1)
        values, weight, missing = values[complete], weight[complete], False
    _, mean, _, _ = _centres(values, weight)
    mean = np.where(np.isnan(mean), 0.0, mean)
    if missing:
        return _pairwise(values, weight, mean)
    squares = np.zeros((values.shape[1],) * 2)
    for rows in _blocks(values):
        deviation = values[rows] - mean
        squares += (deviation * weight[rows, None]).T @ deviation
    n = np.full(squares.shape, weight.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = np.where(n >= 2, (squares + squares.T) / 2.0 / (n - 1.0), np.nan)
    return Covariances(covariance, correlation(covariance), n)


def _blocks(values: Floats) -> Iterator[slice]:
    size = max(64, ONE_THREAD // values.shape[1] ** 2)
    return (slice(start, start + size) for start in range(0, len(values), size))


def _pairwise(values: Floats, weight: Floats, mean: Floats) -> Covariances:
    """Sums over the persons who answered both items, as products of matrices."""
    n, cross, total, square = np.zeros((4, values.shape[1], values.shape[1]))
    for chosen in _blocks(values):
        deviation, rows = values[chosen] - mean, weight[chosen, None]
        answered = np.isfinite(deviation).astype(np.float64)
        np.copyto(deviation, 0.0, where=answered == 0.0)
        weighted = deviation * rows
        n += (answered * rows).T @ answered
        cross += weighted.T @ deviation
        total += weighted.T @ answered  # [i, j]: item i over the persons who answered j too
        square += (weighted * deviation).T @ answered
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = np.where(n >= 2, (cross - total * total.T / n) / (n - 1.0), np.nan)
        spread = np.where(n >= 2, (square - total**2 / n) / (n - 1.0), np.nan)
        usual = (np.diag(square) / np.diag(n))[:, None]
        flat = spread <= NO_VARIANCE * np.fmax(square / n, usual)
        known = np.where(flat | flat.T, np.nan, 1.0)
        ratio = covariance * known / np.sqrt(np.where(flat, 1.0, spread) * spread.T * known)
    covariance[flat | flat.T] = 0.0
    return Covariances((covariance + covariance.T) / 2.0, _bounded((ratio + ratio.T) / 2.0), n)


def correlation(covariance: Floats) -> Floats:
    """Correlations by the variances on the diagonal, as R's ``cov2cor``; NaN without variance.

    Examples
    --------
    >>> correlation(np.array([[4.0, 1.0], [1.0, 1.0]])).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    sd = np.sqrt(np.where(np.diag(covariance) > 0, np.diag(covariance), np.nan))
    found = covariance / sd[:, None] / sd
    np.fill_diagonal(found, np.where(np.isnan(sd), np.nan, 1.0))
    return found


def _bounded(matrix: Floats) -> Floats:
    """Correlations without the last digits by which arithmetic goes beyond 1."""
    np.fill_diagonal(matrix, np.where(np.isnan(np.diag(matrix)), np.nan, 1.0))
    return np.clip(matrix, -1.0, 1.0)


def item_total(covariance: Floats) -> Floats:
    """Correlation of each item with the sum of all items, itself included."""
    own, total = np.diag(covariance), float(covariance.sum())
    spread = np.full(len(own), total if total > NO_VARIANCE * own.sum() else 0.0)
    return _ratio(covariance.sum(axis=0), own, spread)


def item_rest(covariance: Floats) -> Floats:
    """Correlation of each item with the sum of the other items (psych's r.drop).

    Examples
    --------
    >>> item_rest(np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.3], [0.2, 0.3, 1.0]])).round(4).tolist()
    [0.4341, 0.5164, 0.2887]
    """
    rest, trace = _without(covariance)
    shared = (covariance * _others(len(covariance))).sum(axis=0)
    usable = np.where(rest > NO_VARIANCE * trace, rest, 0.0)
    return _ratio(shared, np.diag(covariance), usable)


def item_rest_smc(covariance: Floats) -> Floats:
    """Correlation of each item with the total, where squared multiple correlations are the
    diagonal, so that overlap and unreliability are out (psych's r.cor).

    NaN where the correlation matrix has no inverse.
    """
    common = correlation(covariance)
    if np.isnan(common).any() or np.linalg.cond(common) > 1.0 / NO_VARIANCE:
        return np.full(len(common), np.nan)
    smc = 1.0 - 1.0 / np.diag(np.linalg.inv(common))
    np.fill_diagonal(common, np.clip(smc, 0.0, 1.0))
    total = common.sum() if common.sum() > NO_VARIANCE * len(common) else 0.0
    return _ratio(common.sum(axis=0), np.ones(len(common)), np.full(len(common), total))


def alpha(covariance: Floats) -> float:
    """Coefficient alpha, ``k / (k - 1) * (1 - trace / sum)``; NaN for one item, or no variance.

    Notes
    -----
    Cronbach (1951), Psychometrika 16(3), 297-334, equation 2, doi:10.1007/BF02310555.

    Examples
    --------
    >>> round(alpha(np.array([[1.0, 0.5], [0.5, 1.0]])), 4)
    0.6667
    """
    k, total, own = len(covariance), float(covariance.sum()), float(np.trace(covariance))
    if k < 2 or not total > NO_VARIANCE * own:
        return np.nan
    return k / (k - 1.0) * (1.0 - own / total)


def alpha_if_dropped(covariance: Floats) -> Floats:
    """Alpha of the other items, without each in turn; NaN where fewer than two are left.

    Examples
    --------
    >>> same = np.full((3, 3), 0.5) + np.eye(3) / 2
    >>> alpha_if_dropped(same).round(4).tolist()
    [0.6667, 0.6667, 0.6667]
    """
    k = len(covariance) - 1
    if k < 2:
        return np.full(len(covariance), np.nan)
    rest, trace = _without(covariance)
    usable = np.where(rest > NO_VARIANCE * trace, rest, np.nan)
    return np.asarray(k / (k - 1.0) * (1.0 - trace / usable), dtype=np.float64)


def _others(k: int) -> Floats:
    return np.ones((k, k)) - np.eye(k)


def _without(covariance: Floats) -> tuple[Floats, Floats]:
    """Variance of the sum of the others and sum of their variances, without each in turn.

    Each is added up anew: taking an item of large variance off the total would leave rounding.
    """
    others = _others(len(covariance))
    return ((others @ covariance) * others).sum(axis=1), others @ np.diag(covariance)


def _ratio(shared: Floats, one: Floats, other: Floats) -> Floats:
    """A correlation from a covariance and two variances; NaN where one is 0 or below."""
    with np.errstate(invalid="ignore"):
        usable = (one > 0) & (other > 0)
    product = np.sqrt(np.where(usable, one, np.nan)) * np.sqrt(np.where(usable, other, np.nan))
    return np.asarray(shared / product, dtype=np.float64)
