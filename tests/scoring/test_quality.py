"""Quality: every figure by hand on a small cohort, a slow oracle, and laws on random answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.define.catalogue import instrument
from digilitt.define.instrument import Instrument
from digilitt.errors import ResponseError
from digilitt.scoring.quality import Quality, quality
from digilitt.scoring.quality_answers import KINDS, answers_of
from digilitt.scoring.responses import Responses, responses
from digilitt.scoring.simulation import simulate
from tests.strategies import AGREE5, QUIZ, Row, definitions, small, tables

NAN = math.nan
GATE = {"item": "g", "any_of": [1], "otherwise": "not_applicable"}
YES_NO = {
    "kind": "binary",
    "options": [{"code": 0, "sv": "Nej", "en": "No"}, {"code": 1, "sv": "Ja", "en": "Yes"}],
    "missing": [{"code": 8, "counts_as": "wrong", "sv": "Vet inte", "en": "Do not know"}],
}
MADE = small(
    {
        "a1": "agree",
        "a2": "agree",
        "a3": {"format": "agree", "asked_if": GATE},
        "a4": "agree",
        "g": "yesno",
        "k": {"format": "quiz", "key": [1, 3]},
    },
    {"id": "both", "items": ["a1", "-a2", "a3", "a4"], "metric": "mean", "min_answered": 0.5},
    {"id": "one", "items": ["a1", "a4"], "metric": "mean"},
    {"id": "mixed", "items": ["a1", "g", "k"], "metric": "mean"},
    formats={"agree": AGREE5, "quiz": QUIZ, "yesno": YES_NO},
)
COLUMNS = ["person", "a1", "a2", "a3", "a4", "g", "k:1", "k:2", "k:3"]
ROWS = [
    ("p1", 4, 4, 4, 4, 1, 1, 0, 1),
    ("p2", 4, 4, None, 4, 0, 1, 0, 1),  # a3 is not asked: the run goes over it
    ("p3", 4, 4, None, 4, 1, 1, 0, 1),  # a3 is blank: the run ends
    ("p4", 99, 77, 2, 2, 8, 98, 98, 98),
    ("p5", 4, 4, 4, 4, 1, 1, 0, 1),
    ("p6", None, None, None, None, None, None, None, None),
    ("p7", 5, 1, 5, 4, 1, 0, 0, None),
]


def read(rows: Sequence[Sequence[Any]] = ROWS, **options: Any) -> Responses:
    frame = pd.DataFrame(rows, columns=COLUMNS, dtype=object)
    return responses(frame, MADE, **{"person": "person", "on_problem": "missing", **options})


def listed(column: pd.Series) -> list[Any]:
    return [None if pd.isna(value) else value for value in column]


def caveats(found: Quality, code: str) -> list[tuple[str, str]]:
    return [(caveat.where, caveat.message) for caveat in found.caveats if caveat.code == code]


def agree(n_items: int, **scale: Any) -> Instrument:
    """Items i1, i2, … that are answered on one five-point format."""
    names = [f"i{number}" for number in range(1, n_items + 1)]
    return small(
        dict.fromkeys(names, "agree"), {"id": "s", "items": names, "metric": "mean", **scale}
    )


def answered(made: Instrument, values: Any, **options: Any) -> Responses:
    frame = pd.DataFrame(values, columns=list(made.columns))
    return responses(frame, made, **options)


# Persons


def test_persons_worked_by_hand() -> None:
    found = quality(read()).table
    assert found["person"].tolist() == [f"p{number}" for number in range(1, 8)]
    assert found["n_answered"].tolist() == [6, 5, 5, 3 + 1, 6, 0, 5]
    assert found["n_missing"].tolist() == [0, 0, 1, 1, 0, 6, 1]
    assert listed(found["missing_share"]) == [0, 0, 1 / 6, 1 / 5, 0, 1, 1 / 6]
    assert found["long_run"].tolist() == [4, 3, 2, 2, 4, 0, 1]
    assert listed(found["long_run_from"]) == ["a1", "a1", "a1", "a3", "a1", None, "a1"]


def test_straight_lining_is_judged_where_it_can_be_seen() -> None:
    found = quality(read())
    # p4 answered only a3 and a4 of "both", which are keyed alike; p6 nothing.
    assert listed(found.straight["both"]) == [True, True, True, None, True, None, False]
    assert listed(found.straight["one"]) == [True, True, True, None, True, None, False]
    assert listed(found.straight["mixed"]) == [None] * 7
    assert listed(found.table["straight_both"]) == [1, 1, 1, None, 1, None, 0]
    assert listed(found.table["straight_one"]) == [1, 1, 1, None, 1, None, 0]
    assert found.scales.values.tolist()[:2] == [
        ["both", "both", 4, 5, 4, 0.8],
        ["one", "one", 2, 5, 4, 0.8],
    ]
    assert found.scales["n_judged"].tolist() == [5, 5, 0]
    assert math.isnan(found.scales["share"].iloc[2])
    ((where, message),) = caveats(found, "straight-unknown")
    assert (where, "several response formats" in message) == ("mixed", True)


def test_scales_of_ticks_cannot_be_judged() -> None:
    ticks = {name: {"format": "quiz", "key": [1, 3]} for name in ("k1", "k2")}
    made = small(ticks, {"id": "s", "items": ["k1", "k2"], "metric": "sum"})
    found = quality(answered(made, [[1, 0, 1] * 2]))
    assert listed(found.straight["s"]) == [None]
    ((_, message),) = caveats(found, "straight-unknown")
    assert message == "its items take several ticks, so an answer is no single code."


def test_straight_says_who_it_was() -> None:
    found = quality(read())
    assert found.straight.columns.tolist() == ["person", "both", "one", "mixed"]
    assert found.straight["person"].tolist() == found.table["person"].tolist()
    frame = pd.DataFrame({"who": ["k1", "k1"], "when": ["b", "a"], "i1": [3, 3], "i2": [3, 2]})
    waves = quality(responses(frame, agree(2), person="who", wave="when")).straight
    assert waves.columns.tolist() == ["person", "wave", "s"]
    rows = zip(waves["person"], waves["wave"], waves["s"], strict=True)
    assert list(rows) == [("k1", "b", True), ("k1", "a", False)]


def test_a_scale_called_person_keeps_its_column() -> None:
    made = agree(2, id="person")
    frame = pd.DataFrame({"who": ["k1"], "i1": [3], "i2": [3]})
    found = quality(responses(frame, made, person="who"))
    assert found.straight.columns.tolist() == ["person"]
    assert listed(found.straight["person"]) == [True]


def test_rows_that_recur() -> None:
    found = quality(read())
    # p2 and p3 differ in the gate; nothing of p6 can be compared.
    assert listed(found.table["recurring"]) == [1, 0, 0, 0, 1, None, 0]
    assert found.recurring.columns.tolist() == [
        *("vector", "n_rows", "row", "person", "n_answered", "long_run")
    ]
    assert found.recurring.values.tolist() == [[1, 2, 0, "p1", 6, 4], [1, 2, 4, "p5", 6, 4]]


def test_what_is_compared_is_for_the_caller_to_say() -> None:
    half = [("p1", 4, 4, None, None, 1, None, None, None)] * 2
    rows = [half[0], ("p2", *half[1][1:]), ROWS[5], ("p9", *ROWS[5][1:])]
    shares = {0.5: [1, 1, None, None], 0.0: [1, 1, None, None], 0.51: [None] * 4}
    for share, expected in shares.items():
        found = quality(read(rows), compared_from=share)
        assert listed(found.table["recurring"]) == expected


def test_recurring_rows_stand_together_across_waves() -> None:
    made = agree(3)
    frame = pd.DataFrame([[1, 2, 3], [3, 2, 1]] * 2, columns=list(made.columns))
    frame = frame.assign(who=["a", "b", "c", "b"], when=["t1", "t1", "t2", "t2"])
    read_in = responses(frame, made, person="who", wave="when")
    found = quality(read_in).recurring
    assert found[["vector", "row", "person", "wave"]].values.tolist() == [
        *([1, 0, "a", "t1"], [1, 2, "c", "t2"], [2, 1, "b", "t1"], [2, 3, "b", "t2"])
    ]


# Items and patterns


def test_items_worked_by_hand() -> None:
    found = quality(read()).items.set_index("item")
    assert (found["n"] == 7).all()
    kinds = found[[f"share_{kind}" for kind in KINDS]] * 7
    expected = {
        "a1": [5, 0, 1, 1, 0, 0],
        "a2": [5, 0, 1, 0, 1, 0],
        "a3": [4, 0, 2, 0, 0, 1],
        "a4": [6, 0, 1, 0, 0, 0],
        "g": [5, 1, 1, 0, 0, 0],
        "k": [4, 1, 2, 0, 0, 0],
    }
    for item, counts in expected.items():
        assert kinds.loc[item].tolist() == pytest.approx(counts), item


def test_patterns_worked_by_hand() -> None:
    found = quality(read())
    assert found.patterns.values.tolist() == [
        [1, 2, 2 / 7, 0, ""],
        [2, 1, 1 / 7, 1, "not_asked: a3"],
        [3, 1, 1 / 7, 1, "blank: a3"],
        [4, 1, 1 / 7, 2, "missing: a1; not_applicable: a2"],
        [5, 1, 1 / 7, 6, "blank: a1, a2, a3, a4, g, k"],
        [6, 1, 1 / 7, 1, "blank: k"],
    ]
    assert found.table["pattern"].tolist() == [1, 2, 3, 4, 1, 5, 6]


def test_answers_taken_as_missing_are_counted() -> None:
    rows = [("p1", 7, 4, 4, 4, 1, 1, 0, 1), ("p2", "?", 4, 3, 4, 0, 1, 0, None)]
    found = quality(read(rows))
    assert sorted(found.set_aside.values.tolist()) == [
        ["answered-though-not-asked", "a3", 1],
        ["invalid-answer", "a1", 2],
        ["partly-blank", "k:1", 1],
    ]
    assert quality(read([ROWS[0]])).set_aside.empty


# Keying


def traits(n: int, signs: Sequence[int], seed: int = 3) -> np.ndarray:
    """Answers 1 to 5 that all rise, or fall, with one trait."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(n, 1)) * np.array(signs) + rng.normal(size=(n, len(signs)))
    return np.clip(np.round(3 + raw), 1, 5)


