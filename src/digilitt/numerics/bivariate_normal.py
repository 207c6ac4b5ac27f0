"""The bivariate normal distribution with standard margins: distribution function and density."""

from __future__ import annotations

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr, ndtr, owens_t

Floats = NDArray[np.float64]

# Beyond this the normal distribution function is 0 or 1 in double precision.
FAR = 40.0
TINY = 1e-300
# Nodes that give double precision up to a correlation (Genz, 2004, has the same steps).
NODES = ((0.3, 6), (0.75, 12), (0.925, 20))
# A probability from four values near 1 keeps no digits below this; then it is integrated.
CANCELLED = 1e-11
STRIP_NODES = 48


def bivariate_normal_cdf(h: ArrayLike, k: ArrayLike, rho: ArrayLike) -> Floats:
    """P(X ≤ h, Y ≤ k) of standard normal X and Y with correlation rho.

    Parameters
    ----------
    h, k : array_like
        Any number, infinite ones included.
    rho : array_like
        From -1 to 1. The three are broadcast against one another.

    Returns
    -------
    ndarray of float64
        Absolute error below 1e-15, also for correlations near or at -1 and 1.

    Notes
    -----
    By Owen's T (Owen, 1956, doi:10.1214/aoms/1177728074, eq. 2.1):
    ``(Φ(h) + Φ(k)) / 2 - T(h, a_h) - T(k, a_k)``, less 1/2 where h and k differ in sign, with
    ``a_h = (k - rho h) / (h sqrt(1 - rho²))``. The numerator is written such that nothing
    cancels near a correlation of 1 or -1.

    Examples
    --------
    >>> bivariate_normal_cdf(0.0, 0.0, [-1.0, 0.0, 0.5, 1.0]).round(12).tolist()
    [0.0, 0.25, 0.333333333333, 0.5]
    """
    rho = np.asarray(rho, dtype=np.float64)
    h = np.clip(np.asarray(h, dtype=np.float64), -FAR, FAR)
    k = np.clip(np.asarray(k, dtype=np.float64), -FAR, FAR)
    # T(0, a) is the limit from either side; a tiny number takes it without a division by 0.
    h, k = np.where(np.abs(h) < TINY, TINY, h), np.where(np.abs(k) < TINY, TINY, k)
    root = np.sqrt((1.0 - rho) * (1.0 + rho))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        slope_h = _other_less(k, h, rho) / (h * root)
        slope_k = _other_less(h, k, rho) / (k * root)
        found = (ndtr(h) + ndtr(k)) / 2.0 - owens_t(h, slope_h) - owens_t(k, slope_k)
    found = np.where((h < 0.0) != (k < 0.0), found - 0.5, found)
    found = np.where(rho >= 1.0, ndtr(np.minimum(h, k)), found)
    found = np.where(rho <= -1.0, np.maximum(ndtr(h) - ndtr(-k), 0.0), found)
    return np.asarray(np.clip(found, 0.0, 1.0), dtype=np.float64)


def bivariate_normal_density(h: ArrayLike, k: ArrayLike, rho: ArrayLike) -> Floats:
    """Density of the standard bivariate normal distribution; 0 at infinite h or k.

    Parameters
    ----------
    h, k : array_like
    rho : array_like
        Between -1 and 1, both left out.

    Examples
    --------
    >>> bivariate_normal_density([0.0, np.inf], 0.0, 0.0).round(6).tolist()
    [0.159155, 0.0]
    """
    rho = np.asarray(rho, dtype=np.float64)
    h = np.clip(np.asarray(h, dtype=np.float64), -FAR, FAR)
    k = np.clip(np.asarray(k, dtype=np.float64), -FAR, FAR)
    rest = (1.0 - rho) * (1.0 + rho)
    residual = _other_less(k, h, rho)
    exponent = -0.5 * (h * h + residual * residual / rest)
    return np.asarray(np.exp(exponent) / (2.0 * np.pi * np.sqrt(rest)), dtype=np.float64)


def cdf_on_grids(rows: Floats, columns: Floats, rho: Floats) -> Floats:
    """P(X ≤ h, Y ≤ k) at every crossing of thresholds, for many pairs at once.

    Parameters
    ----------
    rows, columns : ndarray of float64, shape (m, a) and (m, b)
        Thresholds of each pair; infinite where there are fewer.
    rho : ndarray of float64, shape (m,)
        Between -1 and 1, both left out.

    Returns
    -------
    ndarray of float64, shape (m, a, b)

    Notes
    -----
    The derivative in the correlation is the density, so the function is ``Φ(h) Φ(k)`` and an
    integral over the arcsine of the correlation, by Gauss–Legendre; beyond 0.925, where that
    takes many nodes, `bivariate_normal_cdf`.
    """
    rows, columns = np.clip(rows, -FAR, FAR), np.clip(columns, -FAR, FAR)
    found = np.empty((len(rho), rows.shape[1], columns.shape[1]))
    size, low = np.abs(rho), -1.0
    for high, n_nodes in NODES:
        chosen = np.flatnonzero((size > low) & (size <= high))
        if len(chosen):
            found[chosen] = _integrated(rows[chosen], columns[chosen], rho[chosen], n_nodes)
        low = high
    chosen = np.flatnonzero(size > low)
    if len(chosen):
        found[chosen] = bivariate_normal_cdf(
            rows[chosen, :, None], columns[chosen, None, :], rho[chosen, None, None]
        )
    return found


