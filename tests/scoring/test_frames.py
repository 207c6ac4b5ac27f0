"""Data frames of every kind come back scored alike, and otherwise as they were."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.define.instrument import Instrument
from digilitt.errors import ResponseError
from digilitt.scoring.frames import score_frame
from digilitt.scoring.plan import compile_plan
from tests import oracle
from tests.strategies import GROUPS, Row, definitions, small, tables

METRICS = {"sum": "sum_score", "mean": "mean_score", "pomp": "pomp"}
METRICS |= {"linear": "linear_score", "t": "t_score"}

Columns = Mapping[str, Sequence[Any]]


def pandas_of(dtype: str) -> Callable[[Columns], pd.DataFrame]:
    def build(columns: Columns) -> pd.DataFrame:
        return pd.DataFrame(
            {
                name: pd.Series(values, dtype="str")
                if name == "sex"
                else pd.Series([np.nan if v is None else v for v in values], dtype="float64")
                .astype("Float64" if dtype == "Int64" else dtype)
                .astype(dtype)
                for name, values in columns.items()
            }
        )

    return build


def polars_frame(columns: Columns) -> pl.DataFrame:
    return pl.DataFrame(
        {
            name: pl.Series(values, dtype=pl.String if name == "sex" else pl.Float64)
            for name, values in columns.items()
        },
    )


def with_nan(columns: Columns) -> pl.DataFrame:
    """Blanks of a Polars frame as NaN, which it tells from null."""
    return polars_frame(columns).with_columns(pl.col(pl.Float64).fill_null(math.nan))


def arrow_table(columns: Columns) -> pa.Table:
    return pa.table(
        {
            name: pa.array(values, pa.string() if name == "sex" else pa.float64())
            for name, values in columns.items()
        }
    )


def values_of(frame: Any) -> dict[str, list[Any]]:
    """Columns of a scored frame as lists, None where there is nothing."""
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame.to_dict(as_series=False)
    if isinstance(frame, pa.Table):
        return frame.to_pydict()
    return {str(name): [None if pd.isna(v) else v for v in frame[name]] for name in frame}


def lists(rows: Sequence[Row], sexes: Sequence[str | None], instrument: Instrument) -> Columns:
    return {name: [row[name] for row in rows] for name in instrument.columns} | {"sex": sexes}


def assert_scored(
    found: Columns,
    definition: Mapping[str, Any],
    rows: Sequence[Row],
    sexes: Sequence[str | None],
    *,
    counted: bool = True,
) -> None:
    """Estimates within 1e-12 of the exact ones, counts and bands exactly."""
    for position, (row, sex) in enumerate(zip(rows, sexes, strict=True)):
        expected = oracle.score_person(definition, row, {"sex": sex})
        for scale in definition["scales"]:
            name, outcome = scale["id"], expected[scale["id"]]
            estimate = found[f"{name}_{METRICS[scale['metric']]}"][position]
            assert (estimate is None) == (outcome.estimate is None)
            if outcome.estimate is not None:
                # Absolute where a score near 0 is the difference of numbers up to 1000.
                assert estimate == pytest.approx(float(outcome.estimate), rel=1e-12, abs=1e-10)
            assert found[f"{name}_n_answered"][position] == outcome.n_answered
            if counted:
                assert found[f"{name}_n_invalid"][position] == outcome.n_invalid
            if "bands" in scale:
                assert found[f"{name}_band"][position] == outcome.band


@pytest.mark.parametrize(
    ("build", "whole", "blank"),
    [
        pytest.param(pandas_of("float64"), False, True, marks=pytest.mark.pandas2),
        pytest.param(pandas_of("Float64"), False, True, marks=pytest.mark.pandas2),
        (pandas_of("float64[pyarrow]"), False, True),
        (pandas_of("int64"), True, False),
        (pandas_of("Int64"), True, True),
        (polars_frame, False, True),
        (with_nan, False, True),
        (lambda columns: polars_frame(columns).lazy(), False, True),
        (arrow_table, False, True),
    ],
    ids=[
        *("float64", "Float64", "float64-pyarrow", "int64", "Int64"),
        *("polars", "polars-nan", "polars-lazy", "pyarrow"),
    ],
)
@settings(max_examples=40)
@given(data=st.data())
def test_every_kind_of_frame_agrees_with_exact_arithmetic(
    build: Callable[[Columns], Any], whole: bool, blank: bool, data: st.DataObject
) -> None:
    definition = data.draw(definitions())
    instrument = Instrument(**definition)
    rows = data.draw(tables(definition, whole=whole, blank=blank))
    sexes = data.draw(st.lists(st.sampled_from(GROUPS), min_size=len(rows), max_size=len(rows)))
    frame = build(lists(rows, sexes, instrument))
    scored = score_frame(frame, instrument, on_problem="missing")
    assert type(scored) is type(frame)
    assert_scored(values_of(scored), definition, rows, sexes)
