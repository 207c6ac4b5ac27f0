"""Factor scores of fitted models: against lavaan and numDeriv, by hand, and by laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial.legendre import leggauss
from scipy.stats import norm

from digilitt.numerics.latent_scores import LatentScores, flags_of, linear_scores
from digilitt.numerics.latent_scores_ordinal import MAX_STEPS, category_of, ordinal_scores
from tests.reference.cases import load_case

CASE = load_case("latent_scores")
LINEAR = [("holzinger", k) for k in ("three", "school", "correlated", "higher")] + [("bfi", "fiml")]
ORDINAL = [("bfi", k) for k in ("ordinal", "two", "theta")]
ORDINAL += [("science", k) for k in ("delta", "theta")]


def told_of(name, figure):
    """Answers, the arrays of the fitted model, and what R made of them."""
    told = CASE.expected[name][figure]
    model = {key: np.atleast_1d(np.array(each, float)) for key, each in told["matrices"].items()}
    if "item_of_threshold" in model:
        model["item_of_threshold"] = model["item_of_threshold"].astype(np.int64)
    return np.array(told["answers"], dtype=float), model, told


def check(tolerance, found, told):
    shape = found.scores.shape
    CASE.check(tolerance, found.scores, np.reshape(told["scores"], shape))
    CASE.check(tolerance, found.std_error, np.reshape(told["std_error"], shape))


@pytest.mark.parametrize(("name", "figure"), LINEAR)
def test_linear_scores_are_those_of_lavaan(name, figure):
    answers, model, told = told_of(name, figure)
    check("linear", linear_scores(answers, **model), told["regression"])
    found, theirs = linear_scores(answers, **model, method="bartlett"), told["bartlett"]
    assert found.flags == ()
    for ours, name_of in ((found.scores, "scores"), (found.std_error, "std_error")):
        # lavaan gives the mean of a higher-order factor, without an error; we give none.
        known = slice(None, 3)
        CASE.check("linear", ours[:, known], np.array(theirs[name_of], dtype=float)[:, known])
        assert np.isnan(ours[:, 3:]).all()


@pytest.mark.parametrize(("name", "figure"), ORDINAL)
def test_ordinal_scores_are_those_of_lavaan_and_numderiv(name, figure):
    answers, model, told = told_of(name, figure)
    found = ordinal_scores(answers - 1, **model)
    check("mode", found, told["modes"])
    if "ebm" in told:
        CASE.check("ebm", found.scores, np.reshape(told["ebm"], found.scores.shape))
    assert found.converged.all()
    assert found.flags == ()


def test_delta_and_theta_forms_give_the_same_scores():
    answers, delta, _ = told_of("science", "delta")
    theta = told_of("science", "theta")[1]
    one, other = ordinal_scores(answers - 1, **delta), ordinal_scores(answers - 1, **theta)
    assert np.allclose(one.scores, other.scores, atol=1e-5)
    assert np.allclose(one.std_error, other.std_error, atol=1e-5)


# By hand ----------------------------------------------------------------------------------------


def two_factors(*, theta=0.36):
    loadings = np.zeros((6, 2))
    loadings[:3, 0] = loadings[3:, 1] = 0.8
    return {
        "loadings": loadings,
        "phi": np.array([[1.0, 0.5], [0.5, 1.0]]),
        "theta": np.eye(6) * theta,
        "nu": np.arange(6.0),
        "factor_means": np.array([0.2, -0.1]),
    }


def test_one_item_by_hand():
    model = {
        "loadings": np.array([[2.0]]),
        "phi": np.array([[0.25]]),
        "theta": np.array([[3.0]]),
        "nu": np.array([1.0]),
        "factor_means": np.array([0.5]),
    }
    # Σ = 4, Φ Λ' Σ⁻¹ = 1/8, μ = 2: 0.5 + (6 - 2) / 8; variance 1/4 - 1/16.
    found = linear_scores(np.array([[6.0]]), **model)
    assert np.allclose([found.scores[0, 0], found.std_error[0, 0] ** 2], [1.0, 3 / 16])
    # (y - ν) / λ and √3 / λ.
    found = linear_scores(np.array([[6.0]]), **model, method="bartlett")
    assert np.allclose([found.scores[0, 0], found.std_error[0, 0] ** 2], [2.5, 3 / 4])


def test_a_factor_without_answers_has_a_regression_score_from_the_other_and_no_bartlett_score():
    answers = np.arange(6.0)[None, :] + 1.0
    answers[0, 3:] = np.nan
    regression = linear_scores(answers, **two_factors())
    bartlett = linear_scores(answers, **two_factors(), method="bartlett")
    # The second factor is predicted from the first one: regression on it with slope 0.5.
    first = regression.scores[0, 0] - 0.2
    assert np.isclose(regression.scores[0, 1], -0.1 + 0.5 * first)
    assert np.isclose(bartlett.scores[0, 0], 1.0 / 0.8)
    assert np.isnan([bartlett.scores[0, 1], bartlett.std_error[0, 1]]).all()


def test_an_item_of_two_factors_alone_determines_neither():
    model = two_factors()
    model["loadings"][0] = [0.8, 0.4]
    answers = np.full((1, 6), np.nan)
    answers[0, 0] = 2.0
    assert np.isnan(linear_scores(answers, **model, method="bartlett").scores).all()
    assert np.isfinite(linear_scores(answers, **model).scores).all()


def test_nothing_answered_is_no_score():
    answers = np.full((2, 6), np.nan)
    answers[1] = 1.0
    cuts = {"thresholds": np.zeros(6), "item_of_threshold": np.arange(6)}
    for found in (
        linear_scores(answers, **two_factors()),
        linear_scores(answers, **two_factors(), method="bartlett"),
        ordinal_scores(answers, **two_factors(), **cuts),
    ):
        assert np.isnan(found.scores[0]).all()
        assert np.isnan(found.std_error[0]).all()
        assert np.isfinite(found.scores[1]).all()


def test_no_persons():
    nobody = np.zeros((0, 6))
    cuts = {"thresholds": np.zeros(6), "item_of_threshold": np.arange(6)}
    assert linear_scores(nobody, **two_factors()).scores.shape == (0, 2)
    assert ordinal_scores(nobody, **two_factors(), **cuts).scores.shape == (0, 2)


@pytest.mark.parametrize("worst", [0.0, -0.1])
def test_heywood_cases_are_flagged(worst):
    model = two_factors()
    model["theta"][2, 2] = worst
    answers = np.ones((3, 6))
    cuts = {"thresholds": np.zeros(6), "item_of_threshold": np.arange(6)}
    regression = linear_scores(answers, **model)
    bartlett = linear_scores(answers, **model, method="bartlett")
    modes = ordinal_scores(answers, **model, **cuts)
    assert regression.flags == bartlett.flags == modes.flags == ("heywood",)
    assert np.isfinite(regression.scores).all()
    assert np.isnan(bartlett.scores).all()
    assert np.isnan(modes.scores).all()


def test_improper_matrices_are_flagged():
    phi = np.array([[1.0, 1.2], [1.2, 1.0]])
    theta = np.eye(2) + np.array([[0.0, 1.5], [1.5, 0.0]])
    assert flags_of(phi, np.eye(2)) == ("improper-factors",)
    assert flags_of(np.eye(2), theta) == ("improper-residuals",)
    assert flags_of(np.eye(2), theta, ordinal=True) == ("residual-covariances-ignored",)
    # Units far apart are nothing improper.
    assert flags_of(np.diag([1e-9, 1e9]), np.diag([1e9, 1e-9])) == ()
    model = two_factors() | {"phi": phi}
    cuts = {"thresholds": np.zeros(6), "item_of_threshold": np.arange(6)}
    assert np.isnan(ordinal_scores(np.ones((1, 6)), **model, **cuts).scores).all()
    assert np.isnan(linear_scores(np.ones((1, 6)), **(model | {"theta": -np.eye(6)})).scores).all()


def test_factors_that_are_one():
    # Perfectly correlated factors are no obstacle: both scores are the same.
    model = two_factors() | {"phi": np.ones((2, 2)), "factor_means": np.zeros(2), "nu": np.zeros(6)}
    cuts = {"thresholds": np.zeros(6), "item_of_threshold": np.arange(6)}
    answers = np.array([[1.0, 1, 0, 1, 0, 1]])
    one = ordinal_scores(answers, **model, **cuts)
    alone = {"loadings": np.full((6, 1), 0.8), "phi": np.eye(1), "factor_means": np.zeros(1)}
    same = ordinal_scores(answers, **(model | alone), **cuts)
    assert np.allclose(one.scores, same.scores)
    assert np.allclose(one.std_error, same.std_error)


def test_unknown_categories_give_no_score():
    cuts = {"thresholds": np.zeros(6), "item_of_threshold": np.arange(6)}
    answers = np.ones((4, 6))
    answers[0, 0], answers[1, 1], answers[2, 2] = 2.0, -1.0, 0.5
    found = ordinal_scores(answers, **two_factors(), **cuts)
    assert found.flags == ("unknown-category",)
    assert np.isnan(found.scores[:3]).all()
    assert np.isfinite(found.scores[3]).all()


def test_what_does_not_converge_has_no_score(monkeypatch):
    assert MAX_STEPS >= 50
    monkeypatch.setattr("digilitt.numerics.latent_scores_ordinal.MAX_STEPS", 1)
    answers, model, _ = told_of("bfi", "ordinal")
    found = ordinal_scores(answers - 1, **model)
    assert not found.converged.any()
    assert np.isnan(found.scores).all()


# Laws -------------------------------------------------------------------------------------------


def drawn(seed, *, n_items=8, n_persons=30, n_factors=2):
    """A model, and answers with gaps: continuous, and cut into categories."""
    rng = np.random.default_rng(seed)
    loadings = rng.uniform(0.3, 1.5, (n_items, n_factors)) * (
        rng.random((n_items, n_factors)) < 0.6
    )
    loadings[:n_factors] = np.eye(n_factors)
    spread = rng.normal(size=(n_factors, n_factors + 2))
    model = {
        "loadings": loadings,
        "phi": spread @ spread.T / n_factors,
        "theta": np.diag(rng.uniform(0.2, 2.0, n_items)),
        "nu": rng.normal(size=n_items),
        "factor_means": rng.normal(size=n_factors),
    }
    factors = rng.multivariate_normal(model["factor_means"], model["phi"], n_persons)
    noise = rng.normal(size=(n_persons, n_items)) * np.sqrt(np.diag(model["theta"]))
    values = model["nu"] + factors @ loadings.T + noise
    values[rng.random(values.shape) < 0.2] = np.nan
    many = rng.integers(1, 6, n_items)
    cuts = [np.sort(rng.normal(model["nu"][i], 1.5, many[i])) for i in range(n_items)]
    codes = np.stack([np.searchsorted(cuts[i], values[:, i]) for i in range(n_items)], axis=1)
    ordinal = {
        "thresholds": np.concatenate(cuts),
        "item_of_threshold": np.repeat(np.arange(n_items), many),
    }
    return model, values, np.where(np.isnan(values), np.nan, codes), ordinal


def all_scores(model, values, codes, ordinal):
    return [
        linear_scores(values, **model),
        linear_scores(values, **model, method="bartlett"),
        ordinal_scores(codes, **model, **ordinal),
    ]


def same(one: LatentScores, other: LatentScores):
    assert np.allclose(one.scores, other.scores, rtol=1e-6, atol=1e-7, equal_nan=True)
    assert np.allclose(one.std_error, other.std_error, rtol=1e-6, atol=1e-7, equal_nan=True)


@given(st.integers(0, 10_000))
def test_order_of_persons_and_items_and_their_number_do_not_matter(seed):
    model, values, codes, ordinal = drawn(seed)
    rng = np.random.default_rng(seed)
    persons, items = rng.permutation(len(values)), rng.permutation(values.shape[1])
    turned = model | {
        "loadings": model["loadings"][items],
        "theta": model["theta"][np.ix_(items, items)],
        "nu": model["nu"][items],
    }
    which = [np.flatnonzero(ordinal["item_of_threshold"] == i) for i in items]
    order = {
        "thresholds": ordinal["thresholds"][np.concatenate(which)],
        "item_of_threshold": np.repeat(np.arange(len(items)), [len(w) for w in which]),
    }
    there = np.ix_(persons, items)
    for one, other, few in zip(
        all_scores(model, values, codes, ordinal),
        all_scores(turned, values[there], codes[there], order),
        all_scores(model, values[:3], codes[:3], ordinal),
        strict=True,
    ):
        assert np.array_equal(one.scores[:3].shape, few.scores.shape)
        same(
            LatentScores(
                scores=one.scores[persons],
                std_error=one.std_error[persons],
                converged=one.converged,
                flags=(),
            ),
            other,
        )
        assert np.allclose(one.scores[:3], few.scores, equal_nan=True, atol=1e-8)


@given(st.integers(0, 10_000))
def test_more_answers_leave_less_doubt(seed):
    model, values, codes, ordinal = drawn(seed)
    fewer = np.where(np.arange(values.shape[1]) < 5, values, np.nan)
    most, least = linear_scores(values, **model), linear_scores(fewer, **model)
    known = ~np.isnan(least.std_error)
    assert (most.std_error[known] <= least.std_error[known] + 1e-9).all()
    prior = np.sqrt(np.diag(model["phi"]))
    for found in (most, ordinal_scores(codes, **model, **ordinal)):
        known = ~np.isnan(found.std_error)
        assert (found.std_error <= prior + 1e-9)[known].all()


@given(st.integers(0, 10_000))
def test_linear_scores_solve_their_equations(seed):
    model, values, _, _ = drawn(seed)
    inverse, weight = np.linalg.inv(model["phi"]), 1 / np.diag(model["theta"])
    for method, prior in (("regression", inverse), ("bartlett", 0 * inverse)):
        found = linear_scores(values, **model, method=method)
        left = values - model["nu"] - found.scores @ model["loadings"].T
        slope = np.where(np.isnan(values), 0.0, left * weight) @ model["loadings"]
        slope -= (found.scores - model["factor_means"]) @ prior
        fine = ~np.isnan(found.scores).any(axis=1)
        assert np.allclose(slope[fine], 0.0, atol=1e-6)


@given(st.integers(0, 10_000))
def test_gradient_of_the_posterior_is_zero_at_the_mode(seed):
    model, _, codes, ordinal = drawn(seed)
    found = ordinal_scores(codes, **model, **ordinal)
    assert found.converged.all()
    sd, item = np.sqrt(np.diag(model["theta"])), ordinal["item_of_threshold"]
    for i in np.flatnonzero(~np.isnan(found.scores[:, 0]))[:5]:
        eta = found.scores[i]
        slope = -np.linalg.solve(model["phi"], eta - model["factor_means"])
        for j in np.flatnonzero(~np.isnan(codes[i])):
            edges = np.concatenate([[-np.inf], ordinal["thresholds"][item == j], [np.inf]])
            k = int(codes[i, j])
            z = (edges[k : k + 2] - model["nu"][j] - model["loadings"][j] @ eta) / sd[j]
            share = (
                norm.cdf(z[1]) - norm.cdf(z[0]) if z.sum() < 0 else norm.sf(z[0]) - norm.sf(z[1])
            )
            slope += (norm.pdf(z[0]) - norm.pdf(z[1])) / share / sd[j] * model["loadings"][j]
        unit = np.sqrt(np.diag(model["phi"]))
        assert np.allclose(slope * unit, 0.0, atol=1e-5)


@given(st.integers(0, 10_000))
def test_equal_patterns_have_equal_scores(seed):
    model, values, codes, ordinal = drawn(seed, n_persons=6)
    twice = np.repeat(np.arange(6), 3)
    for found in all_scores(model, values[twice], codes[twice], ordinal):
        again = found.scores.reshape(6, 3, -1)
        assert np.array_equal(again[:, 0], again[:, 2], equal_nan=True)


def test_perfect_and_impossible_answers():
    # Highest answers to 40 strong items, and an answer that the other 39 make all but impossible.
    model = {
        "loadings": np.full((40, 1), 0.99),
        "phi": np.eye(1),
        "theta": np.eye(40) * (1 - 0.99**2),
        "nu": np.zeros(40),
        "factor_means": np.zeros(1),
        "thresholds": np.full(40, 2.0),
        "item_of_threshold": np.arange(40),
    }
    answers = np.ones((3, 40))
    answers[1, 0] = 0.0
    answers[2] = 0.0
    found = ordinal_scores(answers, **model)
    assert found.converged.all()
    assert found.scores[0, 0] > found.scores[1, 0] > 1.9
    assert found.scores[2, 0] < 0
    assert (found.std_error > 0).all()
    far = ordinal_scores(answers, **(model | {"thresholds": np.full(40, 60.0)}))
    assert far.converged.all()
    assert np.isfinite(far.scores).all()


def by_integration(low, high):
    """Log probability, mean and 1 less the variance of a normal variable between two bounds."""
    near = min(max(low, 0.0), high)
    reach = 40.0 / (1.0 + abs(near))
    bounds = max(low, near - reach), min(high, near + reach)

    nodes, weights = leggauss(600)
    half = (bounds[1] - bounds[0]) / 2
    t = bounds[0] + half * (nodes + 1)
    weights = weights * half * np.exp(-0.5 * (t - near) * (t + near))
    whole = weights.sum()
    mean = near + weights @ (t - near) / whole
    bend = 1.0 - weights @ (t - mean) ** 2 / whole
    return np.log(whole) - 0.5 * near**2 - 0.5 * np.log(2 * np.pi), mean, bend


@pytest.mark.parametrize("low", [-300.0, -40.0, -8.0, -1.0, 0.0, 0.5, 8.0, 40.0, 300.0])
@pytest.mark.parametrize("width", [1e-4, 0.1, 1.0, 1e8])
def test_category_and_its_derivatives_are_right_far_out(low, width):
    found = category_of(np.array([low, -low - width]), np.array([low + width, -low]))
    value, slope, bend = by_integration(low, low + width)
    assert np.allclose(found[0], value, rtol=1e-9, atol=1e-11)
    assert np.allclose(found[1], [slope, -slope], rtol=1e-8, atol=1e-8)
    assert np.allclose(found[2], bend, atol=1e-7)
