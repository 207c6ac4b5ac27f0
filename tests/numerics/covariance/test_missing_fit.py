"""Statistic and factor of robust indices with missing answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from digilitt.numerics.covariance.directions import continuous_jacobian
from digilitt.numerics.covariance.maximum_likelihood import baseline, estimate, sample_of
from digilitt.numerics.covariance.missing_fit import (
    information_of,
    robust_baseline,
    robust_test,
)
from digilitt.numerics.covariance.normal import group_of
from digilitt.numerics.fit_indices import fit_indices
from tests.numerics.covariance.make import (
    FIVE,
    ITEMS,
    THREE,
    factors,
    holzinger,
    plain,
    sampling_groups,
)
from tests.reference.cases import dataset, load_case

MISSING = load_case("cfa_missing")
SAMPLING = load_case("cfa_sampling")


def measured(model, groups, *, robust):
    """A model's tests with what robust indices need, and those of its baseline."""
    sample = sample_of(tuple(groups), robust=robust)
    found = estimate(model, sample, robust=robust, observed=True)
    against = baseline(sample, means=True, robust=robust)
    information = information_of(sample, nonnormal=robust)
    x, factor = robust_test(found, sample, information)
    x_baseline, factor_baseline = robust_baseline(sample, information)
    return (
        sample,
        found,
        replace(found.chi2, robust_chi2=x, robust_factor=factor),
        replace(against, robust_chi2=x_baseline, robust_factor=factor_baseline),
    )


def check(model, groups, fit, *, robust, tolerance):
    sample, _, test, against = measured(model, groups, robust=robust)
    n, n_groups = sample.n, len(groups)
    found = fit_indices(test, against, n=n, n_groups=n_groups, divisor=n)
    assert found["chi2"] == pytest.approx(fit["chisq"], rel=1e-6)
    names = {"rmsea_low": "rmsea.ci.lower", "rmsea_high": "rmsea.ci.upper"}
    for ours in ("cfi", "tli", "rmsea", *names):
        expected = fit.get(f"{names.get(ours, ours)}.robust")
        if expected is not None:
            assert found[f"{ours}_robust"] == pytest.approx(expected, abs=tolerance), ours


# lavaan's EM stops at changes of 1e-5, which its robust indices show.
@pytest.mark.parametrize(
    ("name", "robust", "equal"),
    [
        ("fiml_ml", False, None),
        ("fiml_mlr", True, None),
        ("fiml_metric_ml", False, ("loadings",)),
        ("fiml_metric", True, ("loadings",)),
    ],
)
def test_indices_agree_with_lavaan(name, robust, equal):
    parts = [part[ITEMS].to_numpy(float) for part in holzinger("holzinger_holes", "cfa_missing")]
    groups = [plain(np.vstack(parts))] if equal is None else [plain(part) for part in parts]
    model = factors(THREE, n_groups=len(groups), equal=equal or ())
    fit = MISSING.expected["holzinger_holes"][name]["fit"]
    check(model, groups, fit, robust=robust, tolerance=5e-5)


@pytest.mark.parametrize("kind", ["clusters", "weight"])
def test_indices_of_samples_agree_with_lavaan(kind):
    name = {"clusters": "cluster_fiml", "weight": "weight_fiml"}[kind]
    fit = SAMPLING.expected["holzinger_sampling"][name]["fit"]
    groups = sampling_groups(holes=True, **{kind: True})
    check(factors(THREE), groups, fit, robust=True, tolerance=5e-5)


def test_indices_of_many_persons_agree_with_lavaan():
    values = dataset("bfi")[FIVE].to_numpy(float)
    values = values[~np.isnan(values).all(axis=1)]
    sets = [list(range(first, first + 5)) for first in range(0, 25, 5)]
    fit = MISSING.expected["bfi"]["cfa_fiml"]["fit"]
    check(factors(sets), [plain(values)], fit, robust=False, tolerance=1e-6)


def persons(seed=1, n=200, p=4, share=0.15):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n, 1)) + rng.standard_exponential((n, p))
    values[rng.random((n, p)) < share] = np.nan
    return values[~np.isnan(values).all(axis=1)]


