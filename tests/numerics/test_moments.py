"""Moments: by hand, against slow sums over persons, and by laws that hold for all answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digilitt.numerics import moments as m
from digilitt.numerics.frequencies import frequencies, parts_of_order

NAN = np.nan
ANSWERS = np.array([[1.0, 2.0, 5.0], [2.0, NAN, 4.0], [3.0, 6.0, NAN], [4.0, 3.0, 1.0]])


def answers(min_rows: int = 1, missing: bool = True) -> st.SearchStrategy[np.ndarray]:
    """Answers from 1 to 5 of a few persons to a few items."""
    cells = st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, *([NAN] if missing else [])])
    shapes = st.tuples(st.integers(min_rows, 12), st.integers(2, 5))
    return shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=cells))


def same(ours: object, theirs: object) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


# By hand


def test_moments_by_hand() -> None:
    found = m.item_moments(np.array([[1.0], [2.0], [NAN], [6.0]]), kind=1)
    # Deviations -2, -1, 3: squares 14, cubes 18, fourth powers 98.
    assert (found.n[0], found.n_missing[0], found.mean[0]) == (3, 1, 3)
    assert (found.low[0], found.high[0]) == (1, 6)
    same(found.sd[0], np.sqrt(7))
    same(found.skew[0], 6 / (14 / 3) ** 1.5)
    same(found.kurtosis[0], (98 / 3) / (14 / 3) ** 2 - 3)
    third = m.item_moments(np.array([[1.0], [2.0], [6.0]]), kind=3)
    same(third.skew[0], 6 / 7**1.5)
    same(third.kurtosis[0], (98 / 3) / 49 - 3)


def test_second_type_by_its_textbook_formula() -> None:
    x = np.array([2.0, 4.0, 4.0, 5.0, 9.0])
    n, d = len(x), x - x.mean()
    found = m.item_moments(x[:, None], kind=2)
    same(found.skew[0], n / ((n - 1) * (n - 2)) * ((d / x.std(ddof=1)) ** 3).sum())
    fourth = ((d / x.std(ddof=1)) ** 4).sum()
    expected = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * fourth
    same(found.kurtosis[0], expected - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)))


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_too_little_is_nan(kind: m.MomentType) -> None:
    found = m.item_moments(np.array([[NAN, 1.0, 0.1], [NAN, NAN, 0.1], [NAN, NAN, 0.1]]), kind=kind)
    assert found.n.tolist() == [0, 1, 3]
    assert found.sd.tolist()[2] == 0.0
    assert np.isnan(found.sd[:2]).all()
    assert np.isnan(found.skew).all()
    assert np.isnan(found.kurtosis).all()
    assert np.isnan(found.mean[0])
    assert np.isnan(found.low[0])
    assert found.mean.tolist()[1:] == [1.0, 0.1]


def test_unbiased_shape_needs_three_and_four_answers() -> None:
    found = [m.item_moments(np.arange(n, dtype=float)[:, None] ** 2, kind=2) for n in (2, 3, 4)]
    assert [bool(np.isnan(each.skew[0])) for each in found] == [True, False, False]
    assert [bool(np.isnan(each.kurtosis[0])) for each in found] == [True, True, False]


def test_no_rows_and_no_persons() -> None:
    for values, counts in ((np.empty((0, 2)), None), (np.ones((2, 2)), np.zeros(2))):
        found = m.item_moments(values, counts)
        assert found.n.tolist() == [0, 0]
        assert np.isnan(found.mean).all()
        assert np.isnan(m.covariances(values, counts).covariance).all()


def test_pairwise_by_hand() -> None:
    found = m.covariances(ANSWERS, deletion="pairwise")
    assert found.n.tolist() == [[4, 3, 3], [3, 3, 2], [3, 2, 3]]
    x, y = np.array([1.0, 3.0, 4.0]), np.array([2.0, 6.0, 3.0])
    same(found.covariance[0, 1], np.cov(x, y)[0, 1])
    same(found.correlation[0, 1], np.corrcoef(x, y)[0, 1])
    same(found.covariance[0, 0], np.var([1, 2, 3, 4], ddof=1))
    assert found.correlation[1, 2] == 1.0 or found.correlation[1, 2] == -1.0


def test_a_pair_that_is_constant_together_has_no_correlation() -> None:
    values = np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 4.0], [7.3, NAN], [1e6, NAN]])
    found = m.covariances(values, deletion="pairwise")
    assert np.isnan(found.correlation[0, 1])
    assert found.covariance[0, 1] == 0.0
    assert found.correlation[0, 0] == 1.0


def test_relations_by_hand() -> None:
    covariance = np.array([[4.0, 1.0, 2.0], [1.0, 1.0, 0.5], [2.0, 0.5, 9.0]])
    # Without the first: variance 1 + 9 + 2 * .5 = 11, covariance 1 + 2 = 3.
    same(m.item_rest(covariance)[0], 3 / np.sqrt(4 * 11))
    same(m.item_total(covariance)[0], 7 / np.sqrt(4 * 21))
    same(m.alpha(covariance), 3 / 2 * (1 - 14 / 21))
    same(m.alpha_if_dropped(covariance)[0], 2 * (1 - 10 / 11))


def test_two_items_and_one() -> None:
    two = np.array([[1.0, 0.5], [0.5, 1.0]])
    same(m.item_rest(two), [0.5, 0.5])
    assert np.isnan(m.alpha_if_dropped(two)).all()
    assert np.isnan(m.item_rest(two[:1, :1])).all()
    assert np.isnan(m.alpha(two[:1, :1]))


def test_opposed_items_have_no_alpha() -> None:
    assert np.isnan(m.alpha(np.array([[1.0, -1.0], [-1.0, 1.0]])))
    assert np.isnan(m.item_total(np.array([[1.0, -1.0], [-1.0, 1.0]]))).all()


def test_rest_survives_an_item_of_huge_variance() -> None:
    covariance = np.diag([1e20, 1.0, 1.0])
    covariance[1, 2] = covariance[2, 1] = 0.5
    same(m.alpha_if_dropped(covariance)[0], 2 / 3)


def test_multiple_correlation_by_regression() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(50, 1)) + rng.normal(size=(50, 4))
    common = np.corrcoef(values, rowvar=False)
    for item in range(4):
        others = np.delete(values, item, axis=1)
        design = np.column_stack((np.ones(50), others))
        fitted = design @ np.linalg.lstsq(design, values[:, item], rcond=None)[0]
        common[item, item] = np.corrcoef(fitted, values[:, item])[0, 1] ** 2
    expected = common.sum(axis=0) / np.sqrt(common.sum())
    same(m.item_rest_smc(np.cov(values, rowvar=False)), expected)
    doubled = np.column_stack((values, values[:, 0]))
    assert np.isnan(m.item_rest_smc(np.cov(doubled, rowvar=False))).all()


# Against slow sums


@given(answers())
def test_covariances_are_those_of_slow_sums(values: np.ndarray) -> None:
    pairwise = m.covariances(values, deletion="pairwise")
    complete = values[~np.isnan(values).any(axis=1)]
    listwise = m.covariances(values)
    assert (listwise.n == len(complete)).all()
    for i in range(values.shape[1]):
        for j in range(values.shape[1]):
            both = values[~np.isnan(values[:, [i, j]]).any(axis=1)]
            assert pairwise.n[i, j] == len(both)
            for rows, found in ((both, pairwise), (complete, listwise)):
                if len(rows) < 2:
                    assert np.isnan(found.covariance[i, j])
                    continue
                x, y = rows[:, i] - rows[:, i].mean(), rows[:, j] - rows[:, j].mean()
                same(found.covariance[i, j], (x * y).sum() / (len(rows) - 1))
                if np.ptp(rows[:, i]) > 0 and np.ptp(rows[:, j]) > 0:
                    r = (x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum())
                    same(found.correlation[i, j], r)
                else:
                    assert np.isnan(found.correlation[i, j])


@given(answers(min_rows=4, missing=False))
def test_item_rest_is_the_correlation_with_the_sum_of_the_others(values: np.ndarray) -> None:
    found = m.item_rest(m.covariances(values).covariance)
    for item in range(values.shape[1]):
        rest = np.delete(values, item, axis=1).sum(axis=1)
        if np.ptp(rest) > 0 and np.ptp(values[:, item]) > 0:
            same(found[item], np.corrcoef(values[:, item], rest)[0, 1])
        else:
            assert np.isnan(found[item])


# Laws


@given(answers(), st.data())
def test_rows_merged_into_counts_change_nothing(values: np.ndarray, data: st.DataObject) -> None:
    sizes = st.lists(st.integers(0, 4), min_size=len(values), max_size=len(values))
    counts = np.array(data.draw(sizes), dtype=float)
    repeated = np.repeat(values, counts.astype(int), axis=0)
    for kind in (1, 2, 3):
        merged, spread = m.item_moments(values, counts, kind), m.item_moments(repeated, kind=kind)
        for name in m.ItemMoments.__slots__:
            same(getattr(merged, name), getattr(spread, name))
    for deletion in ("listwise", "pairwise"):
        one, other = (
            m.covariances(values, counts, deletion),
            m.covariances(repeated, None, deletion),
        )
        for name in m.Covariances.__slots__:
            same(getattr(one, name), getattr(other, name))


@given(
    answers(min_rows=3), st.sampled_from([0.01, 2.0, 1000.0]), st.sampled_from([-7.0, 0.0, 40.0])
)
def test_rescaling_changes_what_it_should(values: np.ndarray, by: float, to: float) -> None:
    before, after = m.item_moments(values), m.item_moments(values * by + to)
    np.testing.assert_allclose(after.mean, before.mean * by + to, rtol=1e-9)
    np.testing.assert_allclose(after.sd, before.sd * by, rtol=1e-6, atol=1e-9 * by)
    np.testing.assert_allclose(after.skew, before.skew, atol=1e-6)
    np.testing.assert_allclose(after.kurtosis, before.kurtosis, atol=1e-6)
    for deletion in ("listwise", "pairwise"):
        old = m.covariances(values, None, deletion)
        new = m.covariances(values * by + to, None, deletion)
        np.testing.assert_allclose(new.covariance, old.covariance * by**2, atol=1e-9 * by**2)
        np.testing.assert_allclose(new.correlation, old.correlation, atol=1e-6)


@given(answers(), st.integers(1, 7))
def test_blocks_change_nothing(values: np.ndarray, size: int) -> None:
    whole = m.item_moments(values), m.covariances(values, None, "pairwise")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(m, "BLOCK", size)
        patch.setattr(m, "_blocks", lambda v: (slice(i, i + size) for i in range(0, len(v), size)))
        parts = m.item_moments(values), m.covariances(values, None, "pairwise")
    for one, other in zip(whole, parts, strict=True):
        for name in type(one).__slots__:
            same(getattr(one, name), getattr(other, name))


# Frequencies and the order of persons


@given(answers(), st.sampled_from([1.0, 0.5, 1e9]))
def test_frequencies_count_every_answer(values: np.ndarray, by: float) -> None:
    values = values * by
    weight = np.arange(len(values), dtype=float)
    found = frequencies(values, weight, m.item_moments(values, weight), 20)
    for item, known in enumerate(found):
        assert known is not None
        expected: dict[float, float] = {}
        for answer, n in zip(values[:, item], weight, strict=True):
            if n > 0 and not np.isnan(answer):
                expected[answer] = expected.get(answer, 0.0) + n
        assert dict(zip(*known, strict=True)) == expected
        assert list(known[0]) == sorted(expected)


def test_many_answers_are_not_listed() -> None:
    values = np.column_stack((np.arange(30.0), np.arange(30) / 7, np.arange(30) % 3))
    found = frequencies(values, np.ones(30), m.item_moments(values), 20)
    assert [known is None for known in found] == [True, True, False]


def test_a_border_within_a_tie_is_shared() -> None:
    score = np.array([3.0, 1.0, 2.0, 2.0, 2.0, 5.0])
    low, high = parts_of_order(score, np.ones(6), [(0, 1 / 3), (2 / 3, 1)]).T
    # Two of six persons on each side: the lowest and a third of each of three; the two highest.
    same(low, [0, 1, 1 / 3, 1 / 3, 1 / 3, 0])
    same(high, [1, 0, 0, 0, 0, 1])


@given(arrays(np.float64, st.integers(1, 12), elements=st.sampled_from([0.0, 0.1, 0.3, 2.0])))
def test_parts_take_their_share_of_persons(score: np.ndarray) -> None:
    weight = np.arange(1.0, len(score) + 1)
    parts = [(0.0, 0.27), (0.27, 0.73), (0.73, 1.0)]
    found = parts_of_order(score, weight, parts)
    same(found.sum(axis=1), 1.0)
    same(weight @ found, weight.sum() * np.array([0.27, 0.46, 0.27]))
    order = np.random.default_rng(1).permutation(len(score))
    same(parts_of_order(score[order], weight[order], parts), found[order])
