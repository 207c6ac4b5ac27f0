"""Writing tables: nothing becomes a formula, nothing changes, nothing is half written."""

from __future__ import annotations

import datetime as dt
import math
import zipfile
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from digilitt.errors import InterchangeError
from digilitt.interchange import writing
from digilitt.interchange.tables import read_table
from digilitt.interchange.writing import write_table

SCORES = pd.DataFrame(
    {
        "person": ["k1", "k2", None],
        "mean_score": [3.5, 4.0, math.nan],
        "n_answered": [4, 2, 0],
        "valid": [True, False, None],
    },
    index=[7, 8, 9],
)
RISKY = ["=1+1", "+1", "-a2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1+1", "\xa0=1", "＝1+1"]
MOMENT = dt.datetime.fromisoformat("2026-01-02T13:45")


def problems_of(tables: dict[str, pd.DataFrame], path: Path, **options: Any) -> list[str]:
    with pytest.raises(InterchangeError) as caught:
        write_table(tables, path, **options)
    assert all(problem.file == path.name for problem in caught.value.problems)
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("sv", "person;mean_score;n_answered;valid\nk1;3,5;4;TRUE\nk2;4;2;FALSE\n;;0;\n"),
        ("en", "person,mean_score,n_answered,valid\nk1,3.5,4,TRUE\nk2,4,2,FALSE\n,,0,\n"),
    ],
)
def test_csv(tmp_path: Path, language: Any, expected: str) -> None:
    path = tmp_path / "poäng.csv"
    assert write_table({"scores": SCORES}, path, language=language) == ()
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode("utf-8-sig") == expected.replace("\n", "\r\n")


def test_csv_is_read_again(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"id": ["åäö; och", 'säg "hej"', "två\nrader"], "x": [-0.5, 1e-7, 1234567.25]}
    )
    path = tmp_path / "tabell.csv"
    write_table({"t": frame}, path)
    table = read_table(path)
    assert table.cells["id"].tolist() == frame["id"].tolist()
    assert table.cells["x"].tolist() == ["-0,5", "1e-07", "1234567,25"]
    assert table.decimal_comma


def test_workbook(tmp_path: Path) -> None:
    path = tmp_path / "poäng.xlsx"
    assert write_table({"Poäng": SCORES, "Tom": SCORES[:0]}, path) == ()
    book = load_workbook(path)
    assert book.sheetnames == ["Poäng", "Tom"]
    sheet = book["Poäng"]
    assert [[cell.value for cell in row] for row in sheet.rows] == [
        ["person", "mean_score", "n_answered", "valid"],
        ["k1", 3.5, 4, True],
        ["k2", 4, 2, False],
        [None, None, 0, None],
    ]
    assert sheet.freeze_panes == "A2"
    assert all(cell.font.bold for cell in sheet[1])
    assert not sheet["A2"].font.bold
    assert sheet.column_dimensions["B"].width == len("mean_score") + 2


@pytest.mark.parametrize("text", RISKY)
def test_text_never_becomes_a_formula_in_a_workbook(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ut.xlsx"
    assert write_table({"t": pd.DataFrame({text: [text, "=HYPERLINK(1)"]})}, path) == ()
    with zipfile.ZipFile(path) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f" not in xml
    for cell in [row[0] for row in load_workbook(path)["t"].rows]:
        assert cell.data_type == "s"
        assert cell.quotePrefix
    assert read_table(path).cells.iloc[:, 0].tolist() == [text.strip(), "=HYPERLINK(1)"]


@pytest.mark.parametrize("text", RISKY)
@pytest.mark.parametrize("language", ["sv", "en"])
def test_text_never_becomes_a_formula_in_csv(tmp_path: Path, text: str, language: Any) -> None:
    path = tmp_path / "ut.csv"
    (caveat,) = write_table({"t": pd.DataFrame({text: ["k1", text]})}, path, language=language)
    assert (caveat.code, caveat.where) == ("guarded-text", "t")
    assert caveat.message.startswith("2 texts")
    table = read_table(path, delimiter=writing.DELIMITER[language])
    assert table.cells.columns[0].startswith("'")
    assert table.cells.iloc[:, 0].tolist() == ["k1", f"'{text}"]


def test_negative_numbers_are_no_formulas(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [-3.5, -1.0]})
    assert write_table({"t": frame}, tmp_path / "ut.csv") == ()
    assert read_table(tmp_path / "ut.csv", delimiter=";").cells["x"].tolist() == ["-3,5", "-1"]
    write_table({"t": frame}, tmp_path / "ut.xlsx")
    assert read_table(tmp_path / "ut.xlsx").cells["x"].tolist() == [-3.5, -1]


