"""Text files of answers (CSV, TSV): encoding, delimiter and records."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from digilitt.errors import InterchangeError, counted
from digilitt.interchange.records import Cell, Records, failure
from digilitt.result import Caveat

DELIMITERS = (";", ",", "\t", "|")
SAMPLED_CHARACTERS = 200_000
SAMPLED_RECORDS = 1_000

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    # before UTF-16, whose mark begins this one
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LINE_BREAK = re.compile(r"\r\n|\r|\n")
QUOTED = re.compile(r'"[^"]*"')
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n|$)', re.IGNORECASE)
# UTF-8 for å, ä, ö, é, ü and their like; in cp1252 it would be Ã before a symbol
UTF8_LETTER = re.compile(rb"\xc3[\x80-\xbf]")
# å, ä, ö, é, ü and their capitals, once they are two letters
GARBLED = re.compile("Ã[¥¤¶©¼…„–‰œ]")


def text_records(
    data: bytes, file: str, *, header_row: int, encoding: str | None, delimiter: str | None
) -> Records:
    """Records of a delimited text file, from its header on.

    Parameters
    ----------
    data : bytes
        Content of the file.
    file : str
        Name for messages.
    header_row : int
        1-based line of the header; a first line ``sep=;`` is not counted, for spreadsheet
        programs do not show it.
    encoding, delimiter : str, optional
        Overrule what is found out from the content.

    Returns
    -------
    Records
        Cells are stripped texts, or None where blank; rows have the number of the line on
        which the record begins.

    Raises
    ------
    InterchangeError
        Undecodable bytes, quotation marks that do not match, no way to tell the delimiter,
        an empty file, or fewer lines than `header_row`.
    """
    _check_delimiter(delimiter, file)
    text, caveats = _decode(data, file, encoding)
    text = text.removeprefix("\ufeff")
    _refuse_nul(text, file)
    declared = SEPARATOR_LINE.match(text)
    skipped = header_row - 1 + (1 if declared else 0)
    stream = io.StringIO(text, newline="")
    for _ in range(skipped):
        stream.readline()
    body = stream.read()
    if not body.strip():
        raise _nothing_left(text, file, header_row)
    chosen = delimiter or (declared.group(1) if declared else _guess_delimiter(body, file))
    numbers, records = _parse(body, chosen, skipped + 1, file)
    below = [(n, record) for n, record in zip(numbers[1:], records[1:], strict=True)]
    last = max((n for n, record in below if any(record)), default=0)
    return Records(
        header=records[0],
        rows=[record for _, record in below if any(record)],
        numbers=[n for n, record in below if any(record)],
        blank=[n for n, record in below if n < last and not any(record)],
        delimiter=chosen,
        caveats=tuple(caveats),
    )


def _check_delimiter(delimiter: str | None, file: str) -> None:
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '" \r\n\0'):
        raise failure(
            "delimiter",
            f"delimiter= is {delimiter!r}; expected one character such as ';', ',', '|' or '\\t'.",
            file=file,
        )


def _nothing_left(text: str, file: str, header_row: int) -> InterchangeError:
    if not text.strip():
        return failure("empty-file", "The file is empty.", file=file)
    message = f"header_row= is {header_row}, but nothing stands from that line on."
    return failure("header-row", message, file=file)


def _decode(data: bytes, file: str, encoding: str | None) -> tuple[str, list[Caveat]]:
    """The text and what was assumed: byte order mark, then UTF-8, then cp1252."""
    named = encoding or next((name for bom, name in BOMS if data.startswith(bom)), None)
    if named is not None:
        text = _decode_as(data, file, named)
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            _refuse_mixture(data, file, error.start)
            text = _decode_as(data, file, "cp1252")
            return text, [_assumed_cp1252(text, file), *_lost_letters(text, file)]
    return text, [*_lost_letters(text, file), *_garbled(text, file)]


def _decode_as(data: bytes, file: str, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = (before.count(b"\n") or before.count(b"\r")) + 1
        message = (
            f"Line {line} holds the byte 0x{data[error.start]:02X}, which is no text in "
            f"{encoding}. Save the file as 'CSV UTF-8', or give its encoding with encoding=."
        )
        raise failure("encoding", message, file=file, row=str(line)) from error
    except (LookupError, ValueError) as error:
        message = (
            f"encoding= is {encoding!r}, which names no text encoding that fits this file; "
            "usual ones are 'utf-8', 'cp1252', 'latin-1', 'mac-roman' and 'utf-16'."
        )
        raise failure("encoding", message, file=file) from error


def _refuse_mixture(data: bytes, file: str, position: int) -> None:
    """Refuse UTF-8 with stray bytes: read as cp1252 its letters would come out as Ã¥ and Ã¶."""
    utf8 = UTF8_LETTER.search(data)
    if utf8 is not None:
        line, other = (data.count(b"\n", 0, at) + 1 for at in (position, utf8.start()))
        message = (
            f"Line {line} is not UTF-8, but line {other} is: the file mixes encodings. "
            "Export it again as 'CSV UTF-8', or give its encoding with encoding=."
        )
        raise failure("encoding", message, file=file, row=str(line))


def _assumed_cp1252(text: str, file: str) -> Caveat:
    word = re.search(r"[^\s;,|]*[^\x00-\x7f][^\s;,|]*", text)
    example = f" Its first word with such a letter reads {word.group()[:40]!r}." if word else ""
    message = (
        "The file is not UTF-8, so it was read as Windows text (cp1252)."
        f"{example} If that is wrong, give encoding=."
    )
    return Caveat(code="encoding-assumed", where=file, message=message)


def _lost_letters(text: str, file: str) -> list[Caveat]:
    count = text.count("\ufffd")
    if not count:
        return []
    message = (
        f"The file holds the replacement character U+FFFD in {count} places: letters were lost "
        "before digilitt read it."
    )
    return [Caveat(code="lost-letters", where=file, message=message)]


def _garbled(text: str, file: str) -> Iterator[Caveat]:
    """Letters that another program read in the wrong encoding, and saved so."""
    found = GARBLED.search(text)
    if found is not None:
        places = counted(len(GARBLED.findall(text)), "place")
        message = (
            f"{places} such as {found.group()!r} where å, ä or ö was read in the wrong encoding; "
            "export the file again from where it was made."
        )
        yield Caveat(code="garbled-letters", where=file, message=message)


def _refuse_nul(text: str, file: str) -> None:
    at = text.find("\0")
    if at >= 0:
        line = len(LINE_BREAK.findall(text[:at])) + 1
        message = (
            f"Line {line} holds a NUL byte, so this is no plain text. Export it again as 'CSV "
            f"UTF-8'{_wide_encoding(text)}."
        )
        raise failure("encoding", message, file=file, row=str(line))


def _wide_encoding(text: str) -> str:
    """The encoding in which every other byte of plain letters is NUL, if it looks like one."""
    start = text[:4096]
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if start[first::2].count("\0") > len(start) / 4 > 4 * start[1 - first :: 2].count("\0"):
            return f"; or it is UTF-16 without a byte order mark, then give encoding={name!r}"
    return ""


def _guess_delimiter(body: str, file: str) -> str:
    """The delimiter of the header under which most records are as wide as the header."""
    sample = body[:SAMPLED_CHARACTERS]
    header = LINE_BREAK.split(QUOTED.sub("", sample), maxsplit=1)[0]
    known = [mark for mark in DELIMITERS if mark in header]
    known = known or [mark for mark in DELIMITERS if mark in LINE_BREAK.split(body, maxsplit=1)[0]]
    if not known:
        # one column; the commonest delimiter below shows a title line above the true header
        return max((",", ";", "\t", "|"), key=sample.count)
    fits = {mark: _fit(body, mark) for mark in known}
    best = max(fits.values())
    winners = [mark for mark in known if fits[mark] == best]
    if len(winners) > 1 and best > 0:
        message = (
            f"The delimiter cannot be told: {' and '.join(map(repr, winners))} fit equally well. "
            "Give it with delimiter=."
        )
        raise failure("delimiter", message, file=file)
    return winners[0]


def _fit(body: str, delimiter: str) -> float:
    """Delimiters per record, times the share of records that have as many as the header."""
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        records = list(islice(reader, SAMPLED_RECORDS))
    except csv.Error:
        return 0.0
    widths = [len(record) for record in records if any(cell.strip() for cell in record)]
    if not widths:
        return 0.0
    return (widths[0] - 1) * sum(width == widths[0] for width in widths) / len(widths)


def _parse(
    body: str, delimiter: str, first_line: int, file: str
) -> tuple[list[int], list[list[Cell]]]:
    """Line on which each record begins, and its cells: stripped, None where blank."""
    reader = csv.reader(
        io.StringIO(body, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    numbers: list[int] = []
    records: list[list[Cell]] = []
    line = first_line
    try:
        for record in reader:
            numbers.append(line)
            records.append([cell.strip() or None for cell in record])
            line = first_line + reader.line_num
    except csv.Error as error:
        message = (
            f"The quotation marks of the record that begins on line {line} do not match: one is "
            "opened and not closed, or text follows a closing one. Within quoted text a "
            "quotation mark is written twice."
        )
        raise failure("quotes", message, file=file, row=str(line)) from error
    return numbers, records
