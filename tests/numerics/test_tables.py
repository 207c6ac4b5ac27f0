"""Tables of counts, against counting one person after another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digilitt.numerics import tables as module
from digilitt.numerics.tables import category_codes, pair_index, pair_tables

CODES = st.integers(1, 12).flatmap(
    lambda n: arrays(
        np.int64, st.tuples(st.just(n), st.integers(1, 4)), elements=st.integers(-1, 3)
    )
)


def slowly(codes: np.ndarray, k: int, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    p = codes.shape[1]
    first, second = pair_index(p)
    tables, margins = np.zeros((len(first), k, k)), np.zeros((p, k))
    for answers, count in zip(codes, counts, strict=True):
        for item, answer in enumerate(answers):
            if answer >= 0:
                margins[item, answer] += count
        for place, (a, b) in enumerate(zip(first, second, strict=True)):
            if answers[a] >= 0 and answers[b] >= 0:
                tables[place, answers[a], answers[b]] += count
    return tables, margins


@given(CODES, st.data())
def test_counts_are_those_of_one_person_after_another(
    codes: np.ndarray, data: st.DataObject
) -> None:
    counts = data.draw(arrays(np.float64, len(codes), elements=st.integers(0, 5)))
    for found, expected in zip(
        pair_tables(codes, 4, counts), slowly(codes, 4, counts), strict=True
    ):
        assert np.array_equal(found, expected)
    plain = slowly(codes, 4, np.ones(len(codes)))
    for found, expected in zip(pair_tables(codes, 4), plain, strict=True):
        assert np.array_equal(found, expected)


def test_blocks_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = np.random.default_rng(1).integers(-1, 3, (50, 4))
    whole = pair_tables(codes, 3)
    monkeypatch.setattr(module, "BLOCK_ROWS", 7)
    for found, expected in zip(pair_tables(codes, 3), whole, strict=True):
        assert np.array_equal(found, expected)


@given(arrays(np.float64, (9, 3), elements=st.sampled_from([-2.5, 0.0, 1.0, 7.0, np.nan])))
def test_codes_read_back_as_the_values(values: np.ndarray) -> None:
    found = category_codes(values)
    for column, categories in enumerate(found.categories):
        assert (np.diff(categories) > 0).all()
        codes = found.codes[:, column]
        assert np.array_equal(codes < 0, np.isnan(values[:, column]))
        assert np.array_equal(categories[codes[codes >= 0]], values[codes >= 0, column])


def test_pairs_go_through_the_first_item_first() -> None:
    assert [each.tolist() for each in pair_index(3)] == [[0, 0, 1], [1, 2, 2]]


def test_no_persons_and_one_item() -> None:
    tables, margins = pair_tables(np.empty((0, 2), dtype=np.int64), 3)
    assert tables.shape == (1, 3, 3)
    assert not tables.any()
    assert not margins.any()
    tables, margins = pair_tables(np.array([[1]]), 2)
    assert tables.shape == (0, 2, 2)
    assert margins.tolist() == [[0.0, 1.0]]
