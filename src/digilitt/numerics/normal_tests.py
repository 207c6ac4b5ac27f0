"""Tests and intervals of estimates whose error is normal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wald:
    """Estimates over their errors; NaN where there is no error.

    Attributes
    ----------
    z, p_value, low, high : ndarray of float64, shape (n,)
        The test is two-sided, of an estimate of 0.
    """

    z: Floats
    p_value: Floats
    low: Floats
    high: Floats


def wald(estimate: Floats, std_error: Floats, conf_level: float) -> Wald:
    """Wald tests and intervals.

    Parameters
    ----------
    estimate, std_error : ndarray of float64, shape (n,)
    conf_level : float
        Between 0 and 1.

    Examples
    --------
    >>> found = wald(np.array([1.96]), np.array([1.0]), 0.95)
    >>> found.p_value.round(4).tolist(), found.high.round(3).tolist()
    ([0.05], [3.92])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(std_error > 0.0, estimate / std_error, np.nan)
    reach = ndtri((1.0 + conf_level) / 2.0) * np.where(std_error > 0.0, std_error, np.nan)
    return Wald(z, 2.0 * ndtr(-np.abs(z)), estimate - reach, estimate + reach)
