"""The tables of quality: items, keying, scales, patterns, rows that recur, distributions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.numerics.careless import correlation_interval, item_rest, same_rows
from digilitt.result import Caveat
from digilitt.scoring.intake import CELL_PROBLEMS
from digilitt.scoring.plan import Plan
from digilitt.scoring.quality_answers import (
    ANSWERED,
    KINDS,
    WRONG,
    Answers,
    Booleans,
    keyed,
    keys_of,
)

Integers = NDArray[np.int64]
Waves = Mapping[str, Answers]

INDICES = (
    *("n_answered", "n_missing", "missing_share", "long_run", "straight_both", "straight_one"),
    *("recurring", "mahalanobis_d2", "mahalanobis_p", "seconds", "seconds_per_item"),
)
CONF_LEVEL = 0.95
QUANTILES = {
    "min": 0.0,
    "q05": 0.05,
    "q25": 0.25,
    "median": 0.5,
    "q75": 0.75,
    "q95": 0.95,
    "max": 1.0,
}
LEADING_COUNT = re.compile(r"\d+")


def by_wave(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One table of those of each wave, with a column for the wave where there are any."""
    parts = [
        table if wave == "" else pd.concat([_repeated(wave, table), table], axis=1)
        for wave, table in tables.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _repeated(wave: str, table: pd.DataFrame) -> pd.Series:
    return pd.Series([wave] * len(table), index=table.index, name="wave", dtype="str")


def items_table(answers: Answers) -> pd.DataFrame:
    """Which share of the rows answered each item, and why the others did not."""
    n = len(answers.kinds)
    shares = {
        f"share_{name}": np.count_nonzero(answers.kinds == kind, axis=0) / n
        for kind, name in enumerate(KINDS)
    }
    return pd.DataFrame({"item": list(answers.items), "n": n, **shares})


def keying_table(plan: Plan, answers: Answers) -> pd.DataFrame:
    """How each item of each scale goes with the rest of the scale, as it is keyed."""
    columns = ["scale", "item", "key", "n", "item_rest", "conf_low", "conf_high", "reason"]
    made = []
    for scale in plan.scales:
        keys = keys_of(plan, scale.scale)
        values = keyed(plan, answers, keys)
        complete = values[~np.isnan(values).any(axis=1)]
        one_way = np.array(list(keys.values())) != 0
        found = np.full(len(keys), np.nan)
        found[one_way] = item_rest(complete[:, one_way])
        low, high = correlation_interval(found, len(complete), CONF_LEVEL)
        reasons = np.full(len(keys), "keyed in both directions, so left out", dtype=object)
        reasons[one_way] = _reasons(complete[:, one_way], found[one_way])
        made += list(
            zip(
                repeat(scale.scale),
                *(keys, keys.values(), repeat(len(complete)), found, low, high, reasons),
                strict=False,
            )
        )
    return pd.DataFrame(made, columns=columns)


def _reasons(complete: NDArray[np.float64], found: NDArray[np.float64]) -> list[str]:
    """Why there is no correlation, in a few words; empty where there is one."""
    n, k = complete.shape
    if k < 2:
        return ["the scale has no other item"] * k
    if n < 3:
        return ["fewer than 3 rows have every answer in the scale"] * k
    flat = np.ptp(complete, axis=0) == 0
    reasons = np.where(flat, "all answers count the same", "the rest is the same for everybody")
    return [str(why) for why in np.where(np.isnan(found), reasons, "")]


def straight(plan: Plan, answers: Answers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Who gave one answer throughout a scale, and how many did.

    An item that is keyed in both directions does not make its scale one of both.

    Returns
    -------
    rows : pandas.DataFrame
        One column per scale; true where all answers are the same raw code, NA where that
        cannot be said.
    scales : pandas.DataFrame
        scale, keys ("both" or "one"), n_items, n_judged, n_straight, share.
    """
    rows: dict[str, pd.Series] = {}
    scales = []
    for scale in plan.scales:
        keys = keys_of(plan, scale.scale)
        directions = np.array(list(keys.values()))
        met, judged = _same_answer(answers.codes[:, answers.columns(keys)], directions)
        judged &= answers.share_format(plan, scale.scale)
        rows[scale.scale] = pd.Series(met, dtype="boolean").mask(~judged)
        n_judged, n_straight = int(judged.sum()), int((met & judged).sum())
        scales.append(
            {
                "scale": scale.scale,
                "keys": "both" if {1, -1} <= set(directions.tolist()) else "one",
                "n_items": len(keys),
                "n_judged": n_judged,
                "n_straight": n_straight,
                "share": n_straight / n_judged if n_judged else np.nan,
            }
        )
    names = ["scale", "keys", "n_items", "n_judged", "n_straight", "share"]
    frame = pd.DataFrame(rows, index=range(len(answers.kinds)))
    return frame, pd.DataFrame(scales, columns=names)


def beside_names(table: pd.DataFrame, straight: pd.DataFrame) -> pd.DataFrame:
    """Who answered scales with one code, beside person, wave and rater, as far as named."""
    # A scale may have such an id, and its column is the one that is asked for.
    names = [n for n in ("person", "wave", "rater") if n in table and n not in straight]
    return pd.concat([table[names], straight.set_axis(table.index)], axis=1)


def _same_answer(
    codes: NDArray[np.float64], directions: NDArray[np.int64]
) -> tuple[Booleans, Booleans]:
    """Whether all answers are one code; judged with two answers, and one of each direction."""
    given = ~np.isnan(codes)
    low = np.where(given, codes, np.inf).min(axis=1)
    high = np.where(given, codes, -np.inf).max(axis=1)
    judged = np.count_nonzero(given, axis=1) >= 2
    for direction in set(directions.tolist()) - {0}:
        judged &= given[:, directions == direction].any(axis=1)
    return low == high, judged


def patterns(here: Waves, waves: Mapping[str, Booleans]) -> tuple[Integers, pd.DataFrame]:
    """The pattern of missing answers of each row, and the table of patterns, wave by wave."""
    pattern = np.empty(sum(len(part.kinds) for part in here.values()), np.int64)
    tables = {}
    for wave, part in here.items():
        # Every answer is the same here, wrong or not.
        seen = np.where(part.answered, ANSWERED, part.kinds)
        numbers = _by_size(same_rows(seen.astype(np.float64)))
        pattern[waves[wave]] = numbers + 1
        tables[wave] = _patterns_table(part, numbers)
    return pattern, by_wave(tables)


def _by_size(numbers: Integers) -> Integers:
    """The same groups, numbered from 0 by falling size, and by first appearance within it."""
    order = np.argsort(-np.bincount(numbers), kind="stable")
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return np.asarray(ranks[numbers])


def _patterns_table(answers: Answers, numbers: Integers) -> pd.DataFrame:
    counts = np.bincount(numbers)
    first = np.unique(numbers, return_index=True)[1]
    return pd.DataFrame(
        {
            "pattern": np.arange(1, len(counts) + 1),
            "n": counts,
            "share": counts / len(numbers),
            "n_without": np.count_nonzero(~answers.answered[first], axis=1),
            "without": [_pattern(row, answers.items) for row in answers.kinds[first].tolist()],
        }
    )


def _pattern(kinds: list[int], items: tuple[str, ...]) -> str:
    without: dict[int, list[str]] = {}
    for item, kind in zip(items, kinds, strict=True):
        if kind > WRONG:
            without.setdefault(kind, []).append(item)
    return "; ".join(f"{KINDS[kind]}: {', '.join(without[kind])}" for kind in sorted(without))


def recurring_table(table: pd.DataFrame, vectors: Integers) -> pd.DataFrame:
    """The rows whose answers stand in another row as well, those that are the same together."""
    names = [name for name in ("person", "wave", "rater") if name in table]
    again = table["recurring"].fillna(0).to_numpy(dtype=np.int64) > 0
    found = table.loc[again, [*names, "n_answered", "long_run"]]
    found.insert(0, "row", found.index)
    found.insert(0, "n_rows", table.loc[again, "recurring"].astype("int64") + 1)
    found.insert(0, "vector", pd.factorize(vectors[again])[0] + 1)
    return found.sort_values("vector", kind="stable", ignore_index=True)


def distributions(table: pd.DataFrame) -> pd.DataFrame:
    """n, mean and quantiles of each index; quantiles interpolate, as R's type 7."""
    made = []
    for index in (name for name in INDICES if name in table):
        values = table[index].to_numpy(dtype=np.float64, na_value=np.nan)
        known = values[~np.isnan(values)]
        row = {"index": index, "n": len(known), "mean": known.mean() if len(known) else np.nan}
        for name, at in QUANTILES.items():
            row[name] = np.quantile(known, at) if len(known) else np.nan
        made.append(row)
    return pd.DataFrame(made)


def set_aside(caveats: Iterable[Caveat]) -> pd.DataFrame:
    """Answers that reading took as missing or set aside, by column: counts from its caveats."""
    rows = list(_set_aside(caveats))
    return pd.DataFrame(rows, columns=["code", "column", "n"]).astype({"n": "int64"})


def _set_aside(caveats: Iterable[Caveat]) -> Iterator[tuple[str, str, int]]:
    for caveat in caveats:
        found = LEADING_COUNT.match(caveat.message)
        if found and caveat.code in CELL_PROBLEMS and caveat.code != "summary-row":
            yield caveat.code, caveat.where, int(found[0])
