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
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.frames import score_frame
from tests import oracle
from tests.strategies import GROUPS, Row, definitions, small, tables

METRICS = {"sum": "sum_score", "mean": "mean_score", "pomp": "pomp"}
METRICS |= {"linear": "linear_score", "t": "t_score", "count": "count"}

Columns = Mapping[str, Sequence[Any]]

# "str" of pandas 3, which pandas 2 knows only so.
TEXT = pd.StringDtype(na_value=np.nan)


def pandas_of(dtype: str) -> Callable[[Columns], pd.DataFrame]:
    def build(columns: Columns) -> pd.DataFrame:
        return pd.DataFrame(
            {
                name: pd.Series(values, dtype=TEXT)
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


@settings(max_examples=10)
@given(data=st.data())
def test_duckdb_relations_agree_row_by_row(data: st.DataObject) -> None:
    import duckdb

    definition = data.draw(definitions())
    instrument = Instrument(**definition)
    rows = data.draw(tables(definition))
    sexes = data.draw(st.lists(st.sampled_from(GROUPS), min_size=len(rows), max_size=len(rows)))
    table = arrow_table(lists(rows, sexes, instrument))
    numbered = table.append_column("row", pa.array(range(len(rows)), pa.int64()))
    with duckdb.connect() as connection:
        scored = score_frame(connection.from_arrow(numbered), instrument, on_problem="missing")
        # SQL promises no order of rows.
        found = scored.order("row").fetchall()
        by_name = {name: [row[k] for row in found] for k, name in enumerate(scored.columns)}
    assert_scored(by_name, definition, rows, sexes)


@pytest.mark.parametrize("build", [pandas_of("float64"), polars_frame, arrow_table])
@settings(max_examples=30)
@given(data=st.data())
def test_invalid_answers_are_counted_and_refused(
    build: Callable[[Columns], Any], data: st.DataObject
) -> None:
    definition = data.draw(definitions())
    instrument = Instrument(**definition)
    rows = data.draw(tables(definition, invalid=data.draw(st.booleans())))
    sexes = ["man"] * len(rows)
    frame = build(lists(rows, sexes, instrument))
    items = oracle.by_id(definition, "items")
    counts = {
        item.item: sum(
            oracle.score_item(definition, items[item.item], row).n_invalid for row in rows
        )
        for item in compile_plan(instrument).read_items
    }
    if not any(counts.values()):
        found = values_of(score_frame(frame, instrument))
        assert_scored(found, definition, rows, sexes, counted=False)
        return
    with pytest.raises(ResponseError) as caught:
        score_frame(frame, instrument)
    told = {problem.column: problem for problem in caught.value.problems}
    assert set(told) == {item for item, count in counts.items() if count}
    assert {problem.code for problem in told.values()} == {"invalid-answer"}
    assert all(told[item].message.startswith(f"{counts[item]} answers") for item in told)


MEAN = {"id": "s", "items": ["a1", "-a2"], "metric": "mean", "min_answered": 0.5}
BANDED = {**MEAN, "bands": [{"id": "low", "from": 1.0, "sv": "l", "en": "l"}]}
BANDED["bands"] = [*BANDED["bands"], {"id": "high", "from": 3.0, "sv": "h", "en": "h"}]
PAIR = small({"a1": "agree", "a2": "agree"}, BANDED)
THREE = {"a1": [1.0, 2.0, None], "a2": [5.0, 99.0, 3.0]}
# a1 + (6 - a2), by two: (1 + 1) / 2; 2 alone; 6 - 3 alone.
ESTIMATES, BANDS = [1.0, 2.0, 3.0], ["low", "low", "high"]


@pytest.mark.pandas2
@pytest.mark.parametrize(
    "index",
    [
        pd.Index(["x", "x", "y"], name="who"),
        pd.Index([3, 3, 1]),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 2)], names=["place", None]),
        pd.date_range("2026-01-01", periods=3),
    ],
)
def test_pandas_index_order_names_and_attributes_stay(index: pd.Index) -> None:
    frame = pd.DataFrame({"z": ["ö", None, "q"], **THREE, 0: [1, 2, 3]}, index=index)
    frame.columns.name = "columns"
    frame.attrs["source"] = "form.xlsx"
    before = frame.copy(deep=True)
    scored = score_frame(frame, PAIR)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(scored[list(frame.columns)], before)
    assert scored.columns.tolist() == [*frame.columns, "s_mean_score", "s_n_answered", "s_band"]
    assert scored["s_mean_score"].tolist() == ESTIMATES
    assert scored["s_band"].tolist() == BANDS
    assert (scored.columns.name, scored.attrs) == ("columns", {"source": "form.xlsx"})