def test_item_rest_is_that_of_the_keyed_items() -> None:
    values = traits(80, [1, -1, 1, 1])
    made = agree(4, items=["i1", "-i2", "i3", "i4"])
    found = quality(answered(made, values)).keying
    values[:, 1] = 6 - values[:, 1]
    for column, r in enumerate(found["item_rest"]):
        rest = np.delete(values, column, axis=1).sum(axis=1)
        assert r == pytest.approx(np.corrcoef(values[:, column], rest)[0, 1], abs=1e-12)
    assert found["key"].tolist() == [1, -1, 1, 1]
    assert (found["n"] == 80).all()
    assert (found["conf_low"] < found["item_rest"]).all()
    assert (found["item_rest"] < found["conf_high"]).all()


def test_item_with_the_wrong_key_is_told_and_left_as_it_is() -> None:
    values = traits(200, [1, -1, 1, 1])
    found = quality(answered(agree(4), values))
    assert (found.keying["item_rest"] < 0).tolist() == [False, True, False, False]
    ((where, message),) = caveats(found, "item-rest-negative")
    assert where == "s"
    row = found.keying.loc[1]
    assert message == (
        f"i2 correlates {row['item_rest']:.2g} ({row['conf_low']:.2g} to {row['conf_high']:.2g}, "
        "n = 200) with the rest of the scale: its key is likely wrong. Nothing was flipped."
    )
    assert row["conf_high"] < 0
    right = quality(answered(agree(4, items=["i1", "-i2", "i3", "i4"]), values))
    assert caveats(right, "item-rest-negative") == []
    # Its own correlation changes sign, and nothing else.
    assert right.keying["item_rest"][1] == pytest.approx(-found.keying["item_rest"][1], abs=1e-12)


