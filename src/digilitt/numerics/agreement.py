"""Agreement of ratings, and of persons in one cluster: intraclass correlations and kappa."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Weights = Literal["none", "linear", "quadratic"]
# A mean square this small beside the squares of the same ratings is rounding.
NO_VARIANCE = 1e-13


@dataclass(frozen=True, slots=True, kw_only=True)
class Intraclass:
    """One intraclass correlation.

    Attributes
    ----------
    estimate : float
        At most 1; it may be negative.
    conf_low, conf_high : float
    f, df, df_error, p_value : float
        F test of the hypothesis that it is 0.
    """

    estimate: float
    conf_low: float
    conf_high: float
    f: float
    df: float
    df_error: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kappa:
    """Agreement of two ratings beyond chance.

    Attributes
    ----------
    estimate, std_error, conf_low, conf_high : float
        NaN when chance alone gives full agreement; no interval when all agree. The interval is
        estimate ± z · std_error, and is not cut off at 1.
    observed, expected : float
        Weighted shares of agreement, found and by chance.
    """

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    observed: float
    expected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """How alike persons in one cluster answer.

    Attributes
    ----------
    icc : float
        ICC(1): share of the variance that lies between clusters; not clipped at 0.
    conf_low, conf_high : float
    design_effect, effect_low, effect_high : float
        1 + (m − 1) ICC(1), with m the mean size of cluster that a person is in.
    n, n_clusters, size : float
        Persons, clusters, m.
    """

    icc: float
    conf_low: float
    conf_high: float
    design_effect: float
    effect_low: float
    effect_high: float
    n: float
    n_clusters: float
    size: float


def intraclass(
    ratings: Floats, counts: Floats | None = None, conf_level: float = 0.95
) -> dict[str, Intraclass]:
    """The six intraclass correlations of Shrout and Fleiss.

    Parameters
    ----------
    ratings : numpy.ndarray, shape (n_rows, n_ratings)
        Complete; one row per person rated, one column per rater.
    counts : numpy.ndarray, shape (n_rows,), optional
        Persons that each row stands for.
    conf_level : float

    Returns
    -------
    dict of str to Intraclass
        icc_1_1, icc_2_1, icc_3_1 (of one rating), icc_1_k, icc_2_k, icc_3_k (of the mean of
        all): raters new for every person; the same random raters, whose differences in level
        count as error; the same raters, whose differences in level do not count.

    Notes
    -----
    Shrout and Fleiss (1979, doi:10.1037/0033-2909.86.2.420); the intervals of icc_2_1 as in
    McGraw and Wong (1996, doi:10.1037/1082-989X.1.1.30).

    Examples
    --------
    >>> first = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8]]
    >>> second = [[7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> found = intraclass(np.array(first + second, dtype=float))
    >>> [round(each.estimate, 3) for each in found.values()]
    [0.166, 0.29, 0.715, 0.443, 0.62, 0.909]
    """
    weight = np.ones(len(ratings)) if counts is None else counts
    n, k = float(weight.sum()), ratings.shape[1]
    if n < 2 or k < 2:
        return dict.fromkeys(_FORMS, _NOTHING)
    between, raters, error = _mean_squares(ratings, weight)
    within = (raters + (n - 1) * error) / n
    if between + within == 0:
        return dict.fromkeys(_FORMS, _NOTHING)
    one = _from_f(between, within, (n - 1, n * (k - 1)), k, conf_level)
    three = _from_f(between, error, (n - 1, (n - 1) * (k - 1)), k, conf_level)
    two = _absolute(between, raters, error, n, k, conf_level)
    found = (one[0], two[0], three[0], one[1], two[1], three[1])
    return dict(zip(_FORMS, found, strict=True))


_FORMS = ("icc_1_1", "icc_2_1", "icc_3_1", "icc_1_k", "icc_2_k", "icc_3_k")
_NOTHING = Intraclass(
    estimate=np.nan,
    conf_low=np.nan,
    conf_high=np.nan,
    f=np.nan,
    df=np.nan,
    df_error=np.nan,
    p_value=np.nan,
)


def _mean_squares(ratings: Floats, weight: Floats) -> tuple[float, float, float]:
    """Between persons, between raters, and what is left of two-way analysis of variance."""
    n, k = float(weight.sum()), ratings.shape[1]
    # What is left of rounding is then small beside the differences, wherever the scale begins.
    centred = ratings - float((weight @ ratings).mean()) / n
    centred = centred - float((weight @ centred).mean()) / n
    columns = weight @ centred / n
    rows = centred.mean(axis=1)
    rest = centred - rows[:, None] - columns
    between = k * float(weight @ rows**2) / (n - 1)
    raters = n * float((columns**2).sum()) / (k - 1)
    error = float(weight @ (rest**2).sum(axis=1)) / ((n - 1) * (k - 1))
    least = NO_VARIANCE * float(weight @ (centred**2).sum(axis=1)) / n
    kept = [value if value > least else 0.0 for value in (between, raters, error)]
    return kept[0], kept[1], kept[2]


def _from_f(
    between: float, error: float, df: tuple[float, float], k: int, conf_level: float
) -> tuple[Intraclass, Intraclass]:
    """Of one rating and of the mean of k, from one F ratio."""
    if error == 0:
        return (_NOTHING, _NOTHING) if between == 0 else (_exact(df), _exact(df))
    f = between / error
    p_value = float(stats.f.sf(f, *df))
    upper = 0.5 + conf_level / 2
    low, high = f / stats.f.ppf(upper, *df), f * stats.f.ppf(upper, *df[::-1])
    test = {"f": f, "df": df[0], "df_error": df[1], "p_value": p_value}
    single = Intraclass(
        estimate=(f - 1) / (f + k - 1),
        conf_low=float((low - 1) / (low + k - 1)),
        conf_high=float((high - 1) / (high + k - 1)),
        **test,
    )
    with np.errstate(divide="ignore"):
        limits = 1 - 1 / np.array([low, high])
    mean = 1 - 1 / f if f > 0 else np.nan
    return single, Intraclass(
        estimate=mean, conf_low=float(limits[0]), conf_high=float(limits[1]), **test
    )


def _exact(df: tuple[float, float]) -> Intraclass:
    """Full agreement: no error, so no interval and no test."""
    return Intraclass(
        estimate=1.0,
        conf_low=np.nan,
        conf_high=np.nan,
        f=np.nan,
        df=df[0],
        df_error=df[1],
        p_value=np.nan,
    )


def _absolute(
    between: float, raters: float, error: float, n: float, k: int, conf_level: float
) -> tuple[Intraclass, Intraclass]:
    """Two-way random: of one rating and of the mean of k."""
    df = n - 1, (n - 1) * (k - 1)
    single = (between - error) / (between + (k - 1) * error + k * (raters - error) / n)
    mean_bottom = between + (raters - error) / n
    mean = (between - error) / mean_bottom if mean_bottom != 0 else np.nan
    if error == 0:
        exact = _exact(df)
        return replace(exact, estimate=single), replace(exact, estimate=mean)
    f = between / error
    ratio = raters / error
    a = k * single * ratio
    b = n * (1 + (k - 1) * single) - k * single
    v = (k - 1) * (n - 1) * (a + b) ** 2 / ((n - 1) * a**2 + b**2)
    upper = 0.5 + conf_level / 2
    high_f, low_f = stats.f.ppf(upper, n - 1, v), stats.f.ppf(upper, v, n - 1)
    spread = k * raters + (k * n - k - n) * error
    low = float(n * (between / high_f - error) / (spread + n * between / high_f))
    high = float(n * (low_f * between - error) / (spread + n * low_f * between))
    test = {"f": f, "df": df[0], "df_error": df[1], "p_value": float(stats.f.sf(f, *df))}
    return (
        Intraclass(estimate=single, conf_low=low, conf_high=high, **test),
        Intraclass(
            estimate=mean,
            conf_low=low * k / (1 + low * (k - 1)),
            conf_high=high * k / (1 + high * (k - 1)),
            **test,
        ),
    )


def kappa_weights(codes: Floats, weights: Weights) -> Floats:
    """How much two codes agree, from 0 to 1.

    Parameters
    ----------
    codes : numpy.ndarray, shape (n_categories,)
        In rising order; distances are between codes, so that a code that nobody used in between
        changes nothing.
    weights : {"none", "linear", "quadratic"}
    """
    if weights == "none" or len(codes) < 2:
        return np.eye(len(codes))
    apart = np.abs(codes[:, None] - codes[None, :]) / (codes[-1] - codes[0])
    return np.asarray(1 - apart if weights == "linear" else 1 - apart**2)


def kappa(table: Floats, weight: Floats, conf_level: float = 0.95) -> Kappa:
    """Cohen's kappa of a square table of counts, with a large-sample standard error.

    Parameters
    ----------
    table : numpy.ndarray, shape (n_categories, n_categories)
        Persons by first (rows) and second rating.
    weight : numpy.ndarray, shape (n_categories, n_categories)
        As from :func:`kappa_weights`.
    conf_level : float

    Notes
    -----
    Cohen (1968, doi:10.1037/h0026256); Fleiss, Cohen and Everitt (1969,
    doi:10.1037/h0028106). R's psych 2.2.9 takes other means of the weights there, and its
    standard error of weighted kappa differs.

    Examples
    --------
    >>> round(kappa(np.array([[20.0, 5.0], [10.0, 15.0]]), np.eye(2)).estimate, 6)
    0.4
    """
    n = float(table.sum())
    unknown = Kappa(
        estimate=np.nan,
        std_error=np.nan,
        conf_low=np.nan,
        conf_high=np.nan,
        observed=np.nan,
        expected=np.nan,
    )
    if n < 2:
        return unknown
    share = table / n
    first, second = share.sum(axis=1), share.sum(axis=0)
    observed, expected = float((weight * share).sum()), float(first @ weight @ second)
    if expected >= 1 - 1e-12:
        return replace(unknown, observed=observed, expected=expected)
    found = (observed - expected) / (1 - expected)
    rows, columns = weight @ second, first @ weight
    moved = weight * (1 - expected) - (rows[:, None] + columns[None, :]) * (1 - observed)
    centre = observed * expected - 2 * expected + observed
    variance = float((share * moved**2).sum() - centre**2) / (n * (1 - expected) ** 4)
    error = float(np.sqrt(max(variance, 0.0))) if observed < 1 - 1e-12 else np.nan
    reach = float(stats.norm.ppf(0.5 + conf_level / 2)) * error
    return Kappa(
        estimate=found,
        std_error=error,
        conf_low=found - reach,
        conf_high=found + reach,
        observed=observed,
        expected=expected,
    )


def kappa_between(
    ratings: Floats, counts: Floats, weights: Weights, conf_level: float = 0.95
) -> Kappa:
    """Kappa of two columns of codes.

    Parameters
    ----------
    ratings : numpy.ndarray, shape (n_rows, 2)
        Complete.
    counts : numpy.ndarray, shape (n_rows,)
        Persons that each row stands for.
    weights : {"none", "linear", "quadratic"}
    conf_level : float
    """
    codes, place = np.unique(ratings, return_inverse=True)
    place = place.reshape(ratings.shape)
    table = np.zeros((len(codes), len(codes)))
    np.add.at(table, (place[:, 0], place[:, 1]), counts)
    return kappa(table, kappa_weights(codes, weights), conf_level)


def clustering(
    values: Floats, clusters: NDArray[np.intp], counts: Floats, conf_level: float = 0.95
) -> Clustering:
    """ICC(1) and design effect of one variable, by one-way analysis of variance.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_rows,)
        Without NaN.
    clusters : numpy.ndarray of int, shape (n_rows,)
        From 0.
    counts : numpy.ndarray, shape (n_rows,)
        Persons that each row stands for.
    conf_level : float

    Notes
    -----
    Donner and Koval (1980), Biometrics 36, 19–25, for clusters of unequal size; the interval, by
    F, is exact for normal answers and clusters of one size. Design effect: Kish (1965, *Survey
    sampling*), with the size of the cluster averaged over persons.
    """
    # long because it lists nine figures twice
    size = np.bincount(clusters, counts)
    size = size[size > 0]
    n, groups = float(counts.sum()), float(len(size))
    met = float((size**2).sum()) / n if n else np.nan
    nothing = Clustering(
        icc=np.nan,
        conf_low=np.nan,
        conf_high=np.nan,
        design_effect=np.nan,
        effect_low=np.nan,
        effect_high=np.nan,
        n=n,
        n_clusters=groups,
        size=met,
    )
    if groups < 2 or n <= groups:
        return nothing
    centred = values - counts @ values / n
    full = np.bincount(clusters, counts)
    means = np.bincount(clusters, counts * centred) / np.where(full > 0, full, 1.0)
    between = float(full @ means**2) / (groups - 1)
    within = float(counts @ (centred - means[clusters]) ** 2) / (n - groups)
    least = NO_VARIANCE * float(counts @ values**2) / n
    between, within = (value if value > least else 0.0 for value in (between, within))
    if between + within == 0:
        return nothing
    typical = (n - float((size**2).sum()) / n) / (groups - 1)
    icc = (between - within) / (between + (typical - 1) * within)
    limits = np.array([np.nan, np.nan])
    if within > 0:
        upper = 0.5 + conf_level / 2
        df = groups - 1, n - groups
        f = between / within
        ratios = np.array([f / stats.f.ppf(upper, *df), f * stats.f.ppf(upper, *df[::-1])])
        limits = (ratios - 1) / (ratios + typical - 1)
    effects = 1 + (met - 1) * np.array([icc, *limits])
    return Clustering(
        icc=icc,
        conf_low=float(limits[0]),
        conf_high=float(limits[1]),
        design_effect=float(effects[0]),
        effect_low=float(effects[1]),
        effect_high=float(effects[2]),
        n=n,
        n_clusters=groups,
        size=met,
    )
