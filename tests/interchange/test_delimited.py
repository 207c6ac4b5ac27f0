"""Text files: encodings, delimiters, quotation marks."""

from __future__ import annotations

import codecs
import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digilitt.errors import InterchangeError
from digilitt.interchange.delimited import text_records
from digilitt.interchange.records import Records

SWEDISH = "id;förmåga;åsikt\nk1;3,5;Öga\n"


def read(
    content: str | bytes,
    *,
    header_row: int = 1,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Records:
    data = content.encode() if isinstance(content, str) else content
    return text_records(
        data, "svar.csv", header_row=header_row, encoding=encoding, delimiter=delimiter
    )


def failure_of(content: str | bytes, **options: str) -> tuple[str, str, str]:
    with pytest.raises(InterchangeError) as caught:
        read(content, **options)  # type: ignore[arg-type]
    (problem,) = caught.value.problems
    return problem.code, problem.row, problem.message


@pytest.mark.parametrize(
    "data",
    [
        SWEDISH.encode(),
        SWEDISH.encode("utf-8-sig"),
        SWEDISH.encode("utf-16"),
        codecs.BOM_UTF16_BE + SWEDISH.encode("utf-16-be"),
        SWEDISH.encode("utf-32"),
        SWEDISH.encode("cp1252"),
        SWEDISH.replace("\n", "\r\n").encode("cp1252"),
        SWEDISH.replace("\n", "\r").encode(),
        # a byte order mark written twice, as some exports do
        codecs.BOM_UTF8 * 2 + SWEDISH.encode(),
    ],
)
def test_encodings_and_line_ends(data: bytes) -> None:
    found = read(data)
    assert found.header[1:] == ["förmåga", "åsikt"]
    assert found.rows == [["k1", "3,5", "Öga"]]
    assert found.numbers == [2]


def test_only_a_guess_is_a_caveat() -> None:
    assert read(SWEDISH).caveats == ()
    assert read(SWEDISH.encode("cp1252"), encoding="cp1252").caveats == ()
    (caveat,) = read(SWEDISH.encode("cp1252")).caveats
    assert caveat.code == "encoding-assumed"
    assert "'förmåga'" in caveat.message


def test_an_encoding_given_overrules() -> None:
    assert read(SWEDISH.encode("mac-roman"), encoding="mac-roman").header[1] == "förmåga"
    assert read(SWEDISH.encode("utf-16-le"), encoding="utf-16-le").header[1] == "förmåga"


@pytest.mark.parametrize(
    ("data", "options", "row"),
    [
        ("id;å\nk1;".encode("cp1252") + b"\x81\n", {}, "2"),
        (b"id;a\nk1;\xff\n", {"encoding": "utf-8"}, "2"),
        ("id;a\r\n".encode("utf-16-le") + b"\x00\xd8", {"encoding": "utf-16-le"}, "2"),
        (codecs.BOM_UTF8 + b"id;a\n\nk1;\xe5\n", {}, "3"),
        # two encodings in one file
        ("id;förmåga\n".encode() + "k1;säker\n".encode("cp1252"), {}, "2"),
        (SWEDISH.encode("utf-16-le"), {}, "1"),
        ("id;a\nk1;\0\n", {}, "2"),
        (SWEDISH, {"encoding": "svenska"}, ""),
        (SWEDISH, {"encoding": "hex"}, ""),
        (SWEDISH, {"encoding": "undefined"}, ""),
    ],
)
def test_undecodable_content(data: str | bytes, options: dict[str, str], row: str) -> None:
    assert failure_of(data, **options)[:2] == ("encoding", row)


def test_an_undefined_byte_is_named() -> None:
    assert "0x8F" in failure_of("id;å\n".encode("cp1252") + b"\x8f;1\n")[2]


def test_letters_lost_before_are_a_caveat() -> None:
    (caveat,) = read("id;a\nk1;f\ufffdrm\ufffdga\n").caveats
    assert caveat.code == "lost-letters"
    assert "2 places" in caveat.message


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("id;a1\nk1;1\n", ";"),
        ("id,a1\nk1,1\n", ","),
        ("id\ta1\nk1\t1\n", "\t"),
        ("id|a1\nk1|1\n", "|"),
        ("id;a1;a2\nk1;3,5;2,5\n", ";"),
        ("id;Jag kan söka, hitta och lagra;a2\nk1;1;2\nk2;3,5;2\n", ";"),
        # one comma in the header and in every row, and still not the delimiter
        ("id;x, y;z\nk1;1,5;2\nk2;2,5;3\n", ";"),
        ('id,"a;b;c;d"\nk1,"x;y;z;v"\nk2,"x;y;z;v"\n', ","),
        ('id,"rad ett\nrad; två"\nk1,4\n', ","),
        ("id,kommentar\nk1,bra; mycket bra\nk2,sådär\n", ","),
        ('id;skärm 5";x\nk1;1;2\n', ";"),
        ("id\nk1\nk2\n", ","),
        ("sep=,\nid;x,y\n1;2,3\n", ","),
        ("SEP=|\r\nid;x|y\r\n1;2|3\r\n", "|"),
        # one record is broken; the others tell
        ("id;x, y;z\n" + "k;1,5;2\n" * 50 + "k;1\n", ";"),
    ],
)
def test_delimiters(text: str, delimiter: str) -> None:
    assert read(text).delimiter == delimiter


