"""Polychoric correlations of responses and of data frames: names, tables, caveats, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from digilitt.define.catalogue import instrument, sample
from digilitt.errors import ResponseError
from digilitt.evidence.polychoric import PolychoricCorrelation, polychoric
from digilitt.interchange.answers import read_responses
from tests.reference.cases import dataset

SCIENCE = dataset("science")
NAN = np.nan


def codes(found: PolychoricCorrelation) -> set[str]:
    return {caveat.code for caveat in found.caveats}


def said(found: PolychoricCorrelation, code: str) -> str:
    return " ".join(each.message for each in found.caveats if each.code == code)


def problems(call: Any) -> list[tuple[str, str]]:
    with pytest.raises(ResponseError) as caught:
        call()
    return [(problem.code, problem.column) for problem in caught.value.problems]


def test_table_matrices_and_thresholds_tell_the_same() -> None:
    found = polychoric(SCIENCE, acov=True)
    assert (
        list(found.table)
        == (
            "scale item other statistic estimate std_error conf_low conf_high chi2 df p_value "
            "hypothesis n n_empty"
        ).split()
    )
    assert len(found.table) == 6
    assert set(found.table["statistic"]) == {"polychoric"}
    assert (found.table["df"] == 8).all()
    for row in found.table.itertuples():
        assert found.correlation.loc[row.item, row.other] == row.estimate
        assert found.std_error.loc[row.other, row.item] == row.std_error
        assert row.conf_low < row.estimate < row.conf_high
        assert 0 <= row.p_value <= 1
    assert found.thresholds["item"].tolist() == np.repeat(list(SCIENCE), 3).tolist()
    first = found.thresholds.iloc[0]
    assert (first["threshold"], first["below"], first["above"], first["n"]) == (1, 1.0, 2.0, 392)
    assert found.acov is not None
    assert list(found.acov.index[:3]) == ["Comfort|t1", "Comfort|t2", "Comfort|t3"]
    assert found.acov.index[-1] == "Future~~Benefit"
    errors = np.sqrt(np.diag(found.acov))
    told = [*found.thresholds["std_error"], *found.table["std_error"]]
    np.testing.assert_allclose(errors, told, rtol=1e-12)
    assert (found.n, found.kind, found.provenance.method) == (392, "polychoric", "polychoric")
    assert ("missing", "pairwise") in found.provenance.options
    assert polychoric(SCIENCE).acov is None


def test_sheppards_cosine_by_hand() -> None:
    """40, 10, 20, 30: thresholds 0 and 0.2533; with both at the median r = sin(2π(.35 - .25))."""
    frame = pd.DataFrame({"a": [1, 1, 2, 2], "b": [1, 2, 1, 2], "n": [35, 15, 15, 35]})
    found = polychoric(frame, counts="n")
    row = found.table.iloc[0]
    assert row["statistic"] == "tetrachoric"
    assert row["estimate"] == pytest.approx(np.sin(0.2 * np.pi), abs=1e-10)
    assert row["n"] == 100
    assert np.isnan(row["chi2"])
    assert found.thresholds["estimate"].tolist() == pytest.approx([0.0, 0.0])


def test_counts_and_persons_are_the_same() -> None:
    patterns = SCIENCE.value_counts().rename("persons").reset_index()
    nobody = pd.DataFrame([[9, 9, 9, 9, 0]], columns=patterns.columns)
    merged = polychoric(pd.concat([patterns, nobody]), counts="persons")
    pd.testing.assert_frame_equal(merged.table, polychoric(SCIENCE).table)


def test_responses_by_scale() -> None:
    core = instrument("digilitt-core")
    answers = read_responses(sample("digilitt-core"), core, person="person", wave="wave")
    scale = core.scales[0].id
    found = polychoric(answers, scale=scale)
    assert set(found.table["scale"]) == {scale}
    frame = answers.keyed(scale)
    np.testing.assert_allclose(
        found.table["estimate"], polychoric(frame).table["estimate"], atol=1e-12
    )
    assert found.provenance.instrument == core.name


def test_an_option_that_nobody_chose_is_told() -> None:
    core = instrument("digilitt-core")
    answers = read_responses(sample("digilitt-core"), core, person="person", wave="wave")
    scale = core.scales[0].id
    frame = answers.keyed(scale)
    unused = {name for name in frame if frame[name].nunique() < 5}
    message = said(polychoric(answers, scale=scale), "category-unused")
    assert {name for name in frame if f"{name} (" in message} == unused
    gap = pd.DataFrame({"a": [1, 2, 5, 1, 5, 2], "b": [0.5, 1.5, 3.5, 0.5, 1.5, 3.5]})
    assert "a (2)" in said(polychoric(gap), "category-unused")
    assert "b (" not in said(polychoric(gap), "category-unused")


def test_continuous_items() -> None:
    rng = np.random.default_rng(1)
    latent = rng.multivariate_normal(np.zeros(4), 0.5 + 0.5 * np.eye(4), 500)
    frame = pd.DataFrame(latent, columns=list("axby"))
    frame["a"], frame["b"] = np.digitize(frame["a"], [-1, 0, 1]), frame["b"] > 0
    found = polychoric(frame, continuous=["x", "y"], acov=True)
    kinds = found.table.set_index(["item", "other"])["statistic"]
    assert kinds.to_dict() == {
        ("a", "x"): "polyserial",
        ("a", "b"): "polychoric",
        ("a", "y"): "polyserial",
        ("x", "b"): "polyserial",
        ("x", "y"): "pearson",
        ("b", "y"): "polyserial",
    }
    assert ((found.table["estimate"] - 0.5).abs() < 4 * found.table["std_error"]).all()
    assert found.correlation.loc["x", "y"] == pytest.approx(frame["x"].corr(frame["y"]), abs=1e-12)
    assert found.acov is not None
    assert list(found.acov.index) == [
        *(f"a|t{k}" for k in (1, 2, 3)),
        "b|t1",
        *(f"{a}~~{b}" for a, b in kinds.index),
    ]
    assert (found.table.loc[kinds.to_numpy() != "polychoric", "hypothesis"] == "").all()
    scaled = polychoric(frame.assign(x=frame["x"] * -1e6 + 5e7), continuous=["x", "y"])
    signs = np.where((found.table[["item", "other"]] == "x").any(axis=1), -1, 1)
    np.testing.assert_allclose(scaled.table["estimate"], signs * found.table["estimate"], atol=1e-8)


def test_pairwise_and_listwise() -> None:
    frame = dataset("bfi")[["A1", "A2", "A3"]]
    pairwise, listwise = polychoric(frame), polychoric(frame, missing="listwise")
    complete = frame.dropna()
    assert pairwise.n == 2800
    assert listwise.n == len(complete)
    assert pairwise.table.loc[0, "n"] == frame[["A1", "A2"]].dropna().shape[0]
    assert "persons-left-out" in codes(listwise) - codes(pairwise)
    pd.testing.assert_frame_equal(listwise.table, polychoric(complete).table)
    pairs = polychoric(frame, thresholds="pair").table
    alone = polychoric(frame[["A1", "A3"]].dropna()).table
    np.testing.assert_allclose(pairs.loc[1, "estimate"], alone.loc[0, "estimate"], atol=1e-10)
    assert (pairs["estimate"] != pairwise.table["estimate"]).any()


def test_smoothing_only_on_request() -> None:
    # Each pair was answered by other persons, who contradict one another.
    same, other = [1, 2] * 10 + [1] * 3, [1, 2] * 10 + [2] * 3
    parts = [
        {"a": same, "b": other},
        {"b": same, "c": other},
        {"a": same, "c": [3 - x for x in other]},
    ]
    frame = pd.concat([pd.DataFrame(part) for part in parts])
    plain, smooth = polychoric(frame), polychoric(frame, smooth=True)
    assert np.linalg.eigvalsh(plain.correlation)[0] < 0
    assert "smooth=True" in said(plain, "not-positive-definite")
    assert np.linalg.eigvalsh(smooth.correlation)[0] > 0
    assert "cor.smooth" in said(smooth, "correlation-smoothed")
    pd.testing.assert_frame_equal(plain.table, smooth.table)
    assert not {"not-positive-definite", "correlation-smoothed"} & codes(
        polychoric(SCIENCE, smooth=True)
    )


@pytest.mark.parametrize(
    ("frame", "expected", "missing"),
    [
        ({"a": [1, 2, 3], "b": [1, 2, 3]}, {"polychoric-at-bound", "small-sample"}, 0),
        ({"a": [1, 1, 1], "b": [1, 2, 3]}, {"no-variance"}, 1),
        ({"a": [NAN, NAN, NAN], "b": [1, 2, 3]}, {"item-unanswered"}, 1),
        ({"a": [1, 2, NAN, NAN], "b": [NAN, NAN, 1, 2]}, {"empty-pair"}, 1),
        ({"a": [1, 2, 1, NAN], "b": [1, 1, 1, 2]}, {"no-variance-in-pair"}, 1),
        ({"a": [1, 1, 2, 2] * 5, "b": [1, 1, 1, 2] * 5}, {"empty-cell-corrected"}, 0),
        ({"a": [1, 2, 3] * 9, "b": [3, 2, 1] * 8 + [1, 2, 3]}, {"sparse-tables"}, 0),
    ],
)
def test_limits_are_told(frame: dict[str, Any], expected: set[str], missing: int) -> None:
    found = polychoric(pd.DataFrame(frame), smooth=True, acov=True)
    assert expected <= codes(found)
    assert int(found.table["estimate"].isna().sum()) == missing
    assert len(found.table) == 1
    assert "disclosure-not-applied" in codes(found)
    assert ("not-smoothed" in codes(found)) == bool(missing)


def test_perfect_pairs_have_no_standard_error() -> None:
    answers = [1, 2, 3, 4] * 30
    frame = pd.DataFrame(
        {"a": answers, "b": answers, "z": answers, "y": [3.0 * x for x in answers]}
    )
    found = polychoric(frame, continuous=["z", "y"], acov=True)
    assert found.table["std_error"].isna().all()
    assert found.table["estimate"].tolist() == pytest.approx([0.999] * 5 + [1.0])
    assert found.acov is not None
    assert found.acov.iloc[:6, :6].notna().all(axis=None)
    assert found.acov.iloc[6:].isna().all(axis=None)


def test_nobody_at_all() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [1, 2], "n": [0, 0]})
    found = polychoric(frame, counts="n")
    assert found.table["estimate"].isna().all()
    assert found.n == 0
    assert "item-unanswered" in codes(found)


def test_mistakes_come_all_at_once() -> None:
    frame = pd.DataFrame({"a": range(11), "b": [x / 7 for x in range(11)], "c": [1, 2] * 5 + [1]})
    found = problems(lambda: polychoric(frame, continuous=["x"]))
    assert found == [
        ("missing-column", "x"),
        ("too-many-categories", "a"),
        ("too-many-categories", "b"),
    ]
    assert len(polychoric(frame, continuous=["a", "b"]).table) == 3
    assert problems(lambda: polychoric(frame[["c"]])) == [("too-few-items", "")]
    wrong = {"missing": "fiml", "thresholds": "some", "correction": 0.7, "conf_level": 95}
    assert problems(lambda: polychoric(frame, **wrong)) == [("wrong-value", "")] * 4
    assert problems(lambda: polychoric(frame, continuous="ab")) == [("wrong-value", "")]
    assert problems(lambda: polychoric(SCIENCE, thresholds="pair", acov=True)) == [
        ("wrong-value", "")
    ]
    text = pd.DataFrame({"a": ["x", "y"], "b": [1, np.inf]})
    assert problems(lambda: polychoric(text)) == [("not-numeric", "a"), ("infinite", "b")]
