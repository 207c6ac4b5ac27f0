"""Parquet in and out: values stay what they are, and what cannot be read is told."""

from __future__ import annotations

import datetime as dt
import io
import math
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import digilitt as dl
from digilitt.errors import DigilittError, InterchangeError, MissingExtraError
from digilitt.interchange.tables import read_table
from digilitt.interchange.writing import write_table

CORE = dl.instrument("digilitt-core")
Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(columns: pa.Table | dict[str, Any], name: str = "svar.parquet") -> Path:
        table = columns if isinstance(columns, pa.Table) else pa.table(columns)
        pq.write_table(table, tmp_path / name)
        return tmp_path / name

    return write


def as_bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def problems_of(path: Path, **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(InterchangeError) as caught:
        read_table(path, **options)
    assert all(problem.file == path.name for problem in caught.value.problems)
    return [(problem.code, problem.column) for problem in caught.value.problems]


# Reading


def test_cells_are_those_of_a_workbook(written: Written) -> None:
    day, moment = dt.date(2026, 1, 2), dt.datetime.fromisoformat("2026-01-02T13:45:30.5")
    later = pd.Timestamp("2026-01-02T13:45:30.123456789")
    found = read_table(
        written(
            {
                "text": [" åäö ", "", None],
                "number": [1.5, math.nan, -0.0],
                "whole": pa.array([3, None, -1], pa.int8()),
                "truth": [True, False, None],
                "day": [day, None, day],
                "moment": [moment, None, moment],
                "finer": pa.array([later, None, later], pa.timestamp("ns")),
                "time": pa.array([dt.time(8, 30), None, None], pa.time64("ns")),
                "exact": [Decimal("2.50"), Decimal("3.00"), None],
                "chosen": pa.array(["ja", None, "nej"]).dictionary_encode(),
                "nothing": pa.nulls(3),
            }
        )
    )
    assert found.cells.to_dict("list") == {
        "text": ["åäö", None, None],
        "number": [1.5, None, 0.0],
        "whole": [3, None, -1],
        "truth": [True, False, None],
        "day": [day, None, day],
        "moment": [moment, None, moment],
        "finer": [later.floor("us").to_pydatetime(), None, later.floor("us").to_pydatetime()],
        "time": ["08:30:00", None, None],
        "exact": [2.5, 3, None],
        "chosen": ["ja", None, "nej"],
        "nothing": [None, None, None],
    }
    assert (found.file, found.sheet, found.date_1904) == ("svar.parquet", "", False)
    assert found.caveats == ()


def test_rows_are_numbered_from_one_and_blank_ones_left_out(written: Written) -> None:
    found = read_table(written({"id": ["k1", None, "k3", None], "a1": [1, None, None, None]}))
    assert found.rows.tolist() == [1, 3]
    assert [(caveat.code, caveat.message) for caveat in found.caveats] == [
        ("blank-rows", "1 blank row left out: 2.")
    ]


def test_answers_are_read_and_checked_as_from_csv(tmp_path: Path) -> None:
    frame = dl.simulate_cohort(rng=3).frame()
    frame.to_csv(tmp_path / "svar.csv", index=False)
    frame.to_parquet(tmp_path / "svar.parquet", index=False)
    options: dict[str, Any] = {"person": "person", "wave": "wave", "groups": ["municipality"]}
    one, other = (
        dl.read_responses(tmp_path / f"svar.{suffix}", CORE, **options)
        for suffix in ("csv", "parquet")
    )
    pd.testing.assert_frame_equal(one.codes, other.codes)
    pd.testing.assert_frame_equal(one.people, other.people)
    assert other.provenance.source == ("svar.parquet",)


def test_labels_and_near_misses_are_told_with_their_row(written: Written) -> None:
    columns: dict[str, Any] = {item.id: [4.0, 4.0] for item in CORE.items}
    labels = {"a1": ["Instämmer helt", "Instämmer hellt"], "a2": [4.0, 4.5]}
    path = written({"person": ["k1", "k2"], **columns, **labels})
    with pytest.raises(dl.ResponseError) as caught:
        dl.read_responses(path, CORE, person="person")
    assert [(p.code, p.file, p.row, p.column) for p in caught.value.problems] == [
        ("invalid-answer", "svar.parquet", "2", "a1"),
        ("invalid-answer", "svar.parquet", "2", "a2"),
    ]


def test_a_mapping_is_guessed(written: Written) -> None:
    texts = {item.text.to("sv"): [3, 4] for item in CORE.items}
    path = written({"Deltagarkod": ["k1", "k2"], "Kommun": ["Hörby", "Hörby"], **texts})
    guess = dl.guess_mapping(path, CORE)
    assert (guess.person, guess.groups, guess.notes) == (
        "Deltagarkod",
        {"municipality": "Kommun"},
        (),
    )
    assert len(dl.read_responses(path, CORE, mapping=guess)) == 2


@pytest.mark.parametrize(
    "options", [{"sheet": "Svar"}, {"header_row": 2}, {"encoding": "utf-8"}, {"delimiter": ";"}]
)
def test_options_of_other_files_are_refused(written: Written, options: dict[str, Any]) -> None:
    assert problems_of(written({"id": ["k1"]}), **options) == [("option-not-applicable", "")]


SOUND = as_bytes(pa.table({"id": ["k1", "k2"] * 500, "a1": list(range(1000))}))


@pytest.mark.parametrize(
    ("name", "content", "code", "advice"),
    [
        ("svar.parquet", b"", "empty-file", "empty"),
        ("svar.parquet", b"PAR1", "not-parquet", "damaged"),
        ("svar.parquet", b"PAR1" + bytes(40) + b"PAR1", "not-parquet", "damaged"),
        ("svar.parquet", SOUND[:-1], "not-parquet", "partly copied"),
        ("svar.parquet", SOUND[: len(SOUND) // 2], "not-parquet", "partly copied"),
        ("svar.parquet", SOUND[:4] + bytes(1500) + SOUND[1504:], "not-parquet", "damaged"),
        ("svar.parquet", b"PARE" + SOUND[4:-4] + b"PARE", "encrypted", "without encryption"),
        ("svar.parquet", b"id;a1\nk1;4\n", "not-parquet", "ends in .csv"),
        ("svar.parquet", b"%PDF-1.7", "wrong-format", "PDF"),
        ("svar.csv", SOUND, "wrong-format", "ends in .parquet"),
        ("svar.xlsx", SOUND, "not-a-workbook", "ends in .parquet"),
        ("svar.pq", SOUND, "unknown-suffix", "ends in .parquet"),
    ],
)
def test_files_that_are_no_sound_parquet(
    tmp_path: Path, name: str, content: bytes, code: str, advice: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InterchangeError, match=advice) as caught:
        read_table(path)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_a_text_whose_first_header_begins_as_parquet_does(tmp_path: Path) -> None:
    path = tmp_path / "svar.csv"
    path.write_text("PAR1;PAR2\n4;5\n", encoding="utf-8")
    assert read_table(path).cells.to_dict("list") == {"PAR1": ["4"], "PAR2": ["5"]}


@settings(max_examples=60)
@given(
    cuts=st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), max_size=8),
    length=st.integers(0, len(SOUND)),
    whole=st.booleans(),
)
def test_damaged_files_end_in_a_problem_or_a_table(
    cuts: list[tuple[int, int]], length: int, whole: bool
) -> None:
    broken = bytearray(SOUND if whole else SOUND[:length])
    for place, byte in cuts:
        if place < len(broken):
            broken[place] = byte
    with TemporaryDirectory() as folder:
        path = Path(folder, "svar.parquet")
        path.write_bytes(broken)
        try:
            found = read_table(path)
        except DigilittError as error:
            assert error.problems
        else:
            assert len(found.cells) <= 1000


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        (pa.array([[1, 2], None]), "list"),
        (pa.array([{"x": 1}, None]), "struct"),
        (pa.array([b"k1", None]), "binary"),
        (pa.array([dt.timedelta(1), None]), "duration"),
        (pa.array([[("x", 1)], None], pa.map_(pa.string(), pa.int64())), "map"),
    ],
    ids=["list", "struct", "binary", "duration", "map"],
)
def test_columns_of_more_than_one_value_are_refused(
    written: Written, cells: pa.Array, what: str
) -> None:
    path = written({"id": ["k1", "k2"], "a1": cells, "a2": cells})
    assert problems_of(path) == [("unsupported-type", "a1"), ("unsupported-type", "a2")]
    with pytest.raises(InterchangeError, match=f"holds {what}"):
        read_table(path)


