"""Tables to CSV and Excel, such that no text in them becomes a formula; and to Parquet."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import pandas as pd

from digilitt.errors import InterchangeError, Problem
from digilitt.interchange.parquet import parquet_table, write_parquet
from digilitt.interchange.records import Cell, column_letter
from digilitt.interchange.whole import place_problems, write_whole
from digilitt.result import Caveat

SUFFIXES = (".csv", ".xlsx", ".parquet")
DELIMITER = {"sv": ";", "en": ","}
# Full-width forms count too: spreadsheet programs in East Asian settings take them for the sign.
FORMULA_START = tuple("=+-@\t\r\n＝＋－＠")
# Characters that XML 1.0 has no place for, lone surrogates among them.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
FORBIDDEN_IN_TITLE = re.compile(r"[\[\]:*?/\\]")
LONGEST_TITLE = 31
LONGEST_TEXT = 32_767
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
# Excel keeps fifteen digits; longer whole numbers are identifiers and become text.
LARGEST_WHOLE = 10**15
FIRST_YEAR = 1901
SAMPLED_ROWS = 200
NARROWEST, WIDEST = 8, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A table ready to be written: header and rows of plain cells, no forbidden characters."""

    name: str
    lines: Sequence[Sequence[Cell]]
    n_replaced: int


def write_table(
    tables: Mapping[str, pd.DataFrame],
    path: str | os.PathLike[str],
    *,
    language: Literal["sv", "en"] = "sv",
    overwrite: bool = False,
) -> tuple[Caveat, ...]:
    """Write tables to an Excel workbook (.xlsx), or one table to a file (.csv, .parquet).

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Name and table; a sheet each. The index is not written.
    path : str or path
        Where to write. Its suffix decides the format. The file appears whole or not at all.
    language : {"sv", "en"}, default "sv"
        Conventions of a CSV file: semicolon and decimal comma, or comma and decimal point.
        Other files do not need it.
    overwrite : bool, default False
        Whether a file of that name may be replaced.

    Returns
    -------
    tuple of Caveat
        Where the file differs from the tables: ``control-characters`` (replaced by U+FFFD, for
        no workbook can hold them), ``guarded-text`` (CSV only, see Notes), ``sheet-renamed``.

    Raises
    ------
    InterchangeError
        No data frames by name, unknown suffix or language, no such folder, a file that exists,
        more than one table for a CSV or Parquet file, a table or text larger than Excel allows,
        columns that Parquet has no type for, or a disk that refuses.
    MissingExtraError
        For Parquet without pyarrow, which the extra ``scale`` brings.

    Notes
    -----
    Missing values become empty cells. Numbers and truth values stay such; whole numbers of
    more than fifteen digits, infinities, and moments with a time zone or before 1901 become
    text, since Excel would change them.

    Text, in cells and headers, never becomes a formula. In a workbook it is stored as text. In
    a CSV file a text that begins (after white space) with ``= + - @``, a tab or a line break
    gets an apostrophe in front. CSV is UTF-8 with a byte order mark, which Excel needs; it
    still drops the zeros of a code such as ``0114``, so write codes to a workbook.

    In Parquet columns keep their types, and texts stay as they are, for nothing runs them.

    Examples
    --------
    >>> import pandas as pd
    >>> import digilitt as dl
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> frame = pd.DataFrame({"person": ["k1", "=1+1"], "mean_score": [3.5, float("nan")]})
    >>> with TemporaryDirectory() as folder:
    ...     caveats = dl.write_table({"scores": frame}, Path(folder, "scores.csv"))
    ...     print(Path(folder, "scores.csv").read_text(encoding="utf-8-sig"))
    person;mean_score
    k1;3,5
    '=1+1;
    <BLANKLINE>
    >>> [caveat.code for caveat in caveats]
    ['guarded-text']
    """
    target = Path(path)
    suffix = target.suffix.lower()
    _refuse_what_is_no_table(tables, target.name)
    problems = _target_problems(tables, target, language, overwrite)
    if problems:
        raise InterchangeError(problems)
    if suffix == ".parquet":
        ((name, frame),) = tables.items()
        table, caveats = parquet_table(frame, str(name), target.name)
        write_whole(target, lambda stream: write_parquet(table, stream))
        return tuple(caveats)
    pages = [_page(str(name), frame) for name, frame in tables.items()]
    if suffix == ".csv":
        guarded = [_guarded(page) for page in pages]
        write_whole(target, lambda stream: _write_csv(guarded[0][0], stream, language))
        return (*_replaced(pages), *(caveat for _, caveats in guarded for caveat in caveats))
    problems = [problem for page in pages for problem in _size_problems(page, target.name)]
    if problems:
        raise InterchangeError(problems)
    titles = _sheet_titles([page.name for page in pages])
    write_whole(target, lambda stream: _write_workbook(pages, titles, stream))
    return (*_replaced(pages), *_renamed(pages, titles))