def test_negative_correlation_that_may_be_chance_is_no_error() -> None:
    values = [[1, 2, 3], [2, 2, 4], [3, 1, 5], [4, 3, 1], [5, 3, 3]]
    found = quality(answered(agree(3), values))
    told = dict(enumerate(message for _, message in caveats(found, "item-rest-negative")))
    assert len(told) == 2
    assert all("worth a look" in message for message in told.values())
    assert "i3 correlates" in told[1]
    three = quality(answered(agree(2), [[1, 3], [2, 2], [3, 1]]))
    ends = " correlates -1 (n = 3) with the rest of the scale: its key is worth a look. "
    assert [message for _, message in caveats(three, "item-rest-negative")] == [
        f"{item}{ends}Nothing was flipped." for item in ("i1", "i2")
    ]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([[1, 2], [2, 1]], "i1, i2 with the rest of the scale: fewer than 3 rows"),
        ([[3, 1], [3, 2], [3, 4]], "i1 with the rest of the scale: all answers count the same"),
        ([[3, 1], [3, 2], [3, 4]], "i2 with the rest of the scale: the rest is the same"),
        ([[3], [2], [5]], "i1 with the rest of the scale: the scale has no other item"),
    ],
)
def test_no_correlation_is_a_value_with_its_reason(values: Any, reason: str) -> None:
    found = quality(answered(agree(len(values[0])), values))
    assert found.keying["item_rest"].isna().all()
    assert any(reason in message for _, message in caveats(found, "item-rest-unknown"))


