"""Possible ranges: the lowest and highest score that a scale can have.

Reversal, the percentage of the maximum possible, and the check of bands all rest on the
possible range, never on the observed one. It takes in which parts the missing rule lets be
left out: a mean over the items answered can lie beyond the mean over all items where items
differ in range, and a sum that is not prorated shrinks with what is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from digilitt.define.formats import ResponseFormat, possible_range
from digilitt.define.item import Item
from digilitt.define.scale import Scale, ScaleItem

Range = tuple[float, float]

# A share this close to its minimum meets it: 0.28 * 25 is 7.000000000000001 in binary arithmetic.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class _Part:
    """An item of a scale, or the mean of another scale, with its possible range."""

    low: float
    high: float
    weight: float
    always: bool  # whether it applies to everybody


def item_ranges(items: Sequence[Item], formats: Mapping[str, ResponseFormat]) -> dict[str, Range]:
    """Possible range of each item's score, by item id."""
    return {item.id: possible_range(formats[item.format]) for item in items}


def always_applicable(
    items: Sequence[Item], formats: Mapping[str, ResponseFormat]
) -> frozenset[str]:
    """Ids of the items that apply to everybody: no missing code or gate says "not applicable"."""
    return frozenset(
        item.id
        for item in items
        if all(missing.counts_as != "not_applicable" for missing in formats[item.format].missing)
        and (item.asked_if is None or item.asked_if.otherwise != "not_applicable")
    )


def pooled_items(scale: Scale, scales: Mapping[str, Scale]) -> tuple[ScaleItem, ...]:
    """The items of a scale; of a scale of scales, those of all its scales in turn."""
    if scale.items:
        return scale.items
    return tuple(entry for inner in scale.scales for entry in pooled_items(scales[inner], scales))


def mean_range(
    scale: Scale,
    scales: Mapping[str, Scale],
    of_item: Mapping[str, Range],
    always: Collection[str] = (),
) -> Range:
    """Possible range of the mean of a scale's answered parts (items, or means of its scales).

    Parameters
    ----------
    scale : Scale
    scales : mapping of str to Scale
        All scales of the instrument, by id.
    of_item : mapping of str to (float, float)
        Possible range of each item's score.
    always : collection of str
        Items that apply to everybody, see `always_applicable`; every other item may be outside
        the items that a share is taken of.
    """
    parts = _parts(scale, scales, of_item, always)
    return (
        _lowest_mean([part.low for part in parts], parts, scale),
        -_lowest_mean([-part.high for part in parts], parts, scale),
    )


def score_range(
    scale: Scale,
    scales: Mapping[str, Scale],
    of_item: Mapping[str, Range],
    always: Collection[str] = (),
) -> Range:
    """Possible range of a scale's score, in its own metric; parameters as for `mean_range`.

    Examples
    --------
    >>> from digilitt.define.catalogue import instrument
    >>> sus = instrument("sus")
    >>> score_range(sus.scale("sus"), {}, item_ranges(sus.items, sus.formats))
    (0.0, 100.0)
    """
    if scale.metric == "pomp":
        return 0.0, 100.0
    if scale.metric == "count":
        by_band = scale.combine == "bands"
        return 0.0, float(len(scale.scales if by_band else pooled_items(scale, scales)))
    low, high = _base_range(scale, scales, of_item, always)
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


def _base_range(
    scale: Scale,
    scales: Mapping[str, Scale],
    of_item: Mapping[str, Range],
    always: Collection[str],
) -> Range:
    parts = _parts(scale, scales, of_item, always)
    if scale.base == "sum" and not scale.prorate:
        return (
            _lowest_sum([part.low * part.weight for part in parts], parts, scale),
            -_lowest_sum([-part.high * part.weight for part in parts], parts, scale),
        )
    low, high = mean_range(scale, scales, of_item, always)
    total = sum(part.weight for part in parts) if scale.base == "sum" else 1.0
    return low * total, high * total


def _parts(
    scale: Scale,
    scales: Mapping[str, Scale],
    of_item: Mapping[str, Range],
    always: Collection[str],
) -> list[_Part]:
    if not scale.scales or scale.combine == "items":
        return [
            _Part(*of_item[entry.item], entry.weight, entry.item in always)
            for entry in pooled_items(scale, scales)
        ]
    return [
        _Part(
            *mean_range(scales[inner], scales, of_item, always),
            1.0,
            any(entry.item in always for entry in pooled_items(scales[inner], scales)),
        )
        for inner in scale.scales
    ]


def _lowest_sum(values: Sequence[float], parts: Sequence[_Part], scale: Scale) -> float:
    return min(sum(values[k] for k in chosen) for chosen in _candidates(values, parts, scale))


def _lowest_mean(values: Sequence[float], parts: Sequence[_Part], scale: Scale) -> float:
    """Lowest weighted mean over the parts that may be the ones answered.

    Notes
    -----
    Dinkelbach's method for a ratio (Dinkelbach 1967, https://doi.org/10.1287/mnsc.13.7.492):
    the choice that is best for the sum of weight times (value - bound) gives the next bound,
    until none lies lower.
    """
    if len(set(values)) == 1:
        return values[0]
    bound = max(values)
    while True:
        beyond = [part.weight * (value - bound) for part, value in zip(parts, values, strict=True)]
        lowest = min(
            sum(parts[k].weight * values[k] for k in chosen) / sum(parts[k].weight for k in chosen)
            for chosen in _candidates(beyond, parts, scale)
        )
        if lowest >= bound:
            return bound
        bound = lowest


def _candidates(
    costs: Sequence[float], parts: Sequence[_Part], scale: Scale
) -> Iterator[list[int]]:
    """Choices of answered parts that the missing rule allows, the one of least cost among them."""
    cheap = sorted(range(len(parts)), key=costs.__getitem__)
    fixed = [k for k in cheap if parts[k].always]
    loose = [k for k in cheap if not parts[k].always]
    n_gains = sum(costs[k] < 0.0 for k in fixed)
    for n_loose in range(len(loose) + 1):
        n_fixed = max(_fewest(scale, n_loose, len(fixed)), n_gains)
        if n_fixed <= len(fixed):
            yield loose[:n_loose] + fixed[:n_fixed]


def _fewest(scale: Scale, n_loose: int, n_always: int) -> int:
    """Fewest answered among the parts that always apply, when `n_loose` others are answered."""
    rule = scale.min_answered
    if isinstance(rule, int):
        needed = rule
    else:
        share = 1.0 if rule == "all" else rule
        needed = ceil(share * (n_always + n_loose) - TOLERANCE)
    return max(needed, 1) - n_loose
