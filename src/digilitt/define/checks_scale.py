"""Contradictions in scales: what they add up, their metric, missing rule and bands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from digilitt.define.formats import KEYED_KINDS, ResponseFormat
from digilitt.define.item import Item
from digilitt.define.ranges import item_ranges, pooled_items, score_range
from digilitt.define.scale import Scale
from digilitt.errors import Problem

# Cut scores are decimal fractions; a gap smaller than this is rounding, not a gap.
CUT_TOLERANCE = 1e-9


def scale_problems(
    items: Sequence[Item],
    sound: Mapping[str, ResponseFormat],
    formats: Mapping[str, ResponseFormat],
    scales: Sequence[Scale],
) -> Iterator[Problem]:
    """Problems of all scales; ranges only where items and formats (`sound`) allow them."""
    by_id = {scale.id: scale for scale in scales}
    known = {item.id: item for item in items}
    of_item = item_ranges([item for item in items if item.format in sound], sound)
    for scale in scales:
        structure = [
            *_part_problems(scale, by_id),
            *_entry_problems(scale, known, formats),
        ]
        yield from structure
        yield from _metric_problems(scale)
        yield from _norm_problems(scale)
        if not structure and _is_complete(scale, by_id, of_item):
            yield from _pooling_problems(scale, by_id)
            yield from _missing_rule_problems(scale, by_id)
            yield from _band_problems(scale, score_range(scale, by_id, of_item))
    yield from _name_clashes(known, scales)


def _part_problems(scale: Scale, by_id: Mapping[str, Scale]) -> Iterator[Problem]:
    if bool(scale.items) == bool(scale.scales):
        message = "a scale has either items or scales, and not both."
        yield Problem(code="scale-parts", column=scale.id, message=message)
    if scale.combine == "scale_means" and not scale.scales:
        message = 'combine = "scale_means" needs scales = [...] to combine.'
        yield Problem(code="scale-parts", column=scale.id, message=message)
    for inner, count in Counter(scale.scales).items():
        if inner not in by_id:
            known = ", ".join(sorted(by_id))
            message = f"adds up the unknown scale {inner!r}; known: {known}."
            yield Problem(code="unknown-scale", column=scale.id, message=message)
        if count > 1:
            message = f"adds up the scale {inner!r} {count} times."
            yield Problem(code="keyed-twice", column=scale.id, message=message)
    if _reaches(scale.id, scale, by_id, set()):
        message = "adds up itself, through its scales; scales must not form a circle."
        yield Problem(code="scale-cycle", column=scale.id, message=message)


def _reaches(target: str, scale: Scale, by_id: Mapping[str, Scale], seen: set[str]) -> bool:
    for inner in scale.scales:
        if inner == target:
            return True
        if inner in by_id and inner not in seen:
            seen.add(inner)
            if _reaches(target, by_id[inner], by_id, seen):
                return True
    return False


def _entry_problems(
    scale: Scale, known: Mapping[str, Item], formats: Mapping[str, ResponseFormat]
) -> Iterator[Problem]:
    for name, count in Counter(entry.item for entry in scale.items).items():
        if count > 1:
            message = f"item {name!r} is keyed {count} times in scale {scale.id!r}."
            yield Problem(code="keyed-twice", column=scale.id, message=message)
    for entry in scale.items:
        item = known.get(entry.item)
        if item is None:
            message = f"scale {scale.id!r} adds up the unknown item {entry.item!r}."
            yield Problem(code="unknown-item", column=scale.id, message=message)
            continue
        response_format = formats.get(item.format)
        if entry.key == -1 and response_format and response_format.kind in KEYED_KINDS:
            message = f"item {entry.item!r} has a right answer and cannot be reverse-keyed."
            yield Problem(code="reversed-knowledge", column=scale.id, message=message)


def _metric_problems(scale: Scale) -> Iterator[Problem]:
    for metric, given in (("linear", scale.linear), ("t", scale.norms)):
        name = "linear" if metric == "linear" else "norms"
        if (scale.metric == metric) != (given is not None):
            message = f'metric = "{metric}" and {name} = {{ … }} belong together.'
            yield Problem(code="metric-parts", column=scale.id, message=message)
    if scale.linear is not None and scale.linear.multiply == 0:
        message = "multiply = 0 gives everybody the same score."
        yield Problem(code="metric-parts", column=scale.id, message=message)
    if not scale.prorate and (scale.base != "sum" or scale.metric == "t"):
        message = "prorate = false is for sums (metric sum, or linear on a sum)."
        yield Problem(code="prorate-mean", column=scale.id, message=message)


def _norm_problems(scale: Scale) -> Iterator[Problem]:
    if scale.norms is None:
        return
    groups = [row.group for row in scale.norms.table]
    if scale.norms.by and (not groups or "" in groups):
        message = f"norms by {scale.norms.by!r} need a group in each row."
        yield Problem(code="norm-groups", column=scale.id, message=message)
    if not scale.norms.by and groups != [""]:
        message = 'norms without "by" need exactly one row, without a group.'
        yield Problem(code="norm-groups", column=scale.id, message=message)
    for group, count in Counter(groups).items():
        if count > 1:
            message = f"norm group {group!r} stands {count} times."
            yield Problem(code="norm-groups", column=scale.id, message=message)


def _is_complete(
    scale: Scale, by_id: Mapping[str, Scale], of_item: Mapping[str, tuple[float, float]]
) -> bool:
    """Whether the scale's range can be computed: all parts known, sound and without circles."""
    if scale.scales:
        return all(
            inner in by_id
            and not _reaches(inner, by_id[inner], by_id, set())
            and bool(by_id[inner].items) != bool(by_id[inner].scales)
            and _is_complete(by_id[inner], by_id, of_item)
            for inner in scale.scales
        )
    return bool(scale.items) and all(entry.item in of_item for entry in scale.items)


