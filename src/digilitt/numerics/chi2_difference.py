"""Tests of the difference between two nested models.

Everywhere 0 marks the restricted model and 1 the one with fewer restrictions; statistics t are
unscaled, and c are scaling factors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from digilitt.numerics.fit_indices import p_value
from digilitt.numerics.scaled_test import Sandwich

Floats = NDArray[np.float64]
Method = Literal["plain", "satorra-bentler-2001", "satorra-bentler-2010", "satorra-2000"]
Note = Literal["", "no-df", "negative-difference", "factor-not-positive", "not-nested"]
Adjustment = Literal["shifted", "mean", "mean-variance"]

NAN = float("nan")
# A restricted model may fit better by as much as two searches leave: lavaan's bound.
SLACK = float(np.finfo(float).eps ** (1 / 3))
# A diagonal element of R this far below the first says that columns depend on one another.
DEPENDENT = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference test.

    Attributes
    ----------
    chi2, df, p_value : float
    scaling_factor, shift : float
        chi2 is the difference of the unscaled statistics over `scaling_factor`, plus `shift`. NaN
        and 0 where nothing is scaled.
    method : str
    note : str
        ``"no-df"``: the restricted model has no more degrees of freedom than the other; there is
        no test. ``"negative-difference"``: it fits better than the other, so that they are not
        nested, or a search ended early; there is no p-value. ``"factor-not-positive"``: chi2 and
        its p-value are NaN, and `scaling_factor` says what was found; the 2010 method may avoid
        it. ``"not-nested"``: near the estimates the restricted model is not a part of the other
        with as many restrictions as the degrees of freedom say.
    """

    chi2: float
    df: float
    p_value: float
    scaling_factor: float
    shift: float
    method: Method
    note: Note


def plain(t0: float, df0: float, t1: float, df1: float) -> Difference:
    """The difference of two chi2, as maximum likelihood allows.

    Examples
    --------
    >>> found = plain(124.044, 54, 115.851, 48)  # Holzinger and Swineford: metric, configural
    >>> round(found.chi2, 3), found.df, round(found.p_value, 3)
    (8.193, 6, 0.224)
    """
    return _scaled(t0 - t1, df0 - df1, NAN, "plain")


def satorra_bentler_2001(
    t0: float, df0: float, c0: float, t1: float, df1: float, c1: float
) -> Difference:
    """Difference of statistics scaled by c, without further matrices.

    Notes
    -----
    ``(t0 - t1)/c_d``, ``c_d = (df0 c0 - df1 c1)/(df0 - df1)`` (Satorra and Bentler 2001,
    doi:10.1007/BF02296192). c_d may be 0 or below, in small samples or with models far off: then
    there is no test. A c1 of a model without degrees of freedom is not asked for.

    Examples
    --------
    >>> round(satorra_bentler_2001(100.0, 30, 1.2, 80.0, 26, 1.25).scaling_factor, 6)
    0.875
    """
    c_d = (df0 * c0 - (df1 * c1 if df1 else 0.0)) / (df0 - df1) if df0 > df1 else NAN
    return _scaled(t0 - t1, df0 - df1, c_d, "satorra-bentler-2001")


def satorra_bentler_2010(
    t0: float, df0: float, c0: float, t1: float, df1: float, c10: float
) -> Difference:
    """As the 2001 method, with a factor that is above 0.

    Parameters
    ----------
    t0, df0, c0 : float
        Of the restricted model.
    t1, df1 : float
        Of the other.
    c10 : float
        Scaling factor of the other model's structure at the *restricted* model's estimates, without
        a further step of the search.

    Notes
    -----
    Satorra and Bentler (2010, doi:10.1007/s11336-009-9135-y).
    """
    c_d = (df0 * c0 - (df1 * c10 if df1 else 0.0)) / (df0 - df1) if df0 > df1 else NAN
    return _scaled(t0 - t1, df0 - df1, c_d, "satorra-bentler-2010")


