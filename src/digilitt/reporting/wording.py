"""Sentences of a report, made from its figures and from what the instrument says."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator

from digilitt.reporting.content import Band, Phrase, Remark, Rules, ScaleSection
from digilitt.reporting.texts import EMPTY_MARK
from digilitt.reporting.views import Words

# Said near the top of the page rather than among the remarks on the data.
SAID_ABOVE = (
    "denominator-unknown",
    "instrument-pilot",
    "instrument-unverified",
    "simulated-data",
)
SIMULATED = "simulated-data"
# A cut score so little above a whole number is that number.
TOLERANCE = 1e-9


def summary(words: Words) -> Iterator[str]:
    """What was measured, and who answered: figures for everybody, no judgement."""
    texts, content = words.texts, words.content
    if content.by:
        by = texts.joined([name[:1].lower() + name[1:] for name in words.columns()])
        yield texts("summary.scope_groups", by=by)
    else:
        yield texts("summary.scope_all")
    total = content.participation[-1]
    for wave, turnout in zip(content.waves or ("",), total.waves, strict=True):
        prefix = texts("summary.wave", wave=wave) if wave else ""
        if turnout.answered.value is None:
            told = texts("summary.withheld")
        else:
            counts = {
                "answered": words.count(turnout.answered).text,
                "valid": words.count(turnout.valid).text,
            }
            if turnout.share.value is None:
                told = texts("summary.answered", **counts)
            else:
                invited, share = words.count(total.invited).text, words.share(turnout.share).text
                told = texts("summary.answered_of", **counts, invited=invited, share=share)
        yield prefix + (told if prefix else told[:1].upper() + told[1:])


def cautions(words: Words) -> Iterator[str]:
    """What a reader must know before reading on."""
    texts, content = words.texts, words.content
    codes = {remark.code for remark in content.remarks}
    if SIMULATED in codes:
        yield texts("caution.simulated")
    if content.instrument.status == "pilot":
        yield texts("caution.pilot")
    if content.instrument.unverified:
        yield texts("caution.unverified")
    if any(section.bands for section in content.scales):
        yield texts("caution.bands")
    if content.min_n == 1:
        yield texts("caution.open")
    else:
        key = "withheld" if content.any_withheld else "nothing_withheld"
        yield texts(f"caution.{key}", min_n=str(content.min_n))
    if content.by or len(content.waves) > 1:
        yield texts("caution.differences")
    if not content.has_roster:
        yield texts("caution.denominator")


def score_lines(words: Words, section: ScaleSection) -> Iterator[str]:
    """What the numbers in a scale's table are."""
    texts, rules = words.texts, section.rules
    if rules.metric == "count":
        yield _threshold(words, rules, "score")
    else:
        of_scales = rules.metric == "mean" and rules.of_scales
        yield texts("score.mean_of_scales" if of_scales else f"score.{rules.metric}")
    yield texts("score.range", low=texts.plain(section.low), high=texts.plain(section.high))
    if section.context:
        yield texts("score.context")


def level_order(words: Words, section: ScaleSection) -> str:
    """The order of the levels in the bars."""
    labels = ", ".join(band.label.text for band in section.bands)
    return words.texts("level.order", labels=labels)


def computation(words: Words, section: ScaleSection) -> str:
    """The formula of a scale's score, in words."""
    texts, rules = words.texts, section.rules
    if rules.metric == "count":
        ending = f" {texts('method.together')}" if _has_together(section) else ""
        return _threshold(words, rules, "method") + ending
    total = texts("method.sum_prorated" if rules.prorate else "method.sum_plain")
    if rules.weighted:
        total = f"{texts('method.sum_weighted')} {total}"
    mean = texts(f"method.mean{'_of_scales' if rules.of_scales else ''}")
    if rules.weighted:
        mean = texts("method.mean_weighted")
    base = total if rules.base == "sum" else mean
    named = texts(f"method.base_{rules.base}")
    if rules.metric == "linear":
        multiply, add = texts.plain(rules.multiply), texts.plain(rules.add)
        return f"{texts('method.linear', add=add, multiply=multiply, base=named)} {base}"
    if rules.metric == "t":
        by = f" {texts('method.t_by', by=rules.norm_groups)}" if rules.norm_groups else ""
        return f"{texts('method.t', base=named, source=rules.norm_source)}{by} {base}"
    if rules.metric == "pomp":
        weighted = f" {texts('method.sum_weighted')}" if rules.weighted else ""
        return texts("method.pomp") + weighted
    return base


