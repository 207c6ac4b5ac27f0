"""Criteria of rotation, their descent, and rotation to a target.

A rotation is a matrix M: rotated loadings are ``A M`` and the factors correlate ``(M' M)^-1``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digilitt.errors import EstimationError, Problem
from digilitt.numerics.congruence import align

Floats = NDArray[np.float64]
# Value and gradient, of one matrix of loadings or of a stack of them.
Criterion = Callable[[Floats], tuple[Floats, Floats]]

GEOMIN_EPSILON = 0.01
SMALL_GRADIENT = 1e-5
MAX_DESCENT = 5000
ROUGH_GRADIENT = 1e-2
MAX_ROUGH = 100
HALVINGS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Rotated loadings.

    Attributes
    ----------
    loadings : numpy.ndarray of float64, shape (n_items, n_factors)
        Pattern loadings.
    phi : numpy.ndarray of float64, shape (n_factors, n_factors)
        Correlations of the factors; the identity after an orthogonal rotation.
    matrix : numpy.ndarray of float64, shape (n_factors, n_factors)
        M: the loadings given, times M, are `loadings`.
    criterion : float
        Value of the criterion (the smaller the simpler); NaN where the method has none.
    n_minima : int
        Different solutions in which the starts ended.
    converged : bool
    message : str
        Why not, if not.
    """

    loadings: Floats
    phi: Floats
    matrix: Floats
    criterion: float
    n_minima: int
    converged: bool
    message: str


def _sum(matrices: Floats) -> Floats:
    return np.asarray(matrices.sum(axis=(-2, -1)))


def varimax(loadings: Floats) -> tuple[Floats, Floats]:
    """Minus a quarter of n_items times the summed variances of squared loadings; its gradient.

    Kaiser, H. F. (1958). Psychometrika 23, 187–200, doi:10.1007/BF02289233 (the raw criterion).
    """
    squares = loadings**2
    centred = squares - squares.mean(axis=-2, keepdims=True)
    return -_sum(centred**2) / 4.0, -loadings * centred


def quartimin(loadings: Floats) -> tuple[Floats, Floats]:
    """Half the summed products of squared loadings of an item on two factors; its gradient.

    Jennrich, R. I., and Sampson, P. F. (1966). Psychometrika 31, 313–323,
    doi:10.1007/BF02289465: direct oblimin with gamma 0.
    """
    squares = loadings**2
    others = squares.sum(axis=-1, keepdims=True) - squares
    return _sum(squares * others) / 4.0, loadings * others


def geomin(loadings: Floats) -> tuple[Floats, Floats]:
    """Sum over items of the geometric mean of squared loadings plus 0.01; its gradient.

    Yates, A. (1987). *Multivariate exploratory data analysis*; Browne, M. W. (2001).
    Multivariate Behavioral Research 36, 111–150, doi:10.1207/S15327906MBR3601_05.
    """
    raised = loadings**2 + GEOMIN_EPSILON
    means = np.exp(np.log(raised).mean(axis=-1, keepdims=True))
    return _sum(means), 2.0 / loadings.shape[-1] * loadings / raised * means


def distance_to(target: Floats) -> Criterion:
    """Sum of squared distances from the entries of a target that are not NaN, as a criterion."""
    given = ~np.isnan(target)
    aim = np.where(given, target, 0.0)

    def distance(loadings: Floats) -> tuple[Floats, Floats]:
        away = np.where(given, loadings - aim, 0.0)
        return _sum(away**2), 2.0 * away

    return distance


def factor_correlations(matrix: Floats) -> Floats:
    """``(M' M)^-1``, with a diagonal of exactly 1."""
    phi = np.linalg.inv(matrix.T @ matrix)
    phi = (phi + phi.T) / 2.0
    np.fill_diagonal(phi, 1.0)
    return phi


def slope(gradient: Floats, loadings: Floats, matrix: Floats, *, oblique: bool) -> float:
    """Length of the gradient along the rotations that are allowed; 0 at an optimum.

    Parameters
    ----------
    gradient : numpy.ndarray of float64, shape (n_items, n_factors)
        Of the criterion, in the rotated loadings.
    loadings : numpy.ndarray of float64, shape (n_items, n_factors)
        Rotated.
    matrix : numpy.ndarray of float64, shape (n_factors, n_factors)
        M.
    oblique : bool
    """
    transform: Floats = np.asarray(np.linalg.inv(matrix).T if oblique else matrix)
    return float(np.linalg.norm(_projected(gradient, loadings, transform, oblique=oblique)))


def _projected(gradient: Floats, loadings: Floats, transform: Floats, *, oblique: bool) -> Floats:
    if oblique:
        inside = -np.linalg.solve(_turned(transform), _turned(gradient) @ loadings)
        along = (transform * inside).sum(axis=-2, keepdims=True)
        return np.asarray(inside - transform * along)
    # L = A T, so A' G = T L' G; its symmetric part leads away from orthogonal matrices.
    inside = _turned(loadings) @ gradient
    return np.asarray(transform @ (inside - _turned(inside)) / 2.0)


