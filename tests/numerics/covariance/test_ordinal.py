"""Thresholds, polychoric correlations and their covariances of a group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from digilitt.numerics.covariance.ordinal import ordinal_group
from digilitt.numerics.tables import category_codes
from tests.reference.cases import dataset


def answers(seed, n=300, p=4, k=4, missing=0.0):
    rng = np.random.default_rng(seed)
    latent = rng.standard_normal((n, 1)) + rng.standard_normal((n, p))
    codes = np.clip(np.floor(latent + k / 2.0), 0, k - 1).astype(np.int64)
    codes[rng.random((n, p)) < missing] = -1
    return codes


def science():
    return category_codes(dataset("science").dropna().to_numpy(float)).codes


def test_thresholds_are_quantiles_of_all_answers_to_an_item():
    codes = answers(1, missing=0.2)
    found = ordinal_group(codes, np.ones(len(codes)))
    cuts = []
    for item in codes.T:
        own = item[item >= 0]
        cuts.append([norm.ppf(np.mean(own <= k)) for k in range(own.max())])
    np.testing.assert_allclose(found.moments[: found.n_cuts], np.concatenate(cuts), atol=1e-9)


def test_correlations_are_ordered_like_moments():
    found = ordinal_group(science(), np.ones(392))
    assert found.n_categories == (4, 4, 4, 4)
    assert found.n_cuts == 12
    below = found.correlation[[1, 2, 3, 2, 3, 3], [0, 0, 0, 1, 1, 2]]
    np.testing.assert_array_equal(found.moments[12:], below)
    np.testing.assert_array_equal(np.diag(found.correlation), 1.0)
    np.testing.assert_allclose(found.gamma, found.gamma.T, atol=1e-9)
    assert np.linalg.eigvalsh(found.gamma)[0] > -1e-9


@given(st.integers(0, 1000))
@settings(max_examples=5)
def test_a_row_may_stand_for_several_persons(seed):
    codes = answers(seed, n=120, missing=0.1)
    counts = np.random.default_rng(seed).integers(1, 4, 120)
    one = ordinal_group(codes, counts.astype(float))
    many = ordinal_group(np.repeat(codes, counts, axis=0), np.ones(counts.sum()))
    assert one.n == many.n
    np.testing.assert_allclose(one.moments, many.moments, atol=1e-8)
    np.testing.assert_allclose(one.gamma, many.gamma, atol=1e-6)


def test_persons_without_answers_are_not_counted():
    codes = answers(3)
    codes[:7] = -1
    found = ordinal_group(codes, np.ones(300))
    assert found.n == 293.0
    np.testing.assert_allclose(found.gamma, ordinal_group(codes[7:], np.ones(293)).gamma)


def test_gamma_of_a_threshold_by_hand():
    # A share of s has variance s(1 - s)/n, and its quantile that over the density's square.
    codes = answers(4, k=2)
    found = ordinal_group(codes, np.ones(300))
    share = (codes == 0).mean(axis=0)
    expected = share * (1.0 - share) / norm.pdf(norm.ppf(share)) ** 2
    np.testing.assert_allclose(np.diag(found.gamma)[:4], expected, rtol=1e-6)


def test_items_that_go_together_perfectly_are_flagged():
    codes = answers(5, k=2)
    codes[:, 1] = codes[:, 0]
    found = ordinal_group(codes, np.ones(300))
    assert found.n_empty[0] == 2
    assert found.at_bound[0]
    assert not found.at_bound[1:].any()


def test_few_persons_are_told_by_their_numbers():
    codes = np.array([[0, 0], [1, 1], [1, -1], [0, -1]])
    found = ordinal_group(codes, np.ones(4))
    assert found.n == 4.0
    assert found.n_pairs.tolist() == [2.0]
    assert found.at_bound[0]


@pytest.mark.parametrize("k", [2, 3, 5])
def test_every_category_makes_a_threshold(k):
    found = ordinal_group(answers(6, k=k), np.ones(300))
    assert found.n_cuts == 4 * (k - 1)
    assert len(found.moments) == found.n_cuts + 6
