"""Files of any size: scores equal those of a data frame, and nobody's file is lost."""

from __future__ import annotations

import io
import math
import sys
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import digilitt as dl
from digilitt.define.instrument import Instrument
from digilitt.errors import DigilittError, InterchangeError, MissingExtraError, ResponseError
from digilitt.interchange import engines, streaming
from digilitt.interchange.streaming import score_file
from digilitt.scoring.frames import score_frame
from tests.strategies import GROUPS, definitions, small, tables

EngineName = Literal["polars", "duckdb"]
ENGINES: tuple[EngineName, ...] = ("polars", "duckdb")
both_engines = pytest.mark.parametrize("engine", ENGINES)

MEAN = {"id": "s", "items": ["a1", "-a2"], "metric": "mean", "min_answered": 0.5}
BANDED = {**MEAN, "bands": [{"id": "low", "from": 1.0, "sv": "l", "en": "l"}]}
BANDED["bands"] = [*BANDED["bands"], {"id": "high", "from": 3.0, "sv": "h", "en": "h"}]
PAIR = small({"a1": "agree", "a2": "agree"}, BANDED)
THREE = {"person": ["k1", "k2", "k3"], "a1": [1, 2, None], "a2": [5.0, 99.0, 3.0]}
# a1 + (6 - a2), by two: (1 + 1) / 2; 2 alone; 6 - 3 alone.
SCORED = {
    "s_mean_score": [1.0, 2.0, 3.0],
    "s_n_answered": [2, 1, 1],
    "s_band": ["low", "low", "high"],
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(columns: dict[str, Any] | pa.Table, path: str = "svar.parquet", **options: Any) -> Path:
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)
    return Path(path)


def read(path: str | Path) -> dict[str, list[Any]]:
    return pq.ParquetFile(path).read().to_pydict()


def refused(*arguments: Any, **options: Any) -> list[tuple[str, str, str]]:
    """Code, file and column of every problem."""
    with pytest.raises((InterchangeError, ResponseError)) as caught:
        score_file(*arguments, **options)
    return [(p.code, p.file, p.column) for p in caught.value.problems]


def names() -> list[str]:
    return sorted(path.name for path in Path().rglob("*"))


@both_engines
def test_scores_stand_beside_all_columns_in_their_order(engine: EngineName) -> None:
    odd = {"^a|b$": ["x", None, "ö"], "z": [[1], [], None], "å ö; --": [1, 2, 3]}
    write({**odd, **THREE})
    told = score_file("svar.parquet", "poäng.parquet", PAIR, engine=engine)
    assert read("poäng.parquet") == {**odd, **THREE, **SCORED}
    assert names() == ["poäng.parquet", "svar.parquet"]
    assert told.table.to_dict("list") == {"item": ["a1", "a2"], "n_invalid": [0, 0]}
    assert [caveat.code for caveat in told.caveats] == ["instrument-pilot"]
    assert (told.provenance.n, told.provenance.source) == (3, ("svar.parquet",))
    assert dict(told.provenance.options)["engine"] == engine


@both_engines
def test_columns_to_take_along_are_chosen(engine: EngineName) -> None:
    write({"x": [1, 2, 3], **THREE, "s_band": ["from", "an older", "run"]})
    score_file("svar.parquet", "p.parquet", PAIR, keep="person", engine=engine)
    assert read("p.parquet") == {"person": THREE["person"], **SCORED}
    score_file("svar.parquet", "q.parquet", PAIR, keep=[], engine=engine)
    assert read("q.parquet") == SCORED
    assert refused("svar.parquet", "r.parquet", PAIR, keep=["persn"], engine=engine) == [
        ("missing-column", "svar.parquet", "persn")
    ]


@both_engines
def test_metadata_say_where_scores_come_from(engine: EngineName) -> None:
    write(THREE)
    told = score_file("svar.parquet", "p.parquet", PAIR, engine=engine).provenance
    metadata = pq.read_metadata("p.parquet").metadata
    assert metadata[b"digilitt.instrument"] == b"small@1.0" == told.instrument.encode()
    assert metadata[b"digilitt.digest"] == told.digest.encode()
    assert metadata[b"digilitt.version"] == told.digilitt.encode()


@both_engines
def test_types_are_those_of_a_data_frame(engine: EngineName) -> None:
    write(pa.table(THREE))
    score_file("svar.parquet", "p.parquet", PAIR, on_problem="missing", engine=engine)
    assert pl.read_parquet_schema("p.parquet") == {
        "person": pl.String,
        "a1": pl.Int64,
        "a2": pl.Float64,
        "s_mean_score": pl.Float64,
        "s_n_answered": pl.Int64,
        "s_band": pl.String,
        "s_n_invalid": pl.Int64,
    }


