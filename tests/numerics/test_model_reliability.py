"""Omega, average variance extracted and HTMT of fitted models: against semTools, by hand, laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.numerics.model_reliability import (
    average_variance_extracted,
    heterotrait_monotrait,
    model_omega,
    model_omega_categorical,
)
from digilitt.numerics.moments import correlation
from tests.reference.cases import dataset, load_case

CASE = load_case("model_reliability")
CONTINUOUS = [("holzinger", k) for k in ("three", "crossed", "higher", "bifactor", "school")]
CONTINUOUS += [("bfi", "ml"), ("bfi", "fiml")]
ORDINAL = [("bfi", "wlsmv"), ("bfi", "theta"), ("bfi", "delta")]
ORDINAL += [("science", "ordinal"), ("lsat7", "ordinal")]
HOLZINGER = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
TRAITS = np.arange(25).reshape(5, 5)


def told_of(name, figure):
    """The arrays of a fitted model, with what a factor does to items in all, and R's figures."""
    told = CASE.expected[name][figure]
    model = {key: np.atleast_1d(np.array(each, float)) for key, each in told["matrices"].items()}
    paths = np.eye(len(model["phi"])) - model.get("beta", 0.0)
    model["total"] = model["loadings"] @ np.linalg.inv(paths)
    return model, told


def check(tolerance, found, expected):
    """Figures of the factors that R has; it leaves out factors without items of their own."""
    theirs = np.atleast_1d(np.array(expected, dtype=float))
    ours, more = found.values[: len(theirs)], found.values[len(theirs) :]
    known = ~np.isnan(theirs)
    CASE.check(tolerance, ours[known], theirs[known])
    assert np.isnan([*ours[~known], *more]).all()
    assert [bool(reason) for reason in found.reasons] == np.isnan(found.values).tolist()


@pytest.mark.parametrize(("name", "figure"), CONTINUOUS)
def test_continuous_items(name, figure):
    model, told = told_of(name, figure)
    total, phi = model["total"], model["phi"]
    check("closed", model_omega(total, phi, model["observed"]), told["omega"])
    check("closed", model_omega(total, phi, model["implied"]), told["omega_implied"])
    found = average_variance_extracted(model["loadings"], phi, model["observed"])
    check("closed", found, told["ave"])


@pytest.mark.parametrize(("name", "figure"), ORDINAL)
def test_ordinal_items(name, figure):
    model, told = told_of(name, figure)
    standardized, phi = model["total"] * model["scale"][:, None], model["phi"]
    cuts, item = model["cuts"], model["item_of_threshold"].astype(np.int64)
    for between, of in (("observed", "omega"), ("implied", "omega_implied")):
        r = correlation(model[between])
        check("green_yang", model_omega_categorical(standardized, phi, r, cuts, item), told[of])
    unit = np.outer(model["scale"], model["scale"])
    # semTools goes back to the variances that the model gives the variables behind the items.
    behind = model["observed"] / unit
    check("closed", model_omega(model["total"], phi, behind), told["latent"])
    check("closed", average_variance_extracted(model["loadings"], phi, behind), told["ave"])


def test_standardized_figures_do_not_depend_on_the_form():
    found = {}
    for form in ("delta", "theta"):
        model = told_of("bfi", form)[0]
        standardized, r = model["total"] * model["scale"][:, None], model["observed"]
        found[form] = [
            model_omega(standardized, model["phi"], r).values[0],
            average_variance_extracted(standardized, model["phi"], r).values[0],
        ]
    assert np.allclose(found["delta"], found["theta"], atol=1e-6)
    theirs = CASE.expected["bfi"]
    assert np.allclose(found["delta"], [theirs["delta"]["latent"], theirs["delta"]["ave"]])
    assert abs(theirs["theta"]["ave"] - theirs["delta"]["ave"]) > 0.05


def test_thresholds_know_of_intercepts():
    model, told = told_of("bfi", "group")
    found = model_omega_categorical(
        model["loadings"] * model["scale"][:, None],
        model["phi"],
        model["observed"],
        model["cuts"],
        model["item_of_threshold"].astype(np.int64),
    )
    check("green_yang", found, told["green_yang"])


@pytest.mark.parametrize("mean", ["geometric", "arithmetic"])
def test_htmt(mean):
    told = CASE.expected["holzinger"]["htmt"]
    r = correlation(np.cov(dataset("holzinger"), rowvar=False))
    CASE.check("closed", heterotrait_monotrait(r, HOLZINGER, mean), told[mean])
    complete = dataset("bfi").dropna()
    r = correlation(np.cov(complete, rowvar=False))
    told = CASE.expected["bfi"]["htmt"]
    CASE.check("closed", heterotrait_monotrait(r, TRAITS, mean), told[mean])
    r = told_of("bfi", "wlsmv")[0]["observed"]
    told = CASE.expected["bfi"]["htmt_ordinal"]
    CASE.check("closed", heterotrait_monotrait(r, TRAITS, mean), told[mean])


# By hand ----------------------------------------------------------------------------------------


def test_omega_by_hand():
    # Loadings 1, 2, 3, factor variance 2, residual variances 4: 36 · 2 / (36 · 2 + 12).
    loadings = np.array([[1.0], [2.0], [3.0]])
    implied = 2 * loadings @ loadings.T + 4 * np.eye(3)
    assert np.isclose(model_omega(loadings, np.eye(1) * 2, implied).values[0], 72 / 84)
    # 14 · 2 / (14 · 2 + 12).
    found = average_variance_extracted(loadings, np.eye(1) * 2, implied)
    assert np.isclose(found.values[0], 28 / 40)


