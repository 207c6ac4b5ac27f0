"""What a table of parameters alone says about whether its model can be estimated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from digilitt.errors import Problem, counted
from digilitt.evidence.models.linear import constraint_matrix
from digilitt.evidence.models.rows import Row, rows_of
from digilitt.evidence.models.syntax import name_text
from digilitt.evidence.models.table import ModelTable
from digilitt.result import Caveat


def n_moments(table: ModelTable) -> int:
    """Means, variances and covariances, or thresholds and correlations, in all groups.

    Examples
    --------
    >>> from digilitt.evidence.models.syntax import parse_model
    >>> from digilitt.evidence.models.table import model_table
    >>> items = ["a1", "a2", "a3", "a4"]
    >>> table = model_table(parse_model("f =~ a1 + a2 + a3 + a4"), items_available=items)
    >>> n_moments(table), n_parameters(table), degrees_of_freedom(table)
    (10, 8, 2)
    """
    p = len(table.items)
    if table.categories is not None:
        one = p * (p - 1) // 2 + sum(n - 1 for n in table.categories)
    else:
        one = p * (p + 1) // 2 + (p if table.means else 0)
    return one * len(table.groups)


def n_parameters(table: ModelTable) -> int:
    """Free parameters, equal ones once, less what constraints take."""
    free = table.rows[table.rows["free"]]
    labels = [str(label) for label in free["label"]]
    named = list(dict.fromkeys(label for label in labels if label))
    matrix, _ = constraint_matrix(table.constraints, named)
    taken = int(np.linalg.matrix_rank(matrix)) if matrix.size else 0
    return labels.count("") + len(named) - taken


def degrees_of_freedom(table: ModelTable) -> int:
    """Moments less parameters; negative if there are too few moments."""
    return n_moments(table) - n_parameters(table)


def model_notes(table: ModelTable) -> tuple[Caveat, ...]:
    """Factors with one or two indicators: estimable, but on little.

    Returns
    -------
    tuple of Caveat
        "one-indicator" and "two-indicators".
    """
    notes = []
    for factor, loadings in _Group(table, 1).loadings.items():
        names = [row.rhs for row in loadings]
        if len(names) == 1:
            message = (
                f"only {names[0]} measures it, so nothing tells the factor from what is particular "
                f"to {names[0]}."
            )
            notes.append(Caveat(code="one-indicator", where=factor, message=message))
        elif len(names) == 2:
            message = (
                f"only {names[0]} and {names[1]} measure it; what each of them shares with it is "
                "known only through other factors or equal loadings, and fit hardly tests it."
            )
            notes.append(Caveat(code="two-indicators", where=factor, message=message))
    return tuple(notes)


def identification_problems(table: ModelTable) -> tuple[Problem, ...]:
    """Why a model cannot be identified, as far as its table tells.

    Returns
    -------
    tuple of Problem
        With the code "not-identified", each naming the parameters; none is no proof that the
        model is identified.

    Notes
    -----
    Looked for are more parameters than moments; a factor without a scale, which needs a fixed
    variance, a fixed loading, or either equal to one of a factor that has a scale; a factor with
    a free mean none of whose indicators has an intercept that is fixed, or equal to another one;
    a factor with one indicator whose residual variance is free; and one with two indicators that
    nothing else in the model goes with.
    """
    groups = [_Group(table, number) for number in range(1, len(table.groups) + 1)]
    labels = Counter(row.label for group in groups for row in group.rows if row.label)
    shared = {label for label, n in labels.items() if n > 1}
    shared |= {name for each in table.constraints for name, _ in each.terms}
    found = [*_count_problems(table), *_scale_problems(table, groups)]
    for group in groups:
        found += _mean_problems(group, shared)
        for factor in table.factors:
            found += _indicator_problems(table, group, factor, shared)
    return tuple(found)


class _Group:
    """Rows of one group, by what they are."""

    def __init__(self, table: ModelTable, number: int) -> None:
        self.rows: list[Row] = rows_of(table.rows[table.rows["group"] == number])
        named = len(table.groups) > 1
        self.where = f" in group {table.groups[number - 1]!r}" if named else ""
        self.number = number
        self.loadings: dict[str, list[Row]] = {}
        self.variances: dict[str, Row] = {}
        self.intercepts: dict[str, Row] = {}
        self.covariances: list[Row] = []
        for row in self.rows:
            if row.op == "=~":
                self.loadings.setdefault(row.lhs, []).append(row)
            elif row.op == "~1":
                self.intercepts[row.lhs] = row
            elif row.op == "~~" and row.lhs == row.rhs:
                self.variances[row.lhs] = row
            elif row.op == "~~":
                self.covariances.append(row)


def _wrong(parameters: str, message: str) -> Problem:
    return Problem(code="not-identified", column=parameters, message=message)


def _count_problems(table: ModelTable) -> Iterator[Problem]:
    if degrees_of_freedom(table) < 0:
        what = "thresholds and correlations"
        if table.categories is None:
            what = f"{'means, ' if table.means else ''}variances and covariances"
        message = (
            f"the model has {counted(n_parameters(table), 'free parameter')}, and the data have "
            f"{n_moments(table)} {what}; fix parameters, or make some equal."
        )
        yield _wrong("", message)


def _scale_problems(table: ModelTable, groups: Sequence[_Group]) -> Iterator[Problem]:
    """Factors without a scale, of their own or through an equal parameter of another."""
    bound = {name for each in table.constraints for name, _ in each.terms}
    owned = {
        (group.number, factor): [*group.loadings[factor], group.variances[factor]]
        for group in groups
        for factor in table.factors
    }
    settled = {
        owner
        for owner, rows in owned.items()
        if any(row.label in bound or (not row.free and row.value != 0) for row in rows)
    }
    while True:
        known = {row.label for owner in settled for row in owned[owner] if row.label}
        more = {owner for owner, rows in owned.items() if any(row.label in known for row in rows)}
        if more <= settled:
            break
        settled |= more
    for group in groups:
        for factor in table.factors:
            if (group.number, factor) not in settled:
                name = name_text(factor)
                message = (
                    f"the factor has no scale{group.where}: its variance and all its loadings are "
                    f"free. Fix one: {name} ~~ 1*{name}, or 1* before a loading."
                )
                yield _wrong(factor, message)


def _mean_problems(group: _Group, shared: set[str]) -> Iterator[Problem]:
    """Factors with a free mean that no intercept of their indicators ties down."""
    for factor, loadings in group.loadings.items():
        mean = group.intercepts.get(factor)
        if mean is None or not mean.free or mean.label in shared:
            continue
        below = [group.intercepts[row.rhs] for row in loadings]
        if all(row.free and row.label not in shared for row in below):
            message = (
                f"the mean of the factor is free{group.where}, and so are the intercepts of all "
                f"that measures it. Fix one of them, such as {name_text(factor)} ~ 0*1."
            )
            yield _wrong(f"{factor} ~1", message)


def _indicator_problems(
    table: ModelTable, group: _Group, factor: str, shared: set[str]
) -> Iterator[Problem]:
    """A factor with one or two indicators that nothing else helps."""
    loadings = group.loadings[factor]
    names = [row.rhs for row in loadings]
    others = [row.rhs for rows in group.loadings.values() for row in rows if row.lhs != factor]
    helped = any(row.label in shared for row in loadings) or set(names) & set(others)
    if len(names) > 2 or helped:
        return
    ordinal = table.categories is not None
    residuals = [group.variances[name].free or (ordinal and name in table.items) for name in names]
    if len(names) == 1:
        if group.variances[names[0]].free:
            first = name_text(names[0])
            message = (
                f"only one indicator measures the factor{group.where}, so its residual variance "
                f"cannot be told from the factor's. Fix it: {first} ~~ 0*{first}."
            )
            yield _wrong(f"{names[0]} ~~ {names[0]}", message)
        return
    unknown = sum(row.free for row in [*loadings, group.variances[factor]])
    if unknown > 1 and all(residuals) and not _goes_with(group, factor, others):
        label = _label(table)
        terms = " + ".join(f"{label}*{name_text(name)}" for name in names)
        message = (
            f"only two indicators measure the factor{group.where} and nothing else goes with it, "
            f"so their loadings cannot be told apart. Make them equal: "
            f"{name_text(factor)} =~ {terms}."
        )
        yield _wrong(f"{factor} =~ {names[0]} + {names[1]}", message)


def _label(table: ModelTable) -> str:
    """A label that neither a name nor another label is like."""
    taken = {*table.items, *table.factors, *table.rows["label"]}
    label = "a"
    while label in taken:
        label += "_"
    return label


def _goes_with(group: _Group, factor: str, others: Sequence[str]) -> bool:
    """Whether a factor covaries with another, or measures one."""
    pairs = [row for row in group.covariances if row.free or row.value != 0]
    return factor in others or any(factor in (row.lhs, row.rhs) for row in pairs)