def _pooling_problems(scale: Scale, by_id: Mapping[str, Scale]) -> Iterator[Problem]:
    if not scale.scales or scale.combine == "scale_means":
        return
    for name, count in Counter(entry.item for entry in pooled_items(scale, by_id)).items():
        if count > 1:
            message = f"item {name!r} is keyed {count} times through the scales that add up."
            yield Problem(code="keyed-twice", column=scale.id, message=message)


def _missing_rule_problems(scale: Scale, by_id: Mapping[str, Scale]) -> Iterator[Problem]:
    rule = scale.min_answered
    means = scale.scales and scale.combine == "scale_means"
    n_parts = len(scale.scales) if means else len(pooled_items(scale, by_id))
    if isinstance(rule, float) and not 0.0 < rule < 1.0:
        message = (
            f"min_answered = {rule} is no share between 0 and 1; "
            'write "all" for every item, or an integer for a count.'
        )
        yield Problem(code="missing-rule", column=scale.id, message=message)
    elif isinstance(rule, int) and not 1 <= rule <= n_parts:
        message = f"min_answered = {rule} lies outside 1 to {n_parts}, the parts of the scale."
        yield Problem(code="missing-rule", column=scale.id, message=message)


def _band_problems(scale: Scale, possible: tuple[float, float]) -> Iterator[Problem]:
    if not scale.bands:
        return
    low, high = possible
    for name, count in Counter(band.id for band in scale.bands).items():
        if count > 1:
            message = f"band id {name!r} stands {count} times."
            yield Problem(code="repeated-band", column=scale.id, message=message)
    if scale.bands[0].start > low + CUT_TOLERANCE:
        message = (
            f"bands begin at {scale.bands[0].start:g}, scores at {low:g}: a gap below "
            f"{scale.bands[0].id!r}."
        )
        yield Problem(code="band-gap", column=scale.id, message=message)
    for band, following in zip(scale.bands, (*scale.bands[1:], None), strict=True):
        if band.start > high + CUT_TOLERANCE:
            message = f"band {band.id!r} begins at {band.start:g}, above the maximum {high:g}."
            yield Problem(code="band-outside", column=scale.id, message=message)
        if following is None:
            if band.to is not None and band.to < high - CUT_TOLERANCE:
                message = f"bands end at {band.to:g}, scores at {high:g}: a gap above {band.id!r}."
                yield Problem(code="band-gap", column=scale.id, message=message)
            continue
        end = following.start if band.to is None else band.to
        if following.start <= band.start:
            message = f"band {following.id!r} does not begin above band {band.id!r}."
            yield Problem(code="band-order", column=scale.id, message=message)
        elif end < following.start - CUT_TOLERANCE:
            message = f"a gap from {end:g} to {following.start:g} after band {band.id!r}."
            yield Problem(code="band-gap", column=scale.id, message=message)
        elif end > following.start + CUT_TOLERANCE:
            message = f"bands {band.id!r} and {following.id!r} overlap."
            yield Problem(code="band-overlap", column=scale.id, message=message)


def _name_clashes(known: Mapping[str, Item], scales: Sequence[Scale]) -> Iterator[Problem]:
    names = Counter(
        name
        for scale in {scale.id: scale for scale in scales}.values()
        for name in (scale.column, f"{scale.id}_n_answered", f"{scale.id}_band")
    )
    names.update(list(known))
    for name, count in names.items():
        if count > 1:
            message = f"{name!r} would name two columns of the scores; rename a scale or an item."
            yield Problem(code="name-clash", column=name, message=message)
