"""Tucker's congruence of factors, and which factor of one solution is which of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """How to bring factors into the order and direction of others.

    Attributes
    ----------
    order : numpy.ndarray of int64, shape (n_factors,)
        Column that goes to each place.
    signs : numpy.ndarray of float64, shape (n_factors,)
        1, or -1 where the column that goes there points the other way.
    """

    order: NDArray[np.int64]
    signs: Floats

    def columns(self, loadings: Floats) -> Floats:
        """Loadings with their columns ordered and turned; the shape stays."""
        return np.asarray(loadings[:, self.order] * self.signs, dtype=np.float64)

    def correlations(self, phi: Floats) -> Floats:
        """Correlations of the factors, ordered and turned alike."""
        turned = phi[np.ix_(self.order, self.order)] * np.outer(self.signs, self.signs)
        return np.asarray(turned, dtype=np.float64)


def tucker(one: Floats, other: Floats) -> Floats:
    """Congruence of every column of one matrix of loadings with every column of another.

    Parameters
    ----------
    one : numpy.ndarray of float64, shape (n_items, n)
    other : numpy.ndarray of float64, shape (n_items, m)

    Returns
    -------
    numpy.ndarray of float64, shape (n, m)
        From -1 to 1; NaN for a column of zeros.

    Notes
    -----
    ``sum(x y) / sqrt(sum(x²) sum(y²))``: Tucker, L. R. (1951). *A method for synthesis of factor
    analysis studies* (Personnel Research Section Report 984), p. 43.

    Examples
    --------
    >>> tucker(np.array([[0.5], [0.5]]), np.array([[-0.7, 0.7], [-0.7, -0.7]])).round(6).tolist()
    [[-1.0, 0.0]]
    """
    lengths = np.outer(np.sqrt((one**2).sum(axis=0)), np.sqrt((other**2).sum(axis=0)))
    products = one.T @ other
    return np.divide(products, lengths, out=np.full_like(products, np.nan), where=lengths > 0)


def align(loadings: Floats, reference: Floats) -> Alignment:
    """The order and signs of columns that make loadings most like a reference.

    Parameters
    ----------
    loadings, reference : numpy.ndarray of float64, shape (n_items, n_factors)

    Returns
    -------
    Alignment
        Of all one-to-one matchings, the one with the largest sum of absolute congruences; each
        sign is that of its congruence, and 1 where that is 0 or cannot be told.

    Examples
    --------
    >>> found = align(np.array([[0.1, -0.8], [0.9, 0.0]]), np.array([[0.7, 0.0], [0.0, 0.8]]))
    >>> found.order.tolist(), found.signs.tolist()
    ([1, 0], [-1.0, 1.0])
    """
    found = np.nan_to_num(tucker(reference, loadings))
    _, order = linear_sum_assignment(-np.abs(found))
    signs = np.where(found[np.arange(len(order)), order] < 0, -1.0, 1.0)
    return Alignment(order=np.asarray(order, dtype=np.int64), signs=signs)
