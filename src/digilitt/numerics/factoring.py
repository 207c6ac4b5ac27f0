"""Factor extraction and rotation; whether a correlation matrix is worth factoring.

factor_analyzer is used here alone, inside functions, and of it `Rotator` alone: its `fit` does
not run with current scikit-learn, and its equamax, oblimax and variances are not what they say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from digilitt.errors import EstimationError, Problem
from digilitt.numerics.rotation import (
    GEOMIN_EPSILON,
    MAX_DESCENT,
    Criterion,
    Rotation,
    descend_roughly,
    distinct,
    geomin,
    ordered,
    quartimin,
    random_orthogonal,
    refuse_flat,
    slope,
    varimax,
)
from digilitt.numerics.uniqueness import (
    LEAST_UNIQUENESS,
    Extraction,
    check,
    extraction,
    least_squares,
    likelihood,
    search,
    starts,
)

Floats = NDArray[np.float64]


# method → criterion, whether oblique, and factor_analyzer's name
CRITERIA: dict[str, tuple[Criterion, bool, str]] = {
    "varimax": (varimax, False, "varimax"),
    "promax": (varimax, False, "varimax"),
    "oblimin": (quartimin, True, "oblimin"),
    "quartimin": (quartimin, True, "quartimin"),
    "geomin": (geomin, True, "geomin_obl"),
}
PROMAX_POWER = 4
# Smallest eigenvalue of a correlation matrix that is still inverted.
SINGULAR = 1e-10
FINE = 1e-5
ALIKE_ROUGHLY, ALIKE = 0.05, 0.01


def minres(r: Floats, n_factors: int) -> Extraction:
    """Factors with the smallest squared residual correlations (unweighted least squares).

    Parameters
    ----------
    r : numpy.ndarray of float64, shape (n_items, n_items)
        Correlation matrix; it need not be positive definite.
    n_factors : int
        From 1 to the number that leaves 0 or more degrees of freedom.

    Raises
    ------
    EstimationError
        If there are too many factors to identify, or `r` is no finite square matrix.

    Notes
    -----
    Half the sum of squared eigenvalues of ``r - diag(psi)`` beyond the first `n_factors`, by
    Newton's method in psi with the exact Hessian, psi held at 0.005 or more. Harman, H. H., and
    Jones, W. H. (1966). Psychometrika 31, 351–368, doi:10.1007/BF02289468; Jöreskog, K. G.
    (1977), in Enslein et al. (eds), *Statistical methods for digital computers*, 125–153.

    Examples
    --------
    >>> one = np.array([0.8, 0.7, 0.6, 0.5])
    >>> r = np.outer(one, one) + np.diag(1 - one**2)
    >>> minres(r, 1).loadings[:, 0].round(6).tolist()
    [0.8, 0.7, 0.6, 0.5]
    """
    check(r, n_factors)
    psi, value, converged, n_iter = search(
        lambda psi: least_squares(r, psi, n_factors), starts(r, n_factors), LEAST_UNIQUENESS
    )
    roots, vectors = np.linalg.eigh(r - np.diag(psi))
    loadings = vectors[:, ::-1][:, :n_factors] * np.sqrt(np.maximum(roots[::-1][:n_factors], 0.0))
    return extraction(loadings, psi, value, converged, n_iter)


def ml(r: Floats, n_factors: int) -> Extraction:
    """Maximum-likelihood factors.

    Parameters
    ----------
    r : numpy.ndarray of float64, shape (n_items, n_items)
        Correlation matrix, positive definite.
    n_factors : int
        As for `minres`.

    Raises
    ------
    EstimationError
        As `minres`, and if `r` is not positive definite.

    Notes
    -----
    ``sum(g - log(g) - 1)`` over the eigenvalues `g` of ``psi^-1/2 r psi^-1/2`` beyond the first
    `n_factors`, by Newton's method in log(psi) with the exact Hessian, psi held at 0.005 or more.
    Jöreskog, K. G. (1967). Psychometrika 32, 443–482, doi:10.1007/BF02289658.

    Examples
    --------
    >>> one = np.array([0.8, 0.7, 0.6, 0.5])
    >>> r = np.outer(one, one) + np.diag(1 - one**2)
    >>> ml(r, 1).uniquenesses.round(6).tolist()
    [0.36, 0.51, 0.64, 0.75]
    """
    check(r, n_factors)
    if np.linalg.eigvalsh(r)[0] <= SINGULAR:
        message = (
            "maximum likelihood needs a positive definite correlation matrix, and this one is "
            "not; use method='minres', or drop items that others determine."
        )
        raise EstimationError([Problem(code="not-positive-definite", message=message)])
    logs, value, converged, n_iter = search(
        lambda log_psi: likelihood(r, log_psi, n_factors),
        [np.log(start) for start in starts(r, n_factors)],
        float(np.log(LEAST_UNIQUENESS)),
    )
    psi = np.exp(logs)
    scale = np.sqrt(psi)
    roots, vectors = np.linalg.eigh(r / np.outer(scale, scale))
    lengths = np.sqrt(np.maximum(roots[::-1][:n_factors] - 1.0, 0.0))
    loadings = scale[:, None] * vectors[:, ::-1][:, :n_factors] * lengths
    return extraction(loadings, psi, value, converged, n_iter)


def rotate(
    loadings: Floats,
    method: str,
    *,
    normalize: bool = False,
    n_starts: int = 1,
    rng: np.random.Generator | None = None,
) -> Rotation:
    """Rotate to a simple structure.

    Parameters
    ----------
    loadings : numpy.ndarray of float64, shape (n_items, n_factors)
        Unrotated.
    method : {"varimax", "promax", "oblimin", "quartimin", "geomin"}
        oblimin is direct oblimin with gamma 0, which is quartimin; geomin is oblique with
        epsilon 0.01; promax has power 4.
    normalize : bool
        Kaiser's: give every item a communality of 1 while rotating.
    n_starts : int
        The first start is the loadings as they stand, the others random turns of them. The
        solution with the smallest criterion is kept; for promax, of its varimax.
    rng : numpy.random.Generator, optional
        For the random turns; without it they are the same every time.

    Returns
    -------
    Rotation
        Factors by falling variance (with their correlations), each with loadings that sum to 0
        or more. With one factor nothing is rotated.

    Raises
    ------
    EstimationError
        If the loadings have fewer dimensions than factors, so that no rotation is the best.

    Notes
    -----
    Of several starts, a rough descent of our own tells which lead to different solutions, and
    factor_analyzer's `Rotator` goes all the way from one of each. Promax: Hendrickson, A. E., and
    White, P. O. (1964). British Journal of Statistical Psychology 17, 65–70,
    doi:10.1111/j.2044-8317.1964.tb00244.x.

    Examples
    --------
    >>> turned = np.array([[0.6, 0.6], [0.5, 0.5], [0.6, -0.6], [0.5, -0.5]])
    >>> (rotate(turned, "varimax").loadings.round(3) + 0.0).tolist()
    [[0.849, 0.0], [0.707, 0.0], [0.0, 0.849], [0.0, 0.707]]
    """
    criterion, oblique, name = CRITERIA[method]
    n_factors = loadings.shape[1]
    weights = np.sqrt((loadings**2).sum(axis=1, keepdims=True)) if normalize else np.ones((1, 1))
    scaled = loadings / np.where(weights > 0, weights, 1.0)
    if n_factors == 1:
        value, _ = criterion(scaled)
        matrix = np.where(loadings.sum() < 0, -1.0, 1.0).reshape(1, 1)
        return ordered(loadings, matrix, float(value), 1, "")
    refuse_flat(scaled)
    source = np.random.default_rng(1) if rng is None else rng
    random = [random_orthogonal(n_factors, source) for _ in range(n_starts - 1)]
    first = np.eye(n_factors)
    if slope(criterion(scaled)[1], scaled, first, oblique=oblique) < FINE:
        # A start where the criterion is flat may be the worst place there is; leave it.
        random.append(random_orthogonal(n_factors, source))
    found = _minima(scaled, name, criterion, oblique, [first, *random])
    least, matrix = found[0]
    rotated = scaled @ matrix
    size = slope(criterion(rotated)[1], rotated, matrix, oblique=oblique)
    message = "" if size < 10 * FINE else f"{method}: the gradient is still {size:.1e}."
    if method == "promax":
        least, matrix = float("nan"), matrix @ _rotator(rotated, "promax")
    return ordered(loadings, matrix, least, len(found), message)


def _minima(
    loadings: Floats, name: str, criterion: Criterion, oblique: bool, starts: list[Floats]
) -> list[tuple[float, Floats]]:
    """Value and matrix of the different solutions that the starts lead to, the best first."""
    if len(starts) > 1:
        rough = [*descend_roughly(loadings, criterion, np.array(starts), oblique=oblique)]
        starts = [starts[i] for i in distinct(loadings, rough, criterion, ALIKE_ROUGHLY)]
    fine = [start @ _rotator(loadings @ start, name) for start in starts]
    kept = [fine[i] for i in distinct(loadings, fine, criterion, ALIKE)]
    return [(float(criterion(loadings @ matrix)[0]), matrix) for matrix in kept]


def _rotator(loadings: Floats, name: str) -> Floats:
    """The matrix that factor_analyzer rotates these loadings by, from where they stand."""
    from factor_analyzer import Rotator

    rotator = Rotator(
        method=name,
        normalize=False,
        power=PROMAX_POWER,
        delta=GEOMIN_EPSILON,
        max_iter=MAX_DESCENT,
        # Varimax stops when its criterion grows by less than this share, which is sooner.
        tol=FINE**2 * 1e-3 if name == "varimax" else FINE,
    )
    try:
        with np.errstate(all="ignore"):
            rotated = rotator.fit_transform(loadings)
            turned = np.asarray(rotator.rotation_, dtype=np.float64)
            matrix = turned if rotator.phi_ is None or name == "promax" else np.linalg.inv(turned).T
    except np.linalg.LinAlgError:
        rotated = np.full_like(loadings, np.nan)
    if not np.isfinite(rotated).all():
        message = f"{name} led to factors that no longer differ; extract fewer factors."
        raise EstimationError([Problem(code="flat-loadings", message=message)])
    return np.asarray(matrix)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchmidLeiman:
    """A general factor and group factors, all uncorrelated.

    Attributes
    ----------
    general : numpy.ndarray of float64, shape (n_items,)
    group : numpy.ndarray of float64, shape (n_items, n_factors)
    second_order : numpy.ndarray of float64, shape (n_factors,)
        Loadings of the oblique factors on the general one.
    proper : bool
        Whether every factor leaves some of its variance to itself.
    identified : bool
        False with two factors: their one correlation is then shared out evenly.
    """

    general: Floats
    group: Floats
    second_order: Floats
    proper: bool
    identified: bool


def schmid_leiman(loadings: Floats, phi: Floats) -> SchmidLeiman:
    """A general factor behind correlated factors, and what it leaves to each of them.

    Parameters
    ----------
    loadings : numpy.ndarray of float64, shape (n_items, n_factors)
        Pattern loadings, oblique.
    phi : numpy.ndarray of float64, shape (n_factors, n_factors)
        Correlations of the factors.

    Raises
    ------
    EstimationError
        With one factor: there is nothing behind it.

    Notes
    -----
    One minres factor `g` of `phi`; general loadings are ``P g``, group loadings
    ``P sqrt(1 - g²)``. Schmid, J., and Leiman, J. M. (1957). Psychometrika 22, 53–61,
    doi:10.1007/BF02289209. With two factors, ``g = sqrt(|phi|)`` for both, the second with the
    sign of `phi`.

    Examples
    --------
    >>> phi = np.array([[1.0, 0.49], [0.49, 1.0]])
    >>> schmid_leiman(np.array([[0.8, 0.0], [0.0, 0.6]]), phi).general.round(2).tolist()
    [0.56, 0.42]
    """
    n_factors = len(phi)
    if n_factors == 1:
        message = "one factor has no general factor behind it; extract two or more."
        raise EstimationError([Problem(code="one-factor", message=message)])
    if n_factors == 2:
        shared = float(phi[0, 1])
        behind = np.sqrt(abs(shared)) * np.array([1.0, -1.0 if shared < 0 else 1.0])
        proper = abs(shared) < 1.0
    else:
        found = minres(phi, 1)
        behind, proper = found.loadings[:, 0], not bool(found.heywood.any())
    return SchmidLeiman(
        general=loadings @ behind,
        group=loadings * np.sqrt(np.maximum(1.0 - behind**2, 0.0)),
        second_order=behind,
        proper=proper,
        identified=n_factors > 2,
    )


def kmo(r: Floats) -> tuple[float, Floats]:
    """Kaiser's measure of sampling adequacy, of all items together and of each.

    Parameters
    ----------
    r : numpy.ndarray of float64, shape (n_items, n_items)
        Correlation matrix.

    Returns
    -------
    overall : float
        From 0 to 1; NaN, like all of the next, if `r` is not positive definite.
    items : numpy.ndarray of float64, shape (n_items,)

    Notes
    -----
    Squared correlations as a share of these and the squared partial correlations: Kaiser, H. F.,
    and Rice, J. (1974). Educational and Psychological Measurement 34, 111–117,
    doi:10.1177/001316447403400115.

    Examples
    --------
    >>> overall, items = kmo(np.array([[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]]))
    >>> round(overall, 6), items.round(6).tolist()
    (0.692308, [0.692308, 0.692308, 0.692308])
    """
    if not np.isfinite(r).all() or np.linalg.eigvalsh(r)[0] <= SINGULAR:
        return float("nan"), np.full(len(r), np.nan)
    inverse = np.linalg.inv(r)
    sizes = np.sqrt(np.diag(inverse))
    off = ~np.eye(len(r), dtype=bool)
    whole = (r**2 * off).sum(axis=0)
    partial = ((inverse / np.outer(sizes, sizes)) ** 2 * off).sum(axis=0)
    items = np.divide(whole, whole + partial, out=np.full(len(r), np.nan), where=whole > 0)
    total = float(whole.sum() + partial.sum())
    return float(whole.sum()) / total if total > 0 else float("nan"), items


def bartlett(r: Floats, n: float) -> tuple[float, int, float]:
    """Bartlett's test that no two items correlate: chi2, df and p.

    Parameters
    ----------
    r : numpy.ndarray of float64, shape (n_items, n_items)
        Correlation matrix.
    n : float
        Persons.

    Returns
    -------
    chi2 : float
        NaN, like the next but one, if `r` is not positive definite.
    df : int
    p_value : float

    Notes
    -----
    ``-(n - 1 - (2 p + 5) / 6) log |r|``: Bartlett, M. S. (1951). Biometrika 38, 337–344,
    doi:10.1093/biomet/38.3-4.337.

    Examples
    --------
    >>> chi2, df, p_value = bartlett(np.array([[1.0, 0.5], [0.5, 1.0]]), 101)
    >>> round(chi2, 4), df, p_value < 1e-6
    (28.3367, 1, True)
    """
    n_items = len(r)
    df = n_items * (n_items - 1) // 2
    if not np.isfinite(r).all() or np.linalg.eigvalsh(r)[0] <= SINGULAR or df == 0:
        return float("nan"), df, float("nan")
    chi2 = -(n - 1 - (2 * n_items + 5) / 6) * float(np.linalg.slogdet(r)[1])
    return chi2, df, float(chdtrc(df, chi2)) if chi2 >= 0 else float("nan")
