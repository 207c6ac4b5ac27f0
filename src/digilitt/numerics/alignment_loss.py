"""The loss of alignment: configural parameters, how they move with the factors, and derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digilitt.errors import EstimationError, Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configural:
    """One factor in every group, each estimated alone with mean 0 and variance 1.

    Attributes
    ----------
    loadings : numpy.ndarray of float64, shape (n_groups, n_items)
        NaN where a group does not have the item.
    locations : numpy.ndarray of float64, shape (n_groups, n_locations)
        Intercepts, or thresholds item by item; NaN where a group has none.
    item : numpy.ndarray of int64, shape (n_locations,)
        Item of each location.
    sign : float
        1 for intercepts, -1 for thresholds: a higher factor mean lowers thresholds.
    n_persons : numpy.ndarray of float64, shape (n_groups,)
    """

    loadings: Floats
    locations: Floats
    item: NDArray[np.int64]
    sign: float
    n_persons: Floats


def configural(
    loadings: Floats,
    *,
    n_persons: ArrayLike,
    intercepts: Floats | None = None,
    thresholds: Floats | None = None,
) -> Configural:
    """The parameters of groups, with intercepts or thresholds, in the form that alignment takes.

    Parameters
    ----------
    loadings : numpy.ndarray of float64, shape (n_groups, n_items)
    n_persons : array_like, shape (n_groups,)
    intercepts : numpy.ndarray of float64, shape (n_groups, n_items), optional
    thresholds : numpy.ndarray of float64, shape (n_groups, n_items, n_steps), optional
        In the theta parameterization with residual variances of 1, as are then the loadings; NaN
        where an item has fewer categories. One of intercepts and thresholds must be given.

    Returns
    -------
    Configural

    Raises
    ------
    EstimationError
        Fewer than two groups, an item that no group has, or a group whose factor points the
        other way (`alignment-impossible`).
    """
    n_items = loadings.shape[1]
    loadings = np.asarray(loadings, dtype=np.float64)
    if (intercepts is None) == (thresholds is None):
        raise ValueError("alignment takes either intercepts or thresholds")
    if thresholds is None:
        assert intercepts is not None
        locations, item, sign = intercepts, np.arange(n_items), 1.0
    else:
        there = ~np.isnan(thresholds).all(axis=0)
        locations, item, sign = thresholds[:, there], np.nonzero(there)[0], -1.0
    _check_direction(loadings)
    # A location without a loading cannot be moved, nor compared.
    lacking = np.isnan(loadings[:, item])
    return Configural(
        loadings=loadings,
        locations=np.where(lacking, np.nan, locations).astype(np.float64),
        item=np.asarray(item, dtype=np.int64),
        sign=sign,
        n_persons=np.asarray(n_persons, dtype=np.float64),
    )


def _check_direction(loadings: Floats) -> None:
    if len(loadings) < 2 or np.isnan(loadings).all(axis=0).any():
        message = "Alignment needs two groups or more, and items that some group has."
    else:
        turned = np.nansum(loadings * np.nanmedian(loadings, axis=0), axis=1) <= 0.0
        if not turned.any():
            return
        message = (
            f"In groups {np.flatnonzero(turned).tolist()} (counted from 0) the factor points the "
            "other way than in most, or there is no item. Turn the signs of all loadings there."
        )
    raise EstimationError([Problem(code="alignment-impossible", message=message)])


def stacked(groups: Configural) -> tuple[Floats, Floats]:
    """Loadings and locations side by side with 0 for NaN, and the weights of pairs of groups.

    Returns
    -------
    parameters : numpy.ndarray of float64, shape (n_groups, n_parameters)
    weights : numpy.ndarray of float64, shape (n_groups, n_groups, n_parameters)
        Root of the product of both groups' numbers of persons; 0 for a group with itself and
        where either lacks the parameter.
    """
    both = np.concatenate([groups.loadings, groups.locations], axis=1)
    there = (~np.isnan(both)).astype(np.float64)
    roots = np.sqrt(groups.n_persons)[:, None] * there
    weights = roots[:, None, :] * roots[None, :, :]
    weights[np.arange(len(both)), np.arange(len(both))] = 0.0
    return np.nan_to_num(both, nan=0.0), weights


def moved(groups: Configural, parameters: Floats, position: Floats) -> tuple[Floats, Floats]:
    """Parameters once the factors have other means and variances, and their derivatives.

    Parameters
    ----------
    groups : Configural
    parameters : numpy.ndarray of float64, shape (n_groups, n_parameters)
        Of `stacked`.
    position : numpy.ndarray of float64, shape (2, n_groups)
        Logarithm of the standard deviation, and mean.

    Returns
    -------
    aligned : numpy.ndarray of float64, shape (n_groups, n_parameters)
    slopes : numpy.ndarray of float64, shape (2, n_groups, n_parameters)
        By the logarithm and by the mean.

    Notes
    -----
    Loadings ``λ = λ₀ / √ψ``, intercepts ``ν = ν₀ - α λ``, thresholds ``τ = τ₀ + α λ``.
    """
    n_items = groups.loadings.shape[1]
    mean = position[1][:, None]
    loadings = parameters[:, :n_items] * np.exp(-position[0])[:, None]
    own = groups.sign * loadings[:, groups.item]
    aligned = np.concatenate([loadings, parameters[:, n_items:] - mean * own], axis=1)
    by_sd = np.concatenate([-loadings, mean * own], axis=1)
    by_mean = np.concatenate([np.zeros_like(loadings), -own], axis=1)
    return aligned, np.stack([by_sd, by_mean])


def _pair_terms(aligned: Floats, weights: Floats, epsilon: float) -> tuple[float, Floats]:
    """Total loss over pairs of groups, and its derivative by each aligned parameter."""
    apart = aligned[:, None, :] - aligned[None, :, :]
    raised = apart**2 + epsilon
    quarter = np.sqrt(np.sqrt(raised))
    loss = 0.5 * float((weights * quarter).sum())
    return loss, (weights * (0.5 * apart * quarter / raised)).sum(axis=1)


def total_loss(groups: Configural, position: Floats, epsilon: float) -> tuple[float, Floats]:
    """Total loss of alignment and its gradient, the sum of log standard deviations being free.

    Parameters
    ----------
    groups : Configural
    position : numpy.ndarray of float64, shape (2, n_groups)
        Logarithms of the factor's standard deviations, and its means.
    epsilon : float
        Above 0.

    Returns
    -------
    loss : float
    gradient : numpy.ndarray of float64, shape (2, n_groups)

    Notes
    -----
    ``F = Σ_p Σ_{g<h} √(N_g N_h) f(λ_pg - λ_ph) + Σ_p Σ_{g<h} √(N_g N_h) f(ν_pg - ν_ph)`` with
    ``f(x) = √√(x² + ε)``: Asparouhov, T., and Muthén, B. (2014), Structural Equation Modeling 21,
    495–508, doi:10.1080/10705511.2014.919210.

    Examples
    --------
    >>> groups = configural(np.ones((2, 1)), n_persons=[4, 9], intercepts=np.zeros((2, 1)))
    >>> round(total_loss(groups, np.zeros((2, 2)), 0.0001)[0], 6)
    1.2
    """
    parameters, weights = stacked(groups)
    aligned, slopes = moved(groups, parameters, position)
    loss, by_parameter = _pair_terms(aligned, weights, epsilon)
    return loss, (slopes * by_parameter).sum(axis=-1)


def curvature(groups: Configural, position: Floats, epsilon: float) -> tuple[Floats, Floats]:
    """Second derivatives of the total loss: by positions, and by positions and parameters.

    Parameters
    ----------
    groups, position, epsilon
        As in `total_loss`.

    Returns
    -------
    hessian : numpy.ndarray of float64, shape (2 n_groups, 2 n_groups)
    mixed : numpy.ndarray of float64, shape (2 n_groups, n_groups, n_parameters)
        By a position and a configural parameter of a group.
    """
    parameters, weights = stacked(groups)
    aligned, slopes = moved(groups, parameters, position)
    apart = aligned[:, None, :] - aligned[None, :, :]
    raised = apart**2 + epsilon
    quarter = np.sqrt(np.sqrt(raised))
    by_parameter = (weights * (0.5 * apart * quarter / raised)).sum(axis=1)
    pairs = -weights * quarter / raised * (0.5 - 0.75 * apart**2 / raised)
    n_groups, every = len(aligned), np.arange(len(aligned))
    pairs[every, every] = -pairs.sum(axis=1)
    hessian = np.einsum("agp,ghp,bhp->agbh", slopes, pairs, slopes, optimize=True)
    twice, mixed_twice = _second_slopes(groups, slopes, position)
    own = np.einsum("gp,abgp->gab", by_parameter, twice)
    hessian[:, every, :, every] += own
    inner = slopes_by_parameter(groups, position)
    mixed = np.einsum("agp,ghp,hpk->aghk", slopes, pairs, inner, optimize=True)
    mixed[:, every, every] += np.einsum("gp,agpk->agk", by_parameter, mixed_twice)
    size = 2 * n_groups
    return hessian.reshape(size, size), mixed.reshape(size, n_groups, -1)


def slopes_by_parameter(groups: Configural, position: Floats) -> Floats:
    """Derivatives of a group's aligned parameters by its configural ones.

    Returns
    -------
    numpy.ndarray of float64, shape (n_groups, n_parameters, n_parameters)
        First aligned, second configural.
    """
    n_groups, n_items = groups.loadings.shape
    n_parameters = n_items + groups.locations.shape[1]
    shrink = np.exp(-position[0])[:, None]
    inner = np.zeros((n_groups, n_parameters, n_parameters))
    items, places = np.arange(n_items), np.arange(n_items, n_parameters)
    inner[:, items, items] = shrink
    inner[:, places, places] = 1.0
    inner[:, places, groups.item] = -groups.sign * position[1][:, None] * shrink
    return inner


def _second_slopes(groups: Configural, slopes: Floats, position: Floats) -> tuple[Floats, Floats]:
    """Derivatives of the slopes by positions, and by the group's configural parameters."""
    n_groups, n_items = groups.loadings.shape
    n_parameters = slopes.shape[2]
    twice = np.zeros((2, 2, n_groups, n_parameters))
    # Everything that is scaled by 1 / √ψ changes by minus itself with the logarithm.
    twice[0, 0] = -slopes[0]
    twice[0, 1] = twice[1, 0] = -slopes[1]
    items, places = np.arange(n_items), np.arange(n_items, n_parameters)
    shrink = np.exp(-position[0])[:, None]
    mixed = np.zeros((2, n_groups, n_parameters, n_parameters))
    mixed[0][:, items, items] = -shrink
    mixed[0][:, places, groups.item] = groups.sign * position[1][:, None] * shrink
    mixed[1][:, places, groups.item] = -groups.sign * shrink
    return twice, mixed
