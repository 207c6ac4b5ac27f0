"""What persons say about means and covariances themselves, with no model for them.

Moments are in the order of `moments_model` with means: means first, then the lower triangle of
the covariances with its diagonal, column by column.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from digilitt.numerics.covariance.model import Floats, Integers, lower
from digilitt.numerics.covariance.normal import Group, cluster_factor, inverses

BLOCK_VALUES = 4_000_000


def saturated_information(group: Group, mean: Floats, covariance: Floats) -> Floats:
    """Minus the second derivatives of the log-likelihood, divided by the number of persons.

    Returns
    -------
    ndarray of float64, shape (s, s)
    """
    inverse = inverses(group, covariance)
    apart = np.where(group.observed, group.mean - mean, 0.0)
    second = group.covariance + apart[:, :, None] * apart[:, None, :]
    outer = 2.0 * inverse @ second @ inverse - inverse
    pull = np.einsum("kij,kj->ki", inverse, apart)
    return _information(group.n / group.size, inverse, outer, pull)


def saturated_score(group: Group, mean: Floats, covariance: Floats) -> Floats:
    """Derivatives of the log-likelihood, divided by the number of persons, (s,)."""
    rows, columns = lower(len(mean), diagonal=True)
    inverse = inverses(group, covariance)
    apart = np.where(group.observed, group.mean - mean, 0.0)
    second = group.covariance + apart[:, :, None] * apart[:, None, :]
    share = group.n / group.size
    slopes = np.einsum("k,kij->ij", share, inverse @ second @ inverse - inverse)
    first = np.einsum("k,kij,kj->i", share, inverse, apart)
    return np.concatenate([first, slopes[rows, columns] * np.where(rows == columns, 0.5, 1.0)])


def determined(information: Floats) -> bool:
    """Whether a matrix of information is positive definite, by more than rounding."""
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    try:
        root = np.linalg.cholesky(information / scale[:, None] / scale)
    except np.linalg.LinAlgError:
        return False
    return bool((np.diag(root) > 1e-5).all())


def saturated_products(group: Group, mean: Floats, covariance: Floats) -> Floats:
    """Sum over persons, or clusters, of outer products of scores, divided by persons, (s, s)."""
    total = np.zeros((0, 0))
    clusters = group.clusters
    for rows, scores in _score_blocks(group, mean, covariance):
        if clusters is None:
            counted = scores * np.sqrt(group.counts[rows, None])
            total = total + counted.T @ counted if total.size else counted.T @ counted
            continue
        if not total.size:
            total = np.zeros((int(clusters.max()) + 1, scores.shape[1]))
        np.add.at(total, clusters[rows], scores * group.counts[rows, None])
    if clusters is not None:
        total = cluster_factor(clusters) * (total.T @ total)
    return total / group.size


def _score_blocks(
    group: Group, mean: Floats, covariance: Floats
) -> Iterator[tuple[Integers, Floats]]:
    """Rows of persons, and derivatives of their log-likelihood, with sampling weights."""
    p = len(mean)
    rows, columns = lower(p, diagonal=True)
    size = p + len(rows)
    inverse = inverses(group, covariance)
    step = max(1, BLOCK_VALUES // (size + p * p))
    for start in range(0, len(group.values), step):
        chosen = np.arange(start, min(start + step, len(group.values)))
        own = inverse[group.pattern[chosen]]
        pull = np.einsum("nij,nj->ni", own, np.nan_to_num(group.values[chosen] - mean))
        scores = np.empty((len(chosen), size))
        scores[:, :p] = pull
        scores[:, p:] = pull[:, rows] * pull[:, columns] - own[:, rows, columns]
        scores[:, p + np.flatnonzero(rows == columns)] *= 0.5
        yield chosen, scores * group.weights[chosen, None]


def complete_information(covariance: Floats) -> Floats:
    """Information of a normal person who answers everything, in the order of `moments_model`."""
    inverse = np.asarray(np.linalg.inv(covariance)[None], dtype=np.float64)
    return _information(np.ones(1), inverse, inverse, np.zeros((1, len(covariance))))


def _information(share: Floats, inverse: Floats, outer: Floats, pull: Floats) -> Floats:
    """Sum over patterns of Kronecker products, between moments.

    ``inverse`` of the covariances, ``outer`` its product with ``2 S - Σ`` on both sides, and
    ``pull`` its product with residual means, each (k, p, …).
    """
    p = inverse.shape[1]
    rows, columns = lower(p, diagonal=True)
    place = np.empty((p, p), dtype=np.int64)
    place[rows, columns] = place[columns, rows] = np.arange(len(rows))
    weight = np.where(rows == columns, 0.5, 1.0)
    pairs = (inverse[:, rows, columns] * share[:, None]).T @ outer[:, rows, columns]
    found = np.empty((p + len(rows), p + len(rows)))
    found[:p, :p] = np.einsum("k,kij->ij", share, inverse)
    # Means with covariances.
    mixed = np.tensordot(inverse, pull * share[:, None], (0, 0))
    cross = (mixed[:, rows, columns] + mixed[:, columns, rows]) * weight
    found[:p, p:], found[p:, :p] = cross, cross.T
    total = np.zeros((len(rows), len(rows)))
    for one, other in ((rows, columns), (columns, rows)):
        first, last = place[one[:, None], rows], place[other[:, None], columns]
        total += pairs[first, last] + pairs[last, first]
    found[p:, p:] = 0.5 * total * weight[:, None] * weight
    return found
