"""How many dimensions correlations have: partial correlations, eigenvalues, parallel analysis.

Answers of persons × items, or their correlation matrix, in; small frozen dataclasses out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import EstimationError
from digilitt.numerics.factoring import minres

Floats = NDArray[np.float64]
Communality = Literal["smc", "minres"]

# An eigenvalue or a variance this small beside those of a correlation matrix is rounding.
SINGULAR = 1e-10


@dataclass(frozen=True, slots=True)
class AveragePartials:
    """Average partial correlation between items, m components held constant (m = 0 … k - 1).

    Attributes
    ----------
    squared, fourth : ndarray of float64, shape (k,)
        Averages of the second and of the fourth power; NaN from the m on at which the
        components leave an item no variance.
    """

    squared: Floats
    fourth: Floats


def average_partials(r: Floats) -> AveragePartials:
    """Velicer's minimum average partial, original and revised: the averages themselves.

    Parameters
    ----------
    r : ndarray of float64, shape (k, k)
        Correlation matrix without NaN.

    Returns
    -------
    AveragePartials

    Notes
    -----
    Velicer (1976), doi:10.1007/BF02293557: with R = V L V', the residual matrix after m
    components is the part of the others; the criterion averages its squared correlations over
    the k (k - 1) pairs. The fourth power is that of Velicer, Eaton and Fava (2000),
    doi:10.1007/978-1-4615-4397-8_3. m = 0 is the average of R itself.
    """
    k = len(r)
    values, vectors = np.linalg.eigh(r)
    squared, fourth = np.full((2, k), np.nan)
    pairs = k * (k - 1)
    for m in range(k if pairs else 0):
        left = vectors[:, : k - m]
        residual = (left * values[: k - m]) @ left.T
        variance = np.diag(residual)
        if variance.min() < SINGULAR:
            break
        partial = residual**2 / np.outer(variance, variance)
        np.fill_diagonal(partial, 0.0)
        squared[m], fourth[m] = partial.sum() / pairs, (partial**2).sum() / pairs
    return AveragePartials(squared, fourth)


def eigenvalues(r: Floats) -> Floats:
    """Eigenvalues of symmetric matrices, the largest first; shape (…, k)."""
    return np.ascontiguousarray(np.linalg.eigvalsh(r)[..., ::-1])


def kaiser_reference(observed: Floats, n: int) -> Floats:
    """Reference values of the empirical Kaiser criterion.

    Parameters
    ----------
    observed : ndarray of float64, shape (k,)
        Eigenvalues of a correlation matrix, the largest first.
    n : int
        Persons; more than k, or all values are NaN.

    Returns
    -------
    ndarray of float64, shape (k,)

    Notes
    -----
    Braeken and van Assen (2017), equation 2, doi:10.1037/met0000074: for the j-th eigenvalue
    ``max(1, (k - l_1 - … - l_(j-1)) / (k - j + 1) (1 + sqrt(k / n))^2)`` with the *observed*
    eigenvalues l. Some programs put the reference values of the earlier ones in their place.
    """
    k = len(observed)
    if n <= k:
        return np.full(k, np.nan)
    before = np.concatenate([[0.0], np.cumsum(observed)[:-1]])
    share = (k - before) / (k - np.arange(k))
    return np.asarray(np.maximum(share * (1.0 + np.sqrt(k / n)) ** 2, 1.0))


def leading(observed: Floats, reference: Floats) -> int:
    """How many of the first eigenvalues are above their references, until one is not.

    Examples
    --------
    >>> leading(np.array([3.0, 1.2, 0.9, 0.8]), np.array([1.3, 1.2, 0.8, 0.7]))
    1
    """
    above = observed > reference
    return len(above) if above.all() else int(np.argmin(above))


def squared_multiple(r: Floats) -> Floats:
    """Squared multiple correlation of each item with all others.

    Parameters
    ----------
    r : ndarray of float64, shape (…, k, k)

    Returns
    -------
    ndarray of float64, shape (…, k)
        NaN where the matrix is not positive definite.
    """
    values, vectors = np.linalg.eigh(r)
    definite = values[..., :1] > SINGULAR
    inverse = np.where(definite, 1.0 / np.where(definite, values, 1.0), np.nan)
    return np.asarray(1.0 - 1.0 / np.einsum("...ij,...j->...i", vectors**2, inverse))


def reduced_eigenvalues(r: Floats, communality: Communality) -> Floats:
    """Eigenvalues of correlation matrices with communalities in the diagonal.

    Parameters
    ----------
    r : ndarray of float64, shape (…, k, k)
    communality : {"smc", "minres"}
        Squared multiple correlations, or the communalities of one factor by minres (which are
        noisy where there is no factor).

    Returns
    -------
    ndarray of float64, shape (…, k)
        The largest first; NaN where the communalities cannot be computed.
    """
    k = r.shape[-1]
    if communality == "smc":
        diagonal = squared_multiple(r)
    else:
        stack = r.reshape(-1, k, k)
        diagonal = np.array([_one_factor(each) for each in stack]).reshape(r.shape[:-1])
    found = np.asarray(~np.isnan(diagonal).any(axis=-1))
    filled = np.array(r, dtype=np.float64)
    filled[..., np.arange(k), np.arange(k)] = np.where(found[..., None], diagonal, 1.0)
    return np.where(found[..., None], eigenvalues(filled), np.nan)


def _one_factor(r: Floats) -> Floats:
    """Communalities of one factor by minres; NaN where there is no such factor."""
    try:
        found = minres(r, 1)
    except EstimationError:
        return np.full(len(r), np.nan)
    return found.communalities if found.converged else np.full(len(r), np.nan)
