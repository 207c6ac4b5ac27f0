"""The normal likelihood of a model of means and covariances, whatever answers are missing.

Persons who answered the same items are one *pattern*, and their number, means and covariances
are all that the likelihood needs; without missing answers there is one pattern. The inverse of
the covariances among a pattern's items is kept with zeros for the items it lacks, so that the
same products serve all patterns (Arbuckle, 1996; Savalei and Rosseel, 2022,
doi:10.1080/10705511.2021.1877548, for the information).

The function minimised is ``F = -2 log-likelihood / N`` less that of the saturated model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digilitt.numerics.covariance.directions import Directions, directions
from digilitt.numerics.covariance.model import Floats, Integers, Model, Numbers, matrices
from digilitt.numerics.covariance.optimise import Point

LOG_TWO_PI = float(np.log(2.0 * np.pi))
COMPLEX_STEP = 1e-30
BLOCK_VALUES = 4_000_000
TINY = 1e-300
# Items whose answers make one number, at a time.
BITS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The persons of one group.

    Attributes
    ----------
    values : ndarray of float64, shape (n, p)
        NaN where there is no answer; every row has one.
    counts : ndarray of float64, shape (n,)
        Persons that each row stands for.
    weights : ndarray of float64, shape (n,)
        Sampling weights; 1 without.
    clusters : ndarray of int64, shape (n,), or None
        Number of the unit that persons answered in together, from 0.
    pattern : ndarray of int64, shape (n,)
    observed : ndarray of bool, shape (k, p)
    n : ndarray of float64, shape (k,)
        Persons of a pattern, weighted.
    mean : ndarray of float64, shape (k, p)
    covariance : ndarray of float64, shape (k, p, p)
        Divided by n; 0 for items that are missing.
    """

    values: Floats
    counts: Floats
    weights: Floats
    clusters: Integers | None
    pattern: Integers
    observed: NDArray[np.bool_]
    n: Floats
    mean: Floats
    covariance: Floats

    @property
    def size(self) -> float:
        """Persons, weighted."""
        return float(self.n.sum())

    @property
    def complete(self) -> bool:
        """Whether every person answered every item."""
        return bool(self.observed.all())


def group_of(
    values: Floats,
    counts: Floats,
    weights: Floats | None = None,
    clusters: Integers | None = None,
) -> Group:
    """Patterns of answers, each with its number of persons, means and covariances.

    Raises
    ------
    ValueError
        If a row has no answers.
    """
    answered = ~np.isnan(values)
    if not answered.any(axis=1).all():
        raise ValueError("rows without any answer say nothing; leave them out")
    observed, pattern = _patterns(answered)
    weights = np.ones(len(values)) if weights is None else weights
    k, p = observed.shape
    n, mean, covariance = np.zeros(k), np.zeros((k, p)), np.zeros((k, p, p))
    order = np.argsort(pattern, kind="stable")
    ends = np.cumsum(np.bincount(pattern, minlength=k))
    filled = np.where(answered, values, 0.0)
    for each, stop in enumerate(ends):
        rows = order[stop - (ends[each] - (ends[each - 1] if each else 0)) : stop]
        share = (counts * weights)[rows]
        n[each] = max(share.sum(), TINY)
        mean[each] = share @ filled[rows] / n[each]
        apart = (filled[rows] - mean[each]) * np.sqrt(share)[:, None]
        covariance[each] = apart.T @ apart / n[each]
    return Group(
        values=values,
        counts=counts,
        weights=weights,
        clusters=clusters,
        pattern=pattern,
        observed=observed,
        n=n,
        mean=mean,
        covariance=covariance,
    )


def _patterns(answered: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Integers]:
    """Distinct rows, and which of them each row is; in the order of `numpy.unique`, and quicker."""
    pattern = np.zeros(len(answered), dtype=np.int64)
    first = pattern[:1]
    for start in range(0, answered.shape[1], BITS):
        part = answered[:, start : start + BITS]
        number = part @ (1 << np.arange(part.shape[1])[::-1])
        _, first, found = np.unique(
            (pattern << BITS) + number, return_index=True, return_inverse=True
        )
        pattern = found.reshape(-1).astype(np.int64)
    return answered[first], pattern


def normalised_weights(weights: Floats, counts: Floats) -> Floats:
    """Sampling weights of all groups together, such that persons keep their number.

    Parameters
    ----------
    weights : ndarray of float64, shape (n,)
        Above 0, of those persons who are used; at least one.
    counts : ndarray of float64, shape (n,)
        Persons that each row stands for.

    Notes
    -----
    They are made to sum to the number of persons over all groups, so that a group may weigh more
    or less than its persons: lavaan's ``sampling.weights.normalization="total"``.

    Examples
    --------
    >>> normalised_weights(np.array([1.0, 3.0]), np.array([1.0, 1.0])).tolist()
    [0.5, 1.5]
    """
    return np.asarray(weights * (counts.sum() / (counts @ weights)))


