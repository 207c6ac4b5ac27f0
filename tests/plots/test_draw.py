"""Pictures: what they show is what the result holds."""

from __future__ import annotations

import sys
from dataclasses import replace
from inspect import signature
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from digilitt.define.catalogue import instrument
from digilitt.errors import MissingExtraError, ResponseError
from digilitt.evidence.items import item_analysis
from digilitt.plots.draw import PICTURES, plot
from digilitt.scoring.simulation import simulate

mpl.use("agg")

FRAME = pd.DataFrame(
    {
        "a1": [1, 2, 4, 5, 3],
        "a2": [2, 2, 3, 5, 3],
        "a3": [1, 3, 3, 4, 2],
        "same": [2, 2, 2, 2, 2],
        "place": list("AABBB"),
    }
)
RESULT = item_analysis(FRAME, by="place")
QUIZ = item_analysis(simulate(instrument("digital-safety-quiz"), n=80, rng=1).responses)
CORE = item_analysis(simulate(instrument("digilitt-core"), n=40, rng=1).responses)


def test_item_total_plot_shows_the_figures() -> None:
    figure = plot(RESULT)
    rest, alpha = figure.axes
    wide = RESULT.wide()
    wide = wide[wide["group"] == "(all)"]
    for axes, statistic in ((rest, "item_rest"), (alpha, "alpha_if_dropped")):
        dots = axes.lines[-1].get_xdata()
        np.testing.assert_array_equal(dots, wide[statistic])
    assert [label.get_text() for label in rest.get_yticklabels()] == ["a1", "a2", "a3", "same"]
    assert [text.get_text() for text in rest.texts] == ["not computable"]


def test_option_profile_shows_the_shares() -> None:
    (axes,) = plot(RESULT, item="a1", group="B").axes
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([1 / 3] * 3)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["3", "4", "5"]
    assert axes.get_title() == "a1 · B"


def test_reversed_options_stand_by_their_score() -> None:
    options = CORE.options.groupby(["scale", "item"], sort=False)
    scale, item = next(key for key, rows in options if (rows["option"] != rows["score"]).any())
    (axes,) = plot(CORE, item=item, scale=scale).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["5", "4", "3", "2", "1"]


def test_options_of_a_knowledge_item_are_traced_by_third() -> None:
    (axes,) = plot(QUIZ, item="s01").axes
    rows = QUIZ.distractors[QUIZ.distractors["item"] == "s01"]
    assert len(axes.lines) == len(rows)
    for line, row in zip(axes.lines, rows.to_dict("records"), strict=True):
        expected = [row["share_low"], row["share_middle"], row["share_high"]]
        np.testing.assert_array_equal(line.get_ydata(), expected)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [label for label in labels if "right" in label] == ["3 (right)"]


def test_a_picture_can_be_written(tmp_path: Path) -> None:
    for number, result in enumerate((RESULT, QUIZ)):
        plot(result).savefig(tmp_path / f"{number}.svg")
        assert (tmp_path / f"{number}.svg").stat().st_size > 1000


def test_no_figure_stays_open() -> None:
    import matplotlib.pyplot as plt

    plot(RESULT)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("result", "options", "match"),
    [
        (CORE, {}, "scale=none; expected one of .*attityd"),
        (CORE, {"scale": "nothing"}, "scale='nothing'"),
        (CORE, {"item": "nothing"}, "item='nothing'"),
        (CORE, {"scale": "attityd", "group": "A"}, "group='A'"),
        (RESULT, {"group": "C"}, r"A, B, \(all\)"),
        (FRAME, {}, "no picture of DataFrame; there is one of .*item_analysis"),
    ],
)
def test_mistakes_are_errors(result: object, options: dict[str, str], match: str) -> None:
    with pytest.raises(ResponseError, match=match):
        plot(result, **options)


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingExtraError, match=r"digilitt\[plots\]"):
        plot(RESULT)


def test_every_kind_of_picture_says_its_options() -> None:
    assert RESULT.kind in PICTURES
    told = plot.__doc__ or ""
    assert [kind for kind in PICTURES if f"`{kind}`" not in told] == []


def test_an_option_that_there_is_not_is_an_error() -> None:
    for kind, draw in PICTURES.items():
        result = replace(RESULT, kind=kind)
        with pytest.raises(ResponseError) as raised:
            plot(result, color="red", size=3)
        assert [each.column for each in raised.value.problems] == ["color", "size"]
        first = next(name for name in signature(draw).parameters if name != "result")
        assert f"a picture of {kind} has no such option; it has {first}" in str(raised.value)
