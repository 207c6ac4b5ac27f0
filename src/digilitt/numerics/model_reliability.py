"""Reliability, and how distinct factors are, from the matrices of a fitted model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from digilitt.numerics.reliability_omega import categorical

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

# A loading below this, in standard deviations of the item and the factor, is none.
NO_LOADING = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """A share of variance for each factor.

    Attributes
    ----------
    values : numpy.ndarray of float64, shape (n_factors,)
        NaN where there is a reason.
    reasons : tuple of str
        For each factor: "" where there is a value; ``one-item``: the factor has fewer than two
        items; ``no-own-items``: none of its own, a higher-order factor; ``cross-loadings``: an
        item of it loads on another factor; ``improper-factor``: its variance is 0 or negative;
        ``heywood``: an item has a standardized loading beyond 1; ``no-variance``: the sum of its
        items has no positive variance, or a covariance is missing.
    """

    values: Floats
    reasons: tuple[str, ...]


def model_omega(total: Floats, phi: Floats, covariance: Floats) -> Shares:
    """Omega of the sum of each factor's items: the share of its variance that is the factor's.

    Parameters
    ----------
    total : numpy.ndarray of float64, shape (n_items, n_factors)
        What a factor does to items, through factors below it included: ``Λ (I - B)⁻¹``. Without
        higher-order factors the loadings.
    phi : numpy.ndarray of float64, shape (n_factors, n_factors)
        Covariances of the factors.
    covariance : numpy.ndarray of float64, shape (n_items, n_items)
        Observed; or implied by the model, and then it is another coefficient, to be named so. For
        ordinal items correlations of the variables behind them, `total` on the same scale: this
        is then the reliability of a sum that nobody can observe.

    Notes
    -----
    ``(Σ λ)² φ / 1' S 1`` over the items that load on the factor (McDonald, 1999). What other
    factors or residual covariances add stands in the denominator alone, so that in a bifactor
    model the general factor has omega hierarchical, a group factor omega hierarchical of its
    subscale, and a higher-order factor what it explains through the lower ones.
    R: ``semTools::compRelSEM(fit)``, with ``higher =`` the higher-order factors; ``obs.var =
    FALSE`` for implied covariances. There a factor above a higher-order factor has 0, as only
    one step down is followed.

    *Checked against* semTools 0.5-6, 1e-9.

    Examples
    --------
    >>> loadings = np.array([[0.8], [0.7], [0.6]])
    >>> implied = loadings @ loadings.T + np.diag(1 - loadings[:, 0] ** 2)
    >>> model_omega(loadings, np.eye(1), implied).values.round(4).tolist()
    [0.7449]
    """
    loads = _loads(total, phi, covariance)
    found, reasons = np.full(len(phi), np.nan), []
    for f, items in enumerate(loads.T):
        whole = float(covariance[np.ix_(items, items)].sum())
        reason = _reason(phi[f, f], items, whole)
        if not reason:
            found[f] = total[items, f].sum() ** 2 * phi[f, f] / whole
        reasons.append(reason)
    return Shares(found, tuple(reasons))


def model_omega_categorical(
    total: Floats,
    phi: Floats,
    correlation: Floats,
    cuts: Floats,
    item_of_threshold: Integers,
    steps: Floats | None = None,
) -> Shares:
    """Omega of the sum of each factor's ordinal items, as people see it.

    Parameters
    ----------
    total : numpy.ndarray of float64, shape (n_items, n_factors)
        As in `model_omega`, for standardized variables behind the items: each row divided by the
        variable's standard deviation.
    phi : numpy.ndarray of float64, shape (n_factors, n_factors)
    correlation : numpy.ndarray of float64, shape (n_items, n_items)
        Polychoric; or implied by the model.
    cuts : numpy.ndarray of float64, shape (n_thresholds,)
        Standardized thresholds, ``(τ - μ) / σ``, those of an item together and in order.
    item_of_threshold : numpy.ndarray of int64, shape (n_thresholds,)
    steps : numpy.ndarray of float64, shape (n_thresholds,), optional
        By how much the item's score grows at each threshold; 1 if not given.

    Notes
    -----
    Green and Yang (2009, doi:10.1007/s11336-008-9099-3, equation 21).
    R: ``semTools::compRelSEM(fit)`` of ordinal items. That leaves intercepts and factor means out
    of the thresholds; where groups have them, its figures differ.

    *Checked against* semTools 0.5-6, 1e-7.
    """
    each = [np.flatnonzero(item_of_threshold == i) for i in range(len(total))]
    up = np.ones(len(cuts)) if steps is None else steps
    found, reasons = np.full(len(phi), np.nan), []
    for f, items in enumerate(_loads(total, phi, correlation).T):
        between = correlation[np.ix_(items, items)]
        reason = _reason(phi[f, f], items, float(between.sum()))
        own = total[items, f] * np.sqrt(max(phi[f, f], 0.0))
        if not reason and np.abs(own).max() > 1.0:
            reason = "heywood"
        if not reason:
            which = [each[i] for i in np.flatnonzero(items)]
            found[f] = categorical(between, own, [cuts[w] for w in which], [up[w] for w in which])
        reasons.append(reason)
    return Shares(found, tuple(reasons))


def average_variance_extracted(loadings: Floats, phi: Floats, covariance: Floats) -> Shares:
    """Share of its items' variances that a factor explains.

    Parameters
    ----------
    loadings : numpy.ndarray of float64, shape (n_items, n_factors)
        Of items on factors directly.
    phi : numpy.ndarray of float64, shape (n_factors, n_factors)
    covariance : numpy.ndarray of float64, shape (n_items, n_items)
        Observed, or implied; only its diagonal counts. With correlations and standardized
        loadings this is the mean of the squared loadings, as for ordinal items.

    Notes
    -----
    ``φ Σ λ² / Σ s²``: Fornell and Larcker (1981, doi:10.2307/3151312), with observed
    variances. R: ``semTools::AVE``, which likewise has none where items load on several factors.
    For ordinal items in the theta form it takes variances as they stand, so that its figure
    depends on the form of the model; standardized loadings give one figure for both.

    *Checked against* semTools 0.5-6, 1e-9.

    Examples
    --------
    >>> loadings = np.array([[0.8], [0.7], [0.6]])
    >>> average_variance_extracted(loadings, np.eye(1), np.eye(3)).values.round(4).tolist()
    [0.4967]
    """
    loads = _loads(loadings, phi, covariance)
    crossed = loads.sum(axis=1) > 1
    found, reasons = np.full(len(phi), np.nan), []
    for f, items in enumerate(loads.T):
        whole = float(np.diag(covariance)[items].sum())
        reason = _reason(phi[f, f], items, whole)
        if not items.any():
            reason = "no-own-items"
        elif not reason and crossed[items].any():
            reason = "cross-loadings"
        if not reason:
            found[f] = (loadings[items, f] ** 2).sum() * phi[f, f] / whole
        reasons.append(reason)
    return Shares(found, tuple(reasons))


def heterotrait_monotrait(
    correlation: Floats,
    members: Sequence[Sequence[int]],
    mean: Literal["geometric", "arithmetic"] = "geometric",
) -> Floats:
    """How closely the items of two factors go together, against how closely those of each do.

    Parameters
    ----------
    correlation : numpy.ndarray of float64, shape (n_items, n_items)
        Observed; polychoric for ordinal items. The sign does not count.
    members : sequence of sequences of int
        Columns of each factor's items.
    mean : {"geometric", "arithmetic"}
        geometric: HTMT2, which fits items whose loadings differ. arithmetic: HTMT as first given.

    Returns
    -------
    numpy.ndarray of float64, shape (n_factors, n_factors)
        1 on the diagonal. NaN for a factor of one item, and where items of a factor are
        uncorrelated or a correlation is missing.

    Notes
    -----
    Henseler, Ringle and Sarstedt (2015, doi:10.1007/s11747-014-0403-8); HTMT2 by Roemer, Schuberth
    and Henseler (2021, doi:10.1108/IMDS-02-2021-0082). An item of both factors is not
    correlated with itself. R: ``semTools::htmt(model, data, htmt2 = TRUE or FALSE)``.

    *Checked against* semTools 0.5-6, 1e-9.

    Examples
    --------
    >>> r = np.array([[1, 0.5, 0.2, 0.2], [0.5, 1, 0.2, 0.2], [0.2, 0.2, 1, 0.4],
    ...               [0.2, 0.2, 0.4, 1]])
    >>> heterotrait_monotrait(r, [[0, 1], [2, 3]])[1, 0].round(4)
    np.float64(0.4472)
    """
    size = np.abs(correlation)
    n_factors = len(members)
    between = np.full((n_factors, n_factors), np.nan)
    for i, one in enumerate(members):
        for j, other in enumerate(members):
            rows, columns = np.meshgrid(one, other, indexing="ij")
            among = size[rows, columns][rows != columns]
            if len(among):
                with np.errstate(divide="ignore"):
                    geometric = np.exp(np.log(among).mean())
                between[i, j] = geometric if mean == "geometric" else among.mean()
    within = np.diag(between)
    scale = np.sqrt(np.outer(within, within))
    return np.where(scale > 0.0, between / np.where(scale > 0.0, scale, 1.0), np.nan)


def _loads(total: Floats, phi: Floats, covariance: Floats) -> Bools:
    """Which items load on which factors; what rounding left does not count."""
    spread = np.sqrt(np.abs(np.diag(phi)))
    sds = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    factor_unit, item_unit = np.where(spread > 0.0, spread, 1.0), np.where(sds > 0.0, sds, 1.0)
    return np.asarray(np.abs(total) * factor_unit > NO_LOADING * item_unit[:, None])


def _reason(variance: float, items: Bools, whole: float) -> str:
    """Why a factor has no share, or ""."""
    if items.sum() < 2:
        return "one-item"
    if not variance > 0.0:
        return "improper-factor"
    return "" if whole > 0.0 else "no-variance"
