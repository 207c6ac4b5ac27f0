"""Steps of measurement invariance as tables of parameters, each with what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from digilitt.errors import DefinitionError, Problem, counted
from digilitt.evidence.models.blocks import Blocks, Cell, constrained, spread_labels
from digilitt.evidence.models.checks import Names, partial_problems
from digilitt.evidence.models.identification import n_parameters
from digilitt.evidence.models.linear import LinearConstraint
from digilitt.evidence.models.rows import Key, Row, canonical, kind_of, rows_of
from digilitt.evidence.models.syntax import ParsedModel, parse_partial
from digilitt.evidence.models.table import ModelTable, model_table

Latent = Literal["means", "variances"]
CONTINUOUS = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
}
ORDINAL = {
    "configural": (),
    "thresholds": ("thresholds",),
    "metric": ("thresholds", "loadings"),
    "scalar": ("thresholds", "loadings", "intercepts"),
    "strict": ("thresholds", "loadings", "intercepts", "residuals"),
}
Make = Callable[[list[Row], tuple[LinearConstraint, ...]], ModelTable]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One step of a ladder.

    Attributes
    ----------
    name : str
        "configural", "thresholds", "metric", "scalar", "strict", "means" or "variances".
    equal : tuple of str
        What is equal in all groups, or at all occasions.
    table : ModelTable
    note : str
        What a reader must know of the step, above all why it is no test; empty if nothing.
    nested_in : str or None
        The step that it is a special case of and is tested against; None where there is no test:
        in the first step, and in one that fits just as the step before.
    """

    name: str
    equal: tuple[str, ...]
    table: ModelTable
    note: str
    nested_in: str | None


def continuous_ladder(
    parsed: ParsedModel,
    *,
    items_available: Sequence[str],
    groups: Sequence[str],
    orthogonal: bool = False,
    partial: str | Sequence[str] = (),
    latent: Sequence[Latent] = (),
) -> tuple[Step, ...]:
    """Configural, metric, scalar and strict invariance of continuous items in groups.

    Parameters
    ----------
    parsed : ParsedModel
        Its labels hold within each group; only c(a, a) holds between groups.
    items_available : sequence of str
    groups : sequence of str
        Two or more; the first is the reference.
    orthogonal : bool
        No covariances of factors but those that the model names.
    partial : str or sequence of str
        Parameters that differ between groups from the step on that would make them equal.
    latent : sequence of {"means", "variances"}
        Steps after strict, each compared with strict: equal means, equal variances of factors.

    Returns
    -------
    tuple of Step

    Raises
    ------
    DefinitionError
        With everything wrong with model, groups or `partial`.

    Notes
    -----
    Factors have a variance of 1 and a mean of 0 in the first group; in the others variances are
    free once a loading of the factor is equal, and means once an intercept of one of its items
    is. Of factors behind factors the means stay at 0. *Checked against* `measEq.syntax` of
    semTools 0.5-6, row by row.

    Examples
    --------
    >>> from digilitt.evidence.models.syntax import parse_model
    >>> steps = continuous_ladder(
    ...     parse_model("f =~ a1 + a2 + a3"),
    ...     items_available=["a1", "a2", "a3"],
    ...     groups=["2018", "2019"],
    ... )
    >>> [(step.name, step.nested_in) for step in steps[:2]]
    [('configural', None), ('metric', 'configural')]
    """
    blocks, make = _in_groups(parsed, items_available, groups, None, orthogonal)
    return climbed(blocks, make, partial, latent)


def ordinal_ladder(
    parsed: ParsedModel,
    *,
    items_available: Sequence[str],
    groups: Sequence[str],
    categories: Mapping[str, int],
    orthogonal: bool = False,
    partial: str | Sequence[str] = (),
) -> tuple[Step, ...]:
    """Configural, threshold, loading, intercept and strict invariance of ordinal items in groups.

    Parameters
    ----------
    parsed : ParsedModel
        Its labels hold within each group; only c(a, a) holds between groups.
    items_available, groups : sequence of str
    categories : mapping of str to int
        Number of categories of each item, the same in all groups.
    orthogonal : bool
    partial : str or sequence of str
        Parameters that differ between groups from the step on that would make them equal.

    Returns
    -------
    tuple of Step
        In the theta parameterization.

    Raises
    ------
    DefinitionError
        With everything wrong with model, groups, categories or `partial`.

    Notes
    -----
    After Wu, H., & Estabrook, R. (2016). Identification of confirmatory factor analysis models
    of different levels of invariance for ordered categorical outcomes. Psychometrika, 81(4),
    1014-1045, doi:10.1007/s11336-016-9506-0. In all groups but the first:

    ============ ============ ========= ============== =========
    equal        residual     intercept variance of    mean of
                 variance                factor         factor
    ============ ============ ========= ============== =========
    nothing      1            0         1              0
    thresholds   free         free      1              0
    + loadings   free         free      free           0
    + intercepts free         0         free           free
    + residuals  1            0         free           free
    ============ ============ ========= ============== =========

    item by item: with one equal threshold (two categories) a residual variance stays at 1 until
    intercepts are equal, with none at all steps. *Checked against* `measEq.syntax` of semTools
    0.5-6, row by row.

    Equal thresholds restrict nothing where an item has two or three categories: two thresholds
    are met by its intercept and residual variance. An item with two categories exchanges its
    free intercept for a free residual variance in the step with equal intercepts, so that step
    is no special case of the step before; it is compared with equal thresholds, a test of
    loadings and intercepts together.
    """
    blocks, make = _in_groups(parsed, items_available, groups, categories, orthogonal)
    return climbed(blocks, make, partial, ())


