"""Pictures of item analysis: items beside one another, and the answers to one item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from digilitt.errors import Problem, ResponseError
from digilitt.plots.canvas import COLOURS, MARKS, QUIET, canvas
from digilitt.result import ALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

THIRDS = ("share_low", "share_middle", "share_high")


def draw_items(
    result: Any, *, scale: str | None = None, item: str | None = None, group: object = ALL
) -> Figure:
    """Item–total plot of one scale, or the option profile of one item.

    Parameters
    ----------
    result : ItemAnalysis
    scale : str, optional
        Left out: the only one there is, or the one that the item is in.
    item : str, optional
        The item whose options are shown. Left out: all items, with their correlation with
        the rest and alpha without them.
    group : optional
        One of the groups. Left out: all persons.
    """
    table = _chosen(result.table, "group", group)
    if item is not None:
        table = _chosen(table, "item", item)
    scales = list(dict.fromkeys(table["scale"]))
    if scale is None and len(scales) > 1:
        raise _unknown("scale", "none", scales)
    scale = scales[0] if scale is None else scale
    if scale not in scales:
        raise _unknown("scale", repr(scale), scales)
    if item is None:
        return _item_total(table[table["scale"] == scale], scale, group)
    where = {"scale": scale, "item": item, "group": group}
    traces = _rows(result.distractors, where)
    if len(traces):
        return _traces(traces, _title(item, scale, group))
    return _bars(_rows(result.options, where), _title(item, scale, group))


def _chosen(table: pd.DataFrame, column: str, value: object) -> pd.DataFrame:
    if column not in table:
        if value == ALL:
            return table
        raise _unknown(column, repr(value), [])
    if not (found := table[table[column] == value]).empty:
        return found
    raise _unknown(column, repr(value), [each for each in table[column].unique() if each != ""])


def _unknown(what: str, found: str, known: Sequence[object]) -> ResponseError:
    listed = ", ".join(map(str, known)) or "none"
    message = f"{what}={found}; expected one of those in the result: {listed}."
    return ResponseError([Problem(code="not-in-result", column=what, message=message)])


def _rows(table: pd.DataFrame, where: dict[str, object]) -> pd.DataFrame:
    for column, value in where.items():
        if column in table:
            table = table[table[column] == value]
    return table


def _title(*words: object) -> str:
    return " · ".join(str(word) for word in words if word not in ("", ALL))


def _item_total(table: pd.DataFrame, scale: str, group: object) -> Figure:
    """Correlation of each item with the rest, and alpha without it beside alpha."""
    items = [name for name in dict.fromkeys(table["item"]) if name != ""]
    shown = {name: rows["estimate"].to_numpy(float) for name, rows in table.groupby("statistic")}
    alpha = float(shown["alpha"][0])
    figure, axes = canvas(2, width=8.0, height=1.4 + 0.28 * len(items), share_rows=True)
    _dots(axes[0], shown["item_rest"], "Correlation with the other items", 0)
    _dots(axes[1], shown["alpha_if_dropped"], "Alpha without the item", alpha)
    axes[0].set_yticks(range(len(items)), items)
    axes[0].invert_yaxis()
    if np.isfinite(alpha):
        axes[1].set_title(f"line: alpha of all, {alpha:.2f}", fontsize="small", color=QUIET)
    figure.suptitle(_title(scale, group) or "Items")
    return figure


def _dots(axes: Axes, values: np.ndarray, label: str, line: float) -> None:
    if np.isfinite(line):
        axes.axvline(line, color=QUIET, linewidth=1)
    axes.plot(values, np.arange(len(values)), "o", color=COLOURS[0])
    for place in np.flatnonzero(~np.isfinite(values)):
        text = {"transform": axes.get_yaxis_transform(), "color": QUIET, "va": "center"}
        axes.text(0.02, place, "not computable", fontsize="small", **text)
    axes.set_ylim(-0.5, len(values) - 0.5)
    axes.grid(axis="y", linewidth=0.4)
    axes.set_xlabel(label)


def _bars(options: pd.DataFrame, title: str) -> Figure:
    """Share of each answer, from the lowest score to the highest."""
    options = options.sort_values(["score", "option"])
    figure, (axes,) = canvas(width=6.0, height=3.6)
    names = [f"{option:g}" for option in options["option"]]
    drawn = axes.bar(range(len(names)), options["share"], color=COLOURS[0])
    axes.bar_label(drawn, labels=[f"{n}" for n in options["n"]], fontsize="small")
    axes.set_xticks(range(len(names)), names)
    axes.set_xlabel("Answer as in the data, from the lowest score to the highest")
    axes.set_ylabel("Share (number above)")
    axes.set_title(title)
    return figure


def _traces(options: pd.DataFrame, title: str) -> Figure:
    """Share of each option among the persons with the lowest, middle and highest sums."""
    figure, (axes,) = canvas(width=6.0, height=3.8)
    for place, row in enumerate(options.to_dict("records")):
        axes.plot(
            range(len(THIRDS)),
            [row[name] for name in THIRDS],
            marker=MARKS[place % len(MARKS)],
            color=COLOURS[place % len(COLOURS)],
            linewidth=3 if row["right"] else 1,
            linestyle="-" if row["right"] else "--",
            label=f"{row['option']:g}{' (right)' if row['right'] else ''}",
        )
    axes.set_xticks(range(len(THIRDS)), ["lowest third", "middle", "highest third"])
    axes.set_ylim(0, 1)
    axes.set_ylabel("Share of those who answered")
    axes.set_title(title)
    axes.legend(title="Option", frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure
