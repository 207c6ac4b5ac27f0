"""Parquet files through pyarrow: tables of a size that fits memory, in and out.

`digilitt.interchange.streaming` scores files of any size.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from importlib.util import find_spec
from typing import IO, Any

import pandas as pd

from digilitt.errors import DigilittError, InterchangeError, MissingExtraError, Problem
from digilitt.interchange.records import Cell, Records, failure
from digilitt.result import Caveat

# UTF-8 has no place for lone surrogates.
SURROGATE = re.compile("[\ud800-\udfff]")


def lacking_extra(packages: str) -> MissingExtraError:
    """The error for a Parquet file without any package that reads it."""
    return MissingExtraError(
        f'Parquet needs {packages}, which is not installed. Run: pip install "digilitt[scale]"'
    )


def need_pyarrow() -> None:
    """Refuse before the work what `write_parquet` could not write after it.

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise lacking_extra("pyarrow")


def parquet_records(data: bytes, file: str) -> Records:
    """Records of a Parquet file.

    Parameters
    ----------
    data : bytes
        Content of the file.
    file : str
        Name for messages.

    Returns
    -------
    Records
        Rows are numbered from 1. Cells are None where blank (also NaN), stripped text, numbers,
        booleans, dates and moments; times of day become text (``"08:30:00"``).

    Raises
    ------
    InterchangeError
        The file is damaged, or columns hold lists, structures, bytes or durations; all of them
        at once.
    MissingExtraError
        pyarrow is not installed.
    """
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise lacking_extra("pyarrow") from error
    try:
        with ParquetFile(io.BytesIO(data)) as source:
            schema = source.schema_arrow
            pairs = zip(schema.names, schema.types, strict=True)
            if problems := [p for name, kind in pairs for p in _unread(name, kind, file)]:
                raise InterchangeError(problems)
            table = source.read()
        columns = [_cells(column) for column in table.columns]
    except DigilittError:
        raise
    except Exception as error:  # pyarrow lets many kinds out of a damaged file
        message = (
            "The file is damaged, or of a kind of Parquet that pyarrow cannot read. Copy or "
            "write it again."
        )
        raise failure("not-parquet", message, file=file) from error
    # Not by the columns' lengths, for there may be none.
    rows = list(zip(*columns, strict=True)) or [()] * table.num_rows
    held = [any(cell is not None for cell in row) for row in rows]
    last = max((number for number, holds in enumerate(held, 1) if holds), default=0)
    return Records(
        header=schema.names,
        rows=[row for row, holds in zip(rows, held, strict=True) if holds],
        numbers=[number for number, holds in enumerate(held, 1) if holds],
        blank=[number for number, holds in enumerate(held[:last], 1) if not holds],
    )


def _unread(name: str, kind: Any, file: str) -> Iterator[Problem]:
    if not _is_plain(kind):
        message = (
            f"holds {kind}; expected one number, text, truth value or date per row. Leave the "
            "column out, or write it so."
        )
        yield Problem(code="unsupported-type", file=file, column=name, message=message)


def _is_plain(kind: Any) -> bool:
    """Whether values of a type are numbers, texts, truth values, or moments."""
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    moment = types.is_date(kind) or types.is_time(kind) or types.is_timestamp(kind)
    return bool(text or number or moment or types.is_boolean(kind) or types.is_null(kind))


def _cells(column: Any) -> list[Cell]:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        # Python has no nanoseconds.
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    elif pa.types.is_time64(column.type):
        column = column.cast(pa.time64("us"), safe=False)
    return [_cell(value) for value in column.to_pylist()]


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, dt.time) else value


def parquet_table(frame: pd.DataFrame, name: str, file: str) -> tuple[Any, list[Caveat]]:
    """A data frame ready to be written as Parquet.

    Parameters
    ----------
    frame : pandas.DataFrame
    name : str
        The table's, for caveats.
    file : str
        Name for messages.

    Returns
    -------
    table : Any
        The columns with their types, without the index; missing values and NaN are null.
    caveats : list of Caveat
        ``control-characters``, where characters that Unicode has no text for were replaced.

    Raises
    ------
    InterchangeError
        Headers that stand twice, and columns that mix types or hold what is neither number,
        text, truth value nor moment; all of them at once.
    MissingExtraError
        pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise lacking_extra("pyarrow") from error
    names = [str(label) for label in frame.columns]
    problems = [
        Problem(
            code="duplicate-header",
            file=file,
            column=header,
            message="stands more than once; rename all but one.",
        )
        for header in dict.fromkeys(names)
        if names.count(header) > 1
    ]
    arrays, n_replaced = [], 0
    for position, header in enumerate(names):
        cells, replaced = _writable(frame.iloc[:, position])
        n_replaced += replaced
        try:
            arrays.append(pa.array(cells, from_pandas=True))
            problems += _unread(header, arrays[-1].type, file)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            message = "holds values of several types; make all of them numbers, or all text."
            problems.append(
                Problem(code="unsupported-type", file=file, column=header, message=message)
            )
    if problems:
        raise InterchangeError(problems)
    clean = [SURROGATE.sub("\ufffd", header) for header in names]
    n_replaced += sum(new != old for new, old in zip(clean, names, strict=True))
    message = f"{n_replaced} cells held characters that a file cannot carry; they were replaced "
    caveat = Caveat(code="control-characters", where=name, message=f"{message}by U+FFFD (�).")
    return pa.table(arrays, names=clean), [caveat] if n_replaced else []


def _writable(column: pd.Series) -> tuple[pd.Series, int]:
    """A column whose texts UTF-8 can hold, and how many of them had to change."""
    if not pd.api.types.is_object_dtype(column) and not pd.api.types.is_string_dtype(column):
        return column, 0
    bad = [isinstance(cell, str) and SURROGATE.search(cell) is not None for cell in column]
    if not any(bad):
        return column, 0
    cells = [
        SURROGATE.sub("\ufffd", cell) if wrong else cell
        for cell, wrong in zip(column, bad, strict=True)
    ]
    return pd.Series(cells, dtype=object), sum(bad)


def write_parquet(table: Any, stream: IO[bytes]) -> None:
    """Write a table as Parquet, compressed by Zstandard."""
    from pyarrow.parquet import write_table

    write_table(table, stream, compression="zstd")
