"""Every reliability coefficient of one set of items, with an interval or the reason for none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from digilitt.errors import EstimationError
from digilitt.numerics import reliability as classical
from digilitt.numerics import reliability_omega as omega
from digilitt.numerics.factoring import minres
from digilitt.numerics.polychoric import Polychoric, polychoric_matrix
from digilitt.numerics.reliability import Coefficient, Moments
from digilitt.numerics.reliability_splits import splits
from digilitt.numerics.tables import category_codes, pair_tables
from digilitt.numerics.uniqueness import NO_CORRELATION, degrees_of_freedom

Floats = NDArray[np.float64]
Matrix = Literal["correlation", "covariance"]
Interval = Literal["feldt", "adf", "none"]

# Items with more distinct answers are not taken as ordinal.
MAX_CATEGORIES = 10
# With fewer persons every correlation is 1 or -1.
FEWEST = 3
LAMBDAS = ("lambda_1", "lambda_2", "lambda_3", "lambda_4", "lambda_5", "lambda_6")
HALVES = ("split_half_min", "split_half_mean", "split_half_max")
ERRORS = ("standard_error_of_measurement", "smallest_detectable_change")
STATISTICS = (
    "alpha",
    "alpha_standardized",
    "alpha_ordinal",
    "kr20",
    *LAMBDAS,
    *HALVES,
    "omega_unidimensional",
    "omega_total",
    "omega_hierarchical",
    "omega_categorical",
    *ERRORS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What to compute, and how.

    Attributes
    ----------
    wanted : tuple of str
        Of `STATISTICS`.
    matrix : {"correlation", "covariance"}
        For lambdas, split halves, omega_total and omega_hierarchical.
    n_factors : int
        For omega_total and omega_hierarchical.
    conf_level : float
    interval : {"feldt", "adf", "none"}
        For alpha and kr20; "none" computes none for anything.
    unit : float
        How many units of the metric one unit of the sum is, for errors of measurement.
    """

    wanted: tuple[str, ...] = STATISTICS
    matrix: Matrix = "correlation"
    n_factors: int = 3
    conf_level: float = 0.95
    interval: Interval = "feldt"
    unit: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One coefficient; NaN where it or its interval cannot be computed.

    Attributes
    ----------
    statistic : str
    estimate, std_error, conf_low, conf_high : float
    interval : str
        "feldt", "adf", or empty without an interval.
    matrix : str
        "covariance", "correlation" or "polychoric".
    n_factors : int
        0 where no factors are extracted.
    reasons : tuple of str
        Why a number is lacking, or what its reader must know.
    items : tuple of int
        Which items `reasons` are about.
    """

    statistic: str
    estimate: float = np.nan
    std_error: float = np.nan
    conf_low: float = np.nan
    conf_high: float = np.nan
    interval: str = ""
    matrix: str = "covariance"
    n_factors: int = 0
    reasons: tuple[str, ...] = ()
    items: tuple[int, ...] = ()


def battery(
    values: Floats, counts: Floats, settings: Settings, rng: np.random.Generator
) -> list[Estimate]:
    """The coefficients wanted, each once, in the order of `STATISTICS`.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_rows, n_items)
        NaN where there is no answer; covariances are pairwise.
    counts : numpy.ndarray, shape (n_rows,)
        Persons that each row stands for.
    settings : Settings
    rng : numpy.random.Generator
        For split halves of more than 16 items.
    """
    data = classical.moments(values, counts)
    k = values.shape[1]
    why = _prevented(data, k)
    if why:
        return [
            Estimate(statistic=name, matrix=_matrix_of(name, settings), reasons=(why,))
            for name in settings.wanted
        ]
    found: dict[str, Estimate] = {}
    families: tuple[tuple[tuple[str, ...], Callable[[], Iterator[Estimate]]], ...] = (
        (("alpha", "kr20", *ERRORS), lambda: _alpha(data, settings)),
        (("alpha_standardized", *LAMBDAS), lambda: _bounds(data, settings)),
        (("lambda_4", *HALVES), lambda: _halves(data, settings, rng)),
        (("omega_unidimensional",), lambda: _one_factor(data, settings)),
        (("omega_total", "omega_hierarchical"), lambda: _hierarchical(data, settings)),
        (("alpha_ordinal", "omega_categorical"), lambda: _ordinal(values, counts)),
    )
    for names, made in families:
        if set(names) & set(settings.wanted):
            found |= {each.statistic: each for each in made()}
    return [found[name] for name in STATISTICS if name in settings.wanted]


def _prevented(data: Moments, k: int) -> str:
    """Why nothing can be computed; empty when something can."""
    if k < 2:
        return "too-few-items"
    if data.n < FEWEST:
        return "too-few-persons"
    if data.n_pairs.min() < FEWEST:
        return "empty-pair"
    if np.isnan(classical.alpha(data.covariance).estimate):
        return "no-variance"
    return ""


def _matrix_of(name: str, settings: Settings) -> str:
    if name in ("alpha_ordinal", "omega_categorical"):
        return "polychoric"
    if name == "alpha_standardized":
        return "correlation"
    if name in (*LAMBDAS, *HALVES, "omega_total", "omega_hierarchical"):
        return settings.matrix
    return "covariance"


def _alpha(data: Moments, settings: Settings) -> Iterator[Estimate]:
    """Alpha, KR-20 (the same for items of 0 and 1), and errors of measurement."""
    k, found = len(data.covariance), classical.alpha(data.covariance)
    constant = tuple(np.flatnonzero(np.diag(data.covariance) == 0).tolist())
    reasons: tuple[str, ...] = ("constant-item",) if constant else ()
    exact = not found.estimate < 1 - 1e-12
    error, limits = np.nan, (np.nan, np.nan)
    if exact:
        reasons += ("no-error-variance",)
    if settings.interval == "adf":
        error = _adf(data, found, settings)
        limits = classical.log_interval(found.estimate, error, settings.conf_level)
    elif settings.interval == "feldt":
        error = classical.alpha_normal_std_error(data.covariance, data.n)
        limits = classical.feldt_interval(found.estimate, data.n, k, settings.conf_level)
    if exact or settings.interval == "none":
        error, limits = np.nan, (np.nan, np.nan)
    for name in ("alpha", "kr20"):
        yield Estimate(
            statistic=name,
            estimate=found.estimate,
            std_error=error,
            conf_low=limits[0],
            conf_high=limits[1],
            interval="" if np.isnan(limits[0]) else settings.interval,
            reasons=reasons,
            items=constant,
        )
    yield from _measurement(data, settings, exact)


def _measurement(data: Moments, settings: Settings, exact: bool) -> Iterator[Estimate]:
    squared = classical.measurement_error(data.covariance)
    value = 0.0 if exact else float(np.sqrt(max(squared.estimate, 0.0)))
    error, limits, interval = np.nan, (np.nan, np.nan), ""
    if value > 0 and settings.interval != "none":
        error = _adf(data, squared, settings) / (2 * value)
        factor = float(np.exp(stats.norm.ppf(0.5 + settings.conf_level / 2) * error / value))
        limits, interval = (value / factor, value * factor), "adf"
    between = float(stats.norm.ppf(0.5 + settings.conf_level / 2)) * np.sqrt(2)
    for name, factor in zip(ERRORS, (settings.unit, settings.unit * between), strict=True):
        yield Estimate(
            statistic=name,
            estimate=value * factor,
            std_error=error * factor,
            conf_low=limits[0] * factor,
            conf_high=limits[1] * factor,
            interval=interval,
            reasons=("no-error-variance",) if exact else (),
        )


def _estimate(
    name: str, found: Coefficient, data: Moments, matrix: str, settings: Settings, reason: str
) -> Estimate:
    """A smooth function of the matrix named, with its distribution-free interval."""
    if np.isnan(found.estimate):
        return Estimate(statistic=name, matrix=matrix, reasons=(reason,))
    if matrix == "correlation":
        gradient = classical.through_correlation(found.gradient, data.covariance)
        found = Coefficient(found.estimate, gradient)
    error = _adf(data, found, settings)
    low, high = classical.log_interval(found.estimate, error, settings.conf_level)
    return Estimate(
        statistic=name,
        estimate=found.estimate,
        std_error=error,
        conf_low=low,
        conf_high=high,
        interval="" if np.isnan(low) else "adf",
        matrix=matrix,
        reasons=("no-error-variance",) if not found.estimate < 1 - 1e-12 else (),
    )


def _adf(data: Moments, found: Coefficient, settings: Settings) -> float:
    if settings.interval == "none":
        return np.nan
    return classical.adf_std_error(data, found.gradient)


def _bounds(data: Moments, settings: Settings) -> Iterator[Estimate]:
    """Standardized alpha, and Guttman's lambdas but the fourth."""
    standard = classical.alpha(data.correlation)
    yield _estimate("alpha_standardized", standard, data, "correlation", settings, "no-variance")
    matrix = data.correlation if settings.matrix == "correlation" else data.covariance
    usable = bool(np.isfinite(matrix).all())
    for name, found in classical.guttman(matrix).items():
        reason = "no-variance"
        if name == "lambda_6" and usable and not classical.positive_definite(matrix):
            reason = "not-positive-definite"
        yield _estimate(name, found, data, settings.matrix, settings, reason)


