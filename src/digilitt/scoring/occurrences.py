"""Where the codes of persons stand: row by row, in responses or in tables not yet read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Keyed
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import Problem, ResponseError
from digilitt.scoring.cells import CELL_ERRORS, calendar_text, cell_text, is_blank
from digilitt.scoring.kernel import not_asked
from digilitt.scoring.persons import holds_personal_numbers
from digilitt.scoring.responses import Responses
from digilitt.scoring.table import summary_rows

# Codes alike that are told of one code, at most.
SHOWN = 5

# The outline of every personal number, also of one whose first zero a spreadsheet took.
OUTLINE = re.compile(r"^(?:\d{9}|\d{6}[^\w\n]*\d{4}|\d{8}[^\w\n]*\d{4})$", re.MULTILINE)

# Kinds of columns in which equal cells have equal texts; True == 1 is why others are not.
PLAIN = frozenset(("string", "integer", "floating", "mixed-integer-float"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occurrences:
    """Every row in which a code stands, or should stand.

    Attributes
    ----------
    codes : ndarray of object, shape (n,)
        Text, or None where blank.
    wave : ndarray of int64, shape (n,)
        Position in `waves`; -1 where the wave is not known.
    waves : tuple of str
        In their order.
    order : str
        Where the order comes from.
    labels : ndarray of object, shape (n,)
        Index label of each row, or its number from 1 where there is none.
    numbers : ndarray of int64, shape (n,)
        Number of each row in its table, from 1.
    answered : ndarray of bool, shape (n,)
        Whether the row holds an answer; true where only codes are known.
    checked : bool
        Whether a code that stands twice in a wave is known to be one person, rated twice.
    """

    codes: NDArray[np.object_]
    wave: NDArray[np.int64]
    waves: tuple[str, ...]
    order: str
    labels: NDArray[np.object_]
    numbers: NDArray[np.int64]
    answered: NDArray[np.bool_]
    checked: bool = False

    def row_names(self, rows: NDArray[np.int64]) -> list[str]:
        """Labels of rows; their numbers where labels would tell who it is."""
        texts = [cell_text(label) for label in self.labels[rows]]
        if holds_personal_numbers(texts):
            return [f"number {number}" for number in self.numbers[rows]]
        return texts


def occurrences(source: object, person: str, wave: str, waves: Sequence[str]) -> Occurrences:
    """Rows with their codes and waves, from whatever `match_persons` was given.

    Raises
    ------
    ResponseError
        With every problem of every table.
    """
    if isinstance(waves, str):
        raise ResponseError("waves= is one text; expected a list of waves in their order.")
    if isinstance(source, Responses):
        return _of_responses(source, waves)
    if isinstance(source, pd.DataFrame):
        return _of_frame(source, person, wave, waves)
    if isinstance(source, Keyed):
        return _of_tables(source, person, waves)
    raise ResponseError(
        f"found a {type(source).__name__}; expected Responses, a data frame with a column of "
        "waves, or a mapping of waves to codes or data frames. Files are read first, for "
        "instance with pandas.read_excel(path, dtype=str)."
    )


def _of_responses(responses: Responses, waves: Sequence[str]) -> Occurrences:
    people = responses.people
    if lacking := [name for name in ("person", "wave") if name not in people]:
        raise ResponseError(
            Problem(
                code="missing-column",
                column=name,
                message=f"the responses have no {name}; name its column when reading.",
            )
            for name in lacking
        )
    texts = people["wave"].astype(object).where(people["wave"].notna(), None).tolist()
    numbers = np.arange(1, len(people) + 1)
    return _sorted_by_wave(
        people["person"].to_numpy(dtype=object),
        texts,
        waves,
        labels=numbers.astype(object),
        answered=_answered(responses),
        checked=True,
    )


def _answered(responses: Responses) -> NDArray[np.bool_]:
    """Rows with an answer to at least one item, as `participation` counts them."""
    codes, plan = responses.codes, responses.plan
    columns = {name: codes[name].to_numpy(dtype=np.float64) for name in codes.columns}
    found = np.zeros(len(codes), dtype=np.bool_)
    for item in plan.items:
        asked = ~not_asked(plan, item, columns)
        for name in item.columns:
            no_answer = np.isin(columns[name], (*item.missing, *item.not_applicable))
            found |= asked & ~np.isnan(columns[name]) & ~no_answer
    return found


def _of_frame(frame: pd.DataFrame, person: str, wave: str, waves: Sequence[str]) -> Occurrences:
    found = [_column(frame, name) for name in (person, wave)]
    if problems := [problem for problem in found if isinstance(problem, Problem)]:
        raise ResponseError(problems)
    codes, problems = read_codes(frame, person, "")
    if problems:
        raise ResponseError(problems)
    texts = _texts(list(frame.iloc[:, [str(name) for name in frame].index(wave)])).tolist()
    return _sorted_by_wave(codes, texts, waves, labels=_labels(frame, len(frame)))


def _sorted_by_wave(
    codes: NDArray[np.object_],
    texts: Sequence[str | None],
    waves: Sequence[str],
    *,
    labels: NDArray[np.object_],
    answered: NDArray[np.bool_] | None = None,
    checked: bool = False,
) -> Occurrences:
    found = sorted({text for text in texts if text is not None}, key=_natural)
    ordered = _ordered(found, waves)
    position = {text: number for number, text in enumerate(ordered)}
    n = len(codes)
    return Occurrences(
        codes=codes,
        wave=np.array([-1 if text is None else position[text] for text in texts], dtype=np.int64),
        waves=ordered,
        order="as given" if waves else "by name",
        labels=labels,
        numbers=np.arange(1, n + 1),
        answered=np.ones(n, dtype=np.bool_) if answered is None else answered,
        checked=checked,
    )


def _natural(wave: str) -> list[str | int]:
    """Numbers in a name count as numbers: wave 2 comes before wave 10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", wave)]


