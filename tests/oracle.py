"""A second scorer, one person at a time, exact, and straight from the words of the TOML schema.

It shares no code with `digilitt.scoring`, nor with `digilitt.define`: definitions are the plain
dictionaries that a TOML file gives, numbers are fractions, and nothing is compiled beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Definition = Mapping[str, Any]
Answers = Mapping[str, float | None]

# A score this close below a cut score reaches it; a share this close to its minimum meets it.
NEARLY = Fraction(1, 10**9)


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What one person's answer to one item came to; `value` is None where there is none."""

    value: Fraction | None
    applicable: bool = True
    n_invalid: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One person's result on one scale; `mean` is what a scale of scale means takes up."""

    estimate: Fraction | None
    mean: Fraction | None
    n_answered: int
    n_missing: int
    n_invalid: int
    band: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as a scale lists it, with those that do as well, or another scale."""

    name: str
    key: int
    weight: Fraction
    others: tuple[str, ...] = ()


def score_person(
    definition: Definition, answers: Answers, groups: Mapping[str, object] | None = None
) -> dict[str, Outcome]:
    """Score one person on every scale; `answers` by column, `groups` as norms name them."""
    scales = by_id(definition, "scales")
    return {name: _scale(definition, scales[name], answers, groups or {}) for name in scales}


def by_id(definition: Definition, what: str) -> dict[str, Any]:
    """Items or scales of a definition by their id."""
    return {entry["id"]: entry for entry in definition[what]}


def item_columns(definition: Definition, item: Mapping[str, Any]) -> list[str]:
    """Columns of an item's answers."""
    made = definition["formats"][item["format"]]
    if made["kind"] != "multi_select":
        return [item["id"]]
    return [f"{item['id']}:{option['code']}" for option in made["options"]]


def is_answer(made: Mapping[str, Any], cell: float | None) -> bool:
    """Whether a cell is a substantive answer in a format that is not multi-select."""
    if cell is None or not math.isfinite(cell):
        return False
    if made["kind"] == "numeric":
        inside = made["minimum"] <= cell <= made["maximum"]
        return inside and (not made.get("integer", False) or cell == int(cell))
    return cell in [option["code"] for option in made["options"]]


def meaning(made: Mapping[str, Any], cell: float | None) -> str | None:
    """What a cell counts as if it is a missing code of the format."""
    found = [m["counts_as"] for m in made.get("missing", ()) if cell == m["code"]]
    return found[0] if found else None


def is_asked(definition: Definition, item: Mapping[str, Any], answers: Answers) -> bool:
    """Whether no gate before the item was answered so that it is left out."""
    gate = item.get("asked_if")
    if gate is None:
        return True
    before = by_id(definition, "items")[gate["item"]]
    if not is_asked(definition, before, answers):
        return False
    answer = answers[before["id"]]
    made = definition["formats"][before["format"]]
    return not is_answer(made, answer) or answer in gate["any_of"]


def score_item(definition: Definition, item: Mapping[str, Any], answers: Answers) -> ItemOutcome:
    """Score one item, gate included."""
    made = definition["formats"][item["format"]]
    cells = [answers[column] for column in item_columns(definition, item)]
    if made["kind"] == "multi_select":
        outcome = _multi(item, made, cells)
    else:
        outcome = _single(item, made, cells[0])
    if is_asked(definition, item, answers):
        return outcome
    otherwise = item["asked_if"].get("otherwise", "not_applicable")
    value = Fraction(0) if otherwise == "wrong" else None
    return ItemOutcome(value, otherwise != "not_applicable", outcome.n_invalid)


def _single(item: Mapping[str, Any], made: Mapping[str, Any], cell: float | None) -> ItemOutcome:
    if cell is None:
        return ItemOutcome(None)
    if is_answer(made, cell):
        return ItemOutcome(_worth(item, made, cell))
    counts_as = meaning(made, cell)
    if counts_as is None:
        return ItemOutcome(None, n_invalid=1)
    return ItemOutcome(Fraction(0) if counts_as == "wrong" else None, counts_as != "not_applicable")