def _turned(matrices: NDArray[np.floating[Any]]) -> Floats:
    return np.asarray(np.swapaxes(matrices, -1, -2))


def descend(
    loadings: Floats, criterion: Criterion, start: Floats, *, oblique: bool
) -> tuple[Floats, bool]:
    """Gradient projection from an orthogonal start: M, and whether the gradient vanished there.

    Notes
    -----
    Jennrich, R. I. (2002). Psychometrika 67, 7–27, doi:10.1007/BF02294706 (oblique); (2001).
    Psychometrika 66, 289–306, doi:10.1007/BF02294840 (orthogonal).
    """
    transform = start
    rotated = _rotated(loadings, transform, oblique=oblique)
    value, gradient = criterion(rotated)
    step = 1.0
    for _ in range(MAX_DESCENT):
        direction = _projected(gradient, rotated, transform, oblique=oblique)
        square = float((direction**2).sum())
        if square < SMALL_GRADIENT**2:
            return _matrix(transform, oblique=oblique), True
        step *= 2.0
        for _ in range(HALVINGS):
            moved = _on_manifold(transform - step * direction, oblique=oblique)
            candidate = _rotated(loadings, moved, oblique=oblique)
            new_value, new_gradient = criterion(candidate)
            if value - new_value > 0.5 * square * step:
                break
            step /= 2.0
        else:
            return _matrix(transform, oblique=oblique), square < (100 * SMALL_GRADIENT) ** 2
        transform, rotated, value, gradient = moved, candidate, new_value, new_gradient
    return _matrix(transform, oblique=oblique), False


def descend_roughly(
    loadings: Floats, criterion: Criterion, starts: Floats, *, oblique: bool
) -> Floats:
    """Near to where `descend` would end from each of several starts, all at once.

    Parameters
    ----------
    starts : numpy.ndarray of float64, shape (n_starts, n_factors, n_factors)
        Orthogonal.

    Returns
    -------
    numpy.ndarray of float64, shape (n_starts, n_factors, n_factors)
        M of each.
    """
    transform = starts
    rotated = _rotated(loadings, transform, oblique=oblique)
    value, gradient = criterion(rotated)
    step, halved = np.ones(len(starts)), np.zeros(len(starts), dtype=bool)
    for _ in range(MAX_ROUGH):
        direction = _projected(gradient, rotated, transform, oblique=oblique)
        square = _sum(direction**2)
        moving = square >= ROUGH_GRADIENT**2
        if not moving.any():
            break
        # Longer steps only where the last was long enough at once: trying is what takes time.
        step = np.where(moving, np.where(halved, step, 2.0 * step), 0.0)
        halved[:] = False
        for _ in range(10):
            moved = _on_manifold(transform - step[:, None, None] * direction, oblique=oblique)
            candidate = _rotated(loadings, moved, oblique=oblique)
            new_value, new_gradient = criterion(candidate)
            short = moving & (value - new_value <= 0.5 * square * step)
            if not short.any():
                break
            step, halved = np.where(short, step / 2.0, step), halved | short
        transform, rotated, value, gradient = moved, candidate, new_value, new_gradient
    return _matrix(transform, oblique=oblique)


def _matrix(transform: Floats, *, oblique: bool) -> Floats:
    return np.asarray(_turned(np.linalg.inv(transform)) if oblique else transform)


def _rotated(loadings: Floats, transform: Floats, *, oblique: bool) -> Floats:
    if oblique:
        return np.asarray(loadings @ _turned(np.linalg.inv(transform)))
    return np.asarray(loadings @ transform)


def _on_manifold(transform: Floats, *, oblique: bool) -> Floats:
    """The nearest matrix with columns of length 1, or the nearest orthogonal matrix."""
    if oblique:
        return np.asarray(transform / np.sqrt((transform**2).sum(axis=-2, keepdims=True)))
    left, _, right = np.linalg.svd(transform)
    return np.asarray(left @ right)


def random_orthogonal(n: int, rng: np.random.Generator) -> Floats:
    """An orthogonal matrix, every one of them equally likely.

    Notes
    -----
    Mezzadri, F. (2007). Notices of the AMS 54, 592–604: the signs of R make Q uniform.
    """
    q, r = np.linalg.qr(rng.normal(size=(n, n)))
    return np.asarray(q * np.sign(np.diag(r)))


def refuse_flat(loadings: Floats) -> None:
    """Raise if loadings have fewer dimensions than factors."""
    sizes = np.linalg.svd(loadings, compute_uv=False)
    if len(sizes) < loadings.shape[1] or sizes[-1] <= 1e-6 * max(float(sizes[0]), 1e-6):
        message = (
            "the loadings have fewer dimensions than there are factors, so no rotation is the "
            "best; extract fewer factors."
        )
        raise EstimationError([Problem(code="flat-loadings", message=message)])


