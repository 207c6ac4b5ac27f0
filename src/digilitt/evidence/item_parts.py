"""One scale's items in one group of persons: what item analysis computes its figures from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digilitt.define.formats import KEYED_KINDS, WRONG_KINDS
from digilitt.evidence.data import ItemData, Source
from digilitt.numerics.frequencies import frequencies
from digilitt.numerics.moments import (
    Covariances,
    Deletion,
    ItemMoments,
    MomentType,
    covariances,
    item_moments,
)
from digilitt.result import ALL, UNKNOWN
from digilitt.scoring.kernel import not_asked
from digilitt.scoring.plan import ItemPlan
from digilitt.scoring.responses import Responses

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Levels = tuple[Floats, Floats] | None

# With fewer persons every correlation is 1 or -1.
FEWEST = 3
# Items with more different answers than that have no list of options.
MOST_OPTIONS = 20
# So close to the end of the range is at the end, as a share of the range.
AT_END = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ItemPart:
    """Items of one scale, answered by one group of persons, or by all.

    Attributes
    ----------
    group : object
        None without groups.
    keyed, has_key : tuple of bool
        Which items have right and wrong answers, and to which of them the instrument names
        the right option among others.
    keys : tuple of int
        -1 for items that are reversed.
    ranges : tuple of (float, float)
        Ends of each item's score; where no instrument says them, the answers of all groups.
    moments : ItemMoments
        Of every answer to each item.
    related : Covariances
        NaN throughout where too few persons answered.
    levels : list
        Answers of each item and how many gave them; None for items with too many.
    plans : tuple of ItemPlan
        How the items are answered; empty for a data frame.
    choices : tuple of tuple of (float, float)
        Code and score, before it is keyed, of every option that may be chosen, wrong answers
        included; empty for a number, and for all items of a data frame. In multi-select the
        score is 1 for the options that are right.
    raw : dict of str to ndarray
        Codes as they stand in the data, of persons who were asked; empty for a data frame.
    """

    data: ItemData
    group: object
    deletion: Deletion
    keyed: tuple[bool, ...]
    has_key: tuple[bool, ...]
    keys: tuple[int, ...]
    ranges: tuple[tuple[float, float], ...]
    moments: ItemMoments
    related: Covariances
    levels: list[Levels]
    plans: tuple[ItemPlan, ...]
    choices: tuple[tuple[tuple[float, float], ...], ...]
    raw: dict[str, Floats]

    def place(self, item: str) -> dict[str, object]:
        """The columns that say what a row is about."""
        told: dict[str, object] = {"scale": self.data.scale, "item": item}
        return told if self.group is None else {**told, "group": self.group}

    @property
    def where(self) -> str:
        """The same in words, for caveats."""
        group = "" if self.group in (None, ALL) else str(self.group)
        return ", ".join(word for word in (self.data.scale, group) if word)

    @property
    def n_related(self) -> Floats:
        """Persons behind what relates each item to others: in its smallest pair."""
        n = self.related.n.copy()
        if len(n) > 1:
            np.fill_diagonal(n, np.inf)
        return np.asarray(n.min(axis=1), dtype=np.float64)

    @property
    def ability(self) -> Floats:
        """Mean score on the items with right and wrong answers; NaN for persons left out."""
        values = self.data.values[:, list(self.keyed)]
        answered = ~np.isnan(values)
        n = answered.sum(axis=1)
        outside = (n == 0) | (self.data.counts == 0)
        if self.deletion == "listwise":
            outside |= np.isnan(self.data.values).any(axis=1)
        total = np.where(answered, values, 0.0).sum(axis=1)
        return np.where(outside, np.nan, total / np.where(n > 0, n, 1))

    @property
    def spread(self) -> float:
        """Range of the ability of persons; 0 where there is nothing to put them in order by."""
        known = self.ability[~np.isnan(self.ability)]
        return float(np.ptp(known)) if len(known) else 0.0

    def at_ends(self) -> tuple[Floats, Floats]:
        """Shares of answers at the lowest and the highest score; NaN where they are the same."""
        shares = np.full((2, len(self.data.items)), np.nan)
        for item, (low, high) in enumerate(self.ranges):
            if self.moments.n[item] > 0 and high > low:
                known = self.levels[item]
                answers, persons = (
                    (self.data.values[:, item], self.data.counts) if known is None else known
                )
                close = AT_END * (high - low)
                shares[0, item] = persons[answers <= low + close].sum() / self.moments.n[item]
                shares[1, item] = persons[answers >= high - close].sum() / self.moments.n[item]
        return shares[0], shares[1]


def parts_of(
    source: Source, data: ItemData, deletion: Deletion, kind: MomentType
) -> Iterator[ItemPart]:
    """The items in each group, those without a group after them, and in all persons last."""
    everybody = np.ones(len(data.values), dtype=np.bool_)
    whole = item_moments(data.values, data.counts, kind)
    ranges = data.ranges or tuple(zip(whole.low.tolist(), whole.high.tolist(), strict=True))
    groups: list[tuple[object, Booleans]] = [(None if data.groups is None else ALL, everybody)]
    if data.groups is not None:
        labels = sorted(data.groups.unique(), key=lambda label: (label == UNKNOWN, str(label)))
        groups = [*((label, data.groups.eq(label).to_numpy()) for label in labels), *groups]
    plans, keys = _plans(source, data), _keys(source, data)
    choices = tuple(_choices(source, plan) for plan in plans) or ((),) * len(data.items)
    raw = _raw(source, plans)
    keyed = _of_kind(source, data, WRONG_KINDS) if plans else _binary(data, whole)
    for label, chosen in groups:
        rows = data if chosen.all() else data.rows(chosen)
        own = whole if chosen.all() else item_moments(rows.values, rows.counts, kind)
        yield ItemPart(
            data=rows,
            group=label,
            deletion=deletion,
            keyed=keyed,
            has_key=_of_kind(source, data, KEYED_KINDS),
            keys=keys,
            ranges=ranges,
            moments=own,
            related=_related(rows, deletion),
            levels=frequencies(rows.values, rows.counts, own, MOST_OPTIONS),
            plans=plans,
            choices=choices,
            raw={name: codes[chosen] for name, codes in raw.items()},
        )


def _plans(source: Source, data: ItemData) -> tuple[ItemPlan, ...]:
    if not isinstance(source, Responses):
        return ()
    return tuple(source.plan.item(name) for name in data.items)


def _choices(source: Source, plan: ItemPlan) -> tuple[tuple[float, float], ...]:
    if plan.credit:
        codes = (float(name.rpartition(":")[2]) for name in plan.columns)
        return tuple((code, float(right)) for code, right in zip(codes, plan.keyed, strict=True))
    if plan.lookup or not isinstance(source, Responses):
        return plan.lookup
    item = next(item for item in source.instrument.items if item.id == plan.item)
    options = source.instrument.formats[item.format].options
    return tuple((float(option.code), option.value) for option in options)


def _raw(source: Source, plans: Iterable[ItemPlan]) -> dict[str, Floats]:
    if not isinstance(source, Responses):
        return {}
    columns = {str(name): source.codes[name].to_numpy(dtype=np.float64) for name in source.codes}
    return {
        name: np.where(not_asked(source.plan, item, columns), np.nan, columns[name])
        for item in plans
        for name in item.columns
    }


def _of_kind(source: Source, data: ItemData, wanted: Sequence[str]) -> tuple[bool, ...]:
    """Which items have a response format of one of these kinds; none in a data frame."""
    if not isinstance(source, Responses):
        return (False,) * len(data.items)
    formats = source.instrument.formats
    kinds = {item.id: formats[item.format].kind for item in source.instrument.items}
    return tuple(kinds[name] in wanted for name in data.items)


def _binary(data: ItemData, moments: ItemMoments) -> tuple[bool, ...]:
    """All items of a frame have right and wrong answers if it holds 0 and 1, and no other."""
    ends = np.concatenate((moments.low, moments.high))
    binary = set(ends[~np.isnan(ends)].tolist()) == {0.0, 1.0}
    if binary:
        given = data.values[~np.isnan(data.values)]
        binary = bool(((given == 0.0) | (given == 1.0)).all())
    return (binary,) * len(data.items)


def _keys(source: Source, data: ItemData) -> tuple[int, ...]:
    if not isinstance(source, Responses):
        return (1,) * len(data.items)
    keys: dict[str, int] = {}
    waiting = [plan for plan in source.plan.scales if data.scale in ("", plan.scale)]
    while waiting:
        for part in waiting.pop().parts:
            if part.is_scale:
                waiting.append(source.plan.scale(part.name))
            else:
                keys |= dict.fromkeys(part.items, part.key)
    return tuple(keys[name] for name in data.items)


def _related(data: ItemData, deletion: Deletion) -> Covariances:
    found = covariances(data.values, data.counts, deletion)
    few = found.n < FEWEST
    return Covariances(
        covariance=np.where(few, np.nan, found.covariance),
        correlation=np.where(few, np.nan, found.correlation),
        n=found.n,
    )
