"""Comparing a fitted factor model with lavaan's: parameters by name, indices of fit by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from digilitt.evidence.cfa_solution import CfaSolution
from digilitt.evidence.models.statistics import Ordinal
from tests.reference.cases import Case, matrix

CHI2 = {"chisq": "chi2", "chisq.scaled": "chi2_scaled", "baseline.chisq": "chi2_baseline",
        "logl": "loglik", "aic": "aic", "bic": "bic"}  # fmt: skip
COUNT = {"npar": "n_parameters", "df": "df", "df.scaled": "df_scaled",
         "baseline.df": "df_baseline"}  # fmt: skip
PARTS = {"rmsea.ci.lower": "rmsea_low", "rmsea.ci.upper": "rmsea_high",
         "rmsea.pvalue": "rmsea_p_close", "pvalue": "p_value"}  # fmt: skip
INDEX = (
    {"cfi": "cfi", "tli": "tli", "rmsea": "rmsea", "srmr": "srmr", **PARTS}
    | {f"{name}.{end}": f"{ours}_{end}" for end in ("scaled", "robust")
       for name, ours in {"cfi": "cfi", "tli": "tli", "rmsea": "rmsea", **PARTS}.items()}
    | {"chisq.scaling.factor": "scaling_factor", "shift": "shift"}
)  # fmt: skip
KEY = ["lhs", "op", "rhs", "group"]
# R writes an error of 0 for what is fixed, sometimes with the last bits of a root.
NO_ERROR = 1e-6


def keyed(table: pd.DataFrame) -> pd.DataFrame:
    """A table with one row per parameter, its key in front; covariances in one order."""
    table = table.reset_index(drop=True)
    both = (table["op"] == "~~") & (table["lhs"] > table["rhs"])
    table.loc[both, ["lhs", "rhs"]] = table.loc[both, ["rhs", "lhs"]].to_numpy()
    table = table.set_index(KEY)
    assert table.index.is_unique
    return table


def parameters(told: Any) -> pd.DataFrame:
    """A table of parameters that R wrote, by rows or by columns."""
    table = pd.DataFrame(told)
    if "group" not in table:
        table["group"] = ""
    table["rhs"] = table["rhs"].fillna("")
    return keyed(table)


def as_lavaan(solution: CfaSolution) -> pd.Series:
    """Fit, with robust CFI and TLI of items in categories in several groups as lavaan has them.

    lavaan 0.6-14 divides the trace of each group's covariances by the group's share of persons.
    """
    fitted, fit = solution.fitted, solution.fit.copy()
    if not isinstance(fitted.statistics, Ordinal) or fit["n_groups"] == 1:
        return fit
    groups, own = fitted.statistics.groups, fitted.chi2
    traces = [np.trace(group.gamma[group.n_cuts :, group.n_cuts :]) for group in groups]
    total = sum(t * fit["n"] / group.n for t, group in zip(traces, groups, strict=True))
    apart = own.robust_chi2 - own.robust_factor * own.df
    baseline = fitted.baseline.robust_chi2 - total
    fit["cfi_robust"] = 1.0 - apart / baseline
    fit["tli_robust"] = 1.0 - (apart / own.df) / (baseline / fitted.baseline.df)
    return fit


def check_fit(
    case: Case, solution: CfaSolution, told: dict[str, Any], chi2: str, index: str
) -> None:
    """All that lavaan says of fit, but what it does not give."""
    found = as_lavaan(solution)
    assert found["n_parameters"] == told["npar"]
    wrong = []
    for name, expected in told.items():
        if expected is None or name in ("diff", "means"):
            continue
        if name in COUNT:
            assert found[COUNT[name]] == expected, f"{name}: {found[COUNT[name]]}, {expected}"
            continue
        ours = CHI2.get(name) or INDEX[name]
        try:
            case.check(chi2 if name in CHI2 else index, found[ours], expected, ours)
        except AssertionError as error:
            wrong.append(str(error))
    assert not wrong, "\n".join(wrong)


def check_table(case: Case, found: pd.DataFrame, told: Any, estimate: str, std_error: str) -> None:
    """Every parameter, free or fixed, with its error; no free one is lacking in either."""
    theirs, ours = parameters(told), keyed(found)
    free = ours.index[ours["free"].to_numpy(dtype=bool)]
    assert not free.difference(theirs.index).tolist()
    # A mean or intercept of 0 that nothing depends on may stand in one table alone.
    lacking = theirs.index.difference(ours.index)
    assert set(lacking.get_level_values("op")) <= {"~1"}
    assert (theirs.loc[lacking, ["est", "se"]] == 0).all(axis=None)
    theirs = theirs.drop(index=lacking)
    ours = ours.loc[theirs.index]
    _compare(case, estimate, ours["estimate"], theirs["est"])
    _compare_errors(case, std_error, ours["std_error"], theirs["se"])


def check_standardized(
    case: Case, found: pd.DataFrame, told: Any, estimate: str, std_error: str
) -> None:
    """Every standardized parameter, with its error."""
    theirs, ours = parameters(told), keyed(found)
    # R calls 0 what has no variance to be divided by.
    theirs = theirs[theirs.index.isin(ours.index) | (theirs["est.std"] != 0)]
    ours = ours.loc[theirs.index]
    _compare(case, estimate, ours["standardized"], theirs["est.std"])
    _compare_errors(case, std_error, ours["standardized_std_error"], theirs["se"])


def check_modification(case: Case, found: pd.DataFrame, told: Any, index: str, change: str) -> None:
    """Modification indices, and the changes of parameters that are expected."""
    theirs, ours = parameters(told), keyed(found)
    ours = ours.loc[theirs.index]
    _compare(case, index, ours["mi"], theirs["mi"])
    _compare(case, change, ours["epc"], theirs["epc"])
    _compare(case, change, ours["epc_standardized"], theirs["sepc.all"])


def check_matrix(case: Case, tolerance: str, found: pd.DataFrame, told: Any) -> None:
    """A matrix by the names of its rows and columns."""
    theirs = matrix(told)
    case.check(tolerance, found.loc[theirs.index, theirs.columns], theirs)


def check_difference(
    case: Case, found: tuple[float, float, float], told: dict[str, Any], chi2: str, p_value: str
) -> None:
    """The difference of two models: chi2, degrees of freedom, p value."""
    assert found[1] == told["df"]
    case.check(chi2, found[0], told["chisq"], "difference")
    # R gives a statistic below 0 the probability 1; there is none.
    if told["chisq"] is not None and told["chisq"] >= 0:
        case.check(p_value, found[2], told["p"], "p of the difference")


def _compare(case: Case, tolerance: str, ours: pd.Series, theirs: pd.Series) -> None:
    theirs = theirs.astype(float)
    theirs = theirs[theirs.notna()]
    ours = ours.loc[theirs.index].astype(float)
    assert len(theirs)
    try:
        case.check(tolerance, ours, theirs)
    except AssertionError as error:
        table = pd.DataFrame({"ours": ours, "theirs": theirs})
        worst = (ours - theirs).abs().sort_values(ascending=False, na_position="first").index[:12]
        raise AssertionError(f"{error}\n{table.loc[worst]}") from error


def _compare_errors(case: Case, tolerance: str, ours: pd.Series, theirs: pd.Series) -> None:
    fixed = np.asarray(theirs.fillna(0.0) < NO_ERROR)
    assert (ours[fixed].fillna(0.0).abs() < 1e-5).all(), ours[fixed]
    if not fixed.all():
        _compare(case, tolerance, ours[~fixed], theirs[~fixed])
