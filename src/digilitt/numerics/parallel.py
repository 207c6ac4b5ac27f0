"""Parallel analysis: eigenvalues of answers that go together by chance alone.

Many simulated data sets are worked on at once. Nothing depends on the order of persons: what
is permuted are the sorted answers to each item, put where somebody answered it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from digilitt.numerics.dimensionality import (
    Communality,
    eigenvalues,
    leading,
    reduced_eigenvalues,
)
from digilitt.numerics.polychoric import stacked_correlations
from digilitt.numerics.tables import category_codes, pair_tables

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Correlation = Literal["pearson", "polychoric"]
Reference = Literal["permutation", "normal"]
Percentile = float | Literal["mean"]

# Numbers that simulated answers may take up at once: tens of megabytes.
BLOCK = 4_000_000


@dataclass(frozen=True, slots=True)
class Simulated:
    """Eigenvalues of simulated data sets, the largest first.

    Attributes
    ----------
    component : ndarray of float64, shape (n_simulations, k)
        Of the correlation matrix; a row of NaN where a correlation cannot be computed.
    factor : ndarray of float64, shape (n_simulations, k)
        Of the matrix with communalities in the diagonal; a row of NaN where these, or a
        correlation, cannot be computed.
    """

    component: Floats
    factor: Floats


def simulated_eigenvalues(
    values: Floats,
    *,
    correlation: Correlation,
    reference: Reference,
    communality: Communality,
    n_simulations: int,
    rng: np.random.Generator,
) -> Simulated:
    """Eigenvalues of data sets like the one given, in which items are independent.

    Parameters
    ----------
    values : ndarray of float64, shape (n, k)
        Answers, NaN where missing; missing answers stay where they are.
    correlation : {"pearson", "polychoric"}
        Computed from the persons who answered both items.
    reference : {"permutation", "normal"}
        The answers to each item in random order; or independent normal variables, cut at the
        thresholds of the item where the correlation is polychoric.
    communality : {"smc", "minres"}
    n_simulations : int
    rng : numpy.random.Generator

    Returns
    -------
    Simulated
    """
    k = values.shape[1]
    component, factor = np.full((2, n_simulations, k), np.nan)
    draws = _pearson if correlation == "pearson" else _polychoric
    start = 0
    for r in draws(values, reference, n_simulations, rng):
        rows = start + np.flatnonzero(~np.isnan(r).any(axis=(1, 2)))
        usable = r[rows - start]
        component[rows] = eigenvalues(usable)
        factor[rows] = reduced_eigenvalues(usable, communality)
        start += len(r)
    return Simulated(component, factor)


def _places(values: Floats) -> tuple[Booleans, list[Floats]]:
    """Who answered what, shape (k, n), persons in order of that; the sorted answers to each."""
    answered = ~np.isnan(values)
    order = np.lexsort(answered.T)
    columns = [np.sort(column[there]) for column, there in zip(values.T, answered.T, strict=True)]
    return np.ascontiguousarray(answered[order].T), columns


def _blocks(n_simulations: int, numbers: int) -> Iterator[int]:
    """Sizes of blocks of data sets that have so many numbers each."""
    size = max(1, BLOCK // max(1, numbers))
    for start in range(0, n_simulations, size):
        yield min(size, n_simulations - start)


def _drawn(places: Booleans, columns: list[Floats], size: int, rng: np.random.Generator) -> Floats:
    """Each column in random order, `size` times: shape (size, k, n), 0 where nobody answered."""
    drawn = np.zeros((size, *places.shape))
    for item, (there, column) in enumerate(zip(places, columns, strict=True)):
        drawn[:, item, there] = rng.permuted(np.broadcast_to(column, (size, len(column))), axis=1)
    return drawn


def _pearson(
    values: Floats, reference: Reference, n_simulations: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Stacks of correlation matrices, shape (size, k, k)."""
    places, columns = _places(values)
    # Centred: in sums of squares of large numbers the digits that matter are lost.
    columns = [(column - column.mean()) / (column.std() or np.nan) for column in columns]
    for size in _blocks(n_simulations, places.size):
        if reference == "permutation":
            yield _correlated(_drawn(places, columns, size, rng), places)
        else:
            yield _correlated(rng.standard_normal((size, *places.shape)) * places, places)


