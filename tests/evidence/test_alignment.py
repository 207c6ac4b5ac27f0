"""Alignment of configural steps: against R, laws, recovery of known groups, what it refuses."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

import digilitt as dl
from digilitt.evidence.alignment_factors import aligned_factors, configural_covariances
from digilitt.evidence.models.compile import free_numbers
from tests.reference.cases import dataset, load_case

CASE = load_case("noninvariance")
A = [f"A{number}" for number in range(1, 6)]
AGREE = "agree =~ A1 + A2 + A3 + A4 + A5"
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
ITEMS = list("abcde")


@cache
def blocks(estimator: str = "wlsmv") -> dl.Invariance:
    """bfi's complete cases in five blocks of rows."""
    frame = dataset("bfi").dropna().reset_index(drop=True)[A]
    number = pd.cut(np.arange(1, len(frame) + 1), 5, labels=False)
    frame["block"] = [f"block {at}" for at in number]
    return dl.invariance(frame, by="block", model=AGREE, estimator=estimator)


def known_groups(n: int = 500, seed: int = 1) -> pd.DataFrame:
    """Six groups with means 0, .2 … 1 and standard deviations 1 to 1.5; d is odd in the fourth."""
    rng = np.random.default_rng(seed)
    parts = []
    for at in range(6):
        factor = 0.2 * at + (1.0 + 0.1 * at) * rng.normal(size=(n, 1))
        answers = factor * [0.8, 1.0, 1.2, 0.9, 0.7] + rng.normal(size=(n, 5))
        answers[:, 3] += 1.0 * (at == 3)
        parts.append(pd.DataFrame(answers, columns=ITEMS).assign(place=f"place {at}"))
    return pd.concat(parts, ignore_index=True)


@cache
def ladder_of_known() -> dl.Invariance:
    return dl.invariance(known_groups(), by="place", estimator="ml")


@pytest.mark.parametrize("method", ["fixed", "free"])
def test_thresholds_are_aligned_as_r_does(method):
    told = CASE.expected["bfi"]["alignment_thresholds"][method]
    found = dl.alignment(blocks(), method=method)
    wide = found.table.pivot(index="group", columns="statistic", values="estimate")
    CASE.check("solution", wide["mean"], told["means"])
    CASE.check("solution", wide["variance"], told["variances"])
    own = found.parameters.pivot(index="group", columns=["item", "parameter"], values="estimate")
    loading = own.columns.get_level_values("parameter") == "loading"
    CASE.check("solution", own.loc[:, loading], told["loadings"])
    CASE.check("solution", own.loc[:, ~loading], told["locations"])
    shares = [*told["r2_loadings"], *told["r2_locations"]]
    CASE.check("solution_share", found.items["r2"], shares)
    assert found.items["parameter"].iloc[[5, 9, 10]].tolist() == [
        "threshold 1",
        "threshold 5",
        "threshold 1",
    ]


def test_known_groups_are_found():
    found = dl.alignment(ladder_of_known())
    table = found.table.set_index(["statistic", "group"])
    mean, variance = table.loc["mean"], table.loc["variance"]
    for rows, truth in (
        (mean, 0.2 * np.arange(6)),
        (variance, (1.0 + 0.1 * np.arange(6)) ** 2),
    ):
        apart = (rows["estimate"] - truth).abs() / rows["std_error"]
        assert (apart.iloc[1:] < 3.5).all()
    odd = found.parameters.query("not invariant")
    assert odd[["item", "parameter", "group"]].to_numpy().tolist() == [
        ["d", "intercept", "place 3"]
    ]
    assert odd["difference"].iloc[0] == pytest.approx(1.0, abs=0.2)
    assert found.r2["n_not_invariant"].tolist() == [0, 1]
    assert found.r2["n_parameters"].tolist() == [30, 30]


def test_errors_are_those_of_repeated_samples():
    """The spread of a mean over 20 samples, and the mean of its standard errors."""
    estimates, errors = [], []
    for seed in range(20):
        ladder = dl.invariance(known_groups(150, seed), by="place", estimator="ml")
        found = dl.alignment(ladder, n_starts=1).table.query("statistic == 'mean'")
        estimates.append(found["estimate"].to_numpy()[1:])
        errors.append(found["std_error"].to_numpy()[1:])
    ratio = np.mean(errors) / np.std(estimates, axis=0, ddof=1).mean()
    # Each of the five spreads has an error of a sixth; they go together somewhat.
    assert 0.75 < ratio < 1.35


def test_the_reference_is_held():
    found = dl.alignment(ladder_of_known(), reference="place 2")
    own = found.table.query("group == 'place 2'").set_index("statistic")
    assert own["estimate"].to_dict() == pytest.approx({"mean": 0.0, "variance": 1.0})
    assert own["std_error"].isna().all()
    assert own["conf_low"].isna().all()
    first = found.table.query("group == 'place 0' and statistic == 'mean'")
    assert first["estimate"].iloc[0] < -0.1
    rows = found.differences.query("group == 'place 2' or other == 'place 2'")
    means = found.table.query("statistic == 'mean'").set_index("group")
    for row in rows.itertuples():
        other = row.other if row.group == "place 2" else row.group
        assert row.std_error == pytest.approx(means.loc[other, "std_error"])
    assert len(found.differences) == 15


