"""The search for a minimum, where it is easy and where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from digilitt.numerics.covariance.optimise import MOST_STEPS, Point, minimise


def flat(value, size):
    """A function that is the same everywhere."""
    return lambda _: Point(value=value, gradient=np.zeros(size))


def always(matrix):
    return lambda _: np.array(matrix, dtype=float)


def squares(residuals, jacobian):
    """A sum of squares and its Gauss–Newton curvature."""

    def at(z):
        apart = residuals(z)
        return Point(value=float(apart @ apart), gradient=2.0 * jacobian(z).T @ apart)

    def curvature(z):
        return 2.0 * jacobian(z).T @ jacobian(z)

    return at, curvature


VALLEY = squares(
    lambda z: np.array([10.0 * (z[1] - z[0] ** 2), 1.0 - z[0]]),
    lambda z: np.array([[-20.0 * z[0], 10.0], [-1.0, 0.0]]),
)
# Two parameters of which only the sum matters.
RIDGE = squares(
    lambda z: np.array([z[0] + z[1] - 3.0]) ** 3,
    lambda z: 3.0 * (z.sum() - 3.0) ** 2 * np.ones((1, 2)),
)


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("start", [(-1.2, 1.0), (100.0, -50.0), (1.0, 1.0)])
def test_a_bent_valley_is_followed(start, lazy):
    found = minimise(*VALLEY, np.array(start), lazy=lazy)
    assert found.converged
    np.testing.assert_allclose(found.place, [1.0, 1.0], atol=1e-6)
    assert found.largest_slope < 1e-4


def test_a_singular_curvature_leads_to_the_ridge():
    found = minimise(*RIDGE, np.array([5.0, -7.0]))
    assert found.converged
    assert found.value < 1e-9


def test_a_constant_needs_no_step():
    found = minimise(flat(2.0, 2), always(np.zeros((2, 2))), np.ones(2))
    assert found.converged
    np.testing.assert_array_equal(found.place, [1.0, 1.0])


def test_places_without_a_value_are_not_entered():
    seen = []

    def at(z):
        seen.append(z[0])
        if z[0] <= 0.0:
            return Point(value=np.inf, gradient=np.zeros(1))
        return Point(value=z[0] - np.log(z[0]), gradient=np.array([1.0 - 1.0 / z[0]]))

    # A curvature that is far too small, so that the first steps lead out of the domain.
    found = minimise(at, always([[1e-3]]), np.array([3.0]))
    assert min(seen) <= 0.0
    assert found.converged
    np.testing.assert_allclose(found.place, [1.0], atol=1e-6)


def test_a_start_without_a_value_is_told():
    def never(_):
        raise AssertionError("there is no curvature where there is no value")

    found = minimise(flat(np.inf, 1), never, np.zeros(1))
    assert not found.converged
    assert found.value == np.inf


def test_a_fall_without_end_is_told():
    def slope(z):
        return Point(value=-float(z[0]), gradient=-np.ones(1))

    found = minimise(slope, always(np.eye(1)), np.ones(1))
    assert not found.converged
    assert found.n_steps == MOST_STEPS


def test_nothing_to_choose():
    found = minimise(flat(1.5, 0), always(np.zeros((0, 0))), np.zeros(0))
    assert found.converged
    assert (found.value, found.largest_slope) == (1.5, 0.0)
