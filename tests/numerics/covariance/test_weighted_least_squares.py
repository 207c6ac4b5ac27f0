"""Weighted least squares: recovery, equivalent forms, and lavaan's figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.numerics.covariance.directions import ordinal_jacobian
from digilitt.numerics.covariance.ordinal import OrdinalGroup, ordinal_group
from digilitt.numerics.covariance.weighted_least_squares import (
    baseline,
    estimate,
    search,
    weights_of,
    with_likelihood,
)
from digilitt.numerics.fit_indices import fit_indices
from digilitt.numerics.polychoric import square
from digilitt.numerics.tables import category_codes
from tests.numerics.covariance.make import factors
from tests.reference.cases import dataset, load_case

CASE = load_case("cfa_ordinal")
KINDS = {"cfa_wlsmv": (False, True), "cfa_dwls": (False, False), "cfa_ulsmv": (True, True)}


def group(name):
    codes = category_codes(dataset(name).dropna().to_numpy(float)).codes
    return ordinal_group(codes, np.ones(len(codes)))


SCIENCE, LSAT = group("science"), group("lsat7")


def one_factor(own, form="delta", **more):
    p = len(own.n_categories)
    told = {"means": False, "form": form, "categories": own.n_categories}
    return factors([list(range(p))], **told, **more)


def from_moments(model, free, n=100.0):
    """A group whose statistics are exactly what the model implies."""
    moments = ordinal_jacobian(model, 0, free)[0]
    cut, p = len(model.item_of_threshold), model.n_items
    pairs = np.zeros(p * (p - 1) // 2)
    return OrdinalGroup(
        n=n,
        moments=moments,
        correlation=square(moments[cut:], p, 1.0),
        gamma=np.diag(np.linspace(1.0, 3.0, len(moments))),
        n_categories=tuple((np.bincount(model.item_of_threshold) + 1).tolist()),
        n_pairs=pairs,
        n_empty=pairs.astype(np.int64),
        at_bound=pairs > 0,
        unsettled=pairs > 0,
    )


@given(
    st.lists(st.floats(0.3, 0.95), min_size=4, max_size=4),
    st.lists(st.floats(-1.5, 1.5), min_size=5, max_size=5),
    st.sampled_from(["delta", "theta"]),
)
@settings(max_examples=20)
def test_parameters_that_moments_were_made_from_are_found(loadings, cuts, form):
    model = factors([[0, 1, 2, 3]], means=False, form=form, categories=(3, 2, 2, 2))
    free = np.array([*loadings, *cuts])
    own = (from_moments(model, free),)
    found = search(model, own, weights_of(own, unweighted=False))
    assert found.converged
    np.testing.assert_allclose(found.place, free, atol=1e-4)
    assert found.value == pytest.approx(0.0, abs=1e-9)


def test_both_forms_fit_alike():
    fits = [
        estimate(one_factor(SCIENCE, form), (SCIENCE,), unweighted=False, robust=True)
        for form in ("delta", "theta")
    ]
    assert fits[1].chi2.chi2 == pytest.approx(fits[0].chi2.chi2, rel=1e-8)
    assert fits[1].chi2.scaled == pytest.approx(fits[0].chi2.scaled, rel=1e-6)
    delta, theta = (each.free[:4] for each in fits)
    np.testing.assert_allclose(theta, delta / np.sqrt(1.0 - delta**2), atol=1e-5)


@pytest.mark.parametrize("name", ["science", "lsat7"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_figures_of_lavaan(name, kind):
    unweighted, robust = KINDS[kind]
    own = (SCIENCE,) if name == "science" else (LSAT,)
    told = CASE.expected[name][kind]
    fit = told["fit"]
    found = estimate(one_factor(own[0]), own, unweighted=unweighted, robust=robust)
    against = baseline(own, unweighted=unweighted, robust=robust)
    test = found.chi2
    if robust:
        test, against = with_likelihood(found, own, against)
    assert found.optimum.converged
    assert test.df == fit["df"]
    assert test.chi2 == pytest.approx(fit["chisq"], rel=1e-6)
    n = own[0].n
    indices = fit_indices(test, against, n=n, n_groups=1, divisor=n - 1.0)
    assert indices["cfi"] == pytest.approx(fit["cfi"], abs=1e-6)
    if robust:
        assert test.scaled == pytest.approx(fit["chisq.scaled"], rel=1e-6)
        assert indices["cfi_robust"] == pytest.approx(fit["cfi.robust"], abs=1e-6)
        assert indices["rmsea_robust"] == pytest.approx(fit["rmsea.robust"], abs=1e-6)
    rows = [row for row in told["free"] if row["op"] in ("=~", "|")]
    order = sorted(range(len(rows)), key=lambda at: rows[at]["op"] == "|")
    expected = np.array([[rows[at]["est"], rows[at]["se"]] for at in order])
    ours = np.column_stack([found.free, np.sqrt(np.diag(found.covariance))])
    np.testing.assert_allclose(ours, expected, atol=2e-5)


def test_groups_alike_are_one_group_twice():
    single = estimate(one_factor(SCIENCE), (SCIENCE,), unweighted=False, robust=True)
    model = one_factor(SCIENCE, n_groups=2, equal=("loadings", "tau", "psi"))
    blocks = model.groups[1]
    fixed = replace(blocks, psi=model.groups[0].psi)
    # Factor variances are 1 in both, so that the same nine parameters serve twice.
    n_free = single.model.n_parameters
    twice = replace(
        model,
        groups=(model.groups[0], fixed),
        start=np.full(n_free, np.nan),
        basis=np.eye(n_free),
        offset=np.zeros(n_free),
    )
    found = estimate(twice, (SCIENCE, SCIENCE), unweighted=False, robust=True)
    np.testing.assert_allclose(found.free, single.free, atol=1e-6)
    assert found.chi2.chi2 == pytest.approx(2.0 * single.chi2.chi2, rel=1e-8)
    half = single.covariance * (SCIENCE.n - 1.0) / (2.0 * SCIENCE.n - 2.0)
    np.testing.assert_allclose(found.covariance, half, rtol=1e-5, atol=1e-9)


def test_the_value_is_infinite_where_there_are_no_correlations():
    model = one_factor(SCIENCE, "theta")
    start = np.full(model.n_parameters, np.nan)
    found = search(model, (SCIENCE,), weights_of((SCIENCE,), unweighted=True), start)
    assert not found.converged
    assert found.value == np.inf


def test_the_baseline_has_thresholds_and_nothing_else():
    found = baseline((SCIENCE,), unweighted=True, robust=False)
    assert found.df == 6
    assert found.chi2 == pytest.approx(391.0 * (SCIENCE.moments[12:] ** 2).sum())
