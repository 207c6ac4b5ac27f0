"""Broken counts, needs of bands, people not assessed, indicators: one error names them all."""

from __future__ import annotations

from typing import Any

import pytest

from digilitt.define.instrument import Instrument
from digilitt.errors import DefinitionError
from tests.strategies import AGREE5, small_definition, text

YES = {"kind": "binary", "options": [{"code": 0, **text("no")}, {"code": 1, **text("yes")}]}
MAYBE = {**YES, "missing": [{"code": 9, "counts_as": "not_applicable", **text("n/a")}]}
ITEMS = {"y1": "yes", "y2": "yes", "m1": "maybe", "m2": "maybe", "a1": "agree"}
BANDS = [{"id": "low", "from": 0, **text("low")}, {"id": "high", "from": 1, **text("high")}]
NA = {"id": "na", **text("not assessed")}

COUNT: dict[str, Any] = {"items": ["y1", "y2"], "metric": "count", "at_least": 1, "bands": BANDS}
OUTER: dict[str, Any] = {
    "scales": ["one", "two"],
    "combine": "bands",
    "metric": "count",
    "at_least": "high",
}


def definition(*indicators: dict[str, Any], outer: Any = None, **one: Any) -> dict[str, Any]:
    """Two counts, `one` with changes (None takes a key out), and a count of both."""
    first = {k: v for k, v in {"id": "one", **COUNT, **one}.items() if v is not None}
    second = {"id": "two", **COUNT, "items": ["m1", "m2"]}
    whole = {k: v for k, v in {"id": "all", **OUTER, **(outer or {})}.items() if v is not None}
    formats = {"yes": YES, "maybe": MAYBE, "agree": AGREE5}
    made = small_definition(ITEMS, first, second, whole, formats=formats)
    return {**made, "indicators": [{"title": text("share"), **each} for each in indicators]}


def band(**more: Any) -> dict[str, Any]:
    return {"id": "top", "from": 2, **text("top"), **more}


