"""Polychoric correlations of all pairs of items, with standard errors and a test of fit.

Each item is taken as a normal variable cut at thresholds. The thresholds come from the shares of
its categories; then the correlation of each pair is that under which its table is most likely
(Olsson, 1979, doi:10.1007/BF02296207). For two categories it is the tetrachoric correlation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri

from digilitt.numerics.polychoric_errors import chi2_of, influence_tables, pair_variance
from digilitt.numerics.polychoric_pairs import normal_thresholds, pair_correlations
from digilitt.numerics.tables import pair_index

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Thresholds = Literal["all", "pair"]

# An eigenvalue below this counts as none.
SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Polychoric:
    """Polychoric correlations of p items, with what they rest on.

    Attributes
    ----------
    correlation : ndarray of float64, shape (p, p)
        NaN where there is none: a constant item, nobody who answered both.
    thresholds : tuple of ndarray, length p
        From the shares of all answers to each item; one fewer than its categories.
    n_pairs : ndarray of float64, shape (p, p)
        Persons who answered both items.
    std_error : ndarray of float64, shape (p, p)
        0 on the diagonal, NaN where it is not known.
    converged, at_bound, corrected : ndarray of bool, shape (p, p)
        The last: the table has 2 × 2 cells and one of them was empty.
    n_empty : ndarray of int64, shape (p, p)
        Empty cells.
    chi2, df : ndarray of float64, shape (p, p)
        Likelihood-ratio test of the table against an underlying bivariate normal distribution.
    n_iter : int
    """

    correlation: Floats
    thresholds: tuple[Floats, ...]
    n_pairs: Floats
    std_error: Floats
    converged: Booleans
    at_bound: Booleans
    corrected: Booleans
    n_empty: Integers
    chi2: Floats
    df: Floats
    n_iter: int


def polychoric_matrix(
    tables: Floats,
    margins: Floats,
    *,
    thresholds: Thresholds = "all",
    correction: float = 0.5,
) -> Polychoric:
    """Polychoric correlations, standard errors and fit of all pairs of items.

    Parameters
    ----------
    tables : ndarray of float64, shape (p (p - 1) / 2, k, k)
    margins : ndarray of float64, shape (p, k)
        Both from `digilitt.numerics.tables.pair_tables`; the categories that an item has stand
        first, and none of them is empty.
    thresholds : {"all", "pair"}
        From all answers to the item, or from those of persons who answered both items.
    correction : float
        What a single empty cell of a 2 × 2 table and its diagonal neighbour get, and the other
        two cells lose, so that the margins stay; 0 for nothing.

    Notes
    -----
    Standard errors are those of the two steps together (`digilitt.numerics.polychoric_errors`).
    """
    p = len(margins)
    a, b = pair_index(p)
    rows, columns = margins[a], margins[b]
    if thresholds == "pair":
        rows, columns = tables.sum(axis=2), tables.sum(axis=1)
    changed, corrected, n_empty = empty_cells_filled(tables, rows, columns, correction)
    cuts = normal_thresholds(rows), normal_thresholds(columns)
    found = pair_correlations(changed, *cuts)
    influence = influence_tables(tables, rows, columns, found.rho)
    error = np.sqrt(pair_variance(tables, rows, columns, influence))
    n_rows, n_columns = ((each > 0.0).sum(axis=1) for each in (rows, columns))
    df = (n_rows * n_columns - n_rows - n_columns).astype(np.float64)
    tested = ~np.isnan(found.rho) & ~found.at_bound & (df > 0.0)
    chi2 = np.where(tested, chi2_of(tables, *cuts, found.rho), np.nan)
    n_used = (margins > 0.0).sum(axis=1)
    return Polychoric(
        correlation=square(found.rho, p, np.where(n_used > 1, 1.0, np.nan)),
        thresholds=tuple(
            normal_thresholds(each[: max(n, 1)]) for each, n in zip(margins, n_used, strict=True)
        ),
        n_pairs=square(tables.sum(axis=(1, 2)), p, margins.sum(axis=1)),
        std_error=square(
            np.where(found.at_bound, np.nan, error), p, np.where(n_used > 1, 0.0, np.nan)
        ),
        converged=square(found.converged, p, True),
        at_bound=square(found.at_bound, p, False),
        corrected=square(corrected, p, False),
        n_empty=square(n_empty.astype(np.int64), p, 0),
        chi2=square(chi2, p, np.nan),
        df=square(np.where(tested, df, np.nan), p, np.nan),
        n_iter=found.n_iter,
    )


def stacked_correlations(tables: Floats, margins: Floats) -> Floats:
    """Polychoric correlation matrices of many data sets, and nothing else.

    Parameters
    ----------
    tables : ndarray of float64, shape (s, p (p - 1) / 2, k, k)
        Of each data set, from `digilitt.numerics.tables.pair_tables`.
    margins : ndarray of float64, shape (p, k) or (s, p, k)
        All answers to each item; once where all data sets have the same.

    Returns
    -------
    ndarray of float64, shape (s, p, p)
        No correction for empty cells; NaN where there is no correlation.
    """
    s, n_pairs, k, _ = tables.shape
    p = margins.shape[-2]
    a, b = pair_index(p)
    cuts = np.broadcast_to(normal_thresholds(margins), (s, p, k - 1))
    found = pair_correlations(
        tables.reshape(s * n_pairs, k, k),
        cuts[:, a].reshape(s * n_pairs, k - 1),
        cuts[:, b].reshape(s * n_pairs, k - 1),
    )
    matrices = np.ones((s, p, p))
    matrices[:, a, b] = matrices[:, b, a] = found.rho.reshape(s, n_pairs)
    return matrices


def smoothed(correlation: Floats) -> Floats:
    """A positive definite correlation matrix near one that is not.

    Parameters
    ----------
    correlation : ndarray of float64, shape (p, p)
        Without NaN.

    Returns
    -------
    ndarray of float64, shape (p, p)
        The same matrix if its smallest eigenvalue is at least 1e-12.

    Notes
    -----
    Eigenvalues below 1e-12 become 1e-10, all are rescaled to sum to p, and the matrix put
    together from them is rescaled to a unit diagonal. R's ``psych::cor.smooth`` does the same.
    """
    values, vectors = np.linalg.eigh(correlation)
    if values[0] >= SMALLEST:
        return correlation
    values = np.where(values < SMALLEST, 100.0 * SMALLEST, values)
    values *= len(values) / values.sum()
    near = (vectors * values) @ vectors.T
    scale = np.sqrt(np.diag(near))
    near = near / scale[:, None] / scale
    np.fill_diagonal(near, 1.0)
    return np.asarray((near + near.T) / 2.0)


def confidence_limits(
    correlation: Floats, std_error: Floats, conf_level: float
) -> tuple[Floats, Floats]:
    """Limits by Fisher's z with the standard error given: ``tanh(artanh(r) -+ z se / (1 - r²))``.

    Examples
    --------
    >>> low, high = confidence_limits(np.array([0.5]), np.array([0.1]), 0.95)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.28], [0.67])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.arctanh(correlation)
        margin = ndtri((1.0 + conf_level) / 2.0) * std_error / (1.0 - correlation**2)
        return np.tanh(centre - margin), np.tanh(centre + margin)


