"""Reading tables: what every kind of file has in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digilitt.errors import InterchangeError
from digilitt.interchange.tables import RawTable, read_table

Written = Callable[..., Path]


@pytest.fixture
def csv_file(tmp_path: Path) -> Written:
    def write(text: str, *, name: str = "svar.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def problems_of(path: Path, **options: object) -> list[tuple[str, str, str]]:
    """Code, row and column of every problem."""
    with pytest.raises(InterchangeError) as caught:
        read_table(path, **options)
    assert all(problem.file == path.name for problem in caught.value.problems)
    return [(p.code, p.row, p.column) for p in caught.value.problems]


def test_a_plain_table(csv_file: Written) -> None:
    table = read_table(csv_file("id,a1,a2\nk1,4,5\nk2,,2\n"))
    expected = pd.DataFrame({"id": ["k1", "k2"], "a1": ["4", None], "a2": ["5", "2"]}, dtype=object)
    expected.columns = expected.columns.astype(object)
    pd.testing.assert_frame_equal(table.cells, expected)
    assert table.rows.tolist() == [2, 3]
    assert table.rows.dtype == np.int64
    assert (table.file, table.sheet, table.decimal_comma) == ("svar.csv", "", False)
    assert table.caveats == ()


def test_a_swedish_export(csv_file: Written) -> None:
    text = (
        "Löpnummer;Hur säker är du på att\r\nsöka information?;Medelvärde\r\n"
        '0114;Instämmer helt;3,5\r\n0115;"Varken eller; vet ej";12,25\r\n'
    ).replace("Hur säker är du på att\r\nsöka information?", '"Hur säker är du på att\r\nsöka?"')
    table = read_table(csv_file(text, encoding="cp1252"))
    assert table.cells.to_dict("list") == {
        "Löpnummer": ["0114", "0115"],
        "Hur säker är du på att söka?": ["Instämmer helt", "Varken eller; vet ej"],
        "Medelvärde": ["3,5", "12,25"],
    }
    assert table.rows.tolist() == [3, 4]
    assert table.decimal_comma
    assert [caveat.code for caveat in table.caveats] == ["encoding-assumed"]
    assert "Löpnummer" in table.caveats[0].message


def test_headers_lose_odd_white_space(csv_file: Written) -> None:
    decomposed = "a\u030asikt"
    text = f'id,"1.\xa0Jag kan\n  söka ",\u200b{decomposed}\nk1,4,5\n'
    assert list(read_table(csv_file(text)).cells) == ["id", "1. Jag kan söka", "åsikt"]


def test_cells_are_stripped_and_otherwise_untouched(csv_file: Written) -> None:
    text = 'id,a\nk1,"  två\n rader\xa0"\nk2,\xa0 \nk3,007\n'
    cells = read_table(csv_file(text)).cells
    assert cells["a"].tolist() == ["två\n rader", None, "007"]


def test_blank_rows_and_columns_are_left_out_and_told(csv_file: Written) -> None:
    table = read_table(csv_file("id;;a1;;\n\nk1;;4;;\n ; ;\n;;;;\nk2;;5;;\n\n\n"))
    assert table.cells.to_dict("list") == {"id": ["k1", "k2"], "a1": ["4", "5"]}
    assert table.rows.tolist() == [3, 6]
    rows, columns = table.caveats
    assert (rows.code, columns.code) == ("blank-rows", "blank-columns")
    assert rows.message == "3 blank rows left out: 2, 4–5."
    assert columns.message == "3 blank columns left out: B, D, E."


def test_every_problem_of_a_table_at_once(csv_file: Written) -> None:
    text = "id,,a1,id\nk1,x,1,2\nk2,,#N/A,#SAKNAS!\nk3,1\nk4,,1,2,9\n"
    assert problems_of(csv_file(text)) == [
        ("blank-header", "2", "B"),
        ("duplicate-header", "", "id"),
        ("ragged-row", "4", ""),
        ("ragged-row", "5", ""),
    ]


def test_headers_that_differ_in_white_space_only_are_duplicates(csv_file: Written) -> None:
    path = csv_file('id,"Jag kan\nsöka",Jag kan söka \nk1,1,2\n')
    with pytest.raises(InterchangeError, match="Columns B and C have the same header"):
        read_table(path)


def test_header_below_a_title(csv_file: Written) -> None:
    text = "Enkät 2019\n\nid;a1\nk1;4\n"
    assert read_table(csv_file(text), header_row=3).rows.tolist() == [4]
    assert problems_of(csv_file(text)) == [("ragged-row", "3", ""), ("ragged-row", "4", "")]
    with pytest.raises(InterchangeError, match="row 3: say where the header is with header_row="):
        read_table(csv_file(text), header_row=2)


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        ("", {}, "empty-file"),
        (" \n\r\n", {}, "empty-file"),
        ("id,a1\n", {}, "no-rows"),
        ("id,a1\n,\n", {}, "no-rows"),
        (";;\n;;\n", {}, "blank-header"),
        ("id,a1\nk1,1\n", {"header_row": 3}, "header-row"),
        ("id,a1\nk1,1\n", {"header_row": 0}, "header-row"),
        ("id,a1\nk1,1\n", {"sheet": "Svar"}, "option-not-applicable"),
        ("id,#REF!\nk1,1\n", {}, "cell-error"),
    ],
)
def test_refusals(csv_file: Written, text: str, options: dict[str, object], code: str) -> None:
    assert [found for found, _, _ in problems_of(csv_file(text), **options)] == [code]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id;x\nk1;3,5\n", True),
        ("id;x\nk1;3\n", False),
        ("id;x\nk1;3.5\n", False),
        ("id;x;y\nk1;3,5;3.25\n", True),
        # a thousand or a decimal? only the semicolon says decimal
        ("id;x\nk1;1,250\n", True),
        ("id;x;y\nk1;1,250;0.5\n", False),
        ('id,x\nk1,"1,250"\n', False),
        ("id\tx\nk1\t1,250\n", False),
        ("id\tx\nk1\t−1,25\n", True),
        ('id,x\nk1,"3,5"\nk2,4\n', True),
        ('id,x,y\nk1,"3,5",0.5\n', False),
        # lists of chosen options are no decimals
        ('id,x\nk1,"1,3"\nk2,"1,3,4"\n', False),
        ("id;x\nk1;1,3\nk2;1, 3\n", False),
        ("id;x;y\nk1;1,3;3,5\nk2;1,3,4;2\n", True),
        ("id;x\nk1;,5\n", True),
        ("id;x\nk1;1\xa0234,5\n", True),
        ("id;x\nk1;ja, 3,5\n", False),
    ],
)
def test_decimal_comma(csv_file: Written, text: str, expected: bool) -> None:
    assert read_table(csv_file(text)).decimal_comma is expected


def test_a_raw_table_cannot_be_changed(csv_file: Written) -> None:
    table = read_table(csv_file("id,a1\nk1,1\n"))
    assert isinstance(table, RawTable)
    with pytest.raises(AttributeError):
        table.sheet = "annat"  # type: ignore[misc]
