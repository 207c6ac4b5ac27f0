"""The saturated model and the independence model: what a model is measured against."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from digilitt.errors import EstimationError, Problem, counted
from digilitt.numerics.covariance.model import Block, Blocks, Floats, Model, lower
from digilitt.numerics.covariance.normal import Group, inverses, log_likelihood
from digilitt.numerics.covariance.saturated_information import (
    saturated_information,
    saturated_score,
)

MOST_STEPS = 1000
# Largest change of a standardized moment in the last step of EM, and where Newton's may help.
TOLERANCE = 1e-10
NEAR = 1e-2
# A larger last change is too large.
SETTLED = 1e-6
# Newton's method takes a matrix of p² by p² / 4.
MOST_FOR_NEWTON = 60
# Covariances are singular if an eigenvalue of the correlations is no larger.
SINGULAR = 1e-10


def moments_model(p: int, n_groups: int, *, means: bool, covariances: bool) -> Model:
    """A model whose free parameters are the moments themselves.

    Each group has its means (if modelled) first, then its variances alone, or its whole lower
    triangle column by column; the groups one after another.
    """
    n_means = p if means else 0
    size = n_means + (p * (p + 1) // 2 if covariances else p)
    n_free = n_groups * size
    return Model(
        groups=tuple(
            _moments_blocks(p, number * size, n_means, covariances=covariances)
            for number in range(n_groups)
        ),
        form="continuous",
        means=means,
        item_of_threshold=np.zeros(0, dtype=np.int64),
        start=np.full(n_free, np.nan),
        basis=np.eye(n_free),
        offset=np.zeros(n_free),
    )


def _moments_blocks(p: int, first: int, n_means: int, *, covariances: bool) -> Blocks:
    """Matrices of a group without factors, whose free parameters have numbers from `first`."""
    rows, columns = lower(p, diagonal=True)
    if not covariances:
        rows = columns = np.arange(p)
    empty, centre = np.zeros(0, dtype=np.int64), np.arange(n_means)

    def fixed(matrix: Floats) -> Block:
        return Block(fixed=matrix, rows=empty, columns=empty, free=empty)

    theta = replace(
        fixed(np.zeros((p, p))),
        rows=rows,
        columns=columns,
        free=first + n_means + np.arange(len(rows)),
    )
    nu = replace(
        fixed(np.zeros(p)), rows=centre, columns=np.zeros_like(centre), free=first + centre
    )
    return Blocks(
        loadings=fixed(np.zeros((p, 0))),
        beta=fixed(np.zeros((0, 0))),
        psi=fixed(np.zeros((0, 0))),
        theta=theta,
        nu=nu,
        alpha=fixed(np.zeros(0)),
        tau=fixed(np.zeros(0)),
        delta=fixed(np.ones(p)),
    )


def free_moments(mean: Floats, covariance: Floats, *, means: bool, covariances: bool) -> Floats:
    """One group's free parameters of `moments_model`."""
    rows, columns = lower(len(mean), diagonal=True)
    second = covariance[rows, columns] if covariances else np.diag(covariance)
    return np.concatenate([mean, second]) if means else np.asarray(second)


def saturated_moments(group: Group) -> tuple[Floats, Floats, int]:
    """Means and covariances of the greatest likelihood, and the steps it took.

    Without missing answers they are those of the answers. With them, the EM algorithm (Dempster,
    Laird and Rubin, 1977, doi:10.1111/j.2517-6161.1977.tb01600.x), each pattern as one; once it
    is near, Newton's method, which EM then confirms.

    Returns
    -------
    mean : ndarray of float64, shape (p,)
    covariance : ndarray of float64, shape (p, p)
    n_steps : int
        Of EM.

    Raises
    ------
    EstimationError
        ``not-positive-definite``: the covariances are not, nor are they if persons are few, an
        item is constant, or items go together perfectly. ``not-converged``: EM did not come to
        rest, as may be where hardly anybody answered two of the items.
    """
    mean, variance = available_moments(group)
    if group.complete:
        _definite(group.covariance[0], group)
        return group.mean[0], group.covariance[0], 0
    _definite(np.diag(variance), group)
    mean, covariance, change, n_steps = _em(group, mean, np.diag(variance))
    _definite(covariance, group)
    if change > SETTLED:
        message = (
            f"means and covariances of {len(mean)} items did not settle ({n_steps} steps of EM): "
            "too few persons answered the same items. Use missing='listwise', or fewer items."
        )
        raise EstimationError([Problem(code="not-converged", message=message)])
    return mean, covariance, n_steps


