"""The normal likelihood, its slopes and curvatures, with missing answers, weights and clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from digilitt.numerics.covariance.directions import continuous_jacobian
from digilitt.numerics.covariance.model import lower, matrices
from digilitt.numerics.covariance.normal import (
    cluster_factor,
    discrepancy,
    expected_information,
    group_of,
    log_likelihood,
    normalised_weights,
    observed_information,
    score_blocks,
    score_products,
)
from tests.numerics.covariance.make import differences, plain, random_groups, random_model

SEEDS = st.integers(0, 10_000)


def proper(model, free):
    """Whether the covariances are positive definite, and not by a hair."""
    return all(
        np.linalg.eigvalsh(matrices(model, number, free).sigma)[0] > 0.05
        for number in range(len(model.groups))
    )


def sample(seed, **more):
    """A random model, values of its parameters and persons."""
    while True:
        model, free = random_model(seed)
        if proper(model, free):
            return model, free, random_groups(seed, model, **more)
        seed += 10_001


def scores_of(model, number, group, free):
    found = np.full((len(group.values), len(free)), np.nan)
    for rows, scores in score_blocks(model, number, group, free):
        found[rows] = scores
    return found


@given(SEEDS)
@settings(max_examples=15)
def test_the_likelihood_is_that_of_each_person(seed):
    model, free, groups = sample(seed)
    for number, group in enumerate(groups):
        found = matrices(model, number, free)
        total = 0.0
        for row, count, weight in zip(group.values, group.counts, group.weights, strict=True):
            own = ~np.isnan(row)
            each = multivariate_normal(found.mu[own], found.sigma[np.ix_(own, own)])
            total += count * weight * each.logpdf(row[own])
        np.testing.assert_allclose(log_likelihood(group, found.sigma, found.mu), total)


@given(SEEDS)
@settings(max_examples=15)
def test_slopes_are_those_of_the_value(seed):
    model, free, groups = sample(seed)
    slopes = differences(lambda z: discrepancy(model, groups, 0.0, z).value, free, 1e-5)
    np.testing.assert_allclose(
        discrepancy(model, groups, 0.0, free).gradient, slopes.reshape(-1), atol=1e-6
    )


@given(SEEDS)
@settings(max_examples=15)
def test_observed_information_is_how_slopes_move(seed):
    model, free, groups = sample(seed)
    moved = differences(lambda z: discrepancy(model, groups, 0.0, z).gradient, free, 1e-5)
    found = observed_information(model, groups, free)
    np.testing.assert_allclose(found, moved.reshape(found.shape), atol=1e-6)


@given(SEEDS)
@settings(max_examples=15)
def test_scores_of_persons_sum_to_the_slope(seed):
    model, free, groups = sample(seed)
    total = sum(
        group.counts @ scores_of(model, number, group, free) for number, group in enumerate(groups)
    )
    size = sum(group.size for group in groups)
    slope = discrepancy(model, groups, 0.0, free).gradient
    np.testing.assert_allclose(total, -size / 2.0 * slope, atol=1e-8)


@given(SEEDS)
@settings(max_examples=15)
def test_expected_information_follows_from_the_jacobian(seed):
    model, free, groups = sample(seed)
    size, total = sum(group.size for group in groups), np.zeros((len(free), len(free)))
    rows, columns = lower(model.n_items, diagonal=True)
    for number, group in enumerate(groups):
        sigma = matrices(model, number, free).sigma
        slopes = continuous_jacobian(model, number, free)
        for observed, n in zip(group.observed, group.n, strict=True):
            inverse = np.zeros_like(sigma)
            inverse[np.ix_(observed, observed)] = np.linalg.inv(sigma[np.ix_(observed, observed)])
            moved = np.zeros((len(free), *sigma.shape))
            moved[:, rows, columns] = slopes[model.n_items :].T
            moved[:, columns, rows] = slopes[model.n_items :].T
            half = moved @ inverse
            mean = slopes[: model.n_items]
            # -2 log-likelihood: twice the information of the textbook.
            total += n * np.einsum("aij,bji->ab", half, half)
            total += 2.0 * n * mean.T @ inverse @ mean
    np.testing.assert_allclose(expected_information(model, groups, free), total / size, atol=1e-9)


@given(SEEDS)
@settings(max_examples=15)
def test_expected_information_is_the_observed_one_of_fitting_moments(seed):
    model, free, _ = sample(seed)
    rng = np.random.default_rng(seed)
    groups = []
    for number in range(len(model.groups)):
        found, n = matrices(model, number, free), 40
        raw = rng.standard_normal((n, model.n_items))
        raw -= raw.mean(axis=0)
        white = np.linalg.solve(np.linalg.cholesky(raw.T @ raw / n), raw.T).T
        groups.append(plain(white @ np.linalg.cholesky(found.sigma).T + found.mu))
    np.testing.assert_allclose(
        observed_information(model, tuple(groups), free),
        expected_information(model, tuple(groups), free),
        atol=1e-8,
    )


@given(SEEDS)
@settings(max_examples=10)
def test_a_row_may_stand_for_several_persons(seed):
    model, free, groups = sample(seed)
    spread = []
    for group in groups:
        rows = np.repeat(np.arange(len(group.values)), group.counts.astype(int))
        spread.append(group_of(group.values[rows], np.ones(len(rows)), group.weights[rows]))
    for function in (expected_information, observed_information, score_products):
        np.testing.assert_allclose(
            function(model, tuple(spread), free), function(model, groups, free), atol=1e-9
        )


@given(SEEDS)
@settings(max_examples=10)
def test_scores_are_summed_over_clusters(seed):
    model, free, groups = sample(seed, clusters=True)
    total = np.zeros((len(free), len(free)))
    for number, group in enumerate(groups):
        scores = scores_of(model, number, group, free) * group.counts[:, None]
        each = [scores[group.clusters == own].sum(axis=0) for own in np.unique(group.clusters)]
        total += len(each) / (len(each) - 1.0) * sum(np.outer(one, one) for one in each)
    np.testing.assert_allclose(score_products(model, groups, free), total, atol=1e-8)


def test_one_cluster_has_no_spread():
    assert np.isnan(cluster_factor(np.zeros(5, dtype=np.int64)))


def test_patterns_hold_all_that_matters():
    values = np.array([[1.0, 2.0], [3.0, 5.0], [np.nan, 4.0], [5.0, np.nan]])
    group = group_of(values, np.array([1.0, 3.0, 2.0, 1.0]))
    assert group.observed.tolist() == [[False, True], [True, False], [True, True]]
    assert group.n.tolist() == [2.0, 1.0, 4.0]
    np.testing.assert_allclose(group.mean[2], [2.5, 4.25])
    np.testing.assert_allclose(group.covariance[2], [[0.75, 1.125], [1.125, 1.6875]])
    assert group.size == 7.0
    assert not group.complete


def test_rows_without_answers_are_refused():
    with pytest.raises(ValueError, match="without any answer"):
        group_of(np.array([[1.0, 2.0], [np.nan, np.nan]]), np.ones(2))


def test_weights_keep_the_number_of_persons():
    counts = np.array([1.0, 2.0, 1.0])
    found = normalised_weights(np.array([1.0, 3.0, 5.0]), counts)
    assert counts @ found == pytest.approx(4.0)
    np.testing.assert_allclose(found / found[0], [1.0, 3.0, 5.0])


def test_improper_covariances_have_no_likelihood():
    model, free = random_model(3)
    free = free.copy()
    free[model.groups[0].theta.free] = -9.0
    groups = random_groups(3, model)
    assert not proper(model, free)
    found = discrepancy(model, groups, 0.0, free)
    assert found.value == np.inf
    for function in (expected_information, observed_information, score_products):
        with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
            function(model, groups, free)
