"""The numpy kernel against exact arithmetic, and item rules worked by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.define.instrument import Instrument
from digilitt.scoring import kernel
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.kernel import PlanScores, not_asked, score_arrays, score_item
from digilitt.scoring.plan import Plan
from tests import oracle
from tests.strategies import GROUPS, QUIZ, Row, definitions, small, tables

NAN = math.nan


def arrays(rows: Sequence[Row], names: Sequence[str]) -> dict[str, np.ndarray]:
    return {
        name: np.array([NAN if row[name] is None else row[name] for row in rows], dtype=np.float64)
        for name in names
    }


def columns(**cells: Sequence[float]) -> dict[str, np.ndarray]:
    return {name.replace("__", ":"): np.array(cell, np.float64) for name, cell in cells.items()}


@settings(max_examples=100)
@given(data=st.data())
def test_kernel_agrees_with_exact_arithmetic(data: st.DataObject) -> None:
    definition = data.draw(definitions(max_items=8))
    plan = compile_plan(Instrument(**definition))
    rows = data.draw(tables(definition))
    sexes = data.draw(st.lists(st.sampled_from(GROUPS), min_size=len(rows), max_size=len(rows)))
    groups = {"sex": np.array(sexes, dtype=object)}
    scored = score_arrays(plan, arrays(rows, plan.instrument.columns), groups)
    for position, (row, sex) in enumerate(zip(rows, sexes, strict=True)):
        expected = oracle.score_person(definition, row, {"sex": sex})
        for scale in plan.scales:
            found, outcome = scored.scales[scale.scale], expected[scale.scale]
            for value, exact in (
                (found.estimate[position], outcome.estimate),
                (found.mean[position], outcome.mean),
            ):
                number = NAN if exact is None else float(exact)
                assert value == pytest.approx(number, rel=1e-12, abs=1e-10, nan_ok=True)
            assert found.n_answered[position] == outcome.n_answered
            assert found.n_missing[position] == outcome.n_missing
            assert found.n_invalid[position] == outcome.n_invalid
            ids = [*scale.band_ids, None]
            assert ids[found.band[position]] == outcome.band
            if outcome.estimate is not None:
                # No score lies outside the range that the plan states.
                assert scale.low - 1e-9 <= found.estimate[position] <= scale.high + 1e-9


@settings(max_examples=40)
@given(data=st.data())
def test_item_scores_agree_with_exact_arithmetic(data: st.DataObject) -> None:
    definition = data.draw(definitions(max_scales=1))
    plan = compile_plan(Instrument(**definition))
    rows = data.draw(tables(definition))
    cells = arrays(rows, plan.instrument.columns)
    items = oracle.by_id(definition, "items")
    for item in plan.items:
        found = score_item(plan, item, cells)
        closed = not_asked(plan, item, cells)
        for position, row in enumerate(rows):
            outcome = oracle.score_item(definition, items[item.item], row)
            exact = NAN if outcome.value is None else float(outcome.value)
            assert found.value[position] == pytest.approx(exact, rel=1e-15, nan_ok=True)
            assert found.invalid[position] == bool(outcome.n_invalid)
            asked = oracle.is_asked(definition, items[item.item], row)
            assert closed[position] == (not asked)


# Most gates of a chain: g1 (yes/no) opens g2, which opens a1.
YES_NO = {
    "kind": "binary",
    "options": [{"code": 1, "sv": "ja", "en": "yes"}, {"code": 2, "sv": "nej", "en": "no"}],
    "missing": [
        {"code": 8, "counts_as": "wrong", "sv": "vet ej", "en": "unknown"},
        {"code": 9, "counts_as": "missing", "sv": "vill ej", "en": "refused"},
    ],
}
YES_NO["options"] = [{**o, "score": float(o["code"] == 1)} for o in YES_NO["options"]]
RATED = {
    "kind": "ordered",
    "options": [{"code": c, "sv": f"s{c}", "en": f"e{c}"} for c in range(1, 6)],
}


def gated(otherwise: str) -> Plan:
    gate = {"any_of": [1], "otherwise": "not_applicable"}
    return compile_plan(
        small(
            {
                "g1": "yesno",
                "g2": {"format": "yesno", "asked_if": {"item": "g1", **gate}},
                "k1": {
                    "format": "yesno",
                    "asked_if": {"item": "g2", "any_of": [1], "otherwise": otherwise},
                },
                "k2": "yesno",
            },
            {"id": "s", "items": ["k1", "k2"], "metric": "sum", "min_answered": 1},
            formats={"yesno": YES_NO},
        )
    )


# g1, g2, k1 and what they mean for k1: asked or not.
GATES = [
    (1, 1, 1, "asked"),
    (1, 2, 1, "closed"),
    (2, 1, 1, "closed"),  # g2 should not have been answered: it is not asked itself
    (2, NAN, 1, "closed"),
    (NAN, NAN, 1, "asked"),  # a blank gate closes nothing
    (9, 9, 1, "asked"),  # nor does a missing code,
    (8, 1, 1, "asked"),  # not even one that counts as a wrong answer,
    (7, 7, 1, "asked"),  # nor an answer that is none
    (1, NAN, NAN, "asked"),
]


@pytest.mark.parametrize("otherwise", ["missing", "not_applicable", "wrong"])
@pytest.mark.parametrize(("g1", "g2", "k1", "expected"), GATES)
def test_gates(g1: float, g2: float, k1: float, expected: str, otherwise: str) -> None:
    plan = gated(otherwise)
    cells = columns(g1=[g1], g2=[g2], k1=[k1], k2=[1])
    assert not_asked(plan, plan.item("k1"), cells).tolist() == [expected == "closed"]
    scores = score_arrays(plan, cells, {}).scales["s"]
    answered = expected == "asked" and not math.isnan(k1)
    if answered or (expected == "closed" and otherwise == "wrong"):
        # Both count: k1 as 1 when asked, 0 when closed and wrong.
        assert (scores.n_answered[0], scores.n_missing[0]) == (2, 0)
        assert scores.estimate[0] == (2.0 if answered else 1.0)
    else:
        not_there = expected == "closed" and otherwise == "not_applicable"
        assert (scores.n_answered[0], scores.n_missing[0]) == (1, 0 if not_there else 1)


def quiz(credit: str, *extra: Mapping[str, object]) -> Plan:
    made = {**QUIZ, "credit": credit, "missing": [*QUIZ["missing"], *extra]}
    return compile_plan(
        small(
            {"m": {"format": "quiz", "key": [1, 3]}},
            {"id": "s", "items": ["m"], "metric": "sum"},
            formats={"quiz": made},
        )
    )


# Options 1 and 3 are right, 2 is wrong.
TICKS = [(1, 0, 1), (1, 1, 1), (1, 0, 0), (0, 0, 0), (0, 1, 0), (1, 1, 0)]


@pytest.mark.parametrize(
    ("credit", "expected"),
    [
        ("all_or_nothing", [1, 0, 0, 0, 0, 0]),
        ("proportion_correct", [3 / 3, 2 / 3, 2 / 3, 1 / 3, 0 / 3, 1 / 3]),
        ("right_minus_wrong", [2 / 2, 1 / 2, 1 / 2, 0, 0, 0]),  # never below 0
    ],
)
def test_partial_credit(credit: str, expected: list[float]) -> None:
    plan = quiz(credit)
    ticks = np.array(TICKS, dtype=np.float64).T
    cells = dict(zip(plan.columns, ticks, strict=True))
    assert score_arrays(plan, cells, {}).scales["s"].estimate.tolist() == expected


def test_missing_codes_of_multi_select_stand_for_the_whole_item() -> None:
    extra = (
        {"code": 77, "counts_as": "not_applicable", "sv": "ej", "en": "n/a"},
        {"code": 99, "counts_as": "missing", "sv": "vill ej", "en": "refused"},
    )
    plan = quiz("all_or_nothing", *extra)
    cells = columns(
        m__1=[98, 98, 1, 99, 77, 1, 98, 5, NAN],
        m__2=[98, NAN, 98, 99, 0, NAN, 77, 98, NAN],
        m__3=[98, NAN, 1, 99, 0, 1, 0, 1, NAN],
    )
    item = score_item(plan, plan.item("m"), cells)
    # "Do not know" scores 0 wherever it stands; with an invalid answer, or one that is not
    # applicable, beside it there is no score; nor where a column is blank.
    expected = [0.0, 0.0, 0.0, NAN, NAN, NAN, NAN, NAN, NAN]
    np.testing.assert_array_equal(item.value, expected)
    assert item.applicable is not None
    assert item.applicable.tolist() == [True] * 4 + [False, True, False, True, True]
    assert item.invalid.tolist() == [False] * 7 + [True, False]


def test_blocks_of_rows_are_joined_in_order() -> None:
    plan = compile_plan(
        small(
            {"a1": "agree", "a2": "agree"},
            {
                "id": "s",
                "items": ["a1", "-a2"],
                "metric": "mean",
                "min_answered": 0.5,
                "bands": [{"id": "all", "from": 1.0, "sv": "a", "en": "a"}],
            },
        )
    )
    n = 2 * kernel.BLOCK_ROWS + 3
    drawn = np.random.default_rng(1).choice([1, 2, 3, 4, 5, 77, 99, 7, NAN], size=(2, n))
    cells = {"a1": drawn[0], "a2": drawn[1]}
    whole = score_arrays(plan, cells, {})
    edges = [0, 1, kernel.BLOCK_ROWS - 1, kernel.BLOCK_ROWS + 5, n]
    parts = [
        score_arrays(plan, {name: cell[a:b] for name, cell in cells.items()}, {})
        for a, b in pairwise(edges)
    ]
    for name in ("estimate", "mean", "n_answered", "n_missing", "n_invalid", "band"):
        joined = np.concatenate([getattr(part.scales["s"], name) for part in parts])
        np.testing.assert_array_equal(getattr(whole.scales["s"], name), joined)
    assert whole.invalid == {k: sum(part.invalid[k] for part in parts) for k in ("a1", "a2")}


def test_more_parts_than_a_byte_counts() -> None:
    names = [f"i{k}" for k in range(300)]
    plan = compile_plan(
        small(
            dict.fromkeys(names, "rated"),
            {"id": "s", "items": names, "metric": "sum", "min_answered": 1},
            formats={"rated": RATED},
        )
    )
    cells = {name: np.array([5.0, NAN if k else 5.0]) for k, name in enumerate(names)}
    scored: PlanScores = score_arrays(plan, cells, {})
    assert scored.scales["s"].n_answered.tolist() == [300, 1]
    assert scored.scales["s"].n_missing.tolist() == [0, 299]
    assert scored.scales["s"].estimate.tolist() == [1500.0, 1500.0]