def _halves(data: Moments, settings: Settings, rng: np.random.Generator) -> Iterator[Estimate]:
    matrix = data.correlation if settings.matrix == "correlation" else data.covariance
    found = splits(matrix, rng)
    values = (found.lambda_4, found.half_min, found.half_mean, found.half_max)
    for name, value in zip(("lambda_4", *HALVES), values, strict=True):
        if np.isnan(value):
            reasons: tuple[str, ...] = ("no-variance",)
        else:
            reasons = () if found.complete or name == "split_half_mean" else ("splits-searched",)
        yield Estimate(statistic=name, estimate=value, matrix=settings.matrix, reasons=reasons)


def _one_factor(data: Moments, settings: Settings) -> Iterator[Estimate]:
    name = "omega_unidimensional"
    reason = _no_factors(data, 1)
    if reason:
        yield Estimate(statistic=name, n_factors=1, reasons=(reason,))
        return
    found = omega.one_factor(data.covariance)
    if not found.converged:
        yield Estimate(statistic=name, n_factors=1, reasons=("not-converged",))
        return
    error = _adf(data, found.omega, settings)
    low, high = classical.log_interval(found.omega.estimate, error, settings.conf_level)
    items = tuple(np.flatnonzero(found.heywood).tolist())
    yield Estimate(
        statistic=name,
        estimate=found.omega.estimate,
        std_error=error,
        conf_low=low,
        conf_high=high,
        interval="" if np.isnan(low) else "adf",
        n_factors=1,
        reasons=("improper-solution",) if items else (),
        items=items,
    )


