"""Where factors, items, arrows and curves stand in a path diagram. All lengths are in inches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Pair = tuple[str, str]
Point = tuple[float, float]

BOX, ELLIPSE = 0.24, 0.5
ITEM_PITCH, FACTOR_PITCH, BLOCK_GAP = 0.31, 0.78, 0.16
# Between a column of factors and what they load on: the flatter the arrows, the easier to follow.
NEAREST, FURTHEST, FLATNESS = 1.5, 3.6, 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A factor or an item: the middle of its shape, and its size."""

    x: float
    y: float
    width: float
    height: float
    factor: bool

    def towards(self, degrees: float) -> Point:
        """Where a ray from the middle of the ellipse meets its rim."""
        angle = np.deg2rad(degrees)
        x, y = np.cos(angle) / self.width, np.sin(angle) / self.height
        reach = 0.5 / float(np.hypot(x, y))
        return self.x + reach * float(np.cos(angle)), self.y + reach * float(np.sin(angle))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Nodes by name, and the factors that stand to the right of the items."""

    nodes: dict[str, Node]
    right: frozenset[str]


def arranged(
    loadings: Mapping[Pair, float], covariances: Sequence[Pair], widths: Mapping[str, float]
) -> Layout:
    """Items in one column, factors to the left, higher factors further left.

    Factors whose items all belong to others, such as the general factor of a bifactor model, stand
    to the right, unless they correlate with a factor on the left.

    Parameters
    ----------
    loadings : mapping of (factor, item or factor) to float
        The loading, standardized: an item stands beside the factor that it loads on most.
    covariances : sequence of (str, str)
        Of factors with factors, or items with items.
    widths : mapping of str to float
        Of each shape.
    """
    factors = tuple(dict.fromkeys(factor for factor, _ in loadings))
    named = (*(to for _, to in loadings), *(name for pair in covariances for name in pair))
    items = tuple(name for name in dict.fromkeys(named) if name not in factors)
    children = {f: [to for factor, to in loadings if factor == f] for f in factors}
    level = _levels(children)
    right = _right(children, level, covariances)
    home = _homes(items, loadings, right)
    y = _item_places(items, [f for f in factors if f not in right], children, home)
    for order in range(1, max(level.values()) + 1):
        for side in (frozenset(factors) - right, right):
            column = [f for f in factors if f in side and level[f] == order]
            y |= _beside(column, children, home, y)
    return Layout(nodes=_placed(y, widths, children, level, right), right=right)


def _levels(children: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """1 for factors of items, 2 for factors of those, and so on."""
    level = dict.fromkeys(children, 1)
    for _ in children:
        for factor, below in children.items():
            level[factor] = 1 + max((level[each] for each in below if each in level), default=0)
    return level


def _right(
    children: Mapping[str, Sequence[str]], level: Mapping[str, int], covariances: Sequence[Pair]
) -> frozenset[str]:
    sets = {factor: frozenset(below) for factor, below in children.items() if level[factor] == 1}
    apart = {f for f, own in sets.items() if any(other < own for other in sets.values())}
    taken: set[str] = set()
    for factor, own in sets.items():
        if factor in apart:
            continue
        if own <= taken:
            apart.add(factor)
        taken |= own
    while tied := {
        here
        for pair in covariances
        for here, there in (pair, pair[::-1])
        if here in apart and there in children and there not in apart
    }:
        apart -= tied
    # A higher factor's arrows come from the left.
    above = {each for factor, below in children.items() if level[factor] > 1 for each in below}
    return frozenset(apart - above)


def _homes(
    items: Sequence[str], loadings: Mapping[Pair, float], right: frozenset[str]
) -> dict[str, str]:
    """The factor that an item stands beside."""
    home = {}
    for item in items:
        sizes = {f: abs(size) for (f, to), size in loadings.items() if to == item}
        if of := [factor for factor in sizes if factor not in right]:
            home[item] = max(of, key=sizes.__getitem__)
    return home


def _item_places(
    items: Sequence[str],
    factors: Sequence[str],
    children: Mapping[str, Sequence[str]],
    home: Mapping[str, str],
) -> dict[str, float]:
    """Height of every item, from the top (0) downwards, those of one factor together."""
    blocks = [[to for to in children[f] if home.get(to) == f] for f in factors]
    blocks.append([item for item in items if item not in home])
    y, top = dict[str, float](), 0.0
    for block in blocks:
        if not block:
            continue
        height = max(ITEM_PITCH * len(block) + BLOCK_GAP, FACTOR_PITCH)
        first = top - (height - ITEM_PITCH * (len(block) - 1)) / 2
        y |= {item: first - ITEM_PITCH * number for number, item in enumerate(block)}
        top -= height
    return y


def _beside(
    column: Sequence[str],
    children: Mapping[str, Sequence[str]],
    home: Mapping[str, str],
    y: Mapping[str, float],
) -> dict[str, float]:
    """Height of the factors of a column: beside what is theirs, and none upon another."""
    wanted = {}
    for factor in column:
        own = [each for each in children[factor] if home.get(each) == factor]
        wanted[factor] = float(np.mean([y[each] for each in own or children[factor] if each in y]))
    order = sorted(column, key=lambda factor: -wanted[factor])
    places = np.array([wanted[factor] for factor in order])
    pushed = places.copy()
    for number in range(1, len(pushed)):
        pushed[number] = min(pushed[number], pushed[number - 1] - FACTOR_PITCH)
    if len(pushed):
        pushed += float((places - pushed).mean())
    return dict(zip(order, pushed.tolist(), strict=True))


def _placed(
    y: Mapping[str, float],
    widths: Mapping[str, float],
    children: Mapping[str, Sequence[str]],
    level: Mapping[str, int],
    right: frozenset[str],
) -> dict[str, Node]:
    """Columns as far from one another as the steepest arrow between them asks for."""
    box = max((widths[name] for name in y if name not in level), default=0.0)
    nodes = {
        name: Node(x=0.0, y=at, width=box, height=BOX, factor=False)
        for name, at in y.items()
        if name not in level
    }
    for side, sign in ((frozenset(level) - right, -1.0), (right, 1.0)):
        edge = box / 2
        for order in range(1, max(level.values()) + 1):
            column = [factor for factor in level if factor in side and level[factor] == order]
            if not column:
                continue
            wide = max(widths[factor] for factor in column)
            steps = [abs(y[f] - y[to]) for f in column for to in children[f] if to in y]
            gap = float(np.clip(FLATNESS * max(steps, default=0.0), NEAREST, FURTHEST))
            middle = sign * (edge + gap + wide / 2)
            nodes |= {
                f: Node(x=middle, y=y[f], width=wide, height=ELLIPSE, factor=True) for f in column
            }
            edge += gap + wide
    return nodes


def arrow(layout: Layout, start: str, end: str) -> tuple[Point, Point]:
    """From the rim of a factor to the side of what it loads on."""
    one, other = layout.nodes[start], layout.nodes[end]
    sign = 1.0 if one.x <= other.x else -1.0
    tip = (other.x - sign * other.width / 2, other.y)
    away = np.rad2deg(np.arctan2(tip[1] - one.y, tip[0] - one.x))
    return one.towards(float(away)), tip


def curves(layout: Layout, pairs: Iterable[Pair]) -> dict[Pair, tuple[Point, Point, Point, Point]]:
    """Points of a Bézier curve for each pair, on the outer side of their column.

    The further apart two stand in their column, the further out goes their curve, so the figures
    written at its middle stay clear of one another.
    """
    nodes = layout.nodes
    order: dict[str, int] = {}
    for kind in (True, False):
        column = [name for name, node in nodes.items() if node.factor == kind]
        for side in (layout.right, frozenset(nodes) - layout.right):
            standing = sorted((n for n in column if n in side), key=lambda name: -nodes[name].y)
            order |= {name: number for number, name in enumerate(standing)}
    found = {}
    for pair in pairs:
        above, below = sorted(pair, key=lambda name: -nodes[name].y)
        one, other = nodes[above], nodes[below]
        if one.factor != other.factor:
            found[pair] = _straight(one, other)
            continue
        apart = max(abs(order[above] - order[below]), 1)
        sign = 1.0 if not one.factor or above in layout.right else -1.0
        found[pair] = _bent(one, other, apart, sign)
    return found


def _straight(one: Node, other: Node) -> tuple[Point, Point, Point, Point]:
    sign = 1.0 if one.x <= other.x else -1.0
    first = np.array([one.x + sign * one.width / 2, one.y])
    last = np.array([other.x - sign * other.width / 2, other.y])
    points = (first + share * (last - first) for share in (0.0, 1 / 3, 2 / 3, 1.0))
    start, near, far, end = ((float(x), float(y)) for x, y in points)
    return start, near, far, end


def _bent(one: Node, other: Node, apart: int, sign: float) -> tuple[Point, Point, Point, Point]:
    if one.factor:
        # Curves to what is near leave the ellipse nearest to it, so that none cross there.
        turn = 12.0 + 45.0 / apart
        base = 0.0 if sign > 0 else 180.0
        first = one.towards(base - sign * turn)
        last = other.towards(base + sign * turn)
        bulge = 0.34 + 0.42 * (apart - 1)
    else:
        first = (one.x + one.width / 2, one.y - BOX / 5)
        last = (other.x + other.width / 2, other.y + BOX / 5)
        bulge = min(0.3 + 0.17 * (apart - 1), 2.5)
    outer = max(sign * first[0], sign * last[0]) + bulge / 0.75
    return first, (sign * outer, first[1]), (sign * outer, last[1]), last


def along(points: tuple[Point, Point, Point, Point], share: float) -> Point:
    """The point of a Bézier curve so far along."""
    weights = np.array(
        [
            (1 - share) ** 3,
            3 * share * (1 - share) ** 2,
            3 * share**2 * (1 - share),
            share**3,
        ]
    )
    x, y = weights @ np.array(points)
    return float(x), float(y)