def satorra_2000(
    t0: float,
    df0: float,
    t1: float,
    df1: float,
    *,
    jacobians0: Sequence[Floats],
    jacobians1: Sequence[Floats],
    parts1: Sandwich,
    adjustment: Adjustment = "shifted",
) -> Difference:
    """Difference of statistics by the distribution of what the restrictions cost.

    Parameters
    ----------
    t0, df0, t1, df1 : float
    jacobians0, jacobians1 : sequence of numpy.ndarray, shapes (s_g, q0) and (s_g, q1)
        Of each group, of the implied statistics in each model's own free parameters, at its own
        estimates.
    parts1 : Sandwich
        Of the model with fewer restrictions: ``sandwich(jacobians1, weights, gammas, fractions)``;
        for robust maximum likelihood with the observed information.
    adjustment : {"shifted", "mean", "mean-variance"}
        What is made equal to that of the chi2 distribution: mean and variance by scale and shift
        (WLSMV), the mean alone (MLR), or mean and variance by scale and df.

    Notes
    -----
    Satorra (2000, doi:10.1007/978-1-4615-4603-0_17). Restrictions A by the delta method: with
    ``H = Δ1⁺Δ0``, the rows of A span what is orthogonal to H's columns. With E the bread and M the
    meat of the model with fewer restrictions, UΓ of the difference has the traces of ``C M``, where
    ``C = EA'(AEA')⁻¹AE``: q1 × q1 matrices, and weights and Γ are not gone through again.

    *Checked against* R's lavaan: ``lavTestLRT(method = "satorra.2000", A.method = "delta")``.
    """
    df = df0 - df1
    if not df > 0:
        return _scaled(t0 - t1, df, NAN, "satorra-2000")
    restrictions = _restrictions(np.vstack(list(jacobians0)), np.vstack(list(jacobians1)))
    reached = restrictions @ parts1.bread
    middle = np.linalg.pinv(reached @ restrictions.T, hermitian=True)
    product = middle @ (reached @ parts1.meat @ reached.T)
    trace, squared = float(np.trace(product)), float((product * product.T).sum())
    nested = len(restrictions) == df
    if adjustment == "mean":
        return _scaled(t0 - t1, df, trace / df, "satorra-2000", nested=nested)
    if not squared > 0:
        return _scaled(t0 - t1, df, 0.0, "satorra-2000", nested=nested)
    if adjustment == "mean-variance":
        adjusted = trace**2 / squared
        return _scaled(t0 - t1, adjusted, trace / adjusted, "satorra-2000", nested=nested)
    a = float(np.sqrt(df / squared))
    return _scaled(t0 - t1, df, 1 / a, "satorra-2000", shift=df - a * trace, nested=nested)


def _restrictions(delta0: Floats, delta1: Floats) -> Floats:
    """Rows: an orthonormal basis of the complement of ``Δ1⁺Δ0``'s columns."""
    within = np.linalg.lstsq(delta1, delta0, rcond=None)[0]
    basis, triangle, _ = qr(within, pivoting=True)
    size = np.abs(np.diag(triangle))
    rank = int((size > DEPENDENT * size.max(initial=0.0)).sum())
    return np.asarray(basis[:, rank:].T)


def _scaled(
    difference: float,
    df: float,
    factor: float,
    method: Method,
    *,
    shift: float = 0.0,
    nested: bool = True,
) -> Difference:
    """The test, or why there is none."""
    note: Note = ""
    chi2 = difference if method == "plain" else difference / factor + shift if factor > 0 else NAN
    if not df > 0:
        chi2, note = NAN, "no-df"
    elif method != "plain" and not factor > 0:
        note = "factor-not-positive"
    elif difference < -SLACK:
        note = "negative-difference"
    elif not nested:
        note = "not-nested"
    return Difference(
        chi2=chi2,
        df=df,
        p_value=NAN if note == "negative-difference" else p_value(chi2, df),
        scaling_factor=factor,
        shift=shift,
        method=method,
        note=note,
    )