def _worth(item: Mapping[str, Any], made: Mapping[str, Any], cell: float) -> Fraction:
    if made["kind"] == "numeric":
        return Fraction(cell)
    if made["kind"] == "single_choice":
        return Fraction(cell == item["key"])
    option = next(option for option in made["options"] if option["code"] == cell)
    return Fraction(option.get("score", option["code"]))


def _multi(
    item: Mapping[str, Any], made: Mapping[str, Any], cells: list[float | None]
) -> ItemOutcome:
    meanings = {meaning(made, cell) for cell in cells}
    invalid = any(
        cell is not None and cell not in (0, 1) and meaning(made, cell) is None for cell in cells
    )
    if "not_applicable" in meanings:
        return ItemOutcome(None, applicable=False, n_invalid=int(invalid))
    if invalid:
        return ItemOutcome(None, n_invalid=1)
    if "wrong" in meanings:
        return ItemOutcome(Fraction(0))
    if any(cell not in (0, 1) for cell in cells):
        return ItemOutcome(None)
    codes = [option["code"] for option in made["options"]]
    ticked = {code for code, cell in zip(codes, cells, strict=True) if cell == 1}
    keyed = set(item["key"])
    if made["credit"] == "all_or_nothing":
        return ItemOutcome(Fraction(ticked == keyed))
    if made["credit"] == "proportion_correct":
        right = sum((code in ticked) == (code in keyed) for code in codes)
        return ItemOutcome(Fraction(right, len(codes)))
    net = len(ticked & keyed) - len(ticked - keyed)
    return ItemOutcome(Fraction(max(net, 0), len(keyed)))


def item_range(definition: Definition, name: str) -> tuple[Fraction, Fraction]:
    """Lowest and highest score an item can have."""
    made = definition["formats"][by_id(definition, "items")[name]["format"]]
    if made["kind"] == "numeric":
        return Fraction(made["minimum"]), Fraction(made["maximum"])
    if made["kind"] in ("single_choice", "multi_select"):
        return Fraction(0), Fraction(1)
    worths = [Fraction(option.get("score", option["code"])) for option in made["options"]]
    return min(worths), max(worths)


def entries(definition: Definition, scale: Mapping[str, Any]) -> list[Entry]:
    """Parts of a scale: its items, the pooled items of its scales, or the means of those."""
    if scale.get("combine") in ("scale_means", "bands"):
        return [Entry(name, 1, Fraction(1)) for name in scale["scales"]]
    if scale.get("scales"):
        scales = by_id(definition, "scales")
        return [part for name in scale["scales"] for part in _pooled(definition, scales[name])]
    return [entry_of(part) for part in scale["items"]]


def _pooled(definition: Definition, scale: Mapping[str, Any]) -> list[Entry]:
    """The items of a scale, also through a scale that takes means itself."""
    return entries(definition, {key: scale[key] for key in scale if key != "combine"})


def entry_of(part: str | Mapping[str, Any]) -> Entry:
    """A part of a scale, in its short or its long form."""
    if isinstance(part, str):
        return Entry(part.lstrip("-"), -1 if part.startswith("-") else 1, Fraction(1))
    others = tuple(part.get("or_any_of", ()))
    return Entry(part["item"], part.get("key", 1), Fraction(part.get("weight", 1)), others)


def part_range(
    definition: Definition, scale: Mapping[str, Any], part: Entry
) -> tuple[Fraction, Fraction]:
    """Lowest and highest value of one part of a scale."""
    if scale.get("combine") != "scale_means":
        return item_range(definition, part.name)
    inner = by_id(definition, "scales")[part.name]
    parts = entries(definition, inner)
    ranges = [part_range(definition, inner, inner_part) for inner_part in parts]
    total = sum(inner_part.weight for inner_part in parts)
    low, high = (
        sum(p.weight * ends[end] for p, ends in zip(parts, ranges, strict=True)) / total
        for end in (0, 1)
    )
    return low, high