def test_layouts_that_are_no_table(written: Written) -> None:
    twice = pa.table([pa.array([1]), pa.array([2])], names=["a1", "a1"])
    assert problems_of(written(twice)) == [("duplicate-header", "a1")]
    assert problems_of(written({"a1": pa.array([], pa.int8())})) == [("no-rows", "")]
    assert problems_of(written({"a1": pa.nulls(3)})) == [("no-rows", "")]
    assert problems_of(written({"": [1], "a1": [2]})) == [("blank-header", "A")]
    assert problems_of(written(pa.table({}))) == [("blank-header", "")]


def test_without_pyarrow_the_extra_is_named(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written({"id": ["k1"]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match=r'pip install "digilitt\[scale\]"'):
        read_table(path)
    with pytest.raises(MissingExtraError, match="pyarrow"):
        write_table({"t": pd.DataFrame({"x": [1]})}, path.with_name("t.parquet"))
    assert not path.with_name("t.parquet").exists()


# Writing

SCORES = pd.DataFrame(
    {
        "person": ["k1", "=1+1", None],
        "mean_score": [3.5, 4.0, math.nan],
        "n_answered": [4, 2, 0],
        "valid": pd.array([True, None, False], dtype="boolean"),
        "day": pd.to_datetime(["2026-01-02", None, "2026-01-03"]),
        "band": pd.Categorical(["low", None, "high"]),
    },
    index=[7, 8, 9],
)


def test_types_and_missing_values_stay(tmp_path: Path) -> None:
    path = tmp_path / "poäng.parquet"
    assert write_table({"scores": SCORES}, path) == ()
    found = pl.read_parquet(path)
    assert found.schema == {
        "person": pl.String,
        "mean_score": pl.Float64,
        "n_answered": pl.Int64,
        "valid": pl.Boolean,
        "day": found.schema["day"],
        "band": found.schema["band"],
    }
    assert isinstance(found.schema["day"], pl.Datetime)
    assert found["person"].to_list() == ["k1", "=1+1", None]
    assert found["mean_score"].to_list() == [3.5, 4.0, None]
    assert found["valid"].to_list() == [True, None, False]
    assert found["band"].cast(pl.String).to_list() == ["low", None, "high"]
    assert [file.name for file in tmp_path.iterdir()] == ["poäng.parquet"]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table({"t": SCORES[["person", "mean_score", "n_answered"]]}, path)
    cells = read_table(path).cells
    assert cells["person"].tolist() == ["k1", "=1+1", None]
    assert cells["mean_score"].tolist() == [3.5, 4.0, None]
    assert cells["n_answered"].tolist() == [4, 2, 0]


def test_texts_that_unicode_cannot_hold_are_replaced_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame = pd.DataFrame({"x": pd.Series(["a\x07b", "c\udfff", None], dtype=object)})
    frame.columns = pd.Index(["x\ud800"], dtype=object)
    (caveat,) = write_table({"t": frame}, path)
    assert (caveat.code, caveat.where) == ("control-characters", "t")
    assert caveat.message.startswith("2 cells")
    assert pq.read_table(path).to_pydict() == {"x\ufffd": ["a\x07b", "c\ufffd", None]}


def refusals(frame: pd.DataFrame, path: Path, **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(InterchangeError) as caught:
        write_table({"t": frame}, path, **options)
    assert all(problem.file == path.name for problem in caught.value.problems)
    return [(problem.code, problem.column) for problem in caught.value.problems]


def test_columns_that_parquet_has_no_type_for_are_refused(tmp_path: Path) -> None:
    mixed = pd.DataFrame(
        {
            "mixed": pd.Series([1, "två"], dtype=object),
            "pair": pd.Series([[1], [2, 3]], dtype=object),
            "odd": pd.Series([1j, 2j]),
            "span": pd.to_timedelta([1, 2], unit="D"),
            "month": pd.period_range("2026-01", periods=2, freq="M"),
            "fine": [1, 2],
        }
    )
    names = ["mixed", "pair", "odd", "span", "month"]
    assert refusals(mixed, tmp_path / "t.parquet") == [("unsupported-type", n) for n in names]
    twice = pd.DataFrame(np.ones((1, 3)), columns=["x", "y", "x"])
    assert refusals(twice, tmp_path / "t.parquet") == [("duplicate-header", "x")]
    assert list(tmp_path.iterdir()) == []


def test_places_are_refused_as_for_other_files(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"mine")
    assert refusals(SCORES, path) == [("file-exists", "")]
    assert refusals(SCORES, tmp_path / "no" / "t.parquet") == [("folder-not-found", "")]
    with pytest.raises(InterchangeError, match="holds one table; found 2"):
        write_table({"a": SCORES, "b": SCORES}, path, overwrite=True)
    assert path.read_bytes() == b"mine"
    write_table({"t": SCORES}, path, overwrite=True)
    assert len(pl.read_parquet(path)) == 3
