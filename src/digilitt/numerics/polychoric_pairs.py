"""The correlation of each of many tables of two ordinal items, all at once.

Each item is taken as a normal variable cut at thresholds. The thresholds come from the shares of
its categories; then the correlation of each pair is that under which its table is most likely
(Olsson, 1979, doi:10.1007/BF02296207). For two categories it is the tetrachoric correlation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from digilitt.numerics.bivariate_normal import (
    CANCELLED,
    FAR,
    bivariate_normal_density,
    cdf_on_grids,
    rectangles,
    small_rectangles,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Derivatives = Callable[[Integers, Floats], tuple[Floats, Floats, Floats]]

# The likelihood of a table on a diagonal grows up to a correlation of 1; the search ends here.
BOUND = 0.999
STEP = 1e-11
# Slope and curvature in Fisher's z of a log likelihood that is level.
NO_SLOPE, LEVEL = 1e-12, 1e-8
MAX_STEPS = 100
# Pairs in one go: so many that loops do not count, so few that they stay in the cache.
BLOCK_PAIRS = 1024


@dataclass(frozen=True, slots=True)
class Maximum:
    """Correlations at which likelihoods are largest.

    Attributes
    ----------
    rho : ndarray of float64, shape (m,)
    converged, at_bound : ndarray of bool, shape (m,)
        Whether the last step was below 1e-11; whether the likelihood still grows at ±0.999.
    n_iter : int
        Steps of the pair that took most.
    """

    rho: Floats
    converged: Booleans
    at_bound: Booleans
    n_iter: int


@dataclass(frozen=True, slots=True)
class Cells:
    """Probabilities of the cells of many tables, and what they change by.

    Attributes
    ----------
    probability : ndarray of float64, shape (m, k, k)
    log_probability : ndarray of float64, shape (m, k, k)
        Right also where the probability is very small and the cell is not empty.
    score, curvature : ndarray of float64, shape (m, k, k)
        First and second derivative of the log probability in the correlation.
    """

    probability: Floats
    log_probability: Floats
    score: Floats
    curvature: Floats


def normal_thresholds(margins: Floats) -> Floats:
    """Normal quantiles of the cumulative shares of categories.

    Parameters
    ----------
    margins : ndarray of float64, shape (..., k)
        Persons by category.

    Returns
    -------
    ndarray of float64, shape (..., k - 1)
        Infinite outside the categories that are used; NaN where there are no persons.

    Examples
    --------
    >>> normal_thresholds(np.array([50.0, 50.0, 0.0])).tolist()
    [0.0, inf]
    """
    below = np.cumsum(margins, axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(ndtri(below[..., :-1] / below[..., -1:]), dtype=np.float64)


def pair_correlations(
    tables: Floats, rows: Floats, columns: Floats, *, start: Floats | None = None
) -> Maximum:
    """The correlation under which each table is most likely, given the thresholds.

    Parameters
    ----------
    tables : ndarray of float64, shape (m, k, k)
        Persons by category; the pairs may be of one data set or of many.
    rows, columns : ndarray of float64, shape (m, k - 1)
        Thresholds of the items in the rows and in the columns; infinite where there are fewer.
    start : ndarray of float64, shape (m,), optional
        Where to begin; the correlations of the category numbers when left out.

    Returns
    -------
    Maximum
        NaN for tables with fewer than two rows or columns that are not empty.
    """
    rows, columns = np.clip(rows, -FAR, FAR), np.clip(columns, -FAR, FAR)
    known = _can_be_estimated(tables)
    rho = np.full(len(tables), np.nan)
    converged, at_bound = np.zeros((2, len(tables)), dtype=np.bool_)
    start = _pearson(tables) if start is None else start
    n_iter = 0
    todo = np.flatnonzero(known)
    for block in np.array_split(todo, -(-len(todo) // BLOCK_PAIRS) or 1):

        def derivatives(
            chosen: Integers, at: Floats, block: Integers = block
        ) -> tuple[Floats, Floats, Floats]:
            pairs = block[chosen]
            table = tables[pairs]
            cells = cells_of(table, rows[pairs], columns[pairs], at)
            information = np.square(cells.score) * cells.probability
            return (
                (table * cells.score).sum(axis=(1, 2)),
                (table * cells.curvature).sum(axis=(1, 2)),
                information.sum(axis=(1, 2)) * table.sum(axis=(1, 2)),
            )

        found = maximise(derivatives, start[block])
        rho[block], converged[block] = found.rho, found.converged
        at_bound[block], n_iter = found.at_bound, max(n_iter, found.n_iter)
    return Maximum(rho, converged, at_bound, n_iter)


def maximise(derivatives: Derivatives, start: Floats) -> Maximum:
    """Correlations where the derivatives of many log likelihoods are 0.

    Parameters
    ----------
    derivatives : callable
        Takes the numbers of likelihoods and a correlation for each; gives the first
        derivatives, the second derivatives, and the expected information.
    start : ndarray of float64, shape (m,)

    Notes
    -----
    Newton's method in Fisher's z, with the expected information where the likelihood is not
    concave, inside a bracket of points where the derivative has either sign: a step that leaves
    the bracket is replaced by half of the way to its end.
    """
    end = np.arctanh(BOUND)
    z = np.arctanh(np.clip(np.nan_to_num(start), -0.95, 0.95))
    low, high, curved = np.full_like(z, -end), np.full_like(z, end), np.zeros_like(z)
    converged, at_bound = np.zeros((2, len(z)), dtype=np.bool_)
    active, n_iter = np.arange(len(z)), 0
    while len(active) and n_iter < MAX_STEPS:
        n_iter += 1
        here = z[active]
        rho = np.tanh(here)
        slope, bend, information = derivatives(active, rho)
        scale = (1.0 - rho) * (1.0 + rho)
        slope, bend = scale * slope, scale * scale * bend - 2.0 * rho * scale * slope
        # Where the likelihood is level to the last digit, a maximum is nearer to 0 or at its rim.
        level = (np.abs(slope) <= NO_SLOPE) & (np.abs(bend) <= LEVEL)
        slope = np.where(level, -np.sign(here), slope)
        outward = np.where(slope > 0.0, here >= end, here <= -end) & (slope != 0.0)
        low[active] = np.where(slope > 0.0, here, low[active])
        high[active] = np.where(slope < 0.0, here, high[active])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = np.where(bend < 0.0, -slope / bend, slope / (information * scale * scale))
        step = np.where(slope == 0.0, 0.0, np.nan_to_num(step, nan=np.inf, posinf=1.0, neginf=-1))
        there = _kept_inside(here, np.clip(step, -1.0, 1.0), low[active], high[active], end)
        inner = np.where(here > 0.0, np.maximum(low[active], 0.0), np.minimum(high[active], 0.0))
        there = np.where(level, (here + inner) / 2.0, there)
        at_bound[active], curved[active] = outward, np.abs(bend)
        z[active] = np.where(outward, here, there)
        done = outward | (np.abs(np.tanh(there) - rho) <= STEP)
        converged[active] = done
        active = active[~done]
    at_bound |= curved <= LEVEL
    rho = np.where(at_bound, np.sign(z) * BOUND, np.tanh(z))
    return Maximum(rho, converged, at_bound, n_iter)


def _kept_inside(here: Floats, step: Floats, low: Floats, high: Floats, end: float) -> Floats:
    """A step, or half of the way to the end of the bracket that it would leave by.

    An end of ±0.999 is tried itself; an end that was found is not tried again.
    """
    there = here + step
    there = np.where(there >= high, np.where(high >= end, end, (here + high) / 2.0), there)
    return np.where(there <= low, np.where(low <= -end, -end, (here + low) / 2.0), there)


def cells_of(tables: Floats, rows: Floats, columns: Floats, rho: Floats) -> Cells:
    """Cell probabilities under correlations, and derivatives of their logarithms.

    Parameters
    ----------
    tables : ndarray of float64, shape (m, k, k)
        Persons by category: cells with nobody in them need fewer digits.
    rows, columns : ndarray of float64, shape (m, k - 1)
        Thresholds, at most 40 in size.
    rho : ndarray of float64, shape (m,)
        Between -1 and 1, both left out.
    """
    h, k, at = rows[:, :, None], columns[:, None, :], rho[:, None, None]
    density = bivariate_normal_density(h, k, at)
    probability = rectangles(cdf_on_grids(rows, columns, rho), rows, columns)
    first, second = _second_difference(density), _second_difference(density * _slope(h, k, at))
    large = probability > CANCELLED
    safe = np.where(large, probability, 1.0)
    score, ratio = np.where(large, first / safe, 0.0), np.where(large, second / safe, 0.0)
    logarithm = np.log(np.where(probability > 0.0, probability, 1e-300))
    found = np.nonzero(~large & (tables > 0.0))
    if len(found[0]):
        logarithm[found], score[found], ratio[found] = _far_cells(found, rows, columns, rho)
    return Cells(probability, logarithm, score, ratio - np.square(score))


def _can_be_estimated(tables: Floats) -> Booleans:
    used = [(tables.sum(axis=axis) > 0.0).sum(axis=1) for axis in (1, 2)]
    return np.asarray((used[0] > 1) & (used[1] > 1))


def _pearson(tables: Floats) -> Floats:
    """Correlation of the category numbers."""
    numbers = np.arange(tables.shape[1], dtype=np.float64)
    n = np.maximum(tables.sum(axis=(1, 2)), 1.0)
    sides = (tables.sum(axis=2), tables.sum(axis=1))
    means = [side @ numbers / n for side in sides]
    variances = [
        side @ np.square(numbers) / n - mean**2 for side, mean in zip(sides, means, strict=True)
    ]
    covariance = (tables @ numbers) @ numbers / n - means[0] * means[1]
    return np.asarray(covariance / np.sqrt(np.maximum(variances[0] * variances[1], 1e-12)))


def _second_difference(grid: Floats) -> Floats:
    """Over each cell: the corners on the rising diagonal less the two others; 0 outside."""
    m, a, b = grid.shape
    framed = np.zeros((m, a + 2, b + 2))
    framed[:, 1:-1, 1:-1] = grid
    strips = framed[:, 1:] - framed[:, :-1]
    return np.asarray(strips[:, :, 1:] - strips[:, :, :-1])


def _slope(h: Floats, k: Floats, rho: Floats) -> Floats:
    """Derivative of the log density in the correlation."""
    rest = (1.0 - rho) * (1.0 + rho)
    squares = h * h - 2.0 * rho * h * k + k * k
    return np.asarray((rho + h * k - rho * squares / rest) / rest)


def _far_cells(
    cells: tuple[Integers, ...], rows: Floats, columns: Floats, rho: Floats
) -> tuple[Floats, Floats, Floats]:
    """Log probability, and two derivatives of the probability over it, of cells far out.

    Differences of the distribution function have no digits left there.
    """
    pair, row, column = cells
    edge = np.full((len(rows), 1), FAR)
    sides = [np.hstack([-edge, each, edge]) for each in (rows, columns)]
    at = rho[pair]
    low = (sides[0][pair, row], sides[1][pair, column])
    high = (sides[0][pair, row + 1], sides[1][pair, column + 1])
    logarithm = np.maximum(small_rectangles(low, high, at), -1e6)
    score, ratio = np.zeros((2, len(at)))
    rest = (1.0 - at) * (1.0 + at)
    for h, k, sign in (
        (high[0], high[1], 1.0),
        (low[0], high[1], -1.0),
        (high[0], low[1], -1.0),
        (low[0], low[1], 1.0),
    ):
        squares = (h * h - 2.0 * at * h * k + k * k) / rest
        density = -0.5 * squares - np.log(2.0 * np.pi) - 0.5 * np.log(rest)
        share = sign * np.exp(np.minimum(density - logarithm, 300.0))
        score += share
        ratio += share * _slope(h, k, at)
    return logarithm, score, ratio
