"""Loadings, thresholds, intercepts and residual variances by group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from digilitt.errors import Problem, ResponseError
from digilitt.plots.canvas import COLOURS, MARKS, QUIET, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = {
    "loadings": "Loading",
    "thresholds": "Thresholds, lowest first",
    "intercepts": "Intercept",
    "residuals": "Residual variance",
}
OPS = {"loadings": "=~", "thresholds": "|", "intercepts": "~1", "residuals": "~~"}
# Inches: between the groups of an item, between items, and for the name of a factor.
BETWEEN, AROUND, HEAD = 0.12, 0.14, 0.3
# Intervals reach this many times further than usual ones before they run out of the picture.
REACH = 6.0
# With the eight marks, shifted by one after each eight groups, 36 pairs that are all different.
SHADES = (*COLOURS, "#7fa81f", "#e08fb8", "#111111", "#f0a23c")
# Words to a line of the note, for each inch of the picture's width.
LETTERS = 15
SHARED = (
    "Factor means are 0 in every group here. A shift that all items of a factor share is a "
    "difference of the factor; look for the item that does not go with the others."
)
Pair = tuple[str, str]


def draw_parameters(
    table: pd.DataFrame,
    model: str,
    *,
    parameter: str | None,
    factor: str | None,
    items: str | Sequence[str] | None,
) -> Figure:
    """Items in rows; in each, groups below one another, with confidence intervals.

    What is fixed is hollow, and a thin line marks the first group. Where means of factors are 0 in
    all groups a note says what a shift of all items is. An interval far wider than the
    others runs out of the picture, which would else show little but that interval.
    """
    kinds, pairs = _chosen(table, parameter, factor, items)
    groups = list(dict.fromkeys(table["group"]))
    height = AROUND + BETWEEN * len(groups)
    tops, heads = _places(pairs, height)
    bottom = max(tops.values()) + height
    width = 2.6 + 3.2 * len(kinds)
    notes = [
        line for note in _notes(table, kinds, pairs) for line in wrap(note, int(LETTERS * width))
    ]
    figure, drawn = canvas(
        len(kinds), width=width, height=bottom + 1.1 + 0.17 * len(notes), share_rows=True
    )
    for axes, kind in zip(drawn, kinds, strict=True):
        part = _of_kind(table, kind, pairs)
        part = part.assign(top=[tops[pair] for pair in _pairs(part)])
        _stripes(axes, tops, height)
        _panel(axes, part, groups, height)
        axes.set_xlabel(LABELS[kind])
    drawn[0].set_ylim(bottom, 0.0)
    _names(drawn[0], tops, heads, height)
    figure.suptitle(f"{model} model", fontsize="medium")
    if len(groups) > 1:
        handles = drawn[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside right upper", frameon=False)
    if notes:
        figure.supxlabel("\n".join(notes), x=0.01, ha="left", fontsize="small", color="#555555")
    return figure


def _notes(table: pd.DataFrame, kinds: Sequence[str], pairs: Sequence[Pair]) -> Iterator[str]:
    """What a reader might take for bias and is none, and what the signs mean."""
    factors = table.loc[table["op"] == "=~", "lhs"]
    means = table[(table["op"] == "~1") & table["lhs"].isin(factors)]
    several = table["group"].nunique() > 1
    if several and {"thresholds", "intercepts"} & set(kinds) and not means["estimate"].any():
        yield SHARED
    if not all(_of_kind(table, kind, pairs)["free"].all() for kind in kinds):
        yield "Hollow: fixed."


def _chosen(
    table: pd.DataFrame,
    parameter: str | None,
    factor: str | None,
    items: str | Sequence[str] | None,
) -> tuple[list[str], list[Pair]]:
    """Kinds of parameters to be shown, and the rows: pairs of factor and item."""
    loadings = table[table["op"] == "=~"]
    pairs = list(dict.fromkeys(zip(loadings["lhs"], loadings["rhs"], strict=True)))
    there = [kind for kind in LABELS if len(_of_kind(table, kind, pairs))]
    wanted = [items] if isinstance(items, str) else items
    problems = [] if parameter is None else list(_unknown("parameter", [parameter], there))
    if factor is not None:
        problems += _unknown("factor", [factor], list(dict.fromkeys(f for f, _ in pairs)))
        pairs = [pair for pair in pairs if pair[0] == factor]
    if wanted is not None and not problems:
        problems += _unknown("items", wanted or ["none"], list(dict.fromkeys(i for _, i in pairs)))
        pairs = [pair for pair in pairs if pair[1] in wanted]
    if problems:
        raise ResponseError(problems)
    if parameter is None:
        places = "thresholds" if "thresholds" in there else "intercepts"
        kinds = [kind for kind in ("loadings", places) if kind in there]
    else:
        kinds = [parameter]
    filled = {pair for kind in kinds for pair in _pairs(_of_kind(table, kind, pairs))}
    if not filled:
        told = ", ".join(item for _, item in pairs)
        message = f"{told}: no {kinds[0]}; expected items that have some."
        raise ResponseError([Problem(code="not-in-result", column="items", message=message)])
    return kinds, [pair for pair in pairs if pair in filled]


def _unknown(what: str, found: Sequence[object], known: Sequence[str]) -> Iterator[Problem]:
    for each in found:
        if each not in known:
            listed = ", ".join(known) or "none"
            message = f"found {each!r}; expected one of those in the result: {listed}."
            yield Problem(code="not-in-result", column=what, message=message)


def _of_kind(table: pd.DataFrame, kind: str, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Rows of the table, each with the factor and the item beside which it is drawn.

    What is the item's alone stands beside the first of its factors.
    """
    rows = table[table["op"] == OPS[kind]]
    if kind == "loadings":
        rows = rows.assign(factor=rows["lhs"], item=rows["rhs"])
        return rows[[pair in pairs for pair in _pairs(rows)]]
    if kind == "residuals":
        rows = rows[rows["lhs"] == rows["rhs"]]
    factors = set(table.loc[table["op"] == "=~", "lhs"])
    first = {item: factor for factor, item in reversed(pairs) if item not in factors}
    rows = rows[rows["lhs"].isin(list(first))]
    return rows.assign(factor=rows["lhs"].map(first), item=rows["lhs"])


