"""Estimation of a table of parameters from a sample whose statistics are computed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import EstimationError, Problem
from digilitt.evidence.models.compile import cells_of, compiled
from digilitt.evidence.models.identification import identification_problems
from digilitt.evidence.models.statistics import Continuous, Ordinal, Statistics, sample_moments
from digilitt.evidence.models.syntax import parameter_text
from digilitt.evidence.models.table import ModelTable
from digilitt.numerics.covariance import maximum_likelihood as likelihood
from digilitt.numerics.covariance import weighted_least_squares as squares
from digilitt.numerics.covariance.identification import free_directions, involved
from digilitt.numerics.covariance.maximum_likelihood import Likelihood
from digilitt.numerics.covariance.missing_fit import (
    robust_baseline,
    robust_test,
)
from digilitt.numerics.covariance.model import Model, matrices
from digilitt.numerics.covariance.ordinal import OrdinalGroup
from digilitt.numerics.covariance.standardized import Cells
from digilitt.numerics.covariance.starting import starting_values
from digilitt.numerics.covariance.weighted_least_squares import LeastSquares
from digilitt.numerics.fit_indices import (
    ChiSquare,
    aic,
    bartlett_factor,
    bic,
    fit_indices,
    p_value,
    swain_factor,
)
from digilitt.numerics.fit_residuals import over_groups, srmr

Floats = NDArray[np.float64]
# Of these many parameters without a place, so many are named.
NAMED = 8
# A threshold this near to the sample's is the sample's.
EXACT = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A table of parameters with its estimates.

    Attributes
    ----------
    table : ModelTable
    statistics : Continuous or Ordinal
    model : Model
    cells : Cells
        Of each row of the table.
    free : ndarray of float64, shape (n_free,)
    covariance : ndarray of float64, shape (n_free, n_free)
    chi2, baseline : ChiSquare
    fit : dict of str to float
    detail : Likelihood or LeastSquares
    """

    table: ModelTable
    statistics: Statistics
    model: Model
    cells: Cells
    free: Floats
    covariance: Floats
    chi2: ChiSquare
    baseline: ChiSquare
    fit: dict[str, float]
    detail: Likelihood | LeastSquares


def fitted(table: ModelTable, statistics: Statistics, start: Floats | None = None) -> Fitted:
    """Estimate the parameters of a table.

    Parameters
    ----------
    start : ndarray of float64, shape (n_free,), optional
        Where to begin.

    Raises
    ------
    EstimationError
        If the model is not identified, or the search does not come to rest.
    """
    if problems := list(identification_problems(table)):
        raise EstimationError(problems)
    model, cells = compiled(table), cells_of(table)
    begin = _start(model, statistics) if start is None else start
    if problems := list(_identification(table, model, begin)):
        raise EstimationError(problems)
    if isinstance(statistics, Ordinal):
        return _ordinal(table, model, cells, statistics, begin)
    return _continuous(table, model, cells, statistics, begin)


def _start(model: Model, statistics: Statistics) -> Floats:
    if isinstance(statistics, Continuous):
        sample = statistics.sample
        nothing = [np.zeros(0)] * len(sample.groups)
        return starting_values(model, list(sample.covariance), list(sample.mean), nothing)
    return starting_values(
        model,
        [group.correlation for group in statistics.groups],
        [np.zeros(model.n_items)] * len(statistics.groups),
        [group.moments[: group.n_cuts] for group in statistics.groups],
    )


def _continuous(
    table: ModelTable, model: Model, cells: Cells, statistics: Continuous, start: Floats
) -> Fitted:
    sample, robust = statistics.sample, statistics.robust
    found = likelihood.estimate(model, sample, robust=robust, observed=statistics.fiml, start=start)
    _at_rest(table, found.optimum.converged, found.optimum.n_steps)
    against = likelihood.baseline(sample, means=model.means, robust=robust)
    test = found.chi2
    if statistics.information:
        x, factor = robust_test(found, sample, statistics.information)
        test = replace(test, robust_chi2=x, robust_factor=factor)
        x, factor = robust_baseline(sample, statistics.information)
        against = replace(against, robust_chi2=x, robust_factor=factor)
    n, n_groups = sample.n, len(sample.groups)
    fit = fit_indices(test, against, n=n, n_groups=n_groups, divisor=n)
    fit |= _small_sample(statistics, model, test)
    fit["srmr"] = _srmr(model, found.free, statistics)
    fit["loglik"] = found.log_likelihood
    fit["aic"] = aic(found.log_likelihood, model.n_parameters)
    fit["bic"] = bic(found.log_likelihood, model.n_parameters, n)
    return _put_together(table, model, cells, statistics, found, test, against, fit)


def _ordinal(
    table: ModelTable, model: Model, cells: Cells, statistics: Ordinal, start: Floats
) -> Fitted:
    groups = statistics.groups
    found = squares.estimate(
        model,
        groups,
        unweighted=statistics.unweighted,
        robust=statistics.robust,
        start=start,
    )
    _at_rest(table, found.optimum.converged, found.optimum.n_steps)
    test, against = found.chi2, statistics.baseline
    # Robust indices are of correlations alone, so thresholds and scales must take no part in fit.
    if statistics.robust and not _scales_free(model) and _thresholds_fit(found, groups):
        test, against = squares.with_likelihood(found, groups, against)
    n = sum(group.n for group in groups)
    fit = fit_indices(
        test,
        against,
        n=n,
        n_groups=len(groups),
        divisor=n - len(groups),
        p_values=not statistics.unweighted,
    )
    fit["srmr"] = _srmr(model, found.free, statistics)
    fit |= dict.fromkeys(("loglik", "aic", "bic"), float("nan"))
    return _put_together(table, model, cells, statistics, found, test, against, fit)


