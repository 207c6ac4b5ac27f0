"""Models of the greatest likelihood: by hand, by law, and against lavaan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.numerics.covariance.maximum_likelihood import (
    baseline,
    estimate,
    jacobians,
    sample_of,
    scaling_factor,
)
from digilitt.numerics.covariance.normal import group_of, score_products
from digilitt.numerics.covariance.saturated_information import (
    complete_information,
    saturated_products,
)
from tests.numerics.covariance.make import (
    THREE,
    block,
    exact,
    factors,
    model_of,
    plain,
    sampling_groups,
)
from tests.reference.cases import load_case

SAMPLING = load_case("cfa_sampling")
ONE = factors([[0, 1, 2]], means=False)
CORRELATIONS = np.array([[1.0, 0.48, 0.40], [0.48, 1.0, 0.30], [0.40, 0.30, 1.0]])


def fitted(model, groups, *, robust=False, observed=True, **more):
    return estimate(
        model, sample_of(tuple(groups), robust=robust), robust=robust, observed=observed, **more
    )


def test_three_items_by_hand():
    # Loadings are sqrt(.48 x .40 / .30) and so on: .8, .6, .5.
    found = fitted(ONE, [plain(exact(CORRELATIONS, 200))], observed=False)
    assert found.optimum.converged
    np.testing.assert_allclose(found.free, [0.8, 0.6, 0.5, 0.36, 0.64, 0.75], atol=1e-6)
    assert found.chi2.df == 0
    assert found.chi2.chi2 == pytest.approx(0.0, abs=1e-9)
    # Delta method: d loading / d covariance, and normal-theory covariances of covariances.
    slope = np.array([0.8 / (2 * 0.48), 0.8 / (2 * 0.40), -0.8 / (2 * 0.30)])
    r = CORRELATIONS
    pairs = [(0, 1), (0, 2), (1, 2)]
    spread = [[r[i, k] * r[j, m] + r[i, m] * r[j, k] for k, m in pairs] for i, j in pairs]
    expected = np.sqrt(slope @ spread @ slope / 200)
    assert np.sqrt(found.covariance[0, 0]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("start", [0.01, -3.0, 40.0])
def test_the_start_does_not_matter(start):
    free = np.array([start, start, start, 1.0, 1.0, 1.0])
    found = fitted(ONE, [plain(exact(CORRELATIONS, 200))], start=free)
    assert found.optimum.converged
    np.testing.assert_allclose(found.free[:3] * np.sign(start), [0.8, 0.6, 0.5], atol=1e-5)


def test_an_improper_start_is_told():
    free = np.array([1.0, 1.0, 1.0, -5.0, 1.0, 1.0])
    found = fitted(ONE, [plain(exact(CORRELATIONS, 200))], start=free)
    assert not found.optimum.converged
    assert found.chi2.chi2 == np.inf
    assert np.isnan(found.covariance).all()


def test_what_cannot_be_told_apart_has_no_errors():
    two = factors([[0, 1]], means=False)
    found = fitted(two, [plain(exact(CORRELATIONS[:2, :2], 100))], robust=True)
    assert np.isnan(found.covariance).all()
    assert np.isnan(found.chi2.scaling_factor)


def test_missing_answers_need_means():
    values = exact(CORRELATIONS, 30)
    values[3, 1] = np.nan
    with pytest.raises(ValueError, match="needs means"):
        fitted(ONE, [plain(values)])


def test_constraints_are_kept():
    basis = np.zeros((6, 4))
    basis[:3, 0] = 1.0
    basis[3:, 1:] = np.eye(3)
    tied = model_of(ONE.groups, 6, means=False, basis=basis)
    # The second loading is .1 more than the others.
    tied = replace(tied, offset=np.array([0.0, 0.1, 0.0, 0.0, 0.0, 0.0]))
    found = fitted(tied, [plain(exact(CORRELATIONS, 200))])
    assert found.optimum.converged
    assert found.chi2.df == 2
    np.testing.assert_allclose(found.free[1] - 0.1, found.free[[0, 2]], atol=1e-12)
    np.testing.assert_allclose(found.covariance[0, :3], found.covariance[0, 0])
    slopes = jacobians(found)[0]
    assert slopes.shape == (6, 4)


@given(st.integers(0, 10_000), st.floats(0.01, 100.0))
@settings(max_examples=8)
def test_units_of_items_do_not_matter(seed, unit):
    rng = np.random.default_rng(seed)
    raw = rng.standard_normal((120, 1)) + rng.standard_normal((120, 4))
    scaled = raw * [unit, 1.0, 1.0, 1.0] + [0.0, 5.0, 0.0, 0.0]
    model = factors([[0, 1, 2, 3]])
    one, other = (fitted(model, [plain(each)], robust=True) for each in (raw, scaled))
    assert other.chi2.chi2 == pytest.approx(one.chi2.chi2, rel=1e-6, abs=1e-6)
    assert other.chi2.scaling_factor == pytest.approx(one.chi2.scaling_factor, rel=1e-4)
    np.testing.assert_allclose(abs(other.free[0]), abs(one.free[0]) * unit, rtol=1e-3)


def test_traces_are_those_of_the_matrices():
    rng = np.random.default_rng(1)
    values, weights = rng.exponential(size=(60, 3)), rng.uniform(0.5, 2.0, 60)
    for clusters in (None, rng.integers(0, 12, 60)):
        group = group_of(values, np.ones(60), weights, clusters)
        sample = sample_of((group,), robust=True)
        inverse = np.linalg.inv(complete_information(sample.covariance[0]))
        products = saturated_products(group, sample.mean[0], sample.covariance[0])
        whole, below = np.trace(inverse @ products), np.trace((inverse @ products)[3:, 3:])
        assert sample.saturated_trace == pytest.approx(whole)
        assert sample.saturated_trace_covariances == pytest.approx(below)


def test_persons_alone_in_their_clusters():
    group = plain(exact(CORRELATIONS, 40))
    alone = replace(group, clusters=np.arange(40))
    free = np.array([0.7, 0.6, 0.5, 0.4, 0.6, 0.7])
    one, other = (score_products(ONE, (each,), free) for each in (group, alone))
    np.testing.assert_allclose(other, 40.0 / 39.0 * one)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("clustered", [False, True])
def test_a_row_may_stand_for_several_persons(weighted, clustered):
    rng = np.random.default_rng(2)
    values = rng.standard_normal((80, 1)) + rng.standard_normal((80, 4))
    values[rng.random((80, 4)) < 0.1] = np.nan
    values[np.isnan(values).all(axis=1), 0] = 0.0
    counts = rng.integers(1, 4, 80)
    weights = rng.uniform(0.5, 2.0, 80) if weighted else np.ones(80)
    clusters = rng.integers(0, 15, 80) if clustered else None
    rows = np.repeat(np.arange(80), counts)
    found = []
    for chosen, times in ((np.arange(80), counts), (rows, np.ones(len(rows)))):
        own = None if clusters is None else clusters[chosen]
        group = group_of(values[chosen], times.astype(float), weights[chosen], own)
        sample = sample_of((group,), robust=True)
        fit = estimate(factors([[0, 1, 2, 3]]), sample, robust=True, observed=True)
        against = baseline(sample, means=True, robust=True)
        spread = np.sqrt(np.diag(fit.covariance))
        tests = [fit.chi2.chi2, fit.chi2.scaling_factor, against.chi2, against.scaling_factor]
        found.append(np.concatenate([fit.free, spread, tests]))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "told", "model"),
    [
        ("cluster", {"clusters": True}, {}),
        ("cluster_few", {"clusters": True, "few": True}, {}),
        ("cluster_fiml", {"clusters": True, "holes": True}, {}),
        ("cluster_configural", {"clusters": True, "split": True}, {}),
        ("cluster_metric", {"clusters": True, "split": True}, {"equal": ("loadings",)}),
        ("weight", {"weight": True}, {"means": False}),
        ("weight_fiml", {"weight": True, "holes": True}, {}),
        ("weight_configural", {"weight": True, "split": True}, {}),
        ("both", {"weight": True, "clusters": True}, {}),
    ],
)
def test_clusters_and_weights_agree_with_lavaan(name, told, model):
    expected = SAMPLING.expected["holzinger_sampling"][name]
    fit = expected["fit"]
    model = factors(THREE, n_groups=1 + ("split" in told), **model)
    sample = sample_of(tuple(sampling_groups(**told)), robust=True)
    found = estimate(model, sample, robust=True, observed=True)
    against = baseline(sample, means=model.means, robust=True)
    assert found.optimum.converged
    assert (model.n_parameters, found.chi2.df) == (fit["npar"], fit["df"])
    assert found.chi2.chi2 == pytest.approx(fit["chisq"], rel=1e-7)
    assert found.chi2.scaling_factor == pytest.approx(fit["chisq.scaling.factor"], abs=1e-5)
    assert scaling_factor(model, sample, found.free) == found.chi2.scaling_factor
    assert against.chi2 == pytest.approx(fit["baseline.chisq"], rel=1e-7)
    # lavaan gives the scaled fit of the baseline only through the index.
    own, other = fit["chisq.scaled"] - fit["df"], against.scaled - against.df
    assert 1.0 - own / other == pytest.approx(fit["cfi.scaled"], abs=1e-6)
    assert found.log_likelihood == pytest.approx(fit["logl"], abs=1e-5)
    table = pd.DataFrame(expected["free"])
    loadings = table.loc[table["op"] == "=~", ["est", "se"]]
    cells = np.concatenate([blocks.loadings.free for blocks in model.groups])
    ours = np.column_stack([found.free, np.sqrt(np.diag(found.covariance))])[cells]
    np.testing.assert_allclose(ours, loadings.to_numpy(float), atol=2e-5)


def test_matrices_may_be_fixed_throughout():
    fixed = replace(
        ONE.groups[0],
        loadings=block([[0.8], [0.6], [0.5]]),
        theta=block(np.diag([0.36, 0.64, 0.75])),
    )
    model = model_of([fixed], 0, means=False)
    found = fitted(model, [plain(exact(CORRELATIONS, 200))])
    assert found.optimum.converged
    assert found.chi2.df == 6
    assert found.chi2.chi2 == pytest.approx(0.0, abs=1e-9)
