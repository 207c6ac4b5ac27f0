"""A model of covariances, means and thresholds: its matrices, and what they imply.

Every group has the same eight matrices. A cell is fixed, or it holds a free parameter; cells that
hold the same free parameter are equal, within a group or over groups. With loadings Λ, factor
regressions B, factor covariances Ψ, residual covariances Θ, intercepts ν and factor means α, and
with A = (I - B)⁻¹, items have the covariances Λ A Ψ A' Λ' + Θ and the means ν + Λ A α.

Items in categories are normal variables cut at thresholds τ, of which only correlations and
standardized thresholds can be seen. In the *delta* form their standard deviations 1/δ are
parameters and residual variances follow; in the *theta* form residual variances are parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Numbers = NDArray[Any]
Form = Literal["continuous", "delta", "theta"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One matrix of one group.

    Attributes
    ----------
    fixed : ndarray of float64
        The matrix with its fixed values, 0 elsewhere; vectors have one dimension.
    rows, columns : ndarray of int64, shape (n_cells,)
        Free cells; in a symmetric matrix those on or below the diagonal. Columns are 0 in vectors.
    free : ndarray of int64, shape (n_cells,)
        Number of the free parameter in each.
    """

    fixed: Floats
    rows: Integers
    columns: Integers
    free: Integers

    def filled(self, free: Numbers, *, symmetric: bool = False) -> Numbers:
        """The matrix at these values of the free parameters."""
        matrix = self.fixed.astype(free.dtype)
        if matrix.ndim == 1:
            matrix[self.rows] = free[self.free]
            return matrix
        matrix[self.rows, self.columns] = free[self.free]
        if symmetric:
            matrix[self.columns, self.rows] = free[self.free]
        return matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The matrices of a group: p items, m factors, t thresholds.

    Attributes
    ----------
    loadings : Block, (p, m)
    beta : Block, (m, m)
        Row: the factor explained; column: the one that explains it.
    psi, theta : Block, (m, m) and (p, p)
        Symmetric.
    nu, alpha, tau, delta : Block, (p,), (m,), (t,), (p,)
    """

    loadings: Block
    beta: Block
    psi: Block
    theta: Block
    nu: Block
    alpha: Block
    tau: Block
    delta: Block

    def in_use(self) -> Integers:
        """Numbers of the free parameters in this group, each once."""
        return np.unique(np.concatenate([getattr(self, each.name).free for each in fields(self)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model of one group or several.

    Attributes
    ----------
    groups : tuple of Blocks
    form : {"continuous", "delta", "theta"}
    means : bool
        For continuous items: whether means are modelled.
    item_of_threshold : ndarray of int64, shape (t,)
        Thresholds of an item stand together, in order; empty for continuous items.
    start : ndarray of float64, shape (n_free,)
        Where to begin; NaN where the data shall say.
    basis : ndarray of float64, shape (n_free, n_parameters)
    offset : ndarray of float64, shape (n_free,)
        Linear constraints: the free parameters are ``offset + basis @ z`` with z unconstrained.
    """

    groups: tuple[Blocks, ...]
    form: Form
    means: bool
    item_of_threshold: Integers
    start: Floats
    basis: Floats
    offset: Floats

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.groups[0].nu.fixed)

    @property
    def n_factors(self) -> int:
        """Number of factors."""
        return len(self.groups[0].alpha.fixed)

    @property
    def n_parameters(self) -> int:
        """Number of parameters that can be chosen, after all constraints."""
        return int(self.basis.shape[1])

    def along(self, derivatives: Floats) -> Floats:
        """Derivatives by the free parameters (last axis) as those by the unconstrained ones."""
        free = self.basis.shape[0] == self.basis.shape[1]
        # Without constraints the basis is the identity.
        return derivatives if free else np.asarray(derivatives @ self.basis)

    @property
    def n_moments(self) -> int:
        """Number of means, variances and covariances, or thresholds and correlations, together."""
        p = self.n_items
        if self.form != "continuous":
            return len(self.groups) * (len(self.item_of_threshold) + p * (p - 1) // 2)
        return len(self.groups) * (p * (p + 1) // 2 + (p if self.means else 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrices:
    """The matrices of one group, with numbers in them, and what follows.

    Attributes
    ----------
    loadings, beta, psi, theta, nu, alpha, tau, delta
        As in `Blocks`. In the delta form the diagonal of theta is what the items' variances leave;
        in the theta form delta is 1 over the items' standard deviations.
    inverse : ndarray, shape (m, m)
        ``(I - beta)⁻¹``.
    total : ndarray, shape (p, m)
        ``loadings @ inverse``: what a factor does to items, through other factors included.
    phi : ndarray, shape (m, m)
        Covariances of the factors.
    sigma, mu : ndarray, shape (p, p) and (p,)
        Covariances and means of the items, before the standardization of items in categories.
    """

    loadings: Numbers
    beta: Numbers
    psi: Numbers
    theta: Numbers
    nu: Numbers
    alpha: Numbers
    tau: Numbers
    delta: Numbers
    inverse: Numbers
    total: Numbers
    phi: Numbers
    sigma: Numbers
    mu: Numbers


def matrices(model: Model, group: int, free: Numbers) -> Matrices:
    """The matrices of a group at these values of the free parameters.

    Parameters
    ----------
    group : int
        From 0.
    free : ndarray of float64 or complex128, shape (n_free,)
        Complex numbers give derivatives by a small imaginary step.
    """
    blocks = model.groups[group]
    loadings, beta = blocks.loadings.filled(free), blocks.beta.filled(free)
    psi = blocks.psi.filled(free, symmetric=True)
    theta = blocks.theta.filled(free, symmetric=True)
    nu, alpha = blocks.nu.filled(free), blocks.alpha.filled(free)
    delta = blocks.delta.filled(free)
    inverse = np.eye(len(alpha), dtype=free.dtype)
    if len(blocks.beta.free) or blocks.beta.fixed.any():
        inverse = np.linalg.inv(inverse - beta)
    total = loadings @ inverse
    phi = inverse @ psi @ inverse.T
    common = total @ psi @ total.T
    if model.form == "delta":
        np.fill_diagonal(theta, 1.0 / delta**2 - np.diag(common))
    elif model.form == "theta":
        variances = np.diag(common + theta)
        delta = 1.0 / np.sqrt(np.where(variances.real > 0.0, variances, np.nan))
    return Matrices(
        loadings=loadings,
        beta=beta,
        psi=psi,
        theta=theta,
        nu=nu,
        alpha=alpha,
        tau=blocks.tau.filled(free),
        delta=delta,
        inverse=inverse,
        total=total,
        phi=phi,
        sigma=common + theta,
        mu=nu + total @ alpha,
    )


def lower(p: int, *, diagonal: bool) -> tuple[Integers, Integers]:
    """Rows and columns of a lower triangle, column by column.

    Examples
    --------
    >>> [each.tolist() for each in lower(3, diagonal=False)]
    [[1, 2, 2], [0, 0, 1]]
    """
    columns, rows = np.triu_indices(p, 0 if diagonal else 1)
    return rows.astype(np.int64), columns.astype(np.int64)


def ordinal_moments(model: Model, found: Matrices) -> Numbers:
    """Thresholds, item by item, then correlations, as `lower` orders them."""
    scale = found.delta
    rows, columns = lower(model.n_items, diagonal=False)
    item = model.item_of_threshold
    cuts = scale[item] * (found.tau - found.mu[item])
    return np.concatenate([cuts, (found.sigma * scale[:, None] * scale)[rows, columns]])


def pseudo_inverse(matrix: Floats) -> Floats:
    """Of a positive semidefinite matrix, whatever the units of its rows and columns.

    Rows and columns are divided by the roots of the diagonal first; otherwise small eigenvalues
    that units make would be taken for none.
    """
    size = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    scale = np.where(size > 0.0, 1.0 / np.where(size > 0.0, size, 1.0), 0.0)
    inner = np.linalg.pinv(matrix * scale[:, None] * scale, hermitian=True)
    return np.asarray(inner * scale[:, None] * scale)


def reduced(model: Model, free: Floats) -> Floats:
    """The unconstrained parameters z nearest to these values of the free parameters."""
    if model.basis.shape[0] == model.basis.shape[1]:
        return free - model.offset
    found = np.linalg.lstsq(model.basis, free - model.offset)[0]
    return np.asarray(found, dtype=np.float64)
