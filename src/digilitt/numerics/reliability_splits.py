"""Split halves: lambda 4 over all splits, and the range of the coefficients of equal halves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digilitt.numerics.reliability import alpha

Floats = NDArray[np.float64]

MAX_ALL_SPLITS = 16
N_SAMPLED = 10_000
N_STARTS = 200


@dataclass(frozen=True, slots=True)
class Splits:
    """Reliability from two parts of a test.

    Attributes
    ----------
    lambda_4 : float
        Largest coefficient over splits into two parts of any size.
    half_min, half_mean, half_max : float
        Over splits into halves that differ by one item at most; the mean is exact.
    complete : bool
        Whether every split was tried; if not, `lambda_4` and `half_max` are lower bounds and
        `half_min` an upper bound to what they are named after.
    """

    lambda_4: float
    half_min: float
    half_mean: float
    half_max: float
    complete: bool


def all_signs(k: int) -> Floats:
    """Every split of k items once, as −1 and 1; the first item has 1, and no part is empty."""
    codes = np.arange(2 ** (k - 1) - 1)
    bits = (codes[:, None] >> np.arange(k - 1)) & 1
    return np.hstack([np.ones((len(codes), 1)), 2.0 * bits - 1.0])


def coefficients(matrix: Floats, signs: Floats) -> Floats:
    """Guttman's coefficient of each split: 4 times the covariance of the parts, by the total.

    Notes
    -----
    With s the signs, that is 1 − s′Ms / 1′M1. Guttman (1945, doi:10.1007/BF02288892). R:
    ``psych::splitHalf``, which tries equal halves.
    """
    return np.asarray(1 - ((signs @ matrix) * signs).sum(axis=1) / matrix.sum())


def splits(matrix: Floats, rng: np.random.Generator, *, signs: Floats | None = None) -> Splits:
    """Coefficients over all splits, up to 16 items; with more items, over those searched.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (n_items, n_items)
        Covariances or correlations.
    rng : numpy.random.Generator
        Used with more than 16 items only: 10,000 random halves, and for lambda 4 a search from
        these and 200 random starts, moving the item that gains most until none gains.
    signs : numpy.ndarray, optional
        What :func:`all_signs` gives, to save making it again.
    """
    k = len(matrix)
    total = float(matrix.sum())
    if k < 2 or not np.isfinite(matrix).all() or not total > 1e-10 * float(np.trace(matrix)):
        return Splits(np.nan, np.nan, np.nan, np.nan, k <= MAX_ALL_SPLITS)
    mean = alpha(matrix).estimate * (1 if k % 2 == 0 else 1 - 1 / k**2)
    if k <= MAX_ALL_SPLITS:
        tried = all_signs(k) if signs is None else signs
        found = coefficients(matrix, tried)
        halves = found[np.abs(tried.sum(axis=1)) <= 1]
        return Splits(float(found.max()), float(halves.min()), mean, float(halves.max()), True)
    tried = _random_halves(k, rng)
    halves = coefficients(matrix, tried)
    starts = np.vstack([tried[[np.argmax(halves)]], rng.choice([-1.0, 1.0], (N_STARTS, k))])
    best = max(float(halves.max()), _searched(matrix, starts))
    return Splits(best, float(halves.min()), mean, float(halves.max()), False)


def _random_halves(k: int, rng: np.random.Generator) -> Floats:
    half = np.where(np.arange(k) < k // 2, -1.0, 1.0)
    return np.asarray(rng.permuted(np.tile(half, (N_SAMPLED, 1)), axis=1))


def _searched(matrix: Floats, signs: Floats) -> float:
    """Largest coefficient reached by moving one item at a time, from each start."""
    off = matrix - np.diag(np.diag(matrix))
    current = signs.copy()
    rows = np.arange(len(current))
    # Each move lowers s′Ms, and there are finitely many s.
    while True:
        gain = current * (current @ off)
        item = np.argmax(gain, axis=1)
        moves = gain[rows, item] > 1e-12 * np.trace(matrix)
        if not moves.any():
            break
        current[rows[moves], item[moves]] *= -1
    split = np.abs(current.sum(axis=1)) < current.shape[1]
    return float(coefficients(matrix, current[split]).max()) if split.any() else -np.inf
