"""The path diagram shows the numbers of the model, and nothing stands upon another."""

from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.patches import Ellipse, FancyArrowPatch, Rectangle

from digilitt.errors import ResponseError
from digilitt.evidence.cfa import cfa
from digilitt.plots.draw import plot
from digilitt.plots.path_layout import Layout, arranged, arrow, curves
from digilitt.result import Provenance, Result
from tests.plots.shown import cut_off
from tests.reference.cases import dataset

mpl.use("agg")

MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
HOLZINGER = dataset("holzinger", group=True)
FOUND = cfa(HOLZINGER.drop(columns="group"), MODEL, estimator="ml")
GROUPS = cfa(HOLZINGER, MODEL, estimator="ml", group="group")


def result(loadings: dict[str, list[str]], covariances: dict[tuple[str, str], float]) -> Result:
    """A solution in which loadings are 0.5, 0.51 and so on."""
    pairs = [(factor, to) for factor, below in loadings.items() for to in below]
    rows = [(*pair, "=~", 0.5 + number / 100) for number, pair in enumerate(pairs)]
    rows += [(*pair, "~~", value) for pair, value in covariances.items()]
    table = pd.DataFrame(rows, columns=["lhs", "rhs", "op", "estimate"])
    table = table.assign(group="", free=True, standardized=table["estimate"])
    return Result(kind="cfa", table=table, provenance=Provenance())


def texts(figure: mpl.figure.Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def numbers(rows: pd.DataFrame, column: str) -> list[str]:
    return [f"{value:.2f}".replace("-", "\u2212") for value in rows[column]]


@pytest.mark.parametrize("standardized", [True, False])
def test_numbers_are_those_of_the_solution(standardized):
    figure = plot(FOUND, standardized=standardized)
    column = "standardized" if standardized else "estimate"
    rows = FOUND.table[FOUND.table["op"].isin(["=~", "~~"])]
    factors = rows["lhs"].isin(["visual", "textual", "speed"])
    own = rows["lhs"] == rows["rhs"]
    expected = numbers(rows[~(own & factors)] if standardized else rows, column)
    found = texts(figure)
    assert sorted(text for text in found if text[-3:-2] == ".") == sorted(expected)
    assert {*FOUND.loadings.index, *FOUND.loadings.columns} <= set(found)
    patches = figure.axes[0].patches
    kinds = [sum(type(patch) is kind for patch in patches) for kind in (Ellipse, Rectangle)]
    assert kinds == [3, 9]
    assert sum(isinstance(patch, FancyArrowPatch) for patch in patches) == 9 + 3


def test_one_of_several_groups_is_shown():
    found = texts(plot(GROUPS, group="Grant-White"))
    rows = GROUPS.table[(GROUPS.table["group"] == "Grant-White") & (GROUPS.table["op"] == "=~")]
    assert set(numbers(rows, "standardized")) <= set(found)
    assert "Grant-White" in found


def test_a_long_name_of_a_group_widens_the_picture():
    found = result({"f": ["a", "b"]}, {})
    name = "Utbildningsförvaltningen i Upplands Väsby, årskurs 9, våren 2024"
    figure = plot(Result(kind="cfa", table=found.table.assign(group=name), provenance=Provenance()))
    assert name in texts(figure)
    assert cut_off(figure) == []


def test_wider_the_larger_and_dashed_below_0():
    turned = result({"f": ["a", "b", "c"]}, {("a", "b"): -0.4})
    arrows = [p for p in plot(turned).axes[0].patches if isinstance(p, FancyArrowPatch)]
    widths = [patch.get_linewidth() for patch in arrows[:3]]
    assert widths == sorted(widths)
    assert widths[0] < widths[2]
    assert [patch.get_linestyle() == "-" for patch in arrows] == [True, True, True, False]
    assert "Dashed: below 0." in texts(plot(turned))[-2]


def test_what_is_fixed_at_0_is_no_curve():
    found = cfa(HOLZINGER.drop(columns="group"), MODEL, estimator="ml", orthogonal=True)
    arrows = [p for p in plot(found).axes[0].patches if isinstance(p, FancyArrowPatch)]
    assert len(arrows) == 9


def test_higher_factors_stand_further_from_the_items():
    layout = arranged(
        {("g", "f"): 0.5, ("f", "a"): 0.5, ("f", "b"): 0.5}, [], dict.fromkeys("gfab", 1.0)
    )
    assert layout.nodes["g"].x < layout.nodes["f"].x < layout.nodes["a"].x
    assert layout.nodes["g"].y == layout.nodes["f"].y


def test_a_general_factor_and_one_without_items_of_its_own_stand_on_the_other_side():
    specific = {("s", "a"): 0.5, ("s", "b"): 0.5, ("t", "c"): 0.5, ("t", "d"): 0.5}
    general = {("g", item): 0.4 for item in "abcd"}
    negative = {("n", "a"): 0.9, ("n", "d"): 0.9}
    widths = dict.fromkeys("stgnabcd", 1.0)
    assert arranged(general | specific, [], widths).right == {"g"}
    assert arranged(specific | negative, [("s", "t")], widths).right == {"n"}
    assert arranged(specific | negative, [("n", "t")], widths).right == set()


def test_an_item_of_two_factors_stands_beside_the_one_it_loads_on_most():
    loadings = {
        ("s", "a"): 0.5,
        ("s", "b"): -0.2,
        ("t", "b"): 0.6,
        ("t", "c"): 0.6,
        ("t", "d"): 0.6,
    }
    nodes = arranged(loadings, [], dict.fromkeys("stabcd", 1.0)).nodes
    assert sorted("abcd", key=lambda item: -nodes[item].y) == list("abcd")
    assert nodes["t"].y == pytest.approx(np.mean([nodes[item].y for item in "bcd"]))
    assert nodes["s"].y == pytest.approx(nodes["a"].y)


def overlapping(layout: Layout) -> list[tuple[str, str]]:
    return [
        (one, other)
        for (one, a), (other, b) in combinations(layout.nodes.items(), 2)
        if abs(a.x - b.x) < (a.width + b.width) / 2 and abs(a.y - b.y) < (a.height + b.height) / 2
    ]


@st.composite
def structures(draw: st.DrawFn) -> tuple[dict[tuple[str, str], float], list[tuple[str, str]]]:
    """Items on one to three factors each, factors of factors, correlations of all kinds."""
    n_factors = draw(st.integers(1, 6))
    factors = [f"f{number}" for number in range(n_factors)]
    loadings = {}
    for number in range(draw(st.integers(n_factors, 25))):
        for factor in draw(st.lists(st.sampled_from(factors), min_size=1, max_size=3, unique=True)):
            loadings[factor, f"i{number}"] = draw(st.floats(-1, 1))
    measured = list(dict.fromkeys(factor for factor, _ in loadings))
    for factor in draw(st.lists(st.sampled_from(measured), unique=True)):
        loadings["g", factor] = 0.5
    names = sorted({name for pair in loadings for name in pair})
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=8))
    return loadings, [pair for pair in dict.fromkeys(pairs) if pair[0] != pair[1]]


