"""From a table of parameters to the matrices that estimation works on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.evidence.models.table import ModelTable
from digilitt.numerics.covariance.model import Block, Blocks, Form, Model
from digilitt.numerics.covariance.standardized import MATRICES, Cells

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
SYMMETRIC = {"psi", "theta"}
# A constraint whose singular value is smaller follows from the others.
FOLLOWS = 1e-9


def cells_of(table: ModelTable, rows: pd.DataFrame | None = None) -> Cells:
    """The cell of each row of a table of parameters: by default of the model's own."""
    rows = table.rows if rows is None else rows
    items = {name: place for place, name in enumerate(table.items)}
    factors = {name: place for place, name in enumerate(table.factors)}
    cuts = _first_cuts(table)
    found = [
        _cell(lhs, op, rhs, items, factors, cuts)
        for lhs, op, rhs in zip(rows["lhs"], rows["op"], rows["rhs"], strict=True)
    ]
    matrix, row, column = np.array(found, dtype=np.int64).reshape(-1, 3).T
    return Cells(
        group=rows["group"].to_numpy(dtype=np.int64) - 1, matrix=matrix, row=row, column=column
    )


def compiled(table: ModelTable) -> Model:
    """The model of a table of parameters."""
    rows, cells = table.rows, cells_of(table)
    free, labels = numbered(rows)
    n_free = int(free.max(initial=-1)) + 1
    start = np.full(n_free, np.nan)
    value = rows["value"].to_numpy(dtype=np.float64)
    given = (free >= 0) & ~np.isnan(value)
    # Reversed, so that of several rows the first one counts.
    start[free[given][::-1]] = value[given][::-1]
    basis, offset = _constrained(table, labels, n_free)
    categories = table.categories or ()
    item_of_threshold = np.repeat(np.arange(len(categories)), [k - 1 for k in categories])
    form: Form = "continuous"
    if table.categories is not None:
        form = "theta" if table.parameterization == "theta" else "delta"
    return Model(
        groups=tuple(
            _blocks(table, cells, free, value, number, len(item_of_threshold))
            for number in range(len(table.groups))
        ),
        form=form,
        means=table.means or table.categories is not None,
        item_of_threshold=item_of_threshold.astype(np.int64),
        start=start,
        basis=basis,
        offset=offset,
    )


def _first_cuts(table: ModelTable) -> dict[str, int]:
    """Place of each item's first threshold."""
    if table.categories is None:
        return {}
    places = np.cumsum([0, *(k - 1 for k in table.categories)])
    return dict(zip(table.items, places.tolist(), strict=False))


def _cell(
    lhs: str,
    op: str,
    rhs: str,
    items: dict[str, int],
    factors: dict[str, int],
    cuts: dict[str, int],
) -> tuple[int, int, int]:
    """Place of the matrix in `MATRICES`, row and column."""
    if op == "=~":
        name = "loadings" if rhs in items else "beta"
        return MATRICES.index(name), (items | factors)[rhs], factors[lhs]
    if op == "~~":
        name, own = ("theta", items) if lhs in items else ("psi", factors)
        low, high = sorted((own[lhs], own[rhs]))
        return MATRICES.index(name), high, low
    if op == "|":
        return MATRICES.index("tau"), cuts[lhs] + int(rhs[1:]) - 1, 0
    if op == "~*~":
        return MATRICES.index("delta"), items[lhs], 0
    return (
        (MATRICES.index("nu"), items[lhs], 0)
        if lhs in items
        else (MATRICES.index("alpha"), factors[lhs], 0)
    )


def free_numbers(rows: pd.DataFrame) -> Integers:
    """The free parameter of each row of a table of parameters, -1 where it is fixed."""
    return numbered(rows)[0]


def numbered(rows: pd.DataFrame) -> tuple[Integers, dict[str, int]]:
    """The free parameter of each row, -1 where it is fixed; rows of one label share theirs."""
    numbers = np.full(len(rows), -1, dtype=np.int64)
    labels: dict[str, int] = {}
    count = 0
    for place, (free, label) in enumerate(zip(rows["free"], rows["label"], strict=True)):
        if not free:
            continue
        if label in labels:
            numbers[place] = labels[label]
            continue
        numbers[place] = count
        if label:
            labels[label] = count
        count += 1
    return numbers, labels


def _constrained(table: ModelTable, labels: dict[str, int], n_free: int) -> tuple[Floats, Floats]:
    """Basis and offset of the free parameters that keep the linear constraints."""
    if not table.constraints:
        return np.eye(n_free), np.zeros(n_free)
    fixed = {
        label: value
        for label, value, free in zip(
            table.rows["label"], table.rows["value"], table.rows["free"], strict=True
        )
        if label and not free
    }
    matrix = np.zeros((len(table.constraints), n_free))
    constant = np.array([each.constant for each in table.constraints])
    for place, constraint in enumerate(table.constraints):
        for label, coefficient in constraint.terms:
            if label in labels:
                matrix[place, labels[label]] += coefficient
            else:
                constant[place] -= coefficient * fixed[label]
    _, values, directions = np.linalg.svd(matrix)
    rank = int((values > FOLLOWS).sum())
    if rank == 0:
        return np.eye(n_free), np.zeros(n_free)
    return directions[rank:].T, np.linalg.lstsq(matrix, constant)[0]


def _blocks(
    table: ModelTable, cells: Cells, free: Integers, value: Floats, number: int, n_cuts: int
) -> Blocks:
    p, m = len(table.items), len(table.factors)
    shapes: dict[str, tuple[int, ...]] = {
        "loadings": (p, m),
        "beta": (m, m),
        "psi": (m, m),
        "theta": (p, p),
        "nu": (p,),
        "alpha": (m,),
        "tau": (n_cuts,),
        "delta": (p,),
    }
    found = {}
    for place, name in enumerate(MATRICES):
        here = np.flatnonzero((cells.group == number) & (cells.matrix == place))
        fixed = np.ones(p) if name == "delta" else np.zeros(shapes[name])
        for row in here[free[here] < 0]:
            at = (cells.row[row], cells.column[row])[: fixed.ndim]
            # Of what other parameters determine, nothing is read.
            fixed[at] = fixed[at] if np.isnan(value[row]) else value[row]
            if name in SYMMETRIC:
                fixed[at[::-1]] = fixed[at]
        own = here[free[here] >= 0]
        found[name] = Block(
            fixed=fixed, rows=cells.row[own], columns=cells.column[own], free=free[own]
        )
    return Blocks(**found)
