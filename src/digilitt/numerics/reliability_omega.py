"""Omega: reliability from factor models of the items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from digilitt.numerics.bivariate_normal import bivariate_normal_cdf
from digilitt.numerics.factoring import minres, ml, rotate, schmid_leiman
from digilitt.numerics.moments import correlation
from digilitt.numerics.reliability import Coefficient

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class OneFactor:
    """Omega of a one-factor model.

    Attributes
    ----------
    omega : Coefficient
        With its gradient by covariances; NaN in the gradient where the solution is improper.
    loadings : numpy.ndarray, shape (n_items,)
        In the units of the items.
    heywood : numpy.ndarray of bool, shape (n_items,)
        Items whose uniqueness is at its bound.
    converged : bool
    """

    omega: Coefficient
    loadings: Floats
    heywood: NDArray[np.bool_]
    converged: bool


@dataclass(frozen=True, slots=True, eq=False)
class Hierarchical:
    """Omega after Schmid and Leiman.

    Attributes
    ----------
    total : float
        Share of the variance of the sum that is not unique to an item.
    hierarchical : float
        Share of the variance of the sum that the general factor explains.
    general : numpy.ndarray, shape (n_items,)
        Loadings on the general factor, of standardized items; their sum is 0 or more.
    heywood : numpy.ndarray of bool, shape (n_items,)
    proper : bool
        Whether the general factor leaves some variance to every group factor.
    converged : bool
    """

    total: float
    hierarchical: float
    general: Floats
    heywood: NDArray[np.bool_]
    proper: bool
    converged: bool


def one_factor(covariance: Floats) -> OneFactor:
    """Omega of the sum of the items as they stand, by maximum likelihood.

    Parameters
    ----------
    covariance : numpy.ndarray, shape (n_items, n_items)
        Positive definite, of 3 items or more.

    Raises
    ------
    EstimationError
        If the matrix is not positive definite or the model not identified.

    Notes
    -----
    (Σ λ)² by the observed variance of the sum: McDonald (1999), *Test theory: A unified treatment*,
    with the observed variance in the denominator. R: ``semTools::compRelSEM`` of a
    ``lavaan::cfa`` with one factor. The gradient comes from the estimating equations, with the
    observed Hessian, so that it holds when the model does not.
    """
    sds = np.sqrt(np.diag(covariance))
    # On the way a step may lead beyond what numbers hold; it is then halved.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = ml(correlation(covariance), 1)
    loadings = found.loadings[:, 0] * sds
    total, common = float(covariance.sum()), float(loadings.sum())
    omega = common**2 / total
    gradient = np.full(covariance.shape, np.nan)
    if found.converged and not found.heywood.any():
        moved = _sum_of_loadings(covariance, loadings, found.uniquenesses * sds**2)
        gradient = 2 * common / total * moved - omega / total
    return OneFactor(Coefficient(omega, gradient), loadings, found.heywood, found.converged)


def _sum_of_loadings(covariance: Floats, loadings: Floats, unique: Floats) -> Floats:
    """Gradient of the sum of the loadings by covariances."""
    k = len(loadings)
    inverse = np.linalg.inv(np.outer(loadings, loadings) + np.diag(unique))
    seen = inverse @ covariance @ inverse
    p, q = inverse @ loadings, seen @ loadings
    pp, qq = float(loadings @ p), float(loadings @ q)
    # Second derivatives of ln|Σ| + tr(S Σ⁻¹): loadings, loadings by uniquenesses, uniquenesses.
    same = 2 * (
        pp * seen + qq * inverse + np.outer(p, q) + np.outer(q, p) - pp * inverse - np.outer(p, p)
    ) + 2 * (inverse - seen)
    cross = 2 * (seen * p + inverse * q - inverse * p)
    own = 2 * inverse * seen - inverse**2
    hessian = np.block([[same, cross], [cross.T, own]])
    try:
        solved = np.linalg.solve(hessian, np.append(np.ones(k), np.zeros(k)))
    except np.linalg.LinAlgError:
        return np.full((k, k), np.nan)
    a, b = solved[:k], solved[k:]
    inner = np.outer(a, loadings) + np.outer(loadings, a) + np.diag(b)
    return np.asarray(inverse @ inner @ inverse)


def hierarchical(r: Floats, n_factors: int, sds: Floats | None = None) -> Hierarchical:
    """Omega total and hierarchical: minres, oblimin, Schmid–Leiman.

    Parameters
    ----------
    r : numpy.ndarray, shape (n_items, n_items)
        Correlations.
    n_factors : int
        2 or more; with 2, both load alike on the general factor.
    sds : numpy.ndarray, shape (n_items,), optional
        Standard deviations, for the sum of the items as they stand.

    Raises
    ------
    EstimationError
        If that many factors are not identified.

    Notes
    -----
    Schmid and Leiman (1957, doi:10.1007/BF02289209); Zinbarg, Revelle, Yovel and Li (2005,
    doi:10.1007/s11336-003-0974-7). R: ``psych::omega(flip = FALSE)``.
    """
    extracted = minres(r, n_factors)
    # From varimax, as psych: oblimin may rest on a saddle when it starts from unrotated factors.
    rotated = rotate(rotate(extracted.loadings, "varimax").loadings, "oblimin")
    found = schmid_leiman(rotated.loadings, rotated.phi)
    general = found.general if found.general.sum() >= 0 else -found.general
    weight = np.ones(len(r)) if sds is None else sds
    total = float(weight @ r @ weight)
    unique = float((weight**2 * (1 - extracted.communalities)).sum())
    return Hierarchical(
        total=1 - unique / total,
        hierarchical=float((general * weight).sum() ** 2 / total),
        general=general,
        heywood=extracted.heywood,
        proper=found.proper,
        converged=extracted.converged and rotated.converged,
    )


def categorical(
    r: Floats, loadings: Floats, thresholds: Sequence[Floats], steps: Sequence[Floats]
) -> float:
    """Reliability of the sum of ordinal items, from a factor model of what lies behind them.

    Parameters
    ----------
    r : numpy.ndarray, shape (n_items, n_items)
        Polychoric correlations.
    loadings : numpy.ndarray, shape (n_items,)
        Of the one factor.
    thresholds : sequence of numpy.ndarray
        Of each item.
    steps : sequence of numpy.ndarray
        By how much the item's score grows at each threshold.

    Notes
    -----
    Green and Yang (2009, doi:10.1007/s11336-008-9099-3, equation 21), with the polychoric
    correlations in the denominator. R: ``semTools::compRelSEM`` of a ``lavaan::cfa`` with
    ``ordered`` items and ``estimator = "ULSMV"``.
    """
    lengths = [len(each) for each in thresholds]
    item = np.repeat(np.arange(len(r)), lengths)
    cut, step = np.concatenate(list(thresholds)), np.concatenate(list(steps))
    apart = np.outer(ndtr(cut), ndtr(cut))

    def summed(rho: Floats) -> float:
        joint = bivariate_normal_cdf(cut[:, None], cut[None, :], rho[np.ix_(item, item)])
        return float(step @ (joint - apart) @ step)

    common = np.outer(loadings, loadings)
    return summed(np.clip(common, -1.0, 1.0)) / summed(r)
