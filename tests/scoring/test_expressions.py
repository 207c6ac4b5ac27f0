"""The plan as stages of expressions: their names, and that they mean what the kernel does."""

from __future__ import annotations

from itertools import product
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.define.instrument import Instrument
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.expressions import output_names, stages
from digilitt.scoring.item_expressions import TEMPORARY, invalid_counts
from digilitt.scoring.kernel import score_arrays
from digilitt.scoring.plan import Plan
from tests import oracle
from tests.strategies import QUIZ, definitions, small, small_definition, tables

BANDS = [{"id": "low", "from": 1.0, "sv": "l", "en": "l"}]
NESTED = small(
    {"a1": "agree", "a2": "agree", "a3": "agree"},
    {"id": "top", "scales": ["all"], "combine": "scale_means", "metric": "mean"},
    {"id": "all", "scales": ["one", "two"], "combine": "scale_means", "metric": "mean"},
    {"id": "one", "items": ["a1", "-a2"], "metric": "mean", "bands": BANDS},
    {"id": "two", "items": ["a3"], "metric": "pomp"},
)


def run(frame: Any, plan: Plan, *, count_invalid: bool = False) -> Any:
    work = nw.from_native(frame)
    for stage in stages(plan, count_invalid=count_invalid):
        work = work.with_columns(*stage)
    return work


def test_output_names_follow_the_plan() -> None:
    plan = compile_plan(NESTED)
    # Inner scales are scored first.
    assert output_names(plan) == [
        *("one_mean_score", "one_n_answered", "one_band"),
        *("two_pomp", "two_n_answered"),
        *("all_mean_score", "all_n_answered"),
        *("top_mean_score", "top_n_answered"),
    ]
    assert output_names(plan, count_invalid=True)[2:4] == ["one_band", "one_n_invalid"]


@pytest.mark.parametrize("count_invalid", [False, True])
def test_stages_make_the_output_and_nothing_else_but_temporary_names(count_invalid: bool) -> None:
    plan = compile_plan(NESTED)
    frame = pl.DataFrame({"a1": [4], "a2": [2], "a3": [5], "other": ["x"]})
    made = run(frame, plan, count_invalid=count_invalid).columns
    others = [name for name in made if not name.startswith(TEMPORARY)]
    assert set(others) == {*frame.columns, *output_names(plan, count_invalid=count_invalid)}
    # One for raw codes, one for item scores; sums and scores of each of three levels, and bands.
    assert len(stages(plan)) == 2 + 3 * 2 + 1


def test_scales_of_scales_of_scales() -> None:
    # one: (4 + 6 - 2) / 2 = 4; two: 5, as pomp 100; all: (4 + 5) / 2; top: the same.
    frame = pl.DataFrame({"a1": [4, 4, 4], "a2": [2, 2, None], "a3": [5, 99, 5]})
    made = run(frame, compile_plan(NESTED))
    assert made["one_mean_score"].to_list() == [4.0, 4.0, None]
    assert made["two_pomp"].to_list() == [100.0, None, 100.0]
    assert made["all_mean_score"].to_list() == [4.5, None, None]
    assert made["top_mean_score"].to_list() == [4.5, None, None]
    assert made["all_n_answered"].to_list() == [2, 1, 1]


@settings(max_examples=30)
@given(data=st.data())
def test_expressions_on_pandas_agree_with_the_kernel(data: st.DataObject) -> None:
    """Engines that are like pandas run the expressions; pandas itself runs the kernel."""
    definition = data.draw(definitions())
    plan = compile_plan(Instrument(**definition))
    rows = data.draw(tables(definition))
    cells = {
        name: np.array([np.nan if row[name] is None else row[name] for row in rows], np.float64)
        for name in plan.instrument.columns
    }
    sexes = np.array(["kvinna"] * len(rows), dtype=object)
    scored = score_arrays(plan, cells, {"sex": sexes})
    frame = pd.DataFrame({**cells, "sex": pd.Series(sexes, dtype="string")})
    made = nw.to_native(run(frame, plan, count_invalid=True))
    for scale in plan.scales:
        found = scored.scales[scale.scale]
        np.testing.assert_allclose(
            made[scale.column].to_numpy(np.float64, na_value=np.nan),
            found.estimate,
            rtol=1e-12,
            atol=1e-10,
        )
        for name in ("n_answered", "n_invalid"):
            assert made[f"{scale.scale}_{name}"].tolist() == getattr(found, name).tolist()
        if scale.band_ids:
            ids = [*scale.band_ids, None]
            bands = [None if pd.isna(band) else band for band in made[f"{scale.scale}_band"]]
            assert bands == [ids[position] for position in found.band]


@settings(max_examples=30)
@given(data=st.data())
def test_invalid_counts_agree_with_the_kernel(data: st.DataObject) -> None:
    definition = data.draw(definitions())
    plan = compile_plan(Instrument(**definition))
    rows = data.draw(tables(definition))
    cells = {name: [row[name] for row in rows] for name in plan.instrument.columns}
    frame = pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.Float64)).with_columns(
        sex=pl.lit("man")
    )
    made = run(frame, plan).select(
        *(count.alias(item.item) for item, count in invalid_counts(plan).items())
    )
    codes = {
        name: np.array([np.nan if cell is None else cell for cell in column], np.float64)
        for name, column in cells.items()
    }
    groups = {"sex": np.array(["man"] * len(rows), dtype=object)}
    counted = dict(zip(made.columns, made.row(0), strict=True))
    assert counted == score_arrays(plan, codes, groups).invalid


