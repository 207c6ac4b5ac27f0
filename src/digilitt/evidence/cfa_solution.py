"""What a confirmatory factor analysis found."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pandas as pd

from digilitt.evidence.cfa_measurement import htmt_table, reliability_table
from digilitt.evidence.cfa_scores import FactorScores, ScoreMethod, factor_scores
from digilitt.evidence.cfa_tables import (
    factor_correlation_table,
    fit_versions,
    loadings_table,
    modification_table,
    r2_table,
    residual_table,
)
from digilitt.evidence.data import Source
from digilitt.evidence.models.fit import Fitted
from digilitt.evidence.models.lavaan_script import lavaan_script, write_script
from digilitt.result import Result, shown_p


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CfaSolution(Result):
    """A factor model with its estimates; made by `cfa`, or by `Invariance.solution`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per parameter and group: lhs, op, rhs (as in lavaan's syntax), group (empty where
        there is one), label, free, estimate, std_error, z, p_value (of an estimate of 0, two
        sides), conf_low, conf_high, standardized (items and factors have a variance of 1) and
        standardized_std_error. Errors of what is fixed are NaN.
    fit : pandas.Series
        n_parameters, chi2, df, p_value, cfi, tli, rmsea, rmsea_low, rmsea_high (90 per cent),
        rmsea_p_close, srmr, loglik, aic, bic, chi2_baseline, df_baseline; the scaled ones end in
        _scaled, the robust ones in _robust; scaling_factor and shift of the scaled chi2; n,
        n_groups. NaN is what the estimator does not give.
    fitted : Fitted
        The model and its estimates, for what is computed from them.
    """

    fit: pd.Series
    fitted: Fitted = field(repr=False)

    def _heading(self) -> str:
        fit, estimator = self.fit, dict(self.provenance.options)["estimator"]
        scaled = "_scaled" if pd.notna(fit["chi2_scaled"]) else ""
        test = f"{scaled.strip('_')} chi2 {fit[f'chi2{scaled}']:.2f}".strip()
        p = shown_p([fit[f"p_value{scaled}"]])[0]
        # What to report first; the page on the method says why.
        robust = "robust" if pd.notna(fit["cfi_robust"]) else scaled.strip("_")
        end = f"_{robust}" if robust else ""
        indices = [
            f"{name.upper()}{f' ({robust})' if robust else ''} {fit[f'{name}{end}']:.3f}"
            for name in ("cfi", "rmsea")
        ]
        return (
            f"{Result._heading(self)} · {estimator}, n = {fit['n']:.0f}\n"
            f"{test}, df {fit['df']:.0f}, p {p} · {', '.join(indices)}, SRMR {fit['srmr']:.3f}"
        )

    def _shown(self) -> pd.DataFrame:
        """Loadings and what factors have in common; the rest is in the table."""
        factors = self.fitted.table.factors
        table = self.table
        among = (table["op"] == "~~") & table["lhs"].isin(factors) & (table["lhs"] != table["rhs"])
        kept = table[(table["op"] == "=~") | among]
        columns = ["lhs", "op", "rhs", "group", "estimate", "std_error", "conf_low", "conf_high"]
        if len(self.fitted.table.groups) == 1:
            columns.remove("group")
        return kept[[*columns, "standardized"]].round(3)

    @property
    def fit_versions(self) -> pd.DataFrame:
        """Indices of fit by version: naive, scaled, robust; rounded to four digits."""
        return fit_versions(self.fit).round(4)

    @property
    def loadings(self) -> pd.DataFrame:
        """Standardized loadings, items by factors; with groups, the group before the item."""
        return loadings_table(self.fitted)

    @property
    def factor_correlations(self) -> pd.DataFrame:
        """Correlations of the factors; with groups, the group before the factor."""
        return factor_correlation_table(self.fitted)

    @property
    def r2(self) -> pd.DataFrame:
        """group, variable, r2: share of the variance that factors explain."""
        return r2_table(self.fitted)

    @property
    def residuals(self) -> pd.DataFrame:
        """Correlations of items less those the model implies."""
        return residual_table(self.fitted)

    @property
    def modification(self) -> pd.DataFrame:
        """Loadings and covariances that are held at 0, largest fall of chi2 first.

        lhs, op, rhs, group, mi (expected fall of the unscaled chi2, 1 df), epc (expected change
        of the parameter) and epc_standardized.
        """
        return modification_table(self.fitted)

    @property
    def reliability(self) -> pd.DataFrame:
        """Reliability of the sum of each factor's items, and average variance extracted.

        factor, group, omega (continuous items), omega_categorical (items in categories), ave, and
        note: why a coefficient is NaN, and items with negative loadings, which were not turned.
        """
        return reliability_table(self.fitted)

    @property
    def htmt(self) -> pd.DataFrame:
        """Heterotrait-monotrait ratios of correlations: how far two factors are distinct.

        factor, other, group, htmt (arithmetic means), htmt2 (geometric means, which also fit
        loadings that differ): a row for each pair of factors that have items.
        """
        return htmt_table(self.fitted)

    def scores(
        self, items: Source | None = None, *, method: ScoreMethod | None = None
    ) -> FactorScores:
        """Factor scores of persons, with standard errors.

        Parameters
        ----------
        items : Responses or pandas.DataFrame, optional
            The same items (and groups) of other persons; of a data frame as they stand, reversed
            where those of the model were. Left out: of the persons of the model; those whom it
            left out have no scores then, and scores from the answers there are otherwise.
        method : {"regression", "bartlett", "ebm"}, optional
            For continuous items "regression" (the default) or "bartlett"; for items in categories
            "ebm", the mode of what a person's factors may be.

        Returns
        -------
        FactorScores
            ``.table`` with one row per person and factor; ``.wide()`` persons by factors.

        Raises
        ------
        ResponseError
            If an item, or the column of groups, is lacking, or `method` is not for such items.
        """
        return factor_scores(self.fitted, items, method)

    def to_lavaan(
        self, folder: str | os.PathLike[str] | None = None, *, overwrite: bool = False
    ) -> str:
        """The lines of R that repeat the analysis with lavaan.

        Parameters
        ----------
        folder : path, optional
            Where to write them, as ``model.R``, beside the answers they need, ``data.csv``. The
            answers are those of persons, one row each: treat the file like the responses.
        overwrite : bool
            Whether files of these names may be replaced.

        Returns
        -------
        str
            The script. It reads ``data.csv`` from the folder that R works in.

        Raises
        ------
        InterchangeError
            If a file is there already, or cannot be written.
        """
        options = dict(self.provenance.options)
        if folder is None:
            return lavaan_script(self.fitted, options)
        return write_script(self.fitted, options, folder, overwrite=overwrite)