def test_scales_of_scales_are_made_of_their_items() -> None:
    made = small(
        dict.fromkeys(["b1", "b2", "b3"], "agree"),
        {"id": "inner", "items": ["b1", "-b2"], "metric": "mean"},
        {"id": "other", "items": ["b3"], "metric": "mean"},
        {"id": "outer", "scales": ["inner", "other"], "combine": "scale_means", "metric": "mean"},
    )
    found = quality(answered(made, [[1, 5, 2], [2, 4, 2], [4, 3, 3], [5, 1, 5]])).keying
    outer = found[found["scale"] == "outer"]
    assert outer[["item", "key"]].values.tolist() == [["b1", 1], ["b2", -1], ["b3", 1]]


def both_ways(*first: str) -> Instrument:
    names = ["b1", "b2", "b3"]
    return small(
        dict.fromkeys(names, "agree"),
        {"id": "first", "items": list(first), "metric": "mean"},
        {"id": "second", "items": ["-b1"], "metric": "mean"},
        {"id": "rest", "items": ["b2", "b3"], "metric": "mean"},
        {
            "id": "outer",
            "scales": ["first", "second", "rest"],
            "combine": "scale_means",
            "metric": "mean",
        },
    )


def test_an_item_keyed_both_ways_is_left_out_with_its_reason() -> None:
    values = [[1, 2, 2], [2, 1, 3], [4, 4, 3], [5, 5, 5], [3, 3, 4]]
    made = both_ways("b1", "b2")
    found = quality(answered(made, values))
    outer = found.keying[found.keying["scale"] == "outer"].set_index("item")
    rest = found.keying[found.keying["scale"] == "rest"].set_index("item")
    assert outer["key"].to_dict() == {"b1": 0, "b2": 1, "b3": 1}
    assert math.isnan(outer["item_rest"]["b1"])
    # What is left is the scale of the two others.
    assert outer["item_rest"][["b2", "b3"]].tolist() == rest["item_rest"].tolist()
    assert "outer" not in {where for where, _ in caveats(found, "item-rest-negative")}
    told = dict(caveats(found, "item-rest-unknown"))
    assert told["outer"] == (
        "no correlation of b1 with the rest of the scale: keyed in both directions, so left out."
    )
    # Nor does it make the scale one of both directions.
    scales = found.scales.set_index("scale")
    assert scales["keys"]["outer"] == "one"
    assert found.straight["outer"].tolist() == [False, False, False, True, False]


