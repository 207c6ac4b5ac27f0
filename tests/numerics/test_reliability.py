"""Reliability coefficients: worked by hand, by laws, by finite differences, by other programs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.errors import EstimationError
from digilitt.numerics import reliability as classical
from digilitt.numerics.factoring import minres
from digilitt.numerics.polychoric import polychoric_matrix
from digilitt.numerics.reliability_battery import STATISTICS, Settings, battery
from digilitt.numerics.reliability_omega import categorical, hierarchical, one_factor
from digilitt.numerics.reliability_resampling import drawn_counts, resampled
from digilitt.numerics.reliability_splits import all_signs, coefficients, splits
from digilitt.numerics.tables import category_codes, pair_tables
from tests.reference.cases import dataset, load_case

CASE = load_case("reliability")
LAMBDAS = ("lambda1", "lambda2", "lambda3", "lambda5", "lambda6")
SETS = ("bfi", "holzinger", "science", "lsat7")
SCALES = {letter: [f"{letter}{number}" for number in range(1, 6)] for letter in "ACENO"}


def rng(seed=0):
    return np.random.default_rng(seed)


def complete(name):
    return dataset(name).dropna().to_numpy(dtype=float)


def scale_sets():
    """Complete answers to one scale each, with what R says of it."""
    bfi, told = dataset("bfi"), CASE.expected["bfi"]
    for letter, items in SCALES.items():
        keys = ("halves", "one_factor", "ordinal")
        yield bfi[items].dropna().to_numpy(dtype=float), {key: told[key][letter] for key in keys}
    for name in ("science", "lsat7"):
        yield complete(name), CASE.expected[name]


def factor_answers(n=300, k=6, seed=1, loading=0.7):
    source = rng(seed)
    return loading * source.normal(size=(n, 1)) + source.normal(size=(n, k))


# Against R


@pytest.mark.parametrize("name", SETS)
def test_alpha_and_its_errors_pairwise(name):
    told = CASE.expected[name]["ctt"]
    data = classical.moments(dataset(name).to_numpy(dtype=float))
    found = classical.alpha(data.covariance).estimate
    k = len(data.covariance)
    low, high = classical.feldt_interval(found, data.n, k, 0.95)
    CASE.check("closed_form", found, told["alpha"])
    CASE.check("closed_form", [low, found, high], told["alpha_feldt"])
    CASE.check("closed_form", classical.alpha(data.correlation).estimate, told["alpha_std"])
    CASE.check("closed_form", classical.lambda_6(data.correlation).estimate, told["lambda6"])
    error = classical.alpha_normal_std_error(data.covariance, data.n)
    CASE.check("closed_form", error, told["alpha_se"])


@pytest.mark.parametrize("name", SETS)
def test_lambdas(name):
    found = classical.guttman(classical.moments(complete(name)).correlation)
    ours = [found[each.replace("lambda", "lambda_")].estimate for each in LAMBDAS]
    CASE.check("closed_form", ours, [CASE.expected[name]["guttman"][each] for each in LAMBDAS])


def test_halves_and_lambda_4():
    sets = [(classical.moments(x).correlation, told["halves"]) for x, told in scale_sets()]
    holzinger = classical.moments(complete("holzinger")).covariance
    sets.append((holzinger, CASE.expected["holzinger"]["halves"]))
    for matrix, told in sets:
        found = splits(matrix, rng())
        ours = [found.lambda_4, found.half_min, found.half_mean, found.half_max]
        CASE.check("closed_form", ours, [told[key] for key in ("lambda_4", "min", "mean", "max")])
        assert found.complete


@pytest.mark.parametrize("name", ["bfi", "science"])
def test_halves_as_psych_has_them(name):
    if name == "bfi":
        matrix = classical.moments(dataset("bfi").iloc[:, :14].dropna().to_numpy()).correlation
    else:
        matrix = classical.moments(complete("science")).covariance
    found, told = splits(matrix, rng()), CASE.expected[name]["psych_halves"]
    ours = [found.half_min, found.half_mean, found.half_max]
    CASE.check("closed_form", ours, [told[key] for key in ("min", "mean", "max")])


def test_omega_of_one_factor():
    sets = [(x, told["one_factor"]) for x, told in scale_sets()]
    sets.append((complete("holzinger"), CASE.expected["holzinger"]["one_factor"]))
    for values, told in sets:
        found = one_factor(classical.moments(values).covariance)
        CASE.check("one_factor", found.omega.estimate, told)
        assert found.converged


def test_ordinal_alpha_and_omega():
    for values, told in scale_sets():
        coded = category_codes(values)
        tables, margins = pair_tables(coded.codes, max(map(len, coded.categories)))
        found = polychoric_matrix(tables, margins)
        r = found.correlation
        steps = [np.diff(each) for each in coded.categories]
        omega = categorical(r, minres(r, 1).loadings[:, 0], found.thresholds, steps)
        CASE.check("ordinal", classical.alpha(r).estimate, told["ordinal"]["alpha"])
        CASE.check("ordinal", omega, told["ordinal"]["omega"])


@pytest.mark.parametrize(("name", "n_factors"), [("bfi", 5), ("holzinger", 3)])
def test_omega_after_schmid_and_leiman(name, n_factors):
    # psych reverses items with negative general loadings before it computes either omega.
    r = classical.moments(complete(name)).correlation
    signs = np.where(hierarchical(r, n_factors).general < 0, -1.0, 1.0)
    found = hierarchical(r * np.outer(signs, signs), n_factors)
    assert (found.general > 0).all()
    assert (signs < 0).sum() == (6 if name == "bfi" else 0)
    told = CASE.expected[name]["omega"]
    CASE.check("schmid_leiman", found.total, told["omega_total"])
    CASE.check("schmid_leiman", found.hierarchical, told["omega_h"])


def test_omega_with_two_group_factors():
    told = CASE.expected["holzinger"]["omega_2"]
    found = hierarchical(classical.moments(complete("holzinger")).correlation, 2)
    CASE.check("schmid_leiman", found.total, told["omega_total"])
    CASE.check("schmid_leiman", found.hierarchical, told["omega_h"])


# By hand


def test_alpha_by_hand():
    # Three persons, two items: variances 1 and 1, covariance 1/2; sum 3.
    data = classical.moments(np.array([[1.0, 1.0], [2.0, 3.0], [3.0, 2.0]]))
    assert data.covariance.tolist() == [[1.0, 0.5], [0.5, 1.0]]
    assert classical.alpha(data.covariance).estimate == pytest.approx(2 / 3)
    assert classical.measurement_error(data.covariance).estimate == pytest.approx(1.0)
    # Both items alike: the split is one against one, and lambda 4 is alpha.
    assert splits(data.covariance, rng()).lambda_4 == pytest.approx(2 / 3)


def test_conditional_errors_of_right_and_wrong_are_lords():
    values = np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]], dtype=float)
    multinomial, _ = classical.conditional_errors(values, np.ones(4))
    sums = values.sum(axis=1)
    assert multinomial == pytest.approx(sums * (4 - sums) / 3)


def test_conditional_errors_average_to_the_error_of_alpha():
    values, counts = rng(3).integers(1, 6, (40, 5)).astype(float), np.ones(40)
    _, anova = classical.conditional_errors(values, counts)
    expected = classical.measurement_error(classical.moments(values).covariance).estimate
    assert anova.mean() * 40 / 39 == pytest.approx(expected)


def test_conditional_table_takes_tenths_of_many_sums():
    values = rng(4).normal(size=(200, 3))
    found = classical.conditional_table(values, np.ones(200))
    assert found.n.tolist() == [20.0] * 10
    assert (found.low[1:] > found.high[:-1]).all()
    few = classical.conditional_table(np.round(values), np.ones(200))
    assert (few.low == few.high).all()
    assert few.n.sum() == 200


def test_omega_of_a_known_model():
    loadings = np.array([0.9, 0.7, 0.6, 0.5, 0.8])
    covariance = np.outer(loadings, loadings) + np.diag([0.5, 0.6, 0.7, 0.8, 0.4])
    found = one_factor(covariance)
    assert found.omega.estimate == pytest.approx(loadings.sum() ** 2 / covariance.sum(), abs=1e-9)
    assert found.loadings == pytest.approx(loadings, abs=1e-8)


def test_hierarchical_omega_of_a_known_model():
    general, own = np.full(9, 0.6), np.zeros((9, 3))
    for group in range(3):
        own[3 * group : 3 * group + 3, group] = 0.4
    common = np.outer(general, general) + own @ own.T
    r = common - np.diag(np.diag(common)) + np.eye(9)
    found = hierarchical(r, 3)
    # Rotation stops at a slope of 1e-5.
    assert found.hierarchical == pytest.approx(general.sum() ** 2 / r.sum(), abs=1e-5)
    assert found.total == pytest.approx(common.sum() / r.sum(), abs=1e-6)


def test_categorical_omega_of_half_and_half_is_the_arcsine():
    # Two categories at the median: the covariance of two items is asin(rho) / (2 pi).
    rho = 0.49
    r = np.full((4, 4), rho) + np.eye(4) * (1 - rho)
    halves, steps = [np.zeros(1)] * 4, [np.ones(1)] * 4
    found = categorical(r, np.full(4, 0.7), halves, steps)
    covariance = np.arcsin(rho) / (2 * np.pi)
    assert found == pytest.approx(16 * covariance / (4 * 0.25 + 12 * covariance), abs=1e-12)


# Derivatives and standard errors


@pytest.mark.parametrize("name", ["lambda_1", "lambda_2", "lambda_3", "lambda_5", "lambda_6"])
def test_gradients_are_derivatives(name):
    covariance = classical.moments(factor_answers() * [1, 2, 1, 1, 3, 1]).covariance
    step = rng(2).normal(size=covariance.shape)
    step = 1e-6 * (step + step.T)

    def of_correlations(matrix):
        scale = np.sqrt(np.diag(matrix))
        return classical.guttman(matrix / np.outer(scale, scale))[name]

    for function in (lambda matrix: classical.guttman(matrix)[name], of_correlations):
        gradient = function(covariance).gradient
        if function is of_correlations:
            gradient = classical.through_correlation(gradient, covariance)
        change = function(covariance + step).estimate - function(covariance - step).estimate
        assert change / 2 == pytest.approx((gradient * step).sum(), rel=1e-5)


def test_gradient_of_omega_holds_when_the_model_does_not():
    answers = factor_answers(seed=5)
    answers[:, :2] += rng(6).normal(size=(300, 1))
    covariance = classical.moments(answers).covariance
    step = rng(2).normal(size=covariance.shape)
    step = 1e-5 * (step + step.T)
    change = one_factor(covariance + step).omega.estimate
    change -= one_factor(covariance - step).omega.estimate
    expected = (one_factor(covariance).omega.gradient * step).sum()
    assert change / 2 == pytest.approx(expected, rel=1e-4)


def jackknife(values, function):
    n = len(values)
    each = np.array([function(np.delete(values, row, axis=0)) for row in range(n)])
    return np.sqrt((n - 1) / n * ((each - each.mean()) ** 2).sum())


@pytest.mark.parametrize(
    "name", ["alpha", "alpha_standardized", "lambda_6", "omega_unidimensional"]
)
def test_distribution_free_errors_are_near_the_jackknife(name):
    values = np.exp(factor_answers(seed=7) / 2)
    settings = Settings(wanted=(name,), interval="adf")
    found = battery(values, np.ones(len(values)), settings, rng())[0]
    plain = Settings(wanted=(name,), interval="none")

    def again(rows):
        return battery(rows, np.ones(len(rows)), plain, rng())[0].estimate

    assert found.std_error == pytest.approx(jackknife(values, again), rel=0.05)


def test_distribution_free_errors_with_missing_answers_are_near_the_jackknife():
    values = factor_answers(seed=8)
    values[rng(9).random(values.shape) < 0.15] = np.nan
    data = classical.moments(values)
    error = classical.adf_std_error(data, classical.alpha(data.covariance).gradient)

    def again(rows):
        return classical.alpha(classical.moments(rows).covariance).estimate

    assert error == pytest.approx(jackknife(values, again), rel=0.05)


def test_feldt_covers_as_often_as_it_says():
    # Equal variances and covariances: alpha of 6 items with correlation .3 is .72.
    source, hits = rng(10), 0
    for _ in range(400):
        values = np.sqrt(0.3) * source.normal(size=(30, 1)) + np.sqrt(0.7) * source.normal(
            size=(30, 6)
        )
        found = classical.alpha(classical.moments(values).covariance).estimate
        low, high = classical.feldt_interval(found, 30, 6, 0.95)
        hits += low < 0.72 < high
    # Four standard errors of a share of 400.
    assert abs(hits / 400 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 400)


def test_intervals_of_nothing_are_unknown():
    assert np.isnan(classical.feldt_interval(1.0, 10, 3, 0.95)).all()
    assert np.isnan(classical.feldt_interval(0.5, 1, 3, 0.95)).all()
    assert np.isnan(classical.log_interval(1.0, 0.1, 0.95)).all()
    assert np.isnan(classical.log_interval(0.5, np.nan, 0.95)).all()


# Splits


@pytest.mark.parametrize("k", [2, 3, 4, 7])
def test_every_split_stands_once(k):
    signs = all_signs(k)
    assert len({tuple(row) for row in signs}) == len(signs) == 2 ** (k - 1) - 1
    assert (signs[:, 0] == 1).all()
    assert (np.abs(signs.sum(axis=1)) < k).all()


def test_more_items_are_searched_by_the_seed():
    matrix = classical.moments(rng(11).normal(size=(60, 20))).correlation
    first, again = splits(matrix, rng(1)), splits(matrix, rng(1))
    assert first == again
    assert not first.complete
    assert first.half_min < first.half_mean < first.half_max <= first.lambda_4
    # The search finds at least what 200,000 random splits do.
    signs = rng(2).choice([-1.0, 1.0], (200_000, 20))
    signs = signs[np.abs(signs.sum(axis=1)) < 20]
    assert first.lambda_4 >= coefficients(matrix, signs).max() - 1e-12


def test_search_finds_the_best_of_all_splits(monkeypatch):
    matrix = classical.moments(rng(12).normal(size=(60, 12))).correlation
    exact = splits(matrix, rng())
    monkeypatch.setattr("digilitt.numerics.reliability_splits.MAX_ALL_SPLITS", 1)
    found = splits(matrix, rng())
    assert not found.complete
    assert found.lambda_4 == pytest.approx(exact.lambda_4, abs=1e-12)
    assert found.half_mean == exact.half_mean


def test_no_split_has_an_empty_part():
    # Everything varies against everything, so the best split is the least bad one.
    matrix = np.full((4, 4), -0.2) + 1.2 * np.eye(4)
    assert splits(matrix, rng()).lambda_4 < 0


# Laws


@st.composite
def item_answers(draw):
    n, k = draw(st.integers(6, 30)), draw(st.integers(3, 7))
    flat = draw(st.lists(st.integers(1, 5), min_size=n * k, max_size=n * k))
    return np.array(flat, dtype=float).reshape(n, k)


EVERYTHING = Settings(
    wanted=tuple(name for name in STATISTICS if name != "kr20"), interval="adf", matrix="covariance"
)


def figures(values, counts=None, settings=EVERYTHING):
    weight = np.ones(len(values)) if counts is None else counts
    found = battery(values, weight, settings, rng())
    return np.array([[e.estimate, e.std_error, e.conf_low, e.conf_high] for e in found])


def alike(first, second):
    np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-5)


CLASSICAL = Settings(
    wanted=tuple(n for n in STATISTICS if n != "kr20" and "omega" not in n and "ordinal" not in n)
)


@given(item_answers())
def test_reversing_all_keys_changes_nothing(values):
    alike(figures(values, settings=CLASSICAL), figures(6 - values, settings=CLASSICAL))


@given(item_answers(), st.randoms(use_true_random=False))
def test_order_of_items_and_persons_changes_nothing(values, random):
    rows, columns = list(range(values.shape[0])), list(range(values.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    shuffled = values[rows][:, columns]
    # Lambda 5 has no derivative where two items tie, so its error may be either's.
    smooth = Settings(wanted=tuple(name for name in CLASSICAL.wanted if name != "lambda_5"))
    alike(figures(values, settings=smooth), figures(shuffled, settings=smooth))


@given(item_answers(), st.floats(0.1, 50), st.floats(-5, 5))
def test_rescaling_items_alike_scales_errors_of_measurement_alone(values, factor, shift):
    before = figures(values, settings=CLASSICAL)
    after = figures(values * factor + shift, settings=CLASSICAL)
    alike(before[:-2], after[:-2])
    np.testing.assert_allclose(before[-2:] * factor, after[-2:], rtol=1e-5, atol=1e-5)


@given(item_answers())
def test_identical_persons_may_be_counted(values):
    merged, counts = np.unique(np.vstack([values, values[:3]]), axis=0, return_counts=True)
    alike(
        figures(np.vstack([values, values[:3]]), settings=CLASSICAL),
        figures(merged, counts.astype(float), settings=CLASSICAL),
    )


def test_laws_hold_for_factor_coefficients_too():
    values = np.clip(np.round(factor_answers(seed=13, k=7, loading=0.9) + 3), 1, 5)
    before = figures(values)
    assert not np.isnan(before[:, 0]).any()
    alike(before, figures(6 - values))
    alike(before, figures(values[::-1][:, ::-1]))
    alike(before[:-2], figures(10 * values - 3)[:-2])
    merged, counts = np.unique(values, axis=0, return_counts=True)
    alike(before, figures(merged, counts.astype(float)))


@given(item_answers())
def test_guttmans_inequalities(values):
    data = classical.moments(values)
    for matrix in (data.covariance, data.correlation):
        if np.isnan(matrix).any() or not matrix.sum() > 1e-9 * np.trace(matrix):
            continue
        found = {name: each.estimate for name, each in classical.guttman(matrix).items()}
        halves = splits(matrix, rng())
        assert found["lambda_1"] <= found["lambda_2"] + 1e-9
        assert found["lambda_3"] <= found["lambda_2"] + 1e-9
        assert found["lambda_1"] <= found["lambda_5"] + 1e-9
        assert halves.half_min <= halves.half_mean + 1e-9
        assert halves.half_mean <= halves.half_max + 1e-9
        assert halves.half_max <= halves.lambda_4 + 1e-9
        assert halves.lambda_4 <= 1 + 1e-9
        # Cronbach (1951): the mean over all equal halves is alpha.
        if len(matrix) % 2 == 0:
            assert halves.half_mean == pytest.approx(found["lambda_3"], abs=1e-9)
        if not np.isnan(found["lambda_6"]):
            assert found["lambda_1"] <= found["lambda_6"] + 1e-9


@given(item_answers())
def test_omegas_are_shares(values):
    found = dict(
        zip(EVERYTHING.wanted, figures(values)[:, 0], strict=True),
    )
    for name in ("omega_unidimensional", "omega_hierarchical"):
        assert np.isnan(found[name]) or found[name] >= -1e-12
    assert np.isnan(found["omega_total"]) or found["omega_total"] <= 1


def test_kr20_is_alpha():
    values = (factor_answers(seed=14) > 0).astype(float)
    found = battery(values, np.ones(300), Settings(wanted=("alpha", "kr20")), rng())
    assert found[0].estimate == found[1].estimate
    # From shares of right answers, with n in both denominators.
    p = values.mean(axis=0)
    by_hand = 6 / 5 * (1 - (p * (1 - p)).sum() / values.sum(axis=1).var())
    assert found[1].estimate == pytest.approx(by_hand)


# Hard input


def reasons(values, name, **settings):
    told = Settings(wanted=(name,), **settings)
    found = battery(np.asarray(values, dtype=float), np.ones(len(values)), told, rng())[0]
    return found.reasons, found.estimate


NOISE = rng(20).integers(1, 6, (30, 6)).astype(float)


@pytest.mark.parametrize(
    ("values", "name", "reason"),
    [
        (NOISE[:, :1], "alpha", "too-few-items"),
        (NOISE[:2], "alpha", "too-few-persons"),
        (np.full((5, 3), np.nan), "alpha", "too-few-persons"),
        (np.ones((9, 3)), "alpha", "no-variance"),
        (NOISE[:, [0]] * [1, -1], "alpha", "no-variance"),
        (np.column_stack([NOISE, np.ones(30)]), "lambda_2", "no-variance"),
        (np.column_stack([NOISE, np.ones(30)]), "omega_unidimensional", "no-variance"),
        (np.column_stack([NOISE, NOISE[:, 0]]), "lambda_6", "not-positive-definite"),
        (np.column_stack([NOISE, NOISE[:, 0]]), "omega_total", "not-positive-definite"),
        (NOISE[:5], "lambda_6", "not-positive-definite"),
        (NOISE[:, :2], "omega_unidimensional", "too-many-factors"),
        (NOISE[:, :5], "omega_hierarchical", "too-many-factors"),
        (factor_answers(), "alpha_ordinal", "too-many-categories"),
        (factor_answers(), "omega_categorical", "too-many-categories"),
    ],
)
def test_what_cannot_be_computed_says_why(values, name, reason):
    found, estimate = reasons(values, name)
    assert np.isnan(estimate)
    assert found == (reason,)


def test_nobody_answered_both_items_of_a_pair():
    values = NOISE.copy()
    values[:15, 0], values[15:, 1] = np.nan, np.nan
    assert reasons(values, "alpha") == (("empty-pair",), pytest.approx(np.nan, nan_ok=True))


def test_a_constant_item_counts_in_alpha():
    found, estimate = reasons(np.column_stack([NOISE, np.full(30, 0.1)]), "alpha")
    six = classical.alpha(classical.moments(NOISE).covariance).estimate
    assert found == ("constant-item",)
    assert estimate == pytest.approx(six * (7 / 6) / (6 / 5))


def test_perfect_correlation_has_no_interval():
    found = battery(NOISE[:, [0, 0, 0]], np.ones(30), Settings(), rng())
    by_name = {each.statistic: each for each in found}
    assert by_name["alpha"].estimate == pytest.approx(1)
    assert by_name["alpha"].interval == ""
    assert "no-error-variance" in by_name["alpha"].reasons
    assert by_name["standard_error_of_measurement"].estimate == 0
    assert np.isnan(by_name["lambda_6"].estimate)


def test_negative_alpha_is_told_as_it_is():
    matrix = np.array([[1.0, -0.3], [-0.3, 1.0]])
    assert classical.alpha(matrix).estimate == pytest.approx(2 * (1 - 2 / 1.4))


def test_an_improper_solution_is_said():
    loadings = np.array([1.05, 0.6, 0.5, 0.4])
    r = np.outer(loadings, loadings)
    np.fill_diagonal(r, 1)
    values = rng(21).multivariate_normal(np.zeros(4), r + 0.02 * np.eye(4), 4000)
    found = battery(values, np.ones(4000), Settings(wanted=("omega_unidimensional",)), rng())[0]
    assert found.reasons == ("improper-solution",)
    assert found.items == (0,)
    assert np.isnan(found.std_error)


def test_two_factors_and_negative_loadings_are_said():
    values = factor_answers(k=8, seed=22) * [1, 1, 1, 1, 1, 1, 1, -1]
    settings = Settings(wanted=("omega_total", "omega_hierarchical"), n_factors=2)
    total, general = battery(values, np.ones(300), settings, rng())
    assert "two-group-factors" in total.reasons
    assert general.reasons == ("negative-general-loading",)
    assert 7 in general.items


def test_one_factor_needs_a_positive_definite_matrix():
    with pytest.raises(EstimationError):
        one_factor(np.ones((4, 4)))


# Bootstrap


def test_bootstrap_error_is_near_the_distribution_free_one():
    values = factor_answers(seed=23)
    settings = Settings(wanted=("alpha", "lambda_2"), interval="adf")
    found = resampled(values, np.ones(300), settings, rng(1), n_bootstrap=400)
    expected = [each.std_error for each in battery(values, np.ones(300), settings, rng())]
    assert found.std_error == pytest.approx(expected, rel=0.15)
    again = resampled(values, np.ones(300), settings, rng(1), n_bootstrap=400)
    assert again.conf_low.tolist() == found.conf_low.tolist()
    assert found.n_valid.tolist() == [400.0, 400.0]


def test_whole_clusters_are_drawn():
    clusters = np.array([0, 0, 1, 1, 1, 2])
    drawn = drawn_counts(np.array([1.0, 2, 1, 1, 1, 5]), clusters, rng(3))
    assert drawn[1] == 2 * drawn[0]
    assert drawn[2] == drawn[3] == drawn[4]
    times = [drawn[0], drawn[2], drawn[5] / 5]
    assert sum(times) == 3


def test_a_coefficient_that_is_not_there_has_no_interval():
    settings = Settings(wanted=("alpha", "lambda_6"))
    found = resampled(NOISE[:, [0, 1, 1]], np.ones(30), settings, rng(), n_bootstrap=20)
    assert np.isnan(found.conf_low).tolist() == [False, True]
    assert found.n_valid.tolist() == [20.0, 0.0]


def test_counts_may_be_zero():
    frame = pd.DataFrame(NOISE).assign(n=1.0)
    counts = frame["n"].to_numpy(copy=True)
    counts[20:] = 0
    alike(figures(NOISE[:20], settings=CLASSICAL), figures(NOISE, counts, settings=CLASSICAL))


def test_variances_that_vanish_are_none():
    for matrix in (np.eye(3) * 1e-170, np.full((3, 3), 1e-200) + np.eye(3) * 1e-200):
        assert np.isnan(classical.alpha(matrix).estimate)
        assert all(np.isnan(each.estimate) for each in classical.guttman(matrix).values())
