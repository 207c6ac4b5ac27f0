"""Contradictions in scales: what they add up, their metric, missing rule and bands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

from digilitt.define.checks_count import count_problems
from digilitt.define.fields import alike
from digilitt.define.formats import KEYED_KINDS, WRONG_KINDS, ResponseFormat
from digilitt.define.item import Item
from digilitt.define.problems import listed, suggestion
from digilitt.define.ranges import (
    Range,
    always_applicable,
    item_ranges,
    pooled_items,
    score_range,
)
from digilitt.define.scale import Band, Scale
from digilitt.errors import Problem

# Cut scores are decimal fractions; a gap smaller than this is rounding, not a gap.
CUT_TOLERANCE = 1e-9

# In tables of results: the sum over bands, and those in no known group.
RESERVED = ("(all)", "(unknown)")

# Scales of scales of scales: how deep, and how many in all, counted each time they are added up.
MAX_DEPTH, MAX_INNER = 10, 1000


@dataclass(frozen=True, slots=True)
class _Nest:
    """The scales that a scale adds up, and those that they add up, and so on."""

    names: frozenset[str]
    depth: int
    too_much: bool


def _pomp_problems(
    scale: Scale, by_id: Mapping[str, Scale], of_item: Mapping[str, Range]
) -> Iterator[Problem]:
    """Means whose lowest and highest depend on which items were answered have no percentage."""
    if scale.metric != "pomp" or scale.combine != "scale_means":
        return
    for inner in scale.scales:
        if len({of_item[entry.item] for entry in pooled_items(by_id[inner], by_id)}) > 1:
            message = (
                f"is POMP over the mean of {inner!r}, whose items differ in range, so that its "
                "lowest and highest depend on which were answered; give the items one range, or "
                'use combine = "items".'
            )
            yield Problem(code="pomp-ranges", column=scale.id, message=message)


def scale_problems(
    items: Sequence[Item],
    sound: Mapping[str, ResponseFormat],
    formats: Mapping[str, ResponseFormat],
    scales: Sequence[Scale],
) -> Iterator[Problem]:
    """Problems of all scales; ranges only where items, formats and inner scales are sound."""
    by_id = {scale.id: scale for scale in scales}
    known = {item.id: item for item in items}
    usable = [item for item in items if item.format in sound]
    of_item, always = item_ranges(usable, sound), always_applicable(usable, sound)
    nests = {scale.id: _nest(scale, by_id) for scale in scales}
    circular = {name for name, nest in nests.items() if name in nest.names}
    done: set[str] = set()
    for scale in sorted(scales, key=lambda scale: nests[scale.id].depth):
        parts = [
            *_part_problems(scale, by_id),
            *_nest_problems(scale, nests[scale.id], circular),
            *_entry_problems(scale, known, formats),
        ]
        yield from parts
        metric = [*_metric_problems(scale), *_norm_problems(scale)]
        yield from metric
        whole = all(name in of_item for entry in scale.items for name in entry.names)
        if parts or not whole or not nests[scale.id].names <= done:
            continue
        counts = [
            *_pooling_problems(scale, by_id),
            *_missing_rule_problems(scale, by_id),
            *count_problems(scale, by_id, of_item, always),
        ]
        yield from counts
        if counts:
            continue
        done.add(scale.id)
        yield from _pomp_problems(scale, by_id, of_item)
        if not metric:
            yield from _range_problems(scale, score_range(scale, by_id, of_item, always))


def _nest(scale: Scale, by_id: Mapping[str, Scale]) -> _Nest:
    names: set[str] = set()
    level, depth, count = list(scale.scales), 0, 0
    while level and depth < MAX_DEPTH and count <= MAX_INNER:
        names.update(level)
        depth, count = depth + 1, count + len(level)
        level = [inner for name in level if name in by_id for inner in by_id[name].scales]
    return _Nest(frozenset(names), depth, bool(level) or count > MAX_INNER)


def _part_problems(scale: Scale, by_id: Mapping[str, Scale]) -> Iterator[Problem]:
    if bool(scale.items) == bool(scale.scales):
        both = "both items and scales" if scale.items else "neither items nor scales"
        message = f"has {both}; a scale adds up items = [...] or scales = [...]."
        yield Problem(code="scale-parts", column=scale.id, message=message)
    if scale.combine != "items" and not scale.scales:
        message = f'combine = "{scale.combine}" needs scales = [...] to combine.'
        yield Problem(code="scale-parts", column=scale.id, message=message)
    for inner, count in Counter(scale.scales).items():
        if inner not in by_id:
            message = f"adds up the unknown scale {inner!r}; known: {listed(sorted(by_id))}."
            message += suggestion(inner, by_id)
            yield Problem(code="unknown-scale", column=scale.id, message=message)
        if count > 1:
            message = f"adds up the scale {inner!r} {count} times; name it once."
            yield Problem(code="keyed-twice", column=scale.id, message=message)


def _nest_problems(scale: Scale, nest: _Nest, circular: set[str]) -> Iterator[Problem]:
    if scale.id in circular:
        message = "adds up itself, through its scales; scales must not form a circle."
        yield Problem(code="scale-cycle", column=scale.id, message=message)
    elif nest.too_much and not nest.names & circular:
        message = (
            f"adds up scales of scales more than {MAX_DEPTH} deep, or more than {MAX_INNER} in "
            "all; add up the items instead."
        )
        yield Problem(code="scale-depth", column=scale.id, message=message)


def _entry_problems(
    scale: Scale, known: Mapping[str, Item], formats: Mapping[str, ResponseFormat]
) -> Iterator[Problem]:
    for name, count in Counter(name for entry in scale.items for name in entry.names).items():
        if count > 1:
            message = f"item {name!r} is keyed {count} times in scale {scale.id!r}; keep one."
            yield Problem(code="keyed-twice", column=scale.id, message=message)
    for entry in scale.items:
        for name in entry.names:
            if name not in known:
                message = f"scale {scale.id!r} adds up the unknown item {name!r}; mend the id."
                message += suggestion(name, known)
                yield Problem(code="unknown-item", column=scale.id, message=message)
        item = known.get(entry.item)
        if item is None:
            continue
        response_format = formats.get(item.format)
        if entry.key == -1 and response_format and _has_wrong(item, response_format):
            message = (
                f"item {entry.item!r} has right and wrong answers and cannot be reverse-keyed: "
                "wrong would count as right. Remove the minus."
            )
            yield Problem(code="reversed-knowledge", column=scale.id, message=message)


def _has_wrong(item: Item, response_format: ResponseFormat) -> bool:
    if response_format.kind not in WRONG_KINDS:
        return False
    return (
        response_format.kind in KEYED_KINDS
        or any(missing.counts_as == "wrong" for missing in response_format.missing)
        or (item.asked_if is not None and item.asked_if.otherwise == "wrong")
    )


def _metric_problems(scale: Scale) -> Iterator[Problem]:
    for metric, given in (("linear", scale.linear), ("t", scale.norms)):
        name = "linear" if metric == "linear" else "norms"
        if scale.metric == metric and given is None:
            message = f'metric = "{metric}" needs {name} = {{ … }}; add it.'
            yield Problem(code="metric-parts", column=scale.id, message=message)
        elif scale.metric != metric and given is not None:
            message = (
                f'has {name} = {{ … }}, which metric = "{scale.metric}" does not use; remove it, '
                f'or make the metric "{metric}".'
            )
            yield Problem(code="metric-parts", column=scale.id, message=message)
    if scale.linear is not None and scale.linear.multiply == 0:
        message = "multiply = 0 gives everybody the same score; expected another factor."
        yield Problem(code="metric-parts", column=scale.id, message=message)
    if not scale.prorate and (scale.base != "sum" or scale.metric == "t"):
        message = "prorate = false is for sums (metric sum, or linear on a sum); remove it."
        yield Problem(code="prorate-mean", column=scale.id, message=message)


def _norm_problems(scale: Scale) -> Iterator[Problem]:
    if scale.norms is None:
        return
    groups = [row.group for row in scale.norms.table]
    if scale.norms.by and (not groups or "" in groups):
        message = f"norms by {scale.norms.by!r} need at least one row, and a group in each row."
        yield Problem(code="norm-groups", column=scale.id, message=message)
    if not scale.norms.by and groups != [""]:
        message = 'norms without "by" need exactly one row, without a group.'
        yield Problem(code="norm-groups", column=scale.id, message=message)
    for group, count in Counter(groups).items():
        if count > 1:
            message = f"norm group {group!r} stands {count} times; each may stand once."
            yield Problem(code="norm-groups", column=scale.id, message=message)


def _pooling_problems(scale: Scale, by_id: Mapping[str, Scale]) -> Iterator[Problem]:
    if not scale.scales or scale.combine != "items":
        return
    pooled = (name for entry in pooled_items(scale, by_id) for name in entry.names)
    for name, count in Counter(pooled).items():
        if count > 1:
            message = (
                f"item {name!r} is keyed {count} times through the scales that add up; "
                'keep one, or combine = "scale_means".'
            )
            yield Problem(code="keyed-twice", column=scale.id, message=message)


def _missing_rule_problems(scale: Scale, by_id: Mapping[str, Scale]) -> Iterator[Problem]:
    rule = scale.min_answered
    whole = scale.scales and scale.combine != "items"
    n_parts = len(scale.scales) if whole else len(pooled_items(scale, by_id))
    if isinstance(rule, float) and not 0.0 < rule < 1.0:
        message = (
            f"min_answered = {rule} is no share between 0 and 1; "
            'write "all" for every item, or an integer for a count.'
        )
        yield Problem(code="missing-rule", column=scale.id, message=message)
    elif isinstance(rule, int) and not 1 <= rule <= n_parts:
        message = f"min_answered = {rule} lies outside 1 to {n_parts}, the parts of the scale."
        yield Problem(code="missing-rule", column=scale.id, message=message)


def _range_problems(scale: Scale, possible: Range) -> Iterator[Problem]:
    low, high = possible
    if not (isfinite(low) and isfinite(high) and low < high):
        message = (
            f"scores range from {low:g} to {high:g}, which tells nobody apart; check scores, "
            "weights and the metric's numbers."
        )
        yield Problem(code="empty-range", column=scale.id, message=message)
        return
    bands = scale.bands
    if not bands:
        return
    yield from _repeated_band_problems(scale)
    if bands[0].start > low + CUT_TOLERANCE:
        message = (
            f"bands begin at {bands[0].start:g}, scores at {low:g}: a gap below {bands[0].id!r}; "
            f"begin the first band at {low:g}."
        )
        yield Problem(code="band-gap", column=scale.id, message=message)
    last = bands[-1]
    if last.to is not None and last.to < high - CUT_TOLERANCE:
        message = (
            f"bands end at {last.to:g}, scores at {high:g}: a gap above {last.id!r}; "
            "leave out its to."
        )
        yield Problem(code="band-gap", column=scale.id, message=message)
    for band in bands:
        if band.start > high + CUT_TOLERANCE:
            message = (
                f"band {band.id!r} begins at {band.start:g}, above the highest score {high:g}."
            )
            yield Problem(code="band-outside", column=scale.id, message=message)
    for band, following in pairwise(bands):
        yield from _border_problems(scale, band, following)
        if band.start < following.start <= low + CUT_TOLERANCE:
            message = (
                f"band {band.id!r} ends at {following.start:g}, not above the lowest score "
                f"{low:g}: nobody can be in it."
            )
            yield Problem(code="band-outside", column=scale.id, message=message)


def _repeated_band_problems(scale: Scale) -> Iterator[Problem]:
    for name in scale.band_names:
        if name in RESERVED:
            message = f"a band is called {name!r}, which digilitt uses itself; rename it."
            yield Problem(code="band-id", column=scale.id, message=message)
    for name, count in Counter(band.id for band in scale.bands).items():
        if count > 1:
            message = f"band id {name!r} stands {count} times; each id may stand once."
            yield Problem(code="repeated-band", column=scale.id, message=message)
    labels = Counter(
        (language, alike(text))
        for band in scale.bands
        for language, text in band.label.root.items()
    )
    for (language, label), count in labels.items():
        if count > 1:
            message = (
                f"{count} bands have the label {label[:60]!r} in {language!r}; labels must tell "
                "them apart."
            )
            yield Problem(code="repeated-label", column=scale.id, message=message)


def _border_problems(scale: Scale, band: Band, following: Band) -> Iterator[Problem]:
    end = following.start if band.to is None else band.to
    if following.start < band.start or (following.start == band.start and not following.needs):
        message = (
            f"band {following.id!r} begins at {following.start:g}, not above band {band.id!r} "
            f"({band.start:g}); write bands from the lowest up."
        )
        yield Problem(code="band-order", column=scale.id, message=message)
    elif end < following.start - CUT_TOLERANCE:
        message = f"a gap from {end:g} to {following.start:g} after band {band.id!r}; close it."
        yield Problem(code="band-gap", column=scale.id, message=message)
    elif end > following.start + CUT_TOLERANCE:
        message = (
            f"bands {band.id!r} and {following.id!r} overlap from {following.start:g} to {end:g}; "
            "a band ends where the next begins."
        )
        yield Problem(code="band-overlap", column=scale.id, message=message)
