"""What a test of measurement invariance found."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pandas as pd

from digilitt.errors import Problem, ResponseError
from digilitt.evidence.cfa import Options, solution
from digilitt.evidence.cfa_solution import CfaSolution
from digilitt.evidence.models.fit import Fitted
from digilitt.result import Result, shown_p


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Invariance(Result):
    """A ladder of factor models, each with more that is equal; made by `invariance`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per step: model ("configural", "thresholds", "metric", "scalar", "strict", "means",
        "variances"), equal (what is equal in all groups, or at all occasions), n_parameters, the
        figures of fit that `CfaSolution.fit` has (chi2 … bic, with _scaled and _robust), then
        compared_with (the step it is tested against; empty where there is no test), chi2_diff,
        df_diff, p_diff, difference_test (the method), cfi_diff, rmsea_diff and srmr_diff (this
        step less the one it is compared with, or the one before, also with _scaled and _robust),
        and note.
    groups : pandas.DataFrame
        group, n: persons of each group, in order; the first is the reference.
    steps : dict of str to Fitted
        The models, for what is computed from them; a step that could not be estimated is not here.
    options : Options
    """

    groups: pd.DataFrame
    steps: dict[str, Fitted] = field(repr=False)
    options: Options = field(repr=False)

    def _heading(self) -> str:
        told = dict(self.provenance.options)
        names = ", ".join(f"{g} {n}" for g, n in zip(*self.groups.to_numpy().T, strict=True))
        return f"{Result._heading(self)} · {told['estimator']} · {names}"

    def _shown(self) -> pd.DataFrame:
        """Fit in one version, and the comparisons; the rest is in the table."""
        table = self.table
        scaled = "_scaled" if table["chi2_scaled"].notna().any() else ""
        columns = [
            f"chi2{scaled}",
            "df",
            f"p_value{scaled}",
            f"cfi{scaled}",
            f"rmsea{scaled}",
            "srmr",
        ]
        changes = ["chi2_diff", "df_diff", "p_diff", f"cfi_diff{scaled}", f"rmsea_diff{scaled}"]
        shown = table[["model", *columns, "compared_with", *changes, "allows"]].copy()
        numbers = shown.select_dtypes("number").columns
        shown[numbers] = shown[numbers].round(3)
        for name in (f"p_value{scaled}", "p_diff"):
            shown[name] = shown_p(table[name])
        return shown

    def solution(self, model: str) -> CfaSolution:
        """Parameters and fit of one step.

        Parameters
        ----------
        model : str
            As in the column of the table.
        """
        if model not in self.steps:
            message = f"found {model!r}; expected one of {', '.join(self.steps)}."
            raise ResponseError([Problem(code="wrong-value", column="model", message=message)])
        found, names = solution(self.steps[model], self.options), list(self.steps)
        # What is told of this step, of one before it, or of small groups goes with it.
        so_far = names[: names.index(model) + 1]
        told = [c for c in self.caveats if c.where in so_far or c.code == "small-groups"]
        return replace(found, caveats=(*told, *found.caveats))

    def means(self, model: str = "scalar") -> pd.DataFrame:
        """Means of the factors where they are free: against a reference with mean 0, variance 1.

        Parameters
        ----------
        model : str
            A step in which means may differ: "scalar", "strict" or "variances".

        Returns
        -------
        pandas.DataFrame
            factor, group (empty for occasions, whose factors have names of their own), estimate,
            std_error, conf_low, conf_high, p_value (of no difference from the reference). Of a
            partially invariant model if `partial` was given.

        Raises
        ------
        ResponseError
            If there is no such step, or means are fixed in it.
        """
        found = self.solution(model)
        table = found.table
        rows = table[
            (table["op"] == "~1") & table["lhs"].isin(found.fitted.table.factors) & table["free"]
        ]
        if rows.empty:
            message = (
                f"in the step {model!r} means of factors are fixed at 0, since nothing makes them "
                "comparable; use 'scalar' or 'strict'."
            )
            raise ResponseError([Problem(code="wrong-value", column="model", message=message)])
        columns = ["group", "estimate", "std_error", "conf_low", "conf_high", "p_value"]
        return rows.rename(columns={"lhs": "factor"})[["factor", *columns]].reset_index(drop=True)
