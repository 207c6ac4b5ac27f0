"""The plan as stages of data-frame expressions (narwhals), run by whatever engine holds the data.

Each stage is a list of named expressions that rest on columns of the frame or on names
made by earlier stages. Names made on the way begin with `TEMPORARY` and are dropped at
the end. Comparisons are written so that they mean the same in every engine: conditions
that can be null only ever stand inside ``when``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add, or_

import narwhals.stable.v2 as nw

from digilitt.scoring.item_expressions import (
    TEMPORARY,
    applies,
    as_raw,
    invalid,
    reached,
    score_name,
    value,
)
from digilitt.scoring.plan import TOLERANCE, Need, Part, Plan, ScalePlan

Stage = tuple[nw.Expr, ...]


def stages(plan: Plan, *, count_invalid: bool = False) -> list[Stage]:
    """The plan as stages of expressions.

    Parameters
    ----------
    plan : Plan
    count_invalid : bool
        Also make ``{scale}_n_invalid``: answers that are neither option nor missing code.

    Returns
    -------
    list of tuple of narwhals.Expr
        To be passed to ``with_columns`` one after the other. The first makes the raw codes.
    """
    items = plan.scored_items
    first = [value(plan, item).alias(score_name(item.item)) for item in items]
    optional = [item for item in items if item.may_not_apply]
    first += [applies(plan, item).alias(_name("applies", item.item)) for item in optional]
    if count_invalid:
        first += [invalid(item).alias(_name("invalid", item.item)) for item in plan.read_items]
    raw = tuple(as_raw(column) for column in plan.columns)
    made: list[Stage] = [raw, tuple(first)]
    for level in _levels(plan):
        made.append(tuple(expr for scale in level for expr in _counted(plan, scale)))
        made.append(tuple(expr for scale in level for expr in _sums(plan, scale, count_invalid)))
        made.append(tuple(expr for scale in level for expr in _scores(plan, scale)))
        made.append(tuple(_band(scale) for scale in level if scale.all_bands))
    return [stage for stage in made if stage]


def output_names(plan: Plan, *, count_invalid: bool = False) -> list[str]:
    """Columns that scoring adds to a frame, in order."""
    return [
        name
        for scale in plan.scales
        for name in (
            scale.column,
            f"{scale.scale}_n_answered",
            *([f"{scale.scale}_band"] if scale.all_bands else []),
            *([f"{scale.scale}_n_invalid"] if count_invalid else []),
        )
    ]


def _name(what: str, which: str) -> str:
    return f"{TEMPORARY}{what}_{which}"


def _levels(plan: Plan) -> list[list[ScalePlan]]:
    """Scales of items first, then scales of those, and so on."""
    depth: dict[str, int] = {}
    for scale in plan.scales:
        depth[scale.scale] = max(
            (depth[part.name] + 1 for part in scale.parts if part.is_scale), default=0
        )
    return [
        [scale for scale in plan.scales if depth[scale.scale] == level]
        for level in range(max(depth.values()) + 1)
    ]


def _source(scale: ScalePlan, part: Part) -> nw.Expr:
    if scale.metric == "count":
        return nw.col(_name("reached", f"{scale.scale}:{part.name}"))
    return nw.col(_name("mean", part.name) if part.is_scale else score_name(part.name))


def _keyed(scale: ScalePlan, part: Part) -> nw.Expr:
    source = _source(scale, part)
    reverse = part.key == -1 and scale.metric != "count"
    keyed = (part.low + part.high) - source if reverse else source
    return keyed if part.weight == 1.0 else keyed * part.weight


def _counted(plan: Plan, scale: ScalePlan) -> list[nw.Expr]:
    """In a count: for each part 1 where it reaches the threshold, 0 where it does not, or null."""
    if scale.metric != "count":
        return []
    return [
        (_in_band(part) if part.is_scale else reached(plan, part)).alias(
            _name("reached", f"{scale.scale}:{part.name}")
        )
        for part in scale.parts
    ]


def _in_band(part: Part) -> nw.Expr:
    below = _is_one(part, part.short) if part.short else nw.lit(False)
    short = nw.when(below).then(nw.lit(0.0))
    return nw.when(_is_one(part, part.reached)).then(nw.lit(1.0)).otherwise(short)


def _is_one(part: Part, bands: Sequence[str]) -> nw.Expr:
    """Whether a scale's band is one of these; null without a band."""
    band = nw.col(f"{part.name}_band")
    return reduce(or_, [band == name for name in bands])


