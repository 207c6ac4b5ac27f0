"""Runs, same rows, Mahalanobis distances and item–rest correlations: by hand, published, laws."""

from __future__ import annotations

import math
from itertools import groupby

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from scipy.spatial.distance import mahalanobis as one_distance

from digilitt.numerics.careless import (
    correlation_interval,
    item_rest,
    longest_runs,
    mahalanobis,
    same_rows,
)

NAN = math.nan

# 30 departments × 7 questions (Chatterjee and Price, 1977), which R ships as `attitude`.
ATTITUDE = (
    np.array(
        """
    43 63 71 61 81 43 58 71 72 67 64 67 69 68 77 81 74 65 65 50 50 64 53 40 63 66 78 48 85 82
    51 64 70 63 78 55 67 75 82 61 53 60 62 83 77 90 85 60 70 58 40 61 66 37 54 77 75 57 85 82
    30 51 68 45 56 49 42 50 72 45 53 47 57 83 54 50 64 65 46 68 33 52 52 42 42 66 58 44 71 39
    39 54 69 47 66 44 56 55 67 47 58 39 42 45 72 72 69 75 57 54 34 62 50 58 48 63 74 45 71 59
    61 63 76 54 71 54 66 70 71 62 58 59 55 59 79 60 79 55 75 64 43 66 63 50 66 88 80 51 77 64
    92 73 86 84 83 49 68 66 83 80 67 74 63 77 77 54 79 80 85 78 64 80 80 57 75 76 78 83 74 78
    45 47 48 35 47 34 35 41 31 41 34 41 25 35 46 36 63 60 46 52 33 41 37 49 33 72 49 38 55 39
    """.split(),
        dtype=np.float64,
    )
    .reshape(7, 30)
    .T
)

cells = st.sampled_from([1.0, 2.0, 3.0, NAN])
matrices = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8), elements=cells
)
complete = hnp.arrays(
    np.float64,
    st.tuples(st.integers(3, 12), st.integers(2, 4)),
    elements=st.integers(1, 5).map(float),
)


def one_kind(values: np.ndarray) -> np.ndarray:
    return np.zeros(values.shape[1], np.int64)


# Runs


