"""The search for uniquenesses: what a factor model leaves unexplained, and its derivatives.

With the uniquenesses given, the best loadings are eigenvectors, so that one number per item is
all there is to search for. Gradient and Hessian follow from the derivatives of eigenvalues:
Jöreskog, K. G. (1967). Psychometrika 32, 443–482, doi:10.1007/BF02289658; and (1977), in Enslein
et al. (eds), *Statistical methods for digital computers*, 125–153.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import EstimationError, Problem

Floats = NDArray[np.float64]
# Value, gradient and Hessian at one point, the Hessian only when it is asked for.
Point = tuple[float, Floats, Callable[[], Floats]]

# As psych and factanal do: a uniqueness below this would make an item all factor and no error.
LEAST_UNIQUENESS = 0.005
NEWTON_STEPS = 200
AT_REST = 1e-9
# Correlations all below this are none: any factor of one item alone would fit them.
NO_CORRELATION = 1e-6
NEARLY_AT_REST = 1e-5
# A step this small is rounding, and two roots this near each other count as that far apart.
SMALLEST_STEP = 1e-9
LEAST_GAP = 1e-9
# Beyond, the exponential of a logarithm is no number; a step that long is halved anyhow.
LARGEST_LOG = 700.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """Unrotated factors of a correlation matrix.

    Attributes
    ----------
    loadings : numpy.ndarray of float64, shape (n_items, n_factors)
        Columns by falling sum of squares, each with a sum of 0 or more.
    uniquenesses : numpy.ndarray of float64, shape (n_items,)
        At least 0.005.
    communalities : numpy.ndarray of float64, shape (n_items,)
        Sum of squared loadings.
    heywood : numpy.ndarray of bool, shape (n_items,)
        Where the uniqueness is at its bound of 0.005: an improper solution.
    objective : float
        minres: half the sum of squared residuals, both triangles; ml: the discrepancy.
    converged : bool
    n_iter : int
    message : str
        Why not converged, if not.
    """

    loadings: Floats
    uniquenesses: Floats
    communalities: Floats
    heywood: NDArray[np.bool_]
    objective: float
    converged: bool
    n_iter: int
    message: str


def degrees_of_freedom(n_items: int, n_factors: int) -> int:
    """Correlations less free parameters of an exploratory model; below 0 it is not identified."""
    return ((n_items - n_factors) ** 2 - n_items - n_factors) // 2


def check(r: Floats, n_factors: int) -> None:
    """Raise if `r` is no matrix to factor, or does not identify so many factors."""
    n_items = len(r)
    if r.shape != (n_items, n_items) or not np.isfinite(r).all():
        message = "expected a square matrix of correlations without missing or infinite values."
        raise EstimationError([Problem(code="bad-correlation", message=message)])
    most = sum(degrees_of_freedom(n_items, n) >= 0 for n in range(1, n_items))
    if not 1 <= n_factors <= most:
        message = (
            f"found n_factors={n_factors}; {n_items} items identify 1 to {most} factors."
            if most
            else f"{n_items} items identify no factor; three are the fewest."
        )
        raise EstimationError([Problem(code="too-many-factors", message=message)])
    if np.abs(r - np.diag(np.diag(r))).max() < NO_CORRELATION:
        message = "no two items correlate, so there is no factor to be found."
        raise EstimationError([Problem(code="too-many-factors", message=message)])


def starts(r: Floats, n_factors: int) -> list[Floats]:
    """Uniquenesses to start from; the second in case the first leads to an improper solution."""
    n_items = len(r)
    halves = np.full(n_items, 0.5)
    if np.linalg.eigvalsh(r)[0] < 1e-6:
        return [halves, np.full(n_items, 0.1)]
    first = (1.0 - n_factors / (2.0 * n_items)) / np.diag(np.linalg.inv(r))
    return [np.maximum(first, LEAST_UNIQUENESS), halves]


def least_squares(r: Floats, psi: Floats, n_factors: int) -> Point:
    """Half the sum of squared residuals that the best loadings leave, given uniquenesses `psi`."""
    roots, vectors = np.linalg.eigh(r - np.diag(psi))
    kept = _kept(roots, n_factors, 0.0)
    rest, out = roots[~kept], vectors[:, ~kept]

    def hessian() -> Floats:
        weights = 2.0 * rest[:, None] / _gaps(rest, roots[kept])
        return np.asarray((out @ out.T) ** 2 + _across(out, vectors[:, kept], weights))

    return float((rest**2).sum()) / 2.0, np.asarray(-(out**2) @ rest), hessian


def likelihood(r: Floats, log_psi: Floats, n_factors: int) -> Point:
    """The discrepancy that the best loadings leave, given the logarithms of uniquenesses."""
    scale = np.exp(np.minimum(log_psi, LARGEST_LOG) / 2.0)
    roots, vectors = np.linalg.eigh(r / np.outer(scale, scale))
    kept = _kept(roots, n_factors, 1.0)
    rest, out = roots[~kept], vectors[:, ~kept]
    if rest.min() <= 0.0:
        # A root lost to rounding: nowhere to go, and a search that steps here turns back.
        unknown = np.full(len(r), np.nan)
        return float("inf"), unknown, lambda: np.outer(unknown, unknown)

    def hessian() -> Floats:
        pairs = rest[:, None] + roots[kept]
        weights = (rest[:, None] - 1.0) * pairs / _gaps(rest, roots[kept])
        inner = (out @ out.T) * ((out * rest) @ out.T)
        return np.asarray(inner + _across(out, vectors[:, kept], weights))

    return float((rest - np.log(rest) - 1.0).sum()), -(out**2) @ (rest - 1.0), hessian


def _kept(roots: Floats, n_factors: int, floor: float) -> NDArray[np.bool_]:
    """The largest roots, as many as there are factors, but none that leaves no loading."""
    kept = np.zeros(len(roots), dtype=bool)
    kept[-n_factors:] = True
    return np.asarray(kept & (roots > floor + 1e-12))


def _gaps(rest: Floats, kept: Floats) -> Floats:
    """How far each root left out is below each one kept; never 0, not even where they are equal."""
    return np.asarray(np.minimum(rest[:, None] - kept, -LEAST_GAP))


def _across(out: Floats, kept: Floats, weights: Floats) -> Floats:
    """Sum over pairs of a root left out and one kept of ``w (v∘u)(v∘u)'``."""
    products = (out[:, :, None] * kept[:, None, :]).reshape(len(out), -1)
    return np.asarray((products * weights.ravel()) @ products.T)


