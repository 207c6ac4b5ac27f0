"""Polychoric correlations, against lavaan, by hand, by laws, and from simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import multivariate_normal, norm

from digilitt.numerics.polychoric import (
    Polychoric,
    chi2_p_value,
    polychoric_matrix,
    smoothed,
    stacked_correlations,
)
from digilitt.numerics.polychoric_mixed import Mixed, mixed_matrix
from digilitt.numerics.polychoric_pairs import BOUND, cells_of, normal_thresholds, pair_correlations
from digilitt.numerics.tables import category_codes, pair_index, pair_tables
from tests.reference.cases import dataset, load_case, matrix

CASE = load_case("polychoric")
FIVE = ["A1", "A2", "A3", "A4", "A5"]


def of_frame(frame: pd.DataFrame, *continuous: str, acov: bool = False) -> Mixed:
    values = frame.to_numpy(dtype=float)
    is_scale = np.isin(frame.columns, continuous)
    return mixed_matrix(values, is_scale, np.ones(len(values)), acov=acov)


def of_values(values: np.ndarray, **options: object) -> Polychoric:
    codes = category_codes(values)
    tables, margins = pair_tables(codes.codes, max([2, *map(len, codes.categories)]))
    return polychoric_matrix(tables, margins, **options)


def of_table(table: list[list[float]], **options: object) -> Polychoric:
    counts = np.array(table, dtype=float)
    k = max(counts.shape)
    square = np.zeros((1, k, k))
    square[0, : len(counts), : counts.shape[1]] = counts
    margins = np.stack([square[0].sum(axis=1), square[0].sum(axis=0)])
    return polychoric_matrix(square, margins, **options)


def upper(found: np.ndarray) -> np.ndarray:
    return found[pair_index(len(found))]


# Against lavaan


@pytest.mark.parametrize("name", ["bfi", "science", "lsat7"])
def test_whole_data_sets_are_lavaans(name: str) -> None:
    expected = CASE.expected[name]
    found = of_frame(dataset(name)).estimates
    CASE.check("correlation", found.correlation, matrix(expected["polychoric"]))
    CASE.check(
        "thresholds", np.concatenate(found.thresholds), list(expected["thresholds"].values())
    )
    assert found.converged.all()


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("bfi", "five"),
        ("bfi", "five_pairwise"),
        ("science", "whole"),
        ("lsat7", "whole"),
        ("empty", "whole"),
    ],
)
def test_covariance_matrix_and_fit_are_lavaans(name: str, figure: str) -> None:
    expected = CASE.expected[name][figure]
    frame = dataset(name, topic="polychoric")
    if name == "bfi":
        frame = frame[FIVE] if figure == "five_pairwise" else frame[FIVE].dropna()
    found = of_frame(frame, acov=True)
    estimates = found.estimates
    cuts = [
        f"{i}|t{t + 1}"
        for i, each in zip(frame, estimates.thresholds, strict=True)
        for t in range(len(each))
    ]
    first, second = pair_index(frame.shape[1])
    pairs = [f"{frame.columns[a]}~~{frame.columns[b]}" for a, b in zip(first, second, strict=True)]
    assert [*cuts, *pairs] == expected["names"]
    told = np.concatenate([*estimates.thresholds, upper(estimates.correlation)])
    CASE.check("correlation", told, expected["estimate"])
    CASE.check("gamma", found.acov * expected["n"], expected["gamma"])
    errors = np.sqrt(np.diag(found.acov))[len(cuts) :]
    np.testing.assert_allclose(upper(estimates.std_error), errors, rtol=1e-12)
    if "g2" in expected and expected["df"][0] > 0:
        assert upper(estimates.df).tolist() == expected["df"]
        CASE.check("g2", upper(estimates.chi2), expected["g2"])
    elif "df" in expected:
        assert set(expected["df"]) == {0}
        assert np.isnan(estimates.chi2).all()


def test_polyserial_and_pearson_are_lavaans() -> None:
    expected = CASE.expected["mixed"]["mixed"]
    found = of_frame(dataset("mixed", topic="polychoric"), "x3", "x5", "x6", acov=True)
    CASE.check("correlation", found.estimates.correlation, expected["correlation"])
    CASE.check("acov", found.acov[-15:, -15:], expected["acov"])
    errors = np.sqrt(np.diag(found.acov))[-15:]
    np.testing.assert_allclose(upper(found.estimates.std_error), errors, rtol=1e-12)


def test_smoothing_is_that_of_psych() -> None:
    improper = dataset("improper", topic="polychoric").to_numpy()
    assert np.linalg.eigvalsh(improper)[0] < 0
    near = smoothed(improper)
    CASE.check("smoothed", near, CASE.expected["improper"]["smoothed"])
    assert np.linalg.eigvalsh(near)[0] > 0
    assert (np.diag(near) == 1).all()
    proper = np.array([[1.0, 0.5], [0.5, 1.0]])
    assert smoothed(proper) is proper


# By hand and by another search


def test_median_cuts_have_a_closed_form() -> None:
    """With both thresholds 0 the quadrant is 1/4 + arcsin(r) / 2π (Sheppard)."""
    found = of_table([[35, 15], [15, 35]])
    assert found.correlation[0, 1] == pytest.approx(np.sin(2 * np.pi * (0.35 - 0.25)), abs=1e-12)
    assert [each.tolist() for each in found.thresholds] == [[0.0], [0.0]]


@pytest.mark.parametrize(
    "counts", [[[13, 6, 3], [6, 11, 9], [2, 7, 20]], [[20, 40, 3], [15, 10, 9], [0, 6, 22]]]
)
def test_estimate_is_where_a_plain_likelihood_is_largest(counts: list[list[float]]) -> None:
    table = np.array(counts, dtype=float)
    cuts = [
        np.concatenate(
            [[-9.0], norm.ppf(np.cumsum(table.sum(axis=axis))[:-1] / table.sum()), [9.0]]
        )
        for axis in (1, 0)
    ]

    def against(rho: float) -> float:
        law = multivariate_normal([0, 0], [[1, rho], [rho, 1]])
        grid = np.array([[law.cdf([h, k]) for k in cuts[1]] for h in cuts[0]])
        return -float((table * np.log(np.diff(np.diff(grid, axis=0), axis=1))).sum())

    expected = minimize_scalar(against, bounds=(-0.99, 0.99), options={"xatol": 1e-8}).x
    found = of_table(counts)
    assert found.correlation[0, 1] == pytest.approx(expected, abs=1e-5)
    assert found.n_empty[0, 1] == (table == 0).sum()


def test_derivatives_are_those_of_the_log_probability() -> None:
    rows, columns = np.array([[-1.0, 0.3], [-0.2, 0.9]]), np.array([[-0.5, 1.2], [-1.4, 0.1]])
    tables, rho, step = np.ones((2, 3, 3)), np.array([0.4, -0.7]), 1e-5
    here = cells_of(tables, rows, columns, rho)
    before, after = (cells_of(tables, rows, columns, rho + move) for move in (-step, step))
    slope = (after.log_probability - before.log_probability) / (2 * step)
    np.testing.assert_allclose(here.score, slope, rtol=1e-6, atol=1e-8)
    bend = (after.score - before.score) / (2 * step)
    np.testing.assert_allclose(here.curvature, bend, rtol=1e-6, atol=1e-6)


def test_a_cell_far_out_has_its_say() -> None:
    """One person in 100 000 answers against the rest; differences of the cdf are 0 there."""
    table = np.zeros((4, 4))
    np.fill_diagonal(table, 25_000.0)
    table += np.eye(4, k=1) * 1500 + np.eye(4, k=-1) * 1500
    alone = of_table(table.tolist()).correlation[0, 1]
    table[0, 3] = table[3, 0] = 1.0
    found = of_table(table.tolist())
    assert found.converged.all()
    assert 0.9 < found.correlation[0, 1] < alone < BOUND
    cells = cells_of(
        table[None],
        *(normal_thresholds(table.sum(axis=a))[None] for a in (1, 0)),
        found.correlation[:1, 1],
    )
    assert abs((table * cells.score).sum()) < 1e-6 * table.sum()
    assert np.isfinite(cells.log_probability).all()


# Empty cells, bounds, nothing to estimate


@pytest.mark.parametrize(("correction", "expected"), [(0.5, 0.91718910), (0.0, BOUND)])
def test_one_empty_cell_of_four(correction: float, expected: float) -> None:
    """lavaan gives .91718910, and .999 with zero.add = 0."""
    found = of_table([[20, 0], [15, 40]], correction=correction)
    assert found.correlation[0, 1] == pytest.approx(expected, abs=1e-8)
    assert found.corrected[0, 1] == (correction > 0)
    assert found.n_empty[0, 1] == 1
    assert np.isnan(found.std_error[0, 1]) == (correction == 0)


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_correction_keeps_the_margins_wherever_the_cell_is(place: tuple[int, int]) -> None:
    table = np.array([[20.0, 15.0], [15.0, 20.0]])
    table[place] = 0.0
    found = of_table(table.tolist())
    sign = 1.0 if place[0] != place[1] else -1.0
    assert sign * found.correlation[0, 1] > 0.5
    moved = np.array([[0.5, -0.5], [-0.5, 0.5]]) * (1 if place[0] == place[1] else -1)
    cuts = [normal_thresholds(table.sum(axis=axis))[None] for axis in (1, 0)]
    by_hand = pair_correlations((table + moved)[None], *cuts).rho[0]
    assert found.correlation[0, 1] == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_perfect_association_stops_at_the_bound(k: int) -> None:
    for table, sign in ((np.eye(k) * 9, 1), (np.eye(k)[::-1] * 9, -1)):
        found = of_table(table.tolist())
        assert found.correlation[0, 1] == pytest.approx(sign * BOUND, abs=1e-12)
        assert found.at_bound[0, 1]
        assert np.isnan(found.std_error[0, 1])
        assert np.isnan(found.chi2[0, 1])


def test_nothing_to_estimate_is_nan() -> None:
    values = np.array(
        [[1, np.nan, 7, 1], [2, np.nan, 7, 2], [1, 1, 7, 1], [np.nan, 2, 7, 2], [np.nan, 1, 7, 2]]
    )
    found = of_values(values)
    assert np.isnan(found.correlation[2]).all()
    assert np.isnan(found.correlation[0, 1])
    assert found.n_pairs[0, 1] == 1
    assert found.correlation[0, 3] == pytest.approx(BOUND)
    assert found.thresholds[2].tolist() == []
    empty = of_values(np.full((3, 2), np.nan))
    assert np.isnan(empty.correlation).all()
    assert not empty.n_pairs.any()


def test_thresholds_of_the_pair_are_those_of_its_persons() -> None:
    rng = np.random.default_rng(2)
    values = rng.integers(1, 5, (300, 3)).astype(float)
    values[rng.random(values.shape) < 0.3] = np.nan
    found = of_values(values, thresholds="pair")
    for a, b in zip(*pair_index(3), strict=True):
        both = values[~np.isnan(values[:, [a, b]]).any(axis=1)][:, [a, b]]
        alone = of_values(both)
        assert found.correlation[a, b] == pytest.approx(alone.correlation[0, 1], abs=1e-10)
        assert found.std_error[a, b] == pytest.approx(alone.std_error[0, 1], abs=1e-10)


# Laws

VALUES = st.integers(0, 2**32 - 1).map(
    lambda seed: np.digitize(
        np.random.default_rng(seed).multivariate_normal(
            [0, 0, 0], [[1, 0.6, -0.3], [0.6, 1, 0.2], [-0.3, 0.2, 1]], 80
        ),
        [-0.7, 0.5, 1.2],
    ).astype(float)
)


@given(VALUES, st.permutations([0, 1, 2]), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_order_of_items_and_persons_does_not_matter(
    values: np.ndarray, order: list[int], random: object
) -> None:
    found = of_values(values)
    persons = np.random.default_rng(random.randrange(10**9)).permutation(len(values))  # type: ignore[attr-defined]
    other = of_values(values[persons][:, order])
    for name in ("correlation", "std_error", "chi2", "n_pairs"):
        np.testing.assert_allclose(
            getattr(other, name), getattr(found, name)[np.ix_(order, order)], atol=1e-8, rtol=1e-8
        )


@given(VALUES)
@settings(max_examples=40)
def test_laws_of_the_matrix(values: np.ndarray) -> None:
    found = of_values(values)
    r = found.correlation
    assert np.array_equal(r, r.T)
    assert (np.diag(r) == 1).all()
    assert (np.abs(r) <= 1).all()
    relabelled = of_values(np.exp(values) - 3)
    assert np.array_equal(relabelled.correlation, r)
    flipped = of_values(values * [1, -1, 1])
    signs = np.array([[1, -1, 1], [-1, 1, -1], [1, -1, 1]])
    np.testing.assert_allclose(flipped.correlation, r * signs, atol=1e-9)
    np.testing.assert_allclose(flipped.std_error, found.std_error, atol=1e-8)
    np.testing.assert_allclose(flipped.chi2, found.chi2, atol=1e-7)
    for cuts, reversed_cuts in zip(found.thresholds, flipped.thresholds, strict=True):
        assert np.allclose(cuts, reversed_cuts) or np.allclose(cuts, -reversed_cuts[::-1])


@given(VALUES)
@settings(max_examples=25)
def test_counts_stand_for_persons(values: np.ndarray) -> None:
    values[::7, 1] = np.nan
    patterns, counts = np.unique(values, axis=0, return_counts=True, equal_nan=True)
    is_scale = np.array([False, False, True])
    whole, merged = (
        mixed_matrix(rows, is_scale, weights, acov=True)
        for rows, weights in ((values, np.ones(len(values))), (patterns, counts.astype(float)))
    )
    np.testing.assert_allclose(merged.estimates.correlation, whole.estimates.correlation, atol=1e-9)
    np.testing.assert_allclose(merged.estimates.n_pairs, whole.estimates.n_pairs)
    np.testing.assert_allclose(merged.acov, whole.acov, atol=1e-9)


@given(VALUES, VALUES)
@settings(max_examples=10)
def test_many_data_sets_are_each_of_them(one: np.ndarray, other: np.ndarray) -> None:
    parts = [pair_tables(each.astype(int), 4) for each in (one, other)]
    stacked = stacked_correlations(*(np.stack(each) for each in zip(*parts, strict=True)))
    for values, found in zip((one, other), stacked, strict=True):
        np.testing.assert_allclose(found, of_values(values).correlation, atol=1e-9)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_no_other_correlation_makes_a_small_table_likelier(seed: int) -> None:
    """Few persons and many without an answer: levels, rims and ends of likelihoods."""
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=(rng.integers(2, 15), 2)) + rng.normal(size=2) * 2)
    values[rng.random(values.shape) < 0.3] = np.nan
    codes = category_codes(values)
    tables, margins = pair_tables(codes.codes, max([2, *map(len, codes.categories)]))
    cuts = [np.clip(each, -40, 40)[None] for each in normal_thresholds(margins)]
    found = pair_correlations(tables, *cuts)
    if np.isnan(found.rho[0]):
        assert min((tables[0].sum(axis=axis) > 0).sum() for axis in (0, 1)) < 2
        return
    assert found.converged.all()
    grid = np.append(np.linspace(-0.995, 0.995, 41), found.rho)
    repeated = [np.repeat(each, len(grid), axis=0) for each in (tables, *cuts)]
    cells = cells_of(*repeated, grid)
    likelihood = (repeated[0] * cells.log_probability).sum(axis=(1, 2))
    assert likelihood[-1] >= likelihood.max() - 1e-9


def test_a_likelihood_that_is_level_before_the_end_is_at_the_end() -> None:
    cuts = np.array([[0.0]]), np.array([[-0.67]])
    found = pair_correlations(np.array([[[1.0, 1.0], [0.0, 2.0]]]), *cuts)
    assert found.rho[0] == BOUND
    assert found.at_bound[0]
    assert found.converged[0]


# From simulated truth


def test_simulated_correlations_and_their_errors_are_recovered() -> None:
    """200 data sets of 400: the mean is within 4 Monte-Carlo errors, the spread within 15 %."""
    truth, n_sets = np.array([[1, 0.6, 0.3], [0.6, 1, -0.5], [0.3, -0.5, 1]]), 200
    rng = np.random.default_rng(11)
    found = []
    for _ in range(n_sets):
        latent = rng.multivariate_normal(np.zeros(3), truth, 400)
        latent[:, 0], latent[:, 1] = (
            np.digitize(latent[:, 0], [-1, 0.2, 1]),
            np.digitize(latent[:, 1], [0.4]),
        )
        each = mixed_matrix(latent, np.array([False, False, True]), np.ones(400)).estimates
        found.append([upper(each.correlation), upper(each.std_error)])
    estimates, errors = np.array(found).swapaxes(0, 1)
    spread = estimates.std(axis=0, ddof=1)
    # The estimate is biased by an order of 1/n, here at most 0.004.
    assert (np.abs(estimates.mean(axis=0) - upper(truth)) < 4 * spread / n_sets**0.5 + 0.004).all()
    assert (np.abs(errors.mean(axis=0) / spread - 1) < 0.15).all()


def test_p_values_are_even_where_the_hypothesis_holds() -> None:
    rng = np.random.default_rng(4)
    latent = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], (300, 1000))
    codes = np.digitize(latent, [-0.8, 0.1, 0.9])
    p_values = []
    for each in codes:
        found = of_values(each.astype(float))
        p_values.append(chi2_p_value(found.chi2, found.df)[0, 1])
    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.09
    assert 0.42 < np.mean(p_values) < 0.58
