"""Root mean square error of approximation, with Steiger's interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtr, chndtr, ndtr, ndtri

NAN = float("nan")
# Of the noncentral distribution that scipy still inverts.
LARGEST_CHI2 = 1e9
# Below this, where old versions of scipy give NaN, the distribution has reached 0.
SMALLEST_CHI2 = 1e-200


def noncentrality_bounds(chi2: float, df: float, conf_level: float) -> tuple[float, float]:
    """Noncentralities under which chi2 is the upper, and the lower, limit of what is usual.

    Parameters
    ----------
    chi2 : float
    df : float
        Above 0; need not be whole.
    conf_level : float
        Of both bounds together, between 0 and 1.

    Returns
    -------
    tuple of float
        0 where even the central distribution makes chi2 too small; NaN where nothing is found.

    Notes
    -----
    Steiger (1990, doi:10.1207/s15327906mbr2502_4): the lower bound λ solves
    ``P(χ²(df, λ) ≤ chi2) = (1 + conf_level)/2`` and the upper one ``(1 - conf_level)/2``.

    *Checked against* R's ``pchisq(ncp=)``.

    Examples
    --------
    >>> low, high = noncentrality_bounds(85.306, 24, 0.90)
    >>> round(low, 3), round(high, 3)
    (36.847, 93.354)
    """
    if not (np.isfinite(chi2) and np.isfinite(df) and df > 0):
        return NAN, NAN
    tail = (1.0 - conf_level) / 2.0
    if chi2 > LARGEST_CHI2:
        # The distribution is normal by now, to nine digits of the bounds, and chndtr gives up.
        z, apart = float(ndtri(1.0 - tail)), chi2 - df
        reach = z * float(np.sqrt(4.0 * (apart + z**2) + 2.0 * df))
        return max(apart + 2.0 * z**2 - reach, 0.0), apart + 2.0 * z**2 + reach
    central = float(chdtr(df, max(chi2, 0.0)))

    def bound(share: float) -> float:
        if central <= share:
            return 0.0
        excess: Callable[[float], float] = lambda ncp: float(chndtr(chi2, df, ncp)) - share  # noqa: E731
        most = chi2 + 40.0 * float(np.sqrt(chi2 + 1.0)) + 100.0
        if not (np.isfinite(excess(most)) and excess(most) < 0):
            return NAN
        return float(brentq(excess, 0.0, most, xtol=1e-12))

    return bound(1.0 - tail), bound(tail)


def rmsea(chi2: float, df: float, per_df: float, factor: float = 1.0) -> float:
    """``sqrt((chi2 - factor df)/(df per_df))``, 0 if chi2 is smaller than expected or df is 0.

    Parameters
    ----------
    chi2, df : float
    per_df : float
        The number of persons, or that less the number of groups, over the number of groups.
    factor : float
        What chi2 is multiplied by in expectation.
    """
    if df == 0:
        return 0.0
    excess = (chi2 - factor * df) / (df * per_df)
    return float(np.sqrt(max(excess, 0.0))) if np.isfinite(excess) else NAN


def rmsea_interval(
    chi2: float, df: float, per_df: float, conf_level: float, factor: float = 1.0
) -> tuple[float, float]:
    """Bounds of RMSEA; with a factor ``sqrt(factor)`` times those of ``chi2/factor``."""
    if df == 0:
        return 0.0, 0.0
    if not (factor > 0 and per_df > 0):
        return NAN, NAN
    low, high = noncentrality_bounds(chi2 / factor, df, conf_level)
    scale = factor / (df * per_df)
    return float(np.sqrt(low * scale)), float(np.sqrt(high * scale))


def close_fit(chi2: float, df: float, per_df: float, close: float) -> float:
    """p-value of the hypothesis that RMSEA is `close` or less; NaN if df is 0.

    Browne and Cudeck (1992, doi:10.1177/0049124192021002005).
    """
    if df == 0 or not (np.isfinite(chi2) and per_df > 0):
        return NAN
    noncentrality = df * per_df * close**2
    if chi2 > LARGEST_CHI2:
        spread = float(np.sqrt(2.0 * (df + 2.0 * noncentrality)))
        return float(ndtr((df + noncentrality - chi2) / spread))
    if chi2 < SMALLEST_CHI2:
        return 1.0
    return max(1.0 - float(chndtr(chi2, df, noncentrality)), 0.0)