@given(structures())
def test_nothing_stands_upon_another(drawn):
    loadings, covariances = drawn
    names = {name for pair in (*loadings, *covariances) for name in pair}
    layout = arranged(loadings, covariances, dict.fromkeys(names, 1.2))
    assert set(layout.nodes) == names
    assert overlapping(layout) == []
    ends = [point for pair in loadings for point in arrow(layout, *pair)]
    ends += [point for points in curves(layout, covariances).values() for point in points]
    assert np.isfinite(np.array(ends)).all()


def test_what_is_cut_off_is_found():
    figure = plot(FOUND)
    figure.text(0.9, 0.5, "far too long for the page")
    assert cut_off(figure) == ["far too long for the page"]


def test_nothing_is_cut_off_with_25_items_and_5_factors():
    letters = "ABCDE"
    loadings = {f"Områdeskunskap {c}": [f"fråga_{c}$1$_{n}_åäö" for n in range(5)] for c in letters}
    items = [item for below in loadings.values() for item in below]
    correlations = dict.fromkeys(combinations(loadings, 2), 0.3)
    figure = plot(result(loadings, correlations | {(items[0], items[24]): -0.2}))
    assert cut_off(figure) == []
    assert set(items) <= set(texts(figure))


@pytest.mark.parametrize(
    ("found", "options", "match"),
    [
        (
            GROUPS,
            {},
            "there are 2 groups; name one: group=.Pasteur.\\. They are Pasteur, Grant-White",
        ),
        (GROUPS, {"group": "Lund"}, "group='Lund'"),
        (FOUND, {"group": "Pasteur"}, "group='Pasteur'; expected one of .*none"),
        (FOUND, {"standardized": "no"}, "found 'no'; expected True or False"),
        (result({}, {("a", "b"): 0.5}), {}, "no loadings"),
    ],
)
def test_mistakes_are_errors(found, options, match):
    with pytest.raises(ResponseError, match=match):
        plot(found, **options)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ResponseError) as caught:
        plot(GROUPS, group="Lund", standardized=2)
    assert [problem.column for problem in caught.value.problems] == ["standardized", "group"]
