"""Scores of persons on the factors of a fitted model, with their errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]
LinearMethod = Literal["regression", "bartlett"]
Row = TypeVar("Row", bound=np.generic)

# An eigenvalue is 0 below this share of the largest one.
SINGULAR = 1e-10
# Persons that are worked on at once: no more matrices, items by items, than that.
BLOCK = 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatentScores:
    """Scores of one group.

    Attributes
    ----------
    scores : numpy.ndarray of float64, shape (n_persons, n_factors)
        In the units of the factors. NaN where nothing was answered, or not what is needed.
    std_error : numpy.ndarray of float64, shape (n_persons, n_factors)
        regression and ebm: standard deviation of the factor given the answers. bartlett: standard
        deviation of the score given the factor. NaN where a variance would be negative.
    converged : numpy.ndarray of bool, shape (n_persons,)
        False where the iteration of ebm had to be given up; the score is then NaN.
    flags : tuple of str
        What is wrong with the model or the answers, see `flags_of`; and ``unknown-category``:
        an answer is none of the item's categories, so that the person has no score.
    """

    scores: Floats
    std_error: Floats
    converged: Bools
    flags: tuple[str, ...]


def flags_of(phi: Floats, theta: Floats, *, ordinal: bool = False) -> tuple[str, ...]:
    """What in a model's matrices stands in the way of scores.

    Parameters
    ----------
    phi : numpy.ndarray of float64, shape (n_factors, n_factors)
        Covariances of the factors.
    theta : numpy.ndarray of float64, shape (n_items, n_items)
        Covariances of the residuals.
    ordinal : bool
        Whether the items are ordinal.

    Returns
    -------
    tuple of str
        ``heywood``: a residual variance is 0 or negative. ``improper-residuals``: they are
        positive, but their matrix is not positive definite. ``improper-factors``: the factors'
        matrix has a negative eigenvalue. ``residual-covariances-ignored``: ordinal scores take
        the answers for independent given the factors, which this model does not.

    Examples
    --------
    >>> flags_of(np.eye(1), np.diag([0.5, -0.1]))
    ('heywood',)
    """
    found = []
    if np.diag(theta).min(initial=1.0) <= 0.0:
        found.append("heywood")
    elif not ordinal and not _positive_definite(theta):
        found.append("improper-residuals")
    if len(phi) and _smallest_share(phi) < -SINGULAR:
        found.append("improper-factors")
    if ordinal and np.any(theta - np.diag(np.diag(theta))):
        found.append("residual-covariances-ignored")
    return tuple(found)


def linear_scores(
    answers: Floats,
    *,
    loadings: Floats,
    phi: Floats,
    theta: Floats,
    nu: Floats,
    factor_means: Floats,
    method: LinearMethod = "regression",
) -> LatentScores:
    """Scores from continuous items, missing answers left out of each person's likelihood.

    Parameters
    ----------
    answers : numpy.ndarray of float64, shape (n_persons, n_items)
        NaN where missing.
    loadings : numpy.ndarray of float64, shape (n_items, n_factors)
        Of items on factors directly; those of a higher-order factor are 0.
    phi : numpy.ndarray of float64, shape (n_factors, n_factors)
        Covariances of the factors, residual variances of lower factors included.
    theta : numpy.ndarray of float64, shape (n_items, n_items)
        Covariances of the residuals.
    nu : numpy.ndarray of float64, shape (n_items,)
        Intercepts; in a model without means, the items' means.
    factor_means : numpy.ndarray of float64, shape (n_factors,)
    method : {"regression", "bartlett"}
        regression: expected factor given the answers. bartlett: generalized least squares,
        unbiased for every value of the factor.

    Notes
    -----
    Thurstone (1935), and Bartlett (1937, doi:10.1111/j.2044-8295.1937.tb00863.x), over the
    items answered: ``E + Φ Λ' Σ⁻¹ (y - μ)`` with variance ``Φ - Φ Λ' Σ⁻¹ Λ Φ``, and
    ``(Λ' Θ⁻¹ Λ)⁻¹ Λ' Θ⁻¹ (y - ν)`` with variance ``(Λ' Θ⁻¹ Λ)⁻¹``. R: ``lavPredict(fit,
    method = "regression" or "Bartlett", se = "standard")``, except that

    - a factor that its answered items do not determine has no Bartlett score, whereas lavaan
      gives the factor's mean or a solution of least norm (higher-order factors have none at all);
    - Bartlett scores of an improper model (`flags_of`) are NaN, as is everything if the implied
      covariances are not positive definite.

    *Checked against* lavaan 0.6-14, 1e-10.

    Examples
    --------
    >>> model = dict(loadings=np.full((3, 1), 0.8), phi=np.eye(1), theta=np.eye(3) * 0.36,
    ...              nu=np.zeros(3), factor_means=np.zeros(1))
    >>> answers = np.array([[1.0, 1.0, 1.0], [1.0, np.nan, np.nan]])
    >>> linear_scores(answers, **model).scores.round(4).tolist()
    [[1.0526], [0.8]]
    >>> linear_scores(answers, **model, method="bartlett").std_error.round(4).tolist()
    [[0.433], [0.75]]
    """
    flags = flags_of(phi, theta)
    scores = np.full((len(answers), len(phi)), np.nan)
    errors = scores.copy()
    if method == "bartlett":
        usable = not {"heywood", "improper-residuals"} & set(flags)
    else:
        usable = _positive_definite(loadings @ phi @ loadings.T + theta)
    if usable:
        centred = answers - (nu + loadings @ factor_means)
        patterns, of_person = distinct_rows(~np.isnan(answers))
        weigh = _bartlett if method == "bartlett" else _regression
        # A block of persons, in the order of their patterns, has few patterns.
        order = np.argsort(of_person, kind="stable")
        for start in range(0, len(order), BLOCK):
            block = order[start : start + BLOCK]
            first, last = of_person[block[0]], of_person[block[-1]] + 1
            seen, which = patterns[first:last], of_person[block] - first
            weights, variances = weigh(seen, loadings, phi, theta)
            nothing = np.where(seen.any(axis=1), 0.0, np.nan)[:, None]
            filled = np.where(seen[which], centred[block], 0.0)
            scores[block] = _applied(weights, which, filled) + factor_means + nothing[which]
            errors[block] = (_root(variances, phi) + nothing)[which]
    converged = np.ones(len(answers), np.bool_)
    return LatentScores(scores=scores, std_error=errors, converged=converged, flags=flags)


def _regression(seen: Bools, loadings: Floats, phi: Floats, theta: Floats) -> tuple[Floats, Floats]:
    """Weights of the items and variances of the factors, pattern by pattern."""
    shared = loadings @ phi
    kept = np.where(seen[:, :, None], shared, 0.0)
    weights = np.linalg.solve(_among(seen, shared @ loadings.T + theta), kept)
    explained = np.einsum("kpm,kpm->km", weights, kept)
    return np.asarray(weights), np.asarray(np.diag(phi) - explained)


def _bartlett(seen: Bools, loadings: Floats, phi: Floats, theta: Floats) -> tuple[Floats, Floats]:
    unit = np.sqrt(np.where(np.diag(phi) > 0.0, np.diag(phi), 1.0))
    kept = np.where(seen[:, :, None], loadings * unit, 0.0)
    weighted = np.linalg.solve(_among(seen, theta), kept)
    roots, vectors = np.linalg.eigh(np.swapaxes(kept, 1, 2) @ weighted)
    given = roots > SINGULAR * np.maximum(roots[:, -1:], 1e-300)
    inverse = (vectors * np.where(given, 1.0 / np.where(given, roots, 1.0), 0.0)[:, None, :]) @ (
        np.swapaxes(vectors, 1, 2)
    )
    # A factor is determined if it lies in the space of the directions that are.
    loose = np.einsum("kij,kj->ki", vectors**2, np.where(given, 0.0, 1.0)) > 1e-8
    weights = np.where(loose[:, None, :], np.nan, (weighted @ inverse) * unit)
    variances = np.where(loose, np.nan, np.einsum("kii->ki", inverse) * unit**2)
    return weights, variances


def _among(seen: Bools, matrix: Floats) -> Floats:
    """The matrix for every pattern, where missing items are uncorrelated and of variance 1."""
    both = seen[:, :, None] & seen[:, None, :]
    return np.asarray(np.where(both, matrix, np.eye(len(matrix))))


def _applied(weights: Floats, which: Integers, values: Floats) -> Floats:
    if len(weights) == 1:
        return np.asarray(values @ weights[0])
    if len(weights) < len(values) / 8:
        parts = np.split(values, np.flatnonzero(np.diff(which)) + 1)
        return np.concatenate([part @ each for part, each in zip(parts, weights, strict=True)])
    return np.asarray(np.einsum("np,npm->nm", values, weights[which]))


def _root(variances: Floats, phi: Floats) -> Floats:
    """What rounding left below 0 is 0; what is truly negative is NaN."""
    rounding = SINGULAR * np.abs(np.diag(phi))
    with np.errstate(invalid="ignore"):
        return np.where(variances < -rounding, np.nan, np.sqrt(np.maximum(variances, 0.0)))


def distinct_rows(rows: NDArray[Row]) -> tuple[NDArray[Row], Integers]:
    """Distinct rows, and which of them each row is."""
    whole = np.ascontiguousarray(rows)
    keys = whole.view(np.dtype((np.void, whole.dtype.itemsize * whole.shape[1]))).ravel()
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    return whole[first], which.ravel()


def _smallest_share(matrix: Floats) -> float:
    """Smallest eigenvalue as a share of the largest, in standard deviations where there are."""
    diagonal = np.diag(matrix)
    unit = np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    roots = np.linalg.eigvalsh(matrix / np.outer(unit, unit))
    return float(roots[0] / max(np.abs(roots).max(), 1e-300))


def _positive_definite(matrix: Floats) -> bool:
    return len(matrix) == 0 or _smallest_share(matrix) > SINGULAR
