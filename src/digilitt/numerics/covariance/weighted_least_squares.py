"""Weighted least squares for items in categories: DWLS, WLSMV and ULSMV.

Thresholds and polychoric correlations s are compared with those a model implies:
``F = (s - σ)' W (s - σ)``, with W diagonal (1 over the diagonal of Γ, or 1 throughout). Errors
and tests then use the whole of Γ (Muthén, du Toit and Spisic, 1997; Asparouhov and Muthén, 2010,
for the test that is scaled and shifted).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from digilitt.numerics.catml import catml
from digilitt.numerics.covariance.directions import ordinal_jacobian
from digilitt.numerics.covariance.model import Floats, Model, reduced
from digilitt.numerics.covariance.optimise import Optimum, Point, minimise
from digilitt.numerics.covariance.ordinal import OrdinalGroup
from digilitt.numerics.covariance.starting import starting_values
from digilitt.numerics.fit_indices import ChiSquare
from digilitt.numerics.polychoric import square
from digilitt.numerics.scaled_test import (
    Sandwich,
    baseline_traces,
    robust_covariance,
    sandwich,
    scaled_shifted,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastSquares:
    """A model of the smallest weighted squares.

    Attributes
    ----------
    model : Model
    free : ndarray of float64, shape (n_free,)
    covariance : ndarray of float64, shape (n_free, n_free)
        Of the estimates over samples.
    chi2 : ChiSquare
    weights : tuple of ndarray, shape (s,)
        The diagonal of W of each group.
    jacobians : tuple of ndarray, shape (s, n_parameters)
    implied : tuple of ndarray, shape (s,)
    parts : Sandwich
    optimum : Optimum
    """

    model: Model
    free: Floats
    covariance: Floats
    chi2: ChiSquare
    weights: tuple[Floats, ...]
    jacobians: tuple[Floats, ...]
    implied: tuple[Floats, ...]
    parts: Sandwich
    optimum: Optimum


def weights_of(groups: tuple[OrdinalGroup, ...], *, unweighted: bool) -> tuple[Floats, ...]:
    """The diagonal of W of each group: 1 over that of Γ, or 1 throughout."""
    if unweighted:
        return tuple(np.ones(len(group.moments)) for group in groups)
    return tuple(1.0 / np.diag(group.gamma) for group in groups)


def starting_point(model: Model, groups: tuple[OrdinalGroup, ...]) -> Floats:
    """Where the search begins if nobody says, shape (n_free,)."""
    return starting_values(
        model,
        [group.correlation for group in groups],
        [np.zeros(model.n_items)] * len(groups),
        [group.moments[: group.n_cuts] for group in groups],
    )


def search(
    model: Model,
    groups: tuple[OrdinalGroup, ...],
    weights: tuple[Floats, ...],
    start: Floats | None = None,
) -> Optimum:
    """The parameters (those left by the constraints) of the smallest weighted squares.

    The value is chi2 over the number of persons: ``Σ (n_g - 1) F_g / N``.
    """
    basis, size = model.basis, sum(group.n for group in groups)
    start = starting_point(model, groups) if start is None else start
    last: dict[bytes, list[tuple[Floats, Floats]]] = {}

    def moments_at(z: Floats) -> list[tuple[Floats, Floats]]:
        # Value and curvature are asked for at the same place, one after the other.
        key = z.tobytes()
        if key not in last:
            last.clear()
            free = model.offset + basis @ z
            found = [ordinal_jacobian(model, number, free) for number in range(len(groups))]
            last[key] = [(moments, model.along(jacobian)) for moments, jacobian in found]
        return last[key]

    def at(z: Floats) -> Point:
        value, gradient = 0.0, np.zeros(len(z))
        for (implied, jacobian), group, weight in zip(moments_at(z), groups, weights, strict=True):
            apart = group.moments - implied
            share = (group.n - 1.0) / size
            value += share * float(weight @ apart**2)
            gradient -= 2.0 * share * (jacobian.T @ (weight * apart))
        return Point(value=value if np.isfinite(value) else np.inf, gradient=gradient)

    def curvature(z: Floats) -> Floats:
        total = np.zeros((len(z), len(z)))
        for (_, jacobian), group, weight in zip(moments_at(z), groups, weights, strict=True):
            rooted = jacobian * np.sqrt(2.0 * (group.n - 1.0) / size * weight)[:, None]
            total += rooted.T @ rooted
        return total

    return minimise(at, curvature, reduced(model, start))


def estimate(
    model: Model,
    groups: tuple[OrdinalGroup, ...],
    *,
    unweighted: bool,
    robust: bool,
    start: Floats | None = None,
) -> LeastSquares:
    """Fit a model.

    Parameters
    ----------
    unweighted : bool
        W is 1 throughout; else 1 over the diagonal of Γ.
    robust : bool
        Errors and a scaled and shifted test from the whole of Γ; else W is taken for right.
    start : ndarray of float64, shape (n_free,), optional
        Where to begin, such as the estimates of a similar model.

    Raises
    ------
    EstimationError
        If the information about the parameters is not positive definite.
    """
    weights = weights_of(groups, unweighted=unweighted)
    optimum = search(model, groups, weights, start)
    free = model.offset + model.basis @ optimum.place
    found = [ordinal_jacobian(model, number, free) for number in range(len(groups))]
    jacobians = [model.along(jacobian) for _, jacobian in found]
    n = sum(group.n for group in groups)
    parts = sandwich(
        jacobians, weights, [group.gamma for group in groups], [group.n / n for group in groups]
    )
    spread = (
        robust_covariance(parts, n - len(groups)) if robust else parts.bread / (n - len(groups))
    )
    chi2, df = n * optimum.value, model.n_moments - model.n_parameters
    test = ChiSquare(chi2=chi2, df=df)
    if robust:
        test = scaled_shifted(chi2, df, parts.trace, parts.trace_squared)
    return LeastSquares(
        model=model,
        free=free,
        covariance=model.basis @ spread @ model.basis.T,
        chi2=test,
        weights=weights,
        jacobians=tuple(jacobians),
        implied=tuple(moments for moments, _ in found),
        parts=parts,
        optimum=optimum,
    )


def baseline(groups: tuple[OrdinalGroup, ...], *, unweighted: bool, robust: bool) -> ChiSquare:
    """The model in which items of each group do not correlate; their thresholds fit."""
    weights = weights_of(groups, unweighted=unweighted)
    chi2, df = 0.0, 0
    for group, weight in zip(groups, weights, strict=True):
        cut = group.n_cuts
        chi2 += (group.n - 1.0) * float(weight[cut:] @ group.moments[cut:] ** 2)
        df += len(group.moments) - cut
    if not robust:
        return ChiSquare(chi2=chi2, df=df)
    # A group's share of persons cancels: the weight has it, and Γ is divided by it.
    traces = baseline_traces(weights, [group.gamma for group in groups], groups[0].n_cuts)
    return scaled_shifted(chi2, df, *traces)


def with_likelihood(
    found: LeastSquares, groups: tuple[OrdinalGroup, ...], against: ChiSquare
) -> tuple[ChiSquare, ChiSquare]:
    """The tests of a model and of its baseline, with what their robust indices need."""
    p, cut = found.model.n_items, groups[0].n_cuts
    statistics = catml(
        [group.correlation for group in groups],
        [square(implied[cut:], p, 1.0) for implied in found.implied],
        found.jacobians,
        found.weights,
        [group.gamma for group in groups],
        [group.n for group in groups],
        bread=found.parts.bread,
        df=found.chi2.df,
    )
    return (
        replace(found.chi2, robust_chi2=statistics.chi2, robust_factor=statistics.factor),
        replace(
            against,
            robust_chi2=statistics.chi2_baseline,
            robust_factor=statistics.factor_baseline,
        ),
    )
