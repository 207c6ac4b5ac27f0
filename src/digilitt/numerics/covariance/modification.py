"""What would happen to the fit if one more parameter were free: score tests.

Sörbom (1989, doi:10.1007/BF02294623): the expected fall of chi2, and the value that the parameter
is expected to take, from the slope of the discrepancy at the solution and its curvature.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from digilitt.numerics.covariance.model import (
    Block,
    Blocks,
    Floats,
    Integers,
    Model,
    pseudo_inverse,
)
from digilitt.numerics.covariance.standardized import MATRICES, Cells

# A curvature left below this share of its own is none: the parameter is not identified.
LEAST_CURVATURE = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Modification:
    """One more free parameter, or an equality given up, for each cell asked about.

    Attributes
    ----------
    index : ndarray of float64, shape (n_cells,)
        Expected fall of chi2, one degree of freedom each; NaN where the parameter would not be
        identified.
    change : ndarray of float64, shape (n_cells,)
        Expected change of the parameter.
    """

    index: Floats
    change: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Several cells released together, for each set of them.

    Attributes
    ----------
    statistic : ndarray of float64, shape (n_sets,)
        Score test of what holds them; NaN where releasing them would not be identified.
    df : ndarray of float64, shape (n_sets,)
        How many restrictions that gives up; 0 where the statistic is NaN.
    """

    statistic: Floats
    df: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Loose:
    """A model in which every free cell, and each cell asked about, has a parameter of its own.

    Attributes
    ----------
    model : Model
    free : ndarray of float64, shape (n_cells,)
    ties : ndarray of float64, shape (n_cells, n_parameters)
        How the cells move with the parameters of the model as it is.
    asked : ndarray of int64
        The cells asked about.
    """

    model: Model
    free: Floats
    ties: Floats
    asked: Integers


def loosened(model: Model, free: Floats, cells: Cells) -> Loose:
    """Every cell on its own; cells that are free already can be asked about as well."""
    values: list[float] = []
    owners: list[int] = []
    asked = np.empty(len(cells.row), dtype=np.int64)
    groups = []
    for number, blocks in enumerate(model.groups):
        parts: dict[str, Block] = {}
        for place, name in enumerate(MATRICES):
            block: Block = getattr(blocks, name)
            rows, columns = block.rows.tolist(), block.columns.tolist()
            known = {cell: at for at, cell in enumerate(zip(rows, columns, strict=True))}
            first = len(values)
            values.extend(free[block.free].tolist())
            owners.extend(block.free.tolist())
            for each in np.flatnonzero((cells.group == number) & (cells.matrix == place)):
                cell = (int(cells.row[each]), int(cells.column[each]))
                if cell not in known:
                    known[cell] = len(known)
                    rows.append(cell[0])
                    columns.append(cell[1])
                    at = cell if block.fixed.ndim == 2 else cell[:1]
                    values.append(float(block.fixed[at]))
                    owners.append(-1)
                asked[each] = first + known[cell]
            parts[name] = replace(
                block,
                rows=np.array(rows, dtype=np.int64),
                columns=np.array(columns, dtype=np.int64),
                free=np.arange(first, len(values)),
            )
        groups.append(Blocks(**{each.name: parts[each.name] for each in fields(Blocks)}))
    owner = np.array(owners, dtype=np.int64)
    ties = np.where((owner >= 0)[:, None], model.basis[owner], 0.0)
    loose = _unbound(model, tuple(groups), len(values))
    return Loose(model=loose, free=np.array(values), ties=ties, asked=asked)


def _unbound(model: Model, groups: tuple[Blocks, ...], n: int) -> Model:
    """A model of n free parameters without constraints."""
    start, offset = np.full(n, np.nan), np.zeros(n)
    return replace(model, groups=groups, start=start, basis=np.eye(n), offset=offset)


def modification(
    loose: Loose,
    gradient: Floats,
    curvature: Callable[[], Floats],
    n: float,
) -> Modification:
    """Score tests from the slope and the curvature of the discrepancy chi2 / n.

    Parameters
    ----------
    gradient : ndarray of float64, shape (n_cells,)
    curvature : callable
        Second derivatives, or what is expected of them, shape (n_cells, n_cells).
    n : float
        Persons.
    """
    whole = curvature()
    inner = loose.ties.T @ whole @ loose.ties
    cross = whole[loose.asked] @ loose.ties
    own = np.diag(whole)[loose.asked]
    left = own - np.einsum("ij,jk,ik->i", cross, pseudo_inverse(inner), cross)
    left = np.where(left > LEAST_CURVATURE * np.maximum(own, 1e-300), left, np.nan)
    slope = gradient[loose.asked]
    return Modification(index=n / 2.0 * slope**2 / left, change=-slope / left)


def released(
    loose: Loose,
    gradient: Floats,
    curvature: Floats,
    n: float,
    sets: Sequence[Integers],
    products: Floats | None = None,
) -> Release:
    """Score tests of giving up several restrictions at once.

    Parameters
    ----------
    gradient : ndarray of float64, shape (n_cells,)
        Of the discrepancy chi2 / n.
    curvature : ndarray of float64, shape (n_cells, n_cells)
        Its second derivatives, or what is expected of them.
    n : float
        Persons.
    sets : sequence of ndarray of int64
        Each the places, among the cells asked about, of those that are released together. To
        release what is equal in G groups, name the cells of all groups but one.
    products : ndarray of float64, shape (n_cells, n_cells), optional
        Covariance matrix of the gradient over samples, times n. Left out: twice the curvature,
        which it is where the discrepancy is a likelihood's and the model's distribution is true.

    Returns
    -------
    Release

    Notes
    -----
    With H the curvature, T how the cells move with the model's parameters and D the released
    cells, P = D - T(T'HT)⁺T'HD moves cells such that the gradient along it does not depend on the
    parameters' estimates. The statistic is ``n g'P (P'BP)⁻¹ P'g`` with B the products: the score
    test of Sörbom (1989) if B is 2H, else its generalization, which is a chi2 in large samples
    although the discrepancy is no likelihood (Boos, 1992, doi:10.1080/00031305.1992.10475921).

    *Checked against* ``lavTestScore`` of R's lavaan 0.6-14 (B = 2H), and for the generalized test
    persons' scores (``estfun``) and Γ from lavaan put together in R.
    """
    held = pseudo_inverse(loose.ties.T @ curvature @ loose.ties)
    back = loose.ties @ held @ (loose.ties.T @ curvature)
    spread = 2.0 * curvature if products is None else products
    statistic, df = np.full(len(sets), np.nan), np.zeros(len(sets))
    for place, which in enumerate(sets):
        cells = loose.asked[which]
        ways = -back[:, cells]
        ways[cells, np.arange(len(cells))] += 1.0
        ways /= np.sqrt(np.maximum(np.diag(curvature)[cells], 1e-300))
        values, vectors = np.linalg.eigh(ways.T @ curvature @ ways)
        ways = ways @ vectors[:, values > LEAST_CURVATURE]
        if not ways.shape[1]:
            continue
        slope = ways.T @ gradient
        df[place] = ways.shape[1]
        statistic[place] = n * slope @ pseudo_inverse(ways.T @ spread @ ways) @ slope
    return Release(statistic=statistic, df=df)
