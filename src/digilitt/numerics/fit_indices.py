"""Indices of fit from a model's chi2 and that of items that do not correlate.

Three versions stand side by side: of the statistic as it is, of the scaled statistic, and robust
ones, which estimate what the index would be if the statistic needed no scaling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import chdtrc

from digilitt.numerics.rmsea import close_fit, rmsea, rmsea_interval

Kind = Literal["none", "mean", "shifted"]

NAN = float("nan")
# A noncentrality below this is none.
NONE_LEFT = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class ChiSquare:
    """A test statistic of fit, with what is known of its distribution.

    Attributes
    ----------
    chi2 : float
        As the discrepancy gives it.
    df : float
    scaling_factor, shift : float
    kind : {"none", "mean", "shifted"}
        The scaled statistic is ``chi2/scaling_factor`` ("mean": Satorra–Bentler, Yuan–Bentler),
        or that plus `shift` ("shifted": mean and variance as those of the chi2 distribution).
    robust_chi2, robust_factor : float
        Statistic of the robust indices, and its mean divided by `df` if the model holds. For
        complete continuous items chi2 and its scaling factor, for items in categories those of
        `catml`, with missing answers those of Zhang and Savalei.
    """

    chi2: float
    df: float
    scaling_factor: float = NAN
    shift: float = 0.0
    kind: Kind = "none"
    robust_chi2: float = NAN
    robust_factor: float = NAN

    @property
    def scaled(self) -> float:
        """The scaled statistic: chi2 itself if df is 0, NaN if the factor is not above 0."""
        if self.kind == "none":
            return NAN
        if self.df == 0:
            return self.chi2
        if not self.scaling_factor > 0:
            return NAN
        return self.chi2 / self.scaling_factor + (self.shift if self.kind == "shifted" else 0.0)


def p_value(chi2: float, df: float) -> float:
    """Upper tail of the chi2 distribution; NaN unless df is above 0."""
    return float(chdtrc(df, max(chi2, 0.0))) if df > 0 and np.isfinite(chi2) else NAN


def cfi(model: ChiSquare, baseline: ChiSquare) -> float:
    """Comparative fit index (Bentler, 1990, doi:10.1037/0033-2909.107.2.238) of unscaled chi2."""
    return _cfi(model.chi2, model.df, baseline.chi2, baseline.df)


def tli(model: ChiSquare, baseline: ChiSquare) -> float:
    """Tucker–Lewis index (1973, doi:10.1007/BF02291170) of unscaled chi2, not cut off at 1."""
    return _tli(model.chi2, model.df, baseline.chi2, baseline.df)


def fit_indices(
    model: ChiSquare,
    baseline: ChiSquare,
    *,
    n: float,
    n_groups: int,
    divisor: float,
    conf_level: float = 0.90,
    close: float = 0.05,
    p_values: bool = True,
) -> dict[str, float]:
    """Every index of fit that follows from two test statistics.

    Parameters
    ----------
    model, baseline : ChiSquare
        The model, and items that do not correlate.
    n : float
        Persons.
    n_groups : int
    divisor : float
        What a discrepancy per person was multiplied by, as RMSEA takes it: `n` for maximum
        likelihood, ``n - n_groups`` for weighted least squares.
    conf_level : float
        Of the intervals of RMSEA.
    close : float
        RMSEA of the close-fit test.
    p_values : bool
        False where nobody knows the distribution of the unscaled statistic (unweighted least
        squares): its p-value and its close-fit test are NaN.

    Returns
    -------
    dict
        `chi2`, `df`, `p_value`, `cfi`, `tli`, `rmsea`, `rmsea_low`, `rmsea_high`, `rmsea_p_close`,
        `chi2_baseline`, `df_baseline`; with `_scaled` at the end `chi2`, `df`, `p_value`, `cfi`,
        `tli`, `rmsea`, `rmsea_low`, `rmsea_high`; with `_robust` `cfi`, `tli`, `rmsea`,
        `rmsea_low`, `rmsea_high`; `scaling_factor`, `shift`, `n`, `n_groups`. NaN is what there is
        not.

    Notes
    -----
    With statistic T, baseline T_b, M the divisor and G groups: CFI = ``1 - max(T - df, 0) /
    max(T - df, T_b - df_b, 0)``, TLI = ``1 - ((T - df)/df) / ((T_b - df_b)/df_b)``, RMSEA =
    ``sqrt(G max(T - df, 0)/(df M))`` (Steiger 1998, doi:10.1080/10705519809540115, for √G).

    *Scaled* indices take the scaled statistics. Of the kind "mean" RMSEA alone keeps T, against the
    distribution with c·df degrees of freedom, c the scaling factor: so do R's lavaan and Mplus.

    *Robust* indices take X, c of both models: X - c·df in place of T - df; bounds of RMSEA are
    ``sqrt(c)`` times those of X/c (Brosseau-Liard, Savalei and Li 2012,
    doi:10.1080/00273171.2012.715252; Brosseau-Liard and Savalei 2014,
    doi:10.1080/00273171.2014.933697; Savalei 2021, doi:10.1080/00273171.2020.1717922).

    A model without degrees of freedom has CFI and TLI 1 and RMSEA 0, and no p-values. A chi2 below
    its df has CFI 1 and RMSEA 0, but TLI above 1. If the items hardly correlate, so that T_b is
    below df_b, TLI says nothing: it falls as the model gets better.

    *Checked against* R's lavaan: ``fitMeasures`` of ten models, and its functions on a hundred
    made-up statistics. Where c·df is below 1 lavaan calls both scaled bounds 0; here they are
    solved for.

    Examples
    --------
    >>> model = ChiSquare(chi2=85.306, df=24)
    >>> found = fit_indices(model, ChiSquare(chi2=918.852, df=36), n=301, n_groups=1, divisor=301)
    >>> [round(found[name], 3) for name in ("cfi", "tli", "rmsea", "rmsea_low", "rmsea_high")]
    [0.931, 0.896, 0.092, 0.071, 0.114]
    """
    per_df = divisor / n_groups if divisor > 0 else NAN
    found = {
        "chi2": model.chi2,
        "df": float(model.df),
        "p_value": p_value(model.chi2, model.df) if p_values else NAN,
        "cfi": cfi(model, baseline),
        "tli": tli(model, baseline),
        **_rmsea("", model.chi2, model.df, per_df, conf_level),
        "rmsea_p_close": close_fit(model.chi2, model.df, per_df, close) if p_values else NAN,
        "chi2_baseline": baseline.chi2,
        "df_baseline": float(baseline.df),
    }
    found |= _scaled(model, baseline, per_df, conf_level)
    found |= _robust(model, baseline, per_df, conf_level)
    return found | {"n": float(n), "n_groups": float(n_groups)}


def _scaled(
    model: ChiSquare, baseline: ChiSquare, per_df: float, conf_level: float
) -> dict[str, float]:
    """Indices of the scaled statistics."""
    chi2, df, scaled = model.scaled, model.df, model.kind != "none"
    if model.kind == "mean" and df > 0:
        used = (model.chi2, df * model.scaling_factor) if model.scaling_factor > 0 else (NAN, NAN)
    else:
        used = (chi2, df)
    return {
        "chi2_scaled": chi2,
        "df_scaled": float(df) if scaled else NAN,
        "p_value_scaled": p_value(chi2, df),
        "cfi_scaled": _cfi(chi2, df, baseline.scaled, baseline.df),
        "tli_scaled": _tli(chi2, df, baseline.scaled, baseline.df),
        **(_rmsea("_scaled", *used, per_df, conf_level) if scaled else _no_rmsea("_scaled")),
        "scaling_factor": model.scaling_factor if scaled else NAN,
        "shift": model.shift if model.kind == "shifted" else NAN,
    }


def _robust(
    model: ChiSquare, baseline: ChiSquare, per_df: float, conf_level: float
) -> dict[str, float]:
    """Indices of X - c·df."""
    # Without degrees of freedom there is no factor, and none is needed.
    x, df, c = model.robust_chi2, model.df, model.robust_factor if model.df else 1.0
    against = (baseline.robust_chi2, baseline.df, baseline.robust_factor)
    known = bool(np.isfinite(x) and np.isfinite(c))
    return {
        "cfi_robust": _cfi(x, df, *against[:2], c, against[2]),
        "tli_robust": _tli(x, df, *against[:2], c, against[2]),
        **(_rmsea("_robust", x, df, per_df, conf_level, c) if known else _no_rmsea("_robust")),
    }


def _cfi(x: float, df: float, x_b: float, df_b: float, c: float = 1.0, c_b: float = 1.0) -> float:
    own, other = x - c * df, x_b - c_b * df_b
    if not (np.isfinite(own) and np.isfinite(other)):
        return NAN
    return 1.0 if own < NONE_LEFT else 1.0 - own / max(own, other)


def _tli(x: float, df: float, x_b: float, df_b: float, c: float = 1.0, c_b: float = 1.0) -> float:
    own, other = (x - c * df) * df_b, (x_b - c_b * df_b) * df
    if not (np.isfinite(own) and np.isfinite(other)):
        return NAN
    return 1.0 if other == 0 else 1.0 - own / other


def _rmsea(
    end: str, x: float, df: float, per_df: float, conf_level: float, c: float = 1.0
) -> dict[str, float]:
    low, high = rmsea_interval(x, df, per_df, conf_level, c)
    names = f"rmsea{end}", f"rmsea_low{end}", f"rmsea_high{end}"
    return dict(zip(names, (rmsea(x, df, per_df, c), low, high), strict=True))


def _no_rmsea(end: str) -> dict[str, float]:
    return dict.fromkeys((f"rmsea{end}", f"rmsea_low{end}", f"rmsea_high{end}"), NAN)


def aic(loglik: float, n_parameters: float) -> float:
    """Akaike's criterion: ``2 n_parameters - 2 loglik``."""
    return 2.0 * n_parameters - 2.0 * loglik


