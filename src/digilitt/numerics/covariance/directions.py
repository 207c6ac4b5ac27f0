"""How a group's covariances, means and thresholds move with each of its free cells.

A cell moves the covariances by a matrix of rank two, ``w (u v' + v u')``, so that everything
that needs derivatives (gradients, information, scores of persons) is a few matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digilitt.numerics.covariance.model import (
    Floats,
    Integers,
    Matrices,
    Model,
    Numbers,
    lower,
    matrices,
    ordinal_moments,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directions:
    """Derivatives by the q free cells of a group (loadings, beta, psi, theta, nu, alpha, …).

    Attributes
    ----------
    free : ndarray of int64, shape (q,)
        The parameter in each cell; the same one may be in several.
    u, v : ndarray, shape (q, p)
    w : ndarray of float64, shape (q,)
        The covariances move by ``w (u v' + v u')``; 0 for cells that do not move them.
    mean : ndarray, shape (q, p)
        How the means move.
    """

    free: Integers
    u: Numbers
    v: Numbers
    w: Floats
    mean: Numbers

    def gathered(self, cells: Numbers, n_free: int) -> Numbers:
        """Sum what stands for cells (first axis) over cells of the same parameter."""
        found = np.zeros((n_free, *cells.shape[1:]), dtype=cells.dtype)
        np.add.at(found, self.free, cells)
        return found

    def squared(self, cells: Numbers, n_free: int) -> Numbers:
        """The same for a matrix of cells by cells."""
        return self.gathered(self.gathered(cells, n_free).T, n_free).T


def directions(model: Model, group: int, found: Matrices) -> Directions:
    """Derivatives of covariances and means of a group by its cells, thresholds and δ left out."""
    blocks, p = model.groups[group], model.n_items
    unit, none = np.eye(p, dtype=found.sigma.dtype), np.zeros((0, p), dtype=found.sigma.dtype)
    # Covariances of factors with items, and means of factors.
    cross, centre = found.inverse @ found.psi @ found.total.T, found.inverse @ found.alpha
    by_item, by_factor = unit, found.total.T
    u, v, mean, weight, free = [none], [none], [none], [np.zeros(0)], [blocks.psi.free[:0]]
    for block, left in ((blocks.loadings, by_item), (blocks.beta, by_factor)):
        u.append(left[block.rows])
        v.append(cross[block.columns])
        mean.append(left[block.rows] * centre[block.columns][:, None])
        weight.append(np.ones(len(block.free)))
        free.append(block.free)
    thetas = blocks.theta
    for block, sides in ((blocks.psi, by_factor), (thetas, by_item)):
        u.append(sides[block.rows])
        v.append(sides[block.columns])
        mean.append(np.zeros_like(u[-1]))
        weight.append(np.where(block.rows == block.columns, 0.5, 1.0))
        free.append(block.free)
    for block, sides in ((blocks.nu, by_item), (blocks.alpha, by_factor)):
        u.append(np.zeros((len(block.free), p), dtype=unit.dtype))
        v.append(u[-1])
        mean.append(sides[block.rows])
        weight.append(np.zeros(len(block.free)))
        free.append(block.free)
    return Directions(
        free=np.concatenate(free),
        u=np.concatenate(u),
        v=np.concatenate(v),
        w=np.concatenate(weight),
        mean=np.concatenate(mean),
    )


def continuous_jacobian(model: Model, group: int, free: Floats) -> Floats:
    """Derivatives of means (if modelled) and covariances by the free parameters.

    Returns
    -------
    ndarray of float64, shape (n_moments of the group, n_free)
        Means first, then the lower triangle with its diagonal, column by column.
    """
    way = directions(model, group, matrices(model, group, free))
    rows, columns = lower(model.n_items, diagonal=True)
    moved = _covariances(way, rows, columns)
    parts = np.hstack([way.mean, moved]) if model.means else moved
    return np.ascontiguousarray(way.gathered(parts, len(free)).T)


def ordinal_jacobian(model: Model, group: int, free: Floats) -> tuple[Floats, Floats]:
    """Thresholds and correlations of a group, and their derivatives by the free parameters.

    Returns
    -------
    moments : ndarray of float64, shape (s,)
    jacobian : ndarray of float64, shape (s, n_free)
    """
    found = matrices(model, group, free)
    way = directions(model, group, found)
    scale, item = found.delta, model.item_of_threshold
    rows, columns = lower(model.n_items, diagonal=False)
    moments = ordinal_moments(model, found)
    n_cuts = len(item)
    cells = np.empty((len(way.free), len(moments)))
    cells[:, :n_cuts] = -way.mean[:, item] * scale[item]
    cells[:, n_cuts:] = _covariances(way, rows, columns) * (scale[rows] * scale[columns])
    if model.form == "theta":
        # How a standard deviation moves, as a share of itself.
        share = way.w[:, None] * way.u * way.v * scale**2
        cells[:, :n_cuts] -= moments[:n_cuts] * share[:, item]
        cells[:, n_cuts:] -= moments[n_cuts:] * (share[:, rows] + share[:, columns])
    jacobian = way.gathered(cells, len(free)).T
    tau, delta = model.groups[group].tau, model.groups[group].delta
    jacobian[tau.rows, tau.free] += scale[item[tau.rows]]
    for row, which in zip(delta.rows, delta.free, strict=True):
        touched = np.concatenate([item == row, (rows == row) | (columns == row)])
        jacobian[touched, which] += moments[touched] / scale[row]
    return np.asarray(moments), np.ascontiguousarray(jacobian)


def _covariances(way: Directions, rows: Integers, columns: Integers) -> Numbers:
    """Derivatives of chosen covariances, shape (q, number of them)."""
    one = way.u[:, rows] * way.v[:, columns] + way.u[:, columns] * way.v[:, rows]
    return np.asarray(one * way.w[:, None])