def test_units_of_items_do_not_matter():
    plain = dl.alignment(ladder_of_known())
    frame = known_groups()
    frame["b"] = 20.0 * frame["b"] + 7.0
    other = dl.alignment(dl.invariance(frame, by="place", estimator="ml"))
    for name in ("estimate", "std_error"):
        np.testing.assert_allclose(other.table[name], plain.table[name], rtol=1e-4, atol=1e-6)
    both = plain.parameters.merge(
        other.parameters, on=["item", "parameter", "group"], suffixes=("", "_other")
    )
    scaled = both["item"] == "b"
    moved = both["estimate"] * np.where(scaled, 20.0, 1.0)
    moved += np.where(scaled & (both["parameter"] == "intercept"), 7.0, 0.0)
    np.testing.assert_allclose(both["estimate_other"], moved, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(
        both["std_error_other"], both["std_error"] * np.where(scaled, 20.0, 1.0), rtol=1e-3
    )
    assert (both["invariant"] == both["invariant_other"]).all()


@pytest.mark.parametrize("estimator", ["wlsmv", "mlr"])
def test_errors_start_from_those_of_the_configural_step(estimator):
    found = blocks(estimator)
    fitted = found.steps["configural"]
    factor = dl.alignment(found, n_starts=1).factors[0]
    ones = np.ones(5)
    covariances = configural_covariances(fitted, 0, factor.items, factor.item, ones, ones)
    table = found.solution("configural").table
    location = "|" if estimator == "wlsmv" else "~1"
    for at, group in enumerate(found.groups["group"]):
        own = table[(table["group"] == group) & table["free"]]
        expected = [*own.query("op == '=~'")["std_error"], *own[own["op"] == location]["std_error"]]
        np.testing.assert_allclose(np.sqrt(np.diag(covariances[at])), expected, rtol=1e-6)


def test_a_factor_upside_down_is_turned():
    fitted = ladder_of_known().steps["configural"]
    rows = fitted.table.rows
    turned = (rows["op"] == "=~") & (rows["group"] == 3)
    free, sign = fitted.free.copy(), np.ones(len(fitted.free))
    sign[free_numbers(rows)[turned.to_numpy()]] = -1.0
    options = {"method": "fixed", "reference": 0, "n_starts": 1}
    plain, other = (
        aligned_factors(each, rng=np.random.default_rng(0), **options)[0]
        for each in (
            fitted,
            replace(fitted, free=free * sign, covariance=fitted.covariance * sign[:, None] * sign),
        )
    )
    assert other.sign.tolist() == [1, 1, -1, 1, 1, 1]
    np.testing.assert_allclose(other.aligned.means, plain.aligned.means, atol=1e-7)
    np.testing.assert_allclose(other.aligned.loadings, plain.aligned.loadings, atol=1e-7)
    np.testing.assert_allclose(other.errors.means, plain.errors.means, atol=1e-7)
    np.testing.assert_allclose(other.errors.locations, plain.errors.locations, atol=1e-7)


def test_factors_are_aligned_one_by_one():
    frame = dataset("holzinger", group=True)
    together = dl.alignment(dl.invariance(frame, by="group", model=THREE, estimator="ml"))
    assert together.table["factor"].unique().tolist() == ["visual", "textual", "speed"]
    assert together.r2["parameters"].tolist() == ["loadings", "intercepts"] * 3
    assert "reference Pasteur" in repr(together)
    assert together.provenance.seed == "0"


def test_much_noninvariance_is_told():
    frame = known_groups()
    rng = np.random.default_rng(2)
    for place in frame["place"].unique():
        own = frame["place"] == place
        frame.loc[own, ITEMS] += 1.5 * rng.normal(size=5)
        frame.loc[own, ITEMS] *= np.exp(0.6 * rng.normal(size=5))
    found = dl.alignment(dl.invariance(frame, by="place", estimator="ml"), n_starts=5)
    assert "much-noninvariance" in {each.code for each in found.caveats}
    assert "much-noninvariance" not in {
        each.code for each in dl.alignment(ladder_of_known()).caveats
    }


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (THREE.replace("x9", "x9 + x1"), "These measure several: x1"),
        (f"{THREE}\ng =~ visual + textual + speed", "g stands behind other factors"),
    ],
)
def test_only_a_simple_structure_can_be_aligned(model, told):
    frame = dataset("holzinger", group=True)
    found = dl.invariance(frame, by="group", model=model, estimator="ml")
    with pytest.raises(dl.ResponseError, match=told) as raised:
        dl.alignment(found)
    assert [each.code for each in raised.value.problems] == ["not-simple-structure"]


def test_factors_need_their_usual_scale():
    model = "visual =~ 1*x1 + x2 + x3\nvisual ~~ NA*visual"
    frame = dataset("holzinger", group=True)
    found = dl.invariance(frame, by="group", model=model, estimator="ml")
    with pytest.raises(dl.ResponseError) as raised:
        dl.alignment(found)
    assert {each.code for each in raised.value.problems} == {"alignment-impossible"}


@pytest.mark.parametrize(
    ("options", "column"),
    [
        ({"method": "loose"}, "method"),
        ({"reference": "nowhere"}, "reference"),
        ({"rng": -1}, "rng"),
        ({"n_starts": 0}, "n_starts"),
        ({"n_starts": True}, "n_starts"),
        ({"conf_level": 1.0}, "conf_level"),
    ],
)
def test_options_that_cannot_be_used(options, column):
    with pytest.raises(dl.ResponseError) as raised:
        dl.alignment(ladder_of_known(), **options)
    assert [each.column for each in raised.value.problems] == [column]


def test_the_heading_says_how_parameters_were_found_to_differ():
    rng = np.random.default_rng(1)
    items = rng.normal(size=(900, 1)) + rng.normal(size=(900, 5))
    frame = pd.DataFrame(items, columns=list("abcde")).assign(place=np.repeat(list("xyz"), 300))
    frame.loc[frame["place"] == "z", "b"] += 1.0
    aligned = dl.alignment(dl.invariance(frame, by="place", estimator="ml"), n_starts=2)
    assert "1 of 30 parameters found to differ (p below 0.001)" in repr(aligned)