def bic(loglik: float, n_parameters: float, n: float) -> float:
    """Bayesian criterion (Schwarz 1978): ``n_parameters log(n) - 2 loglik``, n all persons."""
    return n_parameters * float(np.log(n)) - 2.0 * loglik


def bartlett_factor(n: float, n_items: int, n_factors: int) -> float:
    """What maximum-likelihood chi2 is multiplied by in a small sample, after Bartlett.

    Parameters
    ----------
    n : float
        What the discrepancy was multiplied by to make chi2: persons less 1 in Bartlett's own form.
        A chi2 that is *persons* times the discrepancy is first to be multiplied by ``n/(n + 1)``.
    n_items, n_factors : int

    Notes
    -----
    ``1 - (2p + 4m + 5)/(6n)`` (Bartlett 1950, doi:10.1111/j.2044-8317.1950.tb00285.x), derived for
    exploratory factors; Nevitt and Hancock (2004, doi:10.1207/S15327906MBR3903_3) found that it
    serves other models of one group too. It may be below 0 if persons are few. semTools'
    ``chisqSmallN`` takes all persons for n.

    Examples
    --------
    >>> round(bartlett_factor(99, 9, 3), 6)  # 1 - 35/594
    0.941077
    """
    return 1.0 - (2 * n_items + 4 * n_factors + 5) / (6.0 * n)


