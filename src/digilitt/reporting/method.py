"""The method section's content: what the instrument says of its scales, items and formats."""

from __future__ import annotations

from digilitt.define.formats import ResponseFormat
from digilitt.define.instrument import Instrument
from digilitt.define.scale import Scale
from digilitt.define.text import Text
from digilitt.reporting.content import (
    AnswerFormat,
    Band,
    InstrumentFacts,
    ItemLine,
    Phrase,
    Rules,
)
from digilitt.scoring.plan import ScalePlan

# Options of keyed formats are left out: an item with its key would give the test away.
RATED_KINDS = ("ordered", "frequency", "binary")

Items = tuple[ItemLine, ...]


def phrase(text: Text, language: str) -> Phrase:
    """The text in `language`, or else in one that there is, with the language it is in."""
    known = text.languages
    found = language if language in known else "en" if "en" in known else known[0]
    return Phrase(text.to(language), found)


def instrument_facts(instrument: Instrument, language: str) -> InstrumentFacts:
    """What the instrument says of itself."""
    used = {item.format for item in instrument.items}
    formats = [f for name, f in instrument.formats.items() if name in used]
    described = instrument.description
    # Formats that differ in their missing codes only look the same here.
    lines = dict.fromkeys(_format(each, language) for each in formats)
    return InstrumentFacts(
        name=instrument.name,
        digest=instrument.digest,
        title=phrase(instrument.title, language),
        description=phrase(described, language) if described else None,
        status=instrument.status,
        rater=instrument.rater,
        n_items=len(instrument.items),
        licence=instrument.licence,
        source=instrument.source,
        attribution=instrument.attribution,
        notes=instrument.notes,
        unverified=instrument.unverified,
        # Notes are in English by custom; an instrument that has no English has other customs.
        notes_language="en" if "en" in instrument.languages else "",
        formats=tuple(lines),
    )


def _format(response_format: ResponseFormat, language: str) -> AnswerFormat:
    options = response_format.options if response_format.kind in RATED_KINDS else ()
    return AnswerFormat(
        kind=response_format.kind,
        options=tuple((option.value, phrase(option.label, language)) for option in options),
    )


def scale_items(scale: Scale, plan: ScalePlan, instrument: Instrument, language: str) -> Items:
    """The items of a scale that is made of items; a scale of scales has none of its own."""
    return tuple(
        ItemLine(
            id=name,
            text=phrase(instrument.item(name).text, language),
            key=part.key,
            weight=part.weight,
            together="" if name == part.name else part.name,
        )
        for part in plan.parts
        for name in part.items
        if scale.items
    )


def scale_rules(scale: Scale, plan: ScalePlan, instrument: Instrument, language: str) -> Rules:
    """How the scale's score is computed."""
    norms = scale.norms if scale.metric == "t" else None
    threshold = scale.at_least
    return Rules(
        metric=plan.metric,
        base=plan.base,
        n_parts=len(plan.parts),
        of_scales=any(part.is_scale for part in plan.parts),
        weighted=len({part.weight for part in plan.parts}) > 1,
        minimum=plan.minimum,
        is_share=plan.is_share,
        prorate=plan.prorate,
        multiply=plan.multiply,
        add=plan.add,
        norm_source=norms.source if norms else "",
        norm_groups=norms.by if norms else "",
        at_least=threshold if isinstance(threshold, float) else 0.0,
        level=_level(scale, threshold, instrument, language)
        if isinstance(threshold, str)
        else None,
    )


def _level(scale: Scale, band: str, instrument: Instrument, language: str) -> Phrase:
    """What a band of the scales that are counted is called, by the first of them."""
    inner = instrument.scale(scale.scales[0])
    return next(phrase(each.label, language) for each in inner.bands if each.id == band)


def scale_bands(
    scale: Scale, high: float, instrument: Instrument, language: str
) -> tuple[Band, ...]:
    """The bands of a scale, each with where it begins and ends."""
    made = []
    for position, band in enumerate(scale.bands):
        after = scale.bands[position + 1 :]
        # Whoever lacks what a band needs stays in the one before, whatever the score.
        end = next((each.start for each in after if not each.needs), None)
        needs = [(n, _level(scale, name, instrument, language)) for name, n in band.needs.items()]
        made.append(
            Band(
                id=band.id,
                label=phrase(band.label, language),
                start=band.start,
                end=high if end is None else end,
                closed=end is None,
                needs=tuple(needs),
                but_not=tuple(
                    phrase(each.label, language)
                    for each in after
                    if each.needs and (end is None or each.start < end)
                ),
            )
        )
    if special := scale.not_assessed:
        label = phrase(special.label, language)
        made.append(Band(id=special.id, label=label, start=0.0, end=0.0, outside=True))
    return tuple(made)
