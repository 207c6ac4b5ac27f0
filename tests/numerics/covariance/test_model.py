"""What a model's matrices imply, and how it moves with the free parameters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digilitt.numerics.covariance.directions import continuous_jacobian, ordinal_jacobian
from digilitt.numerics.covariance.model import lower, matrices, ordinal_moments
from digilitt.numerics.tables import pair_index
from tests.numerics.covariance.make import block, factors, model_of, random_model

SEEDS = st.integers(0, 10_000)
STEP = 1e-30


def by_imaginary_step(function, free):
    """Derivatives without rounding: one row for each parameter."""
    moved = free + 1j * STEP * np.eye(len(free))
    return np.array([function(each).imag / STEP for each in moved])


def continuous_moments(model, group, free):
    found = matrices(model, group, free)
    below = found.sigma[lower(model.n_items, diagonal=True)]
    return np.concatenate([found.mu, below]) if model.means else below


@given(SEEDS, st.booleans())
@settings(max_examples=30)
def test_means_and_covariances_move_as_the_jacobian_says(seed, means):
    model, free = random_model(seed, means=means)
    for group in range(len(model.groups)):
        slopes = by_imaginary_step(lambda z, at=group: continuous_moments(model, at, z), free)
        found = continuous_jacobian(model, group, free)
        np.testing.assert_allclose(found, slopes.T.reshape(found.shape), atol=1e-12)


@given(SEEDS, st.sampled_from(["delta", "theta"]))
@settings(max_examples=40)
def test_thresholds_and_correlations_move_as_the_jacobian_says(seed, form):
    model, free = random_model(seed, form=form)
    for group in range(len(model.groups)):

        def moments(z, at=group):
            return ordinal_moments(model, matrices(model, at, z))

        found, jacobian = ordinal_jacobian(model, group, free)
        np.testing.assert_array_equal(found, moments(free))
        slopes = by_imaginary_step(moments, free)
        np.testing.assert_allclose(jacobian, slopes.T.reshape(jacobian.shape), atol=1e-12)


@given(SEEDS)
@settings(max_examples=20)
def test_factors_pass_on_what_explains_them(seed):
    model, free = random_model(seed)
    found = matrices(model, 0, free)
    # Regressions point downwards, so that their powers come to an end.
    total, power = np.eye(model.n_factors), np.eye(model.n_factors)
    for _ in range(model.n_factors):
        power = power @ found.beta
        total = total + power
    phi = total @ found.psi @ total.T
    np.testing.assert_allclose(found.phi, phi, atol=1e-12)
    expected = found.loadings @ phi @ found.loadings.T + found.theta
    np.testing.assert_allclose(found.sigma, expected, atol=1e-12)
    np.testing.assert_allclose(found.mu, found.nu + found.loadings @ total @ found.alpha)
    np.testing.assert_array_equal(found.theta, found.theta.T)


def test_one_factor_by_hand():
    model = factors([[0, 1, 2]])
    free = np.array([0.8, 0.6, 0.5, 0.36, 0.64, 0.75, 1.0, 2.0, 3.0])
    found = matrices(model, 0, free)
    expected = [[1.0, 0.48, 0.40], [0.48, 1.0, 0.30], [0.40, 0.30, 1.0]]
    np.testing.assert_allclose(found.sigma, expected)
    np.testing.assert_allclose(found.mu, [1.0, 2.0, 3.0])


def test_items_in_categories_by_hand():
    # Variances 0.64 + 0.36 x 4 and so on are not 1, so that the theta form must standardize.
    told = {"means": False, "categories": (3, 2, 2)}
    free = np.array([1.0, 2.0, 0.5, 0.3, 0.9, -0.4, 1.1])
    theta = factors([[0, 1, 2]], form="theta", **told)
    found = ordinal_moments(theta, matrices(theta, 0, free))
    root = np.sqrt([2.0, 5.0, 1.25])
    cuts = np.array([0.3, 0.9, -0.4, 1.1]) / root[[0, 0, 1, 2]]
    correlations = np.array([2.0, 0.5, 1.0]) / np.array(
        [root[0] * root[1], root[0] * root[2], root[1] * root[2]]
    )
    np.testing.assert_allclose(found, np.concatenate([cuts, correlations]))
    delta = factors([[0, 1, 2]], form="delta", **told)
    free[:3] = 0.8, 0.6, 0.5
    matrix = matrices(delta, 0, free)
    np.testing.assert_allclose(ordinal_moments(delta, matrix)[4:], [0.48, 0.40, 0.30])
    np.testing.assert_allclose(np.diag(matrix.theta), [0.36, 0.64, 0.75])


def test_moments_are_counted():
    assert factors([[0, 1, 2]], means=False).n_moments == 6
    assert factors([[0, 1, 2]], n_groups=2).n_moments == 18
    ordinal = factors([[0, 1, 2]], form="delta", means=False, categories=(3, 2, 2))
    assert (ordinal.n_moments, ordinal.n_parameters) == (7, 7)


@pytest.mark.parametrize("p", [1, 2, 3, 6])
def test_triangles_are_ordered_like_pairs_of_items(p):
    rows, columns = lower(p, diagonal=False)
    first, second = pair_index(p)
    np.testing.assert_array_equal((columns, rows), (first, second))


def test_a_constraint_takes_a_parameter():
    model = factors([[0, 1, 2]], means=False)
    basis = np.eye(6)[:, 1:]
    basis[0, 0] = 1.0
    tied = model_of(model.groups, 6, means=False, basis=basis)
    assert tied.n_parameters == 5
    free = tied.offset + tied.basis @ np.array([0.6, 0.5, 0.3, 0.4, 0.5])
    np.testing.assert_array_equal(free[:2], [0.6, 0.6])


def test_free_cells_of_a_group_are_named_once():
    shared = factors([[0, 1, 2]], n_groups=2, equal=("loadings",))
    assert shared.groups[1].in_use().tolist() == [0, 1, 2, *range(9, 16)]
    assert block(np.zeros(2)).filled(np.array([1.0])).tolist() == [0.0, 0.0]
