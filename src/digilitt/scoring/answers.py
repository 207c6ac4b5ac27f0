"""Answers: one column of cells turned into codes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from digilitt.define.formats import MissingCode, Option, ResponseFormat, option_codes
from digilitt.define.instrument import Instrument
from digilitt.define.item import Item
from digilitt.define.mapping import Mapping
from digilitt.errors import Problem
from digilitt.scoring.cells import calendar_text, is_blank, normalised, parse_number
from digilitt.scoring.persons import quoted
from digilitt.scoring.plan import ItemPlan, expected

CODE_AND_LABEL = re.compile(r"(-?\d{1,9})\s*[-–.:)=(]*\s*(.*?)\)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reading:
    """One column read.

    Attributes
    ----------
    codes : ndarray of float64, shape (n,)
        NaN where blank or not understood.
    wrong : dict of int to str
        Position to what is the matter with the cell there.
    """

    codes: NDArray[np.float64]
    wrong: dict[int, str]


def labels_of(item: Item, instrument: Instrument, mapping: Mapping) -> dict[str, int]:
    """Normalised labels, in every language and from the mapping, to codes."""
    response_format = instrument.format_of(item)
    codes: dict[str, set[int]] = {}
    entries: tuple[Option | MissingCode, ...] = (*response_format.options, *response_format.missing)
    for entry in entries:
        for text in entry.label.variants():
            codes.setdefault(normalised(text), set()).add(entry.code)
    # A word that means one answer in one language and another in the next is left out.
    labels = {text: found.pop() for text, found in codes.items() if len(found) == 1}
    own = mapping.labels.get(item.format, {})
    return labels | {normalised(label): code for label, code in own.items()}


def label_problems(instrument: Instrument, mapping: Mapping) -> Iterator[Problem]:
    """Labels in a mapping that stand for no format or no code of the instrument."""
    for name, labels in mapping.labels.items():
        response_format = instrument.formats.get(name)
        if response_format is None:
            known = ", ".join(instrument.formats)
            message = f"labels for the unknown format {name!r}; the formats are {known}."
            yield Problem(code="unknown-format", message=message)
            continue
        codes = {*option_codes(response_format.options), *(m.code for m in response_format.missing)}
        for label, code in labels.items():
            if code not in codes and response_format.options:
                several = ", ".join(map(str, sorted(codes)))
                message = f"the label {label!r} is mapped to {code}; {name!r} has {several}."
                yield Problem(code="unknown-code", message=message)


def read_column(
    cells: Sequence[object],
    item: ItemPlan,
    response_format: ResponseFormat,
    labels: dict[str, int],
    blanks: frozenset[str],
    *,
    decimal_comma: bool,
) -> Reading:
    """Turn the cells of one column into codes.

    Equal cells are read once. What is no option, no missing code and no blank is NaN, and
    told in `wrong`.
    """
    known: dict[object, tuple[float, str]] = {}
    codes = np.full(len(cells), np.nan)
    wrong: dict[int, str] = {}
    for position, cell in enumerate(cells):
        # True == 1 in Python, but a tick box is not the number one; lists cannot be looked up.
        key = (type(cell), cell) if isinstance(cell, str | int | float) else position
        if key not in known:
            known[key] = _read(cell, item, response_format, labels, blanks, decimal_comma)
        codes[position], message = known[key]
        if message:
            wrong[position] = message
    return Reading(codes, wrong)


def _read(
    cell: object,
    item: ItemPlan,
    response_format: ResponseFormat,
    labels: dict[str, int],
    blanks: frozenset[str],
    decimal_comma: bool,
) -> tuple[float, str]:
    if is_blank(cell) or normalised(cell) in blanks:
        return np.nan, ""
    if isinstance(cell, (bool, np.bool_)):
        codes = {option.code for option in response_format.options}
        if item.credit or (response_format.kind == "binary" and codes == {0, 1}):
            return float(cell), ""
        return np.nan, f"found {bool(cell)}; expected {expected(item)}."
    code = _code_of_label(cell, labels) if isinstance(cell, str) else None
    # The column of one option holds 0 or 1, and no label but that of a missing code.
    if code is not None and (not item.credit or code in item.missing_codes):
        return float(code), ""
    number = parse_number(cell, decimal_comma=decimal_comma)
    if number is not None and is_allowed(number, item):
        return number, ""
    return np.nan, _refusal(cell, item, {} if item.credit else labels)


def _code_of_label(text: str, labels: dict[str, int]) -> int | None:
    code = labels.get(normalised(text))
    if code is not None:
        return code
    both = CODE_AND_LABEL.fullmatch(text.strip())
    if both and both.group(2) and labels.get(normalised(both.group(2))) == int(both.group(1)):
        return int(both.group(1))
    return None


def is_allowed(number: float, item: ItemPlan) -> bool:
    """Whether a number is an answer to the item, or one of its missing codes."""
    if number in item.missing_codes:
        return True
    if item.credit:
        return number in (0.0, 1.0)
    if item.span is None:
        return any(number == code for code, _ in item.lookup)
    low, high, whole = item.span
    return low <= number <= high and (not whole or number.is_integer())


def _refusal(cell: object, item: ItemPlan, labels: dict[str, int]) -> str:
    if isinstance(cell, dt.date):
        day = calendar_text([cell])[0][0]
        return f"found the date {day}; expected {expected(item)}."
    hint = ""
    if isinstance(cell, str):
        close = get_close_matches(normalised(cell), labels, n=1, cutoff=0.75)
        hint = (
            f" Is it {close[0]!r} ({labels[close[0]]})? Then say so by a mapping." if close else ""
        )
    return f"found {quoted(cell)}; expected {expected(item)}.{hint}"


def split_ticks(
    cells: Sequence[object], item: ItemPlan, labels: dict[str, int], blanks: frozenset[str]
) -> dict[str, Reading]:
    """Turn cells such as ``"A;C"`` or ``"1;3"`` into one 0/1 column for each option.

    A blank cell is no answer to any option; a missing code stands for all of them.
    """
    n, options = len(cells), [float(name.split(":")[1]) for name in item.columns]
    ticks = np.full((n, len(options)), np.nan)
    wrong: dict[int, str] = {}
    for row, cell in enumerate(cells):
        if is_blank(cell) or normalised(cell) in blanks:
            continue
        chosen, unknown = _chosen(cell, labels)
        codes = set(chosen)
        if unknown or not codes <= {*options, *item.missing_codes}:
            bad = unknown or sorted(codes - {*options, *item.missing_codes})
            allowed = ", ".join(f"{code:g}" for code in options)
            wrong[row] = f"found {quoted(bad[0])}; expected options ({allowed}) joined by ';'."
        elif codes & set(item.missing_codes):
            if len(codes) > 1:
                wrong[row] = f"found {quoted(cell)}: a missing code together with options."
            else:
                ticks[row] = codes.pop()
        else:
            ticks[row] = [float(option in codes) for option in options]
    return {
        name: Reading(ticks[:, position], wrong if position == 0 else {})
        for position, name in enumerate(item.columns)
    }


def _chosen(cell: object, labels: dict[str, int]) -> tuple[list[float], list[object]]:
    """Codes chosen in one cell, and the parts of it that are none."""
    whole = _code_of_label(cell, labels) if isinstance(cell, str) else None
    if whole is not None:
        return [float(whole)], []
    # "1;3;" has a blank after its last option, as some tools write it; ";" has no option.
    parts = [part for part in cell.split(";") if part.strip()] if isinstance(cell, str) else [cell]
    chosen: list[float] = []
    unknown: list[object] = [] if parts else [cell]
    for part in parts:
        code = _code_of_label(part, labels) if isinstance(part, str) else None
        number = float(code) if code is not None else parse_number(part, decimal_comma=False)
        if number is None:
            unknown.append(part.strip() if isinstance(part, str) else part)
        else:
            chosen.append(number)
    return chosen, unknown
