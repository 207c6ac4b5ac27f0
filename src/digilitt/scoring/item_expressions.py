"""Expressions for items: from raw codes to a score, whether it applies, whether it is invalid."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import inf
from operator import and_, or_

import narwhals.stable.v2 as nw

from digilitt.scoring.plan import TOLERANCE, ItemPlan, Part, Plan

TEMPORARY = "__digilitt_"


def raw(column: str) -> nw.Expr:
    """The raw codes of a column, as Float64."""
    return nw.col(raw_name(column))


def raw_name(column: str) -> str:
    """The temporary column with the raw codes of a column, as Float64."""
    return f"{TEMPORARY}raw_{column}"


def as_raw(column: str) -> nw.Expr:
    """The temporary Float64 column that `raw` refers to; NaN, where an engine has it, is blank."""
    return nw.col(column).cast(nw.Float64).fill_nan(None).alias(raw_name(column))


def as_raw_in_duckdb(column: str) -> nw.Expr:
    """The same where statistics of a Parquet file tell DuckDB that nothing is NaN, wrongly."""
    answer = nw.col(column).cast(nw.Float64)
    is_number = answer.is_finite() | (answer == inf) | (answer == -inf)
    return nw.when(is_number).then(answer).alias(raw_name(column))


def score_name(item: str) -> str:
    """The temporary column with an item's score."""
    return f"{TEMPORARY}value_{item}"


def is_any(answer: nw.Expr, codes: Sequence[float]) -> nw.Expr:
    """Whether a Float64 column equals one of the codes (``is_in`` fails there on Polars 2)."""
    return reduce(or_, [answer == code for code in codes])


def _valid(item: ItemPlan, answer: nw.Expr) -> nw.Expr:
    """Whether there is an answer that scores."""
    if item.span is None:
        return is_any(answer, [code for code, _ in item.lookup])
    low, high, whole = item.span
    inside = (answer >= low) & (answer <= high)
    return inside & (answer == answer.floor()) if whole else inside


def _answered(item: ItemPlan) -> nw.Expr:
    answer = raw(item.columns[0])
    if item.span is not None:
        return nw.when(_valid(item, answer)).then(answer)
    by_score: dict[float, list[float]] = {}
    for code, score in item.lookup:
        by_score.setdefault(score, []).append(code)
    chosen = nw.lit(None, dtype=nw.Float64)
    for score, codes in by_score.items():
        chosen = nw.when(is_any(answer, codes)).then(nw.lit(score)).otherwise(chosen)
    return chosen


def _ticked(item: ItemPlan) -> nw.Expr:
    ticks = [raw(name) for name in item.columns]
    n_keyed, n_options = sum(item.keyed), len(item.keyed)
    right = nw.sum_horizontal(*(t for t, key in zip(ticks, item.keyed, strict=True) if key))
    others = [t for t, key in zip(ticks, item.keyed, strict=True) if not key]
    wrong = nw.sum_horizontal(*others) if others else nw.lit(0.0)
    if item.credit == "all_or_nothing":
        exact = (right == float(n_keyed)) & (wrong == 0.0)
        credit = nw.when(exact).then(nw.lit(1.0)).otherwise(nw.lit(0.0))
    elif item.credit == "proportion_correct":
        credit = (right + float(n_options - n_keyed) - wrong) / float(n_options)
    else:
        more = right > wrong
        credit = nw.when(more).then((right - wrong) / float(n_keyed)).otherwise(nw.lit(0.0))
    complete = reduce(and_, [is_any(t, (0.0, 1.0)) for t in ticks])
    value = nw.when(complete).then(credit)
    if not item.wrong:
        return value
    known = (0.0, 1.0, *item.missing, *item.wrong)
    sound = [~t.is_null() & ~is_any(t, known) for t in ticks]
    spoiled = reduce(or_, sound)
    coded = reduce(or_, [is_any(t, item.wrong) for t in ticks])
    as_wrong = nw.when(coded & ~spoiled).then(nw.lit(0.0))
    return nw.coalesce(value, as_wrong)