def _hierarchical(data: Moments, settings: Settings) -> Iterator[Estimate]:
    total, general = (
        Estimate(statistic=name, matrix=settings.matrix, n_factors=settings.n_factors)
        for name in ("omega_total", "omega_hierarchical")
    )
    reason, found = _no_factors(data, settings.n_factors), None
    if not reason:
        sds = np.sqrt(np.diag(data.covariance)) if settings.matrix == "covariance" else None
        try:
            found = omega.hierarchical(data.correlation, settings.n_factors, sds)
        except EstimationError:
            # The items have fewer dimensions than factors were asked for.
            reason = "too-many-factors"
    if found is None or not found.converged:
        for each in (total, general):
            yield replace(each, reasons=(reason or "not-converged",))
        return
    reasons = tuple(
        reason
        for reason, applies in (
            ("improper-solution", found.heywood.any()),
            ("general-factor-improper", not found.proper),
            ("two-group-factors", settings.n_factors == 2),
        )
        if applies
    )
    items = tuple(np.flatnonzero(found.heywood).tolist())
    yield replace(total, estimate=found.total, reasons=reasons, items=items)
    negative = tuple(np.flatnonzero(found.general < 0).tolist())
    reasons = ("negative-general-loading",) if negative else ()
    yield replace(general, estimate=found.hierarchical, reasons=reasons, items=negative)


def _no_factors(data: Moments, n_factors: int) -> str:
    """Why this many factors cannot be extracted; empty when they can."""
    if np.isnan(data.correlation).any():
        return "no-variance"
    if degrees_of_freedom(len(data.covariance), n_factors) < 0 or _apart(data.correlation):
        return "too-many-factors"
    return "" if classical.positive_definite(data.correlation) else "not-positive-definite"


def _apart(r: Floats) -> bool:
    """Whether no two items correlate, so that they identify no factor."""
    return bool(np.abs(r - np.diag(np.diag(r))).max() < NO_CORRELATION)


def _ordinal(values: Floats, counts: Floats) -> Iterator[Estimate]:
    names = ("alpha_ordinal", "omega_categorical")
    found = _polychoric(values, counts)
    if isinstance(found, str):
        for name in names:
            yield Estimate(statistic=name, matrix="polychoric", reasons=(found,))
        return
    correlations, steps = found
    r = correlations.correlation
    reasons: tuple[str, ...] = ()
    if correlations.at_bound.any():
        reasons = ("polychoric-at-bound",)
    elif not classical.positive_definite(r):
        reasons = ("not-positive-definite",)
    alpha = classical.alpha(r).estimate
    yield Estimate(
        statistic=names[0],
        estimate=alpha,
        matrix="polychoric",
        reasons=(*reasons, "no-variance" if np.isnan(alpha) else "ordinal-alpha"),
    )
    value = np.nan
    if not reasons and (len(r) < 3 or _apart(r)):
        reasons = ("too-many-factors",)
    if not reasons:
        factor = minres(r, 1)
        if factor.converged:
            value = omega.categorical(r, factor.loadings[:, 0], correlations.thresholds, steps)
            reasons = ("improper-solution",) if factor.heywood.any() else ()
        else:
            reasons = ("not-converged",)
    yield Estimate(
        statistic=names[1], estimate=value, matrix="polychoric", n_factors=1, reasons=reasons
    )


def _polychoric(values: Floats, counts: Floats) -> tuple[Polychoric, list[Floats]] | str:
    """Polychoric correlations and the steps of each item's scores, or why there are none."""
    used = counts > 0
    coded = category_codes(values[used])
    sizes = [len(each) for each in coded.categories]
    if max(sizes) > MAX_CATEGORIES:
        return "too-many-categories"
    if min(sizes) < 2:
        return "no-variance"
    tables, margins = pair_tables(coded.codes, max(sizes), counts[used])
    found = polychoric_matrix(tables, margins)
    if np.isnan(found.correlation).any():
        return "polychoric-unknown"
    if not found.converged.all():
        return "not-converged"
    return found, [np.diff(each) for each in coded.categories]