def _refuse_what_is_no_table(tables: object, file: str) -> None:
    """Refuse a table without its name, and tables that are no data frames of pandas."""
    expected = 'expected data frames of pandas by name, as in {"scores": frame}.'
    wrong = [("", tables)]
    if isinstance(tables, Mapping):
        wrong = [(str(n), table) for n, table in tables.items() if not _is_frame(table)]
    if wrong:
        raise InterchangeError(
            Problem(
                code="no-frame",
                message=f"found a {type(table).__name__}; {expected}",
                file=file,
                sheet=name,
            )
            for name, table in wrong
        )


def _is_frame(table: object) -> bool:
    return isinstance(table, pd.DataFrame)


def _target_problems(
    tables: Mapping[str, pd.DataFrame], target: Path, language: str, overwrite: bool
) -> list[Problem]:
    suffix = target.suffix.lower()
    found = []
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        found.append(("unknown-suffix", f"The name ends in {suffix!r}; expected {known}."))
    if language not in DELIMITER:
        known = " or ".join(map(repr, DELIMITER))
        found.append(("unknown-language", f"language= is {language!r}; expected {known}."))
    if not tables:
        found.append(("no-tables", "There is no table to write."))
    if suffix in (".csv", ".parquet") and len(tables) > 1:
        message = f"A {suffix} file holds one table; found {len(tables)}. Write .xlsx instead."
        found.append(("several-tables", message))
    found += place_problems(target, overwrite)
    return [Problem(code=code, message=text, file=target.name) for code, text in found]


def _page(name: str, frame: pd.DataFrame) -> Page:
    """The table as plain cells; headers that are no text become text."""
    columns: list[list[Cell]] = []
    n_replaced = 0
    for position, label in enumerate(frame.columns):
        cells = [_plain(value) for value in (str(label), *frame.iloc[:, position].tolist())]
        clean = [FORBIDDEN.sub("\ufffd", c) if isinstance(c, str) else c for c in cells]
        n_replaced += sum(new != old for new, old in zip(clean, cells, strict=True))
        columns.append(clean)
    return Page(name=name, lines=list(zip(*columns, strict=True)), n_replaced=n_replaced)