def _in_groups(
    parsed: ParsedModel,
    available: Sequence[str],
    groups: Sequence[str],
    categories: Mapping[str, int] | None,
    orthogonal: bool,
) -> tuple[Blocks, Make]:
    if len(groups) < 2:
        message = f"found {counted(len(groups), 'group')}; invariance is between two or more."
        raise DefinitionError([Problem(code="too-few-groups", message=message)])
    suffixes = [f".g{n}" for n in range(1, len(groups) + 1)]
    spread, twins = spread_labels(parsed, suffixes)
    table = model_table(
        spread,
        items_available=available,
        groups=groups,
        categories=categories,
        means=True,
        std_lv=True,
        orthogonal=orthogonal,
        parameterization="delta" if categories is None else "theta",
    )
    names = Names.of(parsed)
    rows = rows_of(table.rows)
    blocks = Blocks(
        cells=tuple(Cell(row, row.group, row.key, kind_of(row, names)) for row in rows),
        constraints=table.constraints,
        twins=twins,
        names=names,
        categories=categories,
    )
    return blocks, lambda rows, constraints: with_rows(table, rows, constraints)


def with_rows(
    table: ModelTable, rows: Sequence[Row], constraints: tuple[LinearConstraint, ...]
) -> ModelTable:
    """The same table with other rows and constraints."""
    frame = table.rows.copy()
    for name in ("free", "value", "label", "user"):
        frame[name] = [getattr(row, name) for row in rows]
    return replace(table, rows=frame, constraints=constraints)


def climbed(
    blocks: Blocks, make: Make, partial: str | Sequence[str], latent: Sequence[Latent]
) -> tuple[Step, ...]:
    """The steps of a ladder."""
    steps = dict(CONTINUOUS if blocks.categories is None else ORDINAL)
    problems = []
    for word in latent:
        if word not in get_args(Latent):
            message = f"found {word!r}; expected some of {', '.join(get_args(Latent))}."
            problems.append(Problem(code="wrong-value", column="latent", message=message))
        steps[word] = (*steps["strict"], word)
    spared = parse_partial(partial)
    kinds = {cell.key: cell.kind for cell in blocks.cells if cell.block == 1}
    problems += partial_problems(
        spared, kinds, [word for words in steps.values() for word in words]
    )
    if problems:
        raise DefinitionError(problems)
    keys = frozenset(canonical(term.lhs, term.op, term.rhs, blocks.names) for term in spared)
    found: dict[str, Step] = {}
    for name, equal in steps.items():
        table = make(*constrained(blocks, equal, keys))
        before, note = _compared(name, blocks, keys, list(found))
        if before is not None and n_parameters(table) == n_parameters(found[before].table):
            if not note:
                note = f"nothing is restricted that the step {before} leaves free: no test."
            before = None
        found[name] = Step(name=name, equal=equal, table=table, note=note, nested_in=before)
    return tuple(found.values())


def _compared(
    name: str, blocks: Blocks, spared: frozenset[Key], before: Sequence[str]
) -> tuple[str | None, str]:
    """Which step a step is tested against, and what there is to say."""
    if not before:
        return None, ""
    if name in get_args(Latent):
        return "strict", ""
    thresholds = blocks.equal_thresholds(spared, ORDINAL["thresholds"])
    if name == "thresholds":
        untested = [item for item, n in thresholds.items() if n < 3]
        if len(untested) == len(thresholds):
            return "configural", (
                "with fewer than three equal thresholds an item, this step fits just as "
                "configural: no test."
            )
        return "configural", _untested(untested)
    exchanged = [
        item
        for item, n in thresholds.items()
        if n == 1 and (item, "~1", "") not in spared and blocks.categories is not None
    ]
    if name == "scalar" and exchanged:
        note = _note(
            "no special case of metric, since a residual variance takes the place of the intercept "
            "in items with one equal threshold; compared with thresholds, which tests loadings "
            "and intercepts together, with little power: go by strict. The items are",
            exchanged,
        )
        return "thresholds", note
    return before[-1], ""


def _untested(items: Sequence[str]) -> str:
    if not items:
        return ""
    return f"the thresholds of {', '.join(items)} cannot be tested."


def _note(text: str, items: Sequence[str]) -> str:
    return f"{text} {', '.join(items)}." if items else ""