@dataclass(frozen=True, slots=True)
class _State:
    """A group at some values: inverses, residual means, second moments about the model's means."""

    inverse: Floats
    log_determinant: Floats
    apart: Floats
    second: Floats


def _state(group: Group, sigma: Floats, mu: Floats | None) -> _State | None:
    """None where the model's covariances are not positive definite."""
    both = group.observed[:, :, None] & group.observed[:, None, :]
    stack = np.where(both, sigma, np.eye(len(sigma)))
    try:
        roots = np.linalg.cholesky(stack)
    except np.linalg.LinAlgError:
        return None
    log_determinant = 2.0 * np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    inverse = np.where(both, np.linalg.inv(stack), 0.0)
    if mu is None:
        return _State(inverse, log_determinant, np.zeros_like(group.mean), group.covariance)
    apart = np.where(group.observed, group.mean - mu, 0.0)
    second = group.covariance + apart[:, :, None] * apart[:, None, :]
    return _State(inverse, log_determinant, apart, second)


def inverses(group: Group, sigma: Floats) -> Floats:
    """Of the covariances among the items of each pattern, (k, p, p); 0 for those it lacks."""
    both = group.observed[:, :, None] & group.observed[:, None, :]
    return np.asarray(np.where(both, np.linalg.inv(np.where(both, sigma, np.eye(len(sigma)))), 0.0))


def _moments(model: Model, group: int, free: Floats) -> tuple[Floats, Floats | None]:
    found = matrices(model, group, free)
    return found.sigma, found.mu if model.means else None


def log_likelihood(group: Group, sigma: Floats, mu: Floats | None) -> float:
    """Of a group; minus infinity where sigma is not positive definite. Without mu, means fit."""
    state = _state(group, sigma, mu)
    if state is None:
        return -np.inf
    trace = np.einsum("kij,kij->k", state.inverse, state.second)
    answers = group.observed.sum(axis=1)
    each = state.log_determinant + trace + answers * LOG_TWO_PI
    return float(-0.5 * (group.n * each).sum())


def discrepancy(model: Model, groups: tuple[Group, ...], saturated: float, free: Floats) -> Point:
    """F and its gradient by the free parameters; `saturated` is a log-likelihood."""
    size = sum(group.size for group in groups)
    gradient, likelihood = np.zeros(len(free)), 0.0
    for number, group in enumerate(groups):
        slopes = _slopes(model, number, group, free)
        if slopes is None:
            return Point(value=np.inf, gradient=gradient)
        one, first, second = slopes
        likelihood += one
        way = directions(model, number, matrices(model, number, free))
        gradient += way.gathered(_contracted(way, first, second), len(free)) / size
    return Point(value=2.0 * (saturated - likelihood) / size, gradient=gradient)


def _slopes(
    model: Model, number: int, group: Group, free: Floats
) -> tuple[float, Floats, Floats] | None:
    """Log-likelihood, and derivatives of minus twice it by means (p,) and covariances (p, p)."""
    state = _state(group, *_moments(model, number, free))
    if state is None:
        return None
    trace = np.einsum("kij,kij->k", state.inverse, state.second)
    answers = group.observed.sum(axis=1)
    each = state.log_determinant + trace + answers * LOG_TWO_PI
    product = state.inverse @ state.second @ state.inverse
    second = np.einsum("k,kij->ij", group.n, state.inverse - product)
    first = -2.0 * np.einsum("k,kij,kj->i", group.n, state.inverse, state.apart)
    return float(-0.5 * (group.n * each).sum()), first, second


def _contracted(way: Directions, first: Floats, second: Floats) -> Numbers:
    """What moves, by cell, when covariances are weighted by `second` and means by `first`."""
    moved = 2.0 * way.w * ((way.u @ second) * way.v).sum(axis=1)
    return np.asarray(moved + way.mean @ first)


def expected_information(model: Model, groups: tuple[Group, ...], free: Floats) -> Floats:
    """Expected second derivatives of F by the free parameters.

    With missing answers the patterns are taken as given, and the answers missing at random.
    """
    size = sum(group.size for group in groups)
    total = np.zeros((len(free), len(free)))
    for number, group in enumerate(groups):
        found = matrices(model, number, free)
        way = directions(model, number, found)
        state = _state(group, found.sigma, None)
        if state is None:
            raise np.linalg.LinAlgError("the model's covariances are not positive definite")
        cells = np.zeros((len(way.free), len(way.free)))
        for n, inverse in zip(group.n, state.inverse, strict=True):
            left, right = way.u @ inverse, way.v @ inverse
            mixed = left @ way.v.T
            inner = (left @ way.u.T) * (right @ way.v.T) + mixed * mixed.T
            inner *= 2.0 * way.w[:, None] * way.w
            if model.means:
                inner += 2.0 * way.mean @ inverse @ way.mean.T
            cells += n * inner
        total += way.squared(cells, len(free)) / size
    return total