def swain_factor(n: float, n_items: int, df: float) -> float:
    """What maximum-likelihood chi2 is multiplied by in a small sample, after Swain.

    Parameters
    ----------
    n : float
        As in `bartlett_factor`.
    n_items : int
    df : float
        Of a model of covariances alone, in one group; NaN is returned if it is 0.

    Notes
    -----
    ``1 - (p(2p² + 3p - 1) - q(2q² + 3q - 1))/(12 df n)`` with ``q = (sqrt(1 + 4p(p + 1) - 8 df) -
    1)/2``: Swain (1975), as in Herzog, Boomsma and Reinecke (2007,
    doi:10.1080/10705510701301602), who found it best among four when items are many. semTools'
    ``chisqSmallN`` takes all persons for n, and counts intercepts among the parameters.

    Examples
    --------
    >>> round(swain_factor(99, 9, 24), 6)  # q = 6: 1 - 1158/28512
    0.959386
    """
    if not df > 0:
        return NAN
    p, root = n_items, 1.0 + 4 * n_items * (n_items + 1) - 8 * df
    q = (float(np.sqrt(max(root, 1.0))) - 1.0) / 2.0
    cubic = p * (2 * p**2 + 3 * p - 1) - q * (2 * q**2 + 3 * q - 1)
    return 1.0 - cubic / (12.0 * df * n)
