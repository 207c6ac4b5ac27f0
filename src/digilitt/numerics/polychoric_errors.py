"""Standard errors of polychoric correlations, from what each person adds to an estimate.

The two steps are one set of estimating equations, so an estimate is, but for terms that vanish
as persons grow in number, a sum of one term for each person: its **influence**. The sum of the
squared influences is the variance, that of products the covariance (Muthén, 1984,
doi:10.1007/BF02294210). Where a derivative is summed over persons, sums of products of scores
stand in, as in R's lavaan.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from digilitt.numerics.bivariate_normal import FAR
from digilitt.numerics.polychoric_pairs import cells_of, normal_thresholds
from digilitt.numerics.tables import pair_index

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BLOCK_VALUES = 4_000_000
# Below this sum of squared scores a table says nothing of its correlation.
NO_INFORMATION = 1e-10


def influence_tables(tables: Floats, rows: Floats, columns: Floats, rho: Floats) -> Floats:
    """What a person adds to each correlation, by the person's two answers.

    Parameters
    ----------
    tables : ndarray of float64, shape (m, k, k)
        Persons who answered both items, by category.
    rows, columns : ndarray of float64, shape (m, k)
        Persons behind the thresholds of either item, by category.
    rho : ndarray of float64, shape (m,)
        The estimates; NaN where there is none.

    Returns
    -------
    ndarray of float64, shape (m, k + 1, k + 1)
        The last row and column are for persons without an answer to that item, who tell of the
        other item's thresholds alone.

    Notes
    -----
    The score of the correlation, less what the thresholds take of it, over the sum of its
    squares. The influence of a threshold is ``(1[answer below] - P) / (n φ(τ))``; its density
    cancels against that in the derivative of the cell's probability, so thresholds at infinity
    need no care.
    """
    cuts = [np.clip(normal_thresholds(each), -FAR, FAR) for each in (rows, columns)]
    known = ~np.isnan(rho)
    cuts = [np.where(known[:, None], each, 0.0) for each in cuts]
    at = np.where(known, rho, 0.0)
    cells = cells_of(tables, cuts[0], cuts[1], at)
    score = np.where(tables > 0.0, cells.score, 0.0)
    information = (tables * np.square(score)).sum(axis=(1, 2))
    # Persons of a cell times score over probability: what a shift of its border moves.
    with np.errstate(divide="ignore"):
        logarithm = np.where(tables > 0.0, np.maximum(cells.log_probability, -600.0), 0.0)
    moved = tables * score * np.exp(-logarithm)
    from_rows = _threshold_part(moved, cuts[0], cuts[1], at, rows)
    from_columns = _threshold_part(moved.swapaxes(1, 2), cuts[1], cuts[0], at, columns)
    m, k, _ = tables.shape
    found = np.zeros((m, k + 1, k + 1))
    found[:, :k, :k] = score
    found[:, :k, :] -= from_rows[:, :, None]
    found[:, :, :k] -= from_columns[:, None, :]
    known &= information > NO_INFORMATION
    found /= np.where(known, information, np.nan)[:, None, None]
    return found


def pair_variance(tables: Floats, rows: Floats, columns: Floats, influence: Floats) -> Floats:
    """Sampling variances of the correlations, shape (m,); parameters as `influence_tables`."""
    squares = np.square(influence)
    return np.asarray(
        (tables * squares[:, :-1, :-1]).sum(axis=(1, 2))
        + ((rows - tables.sum(axis=2)) * squares[:, :-1, -1]).sum(axis=1)
        + ((columns - tables.sum(axis=1)) * squares[:, -1, :-1]).sum(axis=1)
    )


def chi2_of(tables: Floats, rows: Floats, columns: Floats, rho: Floats) -> Floats:
    """Likelihood-ratio statistic of tables against the fitted normal distribution, shape (m,).

    Parameters
    ----------
    tables : ndarray of float64, shape (m, k, k)
    rows, columns : ndarray of float64, shape (m, k - 1)
        Thresholds.
    rho : ndarray of float64, shape (m,)

    Notes
    -----
    ``2 Σ n_ij log(n_ij / (N π_ij))`` over the cells that are not empty, with
    ``a b - a - b`` degrees of freedom for a × b categories (Jöreskog and Moustaki,
    2001, doi:10.1207/S15327906347-387).
    """
    known = ~np.isnan(rho)
    cuts = [np.where(known[:, None], np.clip(e, -FAR, FAR), 0.0) for e in (rows, columns)]
    cells = cells_of(tables, cuts[0], cuts[1], np.where(known, rho, 0.0))
    n = np.maximum(tables.sum(axis=(1, 2)), 1.0)[:, None, None]
    observed = np.log(np.where(tables > 0.0, tables / n, 1.0))
    expected = np.where(tables > 0.0, cells.log_probability, 0.0)
    return np.asarray(2.0 * (tables * (observed - expected)).sum(axis=(1, 2)))


def threshold_influence(margins: Floats) -> Floats:
    """What a person adds to the thresholds of an item, by the person's answer.

    Parameters
    ----------
    margins : ndarray of float64, shape (k,)
        Persons by category, none of them 0; there may be none or one.

    Returns
    -------
    ndarray of float64, shape (k + 1, k - 1)
        The last row is for persons without an answer.
    """
    k, n = len(margins), margins.sum()
    if k < 2:
        return np.zeros((k + 1, 0))
    below = np.cumsum(margins)[:-1] / n
    cuts = normal_thresholds(margins)
    density = np.exp(-0.5 * cuts * cuts) / np.sqrt(2.0 * np.pi)
    found = np.zeros((k + 1, k - 1))
    found[:k] = ((np.arange(k)[:, None] <= np.arange(k - 1)) - below) / (n * density)
    return found


def asymptotic_covariance(
    codes: Integers,
    counts: Floats,
    margins: Floats,
    influence: Floats,
    further: Floats | None = None,
) -> Floats:
    """Covariance matrix of all thresholds and correlations.

    Parameters
    ----------
    codes : ndarray of int64, shape (n, p)
        Category numbers from 0, -1 where there is no answer.
    counts : ndarray of float64, shape (n,)
        Persons that each row stands for.
    margins : ndarray of float64, shape (p, k)
    influence : ndarray of float64, shape (p (p - 1) / 2, k + 1, k + 1)
        From `influence_tables`.
    further : ndarray of float64, shape (n, q), optional
        What a person of each row adds to q other estimates.

    Returns
    -------
    ndarray of float64, shape (t + p (p - 1) / 2 + q, t + p (p - 1) / 2 + q)
        t thresholds, item by item, then the correlations in the order of `pair_index`, then
        the other estimates. Times the number of persons it is what lavaan calls gamma.

    Notes
    -----
    Persons go through in blocks, so memory is that of the matrix and one block.
    """
    cuts = [threshold_influence(margin[margin > 0.0]) for margin in margins]
    n_further = 0 if further is None else further.shape[1]
    width = sum(each.shape[1] for each in cuts) + len(influence) + n_further
    total = np.zeros((width, width))
    rows = max(1, BLOCK_VALUES // max(width, 1))
    for start in range(0, len(codes), rows):
        chosen = slice(start, start + rows)
        block = np.empty((len(codes[chosen]), width), order="F")
        _fill(block, codes[chosen], cuts, influence)
        if further is not None:
            block[:, width - n_further :] = further[chosen]
        block *= np.sqrt(counts[chosen, None])
        total += block.T @ block
    return total


def _fill(block: Floats, codes: Integers, cuts: list[Floats], influence: Floats) -> None:
    """Put what each person adds to every threshold and correlation into a block."""
    stop, k = 0, influence.shape[1] - 1
    # Item by item in memory, so that every column of the block is one pass over two rows.
    last = np.ascontiguousarray(np.where(codes < 0, k, codes).T)
    for item, table in enumerate(cuts):
        start, stop = stop, stop + table.shape[1]
        block[:, start:stop] = table[codes[:, item]]
    shifted, tables = last * (k + 1), influence.reshape(len(influence), -1)
    for pair, (a, b) in enumerate(zip(*pair_index(len(last)), strict=True)):
        # Clipping does nothing to such indices; without it numpy would fill a copy first.
        np.take(tables[pair], shifted[a] + last[b], out=block[:, stop + pair], mode="clip")


def _threshold_part(
    moved: Floats, own: Floats, other: Floats, rho: Floats, margins: Floats
) -> Floats:
    """What an item's thresholds take of the score, by the answer to it, shape (m, k)."""
    n, k = len(rho), margins.shape[1]
    root = np.sqrt((1.0 - rho) * (1.0 + rho))[:, None, None]
    given = np.zeros((n, k - 1, k + 1))
    given[:, :, -1] = 1.0
    given[:, :, 1:-1] = ndtr((other[:, None, :] - rho[:, None, None] * own[:, :, None]) / root)
    shift = moved[:, :-1] - moved[:, 1:]
    cross = (np.diff(given, axis=2) * shift).sum(axis=2)
    persons = np.maximum(margins.sum(axis=1, keepdims=True), 1.0)
    below = np.cumsum(margins, axis=1)[:, :-1] / persons
    # A person below a threshold counts 1 - P there, one above it -P.
    upward = np.cumsum(cross[:, ::-1], axis=1)[:, ::-1]
    part = np.zeros((n, k))
    part[:, :-1] = upward
    part -= (cross * below).sum(axis=1, keepdims=True)
    return np.asarray(part / persons)
