"""Contradictions: what can be wrong in an instrument whose parts are each well formed.

One small function per family of rules; `contradictions` gathers what they find.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from digilitt.define.checks_format import format_problems
from digilitt.define.checks_scale import scale_problems
from digilitt.define.formats import (
    KEYED_KINDS,
    WRONG_KINDS,
    MultiSelectFormat,
    NumericFormat,
    ResponseFormat,
    option_codes,
)
from digilitt.define.indicator import Indicator, indicator_problems
from digilitt.define.item import Gate, Item
from digilitt.define.problems import listed, suggestion
from digilitt.define.scale import Scale
from digilitt.errors import Problem

# Gates before gates; scoring goes through them one within the other.
MAX_GATES = 20


def contradictions(
    formats: Mapping[str, ResponseFormat],
    items: Sequence[Item],
    scales: Sequence[Scale],
    indicators: Sequence[Indicator] = (),
) -> list[Problem]:
    """Every contradiction between formats, items, scales and indicators."""
    of_format = {name: list(format_problems(name, formats[name])) for name in formats}
    sound = {name: formats[name] for name, problems in of_format.items() if not problems}
    return [
        *(problem for problems in of_format.values() for problem in problems),
        *_repeated("item", (item.id for item in items)),
        *(problem for item in items for problem in _item_problems(item, formats)),
        *_gate_problems(items, formats),
        *_repeated("scale", (scale.id for scale in scales)),
        *scale_problems(items, sound, formats, scales),
        *_name_clashes(items, scales),
        *_repeated("indicator", (indicator.id for indicator in indicators)),
        *indicator_problems(indicators, scales),
    ]


def _repeated(what: str, ids: Iterable[str]) -> Iterator[Problem]:
    found: dict[str, list[str]] = {}
    for name in ids:
        found.setdefault(name.casefold(), []).append(name)
    for names in found.values():
        if len(names) > 1:
            message = f"{what} id {names[0]!r} stands {len(names)} times; each id may stand once."
            if len(set(names)) > 1:
                several = " and ".join(repr(name) for name in dict.fromkeys(names))
                message = f"{what} ids {several} differ only in capitals; rename one."
            yield Problem(code=f"repeated-{what}", column=names[0], message=message)


def _item_problems(item: Item, formats: Mapping[str, ResponseFormat]) -> Iterator[Problem]:
    for link in item.competences:
        if len([part for part in link.split(":") if part]) != 2 or link.count(":") != 1:
            message = (
                f"competence {link!r} is not written framework:competence, as in digcomp-3.0:1.1."
            )
            yield Problem(code="competence-form", column=item.id, message=message)
    response_format = formats.get(item.format)
    if response_format is None:
        known = listed(sorted(formats))
        message = f"item {item.id!r} uses the unknown format {item.format!r}; known: {known}."
        message += suggestion(item.format, formats)
        yield Problem(code="unknown-format", column=item.id, message=message)
        return
    yield from _key_problems(item, response_format)
    wrong_unless_asked = item.asked_if is not None and item.asked_if.otherwise == "wrong"
    if wrong_unless_asked and response_format.kind not in WRONG_KINDS:
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
        given = list(item.key) if isinstance(item.key, tuple) else item.key
        found = "no key" if given is None else f"key = {given}"
        message = f"has {found}; a {kind} item needs its right answer, as in {example}."
        yield Problem(code="key-missing", column=item.id, message=message)
        return
    keys = item.key if isinstance(item.key, tuple) else (item.key,)
    codes = option_codes(response_format.options)
    for code in keys:
        if code not in codes:
            message = f"key {code} is not among the options {listed(codes)}."
            yield Problem(code="key-outside-options", column=item.id, message=message)
    if len(set(keys)) < len(keys):
        message = f"key {list(keys)} names an option twice; name it once."
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
            message = f"is asked only if {item.asked_if.item!r}, which is no item; mend the id."
            message += suggestion(item.asked_if.item, by_id)
            yield Problem(code="unknown-gate", column=item.id, message=message)
            continue
        if gate.format in formats:
            yield from _gate_code_problems(item.id, item.asked_if, formats[gate.format])
        yield from _gate_chain_problems(item, by_id)


def _gate_code_problems(item_id: str, gate: Gate, gate_format: ResponseFormat) -> Iterator[Problem]:
    if isinstance(gate_format, MultiSelectFormat):
        message = f"its gate {gate.item!r} is multi-select; a gate needs one answer."
        yield Problem(code="gate-multi-select", column=item_id, message=message)
        return
    for code in gate.any_of:
        if isinstance(gate_format, NumericFormat):
            known = gate_format.minimum <= code <= gate_format.maximum
            allowed = f"{gate_format.minimum:g} to {gate_format.maximum:g}"
        else:
            known = code in option_codes(gate_format.options)
            allowed = listed(option_codes(gate_format.options))
        if not known:
            message = f"is asked if {gate.item!r} is {code}, which is no answer to it ({allowed})."
            yield Problem(code="gate-outside-options", column=item_id, message=message)


def _gate_chain_problems(item: Item, by_id: Mapping[str, Item]) -> Iterator[Problem]:
    seen, gate = [item.id], item.asked_if
    while gate and gate.item in by_id and gate.item not in seen and len(seen) <= MAX_GATES + 1:
        seen.append(gate.item)
        gate = by_id[gate.item].asked_if
    if gate is not None and gate.item == item.id:
        shown = seen if len(seen) < 5 else [*seen[:3], "…"]
        circle = " → ".join([*shown, item.id])
        message = f"is asked only if an item that depends on it ({circle}); open the circle."
        yield Problem(code="gate-cycle", column=item.id, message=message)
    elif len(seen) - 1 > MAX_GATES:
        message = (
            f"has more than {MAX_GATES} gates before it, each depending on the next; use fewer."
        )
        yield Problem(code="gate-depth", column=item.id, message=message)


def _name_clashes(items: Sequence[Item], scales: Sequence[Scale]) -> Iterator[Problem]:
    names = [
        name
        for scale in {scale.id.casefold(): scale for scale in scales}.values()
        for name in (scale.column, f"{scale.id}_n_answered", f"{scale.id}_band")
    ]
    names += {item.id.casefold(): item.id for item in items}.values()
    for name, count in Counter(name.casefold() for name in names).items():
        if count > 1:
            shown = next(given for given in reversed(names) if given.casefold() == name)
            message = f"{shown!r} would name two columns of the scores; rename a scale or an item."
            yield Problem(code="name-clash", column=shown, message=message)
