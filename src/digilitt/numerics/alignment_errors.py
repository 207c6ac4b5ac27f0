"""Standard errors of aligned parameters, and the groups in which a parameter is about the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components
from scipy.special import erfc

from digilitt.numerics.alignment import Aligned, free_directions
from digilitt.numerics.alignment_loss import (
    Configural,
    curvature,
    moved,
    slopes_by_parameter,
    stacked,
)

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

PAIR_P = 0.01
SET_P = 0.001
# Below this share of the largest curvature the loss is flat: the means are not identified.
FLAT = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedErrors:
    """Sampling errors of an aligned solution; all NaN where the loss has no sharp minimum.

    Attributes
    ----------
    means, variances : numpy.ndarray of float64, shape (n_groups,)
        Standard errors; 0 where the value is fixed.
    means_acov : numpy.ndarray of float64, shape (n_groups, n_groups)
        Covariances of the means, for tests of differences between groups.
    loadings : numpy.ndarray of float64, shape (n_items, n_groups, n_groups)
        Covariances of an item's aligned loadings; NaN where a group lacks it.
    locations : numpy.ndarray of float64, shape (n_locations, n_groups, n_groups)
    """

    means: Floats
    variances: Floats
    means_acov: Floats
    loadings: Floats
    locations: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantSet:
    """Groups in which a parameter is about the same.

    Attributes
    ----------
    members : numpy.ndarray of bool, shape (n_groups,)
        All False if no two groups are alike.
    average : float
        Mean over members, weighted by persons; NaN without members.
    difference : numpy.ndarray of float64, shape (n_groups,)
        From the average.
    p_value : numpy.ndarray of float64, shape (n_groups,)
        Of that difference, two-sided.
    pair_p_value : numpy.ndarray of float64, shape (n_groups, n_groups)
        Of the difference of two groups; NaN on the diagonal.
    """

    members: Booleans
    average: float
    difference: Floats
    p_value: Floats
    pair_p_value: Floats


def alignment_errors(groups: Configural, aligned: Aligned, acov: Floats) -> AlignedErrors:
    """Standard errors by the delta method, the search for the alignment included.

    Parameters
    ----------
    groups : Configural
    aligned : Aligned
        The solution for these groups.
    acov : numpy.ndarray of float64, shape (n_groups, n_parameters, n_parameters)
        Covariances of each group's configural estimates, loadings first, then locations; groups
        are independent. Entries of parameters that a group lacks are not read.

    Returns
    -------
    AlignedErrors

    Notes
    -----
    At the minimum the gradient is 0, so that the positions x move with the configural parameters
    p by ``dx / dp = -(∂²F / ∂x²)⁻¹ ∂²F / ∂x ∂p`` in the free directions. On this and on
    bootstrap intervals: Robitzsch, A. (2025), Mathematics 13, 1915, doi:10.3390/math13121915.
    """
    n_items = groups.loadings.shape[1]
    there = ~np.isnan(np.concatenate([groups.loadings, groups.locations], axis=1))
    roots = _roots(np.where(there[:, :, None] & there[:, None, :], acov, 0.0))
    (logs, means), change, sharp = _changes(groups, aligned, roots)
    if aligned.metric == "reference":
        scale = float(np.exp(aligned.position[0, aligned.reference]))
        turn = logs[aligned.reference]
        loadings = np.nan_to_num(aligned.loadings, nan=0.0)[:, :, None]
        change[:, :n_items] = scale * change[:, :n_items] + loadings * turn
        means = (means - aligned.position[1][:, None] * turn) / scale
        logs = logs - turn
    known = 1.0 if sharp else np.nan
    covariances = np.einsum("gpl,hpl->pgh", change, change, optimize=True)
    covariances[~(there.T[:, :, None] & there.T[:, None, :])] = np.nan
    return AlignedErrors(
        means=known * np.sqrt((means**2).sum(axis=1)),
        variances=known * 2.0 * aligned.variances * np.sqrt((logs**2).sum(axis=1)),
        means_acov=known * (means @ means.T),
        loadings=known * covariances[:n_items],
        locations=known * covariances[n_items:],
    )


def _changes(groups: Configural, aligned: Aligned, roots: Floats) -> tuple[Floats, Floats, bool]:
    """How positions and aligned parameters move with independent standard normal errors.

    Positions (2, n_groups, n_errors), parameters (n_groups, n_parameters, n_errors), and whether
    the loss has a sharp minimum; without one nothing here means anything.
    """
    position, n_groups = aligned.position, len(roots)
    hessian, mixed = curvature(groups, position, aligned.epsilon)
    basis = free_directions(n_groups, aligned.method, aligned.reference)
    inside = basis.T @ hessian @ basis
    curvatures = np.linalg.eigvalsh(inside)
    sharp = bool(curvatures.min() > FLAT * curvatures.max())
    answer = np.linalg.solve(inside if sharp else np.eye(len(inside)), basis.T)
    moves = -np.tensordot(basis @ answer, mixed, axes=1)
    moves = np.einsum("xhk,hkl->xhl", moves, roots).reshape(2, n_groups, -1)
    parameters, _ = stacked(groups)
    _, slopes = moved(groups, parameters, position)
    n_parameters, every = parameters.shape[1], np.arange(n_groups)
    own = np.zeros((n_groups, n_parameters, n_groups, n_parameters))
    own[every, :, every, :] = slopes_by_parameter(groups, position) @ roots
    change = own.reshape(n_groups, n_parameters, -1)
    return moves, change + np.einsum("agp,agl->gpl", slopes, moves), sharp


def _roots(acov: Floats) -> Floats:
    values, vectors = np.linalg.eigh(acov)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :])


def invariant_groups(
    estimates: Floats,
    acov: Floats,
    n_persons: ArrayLike,
    *,
    pair_p: float = PAIR_P,
    set_p: float = SET_P,
) -> InvariantSet:
    """The groups in which one aligned parameter is approximately the same.

    Parameters
    ----------
    estimates : numpy.ndarray of float64, shape (n_groups,)
        An item's loadings, or one of its intercepts or thresholds; NaN where a group lacks it.
    acov : numpy.ndarray of float64, shape (n_groups, n_groups)
        Of `alignment_errors`.
    n_persons : array_like, shape (n_groups,)
    pair_p, set_p : float
        A pair is alike if its p value is above the first; a group fits the set's average if its p
        value is above the second.

    Returns
    -------
    InvariantSet

    Notes
    -----
    Asparouhov and Muthén (2014), doi:10.1080/10705511.2014.919210. Pairs that are
    alike are connected; the largest connected set of groups is the first. Then groups leave that
    differ from the set's average and groups join that do not, until nobody moves. Two things are
    ours: the average is weighted by numbers of persons, and of sets of one size that with more
    persons is taken. A group that has left twice stays out, since one at the edge could come and
    go for ever: what it shares with the average makes it differ more surely while it is inside.

    Examples
    --------
    >>> found = invariant_groups(np.array([0.7, 0.72, 0.69, 1.4]), 0.0025 * np.eye(4), [100] * 4)
    >>> found.members.tolist(), round(found.average, 4)
    ([True, True, True, False], 0.7033)
    """
    sizes = np.asarray(n_persons, dtype=np.float64)
    known = np.isfinite(estimates) & np.isfinite(np.diag(acov))
    apart = estimates[:, None] - estimates[None, :]
    variances = np.diag(acov)[:, None] + np.diag(acov)[None, :] - 2.0 * acov
    pairs = _two_sided(apart, variances)
    np.fill_diagonal(pairs, np.nan)
    members = _largest_set(np.nan_to_num(pairs, nan=0.0) > pair_p, sizes * known)
    left = np.zeros(len(estimates), dtype=np.int64)
    while members.any():
        _, p_value = _from_average(estimates, acov, sizes, members)
        after = known & (p_value > set_p) & (left < 2)
        left += members & ~after
        if (after == members).all():
            break
        members = after
    average, difference = float("nan"), np.full(len(estimates), np.nan)
    p_value = np.full(len(estimates), np.nan)
    if members.any():
        average = float(sizes[members] @ estimates[members] / sizes[members].sum())
        difference, p_value = _from_average(estimates, acov, sizes, members)
    return InvariantSet(
        members=members,
        average=average,
        difference=difference,
        p_value=p_value,
        pair_p_value=pairs,
    )


def _two_sided(difference: Floats, variance: Floats) -> Floats:
    """p values; 1 for a difference of 0, whatever its error."""
    sd = np.sqrt(np.maximum(variance, 0.0))
    unknown = np.isnan(difference) | np.isnan(variance)
    z = np.divide(np.abs(difference), sd, out=np.full(sd.shape, np.inf), where=sd > 0.0)
    z = np.where(np.abs(difference) == 0.0, 0.0, z)
    return np.where(unknown, np.nan, erfc(z / np.sqrt(2.0)))


def _largest_set(alike: Booleans, sizes: Floats) -> Booleans:
    _, label = connected_components(alike, directed=False)
    counts = np.bincount(label)
    persons = np.bincount(label, weights=sizes)
    chosen = max(range(len(counts)), key=lambda k: (counts[k], persons[k]))
    if counts[chosen] < 2:
        return np.zeros(len(sizes), dtype=np.bool_)
    return np.asarray(label == chosen)


def _from_average(
    estimates: Floats, acov: Floats, sizes: Floats, members: Booleans
) -> tuple[Floats, Floats]:
    """Difference of every group from the members' average, and its p value."""
    share = np.where(members, sizes, 0.0)
    share /= share.sum()
    used = np.where(members, estimates, 0.0)
    inside = np.where(members[:, None] & members[None, :], acov, 0.0)
    difference = estimates - share @ used
    with_average = np.where(members[None, :], acov, 0.0) @ share
    variance = np.diag(acov) - 2.0 * with_average + share @ inside @ share
    return difference, _two_sided(difference, variance)