def _of_tables(tables: Keyed[object, object], person: str, waves: Sequence[str]) -> Occurrences:
    names = [cell_text(key) for key in tables]
    if bad := [name for name in names if not name or names.count(name) > 1]:
        raise ResponseError(f"The wave {bad[0]!r} stands twice or has no name; name each wave.")
    ordered = _ordered(names, waves)
    codes, labels, problems = [], [], list[Problem]()
    for name, table in zip(names, tables.values(), strict=True):
        read, wrong = read_codes(table, person, f"wave {name!r}: ")
        codes.append(read)
        labels.append(_labels(table, len(read)))
        problems += wrong
    if problems:
        raise ResponseError(problems)
    sizes = [len(read) for read in codes]
    n = sum(sizes)
    return Occurrences(
        codes=np.concatenate([np.empty(0, dtype=object), *codes]),
        wave=np.repeat([ordered.index(name) for name in names], sizes).astype(np.int64),
        waves=ordered,
        order="as given",
        labels=np.concatenate([np.empty(0, dtype=object), *labels]),
        numbers=np.concatenate([np.empty(0, np.int64), *(np.arange(1, s + 1) for s in sizes)]),
        answered=np.ones(n, dtype=np.bool_),
    )


def _ordered(found: Sequence[str], waves: Sequence[str]) -> tuple[str, ...]:
    """The waves in the order asked for, or as they come."""
    if not found:
        raise ResponseError("There is no wave; give at least one with its codes.")
    given = [cell_text(wave) for wave in waves]
    if given and (set(given) != set(found) or len(given) > len(found)):
        message = (
            f"waves= is {', '.join(map(repr, given))}; expected each of "
            f"{', '.join(map(repr, found))} once."
        )
        raise ResponseError([Problem(code="unknown-wave", message=message)])
    return tuple(given or found)


def _labels(table: object, n: int) -> NDArray[np.object_]:
    if isinstance(table, (pd.DataFrame, pd.Series)):
        return np.asarray(table.index.to_numpy(dtype=object))
    return np.arange(1, n + 1).astype(object)


def _column(frame: pd.DataFrame, name: str) -> pd.Series | Problem:
    headers = [str(header) for header in frame.columns]
    if headers.count(name) == 1:
        return frame.iloc[:, headers.index(name)]
    if name in headers:
        message = "the column stands more than once; rename all but one."
        return Problem(code="column-twice", column=name, message=message)
    shown = ", ".join(map(repr, headers[:12])) + (" …" if len(headers) > 12 else "")
    message = f"no column {name!r}; the columns are {shown or 'none'}."
    return Problem(code="missing-column", column=name, message=message)


