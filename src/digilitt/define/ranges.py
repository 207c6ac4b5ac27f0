"""Possible ranges: the lowest and highest score that a scale can have.

Reversal, the percentage of the maximum possible, and the check of bands all rest on the
possible range, never on the observed one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from digilitt.define.formats import ResponseFormat, possible_range
from digilitt.define.item import Item
from digilitt.define.scale import Scale, ScaleItem

Range = tuple[float, float]


def item_ranges(items: Sequence[Item], formats: Mapping[str, ResponseFormat]) -> dict[str, Range]:
    """Possible range of each item's score, by item id."""
    return {item.id: possible_range(formats[item.format]) for item in items}


def pooled_items(scale: Scale, scales: Mapping[str, Scale]) -> tuple[ScaleItem, ...]:
    """The items of a scale; of a scale of scales, those of all its scales in turn."""
    if scale.items:
        return scale.items
    return tuple(entry for inner in scale.scales for entry in pooled_items(scales[inner], scales))


def mean_range(scale: Scale, scales: Mapping[str, Scale], of_item: Mapping[str, Range]) -> Range:
    """Possible range of the mean of a scale's parts (items, or means of its scales)."""
    if scale.scales and scale.combine == "scale_means":
        parts = [(mean_range(scales[inner], scales, of_item), 1.0) for inner in scale.scales]
    else:
        parts = [(of_item[part.item], part.weight) for part in pooled_items(scale, scales)]
    total = sum(weight for _, weight in parts)
    low = sum(part[0] * weight for part, weight in parts) / total
    high = sum(part[1] * weight for part, weight in parts) / total
    return low, high


def _sum_range(scale: Scale, scales: Mapping[str, Scale], of_item: Mapping[str, Range]) -> Range:
    if scale.scales and scale.combine == "scale_means":
        parts = [mean_range(scales[inner], scales, of_item) for inner in scale.scales]
    else:
        pooled = pooled_items(scale, scales)
        parts = [
            (of_item[part.item][0] * part.weight, of_item[part.item][1] * part.weight)
            for part in pooled
        ]
    if not scale.prorate:
        # Items left out add nothing, so a sum that is not prorated can lie nearer to 0.
        parts = [(min(low, 0.0), max(high, 0.0)) for low, high in parts]
    return sum(low for low, _ in parts), sum(high for _, high in parts)


def score_range(scale: Scale, scales: Mapping[str, Scale], of_item: Mapping[str, Range]) -> Range:
    """Possible range of a scale's score, in its own metric."""
    if scale.metric == "pomp":
        return 0.0, 100.0
    base = _sum_range if scale.base == "sum" else mean_range
    low, high = base(scale, scales, of_item)
    if scale.metric == "linear" and scale.linear is not None:
        ends = [scale.linear.add + scale.linear.multiply * end for end in (low, high)]
        return min(ends), max(ends)
    if scale.metric == "t" and scale.norms is not None:
        rows = scale.norms.table
        return (
            min(50.0 + 10.0 * (low - row.mean) / row.sd for row in rows),
            max(50.0 + 10.0 * (high - row.mean) / row.sd for row in rows),
        )
    return low, high
