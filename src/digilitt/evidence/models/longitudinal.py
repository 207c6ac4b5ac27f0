"""Measurement invariance between occasions: one group, every item once for each occasion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from digilitt.define.problems import suggestion
from digilitt.errors import DefinitionError, Problem, counted
from digilitt.evidence.models.blocks import Blocks, Cell, spread_labels
from digilitt.evidence.models.checks import Names
from digilitt.evidence.models.ladder import Latent, Step, climbed, with_rows
from digilitt.evidence.models.rows import Key, Row, kind_of, rows_of
from digilitt.evidence.models.syntax import ParsedModel, Term
from digilitt.evidence.models.table import ModelTable, Parameterization, model_table

Columns = Mapping[str, Mapping[str, str]]


def longitudinal(
    parsed: ParsedModel,
    *,
    occasions: Columns | Sequence[str],
    items_available: Sequence[str],
    categories: Mapping[str, int] | None = None,
    orthogonal: bool = False,
    partial: str | Sequence[str] = (),
    latent: Sequence[Latent] = (),
) -> tuple[Step, ...]:
    """The ladder of invariance between occasions, for the same persons in one group.

    Parameters
    ----------
    parsed : ParsedModel
        The model of one occasion. Its labels hold within each occasion; c(a, b) has one entry
        for each occasion.
    occasions : mapping of str to mapping of str to str, or sequence of str
        Occasion → item → column of the data. Or names of occasions alone: the column of an item
        is then its name, ``_`` and the occasion: "a1_2018".
    items_available : sequence of str
        Columns in the data.
    categories : mapping of str to int, optional
        Number of categories by column: the items are ordinal.
    orthogonal : bool
        No covariances of different factors but those that the model names.
    partial : str or sequence of str
        Parameters that differ between occasions, with names of items and factors without
        occasion: "f =~ x2".
    latent : sequence of {"means", "variances"}
        As in `continuous_ladder`; continuous items only.

    Returns
    -------
    tuple of Step
        The tables have one group, and factors such as "f_2018".

    Raises
    ------
    DefinitionError
        With everything wrong with model, occasions or `partial`.

    Notes
    -----
    An occasion takes the place of a group in `continuous_ladder` and `ordinal_ladder`; the first
    is the reference. Residuals of the same item at different occasions covary freely, and so do
    factors at different occasions (with `orthogonal`, and if another factor is behind them: the
    same factor). *Checked against* `measEq.syntax` of semTools 0.5-6, row by row.

    Examples
    --------
    >>> from digilitt.evidence.models.syntax import parse_model
    >>> steps = longitudinal(
    ...     parse_model("f =~ a1 + a2 + a3"),
    ...     occasions=["2018", "2019"],
    ...     items_available=[f"a{n}_{year}" for year in (2018, 2019) for n in (1, 2, 3)],
    ... )
    >>> steps[0].table.factors, steps[0].table.items[3]
    (('f_2018', 'f_2019'), 'a1_2019')
    """
    names = Names.of(parsed)
    plan = _plan(names, occasions)
    problems = list(_problems(plan, names, items_available, categories))
    if categories is not None and latent:
        message = "steps of equal means or variances are for continuous items; leave it out."
        problems.append(Problem(code="wrong-value", column="latent", message=message))
    if problems:
        raise DefinitionError(problems)
    per_item = None
    if categories is not None:
        first = plan.columns[0]
        per_item = {item: categories.get(first[item], 0) for item in names.items}
    suffixes = [f".t{n}" for n in range(1, len(plan.names) + 1)]
    spread, twins = spread_labels(parsed, suffixes)
    form: Parameterization = "delta" if categories is None else "theta"
    # Occasions are taken as groups once: what is wrong is said with the names of the caller.
    model_table(
        spread, items_available=names.items, groups=plan.names, categories=per_item,
        parameterization=form,
    )  # fmt: skip
    table = model_table(
        _wide(spread, plan, names, orthogonal), items_available=items_available,
        categories=categories, means=True, orthogonal=orthogonal, parameterization=form,
    )  # fmt: skip
    cells = tuple(_cells(table, plan, names, spread))
    blocks = Blocks(
        cells=cells, constraints=table.constraints, twins=twins, names=names, categories=per_item
    )
    return climbed(blocks, lambda *found: with_rows(table, *found), partial, latent)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Names of occasions, and for each the column or factor of every name of the model."""

    names: tuple[str, ...]
    columns: tuple[Mapping[str, str], ...]


