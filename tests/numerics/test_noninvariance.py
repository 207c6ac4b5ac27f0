"""dMACS and bias against R's integrate(), hand figures and laws; bounds of a scale's bias."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from digilitt.errors import EstimationError
from digilitt.numerics.noninvariance import (
    GroupModels,
    delta_residual_sd,
    expected_scores,
    item_effects,
    pooled_sd,
)
from digilitt.numerics.scale_bias import scale_bias
from tests.reference.cases import load_case

EXACT = ("expected", "expected_reference", "bias", "dmacs", "dmacs_signed")
FIGURES = [
    ("holzinger", "partial"),
    ("holzinger", "crossed"),
    ("bfi", "continuous"),
    ("bfi", "delta"),
    ("bfi", "theta"),
    ("bfi", "mixed"),
]


def models_of(told: dict[str, Any]) -> GroupModels:
    """lavaan's solution in a file."""
    loadings = np.array(told["loadings"], dtype=float)
    means = np.array(told["means"], dtype=float).reshape(2, -1)
    ordinal: dict[str, Any] = {}
    if told["thresholds"] is not None:
        thresholds = np.array(told["thresholds"], dtype=float)
        n_items, n_steps = thresholds.shape[1:]
        ordinal = {
            "thresholds": thresholds,
            "residual_sd": np.sqrt(np.array(told["residual_variances"], dtype=float)),
            "scores": np.tile(np.arange(1.0, n_steps + 2.0), (n_items, 1)),
        }
    return GroupModels(
        loadings=loadings.reshape(*loadings.shape[:2], means.shape[1]),
        intercepts=np.array(told["intercepts"], dtype=float),
        means=means,
        covariances=np.array(told["covariances"], dtype=float).reshape(2, *2 * means.shape[1:]),
        **ordinal,
    )


@pytest.mark.parametrize(("data", "name"), FIGURES)
def test_effects_are_what_r_integrates(data, name):
    case = load_case("noninvariance")
    told = case.expected[data][name]
    models = models_of(told)
    for reference, focal, ours in (
        (0, 1, "second_against_first"),
        (1, 0, "first_against_second"),
    ):
        sd = pooled_sd(np.array(told["sds"]), told["n"], reference)
        case.check("effect", sd[focal], told[ours]["pooled_sd"])
        found = item_effects(models, sd, reference=reference)
        for figure in EXACT:
            case.check("effect", getattr(found, figure)[focal], told[ours][figure])
        two = name == "mixed"
        tolerance = "effect_absolute_of_two" if two else "effect_absolute"
        case.check(tolerance, found.bias_absolute[focal], told[ours]["bias_absolute"])
        assert not found.bias[reference].any()
        assert not found.dmacs[reference].any()


def test_delta_and_theta_are_one_model_in_two_forms():
    told = load_case("noninvariance").expected["bfi"]["delta"]
    models = models_of(told)
    residual = delta_residual_sd(models.loadings, models.covariances, np.array(told["delta"]))
    assert np.allclose(residual**2, told["residual_variances"], atol=1e-12)
    assert np.isnan(delta_residual_sd(np.full((1, 1, 1), 1.1), np.ones((1, 1, 1)), np.ones((1, 1))))


def two_groups(loadings, intercepts, means, variances, **ordinal):
    """Items of one factor; rows are groups."""
    return GroupModels(
        loadings=np.array(loadings, dtype=float)[:, :, None],
        intercepts=np.array(intercepts, dtype=float),
        means=np.array(means, dtype=float)[:, None],
        covariances=np.array(variances, dtype=float)[:, None, None],
        **ordinal,
    )


def test_dmacs_by_hand():
    models = two_groups([[0.76], [0.74]], [[0.65], [1.28]], [0.0, 0.21], [1.0, 1.76])
    found = item_effects(models, np.full((2, 1), 1.85), reference=0)
    # Mean of the difference .63 - .02 * .21 = .6258, its variance .0004 * 1.76 = .000704.
    assert found.bias[1, 0] == pytest.approx(0.6258, abs=1e-12)
    assert found.dmacs[1, 0] == pytest.approx(np.sqrt(0.6258**2 + 0.000704) / 1.85, abs=1e-12)
    # The R package dmacs has .3899707 for it: it multiplies the integral by the factor's SD.
    assert found.dmacs[1, 0] * 1.76**0.25 == pytest.approx(0.3899707, abs=1e-6)


