"""Correlations with a continuous column: polyserial, and Pearson between two of them.

The polyserial correlation is that of a continuous column and the normal variable behind an
ordinal one (Olsson, Drasgow and Dorans, 1982, doi:10.1007/BF02294164), in two steps: mean,
variance and thresholds from each column alone, then the correlation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digilitt.numerics.bivariate_normal import FAR, log_between
from digilitt.numerics.polychoric_errors import NO_INFORMATION, threshold_influence
from digilitt.numerics.polychoric_pairs import maximise, normal_thresholds

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

# A standard deviation this much smaller than the numbers themselves is rounding.
NO_SPREAD = 1e-12


@dataclass(frozen=True, slots=True)
class Single:
    """One correlation.

    Attributes
    ----------
    rho : float
        NaN where there is none.
    converged, at_bound : bool
    influence : ndarray of float64, shape (n,)
        What a person of each row adds to the estimate; the sum of squares is its variance.
    """

    rho: float
    converged: bool
    at_bound: bool
    influence: Floats


@dataclass(frozen=True, slots=True)
class _Terms:
    """Derivatives of the log probability of each answer, given the continuous value."""

    score: Floats
    curvature: Floats
    upper: Floats
    lower: Floats


def polyserial(x: Floats, codes: Integers, counts: Floats, *, pair: bool = False) -> Single:
    """Polyserial correlation of a continuous and an ordinal column, with its influences.

    Parameters
    ----------
    x : ndarray of float64, shape (n,)
        NaN where missing.
    codes : ndarray of int64, shape (n,)
        Category numbers from 0, every one up to the last in use; -1 where there is no answer.
    counts : ndarray of float64, shape (n,)
        Persons that each row stands for.
    pair : bool
        Whether mean, variance and thresholds come from persons with both alone.
    """
    both = ~np.isnan(x) & (codes >= 0)
    if pair:
        x, codes = np.where(both, x, np.nan), np.where(both, codes, -1)
        codes = np.where(both, np.searchsorted(np.unique(codes[both]), codes), -1)
    z = _standard(x, counts)
    margins = _counted(codes[codes >= 0], counts[codes >= 0], 1)
    inside, answer, weight = z[both], codes[both], counts[both]
    if len(np.unique(answer)) < 2 or np.isnan(inside).any() or np.ptp(inside) == 0.0:
        return _none(len(x))
    edges = np.concatenate([[-FAR], normal_thresholds(margins), [FAR]])
    low, high = edges[answer], edges[answer + 1]

    def derivatives(_: Integers, rho: Floats) -> tuple[Floats, Floats, Floats]:
        terms = _terms(inside, low, high, float(rho[0]))
        found = (terms.score, terms.curvature, np.square(terms.score))
        first, second, information = (np.array([weight @ each]) for each in found)
        return first, second, information

    centred = answer - np.average(answer, weights=weight)
    spread = np.sqrt(np.average(centred**2, weights=weight))
    found = maximise(derivatives, np.array([np.average(inside * centred, weights=weight) / spread]))
    rho = float(found.rho[0])
    terms = _terms(inside, low, high, rho)
    from_scale = _scale_part(z, both, counts, terms, rho)
    root = np.sqrt((1.0 - rho) * (1.0 + rho))
    up, down = (
        _counted(answer, weight * terms.score * each, len(margins)) / root
        for each in (terms.upper, terms.lower)
    )
    from_thresholds = threshold_influence(margins) @ (up[:-1] - down[1:])
    influence = -from_scale - from_thresholds[codes]
    influence[both] += terms.score
    information = float(weight @ np.square(terms.score))
    influence /= information if information > NO_INFORMATION else np.nan
    return Single(rho, bool(found.converged[0]), bool(found.at_bound[0]), influence)


def pearson(x: Floats, y: Floats, counts: Floats) -> Single:
    """Pearson correlation of the persons with both, with its influences.

    Parameters
    ----------
    x, y, counts : ndarray of float64, shape (n,)
        Values, NaN where missing; persons that each row stands for.

    Notes
    -----
    Influences are those of maximum likelihood under normality, as in R's lavaan.
    """
    both = ~(np.isnan(x) | np.isnan(y))
    one, other = (_standard(np.where(both, each, np.nan), counts)[both] for each in (x, y))
    weight = counts[both]
    if len(one) < 2 or np.isnan(one).any() or np.isnan(other).any():
        return _none(len(x))
    rho = float(np.clip(weight @ (one * other) / weight.sum(), -1.0, 1.0))
    rest, product = (1.0 - rho) * (1.0 + rho), one * other
    if rest < NO_SPREAD:
        return Single(rho, True, True, np.full(len(x), np.nan))
    squares = one**2 - 2.0 * rho * product + other**2
    score = (rho + product) / rest - rho * squares / rest**2
    influence = score.copy()
    for own, beside in ((one, other), (other, one)):
        alone = np.column_stack([own, (own**2 - 1.0) / 2.0])
        jointly = np.column_stack(
            [(own - rho * beside) / rest, ((own**2 - rho * product) / rest - 1.0) / 2.0]
        )
        influence -= alone @ _solved(alone, weight, (weight * score) @ jointly)
    whole = np.zeros(len(x))
    whole[both] = influence / (weight @ np.square(score))
    return Single(rho, True, False, whole)


def _counted(codes: Integers, weights: Floats, length: int) -> Floats:
    return np.bincount(codes, weights, minlength=length).astype(np.float64)


def _none(n: int) -> Single:
    return Single(np.nan, False, False, np.full(n, np.nan))


def _standard(x: Floats, counts: Floats) -> Floats:
    """In units of the standard deviation (divisor n) from the mean; NaN without any spread."""
    known = ~np.isnan(x)
    if not known.any():
        return np.full(len(x), np.nan)
    mean = np.average(x[known], weights=counts[known])
    spread = np.sqrt(np.average((x[known] - mean) ** 2, weights=counts[known]))
    if spread <= NO_SPREAD * np.abs(x[known]).max():
        return np.full(len(x), np.nan)
    return np.asarray((x - mean) / spread)


def _terms(z: Floats, low: Floats, high: Floats, rho: float) -> _Terms:
    rest = (1.0 - rho) * (1.0 + rho)
    root = np.sqrt(rest)
    sides = [(edge - rho * z) / root for edge in (low, high)]
    logarithm = log_between(sides[0], sides[1]) + 0.5 * np.log(2.0 * np.pi)
    lower, upper = (np.exp(-0.5 * side * side - logarithm) for side in sides)
    score, bend = np.zeros((2, len(z)))
    for edge, side, density, sign in ((high, sides[1], upper, 1.0), (low, sides[0], lower, -1.0)):
        moved = (rho * edge - z) / (rest * root)
        further = edge / (rest * root) + 3.0 * rho * moved / rest
        score += sign * density * moved
        bend += sign * density * (further - side * moved * moved)
    return _Terms(score, bend - np.square(score), upper, lower)


def _scale_part(z: Floats, both: Booleans, counts: Floats, terms: _Terms, rho: float) -> Floats:
    """What mean and variance of the continuous column take of the score, shape (n,)."""
    known = ~np.isnan(z)
    alone = np.zeros((len(z), 2))
    alone[known] = np.column_stack([z[known], (z[known] ** 2 - 1.0) / 2.0])
    shift = rho / np.sqrt((1.0 - rho) * (1.0 + rho)) * (terms.upper - terms.lower)
    inside = z[both]
    jointly = np.column_stack([inside + shift, (inside**2 - 1.0 + inside * shift) / 2.0])
    cross = (counts[both] * terms.score) @ jointly
    return np.asarray(alone @ _solved(alone, counts, cross))


def _solved(alone: Floats, counts: Floats, cross: Floats) -> Floats:
    """Least squares, since mean and variance are one where a column has two values only."""
    return np.asarray(np.linalg.lstsq(alone.T @ (alone * counts[:, None]), cross, rcond=None)[0])
