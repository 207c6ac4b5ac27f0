"""Corrections against R's p.adjust, and what a search does next."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from digilitt.numerics.partial_search import (
    SearchRule,
    adjusted,
    allowed,
    benjamini_hochberg,
    bonferroni,
    decide,
    holm,
)
from tests.reference.cases import load_case


def test_corrections_are_those_of_r():
    case = load_case("noninvariance")
    told = case.expected["bfi"]["p_adjust"]
    p = np.array(told["p"], dtype=float)
    known = ~np.isnan(p)
    for name, ours in (("holm", holm), ("bonferroni", bonferroni), ("bh", benjamini_hochberg)):
        theirs = np.array(told[name], dtype=float)
        assert (np.isnan(theirs) == ~known).all()
        case.check("p_value", ours(p)[known], theirs[known])


@given(st.lists(st.floats(0.0, 1.0) | st.just(float("nan")), max_size=12))
def test_corrections_keep_the_order_and_stand_in_one(p_values):
    p = np.array(p_values, dtype=float)
    known = ~np.isnan(p)
    order = np.argsort(p[known], kind="stable")
    found = [adjusted(p, how) for how in ("none", "benjamini-hochberg", "holm", "bonferroni")]
    for smaller, larger in pairwise(found):
        assert (smaller[known] <= larger[known] * (1.0 + 1e-12)).all()
    for each in found:
        assert (np.isnan(each) == ~known).all()
        assert (np.diff(each[known][order]) >= 0.0).all()
        assert (each[known] <= 1.0).all()
    if known.sum() == 1:
        assert all((each[known] == p[known]).all() for each in found)


FIVE = np.array([3.0, 20.0, 12.0, np.nan, 18.0])
RULE = SearchRule()


def decision(rule=RULE, **changed):
    told = {
        "step_p_value": 0.001,
        "cfi_fall": 0.03,
        "statistic": FIVE,
        "df": np.ones(5),
        "may_free": np.ones(5, dtype=bool),
    }
    return decide(rule, **{**told, **changed})


def test_the_largest_is_freed():
    found = decision()
    assert (found.index, found.reason) == (1, "free")
    # Holm over the four that are known.
    assert found.p_value[1] == pytest.approx(4.0 * chi2.sf(20.0, 1), rel=1e-9)
    assert np.isnan(found.p_value[3])


def test_more_degrees_of_freedom_make_a_statistic_less_remarkable():
    assert decision(df=np.array([1.0, 10.0, 1.0, 1.0, 1.0])).index == 4


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"step_p_value": 0.05}, "difference-not-significant"),
        ({"step_p_value": 0.9}, "difference-not-significant"),
        ({"statistic": np.full(5, np.nan)}, "no-candidates"),
        ({"statistic": np.array([])[:0], "df": np.ones(0), "may_free": np.ones(0, dtype=bool)},
         "no-candidates"),
        ({"statistic": np.full(5, 5.0)}, "no-significant-candidate"),
        ({"may_free": np.array([True, False, False, True, False])}, "share-reached"),
    ],
)  # fmt: skip
def test_why_a_search_stops(changed, reason):
    found = decision(**changed)
    assert (found.index, found.reason) == (None, reason)


def test_the_next_is_freed_where_the_largest_may_not():
    assert decision(may_free=np.array([True, False, True, True, True])).index == 4


def test_a_rule_of_cfi_asks_for_cfi_alone():
    rule = SearchRule(stop="cfi", cfi_bound=0.01)
    assert decision(rule, cfi_fall=0.02, step_p_value=0.9).reason == "free"
    assert decision(rule, cfi_fall=0.91 - 0.90).reason == "cfi-within-bound"
    assert decision(rule, cfi_fall=-0.001).reason == "cfi-within-bound"
    assert decision(rule, cfi_fall=float("nan")).reason == "free"


def test_correction_decides_on_what_stands_out():
    """4.5 has p .034: significant alone, not among five."""
    alike = np.full(5, 4.5)
    assert decision(SearchRule(correction="none"), statistic=alike).index == 0
    assert decision(SearchRule(correction="benjamini-hochberg"), statistic=alike).index == 0
    assert decision(SearchRule(correction="holm"), statistic=alike).index is None
    assert decision(SearchRule(correction="bonferroni"), statistic=alike).index is None


def test_shares_are_counted_by_factor():
    factor = np.array([0, 0, 0, 0, 1, 1, 1])
    item = np.arange(7)
    none = np.zeros(7, dtype=bool)
    two = np.array([True, True, False, False, False, False, True])
    assert allowed(item, none, factor, 0.5).all()
    # Two of four are half; two of three are more.
    assert allowed(item, two, factor, 0.5).tolist() == [True, True] + 4 * [False] + [True]
    assert not allowed(item, none, factor, 0.0).any()
    assert allowed(item, two, factor, 1.0).all()


def test_a_rule_of_score_tests_asks_for_them_alone():
    rule = SearchRule(stop="score-test")
    assert decision(rule, step_p_value=0.9, cfi_fall=0.0).reason == "free"
    weak = decision(
        rule, step_p_value=0.001, cfi_fall=0.2, statistic=np.array([1.0, 2.0, 3.0, 1.0, 0.5])
    )
    assert weak.reason == "no-significant-candidate"
