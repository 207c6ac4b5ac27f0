"""Item analysis: what each item's answers look like, and how it goes with the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from digilitt.errors import Problem, ResponseError
from digilitt.evidence.data import ItemData, Source, item_data, scales_of
from digilitt.evidence.item_answers import distractor_rows, option_rows
from digilitt.evidence.item_caveats import part_caveats
from digilitt.evidence.item_parts import FEWEST, ItemPart, parts_of
from digilitt.numerics.frequencies import parts_of_order
from digilitt.numerics.moments import (
    Deletion,
    MomentType,
    alpha,
    alpha_if_dropped,
    item_rest,
    item_rest_smc,
    item_total,
)
from digilitt.result import ALL, Caveat, Result

Floats = NDArray[np.float64]
Row = dict[str, object]

# Upper and lower share of persons behind the discrimination index (Kelley, 1939).
TAIL = 0.27
KEYED_ONLY = ("difficulty", "discrimination_27")
COUNTED = ("n_answered", "n_missing")
STATISTICS = {"statistic": "str", "estimate": "float64", "n": "int64"}
OPTIONS = {"option": "float64", "score": "float64", "n": "int64", "share": "float64"}
DISTRACTORS = {
    "option": "float64",
    "right": "bool",
    "n": "int64",
    "share_low": "float64",
    "share_middle": "float64",
    "share_high": "float64",
    "point_biserial": "float64",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ItemAnalysis(Result):
    """Figures of items; made by `item_analysis`.

    Attributes
    ----------
    table : pandas.DataFrame
        scale, item, group (with `by` only), statistic, estimate, n. The rows of a whole scale
        have no item. For each item: n_answered, n_missing, mean, sd, skew, kurtosis, floor,
        ceiling, item_total, item_rest, item_rest_smc, alpha_if_dropped; for items with right
        and wrong answers difficulty and discrimination_27 too. For the scale: alpha,
        inter_item_mean, inter_item_min, inter_item_max.
    options : pandas.DataFrame
        scale, item, group, option (as in the data), score (what it counts, keyed), n, share.
    distractors : pandas.DataFrame
        Where the instrument names the right answers: scale, item, group, option, right, n,
        share_low, share_middle, share_high (of each third of persons), point_biserial (with
        the other items).
    missing : {"listwise", "pairwise"}
        Which persons are behind what relates items to one another.
    moments : {1, 2, 3}
        Which skew and kurtosis.
    """

    options: pd.DataFrame
    distractors: pd.DataFrame
    missing: Deletion
    moments: MomentType

    def wide(self) -> pd.DataFrame:
        """One row per scale, item and group, one column per statistic; without those of scales."""
        keys = [name for name in ("scale", "item", "group") if name in self.table]
        items = self.table[self.table["item"] != ""]
        order = list(dict.fromkeys(items["statistic"]))
        table = items.set_index([*keys, "statistic"])["estimate"].unstack("statistic")
        rows = pd.MultiIndex.from_frame(items[keys].drop_duplicates())
        return table.reindex(rows)[order].rename_axis(columns=None).reset_index()

    def _heading(self) -> str:
        how = f"{self.missing} deletion, skew and kurtosis of type {self.moments}"
        return f"{Result._heading(self)} · {how}"


def item_analysis(
    source: Source,
    *,
    scale: str | None = None,
    by: str | None = None,
    missing: Deletion = "listwise",
    counts: str | None = None,
    moments: MomentType = 3,
) -> ItemAnalysis:
    """Describe each item, and how it goes with the other items of its scale.

    Parameters
    ----------
    source : Responses or pandas.DataFrame
        A frame has persons in rows and items in numeric columns, keyed already.
    scale : str, optional
        For responses: one scale. Left out: every scale that is made of items.
    by : str, optional
        Column of groups: figures for each group, and for all persons, ``(all)``.
    missing : {"listwise", "pairwise"}
        For what relates items to one another: persons who answered every item of the scale,
        or for each pair of items those who answered both. An item's own figures always rest
        on every answer to it.
    counts : str, optional
        For a frame of answer patterns: column with the number of persons in each row.
    moments : {1, 2, 3}
        Which skew and kurtosis: 1 is g1 and g2, 2 is that of SAS, SPSS and Excel, 3 is b1 and
        b2, psych's default.

    Returns
    -------
    ItemAnalysis
        With the caveat ``disclosure-not-applied``: small groups are shown.

    Raises
    ------
    ResponseError
        If the source, or an option, cannot be used; all problems at once.

    Notes
    -----
    ``item_rest`` is the correlation with the sum of the other items, from covariances;
    ``alpha_if_dropped`` is Cronbach's (1951) alpha of the others. ``discrimination_27`` is the
    difference in difficulty between the upper and the lower 27 % of persons by their sum on
    the items with right and wrong answers (Kelley, 1939, doi:10.1037/h0057123); persons with
    the same sum share the border evenly. The page *Item analysis* has the formulas.

    Checked against
    ---------------
    psych 2.2.9 in R 4.2.2, ``alpha`` and ``describe``, to 1e-6.

    Examples
    --------
    >>> answers = pd.DataFrame({"a1": [1, 2, 4, 5], "a2": [2, 2, 3, 5], "a3": [1, 3, 3, 4]})
    >>> found = item_analysis(answers)
    >>> found.wide()[["item", "mean", "item_rest", "alpha_if_dropped"]].round(3)
      item  mean  item_rest  alpha_if_dropped
    0   a1  3.00      0.949             0.853
    1   a2  3.00      0.868             0.897
    2   a3  2.75      0.838             0.933
    """
    if problems := list(_option_problems(missing, moments)):
        raise ResponseError(problems)
    data = list(_data(source, scale, by, counts))
    parts = [part for each in data for part in parts_of(source, each, missing, moments)]
    message = "small groups are shown; apply a Disclosure before anybody else sees this."
    caveats = [
        *data[0].caveats,
        *(caveat for part in parts for caveat in part_caveats(part)),
        Caveat(code="disclosure-not-applied", message=message),
    ]
    chosen = (("scale", scale), ("by", by), ("missing", missing), ("moments", f"type {moments}"))
    return ItemAnalysis(
        kind="item_analysis",
        table=_table((row for part in parts for row in _rows(part)), by, STATISTICS),
        options=_table((row for part in parts for row in option_rows(part)), by, OPTIONS),
        distractors=_table(
            (row for part in parts for row in distractor_rows(part)), by, DISTRACTORS
        ),
        missing=missing,
        moments=moments,
        caveats=tuple(dict.fromkeys(caveats)),
        provenance=replace(
            data[0].provenance,
            method="item_analysis",
            options=tuple((name, value) for name, value in chosen if value is not None),
        ),
    )


def _data(
    source: Source, scale: str | None, by: str | None, counts: str | None
) -> Iterator[ItemData]:
    """The items of each scale."""
    scales = scales_of(source, scale)
    if not scales:
        message = "the instrument has no scale that is made of items; pass a data frame of items."
        raise ResponseError([Problem(code="no-scale", message=message)])
    for each in scales:
        data = item_data(source, scale=each, by=by, counts=counts)
        if data.groups is not None and data.groups.eq(ALL).any():
            message = f"a group is called {ALL!r}, which digilitt uses itself."
            raise ResponseError([Problem(code="group-name", column=by or "", message=message)])
        yield data


def _option_problems(missing: object, moments: object) -> Iterator[Problem]:
    if missing not in get_args(Deletion):
        message = f"missing={missing!r} is unknown; use 'listwise' or 'pairwise'."
        yield Problem(code="wrong-value", message=message)
    if type(moments) is not int or moments not in get_args(MomentType):
        message = f"moments={moments!r} is unknown; use 1, 2 or 3."
        yield Problem(code="wrong-value", message=message)


def _table(rows: Iterable[Row], by: str | None, columns: dict[str, str]) -> pd.DataFrame:
    keys = ["scale", "item", *(["group"] if by is not None else [])]
    frame = pd.DataFrame(rows, columns=[*keys, *columns])
    return frame.astype({"scale": "str", "item": "str", **columns})


def _rows(part: ItemPart) -> Iterator[Row]:
    """One row per item and statistic, then those of the scale."""
    found, n_related = list(_statistics(part)), part.n_related
    for item, name in enumerate(part.data.items):
        for statistic, values, related in found:
            if not (statistic in KEYED_ONLY and not part.keyed[item]):
                n = n_related[item] if related else part.moments.n[item]
                n = part.data.n_persons if statistic in COUNTED else n
                told = {"statistic": statistic, "estimate": values[item], "n": int(n)}
                yield {**part.place(name), **told}
    for statistic, value in _of_scale(part):
        n = int(n_related.min())
        yield {**part.place(""), "statistic": statistic, "estimate": value, "n": n}


def _statistics(part: ItemPart) -> Iterator[tuple[str, Floats, bool]]:
    """Name, figures of all items, and whether they rest on the relations between items."""
    own, covariance = part.moments, part.related.covariance
    yield "n_answered", own.n, False
    yield "n_missing", own.n_missing, False
    for name in ("mean", "sd", "skew", "kurtosis"):
        yield name, getattr(own, name), False
    floor, ceiling = part.at_ends()
    yield "floor", floor, False
    yield "ceiling", ceiling, False
    yield "item_total", item_total(covariance), True
    yield "item_rest", item_rest(covariance), True
    yield "item_rest_smc", item_rest_smc(covariance), True
    yield "alpha_if_dropped", alpha_if_dropped(covariance), True
    if any(part.keyed):
        yield "difficulty", own.mean, False
        yield "discrimination_27", _discrimination(part), True


def _of_scale(part: ItemPart) -> Iterator[tuple[str, float]]:
    pairs = part.related.correlation[np.tril_indices(len(part.data.items), -1)]
    known = len(pairs) > 0
    yield "alpha", alpha(part.related.covariance)
    yield "inter_item_mean", float(pairs.mean()) if known else np.nan
    yield "inter_item_min", float(pairs.min()) if known else np.nan
    yield "inter_item_max", float(pairs.max()) if known else np.nan


def _discrimination(part: ItemPart) -> Floats:
    """Difference of means between the upper and the lower tail of persons, for each item."""
    ability, found = part.ability, np.full(len(part.data.items), np.nan)
    there = ~np.isnan(ability)
    weight = part.data.counts[there]
    if weight.sum() < FEWEST or part.spread == 0:
        return found
    tails = parts_of_order(ability[there], weight, [(0.0, TAIL), (1.0 - TAIL, 1.0)])
    for item in np.flatnonzero(part.keyed):
        answers = part.data.values[there, item]
        given = ~np.isnan(answers)
        persons = weight[given, None] * tails[given]
        if (persons.sum(axis=0) > 0).all():
            low, high = answers[given] @ persons / persons.sum(axis=0)
            found[item] = high - low
    return found