def test_a_binary_item_by_hand():
    steps = np.array([[[0.5]], [[0.0]]])
    models = two_groups(
        [[0.0], [0.0]], [[0.0], [0.0]], [0.0, 0.0], [1.0, 1.0],
        thresholds=steps, residual_sd=np.ones((2, 1)),
    )  # fmt: skip
    found = item_effects(models, np.ones((2, 1)), reference=0)
    # Φ(0) - Φ(-.5), whatever the factor.
    for figure in (found.bias, found.bias_absolute, found.dmacs, found.dmacs_signed):
        assert figure[1, 0] == pytest.approx(0.1914624612740131, abs=1e-12)


def test_pooled_sd_weights_by_persons_less_one_who_answered():
    sd = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    n = np.array([[11, 21], [31, 21], [11, 11]])
    assert np.allclose(pooled_sd(sd, n, 0)[1:], [[(10 + 90) / 40, 3.0], [3.0, (40 + 60) / 30]])
    assert np.allclose(pooled_sd(sd, n, None), [(10 + 90 + 50) / 50, (40 + 80 + 60) / 50])


# Laws

numbers = st.floats(-1.5, 1.5)
positive = st.floats(0.3, 2.0)


@st.composite
def groups_of_models(draw, n_groups=2, same_people=False):
    """One- or two-factor models of three items, continuous or with three categories."""
    n_factors = draw(st.integers(1, 2))

    def some(of, *shape):
        size = int(np.prod(shape))
        return np.array(draw(st.lists(of, min_size=size, max_size=size))).reshape(shape)

    loadings, intercepts = some(numbers, n_groups, 3, n_factors), some(numbers, n_groups, 3)
    people = 1 if same_people else n_groups
    means, spread = some(numbers, people, n_factors), some(positive, people, n_factors)
    correlation = draw(st.floats(-0.9, 0.9))
    shape = np.where(np.eye(n_factors, dtype=bool), 1.0, correlation)
    covariances = spread[:, :, None] * spread[:, None, :] * shape
    ordinal = {}
    if draw(st.booleans()):
        ordinal = {
            "thresholds": np.sort(some(numbers, n_groups, 3, 2), axis=2),
            "residual_sd": some(positive, n_groups, 3),
            "scores": np.tile([1.0, 2.0, 4.0], (3, 1)),
        }
    return GroupModels(
        loadings=loadings,
        intercepts=intercepts,
        means=np.broadcast_to(means, (n_groups, n_factors)),
        covariances=np.broadcast_to(covariances, (n_groups, n_factors, n_factors)),
        **ordinal,
    )


def effects(models, **options):
    sd = np.ones(models.intercepts.shape)
    return item_effects(models, sd, **{"reference": 0, **options})


def same(one, other):
    # Over two directions the mean size is good to four digits only.
    assert np.allclose(one.bias_absolute, other.bias_absolute, atol=1e-3)
    for name in ("bias", "dmacs", "dmacs_signed"):
        assert np.allclose(getattr(one, name), getattr(other, name), atol=1e-9)


@given(groups_of_models())
@settings(max_examples=40, deadline=None)
def test_no_signed_effect_is_larger_than_the_unsigned(models):
    found = effects(models)
    assert (found.dmacs >= np.abs(found.dmacs_signed)).all()
    assert (found.bias_absolute >= np.abs(found.bias)).all()
    # The root mean square is at least the mean size.
    assert (found.dmacs >= found.bias_absolute - 2e-4).all()
    assert np.allclose(found.bias, found.expected - found.expected_reference)


