"""Correlations of ordinal and continuous columns together: polychoric, polyserial, Pearson."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digilitt.numerics.polychoric import Polychoric, Thresholds, polychoric_matrix
from digilitt.numerics.polychoric_errors import asymptotic_covariance, influence_tables
from digilitt.numerics.polychoric_serial import Single, pearson, polyserial
from digilitt.numerics.tables import Codes, category_codes, pair_index, pair_tables

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Mixed:
    """Correlations of all columns, and the categories of the ordinal ones.

    Attributes
    ----------
    estimates : Polychoric
        Of all p columns; no thresholds and no test of fit where a column is continuous.
    categories : tuple of ndarray, length p
        The codes of each ordinal column, ascending; empty for continuous ones.
    margins : tuple of ndarray, length p
        Persons by category.
    acov : ndarray of float64, shape (t + p (p - 1) / 2, t + p (p - 1) / 2), or None
        Covariance matrix of the t thresholds, column by column, and the correlations in the
        order of `pair_index`; NaN for a correlation without a standard error.
    """

    estimates: Polychoric
    categories: tuple[Floats, ...]
    margins: tuple[Floats, ...]
    acov: Floats | None


def mixed_matrix(
    values: Floats,
    continuous: Booleans,
    counts: Floats,
    *,
    thresholds: Thresholds = "all",
    correction: float = 0.5,
    acov: bool = False,
) -> Mixed:
    """Correlations of all columns: polychoric, polyserial, or Pearson where both are continuous.

    Parameters
    ----------
    values : ndarray of float64, shape (n, p)
        NaN where missing.
    continuous : ndarray of bool, shape (p,)
    counts : ndarray of float64, shape (n,)
        Persons that each row stands for, above 0.
    thresholds : {"all", "pair"}
        From all answers to a column, or from those of persons who answered both. Where one
        column is continuous, its mean and variance go the same way; Pearson correlations are
        always of persons who answered both.
    correction : float
        As in `polychoric_matrix`.
    acov : bool
        Whether to compute the covariance matrix, which is for `thresholds="all"`.
    """
    coded = category_codes(values[:, ~continuous])
    n_categories = max([2, *(len(each) for each in coded.categories)])
    tables, margins = pair_tables(coded.codes, n_categories, counts)
    found = polychoric_matrix(tables, margins, thresholds=thresholds, correction=correction)
    whole = _spread(found, values, continuous, counts)
    beside: dict[tuple[int, int], Floats] = {}
    for a, b, single in _with_scales(values, coded, continuous, counts, pair=thresholds == "pair"):
        error = np.sqrt(counts @ np.square(single.influence))
        settled = single.converged and not single.at_bound
        for at in ((a, b), (b, a)):
            whole.correlation[at] = single.rho
            whole.std_error[at] = error if settled else np.nan
            whole.converged[at], whole.at_bound[at] = single.converged, single.at_bound
        if acov:
            beside[a, b] = single.influence if settled else np.full(len(values), np.nan)
    covariance = None
    if acov:
        covariance = _covariance(coded, tables, margins, found, counts, beside, continuous)
    filled = iter(zip(coded.categories, margins, strict=True))
    per_column = [(np.empty(0), np.empty(0)) if c else next(filled) for c in continuous]
    return Mixed(
        whole,
        tuple(codes for codes, _ in per_column),
        tuple(persons[: len(codes)] for codes, persons in per_column),
        covariance,
    )


def _with_scales(
    values: Floats, coded: Codes, continuous: Booleans, counts: Floats, *, pair: bool
) -> Iterator[tuple[int, int, Single]]:
    """Every pair of columns of which one is continuous."""
    place = np.cumsum(~continuous) - 1
    for a, b in zip(*(each.tolist() for each in pair_index(len(continuous))), strict=True):
        if continuous[a] and continuous[b]:
            yield a, b, pearson(values[:, a], values[:, b], counts)
        elif continuous[a] or continuous[b]:
            scale, item = (a, b) if continuous[a] else (b, a)
            codes = coded.codes[:, place[item]]
            yield a, b, polyserial(values[:, scale], codes, counts, pair=pair)


def _spread(found: Polychoric, values: Floats, continuous: Booleans, counts: Floats) -> Polychoric:
    """The estimates of the ordinal columns in their places among all columns."""
    p = len(continuous)
    ordinal = np.ix_(~continuous, ~continuous)
    there = ~np.isnan(values)
    n_pairs = np.zeros((p, p))
    varies = np.zeros(p, dtype=np.bool_)
    for column in np.flatnonzero(continuous):
        known = there[:, column]
        n_pairs[column] = n_pairs[:, column] = counts[known] @ there[known]
        varies[column] = known.any() and np.ptp(values[known, column]) > 0.0
    n_pairs[ordinal] = found.n_pairs

    def matrix(part: NDArray[Any], fill: object, diagonal: object) -> NDArray[Any]:
        whole = np.full((p, p), fill, dtype=part.dtype)
        np.fill_diagonal(whole, diagonal)
        whole[ordinal] = part
        return whole

    cuts = iter(found.thresholds)
    return Polychoric(
        correlation=matrix(found.correlation, np.nan, np.where(varies, 1.0, np.nan)),
        thresholds=tuple(np.empty(0) if c else next(cuts) for c in continuous),
        n_pairs=n_pairs,
        std_error=matrix(found.std_error, np.nan, np.where(varies, 0.0, np.nan)),
        converged=matrix(found.converged, False, True),
        at_bound=matrix(found.at_bound, False, False),
        corrected=matrix(found.corrected, False, False),
        n_empty=matrix(found.n_empty, 0, 0),
        chi2=matrix(found.chi2, np.nan, np.nan),
        df=matrix(found.df, np.nan, np.nan),
        n_iter=found.n_iter,
    )


def _covariance(
    coded: Codes,
    tables: Floats,
    margins: Floats,
    found: Polychoric,
    counts: Floats,
    beside: dict[tuple[int, int], Floats],
    continuous: Booleans,
) -> Floats:
    """The covariance matrix, with the pairs in the order of all columns."""
    a, b = pair_index(len(margins))
    lookups = influence_tables(tables, margins[a], margins[b], found.correlation[a, b])
    lookups[np.isnan(found.std_error[a, b])] = np.nan
    further = np.column_stack([*beside.values()]) if beside else None
    total = asymptotic_covariance(coded.codes, counts, margins, lookups, further)
    ordinal = np.flatnonzero(~continuous)
    known = [*zip(ordinal[a].tolist(), ordinal[b].tolist(), strict=True), *beside]
    n_cuts = len(total) - len(known)
    order = sorted(range(len(known)), key=known.__getitem__)
    places = np.concatenate([np.arange(n_cuts), n_cuts + np.array(order, dtype=np.int64)])
    return np.asarray(total[np.ix_(places, places)])
