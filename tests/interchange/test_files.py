"""Files that are not there, cannot be opened, or are something else than their name says."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from digilitt.errors import InterchangeError, Problem
from digilitt.interchange.tables import read_table

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def problem_of(path: Path) -> Problem:
    with pytest.raises(InterchangeError) as caught:
        read_table(path)
    (problem,) = caught.value.problems
    assert problem.file == path.name
    assert str(path.parent) not in str(caught.value) or problem.code == "file-not-found"
    return problem


def archive_of(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


def workbook() -> bytes:
    buffer = io.BytesIO()
    book = Workbook()
    book.active.append(["id"])
    book.active.append(["k1"])
    book.save(buffer)
    return buffer.getvalue()


def test_names_close_to_one_that_is_not_there(tmp_path: Path) -> None:
    for name in ("Svar2019.xlsx", "helt annat.csv"):
        (tmp_path / name).touch()
    problem = problem_of(tmp_path / "svar2018.xlsx")
    assert problem.code == "file-not-found"
    assert problem.message.endswith("Did you mean 'Svar2019.xlsx'?")
    assert "mean" not in problem_of(tmp_path / "zzz.csv").message


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    problem = problem_of(tmp_path / "finns inte" / "svar.csv")
    assert problem.code == "file-not-found"
    assert "finns inte" in problem.message


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert problem_of(tmp_path).code == "is-a-folder"


@pytest.mark.parametrize(
    ("name", "code"), [("a\0b.csv", "file-not-found"), ("x" * 999, "cannot-read")]
)
def test_names_that_no_file_can_have(tmp_path: Path, name: str, code: str) -> None:
    assert problem_of(tmp_path / name).code == code


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    path = tmp_path / "svar.csv"
    path.write_text("id\nk1\n")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    problem = problem_of(path)
    assert problem.code == "cannot-read"
    assert "Permission denied" in problem.message


def test_the_lock_file_of_excel(tmp_path: Path) -> None:
    path = tmp_path / "~$svar.xlsx"
    path.write_bytes(b"\x05Astrid" + bytes(158))
    assert "'svar.xlsx'" in problem_of(path).message


@pytest.mark.parametrize("name", ["svar.csv", "svar.xlsx", "svar.xls", "svar"])
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (OLE + "Workbook".encode("utf-16-le"), r"\.xls\)"),
        (OLE + "WordDocument".encode("utf-16-le"), r"\.doc\)"),
        (b"\x09\x02\x06\x00\x00\x00", r"\.xls\)"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "HTML"),
        (b"\xef\xbb\xbf\r\n <!DOCTYPE html>", "HTML"),
        (b"<?xml version='1.0'?><Workbook/>", "XML"),
        (b"$FL2@(#) SPSS DATA FILE", r"\.sav"),
        (gzip.compress(b"id\nk1\n", mtime=0), "gzip"),
        (archive_of("svar.csv"), "zip archive .* 'svar.csv'"),
        (archive_of("mimetype", "content.xml"), "OpenDocument"),
        (archive_of("[Content_Types].xml", "word/document.xml"), "Word"),
        (archive_of("[Content_Types].xml", "xl/workbook.bin"), r"\.xlsb"),
        (archive_of("Index/Document.iwa"), "Numbers"),
        (archive_of(), "nothing"),
    ],
)
def test_other_formats_are_recognised_under_any_name(
    tmp_path: Path, name: str, content: bytes, what: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InterchangeError, match=what) as caught:
        read_table(path)
    assert caught.value.problems[0].code == "wrong-format"


def test_a_password(tmp_path: Path) -> None:
    path = tmp_path / "svar.xlsx"
    path.write_bytes(OLE + "EncryptedPackage".encode("utf-16-le"))
    problem = problem_of(path)
    assert problem.code == "encrypted"
    assert "password" in problem.message


@pytest.mark.parametrize(
    ("name", "content", "code", "advice"),
    [
        ("svar.csv", workbook(), "wrong-format", "ends in .xlsx"),
        ("svar.xls", workbook(), "unknown-suffix", "ends in .xlsx"),
        ("svar.xlsx", b"id;a1\nk1;4\n", "not-a-workbook", "ends in .csv"),
        ("svar.xls", b"id;a1\nk1;4\n", "unknown-suffix", "ends in .csv"),
        ("svar.xlsx", b"\x01\x02\0\0\0", "not-a-workbook", "damaged"),
        ("svar.dat", "id\nk1\n".encode("utf-16"), "unknown-suffix", "ends in .csv"),
        ("svar.xlsx", workbook()[:2000], "not-a-workbook", "partly copied"),
        ("svar.xlsx", b"", "empty-file", "empty"),
    ],
)
def test_names_that_do_not_fit_the_content(
    tmp_path: Path, name: str, content: bytes, code: str, advice: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    problem = problem_of(path)
    assert problem.code == code
    assert advice in problem.message


@pytest.mark.parametrize("name", ["SVAR.CSV", "svar.txt", "svar.tsv", "svar.tab"])
def test_text_suffixes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("id\ta1\nk1\t4\n", encoding="utf-8")
    assert read_table(str(path)).cells.to_dict("list") == {"id": ["k1"], "a1": ["4"]}


@pytest.mark.parametrize("name", ["svar.xlsx", "SVAR.XLSM"])
def test_workbook_suffixes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(workbook())
    assert read_table(path).cells["id"].tolist() == ["k1"]
