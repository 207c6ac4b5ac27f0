"""Difference tests against lavTestLRT, and laws that they obey."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.numerics.chi2_difference import (
    plain,
    satorra_2000,
    satorra_bentler_2001,
    satorra_bentler_2010,
)
from digilitt.numerics.scaled_test import sandwich, scaled_shifted
from tests.numerics.fit_cases import arrays, made_up, positive, symmetric
from tests.reference.cases import load_case

CASE = load_case("fit_indices")
SEEDS = st.integers(0, 10_000)


def check(found, told):
    CASE.check("chi2", found.chi2, told["chi2"])
    CASE.check("chi2", found.df, told["df"])
    CASE.check("trace", found.p_value, told["p_value"])
    assert found.note == ""


@pytest.mark.parametrize(
    ("full", "restricted", "change", "adjustment"),
    [
        ("configural", "thresholds", "thresholds", "shifted"),
        ("thresholds", "metric", "metric", "shifted"),
        ("thresholds", "metric", "metric_variance", "mean-variance"),
    ],
)
def test_ordinal_ladder_of_lavaan(full, restricted, change, adjustment):
    told = CASE.expected["bfi"]["ladder"]
    _, *others = arrays(CASE.expected["bfi"]["ordinal"]["two"])
    one, other = told["rungs"][full], told["rungs"][restricted]
    jacobians1, jacobians0 = (list(map(np.array, rung["delta"])) for rung in (one, other))
    found = satorra_2000(
        other["chi2"],
        other["df"],
        one["chi2"],
        one["df"],
        jacobians0=jacobians0,
        jacobians1=jacobians1,
        parts1=sandwich(jacobians1, *others),
        adjustment=adjustment,
    )
    check(found, told["changes"][change])


def test_robust_maximum_likelihood_of_lavaan():
    told = CASE.expected["bfi"]["mlr"]
    configural, metric, scalar = (
        (told["states"][s]["chi2"], told["states"][s]["df"], told["states"][s]["factor"])
        for s in ("configural", "metric", "scalar")
    )
    changes = told["changes"]
    check(satorra_bentler_2001(*metric, *configural), changes["sb_2001"])
    check(satorra_bentler_2001(*scalar, *metric), changes["sb_2001_scalar"])
    check(satorra_bentler_2010(*metric, *configural[:2], told["c10"]), changes["sb_2010"])
    found = satorra_bentler_2010(*scalar, *metric[:2], told["c10_scalar"])
    check(found, changes["sb_2010_scalar"])
    jacobians1, jacobians0 = ([np.array(d) for d in told[name]] for name in ("delta1", "delta0"))
    parts = sandwich(
        jacobians1,
        [np.array(weight) for weight in told["weights"]],
        [symmetric(gamma) for gamma in told["gamma"]],
        np.array(told["n"]) / sum(told["n"]),
        information=np.array(told["information"]),
    )
    for adjustment in ("mean", "shifted"):
        found = satorra_2000(
            *metric[:2],
            *configural[:2],
            jacobians0=jacobians0,
            jacobians1=jacobians1,
            parts1=parts,
            adjustment=adjustment,
        )
        check(found, changes[f"satorra_2000_{adjustment}"])


def nested(seed, n_restrictions=2):
    """A model of random numbers, and the same with fewer, mixed parameters."""
    jacobians, *others = made_up(seed)
    mixed = np.random.default_rng(seed + 1).standard_normal((5, 5 - n_restrictions))
    return jacobians, [delta @ mixed for delta in jacobians], others


@given(seed=SEEDS, adjustment=st.sampled_from(["shifted", "mean", "mean-variance"]))
def test_right_weights_leave_the_plain_difference(seed, adjustment):
    jacobians1, jacobians0, (_, gammas, fractions) = nested(seed)
    parts = sandwich(jacobians1, [np.linalg.inv(g) for g in gammas], gammas, fractions)
    found = satorra_2000(
        30.0,
        13,
        20.0,
        11,
        jacobians0=jacobians0,
        jacobians1=jacobians1,
        parts1=parts,
        adjustment=adjustment,
    )
    assert (found.chi2, found.df, found.scaling_factor) == pytest.approx((10.0, 2, 1.0))
    assert found.p_value == pytest.approx(plain(30.0, 13, 20.0, 11).p_value)
    assert found.shift == pytest.approx(0.0, abs=1e-8)


@given(seed=SEEDS, diagonal=st.booleans())
def test_against_a_saturated_model_it_is_the_scaled_test(seed, diagonal):
    jacobians0, *others = made_up(seed, diagonal=diagonal)
    jacobians1 = np.split(positive(np.random.default_rng(seed), 16), [9])
    parts0, parts1 = sandwich(jacobians0, *others), sandwich(jacobians1, *others)
    arguments = {"jacobians0": jacobians0, "jacobians1": jacobians1, "parts1": parts1}
    found = satorra_2000(25.0, 11, 0.0, 0, **arguments)
    expected = scaled_shifted(25.0, 11, parts0.trace, parts0.trace_squared)
    assert found.chi2 == pytest.approx(expected.scaled)
    assert (found.scaling_factor, found.shift) == pytest.approx(
        (expected.scaling_factor, expected.shift)
    )
    mean = satorra_2000(25.0, 11, 0.0, 0, **arguments, adjustment="mean")
    assert mean.scaling_factor == pytest.approx(parts0.trace / 11)
    by_factors = satorra_bentler_2001(25.0, 11, parts0.trace / 11, 0.0, 0, np.nan)
    assert by_factors.chi2 == pytest.approx(mean.chi2)


@given(seed=SEEDS)
def test_the_form_of_either_models_parameters_does_not_matter(seed):
    jacobians1, jacobians0, others = nested(seed)
    rng = np.random.default_rng(seed + 2)
    turn1, turn0 = positive(rng, 5), positive(rng, 3)
    turned1, turned0 = [d @ turn1 for d in jacobians1], [d @ turn0 for d in jacobians0]
    found = [
        satorra_2000(
            30.0, 13, 20.0, 11, jacobians0=zero, jacobians1=one, parts1=sandwich(one, *others)
        )
        for one, zero in ((jacobians1, jacobians0), (turned1, turned0))
    ]
    assert found[0].scaling_factor == pytest.approx(found[1].scaling_factor, rel=1e-6)
    assert found[0].chi2 == pytest.approx(found[1].chi2, rel=1e-6)


def test_worked_by_hand():
    # c_d = (10 · 1.5 - 8 · 1.25)/2 = 2.5
    found = satorra_bentler_2001(40.0, 10, 1.5, 20.0, 8, 1.25)
    assert (found.scaling_factor, found.chi2, found.df) == (2.5, 8.0, 2)
    assert found.p_value == pytest.approx(np.exp(-4))
    # c_d = (10 · 1.5 - 8 · 1.375)/2 = 2
    assert satorra_bentler_2010(40.0, 10, 1.5, 20.0, 8, 1.375).chi2 == 10.0
    assert plain(20.0, 10, 8.0, 8).p_value == pytest.approx(np.exp(-6))


def test_a_factor_that_is_not_positive_is_told():
    for c1 in (1.5, 1.25):
        found = satorra_bentler_2001(40.0, 10, 1.0, 20.0, 8, c1)
        assert found.scaling_factor == 5.0 - 4.0 * c1
        assert np.isnan([found.chi2, found.p_value]).all()
        assert found.note == "factor-not-positive"
        assert found.df == 2


@pytest.mark.parametrize("df1", [10, 12])
def test_no_degrees_of_freedom_no_test(df1):
    jacobians1, jacobians0, others = nested(3)
    parts = sandwich(jacobians1, *others)
    for found in (
        plain(30.0, 10, 20.0, df1),
        satorra_bentler_2001(30.0, 10, 1.1, 20.0, df1, 1.2),
        satorra_bentler_2010(30.0, 10, 1.1, 20.0, df1, 1.2),
        satorra_2000(
            30.0, 10, 20.0, df1, jacobians0=jacobians0, jacobians1=jacobians1, parts1=parts
        ),
    ):
        assert found.note == "no-df"
        assert found.df == 10 - df1
        assert np.isnan([found.chi2, found.p_value]).all()


def test_a_restricted_model_that_fits_better_is_told():
    found = plain(19.0, 10, 20.0, 8)
    assert (found.chi2, found.note) == (-1.0, "negative-difference")
    assert np.isnan(found.p_value)
    assert satorra_bentler_2001(19.0, 10, 1.2, 20.0, 8, 1.2).note == "negative-difference"
    # Two searches may end this far apart.
    assert plain(20.0 - 1e-7, 10, 20.0, 8).note == ""


def test_restrictions_are_counted():
    jacobians1, jacobians0, others = nested(5)
    parts = sandwich(jacobians1, *others)
    found = satorra_2000(
        30.0, 14, 20.0, 11, jacobians0=jacobians0, jacobians1=jacobians1, parts1=parts
    )
    assert found.note == "not-nested"
    # A parameter that is there twice does not count twice.
    twice = [np.column_stack([d, d[:, 0]]) for d in jacobians0]
    found = satorra_2000(30.0, 13, 20.0, 11, jacobians0=twice, jacobians1=jacobians1, parts1=parts)
    assert found.note == ""