def has_code(codes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which codes are not blank."""
    return np.asarray(pd.notna(codes), dtype=np.bool_)


def read_codes(table: object, person: str, where: str) -> tuple[NDArray[np.object_], list[Problem]]:
    """Codes of one table as text, None where blank, and what is wrong with them.

    Parameters
    ----------
    table : DataFrame, or iterable of codes
    person : str
        The column of a data frame.
    where : str
        What messages begin with.
    """
    cells = _cells(table, person)
    if isinstance(cells, Problem):
        told = replace(cells, message=where + cells.message)
        return np.empty(0, dtype=object), [told]
    codes = _texts(cells)
    return codes, list(_problems(codes, table, person, where))


def _cells(table: object, person: str) -> list[object] | Problem:
    if isinstance(table, pd.DataFrame):
        column = _column(table, person)
        return column if isinstance(column, Problem) else _cells(column, person)
    if isinstance(table, pd.Series):
        return list(table.astype(object))  # Much quicker than cell by cell.
    if isinstance(table, Iterable) and _is_flat(table):
        return list(table)
    message = f"found a {type(table).__name__}; expected codes, or a data frame of pandas."
    return Problem(code="no-frame", message=message)


def _is_flat(table: Iterable[object]) -> bool:
    """Whether it is a series of codes, and not one text, a table, or a mapping."""
    flat = getattr(table, "ndim", 1) == 1 and not hasattr(table, "columns")
    return flat and not isinstance(table, (str, bytes, Keyed))


def _texts(cells: list[object]) -> NDArray[np.object_]:
    """Texts of cells, None where blank."""
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "string" and _is_as_it_stands(column[pd.notna(column)].tolist()):
        column[pd.isna(column)] = None
        return column
    if kind in PLAIN:
        index, distinct = pd.factorize(column)
        texts = np.array([*map(_text, distinct), None], dtype=object)
        return np.asarray(texts[index])
    column[:] = list(map(_text, cells))
    return column


def _is_as_it_stands(codes: list[str]) -> bool:
    """Whether codes are nothing but plain letters, digits and hyphens, as most are."""
    joined = "".join(codes).replace("-", "")
    return joined.isascii() and joined.isalnum() and "" not in codes


def _text(cell: object) -> str | None:
    if is_blank(cell):
        return None
    return cell_text(calendar_text([cell])[0][0] if isinstance(cell, dt.date) else cell)


def _problems(
    codes: NDArray[np.object_], table: object, person: str, where: str
) -> Iterator[Problem]:
    labels = _labels(table, len(codes))
    present = [code for code in codes if code is not None]
    distinct = set(present)
    if OUTLINE.search("\n".join(distinct)) and holds_personal_numbers(present):
        message = (
            f"{where}holds Swedish personal identity numbers. Replace them by pseudonyms first, "
            "for instance with digilitt.pseudonymise(numbers, key=…)."
        )
        yield Problem(code="personal-number", column=person, message=message)
        return
    if distinct & CELL_ERRORS:
        for code, label in zip(codes, labels, strict=True):
            if code in CELL_ERRORS:
                message = f"{where}found the error {code}; correct the formula, or clear the cell."
                row = cell_text(label)
                yield Problem(code="cell-error", row=row, column=person, message=message)
    frame = (
        table if isinstance(table, pd.DataFrame) else pd.DataFrame({person: codes}, dtype=object)
    )
    frame = frame.set_axis([str(name) for name in frame], axis=1)
    others = [str(name) for name in frame if name != person]
    for label in labels[summary_rows(frame, others, person)]:
        message = f"{where}looks like a summary row or a note, not a person; delete it."
        yield Problem(code="summary-row", row=cell_text(label), column=person, message=message)


def near_codes(
    persons: NDArray[np.object_], stands: NDArray[np.bool_]
) -> dict[tuple[int, int], list[str]]:
    """Codes alike at other waves (at most five), by person and the one wave where it stands."""
    folded, _ = pd.factorize(np.array(_folded(persons), dtype=object))
    alike: dict[int, list[int]] = {}
    for number in np.flatnonzero(np.bincount(folded)[folded] > 1).tolist():
        alike.setdefault(int(folded[number]), []).append(number)
    near: dict[tuple[int, int], list[str]] = {}
    for several in alike.values():
        at = [[n for n in several if stands[n, wave]] for wave in range(stands.shape[1])]
        for number in several:
            if stands[number].sum() == 1:
                here = int(stands[number].argmax())
                others = {n for wave, those in enumerate(at) if wave != here for n in those[:SHOWN]}
                near[number, here] = [str(persons[n]) for n in sorted(others)[:SHOWN]]
    return near


def _folded(codes: NDArray[np.object_]) -> list[str]:
    """Codes without what people get wrong: case, spaces, punctuation, leading zeros."""
    # One pass over all of them; no code holds a line break.
    text = re.sub(r"[.,]0$", "", "\n".join(codes).casefold(), flags=re.MULTILINE)
    text = re.sub(r"[^\w\n]|_", "", text)
    bare = re.sub(r"(?<!\d)0+(?=\d)", "", text).split("\n")
    return [some or code for some, code in zip(bare, codes, strict=True)]
