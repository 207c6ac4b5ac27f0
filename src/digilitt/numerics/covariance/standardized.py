"""Parameters as they stand and standardized, cell by cell, with their errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from digilitt.numerics.covariance.model import Floats, Integers, Matrices, Model, Numbers, matrices

COMPLEX_STEP = 1e-30
MATRICES = ("loadings", "beta", "psi", "theta", "nu", "alpha", "tau", "delta")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Cells of the matrices, one for each row of a table of parameters.

    Attributes
    ----------
    group, matrix, row, column : ndarray of int64, shape (n_cells,)
        The group from 0, the place in `MATRICES`, the cell; columns are 0 in vectors.
    """

    group: Integers
    matrix: Integers
    row: Integers
    column: Integers


def cell_values(model: Model, cells: Cells, free: Floats) -> Floats:
    """What stands in the cells, as the model has it, shape (n_cells,)."""
    return _collected(model, cells, free, _plain)


def standardized_values(model: Model, cells: Cells, free: Floats) -> Floats:
    """What stands in the cells when items and factors have a variance of 1, shape (n_cells,).

    Loadings and intercepts are in standard deviations; variances are shares of the whole
    variance; covariances are correlations, those of residuals where the variance is one of a
    residual. This is ``std.all`` of R's lavaan.
    """
    return _collected(model, cells, free, standardized)


def value_errors(model: Model, cells: Cells, free: Floats, covariance: Floats) -> Floats:
    """Standard errors of `cell_values` by the delta method, shape (n_cells,)."""
    return _errors(model, cells, free, covariance, _plain)


def standardized_errors(model: Model, cells: Cells, free: Floats, covariance: Floats) -> Floats:
    """Standard errors of `standardized_values` by the delta method, shape (n_cells,)."""
    return _errors(model, cells, free, covariance, standardized)


def standardized(model: Model, found: Matrices) -> tuple[Numbers, ...]:
    """The standardized matrices of a group, in the order of `MATRICES`."""
    item, factor = np.sqrt(np.diag(found.sigma)), np.sqrt(np.diag(found.phi))
    return (
        found.loadings * factor / item[:, None],
        found.beta * factor / factor[:, None],
        _shares(found.psi, np.diag(found.phi)),
        _shares(found.theta, np.diag(found.sigma)),
        found.nu / item,
        found.alpha / factor,
        found.tau / item[model.item_of_threshold],
        np.ones_like(found.delta),
    )


def _plain(_: Model, found: Matrices) -> tuple[Numbers, ...]:
    return tuple(getattr(found, name) for name in MATRICES)


def _shares(part: Numbers, whole: Numbers) -> Numbers:
    """Correlations off the diagonal, NaN where a variance is not above 0; on it, shares."""
    variances = np.diag(part)
    scale = np.sqrt(np.where(variances.real > 0.0, variances, np.nan))
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = part / (scale[:, None] * scale)
    np.fill_diagonal(shares, variances / whole)
    return np.asarray(shares)


def _picked(parts: tuple[Numbers, ...], cells: Cells, rows: Integers) -> Numbers:
    found = np.empty(len(rows), dtype=parts[0].dtype)
    for place, part in enumerate(parts):
        chosen = cells.matrix[rows] == place
        at = rows[chosen]
        where = (cells.row[at], cells.column[at]) if part.ndim == 2 else (cells.row[at],)
        found[chosen] = part[where]
    return found


def _collected(
    model: Model,
    cells: Cells,
    free: Floats,
    kind: Callable[[Model, Matrices], tuple[Numbers, ...]],
) -> Floats:
    values = np.full(len(cells.row), np.nan)
    with np.errstate(invalid="ignore"):
        for number in range(len(model.groups)):
            rows = np.flatnonzero(cells.group == number)
            values[rows] = _picked(kind(model, matrices(model, number, free)), cells, rows)
    return values


def _errors(
    model: Model,
    cells: Cells,
    free: Floats,
    covariance: Floats,
    kind: Callable[[Model, Matrices], tuple[Numbers, ...]],
) -> Floats:
    """By an imaginary step along each parameter that the group has."""
    variance = np.zeros(len(cells.row))
    for number, blocks in enumerate(model.groups):
        rows, used = np.flatnonzero(cells.group == number), blocks.in_use()
        slopes = np.empty((len(rows), len(used)))
        for place, which in enumerate(used):
            moved = free.astype(np.complex128)
            moved[which] += 1j * COMPLEX_STEP
            found = _picked(kind(model, matrices(model, number, moved)), cells, rows)
            slopes[:, place] = found.imag / COMPLEX_STEP
        spread = covariance[np.ix_(used, used)]
        variance[rows] = np.einsum("ij,jk,ik->i", slopes, spread, slopes)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))