@pytest.mark.pandas2
def test_types_in_pandas_are_stated() -> None:
    scored = score_frame(pd.DataFrame(THREE), PAIR, on_problem="missing")
    types = scored.dtypes[["s_mean_score", "s_n_answered", "s_band", "s_n_invalid"]].tolist()
    assert types == ["float64", "int64", TEXT, "int64"]
    nobody = score_frame(pd.DataFrame({"a1": [np.nan], "a2": [np.nan]}), PAIR)
    assert nobody["s_mean_score"].isna().all()
    assert nobody["s_band"].isna().all()


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt64, pl.Float32, pl.Int128, pl.Decimal(8, 2)])
def test_types_in_polars_do_not_depend_on_those_of_answers(dtype: pl.DataType) -> None:
    frame = pl.DataFrame(THREE).cast(dtype)
    scored = score_frame(frame, PAIR, on_problem="missing")
    assert scored.drop("a1", "a2").schema == {
        "s_mean_score": pl.Float64,
        "s_n_answered": pl.Int64,
        "s_band": pl.String,
        "s_n_invalid": pl.Int64,
    }
    assert scored.select("a1", "a2").equals(frame)
    assert scored["s_mean_score"].to_list() == ESTIMATES


def test_types_in_arrow_and_duckdb() -> None:
    import duckdb

    scored = score_frame(pa.table(THREE), PAIR, on_problem="missing")
    made = [pa.float64(), pa.int64(), pa.string(), pa.int64()]
    assert scored.schema.types[2:] == made
    with duckdb.connect() as connection:
        relation = connection.from_arrow(pa.table(THREE))
        types = score_frame(relation, PAIR, on_problem="missing").types
    assert [str(kind) for kind in types[2:]] == ["DOUBLE", "BIGINT", "VARCHAR", "BIGINT"]


@pytest.mark.parametrize("n", [0, 1, 3])
def test_few_rows_and_no_answers(n: int) -> None:
    blank: dict[str, list[float | None]] = {"a1": [None] * n, "a2": [None] * n}
    typed = pl.DataFrame(blank, schema={"a1": pl.Int64, "a2": pl.Float64})
    for frame in (typed, pl.DataFrame(blank), pd.DataFrame(blank), pa.table(blank), typed.lazy()):
        found = values_of(score_frame(frame, PAIR))
        assert found["s_mean_score"] == [None] * n
        assert found["s_n_answered"] == [0] * n
        assert found["s_band"] == [None] * n


def test_foreign_columns_of_polars_stay_whatever_they_are_called() -> None:
    odd = {
        "*": [1, 2, 3],
        "^a.*$": [[1], [], None],
        "": ["x", "y", "z"],
        "z": [math.nan, 0.0, -0.0],
    }
    frame = pl.DataFrame({**odd, **THREE})
    for scored in (score_frame(frame, PAIR), score_frame(frame.lazy(), PAIR).collect()):
        assert scored.columns == [*odd, *THREE, "s_mean_score", "s_n_answered", "s_band"]
        assert scored.drop("s_mean_score", "s_n_answered", "s_band").equals(frame)


def test_infinite_and_huge_numbers_are_invalid_answers() -> None:
    strange = {"a1": [math.inf, -math.inf, 2.0**62, 5e-324], "a2": [-0.0, 1e300, 2.5, 3.0]}
    for frame in (pd.DataFrame(strange), pl.DataFrame(strange), pa.table(strange)):
        found = values_of(score_frame(frame, PAIR, on_problem="missing"))
        assert found["s_n_invalid"] == [2, 2, 2, 1]
        assert found["s_mean_score"] == [None, None, None, 3.0]
    whole = pd.DataFrame({"a1": [2**63 - 1, 4], "a2": [-(2**63), 3]})
    assert score_frame(whole, PAIR, on_problem="missing")["s_n_invalid"].tolist() == [2, 0]


