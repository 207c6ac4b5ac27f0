"""How well factors reproduce a correlation matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from digilitt.numerics.rmsea import rmsea_interval
from digilitt.numerics.uniqueness import degrees_of_freedom

Floats = NDArray[np.float64]

NAN = float("nan")
# Smallest eigenvalue of a matrix that is still inverted.
SINGULAR = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorFit:
    """Fit of exploratory factors; what cannot be computed is NaN.

    Attributes
    ----------
    chi2, df, p_value : float, int, float
        Bartlett's corrected statistic.
    rmsea, rmsea_low, rmsea_high : float
        With its interval.
    tli, bic : float
        BIC is ``chi2 - df log(n)``: smaller than that of another number of factors is better.
    rmsr : float
        Root mean square of the off-diagonal residuals.
    objective, objective_null : float
        Maximum-likelihood discrepancy of the model, and of items that do not correlate.
    chi2_null, df_null : float, int
    """

    chi2: float
    df: int
    p_value: float
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    tli: float
    bic: float
    rmsr: float
    objective: float
    objective_null: float
    chi2_null: float
    df_null: int


def residual_correlations(r: Floats, loadings: Floats, phi: Floats) -> Floats:
    """``r - L phi L'``; on the diagonal what the factors leave of each item."""
    return np.asarray(r - loadings @ phi @ loadings.T)


def factor_fit(r: Floats, loadings: Floats, n: float, conf_level: float = 0.90) -> FactorFit:
    """Fit of orthogonal (unrotated) loadings; rotation does not change it.

    Parameters
    ----------
    r : numpy.ndarray of float64, shape (n_items, n_items)
        Correlation matrix.
    loadings : numpy.ndarray of float64, shape (n_items, n_factors)
    n : float
        Persons.
    conf_level : float
        Of the interval of RMSEA.

    Notes
    -----
    With p items, m factors and ``F = tr(M^-1 r) - log|M^-1 r| - p``, M the reproduced matrix with
    ones on its diagonal: ``chi2 = F (n - 1 - (2p + 5)/6 - 2m/3)`` (Bartlett 1951); RMSEA =
    ``sqrt(max(chi2/(df n) - 1/(n - 1), 0))`` and its bounds ``sqrt(ncp/(df (n - 1)))``; TLI as
    Tucker and Lewis (1973), equation 23, with the same multiplier. These are the forms of R's
    psych, which uses F for minres too: there chi2 is only nearly that of the best fit.

    Examples
    --------
    >>> one = np.array([[0.8], [0.7], [0.6], [0.5]])
    >>> r = one @ one.T + np.diag(1 - one[:, 0] ** 2)
    >>> found = factor_fit(r, one, 100)
    >>> found.df, round(found.chi2, 6) + 0.0, round(found.rmsr, 6)
    (2, 0.0, 0.0)
    """
    n_items, n_factors = loadings.shape
    df, df_null = degrees_of_freedom(n_items, n_factors), n_items * (n_items - 1) // 2
    model = loadings @ loadings.T
    residuals = (r - model)[np.triu_indices(n_items, 1)]
    np.fill_diagonal(model, 1.0)
    objective, null = _discrepancy(r, model), _discrepancy(r, np.eye(n_items))
    multiplier_null = n - 1 - (2 * n_items + 5) / 6
    multiplier = multiplier_null - 2 * n_factors / 3
    chi2 = objective * multiplier if multiplier > 0 else NAN
    tested = df > 0 and bool(np.isfinite(chi2))
    low, high = rmsea_interval(chi2, df, n - 1, conf_level) if tested else (NAN, NAN)
    tli = NAN
    if tested and null > 0 and 2 * null / (n_items * (n_items - 1)) != 1 / multiplier:
        expected = null / df_null
        tli = (expected - objective / df) / (expected - 1 / multiplier)
    return FactorFit(
        chi2=chi2,
        df=df,
        p_value=float(chdtrc(df, chi2)) if tested else NAN,
        rmsea=float(np.sqrt(max(chi2 / (df * n) - 1 / (n - 1), 0.0))) if tested else NAN,
        rmsea_low=low,
        rmsea_high=high,
        tli=tli,
        bic=chi2 - df * float(np.log(n)) if np.isfinite(chi2) else NAN,
        rmsr=float(np.sqrt((residuals**2).mean())) if len(residuals) else NAN,
        objective=objective,
        objective_null=null,
        chi2_null=null * multiplier_null if multiplier_null > 0 else NAN,
        df_null=df_null,
    )


def _discrepancy(r: Floats, model: Floats) -> float:
    """``tr(M^-1 r) - log|M^-1 r| - p``, 0 or more; NaN unless both are positive definite."""
    if min(np.linalg.eigvalsh(r)[0], np.linalg.eigvalsh(model)[0]) <= SINGULAR:
        return NAN
    trace = float(np.trace(np.linalg.solve(model, r)))
    ratio = float(np.linalg.slogdet(r)[1] - np.linalg.slogdet(model)[1])
    return max(trace - ratio - len(r), 0.0)
