"""Scores of persons on the factors behind ordinal items, with their errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, ndtr

from digilitt.numerics.latent_scores import (
    Bools,
    Floats,
    Integers,
    LatentScores,
    distinct_rows,
    flags_of,
)

Codes = NDArray[np.int16]

# Newton stops when no factor moves by more than this, in its standard deviations.
SMALL_STEP = 1e-9
MAX_STEPS = 100
# Answer patterns that are worked on at once.
BLOCK = 4096
# Below this, a probability is taken as a multiple of a density.
RARE = 1e-9
# In the place of infinity, so that bounds can be added.
FAR = 1e8
ROOT_TWO = float(np.sqrt(2.0))
ROOT_TWO_PI = float(np.sqrt(2.0 * np.pi))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Posterior:
    """A model of ordinal items, its factors turned into independent ones.

    ``slopes`` (p, r), ``edges`` (p, most categories + 1): bounds of the categories, both in units
    of the residuals; NaN beyond an item's categories. ``products`` (p, r * r).
    """

    slopes: Floats
    edges: Floats
    products: Floats


def ordinal_scores(
    answers: Floats,
    *,
    loadings: Floats,
    phi: Floats,
    theta: Floats,
    nu: Floats,
    factor_means: Floats,
    thresholds: Floats,
    item_of_threshold: Integers,
) -> LatentScores:
    """Scores from ordinal items: the most probable factors given the answers (ebm).

    Parameters
    ----------
    answers : numpy.ndarray of float64, shape (n_persons, n_items)
        Category of each answer, from 0; NaN where missing.
    loadings, phi, nu, factor_means
        As in `linear_scores`, for the normal variables behind the answers.
    theta : numpy.ndarray of float64, shape (n_items, n_items)
        In the delta form the diagonal is what the variances leave.
    thresholds : numpy.ndarray of float64, shape (n_thresholds,)
        Those of an item together and in order; before standardization.
    item_of_threshold : numpy.ndarray of int64, shape (n_thresholds,)

    Notes
    -----
    The mode of ``Σ ln[Φ((τ_k - ν - λ'η) / √θ) - Φ((τ_k-1 - ν - λ'η) / √θ)] - ½ (η - E)' Φ⁻¹
    (η - E)`` over the items answered, by Newton's method; it is concave. Standard errors are from
    the inverse of its observed curvature (a normal approximation of the posterior). Residual
    covariances play no part. R: ``lavPredict(fit, method = "EBM")`` of one group in the delta
    form. It has no standard errors; in a later group it takes loadings and intercepts of the
    first; in the theta form it standardizes loadings and thresholds, but not the residuals; and
    it gives no category less than 2.2e-16. Ours does none of this, so that both forms of a model
    give the same scores.

    Everything is NaN where a residual variance is 0 or negative, or the factors' matrix has a
    negative eigenvalue (`flags_of`).

    *Checked against* lavaan 0.6-14, 5e-5 (it stops there), and, errors included, against
    numDeriv's derivatives of the posterior in R, 1e-8.

    Examples
    --------
    >>> answers = np.array([[0, 1, 1], [1, 1, 1], [1, np.nan, np.nan]])
    >>> found = ordinal_scores(
    ...     answers, loadings=np.full((3, 1), 0.7), phi=np.eye(1), theta=np.eye(3) * 0.51,
    ...     nu=np.zeros(3), factor_means=np.zeros(1), thresholds=np.zeros(3),
    ...     item_of_threshold=np.arange(3),
    ... )
    >>> found.scores[:, 0].round(4).tolist()
    [0.2791, 0.9372, 0.5027]
    """
    n_persons, n_factors = len(answers), len(phi)
    flags = flags_of(phi, theta, ordinal=True)
    codes, unknown = _codes(answers, item_of_threshold)
    if unknown.any():
        flags += ("unknown-category",)
    scores = np.full((n_persons, n_factors), np.nan)
    errors, converged = scores.copy(), np.ones(n_persons, np.bool_)
    if not {"heywood", "improper-factors"} & set(flags):
        residual, root = np.sqrt(np.diag(theta)), _root(phi)
        centre = nu + loadings @ factor_means
        slopes = (loadings / residual[:, None]) @ root
        cuts = (thresholds - centre[item_of_threshold]) / residual[item_of_threshold]
        pairs = slopes[:, :, None] * slopes[:, None, :]
        model = _Posterior(
            slopes=slopes,
            edges=_edges(cuts, item_of_threshold, len(theta)),
            products=pairs.reshape(len(theta), -1),
        )
        patterns, of_person = distinct_rows(codes)
        modes, inverse, reached = _modes(model, patterns)
        found = modes @ root.T + factor_means
        spread = np.sqrt(np.einsum("ij,kjl,il->ki", root, inverse, root))
        usable = (patterns >= 0).any(axis=1) & reached
        found[~usable] = spread[~usable] = np.nan
        scores, errors, converged = found[of_person], spread[of_person], reached[of_person]
        scores[unknown] = errors[unknown] = np.nan
    return LatentScores(scores=scores, std_error=errors, converged=converged, flags=flags)


def _codes(answers: Floats, item_of_threshold: Integers) -> tuple[Codes, Bools]:
    """Categories, -1 where missing, and who has an answer that is none."""
    missing = np.isnan(answers)
    last = np.bincount(item_of_threshold, minlength=answers.shape[1])
    with np.errstate(invalid="ignore"):
        wrong = ~missing & ~((answers >= 0) & (answers <= last) & (answers == np.floor(answers)))
    codes = np.where(missing | wrong, -1, answers).astype(np.int16)
    return codes, np.asarray(wrong.any(axis=1))


def _edges(cuts: Floats, item: Integers, n_items: int) -> Floats:
    many = np.bincount(item, minlength=n_items)
    edges = np.full((n_items, int(many.max(initial=0)) + 2), np.nan)
    edges[:, 0] = -FAR
    rank = np.arange(len(item)) - np.searchsorted(item, item)
    edges[item, rank + 1] = cuts
    edges[np.arange(n_items), many + 1] = FAR
    return edges


def _modes(model: _Posterior, patterns: Codes) -> tuple[Floats, Floats, Bools]:
    """Modes of the independent factors, inverse curvatures there, and which were reached."""
    n_patterns, n_factors = len(patterns), model.slopes.shape[1]
    modes = np.zeros((n_patterns, n_factors))
    inverse = np.zeros((n_patterns, n_factors, n_factors))
    reached = np.zeros(n_patterns, np.bool_)
    for start in range(0, n_patterns, BLOCK):
        block = slice(start, start + BLOCK)
        modes[block], inverse[block], reached[block] = _block_of_modes(model, patterns[block])
    return modes, inverse, reached


def _block_of_modes(model: _Posterior, patterns: Codes) -> tuple[Floats, Floats, Bools]:
    n_factors = model.slopes.shape[1]
    item = np.arange(patterns.shape[1])
    seen, code = patterns >= 0, np.maximum(patterns, 0)
    low = np.where(seen, model.edges[item, code], -FAR)
    high = np.where(seen, model.edges[item, code + 1], FAR)
    modes = np.zeros((len(patterns), n_factors))
    curvatures = np.zeros((len(patterns), n_factors, n_factors))
    reached = np.zeros(len(patterns), np.bool_)
    left = np.arange(len(patterns))
    value, gradient, curvature = _evaluated(model, low, high, modes)
    for _ in range(MAX_STEPS):
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        tried = modes[left] + step
        found, slope, bend = _evaluated(model, low[left], high[left], tried)
        # Halved until the posterior is no smaller; it is concave, so that this ends.
        share = np.ones(len(left))
        worse = np.flatnonzero(~(found >= value - 1e-12 * np.abs(value)))
        while len(worse) and share[worse[0]] > 1e-9:
            share[worse] /= 2.0
            tried[worse] = modes[left[worse]] + share[worse, None] * step[worse]
            again = _evaluated(model, low[left[worse]], high[left[worse]], tried[worse])
            found[worse], slope[worse], bend[worse] = again
            worse = worse[~(again[0] >= value[worse] - 1e-12 * np.abs(value[worse]))]
        modes[left], curvatures[left] = tried, bend
        done = np.abs(step).max(axis=1, initial=0.0) < SMALL_STEP
        reached[left[done]] = True
        going = ~done
        left, value, gradient, curvature = left[going], found[going], slope[going], bend[going]
        if not len(left):
            break
    return modes, np.asarray(np.linalg.inv(curvatures)), reached


def _evaluated(
    model: _Posterior, low: Floats, high: Floats, at: Floats
) -> tuple[Floats, Floats, Floats]:
    """Log posterior, its gradient and its negative curvature, for many persons."""
    centre = at @ model.slopes.T
    value, slope, bend = category_of(low - centre, high - centre)
    n_factors = at.shape[1]
    log_posterior = value.sum(axis=1) - 0.5 * (at * at).sum(axis=1)
    gradient = slope @ model.slopes - at
    curvature = (bend @ model.products).reshape(-1, n_factors, n_factors) + np.eye(n_factors)
    return log_posterior, gradient, curvature


def category_of(low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    """Log probability between two bounds, however small, and what it does as the centre grows.

    Parameters
    ----------
    low, high : numpy.ndarray of float64
        Bounds less the centre, finite.

    Returns
    -------
    value, slope, bend : numpy.ndarray of float64
        The slope is the mean of a standard normal variable known to be between the bounds, the
        bend (the negative second derivative) 1 less its variance, from 0 to 1.
    """
    # On the upper side the mirror image has the smaller probabilities, which lose no digits.
    turned = low + high > 0.0
    a, b = np.where(turned, -high, low), np.where(turned, -low, high)
    probability = ndtr(b) - ndtr(a)
    density_a, density_b = np.exp(-0.5 * a * a) / ROOT_TWO_PI, np.exp(-0.5 * b * b) / ROOT_TWO_PI
    rare = probability < RARE
    safe = np.where(rare, 1.0, probability)
    value, mean = np.log(safe), (density_a - density_b) / safe
    bend = (b * density_b - a * density_a) / safe + mean * mean
    if rare.any():
        value[rare], mean[rare], bend[rare] = _far_category(a[rare], b[rare])
    return value, np.where(turned, -mean, mean), np.clip(bend, 0.0, 1.0)


def _far_category(a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
    """The same for bounds whose sum is 0 or negative, as multiples of the density at b."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.exp(0.5 * (b - a) * (a + b))
        mass = 0.5 * (erfcx(-b / ROOT_TWO) - ratio * erfcx(-a / ROOT_TWO))
        upper = 1.0 / (ROOT_TWO_PI * mass)
        mean = upper * (ratio - 1.0)
        # What is left of b φ(b) - a φ(a) when the squares that cancel are taken out.
        bend = mean * (mean - b) + (b - a) * ratio * upper
        return np.log(mass) - 0.5 * b * b, mean, bend


def _root(phi: Floats) -> Floats:
    """A matrix whose product with its transpose is phi, which may be singular."""
    roots, vectors = np.linalg.eigh(phi)
    return np.asarray(vectors * np.sqrt(np.maximum(roots, 0.0)))