def test_nothing_but_items_keyed_both_ways() -> None:
    made = small(
        {"b1": "agree"},
        {"id": "first", "items": ["b1"], "metric": "mean"},
        {"id": "second", "items": ["-b1"], "metric": "mean"},
        {"id": "outer", "scales": ["first", "second"], "combine": "scale_means", "metric": "mean"},
    )
    found = quality(answered(made, [[1], [2], [5], [3]]))
    outer = found.keying[found.keying["scale"] == "outer"]
    assert outer["key"].tolist() == [0]
    assert outer["item_rest"].isna().all()


# Mahalanobis distance


def test_distances_are_those_of_the_complete_rows_in_the_same_places() -> None:
    values = traits(40, [1, 1, -1])
    made = agree(3, items=["i1", "i2", "-i3"])
    whole = quality(answered(made, values))
    assert whole.table["mahalanobis_d2"].sum() == pytest.approx(39 * 3, rel=1e-12)
    gaps = np.insert(values, 5, [NAN, 1, 2], axis=0)
    found = quality(answered(made, gaps))
    distances = found.table["mahalanobis_d2"]
    assert math.isnan(distances[5])
    np.testing.assert_allclose(distances.drop(5), whole.table["mahalanobis_d2"], rtol=1e-12)
    assert caveats(found, "mahalanobis-incomplete") == [
        ("", "1 row without every scored answer, so without distance.")
    ]
    assert len(caveats(found, "mahalanobis-normal")) == 1
    assert caveats(whole, "mahalanobis-incomplete") == []


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (traits(14, [1, 1, 1]), "14 rows with an answer to each of the 3 scored items"),
        (traits(40, [1, 1, 1]) * [1, 0, 1] + [0, 2, 0], "everybody's answer to i2 counts"),
        (traits(40, [1, 1, 1]) @ [[1, 0, 1], [0, 1, 0], [0, 0, 0]], "repeat them"),
    ],
)
def test_no_distance_is_a_value_with_its_reason(values: np.ndarray, reason: str) -> None:
    found = quality(answered(agree(3), values))
    assert found.table[["mahalanobis_d2", "mahalanobis_p"]].isna().all(axis=None)
    ((where, message),) = caveats(found, "mahalanobis-unknown")
    assert reason in message
    assert where == ""
    assert caveats(found, "mahalanobis-normal") == []


def test_enough_rows_are_five_for_each_item() -> None:
    assert quality(answered(agree(3), traits(15, [1, 1, 1]))).table["mahalanobis_d2"].notna().all()


# Waves, groups, disclosure


def test_waves_are_kept_apart() -> None:
    made = agree(2)
    first, second = traits(30, [1, 1]), 6 - traits(20, [1, -1])
    frame = pd.DataFrame(np.vstack([first, second]), columns=list(made.columns))
    frame["when"] = ["2019"] * 30 + ["2018"] * 20
    frame["id"] = [*range(30), *range(20)]
    found = quality(responses(frame, made, person="id", wave="when"))
    assert found.items["wave"].tolist() == ["2018", "2018", "2019", "2019"]
    assert found.items["n"].tolist() == [20, 20, 30, 30]
    assert found.keying["n"].tolist() == [20, 20, 30, 30]
    alone = quality(answered(made, first))
    np.testing.assert_allclose(
        found.table["mahalanobis_d2"][:30], alone.table["mahalanobis_d2"], rtol=1e-12
    )
    expected = alone.keying["item_rest"].tolist()
    assert found.keying["item_rest"].tolist()[2:] == pytest.approx(expected, abs=1e-12)
    assert {where for where, _ in caveats(found, "item-rest-negative")} == {"s, 2018"}
    assert found.patterns[["wave", "pattern", "n"]].values.tolist() == [
        *(["2018", 1, 20], ["2019", 1, 30])
    ]


