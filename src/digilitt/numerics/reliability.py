"""Reliability of a sum of items: alpha, Guttman's bounds, and errors of measurement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from digilitt.numerics.moments import correlation, covariances

Floats = NDArray[np.float64]

# Below this share of the largest eigenvalue, the smallest counts as 0.
SINGULAR = 1e-10
# A variance whose cube is no number any more counts as none.
LEAST_VARIANCE = 1e-100


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Covariances of items and what their sampling errors are computed from.

    Attributes
    ----------
    covariance : numpy.ndarray, shape (n_items, n_items)
        With denominators n − 1 per pair; NaN where fewer than 2 persons answered both.
    n_pairs : numpy.ndarray, shape (n_items, n_items)
        Persons who answered both items.
    n : float
        Persons who answered any item.
    centred : numpy.ndarray, shape (n_rows, n_items)
        Answers minus the mean of the item, 0 where missing.
    answered : numpy.ndarray of bool, shape (n_rows, n_items)
    counts : numpy.ndarray, shape (n_rows,)
        Persons that each row stands for.
    """

    covariance: Floats
    n_pairs: Floats
    n: float
    centred: Floats
    answered: NDArray[np.bool_]
    counts: Floats

    @property
    def total(self) -> float:
        """Variance of the sum of the items."""
        return float(self.covariance.sum())

    @property
    def correlation(self) -> Floats:
        """Covariances divided by the standard deviations; NaN for an item that does not vary."""
        return correlation(self.covariance)


@dataclass(frozen=True, slots=True, eq=False)
class Coefficient:
    """A function of a covariance or correlation matrix, and its derivative there.

    Attributes
    ----------
    estimate : float
    gradient : numpy.ndarray, shape (n_items, n_items)
        Symmetric; the change of the estimate is the sum of its products with the change of the
        matrix.
    """

    estimate: float
    gradient: Floats


def moments(values: Floats, counts: Floats | None = None) -> Moments:
    """Covariances from all persons who answered both items of a pair."""
    weight = np.ones(len(values)) if counts is None else counts
    found = covariances(values, weight, "pairwise")
    answered = ~np.isnan(values)
    n = weight @ answered
    with np.errstate(invalid="ignore"):
        means = (weight @ np.where(answered, values, 0.0)) / n
    centred = np.where(answered, values - means, 0.0)
    any_answer = float(weight[answered.any(axis=1)].sum())
    return Moments(found.covariance, found.n, any_answer, centred, answered, weight)


def positive_definite(matrix: Floats) -> bool:
    """Whether every eigenvalue is well above 0; false for a matrix with NaN."""
    if not np.isfinite(matrix).all():
        return False
    values = np.linalg.eigvalsh(matrix)
    return bool(values[0] > SINGULAR * max(values[-1], 0.0))


def alpha(matrix: Floats) -> Coefficient:
    """Cronbach's alpha, or from correlations standardized alpha; NaN when the sum has no variance.

    Notes
    -----
    k / (k − 1) · (1 − trace / sum): Cronbach (1951, doi:10.1007/BF02310555). Guttman's lambda 3.

    Examples
    --------
    >>> round(alpha(np.array([[1.0, 0.5], [0.5, 1.0]])).estimate, 6)
    0.666667
    """
    k = len(matrix)
    if k < 2:
        return _unknown(k)
    first = lambda_1(matrix)
    return Coefficient(k / (k - 1) * first.estimate, k / (k - 1) * first.gradient)


def lambda_1(matrix: Floats) -> Coefficient:
    """1 − trace / sum."""
    k, total, trace = len(matrix), _total(matrix), float(np.trace(matrix))
    return Coefficient(1 - trace / total, trace / total**2 - np.eye(k) / total)


def lambda_2(matrix: Floats) -> Coefficient:
    """From the squares of the covariances; never below lambda 3."""
    k, total = len(matrix), _total(matrix)
    if k < 2:
        return _unknown(k)
    off = matrix - np.diag(np.diag(matrix))
    root = float(np.sqrt(k / (k - 1) * (off**2).sum()))
    top = float(off.sum()) + root
    slope = (k / (k - 1) / root) * off if root > 0 else np.zeros_like(off)
    return Coefficient(top / total, (1 - np.eye(k) + slope) / total - top / total**2)


