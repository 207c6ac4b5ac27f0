"""The plan as stages of expressions: their names, and that they mean what the kernel does."""

from __future__ import annotations

from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.define.instrument import Instrument
from digilitt.scoring.expressions import output_names, stages
from digilitt.scoring.item_expressions import TEMPORARY, invalid_count
from digilitt.scoring.kernel import score_arrays
from digilitt.scoring.plan import Plan, compile_plan
from tests.strategies import definitions, small, tables

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
        *(invalid_count(item).alias(item.item) for item in plan.scored_items)
    )
    codes = {
        name: np.array([np.nan if cell is None else cell for cell in column], np.float64)
        for name, column in cells.items()
    }
    groups = {"sex": np.array(["man"] * len(rows), dtype=object)}
    counted = dict(zip(made.columns, made.row(0), strict=True))
    assert counted == score_arrays(plan, codes, groups).invalid