def search(
    at: Callable[[Floats], Point], starts: list[Floats], low: float
) -> tuple[Floats, float, bool, int]:
    """The smallest value found with all entries at `low` or more: where, value, at rest, steps.

    The second start is tried only where the first ends at the bound or does not come to rest.
    """
    first = _newton_from(at, starts[0], low)
    if first[2] and first[0].min() > low:
        return first
    second = _newton_from(at, starts[1], low)
    return min((first, second), key=lambda found: (not found[2], found[1]))


def _newton_from(
    at: Callable[[Floats], Point], start: Floats, low: float
) -> tuple[Floats, float, bool, int]:
    x = start
    value, gradient, hessian = at(x)
    for n_iter in range(NEWTON_STEPS):
        free = (x > low) | (gradient < 0)
        size = float(np.abs(gradient[free]).max(initial=0.0))
        if size < AT_REST:
            return x, value, True, n_iter
        curvature = hessian()[np.ix_(free, free)]
        if not np.isfinite(curvature).all():
            return x, value, False, n_iter
        roots, vectors = np.linalg.eigh(curvature)
        # Off the valley floor the Hessian bends the other way too; its size still gives a step.
        bent = np.maximum(np.abs(roots), 1e-6 * max(1.0, float(np.abs(roots).max(initial=0.0))))
        step = np.zeros(len(x))
        step[free] = -vectors @ ((vectors.T @ gradient[free]) / bent)
        for halving in range(40):
            moved = np.maximum(x + step * 0.5**halving, low)
            found = at(moved)
            if found[0] <= value + 1e-4 * float(gradient @ (moved - x)):
                break
        else:
            return x, value, size < NEARLY_AT_REST, n_iter
        if np.abs(moved - x).max() <= SMALLEST_STEP and size < NEARLY_AT_REST:
            return x, value, True, n_iter
        x, (value, gradient, hessian) = moved, found
    return x, value, size < NEARLY_AT_REST, NEWTON_STEPS


def extraction(
    loadings: Floats, psi: Floats, value: float, converged: bool, n_iter: int
) -> Extraction:
    """What a search found, each factor turned to loadings that sum to 0 or more."""
    loadings = loadings * np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    return Extraction(
        loadings=loadings,
        uniquenesses=psi,
        communalities=(loadings**2).sum(axis=1),
        heywood=np.asarray(psi <= LEAST_UNIQUENESS * (1 + 1e-9)),
        objective=value,
        converged=converged,
        n_iter=n_iter,
        message="" if converged else f"not at rest after {n_iter} Newton steps.",
    )
