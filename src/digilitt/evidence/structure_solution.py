"""Factor solutions: loadings and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from digilitt.errors import EstimationError, Problem, ResponseError
from digilitt.evidence.data import Source, item_data
from digilitt.numerics.congruence import align, tucker
from digilitt.numerics.factor_scores import ScoreMethod, score_weights
from digilitt.numerics.factoring import schmid_leiman
from digilitt.result import Result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FactorSolution(Result):
    """Factors of items; made by `efa`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per item and factor: scale, item, factor, statistic ("loading"), estimate,
        std_error, conf_low, conf_high (from the bootstrap; NaN without one) and n.
    loadings : pandas.DataFrame
        Items by factors: pattern loadings. Factors by falling variance, each with loadings that
        sum to 0 or more; after rotation to a target, in its order.
    structure : pandas.DataFrame
        Items by factors: correlations of items with factors.
    phi : pandas.DataFrame
        Correlations of the factors.
    communality, uniqueness : pandas.Series
        Share of each item's variance that the factors explain, and what they leave.
    variance : pandas.DataFrame
        By factor: ss_loadings (its share of the summed communalities, with the correlations of
        the factors), proportion of all items' variance, cumulative, and determinacy (squared
        multiple correlation with the items).
    fit : pandas.Series
        chi2, df, p_value, rmsea, rmsea_low, rmsea_high (90 per cent), tli, bic, rmsr, objective
        (maximum-likelihood discrepancy, for minres too), objective_null, chi2_null, df_null, n.
    residuals : pandas.DataFrame
        Items by items: observed less reproduced correlations; uniquenesses on the diagonal.
    correlation : pandas.DataFrame
        Items by items: what was factored.
    moments : pandas.DataFrame or None
        Mean and standard deviation (n - 1) of each item, by which `scores` standardizes; None
        where a correlation matrix was given.
    n : int
        Persons.
    """

    loadings: pd.DataFrame
    structure: pd.DataFrame
    phi: pd.DataFrame
    communality: pd.Series
    uniqueness: pd.Series
    variance: pd.DataFrame
    fit: pd.Series
    residuals: pd.DataFrame
    correlation: pd.DataFrame
    moments: pd.DataFrame | None
    n: int

    def _heading(self) -> str:
        told = dict(self.provenance.options)
        how = f"{told['method']}, {told['rotation']}, {told['correlation']} correlations"
        return f"{Result._heading(self)} · {how}, {told['missing']} deletion, n = {self.n}"

    def scores(self, items: Source, *, method: ScoreMethod = "regression") -> pd.DataFrame:
        """Factor scores of persons, the same or new ones.

        Parameters
        ----------
        items : Responses or pandas.DataFrame
            With all items of the solution; other columns are passed over.
        method : {"regression", "bartlett", "ten-berge"}
            See `digilitt.numerics.factor_scores.score_weights`.

        Returns
        -------
        pandas.DataFrame
            Persons by factors, where a factor has mean 0 and variance 1 among those it was
            estimated from. NaN for a person who did not answer every item.

        Raises
        ------
        ResponseError
            If an item is lacking, or `method` is unknown.
        EstimationError
            If the solution is from a correlation matrix, or a matrix to be inverted is singular.
        """
        if method not in get_args(ScoreMethod):
            known = ", ".join(map(repr, get_args(ScoreMethod)))
            message = f"found {method!r}; expected {known}."
            raise ResponseError([Problem(code="wrong-value", column="method", message=message)])
        if self.moments is None:
            message = (
                "the solution is from a correlation matrix, so there are no means and standard "
                "deviations to standardize answers by; fit it to answers."
            )
            raise EstimationError([Problem(code="no-factor-scores", message=message)])
        names = [str(name) for name in self.loadings.index]
        answers = self._answers(items, names)
        weights = score_weights(
            self.correlation.to_numpy(), self.loadings.to_numpy(), self.phi.to_numpy(), method
        )
        mean, sd = (self.moments[each].to_numpy() for each in ("mean", "sd"))
        standard = (answers.to_numpy(dtype=np.float64, na_value=np.nan) - mean) / sd
        return pd.DataFrame(standard @ weights, index=answers.index, columns=self.loadings.columns)

    def _answers(self, items: Source, names: list[str]) -> pd.DataFrame:
        if isinstance(items, pd.DataFrame):
            renamed = items.rename(columns=str)
            if lacking := [name for name in names if name not in renamed]:
                raise ResponseError(
                    Problem(code="missing-column", column=name, message="the solution needs it.")
                    for name in lacking
                )
            chosen = renamed[names]
            item_data(chosen.reset_index(drop=True))  # numbers alone, or an error that says which
            return chosen
        data = item_data(items, scale=self.table["scale"].iloc[0] or None)
        return pd.DataFrame(data.values, columns=list(data.items))[names]

    def congruence(self, other: FactorSolution | pd.DataFrame) -> pd.DataFrame:
        """Tucker's congruence of these factors with those of another solution.

        Parameters
        ----------
        other : FactorSolution or pandas.DataFrame
            With loadings of the same items (in any order).

        Returns
        -------
        pandas.DataFrame
            These factors by the others. Where there are as many, the others stand in the order
            that matches best, so that the diagonal is the congruence of matched factors; it is
            negative where one of the two points the other way.

        Raises
        ------
        ResponseError
            If the items are not the same.
        """
        theirs = other.loadings if isinstance(other, FactorSolution) else other
        if not isinstance(theirs, pd.DataFrame) or set(theirs.index) != set(self.loadings.index):
            message = "expected a factor solution, or loadings (items by factors), of these items."
            raise ResponseError([Problem(code="other-items", message=message)])
        found = theirs.loc[self.loadings.index]
        one, two = self.loadings.to_numpy(), found.to_numpy(dtype=np.float64)
        order = align(two, one).order if one.shape == two.shape else np.arange(two.shape[1])
        return pd.DataFrame(
            tucker(one, two[:, order]), index=self.loadings.columns, columns=found.columns[order]
        )

    def schmid_leiman(self) -> pd.DataFrame:
        """Loadings on a general factor and on group factors, all uncorrelated.

        Returns
        -------
        pandas.DataFrame
            Items by "general", then the factors.

        Raises
        ------
        EstimationError
            With one factor, or factors that do not correlate: there is nothing behind them.

        Notes
        -----
        See `digilitt.numerics.factoring.schmid_leiman`. With two factors the general factor is
        not identified, and both are taken to load on it alike.
        """
        phi = self.phi.to_numpy()
        if len(phi) > 1 and np.allclose(phi, np.eye(len(phi))):
            message = "the factors do not correlate; use an oblique rotation, such as 'oblimin'."
            raise EstimationError([Problem(code="one-factor", message=message)])
        found = schmid_leiman(self.loadings.to_numpy(), phi)
        group = pd.DataFrame(
            found.group, index=self.loadings.index, columns=list(self.loadings.columns)
        )
        group.insert(0, "general", found.general)
        return group
