"""Rows of a table of parameters while they are worked on, and the words for their kinds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from digilitt.evidence.models.checks import Names
from digilitt.evidence.models.syntax import Term

Key = tuple[str, str, str]
COLUMNS = ("lhs", "op", "rhs", "group", "free", "value", "label", "user")


@dataclass(slots=True)
class Row:
    """One row while the table is made."""

    lhs: str
    op: str
    rhs: str
    group: int = 1
    free: bool = True
    value: float = math.nan
    label: str = ""
    user: bool = False
    term: Term | None = field(default=None, repr=False)

    @property
    def key(self) -> Key:
        """What it is, in whichever group."""
        return self.lhs, self.op, self.rhs

    @property
    def name(self) -> str:
        """What lavaan calls it: ``f=~x1``, and ``f=~x1.g2`` in the second group."""
        suffix = f".g{self.group}" if self.group > 1 else ""
        return f"{self.lhs}{self.op}{self.rhs}{suffix}"

    def fix(self, value: float) -> None:
        """Fix it."""
        self.free, self.value = False, value

    def release(self) -> None:
        """Make it free, without a start."""
        self.free, self.value = True, math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `model_table` was asked for."""

    n_groups: int
    categories: Mapping[str, int] | None
    means: bool
    std_lv: bool
    orthogonal: bool
    parameterization: str
    equal: frozenset[str]
    partial: frozenset[Key]


def canonical(lhs: str, op: str, rhs: str, names: Names) -> Key:
    """Covariances in the order of items, then factors, whichever way they were written."""
    if op == "~~" and names.order(rhs) < names.order(lhs):
        lhs, rhs = rhs, lhs
    return lhs, op, rhs


def kind_of(row: Row, names: Names) -> str:
    """The word of `equal` that covers a row; empty for scaling factors."""
    if row.op == "~~":
        of_items = row.lhs in names.items
        if row.lhs == row.rhs:
            return "residuals" if of_items else "variances"
        return "residual-covariances" if of_items else "covariances"
    if row.op == "~1":
        return "intercepts" if row.lhs in names.items else "means"
    return {"=~": "loadings", "|": "thresholds"}.get(row.op, "")


def rows_of(table: pd.DataFrame) -> list[Row]:
    """The rows of a table, to work on."""
    columns = (table[name].tolist() for name in COLUMNS)
    return [
        Row(
            str(lhs),
            str(op),
            str(rhs),
            int(group),
            bool(free),
            float(value),
            str(label),
            bool(user),
        )
        for lhs, op, rhs, group, free, value, label, user in zip(*columns, strict=True)
    ]
