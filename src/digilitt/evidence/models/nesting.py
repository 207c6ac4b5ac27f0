"""Whether one factor model is a special case of another: the other must imply all that it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import EstimationError
from digilitt.evidence.models.compile import free_numbers
from digilitt.evidence.models.fit import Fitted, implied_covariances
from digilitt.evidence.models.statistics import Continuous, Ordinal
from digilitt.evidence.models.table import ModelTable
from digilitt.numerics.covariance import maximum_likelihood as likelihood
from digilitt.numerics.covariance import weighted_least_squares as squares
from digilitt.numerics.covariance.maximum_likelihood import Sample
from digilitt.numerics.covariance.model import Model, lower, matrices, reduced
from digilitt.numerics.covariance.normal import Group, log_likelihood
from digilitt.numerics.covariance.ordinal import OrdinalGroup
from digilitt.numerics.covariance.standardized import cell_values

Floats = NDArray[np.float64]
# chi2 that a special case leaves, by the end of a search.
LEFT = 1e-3


@dataclass(frozen=True, slots=True)
class Embedding:
    """A model at the place where it implies what another one does.

    Attributes
    ----------
    free : ndarray of float64, shape (n_free,)
    chi2 : float
        How far it stays from that; about 0 for a special case.
    """

    free: Floats
    chi2: float

    @property
    def nested(self) -> bool:
        """Whether the other model is a special case."""
        return self.chi2 < LEFT


def embedded(restricted: Fitted, full: Fitted) -> Embedding:
    """Fit a model to the moments that another one implies (Bentler and Satorra, 2010).

    Notes
    -----
    doi:10.1037/a0019625: models are nested if and only if the discrepancy is 0, whatever names
    and scales their factors have.
    """
    start = free_from(restricted, full.table, full.model)
    start = full.model.offset + full.model.basis @ reduced(
        full.model, np.nan_to_num(start, nan=0.0)
    )
    best = Embedding(start, np.inf)
    for begin in (start, full.free):
        try:
            found = (
                _fitted_ordinal(restricted, full, full.statistics, begin)
                if isinstance(full.statistics, Ordinal)
                else _fitted_continuous(restricted, full, full.statistics, begin)
            )
        except (EstimationError, np.linalg.LinAlgError):
            continue
        best = min(best, found, key=lambda each: each.chi2)
        if best.nested:
            break
    return best


def free_from(source: Fitted, table: ModelTable, model: Model) -> Floats:
    """Free parameters of a model, at the values that another model has in the same rows.

    Equal parameters take the mean of theirs; NaN where the other model has no such row.
    """
    keys = ["lhs", "op", "rhs", "group"]
    known = source.table.rows[keys].assign(
        value=cell_values(source.model, source.cells, source.free)
    )
    values = table.rows[keys].merge(known, how="left", on=keys)["value"].to_numpy()
    numbers = free_numbers(table.rows)
    used = numbers >= 0
    n_free = len(model.start)
    total = np.bincount(numbers[used], weights=values[used], minlength=n_free)
    return np.asarray(total / np.bincount(numbers[used], minlength=n_free))


def _order(restricted: Fitted, full: Fitted) -> list[int]:
    return [restricted.table.items.index(item) for item in full.table.items]


def _fitted_continuous(
    restricted: Fitted, full: Fitted, statistics: Continuous, begin: Floats
) -> Embedding:
    order, groups, means, covariances = _order(restricted, full), [], [], []
    for number, size in enumerate(statistics.sizes):
        found = matrices(restricted.model, number, restricted.free)
        mean = found.mu if restricted.model.means else statistics.sample.mean[number]
        means.append(mean[order] if restricted.model.means else mean)
        covariances.append(found.sigma[np.ix_(order, order)])
        groups.append(_as_answers(size, means[-1], covariances[-1]))
    best = sum(
        log_likelihood(group, covariance, mean)
        for group, covariance, mean in zip(groups, covariances, means, strict=True)
    )
    sample = Sample(
        groups=tuple(groups),
        mean=tuple(means),
        covariance=tuple(covariances),
        log_likelihood=best,
        saturated_trace=np.nan,
        saturated_trace_covariances=np.nan,
    )
    found_full = likelihood.estimate(full.model, sample, robust=False, observed=False, start=begin)
    return Embedding(found_full.free, found_full.chi2.chi2)


def _as_answers(size: float, mean: Floats, covariance: Floats) -> Group:
    """A group of which nothing but its moments is known."""
    nobody = np.zeros(0)
    return Group(
        values=np.zeros((0, len(mean))),
        counts=nobody,
        weights=nobody,
        clusters=None,
        pattern=np.zeros(0, dtype=np.int64),
        observed=np.ones((1, len(mean)), dtype=np.bool_),
        n=np.array([size]),
        mean=mean[None, :],
        covariance=covariance[None, :, :],
    )


def _fitted_ordinal(
    restricted: Fitted, full: Fitted, statistics: Ordinal, begin: Floats
) -> Embedding:
    order = _order(restricted, full)
    groups = []
    for number, group in enumerate(statistics.groups):
        correlation = implied_covariances(restricted.model, restricted.free, number)
        correlation = correlation[np.ix_(order, order)]
        cuts = _cuts(restricted, number, order)
        rows, columns = lower(len(order), diagonal=False)
        moments = np.concatenate([*cuts, correlation[rows, columns]])
        groups.append(replace(group, moments=moments, correlation=correlation))
    weights = squares.weights_of(statistics.groups, unweighted=statistics.unweighted)
    optimum = squares.search(full.model, tuple(groups), weights, begin)
    free = full.model.offset + full.model.basis @ optimum.place
    return Embedding(np.asarray(free), optimum.value * sum(statistics.sizes))


def _cuts(restricted: Fitted, number: int, order: Sequence[int]) -> list[Floats]:
    """Implied thresholds of the items, in another order."""
    found = matrices(restricted.model, number, restricted.free)
    item = restricted.model.item_of_threshold
    cuts = found.delta[item] * (found.tau - found.mu[item])
    return [cuts[item == place] for place in order]


def same_answers(one: Fitted, other: Fitted) -> bool:
    """Whether two models were fitted to the same answers, weights and units included."""
    first, second = one.statistics, other.statistics
    if isinstance(first, Continuous) and isinstance(second, Continuous):
        pairs = [
            (first.sample.log_likelihood, second.sample.log_likelihood),
            (first.sample.saturated_trace_covariances, second.sample.saturated_trace_covariances),
            (first.sample.saturated_trace, second.sample.saturated_trace),
        ]
        return all(np.isclose(a, b, rtol=1e-9, equal_nan=True) for a, b in pairs)
    if isinstance(first, Ordinal) and isinstance(second, Ordinal):
        if len(first.groups) != len(second.groups):
            return False
        both = zip(first.groups, second.groups, strict=True)
        return all(_alike(a, b) for a, b in both)
    return False


def _alike(one: OrdinalGroup, other: OrdinalGroup) -> bool:
    """The same statistics, whatever the order of the items."""
    if len(one.moments) != len(other.moments):
        return False
    parts = ((one.moments, other.moments), (np.diag(one.gamma), np.diag(other.gamma)))
    return all(np.allclose(np.sort(a), np.sort(b), rtol=1e-8) for a, b in parts)
