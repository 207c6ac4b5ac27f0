"""Rules for the number of dimensions, on arrays."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.numerics import parallel
from digilitt.numerics.dimensionality import (
    average_partials,
    eigenvalues,
    kaiser_reference,
    leading,
    reduced_eigenvalues,
    squared_multiple,
)
from digilitt.numerics.parallel import Correlation, Reference, compare, simulated_eigenvalues
from digilitt.numerics.polychoric import polychoric_matrix
from digilitt.numerics.tables import category_codes, pair_tables


def answers(seed: int, n: int, k: int, *, categories: int = 4, missing: float = 0.0) -> np.ndarray:
    """Answers that go together, with gaps."""
    rng = np.random.default_rng(seed)
    latent = 0.8 * rng.standard_normal((n, 1)) + rng.standard_normal((n, k))
    cuts = np.linspace(-1.0, 1.0, categories - 1)
    values = np.searchsorted(cuts, latent).astype(np.float64)
    values[rng.random((n, k)) < missing] = np.nan
    return values


def random_correlation(seed: int, k: int) -> np.ndarray:
    return np.corrcoef(np.random.default_rng(seed).standard_normal((3 * k, k)), rowvar=False)


def test_average_partials_of_two_items_by_hand() -> None:
    found = average_partials(np.array([[1.0, 0.6], [0.6, 1.0]]))
    np.testing.assert_allclose(found.squared, [0.36, 1.0])
    np.testing.assert_allclose(found.fourth, [0.1296, 1.0])


def test_average_partials_of_three_items_by_hand() -> None:
    # Alike at 0.5: after the first component, whose scores take 2/3 of each item's variance,
    # residuals are those of three numbers that sum to 0, which correlate at -1/2.
    found = average_partials(np.full((3, 3), 0.5) + np.eye(3) / 2)
    np.testing.assert_allclose(found.squared[:2], [0.25, 0.25])
    np.testing.assert_allclose(found.fourth[:2], [0.0625, 0.0625])


@given(st.integers(0, 10**6), st.integers(2, 8))
def test_average_partials_stay_between_0_and_1(seed: int, k: int) -> None:
    r = random_correlation(seed, k)
    found = average_partials(r)
    known = ~np.isnan(found.squared)
    assert known[:-1].all()
    assert (found.fourth[known] <= found.squared[known] + 1e-9).all()
    assert ((found.squared[known] >= 0) & (found.squared[known] <= 1 + 1e-9)).all()
    off = r[np.triu_indices(k, 1)]
    assert found.squared[0] == pytest.approx((off**2).mean())
    order = np.random.default_rng(seed).permutation(k)
    sign = np.where(np.arange(k) % 2, -1.0, 1.0)
    again = average_partials((r * np.outer(sign, sign))[np.ix_(order, order)])
    np.testing.assert_allclose(again.squared[:-1], found.squared[:-1], atol=1e-8)
    np.testing.assert_allclose(again.fourth[:-1], found.fourth[:-1], atol=1e-8)


def test_average_partials_stop_where_nothing_is_left() -> None:
    r = np.array([[1.0, 1.0, 0.2], [1.0, 1.0, 0.2], [0.2, 0.2, 1.0]])
    found = average_partials(r)
    assert found.squared[0] == pytest.approx((1.0 + 2 * 0.04) / 3)
    assert np.isnan(found.squared[2])


def test_empirical_kaiser_criterion_by_hand() -> None:
    observed = np.array([1.6, 1.4, 0.6, 0.4])
    found = kaiser_reference(observed, 400)
    np.testing.assert_allclose(found, [1.21, 1.0, 1.0, 1.0])
    # 100 persons: (1 + 0.2)² = 1.44, then (4 - 1.6) / 3 * 1.44 = 1.152
    np.testing.assert_allclose(kaiser_reference(observed, 100), [1.44, 1.152, 1.0, 1.0])
    assert leading(observed, found) == 2
    assert np.isnan(kaiser_reference(observed, 4)).all()


def test_leading_stops_at_the_first_that_is_not_above() -> None:
    reference = np.ones(3)
    assert leading(np.array([0.9, 2.0, 2.0]), reference) == 0
    assert leading(np.array([2.0, 1.0, 2.0]), reference) == 1
    assert leading(np.array([2.0, 2.0, 2.0]), reference) == 3


def test_squared_multiple_correlations() -> None:
    x = answers(1, 200, 4)
    r = np.corrcoef(x, rowvar=False)
    others = np.column_stack([np.ones(200), x[:, 1:]])
    fitted = others @ np.linalg.lstsq(others, x[:, 0], rcond=None)[0]
    stack = np.stack([r, np.ones((4, 4))])
    found = squared_multiple(stack)
    assert found[0, 0] == pytest.approx(np.var(fitted) / np.var(x[:, 0]))
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize("communality", ["smc", "minres"])
def test_reduced_eigenvalues_of_a_stack_are_those_of_each(communality: str) -> None:
    stack = np.stack([random_correlation(seed, 5) for seed in range(3)])
    found = reduced_eigenvalues(stack, communality)  # type: ignore[arg-type]
    each = [reduced_eigenvalues(r, communality) for r in stack]  # type: ignore[arg-type]
    np.testing.assert_allclose(found, each)


def test_one_factor_leaves_one_reduced_eigenvalue() -> None:
    one = np.array([0.9, 0.8, 0.7, 0.6])
    r = np.outer(one, one) + np.diag(1 - one**2)
    found = reduced_eigenvalues(r, "minres")
    np.testing.assert_allclose(found, [(one**2).sum(), 0, 0, 0], atol=1e-6)
    assert np.isnan(reduced_eigenvalues(r[:2, :2], "minres")).all()


def test_compare_by_hand() -> None:
    simulated = np.array([[1.0, 0.5], [2.0, 0.5], [3.0, 0.5], [np.nan, np.nan]])
    found = compare(np.array([2.5, 0.5]), simulated, "mean")
    np.testing.assert_allclose(found.reference, [2.0, 0.5])
    np.testing.assert_allclose(found.share_above, [1 / 3, 1.0])
    assert (found.n_suggested, found.n_used) == (1, 3)
    at_50 = compare(np.array([2.5, 0.5]), simulated, 75.0)
    np.testing.assert_allclose(at_50.reference, [2.5, 0.5])
    assert at_50.n_suggested == 0
    assert at_50.close


def test_compare_tells_what_other_simulations_could_change() -> None:
    simulated = np.random.default_rng(1).normal(1.0, 0.1, (100, 1))
    edge = np.percentile(simulated, 95, axis=0)
    assert compare(edge + 0.01, simulated, 95.0).close
    assert not compare(edge + 0.2, simulated, 95.0).close
    assert not compare(edge - 0.2, simulated, 95.0).close


def slow(
    values: np.ndarray, correlation: Correlation, reference: Reference, seed: int
) -> np.ndarray:
    """Eigenvalues of one simulated data set, drawn as the fast code draws it."""
    rng = np.random.default_rng(seed)
    answered = ~np.isnan(values)
    places = answered[np.lexsort(answered.T)]
    drawn = np.full(values.shape, np.nan)
    if reference == "permutation":
        for item in range(values.shape[1]):
            column = np.sort(values[answered[:, item], item])
            drawn[places[:, item], item] = rng.permuted(column[None], axis=1)[0]
    else:
        drawn = rng.standard_normal((1, *values.T.shape))[0].T
        drawn[~places] = np.nan
    k = values.shape[1]
    if correlation == "polychoric":
        tables = pair_tables(category_codes(drawn).codes, 4)
        r = polychoric_matrix(*tables, correction=0.0).correlation
    else:
        r = np.eye(k)
        for a in range(k):
            for b in range(a):
                both = ~np.isnan(drawn[:, a] + drawn[:, b])
                r[a, b] = r[b, a] = np.corrcoef(drawn[both, a], drawn[both, b])[0, 1]
    return eigenvalues(r)


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize(
    ("correlation", "reference"),
    [("pearson", "permutation"), ("pearson", "normal"), ("polychoric", "permutation")],
)
def test_simulated_sets_are_what_slow_code_makes(
    correlation: Correlation, reference: Reference, missing: float
) -> None:
    values = answers(3, 150, 4, missing=missing)
    found = simulated_eigenvalues(
        values,
        correlation=correlation,
        reference=reference,
        communality="smc",
        n_simulations=1,
        rng=np.random.default_rng(8),
    )
    np.testing.assert_allclose(found.component[0], slow(values, correlation, reference, 8))


@pytest.mark.parametrize("reference", get_args(Reference))
@pytest.mark.parametrize("correlation", get_args(Correlation))
def test_simulated_items_are_independent(correlation: Correlation, reference: Reference) -> None:
    values = answers(4, 300, 5, missing=0.05)
    found = simulated_eigenvalues(
        values,
        correlation=correlation,
        reference=reference,
        communality="smc",
        n_simulations=200,
        rng=np.random.default_rng(1),
    )
    np.testing.assert_allclose(found.component.sum(axis=1), 5.0)
    # Squares of k (k - 1) correlations add up to sum(l²) - k; each is 1 / (n - 1) on average,
    # and about 1.5 times that for polychoric correlations of four categories.
    spread = (found.component**2).sum(axis=1).mean() - 5.0
    expected = 20 / 270 * (1.0 if correlation == "pearson" else 1.35)
    assert spread == pytest.approx(expected, rel=0.25)


def test_simulated_normal_answers_keep_the_shares_of_categories() -> None:
    values = np.repeat([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [300, 100, 100], axis=0)
    found = category_codes(values)
    places, columns = np.ones((2, 500), np.bool_), [np.sort(each) for each in found.codes.T * 1.0]
    drawn = parallel._cut(places, columns, 40, np.random.default_rng(1))
    np.testing.assert_allclose(drawn.mean(axis=(0, 2)), [0.4, 0.8], atol=0.01)


def test_blocks_of_data_sets_go_through_whatever_their_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = answers(5, 60, 3)
    whole = [
        simulated_eigenvalues(
            values,
            correlation=correlation,
            reference="permutation",
            communality="smc",
            n_simulations=7,
            rng=np.random.default_rng(2),
        )
        for correlation in get_args(Correlation)
    ]
    monkeypatch.setattr(parallel, "BLOCK", 2 * values.size)
    parts = simulated_eigenvalues(
        values,
        correlation="pearson",
        reference="permutation",
        communality="smc",
        n_simulations=7,
        rng=np.random.default_rng(2),
    )
    assert not np.isnan(parts.component).any()
    assert parts.component.shape == whole[0].component.shape == whole[1].component.shape == (7, 3)


def test_persons_may_come_in_any_order() -> None:
    values = answers(6, 90, 4, missing=0.3)
    shuffled = np.random.default_rng(1).permutation(values)
    for correlation in get_args(Correlation):
        for reference in get_args(Reference):
            found = [
                simulated_eigenvalues(
                    each,
                    correlation=correlation,
                    reference=reference,
                    communality="smc",
                    n_simulations=3,
                    rng=np.random.default_rng(2),
                ).component
                for each in (values, shuffled)
            ]
            np.testing.assert_allclose(found[0], found[1])
