"""Compiling: from an instrument to its plan."""

from __future__ import annotations

from itertools import pairwise

from digilitt.define.formats import (
    MultiSelectFormat,
    NumericFormat,
    OrderedFormat,
    ResponseFormat,
    possible_range,
)
from digilitt.define.instrument import Instrument
from digilitt.define.item import Item
from digilitt.define.ranges import (
    always_applicable,
    item_ranges,
    mean_range,
    pooled_items,
    score_range,
)
from digilitt.define.scale import Band, Scale
from digilitt.errors import DefinitionError
from digilitt.scoring.plan import ItemPlan, Need, Part, Plan, ScalePlan


def compile_plan(instrument: Instrument) -> Plan:
    """Compile an instrument.

    Parameters
    ----------
    instrument : Instrument

    Returns
    -------
    Plan
        To be passed to `score_one` or `score_frame` instead of the instrument where many
        calls are made.

    Examples
    --------
    >>> import digilitt as dl
    >>> dl.compile_plan(dl.instrument("sus")).scales[0].column
    'sus_linear_score'
    """
    if not isinstance(instrument, Instrument):
        raise DefinitionError(
            f"found a {type(instrument).__name__} ({str(instrument)[:40]!r}); expected an "
            "instrument, such as digilitt.instrument('digilitt-core')."
        )
    ranges = item_ranges(instrument.items, instrument.formats)
    always = always_applicable(instrument.items, instrument.formats)
    by_id = {scale.id: scale for scale in instrument.scales}
    return Plan(
        instrument=instrument,
        items=tuple(_item_plan(item, instrument) for item in instrument.items),
        scales=tuple(_scale_plan(scale, by_id, ranges, always) for scale in _ordered(by_id)),
    )


def _item_plan(item: Item, instrument: Instrument) -> ItemPlan:
    response_format = instrument.format_of(item)
    low, high = possible_range(response_format)
    codes = {
        meaning: tuple(float(m.code) for m in response_format.missing if m.counts_as == meaning)
        for meaning in ("missing", "not_applicable", "wrong")
    }
    several = isinstance(response_format, MultiSelectFormat)
    keys = item.key if isinstance(item.key, tuple) else (item.key,)
    span = _span(response_format)
    lookup = () if several or span else _lookup(item, response_format)
    return ItemPlan(
        item=item.id,
        columns=instrument.columns_of(item),
        low=low,
        high=high,
        span=span,
        lookup=lookup + tuple((code, 0.0) for code in codes["wrong"] if lookup),
        missing=codes["missing"],
        not_applicable=codes["not_applicable"],
        wrong=codes["wrong"],
        keyed=tuple(option.code in keys for option in response_format.options) if several else (),
        credit=response_format.credit if isinstance(response_format, MultiSelectFormat) else None,
        gate=item.asked_if,
    )


def _span(response_format: ResponseFormat) -> tuple[float, float, bool] | None:
    """The range of answers that count themselves, where there is one (the quick case)."""
    if isinstance(response_format, NumericFormat):
        return response_format.minimum, response_format.maximum, response_format.integer
    if not isinstance(response_format, OrderedFormat):
        return None
    codes = sorted(option.code for option in response_format.options)
    plain = all(option.value == option.code for option in response_format.options)
    unbroken = all(following - code == 1 for code, following in pairwise(codes))
    return (float(codes[0]), float(codes[-1]), True) if plain and unbroken else None


def _lookup(item: Item, response_format: ResponseFormat) -> tuple[tuple[float, float], ...]:
    options = response_format.options
    if response_format.kind == "single_choice":
        return tuple((float(option.code), float(option.code == item.key)) for option in options)
    return tuple((float(option.code), option.value) for option in options)


def _ordered(by_id: dict[str, Scale]) -> list[Scale]:
    """Scales so that each stands after those it adds up; otherwise in the file's order."""
    done: dict[str, Scale] = {}

    def visit(scale: Scale) -> None:
        for inner in scale.scales:
            visit(by_id[inner])
        done.setdefault(scale.id, scale)

    for scale in by_id.values():
        visit(scale)
    return list(done.values())


def _scale_plan(
    scale: Scale,
    by_id: dict[str, Scale],
    ranges: dict[str, tuple[float, float]],
    always: frozenset[str],
) -> ScalePlan:
    low, high = score_range(scale, by_id, ranges, always)
    rule = scale.min_answered
    needs = tuple(_needs(scale, band, by_id) for band in scale.bands)
    return ScalePlan(
        scale=scale.id,
        column=scale.column,
        metric=scale.metric,
        base=scale.base,
        parts=_parts(scale, by_id, ranges, always),
        minimum=1.0 if rule == "all" else float(rule),
        is_share=rule == "all" or isinstance(rule, float),
        prorate=scale.prorate and scale.metric != "count",
        multiply=scale.linear.multiply if scale.linear else 1.0,
        add=scale.linear.add if scale.linear else 0.0,
        norms=scale.norms,
        band_ids=tuple(band.id for band in scale.bands),
        cuts=tuple(band.start for band in scale.bands),
        needs=needs if any(needs) else (),
        not_assessed=scale.not_assessed.id if scale.not_assessed else "",
        low=low,
        high=high,
    )


def _parts(
    scale: Scale,
    by_id: dict[str, Scale],
    ranges: dict[str, tuple[float, float]],
    always: frozenset[str],
) -> tuple[Part, ...]:
    if scale.scales and scale.combine == "scale_means":
        means = {inner: mean_range(by_id[inner], by_id, ranges, always) for inner in scale.scales}
        return tuple(
            Part(name=inner, is_scale=True, key=1, weight=1.0, low=low, high=high)
            for inner, (low, high) in means.items()
        )
    if scale.combine == "bands":
        return tuple(_counted_scale(by_id[inner], str(scale.at_least)) for inner in scale.scales)
    return tuple(
        Part(
            name=entry.item,
            is_scale=False,
            key=entry.key,
            weight=entry.weight,
            low=ranges[entry.item][0],
            high=ranges[entry.item][1],
            at_least=float(scale.at_least) if scale.at_least is not None else None,
            others=entry.or_any_of,
        )
        for entry in pooled_items(scale, by_id)
    )


def _counted_scale(inner: Scale, threshold: str) -> Part:
    reached, short = _split(inner, threshold)
    return Part(
        name=inner.id,
        is_scale=True,
        key=1,
        weight=1.0,
        low=0.0,
        high=1.0,
        reached=reached,
        short=short,
    )


def _split(scale: Scale, band: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The bands of a scale from `band` upwards, and those below it."""
    names = tuple(each.id for each in scale.bands)
    return names[names.index(band) :], names[: names.index(band)]


def _needs(scale: Scale, band: Band, by_id: dict[str, Scale]) -> tuple[Need, ...]:
    return tuple(
        Need(n=n, bands=tuple(_split(by_id[inner], needed)[0] for inner in scale.scales))
        for needed, n in sorted(band.needs.items())
    )
