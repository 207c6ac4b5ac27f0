"""The plan on numpy arrays: one person, a partition, or everybody.

This is the oracle that every data-frame engine is tested against. It works column by
column on blocks of rows that stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from digilitt.scoring.plan import TOLERANCE, ItemPlan, Need, Part, Plan, ScalePlan

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

BLOCK_ROWS = 16_384
# So many bytes of 0 and 1 add up without overflow.
LONGEST_RUN = 127


@dataclass(frozen=True, slots=True)
class ItemScores:
    """What the answers to one item came to.

    Attributes
    ----------
    score : ndarray of float64, shape (n,)
        Not yet keyed; means something only where `answered`.
    answered : ndarray of bool, shape (n,)
        Whether there is a score.
    applicable : ndarray of bool, shape (n,), or None
        Whether the item counts among those that could have been answered; None where it
        does for everybody.
    invalid : ndarray of bool, shape (n,)
        Whether there is an answer that is neither an option nor a missing code.
    """

    score: Floats
    answered: Booleans
    applicable: Booleans | None
    invalid: Booleans

    @property
    def value(self) -> Floats:
        """The score, NaN where there is none."""
        return np.where(self.answered, self.score, np.nan)


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
        Items, gates before them included, with an answer that is neither option nor missing
        code; it counts as missing.
    band : ndarray of int64, shape (n,)
        Position among the scale's `all_bands`, from 0; -1 where there is none.
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
    items = {item.item: score_item(plan, item, columns) for item in plan.read_items}
    done: dict[str, ScaleScores] = {}
    # Invalid answers may be huge, and nobody may have answered.
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for scale in plan.scales:
            invalid = _count(
                (items[item.item].invalid for item in plan.items_of(scale)),
                len(next(iter(columns.values()))),
            )
            done[scale.scale] = _score_scale(scale, items, done, groups, invalid)
    return PlanScores(
        done, {name: int(np.count_nonzero(scores.invalid)) for name, scores in items.items()}
    )


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
    otherwise = item.gate.otherwise
    applicable = scores.applicable
    if item.may_not_apply:
        known = np.ones_like(closed) if applicable is None else applicable
        applicable = np.where(closed, otherwise != "not_applicable", known)
    return ItemScores(
        score=np.where(closed, 0.0, scores.score),
        answered=np.where(closed, otherwise == "wrong", scores.answered),
        applicable=applicable,
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
    answered = _answered(gate, raw).answered & ~np.isin(raw, gate.wrong)
    return not_asked(plan, gate, columns) | (answered & ~np.isin(raw, item.gate.any_of))


def _answered(item: ItemPlan, raw: Floats) -> ItemScores:
    if item.span is not None:
        low, high, whole = item.span
        score, answered = raw, (raw >= low) & (raw <= high)
        if whole:
            answered &= raw == np.floor(raw)
    else:
        score, answered = np.zeros(raw.shape), np.zeros(raw.shape, dtype=np.bool_)
        for code, counts in item.lookup:
            chosen = raw == code
            score[chosen] = counts
            answered |= chosen
    sound = answered | np.isnan(raw)
    for code in (*item.missing, *item.not_applicable):
        sound |= raw == code
    applicable = ~np.isin(raw, item.not_applicable) if item.not_applicable else None
    return ItemScores(score, answered, applicable, ~sound)


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
    as_wrong = ~complete & has_code["wrong"] & ~has_code["na"] & ~invalid
    return ItemScores(
        score=np.where(as_wrong, 0.0, value),
        answered=complete | as_wrong,
        applicable=~has_code["na"] if item.not_applicable else None,
        invalid=invalid,
    )


def _count(flags: Iterable[Booleans], n_rows: int) -> NDArray[np.int64]:
    """How many flags are set, row by row; added as bytes, in runs too short to overflow."""
    total, run = np.zeros(n_rows, dtype=np.int64), np.zeros(n_rows, dtype=np.int8)
    for position, flag in enumerate(flags, start=1):
        run += flag.view(np.int8)
        if position % LONGEST_RUN == 0:
            total += run
            run[:] = 0
    return total + run


def _score_scale(
    scale: ScalePlan,
    items: Mapping[str, ItemScores],
    done: Mapping[str, ScaleScores],
    groups: Mapping[str, NDArray[np.object_]],
    n_invalid: NDArray[np.int64],
) -> ScaleScores:
    parts = [_part(scale, part, items, done) for part in scale.parts]
    n_rows = len(parts[0].score)
    total = np.zeros(n_rows)
    for plan, part in zip(scale.parts, parts, strict=True):
        keyed = part.score if scale.metric == "count" else _keyed(plan, part.score)
        total += np.where(part.answered, keyed if plan.weight == 1.0 else keyed * plan.weight, 0.0)
    n_answered = _count((part.answered for part in parts), n_rows)
    optional = [part.applicable for part in parts if part.applicable is not None]
    n_applicable = len(parts) - len(optional) + _count(optional, n_rows)
    needed = scale.minimum * n_applicable - TOLERANCE if scale.is_share else scale.minimum
    enough = (n_answered >= needed) & (n_answered >= 1)
    mean = total / _weighed(parts, [part.weight for part in scale.parts])
    estimate = np.where(enough, _metric(scale, total, mean, parts, groups), np.nan)
    return ScaleScores(
        estimate=estimate,
        mean=np.where(enough, mean, np.nan),
        n_answered=n_answered,
        n_missing=n_applicable - n_answered,
        n_invalid=n_invalid,
        band=_band(scale, estimate, n_applicable == 0, done),
    )


def _keyed(part: Part, score: Floats) -> Floats:
    return score if part.key == 1 else (part.low + part.high) - score


def _part(
    scale: ScalePlan,
    part: Part,
    items: Mapping[str, ItemScores],
    done: Mapping[str, ScaleScores],
) -> ItemScores:
    """An item, or a scale whose mean is taken as one answer is; in a count, 1 or 0."""
    if not part.is_scale:
        return items[part.name] if part.at_least is None else _reached(part, items)
    inner = done[part.name]
    applicable = inner.n_answered + inner.n_missing > 0
    if scale.metric == "count":
        # Bands below the threshold come first, and the one of those not assessed last.
        n_short, n_bands = len(part.short), len(part.short) + len(part.reached)
        score = (inner.band >= n_short).astype(np.float64)
        answered = (inner.band >= 0) & (inner.band < n_bands)
    else:
        score, answered = inner.mean, ~np.isnan(inner.mean)
    return ItemScores(score, answered, applicable, np.zeros_like(answered))


def _reached(part: Part, items: Mapping[str, ItemScores]) -> ItemScores:
    """1 where the item reaches the threshold, or any that does as well; 0 where none can."""
    several = [items[name] for name in part.items]
    threshold = np.inf if part.at_least is None else part.at_least - TOLERANCE
    high = [one.answered & (_keyed(part, one.score) >= threshold) for one in several]
    reached = np.logical_or.reduce(high)
    if len(several) == 1:
        (one,) = several
        return ItemScores(reached.astype(np.float64), one.answered, one.applicable, one.invalid)
    applies = [
        np.ones_like(reached) if one.applicable is None else one.applicable for one in several
    ]
    settled = np.logical_and.reduce(
        [one.answered | ~known for one, known in zip(several, applies, strict=True)]
    )
    answered = reached | (settled & np.logical_or.reduce([one.answered for one in several]))
    always = any(one.applicable is None for one in several)
    applicable = None if always else np.logical_or.reduce(applies)
    invalid = np.logical_or.reduce([one.invalid for one in several])
    return ItemScores(reached.astype(np.float64), answered, applicable, invalid)


def _weighed(parts: Sequence[ItemScores], weights: Sequence[float]) -> Floats:
    """Sum of the weights of the answered parts."""
    n_rows = len(parts[0].score)
    if len(set(weights)) == 1:
        n_answered = _count((part.answered for part in parts), n_rows)
        return np.multiply(n_answered, weights[0], dtype=np.float64)
    total = np.zeros(n_rows)
    for part, weight in zip(parts, weights, strict=True):
        total += part.answered * weight
    return total


def _metric(
    scale: ScalePlan,
    total: Floats,
    mean: Floats,
    parts: Sequence[ItemScores],
    groups: Mapping[str, NDArray[np.object_]],
) -> Floats:
    # Each is one quotient of sums, so that whole-number answers reach a cut score exactly.
    if scale.metric == "pomp":
        floor = _weighed(parts, [part.weight * part.low for part in scale.parts])
        width = _weighed(parts, [part.weight * (part.high - part.low) for part in scale.parts])
        return (total - floor) * 100.0 / width
    if scale.base == "mean":
        base = mean
    elif scale.prorate:
        weights = [part.weight for part in scale.parts]
        base = total * scale.total_weight / _weighed(parts, weights)
    else:
        base = total
    if scale.norms is None:
        return scale.multiply * base + scale.add if scale.metric == "linear" else base
    centre: Floats = np.full(base.shape, np.nan)
    sd: Floats = np.full(base.shape, np.nan)
    for row in scale.norms.table:
        inside = groups[scale.norms.by] == row.group if scale.norms.by else slice(None)
        centre[inside], sd[inside] = row.mean, row.sd
    return (base - centre) * 10.0 / sd + 50.0


def _band(
    scale: ScalePlan, estimate: Floats, nothing: Booleans, done: Mapping[str, ScaleScores]
) -> NDArray[np.int64]:
    """Position of the last band whose cut score and whose needs are met."""
    position = np.full(estimate.shape, -1, dtype=np.int64)
    if scale.needs:
        for band, (cut, needs) in enumerate(zip(scale.cuts, scale.needs, strict=True)):
            met = [_count(_in_bands(scale, need, done), len(estimate)) >= need.n for need in needs]
            position[np.logical_and.reduce([estimate + TOLERANCE >= cut, *met])] = band
    elif scale.cuts:
        cuts = np.asarray(scale.cuts)
        position = np.searchsorted(cuts, estimate + TOLERANCE, side="right") - 1
        position = np.where(np.isnan(estimate), -1, position).astype(np.int64)
    if scale.not_assessed:
        position[nothing] = len(scale.band_ids)
    return position


def _in_bands(scale: ScalePlan, need: Need, done: Mapping[str, ScaleScores]) -> Iterator[Booleans]:
    """For each part: who is in one of the bands needed, which are the highest of that part."""
    for part, bands in zip(scale.parts, need.bands, strict=True):
        n_bands = len(part.short) + len(part.reached)
        band = done[part.name].band
        yield (band >= n_bands - len(bands)) & (band < n_bands)