def test_a_delimiter_given_overrules() -> None:
    assert read("sep=;\nid;x,y\n1;2,3\n", delimiter=",").header == ["id;x", "y"]


def test_a_delimiter_that_cannot_be_told() -> None:
    code, _, message = failure_of("a;b,c\n1;2,5\n")
    assert code == "delimiter"
    assert "';' and ','" in message
    assert read("a;b,c\n1;2,5\n", delimiter=";").header == ["a", "b,c"]


@pytest.mark.parametrize("delimiter", ["", "ab", '"', "\n", " ", "\0"])
def test_delimiters_that_cannot_be(delimiter: str) -> None:
    assert failure_of("id;a\nk1;1\n", delimiter=delimiter)[0] == "delimiter"


def test_the_line_that_names_the_delimiter_counts_in_lines_and_not_as_header() -> None:
    found = read("sep=;\r\nid;a\r\nk1;1\r\n")
    assert (found.header, found.numbers) == (["id", "a"], [3])


def test_rows_are_numbered_by_the_line_where_they_begin() -> None:
    found = read('id;a\nk1;"två\nrader"\n\nk2;1\n')
    assert found.rows == [["k1", "två\nrader"], ["k2", "1"]]
    assert found.numbers == [2, 5]
    assert found.blank == [4]


def test_quotation_marks() -> None:
    found = read('id; "a";b\nk1;"säg ""hej""; då";5" skärm\n')
    assert found.header == ["id", "a", "b"]
    assert found.rows == [["k1", 'säg "hej"; då', '5" skärm']]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('id;a\nk1;"öppen\nk2;1\n', "2"),
        ('id;a\nk1;1\nk2;"hon sa "hej" sen"\n', "3"),
        ('id;"a\nk1;1\n', "1"),
        ("id;a\nk1;1\nk2;" + '"' + "x" * 200_000 + "\n", "3"),
    ],
)
def test_quotation_marks_that_do_not_match(text: str, row: str) -> None:
    assert failure_of(text)[:2] == ("quotes", row)


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=8)


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=6)
    ),
    st.sampled_from([";", ",", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@example([["id", "a"], ["sep=;", '"']], ";", "utf-8")
def test_what_csv_writes_is_read(rows: list[list[str]], delimiter: str, encoding: str) -> None:
    buffer = io.StringIO()
    header = [f"h{j}" for j in range(len(rows[0]))]
    csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    data = buffer.getvalue().encode(encoding)
    found = read(data, delimiter=delimiter, encoding=None if encoding != "utf-8" else "utf-8")
    expected = [[cell.strip() or None for cell in row] for row in rows]
    assert found.header == header
    assert found.rows == [row for row in expected if any(row)]


@given(st.binary(max_size=200), st.sampled_from([None, "utf-8", "utf-16", "cp1252"]))
def test_any_bytes_are_a_table_or_a_clear_error(data: bytes, encoding: str | None) -> None:
    try:
        found = read(data, encoding=encoding)
    except InterchangeError as error:
        codes = {problem.code for problem in error.problems}
    else:
        codes = set()
        assert len(found.rows) == len(found.numbers)
    assert codes <= {"encoding", "empty-file", "quotes", "delimiter"}


@given(st.text("ab1,;|\t\"\n\r '", max_size=60))
def test_any_text_of_marks_is_a_table_or_a_clear_error(text: str) -> None:
    try:
        found = read(text)
    except InterchangeError as error:
        codes = {problem.code for problem in error.problems}
    else:
        codes = set()
        assert found.numbers == sorted(found.numbers)
    assert codes <= {"empty-file", "quotes", "delimiter"}