def _scale(
    definition: Definition,
    scale: Mapping[str, Any],
    answers: Answers,
    groups: Mapping[str, object],
) -> Outcome:
    if scale["metric"] == "count":
        return _counted(definition, scale, answers, groups)
    parts = entries(definition, scale)
    outcomes = list(_parts(definition, scale, answers, groups, parts))
    ranges = [part_range(definition, scale, part) for part in parts]
    answered = [
        (part, low + high - outcome.value if part.key == -1 else outcome.value, low, high)
        for part, outcome, (low, high) in zip(parts, outcomes, ranges, strict=True)
        if outcome.value is not None
    ]
    n_applicable = sum(outcome.applicable for outcome in outcomes)
    enough = bool(answered) and len(answered) >= _needed(scale, n_applicable)
    total = sum((part.weight * value for part, value, _, _ in answered), Fraction(0))
    weight = sum((part.weight for part, *_ in answered), Fraction(0))
    estimate: Fraction | None = None
    if enough and scale["metric"] == "pomp":
        floor = sum(part.weight * low for part, _, low, _ in answered)
        width = sum(part.weight * (high - low) for part, _, low, high in answered)
        estimate = 100 * (total - floor) / width
    elif enough:
        of_all = sum(part.weight for part in parts)
        whole = total / weight * of_all if scale.get("prorate", True) else total
        estimate = transformed(scale, whole, total / weight, groups)
    return Outcome(
        estimate=estimate,
        mean=total / weight if enough else None,
        n_answered=len(answered),
        n_missing=n_applicable - len(answered),
        n_invalid=_n_invalid(definition, scale, answers),
        band=_band(scale, estimate) if n_applicable else _unassessed(scale),
    )


def _unassessed(scale: Mapping[str, Any]) -> str | None:
    """The band of somebody to whom nothing applies."""
    special = scale.get("not_assessed")
    return special["id"] if special else None


def _counted(
    definition: Definition,
    scale: Mapping[str, Any],
    answers: Answers,
    groups: Mapping[str, object],
) -> Outcome:
    if scale.get("combine") == "bands":
        scales = by_id(definition, "scales")
        inner = [_scale(definition, scales[name], answers, groups) for name in scale["scales"]]
        ranks = [
            _rank(scales[name], one.band) for name, one in zip(scale["scales"], inner, strict=True)
        ]
        thresholds = [_rank(scales[name], scale["at_least"]) for name in scale["scales"]]
        reached = [
            None if rank is None else rank >= threshold
            for rank, threshold in zip(ranks, thresholds, strict=True)
        ]
        applicable = [one.n_answered + one.n_missing > 0 for one in inner]
    else:
        parts = [_activity(definition, scale, answers, e) for e in entries(definition, scale)]
        reached = [part[0] for part in parts]
        applicable = [part[1] for part in parts]
        ranks = []
    n_applicable, n_answered = sum(applicable), sum(one is not None for one in reached)
    enough = n_answered >= 1 and n_answered >= _needed(scale, n_applicable)
    estimate = Fraction(reached.count(True)) if enough else None
    band = None if estimate is None else _last_met(definition, scale, estimate, ranks)
    return Outcome(
        estimate=estimate,
        mean=estimate / n_answered if estimate is not None else None,
        n_answered=n_answered,
        n_missing=n_applicable - n_answered,
        n_invalid=_n_invalid(definition, scale, answers),
        band=band if n_applicable else _unassessed(scale),
    )


def _n_invalid(definition: Definition, scale: Mapping[str, Any], answers: Answers) -> int:
    """Items that a scale rests on, and gates before them, whose answer is no answer."""
    known = by_id(definition, "items")
    names: set[str] = set()
    for name in _names(definition, scale):
        current: str | None = name
        while current is not None:
            names.add(current)
            current = known[current].get("asked_if", {}).get("item")
    return sum(score_item(definition, known[name], answers).n_invalid for name in names)