def _threshold(words: Words, rules: Rules, where: str) -> str:
    """What a count counts."""
    if rules.level is not None:
        return words.texts(f"{where}.counted_scales", level=rules.level.text)
    return words.texts(f"{where}.counted", least=words.texts.plain(rules.at_least))


def _has_together(section: ScaleSection) -> bool:
    return any(item.together for item in section.items)


def required(words: Words, section: ScaleSection) -> str:
    """How many answers a score needs."""
    texts, rules = words.texts, section.rules
    ending = "_scales" if rules.of_scales else ""
    n, minimum = str(rules.n_parts), texts.plain(rules.minimum)
    if rules.n_parts == 1:
        rule = texts(f"method.one{ending}")
    elif not rules.is_share and _has_together(section):
        rule = texts("method.count_together", minimum=minimum, n=n)
    elif not rules.is_share:
        rule = texts(f"method.count{ending}", minimum=minimum, n=n)
    elif rules.minimum == 1.0:
        rule = texts(f"method.all{ending}", n=n)
    else:
        rule = texts(f"method.share{ending}", share=texts.percent(rules.minimum))
    return f"{rule} {texts('method.otherwise')}"


def whole_range(words: Words, band: Band) -> str:
    """The counts that a band takes in, which are whole numbers, and what else sets it apart."""
    texts = words.texts
    low = math.ceil(band.start - TOLERANCE)
    high = math.floor(band.end + TOLERANCE) if band.closed else math.ceil(band.end - TOLERANCE) - 1
    if low > high:
        return EMPTY_MARK
    bounds = (texts.plain(low), texts.plain(high))
    told = bounds[0] if low == high else texts("number.range", low=bounds[0], high=bounds[1])
    if band.but_not:
        levels = texts.joined([label.text for label in band.but_not])
        told = texts("method.but_not", range=told, levels=levels)
    return told


def disclosure(words: Words) -> Iterator[str]:
    """What is withheld, and why."""
    texts, min_n = words.texts, words.content.min_n
    if min_n == 1:
        yield texts("disclosure.rule_open")
        return
    if min_n == 2:
        yield texts("disclosure.rule_two")
    else:
        yield texts("disclosure.rule", min_n=str(min_n), most=str(min_n - 1))
    for key in ("complement", "jointly", "mark", "bars"):
        yield texts(f"disclosure.{key}")


def remarks(words: Words) -> Iterator[Phrase]:
    """Caveats about the data; those without a text of ours stand as they are, in English."""
    shown = (remark for remark in words.content.remarks if remark.code not in SAID_ABOVE)
    return iter(dict.fromkeys(_remark(words, remark) for remark in shown))


def _remark(words: Words, remark: Remark) -> Phrase:
    texts, content = words.texts, words.content
    titles = {section.id: section.title.text for section in content.scales}
    where = titles.get(remark.where, remark.where)
    about = texts("remark.about", where=where) if where else ""
    known = texts.get(f"remark.{remark.code}", "")
    if not known or (remark.n is None and "{n}" in known):
        return Phrase(about + remark.message, "en")
    if remark.n is None:
        return Phrase(about + known, texts.language)
    told = texts(f"remark.{remark.code}", n=texts.counted(remark.n, content.min_n))
    return Phrase(about + told, texts.language)


def origin(words: Words) -> Iterator[tuple[str, str]]:
    """Where the page comes from: terms and what they are."""
    texts, source = words.texts, words.content.origin
    yield texts("origin.instrument"), source.instrument
    yield texts("origin.digest"), source.digest
    yield texts("origin.software"), f"digilitt {source.digilitt}"
    yield texts("origin.made"), made(words)
    yield texts("origin.source"), ", ".join(source.source) or texts("origin.no_source")
    yield texts("origin.rows"), texts.counted(source.n_rows, words.content.min_n)
    if source.seed:
        yield texts("origin.seed"), source.seed
    yield texts("origin.options"), "; ".join(f"{name} = {value}" for name, value in source.options)


def made(words: Words) -> str:
    """The date of making, in words."""
    return words.texts.date(dt.date.fromisoformat(words.content.origin.made))