def value(plan: Plan, item: ItemPlan) -> nw.Expr:
    """Score of an item, not yet keyed; null where it was not answered."""
    score = _ticked(item) if item.credit else _answered(item)
    if item.gate is None:
        return score
    closed = _not_asked(plan, item)
    if item.gate.otherwise == "wrong":
        return nw.when(closed).then(nw.lit(0.0)).otherwise(score)
    return nw.when(~closed).then(score)


def _not_asked(plan: Plan, item: ItemPlan) -> nw.Expr:
    if item.gate is None:
        return nw.lit(False)
    gate = plan.item(item.gate.item)
    answer = raw(gate.columns[0])
    scoring = [code for code, _ in gate.lookup if code not in gate.wrong]
    answered = _valid(gate, answer) if gate.span else is_any(answer, scoring)
    closed = answered & ~is_any(answer, [float(code) for code in item.gate.any_of])
    # A blank gate gives null in SQL and False in pandas; `when` makes both False.
    here = nw.when(closed).then(nw.lit(True)).otherwise(nw.lit(False))
    return here if gate.gate is None else here | _not_asked(plan, gate)


def applies(plan: Plan, item: ItemPlan) -> nw.Expr:
    """1 where the item counts among those that could have been answered, else 0."""
    coded = nw.lit(1)
    if item.not_applicable:
        flags = [is_any(raw(name), item.not_applicable) for name in item.columns]
        coded = nw.when(reduce(or_, flags)).then(nw.lit(0)).otherwise(nw.lit(1))
    if item.gate is None:
        return coded
    asked = 0 if item.gate.otherwise == "not_applicable" else 1
    return nw.when(_not_asked(plan, item)).then(nw.lit(asked)).otherwise(coded)


def reached(plan: Plan, part: Part) -> nw.Expr:
    """1 where an item of a count reaches the threshold, or one that does as well; 0 where none.

    Null where that is not settled: nothing was answered, or none of the answers reaches it and
    an item that applies was not answered.
    """
    threshold = (part.at_least or 0.0) - TOLERANCE
    high, settled, found = [], [], []
    for name in part.items:
        score = nw.col(score_name(name))
        keyed = score if part.key == 1 else (part.low + part.high) - score
        high.append(keyed >= threshold)
        found.append(~score.is_null())
        item = plan.item(name)
        outside = nw.col(f"{TEMPORARY}applies_{name}") == 0 if item.may_not_apply else None
        settled.append(found[-1] if outside is None else found[-1] | outside)
    known = reduce(and_, settled) & reduce(or_, found)
    short = nw.when(known).then(nw.lit(0.0))
    return nw.when(reduce(or_, high)).then(nw.lit(1.0)).otherwise(short)


def invalid(item: ItemPlan) -> nw.Expr:
    """1 where there is an answer that is neither an option nor a missing code, else 0."""
    codes = item.missing_codes
    bad = []
    for name in item.columns:
        answer = raw(name)
        known = is_any(answer, (0.0, 1.0)) if item.credit else _valid(item, answer)
        good = known | is_any(answer, codes) if codes else known
        bad.append(~answer.is_null() & ~good)
    return nw.when(reduce(or_, bad)).then(nw.lit(1)).otherwise(nw.lit(0))


def invalid_counts(plan: Plan) -> dict[ItemPlan, nw.Expr]:
    """How many answers to each item that is read are neither option nor missing code.

    Where nothing else makes a score null it is a difference of counts, which costs a
    fraction of looking at each answer.
    """
    scored = plan.scored_items
    return {item: _invalid_count(item, item in scored) for item in plan.read_items}


def _invalid_count(item: ItemPlan, has_score: bool) -> nw.Expr:
    if item.gate is not None or item.credit or not has_score:
        return invalid(item).sum()
    answer = raw(item.columns[0])
    codes = (*item.missing, *item.not_applicable)
    counted = answer.count() - nw.col(score_name(item.item)).count()
    if not codes:
        return counted
    return counted - is_any(answer, codes).sum()