def _names(definition: Definition, scale: Mapping[str, Any]) -> set[str]:
    if scale.get("scales"):
        inner = by_id(definition, "scales")
        return set().union(*(_names(definition, inner[name]) for name in scale["scales"]))
    return {
        name for part in scale["items"] for e in [entry_of(part)] for name in (e.name, *e.others)
    }


def _rank(scale: Mapping[str, Any], band: str | None) -> int | None:
    """Position among the bands of a scale, from the lowest; None outside them."""
    names = [each["id"] for each in scale["bands"]]
    return names.index(band) if band in names else None


def _last_met(
    definition: Definition, scale: Mapping[str, Any], estimate: Fraction, ranks: list[int | None]
) -> str | None:
    scales = by_id(definition, "scales")
    found = None
    for band in scale.get("bands", ()):
        met = Fraction(band["from"]) <= estimate + NEARLY
        for needed, n in band.get("needs", {}).items():
            least = [_rank(scales[name], needed) or 0 for name in scale["scales"]]
            there = [rank is not None and rank >= k for rank, k in zip(ranks, least, strict=True)]
            met = met and sum(there) >= n
        found = band["id"] if met else found
    return found


def _activity(
    definition: Definition, scale: Mapping[str, Any], answers: Answers, entry: Entry
) -> tuple[bool | None, bool]:
    """Whether one part of a count is reached, and whether it applies."""
    known = by_id(definition, "items")
    done: list[ItemOutcome] = []
    high: list[bool] = []
    for name in (entry.name, *entry.others):
        one = score_item(definition, known[name], answers)
        low, top = item_range(definition, name)
        done.append(one)
        if one.value is not None:
            value = low + top - one.value if entry.key == -1 else one.value
            high.append(value >= Fraction(scale["at_least"]) - NEARLY)
    applies = any(one.applicable for one in done)
    if any(high):
        return True, applies
    waiting = any(one.value is None and one.applicable for one in done)
    return (None if waiting or not high else False), applies


def _parts(
    definition: Definition,
    scale: Mapping[str, Any],
    answers: Answers,
    groups: Mapping[str, object],
    parts: list[Entry],
) -> Iterator[ItemOutcome]:
    for part in parts:
        if scale.get("combine") == "scale_means":
            inner = _scale(definition, by_id(definition, "scales")[part.name], answers, groups)
            applicable = inner.n_answered + inner.n_missing > 0
            yield ItemOutcome(inner.mean, applicable)
        else:
            yield score_item(definition, by_id(definition, "items")[part.name], answers)


def _needed(scale: Mapping[str, Any], n_applicable: int) -> Fraction | int:
    rule = scale.get("min_answered", "all")
    if rule == "all":
        return n_applicable
    # A share is a decimal fraction as it is written: 0.7 of 10 is 7.
    return Fraction(str(rule)) * n_applicable - NEARLY if isinstance(rule, float) else rule


def transformed(
    scale: Mapping[str, Any],
    whole: Fraction,
    mean: Fraction,
    groups: Mapping[str, object] | None = None,
) -> Fraction | None:
    """The score of a sum, a mean, a linear or a T metric from the sum and the mean of the parts."""
    metric = scale["metric"]
    if metric in ("sum", "mean"):
        return whole if metric == "sum" else mean
    if metric == "linear":
        linear = scale["linear"]
        base = whole if linear.get("base", "sum") == "sum" else mean
        return Fraction(linear.get("add", 0)) + Fraction(linear["multiply"]) * base
    norms = scale["norms"]
    base = whole if norms.get("base", "mean") == "sum" else mean
    for row in norms["table"]:
        if not norms.get("by") or (groups or {})[norms["by"]] == row["group"]:
            return 50 + 10 * (base - Fraction(row["mean"])) / Fraction(row["sd"])
    return None


def _band(scale: Mapping[str, Any], estimate: Fraction | None) -> str | None:
    if estimate is None:
        return None
    reached = [b["id"] for b in scale.get("bands", ()) if Fraction(b["from"]) <= estimate + NEARLY]
    return reached[-1] if reached else None