def lambda_5(matrix: Floats) -> Coefficient:
    """From the item whose covariances have the largest sum of squares."""
    k, total, first = len(matrix), _total(matrix), lambda_1(matrix)
    if k < 2 or not np.isfinite(matrix).all():
        return _unknown(k)
    off = matrix - np.diag(np.diag(matrix))
    squares = (off**2).sum(axis=0)
    item = int(np.argmax(squares))
    root = float(np.sqrt(squares[item]))
    slope = np.zeros_like(off)
    if root > 0:
        slope[item] += off[item] / root
        slope[:, item] += off[item] / root
    return Coefficient(
        first.estimate + 2 * root / total,
        first.gradient - 2 * root / total**2 + slope / total,
    )


def lambda_6(matrix: Floats) -> Coefficient:
    """From what the other items leave of each; NaN when the matrix is singular."""
    k, total = len(matrix), _total(matrix)
    if k < 2 or not positive_definite(matrix):
        return _unknown(k)
    inverse = np.linalg.inv(matrix)
    left = 1 / np.diag(inverse)
    slope = (inverse * left**2) @ inverse
    unexplained = float(left.sum())
    return Coefficient(1 - unexplained / total, unexplained / total**2 - slope / total)


def guttman(matrix: Floats) -> dict[str, Coefficient]:
    """Lambda 1, 2, 3, 5 and 6 of a covariance or correlation matrix.

    Notes
    -----
    Guttman (1945, doi:10.1007/BF02288892). Each is a lower bound to reliability in the
    population if errors are uncorrelated. Lambda 4 is :func:`best_split`'s.
    """
    return {
        "lambda_1": lambda_1(matrix),
        "lambda_2": lambda_2(matrix),
        "lambda_3": alpha(matrix),
        "lambda_5": lambda_5(matrix),
        "lambda_6": lambda_6(matrix),
    }


def through_correlation(gradient: Floats, covariance: Floats) -> Floats:
    """The gradient by covariances of what has this gradient by correlations."""
    inverse = 1 / np.sqrt(np.diag(covariance))
    off = gradient - np.diag(np.diag(gradient))
    own = np.diag((off * correlation(covariance)).sum(axis=1))
    return np.asarray((off - own) * np.outer(inverse, inverse))


def influence(data: Moments, gradient: Floats) -> Floats:
    """How much each row of persons moves a coefficient with this gradient by covariances.

    Notes
    -----
    Its variance over persons, divided by n, is the asymptotically distribution-free variance:
    Maydeu-Olivares, Coffman and Hartmann (2007, doi:10.1037/1082-989X.12.2.157).
    A pair that only some answered has the weight n / n of the pair.
    """
    scaled = gradient * (data.n / data.n_pairs)
    moved = np.einsum("ij,jk,ik->i", data.centred, scaled, data.centred, optimize=True)
    if data.answered.all():
        return np.asarray(moved - (scaled * data.covariance).sum())
    mask = data.answered.astype(np.float64)
    expected = scaled * data.covariance
    return np.asarray(moved - np.einsum("ij,jk,ik->i", mask, expected, mask, optimize=True))


def adf_std_error(data: Moments, gradient: Floats) -> float:
    """Standard error without assumptions on the distribution of the answers."""
    if not np.isfinite(gradient).all() or data.n < 2:
        return np.nan
    return float(np.sqrt(data.counts @ influence(data, gradient) ** 2) / data.n)


def log_interval(estimate: float, std_error: float, conf_level: float) -> tuple[float, float]:
    """Interval of a coefficient with upper bound 1, symmetric for the logarithm of 1 − estimate.

    Notes
    -----
    Bonett (2002, doi:10.3102/10769986027004335) has this transformation for alpha.
    """
    left = 1 - estimate
    if not left > 0 or not std_error > 0:
        return np.nan, np.nan
    factor = np.exp(float(stats.norm.ppf(0.5 + conf_level / 2)) * std_error / left)
    return float(1 - left * factor), float(1 - left / factor)


def feldt_interval(
    estimate: float, n: float, n_items: int, conf_level: float
) -> tuple[float, float]:
    """Interval of alpha from the F distribution with n − 1 and (n − 1)(k − 1) degrees of freedom.

    Notes
    -----
    Feldt (1965, doi:10.1007/BF02289499), as in Feldt, Woodruff and Salih (1987,
    doi:10.1177/014662168701100107). Exact when answers are normal, with equal
    variances and equal covariances. R: ``psych::alpha.ci``.

    Examples
    --------
    >>> [round(limit, 4) for limit in feldt_interval(0.8, 100, 10, 0.95)]
    [0.736, 0.8537]
    """
    if n < 2 or n_items < 2 or not estimate < 1:
        return np.nan, np.nan
    df = n - 1, (n - 1) * (n_items - 1)
    low, high = stats.f.ppf([0.5 + conf_level / 2, 0.5 - conf_level / 2], *df)
    return float(1 - (1 - estimate) * low), float(1 - (1 - estimate) * high)


