"""Item response models: probabilities of the categories of an item given a trait.

Logistic metric, D = 1. Categories count from 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digilitt.errors import DefinitionError

Floats = NDArray[np.float64]


def logistic(logit: Floats) -> Floats:
    """``1 / (1 + exp(-logit))``, for logits of any size; the shape stays.

    Examples
    --------
    >>> logistic(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    # The exponential of a number below 0 never overflows.
    small = np.exp(-np.abs(logit))
    return np.asarray(np.where(logit >= 0, 1.0, small) / (1.0 + small), dtype=np.float64)


def graded_probabilities(theta: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """Category probabilities of graded-response items.

    Parameters
    ----------
    theta : array_like of float, shape (n,)
        Trait of each person.
    a : array_like of float, shape (n_items,)
        Discriminations, above 0.
    b : array_like of float, shape (n_items, n_categories - 1)
        Thresholds, ascending in each row. An item with fewer categories than another has
        ``inf`` at the end of its row. With one threshold this is the two-parameter model.

    Returns
    -------
    numpy.ndarray of float64, shape (n, n_items, n_categories)
        Probability of each category, 0 for categories that an item has not; sums to 1 over
        the last axis.

    Raises
    ------
    DefinitionError
        If shapes do not fit, a discrimination is not above 0, or thresholds do not ascend.

    Notes
    -----
    ``P(X >= k) = 1 / (1 + exp(-a (theta - b_k)))``, and ``P(X = k)`` is the difference of
    neighbours. Samejima, F. (1969). *Estimation of latent ability using a response pattern
    of graded scores*. Psychometrika Monograph 17, doi:10.1007/BF03372160.

    Examples
    --------
    >>> graded_probabilities([0.0], [1.0], [[-1.0, 1.0]]).round(4).tolist()
    [[[0.2689, 0.4621, 0.2689]]]
    """
    trait, slope, thresholds = _checked(theta, a, b)
    n, (n_items, n_thresholds) = len(trait), thresholds.shape
    at_least = np.zeros((n, n_items, n_thresholds + 2))
    at_least[..., 0] = 1.0
    at_least[..., 1:-1] = logistic(slope[:, None] * (trait[:, None, None] - thresholds))
    return at_least[..., :-1] - at_least[..., 1:]


def sample_graded(
    theta: ArrayLike, a: ArrayLike, b: ArrayLike, *, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw one category per person and graded-response item.

    Parameters
    ----------
    theta, a, b : array_like of float
        As for `graded_probabilities`.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of int64, shape (n, n_items)
        Categories from 0.

    Raises
    ------
    DefinitionError
        As `graded_probabilities` does.

    Notes
    -----
    The number of thresholds that ``theta + e / a`` exceeds, with `e` from the standard logistic
    distribution, follows the graded model exactly; no probability needs to be computed.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sample_graded([-9.0, 9.0], [2.0], [[-1.0, 1.0]], rng=rng).tolist()
    [[0], [2]]
    """
    trait, slope, thresholds = _checked(theta, a, b)
    category = np.zeros((len(trait), len(slope)), dtype=np.int64)
    for item, cuts in enumerate(thresholds):
        reached = trait + rng.logistic(size=len(trait)) / slope[item]
        for cut in cuts:
            category[:, item] += reached > cut
    return category


def _checked(theta: ArrayLike, a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats, Floats]:
    trait, slope, thresholds = (np.asarray(given, dtype=np.float64) for given in (theta, a, b))
    if trait.ndim != 1 or slope.ndim != 1 or thresholds.ndim != 2 or len(slope) != len(thresholds):
        raise DefinitionError(
            f"theta, a and b have the shapes {trait.shape}, {slope.shape} and {thresholds.shape}; "
            "expected (n,), (n_items,) and (n_items, n_categories - 1)."
        )
    if not np.isfinite(trait).all():
        raise DefinitionError("theta holds values that are not finite.")
    if not (np.isfinite(slope) & (slope > 0)).all():
        raise DefinitionError(f"a holds {slope.tolist()}; discriminations must be above 0.")
    ascending = (thresholds[:, 1:] > thresholds[:, :-1]) | np.isposinf(thresholds[:, 1:])
    if np.isnan(thresholds).any() or np.isneginf(thresholds).any() or not ascending.all():
        raise DefinitionError(
            "b holds thresholds that do not ascend; each row must, with inf at its end where an "
            "item has fewer categories."
        )
    return trait, slope, thresholds
