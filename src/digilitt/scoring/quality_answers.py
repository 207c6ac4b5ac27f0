"""What quality looks at: per item the answers, why there is none, and what it counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.result import UNKNOWN
from digilitt.scoring.kernel import not_asked, score_item
from digilitt.scoring.plan import ItemPlan, Plan
from digilitt.scoring.responses import Responses

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Kinds = NDArray[np.int8]

# What a cell holds: an answer, or why there is none. "wrong" counts 0, and so is an answer.
KINDS = ("answered", "wrong", "blank", "missing", "not_applicable", "not_asked")
ANSWERED, WRONG, BLANK, MISSING, NOT_APPLICABLE, NOT_ASKED = range(len(KINDS))


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The answers as arrays of rows × items, in the order of the instrument.

    Attributes
    ----------
    items : tuple of str
    kinds : ndarray of int8, shape (n, k)
        Positions in `KINDS`.
    codes : ndarray of float64, shape (n, k)
        Raw codes of answers; NaN where there is none, and for multi-select items.
    scores : ndarray of float64, shape (n, k)
        What the answers count, not yet keyed; NaN where nothing is counted.
    formats : ndarray of int64, shape (k,)
        Items with the same response format have the same number.
    raw : ndarray of float64, shape (n, columns)
        Every column as it was read, missing codes included.
    """

    items: tuple[str, ...]
    kinds: Kinds
    codes: Floats
    scores: Floats
    formats: NDArray[np.int64]
    raw: Floats

    @property
    def answered(self) -> Booleans:
        """Where there is an answer."""
        return self.kinds <= WRONG

    @property
    def n_answered(self) -> NDArray[np.int64]:
        """Items answered, row by row."""
        return np.asarray(np.count_nonzero(self.answered, axis=1))

    @property
    def n_missing(self) -> NDArray[np.int64]:
        """Items left out though they were asked and apply, row by row."""
        left_out = (self.kinds == BLANK) | (self.kinds == MISSING)
        return np.asarray(np.count_nonzero(left_out, axis=1))

    def rows(self, chosen: Booleans) -> Answers:
        """The answers in some of the rows."""
        if chosen.all():
            return self
        parts = {name: getattr(self, name)[chosen] for name in ("kinds", "codes", "scores", "raw")}
        return replace(self, **parts)

    def columns(self, items: Iterable[str]) -> list[int]:
        """Positions of items."""
        where = {item: position for position, item in enumerate(self.items)}
        return [where[item] for item in items]

    def share_format(self, plan: Plan, scale: str) -> bool:
        """Whether equal codes are equal answers in a scale: all items have one format."""
        columns = self.columns(keys_of(plan, scale))
        several = any(plan.items[column].credit for column in columns)
        return not several and len(set(self.formats[columns].tolist())) == 1


def answers_of(responses: Responses) -> Answers:
    """Lay out responses item by item."""
    plan, frame = responses.plan, responses.codes
    columns = {str(name): frame[name].to_numpy(dtype=np.float64) for name in frame}
    shape = (len(frame), len(plan.items))
    kinds, codes = np.empty(shape, np.int8, order="F"), np.full(shape, np.nan, order="F")
    scores = np.empty(shape, order="F")
    numbers: dict[str, int] = {}
    formats = []
    for position, (item, defined) in enumerate(zip(plan.items, plan.instrument.items, strict=True)):
        kinds[:, position] = _kinds(plan, item, columns)
        scores[:, position] = score_item(plan, item, columns).value
        if not item.credit:
            answered = kinds[:, position] <= WRONG
            codes[answered, position] = columns[item.columns[0]][answered]
        formats.append(numbers.setdefault(defined.format, len(numbers)))
    return Answers(
        items=tuple(item.item for item in plan.items),
        kinds=kinds,
        codes=codes,
        scores=scores,
        formats=np.array(formats, np.int64),
        raw=frame.to_numpy(dtype=np.float64),
    )


def _kinds(plan: Plan, item: ItemPlan, columns: dict[str, Floats]) -> Kinds:
    """Why an item has no answer; for a multi-select item, what its first such column says."""
    kinds = np.zeros(len(columns[item.columns[0]]), np.int8)
    for name in item.columns:
        raw = columns[name]
        here = np.where(np.isnan(raw), BLANK, ANSWERED).astype(np.int8)
        for kind, meant in (
            (MISSING, item.missing),
            (NOT_APPLICABLE, item.not_applicable),
            (WRONG, item.wrong),
        ):
            for code in meant:
                here[raw == code] = kind
        kinds = np.where(kinds == ANSWERED, here, kinds)
    kinds[not_asked(plan, item, columns)] = NOT_ASKED
    return kinds


def keys_of(plan: Plan, scale: str) -> dict[str, int]:
    """The items that make up a scale, through inner scales as well, with their keys.

    The key is 0 where inner scales key the item in both directions.
    """
    keys: dict[str, int] = {}
    for part in plan.scale(scale).parts:
        found = keys_of(plan, part.name) if part.is_scale else dict.fromkeys(part.items, part.key)
        keys |= {item: key if keys.get(item, key) == key else 0 for item, key in found.items()}
    return keys


def keyed(plan: Plan, answers: Answers, keys: dict[str, int]) -> Floats:
    """Scores of items in the direction of their scale."""
    made = answers.scores[:, answers.columns(keys)]
    for position, (name, key) in enumerate(keys.items()):
        if key == -1:
            item = plan.item(name)
            made[:, position] = item.low + item.high - made[:, position]
    return made


def waves_of(responses: Responses) -> Iterator[tuple[str, Booleans]]:
    """The rows of each wave; all rows, under no name, where there are no waves."""
    people = responses.people
    if "wave" not in people:
        yield "", np.ones(len(people), np.bool_)
        return
    waves = people["wave"].fillna(UNKNOWN).astype(str)
    for wave in sorted(pd.unique(waves), key=lambda name: (name == UNKNOWN, name)):
        yield wave, (waves == wave).to_numpy(dtype=np.bool_)
