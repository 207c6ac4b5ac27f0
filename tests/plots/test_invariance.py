"""The ladder of measurement invariance as it stands in the result."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from digilitt.errors import ResponseError
from digilitt.evidence.invariance import invariance
from digilitt.evidence.invariance_result import Invariance
from digilitt.plots.draw import plot
from digilitt.plots.invariance import p_text
from digilitt.result import Caveat
from tests.plots.shown import cut_off
from tests.reference.cases import dataset

mpl.use("agg")

MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
MEN = dataset("bfi", group=True)
ITEMS = ["A1", "A2", "A3", "A4", "A5"]
FOUND = invariance(dataset("holzinger", group=True), by="group", model=MODEL, estimator="mlr")


@cache
def binary() -> Invariance:
    frame = MEN.assign(**{item: (MEN[item] > 3).where(MEN[item].notna()) for item in ITEMS})
    frame[ITEMS] = frame[ITEMS].astype("float64")
    return invariance(frame[[*ITEMS, "group"]], by="group")


def changed(**values: object) -> Invariance:
    """The ladder with other figures in its third row."""
    table = FOUND.table.copy()
    for column, value in values.items():
        table.loc[2, column] = value
    return replace(FOUND, table=table)


def words(axes: mpl.axes.Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def dots(axes: mpl.axes.Axes) -> np.ndarray:
    (line,) = [line for line in axes.lines if line.get_marker() == "o"]
    return np.asarray(line.get_xydata())


@pytest.mark.parametrize(
    ("version", "end"), [("naive", ""), ("scaled", "_scaled"), (None, "_robust")]
)
def test_indices_are_those_of_the_version(version, end):
    cfi, rmsea, _ = plot(FOUND, version=version).axes
    table = FOUND.table
    for axes, name in ((cfi, "cfi"), (rmsea, "rmsea")):
        np.testing.assert_array_equal(dots(axes)[:, 0], table[f"{name}{end}"])
        assert f"{name.upper()}, {version or 'robust'}" in axes.get_xlabel()
        shown = words(axes)
        assert {f"{value:.3f}" for value in table[f"{name}{end}"]} <= set(shown)
        for change in table[f"{name}_diff{end}"].dropna().round(3) + 0.0:
            assert (f"{change:+.3f}".replace("-", "\u2212") if change else "0.000") in shown
    low, high = (table[f"rmsea_{side}{end}"] for side in ("low", "high"))
    ends = np.array([path.vertices[:, 0] for path in rmsea.collections[0].get_paths()])
    np.testing.assert_array_equal(ends, np.column_stack([low, high]))


def test_tests_stand_as_words():
    test = plot(FOUND).axes[2]
    shown = words(test)
    rows = FOUND.table.iloc[1:]
    assert {f"{value:.2f}" for value in rows["chi2_diff"]} <= set(shown)
    assert {p_text(p) for p in rows["p_diff"]} <= set(shown)
    assert "no test" not in shown
    assert test.get_xlabel() == "Difference test\nsatorra-bentler-2001"


def test_models_say_what_they_add():
    cfi = plot(FOUND).axes[0]
    assert [label.get_text() for label in cfi.get_yticklabels()] == [
        "configural\nnothing equal",
        "metric\nequal: loadings",
        "scalar\n+ intercepts",
        "strict\n+ residuals",
    ]


def test_groups_are_named_or_counted():
    assert plot(FOUND).get_suptitle() == "Pasteur (156), Grant-White (145)"
    many = pd.DataFrame({"group": list("abcdefghi"), "n": range(60, 69)})
    assert plot(replace(FOUND, groups=many)).get_suptitle() == "9 groups of 60 to 68 persons"
    alike = many.assign(n=60)
    assert plot(replace(FOUND, groups=alike)).get_suptitle() == "9 groups of 60 persons"
    small = Caveat(code="small-groups", message="fewer than 100 persons in all.")
    told = plot(replace(FOUND, groups=many, caveats=(small,))).get_suptitle()
    assert told == "9 groups of 60 to 68 persons: small groups"
    one = pd.DataFrame({"group": [""], "n": [80]})
    assert plot(replace(FOUND, groups=one)).get_suptitle() == "80 persons"


def test_where_there_is_no_test_it_says_so_and_why():
    found = binary()
    figure = plot(found)
    shown = words(figure.axes[2])
    untested = (found.table["compared_with"] == "").sum() - 1
    assert untested == 1
    assert shown.count("no test") == untested
    assert "compared with thresholds" in shown
    assert figure.get_supxlabel().startswith("thresholds: ")
    assert cut_off(figure) == []


def test_a_model_without_estimates_is_shown_as_such():
    nothing = dict.fromkeys(FOUND.table.columns[FOUND.table.dtypes == "float64"], np.nan)
    figure = plot(changed(**nothing, compared_with="", difference_test=""))
    for axes in figure.axes[:2]:
        assert words(axes).count("not estimated") == 1
        assert dots(axes)[:, 1].tolist() == [0, 1, 3]
    assert "no test" not in words(figure.axes[2])


def test_an_index_or_a_p_that_is_not_computable_is_shown_as_such():
    figure = plot(changed(cfi_robust=np.nan, p_diff=np.nan), version="robust")
    assert words(figure.axes[0]).count("not computable") == 1
    assert words(figure.axes[1]).count("not computable") == 0
    assert words(figure.axes[2]).count("not computable") == 1


def test_left_out_the_version_is_the_first_that_all_models_have():
    label = plot(changed(cfi_robust=np.nan)).axes[0].get_xlabel()
    assert label.startswith("CFI, scaled")
    every = binary().table.assign(cfi_robust=0.9)
    label = plot(replace(binary(), table=every)).axes[0].get_xlabel()
    assert label.startswith("CFI, scaled")


def test_small_p_is_not_written_as_0():
    assert [p_text(p) for p in (0.0, 0.0009, 0.001, 0.36272, 1.0)] == [
        "< 0.001",
        "< 0.001",
        "0.001",
        "0.363",
        "1.000",
    ]


def test_nothing_is_cut_off():
    assert cut_off(plot(FOUND)) == []


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"show": "loadings"}, "found 'loadings'; expected 'ladder' or 'parameters'"),
        ({"version": "best"}, "found 'best'; expected one of 'robust', 'scaled', 'naive'"),
        ({"model": "metric"}, "model: not of show='ladder', which has version"),
        ({"show": "parameters", "version": "naive"}, "version: not of show='parameters'"),
        ({"show": "parameters", "model": "partial"}, "found 'partial'; expected one of configural"),
    ],
)
def test_mistakes_are_errors(options, match):
    with pytest.raises(ResponseError, match=match):
        plot(FOUND, **options)


def test_a_version_that_the_estimator_does_not_give_is_an_error():
    ends = ("_scaled", "_robust")
    none = {name: np.nan for name in FOUND.table if name.endswith(ends)}
    with pytest.raises(ResponseError, match=r"version='scaled'; .* in the result: naive"):
        plot(replace(FOUND, table=FOUND.table.assign(**none)), version="scaled")
