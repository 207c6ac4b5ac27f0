"""Extraction, rotation, Schmid–Leiman, KMO and Bartlett on matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from digilitt.errors import EstimationError
from digilitt.numerics.congruence import align, tucker
from digilitt.numerics.factor_fit import factor_fit
from digilitt.numerics.factoring import CRITERIA, bartlett, kmo, minres, ml, rotate, schmid_leiman
from digilitt.numerics.rotation import rotate_to_target
from digilitt.numerics.uniqueness import degrees_of_freedom, least_squares, likelihood, search
from tests.reference.cases import dataset, load_case

CASE = load_case("efa")
N_FACTORS = {"bfi": 5, "holzinger": 3}
EXTRACT = {"minres": minres, "ml": ml}
SETS = sorted(CASE.expected)


def complete(name):
    return dataset(name).dropna().to_numpy(dtype=float)


def correlations(name):
    return np.corrcoef(complete(name).T)


def simulated(seed, n_items=9, n_factors=3, n=400):
    """Correlations of a sample from a population with simple structure."""
    rng = np.random.default_rng(seed)
    pattern = np.kron(np.eye(n_factors), np.full((n_items // n_factors, 1), 0.7))
    factors = rng.standard_normal((n, n_factors)) + 0.5 * rng.standard_normal((n, 1))
    return np.corrcoef((factors @ pattern.T + 0.7 * rng.standard_normal((n, n_items))).T)


def block_targets(name, n_items):
    """The targets of generate.R: 0 off the block, and in the block 0.6 or anything."""
    m = N_FACTORS[name]
    block = np.kron(np.eye(m), np.ones((n_items // m, 1)))
    return 0.6 * block, np.where(block > 0, np.nan, 0.0)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("n_starts", [1, 10])
def test_every_extraction_and_rotation_of_psych(name, n_starts):
    r = correlations(name)
    expected = CASE.expected[name]["efa"]
    assert len(expected) == 8
    for which, told in expected.items():
        method, rotation = which.split("_")
        extracted = EXTRACT[method](r, N_FACTORS[name])
        assert extracted.converged
        CASE.check("extraction", extracted.communalities, [*told["communality"].values()])
        kaiser = rotation in ("varimax", "promax")
        found = rotate(extracted.loadings, rotation, normalize=kaiser, n_starts=n_starts)
        assert found.converged
        theirs = np.array(told["loadings"]["values"])
        match = align(found.loadings, theirs)
        tolerance = "varimax" if kaiser else "loadings"
        CASE.check(tolerance, match.columns(found.loadings), theirs)
        if told["phi"] is not None:
            CASE.check(tolerance, match.correlations(found.phi), told["phi"])


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("method", EXTRACT)
def test_fit_of_psych(name, method):
    r, n = correlations(name), len(complete(name))
    found = factor_fit(r, EXTRACT[method](r, N_FACTORS[name]).loadings, n)
    large = {"chi2": "chisq", "chi2_null": None, "bic": None}
    for key, value in CASE.expected[name]["efa_fit"][method].items():
        if key in large:
            CASE.check("ratio", getattr(found, key) / value, 1.0)
        else:
            CASE.check("fit", getattr(found, key), value)
    for rotation in ("varimax", "oblimin", "promax", "quartimin"):
        told = CASE.expected[name]["efa"][f"{method}_{rotation}"]
        CASE.check("ratio", found.chi2 / told["chisq"], 1.0)
        for ours, theirs in (("df", "df"), ("rmsea", "rmsea"), ("tli", "tli")):
            CASE.check("fit", getattr(found, ours), told[theirs])
        CASE.check("fit", found.objective, told["objective"])


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("method", EXTRACT)
def test_rotations_of_gparotation(name, method):
    unrotated = EXTRACT[method](correlations(name), N_FACTORS[name]).loadings
    full, open_ = block_targets(name, len(unrotated))
    for which, told in CASE.expected[name]["efa_rotated"][method].items():
        if which.startswith(("target", "open")):
            aim = full if which.startswith("target") else open_
            found = rotate_to_target(unrotated, aim, oblique=which.endswith("oblique"))
        else:
            rotation = which.partition("_")[0]
            found = rotate(unrotated, rotation, normalize=which.endswith("normalized"), n_starts=30)
        assert found.converged, which
        theirs = np.array(told["loadings"])
        match = align(found.loadings, theirs)
        CASE.check("loadings", match.columns(found.loadings), theirs)
        CASE.check("loadings", match.correlations(found.phi), told["phi"])


@pytest.mark.parametrize("name", SETS)
def test_schmid_leiman_of_psych(name):
    told = CASE.expected[name]["efa_steps"]["schmid"]
    found = schmid_leiman(np.array(told["pattern"]), np.array(told["phi"]))
    CASE.check("schmid", found.general, told["general"])
    CASE.check("schmid", found.group, told["group"])
    CASE.check("schmid", found.second_order, told["second_order"])
    assert found.proper
    assert found.identified


@pytest.mark.parametrize("at", [least_squares, likelihood])
def test_derivatives(at):
    r = simulated(1)
    point = np.linspace(0.3, 0.7, len(r))
    value, gradient, hessian = at(r, point, 3)
    assert value > 0
    assert np.allclose(gradient, approx_fprime(point, lambda x: at(r, x, 3)[0], 1e-6), atol=1e-4)
    slopes = [approx_fprime(point, lambda x, i=i: at(r, x, 3)[1][i], 1e-6) for i in range(len(r))]
    assert np.allclose(hessian(), slopes, atol=1e-4)


@pytest.mark.parametrize("rotation", CRITERIA)
def test_gradients_of_criteria(rotation):
    criterion = CRITERIA[rotation][0]
    loadings = np.random.default_rng(2).uniform(-0.8, 0.8, (6, 3))

    def value(flat):
        return criterion(flat.reshape(6, 3))[0]

    numeric = approx_fprime(loadings.ravel(), value, 1e-7).reshape(6, 3)
    assert np.allclose(criterion(loadings)[1], numeric, atol=1e-5)


@pytest.mark.parametrize("extract", EXTRACT.values())
def test_an_exact_model_is_found_again(extract):
    rng = np.random.default_rng(3)
    loadings = rng.uniform(0.4, 0.8, (10, 2)) * np.array([1.0, 0.6])
    r = loadings @ loadings.T
    np.fill_diagonal(r, 1.0)
    found = extract(r, 2)
    assert found.converged
    assert found.objective < 1e-12
    assert np.allclose(found.loadings @ found.loadings.T, loadings @ loadings.T, atol=1e-6)


@given(st.integers(0, 10_000), st.sampled_from(sorted(CRITERIA)), st.booleans())
def test_rotation_keeps_what_the_factors_reproduce(seed, rotation, normalize):
    unrotated = minres(simulated(seed), 3).loadings
    found = rotate(unrotated, rotation, normalize=normalize, n_starts=2)
    reproduced = found.loadings @ found.phi @ found.loadings.T
    assert np.allclose(reproduced, unrotated @ unrotated.T, atol=1e-8)
    assert np.allclose(unrotated @ found.matrix, found.loadings, atol=1e-10)
    assert np.allclose(np.diag(found.phi), 1.0)
    assert (found.loadings.sum(axis=0) >= 0).all()


@given(st.integers(0, 10_000), st.permutations(range(9)))
def test_items_may_stand_in_any_order_and_direction(seed, order):
    r, order = simulated(seed), np.array(order)
    signs = np.where(np.random.default_rng(seed).random(9) < 0.5, -1.0, 1.0)
    turned = (r * np.outer(signs, signs))[np.ix_(order, order)]
    one = rotate(minres(r, 3).loadings, "oblimin", n_starts=3)
    two = rotate(minres(turned, 3).loadings, "oblimin", n_starts=3)
    expected = (one.loadings * signs[:, None])[order]
    match = align(two.loadings, expected)
    assert np.allclose(match.columns(two.loadings), expected, atol=1e-3)
    assert np.allclose(match.correlations(two.phi), one.phi, atol=1e-3)


def test_a_start_at_a_saddle_is_left():
    turned = np.array([[0.6, 0.6], [0.5, 0.5], [0.6, -0.6], [0.5, -0.5]])
    for rotation in CRITERIA:
        found = rotate(turned, rotation).loadings
        assert np.isclose(np.sort(np.abs(found), axis=1)[:, 0], 0.0, atol=1e-4).all(), rotation


def test_one_factor_is_only_turned():
    unrotated = -np.array([[0.8], [0.7], [0.6]])
    found = rotate(unrotated, "oblimin")
    assert found.loadings.tolist() == (-unrotated).tolist()
    assert found.phi.tolist() == [[1.0]]


def test_several_minima_are_counted_and_the_best_is_kept():
    """Geomin has local minima where items load on several factors."""
    r = correlations("bfi")
    unrotated = minres(r, 5).loadings
    found = rotate(unrotated, "geomin", normalize=True, n_starts=30)
    alone = rotate(unrotated, "geomin", normalize=True)
    assert found.n_minima > 1
    assert alone.n_minima == 1
    assert found.criterion <= alone.criterion + 1e-9


def test_a_heywood_case_is_flagged():
    r = np.array([[1.0, 0.8, 0.8], [0.8, 1.0, 0.5], [0.8, 0.5, 1.0]])
    for extract in EXTRACT.values():
        found = extract(r, 1)
        assert found.heywood.tolist() == [True, False, False]
        assert found.uniquenesses.min() == pytest.approx(0.005)


def test_minres_needs_no_positive_definite_matrix_and_ml_does():
    r = simulated(5, n=6)
    assert minres(r, 2).loadings.shape == (9, 2)
    with pytest.raises(EstimationError) as caught:
        ml(r, 2)
    assert [p.code for p in caught.value.problems] == ["not-positive-definite"]
    assert np.isnan(factor_fit(r, minres(r, 2).loadings, 6).chi2)


@pytest.mark.parametrize(
    ("r", "n_factors", "code"),
    [
        (np.eye(4), 2, "too-many-factors"),
        (np.eye(4), 0, "too-many-factors"),
        (np.eye(2), 1, "too-many-factors"),
        (np.full((3, 3), np.nan), 1, "bad-correlation"),
        (np.ones((3, 2)), 1, "bad-correlation"),
    ],
)
def test_what_cannot_be_extracted(r, n_factors, code):
    with pytest.raises(EstimationError) as caught:
        minres(r, n_factors)
    assert [p.code for p in caught.value.problems] == [code]


def test_degrees_of_freedom():
    assert [degrees_of_freedom(25, 5), degrees_of_freedom(9, 3), degrees_of_freedom(3, 1)] == [
        185,
        12,
        0,
    ]


def test_loadings_of_too_few_dimensions_are_refused():
    with pytest.raises(EstimationError) as caught:
        rotate(np.array([[0.6, 0.0], [0.5, 0.0], [0.4, 0.0]]), "oblimin")
    assert [p.code for p in caught.value.problems] == ["flat-loadings"]


def test_two_factors_share_their_correlation_and_one_has_none_behind():
    phi = np.array([[1.0, -0.36], [-0.36, 1.0]])
    found = schmid_leiman(np.eye(2), phi)
    assert found.second_order.tolist() == pytest.approx([0.6, -0.6])
    assert not found.identified
    with pytest.raises(EstimationError):
        schmid_leiman(np.ones((3, 1)), np.eye(1))


@pytest.mark.parametrize("name", SETS)
def test_kmo_and_bartlett_equal_factor_analyzer(name):
    from factor_analyzer import calculate_bartlett_sphericity, calculate_kmo

    values, r = complete(name), correlations(name)
    items, overall = calculate_kmo(values)
    chi2, _ = calculate_bartlett_sphericity(values)
    assert kmo(r)[0] == pytest.approx(overall, abs=1e-10)
    assert kmo(r)[1] == pytest.approx(items, abs=1e-10)
    assert bartlett(r, len(values))[0] == pytest.approx(chi2, rel=1e-10)
    assert np.isnan(kmo(np.ones((3, 3)))[0])
    assert np.isnan(bartlett(np.ones((3, 3)), 10)[0])
    assert np.isnan(kmo(np.eye(3))[0])


def test_alignment_recovers_order_and_signs():
    rng = np.random.default_rng(8)
    loadings = rng.uniform(-0.9, 0.9, (12, 4))
    order, signs = rng.permutation(4), np.array([1.0, -1.0, -1.0, 1.0])
    match = align(loadings[:, order] * signs, loadings)
    assert np.allclose(match.columns(loadings[:, order] * signs), loadings)
    assert tucker(loadings, -loadings)[1, 1] == pytest.approx(-1.0)


# 350 persons, 9 items: with two factors, rounding may keep the gradient of ml just above 0.
HARD = """
1.0 0.300057 0.474408 0.19299 0.197001 -0.101064 0.11 0.041928 0.062756
0.300057 1.0 0.305234 0.183546 0.035213 -0.219506 0.127605 0.176206 0.063098
0.474408 0.305234 1.0 0.257001 0.218143 -0.250132 0.075989 0.207057 0.108086
0.19299 0.183546 0.257001 1.0 0.424417 -0.393312 0.182001 0.133397 0.088312
0.197001 0.035213 0.218143 0.424417 1.0 -0.337096 0.097427 0.043128 0.001227
-0.101064 -0.219506 -0.250132 -0.393312 -0.337096 1.0 -0.121975 -0.075044 -0.115196
0.11 0.127605 0.075989 0.182001 0.097427 -0.121975 1.0 0.325237 0.358128
0.041928 0.176206 0.207057 0.133397 0.043128 -0.075044 0.325237 1.0 0.306891
0.062756 0.063098 0.108086 0.088312 0.001227 -0.115196 0.358128 0.306891 1.0
"""


def test_a_search_that_rounding_keeps_from_rest_is_at_rest():
    r = np.array(HARD.split(), dtype=float).reshape(9, 9)
    found = ml(r, 2)
    assert found.converged
    # psych 2.2.9: fa(r, 2, n.obs = 350, fm = "ml")$STATISTIC, of the answers, not rounded
    assert factor_fit(r, found.loadings, 350).chi2 == pytest.approx(111.461467, abs=1e-3)


def test_a_search_at_the_edge_of_its_steps_is_asked_for_its_gradient():
    def shallow(slope):
        return lambda x: (float(-slope * x.sum()), np.full(2, -slope), lambda: np.eye(2))

    assert search(shallow(1e-6), [np.zeros(2)] * 2, -1.0)[2]
    assert not search(shallow(1e-3), [np.zeros(2)] * 2, -1.0)[2]


def test_no_curvature_is_no_rest():
    nowhere = np.full((2, 2), np.nan)
    found = search(lambda _: (0.0, np.ones(2), lambda: nowhere), [np.zeros(2)] * 2, -1.0)
    assert not found[2]


def test_steps_that_are_only_rounding_end_the_search():
    def steep(x):
        return float(-1e-8 * x.sum()), np.full(2, -1e-8), lambda: 1e3 * np.eye(2)

    _, _, at_rest, n_iter = search(steep, [np.zeros(2)] * 2, -1.0)
    assert at_rest
    assert n_iter == 0


@pytest.mark.parametrize("extract", [minres, ml])
@pytest.mark.parametrize("n_factors", [1, 2])
def test_equal_roots_are_no_division_by_zero(extract, n_factors):
    with pytest.raises(EstimationError, match="no two items correlate"):
        extract(np.eye(5), n_factors)
    found = extract(np.eye(5) * 1.2 - 0.2, n_factors)
    assert np.isfinite(found.loadings).all()
    assert found.heywood.any()


def test_likelihood_beyond_what_numbers_hold_is_infinite():
    r = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    value, gradient, hessian = likelihood(r, np.full(3, np.log(0.5)), 1)
    assert value == np.inf
    assert np.isnan(gradient).all()
    assert np.isnan(hessian()).all()
    assert np.isfinite(likelihood(np.eye(3) * 0.5 + 0.5, np.full(3, 2000.0), 1)[0])


def test_rmsea_of_any_number_of_persons():
    r = np.array(HARD.split(), dtype=float).reshape(9, 9)
    loadings = minres(r, 1).loadings
    near, far = factor_fit(r, loadings, 1e9), factor_fit(r, loadings, 4e9)
    assert near.chi2 < 1e9 < far.chi2
    for fit in (near, far, factor_fit(r, loadings, 1e12)):
        assert fit.rmsea_low < fit.rmsea < fit.rmsea_high
    widths = (near.rmsea_high - near.rmsea_low, far.rmsea_high - far.rmsea_low)
    assert widths[0] / widths[1] == pytest.approx(2.0, abs=1e-3)
