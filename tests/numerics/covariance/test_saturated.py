"""Moments of the greatest likelihood, and the information about them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.errors import EstimationError
from digilitt.numerics.covariance.normal import (
    discrepancy,
    group_of,
    observed_information,
    score_products,
)
from digilitt.numerics.covariance.optimise import minimise
from digilitt.numerics.covariance.saturated import (
    available_moments,
    free_moments,
    independence_free,
    moments_model,
    saturated_moments,
)
from digilitt.numerics.covariance.saturated_information import (
    complete_information,
    determined,
    saturated_information,
    saturated_products,
    saturated_score,
)
from tests.numerics.covariance.make import plain

SEEDS = st.integers(0, 10_000)


def holes(seed, n=150, p=4, share=0.2, **more):
    """Persons with holes, weights and counts; the likelihood has one maximum."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n, 1)) + rng.standard_normal((n, p)) * [1.0, 2.0, 0.5, 1.0]
    values[rng.random((n, p)) < share] = np.nan
    values[np.isnan(values).all(axis=1), 1] = 0.3
    return group_of(values, rng.integers(1, 3, n) * 1.0, rng.uniform(0.5, 2.0, n), **more)


def whole(mean, covariance):
    model = moments_model(len(mean), 1, means=True, covariances=True)
    return model, free_moments(mean, covariance, means=True, covariances=True)


def test_complete_answers_say_it_themselves():
    values = np.random.default_rng(1).standard_normal((20, 3))
    mean, covariance, steps = saturated_moments(plain(values))
    np.testing.assert_allclose(mean, values.mean(axis=0))
    np.testing.assert_allclose(covariance, np.cov(values.T, bias=True))
    assert steps == 0


@given(SEEDS)
@settings(max_examples=10)
def test_em_ends_where_a_direct_search_ends(seed):
    group = holes(seed)
    mean, covariance, _ = saturated_moments(group)
    centre, variance = available_moments(group)
    model, start = whole(centre, np.diag(variance))
    found = minimise(
        lambda z: discrepancy(model, (group,), 0.0, z),
        lambda z: 2.0 * information_near(model, group, z),
        start,
    )
    assert found.converged
    np.testing.assert_allclose(whole(mean, covariance)[1], found.place, atol=1e-5)
    np.testing.assert_allclose(saturated_score(group, mean, covariance), 0.0, atol=1e-9)


def information_near(model, group, free):
    """Observed information with its negative eigenvalues turned round."""
    values, vectors = np.linalg.eigh(observed_information(model, (group,), free) / 2.0)
    return (vectors * np.maximum(np.abs(values), 1e-3)) @ vectors.T


@given(SEEDS)
@settings(max_examples=10)
def test_score_and_information_are_those_of_the_moments_model(seed):
    group = holes(seed)
    mean, variance = available_moments(group)
    covariance = np.diag(variance) + 0.1
    model, free = whole(mean, covariance)
    slope = discrepancy(model, (group,), 0.0, free).gradient
    np.testing.assert_allclose(saturated_score(group, mean, covariance), -slope / 2.0, atol=1e-10)
    np.testing.assert_allclose(
        saturated_information(group, mean, covariance),
        observed_information(model, (group,), free) / 2.0,
        atol=1e-10,
    )
    np.testing.assert_allclose(
        saturated_products(group, mean, covariance),
        score_products(model, (group,), free) / group.size,
        atol=1e-9,
    )


def test_products_of_clusters_are_those_of_the_moments_model():
    group = holes(2, clusters=np.random.default_rng(2).integers(0, 9, 150))
    mean, covariance, _ = saturated_moments(group)
    model, free = whole(mean, covariance)
    np.testing.assert_allclose(
        saturated_products(group, mean, covariance),
        score_products(model, (group,), free) / group.size,
        atol=1e-9,
    )