def _plain(value: Any) -> Cell:
    """The value as a type that a spreadsheet has; None where missing."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, str):
        return str.__str__(value) or None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        whole = int(value)
        return whole if abs(whole) < LARGEST_WHOLE else str(whole)
    if isinstance(value, (float, np.floating, Decimal)):
        number = float(value)
        return None if math.isnan(number) else number if math.isfinite(number) else str(number)
    if isinstance(value, dt.date):
        return _plain_date(value)
    if isinstance(value, (np.datetime64, np.timedelta64)) and np.isnat(value):
        return None
    return str(value)


def _plain_date(value: dt.date) -> Cell:
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    has_zone = isinstance(value, dt.datetime) and value.tzinfo is not None
    return value.isoformat() if has_zone or value.year < FIRST_YEAR else value


def _replaced(pages: Sequence[Page]) -> list[Caveat]:
    return [
        Caveat(
            code="control-characters",
            where=page.name,
            message=(
                f"{page.n_replaced} cells held characters that a file cannot carry; they were "
                "replaced by U+FFFD (�)."
            ),
        )
        for page in pages
        if page.n_replaced
    ]


def _guarded(page: Page) -> tuple[Page, list[Caveat]]:
    """The page with an apostrophe before every text that might be run as a formula."""
    lines = [[_guard(c) if isinstance(c, str) else c for c in line] for line in page.lines]
    pairs = zip(page.lines, lines, strict=True)
    count = sum(old != new for a, b in pairs for old, new in zip(a, b, strict=True))
    guarded = Page(name=page.name, lines=lines, n_replaced=page.n_replaced)
    if not count:
        return guarded, []
    message = (
        f"{count} texts begin as a formula does and got an apostrophe in front. In a .xlsx file "
        "they would stay as they are."
    )
    return guarded, [Caveat(code="guarded-text", where=page.name, message=message)]


def _guard(text: str) -> str:
    return f"'{text}" if _may_be_formula(text) else text


def _may_be_formula(text: str) -> bool:
    return text.startswith(FORMULA_START) or text.lstrip().startswith(FORMULA_START)


def _write_csv(page: Page, stream: IO[bytes], language: str) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    writer = csv.writer(text, delimiter=DELIMITER[language], lineterminator="\r\n")
    writer.writerows([_csv_text(cell, language) for cell in line] for line in page.lines)
    text.flush()
    text.detach()


def _csv_text(cell: Cell, language: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        text = repr(cell).removesuffix(".0")
        return text.replace(".", ",") if language == "sv" else text
    if isinstance(cell, dt.datetime):
        return str(cell.date() if cell.time() == dt.time() else cell)
    return str(cell)


def _size_problems(page: Page, file: str) -> list[Problem]:
    n_rows = len(page.lines)
    n_columns = len(page.lines[0]) if page.lines else 0
    if n_rows > MOST_ROWS or n_columns > MOST_COLUMNS:
        message = (
            f"Table {page.name!r} has {n_rows} rows with its header and {n_columns} columns; a "
            f"sheet holds at most {MOST_ROWS} and {MOST_COLUMNS}. Split it, or write CSV."
        )
        return [Problem(code="too-large", message=message, file=file, sheet=page.name)]
    return [
        Problem(
            code="text-too-long",
            message=f"A cell holds at most {LONGEST_TEXT} characters; found {_length(cell)}.",
            file=file,
            sheet=page.name,
            row=str(number),
            column=column_letter(position),
        )
        for number, line in enumerate(page.lines, 1)
        for position, cell in enumerate(line)
        # openpyxl cuts what is longer, and counts the escapes
        if isinstance(cell, str) and _length(_escaped(cell)) > LONGEST_TEXT
    ]


def _length(text: str) -> int:
    """Length as Excel counts it: in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _sheet_titles(names: Sequence[str]) -> list[str]:
    """Sheet names that Excel accepts: legal characters, at most 31, different without case."""
    titles: list[str] = []
    for name in names:
        legal = FORBIDDEN.sub("", FORBIDDEN_IN_TITLE.sub("_", " ".join(name.split()))).strip("' ")
        # Excel keeps this name for itself
        legal = "History_" if legal.casefold() == "history" else legal or "Sheet"
        title = _cut(legal, LONGEST_TITLE)
        taken = {other.casefold() for other in titles}
        copy = 2
        while title.casefold() in taken:
            ending = f" ({copy})"
            title = _cut(legal, LONGEST_TITLE - len(ending)) + ending
            copy += 1
        titles.append(title)
    return titles


def _cut(text: str, longest: int) -> str:
    while _length(text) > longest:
        text = text[:-1]
    return text.strip("' ")


def _renamed(pages: Sequence[Page], titles: Sequence[str]) -> list[Caveat]:
    return [
        Caveat(
            code="sheet-renamed",
            where=page.name,
            message=f"The sheet is named {title!r}, for Excel does not accept {page.name!r}.",
        )
        for page, title in zip(pages, titles, strict=True)
        if page.name != title
    ]


def _write_workbook(pages: Sequence[Page], titles: Sequence[str], stream: IO[bytes]) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    bold = Font(bold=True)
    for page, title in zip(pages, titles, strict=True):
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for position, cells in enumerate(zip(*page.lines[: SAMPLED_ROWS + 1], strict=True)):
            longest = max(len("" if cell is None else str(cell)) for cell in cells) + 2
            sheet.column_dimensions[column_letter(position)].width = min(
                max(longest, NARROWEST), WIDEST
            )
        for number, line in enumerate(page.lines):
            font = bold if number == 0 else None
            sheet.append([_exact(sheet, cell, font) for cell in line])
    book.save(stream)


def _escaped(text: str) -> str:
    """The text as Excel stores it: XML would lose a carriage return, and ``_x0041_`` means A."""
    return LOOKS_ESCAPED.sub("_x005F_", text).replace("\r", "_x000D_")


def _exact(sheet: Any, value: Cell, font: Any) -> Any:
    """What to give openpyxl so that the value is stored as it is."""
    from openpyxl.cell import WriteOnlyCell

    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, _escaped(value))
        # openpyxl makes formulas and errors of texts that look so
        cell.data_type = "s"
        if _may_be_formula(value):
            cell.quotePrefix = True
        if font is not None:
            cell.font = font
        return cell
    if isinstance(value, float) and float(f"{value:.16g}") != value:
        # openpyxl writes sixteen digits, and some numbers need one more
        cell = WriteOnlyCell(sheet, repr(value))
        cell.data_type = "n"
        return cell
    return value