def test_three_levels_by_hand():
    # Four items, two by two on factors, both of which rest on one, which rests on the last.
    loadings = np.zeros((4, 4))
    loadings[:2, 0] = loadings[2:, 1] = 1.0
    beta = np.zeros((4, 4))
    beta[0, 2] = beta[1, 2] = beta[2, 3] = 0.5
    psi = np.diag([1.0, 1.0, 1.0, 1.0])
    away = np.linalg.inv(np.eye(4) - beta)
    phi, total = away @ psi @ away.T, loadings @ away
    implied = loadings @ phi @ loadings.T + np.eye(4)
    found = model_omega(total, phi, implied)
    # The last: each item gets 1/4 of it. The one below: 1/2, with variance 1 + 1/4.
    whole = implied.sum()
    assert np.allclose(found.values[2:], [4 * 1.25 / whole, 1 / whole])
    assert average_variance_extracted(loadings, phi, implied).reasons == (
        *("", ""),
        *("no-own-items", "no-own-items"),
    )


def test_reasons():
    loadings = np.array([[0.8, 0.0], [0.7, 0.0], [0.0, 0.9]])
    cuts, item = np.zeros(3), np.arange(3)
    r = np.eye(3)
    assert model_omega(loadings, np.eye(2), r).reasons == ("", "one-item")
    assert average_variance_extracted(loadings, np.eye(2), r).reasons == ("", "one-item")
    found = model_omega_categorical(loadings, np.eye(2), r, cuts, item)
    assert found.reasons == ("", "one-item")
    assert np.isnan(found.values[1])
    improper = np.diag([-1.0, 1.0])
    assert model_omega(loadings, improper, r).reasons[0] == "improper-factor"
    assert (
        model_omega_categorical(loadings, improper, r, cuts, item).reasons[0] == "improper-factor"
    )
    beyond = model_omega_categorical(loadings * 1.3, np.eye(2), r, cuts, item)
    assert beyond.reasons[0] == "heywood"
    unknown = np.where(np.eye(3) > 0, 1.0, np.nan)
    assert model_omega(loadings, np.eye(2), unknown).reasons[0] == "no-variance"
    opposed = np.array([[1.0, -1.0, 0], [-1.0, 1.0, 0], [0, 0, 1.0]])
    assert model_omega(loadings, np.eye(2), opposed).reasons[0] == "no-variance"


def test_htmt_by_hand():
    r = np.eye(5)
    r[0, 1] = r[1, 0] = -0.5
    r[2, 3] = r[3, 2] = 0.4
    r[:2, 2:4] = [[0.1, 0.2], [-0.3, 0.4]]
    r[2:4, :2] = r[:2, 2:4].T
    found = heterotrait_monotrait(r, [[0, 1], [2, 3], [4]], "arithmetic")
    assert np.isclose(found[0, 1], 0.25 / np.sqrt(0.5 * 0.4))
    geometric = heterotrait_monotrait(r, [[0, 1], [2, 3], [4]])
    assert np.isclose(geometric[1, 0], (0.1 * 0.2 * 0.3 * 0.4) ** 0.25 / np.sqrt(0.2))
    for each in (found, geometric):
        assert np.isnan(each[2]).all()
        assert np.isnan(each[:, 2]).all()
        assert np.allclose(np.diag(each)[:2], 1.0)
    # An item of both factors is not correlated with itself.
    shared = heterotrait_monotrait(r, [[0, 1], [1, 2]], "arithmetic")
    assert np.isclose(shared[0, 1], np.mean([0.5, 0.1, 0.3]) / np.sqrt(0.5 * 0.3))
    # Items of a factor that are uncorrelated, and a correlation that nobody knows.
    r[2, 3] = r[3, 2] = 0.0
    assert np.isnan(heterotrait_monotrait(r, [[0, 1], [2, 3]])[0, 1])
    r[0, 2] = r[2, 0] = np.nan
    assert np.isnan(heterotrait_monotrait(r, [[0, 1], [2, 3]])[0, 1])


# Laws -------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000))
def test_units_order_and_scale_of_the_factor_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    loadings = np.zeros((7, 2))
    loadings[:4, 0], loadings[4:, 1] = rng.uniform(0.3, 0.9, 4), rng.uniform(0.3, 0.9, 3)
    phi = np.array([[1.0, 0.3], [0.3, 1.0]])
    common = loadings @ phi @ loadings.T
    r = common + np.diag(1 - np.diag(common))
    cuts = np.sort(rng.normal(size=(7, 3)), axis=1).ravel()
    item, order = np.repeat(np.arange(7), 3), rng.permutation(7)
    wide = np.diag(rng.uniform(0.5, 2.0, 2))
    other_loadings, other_phi = loadings[order] @ np.linalg.inv(wide), wide @ phi @ wide
    other_r = r[np.ix_(order, order)]
    moved = cuts.reshape(7, 3)[order].ravel()
    pairs = [
        (model_omega(loadings, phi, r), model_omega(other_loadings, other_phi, other_r)),
        (
            average_variance_extracted(loadings, phi, r),
            average_variance_extracted(other_loadings, other_phi, other_r),
        ),
        (
            model_omega_categorical(loadings, phi, r, cuts, item),
            model_omega_categorical(other_loadings, other_phi, other_r, moved, item),
        ),
    ]
    for one, other in pairs:
        assert np.allclose(one.values, other.values)
        assert ((one.values > 0) & (one.values < 1)).all()
    # A step of another size for every item alike changes nothing.
    stretched = model_omega_categorical(loadings, phi, r, cuts, item, np.full(21, 2.5))
    assert np.allclose(stretched.values, pairs[2][0].values)
