"""Answers far from all others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.evidence.models.odd_answers import identities, odd_codes, odd_text


@pytest.mark.parametrize(
    ("answers", "odd"),
    [
        ([1, 2, 3, 4, 5, 5, 55], [55]),
        ([-99, 1, 2, 3, 4, 5, 2], [-99]),
        ([-99, 1, 2, 3, 4, 5, 2, 3, 999], [-99, 999]),
        ([0, 1, 1, 0, 0, 1, 9], [9]),
        ([1, 2, 3, 4, 5, 9], []),  # the gap is no larger than the range
        ([1, 2, 1, 2, 1, 4], []),  # somebody may have left out an option
        ([0, 10, 20, 50, 100, 30], []),
        ([1, 1, 1, 55], []),  # nothing to measure the gap with
        ([1, 2, 55, 56], []),  # neither half is the others
        ([1.5, 2, 3, 99], []),
        ([], []),
    ],
)
def test_far_is_a_gap_larger_than_the_rest(answers: list[float], odd: list[float]) -> None:
    values = np.array(answers, dtype=np.float64)
    assert odd_codes(values, np.ones(len(values)))[0].tolist() == odd


@given(st.lists(st.integers(1, 7), min_size=3), st.integers(-3, 3), st.integers(1, 9))
def test_the_unit_and_the_origin_of_options_do_not_matter_much(
    answers: list[int], shift: int, often: int
) -> None:
    values = np.array([*answers, np.nan], dtype=np.float64)
    assert odd_codes(values, np.ones(len(values)))[0].size == 0 or len(set(answers)) > 2
    moved = odd_codes(values + shift, np.full(len(values), float(often)))[0] - shift
    assert moved.tolist() == odd_codes(values, np.ones(len(values)))[0].tolist()


def test_persons_are_counted_not_rows() -> None:
    values, counts = np.array([1.0, 2.0, 3.0, 77.0]), np.array([9.0, 9.0, 9.0, 4.0])
    assert odd_text(values, counts) == "4 answers 77, far from the others (1 to 3)"
    assert odd_text(values, np.array([1.0, 1.0, 1.0, 0.0])) == ""


def test_an_identity_is_another_whole_number_in_each_of_many_rows() -> None:
    n = np.arange(30.0)
    values = np.column_stack([n, n + 0.5, n // 2])
    assert identities(["id", "score", "twice"], values) == ["id"]
    assert identities(["id", "score", "twice"], values[:19]) == []
