"""The graded response model: probabilities by hand, laws, and sampling against them."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digilitt.errors import DefinitionError
from digilitt.numerics.irt import graded_probabilities, logistic, sample_graded

# A share estimated from n draws lies further out than this once in 150,000 times.
STANDARD_ERRORS = 4.5

traits = st.lists(st.floats(-8, 8), min_size=1, max_size=5)
slopes = st.floats(0.05, 5)
cuts = st.lists(st.floats(-5, 5), min_size=1, max_size=6, unique=True).map(sorted)


def by_hand(theta: float, a: float, b: list[float]) -> list[float]:
    """Samejima's model as a textbook writes it."""
    at_least = [1.0, *(1.0 / (1.0 + math.exp(-a * (theta - cut))) for cut in b), 0.0]
    return [high - low for high, low in pairwise(at_least)]


def test_probabilities_worked_by_hand() -> None:
    # a (theta - b) = 1.8, 0.24, -1.2: P(X >= k) = .858149, .559714, .231475
    found = graded_probabilities([0.5], [1.2], [[-1.0, 0.3, 1.5]])
    assert found.shape == (1, 1, 4)
    assert found[0, 0] == pytest.approx([0.141851, 0.298435, 0.328239, 0.231475], abs=1e-6)


@given(traits, slopes, cuts)
def test_probabilities_are_the_textbook_ones(theta: list[float], a: float, b: list[float]) -> None:
    found = graded_probabilities(theta, [a], [b])[:, 0, :]
    # Both subtract numbers near 1; 1e-14 is some fifty roundings.
    assert found == pytest.approx(np.array([by_hand(t, a, b) for t in theta]), abs=1e-14)


@given(traits, slopes, cuts)
def test_probabilities_are_probabilities(theta: list[float], a: float, b: list[float]) -> None:
    found = graded_probabilities(theta, [a], [b])
    assert (found >= 0).all()
    assert found.sum(axis=2) == pytest.approx(np.ones((len(theta), 1)), abs=1e-14)


@given(traits, slopes, cuts)
def test_a_higher_trait_never_lowers_the_expected_category(
    theta: list[float], a: float, b: list[float]
) -> None:
    found = graded_probabilities(sorted(theta), [a], [b])[:, 0, :]
    expected = found @ np.arange(len(b) + 1)
    assert (np.diff(expected) >= -1e-13).all()


@given(st.floats(-8, 8), slopes, cuts, st.integers(1, 3))
def test_infinite_thresholds_stand_for_no_category(
    theta: float, a: float, b: list[float], more: int
) -> None:
    padded = graded_probabilities([theta], [a], [[*b, *[math.inf] * more]])[0, 0]
    assert padded[: len(b) + 1].tolist() == graded_probabilities([theta], [a], [b])[0, 0].tolist()
    assert padded[len(b) + 1 :].tolist() == [0.0] * more


def test_one_threshold_is_the_two_parameter_model() -> None:
    found = graded_probabilities([-1.0, 0.25, 2.0], [1.5], [[0.25]])[:, 0, 1]
    assert found == pytest.approx([1 / (1 + math.exp(1.875)), 0.5, 1 / (1 + math.exp(-2.625))])


def test_items_with_different_numbers_of_categories_stand_side_by_side() -> None:
    found = graded_probabilities([0.3, -2.0], [1.0, 2.0], [[-1.0, 1.0], [0.5, math.inf]])
    assert found.shape == (2, 2, 3)
    for person, theta in enumerate([0.3, -2.0]):
        assert found[person, 0] == pytest.approx(by_hand(theta, 1.0, [-1.0, 1.0]))
        assert found[person, 1, :2] == pytest.approx(by_hand(theta, 2.0, [0.5]))


@given(st.floats(-700, 700))
def test_logistic_is_the_logistic_function(logit: float) -> None:
    assert logistic(np.array([logit]))[0] == pytest.approx(1 / (1 + math.exp(-logit)), rel=1e-14)


@pytest.mark.parametrize("theta", [-1.5, 0.0, 0.8])
def test_sampled_shares_are_the_probabilities(theta: float) -> None:
    n, a, b = 100_000, [0.7, 2.5], [[-1.2, 0.1, 1.4], [-0.3, 0.9, math.inf]]
    drawn = sample_graded(np.full(n, theta), a, b, rng=np.random.default_rng(11))
    probability = graded_probabilities([theta], a, b)[0]
    for item in range(2):
        share = np.bincount(drawn[:, item], minlength=4) / n
        error = np.sqrt(probability[item] * (1 - probability[item]) / n)
        assert (np.abs(share - probability[item]) <= STANDARD_ERRORS * error).all()


def test_items_are_drawn_independently_given_the_trait() -> None:
    n = 100_000
    drawn = sample_graded(np.zeros(n), [1.5, 1.5], [[0.0], [0.0]], rng=np.random.default_rng(12))
    assert abs(np.corrcoef(drawn.T)[0, 1]) < STANDARD_ERRORS / math.sqrt(n)


def test_the_same_generator_draws_the_same() -> None:
    first, again, other = (
        sample_graded(np.zeros(50), [1.0], [[0.0]], rng=np.random.default_rng(seed))
        for seed in (3, 3, 4)
    )
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(
    ("theta", "a", "b", "said"),
    [
        ([0.0], [1.0], [[1.0, -1.0]], "do not ascend"),
        ([0.0], [1.0], [[1.0, 1.0]], "do not ascend"),
        ([0.0], [1.0], [[math.nan, 1.0]], "do not ascend"),
        ([0.0], [1.0], [[-math.inf, 1.0]], "do not ascend"),
        ([0.0], [1.0], [[math.inf, 1.0]], "do not ascend"),
        ([0.0], [0.0], [[1.0]], "above 0"),
        ([0.0], [-1.0], [[1.0]], "above 0"),
        ([0.0], [math.nan], [[1.0]], "above 0"),
        ([math.nan], [1.0], [[1.0]], "not finite"),
        ([0.0], [1.0, 2.0], [[1.0]], "shapes"),
        ([[0.0]], [1.0], [[1.0]], "shapes"),
        ([0.0], [1.0], [1.0], "shapes"),
    ],
)
def test_parameters_that_are_no_model_are_refused(
    theta: object, a: object, b: object, said: str
) -> None:
    with pytest.raises(DefinitionError, match=said):
        graded_probabilities(theta, a, b)
    with pytest.raises(DefinitionError, match=said):
        sample_graded(theta, a, b, rng=np.random.default_rng(1))
