"""Weights that turn standardized items into factor scores."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import EstimationError, Problem

Floats = NDArray[np.float64]
ScoreMethod = Literal["regression", "bartlett", "ten-berge"]

# Smallest eigenvalue of a matrix that is still inverted.
SINGULAR = 1e-10


def score_weights(r: Floats, loadings: Floats, phi: Floats, method: ScoreMethod) -> Floats:
    """Weights of factor scores.

    Parameters
    ----------
    r : numpy.ndarray of float64, shape (n_items, n_items)
        Correlation matrix that was factored.
    loadings : numpy.ndarray of float64, shape (n_items, n_factors)
        Pattern loadings.
    phi : numpy.ndarray of float64, shape (n_factors, n_factors)
        Correlations of the factors.
    method : {"regression", "bartlett", "ten-berge"}
        regression: scores nearest to the factors in squares (Thurstone); bartlett: conditionally
        unbiased; ten-berge: scores that correlate as the factors do.

    Returns
    -------
    numpy.ndarray of float64, shape (n_items, n_factors)
        Standardized items times these are scores.

    Raises
    ------
    EstimationError
        If a matrix that the method inverts is singular.

    Notes
    -----
    regression ``r^-1 L phi``; bartlett ``U^-2 L (L' U^-2 L)^-1`` with ``U²`` the uniquenesses;
    ten-berge ``r^-1/2 C phi^1/2`` with ``C = r^-1/2 L phi^1/2 (phi^1/2 L' r^-1 L phi^1/2)^-1/2``:
    ten Berge, J. M. F., Krijnen, W. P., Wansbeek, T., and Shapiro, A. (1999). Linear Algebra and
    its Applications 289, 311–318, doi:10.1016/S0024-3795(97)10007-6. For the others Grice, J. W.
    (2001). Psychological Methods 6, 430–450, doi:10.1037/1082-989X.6.4.430.

    Examples
    --------
    >>> one = np.array([[0.8], [0.7], [0.6]])
    >>> r = one @ one.T + np.diag(1 - one[:, 0] ** 2)
    >>> score_weights(r, one, np.eye(1), "regression")[:, 0].round(4).tolist()
    [0.5167, 0.3191, 0.218]
    """
    if method == "bartlett":
        uniqueness = 1.0 - np.einsum("ij,jk,ik->i", loadings, phi, loadings)
        if uniqueness.min() <= SINGULAR:
            raise _singular("bartlett: an item has no uniqueness left (a Heywood case)")
        weighted = loadings / uniqueness[:, None]
        return np.asarray(weighted @ _power(loadings.T @ weighted, -1.0))
    if method == "regression":
        return np.asarray(_power(r, -1.0) @ loadings @ phi)
    root = _power(r, -0.5)
    turned = loadings @ _power(phi, 0.5)
    inside = root @ turned
    return np.asarray(root @ inside @ _power(inside.T @ inside, -0.5) @ _power(phi, 0.5))


def determinacy(r: Floats, loadings: Floats, phi: Floats) -> Floats:
    """Squared multiple correlation of each factor with the items.

    Returns
    -------
    numpy.ndarray of float64, shape (n_factors,)
        From 0 to 1; NaN if `r` is not positive definite or the factors are not proper.

    Notes
    -----
    The diagonal of ``phi L' r^-1 L phi``: Grice (2001).

    Examples
    --------
    >>> one = np.array([[0.8], [0.7], [0.6]])
    >>> r = one @ one.T + np.diag(1 - one[:, 0] ** 2)
    >>> determinacy(r, one, np.eye(1)).round(4).tolist()
    [0.7675]
    """
    if np.linalg.eigvalsh(r)[0] <= SINGULAR:
        return np.full(len(phi), np.nan)
    structure = loadings @ phi
    found = np.einsum("ij,ij->j", structure, np.linalg.solve(r, structure))
    return np.asarray(np.where(found <= 1.0 + 1e-9, np.minimum(found, 1.0), np.nan))


def _power(matrix: Floats, power: float) -> Floats:
    roots, vectors = np.linalg.eigh(matrix)
    if power < 0 and roots[0] <= SINGULAR * max(1.0, float(roots[-1])):
        raise _singular("the correlations are singular or indefinite")
    return np.asarray((vectors * np.maximum(roots, 0.0) ** power) @ vectors.T)


def _singular(what: str) -> EstimationError:
    message = f"{what}, so that these factor scores cannot be computed."
    return EstimationError([Problem(code="no-factor-scores", message=message)])
