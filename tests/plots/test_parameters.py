"""Parameters by group: points and intervals are those of the model."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from digilitt.errors import ResponseError
from digilitt.evidence.invariance import invariance
from digilitt.plots.draw import plot
from digilitt.plots.parameters import draw_parameters
from tests.plots.shown import cut_off
from tests.reference.cases import dataset

mpl.use("agg")

MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
SCHOOLS = dataset("holzinger", group=True)
FOUND = invariance(SCHOOLS, by="group", model=MODEL, estimator="ml")
ANSWERS = dataset("bfi", group=True)[["A1", "A2", "A3", "A4", "A5", "group"]]
ORDINAL = invariance(ANSWERS, by="group")
NINE = [
    "Malmö", "Åre", "Älmhult", "Örnsköldsvik", "Upplands Väsby", "Håbo", "Växjö", "Lund", "Eda"
]  # fmt: skip


def points(axes: mpl.axes.Axes, group: str) -> np.ndarray:
    (line,) = [line for line in axes.lines if line.get_label() == group]
    return np.asarray(line.get_xdata())


@pytest.mark.parametrize(
    ("model", "parameter", "op"),
    [
        ("configural", "loadings", "=~"),
        ("metric", "intercepts", "~1"),
        ("scalar", "residuals", "~~"),
    ],
)
def test_points_and_intervals_are_those_of_the_model(model, parameter, op):
    (axes,) = plot(FOUND, show="parameters", model=model, parameter=parameter).axes
    table = FOUND.solution(model).table
    rows = table[(table["op"] == op) & table["free"]]
    if op != "=~":
        rows = rows[rows["lhs"].str.startswith("x") & rows["rhs"].isin(["", *rows["lhs"]])]
    for group in ("Pasteur", "Grant-White"):
        own = rows[rows["group"] == group]
        assert len(own) == 6
        np.testing.assert_array_equal(points(axes, group), own["estimate"])
    drawn = [path.vertices[:, 0] for each in axes.collections for path in each.get_paths()]
    spans = {(low, high) for low, high in drawn if low != high}
    assert spans == set(zip(rows["conf_low"], rows["conf_high"], strict=True))
    assert axes.figure.get_suptitle() == f"{model} model"


def test_left_out_it_is_the_first_model_with_loadings_and_where_items_start():
    figure = plot(FOUND, show="parameters")
    assert [axes.get_xlabel() for axes in figure.axes] == ["Loading", "Intercept"]
    assert figure.get_suptitle() == "configural model"
    labels = plot(ORDINAL, show="parameters").axes
    assert [axes.get_xlabel() for axes in labels] == ["Loading", "Thresholds, lowest first"]


def test_items_stand_below_their_factor():
    axes = plot(FOUND, show="parameters").axes[0]
    labels = sorted(
        zip(axes.get_yticks(), (each.get_text() for each in axes.get_yticklabels()), strict=True)
    )
    assert [name for _, name in labels] == ["visual", "x1", "x2", "x3", "textual", "x4", "x5", "x6"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    bold = [each.get_text() for each in axes.get_yticklabels() if each.get_fontweight() == "bold"]
    assert bold == ["visual", "textual"]


def test_thresholds_of_an_item_stand_in_one_line():
    (axes,) = plot(ORDINAL, show="parameters", parameter="thresholds", items="A3").axes
    table = ORDINAL.solution("configural").table
    for group in ("male", "female"):
        where = (table["lhs"] == "A3") & (table["op"] == "|") & (table["group"] == group)
        np.testing.assert_array_equal(points(axes, group), table.loc[where, "estimate"])
        (line,) = [line for line in axes.lines if line.get_label() == group]
        assert len(set(line.get_ydata())) == 1


def test_what_is_fixed_is_hollow_and_has_no_interval():
    (axes,) = plot(ORDINAL, show="parameters", parameter="intercepts").axes
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [len(line.get_xdata()) for line in hollow] == [5, 5]
    assert [len(points(axes, group)) for group in ("male", "female")] == [0, 0]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"factor": "textual"}, ["textual", "x4", "x5", "x6"]),
        ({"items": "x2"}, ["visual", "x2"]),
        ({"items": ["x5", "x1"]}, ["visual", "x1", "textual", "x5"]),
        ({"factor": "visual", "items": ("x3",)}, ["visual", "x3"]),
    ],
)
def test_some_items_are_chosen(options, names):
    axes = plot(FOUND, show="parameters", **options).axes[0]
    assert sorted(label.get_text() for label in axes.get_yticklabels()) == sorted(names)


def test_what_is_an_items_alone_is_drawn_once():
    model = f"{MODEL}\nspeed =~ x7 + x8 + x9 + x2"
    found = invariance(SCHOOLS, by="group", model=model, estimator="ml")
    loading, intercept = plot(found, show="parameters").axes
    assert len(points(loading, "Pasteur")) == 10
    assert len(points(intercept, "Pasteur")) == 9
    (alone,) = plot(found, show="parameters", parameter="intercepts", factor="speed").axes
    assert len(points(alone, "Pasteur")) == 4


def test_nine_groups_are_told_apart_and_nothing_is_cut_off():
    frame = ANSWERS.assign(group=[NINE[number % 9] for number in range(len(ANSWERS))])
    found = invariance(frame, by="group", estimator="ml")
    figure = plot(found, show="parameters")
    lines = [line for line in figure.axes[0].lines if line.get_label() in NINE]
    looks = {(line.get_color(), line.get_marker()) for line in lines}
    assert len(lines) == len(looks) == 9
    assert {text.get_text() for text in figure.legends[0].get_texts()} == set(NINE)
    assert len({y for line in lines for y in line.get_ydata()}) == 9 * 5
    assert cut_off(figure) == []


def test_one_very_long_interval_does_not_squeeze_the_others():
    table = FOUND.solution("configural").table
    plain = draw_parameters(table, "", parameter="loadings", factor=None, items=None)
    table.loc[0, ["conf_low", "conf_high"]] = [-500.0, 500.0]
    long = draw_parameters(table, "", parameter="loadings", factor=None, items=None)
    widths = [np.ptp(figure.axes[0].get_xlim()) for figure in (plain, long)]
    assert widths[1] < 5 * widths[0]
    low, high = long.axes[0].get_xlim()
    loadings = table.loc[table["op"] == "=~", "estimate"]
    assert low < loadings.min() < loadings.max() < high


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"parameter": "thresholds"}, "found 'thresholds'; .*: loadings, intercepts, residuals"),
        ({"factor": "speed"}, "found 'speed'; expected one of .*: visual, textual"),
        ({"items": ["x1", "x7"]}, "found 'x7'; expected one of .*: x1, x2, x3, x4, x5, x6"),
        ({"items": []}, "found 'none'"),
        ({"factor": "visual", "items": "x4"}, "found 'x4'; expected one of .*: x1, x2, x3"),
    ],
)
def test_mistakes_are_errors(options, match):
    with pytest.raises(ResponseError, match=match):
        plot(FOUND, show="parameters", **options)


def test_factors_of_factors_have_loadings_only():
    model = f"{MODEL}\nspeed =~ x7 + x8 + x9\ng =~ visual + textual + speed"
    found = invariance(SCHOOLS, by="group", model=model, estimator="ml")
    (axes,) = plot(found, show="parameters", parameter="loadings", factor="g").axes
    assert len(points(axes, "Pasteur")) == 3
    with pytest.raises(ResponseError, match="visual, textual, speed: no intercepts"):
        plot(found, show="parameters", parameter="intercepts", factor="g")


def test_the_ninth_group_has_neither_colour_nor_mark_of_the_first():
    table = FOUND.solution("configural").table
    own = table[table["group"] == "Pasteur"]
    copies = [own.assign(group=f"place {number:02}") for number in range(36)]
    figure = draw_parameters(
        pd.concat(copies, ignore_index=True), "", parameter="loadings", factor=None, items="x1"
    )
    lines = [each for each in figure.axes[0].lines if each.get_label().startswith("place")]
    looks = [(line.get_color(), line.get_marker()) for line in lines]
    assert looks[0][0] != looks[8][0]
    assert looks[0][1] != looks[8][1]
    assert len(set(looks)) == 36
    assert len({colour for colour, _ in looks[:12]}) == 12


@pytest.mark.parametrize(
    ("found", "model", "parameter", "shared", "hollow"),
    [
        (FOUND, "configural", None, True, False),
        (FOUND, "metric", "intercepts", True, False),
        (FOUND, "metric", "loadings", False, False),
        (FOUND, "scalar", "intercepts", False, False),
        (ORDINAL, "metric", "intercepts", True, True),
        (ORDINAL, "configural", "thresholds", True, False),
        (ORDINAL, "scalar", "intercepts", False, True),
    ],
)
def test_a_note_says_what_a_shift_of_all_items_is(found, model, parameter, shared, hollow):
    figure = plot(found, show="parameters", model=model, parameter=parameter)
    told = figure.get_supxlabel().replace("\n", " ")
    assert ("Factor means are 0 in every group here." in told) == shared
    assert ("look for the item that does not go with the others" in told) == shared
    assert told.endswith("Hollow: fixed.") == hollow
    assert figure.get_supxlabel() not in cut_off(figure)


def test_what_is_fixed_takes_no_room_for_an_interval():
    (axes,) = plot(ORDINAL, show="parameters", model="metric", parameter="intercepts").axes
    table = ORDINAL.solution("metric").table
    rows = table[(table["op"] == "~1") & table["lhs"].isin(ANSWERS.columns)]
    low, high = min(0.0, rows["conf_low"].min()), max(0.0, rows["conf_high"].max())
    room = 0.04 * (high - low)
    assert axes.get_xlim() == pytest.approx((low - room, high + room))