def _plan(names: Names, occasions: Columns | Sequence[str]) -> _Plan:
    if isinstance(occasions, Mapping):
        given = {str(occasion): dict(items) for occasion, items in occasions.items()}
    else:
        given = {
            str(occasion): {item: f"{item}_{occasion}" for item in names.items}
            for occasion in occasions
        }
    columns = tuple(
        {**items, **{factor: f"{factor}_{occasion}" for factor in names.factors}}
        for occasion, items in given.items()
    )
    return _Plan(tuple(given), columns)


def _problems(
    plan: _Plan, names: Names, available: Sequence[str], categories: Mapping[str, int] | None
) -> Iterator[Problem]:
    if len(plan.names) < 2:
        message = (
            f"found {counted(len(plan.names), 'occasion')}; invariance is between two or more."
        )
        yield Problem(code="too-few-occasions", message=message)
        return
    used: dict[str, str] = {}
    for item in names.items:
        for occasion, columns in zip(plan.names, plan.columns, strict=True):
            column = columns.get(item)
            where = f"occasion {occasion!r}"
            if column is None:
                message = f"{where} has no column for this item of the model; name it."
                yield Problem(code="missing-column", column=item, message=message)
            elif column not in available:
                hint = suggestion(column, available)
                message = f"{where}: the data have no column {column!r}.{hint}"
                yield Problem(code="missing-column", column=item, message=message)
            elif column in used:
                message = f"{where}: {column!r} is the column of {used[column]} already."
                yield Problem(code="column-twice", column=item, message=message)
            else:
                used[column] = f"{item!r} at {where}"
        if categories is not None:
            found = [categories.get(columns.get(item, ""), 0) for columns in plan.columns]
            counts = dict.fromkeys(found)
            if len(counts) > 1:
                message = (
                    f"the item has {' and '.join(map(str, counts))} categories at different "
                    "occasions; put categories together so that they agree."
                )
                yield Problem(code="categories-differ", column=item, message=message)


def _wide(parsed: ParsedModel, plan: _Plan, names: Names, orthogonal: bool) -> ParsedModel:
    """The model of all occasions, with what holds between them."""
    terms = []
    for at, columns in enumerate(plan.columns):
        for term in parsed.terms:
            rhs = columns.get(term.rhs, term.rhs) if term.op != "|" else term.rhs
            terms.append(replace(_at(term, at), lhs=columns[term.lhs], rhs=rhs))
    exogenous = names.exogenous()
    lagged = [
        *names.items,
        *(name for name in names.factors if orthogonal or name not in exogenous),
    ]
    for name in lagged:
        for one, other in combinations(plan.columns, 2):
            terms.append(Term(lhs=one[name], op="~~", rhs=other[name]))
    return ParsedModel(terms=tuple(terms), constraints=parsed.constraints)


def _at(term: Term, at: int) -> Term:
    """A term with the modifiers of one occasion."""
    return replace(
        term,
        fixed=term.fixed if len(term.fixed) < 2 else (term.fixed[at],),
        starts=term.starts if len(term.starts) < 2 else (term.starts[at],),
        labels=term.labels if len(term.labels) < 2 else (term.labels[at],),
    )


def _cells(table: ModelTable, plan: _Plan, names: Names, parsed: ParsedModel) -> Iterator[Cell]:
    """Rows with their occasion and what they are at any occasion."""
    origin = {
        column: (at, name)
        for at, columns in enumerate(plan.columns, start=1)
        for name, column in columns.items()
        if name in names.items or name in names.factors
    }
    written = {(term.lhs, term.op, term.rhs) for term in parsed.terms}
    written |= {(rhs, op, lhs) for lhs, op, rhs in written if op == "~~"}
    for row in rows_of(table.rows):
        block, lhs = origin[row.lhs]
        rhs = row.rhs
        if row.op in ("=~", "~~", "~*~"):
            other, rhs = origin[row.rhs]
            block = block if other == block else 0
        key: Key = (lhs, row.op, rhs)
        row.user = row.user and block > 0 and key in written
        yield Cell(row, block, key, kind_of(Row(*key), names))