def _correlated(drawn: Floats, places: Booleans) -> Floats:
    """Pearson correlations over the persons who answered both items."""
    there = places.astype(np.float64)
    n = there @ there.T
    sums = drawn @ there.T
    squares = drawn**2 @ there.T
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.maximum(squares - sums**2 / n, 0.0)
        product = drawn @ drawn.transpose(0, 2, 1) - sums * sums.transpose(0, 2, 1) / n
        r = product / np.sqrt(variance * variance.transpose(0, 2, 1))
    r[:, np.arange(len(places)), np.arange(len(places))] = 1.0
    return np.asarray(np.clip(r, -1.0, 1.0))


def _polychoric(
    values: Floats, reference: Reference, n_simulations: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Stacks of polychoric correlation matrices, shape (size, k, k)."""
    found = category_codes(values)
    n_categories = max(len(each) for each in found.categories)
    places, columns = _places(np.where(found.codes < 0, np.nan, found.codes))
    for size in _blocks(n_simulations, places.size):
        if reference == "permutation":
            codes = _drawn(places, columns, size, rng)
        else:
            codes = _cut(places, columns, size, rng)
        codes = np.where(places, codes, -1.0).transpose(0, 2, 1)
        counted = [pair_tables(each.astype(np.int64), n_categories) for each in codes]
        yield stacked_correlations(
            np.stack([tables for tables, _ in counted]), np.stack([each for _, each in counted])
        )


def _cut(places: Booleans, columns: list[Floats], size: int, rng: np.random.Generator) -> Floats:
    """Categories of independent normal variables, cut at the thresholds of each item.

    A normal variable is below a threshold as often as a uniform one is below the share.
    """
    drawn = rng.random((size, *places.shape))
    for item, column in enumerate(columns):
        shares = np.cumsum(np.bincount(column.astype(np.int64)))[:-1] / len(column)
        drawn[:, item] = np.searchsorted(shares, drawn[:, item], side="right")
    return drawn


@dataclass(frozen=True, slots=True)
class Comparison:
    """Observed eigenvalues beside those of simulated data sets.

    Attributes
    ----------
    reference : ndarray of float64, shape (k,)
        The percentile, or the mean, of the simulated ones.
    mean : ndarray of float64, shape (k,)
    share_above : ndarray of float64, shape (k,)
        Simulated ones that are at least the observed one, as a share.
    n_suggested : int or None
        The first eigenvalues above their reference, until one is not; None if not computable.
    close : bool
        Whether other simulated data could well have said otherwise: at the last eigenvalue
        above or the first that is not, the reference is within two of its standard errors.
    n_used : int
        Data sets with eigenvalues.
    """

    reference: Floats
    mean: Floats
    share_above: Floats
    n_suggested: int | None
    close: bool
    n_used: int


def compare(observed: Floats, simulated: Floats, percentile: Percentile) -> Comparison:
    """Hold eigenvalues against those of simulated data sets, one position after another.

    Parameters
    ----------
    observed : ndarray of float64, shape (k,)
        The largest first.
    simulated : ndarray of float64, shape (n_simulations, k)
        Rows of NaN are left out.
    percentile : float or "mean"
        Between 0 and 100; interpolated as by R's ``quantile`` of type 7.

    Notes
    -----
    Horn (1965), doi:10.1007/BF02289447, with the mean; Glorfeld (1995),
    doi:10.1177/0013164495055003002, with the 95th percentile.
    """
    used = simulated[~np.isnan(simulated).any(axis=1)]
    k, n_used = len(observed), len(used)
    if not n_used or np.isnan(observed).any():
        unknown = np.full(k, np.nan)
        return Comparison(unknown, unknown, unknown, None, close=False, n_used=n_used)
    mean, sd, share = used.mean(axis=0), used.std(axis=0), (used >= observed).mean(axis=0)
    reference, factor = mean, 1.0
    if percentile != "mean":
        reference, p = np.percentile(used, percentile, axis=0), percentile / 100.0
        # The standard error of a quantile of normal values, in those of their mean.
        factor = np.sqrt(p * (1.0 - p) * 2.0 * np.pi) * np.exp(ndtri(p) ** 2 / 2.0)
    near = np.abs(observed - reference) <= 2.0 * factor * sd / np.sqrt(n_used)
    n_suggested = leading(observed, reference)
    deciding = near[max(n_suggested - 1, 0) : n_suggested + 1]
    return Comparison(reference, mean, share, n_suggested, bool(deciding.any()), n_used)