def assert_alike(definition: dict[str, Any], columns: dict[str, Any]) -> None:
    """Expressions, kernel and exact arithmetic, on every combination of the columns' cells."""
    names = list(columns)
    rows = [dict(zip(names, cells, strict=True)) for cells in product(*columns.values())]
    plan = compile_plan(Instrument(**definition))
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Float64), orient="row")
    codes = {name: frame[name].fill_null(np.nan).to_numpy() for name in names}
    made = run(frame, plan, count_invalid=True)
    scored = score_arrays(plan, codes, {})
    exact = [oracle.score_person(definition, row) for row in rows]
    for scale in plan.scales:
        found = scored.scales[scale.scale]
        outcomes = [person[scale.scale] for person in exact]
        estimates = [np.nan if o.estimate is None else float(o.estimate) for o in outcomes]
        in_polars = made[scale.column].to_native().fill_null(np.nan).to_numpy()
        np.testing.assert_allclose(in_polars, estimates, rtol=1e-12)
        np.testing.assert_allclose(found.estimate, estimates, rtol=1e-12)
        for name in ("n_answered", "n_invalid"):
            counts = [getattr(outcome, name) for outcome in outcomes]
            assert made[f"{scale.scale}_{name}"].to_list() == counts
            assert getattr(found, name).tolist() == counts


YES_NO: dict[str, Any] = {
    "kind": "binary",
    "options": [
        {"code": 1, "score": 1.0, "sv": "ja", "en": "yes"},
        {"code": 2, "score": 0.0, "sv": "nej", "en": "no"},
    ],
    "missing": [
        {"code": 7, "counts_as": "not_applicable", "sv": "ej", "en": "n/a"},
        {"code": 8, "counts_as": "wrong", "sv": "vet ej", "en": "unknown"},
        {"code": 9, "counts_as": "missing", "sv": "vill ej", "en": "refused"},
    ],
}


@pytest.mark.parametrize("otherwise", ["missing", "not_applicable", "wrong"])
@pytest.mark.parametrize("before", ["missing", "not_applicable", "wrong"])
def test_every_combination_of_answers_to_gates(otherwise: str, before: str) -> None:
    def after(name: str, otherwise: str) -> dict[str, Any]:
        gate = {"item": name, "any_of": [1], "otherwise": otherwise}
        return {"format": "yesno", "asked_if": gate}

    share = {"id": "s", "items": ["g2", "k"], "metric": "sum", "min_answered": 0.5}
    definition = small_definition(
        {"g1": "yesno", "g2": after("g1", before), "k": after("g2", otherwise)},
        share,
        {**share, "id": "raw", "prorate": False},
        {**share, "id": "all", "min_answered": "all", "metric": "pomp"},
        formats={"yesno": YES_NO},
    )
    cells = [1.0, 2.0, 7.0, 8.0, 9.0, 5.0, None]
    assert_alike(definition, dict.fromkeys(("g1", "g2", "k"), cells))


@pytest.mark.parametrize("credit", ["all_or_nothing", "proportion_correct", "right_minus_wrong"])
@pytest.mark.parametrize("key", [[1, 3], [2], [1, 2, 3]])
def test_every_combination_of_ticks(credit: str, key: list[int]) -> None:
    missing = [*YES_NO["missing"][:1], *YES_NO["missing"][2:], *QUIZ["missing"]]
    definition = small_definition(
        {"m": {"format": "quiz", "key": key}},
        {"id": "s", "items": ["m"], "metric": "sum"},
        {"id": "raw", "items": ["m"], "metric": "sum", "prorate": False, "min_answered": 0.5},
        formats={"quiz": {**QUIZ, "credit": credit, "missing": missing}},
    )
    cells = [0.0, 1.0, 98.0, 9.0, 7.0, 5.0, None]
    assert_alike(definition, dict.fromkeys(("m:1", "m:2", "m:3"), cells))


def test_rounding_takes_nobody_over_or_under_a_line() -> None:
    """0.15 * 6 is 0.8999999999999999 and 0.28 * 25 is 7.000000000000001 in binary arithmetic."""
    names = [f"i{k}" for k in range(25)]
    cuts = [{"id": "low", "from": 0.0, "sv": "l", "en": "l"}]
    cuts = [*cuts, {"id": "high", "from": 0.9, "sv": "h", "en": "h"}]
    plan = compile_plan(
        small(
            dict.fromkeys(names, "agree"),
            {"id": "share", "items": names, "metric": "mean", "min_answered": 0.28},
            {
                "id": "cut",
                "items": names[:2],
                "metric": "linear",
                "linear": {"base": "sum", "multiply": 0.15},
                "bands": cuts,
            },
        )
    )
    codes = {name: np.array([3.0 if k < 7 else np.nan]) for k, name in enumerate(names)}
    scored = score_arrays(plan, codes, {}).scales
    made = run(pl.DataFrame(codes).fill_nan(None), plan)
    assert scored["share"].estimate.tolist() == made["share_mean_score"].to_list() == [3.0]
    assert scored["cut"].estimate.tolist() == made["cut_linear_score"].to_list() == [0.15 * 6]
    assert (scored["cut"].band.tolist(), made["cut_band"].to_list()) == ([1], ["high"])
