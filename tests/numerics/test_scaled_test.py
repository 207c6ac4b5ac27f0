"""Sandwich errors, traces, scaled statistics and the catML statistics against lavaan's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.errors import EstimationError
from digilitt.numerics.catml import catml
from digilitt.numerics.scaled_test import (
    baseline_traces,
    mean_scaled,
    robust_covariance,
    sandwich,
    scaled_shifted,
)
from tests.numerics.fit_cases import (
    ORDINAL,
    arrays,
    made_up,
    positive,
    stacked,
    symmetric,
)
from tests.reference.cases import load_case

CASE = load_case("fit_indices")
SEEDS = st.integers(0, 10_000)


def told_of(name, which):
    return CASE.expected[name]["ordinal"][which]


@pytest.mark.parametrize(("name", "which"), ORDINAL)
def test_ordinal_models_of_lavaan(name, which):
    told = told_of(name, which)
    groups = arrays(told)
    parts = sandwich(*groups)
    theirs = told["tests"]["model"]
    CASE.check("trace", parts.trace, theirs["trace.UGamma"])
    CASE.check("trace", parts.trace_squared, theirs["trace.UGamma2"])
    covariance = robust_covariance(parts, sum(told["n"]) - len(told["n"]))
    CASE.check("std_error", np.sqrt(np.diag(covariance)), told["std_error"])
    found = scaled_shifted(told["fit"]["chisq"], theirs["df"], parts.trace, parts.trace_squared)
    CASE.check("trace", found.scaling_factor, theirs["scaling.factor"])
    CASE.check("trace", found.shift, theirs["shift.parameter"])
    CASE.check("chi2", found.scaled, theirs["stat"])


@pytest.mark.parametrize(("name", "which"), ORDINAL)
def test_baseline_of_ordinal_models(name, which):
    told = told_of(name, which)
    _, weights, gammas, _ = arrays(told)
    theirs = told["tests"]["baseline"]
    n_thresholds = CASE.expected[name]["robust"][which]["n_thresholds"]
    traces = baseline_traces(weights, gammas, n_thresholds)
    CASE.check("trace", traces, [theirs["trace.UGamma"], theirs["trace.UGamma2"]])
    found = scaled_shifted(told["fit"]["baseline.chisq"], theirs["df"], *traces)
    CASE.check("chi2", found.scaled, theirs["stat"])


def test_continuous_models_with_full_weights():
    told = CASE.expected["bfi"]["normal"]
    parts = sandwich(*arrays(told["shifted"]))
    theirs = told["shifted"]["tests"]["model"]
    CASE.check("trace", parts.trace, theirs["trace.UGamma"])
    CASE.check("trace", parts.trace_squared, theirs["trace.UGamma2"])
    shifted = scaled_shifted(
        told["shifted"]["fit"]["chisq"], theirs["df"], parts.trace, parts.trace_squared
    )
    CASE.check("chi2", shifted.scaled, theirs["stat"])
    theirs = told["mean"]["model"]
    scaled = mean_scaled(told["shifted"]["fit"]["chisq"], theirs["df"], parts.trace)
    CASE.check("trace", scaled.scaling_factor, theirs["scaling.factor"])
    CASE.check("chi2", scaled.scaled, theirs["stat"])


@pytest.mark.parametrize(("name", "which"), ORDINAL)
def test_catml_of_lavaan(name, which):
    told, ordinal = CASE.expected[name]["robust"][which], told_of(name, which)
    jacobians, weights, gammas, fractions = arrays(ordinal)
    found = catml(
        [symmetric(half) for half in told["sample"]],
        [symmetric(half) for half in told["implied"]],
        jacobians,
        weights,
        gammas,
        ordinal["n"],
        bread=sandwich(jacobians, weights, gammas, fractions).bread,
        df=ordinal["fit"]["df"],
    )
    CASE.check("chi2", found.chi2, told["chi2"])
    CASE.check("chi2", found.chi2_baseline, told["chi2_baseline"])
    CASE.check("trace", found.factor, told["factor"])
    # lavaan divides a group's trace by its share of persons, which the weight should give back.
    n_items = len(symmetric(told["sample"][0]))
    pairs = n_items * (n_items - 1) // 2
    shares = np.array(ordinal["n"]) / sum(ordinal["n"])
    traces = np.array([np.trace(gamma[-pairs:, -pairs:]) for gamma in gammas])
    theirs = told["factor_baseline"] * traces.sum() / (traces / shares).sum()
    CASE.check("trace", found.factor_baseline, theirs)


def dense_traces(groups):
    delta, weight, gamma = stacked(*groups)
    bread = np.linalg.inv(delta.T @ weight @ delta)
    u_gamma = (weight - weight @ delta @ bread @ delta.T @ weight) @ gamma
    return np.trace(u_gamma), np.trace(u_gamma @ u_gamma), bread


@given(
    seed=SEEDS, diagonal=st.booleans(), sizes=st.lists(st.integers(6, 9), min_size=1, max_size=3)
)
def test_traces_are_those_of_the_matrix_that_is_not_built(seed, diagonal, sizes):
    groups = made_up(seed, sizes, diagonal=diagonal)
    parts = sandwich(*groups)
    trace, squared, bread = dense_traces(groups)
    assert parts.trace == pytest.approx(trace, rel=1e-8, abs=1e-8)
    assert parts.trace_squared == pytest.approx(squared, rel=1e-8, abs=1e-8)
    delta, weight, gamma = stacked(*groups)
    middle = delta.T @ weight @ gamma @ weight @ delta
    assert np.allclose(robust_covariance(parts, 100.0), bread @ middle @ bread / 100.0)
    as_matrices = [np.diag(w) if w.ndim == 1 else w for w in groups[1]]
    assert sandwich(groups[0], as_matrices, *groups[2:]).trace == pytest.approx(parts.trace)


@given(seed=SEEDS)
def test_another_form_of_the_parameters_changes_nothing(seed):
    jacobians, *others = made_up(seed)
    turn = positive(np.random.default_rng(seed), 5)
    one, two = sandwich(jacobians, *others), sandwich([d @ turn for d in jacobians], *others)
    assert two.trace == pytest.approx(one.trace)
    assert two.trace_squared == pytest.approx(one.trace_squared)
    assert np.allclose(turn @ robust_covariance(two, 1.0) @ turn, robust_covariance(one, 1.0))


@given(seed=SEEDS, sizes=st.lists(st.integers(6, 9), min_size=1, max_size=3))
def test_right_weights_need_no_scaling(seed, sizes):
    jacobians, _, gammas, fractions = made_up(seed, sizes)
    weights = [np.linalg.inv(gamma) for gamma in gammas]
    df = sum(sizes) - 5
    parts = sandwich(jacobians, weights, gammas, fractions)
    assert parts.trace == pytest.approx(df)
    assert parts.trace_squared == pytest.approx(df)
    assert np.allclose(parts.bread, robust_covariance(parts, 1.0))
    if df:
        found = scaled_shifted(17.0, df, parts.trace, parts.trace_squared)
        assert (found.scaling_factor, found.scaled) == pytest.approx((1.0, 17.0))


@given(seed=SEEDS, diagonal=st.booleans())
def test_baseline_is_a_model_with_free_thresholds(seed, diagonal):
    _, weights, gammas, fractions = made_up(seed, diagonal=diagonal)
    own = [np.vstack([np.eye(3), np.zeros((len(g) - 3, 3))]) for g in gammas]
    jacobians = [np.kron(np.eye(2)[g], own[g]) for g in range(2)]
    parts = sandwich(jacobians, weights, gammas, fractions)
    found = baseline_traces(weights, gammas, 3)
    assert found == pytest.approx((parts.trace, parts.trace_squared))
    everything = baseline_traces(weights, gammas, 0)
    assert everything[0] == pytest.approx(
        sum(
            np.trace(np.diag(w) @ g if w.ndim == 1 else w @ g)
            for w, g in zip(weights, gammas, strict=True)
        )
    )


@given(seed=SEEDS)
def test_the_scaled_statistic_has_mean_and_variance_of_chi2(seed):
    """Of Σ λ z², which chi2 is like, the mean is t1 and the variance 2 t2."""
    parts = sandwich(*made_up(seed))
    found = scaled_shifted(0.0, 11, parts.trace, parts.trace_squared)
    assert parts.trace / found.scaling_factor + found.shift == pytest.approx(11)
    assert 2 * parts.trace_squared / found.scaling_factor**2 == pytest.approx(22)
    assert parts.trace / mean_scaled(0.0, 11, parts.trace).scaling_factor == pytest.approx(11)


def test_no_degrees_of_freedom_no_factor():
    for found in (scaled_shifted(0.0, 0, 0.0, 0.0), mean_scaled(0.0, 0, 0.0)):
        assert np.isnan(found.scaling_factor)
        assert found.scaled == 0.0


def test_what_is_not_identified_is_named():
    jacobians, *others = made_up(1)
    twice = [np.column_stack([d, d[:, 0]]) for d in jacobians]
    never = [np.column_stack([d, np.zeros(len(d))]) for d in jacobians]
    for told in (twice, never):
        with pytest.raises(EstimationError) as caught:
            sandwich(told, *others)
        assert [p.code for p in caught.value.problems] == ["not-identified"]


def test_information_may_be_another():
    groups = made_up(2)
    other = positive(np.random.default_rng(3), 5)
    parts = sandwich(*groups, information=other)
    assert np.allclose(parts.bread @ other, np.eye(5))
    assert np.allclose(parts.meat, sandwich(*groups).meat)


def catml_arguments(n_persons):
    rng = np.random.default_rng(8)
    loadings = rng.uniform(0.5, 0.8, 5)
    implied = np.outer(loadings, loadings)
    np.fill_diagonal(implied, 1.0)
    error = rng.uniform(-0.1, 0.1, (5, 5))
    sample = implied + error + error.T
    np.fill_diagonal(sample, 1.0)
    j, i = np.triu_indices(5, 1)
    delta = np.zeros((10, 5))
    delta[np.arange(10), i], delta[np.arange(10), j] = loadings[j], loadings[i]
    groups = len(n_persons)
    return (
        [sample] * groups,
        [implied] * groups,
        [delta] * groups,
        [rng.uniform(0.5, 2.0, 10)] * groups,
        [positive(rng, 10)] * groups,
        n_persons,
    )


def test_catml_from_its_definition_and_of_a_group_split_in_two():
    arguments = catml_arguments([300.0])
    (sample,), (implied,), (delta,), (weight,), (gamma,), _ = arguments
    bread = sandwich([delta], [weight], [gamma], [1.0]).bread
    found = catml(*arguments, bread=bread, df=5)
    inverse, (j, i) = np.linalg.inv(implied), np.triu_indices(5, 1)
    v = np.array(
        [
            [
                inverse[a, c] * inverse[b, d] + inverse[a, d] * inverse[b, c]
                for c, d in zip(i, j, strict=True)
            ]
            for a, b in zip(i, j, strict=True)
        ]
    )
    q = np.eye(10) - delta @ bread @ delta.T @ np.diag(weight)
    assert found.factor == pytest.approx(np.trace(q.T @ v @ q @ gamma) / 5)
    assert found.factor_baseline == pytest.approx(np.trace(gamma) / 10)
    log = np.log(np.linalg.det(implied) / np.linalg.det(sample))
    assert found.chi2 == pytest.approx(300 * (log + np.trace(sample @ inverse) - 5))
    assert found.chi2_baseline == pytest.approx(-300 * np.log(np.linalg.det(sample)))
    # Two halves with one set of parameters: nothing fits the ten statistics that set them apart.
    halves = catml(*catml_arguments([150.0, 150.0]), bread=bread, df=15)
    assert halves.chi2 == pytest.approx(found.chi2)
    assert halves.factor * 15 == pytest.approx(found.factor * 5 + np.trace(v @ gamma))
    # lavaan's way with the baseline of several groups: twice what one group of all persons has.
    assert halves.factor_baseline == pytest.approx(found.factor_baseline)


def test_catml_needs_positive_definite_correlations():
    arguments = catml_arguments([300.0])
    bad = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    sample = np.eye(5)
    sample[:3, :3] = bad
    found = catml([sample], *arguments[1:], bread=np.eye(5), df=5)
    assert np.isnan([found.chi2, found.factor, found.chi2_baseline, found.factor_baseline]).all()
