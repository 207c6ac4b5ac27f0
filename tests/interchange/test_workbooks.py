"""Excel workbooks: sheets, types of cells, and what other programs put into the XML."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from digilitt.errors import InterchangeError
from digilitt.interchange.tables import read_table
from digilitt.interchange.workbooks import sheet_records
from digilitt.scoring.cells import calendar_text

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
PARTS = {
    "/xl/workbook.xml": "sheet.main",
    "/xl/worksheets/sheet1.xml": "worksheet",
    "/xl/sharedStrings.xml": "sharedStrings",
    "/xl/styles.xml": "styles",
}
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
CONTENT_TYPES = f'<Types xmlns="{PACKAGE}/content-types">' + "".join(
    f'<Override PartName="{part}" ContentType="{KIND}.{kind}+xml"/>' for part, kind in PARTS.items()
)
CONTENT_TYPES += "</Types>"
# three cell styles: none, a date, hours that may exceed a day
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill><patternFill/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="46"/></cellXfs>'
    "</styleSheet>"
)
NEW_YEAR = dt.datetime.fromisoformat("2026-01-01")


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[Workbook], Path]:
    def save(book: Workbook) -> Path:
        path = tmp_path / "svar.xlsx"
        book.save(path)
        return path

    return save


@pytest.fixture
def packed(tmp_path: Path) -> Callable[..., Path]:
    """A workbook of one sheet from its XML, for what openpyxl would not write itself."""

    def pack(rows: str, *, strings: str = "", head: str = "", tail: str = "") -> Path:
        path = tmp_path / "svar.xlsx"
        sheet = f"{head}<sheetData>{rows}</sheetData>{tail}"
        parts = {
            "[Content_Types].xml": CONTENT_TYPES,
            "_rels/.rels": _relations("officeDocument", "xl/workbook.xml"),
            "xl/workbook.xml": (
                f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
                '<sheet name="Svar" sheetId="1" r:id="rId1"/></sheets></workbook>'
            ),
            "xl/_rels/workbook.xml.rels": _relations("worksheet", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}">{sheet}</worksheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
            "xl/styles.xml": STYLES,
        }
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in parts.items():
                archive.writestr(name, text)
        return path

    return pack


def _relations(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{RELATIONS}/{kind}" Target="{target}"/></Relationships>'
    )


def inline(*texts: str) -> str:
    """A row of texts."""
    return "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)


def book_of(sheets: dict[str, Iterable[Iterable[Any]]]) -> Workbook:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return book


def problems_of(path: Path, **options: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(InterchangeError) as caught:
        read_table(path, **options)
    return [(p.code, p.row, p.column) for p in caught.value.problems]


def test_cells_keep_their_types(saved: Callable[[Workbook], Path]) -> None:
    moment = dt.datetime.fromisoformat("2026-01-02T13:45")
    row = ["0114", 4, 0.25, True, moment, " två\nrader ", " ", dt.time(8, 30)]
    header = ["kod", "a1", "andel", "ja", "när", "text", "tom", "tid"]
    table = read_table(saved(book_of({"Svar": [header, row]})))
    assert table.cells.iloc[0].tolist() == [
        *("0114", 4, 0.25, True, moment, "två\nrader", None, "08:30:00")
    ]
    assert [type(cell) for cell in table.cells.iloc[0]][:4] == [str, int, float, bool]
    assert (table.sheet, table.date_1904, table.decimal_comma) == ("Svar", False, False)


def test_durations_become_text(packed: Callable[..., Path]) -> None:
    rows = f'<row r="1">{inline("tid")}</row><row r="2"><c s="2"><v>1.0625</v></c></row>'
    assert read_table(packed(rows)).cells["tid"].tolist() == ["25:30:00"]


def test_headers_of_other_types_become_text(saved: Callable[[Workbook], Path]) -> None:
    header = ["id", 2019, NEW_YEAR + dt.timedelta(days=1), "Instämmer\ndu?"]
    table = read_table(saved(book_of({"Svar": [header, [1, 2, 3, 4]]})))
    assert list(table.cells) == ["id", "2019", "2026-01-02", "Instämmer du?"]


def test_rows_have_the_numbers_that_excel_shows(saved: Callable[[Workbook], Path]) -> None:
    book = book_of({"Svar": [["Enkät 2019"], [], ["id", "a1"], [], ["k1", 4], [], ["k2", 5], []]})
    table = read_table(saved(book), header_row=3)
    assert table.rows.tolist() == [5, 7]
    assert [caveat.message for caveat in table.caveats] == ["2 blank rows left out: 4, 6."]


def test_text_numbers_and_decimal_commas_in_cells(saved: Callable[[Workbook], Path]) -> None:
    table = read_table(saved(book_of({"Svar": [["id", "x"], ["1", "3,5"], ["2", 4]]})))
    assert table.cells["id"].tolist() == ["1", "2"]
    assert table.decimal_comma


def test_mixed_dates(saved: Callable[[Workbook], Path]) -> None:
    rows = [["datum"], [NEW_YEAR], [46024]]
    table = read_table(saved(book_of({"Svar": rows})))
    assert calendar_text(table.cells["datum"]) == (["2026-01-01", "2026-01-02"], 1)


def test_days_counted_from_1904(saved: Callable[[Workbook], Path]) -> None:
    book = book_of({"Svar": [["datum"], [NEW_YEAR], [44562]]})
    book.epoch = CALENDAR_MAC_1904
    table = read_table(saved(book))
    assert table.date_1904
    texts, _ = calendar_text(table.cells["datum"], date_1904=table.date_1904)
    assert texts == ["2026-01-01", "2026-01-02"]


@pytest.fixture
def several(saved: Callable[[Workbook], Path]) -> Path:
    book = book_of(
        {
            "Gammalt": [["id"], ["dold"]],
            "Läs mig": [["Så här"]],
            "Svar": [["id"], ["k1"]],
            "Tomt": [],
        }
    )
    book["Gammalt"].sheet_state = "hidden"
    chart = BarChart()
    chart.add_data(Reference(book["Svar"], 1, 1, 1, 2))
    book.create_chartsheet("Diagram", 2).add_chart(chart)
    return saved(book)


@pytest.mark.parametrize(
    ("sheet", "person"), [("Svar", "k1"), (" svar ", "k1"), (3, "k1"), ("Gammalt", "dold")]
)
def test_sheets(several: Path, sheet: str | int, person: str) -> None:
    assert read_table(several, sheet=sheet).cells["id"].tolist() == [person]


def test_several_sheets_must_be_chosen_from(several: Path) -> None:
    with pytest.raises(InterchangeError) as caught:
        read_table(several)
    (problem,) = caught.value.problems
    assert problem.code == "several-sheets"
    assert "'Läs mig', 'Svar'. Say" in problem.message


@pytest.mark.parametrize("sheet", ["Svaren", 0, -1, 5, "Diagram", 2])
def test_sheets_that_are_not_there(several: Path, sheet: str | int) -> None:
    with pytest.raises(InterchangeError, match=r"'Gammalt' \(hidden\), 'Läs mig'") as caught:
        read_table(several, sheet=sheet)
    assert caught.value.problems[0].code == "sheet-not-found"


def test_the_only_visible_sheet_with_something_needs_no_name(
    saved: Callable[[Workbook], Path],
) -> None:
    book = book_of({"Tomt": [], "Svar": [["id"], ["k1"]], "Dolt": [["id"], ["k2"]]})
    book["Dolt"].sheet_state = "veryHidden"
    assert read_table(saved(book)).sheet == "Svar"


@pytest.mark.parametrize(
    ("rows", "options", "code"),
    [
        ([], {}, "no-rows"),
        ([], {"sheet": "Svar"}, "no-rows"),
        ([["id", "a1"]], {}, "no-rows"),
        ([["id"], ["k1"]], {"header_row": 9}, "header-row"),
        ([[], ["id"], ["k1"]], {}, "blank-header"),
        ([["id"], ["k1"]], {"encoding": "utf-8"}, "option-not-applicable"),
        ([["id"], ["k1"]], {"delimiter": ";"}, "option-not-applicable"),
    ],
)
def test_refusals(
    saved: Callable[[Workbook], Path], rows: list[list[str]], options: dict[str, Any], code: str
) -> None:
    assert [found for found, _, _ in problems_of(saved(book_of({"Svar": rows})), **options)] == [
        code
    ]


def test_every_problem_of_a_sheet_at_once(saved: Callable[[Workbook], Path]) -> None:
    book = book_of({"Svar": [["id", "id", None, "a1"], ["k1", 1, 2, "#DIV/0!"], [1, 2, 3, 4, 5]]})
    assert problems_of(saved(book)) == [
        ("blank-header", "2", "C"),
        ("blank-header", "3", "E"),
        ("duplicate-header", "", "id"),
    ]


def test_a_title_above_the_header_is_one_problem(saved: Callable[[Workbook], Path]) -> None:
    rows = [["Enkät 2018"], [], ["id", "a1", "a2", "a3"], ["k1", 1, 2, 3], ["k2", 4, 5, 1]]
    path = saved(book_of({"Svar": rows}))
    assert problems_of(path) == [("blank-header", "", "")]
    with pytest.raises(InterchangeError, match="header_row=3"):
        read_table(path)
    assert len(read_table(path, header_row=3).cells) == 2


def test_merged_header(saved: Callable[[Workbook], Path]) -> None:
    book = book_of({"Svar": [["id", "Attityd", None], ["k1", 4, 5]]})
    book["Svar"].merge_cells("B1:C1")
    path = saved(book)
    assert problems_of(path) == [("blank-header", "2", "C")]
    with pytest.raises(InterchangeError, match="merged header cell names only its first column"):
        read_table(path)


def test_formulas_that_were_never_calculated(saved: Callable[[Workbook], Path]) -> None:
    rows = [["=1+1", None], ["id", "medel"], ["k1", "=AVERAGE(1,2)"], ["k2", 3], ["=1", None]]
    path = saved(book_of({"Svar": rows}))
    assert problems_of(path, header_row=2) == [
        ("formula-without-value", "3", "B"),
        ("formula-without-value", "5", "A"),
    ]


def test_formulas_have_their_stored_values(packed: Callable[..., Path]) -> None:
    rows = (
        f'<row r="1">{inline("id", "medel", "text", "tom")}</row>'
        '<row r="2"><c><f>1+1</f><v>2</v></c><c><f t="shared" si="0"/><v>2.5</v></c>'
        '<c t="str"><f>"a"</f><v>a</v></c><c t="str"><f>""</f><v></v></c></row>'
    )
    assert read_table(packed(rows)).cells.iloc[0].tolist() == [2, 2.5, "a", None]


@pytest.mark.parametrize(
    "bare",
    [
        "<f>1+1</f>",
        "<f>1+1</f><v/>",
        "<f>1+1</f><v></v>",
        '<f t="array" ref="A2:A2">1+1</f>',
        '<f t="shared" si="0"/>',
    ],
)
def test_formulas_without_value_however_they_are_stored(
    packed: Callable[..., Path], bare: str
) -> None:
    rows = f'<row r="1">{inline("id")}</row><row r="2"><c r="A2">{bare}</c></row>'
    assert problems_of(packed(rows)) == [("formula-without-value", "2", "A")]


def test_a_text_that_looks_like_a_formula_is_none(packed: Callable[..., Path]) -> None:
    rows = f'<row r="1">{inline("id")}</row><row r="2">{inline("=1+1")}</row>'
    assert read_table(packed(rows)).cells["id"].tolist() == ["=1+1"]


def test_errors_in_cells_stay_for_who_reads_the_column(packed: Callable[..., Path]) -> None:
    rows = f'<row r="1">{inline("id")}</row><row r="2"><c t="e"><v>#REF!</v></c></row>'
    assert read_table(packed(rows)).cells["id"].tolist() == ["#REF!"]


def test_a_date_outside_the_calendar_is_an_error_and_no_warning(
    packed: Callable[..., Path],
) -> None:
    rows = f'<row r="1">{inline("id")}</row><row r="2"><c s="1"><v>99999999</v></c></row>'
    assert read_table(packed(rows)).cells["id"].tolist() == ["#VALUE!"]


@pytest.mark.parametrize("size", ["A1", "A1:A2", "C7:D9"])
def test_a_wrong_size_in_the_file_loses_nothing(packed: Callable[..., Path], size: str) -> None:
    rows = "".join(f'<row r="{n}">{inline("id", "a1")}</row>' for n in range(1, 6))
    table = read_table(packed(rows, head=f'<dimension ref="{size}"/>'))
    assert table.cells.shape == (4, 2)


def test_texts_of_other_programs(packed: Callable[..., Path]) -> None:
    strings = (
        "<si><r><t>Jag </t></r><r><rPr><b/></rPr><t>kan</t></r></si>"
        "<si><t>rad ett_x000D_&#10;rad två</t></si><si><t>_x0041_</t></si>"
    )
    rows = "".join(f'<row r="{n}"><c t="s"><v>{n - 1}</v></c></row>' for n in range(1, 4))
    table = read_table(packed(rows, strings=strings))
    assert table.cells["Jag kan"].tolist() == ["rad ett\r\nrad två", "_x0041_"]


def test_far_away_formatting_is_no_data(packed: Callable[..., Path]) -> None:
    rows = (
        f'<row r="1">{inline("id")}<c r="XFD1" s="1"/></row><row r="2">{inline("k1")}</row>'
        '<row r="1048576"><c r="A1048576" s="1"/></row>'
    )
    table = read_table(packed(rows))
    assert table.cells.shape == (1, 1)
    assert table.caveats == ()


def test_warnings_of_openpyxl_stay_inside(packed: Callable[..., Path]) -> None:
    rows = f'<row r="1">{inline("id")}</row><row r="2">{inline("k1")}</row>'
    tail = '<extLst><ext uri="{CCE6A557-97BC-4B89-ADB6-D9C93CAAB3DF}"/></extLst>'
    assert read_table(packed(rows, tail=tail)).cells["id"].tolist() == ["k1"]


def test_strict_workbooks_are_refused(packed: Callable[..., Path]) -> None:
    path = packed(f'<row r="1">{inline("id")}</row>')
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            strict = content.replace(
                MAIN.encode(), b"http://purl.oclc.org/ooxml/spreadsheetml/main"
            )
            archive.writestr(name, strict)
    with pytest.raises(InterchangeError, match="Strict Open XML"):
        read_table(path)


@pytest.mark.parametrize(
    "part", ["[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"]
)
def test_workbooks_with_a_part_missing(packed: Callable[..., Path], part: str) -> None:
    path = packed(f'<row r="1">{inline("id")}</row><row r="2">{inline("k1")}</row>')
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != part}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert problems_of(path) == [("not-a-workbook", "", "")]


def test_bad_xml_is_named_as_damage(packed: Callable[..., Path]) -> None:
    path = packed('<row r="1"><c><v>två</v></c></row>')
    assert problems_of(path) == [("not-a-workbook", "", "")]
    assert problems_of(packed("<row")) == [("not-a-workbook", "", "")]


def _bytes_of_a_workbook() -> bytes:
    buffer = io.BytesIO()
    book_of({"Svar": [["id", "a1", "när"], ["k1", 4, NEW_YEAR + dt.timedelta(days=1)]]}).save(
        buffer
    )
    return buffer.getvalue()


WORKBOOK = _bytes_of_a_workbook()


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, len(WORKBOOK) - 1), st.integers(0, 255)), max_size=5),
    st.integers(0, len(WORKBOOK)),
)
def test_damage_of_any_kind_is_a_table_or_a_clear_error(
    changes: list[tuple[int, int]], length: int
) -> None:
    damaged = bytearray(WORKBOOK)
    for position, byte in changes:
        damaged[position] = byte
    for content in (bytes(damaged), WORKBOOK[:length]):
        try:
            found = sheet_records(content, "svar.xlsx", sheet=None, header_row=1)
        except InterchangeError as error:
            codes = {problem.code for problem in error.problems}
        else:
            codes = set()
            assert len(found.rows) == len(found.numbers)
        assert codes <= {"not-a-workbook", "no-rows", "sheet-not-found", "formula-without-value"}