def chi2_p_value(chi2: Floats, df: Floats) -> Floats:
    """Upper tail of the chi-square distribution; NaN where either is NaN."""
    return np.asarray(chdtrc(df, np.maximum(chi2, 0.0)), dtype=np.float64)


def square(pairs: NDArray[Any], p: int, diagonal: object) -> NDArray[Any]:
    """A symmetric matrix from the values of pairs, in the order of `pair_index`."""
    matrix = np.empty((p, p), dtype=pairs.dtype)
    a, b = pair_index(p)
    matrix[a, b] = matrix[b, a] = pairs
    matrix[np.arange(p), np.arange(p)] = diagonal
    return matrix


def empty_cells_filled(
    tables: Floats, rows: Floats, columns: Floats, correction: float
) -> tuple[Floats, Booleans, Integers]:
    """Tables to estimate from, which of them were changed, and their numbers of empty cells.

    Parameters as those of `polychoric_matrix`; rows and columns are the margins of each pair.
    """
    empty = (tables == 0.0) & (rows > 0.0)[:, :, None] & (columns > 0.0)[:, None, :]
    n_empty = empty.sum(axis=(1, 2)).astype(np.int64)
    two = ((rows > 0.0).sum(axis=1) == 2) & ((columns > 0.0).sum(axis=1) == 2)
    corrected = two & (n_empty == 1) & (correction > 0.0)
    signs = _diagonal_signs(empty[corrected], rows[corrected], columns[corrected])
    changed = tables.copy()
    changed[corrected] += correction * signs
    return changed, corrected, n_empty


def _diagonal_signs(empty: Booleans, rows: Floats, columns: Floats) -> Floats:
    """For 2 × 2 tables: +1 in the empty cell and its diagonal neighbour, -1 in the others."""
    sides = []
    for margin in (rows, columns):
        used = margin > 0.0
        sides.append(np.where(used & (np.cumsum(used, axis=1) == 1), 1.0, -1.0) * used)
    signs = sides[0][:, :, None] * sides[1][:, None, :]
    return np.asarray(signs * (signs * empty).sum(axis=(1, 2))[:, None, None])
