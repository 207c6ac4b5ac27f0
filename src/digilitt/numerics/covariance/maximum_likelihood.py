"""Maximum likelihood for continuous items, complete or with missing answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from digilitt.numerics.covariance.directions import continuous_jacobian
from digilitt.numerics.covariance.model import Floats, Model, reduced
from digilitt.numerics.covariance.normal import (
    Group,
    cluster_factor,
    discrepancy,
    expected_information,
    log_likelihood,
    observed_information,
    score_products,
)
from digilitt.numerics.covariance.optimise import Optimum, Point, minimise
from digilitt.numerics.covariance.saturated import (
    independence_free,
    moments_model,
    saturated_moments,
)
from digilitt.numerics.covariance.saturated_information import (
    determined,
    saturated_information,
    saturated_products,
)
from digilitt.numerics.covariance.starting import starting_values
from digilitt.numerics.fit_indices import ChiSquare


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a sample says before any model: computed once, used by every model.

    Attributes
    ----------
    groups : tuple of Group
    mean, covariance : tuple of ndarray
        Of each group, of the greatest likelihood.
    log_likelihood : float
        Of the saturated model.
    saturated_trace : float
        Sum over groups of ``tr(B A⁻¹)`` of the saturated model with means; NaN unless asked for.
    saturated_trace_covariances : float
        The same without means.
    """

    groups: tuple[Group, ...]
    mean: tuple[Floats, ...]
    covariance: tuple[Floats, ...]
    log_likelihood: float
    saturated_trace: float
    saturated_trace_covariances: float

    @property
    def n(self) -> float:
        """Persons, weighted."""
        return sum(group.size for group in self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihood:
    """A model of the greatest likelihood.

    Attributes
    ----------
    model : Model
    free : ndarray of float64, shape (n_free,)
    covariance : ndarray of float64, shape (n_free, n_free)
        Of the estimates over samples.
    bread : ndarray of float64, shape (n_parameters, n_parameters)
        Information of a person about the parameters.
    chi2 : ChiSquare
    log_likelihood : float
    optimum : Optimum
    """

    model: Model
    free: Floats
    covariance: Floats
    bread: Floats
    chi2: ChiSquare
    log_likelihood: float
    optimum: Optimum


def sample_of(groups: tuple[Group, ...], *, robust: bool) -> Sample:
    """Saturated moments, their likelihood and, for scaled tests, their traces.

    Raises
    ------
    EstimationError
        As `saturated_moments`.
    """
    moments = [saturated_moments(group) for group in groups]
    mean, covariance = tuple(m[0] for m in moments), tuple(m[1] for m in moments)
    parts = zip(groups, mean, covariance, strict=True)
    best = sum(log_likelihood(group, s, m) for group, m, s in parts)
    both = (np.nan, np.nan)
    if robust:
        each = [_traces(*part) for part in zip(groups, mean, covariance, strict=True)]
        both = (sum(one for one, _ in each), sum(two for _, two in each))
    return Sample(
        groups=groups,
        mean=mean,
        covariance=covariance,
        log_likelihood=best,
        saturated_trace=both[0],
        saturated_trace_covariances=both[1],
    )


def estimate(
    model: Model, sample: Sample, *, robust: bool, observed: bool, start: Floats | None = None
) -> Likelihood:
    """Fit a model.

    Parameters
    ----------
    robust : bool
        Sandwich errors and the Yuan–Bentler test, from persons' or clusters' scores.
    observed : bool
        Observed information for the errors; else expected information.
    start : ndarray of float64, shape (n_free,), optional
        Where to begin, such as the estimates of a similar model.

    Raises
    ------
    ValueError
        If answers are missing and the model has no means.

    Notes
    -----
    Errors and scaling factor are NaN where the information is not positive definite, and chi2 is
    infinite if the search began where the model's covariances are not positive definite.
    """
    groups, basis = sample.groups, model.basis
    if start is None:
        nothing = [np.zeros(0)] * len(groups)
        start = starting_values(model, list(sample.covariance), list(sample.mean), nothing)
    missing = not all(group.complete for group in groups)
    if missing and not model.means:
        raise ValueError("with missing answers a model needs means")

    def at(z: Floats) -> Point:
        found = discrepancy(model, groups, sample.log_likelihood, model.offset + basis @ z)
        return Point(value=found.value, gradient=basis.T @ found.gradient)

    def curvature(z: Floats) -> Floats:
        free = model.offset + basis @ z
        return np.asarray(basis.T @ expected_information(model, groups, free) @ basis)

    optimum = minimise(at, curvature, reduced(model, start), lazy=missing)
    free = model.offset + basis @ optimum.place
    spread, bread, factor = _errors(model, sample, free, robust=robust, observed=observed)
    chi2 = max(sample.n * optimum.value, 0.0)
    test = ChiSquare(chi2=chi2, df=model.n_moments - model.n_parameters)
    if robust:
        test = replace(
            test, scaling_factor=factor, kind="mean", robust_chi2=chi2, robust_factor=factor
        )
    return Likelihood(
        model=model,
        free=free,
        covariance=basis @ spread @ basis.T,
        bread=bread,
        chi2=test,
        log_likelihood=sample.log_likelihood - chi2 / 2.0,
        optimum=optimum,
    )


def scaling_factor(model: Model, sample: Sample, free: Floats) -> float:
    """Yuan–Bentler factor of a model at any values of its free parameters."""
    return _errors(model, sample, free, robust=True, observed=True)[2]


def _errors(
    model: Model, sample: Sample, free: Floats, *, robust: bool, observed: bool
) -> tuple[Floats, Floats, float]:
    """Covariance of the parameters, information of a person, and the scaling factor.

    The first and the last are NaN where the information is not positive definite, and so is the
    information where the model's covariances are not.
    """
    basis, df = model.basis, model.n_moments - model.n_parameters
    information = observed_information if robust or observed else expected_information
    nothing = np.full((model.n_parameters, model.n_parameters), np.nan)
    try:
        bread = np.asarray(basis.T @ information(model, sample.groups, free) @ basis / 2.0)
    except np.linalg.LinAlgError:
        return nothing, nothing, np.nan
    if not determined(bread):
        return nothing, bread, np.nan
    inverse = np.asarray(np.linalg.inv(bread), dtype=np.float64)
    if not robust:
        return inverse / sample.n, bread, np.nan
    meat = basis.T @ score_products(model, sample.groups, free) @ basis / sample.n
    whole = sample.saturated_trace if model.means else sample.saturated_trace_covariances
    factor = (whole - float(np.trace(meat @ inverse))) / df if df else np.nan
    return inverse @ meat @ inverse / sample.n, bread, factor


def baseline(sample: Sample, *, means: bool, robust: bool) -> ChiSquare:
    """The model in which items of each group have nothing in common."""
    groups, p = sample.groups, len(sample.mean[0])
    model = moments_model(p, len(groups), means=means, covariances=False)
    free = independence_free(groups, means=means)
    found = discrepancy(model, groups, sample.log_likelihood, free)
    chi2, df = max(sample.n * found.value, 0.0), len(groups) * p * (p - 1) // 2
    if not robust:
        return ChiSquare(chi2=chi2, df=df)
    bread = observed_information(model, groups, free) / 2.0
    meat = score_products(model, groups, free) / sample.n
    whole = sample.saturated_trace if means else sample.saturated_trace_covariances
    factor = (whole - float(np.trace(np.linalg.solve(bread, meat)))) / df
    return ChiSquare(
        chi2=chi2,
        df=df,
        scaling_factor=factor,
        kind="mean",
        robust_chi2=chi2,
        robust_factor=factor,
    )


def jacobians(found: Likelihood) -> list[Floats]:
    """Of each group: derivatives of its moments by the parameters, (s, n_parameters)."""
    model = found.model
    return [
        continuous_jacobian(model, number, found.free) @ model.basis
        for number in range(len(model.groups))
    ]


def _traces(group: Group, mean: Floats, covariance: Floats) -> tuple[float, float]:
    """``tr(B A⁻¹)`` of a group's saturated model, with means and without.

    For complete data it follows from the kurtosis of distances (Mardia, 1970); with clusters,
    from sums over clusters. With missing answers A is the observed information.
    """
    if not group.complete:
        bread = saturated_information(group, mean, covariance)
        if not determined(bread):
            return np.nan, np.nan
        meat = saturated_products(group, mean, covariance)
        return float(np.trace(np.linalg.solve(bread, meat))), np.nan
    white = np.linalg.solve(np.linalg.cholesky(covariance), (group.values - mean).T).T
    weight, p = group.weights, len(mean)
    if group.clusters is None:
        share = group.counts * weight**2 / group.size
        distance = (white**2).sum(axis=1)
        second = float(share @ (0.5 * (distance**2 - 2.0 * distance + p)))
        return second + float(share @ distance), second
    weight = weight * group.counts
    order = np.argsort(group.clusters, kind="stable")
    edges = np.flatnonzero(np.diff(group.clusters[order])) + 1
    first = second = 0.0
    for rows in np.split(order, edges):
        block = white[rows]
        sums = (block * weight[rows, None]).T @ block - weight[rows].sum() * np.eye(p)
        second += 0.5 * float((sums**2).sum())
        first += float(((weight[rows] @ block) ** 2).sum())
    factor = cluster_factor(group.clusters) / group.size
    return (first + second) * factor, second * factor
