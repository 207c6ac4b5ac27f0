"""Alignment against R's optimizers, derivatives, recovery of known groups, laws; errors, sets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from digilitt.errors import EstimationError
from digilitt.numerics.alignment import align_groups
from digilitt.numerics.alignment_errors import alignment_errors, invariant_groups
from digilitt.numerics.alignment_loss import configural, curvature, total_loss
from tests.reference.cases import load_case

CASE = load_case("noninvariance")


def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize("name", ["alignment", "alignment_thresholds"])
@pytest.mark.parametrize("method", ["fixed", "free"])
def test_r_finds_the_same_minimum(name, method):
    told = CASE.expected["bfi"][name]
    loadings, locations = np.array(told["loadings"]), np.array(told["locations"])
    given_ = (
        {"intercepts": locations}
        if name == "alignment"
        else {"thresholds": locations.reshape(5, 5, -1)}
    )
    groups = configural(loadings, n_persons=told["n"], **given_)
    found = align_groups(groups, method=method, rng=rng())
    assert found.converged
    assert found.n_best == 20
    for figure in ("means", "variances", "loadings", "locations", "r2_loadings", "r2_locations"):
        CASE.check("alignment", getattr(found, figure), told[method][figure])
    CASE.check("alignment", found.loss / told[method]["loss"], 1.0)


def some_groups(seed=0, n_groups=4, thresholds=False):
    """Configural parameters of five items with chance differences and two large ones."""
    draw = np.random.default_rng(seed)
    loadings = draw.uniform(0.6, 1.2, 5) + 0.05 * draw.standard_normal((n_groups, 5))
    loadings[1, 2] += 0.4
    sd = np.exp(0.2 * draw.standard_normal((n_groups, 1)))
    means = 0.4 * draw.standard_normal((n_groups, 1))
    n_persons = draw.integers(100, 400, n_groups)
    if thresholds:
        places = np.sort(draw.standard_normal((5, 3)), axis=1)
        places = places + 0.05 * draw.standard_normal((n_groups, 5, 3))
        places[:, 0, 2] = np.nan
        places[2, 3] += 0.5
        moved = places - means[:, :, None] * loadings[:, :, None]
        return configural(loadings * sd, n_persons=n_persons, thresholds=moved)
    places = draw.standard_normal(5) + 0.05 * draw.standard_normal((n_groups, 5))
    places[2, 3] += 0.5
    return configural(loadings * sd, n_persons=n_persons, intercepts=places + means * loadings)


def lacking(groups):
    """The second group does not have the second item."""
    loadings = groups.loadings.copy()
    loadings[1, 1] = np.nan
    locations = np.where(np.isnan(loadings[:, groups.item]), np.nan, groups.locations)
    return replace(groups, loadings=loadings, locations=locations)


@pytest.mark.parametrize("thresholds", [False, True])
def test_derivatives_are_those_of_finite_differences(thresholds):
    groups = lacking(some_groups(thresholds=thresholds))
    position, epsilon, step = 0.3 * rng().standard_normal((2, 4)), 0.01, 1e-6
    n_parameters = 5 + groups.locations.shape[1]
    _, gradient = total_loss(groups, position, epsilon)
    hessian, mixed = curvature(groups, position, epsilon)
    for k, direction in enumerate(np.eye(8).reshape(8, 2, 4)):
        (above, after), (below, before) = (
            total_loss(groups, position + sign * step * direction, epsilon) for sign in (1, -1)
        )
        assert gradient.ravel()[k] == pytest.approx((above - below) / (2 * step), abs=1e-4)
        assert np.allclose(hessian[k], (after - before).ravel() / (2 * step), atol=1e-3)
    for group in range(4):
        for k in range(n_parameters):
            change = np.zeros((4, n_parameters))
            change[group, k] = step
            after, before = (
                total_loss(
                    replace(
                        groups,
                        loadings=groups.loadings + sign * change[:, :5],
                        locations=groups.locations + sign * change[:, 5:],
                    ),
                    position,
                    epsilon,
                )[1].ravel()
                for sign in (1, -1)
            )
            assert np.allclose(mixed[:, group, k], (after - before) / (2 * step), atol=1e-3)


@pytest.mark.parametrize("method", ["fixed", "free"])
def test_a_few_unlike_items_do_not_hide_the_groups(method):
    draw = np.random.default_rng(0)
    n_groups, n_items = 30, 6
    true_loadings, true_intercepts = draw.uniform(0.6, 1.2, n_items), draw.standard_normal(n_items)
    sd, means = np.exp(0.2 * draw.standard_normal(n_groups)), 0.5 * draw.standard_normal(n_groups)
    sd, means = sd / sd[0], means - means[0]
    loadings = np.tile(true_loadings, (n_groups, 1))
    intercepts = np.tile(true_intercepts, (n_groups, 1))
    for group in range(n_groups):
        loadings[group, draw.integers(n_items)] += 0.4 * draw.choice([-1, 1])
        intercepts[group, draw.integers(n_items)] += 0.6 * draw.choice([-1, 1])
    groups = configural(
        loadings * sd[:, None],
        n_persons=np.full(n_groups, 300),
        intercepts=intercepts + means[:, None] * loadings,
    )
    for epsilon, close in ((0.01, 0.04), (1e-6, 1e-4), (1e-9, 1e-6)):
        found = align_groups(groups, method=method, epsilon=epsilon, n_starts=1)
        assert np.allclose(found.means - found.means[0], means, atol=close)
        assert np.allclose(np.sqrt(found.variances), sd, atol=close)
    unlike = np.abs(found.loadings - true_loadings) > 0.1
    assert (unlike == (np.abs(loadings - true_loadings) > 0.1)).all()


@pytest.mark.parametrize("thresholds", [False, True])
def test_invariant_groups_are_found_to_the_last_digit(thresholds):
    loadings = np.array([0.8, 1.0, 1.2])
    sd, means = np.array([[1.0], [1.3], [0.8]]), np.array([[0.0], [0.5], [-0.2]])
    if thresholds:
        places = np.array([[-1.0, 0.0, 1.0], [-0.5, 0.4, np.nan], [0.0, 1.0, 2.0]])
        where = {"thresholds": places - (means * loadings)[:, :, None]}
    else:
        where = {"intercepts": np.array([0.1, 0.2, 0.3]) + means * loadings}
    n = np.array([100.0, 200.0, 400.0])
    found = align_groups(configural(sd * loadings, n_persons=n, **where), n_starts=1)
    assert np.allclose(found.means, means[:, 0], atol=1e-9)
    assert np.allclose(found.variances, sd[:, 0] ** 2, atol=1e-9)
    assert np.allclose(found.loadings, loadings, atol=1e-9)
    assert np.allclose([*found.r2, *found.r2_loadings, *found.r2_locations], 1.0, atol=1e-9)
    pairs = np.sqrt(100 * 200) + np.sqrt(100 * 400) + np.sqrt(200 * 400)
    n_parameters = 3 + found.locations.shape[1]
    assert found.loss == pytest.approx(pairs * n_parameters * 0.01**0.25, rel=1e-9)


@given(st.permutations(range(4)), st.integers(0, 5), st.booleans())
@settings(max_examples=8, deadline=None)
def test_the_order_of_groups_does_not_matter(order, seed, thresholds):
    groups = some_groups(seed, thresholds=thresholds)
    turned = replace(
        groups,
        loadings=groups.loadings[order],
        locations=groups.locations[order],
        n_persons=groups.n_persons[order],
    )
    for method in ("fixed", "free"):
        one = align_groups(groups, method=method, reference=1, n_starts=8, rng=rng())
        other = align_groups(turned, method=method, reference=order.index(1), n_starts=8, rng=rng())
        assert other.loss == pytest.approx(one.loss, rel=1e-9)
        assert np.allclose(other.means, one.means[order], atol=1e-6)
        assert np.allclose(other.variances, one.variances[order], atol=1e-6)


def test_scale_constraints():
    groups = some_groups()
    product = align_groups(groups, metric="product", n_starts=1)
    reference = align_groups(groups, metric="reference", reference=2, n_starts=1, method="free")
    assert np.prod(product.variances) == pytest.approx(1.0, abs=1e-12)
    assert product.means[0] == 0.0
    assert reference.variances[2] == 1.0
    same = align_groups(groups, metric="product", reference=2, n_starts=1, method="free")
    sd = np.sqrt(same.variances[2])
    assert np.allclose(reference.means, same.means / sd, atol=1e-12)
    assert np.allclose(reference.loadings, same.loadings * sd, atol=1e-12)
    assert np.allclose(reference.locations, same.locations, atol=1e-12)
    # Whatever the scale, the model in every group is the one estimated.
    for found in (product, reference, same):
        spread = np.sqrt(found.variances)[:, None]
        assert np.allclose(found.loadings * spread, groups.loadings)
        assert np.allclose(
            found.locations + found.means[:, None] * found.loadings, groups.locations
        )


def test_free_lowers_the_loss_and_numbers_of_persons_only_weigh():
    groups = some_groups(2)
    fixed = align_groups(groups, n_starts=8, rng=rng())
    free = align_groups(groups, method="free", n_starts=8, rng=rng())
    assert free.loss < fixed.loss
    tenfold = align_groups(
        replace(groups, n_persons=10.0 * groups.n_persons), n_starts=8, rng=rng()
    )
    assert np.allclose(tenfold.means, fixed.means, atol=1e-8)
    again = align_groups(groups, n_starts=8, rng=rng())
    assert (again.losses == fixed.losses).all()


def test_an_item_that_a_group_lacks():
    groups = lacking(some_groups(5))
    found = align_groups(groups, n_starts=4, rng=rng())
    assert found.converged
    assert np.isnan(found.loadings).sum() == 1
    assert np.isnan(found.locations).sum() == 1
    assert np.isfinite([*found.means, *found.variances, *found.r2_loadings]).all()


@pytest.mark.parametrize(
    "loadings",
    [
        np.ones((1, 3)),
        np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [-1.0, -0.8, 0.1]]),
        np.array([[1.0, np.nan, 1.0], [1.0, np.nan, 1.0]]),
    ],
)
def test_what_cannot_be_aligned_is_refused(loadings):
    with pytest.raises(EstimationError) as caught:
        configural(loadings, n_persons=np.ones(len(loadings)), intercepts=np.zeros_like(loadings))
    assert [p.code for p in caught.value.problems] == ["alignment-impossible"]


def test_intercepts_or_thresholds():
    with pytest.raises(ValueError, match="either"):
        configural(np.ones((2, 3)), n_persons=[1, 1])


# Errors


@pytest.mark.parametrize("method", ["fixed", "free"])
@pytest.mark.parametrize("metric", ["reference", "product"])
@pytest.mark.parametrize("thresholds", [False, True])
def test_errors_follow_the_estimates_to_the_minimum(method, metric, thresholds):
    groups = some_groups(3, thresholds=thresholds)
    n_parameters = 5 + groups.locations.shape[1]
    roots = rng().standard_normal((4, n_parameters, n_parameters)) / 60.0
    acov = roots @ roots.transpose(0, 2, 1)

    def aligned(of):
        return align_groups(of, method=method, metric=metric, reference=1, n_starts=1)

    def everything(of):
        found = aligned(of)
        parts = (found.means, found.variances, found.loadings, found.locations)
        return np.concatenate([part.ravel() for part in parts])

    step, columns = 1e-4, []
    for group in range(4):
        for k in range(n_parameters):
            change = np.zeros((4, n_parameters))
            change[group, k] = step
            ends = [
                everything(
                    replace(
                        groups,
                        loadings=groups.loadings + sign * change[:, :5],
                        locations=groups.locations + sign * change[:, 5:],
                    )
                )
                for sign in (1, -1)
            ]
            columns.append((ends[0] - ends[1]) / (2 * step))
    jacobian = np.array(columns).T.reshape(-1, 4, n_parameters)
    expected = np.einsum("xgk,gkl,ygl->xy", jacobian, acov, jacobian)
    found = alignment_errors(groups, aligned(groups), acov)
    # Differences of a search: it ends within 1e-8 of the minimum, and the step is 1e-4.
    assert np.allclose(found.means_acov, expected[:4, :4], rtol=2e-4, atol=1e-6)
    assert np.allclose(found.means, np.sqrt(np.diag(expected)[:4]), atol=1e-4)
    assert np.allclose(found.variances, np.sqrt(np.diag(expected)[4:8]), atol=1e-4)
    places = 8 + np.arange(4 * 5).reshape(4, 5)
    for item in range(5):
        block = expected[np.ix_(places[:, item], places[:, item])]
        assert np.allclose(found.loadings[item], block, atol=1e-6)
    n_locations = n_parameters - 5
    places = 28 + np.arange(4 * n_locations).reshape(4, n_locations)
    for k in range(n_locations):
        block = expected[np.ix_(places[:, k], places[:, k])]
        assert np.allclose(found.locations[k], block, rtol=2e-4, atol=1e-6)
    if method == "fixed":
        assert found.means[1] == 0.0
    if metric == "reference":
        assert found.variances[1] == pytest.approx(0.0, abs=1e-12)


def test_errors_of_an_item_that_a_group_lacks_are_unknown_there_alone():
    groups = lacking(some_groups(5))
    acov = np.tile(0.002 * np.eye(10), (4, 1, 1))
    acov[1, 1] = acov[1, :, 1] = np.nan
    found = alignment_errors(groups, align_groups(groups, n_starts=1), acov)
    unknown = np.isnan(found.loadings)
    assert unknown.sum() == 7
    assert unknown[1, 1].all()
    assert unknown[1, :, 1].all()
    assert np.isfinite(found.means).all()


def test_free_alignment_of_equal_loadings_has_no_errors():
    """All means may move together at no cost: the loss is flat."""
    means = np.array([[0.0], [0.5], [-0.2]])
    groups = configural(
        np.ones((3, 4)), n_persons=[100, 100, 100], intercepts=np.arange(4.0) + means
    )
    found = align_groups(groups, method="free", n_starts=1)
    assert np.allclose(found.means - found.means[0], means[:, 0], atol=1e-8)
    errors = alignment_errors(groups, found, np.tile(0.01 * np.eye(8), (3, 1, 1)))
    assert np.isnan(errors.means).all()
    assert np.isnan(errors.loadings).all()


# Sets of groups


def test_a_set_by_hand():
    """Differences of .3 and more are beyond three errors of .05 * sqrt(2)."""
    estimates = np.array([0.7, 0.75, 1.1, 0.65, 1.12, np.nan])
    acov = 0.0025 * np.eye(6)
    acov[5, 5] = np.nan
    found = invariant_groups(estimates, acov, [100, 100, 100, 200, 100, 100])
    assert found.members.tolist() == [True, True, False, True, False, False]
    assert found.average == pytest.approx((0.7 + 0.75 + 2 * 0.65) / 4)
    # Member: variance .0025 (1 - 2/4 + (1 + 1 + 4)/16) of .7 from .6875.
    z = 0.0125 / np.sqrt(0.0025 * (1.0 - 0.5 + 6.0 / 16.0))
    assert found.p_value[0] == pytest.approx(2.0 * (1.0 - norm.cdf(z)), abs=1e-12)
    # No member: .0025 (1 + 6/16).
    z = (1.1 - 0.6875) / np.sqrt(0.0025 * (1.0 + 6.0 / 16.0))
    assert found.p_value[2] == pytest.approx(2.0 * norm.cdf(-z), rel=1e-6)
    z = 0.05 / np.sqrt(0.005)
    assert found.pair_p_value[0, 1] == pytest.approx(2.0 * norm.cdf(-z), rel=1e-9)
    assert np.isnan(found.pair_p_value[5]).all()


def test_a_chain_of_groups_breaks_at_its_ends():
    """Neighbours are alike, so all are connected; who is far from the average leaves."""
    estimates = np.linspace(0.0, 1.0, 9)
    found = invariant_groups(estimates, 0.004 * np.eye(9), np.full(9, 100))
    assert found.members.tolist() == [abs(x - 0.5) < 0.2 for x in estimates]
    assert (found.p_value[found.members] > 0.001).all()
    assert (found.p_value[~found.members] <= 0.001).all()
    # Here those .25 away differ while inside and fit while outside: they stay out.
    edge = invariant_groups(estimates, 0.0064 * np.eye(9), np.full(9, 100))
    assert (edge.members == found.members).all()
    assert edge.p_value[2] > 0.001


def test_groups_without_a_like():
    found = invariant_groups(np.array([0.0, 1.0, 2.0]), 1e-4 * np.eye(3), [10, 10, 10])
    assert not found.members.any()
    assert np.isnan(found.average)
    assert np.isnan(found.p_value).all()
    equal = invariant_groups(np.ones(3), np.zeros((3, 3)), [10, 10, 10])
    assert equal.members.all()
    assert (equal.p_value == 1.0).all()


def test_what_moves_together_is_compared_without_it():
    """A common error of all groups has no part in their differences."""
    acov = np.full((2, 2), 4.0) + 0.01 * np.eye(2)
    found = invariant_groups(np.array([0.0, 0.6]), acov, [10, 10])
    assert found.pair_p_value[0, 1] == pytest.approx(2.0 * norm.cdf(-0.6 / np.sqrt(0.02)), rel=1e-9)
    assert not found.members.any()
