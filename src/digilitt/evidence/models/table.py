"""The table of parameters of a factor model: what it is made of, and lavaan's defaults."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

from digilitt.errors import DefinitionError, Problem
from digilitt.evidence.models.checks import (
    Names,
    model_problems,
    partial_problems,
)
from digilitt.evidence.models.defaults import in_groups, one_group
from digilitt.evidence.models.linear import LinearConstraint, constraint_problems
from digilitt.evidence.models.rows import (
    COLUMNS,
    Key,
    Options,
    Row,
    canonical,
    kind_of,
)
from digilitt.evidence.models.syntax import ParsedModel, Term, parameter_text, parse_partial

Parameterization = Literal["delta", "theta"]
Word = Literal[
    "loadings",
    "thresholds",
    "intercepts",
    "residuals",
    "residual-covariances",
    "means",
    "variances",
    "covariances",
]
WORDS: tuple[str, ...] = get_args(Word)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelTable:
    """Every parameter of a factor model, in every group.

    Attributes
    ----------
    rows : pandas.DataFrame
        One row per parameter and group: ``lhs``, ``op`` ("=~", "~~", "~1", "|", "~*~"), ``rhs``
        (empty for "~1"; "t1", "t2" … for "|"), ``group`` (int64, from 1), ``free``, ``value``
        (float64: where it is fixed, or where to start; NaN in a free row: no start was given; NaN
        in a row that is not free: other parameters determine it, which is so of residual
        variances of ordinal items in the delta parameterization and of their scaling factors in
        theta), ``label`` (rows with the same label are equal; "" is none), ``user`` (the model
        names it; otherwise it was added).
    constraints : tuple of LinearConstraint
        Of labels, beyond their equality.
    items, factors : tuple of str
        In order of appearance.
    groups : tuple of str
        Names of the groups, one "" for a single group.
    categories : tuple of int or None
        Number of categories of each item; None for continuous items.
    parameterization : {"delta", "theta"}
        Of ordinal items.
    means : bool
        Whether means are modelled; always so for ordinal items.
    """

    rows: pd.DataFrame
    constraints: tuple[LinearConstraint, ...]
    items: tuple[str, ...]
    factors: tuple[str, ...]
    groups: tuple[str, ...]
    categories: tuple[int, ...] | None
    parameterization: Parameterization
    means: bool


def model_table(
    parsed: ParsedModel,
    *,
    items_available: Sequence[str],
    groups: Sequence[str] = ("",),
    categories: Mapping[str, int] | None = None,
    means: bool | None = None,
    std_lv: bool = True,
    orthogonal: bool = False,
    parameterization: Parameterization = "delta",
    equal: Sequence[Word] = (),
    partial: str | Sequence[str] = (),
) -> ModelTable:
    """All parameters of a model: those that it names, and those that `cfa` of lavaan adds.

    Parameters
    ----------
    parsed : ParsedModel
    items_available : sequence of str
        Items in the data.
    groups : sequence of str
    categories : mapping of str to int, optional
        Number of categories of each item: the items are ordinal. Left out: continuous.
    means : bool, optional
        Whether means are modelled. Left out: if the items are ordinal, there are several groups,
        or the model names an intercept; in these cases they always are.
    std_lv : bool
        Factors get a variance of 1 (residual variance, if another factor is behind them);
        otherwise their first loading is 1.
    orthogonal : bool
        No covariances of factors but those that the model names.
    parameterization : {"delta", "theta"}
        Of ordinal items: standard deviations, or residual variances, are fixed at 1.
    equal : sequence of str
        What is equal in all groups: "loadings", "thresholds", "intercepts", "residuals"
        (variances), "residual-covariances", "means", "variances" and "covariances" (of factors).
    partial : str or sequence of str
        Parameters that are not, in spite of `equal`: "f =~ x2", "x1 ~1", "x3 | t2".

    Returns
    -------
    ModelTable

    Raises
    ------
    DefinitionError
        With every problem found in model, options and their fit to one another.

    Notes
    -----
    Added are residual variances, variances and covariances of the factors that no other factor
    is behind, thresholds, scaling factors of 1, and with means the intercepts (free; 0 for
    ordinal items) and means of factors (0). An item that is all that measures its factor has a
    residual variance of 0.

    What is made equal frees, in all groups but the first, what fixed the scale there: equal
    loadings the variances of factors (with `std_lv`), equal intercepts or thresholds the means
    of factors, equal thresholds the scaling factors (delta) or residual variances (theta). All
    this is lavaan's, with one exception: the means of factors that no item measures stay at 0,
    since those of the factors below them are free already, and both cannot be told apart.

    *Checked against* lavaan 0.6-14, row by row.

    Examples
    --------
    >>> from digilitt.evidence.models.syntax import parse_model
    >>> items = ["a1", "a2", "a3"]
    >>> table = model_table(parse_model("f =~ a1 + a2 + a3"), items_available=items)
    >>> table.rows[["lhs", "op", "rhs", "free", "value"]].iloc[[0, 6]]
      lhs  op rhs   free  value
    0   f  =~  a1   True    NaN
    6   f  ~~   f  False    1.0
    """
    # long because it hands on every one of its arguments.
    names = Names.of(parsed)
    ordinal = categories is not None
    problems = option_problems(equal, groups, means, parameterization, ordinal=ordinal)
    problems += _category_problems(names, categories)
    spared, wrong = _partial(partial)
    problems += wrong
    problems += model_problems(
        parsed, names, items_available, len(groups), categories, parameterization
    )
    if problems:
        raise DefinitionError(problems)
    named = any(term.op == "~1" for term in parsed.terms)
    options = Options(
        n_groups=len(groups),
        categories=categories,
        means=means is True or ordinal or len(groups) > 1 or named,
        std_lv=std_lv,
        orthogonal=orthogonal,
        parameterization=parameterization,
        equal=frozenset(equal),
        partial=frozenset(canonical(term.lhs, term.op, term.rhs, names) for term in spared),
    )
    rows = in_groups(one_group(parsed, names, options), names, options)
    problems += partial_problems(spared, _kinds(rows, names, options), equal)
    problems += _start_problems(rows)
    problems += _equalize(rows, names, options)
    problems += _spared_in_vain(rows, options)
    problems += label_problems(parsed.constraints, rows)
    if problems:
        raise DefinitionError(problems)
    return ModelTable(
        rows=_frame(rows),
        constraints=parsed.constraints,
        items=names.items,
        factors=names.factors,
        groups=tuple(groups),
        categories=None if categories is None else tuple(categories[i] for i in names.items),
        parameterization=parameterization,
        means=options.means,
    )


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    frame = pd.DataFrame({name: [getattr(row, name) for row in rows] for name in COLUMNS})
    types = {"group": "int64", "free": "bool", "value": "float64", "user": "bool"}
    return frame.astype(types)


def option_problems(
    equal: Sequence[str],
    groups: Sequence[str],
    means: bool | None,
    parameterization: str,
    *,
    ordinal: bool,
) -> list[Problem]:
    """What is wrong with options of a model, whatever the model says."""
    problems = []

    def wrong(name: str, message: str) -> None:
        problems.append(Problem(code="wrong-value", column=name, message=message))

    if isinstance(equal, str):
        wrong("equal", f"found the text {equal!r}; expected a list, such as [{equal!r}].")
        equal = ()
    for word in equal:
        if word not in WORDS:
            wrong("equal", f"found {word!r}; {_ours(word)}.")
    if equal and len(groups) < 2:
        wrong("equal", "there are no groups whose parameters could be equal; name them in group=.")
    if not ordinal and "thresholds" in equal:
        wrong("equal", "continuous items have no thresholds; leave the word out.")
    if ordinal and parameterization == "delta" and "residuals" in equal:
        message = (
            "in the delta parameterization residual variances of ordinal items are no parameters; "
            "use parameterization='theta'."
        )
        wrong("equal", message)
    if means is False and not ordinal and len(groups) > 1:
        wrong("means", "with several groups means are always modelled; leave it out.")
    if parameterization not in get_args(Parameterization):
        known = ", ".join(get_args(Parameterization))
        wrong("parameterization", f"found {parameterization!r}; expected one of {known}.")
    if len(set(groups)) < len(groups) or not groups:
        wrong("groups", "expected at least one name of a group, each once.")
    return problems


def _ours(word: object) -> str:
    """What is expected of `equal` instead; lavaan writes lv.variances, residual.covariances."""
    ours = str(word).lower().removeprefix("lv.").replace(".", "-")
    return f"in digilitt {ours!r}" if ours in WORDS else f"expected some of {', '.join(WORDS)}"


def _category_problems(names: Names, categories: Mapping[str, int] | None) -> Iterator[Problem]:
    for item in names.items:
        if categories is not None and categories.get(item, 0) < 2:
            found = categories.get(item, "no number of")
            message = f"found {found} categories; an ordinal item has two or more."
            yield Problem(code="too-few-categories", column=item, message=message)


def _partial(partial: str | Sequence[str]) -> tuple[tuple[Term, ...], list[Problem]]:
    try:
        return parse_partial(partial), []
    except DefinitionError as error:
        return (), list(error.problems)


def _kinds(rows: Sequence[Row], names: Names, options: Options) -> dict[Key, str]:
    """Word of `equal` for every parameter."""
    per_group = len(rows) // options.n_groups
    return {row.key: kind_of(row, names) for row in rows[:per_group]}


def _equalize(rows: Sequence[Row], names: Names, options: Options) -> list[Problem]:
    """Give rows that are equal one label, and where one is fixed fix all."""
    classes: dict[str, list[Row]] = {}
    first = {row.key: row.name for row in rows if row.group == 1}
    for row in rows:
        shared = kind_of(row, names) in options.equal and row.key not in options.partial
        name = first[row.key] if shared else row.name
        classes.setdefault(row.label or name, []).append(row)
    problems = []
    for name, members in classes.items():
        label = name if len(members) > 1 or members[0].label else ""
        fixed = list(dict.fromkeys(row.value for row in members if not row.free))
        determined = any(math.isnan(value) for value in fixed)
        if len(fixed) > 1 and not determined:
            values = ", ".join(f"{value:g}" for value in fixed)
            message = f"parameters with the label {name!r} are fixed at {values}; equal ones agree."
            problems.append(Problem(code="modifier-conflict", message=message))
        for row in members:
            if fixed:
                row.fix(fixed[0])
            row.label = label if row.free or row.label else ""
    return problems


def _spared_in_vain(rows: Sequence[Row], options: Options) -> Iterator[Problem]:
    """Parameters that `partial` leaves free, and that are fixed in every group all the same."""
    free = {row.key for row in rows if row.free}
    there = {row.key for row in rows}
    for key in sorted((options.partial & there) - free):
        text = parameter_text(*key)
        message = (
            f"partial: {text!r} is fixed in every group, so that it cannot differ; free it in the "
            "model, such as by c(0, NA)* before it."
        )
        yield Problem(code="bad-partial", message=message)


def _start_problems(rows: Sequence[Row]) -> Iterator[Problem]:
    """Starts of what is fixed; lavaan would fix it there."""
    free = {row.key for row in rows if row.free}
    for row in rows:
        if row.group == 1 and row.term and row.term.starts and row.key not in free:
            message = (
                f"line {row.term.line}: the parameter is fixed at {row.value:g}, so it has no "
                "start; remove start(…), or free it by NA*."
            )
            yield Problem(code="modifier-conflict", column=row.name, message=message)


def label_problems(constraints: Sequence[LinearConstraint], rows: Sequence[Row]) -> list[Problem]:
    """Constraints on labels that no parameter has, or that no values can meet."""
    fixed = {row.label: row.value for row in rows if row.label and not row.free}
    # Labels with a sign of an operator are names that were given to equal parameters.
    known = [row.label for row in rows if row.label and not set(row.label) & set("=~|")]
    return constraint_problems(constraints, tuple(dict.fromkeys(known)), fixed)