def test_negative_zero_is_the_code_zero() -> None:
    zero = {"kind": "binary", "options": [{"code": 0, "sv": "n", "en": "n"}]}
    zero["options"] = [*zero["options"], {"code": 1, "sv": "j", "en": "y"}]
    instrument = small(
        {"b": "f"}, {"id": "s", "items": ["b"], "metric": "sum"}, formats={"f": zero}
    )
    for frame in (pd.DataFrame({"b": [-0.0, 0.0]}), pl.DataFrame({"b": [-0.0, 0.0]})):
        assert values_of(score_frame(frame, instrument))["s_sum_score"] == [0.0, 0.0]


def codes_of(frame: object, instrument: Instrument = PAIR, **options: Any) -> set[tuple[str, str]]:
    with pytest.raises(ResponseError) as caught:
        score_frame(frame, instrument, **options)
    return {(problem.code, problem.column) for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (pd.DataFrame({"a2": [1]}), {("missing-column", "a1")}),
        (pl.LazyFrame({"a2": [1]}), {("missing-column", "a1")}),
        (pd.DataFrame([[1.0, 2.0]]), {("missing-column", "a1"), ("missing-column", "a2")}),
        (pd.DataFrame({"a1": [1], None: [2]}), {("missing-column", "a2")}),
        (
            pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a1", "x"), ("a2", "y")])),
            {("missing-column", "a1"), ("missing-column", "a2")},
        ),
        (
            pd.DataFrame([[1, 2, 3]], columns=["a1", "a2", "a2"]),
            {("column-twice", "a2")},
        ),
        (pd.DataFrame([[1, 2, 3, 4]], columns=["a1", "a2", "x", "x"]), {("column-twice", "x")}),
        (
            pa.table([pa.array([1])] * 3, names=["a1", "a2", "a1"]),
            {("column-twice", "a1")},
        ),
        (pd.DataFrame({"a1": ["1"], "a2": [2]}), {("not-numeric", "a1")}),
        (pd.DataFrame({"a1": [True], "a2": [2]}), {("not-numeric", "a1")}),
        (pd.DataFrame({"a1": pd.Categorical([1]), "a2": [2]}), {("not-numeric", "a1")}),
        (pd.DataFrame({"a1": [1j], "a2": [2]}), {("not-numeric", "a1")}),
        (
            pd.DataFrame({"a1": pd.to_datetime(["2026-01-01"]), "a2": [2]}),
            {("not-numeric", "a1")},
        ),
        (pl.DataFrame({"a1": ["1"], "a2": [{"x": 1}]}), {("not-numeric", n) for n in ("a1", "a2")}),
        (pl.DataFrame({**THREE, "s_band": [1, 2, 3]}), {("name-clash", "s_band")}),
        (
            pl.DataFrame({**THREE, "__digilitt_raw_a1": [1, 2, 3]}),
            {("name-clash", "__digilitt_raw_a1")},
        ),
        (None, {("no-frame", "")}),
        ({"a1": [1], "a2": [2]}, {("no-frame", "")}),
        (np.ones((2, 2)), {("no-frame", "")}),
        (pd.Series([1, 2]), {("no-frame", "")}),
        (pl.Series([1, 2]), {("no-frame", "")}),
    ],
)
def test_frames_that_cannot_be_scored_say_why(
    frame: object, expected: set[tuple[str, str]]
) -> None:
    assert codes_of(frame) == expected


def test_name_of_the_count_clashes_only_where_it_is_made() -> None:
    frame = pd.DataFrame({**THREE, "s_n_invalid": [0, 0, 0]})
    assert score_frame(frame, PAIR)["s_n_invalid"].tolist() == [0, 0, 0]
    assert codes_of(frame, on_problem="missing") == {("name-clash", "s_n_invalid")}


def test_near_misses_and_unknown_options_are_told() -> None:
    with pytest.raises(ResponseError, match="Is it 'a_1'"):
        score_frame(pd.DataFrame({"a_1": [1], "a2": [1]}), PAIR)
    with pytest.raises(ResponseError, match="'ignore' is unknown; use 'error' or 'missing'"):
        score_frame(pd.DataFrame(THREE), PAIR, on_problem="ignore")  # type: ignore[arg-type]


def test_a_plan_scores_as_its_instrument_does() -> None:
    frame = pl.DataFrame(THREE)
    assert score_frame(frame, compile_plan(PAIR)).equals(score_frame(frame, PAIR))
