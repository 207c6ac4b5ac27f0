"""Counts and thresholds: worked by hand, laws, and Eurostat's indicator against an exact scorer."""

from __future__ import annotations

import tomllib
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from digilitt.define.catalogue import instrument, instruments_folder
from digilitt.errors import ResponseError
from digilitt.result import ALL
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.description import describe
from digilitt.scoring.frames import score_frame
from digilitt.scoring.indicators import indicators
from digilitt.scoring.participation import participation
from digilitt.scoring.responses import responses
from digilitt.scoring.scores import score, score_one
from digilitt.scoring.simulation import simulate
from tests import oracle
from tests.strategies import AGREE5, small, text

DSI = instrument("eurostat-dsi-2")
PLAN = compile_plan(DSI)
DEFINITION = tomllib.loads(
    (instruments_folder() / "eurostat-dsi-2" / "instrument.toml").read_text(encoding="utf-8")
)
AREAS = ("il", "cc", "dcc", "sf", "ps")
ITEMS = [item.id for item in DSI.items if item.id not in ("IU", "IBUY")]
BINARY = {
    "kind": "binary",
    "options": [{"code": 0, **text("no")}, {"code": 1, **text("yes")}],
    "missing": [{"code": 9, "counts_as": "not_applicable", **text("n/a")}],
}


def bands(*cuts: float, **more: Any) -> list[dict[str, Any]]:
    made = [{"id": f"b{k}", "from": cut, "label": text(f"b{k}")} for k, cut in enumerate(cuts)]
    made[-1] |= more
    return made


def counting(items: list[Any], **more: Any) -> dict[str, Any]:
    return {"id": "s", "items": items, "metric": "count", "at_least": 1, "min_answered": 1, **more}


def count_of(scale: dict[str, Any], **answers: float) -> dict[str, Any]:
    made = small(
        {f"y{k}": "yes" for k in range(1, 5)} | {"a1": "agree", "a2": "agree"},
        scale,
        formats={"yes": BINARY, "agree": AGREE5},
    )
    return score_one(answers, made)["s"]


def test_a_count_is_how_many_items_reach_the_threshold() -> None:
    scale = counting(["a1", "-a2"], at_least=4)
    assert count_of(scale, a1=4, a2=2)["estimate"] == 2
    assert count_of(scale, a1=3, a2=2)["estimate"] == 1
    assert count_of(scale, a1=5, a2=3)["estimate"] == 1
    assert count_of(scale, a1=5)["estimate"] == 1
    assert count_of(scale)["estimate"] is None
    assert count_of({**scale, "min_answered": "all"}, a1=5)["estimate"] is None


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"y1": 1}, (1, 1, 0)),
        ({"y2": 1}, (1, 1, 0)),
        ({"y1": 0, "y2": 0}, (0, 1, 0)),
        ({"y1": 0}, (None, 0, 1)),
        ({"y1": 0, "y2": 9}, (0, 1, 0)),
        ({"y1": 9, "y2": 9}, (None, 0, 0)),
        ({"y1": 9}, (None, 0, 1)),
    ],
)
def test_items_that_do_as_well_count_once(answers: Any, expected: Any) -> None:
    found = count_of(counting([{"item": "y1", "or_any_of": ["y2"]}]), **answers)
    assert (found["estimate"], found["n_answered"], found["n_missing"]) == expected


def test_a_blank_gate_is_no_reason_not_to_assess() -> None:
    nobody = score_one({}, PLAN)["overall"]
    assert (nobody["band"], nobody["n_missing"]) == (None, 5)
    outside = score_one({"IU": 2}, PLAN)
    assert {outside[area]["band"] for area in AREAS} == {"not_assessed"}
    assert (outside["overall"]["band"], outside["overall"]["estimate"]) == ("NA", None)