def test_result_carries_what_reading_found_and_is_for_no_other_eyes() -> None:
    read_in = read(person=None)
    found = quality(read_in, long_run=3)
    assert found.kind == "quality"
    assert found.caveats[: len(read_in.caveats)] == read_in.caveats
    assert found.caveats[-1].code == "disclosure-not-applied"
    assert found.table.index.equals(read_in.people.index)
    assert found.provenance.method == "quality"
    assert found.provenance.options == (("compared_from", "0.5"), ("long_run", "3"))


def test_groups_stand_beside_the_figures() -> None:
    frame = pd.DataFrame([[1, 2, "Lund"]], columns=["i1", "i2", "town"])
    found = quality(responses(frame, agree(2), groups=["town"]))
    assert found.table.columns.tolist()[:2] == ["town", "n_answered"]
    for name in ("long_run", "seconds_cut"):
        named = responses(frame.rename(columns={"town": name}), agree(2), groups=[name])
        with_times = {"seconds": pd.Series([3.0])}
        with pytest.raises(ResponseError, match="column of the result") as error:
            quality(named, **with_times)
        assert error.value.problems[0].code == "name-clash"


# Cut-offs


def test_without_cut_offs_nobody_is_flagged() -> None:
    found = quality(read())
    assert not [name for name in found.table if name.endswith("_cut")]
    assert found.cuts.empty
    assert found.cuts.columns.tolist() == ["index", "cut", "n_judged", "n_met", "share"]


def test_cut_offs_say_who_meets_them() -> None:
    seconds = pd.Series([60.0, 5, 9.9, 8, 10, 60, NAN])
    found = quality(
        read(),
        seconds=seconds,
        long_run=3,
        straight_both=1,
        missing_share=1 / 6,
        recurring=1,
        seconds_per_item=2,
    )
    table = found.table
    assert table["long_run_cut"].tolist() == [True, True, False, False, True, False, False]
    assert listed(table["straight_both_cut"]) == [True, True, True, None, True, None, False]
    assert table["missing_share_cut"].tolist() == [False, False, True, True, False, True, True]
    assert listed(table["recurring_cut"]) == [True, False, False, False, True, None, False]
    # p6 answered nothing, and p7 has no time; 8 seconds for 4 items are not below 2 each.
    assert listed(table["seconds_per_item_cut"]) == [False, True, True, False, True, None, None]
    assert found.cuts.values.tolist() == [
        ["long_run", ">= 3", 7, 3, 3 / 7],
        ["straight_both", ">= 1", 5, 4, 0.8],
        ["missing_share", ">= 0.166667", 7, 4, 4 / 7],
        ["recurring", ">= 1", 6, 2, 2 / 6],
        ["seconds_per_item", "< 2", 5, 3, 0.6],
    ]


def test_cut_off_of_distances() -> None:
    found = quality(answered(agree(2), traits(50, [1, 1])), mahalanobis_p=0.05)
    assert (found.table["mahalanobis_p_cut"] == (found.table["mahalanobis_p"] < 0.05)).all()
    none = quality(answered(agree(2), traits(9, [1, 1])), mahalanobis_p=0.05)
    assert none.table["mahalanobis_p_cut"].isna().all()
    assert none.cuts["n_judged"].tolist() == [0]
    assert math.isnan(none.cuts["share"][0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"long_run": 1}, "found 1; expected a whole number from 2"),
        ({"long_run": 2.5}, "found 2.5; expected a whole number from 2"),
        ({"long_run": 7}, "found 7; nobody can meet it, for there are 6 items"),
        ({"straight_both": 0}, "expected a whole number from 1"),
        ({"recurring": True}, "found True; expected a whole number from 1"),
        ({"missing_share": 0}, "expected a number above 0, at most 1"),
        ({"missing_share": 1.01}, "at most 1"),
        ({"mahalanobis_p": NAN}, "found nan; expected a number above 0, at most 1"),
        ({"mahalanobis_p": "0.01"}, "found '0.01'"),
        ({"seconds_per_item": 2}, "seconds= gives none"),
        ({"compared_from": 1.5}, "found 1.5; expected a share from 0 to 1"),
        ({"compared_from": None}, "found None"),
    ],
)
def test_cut_offs_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ResponseError, match=message.replace(".", r"\.")):
        quality(read(), **options)