@both_engines
@settings(max_examples=10)
@given(data=st.data())
def test_files_are_scored_as_frames_are(engine: EngineName, data: st.DataObject) -> None:
    definition = data.draw(definitions())
    instrument = Instrument(**definition)
    rows = data.draw(tables(definition, max_rows=8).filter(len))
    blanks = st.sampled_from([None, math.nan])
    columns: dict[str, Any] = {
        name: pa.array(
            [data.draw(blanks) if row[name] is None else row[name] for row in rows], pa.float64()
        )
        for name in instrument.columns
    }
    columns["sex"] = pa.array([data.draw(st.sampled_from(GROUPS)) for _ in rows], pa.string())
    table = pa.table(columns)
    scored = score_frame(table, instrument, on_problem="missing")
    expected = scored.drop_columns(table.column_names).to_pydict()
    size = data.draw(st.integers(1, 4))
    with TemporaryDirectory() as folder:
        source, out = Path(folder, "a.parquet"), Path(folder, "b.parquet")
        pq.write_table(table, source, row_group_size=size)
        options: dict[str, Any] = {"keep": [], "engine": engine}
        told = score_file(source, out, instrument, on_problem="missing", **options)
        found = read(out)
        n_invalid = dict(zip(told.table["item"], told.table["n_invalid"], strict=True))
        caveats = {c.where for c in told.caveats if c.code == "invalid-answer"}
        assert caveats == {item for item, n in n_invalid.items() if n}
        out.unlink()
        try:
            score_file(source, out, instrument, **options)
        except ResponseError as error:
            assert {problem.column for problem in error.problems} == caveats
            assert not out.exists()
        else:
            assert not caveats
    assert found.keys() == expected.keys()
    for name, cells in expected.items():
        close = [pytest.approx(c, rel=1e-12, abs=1e-10) if type(c) is float else c for c in cells]
        assert found[name] == close, name


@both_engines
def test_invalid_answers_are_refused_and_leave_nothing_behind(engine: EngineName) -> None:
    write({**THREE, "a1": [6, 7, 1], "a2": [3.0, 2.5, math.nan]})
    with pytest.raises(ResponseError, match=r"2 answers outside.*--on-problem missing") as caught:
        score_file("svar.parquet", "p.parquet", PAIR, engine=engine)
    assert [(p.code, p.file, p.column) for p in caught.value.problems] == [
        ("invalid-answer", "svar.parquet", "a1"),
        ("invalid-answer", "svar.parquet", "a2"),
    ]
    assert names() == ["svar.parquet"]
    told = score_file("svar.parquet", "p.parquet", PAIR, on_problem="missing", engine=engine)
    assert told.table["n_invalid"].tolist() == [2, 1]
    assert [(c.code, c.where) for c in told.caveats][:2] == [
        ("invalid-answer", "a1"),
        ("invalid-answer", "a2"),
    ]
    assert read("p.parquet")["s_n_invalid"] == [1, 2, 0]


@both_engines
def test_a_folder_and_a_pattern_are_one_table(engine: EngineName) -> None:
    for number, name in enumerate(["b", "a", "c[1]"]):
        part = {"person": [f"{name}1", f"{name}2"], "a1": [number + 1, None], "a2": [5, 5]}
        write(part, f"delar/{name}.parquet")
    Path("delar/_SUCCESS").touch()
    Path("delar/.hidden.parquet").touch()
    told = score_file("delar", "p.parquet", PAIR, keep=["person"], engine=engine)
    assert read("p.parquet")["person"] == ["a1", "a2", "b1", "b2", "c[1]1", "c[1]2"]
    assert told.provenance.source == ("a.parquet", "b.parquet", "c[1].parquet")
    score_file("delar/[ab].parquet", "q.parquet", PAIR, keep=["person"], engine=engine)
    assert read("q.parquet")["person"] == ["a1", "a2", "b1", "b2"]
    # A file of just this name is meant before a pattern is.
    score_file("delar/c[1].parquet", "r.parquet", PAIR, keep=["person"], engine=engine)
    assert read("r.parquet")["person"] == ["c[1]1", "c[1]2"]
    score_file("**/b.parquet", "s.parquet", PAIR, keep=["person"], engine=engine)
    assert read("s.parquet")["person"] == ["b1", "b2"]


