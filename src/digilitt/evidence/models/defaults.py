"""What lavaan's `cfa` adds to a factor model, in one group and in several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

from digilitt.evidence.models.checks import Names
from digilitt.evidence.models.rows import Key, Options, Row, canonical
from digilitt.evidence.models.syntax import ParsedModel, Term


def one_group(parsed: ParsedModel, names: Names, options: Options) -> list[Row]:
    """Rows of one group before groups and modifiers have their say."""
    rows: dict[Key, Row] = {}
    for term in parsed.terms:
        key = canonical(term.lhs, term.op, term.rhs, names)
        rows[key] = Row(*key, user=True, term=term)
    for key in _default_keys(names, options):
        rows.setdefault(key, Row(*key))
    single = names.alone()
    seen: set[str] = set()
    for row in rows.values():
        if row.op == "=~" and row.lhs not in seen and not options.std_lv:
            seen.add(row.lhs)
            row.fix(1.0)
        elif row.op == "~~" and row.lhs == row.rhs:
            _variance(row, names, options, single)
        elif row.op == "~~" and row.lhs in names.factors and not row.user and options.orthogonal:
            row.fix(0.0)
        elif row.op == "~1" and not row.user:
            if row.lhs in names.factors or options.categories is not None:
                row.fix(0.0)
        elif row.op == "~*~" and not row.user:
            row.fix(1.0 if options.parameterization == "delta" else math.nan)
    return list(rows.values())


def _default_keys(names: Names, options: Options) -> list[Key]:
    """What `cfa` of lavaan adds to a model, in its order."""
    keys: list[Key] = []
    for item in names.items:
        n = 0 if options.categories is None else options.categories[item]
        keys += [(item, "|", f"t{step}") for step in range(1, n)]
    keys += [(name, "~~", name) for name in (*names.items, *names.factors)]
    keys += [(one, "~~", other) for one, other in combinations(names.exogenous(), 2)]
    if options.categories is not None:
        keys += [(item, "~*~", item) for item in names.items]
    if options.means:
        keys += [(name, "~1", "") for name in (*names.items, *names.factors)]
    return keys


def _variance(row: Row, names: Names, options: Options, single: Sequence[str]) -> None:
    """What a variance is before modifiers."""
    if row.lhs in names.factors and options.std_lv:
        row.fix(1.0)
    if row.user:
        return
    if row.lhs in single:
        row.fix(0.0)
    if options.categories is not None and row.lhs in names.items:
        row.fix(math.nan if options.parameterization == "delta" else 1.0)


def in_groups(rows: Sequence[Row], names: Names, options: Options) -> list[Row]:
    """The rows in every group, with what equality frees and modifiers say."""
    found = []
    for group in range(1, options.n_groups + 1):
        for row in rows:
            copy = Row(*row.key, group, row.free, row.value, "", row.user, row.term)
            if group > 1:
                _release(copy, names, options)
            if copy.term is not None:
                _modify(copy, copy.term)
            found.append(copy)
    return found


def _release(row: Row, names: Names, options: Options) -> None:
    """Free what need not fix the scale of this group, as it is fixed by equality."""
    equal = options.equal
    variance = row.op == "~~" and row.lhs == row.rhs
    if row.op == "~1" and row.lhs in names.measured() and not row.user:
        if {"intercepts", "thresholds"} & equal and "means" not in equal:
            row.release()
    elif variance and row.lhs in names.factors and not row.user:
        if options.std_lv and "loadings" in equal and "variances" not in equal:
            row.release()
    elif options.categories is not None and "thresholds" in equal:
        theta = options.parameterization == "theta"
        if (theta and variance and row.lhs in names.items) or (not theta and row.op == "~*~"):
            row.release()


def _modify(row: Row, term: Term) -> None:
    """Take over the modifiers of a term for the row's group."""

    def mine(values: Sequence[float | str | None]) -> float | str | None:
        return values[0] if len(values) == 1 else values[row.group - 1]

    if term.fixed:
        value = mine(term.fixed)
        if value is None:
            row.release()
        else:
            row.fix(float(value))
    if term.starts and row.free:
        row.value = float(mine(term.starts) or 0.0)
    if term.labels:
        row.label = str(mine(term.labels))