def test_complete_normal_answers_need_no_correction():
    groups = [plain(persons(seed, share=0.0)) for seed in (1, 2)]
    model = factors([[0, 1, 2, 3]], n_groups=2)
    _, found, test, against = measured(model, groups, robust=False)
    assert test.robust_chi2 == pytest.approx(found.chi2.chi2, rel=1e-9)
    assert test.robust_factor == pytest.approx(1.0)
    assert against.robust_chi2 == pytest.approx(against.chi2)
    assert against.robust_factor == pytest.approx(1.0)


@pytest.mark.parametrize("robust", [False, True])
def test_the_factor_follows_from_whole_matrices(robust):
    # Groups of different size, so that shares matter.
    groups = [plain(persons(1)), plain(persons(2, n=90, share=0.3))]
    model = factors([[0, 1, 2, 3]], n_groups=2, equal=("loadings",))
    sample, found, test, _ = measured(model, groups, robust=robust)
    parts = information_of(sample, nonnormal=True)
    missing, complete, products = (
        blocks([getattr(part, name) for part in parts])
        for name in ("missing", "complete", "products")
    )
    slopes = np.vstack([continuous_jacobian(model, number, found.free) for number in (0, 1)])
    inverse = np.linalg.inv(missing)
    left = inverse - slopes @ np.linalg.inv(slopes.T @ missing @ slopes) @ slopes.T
    used = left @ products @ left if robust else left
    assert test.robust_factor == pytest.approx(np.trace(complete @ used) / test.df, rel=1e-9)


def blocks(parts):
    size = len(parts[0])
    found = np.zeros((size * len(parts), size * len(parts)))
    for number, part in enumerate(parts):
        own = slice(number * size, (number + 1) * size)
        found[own, own] = part
    return found


def test_units_and_order_of_persons_do_not_matter():
    values = persons()
    model = factors([[0, 1, 2, 3]])
    turned = values[::-1] * [10.0, 1.0, 0.1, 1.0] + 3.0
    one, other = (measured(model, [plain(each)], robust=True)[2] for each in (values, turned))
    assert other.robust_chi2 == pytest.approx(one.robust_chi2, rel=1e-6)
    assert other.robust_factor == pytest.approx(one.robust_factor, rel=1e-5)


def test_counts_and_repeated_rows_are_one():
    values, counts = persons(n=80), np.random.default_rng(1).integers(1, 4, 80)
    counts = counts[: len(values)]
    model = factors([[0, 1, 2, 3]])
    group = group_of(values, counts.astype(float))
    one = measured(model, [group], robust=True)[2]
    other = measured(model, [plain(np.repeat(values, counts, axis=0))], robust=True)[2]
    assert other.robust_chi2 == pytest.approx(one.robust_chi2, rel=1e-7)
    assert other.robust_factor == pytest.approx(one.robust_factor, rel=1e-7)


def test_without_degrees_of_freedom_there_is_no_factor():
    _, _, test, against = measured(factors([[0, 1, 2]]), [plain(persons(p=3))], robust=False)
    assert np.isnan([test.robust_chi2, test.robust_factor]).all()
    assert np.isfinite([against.robust_chi2, against.robust_factor]).all()


def test_items_never_answered_together_have_no_factor():
    values = persons(share=0.0)
    values[:100, 0], values[100:, 1] = np.nan, np.nan
    _, found, test, against = measured(factors([[0, 1, 2, 3]]), [plain(values)], robust=True)
    assert found.optimum.converged
    assert np.isfinite(found.chi2.chi2)
    assert np.isnan([test.robust_factor, against.robust_factor, found.chi2.scaling_factor]).all()


def test_improper_implied_covariances_have_no_statistic():
    sample, found, _, _ = measured(factors([[0, 1, 2, 3]]), [plain(persons())], robust=False)
    improper = found.free.copy()
    improper[4] = -5.0
    information = information_of(sample, nonnormal=False)
    assert np.isnan(robust_test(replace(found, free=improper), sample, information)).all()
