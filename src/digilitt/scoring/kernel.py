"""The plan on numpy arrays: one person, a partition, or everybody.

This is the oracle that every data-frame engine is tested against. It works column by
column on blocks of rows that stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from digilitt.scoring.plan import TOLERANCE, ItemPlan, Part, Plan, ScalePlan

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

BLOCK_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class ItemScores:
    """What the answers to one item came to.

    Attributes
    ----------
    value : ndarray of float64, shape (n,)
        Score of the item, not yet keyed; NaN where it was not answered.
    applicable : ndarray of bool, shape (n,)
        Whether the item counts among those that could have been answered.
    invalid : ndarray of bool, shape (n,)
        Whether there is an answer that is neither an option nor a missing code.
    """

    value: Floats
    applicable: Booleans
    invalid: Booleans


@dataclass(frozen=True, slots=True)
class ScaleScores:
    """One scale's scores.

    Attributes
    ----------
    estimate : ndarray of float64, shape (n,)
        In the scale's metric; NaN where the missing rule is not met.
    mean : ndarray of float64, shape (n,)
        Weighted mean of the keyed parts; NaN where the missing rule is not met.
    n_answered, n_missing : ndarray of int64, shape (n,)
        Parts answered, and applicable parts not answered.
    n_invalid : ndarray of int64, shape (n,)
        Items with an answer that is neither option nor missing code; they count as missing.
    band : ndarray of int64, shape (n,)
        Position of the band, from 0; -1 without a score or without bands.
    """

    estimate: Floats
    mean: Floats
    n_answered: NDArray[np.int64]
    n_missing: NDArray[np.int64]
    n_invalid: NDArray[np.int64]
    band: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PlanScores:
    """All scales' scores.

    Attributes
    ----------
    scales : dict of str to ScaleScores
        By scale, in the plan's order.
    invalid : dict of str to int
        By item: how many answers are neither option nor missing code.
    """

    scales: dict[str, ScaleScores]
    invalid: dict[str, int]


def score_arrays(
    plan: Plan, columns: Mapping[str, Floats], groups: Mapping[str, NDArray[np.object_]]
) -> PlanScores:
    """Score all scales of a plan.

    Parameters
    ----------
    plan : Plan
    columns : mapping of str to ndarray of float64, shape (n,)
        Raw codes by column, NaN where blank; all of `plan.columns`.
    groups : mapping of str to ndarray of object, shape (n,)
        The group columns that norms need.
    """
    n = len(next(iter(columns.values())))
    blocks = [
        _score_block(
            plan,
            {name: values[start : start + BLOCK_ROWS] for name, values in columns.items()},
            {name: values[start : start + BLOCK_ROWS] for name, values in groups.items()},
        )
        for start in range(0, max(n, 1), BLOCK_ROWS)
    ]
    return PlanScores(
        scales={
            name: _joined([block.scales[name] for block in blocks]) for name in blocks[0].scales
        },
        invalid={name: sum(block.invalid[name] for block in blocks) for name in blocks[0].invalid},
    )


def _joined(parts: list[ScaleScores]) -> ScaleScores:
    if len(parts) == 1:
        return parts[0]
    names = (field.name for field in fields(ScaleScores))
    return ScaleScores(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _score_block(
    plan: Plan, columns: Mapping[str, Floats], groups: Mapping[str, NDArray[np.object_]]
) -> PlanScores:
    items = {item.item: score_item(plan, item, columns) for item in plan.scored_items}
    done: dict[str, ScaleScores] = {}
    for scale in plan.scales:
        done[scale.scale] = _score_scale(scale, items, done, groups)
    return PlanScores(done, {name: int(scores.invalid.sum()) for name, scores in items.items()})


def score_item(plan: Plan, item: ItemPlan, columns: Mapping[str, Floats]) -> ItemScores:
    """Score one item: its options, its missing codes, its gate.

    Parameters
    ----------
    plan : Plan
    item : ItemPlan
    columns : mapping of str to ndarray of float64, shape (n,)
        Raw codes, at least those of the item and of the gates before it.
    """
    scores = _ticked(item, columns) if item.credit else _answered(item, columns[item.columns[0]])
    if item.gate is None:
        return scores
    closed = not_asked(plan, item, columns)
    otherwise = 0.0 if item.gate.otherwise == "wrong" else np.nan
    return ItemScores(
        value=np.where(closed, otherwise, scores.value),
        applicable=np.where(
            closed, item.gate.otherwise != "not_applicable", scores.applicable
        ).astype(np.bool_),
        invalid=scores.invalid,
    )


def not_asked(plan: Plan, item: ItemPlan, columns: Mapping[str, Floats]) -> Booleans:
    """Where a gate before the item was answered so that the item is not asked.

    A gate left blank, or answered with a missing code, closes nothing.
    """
    if item.gate is None:
        return np.zeros(len(columns[item.columns[0]]), dtype=np.bool_)
    gate = plan.item(item.gate.item)
    raw = columns[gate.columns[0]]
    answered = ~np.isnan(_answered(gate, raw).value) & ~np.isin(raw, gate.wrong)
    return not_asked(plan, gate, columns) | (answered & ~np.isin(raw, item.gate.any_of))


def _answered(item: ItemPlan, raw: Floats) -> ItemScores:
    if item.span is not None:
        low, high, whole = item.span
        valid = (raw >= low) & (raw <= high)
        if whole:
            valid &= raw == np.floor(raw)
        value = np.where(valid, raw, np.nan)
    else:
        value = np.full(raw.shape, np.nan)
        for code, score in item.lookup:
            value[raw == code] = score
    applicable = np.ones(raw.shape, dtype=np.bool_)
    invalid = np.isnan(value) & ~np.isnan(raw)
    for code in item.missing:
        invalid &= raw != code
    for code in item.not_applicable:
        applicable &= raw != code
    return ItemScores(value, applicable, invalid & applicable)


def _ticked(item: ItemPlan, columns: Mapping[str, Floats]) -> ItemScores:
    raw = [columns[name] for name in item.columns]
    right = sum((tick == 1.0) * 1.0 for tick, key in zip(raw, item.keyed, strict=True) if key)
    wrong = sum(
        ((tick == 1.0) * 1.0 for tick, key in zip(raw, item.keyed, strict=True) if not key),
        np.zeros(raw[0].shape),
    )
    n_keyed, n_options = sum(item.keyed), len(item.keyed)
    if item.credit == "all_or_nothing":
        value = ((right == n_keyed) & (wrong == 0)) * 1.0
    elif item.credit == "proportion_correct":
        value = (right + (n_options - n_keyed) - wrong) / n_options
    else:
        value = np.maximum(right - wrong, 0.0) / n_keyed
    complete = np.logical_and.reduce([(tick == 0.0) | (tick == 1.0) for tick in raw])
    has_code = {
        meaning: np.logical_or.reduce([np.isin(tick, codes) for tick in raw])
        for meaning, codes in (("wrong", item.wrong), ("na", item.not_applicable))
    }
    known = (0.0, 1.0, *item.missing, *item.wrong, *item.not_applicable)
    invalid = np.logical_or.reduce([~np.isnan(tick) & ~np.isin(tick, known) for tick in raw])
    value = np.where(complete, value, np.where(has_code["wrong"], 0.0, np.nan))
    value = np.where(has_code["na"] | invalid, np.nan, value)
    return ItemScores(value, ~has_code["na"], invalid)


def _score_scale(
    scale: ScalePlan,
    items: Mapping[str, ItemScores],
    done: Mapping[str, ScaleScores],
    groups: Mapping[str, NDArray[np.object_]],
) -> ScaleScores:
    n_rows = len(next(iter(items.values())).value)
    sums = {what: np.zeros(n_rows) for what in ("total", "weight", "floor", "width")}
    n_answered, n_applicable, n_invalid = (np.zeros(n_rows, dtype=np.int64) for _ in range(3))
    for part in scale.parts:
        value, applicable, invalid = _part(part, items, done)
        answered = ~np.isnan(value)
        sums["total"] += np.where(answered, value, 0.0) * part.weight
        sums["weight"] += answered * part.weight
        if scale.metric == "pomp":
            sums["floor"] += answered * (part.weight * part.low)
            sums["width"] += answered * (part.weight * (part.high - part.low))
        n_answered += answered
        n_applicable += applicable
        n_invalid += invalid
    needed = scale.minimum * n_applicable - TOLERANCE if scale.is_share else scale.minimum
    enough = (n_answered >= needed) & (n_answered >= 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(enough, sums["total"] / sums["weight"], np.nan)
        estimate = np.where(enough, _metric(scale, sums, groups), np.nan)
    return ScaleScores(
        estimate=estimate,
        mean=mean,
        n_answered=n_answered,
        n_missing=n_applicable - n_answered,
        n_invalid=n_invalid,
        band=_band(scale, estimate),
    )


def _part(
    part: Part, items: Mapping[str, ItemScores], done: Mapping[str, ScaleScores]
) -> tuple[Floats, Booleans, NDArray[np.int64] | Booleans]:
    if part.is_scale:
        inner = done[part.name]
        return inner.mean, inner.n_answered + inner.n_missing > 0, inner.n_invalid
    scores = items[part.name]
    value = scores.value if part.key == 1 else part.low + part.high - scores.value
    return value, scores.applicable, scores.invalid


def _metric(
    scale: ScalePlan, sums: Mapping[str, Floats], groups: Mapping[str, NDArray[np.object_]]
) -> Floats:
    # Each is one quotient of sums, so that whole-number answers reach a cut score exactly.
    total, weight = sums["total"], sums["weight"]
    if scale.metric == "pomp":
        return (total - sums["floor"]) * 100.0 / sums["width"]
    if scale.base == "mean":
        base = total / weight
    else:
        base = total * scale.total_weight / weight if scale.prorate else total
    if scale.norms is None:
        return scale.multiply * base + scale.add if scale.metric == "linear" else base
    mean, sd = np.full(base.shape, np.nan), np.full(base.shape, np.nan)
    for row in scale.norms.table:
        inside = groups[scale.norms.by] == row.group if scale.norms.by else slice(None)
        mean[inside], sd[inside] = row.mean, row.sd
    return (base - mean) * 10.0 / sd + 50.0


def _band(scale: ScalePlan, estimate: Floats) -> NDArray[np.int64]:
    if not scale.cuts:
        return np.full(estimate.shape, -1, dtype=np.int64)
    position = np.searchsorted(np.asarray(scale.cuts), estimate + TOLERANCE, side="right") - 1
    return np.where(np.isnan(estimate), -1, position).astype(np.int64)
