"""Robust standard errors and scaled tests of what is fitted by weighted least squares.

Statistics s of a group (thresholds and correlations, or means and covariances) have the
asymptotic covariance Γ (times the group's persons) and were fitted with the weight W. Fractions f
say what share of all persons a group has; Δ is the Jacobian of the implied statistics. With all
groups' f·W and Γ/f put in blocks, U = W - WΔEΔ'W with E = (Δ'WΔ)⁻¹, and what the test needs are
the traces of UΓ and (UΓ)². U is never built: the cost is that of ΓWΔ, and Γ is passed over once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from digilitt.errors import EstimationError, Problem
from digilitt.numerics.fit_indices import ChiSquare

Floats = NDArray[np.float64]

NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Sandwich:
    """What robust errors, scaled tests and difference tests are made of.

    Attributes
    ----------
    bread : numpy.ndarray, shape (q, q)
        E: the inverse of ``Σ f Δ'WΔ``.
    meat : numpy.ndarray, shape (q, q)
        ``Σ f Δ'WΓWΔ``.
    trace, trace_squared : float
        Of UΓ, and of (UΓ)².
    """

    bread: Floats
    meat: Floats
    trace: float
    trace_squared: float


def sandwich(
    jacobians: Sequence[Floats],
    weights: Sequence[Floats],
    gammas: Sequence[Floats],
    fractions: Sequence[float],
    *,
    information: Floats | None = None,
) -> Sandwich:
    """Bread, meat and traces of a fitted model.

    Parameters
    ----------
    jacobians : sequence of numpy.ndarray, shape (s_g, q)
        Of each group, in the q parameters that are left when equal ones are one.
    weights : sequence of numpy.ndarray, shape (s_g,) or (s_g, s_g)
        A diagonal alone, or a symmetric matrix.
    gammas : sequence of numpy.ndarray, shape (s_g, s_g)
        Symmetric.
    fractions : sequence of float
        Persons of each group over all persons.
    information : numpy.ndarray, shape (q, q), or None
        Per person, in place of ``Σ f Δ'WΔ``: the observed one of robust maximum likelihood.

    Raises
    ------
    EstimationError
        ``not-identified``: the information is not positive definite.

    Notes
    -----
    ``tr(UΓ) = Σ tr(WΓ) - tr(E M)`` and ``tr((UΓ)²) = Σ tr((WΓ)²) - 2 tr(E Σ f Δ'WΓWΓWΔ) +
    tr((E M)²)``, M the meat: groups meet only in sums of q × q matrices.

    *Checked against* R's lavaan: ``trace.UGamma`` and ``trace.UGamma2`` of models of one and two
    groups, items in categories and continuous.
    """
    q = jacobians[0].shape[1]
    own, meat, second = np.zeros((q, q)), np.zeros((q, q)), np.zeros((q, q))
    trace = trace_squared = 0.0
    for delta, weight, gamma, fraction in zip(jacobians, weights, gammas, fractions, strict=True):
        weighted = times(weight, delta)
        spread = gamma @ weighted
        if information is None:
            own += fraction * (delta.T @ weighted)
        meat += fraction * (weighted.T @ spread)
        second += fraction * (spread.T @ times(weight, spread))
        plain, squared = weighted_traces(weight, gamma)
        trace, trace_squared = trace + plain, trace_squared + squared
    bread = _inverse(own if information is None else information)
    product = bread @ meat
    return Sandwich(
        bread=bread,
        meat=meat,
        trace=trace - float(np.trace(product)),
        trace_squared=trace_squared
        - 2.0 * float((bread * second).sum())
        + float((product * product.T).sum()),
    )


def robust_covariance(parts: Sandwich, divisor: float) -> Floats:
    """Covariance of the estimates, ``E M E/divisor``.

    The divisor is n - n_groups for items in categories, as R's lavaan has it. Standard errors that
    take the weight for right ("naive") are from ``parts.bread/divisor``.
    """
    return np.asarray(parts.bread @ parts.meat @ parts.bread / divisor)


def scaled_shifted(chi2: float, df: float, trace: float, trace_squared: float) -> ChiSquare:
    """The statistic with mean and variance as those of the chi2 distribution.

    Notes
    -----
    ``a chi2 + b`` with ``a = sqrt(df/tr((UΓ)²))`` and ``b = df - a tr(UΓ)`` (Asparouhov and Muthén
    2010); the scaling factor is 1/a. NaN without degrees of freedom.

    Examples
    --------
    >>> found = scaled_shifted(15.702160, 2, 1.253958, 0.952180)
    >>> round(found.scaling_factor, 5), round(found.shift, 5), round(found.scaled, 3)
    (0.68999, 0.18265, 22.94)
    """
    if not (df > 0 and trace_squared > 0):
        return ChiSquare(chi2=chi2, df=df, scaling_factor=NAN, shift=NAN, kind="shifted")
    a = float(np.sqrt(df / trace_squared))
    return ChiSquare(chi2=chi2, df=df, scaling_factor=1 / a, shift=df - a * trace, kind="shifted")


def mean_scaled(chi2: float, df: float, trace: float) -> ChiSquare:
    """The statistic with the mean of the chi2 distribution: ``chi2 df/tr(UΓ)``.

    Satorra and Bentler (1994). NaN without degrees of freedom.
    """
    return ChiSquare(chi2=chi2, df=df, scaling_factor=trace / df if df > 0 else NAN, kind="mean")


def baseline_traces(
    weights: Sequence[Floats], gammas: Sequence[Floats], n_free: int
) -> tuple[float, float]:
    """Traces of UΓ and (UΓ)² of the model in which items do not correlate.

    Parameters
    ----------
    weights : sequence of numpy.ndarray, shape (s_g,) or (s_g, s_g)
    gammas : sequence of numpy.ndarray, shape (s_g, s_g)
    n_free : int
        The first statistics of each group, thresholds, are free and fit; the others are 0.
    """
    trace = trace_squared = 0.0
    for weight, gamma in zip(weights, gammas, strict=True):
        rest = weight[n_free:]
        if weight.ndim == 2:
            rest = weight[n_free:, n_free:]
            if n_free:
                solved = np.linalg.solve(weight[:n_free, :n_free], weight[:n_free, n_free:])
                rest = rest - weight[n_free:, :n_free] @ solved
        plain, squared = weighted_traces(rest, gamma[n_free:, n_free:])
        trace, trace_squared = trace + plain, trace_squared + squared
    return trace, trace_squared


def weighted_traces(weight: Floats, gamma: Floats) -> tuple[float, float]:
    """``tr(WΓ)`` and ``tr((WΓ)²)``; the weight a diagonal alone or a symmetric matrix."""
    if weight.ndim == 1:
        # No matrix of squares: Γ may have the size of what memory holds.
        squared = np.einsum("i,ij,ij,j->", weight, gamma, gamma, weight, optimize=False)
        return float(weight @ np.diag(gamma)), float(squared)
    product = weight @ gamma
    return float(np.trace(product)), float((product * product.T).sum())


def times(weight: Floats, matrix: Floats) -> Floats:
    """Weight, a diagonal alone or a matrix, times a matrix."""
    return np.asarray(weight[:, None] * matrix if weight.ndim == 1 else weight @ matrix)


def _inverse(information: Floats) -> Floats:
    """Of a positive definite matrix, scaled to a unit diagonal meanwhile."""
    size = np.diag(information)
    if len(size) == 0:
        return information
    if size.min() > 0 and np.isfinite(information).all():
        scale = 1.0 / np.sqrt(size)
        try:
            factor = cho_factor(information * np.outer(scale, scale), lower=True)
            found = cho_solve(factor, np.eye(len(size))) * np.outer(scale, scale)
            return np.asarray((found + found.T) / 2.0)
        except np.linalg.LinAlgError:
            pass
    message = (
        "the information about the parameters is not positive definite, so that standard errors "
        "and scaled tests do not exist; a parameter is not identified"
    )
    raise EstimationError([Problem(code="not-identified", message=message)])