BROKEN: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "no threshold": (definition(at_least=None), [("count-parts", "one")]),
    "a band for items": (definition(at_least="high"), [("count-parts", "one")]),
    "a score for scales": (definition(outer={"at_least": 1}), [("count-parts", "all")]),
    "everybody reaches it": (
        definition(at_least=0),
        [("threshold-outside", "one"), ("threshold-outside", "one")],
    ),
    "nobody reaches it": (
        definition(items=["y1", "a1"], at_least=2),
        [("threshold-outside", "one")],
    ),
    "items that do as well too": (
        definition(items=["y1", {"item": "y2", "or_any_of": ["a1"]}]),
        [("threshold-outside", "one")],
    ),
    "the lowest band": (
        definition(outer={"at_least": "low"}),
        [("threshold-outside", "all"), ("threshold-outside", "all")],
    ),
    "an unknown band": (
        definition(outer={"at_least": "hihg"}),
        [("unknown-band", "all"), ("unknown-band", "all")],
    ),
    "a scale without bands": (definition(bands=None), [("unknown-band", "all")]),
    "a weight": (
        definition(items=["y1", {"item": "y2", "weight": 2.0}]),
        [("count-weight", "one")],
    ),
    "a reversed item with others": (
        definition(items=["y1", {"item": "y2", "key": -1, "or_any_of": ["m1"]}]),
        [("count-weight", "one")],
    ),
    "prorated": (definition(prorate=False), [("prorate-mean", "one")]),
    "a threshold for a sum": (definition(metric="sum"), [("count-parts", "one")]),
    "others in a sum": (
        definition(metric="sum", at_least=None, items=["y1", {"item": "y2", "or_any_of": ["m1"]}]),
        [("count-parts", "one")],
    ),
    "bands in a sum": (
        definition(outer={"metric": "sum", "at_least": None}),
        [("count-parts", "all")],
    ),
    "a mean of counts": (
        definition(outer={"metric": "mean", "at_least": None, "combine": "scale_means"}),
        [("count-combined", "all"), ("count-combined", "all")],
    ),
    "a count of means": (
        definition(outer={"combine": "scale_means", "at_least": 1}),
        [("count-parts", "all")],
    ),
    "bands of items": (definition(combine="bands"), [("scale-parts", "one")]),
    "an unknown item that does as well": (
        definition(items=["y1", {"item": "y2", "or_any_of": ["y3"]}]),
        [("unknown-item", "one")],
    ),
    "an item twice": (
        definition(items=["y1", {"item": "y2", "or_any_of": ["y1"]}]),
        [("keyed-twice", "one")],
    ),
    "more parts than there are": (definition(min_answered=3), [("missing-rule", "one")]),
    "needs of items": (
        definition(bands=[*BANDS, band(needs={"high": 1})]),
        [("band-needs", "one")],
    ),
    "needs of the lowest band": (
        definition(outer={"bands": [{**BANDS[0], "needs": {"high": 1}}]}),
        [("band-needs", "all")],
    ),
    "needs beyond all scales": (
        definition(outer={"bands": [*BANDS, band(needs={"high": 3})]}),
        [("band-needs", "all")],
    ),
    "needs of an unknown band": (
        definition(outer={"bands": [*BANDS, band(needs={"higher": 2})]}),
        [("unknown-band", "all"), ("unknown-band", "all")],
    ),
    "two bands from one score": (
        definition(outer={"bands": [*BANDS, band(**{"from": 1})]}),
        [("band-order", "all")],
    ),
    "a band above all": (
        definition(outer={"bands": [*BANDS, band(**{"from": 3})]}),
        [("band-outside", "all")],
    ),
    "a band between whole numbers": (
        definition(bands=[BANDS[0], {**BANDS[1], "from": 0.5}, band(**{"from": 0.7})]),
        [("band-outside", "one")],
    ),
    "needs that everybody there meets": (
        definition(outer={"bands": [*BANDS, band(**{"from": 1}, needs={"high": 1})]}),
        [("band-outside", "all")],
    ),
    "needs of a lower and a higher number": (
        definition(
            outer={
                "bands": [
                    *BANDS,
                    band(id="x", needs={"high": 2}),
                    band(id="y", needs={"high": 1}, en="y", sv="y"),
                ]
            }
        ),
        [("band-outside", "all")],
    ),
    "a band with a name of ours": (
        definition(bands=[BANDS[0], {**BANDS[1], "id": "(all)"}], outer={"at_least": "(all)"}),
        [("band-id", "one"), ("unknown-band", "all")],
    ),
    "nobody is not assessed": (definition(not_assessed=NA), [("not-assessed", "one")]),
    "not assessed without bands": (
        definition(items=["m1", "m2"], bands=None, not_assessed=NA),
        [("not-assessed", "one")],
    ),
    "not assessed is a band": (
        definition(items=["m1", "m2"], not_assessed={"id": "low", **text("high")}),
        [("repeated-band", "one"), ("repeated-label", "one"), ("repeated-label", "one")],
    ),
    "an indicator of no scale": (
        definition({"id": "I", "scale": "oen", "bands": ["low"]}),
        [("unknown-scale", "I")],
    ),
    "an indicator of no band": (
        definition({"id": "I", "scale": "one", "bands": ["low", "none"]}),
        [("unknown-band", "I")],
    ),
    "an indicator of a band twice": (
        definition({"id": "I", "scale": "one", "bands": ["low", "low"]}),
        [("repeated-band", "I")],
    ),
    "an indicator twice": (
        definition(*[{"id": "I", "scale": "one", "bands": ["low"]}] * 2),
        [("repeated-indicator", "I")],
    ),
    "an indicator without bands": (
        definition({"id": "I", "scale": "one", "bands": []}),
        [("wrong-value", "indicators[I].bands")],
    ),
    "a threshold of nothing": (
        definition(at_least=True),
        [("wrong-value", "scales[one].at_least")],
    ),
    "needs that are no number": (
        definition(outer={"bands": [*BANDS, band(needs={"high": "2"})]}),
        [("wrong-type", "scales[all].bands[top].needs.high")],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_error_names_the_place_of_every_problem(name: str) -> None:
    made, expected = BROKEN[name]
    with pytest.raises(DefinitionError) as caught:
        Instrument(**made)
    assert [(p.code, p.column) for p in caught.value.problems] == expected
    assert all(problem.message.endswith((".", "?")) for problem in caught.value.problems)


def test_the_whole_one_is_sound() -> None:
    bands = [*BANDS, band(needs={"high": 2})]
    indicator = {"id": "I", "scale": "two", "bands": ["high", "na"]}
    made = definition(indicator, outer={"bands": bands})
    made["scales"][1]["not_assessed"] = NA
    found = Instrument(**made)
    assert found.scale("all").bands[2].needs == {"high": 2}
    assert Instrument(**found.model_dump(by_alias=True)) == found