def test_all_that_is_wrong_comes_at_once() -> None:
    with pytest.raises(ResponseError) as error:
        quality(read(), long_run=0, missing_share=2, compared_from=-1)
    assert [problem.column for problem in error.value.problems] == [
        *("long_run", "missing_share", "compared_from")
    ]


def test_only_responses_have_quality() -> None:
    with pytest.raises(ResponseError, match="found a DataFrame; expected Responses"):
        quality(pd.DataFrame())  # type: ignore[arg-type]


# Response times


def named(seconds: dict[Any, float]) -> pd.Series:
    return pd.Series(seconds, dtype=float).rename_axis("löpnr")


def test_times_by_person() -> None:
    given = named({"p7": 70, "p2": 20, "p1": 12, "nobody": 4, "p6": 3})
    found = quality(read(), seconds=given)
    assert listed(found.table["seconds"]) == [12, 20, None, None, None, 3, 70]
    assert listed(found.table["seconds_per_item"]) == [2, 4, None, None, None, None, 14]
    assert caveats(found, "seconds-missing") == [("", "3 rows without response time.")]
    assert caveats(found, "seconds-left-over") == [
        ("", "1 response time of people who are not among the answers.")
    ]


def test_times_by_person_and_wave_find_numbers_that_are_texts() -> None:
    frame = pd.DataFrame(
        {"id": [1, 1, 2], "when": [2018, 2019, 2018], "i1": [1, 2, 3], "i2": [3, 2, 1]}
    )
    read_in = responses(frame, agree(2), person="id", wave="when")
    times = frame.assign(s=[10, 20, 30]).iloc[::-1].set_index(["id", "when"])["s"]
    assert quality(read_in, seconds=times).table["seconds"].tolist() == [10, 20, 30]
    with pytest.raises(ResponseError, match="several rows for a person"):
        quality(read_in, seconds=times.reset_index("when", drop=True))


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        ([1.0] * 7, "found a list; expected a pandas Series"),
        (pd.Series(["12"] * 7), "expected numbers of seconds"),
        (pd.Series([True] * 7), "expected numbers of seconds"),
        (pd.Series([-1.0, math.inf, *[1.0] * 5]), "found 2 values below 0 or infinite, such as -1"),
        (pd.Series([1.0] * 6), "found 6 times without names for 7 rows"),
        (pd.Series([1.0] * 7, index=range(1, 8)), "an index from 0"),
        (named({"x": 1.0}), "found no person of the responses"),
        (pd.Series([1.0, 2.0], index=pd.Index(["p1", "p1"], name="id")), "several times for the"),
        (
            pd.Series([1.0], index=pd.MultiIndex.from_tuples([("p1", "t")])),
            "an index of 2 levels",
        ),
    ],
)
def test_times_that_cannot_be(seconds: Any, message: str) -> None:
    with pytest.raises(ResponseError, match=message) as error:
        quality(read(), seconds=seconds)
    assert [problem.code for problem in error.value.problems] == ["seconds"]


def test_times_may_have_gaps_and_any_kind_of_number() -> None:
    for dtype in ("Int64", "Float64", "float32"):
        times = pd.Series([1, None, 3, 4, 5, 6, 7], dtype=dtype)
        assert listed(quality(read(), seconds=times).table["seconds"])[:3] == [1, None, 3]


# Distributions


def test_distributions_worked_by_hand() -> None:
    found = quality(read()).distributions.set_index("index")
    # Runs of 0, 1, 2, 2, 3, 4, 4; a twentieth of six steps is 0.3 of the first one.
    row = found.loc["long_run"]
    assert row.tolist() == pytest.approx([7, 16 / 7, 0, 0.3, 1.5, 2, 3.5, 4, 4])
    assert found.loc["recurring", "n"] == 6
    assert found.loc["mahalanobis_d2"].isna().sum() == 8
    assert "seconds" not in found.index


# Random instruments and answers


