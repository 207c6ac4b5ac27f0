"""What is wrong with the columns of a plain data frame, as items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from digilitt.errors import Problem, counted

# Names and cells told in one message, and characters of a cell.
NAMED = 5
SHOWN = 40


def column_problems(frame: pd.DataFrame, items: Sequence[object]) -> Iterator[Problem]:
    """Items that are no numbers, columns with the same fault in one problem; or are infinite."""
    alike: dict[str, list[object]] = {}
    single = []
    for name in items:
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column):
            if n := int(np.isinf(column.to_numpy(dtype=np.float64, na_value=np.nan)).sum()):
                message = (
                    f"holds {counted(n, 'infinite value')}; expected numbers, NaN for missing."
                )
                single.append(Problem(code="infinite", column=str(name), message=message))
            continue
        parsed = pd.to_numeric(column.astype(object), errors="coerce")
        stray = column[parsed.isna() & column.notna()]
        if 0 < len(stray) <= parsed.notna().sum() and _is_text(column):
            single.append(_stray(stray, str(name)))
        else:
            alike.setdefault(_kind(column, numbers=not len(stray)), []).append(name)
    for kind, names in alike.items():
        yield _together(frame, kind, names)
    yield from single


def _is_text(column: pd.Series) -> bool:
    return pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)


def _kind(column: pd.Series, *, numbers: bool) -> str:
    """The fault of a column, which may be that of others too."""
    if numbers and column.notna().any() and not pd.api.types.is_datetime64_any_dtype(column):
        return f"numbers as {column.dtype}"
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "ordered" if column.dtype.ordered else "category"
    return "text" if _is_text(column) and column.notna().any() else str(column.dtype)


def _stray(stray: pd.Series, name: str) -> Problem:
    """Mostly numbers, and some cells that are none."""
    found = list(dict.fromkeys(_short(value) for value in stray))
    rows = list(map(str, stray.index))
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    where = f"row{'s' if len(rows) > 1 else ''} {', '.join(rows[:NAMED])}"
    further = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    message = (
        f"holds {', '.join(found[:NAMED])}{more} among numbers, in {where}{further}; make it NaN "
        "if it is no answer: pd.to_numeric(…, errors='coerce')."
    )
    return Problem(code="not-numeric", column=name, message=message)


def _together(frame: pd.DataFrame, kind: str, names: Sequence[object]) -> Problem:
    """One problem for all columns with the same fault."""
    one = len(names) == 1
    holds = "holds" if one else "hold"
    otherwise = (
        f"or leave the column{'' if one else 's'} out, or name a group in by=, where there is by=."
    )
    if kind.startswith("numbers as"):
        message = f"{holds} {kind}; make them numbers by pd.to_numeric."
    elif kind == "ordered":
        message = (
            f"{holds} ordered categories; expected numbers: .cat.codes + 1, and NaN for the 0 of a "
            f"missing answer; {otherwise}"
        )
    elif kind in ("text", "category"):
        message = (
            f"{holds} text{_example(frame, names)}. Answers in words need an instrument, which "
            f"dl.read_responses(…) takes; or replace them by 1, 2, 3 …; {otherwise}"
        )
    else:
        message = f"{holds} {kind}; expected numbers, {otherwise}"
    if one:
        return Problem(code="not-numeric", column=str(names[0]), message=message)
    told = ", ".join(repr(str(name)) for name in names[:NAMED])
    more = " …" if len(names) > NAMED else ""
    return Problem(
        code="not-numeric", message=f"{told}{more} ({counted(len(names), 'column')}) {message}"
    )


def _example(frame: pd.DataFrame, names: Sequence[object]) -> str:
    """An answer that several persons gave; a text of one person alone may be a name."""
    for name in names:
        often = frame[name].dropna().astype(str).value_counts()
        if len(often) and often.iloc[0] > 1:
            return f", such as {_short(often.index[0])}"
    return ""


def _short(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…")
