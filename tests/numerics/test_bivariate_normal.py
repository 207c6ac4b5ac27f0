"""The bivariate normal distribution, against integrals, closed forms and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial.legendre import leggauss
from scipy.special import ndtr
from scipy.stats import multivariate_normal

from digilitt.numerics.bivariate_normal import (
    bivariate_normal_cdf,
    bivariate_normal_density,
    cdf_on_grids,
    log_between,
    rectangles,
    small_rectangles,
)

EXACT = 2e-15
# Near a correlation of 1 the strip itself loses digits of k - rho x over the root.
INTEGRATED = 1e-13
H, K = st.floats(-9, 9), st.floats(-9, 9)
RHO = st.one_of(
    st.floats(-1, 1),
    st.builds(
        lambda sign, digits: sign * (1 - 10**-digits), st.sampled_from([-1, 1]), st.floats(1, 15)
    ),
)


def integrated(h: float, k: float, rho: float) -> float:
    """P(X ≤ h, Y ≤ k) as an integral over x, in short pieces."""
    root = np.sqrt((1 - rho) * (1 + rho))
    bends = [k / rho + step * root for step in (-9, -6, -3, 0, 3, 6, 9)] if rho else []
    inside = [x for x in (*np.arange(-12, 13), *bends) if -13 < x < h]
    edges = np.array([-13.0, *sorted(inside), h])
    nodes, weights = leggauss(40)
    half = np.diff(edges) / 2
    x = edges[:-1, None] + half[:, None] * (1 + nodes)
    strips = np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * ndtr((k - rho * x) / root)
    return float((half[:, None] * weights * strips).sum())


@pytest.mark.parametrize("size", [0.0, 0.2, 0.5, 0.74, 0.9, 0.95, 0.999, 1 - 1e-8, 1 - 1e-13])
def test_cdf_is_the_integral(size: float) -> None:
    rng = np.random.default_rng(7)
    for sign in (-1.0, 1.0):
        for h, k in rng.normal(0, 1.7, (25, 2)):
            rho = sign * size
            assert abs(bivariate_normal_cdf(h, k, rho) - integrated(h, k, rho)) < INTEGRATED


@given(RHO)
def test_quadrant_is_the_arcsine(rho: float) -> None:
    expected = 0.25 + np.arcsin(rho) / (2 * np.pi)
    # Near 1 the arcsine itself has half of the digits of 1 - rho.
    assert abs(bivariate_normal_cdf(0.0, 0.0, rho) - expected) < EXACT


@given(H, K, RHO)
def test_laws_of_the_cdf(h: float, k: float, rho: float) -> None:
    found = float(bivariate_normal_cdf(h, k, rho))
    assert found == pytest.approx(float(bivariate_normal_cdf(k, h, rho)), abs=EXACT)
    assert found + bivariate_normal_cdf(h, -k, -rho) == pytest.approx(ndtr(h), abs=EXACT)
    assert max(0.0, ndtr(h) - ndtr(-k)) - EXACT <= found <= min(ndtr(h), ndtr(k)) + EXACT
    assert bivariate_normal_cdf(h, np.inf, rho) == pytest.approx(ndtr(h), abs=EXACT)
    assert bivariate_normal_cdf(h, -np.inf, rho) == 0.0


def test_perfect_correlation_and_none() -> None:
    h, k = np.array([-1.0, 0.0, 0.3, 2.0]), np.array([-1.0, 0.4, -0.2, 0.0])
    assert bivariate_normal_cdf(h, k, 1.0) == pytest.approx(ndtr(np.minimum(h, k)), abs=EXACT)
    assert bivariate_normal_cdf(h, k, -1.0) == pytest.approx(np.maximum(ndtr(h) - ndtr(-k), 0))
    assert bivariate_normal_cdf(h, k, 0.0) == pytest.approx(ndtr(h) * ndtr(k), abs=EXACT)


@pytest.mark.parametrize("rho", [-0.99, -0.5, 0.0, 0.3, 0.9999])
def test_density_is_scipys(rho: float) -> None:
    points = np.random.default_rng(3).normal(0, 1, (20, 2))
    expected = multivariate_normal([0, 0], [[1, rho], [rho, 1]]).pdf(points)
    found = bivariate_normal_density(points[:, 0], points[:, 1], rho)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_density_is_0_at_infinity() -> None:
    ends = np.array([-np.inf, np.inf])
    assert not bivariate_normal_density(ends, 0.0, 0.5).any()
    assert not bivariate_normal_density(ends, ends, -0.5).any()


@given(st.lists(RHO.filter(lambda rho: abs(rho) < 1), min_size=1, max_size=6), st.integers(0, 99))
def test_grids_are_the_cdf_point_by_point(rhos: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    rho = np.array(rhos)
    rows, columns = (np.sort(rng.normal(0, 1.5, (len(rho), size)), axis=1) for size in (4, 2))
    rows[:, -1] = np.inf
    expected = bivariate_normal_cdf(rows[:, :, None], columns[:, None, :], rho[:, None, None])
    found = cdf_on_grids(rows, columns, rho)
    assert np.abs(found - expected).max() < EXACT
    cells = rectangles(found, rows, columns)
    assert cells.shape == (len(rho), 5, 3)
    assert (cells >= 0).all()
    assert np.abs(cells.sum(axis=(1, 2)) - 1).max() < 1e-14
    assert np.abs(cells[:, -1]).max() < 1e-14


def test_small_rectangles_agree_where_both_have_digits() -> None:
    rng = np.random.default_rng(5)
    rho = rng.uniform(-0.97, 0.97, 400)
    low, size = rng.normal(0, 1.5, (2, 400)), rng.uniform(0.1, 2, (2, 400))
    high = low + size
    corners = [
        bivariate_normal_cdf(x, y, rho)
        for x, y in ((high[0], high[1]), (low[0], high[1]), (high[0], low[1]), (low[0], low[1]))
    ]
    expected = corners[0] - corners[1] - corners[2] + corners[3]
    found = np.exp(small_rectangles((low[0], low[1]), (high[0], high[1]), rho))
    digits = expected > 1e-9
    assert digits.sum() > 200
    np.testing.assert_allclose(found[digits], expected[digits], rtol=1e-6)


def test_small_rectangles_keep_their_digits_far_out() -> None:
    # Without correlation the probability is a product, however small.
    ends = np.array([20.0, -30.0, 8.0]), np.array([5.0, 8.0, -9.0])
    found = small_rectangles(ends, (ends[0] + 1, ends[1] + np.inf), np.zeros(3))
    expected = log_between(ends[0], ends[0] + 1) + log_between(ends[1], np.full(3, np.inf))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (-3.0, -2.0), (-9.0, -8.0), (-np.inf, 0.5)])
def test_log_between_is_the_log_of_the_difference(low: float, high: float) -> None:
    expected = np.log(ndtr(high) - ndtr(low))
    assert log_between(np.array([low]), np.array([high])) == pytest.approx(expected, rel=1e-13)
    assert log_between(np.array([-high]), np.array([-low])) == pytest.approx(expected, rel=1e-13)
