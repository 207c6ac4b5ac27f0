"""Residual correlations, SRMR and the normal log-likelihood against lavaan's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.numerics.fit_indices import aic, bic
from digilitt.numerics.fit_residuals import (
    mean_residuals,
    normal_loglik,
    over_groups,
    residual_correlations,
    srmr,
    standardized_residuals,
)
from tests.numerics.fit_cases import positive, symmetric
from tests.reference.cases import load_case

CASE = load_case("fit_indices")
SEEDS = st.integers(0, 10_000)


def groups(told):
    """Sample, implied, and with means those, of each group."""
    parts = [[symmetric(half) for half in told[name]] for name in ("sample", "implied")]
    if told.get("mean") and told["mean"][0]:
        parts += [[np.array(mean) for mean in told[name]] for name in ("mean", "implied_mean")]
    return list(zip(*parts, strict=True))


@pytest.mark.parametrize("which", ["one", "two", "fiml"])
def test_continuous_models_of_lavaan(which):
    told = CASE.expected["bfi"]["residuals"][which]
    expected = told["fit"]
    for name, kind in (("srmr", "bentler"), ("crmr", "bollen")):
        found = over_groups([srmr(*group, kind=kind) for group in groups(told)], told["n"])
        CASE.check("index", found, expected[name])
    for group, halves, means in zip(groups(told), told["bollen"], told["bollen_mean"], strict=True):
        CASE.check("index", residual_correlations(*group[:2]), symmetric(halves))
        if means:
            CASE.check("index", mean_residuals(group[0], *group[2:]), means)
    if which == "fiml":
        return
    # lavaan gives sample covariances with divisor n.
    found = sum(
        normal_loglik(*group[:2], n, *group[2:])
        for group, n in zip(groups(told), told["n"], strict=True)
    )
    CASE.check("likelihood", found, expected["logl"])
    CASE.check("likelihood", aic(found, told["npar"]), expected["aic"])
    CASE.check("likelihood", bic(found, told["npar"], sum(told["n"])), expected["bic"])


@pytest.mark.parametrize("which", ["one", "two"])
def test_ordinal_models_of_lavaan(which):
    told = CASE.expected["bfi"]["ordinal_residuals"][which]
    found = [srmr(*group, kind="ordinal") for group in groups(told)]
    CASE.check("index", over_groups(found, told["n"]), told["fit"]["srmr"])


def test_worked_by_hand():
    sample = np.array([[4.0, 1.0], [1.0, 1.0]])
    implied = np.array([[2.0, 0.5], [0.5, 1.0]])
    mean, implied_mean = np.array([3.0, 1.0]), np.array([2.0, 1.0])
    # (4 - 2)/4, (1 - 0.5)/2 and 0; means (3 - 2)/2 and 0.
    assert standardized_residuals(sample, implied).tolist() == [[0.5, 0.25], [0.25, 0.0]]
    assert srmr(sample, implied) == pytest.approx(np.sqrt((0.25 + 0.0625) / 3))
    with_means = srmr(sample, implied, mean, implied_mean)
    assert with_means == pytest.approx(np.sqrt((0.25 + 0.0625 + 0.25) / 5))
    assert srmr(sample, implied, mean, implied_mean, kind="ordinal") < with_means
    # 1/2 - 0.5/sqrt(2)
    assert residual_correlations(sample, implied)[1, 0] == pytest.approx(0.5 - 0.5 / np.sqrt(2))
    assert srmr(sample, implied, kind="bollen") == pytest.approx(0.5 - 0.5 / np.sqrt(2))
    assert np.isnan(srmr(np.eye(1), np.eye(1), kind="bollen"))


@given(seed=SEEDS)
def test_scale_and_order_of_items_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    sample, implied = positive(rng, 6), positive(rng, 6)
    mean, implied_mean = rng.standard_normal((2, 6))
    scale, order = rng.uniform(0.1, 10.0, 6), rng.permutation(6)
    stretch = np.outer(scale, scale)
    for kind in ("bentler", "bollen", "ordinal"):
        found = srmr(sample, implied, mean, implied_mean, kind=kind)
        turned = srmr(
            (sample * stretch)[np.ix_(order, order)],
            (implied * stretch)[np.ix_(order, order)],
            (mean * scale)[order],
            (implied_mean * scale)[order],
            kind=kind,
        )
        assert found == pytest.approx(turned)
        assert srmr(sample, sample, mean, mean, kind=kind) == pytest.approx(0.0, abs=1e-12)
    # A model is to be as likely at most as the sample's own moments.
    best = normal_loglik(sample, sample, 50, mean, mean)
    assert normal_loglik(sample, implied, 50, mean, implied_mean) <= best
    assert normal_loglik(sample, sample, 50) == pytest.approx(best)


def test_log_likelihood_of_persons_one_by_one():
    rng = np.random.default_rng(6)
    x = rng.standard_normal((40, 3)) @ positive(rng, 3) + 1.0
    implied, implied_mean = positive(rng, 3), np.array([0.8, 1.1, 0.9])
    apart = x - implied_mean
    each = -0.5 * (
        3 * np.log(2 * np.pi)
        + np.log(np.linalg.det(implied))
        + (apart * np.linalg.solve(implied, apart.T).T).sum(axis=1)
    )
    sample = np.cov(x.T, bias=True)
    found = normal_loglik(sample, implied, 40, x.mean(axis=0), implied_mean)
    assert found == pytest.approx(each.sum())


def test_what_cannot_be_computed_is_nan():
    sample, implied = np.eye(3), np.eye(3)
    sample[0, 0] = 0.0
    found = residual_correlations(sample, implied)
    assert np.isnan(found[0]).all()
    assert np.isnan(found[:, 0]).all()
    assert (found[1:, 1:] == 0).all()
    assert np.isnan(srmr(sample, implied))
    implied[1, 2] = implied[2, 1] = 1.5
    assert np.isnan(normal_loglik(np.eye(3), implied, 10))
