"""Opening the files that people name: what is there, and what it truly is."""

from __future__ import annotations

import difflib
import io
import re
import zipfile
from pathlib import Path
from typing import Literal

from digilitt.errors import DigilittError, InterchangeError
from digilitt.interchange.delimited import BOMS
from digilitt.interchange.records import failure

TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm")
PARQUET_SUFFIXES = (".parquet",)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
PARQUET = b"PAR1"
SEALED_PARQUET = b"PARE"
SIGNATURES = (
    (b"%PDF", "a PDF document"),
    (b"$FL2", "an SPSS data file (.sav)"),
    (b"$FL3", "an SPSS data file (.zsav)"),
    (b"<stata_dta>", "a Stata data file (.dta)"),
    (b"SQLite format 3", "an SQLite database"),
    (b"{\\rtf", "an RTF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    # workbooks of Excel 2 to 4, older than OLE
    (b"\x09\x00\x04\x00", "an old Excel workbook (.xls)"),
    (b"\x09\x02\x06\x00", "an old Excel workbook (.xls)"),
    (b"\x09\x04\x06\x00", "an old Excel workbook (.xls)"),
)
WEB_PAGE = re.compile(rb"<(?:!doctype html|html|head|meta|body|table|style)\b", re.IGNORECASE)
SAVE_AS = "Open it in Excel or LibreOffice and save it as .xlsx or as 'CSV UTF-8'."


def read_bytes(path: Path) -> bytes:
    """Content of a file.

    Raises
    ------
    InterchangeError
        ``file-not-found`` (with names like it), ``is-a-folder`` or ``cannot-read``.
    """
    try:
        if path.is_dir():
            message = "This is a folder; expected a file."
            raise failure("is-a-folder", message, file=path.name)
        data = path.read_bytes()
    except DigilittError:
        raise
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise _not_found(path) from error
    except OSError as error:
        message = (
            f"The file cannot be read ({error.strerror}). Close it in other programs, and see "
            "whether you may open it."
        )
        raise failure("cannot-read", message, file=path.name) from error
    if path.name.startswith("~$"):
        message = (
            "This is the lock file that Excel keeps beside an open workbook. Name the workbook "
            f"itself, {path.name[2:]!r}."
        )
        raise failure("not-a-workbook", message, file=path.name)
    return data


def _not_found(path: Path) -> InterchangeError:
    if not path.parent.is_dir():
        message = f"There is no folder {str(path.parent)!r}."
        return failure("file-not-found", message, file=path.name)
    try:
        names = {other.name.casefold(): other.name for other in path.parent.iterdir()}
    except OSError:
        names = {}
    close = difflib.get_close_matches(path.name.casefold(), names, n=3)
    message = "There is no such file in its folder."
    if close:
        message += f" Did you mean {' or '.join(repr(names[name]) for name in close)}?"
    return failure("file-not-found", message, file=path.name)


def kind_of(data: bytes, path: Path) -> Literal["text", "workbook", "parquet"]:
    """What the content is, which is also what the name says.

    Raises
    ------
    InterchangeError
        The content is none of these, or is not what the suffix of the name says, or the suffix
        is unknown.
    """
    suffix = path.suffix.lower()
    _refuse_other_formats(data, path.name)
    known = TEXT_SUFFIXES + WORKBOOK_SUFFIXES + PARQUET_SUFFIXES
    if suffix not in known:
        several = ", ".join(known)
        message = f"The name ends in {suffix!r}; expected one of {several}. {_advice(data)}"
        raise failure("unknown-suffix", message, file=path.name)
    if not data:
        raise failure("empty-file", "The file is empty.", file=path.name)
    if suffix in PARQUET_SUFFIXES:
        return _sound_parquet(data[:8], data[-4:], path.name, _advice(data))
    if suffix in WORKBOOK_SUFFIXES:
        if data.startswith(ZIP):
            return "workbook"
        message = f"The name ends in {suffix!r}, but the content is no workbook. {_advice(data)}"
        raise failure("not-a-workbook", message, file=path.name)
    if data.startswith(ZIP) or _is_parquet(data):
        what = "a workbook" if data.startswith(ZIP) else "Parquet"
        message = f"The name ends in {suffix!r}, but the content is {what}. {_advice(data)}"
        raise failure("wrong-format", message, file=path.name)
    return "text"


def refuse_broken_parquet(path: Path) -> None:
    """Refuse a file that is no Parquet, or not all of it, by its first and last bytes.

    Raises
    ------
    InterchangeError
        ``file-not-found``, ``cannot-read``, ``empty-file``, ``not-parquet`` or ``encrypted``.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(4096)
            stream.seek(max(0, stream.seek(0, io.SEEK_END) - 4))
            end = stream.read(4)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise _not_found(path) from error
    except OSError as error:
        message = f"The file cannot be read ({error.strerror}). See whether you may open it."
        raise failure("cannot-read", message, file=path.name) from error
    if not start:
        raise failure("empty-file", "The file is empty.", file=path.name)
    advice = "read_responses() reads CSV and Excel."
    _sound_parquet(start, end, path.name, advice)


def _sound_parquet(start: bytes, end: bytes, file: str, advice: str) -> Literal["parquet"]:
    if start.startswith(SEALED_PARQUET):
        message = "The Parquet file is encrypted. Write a copy without encryption."
        raise failure("encrypted", message, file=file)
    if not start.startswith(PARQUET):
        message = f"Expected Parquet, but the content is something else. {advice}"
        raise failure("not-parquet", message, file=file)
    if end != PARQUET:
        message = (
            "The file is damaged or only partly copied: it begins as Parquet does, but does not "
            "end so. Copy or write it again."
        )
        raise failure("not-parquet", message, file=file)
    return "parquet"


def _is_parquet(data: bytes) -> bool:
    """Whether it is Parquet, and no text whose first header happens to be PAR1."""
    return data.startswith(PARQUET) and (data.endswith(PARQUET) or b"\0" in data[:4096])


def _advice(data: bytes) -> str:
    if data.startswith(ZIP):
        return "Rename the file so that it ends in .xlsx."
    if _is_parquet(data):
        return "Rename the file so that it ends in .parquet."
    if b"\0" in data[:4096] and not data.startswith(tuple(bom for bom, _ in BOMS)):
        return "It is damaged, or of another kind; export it again."
    return "It is plain text: rename the file so that it ends in .csv, or export it again."


def _refuse_other_formats(data: bytes, file: str) -> None:
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    what = next((what for mark, what in SIGNATURES if data.startswith(mark)), "")
    if not what and WEB_PAGE.match(start):
        what = "a web page (HTML), whatever its name says"
    elif not what and start.startswith(b"<?xml"):
        what = "an XML document"
    elif data.startswith(OLE):
        what = _kind_of_ole(data, file)
    elif data.startswith(ZIP):
        what = _kind_of_zip(data, file)
    if what:
        raise failure("wrong-format", f"This is {what}. {SAVE_AS}", file=file)


def _kind_of_ole(data: bytes, file: str) -> str:
    """Kind of a compound document, whose directory holds its names in UTF-16."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        message = "The workbook is protected by a password. Save a copy without password."
        raise failure("encrypted", message, file=file)
    if "WordDocument".encode("utf-16-le") in data:
        return "an old Word document (.doc)"
    return "an old Excel workbook (.xls)"


def _kind_of_zip(data: bytes, file: str) -> str:
    """Kind of an archive that is no workbook; empty for a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name.lstrip("/") for name in archive.namelist()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        message = (
            "The file is damaged or only partly copied: it begins as a workbook does, but its "
            "list of contents cannot be read. Copy or export it again."
        )
        raise failure("not-a-workbook", message, file=file) from error
    kinds = (
        ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
        ("xl/", ""),
        ("word/", "a Word document (.docx)"),
        ("ppt/", "a PowerPoint file (.pptx)"),
        ("content.xml", "an OpenDocument file (.ods, .odt)"),
        ("Index/", "an Apple Numbers or Pages document"),
    )
    for start, what in kinds:
        if any(name.startswith(start) for name in names):
            return what
    inside = ", ".join(repr(name) for name in names[:3]) or "nothing"
    return f"a zip archive (it holds {inside}). Unpack it first, if a table is in it"