def _em(group: Group, mean: Floats, covariance: Floats) -> tuple[Floats, Floats, float, int]:
    """Means and covariances at rest, the last change and the number of steps."""
    scale = np.sqrt(np.diag(covariance))
    near, change, n_steps = NEAR, np.inf, 0
    while n_steps < MOST_STEPS:
        n_steps += 1
        try:
            new_mean, new_covariance = _em_step(group, mean, covariance)
        except np.linalg.LinAlgError:
            raise _indefinite(group) from None
        change = max(
            np.abs((new_mean - mean) / scale).max(),
            np.abs((new_covariance - covariance) / (scale[:, None] * scale)).max(),
        )
        mean, covariance = new_mean, new_covariance
        if change < TOLERANCE:
            break
        if change < near and len(mean) <= MOST_FOR_NEWTON:
            near *= 0.1
            mean, covariance = _newton_step(group, mean, covariance)
    return mean, covariance, float(change), n_steps


def _newton_step(group: Group, mean: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """The moments after a step of Newton's, or as they are if it does not raise the likelihood."""
    p = len(mean)
    rows, columns = lower(p, diagonal=True)
    now = log_likelihood(group, covariance, mean)
    try:
        information = saturated_information(group, mean, covariance)
        root = np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return mean, covariance
    score = saturated_score(group, mean, covariance)
    step = np.linalg.solve(root.T, np.linalg.solve(root, score))
    moved = covariance.copy()
    moved[rows, columns] += step[p:]
    moved[columns, rows] = moved[rows, columns]
    if log_likelihood(group, moved, mean + step[:p]) > now:
        return mean + step[:p], moved
    return mean, covariance


def _definite(covariance: Floats, group: Group) -> None:
    variance = np.diag(covariance)
    if (variance > 0).all() and np.isfinite(covariance).all():
        scale = np.sqrt(variance)
        if np.linalg.eigvalsh(covariance / scale[:, None] / scale)[0] > SINGULAR:
            return
    raise _indefinite(group)


def _indefinite(group: Group) -> EstimationError:
    persons = round(float(group.counts.sum()))
    message = (
        f"the covariances of {group.values.shape[1]} items cannot be estimated from "
        f"{counted(persons, 'person')}, since they are not positive definite: persons are too few, "
        "all answers to an item are alike, or some items determine another. Leave items out."
    )
    return EstimationError([Problem(code="not-positive-definite", message=message)])


def available_moments(group: Group) -> tuple[Floats, Floats]:
    """Mean and variance of each item from the answers there are, divided by their number."""
    n = np.maximum(group.n @ group.observed, 1e-300)
    mean = (group.n @ np.where(group.observed, group.mean, 0.0)) / n
    within = np.diagonal(group.covariance, axis1=1, axis2=2)
    squares = np.where(group.observed, within + (group.mean - mean) ** 2, 0.0)
    return np.asarray(mean), np.asarray(group.n @ squares / n)


def _em_step(group: Group, mean: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Means and covariances of answers, with those missing as they are expected to be."""
    inverse = inverses(group, covariance)
    # Regression of all items on those observed; of an observed item, itself.
    regression = covariance @ inverse
    apart = np.where(group.observed, group.mean - mean, 0.0)
    expected = mean + np.einsum("kij,kj->ki", regression, apart)
    total = group.n.sum()
    new_mean = group.n @ expected / total
    left = covariance - regression @ covariance
    spread = regression @ group.covariance @ regression.swapaxes(1, 2) + left
    between = (expected - new_mean)[:, :, None] * (expected - new_mean)[:, None, :]
    new_covariance = np.einsum("k,kij->ij", group.n, spread + between) / total
    return np.asarray(new_mean), np.asarray((new_covariance + new_covariance.T) / 2.0)


def independence_free(groups: tuple[Group, ...], *, means: bool) -> Floats:
    """Greatest likelihood of the model in which items have nothing in common."""
    parts = []
    for group in groups:
        mean, variance = available_moments(group)
        parts.append(free_moments(mean, np.diag(variance), means=means, covariances=False))
    return np.concatenate(parts)
