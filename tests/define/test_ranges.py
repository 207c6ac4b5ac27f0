"""Possible ranges: cases worked by hand, and every pattern of answers tried out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.define.catalogue import instrument, instruments
from digilitt.define.instrument import Instrument
from digilitt.define.ranges import (
    always_applicable,
    item_ranges,
    mean_range,
    pooled_items,
    score_range,
)
from digilitt.define.scale import Scale


def text(name: str) -> dict[str, str]:
    return {"en": name}


def numeric(low: float, high: float, *, optional: bool = False) -> dict[str, Any]:
    meaning = "not_applicable" if optional else "missing"
    missing = [{"code": 999, "counts_as": meaning, "en": "no answer"}]
    return {"kind": "numeric", "minimum": low, "maximum": high, "missing": missing}


def made(ends: Mapping[str, tuple[float, float] | dict[str, Any]], *scales: Any) -> Instrument:
    """An instrument with an item for each pair of ends (or format), and the scales."""
    formats = {
        name: numeric(*given) if isinstance(given, tuple) else given for name, given in ends.items()
    }
    items = [{"id": name, "format": name, "text": text(name)} for name in formats]
    titled = [{"title": text(scale["id"]), **scale} for scale in scales]
    return Instrument(
        id="made",
        version="1.0",
        status="pilot",
        languages=["en"],
        title=text("made"),
        licence="MIT",
        formats=formats,
        items=items,
        scales=titled,
    )


def ends_of(one: Instrument, scale: str = "s") -> tuple[float, float]:
    by_id = {scale.id: scale for scale in one.scales}
    ranges = item_ranges(one.items, one.formats)
    return score_range(by_id[scale], by_id, ranges, always_applicable(one.items, one.formats))


AB = {"a": (1.0, 5.0), "b": (1.0, 5.0)}
MIXED = {"a": (1.0, 5.0), "b": (0.0, 10.0)}
MAY_NOT_APPLY = {"a": numeric(1, 5, optional=True), "b": (1.0, 5.0)}
NEITHER_MAY_APPLY = {name: numeric(1, 5, optional=True) for name in "ab"}
BELOW_ZERO = {"a": (-2.0, 2.0), "b": (-3.0, -1.0)}
HANDMADE: dict[str, tuple[Any, dict[str, Any], tuple[float, float]]] = {
    # Whole scales.
    "mean": (AB, {"metric": "mean"}, (1, 5)),
    "sum": (AB, {"metric": "sum"}, (2, 10)),
    "reversed items keep their range": (AB, {"items": ["a", "-b"], "metric": "sum"}, (2, 10)),
    "weighted sum: 3 + 0.5": (
        AB,
        {"items": [{"item": "a", "weight": 3}, {"item": "b", "weight": 0.5}], "metric": "sum"},
        (3.5, 17.5),
    ),
    "percentage": (MIXED, {"metric": "pomp", "min_answered": 1}, (0, 100)),
    # A prorated sum of one answer is doubled: 1 + 1 and 5 + 5 again.
    "prorated sum": (AB, {"metric": "sum", "min_answered": 1}, (2, 10)),
    # Not prorated: one answer counts 1.
    "sum as it is": (AB, {"metric": "sum", "min_answered": 1, "prorate": False}, (1, 10)),
    "sum as it is, half": (AB, {"metric": "sum", "min_answered": 0.5, "prorate": False}, (1, 10)),
    "sum as it is, two": (AB, {"metric": "sum", "min_answered": 2, "prorate": False}, (2, 10)),
    # Nobody can leave out an item that applies to everybody.
    "sum as it is, all": (AB, {"metric": "sum", "prorate": False}, (2, 10)),
    # a does not apply: b alone, 1 to 5.
    "sum as it is, one may not apply": (
        MAY_NOT_APPLY,
        {"metric": "sum", "prorate": False},
        (1, 10),
    ),
    # Either may not apply, but somebody to whom neither applies has no score.
    "sum as it is, each may not apply": (
        NEITHER_MAY_APPLY,
        {"metric": "sum", "prorate": False},
        (1, 10),
    ),
    "sum as it is, below zero, all": (
        BELOW_ZERO,
        {"metric": "sum", "prorate": False},
        (-5, 1),
    ),
    # Highest: a alone, 2. Lowest: both, -5.
    "sum as it is, below zero, one": (
        BELOW_ZERO,
        {"metric": "sum", "prorate": False, "min_answered": 1},
        (-5, 2),
    ),
    # Different ranges: (1 + 0) / 2 and (5 + 10) / 2 when all must be answered …
    "mean of different ranges, all": (MIXED, {"metric": "mean"}, (0.5, 7.5)),
    # … but b alone has means of 0 and 10, and a prorated sum of 0 and 20.
    "mean of different ranges, one": (MIXED, {"metric": "mean", "min_answered": 1}, (0, 10)),
    "sum of different ranges, one": (MIXED, {"metric": "sum", "min_answered": 1}, (0, 20)),
    # Three items, two needed. Lowest: (0 + 1) / 2. Highest: (5 + 10) / 2.
    "mean of different ranges, two of three": (
        {**MIXED, "c": (1.0, 4.0)},
        {"items": ["a", "b", "c"], "metric": "mean", "min_answered": 2},
        (0.5, 7.5),
    ),
    # Weights 1 and 3: (1·1 + 3·0) / 4 = 0.25, (5 + 30) / 4 = 8.75.
    "weighted mean of different ranges": (
        MIXED,
        {"items": ["a", {"item": "b", "weight": 3}], "metric": "mean"},
        (0.25, 8.75),
    ),
    # Transforms.
    "system usability": (
        {f"i{k}": (1.0, 5.0) for k in range(10)},
        {
            "items": [f"i{k}" for k in range(10)],
            "metric": "linear",
            "linear": {"multiply": 2.5, "add": -25},
        },
        (0, 100),
    ),
    "negative factor turns the ends": (
        AB,
        {"metric": "linear", "linear": {"base": "mean", "multiply": -2, "add": 12}},
        (2, 10),
    ),
    # Sum 1 (one answer) to 10: 10 - 1 and 10 - 10.
    "negative factor on a sum as it is": (
        AB,
        {
            "metric": "linear",
            "linear": {"multiply": -1, "add": 10},
            "prorate": False,
            "min_answered": 1,
        },
        (0, 9),
    ),
    # 50 + 10 (1 - 3) / 0.5 and 50 + 10 (5 - 3) / 0.5.
    "t score": (
        AB,
        {"metric": "t", "norms": {"source": "x", "table": [{"mean": 3, "sd": 0.5}]}},
        (10, 90),
    ),
    # Sums are 2 to 10. Women: 50 + 10 (2 - 6) / 2 = 30 to 70. Men: 25 to 65.
    "t score by group": (
        AB,
        {
            "metric": "t",
            "norms": {
                "base": "sum",
                "source": "x",
                "by": "sex",
                "table": [
                    {"group": "kvinna", "mean": 6, "sd": 2},
                    {"group": "man", "mean": 7, "sd": 2},
                ],
            },
        },
        (25, 70),
    ),
}


@pytest.mark.parametrize("name", HANDMADE)
def test_range_worked_by_hand(name: str) -> None:
    items, scale, expected = HANDMADE[name]
    one = made(items, {"id": "s", "items": ["a", "b"], **scale})
    assert ends_of(one) == pytest.approx(expected, abs=1e-12)


def test_scale_means_of_different_ranges() -> None:
    inner = [
        {"id": "x", "items": ["a"], "metric": "sum"},
        {"id": "y", "items": ["b"], "metric": "pomp"},
    ]
    outer = {"id": "s", "scales": ["x", "y"], "combine": "scale_means", "metric": "sum"}
    # Means of the inner scales lie from 1 to 5 and from 0 to 10, whatever their own metric is.
    assert ends_of(made(MIXED, *inner, outer)) == (1, 15)
    # One scale is enough: y alone has 0 or 10, prorated to two scales 0 or 20.
    assert ends_of(made(MIXED, *inner, {**outer, "min_answered": 1})) == (0, 20)
    # One is enough and nothing is prorated: 0 to 15.
    as_it_is = {**outer, "min_answered": 1, "prorate": False}
    assert ends_of(made(MIXED, *inner, as_it_is)) == (0, 15)
    pooled = {"id": "s", "scales": ["x", "y"], "metric": "mean"}
    assert ends_of(made(MIXED, *inner, pooled)) == (0.5, 7.5)


def test_scale_that_may_not_apply() -> None:
    inner = [
        {"id": "x", "items": ["a"], "metric": "mean"},
        {"id": "y", "items": ["b"], "metric": "mean"},
    ]
    outer = {"id": "s", "scales": ["x", "y"], "combine": "scale_means", "metric": "sum"}
    # No item of x may apply; then the sum of scale means is that of y, not prorated.
    assert ends_of(made(MAY_NOT_APPLY, *inner, {**outer, "prorate": False})) == (1, 10)
    assert ends_of(made(AB, *inner, {**outer, "prorate": False})) == (2, 10)


def test_gates_decide_what_always_applies() -> None:
    items = {
        "g": {"kind": "binary", "options": [{"code": k, "en": f"o{k}"} for k in (0, 1)]},
        **AB,
    }
    one = made(items, {"id": "s", "items": ["a", "b"], "metric": "sum", "prorate": False})
    assert ends_of(one) == (2, 10)
    for otherwise, expected in (("not_applicable", (1, 10)), ("missing", (2, 10))):
        gate = {"item": "g", "any_of": [1], "otherwise": otherwise}
        gated = [
            item.model_copy(update={"asked_if": gate}) if item.id == "a" else item
            for item in one.items
        ]
        assert ends_of(one.model_copy(update={"items": gated})) == expected


def test_without_knowing_what_applies_the_range_is_wider() -> None:
    one = made(AB, {"id": "s", "items": ["a", "b"], "metric": "sum", "prorate": False})
    ranges = item_ranges(one.items, one.formats)
    assert score_range(one.scale("s"), {}, ranges) == (1, 10)
    assert score_range(one.scale("s"), {}, ranges, always={"a", "b"}) == (2, 10)


def test_ranges_of_formats() -> None:
    quiz = instrument("digital-safety-quiz")
    assert set(item_ranges(quiz.items, quiz.formats).values()) == {(0.0, 1.0)}
    scored = [{"code": k, "en": f"o{k}", "score": s} for k, s in ((1, 0.5), (2, -1.5), (3, 2.0))]
    one = made({"a": {"kind": "ordered", "options": scored}}, {"id": "s", "items": ["a"]} | MEAN)
    assert item_ranges(one.items, one.formats) == {"a": (-1.5, 2.0)}


MEAN = {"metric": "mean"}


def test_ranges_of_what_ships() -> None:
    expected = {"eheals": (8.0, 40.0), "sus": (0.0, 100.0)}
    for name, ends in expected.items():
        assert ends_of(instrument(name), name) == ends
    for one in instruments().values():
        for scale in one.scales:
            low, high = ends_of(one, scale.id)
            assert math.isfinite(low)
            assert math.isfinite(high)
            assert low < high


def test_pooled_items_stand_in_order() -> None:
    one = made(
        AB,
        {"id": "x", "items": ["b"], "metric": "mean"},
        {"id": "y", "items": ["-a"], "metric": "mean"},
        {"id": "z", "scales": ["y", "x"], "metric": "mean"},
        {"id": "s", "scales": ["z"], "metric": "mean"},
    )
    by_id = {scale.id: scale for scale in one.scales}
    pooled = pooled_items(by_id["s"], by_id)
    assert [(entry.item, entry.key) for entry in pooled] == [("a", -1), ("b", 1)]


# Every pattern of answers, by the definition of scores.

Answer = tuple[float | None, bool]  # the score or None, and whether the item applied


def score_by_definition(
    scale: Scale, by_id: Mapping[str, Scale], answers: Mapping[str, Answer]
) -> tuple[float | None, float | None, bool]:
    """Score, mean, and whether anything applied."""
    if scale.combine == "scale_means":
        inner = [score_by_definition(by_id[name], by_id, answers) for name in scale.scales]
        parts = [(mean, applies, 1.0) for _, mean, applies in inner]
    else:
        parts = [(*answers[entry.item], entry.weight) for entry in pooled_items(scale, by_id)]
    given = [(value, weight) for value, _, weight in parts if value is not None]
    n_applicable = sum(applies for _, applies, _ in parts)
    rule = scale.min_answered
    if isinstance(rule, int):
        enough = len(given) >= rule
    else:
        enough = len(given) >= (1.0 if rule == "all" else rule) * n_applicable - 1e-9
    if not given or not enough:
        return None, None, n_applicable > 0
    total = sum(value * weight for value, weight in given)
    answered = sum(weight for _, weight in given)
    everything = sum(weight for _, _, weight in parts)
    mean = total / answered
    if scale.metric == "mean":
        return mean, mean, True
    return (mean * everything if scale.prorate else total), mean, True


def answers_to(one: Instrument) -> Iterator[dict[str, Answer]]:
    always = always_applicable(one.items, one.formats)
    ranges = item_ranges(one.items, one.formats)
    states: list[list[Answer]] = []
    for item in one.items:
        low, high = ranges[item.id]
        out: list[Answer] = [] if item.id in always else [(None, False)]
        states.append([(low, True), (high, True), (None, True), *out])
    for pattern in product(*states):
        yield dict(zip((item.id for item in one.items), pattern, strict=True))


NUMBERS = st.sampled_from([-3.0, -1.0, 0.0, 0.5, 1.0, 2.0, 5.0, 10.0])
WEIGHTS = st.sampled_from([0.5, 1.0, 1.0, 3.0])
SHARES = st.sampled_from([0.01, 0.3, 0.5, 0.6666666666666666, 0.9])


@st.composite
def scale_of_items(draw: st.DrawFn, name: str, items: list[str]) -> dict[str, Any]:
    rule = st.one_of(st.just("all"), SHARES, st.integers(1, len(items)))
    metric = draw(st.sampled_from(["mean", "sum", "sum"]))
    return {
        "id": name,
        "items": [{"item": item, "weight": draw(WEIGHTS)} for item in items],
        "metric": metric,
        "min_answered": draw(rule),
        "prorate": metric == "mean" or draw(st.booleans()),
    }


@st.composite
def random_instruments(draw: st.DrawFn) -> Instrument:
    n_items = draw(st.integers(1, 4))
    formats = {}
    for k in range(n_items):
        low, high = sorted(draw(st.lists(NUMBERS, min_size=2, max_size=2, unique=True)))
        formats[f"i{k}"] = numeric(low, high, optional=draw(st.booleans()))
    names = [*formats]
    if n_items == 1 or draw(st.booleans()):
        return made(formats, draw(scale_of_items("s", names)))
    cut = draw(st.integers(1, n_items - 1))
    outer = draw(scale_of_items("s", ["x", "y"])) | {
        "scales": ["x", "y"],
        "combine": draw(st.sampled_from(["items", "scale_means"])),
    }
    del outer["items"]
    return made(
        formats,
        draw(scale_of_items("x", names[:cut])),
        draw(scale_of_items("y", names[cut:])),
        outer,
    )


@settings(max_examples=150)
@given(random_instruments())
def test_range_is_reached_and_never_left(one: Instrument) -> None:
    by_id = {scale.id: scale for scale in one.scales}
    scores = [score_by_definition(by_id["s"], by_id, answers)[0] for answers in answers_to(one)]
    reached = [score for score in scores if score is not None]
    assert ends_of(one) == pytest.approx((min(reached), max(reached)), abs=1e-9)


@settings(max_examples=100)
@given(random_instruments())
def test_mean_range_lies_within_the_parts(one: Instrument) -> None:
    by_id = {scale.id: scale for scale in one.scales}
    ranges = item_ranges(one.items, one.formats)
    low, high = mean_range(by_id["s"], by_id, ranges)
    assert min(end for end, _ in ranges.values()) <= low
    assert high <= max(end for _, end in ranges.values())


def test_many_items_are_no_work() -> None:
    n_items = 400
    items = {f"i{k}": numeric(k % 5, 10 + k % 7, optional=k % 2 == 0) for k in range(n_items)}
    scale = {"id": "s", "items": [*items], "metric": "mean", "min_answered": 0.5}
    low, high = ends_of(made(items, scale))
    assert 0 <= low < high <= 16