@given(groups_of_models(), st.floats(0.05, 1.0))
@settings(max_examples=40, deadline=None)
def test_effects_are_0_if_parameters_are_equal_and_only_then(models, apart):
    alike = replace(
        models,
        loadings=models.loadings[[0, 0]],
        intercepts=models.intercepts[[0, 0]],
        thresholds=None if models.thresholds is None else models.thresholds[[0, 0]],
        residual_sd=None if models.residual_sd is None else models.residual_sd[[0, 0]],
    )
    found = effects(alike)
    for figure in (found.dmacs, found.dmacs_signed, found.bias, found.bias_absolute):
        assert not figure.any()
    step = np.array([[0.0, 0.0, 0.0], [0.0, apart, 0.0]])
    other = effects(replace(alike, intercepts=alike.intercepts + step))
    assert (other.dmacs[1] > 0.0).tolist() == [False, True, False]
    turned = effects(replace(alike, loadings=alike.loadings + step[:, :, None]))
    assert turned.dmacs[1, 1] > 0.0


@given(groups_of_models(same_people=True))
@settings(max_examples=30, deadline=None)
def test_groups_of_like_people_that_swap_places_swap_the_sign(models):
    one, other = effects(models, reference=0), effects(models, reference=1)
    for name in ("dmacs", "bias_absolute"):
        assert np.allclose(getattr(one, name)[1], getattr(other, name)[0], atol=1e-9)
    assert np.allclose(one.bias[1], -other.bias[0], atol=1e-12)


@given(groups_of_models(), numbers, positive)
@settings(max_examples=30, deadline=None)
def test_the_latent_scale_does_not_matter(models, shift, stretch):
    moved = replace(
        models,
        loadings=models.loadings / stretch,
        intercepts=models.intercepts - models.loadings.sum(axis=2) * shift / stretch,
        means=shift + stretch * models.means,
        covariances=stretch**2 * models.covariances,
    )
    same(effects(models), effects(moved))


@given(groups_of_models(), numbers, positive)
@settings(max_examples=30, deadline=None)
def test_points_of_another_size_change_bias_and_not_dmacs(models, shift, stretch):
    if models.scores is None:
        other = replace(
            models,
            loadings=stretch * models.loadings,
            intercepts=shift + stretch * models.intercepts,
        )
    else:
        other = replace(models, scores=shift + stretch * models.scores)
    one = effects(models)
    found = item_effects(other, np.full(one.bias.shape, stretch), reference=0)
    for name in ("dmacs", "dmacs_signed"):
        assert np.allclose(getattr(found, name), getattr(one, name), atol=1e-9)
    for name in ("bias", "bias_absolute"):
        assert np.allclose(getattr(found, name), stretch * getattr(one, name), atol=1e-9)
    assert np.allclose(found.expected, shift + stretch * one.expected, atol=1e-9)


@given(groups_of_models(n_groups=3))
@settings(max_examples=20, deadline=None)
def test_many_groups_are_pairs_and_all_together_is_a_mean(models):
    found = effects(models, reference=2)
    for group in (0, 1):
        picked = [group, 2]
        parts = {
            name: None if value is None else value[picked]
            for name in ("loadings", "intercepts", "means", "covariances", "thresholds")
            for value in [getattr(models, name)]
        }
        residual = None if models.residual_sd is None else models.residual_sd[picked]
        pair = effects(
            GroupModels(**parts, residual_sd=residual, scores=models.scores), reference=1
        )
        assert np.allclose(pair.dmacs[0], found.dmacs[group], atol=1e-9)
        assert np.allclose(pair.bias[0], found.bias[group], atol=1e-12)
    n = np.array([100, 200, 700])
    against_each = np.stack([effects(models, reference=g).bias for g in range(3)])
    together = effects(models, reference=None, n_persons=n)
    assert np.allclose(together.bias, np.tensordot(n / 1000.0, against_each, axes=1), atol=1e-12)
    assert (together.dmacs >= np.abs(together.dmacs_signed)).all()


