"""Reliability of sums of items and distinctness of factors, through `cfa`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from digilitt.evidence.cfa import cfa
from tests.reference.cases import dataset, load_case

RELIABILITY = load_case("model_reliability")
HOLZINGER = dataset("holzinger", group=True)
BFI = dataset("bfi", group=True)
PUPILS = HOLZINGER.drop(columns="group")
SCIENCE = dataset("science")
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
HIGHER = f"{THREE}\ng =~ visual + textual + speed"
NINE = " + ".join(f"x{number}" for number in range(1, 10))


def of(trait: str, numbers: str = "12345") -> str:
    return f"{trait} =~ " + " + ".join(f"{trait}{number}" for number in numbers)


COMPLETE = BFI.drop(columns="group").dropna()
FIVE = "\n".join(map(of, "ACENO"))


@pytest.mark.parametrize(
    ("figure", "source", "model", "options"),
    [
        ("ml", COMPLETE, FIVE, {"estimator": "ml"}),
        ("fiml", BFI, FIVE, {"estimator": "ml", "missing": "fiml"}),
        ("wlsmv", COMPLETE, FIVE, {}),
        ("delta", COMPLETE, of("A"), {}),
        ("theta", COMPLETE, of("A"), {"parameterization": "theta"}),
    ],
)
def test_reliability_is_that_of_semtools(figure, source, model, options):
    expected = RELIABILITY.expected["bfi"][figure]
    found = cfa(source, model, **options).reliability
    ordinal = "estimator" not in options
    column, other = ("omega", "omega_categorical")[:: -1 if ordinal else 1]
    RELIABILITY.check("fitted", found[column], np.atleast_1d(expected["omega"]))
    if figure != "theta":  # there semTools takes variances as they stand
        RELIABILITY.check("fitted", found["ave"], np.atleast_1d(expected["ave"]))
    assert found[other].isna().all()
    assert (found["note"] == "").all()


@pytest.mark.parametrize(
    ("figure", "model", "options", "n_lacking"),
    [
        ("three", THREE, {}, 0),
        ("crossed", f"{THREE}\nvisual =~ x9\nx4 ~~ x5", {}, 2),
        ("school", THREE, {"group": "group"}, 0),
    ],
)
def test_reliability_of_continuous_items(figure, model, options, n_lacking):
    expected = RELIABILITY.expected["holzinger"][figure]
    frame = HOLZINGER if options else PUPILS
    found = cfa(frame, model, estimator="ml", **options).reliability.iloc[-3:]
    RELIABILITY.check("fitted", found["omega"], expected["omega"])
    known = found["ave"].notna().to_numpy()
    RELIABILITY.check("fitted", found["ave"][known], np.array(expected["ave"], float)[known])
    assert (~known).sum() == n_lacking
    assert found["note"].str.contains("also loads on another factor").tolist() == list(~known)


def test_reliability_of_a_higher_order_factor():
    expected = RELIABILITY.expected["holzinger"]["higher"]
    found = cfa(PUPILS, HIGHER, estimator="ml").reliability.set_index("factor")
    RELIABILITY.check("fitted", found.loc["g", "omega"], expected["omega"][-1])
    assert np.isnan(found.loc["g", "ave"])
    assert found.loc["g", "note"] == "no ave: no items of its own"


def test_omega_of_a_bifactor_model_is_hierarchical():
    model = f"g =~ {NINE}\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
    found = cfa(PUPILS, model, estimator="ml", orthogonal=True).reliability
    expected = RELIABILITY.expected["holzinger"]["bifactor"]["omega"]
    RELIABILITY.check("fitted", found["omega"], expected)
    assert found["ave"].isna().all()


def test_categorical_omega_of_a_group_with_intercepts_of_its_own():
    frame = BFI[["A2", "A3", "A4", "A5", "group"]]
    intercepts = "\n".join(f"A{number} ~ c(0, NA)*1" for number in "2345")
    model = f"{of('A', '2345')}\n{intercepts}\nA ~ c(0, 0)*1"
    equal = ("thresholds", "loadings")
    found = cfa(frame, model, group="group", equal=equal, parameterization="theta").reliability
    expected = RELIABILITY.expected["bfi"]["group"]["green_yang"]
    RELIABILITY.check("fitted", found["omega_categorical"].iloc[1], expected)


def test_reliability_by_group():
    found = cfa(HOLZINGER, THREE, estimator="ml", group="group").reliability
    assert list(found) == ["factor", "group", "omega", "omega_categorical", "ave", "note"]
    assert found["group"].tolist() == ["Pasteur"] * 3 + ["Grant-White"] * 3


def test_a_factor_of_one_item_has_no_reliability():
    model = "f =~ x1 + x2 + x3\none =~ x4\nx4 ~~ 0*x4"
    solution = cfa(PUPILS, model, estimator="ml")
    found = solution.reliability.set_index("factor").loc["one"]
    assert found[["omega", "ave"]].isna().all()
    assert found["note"] == "no omega: fewer than two items; no ave: fewer than two items"
    assert solution.htmt["htmt"].isna().all()


def test_the_sum_is_that_of_the_scores_of_categories():
    # Equal steps: any line through the scores gives the same reliability of the sum.
    stretched = cfa(SCIENCE * 10 - 3).reliability["omega_categorical"]
    plain = cfa(SCIENCE).reliability["omega_categorical"]
    assert np.allclose(stretched, plain, atol=1e-7)
    # Unequal ones, by simulation: correlation of two sums that have only the factor in common.
    scores = np.array([0.0, 1.0, 5.0])
    rng = np.random.default_rng(3)
    factor = rng.standard_normal((400_000, 1))

    def drawn():
        latent = 0.7 * factor + np.sqrt(0.51) * rng.standard_normal((len(factor), 4))
        return scores[np.digitize(latent, [-0.3, 0.8])]

    one, other = drawn(), drawn()
    found = cfa(pd.DataFrame(one[:20_000], columns=list("abcd"))).reliability
    known = np.corrcoef(one.sum(axis=1), other.sum(axis=1))[0, 1]
    assert abs(found["omega_categorical"].iloc[0] - known) < 0.01


# ---- distinct factors -----------------------------------------------------------------------


def test_htmt_is_that_of_semtools():
    for solution, expected in (
        (cfa(PUPILS, THREE, estimator="ml"), RELIABILITY.expected["holzinger"]["htmt"]),
        (cfa(COMPLETE, FIVE, estimator="ml"), RELIABILITY.expected["bfi"]["htmt"]),
    ):
        found = solution.htmt
        place = {name: k for k, name in enumerate(solution.fitted.table.factors)}
        cells = found["other"].map(place), found["factor"].map(place)
        RELIABILITY.check("fitted", found["htmt2"], np.array(expected["geometric"])[cells])
        RELIABILITY.check("fitted", found["htmt"], np.array(expected["arithmetic"])[cells])
        n = len(place)
        assert len(found) == n * (n - 1) / 2


def test_htmt_of_items_in_categories():
    found = cfa(COMPLETE, FIVE).htmt
    expected = np.array(RELIABILITY.expected["bfi"]["htmt_ordinal"]["geometric"])
    RELIABILITY.check("fitted", found["htmt2"], expected[np.triu_indices(5, 1)])


def test_htmt_by_group_of_factors_with_items():
    found = cfa(HOLZINGER, THREE, estimator="ml", group="group").htmt
    assert list(found) == ["factor", "other", "group", "htmt", "htmt2"]
    assert found["group"].tolist() == ["Pasteur"] * 3 + ["Grant-White"] * 3
    assert found["htmt2"].between(0, 1).all()
    # A higher-order factor has no items that could go with others.
    above = cfa(PUPILS, HIGHER, estimator="ml").htmt
    assert "g" not in {*above["factor"], *above["other"]}


def test_htmt_of_one_factor():
    found = cfa(SCIENCE).htmt
    assert found.empty
    assert list(found) == ["factor", "other", "group", "htmt", "htmt2"]