def _pairs(rows: pd.DataFrame) -> list[Pair]:
    return list(zip(rows["factor"], rows["item"], strict=True))


def _places(pairs: Sequence[Pair], height: float) -> tuple[dict[Pair, float], dict[str, float]]:
    """Upper edge of every row, and of the name of every factor."""
    tops, heads, at = dict[Pair, float](), dict[str, float](), 0.0
    for factor, item in pairs:
        if factor not in heads:
            heads[factor] = at
            at += HEAD
        tops[factor, item] = at
        at += height
    return tops, heads


def _names(axes: Axes, tops: dict[Pair, float], heads: dict[str, float], height: float) -> None:
    """Factors in bold, each above its items."""
    at = [top + HEAD / 2 for top in heads.values()] + [top + height / 2 for top in tops.values()]
    axes.set_yticks(at, [*heads, *(item for _, item in tops)])
    for number, label in enumerate(axes.get_yticklabels()):
        label.set(fontweight="bold" if number < len(heads) else "normal", parse_math=False)


def _stripes(axes: Axes, tops: dict[Pair, float], height: float) -> None:
    """Every other row in grey."""
    for top in list(tops.values())[::2]:
        axes.axhspan(top, top + height, color="#f1f3f4", zorder=0, linewidth=0)


def _panel(axes: Axes, part: pd.DataFrame, groups: Sequence[object], height: float) -> None:
    """Parameters of one kind, of all groups."""
    if len(groups) > 1:
        first = part[part["group"] == groups[0]]
        reach = (first["top"], first["top"] + height)
        axes.vlines(first["estimate"], *reach, color=QUIET, linewidth=0.8, zorder=1)
    for number, group in enumerate(groups):
        _group(axes, part[part["group"] == group], number, str(group))
    axes.set_xlim(*_limits(part))
    axes.locator_params(axis="x", nbins=6)
    axes.tick_params(axis="y", length=0)


def _group(axes: Axes, part: pd.DataFrame, number: int, name: str) -> None:
    """Points and intervals of one group; the points of an item joined by a line."""
    colour = SHADES[number % len(SHADES)]
    mark = MARKS[(number + number // len(MARKS)) % len(MARKS)]
    y = part["top"].to_numpy(float) + AROUND / 2 + BETWEEN * (number + 0.5)
    values, free = part["estimate"].to_numpy(float), part["free"].to_numpy(bool)
    look = {"color": colour, "zorder": 3}
    axes.hlines(y, part["conf_low"], part["conf_high"], linewidth=1.4, **look)
    for at in np.unique(y):
        axes.plot(values[y == at], y[y == at], "-", linewidth=0.5, alpha=0.6, **look)
    points = {"marker": mark, "linestyle": "none", "markersize": 5, **look}
    axes.plot(values[free], y[free], label=name, **points)
    axes.plot(values[~free], y[~free], markerfacecolor="white", **points)


def _limits(part: pd.DataFrame) -> tuple[float, float]:
    """Wide enough for all points and for all but unusually long intervals."""
    values = part["estimate"].to_numpy(float)
    half = ((part["conf_high"] - part["conf_low"]) / 2).dropna().to_numpy(float)
    longest = REACH * float(np.median(half)) if len(half) else 0.0
    # What is fixed has no interval.
    low = np.maximum(part["conf_low"].fillna(part["estimate"]).to_numpy(float), values - longest)
    high = np.minimum(part["conf_high"].fillna(part["estimate"]).to_numpy(float), values + longest)
    ends = np.concatenate([values, low, high])
    least, most = float(np.nanmin(ends)), float(np.nanmax(ends))
    room = 0.04 * (most - least) or 0.5
    return least - room, most + room