def distinct(
    loadings: Floats, matrices: list[Floats], criterion: Criterion, alike: float
) -> list[int]:
    """Places of solutions that differ by more than `alike` in a loading, the best first."""
    rotated = [loadings @ matrix for matrix in matrices]
    values = [float(criterion(each)[0]) for each in rotated]
    kept: list[int] = []
    for place in np.argsort(values, kind="stable").tolist():
        turned = (align(rotated[place], rotated[other]).columns(rotated[place]) for other in kept)
        near = (np.abs(t - rotated[o]).max() for t, o in zip(turned, kept, strict=True))
        if all(away > alike for away in near):
            kept.append(place)
    return kept


def ordered(
    loadings: Floats, matrix: Floats, value: float, n_minima: int, message: str
) -> Rotation:
    """Rotate by `matrix`: factors by falling variance, each with loadings that sum to 0 or more."""
    rotated, phi = loadings @ matrix, factor_correlations(matrix)
    order = np.argsort(-np.diag(phi @ rotated.T @ rotated), kind="stable")
    signs = np.where(rotated.sum(axis=0) < 0, -1.0, 1.0)
    matrix = (matrix * signs)[:, order]
    return Rotation(
        loadings=loadings @ matrix,
        phi=(phi * np.outer(signs, signs))[np.ix_(order, order)],
        matrix=matrix,
        criterion=value,
        n_minima=n_minima,
        converged=not message,
        message=message,
    )


def rotate_to_target(
    loadings: Floats,
    target: Floats,
    *,
    oblique: bool,
    n_starts: int = 10,
    rng: np.random.Generator | None = None,
) -> Rotation:
    """Rotate as near as possible to a target, of which entries may be left open.

    Parameters
    ----------
    loadings : numpy.ndarray of float64, shape (n_items, n_factors)
        Unrotated.
    target : numpy.ndarray of float64, shape (n_items, n_factors)
        NaN where a loading may be anything.
    oblique : bool
        Whether factors may correlate.
    n_starts : int
        The first start is nearest to the target with its open entries large, the others are
        random turns. The solution nearest to the target is kept.
    rng : numpy.random.Generator, optional
        For the random turns; without it they are the same every time.

    Returns
    -------
    Rotation
        Its factors stand in the order and direction of the target; a factor of which the target
        gives nothing but zeros, so that it has no direction, has loadings that sum to 0 or more.
        `criterion` is the sum of squared distances from what the target gives.

    Raises
    ------
    EstimationError
        If shapes differ or the target gives fewer than ``n_factors (n_factors - 1)`` entries
        (half as many where factors may not correlate): the rotation is not identified.

    Notes
    -----
    With an orthogonal rotation and no open entry this is Schönemann, P. H. (1966). Psychometrika
    31, 1–10, doi:10.1007/BF02289451, in closed form; else gradient projection. Browne, M. W.
    (1972). British Journal of Mathematical and Statistical Psychology 25, 207–212,
    doi:10.1111/j.2044-8317.1972.tb00492.x.

    Examples
    --------
    >>> unrotated = np.array([[0.6, 0.6], [0.6, -0.6]])
    >>> simple = rotate_to_target(unrotated, np.array([[0.8, 0.0], [0.0, 0.8]]), oblique=False)
    >>> (simple.loadings.round(3) + 0.0).tolist()
    [[0.849, 0.0], [0.0, 0.849]]
    """
    _check_target(loadings, target, oblique=oblique)
    refuse_flat(loadings)
    open_ = np.isnan(target)
    large = np.sqrt((loadings**2).sum(axis=1, keepdims=True)) * open_
    left, _, right = np.linalg.svd(loadings.T @ np.where(open_, large, target))
    first: Floats = np.asarray(left @ right)
    criterion = distance_to(target)
    if oblique or open_.any():
        n_factors, source = loadings.shape[1], np.random.default_rng(1) if rng is None else rng
        turns = [random_orthogonal(n_factors, source) for _ in range(n_starts - 1)]
        ends = [descend(loadings, criterion, start, oblique=oblique) for start in [first, *turns]]
        places = distinct(loadings, [matrix for matrix, _ in ends], criterion, 0.01)
        matrix, converged = ends[places[0]]
    else:
        matrix, converged, places = first, True, [0]
    undirected = (np.nan_to_num(target) == 0.0).all(axis=0)
    rotated = loadings @ matrix
    matrix = matrix * np.where(undirected & (rotated.sum(axis=0) < 0), -1.0, 1.0)
    return Rotation(
        loadings=loadings @ matrix,
        phi=factor_correlations(matrix) if oblique else np.eye(len(matrix)),
        matrix=matrix,
        criterion=float(criterion(rotated)[0]),
        n_minima=len(places),
        converged=converged,
        message="" if converged else "the descent to the target did not come to rest.",
    )


def _check_target(loadings: Floats, target: Floats, *, oblique: bool) -> None:
    n_factors = loadings.shape[1]
    needed = n_factors * (n_factors - 1) // (1 if oblique else 2)
    n_given = int((~np.isnan(target)).sum())
    if target.shape != loadings.shape or n_given < needed:
        message = (
            f"expected {len(loadings)} items by {n_factors} factors of which {needed} or more "
            f"entries are given; found {' by '.join(map(str, target.shape))} and {n_given} given."
        )
        raise EstimationError([Problem(code="bad-target", column="target", message=message)])