@pytest.mark.parametrize(
    ("value", "in_workbook", "in_csv"),
    [
        (pd.Timestamp("2026-01-02 13:45"), MOMENT, "2026-01-02 13:45:00"),
        (pd.Timestamp("2026-01-02"), dt.datetime.fromisoformat("2026-01-02"), "2026-01-02"),
        (dt.date(2026, 1, 2), dt.datetime.fromisoformat("2026-01-02"), "2026-01-02"),
        (pd.Timestamp("2026-01-02", tz="UTC"), *["2026-01-02T00:00:00+00:00"] * 2),
        (dt.date(1899, 12, 31), *["1899-12-31"] * 2),
        (dt.time(8, 30), *["08:30:00"] * 2),
        (10**15, *["1000000000000000"] * 2),
        (10**14, 10**14, "100000000000000"),
        (math.inf, "inf", "inf"),
        (np.float64(2.5), 2.5, "2,5"),
        (np.int8(3), 3, "3"),
        (np.True_, True, "TRUE"),
        (Decimal("1.5"), 1.5, "1,5"),
        (np.datetime64("2026-01-02"), "2026-01-02", "2026-01-02"),
        (("a", 1), *["('a', 1)"] * 2),
        *((missing, None, None) for missing in (None, math.nan, pd.NA, pd.NaT, "")),
        (np.datetime64("NaT", "D"), None, None),
        (Decimal("NaN"), None, None),
    ],
)
def test_values(tmp_path: Path, value: object, in_workbook: object, in_csv: object) -> None:
    column = np.empty(2, dtype=object)
    column[:] = ["x", None]
    column[1] = value
    frame = pd.DataFrame({"id": ["k1", "k2"], "v": pd.Series(column, dtype=object)})
    for name, expected in (("ut.xlsx", in_workbook), ("ut.csv", in_csv)):
        write_table({"t": frame}, tmp_path / name)
        assert read_table(tmp_path / name).cells["v"].tolist() == ["x", expected]


def test_typed_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "band": pd.Categorical(["low", None]),
            "n": pd.array([1, None], dtype="Int64"),
            "when": pd.to_datetime(["2026-01-02 13:45", None]),
            "text": pd.array(["a", None], dtype="string"),
        }
    )
    write_table({"t": frame}, tmp_path / "ut.xlsx")
    cells = read_table(tmp_path / "ut.xlsx").cells
    assert cells.to_numpy().tolist() == [["low", 1, MOMENT, "a"]]


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_control_characters_are_replaced_and_told(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"ut{suffix}"
    texts = ["a\x00b", "\ud800", "åäö", "\ufffe", "😀"]
    frame = pd.DataFrame({"id\x07": texts}, dtype=object)
    (caveat,) = write_table({"t": frame}, path)
    assert (caveat.code, caveat.message[:7]) == ("control-characters", "4 cells")
    table = read_table(path)
    assert list(table.cells) == ["id\ufffd"]
    assert table.cells.iloc[:, 0].tolist() == ["a\ufffdb", "\ufffd", "åäö", "\ufffd", "😀"]


def test_sheet_names_are_made_legal_and_told(tmp_path: Path) -> None:
    names = ["a/b:c", "A_B_C", "x" * 40, "x" * 41, "", "'q'", "history", "😀" * 20, "poäng"]
    caveats = write_table(dict.fromkeys(names, SCORES), tmp_path / "ut.xlsx")
    assert load_workbook(tmp_path / "ut.xlsx").sheetnames == [
        *("a_b_c", "A_B_C (2)", "x" * 31, "x" * 27 + " (2)", "Sheet", "q", "History_", "😀" * 15),
        "poäng",
    ]
    assert {caveat.code for caveat in caveats} == {"sheet-renamed"}
    assert [caveat.where for caveat in caveats] == names[:-1]


@pytest.mark.parametrize(
    ("name", "tables", "options", "codes"),
    [
        ("ut.ods", {"t": SCORES}, {}, ["unknown-suffix"]),
        ("ut", {"t": SCORES}, {}, ["unknown-suffix"]),
        ("ut.xls", {"t": SCORES}, {"language": "no"}, ["unknown-suffix", "unknown-language"]),
        ("ut.csv", {"t": SCORES, "u": SCORES}, {}, ["several-tables"]),
        ("ut.xlsx", {}, {}, ["no-tables"]),
        ("finns inte/ut.xlsx", {}, {}, ["no-tables", "folder-not-found"]),
        ("mapp.csv", {"t": SCORES}, {"overwrite": True}, ["is-a-folder"]),
        ("gammal.csv", {"t": SCORES}, {}, ["file-exists"]),
        ("x" * 300 + ".csv", {"t": SCORES}, {}, ["cannot-write"]),
    ],
)
def test_refusals(
    tmp_path: Path,
    name: str,
    tables: dict[str, pd.DataFrame],
    options: dict[str, Any],
    codes: list[str],
) -> None:
    (tmp_path / "mapp.csv").mkdir()
    (tmp_path / "gammal.csv").write_text("kvar")
    before = sorted(tmp_path.iterdir())
    assert problems_of(tables, tmp_path / name, **options) == codes
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "gammal.csv").read_text() == "kvar"


