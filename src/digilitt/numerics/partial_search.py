"""Decisions of a search for partial invariance, and p values corrected for many tests.

The search itself estimates models; here is only which parameter is freed next, and when to stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

Floats = NDArray[np.float64]
Correction = Literal["holm", "bonferroni", "benjamini-hochberg", "none"]
Stop = Literal["difference-test", "cfi", "score-test"]
Reason = Literal[
    "free",
    "no-candidates",
    "no-significant-candidate",
    "share-reached",
    "difference-not-significant",
    "cfi-within-bound",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRule:
    """When a parameter is freed, and when the search stops.

    Attributes
    ----------
    stop : {"difference-test", "cfi", "score-test"}
        Which step is good enough: the difference test against the less restricted model is not
        significant; CFI falls by no more than `cfi_bound`; no candidate is significant.
    alpha : float
        Level of the difference test and of the candidates' score tests.
    correction : {"holm", "bonferroni", "benjamini-hochberg", "none"}
        Over the candidates of a step. The largest is freed only if it is significant then.
    cfi_bound : float
        Largest fall of CFI, 0 or more.
    max_share : float
        Largest share of a factor's items with any freed parameter, 0 to 1.
    """

    stop: Stop = "difference-test"
    alpha: float = 0.05
    correction: Correction = "holm"
    cfi_bound: float = 0.01
    max_share: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a search does next.

    Attributes
    ----------
    index : int or None
        Candidate to free; None to stop.
    reason : str
        "free", or why to stop: "difference-not-significant" and "cfi-within-bound" (the step is
        good enough), "no-candidates", "no-significant-candidate" (nothing stands out: by the rule
        "score-test" the step is good enough, by the others it is not), "share-reached" (what
        stands out may not be freed).
    p_value : numpy.ndarray of float64, shape (n_candidates,)
        Of the score tests, corrected.
    """

    index: int | None
    reason: Reason
    p_value: Floats


def bonferroni(p_values: ArrayLike) -> Floats:
    """p values times their number, at most 1.

    Parameters
    ----------
    p_values : array_like, shape (n_tests,)
        NaN stays NaN and is not counted.

    Returns
    -------
    numpy.ndarray of float64, shape (n_tests,)

    Notes
    -----
    *Checked against* R's `p.adjust`, 1e-12, as are `holm` and `benjamini_hochberg`.

    Examples
    --------
    >>> bonferroni([0.01, 0.5, np.nan]).tolist()
    [0.02, 1.0, nan]
    """
    p = np.asarray(p_values, dtype=np.float64)
    return np.minimum(p * np.count_nonzero(~np.isnan(p)), 1.0)


def holm(p_values: ArrayLike) -> Floats:
    """p values for which the chance of any false finding stays below the level, step by step.

    Parameters
    ----------
    p_values : array_like, shape (n_tests,)
        NaN stays NaN and is not counted.

    Returns
    -------
    numpy.ndarray of float64, shape (n_tests,)

    Notes
    -----
    Holm, S. (1979). Scandinavian Journal of Statistics 6, 65–70: the smallest times the number of
    tests, the next times one less, and so on; none smaller than the one before.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")[: np.count_nonzero(~np.isnan(p))]
    factors = np.arange(len(order), 0, -1)
    found = p.copy()
    found[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return found


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """p values for which the expected share of false findings stays below the level.

    Parameters
    ----------
    p_values : array_like, shape (n_tests,)
        NaN stays NaN and is not counted.

    Returns
    -------
    numpy.ndarray of float64, shape (n_tests,)

    Notes
    -----
    Benjamini, Y., and Hochberg, Y. (1995). Journal of the Royal Statistical Society B 57,
    289–300, doi:10.1111/j.2517-6161.1995.tb02031.x; for tests that are independent or go
    together.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(6).tolist()
    [0.03, 0.04, 0.04]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")[: np.count_nonzero(~np.isnan(p))]
    factors = len(order) / np.arange(1, len(order) + 1)
    found = p.copy()
    raised = (p[order] * factors)[::-1]
    found[order] = np.minimum(np.minimum.accumulate(raised), 1.0)[::-1]
    return found


def adjusted(p_values: ArrayLike, correction: Correction) -> Floats:
    """p values by one of the corrections; "none" leaves them as they are."""
    if correction == "none":
        return np.array(p_values, dtype=np.float64)
    known = {"holm": holm, "bonferroni": bonferroni, "benjamini-hochberg": benjamini_hochberg}
    return known[correction](p_values)


