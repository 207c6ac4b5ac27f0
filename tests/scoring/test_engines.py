"""Every engine gives the scores of the numpy kernel, whatever the types of the answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.define.instrument import Instrument
from digilitt.errors import ResponseError
from digilitt.scoring.compiling import compile_plan
from digilitt.scoring.frames import score_frame
from digilitt.scoring.kernel import PlanScores, score_arrays
from digilitt.scoring.plan import Plan
from tests.strategies import GROUPS, definitions, small, tables

Scored = dict[str, list[Any]]

WHOLE = [getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64)]
DECIMAL = pa.decimal128(38, 10)
NULLABLE = {
    **{
        kind: getattr(pd, f"{name}Dtype")()
        for kind, name in zip(
            WHOLE, "Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64".split(), strict=True
        )
    },
    pa.float32(): pd.Float32Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(),
}


@dataclass(frozen=True, slots=True)
class Engine:
    """A kind of frame: made of an Arrow table, and read again once it is scored."""

    build: Callable[[pa.Table], Any]
    read: Callable[[Any], Any] = lambda frame: frame


def without_decimals(table: pa.Table) -> pa.Table:
    """Decimals as float64: pandas holds them as objects, unless Arrow keeps them."""
    kinds = [pa.float64() if kind == DECIMAL else kind for kind in table.schema.types]
    return table.cast(pa.schema(zip(table.column_names, kinds, strict=True)))


def sunk(frame: pl.LazyFrame) -> pl.DataFrame:
    with TemporaryDirectory() as folder:
        path = Path(folder, "scores.parquet")
        frame.sink_parquet(path)
        return pl.read_parquet(path, memory_map=False)


def in_duckdb(table: pa.Table) -> duckdb.DuckDBPyRelation:
    return duckdb.from_arrow(table)


def in_order(relation: duckdb.DuckDBPyRelation) -> pa.Table:
    """SQL promises no order of rows."""
    return relation.order("row_number").to_arrow_table()


ENGINES = {
    "pandas-numpy": Engine(lambda table: without_decimals(table).to_pandas()),
    "pandas-nullable": Engine(
        lambda table: without_decimals(table).to_pandas(types_mapper=NULLABLE.get)
    ),
    "pandas-arrow": Engine(lambda table: table.to_pandas(types_mapper=pd.ArrowDtype)),
    "polars": Engine(pl.from_arrow),
    "polars-lazy": Engine(lambda table: pl.from_arrow(table).lazy(), lambda f: f.collect()),
    "polars-streaming": Engine(
        lambda table: pl.from_arrow(table).lazy(), lambda f: f.collect(engine="streaming")
    ),
    "polars-sink": Engine(lambda table: pl.from_arrow(table).lazy(), sunk),
    "pyarrow": Engine(lambda table: table),
    "duckdb": Engine(in_duckdb, in_order),
}


def lists_of(frame: Any) -> Scored:
    """Columns as lists, None where there is nothing; NaN only where pandas knows nothing else."""
    if isinstance(frame, pd.DataFrame):
        return {name: [None if pd.isna(v) else v for v in frame[name]] for name in frame}
    if isinstance(frame, pl.DataFrame):
        return frame.to_dict(as_series=False)
    return frame.to_pydict()


def types_of(frame: Any) -> dict[str, str]:
    """Names of the types of columns, in one spelling for all engines."""
    if isinstance(frame, pd.DataFrame):
        return {name: str(kind).lower() for name, kind in frame.dtypes.items()}
    names = frame.columns if isinstance(frame, pl.DataFrame) else frame.column_names
    kinds = frame.dtypes if isinstance(frame, pl.DataFrame) else frame.schema.types
    same = {"double": "float64", "string": "str", "large_string": "str"}
    spelt = (str(kind).lower() for kind in kinds)
    return {name: same.get(kind, kind) for name, kind in zip(names, spelt, strict=True)}


def kinds_for(cells: Sequence[float | None]) -> Iterator[pa.DataType]:
    """Types that hold the cells of a column exactly."""
    numbers = [cell for cell in cells if cell is not None]
    yield pa.float64()
    if all(math.isinf(n) or (abs(n) < 1e38 and np.float32(n) == n) for n in numbers):
        yield pa.float32()
    for kind in WHOLE:
        info = np.iinfo(str(kind))
        if all(math.isfinite(n) and n == int(n) and info.min <= n <= info.max for n in numbers):
            yield kind
    if all(abs(n) < 1e15 and Decimal(n) == round(Decimal(n), 10) for n in numbers):
        yield DECIMAL


@st.composite
def arrow_tables(draw: st.DrawFn, definition: dict[str, Any], plan: Plan) -> pa.Table:
    """Answers with a type drawn for every column, some blanks NaN, a group, and row numbers."""
    rows = draw(tables(definition))
    columns: dict[str, pa.Array] = {}
    for name in plan.instrument.columns:
        cells = [row[name] for row in rows]
        kind = draw(st.sampled_from(list(kinds_for(cells))))
        if pa.types.is_floating(kind) and draw(st.booleans()):
            cells = [math.nan if c is None and draw(st.booleans()) else c for c in cells]
        if kind == DECIMAL:
            cells = [None if cell is None else Decimal(cell) for cell in cells]
        elif kind in WHOLE:
            cells = [None if cell is None else int(cell) for cell in cells]
        columns[name] = pa.array(cells, kind)
    sexes = [draw(st.sampled_from(GROUPS)) for _ in rows]
    columns["sex"] = pa.array(sexes, pa.string())
    return pa.table({**columns, "row_number": pa.array(range(len(rows)), pa.int64())})


def by_kernel(plan: Plan, table: pa.Table) -> PlanScores:
    """The scores of the kernel on plain float64 arrays."""
    columns = {
        name: np.array(
            [math.nan if cell is None else float(cell) for cell in table[name].to_pylist()],
            dtype=np.float64,
        )
        for name in plan.columns
    }
    groups = {name: np.array(table[name].to_pylist(), dtype=object) for name in plan.norm_groups}
    return score_arrays(plan, columns, groups)


def assert_scored(found: Scored, plan: Plan, expected: PlanScores) -> None:
    for scale in plan.scales:
        scores = expected.scales[scale.scale]
        estimates = [None if math.isnan(e) else e for e in scores.estimate.tolist()]
        # Absolute where a score near 0 is the difference of numbers up to 1000.
        close = [None if e is None else pytest.approx(e, rel=1e-12, abs=1e-10) for e in estimates]
        assert found[scale.column] == close
        assert found[f"{scale.scale}_n_answered"] == scores.n_answered.tolist()
        assert found[f"{scale.scale}_n_invalid"] == scores.n_invalid.tolist()
        if scale.all_bands:
            ids = [*scale.all_bands, None]
            assert found[f"{scale.scale}_band"] == [ids[position] for position in scores.band]


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@settings(max_examples=20)
@given(data=st.data())
def test_every_engine_equals_the_kernel(engine: Engine, data: st.DataObject) -> None:
    definition = data.draw(definitions())
    plan = compile_plan(Instrument(**definition))
    table = data.draw(arrow_tables(definition, plan))
    frame = engine.build(table)
    scored = score_frame(frame, plan, on_problem="missing")
    assert type(scored) is type(frame)
    made = engine.read(scored)
    found, expected = lists_of(made), by_kernel(plan, table)
    assert_scored(found, plan, expected)
    kinds = types_of(made)
    for scale in plan.scales:
        assert kinds[scale.column] == "float64"
        assert kinds[f"{scale.scale}_n_answered"] == kinds[f"{scale.scale}_n_invalid"] == "int64"
        assert kinds.get(f"{scale.scale}_band", "str") == "str"


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@settings(max_examples=8)
@given(data=st.data())
def test_every_engine_refuses_what_the_kernel_finds(engine: Engine, data: st.DataObject) -> None:
    definition = data.draw(definitions())
    plan = compile_plan(Instrument(**definition))
    table = data.draw(arrow_tables(definition, plan))
    counts = {item: n for item, n in by_kernel(plan, table).invalid.items() if n}
    found: dict[str, str] = {}
    try:
        score_frame(engine.build(table), plan)
    except ResponseError as error:
        found = {problem.column: problem.message for problem in error.problems}
    assert found.keys() == counts.keys()
    assert all(found[item].startswith(f"{n} answers") for item, n in counts.items())


MEAN = {"id": "s", "items": ["a1", "-a2"], "metric": "mean", "min_answered": 0.5}
BANDED = {**MEAN, "bands": [{"id": "low", "from": 1.0, "sv": "l", "en": "l"}]}
PAIR = small({"a1": "agree", "a2": "agree"}, BANDED)
NORMS = {"base": "mean", "source": "made up", "by": "sex", "table": []}
NORMS["table"] = [
    {"group": "man", "mean": 1.0, "sd": 1.0},
    {"group": "kvinna", "mean": 2.0, "sd": 2.0},
]
BY_SEX = small({"a1": "agree"}, {"id": "s", "items": ["a1"], "metric": "t", "norms": NORMS})


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("kind", [pa.null(), pa.int8(), pa.float64(), pa.string()], ids=str)
@pytest.mark.parametrize("n", [0, 1, 3])
def test_columns_without_any_answer(engine: Engine, kind: pa.DataType, n: int) -> None:
    """Without a value, a column may have any type, and some engines give it one."""
    blank = pa.array([None] * n, kind)
    table = pa.table({"a1": blank, "a2": blank, "row_number": pa.array(range(n), pa.int64())})
    made = engine.read(score_frame(engine.build(table), PAIR))
    found = lists_of(made)
    assert found["s_mean_score"] == found["s_band"] == [None] * n
    assert found["s_n_answered"] == [0] * n
    kinds = types_of(made)
    assert kinds["s_mean_score"] == "float64"
    assert kinds["s_n_answered"] == "int64"
    assert kinds["s_band"] == "str"


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_whole_numbers_too_long_for_float64_are_invalid_answers(engine: Engine) -> None:
    table = pa.table(
        {
            "a1": pa.array([2**53 + 1, -(2**63), 2**63 - 1, 4], pa.int64()),
            "a2": pa.array([2**64 - 1, 2**53 + 1, 3, 2], pa.uint64()),
            "row_number": pa.array(range(4), pa.int64()),
        }
    )
    made = engine.read(score_frame(engine.build(table), PAIR, on_problem="missing"))
    found = lists_of(made)
    assert found["s_n_invalid"] == [2, 2, 1, 0]
    assert found["s_mean_score"] == [None, None, 3.0, 4.0]
    assert found["a1"] == table["a1"].to_pylist()
    assert found["a2"] == table["a2"].to_pylist()


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize(
    "cells",
    [["4", "5"], ["Instämmer", None], [True, False], [[4], [5]], [{"x": 4}, None], [b"4", b"5"]],
    ids=["digits", "labels", "booleans", "lists", "structures", "bytes"],
)
def test_columns_that_are_no_numbers_are_refused_by_name(engine: Engine, cells: list[Any]) -> None:
    table = pa.table({"a1": cells, "a2": [1, 2], "row_number": [0, 1]})
    with pytest.raises(ResponseError, match="expected numbers") as caught:
        score_frame(engine.build(table), PAIR)
    assert [(p.code, p.column) for p in caught.value.problems] == [("not-numeric", "a1")]


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("encoded", [False, True], ids=["text", "dictionary"])
def test_norm_groups_are_text_or_categories(engine: Engine, encoded: bool) -> None:
    sexes = pa.array(["man", "kvinna", None, "annat"])
    table = pa.table(
        {
            "a1": [2, 4, 4, 4],
            "sex": sexes.dictionary_encode() if encoded else sexes,
            "row_number": [0, 1, 2, 3],
        }
    )
    found = lists_of(engine.read(score_frame(engine.build(table), BY_SEX)))
    assert found["s_t_score"] == [60.0, 60.0, None, None]
    assert found["sex"] == sexes.to_pylist()


def test_duckdb_takes_nan_in_a_parquet_file_for_blank(tmp_path: Path) -> None:
    made = small({"a1": "agree"}, {"id": "s", "items": ["a1"], "metric": "mean"})
    path = tmp_path / "a.parquet"
    # By the statistics that are written, nothing here is NaN.
    pq.write_table(pa.table({"a1": [1.0, math.nan, 3.0]}), path)
    with duckdb.connect() as connection:
        found = score_frame(connection.read_parquet(str(path)), made).fetchall()
    assert sorted(row[1:] for row in found if row[1] is not None) == [(1.0, 1), (3.0, 1)]
    assert [row[1:] for row in found if row[1] is None] == [(None, 0)]


def test_duckdb_takes_a_star_for_all_columns() -> None:
    made = small({"a1": "agree"}, {"id": "s", "items": ["a1"], "metric": "mean"})
    with duckdb.connect() as connection, pytest.raises(ResponseError) as caught:
        score_frame(connection.from_arrow(pa.table({"a1": [1.0], "*": [2.0]})), made)
    assert [problem.code for problem in caught.value.problems] == ["column-name"]