@pytest.mark.parametrize("tables", [SCORES, [SCORES], None, {"t": SCORES, "u": [1], "v": "x"}])
@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_what_is_no_table_by_name(tmp_path: Path, tables: Any, suffix: str) -> None:
    path = tmp_path / f"ut{suffix}"
    with pytest.raises(InterchangeError, match=r'as in \{"scores": frame\}') as caught:
        write_table(tables, path)
    names = ["u", "v"] if isinstance(tables, dict) else [""]
    assert [(p.code, p.sheet) for p in caught.value.problems] == [("no-frame", n) for n in names]
    assert not path.exists()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InterchangeError, match=r"no folder '.*finns inte'"):
        write_table({"t": SCORES}, tmp_path / "finns inte" / "ut.csv")


def test_overwriting(tmp_path: Path) -> None:
    path = tmp_path / "ut.csv"
    path.write_text("gammalt")
    write_table({"t": SCORES}, path, overwrite=True)
    assert read_table(path).cells.shape == (3, 4)
    assert list(tmp_path.iterdir()) == [path]


def test_too_much_for_a_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = pd.DataFrame({"a": ["x", "x" * 32_768, "\r" * 5_000, "😀" * 16_384]})
    assert problems_of({"t": long}, tmp_path / "ut.xlsx") == ["text-too-long"] * 3
    with pytest.raises(InterchangeError, match="row 3, 'A': A cell holds at most 32767"):
        write_table({"t": long}, tmp_path / "ut.xlsx")
    monkeypatch.setattr(writing, "MOST_ROWS", 3)
    assert problems_of({"t": SCORES, "u": SCORES[:2]}, tmp_path / "ut.xlsx") == ["too-large"]
    monkeypatch.setattr(writing, "MOST_COLUMNS", 1)
    assert problems_of({"t": SCORES[:1]}, tmp_path / "ut.xlsx") == ["too-large"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["ut.csv", "ut.xlsx"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / name
    path.write_text("gammalt")

    def refuse(source: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(source), None, str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(InterchangeError, match="No space left on device") as caught:
        write_table({"t": SCORES}, path, overwrite=True)
    assert caught.value.problems[0].code == "cannot-write"
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "gammalt"


def test_a_text_like_an_error_is_stored_as_text(tmp_path: Path) -> None:
    path = tmp_path / "ut.xlsx"
    write_table({"t": pd.DataFrame({"a": ["#N/A"]})}, path)
    assert load_workbook(path)["t"]["A2"].data_type == "s"
    assert read_table(path).cells["a"].tolist() == ["#N/A"]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
    st.datetimes(
        dt.datetime.fromisoformat("1901-01-01"), dt.datetime.fromisoformat("9998-12-31")
    ).map(lambda moment: moment.replace(microsecond=0)),
)


@settings(max_examples=100)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5))
@example([("=1", "_x000D_", "a_x005F_b"), ("\r\n a \r b", "__x0041_", None), ("\x0b", "\ufeff", 1)])
@example([("#N/a", "'=1", "\x85"), (0.1 + 0.2, -0.0, 5e-324), ("<&>]]>", "\xa0 x", "\u2028")])
def test_a_workbook_gives_back_what_was_written(rows: list[tuple[Any, ...]]) -> None:
    frame = pd.DataFrame([("x", *row) for row in rows], columns=list("abcd"), dtype=object)
    with TemporaryDirectory() as folder:
        path = Path(folder, "ut.xlsx")
        write_table({"t": frame}, path)
        table = read_table(path)
    expected = [["x", *(_as_read(cell) for cell in row)] for row in rows]
    assert table.cells.to_numpy().tolist() == expected
    assert table.rows.tolist() == list(range(2, len(rows) + 2))


def _as_read(cell: Any) -> Any:
    if isinstance(cell, str):
        return writing.FORBIDDEN.sub("\ufffd", cell).strip() or None
    return cell
