"""What an instrument is compiled into."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from digilitt.define.catalogue import instrument
from digilitt.define.instrument import Instrument
from digilitt.define.scale import Norm
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.plan import expected
from tests import oracle
from tests.strategies import AGREE5, QUIZ, definitions, small


def options(*codes: int, **scores: float) -> list[dict[str, object]]:
    made = [{"code": code, "sv": f"s{code}", "en": f"e{code}"} for code in codes]
    return [
        {**option, "score": scores[f"c{option['code']}"]}
        if f"c{option['code']}" in scores
        else option
        for option in made
    ]


MISSING = [
    {"code": 7, "counts_as": "not_applicable", "sv": "ej", "en": "n/a"},
    {"code": 8, "counts_as": "wrong", "sv": "vet ej", "en": "unknown"},
    {"code": 9, "counts_as": "missing", "sv": "vill ej", "en": "refused"},
]


@pytest.mark.parametrize(
    ("made", "span", "lookup", "allowed"),
    [
        (
            {"kind": "ordered", "options": options(3, 1, 2)},
            (1.0, 3.0, True),
            (),
            "1 to 3",
        ),
        (
            {"kind": "ordered", "options": options(1, 2, 4)},
            None,
            ((1.0, 1.0), (2.0, 2.0), (4.0, 4.0)),
            "1, 2, 4",
        ),
        (
            {"kind": "frequency", "options": options(1, 2, 3, c2=1.5)},
            None,
            ((1.0, 1.0), (2.0, 1.5), (3.0, 3.0)),
            "1, 2, 3",
        ),
        (
            {"kind": "numeric", "minimum": 0, "maximum": 2.5, "missing": MISSING[2:]},
            (0.0, 2.5, False),
            (),
            "a number from 0 to 2.5 or a missing code (9)",
        ),
        (
            {"kind": "numeric", "minimum": 0, "maximum": 5, "integer": True},
            (0.0, 5.0, True),
            (),
            "0 to 5",
        ),
        (
            {"kind": "binary", "options": options(1, 2, c1=1.0, c2=0.0), "missing": MISSING},
            None,
            ((1.0, 1.0), (2.0, 0.0), (8.0, 0.0)),
            "1, 2 or a missing code (7, 8, 9)",
        ),
    ],
)
def test_formats_become_spans_or_lookups(
    made: dict[str, object],
    span: tuple[float, float, bool] | None,
    lookup: tuple[tuple[float, float], ...],
    allowed: str,
) -> None:
    scale = {"id": "s", "items": ["q"], "metric": "mean"}
    item = compile_plan(small({"q": "f"}, scale, formats={"f": made})).item("q")
    assert (item.span, item.lookup, item.credit) == (span, lookup, None)
    assert expected(item) == allowed


def test_right_answers_score_one() -> None:
    made = {"kind": "single_choice", "options": options(1, 2, 3), "missing": MISSING}
    scale = {"id": "s", "items": ["q", "m"], "metric": "sum"}
    formats = {"f": made, "quiz": QUIZ}
    items = {"q": {"format": "f", "key": 2}, "m": {"format": "quiz", "key": [1, 3]}}
    plan = compile_plan(small(items, scale, formats=formats))
    assert plan.item("q").lookup == ((1.0, 0.0), (2.0, 1.0), (3.0, 0.0), (8.0, 0.0))
    several = plan.item("m")
    assert several.columns == ("m:1", "m:2", "m:3")
    assert several.keyed == (True, False, True)
    assert (several.low, several.high, several.wrong) == (0.0, 1.0, (98.0,))
    assert expected(several) == "0 or 1 or a missing code (98)"


def test_scales_stand_after_those_they_add_up() -> None:
    plan = compile_plan(
        small(
            {"a1": "agree", "a2": "agree", "a3": "agree"},
            {"id": "top", "scales": ["pair", "one"], "combine": "scale_means", "metric": "mean"},
            {"id": "pool", "scales": ["one", "pair"], "metric": "sum"},
            {
                "id": "pair",
                "items": ["a1", {"item": "a2", "key": -1, "weight": 2.0}],
                "metric": "mean",
            },
            {"id": "one", "items": ["a3"], "metric": "mean"},
        )
    )
    assert [scale.scale for scale in plan.scales] == ["pair", "one", "top", "pool"]
    assert [(p.name, p.is_scale, p.low, p.high) for p in plan.scale("top").parts] == [
        ("pair", True, 1.0, 5.0),
        ("one", True, 1.0, 5.0),
    ]
    # Items keep their keys and weights when scales are pooled.
    assert [(p.name, p.key, p.weight) for p in plan.scale("pool").parts] == [
        ("a3", 1, 1.0),
        ("a1", 1, 1.0),
        ("a2", -1, 2.0),
    ]
    assert plan.scale("pool").total_weight == 4.0
    assert (plan.scale("pool").low, plan.scale("pool").high) == (4.0, 20.0)


def test_only_columns_that_scoring_reads() -> None:
    gate = {"any_of": [1], "otherwise": "missing"}
    binary = {"kind": "binary", "options": options(0, 1)}
    norms = {"source": "x", "by": "sex", "table": [{"group": "man", "mean": 3.0, "sd": 1.0}]}
    plan = compile_plan(
        small(
            {
                "unused": "agree",
                "a1": {"format": "agree", "asked_if": {"item": "g2", **gate}},
                "g2": {"format": "yesno", "asked_if": {"item": "g1", **gate}},
                "g1": "yesno",
                "m": {"format": "quiz", "key": [2]},
            },
            {"id": "s", "items": ["a1", "m"], "metric": "t", "norms": norms},
            {"id": "z", "items": ["a1"], "metric": "t", "norms": norms},
            formats={"agree": AGREE5, "yesno": binary, "quiz": QUIZ},
        )
    )
    # Gates before gates too, in the order of the instrument.
    assert plan.columns == ("a1", "g2", "g1", "m:1", "m:2", "m:3")
    assert [item.item for item in plan.scored_items] == ["a1", "m"]
    assert plan.norm_groups == ("sex",)
    norm = plan.scale("s").norms
    assert norm is not None
    assert norm.table == (Norm(group="man", mean=3.0, sd=1.0),)


@pytest.mark.parametrize(
    ("rule", "minimum", "is_share"), [("all", 1.0, True), (0.7, 0.7, True), (2, 2.0, False)]
)
def test_missing_rules(rule: str | float, minimum: float, is_share: bool) -> None:
    scale = {"id": "s", "items": ["a1", "a2"], "metric": "mean", "min_answered": rule}
    made = compile_plan(small({"a1": "agree", "a2": "agree"}, scale)).scale("s")
    assert (made.minimum, made.is_share) == (minimum, is_share)


def test_a_sum_that_is_not_prorated_can_lie_below_all_items_at_their_lowest() -> None:
    scale = {"id": "s", "items": ["a1", "a2"], "metric": "sum", "prorate": False}
    items = {"a1": "plain", "a2": "plain"}
    formats = {"plain": {**AGREE5, "missing": []}}
    every = compile_plan(small(items, scale, formats=formats)).scale("s")
    assert (every.low, every.high) == (2.0, 10.0)
    some = compile_plan(small(items, {**scale, "min_answered": 1}, formats=formats)).scale("s")
    assert (some.low, some.high) == (1.0, 10.0)


@settings(max_examples=50)
@given(definitions())
def test_every_instrument_compiles_to_what_it_says(definition: dict) -> None:
    plan = compile_plan(Instrument(**definition))
    assert [item.item for item in plan.items] == [item["id"] for item in definition["items"]]
    done: set[str] = set()
    for scale in plan.scales:
        raw = oracle.by_id(definition, "scales")[scale.scale]
        entries = oracle.entries(definition, raw)
        assert [(p.name, p.key, p.weight) for p in scale.parts] == [
            (entry.name, entry.key, float(entry.weight)) for entry in entries
        ]
        assert {part.name for part in scale.parts if part.is_scale} <= done
        done.add(scale.scale)
    items = oracle.by_id(definition, "items")
    for item in plan.items:
        assert (item.low, item.high) == tuple(map(float, oracle.item_range(definition, item.item)))
        assert list(item.columns) == oracle.item_columns(definition, items[item.item])


def test_instruments_that_ship_compile() -> None:
    plan = compile_plan(instrument("digilitt-core"))
    assert [scale.scale for scale in plan.scales][3] == "total"
    assert {item.span for item in plan.items} == {(1.0, 5.0, True)}