@given(numbers, positive, numbers, positive, numbers)
@settings(max_examples=30, deadline=None)
def test_a_mean_in_closed_form_is_the_mean_over_persons(loading, residual, mean, sd, threshold):
    models = two_groups(
        [[loading]] * 2, [[0.0]] * 2, [mean] * 2, [sd**2] * 2,
        thresholds=np.full((2, 1, 1), threshold), residual_sd=np.full((2, 1), residual),
    )  # fmt: skip
    z = np.linspace(-9.0, 9.0, 4001)
    weights = norm.pdf(z) / norm.pdf(z).sum()
    above = norm.sf((threshold - loading * (mean + sd * z)) / residual)
    assert expected_scores(models)[0, 1, 0] == pytest.approx(weights @ above, abs=1e-12)


def test_items_may_have_fewer_categories_or_be_unknown():
    thresholds = np.array([[[-0.5, 0.5], [0.2, np.nan]]] * 2)
    thresholds[1, 1, 0] = 0.4
    models = two_groups(
        [[1.0, 0.8]] * 2, np.zeros((2, 2)), [0.0, 0.1], [1.0, 1.2],
        thresholds=thresholds, residual_sd=np.ones((2, 2)),
        scores=np.array([[1.0, 2.0, 3.0], [0.0, 1.0, np.nan]]),
    )  # fmt: skip
    found = effects(models)
    assert found.bias[1, 0] == 0.0
    assert -0.1 < found.bias[1, 1] < 0.0
    lacking = models.loadings.copy()
    lacking[1, 0] = np.nan
    found = effects(replace(models, loadings=lacking))
    assert np.isnan(found.dmacs[1]).tolist() == [True, False]
    sd = np.array([[1.0, 0.0]] * 2)
    assert np.isnan(item_effects(models, sd, reference=0).dmacs[1]).tolist() == [False, True]


def test_more_than_three_directions_are_refused():
    rng = np.random.default_rng(1)
    models = GroupModels(
        loadings=rng.uniform(0.4, 1.0, (4, 1, 4)),
        intercepts=np.zeros((4, 1)),
        means=np.zeros((4, 4)),
        covariances=np.tile(np.eye(4), (4, 1, 1)),
        thresholds=np.zeros((4, 1, 1)),
        residual_sd=np.ones((4, 1)),
    )
    with pytest.raises(EstimationError) as caught:
        effects(models, reference=None)
    assert [p.code for p in caught.value.problems] == ["too-many-factors"]
    assert (effects(models).dmacs[1:] > 0.0).all()


# The scale


def test_bounds_by_hand():
    bias = np.array([[0.0, 0.0, 0.0, np.nan], [0.3, -0.2, 0.1, np.nan]])
    weights = np.array([[1.0, 1.0, 1.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]])
    found = scale_bias(bias, weights)
    assert np.allclose(found.bias[1, :2], [0.2, 0.05])
    assert np.allclose(found.low[1, :2], [-0.2, -0.1])
    assert np.allclose(found.high[1, :2], [0.4, 0.15])
    assert np.allclose(found.worst[1, :2], [0.6, 0.25])
    assert not found.worst[0, :2].any()
    assert np.isnan(found.bias[:, 2]).all()


@given(st.lists(numbers, min_size=8, max_size=8), st.lists(numbers, min_size=4, max_size=4))
def test_bounds_hold_whatever_part_of_each_item_is_bias(bias, weights):
    bias = np.array(bias).reshape(2, 4)
    weights = np.array([weights])
    found = scale_bias(bias, weights)
    parts = np.random.default_rng(1).uniform(0.0, 1.0, (20, 1, 4))
    for part in (np.zeros((1, 4)), np.ones((1, 4)), *parts):
        moved = (part * bias) @ weights.T
        assert (found.low - 1e-12 <= moved).all()
        assert (moved <= found.high + 1e-12).all()
    assert np.allclose(found.worst, np.abs(bias) @ np.abs(weights.T))
    # Two groups: common bias cancels, so the bounds are no wider than those of both together.
    apart = scale_bias(bias[:1] - bias[1:], weights)
    assert np.allclose(apart.bias, found.bias[:1] - found.bias[1:])
    assert (apart.high <= found.high[:1] - found.low[1:] + 1e-12).all()