def random_responses(data: st.DataObject) -> Responses | None:
    definition = data.draw(definitions(max_items=5, max_scales=3))
    rows: list[Row] = data.draw(tables(definition, max_rows=6))
    made = Instrument(**definition)
    if not rows:
        return None
    frame = pd.DataFrame(rows, columns=list(made.columns), dtype=object)
    return responses(frame, made, on_problem="missing")


@given(data=st.data())
def test_kinds_are_those_of_responses(data: st.DataObject) -> None:
    read_in = random_responses(data)
    if read_in is None:
        return
    answers, columns = answers_of(read_in), read_in.missing
    for position, item in enumerate(read_in.plan.items):
        for row in range(len(read_in)):
            kinds = [str(columns[name].iloc[row]) for name in item.columns]
            first = next((kind for kind in kinds if kind), "answered")
            assert KINDS[answers.kinds[row, position]] == first


@given(data=st.data())
def test_laws_on_random_answers(data: st.DataObject) -> None:
    read_in = random_responses(data)
    if read_in is None:
        return
    found = quality(read_in)
    table = found.table
    shares = found.items[[f"share_{kind}" for kind in KINDS]].sum(axis=1)
    assert shares.to_numpy() == pytest.approx(1.0)
    assert (table["long_run"] <= table["n_answered"]).all()
    assert found.patterns["n"].sum() == len(table)
    n_items = len(read_in.plan.items)
    assert (table["n_answered"] + table["n_missing"] <= n_items).all()
    assert (found.recurring.groupby("vector").size() > 1).all()
    again = found.recurring.set_index("row")["n_rows"]
    assert (again - 1).to_dict() == table["recurring"][table["recurring"].fillna(0) > 0].to_dict()
    assert found.keying["item_rest"].dropna().between(-1, 1).all()


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_order_of_persons_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = agree(3, items=["i1", "-i2", "i3"])
    values = rng.choice([1.0, 2, 3, 4, 5, 99, NAN], (25, 3), p=[0.18] * 5 + [0.05, 0.05])
    order = rng.permutation(25)
    one, other = (quality(answered(made, v)) for v in (values, values[order]))
    same = [name for name in one.table if name not in ("pattern", "mahalanobis_d2")]
    for name in same:
        before, after = listed(one.table[name].iloc[order]), listed(other.table[name])
        assert before == (pytest.approx(after) if name == "mahalanobis_p" else after), name
    pd.testing.assert_frame_equal(one.items, other.items)
    pd.testing.assert_frame_equal(one.keying, other.keying)
    pd.testing.assert_frame_equal(one.scales, other.scales)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
def test_copied_rows_recur(seed: int, copies: int) -> None:
    rng = np.random.default_rng(seed)
    made = agree(4)
    values = np.tile(rng.integers(1, 6, (5, 4)), (copies, 1))
    found = quality(answered(made, values)).table["recurring"]
    assert (found >= copies - 1).all()
    assert (found == found.iloc[0:5].tolist() * copies).all()


# Recovery


def test_simulated_straight_liners_are_found() -> None:
    core = instrument("digilitt-core")
    made = simulate(core, n=2000, careless=0.04, rng=5)
    found = quality(made.responses)
    truth = made.truth.drop_duplicates("person").set_index("person")["straightlining"]
    straight = truth.loc[found.table["person"]].to_numpy(dtype=bool)
    assert straight.sum() > 20
    longest = found.table["long_run"]
    assert longest[straight].min() > longest[~straight].median() + 4
    assert (found.table["straight_both"][straight] >= 1).mean() > 0.9
    assert (found.table["straight_both"][~straight] >= 1).mean() < 0.02


def test_tables_of_a_row_of_nothing_and_of_one_row() -> None:
    for rows in ([ROWS[5]], [ROWS[0]]):
        found = quality(read(rows))
        assert len(found.table) == 1
        assert found.keying["item_rest"].isna().all()
        assert found.patterns["n"].tolist() == [1]
        assert "quality" in repr(found)
        assert "<table" in found._repr_html_()