@both_engines
def test_files_that_are_not_alike_make_no_table(engine: EngineName) -> None:
    """DuckDB alone would round 1.5 to 2, because the first file holds whole numbers."""
    write({"a1": [1, 2], "a2": [3, 4]}, "delar/1.parquet")
    write({"a1": [1.5, 2.0], "a2": [3, 4]}, "delar/2.parquet")
    write({"a2": [3, 4], "a1": [1, 2]}, "delar/3.parquet")
    write({"a1": [1], "other": [2]}, "delar/4.parquet")
    with pytest.raises(InterchangeError) as caught:
        score_file("delar", "p.parquet", PAIR, engine=engine)
    assert [(p.code, p.file) for p in caught.value.problems] == [
        ("schema-differs", "2.parquet"),
        ("schema-differs", "4.parquet"),
    ]
    message = caught.value.problems[1].message
    assert message.startswith("The columns are not those of 1.parquet: 'a2' is lacking here and")
    told = score_file("delar/[13].parquet", "p.parquet", PAIR, engine=engine)
    assert told.provenance.n == 4
    assert read("p.parquet")["a2"] == [3, 4, 3, 4]


def test_values_in_the_names_of_folders_would_be_lost() -> None:
    for name in ("Hörby", "Lund"):
        write(THREE, f"delar/municipality={name}/1.parquet")
    assert refused("delar/*/*.parquet", "p.parquet", PAIR) == [("partitioned", "", "")]
    assert refused("delar", "p.parquet", PAIR) == [("file-not-found", "delar", "")]
    assert score_file("delar/municipality=Lund", "p.parquet", PAIR).provenance.n == 3


@both_engines
@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"a1": [1]}, [("missing-column", "a2")]),
        ({"a1": ["1"], "a2": [[1]]}, [("not-numeric", "a1"), ("not-numeric", "a2")]),
        ({"a1": [True], "a2": [1]}, [("not-numeric", "a1")]),
        ({"a1": [1], "a2": [1], "s_band": ["x"]}, [("name-clash", "s_band")]),
        ({"a1": pa.array([], pa.int8()), "a2": pa.array([], pa.int8())}, [("no-rows", "")]),
    ],
    ids=["lacking", "not numbers", "booleans", "clash", "no rows"],
)
def test_columns_are_refused_as_those_of_a_frame(
    engine: EngineName, columns: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    write(columns)
    found = refused("svar.parquet", "p.parquet", PAIR, engine=engine)
    assert found == [(code, "svar.parquet", column) for code, column in expected]
    assert names() == ["svar.parquet"]


@both_engines
def test_columns_of_one_name(engine: EngineName) -> None:
    write(pa.table([pa.array([1]), pa.array([2]), pa.array([3])], names=["a1", "a2", "a1"]))
    found = refused("svar.parquet", "p.parquet", PAIR, engine=engine)
    assert found == [("duplicate-header", "svar.parquet", "a1")]
    assert names() == ["svar.parquet"]


def test_names_that_duckdb_would_change() -> None:
    odd = {"A1": [7, 8, 9], "*": [1, 2, 3]}
    write({**THREE, **odd})
    assert refused("svar.parquet", "p.parquet", PAIR, engine="duckdb") == [
        ("column-name", "svar.parquet", "A1_1"),
        ("column-name", "svar.parquet", "*"),
    ]
    score_file("svar.parquet", "p.parquet", PAIR, engine="polars")
    assert read("p.parquet") == {**THREE, **odd, **SCORED}


SOUND = io.BytesIO()
pq.write_table(pa.table({"a1": [1, 2, 3] * 500, "a2": [4, 5, None] * 500}), SOUND)
SOUND_BYTES = SOUND.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty-file"),
        (b"PAR1", "not-parquet"),
        (b"a1;a2\n1;2\n", "not-parquet"),
        (SOUND_BYTES[:-1], "not-parquet"),
        (b"PARE" + SOUND_BYTES[4:-4] + b"PARE", "encrypted"),
        (SOUND_BYTES[:4] + bytes(300) + SOUND_BYTES[304:], "not-parquet"),
        (SOUND_BYTES[:-400] + bytes(380) + SOUND_BYTES[-20:], "not-parquet"),
    ],
    ids=["empty", "mark", "text", "cut", "encrypted", "pages", "footer"],
)
@both_engines
def test_damaged_files_are_refused(engine: EngineName, content: bytes, code: str) -> None:
    Path("svar.parquet").write_bytes(content)
    assert refused("svar.parquet", "p.parquet", PAIR, engine=engine) == [(code, "svar.parquet", "")]
    assert names() == ["svar.parquet"]


@both_engines
@settings(max_examples=25)
@given(
    cuts=st.lists(
        st.tuples(st.integers(4, len(SOUND_BYTES) - 9), st.integers(0, 255)), min_size=1, max_size=6
    )
)
def test_damage_ends_in_a_problem_or_a_file(
    engine: EngineName, cuts: list[tuple[int, int]]
) -> None:
    broken = bytearray(SOUND_BYTES)
    for place, byte in cuts:
        broken[place] = byte
    with TemporaryDirectory() as folder:
        source, out = Path(folder, "svar.parquet"), Path(folder, "p.parquet")
        source.write_bytes(broken)
        try:
            score_file(source, out, PAIR, on_problem="missing", engine=engine)
        except DigilittError as error:
            assert error.problems
            assert [path.name for path in Path(folder).iterdir()] == ["svar.parquet"]
        else:
            assert out.exists()