def person(**done: int) -> dict[str, float]:
    """Somebody who did so many of the first activities of each area, and left out none."""
    answers: dict[str, float] = dict.fromkeys(ITEMS, 0) | {"IU": 1, "IBUY": 4}
    for area, n in done.items():
        for part in PLAN.scale(area).parts[:n]:
            answers[part.name] = 1
    return answers


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        ({"il": 2, "cc": 2, "dcc": 3, "sf": 3, "ps": 3}, "AB"),
        ({"il": 1, "cc": 2, "dcc": 3, "sf": 3, "ps": 3}, "B"),
        ({"il": 2, "cc": 2, "dcc": 2, "sf": 3, "ps": 3}, "B"),
        ({"il": 4, "cc": 6, "dcc": 7, "sf": 6}, "LW"),
        ({"il": 1, "cc": 1, "dcc": 1}, "N"),
        ({"dcc": 1, "ps": 7}, "LM"),
        ({"cc": 6}, "X"),
        ({}, "X"),
    ],
)
def test_the_classes_of_eurostat(done: dict[str, int], expected: str) -> None:
    found = score_one(person(**done), PLAN)
    assert found["overall"]["band"] == expected
    assert found["overall"]["estimate"] == len(done)


def test_a_purchase_counts_for_twelve_months() -> None:
    for code, expected in ((1, 1), (2, 1), (3, 0), (4, 0)):
        assert score_one(person() | {"IBUY": code}, PLAN)["ps"]["estimate"] == expected


def answers_of_many(n: int) -> pd.DataFrame:
    """Answers of people who did little or much, left out some, or do not use the internet."""
    rng = np.random.default_rng(20)
    often = rng.choice([0.05, 0.2, 0.5, 0.9], size=(n, 1))
    done = (rng.random((n, len(ITEMS))) < often).astype(np.float64)
    done[rng.random(done.shape) < rng.choice([0.0, 0.1, 0.8], size=(n, 1))] = np.nan
    frame = pd.DataFrame(done, columns=ITEMS)
    use = rng.choice([1.0, 2.0, 4.0, np.nan], p=[0.8, 0.05, 0.1, 0.05], size=n)
    return frame.assign(IU=use, IBUY=rng.choice([1.0, 2.0, 3.0, 4.0, np.nan], size=n))


def test_every_engine_scores_the_indicator_as_the_exact_scorer_does() -> None:
    frame = answers_of_many(400)
    lazy = pl.from_pandas(frame).lazy()
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    connection = duckdb.connect()
    relation = connection.from_arrow(arrow.append_column("row", pa.array(range(len(frame)))))
    found = {
        "pandas": score_frame(frame, PLAN),
        "polars": score_frame(lazy.collect(), PLAN).to_pandas(),
        "lazy": score_frame(lazy, PLAN).collect().to_pandas(),
        "streaming": score_frame(lazy, PLAN).collect(engine="streaming").to_pandas(),
        "pyarrow": score_frame(arrow, PLAN).to_pandas(),
        "duckdb": score_frame(relation, PLAN).df().sort_values("row", ignore_index=True),
    }
    for position in range(len(frame)):
        answers = {k: None if np.isnan(v) else v for k, v in frame.iloc[position].items()}
        expected = oracle.score_person(DEFINITION, answers)
        for engine, table in found.items():
            row = table.iloc[position]
            for name, outcome in expected.items():
                assert row[f"{name}_n_answered"] == outcome.n_answered, engine
                band, count = row[f"{name}_band"], row[f"{name}_count"]
                assert (None if pd.isna(band) else band) == outcome.band, engine
                assert (None if pd.isna(count) else count) == outcome.estimate, engine
    classes = set(found["pandas"]["overall_band"].dropna())
    assert classes == {"AB", "B", "LW", "N", "LM", "X", "NA"}


@pytest.fixture(scope="module")
def simulated() -> Any:
    made = simulate(
        DSI,
        n=1500,
        rng=30,
        groups={"place": {"A": 0.4, "B": 0.6}},
        difficulty=(-1.0, 1.2),
        parameters={"IU": {"a": 0.8, "b1": -4.0, "b2": -3.3, "b3": -2.6}},
        missing_rate=0.02,
    )
    return score(made.responses)


def test_the_published_shares_hang_together_as_eurostats_do(simulated: Any) -> None:
    table = indicators(simulated, by="place").table
    for place in ("A", "B", ALL):
        share = table[table["place"] == place].set_index("indicator")["share"] * 100
        assert share.between(0, 100).all()
        codes = ["IL", "CC", "DCC", "SF", "PS"]
        for part in (*(f"{code}_" for code in codes), ""):
            both = share[f"I_DSK2_{part}BAB"]
            assert both == pytest.approx(share[f"I_DSK2_{part}B"] + share[f"I_DSK2_{part}AB"])
        areas = [share[f"I_DSK2_{code}_BAB"] for code in codes]
        # People without a class in one area only are few, and are in none of its shares.
        assert share["I_DSK2_BAB"] <= min(areas) + 1
        assert share["I_DSK2_BAB"] >= sum(areas) - 400 - 1
        classes = ["AB", "B", "LW", "N", "LM", "X", "NA"]
        assert share[[f"I_DSK2_{name}" for name in classes]].sum() == pytest.approx(100)


