"""One factor model in several groups, or at several occasions: what is made equal step by step.

A *block* is a group or an occasion. The first is the reference: its factors have the variance 1
and the mean 0. What later blocks share with it takes over this part, so they need it no longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from digilitt.evidence.models.checks import Names
from digilitt.evidence.models.linear import LinearConstraint, renamed
from digilitt.evidence.models.rows import Key, Row
from digilitt.evidence.models.syntax import ParsedModel, Term


@dataclass(slots=True)
class Cell:
    """A row, its block (from 1; 0 for what stands between blocks), and what it is in any block."""

    row: Row
    block: int
    key: Key
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """A model with nothing equal between blocks.

    Attributes
    ----------
    cells : tuple of Cell
    constraints : tuple of LinearConstraint
    twins : mapping of str to str
        Label in a later block → the same in the first.
    names : Names
        Items and factors in any block.
    categories : mapping of str to int, or None
    """

    cells: tuple[Cell, ...]
    constraints: tuple[LinearConstraint, ...]
    twins: Mapping[str, str]
    names: Names
    categories: Mapping[str, int] | None

    def equal_thresholds(self, spared: frozenset[Key], words: Iterable[str]) -> dict[str, int]:
        """Item → how many of its thresholds are equal in all blocks."""
        found = dict.fromkeys(self.names.items, 0)
        if "thresholds" in words:
            for cell in self.cells:
                if cell.kind == "thresholds" and cell.block == 1 and cell.key not in spared:
                    found[cell.key[0]] += 1
        return found


def spread_labels(
    parsed: ParsedModel, suffixes: Sequence[str]
) -> tuple[ParsedModel, dict[str, str]]:
    """Give every block its own labels and constraints, and say which label is whose twin.

    A label that the model gives once holds within each block, not between them: that is what the
    steps are about. Labels given by block, c(a, b), stay.
    """
    single = {label for term in parsed.terms if len(term.labels) == 1 for label in term.labels}
    twins = {label + suffix: label for label in single for suffix in suffixes[1:]}

    def spread(term: Term) -> Term:
        if len(term.labels) != 1:
            return term
        labels = tuple(term.labels[0] + suffix for suffix in ("", *suffixes[1:]))
        return replace(term, labels=labels)

    constraints = list(parsed.constraints)
    for suffix in suffixes[1:]:
        own = {name: name + suffix for name in single}
        constraints += [renamed(each, own) for each in parsed.constraints]
    terms = tuple(spread(term) for term in parsed.terms)
    return ParsedModel(terms=terms, constraints=tuple(dict.fromkeys(constraints))), twins


def constrained(
    blocks: Blocks, words: Sequence[str], spared: frozenset[Key]
) -> tuple[list[Row], tuple[LinearConstraint, ...]]:
    """Rows and constraints with these kinds of parameters equal in all blocks, save the spared."""
    cells = [replace(cell, row=replace(cell.row)) for cell in blocks.cells]
    shared = {
        cell.key
        for cell in cells
        if cell.kind in words and cell.key not in spared and cell.block > 0
    }
    thresholds = blocks.equal_thresholds(spared, words)
    for cell in cells:
        if cell.block > 1:
            _identify(cell, blocks, words, shared, thresholds)
    first = {cell.key: cell.row for cell in cells if cell.block == 1}
    for cell in cells:
        reference = first.get(cell.key)
        if cell.key not in shared or cell.block < 2 or reference is None:
            continue
        if reference.free and cell.row.free:
            reference.label = reference.label or reference.name
            cell.row.label = reference.label
        elif not reference.free:
            cell.row.fix(reference.value)
            cell.row.label = ""
    rows = [cell.row for cell in cells]
    return rows, _remaining(blocks, {row.label for row in rows if row.free})


def _remaining(blocks: Blocks, labels: set[str]) -> tuple[LinearConstraint, ...]:
    """Constraints, on the first block's labels where those of a later one are gone; each once."""
    gone = {label: twin for label, twin in blocks.twins.items() if label not in labels}
    moved = [
        renamed(each, gone) if any(name in gone for name, _ in each.terms) else each
        for each in blocks.constraints
    ]
    return tuple(dict.fromkeys(each for each in moved if each.terms))


def _identify(
    cell: Cell,
    blocks: Blocks,
    words: Sequence[str],
    shared: set[Key],
    thresholds: Mapping[str, int],
) -> None:
    """Free in a later block what equality with the first identifies."""
    row, (name, _, _) = cell.row, cell.key
    if cell.kind == "variances" and "variances" not in words:
        if (
            not row.free
            and row.value == 1
            and any((name, "=~", each) in shared for each in blocks.names.indicators[name])
        ):
            row.release()
    elif cell.kind == "means" and "means" not in words:
        of_items = [(item, "~1", "") for item in blocks.names.indicators[name]]
        if not row.free and row.value == 0 and any(key in shared for key in of_items):
            row.release()
    elif blocks.categories is None or row.user:
        return
    elif cell.kind == "intercepts":
        if thresholds[name] >= 1 and cell.key not in shared:
            row.release()
    elif cell.kind == "residuals" and cell.key not in shared:
        fixed_intercept = (name, "~1", "") in shared
        if thresholds[name] >= (1 if fixed_intercept else 2):
            row.release()