def test_what_is_read_is_never_overwritten() -> None:
    write(THREE)
    Path("same.parquet").symlink_to("svar.parquet")
    before = Path("svar.parquet").read_bytes()
    for out in ("svar.parquet", "./svar.parquet", "same.parquet"):
        found = refused("svar.parquet", out, PAIR, overwrite=True)
        assert found == [("file-exists", Path(out).name, "")]
    assert Path("svar.parquet").read_bytes() == before


def test_scores_do_not_stand_where_the_next_run_would_read_them() -> None:
    write(THREE, "delar/1.parquet")
    expected = [("among-sources", "p.parquet", "")]
    assert refused("delar", "delar/p.parquet", PAIR) == expected
    assert refused("delar/*.parquet", "delar/p.parquet", PAIR) == expected
    score_file("delar/1*.parquet", "delar/p.parquet", PAIR)
    score_file("delar/1.parquet", "delar/q.parquet", PAIR)
    assert names() == ["1.parquet", "delar", "p.parquet", "q.parquet"]


def test_places_that_cannot_be_written() -> None:
    write(THREE)
    Path("p.parquet").write_bytes(b"mine")
    assert refused("svar.parquet", "p.parquet", PAIR) == [("file-exists", "p.parquet", "")]
    assert refused("svar.parquet", "no/p.parquet", PAIR) == [("folder-not-found", "p.parquet", "")]
    assert refused("svar.parquet", "p.csv", PAIR) == [("unknown-suffix", "p.csv", "")]
    assert Path("p.parquet").read_bytes() == b"mine"
    score_file("svar.parquet", "p.parquet", PAIR, overwrite=True)
    assert read("p.parquet")["person"] == THREE["person"]


def test_sources_that_are_not_there() -> None:
    write(THREE)
    with pytest.raises(InterchangeError, match=r"Did you mean 'svar.parquet'\?"):
        score_file("svra.parquet", "p.parquet", PAIR)
    assert refused("*.pq", "p.parquet", PAIR) == [("file-not-found", "*.pq", "")]
    Path("tom").mkdir()
    assert refused("tom", "p.parquet", PAIR) == [("file-not-found", "tom", "")]
    assert refused("a\0b", "p.parquet", PAIR)[0][0] in ("file-not-found", "cannot-read")


def test_unknown_options() -> None:
    write(THREE)
    with pytest.raises(ResponseError, match="'ignore' is unknown"):
        score_file("svar.parquet", "p.parquet", PAIR, on_problem="ignore")  # type: ignore[arg-type]
    assert refused("svar.parquet", "p.parquet", PAIR, engine="spark") == [
        ("unknown-engine", "", "")
    ]


def test_an_engine_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    write(THREE)
    monkeypatch.setitem(sys.modules, "polars", None)
    told = score_file("svar.parquet", "p.parquet", PAIR)
    assert dict(told.provenance.options)["engine"] == "duckdb"
    with pytest.raises(MissingExtraError, match="Parquet needs polars"):
        score_file("svar.parquet", "q.parquet", PAIR, engine="polars")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingExtraError, match=r"polars or duckdb.*digilitt\[scale\]"):
        score_file("svar.parquet", "q.parquet", PAIR)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_run_leaves_nothing_behind(
    stop: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(_: engines.Job, path: Path) -> None:
        path.write_bytes(b"PAR1 half a file")
        raise stop

    write(THREE)
    Path("p.parquet").write_bytes(b"mine")
    monkeypatch.setattr("digilitt.interchange.streaming.score_by_polars", half)
    with pytest.raises(stop):
        score_file("svar.parquet", "p.parquet", PAIR, engine="polars", overwrite=True)
    assert names() == ["p.parquet", "svar.parquet"]
    assert Path("p.parquet").read_bytes() == b"mine"


@both_engines
def test_scores_that_cannot_be_written(engine: EngineName, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "beside", lambda _: nullcontext(Path("no/such/folder.tmp")))
    write(THREE)
    found = refused("svar.parquet", "p.parquet", PAIR, engine=engine)
    assert found == [("cannot-write", "p.parquet", "")]
    assert names() == ["svar.parquet"]


def test_a_plan_and_paths_as_text_or_path() -> None:
    write(THREE)
    score_file(Path("svar.parquet"), Path("p.parquet"), dl.compile_plan(PAIR))
    frame = pd.read_parquet("p.parquet")
    assert frame["s_mean_score"].tolist() == SCORED["s_mean_score"]