def test_not_assessed_is_a_class_and_no_score(simulated: Any) -> None:
    rows = simulated.table[simulated.table["scale"] == "overall"]
    outside = rows["band"] == "NA"
    assert outside.any()
    assert rows.loc[outside, "estimate"].isna().all()
    described = describe(simulated)
    line = described.table.set_index("scale").loc["overall"]
    whole = described.bands.set_index(["scale", "band"])["n"]["overall"]
    assert whole[ALL] == line["n_scored"] + outside.sum()
    assert whole.drop(ALL).sum() == whole[ALL]
    told = {(caveat.code, caveat.where): caveat.message for caveat in simulated.caveats}
    assert told["not-assessed", "overall"].startswith(f"{outside.sum()} rows")
    assert ("instrument-unverified", DSI.name) in told
    who = participation(simulated).table.iloc[0]
    assert who["valid"] >= whole[ALL]


@pytest.mark.parametrize(
    "build",
    [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table],
    ids=["pandas", "polars", "lazy", "pyarrow"],
)
def test_an_answer_that_a_gate_cannot_have_is_invalid(build: Any) -> None:
    columns = {name: [float(cell)] * 2 for name, cell in person(il=2).items()} | {"IU": [1.0, 0.0]}
    with pytest.raises(ResponseError) as caught:
        score_frame(build(columns), PLAN)
    assert [(p.code, p.column) for p in caught.value.problems] == [("invalid-answer", "IU")]
    found = score_frame(build(columns), PLAN, on_problem="missing")
    table = found.collect() if build is pl.LazyFrame else found
    counts = {name: list(table[f"{name}_n_invalid"]) for name in (*AREAS, "overall")}
    assert {tuple(map(int, map(str, numbers))) for numbers in counts.values()} == {(0, 1)}


def test_indicators_say_when_there_are_none() -> None:
    made = small({"a1": "agree"}, {"id": "s", "items": ["a1"], "metric": "mean"})
    scored = score(responses(pd.DataFrame({"a1": [1, 2]}), made))
    with pytest.raises(ResponseError, match="defines no indicators"):
        indicators(scored)


def test_needs_go_by_each_scales_own_bands() -> None:
    inner = [
        counting(["y1", "y2"], id="one", bands=bands(0, 1, 2)),
        counting(["y3", "y4"], id="two", bands=bands(0, 2)),
    ]
    outer = {
        "id": "both",
        "scales": ["one", "two"],
        "combine": "bands",
        "metric": "count",
        "at_least": "b1",
        "bands": bands(0, 1, 2),
    }
    made = small({f"y{k}": "yes" for k in range(1, 5)}, *inner, outer, formats={"yes": BINARY})

    def found(*answers: int) -> tuple[Any, Any]:
        one = score_one({f"y{k}": answer for k, answer in enumerate(answers, start=1)}, made)
        return one["both"]["estimate"], one["both"]["band"]

    assert found(0, 0, 1, 0) == (0, "b0")
    assert found(1, 0, 1, 0) == (1, "b1")
    assert found(1, 1, 1, 1) == (2, "b2")


def test_items_may_be_pooled_and_counted() -> None:
    one = counting(["y1", {"item": "y2", "or_any_of": ["y3"]}], id="one")
    pool = counting([], id="all", scales=["one", "two"])
    del pool["items"]
    two = {"id": "two", "items": ["y4"], "metric": "sum"}
    made = small({f"y{k}": "yes" for k in range(1, 5)}, one, two, pool, formats={"yes": BINARY})
    found = score_one({"y1": 1, "y2": 0, "y3": 1, "y4": 1}, made)
    assert (found["all"]["estimate"], found["all"]["n_answered"]) == (3, 3)


def test_keyed_items_of_a_count_hold_all_that_do_as_well(simulated: Any) -> None:
    keyed = simulated.responses.keyed("il")
    assert list(keyed) == ["IUIF", "IHIF", "IUNW1", "TICCSFOI", "TICIDIS", "TICNIDIS"]
