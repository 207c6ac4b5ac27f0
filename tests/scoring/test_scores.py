"""Scores worked by hand from published rules, and the tables that carry them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from digilitt.define.catalogue import instrument
from digilitt.define.instrument import Instrument
from digilitt.errors import ResponseError
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.frames import score_frame
from digilitt.scoring.responses import responses
from digilitt.scoring.scores import Scores, score, score_one
from tests import oracle
from tests.strategies import AGREE5, GROUPS, definitions, small, tables

FOUR = dict.fromkeys(("a1", "a2", "a3", "a4"), "agree")
TEN = {f"i{k}": "agree" for k in range(1, 11)}


def scale(items: Mapping[str, str], **fields: Any) -> dict[str, Any]:
    return {"id": "s", "items": list(items), **fields}


def estimate(made: Instrument, *codes: float | None) -> Any:
    """The score of a person who answers the items in order with these codes."""
    return score_one(dict(zip(made.columns, codes, strict=True)), made)["s"]["estimate"]


def bands(*parts: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"id": name, "from": cut, "sv": name, "en": name} for name, cut in parts]


@given(st.lists(st.integers(1, 5), min_size=10, max_size=10))
def test_sus_by_its_published_rule(codes: list[int]) -> None:
    """Brooke (1996): odd items count code - 1, even items 5 - code; their sum times 2.5."""
    sus = instrument("sus")
    odd, even = codes[0::2], codes[1::2]
    published = (sum(code - 1 for code in odd) + sum(5 - code for code in even)) * 2.5
    one = score_one(dict(zip(sus.columns, codes, strict=True)), sus)["sus"]
    assert one["estimate"] == published


@pytest.mark.parametrize(
    ("codes", "total", "band"),
    [
        ([1] * 8, 8, "inadequate"),
        ([2, 2, 2, 2, 3, 3, 3, 3], 20, "inadequate"),
        ([2, 2, 2, 3, 3, 3, 3, 3], 21, "problematic"),
        ([3, 3, 3, 3, 3, 3, 4, 4], 26, "problematic"),
        ([3, 3, 3, 3, 3, 4, 4, 4], 27, "sufficient"),
        ([5] * 8, 40, "sufficient"),
        ([5] * 7 + [None], None, None),
    ],
)
def test_eheals_thresholds(codes: list[int | None], total: int | None, band: str | None) -> None:
    """Wångdahl et al. (2020): 8 to 20 inadequate, 21 to 26 problematic, 27 to 40 sufficient."""
    eheals = instrument("eheals")
    one = score_one(dict(zip(eheals.columns, codes, strict=True)), eheals)["eheals"]
    assert (one["estimate"], one["band"]) == (total, band)


def test_half_of_the_items_is_enough_at_exactly_half() -> None:
    half = small(FOUR, scale(FOUR, metric="mean", min_answered=0.5))
    assert estimate(half, 1, 4, None, 99) == 2.5
    assert estimate(half, 1, None, None, 99) is None
    # Two of four do not apply, so one of two is half of those that do.
    assert estimate(half, 4, None, 77, 77) == 4.0
    assert estimate(half, 77, 77, 77, 77) is None
    one = score_one({"a1": 4, "a3": 77, "a4": 77}, half)["s"]
    assert (one["n_answered"], one["n_missing"]) == (1, 1)


def test_seven_tenths_of_ten_items_are_seven() -> None:
    most = small(TEN, scale(TEN, metric="mean", min_answered=0.7))
    assert estimate(most, *[4] * 7, None, None, None) == 4.0
    assert estimate(most, *[4] * 6, None, None, None, None) is None


@pytest.mark.parametrize(
    ("rule", "answered", "scored"),
    [("all", 9, False), ("all", 10, True), (3, 2, False), (3, 3, True), (0.01, 0, False)],
)
def test_other_missing_rules(rule: str | float, answered: int, scored: bool) -> None:
    made = small(TEN, scale(TEN, metric="mean", min_answered=rule))
    codes = [2] * answered + [None] * (10 - answered)
    assert (estimate(made, *codes) is not None) == scored


def test_pomp_reaches_its_cut_score_exactly() -> None:
    """4, 4, 4, 4, 3 on 1 to 5: mean 3.8, and 100 (3.8 - 1) / (5 - 1) is 70."""
    items = dict.fromkeys(("a1", "a2", "a3", "a4", "a5"), "agree")
    cuts = bands(("below", 0.0), ("reached", 70.0))
    made = small(items, scale(items, metric="pomp", bands=cuts, min_answered=1))
    one = score_one(dict.fromkeys(items, 4) | {"a5": 3}, made)["s"]
    assert (one["estimate"], one["band"]) == (70.0, "reached")
    # Over the answered items only: 3 and 4 of 1 to 5 lie at 50 and 75.
    assert estimate(made, 3, 4, None, None, None) == 62.5


def test_pomp_of_items_with_different_ranges() -> None:
    slider = {"kind": "numeric", "minimum": 0, "maximum": 10}
    made = small(
        {"a1": "agree", "n1": "slider"},
        {"id": "s", "items": ["-a1", {"item": "n1", "weight": 2.0}], "metric": "pomp",
         "min_answered": 1},
        formats={"agree": AGREE5, "slider": slider},
    )  # fmt: skip
    # (6 - 2 - 1) + 2 (7.5 - 0) of at most 4 + 2 · 10.
    assert estimate(made, 2, 7.5) == 100 * 18 / 24
    assert estimate(made, None, 7.5) == 75.0


def test_t_scores_by_group() -> None:
    table = [{"group": "kvinna", "mean": 3.0, "sd": 0.5}, {"group": "man", "mean": 2.5, "sd": 1.0}]
    norms = {"base": "mean", "source": "made up", "by": "sex", "table": table}
    made = small(FOUR, scale(FOUR, metric="t", norms=norms))
    answers = dict(zip(FOUR, (3, 4, 3, 4), strict=True))  # mean 3.5
    for sex, expected in (("kvinna", 60.0), ("man", 60.0), ("annat", None), (None, None)):
        assert score_one(answers, made, groups={"sex": sex})["s"]["estimate"] == expected  # type: ignore[dict-item]


def test_t_scores_on_a_prorated_sum_for_everybody() -> None:
    norms = {"base": "sum", "source": "made up", "table": [{"mean": 10.0, "sd": 4.0}]}
    made = small(FOUR, scale(FOUR, metric="t", norms=norms, min_answered=2))
    # 3 and 4 answered: 7 · 4 / 2 = 14, and 50 + 10 (14 - 10) / 4.
    assert estimate(made, 3, 4, None, None) == 60.0


def test_proration_and_raw_sums() -> None:
    fields = {"metric": "sum", "min_answered": 3}
    assert estimate(small(FOUR, scale(FOUR, **fields)), 1, 2, 5, None) == 8 * 4 / 3
    assert estimate(small(FOUR, scale(FOUR, **fields, prorate=False)), 1, 2, 5, None) == 8.0
    linear = {"base": "sum", "multiply": -2.0, "add": 100.0}
    made = small(FOUR, scale(FOUR, metric="linear", linear=linear, prorate=False, min_answered=1))
    assert estimate(made, 1, 2, 5, None) == 84.0
    assert estimate(made, None, None, None, None) is None
    # Nobody has a sum of no items, though half of none is none.
    none = small(FOUR, scale(FOUR, metric="sum", prorate=False, min_answered=0.5))
    assert estimate(none, 77, 77, 77, 77) is None


def test_weights() -> None:
    items = [{"item": "a1", "weight": 3.0}, "a2", {"item": "a3", "key": -1, "weight": 0.5}]
    three = dict.fromkeys(("a1", "a2", "a3"), "agree")
    mean = small(three, {"id": "s", "items": items, "metric": "mean", "min_answered": 2})
    assert estimate(mean, 4, 2, 1) == (3 * 4 + 2 + 0.5 * 5) / 4.5
    assert estimate(mean, 4, None, 1) == (3 * 4 + 0.5 * 5) / 3.5
    total = small(three, {"id": "s", "items": items, "metric": "sum", "min_answered": 2})
    assert estimate(total, 4, None, 1) == pytest.approx((3 * 4 + 0.5 * 5) * 4.5 / 3.5, rel=1e-15)


def test_reversal_uses_the_possible_range() -> None:
    scored = {
        "kind": "ordered",
        "options": [
            {"code": 1, "score": 0.0, "sv": "aldrig", "en": "never"},
            {"code": 2, "score": 2.5, "sv": "ibland", "en": "sometimes"},
            {"code": 5, "score": 10.0, "sv": "alltid", "en": "always"},
        ],
    }
    made = small({"q": "f"}, {"id": "s", "items": ["-q"], "metric": "mean"}, formats={"f": scored})
    assert [estimate(made, code) for code in (1, 2, 5)] == [10.0, 7.5, 0.0]


def test_means_of_scales_and_pooled_items_differ() -> None:
    """Two items at 5 and one at 1: the mean of scale means is 3, of the pooled items 11 / 3."""
    parts = ({"id": "two", "items": ["a1", "a2"], "metric": "sum", "min_answered": 1},
             {"id": "one", "items": ["a3"], "metric": "pomp"})  # fmt: skip
    items = dict.fromkeys(("a1", "a2", "a3"), "agree")
    means = {"id": "s", "scales": ["two", "one"], "combine": "scale_means", "metric": "mean"}
    assert estimate(small(items, *parts, means), 5, 5, 1) == 3.0
    assert estimate(small(items, *parts, {**means, "combine": "items"}), 5, 5, 1) == 11 / 3
    # A scale that meets its own rule is one answered part, however many of its items are.
    one = score_one({"a1": 5, "a3": 1}, small(items, *parts, means))["s"]
    assert (one["estimate"], one["n_answered"], one["n_missing"]) == (3.0, 2, 0)
    lacking = score_one({"a1": 5, "a2": 5}, small(items, *parts, means))["s"]
    assert (lacking["estimate"], lacking["n_answered"], lacking["n_missing"]) == (None, 1, 1)
    # A scale of which nothing applies is not missing.
    outside = score_one({"a1": 5, "a2": 5, "a3": 77}, small(items, *parts, means))["s"]
    assert (outside["estimate"], outside["n_answered"], outside["n_missing"]) == (5.0, 1, 0)


def test_band_just_below_a_cut_score() -> None:
    cuts = bands(("low", 1.0), ("high", 2.33))
    made = small(FOUR, scale(FOUR, metric="mean", bands=cuts, min_answered=1))
    numbers = {code: score_one(dict(zip(FOUR, code, strict=True)), made)["s"]["band"]
               for code in ((2, 2, 2, 3), (2, 2, 3, None), (2, 2, 3, 2))}  # fmt: skip
    # 2.25 and 2.25 lie below 2.33; a third more than 2 does not.
    assert list(numbers.values()) == ["low", "high", "low"]


def test_score_one_is_ready_for_json() -> None:
    one = score_one({"sus1": np.int64(3)}, instrument("sus"))
    assert json.loads(json.dumps(one)) == {
        "sus": {
            "metric": "linear_score",
            "estimate": None,
            "n_answered": 1,
            "n_missing": 9,
            "band": None,
        }
    }


@pytest.mark.parametrize("blank", [None, math.nan, pd.NA, pd.NaT, "", "  ", np.float32("nan")])
def test_score_one_takes_every_blank(blank: Any) -> None:
    made = small(FOUR, scale(FOUR, metric="mean", min_answered=3))
    assert estimate(made, 2, 2, 5, blank) == 3.0


@pytest.mark.parametrize(
    "answer",
    [
        6,
        2.5,
        math.inf,
        -math.inf,
        10**400,
        True,
        np.True_,
        "4",
        "Agree",
        [4],
        b"five",
        1e308,
        4 + 0j,
    ],
)
def test_score_one_refuses_what_is_no_code(answer: Any) -> None:
    with pytest.raises(ResponseError, match="expected 1 to 5") as caught:
        score_one({"a1": answer}, small(FOUR, scale(FOUR, metric="mean")))
    assert [(p.code, p.column) for p in caught.value.problems] == [("invalid-answer", "a1")]


def test_score_one_tells_all_problems_at_once() -> None:
    table = [{"group": "man", "mean": 3.0, "sd": 0.5}]
    norms = {"base": "mean", "source": "made up", "by": "sex", "table": table}
    made = small(FOUR, scale(FOUR, metric="t", norms=norms))
    with pytest.raises(ResponseError) as caught:
        score_one({"a1": 7, "a9": 1, 5: 1}, made)  # type: ignore[dict-item]
    assert [(p.code, p.column) for p in caught.value.problems] == [
        ("invalid-answer", "a1"),
        ("unknown-item", "a9"),
        ("unknown-item", "5"),
        ("missing-column", "sex"),
    ]
    with pytest.raises(ResponseError, match="expected text"):
        score_one({"a1": 1}, made, groups={"sex": 1})  # type: ignore[dict-item]
    with pytest.raises(ResponseError, match="found a list; expected codes by item column"):
        score_one([1, 2], made)  # type: ignore[arg-type]


def people_of(made: Instrument, rows: list[dict[str, Any]], sexes: list[str | None]) -> Scores:
    frame = pd.DataFrame(rows, columns=list(made.columns)).astype("Float64")
    frame = frame.assign(id=[f"p{k}" for k in range(len(rows))], sex=sexes)
    read = responses(frame, made, person="id", groups=["sex"], on_problem="missing")
    return score(read)


@settings(max_examples=50)
@given(data=st.data())
def test_tables_frames_and_single_persons_agree(data: st.DataObject) -> None:
    definition = data.draw(definitions())
    made = Instrument(**definition)
    rows = data.draw(tables(definition, invalid=False))
    assume(rows)
    sexes = data.draw(st.lists(st.sampled_from(GROUPS), min_size=len(rows), max_size=len(rows)))
    scored = people_of(made, rows, sexes)
    assert len(scored.table) == len(rows) * len(definition["scales"])
    wide = scored.wide()
    frame = pd.DataFrame(rows, dtype="float64").assign(sex=pd.Series(sexes, dtype="str"))
    framed = score_frame(frame, made)
    added = [name for name in framed if name not in frame]
    pd.testing.assert_frame_equal(wide[added], framed[added])
    for position, (row, sex) in enumerate(zip(rows, sexes, strict=True)):
        one = score_one(row, made, groups={"sex": sex})  # type: ignore[dict-item]
        exact = oracle.score_person(definition, row, {"sex": sex})
        own = scored.table[scored.table["person"] == f"p{position}"].set_index("scale")
        for name, outcome in one.items():
            told = own.loc[name].astype(object)
            told = told.where(told.notna(), None)
            assert {key: told[key] for key in outcome} == outcome
            assert outcome["n_missing"] == exact[name].n_missing
            assert outcome["band"] == exact[name].band


COUNTED = small(
    FOUR,
    scale(FOUR, metric="mean", min_answered=0.5, bands=bands(("low", 1.0), ("high", 3.0))),
    {"id": "plain", "items": ["a1"], "metric": "sum"},
)


def counted() -> Scores:
    answers = pd.DataFrame(
        {
            "who": ["p1", "p2", "p3"],
            "when": ["2018", "2018", "2019"],
            "town": ["Hörby", None, "Lund"],
            "a1": [4, 99, None],
            "a2": [4, 77, None],
            "a3": [5, 2, None],
            "a4": [None, None, None],
        }
    )
    return score(responses(answers, COUNTED, person="who", wave="when", groups=["town"]))


def test_long_table() -> None:
    table = counted().table
    assert table.columns.tolist() == [
        *("person", "wave", "town", "scale", "metric", "estimate", "std_error"),
        *("n_answered", "n_missing", "band"),
    ]
    assert table["scale"].tolist() == ["s", "plain"] * 3
    assert table["metric"].tolist() == ["mean_score", "sum_score"] * 3
    first = table[table["scale"] == "s"]
    # 13 / 3; one of three that apply; nothing.
    np.testing.assert_array_equal(first["estimate"], [13 / 3, np.nan, np.nan])
    assert first["n_answered"].tolist() == [3, 1, 0]
    assert first["n_missing"].tolist() == [1, 2, 4]
    assert [None if pd.isna(band) else band for band in first["band"]] == ["high", None, None]
    assert table["std_error"].isna().all()
    assert (table["estimate"].dtype, table["n_answered"].dtype) == ("float64", "int64")


def test_wide_table() -> None:
    wide = counted().wide()
    assert wide.columns.tolist() == [
        *("person", "wave", "town", "s_mean_score", "s_n_answered", "s_band"),
        *("plain_sum_score", "plain_n_answered"),
    ]
    assert wide["person"].tolist() == ["p1", "p2", "p3"]
    assert wide["plain_n_answered"].tolist() == [1, 0, 0]


def test_caveats_and_provenance() -> None:
    scored = counted()
    told = {(caveat.code, caveat.where): caveat.message for caveat in scored.caveats}
    assert ("instrument-pilot", "small@1.0") in told
    assert ("std-error-unknown", "") in told
    assert told["too-few-answers", "s"].startswith("1 row ")
    assert told["no-answers", "s"].startswith("1 row ")
    assert told["no-answers", "plain"].startswith("2 rows")
    assert scored.provenance.instrument == "small@1.0"
    assert scored.provenance.digest == COUNTED.digest
    assert (scored.kind, scored.provenance.n) == ("scores", 3)
    assert scored.instrument is COUNTED


def test_norms_need_their_group() -> None:
    table = [{"group": "man", "mean": 3.0, "sd": 0.5}]
    norms = {"base": "mean", "source": "made up", "by": "sex", "table": table}
    made = small(FOUR, scale(FOUR, metric="t", norms=norms))
    answers = pd.DataFrame({**{name: [3, 4, 4] for name in FOUR}, "sex": ["man", "kvinna", None]})
    scored = score(responses(answers, made, groups=["sex"]))
    np.testing.assert_array_equal(scored.table["estimate"], [50.0, np.nan, np.nan])
    (told,) = (caveat for caveat in scored.caveats if caveat.code == "no-norm")
    assert told.message.startswith("2 rows")
    with pytest.raises(ResponseError, match="Norms are by sex"):
        score(responses(answers, made))


def test_plans_may_be_used_instead_of_instruments() -> None:
    plan = compile_plan(COUNTED)
    answers = dict.fromkeys(FOUR, 3)
    assert score_one(answers, plan) == score_one(answers, COUNTED)
