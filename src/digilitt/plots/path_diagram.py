"""Path diagram of a factor model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from digilitt.errors import Problem, ResponseError
from digilitt.plots.canvas import COLOURS, QUIET, canvas
from digilitt.plots.path_layout import Layout, Pair, Point, along, arranged, arrow, curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE, NAME, NUMBER, CAPTION = 10.0, 8.5, 7.5, 7.5
MARGIN, LINE = 0.22, 0.15
# Groups that a message lists.
NAMED = 12
# Figures stand this far along their arrow; those of an item's further factors, and those beside
# curves between items, stand nearer the factor.
FIRST, FURTHER = 0.74, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """Numbers to be written, and their standardized sizes; by (lhs, rhs)."""

    written: dict[Pair, str]
    size: dict[Pair, float]
    loadings: tuple[Pair, ...]
    covariances: tuple[Pair, ...]
    variances: dict[str, str]


def draw_path(result: Any, *, group: object = None, standardized: bool = True) -> Figure:
    """Factors as ellipses, items as boxes, loadings as arrows, correlations as curves.

    Parameters
    ----------
    result : CfaSolution
    group : optional
        One of the groups. Left out: the only one there is.
    standardized : bool
        Whether the numbers are standardized. The width of arrows and curves always is.
    """
    rows = _rows(result.table, group, standardized)
    shown = _diagram(rows, standardized)
    factors = {factor for factor, _ in shown.loadings}
    widths = {name: _width(name, shown, factors) for pair in shown.written for name in pair}
    sizes = {pair: shown.size[pair] for pair in shown.loadings}
    layout = arranged(sizes, shown.covariances, widths)
    bent = curves(layout, shown.covariances)
    low, high = _bounds(layout, [along(points, 0.5) for points in bent.values()])
    title = str(rows["group"].iloc[0])
    high = (max(high[0], low[0] + 0.3 + 1.1 * _text_width(title, TITLE)), high[1])
    caption = _caption(shown, factors, standardized, high[0] - low[0])
    low = (low[0], low[1] - LINE * (len(caption) + 1))
    high = (high[0], high[1] + (0.3 if title else 0.0))
    figure, (axes,) = canvas(width=high[0] - low[0], height=high[1] - low[1])
    figure.get_layout_engine().set(w_pad=0, h_pad=0)
    axes.set_axis_off()
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    for pair in shown.loadings:
        _arrow(axes, layout, shown, pair)
    for pair, points in bent.items():
        _curve(axes, points, shown.written[pair], shown.size[pair])
    for name in layout.nodes:
        _shape(axes, layout, name, shown.variances.get(name, ""))
    words = {"parse_math": False, "va": "bottom"}
    axes.text(
        low[0] + 0.1, low[1] + 0.08, "\n".join(caption), fontsize=CAPTION, color=QUIET, **words
    )
    axes.text(low[0] + 0.1, high[1] - 0.28, title, fontsize=TITLE, weight="bold", **words)
    return figure


def _rows(table: pd.DataFrame, group: object, standardized: bool) -> pd.DataFrame:
    """Rows of one group; what is fixed at 0 is no arrow."""
    groups = list(table["group"].unique())
    problems = []
    if not isinstance(standardized, bool | np.bool_):
        message = f"found {standardized!r}; expected True or False."
        problems.append(Problem(code="wrong-value", column="standardized", message=message))
    if group is None and len(groups) == 1:
        group = groups[0]
    if group is None and len(groups) > 1:
        message = f"there are {len(groups)} groups; name one: group={groups[0]!r}."
        if len(groups) <= NAMED:
            message += f" They are {', '.join(groups)}."
        problems.append(Problem(code="not-in-result", column="group", message=message))
    elif group not in groups:
        found = "none" if group is None else repr(group)
        listed = ", ".join(filter(None, groups)) or "none"
        message = f"group={found}; expected one of those in the result: {listed}."
        problems.append(Problem(code="not-in-result", column="group", message=message))
    rows = table[(table["group"] == group) & table["op"].isin(["=~", "~~"])]
    if not problems and not (rows["op"] == "=~").any():
        message = "the model has no loadings; expected at least one factor with an item."
        problems.append(Problem(code="not-in-result", column="=~", message=message))
    if problems:
        raise ResponseError(problems)
    return rows[rows["free"] | (rows["estimate"] != 0.0)]


def _diagram(rows: pd.DataFrame, standardized: bool) -> Diagram:
    value = "standardized" if standardized else "estimate"
    pairs = list(zip(rows["lhs"], rows["rhs"], strict=True))
    written = {pair: _number(each) for pair, each in zip(pairs, rows[value], strict=True)}
    size = dict(zip(pairs, rows["standardized"], strict=True))
    kinds = dict(zip(pairs, rows["op"], strict=True))
    loadings = tuple(pair for pair in pairs if kinds[pair] == "=~")
    below = {to for _, to in loadings}
    own = {lhs: text for (lhs, rhs), text in written.items() if lhs == rhs}
    # The standardized variance of a factor that nothing loads on is always 1.
    variances = {name: text for name, text in own.items() if name in below or not standardized}
    return Diagram(
        written=written,
        size=size,
        loadings=loadings,
        covariances=tuple(p for p in pairs if kinds[p] == "~~" and p[0] != p[1]),
        variances=variances,
    )


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")


def _width(name: str, shown: Diagram, factors: set[str]) -> float:
    """Of an ellipse or a box: its name and, in a box, the residual variance."""
    text = _text_width(name, NAME)
    if name in factors:
        return max(text + 0.46, 0.95)
    return max(text + (0.64 if name in shown.variances else 0.26), 0.6)


def _text_width(text: str, size: float) -> float:
    """In inches."""
    from matplotlib.textpath import TextPath

    plain = text.replace("$", "S").strip() or "x"
    return float(TextPath((0, 0), plain, size=size).get_extents().width) / 72


def _bounds(layout: Layout, middles: list[Point]) -> tuple[Point, Point]:
    nodes = layout.nodes.values()
    x = [node.x + sign * node.width / 2 for node in nodes for sign in (-1, 1)]
    y = [node.y + sign * node.height / 2 for node in nodes for sign in (-1, 1)]
    x += [middle + sign * 0.2 for middle, _ in middles for sign in (-1, 1)]
    return (min(x) - MARGIN, min(y) - MARGIN), (max(x) + MARGIN, max(y) + MARGIN)


def _caption(shown: Diagram, factors: set[str], standardized: bool, width: float) -> list[str]:
    """What the signs mean, of those that are there."""
    from textwrap import wrap

    told = ["Arrows: loadings, standardized; the wider, the larger."]
    if not standardized:
        told = ["Arrows: loadings, not standardized; the wider, the larger when standardized."]
    if shown.covariances:
        told.append(f"Curves: {'correlations' if standardized else 'covariances'}.")
    if set(shown.variances) - factors:
        told.append("In boxes, small: residual variances.")
    if own := set(shown.variances) & factors:
        left = own & {to for _, to in shown.loadings}
        what = "residual variance" if left == own else "variance or residual variance"
        told.append(f"In ellipses, small: {what}.")
    if any(shown.size[pair] < 0 for pair in (*shown.loadings, *shown.covariances)):
        told.append("Dashed: below 0.")
    return wrap(" ".join(told), max(30, int(width / 0.062)))


def _look(size: float) -> dict[str, object]:
    """Wider and darker the larger; dashed below 0."""
    share = min(abs(size), 1.0) if np.isfinite(size) else 0.0
    return {
        "linewidth": 0.5 + 2.0 * share,
        "color": COLOURS[1] if size < 0 else COLOURS[0],
        "alpha": 0.45 + 0.55 * share,
        "linestyle": (0, (4, 2)) if size < 0 else "-",
    }


def _arrow(axes: Axes, layout: Layout, shown: Diagram, pair: Pair) -> None:
    from matplotlib.patches import FancyArrowPatch

    start, end = arrow(layout, *pair)
    heads = {"arrowstyle": "-|>", "mutation_scale": 8, "shrinkA": 0, "shrinkB": 0, "zorder": 1}
    axes.add_patch(FancyArrowPatch(start, end, **heads, **_look(shown.size[pair])))
    share = _share(layout, shown, pair)
    place = (
        start[0] + share * (end[0] - start[0]),
        start[1] + share * (end[1] - start[1]),
    )
    _label(axes, place, shown.written[pair])


def _share(layout: Layout, shown: Diagram, pair: Pair) -> float:
    """How far along an arrow its figure stands, so that figures keep clear of one another."""
    factor, item = pair
    right = factor in layout.right
    same_side = [f for f, to in shown.loadings if to == item and (f in layout.right) == right]
    near = max(same_side, key=lambda f: abs(shown.size[f, item]))
    crowded = right and any(not layout.nodes[name].factor for name, _ in shown.covariances)
    return FIRST if factor == near and not crowded else FURTHER


def _curve(axes: Axes, points: tuple[Point, Point, Point, Point], text: str, size: float) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    path = Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    heads = {"arrowstyle": "<|-|>", "mutation_scale": 6, "zorder": 1}
    axes.add_patch(FancyArrowPatch(path=path, **heads, **_look(size)))
    _label(axes, along(points, 0.5), text)


def _label(axes: Axes, place: Point, text: str) -> None:
    box = {"boxstyle": "square,pad=0.12", "facecolor": "white", "edgecolor": "none"}
    axes.text(*place, text, fontsize=NUMBER, ha="center", va="center", bbox=box, zorder=3)


def _shape(axes: Axes, layout: Layout, name: str, small: str) -> None:
    from matplotlib.patches import Ellipse, Rectangle

    node = layout.nodes[name]
    words = {"va": "center", "zorder": 5, "parse_math": False}
    look = {"facecolor": "white", "edgecolor": "black", "linewidth": 0.9, "zorder": 4}
    if node.factor:
        axes.add_patch(Ellipse((node.x, node.y), node.width, node.height, **look))
        lift = 0.07 if small else 0.0
        axes.text(node.x, node.y + lift, name, fontsize=NAME, weight="bold", ha="center", **words)
        axes.text(node.x, node.y - 0.1, small, fontsize=NUMBER - 1, ha="center", **words)
        return
    left, right = node.x - node.width / 2, node.x + node.width / 2
    axes.add_patch(Rectangle((left, node.y - node.height / 2), node.width, node.height, **look))
    axes.text(left + 0.1, node.y, name, fontsize=NAME, ha="left", **words)
    axes.text(
        right - 0.07, node.y, small, fontsize=NUMBER - 1, ha="right", color="#555555", **words
    )
