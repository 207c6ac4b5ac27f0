"""Contradictions: what can be wrong in an instrument whose parts are each well formed.

One small function per family of rules; `contradictions` gathers what they find.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from digilitt.define.checks_scale import scale_problems
from digilitt.define.formats import (
    KEYED_KINDS,
    WRONG_KINDS,
    MultiSelectFormat,
    NumericFormat,
    ResponseFormat,
    option_codes,
    possible_range,
)
from digilitt.define.item import Item
from digilitt.define.scale import Scale
from digilitt.errors import Problem


def contradictions(
    formats: Mapping[str, ResponseFormat], items: Sequence[Item], scales: Sequence[Scale]
) -> list[Problem]:
    """Every contradiction between formats, items and scales."""
    sound = {name for name in formats if not list(_format_problems(name, formats[name]))}
    return [
        *(problem for name in formats for problem in _format_problems(name, formats[name])),
        *_repeated("item", (item.id for item in items)),
        *(problem for item in items for problem in _item_problems(item, formats)),
        *_gate_problems(items, formats),
        *_repeated("scale", (scale.id for scale in scales)),
        *scale_problems(items, {name: formats[name] for name in sound}, formats, scales),
    ]


def _repeated(what: str, ids: Iterable[str]) -> Iterator[Problem]:
    for name, count in Counter(ids).items():
        if count > 1:
            message = f"{what} id {name!r} stands {count} times; each id may stand once."
            yield Problem(code=f"repeated-{what}", column=name, message=message)


def _format_problems(name: str, response_format: ResponseFormat) -> Iterator[Problem]:
    place = f"formats.{name}"
    if isinstance(response_format, NumericFormat):
        yield from _numeric_problems(place, response_format)
    else:
        yield from _option_problems(place, response_format)
    codes = [missing.code for missing in response_format.missing]
    for code, count in Counter(codes).items():
        if count > 1:
            message = f"missing code {code} stands {count} times; each code may stand once."
            yield Problem(code="repeated-code", column=place, message=message)
    for missing in response_format.missing:
        if missing.counts_as == "wrong" and response_format.kind not in WRONG_KINDS:
            yield Problem(
                code="wrong-without-key",
                column=place,
                message=f"missing code {missing.code} counts as wrong, but {response_format.kind} "
                "answers are not right or wrong; use missing or not_applicable.",
            )


def _numeric_problems(place: str, response_format: NumericFormat) -> Iterator[Problem]:
    low, high = response_format.minimum, response_format.maximum
    if low >= high:
        message = f"minimum {low:g} is not below maximum {high:g}."
        yield Problem(code="empty-range", column=place, message=message)
    for missing in response_format.missing:
        if low <= missing.code <= high:
            yield Problem(
                code="code-clash",
                column=place,
                message=f"missing code {missing.code} lies in the range {low:g} to {high:g} and "
                "would be read as an answer; choose a code outside it.",
            )


def _option_problems(place: str, response_format: ResponseFormat) -> Iterator[Problem]:
    options = response_format.options
    codes = option_codes(options)
    if len(options) < 2:
        message = f"has {len(options)} options; expected at least 2."
        yield Problem(code="too-few-options", column=place, message=message)
        return
    for code, count in Counter(codes).items():
        if count > 1:
            message = f"option code {code} stands {count} times; each code may stand once."
            yield Problem(code="repeated-code", column=place, message=message)
    for missing in response_format.missing:
        if missing.code in codes:
            message = f"code {missing.code} is both an option and a missing code."
            yield Problem(code="code-clash", column=place, message=message)
    yield from _label_problems(place, response_format)
    low, high = possible_range(response_format)
    if response_format.kind == "binary" and {o.value for o in options} != {0.0, 1.0}:
        yield Problem(
            code="binary-scores",
            column=place,
            message="a binary format needs exactly two options that score 0 and 1; "
            "where the codes are others, add score = 0 and score = 1.",
        )
    elif low == high:
        message = f"all options score {low:g}; expected at least two different scores."
        yield Problem(code="empty-range", column=place, message=message)


def _label_problems(place: str, response_format: ResponseFormat) -> Iterator[Problem]:
    labels: dict[tuple[str, str], set[int]] = {}
    for entry in (*response_format.options, *response_format.missing):
        for language, text in entry.label.root.items():
            labels.setdefault((language, " ".join(text.split()).casefold()), set()).add(entry.code)
    for (language, label), codes in labels.items():
        if len(codes) > 1:
            yield Problem(
                code="repeated-label",
                column=place,
                message=f"codes {sorted(codes)} have the same label {label!r} in {language!r}; "
                "labels must tell them apart.",
            )


def _item_problems(item: Item, formats: Mapping[str, ResponseFormat]) -> Iterator[Problem]:
    for link in item.competences:
        if len([part for part in link.split(":") if part]) != 2 or link.count(":") != 1:
            message = f"competence {link!r} is not written framework:competence."
            yield Problem(code="competence-form", column=item.id, message=message)
    response_format = formats.get(item.format)
    if response_format is None:
        known = ", ".join(sorted(formats)) or "none"
        message = f"item {item.id!r} uses the unknown format {item.format!r}; known: {known}."
        yield Problem(code="unknown-format", column=item.id, message=message)
        return
    yield from _key_problems(item, response_format)
    if item.asked_if and item.asked_if.otherwise == "wrong":
        if response_format.kind not in WRONG_KINDS:
            yield Problem(
                code="wrong-without-key",
                column=item.id,
                message=f"not being asked counts as wrong, but {response_format.kind} answers "
                "are not right or wrong; use missing or not_applicable.",
            )


def _key_problems(item: Item, response_format: ResponseFormat) -> Iterator[Problem]:
    kind = response_format.kind
    if kind not in KEYED_KINDS:
        if item.key is not None:
            message = f"has a key, but its format {item.format!r} is {kind}; remove the key."
            yield Problem(code="key-without-choice", column=item.id, message=message)
        return
    several = isinstance(response_format, MultiSelectFormat)
    if item.key is None or isinstance(item.key, tuple) != several or item.key == ():
        example = "key = [1, 3]" if several else "key = 2"
        message = f"has key {item.key!r}; a {kind} item needs its right answer, as in {example}."
        yield Problem(code="key-missing", column=item.id, message=message)
        return
    keys = item.key if isinstance(item.key, tuple) else (item.key,)
    codes = option_codes(response_format.options)
    for code in keys:
        if code not in codes:
            message = f"key {code} is not among the options {', '.join(map(str, codes))}."
            yield Problem(code="key-outside-options", column=item.id, message=message)
    if len(set(keys)) < len(keys):
        message = f"key {list(keys)} names an option twice."
        yield Problem(code="repeated-key", column=item.id, message=message)


def _gate_problems(
    items: Sequence[Item], formats: Mapping[str, ResponseFormat]
) -> Iterator[Problem]:
    by_id = {item.id: item for item in items}
    for item in items:
        if item.asked_if is None:
            continue
        gate = by_id.get(item.asked_if.item)
        if gate is None:
            message = f"is asked only if {item.asked_if.item!r}, which is no item."
            yield Problem(code="unknown-gate", column=item.id, message=message)
            continue
        gate_format = formats.get(gate.format)
        if isinstance(gate_format, MultiSelectFormat):
            message = f"its gate {gate.id!r} is multi-select; a gate needs one answer."
            yield Problem(code="gate-multi-select", column=item.id, message=message)
        elif gate_format is not None and not isinstance(gate_format, NumericFormat):
            codes = option_codes(gate_format.options)
            for code in item.asked_if.any_of:
                if code not in codes:
                    message = f"is asked if {gate.id!r} is {code}, which is none of its options."
                    yield Problem(code="gate-outside-options", column=item.id, message=message)
        if _gate_cycle(item, by_id):
            message = "is asked only if an item that depends on it; gates must not form a circle."
            yield Problem(code="gate-cycle", column=item.id, message=message)


def _gate_cycle(item: Item, by_id: Mapping[str, Item]) -> bool:
    seen = {item.id}
    gate = item.asked_if
    while gate is not None and gate.item in by_id:
        if gate.item in seen:
            return gate.item == item.id
        seen.add(gate.item)
        gate = by_id[gate.item].asked_if
    return False