def test_runs_of_the_examples_of_careless() -> None:
    vignette = np.array([[4.0, 4, 4, 3, 3, 3, 3, 3, 4, 4]])
    found = longest_runs(vignette, one_kind(vignette))
    assert (found.length.tolist(), found.start.tolist()) == ([5], [3])
    # The package's own test data: 10, 20, … 90 ones and then 0, 1, 0, 1 …; and blocks of ten.
    rows = [[1.0] * n + [float(i % 2) for i in range(100 - n)] for n in range(10, 100, 10)]
    rows.append([float(1 - i // 10 % 2) for i in range(100)])
    data = np.array(rows)
    assert longest_runs(data, one_kind(data)).length.tolist() == [*range(10, 100, 10), 10]


def test_runs_worked_by_hand() -> None:
    values = np.array(
        [
            [2.0, 2, NAN, 2, 2, 2],  # a gap ends a run
            [1, 1, 1, 1, 1, 1],  # the fourth column begins another kind
            [1, 1, 2, 2, 3, 3],  # the first of several
            [NAN] * 6,
        ]
    )
    kinds = np.array([0, 0, 0, 1, 1, 1])
    found = longest_runs(values, kinds)
    assert found.length.tolist() == [3, 3, 2, 0]
    assert found.start.tolist() == [3, 0, 0, -1]
    over = np.zeros(values.shape, np.bool_)
    over[0, 2] = True
    joined = longest_runs(values, np.zeros(6, np.int64), over)
    assert joined.length.tolist() == [5, 6, 2, 0]
    assert joined.start.tolist() == [0, 0, 0, -1]


def test_a_column_passed_over_does_not_join_kinds() -> None:
    values = np.array([[1.0, 1.0, 1.0]])
    over = np.array([[False, True, False]])
    assert longest_runs(values, np.array([0, 1, 0]), over).length.tolist() == [2]
    assert longest_runs(values, np.array([0, 1, 2]), over).length.tolist() == [1]
    assert longest_runs(values, np.array([0, 1, 0])).length.tolist() == [1]


@given(matrices, st.data())
def test_runs_are_those_of_groupby(values: np.ndarray, data: st.DataObject) -> None:
    n, k = values.shape
    kinds = data.draw(hnp.arrays(np.int64, k, elements=st.integers(0, 1)))
    over = data.draw(hnp.arrays(np.bool_, (n, k)))
    found = longest_runs(values, kinds, over)
    for row in range(n):
        seen = [c for c in range(k) if not over[row, c]]
        runs = [
            list(columns)
            for (value, _), columns in groupby(seen, key=lambda c: (str(values[row, c]), kinds[c]))
            if value != "nan"
        ]
        longest = max(runs, key=len, default=[])
        assert found.length[row] == len(longest)
        assert found.start[row] == (longest[0] if longest else -1)


@given(matrices, st.floats(-5, 5))
def test_runs_do_not_see_direction_nor_constants(values: np.ndarray, constant: float) -> None:
    length = longest_runs(values, one_kind(values)).length
    assert (longest_runs(values[:, ::-1], one_kind(values)).length == length).all()
    assert (longest_runs(6.0 - values, one_kind(values)).length == length).all()
    assert (longest_runs(values[::-1], one_kind(values)).length == length[::-1]).all()
    # Sums of whole numbers and one constant stay different.
    assert (longest_runs(values + round(constant), one_kind(values)).length == length).all()


@given(matrices)
def test_run_of_one_answer_is_the_number_answered(values: np.ndarray) -> None:
    missing = np.isnan(values)
    same = np.where(missing, NAN, 4.0)
    found = longest_runs(same, one_kind(same), missing).length
    assert (found == (~missing).sum(axis=1)).all()


# Rows that are the same


@given(matrices)
def test_same_rows_are_those_of_a_dictionary(values: np.ndarray) -> None:
    texts = [str(row) for row in values.tolist()]
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    assert same_rows(values).tolist() == [numbers[text] for text in texts]


@given(matrices)
def test_doubled_rows_recur(values: np.ndarray) -> None:
    numbers = same_rows(np.vstack([values, values]))
    assert (numbers[: len(values)] == numbers[len(values) :]).all()


def test_every_nan_and_every_zero_is_the_same() -> None:
    values = np.array([[0.0, NAN], [-0.0, -NAN], [0.0, 1.0]])
    values[1, 1] = np.array([0xFFF8000000000001], np.uint64).view(np.float64)[0]
    assert same_rows(values).tolist() == [0, 0, 1]
    assert same_rows(np.empty((3, 0))).tolist() == [0, 0, 0]


# Mahalanobis distance


def test_distances_worked_by_hand() -> None:
    # A square: mean (1, 1), covariance 4/3 on the diagonal and 0 beside it; (1 + 1) * 3/4 = 1.5.
    # With two degrees of freedom the upper tail of chi-square is exp(-d/2).
    found = mahalanobis(np.array([[0.0, 0], [0, 2], [2, 0], [2, 2], [NAN, 2]]))
    assert found.squared[:4] == pytest.approx([1.5] * 4, rel=1e-14)
    assert found.p_value[:4] == pytest.approx([math.exp(-0.75)] * 4, rel=1e-14)
    assert np.isnan([found.squared[4], found.p_value[4]]).all()
    assert (found.n_complete, found.singular) == (4, False)


def test_distances_are_those_of_scipy() -> None:
    rng = np.random.default_rng(7)
    values = rng.integers(1, 6, (60, 5)) + rng.normal(size=(60, 1))
    values[[3, 40], [0, 4]] = NAN
    found = mahalanobis(values)
    whole = values[~np.isnan(values).any(axis=1)]
    inverse = np.linalg.inv(np.cov(whole, rowvar=False))
    squared = [one_distance(row, whole.mean(axis=0), inverse) ** 2 for row in whole]
    known = ~np.isnan(found.squared)
    np.testing.assert_allclose(found.squared[known], squared, rtol=1e-11)
    np.testing.assert_allclose(found.p_value[known], stats.chi2.sf(squared, 5), rtol=1e-10)
    assert np.flatnonzero(~known).tolist() == [3, 40]


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_laws_of_distances(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    n = 6 * k + 5
    values = rng.normal(size=(n, k))
    found = mahalanobis(values)
    # They add up to (n - 1) k, and none can be above (n - 1)^2 / n.
    assert found.squared.sum() == pytest.approx((n - 1) * k, rel=1e-9)
    assert found.squared.max() <= (n - 1) ** 2 / n * (1 + 1e-9)
    # Reversing items, other units and another order of persons or items change nothing.
    order = rng.permutation(n)
    other = 5.0 - 3.0 * values[order][:, ::-1]
    np.testing.assert_allclose(mahalanobis(other).squared, found.squared[order], rtol=1e-7)


def test_distances_need_an_inverse() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(1, 6, (200, 4)).astype(float)
    for bad, constant in (
        (np.c_[values, np.full(200, 3.0)], [False] * 4 + [True]),
        (np.c_[values, values[:, 0]], [False] * 5),
        (np.c_[values, 6.0 - values[:, 0]], [False] * 5),
        (np.c_[values, values[:, 0] + values[:, 1]], [False] * 5),
        (np.c_[values, values.sum(axis=1) / 3], [False] * 5),
        (values[:4], [False] * 4),
        (values[:1], [True] * 4),
        (np.full((9, 2), NAN), [True, True]),
        (np.empty((5, 0)), []),
    ):
        found = mahalanobis(bad)
        assert found.singular
        assert np.isnan(found.squared).all()
        assert np.isnan(found.p_value).all()
        assert found.constant.tolist() == constant
    assert not mahalanobis(values).singular


# Item and rest


def test_item_rest_as_psych_prints_it() -> None:
    # psych::alpha(attitude), column r.drop.
    printed = [0.67, 0.74, 0.56, 0.71, 0.79, 0.27, 0.46]
    assert ATTITUDE.mean(axis=0).round().tolist() == [65, 67, 53, 56, 65, 75, 43]
    # 0.265 prints as 0.27 or 0.26 by its next digits.
    assert item_rest(ATTITUDE) == pytest.approx(printed, abs=0.0051)


def test_item_rest_worked_by_hand() -> None:
    # Rest of the first column 3, 3, 6: deviations (-1, 0, 1) and (-1, -1, 2),
    # so r = 3 / sqrt(2 * 6) = .8660254.
    values = np.array([[1.0, 1, 2], [2, 2, 1], [3, 3, 3]])
    assert item_rest(values)[0] == pytest.approx(3 / math.sqrt(12), rel=1e-14)


@given(complete)
def test_item_rest_is_a_correlation_with_the_others(values: np.ndarray) -> None:
    found = item_rest(values)
    for column in range(values.shape[1]):
        rest = np.delete(values, column, axis=1).sum(axis=1)
        if np.ptp(values[:, column]) == 0 or np.ptp(rest) == 0:
            assert np.isnan(found[column])
        else:
            expected = stats.pearsonr(values[:, column], rest).statistic
            assert found[column] == pytest.approx(expected, abs=1e-12)


@given(complete, st.integers(0, 3), st.floats(-9, 9))
def test_reversing_an_item_turns_its_sign(values: np.ndarray, which: int, shift: float) -> None:
    which %= values.shape[1]
    reversed_one = values.copy()
    reversed_one[:, which] = 6.0 - values[:, which]
    found = item_rest(values)
    np.testing.assert_allclose(item_rest(reversed_one)[which], -found[which], atol=1e-12)
    # Neither a constant, nor the order of persons, nor everybody twice over changes anything.
    for same in (values + shift, values[::-1], np.vstack([values, values])):
        np.testing.assert_allclose(item_rest(same), found, atol=1e-9)


@pytest.mark.parametrize(
    "values",
    [
        np.empty((0, 3)),
        np.array([[1.0, 2.0], [2.0, 1.0]]),
        np.array([[1.0], [2.0], [3.0], [4.0]]),
        np.ones((9, 3)),
        np.array([[1.0, 1, 5], [2, 2, 4], [3, 3, 3]]),
    ],
)
def test_no_item_rest_without_variance_or_persons(values: np.ndarray) -> None:
    found = item_rest(values)
    assert np.isnan(found[0])
    assert len(found) == values.shape[1]


def test_rest_that_varies_by_rounding_alone_is_constant() -> None:
    tenths = np.array([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.2, 0.3, 0.1], [0.3, 0.1, 0.2]])
    assert np.ptp(tenths.sum(axis=1)) > 0
    values = np.c_[[1.0, 2, 3, 5], tenths]
    assert np.isnan(item_rest(values)).tolist() == [True, False, False, False]


def test_interval_worked_by_hand() -> None:
    # artanh(.6) = .693147, 1.959964 / sqrt(25) = .391993: tanh(.301154) and tanh(1.085140).
    low, high = correlation_interval(np.array([0.6, NAN, 1.0, -1.0]), 28, 0.95)
    assert low[[0, 2, 3]] == pytest.approx([0.292369, 1.0, -1.0], abs=1e-6)
    assert high[[0, 2, 3]] == pytest.approx([0.795097, 1.0, -1.0], abs=1e-6)
    assert np.isnan([low[1], high[1]]).all()
    assert np.isnan(correlation_interval(np.array([0.6]), 3, 0.95)).all()


@given(complete, st.floats(0.5, 0.999))
def test_interval_is_that_of_scipy(values: np.ndarray, conf_level: float) -> None:
    x, y = values[:, 0], values[:, 1]
    assume(len(x) > 3)
    assume(np.ptp(x) > 0)
    assume(np.ptp(y) > 0)
    made = stats.pearsonr(x, y)
    assume(abs(made.statistic) < 0.999)
    low, high = correlation_interval(np.array([made.statistic]), len(x), conf_level)
    expected = made.confidence_interval(conf_level)
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-12)
