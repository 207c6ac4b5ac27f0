"""Intraclass correlations, kappa, and how alike persons in one cluster answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.numerics.agreement import (
    clustering,
    intraclass,
    kappa,
    kappa_between,
    kappa_weights,
)
from tests.reference.cases import dataset, load_case

CASE = load_case("reliability")
FORMS = ("icc_1_1", "icc_2_1", "icc_3_1", "icc_1_k", "icc_2_k", "icc_3_k")
JUDGES = dataset("shrout_fleiss", topic="reliability").to_numpy(dtype=float)


def test_the_table_of_shrout_and_fleiss():
    found = intraclass(JUDGES)
    assert [round(found[name].estimate, 3) for name in FORMS] == [
        0.166, 0.290, 0.715, 0.443, 0.620, 0.909,
    ]  # fmt: skip


def test_all_six_forms_with_tests_and_intervals():
    told, found = CASE.expected["shrout_fleiss"]["icc"], intraclass(JUDGES)
    assert told["type"] == ["ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"]
    for key in ("estimate", "f", "df", "df_error", "p_value", "conf_low", "conf_high"):
        CASE.check("closed_form", [getattr(found[name], key) for name in FORMS], told[key])


def test_mean_ratings_step_up_from_single_ones():
    found = intraclass(np.random.default_rng(1).normal(size=(20, 3)) + np.arange(20)[:, None] / 5)
    for form in "123":
        one, mean = found[f"icc_{form}_1"], found[f"icc_{form}_k"]
        for name in ("estimate", "conf_low", "conf_high"):
            single = getattr(one, name)
            assert getattr(mean, name) == pytest.approx(3 * single / (1 + 2 * single))


@st.composite
def tables(draw):
    n, k = draw(st.integers(4, 15)), draw(st.integers(2, 4))
    flat = draw(st.lists(st.integers(1, 6), min_size=n * k, max_size=n * k))
    return np.array(flat, dtype=float).reshape(n, k)


def numbers(ratings, counts=None):
    found = intraclass(ratings, counts)
    return np.array([[e.estimate, e.conf_low, e.conf_high, e.p_value] for e in found.values()])


@given(tables(), st.floats(0.1, 20), st.floats(-5, 5))
def test_scale_order_and_counts(ratings, factor, shift):
    before = numbers(ratings)
    for after in (numbers(ratings * factor + shift), numbers(ratings[::-1, ::-1])):
        np.testing.assert_allclose(after, before, rtol=1e-6, atol=1e-6)
    merged, counts = np.unique(ratings, axis=0, return_counts=True)
    again = numbers(merged, counts.astype(float))
    np.testing.assert_allclose(again, before, rtol=1e-6, atol=1e-6)


@given(tables())
def test_a_shift_between_raters_is_nothing_to_consistency(ratings):
    shifted = ratings + 10.0 * np.arange(ratings.shape[1])
    before, after = intraclass(ratings), intraclass(shifted)
    for name in ("icc_3_1", "icc_3_k"):
        np.testing.assert_allclose(after[name].estimate, before[name].estimate, atol=1e-9)


def test_full_agreement_and_no_variance():
    same = np.tile(np.array([[1.0], [2.0], [4.0]]), 3)
    for each in intraclass(same).values():
        assert each.estimate == 1
        assert np.isnan([each.conf_low, each.conf_high, each.p_value]).all()
    # Raters who differ by a constant agree fully in order, and not in level.
    found = intraclass(same + np.array([0.0, 1.0, 2.0]))
    assert found["icc_3_1"].estimate == 1
    assert 0 < found["icc_2_1"].estimate < 1
    assert np.isnan([each.estimate for each in intraclass(np.ones((5, 2))).values()]).all()
    assert np.isnan([each.estimate for each in intraclass(np.ones((1, 2))).values()]).all()


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_kappa_with_its_error(weights):
    told = CASE.expected["science"]["kappa"][weights]
    ratings = dataset("science").to_numpy(dtype=float)[:, :2]
    found = kappa_between(ratings, np.ones(len(ratings)), weights)
    CASE.check("closed_form", found.estimate, told["kappa"])
    CASE.check("kappa_error", found.std_error, told["std_error"])
    if weights == "none":
        CASE.check("closed_form", found.std_error, CASE.expected["science"]["kappa_1_se"])


def test_kappa_by_hand():
    # 20 + 15 of 50 agree (.7); by chance .5 · .6 + .5 · .4 = .5.
    found = kappa(np.array([[20.0, 5.0], [10.0, 15.0]]), np.eye(2))
    assert (found.observed, found.expected) == (pytest.approx(0.7), pytest.approx(0.5))
    assert found.estimate == pytest.approx(0.4)


def test_weights_go_by_distance_between_codes():
    assert kappa_weights(np.array([1.0, 2.0, 5.0]), "linear")[0].tolist() == [1.0, 0.75, 0.0]
    assert kappa_weights(np.array([1.0, 2.0, 5.0]), "quadratic")[0].tolist() == [1.0, 0.9375, 0.0]
    assert kappa_weights(np.array([1.0, 2.0, 5.0]), "none").tolist() == np.eye(3).tolist()


def test_quadratic_kappa_is_the_intraclass_correlation_of_many():
    # Fleiss and Cohen (1973): equal but for terms of order 1 / n.
    source = np.random.default_rng(2)
    first = source.integers(1, 6, 20_000)
    second = np.clip(first + source.integers(-1, 2, 20_000), 1, 5)
    ratings = np.column_stack([first, second]).astype(float)
    found = kappa_between(ratings, np.ones(20_000), "quadratic").estimate
    assert found == pytest.approx(intraclass(ratings)["icc_2_1"].estimate, abs=1e-4)


def test_kappa_of_nothing_and_of_everything():
    alike = kappa_between(np.ones((9, 2)), np.ones(9), "none")
    assert np.isnan(alike.estimate)
    full = kappa_between(np.array([[1.0, 1], [2, 2], [3, 3]]), np.ones(3), "linear")
    assert full.estimate == pytest.approx(1)
    assert np.isnan(full.std_error)
    assert np.isnan(kappa(np.zeros((2, 2)), np.eye(2)).estimate)


def test_icc_1_of_two_schools():
    frame = dataset("holzinger", group=True)
    same = frame[frame.groupby("group").cumcount() < 145]
    codes = pd.factorize(same["group"])[0]
    ones = np.ones(len(same))
    found = [clustering(same[f"x{i}"].to_numpy(), codes, ones).icc for i in range(1, 10)]
    CASE.check("closed_form", found, CASE.expected["holzinger"]["icc_1"])


def test_clusters_of_unequal_size_by_hand():
    # Means 1.5 and 4, grand mean 3; between 2 · 1.5² + 3 · 1² = 7.5 (1 df), within 0.5 + 2 = 2.5
    # (3 df). n0 = 5 − 13 / 5 = 2.4. ICC = (7.5 − 5/6) / (7.5 + 1.4 · 5/6).
    values, codes = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0, 0, 1, 1, 1])
    found = clustering(values, codes, np.ones(5))
    assert found.icc == pytest.approx((7.5 - 5 / 6) / (7.5 + 1.4 * 5 / 6))
    assert found.size == pytest.approx(13 / 5)
    assert found.design_effect == pytest.approx(1 + 1.6 * found.icc)
    assert found.conf_low < found.icc < found.conf_high
    assert (found.n, found.n_clusters) == (5.0, 2.0)
    doubled = clustering(np.repeat(values, 2), np.repeat(codes, 2), np.ones(10))
    counted = clustering(values, codes, np.full(5, 2.0))
    assert counted.icc == pytest.approx(doubled.icc)


def test_interval_of_icc_1_covers_as_often_as_it_says():
    source, hits = np.random.default_rng(3), 0
    codes = np.repeat(np.arange(15), 6)
    for _ in range(400):
        values = np.sqrt(0.2) * source.normal(size=15)[codes] + np.sqrt(0.8) * source.normal(
            size=90
        )
        found = clustering(values, codes, np.ones(90))
        hits += found.conf_low < 0.2 < found.conf_high
    assert abs(hits / 400 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 400)


@pytest.mark.parametrize(
    ("values", "codes"),
    [([1.0, 2.0], [0, 0]), ([1.0, 2.0], [0, 1]), ([3.0, 3.0, 3.0], [0, 0, 1]), ([], [])],
)
def test_no_clusters_no_icc(values, codes):
    found = clustering(np.array(values), np.array(codes, dtype=int), np.ones(len(values)))
    assert np.isnan([found.icc, found.design_effect]).all()


def test_clusters_that_are_all_alike_have_no_interval():
    found = clustering(np.array([1.0, 1, 2, 2]), np.array([0, 0, 1, 1]), np.ones(4))
    assert found.icc == 1
    assert np.isnan(found.conf_low)


@pytest.mark.parametrize("start", [1e6, 1e9])
def test_where_a_scale_begins_is_nothing_to_agreement(start):
    draw = np.random.default_rng(0).normal
    person = draw(0, 300, (30, 1))
    for ratings in (JUDGES, (person + draw(0, 0.5, (30, 2))).round()):
        here, there = intraclass(ratings), intraclass(ratings + start)
        for form in FORMS:
            assert there[form].estimate == pytest.approx(here[form].estimate, abs=1e-9)
            assert there[form].conf_low == pytest.approx(here[form].conf_low, abs=1e-9)
            assert here[form].estimate < 1