def allowed(
    item: NDArray[np.int64], freed: NDArray[np.bool_], factor: NDArray[np.int64], max_share: float
) -> NDArray[np.bool_]:
    """Which candidates may be freed without too large a share of a factor's items being freed.

    Parameters
    ----------
    item : numpy.ndarray of int64, shape (n_candidates,)
        Item of each candidate, counted from 0.
    freed : numpy.ndarray of bool, shape (n_items,)
        Items of which a parameter is free already: their other parameters may follow.
    factor : numpy.ndarray of int64, shape (n_items,)
        Factor of each item.
    max_share : float
        0 to 1.

    Returns
    -------
    numpy.ndarray of bool, shape (n_candidates,)

    Examples
    --------
    >>> allowed(np.array([0, 1, 2]), np.array([True, False, False, False]), np.zeros(4, int), 0.25)
    array([ True, False, False])
    """
    sizes = np.bincount(factor)
    used = np.bincount(factor, weights=freed, minlength=len(sizes))
    # A half of four items is two, whatever rounding says.
    room = used + 1.0 <= max_share * sizes + 1e-9
    return np.asarray(freed[item] | room[factor[item]])


def decide(
    rule: SearchRule,
    *,
    step_p_value: float,
    cfi_fall: float,
    statistic: Floats,
    df: Floats,
    may_free: NDArray[np.bool_],
) -> Decision:
    """Free the parameter that stands out most, or stop.

    Parameters
    ----------
    rule : SearchRule
    step_p_value : float
        Of the difference test between the step as it stands and the less restricted model. NaN
        (no test) never stops a search.
    cfi_fall : float
        CFI of the less restricted model less that of the step; NaN never stops a search.
    statistic : numpy.ndarray of float64, shape (n_candidates,)
        Score tests (modification indices) of the equality of each candidate over groups.
    df : numpy.ndarray of float64, shape (n_candidates,)
        Their degrees of freedom.
    may_free : numpy.ndarray of bool, shape (n_candidates,)
        Of `allowed`.

    Returns
    -------
    Decision

    Notes
    -----
    The candidate with the smallest p value comes first, which for one number of degrees of freedom
    is the largest statistic; of equal p values the larger statistic, then the earlier. All
    candidates count in the correction, also those that may not be freed. A search of this kind
    follows chance as well as bias: MacCallum, R. C., Roznowski, M., and Necowitz, L. B. (1992),
    Psychological Bulletin 111, 490–504, doi:10.1037/0033-2909.111.3.490.

    Examples
    --------
    >>> found = decide(
    ...     SearchRule(), step_p_value=0.001, cfi_fall=0.02, statistic=np.array([2.0, 15.0]),
    ...     df=np.ones(2), may_free=np.ones(2, bool))
    >>> found.index, found.reason, found.p_value.round(4).tolist()
    (1, 'free', [0.1573, 0.0002])
    """
    raw = chdtrc(df, np.maximum(statistic, 0.0))
    p_value = adjusted(np.where(np.isnan(statistic), np.nan, raw), rule.correction)
    reason = _good_enough(rule, step_p_value, cfi_fall)
    if reason is not None:
        return Decision(index=None, reason=reason, p_value=p_value)
    known = np.flatnonzero(~np.isnan(raw) & ~np.isnan(statistic))
    if len(known) == 0:
        return Decision(index=None, reason="no-candidates", p_value=p_value)
    significant = known[p_value[known] < rule.alpha]
    if len(significant) == 0:
        return Decision(index=None, reason="no-significant-candidate", p_value=p_value)
    free = significant[may_free[significant]]
    if len(free) == 0:
        return Decision(index=None, reason="share-reached", p_value=p_value)
    best = min(free.tolist(), key=lambda k: (raw[k], -statistic[k], k))
    return Decision(index=best, reason="free", p_value=p_value)


def _good_enough(rule: SearchRule, step_p_value: float, cfi_fall: float) -> Reason | None:
    if rule.stop == "difference-test" and step_p_value >= rule.alpha:
        return "difference-not-significant"
    # CFI is known to rounding: a fall of exactly the bound is within it.
    if rule.stop == "cfi" and cfi_fall <= rule.cfi_bound + 1e-12:
        return "cfi-within-bound"
    return None
