"""Contradictions in counts: thresholds, items that do as well, bands with needs, not assessed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, pairwise, product
from math import prod

from digilitt.define.fields import alike
from digilitt.define.problems import listed, suggestion
from digilitt.define.ranges import Range, pooled_items
from digilitt.define.scale import Scale, ScaleItem
from digilitt.errors import Problem

# As for a score that comes this close to a cut score.
CUT_TOLERANCE = 1e-9
# More than any real composite has; beyond, bands are not looked through one by one.
MOST_COMBINATIONS = 20_000


def count_problems(
    scale: Scale,
    by_id: Mapping[str, Scale],
    of_item: Mapping[str, Range],
    always: Collection[str],
) -> Iterator[Problem]:
    """Problems of a scale whose items and inner scales are known.

    Parameters
    ----------
    scale : Scale
    by_id : mapping of str to Scale
        All scales of the instrument.
    of_item : mapping of str to (float, float)
        Possible range of each item's score.
    always : collection of str
        Items that apply to everybody, see `digilitt.define.ranges.always_applicable`.
    """
    if scale.metric == "count":
        yield from _threshold_problems(scale, by_id, of_item)
        yield from _plain_problems(scale, by_id)
    else:
        yield from _misplaced_problems(scale, by_id)
    needs = [*_need_problems(scale, by_id)]
    yield from needs
    if scale.metric == "count" and not needs and not [*_threshold_problems(scale, by_id, of_item)]:
        yield from _reach_problems(scale, by_id)
    yield from _not_assessed_problems(scale, by_id, always)


def _misplaced_problems(scale: Scale, by_id: Mapping[str, Scale]) -> Iterator[Problem]:
    """What only a count can have, in a scale that is none."""
    several = any(entry.or_any_of for entry in _entries(scale, by_id))
    for name, given in (
        ("at_least", scale.at_least is not None),
        ("or_any_of", several),
        ('combine = "bands"', scale.combine == "bands"),
    ):
        if given:
            message = (
                f'has {name}, which metric = "{scale.metric}" does not use; remove it, or make '
                'the metric "count".'
            )
            yield Problem(code="count-parts", column=scale.id, message=message)
    for inner in scale.scales:
        if scale.combine == "scale_means" and by_id[inner].metric == "count":
            message = (
                f"takes the mean of {inner!r}, which is a count; count the scales "
                '(metric = "count", combine = "bands"), or pool their items.'
            )
            yield Problem(code="count-combined", column=scale.id, message=message)


def _entries(scale: Scale, by_id: Mapping[str, Scale]) -> tuple[ScaleItem, ...]:
    """The items that a scale itself adds up or counts; none where it takes whole scales."""
    return pooled_items(scale, by_id) if scale.combine == "items" else ()


def _plain_problems(scale: Scale, by_id: Mapping[str, Scale]) -> Iterator[Problem]:
    """A count counts each part once."""
    if not scale.prorate:
        message = "prorate is for sums; a count is never scaled up. Remove it."
        yield Problem(code="prorate-mean", column=scale.id, message=message)
    if scale.combine == "scale_means":
        message = 'is a count of scale means; use combine = "bands", or "items".'
        yield Problem(code="count-parts", column=scale.id, message=message)
    for entry in _entries(scale, by_id):
        if entry.weight != 1.0:
            message = f"counts {entry.item!r} with weight {entry.weight:g}; a count has no weights."
            yield Problem(code="count-weight", column=scale.id, message=message)
        if entry.or_any_of and entry.key == -1:
            message = f"reverses {entry.item!r}, which has items that do as well; name each apart."
            yield Problem(code="count-weight", column=scale.id, message=message)


def _threshold_problems(
    scale: Scale, by_id: Mapping[str, Scale], of_item: Mapping[str, Range]
) -> Iterator[Problem]:
    by_band = scale.combine == "bands"
    if not isinstance(scale.at_least, str if by_band else float):
        found = "no at_least" if scale.at_least is None else f"at_least = {scale.at_least!r}"
        wanted = 'a band of its scales, as in at_least = "basic"'
        if not by_band:
            wanted = "the score that an item has to reach, as in at_least = 1"
        message = f"is a count and has {found}; expected {wanted}."
        yield Problem(code="count-parts", column=scale.id, message=message)
    elif isinstance(scale.at_least, str):
        yield from _band_problems(scale, scale.at_least, by_id)
    else:
        for name in chain.from_iterable(entry.names for entry in pooled_items(scale, by_id)):
            low, high = of_item[name]
            if not low < scale.at_least <= high:
                message = (
                    f"counts {name!r} from {scale.at_least:g}, but its scores range from {low:g} "
                    f"to {high:g}: everybody or nobody reaches that. Mend at_least."
                )
                yield Problem(code="threshold-outside", column=scale.id, message=message)


def _band_problems(scale: Scale, band: str, by_id: Mapping[str, Scale]) -> Iterator[Problem]:
    """Each scale that is counted must have the band, and others below it."""
    for inner in scale.scales:
        known = [each.id for each in by_id[inner].bands]
        if band not in known:
            message = (
                f"asks for band {band!r} of {inner!r}, whose bands are {listed(known)}."
                f"{suggestion(band, known)}"
            )
            yield Problem(code="unknown-band", column=scale.id, message=message)
        elif known[0] == band:
            message = (
                f"asks for band {band!r} of {inner!r}, which is its lowest: everybody reaches it. "
                "Name a higher one."
            )
            yield Problem(code="threshold-outside", column=scale.id, message=message)


def _need_problems(scale: Scale, by_id: Mapping[str, Scale]) -> Iterator[Problem]:
    for position, band in enumerate(scale.bands):
        if band.needs and scale.combine != "bands":
            message = (
                f"band {band.id!r} has needs, which are for counts of scales by their bands "
                '(combine = "bands"); remove them.'
            )
            yield Problem(code="band-needs", column=scale.id, message=message)
            continue
        if band.needs and position == 0:
            message = f"the lowest band {band.id!r} has needs; it must take in everybody else."
            yield Problem(code="band-needs", column=scale.id, message=message)
        for name, n in band.needs.items():
            yield from _band_problems(scale, name, by_id)
            if not 1 <= n <= len(scale.scales):
                message = (
                    f"band {band.id!r} needs {n} scales in {name!r}; expected 1 to "
                    f"{len(scale.scales)}, the scales that are counted."
                )
                yield Problem(code="band-needs", column=scale.id, message=message)


def _reach_problems(scale: Scale, by_id: Mapping[str, Scale]) -> Iterator[Problem]:
    """Bands of a count that nobody can be in: between whole numbers, or always passed over."""
    by_band = scale.combine == "bands"
    n_parts = len(scale.scales if by_band else pooled_items(scale, by_id))
    in_order = all(
        band.start < after.start or (band.start == after.start and after.needs)
        for band, after in pairwise(scale.bands)
    )
    # Other bands are said to be out of order, or out of reach, already.
    if not (scale.bands and in_order and scale.bands[-1].start <= n_parts + CUT_TOLERANCE):
        return
    if by_band:
        orders = [[band.id for band in by_id[inner].bands] for inner in scale.scales]
        if prod(map(len, orders)) > MOST_COMBINATIONS:
            return
        found = {_band_of(scale, ranks, orders) for ranks in product(*map(_positions, orders))}
    else:
        found = {_last_from(scale, count) for count in range(n_parts + 1)}
    for band in scale.bands:
        if band.id not in found:
            message = (
                f"nobody can be in band {band.id!r}: whoever reaches it is in another one. Mend "
                "its from or its needs, or those of the bands after it."
            )
            yield Problem(code="band-outside", column=scale.id, message=message)


def _positions(order: Sequence[str]) -> range:
    return range(len(order))


def _last_from(scale: Scale, count: int) -> str:
    return [band.id for band in scale.bands if band.start <= count + CUT_TOLERANCE][-1]


def _band_of(scale: Scale, ranks: Sequence[int], orders: Sequence[Sequence[str]]) -> str:
    """The band of somebody whose inner scales are in these bands of theirs."""

    def n_from(name: str) -> int:
        pairs = zip(ranks, orders, strict=True)
        return sum(rank >= order.index(name) for rank, order in pairs)

    count = n_from(str(scale.at_least))
    met = [
        band.id
        for band in scale.bands
        if band.start <= count + CUT_TOLERANCE
        and all(n_from(name) >= n for name, n in band.needs.items())
    ]
    return met[-1]


def _not_assessed_problems(
    scale: Scale, by_id: Mapping[str, Scale], always: Collection[str]
) -> Iterator[Problem]:
    special = scale.not_assessed
    if special is None:
        return
    if not scale.bands:
        message = "has not_assessed and no bands, beside which it would stand; add bands."
        yield Problem(code="not-assessed", column=scale.id, message=message)
    if special.id in [band.id for band in scale.bands]:
        message = f"the id {special.id!r} of not_assessed is a band's as well; rename one."
        yield Problem(code="repeated-band", column=scale.id, message=message)
    labels = {
        (language, alike(text))
        for band in scale.bands
        for language, text in band.label.root.items()
    }
    for language, text in special.label.root.items():
        if (language, alike(text)) in labels:
            message = f"the label {text[:60]!r} of not_assessed is a band's as well; change one."
            yield Problem(code="repeated-label", column=scale.id, message=message)
    if _applies_to_all(scale, by_id, always):
        message = (
            "has not_assessed, but something in it applies to everybody, so nobody could be; "
            'give its items a gate or an answer that counts as "not_applicable".'
        )
        yield Problem(code="not-assessed", column=scale.id, message=message)


def _applies_to_all(scale: Scale, by_id: Mapping[str, Scale], always: Collection[str]) -> bool:
    if scale.scales:
        return any(_applies_to_all(by_id[inner], by_id, always) for inner in scale.scales)
    return any(name in always for entry in scale.items for name in entry.names)
