"""What a model leaves unexplained: residual correlations, their mean square, the likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kind = Literal["bentler", "bollen", "ordinal"]

NAN = float("nan")


def residual_correlations(sample: Floats, implied: Floats) -> Floats:
    """Correlations of the sample less those that the model implies.

    Parameters
    ----------
    sample, implied : numpy.ndarray of float64, shape (p, p)
        Covariances, or correlations, of one group.

    Returns
    -------
    numpy.ndarray, shape (p, p)
        0 on the diagonal, NaN in the rows of an item without variance.

    Notes
    -----
    Each matrix is divided by its own standard deviations (Bollen 1989), so that a residual does
    not hold what a variance is off. lavaan calls it ``cor.bollen``.

    Examples
    --------
    >>> sample = np.array([[4.0, 1.0], [1.0, 1.0]])
    >>> float(residual_correlations(sample, np.array([[4.0, 0.5], [0.5, 1.0]]))[1, 0])
    0.25
    """
    residuals = _divided(sample, _deviations(sample)) - _divided(implied, _deviations(implied))
    np.fill_diagonal(residuals, np.where(np.isnan(np.diag(residuals)), NAN, 0.0))
    return residuals


def standardized_residuals(sample: Floats, implied: Floats) -> Floats:
    """Sample less implied covariances, both divided by the sample's standard deviations.

    Bentler's form (1995), of which SRMR is made; its diagonal says how far variances are off.
    """
    return _divided(sample - implied, _deviations(sample))


def mean_residuals(sample: Floats, mean: Floats, implied_mean: Floats) -> Floats:
    """Sample less implied means, divided by the sample's standard deviations."""
    return np.asarray((mean - implied_mean) / _deviations(sample))


def srmr(
    sample: Floats,
    implied: Floats,
    mean: Floats | None = None,
    implied_mean: Floats | None = None,
    *,
    kind: Kind = "bentler",
) -> float:
    """Standardized root mean square residual of one group; `over_groups` puts groups together.

    Parameters
    ----------
    sample, implied : numpy.ndarray of float64, shape (p, p)
        Covariances; with missing answers the saturated model's. Of items in categories
        polychoric correlations, and those that the model implies.
    mean, implied_mean : numpy.ndarray of float64, shape (p,), or None
        If means are modelled. Items in categories have none.
    kind : {"bentler", "bollen", "ordinal"}
        "bentler" is what most programs call SRMR: the diagonal and the means count, and the sample
        standardizes both. "bollen" (CRMR) compares correlations, of which the diagonal does not
        count. "ordinal" is "bentler" of correlations without means: its diagonal holds zeros, yet
        counts in the divisor.

    Notes
    -----
    ``sqrt(sum of squares/number)``, with the number p(p + 1)/2 ("bollen": p(p - 1)/2), and p more
    with means. Maydeu-Olivares (2017, doi:10.1007/s11336-016-9552-7) for SRMR and CRMR.

    *Checked against* R's lavaan: ``srmr``, ``crmr`` of continuous and ordinal models.

    Examples
    --------
    >>> r = np.array([[1.0, 0.5], [0.5, 1.0]])
    >>> round(srmr(r, np.eye(2)), 6), round(srmr(r, np.eye(2), kind="bollen"), 6)
    (0.288675, 0.5)
    """
    p = len(sample)
    if kind == "bentler":
        squares = standardized_residuals(sample, implied)[np.tril_indices(p)] ** 2
        number = p * (p + 1) // 2
    else:
        squares = residual_correlations(sample, implied)[np.tril_indices(p, -1)] ** 2
        number = p * (p + 1) // 2 if kind == "ordinal" else p * (p - 1) // 2
    total = float(squares.sum())
    if kind != "ordinal" and mean is not None and implied_mean is not None:
        total += float((mean_residuals(sample, mean, implied_mean) ** 2).sum())
        number += p
    return float(np.sqrt(total / number)) if number else NAN


def over_groups(values: Sequence[float], n_persons: Sequence[float]) -> float:
    """The groups' values weighted by their persons.

    Examples
    --------
    >>> over_groups([0.02, 0.05], [100, 200])
    0.04
    """
    weights = np.asarray(n_persons, dtype=float)
    return float(np.dot(values, weights) / weights.sum())


def normal_loglik(
    sample: Floats,
    implied: Floats,
    n: float,
    mean: Floats | None = None,
    implied_mean: Floats | None = None,
) -> float:
    """Log-likelihood of one group's complete data under normal distributions.

    Parameters
    ----------
    sample, implied : numpy.ndarray of float64, shape (p, p)
        The sample's covariances with divisor n.
    n : float
        Persons of the group.
    mean, implied_mean : numpy.ndarray of float64, shape (p,), or None
        Without them the implied means are the sample's.

    Returns
    -------
    float
        With its constant, ``-n p log(2π)/2``; NaN if a matrix is not positive definite.

    Examples
    --------
    >>> round(normal_loglik(np.eye(2), np.eye(2), 10), 6)  # -10 (log(2π) + 1)
    -28.378771
    """
    p = len(sample)
    try:
        root = np.linalg.cholesky(implied)
    except np.linalg.LinAlgError:
        return NAN
    discrepancy = float(np.trace(np.linalg.solve(implied, sample)))
    if mean is not None and implied_mean is not None:
        discrepancy += float((np.linalg.solve(root, mean - implied_mean) ** 2).sum())
    log_determinant = 2.0 * float(np.log(np.diag(root)).sum())
    return -0.5 * n * (p * float(np.log(2.0 * np.pi)) + log_determinant + discrepancy)


def _deviations(covariance: Floats) -> Floats:
    """Standard deviations; NaN in place of 0."""
    variances = np.diag(covariance)
    return np.sqrt(np.where(variances > 0, variances, NAN))


def _divided(covariance: Floats, deviations: Floats) -> Floats:
    return np.asarray(covariance / np.outer(deviations, deviations))