def observed_information(model: Model, groups: tuple[Group, ...], free: Floats) -> Floats:
    """Second derivatives of F by the free parameters."""
    size = sum(group.size for group in groups)
    total = np.zeros((len(free), len(free)))
    for number, group in enumerate(groups):
        way = directions(model, number, matrices(model, number, free))
        slopes = _slopes(model, number, group, free)
        state = _state(group, *_moments(model, number, free))
        if slopes is None or state is None:
            raise np.linalg.LinAlgError("the model's covariances are not positive definite")
        cells = np.zeros((len(way.free), len(way.free)))
        for each in range(len(group.n)):
            cells += group.n[each] * _pattern_curvature(way, state, each, means=model.means)
        curved = way.squared(cells, len(free)) + _bent(model, number, free, slopes[1:])
        total += curved / size
    return (total + total.T) / 2.0


def _pattern_curvature(way: Directions, state: _State, each: int, *, means: bool) -> Floats:
    """Second derivatives of one person's -2 log-likelihood, as if moments moved linearly."""
    inverse = state.inverse[each]
    outer = 2.0 * inverse @ state.second[each] @ inverse - inverse
    um, vm, un, vn = way.u @ inverse, way.v @ inverse, way.u @ outer, way.v @ outer
    uvm, uvn = um @ way.v.T, un @ way.v.T
    inner = (vm @ way.v.T) * (un @ way.u.T) + (um @ way.u.T) * (vn @ way.v.T)
    inner += uvm.T * uvn + uvm * uvn.T
    inner *= way.w[:, None] * way.w
    if means:
        pull = inverse @ state.apart[each]
        half = (way.mean @ um.T) * (way.v @ pull) + (way.mean @ vm.T) * (way.u @ pull)
        half *= way.w
        inner += 2.0 * (way.mean @ inverse @ way.mean.T + half + half.T)
    return np.asarray(inner)


def _bent(model: Model, number: int, free: Floats, slopes: tuple[Floats, Floats]) -> Floats:
    """What the second derivatives of the moments themselves add, by an imaginary step."""
    found = np.zeros((len(free), len(free)))
    for which in model.groups[number].in_use():
        moved = free.astype(np.complex128)
        moved[which] += 1j * COMPLEX_STEP
        way = directions(model, number, matrices(model, number, moved))
        found[:, which] = way.gathered(_contracted(way, *slopes), len(free)).imag / COMPLEX_STEP
    return found


def score_blocks(
    model: Model, number: int, group: Group, free: Floats
) -> Iterator[tuple[Integers, Floats]]:
    """Rows of persons, and the derivatives of each one's log-likelihood by the free parameters.

    Sampling weights are in them, counts are not. Persons come pattern by pattern, in blocks.
    """
    found = matrices(model, number, free)
    way = directions(model, number, found)
    state = _state(group, *_moments(model, number, free))
    if state is None:
        raise np.linalg.LinAlgError("the model's covariances are not positive definite")
    spread = np.zeros((len(way.free), len(free)))
    spread[np.arange(len(way.free)), way.free] = 1.0
    size = max(1, BLOCK_VALUES // max(len(way.free), 1))
    order = np.argsort(group.pattern, kind="stable")
    stops = np.searchsorted(group.pattern[order], np.arange(len(group.n) + 1))
    for each, inverse in enumerate(state.inverse):
        centre = found.mu if model.means else group.mean[each]
        normal = way.w * ((way.u @ inverse) * way.v).sum(axis=1)
        for start in range(stops[each], stops[each + 1], size):
            rows = order[start : min(start + size, stops[each + 1])]
            apart = np.where(group.observed[each], group.values[rows] - centre, 0.0)
            pull = apart @ inverse
            cells = (pull @ way.u.T) * (pull @ way.v.T) * way.w - normal
            if model.means:
                cells += pull @ way.mean.T
            yield rows, (cells @ spread) * group.weights[rows, None]


def score_products(model: Model, groups: tuple[Group, ...], free: Floats) -> Floats:
    """Sum over persons, or over clusters, of the outer products of scores, (n_free, n_free).

    Sums over the m clusters of a group are multiplied by ``m/(m - 1)``.
    """
    total = np.zeros((len(free), len(free)))
    for number, group in enumerate(groups):
        if group.clusters is None:
            for rows, scores in score_blocks(model, number, group, free):
                weighted = scores * np.sqrt(group.counts[rows, None])
                total += weighted.T @ weighted
            continue
        sums = np.zeros((int(group.clusters.max(initial=-1)) + 1, len(free)))
        for rows, scores in score_blocks(model, number, group, free):
            np.add.at(sums, group.clusters[rows], scores * group.counts[rows, None])
        total += cluster_factor(group.clusters) * (sums.T @ sums)
    return total


def cluster_factor(clusters: Integers) -> float:
    """``m/(m - 1)`` for m clusters, which the sums over them are multiplied by; NaN for one.

    Examples
    --------
    >>> cluster_factor(np.array([0, 0, 3, 7, 7]))
    1.5
    """
    m = len(np.unique(clusters))
    return m / (m - 1.0) if m > 1 else float("nan")