def test_many_persons_are_taken_in_blocks(monkeypatch):
    group = holes(4)
    told = saturated_products(group, *saturated_moments(group)[:2])
    place = "digilitt.numerics.covariance.saturated_information.BLOCK_VALUES"
    monkeypatch.setattr(place, 200)
    found = saturated_products(group, *saturated_moments(group)[:2])
    np.testing.assert_allclose(found, told, atol=1e-12)


def test_information_of_two_items_by_hand():
    # Of a variance 1/(2 v²), of the covariance (1 + r²)/(1 - r²)² if variances are 1.
    found = complete_information(np.diag([1.0, 4.0]))
    np.testing.assert_allclose(np.diag(found), [1.0, 0.25, 0.5, 0.25, 1.0 / 32.0])
    correlated = complete_information(np.array([[1.0, 0.6], [0.6, 1.0]]))
    np.testing.assert_allclose(correlated[3, 3], 1.36 / 0.64**2)
    np.testing.assert_allclose(correlated[0, 1], -0.6 / 0.64)


def test_information_of_complete_answers_needs_no_patterns():
    group = plain(np.random.default_rng(3).standard_normal((30, 4)))
    mean, covariance, _ = saturated_moments(group)
    np.testing.assert_allclose(
        saturated_information(group, mean, covariance), complete_information(covariance), atol=1e-12
    )


def test_independence_takes_every_answer_to_an_item():
    group = holes(5)
    free = independence_free((group,), means=True)
    share = group.counts * group.weights
    for item in range(4):
        own = ~np.isnan(group.values[:, item])
        centre = np.average(group.values[own, item], weights=share[own])
        spread = np.average((group.values[own, item] - centre) ** 2, weights=share[own])
        np.testing.assert_allclose(free[[item, 4 + item]], [centre, spread])
    model = moments_model(4, 1, means=True, covariances=False)
    slope = discrepancy(model, (group,), 0.0, free).gradient
    np.testing.assert_allclose(slope, 0.0, atol=1e-12)


def _spoilt(kind):
    """Answers of which covariances cannot be had."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal((50, 1)) + rng.standard_normal((50, 4))
    if kind.startswith("constant"):
        values[:, 1] = 2.0
    if kind.startswith("same"):
        values[:, 1] = 3.0 * values[:, 0] - 1.0
    if kind.startswith("nearly"):
        values[:, 1] = values[:, 0] + 1e-7 * rng.standard_normal(50)
    if kind.startswith("few"):
        values = values[:3]
    if kind.startswith("one"):
        values = values[:1]
    if kind.startswith("silent"):
        values[:, 3] = np.nan
    if kind.endswith("holes"):
        values[: len(values) // 2, 2] = np.nan
    return plain(values)


@pytest.mark.parametrize(
    "kind",
    ["constant", "constant, holes", "same", "same, holes", "nearly the same", "few", "few, holes",
     "one", "silent"],
)  # fmt: skip
def test_covariances_that_cannot_be_had_are_refused(kind):
    with pytest.raises(EstimationError) as caught:
        saturated_moments(_spoilt(kind))
    assert [problem.code for problem in caught.value.problems] == ["not-positive-definite"]


def test_a_likelihood_without_a_maximum_is_told():
    # The first two items are never answered together with the third, but by two persons.
    rng = np.random.default_rng(0)
    values = rng.standard_normal((14, 3))
    values[2:8, 2] = np.nan
    values[8:, :2] = np.nan
    with pytest.raises(EstimationError) as caught:
        saturated_moments(plain(values))
    assert caught.value.problems[0].code in {"not-converged", "not-positive-definite"}


def test_items_never_answered_together_leave_the_information_singular():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((60, 1)) + rng.standard_normal((60, 3))
    values[:30, 0] = np.nan
    values[30:, 1] = np.nan
    group = plain(values)
    mean, covariance, _ = saturated_moments(group)
    assert not determined(saturated_information(group, mean, covariance))
    assert determined(saturated_information(holes(1), *saturated_moments(holes(1))[:2]))