def _sums(plan: Plan, scale: ScalePlan, count_invalid: bool) -> list[nw.Expr]:
    """Total and weight of what was answered, and how many parts were answered and apply."""
    # Sixteen bits hold any number of parts, and move a quarter of the memory.
    answered = [(~_source(scale, part).is_null()).cast(nw.Int16) for part in scale.parts]
    made = [
        nw.sum_horizontal(*(_keyed(scale, part) for part in scale.parts)).alias(
            _name("total", scale.scale)
        ),
        nw.sum_horizontal(*answered).cast(nw.Int64).alias(f"{scale.scale}_n_answered"),
    ]
    for what, weights in _weights(scale).items():
        if len(set(weights)) > 1:
            products = [flag * weight for flag, weight in zip(answered, weights, strict=True)]
            made.append(nw.sum_horizontal(*products).alias(_name(what, scale.scale)))
    optional = [part for part in scale.parts if _is_optional(plan, part)]
    if optional and (scale.is_share or scale.not_assessed):
        always = len(scale.parts) - len(optional)
        applying = nw.sum_horizontal(*(_part_applies(plan, part) for part in optional))
        made.append((applying + always).alias(_name("applicable", scale.scale)))
    if count_invalid:
        flags = [nw.col(_name("invalid", item.item)) for item in plan.items_of(scale)]
        n_invalid = nw.sum_horizontal(*flags).cast(nw.Int64)
        made.append(n_invalid.alias(f"{scale.scale}_n_invalid"))
    return made


def _weights(scale: ScalePlan) -> dict[str, list[float]]:
    """What each answered part adds to the divisor, and for POMP to the floor and the width."""
    weights = {"weight": [part.weight for part in scale.parts]}
    if scale.metric == "pomp":
        weights["floor"] = [part.low * part.weight for part in scale.parts]
        weights["width"] = [(part.high - part.low) * part.weight for part in scale.parts]
    return weights


def _weighed(scale: ScalePlan, what: str) -> nw.Expr:
    """Sum of one kind of weight over the answered parts: a product where all are the same."""
    weights = _weights(scale)[what]
    if len(set(weights)) > 1:
        return nw.col(_name(what, scale.scale))
    return nw.col(f"{scale.scale}_n_answered") * weights[0]


def _is_optional(plan: Plan, part: Part) -> bool:
    """Whether the part need not apply to everybody."""
    if part.is_scale:
        return all(_is_optional(plan, inner) for inner in plan.scale(part.name).parts)
    return all(plan.item(name).may_not_apply for name in part.items)


def _part_applies(plan: Plan, part: Part) -> nw.Expr:
    if not part.is_scale:
        return nw.max_horizontal(*(nw.col(_name("applies", name)) for name in part.items))
    return nw.max_horizontal(*(_part_applies(plan, p) for p in plan.scale(part.name).parts))


def _scores(plan: Plan, scale: ScalePlan) -> list[nw.Expr]:
    n_answered = nw.col(f"{scale.scale}_n_answered")
    needed: nw.Expr | float = scale.minimum
    if scale.is_share:
        optional = any(_is_optional(plan, part) for part in scale.parts)
        n_parts = nw.col(_name("applicable", scale.scale)) if optional else len(scale.parts)
        needed = n_parts * scale.minimum - TOLERANCE
    enough = (n_answered >= needed) & (n_answered >= 1)
    total = nw.col(_name("total", scale.scale))
    weight = _weighed(scale, "weight")
    return [
        nw.when(enough).then(_metric(scale, total, weight)).alias(scale.column),
        nw.when(enough).then(total / weight).alias(_name("mean", scale.scale)),
    ]


def _metric(scale: ScalePlan, total: nw.Expr, weight: nw.Expr) -> nw.Expr:
    if scale.metric == "pomp":
        return (total - _weighed(scale, "floor")) * 100.0 / _weighed(scale, "width")
    if scale.base == "mean":
        base = total / weight
    else:
        base = total * scale.total_weight / weight if scale.prorate else total
    if scale.norms is None:
        return base * scale.multiply + scale.add if scale.metric == "linear" else base
    made = nw.lit(None, dtype=nw.Float64)
    for row in scale.norms.table:
        t_score = (base - row.mean) * 10.0 / row.sd + 50.0
        inside = nw.col(scale.norms.by) == row.group if scale.norms.by else nw.lit(True)
        made = nw.when(inside).then(t_score).otherwise(made)
    return made


def _band(scale: ScalePlan) -> nw.Expr:
    """Id of the last band whose cut score and whose needs are met."""
    # Not from a null of type String, which pandas 2 takes for the text "None".
    made: nw.Expr | None = None
    for position, (band, cut) in enumerate(zip(scale.band_ids, scale.cuts, strict=True)):
        met = nw.col(scale.column) + TOLERANCE >= cut
        for need in scale.needs[position] if scale.needs else ():
            met = met & (_n_in(scale, need) >= need.n)
        chosen = nw.when(met).then(nw.lit(band))
        made = chosen if made is None else chosen.otherwise(made)
    if scale.not_assessed:
        nothing = nw.col(_name("applicable", scale.scale)) == 0
        unassessed = nw.when(nothing).then(nw.lit(scale.not_assessed))
        made = unassessed if made is None else unassessed.otherwise(made)
    if made is None:
        raise ValueError(f"{scale.scale} has no bands")
    return made.alias(f"{scale.scale}_band")


def _n_in(scale: ScalePlan, need: Need) -> nw.Expr:
    """How many parts are in one of the bands that the need names for them."""
    flags = [
        nw.when(_is_one(part, bands)).then(nw.lit(1)).otherwise(nw.lit(0))
        for part, bands in zip(scale.parts, need.bands, strict=True)
    ]
    return reduce(add, flags)