def rectangles(corners: Floats, rows: Floats, columns: Floats) -> Floats:
    """Probabilities of the cells between thresholds, from the function at their crossings.

    Parameters
    ----------
    corners : ndarray of float64, shape (m, a, b)
        From `cdf_on_grids`.
    rows, columns : ndarray of float64, shape (m, a) and (m, b)
        The thresholds.

    Returns
    -------
    ndarray of float64, shape (m, a + 1, b + 1)
        They sum to 1. What rounding left below 0 is 0; `small_rectangles` has the digits of
        cells far from the mass.
    """
    m, a, b = corners.shape
    framed = np.zeros((m, a + 2, b + 2))
    framed[:, 1:-1, 1:-1] = corners
    framed[:, 1:-1, -1], framed[:, -1, 1:-1] = ndtr(rows), ndtr(columns)
    framed[:, -1, -1] = 1.0
    strips = framed[:, 1:] - framed[:, :-1]
    return np.asarray(np.maximum(strips[:, :, 1:] - strips[:, :, :-1], 0.0))


def small_rectangles(
    low: tuple[Floats, Floats], high: tuple[Floats, Floats], rho: Floats
) -> Floats:
    """Log probability of single rectangles, to many digits however small they are.

    Parameters
    ----------
    low, high : tuple of two ndarray of float64, shape (m,)
        Corners (x, y) of each rectangle, which may be infinite.
    rho : ndarray of float64, shape (m,)

    Returns
    -------
    ndarray of float64, shape (m,)
        -inf for an empty rectangle.

    Notes
    -----
    ``∫ φ(x) [Φ((y_high - rho x) / s) - Φ((y_low - rho x) / s)] dx`` with ``s² = 1 - rho²``, in
    logarithms, by Gauss–Legendre where the integrand is within e⁻⁴⁰ of its largest value; it
    is log-concave, so this is one interval.
    """
    x_low, x_high = (np.clip(side[0], -FAR, FAR) for side in (low, high))
    edges = [(1.0 - step) * x_low + step * x_high for step in np.linspace(0.0, 1.0, 65)]
    for _ in range(3):  # narrow down to where the mass is, from coarse to fine
        heights = np.stack([_log_strip(edge, low[1], high[1], rho) for edge in edges])
        within = heights >= heights.max(axis=0) - 40.0
        first = np.maximum(within.argmax(axis=0) - 1, 0)
        last = np.minimum(len(edges) - within[::-1].argmax(axis=0), len(edges) - 1)
        each, column = np.stack(edges), np.arange(len(rho))
        start, stop = each[first, column], each[last, column]
        edges = [(1.0 - step) * start + step * stop for step in np.linspace(0.0, 1.0, 65)]
    nodes, weights = leggauss(STRIP_NODES)
    half = (stop - start) / 2.0
    terms = np.stack(
        [_log_strip(start + half * (1.0 + node), low[1], high[1], rho) for node in nodes]
    )
    peak = terms.max(axis=0)
    peak = np.where(np.isfinite(peak), peak, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(half * (weights @ np.exp(terms - peak))) + peak)


def log_between(lower: Floats, upper: Floats) -> Floats:
    """Log probability of a standard normal variable between two bounds, also far out.

    Examples
    --------
    >>> log_between(np.array([-1.0, 30.0]), np.array([1.0, np.inf])).round(4).tolist()
    [-0.3817, -454.3212]
    """
    # On the upper side the mirror image has the smaller values, which lose no digits.
    mirrored = lower + upper > 0.0
    lower, upper = np.where(mirrored, -upper, lower), np.where(mirrored, -lower, upper)
    top, bottom = log_ndtr(upper), log_ndtr(lower)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(top + np.log(-np.expm1(bottom - top)))


def _log_strip(x: Floats, y_low: Floats, y_high: Floats, rho: Floats) -> Floats:
    """Log of the density at x times the probability of y between two bounds, given x."""
    root = np.sqrt((1.0 - rho) * (1.0 + rho))
    between = log_between((y_low - rho * x) / root, (y_high - rho * x) / root)
    return np.asarray(-0.5 * x * x - 0.5 * np.log(2.0 * np.pi) + between)


def _other_less(other: Floats, one: Floats, rho: Floats) -> Floats:
    """``other - rho * one`` without loss of digits where the correlation is near 1 or -1."""
    return np.asarray(
        np.where(rho > 0.0, (other - one) + (1.0 - rho) * one, (other + one) - (1.0 + rho) * one)
    )


def _integrated(rows: Floats, columns: Floats, rho: Floats, n_nodes: int) -> Floats:
    nodes, weights = leggauss(n_nodes)
    angle = np.arcsin(rho)
    h, k = rows[:, :, None], columns[:, None, :]
    squares, product = -0.5 * (h * h + k * k), h * k
    total = np.zeros_like(product)
    for node, weight in zip(nodes, weights, strict=True):
        sine = np.sin(angle * (1.0 + node) / 2.0)[:, None, None]
        scale = 1.0 / ((1.0 - sine) * (1.0 + sine))
        term = squares * scale
        term += product * (sine * scale)
        np.exp(term, out=term)
        term *= weight
        total += term
    total *= (angle / (4.0 * np.pi))[:, None, None]
    return np.asarray(total + ndtr(h) * ndtr(k))