def _put_together(
    table: ModelTable,
    model: Model,
    cells: Cells,
    statistics: Statistics,
    found: Likelihood | LeastSquares,
    test: ChiSquare,
    against: ChiSquare,
    fit: dict[str, float],
) -> Fitted:
    sizes = statistics.sizes
    counts = {
        "n_parameters": float(model.n_parameters),
        "n": float(sum(sizes)),
        "n_groups": float(len(sizes)),
    }
    return Fitted(
        table=table,
        statistics=statistics,
        model=model,
        cells=cells,
        free=found.free,
        covariance=found.covariance,
        chi2=test,
        baseline=against,
        fit={"n_parameters": counts["n_parameters"], **fit, **counts},
        detail=found,
    )


def _small_sample(statistics: Continuous, model: Model, test: ChiSquare) -> dict[str, float]:
    """chi2 as Bartlett and Swain correct it where persons are few.

    NaN where nobody has derived it: with several groups, robust errors or missing answers.
    """
    n, p, corrected = sum(statistics.sizes), model.n_items, {}
    known = len(model.groups) == 1 and test.df > 0
    if known and not (statistics.robust or statistics.fiml):
        # Both are for n - 1 times the discrepancy.
        chi2 = test.chi2 * (n - 1.0) / n
        corrected["bartlett"] = chi2 * bartlett_factor(n - 1.0, p, model.n_factors)
        corrected["swain"] = chi2 * swain_factor(n - 1.0, p, test.df)
    found = {}
    for name in ("bartlett", "swain"):
        found[f"chi2_{name}"] = corrected.get(name, np.nan)
        found[f"p_value_{name}"] = p_value(found[f"chi2_{name}"], test.df)
    return found


def implied_covariances(model: Model, free: Floats, number: int) -> Floats:
    """What a model implies for a group; correlations of items in categories."""
    found = matrices(model, number, free)
    if model.form == "continuous":
        return np.asarray(found.sigma)
    return np.asarray(found.sigma * found.delta[:, None] * found.delta)


def _srmr(model: Model, free: Floats, statistics: Statistics) -> float:
    values = []
    for number in range(len(model.groups)):
        mean, sample = sample_moments(statistics, number)
        implied = implied_covariances(model, free, number)
        if model.form != "continuous":
            values.append(srmr(sample, implied, kind="ordinal"))
        elif model.means:
            values.append(srmr(sample, implied, mean, matrices(model, number, free).mu))
        else:
            values.append(srmr(sample, implied))
    return over_groups(values, statistics.sizes)


def _thresholds_fit(found: LeastSquares, groups: Sequence[OrdinalGroup]) -> bool:
    """Whether thresholds are met exactly, as they are unless something restricts them."""
    return all(
        np.abs(implied[: group.n_cuts] - group.moments[: group.n_cuts]).max(initial=0.0) < EXACT
        for implied, group in zip(found.implied, groups, strict=True)
    )


def _scales_free(model: Model) -> bool:
    """Whether a standard deviation of an item in categories is a parameter."""
    for blocks in model.groups:
        own = blocks.theta.rows == blocks.theta.columns
        if own.any() or len(blocks.delta.free):
            return True
    return False


def parameter_names(table: ModelTable) -> list[str]:
    """Names of the free parameters, in the order of the model's; of equal ones the first."""
    names: list[str] = []
    seen: set[str] = set()
    parts = (table.rows[name] for name in ("lhs", "op", "rhs", "group", "free", "label"))
    for lhs, op, rhs, group, free, label in zip(*parts, strict=True):
        if not free or (label and label in seen):
            continue
        seen.add(label)
        where = f" (group {table.groups[group - 1]!r})" if len(table.groups) > 1 else ""
        names.append(parameter_text(lhs, op, rhs) + where)
    return names


def _identification(table: ModelTable, model: Model, start: Floats) -> Iterator[Problem]:
    if model.n_parameters > model.n_moments:
        message = (
            f"the model has {model.n_parameters} free parameters, and the data tell "
            f"{model.n_moments} moments. Add items, or fix parameters or make them equal."
        )
        yield Problem(code="not-identified", message=message)
        return
    which = involved(free_directions(model, start))
    if which:
        names = parameter_names(table)
        told = ", ".join(names[each] for each in which[:NAMED])
        more = f" and {len(which) - NAMED} more" if len(which) > NAMED else ""
        message = (
            f"these parameters cannot be told apart by any data: {told}{more}. A factor needs a "
            "scale (std_lv=True, or one loading fixed) and, if it goes with no other factor, three "
            "items; fix one of these parameters, or make some equal."
        )
        yield Problem(code="not-identified", message=message)


def _at_rest(table: ModelTable, converged: bool, n_steps: int) -> None:
    if converged:
        return
    message = (
        f"the search for the estimates of {len(table.items)} items on {len(table.factors)} factors "
        f"did not come to rest ({n_steps} steps). Often a factor is hardly measured, two factors "
        "are one, or persons are few: look at polychoric(...) or efa(...), or make the model "
        "simpler. No other estimator was tried."
    )
    raise EstimationError([Problem(code="not-converged", message=message)])
