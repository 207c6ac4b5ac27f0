"""How often each option was chosen, and by whom."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from digilitt.evidence.item_parts import FEWEST, ItemPart
from digilitt.numerics.frequencies import parts_of_order
from digilitt.numerics.moments import covariances

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Row = dict[str, object]

THIRDS = ((0.0, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 1.0))


def option_rows(part: ItemPart) -> Iterator[Row]:
    """One row per item and option, also of options that nobody chose."""
    for item, name in enumerate(part.data.items):
        for option, score, n, persons in _options(part, item):
            share = n / persons if persons > 0 else np.nan
            told = {"option": option, "score": score, "n": round(n), "share": share}
            yield {**part.place(name), **told}


def _options(part: ItemPart, item: int) -> Iterator[tuple[float, float, float, float]]:
    """Option, what it counts, persons who chose it, persons who chose any."""
    low, high = part.ranges[item]
    reverse = part.keys[item] == -1
    if not part.choices[item]:
        known = part.levels[item]
        for level, n in () if known is None else zip(*known, strict=True):
            told = low + high - level if reverse else level
            yield float(told), float(level), float(n), float(part.moments.n[item])
        return
    chosen, given = _chosen(part, item)
    persons = float(part.data.counts @ given)
    for (option, score), picked in zip(part.choices[item], chosen, strict=True):
        keyed = low + high - score if reverse else score
        yield option, keyed, float(part.data.counts @ picked), persons


def _chosen(part: ItemPart, item: int) -> tuple[list[Booleans], Booleans]:
    """Who chose each option, and who chose any; in multi-select, who ticked or left every box."""
    plan = part.plans[item]
    if plan.credit:
        ticks = [part.raw[name] for name in plan.columns]
        given = np.logical_and.reduce([np.isin(tick, (0.0, 1.0)) for tick in ticks])
        return [given & (tick == 1.0) for tick in ticks], given
    raw = part.raw[plan.columns[0]]
    chosen = [raw == code for code, _ in part.choices[item]]
    return chosen, np.logical_or.reduce(chosen)


def distractor_rows(part: ItemPart) -> Iterator[Row]:
    """Who chose each option of the items whose right answers the instrument names."""
    shown = np.flatnonzero(part.has_key).tolist()
    if not shown:
        return
    ability = part.ability
    there = ~np.isnan(ability)
    weight = np.where(there, part.data.counts, 0.0)
    spread = weight.sum() >= FEWEST and part.spread > 0
    thirds = np.zeros((len(ability), len(THIRDS)))
    if spread:
        thirds[there] = parts_of_order(ability[there], weight[there], THIRDS)
    for item in shown:
        rest = _rest(part, item)
        chosen, given = _chosen(part, item)
        persons = (weight * given) @ thirds
        for (option, score), picked in zip(part.choices[item], chosen, strict=True):
            shares = np.full(len(THIRDS), np.nan)
            np.divide((weight * picked) @ thirds, persons, out=shares, where=persons > 0)
            known = given & ~np.isnan(rest) & there
            pair = np.column_stack((picked[known], rest[known])).astype(np.float64)
            yield {
                **part.place(part.data.items[item]),
                "option": option,
                "right": score > 0,
                "n": round(float(weight @ picked)),
                **dict(zip(("share_low", "share_middle", "share_high"), shares, strict=True)),
                "point_biserial": _correlation(pair, weight[known]) if spread else np.nan,
            }


def _rest(part: ItemPart, item: int) -> Floats:
    """Each person's mean score on the other items with right and wrong answers."""
    others = [other for other, keyed in enumerate(part.keyed) if keyed and other != item]
    values = part.data.values[:, others]
    answered = ~np.isnan(values)
    n = answered.sum(axis=1)
    total = np.where(answered, values, 0.0).sum(axis=1)
    return np.where(n > 0, total / np.where(n > 0, n, 1), np.nan)


def _correlation(pair: Floats, weight: Floats) -> float:
    if weight.sum() < FEWEST:
        return np.nan
    return float(covariances(pair, weight).correlation[0, 1])