def alpha_normal_std_error(covariance: Floats, n: float) -> float:
    """Standard error of alpha when answers are normal.

    Notes
    -----
    van Zyl, Neudecker and Nel (2000, doi:10.1007/BF02296146). R: ``ase`` of
    ``psych::alpha``, which divides by all rows.
    """
    k, total, trace = len(covariance), _total(covariance), float(np.trace(covariance))
    if k < 2 or not np.isfinite(total):
        return np.nan
    squared = covariance @ covariance
    inner = total * (np.trace(squared) + trace**2) - 2 * trace * squared.sum()
    return float(np.sqrt(max(2 * k**2 / (k - 1) ** 2 * inner / total**3, 0.0) / n))


def measurement_error(covariance: Floats) -> Coefficient:
    """Squared standard error of measurement of the sum: variance · (1 − alpha)."""
    k = len(covariance)
    if k < 2 or not np.isfinite(_total(covariance)):
        return _unknown(k)
    gradient = (k * np.eye(k) - 1) / (k - 1)
    return Coefficient(float((gradient * covariance).sum()), gradient)


def conditional_errors(values: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Squared standard error of measurement of each person's sum, with and without item means.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_persons, n_items)
        Complete answers.
    counts : numpy.ndarray, shape (n_persons,)
        Persons that each row stands for.

    Returns
    -------
    multinomial : numpy.ndarray, shape (n_persons,)
        k / (k − 1) times the sum of squared deviations from the person's own mean: items are a
        random sample of many alike. For items of 0 and 1, Lord's x(k − x) / (k − 1).
    anova : numpy.ndarray, shape (n_persons,)
        The same after the means of the items are taken away: everybody gets the same items. Its
        mean, times n / (n − 1), is the squared standard error of measurement that goes with
        alpha.

    Notes
    -----
    Lord (1955, doi:10.1177/001316445501500401); Feldt, Steffen and Gupta (1985,
    doi:10.1177/014662168500900402).
    """
    k = values.shape[1]
    within = values - values.mean(axis=1, keepdims=True)
    rest = within - counts @ within / counts.sum()
    scale = k / (k - 1)
    return scale * (within**2).sum(axis=1), scale * (rest**2).sum(axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Conditional:
    """Standard errors of measurement by score; arrays of one length.

    Attributes
    ----------
    low, high : numpy.ndarray
        Lowest and highest sum in the row; the same where each sum has its own.
    n : numpy.ndarray
        Persons.
    anova, multinomial : numpy.ndarray
        Root of the mean of what :func:`conditional_errors` gives; for sums.
    """

    low: Floats
    high: Floats
    n: Floats
    anova: Floats
    multinomial: Floats


def conditional_table(values: Floats, counts: Floats, n_rows: int = 50) -> Conditional:
    """One row per sum; where there are more sums than `n_rows`, tenths of the persons.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_rows, n_items)
        Complete answers to 2 items or more.
    counts : numpy.ndarray, shape (n_rows,)
        Persons that each row stands for, 1 or more.
    """
    sums = np.round(values.sum(axis=1), 9)
    multinomial, anova = conditional_errors(values, counts)
    distinct, place = np.unique(sums, return_inverse=True)
    if len(distinct) > n_rows:
        persons = np.bincount(place, counts)
        middle = (np.cumsum(persons) - persons / 2) / persons.sum()
        place = np.unique(np.floor(10 * middle), return_inverse=True)[1][place]
    n = np.bincount(place, counts).astype(np.float64)
    order = np.argsort(sums, kind="stable")
    first = np.unique(place[order], return_index=True)[1]
    last = np.append(first[1:], len(order)) - 1
    # Rounding may leave a little below 0 where a person gave the same answer throughout.
    means = (np.bincount(place, counts * np.maximum(each, 0)) / n for each in (anova, multinomial))
    return Conditional(sums[order][first], sums[order][last], n, *map(np.sqrt, means))


def _total(matrix: Floats) -> float:
    """Sum of a matrix; NaN when it is no variance above 0, as with a pair nobody answered."""
    total = float(matrix.sum())
    return total if total > max(SINGULAR * float(np.trace(matrix)), LEAST_VARIANCE) else np.nan


def _unknown(k: int) -> Coefficient:
    return Coefficient(np.nan, np.full((k, k), np.nan))
