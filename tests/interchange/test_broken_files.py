"""Files as people send them: each is refused with its problems and their places, or read right.

The other tests of this folder try one reader at a time. Here whole files go through
`read_responses`, `read_roster` and mappings, as a user would pass them.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from digilitt.define.instrument import Instrument
from digilitt.errors import DigilittError, InterchangeError, Problem, ResponseError
from digilitt.interchange.answers import read_responses
from digilitt.interchange.roster import read_roster
from digilitt.scoring.responses import Responses
from tests.strategies import small

Place = tuple[str, str, str]  # code, row, column

AGREE = {
    "kind": "ordered",
    "options": [
        {"code": 1, "sv": "Nej", "en": "No"},
        {"code": 2, "sv": "Tveksam", "en": "Unsure"},
        {"code": 3, "sv": "Ja", "en": "Yes"},
    ],
    "missing": [{"code": 9, "counts_as": "missing", "sv": "Vet ej", "en": "Do not know"}],
}
HOURS = {"kind": "numeric", "minimum": 0, "maximum": 5000, "integer": False}
FORM: Instrument = small(
    {"a1": "agree", "a2": "agree", "h": "hours"},
    {"id": "s", "items": ["a1", "a2"], "metric": "mean"},
    formats={"agree": AGREE, "hours": HOURS},
)
TEXT = "id;Kommun;a1;a2;h\np1;Hörby;1;2;3,5\np2;Lund;3;1;40\n"
NUMBERS = [[1.0, 2.0, 3.5], [3.0, 1.0, 40.0]]
HEAD = ["id", "Kommun", "a1", "a2", "h"]
ONE, TWO = ["p1", "Hörby", 1, 2, 3.5], ["p2", "Lund", 3, 1, 40]
PERSONAL = "811228-9874"


def read(path: Path, **options: Any) -> Responses:
    return read_responses(path, FORM, **{"person": "id", "groups": ["Kommun"], **options})


def refused(run: Callable[[], object]) -> tuple[Problem, ...]:
    """The problems of what must fail, none of which shows a personal number or a folder."""
    with pytest.raises(DigilittError) as caught:
        run()
    assert caught.value.problems
    assert "9874" not in str(caught.value)
    return caught.value.problems


def places(problems: tuple[Problem, ...]) -> list[Place]:
    return [(problem.code, problem.row, problem.column) for problem in problems]


def swapped(old: str, new: str) -> str:
    """The good file with one thing changed."""
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def cell(text: str) -> str:
    """The good file with another first answer in row 3."""
    return swapped("Lund;3;", f"Lund;{text};")


def hours(text: str) -> str:
    """The good file with another number of hours in row 3."""
    return swapped(";40\n", f";{text}\n")


NO_NAMES = [("missing-column", "", name) for name in ("id", "Kommun", "a1", "a2", "h")]
HEADER_AGAIN = [("invalid-answer", "4", name) for name in ("a1", "a2", "h")]

# What the file holds, the problems, and what the first message says.
TEXTS: dict[str, tuple[str | bytes, list[Place], str]] = {
    "utf-16-le-without-mark": (TEXT.encode("utf-16-le"), [("encoding", "1", "")], "'utf-16-le'"),
    "utf-16-be-without-mark": (TEXT.encode("utf-16-be"), [("encoding", "1", "")], "'utf-16-be'"),
    "utf-32-without-mark": (TEXT.encode("utf-32-le"), [("encoding", "1", "")], "no plain text. E"),
    "zeros-at-the-end": (TEXT + "\0" * 512, [("encoding", "4", "")], "no plain text. E"),
    "letter-cut-in-two": (
        TEXT.encode()[: TEXT.encode().index("ö".encode()) + 1],
        [("ragged-row", "2", "")],
        "Found 2 cells",
    ),
    "delimiter-changes": (
        swapped("p1;Hörby;1;2;3,5", "p1,Hörby,1,2,3"),
        [("ragged-row", "2", "")],
        "",
    ),
    "header-has-another-delimiter": (
        TEXT.replace(";", ",", 4),
        [("ragged-row", "2", ""), ("ragged-row", "3", "")],
        "the header has 5",
    ),
    "blanks-as-delimiter": ("id Kommun a1 a2 h\np1 Hörby 1 2 3\n", NO_NAMES, "'id Kommun a1 a2 h'"),
    "lines-in-quotes": ('"id;Kommun;a1;a2;h"\n"p1;Hörby;1;2;3"\n', NO_NAMES, "'id;Kommun;a1;a2;h'"),
    "delimiter-declared-wrongly": ("sep=,\n" + TEXT, [("ragged-row", "3", "")], "header_row="),
    "delimiter-declared-as-nothing": (
        "sep=\n" + TEXT,
        [("ragged-row", row, "") for row in ("2", "3", "4")],
        "the header has 1",
    ),
    "quotes-within-quotes": (swapped("Hörby", '"Hör"by'), [("quotes", "2", "")], "written twice"),
    "quotes-of-one-stroke": (
        TEXT.replace("1;2;3,5", "'1';'2';3"),
        [("invalid-answer", "2", "a1"), ("invalid-answer", "2", "a2")],
        "found \"'1'\"",
    ),
    "line-break-without-quotes": (
        swapped("Lund", "Lu\nnd"),
        [("ragged-row", "3", ""), ("ragged-row", "4", "")],
        "line break within an answer",
    ),
    "one-cell-too-many": (TEXT + "p3;Lund;1;1;1;1\n", [("ragged-row", "4", "")], "Found 6 cells"),
    "end-of-file-mark": (TEXT + "\x1a", [("ragged-row", "4", "")], "Found 1 cells"),
    "lines-of-old-mainframes": (TEXT.replace("\n", "\x85"), [("no-rows", "", "")], ""),
    "only-delimiters": (";;;;\n;;;;\n", [("blank-header", "1", "")], "it is blank"),
    "no-header": (TEXT.partition("\n")[2], NO_NAMES, "The columns are 'p1', 'Hörby'"),
    "header-is-somebody": (swapped("id;", f"{PERSONAL};"), NO_NAMES[:1], "'…', 'Kommun'"),
    "header-twice-but-for-case": (
        swapped("a2;h", "A1;h"),
        [("column-twice", "", "A1"), ("missing-column", "", "a2")],
        "both hold 'a1'",
    ),
    "header-and-its-question": (
        swapped("a2;h", "a1 på svenska;h"),
        [("column-twice", "", "a1 på svenska"), ("missing-column", "", "a2")],
        "both hold 'a1'",
    ),
    "header-misspelt": (
        swapped("Kommun", "Komun"),
        [("missing-column", "", "Kommun")],
        "Is it 'Komun'?",
    ),
    "title-above": ("Enkät 2019;;;;\n" + TEXT, [("blank-header", "", "")], "header_row=2"),
    "questions-below-the-header": (
        TEXT.replace("\n", "\nLöpnr;Kommun;Säker?;Nöjd?;Timmar\n", 1),
        [("invalid-answer", "2", name) for name in ("a1", "a2", "h")],
        "found 'Säker?'",
    ),
    "two-exports-in-one": (
        TEXT + TEXT.replace("p1", "p3").replace("p2", "p4"),
        HEADER_AGAIN,
        "'a1'",
    ),
    "mark-in-the-middle": (TEXT + "\ufeff" + TEXT.partition("\n")[0] + "\n", HEADER_AGAIN, "'a1'"),
    "means-below": (TEXT + "Medel;;2;1,5;21,8\n", [("summary-row", "4", "")], "delete it"),
    "sums-in-swedish-excel": (TEXT + "Totalsumma;;3;3;43\n", [("summary-row", "4", "")], ""),
    "number-of-rows-below": (TEXT + "N = 2;;2;2;2\n", [("summary-row", "4", "")], ""),
    "sums-without-a-word": (TEXT + ";;2;2;2\n", [("no-person", "4", "id")], "every row needs one"),
    "note-below": (TEXT + "\nKälla: enkät 2019;;;;\n", [("summary-row", "5", "")], "or a note"),
    "two-notes-and-a-mean": (
        TEXT + "Medel;;2;2;2\nUttag 2019-03-01;;;;\nEj svar är blankt;;;;\n",
        [("summary-row", row, "") for row in ("4", "5", "6")],
        "",
    ),
    "half-an-option": (
        cell("1,5"),
        [("invalid-answer", "3", "a1")],
        "found '1,5'; expected 1 to 3",
    ),
    "two-answers": (cell("1-2"), [("invalid-answer", "3", "a1")], "found '1-2'"),
    "code-with-another-label": (cell("3 - Nej"), [("invalid-answer", "3", "a1")], "'3 - Nej'"),
    "label-unknown": (cell("Kanske"), [("invalid-answer", "3", "a1")], "found 'Kanske'"),
    "label-misspelt": (cell("Tveksamm"), [("invalid-answer", "3", "a1")], "Is it 'tveksam' (2)?"),
    "missing-code-of-others": (cell("99"), [("invalid-answer", "3", "a1")], "a missing code (9)"),
    "share-as-answer": (cell("75 %"), [("invalid-answer", "3", "a1")], "found '75 %'"),
    "date-as-answer": (cell("03-jan"), [("invalid-answer", "3", "a1")], "found '03-jan'"),
    "formula-as-answer": (cell("=1+2"), [("invalid-answer", "3", "a1")], "found '=1+2'"),
    "digit-raised": (cell("3²"), [("invalid-answer", "3", "a1")], "found '3²'"),
    "mark-before-a-digit": (cell("\ufeff3"), [("invalid-answer", "3", "a1")], r"found '\ufeff3'"),
    "person-as-answer": (cell(PERSONAL), [("invalid-answer", "3", "a1")], "found '…'"),
    "entity-with-a-delimiter": (cell("&nbsp;"), [("ragged-row", "3", "")], "Found 6 cells"),
    "errors-of-formulas": (
        swapped("Lund;3;1;40", "#SAKNAS!;#REF!;1;#DIV/0!"),
        [
            ("invalid-answer", "3", "a1"),
            ("invalid-answer", "3", "h"),
            ("cell-error", "3", "Kommun"),
        ],
        "found '#REF!'",
    ),
    "beyond-all-numbers": (hours("1e400"), [("invalid-answer", "3", "h")], "0 to 5000"),
    "thousands-of-digits": (hours("9" * 5000), [("invalid-answer", "3", "h")], "0 to 5000"),
    "not-a-number": (hours("nan"), [("invalid-answer", "3", "h")], "found 'nan'"),
    "thousand-with-a-point": (hours("1.250"), [("invalid-answer", "3", "h")], "found '1.250'"),
    "thousand-with-a-stroke": (hours("1'250"), [("invalid-answer", "3", "h")], "1'250"),
    "thousand-with-a-blank": (hours("1 250"), [("invalid-answer", "3", "h")], "found '1 250'"),
    "number-with-its-unit": (hours("40 h"), [("invalid-answer", "3", "h")], "found '40 h'"),
    "share-as-number": (hours("40%"), [("invalid-answer", "3", "h")], "found '40%'"),
    "digits-of-another-script": (hours("٤٠"), [("invalid-answer", "3", "h")], "0 to 5000"),
    "below-the-range": (hours("−1"), [("invalid-answer", "3", "h")], "found '−1'"),
    "personal-numbers": (
        TEXT.replace("p1", PERSONAL),
        [("personal-number", "", "id")],
        "pseudonym",
    ),
    "personal-number-split": (
        TEXT.replace("p1", "811228\u200b-9874"),
        [("personal-number", "", "id")],
        "pseudonym",
    ),
    "personal-number-as-group": (
        swapped("Hörby", PERSONAL),
        [("personal-number", "", "Kommun")],
        "pseudonym",
    ),
    "person-blank": (swapped("p2", " "), [("no-person", "3", "id")], ""),
    "person-twice-but-for-blanks": (swapped("p2", " p1 "), [("person-twice", "2", "")], "row 3"),
    "person-twice-but-for-what-is-unseen": (
        swapped("p2", "p1\u200b"),
        [("person-twice", "2", "")],
        "row 3",
    ),
    "person-in-capitals": (swapped("p2", "P1"), [("mixed-code", "", "id")], "'P1' and 'p1'"),
    "person-without-zeros": (
        TEXT.replace("p1", "007").replace("p2", "7"),
        [("mixed-code", "", "id")],
        "'007' and '7'",
    ),
    "person-is-an-error": (swapped("p2", "#N/A"), [("cell-error", "3", "id")], "#N/A"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_files_that_are_refused(name: str, tmp_path: Path) -> None:
    content, expected, told = TEXTS[name]
    path = tmp_path / "svar.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problems = refused(lambda: read(path))
    assert places(problems) == expected
    assert told in problems[0].message
    assert {problem.file for problem in problems} == {"svar.csv"}


@pytest.mark.parametrize(
    ("content", "numbers", "towns", "caveats"),
    [
        (TEXT, NUMBERS, ["Hörby", "Lund"], []),
        (TEXT.encode("cp1252"), NUMBERS, ["Hörby", "Lund"], ["encoding-assumed"]),
        (TEXT.encode().decode("cp1252"), NUMBERS, ["HÃ¶rby", "Lund"], ["garbled-letters"]),
        (swapped("ö", "\ufffd"), NUMBERS, ["H\ufffdrby", "Lund"], ["lost-letters"]),
        (TEXT.replace("\n", "\r\r\n"), NUMBERS, ["Hörby", "Lund"], ["blank-rows"]),
        (TEXT.replace("\n", ";;\n"), NUMBERS, ["Hörby", "Lund"], ["blank-columns"]),
        (TEXT.replace("ö", "o\u0308"), NUMBERS, ["Hörby", "Lund"], []),
        (swapped("Lund", "\ufeffLu\u00adnd\u200b"), NUMBERS, ["Hörby", "Lund"], []),
        (cell("\u00a03,0"), NUMBERS, ["Hörby", "Lund"], []),
        (cell("JA"), NUMBERS, ["Hörby", "Lund"], []),
        (cell("3 – Ja"), NUMBERS, ["Hörby", "Lund"], []),
        (hours("1\u00a0250"), [NUMBERS[0], [3.0, 1.0, 1250.0]], ["Hörby", "Lund"], []),
        (hours("1\u202f250,5"), [NUMBERS[0], [3.0, 1.0, 1250.5]], ["Hörby", "Lund"], []),
        # several words in an id are no note where other ids have several words too
        (
            TEXT.replace("p1", "p 1") + "p 3;;;;\n",
            [*NUMBERS, [math.nan] * 3],
            ["Hörby", "Lund", None],
            ["group-unknown"],
        ),
    ],
)
def test_text_files_that_are_read(
    tmp_path: Path, content: str | bytes, numbers: Any, towns: Any, caveats: list[str]
) -> None:
    path = tmp_path / "svar.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = read(path)
    assert str(found.codes.to_numpy().tolist()) == str(numbers)
    assert (
        found.people["Kommun"].astype(object).where(found.people["Kommun"].notna(), None).tolist()
        == towns
    )
    assert [caveat.code for caveat in found.caveats] == caveats


def test_notes_are_left_out_and_counted_where_wanted(tmp_path: Path) -> None:
    path = tmp_path / "svar.csv"
    path.write_text(TEXT + "Medel;;2;2;2\n\nKälla: enkät 2019;;;;\n", encoding="utf-8")
    found = read(path, on_problem="missing")
    assert found.people["person"].tolist() == ["p1", "p2"]
    (caveat,) = [caveat for caveat in found.caveats if caveat.code == "summary-row"]
    assert caveat.message == "2 rows left out."


def workbook(rows: list[list[Any]], change: Callable[[Worksheet], object] | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Svar"
    for row in rows:
        sheet.append(row)
    if change:
        change(sheet)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def merged(area: str) -> Callable[[Worksheet], object]:
    def merge(sheet: Worksheet) -> None:
        sheet.merge_cells(area)  # all but its first cell lose their content

    return merge


def errors(sheet: Worksheet) -> None:
    for name, error in {"A2": "#VALUE!", "B3": "#N/A", "C2": "#REF!"}.items():
        sheet[name] = error
        sheet[name].data_type = "e"


def shares(sheet: Worksheet) -> None:
    sheet["C2"] = 0.5
    sheet["C2"].number_format = "0%"


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


GOOD = workbook([HEAD, ONE, TWO])


def repacked(name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The good workbook with one part changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old, zipfile.ZipFile(buffer, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, change(content) if part.endswith(name) else content)
    return buffer.getvalue()


WORKBOOKS: dict[str, tuple[bytes, dict[str, Any], list[Place], str]] = {
    "cut-short": (GOOD[: len(GOOD) // 2], {}, [("not-a-workbook", "", "")], "partly copied"),
    "sent-as-text": (
        GOOD.replace(b"\n", b"\r\n"),
        {},
        [("not-a-workbook", "", "")],
        "cannot be read",
    ),
    "half-of-it-zeros": (
        GOOD[:1000] + bytes(len(GOOD) - 1000),
        {},
        [("not-a-workbook", "", "")],
        "Copy or export it again",
    ),
    "sheet-cut-short": (
        repacked("sheet1.xml", lambda xml: xml[: len(xml) // 2]),
        {},
        [("not-a-workbook", "", "")],
        "save it anew",
    ),
    "number-that-is-none": (
        repacked("sheet1.xml", lambda xml: xml.replace(b"<v>40</v>", b"<v>NaN</v>")),
        {},
        [("not-a-workbook", "", "")],
        "save it anew",
    ),
    "number-beyond-all": (
        repacked("sheet1.xml", lambda xml: xml.replace(b"<v>40</v>", b"<v>1e400</v>")),
        {},
        [("invalid-answer", "3", "h")],
        "expected a number from 0 to 5000",
    ),
    "sheet-misnamed": (GOOD, {"sheet": "Svaren"}, [("sheet-not-found", "", "")], "'Svar'"),
    "sheet-hidden": (
        workbook(
            [HEAD, ONE],
            lambda s: (s.parent.create_sheet("Tom"), setattr(s, "sheet_state", "hidden")),
        ),
        {},
        [("no-rows", "", "")],
        "'Svar' (hidden)",
    ),
    "only-a-header": (workbook([HEAD]), {}, [("no-rows", "", "")], "below the header"),
    "formula-never-calculated": (
        workbook([HEAD, ONE, ["p2", "Lund", "=1+2", 1, "=SUM(D2:D3)"]]),
        {},
        [("formula-without-value", "3", "C"), ("formula-without-value", "3", "E")],
        "cell C3",
    ),
    "dates-as-answers": (
        workbook([HEAD, ["p1", "Hörby", moment("2019-03-01"), 2, moment("2019-01-05T08:30")]]),
        {},
        [("invalid-answer", "2", "a1"), ("invalid-answer", "2", "h")],
        "found the date 2019-03-01; expected 1 to 3",
    ),
    "share-shown-as-percent": (
        workbook([HEAD, ONE, TWO], shares),
        {},
        [("invalid-answer", "2", "a1")],
        "found 0.5",
    ),
    "tick-boxes": (
        workbook([HEAD, ["p1", "Hörby", True, 2, False]]),
        {},
        [("invalid-answer", "2", "a1"), ("invalid-answer", "2", "h")],
        "found True",
    ),
    "text-number-with-comma": (
        workbook([HEAD, ["p1", "Hörby", "1,5", 2, "3,5"]]),
        {},
        [("invalid-answer", "2", "a1")],
        "found '1,5'",
    ),
    "number-of-sixteen-digits": (
        workbook([HEAD, ["p1", "Hörby", 10**15, 2, 3]]),
        {},
        [("invalid-answer", "2", "a1")],
        "expected 1 to 3",
    ),
    "merged-persons": (
        workbook([HEAD, ONE, TWO], merged("A2:A3")),
        {},
        [("no-person", "3", "id")],
        "",
    ),
    "merged-headers": (
        workbook([HEAD, ONE, TWO], merged("C1:D1")),
        {},
        [("blank-header", "2", "D")],
        "merged header cell",
    ),
    "two-headers": (
        workbook([["", "Bakgrund", "Frågor"], HEAD, ONE]),
        {},
        [("blank-header", "", "")],
        "header_row=2",
    ),
    "errors": (
        workbook([HEAD, ONE, TWO], errors),
        {},
        [("invalid-answer", "2", "a1"), ("cell-error", "2", "id"), ("cell-error", "3", "Kommun")],
        "found '#REF!'",
    ),
    "personal-numbers-as-numbers": (
        workbook([HEAD, [8112289874, *ONE[1:]], [198112289874.0, *TWO[1:]]]),
        {},
        [("personal-number", "", "id")],
        "pseudonym",
    ),
    "number-and-text": (
        workbook([HEAD, [17, *ONE[1:]], ["17", *TWO[1:]]]),
        {},
        [("person-twice", "2", "")],
        "row 3",
    ),
    "number-and-text-with-point": (
        workbook([HEAD, [17, *ONE[1:]], ["17.0", *TWO[1:]]]),
        {},
        [("mixed-code", "", "id")],
        "'17' and '17.0'",
    ),
    "sums-after-a-gap": (
        workbook([HEAD, ONE, TWO, [], ["Totalt", None, 3, 3, 43.5]]),
        {},
        [("summary-row", "5", "")],
        "",
    ),
    "note-after-a-gap": (
        workbook([HEAD, ONE, TWO, [], ["Källa: enkäten 2019"]]),
        {},
        [("summary-row", "5", "")],
        "note",
    ),
    "years-as-headers": (
        workbook([["id", "Kommun", 2018, 2019, 2020], ONE]),
        {},
        [("missing-column", "", name) for name in ("a1", "a2", "h")],
        "no column holds it",
    ),
    "table-beside-the-table": (
        workbook([[*HEAD, None, "Kommun", "Antal"], [*ONE, None, "Hörby", 1]]),
        {},
        [("duplicate-header", "", "Kommun")],
        "Columns B and G",
    ),
    "table-on-its-side": (
        workbook([["id", "p1", "p2"], ["Kommun", "Hörby", "Lund"], ["a1", 1, 3], ["a2", 2, 1]]),
        {},
        NO_NAMES[1:],
        "The columns are 'id', 'p1', 'p2'",
    ),
    "one-answer-per-row": (
        workbook([["id", "Fråga", "Svar"], ["p1", "a1", 1], ["p1", "a2", 2]]),
        {"groups": []},
        [*NO_NAMES[2:], ("person-twice", "2", "")],
        "no column holds it",
    ),
}


@pytest.mark.parametrize("name", WORKBOOKS)
def test_workbooks_that_are_refused(name: str, tmp_path: Path) -> None:
    content, options, expected, told = WORKBOOKS[name]
    path = tmp_path / "svar.xlsx"
    path.write_bytes(content)
    problems = refused(lambda: read(path, **options))
    assert places(problems) == expected
    assert told in problems[0].message
    assert {problem.file for problem in problems} == {"svar.xlsx"}
    assert {problem.sheet for problem in problems if problem.row} <= {"Svar"}


@pytest.mark.parametrize(
    ("rows", "change", "numbers", "caveats"),
    [
        ([HEAD, ONE, TWO], None, NUMBERS, []),
        ([HEAD, ["p1", "Hörby", "\u00a01", "2 ", "3,5"], TWO], None, NUMBERS, []),
        ([HEAD, ["p1", "Hörby", 1.0, "Tveksam", 3.5], TWO], None, NUMBERS, []),
        ([[None, *HEAD], [None, *ONE], [None, *TWO]], None, NUMBERS, ["blank-columns"]),
        ([HEAD, ONE, *[[]] * 500, TWO], None, NUMBERS, ["blank-rows"]),
        ([[" id ", "Kommun\n", "A1", "a2\u200b", "h"], ONE, TWO], None, NUMBERS, []),
        # a merged group names only its first row, and a merged answer only its first item
        ([HEAD, ONE, TWO], merged("B2:B3"), NUMBERS, ["group-unknown"]),
        ([HEAD, ONE, TWO], merged("C2:D2"), [[1.0, math.nan, 3.5], NUMBERS[1]], []),
        # dates that Excel made of ids, some of which have lost their format
        (
            [HEAD, [moment("2019-03-01"), *ONE[1:]], [43526, *TWO[1:]]],
            None,
            NUMBERS,
            ["date-serials"],
        ),
    ],
)
def test_workbooks_that_are_read(
    tmp_path: Path, rows: Any, change: Any, numbers: Any, caveats: list[str]
) -> None:
    path = tmp_path / "svar.xlsx"
    path.write_bytes(workbook(rows, change))
    found = read(path)
    assert str(found.codes.to_numpy().tolist()) == str(numbers)
    assert [caveat.code for caveat in found.caveats] == caveats


WAVES = TEXT.replace("a1;a2", "a1 2018;a1 2019")
MAPPINGS: dict[str, tuple[str | bytes, str, list[tuple[str, str]], str]] = {
    # the mapping, the answers, code and column of each problem, what the first message says
    "empty-name": ('[columns]\n"" = "a1"\n', TEXT, [("missing-column", "")], "no column ''"),
    "no-toml": ("columns: {a1: x}\n", TEXT, [("toml", "")], "line 1"),
    "json": ('{"person": "id"}', TEXT, [("toml", "")], "is not TOML"),
    "utf-16": ('person = "id"\n'.encode("utf-16"), TEXT, [("toml", "")], "not UTF-8"),
    "cp1252": ('person = "Löpnr"\n'.encode("cp1252"), TEXT, [("toml", "")], "line 1 is not UTF-8"),
    "key-twice": ('person = "id"\nperson = "id"\n', TEXT, [("toml", "")], "line 2"),
    "an-instrument": (
        'id = "x"\nversion = "1.0"\n',
        TEXT,
        [("unknown-key", "id"), ("unknown-key", "version")],
        "",
    ),
    "unknown-key": ('persons = "id"\n', TEXT, [("unknown-key", "persons")], "'person'"),
    "number-for-a-header": ("[groups]\ntown = 5\n", TEXT, [("wrong-type", "groups.town")], ""),
    "another-instrument": ('instrument = "sus"\n', TEXT, [("error", "")], "made for 'sus'"),
    "header-not-there": (
        '[columns]\n"Fråga 1" = "a1"\n',
        TEXT,
        [("missing-column", "Fråga 1")],
        "no column 'Fråga 1' for 'a1'",
    ),
    "item-not-there": ('[columns]\nh = "b1"\n', TEXT, [("unknown-item", "h")], "'b1'"),
    "two-headers-for-an-item": (
        '[columns]\na1 = "a1"\na2 = "a1"\n',
        TEXT,
        [("column-twice", "a2"), ("missing-column", "a2")],
        "both hold 'a1'",
    ),
    "format-not-there": (
        "[labels.agree5]\nJa = 3\n",
        TEXT,
        [("unknown-format", "")],
        "the formats are",
    ),
    "code-not-there": ("[labels.agree]\nJo = 4\n", TEXT, [("unknown-code", "")], "1, 2, 3, 9"),
    "label-with-two-codes": (
        "[labels.agree]\nJo = 3\njo = 2\n",
        TEXT,
        [("repeated-label", "labels.agree")],
        "",
    ),
    "values-of-no-group": (
        '[values.Region]\nS = "Skåne"\n',
        TEXT,
        [("unknown-group", "Region")],
        "the groups are Kommun, person",
    ),
    "group-named-as-a-result": (
        '[groups]\nmean = "Kommun"\n',
        TEXT,
        [("group-name", "")],
        "'mean'",
    ),
    "wave-not-there": ('wave = "År"\n', TEXT, [("missing-column", "År")], "for 'wave'"),
    "header-row-too-far": ("header_row = 9\n", TEXT, [("header-row", "")], "header_row= is 9"),
    "sheet-for-text": ('sheet = "Svar"\n', TEXT, [("option-not-applicable", "")], "text file"),
    "one-item-by-wave": (
        '[columns]\n"a1 2018" = "a1@2018"\n"a1 2019" = "a1@2019"\n',
        WAVES,
        [
            ("missing-column", "a2"),
            ("missing-column", "h"),
            ("missing-column", "a2"),
            ("missing-column", "h"),
            ("missing-column", "a1"),
            ("missing-column", "a2"),
            ("waves-mixed", ""),
        ],
        "for wave '2018'",
    ),
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_mappings_that_do_not_fit(name: str, tmp_path: Path) -> None:
    mapping, answers, expected, told = MAPPINGS[name]
    path, beside = tmp_path / "svar.csv", tmp_path / "mapping.toml"
    path.write_text(answers, encoding="utf-8")
    beside.write_bytes(mapping if isinstance(mapping, bytes) else mapping.encode())
    problems = refused(lambda: read(path, mapping=beside))
    assert [(problem.code, problem.column) for problem in problems] == expected
    assert told in problems[0].message


ROSTER = "id;Kommun;enrolled\np1;Hörby;ja\np2;Lund;nej\n"
ROSTERS: dict[str, tuple[str | bytes, list[Place], str]] = {
    "empty": ("", [("empty-file", "", "")], "empty"),
    "only-a-header": ("id;Kommun;enrolled\n", [("no-rows", "", "")], ""),
    "no-such-column": (
        ROSTER.replace("enrolled", "med"),
        [("missing-column", "", "enrolled")],
        "med",
    ),
    "neither-yes-nor-no": (
        ROSTER.replace("ja", "kanske").replace("nej", "2019-03-01"),
        [("not-true-false", "2", "enrolled"), ("not-true-false", "3", "enrolled")],
        "found 'kanske'",
    ),
    "personal-numbers": (ROSTER.replace("p1", PERSONAL), [("personal-number", "", "id")], ""),
    "answers-twice": (ROSTER.replace("Kommun", "id"), [("duplicate-header", "", "id")], "A and B"),
    "ragged": (ROSTER + "p3;Lund\n", [("ragged-row", "4", "")], "Found 2 cells"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(64), [("wrong-format", "", "")], "a picture"),
    "cut-short": (ROSTER.encode("utf-16-le"), [("encoding", "1", "")], "'utf-16-le'"),
}


@pytest.mark.parametrize("name", ROSTERS)
def test_rosters_that_are_refused(name: str, tmp_path: Path) -> None:
    content, expected, told = ROSTERS[name]
    path = tmp_path / "deltagare.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problems = refused(lambda: read_roster(path))
    assert places(problems) == expected
    assert told in problems[0].message


def test_every_file_of_several_is_told_of(tmp_path: Path) -> None:
    files = {"2018": tmp_path / "fore.csv", "2019": tmp_path / "efter.csv"}
    files["2018"].write_bytes(b"%PDF-1.7")
    files["2019"].write_text(swapped("p2", '"p2'), encoding="utf-8")
    with pytest.raises(InterchangeError) as caught:
        read_responses(files, FORM, person="id")
    found = [(problem.file, problem.code) for problem in caught.value.problems]
    assert found == [("fore.csv", "wrong-format"), ("efter.csv", "quotes")]
    files["2018"].write_text(cell("4"), encoding="utf-8")
    files["2019"].write_text(TEXT.replace("p1", "P1"), encoding="utf-8")
    with pytest.raises(ResponseError) as caught_later:
        read_responses(files, FORM, person="id")
    found = [(problem.file, problem.code) for problem in caught_later.value.problems]
    assert found == [("fore.csv", "invalid-answer"), ("", "mixed-code")]
